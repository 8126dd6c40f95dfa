/* Shapes and kernels. Activations are [batch, height, width, channels] in single precision with a
 * halo of zeros of the width the next convolution needs (performance.md): a kernel then reads its
 * neighbourhood without asking where the border is. Kernels write the interior only. */
#ifndef SX_TENSOR_TENSOR_H
#define SX_TENSOR_TENSOR_H

#include "core/base/base.h"
#include "core/tensor/activation.h"
#include "core/tensor/norm.h"

/* Geometry of one image of an activation; a dense layer's vector is height = width = 1. */
typedef struct {
    int height, width, channels, halo;
} sx_geometry;

/* Floats of one image, halo included; float offset of the interior's first value; floats from one
 * row to the next. */
size_t sx_geometry_size(sx_geometry geometry);
size_t sx_geometry_start(sx_geometry geometry);
size_t sx_geometry_row(sx_geometry geometry);
/* Floats from one image of a batch to the next: the size, rounded up so that images begin on a
 * cache line, and some floats more, because kernels read whole registers past the last channel. */
size_t sx_geometry_stride(sx_geometry geometry);

/* Sets OpenBLAS to one thread; call once before any kernel. The pool shares the work. */
void sx_tensor_init(void);

/* c [m, n] = alpha * op(a) op(b) + beta * c, row-major, leading dimensions in floats. */
void sx_matmul(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a,
               int lda, const float *b, int ldb, float beta, float *c, int ldc);

/* ---- products: the one inner loop of convolution and dense layers, in all three directions --- */

/* For i < m and j < n:
 *   c[i * c_step + j] = bias[j] + sum over r < rows, k < depth of
 *                       a[i * a_step + r * a_row + k * a_depth] * b[r * b_row + k * b_depth + j]
 * Products are summed in the order of r, then k, so the bits of a value depend neither on m nor on
 * its neighbours. One of a_step and a_depth is 1. n <= sx_block(); rows of `b`, and `bias` (NULL:
 * zeros), can be read for sx_block_width(n) floats. `accumulate` adds to what c holds; `relu` is
 * applied last. */
typedef struct {
    int m, n, rows, depth;
    const float *a;
    ptrdiff_t a_step, a_row, a_depth;
    const float *b;
    ptrdiff_t b_row, b_depth;
    float *c;
    ptrdiff_t c_step;
    const float *bias;
    bool accumulate, relu;
} sx_product;
void sx_product_run(const sx_product *product);

/* The most columns a product takes at once, and the register-filling width for n of them: packed
 * weights are blocks of sx_block() columns, each block's rows sx_block_width(n) floats wide. */
int sx_block(void);
int sx_block_width(int n);

/* ---- flat passes over `count` floats -------------------------------------------------------- */

/* sum [length] += each row of x [rows, length], in their order. */
void sx_flat_add_rows(float *sum, const float *x, size_t rows, size_t length);
/* sum += x;  sum += (x - mean)^2 */
void sx_flat_add(float *sum, const float *x, size_t count);
void sx_flat_squares(float *sum, const float *x, const float *mean, size_t count);
/* y = a + b, then ReLU if asked for. y may be a or b. */
void sx_flat_sum(float *y, const float *a, const float *b, bool relu, size_t count);
/* y = (x - mean) * scale + shift, then ReLU if asked for. */
typedef struct {
    const float *mean, *scale, *shift;
} sx_affine;
void sx_flat_affine(float *y, const float *x, const sx_affine *affine, bool relu, size_t count);
/* y = max(x, 0); y and x may be the same. */
void sx_flat_relu(float *y, const float *x, size_t count);
/* dx = dy where y > 0, else 0; adds to dx if asked for. dx and dy may be the same. */
void sx_flat_relu_backward(float *dx, const float *dy, const float *y, bool accumulate,
                           size_t count);
/* sum += dy;  product += dy * (x - mean) */
void sx_flat_moments(float *sum, float *product, const float *dy, const float *x, const float *mean,
                     size_t count);
/* dx = dy * scale - (x - mean) * slope - offset; adds to dx if asked for. */
typedef struct {
    const float *mean, *scale, *slope, *offset;
} sx_affine_backward;
void sx_flat_affine_backward(float *dx, const float *dy, const float *x,
                             const sx_affine_backward *affine, bool accumulate, size_t count);
/* y += a * b */
void sx_flat_add_product(float *y, const float *a, const float *b, size_t count);
/* y = x * factor;  y += x * factor */
void sx_flat_scale(float *y, const float *x, float factor, size_t count);
void sx_flat_add_scaled(float *y, const float *x, float factor, size_t count);

/* to [columns, rows] = from [rows, columns] transposed; to_row and from_row: floats from one row to
 * the next. The arrays do not overlap. */
void sx_flat_transpose(float *to, size_t to_row, const float *from, size_t from_row, size_t rows,
                       size_t columns);

/* ---- pooling windows ------------------------------------------------------------------------- */

/* One row of output pixels: `windows` of height x width pixels, each beginning `step` floats after
 * the one before; `row` floats from one row of pixels to the next. */
typedef struct {
    int windows, height, width, channels;
    ptrdiff_t step, row;
} sx_windows;
/* y [windows, channels] = the largest value of each window; NaN if there is one. `sign` (NULL: all
 * 1) holds 1 or -1 for each channel; -1 finds the smallest. */
void sx_windows_maximum(const sx_windows *form, const float *x, const float *sign, float *y);
/* dx at each window's first pixel that equals y = dy, and 0 at the others; `accumulate` adds
 * instead (windows that overlap need it). */
typedef struct {
    const float *x, *y, *dy;
    float *dx;
    bool accumulate;
} sx_maximum_backward;
void sx_windows_maximum_backward(const sx_windows *form, const sx_maximum_backward *arrays);

/* In place over each row of x [rows, columns]; stable for any finite input. */
void sx_softmax(float *x, int rows, int columns);

/* Chooses, by a run-time check, the instruction set of our own kernels: "baseline", "avx2" or
 * "avx512"; its name is for `sextant --version` and the journal. */
const char *sx_tensor_isa(void);

/* The kernels that OpenBLAS chose. */
const char *sx_tensor_blas(void);

#include "core/tensor/eigen.h"
#include "core/tensor/winograd.h"

#endif
