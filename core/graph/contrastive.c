/* The contrastive loss of pairs (arXiv 2103.00020, figure 3): the products of every image's vector
 * with every text's are logits; rows ask which text belongs to an image, columns which image to a
 * text, and the loss is the mean of the two cross-entropies. It needs the whole batch: products
 * wait for all vectors, columns for all products, gradients for all columns.
 *
 * The node's value is the matrix of products, a row for each image; backward turns it, in place,
 * into the gradient by the products. "Right" is an image for which no text is likelier than its
 * own. */
#include "core/graph/loss.h"

#include <math.h>

#define BAND 16 /* columns of one piece */

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    sx_geometry a = node->in, b = graph->nodes[node->inputs[1]].out;
    if (a.height != 1 || a.width != 1 || b.height != 1 || b.width != 1 || a.channels != b.channels)
        return sx_fail(err, SX_BAD_INPUT,
                       "%d x %d x %d and %d x %d x %d: two vectors of equal length are compared",
                       a.height, a.width, a.channels, b.height, b.width, b.channels);
    node->out = (sx_geometry){1, 1, graph->batch, 0};
    return SX_OK;
}

static sx_status fits(const sx_graph_node *node, sx_error *err) {
    if (node->in.halo == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "%s: a convolution cannot read the vectors", node->name);
}

/* ---- private memory: [loss of each image][log of each row's sum][of each column's][packed texts]
 */

static size_t sums_offset(const sx_graph *graph) {
    return sx_round_up((size_t)graph->batch * sizeof(sx_image_loss) / sizeof(float));
}

static size_t packed_offset(const sx_graph *graph) {
    size_t sums = 2 * (size_t)graph->batch * sizeof(double) / sizeof(float);
    return sx_round_up(sums_offset(graph) + sums);
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    if (!training) return 0;
    size_t width = (size_t)sx_blocks(graph->batch) * (size_t)sx_block();
    return packed_offset(graph) + (size_t)node->in.channels * width;
}

static double *row_sums(const sx_frame *frame, const sx_graph_node *node) {
    return (double *)(void *)(sx_private_memory(frame, node) + sums_offset(frame->graph));
}

static double *column_sums(const sx_frame *frame, const sx_graph_node *node) {
    return row_sums(frame, node) + frame->graph->batch;
}

/* The texts of one block of columns, transposed. */
static float *packed_block(const sx_frame *frame, const sx_graph_node *node, int block) {
    return sx_private_memory(frame, node) + packed_offset(frame->graph) +
           (size_t)block * (size_t)sx_block() * (size_t)node->in.channels;
}

/* ---- forward --------------------------------------------------------------------------------- */

static int blocks_of_texts(const sx_graph *graph, const sx_graph_node *node) {
    (void)node;
    return sx_blocks(graph->batch);
}

static void pack(const sx_frame *frame, const sx_graph_node *node, int block, int worker) {
    (void)worker;
    const sx_graph_node *text = sx_input(frame, node, 1);
    int columns = sx_block_columns(frame->graph->batch, block);
    sx_flat_transpose(packed_block(frame, node, block), (size_t)sx_block_width(columns),
                      sx_value(frame, text, block * sx_block()), sx_geometry_stride(text->out),
                      (size_t)columns, (size_t)node->in.channels);
}

/* The log of the sum of exp of `count` values that are `step` apart. */
static double log_sum(const float *x, size_t step, int count) {
    double top = (double)x[0], sum = 0;
    for (int j = 1; j < count; j++) top = fmax(top, (double)x[(size_t)j * step]);
    for (int j = 0; j < count; j++) sum += exp((double)x[(size_t)j * step] - top);
    /* cppcheck-suppress invalidFunctionArg ; the largest value alone gives 1 */
    return log(sum) + top;
}

static void rows(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                 int worker) {
    (void)worker;
    const sx_graph_node *image = sx_input(frame, node, 0);
    int batch = frame->graph->batch;
    sx_product p = {.m = count,
                    .rows = 1,
                    .depth = node->in.channels,
                    .a = sx_value(frame, image, first),
                    .a_step = (ptrdiff_t)sx_geometry_stride(image->out),
                    .a_depth = 1,
                    .c_step = (ptrdiff_t)sx_geometry_stride(node->out)};
    for (int block = 0; block < sx_blocks(batch); block++) {
        p.n = sx_block_columns(batch, block);
        p.b = packed_block(frame, node, block);
        p.b_depth = sx_block_width(p.n);
        p.c = sx_value(frame, node, first) + block * sx_block();
        sx_product_run(&p);
    }
    for (int i = first; i < first + count; i++)
        row_sums(frame, node)[i] = log_sum(sx_value(frame, node, i), 1, batch);
}

static int bands(const sx_graph *graph, const sx_graph_node *node) {
    (void)node;
    return sx_ceil_divide(graph->batch, BAND);
}

static bool own_is_likeliest(const float *row, int own, int count) {
    for (int j = 0; j < count; j++)
        if (!(row[j] <= row[own])) return false;
    return true;
}

static void columns(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    int batch = frame->graph->batch, end = (piece + 1) * BAND;
    size_t step = sx_geometry_stride(node->out);
    for (int j = piece * BAND; j < end && j < batch; j++) {
        const float *row = sx_value(frame, node, j);
        double column = log_sum(sx_value(frame, node, 0) + j, step, batch);
        column_sums(frame, node)[j] = column;
        *sx_loss_report(frame, node, j) =
            (sx_image_loss){0.5 * (row_sums(frame, node)[j] + column) - (double)row[j],
                            own_is_likeliest(row, j, batch)};
    }
}

/* ---- backward -------------------------------------------------------------------------------- */

static void turn(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                 int worker) {
    (void)worker;
    int batch = frame->graph->batch;
    const double *row = row_sums(frame, node), *column = column_sums(frame, node);
    for (int i = first; i < first + count; i++) {
        float *s = sx_value(frame, node, i);
        for (int j = 0; j < batch; j++)
            s[j] = (float)((exp((double)s[j] - row[i]) + exp((double)s[j] - column[j]) -
                            2 * (i == j)) /
                           (2.0 * batch));
    }
}

/* Slopes of `count` vectors of input `which` from `first` on: the matrix, or its transpose, times
 * the other input's vectors. */
static void spread_to(const sx_frame *frame, const sx_graph_node *node, int which, int first,
                      int count) {
    const sx_graph_node *input = sx_input(frame, node, which);
    const sx_graph_node *other = sx_input(frame, node, 1 - which);
    ptrdiff_t step = (ptrdiff_t)sx_geometry_stride(node->out);
    if (!input->needs_gradient) return;
    sx_product p = {.m = count,
                    .rows = 1,
                    .depth = frame->graph->batch,
                    .a = sx_value(frame, node, 0) + (which ? first : first * step),
                    .a_step = which ? 1 : step,
                    .a_depth = which ? step : 1,
                    .b_depth = (ptrdiff_t)sx_geometry_stride(other->out),
                    .c_step = (ptrdiff_t)sx_slope_stride(frame, input),
                    .accumulate = node->adds_gradient[which]};
    for (int block = 0; block < sx_blocks(node->in.channels); block++) {
        p.n = sx_block_columns(node->in.channels, block);
        p.b = sx_value(frame, other, 0) + block * sx_block();
        p.c = sx_slope(frame, input, first) + block * sx_block();
        sx_product_run(&p);
    }
}

static int chunks(const sx_graph *graph, const sx_graph_node *node) {
    (void)node;
    return graph->chunks;
}

static void spread(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)worker;
    int first = piece * frame->graph->chunk, left = frame->graph->batch - first;
    int count = left < frame->graph->chunk ? left : frame->graph->chunk;
    spread_to(frame, node, 0, first, count);
    spread_to(frame, node, 1, first, count);
}

/* ---- plain loops ----------------------------------------------------------------------------- */

static double plain_log_sum(const double *x, size_t step, size_t count) {
    double sum = exp(x[0]);
    for (size_t j = 1; j < count; j++) sum += exp(x[j * step]);
    return log(sum);
}

static void reference_forward(const sx_reference_call *call) {
    size_t n = (size_t)call->batch, channels = (size_t)sx_reference_node(call)->in.channels;
    for (size_t i = 0; i < n * n; i++) {
        call->y[i] = 0;
        for (size_t c = 0; c < channels; c++)
            call->y[i] += call->x[0][i / n * channels + c] * call->x[1][i % n * channels + c];
    }
    for (size_t i = 0; i < n && call->training; i++)
        *call->loss += (0.5 * plain_log_sum(call->y + i * n, 1, n) +
                        0.5 * plain_log_sum(call->y + i, n, n) - call->y[i * n + i]) /
                       (double)n;
}

/* Slowly from the vectors again, as the matrix becomes the gradient meanwhile. */
static void reference_backward(const sx_reference_call *call) {
    size_t n = (size_t)call->batch, channels = (size_t)sx_reference_node(call)->in.channels;
    for (size_t i = 0; i < n * n; i++) {
        size_t row = i / n, column = i % n;
        double s = 0, across = 0, down = 0;
        for (size_t k = 0; k < n; k++) {
            double with_text = 0, with_image = 0;
            for (size_t c = 0; c < channels; c++) {
                with_text += call->x[0][row * channels + c] * call->x[1][k * channels + c];
                with_image += call->x[0][k * channels + c] * call->x[1][column * channels + c];
            }
            across += exp(with_text);
            down += exp(with_image);
            if (k == column) s = with_text;
        }
        double slope = (exp(s) / across + exp(s) / down - 2 * (row == column)) / (2 * (double)n);
        call->y[i] = slope;
        for (size_t c = 0; c < channels; c++) {
            call->dx[0][row * channels + c] += slope * call->x[1][column * channels + c];
            call->dx[1][column * channels + c] += slope * call->x[0][row * channels + c];
        }
    }
}

const sx_operator sx_operator_contrastive = {
    .name = "contrastive",
    .help = "the loss: which of the batch's texts belongs to an image, and which image to a text",
    .shapes = "[1, 1, c], [1, 1, c] -> loss",
    .work = "none",
    .checked = "PyTorch",
    .least_inputs = 2,
    .loss = true,
    .shape = shape,
    .fits = fits,
    .memory = memory,
    .forward = {{.own = pack, .pieces = blocks_of_texts},
                {.range = rows},
                {.own = columns, .pieces = bands}},
    .backward = {{.range = turn}, {.own = spread, .pieces = chunks}},
    .finish = {{.own = sx_loss_sum, .pieces = sx_one_piece}},
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
