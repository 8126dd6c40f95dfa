/* Plots on any surface, and the surface that writes SVG. Private to views/plot. */
#ifndef SX_PLOT_FIGURE_H
#define SX_PLOT_FIGURE_H

#include "views/plot/plot.h"
#include "views/plot/surface.h"

void sx_curves_on(sx_surface *surface, const sx_curve *curves, int count, const sx_axes *axes);
void sx_heatmap_on(sx_surface *surface, const sx_grid *grid, const sx_heatmap *options);
void sx_reliability_on(sx_surface *surface, const sx_series *series, int cursor);

/* Appends SVG elements to a text; a character is SX_VECTOR_WIDTH x SX_VECTOR_HEIGHT user units. On
 * white, in colours that colour-blind readers can tell apart there. */
#define SX_VECTOR_WIDTH 8
#define SX_VECTOR_HEIGHT 16

typedef struct {
    sx_surface base;
    sx_text *out;
    sx_area area; /* of the line being drawn */
    sx_pen pen;
} sx_vector_surface;

/* Starts drawing on a surface of so many characters, its upper left corner at the origin; there is
 * nothing to end. */
sx_surface *sx_vector_surface_init(sx_vector_surface *vector, int width, int height, sx_text *out);

/* Text with what XML reserves written out; control characters are left out. */
void sx_vector_escape(sx_text *out, const char *text);

#endif
