/* The workbench screen: pages of panes over the newest snapshot, driven by keys and commands, drawn
 * on a canvas. It knows no terminal and no thread: the program feeds it snapshots and keys and
 * shows what it drew; a script and a test do the same. One thread. */
#ifndef SX_PANE_PANE_H
#define SX_PANE_PANE_H

#include "core/engine/engine.h"
#include "views/canvas/canvas.h"
#include "views/widget/widget.h"

typedef struct sx_screen sx_screen;

/* What a person wants to see instead of the job that is shown. */
typedef enum {
    SX_START_STUDY,  /* a new run of the study file `what`, with `preset` ("": the file's own) */
    SX_START_AGAIN,  /* a new run with the configuration, seed included, of run `what` */
    SX_START_RESUME, /* go on with run `what` */
    SX_START_OPEN    /* look at run `what` */
} sx_start_kind;
typedef struct {
    sx_start_kind kind;
    char what[SX_PATH_SIZE], preset[16];
    char overrides[256]; /* of a study: "section.key=value ..." */
} sx_start;

typedef struct {
    void *user;
    void (*send)(void *user, sx_command_kind kind, double value); /* to the engine */
    void (*ask)(void *user, const sx_question *question);         /* its probe; may be NULL */
    /* Ends the job that is shown, checkpointed, and begins another one; may be NULL. */
    sx_status (*start)(void *user, const sx_start *start, sx_error *err);
    /* "NAME VALUE" of a setting, row by row, NULL at the end; may be NULL. */
    const char *(*setting)(int row);
    /* The name of a lesson, likewise. */
    const char *(*lesson)(int row);
    bool starts_freely; /* another job ends the one that runs without a question: a script */
    const char *page;   /* the first: "dashboard", "data" ...; NULL: dashboard */
    /* Seconds that one drawing may spend on pictures that were not drawn before, or on runs that
     * were not read; the rest follow in the next drawings. 0: all at once, so that a script sees
     * the whole picture. */
    double picture_seconds;
} sx_screen_options;

/* Returns owned. An unknown page: SX_USAGE with the nearest. */
sx_screen *sx_screen_new(const sx_screen_options *options, sx_error *err);
void sx_screen_free(sx_screen *screen); /* NULL is fine */

/* The newest snapshot, borrowed until the next call or the end. */
void sx_screen_update(sx_screen *screen, const sx_snapshot *snapshot);

/* The newest answer of the probe, NULL if there is none; borrowed likewise. */
void sx_screen_answer(sx_screen *screen, const sx_answer *answer);

/* A key as views/widget/widget.h writes them; unknown ones do nothing. */
void sx_screen_key(sx_screen *screen, const char *key);

/* "Click", "Release", "WheelUp" or "WheelDown" at a cell: focus, what the pane makes of it, or one
 * row up or down. */
void sx_screen_mouse(sx_screen *screen, const char *what, int x, int y);

/* A line as typed after ':'. */
sx_status sx_screen_command(sx_screen *screen, const char *line, sx_error *err);

/* A sentence for the status line, until the next key. */
void sx_screen_say(sx_screen *screen, const char *sentence, bool bad);

/* Draws everything; the canvas has its size and look already. */
void sx_screen_draw(sx_screen *screen, sx_canvas *canvas);

/* True if the last drawing left pictures or runs out that another drawing would show. */
bool sx_screen_again(const sx_screen *screen);

/* What the person asked for and the screen cannot do itself; each is reported once. */
typedef enum {
    SX_WISH_NONE,
    SX_WISH_QUIT,
    SX_WISH_SUSPEND,
    SX_WISH_REPAINT,
    SX_WISH_COPY,   /* the text to the clipboard */
    SX_WISH_RECORD, /* keys into the file of the text, or no more */
    SX_WISH_REPLAY, /* the lesson of the text */
    SX_WISH_SET     /* a setting: "NAME VALUE" */
} sx_screen_wish;
sx_screen_wish sx_screen_take_wish(sx_screen *screen);

/* The text that belongs to a wish; owned by the screen until the next wish. */
const char *sx_screen_wished(const sx_screen *screen);

/* True while the command line takes the keys. */
bool sx_screen_prompting(const sx_screen *screen);

/* For slow lines: no thumbnails from now on, or again. */
void sx_screen_slow(sx_screen *screen, bool slow);

/* What stands in place of the key line, for a lesson that plays; "": the keys. */
void sx_screen_lesson(sx_screen *screen, const char *line);

/* {"page": ..., "focus": ..., "state": ..., "step": ..., "prompt": ..., "help": ...,
 *  "data": {"split", "class", "show", "filter", "shown", "item"}, "robustness": {...} ...};
 * owned by the caller; NULL if memory is out. */
json_t *sx_screen_state(const sx_screen *screen);

/* How things are seen, as commands, one a line: for next time. And such lines carried out; what
 * does not go any more is left out. */
void sx_screen_layout(const sx_screen *screen, sx_text *out);
void sx_screen_arrange(sx_screen *screen, const char *commands);

/* Where the tiles of a page of the canvas' size are: for tests and for clicks. */
#define SX_SCREEN_TILES 4
typedef struct {
    const char *pane; /* "data" ... */
    sx_box box;
    bool focused;
} sx_tile;
int sx_screen_tiles(const sx_screen *screen, int width, int height, sx_tile tiles[SX_SCREEN_TILES]);

/* The command tables: of the screen, and of each pane by its place 0 ..; NULL past the end. */
extern const sx_command sx_screen_commands[];
const sx_command *sx_pane_commands(int pane, const char **name);

#endif
