/* Brings the channels of every pixel or token to length 1, so that products of two such vectors are
 * cosines. A vector shorter than the smallest length is divided by that (PyTorch's normalize).
 * Lengths are summed in double: what comes after compares them in the last digits. */
#include "core/graph/internal.h"

#include <math.h>

#define LEAST_LENGTH 1e-12

static size_t rows_of(sx_geometry g, int spans) {
    return (size_t)g.height * (size_t)g.width / (size_t)spans;
}

static double product(const float *a, const float *b, size_t count) {
    double sum = 0;
    for (size_t c = 0; c < count; c++) sum += (double)a[c] * (double)b[c];
    return sum;
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    size_t channels = (size_t)node->in.channels;
    int spans = sx_span_count(node);
    for (int i = first; i < first + count; i++)
        for (int span = 0; span < spans; span++) {
            const float *x =
                sx_row_of(sx_value(frame, sx_input(frame, node, 0), i), node->in, span);
            float *y = sx_row_of(sx_value(frame, node, i), node->out, span);
            for (size_t r = rows_of(node->in, spans); r > 0; r--, x += channels, y += channels) {
                double length = fmax(sqrt(product(x, x, channels)), LEAST_LENGTH);
                sx_flat_scale(y, x, (float)(1 / length), channels);
            }
        }
}

/* dx = (dy - y (y . dy)) / length; where the length was not reached, dy divided by the least. */
static void row_backward(const float *x, const float *dy, float *dx, size_t channels, bool adds) {
    double length = sqrt(product(x, x, channels));
    bool short_one = length < LEAST_LENGTH;
    double scale = 1 / (short_one ? LEAST_LENGTH : length);
    double along = short_one ? 0 : product(x, dy, channels) * scale * scale;
    for (size_t c = 0; c < channels; c++) {
        float value = (float)(((double)dy[c] - along * (double)x[c]) * scale);
        dx[c] = adds ? dx[c] + value : value;
    }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t channels = (size_t)node->in.channels;
    if (!input->needs_gradient) return;
    int spans = sx_span_count(node);
    for (int i = first; i < first + count; i++)
        for (int span = 0; span < spans; span++) {
            const float *x = sx_row_of(sx_value(frame, input, i), node->in, span);
            const float *dy = sx_row_of(sx_slope(frame, node, i), node->out, span);
            float *dx = sx_row_of(sx_slope(frame, input, i), node->in, span);
            for (size_t r = rows_of(node->in, spans) * channels; r > 0; r -= channels) {
                row_backward(x, dy, dx, channels, node->adds_gradient[0]);
                x += channels, dy += channels, dx += channels;
            }
        }
}

static double plain_length(const double *x, size_t channels) {
    double sum = 0;
    for (size_t c = 0; c < channels; c++) sum += x[c] * x[c];
    return sqrt(sum);
}

static void reference_forward(const sx_reference_call *call) {
    size_t channels = (size_t)sx_reference_node(call)->in.channels;
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        double length = plain_length(call->x[0] + i / channels * channels, channels);
        call->y[i] = call->x[0][i] / fmax(length, LEAST_LENGTH);
    }
}

static void reference_backward(const sx_reference_call *call) {
    size_t channels = (size_t)sx_reference_node(call)->in.channels;
    for (size_t at = 0; at < sx_reference_size(call); at += channels) {
        double length = plain_length(call->x[0] + at, channels), along = 0;
        for (size_t c = 0; c < channels && length >= LEAST_LENGTH; c++)
            along += call->y[at + c] * call->dy[at + c];
        for (size_t c = 0; c < channels; c++)
            call->dx[0][at + c] +=
                (call->dy[at + c] - along * call->y[at + c]) / fmax(length, LEAST_LENGTH);
    }
}

const sx_operator sx_operator_l2_normalise = {
    .name = "l2_normalise",
    .help = "each pixel's channels as a vector of length 1",
    .shapes = "[h, w, c] -> same",
    .work = "1 for each value",
    .checked = "PyTorch",
    .shape = sx_same_shape,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .predict = forward,
    .cost = sx_cost_of_values,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
