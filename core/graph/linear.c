/* A dense layer over the channels of every pixel or token: [height, width, in] -> [height, width,
 * units]. All pixels of an image are rows of one matrix product; nothing crosses from pixel to
 * pixel or image to image, so a chunk goes through a whole transformer and back without a barrier.
 *
 * The gradient by the weights is a sum over all pixels of the batch. Where weights are few, every
 * chunk leaves its share in private memory; where they are many, tiles of the gradient are summed
 * over the whole batch when all chunks are done. */
#include "core/graph/partial.h"

#define SHARE_FLOATS ((size_t)2 << 20) /* of all chunks' shares */
#define TILE_ROWS 56                   /* of the weights' gradient that one piece sums */
#define REDUCE_FLOATS 4096             /* of a gradient that one piece adds up */

enum { UNITS, BIAS, TRAINED, DEVIATION }; /* options */

static bool has_bias(const sx_graph_node *node) {
    return node->option[BIAS] != 0;
}

static bool is_trained(const sx_graph_node *node) {
    return node->option[TRAINED] != 0;
}

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    int in = node->in.channels;
    if (node->units < 1) return sx_fail(err, SX_BAD_INPUT, "a linear layer needs units >= 1");
    node->out = (sx_geometry){node->in.height, node->in.width, node->units, 0};
    bool trained = is_trained(node);
    sx_slice_form weight = {"weight", {in, node->units}, trained, trained, SX_INITIAL_LINEAR, in};
    if (node->option[DEVIATION] > 0) {
        weight.initial = SX_INITIAL_NORMAL;
        weight.number = node->option[DEVIATION];
    }
    sx_status status = sx_graph_add_slice(graph, node, &weight, err);
    if (status || !has_bias(node)) return status;
    sx_slice_form bias = {"bias", {node->units}, trained, false, SX_INITIAL_ZERO, 1};
    return sx_graph_add_slice(graph, node, &bias, err);
}

static size_t weight_count(const sx_graph_node *node) {
    return (size_t)node->in.channels * (size_t)node->units;
}

static double cost(const sx_graph_node *node) {
    return (double)weight_count(node) * node->in.height * node->in.width;
}

/* ---- private memory: [packed weights][packed bias][packed transposed weights][shares] -------- */

typedef struct {
    size_t bias, transposed, shares, share_size;
    bool shared; /* every chunk has a share */
} layout;

static layout layout_of(const sx_graph *graph, const sx_graph_node *node) {
    layout l;
    size_t out = (size_t)sx_blocks(node->units) * (size_t)sx_block();
    size_t in = (size_t)sx_blocks(node->in.channels) * (size_t)sx_block();
    l.bias = (size_t)node->in.channels * out;
    l.transposed = l.bias + out;
    l.shares = l.transposed + (size_t)node->units * in;
    l.share_size = weight_count(node) + (size_t)node->units;
    l.shared = l.share_size <= SHARE_FLOATS / (size_t)graph->chunks;
    return l;
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    layout l = layout_of(graph, node);
    if (!training) return l.transposed;
    return l.shared ? sx_partial_memory(graph, l.shares, l.share_size) : l.shares;
}

/* ---- packing --------------------------------------------------------------------------------- */

static int forward_blocks(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return sx_blocks(node->units);
}

static void pack_forward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    size_t depth = (size_t)node->in.channels, units = (size_t)node->units;
    size_t first = (size_t)block * (size_t)sx_block();
    size_t columns = (size_t)sx_block_columns(node->units, block);
    size_t width = (size_t)sx_block_width((int)columns);
    float *packed = sx_private_memory(frame, node) + first * depth;
    const float *weights = sx_weights(frame, node, 0) + first;
    for (size_t k = 0; k < depth; k++)
        memcpy(packed + k * width, weights + k * units, columns * sizeof *packed);
    float *bias = sx_private_memory(frame, node) + layout_of(frame->graph, node).bias + first;
    memset(bias, 0, columns * sizeof *bias);
    if (has_bias(node)) memcpy(bias, sx_weights(frame, node, 1) + first, columns * sizeof *bias);
}

/* None where nobody wants the input's gradient. */
static int backward_blocks(const sx_graph *graph, const sx_graph_node *node) {
    return graph->nodes[node->inputs[0]].needs_gradient ? sx_blocks(node->in.channels) : 0;
}

static void pack_backward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    if (!frame->training) return;
    size_t units = (size_t)node->units, first = (size_t)block * (size_t)sx_block();
    size_t columns = (size_t)sx_block_columns(node->in.channels, block);
    size_t width = (size_t)sx_block_width((int)columns);
    float *packed =
        sx_private_memory(frame, node) + layout_of(frame->graph, node).transposed + first * units;
    const float *weights = sx_weights(frame, node, 0) + first * units;
    sx_flat_transpose(packed, width, weights, units, columns, units);
}

/* ---- products over the pixels of one image ----------------------------------------------------
 */

static int span_pixels(const sx_graph_node *node) {
    return node->in.height * node->in.width / sx_span_count(node);
}

/* y = x w for every span, block by block; `p` says what the blocks share. */
static void multiply(const sx_graph_node *node, sx_product p, const float *x, float *y,
                     int channels, sx_geometry from, sx_geometry to) {
    const float *packed = p.b, *bias = p.bias;
    p.m = span_pixels(node);
    p.rows = 1;
    p.a_depth = 1;
    for (int span = 0; span < sx_span_count(node); span++) {
        p.a = x + (size_t)span * sx_geometry_row(from);
        for (int block = 0; block < sx_blocks(channels); block++) {
            p.n = sx_block_columns(channels, block);
            p.b_depth = sx_block_width(p.n);
            p.b = packed + (size_t)block * (size_t)sx_block() * (size_t)p.depth;
            p.c = y + (size_t)span * sx_geometry_row(to) + block * sx_block();
            if (bias) p.bias = bias + block * sx_block();
            sx_product_run(&p);
        }
    }
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    const float *packed = sx_private_memory(frame, node);
    sx_product p = {.depth = node->in.channels,
                    .a_step = node->in.channels,
                    .c_step = node->units,
                    .b = packed,
                    .bias = packed + layout_of(frame->graph, node).bias,
                    .relu = node->relu};
    for (int i = first; i < first + count; i++)
        multiply(node, p, sx_value(frame, sx_input(frame, node, 0), i), sx_value(frame, node, i),
                 node->units, node->in, node->out);
}

static void spread(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                   int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    sx_product p = {.depth = node->units,
                    .a_step = node->units,
                    .c_step = node->in.channels,
                    .b = sx_private_memory(frame, node) + layout_of(frame->graph, node).transposed,
                    .accumulate = node->adds_gradient[0]};
    for (int i = first; i < first + count; i++)
        multiply(node, p, sx_slope(frame, node, i), sx_slope(frame, input, i), node->in.channels,
                 node->out, node->in);
}

/* ---- gradient by the weights ------------------------------------------------------------------
 */

/* out [rows, units] = the sum over images first .. last - 1 of x^T dy, for the weights' rows from
 * `row` on and the columns of `block`. Rows of out are `units` apart. */
static void correlate(const sx_frame *frame, const sx_graph_node *node, int first, int last,
                      int row, int rows, int block, float *out) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    sx_product p = {.m = rows,
                    .n = sx_block_columns(node->units, block),
                    .rows = 1,
                    .depth = span_pixels(node),
                    .a_step = 1,
                    .a_depth = node->in.channels,
                    .b_depth = node->units,
                    .c = out + block * sx_block(),
                    .c_step = node->units};
    if (sx_span_count(node) == 1) { /* images are the outer loop of one product */
        p.rows = last - first;
        p.a_row = (ptrdiff_t)sx_geometry_stride(node->in);
        p.b_row = (ptrdiff_t)sx_slope_stride(frame, node);
    }
    int images = sx_span_count(node) == 1 ? 1 : last - first;
    for (int i = first; i < first + images; i++)
        for (int span = 0; span < sx_span_count(node); span++) {
            p.a = sx_value(frame, input, i) + (size_t)span * sx_geometry_row(node->in) + row;
            p.b = sx_slope(frame, node, i) + (size_t)span * sx_geometry_row(node->out) +
                  block * sx_block();
            sx_product_run(&p);
            p.accumulate = true;
        }
}

/* out [units] += the sum of dy over the pixels of images first .. last - 1. */
static void sum_bias(const sx_frame *frame, const sx_graph_node *node, int first, int last,
                     float *out) {
    size_t units = (size_t)node->units;
    for (int i = first; i < last; i++)
        for (int y = 0; y < node->out.height; y++)
            sx_flat_add_rows(out, sx_slope(frame, node, i) + (size_t)y * sx_geometry_row(node->out),
                             (size_t)node->out.width, units);
}

static void correlate_chunk(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                            int worker) {
    (void)worker;
    layout l = layout_of(frame->graph, node);
    if (!l.shared || !is_trained(node)) return;
    float *share = sx_partial_chunk(frame, node, l.shares, l.share_size, sx_chunk_of(frame, first));
    for (int block = 0; block < sx_blocks(node->units); block++)
        correlate(frame, node, first, first + count, 0, node->in.channels, block, share);
    if (!has_bias(node)) return;
    float *bias = share + weight_count(node);
    memset(bias, 0, (size_t)node->units * sizeof *bias);
    sum_bias(frame, node, first, first + count, bias);
}

static int tiles(const sx_graph *graph, const sx_graph_node *node) {
    if (layout_of(graph, node).shared || !is_trained(node)) return 0;
    return sx_ceil_divide(node->in.channels, TILE_ROWS) * sx_blocks(node->units) + has_bias(node);
}

/* A tile over the whole batch; the piece after the last is the bias. */
static void correlate_tile(const sx_frame *frame, const sx_graph_node *node, int piece,
                           int worker) {
    (void)worker;
    int batch = frame->graph->batch, bands = sx_ceil_divide(node->in.channels, TILE_ROWS);
    int row = piece % bands * TILE_ROWS, rows = node->in.channels - row;
    if (piece == bands * sx_blocks(node->units)) {
        sum_bias(frame, node, 0, batch, frame->gradient + sx_slice_offset(frame, node, 1));
        return;
    }
    float *gradient = frame->gradient + sx_slice_offset(frame, node, 0);
    correlate(frame, node, 0, batch, row, rows < TILE_ROWS ? rows : TILE_ROWS, piece / bands,
              gradient + (size_t)row * (size_t)node->units);
}

static int reduce_pieces(const sx_graph *graph, const sx_graph_node *node) {
    if (!layout_of(graph, node).shared || !is_trained(node)) return 0;
    return sx_ceil_divide((int)weight_count(node), REDUCE_FLOATS) + has_bias(node);
}

/* A stretch of the weights' gradient; the piece after the last is the bias. */
static void reduce(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    layout l = layout_of(frame->graph, node);
    size_t count = weight_count(node), from = (size_t)piece * REDUCE_FLOATS;
    sx_partial_sum sum = {.offset = l.shares, .count = l.share_size, .from = from};
    if (from < count) {
        sum.length = count - from < REDUCE_FLOATS ? count - from : REDUCE_FLOATS;
        sum.gradient = frame->gradient + sx_slice_offset(frame, node, 0) + from;
    } else {
        sum.from = count;
        sum.length = (size_t)node->units;
        sum.gradient = frame->gradient + sx_slice_offset(frame, node, 1);
    }
    sx_partial_add(frame, node, &sum);
}

/* ---- plain loops ------------------------------------------------------------------------------
 */

static void reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t in = (size_t)node->in.channels, units = (size_t)node->units;
    const double *w = sx_reference_weights(call, 0),
                 *bias = has_bias(node) ? sx_reference_weights(call, 1) : NULL;
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        const double *x = call->x[0] + i / units * in;
        call->y[i] = bias ? bias[i % units] : 0;
        for (size_t k = 0; k < in; k++) call->y[i] += x[k] * w[k * units + i % units];
    }
}

static void reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t in = (size_t)node->in.channels, units = (size_t)node->units;
    const double *w = sx_reference_weights(call, 0);
    double *dw = sx_reference_gradient(call, 0);
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        size_t pixel = i / units * in, unit = i % units;
        double slope = is_trained(node) ? call->dy[i] : 0;
        if (has_bias(node)) sx_reference_gradient(call, 1)[unit] += slope;
        for (size_t k = 0; k < in; k++) {
            call->dx[0][pixel + k] += call->dy[i] * w[k * units + unit];
            dw[k * units + unit] += slope * call->x[0][pixel + k];
        }
    }
}

static const sx_option options[] = {
    {"", "units", SX_OPTION_INTEGER, "64", 1, 65536, NULL, "channels of the output"},
    {"", "bias", SX_OPTION_CHOICE, "yes", 0, 0, "no|yes", "adds a value to each channel"},
    {"", "trained", SX_OPTION_CHOICE, "yes", 0, 0, "no|yes", "no: weights stay as they are"},
    {"", "deviation", SX_OPTION_NUMBER, "0", 0, 1000, NULL,
     "of the initial weights; 0: 1 over the root of the input's channels"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static void take(sx_graph_node *node) {
    node->units = (int)node->option[UNITS];
}

const sx_operator sx_operator_linear = {
    .name = "linear",
    .help = "a dense layer over the channels of every pixel or token",
    .shapes = "[h, w, c] -> [h, w, units]",
    .work = "c units for each pixel",
    .checked = "PyTorch",
    .options = options,
    .take = take,
    .shape = shape,
    .memory = memory,
    .prepare = {{.own = pack_forward, .pieces = forward_blocks},
                {.own = pack_backward, .pieces = backward_blocks}},
    .forward = {{.range = forward}},
    .backward = {{.range = sx_mask_gradient},
                 {.range = spread},
                 {.range = correlate_chunk},
                 {.own = correlate_tile, .pieces = tiles}},
    .finish = {{.own = reduce, .pieces = reduce_pieces}},
    .predict = forward,
    .cost = cost,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
