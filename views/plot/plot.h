/* Plots of results. A plot reads data and draws it on a canvas; it keeps nothing. NaN breaks a line
 * and is never a range; what rests on too few images (sx_series.few, sx_grid.few) is marked.
 * Axes: left column of ticks, bottom row of ticks, steps of 1, 2, 2.5, 5 x 10^n, labels never
 * touch. Small boxes degrade: first labels go, then axes; nothing is drawn outside the box. */
#ifndef SX_PLOT_PLOT_H
#define SX_PLOT_PLOT_H

#include "core/result/result.h"
#include "views/canvas/canvas.h"

#define SX_FIGURE_CURVES 8

/* One line of a series result, as drawn: colour and dash pattern follow from `look` (0 .. 5; the
 * oracle and validation curves are dashed), so that identity survives without colour. */
typedef struct {
    const sx_result *series;
    int line;
    const char *label; /* in the legend; NULL: the line's name */
    int look;
    bool dashed;
    bool marks;    /* a dot at each point, for curves of few points, with intervals as strokes */
    bool band;     /* faint lines at low and high, for the range over several runs */
    size_t smooth; /* the line is the mean over so many points to either side (fewer at the ends, so
                    * that it neither lags nor leans); the raw line stays, faint. 0: raw */
} sx_curve;

typedef struct {
    double x_low, x_high, y_low, y_high; /* NaN: from the data between the other two, nice ends */
    bool y_log;                          /* where a positive value is; others break the line */
    const char *x_label, *y_label;       /* NULL: from the first curve's result; "": none */
    bool legend;
    bool diagonal; /* a dim y = x guide, for reliability diagrams */
    double cursor; /* x of a vertical guide, NaN: none */
    /* What x is drawn at: steps as seconds, for instance; NULL: as it is. The limits and the cursor
     * are of the series. NaN: unknown. */
    double (*place)(const void *context, double x);
    const void *place_context;
} sx_axes;
/* All NaN, no labels overridden, legend on. */
sx_axes sx_axes_default(void);

/* Braille curves (ASCII: one character a cell) with axes and legend. Decimates by pixel column with
 * minimum and maximum. An empty or all-NaN plot says "no data yet" in the middle. */
void sx_plot_curves(sx_canvas *canvas, sx_box box, const sx_curve *curves, int count,
                    const sx_axes *axes);

/* The x of the series that is drawn in a column of a box in which these curves are plotted; NaN
 * beside the plot, or where `place` does not know. `place` must not fall. */
double sx_plot_x_at(sx_look look, sx_box box, const sx_curve *curves, int count,
                    const sx_axes *axes, int column);

/* The lines of a series as parts of one whole, probabilities of classes for instance, stacked: line
 * `first` at the bottom, on it the largest of the others, and what is left of 1 or more than
 * SX_STACK_PARTS lines have together as "others". Cells are coloured in halves; with few colours
 * each part has its character. A legend at the right names the parts as they lie; points that are
 * unknown are a gap. */
#define SX_STACK_PARTS 6
typedef struct {
    int first;     /* the line at the bottom, which the legend marks; -1: the largest */
    double cursor; /* x of a guide; NaN: none */
} sx_stack;
void sx_plot_stack(sx_canvas *canvas, sx_box box, const sx_result *series, const sx_stack *options);

/* Which lines are parts of their own, from the bottom; returns how many. For captions and tests. */
int sx_stack_parts(const sx_result *series, const sx_stack *options, int parts[SX_STACK_PARTS]);

typedef struct {
    double low, high;              /* the ramp's ends, fixed so that frames compare */
    int cursor_row, cursor_column; /* -1: none */
    bool values;                   /* print each cell's value where a cell is >= 4 columns wide */
    bool diverging;                /* the signed ramp, and signs before numbers; low is -high */
    bool whole;                    /* every cell is shown before labels and legend have room */
    const char *unknown;           /* what the legend calls a NaN; NULL: "none" */
    int block; /* rows and columns whose values are multiples of it begin a block, a patch of a
                * vision transformer for instance: there are the labels and, with 256 colours, its
                * edges, or where cells are too small its corners; 0: there are none */
} sx_heatmap;

/* A grid as coloured cells, about square, with axis labels and, where there is room, a legend of
 * the ramp's lower edges. Without 256 colours: five shades; ASCII: ". : + # @". NaN: a dotted cell;
 * few: a mark in the corner, or one word where all are. Where rows are more than lines two share
 * one as half blocks; where that is not enough, every second (third ...) is shown and the header
 * says so. */
void sx_plot_heatmap(sx_canvas *canvas, sx_box box, const sx_result *grid,
                     const sx_heatmap *options);

/* The cell of the grid that is drawn at a place of the canvas, of two rows that share a line the
 * upper one; row -1: none. */
typedef struct {
    int row, column;
} sx_grid_place;
sx_grid_place sx_plot_cell_at(sx_look look, sx_box box, const sx_result *grid, int x, int y);

/* How a grid is seen where nobody chooses: shares from 0 to 1, other numbers on a scale of their
 * own, around 0 if some are negative; no cursor, with values. */
sx_heatmap sx_plot_scale(const sx_result *grid);

/* Images as tiles with their captions, from image `first` on, as large as all of them fit; returns
 * how many are seen. And where they would be. */
int sx_plot_gallery(sx_canvas *canvas, sx_box box, const sx_result *images, int first);
typedef struct {
    int columns, rows, width, height; /* of tiles; of one in cells, its caption's row included */
} sx_gallery;
sx_gallery sx_gallery_lay(sx_box box, const sx_result *images);

/* A map over the picture that it is about, in the colours that its heat map has on white: images of
 * one, "NAME-on-picture". Returns owned; NULL if it is neither, or memory is out. */
sx_result *sx_plot_overlay(const sx_result *picture, const sx_result *map);

/* One row of eighth blocks; NaN: a blank. Resampled to the box's width by means. */
void sx_plot_sparkline(sx_canvas *canvas, sx_box box, const double *values, size_t count,
                       double low, double high, sx_style style);

/* A reliability diagram of bins: accuracy bars against confidence with the diagonal, counts as
 * marks. `reliability` is the series of that name (see core/study/study.h). The bar of bin `cursor`
 * (-1: none) stands out. Of `axes` only the limits count; both axes go from 0 to 1 without. */
void sx_plot_reliability(sx_canvas *canvas, sx_box box, const sx_result *reliability,
                         const sx_axes *axes, int cursor);

/* The confidence that is drawn in a column of such a box; NaN beside the plot. */
double sx_plot_confidence_at(sx_look look, sx_box box, const sx_result *reliability,
                             const sx_axes *axes, int column);

/* A table or claims result as aligned columns, numbers right-aligned, from row `first` on; a header
 * row; columns that do not fit are dropped from the right after the first, and said so. Claims as
 * in mock-up 3, with a last line that counts the verdicts. Returns the rows of the box that were
 * used, header and last line included. */
int sx_plot_table(sx_canvas *canvas, sx_box box, const sx_result *table, size_t first,
                  long selected /* -1: none */);

/* A result as it stands in reports: everything of it that is worth a look, without a cursor. Rows:
 * of a canvas for it, 0 if there is nothing to draw. */
void sx_plot_result(sx_canvas *canvas, sx_box box, const sx_result *result);
int sx_plot_rows(const sx_result *result);

/* Appends a result as text: title, plot or table, a sentence, an empty line. `columns` wide (claims
 * are always read whole); with colours in `look` as ANSI escape codes, else without any. */
void sx_plot_text(const sx_result *result, int columns, sx_look look, sx_text *out);

/* True for series, grids and images: what can be a figure; not what is kept for each picture. */
bool sx_plot_is_picture(const sx_result *result);

/* True for what a run keeps of each picture, so that others can count again: it is exported, and
 * drawn nowhere. */
bool sx_plot_is_raw(const sx_result *result);

/* A plot as a file of its own, with a title, and a caption below (run, seed, date). Of `result` as
 * it stands in reports; or, with `curve_count` > 0, curves under axes of one's own; or, with
 * `as_map`, a grid with options of one's own. */
typedef struct {
    const sx_result *result; /* gives title and step */
    const char *caption;
    int curve_count;
    sx_curve curves[SX_FIGURE_CURVES];
    sx_axes axes;
    bool as_map, as_diagram, as_stack; /* by `map`; a reliability diagram by `axes`; by `stack` */
    sx_heatmap map;
    sx_stack stack;
} sx_figure;

/* Appends it as SVG; as a PNG with `scale` pixels to a unit (2 for slides), the caller's to end.
 * Equal results make equal bytes. Of a result that is no picture: nothing, SX_BAD_INPUT. */
void sx_figure_svg(const sx_figure *figure, sx_text *out);
sx_status sx_figure_png(const sx_figure *figure, double scale, sx_bytes *out, sx_error *err);

/* The canvas as it is seen with 256 colours in the theme of now: as PNG, the caller's to end; as
 * SVG, appended. */
sx_status sx_photo_png(const sx_canvas *canvas, double scale, sx_bytes *out, sx_error *err);
void sx_photo_svg(const sx_canvas *canvas, sx_text *out);

/* A number for a person: 0.43, 1,234, 1.2e-5, "-" for NaN. Into out [32]; returns out. */
char *sx_number_shown(char *out, double value, int decimals);

/* One sentence about a result for text reports and screen readers: "loss fell from 2.30 to 0.41 in
 * 900 steps, lowest 0.39 at 870". */
void sx_plot_sentence(const sx_result *result, sx_text *out);

#endif
