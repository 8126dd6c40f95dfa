/* Losses that compare each value of the output with a target of its own: mean squared error, Huber,
 * and binary cross-entropy on logits, each the mean over all values (PyTorch's reduction "mean").
 * Without targets the label stands for a one-hot vector. The node's value is the output itself, or
 * its sigmoid for cross-entropy. "Right" is an image whose largest output is its target's. */
#include "core/graph/loss.h"

#include <math.h>

enum { DELTA };

size_t sx_loss_memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    (void)node;
    return training ? (size_t)graph->batch * sizeof(sx_image_loss) / sizeof(float) : 0;
}

void sx_loss_sum(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    double loss = 0, right = 0;
    for (int i = 0; i < frame->graph->batch; i++) {
        loss += sx_loss_report(frame, node, i)->loss;
        right += sx_loss_report(frame, node, i)->right;
    }
    *frame->report = (sx_run_report){loss / frame->graph->batch, (int)right};
}

/* The loss of one value and its slope. */
typedef struct {
    double value, loss, slope;
} term;

static term squared(double x, double target, double delta) {
    (void)delta;
    return (term){x, (x - target) * (x - target), 2 * (x - target)};
}

/* 0.5 d^2 up to delta, then delta (|d| - 0.5 delta) (Huber 1964; PyTorch's HuberLoss). */
static term huber(double x, double target, double delta) {
    double d = x - target, size = fabs(d);
    if (size <= delta) return (term){x, 0.5 * d * d, d};
    return (term){x, delta * (size - 0.5 * delta), d > 0 ? delta : -delta};
}

/* max(x, 0) - x t + log(1 + exp(-|x|)): never overflows. */
static term binary(double x, double target, double delta) {
    (void)delta;
    double small = exp(-fabs(x)), sigmoid = x >= 0 ? 1 / (1 + small) : small / (1 + small);
    return (term){sigmoid, fmax(x, 0) - x * target + log1p(small), sigmoid - target};
}

typedef term (*term_function)(double x, double target, double delta);

static term_function terms_of(const sx_graph_node *node) {
    if (node->op == &sx_operator_mean_squared_error) return squared;
    return node->op == &sx_operator_huber ? huber : binary;
}

static double target_at(const float *targets, const int32_t *labels, size_t image, size_t at,
                        size_t size) {
    return targets ? (double)targets[image * size + at] : at == (size_t)labels[image];
}

typedef struct {
    sx_image_loss sum;
    double best, wanted; /* the largest output and target so far */
    double best_target;  /* the target where the output is largest */
} image_sums;

static void row_forward(const sx_frame *frame, const sx_graph_node *node, int image, int row,
                        image_sums *sums) {
    size_t length = sx_row_length(node->out), size = length * (size_t)node->out.height;
    const float *x =
        sx_value(frame, sx_input(frame, node, 0), image) + (size_t)row * sx_geometry_row(node->in);
    float *y = sx_value(frame, node, image) + (size_t)row * sx_geometry_row(node->out);
    term_function term_of = terms_of(node);
    for (size_t i = 0; i < length; i++) {
        double target =
            target_at(frame->targets, frame->labels, (size_t)image, (size_t)row * length + i, size);
        term t = term_of((double)x[i], target, node->option[DELTA]);
        y[i] = (float)t.value;
        sums->sum.loss += t.loss;
        if ((double)x[i] > sums->best) sums->best = (double)x[i], sums->best_target = target;
        if (target > sums->wanted) sums->wanted = target;
    }
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    double size = (double)sx_row_length(node->out) * node->out.height;
    for (int i = first; i < first + count; i++) {
        image_sums sums = {.best = -INFINITY, .wanted = -INFINITY, .best_target = -INFINITY};
        for (int row = 0; row < node->out.height; row++) row_forward(frame, node, i, row, &sums);
        sums.sum.loss /= size;
        sums.sum.right = sums.best_target >= sums.wanted && !isnan(sums.sum.loss);
        *sx_loss_report(frame, node, i) = sums.sum;
    }
}

static void row_backward(const sx_frame *frame, const sx_graph_node *node, int image, int row) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t length = sx_row_length(node->out), size = length * (size_t)node->out.height;
    double share = 1 / ((double)frame->graph->batch * (double)size);
    size_t place = (size_t)row * sx_geometry_row(node->in);
    const float *x = sx_value(frame, input, image) + place;
    float *dx = sx_slope(frame, input, image) + place;
    term_function term_of = terms_of(node);
    for (size_t i = 0; i < length; i++) {
        double target =
            target_at(frame->targets, frame->labels, (size_t)image, (size_t)row * length + i, size);
        float slope = (float)(term_of((double)x[i], target, node->option[DELTA]).slope * share);
        dx[i] = node->adds_gradient[0] ? dx[i] + slope : slope;
    }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    for (int i = first; i < first + count; i++)
        for (int row = 0; row < node->out.height; row++) row_backward(frame, node, i, row);
}

static void reference_walk(const sx_reference_call *call, bool slopes) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t count = sx_reference_size(call), size = count / (size_t)call->batch;
    for (size_t i = 0; i < count; i++) {
        double target =
            call->training ? target_at(call->targets, call->labels, i / size, i % size, size) : 0;
        term t = terms_of(node)(call->x[0][i], target, node->option[DELTA]);
        call->y[i] = t.value;
        if (slopes)
            call->dx[0][i] += t.slope / (double)count;
        else if (call->training)
            *call->loss += t.loss / (double)count;
    }
}

static void reference_forward(const sx_reference_call *call) {
    reference_walk(call, false);
}

static void reference_backward(const sx_reference_call *call) {
    reference_walk(call, true);
}

#define VALUE_LOSS(NAME, HELP)                                                                     \
    .name = NAME, .help = HELP, .shapes = "[h, w, c] -> loss", .work = "none",                     \
    .checked = "PyTorch", .loss = true, .shape = sx_same_shape, .memory = sx_loss_memory,          \
    .forward = {{.range = forward}}, .backward = {{.range = backward}},                            \
    .finish = {{.own = sx_loss_sum, .pieces = sx_one_piece}},                                      \
    .reference_forward = reference_forward, .reference_backward = reference_backward

const sx_operator sx_operator_mean_squared_error = {
    VALUE_LOSS("mean_squared_error", "the loss: the mean square of output minus target"),
};

static const sx_option huber_options[] = {
    {"", "delta", SX_OPTION_NUMBER, "1", 1e-9, 1e9, NULL, "where the parabola becomes a line"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_huber = {
    VALUE_LOSS("huber", "the loss: a parabola near the target, a line beyond delta"),
    .options = huber_options,
};

const sx_operator sx_operator_binary_cross_entropy = {
    VALUE_LOSS("binary_cross_entropy", "the loss: each output is the logit of a yes or no"),
};
