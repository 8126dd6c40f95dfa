/* What a vision transformer adds to its tokens (arXiv 2010.11929, eq. 1): a learned class token
 * before all others, and a learned position for each, or for each row and column (appendix D.4).
 * Their gradients are sums over the batch. */
#include "core/graph/partial.h"

static sx_status add_weight(sx_graph *graph, sx_graph_node *node, sx_geometry g, double deviation,
                            sx_error *err) {
    sx_slice_form form = {.suffix = "weight",
                          .sizes = {g.height, g.width, g.channels},
                          .trained = true,
                          .initial = SX_INITIAL_NORMAL,
                          .number = deviation};
    return sx_graph_add_slice(graph, node, &form, err);
}

static void copy_rows(const sx_graph_node *from_node, float *from, const sx_graph_node *to_node,
                      float *to, int rows, bool add) {
    size_t length = sx_row_length(from_node->out);
    for (int y = 0; y < rows; y++) {
        float *target = sx_row_of(to, to_node->out, y);
        const float *source = sx_row_of(from, from_node->out, y);
        if (add)
            sx_flat_add(target, source, length);
        else
            memcpy(target, source, length * sizeof *target);
    }
}

/* Adds the shares of chunks, `count` floats each, to the weights' gradient. */
static void add_shares(const sx_frame *frame, const sx_graph_node *node, size_t count) {
    sx_partial_add(
        frame, node,
        &(sx_partial_sum){.count = count,
                          .length = count,
                          .gradient = frame->gradient + sx_slice_offset(frame, node, 0)});
}

/* ---- class token: [h, w, c] -> [1, h w + 1, c]
 * --------------------------------------------------- */

static sx_status token_shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    node->out = (sx_geometry){1, node->in.height * node->in.width + 1, node->in.channels, 0};
    return add_weight(graph, node, (sx_geometry){1, 1, node->in.channels, 0}, 0.02, err);
}

static size_t token_memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    return training ? sx_partial_memory(graph, 0, (size_t)node->in.channels) : 0;
}

static void token_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                          int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t channels = (size_t)node->in.channels, length = sx_row_length(node->in);
    for (int i = first; i < first + count; i++) {
        float *to = sx_value(frame, node, i);
        memcpy(to, sx_weights(frame, node, 0), channels * sizeof *to);
        to += channels;
        for (int y = 0; y < node->in.height; y++, to += length)
            memcpy(to, sx_row_of(sx_value(frame, input, i), node->in, y), length * sizeof *to);
    }
}

static void token_backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                           int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t channels = (size_t)node->in.channels, length = sx_row_length(node->in);
    float *share = sx_partial_chunk(frame, node, 0, channels, sx_chunk_of(frame, first));
    memset(share, 0, channels * sizeof *share);
    for (int i = first; i < first + count; i++) {
        const float *from = sx_slope(frame, node, i);
        sx_flat_add(share, from, channels);
        from += channels;
        for (int y = 0; y < node->in.height && input->needs_gradient; y++, from += length)
            sx_store_gradient(sx_row_of(sx_slope(frame, input, i), node->in, y), from,
                              node->adds_gradient[0], length);
    }
}

static void token_finish(const sx_frame *frame, const sx_graph_node *node, int piece, int worker) {
    (void)piece;
    (void)worker;
    add_shares(frame, node, (size_t)node->in.channels);
}

static void token_reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->in.channels, tokens = (size_t)node->out.width;
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        size_t token = i / channels % tokens, image = i / (channels * tokens);
        call->y[i] = token ? call->x[0][i - (image + 1) * channels]
                           : sx_reference_weights(call, 0)[i % channels];
    }
}

static void token_reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    size_t channels = (size_t)node->in.channels, tokens = (size_t)node->out.width;
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        size_t token = i / channels % tokens, image = i / (channels * tokens);
        double *to = token ? &call->dx[0][i - (image + 1) * channels]
                           : &sx_reference_gradient(call, 0)[i % channels];
        *to += call->dy[i];
    }
}

const sx_operator sx_operator_class_token = {
    .name = "class_token",
    .help = "all pixels as a row of tokens, after a learned one",
    .shapes = "[h, w, c] -> [1, h w + 1, c]",
    .work = "none",
    .checked = "PyTorch",
    .shape = token_shape,
    .memory = token_memory,
    .forward = {{.range = token_forward}},
    .backward = {{.range = token_backward}},
    .finish = {{.own = token_finish, .pieces = sx_one_piece}},
    .predict = token_forward,
    .reference_forward = token_reference_forward,
    .reference_backward = token_reference_backward,
};

/* ---- position: adds a learned array -------------------------------------------------------------
 */

enum { DEVIATION, LENGTH, ALONG };              /* options of position */
enum { ALONG_BOTH, ALONG_HEIGHT, ALONG_WIDTH }; /* what ALONG may be */

static bool is_along(const sx_graph_node *node, int axis) {
    return (int)node->option[ALONG] == axis;
}

static sx_status position_shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    node->out = node->in;
    node->out.halo = 0;
    sx_geometry learned = node->in;
    int length = (int)node->option[LENGTH];
    if (is_along(node, ALONG_HEIGHT)) learned.width = 1;
    if (is_along(node, ALONG_WIDTH)) learned.height = 1;
    if (length && (node->in.height != 1 || length < node->in.width || !is_along(node, ALONG_BOTH)))
        return sx_fail(err, SX_BAD_INPUT,
                       "%d positions for %d x %d tokens: there must be one row of them, and a "
                       "position for each",
                       length, node->in.height, node->in.width);
    if (length) learned.width = length;
    return add_weight(graph, node, learned, node->option[DEVIATION], err);
}

/* Learned values that an image uses. */
static size_t learned_size(const sx_graph_node *node) {
    if (is_along(node, ALONG_HEIGHT)) return (size_t)node->in.height * (size_t)node->in.channels;
    return (is_along(node, ALONG_WIDTH) ? 1 : (size_t)node->in.height) * sx_row_length(node->in);
}

/* Where those of row y begin. */
static size_t learned_row(const sx_graph_node *node, int y) {
    if (is_along(node, ALONG_HEIGHT)) return (size_t)y * (size_t)node->in.channels;
    return is_along(node, ALONG_WIDTH) ? 0 : (size_t)y * sx_row_length(node->in);
}

/* Values of a row that are learned together: all of them, or a pixel's, which every pixel of the
 * row shares. */
static size_t learned_stretch(const sx_graph_node *node) {
    return is_along(node, ALONG_HEIGHT) ? (size_t)node->in.channels : sx_row_length(node->in);
}

static size_t position_memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    return training ? sx_partial_memory(graph, 0, learned_size(node)) : 0;
}

static void position_forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                             int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t length = sx_row_length(node->in), stretch = learned_stretch(node);
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->in.height; y++) {
            const float *learned = sx_weights(frame, node, 0) + learned_row(node, y);
            float *to = sx_row_of(sx_value(frame, node, i), node->out, y);
            const float *from = sx_row_of(sx_value(frame, input, i), node->in, y);
            for (size_t at = 0; at < length; at += stretch)
                sx_flat_sum(to + at, from + at, learned, false, stretch);
        }
}

static void position_backward(const sx_frame *frame, const sx_graph_node *node, int first,
                              int count, int worker) {
    (void)worker;
    const sx_graph_node *input = sx_input(frame, node, 0);
    size_t length = sx_row_length(node->in), stretch = learned_stretch(node);
    size_t size = learned_size(node);
    float *share = sx_partial_chunk(frame, node, 0, size, sx_chunk_of(frame, first));
    memset(share, 0, size * sizeof *share);
    for (int i = first; i < first + count; i++) {
        float *dy = sx_slope(frame, node, i);
        for (int y = 0; y < node->in.height; y++)
            for (size_t at = 0; at < length; at += stretch)
                sx_flat_add(share + learned_row(node, y), sx_row_of(dy, node->out, y) + at,
                            stretch);
        if (input->needs_gradient)
            copy_rows(node, dy, input, sx_slope(frame, input, i), node->in.height,
                      node->adds_gradient[0]);
    }
}

static void position_finish(const sx_frame *frame, const sx_graph_node *node, int piece,
                            int worker) {
    (void)piece;
    (void)worker;
    add_shares(frame, node, learned_size(node));
}

/* The learned value that is added to value i of a batch. */
static size_t learned_at(const sx_graph_node *node, size_t i) {
    size_t channels = (size_t)node->in.channels, width = (size_t)node->in.width;
    size_t c = i % channels, x = i / channels % width;
    size_t y = i / (channels * width) % (size_t)node->in.height;
    if (is_along(node, ALONG_HEIGHT)) return y * channels + c;
    return ((is_along(node, ALONG_WIDTH) ? 0 : y) * width + x) * channels + c;
}

static void position_reference_forward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    for (size_t i = 0; i < sx_reference_size(call); i++)
        call->y[i] = call->x[0][i] + sx_reference_weights(call, 0)[learned_at(node, i)];
}

static void position_reference_backward(const sx_reference_call *call) {
    const sx_graph_node *node = sx_reference_node(call);
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        call->dx[0][i] += call->dy[i];
        sx_reference_gradient(call, 0)[learned_at(node, i)] += call->dy[i];
    }
}

static const sx_option position_options[] = {
    {"", "deviation", SX_OPTION_NUMBER, "0.02", 0, 1000, NULL, "of the initial values"},
    {"", "length", SX_OPTION_INTEGER, "0", 0, 65536, NULL,
     "positions of a row that are learned, the first of them used; 0: one for each token"},
    {"", "along", SX_OPTION_CHOICE, "both", 0, 0, "both|height|width",
     "a value for each place, for each row of them, or for each column"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_position = {
    .name = "position",
    .help = "adds a learned value to each value of the image",
    .shapes = "[h, w, c] -> same",
    .work = "none",
    .checked = "PyTorch",
    .options = position_options,
    .shape = position_shape,
    .memory = position_memory,
    .forward = {{.range = position_forward}},
    .backward = {{.range = position_backward}},
    .finish = {{.own = position_finish, .pieces = sx_one_piece}},
    .predict = position_forward,
    .reference_forward = position_reference_forward,
    .reference_backward = position_reference_backward,
};
