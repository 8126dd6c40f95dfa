/* Optimisers over pieces of the flat parameter vector: one row a kind with its options, its update
 * of a piece and its state vectors. A step that needs a norm first, to clip by it or to know a
 * layer's trust, takes two passes; all others one. Slices that are not trained have no piece. */
#include "core/train/optimizer.h"

#include "core/train/update.h"

#include <fnmatch.h>
#include <math.h>
#include <string.h>

#define PIECE_FLOATS 8192
#define WORK_PER_FLOAT 128 /* an update waits for memory as long as so many multiply-adds take */
#define CLIP_EPSILON 1e-6  /* added to the norm, as PyTorch does */
#define TRUST_EPSILON 1e-9

#define RATE(DEFAULT)                                                                              \
    { "", "lr", SX_OPTION_NUMBER, DEFAULT, 0, 100, NULL, "learning rate" }
#define MOMENTUM(DEFAULT)                                                                          \
    {                                                                                              \
        "", "momentum", SX_OPTION_NUMBER, DEFAULT, 0, 1, NULL,                                     \
            "share of the step before that is kept"                                                \
    }
#define COMMON                                                                                     \
    {"", "weight_decay", SX_OPTION_NUMBER, "0", 0, 10, NULL, "pull of weights towards zero"},      \
        {"",                                                                                       \
         "decay",                                                                                  \
         SX_OPTION_TEXT,                                                                           \
         "weights",                                                                                \
         0,                                                                                        \
         0,                                                                                        \
         "weights, all, none, or patterns",                                                        \
         "what decays: names such as *.weight, those after ! excepted, blanks between them"},      \
        {"",                                                                                       \
         "clip_norm",                                                                              \
         SX_OPTION_NUMBER,                                                                         \
         "0",                                                                                      \
         0,                                                                                        \
         1e9,                                                                                      \
         NULL,                                                                                     \
         "largest norm of the whole gradient; 0: any"},                                            \
        {"",                                                                                       \
         "clip_value",                                                                             \
         SX_OPTION_NUMBER,                                                                         \
         "0",                                                                                      \
         0,                                                                                        \
         1e9,                                                                                      \
         NULL,                                                                                     \
         "largest size of a gradient's value; 0: any"},                                            \
    {                                                                                              \
        NULL, NULL, 0, NULL, 0, 0, NULL, NULL                                                      \
    }

static const sx_option sgd_options[] = {
    RATE("0.05"),
    MOMENTUM("0.9"),
    {"", "nesterov", SX_OPTION_CHOICE, "no", 0, 0, "no|yes", "look ahead along the momentum"},
    COMMON};
static const sx_option adam_options[] = {
    RATE("0.001"),
    {"", "beta1", SX_OPTION_NUMBER, "0.9", 0, 0.9999999, NULL, "memory of the mean gradient"},
    {"", "beta2", SX_OPTION_NUMBER, "0.999", 0, 0.9999999, NULL, "memory of its square"},
    {"", "epsilon", SX_OPTION_NUMBER, "1e-8", 0, 1, NULL, "added to the root of the square"},
    COMMON};
static const sx_option rmsprop_options[] = {
    RATE("0.01"),
    MOMENTUM("0"),
    {"", "alpha", SX_OPTION_NUMBER, "0.99", 0, 0.9999999, NULL, "memory of the mean square"},
    {"", "epsilon", SX_OPTION_NUMBER, "1e-8", 0, 1, NULL, "added to the root of the square"},
    {"", "centred", SX_OPTION_CHOICE, "no", 0, 0, "no|yes", "the variance instead of the square"},
    COMMON};
static const sx_option lars_options[] = {RATE("1"),
                                         MOMENTUM("0.9"),
                                         {"", "trust", SX_OPTION_NUMBER, "0.001", 0, 1, NULL,
                                          "a layer's step over its weights' norm, at a rate of 1"},
                                         COMMON};

static const struct {
    sx_train_kind kind;
    sx_update_function update;
    int states;
    const char *state_names[SX_STATES];
} kinds[] = {
    {{"sgd", "stochastic gradient descent with momentum", sgd_options},
     sx_update_sgd,
     1,
     {"optimizer.momentum"}},
    {{"adam", "Adam (arXiv 1412.6980)", adam_options},
     sx_update_adam,
     2,
     {"optimizer.first-moment", "optimizer.second-moment"}},
    {{"adamw", "Adam with decoupled weight decay (arXiv 1711.05101)", adam_options},
     sx_update_adamw,
     2,
     {"optimizer.first-moment", "optimizer.second-moment"}},
    {{"rmsprop", "gradient over the root of its mean square", rmsprop_options},
     sx_update_rmsprop,
     3,
     {"optimizer.second-moment", "optimizer.first-moment", "optimizer.momentum"}},
    {{"lars", "SGD with a rate for each layer, for large batches (arXiv 1708.03888)", lars_options},
     sx_update_lars,
     1,
     {"optimizer.momentum"}},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

typedef struct {
    double gradients, weights; /* sums of squares */
} piece_norms;

struct sx_optimizer {
    sx_parameters *parameters;
    int kind;
    double rate, decay, momentum, beta1, beta2, trust, clip_norm, clip_value;
    sx_update base;
    sx_piece *pieces;
    int piece_count;
    float *state[SX_STATES];
    piece_norms *norms; /* [piece_count] */
    float *trusts;      /* [slices], of LARS */
    bool measures;      /* a first pass finds norms */
    sx_update current;  /* of the step that is running */
    float clip;         /* factor on the gradient */
    const float *gradient;
};

const sx_train_kind *sx_optimizer_at(int row) {
    return row >= 0 && row < KINDS ? &kinds[row].kind : NULL;
}

/* ---- spec --------------------------------------------------------------------------------------
 */

static double number_or(const sx_spec *spec, const sx_option *options, const char *key,
                        double otherwise) {
    return sx_option_find(options, "", key) ? sx_spec_number(spec, options, key) : otherwise;
}

static bool is_yes(const sx_spec *spec, const sx_option *options, const char *key) {
    return sx_option_find(options, "", key) && strcmp(sx_spec_text(spec, options, key), "yes") == 0;
}

static void read_numbers(sx_optimizer *o, const sx_spec *spec) {
    const sx_option *options = kinds[o->kind].kind.options;
    o->rate = sx_spec_number(spec, options, "lr");
    o->decay = sx_spec_number(spec, options, "weight_decay");
    o->clip_norm = sx_spec_number(spec, options, "clip_norm");
    o->clip_value = sx_spec_number(spec, options, "clip_value");
    o->trust = number_or(spec, options, "trust", 0);
    o->momentum = number_or(spec, options, "momentum", 0);
    o->beta1 = number_or(spec, options, "beta1", 0);
    o->beta2 = number_or(spec, options, "beta2", number_or(spec, options, "alpha", 0));
    o->base = (sx_update){.decay = (float)o->decay,
                          .momentum = (float)o->momentum,
                          .beta1 = (float)o->beta1,
                          .beta2 = (float)o->beta2,
                          .new1 = (float)(1 - o->beta1),
                          .new2 = (float)(1 - o->beta2),
                          .epsilon = (float)number_or(spec, options, "epsilon", 0),
                          .nesterov = is_yes(spec, options, "nesterov"),
                          .centred = is_yes(spec, options, "centred")};
    o->measures = o->trust > 0 || o->clip_norm > 0;
}

static sx_status parse_spec(sx_optimizer *o, const char *text, sx_spec *spec, sx_error *err) {
    const char *names[KINDS];
    sx_status status = sx_spec_parse(text, spec, err);
    if (status) return status;
    for (o->kind = 0; o->kind < KINDS; o->kind++) {
        names[o->kind] = kinds[o->kind].kind.name;
        if (strcmp(spec->name, names[o->kind]) == 0) break;
    }
    if (o->kind == KINDS)
        return sx_fail(err, SX_BAD_INPUT, "unknown optimizer '%s'; did you mean '%s'?", spec->name,
                       sx_nearest_name(spec->name, names, KINDS));
    status = sx_spec_check(spec, kinds[o->kind].kind.options, err);
    if (!status) read_numbers(o, spec);
    return status;
}

/* ---- what decays
 * ---------------------------------------------------------------------------------
 */

/* Cuts the next word off `patterns`; false at the end. */
static bool next_pattern(const char **patterns, char word[96]) {
    *patterns += strspn(*patterns, " ");
    size_t length = strcspn(*patterns, " ");
    if (length == 0 || length >= 96) return false;
    memcpy(word, *patterns, length);
    word[length] = 0;
    *patterns += length;
    return true;
}

static bool matches(const char *patterns, const sx_slice *slice) {
    char word[96];
    bool wanted = false, excepted = false;
    while (next_pattern(&patterns, word)) {
        if (*word == '!')
            excepted |= fnmatch(word + 1, slice->name, 0) == 0;
        else
            wanted |= fnmatch(word, slice->name, 0) == 0;
    }
    return wanted && !excepted;
}

static bool decays(const char *patterns, const sx_slice *slice) {
    if (strcmp(patterns, "weights") == 0) return slice->decayed;
    if (strcmp(patterns, "all") == 0) return true;
    return strcmp(patterns, "none") != 0 && matches(patterns, slice);
}

static sx_status check_pattern(const char *pattern, const sx_parameters *parameters,
                               sx_error *err) {
    const char *names[64];
    size_t count = 0;
    for (int s = 0; s < parameters->count; s++) {
        if (fnmatch(pattern, parameters->slices[s].name, 0) == 0) return SX_OK;
        if (count < 64) names[count++] = parameters->slices[s].name;
    }
    char shown[96];
    sx_text_printable(shown, sizeof shown, pattern);
    return sx_fail(err, SX_BAD_INPUT,
                   "optimizer: decay=%s: no parameter has such a name; the nearest is '%s'", shown,
                   count ? sx_nearest_name(pattern, names, count) : "");
}

/* Every pattern must mean something. */
static sx_status check_patterns(const char *patterns, const sx_parameters *parameters,
                                sx_error *err) {
    char word[96];
    sx_status status = SX_OK;
    if (strcmp(patterns, "weights") == 0 || strcmp(patterns, "all") == 0 ||
        strcmp(patterns, "none") == 0)
        return SX_OK;
    while (!status && next_pattern(&patterns, word))
        status = check_pattern(word + (*word == '!'), parameters, err);
    return status;
}

/* ---- making
 * ---------------------------------------------------------------------------------------
 */

/* Cuts every trained slice; first counts, then (with `out`) fills. */
static int cut_pieces(const sx_parameters *parameters, const char *patterns, sx_piece *out) {
    int count = 0;
    for (int s = 0; s < parameters->count; s++) {
        const sx_slice *slice = &parameters->slices[s];
        for (size_t at = 0; slice->trained && at < slice->count; at += PIECE_FLOATS, count++) {
            size_t left = slice->count - at;
            if (out)
                out[count] = (sx_piece){.offset = slice->offset + at,
                                        .count = left < PIECE_FLOATS ? left : PIECE_FLOATS,
                                        .slice = s,
                                        .decayed = decays(patterns, slice)};
        }
    }
    return count;
}

static sx_status allocate(sx_optimizer *o, const char *patterns, sx_error *err) {
    const sx_parameters *parameters = o->parameters;
    o->piece_count = cut_pieces(parameters, patterns, NULL);
    o->pieces = sx_alloc((size_t)o->piece_count, sizeof *o->pieces);
    o->norms = sx_alloc((size_t)o->piece_count, sizeof *o->norms);
    o->trusts = sx_alloc((size_t)parameters->count, sizeof *o->trusts);
    bool memory = o->pieces && o->norms && o->trusts;
    for (int i = 0; i < kinds[o->kind].states; i++)
        memory = (o->state[i] = sx_alloc(parameters->size, sizeof(float))) && memory;
    if (!memory) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the optimizer");
    cut_pieces(parameters, patterns, o->pieces);
    return SX_OK;
}

sx_optimizer *sx_optimizer_new(const char *text, sx_parameters *parameters, sx_error *err) {
    sx_spec spec;
    sx_optimizer *o = sx_alloc(1, sizeof *o);
    if (!o) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the optimizer");
        return NULL;
    }
    o->parameters = parameters;
    sx_status status = parse_spec(o, text, &spec, err);
    if (!status) {
        const char *patterns = sx_spec_text(&spec, kinds[o->kind].kind.options, "decay");
        status = check_patterns(patterns, parameters, err);
        if (!status) status = allocate(o, patterns, err);
    }
    if (!status) return o;
    sx_optimizer_free(o);
    return NULL;
}

void sx_optimizer_free(sx_optimizer *o) {
    if (!o) return;
    sx_free(o->pieces);
    sx_free(o->norms);
    sx_free(o->trusts);
    for (int i = 0; i < SX_STATES; i++) sx_free(o->state[i]);
    sx_free(o);
}

double sx_optimizer_rate(const sx_optimizer *optimizer) {
    return optimizer->rate;
}

/* ---- knobs
 * -----------------------------------------------------------------------------------------
 */

/* The option that a knob turns; NULL if this kind has none. */
static const sx_option *option_of(const sx_optimizer *o, sx_knob knob) {
    const sx_option *options = kinds[o->kind].kind.options;
    if (knob == SX_KNOB_WEIGHT_DECAY) return sx_option_find(options, "", "weight_decay");
    const sx_option *momentum = sx_option_find(options, "", "momentum");
    return momentum ? momentum : sx_option_find(options, "", "beta1");
}

double sx_optimizer_knob(const sx_optimizer *o, sx_knob knob) {
    const sx_option *option = option_of(o, knob);
    if (!option) return NAN;
    if (knob == SX_KNOB_WEIGHT_DECAY) return o->decay;
    return strcmp(option->name, "beta1") == 0 ? o->beta1 : o->momentum;
}

sx_knob_range sx_optimizer_knob_range(const sx_optimizer *o, sx_knob knob) {
    const sx_option *option = option_of(o, knob);
    sx_knob_range range = {.optimizer = kinds[o->kind].kind.name};
    if (!option) return range;
    range.name = option->name;
    range.low = option->minimum;
    range.high = option->maximum;
    return range;
}

sx_status sx_knob_check(const sx_knob_range *range, double value, sx_error *err) {
    if (!range->name)
        return sx_fail(err, SX_BAD_INPUT, "the optimizer %s has no such knob", range->optimizer);
    if (!(value >= range->low && value <= range->high))
        return sx_fail(err, SX_BAD_INPUT, "%s of %s is from %.7g to %.7g", range->name,
                       range->optimizer, range->low, range->high);
    return SX_OK;
}

sx_status sx_optimizer_turn(sx_optimizer *o, sx_knob knob, double value, sx_error *err) {
    const sx_option *option = option_of(o, knob);
    sx_knob_range range = sx_optimizer_knob_range(o, knob);
    sx_status status = sx_knob_check(&range, value, err);
    if (status) return status;
    if (knob == SX_KNOB_WEIGHT_DECAY) {
        o->decay = value;
        o->base.decay = (float)value;
    } else if (strcmp(option->name, "beta1") == 0) {
        o->beta1 = value;
        o->base.beta1 = (float)value;
        o->base.new1 = (float)(1 - value);
    } else {
        o->momentum = value;
        o->base.momentum = (float)value;
    }
    return SX_OK;
}

/* ---- a step
 * ----------------------------------------------------------------------------------------
 */

static float clamped(float x, float limit) {
    return x > limit ? limit : x < -limit ? -limit : x;
}

static double sum_of_squares(const float *g, size_t count, float limit) {
    double sums[8] = {0}; /* fixed lanes: vectorisable, and the order never changes */
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (size_t lane = 0; lane < 8; lane++) {
            double x = (double)clamped(g[i + lane], limit);
            sums[lane] += x * x;
        }
    for (; i < count; i++) sums[0] += (double)clamped(g[i], limit) * (double)clamped(g[i], limit);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
           ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

static float value_limit(const sx_optimizer *o) {
    return o->clip_value > 0 ? (float)o->clip_value : INFINITY;
}

static void measure_piece(void *context, int index, int worker) {
    (void)worker;
    sx_optimizer *o = context;
    const sx_piece *piece = &o->pieces[index];
    o->norms[index].gradients =
        sum_of_squares(o->gradient + piece->offset, piece->count, value_limit(o));
    if (o->trust > 0)
        o->norms[index].weights =
            sum_of_squares(o->parameters->values + piece->offset, piece->count, INFINITY);
}

/* A layer's trust: arXiv 1708.03888, eq. 6. What does not decay moves by the plain rate. */
static void find_trusts(sx_optimizer *o) {
    for (int i = 0; i < o->piece_count;) {
        int slice = o->pieces[i].slice;
        bool decayed = o->pieces[i].decayed;
        double weights = 0, gradients = 0;
        for (; i < o->piece_count && o->pieces[i].slice == slice; i++) {
            weights += o->norms[i].weights;
            gradients += o->norms[i].gradients;
        }
        weights = sqrt(weights);
        gradients = sqrt(gradients) * (double)o->clip;
        double trust = o->trust * weights / (gradients + o->decay * weights + TRUST_EPSILON);
        o->trusts[slice] = decayed && weights > 0 && gradients > 0 ? (float)trust : 1;
    }
}

static double whole_norm(const sx_optimizer *o) {
    double sum = 0;
    for (int i = 0; i < o->piece_count; i++) sum += o->norms[i].gradients;
    return sqrt(sum);
}

static void measure(sx_optimizer *o, sx_pool *pool) {
    sx_pool_run(pool, o->piece_count, measure_piece, o);
    double norm = whole_norm(o) + CLIP_EPSILON;
    if (o->clip_norm > 0 && norm > o->clip_norm) o->clip = (float)(o->clip_norm / norm);
    if (o->trust > 0) find_trusts(o);
}

static void clip_piece(const sx_optimizer *o, const float *g, float *out, size_t count) {
    float limit = value_limit(o);
    for (size_t i = 0; i < count; i++) out[i] = clamped(g[i], limit) * o->clip;
}

static void step_piece(void *context, int index, int worker) {
    (void)worker;
    sx_optimizer *o = context;
    const sx_piece *piece = &o->pieces[index];
    float clipped[PIECE_FLOATS], *state[SX_STATES] = {NULL};
    sx_update u = o->current;
    if (!piece->decayed) {
        u.decay = 0;
        u.shrink = 1;
    }
    u.trust = o->trusts[piece->slice];
    const float *g = o->gradient + piece->offset;
    if (!o->measures || o->clip_value > 0) /* else measured already */
        o->norms[index].gradients = sum_of_squares(g, piece->count, INFINITY);
    if (o->clip < 1 || o->clip_value > 0) {
        clip_piece(o, g, clipped, piece->count);
        g = clipped;
    }
    for (int i = 0; i < kinds[o->kind].states; i++) state[i] = o->state[i] + piece->offset;
    kinds[o->kind].update(&u, piece->count, o->parameters->values + piece->offset, g, state);
}

double sx_optimizer_step(sx_optimizer *o, const float *gradient, double rate, int64_t step,
                         sx_pool *pool) {
    pool = sx_pool_for(pool, WORK_PER_FLOAT * (double)o->parameters->size);
    o->gradient = gradient;
    o->clip = 1;
    o->current = o->base;
    o->current.rate = (float)rate;
    o->current.first_scale = (float)(rate / (1 - pow(o->beta1, (double)step)));
    o->current.second_scale = (float)(1 / sqrt(1 - pow(o->beta2, (double)step)));
    o->current.shrink = (float)(1 - rate * o->decay);
    if (o->measures) measure(o, pool);
    sx_pool_run(pool, o->piece_count, step_piece, o);
    return whole_norm(o);
}

int sx_optimizer_state_count(const sx_optimizer *optimizer) {
    return kinds[optimizer->kind].states;
}

float *sx_optimizer_state(sx_optimizer *optimizer, int index, const char **name) {
    *name = kinds[optimizer->kind].state_names[index];
    return optimizer->state[index];
}
