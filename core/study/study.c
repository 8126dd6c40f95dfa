/* The study: training, live validation and sweeps take turns by steps and costs; then come the last
 * measurements. What is due is decided here, what is done is in the other files.
 *
 * Costs are counted in forward passes of an image: a training step is 3 x batch, and a picture that
 * is composed and measured 0.7, because a training step also waits for its batch and runs less
 * evenly (measured with the default study, where live measurements then take the stated share of
 * the time). Live measurements spend a budget that grows with each step.
 */
#include "core/study/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SWEEP_FIRST_STEP 20
#define COARSEST 3 /* the first sweep takes an eighth of the pictures */
#define PICTURE_COST 0.7
#define SERIES_POINTS 500

enum { STAGE_VALIDATION, STAGE_SWEEP, STAGE_TEST, STAGE_CLAIMS, STAGES };

static const sx_study_kind kinds[] = {
    {"robustness",
     "train on centred, upright objects; measure accuracy by place, angle and size, and risk",
     "SI-Score (arXiv 2104.04191); selective risk after Geifman et al. (arXiv 1805.08206)"},
};

const sx_study_kind *sx_study_kind_at(int row) {
    return row == 0 ? &kinds[0] : NULL;
}

sx_status sx_study_no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for the study's results");
}

sx_status sx_study_publish(sx_study *study, sx_result *result, sx_error *err) {
    if (!result) return sx_study_no_memory(err);
    study->context.publish(study->context.user, result);
    return SX_OK;
}

/* ---- making a study
 * --------------------------------------------------------------------------------- */

static void read_config(sx_study *s) {
    const sx_config *c = s->config;
    s->seed = (uint64_t)sx_config_number(c, "run", "seed");
    s->size = (int)sx_config_number(c, "data", "image");
    s->batch = (int)sx_config_number(c, "train", "batch");
    s->steps = (int64_t)sx_config_number(c, "train", "steps");
    s->validate_every = (int64_t)sx_config_number(c, "train", "validate_every");
    s->validate_items = (size_t)sx_config_number(c, "train", "validate_items");
    s->share = sx_config_number(c, "robustness", "share");
    s->area[SX_SWEEP_LOCATION] = sx_config_number(c, "robustness", "location_area");
    s->area[SX_SWEEP_ROTATION] = sx_config_number(c, "robustness", "rotation_area");
    s->full[SX_SWEEP_LOCATION] = (size_t)sx_config_number(c, "robustness", "images_per_location");
    s->full[SX_SWEEP_ROTATION] = s->full[SX_SWEEP_SIZE] =
        (size_t)sx_config_number(c, "robustness", "images_per_point");
    s->record_every = s->steps / SERIES_POINTS > 1 ? s->steps / SERIES_POINTS : 1;
}

static sx_status build_models(sx_study *s, sx_error *err) {
    const char *spec = sx_config_text(s->config, "model", "spec");
    sx_status status = sx_model_new(spec, s->size, s->size, 3, s->classes, s->seed, &s->model, err);
    if (!status)
        status = sx_model_new(spec, s->size, s->size, 3, s->classes, s->seed, &s->copy, err);
    if (status) return status;
    sx_train_options options = {.optimizer = sx_config_text(s->config, "train", "optimizer"),
                                .schedule = sx_config_text(s->config, "train", "schedule"),
                                .steps = s->steps,
                                .batch = s->batch,
                                .seed = s->seed};
    s->trainer = sx_trainer_new(&s->model, &options, s->context.pool, err);
    if (s->trainer) s->evaluator = sx_evaluator_new(&s->model, SX_SLICE, s->context.pool, err);
    if (s->evaluator)
        s->copy_evaluator = sx_evaluator_new(&s->copy, SX_SLICE, s->context.pool, err);
    if (!s->copy_evaluator) return err ? err->status : SX_NO_MEMORY;
    sx_trainer_stop_flag(s->trainer, s->context.stop);
    sx_evaluator_stop_flag(s->evaluator, s->context.stop);
    sx_evaluator_stop_flag(s->copy_evaluator, s->context.stop);
    return SX_OK;
}

static sx_status allocate(sx_study *s, sx_error *err) {
    size_t image = (size_t)s->size * (size_t)s->size * 3;
    s->images = sx_alloc((size_t)s->batch * image, sizeof(float));
    s->labels = sx_alloc((size_t)s->batch, sizeof(int32_t));
    s->pixels = sx_alloc(SX_SLICE, image);
    s->slice_labels = sx_alloc(SX_SLICE, sizeof(int32_t));
    s->slice_status = sx_alloc(SX_SLICE, sizeof(sx_status));
    s->slice_probabilities = sx_alloc(SX_SLICE * (size_t)s->classes, sizeof(float));
    s->tensors = sx_alloc((size_t)s->model.parameters.count + 8, sizeof *s->tensors);
    if (!s->images || !s->labels || !s->pixels || !s->slice_labels || !s->slice_status ||
        !s->slice_probabilities || !s->tensors)
        return sx_study_no_memory(err);
    return sx_sweep_prepare(s, err);
}

sx_study *sx_study_new(const sx_config *config, const sx_study_data *data,
                       const sx_study_context *context, sx_error *err) {
    sx_study *s = sx_alloc(1, sizeof *s);
    if (!s) {
        sx_study_no_memory(err);
        return NULL;
    }
    s->config = config;
    s->data = data;
    s->context = *context;
    s->classes = sx_source_describe(data->source)->classes;
    s->validated = -1;
    s->level = COARSEST;
    s->training.columns = 5;
    s->validation.columns = 3;
    s->test_accuracy = NAN;
    read_config(s);
    s->report = (sx_study_report){.steps = s->steps,
                                  .batch = s->batch,
                                  .loss = NAN,
                                  .accuracy = NAN,
                                  .validation_loss = NAN,
                                  .validation_accuracy = NAN,
                                  .learning_rate = NAN,
                                  .gradient_norm = NAN};
    if (!build_models(s, err) && !allocate(s, err)) return s;
    sx_study_free(s);
    return NULL;
}

void sx_study_free(sx_study *s) {
    if (!s) return;
    sx_batches_free(s->batches);
    sx_evaluator_free(s->evaluator);
    sx_evaluator_free(s->copy_evaluator);
    sx_trainer_free(s->trainer);
    sx_model_done(&s->model);
    sx_model_done(&s->copy);
    sx_sweep_done(s);
    sx_points_log_done(&s->training);
    sx_points_log_done(&s->validation);
    sx_free(s->evaluation.probabilities);
    sx_free(s->images);
    sx_free(s->labels);
    sx_free(s->pixels);
    sx_free(s->slice_labels);
    sx_free(s->slice_status);
    sx_free(s->slice_probabilities);
    sx_free(s->tensors);
    sx_free(s);
}

const char *sx_study_model(const sx_study *study) {
    return study->model.spec;
}

size_t sx_study_trained_values(const sx_study *study) {
    return sx_model_trained(&study->model);
}

/* ---- slices of pictures
 * ------------------------------------------------------------------------------- */

typedef struct {
    sx_study *study;
    sx_slice_draw draw;
} drawing;

/* The first picture that fails keeps its sentence; which that is does not depend on the threads,
 * because all are drawn and the lowest number is looked for afterwards. */
static void draw_one(void *context, int picture, int worker) {
    (void)worker;
    const drawing *d = context;
    sx_study *s = d->study;
    size_t image = (size_t)s->size * (size_t)s->size * 3;
    s->slice_status[picture] =
        d->draw(s, picture, s->pixels + (size_t)picture * image, &s->slice_labels[picture], NULL);
}

sx_status sx_study_draw_slice(sx_study *s, int count, sx_slice_draw draw, sx_error *err) {
    drawing d = {s, draw};
    sx_pool_run(s->context.pool, count, draw_one, &d);
    for (int i = 0; i < count; i++) {
        if (!s->slice_status[i]) continue;
        size_t image = (size_t)s->size * (size_t)s->size * 3;
        return draw(s, i, s->pixels + (size_t)i * image, &s->slice_labels[i], err);
    }
    return SX_OK;
}

/* ---- turns
 * --------------------------------------------------------------------------------------------- */

static bool validation_is_due(const sx_study *s) {
    int64_t step = s->report.step;
    if (s->validated == step || step == 0) return false;
    return step == 25 || step == 100 || step % s->validate_every == 0;
}

static sx_status finish_validation(sx_study *s, sx_error *err) {
    s->evaluating = false;
    s->validated = s->report.step;
    return sx_evaluation_publish(s, err);
}

static sx_status evaluate(sx_study *s, sx_error *err) {
    sx_status status = sx_evaluation_slice(s, err);
    if (status) return status;
    s->budget -= SX_SLICE * PICTURE_COST;
    return s->evaluation.done == s->evaluation.total ? finish_validation(s, err) : SX_OK;
}

static sx_status sweep(sx_study *s, sx_error *err) {
    sx_status status = sx_sweep_slice(s, err);
    if (status) return status;
    s->budget -= SX_SLICE * PICTURE_COST;
    if (s->sweep.done < s->sweep.total) return SX_OK;
    if (s->level > 0) s->level--;
    return sx_sweep_publish(s, err);
}

static sx_status train(sx_study *s, sx_error *err) {
    sx_status status = sx_study_train(s, err);
    if (!status) s->budget += s->share / (1 - s->share) * 3 * s->batch;
    return status;
}

static sx_status advance_training(sx_study *s, sx_error *err) {
    if (s->evaluating) return evaluate(s, err);
    if (s->report.step == s->steps) {
        s->phase = SX_PHASE_MEASURING;
        s->sweep.active = false;
        s->stage = STAGE_VALIDATION;
        return SX_OK;
    }
    if (validation_is_due(s)) {
        sx_status status = sx_evaluation_start(s, SX_SPLIT_VALIDATION, s->validate_items, err);
        return status ? status : evaluate(s, err);
    }
    bool wanted = s->share > 0 && s->report.step >= SWEEP_FIRST_STEP;
    if (!s->sweep.active && (wanted || s->measure_now)) {
        sx_sweep_start(s, SX_SPLIT_VALIDATION, s->measure_now ? 0 : s->level);
        if (s->measure_now) s->budget = (double)s->sweep.total * PICTURE_COST;
        s->measure_now = false;
    }
    if (s->sweep.active && s->budget >= SX_SLICE * PICTURE_COST) return sweep(s, err);
    return train(s, err);
}

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
    sx_result *r = sx_result_new(SX_RESULT_TABLE, "summary", "Figures at the end");
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
static sx_status advance_validation(sx_study *s, sx_error *err) {
    if (!s->evaluating) {
        sx_status status = sx_evaluation_start(s, SX_SPLIT_VALIDATION, SIZE_MAX, err);
        if (status) return status;
    }
    sx_status status = evaluate(s, err);
    if (!status && !s->evaluating) s->stage = STAGE_SWEEP;
    return status;
}

static sx_status advance_sweep(sx_study *s, sx_error *err) {
    if (!s->sweep.active) sx_sweep_start(s, SX_SPLIT_TEST, 0);
    sx_status status = sx_sweep_slice(s, err);
    if (status || s->sweep.done < s->sweep.total) return status;
    s->stage = STAGE_TEST;
    return sx_sweep_publish(s, err);
}

static sx_status advance_test(sx_study *s, sx_error *err) {
    if (!s->evaluating) {
        sx_status status = sx_evaluation_start(s, SX_SPLIT_TEST, SIZE_MAX, err);
        if (status) return status;
    }
    sx_status status = sx_evaluation_slice(s, err);
    if (status || s->evaluation.done < s->evaluation.total) return status;
    s->evaluating = false;
    s->test_accuracy = sx_evaluation_accuracy(s);
    s->test_count = s->evaluation.total;
    s->stage = STAGE_CLAIMS;
    return SX_OK;
}

static sx_status advance_claims(sx_study *s, sx_error *err) {
    sx_status status = sx_study_publish(s, make_summary(s, err), err);
    sx_result *claims = status ? NULL : sx_claims_make(&s->sweep.outcomes, s->seed, err);
    if (claims) claims->step = s->report.step;
    if (!status) status = sx_study_publish(s, claims, err);
    if (!status) s->stage = STAGES;
    return status;
}

static sx_status advance_measuring(sx_study *s, sx_error *err) {
    static sx_status (*const stages[STAGES])(sx_study *, sx_error *) = {
        advance_validation, advance_sweep, advance_test, advance_claims};
    sx_status status = stages[s->stage](s, err);
    double part = 0;
    if (s->evaluating && s->evaluation.total)
        part = (double)s->evaluation.done / (double)s->evaluation.total;
    else if (s->sweep.active)
        part = (double)s->sweep.done / (double)s->sweep.total;
    s->report.phase_done = (s->stage + part) / STAGES;
    if (s->stage == STAGES) s->phase = SX_PHASE_FINISHED;
    return status;
}

/* Slices of the last measurements from the stage that is reached on. */
static double slices_left(const sx_study *s) {
    const size_t *counts = sx_source_describe(s->data->source)->counts;
    double pictures = (double)s->full[SX_SWEEP_LOCATION] * SX_GRID_LOCATIONS * SX_GRID_LOCATIONS +
                      (double)s->full[SX_SWEEP_SIZE] * (SX_GRID_ROTATIONS + SX_GRID_SIZES);
    const double slices[STAGES] = {(double)counts[SX_SPLIT_VALIDATION] / SX_SLICE,
                                   pictures / SX_SLICE, (double)counts[SX_SPLIT_TEST] / SX_SLICE,
                                   1};
    double left = 0;
    for (int i = s->phase == SX_PHASE_TRAINING ? 0 : s->stage; i < STAGES; i++) left += slices[i];
    return left;
}

sx_status sx_study_advance(sx_study *s, sx_study_report *out, sx_error *err) {
    s->report.trained = s->report.recorded = false;
    sx_status status = SX_OK;
    if (s->context.stop && atomic_load(s->context.stop))
        status = sx_fail(err, SX_CANCELLED, "stopped");
    else if (s->phase == SX_PHASE_TRAINING)
        status = advance_training(s, err);
    else if (s->phase == SX_PHASE_MEASURING)
        status = advance_measuring(s, err);
    s->report.phase = s->phase;
    if (s->phase == SX_PHASE_TRAINING)
        s->report.phase_done = (double)s->report.step / (double)s->steps;
    s->report.scale = sx_trainer_scale_now(s->trainer);
    s->report.slices_left = slices_left(s);
    *out = s->report;
    return status;
}

sx_status sx_study_command(sx_study *s, const char *name, double value, sx_error *err) {
    static const char *const names[] = {"scale", "measure"};
    if (strcmp(name, "scale") == 0) {
        if (!(value > 0 && value < 1e6))
            return sx_fail(err, SX_BAD_INPUT, "a factor of %g on the learning rate", value);
        sx_trainer_scale(s->trainer, value);
        return SX_OK;
    }
    if (strcmp(name, "measure") == 0) {
        s->measure_now = s->phase == SX_PHASE_TRAINING;
        return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT, "unknown command '%.40s'; did you mean '%s'?", name,
                   sx_nearest_name(name, names, 2));
}
