/* Parameter averaging: exponential (Polyak's, as in arXiv 1610.02242's teachers: a = decay a + (1 -
 * decay) p after every step), or the even mean over the last part of a run (SWA, arXiv 1803.05407,
 * eq. 1, with every step as a model). The mean's count follows from the step, so the state is the
 * vector alone. */
#include "core/train/average.h"

#include <string.h>

#define PIECE_FLOATS 8192

#define END                                                                                        \
    { NULL, NULL, 0, NULL, 0, 0, NULL, NULL }
static const sx_option none_options[] = {END};
static const sx_option ema_options[] = {
    {"", "decay", SX_OPTION_NUMBER, "0.999", 0, 0.9999999, NULL, "share of the average before"},
    END};
static const sx_option swa_options[] = {
    {"", "start", SX_OPTION_NUMBER, "0.75", 0, 1, NULL, "share of the run before the mean begins"},
    END};

enum { NONE, EMA, SWA, KINDS };
static const sx_train_kind kinds[KINDS] = {
    [NONE] = {"none", "the parameters of the last step", none_options},
    [EMA] = {"ema", "exponential average of the parameters", ema_options},
    [SWA] = {"swa", "even mean of the parameters over the last part of a run", swa_options},
};

struct sx_average {
    sx_parameters *live, averaged; /* averaged: shares the slices */
    int kind;
    double decay, start;
    float keep, add; /* of the step that is running */
};

const sx_train_kind *sx_average_at(int row) {
    return row >= 0 && row < KINDS ? &kinds[row] : NULL;
}

static sx_status parse(const char *text, sx_spec *spec, int *kind, sx_error *err) {
    const char *names[KINDS];
    sx_status status = sx_spec_parse(text, spec, err);
    if (status) return status;
    for (*kind = 0; *kind < KINDS; ++*kind) {
        names[*kind] = kinds[*kind].name;
        if (strcmp(spec->name, names[*kind]) == 0)
            return sx_spec_check(spec, kinds[*kind].options, err);
    }
    return sx_fail(err, SX_BAD_INPUT, "unknown average '%s'; did you mean '%s'?", spec->name,
                   sx_nearest_name(spec->name, names, KINDS));
}

sx_status sx_average_check(const char *text, sx_error *err) {
    sx_spec spec;
    int kind;
    return parse(text, &spec, &kind, err);
}

sx_status sx_average_new(const char *text, sx_parameters *parameters, int64_t steps,
                         sx_average **out, sx_error *err) {
    sx_spec spec;
    int kind;
    *out = NULL;
    sx_status status = parse(text, &spec, &kind, err);
    if (status || kind == NONE) return status;
    sx_average *a = sx_alloc(1, sizeof *a);
    if (a) a->averaged.values = sx_alloc(parameters->size, sizeof(float));
    if (!a || !a->averaged.values) {
        sx_average_free(a);
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for the average of the parameters");
    }
    float *values = a->averaged.values;
    a->kind = kind;
    a->live = parameters;
    a->averaged = *parameters;
    a->averaged.values = values;
    memcpy(values, parameters->values, parameters->size * sizeof *values);
    if (kind == EMA) a->decay = sx_spec_number(&spec, ema_options, "decay");
    if (kind == SWA) a->start = (double)steps * sx_spec_number(&spec, swa_options, "start");
    *out = a;
    return SX_OK;
}

void sx_average_free(sx_average *average) {
    if (!average) return;
    sx_free(average->averaged.values);
    sx_free(average);
}

static void step_piece(void *context, int piece, int worker) {
    (void)worker;
    sx_average *a = context;
    size_t first = (size_t)piece * PIECE_FLOATS, left = a->live->size - first;
    float *to = a->averaged.values + first;
    const float *from = a->live->values + first;
    for (size_t i = 0; i < (left < PIECE_FLOATS ? left : PIECE_FLOATS); i++)
        to[i] = a->keep * to[i] + a->add * from[i];
}

void sx_average_step(sx_average *a, int64_t step, sx_pool *pool) {
    double add = 1 - a->decay;
    if (a->kind == SWA) add = (double)step > a->start ? 1 / ((double)step - a->start) : 1;
    if (add > 1) add = 1;
    a->add = (float)add;
    a->keep = (float)(1 - add);
    sx_pool_run(pool, (int)((a->live->size + PIECE_FLOATS - 1) / PIECE_FLOATS), step_piece, a);
}

const sx_parameters *sx_average_parameters(sx_average *a) {
    for (int s = 0; s < a->live->count; s++) {
        const sx_slice *slice = &a->live->slices[s];
        if (!slice->trained)
            memcpy(a->averaged.values + slice->offset, a->live->values + slice->offset,
                   slice->count * sizeof(float));
    }
    return &a->averaged;
}

float *sx_average_state(sx_average *average) {
    return average->averaged.values;
}
