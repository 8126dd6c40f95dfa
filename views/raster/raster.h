/* Pictures of plots and screens for files: lines with smooth edges, shapes and type on a ground of
 * one colour, out as PNG. Lengths are in units; a picture has `scale` pixels to a unit. Type is
 * DejaVu Sans Mono from the assets through FreeType, so that it looks the same on every machine.
 * One thread. */
#ifndef SX_RASTER_RASTER_H
#define SX_RASTER_RASTER_H

#include "core/base/base.h"

/* A character takes so many units. */
#define SX_RASTER_WIDTH 8
#define SX_RASTER_HEIGHT 16

typedef struct sx_raster sx_raster;

/* width x height units, filled with the colour 0xRRGGBB. Returns owned. SX_IO if the font is not
 * there. */
sx_raster *sx_raster_new(double width, double height, double scale, uint32_t ground, sx_error *err);
void sx_raster_free(sx_raster *raster); /* NULL is fine */

/* Lines are drawn inside of it; all of the picture at first, and again with a width of 0. */
void sx_raster_clip(sx_raster *raster, double x, double y, double width, double height);

void sx_raster_rectangle(sx_raster *raster, double x, double y, double width, double height,
                         uint32_t colour);

/* A shape of up to 16 corners [count, 2], filled or, with a `line` > 0, as its outline. */
void sx_raster_polygon(sx_raster *raster, const double (*corners)[2], int count, double line,
                       uint32_t colour);

/* A line through points: a move begins another stretch. Nothing shows before it is stroked:
 * `dashes` [count] are lengths of line and gap in turn, count 0: a whole line; opacity 0 .. 1. */
void sx_raster_move(sx_raster *raster, double x, double y);
void sx_raster_line(sx_raster *raster, double x, double y);
typedef struct {
    double width, opacity;
    const double *dashes;
    int count;
    uint32_t colour;
} sx_stroke;
void sx_raster_stroke(sx_raster *raster, const sx_stroke *stroke);

/* One line of UTF-8, each character in its place of SX_RASTER_WIDTH units; (x, y) is the upper left
 * corner of the first place. What the font has not is left blank. */
void sx_raster_text(sx_raster *raster, double x, double y, bool bold, uint32_t colour,
                    const char *text);

/* The picture as a PNG file in memory, the caller's to end. Equal drawing makes equal bytes. */
sx_status sx_raster_png(const sx_raster *raster, sx_bytes *out, sx_error *err);

#endif
