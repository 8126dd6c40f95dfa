/* What plots draw on. A surface measures in characters: x counts columns and y counts rows from
 * its upper left corner, so labels are laid out alike everywhere, and lines may lie between them.
 * The cell back end draws on a canvas; a vector back end gives a character a size in points and
 * draws real lines. Plots use these calls and nothing else. Private to views/plot. */
#ifndef SX_PLOT_SURFACE_H
#define SX_PLOT_SURFACE_H

#include "views/canvas/canvas.h"

/* A part of a surface, in whole characters. */
typedef struct {
    int x, y, width, height;
} sx_area;

/* How a line looks: colour and pattern of a curve, dashed or not, or a faint guide, or an edge
 * between cells of a map. */
typedef struct {
    int look; /* 0 .. 5 */
    bool dashed, dim, guide, edge;
} sx_pen;

typedef enum {
    SX_MARK_POINT,
    SX_MARK_HOLLOW, /* rests on too little */
    SX_MARK_UNKNOWN /* NaN or infinite */
} sx_mark;

/* Both axes of a plot; ticks are columns and rows of the surface. A length of 0: no such axis. */
typedef struct {
    sx_area area; /* of the data; the vertical axis is left of it, the other its last row */
    bool vertical, horizontal;
    const int *x_ticks, *y_ticks;
    const double *x_places, *y_places; /* exactly */
    int x_tick_count, y_tick_count;
} sx_axis_lines;

/* What lies between two lines over the same places, from left to right: one part of a whole. */
#define SX_BAND_REST (-1)
typedef struct {
    int count;
    const double *x, *top, *bottom; /* [count] columns and rows; finite */
    int look;                       /* 0 .. 5, or SX_BAND_REST: all that has no look of its own */
} sx_band;
/* Its edges at a column between the first and the last, for the back ends. */
void sx_band_edges(const sx_band *band, double x, double *top, double *bottom);

typedef struct sx_surface sx_surface;

typedef struct {
    /* A line through points, clipped to `area`; nothing shows before `end`. A later line hides an
     * earlier one where they meet. */
    void (*begin)(sx_surface *surface, sx_area area, sx_pen pen);
    void (*move)(sx_surface *surface, double x, double y);
    void (*line)(sx_surface *surface, double x, double y);
    void (*end)(sx_surface *surface);
    void (*mark)(sx_surface *surface, double x, double y, sx_mark mark, sx_pen pen);
    /* A vertical stroke from y `top` down to `bottom`. */
    void (*interval)(sx_surface *surface, sx_area area, double x, double top, double bottom,
                     sx_pen pen);
    void (*axes)(sx_surface *surface, const sx_axis_lines *lines);
    /* A bar `height` rows high (fractions count) on the lower edge of row `y`. */
    void (*bar)(sx_surface *surface, int x, double y, int width, double height, sx_style style);
    /* A cell of a heat map with step 0 .. levels - 1 (of the signed ramp, if the surface says so),
     * -1 for unknown. With `halves` it may be half
     * a row high, its upper edge at half a row. */
    void (*fill)(sx_surface *surface, int x, double y, int width, double height, int step);
    /* Within `area`; where colours are few, by characters. */
    void (*band)(sx_surface *surface, sx_area area, const sx_band *band);
    void (*text)(sx_surface *surface, int x, double y, sx_style style, const char *text);
} sx_surface_kind;

struct sx_surface {
    const sx_surface_kind *kind;
    int width, height;
    int levels;      /* steps of the heat-map ramp that can be told apart */
    bool diverging;  /* steps are of the signed ramp, whose middle means 0 */
    bool halves;     /* half rows can be filled */
    bool inks;       /* text can be read on a filled cell */
    bool exact;      /* text and bars may begin within a row */
    const char *few; /* the corner mark of a cell that rests on too little */
};

/* The style of text on a cell of this step (-1: unknown). */
sx_style sx_surface_ink(const sx_surface *surface, int step);

/* ---- the cell back end ------------------------------------------------------------------------
 */

#define SX_CELLS_WIDEST 1000 /* columns, as of a canvas */

typedef struct {
    sx_surface base;
    sx_canvas *canvas;
    sx_box box;
    sx_area area; /* of the line being drawn */
    sx_pen pen;
    double x, y; /* where the pen is, in dots of the area */
    /* The dots a line covers in each column of dots, first > last: none. */
    int16_t first[2 * SX_CELLS_WIDEST], last[2 * SX_CELLS_WIDEST];
} sx_cell_surface;

/* bands.c */
void sx_cells_band(sx_surface *surface, sx_area area, const sx_band *band);

/* Starts drawing on a box of the canvas; there is nothing to end. */
sx_surface *sx_cell_surface_init(sx_cell_surface *cells, sx_canvas *canvas, sx_box box);

#endif
