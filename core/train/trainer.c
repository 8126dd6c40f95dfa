/* One optimiser step: forward and backward by the graph, the update by the optimiser. Everything is
 * allocated when the trainer is made. The state is what a later step depends on, and no more. */
#include "core/train/optimizer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sx_trainer {
    sx_model *model;
    sx_pool *pool;
    sx_graph *graph;
    sx_run *run;
    sx_optimizer *optimizer;
    sx_schedule schedule;
    sx_train_options options;
    float *gradient;
    int64_t steps_done;
    double scale;
    sx_safetensor *tensors;
    char step_text[24], scale_text[32];
};

static sx_status build(sx_trainer *t, sx_error *err) {
    sx_status status = sx_schedule_parse(t->options.schedule, &t->schedule, err);
    if (status) return status;
    t->optimizer = sx_optimizer_new(t->options.optimizer, &t->model->parameters, err);
    if (!t->optimizer) return err ? err->status : SX_BAD_INPUT;
    t->graph = sx_model_graph(t->model, t->options.batch, err);
    if (t->graph) t->run = sx_run_new(t->graph, t->pool, true, err);
    if (!t->run) return err ? err->status : SX_BAD_INPUT;
    size_t tensors = (size_t)t->model->parameters.count + 2;
    t->gradient = sx_alloc(t->model->parameters.size, sizeof(float));
    t->tensors = sx_alloc(tensors, sizeof *t->tensors);
    if (!t->gradient || !t->tensors)
        return sx_fail(err, SX_NO_MEMORY, "not enough memory to train this model");
    return SX_OK;
}

sx_trainer *sx_trainer_new(sx_model *model, const sx_train_options *options, sx_pool *pool,
                           sx_error *err) {
    sx_trainer *t = sx_alloc(1, sizeof *t);
    if (!t) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory to train this model");
        return NULL;
    }
    t->model = model;
    t->pool = pool;
    t->options = *options;
    t->scale = 1;
    if (build(t, err) == SX_OK) return t;
    sx_trainer_free(t);
    return NULL;
}

void sx_trainer_free(sx_trainer *t) {
    if (!t) return;
    sx_run_free(t->run);
    sx_graph_free(t->graph);
    sx_optimizer_free(t->optimizer);
    sx_free(t->gradient);
    sx_free(t->tensors);
    sx_free(t);
}

void sx_trainer_stop_flag(sx_trainer *trainer, const atomic_bool *stop) {
    sx_run_stop_flag(trainer->run, stop);
}

sx_status sx_trainer_step(sx_trainer *t, const float *images, const int32_t *labels,
                          sx_step_report *out, sx_error *err) {
    sx_run_report report;
    sx_status status = sx_run_train(t->run, &t->model->parameters, images, labels, t->options.seed,
                                    t->steps_done, t->gradient, &report);
    if (status == SX_CANCELLED) return status;
    if (status)
        return sx_fail(err, status, "a training step: a label is not one of the model's %d classes",
                       t->model->classes);
    double factor = sx_schedule_factor(&t->schedule, t->steps_done, t->options.steps);
    double rate = sx_optimizer_rate(t->optimizer) * factor * t->scale;
    t->steps_done++;
    double norm = sx_optimizer_step(t->optimizer, t->gradient, rate, t->steps_done, t->pool);
    *out = (sx_step_report){.step = t->steps_done,
                            .loss = report.loss,
                            .accuracy = (double)report.right / t->options.batch,
                            .learning_rate = rate,
                            .gradient_norm = norm};
    return SX_OK;
}

int64_t sx_trainer_steps_done(const sx_trainer *trainer) {
    return trainer->steps_done;
}

void sx_trainer_scale(sx_trainer *trainer, double factor) {
    trainer->scale *= factor;
}

double sx_trainer_scale_now(const sx_trainer *trainer) {
    return trainer->scale;
}

/* ---- state --------------------------------------------------------------------------------------
 */

void sx_trainer_save(sx_trainer *t, sx_trainer_state *out) {
    size_t count = (size_t)t->model->parameters.count;
    sx_model_tensors(t->model, t->tensors);
    for (int i = 0; i < sx_optimizer_state_count(t->optimizer); i++) {
        const char *name;
        float *values = sx_optimizer_state(t->optimizer, i, &name);
        t->tensors[count++] = (sx_safetensor){.name = name,
                                              .dtype = SX_DTYPE_F32,
                                              .rank = 1,
                                              .sizes = {t->model->parameters.size},
                                              .values = values,
                                              .bytes = t->model->parameters.size * sizeof(float)};
    }
    snprintf(t->step_text, sizeof t->step_text, "%lld", (long long)t->steps_done);
    snprintf(t->scale_text, sizeof t->scale_text, "%.17g", t->scale);
    char *comma = strchr(t->scale_text, ','); /* the locale may be one that writes 0,5 */
    if (comma) *comma = '.';
    *out = (sx_trainer_state){.tensors = t->tensors, .count = count};
    out->metadata[out->metadata_count++] = (sx_metadata){"model", t->model->spec};
    out->metadata[out->metadata_count++] = (sx_metadata){"optimizer", t->options.optimizer};
    out->metadata[out->metadata_count++] = (sx_metadata){"schedule", t->options.schedule};
    out->metadata[out->metadata_count++] = (sx_metadata){"step", t->step_text};
    out->metadata[out->metadata_count++] = (sx_metadata){"scale", t->scale_text};
}

static sx_status check_text(const sx_safetensors *file, const char *key, const char *mine,
                            sx_error *err) {
    const char *theirs = sx_safetensors_metadata(file, key);
    if (theirs && strcmp(theirs, mine) == 0) return SX_OK;
    char shown[120];
    sx_text_printable(shown, sizeof shown, theirs ? theirs : "nothing");
    return sx_fail(err, SX_BAD_INPUT, "the checkpoint was made with %s %s, not with %s", key, shown,
                   mine);
}

static sx_status check_moments(sx_trainer *t, const sx_safetensors *file,
                               const sx_safetensor *found[2], sx_error *err) {
    for (int i = 0; i < sx_optimizer_state_count(t->optimizer); i++) {
        const char *name;
        sx_optimizer_state(t->optimizer, i, &name);
        found[i] = sx_safetensors_find(file, name);
        if (!found[i] || found[i]->dtype != SX_DTYPE_F32 ||
            found[i]->bytes != t->model->parameters.size * sizeof(float))
            return sx_fail(err, SX_BAD_INPUT,
                           "the checkpoint's tensor '%s' is missing or has another size", name);
    }
    return SX_OK;
}

/* The step and the factor; a step stays exact as a double. */
static sx_status check_position(const sx_safetensors *file, int64_t *step, double *scale,
                                sx_error *err) {
    const char *step_text = sx_safetensors_metadata(file, "step");
    const char *scale_text = sx_safetensors_metadata(file, "scale");
    double number = -1;
    if (!step_text || !sx_text_number(step_text, &number) || number < 0 || number > 0x1p53 ||
        number != floor(number))
        return sx_fail(err, SX_BAD_INPUT, "the checkpoint does not say at which step it was made");
    if (!scale_text || !sx_text_number(scale_text, scale) || *scale < 0)
        return sx_fail(err, SX_BAD_INPUT,
                       "the checkpoint does not say by what the learning rate was scaled");
    *step = (int64_t)number;
    return SX_OK;
}

sx_status sx_trainer_load(sx_trainer *t, const sx_safetensors *file, sx_error *err) {
    int64_t step = 0;
    double scale = 1;
    const sx_safetensor *moments[2] = {NULL, NULL};
    sx_status status = check_text(file, "model", t->model->spec, err);
    if (!status) status = check_text(file, "optimizer", t->options.optimizer, err);
    if (!status) status = check_text(file, "schedule", t->options.schedule, err);
    if (!status) status = check_position(file, &step, &scale, err);
    if (!status) status = check_moments(t, file, moments, err);
    if (!status) status = sx_model_load(t->model, file, err);
    if (status) return status;
    for (int i = 0; i < 2 && moments[i]; i++) {
        const char *name;
        memcpy(sx_optimizer_state(t->optimizer, i, &name), moments[i]->values, moments[i]->bytes);
    }
    t->steps_done = step;
    t->scale = scale;
    return SX_OK;
}
