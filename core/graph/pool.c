/* Average pooling over square windows without padding, and over the whole image. Windows that would
 * reach over the border are left out, as in PyTorch. */
#include "core/graph/internal.h"

#include <string.h>

#define WINDOW_LIMIT 1024

sx_status sx_pool_shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    int k = node->kernel, s = node->stride, p = node->padding;
    if (k < 1 || s < 1 || k > WINDOW_LIMIT || s > WINDOW_LIMIT)
        return sx_fail(err, SX_BAD_INPUT, "a pooling window and its stride must be from 1 to %d",
                       WINDOW_LIMIT);
    if (2 * p > k)
        return sx_fail(err, SX_BAD_INPUT, "a pooling padding of %d: at most half the window of %d",
                       p, k);
    if (node->in.height + 2 * p < k || node->in.width + 2 * p < k)
        return sx_fail(err, SX_BAD_INPUT,
                       "an image of %d x %d pixels is too small for %d x %d pooling; use fewer "
                       "layers or larger images",
                       node->in.height, node->in.width, k, k);
    node->out = (sx_geometry){(node->in.height + 2 * p - k) / s + 1,
                              (node->in.width + 2 * p - k) / s + 1, node->in.channels, 0};
    return SX_OK;
}

double sx_pool_cost(const sx_graph_node *node) {
    return (double)node->out.height * (double)sx_row_length(node->out) * node->kernel *
           node->kernel;
}

static size_t input_row(const sx_graph_node *node, int y) {
    return (size_t)(y * node->stride) * sx_geometry_row(node->in);
}

/* Windows will be added to the input's gradient: zeroes it, unless it holds something already. */
static void prepare_gradient(const sx_graph_node *node, float *dx) {
    if (!node->adds_gradient[0]) sx_clear_interior(dx, node->in);
}

/* ---- average --------------------------------------------------------------------------------- */

static float share(const sx_graph_node *node) {
    return 1.0f / (float)(node->kernel * node->kernel);
}

/* Pixel k of the window of output pixel (y, x), from the image's first value. */
static size_t window_pixel(const sx_graph_node *node, int y, int x, int k) {
    return input_row(node, y) + (size_t)(k / node->kernel) * sx_geometry_row(node->in) +
           (size_t)((x * node->stride + k % node->kernel) * node->in.channels);
}

static void average_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                            int worker) {
    (void)worker;
    size_t channels = (size_t)node->out.channels;
    for (int i = first; i < first + count; i++) {
        const float *from = sx_value(frame, sx_input(frame, node, 0), i);
        for (int y = 0; y < node->out.height; y++)
            for (int x = 0; x < node->out.width; x++) {
                float *to = sx_value(frame, node, i) + (size_t)y * sx_geometry_row(node->out) +
                            (size_t)x * channels;
                memset(to, 0, channels * sizeof *to);
                for (int k = 0; k < node->kernel * node->kernel; k++)
                    sx_flat_add_scaled(to, from + window_pixel(node, y, x, k), share(node),
                                       channels);
            }
    }
}

static void average_backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                             int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t channels = (size_t)node->out.channels;
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++) {
        float *dx = sx_slope(frame, input, i);
        prepare_gradient(node, dx);
        for (int y = 0; y < node->out.height; y++)
            for (int x = 0; x < node->out.width; x++) {
                const float *dy = sx_slope(frame, node, i) +
                                  (size_t)y * sx_geometry_row(node->out) + (size_t)x * channels;
                for (int k = 0; k < node->kernel * node->kernel; k++)
                    sx_flat_add_scaled(dx + window_pixel(node, y, x, k), dy, share(node), channels);
            }
    }
}

/* ---- plain loops ----------------------------------------------------------------------------- */

/* Index of pixel (ky, kx) of the window of output value `i`. */
static size_t reference_index(const sx_graph_node *node, size_t i, int k) {
    size_t channels = (size_t)node->out.channels, ow = (size_t)node->out.width;
    size_t oh = (size_t)node->out.height, kernel = (size_t)node->kernel;
    size_t s = (size_t)node->stride, c = i % channels, ox = i / channels % ow;
    size_t oy = i / (channels * ow) % oh, image = i / (channels * ow * oh);
    size_t y = oy * s + (size_t)k / kernel, x = ox * s + (size_t)k % kernel;
    return ((image * (size_t)node->in.height + y) * (size_t)node->in.width + x) * channels + c;
}

static void average_reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    int window_size = node->kernel * node->kernel;
    for (size_t i = 0; i < sx_reference_size(call); i++)
        for (int k = 0; k < window_size; k++)
            call->y[i] += call->x[0][reference_index(node, i, k)] / window_size;
}

static void average_reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    int window_size = node->kernel * node->kernel;
    for (size_t i = 0; i < sx_reference_size(call); i++)
        for (int k = 0; k < window_size; k++)
            call->dx[0][reference_index(node, i, k)] += call->dy[i] / window_size;
}

static const sx_option options[] = {
    {"", "kernel", SX_OPTION_INTEGER, "2", 1, 16384, NULL, "side of a window"},
    {"", "stride", SX_OPTION_INTEGER, "2", 1, 16384, NULL, "pixels from one to the next"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static void take(sx_graph_node *node) {
    node->kernel = (int)node->option[0];
    node->stride = (int)node->option[1];
}

const sx_operator sx_operator_average_pool = {
    .name = "average_pool",
    .help = "the mean of each window",
    .shapes = "[h, w, c] -> [(h - kernel) / stride + 1, same of w, c]",
    .work = "kernel^2 for each output value",
    .checked = "PyTorch",
    .options = options,
    .take = take,
    .shape = sx_pool_shape,
    .forward = {{.range = average_forward}},
    .backward = {{.range = average_backward}},
    .predict = average_forward,
    .cost = sx_pool_cost,
    .reference_forward = average_reference_forward,
    .reference_backward = average_reference_backward,
};

/* ---- the whole image ------------------------------------------------------------------------- */

static sx_status global_shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    (void)err;
    node->out = (sx_geometry){1, 1, node->in.channels, 0};
    return SX_OK;
}

static double global_cost(const sx_graph_node *node) {
    return (double)node->in.height * (double)sx_row_length(node->in);
}

static size_t global_scratch(const sx_graph_node *node) {
    return sx_round_up(sx_row_length(node->in)) + 2 * sx_round_up((size_t)node->in.channels);
}

static void global_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                           int worker) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t length = sx_row_length(node->in), channels = (size_t)node->in.channels;
    float *sum = frame->scratch[worker];
    double *sums = (void *)(sum + sx_round_up(length));
    double pixels = (double)node->in.height * node->in.width;
    for (int i = first; i < first + count; i++) {
        memset(sum, 0, length * sizeof *sum);
        memset(sums, 0, channels * sizeof *sums);
        for (int y = 0; y < node->in.height; y++)
            sx_flat_add(sum, sx_value(frame, input, i) + (size_t)y * sx_geometry_row(node->in),
                        length);
        sx_fold_row(sum, node->in, sums);
        for (size_t c = 0; c < channels; c++)
            sx_value(frame, node, i)[c] = (float)(sums[c] / pixels);
    }
}

static void global_backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                            int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t channels = (size_t)node->in.channels, row = sx_geometry_row(node->in);
    float factor = 1.0f / (float)(node->in.height * node->in.width);
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->in.height; y++)
            for (int x = 0; x < node->in.width; x++) {
                float *dx = sx_slope(frame, input, i) + (size_t)y * row + (size_t)x * channels;
                if (node->adds_gradient[0])
                    sx_flat_add_scaled(dx, sx_slope(frame, node, i), factor, channels);
                else
                    sx_flat_scale(dx, sx_slope(frame, node, i), factor, channels);
            }
}

/* Index of the image and channel that value `i` of the input belongs to. */
static size_t global_index(const sx_graph_node *node, size_t i) {
    size_t channels = (size_t)node->in.channels;
    return i / ((size_t)node->in.height * sx_row_length(node->in)) * channels + i % channels;
}

static size_t global_input_size(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    return (size_t)call->batch * (size_t)node->in.height * sx_row_length(node->in);
}

static void global_reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    for (size_t i = 0; i < global_input_size(call); i++)
        call->y[global_index(node, i)] += call->x[0][i] / (node->in.height * node->in.width);
}

static void global_reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    for (size_t i = 0; i < global_input_size(call); i++)
        call->dx[0][i] += call->dy[global_index(node, i)] / (node->in.height * node->in.width);
}

const sx_operator sx_operator_global_average_pool = {
    .name = "global_average_pool",
    .help = "the mean of each channel over the image",
    .shapes = "[h, w, c] -> [1, 1, c]",
    .work = "1 for each value",
    .checked = "PyTorch",
    .shape = global_shape,
    .scratch = global_scratch,
    .forward = {{.range = global_forward}},
    .backward = {{.range = global_backward}},
    .predict = global_forward,
    .cost = global_cost,
    .reference_forward = global_reference_forward,
    .reference_backward = global_reference_backward,
};
