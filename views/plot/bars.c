/* Bars: sparklines of one row, and reliability diagrams.
 *
 * A reliability diagram has one bar for each bin of confidence; the bar's height is the accuracy
 * there, and a perfectly calibrated model's bars end on the diagonal. A mark stands at mean
 * confidence and accuracy, hollow where the bin holds too few images; where there is room, a row
 * below shows how many images each bin holds. */
#include "views/plot/axes.h"
#include "views/plot/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The mean of the finite values that fall into column x of `width`; NaN if there are none. */
static double column_mean(const double *values, size_t count, int x, int width) {
    double at = (double)count / width, sum = 0;
    size_t first = (size_t)(x * at), last = (size_t)((x + 1) * at), used = 0;
    if (last <= first) last = first + 1;
    for (size_t i = first; i < last && i < count; i++) {
        if (!isfinite(values[i])) continue;
        sum += values[i];
        used++;
    }
    return used ? sum / (double)used : NAN;
}

/* One row of bars; the lowest value is still one eighth high, so that it is not taken for none. */
static void spark(sx_surface *surface, int x, int y, int width, const double *values, size_t count,
                  double low, double high, sx_style style) {
    for (int i = 0; i < width && count > 0; i++) {
        double mean = column_mean(values, count, i, width);
        double part = high > low ? (mean - low) / (high - low) : 0.5;
        if (isnan(mean)) continue;
        part = fmin(fmax(part, 0), 1);
        surface->kind->bar(surface, x + i, y, 1, (1 + floor(part * 7 + 0.5)) / 8, style);
    }
}

void sx_plot_sparkline(sx_canvas *canvas, sx_box box, const double *values, size_t count,
                       double low, double high, sx_style style) {
    sx_cell_surface cells;
    sx_surface *surface = sx_cell_surface_init(&cells, canvas, box);
    if (box.height < 1) return;
    spark(surface, 0, 0, surface->width, values, count, low, high, style);
}

/* ---- reliability ------------------------------------------------------------------------------
 */

typedef struct {
    const sx_series *series;
    const sx_line *accuracy, *confidence; /* confidence may be NULL */
    bool counts;                          /* a row of counts below */
} diagram;

static const sx_line *line_named(const sx_series *series, const char *name) {
    for (int i = 0; i < series->line_count; i++)
        if (series->lines[i].name && strcmp(series->lines[i].name, name) == 0)
            return &series->lines[i];
    return NULL;
}

static bool has_images(const diagram *d, size_t i) {
    return isfinite(d->accuracy->y[i]) && (!d->accuracy->count || d->accuracy->count[i] > 0);
}

/* The first column of bin i, within the area; bins are equally wide between 0 and 1. */
static int bin_column(const sx_frame *frame, const diagram *d, size_t i) {
    double edge = (double)i / (double)d->series->length;
    double part = (edge - frame->x_low) / (frame->x_high - frame->x_low);
    return frame->area.x + (int)floor(fmin(fmax(part, 0), 1) * frame->area.width + 0.5);
}

static void draw_bars(const sx_frame *frame, sx_surface *surface, const diagram *d, int cursor) {
    double bottom = frame->area.y + frame->area.height;
    int row = frame->area.y + frame->area.height - 1;
    for (size_t i = 0; i < d->series->length; i++) {
        double accuracy = fmin(fmax(d->accuracy->y[i], 0), 1);
        if (!has_images(d, i) || accuracy < frame->y_low) continue;
        int x = bin_column(frame, d, i), width = bin_column(frame, d, i + 1) - x;
        double height = bottom - sx_frame_y(frame, fmin(accuracy, frame->y_high));
        if (width > 2) width--; /* a gap between bars, where there is room for one */
        double lift = surface->exact ? 0.5 : 0; /* onto the axis, in the middle of its row */
        surface->kind->bar(surface, x, row - lift, width, height - lift,
                           sx_style_of((int)i == cursor ? SX_ROLE_FOCUS : SX_ROLE_SERIES4));
    }
}

static void draw_diagonal(const sx_frame *frame, sx_surface *surface) {
    double low = fmax(frame->x_low, frame->y_low), high = fmin(frame->x_high, frame->y_high);
    if (!(low < high)) return;
    surface->kind->begin(surface, frame->area, (sx_pen){.guide = true});
    surface->kind->move(surface, sx_frame_x(frame, low), sx_frame_y(frame, low));
    surface->kind->line(surface, sx_frame_x(frame, high), sx_frame_y(frame, high));
    surface->kind->end(surface);
}

static bool is_within(const sx_frame *frame, double x, double y) {
    return x >= frame->x_low && x <= frame->x_high && y >= frame->y_low && y <= frame->y_high;
}

static void draw_points(const sx_frame *frame, sx_surface *surface, const diagram *d) {
    for (size_t i = 0; i < d->series->length; i++) {
        double x = d->confidence ? d->confidence->y[i] : d->series->x[i], y = d->accuracy->y[i];
        if (!has_images(d, i) || !is_within(frame, x, y)) continue;
        bool few = d->accuracy->count && d->accuracy->count[i] < d->series->few;
        surface->kind->mark(surface, sx_frame_x(frame, x), sx_frame_y(frame, y),
                            few ? SX_MARK_HOLLOW : SX_MARK_POINT, (sx_pen){.look = 0});
    }
}

/* Counts below the bars, by the square root of their share: a bin with one hundredth of the
 * images still shows. */
static void draw_counts(const sx_frame *frame, sx_surface *surface, const diagram *d) {
    double most = 0;
    const double *count = d->accuracy->count;
    int row = surface->height - 1;
    for (size_t i = 0; i < d->series->length; i++)
        if (isfinite(count[i]) && count[i] > most) most = count[i];
    surface->kind->text(surface, frame->area.x > 1 ? frame->area.x - 2 : 0, row,
                        sx_style_of(SX_ROLE_DIM), "n");
    for (size_t i = 0; i < d->series->length && most > 0; i++) {
        int x = bin_column(frame, d, i), width = bin_column(frame, d, i + 1) - x;
        double share = sqrt(count[i] / most);
        if (!(share > 0)) continue;
        if (width > 2) width--;
        surface->kind->bar(surface, x, row, width, fmax(share, 1.0 / 8), sx_style_of(SX_ROLE_DIM));
    }
}

static void draw_note(const sx_frame *frame, sx_surface *surface, const diagram *d) {
    char note[64] = "● accuracy  ⠄⠄ ideal";
    bool few = false;
    for (size_t i = 0; i < d->series->length && d->accuracy->count; i++)
        few = few || (has_images(d, i) && d->accuracy->count[i] < d->series->few);
    if (few) snprintf(note, sizeof note, "○ fewer than %.0f images", fmin(d->series->few, 1e9));
    int x = surface->width - sx_text_columns(note);
    if (frame->headers > 0 && x > sx_text_columns(frame->y_label) + 2)
        surface->kind->text(surface, x, 0, sx_style_of(SX_ROLE_DIM), note);
}

/* The ends of an axis from 0 to 1, or those that were asked for. */
static void take_ends(double low, double high, double *out_low, double *out_high) {
    *out_low = isfinite(low) ? low : 0;
    *out_high = isfinite(high) ? high : 1;
    if (*out_high > *out_low) return;
    *out_low = 0;
    *out_high = 1;
}

/* The diagram, and its frame on this surface. */
static sx_frame lay(const sx_surface *surface, const sx_series *series, const sx_axes *axes,
                    diagram *d) {
    *d = (diagram){series, line_named(series, "accuracy"), line_named(series, "confidence"), false};
    if (!d->accuracy && series->line_count > 0) d->accuracy = &series->lines[0];
    d->counts = d->accuracy && d->accuracy->count && surface->height >= 8 && series->length > 0;
    sx_frame frame = {.y_low_fixed = true,
                      .y_high_fixed = true,
                      .headers = 1,
                      .x_label = "confidence",
                      .x_name = "confidence",
                      .y_label = "accuracy"};
    take_ends(axes->x_low, axes->x_high, &frame.x_low, &frame.x_high);
    take_ends(axes->y_low, axes->y_high, &frame.y_low, &frame.y_high);
    sx_surface upper = *surface;
    upper.height -= d->counts;
    sx_frame_layout(&frame, &upper);
    return frame;
}

void sx_reliability_on(sx_surface *surface, const sx_series *series, const sx_axes *axes,
                       int cursor) {
    diagram d;
    sx_frame frame = lay(surface, series, axes, &d);
    sx_frame_draw(&frame, surface);
    bool any = false;
    for (size_t i = 0; d.accuracy && i < series->length; i++) any = any || has_images(&d, i);
    if (!any) {
        sx_frame_say(&frame, surface, "no data yet");
        return;
    }
    draw_bars(&frame, surface, &d, cursor);
    draw_diagonal(&frame, surface);
    draw_points(&frame, surface, &d);
    if (d.counts) draw_counts(&frame, surface, &d);
    draw_note(&frame, surface, &d);
}

void sx_plot_reliability(sx_canvas *canvas, sx_box box, const sx_result *reliability,
                         const sx_axes *axes, int cursor) {
    sx_cell_surface cells;
    sx_reliability_on(sx_cell_surface_init(&cells, canvas, box), &reliability->series, axes,
                      cursor);
}

double sx_plot_confidence_at(sx_look look, sx_box box, const sx_result *reliability,
                             const sx_axes *axes, int column) {
    sx_canvas none = {.look = look};
    sx_cell_surface cells;
    diagram d;
    sx_frame frame = lay(sx_cell_surface_init(&cells, &none, box), &reliability->series, axes, &d);
    return sx_frame_x_at(&frame, column);
}
