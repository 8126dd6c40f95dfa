/* What methods say is brought into the order of each score once; then every figure is a pass over
 * it. Methods that diverged have figures that are not numbers, and hinder no other. */
#include "core/study/scoring_sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

sx_status sx_sheet_no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to score predictions");
}

static bool is_stopped(const sx_scoring *scoring) {
    return scoring->stop && atomic_load(scoring->stop);
}

/* ---- order ------------------------------------------------------------------------------------
 */

static sx_status check(const sx_scoring *scoring, const sx_method *methods, int count,
                       sx_error *err) {
    if (count < 1 || count > SX_METHODS || scoring->sets > SX_OUTSIDE_SETS)
        return sx_fail(err, SX_BAD_INPUT, "1 to %d methods and up to %d other sets can be scored",
                       SX_METHODS, SX_OUTSIDE_SETS);
    for (int k = 0; k < count; k++) {
        const sx_ensemble *e = methods[k].inside;
        bool same = methods[k].given ? methods[k].given->n == scoring->n
                                     : e && e->labels && e->n == scoring->n;
        if (!same)
            return sx_fail(err, SX_BAD_INPUT, "'%.80s' does not speak of the same items",
                           methods[k].name);
    }
    return SX_OK;
}

static bool are_probabilities(const sx_scored *scored) {
    const double *c = scored->confidence[SX_SCORE_MAX_PROBABILITY];
    for (size_t i = 0; c && i < scored->n; i++)
        if (!(c[i] >= 0 && c[i] <= 1)) return false;
    return c != NULL;
}

static sx_status rank_inside(const sx_scoring *scoring, sx_sheet_method *m, sx_error *err) {
    sx_status status = SX_OK;
    m->scored = m->method.given;
    if (!m->scored) {
        status = sx_scored_new(m->method.inside, scoring->pool, &m->own, err);
        m->scored = &m->own;
    }
    if (status) return status;
    m->probable = are_probabilities(m->scored);
    for (int row = 0; row < SX_SCORE_ROWS; row++)
        if (m->scored->confidence[row]) m->rows[m->count++] = row;
    return sx_rankings_new((const double *const *)m->scored->confidence, SX_SCORE_ROWS,
                           m->scored->n, scoring->pool, m->rankings, err);
}

/* A task for each score. */
typedef struct {
    sx_sheet_method *m;
    int set;
    sx_status status[SX_SCORE_ROWS];
    sx_error errors[SX_SCORE_ROWS];
} detecting;

static void rank_score(void *context, int score, int worker) {
    detecting *d = context;
    sx_sheet_detection *to = &d->m->detections[d->set][score];
    const sx_scored *in = d->m->scored, *out = &d->m->outside[d->set];
    int row = d->m->rows[score];
    (void)worker;
    to->flags = sx_alloc(in->n + out->n, 1);
    if (!to->flags)
        d->status[score] = sx_sheet_no_memory(&d->errors[score]);
    else if (out->confidence[row])
        d->status[score] = sx_detection_ranking(in->confidence[row], in->n, out->confidence[row],
                                                out->n, &to->ranking, to->flags, &d->errors[score]);
}

/* A score that is not a number is no score; only want of memory is an error. */
static sx_status rank_outside(const sx_scoring *scoring, sx_sheet_method *m, int set,
                              sx_error *err) {
    const sx_ensemble *e = m->method.outside ? m->method.outside[set] : NULL;
    const sx_scored *given = m->method.outside_given ? m->method.outside_given[set] : NULL;
    detecting d = {.m = m, .set = set};
    if (!e && !given) return SX_OK;
    sx_status status = SX_OK;
    if (given)
        m->outside[set] = *given;
    else
        status = sx_scored_new(e, scoring->pool, &m->outside[set], err);
    if (status) return status;
    sx_pool_run(scoring->pool, m->count, rank_score, &d);
    for (int score = 0; score < m->count; score++)
        if (d.status[score] == SX_NO_MEMORY) return sx_sheet_no_memory(err);
    return SX_OK;
}

static sx_status make_method(sx_sheet *sheet, sx_sheet_method *m, sx_error *err) {
    const sx_scoring *scoring = &sheet->scoring;
    sx_status status = rank_inside(scoring, m, err);
    for (int set = 0; !status && set < scoring->sets; set++)
        status = rank_outside(scoring, m, set, err);
    if (status) return status;
    if (is_stopped(scoring)) return sx_fail(err, SX_CANCELLED, "stopped");
    m->figure_count = sx_sheet_curve_figure(sheet, m) + (int)sheet->points;
    m->figures = sx_alloc((size_t)m->figure_count, sizeof *m->figures);
    m->intervals = sx_alloc((size_t)m->figure_count, sizeof *m->intervals);
    if (!m->figures || !m->intervals) return sx_sheet_no_memory(err);
    for (int i = 0; i < m->figure_count; i++) m->intervals[i] = (sx_interval){NAN, NAN};
    return SX_OK;
}

/* ---- figures ----------------------------------------------------------------------------------
 */

int sx_sheet_score_figure(int score) {
    return SX_FIGURES + score * SX_SCORE_FIGURES;
}

int sx_sheet_set_figure(const sx_sheet_method *m, int set, int score) {
    return sx_sheet_score_figure(m->count) + (set * m->count + score) * SX_SET_FIGURES;
}

int sx_sheet_curve_figure(const sx_sheet *sheet, const sx_sheet_method *m) {
    return sx_sheet_set_figure(m, sheet->scoring.sets, 0);
}

size_t sx_sheet_room(const sx_sheet *sheet) {
    size_t most = 0;
    for (int k = 0; k < sheet->count; k++)
        for (int set = 0; set < sheet->scoring.sets; set++)
            if (sheet->methods[k].outside[set].n > most) most = sheet->methods[k].outside[set].n;
    return most ? most + sheet->scoring.n : 0;
}

static double mean_of(const double *values, const uint32_t *counts, size_t n) {
    double sum = 0, items = 0;
    for (size_t i = 0; i < n; i++) {
        double count = counts ? counts[i] : 1;
        sum += count * values[i];
        items += count;
    }
    return sum / items;
}

static void figure_means(const sx_sheet_method *m, const uint32_t *counts, double *out) {
    const double *sure = m->scored->confidence[SX_SCORE_MAX_PROBABILITY];
    const double *agree = m->scored->confidence[SX_SCORE_MUTUAL_INFORMATION];
    if (sure && m->probable) out[SX_FIGURE_CONFIDENCE] = mean_of(sure, counts, m->scored->n);
    if (agree) out[SX_FIGURE_MUTUAL_INFORMATION] = -mean_of(agree, counts, m->scored->n);
}

static void figure_proper(const sx_sheet_method *m, const uint32_t *counts, double *out) {
    const sx_ranking *ranking = &m->rankings[SX_SCORE_MAX_PROBABILITY];
    const sx_binning binning = {SX_RELIABILITY_BINS, SX_EDGES_FLOOR};
    sx_proper p;
    if (m->scored->loss)
        sx_proper_of(m->scored, ranking, counts, binning, &p);
    else if (m->probable)
        sx_proper_of_top(m->scored->confidence[SX_SCORE_MAX_PROBABILITY],
                         (sx_ranked){ranking, m->scored->wrong, counts}, binning, &p);
    else
        return;
    out[SX_FIGURE_ACCURACY] = p.accuracy;
    out[SX_FIGURE_NLL] = p.nll;
    out[SX_FIGURE_BRIER] = p.brier;
    out[SX_FIGURE_ECE] = p.ece;
    out[SX_FIGURE_ADAPTIVE_ECE] = p.adaptive_ece;
    out[SX_FIGURE_MCE] = p.mce;
    out[SX_FIGURE_RMSCE] = p.rmsce;
}

static void figure_score(const sx_sheet_method *m, int score, const uint32_t *counts, double *out) {
    int row = m->rows[score];
    sx_selective s;
    sx_selective_of((sx_ranked){&m->rankings[row], sx_scored_wrong(m->scored, row), counts}, &s);
    const double figures[SX_SCORE_FIGURES] = {s.aurc, s.eaurc, s.augrc, s.failure_auroc};
    memcpy(out + sx_sheet_score_figure(score), figures, sizeof figures);
    if (row != SX_SCORE_MAX_PROBABILITY) return;
    memcpy(out + SX_FIGURE_AURC, figures, sizeof figures);
    if (isnan(out[SX_FIGURE_ACCURACY])) out[SX_FIGURE_ACCURACY] = 1 - s.risk;
}

static void figure_set(const sx_sheet_method *m, int set, int score, const uint32_t *counts,
                       double *out) {
    const sx_sheet_detection *d = &m->detections[set][score];
    sx_detection found;
    if (!d->ranking.n) return;
    sx_detection_of((sx_ranked){&d->ranking, d->flags, counts}, &found);
    const double figures[SX_SET_FIGURES] = {found.auroc, found.aupr_in, found.aupr_out,
                                            found.fpr95};
    memcpy(out + sx_sheet_set_figure(m, set, score), figures, sizeof figures);
}

void sx_sheet_figure(const sx_sheet *sheet, const sx_sheet_method *m, const uint32_t *const *counts,
                     uint32_t *room, double *out) {
    const uint32_t *inside = counts ? counts[0] : NULL;
    double coverage[SX_SHEET_POINTS];
    int curve = sx_sheet_curve_figure(sheet, m);
    size_t n = sheet->scoring.n;
    for (int i = 0; i < m->figure_count; i++) out[i] = NAN;
    figure_proper(m, inside, out);
    figure_means(m, inside, out);
    for (int score = 0; score < m->count; score++) figure_score(m, score, inside, out);
    if (inside && room) memcpy(room, inside, n * sizeof *room);
    for (int set = 0; set < sheet->scoring.sets; set++) {
        size_t others = m->outside[set].n;
        if (!others) continue;
        if (inside) memcpy(room + n, counts[1 + set], others * sizeof *room);
        for (int score = 0; score < m->count; score++)
            figure_set(m, set, score, inside ? room : NULL, out);
    }
    sx_ranked surest = {&m->rankings[SX_SCORE_MAX_PROBABILITY], m->scored->wrong, inside};
    if (surest.ranking->n) sx_ranked_curve(surest, sheet->points, coverage, out + curve);
}

/* ---- the sheet --------------------------------------------------------------------------------
 */

static void figure_method(void *context, int number, int worker) {
    sx_sheet *sheet = context;
    (void)worker;
    sx_sheet_method *m = &sheet->methods[number];
    sx_sheet_figure(sheet, m, NULL, NULL, m->figures);
}

sx_sheet *sx_sheet_new(const sx_scoring *scoring, const sx_method *methods, int count,
                       sx_error *err) {
    if (check(scoring, methods, count, err)) return NULL;
    sx_sheet *sheet = sx_alloc(1, sizeof *sheet);
    if (!sheet) {
        sx_sheet_no_memory(err);
        return NULL;
    }
    sheet->scoring = *scoring;
    sheet->points = scoring->n < SX_SHEET_POINTS ? scoring->n : SX_SHEET_POINTS;
    sheet->count = count;
    sx_status status = SX_OK;
    for (int k = 0; !status && k < count; k++) {
        sheet->methods[k].method = methods[k];
        status = make_method(sheet, &sheet->methods[k], err);
    }
    if (status) {
        sx_sheet_free(sheet);
        return NULL;
    }
    sx_pool_run(scoring->pool, count, figure_method, sheet);
    return sheet;
}

void sx_sheet_free(sx_sheet *sheet) {
    for (int k = 0; sheet && k < sheet->count; k++) {
        sx_sheet_method *m = &sheet->methods[k];
        sx_rankings_done(m->rankings, SX_SCORE_ROWS);
        sx_scored_done(&m->own);
        for (int set = 0; set < SX_OUTSIDE_SETS; set++) {
            if (!m->method.outside_given) sx_scored_done(&m->outside[set]);
            for (int score = 0; score < SX_SCORE_ROWS; score++) {
                sx_ranking_done(&m->detections[set][score].ranking);
                sx_free(m->detections[set][score].flags);
            }
        }
        sx_free(m->figures);
        sx_free(m->intervals);
    }
    sx_free(sheet);
}

sx_status sx_sheet_publish(const sx_sheet *sheet, sx_result *result, sx_error *err) {
    if (!result) return sx_sheet_no_memory(err);
    result->step = sheet->scoring.step;
    if (sheet->scoring.split) result->split = sx_result_text(result, "%s", sheet->scoring.split);
    if (!result->split) {
        sx_result_release(result);
        return sx_sheet_no_memory(err);
    }
    sheet->scoring.publish(sheet->scoring.user, result);
    return SX_OK;
}

const char *sx_sheet_name(char out[48], const char *name, int method) {
    if (method)
        snprintf(out, 48, "%s-%d", name, method + 1);
    else
        snprintf(out, 48, "%s", name);
    return out;
}

/* ---- what is published ------------------------------------------------------------------------
 */

sx_status sx_scoring_publish_curves(const sx_scoring *scoring, const sx_method *methods, int count,
                                    sx_error *err) {
    sx_sheet *sheet = sx_sheet_new(scoring, methods, count, err);
    if (!sheet) return err->status;
    sx_status status = sx_sheet_tables(sheet, err);
    if (!status) status = sx_sheet_methods_curve(sheet, err);
    sx_sheet_free(sheet);
    return status;
}

sx_status sx_sheet_publish_all(const sx_sheet *sheet, sx_error *err) {
    sx_status status = sx_sheet_tables(sheet, err);
    if (!status) status = sx_sheet_methods_curve(sheet, err);
    if (!status) status = sx_sheet_guarantee(sheet, err);
    if (!status) status = sx_sheet_curves(sheet, err);
    return status ? status : sx_sheet_items(sheet, err);
}

sx_status sx_scoring_publish(const sx_scoring *scoring, const sx_method *methods, int count,
                             sx_error *err) {
    sx_sheet *sheet = sx_sheet_new(scoring, methods, count, err);
    if (!sheet) return err->status;
    sx_status status = sx_sheet_publish_all(sheet, err);
    sx_sheet_free(sheet);
    return status;
}
