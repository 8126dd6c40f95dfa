/* Curves of risk and coverage, reliability diagrams, figures of calibration and the guarantees of
 * each method. */
#include "core/study/scoring_sheet.h"

#include <math.h>
#include <string.h>

#define TARGET_RISK 0.02 /* of the operating point that is shown */

static sx_status end(const sx_sheet *sheet, sx_result *r, bool memory, sx_error *err) {
    if (memory) return sx_sheet_publish(sheet, r, err);
    sx_result_release(r);
    return sx_sheet_no_memory(err);
}

static size_t errors_of(const sx_sheet_method *m) {
    size_t errors = 0;
    for (size_t i = 0; i < m->scored->n; i++) errors += m->scored->wrong[i];
    return errors;
}

static double coverage_at(const sx_sheet *sheet, size_t point) {
    size_t n = sheet->scoring.n;
    return (double)((point + 1) * n / sheet->points) / (double)n;
}

/* Coverage and, as the last line, the oracle of a method's errors. */
static sx_result *make_series(const sx_sheet *sheet, const char *name, const char *title, int lines,
                              const sx_sheet_method *of, bool bands) {
    sx_result *r = sx_result_new(SX_RESULT_SERIES, name, title);
    size_t n = sheet->scoring.n, errors = errors_of(of);
    if (!r || !sx_series_alloc(r, sheet->points, lines, bands)) {
        sx_result_release(r);
        return NULL;
    }
    r->series.x_label = "coverage";
    r->series.y_label = "risk";
    r->series.lines[lines - 1].name = "oracle";
    for (size_t p = 0; p < sheet->points; p++) {
        r->series.x[p] = coverage_at(sheet, p);
        r->series.lines[lines - 1].y[p] = sx_oracle_risk((p + 1) * n / sheet->points, n, errors);
    }
    return r;
}

sx_status sx_sheet_methods_curve(const sx_sheet *sheet, sx_error *err) {
    sx_result *r = make_series(sheet, "risk-coverage-methods", "Risk at coverage, by max prob",
                               sheet->count + 1, &sheet->methods[0], true);
    bool memory = r != NULL;
    for (int k = 0; memory && k < sheet->count; k++) {
        const sx_sheet_method *m = &sheet->methods[k];
        sx_line *line = &r->series.lines[k];
        int first = sx_sheet_curve_figure(sheet, m);
        line->name = sx_result_text(r, "%s", m->method.name);
        memory = line->name != NULL;
        for (size_t p = 0; p < sheet->points; p++) {
            line->y[p] = m->figures[first + (int)p];
            line->low[p] = m->intervals[first + (int)p].low;
            line->high[p] = m->intervals[first + (int)p].high;
        }
    }
    return end(sheet, r, memory, err);
}

/* ---- of each method ---------------------------------------------------------------------------
 */

static const char *title_of(char out[160], const char *what, const sx_sheet_method *m) {
    sx_text text = {0};
    sx_text_add(&text, "%s, %s", what, m->method.name);
    sx_text_set(out, 160, text.data ? text.data : what);
    sx_text_done(&text);
    return out;
}

static sx_status publish_scores(const sx_sheet *sheet, int k, sx_error *err) {
    const sx_sheet_method *m = &sheet->methods[k];
    char name[48], title[160];
    double coverage[SX_SHEET_POINTS];
    sx_result *r = make_series(sheet, sx_sheet_name(name, "risk-coverage", k),
                               title_of(title, "Risk at coverage", m), m->count + 1, m, false);
    for (int s = 0; r && s < m->count; s++) {
        int row = m->rows[s];
        r->series.lines[s].name = sx_score_at(row)->name;
        if (m->rankings[row].n)
            sx_ranked_curve((sx_ranked){&m->rankings[row], sx_scored_wrong(m->scored, row), NULL},
                            sheet->points, coverage, r->series.lines[s].y);
    }
    return end(sheet, r, r != NULL, err);
}

static void count_bins(const sx_sheet_method *m, sx_reliability_bin bins[SX_RELIABILITY_BINS]) {
    const double *confidence = m->scored->confidence[SX_SCORE_MAX_PROBABILITY];
    memset(bins, 0, SX_RELIABILITY_BINS * sizeof *bins);
    for (size_t i = 0; i < m->scored->n; i++) {
        int b = (int)(confidence[i] * SX_RELIABILITY_BINS);
        sx_reliability_bin *bin = &bins[b < SX_RELIABILITY_BINS ? b : SX_RELIABILITY_BINS - 1];
        bin->count++;
        bin->confidence += confidence[i];
        bin->accuracy += !m->scored->wrong[i];
    }
}

static sx_status publish_reliability(const sx_sheet *sheet, int k, sx_error *err) {
    const sx_sheet_method *m = &sheet->methods[k];
    sx_reliability_bin bins[SX_RELIABILITY_BINS];
    char name[48], title[160];
    sx_result *r = sx_result_new(SX_RESULT_SERIES, sx_sheet_name(name, "reliability", k),
                                 title_of(title, "Reliability of max probability", m));
    if (!r || !sx_series_alloc(r, SX_RELIABILITY_BINS, 2, true)) return end(sheet, r, false, err);
    sx_line *lines = r->series.lines;
    r->series.x_label = "confidence";
    r->series.y_label = lines[0].name = "accuracy";
    lines[1].name = "confidence";
    r->series.few = 10;
    count_bins(m, bins);
    for (int b = 0; b < SX_RELIABILITY_BINS; b++) {
        double count = (double)bins[b].count, right = bins[b].accuracy;
        sx_interval interval = sx_wilson(right, count);
        r->series.x[b] = (b + 0.5) / SX_RELIABILITY_BINS;
        lines[0].y[b] = count > 0 ? right / count : (double)NAN;
        lines[0].low[b] = interval.low;
        lines[0].high[b] = interval.high;
        lines[1].y[b] = count > 0 ? bins[b].confidence / count : (double)NAN;
        lines[0].count[b] = lines[1].count[b] = count;
    }
    return end(sheet, r, true, err);
}

static sx_status publish_calibration(const sx_sheet *sheet, int k, sx_error *err) {
    static const char *const columns[] = {"figure", "value"};
    const sx_sheet_method *m = &sheet->methods[k];
    const double *confidence = m->scored->confidence[SX_SCORE_MAX_PROBABILITY];
    const sx_ranking *ranking = &m->rankings[SX_SCORE_MAX_PROBABILITY];
    const sx_binning binning = {SX_RELIABILITY_BINS, SX_EDGES_FLOOR};
    char name[48], title[160];
    sx_proper p;
    if (m->scored->loss)
        sx_proper_of(m->scored, ranking, NULL, binning, &p);
    else
        sx_proper_of_top(confidence, (sx_ranked){ranking, m->scored->wrong, NULL}, binning, &p);
    const struct {
        const char *name;
        double value;
    } rows[] = {{"accuracy", p.accuracy},
                {"ECE", p.ece},
                {"MCE", p.mce},
                {"NLL", p.nll},
                {"Brier", p.brier},
                {"adaptive ECE", p.adaptive_ece},
                {"RMSCE", p.rmsce},
                {"Brier, mean of classes", p.brier_mean},
                {"Brier of max prob", p.top_brier},
                {"  reliability", p.reliability},
                {"  less resolution", p.resolution},
                {"  uncertainty", p.uncertainty},
                {"  variance within bins", p.variance},
                {"  less covariance within bins", p.covariance}};
    enum { ROWS = sizeof rows / sizeof *rows };
    sx_result *r = sx_table_new(sx_sheet_name(name, "calibration", k),
                                title_of(title, "Calibration, 15 bins", m), ROWS, columns, 2, 1);
    for (int i = 0; r && i < ROWS; i++) {
        r->table.columns[0].texts[i] = rows[i].name;
        r->table.columns[1].numbers[i] = rows[i].value;
    }
    return end(sheet, r, r != NULL, err);
}

static sx_status publish_risk(const sx_sheet *sheet, int k, sx_error *err) {
    static const char *const columns[] = {"measure",         "AURC",     "E-AURC", "AUGRC",
                                          "coverage at 2 %", "threshold"};
    const sx_sheet_method *m = &sheet->methods[k];
    char name[48], title[160];
    size_t rows = 0;
    while ((int)rows < m->count && m->rows[rows] <= SX_SCORE_MARGIN) rows++;
    sx_result *r = sx_table_new(sx_sheet_name(name, "risk", k),
                                title_of(title, "Selective risk", m), rows, columns, 6, 1);
    for (size_t s = 0; r && s < rows; s++) {
        int row = m->rows[s];
        sx_operating_point point = sx_ranked_coverage_at(
            (sx_ranked){&m->rankings[row], m->scored->wrong, NULL}, TARGET_RISK);
        r->table.columns[0].texts[s] = sx_score_at(row)->name;
        for (int f = 0; f < 3; f++)
            r->table.columns[1 + f].numbers[s] = m->figures[sx_sheet_score_figure((int)s) + f];
        r->table.columns[4].numbers[s] = point.coverage;
        /* as it is shown: entropy, where less is surer */
        r->table.columns[5].numbers[s] =
            sx_score_at(row)->larger_is_surer ? point.threshold : -point.threshold;
    }
    return end(sheet, r, r != NULL, err);
}

sx_status sx_sheet_curves(const sx_sheet *sheet, sx_error *err) {
    sx_status status = SX_OK;
    for (int k = 0; !status && k < sheet->count; k++) {
        bool probable = sheet->methods[k].probable;
        status = publish_scores(sheet, k, err);
        if (!status && probable) status = publish_reliability(sheet, k, err);
        if (!status && probable) status = publish_calibration(sheet, k, err);
        if (!status) status = publish_risk(sheet, k, err);
    }
    return status;
}

/* ---- guarantees -------------------------------------------------------------------------------
 */

static sx_status add_guarantee(const sx_sheet_method *m, double target, double delta, size_t row,
                               sx_result *r, sx_error *err) {
    sx_ranked items = {&m->rankings[SX_SCORE_MAX_PROBABILITY], m->scored->wrong, NULL};
    sx_guarantee g = {.found = {.threshold = NAN, .bound = NAN, .coverage = NAN}};
    sx_operating_point point = {NAN, NAN};
    if (items.ranking->n) {
        sx_status status = sx_guarantee_search(items, target, delta, &g, err);
        if (status) return status;
        point = sx_ranked_coverage_at(items, target);
    }
    const double values[] = {target,           delta,          g.found.threshold,
                             g.found.coverage, g.found.bound,  (double)g.found.errors,
                             point.coverage,   point.threshold};
    r->table.columns[0].texts[row] = sx_result_text(r, "%s", m->method.name);
    for (int c = 0; c < 8; c++) r->table.columns[1 + c].numbers[row] = values[c];
    return r->table.columns[0].texts[row] ? SX_OK : sx_sheet_no_memory(err);
}

sx_status sx_sheet_guarantee(const sx_sheet *sheet, sx_error *err) {
    static const char *const columns[] = {"method",
                                          "target",
                                          "delta",
                                          "threshold",
                                          "coverage",
                                          "bound",
                                          "errors",
                                          "empirical coverage",
                                          "empirical threshold"};
    static const double usual[] = {0.01, 0.02, 0.05, 0.1};
    const sx_scoring *s = &sheet->scoring;
    const double *targets = s->targets ? s->targets : usual;
    size_t count = s->targets ? (size_t)s->target_count : sizeof usual / sizeof *usual, row = 0;
    double delta = s->delta > 0 ? s->delta : 0.001;
    sx_result *r = sx_table_new("guarantee", "Coverage with guaranteed risk, by max prob",
                                count * (size_t)sheet->count, columns, 9, 1);
    sx_status status = r ? SX_OK : sx_sheet_no_memory(err);
    for (int k = 0; k < sheet->count; k++)
        for (size_t t = 0; !status && t < count; t++, row++)
            status = add_guarantee(&sheet->methods[k], targets[t], delta, row, r, err);
    if (!status) return sx_sheet_publish(sheet, r, err);
    sx_result_release(r);
    return status;
}
