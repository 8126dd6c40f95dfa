/* `measure`: models on a set of objects at every size, place and angle. The command is a few keys
 * over the study that measures; a run of it is kept, shown and gone on with as others are. */
#include "app/arguments.h"
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

#define MODELS 8

/* "section.key=value" words end the models. */
static bool is_override(const char *word) {
    size_t letters = strspn(word, "abcdefghijklmnopqrstuvwxyz");
    const char *equals = strchr(word, '=');
    return letters && word[letters] == '.' && equals && !memchr(word, '/', (size_t)(equals - word));
}

static int count_models(const sx_arguments *a) {
    int count = 0;
    while (1 + count < a->count && !is_override(a->rest[1 + count])) count++;
    return count;
}

static sx_status check(const sx_arguments *a, int models, sx_error *err) {
    if (a->resume)
        return sx_fail(err, SX_USAGE, "a run goes on with: sextant run --resume %.80s", a->resume);
    if (models < 1)
        return sx_fail(err, SX_USAGE,
                       "measure needs a set and a model, for example: sextant measure location "
                       "model.safetensors");
    if (models > MODELS)
        return sx_fail(err, SX_USAGE, "measure takes %d models at once, not %d", MODELS, models);
    if (a->prompts.count > 1)
        return sx_fail(err, SX_USAGE,
                       "measure takes one --prompt; several of them in a file, with --prompts");
    if (a->same_pairs && strcmp(a->same_pairs, "yes") != 0 && strcmp(a->same_pairs, "no") != 0)
        return sx_fail(err, SX_USAGE, "--same-pairs %.40s: must be yes or no", a->same_pairs);
    if (a->crop && strcmp(a->crop, "resize") != 0 && strcmp(a->crop, "published") != 0)
        return sx_fail(err, SX_USAGE, "--crop %.40s: must be one of resize|published", a->crop);
    return SX_OK;
}

/* What a model's file cannot say is said of all of them; measure.settings2=... of one. */
static void add_models(sx_app_study *study, const sx_arguments *a, int models) {
    for (int i = 1; i <= models; i++) {
        char key[32];
        snprintf(key, sizeof key, "measure.model%d", i);
        sx_app_add_key(study, key, a->rest[i]);
        snprintf(key, sizeof key, "measure.settings%d", i);
        sx_app_add_key(study, key, a->set);
    }
}

int sx_command_measure(int argc, char **argv) {
    static sx_app_study study;
    sx_error err = {0};
    sx_arguments arguments;
    const unsigned flags = SX_FOR_MEASURE | SX_FOR_MODEL | SX_FOR_RUN | SX_FOR_SCREEN;
    if (sx_arguments_parse(argc, argv, flags, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("measure", flags);
    int models = count_models(&arguments);
    if (check(&arguments, models, &err)) return sx_app_fail(&err);
    study = (sx_app_study){.first_override = 1 + models};
    sx_app_add_key(&study, "study.kind", "si-score-set");
    sx_app_add_key(&study, "study.name", "measure");
    sx_app_add_key(&study, "data.source", arguments.rest[0]);
    add_models(&study, &arguments, models);
    sx_app_add_key(&study, "data.class_map", arguments.class_map);
    sx_app_add_key(&study, "measure.crop", arguments.crop);
    if (arguments.same_pairs)
        sx_app_add_key(&study, "measure.pairs",
                       strcmp(arguments.same_pairs, "yes") == 0 ? "same" : "all");
    sx_app_add_key(&study, "measure.classes", arguments.classes);
    sx_app_add_key(&study, "measure.merges", arguments.merges);
    sx_app_add_key(&study, "measure.prepare", arguments.prepare);
    sx_app_add_key(&study, "measure.prompt",
                   arguments.prompts.count ? arguments.prompts.words[0] : NULL);
    sx_app_add_key(&study, "measure.prompts", arguments.prompts_file);
    arguments.app.page = "robustness";
    return sx_app_run_study(&arguments, &study);
}
