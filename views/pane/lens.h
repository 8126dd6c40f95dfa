/* How the curves of a pane are seen: the ends of the axes, chosen by hand, by coming closer, by
 * panning or with the mouse, and kept as data arrive; what steps are drawn over; means. One for all
 * panes, so that the same keys do the same everywhere. Private to the folder. */
#ifndef SX_PANE_LENS_H
#define SX_PANE_LENS_H

#include "views/pane/part.h"

/* ---- the ends of the axes ---------------------------------------------------------------------
 */

/* The chosen ends of an axis; NaN: as they come. Plain numbers, for a pane's view. */
typedef struct {
    double low, high;
} sx_ends;
extern const sx_ends sx_ends_free;
/* Whether a person has chosen any of them. */
bool sx_ends_are_chosen(const sx_ends *x, const sx_ends *y);

/* A plot at this moment, and what is chosen of its axes. Made anew for each command. */
typedef struct {
    sx_ends *x, *y;   /* borrowed from the pane */
    double low, high; /* all there is of x; equal: nothing */
    double at;        /* what is looked at closer: the cursor; NaN: the middle */
    double least;     /* of x that is worth looking at */
    bool whole;       /* x counts something: its ends are whole numbers */
} sx_lens;

/* A lens before a series (NULL, or less than two points: there is nothing to see), at `at`. */
sx_lens sx_lens_of(const sx_result *series, sx_ends *x, sx_ends *y, double at);

/* Values of the commands below. */
enum {
    SX_LENS_CLOSER,
    SX_LENS_WIDER,
    SX_LENS_WHOLE,
    SX_LENS_LEFT,
    SX_LENS_RIGHT,
    SX_LENS_X,
    SX_LENS_Y
};
void sx_lens_run(const sx_lens *lens, sx_desk *desk, int value, const char *argument);

/* The rows of a pane's command table; the keys of three of them differ by what else the pane has.
 * `run` gives the lens to sx_lens_run. */
#define SX_LENS_ROW(name, keys, argument, help, run, value)                                        \
    { name, keys, argument, NULL, help, run, value, NULL, NULL }
#define SX_LENS_COMMANDS(run, keys_left, keys_right, keys_y)                                       \
    SX_LENS_ROW("closer", "z", "", "half as much of the axis, around the cursor", run,             \
                SX_LENS_CLOSER),                                                                   \
        SX_LENS_ROW("wider", "Z", "", "twice as much of the axis", run, SX_LENS_WIDER),            \
        SX_LENS_ROW("whole", "0", "", "all of both axes, as they come", run, SX_LENS_WHOLE),       \
        SX_LENS_ROW("pan-left", keys_left, "", "when closer: what lies to the left", run,          \
                    SX_LENS_LEFT),                                                                 \
        SX_LENS_ROW("pan-right", keys_right, "", "when closer: what lies to the right", run,       \
                    SX_LENS_RIGHT),                                                                \
        SX_LENS_ROW("limits", "x", "LOW HIGH", "see the axis below from LOW to HIGH", run,         \
                    SX_LENS_X),                                                                    \
        SX_LENS_ROW("value-limits", keys_y, "LOW HIGH", "see values from LOW to HIGH", run,        \
                    SX_LENS_Y)

/* The ends of what is seen, where nothing is chosen those given. */
sx_ends sx_lens_seen(const sx_ends *chosen, double low, double high);

/* Puts what is chosen into axes, which keep their own ends where nothing is. */
void sx_lens_axes(const sx_ends *x, const sx_ends *y, sx_axes *axes);

/* Moves what is seen so far that x is in it. */
void sx_lens_keep(const sx_lens *lens, double x);

/* Sees what lies between two x, in any order; NaN: nothing happens. */
void sx_lens_between(const sx_lens *lens, double a, double b);

/* ---- the mouse --------------------------------------------------------------------------------
 */

enum { SX_MOUSE_PLOTS = 8 };

/* Where the plots of a pane were drawn last, and where the button went down in them. */
typedef struct {
    sx_box boxes[SX_MOUSE_PLOTS]; /* width 0: it is not there */
    sx_look look;
    int plot, column; /* -1: beside the plots */
} sx_mouse;

/* Before the plots are drawn. */
void sx_mouse_clear(sx_mouse *mouse, sx_look look);

/* What a press ("Click") or a release means: a place, or a drag from one column of the canvas to
 * another. */
typedef struct {
    int plot; /* -1: nothing */
    bool drag;
    int from, to;
} sx_stroke;
sx_stroke sx_mouse_take(sx_mouse *mouse, const char *what, int x, int y);

/* ---- what steps are drawn over, and means -----------------------------------------------------
 */

enum { SX_BY_STEP, SX_BY_EPOCH, SX_BY_TIME, SX_X_AXES };
typedef struct {
    const char *name, *label, *line; /* of a command, of an axis, of the clock */
} sx_x_axis;
extern const sx_x_axis sx_x_axes[SX_X_AXES];

/* For a command's argument; turns `axis` as it says. False, with a sentence, if it cannot: `clock`
 * (may be NULL) does not know that line, or there is no such axis. */
const char *sx_x_axis_choice(void *state, size_t row);
bool sx_x_axis_turn(sx_desk *desk, int *axis, const sx_result *clock, const char *argument);

/* The epoch or second of a step; beyond what is known, at the pace so far. NaN if unknown. */
double sx_clock_at(const sx_result *clock, int axis, double step);

/* The lines of a series over another axis than steps, points left out whose place is not known or
 * not after the one before. Returns owned; NULL if no point is left or memory is out. */
sx_result *sx_over_clock(const sx_result *series, const sx_result *clock, int axis);

/* Likewise for means: `smoothing` is a row of a table, 0 for none. Points to either side that a
 * mean takes in a series of so many. */
const char *sx_smoothing_choice(void *state, size_t row);
bool sx_smoothing_turn(sx_desk *desk, int *smoothing, const char *argument);
int sx_smoothing_percent(int smoothing);
size_t sx_smoothing_reach(int smoothing, const sx_result *series);

/* The other kind of axis; `what` begins the sentence: "loss". */
void sx_logarithmic_turn(sx_desk *desk, bool *logarithmic, const char *what);

#endif
