/* Embedding: whole numbers become learned vectors. The gradient is summed by pieces of the table
 * over the whole batch in its order, so the bits do not depend on who sums. */
#include "core/graph/internal.h"

#include <math.h>

#define BAND 16 /* entries of one piece of the gradient */

enum { ENTRIES, VECTOR };

static int entries_of(const sx_graph_node *node) {
    return (int)node->option[ENTRIES];
}

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    int channels = (int)node->option[VECTOR];
    if (node->in.channels != 1)
        return sx_fail(err, SX_BAD_INPUT, "an embedding reads one channel of numbers, not %d",
                       node->in.channels);
    node->out = (sx_geometry){node->in.height, node->in.width, channels, 0};
    return sx_graph_add_slice(
        graph, node,
        &(sx_slice_form){"weight", {entries_of(node), channels}, true, false, SX_INITIAL_SMALL, 1},
        err);
}

/* The nearest entry; numbers beyond the table count as its ends, no number as the first. */
static size_t entry_of(const sx_graph_node *node, double x) {
    double nearest = nearbyint(x), last = entries_of(node) - 1;
    return nearest > 0 ? (size_t)(nearest < last ? nearest : last) : 0;
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    size_t channels = (size_t)node->out.channels;
    const float *table = sx_weights(frame, node, 0);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++) {
            const float *x = sx_value(frame, sx_input(frame, node, 0), i) +
                             (size_t)y * sx_geometry_row(node->in);
            float *to = sx_value(frame, node, i) + (size_t)y * sx_geometry_row(node->out);
            for (int k = 0; k < node->out.width; k++, to += channels)
                memcpy(to, table + entry_of(node, (double)x[k]) * channels, channels * sizeof *to);
        }
}

/* Numbers have no slope. */
static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient || node->adds_gradient[0]) return;
    for (int i = first; i < first + count; i++)
        sx_clear_interior(sx_slope(frame, input, i), node->in);
}

static int bands(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return sx_ceil_divide(entries_of(node), BAND);
}

static void sum_band(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    size_t channels = (size_t)node->out.channels;
    float *gradient = frame->gradient + sx_slice_offset(frame, node, 0);
    for (int i = 0; i < frame->graph->batch; i++)
        for (int y = 0; y < node->out.height; y++) {
            const float *x = sx_value(frame, sx_input(frame, node, 0), i) +
                             (size_t)y * sx_geometry_row(node->in);
            const float *dy = sx_slope(frame, node, i) + (size_t)y * sx_geometry_row(node->out);
            for (int k = 0; k < node->out.width; k++, dy += channels) {
                size_t entry = entry_of(node, (double)x[k]);
                if ((int)entry / BAND == piece)
                    sx_flat_add(gradient + entry * channels, dy, channels);
            }
        }
}

static void reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->out.channels;
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = sx_reference_weights(
            call, 0)[entry_of(node, call->x[0][i / channels]) * channels + i % channels];
}

static void reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->out.channels;
    for (size_t i = 0; i < sx_reference_size(call); i++)
        sx_reference_gradient(
            call, 0)[entry_of(node, call->x[0][i / channels]) * channels + i % channels] +=
            call->dy[i];
}

static const sx_option options[] = {
    {"", "entries", SX_OPTION_INTEGER, "256", 1, 1000000, NULL, "of the table"},
    {"", "channels", SX_OPTION_INTEGER, "64", 1, 65536, NULL, "of a vector"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_embedding = {
    .name = "embedding",
    .help = "a learned vector for each whole number",
    .shapes = "[h, w, 1] -> [h, w, channels]",
    .work = "none",
    .checked = "PyTorch",
    .options = options,
    .shape = shape,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}, {.own = sum_band, .pieces = bands}},
    .predict = forward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
