/* One optimiser step: forward and backward by the graph, the update by the optimiser. Everything is
 * allocated when the trainer is made. The state is what a later step depends on, and no more. */
#include "core/train/average.h"
#include "core/train/optimizer.h"
#include "core/train/update.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AVERAGE "average.parameters" /* in a checkpoint */
#define HASH_SIZE 24

struct sx_trainer {
    sx_model *model;
    sx_pool *pool;
    sx_graph *graph;
    sx_run *run;
    sx_optimizer *optimizer;
    sx_schedule schedule;
    sx_train_options options;
    float *gradient;
    float *sum, *held; /* where batches are accumulated: gradients; running statistics before */
    size_t image_size; /* values of one image */
    const float *targets;
    sx_average *average; /* or NULL */
    int64_t steps_done;
    double scale;
    sx_safetensor *tensors;
    const atomic_bool *stop;
    char step_text[24], scale_text[32], knob_texts[SX_KNOBS][32], layers_text[HASH_SIZE];
};

static sx_status build(sx_trainer *t, sx_error *err) {
    sx_status status = sx_schedule_parse(t->options.schedule, &t->schedule, err);
    if (status) return status;
    t->optimizer = sx_optimizer_new(t->options.optimizer, &t->model->parameters, err);
    if (!t->optimizer) return err ? err->status : SX_BAD_INPUT;
    t->graph = sx_model_graph_for(t->model, t->options.batch, t->options.loss, err);
    if (t->graph) t->run = sx_run_new(t->graph, t->pool, true, err);
    if (!t->run) return err ? err->status : SX_BAD_INPUT;
    size_t tensors = (size_t)t->model->parameters.count + SX_STATES + 1;
    size_t size = t->model->parameters.size;
    bool accumulates = t->options.accumulate > 1;
    t->gradient = sx_alloc(size, sizeof(float));
    t->tensors = sx_alloc(tensors, sizeof *t->tensors);
    if (accumulates) t->sum = sx_alloc(size, sizeof(float));
    if (accumulates) t->held = sx_alloc(size, sizeof(float));
    if (!t->gradient || !t->tensors || (accumulates && (!t->sum || !t->held)))
        return sx_fail(err, SX_NO_MEMORY, "not enough memory to train this model");
    return sx_average_new(t->options.average ? t->options.average : "none", &t->model->parameters,
                          t->options.steps, &t->average, err);
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
    if (t->options.accumulate < 1) t->options.accumulate = 1;
    t->image_size = (size_t)model->height * (size_t)model->width * (size_t)model->channels;
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
    sx_average_free(t->average);
    sx_free(t->sum);
    sx_free(t->held);
    sx_free(t->gradient);
    sx_free(t->tensors);
    sx_free(t);
}

void sx_trainer_stop_flag(sx_trainer *trainer, const atomic_bool *stop) {
    trainer->stop = stop;
    sx_run_stop_flag(trainer->run, stop);
}

/* Copies the running statistics; they are all that a batch changes in the parameters. */
static void copy_statistics(const sx_parameters *parameters, float *to, const float *from) {
    for (int s = 0; s < parameters->count; s++) {
        const sx_slice *slice = &parameters->slices[s];
        if (!slice->trained)
            memcpy(to + slice->offset, from + slice->offset, slice->count * sizeof *to);
    }
}

static const float *targets_of(const sx_trainer *t, int k) {
    size_t size = (size_t)t->options.batch * (size_t)sx_graph_target_length(t->graph);
    return t->targets ? t->targets + (size_t)k * size : NULL;
}

/* The mean gradient of several batches in `sum`, the mean loss, all right predictions. A step that
 * is cancelled halfway leaves no trace. */
static sx_status find_mean_gradient(sx_trainer *t, const float *images, const int32_t *labels,
                                    sx_run_report *out) {
    sx_parameters *parameters = &t->model->parameters;
    int count = t->options.accumulate;
    size_t batch = (size_t)t->options.batch;
    *out = (sx_run_report){0};
    memset(t->sum, 0, parameters->size * sizeof *t->sum);
    copy_statistics(parameters, t->held, parameters->values);
    for (int k = 0; k < count; k++, images += batch * t->image_size, labels += batch) {
        sx_run_report report;
        sx_run_targets(t->run, targets_of(t, k));
        sx_status status = sx_run_train(t->run, parameters, images, labels, t->options.seed,
                                        t->steps_done * count + k, t->gradient, &report);
        if (status) {
            copy_statistics(parameters, parameters->values, t->held);
            return status;
        }
        sx_flat_add_scaled(t->sum, t->gradient, 1.0f / (float)count, parameters->size);
        out->loss += report.loss / count;
        out->right += report.right;
    }
    return SX_OK;
}

sx_status sx_trainer_step(sx_trainer *t, const float *images, const int32_t *labels,
                          sx_step_report *out, sx_error *err) {
    sx_run_report report;
    sx_run_targets(t->run, targets_of(t, 0));
    sx_status status = t->sum ? find_mean_gradient(t, images, labels, &report)
                              : sx_run_train(t->run, &t->model->parameters, images, labels,
                                             t->options.seed, t->steps_done, t->gradient, &report);
    if (status == SX_CANCELLED) return status;
    if (status)
        return sx_fail(err, status, "a training step: a label is not one of the model's %d classes",
                       t->model->classes);
    double factor = sx_schedule_factor(&t->schedule, t->steps_done, t->options.steps);
    double rate = sx_optimizer_rate(t->optimizer) * factor * t->scale;
    t->steps_done++;
    const float *gradient = t->sum ? t->sum : t->gradient;
    double norm = sx_optimizer_step(t->optimizer, gradient, rate, t->steps_done, t->pool);
    if (t->average) sx_average_step(t->average, t->steps_done, t->pool);
    int images_of_step = t->options.batch * t->options.accumulate;
    *out = (sx_step_report){.step = t->steps_done,
                            .loss = report.loss,
                            .accuracy = (double)report.right / images_of_step,
                            .learning_rate = rate,
                            .gradient_norm = norm};
    return SX_OK;
}

const sx_parameters *sx_trainer_average(sx_trainer *trainer) {
    return trainer->average ? sx_average_parameters(trainer->average) : NULL;
}

void sx_trainer_targets(sx_trainer *trainer, const float *targets) {
    trainer->targets = targets;
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

double sx_trainer_knob(const sx_trainer *trainer, sx_knob knob) {
    return sx_optimizer_knob(trainer->optimizer, knob);
}

sx_knob_range sx_trainer_knob_range(const sx_trainer *trainer, sx_knob knob) {
    return sx_optimizer_knob_range(trainer->optimizer, knob);
}

sx_status sx_trainer_turn(sx_trainer *trainer, sx_knob knob, double value, sx_error *err) {
    return sx_optimizer_turn(trainer->optimizer, knob, value, err);
}

sx_status sx_trainer_rebatch(sx_trainer *t, int batch, sx_error *err) {
    sx_graph *graph = sx_model_graph_for(t->model, batch, t->options.loss, err);
    sx_run *run = graph ? sx_run_new(graph, t->pool, true, err) : NULL;
    if (!run) {
        sx_graph_free(graph);
        return err ? err->status : SX_NO_MEMORY;
    }
    sx_run_free(t->run);
    sx_graph_free(t->graph);
    t->graph = graph;
    t->run = run;
    t->options.batch = batch;
    sx_run_stop_flag(run, t->stop);
    return SX_OK;
}

/* ---- state --------------------------------------------------------------------------------------
 */

/* What a file of layers said, in hexadecimal. */
static void hash_of(const char *layers, char out[HASH_SIZE]) {
    snprintf(out, HASH_SIZE, "%016llx", (unsigned long long)sx_hash_bytes(layers, strlen(layers)));
}

static const char *const knob_names[SX_KNOBS] = {"momentum", "weight_decay"};

/* So that it reads back equal, into out [32]. */
static void write_number(char *out, double value) {
    snprintf(out, 32, "%.17g", value);
    char *comma = strchr(out, ','); /* the locale may be one that writes 0,5 */
    if (comma) *comma = '.';
}

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
    /* What is not trained is the parameters' own, whether or not somebody has measured since. */
    if (t->average) sx_average_parameters(t->average);
    if (t->average)
        t->tensors[count++] = (sx_safetensor){.name = AVERAGE,
                                              .dtype = SX_DTYPE_F32,
                                              .rank = 1,
                                              .sizes = {t->model->parameters.size},
                                              .values = sx_average_state(t->average),
                                              .bytes = t->model->parameters.size * sizeof(float)};
    snprintf(t->step_text, sizeof t->step_text, "%lld", (long long)t->steps_done);
    write_number(t->scale_text, t->scale);
    *out = (sx_trainer_state){.tensors = t->tensors, .count = count};
    out->metadata[out->metadata_count++] = (sx_metadata){"model", t->model->spec};
    out->metadata[out->metadata_count++] = (sx_metadata){"optimizer", t->options.optimizer};
    out->metadata[out->metadata_count++] = (sx_metadata){"schedule", t->options.schedule};
    out->metadata[out->metadata_count++] = (sx_metadata){"step", t->step_text};
    out->metadata[out->metadata_count++] = (sx_metadata){"scale", t->scale_text};
    for (sx_knob knob = 0; knob < SX_KNOBS; knob++) {
        if (isnan(sx_trainer_knob(t, knob))) continue;
        write_number(t->knob_texts[knob], sx_trainer_knob(t, knob));
        out->metadata[out->metadata_count++] = (sx_metadata){knob_names[knob], t->knob_texts[knob]};
    }
    if (t->model->layers) {
        hash_of(t->model->layers, t->layers_text);
        out->metadata[out->metadata_count++] = (sx_metadata){"layers", t->layers_text};
    }
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

/* A vector of the parameters' size; NULL with `err` filled. */
static const sx_safetensor *find_vector(const sx_model *model, const sx_safetensors *file,
                                        const char *name, sx_error *err) {
    const sx_safetensor *found = sx_safetensors_find(file, name);
    if (found && found->dtype == SX_DTYPE_F32 &&
        found->bytes == model->parameters.size * sizeof(float))
        return found;
    sx_fail(err, SX_BAD_INPUT, "the checkpoint's tensor '%s' is missing or has another size", name);
    return NULL;
}

/* What the optimiser and the average keep: found [SX_STATES + 1], the average's last. */
static sx_status check_vectors(sx_trainer *t, const sx_safetensors *file,
                               const sx_safetensor **found, sx_error *err) {
    for (int i = 0; i < sx_optimizer_state_count(t->optimizer); i++) {
        const char *name;
        sx_optimizer_state(t->optimizer, i, &name);
        if (!(found[i] = find_vector(t->model, file, name, err))) return SX_BAD_INPUT;
    }
    if (t->average && !(found[SX_STATES] = find_vector(t->model, file, AVERAGE, err)))
        return SX_BAD_INPUT;
    return SX_OK;
}

/* The file of layers must say what it said. */
static sx_status check_layers(const sx_model *model, const sx_safetensors *file, sx_error *err) {
    char mine[HASH_SIZE];
    const char *theirs = sx_safetensors_metadata(file, "layers");
    if (!model->layers) return SX_OK;
    hash_of(model->layers, mine);
    if (theirs && strcmp(theirs, mine) == 0) return SX_OK;
    return sx_fail(
        err, SX_BAD_INPUT,
        "the checkpoint was made when %s said something else; put the file back as it was",
        model->spec);
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

/* The knobs as the checkpoint has them, into values [SX_KNOBS]; one that says nothing of a knob was
 * made before there were any. */
static sx_status read_knobs(sx_trainer *t, const sx_safetensors *file, double *values,
                            sx_error *err) {
    for (sx_knob knob = 0; knob < SX_KNOBS; knob++) {
        const char *text = sx_safetensors_metadata(file, knob_names[knob]);
        double before = values[knob] = sx_trainer_knob(t, knob);
        if (!text) continue;
        bool good = sx_text_number(text, &values[knob]) &&
                    sx_trainer_turn(t, knob, values[knob], NULL) == SX_OK;
        if (good) sx_trainer_turn(t, knob, before, NULL);
        if (!good)
            return sx_fail(err, SX_BAD_INPUT, "the checkpoint's '%s' cannot be right",
                           knob_names[knob]);
    }
    return SX_OK;
}

sx_status sx_trainer_load(sx_trainer *t, const sx_safetensors *file, sx_error *err) {
    int64_t step = 0;
    double scale = 1, knobs[SX_KNOBS];
    const sx_safetensor *vectors[SX_STATES + 1] = {NULL};
    sx_status status = check_text(file, "model", t->model->spec, err);
    if (!status) status = check_text(file, "optimizer", t->options.optimizer, err);
    if (!status) status = check_text(file, "schedule", t->options.schedule, err);
    if (!status) status = check_position(file, &step, &scale, err);
    if (!status) status = check_layers(t->model, file, err);
    if (!status) status = check_vectors(t, file, vectors, err);
    if (!status) status = read_knobs(t, file, knobs, err);
    if (!status) status = sx_model_load(t->model, file, err);
    if (status) return status;
    for (sx_knob knob = 0; knob < SX_KNOBS; knob++)
        if (!isnan(knobs[knob])) sx_trainer_turn(t, knob, knobs[knob], NULL);
    for (int i = 0; i < SX_STATES && vectors[i]; i++) {
        const char *name;
        memcpy(sx_optimizer_state(t->optimizer, i, &name), vectors[i]->values, vectors[i]->bytes);
    }
    if (vectors[SX_STATES])
        memcpy(sx_average_state(t->average), vectors[SX_STATES]->values, vectors[SX_STATES]->bytes);
    t->steps_done = step;
    t->scale = scale;
    return SX_OK;
}

/* The average of a checkpoint in place of the parameters, which are loaded already. */
static sx_status read_average(sx_model *model, const char *spec, const sx_safetensors *file,
                              sx_error *err) {
    sx_average *average;
    sx_status status = sx_average_new(spec, &model->parameters, 0, &average, err);
    if (status || !average) return status;
    const sx_safetensor *found = find_vector(model, file, AVERAGE, err);
    if (found) {
        memcpy(sx_average_state(average), found->values, found->bytes);
        memcpy(model->parameters.values, sx_average_parameters(average)->values, found->bytes);
    }
    sx_average_free(average);
    return found ? SX_OK : SX_BAD_INPUT;
}

sx_status sx_trainer_read(sx_model *model, const char *average, const sx_safetensors *file,
                          int64_t *step, sx_error *err) {
    double scale;
    sx_status status = check_text(file, "model", model->spec, err);
    if (!status) status = check_position(file, step, &scale, err);
    if (!status) status = check_layers(model, file, err);
    if (!status) status = sx_model_load(model, file, err);
    return status ? status : read_average(model, average ? average : "none", file, err);
}
