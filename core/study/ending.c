/* The end of a study, when training is over: the whole validation split, a sweep with all its
 * pictures over test objects, the test split (read here and nowhere else), figures and claims. A
 * resume in the middle begins the end again, which gives the same bits. */
#include "core/study/internal.h"

#include <math.h>

enum { STAGE_VALIDATION, STAGE_SWEEP, STAGE_TEST, STAGE_CLAIMS, STAGES };

static void add_figure(sx_result *result, int row, const char *name, double value, sx_interval i) {
    const sx_table *table = &result->table;
    table->columns[0].texts[row] = name;
    table->columns[1].numbers[row] = value;
    table->columns[2].numbers[row] = i.low;
    table->columns[3].numbers[row] = i.high;
}

static sx_result *make_summary(sx_study *s, sx_error *err) {
    enum { FIGURES = 11 };
    static const char *const columns[] = {"figure", "value", "low", "high"};
    const sx_interval none = {NAN, NAN};
    const sx_outcomes *o = &s->sweep.outcomes;
    sx_drop drop;
    if (sx_claims_drop(o, s->seed, &drop, err)) return NULL;
    const char *title = sx_config_text(s->config, "study", "title");
    sx_result *r = sx_result_new(SX_RESULT_TABLE, "summary", *title ? title : "Figures at the end");
    if (!r || !sx_table_alloc(r, FIGURES, 4) ||
        !(r->table.columns[0].texts = sx_arena_alloc(&r->arena, FIGURES, sizeof(char *)))) {
        sx_result_release(r);
        return NULL;
    }
    r->step = s->report.step;
    for (int c = 0; c < 4; c++) r->table.columns[c].name = columns[c];
    double validation = s->calibration.accuracy, n = (double)s->test_count;
    size_t items = sx_source_describe(s->data->source)->counts[SX_SPLIT_VALIDATION];
    add_figure(r, 0, "validation accuracy", validation,
               sx_wilson(validation * (double)items, (double)items));
    add_figure(r, 1, "test accuracy", s->test_accuracy, sx_wilson(s->test_accuracy * n, n));
    add_figure(r, 2, "accuracy, centre", drop.centre, none);
    add_figure(r, 3, "accuracy, border", drop.ring, none);
    add_figure(r, 4, "drop to the border", drop.drop, (sx_interval){drop.drop_low, drop.drop_high});
    add_figure(r, 5, "accuracy at 1 % of the area", sx_outcome_accuracy(o, SX_SWEEP_SIZE, 0), none);
    add_figure(r, 6, "accuracy upside down", sx_outcome_accuracy(o, SX_SWEEP_ROTATION, 0), none);
    add_figure(r, 7, "AURC, max prob", s->selective.aurc, none);
    add_figure(r, 8, "E-AURC, max prob", s->selective.eaurc, none);
    add_figure(r, 9, "ECE", s->calibration.ece, none);
    add_figure(r, 10, "NLL", s->calibration.nll, none);
    return r;
}

/* Each stage of the end: starts its work when there is none, takes a slice, or closes. */
static sx_status advance_evaluation(sx_study *s, sx_split split, sx_error *err) {
    if (!s->evaluating) {
        sx_status status = sx_evaluation_start(s, split, SIZE_MAX, err);
        if (status) return status;
    }
    sx_status status = sx_evaluation_slice(s, err);
    s->evaluating = status || s->evaluation.done < s->evaluation.total;
    return status;
}

static sx_status advance_validation(sx_study *s, sx_error *err) {
    sx_status status = advance_evaluation(s, SX_SPLIT_VALIDATION, err);
    if (status || s->evaluating) return status;
    s->validated = s->report.step;
    s->stage = STAGE_SWEEP;
    return sx_evaluation_publish(s, err);
}

static sx_status advance_sweep(sx_study *s, sx_error *err) {
    if (!s->sweep.active) sx_sweep_start(s, SX_SPLIT_TEST, 0);
    sx_status status = sx_sweep_slice(s, err);
    if (status || s->sweep.done < s->sweep.total) return status;
    s->stage = STAGE_TEST;
    return sx_sweep_publish(s, err);
}

static sx_status advance_test(sx_study *s, sx_error *err) {
    sx_status status = advance_evaluation(s, SX_SPLIT_TEST, err);
    if (status || s->evaluating) return status;
    s->test_accuracy = sx_evaluation_accuracy(s);
    s->test_count = s->evaluation.total;
    s->stage = STAGE_CLAIMS;
    return SX_OK;
}

static sx_status advance_claims(sx_study *s, sx_error *err) {
    sx_status status = sx_outcomes_publish(s, err);
    if (!status) status = sx_study_publish(s, make_summary(s, err), err);
    sx_result *claims = status ? NULL : sx_claims_make(&s->sweep.outcomes, s->seed, err);
    if (claims) claims->step = s->report.step;
    if (!status) status = sx_study_publish_measured(s, claims, s->sweep.split, "posed", err);
    if (!status) s->stage = STAGES;
    return status;
}

/* Done part of the stage that is under way. */
static double part_done(const sx_study *s) {
    if (s->evaluating && s->evaluation.total)
        return (double)s->evaluation.done / (double)s->evaluation.total;
    return s->sweep.active ? (double)s->sweep.done / (double)s->sweep.total : 0;
}

sx_status sx_study_measure_end(sx_study *s, sx_error *err) {
    static sx_status (*const stages[STAGES])(sx_study *, sx_error *) = {
        advance_validation, advance_sweep, advance_test, advance_claims};
    sx_status status = stages[s->stage](s, err);
    s->report.phase_done = (s->stage + part_done(s)) / STAGES;
    if (s->stage == STAGES) s->phase = SX_PHASE_FINISHED;
    return status;
}

double sx_study_slices_left(const sx_study *s) {
    const size_t *counts = sx_source_describe(s->data->source)->counts;
    double slice = s->slice;
    const double slices[STAGES] = {(double)counts[SX_SPLIT_VALIDATION] / slice,
                                   (double)sx_sweep_pictures(s, 0) / slice,
                                   (double)counts[SX_SPLIT_TEST] / slice, 1};
    bool training = s->phase == SX_PHASE_TRAINING;
    double left = 0;
    for (int i = training ? 0 : s->stage; i < STAGES; i++) left += slices[i];
    if (!training && s->stage < STAGES) left -= slices[s->stage] * part_done(s);
    return left;
}
