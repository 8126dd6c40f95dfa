/* Risk: what the network may be trusted with when it is allowed to refuse. Risk-coverage curves of
 * three measures of confidence with the oracle's, their areas, calibration, and the operating point
 * at a chosen target risk, which is computed here from the table of items because the target is the
 * viewer's, not the study's. What is seen of both plots stays as chosen. */
#include "views/pane/lens.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double targets[] = {0.01, 0.02, 0.05, 0.10};
enum { TARGETS = sizeof targets / sizeof *targets };

enum { CURVES, DIAGRAM, PLOTS };

typedef struct {
    sx_desk *desk;
    const sx_result *items; /* kept */
    int target;
    bool reliability;           /* the main plot of a tile */
    bool logarithmic;           /* the axis of risk */
    sx_ends x[PLOTS], y[PLOTS]; /* what is seen of them */
    int bin;                    /* cursor of the reliability diagram, -1: none */
    double coverage; /* cursor of the curves, NaN: none; and the confidence that it asks for */
    double threshold;
    sx_mouse mouse;
    sx_operating_point points[SX_CONFIDENCES];
} risk_pane;

/* ---- the operating point ----------------------------------------------------------------------
 */

/* The confidence of every item under a measure; NULL if the table has no such column. Owned. */
static double *confidences(const sx_result *items, sx_confidence measure) {
    static const char *const names[SX_CONFIDENCES] = {"confidence", "entropy", "margin"};
    const sx_column *column = sx_part_column(items, names[measure]);
    if (!column || !column->numbers) return NULL;
    double *out = sx_alloc(items->table.rows, sizeof *out);
    double sign = measure == SX_CONFIDENCE_NEGATIVE_ENTROPY ? -1 : 1;
    for (size_t i = 0; out && i < items->table.rows; i++) out[i] = sign * column->numbers[i];
    return out;
}

static bool is_number_column(const double *values, size_t n) {
    for (size_t i = 0; values && i < n; i++)
        if (isnan(values[i])) return false;
    return values != NULL;
}

sx_operating_point sx_part_point(const sx_result *items, sx_confidence measure, double target) {
    sx_operating_point point = {NAN, NAN};
    const sx_column *wrong = sx_part_column(items, "wrong");
    size_t n = items && wrong && wrong->numbers ? items->table.rows : 0;
    uint8_t *bad = sx_alloc(n, 1);
    double *confidence = n > 0 ? confidences(items, measure) : NULL;
    for (size_t i = 0; bad && i < n; i++) bad[i] = wrong->numbers[i] > 0;
    if (bad && is_number_column(confidence, n))
        sx_coverage_at_risk(confidence, bad, n, target, &point, NULL);
    sx_free(confidence);
    sx_free(bad);
    return point;
}

static int descending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The confidence that as many items as the cursor's coverage says have at least. */
static void find_threshold(risk_pane *pane) {
    size_t n = pane->items ? pane->items->table.rows : 0;
    pane->threshold = NAN;
    if (n == 0 || isnan(pane->coverage)) return;
    double *confidence = confidences(pane->items, SX_CONFIDENCE_MAX_PROBABILITY);
    size_t kept = (size_t)(pane->coverage * (double)n + 0.5);
    if (is_number_column(confidence, n)) {
        qsort(confidence, n, sizeof *confidence, descending);
        pane->threshold = kept > 0 ? confidence[kept - 1] : 1;
    }
    sx_free(confidence);
}

/* Also for the probe, which asks whether the network would abstain. */
static void find_points(risk_pane *pane) {
    for (sx_confidence m = 0; m < SX_CONFIDENCES; m++)
        pane->points[m] = sx_part_point(pane->items, m, targets[pane->target]);
    const sx_operating_point *point = &pane->points[SX_CONFIDENCE_MAX_PROBABILITY];
    pane->desk->target = targets[pane->target];
    pane->desk->coverage = point->coverage;
    pane->desk->threshold = point->threshold;
}

static void update(void *state) {
    risk_pane *pane = state;
    if (!sx_part_follow(pane->desk, "items", SX_RESULT_TABLE, &pane->items)) return;
    find_points(pane);
    find_threshold(pane);
}

static void restored(void *state) {
    find_points(state);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static const char *target_choice(void *state, size_t row) {
    static const char *const names[TARGETS] = {"1", "2", "5", "10"};
    (void)state;
    return row < TARGETS ? names[row] : NULL;
}

/* The operating point of the first measure as a sentence that fits, if it can, in `columns`. */
static void tell_point(const risk_pane *pane, char *out, size_t size, int columns) {
    char coverage[32], threshold[32];
    const sx_operating_point *point = &pane->points[SX_CONFIDENCE_MAX_PROBABILITY];
    double percent = targets[pane->target] * 100;
    if (isnan(point->coverage))
        snprintf(out, size, "at risk %.0f %%: not measured yet", percent);
    else if (!(point->coverage > 0))
        snprintf(out, size, "at risk %.0f %%: everything would be refused", percent);
    else {
        sx_number_shown(coverage, point->coverage, 2);
        sx_number_shown(threshold, point->threshold, 2);
        snprintf(out, size, "at risk %.0f %%: coverage %s, threshold %s", percent, coverage,
                 threshold);
        if (sx_text_columns(out) > columns)
            snprintf(out, size, "risk %.0f %%: coverage %s above %s", percent, coverage, threshold);
    }
}

static void run_target(void *state, int value, const char *argument) {
    risk_pane *pane = state;
    (void)value;
    int wanted = sx_part_choose(pane->desk, target_choice, pane, pane->target, argument,
                                "the target risk is 1, 2, 5 or 10 percent");
    if (wanted < 0) return;
    pane->target = wanted;
    pane->coverage = NAN;
    find_points(pane);
    char text[160];
    tell_point(pane, text, sizeof text, 80);
    sx_desk_say(pane->desk, "%s", text);
}

static void run_reliability(void *state, int value, const char *argument) {
    risk_pane *pane = state;
    (void)value, (void)argument;
    pane->reliability = !pane->reliability;
}

/* ---- cursor -----------------------------------------------------------------------------------
 */

static const sx_result *diagram(const risk_pane *pane) {
    const sx_result *result = sx_part_result(pane->desk, "reliability", SX_RESULT_SERIES);
    bool fine = result && result->series.length > 0 && sx_part_line(result, "accuracy") >= 0;
    return fine ? result : NULL;
}

static const sx_result *curves_result(const risk_pane *pane) {
    const sx_result *result = sx_part_result(pane->desk, "risk-coverage", SX_RESULT_SERIES);
    return result && result->series.length > 0 && result->series.line_count > 0 ? result : NULL;
}

/* Where the guide of the curves stands: the cursor, or the operating point. */
static double guide_of(const risk_pane *pane) {
    return isnan(pane->coverage) ? pane->points[SX_CONFIDENCE_MAX_PROBABILITY].coverage
                                 : pane->coverage;
}

static int bin_at(const risk_pane *pane, double confidence) {
    int bins = (int)diagram(pane)->series.length, bin = (int)(confidence * bins);
    return bin < 0 ? 0 : bin < bins ? bin : bins - 1;
}

/* The middle of the bin under the cursor; NaN if there is none. */
static double confidence_of(const risk_pane *pane) {
    const sx_result *result = diagram(pane);
    if (!result || pane->bin < 0) return NAN;
    return (pane->bin + 0.5) / (double)result->series.length;
}

/* Both axes below go from 0 to 1. */
static sx_lens lens_of(risk_pane *pane, int plot) {
    const sx_result *result = plot == CURVES ? curves_result(pane) : diagram(pane);
    double at = plot == CURVES ? guide_of(pane) : confidence_of(pane);
    sx_lens lens = sx_lens_of(result, &pane->x[plot], &pane->y[plot], at);
    if (lens.low < lens.high) lens.low = 0, lens.high = 1;
    return lens;
}

static void run_lens(void *state, int value, const char *argument) {
    risk_pane *pane = state;
    sx_lens lens = lens_of(pane, pane->reliability ? DIAGRAM : CURVES);
    sx_lens_run(&lens, pane->desk, value, argument);
}

static void run_logarithmic(void *state, int value, const char *argument) {
    risk_pane *pane = state;
    (void)value, (void)argument;
    sx_logarithmic_turn(pane->desk, &pane->logarithmic, "risk");
}

static void put_coverage(risk_pane *pane, double coverage) {
    pane->coverage = coverage < 0 ? 0 : coverage > 1 ? 1 : coverage;
    find_threshold(pane);
}

static void move_bin(risk_pane *pane, int by) {
    const sx_result *result = diagram(pane);
    sx_lens lens = lens_of(pane, DIAGRAM);
    int last = result ? (int)result->series.length - 1 : -1;
    int to = pane->bin < 0 ? last : pane->bin + by;
    pane->bin = to > last ? last : to < 0 && last >= 0 ? 0 : to;
    if (pane->bin >= 0) sx_lens_keep(&lens, confidence_of(pane));
}

/* A bin, or a fiftieth of what is seen of the curves. */
static void run_move(void *state, int value, const char *argument) {
    risk_pane *pane = state;
    int by = value == LEFT ? -1 : 1;
    (void)argument;
    if (pane->reliability) {
        move_bin(pane, by);
        return;
    }
    double from = guide_of(pane);
    if (isnan(from)) return;
    sx_lens lens = lens_of(pane, CURVES);
    sx_ends seen = sx_lens_seen(&pane->x[CURVES], 0, 1);
    double strides = 50 / fmin(seen.high - seen.low, 1);
    put_coverage(pane, round(from * strides + by) / strides);
    sx_lens_keep(&lens, pane->coverage);
}

/* The risk of a line at a coverage: of its point that is nearest. */
static double risk_at(const sx_series *series, const sx_line *line, double coverage) {
    double best = NAN, distance = INFINITY;
    for (size_t i = 0; i < series->length; i++)
        if (fabs(series->x[i] - coverage) < distance) {
            distance = fabs(series->x[i] - coverage);
            best = line->y[i];
        }
    return best;
}

static bool tell_bin(const risk_pane *pane, char *out, size_t size) {
    char low[32], high[32], estimate[128];
    const sx_result *result = diagram(pane);
    if (!result || pane->bin < 0 || pane->bin >= (int)result->series.length) return false;
    const sx_line *line = &result->series.lines[sx_part_line(result, "accuracy")];
    double n = (double)result->series.length;
    sx_part_estimate(
        estimate, sizeof estimate, line->y[pane->bin], line->low ? line->low[pane->bin] : NAN,
        line->high ? line->high[pane->bin] : NAN, line->count ? line->count[pane->bin] : NAN);
    snprintf(out, size, "confidence %s to %s: accuracy %s", sx_number_shown(low, pane->bin / n, 2),
             sx_number_shown(high, (pane->bin + 1) / n, 2), estimate);
    return true;
}

/* What the cursor reads, the risk with its interval over the images that are answered; false if
 * there is none. */
static bool tell_cursor(const risk_pane *pane, char *out, size_t size) {
    char coverage[32], threshold[32], risk[32], low[32], high[32], count[32];
    if (pane->reliability) return tell_bin(pane, out, size);
    const sx_result *result = curves_result(pane);
    if (!result || isnan(pane->coverage)) return false;
    double value = risk_at(&result->series, &result->series.lines[0], pane->coverage);
    int used =
        snprintf(out, size, "coverage %s: risk %s", sx_number_shown(coverage, pane->coverage, 2),
                 sx_number_shown(risk, value, 3));
    double n = pane->items ? round(pane->coverage * (double)pane->items->table.rows) : 0;
    if (n >= 1 && value >= 0 && value <= 1) {
        sx_interval interval = sx_wilson(value * n, n);
        used += snprintf(out + used, size - (size_t)used, " [%s, %s]   n %s",
                         sx_number_shown(low, interval.low, 3),
                         sx_number_shown(high, interval.high, 3), sx_number_shown(count, n, 0));
    }
    snprintf(out + used, size - (size_t)used, ", threshold %s",
             sx_number_shown(threshold, pane->threshold, 2));
    return true;
}

/* The pictures behind the cursor: a bin's, or those that would be refused. */
static bool enter(void *state) {
    risk_pane *pane = state;
    const sx_result *result = diagram(pane);
    sx_desk *desk = pane->desk;
    if (!pane->items || !desk->now->data) return false;
    if (pane->reliability && result) {
        double n = (double)result->series.length;
        if (pane->bin < 0) run_move(pane, RIGHT, "");
        desk->least = pane->bin / n;
        desk->most = (pane->bin + 1) / n;
    } else {
        desk->least = 0;
        desk->most = isnan(pane->coverage) ? desk->threshold : pane->threshold;
    }
    return desk->wants_pictures = desk->most > desk->least;
}

static const sx_command commands[] = {
    {"left", "Left h", "", NULL, "the cursor to the left", run_move, LEFT, NULL, NULL},
    {"right", "Right l", "", NULL, "the cursor to the right", run_move, RIGHT, NULL, NULL},
    {"target-risk", "T", "[PERCENT]", "target risk",
     "coverage and threshold at a risk of 1, 2, 5 or 10 %", run_target, 0, target_choice, NULL},
    {"reliability", "r", "", "reliability", "the reliability diagram, or the risk-coverage curves",
     run_reliability, 0, NULL, NULL},
    {"log-risk", "L", "", NULL, "risk on a logarithmic axis, or a linear one", run_logarithmic, 0,
     NULL, NULL},
    SX_LENS_COMMANDS(run_lens, "< Up k", "> Down j", "Y v"),
    {0}};

/* ---- drawing ----------------------------------------------------------------------------------
 */

static void heading(const void *state, sx_heading *out) {
    const risk_pane *pane = state;
    sx_heading_add(out, 0, "", "Risk");
    sx_heading_add(out, 2, "", " · %s", pane->reliability ? "reliability" : "risk-coverage");
    sx_heading_add(out, 1, ", val", ", validation");
}

enum { MOST_CURVES = 6 };

static int curves_of(const sx_result *result, sx_curve curves[MOST_CURVES]) {
    int count = 0;
    for (int i = 0; i < result->series.line_count && count < MOST_CURVES; i++, count++)
        curves[count] = (sx_curve){.series = result,
                                   .line = i,
                                   .look = i,
                                   .dashed = !strcmp(result->series.lines[i].name, "oracle")};
    return count;
}

static sx_axes axes_of(const risk_pane *pane, int plot) {
    sx_axes axes = sx_axes_default();
    if (plot == CURVES) {
        axes.x_low = 0;
        axes.x_high = 1;
        axes.y_low = 0;
        axes.y_log = pane->logarithmic;
        axes.y_label = "risk";
        axes.x_label = "coverage";
        axes.cursor = guide_of(pane);
    }
    sx_lens_axes(&pane->x[plot], &pane->y[plot], &axes);
    return axes;
}

static void draw_curves(risk_pane *pane, sx_canvas *canvas, sx_box box) {
    const sx_result *result = curves_result(pane);
    if (!result) {
        sx_part_waiting(pane->desk, canvas, box, "The risk-coverage curve", SX_PART_MEASURED);
        return;
    }
    sx_curve curves[MOST_CURVES];
    sx_axes axes = axes_of(pane, CURVES);
    pane->mouse.boxes[CURVES] = box;
    sx_plot_curves(canvas, box, curves, curves_of(result, curves), &axes);
}

static void draw_reliability(risk_pane *pane, sx_canvas *canvas, sx_box box, bool focused) {
    const sx_result *result = sx_part_result(pane->desk, "reliability", SX_RESULT_SERIES);
    sx_axes axes = axes_of(pane, DIAGRAM);
    if (!result || result->series.length == 0) {
        sx_part_waiting(pane->desk, canvas, box, "The reliability diagram", SX_PART_MEASURED);
        return;
    }
    pane->mouse.boxes[DIAGRAM] = box;
    sx_plot_reliability(canvas, box, result, &axes, focused ? pane->bin : -1);
}

/* What is seen of the plots, beside the whole of them, for export. */
static bool figure(void *state, int row, char *name, size_t size, sx_figure *out) {
    static const char *const names[PLOTS] = {"risk-coverage", "reliability"};
    const risk_pane *pane = state;
    if (row >= PLOTS) return false;
    bool closer =
        sx_ends_are_chosen(&pane->x[row], &pane->y[row]) || (row == CURVES && pane->logarithmic);
    const sx_result *result = row == CURVES ? curves_result(pane) : diagram(pane);
    snprintf(name, size, "%s-closer", names[row]);
    *out = (sx_figure){.result = closer ? result : NULL,
                       .caption = pane->desk->now->caption,
                       .axes = axes_of(pane, row),
                       .as_diagram = row == DIAGRAM};
    if (out->result && row == CURVES) out->curve_count = curves_of(result, out->curves);
    return true;
}

/* ---- the mouse --------------------------------------------------------------------------------
 */

static double x_under(const risk_pane *pane, int plot, int column) {
    sx_box box = pane->mouse.boxes[plot];
    sx_axes axes = axes_of(pane, plot);
    sx_curve curves[MOST_CURVES];
    const sx_result *result = plot == CURVES ? curves_result(pane) : diagram(pane);
    if (!result) return NAN;
    if (plot == DIAGRAM)
        return sx_plot_confidence_at(pane->mouse.look, box, result, &axes, column - box.x);
    return sx_plot_x_at(pane->mouse.look, box, curves, curves_of(result, curves), &axes,
                        column - box.x);
}

/* A click puts the cursor of its plot; from there dragged, what lies between is seen. */
static void mouse(void *state, const char *what, int x, int y) {
    risk_pane *pane = state;
    sx_stroke stroke = sx_mouse_take(&pane->mouse, what, x, y);
    if (stroke.plot < 0) return;
    double from = x_under(pane, stroke.plot, stroke.from);
    sx_lens lens = lens_of(pane, stroke.plot);
    if (stroke.drag) {
        sx_lens_between(&lens, from, x_under(pane, stroke.plot, stroke.to));
    } else if (!isnan(from)) {
        pane->reliability = stroke.plot == DIAGRAM;
        if (stroke.plot == CURVES) put_coverage(pane, from);
        if (stroke.plot == DIAGRAM) pane->bin = bin_at(pane, from);
    }
}

static sx_segment figure_part(const char *name, double value, int decimals) {
    char shown[32];
    return sx_part_segment(SX_ROLE_TEXT, "%s %s", name, sx_number_shown(shown, value, decimals));
}

static void draw_figures(const risk_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_result *risk = sx_part_result(pane->desk, "risk", SX_RESULT_TABLE);
    const sx_result *calibration = sx_part_result(pane->desk, "calibration", SX_RESULT_TABLE);
    sx_segment parts[4] = {
        figure_part("AURC", sx_part_cell(risk, "max prob", "AURC"), 3),
        figure_part("E-AURC", sx_part_cell(risk, "max prob", "E-AURC"), 3),
        figure_part("ECE", sx_part_cell(calibration, "ECE", "value"), 3),
        figure_part("NLL", sx_part_cell(calibration, "NLL", "value"), 2),
    };
    sx_segments_draw(canvas, row, 0, parts, 4, 3);
}

/* Areas of all measures, and their operating points at the target. */
static void draw_measures(const risk_pane *pane, sx_canvas *canvas, sx_box box) {
    static const char *const columns[] = {"AURC", "E-AURC", "AUGRC"};
    const sx_result *risk = sx_part_result(pane->desk, "risk", SX_RESULT_TABLE);
    sx_style dim = sx_style_of(SX_ROLE_DIM), plain = sx_style_of(SX_ROLE_TEXT);
    enum { NAME = 10, COLUMN = 9, WIDE = NAME + 5 * COLUMN + 9 };
    bool wide = box.width >= WIDE;
    for (int c = 0; c < 3; c++)
        sx_canvas_text_right(canvas, box, NAME + (c + 1) * COLUMN, 0, dim, columns[c]);
    if (wide)
        sx_canvas_print(canvas, box, NAME + 3 * COLUMN + 3, 0, dim, "at risk %.0f %%: coverage",
                        targets[pane->target] * 100);
    for (int m = 0; m < SX_CONFIDENCES; m++) {
        const char *name = sx_confidence_name((sx_confidence)m);
        char shown[32], threshold[32];
        sx_canvas_text(canvas, box, 0, m + 1, plain, name);
        for (int c = 0; c < 3; c++)
            sx_canvas_text_right(canvas, box, NAME + (c + 1) * COLUMN, m + 1, plain,
                                 sx_number_shown(shown, sx_part_cell(risk, name, columns[c]), 4));
        if (wide)
            sx_canvas_print(canvas, box, NAME + 3 * COLUMN + 3, m + 1, plain, "%s, threshold %s",
                            sx_number_shown(shown, pane->points[m].coverage, 2),
                            sx_number_shown(threshold, pane->points[m].threshold, 2));
    }
}

static void draw_plots(risk_pane *pane, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    if (how.zoomed && box.width >= 76) {
        sx_box right = sx_box_take_columns(&box, -(box.width * 2 / 5));
        draw_reliability(pane, canvas, sx_box_inset(right, 2, 0, 0, 0),
                         how.focused && pane->reliability);
        draw_curves(pane, canvas, box);
    } else if (pane->reliability) {
        draw_reliability(pane, canvas, box, how.focused);
    } else {
        draw_curves(pane, canvas, box);
    }
}

static bool nothing_yet(const risk_pane *pane) {
    return !sx_part_result(pane->desk, "risk-coverage", SX_RESULT_SERIES) &&
           !sx_part_result(pane->desk, "reliability", SX_RESULT_SERIES) && !pane->items;
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    risk_pane *pane = state;
    sx_mouse_clear(&pane->mouse, canvas->look);
    if (nothing_yet(pane)) {
        sx_part_waiting(pane->desk, canvas, box, "The risk-coverage curve", SX_PART_MEASURED);
        return;
    }
    box = sx_box_inset(box, 1, 0, 1, 0);
    char text[160];
    if (!how.focused || !tell_cursor(pane, text, sizeof text))
        tell_point(pane, text, sizeof text, box.width);
    sx_segment point = sx_part_segment(SX_ROLE_TEXT, "%s", text);
    sx_segments_draw(canvas, sx_box_take_rows(&box, -1), 0, &point, 1, 0);
    if (box.height > 4) draw_figures(pane, canvas, sx_box_take_rows(&box, -1));
    if (how.zoomed && box.height >= 14)
        draw_measures(pane, canvas, sx_box_take_rows(&box, -(SX_CONFIDENCES + 2)));
    draw_plots(pane, canvas, box, how);
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void *open_pane(sx_desk *desk) {
    risk_pane *pane = sx_alloc(1, sizeof *pane);
    if (!pane) return NULL;
    *pane = (risk_pane){.desk = desk,
                        .target = 1,
                        .bin = -1,
                        .coverage = NAN,
                        .threshold = NAN,
                        .mouse = {.plot = -1}};
    for (int plot = 0; plot < PLOTS; plot++) pane->x[plot] = pane->y[plot] = sx_ends_free;
    find_points(pane);
    return pane;
}

static void close_pane(void *state) {
    risk_pane *pane = state;
    if (pane->items) sx_result_release(pane->items);
    sx_free(pane);
}

static json_t *state_of(const void *state) {
    const risk_pane *pane = state;
    const sx_operating_point *point = &pane->points[SX_CONFIDENCE_MAX_PROBABILITY];
    sx_ends seen = sx_lens_seen(&pane->x[pane->reliability ? DIAGRAM : CURVES], 0, 1);
    return json_pack("{s:f, s:o, s:o, s:b, s:o, s:o, s:i}", "target", targets[pane->target],
                     "coverage", sx_json_number(point->coverage), "threshold",
                     sx_json_number(point->threshold), "reliability", pane->reliability, "low",
                     sx_json_number(seen.low), "high", sx_json_number(seen.high), "bin", pane->bin);
}

static void layout(const void *state, sx_text *out) {
    const risk_pane *pane = state;
    sx_text_add(out, "target-risk %g\n", targets[pane->target] * 100);
    if (pane->reliability) sx_text_add(out, "reliability\n");
    if (pane->logarithmic) sx_text_add(out, "log-risk\n");
}

static const char *const results[] = {"risk-coverage", "reliability", "risk",
                                      "calibration",   "items",       NULL};

const sx_pane sx_pane_risk = {
    .name = "risk",
    .title = "Risk",
    .help = "risk-coverage, calibration, operating point",
    .explains = "If the network may refuse the images that it is least sure of, it "
                "answers fewer (coverage) and errs less among them (risk). The oracle "
                "is the best that any order of refusing could do. The reliability "
                "diagram asks whether it is right as often as it says: of the answers "
                "with a confidence of 0.8, 80 % should be right.",
    .tries =
        "Try: T asks for another risk; the arrows read a curve, and Enter shows the images that "
        "would be refused; r turns to the reliability diagram, whose bins open likewise; z comes "
        "closer.",
    .commands = commands,
    .results = results,
    .figure = figure,
    .open = open_pane,
    .close = close_pane,
    .update = update,
    .heading = heading,
    .view = SX_VIEW_SPAN(risk_pane, target, y),
    .restored = restored,
    .draw = draw,
    .mouse = mouse,
    .enter = enter,
    .layout = layout,
    .state = state_of};
