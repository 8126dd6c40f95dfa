/* The terminal: start-up ladder, output, suspend, end. ncurses keeps what the terminal shows; here
 * is kept what the last canvas was, so that a frame touches only cells that changed and an equal
 * frame sends not a byte. Never clears, never refreshes more than once a frame. */
#include "views/terminal/terminal.h"

#include "views/terminal/guard.h"
#include "views/terminal/input.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

struct sx_terminal {
    SCREEN *screen;
    struct termios saved;
    sx_look look;
    bool default_colours, mouse;
    char note[256];
    sx_canvas shown; /* the last canvas; width 0: nothing is known of the screen */
    int failures;    /* reads in a row that gave nothing although there was something */
    sx_colour last_foreground, last_background;
    int last_pair; /* of these two; -1: none */
    sx_line line;
};

/* ---- the ladder -------------------------------------------------------------------------------
 */

/* The locale that the environment asks for characters; NULL if it asks for none. */
static const char *wanted_locale(void) {
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value && value[0]) return value;
    }
    return NULL;
}

/* True if characters outside ASCII can be shown. A server without the user's locale falls back to
 * C.UTF-8, which every glibc has. */
static bool choose_locale(void) {
    const char *wanted = wanted_locale();
    bool known = setlocale(LC_ALL, "") != NULL;
    if (!known && (!strchr(wanted ? wanted : "", '.') || strcasestr(wanted, "utf")))
        setlocale(LC_CTYPE, "C.UTF-8");
    setlocale(LC_NUMERIC, "C");
    return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* What the characters of the screen may be, and why not more. */
static void choose_characters(sx_terminal *terminal, bool ascii, bool utf8) {
    const char *type = getenv("TERM"), *why = "";
    bool console = type && !strcmp(type, "linux"); /* its fonts have no braille */
    terminal->look.unicode = utf8 && !console && !ascii;
    if (console) why = "the Linux console has no glyphs for curves: ASCII only";
    if (!utf8) why = "the locale has no UTF-8: ASCII only (LC_ALL=C.UTF-8 gives more)";
    if (!ascii && !terminal->note[0]) snprintf(terminal->note, sizeof terminal->note, "%s", why);
}

static bool begins(const char *text, const char *start) {
    return !strncmp(text, start, strlen(start));
}

/* ncurses' screen for a terminal type that can place a cursor, NULL otherwise. */
static SCREEN *try_type(const char *type) {
    SCREEN *screen = newterm(type, stdout, stdin);
    if (!screen) return NULL;
    const char *move = tigetstr("cup");
    if (move && move != (char *)-1) return screen;
    endwin();
    delscreen(screen);
    return NULL;
}

static SCREEN *choose_type(char *note, size_t size) {
    static const char *const modern[] = {"xterm", "alacritty", "foot",
                                         "kitty", "ghostty",   "wezterm"};
    const char *type = getenv("TERM"), *tries[4];
    int count = 0;
    if (!type) type = "";
    SCREEN *screen = type[0] ? try_type(type) : NULL;
    if (screen || !strcmp(type, "dumb")) return screen;
    bool colours = getenv("COLORTERM") != NULL;
    for (size_t i = 0; i < sizeof modern / sizeof *modern; i++)
        colours = colours || begins(type, modern[i]);
    if (colours) tries[count++] = "xterm-256color";
    if (begins(type, "tmux") || begins(type, "screen")) tries[count++] = "screen-256color";
    tries[count++] = "xterm";
    tries[count++] = "vt100";
    for (int i = 0; i < count; i++) {
        screen = try_type(tries[i]);
        if (!screen) continue;
        char shown[48];
        sx_text_printable(shown, sizeof shown, type);
        snprintf(note, size, "TERM '%s' is not known on this machine; treated as %s", shown,
                 tries[i]);
        return screen;
    }
    return NULL;
}

static void choose_colours(sx_terminal *terminal, bool plain) {
    terminal->look.colours = 0;
    terminal->last_pair = -1;
    if (plain || !has_colors() || start_color() == ERR) return;
    terminal->default_colours = use_default_colors() == OK;
    terminal->look.colours = COLORS >= 256 ? 256 : COLORS >= 8 ? 8 : 0;
}

/* Modes that hold while the screen is ours. */
static void assert_modes(sx_terminal *terminal) {
    raw(); /* Ctrl-C, Ctrl-Z and Ctrl-\ are keys, so that each can be asked about */
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(terminal->shown.cursor_x >= 0 && terminal->shown.width > 0);
    if (terminal->mouse) {
        mousemask(BUTTON1_PRESSED | BUTTON1_RELEASED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
        mouseinterval(0);
    }
}

sx_terminal *sx_terminal_open(const sx_terminal_options *options, sx_error *err) {
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        sx_fail(err, SX_USAGE, "standard input and output are not a terminal");
        return NULL;
    }
    sx_terminal *terminal = sx_alloc(1, sizeof *terminal);
    if (!terminal || tcgetattr(STDIN_FILENO, &terminal->saved) != 0) {
        sx_fail(err, SX_IO, "the terminal does not tell its state");
        sx_free(terminal);
        return NULL;
    }
    unsetenv("LINES"); /* with them set, ncurses keeps the old size for ever */
    unsetenv("COLUMNS");
    bool utf8 = choose_locale();
    terminal->screen = choose_type(terminal->note, sizeof terminal->note);
    if (!terminal->screen) {
        sx_fail(err, SX_USAGE,
                "the terminal type cannot place a cursor; set TERM, for example to "
                "xterm-256color");
        sx_free(terminal);
        return NULL;
    }
    sx_guard_install(&terminal->saved);
    sx_aside_begin();
    set_escdelay(25);
    choose_characters(terminal, options->ascii, utf8);
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: set and not empty */
    choose_colours(terminal, options->plain_colours || (no_colour && no_colour[0]));
    terminal->mouse = !options->no_mouse;
    assert_modes(terminal);
    sx_input_define_keys();
    sx_line_open(&terminal->line);
    sx_line_keep_title(&terminal->line, true);
    return terminal;
}

/* Waits a moment for answers that are on their way, or they would be typed into the shell. */
static void drain(sx_terminal *terminal) {
    sx_line *line = &terminal->line;
    double patience = line->round_trip > 0 ? fmin(2 * line->round_trip + 0.1, 1) : 0.2;
    double until = sx_seconds() + patience;
    while (line->asks && line->open > 0 && sx_seconds() < until) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&input, 1, 10) < 0 || input.revents & (POLLHUP | POLLERR)) break;
        if (input.revents) sx_input_next(line);
    }
    line->open = 0;
}

void sx_terminal_close(sx_terminal *terminal) {
    if (!terminal) return;
    drain(terminal);
    sx_line_keep_title(&terminal->line, false);
    endwin();
    sx_guard_remove();
    sx_aside_end();
    delscreen(terminal->screen);
    sx_canvas_done(&terminal->shown);
    sx_free(terminal);
}

sx_look sx_terminal_look(const sx_terminal *terminal) {
    return terminal->look;
}
const char *sx_terminal_note(const sx_terminal *terminal) {
    return terminal->note;
}

int sx_terminal_input(const sx_terminal *terminal) {
    (void)terminal;
    return STDIN_FILENO;
}

void sx_terminal_log(sx_terminal *terminal, const char *path) {
    (void)terminal;
    sx_aside_log(path);
    sx_guard_log(path);
}

void sx_terminal_size(sx_terminal *terminal, int *width, int *height) {
    struct winsize size;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *width = known ? size.ws_col : COLS;
    *height = known ? size.ws_row : LINES;
    if (*width < 1) *width = 80;
    if (*height < 1) *height = 24;
    if (*width > 1000) *width = 1000;
    if (*height > 1000) *height = 1000;
    if (*width == COLS && *height == LINES) return;
    resizeterm(*height, *width);
    sx_terminal_repaint(terminal); /* terminals wrap and cut on a resize as they like */
}

/* ---- output -----------------------------------------------------------------------------------
 */

/* The pair of two colours; neighbours are mostly equal, so the last one is kept at hand. */
static int pair_of(sx_terminal *terminal, sx_style style) {
    if (terminal->look.colours == 0) return 0;
    if (terminal->last_pair >= 0 && style.foreground == terminal->last_foreground &&
        style.background == terminal->last_background)
        return terminal->last_pair;
    int foreground = sx_colour_index(style.foreground, terminal->look.colours);
    int background = sx_colour_index(style.background, terminal->look.colours);
    int pair = 0;
    if (!terminal->default_colours) {
        if (foreground < 0) foreground = COLOR_WHITE;
        if (background < 0) background = COLOR_BLACK;
    }
    if (foreground >= 0 || background >= 0) pair = alloc_pair(foreground, background);
    terminal->last_foreground = style.foreground;
    terminal->last_background = style.background;
    return terminal->last_pair = pair > 0 ? pair : 0;
}

static void put(sx_terminal *terminal, int x, int y, const sx_cell *cell) {
    wchar_t glyph[2] = {(wchar_t)(cell->glyph ? cell->glyph : ' '), 0};
    attr_t attributes = (cell->style.attributes & SX_BOLD ? A_BOLD : 0) |
                        (cell->style.attributes & SX_REVERSE ? A_REVERSE : 0) |
                        (cell->style.attributes & SX_UNDERLINE ? A_UNDERLINE : 0);
    int pair = pair_of(terminal, cell->style);
    cchar_t out;
    if (setcchar(&out, glyph, attributes, (short)(pair < 256 ? pair : 255), &pair) == OK)
        mvadd_wch(y, x, &out);
}

static bool equal(const sx_cell *a, const sx_cell *b) {
    return a->glyph == b->glyph && a->style.foreground == b->style.foreground &&
           a->style.background == b->style.background && a->style.attributes == b->style.attributes;
}

/* Hands the changed cells to ncurses; returns how many. */
static int put_changes(sx_terminal *terminal, const sx_canvas *canvas, bool all) {
    int changed = 0;
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++) {
            size_t at = (size_t)y * (size_t)canvas->width + (size_t)x;
            if (!all && equal(&canvas->cells[at], &terminal->shown.cells[at])) continue;
            changed++;
            if (canvas->cells[at].glyph != 0) put(terminal, x, y, &canvas->cells[at]);
        }
    return changed;
}

void sx_terminal_flush(sx_terminal *terminal, const sx_canvas *canvas) {
    sx_canvas *shown = &terminal->shown;
    bool all = shown->width != canvas->width || shown->height != canvas->height;
    int changed = put_changes(terminal, canvas, all);
    bool moved = all || shown->cursor_x != canvas->cursor_x || shown->cursor_y != canvas->cursor_y;
    if (!changed && !moved) return;
    if (sx_canvas_resize(shown, canvas->width, canvas->height, canvas->look, NULL) == SX_OK)
        memcpy(shown->cells, canvas->cells,
               (size_t)canvas->width * (size_t)canvas->height * sizeof *canvas->cells);
    else
        shown->width = 0;
    shown->cursor_x = canvas->cursor_x;
    shown->cursor_y = canvas->cursor_y;
    if (moved) curs_set(canvas->cursor_x >= 0);
    move(canvas->cursor_x >= 0 ? canvas->cursor_y : 0,
         canvas->cursor_x >= 0 ? canvas->cursor_x : 0);
    wnoutrefresh(stdscr);
    sx_line_begin_frame(&terminal->line);
    doupdate();
    sx_line_end_frame(&terminal->line, changed);
}

double sx_terminal_ready(sx_terminal *terminal) {
    double ready = sx_line_ready(&terminal->line);
    if (ready > 0 && sx_seconds() >= ready) {
        sx_line_give_up(&terminal->line);
        ready = 0;
    }
    return ready;
}

void sx_terminal_title(sx_terminal *terminal, const char *title) {
    sx_line_title(&terminal->line, title);
}

double sx_terminal_round_trip(const sx_terminal *terminal) {
    return terminal->line.round_trip;
}

void sx_terminal_change(sx_terminal *terminal, const sx_terminal_options *options) {
    bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
    terminal->note[0] = 0;
    choose_characters(terminal, options->ascii, utf8);
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: set and not empty */
    choose_colours(terminal, options->plain_colours || (no_colour && no_colour[0]));
    terminal->mouse = !options->no_mouse;
    if (!terminal->mouse) mousemask(0, NULL);
    sx_terminal_repaint(terminal);
}

void sx_terminal_repaint(sx_terminal *terminal) {
    terminal->shown.width = 0;
    clearok(curscr, TRUE);
    assert_modes(terminal);
}

/* Others of the process group first, then this thread, so that the stop is done when raise
 * returns. In an orphaned group nobody could wake us: the kernel drops the signal and we go on. */
void sx_terminal_suspend(sx_terminal *terminal) {
    struct sigaction before, ignore = {.sa_handler = SIG_IGN}, stop = {.sa_handler = SIG_DFL};
    drain(terminal);
    endwin();
    sigaction(SIGTSTP, &ignore, &before);
    kill(0, SIGTSTP);
    sigaction(SIGTSTP, &stop, NULL);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &before, NULL);
    sx_terminal_repaint(terminal);
}

sx_terminal_event sx_terminal_next(sx_terminal *terminal) {
    long answers = terminal->line.answers;
    sx_terminal_event event = sx_input_next(&terminal->line);
    if (event.kind != SX_TERMINAL_NOTHING || terminal->line.answers != answers)
        terminal->failures = 0;
    else if (++terminal->failures >= 100)
        event.kind = SX_TERMINAL_GONE;
    return event;
}
