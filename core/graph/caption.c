/* What a text tower begins and ends with (arXiv 2103.00020, section 2.4): the token ids of a
 * caption, which are the targets of its image, and the one token that stands for all of them, the
 * end token, whose id is the largest. */
#include "core/graph/internal.h"

/* ---- targets ---------------------------------------------------------------------------------
 */

enum { LENGTH };

static sx_status targets_shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    (void)err;
    node->in = node->out = (sx_geometry){1, (int)node->option[LENGTH], 1, 0};
    return SX_OK;
}

static void targets_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                            int worker) {
    (void)worker;
    size_t length = (size_t)node->out.width;
    for (int i = first; i < first + count; i++) {
        float *to = sx_value(frame, node, i);
        if (frame->targets)
            memcpy(to, frame->targets + (size_t)i * length, length * sizeof *to);
        else
            memset(to, 0, length * sizeof *to);
    }
}

static void targets_reference_forward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = call->targets ? (double)call->targets[i] : 0;
}

/* Nobody asks for the slope of what is given. */
static void targets_reference_backward(const sx_reference_call *call) {
    (void)call;
}

static sx_status no_halo(const sx_graph_node *node, sx_error *err) {
    if (node->out.halo == 0 && node->in.halo == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "%s: a convolution cannot read or write tokens", node->name);
}

static const sx_option targets_options[] = {
    {"", "length", SX_OPTION_INTEGER, "77", 1, 65536, NULL, "values of one image's targets"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_targets = {
    .name = "targets",
    .help = "what belongs to each image, such as the token ids of its caption",
    .shapes = "-> [1, length, 1]",
    .work = "none",
    .checked = "PyTorch",
    .options = targets_options,
    .source = true,
    .shape = targets_shape,
    .fits = no_halo,
    .forward = {{.range = targets_forward}},
    .predict = targets_forward,
    .reference_forward = targets_reference_forward,
    .reference_backward = targets_reference_backward,
};

/* ---- end token -------------------------------------------------------------------------------
 */

static sx_status end_shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    sx_geometry tokens = node->in, ids = graph->nodes[node->inputs[1]].out;
    if (tokens.height != 1 || ids.height != 1 || ids.channels != 1 || ids.width != tokens.width)
        return sx_fail(err, SX_BAD_INPUT,
                       "tokens of %d x %d x %d and ids of %d x %d x %d: there must be one row of "
                       "tokens and an id for each",
                       tokens.height, tokens.width, tokens.channels, ids.height, ids.width,
                       ids.channels);
    node->out = (sx_geometry){1, 1, tokens.channels, 0};
    return SX_OK;
}

static sx_status end_fits(const sx_graph_node *node, sx_error *err) {
    if (node->in.halo == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "%s: a convolution cannot read the tokens", node->name);
}

static size_t end_of(const float *ids, int count) {
    int best = 0;
    for (int i = 1; i < count; i++)
        if (ids[i] > ids[best]) best = i;
    return (size_t)best;
}

static void end_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                        int worker) {
    (void)worker;
    size_t channels = (size_t)node->in.channels;
    for (int i = first; i < first + count; i++) {
        size_t end = end_of(sx_value(frame, sx_input(frame, node, 1), i), node->in.width);
        memcpy(sx_value(frame, node, i),
               sx_value(frame, sx_input(frame, node, 0), i) + end * channels,
               channels * sizeof(float));
    }
}

static void end_backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                         int worker) {
    (void)worker;
    const sx_graph_node *tokens = sx_input(frame, node, 0), *ids = sx_input(frame, node, 1);
    size_t channels = (size_t)node->in.channels;
    for (int i = first; i < first + count; i++) {
        size_t end = end_of(sx_value(frame, ids, i), node->in.width);
        if (ids->needs_gradient && !node->adds_gradient[1]) /* numbers have no slope */
            sx_clear_interior(sx_slope(frame, ids, i), ids->out);
        if (!tokens->needs_gradient) continue;
        float *dx = sx_slope(frame, tokens, i);
        if (!node->adds_gradient[0]) sx_clear_interior(dx, node->in);
        sx_flat_add(dx + end * channels, sx_slope(frame, node, i), channels);
    }
}

/* The place among the tokens' values of value `i` of the output. */
static size_t end_index(const sx_reference_call *call, size_t i) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->in.channels, tokens = (size_t)node->in.width;
    size_t image = i / channels, best = 0;
    const double *ids = call->x[1] + image * tokens;
    for (size_t t = 1; t < tokens; t++)
        if (ids[t] > ids[best]) best = t;
    return (image * tokens + best) * channels + i % channels;
}

static void end_reference_forward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = call->x[0][end_index(call, i)];
}

static void end_reference_backward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->dx[0][end_index(call, i)] += call->dy[i];
}

const sx_operator sx_operator_end_token = {
    .name = "end_token",
    .help = "the first token whose id, in the second layer, is the largest",
    .shapes = "[1, n, c], [1, n, 1] -> [1, 1, c]",
    .work = "none",
    .checked = "PyTorch",
    .least_inputs = 2,
    .shape = end_shape,
    .fits = end_fits,
    .forward = {{.range = end_forward}},
    .backward = {{.range = end_backward}},
    .predict = end_forward,
    .reference_forward = end_reference_forward,
    .reference_backward = end_reference_backward,
};
