/* Shapes and kernels. Activations are [batch, height, width, channels] in single precision with a
 * halo of zeros of the width the next convolution needs (performance.md): a kernel then reads its
 * neighbourhood without asking where the border is. Kernels write the interior only. */
#ifndef SX_TENSOR_TENSOR_H
#define SX_TENSOR_TENSOR_H

#include "core/base/base.h"

/* Geometry of one image of an activation; a dense layer's vector is height = width = 1. */
typedef struct {
    int height, width, channels, halo;
} sx_geometry;

/* Floats of one image, halo included; float offset of the interior's first value; floats from one
 * row to the next. */
size_t sx_geometry_size(sx_geometry geometry);
size_t sx_geometry_start(sx_geometry geometry);
size_t sx_geometry_row(sx_geometry geometry);

/* Sets OpenBLAS to one thread; call once before any kernel. The pool shares the work. */
void sx_tensor_init(void);

/* c [m, n] = alpha * op(a) op(b) + beta * c, row-major, leading dimensions in floats. */
void sx_matmul(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a,
               int lda, const float *b, int ldb, float beta, float *c, int ldc);

/* In place over each row of x [rows, columns]; stable for any finite input. */
void sx_softmax(float *x, int rows, int columns);

/* Chooses, by a run-time check, the instruction set of our own kernels: "baseline", "avx2" or
 * "avx512"; its name is for `sextant --version` and the journal. */
const char *sx_tensor_isa(void);

#endif
