/* The command line: one row of text with history and completion. Typed keys never act as commands
 * while it is open. Editing works on whole UTF-8 characters; the table of commands says what is
 * completed and what the hint on the right is. */
#include "views/widget/widget.h"

#include <stdio.h>
#include <string.h>

void sx_prompt_open(sx_prompt *prompt, const char *text) {
    prompt->open = true;
    sx_text_set(prompt->text, sizeof prompt->text, text);
    prompt->cursor = strlen(prompt->text);
    prompt->browsing = 0;
    prompt->turn = -1;
}

static bool continues(char c) {
    return ((unsigned char)c & 0xC0) == 0x80;
}

static size_t before(const sx_prompt *prompt) {
    size_t at = prompt->cursor;
    if (at > 0) at--;
    while (at > 0 && continues(prompt->text[at])) at--;
    return at;
}

static size_t after(const sx_prompt *prompt) {
    size_t at = prompt->cursor;
    if (prompt->text[at]) at++;
    while (continues(prompt->text[at])) at++;
    return at;
}

static void cut(sx_prompt *prompt, size_t from, size_t to) {
    memmove(prompt->text + from, prompt->text + to, strlen(prompt->text + to) + 1);
    prompt->cursor = from;
}

static void insert(sx_prompt *prompt, const char *key) {
    size_t length = strlen(key), used = strlen(prompt->text);
    if (used + length >= sizeof prompt->text) return;
    memmove(prompt->text + prompt->cursor + length, prompt->text + prompt->cursor,
            used - prompt->cursor + 1);
    memcpy(prompt->text + prompt->cursor, key, length);
    prompt->cursor += length;
}

static void set_text(sx_prompt *prompt, const char *text) {
    sx_text_set(prompt->text, sizeof prompt->text, text);
    prompt->cursor = strlen(prompt->text);
}

static void remember(sx_prompt *prompt) {
    if (prompt->remembered > 0 && !strcmp(prompt->history[0], prompt->text)) return;
    memmove(prompt->history[1], prompt->history[0],
            sizeof prompt->history - sizeof *prompt->history);
    sx_text_set(prompt->history[0], sizeof *prompt->history, prompt->text);
    if (prompt->remembered < SX_PROMPT_HISTORY) prompt->remembered++;
}

/* Back (1) or forth (-1) in history; 0 lines back is an empty line. */
static void browse(sx_prompt *prompt, int by) {
    int wanted = prompt->browsing + by;
    if (wanted < 0 || wanted > prompt->remembered) return;
    prompt->browsing = wanted;
    set_text(prompt, wanted == 0 ? "" : prompt->history[wanted - 1]);
}

static void complete(sx_prompt *prompt, sx_commands commands, int by) {
    if (prompt->turn < 0) {
        sx_text_set(prompt->typed, sizeof prompt->typed, prompt->text);
        prompt->turn = by > 0 ? 0 : (1 << 20) - 1;
    } else {
        prompt->turn += by;
        if (prompt->turn < 0) prompt->turn = (1 << 20) - 1;
    }
    char out[SX_PROMPT_SIZE];
    if (!sx_commands_complete(commands, prompt->typed, prompt->turn, out, sizeof out)) return;
    set_text(prompt, out);
}

static void to_left(sx_prompt *prompt) {
    prompt->cursor = before(prompt);
}
static void to_right(sx_prompt *prompt) {
    prompt->cursor = after(prompt);
}
static void to_start(sx_prompt *prompt) {
    prompt->cursor = 0;
}
static void to_end(sx_prompt *prompt) {
    prompt->cursor = strlen(prompt->text);
}
static void cut_before(sx_prompt *prompt) {
    cut(prompt, before(prompt), prompt->cursor);
}
static void cut_after(sx_prompt *prompt) {
    cut(prompt, prompt->cursor, after(prompt));
}
static void cut_start(sx_prompt *prompt) {
    cut(prompt, 0, prompt->cursor);
}
static void browse_back(sx_prompt *prompt) {
    browse(prompt, 1);
}
static void browse_on(sx_prompt *prompt) {
    browse(prompt, -1);
}
static void put_blank(sx_prompt *prompt) {
    insert(prompt, " ");
}

static const struct {
    const char *key;
    void (*run)(sx_prompt *prompt);
} edits[] = {{"Left", to_left},         {"Right", to_right},   {"Home", to_start},
             {"Ctrl-A", to_start},      {"End", to_end},       {"Ctrl-E", to_end},
             {"Backspace", cut_before}, {"Delete", cut_after}, {"Ctrl-U", cut_start},
             {"Up", browse_back},       {"Down", browse_on},   {"space", put_blank}};

/* A key that edits, or a character to insert; other keys do nothing. */
static void edit(sx_prompt *prompt, const char *key) {
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++)
        if (!strcmp(edits[i].key, key)) {
            edits[i].run(prompt);
            return;
        }
    if (!key[1] || (unsigned char)key[0] >= 0x80) insert(prompt, key);
}

/* Completes what is no command to the first suggestion; true if it can be run now. */
static bool resolve(sx_prompt *prompt, sx_commands commands) {
    char name[SX_PROMPT_SIZE];
    const sx_command *best;
    sx_text_set(name, sizeof name, prompt->text + strspn(prompt->text, " "));
    if (strchr(name, ' ') || sx_commands_of_name(commands, name, NULL)) return true;
    if (sx_commands_match(commands, name, &best, 1) == 0 || !sx_has_letters(best->name, name))
        return true; /* whoever runs it says that it is unknown */
    bool asks = sx_command_asks(best);
    snprintf(prompt->text, sizeof prompt->text, "%s%s", best->name, asks ? " " : "");
    prompt->cursor = strlen(prompt->text);
    return !asks;
}

sx_prompt_outcome sx_prompt_key(sx_prompt *prompt, const char *key, sx_commands commands) {
    if (!strcmp(key, "Esc") || !strcmp(key, "Ctrl-C") ||
        (!strcmp(key, "Backspace") && !prompt->text[0])) {
        prompt->open = false;
        return SX_PROMPT_LEFT;
    }
    if (!strcmp(key, "Enter")) {
        prompt->open = prompt->text[strspn(prompt->text, " ")] && !resolve(prompt, commands);
        if (prompt->open) return SX_PROMPT_EDITING;
        if (!prompt->text[strspn(prompt->text, " ")]) return SX_PROMPT_LEFT;
        remember(prompt);
        return SX_PROMPT_ENTERED;
    }
    if (!strcmp(key, "Tab") || !strcmp(key, "Shift-Tab")) {
        complete(prompt, commands, !strcmp(key, "Tab") ? 1 : -1);
        return SX_PROMPT_EDITING;
    }
    prompt->turn = -1;
    edit(prompt, key);
    return SX_PROMPT_EDITING;
}

/* What the command named so far does, or how to complete. */
static void hint(const sx_prompt *prompt, sx_commands commands, char *out, size_t size) {
    char name[SX_PROMPT_SIZE];
    sx_text_set(name, sizeof name, prompt->text + strspn(prompt->text, " "));
    name[strcspn(name, " ")] = 0;
    const sx_command *command = sx_commands_of_name(commands, name, NULL);
    if (command)
        snprintf(out, size, "%s%s%s", command->argument, command->argument[0] ? "  " : "",
                 command->help);
    else
        snprintf(out, size, "Tab completes, Enter runs, Esc leaves");
}

void sx_prompt_draw(const sx_prompt *prompt, sx_canvas *canvas, sx_box box, sx_commands commands) {
    sx_canvas_fill(canvas, box, ' ', sx_style_of(SX_ROLE_TEXT));
    char left[SX_PROMPT_SIZE];
    sx_text_set(left, prompt->cursor + 1, prompt->text);
    int cursor = sx_text_columns(left) + 1, room = box.width - 1;
    size_t skip = 0; /* a line longer than the row slides, so that the cursor is seen */
    while (cursor > room && prompt->text[skip]) {
        do skip++;
        while (continues(prompt->text[skip]));
        cursor = sx_text_columns(left + (skip < strlen(left) ? skip : strlen(left))) + 1;
    }
    sx_canvas_text(canvas, box, 0, 0, sx_style_of(SX_ROLE_KEY), ":");
    int end = 1 + sx_canvas_text(canvas, box, 1, 0, sx_style_of(SX_ROLE_TEXT), prompt->text + skip);
    canvas->cursor_x = box.x + cursor;
    canvas->cursor_y = box.y;
    char what[512], fit[512];
    hint(prompt, commands, what, sizeof what);
    int left_over = box.width - end - 3;
    sx_words_fit(fit, sizeof fit, what, left_over, canvas->look.unicode);
    if (sx_text_columns(fit) <= left_over)
        sx_canvas_text(canvas, box, end + 2, 0, sx_style_of(SX_ROLE_DIM), fit);
}

/* ---- the palette ------------------------------------------------------------------------------
 */

static void draw_suggestion(sx_canvas *canvas, sx_box row, const sx_suggestion *s, bool chosen) {
    enum { NAME = 20, KEY = 11 };
    sx_style style = sx_style_of(chosen ? SX_ROLE_FOCUS : SX_ROLE_TEXT);
    if (chosen) style.attributes |= SX_REVERSE;
    sx_canvas_fill(canvas, row, ' ', style);
    sx_box text = sx_box_inset(row, 1, 0, 1, 0);
    if (s->value) {
        sx_canvas_text(canvas, text, 0, 0, style, s->value);
        return;
    }
    char key[SX_KEY_SIZE];
    sx_box name = sx_box_take_columns(&text, NAME), keys = sx_box_take_columns(&text, KEY);
    sx_canvas_text(canvas, name, 0, 0, style, s->command->name);
    sx_canvas_text(canvas, keys, 0, 0, style, sx_command_key(s->command, key));
    sx_canvas_text(canvas, text, 0, 0, style, s->command->help);
}

void sx_palette_draw(const sx_prompt *prompt, sx_canvas *canvas, sx_box box, sx_commands commands) {
    enum { MOST = 8 };
    sx_suggestion all[SX_SUGGESTIONS];
    const char *line = prompt->turn >= 0 ? prompt->typed : prompt->text;
    int count = sx_commands_list(commands, line, all, SX_SUGGESTIONS);
    bool typed = count == 1 && !all[0].value && !strcmp(all[0].command->name, prompt->text);
    int rows = box.height / 2 < MOST ? box.height / 2 : MOST;
    if (count < rows) rows = count;
    if (rows == 0 || typed) return;
    int chosen = prompt->turn >= 0 ? prompt->turn % count : 0;
    int first = chosen < rows ? 0 : chosen - rows + 1;
    sx_box list = sx_box_take_rows(&box, -rows);
    for (int i = 0; i < rows; i++)
        draw_suggestion(canvas, (sx_box){list.x, list.y + i, list.width, 1}, &all[first + i],
                        first + i == chosen);
}
