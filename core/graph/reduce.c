/* Sum, mean, maximum and minimum over the channels of every pixel, over the pixels of every
 * channel, or over the whole image. A maximum's gradient is shared evenly by the values that reach
 * it, as PyTorch's amax does. */
#include "core/graph/internal.h"

enum { KIND, OVER };
enum { SUM, MEAN, MAXIMUM, MINIMUM };   /* of KIND */
enum { OF_CHANNELS, OF_SPACE, OF_ALL }; /* of OVER */

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    (void)err;
    node->out = (sx_geometry){1, 1, 1, 0};
    if (node->option[OVER] == OF_CHANNELS)
        node->out = (sx_geometry){node->in.height, node->in.width, 1, 0};
    if (node->option[OVER] == OF_SPACE) node->out.channels = node->in.channels;
    return SX_OK;
}

static double cost(const sx_graph_node *node) {
    return (double)node->in.height * (double)sx_row_length(node->in);
}

/* Values that meet in one output. */
static double meeting(const sx_graph_node *node) {
    return cost(node) / ((double)node->out.height * (double)sx_row_length(node->out));
}

/* Floats from the image's first value to the output of pixel (y, x), channel c. */
static size_t place_of(const sx_graph_node *node, int y, int x, int c) {
    if (node->option[OVER] == OF_ALL) return 0;
    if (node->option[OVER] == OF_SPACE) return (size_t)c;
    return (size_t)y * sx_geometry_row(node->out) + (size_t)x;
}

static float joined(int kind, float a, float b) {
    if (kind == MAXIMUM) return b > a || b != b ? b : a;
    if (kind == MINIMUM) return b < a || b != b ? b : a;
    return a + b;
}

typedef struct {
    const sx_graph_node *node;
    const float *x, *y, *dy;
    float *out, *ties; /* ties: how many values reach an extreme */
} image;

typedef void (*value_visit)(const image *m, size_t from, size_t to, bool first);

/* Visits every value with its place and its output's place; `first`: of that output. */
static void walk(const image *m, value_visit visit) {
    const sx_graph_node *node = m->node;
    for (int y = 0; y < node->in.height; y++)
        for (int x = 0; x < node->in.width; x++)
            for (int c = 0; c < node->in.channels; c++) {
                bool first = node->option[OVER] == OF_CHANNELS ? c == 0
                             : node->option[OVER] == OF_SPACE  ? y == 0 && x == 0
                                                               : y == 0 && x == 0 && c == 0;
                visit(m,
                      (size_t)y * sx_geometry_row(node->in) + (size_t)(x * node->in.channels + c),
                      place_of(node, y, x, c), first);
            }
}

static void visit_join(const image *m, size_t from, size_t to, bool first) {
    m->out[to] = first ? m->x[from] : joined((int)m->node->option[KIND], m->out[to], m->x[from]);
}

static void visit_ties(const image *m, size_t from, size_t to, bool first) {
    m->ties[to] = (first ? 0 : m->ties[to]) + (m->x[from] == m->y[to] ? 1.0f : 0.0f);
}

static void visit_slope(const image *m, size_t from, size_t to, bool first) {
    (void)first;
    float share = 1;
    int kind = (int)m->node->option[KIND];
    if (kind == MEAN) share = 1 / (float)meeting(m->node);
    if (kind == MAXIMUM || kind == MINIMUM) share = m->x[from] == m->y[to] ? 1 / m->ties[to] : 0;
    m->out[from] = m->dy[to] * share + (m->node->adds_gradient[0] ? m->out[from] : 0);
}

static size_t scratch(const sx_graph_node *node) {
    return (size_t)node->out.height * sx_geometry_row(node->out) + sx_geometry_size(node->out);
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    for (int i = first; i < first + count; i++) {
        image m = {.node = node,
                   .x = sx_value(frame, sx_input(frame, node, 0), i),
                   .out = sx_value(frame, node, i)};
        walk(&m, visit_join);
        if (node->option[KIND] != MEAN) continue;
        for (int y = 0; y < node->out.height; y++) {
            float *row = m.out + (size_t)y * sx_geometry_row(node->out);
            sx_flat_scale(row, row, 1 / (float)meeting(node), sx_row_length(node->out));
        }
    }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++) {
        image m = {.node = node,
                   .x = sx_value(frame, input, i),
                   .y = sx_value(frame, node, i),
                   .dy = sx_slope(frame, node, i),
                   .out = sx_slope(frame, input, i),
                   .ties = frame->scratch[worker]};
        walk(&m, visit_ties);
        walk(&m, visit_slope);
    }
}

/* ---- plain loops --------------------------------------------------------------------------------
 */

static size_t reference_place(const sx_graph_node *node, size_t i) {
    size_t channels = (size_t)node->in.channels;
    size_t size = (size_t)node->in.height * (size_t)node->in.width * channels;
    if (node->option[OVER] == OF_CHANNELS) return i / channels;
    if (node->option[OVER] == OF_ALL) return i / size;
    return i / size * channels + i % channels;
}

static void reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    int kind = (int)node->option[KIND];
    size_t count = sx_reference_size(call) * (size_t)meeting(node);
    for (size_t o = 0; o < sx_reference_size(call); o++)
        call->y[o] = kind == MAXIMUM ? -1e300 : kind == MINIMUM ? 1e300 : 0;
    for (size_t i = 0; i < count; i++) {
        double *y = &call->y[reference_place(node, i)], x = call->x[0][i];
        if (kind == MAXIMUM)
            *y = x > *y ? x : *y;
        else if (kind == MINIMUM)
            *y = x < *y ? x : *y;
        else
            *y += kind == MEAN ? x / meeting(node) : x;
    }
}

static double reference_ties(const sx_reference_call *call, size_t place, size_t count) {
    double ties = 0;
    for (size_t i = 0; i < count; i++)
        ties +=
            reference_place(sx_reference_node(call), i) == place && call->x[0][i] == call->y[place];
    return ties;
}

static void reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    int kind = (int)node->option[KIND];
    size_t count = sx_reference_size(call) * (size_t)meeting(node);
    for (size_t i = 0; i < count; i++) {
        size_t place = reference_place(node, i);
        double share = kind == MEAN ? 1 / meeting(node) : 1;
        if (kind == MAXIMUM || kind == MINIMUM)
            share = call->x[0][i] == call->y[place] ? 1 / reference_ties(call, place, count) : 0;
        call->dx[0][i] += call->dy[place] * share;
    }
}

static const sx_option options[] = {
    {"", "kind", SX_OPTION_CHOICE, "sum", 0, 0, "sum|mean|max|min", "what is taken"},
    {"", "over", SX_OPTION_CHOICE, "channels", 0, 0, "channels|space|all", "what disappears"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_reduce = {
    .name = "reduce",
    .help = "sum, mean, maximum or minimum over channels, pixels or the whole image",
    .shapes = "[h, w, c] -> [h, w, 1], [1, 1, c] or [1, 1, 1]",
    .work = "1 for each value",
    .checked = "PyTorch",
    .options = options,
    .shape = shape,
    .scratch = scratch,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .predict = forward,
    .cost = cost,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
