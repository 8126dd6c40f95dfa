/* Transposed convolution (PyTorch's ConvTranspose2d): what a strided convolution's gradient does to
 * its output's gradient, as a layer. The output falls into stride x stride phases, each of which is
 * a product at stride 1 with the taps it meets; the gradient by the input is an ordinary strided
 * convolution of the output's gradient, and the gradient by the weights a product over pixels, tap
 * by tap.
 *
 * In the helpers that it shares with convolutions, `in` and `out` change places. */
#include "core/graph/convolution.h"
#include "core/graph/partial.h"

#define KERNEL_LIMIT 31

enum { CHANNELS, KERNEL, STRIDE, PADDING, OUTPUT_PADDING, BIAS };

static int output_side(const sx_graph_node *node, int side) {
    const sx_convolution *c = &node->convolution;
    return (side - 1) * c->stride - 2 * c->padding + c->kernel + (int)node->option[OUTPUT_PADDING];
}

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    const sx_convolution *c = &node->convolution;
    if (c->padding >= c->kernel || node->option[OUTPUT_PADDING] >= c->stride)
        return sx_fail(err, SX_BAD_INPUT,
                       "the padding must be below the kernel, and the output padding below the "
                       "stride");
    node->out = (sx_geometry){output_side(node, node->in.height), output_side(node, node->in.width),
                              c->channels, 0};
    if (node->out.height < 1 || node->out.width < 1)
        return sx_fail(err, SX_BAD_INPUT, "nothing is left of %d x %d pixels with a padding of %d",
                       node->in.height, node->in.width, c->padding);
    int in = node->in.channels, fan_in = c->kernel * c->kernel * in / (c->stride * c->stride);
    sx_slice_form form = {"weight",      {c->kernel, c->kernel, in, c->channels},
                          true,          true,
                          SX_INITIAL_HE, fan_in > 0 ? fan_in : 1};
    sx_status status = sx_graph_add_slice(graph, node, &form, err);
    if (status || !c->bias) return status;
    return sx_graph_add_slice(
        graph, node, &(sx_slice_form){"bias", {c->channels}, true, false, SX_INITIAL_ZERO, 1}, err);
}

static void halo(const sx_graph_node *node, int *input, int *own) {
    int across = sx_phase_halo(&node->convolution, node->out.width, node->in.width);
    *input = sx_phase_halo(&node->convolution, node->out.height, node->in.height);
    if (across > *input) *input = across;
    *own = node->convolution.padding + (int)node->option[OUTPUT_PADDING];
}

static size_t taps(const sx_graph_node *node) {
    return (size_t)node->convolution.kernel * (size_t)node->convolution.kernel;
}

static size_t weight_count(const sx_graph_node *node) {
    return taps(node) * (size_t)node->in.channels * (size_t)node->out.channels;
}

static double cost(const sx_graph_node *node) {
    return (double)weight_count(node) * node->in.height * node->in.width;
}

/* ---- private memory: [packed phases][packed bias][packed weights of backward][shares]
 * ------------ */

typedef struct {
    size_t bias, backward, shares;
} layout;

static layout layout_of(const sx_graph_node *node) {
    layout l;
    size_t block = (size_t)sx_block();
    l.bias = taps(node) * (size_t)node->in.channels * (size_t)sx_blocks(node->out.channels) * block;
    l.backward = l.bias + (size_t)sx_blocks(node->out.channels) * block;
    l.shares = l.backward + taps(node) * (size_t)node->out.channels *
                                (size_t)sx_blocks(node->in.channels) * block;
    return l;
}

/* Weights, then bias. */
static size_t share_size(const sx_graph_node *node) {
    return weight_count(node) + (size_t)node->out.channels;
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    layout l = layout_of(node);
    return training ? sx_partial_memory(graph, l.shares, share_size(node)) : l.backward;
}

/* ---- packing
 * -------------------------------------------------------------------------------------- */

static int forward_blocks(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return sx_blocks(node->out.channels);
}

static float *forward_block(const sx_frame *frame, const sx_graph_node *node, int block) {
    return sx_private_memory(frame, node) +
           taps(node) * (size_t)node->in.channels * (size_t)block * (size_t)sx_block();
}

/* One phase: taps in the order of the input's pixels under them; returns floats written. */
static size_t pack_phase(const sx_frame *frame, const sx_graph_node *node, int block, sx_phase py,
                         sx_phase px, float *packed) {
    const sx_convolution *c = &node->convolution;
    size_t in = (size_t)node->in.channels, out = (size_t)node->out.channels;
    int columns = sx_block_columns(node->out.channels, block), width = sx_block_width(columns);
    const float *weights = sx_weights(frame, node, 0) + block * sx_block(), *start = packed;
    for (int ty = py.taps - 1; ty >= 0; ty--)
        for (int tx = px.taps - 1; tx >= 0; tx--) {
            int ky = py.first_tap + ty * c->stride, kx = px.first_tap + tx * c->stride;
            const float *tap = weights + (size_t)(ky * c->kernel + kx) * in * out;
            for (size_t i = 0; i < in; i++, packed += width)
                memcpy(packed, tap + i * out, (size_t)columns * sizeof *packed);
        }
    return (size_t)(packed - start);
}

static void pack_forward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    const sx_convolution *c = &node->convolution;
    float *packed = forward_block(frame, node, block);
    size_t first = (size_t)block * (size_t)sx_block();
    size_t bytes = (size_t)sx_block_columns(node->out.channels, block) * sizeof(float);
    float *bias = sx_private_memory(frame, node) + layout_of(node).bias + first;
    memset(bias, 0, bytes);
    if (c->bias) memcpy(bias, sx_weights(frame, node, 1) + first, bytes);
    for (int y = 0; y < c->stride; y++)
        for (int x = 0; x < c->stride; x++)
            packed += pack_phase(frame, node, block, sx_phase_of(c, y, node->out.height),
                                 sx_phase_of(c, x, node->out.width), packed);
}

static int backward_blocks(const sx_graph *graph, const sx_graph_node *node) {
    return graph->nodes[node->inputs[0]].needs_gradient ? sx_blocks(node->in.channels) : 0;
}

static float *backward_block(const sx_frame *frame, const sx_graph_node *node, int block) {
    return sx_private_memory(frame, node) + layout_of(node).backward +
           taps(node) * (size_t)node->out.channels * (size_t)block * (size_t)sx_block();
}

/* [tap][out][input channels of the block] */
static void pack_backward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    if (!frame->training) return;
    size_t in = (size_t)node->in.channels, out = (size_t)node->out.channels;
    size_t columns = (size_t)sx_block_columns(node->in.channels, block);
    size_t width = (size_t)sx_block_width((int)columns);
    float *packed = backward_block(frame, node, block);
    const float *weights = sx_weights(frame, node, 0) + (size_t)block * (size_t)sx_block() * out;
    for (size_t tap = 0; tap < taps(node); tap++, weights += in * out, packed += out * width)
        sx_flat_transpose(packed, width, weights, out, columns, out);
}

/* ---- forward
 * --------------------------------------------------------------------------------------- */

/* One phase of one image for one block of output channels; `y` is the phase's first pixel. */
static void convolve_phase(const sx_frame *frame, const sx_graph_node *node, const float *x,
                           float *y, int block, const float *packed, sx_phase py, sx_phase px) {
    const sx_convolution *c = &node->convolution;
    sx_product p = {.m = px.pixels,
                    .n = sx_block_columns(node->out.channels, block),
                    .rows = px.taps ? py.taps : 0,
                    .depth = px.taps * node->in.channels,
                    .a_step = node->in.channels,
                    .a_row = (ptrdiff_t)sx_geometry_row(node->in),
                    .a_depth = 1,
                    .b = packed,
                    .c = y,
                    .c_step = (ptrdiff_t)c->stride * node->out.channels,
                    .bias =
                        sx_private_memory(frame, node) + layout_of(node).bias + block * sx_block(),
                    .relu = node->relu};
    p.b_depth = sx_block_width(p.n);
    p.b_row = p.depth * p.b_depth;
    p.a = x + py.start * p.a_row + px.start * node->in.channels;
    for (int row = 0; row < py.pixels; row++) {
        sx_product_run(&p);
        p.a += p.a_row;
        p.c += (size_t)c->stride * sx_geometry_row(node->out);
    }
}

static void convolve_image(const sx_frame *frame, const sx_graph_node *node, const float *x,
                           float *to) {
    const sx_convolution *c = &node->convolution;
    for (int block = 0; block < sx_blocks(node->out.channels); block++) {
        const float *packed = forward_block(frame, node, block);
        int width = sx_block_width(sx_block_columns(node->out.channels, block));
        for (int y = 0; y < c->stride; y++)
            for (int k = 0; k < c->stride; k++) {
                sx_phase py = sx_phase_of(c, y, node->out.height);
                sx_phase px = sx_phase_of(c, k, node->out.width);
                float *first = to + (size_t)y * sx_geometry_row(node->out) +
                               (size_t)(k * node->out.channels + block * sx_block());
                convolve_phase(frame, node, x, first, block, packed, py, px);
                packed += (size_t)(py.taps * px.taps * node->in.channels * width);
            }
    }
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    for (int i = first; i < first + count; i++) {
        float *x = sx_value(frame, sx_input(frame, node, 0), i);
        /* In prediction other nodes have used this buffer with other halos. */
        if (!frame->training) sx_clear_halo(x, node->in);
        convolve_image(frame, node, x, sx_value(frame, node, i));
    }
}

/* ---- backward
 * -------------------------------------------------------------------------------------- */

static void mask_and_clear(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                           int worker) {
    sx_mask_gradient(frame, node, first, count, worker);
    for (int i = first; i < first + count; i++) sx_clear_halo(sx_slope(frame, node, i), node->out);
}

/* The output's gradient under the first tap of the input's first pixel. */
static const float *first_slope(const sx_frame *frame, const sx_graph_node *node, int image) {
    int padding = node->convolution.padding;
    return sx_slope(frame, node, image) -
           padding * ((ptrdiff_t)sx_geometry_row(node->out) + node->out.channels);
}

static void spread_image(const sx_frame *frame, const sx_graph_node *node, int image, int block) {
    const sx_convolution *c = &node->convolution;
    ptrdiff_t row = (ptrdiff_t)sx_geometry_row(node->out);
    sx_product p = {.m = node->in.width,
                    .n = sx_block_columns(node->in.channels, block),
                    .rows = c->kernel,
                    .depth = c->kernel * node->out.channels,
                    .a = first_slope(frame, node, image),
                    .a_step = (ptrdiff_t)c->stride * node->out.channels,
                    .a_row = row,
                    .a_depth = 1,
                    .b = backward_block(frame, node, block),
                    .c = sx_slope(frame, sx_input(frame, node, 0), image) + block * sx_block(),
                    .c_step = node->in.channels,
                    .accumulate = node->adds_gradient[0]};
    p.b_depth = sx_block_width(p.n);
    p.b_row = p.depth * p.b_depth;
    for (int y = 0; y < node->in.height; y++) {
        sx_product_run(&p);
        p.a += c->stride * row;
        p.c += sx_geometry_row(node->in);
    }
}

static void spread(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                   int worker) {
    (void)worker;
    if (!sx_input(frame, node, 0)->needs_gradient) return;
    for (int i = first; i < first + count; i++)
        for (int block = 0; block < sx_blocks(node->in.channels); block++)
            spread_image(frame, node, i, block);
}

/* Adds one image's share at tap `tap` for one block of output channels. */
static void correlate_tap(const sx_frame *frame, const sx_graph_node *node, int image, int tap,
                          int block, float *share, bool accumulate) {
    const sx_convolution *c = &node->convolution;
    ptrdiff_t row = (ptrdiff_t)sx_geometry_row(node->out);
    int ky = tap / c->kernel, kx = tap % c->kernel;
    sx_product p = {.m = node->in.channels,
                    .n = sx_block_columns(node->out.channels, block),
                    .rows = node->in.height,
                    .depth = node->in.width,
                    .a = sx_value(frame, sx_input(frame, node, 0), image),
                    .a_step = 1,
                    .a_row = (ptrdiff_t)sx_geometry_row(node->in),
                    .a_depth = node->in.channels,
                    .b = first_slope(frame, node, image) + ky * row + kx * node->out.channels +
                         block * sx_block(),
                    .b_row = c->stride * row,
                    .b_depth = (ptrdiff_t)c->stride * node->out.channels,
                    .c = share + (size_t)tap * (size_t)(node->in.channels * node->out.channels) +
                         block * sx_block(),
                    .c_step = node->out.channels,
                    .accumulate = accumulate};
    sx_product_run(&p);
}

static void correlate(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                      int worker) {
    (void)worker;
    float *share = sx_partial_chunk(frame, node, layout_of(node).shares, share_size(node),
                                    sx_chunk_of(frame, first));
    float *bias = share + weight_count(node);
    memset(bias, 0, (size_t)node->out.channels * sizeof *bias);
    for (int i = first; i < first + count; i++) {
        for (int tap = 0; tap < (int)taps(node); tap++)
            for (int block = 0; block < sx_blocks(node->out.channels); block++)
                correlate_tap(frame, node, i, tap, block, share, i > first);
        for (int y = 0; y < node->out.height && node->convolution.bias; y++)
            sx_flat_add_rows(bias,
                             sx_slope(frame, node, i) + (size_t)y * sx_geometry_row(node->out),
                             (size_t)node->out.width, (size_t)node->out.channels);
    }
}

static int reduce_pieces(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return (int)taps(node) + (node->convolution.bias ? 1 : 0);
}

/* One tap; the last piece is the bias. */
static void reduce(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    size_t count = weight_count(node) / taps(node);
    bool bias = piece == (int)taps(node);
    sx_partial_sum sum = {.offset = layout_of(node).shares,
                          .count = share_size(node),
                          .from = (size_t)piece * count,
                          .length = bias ? (size_t)node->out.channels : count};
    sum.gradient = frame->gradient + sx_slice_offset(frame, node, bias) + (bias ? 0 : sum.from);
    sx_partial_add(frame, node, &sum);
}

/* ---- plain loops
 * ------------------------------------------------------------------------------------ */

typedef void (*reference_visit)(const sx_reference_call *call, size_t x, size_t w, size_t y);

static void reference_walk(const sx_reference_call *call, reference_visit visit) {
    const sx_graph_node *node = sx_reference_node(call);
    const sx_convolution *c = &node->convolution;
    size_t h = (size_t)node->in.height, w = (size_t)node->in.width, k = (size_t)c->kernel;
    size_t oh = (size_t)node->out.height, ow = (size_t)node->out.width;
    size_t in = (size_t)node->in.channels, out = (size_t)node->out.channels;
    for (size_t i = 0; i < (size_t)call->batch * h * w * k * k; i++) {
        size_t kx = i % k, ky = i / k % k, x = i / (k * k) % w, y = i / (k * k * w) % h;
        size_t image = i / (k * k * w * h);
        /* A position before the border wraps round and is beyond the other one, too. */
        size_t oy = y * (size_t)c->stride + ky - (size_t)c->padding;
        size_t ox = x * (size_t)c->stride + kx - (size_t)c->padding;
        if (oy >= oh || ox >= ow) continue;
        for (size_t ci = 0; ci < in; ci++)
            for (size_t co = 0; co < out; co++)
                visit(call, ((image * h + y) * w + x) * in + ci,
                      ((ky * k + kx) * in + ci) * out + co,
                      ((image * oh + oy) * ow + ox) * out + co);
    }
}

static void visit_forward(const sx_reference_call *call, size_t x, size_t w, size_t y) {
    call->y[y] += call->x[0][x] * sx_reference_weights(call, 0)[w];
}

static void visit_backward(const sx_reference_call *call, size_t x, size_t w, size_t y) {
    call->dx[0][x] += call->dy[y] * sx_reference_weights(call, 0)[w];
    sx_reference_gradient(call, 0)[w] += call->dy[y] * call->x[0][x];
}

static void reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = node->convolution.bias
                         ? sx_reference_weights(call, 1)[i % (size_t)node->out.channels]
                         : 0;
    reference_walk(call, visit_forward);
}

static void reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    for (size_t i = 0; i < sx_reference_size(call) && node->convolution.bias; i++)
        sx_reference_gradient(call, 1)[i % (size_t)node->out.channels] += call->dy[i];
    reference_walk(call, visit_backward);
}

static const sx_option options[] = {
    {"", "channels", SX_OPTION_INTEGER, "16", 1, 65536, NULL, "of the output"},
    {"", "kernel", SX_OPTION_INTEGER, "4", 1, KERNEL_LIMIT, NULL, "side of the kernel"},
    {"", "stride", SX_OPTION_INTEGER, "2", 1, KERNEL_LIMIT, NULL, "times as many pixels a side"},
    {"", "padding", SX_OPTION_INTEGER, "1", 0, KERNEL_LIMIT, NULL, "pixels cut off each border"},
    {"", "output_padding", SX_OPTION_INTEGER, "0", 0, KERNEL_LIMIT, NULL,
     "pixels more at the right and lower border"},
    {"", "bias", SX_OPTION_CHOICE, "yes", 0, 0, "no|yes", "adds a value to each channel"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static void take(sx_graph_node *node) {
    const double *o = node->option;
    node->convolution = (sx_convolution){(int)o[CHANNELS], (int)o[KERNEL], (int)o[STRIDE],
                                         (int)o[PADDING], o[BIAS] != 0};
}

const sx_operator sx_operator_transposed_convolution = {
    .name = "transposed_convolution",
    .help = "makes images larger: each pixel adds a kernel's worth of pixels",
    .shapes = "[h, w, c] -> [(h - 1) stride - 2 padding + kernel + output_padding, same of w, "
              "channels]",
    .work = "kernel^2 c channels for each input pixel",
    .checked = "PyTorch",
    .options = options,
    .take = take,
    .shape = shape,
    .halo = halo,
    .memory = memory,
    .prepare = {{.own = pack_forward, .pieces = forward_blocks},
                {.own = pack_backward, .pieces = backward_blocks}},
    .forward = {{.range = forward}},
    .backward = {{.range = mask_and_clear}, {.range = spread}, {.range = correlate}},
    .finish = {{.own = reduce, .pieces = reduce_pieces}},
    .predict = forward,
    .cost = cost,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
