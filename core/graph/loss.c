/* Softmax cross-entropy: the last node of every graph. Its value are the probabilities; the loss is
 * the mean over the batch, summed in double in the order of the images. */
#include "core/graph/internal.h"

#include <math.h>
#include <string.h>

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    if (node->in.height != 1 || node->in.width != 1)
        return sx_fail(err, SX_BAD_INPUT,
                       "the logits must be a vector, not %d x %d x %d; end with a dense layer",
                       node->in.height, node->in.width, node->in.channels);
    node->out = node->in;
    node->out.halo = 0;
    return SX_OK;
}

static double cost(const sx_graph_node *node) {
    (void)node;
    return 0;
}

/* Of every image: its loss, and whether it is right. */
static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    (void)node;
    return training ? 4 * (size_t)graph->batch : 0;
}

static double *image_report(const sx_frame *frame, const sx_graph_node *node, int image) {
    double *reports = (void *)frame->memory[sx_index(frame, node)];
    return reports + 2 * (ptrdiff_t)image;
}

static int largest(const float *x, int count) {
    int best = 0;
    for (int j = 1; j < count; j++)
        if (x[j] > x[best]) best = j;
    return best;
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    int classes = node->in.channels;
    for (int i = first; i < first + count; i++) {
        const float *logits = sx_value(frame, sx_input(frame, node, 0), i);
        float *probabilities = sx_value(frame, node, i);
        int label = frame->labels[i], best = largest(logits, classes);
        double sum = 0, top = logits[best];
        for (int j = 0; j < classes; j++) sum += exp((double)logits[j] - top);
        for (int j = 0; j < classes; j++)
            probabilities[j] = (float)(exp((double)logits[j] - top) / sum);
        double *report = image_report(frame, node, i);
        /* cppcheck-suppress invalidFunctionArg ; the largest logit alone gives 1 */
        report[0] = log(sum) + top - (double)logits[label];
        report[1] = best == label && !isnan(report[0]);
    }
}

static void sum_up(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    double loss = 0, right = 0;
    for (int i = 0; i < frame->graph->batch; i++) {
        loss += image_report(frame, node, i)[0];
        right += image_report(frame, node, i)[1];
    }
    *frame->report = (sx_run_report){loss / frame->graph->batch, (int)right};
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    float share = 1.0f / (float)frame->graph->batch;
    for (int i = first; i < first + count; i++) {
        float *dx = sx_slope(frame, input, i);
        const float *probabilities = sx_value(frame, node, i);
        for (int j = 0; j < node->in.channels; j++) {
            float value = (probabilities[j] - (float)(j == frame->labels[i])) * share;
            dx[j] = node->adds_gradient[0] ? dx[j] + value : value;
        }
    }
}

static void reference_forward(const sx_reference_call *call) {
    int classes = sx_reference_node(call)->in.channels;
    for (int i = 0; i < call->batch; i++) {
        const double *logits = call->x[0] + (size_t)i * (size_t)classes;
        double sum = 0;
        for (int j = 0; j < classes; j++) sum += exp(logits[j]);
        for (int j = 0; j < classes; j++) call->y[i * classes + j] = exp(logits[j]) / sum;
        if (call->labels) *call->loss += (log(sum) - logits[call->labels[i]]) / call->batch;
    }
}

static void reference_backward(const sx_reference_call *call) {
    int classes = sx_reference_node(call)->in.channels;
    for (int i = 0; i < call->batch * classes; i++)
        call->dx[0][i] += (call->y[i] - (i % classes == call->labels[i / classes])) / call->batch;
}

const sx_operator sx_operator_softmax_cross_entropy = {
    .name = "softmax_cross_entropy",
    .help = "the loss: minus the log of the right class's probability, mean over the batch",
    .shape = shape,
    .memory = memory,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .finish = {{.own = sum_up, .pieces = sx_one_piece}},
    .cost = cost,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
