/* The surface in SVG: the same layout in characters, but with lines, marks and bars where their
 * values are. Numbers have two decimals and nothing depends on the machine, so equal results make
 * equal bytes. */
#include "views/plot/figure.h"
#include "views/plot/ink.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static sx_vector_surface *vector_of(sx_surface *surface) {
    return (sx_vector_surface *)surface;
}

/* "#rrggbb" into out [8]; returns out. */
static char *hex(char *out, uint32_t colour) {
    snprintf(out, 8, "#%06x", (unsigned)(colour & 0xFFFFFF));
    return out;
}

static double across(double x) {
    return x * SX_VECTOR_WIDTH;
}

static double down(double y) {
    return y * SX_VECTOR_HEIGHT;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

/* An inner svg element clips to its size. */
static void vector_begin(sx_surface *surface, sx_area area, sx_pen pen) {
    sx_vector_surface *vector = vector_of(surface);
    double x = across(area.x), y = down(area.y), width = across(area.width);
    double height = down(area.height);
    vector->area = area;
    vector->pen = pen;
    sx_text_add(vector->out,
                "<svg x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" "
                "viewBox=\"%.2f %.2f %.2f %.2f\"><path d=\"",
                x, y, width, height, x, y, width, height);
}

static void vector_to(sx_surface *surface, const char *how, double x, double y) {
    if (!isfinite(x) || !isfinite(y)) return;
    x = fmin(fmax(across(x), -1e5), 1e5);
    y = fmin(fmax(down(y), -1e5), 1e5);
    sx_text_add(vector_of(surface)->out, "%s%.2f %.2f", how, x, y);
}

static void vector_move(sx_surface *surface, double x, double y) {
    vector_to(surface, "M", x, y);
    vector_to(surface, "L", x, y); /* a point alone is seen by its round ends */
}

static void vector_line(sx_surface *surface, double x, double y) {
    vector_to(surface, "L", x, y);
}

static void vector_end(sx_surface *surface) {
    sx_vector_surface *vector = vector_of(surface);
    sx_pen pen = vector->pen;
    char colour[8];
    int count;
    const double *dashes = sx_ink_dashes(pen, &count);
    sx_text_add(vector->out,
                "\" fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" stroke-dasharray=\"",
                hex(colour, sx_ink_pen(pen)), sx_ink_width(pen));
    if (!count) sx_text_add(vector->out, "none");
    for (int i = 0; i < count; i++) sx_text_add(vector->out, i ? " %g" : "%g", dashes[i]);
    sx_text_add(
        vector->out,
        "\" stroke-opacity=\"%g\" stroke-linejoin=\"round\" stroke-linecap=\"%s\"/></svg>\n",
        sx_ink_opacity(pen), count ? "butt" : "round");
}

/* ---- marks, axes, bars -------------------------------------------------------------------------
 */

static void vector_mark(sx_surface *surface, double x, double y, sx_mark mark, sx_pen pen) {
    sx_text *out = vector_of(surface)->out;
    const sx_shape *shape = sx_ink_shape(pen);
    char colour[8];
    bool unknown = mark == SX_MARK_UNKNOWN, hollow = mark == SX_MARK_HOLLOW;
    if (!isfinite(x) || !isfinite(y)) return;
    hex(colour, sx_ink_pen(pen));
    sx_text_add(out, "<path transform=\"translate(%.2f %.2f)\" d=\"", across(x), down(y));
    if (unknown) sx_text_add(out, "M-4 -4L4 4M-4 4L4 -4");
    for (int i = 0; i < shape->count && !unknown; i++)
        sx_text_add(out, "%s%g %g", i ? "L" : "M", shape->corners[i][0], shape->corners[i][1]);
    sx_text_add(out, "%s\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.4\"/>\n", unknown ? "" : "Z",
                unknown  ? "none"
                : hollow ? "#ffffff"
                         : colour,
                colour);
}

static void stroke(sx_vector_surface *vector, double x0, double y0, double x1, double y1,
                   uint32_t colour) {
    char name[8];
    sx_text_add(vector->out,
                "<path d=\"M%.2f %.2fL%.2f %.2f\" stroke=\"%s\" stroke-width=\"1.2\"/>\n",
                across(x0), down(y0), across(x1), down(y1), hex(name, colour));
}

static void vector_interval(sx_surface *surface, sx_area area, double x, double top, double bottom,
                            sx_pen pen) {
    double low = area.y + area.height;
    if (!(x >= area.x && x <= area.x + area.width)) return;
    top = fmin(fmax(top, area.y), low);
    bottom = fmin(fmax(bottom, area.y), low);
    stroke(vector_of(surface), x, top, x, bottom, sx_ink_pen(pen));
}

void sx_axis_strokes_of(const sx_axis_lines *lines, sx_axis_strokes *out) {
    sx_area area = lines->area;
    double left = area.x + 0.25, right = area.x + area.width, top = area.y;
    double bottom = area.y + area.height - 0.5;
    out->count = 0;
#define ADD(x0, y0, x1, y1)                                                                        \
    if (out->count < SX_AXIS_STROKES)                                                              \
    memcpy(out->ends[out->count++], (double[4]){x0, y0, x1, y1}, sizeof out->ends[0])
    if (lines->horizontal) ADD(left, bottom, right, bottom);
    if (lines->vertical) ADD(left, top, left, bottom);
    for (int i = 0; i < lines->x_tick_count && lines->horizontal; i++)
        ADD(lines->x_places[i], bottom, lines->x_places[i], bottom + 0.3);
    for (int i = 0; i < lines->y_tick_count && lines->vertical; i++)
        ADD(left - 0.5, lines->y_places[i], left, lines->y_places[i]);
#undef ADD
}

static void vector_axes(sx_surface *surface, const sx_axis_lines *lines) {
    sx_axis_strokes strokes;
    sx_axis_strokes_of(lines, &strokes);
    for (int i = 0; i < strokes.count; i++) {
        const double *s = strokes.ends[i];
        stroke(vector_of(surface), s[0], s[1], s[2], s[3], SX_INK_AXIS);
    }
}

static void rectangle(sx_vector_surface *vector, double x, double y, double width, double height,
                      uint32_t colour) {
    char name[8];
    sx_text_add(vector->out,
                "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>\n",
                across(x), down(y), across(width), down(height), hex(name, colour));
}

static void vector_bar(sx_surface *surface, int x, double y, int width, double height,
                       sx_style style) {
    if (!(height > 0)) return;
    rectangle(vector_of(surface), x, y + 1 - height, width, height, sx_ink_style(style));
}

static void vector_fill(sx_surface *surface, int x, double y, int width, double height, int step) {
    rectangle(vector_of(surface), x, y, width, height, sx_ink_step(surface->diverging, step));
}

static void vector_band(sx_surface *surface, sx_area area, const sx_band *band) {
    sx_text *out = vector_of(surface)->out;
    char colour[8];
    double x = across(area.x), y = down(area.y), width = across(area.width);
    double height = down(area.height);
    sx_text_add(out,
                "<svg x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" "
                "viewBox=\"%.2f %.2f %.2f %.2f\"><path d=\"",
                x, y, width, height, x, y, width, height);
    for (int i = 0; i < band->count; i++)
        sx_text_add(out, "%s%.2f %.2f", i ? "L" : "M", across(band->x[i]), down(band->top[i]));
    for (int i = band->count - 1; i >= 0; i--)
        sx_text_add(out, "L%.2f %.2f", across(band->x[i]), down(band->bottom[i]));
    sx_text_add(out, "Z\" fill=\"%s\" stroke=\"#ffffff\" stroke-width=\"%g\"/></svg>\n",
                hex(colour, sx_ink_band(band->look)), SX_INK_EDGE);
}

/* Text as wide as its columns, whatever the font. */
static void vector_text(sx_surface *surface, int x, double y, sx_style style, const char *text) {
    sx_vector_surface *vector = vector_of(surface);
    int columns = sx_text_columns(text);
    bool blank = text[strspn(text, " ")] == 0;
    char colour[8];
    if (columns < 1 || blank) return;
    sx_text_add(vector->out,
                "<text x=\"%.2f\" y=\"%.2f\" textLength=\"%.2f\" "
                "lengthAdjust=\"spacingAndGlyphs\" fill=\"%s\">",
                across(x), down(y + 0.75), across(columns), hex(colour, sx_ink_style(style)));
    sx_text_add_escaped(vector->out, text);
    sx_text_add(vector->out, "</text>\n");
}

static const sx_surface_kind vector_kind = {
    .begin = vector_begin,
    .move = vector_move,
    .line = vector_line,
    .end = vector_end,
    .mark = vector_mark,
    .interval = vector_interval,
    .axes = vector_axes,
    .bar = vector_bar,
    .fill = vector_fill,
    .band = vector_band,
    .text = vector_text,
};

sx_surface sx_surface_exact(const sx_surface_kind *kind, int width, int height) {
    return (sx_surface){.kind = kind,
                        .width = width,
                        .height = height,
                        .levels = SX_RAMP_STEPS,
                        .halves = true,
                        .inks = true,
                        .exact = true,
                        .few = "·"};
}

sx_surface *sx_vector_surface_init(sx_vector_surface *vector, int width, int height, sx_text *out) {
    *vector =
        (sx_vector_surface){.base = sx_surface_exact(&vector_kind, width, height), .out = out};
    return &vector->base;
}
