/* A real terminal, through ncurses and nowhere else: finds out what it can do, shows canvases by
 * their changed cells, delivers keys as texts, and gives the terminal back whatever happens. One
 * thread; one terminal at a time, because ncurses has one. */
#ifndef SX_TERMINAL_TERMINAL_H
#define SX_TERMINAL_TERMINAL_H

#include "core/base/base.h"
#include "views/canvas/canvas.h"

typedef struct sx_terminal sx_terminal;

typedef struct {
    bool ascii;         /* even if the locale has UTF-8 */
    bool plain_colours; /* attributes only; also if NO_COLOR is set and not empty */
    bool no_mouse;
} sx_terminal_options;

/* Takes the terminal of standard input and output: locale, type and colours by a ladder that ends
 * at ASCII on a vt100, never at a wall. Changes the process' locale (LC_NUMERIC stays "C"), so call
 * it before threads start. From here to the close, standard error goes aside, and a crash of any
 * thread restores the terminal first. SX_USAGE if there is no terminal, or none that can place a
 * cursor. Returns owned. */
sx_terminal *sx_terminal_open(const sx_terminal_options *options, sx_error *err);

/* Gives the terminal back, and prints what libraries wrote to standard error meanwhile if no log
 * has taken it. NULL is fine. */
void sx_terminal_close(sx_terminal *terminal);

sx_look sx_terminal_look(const sx_terminal *terminal);

/* "" or a sentence on what the ladder had to do without, for the status line. */
const char *sx_terminal_note(const sx_terminal *terminal);

/* Standard error goes to this file from now on, appended. */
void sx_terminal_log(sx_terminal *terminal, const char *path);

/* Asks for the size again (after SIGWINCH or SIGCONT) and returns it, cut to 1 .. 1000. */
void sx_terminal_size(sx_terminal *terminal, int *width, int *height);

/* Shows the canvas: only cells that differ from the last one are sent, nothing if none does. */
void sx_terminal_flush(sx_terminal *terminal, const sx_canvas *canvas);

/* The time of sx_seconds before which the line is too full for another frame; 0: it is not. */
double sx_terminal_ready(sx_terminal *terminal);

/* Seconds that the terminal took to answer last; NaN if it never did. */
double sx_terminal_round_trip(const sx_terminal *terminal);

/* Other options from now on; repaints. */
void sx_terminal_change(sx_terminal *terminal, const sx_terminal_options *options);

/* The next flush sends everything and asserts the terminal's modes again. */
void sx_terminal_repaint(sx_terminal *terminal);

/* The window's title until the terminal is given back; "" or NULL does nothing. */
void sx_terminal_title(sx_terminal *terminal, const char *title);

/* Sends a text to the terminal's clipboard, between two flushes; false if it could not be sent.
 * Terminals take some 70 kB at most, base64 included. */
bool sx_terminal_copy(const char *text);

/* Stops the process as Ctrl-Z does, terminal given back; returns when it goes on. */
void sx_terminal_suspend(sx_terminal *terminal);

/* Makes a terminal usable that a program left behind, killed by a signal that no one can catch: no
 * alternate screen, no mouse reports, a cursor, line modes as a shell wants them. Needs no
 * sx_terminal. */
void sx_terminal_reset(void);

/* The descriptor to poll for input. */
int sx_terminal_input(const sx_terminal *terminal);

/* The next thing that came in. Keys are texts as views/widget/widget.h describes them; the mouse is
 * "Click", "Release", "WheelUp" or "WheelDown" at x, y. GONE: the terminal does not answer any
 * more. */
typedef enum {
    SX_TERMINAL_NOTHING,
    SX_TERMINAL_KEY,
    SX_TERMINAL_MOUSE,
    SX_TERMINAL_GONE
} sx_terminal_event_kind;
typedef struct {
    sx_terminal_event_kind kind;
    char key[16];
    int x, y;
} sx_terminal_event;
sx_terminal_event sx_terminal_next(sx_terminal *terminal);

#endif
