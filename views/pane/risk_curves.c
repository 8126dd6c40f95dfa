/* Risk-coverage curves: three measures of one network with the oracle's, or all methods that are
 * chosen to be shown, each ranked by its largest probability. A method keeps its place, and with it
 * colour and pattern, while others come and go; the highlighted one is named first in what is told,
 * and its interval is drawn. */
#include "views/pane/risk.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const sx_result *with_lines(const sx_result *result) {
    return result && result->series.length > 0 && result->series.line_count > 0 ? result : NULL;
}

static const sx_result *all_methods(const sx_risk_pane *pane) {
    return with_lines(sx_part_result(pane->desk, "risk-coverage-methods", SX_RESULT_SERIES));
}

bool sx_risk_has_all(const sx_risk_pane *pane) {
    return sx_risk_methods(pane) > 1 && all_methods(pane);
}

const sx_result *sx_risk_curves_result(const sx_risk_pane *pane) {
    if (sx_risk_has_all(pane)) return all_methods(pane);
    return with_lines(sx_risk_result(pane, "risk-coverage", SX_RESULT_SERIES));
}

/* ---- which are shown --------------------------------------------------------------------------
 */

int sx_risk_place(const sx_risk_pane *pane, int method) {
    for (int i = 0; i < SX_RISK_SHOWN; i++)
        if (pane->is.shown[i] == method) return i;
    return -1;
}

/* A place, and with it a look, that no method has; -1: none. */
static int unused_place(const sx_risk_pane *pane) {
    for (int i = 0; i < SX_RISK_SHOWN; i++)
        if (pane->is.shown[i] < 0 || pane->is.shown[i] >= sx_risk_methods(pane)) return i;
    return -1;
}

void sx_risk_show(sx_risk_pane *pane, int method) {
    int place = sx_risk_place(pane, method), unused = unused_place(pane);
    const char *name = sx_risk_method_name(pane, method);
    if (place >= 0) {
        pane->is.shown[place] = -1;
        sx_desk_say(pane->desk, "%s is shown only while it is highlighted", name);
    } else if (unused >= 0) {
        pane->is.shown[unused] = (signed char)method;
        sx_desk_say(pane->desk, "%s is shown", name);
    } else {
        sx_desk_say(pane->desk, "%d curves are as many as can be told apart: n and d hide another",
                    SX_RISK_SHOWN);
        pane->desk->bad = true;
    }
}

/* Those of one network: as many as there are looks. */
static int curves_of_one(const sx_result *result, sx_curve *curves) {
    int count = 0;
    for (int i = 0; i < result->series.line_count && count < SX_RISK_SHOWN; i++, count++)
        curves[count] = (sx_curve){.series = result,
                                   .line = i,
                                   .look = i,
                                   .dashed = !strcmp(result->series.lines[i].name, "oracle")};
    return count;
}

static int line_of_method(const sx_risk_pane *pane, const sx_result *result) {
    return sx_risk_has_all(pane) && pane->is.method < result->series.line_count ? pane->is.method
                                                                                : 0;
}

int sx_risk_curves_of(const sx_risk_pane *pane, sx_curve curves[SX_FIGURE_CURVES]) {
    const sx_result *result = sx_risk_curves_result(pane);
    if (!result) return 0;
    if (!sx_risk_has_all(pane)) return curves_of_one(result, curves);
    int count = 0, methods = sx_risk_methods(pane), lines = result->series.line_count;
    for (int method = 0; method < methods && method < lines; method++) {
        int place = sx_risk_place(pane, method);
        bool highlighted = method == pane->is.method;
        if (place < 0 && !highlighted) continue;
        curves[count++] = (sx_curve){.series = result,
                                     .line = method,
                                     .label = highlighted ? pane->label : NULL,
                                     .look = place < 0 ? SX_RISK_SHOWN - 1 : place,
                                     .dashed = place < 0,
                                     .band = highlighted};
    }
    int oracle = sx_part_line(result, "oracle"), unused = unused_place(pane);
    if (oracle >= methods)
        curves[count++] = (sx_curve){
            .series = result, .line = oracle, .look = unused < 0 ? 0 : unused, .dashed = true};
    return count;
}

/* ---- cursor -----------------------------------------------------------------------------------
 */

/* Where the guide of the curves stands: the cursor, or the operating point. */
double sx_risk_guide(const sx_risk_pane *pane) {
    return isnan(pane->coverage) ? pane->points[SX_CONFIDENCE_MAX_PROBABILITY].coverage
                                 : pane->coverage;
}

void sx_risk_put_coverage(sx_risk_pane *pane, double coverage) {
    pane->coverage = coverage < 0 ? 0 : coverage > 1 ? 1 : coverage;
    sx_risk_find_threshold(pane);
}

/* A fiftieth of what is seen. */
void sx_risk_move_coverage(sx_risk_pane *pane, int by) {
    double from = sx_risk_guide(pane);
    if (isnan(from)) return;
    sx_lens lens = sx_risk_lens(pane, SX_RISK_PLOT_CURVES);
    sx_ends seen = sx_lens_seen(&pane->is.x[SX_RISK_PLOT_CURVES], 0, 1);
    double strides = 50 / fmin(seen.high - seen.low, 1);
    sx_risk_put_coverage(pane, round(from * strides + by) / strides);
    sx_lens_keep(&lens, pane->coverage);
}

/* The point of a series that is nearest to a coverage. */
static size_t point_at(const sx_series *series, double coverage) {
    size_t best = 0;
    for (size_t i = 1; i < series->length; i++)
        if (fabs(series->x[i] - coverage) < fabs(series->x[best] - coverage)) best = i;
    return best;
}

/* The risk's interval: as published, else over the images that are answered. */
static sx_interval interval_at(const sx_risk_pane *pane, const sx_line *line, size_t at, double n) {
    if (line->low && line->high && !isnan(line->low[at]) && !isnan(line->high[at]))
        return (sx_interval){line->low[at], line->high[at]};
    double risk = line->y[at];
    bool known = pane->items && n >= 1 && risk >= 0 && risk <= 1;
    return known ? sx_wilson(risk * n, n) : (sx_interval){NAN, NAN};
}

bool sx_risk_tell_coverage(const sx_risk_pane *pane, char *out, size_t size) {
    char coverage[32], threshold[32], risk[32], low[32], high[32], count[32];
    const sx_result *result = sx_risk_curves_result(pane);
    if (!result || isnan(pane->coverage)) return false;
    const sx_line *line = &result->series.lines[line_of_method(pane, result)];
    size_t at = point_at(&result->series, pane->coverage);
    double n = pane->items ? round(pane->coverage * (double)pane->items->table.rows) : 0;
    sx_interval interval = interval_at(pane, line, at, n);
    int used =
        snprintf(out, size, "coverage %s: risk %s", sx_number_shown(coverage, pane->coverage, 2),
                 sx_number_shown(risk, line->y[at], 3));
    if (!isnan(interval.low))
        used += snprintf(out + used, size - (size_t)used, " [%s, %s]   n %s",
                         sx_number_shown(low, interval.low, 3),
                         sx_number_shown(high, interval.high, 3), sx_number_shown(count, n, 0));
    snprintf(out + used, size - (size_t)used, ", threshold %s",
             sx_number_shown(threshold, pane->threshold, 2));
    return true;
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

void sx_risk_draw_curves(sx_risk_pane *pane, sx_canvas *canvas, sx_box box) {
    sx_curve curves[SX_FIGURE_CURVES];
    int count = sx_risk_curves_of(pane, curves);
    if (count == 0) {
        sx_part_waiting(pane->desk, canvas, box, "The risk-coverage curve", SX_PART_MEASURED);
        return;
    }
    sx_axes axes = sx_risk_axes(pane, SX_RISK_PLOT_CURVES);
    pane->mouse.boxes[SX_RISK_PLOT_CURVES] = box;
    sx_plot_curves(canvas, box, curves, count, &axes);
}

static sx_segment figure_part(const char *name, double value, int decimals) {
    char shown[32];
    return sx_part_segment(SX_ROLE_TEXT, "%s %s", name, sx_number_shown(shown, value, decimals));
}

/* A figure of the highlighted method; of one network as its own tables have it. */
static double figure_of(const sx_risk_pane *pane, const char *name, const sx_result *table,
                        const char *row, const char *column) {
    const sx_result *methods = sx_risk_table_result(pane, SX_RISK_OF_METHODS);
    const sx_column *found = sx_part_column(methods, name);
    if (found && found->numbers && (size_t)pane->is.method < methods->table.rows)
        return found->numbers[pane->is.method];
    return sx_part_cell(table, row, column);
}

void sx_risk_draw_figures(const sx_risk_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_result *risk = sx_part_result(pane->desk, "risk", SX_RESULT_TABLE);
    const sx_result *calibration = sx_risk_result(pane, "calibration", SX_RESULT_TABLE);
    sx_segment parts[5] = {{0}};
    if (sx_risk_methods(pane) > 0)
        parts[0] = sx_part_segment(SX_ROLE_TITLE, "%s", sx_risk_method_name(pane, pane->is.method));
    parts[1] = figure_part("AURC", figure_of(pane, "AURC", risk, "max prob", "AURC"), 3);
    parts[2] = figure_part("E-AURC", figure_of(pane, "E-AURC", risk, "max prob", "E-AURC"), 3);
    parts[3] = figure_part("ECE", figure_of(pane, "ECE", calibration, "ECE", "value"), 3);
    parts[4] = figure_part("NLL", figure_of(pane, "NLL", calibration, "NLL", "value"), 2);
    bool named = parts[0].text[0] != 0;
    sx_segments_draw(canvas, row, 0, parts + !named, 4 + named, 3);
}

/* A figure of a measure of confidence: as the table of scores has it, or that of one network. */
static double measure_of(const sx_risk_pane *pane, const char *score, const char *figure) {
    const sx_result *table = sx_risk_table_result(pane, SX_RISK_OF_SCORES);
    const sx_column *methods = sx_part_column(table, "method");
    const sx_column *names = sx_part_column(table, "score");
    const sx_column *found = sx_part_column(table, figure);
    const char *method = sx_risk_method_name(pane, pane->is.method);
    bool fine = methods && methods->texts && names && names->texts && found && found->numbers;
    for (size_t i = 0; fine && i < table->table.rows; i++)
        if (methods->texts[i] && names->texts[i] && !strcmp(methods->texts[i], method) &&
            !strcmp(names->texts[i], score))
            return found->numbers[i];
    return sx_part_cell(sx_part_result(pane->desk, "risk", SX_RESULT_TABLE), score, figure);
}

/* Areas of all measures, and their operating points at the target. */
void sx_risk_draw_measures(const sx_risk_pane *pane, sx_canvas *canvas, sx_box box) {
    static const char *const columns[] = {"AURC", "E-AURC", "AUGRC"};
    sx_style dim = sx_style_of(SX_ROLE_DIM), plain = sx_style_of(SX_ROLE_TEXT);
    enum { NAME = 10, COLUMN = 9, WIDE = NAME + 5 * COLUMN + 9 };
    bool wide = box.width >= WIDE;
    for (int c = 0; c < 3; c++)
        sx_canvas_text_right(canvas, box, NAME + (c + 1) * COLUMN, 0, dim, columns[c]);
    if (wide)
        sx_canvas_print(canvas, box, NAME + 3 * COLUMN + 3, 0, dim, "at risk %.0f %%: coverage",
                        sx_risk_target(pane) * 100);
    for (int m = 0; m < SX_CONFIDENCES; m++) {
        const char *name = sx_confidence_name((sx_confidence)m);
        char shown[32], threshold[32];
        sx_canvas_text(canvas, box, 0, m + 1, plain, name);
        for (int c = 0; c < 3; c++)
            sx_canvas_text_right(canvas, box, NAME + (c + 1) * COLUMN, m + 1, plain,
                                 sx_number_shown(shown, measure_of(pane, name, columns[c]), 4));
        if (wide)
            sx_canvas_print(canvas, box, NAME + 3 * COLUMN + 3, m + 1, plain, "%s, threshold %s",
                            sx_number_shown(shown, pane->points[m].coverage, 2),
                            sx_number_shown(threshold, pane->points[m].threshold, 2));
    }
}
