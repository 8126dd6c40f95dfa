/* Multiplies by a learned factor, kept as its logarithm so that it stays positive and a step
 * changes it by a share of itself: the temperature of a contrastive loss (arXiv 2103.00020,
 * section 2.5). It is never used above its limit, and what a step makes of it is cut back to that.
 */
#include "core/graph/partial.h"

#include <math.h>

enum { INITIAL, LIMIT }; /* options */

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    node->out = node->in;
    node->out.halo = 0;
    sx_slice_form form = {.suffix = "weight",
                          .sizes = {1},
                          .trained = true,
                          .initial = SX_INITIAL_VALUE,
                          .number = log(node->option[INITIAL])};
    return sx_graph_add_slice(graph, node, &form, err);
}

static double factor_of(const sx_graph_node *node, double weight) {
    return exp(fmin(weight, log(node->option[LIMIT])));
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    (void)node;
    return training ? sx_partial_memory(graph, 0, 1) : 0;
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    float factor = (float)factor_of(node, (double)*sx_weights(frame, node, 0));
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++)
            sx_flat_scale(sx_row_of(sx_value(frame, node, i), node->out, y),
                          sx_row_of(sx_value(frame, sx_input(frame, node, 0), i), node->in, y),
                          factor, sx_row_length(node->out));
}

static void spread_row(float *dx, const float *dy, float factor, bool adds, size_t length) {
    if (adds)
        sx_flat_add_scaled(dx, dy, factor, length);
    else
        sx_flat_scale(dx, dy, factor, length);
}

/* The slope by the logarithm is the sum of y dy. */
static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    float factor = (float)factor_of(node, (double)*sx_weights(frame, node, 0));
    size_t length = sx_row_length(node->out);
    double sum = 0;
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++) {
            const float *dy = sx_row_of(sx_slope(frame, node, i), node->out, y);
            const float *value = sx_row_of(sx_value(frame, node, i), node->out, y);
            for (size_t k = 0; k < length; k++) sum += (double)value[k] * (double)dy[k];
            if (input->needs_gradient)
                spread_row(sx_row_of(sx_slope(frame, input, i), node->in, y), dy, factor,
                           node->adds_gradient[0], length);
        }
    *sx_partial_chunk(frame, node, 0, 1, sx_chunk_of(frame, first)) = (float)sum;
}

static void finish(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    sx_partial_sum sum = {.count = 1, .length = 1};
    sum.gradient = frame->gradient + sx_slice_offset(frame, node, 0);
    sx_partial_add(frame, node, &sum);
}

/* Before the optimiser's step, with the gradient at the limit: as if the step before had been cut.
 */
static void commit(const sx_frame *frame, const sx_graph_node *node) {
    float *weight = frame->running + sx_slice_offset(frame, node, 0);
    float most = (float)log(node->option[LIMIT]);
    if (*weight > most) *weight = most;
}

static void reference_forward(const sx_reference_call *call) {
    double factor = factor_of(sx_reference_node(call), *sx_reference_weights(call, 0));
    for (size_t i = 0; i < sx_reference_size(call); i++) call->y[i] = call->x[0][i] * factor;
}

static void reference_backward(const sx_reference_call *call) {
    double factor = factor_of(sx_reference_node(call), *sx_reference_weights(call, 0));
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        call->dx[0][i] += call->dy[i] * factor;
        *sx_reference_gradient(call, 0) += call->dy[i] * call->y[i];
    }
}

static const sx_option options[] = {
    {"", "initial", SX_OPTION_NUMBER, "14.285714285714286", 1e-6, 1e6, NULL,
     "factor at the start; the default is 1 / 0.07"},
    {"", "limit", SX_OPTION_NUMBER, "100", 1e-6, 1e6, NULL, "the largest factor"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_learned_scale = {
    .name = "learned_scale",
    .help = "all values times exp of a learned number",
    .shapes = "[h, w, c] -> same",
    .work = "1 for each value",
    .checked = "PyTorch",
    .options = options,
    .shape = shape,
    .memory = memory,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .finish = {{.own = finish, .pieces = sx_one_piece}},
    .predict = forward,
    .commit = commit,
    .cost = sx_cost_of_values,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
