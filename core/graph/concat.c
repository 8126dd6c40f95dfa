/* Two to four layers one after the other along an axis. Every input has its place in the output: a
 * block of rows, of pixels in each row, or of channels in each pixel. */
#include "core/graph/internal.h"

enum { AXIS };
enum { CHANNELS, HEIGHT, WIDTH }; /* of AXIS */

static int *side_of(sx_geometry *g, int axis) {
    return axis == CHANNELS ? &g->channels : axis == HEIGHT ? &g->height : &g->width;
}

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    int axis = (int)node->option[AXIS];
    node->out = node->in;
    node->out.halo = 0;
    for (int k = 1; k < node->input_count; k++) {
        sx_geometry a = node->out, b = graph->nodes[node->inputs[k]].out;
        *side_of(&node->out, axis) += *side_of(&b, axis);
        *side_of(&a, axis) = *side_of(&b, axis);
        if (a.height != b.height || a.width != b.width || a.channels != b.channels)
            return sx_fail(err, SX_BAD_INPUT,
                           "layer %d is %d x %d x %d: only the side that is joined may differ",
                           k + 1, b.height, b.width, b.channels);
    }
    return SX_OK;
}

/* Where input k begins along the axis. */
static size_t begin_of(const sx_graph *graph, const sx_graph_node *node, int k) {
    size_t begin = 0;
    for (int i = 0; i < k; i++) {
        sx_geometry g = graph->nodes[node->inputs[i]].out;
        begin += (size_t)*side_of(&g, (int)node->option[AXIS]);
    }
    return begin;
}

/* The output's values that belong to row y of input k, from the output's first one. */
static size_t place_of(const sx_graph *graph, const sx_graph_node *node, int k, int y) {
    size_t begin = begin_of(graph, node, k), row = sx_geometry_row(node->out);
    if (node->option[AXIS] == HEIGHT) return (begin + (size_t)y) * row;
    size_t step = node->option[AXIS] == WIDTH ? (size_t)node->out.channels : 1;
    return (size_t)y * row + begin * step;
}

typedef void (*row_visit)(float *whole, float *part, bool accumulate, size_t count);

/* Visits the stretches of one image of input k that are contiguous on both sides. */
static void walk(const sx_graph *graph, const sx_graph_node *node, int k, float *whole, float *part,
                 row_visit visit) {
    sx_geometry g = graph->nodes[node->inputs[k]].out;
    size_t in = (size_t)g.channels, out = (size_t)node->out.channels;
    for (int y = 0; y < g.height; y++) {
        float *to = whole + place_of(graph, node, k, y);
        float *from = part + (size_t)y * sx_geometry_row(g);
        if (in == out)
            visit(to, from, node->adds_gradient[k], sx_row_length(g));
        else
            for (int x = 0; x < g.width; x++, to += out, from += in)
                visit(to, from, node->adds_gradient[k], in);
    }
}

static void copy_in(float *whole, float *part, bool accumulate, size_t count) {
    (void)accumulate;
    memcpy(whole, part, count * sizeof *whole);
}

static void copy_out(float *whole, float *part, bool accumulate, size_t count) {
    sx_store_gradient(part, whole, accumulate, count);
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    for (int i = first; i < first + count; i++)
        for (int k = 0; k < node->input_count; k++)
            walk(frame->graph, node, k, sx_value(frame, node, i),
                 sx_value(frame, sx_input(frame, node, k), i), copy_in);
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    for (int i = first; i < first + count; i++)
        for (int k = 0; k < node->input_count; k++)
            if (sx_input(frame, node, k)->needs_gradient)
                walk(frame->graph, node, k, sx_slope(frame, node, i),
                     sx_slope(frame, sx_input(frame, node, k), i), copy_out);
}

/* Index of output value `i` in the input k that it comes from. */
static size_t reference_index(const sx_reference_call *call, size_t i, int *k) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->out.channels, width = (size_t)node->out.width;
    size_t height = (size_t)node->out.height;
    size_t at[3] = {i % channels, i / (channels * width) % height, i / channels % width};
    size_t image = i / (channels * width * height), axis = (size_t)node->option[AXIS];
    for (*k = node->input_count - 1; begin_of(call->graph, node, *k) > at[axis];) --*k;
    at[axis] -= begin_of(call->graph, node, *k);
    sx_geometry g = call->graph->nodes[node->inputs[*k]].out;
    return ((image * (size_t)g.height + at[HEIGHT]) * (size_t)g.width + at[WIDTH]) *
               (size_t)g.channels +
           at[CHANNELS];
}

static void reference_forward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        int k;
        size_t at = reference_index(call, i, &k);
        call->y[i] = call->x[k][at];
    }
}

static void reference_backward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        int k;
        size_t at = reference_index(call, i, &k);
        call->dx[k][at] += call->dy[i];
    }
}

static const sx_option options[] = {
    {"", "axis", SX_OPTION_CHOICE, "channels", 0, 0, "channels|height|width", "that is joined"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_concat = {
    .name = "concat",
    .help = "layers one after the other along an axis",
    .shapes = "2 to 4 of [h, w, c], one side may differ -> that side's sum",
    .work = "none",
    .checked = "PyTorch",
    .options = options,
    .least_inputs = 2,
    .most_inputs = SX_INPUTS,
    .shape = shape,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .predict = forward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
