/* SGD, Adam and AdamW. One row a kind with its options and its update of a piece; weights that are
 * marked "decayed" decay, slices that are not trained have no piece. */
#include "core/train/optimizer.h"

#include <math.h>
#include <string.h>

#define PIECE_FLOATS 8192
#define WORK_PER_FLOAT 128 /* an update waits for memory as long as so many multiply-adds take */
#define PI 3.14159265358979323846

/* The numbers of one update, the same for all pieces. They are computed in double and rounded once:
 * 1 - 0.999f would be off by one part in 20,000. */
typedef struct {
    float rate, momentum, decay, beta1, beta2, epsilon;
    float new1, new2;                /* 1 - beta1, 1 - beta2 */
    float first_scale, second_scale; /* with the corrections of the moments' bias */
    float shrink;                    /* of AdamW's weights */
    bool nesterov;
} update;

typedef void (*piece_update)(const update *u, size_t count, float *p, const float *g, float *m,
                             float *v);

static void update_sgd(const update *u, size_t count, float *restrict p, const float *restrict g,
                       float *restrict m, float *restrict v) {
    (void)v;
    for (size_t i = 0; i < count; i++) {
        float d = g[i] + u->decay * p[i];
        m[i] = u->momentum * m[i] + d;
        p[i] -= u->rate * (u->nesterov ? d + u->momentum * m[i] : m[i]);
    }
}

/* Adam proper; `decay` is 0 for AdamW, which has decayed the weights before. */
static void update_moments(const update *u, float decay, size_t count, float *restrict p,
                           const float *restrict g, float *restrict m, float *restrict v) {
    for (size_t i = 0; i < count; i++) {
        float d = g[i] + decay * p[i];
        m[i] = u->beta1 * m[i] + u->new1 * d;
        v[i] = u->beta2 * v[i] + u->new2 * d * d;
        p[i] -= u->first_scale * m[i] / (sqrtf(v[i]) * u->second_scale + u->epsilon);
    }
}

static void update_adam(const update *u, size_t count, float *p, const float *g, float *m,
                        float *v) {
    update_moments(u, u->decay, count, p, g, m, v);
}

static void update_adamw(const update *u, size_t count, float *p, const float *g, float *m,
                         float *v) {
    for (size_t i = 0; i < count; i++) p[i] *= u->shrink;
    update_moments(u, 0, count, p, g, m, v);
}

static const sx_option sgd_options[] = {
    {"", "lr", SX_OPTION_NUMBER, "0.05", 0, 100, NULL, "learning rate"},
    {"", "momentum", SX_OPTION_NUMBER, "0.9", 0, 1, NULL, "share of the step before that is kept"},
    {"", "weight_decay", SX_OPTION_NUMBER, "0", 0, 10, NULL, "pull of weights towards zero"},
    {"", "nesterov", SX_OPTION_CHOICE, "no", 0, 0, "no|yes", "look ahead along the momentum"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};
static const sx_option adam_options[] = {
    {"", "lr", SX_OPTION_NUMBER, "0.001", 0, 100, NULL, "learning rate"},
    {"", "beta1", SX_OPTION_NUMBER, "0.9", 0, 0.9999999, NULL, "memory of the mean gradient"},
    {"", "beta2", SX_OPTION_NUMBER, "0.999", 0, 0.9999999, NULL, "memory of its square"},
    {"", "epsilon", SX_OPTION_NUMBER, "1e-8", 0, 1, NULL, "added to the root of the square"},
    {"", "weight_decay", SX_OPTION_NUMBER, "0", 0, 10, NULL, "pull of weights towards zero"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static const struct {
    sx_train_kind kind;
    piece_update update;
    int states;
    const char *state_names[2];
} kinds[] = {
    {{"sgd", "stochastic gradient descent with momentum", sgd_options},
     update_sgd,
     1,
     {"optimizer.momentum"}},
    {{"adam", "Adam (arXiv 1412.6980)", adam_options},
     update_adam,
     2,
     {"optimizer.first-moment", "optimizer.second-moment"}},
    {{"adamw", "Adam with decoupled weight decay (arXiv 1711.05101)", adam_options},
     update_adamw,
     2,
     {"optimizer.first-moment", "optimizer.second-moment"}},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct sx_optimizer {
    sx_parameters *parameters;
    int kind;
    double rate, decay, beta1, beta2;
    update base;
    sx_piece *pieces;
    int piece_count;
    float *state[2];
    double *squares; /* [piece_count] sums of squared gradients */
    update current;  /* of the step that is running */
    const float *gradient;
};

const sx_train_kind *sx_optimizer_at(int row) {
    return row >= 0 && row < KINDS ? &kinds[row].kind : NULL;
}

static sx_status parse_spec(sx_optimizer *o, const char *text, sx_error *err) {
    sx_spec spec;
    const char *names[KINDS];
    sx_status status = sx_spec_parse(text, &spec, err);
    if (status) return status;
    for (o->kind = 0; o->kind < KINDS; o->kind++) {
        names[o->kind] = kinds[o->kind].kind.name;
        if (strcmp(spec.name, names[o->kind]) == 0) break;
    }
    if (o->kind == KINDS)
        return sx_fail(err, SX_BAD_INPUT, "unknown optimizer '%s'; did you mean '%s'?", spec.name,
                       sx_nearest_name(spec.name, names, KINDS));
    const sx_option *options = kinds[o->kind].kind.options;
    status = sx_spec_check(&spec, options, err);
    if (status) return status;
    o->rate = sx_spec_number(&spec, options, "lr");
    o->decay = sx_spec_number(&spec, options, "weight_decay");
    o->base.decay = (float)o->decay;
    if (options == sgd_options) {
        o->base.momentum = (float)sx_spec_number(&spec, options, "momentum");
        o->base.nesterov = strcmp(sx_spec_text(&spec, options, "nesterov"), "yes") == 0;
    } else {
        o->beta1 = sx_spec_number(&spec, options, "beta1");
        o->beta2 = sx_spec_number(&spec, options, "beta2");
        o->base.beta1 = (float)o->beta1;
        o->base.beta2 = (float)o->beta2;
        o->base.new1 = (float)(1 - o->beta1);
        o->base.new2 = (float)(1 - o->beta2);
        o->base.epsilon = (float)sx_spec_number(&spec, options, "epsilon");
    }
    return SX_OK;
}

/* Cuts every trained slice; first counts, then (with `out`) fills. */
static int cut_pieces(const sx_parameters *parameters, sx_piece *out) {
    int count = 0;
    for (int s = 0; s < parameters->count; s++) {
        const sx_slice *slice = &parameters->slices[s];
        for (size_t at = 0; slice->trained && at < slice->count; at += PIECE_FLOATS, count++) {
            size_t left = slice->count - at;
            if (out)
                out[count] = (sx_piece){slice->offset + at,
                                        left < PIECE_FLOATS ? left : PIECE_FLOATS, slice->decayed};
        }
    }
    return count;
}

sx_optimizer *sx_optimizer_new(const char *spec, sx_parameters *parameters, sx_error *err) {
    sx_optimizer *o = sx_alloc(1, sizeof *o);
    if (!o) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the optimizer");
        return NULL;
    }
    o->parameters = parameters;
    if (parse_spec(o, spec, err)) {
        sx_optimizer_free(o);
        return NULL;
    }
    o->piece_count = cut_pieces(parameters, NULL);
    o->pieces = sx_alloc((size_t)o->piece_count, sizeof *o->pieces);
    o->squares = sx_alloc((size_t)o->piece_count, sizeof *o->squares);
    bool memory = o->pieces && o->squares;
    for (int i = 0; i < kinds[o->kind].states; i++)
        memory = (o->state[i] = sx_alloc(parameters->size, sizeof(float))) && memory;
    if (memory) {
        cut_pieces(parameters, o->pieces);
        return o;
    }
    sx_fail(err, SX_NO_MEMORY, "not enough memory for the optimizer");
    sx_optimizer_free(o);
    return NULL;
}

void sx_optimizer_free(sx_optimizer *o) {
    if (!o) return;
    sx_free(o->pieces);
    sx_free(o->squares);
    sx_free(o->state[0]);
    sx_free(o->state[1]);
    sx_free(o);
}

double sx_optimizer_rate(const sx_optimizer *optimizer) {
    return optimizer->rate;
}

static double sum_of_squares(const float *g, size_t count) {
    double sums[8] = {0}; /* fixed lanes: vectorisable, and the order never changes */
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (size_t lane = 0; lane < 8; lane++) sums[lane] += (double)g[i + lane] * g[i + lane];
    for (; i < count; i++) sums[0] += (double)g[i] * g[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
           ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

static void step_piece(void *context, int index, int worker) {
    (void)worker;
    sx_optimizer *o = context;
    const sx_piece *piece = &o->pieces[index];
    update u = o->current;
    if (!piece->decayed) {
        u.decay = 0;
        u.shrink = 1;
    }
    const float *g = o->gradient + piece->offset;
    o->squares[index] = sum_of_squares(g, piece->count);
    float *v = o->state[1] ? o->state[1] + piece->offset : NULL;
    kinds[o->kind].update(&u, piece->count, o->parameters->values + piece->offset, g,
                          o->state[0] + piece->offset, v);
}

double sx_optimizer_step(sx_optimizer *o, const float *gradient, double rate, int64_t step,
                         sx_pool *pool) {
    o->gradient = gradient;
    o->current = o->base;
    o->current.rate = (float)rate;
    o->current.first_scale = (float)(rate / (1 - pow(o->beta1, (double)step)));
    o->current.second_scale = (float)(1 / sqrt(1 - pow(o->beta2, (double)step)));
    o->current.shrink = (float)(1 - rate * o->decay);
    double work = WORK_PER_FLOAT * (double)o->parameters->size;
    sx_pool_run(sx_pool_for(pool, work), o->piece_count, step_piece, o);
    double sum = 0;
    for (int i = 0; i < o->piece_count; i++) sum += o->squares[i];
    return sqrt(sum);
}

int sx_optimizer_state_count(const sx_optimizer *optimizer) {
    return kinds[optimizer->kind].states;
}

float *sx_optimizer_state(sx_optimizer *optimizer, int index, const char **name) {
    *name = kinds[optimizer->kind].state_names[index];
    return optimizer->state[index];
}

/* ---- schedules ---------------------------------------------------------------------------------
 */

static const sx_option constant_options[] = {
    {"", "warmup", SX_OPTION_INTEGER, "0", 0, 1e9, NULL, "steps until the full rate"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};
static const sx_option cosine_options[] = {
    {"", "warmup", SX_OPTION_INTEGER, "0", 0, 1e9, NULL, "steps until the full rate"},
    {"", "final", SX_OPTION_NUMBER, "0", 0, 1, NULL, "share of the rate at the end"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};
static const sx_train_kind schedules[] = {
    {"constant", "the same rate throughout", constant_options},
    {"cosine", "half a cosine from the full rate down", cosine_options},
};
enum { SCHEDULES = sizeof schedules / sizeof schedules[0] };

const sx_train_kind *sx_schedule_at(int row) {
    return row >= 0 && row < SCHEDULES ? &schedules[row] : NULL;
}

sx_status sx_schedule_parse(const char *text, sx_schedule *out, sx_error *err) {
    sx_spec spec;
    sx_status status = sx_spec_parse(text, &spec, err);
    if (status) return status;
    const char *names[] = {schedules[0].name, schedules[1].name};
    int row = strcmp(spec.name, names[1]) == 0;
    if (!row && strcmp(spec.name, names[0]) != 0)
        return sx_fail(err, SX_BAD_INPUT, "unknown schedule '%s'; did you mean '%s'?", spec.name,
                       sx_nearest_name(spec.name, names, SCHEDULES));
    const sx_option *options = schedules[row].options;
    status = sx_spec_check(&spec, options, err);
    if (status) return status;
    *out = (sx_schedule){.cosine = row == 1, .warmup = sx_spec_number(&spec, options, "warmup")};
    if (out->cosine) out->final = sx_spec_number(&spec, options, "final");
    return SX_OK;
}

double sx_schedule_factor(const sx_schedule *schedule, int64_t step, int64_t steps) {
    double at = (double)step, rise = 1, rest = 1;
    if (at + 1 < schedule->warmup) rise = (at + 1) / schedule->warmup;
    if (schedule->cosine) {
        double span = (double)steps - schedule->warmup;
        double done = span > 0 ? (at - schedule->warmup) / span : at >= schedule->warmup;
        done = done < 0 ? 0 : done > 1 ? 1 : done;
        rest = schedule->final + (1 - schedule->final) * 0.5 * (1 + cos(PI * done));
    }
    return rise * rest;
}
