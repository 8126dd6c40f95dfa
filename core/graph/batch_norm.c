/* Batch normalisation over the whole batch (arXiv 1502.03167, algorithm 1), whatever its chunks:
 * every chunk finds its own mean and squared deviations, and one piece joins them in chunk order by
 * the parallel formula (Chan, Golub, LeVeque 1983), which stays exact where the mean is large.
 *
 * A 2x2 max pool that follows is taken along in training. Normalising is monotone, so the window's
 * largest result comes from its largest input (its smallest, where the scale is negative): that
 * "peak" is kept, a quarter of the image, and backward finds its pixel again by comparison.
 *
 * Per-channel numbers are written out over a whole row of the image ("tiled"), so that the passes
 * over activations are flat loops whatever the number of channels. */
#include "core/graph/internal.h"

#include <math.h>
#include <string.h>

enum { EPSILON }; /* option */
#define MOMENTUM 0.9

enum { SCALE, SHIFT, RUNNING_MEAN, RUNNING_VARIANCE }; /* slices */

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    int channels = node->in.channels;
    const sx_slice_form forms[] = {
        {"weight", {channels}, true, false, SX_INITIAL_ONE, 1},
        {"bias", {channels}, true, false, SX_INITIAL_ZERO, 1},
        {"running_mean", {channels}, false, false, SX_INITIAL_ZERO, 1},
        {"running_var", {channels}, false, false, SX_INITIAL_ONE, 1},
    };
    for (int i = 0; i < 4; i++) {
        sx_status status = sx_graph_add_slice(graph, node, &forms[i], err);
        if (status) return status;
    }
    node->out = node->in;
    node->out.halo = 0;
    return SX_OK;
}

/* ---- private memory -------------------------------------------------------------------------- */

/* Tiled over a row: mean, scale, shift; for backward slope, offset; and the sign of the scale (of
 * one pixel). Then doubles per channel: mean and variance of the batch, and two sums of every
 * chunk. Then the peaks of windows, if a pool is taken along. */
enum { TILED_MEAN, TILED_SCALE, TILED_SHIFT, TILED_SLOPE, TILED_OFFSET, TILED_SIGN, TILED };

static size_t peaks_size(const sx_graph_node *pool) {
    return sx_round_up((size_t)pool->out.height * sx_row_length(pool->out));
}

static size_t doubles_size(const sx_graph *graph, const sx_graph_node *node) {
    return 2 * sx_round_up((2 + 2 * (size_t)graph->chunks) * (size_t)node->in.channels);
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    size_t size = TILED * sx_round_up(sx_row_length(node->in));
    if (!training) return size;
    size += doubles_size(graph, node);
    if (node->pooled < 0) return size;
    return size + (size_t)graph->batch * peaks_size(&graph->nodes[node->pooled]);
}

/* Two rows of sums, one row of means. */
static size_t scratch(const sx_graph_node *node) {
    return 3 * sx_round_up(sx_row_length(node->in));
}

static float *tiled(const sx_frame *frame, const sx_graph_node *node, int which) {
    return sx_private_memory(frame, node) + (size_t)which * sx_round_up(sx_row_length(node->in));
}

static double *batch_mean(const sx_frame *frame, const sx_graph_node *node) {
    return (void *)tiled(frame, node, TILED);
}

static double *batch_variance(const sx_frame *frame, const sx_graph_node *node) {
    return batch_mean(frame, node) + node->in.channels;
}

/* The first (0) or second (1) sums of a chunk. */
static double *chunk_sums(const sx_frame *frame, const sx_graph_node *node, int chunk, int which) {
    return batch_mean(frame, node) + (2 + 2 * chunk + which) * node->in.channels;
}

/* Of image `image`: [pooled height, pooled width, channels]. */
static float *peaks(const sx_frame *frame, const sx_graph_node *node, int image) {
    return tiled(frame, node, TILED) + doubles_size(frame->graph, node) +
           (size_t)image * peaks_size(&frame->graph->nodes[node->pooled]);
}

static double values_per_channel(const sx_graph_node *node, int images) {
    return (double)images * node->in.height * node->in.width;
}

/* ---- statistics ------------------------------------------------------------------------------ */

static void sum_values(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                       int worker) {
    if (node->frozen) return;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t length = sx_row_length(node->in), channels = (size_t)node->in.channels;
    size_t row = sx_geometry_row(node->in);
    float *sum = frame->scratch[worker], *mean = sum + sx_round_up(length);
    double *means = chunk_sums(frame, node, sx_chunk_of(frame, first), 0), *squares = means;
    squares += channels;
    memset(sum, 0, length * sizeof *sum);
    memset(means, 0, 2 * channels * sizeof *means);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->in.height; y++)
            sx_flat_add(sum, sx_value(frame, input, i) + (size_t)y * row, length);
    sx_fold_row(sum, node->in, means);
    for (size_t c = 0; c < channels; c++)
        mean[c] = (float)(means[c] /= values_per_channel(node, count));
    sx_tile_row(mean, node->in);
    memset(sum, 0, length * sizeof *sum);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->in.height; y++)
            sx_flat_squares(sum, sx_value(frame, input, i) + (size_t)y * row, mean, length);
    sx_fold_row(sum, node->in, squares);
    for (size_t c = 0; c < channels; c++) {
        double rounded = means[c] - (double)mean[c];
        squares[c] -= values_per_channel(node, count) * rounded * rounded;
    }
}

static int chunk_images(const sx_graph *graph, int chunk) {
    int left = graph->batch - chunk * graph->chunk;
    return left < graph->chunk ? left : graph->chunk;
}

/* No statistics, and no waiting for them, where the running ones are used. */
static int statistics_pieces(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    return !node->frozen;
}

/* Joins the chunks' statistics, in order. */
static void join_chunks(const sx_frame *frame, const sx_graph_node *node) {
    double *restrict mean = batch_mean(frame, node), *restrict variance =
                                                         batch_variance(frame, node);
    double seen = 0;
    size_t channels = (size_t)node->in.channels;
    memset(mean, 0, channels * sizeof *mean);
    memset(variance, 0, channels * sizeof *variance);
    for (int k = 0; k < frame->graph->chunks; k++) {
        const double *means = chunk_sums(frame, node, k, 0),
                     *squares = chunk_sums(frame, node, k, 1);
        double fresh = values_per_channel(node, chunk_images(frame->graph, k));
        double share = fresh / (seen + fresh);
        for (size_t c = 0; c < channels; c++) {
            double apart = means[c] - mean[c];
            mean[c] += apart * share;
            variance[c] += squares[c] + apart * apart * seen * share;
        }
        seen += fresh;
    }
    for (size_t c = 0; c < channels; c++) variance[c] /= seen;
}

/* In place of the batch's statistics. */
static void take_running(const sx_frame *frame, const sx_graph_node *node) {
    for (int c = 0; c < node->in.channels; c++) {
        batch_mean(frame, node)[c] = (double)sx_weights(frame, node, RUNNING_MEAN)[c];
        batch_variance(frame, node)[c] = (double)sx_weights(frame, node, RUNNING_VARIANCE)[c];
    }
}

/* What the mean lost when it was rounded to single precision; large where the mean is. */
static double mean_remainder(const sx_frame *frame, const sx_graph_node *node, int c) {
    return batch_mean(frame, node)[c] - (double)tiled(frame, node, TILED_MEAN)[c];
}

static void join(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    (frame->frozen ? take_running : join_chunks)(frame, node);
    for (int c = 0; c < node->in.channels; c++) {
        double deviation = sqrt(batch_variance(frame, node)[c] + node->option[EPSILON]);
        double scale = (double)sx_weights(frame, node, SCALE)[c] / deviation;
        tiled(frame, node, TILED_MEAN)[c] = (float)batch_mean(frame, node)[c];
        tiled(frame, node, TILED_SCALE)[c] = (float)scale;
        tiled(frame, node, TILED_SHIFT)[c] = (float)((double)sx_weights(frame, node, SHIFT)[c] -
                                                     mean_remainder(frame, node, c) * scale);
        tiled(frame, node, TILED_SIGN)[c] = scale < 0 ? -1 : 1;
    }
    for (int which = TILED_MEAN; which <= TILED_SHIFT; which++)
        sx_tile_row(tiled(frame, node, which), node->in);
}

/* ---- forward --------------------------------------------------------------------------------- */

static sx_affine affine_of(const sx_frame *frame, const sx_graph_node *node) {
    return (sx_affine){tiled(frame, node, TILED_MEAN), tiled(frame, node, TILED_SCALE),
                       tiled(frame, node, TILED_SHIFT)};
}

static sx_windows windows_of(const sx_graph_node *node) {
    int channels = node->in.channels;
    return (sx_windows){.windows = node->in.width / 2,
                        .height = 2,
                        .width = 2,
                        .channels = channels,
                        .step = 2 * channels,
                        .row = (ptrdiff_t)sx_geometry_row(node->in)};
}

/* NULL if no scale is negative. */
static const float *signs(const sx_frame *frame, const sx_graph_node *node) {
    const float *sign = tiled(frame, node, TILED_SIGN);
    for (int c = 0; c < node->in.channels; c++)
        if (sign[c] < 0) return sign;
    return NULL;
}

/* Normalises and pools: the pool's output is written, this node's never is. */
static void normalise_pooled(const sx_frame *frame, const sx_graph_node *node, int first,
                             int count) {
    const sx_graph_node *pool = &frame->graph->nodes[node->pooled];
    sx_windows form = windows_of(node);
    sx_affine affine = affine_of(frame, node);
    const float *sign = signs(frame, node);
    size_t length = sx_row_length(pool->out);
    for (int i = first; i < first + count; i++) {
        float *to = sx_value(frame, pool, i), *peak = peaks(frame, node, i);
        const float *from = sx_value(frame, sx_input(frame, node, 0), i);
        for (int y = 0; y < pool->out.height; y++) {
            sx_windows_maximum(&form, from, sign, peak);
            sx_flat_affine(to, peak, &affine, node->relu, length);
            peak += length;
            to += sx_geometry_row(pool->out);
            from += 2 * sx_geometry_row(node->in);
        }
    }
}

static void normalise(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                      int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    sx_affine affine = affine_of(frame, node);
    if (frame->training && node->pooled >= 0) {
        normalise_pooled(frame, node, first, count);
        return;
    }
    for (int i = first; i < first + count; i++) {
        float *to = sx_value(frame, node, i);
        const float *from = sx_value(frame, input, i);
        for (int y = 0; y < node->in.height; y++) {
            sx_flat_affine(to, from, &affine, node->relu, sx_row_length(node->in));
            to += sx_geometry_row(node->out);
            from += sx_geometry_row(node->in);
        }
    }
}

void sx_running_affine(const sx_frame *frame, const sx_graph_node *norm, int c, float *scale,
                       float *shift) {
    double deviation =
        sqrt((double)sx_weights(frame, norm, RUNNING_VARIANCE)[c] + norm->option[EPSILON]);
    double factor = (double)sx_weights(frame, norm, SCALE)[c] / deviation;
    *scale = (float)factor;
    *shift = (float)((double)sx_weights(frame, norm, SHIFT)[c] -
                     (double)sx_weights(frame, norm, RUNNING_MEAN)[c] * factor);
}

/* Where no batch is looked at, and no convolution takes this node along: the running statistics. */
static void prepare(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    if (frame->training && !node->frozen) return;
    for (int c = 0; c < node->in.channels; c++) {
        float *scale = &tiled(frame, node, TILED_SCALE)[c];
        tiled(frame, node, TILED_MEAN)[c] = 0;
        sx_running_affine(frame, node, c, scale, &tiled(frame, node, TILED_SHIFT)[c]);
        tiled(frame, node, TILED_SIGN)[c] = *scale < 0 ? -1 : 1;
    }
    for (int which = TILED_MEAN; which <= TILED_SHIFT; which++)
        sx_tile_row(tiled(frame, node, which), node->in);
}

static void commit(const sx_frame *frame, const sx_graph_node *node) {
    if (node->frozen) return;
    float *mean = frame->running + sx_slice_offset(frame, node, RUNNING_MEAN);
    float *variance = frame->running + sx_slice_offset(frame, node, RUNNING_VARIANCE);
    double n = values_per_channel(node, frame->graph->batch);
    double unbiased = n > 1 ? n / (n - 1) : 1;
    for (int c = 0; c < node->in.channels; c++) {
        mean[c] = (float)(MOMENTUM * (double)mean[c] + (1 - MOMENTUM) * batch_mean(frame, node)[c]);
        variance[c] = (float)(MOMENTUM * (double)variance[c] +
                              (1 - MOMENTUM) * unbiased * batch_variance(frame, node)[c]);
    }
}

/* ---- backward -------------------------------------------------------------------------------- */

/* The node whose gradient arrives here: the pool that is taken along, or this one. */
static const sx_graph_node *giver(const sx_frame *frame, const sx_graph_node *node) {
    return node->pooled >= 0 ? &frame->graph->nodes[node->pooled] : node;
}

/* Of every chunk: the sum of dy, and of dy * (x - mean). With a pool, x are the peaks. */
static void sum_gradients(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                          int worker) {
    bool pooled = node->pooled >= 0;
    const sx_graph_node *from = giver(frame, node), *input = sx_input(frame, node, 0);
    size_t length = sx_row_length(from->out), channels = (size_t)node->in.channels;
    size_t x_row = pooled ? length : sx_geometry_row(node->in);
    float *sum = frame->scratch[worker], *product = sum + sx_round_up(length);
    double *sums = chunk_sums(frame, node, sx_chunk_of(frame, first), 0);
    memset(sum, 0, 2 * sx_round_up(length) * sizeof *sum);
    memset(sums, 0, 2 * channels * sizeof *sums);
    if (node->relu) sx_rectify_gradient(frame, from, first, count);
    for (int i = first; i < first + count; i++) {
        const float *dy = sx_slope(frame, from, i);
        const float *x = pooled ? peaks(frame, node, i) : sx_value(frame, input, i);
        for (int y = 0; y < from->out.height; y++, x += x_row, dy += sx_geometry_row(from->out))
            sx_flat_moments(sum, product, dy, x, tiled(frame, node, TILED_MEAN), length);
    }
    sx_geometry row = {1, from->out.width, from->out.channels, 0};
    sx_fold_row(sum, row, sums);
    sx_fold_row(product, row, sums + channels);
}

static void join_gradients(const sx_frame *frame, const sx_graph_node *node, int piece,
                           int worker) {
    (void)piece;
    (void)worker;
    double n = values_per_channel(node, frame->graph->batch);
    size_t channels = (size_t)node->in.channels;
    double *sums = chunk_sums(frame, node, 0, 0), *products = chunk_sums(frame, node, 0, 1);
    for (int k = 1; k < frame->graph->chunks; k++)
        for (size_t c = 0; c < 2 * channels; c++) sums[c] += chunk_sums(frame, node, k, 0)[c];
    for (size_t c = 0; c < channels; c++) {
        double sum = sums[c], product = products[c];
        double inverse = 1 / sqrt(batch_variance(frame, node)[c] + node->option[EPSILON]);
        double scale = (double)sx_weights(frame, node, SCALE)[c] * inverse;
        double remainder = mean_remainder(frame, node, (int)c);
        product -= remainder * sum;
        double slope = frame->frozen ? 0 : scale * inverse * inverse * product / n;
        double offset = frame->frozen ? 0 : scale * sum / n - remainder * slope;
        frame->gradient[sx_slice_offset(frame, node, SCALE) + c] = (float)(product * inverse);
        frame->gradient[sx_slice_offset(frame, node, SHIFT) + c] = (float)sum;
        tiled(frame, node, TILED_SLOPE)[c] = (float)slope;
        tiled(frame, node, TILED_OFFSET)[c] = (float)offset;
    }
    sx_tile_row(tiled(frame, node, TILED_SLOPE), node->in);
    sx_tile_row(tiled(frame, node, TILED_OFFSET), node->in);
}

static sx_affine_backward backward_of(const sx_frame *frame, const sx_graph_node *node) {
    return (sx_affine_backward){tiled(frame, node, TILED_MEAN), tiled(frame, node, TILED_SCALE),
                                tiled(frame, node, TILED_SLOPE), tiled(frame, node, TILED_OFFSET)};
}

/* Two rows at a time: the pool's gradient goes to the peaks' pixels, 0 to the others, and then all
 * of them through the normalisation. An odd last row or column has no window, but it was part of
 * the statistics. */
static void spread_pooled(const sx_frame *frame, const sx_graph_node *node, int image) {
    const sx_graph_node *pool = giver(frame, node), *input = sx_input(frame, node, 0);
    sx_affine_backward affine = backward_of(frame, node);
    sx_windows form = windows_of(node);
    size_t row = sx_geometry_row(node->in), length = sx_row_length(node->in);
    size_t pooled = sx_row_length(pool->out);
    sx_maximum_backward at = {.x = sx_value(frame, input, image),
                              .y = peaks(frame, node, image),
                              .dy = sx_slope(frame, pool, image),
                              .dx = sx_slope(frame, input, image)};
    for (int y = 0; y < node->in.height; y += 2) {
        int rows = y + 1 < node->in.height ? 2 : 1;
        if (rows == 1 || node->in.width % 2)
            for (int k = 0; k < rows; k++)
                memset(at.dx + (size_t)k * row, 0, length * sizeof *at.dx);
        if (rows == 2) sx_windows_maximum_backward(&form, &at);
        for (int k = 0; k < rows; k++, at.x += row, at.dx += row)
            sx_flat_affine_backward(at.dx, at.dx, at.x, &affine, false, length);
        at.y += pooled;
        at.dy += sx_geometry_row(pool->out);
    }
}

static void spread_image(const sx_frame *frame, const sx_graph_node *node, int image) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    sx_affine_backward affine = backward_of(frame, node);
    for (int y = 0; y < node->in.height; y++) {
        size_t at = (size_t)y * sx_geometry_row(node->in);
        sx_flat_affine_backward(sx_slope(frame, input, image) + at,
                                sx_slope(frame, node, image) +
                                    (size_t)y * sx_geometry_row(node->out),
                                sx_value(frame, input, image) + at, &affine, node->adds_gradient[0],
                                sx_row_length(node->in));
    }
}

static void spread(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                   int worker) {
    (void)worker;
    if (!sx_input(frame, node, 0)->needs_gradient) return;
    for (int i = first; i < first + count; i++)
        if (node->pooled >= 0)
            spread_pooled(frame, node, i);
        else
            spread_image(frame, node, i);
}

/* ---- plain loops ----------------------------------------------------------------------------- */

/* Mean and variance of channel `c`: of the batch, or the running ones. */
static void reference_statistics(const sx_reference_call *call, size_t c, double *mean,
                                 double *variance) {
    size_t size = sx_reference_size(call);
    size_t channels = (size_t)sx_reference_node(call)->out.channels;
    *mean = sx_reference_weights(call, RUNNING_MEAN)[c];
    *variance = sx_reference_weights(call, RUNNING_VARIANCE)[c];
    if (!call->training) return;
    size_t count = size / channels;
    double n = (double)count;
    *mean = *variance = 0;
    for (size_t i = c; i < size; i += channels) *mean += call->x[0][i] / n;
    for (size_t i = c; i < size; i += channels)
        *variance += (call->x[0][i] - *mean) * (call->x[0][i] - *mean) / n;
}

static void reference_forward(const sx_reference_call *call) {
    size_t size = sx_reference_size(call);
    size_t channels = (size_t)sx_reference_node(call)->out.channels;
    for (size_t c = 0; c < channels; c++) {
        double mean, variance;
        reference_statistics(call, c, &mean, &variance);
        for (size_t i = c; i < size; i += channels)
            call->y[i] = (call->x[0][i] - mean) /
                             sqrt(variance + sx_reference_node(call)->option[EPSILON]) *
                             sx_reference_weights(call, SCALE)[c] +
                         sx_reference_weights(call, SHIFT)[c];
    }
}

static void reference_backward(const sx_reference_call *call) {
    size_t size = sx_reference_size(call);
    size_t channels = (size_t)sx_reference_node(call)->out.channels;
    size_t count = size / channels;
    double n = (double)count;
    for (size_t c = 0; c < channels; c++) {
        double mean, variance, sum = 0, product = 0;
        reference_statistics(call, c, &mean, &variance);
        double deviation = sqrt(variance + sx_reference_node(call)->option[EPSILON]);
        for (size_t i = c; i < size; i += channels) {
            sum += call->dy[i];
            product += call->dy[i] * (call->x[0][i] - mean) / deviation;
        }
        sx_reference_gradient(call, SCALE)[c] += product;
        sx_reference_gradient(call, SHIFT)[c] += sum;
        for (size_t i = c; i < size; i += channels) {
            double normal = (call->x[0][i] - mean) / deviation;
            call->dx[0][i] += sx_reference_weights(call, SCALE)[c] / deviation *
                              (call->dy[i] - sum / n - normal * product / n);
        }
    }
}

static const sx_option options[] = {
    {"", "epsilon", SX_OPTION_NUMBER, "1e-5", 0, 1, NULL, "added to the variance"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_batch_norm = {
    .name = "batch_norm",
    .help = "per channel: mean 0 and variance 1 over the batch, then scale and shift",
    .shapes = "[h, w, c] -> same",
    .work = "1 for each value",
    .checked = "PyTorch",
    .options = options,
    .shape = shape,
    .memory = memory,
    .scratch = scratch,
    .prepare = {{.own = prepare, .pieces = sx_one_piece}},
    .forward = {{.range = sum_values},
                {.own = join, .pieces = statistics_pieces},
                {.range = normalise}},
    .backward = {{.range = sum_gradients},
                 {.own = join_gradients, .pieces = sx_one_piece},
                 {.range = spread}},
    .predict = normalise,
    .commit = commit,
    .cost = sx_cost_of_values,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
