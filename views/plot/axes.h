/* The frame of a plot: how a box is shared between data, axes, labels and legend, and where a
 * value lies on the surface. Private to views/plot. */
#ifndef SX_PLOT_AXES_H
#define SX_PLOT_AXES_H

#include "views/plot/plot.h"
#include "views/plot/scale.h"
#include "views/plot/surface.h"

typedef struct {
    double x_low, x_high; /* of the axis */
    double y_low, y_high; /* of the data; the layout rounds the ends that are not fixed */
    bool y_low_fixed, y_high_fixed;
    bool y_log;                    /* both ends are positive */
    const char *x_label, *y_label; /* "" for none */
    const char *x_name;            /* the label of x without its unit, where room is short */
    bool degrees;                  /* x is an angle */
    int headers;                   /* rows wanted above the data, for label and legend */
    /* found by sx_frame_layout */
    sx_area area;
    sx_ticks x_ticks, y_ticks;
    bool vertical, horizontal, labels; /* what there is room for */
} sx_frame;

/* Finds area and ticks. A header is kept where 6 rows are, tick labels below 4, axes 3. */
void sx_frame_layout(sx_frame *frame, const sx_surface *surface);
void sx_frame_draw(const sx_frame *frame, sx_surface *surface);

double sx_frame_x(const sx_frame *frame, double x);
double sx_frame_y(const sx_frame *frame, double y);

/* The value of x in the middle of a column, NaN beside the area. */
double sx_frame_x_at(const sx_frame *frame, int column);

/* A text in the middle of the area. */
void sx_frame_say(const sx_frame *frame, sx_surface *surface, const char *text);

#endif
