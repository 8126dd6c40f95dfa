/* Robustness: accuracy when the object is moved, turned and resized (SI-Score, arXiv 2104.04191).
 * One plot is the main one; a cursor reads its cells or points with interval and count, and the
 * mouse those of any plot. What is seen of the curves stays as chosen. */
#include "views/pane/difference.h"
#include "views/pane/drop.h"
#include "views/pane/lens.h"
#include "views/pane/maps.h"
#include "views/pane/sheet.h"

#include "core/metric/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef enum { LOCATION, ROTATION, SIZE, PLOTS } plot;
static const char *const plot_names[PLOTS] = {"location", "rotation", "size"};

/* What is measured; risk and coverage among what is kept at a threshold that was chosen on
 * validation images: whether it knows when it cannot see. */
typedef enum { ACCURACY, RISK, COVERAGE, MEASURES } measure;
static const char *const measure_names[MEASURES] = {"accuracy", "risk", "coverage"};

typedef struct {
    sx_desk *desk;
    plot main;
    measure measure;
    int method; /* of risk and coverage, from 0 */
    int map;    /* of accuracy: see map_choice */
    bool values;
    sx_ends x[PLOTS], y[PLOTS];    /* what is seen of the curves */
    plot read;                     /* whose cursor is told: the main plot or where a click was */
    int row, column, point[PLOTS]; /* cursors; row < 0: not set yet */
    sx_mouse mouse;
    sx_sheet_view sheet; /* the pictures behind the point under the cursor ... */
    plot opened;         /* ... of this plot */
} robustness_pane;

/* Whether pictures were measured that somebody else composed. */
static bool is_of_a_set(const robustness_pane *pane) {
    const sx_study_data *data = pane->desk->now->data;
    return data && sx_source_describe(data->source)->test_only;
}

/* The curve that the cursor reads: of several networks the first one's. */
static int line_of(const sx_result *result) {
    int line = sx_part_line(result, "accuracy");
    return line < 0 ? 0 : line;
}

/* The network whose curve that is, where there are several; else "". */
static const char *whose(const sx_result *curves) {
    bool several = curves->series.line_count > 1 && sx_part_line(curves, "accuracy") < 0;
    return several ? curves->series.lines[0].name : "";
}

/* "location", "risk-location-2" */
static void name_of(measure of, int method, plot which, char out[48]) {
    char number[16] = "";
    if (of != ACCURACY && method > 0) snprintf(number, sizeof number, "-%d", method + 1);
    snprintf(out, 48, "%s%s%s%s", of == ACCURACY ? "" : measure_names[of],
             of == ACCURACY ? "" : "-", plot_names[which], number);
}

static sx_map_view map_of(const robustness_pane *pane) {
    return sx_map_of(pane->desk, pane->map);
}

static const sx_result *result_of(const robustness_pane *pane, plot which) {
    sx_result_kind kind = which == LOCATION ? SX_RESULT_GRID : SX_RESULT_SERIES;
    char name[48];
    name_of(pane->measure, pane->method, which, name);
    if (which == LOCATION && pane->measure == ACCURACY)
        sx_text_set(name, sizeof name, map_of(pane).name);
    const sx_result *result = sx_part_result(pane->desk, name, kind);
    if (result && which != LOCATION && result->series.line_count < 1) return NULL;
    return result;
}

/* ---- cursor -----------------------------------------------------------------------------------
 */

static int clamp(int value, int count) {
    if (value >= count) value = count - 1;
    return value < 0 ? 0 : value;
}

static double cursor_x(const robustness_pane *pane, plot which) {
    const sx_result *result = result_of(pane, which);
    int at = pane->point[which];
    return result && at >= 0 && at < (int)result->series.length ? result->series.x[at] : NAN;
}

static sx_lens lens_of(robustness_pane *pane, plot which) {
    return sx_lens_of(result_of(pane, which), &pane->x[which], &pane->y[which],
                      cursor_x(pane, which));
}

static void run_lens(void *state, int value, const char *argument) {
    robustness_pane *pane = state;
    if (pane->main == LOCATION) {
        sx_desk_say(pane->desk, "a map is always seen whole; R and S have curves");
        return;
    }
    sx_lens lens = lens_of(pane, pane->main);
    sx_lens_run(&lens, pane->desk, value, argument);
}

/* One point; on a curve the wheel, and the keys that are the same, pan. */
static void move_on_curve(robustness_pane *pane, int value) {
    plot which = pane->main;
    sx_lens lens = lens_of(pane, which);
    int *at = &pane->point[which], count = (int)result_of(pane, which)->series.length;
    if (value == UP || value == DOWN) {
        sx_lens_run(&lens, pane->desk, value == UP ? SX_LENS_LEFT : SX_LENS_RIGHT, "");
        return;
    }
    *at = *at < 0 ? count / 2 : clamp(*at + (value == LEFT ? -1 : value == RIGHT), count);
    sx_lens_keep(&lens, cursor_x(pane, which));
}

/* One cell or point; the first move starts in the middle. */
static void run_move(void *state, int value, const char *argument) {
    robustness_pane *pane = state;
    const sx_result *result = result_of(pane, pane->main);
    int dx = value == LEFT ? -1 : value == RIGHT, dy = value == UP ? -1 : value == DOWN;
    (void)argument;
    if (pane->sheet.open) {
        sx_sheet_move(&pane->sheet, value);
        return;
    }
    pane->read = pane->main;
    if (!result) return;
    if (pane->main != LOCATION) {
        move_on_curve(pane, value);
        return;
    }
    bool fresh = pane->row < 0;
    const sx_grid *grid = &result->grid;
    pane->row = clamp(fresh ? grid->rows / 2 : pane->row + dy, grid->rows);
    pane->column = clamp(fresh ? grid->columns / 2 : pane->column + dx, grid->columns);
}

static void run_plot(void *state, int value, const char *argument) {
    robustness_pane *pane = state;
    (void)argument;
    sx_sheet_close(&pane->sheet);
    pane->main = pane->read = (plot)value;
}

static bool has_measure(const robustness_pane *pane, measure of, int method) {
    char name[48];
    bool any = false;
    for (plot which = 0; which < PLOTS; which++) {
        name_of(of, method, which, name);
        any = any || sx_snapshot_result(pane->desk->now, name);
    }
    return any;
}

static const char *map_choice(void *state, size_t row) {
    return sx_map_name(((const robustness_pane *)state)->desk, row);
}

static bool has_maps(void *state) {
    return sx_map_find(((const robustness_pane *)state)->desk, 1) >= 0;
}

static void run_map(void *state, int value, const char *argument) {
    robustness_pane *pane = state;
    (void)value;
    if (!has_maps(pane)) {
        sx_desk_say(pane->desk, "there is one map: of more models there would be more");
        return;
    }
    int wanted =
        sx_part_choose(pane->desk, map_choice, pane, sx_map_row(pane->desk, pane->map), argument,
                       "a map is of one of the models, or a difference from the first");
    if (wanted < 0) return;
    sx_sheet_close(&pane->sheet);
    pane->measure = ACCURACY;
    pane->map = sx_map_find(pane->desk, (size_t)wanted);
}

static const char *measure_choice(void *state, size_t row) {
    (void)state;
    return row < MEASURES ? measure_names[row] : NULL;
}

/* Risk and coverage have ends of their own. */
static void turn_to(robustness_pane *pane, measure of) {
    sx_sheet_close(&pane->sheet);
    pane->measure = of;
    for (plot which = 0; which < PLOTS; which++) pane->y[which] = sx_ends_free;
}

static void run_measure(void *state, int value, const char *argument) {
    robustness_pane *pane = state;
    (void)value;
    int wanted = sx_part_choose(pane->desk, measure_choice, pane, (int)pane->measure, argument,
                                "the maps are of accuracy, risk or coverage");
    if (wanted < 0) return;
    if (wanted != ACCURACY && !has_measure(pane, (measure)wanted, pane->method)) {
        sx_desk_say(pane->desk, "%s by place, rotation and size was not measured here",
                    measure_names[wanted]);
        return;
    }
    turn_to(pane, (measure)wanted);
}

static void run_reverse(void *state, int value, const char *argument) {
    robustness_pane *pane = state;
    (void)value, (void)argument;
    if (pane->sheet.open)
        sx_sheet_reverse(&pane->sheet);
    else
        sx_desk_say(pane->desk, "Enter opens the pictures of a cell, whose order it turns round");
}

static bool shows_sheet(void *state) {
    return ((const robustness_pane *)state)->sheet.open;
}

static void run_values(void *state, int value, const char *argument) {
    robustness_pane *pane = state;
    (void)value, (void)argument;
    pane->values = !pane->values;
    sx_desk_say(pane->desk, pane->values ? "values are printed where cells are wide enough"
                                         : "values are not printed; the cursor reads them");
}

static const sx_command commands[] = {
    {"left", "Left h", "", NULL, "the cursor to the left", run_move, LEFT, NULL, NULL},
    {"right", "Right l", "", NULL, "the cursor to the right", run_move, RIGHT, NULL, NULL},
    {"up", "Up k", "", NULL, "the cursor up; of a curve: to the left", run_move, UP, NULL, NULL},
    {"down", "Down j", "", NULL, "the cursor down; of a curve: to the right", run_move, DOWN, NULL,
     NULL},
    {"location", "L", "", "location", "accuracy by the object's place", run_plot, LOCATION, NULL,
     NULL},
    {"rotation", "R", "", "rotation", "accuracy by the object's rotation", run_plot, ROTATION, NULL,
     NULL},
    {"size", "S", "", "size", "accuracy by the object's share of the image", run_plot, SIZE, NULL,
     NULL},
    {"knows", "K", "[WHAT]", NULL, "accuracy, or risk and coverage where it may refuse",
     run_measure, 0, measure_choice, NULL},
    {"map", "n", "[NAME]", "next map", "another model's map, or its difference", run_map, 0,
     map_choice, has_maps},
    {"reverse", "r", "", "reverse", "pictures: the lowest loss first, or the highest", run_reverse,
     0, NULL, shows_sheet},
    {"values", "v", "", NULL, "print the value in each cell, or not", run_values, 0, NULL, NULL},
    SX_LENS_COMMANDS(run_lens, "<", ">", "Y"),
    {0}};

/* ---- plots ------------------------------------------------------------------------------------
 */

/* Every plot shows its cursor. */
static void draw_map(const robustness_pane *pane, sx_canvas *canvas, sx_box box, bool focused) {
    bool difference = pane->measure == ACCURACY && map_of(pane).difference;
    sx_heatmap options = {.low = difference ? -1 : 0,
                          .high = 1,
                          .diverging = difference,
                          .cursor_row = focused ? pane->row : -1,
                          .cursor_column = focused ? pane->column : -1,
                          .values = pane->values};
    sx_plot_heatmap(canvas, box, result_of(pane, LOCATION), &options);
}

static sx_curve curve_of(const robustness_pane *pane, plot which) {
    const sx_result *result = result_of(pane, which);
    return (sx_curve){.series = result,
                      .line = line_of(result),
                      .look = which == ROTATION ? 0 : 1,
                      .marks = true};
}

/* One curve, or one for each network that was measured; how many. */
static int curves_of(const robustness_pane *pane, plot which, sx_curve out[SX_FIGURE_CURVES]) {
    const sx_result *result = result_of(pane, which);
    int count = result ? result->series.line_count : 0;
    out[0] = curve_of(pane, which);
    if (count < 2 || sx_part_line(result, "accuracy") >= 0) return 1;
    if (count > SX_FIGURE_CURVES) count = SX_FIGURE_CURVES;
    for (int i = 0; i < count; i++)
        out[i] = (sx_curve){.series = result, .line = i, .look = i, .dashed = i > 0, .marks = true};
    return count;
}

static sx_axes axes_of(const robustness_pane *pane, plot which) {
    sx_axes axes = sx_axes_default();
    axes.y_low = 0;
    axes.y_high = 1;
    axes.legend = false;
    sx_lens_axes(&pane->x[which], &pane->y[which], &axes);
    return axes;
}

static void draw_curve(const robustness_pane *pane, sx_canvas *canvas, sx_box box, plot which,
                       bool focused) {
    sx_curve curves[SX_FIGURE_CURVES];
    int count = curves_of(pane, which, curves);
    sx_axes axes = axes_of(pane, which);
    axes.legend = count > 1;
    if (focused) axes.cursor = cursor_x(pane, which);
    sx_plot_curves(canvas, box, curves, count, &axes);
}

/* What is seen of a curve, beside the whole of it, for export. */
static bool figure(void *state, int row, char *name, size_t size, sx_figure *out) {
    const robustness_pane *pane = state;
    if (row >= PLOTS) return false;
    plot which = (plot)row;
    bool closer = which != LOCATION && sx_ends_are_chosen(&pane->x[which], &pane->y[which]);
    snprintf(name, size, "%s%s%s-closer",
             pane->measure == ACCURACY ? "" : measure_names[pane->measure],
             pane->measure == ACCURACY ? "" : "-", plot_names[which]);
    *out = (sx_figure){.result = closer ? result_of(pane, which) : NULL,
                       .caption = pane->desk->now->caption,
                       .curve_count = 1,
                       .axes = axes_of(pane, which)};
    if (out->result) out->curve_count = curves_of(pane, which, out->curves);
    return true;
}

/* A plot, or the line that says what it waits for. */
static void draw_plot(robustness_pane *pane, sx_canvas *canvas, sx_box box, plot which,
                      bool focused) {
    char awaited[48];
    snprintf(awaited, sizeof awaited, "%s by %s",
             pane->measure == ACCURACY ? "Accuracy"
             : pane->measure == RISK   ? "Risk"
                                       : "Coverage",
             plot_names[which]);
    bool there = result_of(pane, which) != NULL;
    if (there) pane->mouse.boxes[which] = box;
    if (!there)
        sx_part_waiting(pane->desk, canvas, box, awaited, SX_PART_MEASURED);
    else if (which == LOCATION)
        draw_map(pane, canvas, box, focused);
    else
        draw_curve(pane, canvas, box, which, focused);
}

/* "rotation  ▁▃▆█▆▃▁   -179 ... 161 degrees" in one row. */
static void draw_spark(const robustness_pane *pane, sx_canvas *canvas, sx_box row, plot which) {
    const sx_result *result = result_of(pane, which);
    sx_canvas_text(canvas, row, 0, 0, sx_style_of(SX_ROLE_DIM), plot_names[which]);
    sx_box rest = sx_box_inset(row, 10, 0, 0, 0);
    if (!result || result->series.length == 0) {
        sx_canvas_text(canvas, rest, 0, 0, sx_style_of(SX_ROLE_DIM), "not measured yet");
        return;
    }
    const sx_series *series = &result->series;
    char low[32], high[32], range[160];
    bool percent = which == SIZE;
    snprintf(range, sizeof range, "%s ... %s %s",
             sx_number_shown(low, series->x[0] * (percent ? 100 : 1), 0),
             sx_number_shown(high, series->x[series->length - 1] * (percent ? 100 : 1), 0),
             percent ? "% of the image" : "degrees");
    int points = (int)series->length, text = sx_text_columns(range);
    sx_box spark = rest;
    if (spark.width > points) spark.width = points;
    if (points + 3 + text > rest.width && rest.width - 3 - text >= 6)
        spark.width = rest.width - 3 - text;
    int line = line_of(result);
    sx_plot_sparkline(canvas, spark, series->lines[line].y, series->length, 0, 1,
                      sx_style_of(which == ROTATION ? SX_ROLE_SERIES1 : SX_ROLE_SERIES2));
    if (spark.width + 3 + text <= rest.width)
        sx_canvas_text(canvas, rest, spark.width + 3, 0, sx_style_of(SX_ROLE_DIM), range);
}

/* ---- status rows ------------------------------------------------------------------------------
 */

/* The value under the cursor with interval and count. */
static void tell_cursor(const robustness_pane *pane, char *out, size_t size) {
    const sx_result *result = result_of(pane, pane->read);
    char x[32], y[32], estimate[128];
    out[0] = 0;
    if (!result) return;
    if (pane->read == LOCATION) {
        const sx_grid *grid = &result->grid;
        if (pane->row < 0 || pane->row >= grid->rows || pane->column >= grid->columns) return;
        size_t at = (size_t)pane->row * (size_t)grid->columns + (size_t)pane->column;
        sx_part_estimate(estimate, sizeof estimate, grid->values[at],
                         grid->low ? grid->low[at] : NAN, grid->high ? grid->high[at] : NAN,
                         grid->count ? grid->count[at] : NAN);
        snprintf(out, size, "x %s y %s   %s",
                 sx_number_shown(x, grid->column_values[pane->column], 2),
                 sx_number_shown(y, grid->row_values[pane->row], 2), estimate);
        return;
    }
    int at = pane->point[pane->read];
    const sx_line *line = &result->series.lines[line_of(result)];
    if (at < 0 || at >= (int)result->series.length) return;
    sx_part_estimate(estimate, sizeof estimate, line->y[at], line->low ? line->low[at] : NAN,
                     line->high ? line->high[at] : NAN, line->count ? line->count[at] : NAN);
    const char *network = whose(result);
    snprintf(out, size, "%s %s   %s%s%s", plot_names[pane->read],
             sx_number_shown(x, result->series.x[at], pane->read == SIZE ? 2 : 0), network,
             *network ? " " : "", estimate);
}

/* How many points of all three rest on few images. */
static int few_points(const robustness_pane *pane) {
    int few = 0;
    const sx_result *map = result_of(pane, LOCATION);
    if (map)
        few += sx_part_few(map->grid.count, (size_t)map->grid.rows * (size_t)map->grid.columns,
                           map->grid.few);
    for (plot which = ROTATION; which < PLOTS; which++) {
        const sx_result *curve = result_of(pane, which);
        if (curve)
            few += sx_part_few(curve->series.lines[line_of(curve)].count, curve->series.length,
                               curve->series.few);
    }
    return few;
}

static void draw_status(const robustness_pane *pane, sx_canvas *canvas, sx_box row, bool focused) {
    sx_segment parts[3];
    int count = 0;
    char cursor[192];
    tell_cursor(pane, cursor, sizeof cursor);
    if (cursor[0])
        parts[count++] = sx_part_segment(SX_ROLE_TEXT, "%s", cursor);
    else if (focused)
        parts[count++] = sx_part_segment(SX_ROLE_DIM, "arrows read a value");
    int few = few_points(pane);
    if (few > 0) parts[count++] = sx_part_segment(SX_ROLE_WARNING, "%d on few images", few);
    double measuring = pane->desk->now->measuring_share;
    if (measuring > 0)
        parts[count++] =
            sx_part_segment(SX_ROLE_DIM, "measuring takes %.0f %% of the time", measuring * 100);
    sx_segments_draw(canvas, row, 0, parts, count, 3);
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

/* The share of the image that the objects of a plot took. A result that does not say it, or says
 * what cannot be, was measured as the run is configured. Sizes were measured at all of them: NaN.
 */
static double area_of(const robustness_pane *pane, plot which) {
    const sx_snapshot *now = pane->desk->now;
    if (which == SIZE || is_of_a_set(pane)) return NAN;
    double configured = which == LOCATION ? now->location_area : now->rotation_area;
    double area = sx_part_scene(result_of(pane, which), "area", configured);
    return area > 0 && area <= 1 ? area : configured;
}

/* Whose risk and coverage are seen; NULL: it is accuracy. */
static const char *method_of(const robustness_pane *pane) {
    const sx_result *methods = sx_part_result(pane->desk, "methods", SX_RESULT_TABLE);
    const sx_column *names = sx_part_column(methods, "method");
    bool named = pane->measure != ACCURACY && names && names->texts &&
                 (size_t)pane->method < methods->table.rows;
    return named ? names->texts[pane->method] : NULL;
}

/* Which plot, at which area, on whose objects. */
static void heading(const void *state, sx_heading *out) {
    const robustness_pane *pane = state;
    const sx_result *result = result_of(pane, pane->main);
    const char *split = sx_split_name(sx_part_split(result));
    char brief[64], cursor[192];
    sx_heading_add(out, 0, "", "Robustness");
    if (pane->sheet.open) {
        tell_cursor(pane, cursor, sizeof cursor);
        char *estimate = strstr(cursor, "   ");
        snprintf(brief, sizeof brief, " · pictures at %.*s",
                 estimate ? (int)(estimate - cursor) : (int)strlen(cursor), cursor);
        sx_heading_add(out, 1, brief, " · pictures at %s", cursor);
        if (sx_sheet_is_judged(&pane->sheet))
            sx_heading_add(out, 2, "", ", %s first", pane->sheet.best_first ? "best" : "worst");
        return;
    }
    bool several = sx_part_without_network(pane->desk) && result && pane->measure == ACCURACY;
    snprintf(brief, sizeof brief, " · %s%sby %s",
             pane->measure == ACCURACY ? "" : measure_names[pane->measure],
             pane->measure == ACCURACY ? "" : " ", plot_names[pane->main]);
    if (several)
        sx_heading_add(out, 3, brief, " · %s", result->title);
    else
        sx_heading_add(out, 3, brief, " · %s by %s", measure_names[pane->measure],
                       plot_names[pane->main]);
    if (!result || several) return;
    const char *method = method_of(pane);
    if (method) sx_heading_add(out, 1, "", ", %s", method);
    double area = area_of(pane, pane->main);
    if (area > 0) sx_heading_add(out, 1, "", ", area %g", area);
    snprintf(brief, sizeof brief, ", %s", split);
    sx_heading_add(out, 2, brief, ", %s objects", split);
}

static void draw_drop(const robustness_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_result *map = pane->measure == ACCURACY ? result_of(pane, LOCATION) : NULL;
    if (map) sx_drop_draw(pane->desk, map, canvas, row);
}

/* The main plot on the left, the other two beside or below it. */
static void draw_page(robustness_pane *pane, sx_canvas *canvas, sx_box box, bool focused) {
    plot others[2] = {pane->main == LOCATION ? ROTATION : LOCATION,
                      pane->main == SIZE ? ROTATION : SIZE};
    if (box.width >= 76) {
        sx_box right = sx_box_take_columns(&box, -(box.width * 2 / 5));
        right = sx_box_inset(right, 2, 0, 0, 0);
        sx_box upper = sx_box_take_rows(&right, right.height / 2);
        draw_plot(pane, canvas, upper, others[0], focused);
        draw_plot(pane, canvas, right, others[1], focused);
    }
    draw_plot(pane, canvas, box, pane->main, focused);
}

static bool nothing_yet(const robustness_pane *pane) {
    return !result_of(pane, LOCATION) && !result_of(pane, ROTATION) && !result_of(pane, SIZE);
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    robustness_pane *pane = state;
    sx_mouse_clear(&pane->mouse, canvas->look);
    if (pane->sheet.open && how.zoomed) {
        sx_sheet_draw(&pane->sheet, canvas, sx_box_inset(box, 1, 0, 1, 0));
        return;
    }
    if (nothing_yet(pane)) {
        sx_part_waiting(pane->desk, canvas, box, "Accuracy by place, rotation and size",
                        SX_PART_MEASURED);
        return;
    }
    box = sx_box_inset(box, 1, 0, 1, 0);
    draw_status(pane, canvas, sx_box_take_rows(&box, -1), how.focused);
    if (how.zoomed) {
        if (box.height > 6) draw_drop(pane, canvas, sx_box_take_rows(&box, -1));
        draw_page(pane, canvas, box, how.focused);
        return;
    }
    if (box.height >= 9) {
        draw_spark(pane, canvas, sx_box_take_rows(&box, -1), SIZE);
        draw_spark(pane, canvas, sx_box_take_rows(&box, -1), ROTATION);
    }
    if (box.height > 5) draw_drop(pane, canvas, sx_box_take_rows(&box, -1));
    draw_plot(pane, canvas, box, pane->main, how.focused);
}

static void *open_pane(sx_desk *desk) {
    robustness_pane *pane = sx_alloc(1, sizeof *pane);
    if (!pane) return NULL;
    *pane = (robustness_pane){.desk = desk,
                              .row = -1,
                              .column = -1,
                              .point = {-1, -1, -1},
                              .values = true,
                              .mouse = {.plot = -1}};
    for (plot which = 0; which < PLOTS; which++) pane->x[which] = pane->y[which] = sx_ends_free;
    return pane;
}

static void close_pane(void *state) {
    sx_sheet_done(&((robustness_pane *)state)->sheet);
    sx_free(state);
}

/* The pose and the number of pictures of the cell or point under the cursor; false: there is none.
 */
static bool point_under_cursor(const robustness_pane *pane, sx_pose *pose, double *count) {
    const sx_result *result = result_of(pane, pane->read);
    int at = pane->point[pane->read];
    *pose = (sx_pose){0.5, 0, 0.5, 0.5};
    if (!result) return false;
    if (pane->read == LOCATION) {
        const sx_grid *grid = &result->grid;
        if (pane->row < 0 || pane->row >= grid->rows || pane->column >= grid->columns) return false;
        size_t cell = (size_t)pane->row * (size_t)grid->columns + (size_t)pane->column;
        *pose = (sx_pose){area_of(pane, LOCATION), 0, grid->column_values[pane->column],
                          grid->row_values[pane->row]};
        *count = grid->count ? grid->count[cell] : 1;
        return true;
    }
    if (at < 0 || at >= (int)result->series.length) return false;
    const sx_line *line = &result->series.lines[line_of(result)];
    bool turned = pane->read == ROTATION;
    if (turned) pose->area = area_of(pane, ROTATION);
    *pose = sx_along_pose(*pose, turned ? SX_ALONG_ROTATION : SX_ALONG_SIZE, result->series.x[at]);
    *count = line->count ? line->count[at] : 1;
    return true;
}

static sx_along along_of(const robustness_pane *pane) {
    return pane->read == LOCATION   ? SX_ALONG_X
           : pane->read == ROTATION ? SX_ALONG_ROTATION
                                    : SX_ALONG_SIZE;
}

/* For the probe: the selected picture, else the pose under the cursor. */
static void offer(void *state) {
    robustness_pane *pane = state;
    sx_pose pose;
    double count;
    pane->desk->along = along_of(pane);
    if (pane->sheet.open && sx_sheet_offer(&pane->sheet)) return;
    if (point_under_cursor(pane, &pose, &count)) pane->desk->scene.pose = pose;
}

/* Of a set that somebody composed: what the model whose map is seen was worst at, as the
 * measurement says. */
static bool open_of_set(robustness_pane *pane) {
    const sx_result *result = result_of(pane, pane->read);
    char name[48];
    int model = map_of(pane).model;
    snprintf(name, sizeof name, model ? "worst-%s-%d" : "worst-%s", plot_names[pane->read],
             model + 1);
    const sx_result *worst = sx_part_result(pane->desk, name, SX_RESULT_TABLE);
    bool map = pane->read == LOCATION;
    if (!result) return false;
    if (map ? pane->row < 0 : pane->point[pane->read] < 0) run_move(pane, FIRST, "");
    double column = map ? result->grid.column_values[pane->column] : cursor_x(pane, pane->read);
    double row = map ? result->grid.row_values[pane->row] : (double)NAN;
    pane->opened = pane->read;
    if (!worst)
        sx_desk_say(pane->desk, "the pictures of a point come when all are measured");
    else if (!sx_sheet_tell(&pane->sheet, pane->desk, worst, column, row))
        sx_desk_say(pane->desk, "no picture was measured there");
    return true;
}

/* The pictures behind the point under the cursor; there, the probe with the selected one. */
static bool enter(void *state) {
    robustness_pane *pane = state;
    sx_pose pose;
    double count;
    if (pane->sheet.open) {
        pane->desk->wants_probe = sx_sheet_item(&pane->sheet) >= 0 && !pane->sheet.told;
        if (pane->sheet.told)
            sx_desk_say(pane->desk, "objects of a set are part of its pictures: nothing can move");
        return true;
    }
    if (!pane->desk->now->data) return false;
    if (is_of_a_set(pane)) return open_of_set(pane);
    if (!point_under_cursor(pane, &pose, &count)) run_move(pane, FIRST, "");
    if (!point_under_cursor(pane, &pose, &count) || !(count >= 1)) return false;
    pane->opened = pane->read;
    sx_sheet_open(&pane->sheet, pane->desk, sx_part_split(result_of(pane, pane->read)), pose,
                  (int)fmin(count, SX_SHEET_PICTURES));
    return true;
}

static bool back(void *state) {
    robustness_pane *pane = state;
    bool was = pane->sheet.open;
    sx_sheet_close(&pane->sheet);
    return was;
}

static void seen(void *state, bool seen) {
    sx_sheet_seen(&((robustness_pane *)state)->sheet, seen);
}

/* Another plot has other pictures. */
static void restored(void *state) {
    robustness_pane *pane = state;
    pane->read = pane->main;
    if (pane->main != pane->opened) sx_sheet_close(&pane->sheet);
}

/* ---- the mouse --------------------------------------------------------------------------------
 */

/* The cell under the mouse; the cursor's again: what Enter does. */
static void click_cell(robustness_pane *pane, int x, int y) {
    sx_grid_place at = sx_plot_cell_at(pane->mouse.look, pane->mouse.boxes[LOCATION],
                                       result_of(pane, LOCATION), x, y);
    if (at.row < 0) return;
    bool again = pane->read == LOCATION && at.row == pane->row && at.column == pane->column;
    pane->read = LOCATION;
    pane->row = at.row;
    pane->column = at.column;
    pane->desk->wants_enter = again;
}

static double x_under(const robustness_pane *pane, plot which, int column) {
    sx_box box = pane->mouse.boxes[which];
    sx_curve curve = curve_of(pane, which);
    sx_axes axes = axes_of(pane, which);
    return sx_plot_x_at(pane->mouse.look, box, &curve, 1, &axes, column - box.x);
}

static void mouse(void *state, const char *what, int x, int y) {
    robustness_pane *pane = state;
    sx_stroke stroke = sx_mouse_take(&pane->mouse, what, x, y);
    plot which = stroke.plot < 0 ? LOCATION : (plot)stroke.plot;
    if (stroke.plot < 0 || !result_of(pane, which) || (which == LOCATION && stroke.drag)) return;
    if (which == LOCATION) {
        click_cell(pane, x, y);
        return;
    }
    double from = x_under(pane, which, stroke.from);
    sx_lens lens = lens_of(pane, which);
    if (stroke.drag) {
        sx_lens_between(&lens, from, x_under(pane, which, stroke.to));
    } else if (!isnan(from)) {
        pane->read = which;
        pane->point[which] = (int)sx_nearest_point(result_of(pane, which), from);
    }
}

static void update(void *state) {
    robustness_pane *pane = state;
    if (pane->sheet.open && !pane->desk->now->data) sx_sheet_close(&pane->sheet);
    sx_sheet_update(&pane->sheet);
}

static json_t *state_of(const void *state) {
    const robustness_pane *pane = state;
    char cursor[192];
    tell_cursor(pane, cursor, sizeof cursor);
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:s, s:b, s:I, s:o, s:o}", "measure",
                     measure_names[pane->measure], "plot", plot_names[pane->main], "method",
                     pane->method, "row", pane->row, "column", pane->column, "cursor", cursor,
                     "sheet", pane->sheet.open, "item", (json_int_t)sx_sheet_item(&pane->sheet),
                     "low", sx_json_number(pane->x[pane->main].low), "high",
                     sx_json_number(pane->x[pane->main].high));
}

/* The place nearest to `value`. */
static int nearest(const double *values, int count, double value) {
    int best = 0;
    for (int i = 1; i < count; i++)
        if (fabs(values[i] - value) < fabs(values[best] - value)) best = i;
    return best;
}

/* The cell where the probe's object is. */
static void accept(void *state) {
    robustness_pane *pane = state;
    const sx_result *map = result_of(pane, LOCATION);
    sx_sheet_close(&pane->sheet);
    pane->main = pane->read = LOCATION;
    if (pane->desk->wants_maps) { /* of what Risk shows */
        pane->method = pane->desk->method;
        bool own = has_measure(pane, RISK, pane->method);
        if (!own) pane->method = 0;
        turn_to(pane, RISK);
        return;
    }
    if (!map) return;
    pane->row = nearest(map->grid.row_values, map->grid.rows, pane->desk->scene.pose.y);
    pane->column = nearest(map->grid.column_values, map->grid.columns, pane->desk->scene.pose.x);
}

static void layout(const void *state, sx_text *out) {
    const robustness_pane *pane = state;
    if (pane->main != LOCATION) sx_text_add(out, "%s\n", plot_names[pane->main]);
    if (!pane->values) sx_text_add(out, "values\n");
}

static const char *const results[] = {"location",
                                      "rotation",
                                      "size",
                                      "risk-location",
                                      "risk-rotation",
                                      "risk-size",
                                      "coverage-location",
                                      "coverage-rotation",
                                      "coverage-size",
                                      NULL};

const sx_pane sx_pane_robustness = {
    .name = "robustness",
    .title = "Robustness",
    .tab = "Rob",
    .help = "accuracy by place, rotation and size of the object",
    .explains = "Objects that the network has never seen lie on backgrounds that it has"
                " never seen, and only one thing is changed: where the object is, how "
                "it is turned, how large it is. The map and the curves show the share "
                "that the network still gets right. It learned from centred, upright "
                "objects of one size, so whatever falls off towards the edges is what "
                "it did not learn.",
    .tries = "Try: the arrows read a cell; Enter shows the pictures behind it, the worst first; R "
             "and S look at rotation and size, where z comes closer; v prints values; K: risk.",
    .commands = commands,
    .results = results,
    .figure = figure,
    .open = open_pane,
    .close = close_pane,
    .heading = heading,
    .view = SX_VIEW_SPAN(robustness_pane, main, y),
    .restored = restored,
    .draw = draw,
    .enter = enter,
    .back = back,
    .seen = seen,
    .mouse = mouse,
    .update = update,
    .offer = offer,
    .accept = accept,
    .layout = layout,
    .state = state_of};
