/* Activations but ReLU, which the layer before takes along: one forward and one backward pass for
 * all that look at one value at a time, and one for softmax and log-softmax, which look at the
 * channels of a pixel. Which of them it is stands in the operator and its options. Backward reads
 * the input's value or the output's, whichever the slope is cheaper from; training keeps both. */
#include "core/graph/internal.h"

#include <math.h>

enum { SLOPE }; /* of leaky_relu */
enum { FORM };  /* of gelu: in the order of its choices and of sx_activation_kind */

/* ---- of each value --------------------------------------------------------------------------- */

static sx_activation form_of(const sx_graph_node *node) {
    const sx_operator *op = node->op;
    if (op == &sx_operator_leaky_relu)
        return (sx_activation){SX_LEAKY_RELU, (float)node->option[SLOPE]};
    if (op == &sx_operator_gelu)
        return (sx_activation){(sx_activation_kind)(SX_GELU_ERF + (int)node->option[FORM]), 0};
    if (op == &sx_operator_sigmoid) return (sx_activation){SX_SIGMOID, 0};
    return (sx_activation){op == &sx_operator_tanh ? SX_TANH : SX_SILU, 0};
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    sx_activation form = form_of(node);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++)
            sx_flat_activation(form, sx_row_of(sx_value(frame, node, i), node->out, y),
                               sx_row_of(sx_value(frame, input, i), node->in, y),
                               sx_row_length(node->out));
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    sx_activation form = form_of(node);
    const sx_graph_node *from = sx_activation_reads_value(form.kind) ? node : input;
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++)
            sx_flat_activation_backward(form, sx_row_of(sx_slope(frame, input, i), node->in, y),
                                        sx_row_of(sx_slope(frame, node, i), node->out, y),
                                        sx_row_of(sx_value(frame, from, i), from->out, y),
                                        node->adds_gradient[0], sx_row_length(node->out));
}

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

typedef struct {
    double value, slope;
} term;

/* x s(u) and its slope. */
static term gated(double x, double u, double u_slope) {
    double s = sigmoid(u);
    return (term){x * s, s + x * s * (1 - s) * u_slope};
}

/* x Phi(x) and its slope. */
static term gelu(double x) {
    double share = 0.5 * erfc(-x / sqrt(2)), density = exp(-x * x / 2) / sqrt(2 * acos(-1));
    return (term){x * share, share + x * density};
}

/* 0.5 x (1 + tanh u) and its slope. */
static term gelu_tanh(double x) {
    double root = sqrt(2 / acos(-1)), t = tanh(root * (x + 0.044715 * x * x * x));
    double u_slope = root * (1 + 3 * 0.044715 * x * x);
    return (term){0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * u_slope};
}

static term plain(sx_activation form, double x) {
    switch (form.kind) {
    case SX_LEAKY_RELU:
        return x > 0 ? (term){x, 1} : (term){x * (double)form.slope, (double)form.slope};
    case SX_GELU_ERF:
        return gelu(x);
    case SX_GELU_TANH:
        return gelu_tanh(x);
    case SX_GELU_QUICK:
        return gated(x, 1.702 * x, 1.702);
    case SX_SIGMOID:
        return (term){sigmoid(x), sigmoid(x) * sigmoid(-x)};
    case SX_TANH:
        return (term){tanh(x), 1 - tanh(x) * tanh(x)};
    default:
        return gated(x, x, 1);
    }
}

static void reference_forward(const sx_reference_call *call) {
    sx_activation form = form_of(sx_reference_node(call));
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = plain(form, call->x[0][i]).value;
}

static void reference_backward(const sx_reference_call *call) {
    sx_activation form = form_of(sx_reference_node(call));
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->dx[0][i] += call->dy[i] * plain(form, call->x[0][i]).slope;
}

#define ACTIVATION                                                                                 \
    .shapes = "[h, w, c] -> same", .work = "none", .checked = "PyTorch", .shape = sx_same_shape,   \
    .forward = {{.range = forward}}, .backward = {{.range = backward}}, .predict = forward,        \
    .reference_forward = reference_forward, .reference_backward = reference_backward

static const sx_option leaky_relu_options[] = {
    {"", "slope", SX_OPTION_NUMBER, "0.01", 0, 1, NULL, "slope below 0"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_leaky_relu = {
    .name = "leaky_relu",
    .help = "x above 0, a small multiple of x below",
    ACTIVATION,
    .options = leaky_relu_options,
};

static const sx_option gelu_options[] = {
    {"", "form", SX_OPTION_CHOICE, "erf", 0, 0, "erf|tanh|quick",
     "exact, by tanh, or x sigmoid(1.702 x)"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_gelu = {
    .name = "gelu",
    .help = "x times the share of a normal distribution below x",
    ACTIVATION,
    .options = gelu_options,
};

const sx_operator sx_operator_sigmoid = {
    .name = "sigmoid",
    .help = "1 / (1 + exp(-x))",
    ACTIVATION,
};

const sx_operator sx_operator_tanh = {
    .name = "tanh",
    .help = "the hyperbolic tangent",
    ACTIVATION,
};

const sx_operator sx_operator_silu = {
    .name = "silu",
    .help = "x sigmoid(x), also called swish",
    ACTIVATION,
};

/* ---- over the channels of a pixel ------------------------------------------------------------ */

static bool takes_log(const sx_graph_node *node) {
    return node->op == &sx_operator_log_softmax;
}

static void softmax_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                            int worker) {
    (void)worker;
    size_t channels = (size_t)node->out.channels, length = sx_row_length(node->out);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++) {
            const float *from =
                sx_row_of(sx_value(frame, sx_input(frame, node, 0), i), node->in, y);
            float *to = sx_row_of(sx_value(frame, node, i), node->out, y);
            for (size_t at = 0; at < length; at += channels)
                if (takes_log(node))
                    sx_log_softmax_row(to + at, from + at, channels);
                else
                    sx_softmax_row(to + at, from + at, channels);
        }
}

static void softmax_backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                             int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    size_t channels = (size_t)node->out.channels, length = sx_row_length(node->out);
    bool accumulate = node->adds_gradient[0];
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++) {
            float *dx = sx_row_of(sx_slope(frame, input, i), node->in, y);
            const float *dy = sx_row_of(sx_slope(frame, node, i), node->out, y);
            const float *value = sx_row_of(sx_value(frame, node, i), node->out, y);
            for (size_t at = 0; at < length; at += channels)
                if (takes_log(node))
                    sx_log_softmax_row_backward(dx + at, dy + at, value + at, accumulate, channels);
                else
                    sx_softmax_row_backward(dx + at, dy + at, value + at, accumulate, channels);
        }
}

static void softmax_reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->out.channels;
    for (size_t at = 0; at < sx_reference_size(call); at += channels) {
        const double *x = call->x[0] + at;
        double top = x[0], sum = 0;
        for (size_t c = 1; c < channels; c++) top = fmax(top, x[c]);
        for (size_t c = 0; c < channels; c++) sum += exp(x[c] - top);
        for (size_t c = 0; c < channels; c++)
            call->y[at + c] = takes_log(node) ? x[c] - top - log(sum) : exp(x[c] - top) / sum;
    }
}

static void softmax_reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->out.channels;
    for (size_t at = 0; at < sx_reference_size(call); at += channels) {
        const double *y = call->y + at, *dy = call->dy + at;
        double sum = 0;
        for (size_t c = 0; c < channels; c++) sum += takes_log(node) ? dy[c] : dy[c] * y[c];
        for (size_t c = 0; c < channels; c++)
            call->dx[0][at + c] += takes_log(node) ? dy[c] - exp(y[c]) * sum : y[c] * (dy[c] - sum);
    }
}

#define SOFTMAX                                                                                    \
    .shapes = "[h, w, c] -> same", .work = "none", .checked = "PyTorch", .shape = sx_same_shape,   \
    .forward = {{.range = softmax_forward}}, .backward = {{.range = softmax_backward}},            \
    .predict = softmax_forward, .reference_forward = softmax_reference_forward,                    \
    .reference_backward = softmax_reference_backward

const sx_operator sx_operator_softmax = {
    .name = "softmax",
    .help = "the channels of each pixel as shares of their exponentials' sum",
    SOFTMAX,
};

const sx_operator sx_operator_log_softmax = {
    .name = "log_softmax",
    .help = "the logarithm of softmax",
    SOFTMAX,
};
