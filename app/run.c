/* `run` and `open`: from words to a job, and from the job to a screen or to text. */
#include "app/arguments.h"
#include "app/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_STUDY "studies/fashion-cnn.ini"
#define PREDICTIONS 8

bool sx_app_as_text(const sx_app_options *options) {
    return options->headless || (!options->script && !isatty(STDOUT_FILENO));
}

static int show(const sx_app_options *options) {
    return sx_app_as_text(options) ? sx_app_headless(options) : sx_app_workbench(options);
}

/* Study file, then the command's keys, then flags, then overrides; `config` is the caller's to end.
 */
static sx_status read_study(const sx_arguments *arguments, const sx_app_study *study,
                            sx_config *config, sx_error *err) {
    sx_status status =
        study->path ? sx_config_read(config, study->path, arguments->preset, err) : SX_OK;
    char seed[64];
    for (int i = 0; !status && i < study->key_count; i++)
        status = sx_config_override(config, study->keys[i], err);
    if (!status && arguments->seed) {
        snprintf(seed, sizeof seed, "run.seed=%.40s", arguments->seed);
        status = sx_config_override(config, seed, err);
    }
    for (int i = study->first_override; !status && i < arguments->count; i++)
        status = sx_config_override(config, arguments->rest[i], err);
    return status;
}

void sx_app_add_key(sx_app_study *study, const char *key, const char *value) {
    if (!value || !*value || study->key_count == SX_APP_KEYS) return;
    snprintf(study->keys[study->key_count++], SX_APP_KEY, "%s=%s", key, value);
}

int sx_app_run_study(sx_arguments *arguments, const sx_app_study *study) {
    sx_error err = {0};
    sx_config config;
    sx_status status = sx_config_new(&config, &err);
    if (!status) status = read_study(arguments, study, &config, &err);
    int code = SX_EXIT_FAILED;
    if (status) {
        code = sx_app_fail(&err);
    } else {
        arguments->app.job = (sx_job){SX_JOB_RUN, &config, arguments->out, NULL};
        code = show(&arguments->app);
    }
    sx_config_done(&config);
    return code;
}

static int run_study(sx_arguments *arguments, const char *path, int first_override) {
    return sx_app_run_study(arguments,
                            &(sx_app_study){.path = path, .first_override = first_override});
}

int sx_command_run(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    unsigned flags = SX_FOR_RUN | SX_FOR_SCREEN;
    sx_status status = sx_arguments_parse(argc, argv, flags, &arguments, &err);
    if (status) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("run", flags);
    if (arguments.resume &&
        (arguments.count || arguments.preset || arguments.seed || arguments.out))
        sx_fail(&err, SX_USAGE,
                "--resume takes the run's own study, preset, seed and folder: give "
                "none of them");
    else if (!arguments.resume && !arguments.count)
        sx_fail(&err, SX_USAGE,
                "run needs a study file, for example: sextant run "
                "assets/studies/fashion-cnn.ini");
    if (err.status) return sx_app_fail(&err);
    if (!arguments.resume) return run_study(&arguments, arguments.rest[0], 1);
    arguments.app.job = (sx_job){SX_JOB_RESUME, NULL, NULL, arguments.resume};
    return show(&arguments.app);
}

/* A data set or a folder of images: browsed on the data page, described where there is no screen.
 */
static int browse(sx_arguments *arguments, char *path) {
    char data[] = "data", *words[] = {data, path, NULL};
    if (sx_app_as_text(&arguments->app)) return sx_command_data(2, words);
    sx_error err = {0};
    sx_config config;
    char source[SX_PATH_SIZE + 16];
    snprintf(source, sizeof source, "data.source=%s", path);
    if (sx_config_new(&config, &err) || sx_config_override(&config, source, &err) ||
        sx_config_override(&config, "data.compose=none", &err)) {
        sx_config_done(&config);
        return sx_app_fail(&err);
    }
    arguments->app.job = (sx_job){SX_JOB_BROWSE, &config, NULL, NULL};
    arguments->app.page = "data";
    int code = show(&arguments->app);
    sx_config_done(&config);
    return code;
}

static bool is_study_name(const char *path) {
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".ini") == 0;
}

/* Options that mean something to a model only are not passed over in silence. */
static bool is_about_a_model(const sx_arguments *a) {
    return a->data || a->set || a->prepare || a->classes || a->rows || a->tensors || a->merges ||
           a->prompts.count || a->prompts_file;
}

/* Files of predictions: as many methods on the same items. */
static int open_predictions(sx_arguments *arguments) {
    static sx_app_study study;
    int files = 0;
    while (files < arguments->count && sx_predictions_recognises(arguments->rest[files])) files++;
    study = (sx_app_study){.first_override = files};
    if (files > PREDICTIONS) {
        sx_error err = {0};
        sx_fail(&err, SX_USAGE, "%d files of predictions are opened at once, not %d", PREDICTIONS,
                files);
        return sx_app_fail(&err);
    }
    sx_app_add_key(&study, "study.kind", "predictions");
    sx_app_add_key(&study, "study.name", "predictions");
    for (int i = 0; i < files; i++) {
        char key[32];
        snprintf(key, sizeof key, "predictions.file%d", i + 1);
        sx_app_add_key(&study, key, arguments->rest[i]);
    }
    sx_app_add_key(&study, "predictions.labels", arguments->labels);
    sx_app_add_key(&study, "predictions.temperature", arguments->temperature);
    arguments->app.page = "risk";
    return sx_app_run_study(arguments, &study);
}

static int open_path(sx_arguments *arguments, char *path) {
    sx_error err = {0};
    bool model = sx_app_is_model(path);
    if (is_about_a_model(arguments) && !model) {
        char shown[160];
        sx_text_printable(shown, sizeof shown, path);
        sx_fail(&err, SX_USAGE,
                "'%s' is no file of a model; --data, --set, --prepare, --classes, --rows, "
                "--tensors, --merges and --prompt are about one",
                shown);
        return sx_app_fail(&err);
    }
    bool there = access(path, F_OK) == 0;
    if (sx_run_recognises(path) || !there) {
        sx_run_folder *run = sx_run_open(path, false, &err);
        if (!run) {
            char shown[160];
            sx_text_printable(shown, sizeof shown, path);
            sx_error outer;
            sx_fail(&outer, SX_USAGE,
                    "'%s' is no command (sextant --help lists them), no file and "
                    "no run (%s)",
                    shown, err.message);
            return sx_app_fail(there ? &err : &outer);
        }
        sx_run_close(run);
        arguments->app.job = (sx_job){SX_JOB_OPEN, NULL, NULL, path};
        return show(&arguments->app);
    }
    if (model) return sx_app_show_model(arguments, path);
    if (sx_predictions_recognises(path)) return open_predictions(arguments);
    if (sx_is_file(path) && is_study_name(path)) return run_study(arguments, path, 1);
    return browse(arguments, path);
}

int sx_command_open(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    unsigned flags = SX_FOR_RUN | SX_FOR_SCREEN | SX_FOR_MODEL | SX_FOR_OPEN;
    sx_status status = sx_arguments_parse(argc, argv, flags, &arguments, &err);
    if (status) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("open", flags);
    char study[SX_PATH_SIZE];
    if (arguments.count) return open_path(&arguments, arguments.rest[0]);
    if (argc > 0 && strcmp(argv[0], "open") == 0)
        sx_fail(&err, SX_USAGE, "open needs a path or a run: sextant open PATH");
    else if (!sx_asset_find(study, DEFAULT_STUDY, &err))
        return run_study(&arguments, study, 0);
    return sx_app_fail(&err);
}
