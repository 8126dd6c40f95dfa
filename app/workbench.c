/* The workbench: engine, screen and terminal in one loop. It sleeps in poll until a key, a signal
 * or a newer snapshot is there, applies all that has come, then draws at most one frame, at most
 * thirty a second. The first frame is shown before the engine starts. On the way out the terminal
 * is given back first, so that waiting for the last checkpoint happens in a plain shell. */
#include "app/workbench.h"

#include "app/commands.h"
#include "app/lesson.h"
#include "app/theme.h"

#include "views/terminal/terminal.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_SECONDS (1.0 / 30)
#define RESIZE_SECONDS 0.03  /* of quiet, so that a dragged border costs few frames */
#define PICTURE_SECONDS 0.02 /* of a frame, for pictures that were not drawn before */
#define ENDING_SECONDS 2     /* for a checkpoint after a signal; then the process ends hard */

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

static sx_status begin(sx_workbench *bench, const sx_app_options *options, double picture_seconds,
                       sx_error *err) {
    sx_screen_options wanted = {.user = bench,
                                .send = send,
                                .ask = ask,
                                .start = start,
                                .starts_freely = options->script != NULL,
                                .page = options->page,
                                .picture_seconds = picture_seconds};
    *bench = (sx_workbench){
        .options = options, .kind = options->job.kind, .by_path = options->job.directory != NULL};
    bench->screen = sx_screen_new(&wanted, err);
    if (bench->screen && options->note[0]) sx_screen_say(bench->screen, options->note, true);
    return bench->screen ? SX_OK : err->status;
}

static sx_status start_engine(sx_workbench *bench, sx_error *err) {
    bench->engine = sx_engine_new(bench->options->threads, err);
    if (!bench->engine) return err->status;
    if (bench->options->idle) return SX_OK;
    bench->jobs++;
    bench->starting = true;
    return sx_engine_queue(bench->engine, &bench->options->job, err);
}

static bool is_over(sx_state state) {
    return state == SX_STATE_FINISHED || state == SX_STATE_STOPPED || state == SX_STATE_FAILED ||
           state == SX_STATE_IDLE;
}

/* Stops a job that runs and says in one line how it ended. */
static int stop_job(sx_workbench *bench, sx_error *err) {
    if (!bench->newest) return SX_EXIT_DONE;
    bool stopped = false;
    sx_workbench_look(bench);
    if (!is_over(bench->shown.state)) sx_engine_send(bench->engine, SX_COMMAND_STOP, 0);
    while (!is_over(bench->shown.state)) {
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
    if (stopped && bench->shown.state == SX_STATE_STOPPED && bench->shown.run[0])
        printf("sextant: stopped at step %lld; go on with: sextant run --resume %s\n",
               (long long)bench->shown.report.step,
               bench->by_path ? bench->shown.path : bench->shown.run);
    return SX_EXIT_DONE;
}

static void end(sx_workbench *bench) {
    sx_screen_free(bench->screen);
    sx_snapshot_release(bench->newest);
    sx_answer_release(bench->answer);
    sx_engine_free(bench->engine);
    sx_canvas_done(&bench->canvas);
}

/* ---- a person at a terminal -------------------------------------------------------------------
 */

typedef struct {
    sx_workbench bench;
    sx_terminal *terminal;
    int width, height;
    int signals;
    bool dirty, leaving;
    char logged[sizeof((sx_snapshot *)0)->path]; /* the run whose log takes standard error */
    int ending;                                  /* the signal that ends it, 0: none */
    double next_frame;                           /* not before */
    double resize_at;                            /* 0: no resize is pending */
    sx_lesson lesson;
    sx_recorder recorder;
} session;

static sx_status draw_frame(session *s, sx_error *err) {
    sx_status status =
        sx_workbench_draw(&s->bench, s->width, s->height, sx_terminal_look(s->terminal), err);
    if (status != SX_OK) return status;
    sx_terminal_flush(s->terminal, &s->bench.canvas);
    s->dirty = sx_screen_again(s->bench.screen);
    s->next_frame = sx_seconds() + FRAME_SECONDS;
    return SX_OK;
}

static void suspend(session *s) {
    sx_terminal_suspend(s->terminal);
    for (int number; (number = sx_signals_take());) /* its own SIGCONT among them */
        if (number != SIGCONT && number != SIGTSTP && number != SIGWINCH) s->ending = number;
    s->resize_at = sx_seconds();
    s->dirty = true;
}

static void take_signals(session *s) {
    for (int number; (number = sx_signals_take());) {
        if (number == SIGTSTP) {
            suspend(s);
        } else if (number == SIGWINCH) {
            s->resize_at = sx_seconds() + RESIZE_SECONDS;
        } else if (number == SIGCONT) {
            sx_terminal_repaint(s->terminal);
            s->resize_at = sx_seconds();
            s->dirty = true;
        } else {
            s->ending = number;
        }
    }
}

/* Begins a recording, or ends the one that goes on. */
static void record(session *s, const char *path, bool by_prompt) {
    char said[SX_PATH_SIZE + 64];
    sx_error err = {0};
    if (s->recorder.path[0]) {
        snprintf(said, sizeof said, "what was pressed is in %s", s->recorder.path);
        bool bad = sx_recorder_end(&s->recorder, by_prompt, &err) != SX_OK;
        sx_screen_say(s->bench.screen, bad ? err.message : said, bad);
    } else if (path[0]) {
        sx_recorder_begin(&s->recorder, path);
        sx_screen_say(s->bench.screen, "recording; F6 or :record ends it", false);
    } else {
        sx_screen_say(s->bench.screen, "record takes the name of a file", true);
    }
}

static void replay(session *s, const char *name) {
    sx_error err = {0};
    if (sx_lesson_begin(&s->lesson, &s->bench, name, s->bench.options->speed, &err))
        sx_screen_say(s->bench.screen, err.message, true);
}

static void grant_wish(session *s, bool by_prompt) {
    sx_screen_wish wish = sx_screen_take_wish(s->bench.screen);
    if (wish == SX_WISH_QUIT) s->leaving = true;
    if (wish == SX_WISH_REPAINT) sx_terminal_repaint(s->terminal);
    if (wish == SX_WISH_SUSPEND) suspend(s);
    if (wish == SX_WISH_COPY) sx_terminal_copy(sx_screen_wished(s->bench.screen));
    if (wish == SX_WISH_RECORD) record(s, sx_screen_wished(s->bench.screen), by_prompt);
    if (wish == SX_WISH_REPLAY) replay(s, sx_screen_wished(s->bench.screen));
}

static void press(session *s, const char *key) {
    if (sx_lesson_key(&s->lesson, &s->bench, key)) return;
    bool in_prompt = sx_screen_prompting(s->bench.screen), recorded = s->recorder.path[0] != 0;
    s->bench.told = -1;
    sx_screen_key(s->bench.screen, key);
    grant_wish(s, in_prompt);
    if (recorded) sx_recorder_key(&s->recorder, key, in_prompt, s->bench.told);
}

static void take_input(session *s) {
    for (;;) {
        sx_terminal_event event = sx_terminal_next(s->terminal);
        if (event.kind == SX_TERMINAL_GONE) s->ending = SIGHUP;
        if (event.kind == SX_TERMINAL_GONE || event.kind == SX_TERMINAL_NOTHING) return;
        if (event.kind == SX_TERMINAL_KEY)
            press(s, event.key);
        else
            sx_screen_mouse(s->bench.screen, event.key, event.x, event.y);
        s->dirty = true;
        if (s->leaving) return;
    }
}

/* Takes the newest snapshot; its run's log takes what libraries write to standard error. */
static void take_snapshot(session *s) {
    char bytes[256], log[SX_PATH_SIZE];
    while (read(sx_engine_wake(s->bench.engine), bytes, sizeof bytes) > 0) {
    }
    if (!sx_workbench_look(&s->bench)) return;
    s->dirty = true;
    bool ours = s->bench.kind == SX_JOB_RUN || s->bench.kind == SX_JOB_RESUME;
    if (!ours || !s->bench.shown.path[0] || !strcmp(s->logged, s->bench.shown.path)) return;
    sx_text_set(s->logged, sizeof s->logged, s->bench.shown.path);
    if (sx_path_join(log, s->bench.shown.path, "log.txt", NULL) == SX_OK)
        sx_terminal_log(s->terminal, log);
}

/* Milliseconds until something is due, -1 if nothing is. */
static int time_left(const session *s) {
    double due = INFINITY, now = sx_seconds();
    if (s->dirty) due = fmax(s->next_frame, sx_terminal_ready(s->terminal));
    if (s->resize_at > 0 && s->resize_at < due) due = s->resize_at;
    if (s->lesson.script && s->lesson.due < due) due = s->lesson.due;
    if (isinf(due)) return -1;
    return due > now ? (int)ceil((due - now) * 1000) : 0;
}

static void wait_for_something(session *s) {
    struct pollfd wait[] = {{.fd = sx_terminal_input(s->terminal), .events = POLLIN},
                            {.fd = s->signals, .events = POLLIN},
                            {.fd = sx_engine_wake(s->bench.engine), .events = POLLIN}};
    if (poll(wait, 3, time_left(s)) <= 0) return;
    if (wait[1].revents) take_signals(s);
    if (wait[0].revents & POLLIN) take_input(s);
    if (wait[0].revents & (POLLHUP | POLLERR | POLLNVAL)) s->ending = SIGHUP;
    if (wait[2].revents) take_snapshot(s);
}

static sx_status loop(session *s, sx_error *err) {
    sx_status status = SX_OK;
    while (status == SX_OK && !s->leaving && !s->ending) {
        double now = sx_seconds();
        if (s->resize_at > 0 && now >= s->resize_at) {
            s->resize_at = 0;
            sx_terminal_size(s->terminal, &s->width, &s->height);
            s->dirty = true;
        }
        if (sx_lesson_turn(&s->lesson, &s->bench)) {
            s->dirty = true;
            grant_wish(s, false);
        }
        s->dirty = s->dirty || s->bench.news;
        s->bench.news = false;
        if (s->dirty && now >= s->next_frame && now >= sx_terminal_ready(s->terminal))
            status = draw_frame(s, err);
        if (status == SX_OK) wait_for_something(s);
    }
    return status;
}

static sx_status run_session(session *s, sx_error *err) {
    s->signals = sx_signals_install(SX_SIGNALS_ENDING | SX_SIGNALS_TERMINAL);
    if (s->signals < 0) return sx_fail(err, SX_IO, "cannot set up signals");
    const char *note = sx_terminal_note(s->terminal);
    if (note[0]) sx_screen_say(s->bench.screen, note, false);
    sx_terminal_size(s->terminal, &s->width, &s->height);
    sx_status status = draw_frame(s, err);
    if (status == SX_OK) status = start_engine(&s->bench, err);
    if (status == SX_OK) {
        take_snapshot(s);
        if (s->bench.options->replay) replay(s, s->bench.options->replay);
        status = loop(s, err);
    }
    if (s->recorder.path[0]) record(s, "", false);
    sx_lesson_end(&s->lesson, &s->bench);
    return status;
}

static int work_at_terminal(const sx_app_options *options) {
    session s = {0};
    sx_error err = {0};
    sx_status status = begin(&s.bench, options, PICTURE_SECONDS, &err);
    if (status != SX_OK) return sx_app_fail(&err);
    sx_terminal_options look = {.ascii = options->ascii, .plain_colours = options->plain_colours};
    s.terminal = sx_terminal_open(&look, &err);
    if (!s.terminal) { /* no terminal that could show it: the same job as text */
        fprintf(stderr, "sextant: %s; going on without a screen\n", err.message);
        end(&s.bench);
        return sx_app_headless(options);
    }
    status = run_session(&s, &err);
    sx_terminal_close(s.terminal);
    if (s.ending) alarm(ENDING_SECONDS);
    int code = status == SX_OK ? stop_job(&s.bench, &err) : sx_app_fail(&err);
    end(&s.bench);
    return code;
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
    sx_look look = {.colours = options->plain_colours ? 0 : 256, .unicode = !options->ascii};
    if (options->note[0]) fprintf(stderr, "sextant: %s\n", options->note);
    sx_signals_install(SX_SIGNALS_ENDING);
    sx_status status = begin(&bench, options, 0, &err);
    if (status == SX_OK) status = sx_workbench_draw(&bench, width, height, look, &err);
    if (status == SX_OK) status = start_engine(&bench, &err);
    if (status == SX_OK) status = run_script(&bench, &err);
    int code = status == SX_OK ? SX_EXIT_DONE : sx_app_fail(&err);
    end(&bench);
    return code;
}

int sx_app_workbench(const sx_app_options *options) {
    sx_theme theme;
    sx_error err = {0};
    if (options->theme && sx_theme_read(options->theme, &theme, &err)) return sx_app_fail(&err);
    sx_theme_use(options->theme ? &theme : NULL);
    return options->script ? work_by_script(options) : work_at_terminal(options);
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
