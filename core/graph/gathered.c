/* Convolution by gathered columns, for layers whose images are small and weights many: late layers
 * of residual networks. A row of two or four output pixels is too short to fill a tile, and walking
 * the weights once per image is slow; here the neighbourhoods of all pixels of the batch are copied
 * side by side, so that forward and both gradients are products over the whole batch:
 *
 *   y [pixels, out] = columns [pixels, depth] w [depth, out]     depth = kernel * kernel * in
 *   dw = columns^T dy,   dcolumns = dy w^T, which is then added back to where it was copied from.
 *
 * Rows go by pixel, then by image. Pixels of one place have the same taps inside their images, so
 * that taps outside are left out of every product: at 2x2 pixels, five of nine of a 3x3 kernel.
 *
 * Planning puts this operator in the place of a convolution; it is no row of the table. */
#include "core/graph/convolution.h"

#define NARROW 8                         /* output pixels in a row that are too few */
#define MANY_WEIGHTS ((size_t)64 << 10)  /* more than the first cache holds by far */
#define COLUMNS_LIMIT ((size_t)64 << 20) /* floats */
#define GROUP 112                        /* rows of one product: whole tiles */
#define LEAST_PIECES 16                  /* of a stage, where there is as much to cut */
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

/* [standardised weights], and for prediction [packed weights][packed bias], for training
 * [columns][dy] */
typedef struct {
    size_t packed, bias, columns, slopes, size;
} layout;

static layout layout_of(const sx_graph *graph, const sx_graph_node *node, bool training) {
    extent e = extent_of(node);
    size_t block = (size_t)sx_block(), all = (size_t)graph->batch * e.pixels;
    layout l = {.packed = sx_standard_size(node)};
    l.bias = l.packed + e.depth * e.groups * (size_t)sx_blocks((int)e.own) * block;
    l.columns = l.bias + e.groups * (size_t)sx_blocks((int)e.own) * block;
    l.slopes = l.columns + all * e.stride;
    l.size = training ? l.slopes + all * e.out + block : l.columns;
    return l;
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    return layout_of(graph, node, training).size;
}

/* In prediction one image's columns, and one block's outputs; in training one packed block of
 * weights, forward with its bias, and one product's outputs. */
static size_t scratch(const sx_graph_node *node) {
    extent e = extent_of(node);
    size_t block = (size_t)sx_block(), depth = e.depth > e.own ? e.depth : e.own;
    size_t predicting = e.pixels * (e.stride + block), training = (depth + 1 + GROUP) * block;
    return predicting > training ? predicting : training;
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

/* A batch norm that follows is multiplied in. */
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

static void pack_block(const sx_frame *frame, const sx_graph_node *node, int block, float *packed,
                       float *bias) {
    extent e = extent_of(node);
    block_form b = block_of(e.own, block);
    size_t first = b.group * e.own + b.first, bytes = (size_t)b.columns * sizeof(float);
    const float *weights = sx_used_weights(frame, node) + first;
    for (size_t k = 0; k < e.depth; k++)
        memcpy(packed + k * (size_t)b.width, weights + k * e.out, bytes);
    memset(bias, 0, bytes);
    if (node->convolution.bias) memcpy(bias, sx_weights(frame, node, 1) + first, bytes);
}

/* For prediction, beforehand. Training packs a block where it is used: so many weights would leave
 * the cache, and each worker uses a block once. */
static void pack(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    if (frame->training) return;
    pack_block(frame, node, block, packed_block(frame, node, block),
               packed_bias(frame, node, block));
    if (node->folded >= 0) fold_norm(frame, node, block);
}

/* ---- columns -----------------------------------------------------------------------------------
 */

/* Indices from .. to - 1 along one axis. */
typedef struct {
    int from, to;
} span;

/* The i < count with 0 <= at + i * step < side. */
static span inside(int at, int step, int count, int side) {
    span s = {at < 0 ? (-at + step - 1) / step : 0, at < side ? (side - 1 - at) / step + 1 : 0};
    if (s.from > count) s.from = count;
    if (s.to > count) s.to = count;
    if (s.to < s.from) s.to = s.from;
    return s;
}

/* The taps of an output pixel that lie inside the image. */
typedef struct {
    span y, x;
} taps;

static taps taps_of(const sx_graph_node *node, size_t pixel) {
    const sx_convolution *c = &node->convolution;
    int width = node->out.width, d = node->dilation;
    int y = (int)pixel / width * c->stride - c->padding;
    int x = (int)pixel % width * c->stride - c->padding;
    return (taps){inside(y, d, c->kernel, node->in.height),
                  inside(x, d, c->kernel, node->in.width)};
}

/* The output positions for which one of the taps first .. last lies inside the image. */
static span positions_of(const sx_graph_node *node, int first, int last, int side, int count) {
    const sx_convolution *c = &node->convolution;
    int d = node->dilation;
    return (span){inside(last * d - c->padding, c->stride, count, side).from,
                  inside(first * d - c->padding, c->stride, count, side).to};
}

/* The rectangle of output pixels that meet one of the `count` columns from `first` on. */
static taps pixels_of(const sx_graph_node *node, size_t first, size_t count) {
    int kernel = node->convolution.kernel, in = (int)extent_of(node).in;
    int tap = (int)first / in, end = (int)(first + count - 1) / in;
    bool one_row = tap / kernel == end / kernel;
    return (taps){
        .y = positions_of(node, tap / kernel, end / kernel, node->in.height, node->out.height),
        .x = positions_of(node, one_row ? tap % kernel : 0, one_row ? end % kernel : kernel - 1,
                          node->in.width, node->out.width)};
}

typedef void (*run_visit)(float *image, float *columns, size_t count);

/* Visits the values of one kernel row of one pixel, `row` pointing to the first tap's in the image:
 * in runs that are contiguous in both, of all taps, or of one tap and one group. */
static void walk_row(const sx_graph_node *node, span x, float *row, float *columns,
                     run_visit visit) {
    extent e = extent_of(node);
    size_t channels = (size_t)node->in.channels;
    if (x.from == x.to) return;
    if (node->dilation == 1 && e.groups == 1) {
        visit(row + x.from * (ptrdiff_t)channels, columns + (size_t)x.from * channels,
              (size_t)(x.to - x.from) * channels);
        return;
    }
    for (int kx = x.from; kx < x.to; kx++) {
        float *pixel = row + kx * node->dilation * (ptrdiff_t)channels;
        for (size_t g = 0; g < e.groups; g++)
            visit(pixel + g * e.in, columns + g * e.depth + (size_t)kx * e.in, e.in);
    }
}

static void copy_run(float *image, float *columns, size_t count) {
    memcpy(columns, image, count * sizeof *columns);
}

static void add_run(float *image, float *columns, size_t count) {
    sx_flat_add(image, columns, count);
}

/* Visits all of one image; `columns` of its first pixel, `next` floats before those of the next. */
static void walk_image(const sx_graph_node *node, float *image, float *columns, size_t next,
                       run_visit visit) {
    extent e = extent_of(node);
    const sx_convolution *c = &node->convolution;
    ptrdiff_t row = (ptrdiff_t)sx_geometry_row(node->in), channels = node->in.channels;
    for (size_t pixel = 0; pixel < e.pixels; pixel++, columns += next) {
        taps t = taps_of(node, pixel);
        int y = (int)pixel / node->out.width * c->stride - c->padding;
        int x = (int)pixel % node->out.width * c->stride - c->padding;
        for (int ky = t.y.from; ky < t.y.to; ky++)
            walk_row(node, t.x, image + (y + ky * node->dilation) * row + x * channels,
                     columns + (size_t)(ky * c->kernel) * e.in, visit);
    }
}

/* What no run reaches are the taps outside the image: zeros. */
static void gather_image(const sx_graph_node *node, float *image, float *columns, size_t next) {
    extent e = extent_of(node);
    for (size_t pixel = 0; pixel < e.pixels && node->convolution.padding; pixel++)
        memset(columns + pixel * next, 0, e.stride * sizeof *columns);
    walk_image(node, image, columns, next, copy_run);
}

/* [pixel, image, stride] */
static float *columns_of(const sx_frame *frame, const sx_graph_node *node) {
    return sx_private_memory(frame, node) + layout_of(frame->graph, node, true).columns;
}

static void gather(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                   int worker) {
    (void)worker;
    extent e = extent_of(node);
    float *columns = columns_of(frame, node);
    for (int i = first; i < first + count; i++)
        gather_image(node, sx_value(frame, sx_input(frame, node, 0), i),
                     columns + (size_t)i * e.stride, (size_t)frame->graph->batch * e.stride);
}

/* ---- forward -----------------------------------------------------------------------------------
 */

/* Rows of columns, [count, stride], whose pixels have the same taps inside; and a block of packed
 * weights. */
typedef struct {
    const float *columns, *packed, *bias;
    taps taps;
    size_t count;
} strip;

/* out [count, columns of the block] = the strip times the block. */
static void multiply_strip(const sx_frame *frame, const sx_graph_node *node, const strip *s,
                           int block, float *out) {
    extent e = extent_of(node);
    block_form b = block_of(e.own, block);
    bool folded = !frame->training && node->folded >= 0;
    size_t row = (size_t)node->convolution.kernel * e.in;
    size_t first = (size_t)s->taps.y.from * row + (size_t)s->taps.x.from * e.in;
    sx_product p = {.m = (int)s->count,
                    .n = b.columns,
                    .rows = s->taps.y.to - s->taps.y.from,
                    .depth = (s->taps.x.to - s->taps.x.from) * (int)e.in,
                    .a = s->columns + b.group * e.depth + first,
                    .a_step = (ptrdiff_t)e.stride,
                    .a_row = (ptrdiff_t)row,
                    .a_depth = 1,
                    .b = s->packed + first * (size_t)b.width,
                    .b_row = (ptrdiff_t)row * b.width,
                    .b_depth = b.width,
                    .c = out,
                    .c_step = b.columns,
                    .bias = s->bias,
                    .relu = node->relu || (folded && frame->graph->nodes[node->folded].relu)};
    sx_product_run(&p);
}

/* Where a block's outputs of one pixel of one image belong. */
static float *output_of(const sx_frame *frame, const sx_graph_node *node, int block, size_t pixel,
                        size_t image) {
    extent e = extent_of(node);
    block_form b = block_of(e.own, block);
    size_t width = (size_t)node->out.width;
    return sx_value(frame, node, (int)image) + pixel / width * sx_geometry_row(node->out) +
           pixel % width * e.out + b.group * e.own + b.first;
}

/* Into how many pieces the rows of output pixels are cut: into some where blocks are few. */
static int cuts(const sx_graph_node *node, int blocks) {
    int wanted = blocks > 0 ? sx_ceil_divide(LEAST_PIECES, blocks) : 1;
    return wanted < node->out.height ? wanted : node->out.height;
}

/* The rows of output pixels of cut `cut` of `cuts`. */
static span rows_of(const sx_graph_node *node, int cut, int cuts) {
    return (span){cut * node->out.height / cuts, (cut + 1) * node->out.height / cuts};
}

static int multiply_pieces(const sx_graph *graph, const sx_graph_node *node) {
    int blocks = forward_blocks(graph, node);
    return blocks * cuts(node, blocks);
}

/* Pixels from .. to - 1 of all images, which have the same taps inside; `s` says the rest. */
static void multiply_run(const sx_frame *frame, const sx_graph_node *node, span pixels, strip s,
                         int block, float *out) {
    extent e = extent_of(node);
    size_t batch = (size_t)frame->graph->batch, n = (size_t)block_of(e.own, block).columns;
    size_t row = (size_t)pixels.from * batch, end = (size_t)pixels.to * batch;
    s.taps = taps_of(node, (size_t)pixels.from);
    for (; row < end; row += s.count) {
        s.columns = columns_of(frame, node) + row * e.stride;
        s.count = end - row < GROUP ? end - row : GROUP;
        multiply_strip(frame, node, &s, block, out);
        for (size_t i = 0; i < s.count; i++)
            memcpy(output_of(frame, node, block, (row + i) / batch, (row + i) % batch), out + i * n,
                   n * sizeof *out);
    }
}

/* The pixels from `first` to the end of the row that have the same taps inside. */
static span run_of(const sx_graph_node *node, int first) {
    span run = {first, first + 1}, x = taps_of(node, (size_t)first).x;
    for (; run.to % node->out.width; run.to++) {
        span next = taps_of(node, (size_t)run.to).x;
        if (next.from != x.from || next.to != x.to) break;
    }
    return run;
}

/* Some rows of output pixels by one block of weights. */
static void multiply(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    extent e = extent_of(node);
    int all = cuts(node, forward_blocks(frame->graph, node)), block = piece / all;
    span rows = rows_of(node, piece % all, all), run;
    float *packed = frame->scratch[worker], *bias = packed + e.depth * (size_t)sx_block();
    pack_block(frame, node, block, packed, bias);
    for (int pixel = rows.from * node->out.width; pixel < rows.to * node->out.width;
         pixel = run.to) {
        run = run_of(node, pixel);
        multiply_run(frame, node, run, (strip){.packed = packed, .bias = bias}, block,
                     bias + sx_block());
    }
}

/* Image by image, with the zeros. */
static void predict(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    extent e = extent_of(node);
    int kernel = node->convolution.kernel;
    float *columns = frame->scratch[worker], *out = columns + e.pixels * e.stride;
    strip s = {.columns = columns, .taps = {{0, kernel}, {0, kernel}}, .count = e.pixels};
    for (int i = first; i < first + count; i++) {
        gather_image(node, sx_value(frame, sx_input(frame, node, 0), i), columns, e.stride);
        for (int block = 0; block < forward_blocks(frame->graph, node); block++) {
            size_t n = (size_t)block_of(e.own, block).columns;
            s.packed = packed_block(frame, node, block);
            s.bias = packed_bias(frame, node, block);
            multiply_strip(frame, node, &s, block, out);
            for (size_t pixel = 0; pixel < e.pixels; pixel++)
                memcpy(output_of(frame, node, block, pixel, (size_t)i), out + pixel * n,
                       n * sizeof *out);
        }
    }
}

/* ---- backward ----------------------------------------------------------------------------------
 */

/* [pixel, image, out] */
static float *slopes_of(const sx_frame *frame, const sx_graph_node *node) {
    return sx_private_memory(frame, node) + layout_of(frame->graph, node, true).slopes;
}

static void gather_slopes(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                          int worker) {
    extent e = extent_of(node);
    size_t batch = (size_t)frame->graph->batch, width = (size_t)node->out.width;
    float *to = slopes_of(frame, node);
    sx_mask_gradient(frame, node, first, count, worker);
    for (int i = first; i < first + count; i++)
        for (size_t pixel = 0; pixel < e.pixels; pixel++)
            memcpy(to + (pixel * batch + (size_t)i) * e.out,
                   sx_slope(frame, node, i) + pixel / width * sx_geometry_row(node->out) +
                       pixel % width * e.out,
                   e.out * sizeof *to);
}

static int gradient_pieces(const sx_graph *graph, const sx_graph_node *node) {
    int tiles = sx_ceil_divide((int)extent_of(node).depth, BAND) * forward_blocks(graph, node);
    return tiles + (node->convolution.bias ? 1 : 0);
}

/* A tile of the weights' gradient over the whole batch; the last piece is the bias. Band by band,
 * so that a band's columns are read once and its gradient is written in whole rows. */
static void weigh(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    extent e = extent_of(node);
    int blocks = forward_blocks(frame->graph, node), block = piece % blocks;
    size_t batch = (size_t)frame->graph->batch, first = (size_t)(piece / blocks) * BAND;
    if (first >= e.depth) {
        float *bias = frame->gradient + sx_slice_offset(frame, node, 1);
        memset(bias, 0, e.out * sizeof *bias);
        sx_flat_add_rows(bias, slopes_of(frame, node), batch * e.pixels, e.out);
        return;
    }
    block_form b = block_of(e.own, block);
    size_t rows = e.depth - first < BAND ? e.depth - first : BAND;
    taps t = pixels_of(node, first, rows);
    size_t from = ((size_t)(t.y.from * node->out.width) + (size_t)t.x.from) * batch;
    size_t row = (size_t)node->out.width * batch, own = b.group * e.own + b.first;
    sx_product p = {.m = (int)rows,
                    .n = b.columns,
                    .rows = t.y.to - t.y.from,
                    .depth = (t.x.to - t.x.from) * (int)batch,
                    .a = columns_of(frame, node) + from * e.stride + b.group * e.depth + first,
                    .a_step = 1,
                    .a_row = (ptrdiff_t)(row * e.stride),
                    .a_depth = (ptrdiff_t)e.stride,
                    .b = slopes_of(frame, node) + from * e.out + own,
                    .b_row = (ptrdiff_t)(row * e.out),
                    .b_depth = (ptrdiff_t)e.out,
                    .c = frame->gradient + sx_slice_offset(frame, node, 0) + first * e.out + own,
                    .c_step = (ptrdiff_t)e.out};
    sx_product_run(&p);
}

/* Blocks of the columns' gradient; none where nobody wants the input's. */
static int column_blocks(const sx_graph *graph, const sx_graph_node *node) {
    extent e = extent_of(node);
    if (!graph->nodes[node->inputs[0]].needs_gradient) return 0;
    return (int)e.groups * sx_blocks((int)e.depth);
}

static int spread_pieces(const sx_graph *graph, const sx_graph_node *node) {
    int blocks = column_blocks(graph, node);
    return blocks * cuts(node, blocks);
}

/* A block of the columns' gradient, for some rows of output pixels, written over the columns. */
static void spread(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    extent e = extent_of(node);
    int all = cuts(node, column_blocks(frame->graph, node));
    block_form b = block_of(e.depth, piece / all);
    size_t width = (size_t)node->out.width, batch = (size_t)frame->graph->batch;
    taps t = pixels_of(node, b.first, (size_t)b.columns);
    span rows = rows_of(node, piece % all, all);
    float *packed = frame->scratch[worker], *columns = columns_of(frame, node);
    sx_flat_transpose(packed, (size_t)b.width,
                      sx_used_weights(frame, node) + b.first * e.out + b.group * e.own, e.out,
                      (size_t)b.columns, e.own);
    sx_product p = {.m = (t.x.to - t.x.from) * (int)batch,
                    .n = b.columns,
                    .rows = 1,
                    .depth = (int)e.own,
                    .a_step = (ptrdiff_t)e.out,
                    .a_depth = 1,
                    .b = packed,
                    .b_depth = b.width,
                    .c_step = (ptrdiff_t)e.stride};
    for (int y = rows.from > t.y.from ? rows.from : t.y.from; y < rows.to && y < t.y.to; y++) {
        size_t row = ((size_t)y * width + (size_t)t.x.from) * batch;
        p.a = slopes_of(frame, node) + row * e.out + b.group * e.own;
        p.c = columns + row * e.stride + b.group * e.depth + b.first;
        sx_product_run(&p);
    }
}

/* Adds the columns' gradient to the pixels they came from. */
static void scatter(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    extent e = extent_of(node);
    for (int i = first; i < first + count; i++) {
        float *dx = sx_slope(frame, input, i);
        if (!node->adds_gradient[0]) sx_clear_interior(dx, node->in);
        walk_image(node, dx, columns_of(frame, node) + (size_t)i * e.stride,
                   (size_t)frame->graph->batch * e.stride, add_run);
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
    .stores_gradient = true,
    .memory = memory,
    .scratch = scratch,
    .prepare = {{.own = sx_standardise_weights, .pieces = sx_standard_pieces},
                {.own = pack, .pieces = forward_blocks}},
    .forward = {{.range = gather}, {.own = multiply, .pieces = multiply_pieces}},
    .backward = {{.range = gather_slopes},
                 {.own = weigh, .pieces = gradient_pieces},
                 {.own = spread, .pieces = spread_pieces},
                 {.range = scatter}},
    .finish = {{.own = sx_standardise_back, .pieces = sx_standard_pieces}},
    .predict = predict,
    .cost = cost,
};
