/* Where a training begins: the network of a published file or of a run, what follows from it for a
 * study, and its values for the study's own model. And the way back: a run's network as a file that
 * others can read. */
#include "core/study/internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_colours(const double values[3], char out[96]) {
    snprintf(out, 96, "%.6g/%.6g/%.6g", values[0], values[1], values[2]);
}

static bool keeps_head(const sx_config *config) {
    return strcmp(sx_config_text(config, "model", "head"), "keep") == 0 ||
           sx_study_functions_of(config) == &sx_last_layer_kind;
}

/* ---- a file ------------------------------------------------------------------------------------
 */

static void describe_pictures(sx_origin *o) {
    const sx_preprocessing *p = &o->outside.checkpoint.preprocessing;
    snprintf(o->compose, sizeof o->compose, p->crops ? "crop(fraction=%.6g)" : "squash",
             p->fraction);
    sx_text_set(o->resize, sizeof o->resize, o->outside.resize_name);
    write_colours(p->mean, o->mean);
    write_colours(p->deviation, o->deviation);
}

static const char *text_or_null(const sx_config *config, const char *key) {
    const char *text = sx_config_text(config, "model", key);
    return *text ? text : NULL;
}

sx_status sx_origin_read_file(const sx_config *config, const char *path, sx_origin *out,
                              sx_error *err) {
    *out = (sx_origin){0};
    const sx_outside_options options = {.settings = text_or_null(config, "settings"),
                                        .classes = text_or_null(config, "classes")};
    if (options.classes && !keeps_head(config))
        return sx_fail(
            err, SX_BAD_INPUT,
            "classes (--classes) name those that model.head=keep keeps; a new last layer "
            "has the classes of the data set");
    sx_status status = sx_outside_open(path, &options, &out->outside, err);
    if (status) return status;
    describe_pictures(out);
    if (out->outside.model.channels == 3) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "'%.200s' is a model of pictures with %d channels, not 3",
                   path, out->outside.model.channels);
}

/* ---- a run -------------------------------------------------------------------------------------
 */

/* How many classes the run's network tells apart: the columns of its last layer, or, where texts
 * are read, of the matrix that is made of them. */
static int count_classes(const char *spec, int size, const sx_safetensors *checkpoint,
                         sx_error *err) {
    sx_model model;
    if (sx_model_new(spec, size, size, 3, 2, 0, &model, err)) return 0;
    sx_text_facts texts;
    const sx_slice *last = sx_model_text(&model, &texts)
                               ? sx_parameters_find(&model.parameters, "head.weight")
                               : &model.parameters.slices[model.parameters.count - 1];
    const sx_safetensor *found = sx_safetensors_find(checkpoint, last->name);
    int classes = found && found->rank > 0 && found->sizes[found->rank - 1] <= 1 << 20
                      ? (int)found->sizes[found->rank - 1]
                      : 0;
    if (classes < 2)
        sx_fail(err, SX_BAD_INPUT, "the run's checkpoint has no last layer '%s'", last->name);
    sx_model_done(&model);
    return classes;
}

sx_status sx_origin_read_run(const sx_config *run, const sx_safetensors *checkpoint, sx_origin *out,
                             sx_error *err) {
    *out = (sx_origin){0};
    sx_checkpoint *c = &out->outside.checkpoint;
    const char *spec = sx_config_text(run, "model", "spec");
    int size = (int)sx_config_number(run, "data", "image");
    int64_t step;
    int classes = count_classes(spec, size, checkpoint, err);
    if (!classes) return SX_BAD_INPUT;
    sx_status status = sx_study_make_model(run, size, classes, &out->outside.model, err);
    if (!status)
        status = sx_trainer_read(&out->outside.model, sx_config_text(run, "train", "average"),
                                 checkpoint, &step, err);
    if (status) return status;
    *c = (sx_checkpoint){.height = size, .width = size, .channels = 3, .classes = classes};
    c->position = SX_POSITION_CORNERS;
    sx_text_set(c->spec, sizeof c->spec, spec);
    sx_text_set(out->compose, sizeof out->compose, sx_config_text(run, "data", "compose"));
    sx_text_set(out->resize, sizeof out->resize, sx_config_text(run, "data", "resize"));
    sx_text_set(out->mean, sizeof out->mean, sx_config_text(run, "data", "mean"));
    sx_text_set(out->deviation, sizeof out->deviation, sx_config_text(run, "data", "deviation"));
    return SX_OK;
}

void sx_origin_done(sx_origin *origin) {
    sx_outside_done(&origin->outside);
    *origin = (sx_origin){0};
}

/* ---- what follows ------------------------------------------------------------------------------
 */

/* A new head takes the place of the old one and of the dense layer before it. */
static sx_status put_spec(const sx_checkpoint *source, sx_config *config, sx_error *err) {
    sx_checkpoint own = *source;
    sx_status status = SX_OK;
    if (!keeps_head(config) && strstr(own.spec, "pre_logits="))
        status = sx_checkpoint_set(&own, "pre_logits=0", err);
    return status ? status : sx_config_put(config, "model", "spec", own.spec, err);
}

sx_status sx_origin_resolve(const sx_origin *o, sx_config *config, sx_error *err) {
    char image[24];
    sx_text_facts texts;
    if (sx_model_text(&o->outside.model, &texts))
        return sx_fail(err, SX_BAD_INPUT,
                       "model.from: a model that reads texts (CLIP) cannot be trained further, as "
                       "the words of its captions are its own; train one from the beginning, as "
                       "studies/clip-small.ini does");
    snprintf(image, sizeof image, "%d", o->outside.checkpoint.height);
    const struct {
        const char *key, *value;
    } keys[] = {{"image", image},
                {"compose", o->compose},
                {"resize", o->resize},
                {"mean", o->mean},
                {"deviation", o->deviation}};
    sx_status status = put_spec(&o->outside.checkpoint, config, err);
    for (size_t i = 0; !status && i < sizeof keys / sizeof *keys; i++)
        status = sx_config_offer(config, "data", keys[i].key, keys[i].value, err);
    return status;
}

sx_status sx_origin_give(const sx_origin *origin, const sx_config *config,
                         const sx_source_facts *facts, sx_model *model, sx_error *err) {
    int *classes = NULL;
    sx_status status = SX_OK;
    if (keeps_head(config)) {
        classes = sx_alloc((size_t)facts->classes, sizeof *classes);
        if (!classes) return sx_study_no_memory(err);
        status = sx_outside_match(&origin->outside, facts, classes, err);
    }
    const sx_adoption how = {.position = origin->outside.checkpoint.position,
                             .new_positions =
                                 strcmp(sx_config_text(config, "model", "positions"), "new") == 0,
                             .classes = classes};
    if (!status) status = sx_model_adopt(model, &origin->outside.model, &how, err);
    sx_free(classes);
    return status;
}

/* ---- the way back ------------------------------------------------------------------------------
 */

/* The share that a composition cuts out of pictures; 0: it cuts nothing. */
static double cut_fraction(const char *compose) {
    sx_spec spec;
    const sx_compose_kind *kind;
    if (sx_spec_parse(compose, &spec, NULL) || strcmp(spec.name, "crop") != 0) return 0;
    for (int row = 0; (kind = sx_compose_at(row)); row++)
        if (strcmp(kind->name, spec.name) == 0)
            return sx_spec_number(&spec, kind->options, "fraction");
    return 0;
}

/* What a reader of the file must know of pictures, where the study shows them whole. */
static sx_status note_pictures(const sx_origin *origin, sx_checkpoint *c, sx_error *err) {
    sx_preprocessing *p = &c->preprocessing;
    sx_status status = sx_colours_parse(origin->mean, p->mean, err);
    if (!status) status = sx_colours_parse(origin->deviation, p->deviation, err);
    double fraction = cut_fraction(origin->compose);
    p->crops = fraction > 0;
    p->fraction = p->crops ? fraction : 1;
    return status;
}

sx_status sx_origin_export(const sx_origin *origin, const char *naming, const char *path,
                           sx_error *err) {
    sx_checkpoint checkpoint = origin->outside.checkpoint;
    sx_status status = sx_checkpoint_name(&checkpoint, naming, err);
    if (!status) status = note_pictures(origin, &checkpoint, err);
    return status ? status
                  : sx_checkpoint_write(&origin->outside.model, &checkpoint,
                                        origin->outside.model.parameters.values, path, err);
}
