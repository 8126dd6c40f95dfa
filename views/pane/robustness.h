/* The pane Robustness in parts: what is chosen, the page and the pictures behind it (robustness.c),
 * the cursor (robustness_cursor.c), plots (robustness_plots.c) and commands
 * (robustness_commands.c). Private to the folder. */
#ifndef SX_PANE_ROBUSTNESS_H
#define SX_PANE_ROBUSTNESS_H

#include "views/pane/lens.h"
#include "views/pane/maps.h"
#include "views/pane/sheet.h"

typedef enum {
    SX_ROBUSTNESS_LOCATION,
    SX_ROBUSTNESS_ROTATION,
    SX_ROBUSTNESS_SIZE,
    SX_ROBUSTNESS_PLOTS
} sx_robustness_plot;

/* What is measured; risk and coverage among what is kept at a threshold that was chosen on
 * validation images: whether it knows when it cannot see. */
typedef enum {
    SX_ROBUSTNESS_ACCURACY,
    SX_ROBUSTNESS_RISK,
    SX_ROBUSTNESS_COVERAGE,
    SX_ROBUSTNESS_MEASURES
} sx_robustness_measure;

typedef struct {
    sx_desk *desk;
    sx_robustness_plot main;
    sx_robustness_measure measure;
    int method; /* of risk and coverage, from 0 */
    int map;    /* of accuracy: see sx_map_at */
    bool values;
    sx_ends x[SX_ROBUSTNESS_PLOTS], y[SX_ROBUSTNESS_PLOTS]; /* what is seen of the curves */
    sx_robustness_plot read; /* whose cursor is told: the main plot or where a click was */
    int row, column, point[SX_ROBUSTNESS_PLOTS]; /* cursors; row < 0: not set yet */
    sx_mouse mouse;
    sx_sheet_view sheet;       /* the pictures behind the point under the cursor ... */
    sx_robustness_plot opened; /* ... of this plot */
} sx_robustness_pane;

/* ---- robustness.c: what is chosen -------------------------------------------------------------
 */

extern const char *const sx_robustness_plot_names[SX_ROBUSTNESS_PLOTS];
extern const char *const sx_robustness_measure_names[SX_ROBUSTNESS_MEASURES];

/* The result that a plot shows; NULL: it is not there. */
const sx_result *sx_robustness_result(const sx_robustness_pane *pane, sx_robustness_plot which);
/* The line of its series that the cursor reads: of several networks the first one's. */
int sx_robustness_line(const sx_result *result);
/* The map that is chosen among those of accuracy. */
sx_map_view sx_robustness_map(const sx_robustness_pane *pane);
/* Whether any plot has that measure of a method. */
bool sx_robustness_has(const sx_robustness_pane *pane, sx_robustness_measure of, int method);
/* Shows another measure. */
void sx_robustness_turn(sx_robustness_pane *pane, sx_robustness_measure of);
/* The share of the image that the objects of a plot took; NaN where sizes differ, or in a set that
 * somebody composed. */
double sx_robustness_area(const sx_robustness_pane *pane, sx_robustness_plot which);
sx_lens sx_robustness_lens(sx_robustness_pane *pane, sx_robustness_plot which);

/* ---- robustness_cursor.c ----------------------------------------------------------------------
 */

/* LEFT .. DOWN, in the main plot; anything else, and the first move, puts a cursor that is not set
 * yet in the middle. */
void sx_robustness_move(sx_robustness_pane *pane, int value);
/* The x of a curve under its cursor; NaN: it is not set. */
double sx_robustness_cursor_x(const sx_robustness_pane *pane, sx_robustness_plot which);
/* The value under the cursor with interval and count; "" if there is none. */
void sx_robustness_tell(const sx_robustness_pane *pane, char *out, size_t size);
/* The pose and the number of pictures of the cell or point under the cursor; false: there is none.
 */
bool sx_robustness_pose(const sx_robustness_pane *pane, sx_pose *pose, double *count);
/* Puts the cursor of the map, if there is one, on the cell nearest to a pose. */
void sx_robustness_seek(sx_robustness_pane *pane, sx_pose pose);
/* A click reads a cell or point of any plot; a drag along a curve sees what lies between. */
void sx_robustness_mouse(void *pane, const char *what, int x, int y);

/* ---- robustness_plots.c -----------------------------------------------------------------------
 */

/* The curve that the cursor reads, and the axes as they are seen. */
sx_curve sx_robustness_curve(const sx_robustness_pane *pane, sx_robustness_plot which);
sx_axes sx_robustness_axes(const sx_robustness_pane *pane, sx_robustness_plot which);
/* What is seen of a curve, beside the whole of it, for export: see sx_pane. */
bool sx_robustness_figure(void *pane, int row, char *name, size_t size, sx_figure *out);
/* A plot, or the line that says what it waits for; a curve in one row; what the cursor reads. */
void sx_robustness_draw_plot(sx_robustness_pane *pane, sx_canvas *canvas, sx_box box,
                             sx_robustness_plot which, bool focused);
void sx_robustness_draw_spark(const sx_robustness_pane *pane, sx_canvas *canvas, sx_box row,
                              sx_robustness_plot which);
void sx_robustness_draw_status(const sx_robustness_pane *pane, sx_canvas *canvas, sx_box row,
                               bool focused);

/* ---- robustness_commands.c --------------------------------------------------------------------
 */

extern const sx_command sx_robustness_commands[];

#endif
