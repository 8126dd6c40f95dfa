/* Published checkpoints: whose names a file's tensors have, what model they make, and its values. A
 * naming is taken if its signature is there, behind a prefix or not; every shape is then held
 * against the model that was built, so a wrong guess cannot load. */
#include "core/model/naming.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define LISTED 12 /* names in a sentence, before "and N more" */

static const char *const any_prefixes[] = {"", "module.", "model.", NULL};
static const sx_naming *const tables[] = {sx_vit_namings, sx_resnet_namings, sx_clip_namings};

const sx_naming *sx_naming_at(int row) {
    for (size_t t = 0; row >= 0 && t < sizeof tables / sizeof *tables; t++)
        for (const sx_naming *naming = tables[t]; naming->name; naming++)
            if (row-- == 0) return naming;
    return NULL;
}

const char *sx_naming_name(const sx_naming *naming) {
    return naming->name;
}

const char *sx_naming_about(const sx_naming *naming) {
    return naming->about;
}

/* ---- finding -----------------------------------------------------------------------------------
 */

/* `theirs` behind the prefix, or without the part that some files leave out. */
static const sx_tensor_facts *find(const sx_found *found, const char *theirs) {
    const char *optional = found->naming->optional;
    size_t length = optional ? strlen(optional) : 0;
    char name[SX_TENSOR_NAME + 48];
    snprintf(name, sizeof name, "%s%s", found->prefix, theirs);
    const sx_tensor_facts *tensor = sx_tensors_find(found->file, name);
    if (tensor || !optional || strncmp(theirs, optional, length) != 0) return tensor;
    snprintf(name, sizeof name, "%s%s", found->prefix, theirs + length);
    return sx_tensors_find(found->file, name);
}

const sx_tensor_facts *sx_found_by(const sx_found *found, const sx_name_rule *rule,
                                   const char *ours) {
    char theirs[SX_TENSOR_NAME];
    int row = sx_naming_row(rule, ours);
    const sx_tensor_facts *tensor =
        sx_naming_theirs(rule, ours, theirs) ? find(found, theirs) : NULL;
    bool beyond = tensor && row >= 0 && (tensor->rank < 1 || (size_t)row >= tensor->sizes[0]);
    return beyond ? NULL : tensor;
}

/* The rule for the slice whose tensor is in the file; for parts, that of the first part, whichever
 * of them is there. */
static const sx_name_rule *rule_found(const sx_found *found, const char *ours,
                                      const sx_tensor_facts **tensor) {
    for (const sx_name_rule *rule = found->naming->rules; rule->ours; rule++)
        if ((*tensor = sx_found_by(found, rule, ours))) return rule - rule->part;
    return NULL;
}

const sx_tensor_facts *sx_found_slice(const sx_found *found, const char *ours) {
    const sx_tensor_facts *tensor = NULL;
    return rule_found(found, ours, &tensor) ? tensor : NULL;
}

/* A size that no model here has is 0. */
static int small(size_t size) {
    return size <= 1 << 24 ? (int)size : 0;
}

int sx_found_size(const sx_found *found, const char *ours, int axis) {
    const sx_tensor_facts *tensor = NULL;
    const sx_name_rule *rule = rule_found(found, ours, &tensor);
    if (!rule || axis >= tensor->rank) return 0;
    if (rule->layout == SX_LAYOUT_SAME) return small(tensor->sizes[tensor->rank - 1 - axis]);
    if (axis < 2) return small(tensor->sizes[axis]); /* out, in */
    return small(tensor->sizes[tensor->rank - 1 - (axis - 2)]);
}

/* Whether the file has the naming's signature behind any prefix; fills out->prefix. */
static bool try_prefixes(sx_found *found, sx_checkpoint *out, const char *const *prefixes) {
    for (int i = 0; prefixes && prefixes[i]; i++) {
        found->prefix = prefixes[i];
        if (!find(found, found->naming->signature)) continue;
        sx_text_set(out->prefix, sizeof out->prefix, prefixes[i]);
        found->prefix = out->prefix;
        return true;
    }
    return false;
}

static sx_status not_recognised(const sx_tensors *file, sx_error *err) {
    char shown[3][80] = {"", "", ""};
    for (size_t i = 0; i < 3 && i < sx_tensors_count(file); i++)
        sx_text_printable(shown[i], sizeof shown[i], sx_tensors_at(file, i)->name);
    return sx_fail(err, SX_BAD_INPUT,
                   "none of the known families names its tensors like this (%s, %s, %s ...)",
                   shown[0], shown[1], shown[2]);
}

/* "size crop mean mean mean deviation deviation deviation", crop 0 where nothing is cut. The size
 * of a transformer's pictures is in its positions. */
static void take_own_pictures(const sx_tensors *file, sx_checkpoint *out) {
    const char *text = sx_tensors_metadata(file, SX_PICTURES_KEY);
    double v[8];
    int count = 0;
    for (const char *at = text; at && count < 8; count++) {
        char part[32];
        size_t length = strcspn(at, " ");
        if (length == 0 || length >= sizeof part) return;
        memcpy(part, at, length);
        part[length] = 0;
        if (!sx_text_number(part, &v[count])) return;
        at = at[length] ? at + length + 1 : NULL;
    }
    if (count < 8 || v[0] < 1 || v[0] > 4096 || v[1] < 0 || v[1] > 1) return;
    if (!(v[5] > 0) || !(v[6] > 0) || !(v[7] > 0)) return;
    sx_preprocessing *p = &out->preprocessing;
    if (strncmp(out->spec, "vit", 3) != 0 && !out->zero_shot) out->height = out->width = (int)v[0];
    p->crops = v[1] > 0;
    p->fraction = p->crops ? v[1] : 1;
    memcpy(p->mean, v + 2, sizeof p->mean);
    memcpy(p->deviation, v + 5, sizeof p->deviation);
}

/* A file that was written here says what shapes do not; a ViT may be of a size that has a name. */
static void take_own_settings(const sx_tensors *file, sx_checkpoint *out) {
    const char *spec = sx_tensors_metadata(file, SX_SPEC_KEY);
    size_t family = strcspn(out->spec, "(");
    bool sized = spec && strncmp(out->spec, "vit(", 4) == 0 && strncmp(spec, "vit-", 4) == 0;
    bool same = spec && strncmp(spec, out->spec, family) == 0 &&
                (spec[family] == '(' || spec[family] == 0); /* "vit": all defaults */
    if (!spec || strlen(spec) >= sizeof out->spec || (!sized && !same) ||
        sx_model_check(spec, NULL))
        return;
    sx_text_set(out->spec, sizeof out->spec, spec);
    take_own_pictures(file, out);
}

sx_status sx_checkpoint_recognise(const sx_tensors *file, sx_checkpoint *out, sx_error *err) {
    const sx_naming *naming;
    for (int row = 0; (naming = sx_naming_at(row)); row++) {
        *out = (sx_checkpoint){.naming = naming,
                               .preprocessing = *naming->preprocessing,
                               .position = naming->position};
        sx_found found = {.file = file, .naming = naming};
        if (!try_prefixes(&found, out, any_prefixes) &&
            !try_prefixes(&found, out, naming->prefixes))
            continue;
        sx_status status = naming->recognise(&found, out, err);
        if (!status) take_own_settings(file, out);
        return status;
    }
    return not_recognised(file, err);
}

/* "name(a=1, b=2)" with "b=3, c=4" becomes "name(a=1, b=3, c=4)". */
sx_status sx_checkpoint_set(sx_checkpoint *checkpoint, const char *options, sx_error *err) {
    sx_spec before, more;
    char text[SX_MODEL_SPEC];
    snprintf(text, sizeof text, "options(%s)", options);
    sx_status status = sx_spec_parse(checkpoint->spec, &before, err);
    if (!status) status = sx_spec_parse(text, &more, err);
    if (status) return status;
    size_t at = (size_t)snprintf(text, sizeof text, "%s(", before.name);
    for (int i = 0; i < before.count && at < sizeof text; i++) {
        bool replaced = false;
        for (int k = 0; k < more.count; k++) replaced |= strcmp(before.keys[i], more.keys[k]) == 0;
        if (replaced) continue;
        at += (size_t)snprintf(text + at, sizeof text - at, "%s=%s, ", before.keys[i],
                               before.values[i]);
    }
    for (int k = 0; k < more.count && at < sizeof text; k++)
        at +=
            (size_t)snprintf(text + at, sizeof text - at, "%s=%s, ", more.keys[k], more.values[k]);
    if (at >= sizeof text) return sx_fail(err, SX_BAD_INPUT, "too many options for a model");
    if (text[at - 1] == ' ') at -= 2;
    snprintf(text + at, sizeof text - at, ")");
    status = sx_model_check(text, err);
    if (!status) sx_text_set(checkpoint->spec, sizeof checkpoint->spec, text);
    return status;
}

/* ---- loading -----------------------------------------------------------------------------------
 */

/* What goes wrong with the tensors of a file, as a sentence. */
typedef struct {
    int missing, misshapen, named;
    char text[1024];
} complaints;

static void complain(complaints *c, const char *name, const char *what) {
    char shown[SX_TENSOR_NAME];
    if (c->named++ >= LISTED) return;
    sx_text_printable(shown, sizeof shown, name);
    size_t length = strlen(c->text);
    snprintf(c->text + length, sizeof c->text - length, "%s%s %s", length ? ", " : "", shown, what);
}

typedef struct {
    sx_found found;
    sx_tensors *file;
    sx_checkpoint *checkpoint;
    sx_model *model;
    bool *used;            /* [tensors of the file] */
    float *buffer;         /* one tensor's values */
    size_t capacity, held; /* of the buffer; which tensor's they are, 0: none, else its index + 1 */
    complaints wrong;
} loader;

static bool is_position(const sx_slice *slice) {
    return strcmp(slice->name, "position.weight") == 0;
}

/* Positions of another grid are resized; first: tokens before the grid. */
static bool other_grid(const loader *l, const sx_slice *slice, const sx_tensor_facts *tensor,
                       int *first, int *from, int *to) {
    if (!is_position(slice) || slice->rank != 3) return false;
    size_t channels = (size_t)slice->sizes[2], tokens = tensor->count / channels;
    *first = sx_parameters_find(&l->model->parameters, "class.weight") != NULL;
    int rest = small(tokens) - *first, ours = slice->sizes[1] - *first;
    for (*from = 1; *from * *from < rest;) ++*from;
    for (*to = 1; *to * *to < ours;) ++*to;
    return tokens * channels == tensor->count && rest > 0 && *from * *from == rest &&
           *to * *to == ours;
}

/* The shapes of all rules of one slice; notes which tensors are used. */
static void check_slice(loader *l, const sx_slice *slice) {
    const sx_tensor_facts *tensor = NULL;
    const sx_name_rule *rule = rule_found(&l->found, slice->name, &tensor);
    int parts = rule && rule->parts ? rule->parts : 1, a, b, c;
    if (sx_naming_makes(l->found.naming, slice->name)) return;
    if (!rule) {
        l->wrong.missing++;
        complain(&l->wrong, slice->name, "is missing");
        return;
    }
    l->checkpoint->rules |= UINT64_C(1) << (rule - l->found.naming->rules);
    for (int part = 0; part < parts; part++, rule++) {
        tensor = sx_found_by(&l->found, rule, slice->name);
        if (!tensor) {
            l->wrong.missing++;
            complain(&l->wrong, slice->name, "lacks a part");
            return;
        }
        l->used[tensor->index] = true;
        if (tensor->count > l->capacity) l->capacity = tensor->count;
        if (sx_naming_fits(rule, slice, tensor) || other_grid(l, slice, tensor, &a, &b, &c))
            continue;
        l->wrong.misshapen++;
        complain(&l->wrong, tensor->name, "has another shape");
    }
}

/* The tensor's values in the buffer; they stay there for the other slices that it holds. */
static sx_status fill_buffer(loader *l, const sx_tensor_facts *tensor, sx_error *err) {
    if (l->held == tensor->index + 1) return SX_OK;
    l->held = 0;
    sx_status status = sx_tensors_read(l->file, tensor, l->buffer, err);
    if (!status) l->held = tensor->index + 1;
    return status;
}

static sx_status take_tensor(loader *l, const sx_slice *slice, const sx_name_rule *rule,
                             sx_error *err) {
    const sx_tensor_facts *tensor = sx_found_by(&l->found, rule, slice->name);
    float *values = l->model->parameters.values + slice->offset;
    int first, from, to, row = sx_naming_row(rule, slice->name);
    if (rule->layout == SX_LAYOUT_SAME && !rule->parts && tensor->count == slice->count)
        return sx_tensors_read(l->file, tensor, values, err);
    sx_status status = fill_buffer(l, tensor, err);
    if (status) return status;
    const float *theirs = l->buffer;
    if (row > 0) theirs += (size_t)row * (slice->count / (size_t)(rule->parts ? rule->parts : 1));
    if (sx_naming_fits(rule, slice, tensor))
        sx_naming_take(rule, slice, theirs, values);
    else if (other_grid(l, slice, tensor, &first, &from, &to))
        sx_position_resize(l->checkpoint->position, theirs, first, from, to, slice->sizes[2],
                           values);
    return SX_OK;
}

/* All slices, or parts of them, that the file has by this rule: next to each other, since one
 * tensor may hold them all. */
static sx_status take_rule(loader *l, const sx_name_rule *rule, sx_error *err) {
    const sx_parameters *parameters = &l->model->parameters;
    char theirs[SX_TENSOR_NAME];
    sx_status status = SX_OK;
    for (int s = 0; !status && s < parameters->count; s++) {
        const sx_slice *slice = &parameters->slices[s];
        const sx_tensor_facts *tensor;
        if (!sx_naming_theirs(rule, slice->name, theirs)) continue;
        if (rule_found(&l->found, slice->name, &tensor) == rule - rule->part)
            status = take_tensor(l, slice, rule, err);
    }
    return status;
}

static sx_status take_values(loader *l, sx_error *err) {
    sx_status status = sx_parameters_allocate(&l->model->parameters, err);
    if (status) return status;
    l->buffer = sx_alloc(l->capacity + 1, sizeof *l->buffer);
    if (!l->buffer) return sx_fail(err, SX_NO_MEMORY, "not enough memory to load the model");
    for (const sx_name_rule *rule = l->found.naming->rules; !status && rule->ours; rule++)
        status = take_rule(l, rule, err);
    return status;
}

static bool is_ignored(const loader *l, const char *name) {
    const char *const *patterns = l->found.naming->ignored;
    size_t length = strlen(l->found.prefix);
    if (strncmp(name, l->found.prefix, length) == 0) name += length;
    for (int i = 0; patterns && patterns[i]; i++)
        if (fnmatch(patterns[i], name, 0) == 0) return true;
    return false;
}

static void list_surplus(const loader *l, sx_text *surplus) {
    for (size_t i = 0; surplus && i < sx_tensors_count(l->file); i++) {
        const char *name = sx_tensors_at(l->file, i)->name;
        char shown[SX_TENSOR_NAME];
        if (l->used[i] || is_ignored(l, name)) continue;
        sx_text_printable(shown, sizeof shown, name);
        sx_text_add(surplus, "%s\n", shown);
    }
}

static sx_status check_all(loader *l, sx_error *err) {
    const sx_parameters *parameters = &l->model->parameters;
    for (int s = 0; s < parameters->count; s++) check_slice(l, &parameters->slices[s]);
    int wrong = l->wrong.missing + l->wrong.misshapen;
    if (wrong == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "%d tensor%s of %s %s missing, %d %s another shape: %s%s",
                   l->wrong.missing, l->wrong.missing == 1 ? "" : "s", l->model->spec,
                   l->wrong.missing == 1 ? "is" : "are", l->wrong.misshapen,
                   l->wrong.misshapen == 1 ? "has" : "have", l->wrong.text,
                   wrong > LISTED ? " ..." : "");
}

static sx_status open_loader(loader *l, sx_tensors *file, sx_checkpoint *c, sx_model *model,
                             sx_error *err) {
    *l = (loader){
        .found = {file, c->naming, c->prefix}, .file = file, .checkpoint = c, .model = model};
    const sx_model_size size = {c->height, c->width, c->channels, c->classes};
    sx_status status = sx_model_lay_out(c->spec, &size, model, err);
    if (status) return status;
    l->used = sx_alloc(sx_tensors_count(file) + 1, sizeof *l->used);
    if (!l->used) return sx_fail(err, SX_NO_MEMORY, "not enough memory to load the model");
    return check_all(l, err);
}

static void close_loader(loader *l) {
    sx_free(l->buffer);
    sx_free(l->used);
}

sx_status sx_checkpoint_check(sx_tensors *file, sx_checkpoint *checkpoint, size_t *trained,
                              sx_error *err) {
    loader l;
    sx_model model = {0};
    sx_status status = open_loader(&l, file, checkpoint, &model, err);
    if (!status) *trained = sx_model_trained(&model);
    close_loader(&l);
    sx_model_done(&model);
    return status;
}

sx_status sx_checkpoint_load(sx_tensors *file, sx_checkpoint *checkpoint, sx_model *out,
                             sx_text *surplus, sx_error *err) {
    loader l;
    sx_status status = open_loader(&l, file, checkpoint, out, err);
    if (!status) status = take_values(&l, err);
    if (!status) list_surplus(&l, surplus);
    close_loader(&l);
    if (status) sx_model_done(out);
    return status;
}
