/* Scripts: the workbench driven from a file instead of a keyboard, on a canvas in memory. Golden
 * screens, recorded lessons and bug reports use it. One step a line:
 *
 *   # a comment; empty lines are skipped
 *   key Tab Enter Ctrl-L j       keys by name, as `sextant help keys` writes them
 *   type :filter shirt           each character of the rest as a key
 *   :pause                       any command of the workbench, with its argument
 *   :wait step 200               until the run has done so many steps
 *   :wait state paused           until the run is in that state
 *   :wait result location        until that result is there
 *   :wait probe whole            until the probe has answered in full
 *   :resize 120x40               another size of the screen
 *   :screen-save FILE            the screen as text, and its styles in FILE.styles
 *   :state-save FILE             page, focus, filters, cursors, state and step as JSON
 *
 * A wait is for what the engine says, never for a time; it fails when the run has ended without it,
 * or, so that a hung program ends a test, after ten minutes without a new snapshot. The script ends
 * with its last line or when the workbench is left; a run that still goes is stopped with a
 * checkpoint. */
#include "app/workbench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_SECONDS 600

typedef struct {
    sx_workbench *bench;
    bool left; /* the workbench was left by a key or a command */
} script;

static sx_status draw(script *s, sx_error *err) {
    const sx_canvas *canvas = &s->bench->canvas;
    sx_workbench_look(s->bench);
    return sx_workbench_draw(s->bench, canvas->width, canvas->height, canvas->look, err);
}

/* ---- keys -------------------------------------------------------------------------------------
 */

static sx_status press(script *s, const char *key, sx_error *err) {
    if (!sx_key_known(key))
        return sx_fail(err, SX_BAD_INPUT, "there is no key '%.40s' (sextant help keys)", key);
    sx_workbench_look(s->bench);
    sx_screen_key(s->bench->screen, key);
    if (sx_screen_take_wish(s->bench->screen) == SX_WISH_QUIT) s->left = true;
    return draw(s, err); /* the next key may depend on what is seen now */
}

static sx_status run_key(script *s, char *names, sx_error *err) {
    sx_status status = SX_OK;
    char *rest;
    for (char *key = strtok_r(names, " \t", &rest); key && status == SX_OK && !s->left;
         key = strtok_r(NULL, " \t", &rest))
        status = press(s, key, err);
    return status;
}

static sx_status run_type(script *s, char *text, sx_error *err) {
    sx_status status = SX_OK;
    while (*text && status == SX_OK && !s->left) {
        char key[SX_KEY_SIZE] = "";
        size_t length = 1;
        while (length < sizeof key - 1 && ((unsigned char)text[length] & 0xC0) == 0x80) length++;
        memcpy(key, text, length);
        text += length;
        status = press(s, strcmp(key, " ") ? key : "space", err);
    }
    return status;
}

/* ---- waiting ----------------------------------------------------------------------------------
 */

typedef struct {
    const char *what; /* "step", "state", "result", "probe" */
    const char *wanted;
    double step;
} condition;

static bool holds(const condition *c, const sx_workbench *bench) {
    const sx_snapshot *now = &bench->shown;
    if (!strcmp(c->what, "probe")) return sx_engine_answered(bench->engine);
    if (!strcmp(c->what, "step")) return (double)now->report.step >= c->step;
    if (!strcmp(c->what, "state")) return !strcmp(sx_state_name(now->state), c->wanted);
    return sx_snapshot_result(now, c->wanted) != NULL;
}

static sx_status parse_condition(const char *what, const char *wanted, condition *c,
                                 sx_error *err) {
    static const char *const whats[] = {"step", "state", "result", "probe"};
    *c = (condition){.what = what, .wanted = wanted};
    bool known = false, fine = wanted[0] != 0;
    for (size_t i = 0; i < sizeof whats / sizeof *whats; i++) known |= !strcmp(what, whats[i]);
    if (!strcmp(what, "step")) fine = sx_text_number(wanted, &c->step);
    if (!strcmp(what, "state")) {
        fine = false;
        for (int i = 0; i < SX_STATES; i++) fine |= !strcmp(wanted, sx_state_name((sx_state)i));
    }
    if (!strcmp(what, "probe")) fine = !strcmp(wanted, "whole");
    if (known && fine) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "wait wants 'step N', 'state NAME', 'result NAME' or 'probe whole'");
}

static bool has_ended(sx_state state) {
    return state == SX_STATE_FINISHED || state == SX_STATE_STOPPED || state == SX_STATE_FAILED;
}

static sx_status run_wait(script *s, char *argument, sx_error *err) {
    condition c;
    char *rest = argument + strcspn(argument, " ");
    if (*rest) *rest++ = 0;
    sx_status status = parse_condition(argument, rest + strspn(rest, " "), &c, err);
    double last_news = sx_seconds();
    while (status == SX_OK) {
        if (sx_workbench_look(s->bench)) last_news = sx_seconds();
        const sx_snapshot *now = &s->bench->shown;
        if (holds(&c, s->bench)) break;
        if (sx_signals_take()) return sx_fail(err, SX_CANCELLED, "interrupted while waiting");
        bool probes = !strcmp(c.what, "probe");
        if (has_ended(now->state) && !(probes && now->data))
            return sx_fail(err, SX_BAD_INPUT, "the run is %s, so '%s %s' will not come: %.300s",
                           sx_state_name(now->state), c.what, c.wanted, now->message);
        if (sx_seconds() - last_news > PATIENCE_SECONDS)
            return sx_fail(err, SX_IO, "no news for %d seconds while waiting for '%s %s'",
                           PATIENCE_SECONDS, c.what, c.wanted);
        sx_engine_wait(s->bench->engine, now->version, probes ? 5 : 500);
    }
    return status == SX_OK ? draw(s, err) : status;
}

/* ---- the other commands -----------------------------------------------------------------------
 */

static sx_status run_resize(script *s, char *argument, sx_error *err) {
    int width, height;
    if (!sx_parse_size(argument, &width, &height))
        return sx_fail(err, SX_BAD_INPUT, "resize wants columns and rows such as 120x40");
    return sx_workbench_draw(s->bench, width, height, s->bench->canvas.look, err);
}

static sx_status run_state_save(script *s, char *argument, sx_error *err) {
    if (!argument[0]) return sx_fail(err, SX_BAD_INPUT, "state-save wants a file");
    json_t *state = sx_screen_state(s->bench->screen);
    if (!state) return sx_fail(err, SX_NO_MEMORY, "no memory for the state");
    sx_status status = sx_json_write(argument, state, false, err);
    json_decref(state);
    return status;
}

/* A command of the workbench; one that could not do its work fails the script. */
static sx_status run_command(script *s, const char *line, sx_error *err) {
    sx_workbench_look(s->bench);
    sx_status status = sx_screen_command(s->bench->screen, line, err);
    if (status == SX_USAGE) err->status = status = SX_BAD_INPUT; /* of the script, not of ours */
    if (sx_screen_take_wish(s->bench->screen) == SX_WISH_QUIT) s->left = true;
    return status == SX_OK ? draw(s, err) : status;
}

static const struct {
    const char *start;
    sx_status (*run)(script *s, char *rest, sx_error *err);
} words[] = {{"key", run_key},
             {"type", run_type},
             {":wait", run_wait},
             {":resize", run_resize},
             {":state-save", run_state_save}};

static sx_status run_line(script *s, char *line, sx_error *err) {
    line += strspn(line, " \t");
    size_t end = strlen(line);
    while (end > 0 && strchr(" \t\r", line[end - 1])) line[--end] = 0;
    if (!line[0] || line[0] == '#') return SX_OK;
    size_t length = strcspn(line, " \t");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i].start) != length || memcmp(line, words[i].start, length) != 0) continue;
        char *rest = line + length;
        return words[i].run(s, rest + strspn(rest, " \t"), err);
    }
    if (line[0] == ':') return run_command(s, line + 1, err);
    return sx_fail(err, SX_BAD_INPUT, "a line is 'key NAME ...', 'type TEXT' or ':command'");
}

sx_status sx_script_run(sx_workbench *bench, const char *path, sx_error *err) {
    script s = {.bench = bench};
    sx_bytes text;
    sx_status status = sx_file_read(path, 1 << 20, &text, err);
    if (status != SX_OK) return status;
    char *line = (char *)text.data;
    status = draw(&s, err);
    for (int number = 1; line && status == SX_OK && !s.left; number++) {
        char *next = strchr(line, '\n');
        if (next) *next++ = 0;
        status = run_line(&s, line, err);
        if (status != SX_OK) sx_fail_within(err, "%s:%d", path, number);
        line = next;
    }
    sx_bytes_done(&text);
    return status;
}
