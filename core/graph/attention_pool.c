/* Attention pooling: a mean over the pixels, or tokens, in which each weighs by the softmax of its
 * product with a learned vector (a single query; compare arXiv 1810.00825, section 3.2, with one
 * head and no projections). */
#include "core/graph/partial.h"

#include <math.h>

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    int channels = node->in.channels;
    node->out = (sx_geometry){1, 1, channels, 0};
    return sx_graph_add_slice(
        graph, node, &(sx_slice_form){"weight", {channels}, true, false, SX_INITIAL_SMALL, 1}, err);
}

static size_t pixels_of(const sx_graph_node *node) {
    return (size_t)node->in.height * (size_t)node->in.width;
}

static double cost(const sx_graph_node *node) {
    return 2.0 * (double)pixels_of(node) * node->in.channels;
}

/* [batch][shares of pixels], then the chunks' shares of the weights' gradient. */
static size_t shares_size(const sx_graph *graph, const sx_graph_node *node) {
    return (size_t)graph->batch * pixels_of(node);
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    if (!training) return 0;
    return sx_partial_memory(graph, shares_size(graph, node), (size_t)node->in.channels);
}

static size_t scratch(const sx_graph_node *node) {
    return 2 * pixels_of(node);
}

static const float *pixel_of(const float *x, const sx_graph_node *node, size_t pixel) {
    size_t width = (size_t)node->in.width;
    return x + pixel / width * sx_geometry_row(node->in) +
           pixel % width * (size_t)node->in.channels;
}

static float product(const float *a, const float *b, int count) {
    double sum = 0;
    for (int c = 0; c < count; c++) sum += (double)a[c] * (double)b[c];
    return (float)sum;
}

static float *image_shares(const sx_frame *frame, const sx_graph_node *node, int image,
                           int worker) {
    if (!frame->training) return frame->scratch[worker];
    return sx_private_memory(frame, node) + (size_t)image * pixels_of(node);
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    const float *w = sx_weights(frame, node, 0);
    size_t pixels = pixels_of(node), channels = (size_t)node->in.channels;
    for (int i = first; i < first + count; i++) {
        const float *x = sx_value(frame, sx_input(frame, node, 0), i);
        float *share = image_shares(frame, node, i, worker), *y = sx_value(frame, node, i);
        for (size_t p = 0; p < pixels; p++)
            share[p] = product(pixel_of(x, node, p), w, node->in.channels);
        sx_softmax_row(share, share, pixels);
        memset(y, 0, channels * sizeof *y);
        for (size_t p = 0; p < pixels; p++)
            sx_flat_add_scaled(y, pixel_of(x, node, p), share[p], channels);
    }
}

/* One image: `slope` [pixels] becomes the slope of each score. */
static void image_backward(const sx_frame *frame, const sx_graph_node *node, int image, int worker,
                           float *gradient) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t pixels = pixels_of(node), channels = (size_t)node->in.channels;
    const float *x = sx_value(frame, input, image), *dy = sx_slope(frame, node, image);
    const float *share = image_shares(frame, node, image, worker);
    float *slope = frame->scratch[worker] + pixels;
    for (size_t p = 0; p < pixels; p++)
        slope[p] = product(pixel_of(x, node, p), dy, node->in.channels);
    sx_softmax_row_backward(slope, slope, share, false, pixels);
    for (size_t p = 0; p < pixels; p++) {
        const float *from = pixel_of(x, node, p);
        sx_flat_add_scaled(gradient, from, slope[p], channels);
        if (!input->needs_gradient) continue;
        float *dx = sx_slope(frame, input, image) + (from - x);
        if (!node->adds_gradient[0]) memset(dx, 0, channels * sizeof *dx);
        sx_flat_add_scaled(dx, dy, share[p], channels);
        sx_flat_add_scaled(dx, sx_weights(frame, node, 0), slope[p], channels);
    }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    size_t channels = (size_t)node->in.channels;
    float *gradient = sx_partial_chunk(frame, node, shares_size(frame->graph, node), channels,
                                       sx_chunk_of(frame, first));
    memset(gradient, 0, channels * sizeof *gradient);
    for (int i = first; i < first + count; i++) image_backward(frame, node, i, worker, gradient);
}

static void add_up(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    size_t channels = (size_t)node->in.channels;
    sx_partial_add(
        frame, node,
        &(sx_partial_sum){.offset = shares_size(frame->graph, node),
                          .count = channels,
                          .length = channels,
                          .gradient = frame->gradient + sx_slice_offset(frame, node, 0)});
}

/* ---- plain loops --------------------------------------------------------------------------------
 */

static double plain_share(const sx_reference_call *call, const double *x, size_t pixel) {
    size_t channels = (size_t)sx_reference_node(call)->in.channels;
    double sum = 0, own = 0;
    for (size_t p = 0; p < pixels_of(sx_reference_node(call)); p++) {
        double score = 0;
        for (size_t c = 0; c < channels; c++)
            score += x[p * channels + c] * sx_reference_weights(call, 0)[c];
        sum += exp(score);
        if (p == pixel) own = exp(score);
    }
    return own / sum;
}

static void reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->in.channels, pixels = pixels_of(node);
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        const double *x = call->x[0] + i / channels * pixels * channels;
        call->y[i] = 0;
        for (size_t p = 0; p < pixels; p++)
            call->y[i] += plain_share(call, x, p) * x[p * channels + i % channels];
    }
}

static void reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->in.channels, pixels = pixels_of(node);
    for (size_t image = 0; image < (size_t)call->batch; image++)
        for (size_t p = 0; p < pixels; p++) {
            const double *x = call->x[0] + image * pixels * channels;
            const double *dy = call->dy + image * channels, *y = call->y + image * channels;
            double share = plain_share(call, x, p), slope = 0;
            for (size_t c = 0; c < channels; c++)
                slope += share * dy[c] * (x[p * channels + c] - y[c]);
            for (size_t c = 0; c < channels; c++) {
                call->dx[0][(image * pixels + p) * channels + c] +=
                    share * dy[c] + slope * sx_reference_weights(call, 0)[c];
                sx_reference_gradient(call, 0)[c] += slope * x[p * channels + c];
            }
        }
}

const sx_operator sx_operator_attention_pool = {
    .name = "attention_pool",
    .help = "the mean over pixels or tokens, each weighed by its product with a learned vector",
    .shapes = "[h, w, c] -> [1, 1, c]",
    .work = "2 for each value",
    .checked = "PyTorch",
    .shape = shape,
    .memory = memory,
    .scratch = scratch,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .finish = {{.own = add_up, .pieces = sx_one_piece}},
    .predict = forward,
    .cost = cost,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
