/* Zeros before and after the image along one axis. A shortcut without weights (arXiv 1512.03385,
 * section 3.3, option A) gets its new channels so; a max pool gets a border that may be the largest
 * value, where its own padding never is. */
#include "core/graph/internal.h"

enum { AXIS, BEFORE, AFTER };
enum { CHANNELS, HEIGHT, WIDTH }; /* of AXIS */

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    int more = (int)node->option[BEFORE] + (int)node->option[AFTER];
    node->out = node->in;
    node->out.halo = 0;
    int *sides[] = {&node->out.channels, &node->out.height, &node->out.width};
    int *side = sides[(int)node->option[AXIS]];
    *side += more;
    if (*side <= 65536) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "with %d zeros a side has %d values, more than 65536", more,
                   *side);
}

/* From the output's first value to where row y of the input belongs. */
static size_t place_of(const sx_graph_node *node, int y) {
    size_t before = (size_t)node->option[BEFORE], row = sx_geometry_row(node->out);
    if (node->option[AXIS] == HEIGHT) return (before + (size_t)y) * row;
    size_t step = node->option[AXIS] == WIDTH ? (size_t)node->out.channels : 1;
    return (size_t)y * row + before * step;
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    size_t in = (size_t)node->in.channels, out = (size_t)node->out.channels;
    for (int i = first; i < first + count; i++) {
        float *image = sx_value(frame, node, i);
        sx_clear_interior(image, node->out);
        for (int y = 0; y < node->in.height; y++) {
            const float *from = sx_value(frame, sx_input(frame, node, 0), i) +
                                (size_t)y * sx_geometry_row(node->in);
            float *to = image + place_of(node, y);
            if (in == out)
                memcpy(to, from, sx_row_length(node->in) * sizeof *to);
            else
                for (int x = 0; x < node->in.width; x++, from += in, to += out)
                    memcpy(to, from, in * sizeof *to);
        }
    }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t in = (size_t)node->in.channels, out = (size_t)node->out.channels;
    bool adds = node->adds_gradient[0];
    for (int i = first; input->needs_gradient && i < first + count; i++)
        for (int y = 0; y < node->in.height; y++) {
            float *dx = sx_slope(frame, input, i) + (size_t)y * sx_geometry_row(node->in);
            const float *dy = sx_slope(frame, node, i) + place_of(node, y);
            if (in == out)
                sx_store_gradient(dx, dy, adds, sx_row_length(node->in));
            else
                for (int x = 0; x < node->in.width; x++, dx += in, dy += out)
                    sx_store_gradient(dx, dy, adds, in);
        }
}

/* Index of the input's value that output value `i` is; false: a zero. */
static bool reference_index(const sx_graph_node *node, size_t i, size_t *at) {
    size_t channels = (size_t)node->out.channels, width = (size_t)node->out.width;
    size_t height = (size_t)node->out.height, image = i / (channels * width * height);
    size_t place[3] = {i % channels, i / (channels * width) % height, i / channels % width};
    size_t sides[3] = {(size_t)node->in.channels, (size_t)node->in.height, (size_t)node->in.width};
    size_t axis = (size_t)node->option[AXIS], before = (size_t)node->option[BEFORE];
    if (place[axis] < before || place[axis] - before >= sides[axis]) return false;
    place[axis] -= before;
    *at = ((image * sides[HEIGHT] + place[HEIGHT]) * sides[WIDTH] + place[WIDTH]) * sides[0] +
          place[CHANNELS];
    return true;
}

static void reference_forward(const sx_reference_call *call) {
    for (size_t i = 0, at = 0; i < sx_reference_size(call); i++)
        call->y[i] = reference_index(sx_reference_node(call), i, &at) ? call->x[0][at] : 0;
}

static void reference_backward(const sx_reference_call *call) {
    for (size_t i = 0, at = 0; i < sx_reference_size(call); i++)
        if (reference_index(sx_reference_node(call), i, &at)) call->dx[0][at] += call->dy[i];
}

static const sx_option options[] = {
    {"", "axis", SX_OPTION_CHOICE, "channels", 0, 0, "channels|height|width", "that grows"},
    {"", "before", SX_OPTION_INTEGER, "0", 0, 32768, NULL, "zeros before the image"},
    {"", "after", SX_OPTION_INTEGER, "0", 0, 32768, NULL, "zeros after it"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_pad = {
    .name = "pad",
    .help = "zeros before and after the image along one axis",
    .shapes = "[h, w, c] -> the same with `before` + `after` more along the axis",
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
