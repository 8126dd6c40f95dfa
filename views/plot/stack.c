/* Stacked parts of a whole over an axis. A probability that falls shows where it went: what the
 * true class loses, others win, and the whole stays 1. The lines that have the most altogether are
 * parts of their own, since nobody tells a hundred colours apart; the others are one.
 *
 * Layout: the legend takes columns at the right, in the order of the parts from the top; where it
 * has no room it goes before the axes do. */
#include "views/plot/axes.h"
#include "views/plot/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SWATCH 2
#define WIDEST_NAME 14
#define LEAST_PLOT 20 /* columns of the plot beside a legend */
#define LEAST_NAME 5

/* ---- which lines ------------------------------------------------------------------------------
 */

/* Mean of what is known of a line; 0 where nothing is. */
static double mass_of(const sx_series *series, int line) {
    double sum = 0, count = 0;
    for (size_t i = 0; i < series->length; i++)
        if (isfinite(series->lines[line].y[i])) sum += series->lines[line].y[i], count++;
    return count > 0 ? sum / count : 0;
}

/* The first of equals, so that equal results have equal pictures. */
int sx_stack_parts(const sx_result *result, const sx_stack *options, int parts[SX_STACK_PARTS]) {
    const sx_series *series = &result->series;
    int count = 0;
    if (options->first >= 0 && options->first < series->line_count) parts[count++] = options->first;
    int fixed = count;
    for (int line = 0; line < series->line_count; line++) {
        double mass = mass_of(series, line);
        if (fixed && line == options->first) continue;
        int at = count < SX_STACK_PARTS ? count++ : SX_STACK_PARTS;
        while (at > fixed && mass_of(series, parts[at - 1]) < mass) {
            if (at < SX_STACK_PARTS) parts[at] = parts[at - 1];
            at--;
        }
        if (at < SX_STACK_PARTS) parts[at] = line;
    }
    return count;
}

/* ---- bands ------------------------------------------------------------------------------------
 */

typedef struct {
    const sx_series *series;
    const sx_stack *options;
    int parts[SX_STACK_PARTS], count;
    bool rest; /* there are more lines than parts */
    sx_frame frame;
    int legend; /* its first column; 0: there is none */
} stack;

/* How high the parts up to number `part` reach at a point, all of them where it is the rest. */
static double height_at(const stack *s, int part, size_t i) {
    double sum = 0;
    if (part >= s->count) {
        for (int line = 0; line < s->series->line_count; line++) sum += s->series->lines[line].y[i];
        return sum;
    }
    for (int k = 0; k <= part; k++) sum += s->series->lines[s->parts[k]].y[i];
    return sum;
}

static bool is_known(const stack *s, size_t i) {
    return isfinite(height_at(s, s->count, i));
}

#define STRETCH 512 /* points of one stretch of a band */

/* A part over the points from `first` to before `end`, which are all known. */
static void draw_stretch(const stack *s, sx_surface *surface, int part, size_t first, size_t end) {
    double x[STRETCH], top[STRETCH], bottom[STRETCH];
    int count = 0;
    for (size_t i = first; i < end && count < STRETCH; i++, count++) {
        x[count] = sx_frame_x(&s->frame, s->series->x[i]);
        top[count] = sx_frame_y(&s->frame, height_at(s, part, i));
        bottom[count] = sx_frame_y(&s->frame, part > 0 ? height_at(s, part - 1, i) : 0);
    }
    sx_band band = {count, x, top, bottom, part < s->count ? part : SX_BAND_REST};
    surface->kind->band(surface, s->frame.area, &band);
}

static void draw_part(const stack *s, sx_surface *surface, int part) {
    for (size_t first = 0; first < s->series->length;) {
        size_t end = first;
        while (end < s->series->length && end - first < STRETCH && is_known(s, end)) end++;
        if (end > first) draw_stretch(s, surface, part, first, end);
        bool whole = end < s->series->length && is_known(s, end); /* only its room was used up */
        first = end > first ? end - whole : end + 1;
    }
}

static void draw_cursor(const stack *s, sx_surface *surface) {
    const sx_frame *frame = &s->frame;
    double at = s->options->cursor, x = sx_frame_x(frame, at);
    if (!(at >= frame->x_low && at <= frame->x_high)) return;
    if (!surface->inks) {
        for (int y = frame->area.y; y < frame->area.y + frame->area.height - 1; y++)
            surface->kind->text(surface, (int)x, y, (sx_style){.attributes = SX_BOLD}, "│");
        return;
    }
    surface->kind->begin(surface, frame->area, (sx_pen){.guide = true});
    surface->kind->move(surface, x, sx_frame_y(frame, 0));
    surface->kind->line(surface, x, sx_frame_y(frame, 1));
    surface->kind->end(surface);
}

/* ---- legend -----------------------------------------------------------------------------------
 */

static const char *part_name(const stack *s, int part) {
    const char *name = part < s->count ? s->series->lines[s->parts[part]].name : "others";
    return name ? name : "";
}

static bool is_marked(const stack *s, int part) {
    return part == 0 && s->options->first >= 0;
}

static int legend_columns(const stack *s) {
    int most = LEAST_NAME;
    for (int part = 0; part < s->count + s->rest; part++) {
        int columns = sx_text_columns(part_name(s, part)) + 2 * is_marked(s, part);
        if (columns > most) most = columns;
    }
    return SWATCH + 1 + (most < WIDEST_NAME ? most : WIDEST_NAME);
}

/* Without control characters, and as long as there is room for. */
static void name_text(const stack *s, int part, int columns, char out[96]) {
    char name[80];
    sx_text_printable(name, sizeof name, part_name(s, part));
    snprintf(out, 96, "%s%s", is_marked(s, part) ? "✓ " : "", name);
    for (size_t end = strlen(out); end > 0 && sx_text_columns(out) > columns; end--)
        if (((unsigned char)out[end - 1] & 0xC0) != 0x80) out[end - 1] = 0;
}

/* From the uppermost part down; what has no room is left out from the top, where the least is. */
static void draw_legend(const stack *s, sx_surface *surface) {
    int parts = s->count + s->rest, rows = s->frame.area.height;
    int y = s->frame.area.y;
    for (int part = parts < rows ? parts - 1 : rows - 1; part >= 0; part--, y++) {
        double x[2] = {s->legend, s->legend + SWATCH}, top[2] = {y, y}, bottom[2] = {y + 1, y + 1};
        sx_band band = {2, x, top, bottom, part < s->count ? part : SX_BAND_REST};
        char name[96];
        name_text(s, part, surface->width - s->legend - SWATCH - 1, name);
        surface->kind->band(surface, (sx_area){s->legend, y, SWATCH, 1}, &band);
        surface->kind->text(surface, s->legend + SWATCH + 1, y,
                            sx_style_of(is_marked(s, part) ? SX_ROLE_GOOD : SX_ROLE_TEXT), name);
    }
}

/* ---- all --------------------------------------------------------------------------------------
 */

static void lay_frame(stack *s, const sx_surface *surface) {
    const sx_series *series = s->series;
    sx_surface narrow = *surface;
    s->frame = (sx_frame){.x_low = series->x[0],
                          .x_high = series->x[series->length - 1],
                          .y_high = 1,
                          .y_low_fixed = true,
                          .y_high_fixed = true,
                          .x_label = series->x_label ? series->x_label : "",
                          .x_name = series->x_label ? series->x_label : "",
                          .y_label = series->y_label ? series->y_label : "",
                          .headers = 1};
    int columns = legend_columns(s), room = surface->width - LEAST_PLOT - 1;
    if (columns > room) columns = room;
    if (columns >= SWATCH + 1 + LEAST_NAME) narrow.width -= columns + 1;
    s->legend = narrow.width < surface->width ? narrow.width + 1 : 0;
    sx_frame_layout(&s->frame, &narrow);
}

/* Whether any point is known, and how many parts there are. */
static bool measure(stack *s, const sx_result *result) {
    bool any = false;
    s->count = sx_stack_parts(result, s->options, s->parts);
    s->rest = s->series->line_count > s->count;
    for (size_t i = 0; s->count > 0 && i < s->series->length; i++) any |= is_known(s, i);
    return any;
}

void sx_stack_on(sx_surface *surface, const sx_result *result, const sx_stack *options) {
    stack s = {.series = &result->series, .options = options};
    if (surface->width < 1 || surface->height < 1) return;
    if (!measure(&s, result)) {
        surface->kind->text(surface, 0, 0, sx_style_of(SX_ROLE_DIM), "no data yet");
        return;
    }
    lay_frame(&s, surface);
    for (int part = 0; part < s.count + s.rest; part++) draw_part(&s, surface, part);
    sx_frame_draw(&s.frame, surface);
    draw_cursor(&s, surface);
    if (s.legend) draw_legend(&s, surface);
}

void sx_plot_stack(sx_canvas *canvas, sx_box box, const sx_result *series,
                   const sx_stack *options) {
    sx_cell_surface cells;
    sx_stack_on(sx_cell_surface_init(&cells, canvas, box), series, options);
}
