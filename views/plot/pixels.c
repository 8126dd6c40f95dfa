/* The surface in pixels, for PNG: what vector.c writes as elements is drawn here, with the same
 * inks in the same places. */
#include "views/plot/figure.h"
#include "views/plot/ink.h"

#include <math.h>

static sx_raster *raster_of(sx_surface *surface) {
    return ((sx_pixel_surface *)surface)->raster;
}

static double across(const sx_surface *surface, double x) {
    return ((const sx_pixel_surface *)surface)->x + x * SX_RASTER_WIDTH;
}

static double down(const sx_surface *surface, double y) {
    return ((const sx_pixel_surface *)surface)->y + y * SX_RASTER_HEIGHT;
}

static void pixels_begin(sx_surface *surface, sx_area area, sx_pen pen) {
    ((sx_pixel_surface *)surface)->pen = pen;
    sx_raster_clip(raster_of(surface), across(surface, area.x), down(surface, area.y),
                   (double)area.width * SX_RASTER_WIDTH, (double)area.height * SX_RASTER_HEIGHT);
}

/* Far outside is as good as infinitely far, and can be counted in. */
static double bounded(double value) {
    return fmin(fmax(value, -1e5), 1e5);
}

static void pixels_move(sx_surface *surface, double x, double y) {
    x = bounded(across(surface, x));
    y = bounded(down(surface, y));
    sx_raster_move(raster_of(surface), x, y);
    sx_raster_line(raster_of(surface), x, y); /* a point alone is seen */
}

static void pixels_line(sx_surface *surface, double x, double y) {
    sx_raster_line(raster_of(surface), bounded(across(surface, x)), bounded(down(surface, y)));
}

static void pixels_end(sx_surface *surface) {
    sx_pen pen = ((sx_pixel_surface *)surface)->pen;
    sx_stroke stroke = {
        .width = sx_ink_width(pen), .opacity = sx_ink_opacity(pen), .colour = sx_ink_pen(pen)};
    stroke.dashes = sx_ink_dashes(pen, &stroke.count);
    sx_raster_stroke(raster_of(surface), &stroke);
    sx_raster_clip(raster_of(surface), 0, 0, 0, 0);
}

static void stroke_line(sx_surface *surface, double x0, double y0, double x1, double y1,
                        uint32_t colour) {
    sx_raster *raster = raster_of(surface);
    sx_raster_move(raster, across(surface, x0), down(surface, y0));
    sx_raster_line(raster, across(surface, x1), down(surface, y1));
    sx_raster_stroke(raster, &(sx_stroke){.width = 1.2, .opacity = 1, .colour = colour});
}

static void draw_cross(sx_surface *surface, double x, double y, uint32_t colour) {
    sx_raster *raster = raster_of(surface);
    for (int side = -1; side <= 1; side += 2) {
        sx_raster_move(raster, across(surface, x) - 4, down(surface, y) - 4 * side);
        sx_raster_line(raster, across(surface, x) + 4, down(surface, y) + 4 * side);
    }
    sx_raster_stroke(raster, &(sx_stroke){.width = 1.4, .opacity = 1, .colour = colour});
}

static void pixels_mark(sx_surface *surface, double x, double y, sx_mark mark, sx_pen pen) {
    const sx_shape *shape = sx_ink_shape(pen);
    double corners[16][2];
    if (!isfinite(x) || !isfinite(y)) return;
    if (mark == SX_MARK_UNKNOWN) {
        draw_cross(surface, x, y, sx_ink_pen(pen));
        return;
    }
    for (int i = 0; i < shape->count; i++) {
        corners[i][0] = across(surface, x) + shape->corners[i][0];
        corners[i][1] = down(surface, y) + shape->corners[i][1];
    }
    const double(*outline)[2] = (const double(*)[2])corners;
    uint32_t inside = mark == SX_MARK_HOLLOW ? SX_INK_GROUND : sx_ink_pen(pen);
    sx_raster_polygon(raster_of(surface), outline, shape->count, 0, inside);
    sx_raster_polygon(raster_of(surface), outline, shape->count, 1.4, sx_ink_pen(pen));
}

static void pixels_interval(sx_surface *surface, sx_area area, double x, double top, double bottom,
                            sx_pen pen) {
    double low = area.y + area.height;
    if (!(x >= area.x && x <= area.x + area.width)) return;
    stroke_line(surface, x, fmin(fmax(top, area.y), low), x, fmin(fmax(bottom, area.y), low),
                sx_ink_pen(pen));
}

static void pixels_axes(sx_surface *surface, const sx_axis_lines *lines) {
    sx_axis_strokes strokes;
    sx_axis_strokes_of(lines, &strokes);
    for (int i = 0; i < strokes.count; i++) {
        const double *s = strokes.ends[i];
        stroke_line(surface, s[0], s[1], s[2], s[3], SX_INK_AXIS);
    }
}

static void pixels_bar(sx_surface *surface, int x, double y, int width, double height,
                       sx_style style) {
    if (height > 0)
        sx_raster_rectangle(raster_of(surface), across(surface, x), down(surface, y + 1 - height),
                            (double)width * SX_RASTER_WIDTH, height * SX_RASTER_HEIGHT,
                            sx_ink_style(style));
}

static void pixels_fill(sx_surface *surface, int x, double y, int width, double height, int step) {
    sx_raster_rectangle(raster_of(surface), across(surface, x), down(surface, y),
                        (double)width * SX_RASTER_WIDTH, height * SX_RASTER_HEIGHT,
                        sx_ink_step(surface->diverging, step));
}

/* Strips as wide as a pixel of a figure for slides, then the edges. */
static void pixels_band(sx_surface *surface, sx_area area, const sx_band *band) {
    const double strip = 0.5 / SX_RASTER_WIDTH;
    double first = fmax(band->x[0], area.x),
           end = fmin(band->x[band->count - 1], area.x + area.width);
    sx_raster *raster = raster_of(surface);
    for (int i = (int)floor(first / strip); i * strip < end; i++) {
        double left = fmax(i * strip, first), right = fmin((i + 1) * strip, end), top, bottom;
        if (!(right > left)) continue;
        sx_band_edges(band, (left + right) / 2, &top, &bottom);
        sx_raster_rectangle(raster, across(surface, left), down(surface, top),
                            (right - left) * SX_RASTER_WIDTH, (bottom - top) * SX_RASTER_HEIGHT,
                            sx_ink_band(band->look));
    }
    pixels_begin(surface, area, (sx_pen){0});
    for (int i = 0; i < band->count; i++)
        (i ? sx_raster_line : sx_raster_move)(raster, across(surface, band->x[i]),
                                              down(surface, band->top[i]));
    sx_raster_stroke(raster,
                     &(sx_stroke){.width = SX_INK_EDGE, .opacity = 1, .colour = SX_INK_GROUND});
    sx_raster_clip(raster, 0, 0, 0, 0);
}

static void pixels_text(sx_surface *surface, int x, double y, sx_style style, const char *text) {
    sx_raster_text(raster_of(surface), across(surface, x), down(surface, y), false,
                   sx_ink_style(style), text);
}

static const sx_surface_kind pixel_kind = {.begin = pixels_begin,
                                           .move = pixels_move,
                                           .line = pixels_line,
                                           .end = pixels_end,
                                           .mark = pixels_mark,
                                           .interval = pixels_interval,
                                           .axes = pixels_axes,
                                           .bar = pixels_bar,
                                           .fill = pixels_fill,
                                           .band = pixels_band,
                                           .text = pixels_text};

sx_surface *sx_pixel_surface_init(sx_pixel_surface *pixels, sx_raster *raster, double x, double y,
                                  int width, int height) {
    *pixels = (sx_pixel_surface){
        .base = sx_surface_exact(&pixel_kind, width, height), .raster = raster, .x = x, .y = y};
    return &pixels->base;
}
