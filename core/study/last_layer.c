/* Studies of last layers: what a network's representation is worth for knowing what it does not
 * know, apart from the network (Brosse et al., arXiv 2001.08049). Stage one comes from model.from;
 * stage two draws many last layers on its cached features, by several methods, each beside the
 * point estimate, the same with a temperature, and the same trained on for as long. */
#include "core/study/last_layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- making one --------------------------------------------------------------------------------
 */

static void end_last(sx_study *study) {
    sx_last *last = sx_last_of(study);
    sx_last_score_done(last);
    sx_features_cancel(last->writer);
    for (int m = 0; m < SX_METHODS; m++) {
        sx_last_says_done(last, last->says[m].best);
        sx_last_says_done(last, last->says[m].trial);
    }
    sx_sampler_free(last->sampler);
    for (int u = 0; u <= SX_HEAD_LAYERS; u++) sx_free(last->fits[u]);
    sx_free(last->fit_best);
    sx_last_sets_done(last);
    sx_extractor_free(last->extractor);
    sx_model_done(&last->model);
    sx_points_log_done(&last->series);
    sx_free(last->pixels);
    sx_free(last->statuses);
    sx_free(last->rows);
    sx_free(last->logits);
    sx_free(last->tensors);
    sx_arena_done(&last->names);
    sx_free(last);
}

static void read_config(sx_last *last) {
    const sx_config *c = last->config;
    last->seed = (uint64_t)sx_config_number(c, "run", "seed");
    last->size = (int)sx_config_number(c, "data", "image");
    last->area[0] = sx_config_number(c, "robustness", "location_area");
    last->area[1] = sx_config_number(c, "robustness", "rotation_area");
    for (int s = 0; s < SX_SWEEPS; s++)
        last->pairs[s] = (size_t)sx_config_number(
            c, "robustness", s == SX_SWEEP_LOCATION ? "images_per_location" : "images_per_point");
    size_t pixels = (size_t)last->size * (size_t)last->size, slice = SX_SLICE_PIXELS / pixels;
    last->slice = slice > SX_SLICE ? SX_SLICE : slice < 1 ? 1 : (int)slice;
}

/* Stage one, with the values of the origin, or, where a run goes on, those of its checkpoint. */
static sx_status make_model(sx_last *last, sx_error *err) {
    const sx_source_facts *facts = sx_source_describe(last->data->source);
    sx_status status =
        sx_study_make_model(last->config, last->size, facts->classes, &last->model, err);
    if (!status) status = sx_study_normalisation(last->config, &last->normalisation, err);
    if (!status && last->context.origin)
        status = sx_origin_give(last->context.origin, last->config, facts, &last->model, err);
    last->context.origin = NULL;
    if (status) return status;
    last->extractor =
        sx_extractor_new(&last->model, last->slice, &last->normalisation, last->context.pool, err);
    if (!last->extractor)
        return sx_fail_within(err, "a study of last layers on %.100s", last->model.spec);
    sx_extractor_stop_flag(last->extractor, last->context.stop);
    last->form = (sx_head_form){1, sx_extractor_length(last->extractor), facts->classes};
    return SX_OK;
}

/* The point estimate of one layer: stage one's own. */
sx_status sx_last_take_head(sx_last *last, sx_error *err) {
    size_t weights = (size_t)last->form.width * (size_t)last->form.classes;
    const float *w, *b;
    if (!last->fits[1]) last->fits[1] = sx_alloc(sx_head_values(last->form), sizeof(float));
    if (!last->fits[1]) return sx_study_no_memory(err);
    sx_extractor_head(last->extractor, &w, &b);
    memcpy(last->fits[1], w, weights * sizeof *w);
    memcpy(last->fits[1] + weights, b, (size_t)last->form.classes * sizeof *b);
    return SX_OK;
}

/* The extractor keeps parameters packed, so that others need another one. */
sx_status sx_last_renew(sx_last *last, sx_error *err) {
    sx_extractor_free(last->extractor);
    last->extractor =
        sx_extractor_new(&last->model, last->slice, &last->normalisation, last->context.pool, err);
    if (!last->extractor) return err->status;
    sx_extractor_stop_flag(last->extractor, last->context.stop);
    for (int s = 0; s < last->set_count; s++) sx_features_done(&last->sets[s].features);
    return SX_OK;
}

static sx_status allocate(sx_last *last, sx_error *err) {
    size_t slice = (size_t)last->slice, image = (size_t)last->size * (size_t)last->size * 3;
    last->pixels = sx_alloc(slice, image);
    last->statuses = sx_alloc(slice, sizeof *last->statuses);
    last->rows = sx_alloc(slice * (size_t)last->form.width, sizeof(float));
    last->logits = sx_alloc(slice * (size_t)last->form.classes, sizeof(float));
    last->series.columns = 2;
    return last->pixels && last->statuses && last->rows && last->logits ? SX_OK
                                                                        : sx_study_no_memory(err);
}

static sx_status check_config(const sx_last *last, sx_error *err) {
    const sx_source_facts *facts = sx_source_describe(last->data->source);
    if (!*sx_config_text(last->config, "model", "from"))
        return sx_fail(err, SX_BAD_INPUT,
                       "a study of last layers begins with a trained network: say model.from = a "
                       "run, a file, or cell:NAME of a study of several networks");
    if (!facts->test_only) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "'%s' is a set for measuring, all of it test images: nothing is trained on it",
                   facts->name);
}

static int64_t count_steps(const sx_config *config, const sx_last_list *list, size_t rows) {
    bool fitted[SX_HEAD_LAYERS + 1] = {false};
    int64_t steps = 0, epochs = (int64_t)sx_config_number(config, "last_layer", "fit_epochs");
    for (int m = 0; m < list->count; m++) {
        int layers = list->method[m].layers;
        steps += sx_last_method_steps(&list->method[m], rows);
        if (layers > 1 && !fitted[layers])
            steps += ((int64_t)rows + SX_LAST_FIT_BATCH - 1) / SX_LAST_FIT_BATCH * epochs;
        fitted[layers] = true;
    }
    return steps;
}

static void begin_report(sx_last *last) {
    size_t rows = last->sets[SX_LAST_TRAIN].count;
    last->report = sx_report_without_training(SX_PHASE_TRAINING,
                                              count_steps(last->config, &last->list, rows), 1);
}

static sx_study *make_last(const sx_config *config, const sx_study_data *data,
                           const sx_study_context *context, sx_error *err) {
    sx_last *last = sx_alloc(1, sizeof *last);
    if (!last) {
        sx_study_no_memory(err);
        return NULL;
    }
    sx_study *study = (sx_study *)(void *)last;
    last->base.kind = &sx_last_layer_kind;
    last->config = config;
    last->data = data;
    last->context = *context;
    read_config(last);
    for (int m = 0; m < SX_METHODS; m++) last->says[m].temperature = NAN;
    sx_status status = check_config(last, err);
    if (!status) status = sx_last_methods_of(config, last->methods_text, &last->list, err);
    if (!status) status = make_model(last, err);
    if (!status) status = sx_last_take_head(last, err);
    if (!status) status = allocate(last, err);
    if (!status) status = sx_last_sets_make(last, err);
    if (!status) {
        begin_report(last);
        return study;
    }
    end_last(study);
    return NULL;
}

/* ---- driving -----------------------------------------------------------------------------------
 */

static sx_status take_turn(sx_last *last, sx_error *err) {
    bool ended = false;
    sx_status status = SX_OK;
    int method = last->method;
    if (last->stage == SX_LAST_FEATURES) {
        status = sx_last_features(last, &ended, err);
        if (status || !ended || ++last->set < last->set_count) return status;
        last->stage = SX_LAST_WALK;
    } else if (last->stage == SX_LAST_WALK) {
        status = sx_last_walk(last, &ended, err);
        if (!status && ended) last->stage = SX_LAST_SCORE;
        if (!status && method < last->method) status = sx_last_draw(last, err);
    } else if (last->stage == SX_LAST_SCORE) {
        status = sx_last_score(last, &ended, err);
        if (!status && ended) last->stage = SX_LAST_END;
    }
    return status;
}

/* Share of the pictures of all sets that have features. */
static double features_done(const sx_last *last) {
    double done = (double)last->done, all = 0;
    for (int s = 0; s < last->set_count; s++) {
        all += (double)last->sets[s].count;
        if (s < last->set) done += (double)last->sets[s].count;
    }
    return all > 0 ? done / all : 1;
}

void sx_last_report(sx_last *last) {
    sx_study_report *r = &last->report;
    r->step = last->walked + (last->sampler ? sx_sampler_at(last->sampler) : 0);
    r->phase = last->stage == SX_LAST_END     ? SX_PHASE_FINISHED
               : last->stage == SX_LAST_SCORE ? SX_PHASE_MEASURING
                                              : SX_PHASE_TRAINING;
    r->phase_done = r->steps ? (double)r->step / (double)r->steps : 1;
    if (last->stage == SX_LAST_FEATURES) r->phase_done = features_done(last);
    if (last->stage == SX_LAST_SCORE && last->intervals) {
        r->phase_done = sx_scoring_intervals_share(last->intervals);
        r->slices_left = sx_scoring_intervals_left(last->intervals);
    }
}

static sx_status advance(sx_study *study, sx_study_report *out, sx_error *err) {
    sx_last *last = sx_last_of(study);
    last->report.trained = last->report.recorded = false;
    sx_status status = SX_OK;
    if (last->context.stop && atomic_load(last->context.stop))
        status = sx_fail(err, SX_CANCELLED, "stopped");
    else
        status = take_turn(last, err);
    sx_last_report(last);
    *out = last->report;
    return status;
}

static sx_status command(sx_study *study, const char *name, double value, sx_error *err) {
    return sx_study_check(&sx_last_of(study)->report, name, value, err);
}

static const char *model_of(const sx_study *study) {
    return ((const sx_last *)(const void *)study)->model.spec;
}

static size_t trained_values_of(const sx_study *study) {
    return sx_head_values(((const sx_last *)(const void *)study)->form);
}

static const sx_parameters *parameters_of(sx_study *study) {
    return &sx_last_of(study)->model.parameters;
}

/* ---- configuration -----------------------------------------------------------------------------
 */

/* Steps are those of all walks; what is about training a network is as if there were none. */
static sx_status resolve(sx_config *config, const sx_source *source, sx_error *err) {
    sx_last_list list;
    char text[SX_LAST_TEXT];
    size_t rows = sx_source_describe(source)->counts[SX_SPLIT_TRAIN];
    size_t most = (size_t)sx_config_number(config, "last_layer", "train_items");
    sx_status status = sx_last_methods_of(config, text, &list, err);
    if (status) return status;
    char steps[24];
    snprintf(steps, sizeof steps, "%lld",
             (long long)count_steps(config, &list, most && most < rows ? most : rows));
    const struct {
        const char *section, *key, *value;
    } keys[] = {{"train", "steps", steps},
                {"train", "average", "none"},
                {"train", "tune", "all"},
                {"model", "head", "keep"}};
    for (size_t i = 0; !status && i < sizeof keys / sizeof *keys; i++)
        status = sx_config_put(config, keys[i].section, keys[i].key, keys[i].value, err);
    return status;
}

const sx_study_functions sx_last_layer_kind = {.make = make_last,
                                               .end = end_last,
                                               .advance = advance,
                                               .command = command,
                                               .model = model_of,
                                               .trained_values = trained_values_of,
                                               .parameters = parameters_of,
                                               .save = sx_last_save,
                                               .load = sx_last_load,
                                               .resolve = resolve};
