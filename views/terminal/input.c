/* Keys: from ncurses' codes and characters to the texts that tables, help and scripts use. Control
 * sequences nobody asked for (late answers of the terminal, keys of odd keyboards) are swallowed as
 * wholes, or their letters would act as commands. */
#include "views/terminal/input.h"

#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { ESCAPE = 27, DELETE = 127, KEY_ANSWERED = KEY_MAX + 1 };

static const struct {
    int code;
    const char *name;
} names[] = {{KEY_UP, "Up"},         {KEY_DOWN, "Down"},   {KEY_LEFT, "Left"},
             {KEY_RIGHT, "Right"},   {KEY_PPAGE, "PgUp"},  {KEY_NPAGE, "PgDn"},
             {KEY_HOME, "Home"},     {KEY_END, "End"},     {KEY_BACKSPACE, "Backspace"},
             {KEY_DC, "Delete"},     {KEY_ENTER, "Enter"}, {KEY_BTAB, "Shift-Tab"},
             {KEY_SUSPEND, "Ctrl-Z"}};

static const struct {
    wint_t character;
    const char *name;
} characters[] = {{' ', "space"},  {'\t', "Tab"},       {'\r', "Enter"},      {'\n', "Enter"},
                  {ESCAPE, "Esc"}, {'\b', "Backspace"}, {DELETE, "Backspace"}};

/* Application and normal mode, and shift-tab: some terminals and middlemen send the other one. */
static const struct {
    const char *sequence;
    int code;
} sequences[] = {{"\033[A", KEY_UP},     {"\033OA", KEY_UP},    {"\033[B", KEY_DOWN},
                 {"\033OB", KEY_DOWN},   {"\033[C", KEY_RIGHT}, {"\033OC", KEY_RIGHT},
                 {"\033[D", KEY_LEFT},   {"\033OD", KEY_LEFT},  {"\033[H", KEY_HOME},
                 {"\033OH", KEY_HOME},   {"\033[1~", KEY_HOME}, {"\033[F", KEY_END},
                 {"\033OF", KEY_END},    {"\033[4~", KEY_END},  {"\033[5~", KEY_PPAGE},
                 {"\033[6~", KEY_NPAGE}, {"\033[3~", KEY_DC},   {"\033[Z", KEY_BTAB}};

void sx_input_define_keys(void) {
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        if (key_defined(sequences[i].sequence) <= 0)
            define_key(sequences[i].sequence, sequences[i].code);
    define_key("\033[0n", KEY_ANSWERED); /* the status that sx_line_end_frame asks for */
}

static sx_terminal_event named(const char *name) {
    sx_terminal_event event = {.kind = SX_TERMINAL_KEY};
    snprintf(event.key, sizeof event.key, "%s", name);
    return event;
}

static sx_terminal_event mouse(void) {
    MEVENT raw_event;
    sx_terminal_event event = {.kind = SX_TERMINAL_NOTHING};
    if (getmouse(&raw_event) != OK) return event;
    const char *what = raw_event.bstate & BUTTON1_PRESSED    ? "Click"
                       : raw_event.bstate & BUTTON1_RELEASED ? "Release"
                       : raw_event.bstate & BUTTON4_PRESSED  ? "WheelUp"
                       : raw_event.bstate & BUTTON5_PRESSED  ? "WheelDown"
                                                             : NULL;
    if (!what) return event;
    event = named(what);
    event.kind = SX_TERMINAL_MOUSE;
    event.x = raw_event.x;
    event.y = raw_event.y;
    return event;
}

/* A code of ncurses; NOTHING for those that have no name here. */
static sx_terminal_event coded(wint_t code) {
    if (code == KEY_MOUSE) return mouse();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == (int)code) return named(names[i].name);
    if (code >= KEY_F(1) && code <= KEY_F(12)) {
        char name[8];
        snprintf(name, sizeof name, "F%d", (int)code - KEY_F0);
        return named(name);
    }
    return (sx_terminal_event){.kind = SX_TERMINAL_NOTHING};
}

/* After ESC: true if the rest of a control sequence was waiting and is swallowed. */
static bool swallow_sequence(sx_line *line) {
    wint_t next;
    char sequence[32];
    size_t length = 0;
    if (get_wch(&next) != OK) return false;
    if (next != '[' && next != 'O') {
        unget_wch((wchar_t)next);
        return false;
    }
    while (get_wch(&next) == OK) {
        if (length < sizeof sequence - 1 && next < 0x80) sequence[length++] = (char)next;
        if (next >= 0x40 && next <= 0x7E) break;
    }
    sequence[length] = 0;
    sx_line_report(line, sequence);
    return true;
}

static sx_terminal_event typed(wint_t character) {
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
        if (characters[i].character == character) return named(characters[i].name);
    char text[16];
    if (character < ' ') {
        if (character == 0 || character > 26)
            return (sx_terminal_event){.kind = SX_TERMINAL_NOTHING};
        snprintf(text, sizeof text, "Ctrl-%c", (char)('A' + (int)character - 1));
        return named(text);
    }
    wchar_t wide[2] = {(wchar_t)character, 0};
    size_t size = wcstombs(text, wide, sizeof text);
    if (size == (size_t)-1 || size == 0 || size >= sizeof text)
        return (sx_terminal_event){.kind = SX_TERMINAL_NOTHING};
    return named(text);
}

sx_terminal_event sx_input_next(sx_line *line) {
    for (;;) { /* past what has no meaning here, to a key or to the end */
        wint_t code;
        int status = get_wch(&code);
        if (status == ERR) return (sx_terminal_event){.kind = SX_TERMINAL_NOTHING};
        if (status == OK && code == ESCAPE && swallow_sequence(line)) continue;
        if (status == KEY_CODE_YES && code == KEY_ANSWERED) {
            sx_line_answered(line);
            continue;
        }
        sx_terminal_event event = status == KEY_CODE_YES ? coded(code) : typed(code);
        if (event.kind != SX_TERMINAL_NOTHING) return event;
    }
}
