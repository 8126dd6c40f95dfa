/* Softmax cross-entropy. Its value are the probabilities; the loss is the mean over the batch,
 * summed in double in the order of the images. The target is the label, a row of soft targets (of a
 * mixed image), or, with smoothing s, (1 - s) of it and s spread evenly over all classes (arXiv
 * 1512.00567, section 7; PyTorch's convention). */
#include "core/graph/loss.h"

#include <math.h>

enum { SMOOTHING };

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

static int largest(const float *x, int count) {
    int best = 0;
    for (int j = 1; j < count; j++)
        if (x[j] > x[best]) best = j;
    return best;
}

typedef struct {
    const float *soft; /* [classes], or NULL */
    int label;
    double smoothing, even; /* even: share of each class by smoothing */
} target;

static target target_of(const sx_graph_node *node, const float *targets, const int32_t *labels,
                        int image) {
    int classes = node->in.channels;
    return (target){.soft = targets ? targets + (ptrdiff_t)image * classes : NULL,
                    .label = targets ? -1 : labels[image],
                    .smoothing = node->option[SMOOTHING],
                    .even = node->option[SMOOTHING] / classes};
}

static double target_value(const target *t, int class) {
    double hard = t->soft ? (double)t->soft[class] : class == t->label;
    return (1 - t->smoothing) * hard + t->even;
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    int classes = node->in.channels;
    for (int i = first; i < first + count; i++) {
        const float *logits = sx_value(frame, sx_input(frame, node, 0), i);
        float *probabilities = sx_value(frame, node, i);
        target t = target_of(node, frame->targets, frame->labels, i);
        int best = largest(logits, classes);
        int label = t.soft ? largest(t.soft, classes) : t.label;
        double sum = 0, top = logits[best], loss = 0;
        for (int j = 0; j < classes; j++) sum += exp((double)logits[j] - top);
        for (int j = 0; j < classes; j++)
            probabilities[j] = (float)(exp((double)logits[j] - top) / sum);
        /* cppcheck-suppress invalidFunctionArg ; the largest logit alone gives 1 */
        double whole = log(sum) + top;
        if (t.soft || t.smoothing > 0)
            for (int j = 0; j < classes; j++)
                loss += target_value(&t, j) * (whole - (double)logits[j]);
        else
            loss = whole - (double)logits[label];
        *sx_loss_report(frame, node, i) = (sx_image_loss){loss, best == label && !isnan(loss)};
    }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    float share = 1.0f / (float)frame->graph->batch;
    for (int i = first; i < first + count; i++) {
        float *dx = sx_slope(frame, input, i);
        const float *probabilities = sx_value(frame, node, i);
        target t = target_of(node, frame->targets, frame->labels, i);
        for (int j = 0; j < node->in.channels; j++) {
            float value = (probabilities[j] - (float)target_value(&t, j)) * share;
            dx[j] = node->adds_gradient[0] ? dx[j] + value : value;
        }
    }
}

static void reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    int classes = node->in.channels;
    for (int i = 0; i < call->batch; i++) {
        const double *logits = call->x[0] + (size_t)i * (size_t)classes;
        double sum = 0;
        for (int j = 0; j < classes; j++) sum += exp(logits[j]);
        for (int j = 0; j < classes; j++) call->y[i * classes + j] = exp(logits[j]) / sum;
        if (!call->training) continue;
        target t = target_of(node, call->targets, call->labels, i);
        for (int j = 0; j < classes; j++)
            *call->loss += target_value(&t, j) * (log(sum) - logits[j]) / call->batch;
    }
}

static void reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    int classes = node->in.channels;
    for (int i = 0; i < call->batch * classes; i++) {
        target t = target_of(node, call->targets, call->labels, i / classes);
        call->dx[0][i] += (call->y[i] - target_value(&t, i % classes)) / call->batch;
    }
}

static const sx_option options[] = {
    {"", "smoothing", SX_OPTION_NUMBER, "0", 0, 1, NULL, "share spread over all classes"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_softmax_cross_entropy = {
    .name = "softmax_cross_entropy",
    .help = "the loss: minus the log of the right class's probability, mean over the batch",
    .shapes = "[1, 1, classes] -> loss",
    .work = "none",
    .checked = "PyTorch",
    .options = options,
    .loss = true,
    .shape = shape,
    .memory = sx_loss_memory,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .finish = {{.own = sx_loss_sum, .pieces = sx_one_piece}},
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
