/* Images as tiles, on any medium. Private to views/plot. */
#ifndef SX_PLOT_GALLERY_H
#define SX_PLOT_GALLERY_H

#include "views/plot/plot.h"
#include "views/raster/raster.h"

/* How images lie on a sheet of so many units; in units. */
typedef struct {
    int shrink;                      /* pixels each way that become one */
    int across, down;                /* pixels of a tile then */
    int scale;                       /* units of such a pixel */
    int columns, step, line, height; /* tiles beside each other, from one to the next, of all */
} sx_sheet_form;
sx_sheet_form sx_sheet_form_of(const sx_images *images, int width);

/* All tiles with their captions; `width` in units. */
void sx_gallery_on_raster(sx_raster *raster, double left, double top, int width,
                          const sx_images *images);
void sx_gallery_on_vector(sx_text *out, int width, const sx_images *images);

#endif
