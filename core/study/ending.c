/* The end of a study, when training is over: the whole validation split, a sweep with all its
 * pictures over test objects, what is asked of patches and tokens, the test split (read here and
 * nowhere else), figures and claims. A resume in the middle begins the end again, which gives the
 * same bits. */
#include "core/study/internal.h"

#include <math.h>

enum {
    STAGE_VALIDATION,
    STAGE_SWEEP,
    STAGE_OFFSETS,
    STAGE_TOKENS,
    STAGE_TEST,
    STAGE_CLAIMS,
    STAGES
};

static void add_figure(sx_result *result, int row, const char *name, double value, sx_interval i) {
    const sx_table *table = &result->table;
    table->columns[0].texts[row] = name;
    table->columns[1].numbers[row] = value;
    table->columns[2].numbers[row] = i.low;
    table->columns[3].numbers[row] = i.high;
}

/* A row of the summary; the factor that it rests on, -1 for none. */
typedef struct {
    const char *name;
    int sweep;
    double value;
    sx_interval interval;
} figure;

static bool was_measured(const sx_study *s, int sweep) {
    return sweep < 0 || s->sweep.outcomes.pairs[sweep] > 0;
}

static sx_result *fill_summary(const sx_study *s, const figure *figures, int count) {
    static const char *const columns[] = {"figure", "value", "low", "high"};
    const char *title = sx_config_text(s->config, "study", "title");
    size_t rows = 0;
    for (int i = 0; i < count; i++) rows += was_measured(s, figures[i].sweep);
    sx_result *r =
        sx_table_new("summary", *title ? title : "Figures at the end", rows, columns, 4, 1u << 0);
    if (!r) return NULL;
    r->step = s->report.step;
    for (int i = 0, row = 0; i < count; i++)
        if (was_measured(s, figures[i].sweep))
            add_figure(r, row++, figures[i].name, figures[i].value, figures[i].interval);
    return r;
}

/* Accuracy at the first point of a sweep. */
static double accuracy_first(const sx_study *s, int sweep) {
    return was_measured(s, sweep) ? sx_outcome_accuracy(&s->sweep.outcomes, sweep, 0) : (double)NAN;
}

static sx_result *make_summary(sx_study *s, sx_error *err) {
    const sx_interval none = {NAN, NAN};
    sx_drop drop = {NAN, NAN, NAN, NAN, NAN};
    if (was_measured(s, SX_SWEEP_LOCATION) &&
        sx_claims_drop(&s->sweep.outcomes, sx_study_rounds(s), &drop, err))
        return NULL;
    double validation = s->calibration.accuracy, n = (double)s->test_count;
    size_t items = sx_source_describe(s->data->source)->counts[SX_SPLIT_VALIDATION];
    const figure figures[] = {
        {"validation accuracy", -1, validation,
         sx_wilson(validation * (double)items, (double)items)},
        {"test accuracy", -1, s->test_accuracy, sx_wilson(s->test_accuracy * n, n)},
        {"accuracy, centre", SX_SWEEP_LOCATION, drop.centre, none},
        {"accuracy, border", SX_SWEEP_LOCATION, drop.ring, none},
        {"drop to the border", SX_SWEEP_LOCATION, drop.drop, {drop.drop_low, drop.drop_high}},
        {"accuracy at 1 % of the area", SX_SWEEP_SIZE, accuracy_first(s, SX_SWEEP_SIZE), none},
        {"accuracy upside down", SX_SWEEP_ROTATION, accuracy_first(s, SX_SWEEP_ROTATION), none},
        {"AURC, max prob", -1, s->selective.aurc, none},
        {"E-AURC, max prob", -1, s->selective.eaurc, none},
        {"ECE", -1, s->calibration.ece, none},
        {"NLL", -1, s->calibration.nll, none}};
    sx_result *r = fill_summary(s, figures, sizeof figures / sizeof *figures);
    if (!r) sx_study_no_memory(err);
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
    sx_status status = s->sweep.total ? sx_sweep_slice(s, err) : SX_OK;
    if (status || s->sweep.done < s->sweep.total) return status;
    s->stage = STAGE_OFFSETS;
    return sx_sweep_publish(s, err);
}

/* These two measure the sweep's copy of the parameters. */
static sx_status advance_offsets(sx_study *s, sx_error *err) {
    sx_offsets *o = &s->offsets;
    if (!o->active) sx_offsets_start(s);
    sx_status status = o->total ? sx_offsets_slice(s, err) : SX_OK;
    if (status || o->done < o->total) return status;
    s->stage = STAGE_TOKENS;
    return sx_offsets_publish(s, err);
}

static sx_status advance_tokens(sx_study *s, sx_error *err) {
    sx_tokens *t = &s->tokens;
    sx_status status = t->active ? SX_OK : sx_tokens_start(s, err);
    if (!status && t->done < t->total) status = sx_tokens_slice(s, err);
    if (status || t->done < t->total) return status;
    s->stage = STAGE_TEST;
    t->active = false;
    return sx_token_results_publish(s, err);
}

static sx_status advance_test(sx_study *s, sx_error *err) {
    sx_status status = advance_evaluation(s, SX_SPLIT_TEST, err);
    if (status || s->evaluating) return status;
    s->test_accuracy = sx_evaluation_accuracy(s);
    s->test_count = s->evaluation.total;
    s->stage = STAGE_CLAIMS;
    return SX_OK;
}

/* Where no factor was measured there is nothing to claim. */
static sx_status publish_claims(sx_study *s, sx_error *err) {
    if (!s->sweep.total) return SX_OK;
    sx_result *claims = sx_claims_make(&s->sweep.outcomes, sx_study_rounds(s), err);
    if (!claims) return err->status;
    claims->step = s->report.step;
    return sx_study_publish_measured(s, claims, s->sweep.split, "posed", err);
}

/* What could not be made says why: memory is out, or the study is to stop. */
static sx_status publish_made(sx_study *s, sx_result *(*make)(sx_study *, sx_error *),
                              sx_error *err) {
    sx_result *result = make(s, err);
    return result ? sx_study_publish(s, result, err) : err->status;
}

static sx_status advance_claims(sx_study *s, sx_error *err) {
    sx_error own = {0};
    sx_status status = sx_outcomes_publish(s, &own);
    if (!status) status = publish_made(s, make_summary, &own);
    if (!status) status = publish_made(s, sx_cost_of_study, &own);
    if (!status) status = publish_claims(s, &own);
    if (!status) s->stage = STAGES;
    if (status && err) *err = own;
    return status;
}

/* Done part of the stage that is under way. */
static double part_done(const sx_study *s) {
    size_t done = 0, total = 0;
    if (s->evaluating) {
        done = s->evaluation.done;
        total = s->evaluation.total;
    } else if (s->stage == STAGE_OFFSETS && s->offsets.active) {
        done = s->offsets.done;
        total = s->offsets.total;
    } else if (s->stage == STAGE_TOKENS && s->tokens.active) {
        done = s->tokens.done;
        total = s->tokens.total;
    } else if (s->sweep.active) {
        done = s->sweep.done;
        total = s->sweep.total;
    }
    return total ? (double)done / (double)total : 0;
}

sx_status sx_study_measure_end(sx_study *s, sx_error *err) {
    static sx_status (*const stages[STAGES])(sx_study *, sx_error *) = {
        advance_validation, advance_sweep, advance_offsets,
        advance_tokens,     advance_test,  advance_claims};
    sx_status status = stages[s->stage](s, err);
    s->report.phase_done = (s->stage + part_done(s)) / STAGES;
    if (s->stage == STAGES) s->phase = SX_PHASE_FINISHED;
    return status;
}

double sx_study_slices_left(const sx_study *s) {
    const size_t *counts = sx_source_describe(s->data->source)->counts;
    double slice = s->slice;
    const double slices[STAGES] = {
        (double)counts[SX_SPLIT_VALIDATION] / slice, (double)sx_sweep_pictures(s, 0) / slice,
        (double)sx_offsets_pictures(s) / slice,      (double)sx_tokens_pictures(s),
        (double)counts[SX_SPLIT_TEST] / slice,       1};
    bool training = s->phase == SX_PHASE_TRAINING;
    double left = 0;
    for (int i = training ? 0 : s->stage; i < STAGES; i++) left += slices[i];
    if (!training && s->stage < STAGES) left -= slices[s->stage] * part_done(s);
    return left;
}
