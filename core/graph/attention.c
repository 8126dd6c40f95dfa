/* Multi-head self-attention (arXiv 1706.03762, eq. 1, section 3.2.2): input [1, tokens, 3 channels]
 * holds the queries, keys and values of every token side by side, heads contiguous in each, as
 * PyTorch's in_proj does; the output is [1, tokens, channels]. The projections before and after are
 * linear layers. Any [height, width, 3 channels] counts as height x width tokens.
 *
 * An image at a time and a head at a time: scores = softmax(q k^T / sqrt(channels of a head)) stay
 * in the first cache. Training keeps them for backward. Keys and values are transposed once per
 * head, and rows of scores padded with zeros to whole blocks, so that all products fill registers.
 */
#include "core/graph/internal.h"

#include <math.h>

enum { HEADS, CAUSAL, SCALE };

typedef struct {
    int tokens, channels, heads, depth; /* depth: channels of a head */
    size_t row;                         /* of scores: tokens, rounded up to whole blocks */
} extent;

static extent extent_of(const sx_graph_node *node) {
    extent e = {.tokens = node->in.height * node->in.width, .channels = node->in.channels / 3};
    e.heads = (int)node->option[HEADS];
    e.depth = e.channels / e.heads;
    e.row = (size_t)sx_ceil_divide(e.tokens, sx_block()) * (size_t)sx_block();
    return e;
}

/* Of the products of queries and keys. */
static double scale_of(const sx_graph_node *node) {
    double scale = node->option[SCALE];
    return scale > 0 ? scale : 1 / sqrt(extent_of(node).depth);
}

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    int heads = (int)node->option[HEADS];
    if (heads < 1 || node->in.channels % (3 * heads) != 0)
        return sx_fail(err, SX_BAD_INPUT,
                       "%d channels are no queries, keys and values of %d heads: they must be a "
                       "multiple of %d",
                       node->in.channels, heads, 3 * heads);
    node->out = (sx_geometry){node->in.height, node->in.width, node->in.channels / 3, 0};
    return SX_OK;
}

/* Rows of an image must be contiguous: no halo on either side. */
static sx_status no_halo(const sx_graph_node *node, sx_error *err) {
    if (!node->in.halo && !node->out.halo) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "%s: a convolution reads the same layer as attention, or attention itself; put "
                   "a linear layer between",
                   node->name);
}

static double cost(const sx_graph_node *node) {
    extent e = extent_of(node);
    return 2.0 * e.tokens * e.tokens * e.channels;
}

static size_t score_count(const sx_graph_node *node) {
    extent e = extent_of(node);
    return (size_t)e.tokens * e.row;
}

/* [batch][heads] matrices of scores. */
static size_t memory(const sx_graph *graph, const sx_graph_node *node, bool training) {
    if (!training) return 0;
    return (size_t)graph->batch * (size_t)extent_of(node).heads * score_count(node);
}

/* Two matrices of scores, two transposed operands, two parts with room for whole registers. */
static size_t scratch(const sx_graph_node *node) {
    extent e = extent_of(node);
    return 2 * score_count(node) + 2 * (size_t)e.depth * e.row;
}

/* ---- one head ----------------------------------------------------------------------------------
 */

/* The matrices of one head of one image: q, k, v and their gradients begin at a token's channel and
 * step by 3 channels; o and do step by channels. */
typedef struct {
    extent e;
    const float *q, *k, *v;
    float *scores;     /* [tokens, row] */
    float *slopes;     /* the same, of backward */
    float *transposed; /* [depth, row], twice */
    float scale;
    bool causal;
} head;

static head head_of(const sx_frame *frame, const sx_graph_node *node, int image, int which,
                    int worker) {
    extent e = extent_of(node);
    const float *x = sx_value(frame, sx_input(frame, node, 0), image) + which * e.depth;
    float *work = frame->scratch[worker];
    head h = {.e = e,
              .q = x,
              .k = x + e.channels,
              .v = x + 2 * (ptrdiff_t)e.channels,
              .scores = work,
              .slopes = work + score_count(node),
              .transposed = work + 2 * score_count(node),
              .scale = (float)scale_of(node),
              .causal = node->option[CAUSAL] != 0};
    if (frame->training)
        h.scores = sx_private_memory(frame, node) +
                   ((size_t)image * (size_t)e.heads + (size_t)which) * score_count(node);
    return h;
}

/* to [depth, row] = scale from^T, zeros beyond the last token. Scores and, in backward, their
 * slopes are linear in what is transposed, so the scale costs nothing here. */
static void transpose(const head *h, const float *from, size_t step, float *to) {
    size_t tokens = (size_t)h->e.tokens, depth = (size_t)h->e.depth, row = h->e.row;
    for (size_t d = 0; d < depth; d++)
        memset(to + d * row + tokens, 0, (row - tokens) * sizeof *to);
    for (size_t t = 0; t < tokens; t++)
        for (size_t d = 0; d < depth; d++) to[d * row + t] = h->scale * from[t * step + d];
}

/* scores = a b for a [tokens, depth] and b [depth, row], a block of columns at a time. */
static void multiply_scores(const head *h, const float *a, size_t step, const float *b,
                            float *scores) {
    sx_product p = {.m = h->e.tokens,
                    .n = sx_block(),
                    .rows = 1,
                    .depth = h->e.depth,
                    .a = a,
                    .a_step = (ptrdiff_t)step,
                    .a_depth = 1,
                    .b_depth = (ptrdiff_t)h->e.row,
                    .c_step = (ptrdiff_t)h->e.row};
    for (size_t column = 0; column < h->e.row; column += (size_t)sx_block()) {
        p.b = b + column;
        p.c = scores + column;
        sx_product_run(&p);
    }
}

/* out [tokens, depth] = scores x, or scores^T x if `across`; adds if asked for. */
typedef struct {
    const float *scores, *x;
    float *out;
    size_t x_step, out_step;
    bool across, accumulate;
} weighting;

static void weigh(const head *h, const weighting *w) {
    sx_product p = {.m = h->e.tokens,
                    .rows = 1,
                    .depth = h->e.tokens,
                    .a = w->scores,
                    .a_step = w->across ? 1 : (ptrdiff_t)h->e.row,
                    .a_depth = w->across ? (ptrdiff_t)h->e.row : 1,
                    .b_depth = (ptrdiff_t)w->x_step,
                    .c_step = (ptrdiff_t)w->out_step,
                    .accumulate = w->accumulate};
    for (int at = 0; at < h->e.depth; at += sx_block()) {
        int left = h->e.depth - at;
        p.n = left < sx_block() ? left : sx_block();
        p.b = w->x + at;
        p.c = w->out + at;
        sx_product_run(&p);
    }
}

/* Softmax of the scores of each token over those it may look at; zeros elsewhere. */
static void soften(const head *h) {
    size_t tokens = (size_t)h->e.tokens;
    for (size_t t = 0; t < tokens; t++) {
        float *row = h->scores + t * h->e.row;
        size_t seen = h->causal ? t + 1 : tokens;
        sx_softmax_row(row, row, seen);
        memset(row + seen, 0, (h->e.row - seen) * sizeof *row);
    }
}

/* ---- forward -----------------------------------------------------------------------------------
 */

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    for (int i = first; i < first + count; i++)
        for (int which = 0; which < (int)node->option[HEADS]; which++) {
            head h = head_of(frame, node, i, which, worker);
            size_t step = 3 * (size_t)h.e.channels;
            transpose(&h, h.k, step, h.transposed);
            multiply_scores(&h, h.q, step, h.transposed, h.scores);
            soften(&h);
            weigh(&h, &(weighting){.scores = h.scores,
                                   .x = h.v,
                                   .x_step = step,
                                   .out = sx_value(frame, node, i) + which * h.e.depth,
                                   .out_step = (size_t)h.e.channels});
        }
}

/* ---- backward ----------------------------------------------------------------------------------
 */

/* slopes = scores (slopes - sum over the row of scores slopes): back through the softmax. */
static void harden(const head *h) {
    for (int t = 0; t < h->e.tokens; t++) {
        float *slopes = h->slopes + (size_t)t * h->e.row;
        sx_softmax_row_backward(slopes, slopes, h->scores + (size_t)t * h->e.row, false, h->e.row);
    }
}

static void head_backward(const sx_frame *frame, const sx_graph_node *node, int image, int which,
                          int worker) {
    head h = head_of(frame, node, image, which, worker);
    size_t step = 3 * (size_t)h.e.channels, out_step = (size_t)h.e.channels;
    const float *dy = sx_slope(frame, node, image) + which * h.e.depth;
    float *dq = sx_slope(frame, sx_input(frame, node, 0), image) + which * h.e.depth;
    float *dk = dq + h.e.channels, *dv = dk + h.e.channels;
    bool add = node->adds_gradient[0];
    transpose(&h, h.v, step, h.transposed);
    multiply_scores(&h, dy, out_step, h.transposed, h.slopes);
    harden(&h);
    weigh(&h, &(weighting){h.scores, dy, dv, out_step, step, true, add});
    weigh(&h, &(weighting){h.slopes, h.k, dq, step, step, false, add});
    weigh(&h, &(weighting){h.slopes, h.q, dk, step, step, true, add});
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    if (!sx_input(frame, node, 0)->needs_gradient) return;
    for (int i = first; i < first + count; i++)
        for (int which = 0; which < (int)node->option[HEADS]; which++)
            head_backward(frame, node, i, which, worker);
}

/* ---- plain loops -------------------------------------------------------------------------------
 */

typedef struct {
    size_t tokens, channels, depth;
    bool causal;
    double scale;
} plain;

static plain plain_of(const sx_graph_node *node) {
    extent e = extent_of(node);
    return (plain){(size_t)e.tokens, (size_t)e.channels, (size_t)e.depth, node->option[CAUSAL] != 0,
                   scale_of(node)};
}

/* Weight of token s for token t of the head at channel `c` of image x [tokens, 3 channels]. */
static double plain_weight(const plain *p, const double *x, size_t c, size_t t, size_t s) {
    double sum = 0, own = 0;
    for (size_t u = 0; u < (p->causal ? t + 1 : p->tokens); u++) {
        double score = 0;
        for (size_t d = 0; d < p->depth; d++)
            score += x[t * 3 * p->channels + c + d] * x[(u * 3 + 1) * p->channels + c + d];
        score = exp(score * p->scale);
        sum += score;
        if (u == s) own = score;
    }
    return own / sum;
}

static void reference_forward(const sx_reference_call *call) {
    plain p = plain_of(sx_reference_node(call));
    for (size_t i = 0; i < sx_reference_size(call); i++) {
        size_t channel = i % p.channels, t = i / p.channels % p.tokens;
        const double *x = call->x[0] + i / (p.channels * p.tokens) * p.tokens * 3 * p.channels;
        size_t c = channel / p.depth * p.depth;
        call->y[i] = 0;
        for (size_t s = 0; s < p.tokens; s++)
            call->y[i] += plain_weight(&p, x, c, t, s) * x[(s * 3 + 2) * p.channels + channel];
    }
}

/* One pair of tokens: what the weight w of s for t passes back, given the row's mean slope. */
static void plain_pair(const plain *p, const double *x, double *dx, const double *dy, size_t c,
                       size_t t, size_t s, double w, double mean) {
    double slope = 0;
    size_t q = t * 3 * p->channels + c, k = (s * 3 + 1) * p->channels + c, v = k + p->channels;
    for (size_t d = 0; d < p->depth; d++) {
        slope += dy[t * p->channels + c + d] * x[v + d];
        dx[v + d] += w * dy[t * p->channels + c + d];
    }
    slope = w * (slope - mean) * p->scale;
    for (size_t d = 0; d < p->depth; d++) {
        dx[q + d] += slope * x[k + d];
        dx[k + d] += slope * x[q + d];
    }
}

static void reference_backward(const sx_reference_call *call) {
    plain p = plain_of(sx_reference_node(call));
    for (size_t image = 0; image < (size_t)call->batch; image++)
        for (size_t c = 0; c < p.channels; c += p.depth)
            for (size_t t = 0; t < p.tokens; t++) {
                const double *x = call->x[0] + image * p.tokens * 3 * p.channels;
                const double *dy = call->dy + image * p.tokens * p.channels;
                double mean = 0; /* the output times its slope is the weighted mean of slopes */
                for (size_t d = 0; d < p.depth; d++)
                    mean += dy[t * p.channels + c + d] *
                            call->y[(image * p.tokens + t) * p.channels + c + d];
                for (size_t s = 0; s < (p.causal ? t + 1 : p.tokens); s++)
                    plain_pair(&p, x, call->dx[0] + image * p.tokens * 3 * p.channels, dy, c, t, s,
                               plain_weight(&p, x, c, t, s), mean);
            }
}

static const sx_option options[] = {
    {"", "heads", SX_OPTION_INTEGER, "4", 1, 1024, NULL, "that share the channels"},
    {"", "causal", SX_OPTION_CHOICE, "no", 0, 0, "no|yes", "tokens see only those before them"},
    {"", "scale", SX_OPTION_NUMBER, "0", 0, 1000, NULL,
     "of products of queries and keys; 0: 1 over the root of a head's channels"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_attention = {
    .name = "attention",
    .help = "multi-head self-attention over queries, keys and values side by side",
    .shapes = "[h, w, 3 c] -> [h, w, c]",
    .work = "2 (h w)^2 c",
    .checked = "PyTorch",
    .options = options,
    .shape = shape,
    .fits = no_halo,
    .memory = memory,
    .scratch = scratch,
    .forward = {{.range = forward}},
    .backward = {{.range = backward}},
    .predict = forward,
    .cost = cost,
    .reference_forward = reference_forward,
    .reference_backward = reference_backward,
};
