/* Convolution by gathered columns, for layers whose images are small and weights many: late layers
 * of residual networks. A row of two or four output pixels is too short to fill a tile, and walking
 * the weights once per image is slow; here the neighbourhoods of all pixels of the batch are copied
 * side by side, so that forward and both gradients are single large products over the whole batch:
 *
 *   y [pixels, out] = columns [pixels, depth] w [depth, out]     depth = kernel * kernel * in
 *   dw = columns^T dy,   dcolumns = dy w^T, which is then added back to where it was copied from.
 *
 * Planning puts this operator in the place of a convolution; it is no row of the table. */
#include "core/graph/convolution.h"

#define NARROW 8                         /* output pixels in a row that are too few */
#define MANY_WEIGHTS ((size_t)64 << 10)  /* more than the first cache holds by far */
#define COLUMNS_LIMIT ((size_t)64 << 20) /* floats */
#define GROUP 112                        /* pixels of one piece: whole tiles */
#define BAND 56                          /* rows of the weights' gradient of one piece */

typedef struct {
    size_t in, out, groups; /* channels of a group, of the output; groups */
    size_t depth, own;      /* columns, and output channels, of a group */
    size_t pixels;          /* of an image */
    size_t stride;          /* floats from one row of columns to the next */
} extent;

/* 16 floats more than it takes: rows a multiple of 4 KiB apart would share one set of the cache. */
static extent extent_of(const sx_graph_node *node) {
    size_t k = (size_t)node->convolution.kernel;
    extent e = {.out = (size_t)node->out.channels, .groups = (size_t)node->groups};
    e.in = (size_t)node->in.channels / e.groups;
    e.own = e.out / e.groups;
    e.depth = k * k * e.in;
    e.pixels = (size_t)node->out.height * (size_t)node->out.width;
    e.stride = sx_round_up(e.depth * e.groups) + 16;
    return e;
}

bool sx_gathered_applies(const sx_graph *graph, const sx_graph_node *node) {
    extent e = extent_of(node);
    if (node->dilation > 1 || node->groups > 1) return true;
    bool small = node->out.width < NARROW && e.pixels * (size_t)graph->batch >= GROUP;
    return small && e.depth * e.out >= MANY_WEIGHTS &&
           (size_t)graph->batch * e.pixels <= COLUMNS_LIMIT / e.stride;
}

/* Blocks of columns of all groups, each group's last one cut off. */
typedef struct {
    size_t group, first; /* first: column within the group */
    int columns, width;  /* of the block; and packed */
} block_form;

static block_form block_of(size_t columns, int block) {
    block_form b = {.group = (size_t)(block / sx_blocks((int)columns))};
    b.first = (size_t)(block % sx_blocks((int)columns)) * (size_t)sx_block();
    size_t left = columns - b.first;
    b.columns = left < (size_t)sx_block() ? (int)left : sx_block();
    b.width = sx_block_width(b.columns);
    return b;
}

/* ---- private memory ----------------------------------------------------------------------------
 */

/* [standardised weights][packed weights][packed bias], and for training [packed transposed
 * weights][columns][dy] */
typedef struct {
    size_t packed, bias, transposed, columns, slopes, size;
} layout;

static layout layout_of(const sx_graph *graph, const sx_graph_node *node, bool training) {
    extent e = extent_of(node);
    layout l;
    size_t block = (size_t)sx_block(), all = (size_t)graph->batch * e.pixels;
    l.packed = sx_standard_size(node);
    l.bias = l.packed + e.depth * e.groups * (size_t)sx_blocks((int)e.own) * block;
    l.transposed = l.bias + e.groups * (size_t)sx_blocks((int)e.own) * block;
    l.columns = l.transposed + e.own * e.groups * (size_t)sx_blocks((int)e.depth) * block;
    l.slopes = l.columns + all * e.stride;
    l.size = training ? l.slopes + all * e.out + block : l.transposed;
    return l;
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    return layout_of(graph, node, training).size;
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
    extent e = extent_of(node);
    return (int)e.groups * sx_blocks((int)e.own);
}

static float *packed_block(const sx_frame *frame, const sx_graph_node *node, int block) {
    return sx_private_memory(frame, node) + layout_of(frame->graph, node, false).packed +
           (size_t)block * (size_t)sx_block() * extent_of(node).depth;
}

static float *packed_bias(const sx_frame *frame, const sx_graph_node *node, int block) {
    return sx_private_memory(frame, node) + layout_of(frame->graph, node, false).bias +
           (size_t)block * (size_t)sx_block();
}

/* In prediction a batch norm that follows is multiplied in. */
static void fold_norm(const sx_frame *frame, const sx_graph_node *node, int block) {
    extent e = extent_of(node);
    block_form b = block_of(e.own, block);
    float *packed = packed_block(frame, node, block), *bias = packed_bias(frame, node, block);
    for (int j = 0; j < b.columns; j++) {
        float scale, shift;
        sx_running_affine(frame, &frame->graph->nodes[node->folded],
                          (int)(b.group * e.own + b.first) + j, &scale, &shift);
        bias[j] = bias[j] * scale + shift;
        for (size_t k = 0; k < e.depth; k++) packed[k * (size_t)b.width + (size_t)j] *= scale;
    }
}

static void pack_forward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    extent e = extent_of(node);
    block_form b = block_of(e.own, block);
    size_t first = b.group * e.own + b.first, bytes = (size_t)b.columns * sizeof(float);
    float *packed = packed_block(frame, node, block), *bias = packed_bias(frame, node, block);
    const float *weights = sx_used_weights(frame, node) + first;
    for (size_t k = 0; k < e.depth; k++)
        memcpy(packed + k * (size_t)b.width, weights + k * e.out, bytes);
    memset(bias, 0, bytes);
    if (node->convolution.bias) memcpy(bias, sx_weights(frame, node, 1) + first, bytes);
    if (!frame->training && node->folded >= 0) fold_norm(frame, node, block);
}

static int backward_blocks(const sx_graph *graph, const sx_graph_node *node) {
    extent e = extent_of(node);
    if (!graph->nodes[node->inputs[0]].needs_gradient) return 0;
    return (int)e.groups * sx_blocks((int)e.depth);
}

static float *transposed_block(const sx_frame *frame, const sx_graph_node *node, int block) {
    return sx_private_memory(frame, node) + layout_of(frame->graph, node, true).transposed +
           (size_t)block * (size_t)sx_block() * extent_of(node).own;
}

static void pack_backward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    if (!frame->training) return;
    extent e = extent_of(node);
    block_form b = block_of(e.depth, block);
    float *packed = transposed_block(frame, node, block);
    const float *weights = sx_used_weights(frame, node) + b.first * e.out + b.group * e.own;
    for (size_t j = 0; j < (size_t)b.columns; j++)
        for (size_t k = 0; k < e.own; k++) packed[k * (size_t)b.width + j] = weights[j * e.out + k];
}

/* ---- columns -----------------------------------------------------------------------------------
 */

/* Position of a tap, or of the first of a kernel row, in the input; and how many channels from
 * there on are contiguous in the columns, too: of all taps of a row, or of one tap and one group.
 */
typedef struct {
    int y, x, from, to; /* taps from .. to - 1 of the row lie inside the image */
} stretch;

static stretch stretch_of(const sx_graph_node *node, size_t pixel, int ky) {
    const sx_convolution *c = &node->convolution;
    int d = node->dilation, kernel = c->kernel;
    stretch s = {.x = (int)pixel % node->out.width * c->stride - c->padding, .to = kernel};
    s.y = (int)pixel / node->out.width * c->stride - c->padding + ky * d;
    while (s.from < kernel && s.x + s.from * d < 0) s.from++;
    while (s.to > s.from && s.x + (s.to - 1) * d >= node->in.width) s.to--;
    if (s.y < 0 || s.y >= node->in.height) s.from = s.to = 0;
    return s;
}

typedef void (*run_visit)(float *image, float *columns, size_t count);

/* Visits the runs of values that are contiguous in an image and in the columns of one pixel. */
static void walk_row(const sx_graph_node *node, const extent *e, stretch s, float *image,
                     float *columns, run_visit visit) {
    size_t channels = (size_t)node->in.channels;
    float *row = image + (ptrdiff_t)s.y * (ptrdiff_t)sx_geometry_row(node->in);
    if (s.from == s.to) return;
    if (node->dilation == 1 && e->groups == 1) {
        visit(row + (s.x + s.from) * (ptrdiff_t)channels, columns + (size_t)s.from * channels,
              (size_t)(s.to - s.from) * channels);
        return;
    }
    for (int kx = s.from; kx < s.to; kx++) {
        float *pixel = row + (s.x + kx * node->dilation) * (ptrdiff_t)channels;
        for (size_t g = 0; g < e->groups; g++)
            visit(pixel + g * e->in, columns + g * e->depth + (size_t)kx * e->in, e->in);
    }
}

static void copy_run(float *image, float *columns, size_t count) {
    memcpy(columns, image, count * sizeof *columns);
}

static void add_run(float *image, float *columns, size_t count) {
    sx_flat_add(image, columns, count);
}

/* Visits all of one image; `columns` [pixels, stride]. */
static void walk_image(const sx_graph_node *node, float *image, float *columns, run_visit visit) {
    extent e = extent_of(node);
    size_t kernel = (size_t)node->convolution.kernel;
    for (size_t pixel = 0; pixel < e.pixels; pixel++, columns += e.stride)
        for (size_t ky = 0; ky < kernel; ky++)
            walk_row(node, &e, stretch_of(node, pixel, (int)ky), image,
                     columns + ky * kernel * e.in, visit);
}

static void gather_image(const sx_graph_node *node, float *image, float *columns) {
    extent e = extent_of(node);
    if (node->convolution.padding) memset(columns, 0, e.pixels * e.stride * sizeof *columns);
    walk_image(node, image, columns, copy_run);
}

static void gather(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                   int worker) {
    (void)worker;
    extent e = extent_of(node);
    float *columns = sx_private_memory(frame, node) + layout_of(frame->graph, node, true).columns;
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
    block_form b = block_of(e.own, block);
    bool folded = !frame->training && node->folded >= 0;
    sx_product p = {.m = count,
                    .n = b.columns,
                    .rows = 1,
                    .depth = (int)e.depth,
                    .a = columns + b.group * e.depth,
                    .a_step = (ptrdiff_t)e.stride,
                    .a_depth = 1,
                    .b = packed_block(frame, node, block),
                    .b_depth = b.width,
                    .c = out,
                    .c_step = b.columns,
                    .bias = packed_bias(frame, node, block),
                    .relu = node->relu || (folded && frame->graph->nodes[node->folded].relu)};
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
    return groups(graph, node) * forward_blocks(graph, node);
}

static void multiply(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    extent e = extent_of(node);
    const float *columns =
        sx_private_memory(frame, node) + layout_of(frame->graph, node, true).columns;
    int block = piece / groups(frame->graph, node);
    size_t first = (size_t)(piece % groups(frame->graph, node)) * GROUP;
    size_t left = (size_t)frame->graph->batch * e.pixels - first;
    size_t count = left < GROUP ? left : GROUP;
    block_form b = block_of(e.own, block);
    size_t n = (size_t)b.columns;
    float *out = frame->scratch[worker];
    multiply_block(frame, node, columns + first * e.stride, (int)count, block, out);
    for (size_t i = 0; i < count; i++, out += n)
        memcpy(output_pixel(frame, node, first + i) + b.group * e.own + b.first, out,
               n * sizeof *out);
}

static void predict(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    extent e = extent_of(node);
    float *columns = frame->scratch[worker], *out = columns + e.pixels * e.stride;
    for (int i = first; i < first + count; i++) {
        gather_image(node, sx_value(frame, sx_input(frame, node, 0), i), columns);
        for (int block = 0; block < forward_blocks(frame->graph, node); block++) {
            block_form b = block_of(e.own, block);
            size_t n = (size_t)b.columns;
            multiply_block(frame, node, columns, (int)e.pixels, block, out);
            for (size_t pixel = 0; pixel < e.pixels; pixel++)
                memcpy(output_pixel(frame, node, (size_t)i * e.pixels + pixel) + b.group * e.own +
                           b.first,
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
    float *to = sx_private_memory(frame, node) + layout_of(frame->graph, node, true).slopes;
    sx_mask_gradient(frame, node, first, count, worker);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++)
            memcpy(to + (size_t)i * e.pixels * e.out + (size_t)y * length,
                   sx_slope(frame, node, i) + (size_t)y * sx_geometry_row(node->out),
                   length * sizeof *to);
}

static int gradient_pieces(const sx_graph *graph, const sx_graph_node *node) {
    int tiles = sx_ceil_divide((int)extent_of(node).depth, BAND) * forward_blocks(graph, node);
    return tiles + (node->convolution.bias ? 1 : 0);
}

/* A tile of the weights' gradient over the whole batch; the last piece is the bias. */
static void weigh(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    extent e = extent_of(node);
    layout l = layout_of(frame->graph, node, true);
    int bands = sx_ceil_divide((int)e.depth, BAND), block = piece / bands;
    size_t all = (size_t)frame->graph->batch * e.pixels, row = (size_t)(piece % bands) * BAND;
    const float *slopes = sx_private_memory(frame, node) + l.slopes;
    if (block == forward_blocks(frame->graph, node)) {
        float *bias = frame->gradient + sx_slice_offset(frame, node, 1);
        sx_flat_add_rows(bias, slopes, all, e.out);
        return;
    }
    block_form b = block_of(e.own, block);
    size_t first = b.group * e.own + b.first, rows = e.depth - row;
    sx_product p = {.m = (int)(rows < BAND ? rows : BAND),
                    .n = b.columns,
                    .rows = 1,
                    .depth = (int)all,
                    .a = sx_private_memory(frame, node) + l.columns + b.group * e.depth + row,
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
    block_form b = block_of(e.depth, block);
    size_t left = (size_t)frame->graph->batch * e.pixels - row;
    float *memory = sx_private_memory(frame, node);
    sx_product p = {.m = (int)(left < GROUP ? left : GROUP),
                    .n = b.columns,
                    .rows = 1,
                    .depth = (int)e.own,
                    .a = memory + l.slopes + row * e.out + b.group * e.own,
                    .a_step = (ptrdiff_t)e.out,
                    .a_depth = 1,
                    .b = transposed_block(frame, node, block),
                    .b_depth = b.width,
                    .c = memory + l.columns + row * e.stride + b.group * e.depth + b.first,
                    .c_step = (ptrdiff_t)e.stride};
    sx_product_run(&p);
}

/* Adds the columns' gradient to the pixels they came from. */
static void scatter(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    extent e = extent_of(node);
    float *columns = sx_private_memory(frame, node) + layout_of(frame->graph, node, true).columns;
    for (int i = first; i < first + count; i++) {
        float *dx = sx_slope(frame, input, i);
        if (!node->adds_gradient[0]) sx_clear_interior(dx, node->in);
        walk_image(node, dx, columns + (size_t)i * e.pixels * e.stride, add_run);
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
    .prepare = {{.own = sx_standardise_weights, .pieces = sx_standard_pieces},
                {.own = pack_forward, .pieces = forward_blocks},
                {.own = pack_backward, .pieces = backward_blocks}},
    .forward = {{.range = gather}, {.own = multiply, .pieces = multiply_pieces}},
    .backward = {{.range = gather_slopes},
                 {.own = weigh, .pieces = gradient_pieces},
                 {.own = spread, .pieces = spread_pieces},
                 {.range = scatter}},
    .finish = {{.own = sx_standardise_back, .pieces = sx_standard_pieces}},
    .predict = predict,
    .cost = cost,
};
