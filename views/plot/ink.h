/* What the vector back ends draw with, on white: colours, dash patterns and marks, so that a figure
 * is the same as SVG and as PNG. Private to views/plot. */
#ifndef SX_PLOT_INK_H
#define SX_PLOT_INK_H

#include "views/plot/surface.h"

#define SX_INK_AXIS 0x5F5F5Fu
#define SX_INK_GROUND 0xFFFFFFu
#define SX_INK_EDGE 0.8 /* units of the ground's colour between two bands */

/* The colour 0xRRGGBB of a pen, of a step of a ramp (-1: unknown), of text or a bar. */
uint32_t sx_ink_pen(sx_pen pen);
uint32_t sx_ink_step(bool diverging, int step);
uint32_t sx_ink_style(sx_style style);
/* ... of a band, that areas beside each other can be told apart by; SX_BAND_REST is grey. */
uint32_t sx_ink_band(int look);

/* How wide and opaque the pen's line is, and its dashes in units ([*count], 0: none). */
double sx_ink_width(sx_pen pen);
double sx_ink_opacity(sx_pen pen);
const double *sx_ink_dashes(sx_pen pen, int *count);

/* The corners of the pen's mark around the origin; there are at most 16. */
typedef struct {
    int count;
    double corners[16][2];
} sx_shape;
const sx_shape *sx_ink_shape(sx_pen pen);

#endif
