/* Group norm (arXiv 1803.08494, eq. 7) and instance norm (arXiv 1607.08022), which has one channel
 * a group: statistics of one image over its pixels and the group's channels, the biased variance.
 * No statistics cross from image to image, so training and use are the same.
 *
 * As in batch norm, per-channel numbers are written out over a whole row of the image ("tiled"), so
 * that the passes over activations are flat loops whatever the number of channels. */
#include "core/graph/partial.h"

#include <math.h>

enum { EPSILON, GROUPS }; /* options; an instance norm has the first only */
enum { GAMMA, BETA };     /* slices */

static int groups_of(const sx_graph_node *node) {
    return node->op == &sx_operator_instance_norm ? node->in.channels : (int)node->option[GROUPS];
}

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    int channels = node->in.channels;
    node->out = node->in;
    node->out.halo = 0;
    if (channels % groups_of(node) != 0)
        return sx_fail(err, SX_BAD_INPUT, "%d channels cannot be cut into %d groups", channels,
                       groups_of(node));
    sx_status status = sx_graph_add_slice(
        graph, node, &(sx_slice_form){"weight", {channels}, true, false, SX_INITIAL_ONE, 1}, err);
    if (status) return status;
    return sx_graph_add_slice(
        graph, node, &(sx_slice_form){"bias", {channels}, true, false, SX_INITIAL_ZERO, 1}, err);
}

/* ---- memory: [batch][mean, scale of each group], then the chunks' shares of [gamma, beta] ------
 */

static size_t statistics(const sx_graph *graph, const sx_graph_node *node) {
    return 2 * (size_t)graph->batch * (size_t)groups_of(node);
}

static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    if (!training) return 0;
    return sx_partial_memory(graph, statistics(graph, node), 2 * (size_t)node->in.channels);
}

/* Tiled rows, and two doubles per channel. */
enum { SUM, PRODUCT, MEAN, SCALE, SHIFT, SLOPE, OFFSET, ROWS };

static size_t scratch(const sx_graph_node *node) {
    return ROWS * sx_round_up(sx_row_length(node->in)) +
           4 * sx_round_up((size_t)node->in.channels) + 2 * (size_t)groups_of(node);
}

typedef struct {
    const sx_graph_node *node;
    float *rows[ROWS];
    double *first, *second; /* [channels] */
    float *mean, *scale;    /* [groups] of the image */
    size_t length, channels, width;
    int groups;
    double count; /* values of a group */
} image_norm;

static image_norm image_norm_of(const sx_frame *frame, const sx_graph_node *node, int image,
                                int worker) {
    image_norm n = {.node = node,
                    .length = sx_row_length(node->in),
                    .channels = (size_t)node->in.channels,
                    .groups = groups_of(node)};
    n.width = n.channels / (size_t)n.groups;
    n.count = (double)n.width * node->in.height * node->in.width;
    float *work = frame->scratch[worker];
    for (int i = 0; i < ROWS; i++, work += sx_round_up(n.length)) n.rows[i] = work;
    n.first = (void *)work;
    n.second = n.first + sx_round_up(n.channels);
    n.mean = work + 4 * sx_round_up(n.channels);
    if (frame->training)
        n.mean = sx_private_memory(frame, node) + 2 * (size_t)image * (size_t)groups_of(node);
    n.scale = n.mean + n.groups;
    return n;
}

static double group_sum(const image_norm *n, const double *channels, int group) {
    double sum = 0;
    for (size_t c = 0; c < n->width; c++) sum += channels[(size_t)group * n->width + c];
    return sum;
}

/* Writes a group's value to its channels of a tiled row. */
static void tile_groups(const image_norm *n, const float *groups, float *row) {
    for (size_t c = 0; c < n->channels; c++) row[c] = groups[c / n->width];
    sx_tile_row(row, n->node->in);
}

/* Fills `sums` [channels] from the tiled row; clears the row. */
static void fold(const image_norm *n, float *row, double *sums) {
    memset(sums, 0, n->channels * sizeof *sums);
    sx_fold_row(row, n->node->in, sums);
    memset(row, 0, n->length * sizeof *row);
}

/* ---- forward -----------------------------------------------------------------------------------
 */

static void find_statistics(const image_norm *n, const float *x) {
    size_t row = sx_geometry_row(n->node->in);
    int height = n->node->in.height;
    memset(n->rows[SUM], 0, n->length * sizeof(float));
    for (int y = 0; y < height; y++) sx_flat_add(n->rows[SUM], x + (size_t)y * row, n->length);
    fold(n, n->rows[SUM], n->first);
    for (int g = 0; g < n->groups; g++) n->mean[g] = (float)(group_sum(n, n->first, g) / n->count);
    tile_groups(n, n->mean, n->rows[MEAN]);
    for (int y = 0; y < height; y++)
        sx_flat_squares(n->rows[SUM], x + (size_t)y * row, n->rows[MEAN], n->length);
    fold(n, n->rows[SUM], n->first);
    for (int g = 0; g < n->groups; g++)
        n->scale[g] =
            (float)(1 / sqrt(group_sum(n, n->first, g) / n->count + n->node->option[EPSILON]));
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    const float *gamma = sx_weights(frame, node, GAMMA), *beta = sx_weights(frame, node, BETA);
    for (int i = first; i < first + count; i++) {
        image_norm n = image_norm_of(frame, node, i, worker);
        const float *x = sx_value(frame, sx_input(frame, node, 0), i);
        float *out = sx_value(frame, node, i);
        find_statistics(&n, x);
        for (size_t c = 0; c < n.channels; c++) {
            n.rows[SCALE][c] = n.scale[c / n.width] * gamma[c];
            n.rows[SHIFT][c] = beta[c];
        }
        sx_tile_row(n.rows[SCALE], node->in);
        sx_tile_row(n.rows[SHIFT], node->in);
        sx_affine affine = {n.rows[MEAN], n.rows[SCALE], n.rows[SHIFT]};
        for (int y = 0; y < node->in.height; y++)
            sx_flat_affine(out + (size_t)y * sx_geometry_row(node->out),
                           x + (size_t)y * sx_geometry_row(node->in), &affine, false, n.length);
    }
}

/* ---- backward ----------------------------------------------------------------------------------
 */

/* first = the sum of dy, second = of dy (x - mean), per channel; adds this image's share. */
static void find_moments(const image_norm *n, const float *x, const float *dy, float *share) {
    sx_geometry in = n->node->in, out = n->node->out;
    tile_groups(n, n->mean, n->rows[MEAN]);
    memset(n->rows[SUM], 0, n->length * sizeof(float));
    memset(n->rows[PRODUCT], 0, n->length * sizeof(float));
    for (int y = 0; y < in.height; y++)
        sx_flat_moments(n->rows[SUM], n->rows[PRODUCT], dy + (size_t)y * sx_geometry_row(out),
                        x + (size_t)y * sx_geometry_row(in), n->rows[MEAN], n->length);
    fold(n, n->rows[SUM], n->first);
    fold(n, n->rows[PRODUCT], n->second);
    for (size_t c = 0; c < n->channels; c++) {
        share[c] += (float)(n->second[c] * (double)n->scale[c / n->width]);
        share[n->channels + c] += (float)n->first[c];
    }
}

/* dx = dy scale - (x - mean) slope - offset, with the group's means of gamma dy and of gamma dy
 * times the normalised x in slope and offset. */
static void tile_backward(const image_norm *n, const float *gamma) {
    for (size_t c = 0; c < n->channels; c++) {
        n->first[c] *= (double)gamma[c];
        n->second[c] *= (double)gamma[c];
    }
    for (int g = 0; g < n->groups; g++) {
        double scale = n->scale[g];
        double slope = scale * scale * scale * group_sum(n, n->second, g) / n->count;
        double offset = scale * group_sum(n, n->first, g) / n->count;
        for (size_t c = (size_t)g * n->width; c < (size_t)(g + 1) * n->width; c++) {
            n->rows[SCALE][c] = n->scale[g] * gamma[c];
            n->rows[SLOPE][c] = (float)slope;
            n->rows[OFFSET][c] = (float)offset;
        }
    }
    sx_tile_row(n->rows[SCALE], n->node->in);
    sx_tile_row(n->rows[SLOPE], n->node->in);
    sx_tile_row(n->rows[OFFSET], n->node->in);
}

static void image_backward(const sx_frame *frame, const sx_graph_node *node, int image, int worker,
                           float *share) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    image_norm n = image_norm_of(frame, node, image, worker);
    const float *x = sx_value(frame, input, image), *dy = sx_slope(frame, node, image);
    find_moments(&n, x, dy, share);
    if (!input->needs_gradient) return;
    tile_backward(&n, sx_weights(frame, node, GAMMA));
    sx_affine_backward affine = {n.rows[MEAN], n.rows[SCALE], n.rows[SLOPE], n.rows[OFFSET]};
    float *dx = sx_slope(frame, input, image);
    for (int y = 0; y < node->in.height; y++) {
        size_t at = (size_t)y * sx_geometry_row(node->in);
        sx_flat_affine_backward(dx + at, dy + (size_t)y * sx_geometry_row(node->out), x + at,
                                &affine, node->adds_gradient[0], n.length);
    }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    size_t size = 2 * (size_t)node->in.channels;
    float *share = sx_partial_chunk(frame, node, statistics(frame->graph, node), size,
                                    sx_chunk_of(frame, first));
    memset(share, 0, size * sizeof *share);
    for (int i = first; i < first + count; i++) image_backward(frame, node, i, worker, share);
}

static void add_up(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    size_t channels = (size_t)node->in.channels;
    for (int which = GAMMA; which <= BETA; which++) {
        sx_partial_sum sum = {.offset = statistics(frame->graph, node),
                              .count = 2 * channels,
                              .from = (size_t)which * channels,
                              .length = channels,
                              .gradient = frame->gradient + sx_slice_offset(frame, node, which)};
        sx_partial_add(frame, node, &sum);
    }
}

/* ---- plain loops -------------------------------------------------------------------------------
 */

typedef void (*reference_visit)(const sx_reference_call *call, size_t at, size_t channel,
                                double *sums);

/* Visits the values of one group of one image. */
static void walk_group(const sx_reference_call *call, int image, int group, reference_visit visit,
                       double *sums) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->in.channels, width = channels / (size_t)groups_of(node);
    size_t pixels = (size_t)node->in.height * (size_t)node->in.width;
    for (size_t p = 0; p < pixels; p++)
        for (size_t c = (size_t)group * width; c < (size_t)(group + 1) * width; c++)
            visit(call, ((size_t)image * pixels + p) * channels + c, c, sums);
}

enum { COUNT, TOTAL, SQUARES, PLAIN_MEAN, PLAIN_SCALE, PLAIN_SLOPE, PLAIN_WITH_X, SUMS };

static void visit_sum(const sx_reference_call *call, size_t at, size_t channel, double *sums) {
    (void)channel;
    sums[COUNT] += 1;
    sums[TOTAL] += call->x[0][at];
}

static void visit_squares(const sx_reference_call *call, size_t at, size_t channel, double *sums) {
    (void)channel;
    sums[SQUARES] += (call->x[0][at] - sums[PLAIN_MEAN]) * (call->x[0][at] - sums[PLAIN_MEAN]);
}

static double hat(const sx_reference_call *call, size_t at, const double *sums) {
    return (call->x[0][at] - sums[PLAIN_MEAN]) * sums[PLAIN_SCALE];
}

static void visit_output(const sx_reference_call *call, size_t at, size_t channel, double *sums) {
    call->y[at] = hat(call, at, sums) * sx_reference_weights(call, GAMMA)[channel] +
                  sx_reference_weights(call, BETA)[channel];
}

static void visit_slopes(const sx_reference_call *call, size_t at, size_t channel, double *sums) {
    double g = call->dy[at] * sx_reference_weights(call, GAMMA)[channel];
    sums[PLAIN_SLOPE] += g;
    sums[PLAIN_WITH_X] += g * hat(call, at, sums);
    sx_reference_gradient(call, GAMMA)[channel] += call->dy[at] * hat(call, at, sums);
    sx_reference_gradient(call, BETA)[channel] += call->dy[at];
}

static void visit_input(const sx_reference_call *call, size_t at, size_t channel, double *sums) {
    double g = call->dy[at] * sx_reference_weights(call, GAMMA)[channel];
    call->dx[0][at] += sums[PLAIN_SCALE] * (g - sums[PLAIN_SLOPE] / sums[COUNT] -
                                            hat(call, at, sums) * sums[PLAIN_WITH_X] / sums[COUNT]);
}

static void reference_walk(const sx_reference_call *call, bool slopes) {
    for (int image = 0; image < call->batch; image++)
        for (int group = 0; group < groups_of(sx_reference_node(call)); group++) {
            double sums[SUMS] = {0};
            walk_group(call, image, group, visit_sum, sums);
            sums[PLAIN_MEAN] = sums[TOTAL] / sums[COUNT];
            walk_group(call, image, group, visit_squares, sums);
            sums[PLAIN_SCALE] =
                1 / sqrt(sums[SQUARES] / sums[COUNT] + sx_reference_node(call)->option[EPSILON]);
            walk_group(call, image, group, slopes ? visit_slopes : visit_output, sums);
            if (slopes) walk_group(call, image, group, visit_input, sums);
        }
}

static void reference_forward(const sx_reference_call *call) {
    reference_walk(call, false);
}

static void reference_backward(const sx_reference_call *call) {
    reference_walk(call, true);
}

#define EPSILON_OPTION                                                                             \
    { "", "epsilon", SX_OPTION_NUMBER, "1e-5", 0, 1, NULL, "added to the variance" }

static const sx_option group_options[] = {
    EPSILON_OPTION,
    {"", "groups", SX_OPTION_INTEGER, "8", 1, 65536, NULL, "that the channels are cut into"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static const sx_option instance_options[] = {
    EPSILON_OPTION,
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

#define IMAGE_NORM                                                                                 \
    .checked = "PyTorch", .shape = shape, .memory = memory, .scratch = scratch,                    \
    .forward = {{.range = forward}}, .backward = {{.range = backward}},                            \
    .finish = {{.own = add_up, .pieces = sx_one_piece}}, .predict = forward,                       \
    .cost = sx_cost_of_values, .reference_forward = reference_forward,                             \
    .reference_backward = reference_backward

const sx_operator sx_operator_group_norm = {
    .name = "group_norm",
    .help = "groups of channels of each image with mean 0 and variance 1, then scaled and shifted",
    .shapes = "[h, w, c] -> same",
    .work = "1 for each value",
    .options = group_options,
    IMAGE_NORM,
};

const sx_operator sx_operator_instance_norm = {
    .name = "instance_norm",
    .help = "each channel of each image with mean 0 and variance 1, then scaled and shifted",
    .shapes = "[h, w, c] -> same",
    .work = "1 for each value",
    .options = instance_options,
    IMAGE_NORM,
};
