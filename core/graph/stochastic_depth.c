/* Stochastic depth (arXiv 1603.09382, eq. 2): while training, a branch is left out of whole images
 * at the given rate, and scaled up where it stays, so that nothing is to do in prediction. Whether
 * image i keeps it is fixed by (seed of the run, step, node, i). */
#include "core/graph/internal.h"

#define STREAM (UINT64_C(0x57D) << 48)
#define NODE_BITS 12

enum { RATE };

static float factor_of(double rate, int node, uint64_t seed, int64_t step, int image) {
    uint64_t stream = STREAM ^ (uint64_t)step << NODE_BITS ^ (uint64_t)node;
    sx_random random = sx_random_from(seed, stream, (uint64_t)image);
    return (double)sx_random_uniform(&random) < rate ? 0 : (float)(1 / (1 - rate));
}

static float image_factor(const sx_frame *frame, const sx_graph_node *node, int image) {
    if (!frame->training || node->frozen || frame->frozen) return 1;
    return factor_of(node->option[RATE], sx_index(frame, node), frame->seed, frame->step, image);
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++)
            sx_flat_scale(sx_value(frame, node, i) + (size_t)y * sx_geometry_row(node->out),
                          sx_value(frame, sx_input(frame, node, 0), i) +
                              (size_t)y * sx_geometry_row(node->in),
                          image_factor(frame, node, i), sx_row_length(node->out));
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++) {
            float *dx = sx_slope(frame, input, i) + (size_t)y * sx_geometry_row(node->in);
            const float *dy = sx_slope(frame, node, i) + (size_t)y * sx_geometry_row(node->out);
            if (node->adds_gradient[0])
                sx_flat_add_scaled(dx, dy, image_factor(frame, node, i), sx_row_length(node->out));
            else
                sx_flat_scale(dx, dy, image_factor(frame, node, i), sx_row_length(node->out));
        }
}

static double reference_factor(const sx_reference_call *call, size_t i) {
    size_t size = sx_reference_size(call) / (size_t)call->batch;
    if (!call->training) return 1;
    return (double)factor_of(sx_reference_node(call)->option[RATE], call->index, call->seed,
                             call->step, (int)(i / size));
}

static void reference_forward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = call->x[0][i] * reference_factor(call, i);
}

static void reference_backward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->dx[0][i] += call->dy[i] * reference_factor(call, i);
}

static const sx_option options[] = {
    {"", "rate", SX_OPTION_NUMBER, "0.1", 0, 0.999, NULL, "share of images that do without"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_stochastic_depth = {
    .name = "stochastic_depth",
    .help = "leaves a branch out of whole images at the given rate while training",
    .shapes = "[h, w, c] -> same",
    .work = "none",
    .options = options,
    .shape = sx_same_shape,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .predict = forward,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
