/* The state of a study of last layers for a checkpoint: stage one's parameters, where the walk is,
 * the sampler at hand, and what methods have said so far. Features are in files of their own; where
 * one of them is gone, or is of something else, the study begins again, to the same bits. */
#include "core/study/last_layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    AT_STAGE,
    AT_METHOD,
    AT_CANDIDATE,
    AT_WALKED,
    AT_FITTING,
    AT_TOLD,
    AT_TO_TELL,
    AT_FIT_ACCURACY
};

/* ---- what there is, as one list, for writing and for reading -----------------------------------
 */

typedef struct {
    const char *name;
    sx_dtype dtype;
    void *data;
    size_t count, size; /* elements, bytes of one */
} array;

typedef struct {
    sx_last *last;
    sx_status (*each)(void *user, const array *a, sx_error *err);
    void *user;
    sx_error *err;
    sx_status status;
} walker;

static void visit(walker *w, array a) {
    if (w->status || !a.count) return;
    if (!a.name)
        w->status = sx_study_no_memory(w->err);
    else
        w->status = w->each(w->user, &a, w->err);
}

static const char *named(sx_last *last, const char *first, int a, int b, const char *second) {
    char name[96];
    snprintf(name, sizeof name, "last.%s.%d.%d.%s", first, a, b, second);
    return sx_arena_text(&last->names, name);
}

static void visit_says(walker *w, const char *which, int method, sx_ensemble *says) {
    for (int s = SX_LAST_VALIDATION; s < w->last->set_count; s++) {
        sx_ensemble_array arrays[SX_ENSEMBLE_ARRAYS];
        int count = sx_ensemble_arrays(&says[s], arrays);
        for (int i = 0; i < count; i++)
            visit(w, (array){named(w->last, which, method, s, arrays[i].name),
                             arrays[i].size == 8 ? SX_DTYPE_F64 : SX_DTYPE_I32, arrays[i].data,
                             arrays[i].count, arrays[i].size});
    }
}

static void visit_sampler(walker *w) {
    sx_sampler_array arrays[SX_SAMPLER_ARRAYS];
    int count = w->last->sampler ? sx_sampler_arrays(w->last->sampler, arrays) : 0;
    for (int i = 0; i < count; i++) {
        bool whole = strcmp(arrays[i].name, "at") == 0;
        visit(w, (array){named(w->last, "sampler", 0, 0, arrays[i].name),
                         whole                 ? SX_DTYPE_I64
                         : arrays[i].size == 8 ? SX_DTYPE_F64
                                               : SX_DTYPE_F32,
                         arrays[i].data, arrays[i].count, arrays[i].size});
    }
}

/* Everything but stage one, the position and the series, as it is allocated now. */
static void visit_all(walker *w) {
    sx_last *last = w->last;
    sx_head_form form = last->form;
    for (form.layers = 2; form.layers <= SX_HEAD_LAYERS; form.layers++)
        if (last->fits[form.layers])
            visit(w, (array){named(last, "fit", form.layers, 0, "values"), SX_DTYPE_F32,
                             last->fits[form.layers], sx_head_values(form), sizeof(float)});
    form.layers = last->fitting;
    if (last->fit_best)
        visit(w, (array){named(last, "fit", form.layers, 0, "best"), SX_DTYPE_F32, last->fit_best,
                         sx_head_values(form), sizeof(float)});
    visit_sampler(w);
    for (int m = 0; m < last->list.count; m++) {
        if (last->says[m].has_best) visit_says(w, "best", m, last->says[m].best);
        if (last->says[m].has_trial) visit_says(w, "trial", m, last->says[m].trial);
    }
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static sx_status add_tensor(void *user, const array *a, sx_error *err) {
    sx_last *last = user;
    sx_study_state *out = &last->state;
    if (!sx_grow((void **)&last->tensors, &last->tensor_room, out->count + 1,
                 sizeof *last->tensors))
        return sx_study_no_memory(err);
    last->tensors[out->count++] = (sx_safetensor){.name = a->name,
                                                  .dtype = a->dtype,
                                                  .rank = 1,
                                                  .sizes = {a->count},
                                                  .values = a->data,
                                                  .bytes = a->count * a->size};
    return SX_OK;
}

static void note_position(sx_last *last) {
    const double position[SX_LAST_NUMBERS] = {[AT_STAGE] = last->stage,
                                              [AT_METHOD] = last->method,
                                              [AT_CANDIDATE] = last->candidate,
                                              [AT_WALKED] = (double)last->walked,
                                              [AT_FITTING] = last->fitting,
                                              [AT_TOLD] = (double)last->told,
                                              [AT_TO_TELL] = (double)last->to_tell,
                                              [AT_FIT_ACCURACY] = last->fit_accuracy};
    memcpy(last->position, position, sizeof position);
    for (int m = 0; m < SX_METHODS; m++) {
        const sx_last_says *says = &last->says[m];
        double *row = last->said + m * SX_LAST_SAID;
        row[0] = says->has_best;
        row[1] = says->has_trial;
        row[2] = says->chosen;
        row[3] = says->temperature;
        memcpy(row + 4, says->aurc, sizeof says->aurc);
    }
}

static void note_texts(sx_last *last, sx_study_state *out) {
    snprintf(last->step_text, sizeof last->step_text, "%lld", (long long)last->report.step);
    snprintf(last->seed_text, sizeof last->seed_text, "%llu", (unsigned long long)last->seed);
    sx_study_describe_data(last->data, last->data_text, sizeof last->data_text);
    const sx_metadata metadata[] = {
        {"model", last->model.spec}, {"step", last->step_text}, {"scale", "1"},
        {"seed", last->seed_text},   {"data", last->data_text}, {"methods", last->methods_text}};
    memcpy(last->metadata, metadata, sizeof metadata);
    out->metadata = last->metadata;
    out->metadata_count = sizeof metadata / sizeof *metadata;
}

sx_status sx_last_save(sx_study *study, sx_study_state *out, sx_error *err) {
    sx_last *last = sx_last_of(study);
    sx_study_state *state = &last->state;
    size_t slices = (size_t)last->model.parameters.count;
    sx_arena_done(&last->names);
    *state = (sx_study_state){0};
    if (!sx_grow((void **)&last->tensors, &last->tensor_room, slices, sizeof *last->tensors))
        return sx_study_no_memory(err);
    sx_model_tensors(&last->model, last->tensors);
    state->count = slices;
    note_position(last);
    walker w = {.last = last, .each = add_tensor, .user = last, .err = err};
    visit(&w, (array){"last.position", SX_DTYPE_F64, last->position, SX_LAST_NUMBERS, 8});
    visit(&w, (array){"last.said", SX_DTYPE_F64, last->said, SX_METHODS * SX_LAST_SAID, 8});
    visit(&w, (array){"last.series", SX_DTYPE_F64, last->series.values, 2 * last->series.rows, 8});
    visit_all(&w);
    note_texts(last, state);
    state->tensors = last->tensors;
    *out = *state;
    return w.status;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static sx_status copy_tensor(void *user, const array *a, sx_error *err) {
    const sx_safetensor *t = sx_safetensors_find(user, a->name);
    if (!t || t->dtype != a->dtype || t->bytes != a->count * a->size)
        return sx_fail(err, SX_BAD_INPUT,
                       "the checkpoint's tensor '%s' is missing or has another shape", a->name);
    memcpy(a->data, t->values, t->bytes);
    return SX_OK;
}

static sx_status check_text(const sx_safetensors *file, const char *key, const char *mine,
                            sx_error *err) {
    const char *theirs = sx_safetensors_metadata(file, key);
    if (theirs && strcmp(theirs, mine) == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "the checkpoint is of another %s than '%.100s'", key, mine);
}

static sx_status read_series(sx_last *last, const sx_safetensors *file, sx_error *err) {
    const sx_safetensor *t = sx_safetensors_find(file, "last.series");
    last->series.rows = 0;
    for (size_t row = 0; t && t->dtype == SX_DTYPE_F64 && row < t->bytes / 16; row++) {
        double values[2];
        memcpy(values, (const char *)t->values + 16 * row, sizeof values);
        if (!sx_points_log_add(&last->series, values)) return sx_study_no_memory(err);
    }
    return SX_OK;
}

static bool is_whole(double value, double most) {
    return value >= 0 && value <= most && value == floor(value);
}

/* Puts the position where the checkpoint says, if that can be. */
static sx_status take_position(sx_last *last, sx_error *err) {
    const double *p = last->position;
    double sets = last->set_count - SX_LAST_VALIDATION;
    bool good = is_whole(p[AT_STAGE], SX_LAST_END) && is_whole(p[AT_METHOD], last->list.count) &&
                is_whole(p[AT_CANDIDATE], SX_LAST_GRID - 1) &&
                is_whole(p[AT_WALKED], (double)last->report.steps) &&
                is_whole(p[AT_FITTING], SX_HEAD_LAYERS) && p[AT_FITTING] != 1 &&
                is_whole(p[AT_TO_TELL], 1e6 * sets) && is_whole(p[AT_TOLD], p[AT_TO_TELL]);
    if (good && p[AT_METHOD] < last->list.count)
        good = p[AT_CANDIDATE] == 0 ||
               p[AT_CANDIDATE] < last->list.method[(int)p[AT_METHOD]].step_count;
    if (!good) return sx_fail(err, SX_BAD_INPUT, "the checkpoint's position cannot be right");
    last->stage = (sx_last_stage)p[AT_STAGE];
    last->method = (int)p[AT_METHOD];
    last->candidate = (int)p[AT_CANDIDATE];
    last->walked = (int64_t)p[AT_WALKED];
    last->fitting = (int)p[AT_FITTING];
    last->told = (size_t)p[AT_TOLD];
    last->to_tell = (size_t)p[AT_TO_TELL];
    return SX_OK;
}

static sx_status make_room_for(sx_last *last, int m, sx_error *err) {
    const double *row = last->said + m * SX_LAST_SAID;
    sx_last_says *says = &last->says[m];
    bool trial = row[1] != 0;
    bool ready = m == last->method && !last->fitting && last->fits[last->list.method[m].layers];
    if (!is_whole(row[2], SX_LAST_GRID - 1) || (trial && !ready))
        return sx_fail(err, SX_BAD_INPUT, "the checkpoint's methods cannot be right");
    says->has_best = row[0] != 0;
    says->chosen = (int)row[2];
    memcpy(says->aurc, row + 4, sizeof says->aurc);
    sx_status status = SX_OK;
    if (says->has_best)
        status = sx_last_says_make(last, sx_last_is_single(&last->list.method[m]), says->best, err);
    if (!status && trial) status = sx_last_walk_prepare(last, err);
    says->temperature = row[3];
    return status;
}

/* Fits come first, because a walk begins with them. */
static sx_status restore_fits(sx_last *last, const sx_safetensors *file, sx_error *err) {
    sx_head_form form = last->form;
    sx_status status = SX_OK;
    for (form.layers = 2; !status && form.layers <= SX_HEAD_LAYERS; form.layers++) {
        const char *name = named(last, "fit", form.layers, 0, "values");
        if (!name) return sx_study_no_memory(err);
        if (!sx_safetensors_find(file, name)) continue;
        last->fits[form.layers] = sx_alloc(sx_head_values(form), sizeof(float));
        if (!last->fits[form.layers]) return sx_study_no_memory(err);
    }
    if (last->fitting) status = sx_last_walk_prepare(last, err);
    return status;
}

static sx_status restore(sx_last *last, const sx_safetensors *file, sx_error *err) {
    sx_status status = take_position(last, err);
    if (!status) status = restore_fits(last, file, err);
    for (int m = 0; !status && m < last->list.count; m++) status = make_room_for(last, m, err);
    if (status) return status;
    walker w = {.last = last, .each = copy_tensor, .user = (void *)(uintptr_t)file, .err = err};
    visit_all(&w);
    if (!w.status) w.status = read_series(last, file, err);
    if (!w.status && last->sampler) w.status = sx_sampler_restored(last->sampler, err);
    if (!w.status) w.status = sx_last_walk_check(last, err);
    last->fit_accuracy = last->position[AT_FIT_ACCURACY];
    last->set = last->set_count;
    return w.status;
}

sx_status sx_last_load(sx_study *study, const sx_safetensors *file, sx_error *err) {
    sx_last *last = sx_last_of(study);
    char seed[24];
    bool found = false;
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)last->seed);
    sx_status status = check_text(file, "model", last->model.spec, err);
    if (!status) status = check_text(file, "seed", seed, err);
    if (!status) status = sx_study_check_data(last->data, file, err);
    if (!status) status = check_text(file, "methods", last->methods_text, err);
    walker w = {.last = last,
                .each = copy_tensor,
                .user = (void *)(uintptr_t)file,
                .err = err,
                .status = status};
    visit(&w, (array){"last.position", SX_DTYPE_F64, last->position, SX_LAST_NUMBERS, 8});
    visit(&w, (array){"last.said", SX_DTYPE_F64, last->said, SX_METHODS * SX_LAST_SAID, 8});
    if (!w.status) w.status = sx_model_load(&last->model, file, err);
    if (!w.status) w.status = sx_last_take_head(last, err);
    if (!w.status) w.status = sx_last_renew(last, err);
    if (w.status || last->position[AT_STAGE] == SX_LAST_FEATURES) return w.status;
    status = sx_last_features_open(last, &found, err);
    if (!status && found) status = restore(last, file, err);
    if (!status) sx_last_report(last);
    return status;
}
