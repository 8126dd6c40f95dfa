/* Arithmetic value by value: two layers of one shape, or a second of [1, 1, c] that is spread over
 * all pixels (a gate); and functions of one layer. Every operator is a row of formulas, of the
 * value and of its slopes, written once for the fast loops in single and the plain ones in double
 * precision. */
#include "core/graph/internal.h"

#include <math.h>

enum { FACTOR, SHIFT }; /* of scale */

/* ---- formulas: of value a, second value b, result y, and node options p, q ----------------------
 */

#define FORMULAS(ROW)                                                                              \
    ROW(subtract, a - b, 1, -1)                                                                    \
    ROW(multiply, a *b, b, a)                                                                      \
    ROW(divide, a / b, 1 / b, -y / b)                                                              \
    ROW(maximum, a >= b || a != a ? a : b,                                                         \
        a > b    ? 1                                                                               \
        : a == b ? 0.5f                                                                            \
                 : 0,                                                                              \
        a < b    ? 1                                                                               \
        : a == b ? 0.5f                                                                            \
                 : 0)                                                                              \
    ROW(minimum, a <= b || a != a ? a : b,                                                         \
        a < b    ? 1                                                                               \
        : a == b ? 0.5f                                                                            \
                 : 0,                                                                              \
        a > b    ? 1                                                                               \
        : a == b ? 0.5f                                                                            \
                 : 0)                                                                              \
    ROW(square, a *a, 2 * a, 0)                                                                    \
    ROW(square_root, ROOT(a), 0.5f / y, 0)                                                         \
    ROW(exp, EXP(a), y, 0)                                                                         \
    ROW(log, LOG(a), 1 / a, 0)                                                                     \
    ROW(absolute, a<0 ? -a : a, a> 0 ? 1 : a < 0 ? -1 : 0, 0)                                      \
    ROW(negate, -a, -1, 0)                                                                         \
    ROW(scale, a *p + q, p, 0)

/* What a row of values is computed from; `b` has `period` values that repeat (the row's length
 * where nothing is spread). */
#define SPECIES(REAL, SUFFIX)                                                                      \
    typedef struct {                                                                               \
        const REAL *a, *b, *y, *dy;                                                                \
        REAL *out;                                                                                 \
        size_t count, period;                                                                      \
        REAL p, q;                                                                                 \
    } row_##SUFFIX;                                                                                \
    typedef void (*pass_##SUFFIX)(const row_##SUFFIX *r);

SPECIES(float, fast)
SPECIES(double, plain)

/* out = value; out += dy slope by a; out += dy slope by b, which is summed where b repeats. */
#define PASSES(REAL, SUFFIX, name, VALUE, BY_A, BY_B)                                              \
    static void name##_value_##SUFFIX(const row_##SUFFIX *r) {                                     \
        const REAL p = r->p, q = r->q;                                                             \
        for (size_t i = 0, j = 0; i < r->count; i++, j = j + 1 == r->period ? 0 : j + 1) {         \
            const REAL a = r->a[i], b = r->b[j];                                                   \
            r->out[i] = (REAL)(VALUE);                                                             \
            (void)b, (void)p, (void)q;                                                             \
        }                                                                                          \
    }                                                                                              \
    static void name##_by_a_##SUFFIX(const row_##SUFFIX *r) {                                      \
        const REAL p = r->p, q = r->q;                                                             \
        for (size_t i = 0, j = 0; i < r->count; i++, j = j + 1 == r->period ? 0 : j + 1) {         \
            const REAL a = r->a[i], b = r->b[j], y = r->y[i];                                      \
            r->out[i] += r->dy[i] * (REAL)(BY_A);                                                  \
            (void)a, (void)b, (void)y, (void)p, (void)q;                                           \
        }                                                                                          \
    }                                                                                              \
    static void name##_by_b_##SUFFIX(const row_##SUFFIX *r) {                                      \
        for (size_t i = 0, j = 0; i < r->count; i++, j = j + 1 == r->period ? 0 : j + 1) {         \
            const REAL a = r->a[i], b = r->b[j], y = r->y[i];                                      \
            r->out[j] += r->dy[i] * (REAL)(BY_B);                                                  \
            (void)a, (void)b, (void)y;                                                             \
        }                                                                                          \
    }

#define ROOT sqrtf
#define EXP expf
#define LOG logf
#define FAST(name, VALUE, BY_A, BY_B) PASSES(float, fast, name, VALUE, BY_A, BY_B)
FORMULAS(FAST)
#undef ROOT
#undef EXP
#undef LOG
#define ROOT sqrt
#define EXP exp
#define LOG log
#define PLAIN(name, VALUE, BY_A, BY_B) PASSES(double, plain, name, VALUE, BY_A, BY_B)
FORMULAS(PLAIN)

typedef struct {
    const sx_operator *op;
    pass_fast value, by[2];
    pass_plain plain_value, plain_by[2];
} formula;

#define ENTRY(name, VALUE, BY_A, BY_B)                                                             \
    {&sx_operator_##name,                                                                          \
     name##_value_fast,                                                                            \
     {name##_by_a_fast, name##_by_b_fast},                                                         \
     name##_value_plain,                                                                           \
     {name##_by_a_plain, name##_by_b_plain}},
static const formula formulas[] = {FORMULAS(ENTRY)};

static const formula *formula_of(const sx_graph_node *node) {
    size_t row = 0;
    while (formulas[row].op != node->op) row++;
    return &formulas[row];
}

/* ---- shapes -------------------------------------------------------------------------------------
 */

static bool is_spread(const sx_graph_node *node, sx_geometry second) {
    return second.height != node->in.height || second.width != node->in.width;
}

static sx_status shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    sx_geometry a = node->in, b = graph->nodes[node->inputs[node->input_count - 1]].out;
    node->out = a;
    node->out.halo = 0;
    bool whole = a.height == b.height && a.width == b.width, gate = b.height == 1 && b.width == 1;
    if (a.channels == b.channels && (whole || gate)) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "%d x %d x %d and %d x %d x %d: the second must have the shape of the first, or "
                   "be 1 x 1 with as many channels",
                   a.height, a.width, a.channels, b.height, b.width, b.channels);
}

/* ---- fast ---------------------------------------------------------------------------------------
 */

/* The arrays of row `y` of an image; without a second input, the first stands for it. */
static row_fast row_of(const sx_frame *frame, const sx_graph_node *node, int image, int y) {
    const sx_graph_node *a = sx_input(frame, node, 0);
    const sx_graph_node *b = sx_input(frame, node, node->input_count - 1);
    bool spread = is_spread(node, b->out);
    size_t in = (size_t)y * sx_geometry_row(a->out);
    row_fast r = {.a = sx_value(frame, a, image) + in,
                  .b = sx_value(frame, b, image) +
                       (spread ? 0 : (size_t)y * sx_geometry_row(b->out)),
                  .y = sx_value(frame, node, image) + (size_t)y * sx_geometry_row(node->out),
                  .count = sx_row_length(node->out),
                  .p = (float)node->option[FACTOR],
                  .q = (float)node->option[SHIFT]};
    r.period = spread ? (size_t)node->out.channels : r.count;
    return r;
}

static void forward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                    int worker) {
    (void)worker;
    pass_fast value = formula_of(node)->value;
    for (int i = first; i < first + count; i++)
        for (int y = 0; y < node->out.height; y++) {
            row_fast r = row_of(frame, node, i, y);
            r.out = sx_value(frame, node, i) + (size_t)y * sx_geometry_row(node->out);
            value(&r);
        }
}

static void backward(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                     int worker) {
    (void)worker;
    for (int k = 0; k < node->input_count; k++) {
        const sx_graph_node *input = sx_input(frame, node, k);
        if (!input->needs_gradient) continue;
        pass_fast by = formula_of(node)->by[k];
        bool spread = is_spread(node, input->out);
        for (int i = first; i < first + count; i++) {
            float *dx = sx_slope(frame, input, i);
            if (!node->adds_gradient[k]) sx_clear_interior(dx, input->out);
            for (int y = 0; y < node->out.height; y++) {
                row_fast r = row_of(frame, node, i, y);
                r.dy = sx_slope(frame, node, i) + (size_t)y * sx_geometry_row(node->out);
                r.out = dx + (spread ? 0 : (size_t)y * sx_geometry_row(input->out));
                by(&r);
            }
        }
    }
}

/* ---- plain loops --------------------------------------------------------------------------------
 */

static void reference_walk(const sx_reference_call *call, bool slopes) {
    const sx_graph_node *node = sx_reference_node(call);
    int last = node->input_count - 1;
    sx_geometry second = call->graph->nodes[node->inputs[last]].out;
    size_t size = sx_reference_size(call) / (size_t)call->batch;
    bool spread = is_spread(node, second);
    size_t period = spread ? (size_t)node->out.channels : size;
    for (size_t i = 0; i < (size_t)call->batch; i++) {
        row_plain r = {.a = call->x[0] + i * size,
                       .b = call->x[last] + i * period,
                       .y = call->y + i * size,
                       .count = size,
                       .period = period,
                       .p = node->option[FACTOR],
                       .q = node->option[SHIFT]};
        if (slopes) {
            r.dy = call->dy + i * size;
            for (int k = 0; k <= last; k++) {
                r.out = call->dx[k] + i * (k == last ? period : size);
                formula_of(node)->plain_by[k](&r);
            }
        } else {
            r.out = call->y + i * size;
            formula_of(node)->plain_value(&r);
        }
    }
}

static void reference_forward(const sx_reference_call *call) {
    reference_walk(call, false);
}

static void reference_backward(const sx_reference_call *call) {
    reference_walk(call, true);
}

/* ---- rows of the table --------------------------------------------------------------------------
 */

#define ARITHMETIC                                                                                 \
    .work = "1 for each value", .checked = "PyTorch", .shape = shape,                              \
    .forward = {{.range = forward}}, .backward = {{.range = backward}}, .predict = forward,        \
    .cost = sx_cost_of_values, .reference_forward = reference_forward,                             \
    .reference_backward = reference_backward
#define OF_TWO(NAME, HELP)                                                                         \
    const sx_operator sx_operator_##NAME = {                                                       \
        .name = #NAME,                                                                             \
        .help = HELP,                                                                              \
        .shapes = "[h, w, c], and the same or [1, 1, c] -> [h, w, c]",                             \
        .least_inputs = 2,                                                                         \
        ARITHMETIC,                                                                                \
    };
#define OF_ONE(NAME, HELP)                                                                         \
    const sx_operator sx_operator_##NAME = {                                                       \
        .name = #NAME,                                                                             \
        .help = HELP,                                                                              \
        .shapes = "[h, w, c] -> same",                                                             \
        ARITHMETIC,                                                                                \
    };

OF_TWO(subtract, "the first minus the second")
OF_TWO(multiply, "the product of two layers")
OF_TWO(divide, "the first over the second")
OF_TWO(maximum, "the larger of two layers")
OF_TWO(minimum, "the smaller of two layers")
OF_ONE(square, "x x")
OF_ONE(square_root, "the square root")
OF_ONE(exp, "e to the power of x")
OF_ONE(log, "the natural logarithm")
OF_ONE(absolute, "x without its sign")
OF_ONE(negate, "-x")

static const sx_option scale_options[] = {
    {"", "factor", SX_OPTION_NUMBER, "1", -1e9, 1e9, NULL, "that x is multiplied by"},
    {"", "shift", SX_OPTION_NUMBER, "0", -1e9, 1e9, NULL, "that is added"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

const sx_operator sx_operator_scale = {
    .name = "scale",
    .help = "x times a constant, plus a constant",
    .shapes = "[h, w, c] -> same",
    .options = scale_options,
    ARITHMETIC,
};
