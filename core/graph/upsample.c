/* Upsampling: every pixel becomes a square of equal pixels (PyTorch's nearest interpolation by a
 * whole factor); its gradient is the square's sum. */
#include "core/graph/internal.h"

enum { FACTOR };

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    int factor = (int)node->option[FACTOR];
    (void)graph;
    (void)err;
    node->out =
        (sx_geometry){node->in.height * factor, node->in.width * factor, node->in.channels, 0};
    return SX_OK;
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    size_t channels = (size_t)node->in.channels;
    int factor = (int)node->option[FACTOR];
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++) {
            const float *from =
                sx_row_of(sx_value(frame, sx_input(frame, node, 0), i), node->in, y / factor);
            float *to = sx_row_of(sx_value(frame, node, i), node->out, y);
            for (int x = 0; x < node->out.width; x++, to += channels)
                memcpy(to, from + (size_t)(x / factor) * channels, channels * sizeof *to);
        }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t channels = (size_t)node->in.channels;
    int factor = (int)node->option[FACTOR];
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++) {
            float *dx = sx_row_of(sx_slope(frame, input, i), node->in, y / factor);
            const float *dy = sx_row_of(sx_slope(frame, node, i), node->out, y);
            if (y % factor == 0 && !node->adds_gradient[0])
                memset(dx, 0, sx_row_length(node->in) * sizeof *dx);
            for (int x = 0; x < node->out.width; x++, dy += channels)
                sx_flat_add(dx + (size_t)(x / factor) * channels, dy, channels);
        }
}

/* Index of the input's value that output value `i` repeats. */
static size_t reference_index(const sx_graph_node *node, size_t i) {
    size_t channels = (size_t)node->out.channels, width = (size_t)node->out.width;
    size_t factor = (size_t)node->option[FACTOR], c = i % channels;
    size_t x = i / channels % width / factor, row = i / (channels * width) / factor;
    return (row * (size_t)node->in.width + x) * channels + c;
}

static void reference_forward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = call->x[0][reference_index(sx_reference_node(call), i)];
}

static void reference_backward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->dx[0][reference_index(sx_reference_node(call), i)] += call->dy[i];
}

static const sx_option options[] = {
    {"", "factor", SX_OPTION_INTEGER, "2", 1, 64, NULL, "times as many pixels a side"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_upsample = {
    .name = "upsample",
    .help = "every pixel becomes a square of equal pixels",
    .shapes = "[h, w, c] -> [factor h, factor w, c]",
    .work = "none",
    .checked = "PyTorch",
    .options = options,
    .shape = shape,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .predict = forward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
