/* Symmetric eigenvalues and principal components, in double precision through LAPACK. Part of
 * tensor.h. */
#ifndef SX_TENSOR_EIGEN_H
#define SX_TENSOR_EIGEN_H

#include "core/base/base.h"

/* The `count` largest eigenvalues (count <= n) of the symmetric matrix a [n, n], which is
 * destroyed, the largest first, and their vectors of length 1 as rows [count, n]; the value of a
 * vector that is farthest from 0 (the first of equal ones) is positive. */
sx_status sx_symmetric_eigen(double *a, int n, int count, double *values, double *vectors,
                             sx_error *err);

/* Principal components of rows x [rows, columns] after their mean was taken off: into vectors
 * [count, columns], the first explains most, and the share of the variance that each explains
 * [count]. count is at most min(rows, columns). What explains nothing has zeros. */
sx_status sx_principal_components(const float *x, int rows, int columns, int count, double *vectors,
                                  double *shares, sx_error *err);

#endif
