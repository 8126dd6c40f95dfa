/* Does it know when it cannot see? What methods answer, and how often wrongly, where objects of
 * test images are moved, turned and resized: each answers above the threshold at which a twentieth
 * of its answers on validation were wrong. */
#include "core/study/last_layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TARGET_RISK 0.05

enum { RISK, COVERAGE, ACCURACY, MEASURES };
static const char *const measures[MEASURES] = {"risk", "coverage", "accuracy"};
static const char *const factors[SX_SWEEPS] = {"location", "rotation", "size"};

/* Infinite where no threshold keeps to the target: then nothing is answered. */
static sx_status find_threshold(const sx_last *last, int method, double *out, sx_error *err) {
    sx_scored scored = {0};
    sx_operating_point point = {0};
    sx_status status = sx_scored_new(&last->says[method].best[SX_LAST_VALIDATION],
                                     last->context.pool, &scored, err);
    if (!status)
        status = sx_coverage_at_risk(scored.confidence[SX_SCORE_MAX_PROBABILITY], scored.wrong,
                                     scored.n, TARGET_RISK, &point, err);
    *out = point.coverage > 0 ? point.threshold : (double)INFINITY;
    sx_scored_done(&scored);
    return status;
}

/* Of one point: pictures, those that are answered, and the errors among these. */
typedef struct {
    double all, answered, wrong;
} tally;

static tally count_point(const sx_ensemble *says, int points, int point, double threshold) {
    tally t = {0};
    for (size_t i = (size_t)point; i < says->n; i += (size_t)points) {
        sx_item_scores scores;
        sx_ensemble_scores(says, i, &scores);
        bool answered = scores.max_probability >= threshold;
        t.all++;
        t.answered += answered;
        t.wrong += answered && scores.prediction != says->labels[i];
    }
    return t;
}

static void fill_point(int measure, tally t, int point, double *arrays[4]) {
    double of = measure == COVERAGE ? t.all : t.answered;
    double hits = measure == COVERAGE ? t.answered
                  : measure == RISK   ? t.wrong
                                      : t.answered - t.wrong;
    sx_interval interval = {NAN, NAN};
    if (of > 0) interval = sx_wilson(hits, of);
    arrays[0][point] = of > 0 ? hits / of : (double)NAN;
    arrays[1][point] = interval.low;
    arrays[2][point] = interval.high;
    arrays[3][point] = of;
}

static sx_result *make(const sx_last *last, int method, const sx_last_set *set, int measure,
                       double *arrays[4]) {
    char name[64], title[192], number[16] = "", area[32] = "";
    const char *factor = factors[set->sweep];
    if (method) snprintf(number, sizeof number, "-%d", method + 1);
    if (set->sweep != SX_SWEEP_SIZE)
        snprintf(area, sizeof area, ", area %g", last->area[set->sweep]);
    if (measure == ACCURACY) {
        snprintf(name, sizeof name, "%s", factor);
        snprintf(title, sizeof title, "Accuracy by %s%s, test objects", factor, area);
    } else {
        snprintf(name, sizeof name, "%s-%s%s", measures[measure], factor, number);
        snprintf(title, sizeof title, "%s by %s%s, test objects, %.60s, 5 %% wrong on validation",
                 measure == RISK ? "Risk" : "Coverage", factor, area,
                 last->list.method[method].spec);
    }
    return sx_sweep_result(set->sweep, name, title, measures[measure], arrays);
}

static sx_status publish(const sx_last *last, const sx_last_set *set, sx_result *result,
                         sx_error *err) {
    static const char *const keys[SX_SWEEPS] = {"location_area", "rotation_area", NULL};
    const char *key = keys[set->sweep];
    if (!result) return sx_study_no_memory(err);
    result->step = last->report.step;
    result->split = sx_split_name(SX_SPLIT_TEST);
    result->scene = key ? sx_result_text(result, "posed(area=%s)",
                                         sx_config_text(last->config, "robustness", key))
                        : "posed";
    if (result->scene) {
        last->context.publish(last->context.user, result);
        return SX_OK;
    }
    sx_result_release(result);
    return sx_study_no_memory(err);
}

static sx_status publish_set(const sx_last *last, int method, int s, double threshold,
                             sx_error *err) {
    const sx_last_set *set = &last->sets[s];
    const sx_ensemble *says = &last->says[method].best[s];
    int points = sx_sweep_points(set->sweep);
    sx_status status = SX_OK;
    for (int measure = 0; !status && measure < MEASURES; measure++) {
        double *arrays[4], least = measure == ACCURACY ? -(double)INFINITY : threshold;
        if (measure == ACCURACY && method != sx_last_point(&last->list)) break;
        sx_result *result = make(last, method, set, measure, arrays);
        for (int p = 0; result && p < points; p++)
            fill_point(measure, count_point(says, points, p, least), p, arrays);
        status = publish(last, set, result, err);
    }
    return status;
}

sx_status sx_last_maps(sx_last *last, int method, sx_error *err) {
    double threshold;
    if (last->outside_end == last->set_count) return SX_OK;
    sx_status status = find_threshold(last, method, &threshold, err);
    for (int s = last->outside_end; !status && s < last->set_count; s++)
        status = publish_set(last, method, s, threshold, err);
    return status;
}

/* ---- the summary -------------------------------------------------------------------------------
 */

/* Which pictures of places the method gets right, as claims read them; `right` [points, pairs]. */
static void fill_outcomes(const sx_ensemble *says, uint8_t *right, sx_outcomes *out) {
    size_t points = (size_t)sx_sweep_points(SX_SWEEP_LOCATION), pairs = says->n / points;
    out->points[SX_SWEEP_LOCATION] = (int)points;
    out->pairs[SX_SWEEP_LOCATION] = pairs;
    out->right[SX_SWEEP_LOCATION] = right;
    for (size_t i = 0; i < says->n; i++) {
        sx_item_scores scores;
        sx_ensemble_scores(says, i, &scores);
        right[i % points * pairs + i / points] = scores.prediction == says->labels[i];
    }
}

static sx_status find_drop(const sx_last *last, const sx_ensemble *says, sx_drop *out,
                           sx_error *err) {
    const sx_rounds rounds = {SX_CLAIM_ROUNDS, last->seed, last->context.stop};
    sx_outcomes outcomes = {0};
    uint8_t *right = sx_alloc(says->n, 1);
    if (!right) return sx_study_no_memory(err);
    fill_outcomes(says, right, &outcomes);
    sx_status status = sx_claims_drop(&outcomes, rounds, out, err);
    sx_free(right);
    return status;
}

static sx_interval test_accuracy(const sx_ensemble *says, double *out) {
    tally t = count_point(says, 1, 0, -(double)INFINITY);
    *out = (t.all - t.wrong) / t.all;
    return sx_wilson(t.all - t.wrong, t.all);
}

/* As the study of robustness has it, so that tables of cells and of runs find it. */
sx_status sx_last_summary(sx_last *last, sx_error *err) {
    static const char *const columns[] = {"figure", "value", "low", "high"};
    static const char *const names[] = {"test accuracy", "accuracy, centre", "accuracy, border",
                                        "drop to the border"};
    const sx_ensemble *says = last->says[sx_last_point(&last->list)].best;
    bool moved = last->outside_end < last->set_count && last->sets[last->outside_end].sweep == 0;
    sx_drop drop = {NAN, NAN, NAN, NAN, NAN};
    double accuracy;
    sx_interval interval = test_accuracy(&says[SX_LAST_TEST], &accuracy);
    sx_status status = moved ? find_drop(last, &says[last->outside_end], &drop, err) : SX_OK;
    if (status) return status;
    const double values[][3] = {{accuracy, interval.low, interval.high},
                                {drop.centre, NAN, NAN},
                                {drop.ring, NAN, NAN},
                                {drop.drop, drop.drop_low, drop.drop_high}};
    sx_result *r = sx_table_new("summary", "The point estimate", moved ? 4 : 1, columns, 4, 1);
    if (!r) return sx_study_no_memory(err);
    for (size_t i = 0; i < r->table.rows; i++) {
        r->table.columns[0].texts[i] = names[i];
        for (int c = 0; c < 3; c++) r->table.columns[1 + c].numbers[i] = values[i][c];
    }
    r->step = last->report.step;
    r->split = sx_split_name(SX_SPLIT_TEST);
    last->context.publish(last->context.user, r);
    return SX_OK;
}
