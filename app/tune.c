/* Studies that begin with another network: `tune MODEL` trains it further, and a published model
 * that is opened at a terminal is shown in the workbench, as a study without any step. Both are a
 * few keys over a study; the study does the rest. */
#include "app/arguments.h"
#include "app/commands.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TUNE_STUDY "studies/fine-tune.ini"

static void add_model(sx_app_study *study, const sx_arguments *arguments, const char *model) {
    sx_app_add_key(study, "model.from", model);
    sx_app_add_key(study, "model.settings", arguments->set);
    sx_app_add_key(study, "model.classes", arguments->classes);
    sx_app_add_key(study, "data.source", arguments->data);
}

/* ---- tune --------------------------------------------------------------------------------------
 */

int sx_command_tune(int argc, char **argv) {
    static sx_app_study study;
    sx_error err = {0};
    sx_arguments arguments;
    char path[SX_PATH_SIZE];
    const unsigned flags = SX_FOR_TUNE | SX_FOR_RUN | SX_FOR_SCREEN;
    if (sx_arguments_parse(argc, argv, flags, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("tune", flags);
    if (arguments.resume)
        sx_fail(&err, SX_USAGE, "a run goes on with: sextant run --resume %.80s", arguments.resume);
    else if (!arguments.count)
        sx_fail(&err, SX_USAGE,
                "tune needs a model or a run, for example: sextant tune 12 --data shapes");
    if (err.status || sx_asset_find(path, TUNE_STUDY, &err)) return sx_app_fail(&err);
    study = (sx_app_study){.path = path, .first_override = 1};
    add_model(&study, &arguments, arguments.rest[0]);
    sx_app_add_key(&study, "train.tune", arguments.only);
    sx_app_add_key(&study, "train.recipe", arguments.recipe);
    return sx_app_run_study(&arguments, &study);
}

/* ---- a model in the workbench ------------------------------------------------------------------
 */

/* A study's name from the file's: "vit-b-16" of "ViT_B/16.safetensors". */
static void name_study(const char *path, char name[40]) {
    const char *slash = strrchr(path, '/');
    const char *from = slash ? slash + 1 : path, *dot = strrchr(from, '.');
    size_t length = 0;
    for (; *from && from != dot && length < 32; from++) {
        char c = (char)tolower((unsigned char)*from);
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain || (length > 0 && name[length - 1] != '-')) name[length++] = plain ? c : '-';
    }
    name[length] = 0;
    if (length == 0) sx_text_set(name, 40, "model");
}

/* Whether a study could show it: a sentence if its classes are not those of the data set. */
static sx_status check_classes(const sx_outside *outside, const sx_source *source, sx_error *err) {
    const sx_source_facts *facts = sx_source_describe(source);
    int *mapped = sx_alloc((size_t)facts->classes, sizeof *mapped);
    if (!mapped) return sx_fail(err, SX_NO_MEMORY, "not enough memory to open the model");
    sx_status status = sx_outside_match(outside, facts, mapped, err);
    sx_free(mapped);
    return status;
}

/* A CLIP's classes are texts, which are asked for one after the other and not in a study. */
static bool reads_texts(const char *path) {
    sx_checkpoint checkpoint;
    sx_tensors *file = sx_tensors_open(path, NULL);
    bool found =
        file && sx_checkpoint_recognise(file, &checkpoint, NULL) == SX_OK && checkpoint.zero_shot;
    sx_tensors_close(file);
    return found;
}

/* Options that ask for text, or for what a study does not know. */
static bool wants_text(const sx_arguments *a) {
    return !a->data || sx_app_as_text(&a->app) || a->rows || a->tensors || a->filters || a->out ||
           a->prepare;
}

static int run_model(sx_arguments *arguments, const char *path) {
    static sx_app_study study;
    char name[40];
    name_study(path, name);
    study = (sx_app_study){.first_override = 1};
    sx_app_add_key(&study, "study.name", name);
    add_model(&study, arguments, path);
    sx_app_add_key(&study, "model.head", "keep");
    sx_app_add_key(&study, "train.steps", "0");
    sx_app_add_key(&study, "train.tune",
                   "head"); /* nothing is trained: no room for what all layers need */
    sx_app_add_key(&study, "train.batch", "1");
    sx_app_add_key(&study, "train.optimizer", "sgd");
    sx_app_add_key(&study, "robustness.images_per_location", "10");
    sx_app_add_key(&study, "robustness.images_per_point", "60");
    return sx_app_run_study(arguments, &study);
}

/* What is wrong with the file or its options is told where it is opened as text. */
int sx_app_show_model(sx_arguments *arguments, const char *path) {
    sx_error err = {0};
    sx_outside outside;
    const sx_outside_options options = sx_app_model_options(arguments, NULL, NULL);
    if (wants_text(arguments) || reads_texts(path) ||
        sx_outside_open(path, &options, &outside, NULL))
        return sx_app_open_model(arguments, path);
    sx_source *source = sx_source_open(arguments->data, 0, NULL, &err);
    bool described = source && check_classes(&outside, source, &err);
    sx_source_free(source);
    sx_outside_done(&outside);
    if (source && !described) return run_model(arguments, path);
    int code = sx_app_fail(&err);
    arguments->data = NULL;
    if (described) sx_app_open_model(arguments, path);
    return code;
}
