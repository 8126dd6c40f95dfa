/* Layer norm over the channels of every pixel or token (arXiv 1607.06450): no statistics cross from
 * one pixel to another, so there is no barrier and no difference between training and use. */
#include "core/graph/partial.h"

#include <math.h>

enum { EPSILON }; /* option */

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    node->out = node->in;
    node->out.halo = 0;
    int channels = node->in.channels;
    sx_status status = sx_graph_add_slice(
        graph, node, &(sx_slice_form){"weight", {channels}, true, false, SX_INITIAL_ONE, 1}, err);
    if (status) return status;
    return sx_graph_add_slice(
        graph, node, &(sx_slice_form){"bias", {channels}, true, false, SX_INITIAL_ZERO, 1}, err);
}

static size_t rows_of(const sx_graph_node *node) {
    return (size_t)node->in.height * (size_t)node->in.width;
}

/* Private memory: [batch][mean, scale of each row], then the chunks' shares of [gamma, beta]. */
static size_t statistics(const sx_graph *graph, const sx_graph_node *node) {
    return 2 * (size_t)graph->batch * rows_of(node);
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    if (!training) return 0;
    return sx_partial_memory(graph, statistics(graph, node), 2 * (size_t)node->in.channels);
}

static size_t scratch(const sx_graph_node *node) {
    return 2 * rows_of(node);
}

/* Mean and scale of one image's rows; a prediction needs them for a moment only. */
static float *image_statistics(const sx_frame *frame, const sx_graph_node *node, int image,
                               int worker) {
    if (!frame->training) return frame->scratch[worker];
    return sx_private_memory(frame, node) + 2 * (size_t)image * rows_of(node);
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    sx_layer_norm form = {.channels = (size_t)node->in.channels,
                          .gamma = sx_weights(frame, node, 0),
                          .beta = sx_weights(frame, node, 1),
                          .epsilon = (float)node->option[EPSILON]};
    int spans = sx_span_count(node);
    form.rows = rows_of(node) / (size_t)spans;
    for (int i = first; i < first + count; i++) {
        float *statistic = image_statistics(frame, node, i, worker);
        for (int span = 0; span < spans; span++) {
            form.x = sx_value(frame, input, i) + (size_t)span * sx_geometry_row(node->in);
            form.y = sx_value(frame, node, i) + (size_t)span * sx_geometry_row(node->out);
            form.mean = statistic + (size_t)span * form.rows;
            form.scale = form.mean + rows_of(node);
            sx_layer_norm_run(&form);
        }
    }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t channels = (size_t)node->in.channels;
    float *share = sx_partial_chunk(frame, node, statistics(frame->graph, node), 2 * channels,
                                    sx_chunk_of(frame, first));
    memset(share, 0, 2 * channels * sizeof *share);
    int spans = sx_span_count(node);
    sx_layer_norm_backward form = {.channels = channels,
                                   .rows = rows_of(node) / (size_t)spans,
                                   .gamma = sx_weights(frame, node, 0),
                                   .dgamma = share,
                                   .dbeta = share + channels,
                                   .accumulate = node->adds_gradient[0]};
    for (int i = first; i < first + count; i++)
        for (int span = 0; span < spans; span++) {
            size_t in = (size_t)span * sx_geometry_row(node->in);
            form.x = sx_value(frame, input, i) + in;
            form.dx = input->needs_gradient ? sx_slope(frame, input, i) + in : NULL;
            form.dy = sx_slope(frame, node, i) + (size_t)span * sx_geometry_row(node->out);
            form.mean = image_statistics(frame, node, i, worker) + (size_t)span * form.rows;
            form.scale = form.mean + rows_of(node);
            sx_layer_norm_backward_run(&form);
        }
}

static void add_up(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    size_t channels = (size_t)node->in.channels;
    sx_partial_add(
        frame, node,
        &(sx_partial_sum){.offset = statistics(frame->graph, node),
                          .count = 2 * channels,
                          .from = (size_t)piece * channels,
                          .length = channels,
                          .gradient = frame->gradient + sx_slice_offset(frame, node, piece)});
}

static int two_pieces(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    (void)node;
    return 2;
}

/* ---- plain loops ----------------------------------------------------------------------------- */

static void row_statistics(const sx_graph_node *node, const double *x, double *mean,
                           double *scale) {
    size_t channels = (size_t)node->in.channels;
    double sum = 0, squares = 0;
    for (size_t c = 0; c < channels; c++) sum += x[c];
    *mean = sum / (double)channels;
    for (size_t c = 0; c < channels; c++) squares += (x[c] - *mean) * (x[c] - *mean);
    *scale = 1 / sqrt(squares / (double)channels + node->option[EPSILON]);
}

static void reference_forward(const sx_reference_call *call) {
    size_t channels = (size_t)sx_reference_node(call)->in.channels;
    const double *gamma = sx_reference_weights(call, 0), *beta = sx_reference_weights(call, 1);
    for (size_t at = 0; at < sx_reference_size(call); at += channels) {
        double mean, scale;
        row_statistics(sx_reference_node(call), call->x[0] + at, &mean, &scale);
        for (size_t c = 0; c < channels; c++)
            call->y[at + c] = (call->x[0][at + c] - mean) * scale * gamma[c] + beta[c];
    }
}

static void reference_backward(const sx_reference_call *call) {
    size_t channels = (size_t)sx_reference_node(call)->in.channels;
    const double *gamma = sx_reference_weights(call, 0);
    for (size_t at = 0; at < sx_reference_size(call); at += channels) {
        const double *x = call->x[0] + at, *dy = call->dy + at;
        double mean, scale, slope = 0, with_x = 0;
        row_statistics(sx_reference_node(call), x, &mean, &scale);
        for (size_t c = 0; c < channels; c++) {
            double hat = (x[c] - mean) * scale;
            slope += dy[c] * gamma[c] / (double)channels;
            with_x += dy[c] * gamma[c] * hat / (double)channels;
            sx_reference_gradient(call, 0)[c] += dy[c] * hat;
            sx_reference_gradient(call, 1)[c] += dy[c];
        }
        for (size_t c = 0; c < channels; c++)
            call->dx[0][at + c] +=
                scale * (dy[c] * gamma[c] - slope - (x[c] - mean) * scale * with_x);
    }
}

static const sx_option options[] = {
    {"", "epsilon", SX_OPTION_NUMBER, "1e-5", 0, 1, NULL, "added to the variance"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_layer_norm = {
    .name = "layer_norm",
    .help = "each pixel's channels with mean 0 and variance 1, then scaled and shifted",
    .shapes = "[h, w, c] -> same",
    .work = "1 for each value",
    .checked = "PyTorch",
    .options = options,
    .shape = shape,
    .memory = memory,
    .scratch = scratch,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .finish = {{.own = add_up, .pieces = two_pieces}},
    .predict = forward,
    .cost = sx_cost_of_values,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
