/* What panes are operated with: keys and commands as tables, the command line, help, a picker over
 * many items, and rows that drop what does not fit. Draws on a canvas, knows no terminal. One
 * thread. */
#ifndef SX_WIDGET_WIDGET_H
#define SX_WIDGET_WIDGET_H

#include "core/base/base.h"
#include "views/canvas/canvas.h"

/* ---- keys -------------------------------------------------------------------------------------
 * A key is a short text, the same in the terminal, in tables, in help and in scripts: the character
 * itself ("a", "?", "é"), or a name: space, Tab, Shift-Tab, Enter, Esc, Up, Down, Left, Right,
 * PgUp, PgDn, Home, End, Backspace, Delete, F1 .. F12, Ctrl-A .. Ctrl-Z. */
#define SX_KEY_SIZE 16

/* True if `key` is written as above; for scripts. */
bool sx_key_known(const char *key);

/* ---- commands ---------------------------------------------------------------------------------
 */

/* A row of a command table, which ends with a NULL name. */
typedef struct {
    const char *name;     /* as typed after ':', [a-z-] */
    const char *keys;     /* separated by blanks, the first is the one that is shown */
    const char *argument; /* "": none; "[FACTOR]": may be left out; "INDEX": asked for */
    const char *brief;    /* on the key line, NULL: not there; equal neighbours share one place */
    const char *help;
    /* argument is "" if there is none; value tells rows that share a function apart */
    void (*run)(void *context, int value, const char *argument);
    int value;
    const char *(*choice)(void *context, size_t row); /* values of the argument; NULL at the end */
    bool (*matters)(void *context); /* false: not on the key line now; NULL: always there */
} sx_command;

/* A table with what its functions work on, and the title it has in help. */
typedef struct {
    const char *title;
    const sx_command *commands; /* NULL: an empty set */
    void *context;
} sx_command_set;

/* The sets that answer now, the nearest (the pane's) first. */
typedef struct {
    const sx_command_set *sets;
    int count;
} sx_commands;

/* The row for a key or a name and, if `set` is not NULL, the set it is from; NULL if none. */
const sx_command *sx_commands_of_key(sx_commands commands, const char *key,
                                     const sx_command_set **set);
const sx_command *sx_commands_of_name(sx_commands commands, const char *name,
                                      const sx_command_set **set);

/* True if the command cannot do without its argument. */
bool sx_command_asks(const sx_command *command);

/* Runs "name argument". Unknown names (with the nearest) and arguments too many or too few:
 * SX_USAGE with a sentence. */
sx_status sx_commands_run(sx_commands commands, const char *line, sx_error *err);

/* What `line` may become: commands, the best first (names that begin with it, that contain it, that
 * have its letters in their order, whose help contains it); after a command's name and a blank the
 * values of its argument. Into out [limit]; returns how many. */
#define SX_SUGGESTIONS 128
typedef struct {
    const sx_command *command;
    const char *value; /* NULL: the command itself */
} sx_suggestion;
int sx_commands_list(sx_commands commands, const char *line, sx_suggestion *out, int limit);

/* The commands alone, as above. */
int sx_commands_match(sx_commands commands, const char *typed, const sx_command **out, int limit);

/* True if the letters of `typed` are in `word` in their order. */
bool sx_has_letters(const char *word, const char *typed);

/* Suggestion number `turn` (taken in a circle) for `line`, into out [size]. False, and out equal to
 * line, if there is none. */
bool sx_commands_complete(sx_commands commands, const char *line, int turn, char *out, size_t size);

/* The first key of a row, into out [SX_KEY_SIZE]; returns out. */
char *sx_command_key(const sx_command *command, char *out);

/* ---- the command line ------------------------------------------------------------------------ */

#define SX_PROMPT_SIZE 256
#define SX_PROMPT_HISTORY 16

/* Start with {0}. */
typedef struct {
    bool open;
    char text[SX_PROMPT_SIZE];
    size_t cursor; /* in bytes */
    char history[SX_PROMPT_HISTORY][SX_PROMPT_SIZE];
    int remembered, browsing;   /* lines in history; how far back, 0: the new line */
    int turn;                   /* of completion; -1: not completing */
    char typed[SX_PROMPT_SIZE]; /* what completion started from */
} sx_prompt;

void sx_prompt_open(sx_prompt *prompt, const char *text);

/* A key for an open prompt. SX_PROMPT_ENTERED: `text` is to be run; it is closed and remembered.
 * What is no command becomes the one that is suggested first, if that has the typed letters; one
 * that asks for an argument waits for it. */
typedef enum { SX_PROMPT_EDITING, SX_PROMPT_ENTERED, SX_PROMPT_LEFT } sx_prompt_outcome;
sx_prompt_outcome sx_prompt_key(sx_prompt *prompt, const char *key, sx_commands commands);

/* One row: the text, and what the command named in it does. Sets the canvas' cursor. */
void sx_prompt_draw(const sx_prompt *prompt, sx_canvas *canvas, sx_box box, sx_commands commands);

/* The suggestions in rows just above the command line, the chosen one marked: name, key and help;
 * or values. `box` is what may be drawn over; nothing where there is only one and it is typed. */
void sx_palette_draw(const sx_prompt *prompt, sx_canvas *canvas, sx_box box, sx_commands commands);

/* ---- rows --------------------------------------------------------------------------------------
 */

/* Cuts `text` to whole words that fit in `columns`, with an ellipsis, into out [size]; returns out.
 */
char *sx_words_fit(char *out, size_t size, const char *text, int columns, bool unicode);

typedef struct {
    sx_role role;
    char text[192];
} sx_segment;

/* A row of parts, as many whole ones as fit with `gap` blanks between; the first is always there,
 * cut at a word. Empty parts are left out. Returns the columns taken. */
int sx_segments_draw(sx_canvas *canvas, sx_box box, int y, const sx_segment *segments, int count,
                     int gap);

/* "space pause   . step ...": the keys of `commands` that have a brief word, as many whole ones as
 * fit; those named in `last` ("back quit", may be NULL) end the line and are there at any width. */
void sx_key_line_draw(sx_canvas *canvas, sx_box box, sx_commands commands, const char *last);

/* The top line: names with their keys; where they do not fit, shorter ones, and in
 * the end the keys and the chosen name. At
 * the right the first of two texts that there is room for. */
#define SX_TABS 12
typedef struct {
    const char *names[SX_TABS];
    const char *briefs[SX_TABS]; /* shorter names for where room is short; NULL: there is none */
    char keys[SX_TABS][SX_KEY_SIZE];
    int count, chosen;
    int starts[SX_TABS], ends[SX_TABS]; /* columns where they were drawn last; ends exclusive */
} sx_tabs;
void sx_tabs_draw(sx_canvas *canvas, sx_box box, const char *program, sx_tabs *tabs,
                  const char *const right[2]);

/* A text of several lines, each centred, words kept whole, in the middle of the box. */
void sx_centred_draw(sx_canvas *canvas, sx_box box, sx_style style, const char *text);

/* ---- help --------------------------------------------------------------------------------------
 */

/* All commands of all sets whose keys, name or help have `wanted` ("": all), keys first, from row
 * `first` on. Returns the rows it would take. */
int sx_help_draw(sx_canvas *canvas, sx_box box, sx_commands commands, const char *wanted,
                 int first);

/* ---- picking one of many ----------------------------------------------------------------------
 */

/* A selection in items laid out row by row, of which `rows` x `columns` are seen. */
typedef struct {
    size_t count, selected, first;
    int columns, rows;
} sx_picker;

/* After a change of count or layout: keeps the selection valid and in sight. */
void sx_picker_lay(sx_picker *picker, size_t count, int columns, int rows);
/* Moves by items; stops at the ends. */
void sx_picker_move(sx_picker *picker, int64_t by);

#endif
