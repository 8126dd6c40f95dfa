/* Limits, zoom and pan are one thing: two ends of an axis that a person has chosen, of which NaN
 * means "as they come". New data move only what was not chosen. A lens knows no plot: a pane tells
 * it how far its x go and where its cursor is. */
#include "views/pane/lens.h"

#include "views/pane/difference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const sx_ends sx_ends_free = {NAN, NAN};

#define FEW_POINTS 100 /* a curve of less of them is looked at point by point */

/* ---- the ends of the axes ---------------------------------------------------------------------
 */

bool sx_ends_are_chosen(const sx_ends *x, const sx_ends *y) {
    return !isnan(x->low) || !isnan(y->low);
}

sx_lens sx_lens_of(const sx_result *series, sx_ends *x, sx_ends *y, double at) {
    sx_lens lens = {.x = x, .y = y, .at = at};
    size_t points = series ? series->series.length : 0;
    if (points < 2) return lens;
    lens.low = series->series.x[0];
    lens.high = series->series.x[points - 1];
    lens.least = (points < FEW_POINTS ? 2 : 8) * (lens.high - lens.low) / (double)(points - 1);
    return lens;
}

sx_ends sx_lens_seen(const sx_ends *chosen, double low, double high) {
    return (sx_ends){isnan(chosen->low) ? low : chosen->low,
                     isnan(chosen->high) ? high : chosen->high};
}

void sx_lens_axes(const sx_ends *x, const sx_ends *y, sx_axes *axes) {
    sx_ends across = sx_lens_seen(x, axes->x_low, axes->x_high);
    sx_ends up = sx_lens_seen(y, axes->y_low, axes->y_high);
    axes->x_low = across.low;
    axes->x_high = across.high;
    axes->y_low = up.low;
    axes->y_high = up.high;
}

/* Sees `width` around `middle`, moved to where there is something. */
static void see(const sx_lens *lens, double middle, double width) {
    if (!(width < lens->high - lens->low)) {
        *lens->x = sx_ends_free;
        return;
    }
    double low = fmin(fmax(middle - width / 2, lens->low), lens->high - width);
    *lens->x = (sx_ends){lens->whole ? round(low) : low, low + width};
    if (lens->whole) lens->x->high = round(lens->x->high);
}

void sx_lens_keep(const sx_lens *lens, double x) {
    sx_ends seen = sx_lens_seen(lens->x, lens->low, lens->high);
    if (x < seen.low || x > seen.high) see(lens, x, seen.high - seen.low);
}

void sx_lens_between(const sx_lens *lens, double a, double b) {
    if (isnan(a) || isnan(b)) return;
    double width = fmax(fabs(b - a), fmin(lens->least, lens->high - lens->low));
    see(lens, a + (b - a) / 2, width);
}

/* "LOW HIGH" becomes the ends of an axis. */
static void choose(sx_desk *desk, sx_ends *ends, const char *argument) {
    char low[32] = "", high[32] = "";
    sx_ends chosen;
    if (sscanf(argument, "%31s %31s", low, high) == 2 && sx_text_number(low, &chosen.low) &&
        sx_text_number(high, &chosen.high) && chosen.low < chosen.high &&
        isfinite(chosen.high - chosen.low)) {
        *ends = chosen;
        return;
    }
    sx_desk_say(desk, "limits are two numbers, the lower one first: 1000 3000");
    desk->bad = true;
}

static void pan(const sx_lens *lens, sx_desk *desk, int by) {
    sx_ends seen = sx_lens_seen(lens->x, lens->low, lens->high);
    double width = seen.high - seen.low;
    if (width < lens->high - lens->low)
        see(lens, seen.low + width / 2 + by * width / 4, width);
    else
        sx_desk_say(desk, "all of the axis is seen; z comes closer");
}

static void zoom(const sx_lens *lens, bool closer) {
    sx_ends seen = sx_lens_seen(lens->x, lens->low, lens->high);
    double width = seen.high - seen.low, middle = seen.low + width / 2;
    if (!closer)
        see(lens, middle, 2 * width);
    else
        see(lens, isnan(lens->at) ? middle : lens->at, fmax(width / 2, fmin(lens->least, width)));
}

void sx_lens_run(const sx_lens *lens, sx_desk *desk, int value, const char *argument) {
    if (value == SX_LENS_X || value == SX_LENS_Y) {
        choose(desk, value == SX_LENS_X ? lens->x : lens->y, argument);
    } else if (value == SX_LENS_WHOLE) {
        *lens->x = *lens->y = sx_ends_free;
    } else if (!(lens->low < lens->high)) {
        sx_desk_say(desk, "there is no curve yet to look at closer");
    } else if (value == SX_LENS_LEFT || value == SX_LENS_RIGHT) {
        pan(lens, desk, value == SX_LENS_LEFT ? -1 : 1);
    } else {
        zoom(lens, value == SX_LENS_CLOSER);
    }
}

/* ---- the mouse --------------------------------------------------------------------------------
 */

#define DRAG_COLUMNS 3 /* less is an unsteady hand */

void sx_mouse_clear(sx_mouse *mouse, sx_look look) {
    memset(mouse->boxes, 0, sizeof mouse->boxes);
    mouse->look = look;
}

static int plot_under(const sx_mouse *mouse, int x, int y) {
    for (int i = 0; i < SX_MOUSE_PLOTS; i++) {
        sx_box box = mouse->boxes[i];
        if (x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height) return i;
    }
    return -1;
}

sx_stroke sx_mouse_take(sx_mouse *mouse, const char *what, int x, int y) {
    int plot = plot_under(mouse, x, y), pressed = mouse->plot;
    if (strcmp(what, "Click") == 0) {
        mouse->plot = plot;
        mouse->column = x;
        return (sx_stroke){.plot = plot, .from = x, .to = x};
    }
    mouse->plot = -1;
    bool drag = plot >= 0 && plot == pressed && abs(x - mouse->column) >= DRAG_COLUMNS;
    return (sx_stroke){.plot = drag ? plot : -1, .drag = drag, .from = mouse->column, .to = x};
}

/* ---- what steps are drawn over, and means -----------------------------------------------------
 */

const sx_x_axis sx_x_axes[SX_X_AXES] = {
    {"step", "step", NULL}, {"epoch", "epoch", "epoch"}, {"time", "s", "seconds"}};

const char *sx_x_axis_choice(void *state, size_t row) {
    (void)state;
    return row < SX_X_AXES ? sx_x_axes[row].name : NULL;
}

bool sx_x_axis_turn(sx_desk *desk, int *axis, const sx_result *clock, const char *argument) {
    int wanted = sx_part_choose(desk, sx_x_axis_choice, NULL, *axis, argument,
                                "the curves are over step, epoch or time");
    if (wanted < 0) return false;
    if (!argument[0] && wanted != SX_BY_STEP && sx_part_line(clock, sx_x_axes[wanted].line) < 0) {
        sx_desk_say(desk, "when points were reached is not known yet");
        return false;
    }
    *axis = wanted;
    sx_desk_say(desk, "curves over %s", sx_x_axes[wanted].name);
    return true;
}

double sx_clock_at(const sx_result *clock, int axis, double step) {
    int line = axis == SX_BY_STEP ? -1 : sx_part_line(clock, sx_x_axes[axis].line);
    if (line < 0 || clock->series.length == 0) return NAN;
    size_t last = clock->series.length - 1;
    const double *x = clock->series.x, *y = clock->series.lines[line].y;
    if (step <= x[0]) return x[0] > 0 ? y[0] * step / x[0] : y[0];
    if (step >= x[last]) return y[last] * step / x[last];
    return sx_line_at(clock, line, step);
}

/* Takes point i of `from` as point k of `to`. */
static void take_point(const sx_series *from, size_t i, sx_series *to, size_t k) {
    for (int line = 0; line < from->line_count; line++) {
        const sx_line *a = &from->lines[line];
        sx_line *b = &to->lines[line];
        b->y[k] = a->y[i];
        if (a->low) b->low[k] = a->low[i];
        if (a->high) b->high[k] = a->high[i];
        if (a->count) b->count[k] = a->count[i];
    }
}

/* No array where there was none: an interval that is not there is not an unknown one. */
static void name_line(sx_result *result, const sx_line *from, sx_line *to) {
    to->name = sx_result_text(result, "%s", from->name ? from->name : "");
    if (!from->low) to->low = NULL;
    if (!from->high) to->high = NULL;
    if (!from->count) to->count = NULL;
}

sx_result *sx_over_clock(const sx_result *series, const sx_result *clock, int axis) {
    const sx_series *from = &series->series;
    sx_result *result = sx_result_new(SX_RESULT_SERIES, series->name, series->title);
    if (!result || !sx_series_alloc(result, from->length, from->line_count, true)) {
        sx_result_release(result);
        return NULL;
    }
    sx_series *to = &result->series;
    size_t count = 0;
    result->step = series->step;
    to->few = from->few;
    to->x_label = sx_x_axes[axis].label;
    to->y_label = sx_result_text(result, "%s", from->y_label ? from->y_label : "");
    for (size_t i = 0; i < from->length; i++) {
        double place = sx_clock_at(clock, axis, from->x[i]);
        if (!isfinite(place) || (count > 0 && place <= to->x[count - 1])) continue;
        to->x[count] = place;
        take_point(from, i, to, count++);
    }
    to->length = count;
    for (int line = 0; line < from->line_count; line++)
        name_line(result, &from->lines[line], &to->lines[line]);
    if (count > 0) return result;
    sx_result_release(result);
    return NULL;
}

/* Percent of the points that a mean takes. */
static const struct {
    const char *name;
    int percent;
} smoothings[] = {{"0", 0}, {"1", 1}, {"3", 3}, {"10", 10}};
enum { SMOOTHINGS = sizeof smoothings / sizeof *smoothings };

const char *sx_smoothing_choice(void *state, size_t row) {
    (void)state;
    return row < SMOOTHINGS ? smoothings[row].name : NULL;
}

bool sx_smoothing_turn(sx_desk *desk, int *smoothing, const char *argument) {
    int wanted = sx_part_choose(desk, sx_smoothing_choice, NULL, *smoothing, argument,
                                "smoothing is 0, 1, 3 or 10 percent of the points");
    if (wanted < 0) return false;
    *smoothing = wanted;
    if (wanted)
        sx_desk_say(desk, "means over %d %% of the points; the raw line stays, faint",
                    smoothings[wanted].percent);
    else
        sx_desk_say(desk, "the raw line alone");
    return true;
}

int sx_smoothing_percent(int smoothing) {
    return smoothings[smoothing].percent;
}

size_t sx_smoothing_reach(int smoothing, const sx_result *series) {
    size_t points = series ? series->series.length : 0;
    return points * (size_t)smoothings[smoothing].percent / 200;
}

void sx_logarithmic_turn(sx_desk *desk, bool *logarithmic, const char *what) {
    *logarithmic = !*logarithmic;
    sx_desk_say(desk, "%s on a %s axis", what, *logarithmic ? "logarithmic" : "linear");
}
