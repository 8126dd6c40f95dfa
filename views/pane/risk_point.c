/* Operating points: coverage and threshold at the target risk, computed here from the table of
 * items because the target is the viewer's, not the study's; and the threshold that a coverage asks
 * for.
 */
#include "views/pane/risk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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
void sx_risk_find_threshold(sx_risk_pane *pane) {
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

/* The probe, which asks whether the network would abstain, has the first method's. */
void sx_risk_find_points(sx_risk_pane *pane) {
    double target = sx_risk_target(pane);
    for (sx_confidence m = 0; m < SX_CONFIDENCES; m++)
        pane->points[m] = sx_part_point(pane->items, m, target);
    sx_operating_point point =
        pane->first == pane->items
            ? pane->points[SX_CONFIDENCE_MAX_PROBABILITY]
            : sx_part_point(pane->first, SX_CONFIDENCE_MAX_PROBABILITY, target);
    pane->desk->target = target;
    pane->desk->coverage = point.coverage;
    pane->desk->threshold = point.threshold;
}

void sx_risk_tell_point(const sx_risk_pane *pane, char *out, size_t size, int columns) {
    char coverage[32], threshold[32];
    const sx_operating_point *point = &pane->points[SX_CONFIDENCE_MAX_PROBABILITY];
    double percent = sx_risk_target(pane) * 100;
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
