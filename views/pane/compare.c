/* Compare: two to eight runs on the same axes, each in the colour of its place, and the difference
 * of two location maps. Finished runs are read from disk when the page is opened, as many a drawing
 * as there is time for; the run that is computed here is followed live. One cursor for each kind of
 * x reads all runs at once, in every plot that has it. */
#include "views/pane/difference.h"
#include "views/pane/part.h"

#include "core/store/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TRAINING, VALIDATION, ROTATED, SIZED, RISKS, MAP, RESULTS };
static const char *const result_names[RESULTS] = {"training", "validation",    "rotation",
                                                  "size",     "risk-coverage", "location"};

enum { STEPS, DEGREES, SHARE, COVERAGE, PLACE, KINDS_OF_X };
enum { LOSS, VALIDATION_LOSS, ACCURACY, ROTATION, SIZE, RISK, DIFFERENCE, PLOTS };
static const struct {
    const char *name, *label, *line; /* as a file, as a title, in the result */
    int result, x;
    bool marks, share; /* few points with intervals; y from 0 to 1 */
} plots[PLOTS] = {{"loss", "training loss", "loss", TRAINING, STEPS, false, false},
                  {"validation-loss", "validation loss", "loss", VALIDATION, STEPS, false, false},
                  {"accuracy", "validation accuracy", "accuracy", VALIDATION, STEPS, false, true},
                  {"rotation", "accuracy by rotation", "accuracy", ROTATED, DEGREES, true, true},
                  {"size", "accuracy by size", "accuracy", SIZED, SHARE, true, true},
                  {"risk", "risk at coverage", "max prob", RISKS, COVERAGE, false, false},
                  {"difference", "difference by location", NULL, MAP, PLACE, false, false}};

/* A run in its place. */
typedef struct {
    char name[96], path[SX_PATH_SIZE], caption[160];
    sx_result *results[RESULTS]; /* as on disk; NULL: none */
    bool live;                   /* it was the job's run when that was looked at last */
} side;

/* What was made of results, and of which. */
typedef struct {
    sx_result *made, *masked;
    sx_result *from[SX_COMPARED];
    int count;
} derived;

typedef struct {
    sx_desk *desk;
    side sides[SX_COMPARED];
    derived derived[PLOTS];
    bool seen;
    int unread;        /* the first place whose run is still to be read, SX_COMPARED: none */
    char caption[512]; /* of exported figures */
    /* the view */
    int main, base, other;     /* the plot; places of the two maps, -1: the first and the second */
    bool mean, values;         /* mean and range instead of each run; numbers in cells */
    double cursor[KINDS_OF_X]; /* NaN: none */
    int row, column;           /* of the map; row < 0: none */
} compare_pane;

/* ---- the runs ---------------------------------------------------------------------------------
 */

static void forget(side *s) {
    for (int i = 0; i < RESULTS; i++) sx_result_release(s->results[i]);
    *s = (side){0};
}

static void load(side *s, const char *name) {
    sx_error err = {0};
    forget(s);
    sx_run_folder *run = sx_run_open(name, false, &err);
    if (!run) return;
    sx_text_set(s->name, sizeof s->name, name);
    sx_text_set(s->path, sizeof s->path, sx_run_path(run));
    sx_run_caption(run, s->caption, sizeof s->caption);
    for (int i = 0; i < RESULTS; i++) {
        sx_result_kind kind = i == MAP ? SX_RESULT_GRID : SX_RESULT_SERIES;
        s->results[i] = sx_run_load_result(run, result_names[i], NULL);
        if (s->results[i] && s->results[i]->kind != kind) {
            sx_result_release(s->results[i]);
            s->results[i] = NULL;
        }
    }
    sx_run_close(run);
}

static bool is_live(const compare_pane *pane, int place) {
    return strcmp(pane->sides[place].name, pane->desk->now->run) == 0;
}

static const sx_result *result_of(const compare_pane *pane, int place, int which) {
    if (!pane->sides[place].name[0]) return NULL;
    if (is_live(pane, place))
        return sx_part_result(pane->desk, result_names[which],
                              which == MAP ? SX_RESULT_GRID : SX_RESULT_SERIES);
    return pane->sides[place].results[which];
}

/* The result and the line of a plot; NULL if the run has none. */
static const sx_result *line_of(const compare_pane *pane, int place, int plot, int *line) {
    const sx_result *result = result_of(pane, place, plots[plot].result);
    *line = plot == DIFFERENCE ? 0 : sx_part_line(result, plots[plot].line);
    return *line < 0 || (result && plot != DIFFERENCE && result->series.length == 0) ? NULL
                                                                                     : result;
}

/* At least one of those that are unread, and more while there is time. */
static void read_runs(compare_pane *pane) {
    double began = sx_seconds();
    int read = 0;
    for (; pane->unread < SX_COMPARED; pane->unread++) {
        side *s = &pane->sides[pane->unread];
        char *wanted = pane->desk->compared[pane->unread];
        if (!wanted[0]) {
            forget(s);
            continue;
        }
        if (read++ > 0 && !sx_desk_has_time(pane->desk, began)) return;
        load(s, wanted);
        if (!s->name[0]) wanted[0] = 0; /* it is there no more */
    }
}

/* The place number `turn` of those that have a map, after `from`; -1: there is none. */
static int next_map(const compare_pane *pane, int from) {
    for (int i = 1; i <= SX_COMPARED; i++) {
        int place = (from + i + SX_COMPARED) % SX_COMPARED;
        if (result_of(pane, place, MAP)) return place;
    }
    return -1;
}

static void choose_pair(const compare_pane *pane, int *base, int *other) {
    *base = pane->base >= 0 && result_of(pane, pane->base, MAP) ? pane->base : next_map(pane, -1);
    *other = pane->other >= 0 && result_of(pane, pane->other, MAP) ? pane->other
             : *base >= 0                                          ? next_map(pane, *base)
                                                                   : -1;
}

/* ---- what is made of them ---------------------------------------------------------------------
 */

static void clear(derived *d) {
    sx_result_release(d->made);
    sx_result_release(d->masked);
    for (int i = 0; i < d->count; i++) sx_result_release(d->from[i]);
    *d = (derived){0};
}

/* True if it was made of other results; then it holds these and nothing made. */
static bool renew(derived *d, const sx_result *const *from, int count) {
    bool same = count == d->count;
    for (int i = 0; i < count && same; i++) same = from[i] == d->from[i];
    if (same) return false;
    clear(d);
    for (int i = 0; i < count; i++) d->from[i] = sx_result_keep(from[i]);
    d->count = count;
    return true;
}

static derived *difference_of(compare_pane *pane) {
    derived *d = &pane->derived[DIFFERENCE];
    int base, other;
    choose_pair(pane, &base, &other);
    if (base < 0 || other < 0 || base == other) {
        clear(d);
        return d;
    }
    const sx_result *from[2] = {result_of(pane, base, MAP), result_of(pane, other, MAP)};
    if (renew(d, from, 2)) {
        d->made = sx_difference_map(from[0], from[1]);
        d->masked = d->made ? sx_difference_masked(d->made) : NULL;
    }
    return d;
}

static const sx_result *mean_of(compare_pane *pane, int plot) {
    derived *d = &pane->derived[plot];
    const sx_result *from[SX_COMPARED];
    int lines[SX_COMPARED], count = 0;
    for (int i = 0; i < SX_COMPARED; i++)
        if ((from[count] = line_of(pane, i, plot, &lines[count]))) count++;
    if (renew(d, from, count)) d->made = sx_mean_of_lines(from, lines, count);
    return d->made;
}

/* ---- cursors ----------------------------------------------------------------------------------
 */

static int clamp(int value, int count) {
    if (value >= count) value = count - 1;
    return value < 0 ? 0 : value;
}

/* The first run that has a line in the plot: its points are where the cursor rests. */
static const sx_result *leader(const compare_pane *pane, int plot) {
    int line;
    for (int i = 0; i < SX_COMPARED; i++) {
        const sx_result *result = line_of(pane, i, plot, &line);
        if (result) return result;
    }
    return NULL;
}

static size_t nearest_point(const sx_result *series, double x) {
    size_t best = 0;
    for (size_t i = 1; i < series->series.length; i++)
        if (fabs(series->series.x[i] - x) < fabs(series->series.x[best] - x)) best = i;
    return best;
}

static void move_on_map(compare_pane *pane, int value) {
    const derived *d = difference_of(pane);
    if (!d->made) return;
    bool fresh = pane->row < 0;
    int dx = value == LEFT ? -1 : value == RIGHT, dy = value == UP ? -1 : value == DOWN;
    const sx_grid *grid = &d->made->grid;
    pane->row = clamp(fresh ? grid->rows / 2 : pane->row + dy, grid->rows);
    pane->column = clamp(fresh ? grid->columns / 2 : pane->column + dx, grid->columns);
}

static void run_move(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    (void)argument;
    if (pane->main == DIFFERENCE) {
        move_on_map(pane, value);
        return;
    }
    const sx_result *series = leader(pane, pane->main);
    if (!series) return;
    double *cursor = &pane->cursor[plots[pane->main].x];
    long last = (long)series->series.length - 1, stride = 1 + last / 100;
    long at = isnan(*cursor) ? last / 2 : (long)nearest_point(series, *cursor);
    if (!isnan(*cursor)) at += value == LEFT ? -stride : value == RIGHT ? stride : 0;
    *cursor = series->series.x[at < 0 ? 0 : at > last ? last : at];
}

/* ---- other commands ---------------------------------------------------------------------------
 */

static void run_plot(void *state, int value, const char *argument) {
    (void)argument;
    ((compare_pane *)state)->main = value;
}

static void run_turn(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    (void)argument;
    pane->main = (pane->main + value + PLOTS) % PLOTS;
}

/* Another base, or another map that it is taken from. */
static void run_pair(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    int base, other;
    (void)argument;
    choose_pair(pane, &base, &other);
    if (base < 0 || other < 0) {
        sx_desk_say(pane->desk, "a difference takes two runs with a map of locations");
        return;
    }
    int *place = value ? &pane->other : &pane->base, fixed = value ? base : other;
    pane->base = base;
    pane->other = other;
    *place = next_map(pane, *place);
    if (*place == fixed) *place = next_map(pane, *place);
    pane->main = DIFFERENCE;
}

static void run_mean(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    (void)value, (void)argument;
    pane->mean = !pane->mean;
    sx_desk_say(pane->desk, pane->mean ? "the mean of the runs with their range, for runs that "
                                         "differ in the seed"
                                       : "each run by itself");
}

static void run_values(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    (void)value, (void)argument;
    pane->values = !pane->values;
}

static const sx_command commands[] = {
    {"left", "Left h", "", NULL, "the cursor to the left", run_move, LEFT, NULL, NULL},
    {"right", "Right l", "", NULL, "the cursor to the right", run_move, RIGHT, NULL, NULL},
    {"up", "Up k", "", NULL, "the cursor up, on the map", run_move, UP, NULL, NULL},
    {"down", "Down j", "", NULL, "the cursor down, on the map", run_move, DOWN, NULL, NULL},
    {"next-plot", "]", "", "plots", "the next plot", run_turn, 1, NULL, NULL},
    {"plot-before", "[", "", "plots", "the plot before", run_turn, -1, NULL, NULL},
    {"by-location", "L", "", NULL, "the difference of two maps of locations", run_plot, DIFFERENCE,
     NULL, NULL},
    {"by-rotation", "R", "", NULL, "accuracy by the object's rotation", run_plot, ROTATION, NULL,
     NULL},
    {"by-size", "S", "", NULL, "accuracy by the object's size", run_plot, SIZE, NULL, NULL},
    {"by-step", "T", "", NULL, "validation accuracy by step", run_plot, ACCURACY, NULL, NULL},
    {"by-coverage", "K", "", NULL, "risk by coverage", run_plot, RISK, NULL, NULL},
    {"base", "b", "", NULL, "another run to take the difference from", run_pair, 0, NULL, NULL},
    {"other", "o", "", "other map", "another run whose difference is shown", run_pair, 1, NULL,
     NULL},
    {"mean", "B", "", "mean", "the mean of all runs and their range, or each by itself", run_mean,
     0, NULL, NULL},
    {"values", "v", "", NULL, "print the value in each cell, or not", run_values, 0, NULL, NULL},
    {0}};

/* ---- plots ------------------------------------------------------------------------------------
 */

static sx_axes axes_of(const compare_pane *pane, int plot) {
    sx_axes axes = sx_axes_default();
    axes.y_label = plots[plot].label;
    axes.cursor = pane->cursor[plots[plot].x];
    if (plots[plot].share) axes.y_low = 0, axes.y_high = 1;
    if (plot == RISK) axes.x_low = 0, axes.x_high = 1, axes.y_low = 0;
    return axes;
}

static int curves_of(compare_pane *pane, int plot, sx_curve *curves) {
    static const char *const labels[SX_COMPARED] = {"1", "2", "3", "4", "5", "6", "7", "8"};
    int count = 0, line;
    const sx_result *mean = pane->mean ? mean_of(pane, plot) : NULL;
    if (mean) {
        curves[0] = (sx_curve){.series = mean, .band = true};
        return 1;
    }
    for (int i = 0; i < SX_COMPARED; i++) {
        const sx_result *result = line_of(pane, i, plot, &line);
        if (result)
            curves[count++] = (sx_curve){.series = result,
                                         .line = line,
                                         .label = labels[i],
                                         .look = i % 6,
                                         .dashed = i >= 6,
                                         .marks = plots[plot].marks};
    }
    return count;
}

/* The largest difference that is shown, in steps that do not change with every measurement. */
static double range_of(const sx_grid *grid) {
    double most = 0;
    for (size_t i = 0; i < (size_t)grid->rows * (size_t)grid->columns; i++)
        if (isfinite(grid->values[i])) most = fmax(most, fabs(grid->values[i]));
    return most <= 0.1 ? 0.1 : most <= 0.25 ? 0.25 : most <= 0.5 ? 0.5 : 1;
}

static sx_heatmap heatmap_of(const compare_pane *pane, const derived *d) {
    double range = range_of(&d->made->grid);
    return (sx_heatmap){.low = -range,
                        .high = range,
                        .cursor_row = pane->row,
                        .cursor_column = pane->column,
                        .values = pane->values,
                        .diverging = true,
                        .unknown = "unsure"};
}

static void draw_difference(compare_pane *pane, sx_canvas *canvas, sx_box box) {
    const derived *d = difference_of(pane);
    int base, other;
    char text[96];
    choose_pair(pane, &base, &other);
    if (!d->masked) {
        const char *why = d->count == 2 ? "The two maps are of different places."
                                        : "The difference takes two runs with a map of locations.";
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), why);
        return;
    }
    snprintf(text, sizeof text, "accuracy of %d minus %d", other + 1, base + 1);
    sx_box title = sx_box_take_rows(&box, 1);
    sx_canvas_text(canvas, title, 0, 0, sx_style_of(SX_ROLE_TEXT), text);
    sx_heatmap options = heatmap_of(pane, d);
    sx_plot_heatmap(canvas, box, d->masked, &options);
}

static void draw_plot(compare_pane *pane, sx_canvas *canvas, sx_box box, int plot) {
    sx_curve curves[SX_COMPARED];
    if (plot == DIFFERENCE) {
        draw_difference(pane, canvas, box);
        return;
    }
    int count = curves_of(pane, plot, curves);
    sx_axes axes = axes_of(pane, plot);
    sx_plot_curves(canvas, box, curves, count, &axes);
}

/* ---- the table of runs ------------------------------------------------------------------------
 */

/* What a run says at the cursor, or at the end. */
static void tell_value(compare_pane *pane, int place, char *out, size_t size) {
    int line;
    const sx_result *result = line_of(pane, place, pane->main, &line);
    out[0] = 0;
    if (!result || pane->main == DIFFERENCE) return;
    const sx_line *y = &result->series.lines[line];
    double x = pane->cursor[plots[pane->main].x];
    size_t at = isnan(x) ? result->series.length - 1 : nearest_point(result, x);
    bool here = isnan(x) || fabs(result->series.x[at] - x) < 1e-9;
    double value = here ? y->y[at] : sx_line_at(result, line, x);
    sx_part_estimate(out, size, value, here && y->low ? y->low[at] : NAN,
                     here && y->high ? y->high[at] : NAN, here && y->count ? y->count[at] : NAN);
}

/* The difference under the cursor, whether it is clear or not. */
static void tell_difference(compare_pane *pane, char *out, size_t size) {
    const derived *d = difference_of(pane);
    char x[32], y[32], estimate[128];
    out[0] = 0;
    if (!d->made || pane->row < 0) return;
    const sx_grid *grid = &d->made->grid;
    if (pane->row >= grid->rows || pane->column >= grid->columns) return;
    size_t at = (size_t)pane->row * (size_t)grid->columns + (size_t)pane->column;
    sx_part_estimate(estimate, sizeof estimate, grid->values[at], grid->low[at], grid->high[at],
                     grid->count[at]);
    snprintf(out, size, "x %s y %s   %s%s",
             sx_number_shown(x, grid->column_values[pane->column], 2),
             sx_number_shown(y, grid->row_values[pane->row], 2), estimate,
             grid->low[at] <= 0 && grid->high[at] >= 0 ? "   the interval reaches 0" : "");
}

/* The first place whose run has the same bits in every result; -1: there is none before it. */
static int twin_of(const compare_pane *pane, int place) {
    for (int before = 0; before < place; before++) {
        bool same = pane->sides[before].name[0] != 0;
        for (int i = 0; i < RESULTS && same; i++) {
            const sx_result *a = result_of(pane, before, i), *b = result_of(pane, place, i);
            same = a && b ? sx_same_bits(a, b) : !a && !b && i != VALIDATION;
        }
        if (same) return before;
    }
    return -1;
}

static void draw_side(compare_pane *pane, sx_canvas *canvas, sx_box box, int y, int place) {
    char value[160], number[16];
    int base, other;
    const side *s = &pane->sides[place];
    choose_pair(pane, &base, &other);
    tell_value(pane, place, value, sizeof value);
    if (pane->main == DIFFERENCE)
        sx_text_set(value, sizeof value, place == base ? "base" : place == other ? "compared" : "");
    else if (!value[0])
        sx_text_set(value, sizeof value, "not measured");
    int twin = twin_of(pane, place);
    size_t used = strlen(value);
    if (twin >= 0)
        snprintf(value + used, sizeof value - used, "%sequals %d", used ? "   " : "", twin + 1);
    snprintf(number, sizeof number, "%d", place + 1);
    sx_style style = sx_style_of(SX_ROLE_SERIES1 + (sx_role)(place % 6));
    style.attributes |= SX_BOLD;
    sx_canvas_text(canvas, box, 0, y, style, number);
    int right = box.width >= 70 ? 34 : 28;
    sx_canvas_text(canvas, sx_box_inset(box, 2, 0, right, 0), 0, y, sx_style_of(SX_ROLE_TEXT),
                   s->caption[0] ? s->caption : s->name);
    sx_canvas_text(canvas, sx_box_inset(box, box.width - right + 1, 0, 0, 0), 0, y,
                   sx_style_of(SX_ROLE_TEXT), value);
}

/* "at step 1,200" above the values; returns the rows that were used. */
static void draw_table(compare_pane *pane, sx_canvas *canvas, sx_box box) {
    static const char *const names[KINDS_OF_X] = {"step", "rotation", "size", "coverage", ""};
    char text[192], x[32];
    int kind = plots[pane->main].x, y = 1;
    double at = pane->cursor[kind];
    if (pane->main == DIFFERENCE)
        tell_difference(pane, text, sizeof text);
    else if (isnan(at))
        snprintf(text, sizeof text, "the last points; arrows read others");
    else
        snprintf(text, sizeof text, "at %s %s", names[kind],
                 sx_number_shown(x, at, kind == STEPS || kind == DEGREES ? 0 : 2));
    if (!text[0]) snprintf(text, sizeof text, "arrows read a cell");
    sx_canvas_text(canvas, box, 0, 0, sx_style_of(SX_ROLE_DIM), text);
    for (int i = 0; i < SX_COMPARED && y < box.height; i++)
        if (pane->sides[i].name[0]) draw_side(pane, canvas, box, y++, i);
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    compare_pane *pane = state;
    (void)how;
    box = sx_box_inset(box, 1, 0, 1, 0);
    read_runs(pane);
    pane->desk->again |= pane->unread < SX_COMPARED;
    int rows = sx_desk_compared(pane->desk) + 1;
    if (rows > box.height / 2) rows = box.height / 2;
    sx_box table = sx_box_take_rows(&box, -rows);
    if (box.width >= 100) {
        sx_box right = sx_box_take_columns(&box, -(box.width * 2 / 5));
        right = sx_box_inset(right, 2, 0, 0, 0);
        sx_box upper = sx_box_take_rows(&right, right.height / 2);
        draw_plot(pane, canvas, upper, (pane->main + 1) % PLOTS);
        draw_plot(pane, canvas, right, (pane->main + 2) % PLOTS);
    }
    draw_plot(pane, canvas, box, pane->main);
    draw_table(pane, canvas, table);
}

/* ---- export -----------------------------------------------------------------------------------
 */

/* The runs as one line: "1 0012-fashion-cnn · seed 0 · ... | 2 ...". */
static void caption_of(const compare_pane *pane, char *out, size_t size) {
    size_t used = 0;
    out[0] = 0;
    for (int i = 0; i < SX_COMPARED && used < size; i++)
        if (pane->sides[i].name[0])
            used += (size_t)snprintf(out + used, size - used, "%s%d %s", used ? " | " : "", i + 1,
                                     pane->sides[i].name);
}

static bool figure(void *state, int row, char *name, size_t size, sx_figure *out) {
    compare_pane *pane = state;
    if (row >= PLOTS) return false;
    snprintf(name, size, "compare-%s", plots[row].name);
    caption_of(pane, pane->caption, sizeof pane->caption);
    *out = (sx_figure){.caption = pane->caption};
    if (row == DIFFERENCE) {
        const derived *d = difference_of(pane);
        out->as_map = true;
        out->result = d->masked;
        if (!d->masked) return true;
        out->map = heatmap_of(pane, d);
        out->map.cursor_row = out->map.cursor_column = -1;
        out->map.values = true;
        return true;
    }
    out->curve_count = curves_of(pane, row, out->curves);
    out->axes = axes_of(pane, row);
    out->axes.cursor = NAN;
    if (out->curve_count > 0) out->result = out->curves[0].series;
    return true;
}

static void add_number(sx_text *out, double value) {
    if (isnan(value))
        sx_text_add(out, ",");
    else
        sx_text_add(out, ",%.9g", value);
}

/* The runs of a plot one below the other: run, x, value, low, high, count. */
static bool numbers(void *state, int row, char *name, size_t size, sx_text *out) {
    compare_pane *pane = state;
    int line;
    if (row >= PLOTS) return false;
    snprintf(name, size, "compare-%s", plots[row].name);
    if (row == DIFFERENCE) {
        const derived *d = difference_of(pane);
        if (d->made) sx_result_csv(d->made, out);
        return true;
    }
    for (int i = 0; i < SX_COMPARED; i++) {
        const sx_result *result = line_of(pane, i, row, &line);
        if (!result) continue;
        if (!out->size) sx_text_add(out, "run,x,value,low,high,count\n");
        const sx_line *y = &result->series.lines[line];
        for (size_t k = 0; k < result->series.length; k++) {
            sx_text_add(out, "%s", pane->sides[i].name);
            add_number(out, result->series.x[k]);
            add_number(out, y->y[k]);
            add_number(out, y->low ? y->low[k] : NAN);
            add_number(out, y->high ? y->high[k] : NAN);
            add_number(out, y->count ? y->count[k] : NAN);
            sx_text_add(out, "\n");
        }
    }
    return true;
}

/* The folder of the first run that is compared. */
static const char *folder(void *state) {
    const compare_pane *pane = state;
    for (int i = 0; i < SX_COMPARED; i++)
        if (pane->sides[i].name[0]) return pane->sides[i].path;
    return "";
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void heading(const void *state, sx_heading *out) {
    const compare_pane *pane = state;
    int count = sx_desk_compared(pane->desk);
    sx_heading_add(out, 0, "", "Compare");
    sx_heading_add(out, 1, "", " · %d %s", count, count == 1 ? "run" : "runs");
    sx_heading_add(out, 2, "", " · %s", plots[pane->main].label);
}

static void seen(void *state, bool seen) {
    compare_pane *pane = state;
    pane->seen = seen;
    if (!seen) return;
    for (int i = 0; i < SX_COMPARED; i++) /* another run in its place is not to be seen meanwhile */
        if (strcmp(pane->sides[i].name, pane->desk->compared[i]) != 0) forget(&pane->sides[i]);
    pane->unread = 0;
    read_runs(pane);
}

/* The run that was computed here may have become another one. */
static void update(void *state) {
    compare_pane *pane = state;
    for (int i = 0; pane->seen && i < SX_COMPARED; i++) {
        bool was = pane->sides[i].live, is = pane->sides[i].name[0] && is_live(pane, i);
        if (was && !is) load(&pane->sides[i], pane->desk->compared[i]);
        pane->sides[i].live = is;
    }
}

static void *open_pane(sx_desk *desk) {
    compare_pane *pane = sx_alloc(1, sizeof *pane);
    if (!pane) return NULL;
    *pane = (compare_pane){
        .desk = desk, .main = ACCURACY, .base = -1, .other = -1, .row = -1, .unread = SX_COMPARED};
    for (int i = 0; i < KINDS_OF_X; i++) pane->cursor[i] = NAN;
    return pane;
}

static void close_pane(void *state) {
    compare_pane *pane = state;
    for (int i = 0; i < SX_COMPARED; i++) forget(&pane->sides[i]);
    for (int i = 0; i < PLOTS; i++) clear(&pane->derived[i]);
    sx_free(pane);
}

static json_t *state_of(const void *state) {
    const compare_pane *pane = state;
    int base, other;
    choose_pair(pane, &base, &other);
    return json_pack("{s:s, s:i, s:i, s:i, s:b, s:i, s:i}", "plot", plots[pane->main].name, "runs",
                     sx_desk_compared(pane->desk), "base", base + 1, "other", other + 1, "mean",
                     pane->mean, "row", pane->row, "column", pane->column);
}

static const char *const results[] = {NULL};

const sx_pane sx_pane_compare = {
    .name = "compare",
    .title = "Compare",
    .tab = "Comp",
    .help = "the runs that are marked, side by side",
    .explains = "Up to eight runs on the same axes, each with the number and the colour of its "
                "place. The map shows where the second is more often right than the first (orange) "
                "or less often (blue); where the 95 % interval of the difference reaches 0 nothing "
                "is claimed and nothing is coloured. Runs of the same seed were measured on the "
                "same pictures, which makes these intervals too wide rather than too narrow.",
    .tries = "Try: ] goes through the plots; the arrows read all runs at once; o and b choose the "
             "two maps; B shows mean and range, for runs that differ in the seed.",
    .commands = commands,
    .results = results,
    .open = open_pane,
    .close = close_pane,
    .update = update,
    .seen = seen,
    .heading = heading,
    .view = SX_VIEW_SPAN(compare_pane, main, values),
    .draw = draw,
    .figure = figure,
    .numbers = numbers,
    .folder = folder,
    .state = state_of};
