/* A person at a terminal: engine, screen and terminal in one loop. It sleeps in poll until a key, a
 * signal or a newer snapshot is there, applies all that has come, then draws at most one frame, at
 * most thirty a second, none while the line is full. The first frame is shown before the engine
 * starts. On the way out the terminal is given back first, so that waiting for the last checkpoint
 * happens in a plain shell. */
#include "app/session.h"

#include "app/arguments.h"
#include "app/lesson.h"
#include "app/settings.h"
#include "app/theme.h"

#include "views/terminal/terminal.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FRAME_SECONDS (1.0 / 30)
#define SLOW_SECONDS 0.25    /* between frames with --slow */
#define SLOW_ANSWER 0.4      /* seconds of a status request: frames wait for it */
#define RESIZE_SECONDS 0.03  /* of quiet, so that a dragged border costs few frames */
#define PICTURE_SECONDS 0.02 /* of a frame, for pictures that were not drawn before */
#define ENDING_SECONDS 2     /* for a checkpoint after a signal; then the process ends hard */

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
    double slow_since; /* when answers began to take long; 0: they do not; -1: it was said */
    double resize_at;  /* 0: no resize is pending */
    char title[160];
    sx_lesson lesson;
    sx_recorder recorder;
    sx_arguments settings; /* as they are now: only `app` is used */
} session;

/* Run and progress in the window's title: worth some bytes at each percent. */
static void show_title(session *s) {
    const sx_snapshot *now = &s->bench.shown;
    char title[sizeof s->title];
    double done = now->report.steps > 0 ? (double)now->report.step / (double)now->report.steps : 0;
    snprintf(title, sizeof title, "sextant%s%.96s %s %.0f %%", now->run[0] ? " " : "", now->run,
             sx_state_name(now->state), floor(done * 100));
    if (!now->run[0] || strcmp(title, s->title) == 0) return;
    sx_text_set(s->title, sizeof s->title, title);
    sx_terminal_title(s->terminal, title);
}

static sx_status draw_frame(session *s, sx_error *err) {
    sx_look look = sx_terminal_look(s->terminal);
    look.coarse = s->settings.app.slow;
    sx_status status = sx_workbench_draw(&s->bench, s->width, s->height, look, err);
    if (status != SX_OK) return status;
    sx_terminal_flush(s->terminal, &s->bench.canvas);
    show_title(s);
    s->dirty = sx_screen_again(s->bench.screen);
    s->next_frame = sx_seconds() + (s->settings.app.slow ? SLOW_SECONDS : FRAME_SECONDS);
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

/* What comes with the program has its own store; a recording is about the person's own runs. */
static void replay(session *s, const char *name) {
    sx_error err = {0};
    bool scratch = sx_lesson_comes_along(name) && !sx_scratch_is_used();
    if (scratch && !sx_scratch_open(&err)) sx_screen_command(s->bench.screen, "unmark", NULL);
    if (err.status || sx_lesson_begin(&s->lesson, &s->bench, name, s->bench.options->speed, &err))
        sx_screen_say(s->bench.screen, err.message, true);
}

static sx_terminal_options terminal_options(const sx_app_options *options) {
    return (sx_terminal_options){.ascii = options->ascii,
                                 .plain_colours = options->plain_colours,
                                 .no_mouse = options->no_mouse};
}

/* What of the settings can change while the program runs. */
static void obey(session *s) {
    const sx_app_options *options = &s->settings.app;
    sx_theme theme;
    sx_error err = {0};
    if (options->theme && sx_theme_read(options->theme, &theme, &err) == SX_OK)
        sx_theme_use(&theme);
    sx_terminal_options look = terminal_options(options);
    sx_terminal_change(s->terminal, &look);
    sx_screen_slow(s->bench.screen, options->slow);
}

/* "NAME VALUE" from now on, and kept. */
static void set(session *s, const char *text) {
    static char kept[8][128]; /* values are pointed to until the end */
    static int turn;
    char name[48], path[SX_PATH_SIZE], said[SX_PATH_SIZE + 128];
    char *value = kept[turn++ % 8];
    sx_error err = {0};
    sx_text_set(name, sizeof name, text);
    name[strcspn(name, " ")] = 0;
    text += strlen(name);
    sx_text_set(value, sizeof kept[0], text + strspn(text, " ="));
    sx_status status = value[0] ? sx_arguments_set(name, value, &s->settings, &err)
                                : sx_fail(&err, SX_USAGE, "set takes a name and a value");
    if (!status) obey(s);
    if (!status) status = sx_settings_keep(name, value, path, &err);
    snprintf(said, sizeof said, "%s is %s%s, also next time: %s", name, value,
             strcmp(name, "threads") ? "" : " from the next start on", status ? "" : path);
    sx_screen_say(s->bench.screen, status ? err.message : said, status != SX_OK);
}

static void grant_wish(session *s, bool by_prompt) {
    sx_screen_wish wish = sx_screen_take_wish(s->bench.screen);
    if (wish == SX_WISH_QUIT) s->leaving = true;
    if (wish == SX_WISH_REPAINT) sx_terminal_repaint(s->terminal);
    if (wish == SX_WISH_SUSPEND) suspend(s);
    if (wish == SX_WISH_COPY) sx_terminal_copy(sx_screen_wished(s->bench.screen));
    if (wish == SX_WISH_RECORD) record(s, sx_screen_wished(s->bench.screen), by_prompt);
    if (wish == SX_WISH_REPLAY) replay(s, sx_screen_wished(s->bench.screen));
    if (wish == SX_WISH_SET) set(s, sx_screen_wished(s->bench.screen));
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

static void take_snapshot(session *s) {
    char bytes[256];
    while (read(sx_engine_wake(s->bench.engine), bytes, sizeof bytes) > 0) {
    }
    sx_workbench_look(&s->bench);
}

/* The log of the run that is computed takes what libraries write to standard error. */
static void follow_log(session *s) {
    char log[SX_PATH_SIZE];
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

/* A line that has been slow for a while gets a word about what helps, once. */
static void watch_line(session *s) {
    double now = sx_seconds(), took = sx_terminal_round_trip(s->terminal);
    if (s->slow_since < 0 || s->settings.app.slow) return;
    if (!(took > SLOW_ANSWER)) {
        s->slow_since = 0;
    } else if (s->slow_since == 0) {
        s->slow_since = now;
    } else if (now > s->slow_since + 10) {
        s->slow_since = -1;
        sx_screen_say(s->bench.screen, "the line is slow; :set slow yes draws less", false);
    }
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
        if (s->bench.news) follow_log(s);
        watch_line(s);
        s->dirty = s->dirty || s->bench.news;
        s->bench.news = false;
        if (s->dirty && now >= s->next_frame && now >= sx_terminal_ready(s->terminal))
            status = draw_frame(s, err);
        if (status == SX_OK) wait_for_something(s);
    }
    return status;
}

#define LAYOUT "layout.txt"

/* As it was left; a page or a lesson that was asked for goes before. */
static void restore_layout(session *s) {
    char path[SX_PATH_SIZE];
    sx_bytes text;
    const sx_app_options *options = s->bench.options;
    if (options->page || options->replay || sx_user_file(path, LAYOUT, NULL) ||
        sx_file_read(path, 1 << 14, &text, NULL))
        return;
    sx_screen_arrange(s->bench.screen, (const char *)text.data);
    sx_bytes_done(&text);
}

/* What cannot be kept is not worth a word at the end. */
static void keep_layout(const session *s) {
    char path[SX_PATH_SIZE], folder[SX_PATH_SIZE];
    sx_text text = {0};
    sx_screen_layout(s->bench.screen, &text);
    if (!text.failed && !sx_user_file(folder, ".", NULL) && !sx_directory_make(folder, NULL) &&
        !sx_user_file(path, LAYOUT, NULL))
        sx_file_write(path, text.data, text.size, NULL);
    sx_text_done(&text);
}

static sx_status run_session(session *s, sx_error *err) {
    s->signals = sx_signals_install(SX_SIGNALS_ENDING | SX_SIGNALS_TERMINAL);
    if (s->signals < 0) return sx_fail(err, SX_IO, "cannot set up signals");
    restore_layout(s);
    const char *note = sx_terminal_note(s->terminal);
    if (note[0]) sx_screen_say(s->bench.screen, note, false);
    sx_terminal_size(s->terminal, &s->width, &s->height);
    sx_status status = draw_frame(s, err);
    if (status == SX_OK) status = sx_workbench_start(&s->bench, err);
    if (status == SX_OK) {
        take_snapshot(s);
        if (s->bench.options->replay) replay(s, s->bench.options->replay);
        status = loop(s, err);
    }
    if (s->recorder.path[0]) record(s, "", false);
    if (!s->bench.options->idle) keep_layout(s);
    sx_lesson_end(&s->lesson, &s->bench);
    return status;
}

static void log_sentence(const sx_workbench *bench, const char *sentence) {
    char path[SX_PATH_SIZE];
    if (!bench->shown.path[0] || sx_path_join(path, bench->shown.path, "log.txt", NULL)) return;
    FILE *log = fopen(path, "ae");
    if (!log) return;
    fprintf(log, "%s\n", sentence);
    fclose(log);
}

/* The terminal is gone, the run is not: computes to its end, or to a signal, which is returned. */
static int go_on_alone(sx_workbench *bench) {
    int ending = 0;
    log_sentence(bench, "the terminal went; going on without a screen (on-hangup = continue)");
    while (!ending && (bench->starting || !sx_workbench_is_over(bench->shown.state))) {
        sx_engine_wait(bench->engine, bench->shown.version, 500);
        sx_workbench_look(bench);
        if (bench->shown.state == SX_STATE_PAUSED)
            sx_engine_send(bench->engine, SX_COMMAND_RESUME, 0);
        for (int number; (number = sx_signals_take());)
            if (number == SIGTERM || number == SIGINT) ending = number;
    }
    return ending;
}

int sx_session_run(const sx_app_options *options) {
    session s = {0};
    sx_error err = {0};
    sx_status status = sx_workbench_begin(&s.bench, options, PICTURE_SECONDS, &err);
    if (status != SX_OK) return sx_app_fail(&err);
    sx_terminal_options look = terminal_options(options);
    s.settings.app = *options;
    sx_screen_slow(s.bench.screen, options->slow);
    s.terminal = sx_terminal_open(&look, &err);
    if (!s.terminal) { /* no terminal that could show it: the same job as text */
        fprintf(stderr, "sextant: %s; going on without a screen\n", err.message);
        sx_workbench_end(&s.bench);
        return sx_app_headless(options);
    }
    status = run_session(&s, &err);
    bool goes_on = s.ending == SIGHUP && s.settings.app.on_hangup &&
                   !strcmp(s.settings.app.on_hangup, "continue");
    sx_terminal_close(s.terminal);
    if (goes_on) s.ending = go_on_alone(&s.bench);
    if (s.ending) alarm(ENDING_SECONDS);
    int code = status == SX_OK ? sx_workbench_stop(&s.bench, &err) : sx_app_fail(&err);
    sx_workbench_end(&s.bench);
    return code;
}
