/* Convolution by gathered columns, for layers whose images are small and weights many: late layers
 * of residual networks. A row of two or four output pixels is too short to fill a tile, and walking
 * the weights once per image is slow; here the neighbourhoods of all pixels of the batch are copied
 * side by side, so that forward and both gradients are single large products over the whole batch:
 *
 *   y [pixels, out] = columns [pixels, depth] w [depth, out]     depth = kernel * kernel * in
 *   dw = columns^T dy,   dcolumns = dy w^T, which is then added back to where it was copied from.
 *
 * Planning puts this operator in the place of a convolution; it is no row of the table. */
#include "core/graph/internal.h"

#define NARROW 8                         /* output pixels in a row that are too few */
#define MANY_WEIGHTS ((size_t)256 << 10) /* more than the second cache holds well */
#define COLUMNS_LIMIT ((size_t)64 << 20) /* floats */
#define GROUP 112                        /* pixels of one piece: whole tiles */
#define BAND 56                          /* rows of the weights' gradient of one piece */

typedef struct {
    size_t depth, out, pixels; /* pixels: of an image */
    size_t stride;             /* floats from one row of columns to the next */
} extent;

/* 16 floats more than it takes: rows a multiple of 4 KiB apart would share one set of the cache. */
static extent extent_of(const sx_graph_node *node) {
    size_t k = (size_t)node->convolution.kernel;
    extent e = {.depth = k * k * (size_t)node->in.channels, .out = (size_t)node->out.channels};
    e.pixels = (size_t)node->out.height * (size_t)node->out.width;
    e.stride = sx_round_up(e.depth) + 16;
    return e;
}

bool sx_gathered_applies(const sx_graph *graph, const sx_graph_node *node) {
    extent e = extent_of(node);
    if (node->convolution.kernel == 1 && node->out.width >= NARROW) return false;
    bool small = node->out.width < NARROW && e.pixels * (size_t)graph->batch >= GROUP;
    return small && e.depth * e.out >= MANY_WEIGHTS / 4 &&
           (size_t)graph->batch * e.pixels <= COLUMNS_LIMIT / e.stride;
}

static int blocks(size_t columns) {
    return sx_ceil_divide((int)columns, sx_block());
}

static int block_columns(size_t columns, int block) {
    int left = (int)columns - block * sx_block();
    return left < sx_block() ? left : sx_block();
}

/* ---- private memory ----------------------------------------------------------------------------
 */

/* [packed weights][packed bias], and for training [packed transposed weights][columns][dy] */
typedef struct {
    size_t bias, transposed, columns, slopes, size;
} layout;

static layout layout_of(const sx_graph *graph, const sx_graph_node *node, bool training) {
    extent e = extent_of(node);
    layout l;
    size_t block = (size_t)sx_block(), all = (size_t)graph->batch * e.pixels;
    l.bias = e.depth * (size_t)blocks(e.out) * block;
    l.transposed = l.bias + (size_t)blocks(e.out) * block;
    l.columns = l.transposed + e.out * (size_t)blocks(e.depth) * block;
    l.slopes = l.columns + all * e.stride;
    l.size = training ? l.slopes + all * e.out + block : l.transposed;
    return l;
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    return layout_of(graph, node, training).size;
}

static float *private_memory(const sx_frame *frame, const sx_graph_node *node) {
    return frame->memory[sx_index(frame, node)];
}

/* One image's columns (of a prediction), and one piece's outputs. */
static size_t scratch(const sx_graph_node *node) {
    extent e = extent_of(node);
    size_t outputs = GROUP > e.pixels ? GROUP : e.pixels;
    return e.pixels * e.stride + outputs * (size_t)sx_block();
}

/* ---- packing -----------------------------------------------------------------------------------
 */

static int forward_blocks(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return blocks((size_t)node->out.channels);
}

/* In prediction a batch norm that follows is multiplied in. */
static void fold_norm(const sx_frame *frame, const sx_graph_node *node, size_t first, float *packed,
                      float *bias) {
    extent e = extent_of(node);
    int columns = block_columns(e.out, (int)first / sx_block()), width = sx_block_width(columns);
    for (int j = 0; j < columns; j++) {
        float scale, shift;
        sx_running_affine(frame, &frame->graph->nodes[node->folded], (int)first + j, &scale,
                          &shift);
        bias[j] = bias[j] * scale + shift;
        for (size_t k = 0; k < e.depth; k++) packed[k * (size_t)width + (size_t)j] *= scale;
    }
}

static void pack_forward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    extent e = extent_of(node);
    size_t first = (size_t)block * (size_t)sx_block();
    size_t columns = (size_t)block_columns(e.out, block);
    size_t width = (size_t)sx_block_width((int)columns);
    float *packed = private_memory(frame, node) + first * e.depth;
    float *bias = private_memory(frame, node) + layout_of(frame->graph, node, false).bias + first;
    const float *weights = sx_weights(frame, node, 0) + first;
    for (size_t k = 0; k < e.depth; k++)
        memcpy(packed + k * width, weights + k * e.out, columns * sizeof *packed);
    memset(bias, 0, columns * sizeof *bias);
    if (node->convolution.bias)
        memcpy(bias, sx_weights(frame, node, 1) + first, columns * sizeof *bias);
    if (!frame->training && node->folded >= 0) fold_norm(frame, node, first, packed, bias);
}

static int backward_blocks(const sx_graph *graph, const sx_graph_node *node) {
    return graph->nodes[node->inputs[0]].needs_gradient ? blocks(extent_of(node).depth) : 0;
}

static void pack_backward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    if (!frame->training) return;
    extent e = extent_of(node);
    size_t first = (size_t)block * (size_t)sx_block();
    size_t columns = (size_t)block_columns(e.depth, block);
    size_t width = (size_t)sx_block_width((int)columns);
    float *packed = private_memory(frame, node) + layout_of(frame->graph, node, true).transposed +
                    first * e.out;
    const float *weights = sx_weights(frame, node, 0) + first * e.out;
    for (size_t j = 0; j < columns; j++)
        for (size_t k = 0; k < e.out; k++) packed[k * width + j] = weights[j * e.out + k];
}

/* ---- columns -----------------------------------------------------------------------------------
 */

/* The stretch of one kernel row under one output pixel: taps from .. to - 1 lie inside the image.
 */
typedef struct {
    int y, x, from, to; /* y: of the input, -1 outside; x: of tap 0 */
} stretch;

static stretch stretch_of(const sx_graph_node *node, size_t pixel, int ky) {
    const sx_convolution *c = &node->convolution;
    stretch s = {.x = (int)pixel % node->out.width * c->stride - c->padding};
    s.y = (int)pixel / node->out.width * c->stride - c->padding + ky;
    s.from = s.x < 0 ? -s.x : 0;
    s.to = s.x + c->kernel > node->in.width ? node->in.width - s.x : c->kernel;
    if (s.y < 0 || s.y >= node->in.height || s.to < s.from) s.y = -1, s.from = s.to = 0;
    return s;
}

/* to [pixels, stride] = the neighbourhoods of one image's pixels. */
static void gather_image(const sx_graph_node *node, const float *x, float *to) {
    extent e = extent_of(node);
    size_t channels = (size_t)node->in.channels, kernel = (size_t)node->convolution.kernel;
    for (size_t pixel = 0; pixel < e.pixels; pixel++, to += e.stride)
        for (size_t ky = 0; ky < kernel; ky++) {
            stretch s = stretch_of(node, pixel, (int)ky);
            float *row = to + ky * kernel * channels;
            size_t from = (size_t)s.from * channels, end = (size_t)s.to * channels;
            memset(row, 0, from * sizeof *row);
            if (s.y >= 0)
                memcpy(row + from,
                       x + (size_t)s.y * sx_geometry_row(node->in) +
                           (size_t)(s.x + s.from) * channels,
                       (end - from) * sizeof *row);
            memset(row + end, 0, (kernel * channels - end) * sizeof *row);
        }
}

static void gather(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                   int worker) {
    (void)worker;
    extent e = extent_of(node);
    float *columns = private_memory(frame, node) + layout_of(frame->graph, node, true).columns;
    for (int i = first; i < first + count; i++)
        gather_image(node, sx_value(frame, sx_input(frame, node, 0), i),
                     columns + (size_t)i * e.pixels * e.stride);
}

/* ---- forward -----------------------------------------------------------------------------------
 */

/* out [count, columns of the block] = columns [count, depth] times a block of packed weights. */
static void multiply_block(const sx_frame *frame, const sx_graph_node *node, const float *columns,
                           int count, int block, float *out) {
    extent e = extent_of(node);
    layout l = layout_of(frame->graph, node, false);
    const float *packed = private_memory(frame, node);
    size_t first = (size_t)block * (size_t)sx_block();
    bool folded = !frame->training && node->folded >= 0;
    sx_product p = {.m = count,
                    .n = block_columns(e.out, block),
                    .rows = 1,
                    .depth = (int)e.depth,
                    .a = columns,
                    .a_step = (ptrdiff_t)e.stride,
                    .a_depth = 1,
                    .b = packed + first * e.depth,
                    .c = out,
                    .bias = packed + l.bias + first,
                    .relu = node->relu || (folded && frame->graph->nodes[node->folded].relu)};
    p.b_depth = sx_block_width(p.n);
    p.c_step = p.n;
    sx_product_run(&p);
}

static float *output_pixel(const sx_frame *frame, const sx_graph_node *node, size_t pixel) {
    extent e = extent_of(node);
    size_t at = pixel % e.pixels, width = (size_t)node->out.width;
    return sx_value(frame, node, (int)(pixel / e.pixels)) +
           at / width * sx_geometry_row(node->out) + at % width * e.out;
}

static int groups(const sx_graph *graph, const sx_graph_node *node) {
    return sx_ceil_divide(graph->batch * (int)extent_of(node).pixels, GROUP);
}

static int multiply_pieces(const sx_graph *graph, const sx_graph_node *node) {
    return groups(graph, node) * blocks(extent_of(node).out);
}

static void multiply(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    extent e = extent_of(node);
    const float *columns =
        private_memory(frame, node) + layout_of(frame->graph, node, true).columns;
    int block = piece / groups(frame->graph, node);
    size_t first = (size_t)(piece % groups(frame->graph, node)) * GROUP;
    size_t left = (size_t)frame->graph->batch * e.pixels - first;
    size_t count = left < GROUP ? left : GROUP, n = (size_t)block_columns(e.out, block);
    float *out = frame->scratch[worker];
    multiply_block(frame, node, columns + first * e.stride, (int)count, block, out);
    for (size_t i = 0; i < count; i++, out += n)
        memcpy(output_pixel(frame, node, first + i) + (size_t)block * (size_t)sx_block(), out,
               n * sizeof *out);
}

static void predict(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    extent e = extent_of(node);
    float *columns = frame->scratch[worker], *out = columns + e.pixels * e.stride;
    for (int i = first; i < first + count; i++) {
        gather_image(node, sx_value(frame, sx_input(frame, node, 0), i), columns);
        for (int block = 0; block < blocks(e.out); block++) {
            size_t n = (size_t)block_columns(e.out, block);
            multiply_block(frame, node, columns, (int)e.pixels, block, out);
            for (size_t pixel = 0; pixel < e.pixels; pixel++)
                memcpy(output_pixel(frame, node, (size_t)i * e.pixels + pixel) +
                           (size_t)block * (size_t)sx_block(),
                       out + pixel * n, n * sizeof *out);
        }
    }
}

/* ---- backward ----------------------------------------------------------------------------------
 */

static void gather_slopes(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                          int worker) {
    extent e = extent_of(node);
    size_t length = sx_row_length(node->out);
    float *to = private_memory(frame, node) + layout_of(frame->graph, node, true).slopes;
    sx_mask_gradient(frame, node, first, count, worker);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++)
            memcpy(to + (size_t)i * e.pixels * e.out + (size_t)y * length,
                   sx_slope(frame, node, i) + (size_t)y * sx_geometry_row(node->out),
                   length * sizeof *to);
}

static int gradient_pieces(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    extent e = extent_of(node);
    return sx_ceil_divide((int)e.depth, BAND) * blocks(e.out) + (node->convolution.bias ? 1 : 0);
}

/* A tile of the weights' gradient over the whole batch; the last piece is the bias. */
static void weigh(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    extent e = extent_of(node);
    layout l = layout_of(frame->graph, node, true);
    int bands = sx_ceil_divide((int)e.depth, BAND), block = piece / bands;
    size_t all = (size_t)frame->graph->batch * e.pixels, row = (size_t)(piece % bands) * BAND;
    const float *slopes = private_memory(frame, node) + l.slopes;
    if (piece == bands * blocks(e.out)) {
        float *bias = frame->gradient + sx_slice_offset(frame, node, 1);
        sx_flat_add_rows(bias, slopes, all, e.out);
        return;
    }
    size_t first = (size_t)block * (size_t)sx_block(), rows = e.depth - row;
    sx_product p = {.m = (int)(rows < BAND ? rows : BAND),
                    .n = block_columns(e.out, block),
                    .rows = 1,
                    .depth = (int)all,
                    .a = private_memory(frame, node) + l.columns + row,
                    .a_step = 1,
                    .a_depth = (ptrdiff_t)e.stride,
                    .b = slopes + first,
                    .b_depth = (ptrdiff_t)e.out,
                    .c = frame->gradient + sx_slice_offset(frame, node, 0) + row * e.out + first,
                    .c_step = (ptrdiff_t)e.out};
    sx_product_run(&p);
}

static int spread_pieces(const sx_graph *graph, const sx_graph_node *node) {
    return backward_blocks(graph, node) * groups(graph, node);
}

/* A block of the columns' gradient, written over the columns. */
static void spread(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    extent e = extent_of(node);
    layout l = layout_of(frame->graph, node, true);
    int block = piece / groups(frame->graph, node);
    size_t row = (size_t)(piece % groups(frame->graph, node)) * GROUP;
    size_t first = (size_t)block * (size_t)sx_block();
    size_t left = (size_t)frame->graph->batch * e.pixels - row;
    float *memory = private_memory(frame, node);
    sx_product p = {.m = (int)(left < GROUP ? left : GROUP),
                    .n = block_columns(e.depth, block),
                    .rows = 1,
                    .depth = (int)e.out,
                    .a = memory + l.slopes + row * e.out,
                    .a_step = (ptrdiff_t)e.out,
                    .a_depth = 1,
                    .b = memory + l.transposed + first * e.out,
                    .c = memory + l.columns + row * e.stride + first,
                    .c_step = (ptrdiff_t)e.stride};
    p.b_depth = sx_block_width(p.n);
    sx_product_run(&p);
}

static void clear_gradient(const sx_graph_node *node, float *dx) {
    for (int y = 0; y < node->in.height; y++)
        memset(dx + (size_t)y * sx_geometry_row(node->in), 0, sx_row_length(node->in) * sizeof *dx);
}

/* Adds the columns' gradient to the pixels they came from. */
static void scatter(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    extent e = extent_of(node);
    size_t channels = (size_t)node->in.channels, kernel = (size_t)node->convolution.kernel;
    for (int i = first; i < first + count; i++) {
        float *dx = sx_slope(frame, input, i);
        const float *from = private_memory(frame, node) +
                            layout_of(frame->graph, node, true).columns +
                            (size_t)i * e.pixels * e.stride;
        if (!node->adds_gradient[0]) clear_gradient(node, dx);
        for (size_t pixel = 0; pixel < e.pixels; pixel++, from += e.stride)
            for (size_t ky = 0; ky < kernel; ky++) {
                stretch s = stretch_of(node, pixel, (int)ky);
                if (s.y < 0) continue;
                sx_flat_add(dx + (size_t)s.y * sx_geometry_row(node->in) +
                                (size_t)(s.x + s.from) * channels,
                            from + (ky * kernel + (size_t)s.from) * channels,
                            (size_t)(s.to - s.from) * channels);
            }
    }
}

static double cost(const sx_graph_node *node) {
    return sx_operator_convolution.cost(node);
}

const sx_operator sx_operator_gathered = {
    .name = "convolution",
    .help = "convolution by gathered columns",
    .shapes = "[h, w, c] -> [(h + 2 padding - kernel) / stride + 1, same of w, channels]",
    .work = "kernel^2 c channels for each output pixel",
    .memory = memory,
    .scratch = scratch,
    .prepare = {{.own = pack_forward, .pieces = forward_blocks},
                {.own = pack_backward, .pieces = backward_blocks}},
    .forward = {{.range = gather}, {.own = multiply, .pieces = multiply_pieces}},
    .backward = {{.range = gather_slopes},
                 {.own = weigh, .pieces = gradient_pieces},
                 {.own = spread, .pieces = spread_pieces},
                 {.range = scatter}},
    .predict = predict,
    .cost = cost,
};
