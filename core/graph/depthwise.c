/* Depthwise convolution: every channel has a kernel of its own, so there is no sum over channels
 * and no product to fill tiles with; each tap is a pass over the channels of a pixel.
 *
 * Planning puts this operator in the place of a convolution with as many groups as channels; it is
 * no row of the table. */
#include "core/graph/convolution.h"
#include "core/graph/partial.h"

bool sx_depthwise_applies(const sx_graph_node *node) {
    return node->groups > 1 && node->groups == node->in.channels &&
           node->in.channels == node->out.channels;
}

/* ---- private memory: [weights as they are used][bias], then the chunks' shares of both
 * ----------- */

static size_t weight_count(const sx_graph_node *node) {
    size_t kernel = (size_t)node->convolution.kernel;
    return kernel * kernel * (size_t)node->out.channels;
}

static size_t used_size(const sx_graph_node *node) {
    return weight_count(node) + (size_t)node->out.channels;
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    return training ? sx_partial_memory(graph, used_size(node), used_size(node)) : used_size(node);
}

/* The private memory begins with the weights as they are used; the bias follows. In prediction a
 * batch norm that follows is multiplied in. */
static void prepare(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    size_t count = weight_count(node), channels = (size_t)node->out.channels;
    float *used = sx_private_memory(frame, node), *bias = used + count;
    if (node->standardised)
        sx_standardise_weights(frame, node, 0, 0);
    else
        memcpy(used, sx_weights(frame, node, 0), count * sizeof *used);
    memset(bias, 0, channels * sizeof *bias);
    if (node->convolution.bias) memcpy(bias, sx_weights(frame, node, 1), channels * sizeof *bias);
    if (frame->training || node->folded < 0) return;
    for (size_t c = 0; c < channels; c++) {
        float scale, shift;
        sx_running_affine(frame, &frame->graph->nodes[node->folded], (int)c, &scale, &shift);
        bias[c] = bias[c] * scale + shift;
        for (size_t i = c; i < count; i += channels) used[i] *= scale;
    }
}

/* ---- passes
 * -------------------------------------------------------------------------------------- */

/* The input pixel under tap k of output pixel (y, x), from the image's first value; false if it is
 * outside. */
static bool tap_of(const sx_graph_node *node, int y, int x, int k, size_t *at) {
    const sx_convolution *c = &node->convolution;
    int iy = y * c->stride - c->padding + k / c->kernel * node->dilation;
    int ix = x * c->stride - c->padding + k % c->kernel * node->dilation;
    if (iy < 0 || ix < 0 || iy >= node->in.height || ix >= node->in.width) return false;
    *at = (size_t)iy * sx_geometry_row(node->in) + (size_t)ix * (size_t)node->in.channels;
    return true;
}

static void convolve_pixel(const sx_graph_node *node, const float *used, const float *image, int y,
                           int x, float *to) {
    size_t channels = (size_t)node->out.channels, at;
    memcpy(to, used + weight_count(node), channels * sizeof *to);
    for (int k = 0; k < node->convolution.kernel * node->convolution.kernel; k++)
        if (tap_of(node, y, x, k, &at))
            sx_flat_add_product(to, image + at, used + (size_t)k * channels, channels);
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    size_t channels = (size_t)node->out.channels, row = sx_geometry_row(node->out);
    const float *used = sx_private_memory(frame, node);
    bool folded = !frame->training && node->folded >= 0;
    bool relu = node->relu || (folded && frame->graph->nodes[node->folded].relu);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++) {
            const float *image = sx_value(frame, sx_input(frame, node, 0), i);
            float *to = sx_value(frame, node, i) + (size_t)y * row;
            for (int x = 0; x < node->out.width; x++)
                convolve_pixel(node, used, image, y, x, to + (size_t)x * channels);
            if (relu) sx_flat_relu(to, to, sx_row_length(node->out));
        }
}

/* One image: adds to its input's gradient (unless NULL) and to the share of the weights'. */
static void image_backward(const sx_frame *frame, const sx_graph_node *node, int image,
                           float *share, float *dx) {
    const float *used = sx_private_memory(frame, node);
    const float *x = sx_value(frame, sx_input(frame, node, 0), image);
    size_t channels = (size_t)node->out.channels, at;
    for (int y = 0; y < node->out.height; y++) {
        const float *dy = sx_slope(frame, node, image) + (size_t)y * sx_geometry_row(node->out);
        for (int k = 0; k < node->out.width; k++, dy += channels) {
            sx_flat_add(share + weight_count(node), dy, channels);
            for (int tap = 0; tap < node->convolution.kernel * node->convolution.kernel; tap++) {
                if (!tap_of(node, y, k, tap, &at)) continue;
                size_t w = (size_t)tap * channels;
                sx_flat_add_product(share + w, x + at, dy, channels);
                if (dx) sx_flat_add_product(dx + at, dy, used + w, channels);
            }
        }
    }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    float *share =
        sx_partial_chunk(frame, node, used_size(node), used_size(node), sx_chunk_of(frame, first));
    memset(share, 0, used_size(node) * sizeof *share);
    sx_mask_gradient(frame, node, first, count, worker);
    for (int i = first; i < first + count; i++) {
        float *dx = input->needs_gradient ? sx_slope(frame, input, i) : NULL;
        if (dx && !node->adds_gradient[0]) sx_clear_interior(dx, node->in);
        image_backward(frame, node, i, share, dx);
    }
}

static void add_up(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    sx_partial_sum sum = {.offset = used_size(node), .count = used_size(node)};
    sum.length = weight_count(node);
    sum.gradient = frame->gradient + sx_slice_offset(frame, node, 0);
    sx_partial_add(frame, node, &sum);
    if (node->standardised) sx_standardise_back(frame, node, 0, 0);
    if (!node->convolution.bias) return;
    sum.from = weight_count(node);
    sum.length = (size_t)node->out.channels;
    sum.gradient = frame->gradient + sx_slice_offset(frame, node, 1);
    sx_partial_add(frame, node, &sum);
}

static double cost(const sx_graph_node *node) {
    return sx_operator_convolution.cost(node);
}

const sx_operator sx_operator_depthwise = {
    .name = "convolution",
    .help = "depthwise convolution",
    .memory = memory,
    .prepare = {{.own = prepare, .pieces = sx_one_piece}},
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .finish = {{.own = add_up, .pieces = sx_one_piece}},
    .predict = forward,
    .cost = cost,
};
