/* Scripts: the workbench driven from a file instead of a keyboard. On a canvas in memory they make
 * golden screens and bug reports; at a terminal, with pauses and captions, they are lessons. One
 * step a line:
 *
 *   # a comment; empty lines are skipped
 *   key Tab Enter Ctrl-L j       keys by name, as `sextant help keys` writes them
 *   type :filter shirt           each character of the rest as a key
 *   :pause                       any command of the workbench, with its argument
 *   :caption TEXT                says what is seen, until the next caption
 *   :wait step 200               until the run has done so many steps
 *   :wait state paused           until the run is in that state
 *   :wait result location        until that result is there
 *   :wait probe whole            until the probe has answered in full
 *   :wait seconds 4              a pause for reading; none where nobody watches
 *   :resize 120x40               another size of the screen (not at a terminal)
 *   :screen-save FILE            the screen as text, and its styles in FILE.styles
 *   :state-save FILE             page, focus, filters, cursors, state and step as JSON
 *
 * Waits but the last are for what the engine says, never for a time; they fail when the run has
 * ended without it, or, so that a hung program ends a test, after ten minutes without a new
 * snapshot. The script ends with its last line or when the workbench is left. */
#include "app/script.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_SECONDS 600
#define KEY_SECONDS 0.5 /* between keys, at a speed of 1 */
#define TYPE_SECONDS 0.07

typedef struct {
    const char
        *what; /* "step", "state", "result", "probe", "seconds"; NULL: nothing is waited for */
    const char *wanted;
    double number;
} condition;

struct sx_script {
    char path[SX_PATH_SIZE];
    sx_bytes text;
    char *next; /* line; NULL: none */
    int line, lines;
    char *keys; /* what is left of a line of keys or of text; NULL: nothing */
    bool types; /* they are single characters */
    condition wait;
    double since; /* news */
    double speed, due;
    bool left; /* the workbench was left by a key or a command */
};

/* ---- reading ----------------------------------------------------------------------------------
 */

static sx_status find(const char *name, char *path, sx_error *err) {
    char asset[160];
    if (strchr(name, '/') || sx_is_file(name)) {
        sx_text_set(path, SX_PATH_SIZE, name);
        return SX_OK;
    }
    int length = snprintf(asset, sizeof asset, "scripts/%s.txt", name);
    if (length > 0 && (size_t)length < sizeof asset && !sx_asset_find(path, asset, NULL))
        return SX_OK;
    sx_text_set(path, SX_PATH_SIZE, name);
    (void)err;
    return SX_OK; /* reading it says what is wrong */
}

sx_script *sx_script_new(const char *name, sx_error *err) {
    sx_script *s = sx_alloc(1, sizeof *s);
    if (!s) {
        sx_fail(err, SX_NO_MEMORY, "no memory for the script");
        return NULL;
    }
    if (find(name, s->path, err) || sx_file_read(s->path, 1 << 20, &s->text, err)) {
        sx_free(s);
        return NULL;
    }
    s->next = (char *)s->text.data;
    for (const char *c = s->next; *c; c++) s->lines += *c == '\n';
    return s;
}

void sx_script_free(sx_script *script) {
    if (!script) return;
    sx_bytes_done(&script->text);
    sx_free(script);
}

void sx_script_pace(sx_script *script, double speed) {
    script->speed = speed;
    if (script->due > sx_seconds()) script->due = sx_seconds();
}

void sx_script_progress(const sx_script *script, int *done, int *all) {
    *done = script->line;
    *all = script->lines;
}

/* Nothing more happens for so many seconds at a speed of 1. */
static void rest(sx_script *s, double seconds) {
    if (s->speed > 0) s->due = sx_seconds() + seconds / s->speed;
}

/* ---- keys -------------------------------------------------------------------------------------
 */

static sx_status press(sx_workbench *bench, const char *key, sx_error *err) {
    if (!sx_key_known(key))
        return sx_fail(err, SX_BAD_INPUT, "there is no key '%.40s' (sextant help keys)", key);
    sx_workbench_look(bench);
    sx_screen_key(bench->screen, key);
    return SX_OK;
}

/* The next key of a line of them. */
static sx_status press_next(sx_script *s, sx_workbench *bench, sx_error *err) {
    char *key = s->keys;
    size_t length = strcspn(key, " \t");
    s->keys = key[length] ? key + length + 1 : NULL;
    key[length] = 0;
    rest(s, KEY_SECONDS);
    return length ? press(bench, key, err) : SX_OK;
}

/* The next character of a line of text. */
static sx_status type_next(sx_script *s, sx_workbench *bench, sx_error *err) {
    char key[SX_KEY_SIZE] = "";
    size_t length = 1;
    while (length < sizeof key - 1 && ((unsigned char)s->keys[length] & 0xC0) == 0x80) length++;
    memcpy(key, s->keys, length);
    s->keys = s->keys[length] ? s->keys + length : NULL;
    rest(s, TYPE_SECONDS);
    return press(bench, strcmp(key, " ") ? key : "space", err);
}

static sx_status run_key(sx_script *s, sx_workbench *bench, char *names, sx_error *err) {
    (void)bench, (void)err;
    s->keys = *names ? names : NULL;
    s->types = false;
    return SX_OK;
}

static sx_status run_type(sx_script *s, sx_workbench *bench, char *text, sx_error *err) {
    (void)bench, (void)err;
    s->keys = *text ? text : NULL;
    s->types = true;
    return SX_OK;
}

/* ---- waiting ----------------------------------------------------------------------------------
 */

static bool has_ended(sx_state state) {
    return state == SX_STATE_FINISHED || state == SX_STATE_STOPPED || state == SX_STATE_FAILED;
}

/* A run that is shown already while its data come: a script sees all of it. */
static bool opening(const sx_snapshot *now) {
    return has_ended(now->state) && now->loading[0];
}

static bool holds(const condition *c, const sx_workbench *bench) {
    const sx_snapshot *now = &bench->shown;
    if (!strcmp(c->what, "seconds")) return true; /* its time is up when it is looked at */
    if (bench->starting) return false;            /* what is seen is the job before */
    if (!strcmp(c->what, "probe")) return sx_engine_answered(bench->engine);
    if (!strcmp(c->what, "step")) return (double)now->report.step >= c->number;
    if (!strcmp(c->what, "state"))
        return !strcmp(sx_state_name(now->state), c->wanted) && !opening(now);
    return sx_snapshot_result(now, c->wanted) != NULL;
}

static sx_status parse_condition(const char *what, const char *wanted, condition *c,
                                 sx_error *err) {
    static const char *const whats[] = {"step", "state", "result", "probe", "seconds"};
    *c = (condition){.what = what, .wanted = wanted};
    bool known = false, fine = wanted[0] != 0;
    for (size_t i = 0; i < sizeof whats / sizeof *whats; i++) known |= !strcmp(what, whats[i]);
    if (!strcmp(what, "step") || !strcmp(what, "seconds"))
        fine = sx_text_number(wanted, &c->number) && c->number >= 0;
    if (!strcmp(what, "state")) {
        fine = false;
        for (int i = 0; i < SX_STATES; i++) fine |= !strcmp(wanted, sx_state_name((sx_state)i));
    }
    if (!strcmp(what, "probe")) fine = !strcmp(wanted, "whole");
    if (known && fine) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "wait wants 'step N', 'state NAME', 'result NAME', 'probe whole' or 'seconds "
                   "N'");
}

static sx_status run_wait(sx_script *s, sx_workbench *bench, char *argument, sx_error *err) {
    char *wanted = argument + strcspn(argument, " ");
    (void)bench;
    if (*wanted) *wanted++ = 0;
    sx_status status = parse_condition(argument, wanted + strspn(wanted, " "), &s->wait, err);
    if (status) return status;
    s->since = sx_seconds();
    if (!strcmp(s->wait.what, "seconds")) rest(s, s->wait.number);
    return SX_OK;
}

/* Looks whether the wait is over; fails if it can never be. */
static sx_status look(sx_script *s, sx_workbench *bench, sx_error *err) {
    const condition *c = &s->wait;
    if (sx_workbench_look(bench)) s->since = sx_seconds();
    const sx_snapshot *now = &bench->shown;
    if (holds(c, bench)) {
        s->wait.what = NULL;
        return SX_OK;
    }
    bool probes = !strcmp(c->what, "probe");
    if (has_ended(now->state) && !opening(now) && !bench->starting && !(probes && now->data))
        return sx_fail(err, SX_BAD_INPUT, "the run is %s, so '%s %s' will not come: %.300s",
                       sx_state_name(now->state), c->what, c->wanted, now->message);
    if (sx_seconds() - s->since > PATIENCE_SECONDS)
        return sx_fail(err, SX_IO, "no news for %d seconds while waiting for '%s %s'",
                       PATIENCE_SECONDS, c->what, c->wanted);
    return SX_OK;
}

/* ---- the other commands -----------------------------------------------------------------------
 */

static sx_status run_resize(sx_script *s, sx_workbench *bench, char *argument, sx_error *err) {
    int width, height;
    if (!sx_parse_size(argument, &width, &height))
        return sx_fail(err, SX_BAD_INPUT, "resize wants columns and rows such as 120x40");
    if (s->speed > 0) return SX_OK; /* a terminal has its size */
    return sx_workbench_draw(bench, width, height, bench->canvas.look, err);
}

static sx_status run_state_save(sx_script *s, sx_workbench *bench, char *argument, sx_error *err) {
    (void)s;
    if (!argument[0]) return sx_fail(err, SX_BAD_INPUT, "state-save wants a file");
    json_t *state = sx_screen_state(bench->screen);
    if (!state) return sx_fail(err, SX_NO_MEMORY, "no memory for the state");
    sx_status status = sx_json_write(argument, state, false, err);
    json_decref(state);
    return status;
}

/* A command of the workbench; one that could not do its work fails the script. */
static sx_status run_command(sx_script *s, sx_workbench *bench, const char *line, sx_error *err) {
    sx_workbench_look(bench);
    sx_status status = sx_screen_command(bench->screen, line, err);
    if (status == SX_USAGE) err->status = status = SX_BAD_INPUT; /* of the script, not of ours */
    if (strncmp(line, "caption", 7) != 0) rest(s, KEY_SECONDS);
    return status;
}

static const struct {
    const char *start;
    sx_status (*run)(sx_script *s, sx_workbench *bench, char *rest, sx_error *err);
} words[] = {{"key", run_key},
             {"type", run_type},
             {":wait", run_wait},
             {":resize", run_resize},
             {":state-save", run_state_save}};

static sx_status run_line(sx_script *s, sx_workbench *bench, char *line, sx_error *err) {
    line += strspn(line, " \t");
    size_t end = strlen(line);
    while (end > 0 && strchr(" \t\r", line[end - 1])) line[--end] = 0;
    if (!line[0] || line[0] == '#') return SX_OK;
    size_t length = strcspn(line, " \t");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i].start) != length || memcmp(line, words[i].start, length) != 0) continue;
        char *rest = line + length;
        return words[i].run(s, bench, rest + strspn(rest, " \t"), err);
    }
    if (line[0] == ':') return run_command(s, bench, line + 1, err);
    return sx_fail(err, SX_BAD_INPUT, "a line is 'key NAME ...', 'type TEXT' or ':command'");
}

/* ---- a turn -----------------------------------------------------------------------------------
 */

static sx_status run_next_line(sx_script *s, sx_workbench *bench, sx_error *err) {
    char *line = s->next, *end = strchr(line, '\n');
    if (end) *end++ = 0;
    s->next = end;
    s->line++;
    return run_line(s, bench, line, err);
}

sx_script_turn_kind sx_script_turn(sx_script *s, sx_workbench *bench, double *due, sx_error *err) {
    *due = INFINITY;
    if (bench->left) return SX_SCRIPT_ENDED;
    if (s->speed > 0 && sx_seconds() < s->due) {
        *due = s->due;
        return SX_SCRIPT_WAITS;
    }
    sx_status status = SX_OK;
    if (s->wait.what) {
        status = look(s, bench, err);
        if (!status && s->wait.what) return SX_SCRIPT_WAITS;
    } else if (s->keys) {
        status = (s->types ? type_next : press_next)(s, bench, err);
    } else if (s->next) {
        status = run_next_line(s, bench, err);
    } else {
        return SX_SCRIPT_ENDED;
    }
    if (status == SX_OK) return SX_SCRIPT_WENT;
    sx_fail_within(err, "%s:%d", s->path, s->line);
    return SX_SCRIPT_FAILED;
}
