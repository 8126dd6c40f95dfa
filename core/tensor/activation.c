/* Element-wise functions and softmax: the public names, passed on to the instruction set in use. */
#include "core/tensor/activation.h"

#include "core/tensor/kernels.h"

static const sx_activation_kernels *table(void) {
    return sx_kernels_in_use()->activations;
}

void sx_flat_activation(sx_activation form, float *y, const float *x, size_t count) {
    table()->forward[form.kind](y, x, form.slope, count);
}

void sx_flat_activation_backward(sx_activation form, float *dx, const float *dy, const float *from,
                                 bool accumulate, size_t count) {
    table()->backward[form.kind](&(sx_activation_backward){dx, dy, from, accumulate}, form.slope,
                                 count);
}

bool sx_activation_reads_value(sx_activation_kind kind) {
    return kind == SX_SIGMOID || kind == SX_TANH;
}

void sx_flat_exp(float *y, const float *x, size_t count) {
    table()->exp(y, x, 0, count);
}

void sx_flat_erf(float *y, const float *x, size_t count) {
    table()->erf(y, x, 0, count);
}

void sx_softmax_row(float *y, const float *x, size_t count) {
    table()->softmax(y, x, count);
}

void sx_log_softmax_row(float *y, const float *x, size_t count) {
    table()->log_softmax(y, x, count);
}

void sx_softmax_row_backward(float *dx, const float *dy, const float *y, bool accumulate,
                             size_t count) {
    table()->softmax_backward(&(sx_activation_backward){dx, dy, y, accumulate}, count);
}

void sx_log_softmax_row_backward(float *dx, const float *dy, const float *y, bool accumulate,
                                 size_t count) {
    table()->log_softmax_backward(&(sx_activation_backward){dx, dy, y, accumulate}, count);
}
