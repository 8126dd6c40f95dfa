/* Operators that look at one place at a time: the input, ReLU, addition, dropout. */
#include "core/graph/internal.h"

#include <string.h>

/* ---- input ----------------------------------------------------------------------------------- */

static void input_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                          int worker) {
    (void)worker;
    size_t length = sx_row_length(node->out);
    const float *from = frame->images + (size_t)first * (size_t)node->out.height * length;
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++, from += length)
            memcpy(sx_row_of(sx_value(frame, node, i), node->out, y), from, length * sizeof *from);
}

const sx_operator sx_operator_input = {
    .name = "input",
    .help = "the images of the batch",
    .shapes = "-> [h, w, c]",
    .work = "none",
    .source = true,
    .forward = {{.range = input_forward}},
    .predict = input_forward,
};

/* ---- ReLU: alone, where nothing before it can take it along ------------------------------------
 */

static void relu_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                         int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++)
            sx_flat_relu(sx_row_of(sx_value(frame, node, i), node->out, y),
                         sx_row_of(sx_value(frame, input, i), node->in, y),
                         sx_row_length(node->out));
}

static void relu_backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                          int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++)
            sx_flat_relu_backward(sx_row_of(sx_slope(frame, input, i), node->in, y),
                                  sx_row_of(sx_slope(frame, node, i), node->out, y),
                                  sx_row_of(sx_value(frame, node, i), node->out, y),
                                  node->adds_gradient[0], sx_row_length(node->out));
}

static void relu_reference_forward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = call->x[0][i] < 0 ? 0 : call->x[0][i];
}

static void relu_reference_backward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->dx[0][i] += call->y[i] <= 0 ? 0 : call->dy[i];
}

const sx_operator sx_operator_relu = {
    .name = "relu",
    .help = "max(x, 0)",
    .shapes = "[h, w, c] -> same",
    .work = "none",
    .checked = "PyTorch",
    .shape = sx_same_shape,
    .forward = {{.range = relu_forward}},
    .backward = {{.range = relu_backward}},
    .predict = relu_forward,
    .reference_forward = relu_reference_forward,
    .reference_backward = relu_reference_backward,
};

/* ---- addition -------------------------------------------------------------------------------- */

static sx_status add_shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    sx_geometry a = node->in, b = graph->nodes[node->inputs[1]].out;
    if (a.height != b.height || a.width != b.width || a.channels != b.channels)
        return sx_fail(err, SX_BAD_INPUT, "cannot add %d x %d x %d and %d x %d x %d", a.height,
                       a.width, a.channels, b.height, b.width, b.channels);
    return sx_same_shape(graph, node, err);
}

static void add_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                        int worker) {
    (void)worker;
    const sx_graph_node *a = sx_input(frame, node, 0), *b = sx_input(frame, node, 1);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++)
            sx_flat_sum(sx_row_of(sx_value(frame, node, i), node->out, y),
                        sx_row_of(sx_value(frame, a, i), a->out, y),
                        sx_row_of(sx_value(frame, b, i), b->out, y), node->relu,
                        sx_row_length(node->out));
}

static void add_backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                         int worker) {
    sx_mask_gradient(frame, node, first, count, worker);
    for (int k = 0; k < 2; k++) {
        const sx_graph_node *input = sx_input(frame, node, k);
        if (!input->needs_gradient) continue;
        for (int i = first; i < first + count; i++)
            for (int y = 0; y < node->out.height; y++) {
                float *dx = sx_row_of(sx_slope(frame, input, i), input->out, y);
                const float *dy = sx_row_of(sx_slope(frame, node, i), node->out, y);
                if (node->adds_gradient[k])
                    sx_flat_add(dx, dy, sx_row_length(node->out));
                else
                    memcpy(dx, dy, sx_row_length(node->out) * sizeof *dx);
            }
    }
}

static void add_reference_forward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++) call->y[i] = call->x[0][i] + call->x[1][i];
}

static void add_reference_backward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        call->dx[0][i] += call->dy[i];
        call->dx[1][i] += call->dy[i];
    }
}

const sx_operator sx_operator_add = {
    .name = "add",
    .help = "the sum of two nodes of one shape (a residual connection)",
    .shapes = "2 of [h, w, c] -> same",
    .work = "none",
    .checked = "PyTorch",
    .least_inputs = 2,
    .shape = add_shape,
    .forward = {{.range = add_forward}},
    .backward = {{.range = add_backward}},
    .predict = add_forward,
    .reference_forward = add_reference_forward,
    .reference_backward = add_reference_backward,
};

/* ---- dropout --------------------------------------------------------------------------------- */

#define STREAM_DROPOUT (UINT64_C(0xD509) << 48)
#define NODE_BITS 12

/* The factors of a whole image in the order of its values: a value is kept if 32 random bits are at
 * or above the rate, and each 64-bit draw serves two. */
typedef struct {
    sx_random random;
    uint64_t held;
    bool half;
    uint32_t threshold;
    float factor;
} mask;

static mask mask_of(double rate, int node, uint64_t seed, int64_t step, int image) {
    uint64_t stream = STREAM_DROPOUT ^ (uint64_t)step << NODE_BITS ^ (uint64_t)node;
    return (mask){.random = sx_random_from(seed, stream, (uint64_t)image),
                  .threshold = (uint32_t)(rate * 4294967296.0),
                  .factor = (float)(1 / (1 - rate))};
}

static float next_factor(mask *m) {
    m->held = m->half ? m->held >> 32 : sx_random_bits(&m->random);
    m->half = !m->half;
    return (uint32_t)m->held >= m->threshold ? m->factor : 0;
}

static sx_status dropout_shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    if (!(node->rate >= 0 && node->rate < 1))
        return sx_fail(err, SX_BAD_INPUT, "a dropout rate of %g: must be at least 0 and below 1",
                       node->rate);
    return sx_same_shape(graph, node, err);
}

static void drop_row(mask *m, float *to, const float *from, bool accumulate, size_t length) {
    for (size_t i = 0; i < length; i++) {
        float value = from[i] * next_factor(m);
        to[i] = accumulate ? to[i] + value : value;
    }
}

static mask frame_mask(const sx_frame *frame, const sx_graph_node *node, int image) {
    double rate = node->frozen || frame->frozen ? 0 : node->rate;
    return mask_of(rate, sx_index(frame, node), frame->seed, frame->step, image);
}

static void dropout_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                            int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    for (int i = first; i < first + count; i++) {
        mask m = frame_mask(frame, node, i);
        for (int y = 0; y < node->out.height; y++)
            drop_row(&m, sx_row_of(sx_value(frame, node, i), node->out, y),
                     sx_row_of(sx_value(frame, input, i), node->in, y), false,
                     sx_row_length(node->out));
    }
}

static void dropout_backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                             int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++) {
        mask m = frame_mask(frame, node, i);
        for (int y = 0; y < node->out.height; y++)
            drop_row(&m, sx_row_of(sx_slope(frame, input, i), node->in, y),
                     sx_row_of(sx_slope(frame, node, i), node->out, y), node->adds_gradient[0],
                     sx_row_length(node->out));
    }
}

static void reference_drop(const sx_reference_call *call, const double *from, double *to) {
    size_t size = sx_reference_size(call) / (size_t)call->batch;
    for (int image = 0; image < call->batch; image++) {
        mask m = mask_of(sx_reference_node(call)->rate, call->index, call->seed, call->step, image);
        for (size_t i = 0; i < size; i++)
            *to++ += *from++ * (call->training ? (double)next_factor(&m) : 1);
    }
}

static void dropout_reference_forward(const sx_reference_call *call) {
    reference_drop(call, call->x[0], call->y);
}

static void dropout_reference_backward(const sx_reference_call *call) {
    reference_drop(call, call->dy, call->dx[0]);
}

static const sx_option dropout_options[] = {
    {"", "rate", SX_OPTION_NUMBER, "0.5", 0, 0.999, NULL, "share of values set to 0"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static void dropout_take(sx_graph_node *node) {
    node->rate = node->option[0];
}

const sx_operator sx_operator_dropout = {
    .name = "dropout",
    .help = "sets values to 0 at the given rate while training, and scales up the rest",
    .shapes = "[h, w, c] -> same",
    .work = "none",
    .options = dropout_options,
    .take = dropout_take,
    .shape = dropout_shape,
    .forward = {{.range = dropout_forward}},
    .backward = {{.range = dropout_backward}},
    .reference_forward = dropout_reference_forward,
    .reference_backward = dropout_reference_backward,
};
