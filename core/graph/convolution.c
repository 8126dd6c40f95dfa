/* Convolution, directly on the haloed activations: under one row of the kernel the values of
 * kernel x channels inputs are contiguous, so a row of output pixels is a small matrix product with
 * depth kernel * channels, once per kernel row. There is no column matrix and no border case.
 *
 * The gradient by the input is the same product over the output's gradient with flipped weights.
 * With stride s the input's pixels fall into s x s phases, each of which sees its own taps of the
 * kernel at stride 1. The gradient by the weights is the transposed product: rows are weights, and
 * the sum runs over pixels.
 *
 * Weights are packed once per run into blocks of register width, [block][tap][block width]; in
 * prediction a batch norm that follows is multiplied in. */
#include "core/graph/convolution.h"

#include <math.h>
#include <string.h>

#define KERNEL_LIMIT 64
#define PARTIAL_FLOATS ((size_t)4 << 20) /* of gradients that wait to be added up */
#define REDUCE_FLOATS 4096               /* of a gradient added up by one piece */

/* ---- shapes ---------------------------------------------------------------------------------- */

static int output_side(const sx_graph_node *node, int side) {
    const sx_convolution *c = &node->convolution;
    int room = side + 2 * c->padding - (node->dilation * (c->kernel - 1) + 1);
    return room < 0 ? 0 : room / c->stride + 1;
}

/* Fills in what was left out. */
static sx_status check_options(sx_graph_node *node, sx_error *err) {
    sx_convolution *c = &node->convolution;
    if (node->dilation < 1) node->dilation = 1;
    if (node->groups < 1) node->groups = 1;
    if (c->channels < 1) return sx_fail(err, SX_BAD_INPUT, "a convolution needs channels >= 1");
    if (c->kernel < 1 || c->kernel > KERNEL_LIMIT)
        return sx_fail(err, SX_BAD_INPUT, "a convolution's kernel must be from 1 to %d",
                       KERNEL_LIMIT);
    if (c->stride < 1 || c->stride > KERNEL_LIMIT)
        return sx_fail(err, SX_BAD_INPUT, "a convolution's stride must be from 1 to %d",
                       KERNEL_LIMIT);
    if (c->padding < 0) {
        if (c->kernel % 2 == 0)
            return sx_fail(err, SX_BAD_INPUT, "padding \"same\" needs an odd kernel");
        c->padding = node->dilation * (c->kernel / 2);
    }
    if (c->padding > node->dilation * (c->kernel - 1))
        return sx_fail(err, SX_BAD_INPUT, "a convolution's padding must be below its kernel");
    if (node->in.channels % node->groups || c->channels % node->groups)
        return sx_fail(err, SX_BAD_INPUT, "%d groups do not divide %d input and %d output channels",
                       node->groups, node->in.channels, c->channels);
    return SX_OK;
}

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    sx_convolution *c = &node->convolution;
    sx_status status = check_options(node, err);
    if (status) return status;
    node->out = (sx_geometry){output_side(node, node->in.height), output_side(node, node->in.width),
                              c->channels, 0};
    if (node->out.height < 1 || node->out.width < 1)
        return sx_fail(err, SX_BAD_INPUT,
                       "an image of %d x %d pixels is too small for a %d x %d kernel with padding "
                       "%d",
                       node->in.height, node->in.width, c->kernel, c->kernel, c->padding);
    int in = node->in.channels / node->groups, fan_in = c->kernel * c->kernel * in;
    status = sx_graph_add_slice(
        graph, node,
        &(sx_slice_form){
            "weight", {c->kernel, c->kernel, in, c->channels}, true, true, SX_INITIAL_HE, fan_in},
        err);
    if (status || !c->bias) return status;
    return sx_graph_add_slice(
        graph, node, &(sx_slice_form){"bias", {c->channels}, true, false, SX_INITIAL_ZERO, 1}, err);
}

static size_t taps(const sx_graph_node *node) {
    return (size_t)node->convolution.kernel * (size_t)node->convolution.kernel;
}

static size_t weight_count(const sx_graph_node *node) {
    return taps(node) * (size_t)(node->in.channels / node->groups) * (size_t)node->out.channels;
}

static double cost(const sx_graph_node *node) {
    return (double)weight_count(node) * node->out.height * node->out.width;
}

/* ---- halos ------------------------------------------------------------------------------------
 */

static void halo(const sx_graph_node *node, int *input, int *own) {
    const sx_convolution *c = &node->convolution;
    int across = sx_phase_halo(c, node->in.width, node->out.width);
    *input = c->padding;
    *own = sx_phase_halo(c, node->in.height, node->out.height);
    if (across > *own) *own = across;
}

/* ---- private memory -------------------------------------------------------------------------- */

/* [standardised weights][packed weights][packed bias][packed flipped weights][groups][weights, then
 * bias] */
typedef struct {
    size_t packed, bias, flipped, partial, partial_size, size;
    int groups;
} layout;

static size_t packed_columns(int channels) {
    return (size_t)sx_ceil_divide(channels, sx_block()) * (size_t)sx_block();
}

static layout layout_of(const sx_graph *graph, const sx_graph_node *node, bool training) {
    layout l;
    size_t depth = taps(node), columns = packed_columns(node->out.channels);
    l.packed = sx_standard_size(node);
    l.bias = l.packed + depth * (size_t)node->in.channels * columns;
    l.flipped = l.bias + columns;
    l.partial = l.flipped;
    l.partial_size = sx_round_up(weight_count(node) + (size_t)node->out.channels);
    l.groups = sx_chunk_groups(graph, PARTIAL_FLOATS / l.partial_size);
    if (training)
        l.partial += depth * (size_t)node->out.channels * packed_columns(node->in.channels);
    l.size = l.partial + (training ? (size_t)l.groups * l.partial_size : 0);
    return l;
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    return layout_of(graph, node, training).size;
}

/* One row of the output for the sum of the bias's gradient. */
static size_t scratch(const sx_graph_node *node) {
    return sx_round_up(sx_row_length(node->out)) + 2 * sx_round_up((size_t)node->out.channels);
}

/* ---- packing --------------------------------------------------------------------------------- */

static int forward_pieces(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return sx_blocks(node->out.channels);
}

/* What the batch norm after this convolution multiplies and adds, for channel `c`. */
static void folded_affine(const sx_frame *frame, const sx_graph_node *node, int c, float *scale,
                          float *shift) {
    const sx_graph_node *norm = &frame->graph->nodes[node->folded];
    sx_running_affine(frame, norm, c, scale, shift);
}

/* Packs block `block` of the weights and of the bias. */
static void pack_forward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    layout l = layout_of(frame->graph, node, false);
    size_t depth = taps(node) * (size_t)node->in.channels, out = (size_t)node->out.channels;
    int columns = sx_block_columns(node->out.channels, block), width = sx_block_width(columns);
    size_t first = (size_t)block * (size_t)sx_block();
    float *packed = sx_private_memory(frame, node) + l.packed + first * depth;
    float *bias = sx_private_memory(frame, node) + l.bias + first;
    const float *weights = sx_used_weights(frame, node) + first;
    bool folded = !frame->training && node->folded >= 0;
    for (int j = 0; j < columns; j++) {
        float scale = 1, shift = 0;
        if (folded) folded_affine(frame, node, (int)first + j, &scale, &shift);
        float own = node->convolution.bias ? sx_weights(frame, node, 1)[first + (size_t)j] : 0;
        bias[j] = own * scale + shift;
        for (size_t k = 0; k < depth; k++)
            packed[k * (size_t)width + (size_t)j] = weights[k * out + (size_t)j] * scale;
    }
}

/* Packs weights [tap y][tap x][in][out] of one phase for block `block` of input channels, as
 * [tap y, falling][tap x, falling][out][width]; returns the floats written. */
static size_t pack_phase(const sx_frame *frame, const sx_graph_node *node, int block, sx_phase py,
                         sx_phase px, float *packed) {
    const sx_convolution *c = &node->convolution;
    int columns = sx_block_columns(node->in.channels, block), width = sx_block_width(columns);
    size_t in = (size_t)node->in.channels, out = (size_t)node->out.channels;
    const float *weights = sx_used_weights(frame, node) + (size_t)block * (size_t)sx_block() * out;
    float *start = packed;
    for (int ty = py.taps - 1; ty >= 0; ty--)
        for (int tx = px.taps - 1; tx >= 0; tx--) {
            int ky = py.first_tap + ty * c->stride, kx = px.first_tap + tx * c->stride;
            const float *tap = weights + (size_t)(ky * c->kernel + kx) * in * out;
            sx_flat_transpose(packed, (size_t)width, tap, out, (size_t)columns, out);
            packed += out * (size_t)width;
        }
    return (size_t)(packed - start);
}

static int backward_pieces(const sx_graph *graph, const sx_graph_node *node) {
    return graph->nodes[node->inputs[0]].needs_gradient ? sx_blocks(node->in.channels) : 0;
}

static float *flipped_block(const sx_frame *frame, const sx_graph_node *node, int block) {
    return sx_private_memory(frame, node) + layout_of(frame->graph, node, true).flipped +
           taps(node) * (size_t)node->out.channels * (size_t)block * (size_t)sx_block();
}

static void pack_backward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    if (!frame->training) return;
    float *packed = flipped_block(frame, node, block);
    for (int y = 0; y < node->convolution.stride; y++)
        for (int x = 0; x < node->convolution.stride; x++)
            packed +=
                pack_phase(frame, node, block, sx_phase_of(&node->convolution, y, node->in.height),
                           sx_phase_of(&node->convolution, x, node->in.width), packed);
}

/* ---- forward --------------------------------------------------------------------------------- */

/* Pixels of one image follow each other without a gap, and each makes one of the output. */
static bool is_flat(const sx_graph_node *node) {
    const sx_convolution *c = &node->convolution;
    return c->kernel == 1 && c->stride == 1 && c->padding == 0 && node->in.halo == 0 &&
           node->out.halo == 0;
}

/* One image, one block of filters. */
static void convolve_block(const sx_frame *frame, const sx_graph_node *node, const float *x,
                           float *y, int block) {
    const sx_convolution *c = &node->convolution;
    layout l = layout_of(frame->graph, node, false);
    const float *memory = sx_private_memory(frame, node);
    size_t first = (size_t)block * (size_t)sx_block();
    int columns = sx_block_columns(node->out.channels, block),
        depth = c->kernel * node->in.channels;
    bool folded = !frame->training && node->folded >= 0;
    sx_product p = {.m = node->out.width,
                    .n = columns,
                    .rows = c->kernel,
                    .depth = depth,
                    .a_step = c->stride * node->in.channels,
                    .a_row = (ptrdiff_t)sx_geometry_row(node->in),
                    .a_depth = 1,
                    .b_depth = sx_block_width(columns),
                    .c_step = node->out.channels,
                    .bias = memory + l.bias + first,
                    .relu = node->relu || (folded && frame->graph->nodes[node->folded].relu)};
    p.b = memory + l.packed + first * taps(node) * (size_t)node->in.channels;
    p.b_row = depth * p.b_depth;
    p.a = x - c->padding * (p.a_row + node->in.channels);
    p.c = y + first;
    int calls = node->out.height;
    if (is_flat(node)) {
        p.m *= node->out.height;
        calls = 1;
    }
    for (int row = 0; row < calls; row++) {
        sx_product_run(&p);
        p.a += c->stride * p.a_row;
        p.c += sx_geometry_row(node->out);
    }
}

static void convolve(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    /* In prediction other nodes have used this buffer with other halos. */
    for (int i = first; i < first + count && !frame->training; i++)
        sx_clear_halo(sx_value(frame, input, i), node->in);
    /* Weights outgrow a cache before images do. */
    for (int block = 0; block < sx_blocks(node->out.channels); block++)
        for (int i = first; i < first + count; i++)
            convolve_block(frame, node, sx_value(frame, input, i), sx_value(frame, node, i), block);
}

/* ---- gradient by the input ------------------------------------------------------------------- */

static void mask_and_clear(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                           int worker) {
    sx_mask_gradient(frame, node, first, count, worker);
    for (int i = first; i < first + count; i++) sx_clear_halo(sx_slope(frame, node, i), node->out);
}

/* One phase of one image for one block of input channels. */
static void spread_phase(const sx_graph_node *node, const float *dy, float *dx, int block,
                         const float *packed, sx_phase py, sx_phase px) {
    const sx_convolution *c = &node->convolution;
    int columns = sx_block_columns(node->in.channels, block);
    sx_product p = {.m = px.pixels,
                    .n = columns,
                    .rows = px.taps ? py.taps : 0,
                    .depth = px.taps * node->out.channels,
                    .a_step = node->out.channels,
                    .a_row = (ptrdiff_t)sx_geometry_row(node->out),
                    .a_depth = 1,
                    .b = packed,
                    .b_depth = sx_block_width(columns),
                    .c = dx,
                    .c_step = c->stride * node->in.channels,
                    .accumulate = node->adds_gradient[0]};
    p.b_row = p.depth * p.b_depth;
    p.a = dy + py.start * p.a_row + px.start * node->out.channels;
    for (int row = 0; row < py.pixels; row++) {
        sx_product_run(&p);
        p.a += p.a_row;
        p.c += (size_t)c->stride * sx_geometry_row(node->in);
    }
}

static void spread(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                   int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    int stride = node->convolution.stride;
    for (int i = first; i < first + count; i++)
        for (int block = 0; block < sx_blocks(node->in.channels); block++) {
            const float *packed = flipped_block(frame, node, block);
            float *dx = sx_slope(frame, input, i) + (size_t)block * (size_t)sx_block();
            int width = sx_block_width(sx_block_columns(node->in.channels, block));
            for (int y = 0; y < stride; y++)
                for (int x = 0; x < stride; x++) {
                    sx_phase py = sx_phase_of(&node->convolution, y, node->in.height);
                    sx_phase px = sx_phase_of(&node->convolution, x, node->in.width);
                    spread_phase(node, sx_slope(frame, node, i),
                                 dx + (size_t)y * sx_geometry_row(node->in) +
                                     (size_t)(x * node->in.channels),
                                 block, packed, py, px);
                    packed += (size_t)(py.taps * px.taps * node->out.channels * width);
                }
        }
}

/* ---- gradient by the weights ----------------------------------------------------------------- */

/* Adds one image's share to kernel row `ky` of `partial`. */
static void correlate_image(const sx_graph_node *node, const float *x, const float *dy, int ky,
                            float *partial, bool accumulate) {
    const sx_convolution *c = &node->convolution;
    sx_product p = {.m = c->kernel * node->in.channels,
                    .rows = node->out.height,
                    .depth = node->out.width,
                    .a_step = 1,
                    .a_depth = c->stride * node->in.channels,
                    .b_row = (ptrdiff_t)sx_geometry_row(node->out),
                    .b_depth = node->out.channels,
                    .c_step = node->out.channels,
                    .accumulate = accumulate};
    ptrdiff_t row = (ptrdiff_t)sx_geometry_row(node->in);
    p.a = x + (ky - c->padding) * row - c->padding * node->in.channels;
    p.a_row = c->stride * row;
    partial += (size_t)ky * (size_t)p.m * (size_t)node->out.channels;
    for (int block = 0; block < sx_blocks(node->out.channels); block++) {
        p.n = sx_block_columns(node->out.channels, block);
        p.b = dy + block * sx_block();
        p.c = partial + block * sx_block();
        sx_product_run(&p);
    }
}

static void sum_bias(const sx_frame *frame, const sx_graph_node *node, int first, int last,
                     float *out, float *work) {
    size_t length = sx_row_length(node->out), channels = (size_t)node->out.channels;
    double *sums = (void *)(work + sx_round_up(length));
    memset(work, 0, length * sizeof *work);
    memset(sums, 0, channels * sizeof *sums);
    for (int i = first; i < last; i++) {
        const float *dy = sx_slope(frame, node, i);
        for (int y = 0; y < node->out.height; y++, dy += sx_geometry_row(node->out))
            sx_flat_add(work, dy, length);
    }
    sx_fold_row(work, node->out, sums);
    for (size_t c = 0; c < channels; c++) out[c] = (float)sums[c];
}

/* Fills group `group`'s partial gradient at kernel row `ky` from images first .. last - 1. */
static void correlate_group(const sx_frame *frame, const sx_graph_node *node, const layout *l,
                            int group, int ky, int worker) {
    const sx_graph *graph = frame->graph;
    const sx_graph_node *input = sx_input(frame, node, 0);
    int first = (int)((long long)group * graph->chunks / l->groups) * graph->chunk;
    int last = (int)((long long)(group + 1) * graph->chunks / l->groups) * graph->chunk;
    if (last > graph->batch) last = graph->batch;
    float *partial = sx_private_memory(frame, node) + l->partial + (size_t)group * l->partial_size;
    for (int i = first; i < last; i++)
        correlate_image(node, sx_value(frame, input, i), sx_slope(frame, node, i), ky, partial,
                        i > first);
    if (ky == 0 && node->convolution.bias)
        sum_bias(frame, node, first, last, partial + weight_count(node), frame->scratch[worker]);
}

/* Where every chunk has a partial gradient of its own. */
static void correlate_chunk(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                            int worker) {
    (void)count;
    layout l = layout_of(frame->graph, node, true);
    if (l.groups != frame->graph->chunks) return;
    for (int ky = 0; ky < node->convolution.kernel; ky++)
        correlate_group(frame, node, &l, sx_chunk_of(frame, first), ky, worker);
}

/* Where weights are too many for that: fewer groups of chunks, cut by rows of the kernel. */
static int correlate_pieces(const sx_graph *graph, const sx_graph_node *node) {
    int groups = layout_of(graph, node, true).groups;
    return groups == graph->chunks ? 0 : groups * node->convolution.kernel;
}

static void correlate(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    layout l = layout_of(frame->graph, node, true);
    int kernel = node->convolution.kernel;
    correlate_group(frame, node, &l, piece / kernel, piece % kernel, worker);
}

static int reduce_pieces(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return (int)(weight_count(node) / REDUCE_FLOATS) + 1;
}

/* Adds the groups' gradients up, in order. The last piece also takes the bias. */
static void reduce(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    layout l = layout_of(frame->graph, node, true);
    size_t count = weight_count(node), first = (size_t)piece * REDUCE_FLOATS;
    size_t length = count - first < REDUCE_FLOATS ? count - first : REDUCE_FLOATS;
    const float *partial = sx_private_memory(frame, node) + l.partial;
    float *weights = frame->gradient + sx_slice_offset(frame, node, 0) + first;
    for (int g = 0; g < l.groups; g++)
        sx_flat_add(weights, partial + (size_t)g * l.partial_size + first, length);
    if (!node->convolution.bias || first + length < count) return;
    float *bias = frame->gradient + sx_slice_offset(frame, node, 1);
    for (int g = 0; g < l.groups; g++)
        sx_flat_add(bias, partial + (size_t)g * l.partial_size + count, (size_t)node->out.channels);
}

/* ---- plain loops ----------------------------------------------------------------------------- */

typedef void (*reference_visit)(const sx_reference_call *call, size_t x, size_t w, size_t y);

/* Visits every product: indices of the input's value, the weight and the output's value. */
static void reference_walk(const sx_reference_call *call, reference_visit visit) {
    const sx_graph_node *node = sx_reference_node(call);
    const sx_convolution *c = &node->convolution;
    size_t h = (size_t)node->in.height, w = (size_t)node->in.width, k = (size_t)c->kernel;
    size_t oh = (size_t)node->out.height, ow = (size_t)node->out.width;
    size_t all = (size_t)node->in.channels, cout = (size_t)node->out.channels;
    size_t groups = (size_t)node->groups, cin = all / groups, d = (size_t)node->dilation;
    for (size_t i = 0; i < (size_t)call->batch * oh * ow * k * k; i++) {
        size_t kx = i % k, ky = i / k % k, ox = i / (k * k) % ow, oy = i / (k * k * ow) % oh;
        size_t image = i / (k * k * ow * oh);
        /* A position before the border wraps round and is beyond the other one, too. */
        size_t iy = oy * (size_t)c->stride + ky * d - (size_t)c->padding;
        size_t ix = ox * (size_t)c->stride + kx * d - (size_t)c->padding;
        if (iy >= h || ix >= w) continue;
        for (size_t ci = 0; ci < cin; ci++)
            for (size_t co = 0; co < cout; co++)
                visit(call, ((image * h + iy) * w + ix) * all + co / (cout / groups) * cin + ci,
                      ((ky * k + kx) * cin + ci) * cout + co,
                      ((image * oh + oy) * ow + ox) * cout + co);
    }
}

static void visit_forward(const sx_reference_call *call, size_t x, size_t w, size_t y) {
    call->y[y] += call->x[0][x] * sx_plain_standard(call, w);
}

static void visit_backward(const sx_reference_call *call, size_t x, size_t w, size_t y) {
    call->dx[0][x] += call->dy[y] * sx_plain_standard(call, w);
    sx_reference_gradient(call, 0)[w] += call->dy[y] * call->x[0][x];
}

static void reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->out.channels, count = sx_reference_size(call);
    for (size_t i = 0; i < count; i++)
        call->y[i] = node->convolution.bias ? sx_reference_weights(call, 1)[i % channels] : 0;
    reference_walk(call, visit_forward);
}

static void reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->out.channels, count = sx_reference_size(call);
    for (size_t i = 0; i < count && node->convolution.bias; i++)
        sx_reference_gradient(call, 1)[i % channels] += call->dy[i];
    reference_walk(call, visit_backward);
    sx_plain_standard_gradient(call);
}

static const sx_option options[] = {
    {"", "channels", SX_OPTION_INTEGER, "16", 1, 65536, NULL, "of the output"},
    {"", "kernel", SX_OPTION_INTEGER, "3", 1, KERNEL_LIMIT, NULL, "side of the kernel"},
    {"", "stride", SX_OPTION_INTEGER, "1", 1, KERNEL_LIMIT, NULL, "pixels from one to the next"},
    {"", "padding", SX_OPTION_INTEGER, "-1", -1, KERNEL_LIMIT, NULL,
     "zeros around the image; -1: half the kernel"},
    {"", "bias", SX_OPTION_CHOICE, "yes", 0, 0, "no|yes", "adds a value to each channel"},
    {"", "dilation", SX_OPTION_INTEGER, "1", 1, 64, NULL, "pixels from one tap to the next"},
    {"", "groups", SX_OPTION_INTEGER, "1", 1, 65536, NULL,
     "of channels that do not mix; as many as channels: depthwise"},
    {"", "standardise", SX_OPTION_CHOICE, "no", 0, 0, "no|yes",
     "weights of each output channel with mean 0 and variance 1 (arXiv 1903.10520)"},
    {"", "epsilon", SX_OPTION_NUMBER, "1e-5", 0, 1, NULL,
     "added to the variance of standardised weights"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static void take(sx_graph_node *node) {
    const double *o = node->option;
    node->convolution = (sx_convolution){(int)o[0], (int)o[1], (int)o[2], (int)o[3], o[4] != 0};
    node->dilation = (int)o[5];
    node->groups = (int)o[6];
    node->standardised = o[7] != 0;
    node->epsilon = o[8];
}

const sx_operator sx_operator_convolution = {
    .name = "convolution",
    .help = "square kernel, stride, zero padding, dilation, groups, optional bias",
    .shapes = "[h, w, c] -> [(h + 2 padding - kernel) / stride + 1, same of w, channels]",
    .work = "kernel^2 (c / groups) channels for each output pixel",
    .checked = "PyTorch",
    .options = options,
    .take = take,
    .shape = shape,
    .halo = halo,
    .memory = memory,
    .scratch = scratch,
    .prepare = {{.own = sx_standardise_weights, .pieces = sx_standard_pieces},
                {.own = pack_forward, .pieces = forward_pieces},
                {.own = pack_backward, .pieces = backward_pieces}},
    .forward = {{.range = convolve}},
    .backward = {{.range = mask_and_clear},
                 {.range = spread},
                 {.range = correlate_chunk},
                 {.own = correlate, .pieces = correlate_pieces}},
    .finish = {{.own = reduce, .pieces = reduce_pieces},
               {.own = sx_standardise_back, .pieces = sx_standard_pieces}},
    .predict = convolve,
    .cost = cost,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
