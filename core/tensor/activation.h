/* Element-wise functions and softmax. Every value is computed by the same operations in the same
 * order wherever it stands, so its bits depend neither on its position nor on `count`. NaN passes;
 * an infinity gives the limit of the function, where there is one. Arrays need no alignment. */
#ifndef SX_TENSOR_ACTIVATION_H
#define SX_TENSOR_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

/* GELU (arXiv 1606.08415): x Phi(x); its tanh form 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715
 * x^3))); its quick form x sigmoid(1.702 x). SiLU: x sigmoid(x). */
typedef enum {
    SX_LEAKY_RELU,
    SX_GELU_ERF,
    SX_GELU_TANH,
    SX_GELU_QUICK,
    SX_SIGMOID,
    SX_TANH,
    SX_SILU,
    SX_ACTIVATIONS
} sx_activation_kind;

typedef struct {
    sx_activation_kind kind;
    float slope; /* of a leaky ReLU, below 0; the others ignore it */
} sx_activation;

/* y = f(x) over `count` floats; y may be x. Absolute errors are below 5e-7 times the larger of 1
 * and |x|. */
void sx_flat_activation(sx_activation form, float *y, const float *x, size_t count);
/* dx = dy f'; adds to dx if asked for; dx may be dy. `from` is what f was computed from, or f's
 * value where sx_activation_reads_value says so. */
void sx_flat_activation_backward(sx_activation form, float *dx, const float *dy, const float *from,
                                 bool accumulate, size_t count);
/* Whether the backward pass reads the value y (sigmoid, tanh) rather than x. */
bool sx_activation_reads_value(sx_activation_kind kind);

/* y = e^x (relative error below 2e-7, denormal results included); y = erf(x) (absolute error below
 * 5e-7, exactly 1 or -1 from |x| = 3.92). y may be x. */
void sx_flat_exp(float *y, const float *x, size_t count);
void sx_flat_erf(float *y, const float *x, size_t count);

/* One row of `count` floats; y may be x. Stable for any finite input; -infinity has no share. A row
 * without a finite largest value gives NaN. */
void sx_softmax_row(float *y, const float *x, size_t count);
void sx_log_softmax_row(float *y, const float *x, size_t count);
/* From the row's value y: dx = y (dy - sum of dy y), and dx = dy - e^y (sum of dy); adds to dx if
 * asked for; dx may be dy. */
void sx_softmax_row_backward(float *dx, const float *dy, const float *y, bool accumulate,
                             size_t count);
void sx_log_softmax_row_backward(float *dx, const float *dy, const float *y, bool accumulate,
                                 size_t count);

#endif
