/* The surface in SVG: the same layout in characters, but with lines, marks and bars where their
 * values are. Numbers have two decimals and nothing depends on the machine, so equal results make
 * equal bytes. */
#include "views/plot/figure.h"

#include <math.h>
#include <string.h>

static sx_vector_surface *vector_of(sx_surface *surface) {
    return (sx_vector_surface *)surface;
}

/* On white: contrast of at least 4.5 : 1, differences that survive three kinds of colour blindness
 * (xterm 27, 160, 17, 95, 163, 52). */
static const char *const series_colours[6] = {"#005fff", "#d70000", "#00005f",
                                              "#875f5f", "#d700af", "#5f0000"};
static const char *const dashes[2][6] = {{"none", "14 2", "2 3", "8 3 2 3", "6 3", "8 3 2 3 2 3"},
                                         {"5 4", "8 5", "2 5", "5 4 2 4", "4 3", "5 3 2 5"}};
#define TEXT_COLOUR "#111111"
#define DIM_COLOUR "#5f5f5f"

static int look_of(sx_pen pen) {
    return pen.look < 0 ? 0 : pen.look % 6;
}

static const char *pen_colour(sx_pen pen) {
    return pen.guide ? "#767676" : series_colours[look_of(pen)];
}

static double across(double x) {
    return x * SX_VECTOR_WIDTH;
}

static double down(double y) {
    return y * SX_VECTOR_HEIGHT;
}

void sx_vector_escape(sx_text *out, const char *text) {
    for (; *text; text++) {
        if (*text == '&')
            sx_text_add(out, "&amp;");
        else if (*text == '<')
            sx_text_add(out, "&lt;");
        else if (*text == '>')
            sx_text_add(out, "&gt;");
        else if (*text == '"')
            sx_text_add(out, "&quot;");
        else if ((unsigned char)*text >= ' ' && *text != 0x7F)
            sx_text_add(out, "%c", *text);
    }
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
    sx_text_add(vector->out,
                "\" fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" stroke-dasharray=\"%s\" "
                "stroke-opacity=\"%s\" stroke-linejoin=\"round\" stroke-linecap=\"%s\"/></svg>\n",
                pen_colour(pen), pen.guide ? "1" : "1.8",
                pen.guide ? "2 4" : dashes[pen.dashed][look_of(pen)], pen.dim ? "0.35" : "1",
                pen.guide || pen.dashed || look_of(pen) ? "butt" : "round");
}

/* ---- marks, axes, bars -------------------------------------------------------------------------
 */

/* Shapes around the origin, one a look, so that curves differ without colour. */
static const char *const shapes[6] = {"M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z",
                                      "M0 -4.5L4.5 3.5L-4.5 3.5Z",
                                      "M-3.5 -3.5H3.5V3.5H-3.5Z",
                                      "M0 -5L4 0L0 5L-4 0Z",
                                      "M0 4.5L4.5 -3.5L-4.5 -3.5Z",
                                      "M-2.5 -2.5H2.5V2.5H-2.5Z"};

static void vector_mark(sx_surface *surface, double x, double y, sx_mark mark, sx_pen pen) {
    const char *colour = pen_colour(pen);
    bool unknown = mark == SX_MARK_UNKNOWN, hollow = mark == SX_MARK_HOLLOW;
    if (!isfinite(x) || !isfinite(y)) return;
    sx_text_add(vector_of(surface)->out,
                "<path transform=\"translate(%.2f %.2f)\" d=\"%s\" fill=\"%s\" stroke=\"%s\" "
                "stroke-width=\"1.4\"/>\n",
                across(x), down(y), unknown ? "M-4 -4L4 4M-4 4L4 -4" : shapes[look_of(pen)],
                unknown  ? "none"
                : hollow ? "#ffffff"
                         : colour,
                colour);
}

static void stroke(sx_vector_surface *vector, double x0, double y0, double x1, double y1,
                   const char *colour) {
    sx_text_add(vector->out,
                "<path d=\"M%.2f %.2fL%.2f %.2f\" stroke=\"%s\" stroke-width=\"1.2\"/>\n",
                across(x0), down(y0), across(x1), down(y1), colour);
}

static void vector_interval(sx_surface *surface, sx_area area, double x, double top, double bottom,
                            sx_pen pen) {
    double low = area.y + area.height;
    if (!(x >= area.x && x <= area.x + area.width)) return;
    top = fmin(fmax(top, area.y), low);
    bottom = fmin(fmax(bottom, area.y), low);
    stroke(vector_of(surface), x, top, x, bottom, pen_colour(pen));
}

static void vector_axes(sx_surface *surface, const sx_axis_lines *lines) {
    sx_vector_surface *vector = vector_of(surface);
    sx_area area = lines->area;
    double left = area.x + 0.25, right = area.x + area.width, top = area.y;
    double bottom = area.y + area.height - 0.5;
    if (lines->horizontal) stroke(vector, left, bottom, right, bottom, DIM_COLOUR);
    if (lines->vertical) stroke(vector, left, top, left, bottom, DIM_COLOUR);
    for (int i = 0; i < lines->x_tick_count && lines->horizontal; i++)
        stroke(vector, lines->x_places[i], bottom, lines->x_places[i], bottom + 0.3, DIM_COLOUR);
    for (int i = 0; i < lines->y_tick_count && lines->vertical; i++)
        stroke(vector, left - 0.5, lines->y_places[i], left, lines->y_places[i], DIM_COLOUR);
}

static const char *role_colour(sx_style style) {
    static const struct {
        sx_role role;
        const char *colour;
    } roles[] = {{SX_ROLE_DIM, DIM_COLOUR}, {SX_ROLE_SERIES4, "#afafd7"}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (style.foreground == sx_style_of(roles[i].role).foreground) return roles[i].colour;
    return TEXT_COLOUR;
}

static void rectangle(sx_vector_surface *vector, double x, double y, double width, double height,
                      const char *colour) {
    sx_text_add(vector->out,
                "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>\n",
                across(x), down(y), across(width), down(height), colour);
}

static void vector_bar(sx_surface *surface, int x, double y, int width, double height,
                       sx_style style) {
    if (!(height > 0)) return;
    rectangle(vector_of(surface), x, y + 1 - height, width, height, role_colour(style));
}

/* The ramp's colours, as the canvas shows them with 256. */
static const char *const ramp[SX_RAMP_STEPS] = {"#00005f", "#5f005f", "#4e4e4e",
                                                "#5f5f87", "#008787", "#00af87",
                                                "#5fd787", "#87d700", "#ffff5f"};
static const char *const signed_ramp[SX_RAMP_STEPS] = {"#005f87", "#0087af", "#5fafd7",
                                                       "#afd7d7", "#e4e4e4", "#ffd7af",
                                                       "#ffaf00", "#d78700", "#af5f00"};

static void vector_fill(sx_surface *surface, int x, double y, int width, double height, int step) {
    const char *const *colours = surface->diverging ? signed_ramp : ramp;
    const char *unknown = surface->diverging ? "#ffffff" : "#e4e4e4";
    rectangle(vector_of(surface), x, y, width, height, step < 0 ? unknown : colours[step]);
}

/* Text as wide as its columns, whatever the font. */
static void vector_text(sx_surface *surface, int x, double y, sx_style style, const char *text) {
    sx_vector_surface *vector = vector_of(surface);
    int columns = sx_text_columns(text);
    bool blank = text[strspn(text, " ")] == 0;
    const char *colour = role_colour(style);
    if (style.foreground == SX_COLOUR_RGB(255, 255, 255)) colour = "#ffffff";
    if (style.foreground == SX_COLOUR_RGB(0, 0, 0)) colour = "#000000";
    if (columns < 1 || blank) return;
    sx_text_add(vector->out,
                "<text x=\"%.2f\" y=\"%.2f\" textLength=\"%.2f\" "
                "lengthAdjust=\"spacingAndGlyphs\" fill=\"%s\">",
                across(x), down(y + 0.75), across(columns), colour);
    sx_vector_escape(vector->out, text);
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
    .text = vector_text,
};

sx_surface *sx_vector_surface_init(sx_vector_surface *vector, int width, int height, sx_text *out) {
    *vector = (sx_vector_surface){.base = {.kind = &vector_kind,
                                           .width = width,
                                           .height = height,
                                           .levels = SX_RAMP_STEPS,
                                           .halves = true,
                                           .inks = true,
                                           .exact = true,
                                           .few = "·"},
                                  .out = out};
    return &vector->base;
}
