/* The surface on a canvas: lines in braille, bars in eighths, heat-map cells as backgrounds.
 *
 * A curve is a function of x, so what it covers is one stroke of dots in each column of dots. The
 * strokes are gathered first and written cell by cell at the end: a cell belongs to the line that
 * was drawn last, never to a mixture that has two curves' dots and one's colour. A hundred thousand
 * points cost one pass, and the highest and lowest of each column always show. */
#include "views/plot/surface.h"

#include <math.h>
#include <string.h>

#define DOTS_ACROSS 2
#define DOTS_DOWN 4

static sx_cell_surface *cells_of(sx_surface *surface) {
    return (sx_cell_surface *)surface;
}

/* Dash patterns by the look, read dot by dot; the second row is for dashed lines. */
static const char *const patterns[2][6] = {
    {"1", "1111110", "10", "11110100", "1110", "1111010100"},
    {"1100", "111000", "1000", "11001000", "110", "1100010"},
};
static const char ascii_curves[] = "*o+x#%";
static const uint32_t full_marks[] = {0x25CF, 0x25B2, 0x25A0, 0x25C6, 0x25BC, 0x25AA};
static const uint32_t hollow_marks[] = {0x25CB, 0x25B3, 0x25A1, 0x25C7, 0x25BD, 0x25AB};

static int look_of(sx_pen pen) {
    return pen.look < 0 ? 0 : pen.look % 6;
}

static sx_style pen_style(sx_pen pen) {
    if (pen.guide || pen.dim) return sx_style_of(SX_ROLE_DIM);
    return sx_style_of((sx_role)(SX_ROLE_SERIES1 + look_of(pen)));
}

static int at_most(double value, int most) {
    return value > most ? most : value > -1 ? (int)value : -1;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

static void cells_begin(sx_surface *surface, sx_area area, sx_pen pen) {
    sx_cell_surface *cells = cells_of(surface);
    if (area.width > SX_CELLS_WIDEST) area.width = SX_CELLS_WIDEST;
    cells->area = area;
    cells->pen = pen;
    for (int i = 0; i < DOTS_ACROSS * area.width; i++) {
        cells->first[i] = INT16_MAX;
        cells->last[i] = -1;
    }
}

/* Adds the dots from `low` to `high` (in dots from the area's top) to a column. */
static void cover(sx_cell_surface *cells, int column, double low, double high) {
    int most = DOTS_DOWN * cells->area.height - 1;
    int first = at_most(floor(low + 0.5), most + 1), last = at_most(floor(high + 0.5), most + 1);
    if (last < 0 || first > most) return;
    if (first < 0) first = 0;
    if (last > most) last = most;
    if (first < cells->first[column]) cells->first[column] = (int16_t)first;
    if (last > cells->last[column]) cells->last[column] = (int16_t)last;
}

static void set_pen(sx_cell_surface *cells, double x, double y) {
    cells->x = (x - cells->area.x) * DOTS_ACROSS - 0.5;
    cells->y = (y - cells->area.y) * DOTS_DOWN - 0.5;
}

static void cells_move(sx_surface *surface, double x, double y) {
    sx_cell_surface *cells = cells_of(surface);
    set_pen(cells, x, y);
    double column = floor(cells->x + 0.5);
    if (column >= 0 && column < DOTS_ACROSS * cells->area.width)
        cover(cells, (int)column, cells->y, cells->y);
}

/* Each column of dots gets the part of the segment within it; steep parts are shortened by half a
 * dot at both ends, where the next column goes on, so that lines stay one dot thin. */
static void cells_line(sx_surface *surface, double x, double y) {
    sx_cell_surface *cells = cells_of(surface);
    double x0 = cells->x, y0 = cells->y;
    set_pen(cells, x, y);
    double x1 = cells->x, y1 = cells->y;
    if (x1 < x0) {
        double swap = x0;
        x0 = x1, x1 = swap;
        swap = y0, y0 = y1, y1 = swap;
    }
    int columns = DOTS_ACROSS * cells->area.width;
    if (!(x1 > -0.5 && x0 < columns - 0.5)) return;
    int begin = at_most(floor(x0 + 0.5), columns - 1), end = at_most(floor(x1 + 0.5), columns - 1);
    if (begin < 0) begin = 0;
    if (floor(x0 + 0.5) == floor(x1 + 0.5)) {
        cover(cells, begin, fmin(y0, y1), fmax(y0, y1));
        return;
    }
    double slope = (y1 - y0) / (x1 - x0);
    for (int c = begin; c <= end; c++) {
        double left = fmax(x0, c - 0.5), right = fmin(x1, c + 0.5);
        double middle = y0 + slope * ((left + right) / 2 - x0);
        double reach = fmax(0, fabs(slope) * (right - left) / 2 - 0.5);
        cover(cells, c, middle - reach, middle + reach);
    }
}

static bool is_on(const sx_cell_surface *cells, int column, int row) {
    const char *pattern =
        cells->pen.guide ? "1000" : patterns[cells->pen.dashed][look_of(cells->pen)];
    int period = (int)strlen(pattern);
    bool steep = cells->last[column] - cells->first[column] >= 3;
    return pattern[(steep ? row : column) % period] == '1';
}

/* The braille dots of the line in one cell. */
static uint32_t dots_of(const sx_cell_surface *cells, int x, int y) {
    static const uint8_t bits[DOTS_DOWN][DOTS_ACROSS] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    uint32_t dots = 0;
    for (int i = 0; i < DOTS_ACROSS; i++)
        for (int j = 0; j < DOTS_DOWN; j++) {
            int column = x * DOTS_ACROSS + i, row = y * DOTS_DOWN + j;
            if (row < cells->first[column] || row > cells->last[column]) continue;
            if (is_on(cells, column, row)) dots |= bits[j][i];
        }
    return dots;
}

/* In ASCII a line has one character in each cell; a dashed one leaves out every second column. */
static uint32_t ascii_of(const sx_cell_surface *cells, int x) {
    sx_pen pen = cells->pen;
    if (pen.guide) return x % 2 ? ' ' : '.';
    if (pen.dashed && x % 2) return ' ';
    return (unsigned char)ascii_curves[look_of(pen)];
}

/* The colour of a bar that fills at least half of a cell; false if there is none. */
static bool is_on_bar(const sx_cell_surface *cells, int x, int y, sx_colour *bar) {
    const sx_cell *under = sx_canvas_cell(cells->canvas, cells->box, x, y);
    if (!under || under->glyph < 0x2584 || under->glyph > 0x2588) return false;
    *bar = under->style.foreground;
    return true;
}

/* What is drawn over a bar has the bar behind it: dots are cut out, marks keep their colour. So it
 * has a band. */
static sx_style over(const sx_cell_surface *cells, int x, int y, sx_style style, bool cut) {
    sx_colour bar;
    const sx_cell *under = sx_canvas_cell(cells->canvas, cells->box, x, y);
    bool fills = under && (under->glyph == ' ' || under->glyph == 0x2580 || under->glyph == 0x2584);
    if (fills && under->style.background && cells->base.inks)
        return (sx_style){SX_COLOUR_RGB(0, 0, 0), under->style.background, 0};
    if (!is_on_bar(cells, x, y, &bar)) return style;
    if (cells->canvas->look.colours < 8) return (sx_style){.attributes = SX_REVERSE};
    if (cut) style.foreground = SX_COLOUR_RGB(0, 0, 0);
    style.background = bar;
    return style;
}

static void cells_end(sx_surface *surface) {
    sx_cell_surface *cells = cells_of(surface);
    sx_area area = cells->area;
    for (int x = 0; x < area.width; x++) {
        int first = cells->first[2 * x], last = cells->last[2 * x];
        if (cells->first[2 * x + 1] < first) first = cells->first[2 * x + 1];
        if (cells->last[2 * x + 1] > last) last = cells->last[2 * x + 1];
        for (int y = first / DOTS_DOWN; y <= last / DOTS_DOWN && last >= 0; y++) {
            uint32_t glyph = 0x2800 | dots_of(cells, x, y);
            if (!cells->canvas->look.unicode) glyph = ascii_of(cells, x);
            if (glyph == 0x2800 || glyph == ' ') continue;
            sx_canvas_put(cells->canvas, cells->box, area.x + x, area.y + y, glyph,
                          over(cells, area.x + x, area.y + y, pen_style(cells->pen), true));
        }
    }
}

/* ---- marks, axes, bars -------------------------------------------------------------------------
 */

static void cells_mark(sx_surface *surface, double x, double y, sx_mark mark, sx_pen pen) {
    sx_cell_surface *cells = cells_of(surface);
    uint32_t glyph = mark == SX_MARK_UNKNOWN  ? 0xD7
                     : mark == SX_MARK_HOLLOW ? hollow_marks[look_of(pen)]
                                              : full_marks[look_of(pen)];
    if (!cells->canvas->look.unicode && mark == SX_MARK_POINT)
        glyph = (unsigned char)ascii_curves[look_of(pen)];
    int column = at_most(floor(x), SX_CELLS_WIDEST), row = at_most(floor(y), SX_CELLS_WIDEST);
    sx_canvas_put(cells->canvas, cells->box, column, row, glyph,
                  over(cells, column, row, pen_style(pen), false));
}

/* In half rows: a whole line in the cells between, half a one at the ends. */
static void cells_interval(sx_surface *surface, sx_area area, double x, double top, double bottom,
                           sx_pen pen) {
    sx_cell_surface *cells = cells_of(surface);
    int column = at_most(floor(x), SX_CELLS_WIDEST);
    int first = at_most(floor(2 * (top - area.y) + 0.5), 2 * area.height);
    int last = at_most(floor(2 * (bottom - area.y) + 0.5), 2 * area.height) - 1;
    if (first < 0) first = 0;
    if (column < area.x || column >= area.x + area.width) return;
    for (int half = first; half <= last; half++) {
        bool upper = half % 2 == 0, whole = upper && half < last;
        uint32_t glyph = whole ? 0x2502 : upper ? 0x2575 : 0x2577;
        sx_canvas_put(cells->canvas, cells->box, column, area.y + half / 2, glyph, pen_style(pen));
        if (whole) half++;
    }
}

static bool has_tick(const int *ticks, int count, int at) {
    for (int i = 0; i < count; i++)
        if (ticks[i] == at) return true;
    return false;
}

static void cells_axes(sx_surface *surface, const sx_axis_lines *lines) {
    sx_cell_surface *cells = cells_of(surface);
    sx_style style = sx_style_of(SX_ROLE_FRAME);
    sx_area area = lines->area;
    int left = area.x - 1, bottom = area.y + area.height - 1;
    for (int x = 0; x < area.width && lines->horizontal; x++) {
        bool tick = has_tick(lines->x_ticks, lines->x_tick_count, area.x + x);
        sx_canvas_put(cells->canvas, cells->box, area.x + x, bottom, tick ? 0x252C : 0x2500, style);
    }
    for (int y = 0; y < area.height && lines->vertical; y++) {
        bool tick = has_tick(lines->y_ticks, lines->y_tick_count, area.y + y);
        uint32_t glyph = tick ? 0x2524 : 0x2502;
        if (area.y + y == bottom && lines->horizontal) glyph = tick ? 0x253C : 0x2514;
        sx_canvas_put(cells->canvas, cells->box, left, area.y + y, glyph, style);
    }
}

static void cells_bar(sx_surface *surface, int x, double row, int width, double height,
                      sx_style style) {
    sx_cell_surface *cells = cells_of(surface);
    int y = at_most(floor(row), SX_CELLS_WIDEST);
    int eighths = at_most(floor(height * 8 + 0.5), 8 * SX_CELLS_WIDEST);
    for (; eighths > 0 && y >= 0; y--, eighths -= 8)
        for (int i = 0; i < width; i++)
            sx_canvas_put(cells->canvas, cells->box, x + i, y,
                          0x2580 + (uint32_t)(eighths < 8 ? eighths : 8), style);
}

/* ---- heat maps --------------------------------------------------------------------------------
 */

static const uint32_t shades[] = {0xB7, 0x2591, 0x2592, 0x2593, 0x2588};
static const char ascii_shades[] = ".:+#@";
static const char signs[] = "=-.+#"; /* much less, less, none, more, much more */

static uint32_t shade_of(const sx_cell_surface *cells, int step) {
    bool unicode = cells->canvas->look.unicode;
    if (step < 0) return unicode ? 0x2504 : cells->base.diverging ? ' ' : '-';
    if (cells->base.diverging) return (unsigned char)signs[step];
    return unicode ? shades[step] : (unsigned char)ascii_shades[step];
}

/* The ramp's step for a level: fewer levels are spread over the ramp, its ends and middle kept. */
static int ramp_step(const sx_surface *surface, int level) {
    int last = surface->levels - 1;
    return (level * (SX_RAMP_STEPS - 1) + last / 2) / last;
}

static sx_colour colour_of(const sx_surface *surface, int level) {
    int step = ramp_step(surface, level);
    return surface->diverging ? SX_COLOUR_SIGNED(step) : SX_COLOUR_RAMP(step);
}

/* Half a cell. Upper halves come first; a lower one joins what is there. */
static void fill_half(sx_cell_surface *cells, int x, int y, bool lower, int step) {
    const sx_cell *cell = sx_canvas_cell(cells->canvas, cells->box, x, y);
    if (!cell) return;
    bool joins = lower && cell->glyph == 0x2580;
    sx_style style = joins ? cell->style : (sx_style){0};
    uint32_t glyph = joins || !lower ? 0x2580 : 0x2584;
    if (step < 0 && !joins) {
        glyph = shade_of(cells, step);
        style = sx_style_of(SX_ROLE_DIM);
    } else if (joins) {
        style.background = step < 0 ? SX_COLOUR_DEFAULT : colour_of(&cells->base, step);
        if (style.background == style.foreground) { /* equal halves make a blank, which is cheap */
            style.foreground = SX_COLOUR_DEFAULT;
            glyph = ' ';
        }
    } else {
        style.foreground = colour_of(&cells->base, step);
    }
    sx_canvas_put(cells->canvas, cells->box, x, y, glyph, style);
}

static void cells_fill(sx_surface *surface, int x, double y, int width, double height, int step) {
    sx_cell_surface *cells = cells_of(surface);
    int top = (int)floor(2 * y + 0.5), bottom = (int)floor(2 * (y + height) + 0.5);
    bool colours = surface->inks;
    sx_style style = {0};
    if (step < 0) style = sx_style_of(SX_ROLE_DIM);
    if (step >= 0 && colours) style.background = colour_of(surface, step);
    uint32_t glyph = colours && step >= 0 ? ' ' : shade_of(cells, step);
    for (int i = 0; i < width; i++)
        for (int half = top; half < bottom; half++) {
            bool whole = half % 2 == 0 && half + 1 < bottom;
            if (whole)
                sx_canvas_put(cells->canvas, cells->box, x + i, half / 2, glyph, style);
            else
                fill_half(cells, x + i, half / 2, half % 2 == 1, step);
            if (whole) half++;
        }
}

static void cells_text(sx_surface *surface, int x, double y, sx_style style, const char *text) {
    sx_cell_surface *cells = cells_of(surface);
    sx_canvas_text(cells->canvas, cells->box, x, at_most(floor(y), SX_CELLS_WIDEST), style, text);
}

static const sx_surface_kind cell_kind = {
    .begin = cells_begin,
    .move = cells_move,
    .line = cells_line,
    .end = cells_end,
    .mark = cells_mark,
    .interval = cells_interval,
    .axes = cells_axes,
    .bar = cells_bar,
    .fill = cells_fill,
    .band = sx_cells_band,
    .text = cells_text,
};

sx_surface *sx_cell_surface_init(sx_cell_surface *cells, sx_canvas *canvas, sx_box box) {
    bool colours = canvas->look.colours >= 256;
    cells->base = (sx_surface){
        .kind = &cell_kind,
        .width = box.width > 0 ? box.width : 0,
        .height = box.height > 0 ? box.height : 0,
        .levels = !colours              ? 5
                  : canvas->look.coarse ? SX_COARSE_STEPS
                                        : SX_RAMP_STEPS,
        .halves = colours && canvas->look.unicode,
        .inks = colours,
        .few = canvas->look.unicode ? "·" : "'",
    };
    cells->canvas = canvas;
    cells->box = box;
    cells->area = (sx_area){0};
    return &cells->base;
}

sx_style sx_surface_ink(const sx_surface *surface, int level) {
    if (level < 0) return sx_style_of(SX_ROLE_DIM);
    if (!surface->inks) return (sx_style){0};
    int step = ramp_step(surface, level);
    bool dark =
        surface->diverging ? step < 1 || step > SX_RAMP_STEPS - 2 : step <= SX_RAMP_STEPS / 2;
    uint8_t grey = dark ? 255 : 0;
    return (sx_style){SX_COLOUR_RGB(grey, grey, grey), colour_of(surface, level), 0};
}
