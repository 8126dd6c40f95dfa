/* Bands on a canvas. A cell has room for two colours, one a half, so an edge is seen to half a row;
 * a half belongs to the band that its middle lies in. Where there are not enough colours the whole
 * cell shows the band's character, the same as its line would have. */
#include "views/plot/surface.h"

#include <math.h>

static const char characters[] = "*o+x#%"; /* of looks 0 .. 5, as of curves */
#define REST_CHARACTER ':'
#define UPPER_HALF 0x2580
#define LOWER_HALF 0x2584

void sx_band_edges(const sx_band *band, double x, double *top, double *bottom) {
    int i = 1;
    while (i < band->count - 1 && band->x[i] < x) i++;
    int before = band->count > 1 ? i - 1 : 0, after = band->count > 1 ? i : 0;
    double length = band->x[after] - band->x[before];
    double part = length > 0 ? (x - band->x[before]) / length : 0;
    part = fmin(fmax(part, 0), 1);
    *top = band->top[before] + part * (band->top[after] - band->top[before]);
    *bottom = band->bottom[before] + part * (band->bottom[after] - band->bottom[before]);
}

static sx_colour colour_of(const sx_band *band) {
    return SX_COLOUR_ROLE(band->look < 0 ? SX_ROLE_DIM : SX_ROLE_SERIES1 + band->look);
}

/* Colours one half of a cell and leaves the other as it is. */
static void put_half(const sx_cell_surface *cells, int x, int y, bool lower, sx_colour colour) {
    const sx_cell *cell = sx_canvas_cell(cells->canvas, cells->box, x, y);
    if (!cell) return;
    sx_colour halves[2] = {cell->style.background, cell->style.background};
    if (cell->glyph == UPPER_HALF) halves[0] = cell->style.foreground;
    if (cell->glyph == LOWER_HALF) halves[1] = cell->style.foreground;
    halves[lower] = colour;
    uint32_t glyph = halves[0] == halves[1] ? ' ' : halves[0] ? UPPER_HALF : LOWER_HALF;
    sx_style style = {.background = halves[glyph == UPPER_HALF]};
    if (glyph != ' ') style.foreground = halves[glyph == LOWER_HALF];
    sx_canvas_put(cells->canvas, cells->box, x, y, glyph, style);
}

static void put_character(const sx_cell_surface *cells, int x, int y, const sx_band *band) {
    char glyph = band->look < 0 ? REST_CHARACTER : characters[band->look];
    sx_canvas_put(cells->canvas, cells->box, x, y, (unsigned char)glyph,
                  (sx_style){.foreground = colour_of(band)});
}

void sx_cells_band(sx_surface *surface, sx_area area, const sx_band *band) {
    const sx_cell_surface *cells = (const sx_cell_surface *)surface;
    int parts = surface->halves ? 2 : 1;
    for (int x = area.x; x < area.x + area.width; x++) {
        double top, bottom, middle = x + 0.5;
        if (middle < band->x[0] - 0.5 || middle > band->x[band->count - 1] + 0.5) continue;
        sx_band_edges(band, middle, &top, &bottom);
        for (int part = 0; part < parts * area.height; part++) {
            double y = area.y + (part + 0.5) / parts;
            if (y < top || y >= bottom) continue;
            if (parts == 2)
                put_half(cells, x, area.y + part / 2, part % 2 == 1, colour_of(band));
            else
                put_character(cells, x, area.y + part, band);
        }
    }
}
