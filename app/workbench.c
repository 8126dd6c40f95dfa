/* The workbench between the engine, the screen and whoever drives it: a person at a terminal
 * (session.c) or a script. Here is what both need: the jobs that are begun, what is new, the end.
 */
#include "app/workbench.h"

#include "app/arguments.h"
#include "app/commands.h"
#include "app/lesson.h"
#include "app/script.h"
#include "app/session.h"
#include "app/theme.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- what a terminal and a script share -------------------------------------------------------
 */

static void send(void *user, sx_command_kind kind, double value) {
    sx_workbench *bench = user;
    bench->told = bench->shown.report.step;
    if (bench->engine) sx_engine_send(bench->engine, kind, value);
}

static void ask(void *user, const sx_question *question) {
    sx_workbench *bench = user;
    if (bench->engine) sx_engine_ask(bench->engine, question);
}

/* A study file as it is named, else of the assets: "shapes-cnn" or "shapes-cnn.ini". */
static sx_status read_study(const sx_start *wanted, sx_config *config, sx_error *err) {
    char path[SX_PATH_SIZE], asset[128], words[sizeof wanted->overrides], *rest;
    const char *name = wanted->what, *ini = strstr(name, ".ini") ? "" : ".ini";
    int length = snprintf(asset, sizeof asset, "studies/%s%s", name, ini);
    bool found = !sx_is_file(name) && length > 0 && (size_t)length < sizeof asset &&
                 sx_asset_find(path, asset, NULL) == SX_OK;
    sx_status status =
        sx_config_read(config, found ? path : name, wanted->preset[0] ? wanted->preset : NULL, err);
    sx_text_set(words, sizeof words, wanted->overrides);
    for (char *word = strtok_r(words, " ", &rest); word && !status;
         word = strtok_r(NULL, " ", &rest))
        status = sx_config_override(config, word, err);
    return status;
}

/* The configuration of a run, for a new one. */
static sx_status read_run(const char *which, sx_config *config, sx_error *err) {
    sx_run_folder *run = sx_run_open(which, false, err);
    if (!run) return err->status;
    sx_status status = sx_config_parse(config, sx_run_name(run), sx_run_ini(run), NULL, err);
    sx_run_close(run);
    return status;
}

/* The job that is shown is stopped first: what is sent to it after its end would hit the next. */
static sx_status queue(sx_workbench *bench, const sx_job *job, sx_error *err) {
    sx_engine_send(bench->engine, SX_COMMAND_STOP, 0);
    sx_status status = sx_engine_queue(bench->engine, job, err);
    if (status) return status;
    bench->jobs++;
    bench->starting = true;
    bench->kind = job->kind;
    bench->by_path = false;
    return SX_OK;
}

static sx_status start(void *user, const sx_start *wanted, sx_error *err) {
    sx_workbench *bench = user;
    sx_job job = {.kind = SX_JOB_OPEN, .run = wanted->what};
    sx_config config;
    if (!bench->engine) return sx_fail(err, SX_IO, "nothing can be started yet");
    bool by_hand = !bench->plays && !bench->options->script;
    if (by_hand && wanted->kind != SX_START_OPEN) sx_scratch_keep(); /* a run of the person's own */
    if (wanted->kind == SX_START_RESUME) job.kind = SX_JOB_RESUME;
    if (wanted->kind == SX_START_OPEN || wanted->kind == SX_START_RESUME)
        return queue(bench, &job, err);
    sx_status status = sx_config_new(&config, err);
    if (!status)
        status = wanted->kind == SX_START_AGAIN ? read_run(wanted->what, &config, err)
                                                : read_study(wanted, &config, err);
    job = (sx_job){.kind = SX_JOB_RUN, .config = &config};
    if (!status) status = queue(bench, &job, err);
    sx_config_done(&config);
    return status;
}

/* The newest answer of the probe; true if it is another one. */
static bool look_at_answer(sx_workbench *bench) {
    const sx_answer *newest = sx_engine_answer(bench->engine), *before = bench->answer;
    if (newest == before) {
        sx_answer_release(newest);
        return false;
    }
    bench->answer = newest;
    sx_screen_answer(bench->screen, newest);
    sx_answer_release(before);
    return true;
}

static bool look_at_snapshot(sx_workbench *bench) {
    const sx_snapshot *newest = sx_engine_snapshot(bench->engine);
    if (bench->newest && newest->version == bench->newest->version) {
        sx_snapshot_release(newest);
        return false;
    }
    const sx_snapshot *before = bench->newest;
    bench->newest = newest;
    bench->shown = *newest;
    bench->starting = newest->job < bench->jobs;
    if (bench->options->fixed_clock) {
        bench->shown.seconds = bench->shown.seconds_left = 0;
        bench->shown.images_per_second = bench->shown.measuring_share = NAN;
        if (!isnan(bench->shown.checkpoint_age)) bench->shown.checkpoint_age = 0;
    }
    sx_screen_update(bench->screen, &bench->shown);
    sx_snapshot_release(before);
    return true;
}

bool sx_workbench_look(sx_workbench *bench) {
    bool snapshot = look_at_snapshot(bench), answer = look_at_answer(bench);
    bench->news = bench->news || snapshot || answer;
    return snapshot || answer;
}

sx_status sx_workbench_draw(sx_workbench *bench, int width, int height, sx_look look,
                            sx_error *err) {
    sx_status status = sx_canvas_resize(&bench->canvas, width, height, look, err);
    if (status == SX_OK) sx_screen_draw(bench->screen, &bench->canvas);
    return status;
}

bool sx_parse_size(const char *text, int *width, int *height) {
    int end = 0;
    return sscanf(text, "%4dx%4d%n", width, height, &end) == 2 && !text[end] && *width >= 1 &&
           *width <= 1000 && *height >= 1 && *height <= 1000;
}

sx_status sx_workbench_begin(sx_workbench *bench, const sx_app_options *options,
                             double picture_seconds, sx_error *err) {
    sx_screen_options wanted = {.user = bench,
                                .send = send,
                                .ask = ask,
                                .start = start,
                                .setting = sx_arguments_choice,
                                .lesson = sx_lesson_choice,
                                .starts_freely = options->script != NULL,
                                .page = options->page,
                                .picture_seconds = picture_seconds};
    *bench = (sx_workbench){
        .options = options, .kind = options->job.kind, .by_path = options->job.directory != NULL};
    bench->screen = sx_screen_new(&wanted, err);
    if (bench->screen && options->note[0]) sx_screen_say(bench->screen, options->note, true);
    return bench->screen ? SX_OK : err->status;
}

sx_status sx_workbench_start(sx_workbench *bench, sx_error *err) {
    bench->engine = sx_engine_new(bench->options->threads, err);
    if (!bench->engine) return err->status;
    if (bench->options->idle) return SX_OK;
    bench->jobs++;
    bench->starting = true;
    return sx_engine_queue(bench->engine, &bench->options->job, err);
}

bool sx_workbench_is_over(sx_state state) {
    return state == SX_STATE_FINISHED || state == SX_STATE_STOPPED || state == SX_STATE_FAILED ||
           state == SX_STATE_IDLE;
}

/* Stops a job that runs and says in one line how it ended. */
int sx_workbench_stop(sx_workbench *bench, sx_error *err) {
    if (!bench->newest) return SX_EXIT_DONE;
    bool stopped = false;
    sx_workbench_look(bench);
    if (!sx_workbench_is_over(bench->shown.state))
        sx_engine_send(bench->engine, SX_COMMAND_STOP, 0);
    while (!sx_workbench_is_over(bench->shown.state)) {
        stopped = true;
        for (int number; (number = sx_signals_take());)
            if (number == SIGINT || number == SIGTERM) _exit(128 + number);
        sx_engine_wait(bench->engine, bench->shown.version, 100);
        sx_workbench_look(bench);
    }
    if (bench->shown.state == SX_STATE_FAILED) {
        sx_fail(err, SX_IO, "%s", bench->shown.message);
        return sx_app_fail(err);
    }
    bool stays = bench->shown.run[0] && !sx_scratch_is_used();
    if (stopped && bench->shown.state == SX_STATE_STOPPED && stays)
        printf("sextant: stopped at %s %lld; go on with: sextant run --resume %s\n",
               bench->shown.report.measures_only ? "picture" : "step",
               (long long)bench->shown.report.step,
               bench->by_path ? bench->shown.path : bench->shown.run);
    return SX_EXIT_DONE;
}

void sx_workbench_end(sx_workbench *bench) {
    sx_screen_free(bench->screen);
    sx_snapshot_release(bench->newest);
    sx_answer_release(bench->answer);
    sx_engine_free(bench->engine);
    sx_canvas_done(&bench->canvas);
}

/* ---- a script ---------------------------------------------------------------------------------
 */

/* Without pauses; each step is drawn, since the next one may depend on what is seen. */
static sx_status run_script(sx_workbench *bench, sx_error *err) {
    sx_script *script = sx_script_new(bench->options->script, err);
    sx_script_turn_kind turn = script ? SX_SCRIPT_WENT : SX_SCRIPT_FAILED;
    while (turn == SX_SCRIPT_WENT || turn == SX_SCRIPT_WAITS) {
        double due;
        const sx_canvas *canvas = &bench->canvas;
        if (turn == SX_SCRIPT_WAITS) {
            if (sx_signals_take()) {
                sx_fail(err, SX_CANCELLED, "interrupted while waiting");
                break;
            }
            sx_engine_wait(bench->engine, bench->shown.version, 5);
        }
        sx_workbench_look(bench);
        if (sx_workbench_draw(bench, canvas->width, canvas->height, canvas->look, err)) break;
        turn = sx_script_turn(script, bench, &due, err);
        if (sx_screen_take_wish(bench->screen) == SX_WISH_QUIT) bench->left = true;
    }
    sx_script_free(script);
    return err->status;
}

static int work_by_script(const sx_app_options *options) {
    sx_workbench bench;
    sx_error err = {0};
    int width = 80, height = 24;
    if (options->size && !sx_parse_size(options->size, &width, &height)) {
        sx_fail(&err, SX_USAGE, "--size wants columns and rows such as 120x40, not '%.40s'",
                options->size);
        return sx_app_fail(&err);
    }
    sx_look look = {.colours = options->plain_colours ? 0 : 256,
                    .unicode = !options->ascii,
                    .coarse = options->slow};
    if (options->note[0]) fprintf(stderr, "sextant: %s\n", options->note);
    sx_signals_install(SX_SIGNALS_ENDING);
    sx_status status = sx_workbench_begin(&bench, options, 0, &err);
    if (status == SX_OK) status = sx_workbench_draw(&bench, width, height, look, &err);
    if (status == SX_OK) status = sx_workbench_start(&bench, &err);
    if (status == SX_OK) status = run_script(&bench, &err);
    int code = status == SX_OK ? SX_EXIT_DONE : sx_app_fail(&err);
    sx_workbench_end(&bench);
    return code;
}

int sx_app_workbench(const sx_app_options *options) {
    sx_theme theme;
    sx_error err = {0};
    if (options->theme && sx_theme_read(options->theme, &theme, &err)) return sx_app_fail(&err);
    sx_theme_use(options->theme ? &theme : NULL);
    if (options->scratch && sx_scratch_open(&err)) return sx_app_fail(&err);
    if (options->keep) sx_scratch_keep();
    int code = options->script ? work_by_script(options) : sx_session_run(options);
    char kept[SX_PATH_SIZE];
    sx_scratch_close(kept);
    if (kept[0]) printf("sextant: the runs of the lesson are in %s\n", kept);
    return code;
}

/* ---- help -------------------------------------------------------------------------------------
 */

static void describe(const char *title, const sx_command *commands, sx_text *out) {
    sx_text_add(out, "%s\n", title);
    for (const sx_command *row = commands; row->name; row++)
        sx_text_add(out, "  %-14s :%-14s %s%s%s\n", row->keys, row->name, row->argument,
                    row->argument[0] ? "  " : "", row->help);
}

void sx_app_keys(sx_text *out) {
    const char *name;
    describe("everywhere", sx_screen_commands, out);
    for (int pane = 0; sx_pane_commands(pane, &name); pane++)
        describe(name, sx_pane_commands(pane, NULL), out);
}
