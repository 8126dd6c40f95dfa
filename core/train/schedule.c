/* Schedules of the learning rate: a table of shapes, each a function of how much of the run after
 * the warm-up is done, or of steps. */
#include "core/train/optimizer.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define WARMUP                                                                                     \
    {"", "warmup", SX_OPTION_INTEGER, "0", 0, 1e9, NULL, "steps until the full rate"}, {           \
        "", "from_zero", SX_OPTION_CHOICE, "no", 0, 0, "no|yes",                                   \
            "the first step of the warm-up has a rate of 0"                                        \
    }
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

static const sx_option drops_options[] = {
    WARMUP,
    {"", "at", SX_OPTION_TEXT, "1000", 0, 0, "steps, as 300/600/900", "steps after which it falls"},
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

static double by_drops(const sx_schedule *s, double done, double step) {
    double at = step + s->warmup, factor = 1;
    (void)done;
    for (int i = 0; i < s->drops; i++)
        if (s->drop[i] < at) factor *= s->factor;
    return factor;
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
    {{"drops", "falls by a factor after each of some steps", drops_options}, by_drops},
};
enum { SCHEDULES = sizeof schedules / sizeof schedules[0] };

const sx_train_kind *sx_schedule_at(int row) {
    return row >= 0 && row < SCHEDULES ? &schedules[row].kind : NULL;
}

/* "300/600/900", ascending. */
static sx_status read_drops(const char *text, sx_schedule *out, sx_error *err) {
    const char *at = text;
    for (double before = -1; out->drops < SX_DROPS; at++) {
        char part[32];
        size_t length = strcspn(at, "/");
        double *step = &out->drop[out->drops];
        if (length == 0 || length >= sizeof part) break;
        memcpy(part, at, length);
        part[length] = 0;
        if (!sx_text_number(part, step) || *step <= before || *step != floor(*step)) break;
        before = *step;
        out->drops++;
        at += length;
        if (!*at) return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT,
                   "schedule: at=%.60s: must be at most %d rising steps, as 300/600/900", text,
                   SX_DROPS);
}

static sx_status read_options(const sx_spec *spec, const sx_option *options, sx_schedule *out,
                              sx_error *err) {
    out->warmup = sx_spec_number(spec, options, "warmup");
    out->from_zero = strcmp(sx_spec_text(spec, options, "from_zero"), "yes") == 0;
    if (options == falling_options) out->final = sx_spec_number(spec, options, "final");
    if (options == step_options) out->every = sx_spec_number(spec, options, "every");
    if (options == step_options || options == drops_options)
        out->factor = sx_spec_number(spec, options, "factor");
    return options == drops_options ? read_drops(sx_spec_text(spec, options, "at"), out, err)
                                    : SX_OK;
}

sx_status sx_schedule_check(const char *spec, sx_error *err) {
    sx_schedule schedule;
    return sx_schedule_parse(spec, &schedule, err);
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
        out->row = row;
        return status ? status : read_options(&spec, options, out, err);
    }
    return sx_fail(err, SX_BAD_INPUT, "unknown schedule '%s'; did you mean '%s'?", spec.name,
                   sx_nearest_name(spec.name, names, SCHEDULES));
}

double sx_schedule_factor(const sx_schedule *schedule, int64_t step, int64_t steps) {
    double at = (double)step, rise = 1, after = at - schedule->warmup;
    double risen = schedule->from_zero ? at : at + 1;
    if (risen < schedule->warmup) rise = risen / schedule->warmup;
    double span = (double)steps - schedule->warmup;
    double done = span > 0 ? after / span : at >= schedule->warmup;
    done = done < 0 ? 0 : done > 1 ? 1 : done;
    return rise * schedules[schedule->row].shape(schedule, done, after);
}
