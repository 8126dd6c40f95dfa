/* The state of a measurement for a checkpoint: what each model made of each picture so far, and on
 * which set with which models that was. Figures are counted again from it. */
#include "core/study/set.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether pictures come in the same order with the same values: of all that follows from the set's
 * tables. */
static uint64_t print_of(const sx_set_plan *plan) {
    uint64_t prints[3 + 2 * SX_SET_FACTORS] = {
        sx_hash_bytes(plan->labels, plan->items * sizeof *plan->labels),
        sx_hash_bytes(plan->pairs, plan->items * sizeof *plan->pairs),
        sx_hash_bytes(plan->order, plan->items * sizeof *plan->order)};
    for (size_t f = 0; f < SX_SET_FACTORS; f++) {
        const sx_set_axis *axis = &plan->axes[f];
        if (!axis->count) continue;
        prints[3 + 2 * f] = sx_hash_bytes(axis->values, (size_t)axis->count * sizeof *axis->values);
        prints[4 + 2 * f] = sx_hash_bytes(axis->at, plan->items * sizeof *axis->at);
    }
    return sx_hash_bytes(prints, sizeof prints);
}

static void describe(sx_set *set) {
    const sx_set_plan *plan = &set->plan;
    size_t used = 0;
    snprintf(set->set_text, sizeof set->set_text,
             "%zu pictures, %d classes, %016llx, %s, the first %d", plan->items, plan->classes,
             (unsigned long long)print_of(plan), set->how, set->top);
    for (int m = 0; m < set->model_count; m++)
        used +=
            (size_t)snprintf(set->models_text + used, sizeof set->models_text - used, "%s%016llx",
                             m ? " " : "", (unsigned long long)set->models[m].print);
    snprintf(set->seed_text, sizeof set->seed_text, "%llu", (unsigned long long)set->seed);
    snprintf(set->step_text, sizeof set->step_text, "%zu", set->done);
}

sx_status sx_set_save(sx_study *study, sx_study_state *out, sx_error *err) {
    sx_set *set = sx_set_of(study);
    size_t items = set->plan.items, models = (size_t)set->model_count;
    (void)err;
    describe(set);
    const sx_safetensor tensors[] = {
        {.name = "set.seen", .dtype = SX_DTYPE_U8, .sizes = {1, items}, .values = set->seen},
        {.name = "set.prediction",
         .dtype = SX_DTYPE_I32,
         .sizes = {models, items},
         .values = set->prediction},
        {.name = "set.top",
         .dtype = SX_DTYPE_U8,
         .sizes = {models, items},
         .values = set->top_found},
        {.name = "set.loss", .dtype = SX_DTYPE_F32, .sizes = {models, items}, .values = set->loss}};
    for (int i = 0; i < 4; i++) {
        set->tensors[i] = tensors[i];
        set->tensors[i].rank = 2;
        set->tensors[i].bytes =
            tensors[i].sizes[0] * items * (tensors[i].dtype == SX_DTYPE_U8 ? 1 : 4);
    }
    const sx_metadata metadata[] = {{"set", set->set_text},
                                    {"models", set->models_text},
                                    {"seed", set->seed_text},
                                    {"step", set->step_text}};
    memcpy(set->metadata, metadata, sizeof metadata);
    *out = (sx_study_state){set->tensors, 4, set->metadata, sizeof metadata / sizeof *metadata};
    return SX_OK;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static sx_status check(const sx_safetensors *file, const char *key, const char *mine,
                       const char *sentence, sx_error *err) {
    const char *theirs = sx_safetensors_metadata(file, key);
    if (theirs && strcmp(theirs, mine) == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "%s", sentence);
}

static sx_status check_texts(const sx_set *set, const sx_safetensors *file, sx_error *err) {
    sx_status status =
        check(file, "set", set->set_text,
              "the set, or how it is measured, is not as the run began with it", err);
    if (!status)
        status =
            check(file, "models", set->models_text,
                  "a model is not the one that the run began with: its values have changed", err);
    return status ? status
                  : check(file, "seed", set->seed_text, "the checkpoint is of another seed", err);
}

/* The tensor of that name if it is like mine; NULL with a sentence. */
static const void *find(const sx_safetensors *file, const sx_safetensor *mine, sx_error *err) {
    const sx_safetensor *t = sx_safetensors_find(file, mine->name);
    if (t && t->dtype == mine->dtype && t->rank == 2 && t->sizes[0] == mine->sizes[0] &&
        t->sizes[1] == mine->sizes[1])
        return t->values;
    sx_fail(err, SX_BAD_INPUT, "the checkpoint's tensor '%s' is missing or has another shape",
            mine->name);
    return NULL;
}

/* What was seen is the beginning of the order, up to the end of a batch. */
static sx_status read_position(const sx_set *set, const sx_safetensors *file, const uint8_t *seen,
                               size_t *out, sx_error *err) {
    const char *text = sx_safetensors_metadata(file, "step");
    double done = -1;
    bool good = text && sx_text_number(text, &done) && done >= 0 &&
                done <= (double)set->plan.items && done == floor(done);
    for (size_t i = 0; good && i < set->plan.items; i++) {
        uint8_t what = seen[set->plan.order[i]];
        good = (double)i < done ? what == SX_SEEN || what == SX_SEEN_BROKEN : what == SX_SEEN_NOT;
    }
    *out = good ? (size_t)done : 0;
    return good
               ? SX_OK
               : sx_fail(err, SX_BAD_INPUT, "the checkpoint's position in the set cannot be right");
}

/* The sentences about broken pictures are found again, by reading them. */
static void find_broken(sx_set *set) {
    set->broken_count = 0;
    for (size_t i = 0; i < set->done; i++) {
        size_t item = set->plan.order[i];
        if (set->seen[item] != SX_SEEN_BROKEN) continue;
        sx_error err = {.message = "it could not be brought to a model's size"};
        sx_image picture = {0};
        if (set->broken_count < SX_SET_BROKEN) sx_set_picture(&set->plan, item, &picture, &err);
        sx_image_done(&picture);
        sx_set_note_broken(set, item, &err, false);
    }
}

static bool is_end_of_level(const sx_set *set) {
    for (int level = 0; level < SX_SET_LEVELS; level++)
        if (set->done == set->plan.ends[level]) return set->done > 0;
    return false;
}

/* Everything that can fail comes first. */
sx_status sx_set_load(sx_study *study, const sx_safetensors *file, sx_error *err) {
    sx_set *set = sx_set_of(study);
    sx_study_state mine;
    const void *values[4] = {NULL};
    size_t done = 0;
    sx_status status = sx_set_save(study, &mine, err);
    if (!status) status = check_texts(set, file, err);
    for (int i = 0; !status && i < 4; i++)
        if (!(values[i] = find(file, &set->tensors[i], err))) status = SX_BAD_INPUT;
    if (!status) status = read_position(set, file, values[0], &done, err);
    if (status) return status;
    void *const to[4] = {set->seen, set->prediction, set->top_found, set->loss};
    for (int i = 0; i < 4; i++) memcpy(to[i], values[i], set->tensors[i].bytes);
    set->done = done;
    set->model = 0;
    set->intervals_hold = false;
    set->stage = is_end_of_level(set) ? SX_SET_INTERVALS : SX_SET_LOOK;
    set->draw = done > 0 && set->stage == SX_SET_LOOK;
    set->report.step = (int64_t)done;
    find_broken(set);
    return SX_OK;
}
