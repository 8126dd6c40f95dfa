/* Maximum over square windows. Padding counts as minus infinity, so a window over the border is a
 * smaller window inside it. Windows that would reach over the padding are left out, as in PyTorch.
 * The gradient goes to the first pixel of the window that holds the maximum; it is found again by
 * comparison, so nothing is kept for it. */
#include "core/graph/internal.h"

/* A stretch of windows of one output row that have one shape: those wholly inside, or one at the
 * border. `at`: of the first one's first pixel, in floats from the image's first value. */
typedef struct {
    sx_windows form;
    size_t at;
} stretch;

static int clip(int value, int most) {
    return value < 0 ? 0 : value > most ? most : value;
}

static stretch stretch_of(const sx_graph_node *node, int y, int x) {
    int k = node->kernel, s = node->stride > 1 ? node->stride : 1, p = node->padding;
    int height = node->in.height, width = node->in.width;
    int top = clip(y * s - p, height), bottom = clip(y * s - p + k, height);
    int left = clip(x * s - p, width), right = clip(x * s - p + k, width);
    int inside = right - left == k ? (width - k + p) / s - x + 1 : 1;
    if (inside > node->out.width - x) inside = node->out.width - x;
    return (stretch){{.windows = inside,
                      .height = bottom - top,
                      .width = right - left,
                      .channels = node->out.channels,
                      .step = (ptrdiff_t)s * node->out.channels,
                      .row = (ptrdiff_t)sx_geometry_row(node->in)},
                     (size_t)top * sx_geometry_row(node->in) +
                         (size_t)left * (size_t)node->in.channels};
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    size_t channels = (size_t)node->out.channels;
    for (int i = first; i < first + count; i++) {
        const float *from = sx_value(frame, sx_input(frame, node, 0), i);
        for (int y = 0; y < node->out.height; y++) {
            float *to = sx_value(frame, node, i) + (size_t)y * sx_geometry_row(node->out);
            for (int x = 0; x < node->out.width;) {
                stretch s = stretch_of(node, y, x);
                sx_windows_maximum(&s.form, from + s.at, NULL, to + (size_t)x * channels);
                x += s.form.windows;
            }
        }
    }
}

/* Zeroes the input's gradient if windows will add to it, or do not cover it all; returns whether
 * they must add. */
static bool prepare_gradient(const sx_graph_node *node, float *dx) {
    bool overlap = node->stride < node->kernel;
    bool covered = node->stride == node->kernel && node->padding == 0 &&
                   node->in.height % node->kernel == 0 && node->in.width % node->kernel == 0;
    if (node->adds_gradient[0]) return true;
    if (overlap || !covered) sx_clear_interior(dx, node->in);
    return overlap;
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t channels = (size_t)node->out.channels;
    if (!input->needs_gradient) return;
    for (int i = first; i < first + count; i++) {
        float *dx = sx_slope(frame, input, i);
        bool accumulate = prepare_gradient(node, dx);
        for (int y = 0; y < node->out.height; y++)
            for (int x = 0; x < node->out.width;) {
                stretch s = stretch_of(node, y, x);
                size_t to = (size_t)y * sx_geometry_row(node->out) + (size_t)x * channels;
                sx_maximum_backward arrays = {.x = sx_value(frame, input, i) + s.at,
                                              .y = sx_value(frame, node, i) + to,
                                              .dy = sx_slope(frame, node, i) + to,
                                              .dx = dx + s.at,
                                              .accumulate = accumulate};
                sx_windows_maximum_backward(&s.form, &arrays);
                x += s.form.windows;
            }
    }
}

/* ---- plain loops ----------------------------------------------------------------------------- */

/* Index of the first of the window's largest values of output value `i`. */
static size_t reference_argument(const sx_reference_call *call, size_t i) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->out.channels, ow = (size_t)node->out.width;
    size_t oh = (size_t)node->out.height, c = i % channels, image = i / (channels * ow * oh);
    int left = (int)(i / channels % ow) * node->stride - node->padding;
    int top = (int)(i / (channels * ow) % oh) * node->stride - node->padding;
    size_t best = SIZE_MAX;
    for (int k = 0; k < node->kernel * node->kernel; k++) {
        int y = top + k / node->kernel, x = left + k % node->kernel;
        if (y < 0 || x < 0 || y >= node->in.height || x >= node->in.width) continue;
        size_t row = image * (size_t)node->in.height + (size_t)y;
        size_t at = (row * (size_t)node->in.width + (size_t)x) * channels + c;
        if (best == SIZE_MAX || call->x[0][at] > call->x[0][best]) best = at;
    }
    return best;
}

static void reference_forward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = call->x[0][reference_argument(call, i)];
}

static void reference_backward(const sx_reference_call *call) {
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->dx[0][reference_argument(call, i)] += call->dy[i];
}

static const sx_option options[] = {
    {"", "kernel", SX_OPTION_INTEGER, "2", 1, 1024, NULL, "side of a window"},
    {"", "stride", SX_OPTION_INTEGER, "2", 1, 1024, NULL, "pixels from one to the next"},
    {"", "padding", SX_OPTION_INTEGER, "0", 0, 512, NULL, "around the image, never the largest"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static void take(sx_graph_node *node) {
    node->kernel = (int)node->option[0];
    node->stride = (int)node->option[1];
    node->padding = (int)node->option[2];
}

const sx_operator sx_operator_max_pool = {
    .name = "max_pool",
    .help = "the largest value of each window",
    .shapes = "[h, w, c] -> [(h + 2 padding - kernel) / stride + 1, same of w, c]",
    .work = "kernel^2 for each output value",
    .checked = "PyTorch",
    .options = options,
    .take = take,
    .shape = sx_pool_shape,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .predict = forward,
    .cost = sx_pool_cost,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
