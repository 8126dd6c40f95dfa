/* A stretch of the image along one axis. */
#include "core/graph/internal.h"

enum { AXIS, FROM, COUNT };
enum { CHANNELS, HEIGHT, WIDTH }; /* of AXIS */

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    int axis = (int)node->option[AXIS], from = (int)node->option[FROM];
    int count = (int)node->option[COUNT];
    int *sides[] = {&node->out.channels, &node->out.height, &node->out.width};
    node->out = node->in;
    node->out.halo = 0;
    if (from + count > *sides[axis])
        return sx_fail(err, SX_BAD_INPUT, "%d from %d on are more than the %d there are", count,
                       from, *sides[axis]);
    *sides[axis] = count;
    return SX_OK;
}

/* Floats from the start of the input's row to the first value that is taken from its pixel 0. */
static size_t first_of(const sx_graph_node *node) {
    size_t from = (size_t)node->option[FROM];
    if (node->option[AXIS] == WIDTH) return from * (size_t)node->in.channels;
    return node->option[AXIS] == CHANNELS ? from : 0;
}

static size_t row_at(const sx_graph_node *node, int y) {
    int from = node->option[AXIS] == HEIGHT ? (int)node->option[FROM] : 0;
    return (size_t)(from + y) * sx_geometry_row(node->in);
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    size_t in = (size_t)node->in.channels, out = (size_t)node->out.channels;
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++) {
            const float *from =
                sx_value(frame, sx_input(frame, node, 0), i) + row_at(node, y) + first_of(node);
            float *to = sx_value(frame, node, i) + (size_t)y * sx_geometry_row(node->out);
            if (in == out)
                memcpy(to, from, sx_row_length(node->out) * sizeof *to);
            else
                for (int x = 0; x < node->out.width; x++, from += in, to += out)
                    memcpy(to, from, out * sizeof *to);
        }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t in = (size_t)node->in.channels, out = (size_t)node->out.channels;
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++) {
        float *image = sx_slope(frame, input, i);
        if (!node->adds_gradient[0]) sx_clear_interior(image, node->in);
        for (int y = 0; y < node->out.height; y++) {
            float *dx = image + row_at(node, y) + first_of(node);
            const float *dy = sx_slope(frame, node, i) + (size_t)y * sx_geometry_row(node->out);
            if (in == out)
                sx_flat_add(dx, dy, sx_row_length(node->out));
            else
                for (int x = 0; x < node->out.width; x++, dx += in, dy += out)
                    sx_flat_add(dx, dy, out);
        }
    }
}

/* Index of the input's value that output value `i` is. */
static size_t reference_index(const sx_graph_node *node, size_t i) {
    size_t from[3] = {0}, channels = (size_t)node->out.channels, width = (size_t)node->out.width;
    size_t height = (size_t)node->out.height;
    from[(int)node->option[AXIS]] = (size_t)node->option[FROM];
    size_t c = i % channels + from[CHANNELS], x = i / channels % width + from[WIDTH];
    size_t y = i / (channels * width) % height + from[HEIGHT],
           image = i / (channels * width * height);
    return ((image * (size_t)node->in.height + y) * (size_t)node->in.width + x) *
               (size_t)node->in.channels +
           c;
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
    {"", "axis", SX_OPTION_CHOICE, "channels", 0, 0, "channels|height|width", "that is cut"},
    {"", "from", SX_OPTION_INTEGER, "0", 0, 65536, NULL, "the first that is taken"},
    {"", "count", SX_OPTION_INTEGER, "1", 1, 65536, NULL, "how many are taken"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_slice = {
    .name = "slice",
    .help = "a stretch of the image along one axis",
    .shapes = "[h, w, c] -> the same with `count` along the axis",
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
