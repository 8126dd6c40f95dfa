/* The screen as a picture: a canvas with its colours, as PNG or SVG. What cells are made of
 * (blocks, dots, lines) is drawn to their edges, so that it joins as on a terminal; the rest is
 * type. */
#include "views/plot/figure.h"
#include "views/raster/raster.h"

#include <math.h>
#include <stdio.h>

enum { W = SX_RASTER_WIDTH, H = SX_RASTER_HEIGHT };

/* ---- colours ----------------------------------------------------------------------------------
 */

/* The palette's entry as 0xRRGGBB: the cube of 6 levels, then 24 greys. */
static uint32_t rgb_of(int index) {
    static const uint32_t levels[] = {0, 95, 135, 175, 215, 255};
    if (index >= 232) return (8 + 10 * (uint32_t)(index - 232)) * 0x010101u;
    uint32_t at = (uint32_t)(index < 16 ? 0 : index - 16);
    return levels[at / 36] << 16 | levels[at / 6 % 6] << 8 | levels[at % 6];
}

typedef struct {
    uint32_t ink, ground;
    bool bold;
} look;

static uint32_t colour_of(sx_colour colour, uint32_t otherwise) {
    if (colour >> 24 == 3) return colour & 0xFFFFFF; /* of a picture: as it is */
    int index = sx_colour_index(colour, 256);
    return index < 0 ? otherwise : rgb_of(index);
}

static uint32_t ground_of(void) {
    return sx_theme_now()->light ? 0xFFFFFF : 0x121212;
}

static look look_of(const sx_cell *cell) {
    uint32_t ground = ground_of(), text = sx_theme_now()->light ? 0x1C1C1C : 0xE4E4E4;
    look l = {colour_of(cell->style.foreground, text), colour_of(cell->style.background, ground),
              (cell->style.attributes & SX_BOLD) != 0};
    if (cell->style.attributes & SX_REVERSE) {
        uint32_t ink = l.ink;
        l.ink = l.ground;
        l.ground = ink;
    }
    return l;
}

/* ---- what fills cells -------------------------------------------------------------------------
 */

static uint32_t mixed(uint32_t ink, uint32_t ground, double part) {
    uint32_t out = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        double a = ground >> shift & 255, b = ink >> shift & 255;
        out |= (uint32_t)lround(a + part * (b - a)) << shift;
    }
    return out;
}

/* Block elements U+2580 .. U+259F; false for others. */
static bool draw_block(sx_raster *r, double x, double y, uint32_t glyph, look l) {
    /* upper left, upper right, lower left, lower right */
    static const uint8_t quadrants[] = {4, 8, 1, 13, 9, 7, 11, 2, 6, 14};
    if (glyph < 0x2580 || glyph > 0x259F) return false;
    if (glyph == 0x2580) {
        sx_raster_rectangle(r, x, y, W, H / 2.0, l.ink);
    } else if (glyph <= 0x2588) {
        double height = (glyph - 0x2580) * H / 8.0;
        sx_raster_rectangle(r, x, y + H - height, W, height, l.ink);
    } else if (glyph <= 0x258F) {
        sx_raster_rectangle(r, x, y, (0x2590 - glyph) * W / 8.0, H, l.ink);
    } else if (glyph == 0x2590) {
        sx_raster_rectangle(r, x + W / 2.0, y, W / 2.0, H, l.ink);
    } else if (glyph <= 0x2593) {
        sx_raster_rectangle(r, x, y, W, H, mixed(l.ink, l.ground, (glyph - 0x2590) * 0.25));
    } else if (glyph == 0x2594) {
        sx_raster_rectangle(r, x, y, W, H / 8.0, l.ink);
    } else if (glyph == 0x2595) {
        sx_raster_rectangle(r, x + W * 7 / 8.0, y, W / 8.0, H, l.ink);
    } else {
        for (int q = 0; q < 4; q++)
            if (quadrants[glyph - 0x2596] >> q & 1)
                sx_raster_rectangle(r, x + (q & 1) * W / 2.0, y + (q >> 1) * H / 2.0, W / 2.0,
                                    H / 2.0, l.ink);
    }
    return true;
}

/* Braille: dots in two columns of four, as round as a square of two units is. */
static bool draw_dots(sx_raster *r, double x, double y, uint32_t glyph, look l) {
    static const int bits[8] = {0, 3, 1, 4, 2, 5, 6, 7}; /* row by row */
    if (glyph < 0x2800 || glyph > 0x28FF) return false;
    for (int i = 0; i < 8; i++)
        if ((glyph - 0x2800) >> bits[i] & 1)
            sx_raster_rectangle(r, x + 1 + (i & 1) * 4, y + 1 + (i >> 1) * 4, 2, 2, l.ink);
    return true;
}

/* Lines of frames and axes, by their arms: left, right, up, down. */
static bool draw_arms(sx_raster *r, double x, double y, uint32_t glyph, look l) {
    static const struct {
        uint32_t glyph;
        int arms;
    } lines[] = {{0x2500, 3},  {0x2502, 12}, {0x250C, 10}, {0x2510, 9}, {0x2514, 6}, {0x2518, 5},
                 {0x251C, 14}, {0x2524, 13}, {0x252C, 11}, {0x2534, 7}, {0x253C, 15}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (lines[i].glyph != glyph) continue;
        int arms = lines[i].arms;
        double left = arms & 1 ? 0 : W / 2.0 - 0.5, right = arms & 2 ? W : W / 2.0 + 0.5;
        double top = arms & 4 ? 0 : H / 2.0 - 0.5, bottom = arms & 8 ? H : H / 2.0 + 0.5;
        if (arms & 3) sx_raster_rectangle(r, x + left, y + H / 2.0 - 0.5, right - left, 1, l.ink);
        if (arms & 12) sx_raster_rectangle(r, x + W / 2.0 - 0.5, y + top, 1, bottom - top, l.ink);
        return true;
    }
    return false;
}

/* UTF-8 of a glyph, into out [5]. */
static void encode(uint32_t glyph, char *out) {
    int length = glyph < 0x80 ? 1 : glyph < 0x800 ? 2 : glyph < 0x10000 ? 3 : 4;
    static const uint8_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (int i = length - 1; i > 0; i--, glyph >>= 6) out[i] = (char)(0x80 | (glyph & 0x3F));
    out[0] = (char)(marks[length] | glyph);
    out[length] = 0;
}

static void draw_cell(sx_raster *r, const sx_cell *cell, int column, int row) {
    look l = look_of(cell);
    double x = column * W, y = row * H;
    char text[5];
    if (l.ground != ground_of()) sx_raster_rectangle(r, x, y, W, H, l.ground);
    if (cell->glyph <= ' ') return;
    if (draw_block(r, x, y, cell->glyph, l) || draw_dots(r, x, y, cell->glyph, l) ||
        draw_arms(r, x, y, cell->glyph, l))
        return;
    encode(cell->glyph, text);
    sx_raster_text(r, x, y, l.bold, l.ink, text);
    if (cell->style.attributes & SX_UNDERLINE) sx_raster_rectangle(r, x, y + H - 2, W, 1, l.ink);
}

sx_status sx_photo_png(const sx_canvas *canvas, double scale, sx_bytes *out, sx_error *err) {
    sx_raster *raster =
        sx_raster_new(canvas->width * W, canvas->height * H, scale, ground_of(), err);
    if (!raster) return err->status;
    for (int row = 0; row < canvas->height; row++)
        for (int column = 0; column < canvas->width; column++)
            draw_cell(raster, &canvas->cells[row * canvas->width + column], column, row);
    sx_status status = sx_raster_png(raster, out, err);
    sx_raster_free(raster);
    return status;
}

/* ---- SVG --------------------------------------------------------------------------------------
 */

/* A run of cells of one style: its ground, then its text. */
static void add_run(sx_text *out, const sx_cell *cells, int column, int count, int row) {
    look l = look_of(cells);
    char text[5];
    bool blank = true;
    if (l.ground != ground_of())
        sx_text_add(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n",
                    column * W, row * H, count * W, H, (unsigned)l.ground);
    for (int i = 0; i < count; i++) blank = blank && cells[i].glyph <= ' ';
    if (blank) return;
    sx_text_add(
        out, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"#%06x\"%s xml:space=\"preserve\">",
        column * W, row * H + 12, count * W, (unsigned)l.ink,
        l.bold ? " font-weight=\"bold\"" : "");
    for (int i = 0; i < count; i++) {
        if (!cells[i].glyph) continue; /* the second half of a wide one */
        encode(cells[i].glyph, text);
        sx_text_add_escaped(out, text);
    }
    sx_text_add(out, "</text>\n");
}

static bool same_style(sx_style a, sx_style b) {
    return a.foreground == b.foreground && a.background == b.background &&
           a.attributes == b.attributes;
}

void sx_photo_svg(const sx_canvas *canvas, sx_text *out) {
    int width = canvas->width * W, height = canvas->height * H;
    sx_text_add(out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "
                "xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                "viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, "
                "monospace\" font-size=\"13.3\">\n"
                "<rect width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n",
                width, height, width, height, width, height, (unsigned)ground_of());
    for (int row = 0; row < canvas->height; row++) {
        const sx_cell *cells = canvas->cells + row * canvas->width;
        for (int column = 0, end; column < canvas->width; column = end) {
            for (end = column + 1; end < canvas->width; end++)
                if (!same_style(cells[end].style, cells[column].style)) break;
            add_run(out, cells + column, column, end - column, row);
        }
    }
    sx_text_add(out, "</svg>\n");
}
