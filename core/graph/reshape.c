/* The same values in the same order under another shape: reshape and flatten. */
#include "core/graph/internal.h"

enum { OF_HEIGHT, OF_WIDTH, OF_CHANNELS };

static size_t size_of(sx_geometry g) {
    return (size_t)g.height * sx_row_length(g);
}

static sx_status flatten_shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    (void)err;
    node->out = (sx_geometry){1, 1, (int)size_of(node->in), 0};
    return SX_OK;
}

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    size_t known = 1, size = size_of(node->in);
    int *sides[] = {&node->out.height, &node->out.width, &node->out.channels}, *open = NULL;
    int unknown = 0;
    node->out = (sx_geometry){0};
    for (int i = 0; i < 3; i++) {
        *sides[i] = (int)node->option[i];
        if (*sides[i])
            known *= (size_t)*sides[i];
        else
            open = sides[i], unknown++;
    }
    if (unknown == 1 && size % known == 0) *open = (int)(size / known);
    if (unknown <= 1 && size_of(node->out) == size) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "%d x %d x %d cannot become %g x %g x %g; the product must be the same, and at "
                   "most one side 0, which is then found",
                   node->in.height, node->in.width, node->in.channels, node->option[OF_HEIGHT],
                   node->option[OF_WIDTH], node->option[OF_CHANNELS]);
}

/* Copies an image row by row of both sides at once. */
static void copy_image(const float *from, sx_geometry in, float *to, sx_geometry out,
                       bool accumulate) {
    size_t a = sx_row_length(in), b = sx_row_length(out);
    for (size_t at = 0; at < size_of(in);) {
        size_t left = a - at % a, room = b - at % b, count = left < room ? left : room;
        sx_store_gradient(to + at / b * sx_geometry_row(out) + at % b,
                          from + at / a * sx_geometry_row(in) + at % a, accumulate, count);
        at += count;
    }
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    for (int i = first; i < first + count; i++)
        copy_image(sx_value(frame, sx_input(frame, node, 0), i), node->in, sx_value(frame, node, i),
                   node->out, false);
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++)
        copy_image(sx_slope(frame, node, i), node->out, sx_slope(frame, input, i), node->in,
                   node->adds_gradient[0]);
}

static void reference_forward(const sx_reference_call *call) {
    memcpy(call->y, call->x[0], sx_reference_size(call) * sizeof *call->y);
}

static void reference_backward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++) call->dx[0][i] += call->dy[i];
}

static const sx_option options[] = {
    {"", "height", SX_OPTION_INTEGER, "1", 0, 16384, NULL, "of the output; 0: whatever fits"},
    {"", "width", SX_OPTION_INTEGER, "1", 0, 65536, NULL, "of the output; 0: whatever fits"},
    {"", "channels", SX_OPTION_INTEGER, "0", 0, 65536, NULL, "of the output; 0: whatever fits"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

#define RESHAPE                                                                                    \
    .work = "none", .checked = "PyTorch", .forward = {{.range = forward}},                         \
    .backward = {{.range = backward}}, .predict = forward, .reference_forward = reference_forward, \
    .reference_backward = reference_backward

const sx_operator sx_operator_reshape = {
    .name = "reshape",
    .help = "the same values under another shape",
    .shapes = "[h, w, c] -> [height, width, channels]",
    .options = options,
    .shape = shape,
    RESHAPE,
};

const sx_operator sx_operator_flatten = {
    .name = "flatten",
    .help = "the same values as a vector",
    .shapes = "[h, w, c] -> [1, 1, h w c]",
    .shape = flatten_shape,
    RESHAPE,
};
