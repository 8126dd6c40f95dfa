/* A study from its configuration to its end: making it, one unit of work at a time.
 * What is due while training goes on is decided in turns.c, what comes after it in ending.c, what a
 * person changes meanwhile in live.c. */
#include "core/study/internal.h"

#include <math.h>
#include <string.h>

#define SERIES_POINTS 500

sx_status sx_study_no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for the study's results");
}

sx_rounds sx_study_rounds(const sx_study *study) {
    return (sx_rounds){SX_CLAIM_ROUNDS, study->seed, study->context.stop};
}

sx_status sx_study_publish(sx_study *study, sx_result *result, sx_error *err) {
    if (!result) return sx_study_no_memory(err);
    study->context.publish(study->context.user, result);
    return SX_OK;
}

sx_status sx_study_publish_measured(sx_study *study, sx_result *result, sx_split split,
                                    const char *scene, sx_error *err) {
    if (!result) return sx_study_no_memory(err);
    if (!scene) scene = sx_config_text(study->config, "data", "compose");
    result->split = sx_split_name(split);
    result->scene = sx_result_text(result, "%s", scene);
    if (result->scene) return sx_study_publish(study, result, err);
    sx_result_release(result);
    return sx_study_no_memory(err);
}

/* ---- making a study
 * --------------------------------------------------------------------------------- */

static void read_config(sx_study *s) {
    const sx_config *c = s->config;
    s->seed = (uint64_t)sx_config_number(c, "run", "seed");
    s->size = (int)sx_config_number(c, "data", "image");
    s->batch = (int)sx_config_number(c, "train", "batch");
    s->accumulate = (int)sx_config_number(c, "train", "accumulate");
    s->steps = (int64_t)sx_config_number(c, "train", "steps");
    s->validate_every = (int64_t)sx_config_number(c, "train", "validate_every");
    s->validate_items = (size_t)sx_config_number(c, "train", "validate_items");
    s->share = sx_config_number(c, "robustness", "share");
    s->area[SX_SWEEP_LOCATION] = sx_config_number(c, "robustness", "location_area");
    s->area[SX_SWEEP_ROTATION] = sx_config_number(c, "robustness", "rotation_area");
    s->full[SX_SWEEP_LOCATION] = (size_t)sx_config_number(c, "robustness", "images_per_location");
    s->full[SX_SWEEP_ROTATION] = s->full[SX_SWEEP_SIZE] =
        (size_t)sx_config_number(c, "robustness", "images_per_point");
    size_t pixels = (size_t)s->size * (size_t)s->size, slice = SX_SLICE_PIXELS / pixels;
    s->slice = slice > SX_SLICE ? SX_SLICE : slice < 1 ? 1 : (int)slice;
    s->record_every = s->steps / SERIES_POINTS > 1 ? s->steps / SERIES_POINTS : 1;
}

sx_status sx_study_make_model(const sx_config *config, int size, int classes, sx_model *out,
                              sx_error *err) {
    uint64_t seed = (uint64_t)sx_config_number(config, "run", "seed");
    sx_status status = sx_model_new(sx_config_text(config, "model", "spec"), size, size, 3, classes,
                                    seed, out, err);
    if (status) return status;
    out->direct = strcmp(sx_config_text(config, "model", "convolution"), "direct") == 0;
    status = sx_model_tune(out, sx_config_text(config, "train", "tune"), err);
    if (status) sx_model_done(out);
    return status;
}

sx_status sx_study_normalisation(const sx_config *config, sx_normalisation *out, sx_error *err) {
    return sx_normalisation_parse(sx_config_text(config, "data", "mean"),
                                  sx_config_text(config, "data", "deviation"), out, err);
}

static sx_status build_models(sx_study *s, sx_error *err) {
    sx_status status = sx_study_make_model(s->config, s->size, s->classes, &s->model, err);
    if (!status) status = sx_study_make_model(s->config, s->size, s->classes, &s->copy, err);
    if (!status) status = sx_study_normalisation(s->config, &s->normalisation, err);
    if (!status && s->context.origin)
        status = sx_origin_give(s->context.origin, s->config, sx_source_describe(s->data->source),
                                &s->model, err);
    s->context.origin = NULL;
    if (status) return status;
    s->passes = s->model.frozen ? 1 : 3;
    const char *loss = sx_config_text(s->config, "train", "loss");
    sx_train_options options = {.optimizer = sx_config_text(s->config, "train", "optimizer"),
                                .schedule = sx_config_text(s->config, "train", "schedule"),
                                .steps = s->steps,
                                .batch = s->batch,
                                .seed = s->seed,
                                .accumulate = s->accumulate,
                                .average = sx_config_text(s->config, "train", "average"),
                                .loss = *loss ? loss : NULL};
    s->trainer = sx_trainer_new(&s->model, &options, s->context.pool, err);
    if (s->trainer) s->evaluator = sx_evaluator_new(&s->model, s->slice, s->context.pool, err);
    if (s->evaluator)
        s->copy_evaluator = sx_evaluator_new(&s->copy, s->slice, s->context.pool, err);
    if (!s->copy_evaluator) return err ? err->status : SX_NO_MEMORY;
    sx_trainer_stop_flag(s->trainer, s->context.stop);
    sx_evaluator_stop_flag(s->evaluator, s->context.stop);
    sx_evaluator_stop_flag(s->copy_evaluator, s->context.stop);
    sx_evaluator_normalise(s->evaluator, &s->normalisation);
    sx_evaluator_normalise(s->copy_evaluator, &s->normalisation);
    return SX_OK;
}

static sx_status allocate(sx_study *s, sx_error *err) {
    size_t image = (size_t)s->size * (size_t)s->size * 3, slice = (size_t)s->slice;
    s->pixels = sx_alloc(slice, image);
    s->slice_labels = sx_alloc(slice, sizeof(int32_t));
    s->slice_status = sx_alloc(slice, sizeof(sx_status));
    s->slice_probabilities = sx_alloc(slice * (size_t)s->classes, sizeof(float));
    s->tensors = sx_alloc((size_t)s->model.parameters.count + 13, sizeof *s->tensors);
    if (!s->pixels || !s->slice_labels || !s->slice_status || !s->slice_probabilities ||
        !s->tensors)
        return sx_study_no_memory(err);
    sx_status status = sx_pairs_prepare(s, err);
    if (!status) status = sx_live_allocate(s, s->batch, err);
    if (!status) status = sx_evaluation_prepare(s, err);
    if (!status) status = sx_sweep_prepare(s, err);
    if (!status) status = sx_offsets_prepare(s, err);
    return status ? status : sx_tokens_prepare(s, err);
}

/* A set for measuring has no images to train with, and none for the live measurements. */
static sx_status check_splits(const sx_study *s, sx_error *err) {
    const sx_source_facts *facts = sx_source_describe(s->data->source);
    if (!facts->test_only) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "'%s' is a set for measuring, all of it test images: nothing is trained on it; "
                   "sextant measure %s MODEL measures models there",
                   facts->name, facts->origin);
}

static void end_study(sx_study *s);

static sx_study *make_study(const sx_config *config, const sx_study_data *data,
                            const sx_study_context *context, sx_error *err) {
    sx_study *s = sx_alloc(1, sizeof *s);
    if (!s) {
        sx_study_no_memory(err);
        return NULL;
    }
    s->base.kind = &sx_robustness_kind;
    s->config = config;
    s->data = data;
    s->context = *context;
    s->classes = sx_source_describe(data->source)->classes;
    s->validated = -1;
    s->turn.level = SX_COARSEST;
    s->training.columns = 5;
    s->validation.columns = 3;
    s->test_accuracy = NAN;
    read_config(s);
    sx_live_init(s);
    s->report = (sx_study_report){.steps = s->steps,
                                  .batch = s->batch,
                                  .loss = NAN,
                                  .accuracy = NAN,
                                  .validation_loss = NAN,
                                  .validation_accuracy = NAN,
                                  .learning_rate = NAN,
                                  .gradient_norm = NAN};
    if (!check_splits(s, err) && !build_models(s, err) && !allocate(s, err)) {
        sx_live_report(s, &s->report);
        return s;
    }
    end_study(s);
    return NULL;
}

static void end_study(sx_study *s) {
    sx_batches_free(s->batches);
    sx_evaluator_free(s->evaluator);
    sx_evaluator_free(s->copy_evaluator);
    sx_trainer_free(s->trainer);
    sx_tokens_done(&s->tokens);
    sx_model_done(&s->model);
    sx_model_done(&s->copy);
    sx_sweep_done(s);
    sx_free(s->offsets.right);
    sx_pairs_done(&s->pairs);
    sx_points_log_done(&s->training);
    sx_points_log_done(&s->validation);
    sx_free(s->evaluation.probabilities);
    sx_free(s->evaluation.logits);
    sx_free(s->subset);
    sx_free(s->images);
    sx_free(s->labels);
    sx_free(s->targets);
    sx_free(s->pixels);
    sx_free(s->slice_labels);
    sx_free(s->slice_status);
    sx_free(s->slice_probabilities);
    sx_free(s->tensors);
    sx_free(s);
}

static const sx_parameters *parameters_of(sx_study *study) {
    sx_pairs_refresh(study);
    const sx_parameters *average = sx_trainer_average(study->trainer);
    return average ? average : &study->model.parameters;
}

static const char *model_of(const sx_study *study) {
    return study->model.spec;
}

static size_t trained_values_of(const sx_study *study) {
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
        sx_status status = draw(s, i, s->pixels + (size_t)i * image, &s->slice_labels[i], err);
        if (status) return status;
    }
    return SX_OK;
}

/* ---- driving ---- */

static sx_status advance(sx_study *s, sx_study_report *out, sx_error *err) {
    s->report.trained = s->report.recorded = false;
    sx_status status = SX_OK;
    if (s->context.stop && atomic_load(s->context.stop))
        status = sx_fail(err, SX_CANCELLED, "stopped");
    else if (s->phase == SX_PHASE_TRAINING)
        status = sx_study_take_turn(s, err);
    else if (s->phase == SX_PHASE_MEASURING)
        status = sx_study_measure_end(s, err);
    s->report.phase = s->phase;
    if (s->phase == SX_PHASE_TRAINING)
        s->report.phase_done = s->steps ? (double)s->report.step / (double)s->steps : 1;
    sx_live_report(s, &s->report);
    s->report.slices_left = sx_study_slices_left(s);
    *out = s->report;
    return status;
}

const sx_study_functions sx_robustness_kind = {.make = make_study,
                                               .end = end_study,
                                               .advance = advance,
                                               .command = sx_live_command,
                                               .model = model_of,
                                               .trained_values = trained_values_of,
                                               .parameters = parameters_of,
                                               .save = sx_state_save,
                                               .load = sx_state_load};
