/* What the files of this folder share; private to it. */
#ifndef SX_RASTER_INTERNAL_H
#define SX_RASTER_INTERNAL_H

#include "views/raster/raster.h"

#include "core/format/format.h"

/* The font, opened at the picture's scale. */
typedef struct {
    void *library, *face; /* FreeType's */
} sx_type;
sx_status sx_type_open(sx_type *type, double scale, sx_error *err);
void sx_type_close(sx_type *type);

typedef struct {
    int left, top, right, bottom;
} sx_pixels;

typedef struct {
    double x, y; /* in pixels */
    bool moves;
} sx_raster_point;

struct sx_raster {
    sx_image image;
    double scale;
    double clip[4];    /* left, top, right, bottom in pixels */
    uint8_t *coverage; /* [height, width], all 0 between calls */
    sx_raster_point *points;
    size_t count, capacity;
    sx_type type;
};

/* Lays a colour over a pixel; coverage 0 .. 1. Outside of the picture: nothing. */
void sx_raster_lay(sx_raster *raster, int x, int y, double coverage, uint32_t colour);

#endif
