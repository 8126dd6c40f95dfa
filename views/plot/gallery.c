/* Images as tiles with a caption each: on a canvas as many as fit, as a file all of them. And a map
 * laid over the picture that it is about. Tiles are enlarged by whole factors, so that the pixels
 * of a filter of three by three can be counted, and shrunk by means of whole blocks. */
#include "views/plot/gallery.h"
#include "views/plot/ink.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const uint8_t *pixels_of(const sx_images *images, int i) {
    return images->pixels +
           (size_t)i * (size_t)images->height * (size_t)images->width * (size_t)images->channels;
}

static const char *caption_of(const sx_images *images, int i) {
    return images->captions && images->captions[i] ? images->captions[i] : "";
}

static int widest_caption(const sx_images *images) {
    int most = 0;
    for (int i = 0; i < images->count; i++) {
        int columns = sx_text_columns(caption_of(images, i));
        if (columns > most) most = columns;
    }
    return most;
}

/* ---- on a canvas ------------------------------------------------------------------------------
 */

enum { LEAST_TILE = 8, WIDEST_TILE = 32, GAP = 1, CAPTION = 1 };

/* Rows of a tile that is so wide, two pixels to a row. */
static int tile_rows(const sx_images *images, int columns) {
    int rows = (columns * images->height + 2 * images->width - 1) / (2 * images->width);
    return rows > 0 ? rows : 1;
}

/* The largest tiles of which all fit; where not even the least do, those. */
sx_gallery sx_gallery_lay(sx_box box, const sx_result *result) {
    const sx_images *images = &result->images;
    sx_gallery g = {.columns = 1, .rows = 1};
    if (images->count < 1 || box.width < 1 || box.height < 1) return (sx_gallery){0};
    int widest = images->count == 1 ? box.width : WIDEST_TILE;
    int least = images->width < LEAST_TILE ? LEAST_TILE : images->width / 4;
    if (least < LEAST_TILE || least > WIDEST_TILE) least = LEAST_TILE;
    for (g.width = widest < box.width ? widest : box.width; g.width > least; g.width--) {
        g.height = tile_rows(images, g.width) + CAPTION;
        g.columns = (box.width + GAP) / (g.width + GAP);
        g.rows = box.height / g.height;
        if (g.columns * g.rows >= images->count) break;
    }
    g.height = tile_rows(images, g.width) + CAPTION;
    if (g.height > box.height) g.height = box.height;
    g.columns = (box.width + GAP) / (g.width + GAP);
    if (g.columns < 1) g.columns = 1;
    g.rows = box.height / g.height;
    return g;
}

/* Where it does not fit only what is before its colon: the number. */
static void draw_caption(sx_canvas *canvas, sx_box line, const char *caption) {
    size_t number = strcspn(caption, ":");
    bool fits = sx_text_columns(caption) <= line.width;
    sx_canvas_print(canvas, line, 0, 0, sx_style_of(SX_ROLE_DIM), "%.*s",
                    fits || !caption[number] ? (int)strlen(caption) : (int)number, caption);
}

int sx_plot_gallery(sx_canvas *canvas, sx_box box, const sx_result *result, int first) {
    const sx_images *images = &result->images;
    sx_gallery g = sx_gallery_lay(box, result);
    int seen = 0;
    for (; seen < g.columns * g.rows && first + seen < images->count; seen++) {
        sx_box tile = {box.x + seen % g.columns * (g.width + GAP),
                       box.y + seen / g.columns * g.height, g.width, g.height};
        if (tile.height > CAPTION) {
            sx_box caption = sx_box_take_rows(&tile, -CAPTION);
            draw_caption(canvas, caption, caption_of(images, first + seen));
        }
        sx_canvas_picture(canvas, tile, pixels_of(images, first + seen), images->height,
                          images->width, images->channels);
    }
    return seen;
}

/* ---- as a file --------------------------------------------------------------------------------
 */

#define TILE_UNITS 88    /* of a tile's longer side, about */
#define ALONE_UNITS 320  /* of the only one */
#define CAPTION_UNITS 18 /* below a tile */
#define GAP_UNITS 8

sx_sheet_form sx_sheet_form_of(const sx_images *images, int width) {
    sx_sheet_form f = {.shrink = 1};
    int longer = images->width > images->height ? images->width : images->height;
    int room = images->count == 1 ? ALONE_UNITS : TILE_UNITS;
    if (images->height == 1) room = width; /* a vector */
    if (longer > room) f.shrink = (longer + room - 1) / room;
    f.across = (images->width + f.shrink - 1) / f.shrink;
    f.down = (images->height + f.shrink - 1) / f.shrink;
    longer = f.across > f.down ? f.across : f.down;
    f.scale = room / longer > 1 ? room / longer : 1;
    f.step = f.across * f.scale;
    int text = widest_caption(images) * SX_RASTER_WIDTH;
    if (text > f.step) f.step = text;
    f.step += GAP_UNITS;
    f.columns = (width + GAP_UNITS) / f.step;
    if (f.columns < 1) f.columns = 1;
    if (f.columns > images->count) f.columns = images->count > 0 ? images->count : 1;
    f.line = f.down * f.scale + CAPTION_UNITS;
    if (images->height == 1) f.line += f.scale < 12 ? 12 : 0;
    f.height = (images->count + f.columns - 1) / f.columns * f.line;
    return f;
}

/* The mean of a block of pixels, a channel. */
static int block_mean(const sx_images *images, const uint8_t *pixels, const sx_sheet_form *f, int x,
                      int y, int channel) {
    int sum = 0, count = 0;
    for (int row = y * f->shrink; row < (y + 1) * f->shrink && row < images->height; row++)
        for (int c = x * f->shrink; c < (x + 1) * f->shrink && c < images->width; c++, count++)
            sum += pixels[((size_t)row * (size_t)images->width + (size_t)c) *
                              (size_t)images->channels +
                          (size_t)channel];
    return count > 0 ? (sum + count / 2) / count : 0;
}

static uint32_t colour_at(const sx_images *images, const uint8_t *pixels, const sx_sheet_form *f,
                          int x, int y) {
    uint32_t out = 0;
    for (int c = 0; c < 3; c++) {
        int channel = images->channels >= 3 ? c : 0;
        out = out << 8 | (uint32_t)block_mean(images, pixels, f, x, y, channel);
    }
    return out;
}

void sx_gallery_on_raster(sx_raster *raster, double left, double top, int width,
                          const sx_images *images) {
    sx_sheet_form f = sx_sheet_form_of(images, width);
    int tall = f.line - CAPTION_UNITS;
    for (int i = 0; i < images->count; i++) {
        int across = i % f.columns * f.step, down = i / f.columns * f.line;
        double x = left + across, y = top + down;
        double pixel = (double)tall / f.down;
        for (int row = 0; row < f.down; row++)
            for (int c = 0; c < f.across; c++)
                sx_raster_rectangle(raster, x + c * f.scale, y + row * pixel, f.scale, pixel,
                                    colour_at(images, pixels_of(images, i), &f, c, row));
        char safe[96];
        sx_text_printable(safe, sizeof safe, caption_of(images, i));
        sx_raster_text(raster, x, y + tall + 1, false, SX_INK_AXIS, safe);
    }
}

/* One tile as an embedded PNG, whose pixels stay square. */
static void add_tile(sx_text *out, const sx_images *images, int i, sx_box place) {
    sx_bytes png = {0};
    sx_image image = {images->height, images->width, images->channels,
                      (uint8_t *)(uintptr_t)pixels_of(images, i)};
    char *text = sx_png_encode(&image, &png, NULL) ? NULL : sx_base64_encode(png.data, png.size);
    sx_bytes_done(&png);
    if (!text) {
        out->failed = true;
        return;
    }
    sx_text_add(out,
                "<image x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" preserveAspectRatio=\"none\" "
                "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,",
                place.x, place.y, place.width, place.height);
    sx_text_add_bytes(out, text, strlen(text));
    sx_text_add(out, "\"/>\n");
    sx_free(text);
}

void sx_gallery_on_vector(sx_text *out, int width, const sx_images *images) {
    sx_sheet_form f = sx_sheet_form_of(images, width);
    int tall = f.line - CAPTION_UNITS;
    for (int i = 0; i < images->count; i++) {
        int x = i % f.columns * f.step, y = i / f.columns * f.line;
        add_tile(out, images, i, (sx_box){x, y, f.across * f.scale, tall});
        if (!caption_of(images, i)[0]) continue;
        sx_text_add(out, "<text x=\"%d\" y=\"%d\" fill=\"#5f5f5f\">", x, y + tall + 14);
        sx_text_add_escaped(out, caption_of(images, i));
        sx_text_add(out, "</text>\n");
    }
}

/* ---- a map over its picture -------------------------------------------------------------------
 */

#define OVERLAY 0.6     /* of the map's colour */
#define OVERLAY_SIDE 64 /* pixels a side at least, so that a map's cells have room */

static int grey_of(const sx_images *picture, int x, int y) {
    const uint8_t *p = picture->pixels +
                       ((size_t)y * (size_t)picture->width + (size_t)x) * (size_t)picture->channels;
    if (picture->channels < 3) return p[0];
    return (299 * p[0] + 587 * p[1] + 114 * p[2]) / 1000;
}

/* The map's colour at a pixel, as its heat map has it. */
static uint32_t map_colour(const sx_grid *grid, const sx_heatmap *scale, int row, int column) {
    double value = grid->values[row * grid->columns + column];
    double part = (value - scale->low) / (scale->high - scale->low);
    int step = part > 0 ? part < 1 ? (int)(part * SX_RAMP_STEPS) : SX_RAMP_STEPS - 1 : 0;
    return sx_ink_step(scale->diverging, isnan(value) ? -1 : step);
}

sx_result *sx_plot_overlay(const sx_result *picture, const sx_result *map) {
    const sx_images *from = &picture->images;
    char name[48];
    if (picture->kind != SX_RESULT_IMAGES || map->kind != SX_RESULT_GRID || from->count < 1)
        return NULL;
    int factor = (OVERLAY_SIDE + from->width - 1) / from->width;
    int height = from->height * factor, width = from->width * factor;
    sx_heatmap scale = sx_plot_scale(map);
    snprintf(name, sizeof name, "%.30s-on-picture", map->name);
    sx_result *r = sx_result_new(SX_RESULT_IMAGES, name, map->title);
    if (r) {
        r->images = (sx_images){1, height, width, 3, NULL, NULL};
        r->images.pixels = sx_arena_alloc(&r->arena, (size_t)height * (size_t)width, 3);
        r->images.captions = sx_arena_alloc(&r->arena, 1, sizeof(char *));
    }
    if (!r || !r->images.pixels || !r->images.captions) {
        sx_result_release(r);
        return NULL;
    }
    char low[32], high[32];
    r->step = map->step;
    r->images.captions[0] =
        sx_result_text(r, "%s (%s) to %s (%s) %s", sx_number_shown(low, scale.low, 2),
                       scale.diverging ? "blue" : "dark blue", sx_number_shown(high, scale.high, 2),
                       scale.diverging ? "brown" : "yellow", map->grid.unit);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint32_t colour = map_colour(&map->grid, &scale, y * map->grid.rows / height,
                                         x * map->grid.columns / width);
            int grey = grey_of(from, x / factor, y / factor);
            uint8_t *to = r->images.pixels + ((size_t)y * (size_t)width + (size_t)x) * 3;
            for (int c = 0; c < 3; c++)
                to[c] = (uint8_t)lround(OVERLAY * (double)(colour >> (16 - 8 * c) & 255) +
                                        (1 - OVERLAY) * grey);
        }
    return r;
}
