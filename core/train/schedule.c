/* Schedules of the learning rate: a table of shapes, each a function of how much of the run after
 * the warm-up is done, or of steps. */
#include "core/train/optimizer.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define WARMUP                                                                                     \
    { "", "warmup", SX_OPTION_INTEGER, "0", 0, 1e9, NULL, "steps until the full rate" }
#define FINAL                                                                                      \
    { "", "final", SX_OPTION_NUMBER, "0", 0, 1, NULL, "share of the rate at the end" }
#define END                                                                                        \
    { NULL, NULL, 0, NULL, 0, 0, NULL, NULL }

static const sx_option constant_options[] = {WARMUP, END};
static const sx_option falling_options[] = {WARMUP, FINAL, END};
static const sx_option step_options[] = {
    WARMUP,
    {"", "every", SX_OPTION_INTEGER, "1000", 1, 1e9, NULL, "steps between two falls"},
    {"", "factor", SX_OPTION_NUMBER, "0.1", 0, 1, NULL, "of each fall"},
    END};

/* `done`: share of the steps after the warm-up, 0 .. 1; `step` counts from its end. */
static double constant(const sx_schedule *s, double done, double step) {
    (void)s;
    (void)done;
    (void)step;
    return 1;
}

static double step_wise(const sx_schedule *s, double done, double step) {
    (void)done;
    return pow(s->factor, floor(fmax(step, 0) / s->every));
}

static double linear(const sx_schedule *s, double done, double step) {
    (void)step;
    return 1 + (s->final - 1) * done;
}

/* arXiv 1608.03983, eq. 5, without restarts. */
static double cosine(const sx_schedule *s, double done, double step) {
    (void)step;
    return s->final + (1 - s->final) * 0.5 * (1 + cos(PI * done));
}

static const struct {
    sx_train_kind kind;
    double (*shape)(const sx_schedule *s, double done, double step);
} schedules[] = {
    {{"constant", "the same rate throughout", constant_options}, constant},
    {{"cosine", "half a cosine from the full rate down", falling_options}, cosine},
    {{"linear", "straight from the full rate down", falling_options}, linear},
    {{"step", "falls by a factor at regular steps", step_options}, step_wise},
};
enum { SCHEDULES = sizeof schedules / sizeof schedules[0] };

const sx_train_kind *sx_schedule_at(int row) {
    return row >= 0 && row < SCHEDULES ? &schedules[row].kind : NULL;
}

sx_status sx_schedule_parse(const char *text, sx_schedule *out, sx_error *err) {
    sx_spec spec;
    const char *names[SCHEDULES];
    sx_status status = sx_spec_parse(text, &spec, err);
    if (status) return status;
    *out = (sx_schedule){.every = 1};
    for (int row = 0; row < SCHEDULES; row++) {
        const sx_option *options = schedules[row].kind.options;
        names[row] = schedules[row].kind.name;
        if (strcmp(spec.name, names[row]) != 0) continue;
        status = sx_spec_check(&spec, options, err);
        if (status) return status;
        out->row = row;
        out->warmup = sx_spec_number(&spec, options, "warmup");
        if (options == falling_options) out->final = sx_spec_number(&spec, options, "final");
        if (options != step_options) return SX_OK;
        out->every = sx_spec_number(&spec, options, "every");
        out->factor = sx_spec_number(&spec, options, "factor");
        return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT, "unknown schedule '%s'; did you mean '%s'?", spec.name,
                   sx_nearest_name(spec.name, names, SCHEDULES));
}

double sx_schedule_factor(const sx_schedule *schedule, int64_t step, int64_t steps) {
    double at = (double)step, rise = 1, after = at - schedule->warmup;
    if (at + 1 < schedule->warmup) rise = (at + 1) / schedule->warmup;
    double span = (double)steps - schedule->warmup;
    double done = span > 0 ? after / span : at >= schedule->warmup;
    done = done < 0 ? 0 : done > 1 ? 1 : done;
    return rise * schedules[schedule->row].shape(schedule, done, after);
}
