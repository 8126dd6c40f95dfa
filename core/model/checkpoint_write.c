/* The way back: a model of ours as a file of tensors under the names of a published one. Every
 * slice goes the way it would come by the same rules, so what is read again has the same bits.
 * Beside the tensors the file says what names and shapes do not: the spec, and how pictures come to
 * it. */
#include "core/model/internal.h"
#include "core/model/naming.h"

#include <stdio.h>
#include <string.h>

/* The file's sizes of a tensor by the rule. */
static void give_sizes(const sx_name_rule *rule, const sx_slice *slice, sx_safetensor *out) {
    size_t sizes[4] = {1, 1, 1, 1};
    int rank = out->rank = slice->rank;
    for (int k = 0; k < rank; k++) sizes[k] = (size_t)slice->sizes[k];
    if (rule->parts) sizes[rank - 1] /= (size_t)rule->parts;
    const int oihw[] = {3, 2, 0, 1}, turned[] = {1, 0, 2, 3}, same[] = {0, 1, 2, 3};
    const int *order = rule->layout == SX_LAYOUT_OIHW         ? oihw
                       : rule->layout == SX_LAYOUT_TRANSPOSED ? turned
                                                              : same;
    out->bytes = sizeof(float);
    for (int k = 0; k < rank; k++) out->bytes *= out->sizes[k] = sizes[order[k]];
}

/* The spelling that the file has, or else the first. */
static const sx_name_rule *rule_for(const sx_checkpoint *checkpoint, const char *ours) {
    const sx_name_rule *rules = checkpoint->naming->rules, *first = NULL;
    char theirs[SX_TENSOR_NAME];
    for (int i = 0; rules[i].ours; i++) {
        if (!sx_naming_theirs(&rules[i], ours, theirs)) continue;
        if (checkpoint->rules >> i & 1) return &rules[i];
        if (!first) first = &rules[i];
    }
    return first;
}

/* What is being written. */
typedef struct {
    const sx_checkpoint *checkpoint;
    const sx_parameters *parameters;
    const float *values;
    sx_arena arena;
    sx_safetensor *tensors;
    size_t count;
} writer;

/* How many slices share the tensor of `theirs` by the rule. */
static size_t count_rows(const writer *w, const sx_name_rule *rule) {
    char theirs[SX_TENSOR_NAME];
    size_t rows = 0;
    for (int s = 0; s < w->parameters->count; s++)
        rows += sx_naming_theirs(rule, w->parameters->slices[s].name, theirs);
    return rows;
}

/* One tensor; `rows` 0: of one slice. */
static sx_safetensor *add_tensor(writer *w, const sx_name_rule *rule, const sx_slice *slice,
                                 const char *name, size_t rows) {
    sx_safetensor *tensor = &w->tensors[w->count++];
    *tensor = (sx_safetensor){.name = sx_arena_text(&w->arena, name), .dtype = SX_DTYPE_F32};
    give_sizes(rule, slice, tensor);
    if (rows) {
        memmove(tensor->sizes + 1, tensor->sizes, (size_t)tensor->rank * sizeof *tensor->sizes);
        tensor->sizes[0] = rows;
        tensor->bytes *= rows;
        tensor->rank++;
    }
    tensor->values = sx_arena_alloc(&w->arena, tensor->bytes, 1);
    return tensor->name && tensor->values ? tensor : NULL;
}

static sx_safetensor *find_tensor(const writer *w, const char *name) {
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->tensors[i].name, name) == 0) return &w->tensors[i];
    return NULL;
}

static sx_status give_part(writer *w, const sx_slice *slice, const sx_name_rule *rule,
                           sx_error *err) {
    char theirs[SX_TENSOR_NAME], full[SX_TENSOR_NAME + 48];
    int row = sx_naming_row(rule, slice->name);
    sx_naming_theirs(rule, slice->name, theirs);
    snprintf(full, sizeof full, "%s%s", w->checkpoint->prefix, theirs);
    sx_safetensor *tensor = row < 0 ? NULL : find_tensor(w, full);
    if (!tensor) tensor = add_tensor(w, rule, slice, full, row < 0 ? 0 : count_rows(w, rule));
    if (!tensor) return sx_fail(err, SX_NO_MEMORY, "not enough memory to write the model");
    float *out = (float *)tensor->values;
    if (row > 0) out += (size_t)row * (slice->count / (size_t)(rule->parts ? rule->parts : 1));
    sx_naming_give(rule, slice, w->values + slice->offset, out);
    return SX_OK;
}

static sx_status give_slice(writer *w, const sx_slice *slice, sx_error *err) {
    const sx_name_rule *rule = rule_for(w->checkpoint, slice->name);
    sx_status status = SX_OK;
    if (sx_naming_makes(w->checkpoint->naming, slice->name)) return SX_OK;
    if (!rule)
        return sx_fail(err, SX_BAD_INPUT, "%s has no name for %s", w->checkpoint->naming->about,
                       slice->name);
    for (int part = 0; !status && part < (rule->parts ? rule->parts : 1); part++)
        status = give_part(w, slice, rule + part, err);
    return status;
}

sx_status sx_checkpoint_name(sx_checkpoint *checkpoint, const char *name, sx_error *err) {
    const sx_naming *naming;
    const char *names[32];
    size_t count = 0, length = strcspn(checkpoint->spec, "(");
    /* A size of a family that has a name of its own is a model of that family. */
    if (strncmp(checkpoint->spec, "vit-", 4) == 0) length = 3;
    for (int row = 0; count < 32 && (naming = sx_naming_at(row)); row++) {
        if (strncmp(naming->family, checkpoint->spec, length) != 0 || naming->family[length])
            continue;
        names[count++] = naming->name;
        if (name && strcmp(name, naming->name) != 0) continue;
        checkpoint->naming = naming;
        checkpoint->preprocessing = *naming->preprocessing;
        checkpoint->prefix[0] = 0;
        checkpoint->rules = 0;
        return SX_OK;
    }
    if (count)
        return sx_fail(err, SX_BAD_INPUT,
                       "nobody called '%.40s' names the tensors of %.80s; did "
                       "you mean '%s'?",
                       name, checkpoint->spec, sx_nearest_name(name, names, count));
    return sx_fail(err, SX_BAD_INPUT, "no published model has the layers of %.80s",
                   checkpoint->spec);
}

sx_status sx_checkpoint_write(const sx_model *model, const sx_checkpoint *checkpoint,
                              const float *values, const char *path, sx_error *err) {
    const sx_parameters *parameters = &model->parameters;
    const sx_preprocessing *p = &checkpoint->preprocessing;
    char pictures[256];
    snprintf(pictures, sizeof pictures, "%d %.9g %.9g %.9g %.9g %.9g %.9g %.9g", model->height,
             p->crops ? p->fraction : 0, p->mean[0], p->mean[1], p->mean[2], p->deviation[0],
             p->deviation[1], p->deviation[2]);
    const sx_metadata metadata[] = {
        {"format", "pt"}, {SX_SPEC_KEY, model->spec}, {SX_PICTURES_KEY, pictures}};
    writer w = {.checkpoint = checkpoint, .parameters = parameters, .values = values};
    w.tensors = sx_arena_alloc(&w.arena, 3 * (size_t)parameters->count, sizeof *w.tensors);
    if (!w.tensors) return sx_fail(err, SX_NO_MEMORY, "not enough memory to write the model");
    sx_status status = SX_OK;
    for (int s = 0; !status && s < parameters->count; s++)
        status = give_slice(&w, &parameters->slices[s], err);
    if (!status) status = sx_safetensors_write(path, w.tensors, w.count, metadata, 3, err);
    sx_arena_done(&w.arena);
    return status;
}
