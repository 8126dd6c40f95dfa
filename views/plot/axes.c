/* Axes. The data area is what is left after labels: the widest tick label and the axis on the left,
 * one row of tick labels below, a header for the label of y and the legend. The horizontal axis is
 * the area's last row, on which curves may run, so that no row is lost.
 *
 * Small boxes lose the header first, then the labels, then the axes; the curve stays. */
#include "views/plot/axes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NARROWEST 8 /* columns of data that are worth an axis */

double sx_frame_x(const sx_frame *frame, double x) {
    double part = (x - frame->x_low) / (frame->x_high - frame->x_low);
    return frame->area.x + 0.25 + part * (frame->area.width - 0.5);
}

double sx_frame_x_at(const sx_frame *frame, int column) {
    double part = (column + 0.25 - frame->area.x) / (frame->area.width - 0.5);
    if (frame->area.width < 2 || part < -0.1 || part > 1.1) return NAN;
    return frame->x_low + fmin(fmax(part, 0), 1) * (frame->x_high - frame->x_low);
}

/* Values of ticks lie in the middle of a row, so both ends are half a row from the area's edge. */
double sx_frame_y(const sx_frame *frame, double y) {
    double part = (y - frame->y_low) / (frame->y_high - frame->y_low);
    if (frame->y_log) part = log(y / frame->y_low) / log(frame->y_high / frame->y_low);
    return frame->area.y + 0.5 + (1 - part) * (frame->area.height - 1);
}

static int label_columns(const sx_ticks *ticks) {
    char label[32];
    int most = 0;
    for (int i = 0; i < ticks->count; i++) {
        int columns = sx_text_columns(sx_tick_label(ticks, i, label));
        if (columns > most) most = columns;
    }
    return most;
}

/* The column of an x tick: the lowest value lies on the vertical axis. */
static int tick_column(const sx_frame *frame, int i) {
    double value = sx_tick_value(&frame->x_ticks, i);
    double part = (value - frame->x_low) / (frame->x_high - frame->x_low);
    int column = (int)ceil(part * frame->area.width - 1e-6) - 1;
    return frame->area.x + (column < 0 && !frame->vertical ? 0 : column);
}

static int tick_row(const sx_frame *frame, int i) {
    return (int)floor(sx_frame_y(frame, sx_tick_value(&frame->y_ticks, i)));
}

/* Where the label of an x tick begins: under the tick, within the surface. */
static int label_start(const sx_frame *frame, const sx_surface *surface, int i, int columns) {
    int start = tick_column(frame, i) - (columns - 1) / 2;
    if (start + columns > surface->width) start = surface->width - columns;
    return start > 0 ? start : 0;
}

/* The widest free run of columns between two labels, looked for from the right. */
typedef struct {
    int start, columns;
} gap;

static gap widest_gap(const sx_frame *frame, const sx_surface *surface, bool *touching) {
    gap widest = {0, 0};
    int end = -1;
    *touching = false;
    for (int i = 0; i < frame->x_ticks.count; i++) {
        char label[32];
        int columns = sx_text_columns(sx_tick_label(&frame->x_ticks, i, label));
        int start = label_start(frame, surface, i, columns);
        if (i > 0) {
            if (start - end < 2) *touching = true;
            if (start - end >= widest.columns) widest = (gap){end, start - end};
        }
        end = start + columns;
    }
    return widest;
}

static char *x_title(const sx_frame *frame, char *out, size_t size) {
    char power[32];
    sx_exponent_text(frame->x_ticks.exponent, power);
    snprintf(out, size, "%s%s%s", frame->x_label, *frame->x_label && *power ? " " : "", power);
    return out;
}

/* As many ticks as have labels that do not touch and leave a gap for the axis's name; false if
 * there are none. */
static bool find_x_ticks(sx_frame *frame, const sx_surface *surface, int least) {
    char title[128];
    for (int ticks = frame->area.width / 8 + 2; ticks >= least; ticks--) {
        bool touching;
        double apart = (frame->x_high - frame->x_low) / (ticks > 1 ? ticks - 1 : 1);
        frame->x_ticks = sx_ticks_of(frame->x_low, frame->x_high, apart, frame->degrees);
        int columns = sx_text_columns(x_title(frame, title, sizeof title));
        gap widest = widest_gap(frame, surface, &touching);
        if (frame->x_ticks.count < least) break;
        if (!touching && (columns == 0 || columns + 4 <= widest.columns)) return true;
    }
    return false;
}

/* Some ticks are worth more than the unit, and the unit more than the last ticks. */
static void choose_x_ticks(sx_frame *frame, const sx_surface *surface) {
    const char *full = frame->x_label;
    if (find_x_ticks(frame, surface, 4)) return;
    frame->x_label = frame->x_name;
    if (find_x_ticks(frame, surface, 3)) return;
    frame->x_label = full;
    if (find_x_ticks(frame, surface, 2)) return;
    frame->x_label = frame->x_name;
    if (find_x_ticks(frame, surface, 2)) return;
    frame->x_label = "";
    if (!find_x_ticks(frame, surface, 1)) frame->x_ticks.count = 0;
}

static void fit_log_y(sx_frame *frame, int rows) {
    double low = frame->y_low, high = frame->y_high;
    sx_range_logarithmic(&low, &high);
    if (!frame->y_low_fixed || frame->y_low >= high) frame->y_low = low;
    if (!frame->y_high_fixed || frame->y_high <= frame->y_low) frame->y_high = high;
    double decades = log10(frame->y_high / frame->y_low);
    frame->y_ticks = sx_ticks_logarithmic(frame->y_low, frame->y_high,
                                          1.6 * decades / (rows > 1 ? rows - 1 : 1));
}

/* Range and ticks of y for `rows`: round ends, and ticks with a blank row between, or at least
 * two. */
static void fit_y(sx_frame *frame, int rows) {
    double low = frame->y_low, high = frame->y_high;
    sx_range_nice(&low, &high, rows > 17 ? 8 : rows > 11 ? (rows - 1) / 2 : 5, false);
    if (!frame->y_low_fixed || frame->y_low >= high) frame->y_low = low;
    if (!frame->y_high_fixed || frame->y_high <= frame->y_low) frame->y_high = high;
    double range = frame->y_high - frame->y_low, part = rows > 13 ? 6 : (rows - 1) / 2.0;
    frame->y_ticks = sx_ticks_of(frame->y_low, frame->y_high, range / part, false);
    if (frame->y_ticks.count < 2 && rows > 1)
        frame->y_ticks = sx_ticks_of(frame->y_low, frame->y_high, range / 2, false);
}

/* Whether the ticks are a whole number of rows apart. */
static bool ticks_are_even(const sx_frame *frame, int rows) {
    double apart = (rows - 1) * frame->y_ticks.step / (frame->y_high - frame->y_low);
    return fabs(apart - round(apart)) < 1e-6;
}

/* Gives up one or two rows of a high plot if then its ticks are evenly spaced; returns how many. */
static int choose_y_ticks(sx_frame *frame, int rows) {
    sx_frame all = *frame;
    int most = rows >= 12 ? 2 : rows >= 8 ? 1 : 0;
    if (frame->y_log) {
        fit_log_y(frame, rows);
        return 0;
    }
    for (int given = 0; given <= most; given++) {
        *frame = all;
        fit_y(frame, rows - given);
        if (ticks_are_even(frame, rows - given)) return given;
    }
    *frame = all;
    fit_y(frame, rows);
    return 0;
}

void sx_frame_layout(sx_frame *frame, const sx_surface *surface) {
    sx_area *area = &frame->area;
    *area = (sx_area){0, 0, surface->width, surface->height};
    frame->labels = area->height >= 4 && area->width >= NARROWEST + 4;
    frame->horizontal = area->height >= 3 && area->width >= NARROWEST;
    if (frame->labels && area->height - frame->headers >= 5) {
        area->y += frame->headers;
        area->height -= frame->headers;
    } else {
        frame->headers = 0;
    }
    if (frame->labels) area->height--;
    int given = choose_y_ticks(frame, area->height);
    area->y += given;
    area->height -= given;
    int columns = frame->labels ? label_columns(&frame->y_ticks) : 0;
    if (columns + 1 + NARROWEST > area->width) columns = 0;
    if (columns == 0) frame->y_ticks.count = 0;
    frame->vertical = frame->horizontal && columns + 1 + NARROWEST <= area->width;
    int left = columns + (frame->vertical ? 1 : 0);
    area->x += left;
    area->width -= left;
    frame->x_ticks = (sx_ticks){0};
    if (frame->labels) choose_x_ticks(frame, surface);
}

static void draw_x_labels(const sx_frame *frame, sx_surface *surface) {
    int row = frame->area.y + frame->area.height;
    sx_style style = sx_style_of(SX_ROLE_DIM);
    for (int i = 0; i < frame->x_ticks.count; i++) {
        char label[32];
        int columns = sx_text_columns(sx_tick_label(&frame->x_ticks, i, label));
        surface->kind->text(surface, label_start(frame, surface, i, columns), row, style, label);
    }
    char title[128];
    int columns = sx_text_columns(x_title(frame, title, sizeof title));
    bool touching;
    gap widest = widest_gap(frame, surface, &touching);
    if (columns == 0 || columns + 2 > widest.columns) return;
    int start = widest.start + (widest.columns - columns) / 2;
    surface->kind->text(surface, start, row, sx_style_of(SX_ROLE_TEXT), title);
}

static void draw_y_labels(const sx_frame *frame, sx_surface *surface) {
    for (int i = 0; i < frame->y_ticks.count; i++) {
        char label[32];
        int columns = sx_text_columns(sx_tick_label(&frame->y_ticks, i, label));
        double place = sx_frame_y(frame, sx_tick_value(&frame->y_ticks, i)) - 0.5;
        surface->kind->text(surface, frame->area.x - 1 - columns,
                            surface->exact ? place : tick_row(frame, i), sx_style_of(SX_ROLE_DIM),
                            label);
    }
    char power[32], title[128];
    sx_exponent_text(frame->y_ticks.exponent, power);
    if (frame->headers == 0) return;
    snprintf(title, sizeof title, "%s%s%s%s", frame->y_label, *power ? " " : "", power,
             frame->y_log ? " (log)" : "");
    surface->kind->text(surface, 0, 0, sx_style_of(SX_ROLE_TEXT), title);
}

void sx_frame_draw(const sx_frame *frame, sx_surface *surface) {
    int columns[SX_MOST_TICKS], rows[SX_MOST_TICKS];
    double x_places[SX_MOST_TICKS], y_places[SX_MOST_TICKS];
    for (int i = 0; i < frame->x_ticks.count; i++) {
        columns[i] = tick_column(frame, i);
        x_places[i] = sx_frame_x(frame, sx_tick_value(&frame->x_ticks, i));
    }
    for (int i = 0; i < frame->y_ticks.count; i++) {
        rows[i] = tick_row(frame, i);
        y_places[i] = sx_frame_y(frame, sx_tick_value(&frame->y_ticks, i));
    }
    surface->kind->axes(surface, &(sx_axis_lines){
                                     .area = frame->area,
                                     .vertical = frame->vertical,
                                     .horizontal = frame->horizontal,
                                     .x_ticks = columns,
                                     .y_ticks = rows,
                                     .x_places = x_places,
                                     .y_places = y_places,
                                     .x_tick_count = frame->x_ticks.count,
                                     .y_tick_count = frame->y_ticks.count,
                                 });
    if (frame->vertical) draw_y_labels(frame, surface);
    if (frame->labels) draw_x_labels(frame, surface);
}

void sx_frame_say(const sx_frame *frame, sx_surface *surface, const char *text) {
    int columns = sx_text_columns(text);
    int x = frame->area.x + (frame->area.width - columns) / 2;
    int y = frame->area.y + (frame->area.height - 1) / 2;
    if (frame->area.height < 1) return;
    surface->kind->text(surface, x > 0 ? x : 0, y, sx_style_of(SX_ROLE_DIM), text);
}
