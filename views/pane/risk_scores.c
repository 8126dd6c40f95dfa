/* Scores of items inside and outside of the distribution, as shares of either in equal bins, with a
 * threshold that keys and mouse move, and the ROC that all thresholds draw. Inside is positive: the
 * true-positive rate is the share of inside items that are kept, their coverage; the false-positive
 * rate the share of outside items that are let through. All of it is composed when the tables or
 * the choice change, so that a frame only draws. */
#include "views/pane/risk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 40, MOST_POINTS = 400 };
#define USUAL_COVERAGE 0.95 /* of inside items, where the target risk gives no threshold */

/* As in tables of scores, and the column of items. */
static const struct {
    const char *name, *column;
    int sign; /* 1: larger is surer */
} scores[] = {{"max prob", "confidence", 1},
              {"entropy", "entropy", -1},
              {"margin", "margin", 1},
              {"expected entropy", "expected entropy", -1},
              {"mutual information", "mutual information", -1},
              {"std", "std", -1},
              {"range", "range", -1},
              {"vote share", "vote share", 1},
              {"vote entropy", "vote entropy", -1}};
enum { SCORES = sizeof scores / sizeof *scores };

const char *sx_risk_score_choice(void *state, size_t row) {
    (void)state;
    return row < SCORES ? scores[row].name : NULL;
}

static const double *numbers_of(const sx_result *table, const char *name) {
    const sx_column *column = sx_part_column(table, name);
    return column ? column->numbers : NULL;
}

bool sx_risk_has_score(const sx_risk_pane *pane, int score) {
    const char *column = scores[score].column;
    return numbers_of(pane->items, column) && (!pane->outside || numbers_of(pane->outside, column));
}

double sx_risk_key(const sx_risk_pane *pane, const sx_result *table, size_t row) {
    const double *numbers = numbers_of(table, scores[pane->is.score].column);
    return numbers ? scores[pane->is.score].sign * numbers[row] : NAN;
}

/* ---- sets -------------------------------------------------------------------------------------
 */

static const char *set_of(const sx_result *outside, size_t row) {
    const sx_column *column = sx_part_column(outside, "set");
    const char *text = column && column->texts ? column->texts[row] : NULL;
    return text ? text : "";
}

/* Sets are told by where they begin: rows of one set follow each other. */
const char *sx_risk_set_choice(void *state, size_t row) {
    const sx_risk_pane *pane = state;
    size_t seen = 0;
    if (row == 0) return "all";
    if (!pane || !pane->outside) return NULL;
    for (size_t i = 0; i < pane->outside->table.rows; i++)
        if (i == 0 || strcmp(set_of(pane->outside, i), set_of(pane->outside, i - 1)) != 0)
            if (++seen == row) return set_of(pane->outside, i);
    return NULL;
}

/* ---- ranking ----------------------------------------------------------------------------------
 */

static int surer_first(const void *a, const void *b) {
    double x = ((const sx_risk_picture *)a)->key, y = ((const sx_risk_picture *)b)->key;
    return (x < y) - (x > y);
}

/* Rows of the table in the ranking, those of `set` alone ("": all); `pairs` [rows] is room. */
static void rank(sx_risk_pane *pane, sx_risk_ranking *ranking, const sx_result *table,
                 const char *set, sx_risk_picture *pairs) {
    const double *wrong = numbers_of(table, "wrong");
    size_t n = 0;
    for (size_t row = 0; row < table->table.rows && row < UINT32_MAX; row++) {
        if (set[0] && strcmp(set_of(table, row), set) != 0) continue;
        double key = sx_risk_key(pane, table, row);
        if (isnan(key))
            ranking->unknown++;
        else
            pairs[n++] = (sx_risk_picture){key, (uint32_t)row};
    }
    qsort(pairs, n, sizeof *pairs, surer_first);
    for (size_t i = 0; i < n; i++) {
        ranking->keys[i] = pairs[i].key;
        ranking->wrong[i] = (i ? ranking->wrong[i - 1] : 0) + (wrong && wrong[pairs[i].row] > 0);
    }
    ranking->count = n;
}

static bool make_ranking(sx_risk_pane *pane, sx_risk_ranking *ranking, const sx_result *table,
                         const char *set) {
    size_t rows = table ? table->table.rows : 0;
    ranking->count = ranking->unknown = 0;
    if (rows == 0) return true;
    sx_risk_picture *pairs = sx_alloc(rows, sizeof *pairs);
    bool fine = pairs &&
                sx_grow((void **)&ranking->keys, &ranking->capacity, rows, sizeof(double)) &&
                sx_grow((void **)&ranking->wrong, &ranking->wrong_capacity, rows, sizeof(uint32_t));
    if (fine) rank(pane, ranking, table, set, pairs);
    sx_free(pairs);
    return fine;
}

/* How many have at least this key. */
static size_t kept(const sx_risk_ranking *ranking, double key) {
    size_t low = 0, high = ranking->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranking->keys[middle] >= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double share(const sx_risk_ranking *ranking, double key) {
    return ranking->count ? (double)kept(ranking, key) / (double)ranking->count : NAN;
}

/* ---- threshold --------------------------------------------------------------------------------
 */

/* The least key that keeps to the target risk, with as many as possible; else the one that keeps
 * the usual share. */
static double key_by_target(const sx_risk_pane *pane) {
    const sx_risk_ranking *inside = &pane->scores.inside;
    double best = NAN, target = sx_risk_target(pane);
    bool judged = numbers_of(pane->items, "wrong") != NULL;
    for (size_t i = 0; i < inside->count && judged; i++) {
        bool last_of_ties = i + 1 == inside->count || inside->keys[i + 1] < inside->keys[i];
        if (last_of_ties && inside->wrong[i] <= target * (double)(i + 1)) best = inside->keys[i];
    }
    if (!isnan(best) || inside->count == 0) return best;
    size_t usual = (size_t)ceil(USUAL_COVERAGE * (double)inside->count);
    return inside->keys[usual > 0 ? usual - 1 : 0];
}

double sx_risk_gate(const sx_risk_pane *pane) {
    return isnan(pane->scores.gate) ? pane->scores.by_target : pane->scores.gate;
}

double sx_risk_gate_key(const sx_risk_pane *pane) {
    return scores[pane->is.score].sign * sx_risk_gate(pane);
}

static void place_point(sx_risk_pane *pane) {
    sx_result *point = pane->scores.point;
    double key = sx_risk_gate_key(pane);
    if (!point) return;
    point->series.x[0] = isnan(key) ? NAN : share(&pane->scores.outside, key);
    point->series.lines[0].y[0] = isnan(key) ? NAN : share(&pane->scores.inside, key);
}

void sx_risk_put_gate(sx_risk_pane *pane, double score) {
    pane->scores.gate = score;
    place_point(pane);
    sx_risk_pictures_update(pane);
}

/* A fiftieth of what is seen. */
void sx_risk_move_gate(sx_risk_pane *pane, int by) {
    const sx_result *histogram = pane->scores.histogram;
    if (!histogram) return;
    const sx_series *series = &histogram->series;
    double low = series->x[0], high = series->x[series->length - 1];
    sx_ends seen = sx_lens_seen(&pane->is.x[SX_RISK_PLOT_HISTOGRAM], low, high);
    double from = sx_risk_gate(pane), stride = (seen.high - seen.low) / 50;
    if (isnan(from)) from = (low + high) / 2;
    sx_lens lens = sx_risk_lens(pane, SX_RISK_PLOT_HISTOGRAM);
    double to = (round(from / stride) + by) * stride;
    sx_risk_put_gate(pane, fmin(fmax(to, low), high));
    sx_lens_keep(&lens, sx_risk_gate(pane));
}

/* ---- what is composed -------------------------------------------------------------------------
 */

/* The values between which all scores lie, as they are shown. */
static void find_range(const sx_risk_pane *pane, double *low, double *high) {
    const sx_risk_ranking *both[2] = {&pane->scores.inside, &pane->scores.outside};
    *low = INFINITY;
    *high = -INFINITY;
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < both[i]->count; k++) {
            double value = scores[pane->is.score].sign * both[i]->keys[k];
            if (!isfinite(value)) continue;
            *low = fmin(*low, value);
            *high = fmax(*high, value);
        }
    if (!(*low <= *high)) *low = 0, *high = 1;
    if (*high - *low < 1e-12) *low -= 0.5, *high += 0.5; /* all tied */
}

/* Two points a bin, so that lines are steps: the upper left and the upper right corner. */
static void count_bins(const sx_risk_pane *pane, const sx_risk_ranking *ranking, double low,
                       double high, double *y) {
    for (int i = 0; i < 2 * BINS + 2; i++) y[i] = 0;
    for (size_t k = 0; k < ranking->count; k++) {
        double value = scores[pane->is.score].sign * ranking->keys[k];
        if (!isfinite(value)) continue;
        int bin = (int)((value - low) / (high - low) * BINS);
        bin = bin < 0 ? 0 : bin < BINS ? bin : BINS - 1;
        y[2 * bin + 1] += 1 / (double)ranking->count;
    }
    for (int bin = 0; bin < BINS; bin++) y[2 * bin + 2] = y[2 * bin + 1];
}

static void compose_histogram(sx_risk_pane *pane) {
    bool both = pane->scores.outside.count > 0;
    const char *set = sx_risk_set_choice(pane, (size_t)pane->is.set);
    double low, high;
    sx_result *r = sx_result_new(SX_RESULT_SERIES, "score-histogram", "Scores");
    if (!r || !sx_series_alloc(r, 2 * BINS + 2, 1 + both, false)) {
        sx_result_release(r);
        return;
    }
    const char *method = sx_risk_methods(pane) ? sx_risk_method_name(pane, pane->is.method) : "";
    r->title = sx_result_text(r, "Shares of items by %s%s%s", scores[pane->is.score].name,
                              *method ? ", " : "", method);
    r->step = pane->items->step;
    r->series.x_label = scores[pane->is.score].name;
    r->series.y_label = "share";
    r->series.lines[0].name = "inside";
    if (both)
        r->series.lines[1].name =
            sx_result_text(r, "outside: %s", pane->is.set && set ? set : "all");
    find_range(pane, &low, &high);
    for (int edge = 0; edge <= BINS; edge++)
        r->series.x[2 * edge] = r->series.x[2 * edge + 1] = low + (high - low) * edge / BINS;
    count_bins(pane, &pane->scores.inside, low, high, r->series.lines[0].y);
    if (both) count_bins(pane, &pane->scores.outside, low, high, r->series.lines[1].y);
    pane->scores.histogram = r;
}

/* At most so many thresholds, evenly among the keys of both. */
static void fill_roc(const sx_risk_pane *pane, sx_series *series) {
    const sx_risk_ranking *both[2] = {&pane->scores.inside, &pane->scores.outside};
    size_t points = series->length, i = 0, k = 0, all = both[0]->count + both[1]->count;
    series->x[0] = series->lines[0].y[0] = 0;
    for (size_t point = 1; point < points; point++) {
        size_t wanted = all * point / (points - 1);
        double key = INFINITY;
        while (i + k < wanted) {
            bool first =
                k == both[1]->count || (i < both[0]->count && both[0]->keys[i] >= both[1]->keys[k]);
            key = first ? both[0]->keys[i++] : both[1]->keys[k++];
        }
        bool more = key < INFINITY; /* else there are fewer keys than points: it stays there */
        series->x[point] = more ? share(both[1], key) : series->x[point - 1];
        series->lines[0].y[point] = more ? share(both[0], key) : series->lines[0].y[point - 1];
    }
}

/* An empty series of FPR and TPR; NULL if memory is out. */
static sx_result *new_roc(const sx_risk_pane *pane, const char *name, const char *line,
                          size_t points) {
    sx_result *r = sx_result_new(SX_RESULT_SERIES, name, "ROC");
    if (!r || !sx_series_alloc(r, points, 1, false)) {
        sx_result_release(r);
        return NULL;
    }
    r->title = sx_result_text(r, "Inside kept and outside let through, by %s",
                              scores[pane->is.score].name);
    r->step = pane->items->step;
    r->series.x_label = "outside let through (FPR)";
    r->series.y_label = "kept (TPR)";
    r->series.lines[0].name = line;
    return r;
}

static void compose_roc(sx_risk_pane *pane) {
    if (pane->scores.inside.count == 0 || pane->scores.outside.count == 0) return;
    pane->scores.roc = new_roc(pane, "score-roc", "ROC", MOST_POINTS);
    pane->scores.point = new_roc(pane, "score-threshold", "threshold", 1);
    if (pane->scores.roc) fill_roc(pane, &pane->scores.roc->series);
}

static void drop(sx_risk_pane *pane) {
    sx_result_release(pane->scores.histogram);
    sx_result_release(pane->scores.roc);
    sx_result_release(pane->scores.point);
    pane->scores.histogram = pane->scores.roc = pane->scores.point = NULL;
}

void sx_risk_scores_update(sx_risk_pane *pane) {
    const char *set = sx_risk_set_choice(pane, (size_t)pane->is.set);
    drop(pane);
    if (!set) pane->is.set = 0;
    if (!sx_risk_has_score(pane, pane->is.score)) pane->is.score = 0;
    bool fine = make_ranking(pane, &pane->scores.inside, pane->items, "") &&
                make_ranking(pane, &pane->scores.outside, pane->outside, pane->is.set ? set : "");
    if (!fine) sx_desk_say(pane->desk, "no memory to rank the scores");
    if (!fine) pane->scores.inside.count = pane->scores.outside.count = 0;
    pane->scores.by_target = scores[pane->is.score].sign * key_by_target(pane);
    if (pane->scores.inside.count == 0) return;
    compose_histogram(pane);
    compose_roc(pane);
    place_point(pane);
}

void sx_risk_scores_done(sx_risk_pane *pane) {
    sx_risk_ranking *both[2] = {&pane->scores.inside, &pane->scores.outside};
    drop(pane);
    for (int i = 0; i < 2; i++) {
        sx_free(both[i]->keys);
        sx_free(both[i]->wrong);
    }
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

int sx_risk_scores_curves(const sx_risk_pane *pane, int plot, sx_curve curves[SX_FIGURE_CURVES]) {
    const sx_result *histogram = pane->scores.histogram;
    if (plot == SX_RISK_PLOT_ROC) {
        if (!pane->scores.roc || !pane->scores.point) return 0;
        curves[0] = (sx_curve){.series = pane->scores.roc};
        curves[1] = (sx_curve){.series = pane->scores.point, .look = 1, .marks = true};
        return 2;
    }
    int count = histogram ? histogram->series.line_count : 0;
    for (int i = 0; i < count; i++)
        curves[i] = (sx_curve){.series = histogram, .line = i, .look = i};
    return count;
}

/* What the study says of this method, set and score; NaN if nothing. */
static double published(const sx_risk_pane *pane, const char *figure) {
    const sx_result *table = sx_risk_table_result(pane, SX_RISK_OF_SETS);
    const sx_column *texts[3] = {sx_part_column(table, "method"), sx_part_column(table, "set"),
                                 sx_part_column(table, "score")};
    const char *wanted[3] = {sx_risk_method_name(pane, pane->is.method),
                             sx_risk_set_choice((void *)(uintptr_t)pane, (size_t)pane->is.set),
                             scores[pane->is.score].name};
    const double *numbers = numbers_of(table, figure);
    for (size_t row = 0; numbers && row < table->table.rows; row++) {
        bool same = true;
        for (int i = 0; i < 3 && same; i++)
            same = texts[i] && texts[i]->texts && texts[i]->texts[row] && wanted[i] &&
                   !strcmp(texts[i]->texts[row], wanted[i]);
        if (same) return numbers[row];
    }
    return NAN;
}

/* What a threshold does; the rates are also coverage and what is let through. */
void sx_risk_tell_gate(const sx_risk_pane *pane, char *out, size_t size, int columns) {
    char gate[32], tpr[32], fpr[32], risk[32], area[32];
    const sx_risk_ranking *inside = &pane->scores.inside, *outside = &pane->scores.outside;
    double key = sx_risk_gate_key(pane), auroc = published(pane, "AUROC");
    size_t n = kept(inside, key);
    double wrong =
        n > 0 && numbers_of(pane->items, "wrong") ? inside->wrong[n - 1] / (double)n : NAN;
    int used = snprintf(
        out, size, "%s %s %s: coverage (TPR) %s, FPR %s, risk %s", scores[pane->is.score].name,
        scores[pane->is.score].sign > 0 ? "from" : "up to",
        sx_number_shown(gate, sx_risk_gate(pane), 3), sx_number_shown(tpr, share(inside, key), 3),
        sx_number_shown(fpr, share(outside, key), 3), sx_number_shown(risk, wrong, 3));
    if (!isnan(auroc) && used + 14 <= columns)
        snprintf(out + used, size - (size_t)used, "   AUROC %s", sx_number_shown(area, auroc, 3));
}

static void draw_plot(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, int plot) {
    sx_curve curves[SX_FIGURE_CURVES];
    int count = sx_risk_scores_curves(pane, plot, curves);
    sx_axes axes = sx_risk_axes(pane, plot);
    pane->mouse.boxes[plot] = box;
    sx_plot_curves(canvas, box, curves, count, &axes);
}

void sx_risk_draw_scores(sx_risk_pane *pane, sx_canvas *canvas, sx_box box) {
    if (!pane->scores.histogram) {
        sx_part_waiting(pane->desk, canvas, box, "The histogram of scores", SX_PART_MEASURED);
        return;
    }
    sx_box roc = {0};
    if (pane->scores.roc && box.width >= 70)
        roc = sx_box_inset(sx_box_take_columns(&box, -(box.width * 2 / 5)), 2, 0, 0, 0);
    else if (pane->scores.roc && box.height >= 20)
        roc = sx_box_take_rows(&box, -box.height / 2);
    if (roc.height > 0) draw_plot(pane, canvas, roc, SX_RISK_PLOT_ROC);
    draw_plot(pane, canvas, box, SX_RISK_PLOT_HISTOGRAM);
}
