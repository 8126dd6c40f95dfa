/* 3x3 convolutions with stride 1 by Winograd's algorithm (core/tensor/winograd.h), forward and in
 * both gradients. Chunks stay chunks; only the weights are transformed beforehand, and the gradient
 * by them is summed in the transformed domain: every group of chunks leaves its sums, and at the
 * end their sum is transformed back.
 *
 * Planning puts this operator in the place of a convolution; it is no row of the table. */
#include "core/graph/convolution.h"

#define CHANNELS_LIMIT ((size_t)256 * 256) /* in times out; weights beyond outgrow the cache */
#define SUMS_FLOATS ((size_t)4 << 20)      /* of gradients that wait to be added up */
#define REDUCE_PAIRS 256                   /* of channels whose sums one piece adds up */

/* Tiles must not reach too far over the border: ten of their sixteen pixels must count. */
bool sx_winograd_node_applies(const sx_graph *graph, const sx_graph_node *node) {
    const sx_convolution *c = &node->convolution;
    int height = node->out.height, width = node->out.width;
    int tiles = sx_ceil_divide(height, 4) * sx_ceil_divide(width, 4);
    size_t channels = (size_t)node->in.channels * (size_t)node->out.channels;
    return !graph->direct && c->kernel == 3 && c->stride == 1 && c->padding == 1 &&
           !node->standardised && 10 * tiles <= height * width && channels <= CHANNELS_LIMIT &&
           sx_winograd_applies(node->in.channels, node->out.channels);
}

static void halo(const sx_graph_node *node, int *input, int *own) {
    (void)node;
    *input = 1;
    *own = 1;
}

static size_t points(const sx_graph_node *node) {
    return sx_winograd_points(node->in.channels, node->out.channels);
}

/* ---- private memory: [weights][bias][scale], and for training [flipped weights][groups][sums,
 * bias] */

typedef struct {
    size_t bias, scale, flipped, sums, sums_size, size;
    int groups;
} layout;

static layout layout_of(const sx_graph *graph, const sx_graph_node *node, bool training) {
    layout l;
    size_t out = sx_round_up((size_t)node->out.channels) + (size_t)sx_block();
    l.bias = points(node);
    l.scale = l.bias + out;
    l.flipped = l.scale + out;
    l.sums = l.flipped + points(node);
    l.sums_size = points(node) + out;
    l.groups = sx_chunk_groups(graph, SUMS_FLOATS / l.sums_size);
    l.size = training ? l.sums + (size_t)l.groups * l.sums_size : l.flipped;
    return l;
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    return layout_of(graph, node, training).size;
}

static size_t scratch(const sx_graph_node *node) {
    return sx_winograd_scratch(node->in.channels, node->out.channels);
}

/* ---- packing
 * --------------------------------------------------------------------------------------- */

static int forward_blocks(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return sx_blocks(node->out.channels);
}

static void pack_forward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    layout l = layout_of(frame->graph, node, false);
    float *memory = sx_private_memory(frame, node);
    int first = block * sx_block(), end = first + sx_block();
    bool folded = !frame->training && node->folded >= 0;
    for (int c = first; c < end && c < node->out.channels; c++) {
        float scale = 1, shift = 0;
        if (folded) sx_running_affine(frame, &frame->graph->nodes[node->folded], c, &scale, &shift);
        float own = node->convolution.bias ? sx_weights(frame, node, 1)[c] : 0;
        memory[l.bias + (size_t)c] = own * scale + shift;
        memory[l.scale + (size_t)c] = scale;
    }
    sx_winograd_weights weights = {.weights = sx_weights(frame, node, 0),
                                   .in = node->in.channels,
                                   .out = node->out.channels,
                                   .scale = folded ? memory + l.scale + first : NULL};
    sx_winograd_pack(&weights, block, memory);
}

static int backward_blocks(const sx_graph *graph, const sx_graph_node *node) {
    return graph->nodes[node->inputs[0]].needs_gradient ? sx_blocks(node->in.channels) : 0;
}

static void pack_backward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    if (!frame->training) return;
    sx_winograd_weights weights = {.weights = sx_weights(frame, node, 0),
                                   .in = node->in.channels,
                                   .out = node->out.channels,
                                   .flipped = true};
    sx_winograd_pack(&weights, block,
                     sx_private_memory(frame, node) + layout_of(frame->graph, node, true).flipped);
}

/* ---- forward
 * --------------------------------------------------------------------------------------- */

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    float *memory = sx_private_memory(frame, node);
    bool folded = !frame->training && node->folded >= 0;
    /* In prediction other nodes have used this buffer with other halos. */
    for (int i = first; i < first + count && !frame->training; i++)
        sx_clear_halo(sx_value(frame, input, i), node->in);
    sx_winograd form = {.in = node->in,
                        .out = node->out,
                        .count = count,
                        .x = sx_value(frame, input, first),
                        .x_stride = sx_geometry_stride(node->in),
                        .y = sx_value(frame, node, first),
                        .y_stride = sx_geometry_stride(node->out),
                        .packed = memory,
                        .bias = memory + layout_of(frame->graph, node, false).bias,
                        .relu = node->relu || (folded && frame->graph->nodes[node->folded].relu)};
    sx_winograd_convolve(&form, frame->scratch[worker]);
}

/* ---- backward
 * -------------------------------------------------------------------------------------- */

static void mask_and_clear(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                           int worker) {
    sx_mask_gradient(frame, node, first, count, worker);
    for (int i = first; i < first + count; i++) sx_clear_halo(sx_slope(frame, node, i), node->out);
}

/* The gradient by the input is a convolution of the output's gradient with flipped weights. */
static void spread(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                   int worker) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    sx_winograd form = {.in = node->out,
                        .out = node->in,
                        .count = count,
                        .x = sx_slope(frame, node, first),
                        .x_stride = sx_slope_stride(frame, node),
                        .y = sx_slope(frame, input, first),
                        .y_stride = sx_slope_stride(frame, input),
                        .packed = sx_private_memory(frame, node) +
                                  layout_of(frame->graph, node, true).flipped,
                        .accumulate = node->adds_gradient[0]};
    sx_winograd_convolve(&form, frame->scratch[worker]);
}

/* Fills the sums of a group of chunks. */
static void correlate_group(const sx_frame *frame, const sx_graph_node *node, int group,
                            int worker) {
    const sx_graph *graph = frame->graph;
    layout l = layout_of(graph, node, true);
    int first = (int)((long long)group * graph->chunks / l.groups) * graph->chunk;
    int last = (int)((long long)(group + 1) * graph->chunks / l.groups) * graph->chunk;
    float *sums = sx_private_memory(frame, node) + l.sums + (size_t)group * l.sums_size;
    if (last > graph->batch) last = graph->batch;
    sx_winograd form = {.in = node->in,
                        .out = node->out,
                        .count = last - first,
                        .x = sx_value(frame, sx_input(frame, node, 0), first),
                        .x_stride = sx_geometry_stride(node->in),
                        .y = sx_slope(frame, node, first),
                        .y_stride = sx_slope_stride(frame, node)};
    sx_winograd_correlate(&form, sums, node->convolution.bias ? sums + points(node) : NULL,
                          frame->scratch[worker]);
}

/* Where every chunk has sums of its own. */
static void correlate_chunk(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                            int worker) {
    (void)count;
    if (layout_of(frame->graph, node, true).groups == frame->graph->chunks)
        correlate_group(frame, node, sx_chunk_of(frame, first), worker);
}

static int correlate_pieces(const sx_graph *graph, const sx_graph_node *node) {
    int groups = layout_of(graph, node, true).groups;
    return groups == graph->chunks ? 0 : groups;
}

static size_t pairs(const sx_graph_node *node) {
    return (size_t)node->in.channels * (size_t)node->out.channels;
}

static int reduce_pieces(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return (int)((pairs(node) + REDUCE_PAIRS - 1) / REDUCE_PAIRS);
}

/* For a stretch of pairs of channels: adds the groups' sums into the first group's and transforms
 * them back. The first piece also takes the bias. */
static void reduce(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    layout l = layout_of(frame->graph, node, true);
    size_t count = pairs(node), from = (size_t)piece * REDUCE_PAIRS, to = from + REDUCE_PAIRS;
    if (to > count) to = count;
    float *sums = sx_private_memory(frame, node) + l.sums;
    for (size_t at = from; at < points(node); at += count)
        for (int g = 1; g < l.groups; g++)
            sx_flat_add(sums + at, sums + (size_t)g * l.sums_size + at, to - from);
    sx_winograd_gradient(sums, count, from, to, frame->gradient + sx_slice_offset(frame, node, 0));
    if (piece > 0 || !node->convolution.bias) return;
    float *bias = frame->gradient + sx_slice_offset(frame, node, 1);
    memset(bias, 0, (size_t)node->out.channels * sizeof *bias);
    for (int g = 0; g < l.groups; g++)
        sx_flat_add(bias, sums + (size_t)g * l.sums_size + points(node),
                    (size_t)node->out.channels);
}

static double cost(const sx_graph_node *node) {
    return sx_operator_convolution.cost(node);
}

const sx_operator sx_operator_winograd = {
    .name = "convolution",
    .help = "3x3 convolution by Winograd's algorithm",
    .stores_gradient = true,
    .halo = halo,
    .memory = memory,
    .scratch = scratch,
    .prepare = {{.own = pack_forward, .pieces = forward_blocks},
                {.own = pack_backward, .pieces = backward_blocks}},
    .forward = {{.range = forward}},
    .backward = {{.range = mask_and_clear},
                 {.range = spread},
                 {.range = correlate_chunk},
                 {.own = correlate_group, .pieces = correlate_pieces}},
    .finish = {{.own = reduce, .pieces = reduce_pieces}},
    .predict = forward,
    .cost = cost,
};
