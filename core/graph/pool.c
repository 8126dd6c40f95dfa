/* Pooling: maximum and average over square windows without padding, and the average over the whole
 * image. Windows that would reach over the border are left out, as in PyTorch. The gradient of a
 * maximum goes to the first pixel of the window that holds it; it is found again by comparison, so
 * nothing is kept for it. */
#include "core/graph/internal.h"

#include <string.h>

#define WINDOW_LIMIT 1024

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    int k = node->kernel, s = node->stride;
    if (k < 1 || s < 1 || k > WINDOW_LIMIT || s > WINDOW_LIMIT)
        return sx_fail(err, SX_BAD_INPUT, "a pooling window and its stride must be from 1 to %d",
                       WINDOW_LIMIT);
    if (node->in.height < k || node->in.width < k)
        return sx_fail(err, SX_BAD_INPUT,
                       "an image of %d x %d pixels is too small for %d x %d pooling; use fewer "
                       "layers or larger images",
                       node->in.height, node->in.width, k, k);
    node->out = (sx_geometry){(node->in.height - k) / s + 1, (node->in.width - k) / s + 1,
                              node->in.channels, 0};
    return SX_OK;
}

static double cost(const sx_graph_node *node) {
    return (double)node->out.height * (double)sx_row_length(node->out) * node->kernel *
           node->kernel;
}

/* Calls `visit` for every window of images first .. first + count - 1. */
typedef struct {
    const float *x;     /* the window's first pixel */
    float *y;           /* the output's pixel, or its gradient */
    float *dx;          /* gradient of the window's first pixel; NULL in forward */
    const float *value; /* in backward: the output's pixel */
} window;
typedef void (*window_visit)(const sx_graph_node *node, const window *w);

static void visit_image(const sx_graph_node *node, window w, window_visit visit) {
    size_t channels = (size_t)node->out.channels, step = (size_t)node->stride * channels;
    size_t in_row = (size_t)node->stride * sx_geometry_row(node->in);
    size_t out_row = sx_geometry_row(node->out);
    for (int oy = 0; oy < node->out.height; oy++)
        for (int ox = 0; ox < node->out.width; ox++) {
            size_t in = (size_t)oy * in_row + (size_t)ox * step;
            size_t out = (size_t)oy * out_row + (size_t)ox * channels;
            window at = {w.x + in, w.y + out, w.dx ? w.dx + in : NULL,
                         w.value ? w.value + out : NULL};
            visit(node, &at);
        }
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    window_visit visit) {
    for (int i = first; i < first + count; i++) {
        window w = {sx_value(frame, sx_input(frame, node, 0), i), sx_value(frame, node, i), NULL,
                    NULL};
        visit_image(node, w, visit);
    }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     window_visit visit) {
    const sx_graph_node *input = sx_input(frame, node, 0);
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++) {
        window w = {sx_value(frame, input, i), sx_slope(frame, node, i), sx_slope(frame, input, i),
                    sx_value(frame, node, i)};
        if (!node->adds_gradient[0])
            for (int y = 0; y < node->in.height; y++)
                memset(w.dx + (size_t)y * sx_geometry_row(node->in), 0,
                       sx_row_length(node->in) * sizeof(float));
        visit_image(node, w, visit);
    }
}

/* ---- maximum --------------------------------------------------------------------------------- */

static void maximum_window(const sx_graph_node *node, const window *w) {
    size_t channels = (size_t)node->out.channels, row = sx_geometry_row(node->in);
    memcpy(w->y, w->x, channels * sizeof *w->y);
    for (int ky = 0; ky < node->kernel; ky++)
        for (int kx = 0; kx < node->kernel; kx++)
            sx_flat_maximum(w->y, w->x + (size_t)ky * row + (size_t)kx * channels, channels);
}

static void maximum_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                            int worker) {
    (void)worker;
    forward(frame, node, first, count, maximum_window);
}

static void maximum_window_backward(const sx_graph_node *node, const window *w) {
    size_t channels = (size_t)node->out.channels, row = sx_geometry_row(node->in);
    for (size_t c = 0; c < channels; c++) {
        for (int k = 0; k < node->kernel * node->kernel; k++) {
            size_t at = (size_t)(k / node->kernel) * row + (size_t)(k % node->kernel) * channels;
            if (w->x[at + c] != w->value[c]) continue;
            w->dx[at + c] += w->y[c];
            break;
        }
    }
}

static void maximum_backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                             int worker) {
    (void)worker;
    backward(frame, node, first, count, maximum_window_backward);
}

/* ---- average --------------------------------------------------------------------------------- */

static float share(const sx_graph_node *node) {
    return 1.0f / (float)(node->kernel * node->kernel);
}

static void average_window(const sx_graph_node *node, const window *w) {
    size_t channels = (size_t)node->out.channels, row = sx_geometry_row(node->in);
    memset(w->y, 0, channels * sizeof *w->y);
    for (int ky = 0; ky < node->kernel; ky++)
        for (int kx = 0; kx < node->kernel; kx++)
            sx_flat_add_scaled(w->y, w->x + (size_t)ky * row + (size_t)kx * channels, share(node),
                               channels);
}

static void average_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                            int worker) {
    (void)worker;
    forward(frame, node, first, count, average_window);
}

static void average_window_backward(const sx_graph_node *node, const window *w) {
    size_t channels = (size_t)node->out.channels, row = sx_geometry_row(node->in);
    for (int ky = 0; ky < node->kernel; ky++)
        for (int kx = 0; kx < node->kernel; kx++)
            sx_flat_add_scaled(w->dx + (size_t)ky * row + (size_t)kx * channels, w->y, share(node),
                               channels);
}

static void average_backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                             int worker) {
    (void)worker;
    backward(frame, node, first, count, average_window_backward);
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

static size_t reference_argument(const sx_reference_call *call, size_t i) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t best = reference_index(node, i, 0);
    for (int k = 1; k < node->kernel * node->kernel; k++) {
        size_t at = reference_index(node, i, k);
        if (call->x[0][at] > call->x[0][best]) best = at;
    }
    return best;
}

static void maximum_reference_forward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = call->x[0][reference_argument(call, i)];
}

static void maximum_reference_backward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->dx[0][reference_argument(call, i)] += call->dy[i];
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

const sx_operator sx_operator_max_pool = {
    .name = "max_pool",
    .help = "the largest value of each window",
    .shape = shape,
    .forward = {{.range = maximum_forward}},
    .backward = {{.range = maximum_backward}},
    .predict = maximum_forward,
    .cost = cost,
    .reference_forward = maximum_reference_forward,
    .reference_backward = maximum_reference_backward,
};

const sx_operator sx_operator_average_pool = {
    .name = "average_pool",
    .help = "the mean of each window",
    .shape = shape,
    .forward = {{.range = average_forward}},
    .backward = {{.range = average_backward}},
    .predict = average_forward,
    .cost = cost,
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
    double *sums = (double *)(sum + sx_round_up(length));
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
    .shape = global_shape,
    .scratch = global_scratch,
    .forward = {{.range = global_forward}},
    .backward = {{.range = global_backward}},
    .predict = global_forward,
    .cost = global_cost,
    .reference_forward = global_reference_forward,
    .reference_backward = global_reference_backward,
};
