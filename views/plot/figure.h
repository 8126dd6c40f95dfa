/* Plots on any surface, and the surface that writes SVG. Private to views/plot. */
#ifndef SX_PLOT_FIGURE_H
#define SX_PLOT_FIGURE_H

#include "views/plot/plot.h"
#include "views/plot/surface.h"
#include "views/raster/raster.h"

void sx_curves_on(sx_surface *surface, const sx_curve *curves, int count, const sx_axes *axes);
void sx_stack_on(sx_surface *surface, const sx_result *series, const sx_stack *options);
void sx_heatmap_on(sx_surface *surface, const sx_grid *grid, const sx_heatmap *options);
void sx_reliability_on(sx_surface *surface, const sx_series *series, const sx_axes *axes,
                       int cursor);

/* The surface that the two back ends below share: places are exact, a character is SX_VECTOR_WIDTH
 * x SX_VECTOR_HEIGHT units. On white, in the inks of ink.h. */
#define SX_VECTOR_WIDTH SX_RASTER_WIDTH
#define SX_VECTOR_HEIGHT SX_RASTER_HEIGHT
sx_surface sx_surface_exact(const sx_surface_kind *kind, int width, int height);

/* Axes and ticks as strokes from (x, y) to (x, y). */
#define SX_AXIS_STROKES 160
typedef struct {
    int count;
    double ends[SX_AXIS_STROKES][4];
} sx_axis_strokes;
void sx_axis_strokes_of(const sx_axis_lines *lines, sx_axis_strokes *out);

/* Appends SVG elements to a text. */
typedef struct {
    sx_surface base;
    sx_text *out;
    sx_area area; /* of the line being drawn */
    sx_pen pen;
} sx_vector_surface;

/* Starts drawing on a surface of so many characters, its upper left corner at the origin; there is
 * nothing to end. */
sx_surface *sx_vector_surface_init(sx_vector_surface *vector, int width, int height, sx_text *out);

/* Draws on a raster, its upper left corner at (x, y) units; likewise. */
typedef struct {
    sx_surface base;
    sx_raster *raster;
    double x, y;
    sx_pen pen;
} sx_pixel_surface;
sx_surface *sx_pixel_surface_init(sx_pixel_surface *pixels, sx_raster *raster, double x, double y,
                                  int width, int height);

#endif
