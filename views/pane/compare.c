/* Compare: two to eight runs or checkpoints on the same axes, each in the colour of its place, and
 * the difference of two location maps. One cursor for each kind of x reads all of them at once, in
 * every plot that has it; what is seen of that x is likewise the same in all these plots. */
#include "views/pane/difference.h"
#include "views/pane/lens.h"
#include "views/pane/sides.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Kinds of x; the first three are the same points over another axis (SX_BY_STEP ...). */
enum { STEPS, EPOCHS, SECONDS, DEGREES, SHARE, COVERAGE, PLACE, KINDS_OF_X };
enum { LOSS, VALIDATION_LOSS, ACCURACY, ROTATION, SIZE, RISK, DIFFERENCE, PLOTS };
static const struct {
    const char *name, *label, *line; /* as a file, as a title, in the result */
    sx_side_result result;
    int x;
    bool marks, share; /* few points with intervals; y from 0 to 1 */
} plots[PLOTS] = {
    {"loss", "training loss", "loss", SX_SIDE_TRAINING, STEPS, false, false},
    {"validation-loss", "validation loss", "loss", SX_SIDE_VALIDATION, STEPS, false, false},
    {"accuracy", "validation accuracy", "accuracy", SX_SIDE_VALIDATION, STEPS, false, true},
    {"rotation", "accuracy by rotation", "accuracy", SX_SIDE_ROTATION, DEGREES, true, true},
    {"size", "accuracy by size", "accuracy", SX_SIDE_SIZE, SHARE, true, true},
    {"risk", "risk at coverage", "max prob", SX_SIDE_RISK, COVERAGE, false, false},
    {"difference", "difference by location", NULL, SX_SIDE_MAP, PLACE, false, false}};

typedef struct {
    sx_desk *desk;
    sx_sides sides;
    sx_made made[PLOTS]; /* the mean of each plot's curves, and the difference of maps */
    bool seen;
    char caption[512]; /* of exported figures */
    sx_mouse mouse;
    /* the view */
    int main, base, other;          /* the plot; places of the two maps, -1: the first and second */
    int axis, smoothing;            /* of the curves over steps */
    bool mean, values, logarithmic; /* mean and range instead of each run; numbers in cells; loss */
    sx_ends x[PLACE], y[DIFFERENCE]; /* what is seen, of each kind of x and of each plot's values */
    double cursor[KINDS_OF_X];       /* NaN: none */
    int row, column;                 /* of the map; row < 0: none */
} compare_pane;

static int kind_of_x(const compare_pane *pane, int plot) {
    return plots[plot].x == STEPS ? STEPS + pane->axis : plots[plot].x;
}

/* The result and the line of a plot; NULL if the run has none. */
static const sx_result *line_of(compare_pane *pane, int place, int plot, int *line) {
    sx_side_result which = plots[plot].result;
    const sx_result *result = plots[plot].x == STEPS
                                  ? sx_sides_over(&pane->sides, place, which, pane->axis)
                                  : sx_sides_result(&pane->sides, place, which);
    *line = plot == DIFFERENCE ? 0 : sx_part_line(result, plots[plot].line);
    return *line < 0 || (result && plot != DIFFERENCE && result->series.length == 0) ? NULL
                                                                                     : result;
}

static bool has_map(const compare_pane *pane, int place) {
    return place >= 0 && sx_sides_result(&pane->sides, place, SX_SIDE_MAP);
}

static void choose_pair(const compare_pane *pane, int *base, int *other) {
    *base = has_map(pane, pane->base) ? pane->base : sx_sides_next_map(&pane->sides, -1);
    *other = has_map(pane, pane->other) ? pane->other
             : *base >= 0               ? sx_sides_next_map(&pane->sides, *base)
                                        : -1;
}

/* ---- what is made of them ---------------------------------------------------------------------
 */

static sx_made *difference_of(compare_pane *pane) {
    sx_made *d = &pane->made[DIFFERENCE];
    int base, other;
    choose_pair(pane, &base, &other);
    if (base < 0 || other < 0 || base == other) {
        sx_made_clear(d);
        return d;
    }
    const sx_result *from[2] = {sx_sides_result(&pane->sides, base, SX_SIDE_MAP),
                                sx_sides_result(&pane->sides, other, SX_SIDE_MAP)};
    if (sx_made_renew(d, from, 2, 0)) {
        d->made = sx_difference_map(from[0], from[1]);
        d->masked = d->made ? sx_difference_masked(d->made) : NULL;
    }
    return d;
}

static const sx_result *mean_of(compare_pane *pane, int plot) {
    sx_made *d = &pane->made[plot];
    const sx_result *from[SX_COMPARED];
    int lines[SX_COMPARED], count = 0;
    for (int i = 0; i < SX_COMPARED; i++)
        if ((from[count] = line_of(pane, i, plot, &lines[count]))) count++;
    if (sx_made_renew(d, from, count, 0)) d->made = sx_mean_of_lines(from, lines, count);
    return d->made;
}

/* ---- cursors and what is seen -----------------------------------------------------------------
 */

static int clamp(int value, int count) {
    if (value >= count) value = count - 1;
    return value < 0 ? 0 : value;
}

/* The first run that has a line in the plot: its points are where the cursor rests. */
static const sx_result *leader(compare_pane *pane, int plot) {
    int line;
    for (int i = 0; i < SX_COMPARED; i++) {
        const sx_result *result = line_of(pane, i, plot, &line);
        if (result) return result;
    }
    return NULL;
}

static void move_on_map(compare_pane *pane, int value) {
    const sx_made *d = difference_of(pane);
    if (!d->made) return;
    bool fresh = pane->row < 0;
    int dx = value == LEFT ? -1 : value == RIGHT, dy = value == UP ? -1 : value == DOWN;
    const sx_grid *grid = &d->made->grid;
    pane->row = clamp(fresh ? grid->rows / 2 : pane->row + dy, grid->rows);
    pane->column = clamp(fresh ? grid->columns / 2 : pane->column + dx, grid->columns);
}

/* Of all curves in a plot: from the first point of any to the last. */
static sx_lens lens_of(compare_pane *pane, int plot) {
    int kind = kind_of_x(pane, plot), line;
    sx_lens lens =
        sx_lens_of(leader(pane, plot), &pane->x[kind], &pane->y[plot], pane->cursor[kind]);
    for (int i = 0; i < SX_COMPARED && lens.low < lens.high; i++) {
        const sx_result *result = line_of(pane, i, plot, &line);
        if (!result) continue;
        lens.low = fmin(lens.low, result->series.x[0]);
        lens.high = fmax(lens.high, result->series.x[result->series.length - 1]);
    }
    lens.whole = kind == STEPS;
    return lens;
}

static void run_lens(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    if (pane->main == DIFFERENCE) {
        sx_desk_say(pane->desk, "a map is always seen whole; ] goes on to curves");
        return;
    }
    sx_lens lens = lens_of(pane, pane->main);
    sx_lens_run(&lens, pane->desk, value, argument);
}

/* Points of the first run; so many at a press that what is seen is crossed in a hundred. */
static void move_on_curve(compare_pane *pane, int value) {
    const sx_result *series = leader(pane, pane->main);
    double *cursor = &pane->cursor[kind_of_x(pane, pane->main)];
    sx_lens lens = lens_of(pane, pane->main);
    if (value == UP || value == DOWN) {
        sx_lens_run(&lens, pane->desk, value == UP ? SX_LENS_LEFT : SX_LENS_RIGHT, "");
        return;
    }
    if (!series) return;
    sx_ends seen = sx_lens_seen(lens.x, lens.low, lens.high);
    double all = lens.high - lens.low;
    double share = all > 0 ? fmin((seen.high - seen.low) / all, 1) : 1;
    long last = (long)series->series.length - 1, stride = 1 + (long)((double)last / 100 * share);
    long at = isnan(*cursor) ? last / 2 : (long)sx_nearest_point(series, *cursor);
    if (!isnan(*cursor)) at += value == LEFT ? -stride : value == RIGHT ? stride : 0;
    *cursor = series->series.x[at < 0 ? 0 : at > last ? last : at];
    sx_lens_keep(&lens, *cursor);
}

static void run_move(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    (void)argument;
    (pane->main == DIFFERENCE ? move_on_map : move_on_curve)(pane, value);
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
    *place = sx_sides_next_map(&pane->sides, *place);
    if (*place == fixed) *place = sx_sides_next_map(&pane->sides, *place);
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

/* The first clock that is known. */
static const sx_result *any_clock(compare_pane *pane) {
    const sx_result *clock = NULL;
    for (int i = 0; i < SX_COMPARED && !clock; i++) clock = sx_sides_clock(&pane->sides, i);
    return clock;
}

static void run_axis(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    (void)value;
    sx_x_axis_turn(pane->desk, &pane->axis, any_clock(pane), argument);
}

static void run_smooth(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    (void)value;
    sx_smoothing_turn(pane->desk, &pane->smoothing, argument);
}

static void run_logarithmic(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    (void)value, (void)argument;
    sx_logarithmic_turn(pane->desk, &pane->logarithmic, "loss and risk");
}

/* The page Robustness, where Enter shows a cell's pictures, has the run that is open: that must be
 * one of the two. */
static void run_cell(void *state, int value, const char *argument) {
    compare_pane *pane = state;
    const sx_made *d = difference_of(pane);
    sx_desk *desk = pane->desk;
    const sx_grid *grid = d->made ? &d->made->grid : NULL;
    int base, other;
    (void)value, (void)argument;
    choose_pair(pane, &base, &other);
    if (!grid || pane->row < 0 || pane->row >= grid->rows || pane->column >= grid->columns) {
        sx_desk_say(desk, "no cell of the map is read; L and the arrows choose one");
        return;
    }
    const char *open = desk->now->data ? desk->now->run : "";
    if (!open[0] || (strcmp(pane->sides.sides[base].name, open) != 0 &&
                     strcmp(pane->sides.sides[other].name, open) != 0)) {
        sx_desk_say(desk, "pictures are those of the run that is open: open one of the two (8)");
        return;
    }
    desk->scene.pose = (sx_pose){desk->now->location_area, 0, grid->column_values[pane->column],
                                 grid->row_values[pane->row]};
    desk->wants_cell = true;
}

static bool on_curves(void *state) {
    return ((compare_pane *)state)->main != DIFFERENCE;
}

static bool has_cell(void *state) {
    const compare_pane *pane = state;
    return pane->main == DIFFERENCE && pane->row >= 0;
}

static const sx_command commands[] = {
    {"left", "Left h", "", NULL, "the cursor to the left", run_move, LEFT, NULL, NULL},
    {"right", "Right l", "", NULL, "the cursor to the right", run_move, RIGHT, NULL, NULL},
    {"up", "Up k", "", NULL, "the cursor up; of curves: to the left", run_move, UP, NULL, NULL},
    {"down", "Down j", "", NULL, "the cursor down; of curves: to the right", run_move, DOWN, NULL,
     NULL},
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
     0, NULL, on_curves},
    {"values", "v", "", NULL, "print the value in each cell, or not", run_values, 0, NULL, NULL},
    {"cell-pictures", "G", "", "cell",
     "the cell on the page Robustness, where Enter shows its pictures", run_cell, 0, NULL,
     has_cell},
    {"over", "t", "[AXIS]", NULL, "loss and accuracy over step, epoch or time", run_axis, 0,
     sx_x_axis_choice, NULL},
    {"logarithmic", "*", "", NULL, "loss and risk on a logarithmic axis, or a linear one",
     run_logarithmic, 0, NULL, NULL},
    {"smooth", "w", "[PERCENT]", NULL, "means over 1, 3 or 10 % of the points beside the raw lines",
     run_smooth, 0, sx_smoothing_choice, NULL},
    SX_LENS_COMMANDS(run_lens, "<", ">", "Y"),
    {0}};

/* ---- plots ------------------------------------------------------------------------------------
 */

static sx_axes axes_of(const compare_pane *pane, int plot) {
    sx_axes axes = sx_axes_default();
    int kind = kind_of_x(pane, plot);
    axes.y_label = plots[plot].label;
    axes.cursor = pane->cursor[kind];
    axes.y_log = pane->logarithmic && !plots[plot].share;
    if (plots[plot].share) axes.y_low = 0, axes.y_high = 1;
    if (plot == RISK) axes.x_low = 0, axes.x_high = 1, axes.y_low = 0;
    sx_lens_axes(&pane->x[kind], &pane->y[plot], &axes);
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
            curves[count++] = (sx_curve){
                .series = result,
                .line = line,
                .label = labels[i],
                .look = i % 6,
                .dashed = i >= 6,
                .marks = plots[plot].marks,
                .smooth = plot == LOSS ? sx_smoothing_reach(pane->smoothing, result) : 0};
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

static sx_heatmap heatmap_of(const compare_pane *pane, const sx_made *d) {
    double range = range_of(&d->made->grid);
    return (sx_heatmap){.low = -range,
                        .high = range,
                        .cursor_row = pane->row,
                        .cursor_column = pane->column,
                        .values = pane->values,
                        .diverging = true,
                        .unknown = "unsure"};
}

/* The last map of a study is measured on other objects than those before, as its title says. */
static bool is_of_test(const sx_result *map) {
    return map->title && strstr(map->title, "test objects");
}

static void draw_difference(compare_pane *pane, sx_canvas *canvas, sx_box box) {
    const sx_made *d = difference_of(pane);
    int base, other;
    char text[96];
    choose_pair(pane, &base, &other);
    if (!d->masked) {
        const char *why = d->count == 2 ? "The two maps are of different places."
                                        : "The difference takes two runs with a map of locations.";
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), why);
        return;
    }
    snprintf(text, sizeof text, "accuracy of %d minus %d%s", other + 1, base + 1,
             is_of_test(d->from[0]) == is_of_test(d->from[1])
                 ? ""
                 : ", one on test, one on validation objects");
    sx_box title = sx_box_take_rows(&box, 1);
    pane->mouse.boxes[DIFFERENCE] = box;
    sx_canvas_text(canvas, title, 0, 0, sx_style_of(SX_ROLE_TEXT), text);
    sx_heatmap options = heatmap_of(pane, d);
    sx_plot_heatmap(canvas, box, d->masked, &options);
}

static void draw_plot(compare_pane *pane, sx_canvas *canvas, sx_box box, int plot) {
    sx_curve curves[SX_COMPARED];
    pane->mouse.boxes[plot] = box;
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
    double x = pane->cursor[kind_of_x(pane, pane->main)];
    size_t at = isnan(x) ? result->series.length - 1 : sx_nearest_point(result, x);
    bool here = isnan(x) || fabs(result->series.x[at] - x) < 1e-9;
    double value = here ? y->y[at] : sx_line_at(result, line, x);
    sx_part_estimate(out, size, value, here && y->low ? y->low[at] : NAN,
                     here && y->high ? y->high[at] : NAN, here && y->count ? y->count[at] : NAN);
}

/* The difference under the cursor, whether it is clear or not. */
static void tell_difference(compare_pane *pane, char *out, size_t size) {
    const sx_made *d = difference_of(pane);
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

static void draw_side(compare_pane *pane, sx_canvas *canvas, sx_box box, int y, int place) {
    char value[160], number[16];
    int base, other;
    const sx_side *s = &pane->sides.sides[place];
    choose_pair(pane, &base, &other);
    tell_value(pane, place, value, sizeof value);
    if (pane->main == DIFFERENCE)
        sx_text_set(value, sizeof value, place == base ? "base" : place == other ? "compared" : "");
    else if (!value[0])
        sx_text_set(value, sizeof value,
                    plots[pane->main].x == STEPS && pane->axis ? "no times" : "not measured");
    int twin = sx_sides_twin(&pane->sides, place);
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
    static const struct {
        const char *before, *after;
        int decimals;
    } names[KINDS_OF_X] = {{"step", "", 0}, {"epoch", "", 2},    {"", " s", 1}, {"rotation", "", 0},
                           {"size", "", 2}, {"coverage", "", 2}, {"", "", 0}};
    char text[192], x[32];
    int kind = kind_of_x(pane, pane->main), y = 1;
    double at = pane->cursor[kind];
    if (pane->main == DIFFERENCE)
        tell_difference(pane, text, sizeof text);
    else if (isnan(at))
        snprintf(text, sizeof text, "the last points; arrows read others");
    else
        snprintf(text, sizeof text, "at %s%s%s%s", names[kind].before,
                 names[kind].before[0] ? " " : "", sx_number_shown(x, at, names[kind].decimals),
                 names[kind].after);
    if (!text[0]) snprintf(text, sizeof text, "arrows read a cell");
    sx_canvas_text(canvas, box, 0, 0, sx_style_of(SX_ROLE_DIM), text);
    for (int i = 0; i < SX_COMPARED && y < box.height; i++)
        if (pane->sides.sides[i].name[0]) draw_side(pane, canvas, box, y++, i);
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    compare_pane *pane = state;
    (void)how;
    sx_mouse_clear(&pane->mouse, canvas->look);
    box = sx_box_inset(box, 1, 0, 1, 0);
    pane->desk->again |= sx_sides_read(&pane->sides);
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

/* ---- the mouse --------------------------------------------------------------------------------
 */

/* The cell under the mouse; the cursor's again: what G does. */
static void click_cell(compare_pane *pane, int x, int y) {
    const sx_made *d = difference_of(pane);
    if (!d->masked) return;
    sx_grid_place at =
        sx_plot_cell_at(pane->mouse.look, pane->mouse.boxes[DIFFERENCE], d->masked, x, y);
    if (at.row < 0) return;
    bool again = at.row == pane->row && at.column == pane->column;
    pane->row = at.row;
    pane->column = at.column;
    if (again) run_cell(pane, 0, "");
}

static double x_under(compare_pane *pane, int plot, int column) {
    sx_box box = pane->mouse.boxes[plot];
    sx_curve curves[SX_COMPARED];
    int count = curves_of(pane, plot, curves);
    sx_axes axes = axes_of(pane, plot);
    return sx_plot_x_at(pane->mouse.look, box, curves, count, &axes, column - box.x);
}

/* A click reads every plot with that x; from there dragged, what lies between is seen. */
static void mouse(void *state, const char *what, int x, int y) {
    compare_pane *pane = state;
    sx_stroke stroke = sx_mouse_take(&pane->mouse, what, x, y);
    if (stroke.plot < 0) return;
    if (stroke.plot == DIFFERENCE) {
        if (!stroke.drag) click_cell(pane, x, y);
        return;
    }
    double from = x_under(pane, stroke.plot, stroke.from);
    const sx_result *series = leader(pane, stroke.plot);
    sx_lens lens = lens_of(pane, stroke.plot);
    if (stroke.drag)
        sx_lens_between(&lens, from, x_under(pane, stroke.plot, stroke.to));
    else if (series && !isnan(from))
        pane->cursor[kind_of_x(pane, stroke.plot)] =
            series->series.x[sx_nearest_point(series, from)];
}

/* ---- export -----------------------------------------------------------------------------------
 */

/* The runs as one line: "1 0012-fashion-cnn · seed 0 · ... | 2 ...". */
static void caption_of(const compare_pane *pane, char *out, size_t size) {
    size_t used = 0;
    out[0] = 0;
    for (int i = 0; i < SX_COMPARED && used < size; i++)
        if (pane->sides.sides[i].name[0])
            used += (size_t)snprintf(out + used, size - used, "%s%d %s", used ? " | " : "", i + 1,
                                     pane->sides.sides[i].label);
}

static bool figure(void *state, int row, char *name, size_t size, sx_figure *out) {
    compare_pane *pane = state;
    if (row >= PLOTS) return false;
    snprintf(name, size, "compare-%s", plots[row].name);
    caption_of(pane, pane->caption, sizeof pane->caption);
    *out = (sx_figure){.caption = pane->caption};
    if (row == DIFFERENCE) {
        const sx_made *d = difference_of(pane);
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

/* The runs of a plot one below the other: run, x (always the step), value, low, high, count. */
static bool numbers(void *state, int row, char *name, size_t size, sx_text *out) {
    compare_pane *pane = state;
    int line;
    if (row >= PLOTS) return false;
    snprintf(name, size, "compare-%s", plots[row].name);
    if (row == DIFFERENCE) {
        const sx_made *d = difference_of(pane);
        if (d->made) sx_result_csv(d->made, out);
        return true;
    }
    for (int i = 0; i < SX_COMPARED; i++) {
        const sx_result *result = sx_sides_result(&pane->sides, i, plots[row].result);
        if ((line = sx_part_line(result, plots[row].line)) < 0) continue;
        if (!out->size) sx_text_add(out, "run,x,value,low,high,count\n");
        const sx_line *y = &result->series.lines[line];
        for (size_t k = 0; k < result->series.length; k++) {
            sx_text_add(out, "%s", pane->sides.sides[i].label);
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
        if (pane->sides.sides[i].name[0]) return pane->sides.sides[i].path;
    return "";
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void heading(const void *state, sx_heading *out) {
    const compare_pane *pane = state;
    int checkpoints = 0, count = sx_desk_compared(pane->desk);
    for (int i = 0; i < SX_COMPARED; i++)
        checkpoints += pane->desk->compared[i].run[0] && pane->desk->compared[i].version;
    sx_heading_add(out, 0, "", "Compare");
    sx_heading_add(out, 1, "", " · %d %s", count,
                   checkpoints > 0 ? "runs and checkpoints"
                   : count == 1    ? "run"
                                   : "runs");
    sx_heading_add(out, 2, "", " · %s", plots[pane->main].label);
}

static void seen(void *state, bool seen) {
    compare_pane *pane = state;
    pane->seen = seen;
    if (!seen) return;
    sx_sides_open(&pane->sides);
    sx_sides_read(&pane->sides);
}

static void update(void *state) {
    compare_pane *pane = state;
    if (pane->seen) sx_sides_update(&pane->sides);
}

static void *open_pane(sx_desk *desk) {
    compare_pane *pane = sx_alloc(1, sizeof *pane);
    if (!pane) return NULL;
    *pane = (compare_pane){.desk = desk,
                           .sides = {.desk = desk, .unread = SX_COMPARED},
                           .main = ACCURACY,
                           .base = -1,
                           .other = -1,
                           .row = -1,
                           .mouse = {.plot = -1}};
    for (int i = 0; i < KINDS_OF_X; i++) pane->cursor[i] = NAN;
    for (int i = 0; i < PLACE; i++) pane->x[i] = sx_ends_free;
    for (int i = 0; i < DIFFERENCE; i++) pane->y[i] = sx_ends_free;
    return pane;
}

static void close_pane(void *state) {
    compare_pane *pane = state;
    sx_sides_free(&pane->sides);
    for (int i = 0; i < PLOTS; i++) sx_made_clear(&pane->made[i]);
    sx_free(pane);
}

static json_t *state_of(const void *state) {
    const compare_pane *pane = state;
    int base, other;
    choose_pair(pane, &base, &other);
    int kind = kind_of_x(pane, pane->main);
    sx_ends seen = kind < PLACE ? pane->x[kind] : sx_ends_free;
    return json_pack("{s:s, s:i, s:i, s:i, s:b, s:i, s:i, s:s, s:o, s:o, s:o}", "plot",
                     plots[pane->main].name, "runs", sx_desk_compared(pane->desk), "base", base + 1,
                     "other", other + 1, "mean", pane->mean, "row", pane->row, "column",
                     pane->column, "axis", sx_x_axes[pane->axis].name, "low",
                     sx_json_number(seen.low), "high", sx_json_number(seen.high), "cursor",
                     sx_json_number(pane->cursor[kind]));
}

static const char *const results[] = {NULL};

const sx_pane sx_pane_compare = {
    .name = "compare",
    .title = "Compare",
    .tab = "Comp",
    .help = "the runs that are marked, side by side",
    .explains = "Up to eight runs or checkpoints on the same axes, each with the number and the "
                "colour of its "
                "place. The map shows where the second is more often right than the first (orange) "
                "or less often (blue); where the 95 % interval of the difference reaches 0 nothing "
                "is claimed and nothing is coloured. Runs of the same seed were measured on the "
                "same pictures, which makes these intervals too wide rather than too narrow.",
    .tries = "Try: ] goes through the plots; the arrows read all runs at once; z comes closer, t: "
             "over time; o and b choose the two maps; B shows mean and range, for runs that differ "
             "in the seed.",
    .commands = commands,
    .results = results,
    .open = open_pane,
    .close = close_pane,
    .update = update,
    .seen = seen,
    .heading = heading,
    .view = SX_VIEW_SPAN(compare_pane, main, y),
    .draw = draw,
    .mouse = mouse,
    .figure = figure,
    .numbers = numbers,
    .folder = folder,
    .state = state_of};
