/* Dense layers: three matrix products over the whole [height, width, channels] of each image. The
 * input may have a halo, so its values are taken as rows (one row if there is no halo). The work is
 * cut by output tiles rather than by images alone: weights are the larger operand, and each piece
 * of the weights' gradient sums over the whole batch, so no partial gradients wait to be added. */
#include "core/graph/internal.h"

#include <string.h>

#define GROUP 32         /* images of one piece */
#define GRADIENT_ROWS 56 /* rows of the weights' gradient of one piece: whole tiles */

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    if (node->units < 1) return sx_fail(err, SX_BAD_INPUT, "a dense layer needs units >= 1");
    node->out = (sx_geometry){1, 1, node->units, 0};
    int in = node->in.height * node->in.width * node->in.channels;
    sx_status status = sx_graph_add_slice(
        graph, node, &(sx_slice_form){"weight", {in, node->units}, true, true, SX_INITIAL_HE, in},
        err);
    if (status) return status;
    return sx_graph_add_slice(
        graph, node, &(sx_slice_form){"bias", {node->units}, true, false, SX_INITIAL_ZERO, 1}, err);
}

/* The input as `rows` rows of `length` contiguous values. */
typedef struct {
    int rows, length;
} input_form;

static input_form form_of(const sx_graph_node *node) {
    int length = (int)sx_row_length(node->in);
    if (node->in.halo > 0) return (input_form){node->in.height, length};
    return (input_form){1, node->in.height * length};
}

static size_t input_count(const sx_graph_node *node) {
    return (size_t)node->in.height * sx_row_length(node->in);
}

static double cost(const sx_graph_node *node) {
    return (double)input_count(node) * node->units;
}

/* ---- private memory: [packed weights][packed bias][packed transposed weights] -----------------
 */

static size_t bias_offset(const sx_graph_node *node) {
    return input_count(node) * (size_t)sx_blocks(node->units) * (size_t)sx_block();
}

static size_t transposed_offset(const sx_graph_node *node) {
    return bias_offset(node) + (size_t)sx_blocks(node->units) * (size_t)sx_block();
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    input_form f = form_of(node);
    (void)graph;
    size_t columns = (size_t)f.rows * (size_t)sx_blocks(f.length) * (size_t)sx_block();
    return transposed_offset(node) + (training ? columns * (size_t)node->units : 0);
}

static size_t scratch(const sx_graph_node *node) {
    return 2 * sx_round_up((size_t)node->units);
}

/* ---- packing --------------------------------------------------------------------------------- */

/* Whole blocks are read from the weights as they are: each is used for few images only, so that
 * copying it would cost more than its longer stride does. */
static bool is_packed(const sx_graph_node *node) {
    return node->units % sx_block() != 0;
}

static int forward_blocks(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return is_packed(node) ? sx_blocks(node->units) : 0;
}

static void pack_forward(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    size_t depth = input_count(node), units = (size_t)node->units;
    size_t first = (size_t)block * (size_t)sx_block();
    size_t columns = (size_t)sx_block_columns(node->units, block);
    size_t width = (size_t)sx_block_width((int)columns);
    float *packed = sx_private_memory(frame, node) + first * depth;
    const float *weights = sx_weights(frame, node, 0) + first;
    for (size_t k = 0; k < depth; k++)
        memcpy(packed + k * width, weights + k * units, columns * sizeof *packed);
    memcpy(sx_private_memory(frame, node) + bias_offset(node) + first,
           sx_weights(frame, node, 1) + first, columns * sizeof *packed);
}

/* Blocks of the input's gradient; none where nobody wants it. */
static int transposed_blocks(const sx_graph *graph, const sx_graph_node *node) {
    input_form f = form_of(node);
    return graph->nodes[node->inputs[0]].needs_gradient ? f.rows * sx_blocks(f.length) : 0;
}

static float *transposed_block(const sx_frame *frame, const sx_graph_node *node, int piece) {
    return sx_private_memory(frame, node) + transposed_offset(node) +
           (size_t)piece * (size_t)sx_block() * (size_t)node->units;
}

/* Piece: one block of one row of the input. */
static void pack_backward(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    if (!frame->training) return;
    input_form f = form_of(node);
    int row = piece / sx_blocks(f.length), block = piece % sx_blocks(f.length);
    size_t columns = (size_t)sx_block_columns(f.length, block), units = (size_t)node->units;
    size_t width = (size_t)sx_block_width((int)columns);
    float *packed = transposed_block(frame, node, piece);
    const float *weights =
        sx_weights(frame, node, 0) + (size_t)(row * f.length + block * sx_block()) * units;
    sx_flat_transpose(packed, width, weights, units, columns, units);
}

/* ---- forward --------------------------------------------------------------------------------- */

static void multiply(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int block) {
    input_form f = form_of(node);
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t column = (size_t)block * (size_t)sx_block();
    int columns = sx_block_columns(node->units, block);
    sx_product p = {.m = count,
                    .n = columns,
                    .rows = f.rows,
                    .depth = f.length,
                    .a = sx_value(frame, input, first),
                    .a_step = (ptrdiff_t)sx_geometry_stride(node->in),
                    .a_row = (ptrdiff_t)sx_geometry_row(node->in),
                    .a_depth = 1,
                    .b = sx_private_memory(frame, node) + column * input_count(node),
                    .b_depth = sx_block_width(columns),
                    .c = sx_value(frame, node, first) + column,
                    .c_step = (ptrdiff_t)sx_geometry_stride(node->out),
                    .bias = sx_private_memory(frame, node) + bias_offset(node) + column,
                    .relu = node->relu};
    if (!is_packed(node)) {
        p.b = sx_weights(frame, node, 0) + column;
        p.b_depth = node->units;
        p.bias = sx_weights(frame, node, 1) + column;
    }
    p.b_row = p.depth * p.b_depth;
    sx_product_run(&p);
}

static int groups(const sx_graph *graph) {
    return sx_ceil_divide(graph->batch, GROUP);
}

static int group_images(const sx_graph *graph, int group) {
    int left = graph->batch - group * GROUP;
    return left < GROUP ? left : GROUP;
}

static int forward_pieces(const sx_graph *graph, const sx_graph_node *node) {
    return groups(graph) * sx_blocks(node->units);
}

static void forward_piece(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    int group = piece % groups(frame->graph), block = piece / groups(frame->graph);
    multiply(frame, node, group * GROUP, group_images(frame->graph, group), block);
}

static void predict(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    for (int block = 0; block < sx_blocks(node->units); block++)
        multiply(frame, node, first, count, block);
}

/* ---- gradient by the input ------------------------------------------------------------------- */

static int spread_pieces(const sx_graph *graph, const sx_graph_node *node) {
    return groups(graph) * transposed_blocks(graph, node);
}

static void spread(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    input_form f = form_of(node);
    int group = piece % groups(frame->graph), column = piece / groups(frame->graph);
    int row = column / sx_blocks(f.length), block = column % sx_blocks(f.length);
    int columns = sx_block_columns(f.length, block), first = group * GROUP;
    sx_product p = {.m = group_images(frame->graph, group),
                    .n = columns,
                    .rows = 1,
                    .depth = node->units,
                    .a = sx_slope(frame, node, first),
                    .a_step = (ptrdiff_t)sx_slope_stride(frame, node),
                    .a_depth = 1,
                    .b = transposed_block(frame, node, column),
                    .b_depth = sx_block_width(columns),
                    .c_step = (ptrdiff_t)sx_slope_stride(frame, sx_input(frame, node, 0)),
                    .accumulate = node->adds_gradient[0]};
    p.c = sx_slope(frame, sx_input(frame, node, 0), first) +
          (size_t)row * sx_geometry_row(node->in) + (size_t)block * (size_t)sx_block();
    sx_product_run(&p);
}

/* ---- gradient by the weights ----------------------------------------------------------------- */

static int correlate_pieces(const sx_graph *graph, const sx_graph_node *node) {
    input_form f = form_of(node);
    (void)graph;
    return f.rows * sx_ceil_divide(f.length, GRADIENT_ROWS) + 1;
}

static void sum_bias(const sx_frame *frame, const sx_graph_node *node, int worker) {
    double *sums = (void *)frame->scratch[worker];
    float *out = frame->gradient + sx_slice_offset(frame, node, 1);
    memset(sums, 0, (size_t)node->units * sizeof *sums);
    for (int i = 0; i < frame->graph->batch; i++)
        sx_fold_row(sx_slope(frame, node, i), node->out, sums);
    for (int c = 0; c < node->units; c++) out[c] = (float)sums[c];
}

static void correlate(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    input_form f = form_of(node);
    int cuts = sx_ceil_divide(f.length, GRADIENT_ROWS);
    if (piece == f.rows * cuts) {
        sum_bias(frame, node, worker);
        return;
    }
    int row = piece / cuts, first = piece % cuts * GRADIENT_ROWS, left = f.length - first;
    float *gradient = frame->gradient + sx_slice_offset(frame, node, 0) +
                      (size_t)(row * f.length + first) * (size_t)node->units;
    sx_product p = {.m = left < GRADIENT_ROWS ? left : GRADIENT_ROWS,
                    .rows = 1,
                    .depth = frame->graph->batch,
                    .a = sx_value(frame, sx_input(frame, node, 0), 0) +
                         (size_t)row * sx_geometry_row(node->in) + (size_t)first,
                    .a_step = 1,
                    .a_depth = (ptrdiff_t)sx_geometry_stride(node->in),
                    .b_depth = (ptrdiff_t)sx_slope_stride(frame, node),
                    .c_step = node->units};
    for (int block = 0; block < sx_blocks(node->units); block++) {
        p.n = sx_block_columns(node->units, block);
        p.b = sx_slope(frame, node, 0) + block * sx_block();
        p.c = gradient + block * sx_block();
        sx_product_run(&p);
    }
}

/* ---- plain loops ----------------------------------------------------------------------------- */

static void reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t in = input_count(node), units = (size_t)node->units;
    for (size_t i = 0; i < (size_t)call->batch; i++)
        for (size_t o = 0; o < units; o++) {
            double sum = sx_reference_weights(call, 1)[o];
            for (size_t k = 0; k < in; k++)
                sum += call->x[0][i * in + k] * sx_reference_weights(call, 0)[k * units + o];
            call->y[i * units + o] = sum;
        }
}

static void reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t in = input_count(node), units = (size_t)node->units;
    for (size_t i = 0; i < (size_t)call->batch; i++)
        for (size_t o = 0; o < units; o++) {
            double dy = call->dy[i * units + o];
            sx_reference_gradient(call, 1)[o] += dy;
            for (size_t k = 0; k < in; k++) {
                call->dx[0][i * in + k] += dy * sx_reference_weights(call, 0)[k * units + o];
                sx_reference_gradient(call, 0)[k * units + o] += dy * call->x[0][i * in + k];
            }
        }
}

static const sx_option options[] = {
    {"", "units", SX_OPTION_INTEGER, "10", 1, 65536, NULL, "values of the output"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static void take(sx_graph_node *node) {
    node->units = (int)node->option[0];
}

const sx_operator sx_operator_dense = {
    .name = "dense",
    .help = "matrix product over the whole image as a vector, with bias",
    .shapes = "[h, w, c] -> [1, 1, units]",
    .work = "h w c units",
    .checked = "PyTorch",
    .options = options,
    .take = take,
    .stores_gradient = true,
    .shape = shape,
    .memory = memory,
    .scratch = scratch,
    .prepare = {{.own = pack_forward, .pieces = forward_blocks},
                {.own = pack_backward, .pieces = transposed_blocks}},
    .forward = {{.own = forward_piece, .pieces = forward_pieces}},
    .backward = {{.range = sx_mask_gradient},
                 {.own = spread, .pieces = spread_pieces},
                 {.own = correlate, .pieces = correlate_pieces}},
    .predict = predict,
    .cost = cost,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
