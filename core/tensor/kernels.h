/* Private to core/tensor: one table of kernels per instruction set, and which is in use. */
#ifndef SX_TENSOR_KERNELS_H
#define SX_TENSOR_KERNELS_H

#include "core/tensor/tensor.h"
#include "core/tensor/winograd.h"

/* Arrays of a backward pass over what activation.h says. */
typedef struct {
    float *dx;
    const float *dy, *from;
    bool accumulate;
} sx_activation_backward;

typedef struct {
    void (*exp)(float *y, const float *x, float slope, size_t count);
    void (*erf)(float *y, const float *x, float slope, size_t count);
    void (*forward[SX_ACTIVATIONS])(float *y, const float *x, float slope, size_t count);
    void (*backward[SX_ACTIVATIONS])(const sx_activation_backward *arrays, float slope,
                                     size_t count);
    void (*softmax)(float *y, const float *x, size_t count);
    void (*log_softmax)(float *y, const float *x, size_t count);
    void (*softmax_backward)(const sx_activation_backward *arrays, size_t count);
    void (*log_softmax_backward)(const sx_activation_backward *arrays, size_t count);
} sx_activation_kernels;

typedef struct {
    void (*forward)(const sx_layer_norm *form);
    void (*backward)(const sx_layer_norm_backward *form);
} sx_norm_kernels;

typedef struct {
    const char *name;
    int lanes; /* floats of a register; a block is two registers wide */
    const sx_norm_kernels *norm;
    void (*product)(const sx_product *product);
    void (*add)(float *sum, const float *x, size_t count);
    void (*add_rows)(float *sum, const float *x, size_t rows, size_t length);
    void (*squares)(float *sum, const float *x, const float *mean, size_t count);
    void (*sum)(float *y, const float *a, const float *b, bool relu, size_t count);
    void (*affine)(float *y, const float *x, const sx_affine *affine, bool relu, size_t count);
    void (*relu)(float *y, const float *x, size_t count);
    void (*relu_backward)(float *dx, const float *dy, const float *y, bool accumulate,
                          size_t count);
    void (*moments)(float *sum, float *product, const float *dy, const float *x, const float *mean,
                    size_t count);
    void (*affine_backward)(float *dx, const float *dy, const float *x,
                            const sx_affine_backward *affine, bool accumulate, size_t count);
    void (*windows_maximum)(const sx_windows *form, const float *x, const float *sign, float *y);
    void (*windows_maximum_backward)(const sx_windows *form, const sx_maximum_backward *arrays);
    void (*add_product)(float *y, const float *a, const float *b, size_t count);
    void (*scale)(float *y, const float *x, float factor, size_t count);
    void (*add_scaled)(float *y, const float *x, float factor, size_t count);
    void (*transpose)(float *to, size_t to_row, const float *from, size_t from_row, size_t rows,
                      size_t columns);
    const sx_activation_kernels *activations;
    /* As in winograd.h; tiles are cut into `blocks`. */
    void (*winograd_pack)(const sx_winograd_weights *weights, int block, float *packed);
    void (*winograd_convolve)(const sx_winograd *form, int blocks, float *scratch);
    void (*winograd_correlate)(const sx_winograd *form, int blocks, float *sums, float *bias_sums,
                               float *scratch);
    void (*winograd_gradient)(const float *sums, size_t count, size_t from, size_t to,
                              float *weights);
} sx_kernels;

extern const sx_kernels sx_kernels_baseline;
extern const sx_norm_kernels sx_norm_baseline;
extern const sx_activation_kernels sx_activations_baseline;
#if defined(__x86_64__)
extern const sx_norm_kernels sx_norm_avx2, sx_norm_avx512;
extern const sx_kernels sx_kernels_avx2, sx_kernels_avx512;
extern const sx_activation_kernels sx_activations_avx2, sx_activations_avx512;
#endif

/* The table in use; the first call chooses it. */
const sx_kernels *sx_kernels_in_use(void);

/* For tests: uses the named instruction set from now on; false if this processor lacks it. Not
 * while a graph runs, and not between the building and the running of one. NULL: the best. */
bool sx_tensor_force(const char *isa);

#endif
