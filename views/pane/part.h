/* What the files of this folder share: what a pane is, the desk it works at, and small helpers over
 * results. Private to the folder. */
#ifndef SX_PANE_PART_H
#define SX_PANE_PART_H

#include "core/metric/metric.h"
#include "views/pane/pane.h"
#include "views/plot/plot.h"

#define SX_COMPARED 8
#define SX_PART_METHODS 20 /* of a study; results of method k >= 2 end in "-k" */

/* Which state of a run is compared: as it is now (live, if it is computed here), or what was saved
 * with its newest checkpoint or with the one before. */
typedef enum { SX_RUN_NOW, SX_RUN_CHECKPOINT, SX_RUN_BEFORE } sx_run_version;

/* What a pane may use of the screen around it. */
typedef struct {
    const sx_snapshot *now;  /* never NULL */
    const sx_answer *answer; /* of the probe; NULL: none */
    void *user;              /* as in sx_screen_options */
    void (*ask)(void *user, const sx_question *question);
    void (*send)(void *user, sx_command_kind kind, double value);
    sx_status (*start)(void *user, const sx_start *start, sx_error *err);
    bool starts_freely;   /* as in sx_screen_options, or while a lesson plays */
    bool wants_dashboard; /* a pane has begun another job */
    bool wants_compare;   /* ... wants to see the runs that are marked */
    bool wants_probe;     /* a pane has put something into `scene` that is to be opened */
    bool wants_cell;      /* ... the cell of the map where the scene's object is */
    bool wants_maps;      /* ... the maps of risk and coverage of `method` (from 0) */
    int method;
    bool wants_enter;    /* a click means what Enter does */
    bool wants_pictures; /* ... the predictions with a confidence of least .. most */
    double least, most;
    bool posed;     /* it is opened as the probe shows it */
    sx_scene scene; /* what the probe shows; other panes put there what is selected in them */
    sx_along along;
    double target, threshold, coverage; /* the operating point of the Risk pane; NaN: unknown */
    double picture_seconds;             /* as in sx_screen_options; also for reading from disk */
    bool no_thumbnails;                 /* the line is slow */
    unsigned keys;                      /* and clicks so far: what goes by itself ends at one */
    bool again;                         /* set while drawing: something is missing yet */
    bool bad;                           /* of message */
    /* The runs and checkpoints that are compared, each in a place that fixes its colour. */
    struct {
        char run[96]; /* "": free */
        sx_run_version version;
    } compared[SX_COMPARED];
    struct {
        char text[192]; /* a question to be answered with y; "": none */
        void (*yes)(void *context);
        void *context;
    } question;
    sx_start pending;  /* begun if the question is answered with y */
    char message[512]; /* "" or the answer to the last key */
    char claims[80];   /* "2 hold · 1 fails", "" before there are claims */
} sx_desk;

void sx_desk_say(sx_desk *desk, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Asks before something that cannot be taken back: `yes` runs if the next key is y. */
void sx_desk_ask(sx_desk *desk, void (*yes)(void *context), void *context, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* True while a job would be stopped by leaving or by another one. */
bool sx_desk_active(const sx_desk *desk);

/* Sends a command to the engine; false if nothing runs or the study would refuse it, and says so.
 */
bool sx_desk_send(sx_desk *desk, sx_command_kind kind, double value);

/* Begins another job, after a question if one runs. */
void sx_desk_start(sx_desk *desk, sx_start_kind kind, const char *what, const char *preset);

/* True while a drawing that began at `began` (sx_seconds) may still spend time on what can come in
 * the next ones too; without limits (a script) always. */
bool sx_desk_has_time(const sx_desk *desk, double began);

/* The place of a run among those that are compared, -1: none; how many there are. */
int sx_desk_place(const sx_desk *desk, const char *run, sx_run_version version);
int sx_desk_compared(const sx_desk *desk);
/* Frees all places of a run. */
void sx_desk_unmark(sx_desk *desk, const char *run);

/* How to draw: as a tile among others or alone on a page. */
typedef struct {
    bool focused, zoomed;
} sx_pane_drawing;

/* Values of the commands that move a cursor or a selection. */
enum { LEFT, RIGHT, UP, DOWN, PAGE_UP, PAGE_DOWN, FIRST, LAST };

/* A frame's title in parts, each with its own joint in front (" · ", ", "). The first is the pane's
 * name, which always stays; of the others the least worthy give way first where room is short, to
 * their brief form ("": there is none), then altogether. */
#define SX_HEADING_PARTS 10
typedef enum { SX_HEADING_LONG, SX_HEADING_BRIEF, SX_HEADING_GONE } sx_heading_form;
typedef struct {
    char text[192], brief[64];
    int worth;
    sx_heading_form form;
} sx_heading_part;
typedef struct {
    int count;
    sx_heading_part parts[SX_HEADING_PARTS];
} sx_heading;
void sx_heading_add(sx_heading *heading, int worth, const char *brief, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* As much of it as `columns` have room for, into out [size]; a last part that is too long alone is
 * left to the frame to cut. */
void sx_heading_fit(sx_heading *heading, int columns, char *out, size_t size);

/* A stretch of plain fields of a pane's state, from one to another. */
typedef struct {
    size_t offset, size;
} sx_view_span;
#define SX_VIEW_BYTES 256 /* most of one pane */
#define SX_VIEW_SPAN(type, first, last)                                                            \
    {                                                                                              \
        offsetof(type, first),                                                                     \
            offsetof(type, last) + sizeof(((type *)0)->last) - offsetof(type, first)               \
    }

/* A pane: a table of functions over a state that `open` returns. Only title and draw are needed. */
typedef struct {
    const char *name, *title; /* "risk", "Risk" */
    const char *tab;          /* a shorter title for where room is short; NULL: there is none */
    const char *help;         /* of its page's command */
    const char *explains;     /* for `i`: three sentences on what is seen ... */
    const char *tries;        /* ... and what to try */
    const sx_command *commands;
    const char *const *results; /* what `e` exports; ends with NULL */
    void *(*open)(sx_desk *desk);
    void (*close)(void *pane);
    void (*update)(void *pane);          /* desk->now or desk->answer is new */
    void (*seen)(void *pane, bool seen); /* its page is there, or is no more */
    void (*offer)(void *pane);           /* puts what is selected into desk->scene */
    void (*accept)(void *pane);          /* shows what wants_pictures or wants_cell asks */
    sx_view_span view;                   /* what `u` goes back to; size 0: nothing */
    void (*restored)(void *pane);        /* after it was put back */
    void (*heading)(const void *pane, sx_heading *out); /* adds the frame's title */
    void (*draw)(void *pane, sx_canvas *canvas, sx_box box, sx_pane_drawing how);
    /* Plot `row` as it is seen (result NULL: there are no data yet) and how its file is called;
     * false past the last one. NULL: results are exported as they are. */
    bool (*figure)(void *pane, int row, char *name, size_t size, sx_figure *out);
    /* Appends the numbers of plot `row` as CSV, where they are no result of the job. */
    bool (*numbers)(void *pane, int row, char *name, size_t size, sx_text *out);
    const char *(*folder)(void *pane); /* whose "export" takes the files; NULL: the job's */
    /* "Click", or "Release" where the button was let go, at a cell of the canvas; may be NULL. */
    void (*mouse)(void *pane, const char *what, int x, int y);
    bool (*enter)(void *pane); /* Enter on its own page: opens something; false: nothing to open */
    bool (*back)(void *pane);  /* Esc: closes what `enter` opened; false: nothing was open */
    json_t *(*state)(const void *pane);
    /* Appends the commands, one a line, that make a new pane be seen as this one; may be NULL. */
    void (*layout)(const void *pane, sx_text *out);
} sx_pane;

extern const sx_pane sx_pane_data, sx_pane_train, sx_pane_robustness, sx_pane_risk, sx_pane_claims,
    sx_pane_probe, sx_pane_inspect, sx_pane_compare, sx_pane_runs, sx_pane_studies;

/* ---- results ----------------------------------------------------------------------------------
 */

/* The newest result of a name if it is of that kind, else NULL: a run folder is a file from
 * outside, and its "risk" may be anything. */
const sx_result *sx_part_result(const sx_desk *desk, const char *name, sx_result_kind kind);

/* A line or column by name, -1 or NULL if there is none. */
int sx_part_line(const sx_result *series, const char *name);
const sx_column *sx_part_column(const sx_result *table, const char *name);

/* The last value of a line that is a number; NaN if none. */
double sx_part_last(const sx_result *series, const char *name);

/* `value` of the row of a table whose column 0 is `row`; NaN if there is none. */
double sx_part_cell(const sx_result *table, const char *row, const char *column);

/* On which split it was measured; the validation split if it does not say. */
sx_split sx_part_split(const sx_result *result);

/* A number of the scene that it was measured on ("area"); `fallback` if it does not say. */
double sx_part_scene(const sx_result *result, const char *key, double fallback);

/* Keeps `*held` the newest result of that name; true if it is another one than before. */
bool sx_part_follow(const sx_desk *desk, const char *name, sx_result_kind kind,
                    const sx_result **held);

/* Coverage and threshold at a target risk by the table of items; NaN where it does not tell. */
sx_operating_point sx_part_point(const sx_result *items, sx_confidence measure, double target);

/* "0.62 [0.56, 0.68]   n 240" into out [size], parts that are unknown left out. */
void sx_part_estimate(char *out, size_t size, double value, double low, double high, double n);

/* The points or cells that rest on fewer images than the result calls enough. */
int sx_part_few(const double *count, size_t n, double few);

/* The row that a command's argument chooses (sx_command.choice says how rows are called): the one
 * after `now`, in a circle, if there is no argument; -1 and `sentence` on the desk if there is no
 * such row. */
int sx_part_choose(sx_desk *desk, const char *(*choice)(void *, size_t), void *pane, int now,
                   const char *argument, const char *sentence);

/* ---- drawing ----------------------------------------------------------------------------------
 */

/* One or more lines in the middle: what the pane waits for, or why there will be nothing. `awaited`
 * begins the sentence, `when` ends it while the run goes on: "The risk-coverage curve", "comes with
 * the first measurement". */
void sx_part_waiting(const sx_desk *desk, sx_canvas *canvas, sx_box box, const char *awaited,
                     const char *when);
#define SX_PART_MEASURED "comes with the first measurement; M measures now"

/* Why a run has no network to put questions to: it is a study whose networks have runs of their
 * own, or a measurement of several; NULL: it has, or may have one later. */
const char *sx_part_without_network(const sx_desk *desk);

/* Loading: what, a bar, how much. False if nothing is being loaded. */
bool sx_part_loading(const sx_desk *desk, sx_canvas *canvas, sx_box box);

/* Formats a segment for sx_segments_draw. */
sx_segment sx_part_segment(sx_role role, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- pictures that were drawn before ----------------------------------------------------------
 */

/* Rendered cells by item and size, so that a page of thumbnails costs its decoding once. */
typedef struct sx_pictures sx_pictures;
sx_pictures *sx_pictures_new(void);
void sx_pictures_free(sx_pictures *pictures);
/* Forgets everything: another data set. */
void sx_pictures_clear(sx_pictures *pictures);

typedef struct {
    const sx_study_data *data;
    sx_split split;
    size_t item;
    bool original; /* as it is in the data set, not as the network sees it */
} sx_picture;

/* Begins a drawing that may spend so many seconds on pictures that were never drawn (0: no limit);
 * at least one of them is drawn. */
void sx_pictures_begin(sx_pictures *pictures, double seconds);

/* Draws the picture; false if it was never drawn before and there is no time left for it. An
 * unreadable one is drawn as such. */
bool sx_pictures_draw(sx_pictures *pictures, sx_canvas *canvas, sx_box box,
                      const sx_picture *picture);

/* ---- export ------------------------------------------------------------------------------------
 */

/* Writes the pane's results that are there as CSV, JSON and, if they are plots, SVG into
 * FOLDER/export, and its plots as they are seen, and says so on the desk. */
void sx_part_export(sx_desk *desk, const sx_pane *pane, void *state);

/* Appends the numbers of what is there as CSV, a blank line between; how many. */
int sx_part_numbers(const sx_desk *desk, const sx_pane *pane, void *state, sx_text *out);

#endif
