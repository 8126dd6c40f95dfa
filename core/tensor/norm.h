/* Layer norm over the channels of rows (arXiv 1607.06450, eq. 4), forward and backward. */
#ifndef SX_TENSOR_NORM_H
#define SX_TENSOR_NORM_H

#include <stdbool.h>
#include <stddef.h>

/* y[r] = (x[r] - mean) * scale * gamma + beta for `rows` rows of `channels` contiguous values,
 * where scale is 1 / sqrt(variance + epsilon) with the biased variance. mean and scale [rows] are
 * filled, for backward. */
typedef struct {
    size_t rows, channels;
    const float *x, *gamma, *beta;
    float *y, *mean, *scale;
    float epsilon;
} sx_layer_norm;
void sx_layer_norm_run(const sx_layer_norm *form);

/* dx from dy, x, and what forward left in mean and scale; adds to dx if asked for. Adds the rows'
 * shares, in their order, to dgamma and dbeta [channels]. */
typedef struct {
    size_t rows, channels;
    const float *x, *dy, *gamma, *mean, *scale;
    float *dx, *dgamma, *dbeta; /* dx may be NULL: not wanted */
    bool accumulate;
} sx_layer_norm_backward;
void sx_layer_norm_backward_run(const sx_layer_norm_backward *form);

#endif
