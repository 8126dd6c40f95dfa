/* Geometry of activations, the choice of kernels at run time, and what OpenBLAS does for us. Our
 * own kernels carry the layers; OpenBLAS is for odd matrices elsewhere (statistics, metrics). */
#include "core/tensor/tensor.h"

#include "core/tensor/kernels.h"

#include <cblas.h>
#include <stdatomic.h>
#include <string.h>

#define SLACK 32 /* floats after an image that a kernel may read: the widest block */

size_t sx_geometry_row(sx_geometry g) {
    return ((size_t)g.width + 2 * (size_t)g.halo) * (size_t)g.channels;
}

size_t sx_geometry_size(sx_geometry g) {
    return ((size_t)g.height + 2 * (size_t)g.halo) * sx_geometry_row(g);
}

size_t sx_geometry_start(sx_geometry g) {
    return (size_t)g.halo * (sx_geometry_row(g) + (size_t)g.channels);
}

size_t sx_geometry_stride(sx_geometry g) {
    return (sx_geometry_size(g) + 15) / 16 * 16 + SLACK;
}

void sx_tensor_init(void) {
    openblas_set_num_threads(1);
}

const char *sx_tensor_blas(void) {
    return openblas_get_corename();
}

void sx_matmul(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a,
               int lda, const float *b, int ldb, float beta, float *c, int ldc) {
    if (m <= 0 || n <= 0) return;
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c,
                ldc);
}

void sx_softmax(float *x, int rows, int columns) {
    for (int i = 0; i < rows; i++, x += columns) sx_softmax_row(x, x, (size_t)columns);
}

static _Atomic(const sx_kernels *) chosen;

static const sx_kernels *best_kernels(const char *wanted) {
#if defined(__x86_64__)
    bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw");
    if (has_avx512 && (!wanted || strcmp(wanted, "avx512") == 0)) return &sx_kernels_avx512;
    if (has_avx2 && (!wanted || strcmp(wanted, "avx2") == 0)) return &sx_kernels_avx2;
#endif
    return !wanted || strcmp(wanted, "baseline") == 0 ? &sx_kernels_baseline : NULL;
}

/* Two threads that choose at the same time choose the same. */
static const sx_kernels *kernels(void) {
    const sx_kernels *table = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (table) return table;
    table = best_kernels(NULL);
    atomic_store_explicit(&chosen, table, memory_order_relaxed);
    return table;
}

const sx_kernels *sx_kernels_in_use(void) {
    return kernels();
}

bool sx_tensor_force(const char *isa) {
    const sx_kernels *table = best_kernels(isa);
    if (table) atomic_store(&chosen, table);
    return table != NULL;
}

const char *sx_tensor_isa(void) {
    return kernels()->name;
}

void sx_product_run(const sx_product *product) {
    kernels()->product(product);
}

int sx_block(void) {
    return 2 * kernels()->lanes;
}

int sx_block_width(int n) {
    int lanes = kernels()->lanes;
    return n > lanes ? 2 * lanes : lanes;
}

void sx_layer_norm_run(const sx_layer_norm *form) {
    kernels()->norm->forward(form);
}

void sx_layer_norm_backward_run(const sx_layer_norm_backward *form) {
    kernels()->norm->backward(form);
}

void sx_flat_add(float *sum, const float *x, size_t count) {
    kernels()->add(sum, x, count);
}

void sx_flat_add_rows(float *sum, const float *x, size_t rows, size_t length) {
    kernels()->add_rows(sum, x, rows, length);
}

void sx_flat_squares(float *sum, const float *x, const float *mean, size_t count) {
    kernels()->squares(sum, x, mean, count);
}

void sx_flat_sum(float *y, const float *a, const float *b, bool relu, size_t count) {
    kernels()->sum(y, a, b, relu, count);
}

void sx_flat_affine(float *y, const float *x, const sx_affine *affine, bool relu, size_t count) {
    kernels()->affine(y, x, affine, relu, count);
}

void sx_flat_relu(float *y, const float *x, size_t count) {
    kernels()->relu(y, x, count);
}

void sx_flat_relu_backward(float *dx, const float *dy, const float *y, bool accumulate,
                           size_t count) {
    kernels()->relu_backward(dx, dy, y, accumulate, count);
}

void sx_flat_moments(float *sum, float *product, const float *dy, const float *x, const float *mean,
                     size_t count) {
    kernels()->moments(sum, product, dy, x, mean, count);
}

void sx_flat_affine_backward(float *dx, const float *dy, const float *x,
                             const sx_affine_backward *affine, bool accumulate, size_t count) {
    kernels()->affine_backward(dx, dy, x, affine, accumulate, count);
}

void sx_windows_maximum(const sx_windows *form, const float *x, const float *sign, float *y) {
    kernels()->windows_maximum(form, x, sign, y);
}

void sx_windows_maximum_backward(const sx_windows *form, const sx_maximum_backward *arrays) {
    kernels()->windows_maximum_backward(form, arrays);
}

void sx_flat_add_product(float *y, const float *a, const float *b, size_t count) {
    kernels()->add_product(y, a, b, count);
}

void sx_flat_scale(float *y, const float *x, float factor, size_t count) {
    kernels()->scale(y, x, factor, count);
}

void sx_flat_add_scaled(float *y, const float *x, float factor, size_t count) {
    kernels()->add_scaled(y, x, factor, count);
}

void sx_flat_transpose(float *to, size_t to_row, const float *from, size_t from_row, size_t rows,
                       size_t columns) {
    kernels()->transpose(to, to_row, from, from_row, rows, columns);
}
