/* Weight standardisation: the weights of every output channel with mean 0 and variance 1. */
#include "core/graph/convolution.h"

#include <math.h>

static size_t count_of(const sx_graph *graph, const sx_graph_node *node) {
    return graph->slices[node->slices[0]].count;
}

size_t sx_standard_size(const sx_graph_node *node) {
    size_t kernel = (size_t)node->convolution.kernel;
    size_t in = (size_t)(node->in.channels / node->groups);
    return node->standardised ? sx_round_up(kernel * kernel * in * (size_t)node->out.channels) : 0;
}

int sx_standard_pieces(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return node->standardised ? 1 : 0;
}

typedef struct {
    double mean, scale;
} moments;

/* `epsilon` is added to the variance. */
static moments moments_of(const float *w, size_t count, size_t channels, double epsilon) {
    double sum = 0, squares = 0, size = (double)count / (double)channels;
    for (size_t i = 0; i < count; i += channels) sum += (double)w[i];
    double mean = sum / size;
    for (size_t i = 0; i < count; i += channels)
        squares += ((double)w[i] - mean) * ((double)w[i] - mean);
    return (moments){mean, 1 / sqrt(squares / size + epsilon)};
}

const float *sx_used_weights(const sx_frame *frame, const sx_graph_node *node) {
    return node->standardised ? sx_private_memory(frame, node) : sx_weights(frame, node, 0);
}

void sx_standardise_weights(const sx_frame *frame, const sx_graph_node *node, int piece,
                            int worker) {
    (void)piece;
    (void)worker;
    float *out = sx_private_memory(frame, node);
    size_t channels = (size_t)node->out.channels, count = count_of(frame->graph, node);
    const float *w = sx_weights(frame, node, 0);
    for (size_t c = 0; c < channels; c++) {
        moments m = moments_of(w + c, count, channels, node->epsilon);
        for (size_t i = c; i < count; i += channels)
            out[i] = (float)(((double)w[i] - m.mean) * m.scale);
    }
}

void sx_standardise_back(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    size_t channels = (size_t)node->out.channels, count = count_of(frame->graph, node);
    const float *w = sx_weights(frame, node, 0);
    float *g = frame->gradient + sx_slice_offset(frame, node, 0);
    double size = (double)count / (double)channels;
    for (size_t c = 0; c < channels; c++) {
        moments m = moments_of(w + c, count, channels, node->epsilon);
        double slope = 0, with_w = 0;
        for (size_t i = c; i < count; i += channels) {
            slope += (double)g[i];
            with_w += (double)g[i] * ((double)w[i] - m.mean) * m.scale;
        }
        for (size_t i = c; i < count; i += channels) {
            double hat = ((double)w[i] - m.mean) * m.scale;
            g[i] = (float)(m.scale * ((double)g[i] - slope / size - hat * with_w / size));
        }
    }
}

/* ---- plain loops ----------------------------------------------------------------------------- */

static moments plain_moments(const sx_reference_call *call, size_t channel) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->out.channels, count = count_of(call->graph, node);
    const double *w = sx_reference_weights(call, 0);
    double sum = 0, squares = 0, size = (double)count / (double)channels;
    for (size_t i = channel; i < count; i += channels) sum += w[i] / size;
    for (size_t i = channel; i < count; i += channels)
        squares += (w[i] - sum) * (w[i] - sum) / size;
    return (moments){sum, 1 / sqrt(squares + node->epsilon)};
}

double sx_plain_standard(const sx_reference_call *call, size_t w) {
    const sx_graph_node *node = sx_reference_node(call);
    if (!node->standardised) return sx_reference_weights(call, 0)[w];
    moments m = plain_moments(call, w % (size_t)node->out.channels);
    return (sx_reference_weights(call, 0)[w] - m.mean) * m.scale;
}

void sx_plain_standard_gradient(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->out.channels, count = count_of(call->graph, node);
    double *g = sx_reference_gradient(call, 0), size = (double)count / (double)channels;
    for (size_t c = 0; c < channels && node->standardised; c++) {
        moments m = plain_moments(call, c);
        double slope = 0, with_w = 0;
        for (size_t i = c; i < count; i += channels) {
            slope += g[i] / size;
            with_w += g[i] * sx_plain_standard(call, i) / size;
        }
        for (size_t i = c; i < count; i += channels)
            g[i] = m.scale * (g[i] - slope - sx_plain_standard(call, i) * with_w);
    }
}
