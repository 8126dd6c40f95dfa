/* Networks that a study measures instead of training one: what it needs of the store, which studies
 * do not know. */
#include "core/engine/internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODELS 8
#define LONGEST 150 /* value of a key */

/* ---- runs -------------------------------------------------------------------------------------
 */

static sx_status add_names(const sx_source_facts *facts, sx_outside *out, sx_error *err) {
    for (int c = 0; c < facts->classes; c++)
        sx_text_add_bytes(&out->names, facts->class_names[c], strlen(facts->class_names[c]) + 1);
    out->named = facts->classes;
    return out->names.failed ? sx_fail(err, SX_NO_MEMORY, "not enough memory for class names")
                             : SX_OK;
}

/* The classes are those of the data set that the run was trained on. Where that is gone, or has
 * changed, they have numbers only. */
static sx_status name_classes(const sx_config *run, sx_outside *out, sx_error *err) {
    uint64_t seed = (uint64_t)sx_config_number(run, "run", "seed");
    sx_source *source = sx_source_open(sx_config_text(run, "data", "source"), seed, NULL, NULL);
    if (!source) return SX_OK;
    const sx_source_facts *facts = sx_source_describe(source);
    sx_status status =
        facts->classes == out->checkpoint.classes ? add_names(facts, out, err) : SX_OK;
    sx_source_free(source);
    return status;
}

sx_status sx_measured_open_run(void *engine, const char *which, sx_origin *out, sx_error *err) {
    sx_config config;
    sx_text_facts texts;
    (void)engine;
    sx_status status = sx_config_new(&config, err);
    if (!status) status = sx_engine_read_run(which, &config, out, err);
    if (!status && sx_model_text(&out->outside.model, &texts))
        status = sx_fail(err, SX_BAD_INPUT,
                         "a run whose network reads texts cannot be measured, as the words of its "
                         "captions are its own");
    if (!status) status = name_classes(&config, &out->outside, err);
    sx_config_done(&config);
    return status ? sx_fail_within(err, "%.120s", which) : SX_OK;
}

void sx_measured_note(void *engine, const char *sentence) {
    sx_run_log(((sx_engine *)engine)->run, "%s", sentence);
}

/* ---- keys -------------------------------------------------------------------------------------
 */

static sx_status keep_path(sx_config *config, const char *section, const char *key, sx_error *err) {
    const char *path = sx_config_text(config, section, key);
    char whole[PATH_MAX];
    bool there = *path && (sx_is_file(path) || sx_is_directory(path));
    if (!there || !realpath(path, whole) || strlen(whole) > LONGEST) return SX_OK;
    return sx_config_put(config, section, key, whole, err);
}

/* A run by its number becomes one by its name. */
static sx_status keep_model(sx_config *config, const char *key, sx_error *err) {
    const char *which = sx_config_text(config, "measure", key);
    if (!*which || sx_is_file(which) || sx_is_directory(which))
        return keep_path(config, "measure", key, err);
    sx_run_folder *run = sx_run_open(which, false, err);
    if (!run)
        return sx_fail_within(err, "measure.%s: there is no file '%.80s', and no such run", key,
                              which);
    sx_status status = sx_config_put(config, "measure", key, sx_run_name(run), err);
    sx_run_close(run);
    return status;
}

sx_status sx_measured_keep_paths(sx_config *config, sx_error *err) {
    static const char *const files[] = {"classes", "merges", "prompts"};
    if (!sx_study_kind_of(config)->measures_only) return SX_OK;
    sx_status status = keep_path(config, "data", "source", err);
    if (!status) status = keep_path(config, "data", "class_map", err);
    for (size_t i = 0; !status && i < sizeof files / sizeof *files; i++)
        status = keep_path(config, "measure", files[i], err);
    if (!status) status = keep_path(config, "predictions", "labels", err);
    for (int number = 1; !status && number <= MODELS; number++) {
        char key[24];
        snprintf(key, sizeof key, "file%d", number);
        status = keep_path(config, "predictions", key, err);
        snprintf(key, sizeof key, "model%d", number);
        if (!status) status = keep_model(config, key, err);
    }
    return status;
}

void sx_measured_describe(const sx_config *config, char *out, size_t size) {
    char text[SX_MODEL_SPEC] = "";
    size_t used = 0;
    bool files = sx_study_kind_of(config)->without_data;
    for (int number = 1; number <= MODELS && used < sizeof text; number++) {
        char key[24];
        snprintf(key, sizeof key, files ? "file%d" : "model%d", number);
        const char *path = sx_config_text(config, files ? "predictions" : "measure", key);
        if (*path)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "",
                                     sx_path_name(path));
    }
    sx_text_printable(out, size, text);
}
