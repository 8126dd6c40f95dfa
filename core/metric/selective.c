/* Selective prediction. All quantities come from one pass over the items sorted by confidence, the
 * surest first, in blocks of equal confidence. Inside a block of t items with s errors the j-th
 * item counts s/t errors: the mean over all orders of the block. */
#include "core/metric/blocks.h"
#include "core/metric/metric.h"

#include <math.h>

double sx_oracle_risk(size_t k, size_t n, size_t m) {
    if (k == 0 || k + m <= n) return 0;
    return (double)(k + m - n) / (double)k;
}

double sx_optimal_aurc(size_t n, size_t m) {
    double sum = 0;
    for (size_t k = n - m + 1; k <= n; k++) sum += sx_oracle_risk(k, n, m);
    return n ? sum / (double)n : (double)NAN;
}

double sx_optimal_aurc_limit(double risk) {
    return risk < 1 ? risk + (1 - risk) * log1p(-risk) : risk;
}

/* ---- figures --------------------------------------------------------------------------------- */

/* What one pass gathers: areas times n, or n^2. */
typedef struct {
    double kept, errors;               /* so far */
    double prefix, generalised;        /* sums of E_k/k and of E_k over k */
    double selective_area, error_area; /* trapezoids between thresholds */
    double pairs;                      /* right before wrong, a tie one half */
    double first, risk_before;         /* E_1; risk at the threshold before */
} sums;

static void add_block(sums *sum, const sx_block *block) {
    double size = block->size, wrong = block->flagged, share = wrong / size;
    for (double j = 1; j <= size; j++) sum->prefix += (sum->errors + j * share) / (sum->kept + j);
    sum->generalised += size * sum->errors + wrong * (size + 1) / 2;
    sum->error_area += size * (sum->errors + wrong / 2);
    sum->pairs += wrong * (sum->kept - sum->errors + (size - wrong) / 2);
    double risk = (sum->errors + wrong) / (sum->kept + size);
    if (sum->kept == 0) {
        sum->first = share;
        sum->risk_before = risk; /* flat down to coverage 0 */
    }
    sum->selective_area += size * (sum->risk_before + risk) / 2;
    sum->risk_before = risk;
    sum->kept += size;
    sum->errors += wrong;
}

static void conclude(const sums *sum, sx_selective *out) {
    double n = sum->kept, r = sum->errors / n;
    double right = n - sum->errors;
    out->risk = r;
    out->aurc = sum->prefix / n;
    out->eaurc = out->aurc - sx_optimal_aurc((size_t)n, (size_t)sum->errors);
    out->aurc_thresholds = sum->selective_area / n;
    out->eaurc_thresholds = out->aurc_thresholds - sx_optimal_aurc_limit(r);
    out->augrc = sum->error_area / (n * n);
    out->eaugrc = out->augrc - r * r / 2;
    out->augrc_prefix = sum->generalised / (n * n);
    out->failure_auroc = sum->errors > 0 && right > 0 ? sum->pairs / (sum->errors * right) : NAN;
    if (n < 2) return;
    out->aurc_points = (sum->prefix - (sum->first + r) / 2) / (n - 1);
    out->augrc_points = (sum->generalised - (sum->first + sum->errors) / 2) / (n * (n - 1));
}

void sx_selective_of(sx_ranked items, sx_selective *out) {
    *out = SX_SELECTIVE_UNKNOWN;
    sums sum = {0};
    for (sx_block block = {0}; sx_next_block(items, &block);) add_block(&sum, &block);
    if (sum.kept > 0) conclude(&sum, out);
}

/* The sum of E_k/k over a block whose wrong ones come last. */
static double area_right_first(double kept, double errors, double size, double wrong) {
    double area = 0;
    for (double j = 1; j <= size; j++) area += (errors + fmax(0, j - (size - wrong))) / (kept + j);
    return area;
}

static double area_wrong_first(double kept, double errors, double size, double wrong) {
    double area = 0;
    for (double j = 1; j <= size; j++) area += (errors + fmin(j, wrong)) / (kept + j);
    return area;
}

sx_interval sx_aurc_of_tie_orders(sx_ranked items) {
    sx_interval area = {0, 0};
    double kept = 0, errors = 0;
    for (sx_block b = {0}; sx_next_block(items, &b);) {
        area.low += area_right_first(kept, errors, b.size, b.flagged);
        area.high += area_wrong_first(kept, errors, b.size, b.flagged);
        kept += b.size;
        errors += b.flagged;
    }
    return (sx_interval){area.low / kept, area.high / kept}; /* 0/0, NaN, of nothing */
}

/* ---- curve and points ------------------------------------------------------------------------ */

/* The rank that point i of `count` shows, of n: evenly spread, the last is n. */
static size_t rank_at(size_t i, size_t count, size_t n) {
    return (size_t)((double)(i + 1) * (double)n / (double)count + 0.5);
}

size_t sx_ranked_curve(sx_ranked items, size_t room, double *coverage, double *risk) {
    size_t n = (size_t)sx_all_items(items).size, count = n < room ? n : room, i = 0;
    double kept = 0, errors = 0;
    for (sx_block b = {0}; sx_next_block(items, &b);) {
        for (; i < count && (double)rank_at(i, count, n) <= kept + b.size; i++) {
            double k = (double)rank_at(i, count, n);
            coverage[i] = k / (double)n;
            risk[i] = (errors + b.flagged * (k - kept) / b.size) / k;
        }
        kept += b.size;
        errors += b.flagged;
    }
    return i;
}

sx_covered_risk sx_ranked_risk_at(sx_ranked items, double coverage) {
    double n = sx_all_items(items).size, kept = 0, errors = 0;
    if (!(coverage > 0 && coverage <= 1)) return (sx_covered_risk){NAN, false};
    double k = fmin(fmax(ceil(coverage * n - 1e-9), 1), n); /* 0.07 of 100 is 7, not 8 */
    for (sx_block b = {0}; sx_next_block(items, &b);) {
        if (kept + b.size >= k)
            return (sx_covered_risk){(errors + b.flagged * (k - kept) / b.size) / k,
                                     kept + b.size == k};
        kept += b.size;
        errors += b.flagged;
    }
    return (sx_covered_risk){NAN, false};
}

sx_operating_point sx_ranked_coverage_at(sx_ranked items, double risk) {
    sx_operating_point point = {0, NAN};
    double kept = 0, errors = 0;
    for (sx_block b = {0}; sx_next_block(items, &b);) {
        kept += b.size;
        errors += b.flagged;
        if (errors <= risk * kept) point = (sx_operating_point){kept, b.score};
    }
    if (kept > 0) point.coverage /= kept;
    return point;
}

/* ---- of items that are not ranked yet -------------------------------------------------------- */

sx_status sx_selective_risk(const double *confidence, const uint8_t *wrong, size_t n,
                            sx_selective *out, sx_error *err) {
    *out = SX_SELECTIVE_UNKNOWN;
    sx_ranking ranking;
    sx_status status = sx_ranking_new(confidence, n, &ranking, err);
    if (status) return status;
    sx_selective_of((sx_ranked){&ranking, wrong, NULL}, out);
    sx_ranking_done(&ranking);
    return SX_OK;
}

sx_status sx_risk_coverage(const double *confidence, const uint8_t *wrong, size_t n,
                           double *coverage, double *risk, sx_error *err) {
    sx_ranking ranking;
    sx_status status = sx_ranking_new(confidence, n, &ranking, err);
    if (status) return status;
    sx_ranked_curve((sx_ranked){&ranking, wrong, NULL}, n, coverage, risk);
    sx_ranking_done(&ranking);
    return SX_OK;
}

sx_status sx_coverage_at_risk(const double *confidence, const uint8_t *wrong, size_t n, double risk,
                              sx_operating_point *out, sx_error *err) {
    *out = (sx_operating_point){0, NAN};
    if (isnan(risk)) return sx_fail(err, SX_BAD_INPUT, "the risk to keep to is not a number");
    sx_ranking ranking;
    sx_status status = sx_ranking_new(confidence, n, &ranking, err);
    if (status) return status;
    *out = sx_ranked_coverage_at((sx_ranked){&ranking, wrong, NULL}, risk);
    sx_ranking_done(&ranking);
    return SX_OK;
}

sx_status sx_risk_at_coverage(const double *confidence, const uint8_t *wrong, size_t n,
                              double coverage, double *out, sx_error *err) {
    *out = NAN;
    if (!(coverage > 0 && coverage <= 1))
        return sx_fail(err, SX_BAD_INPUT, "a coverage of %g is not above 0 and at most 1",
                       coverage);
    sx_ranking ranking;
    sx_status status = sx_ranking_new(confidence, n, &ranking, err);
    if (status) return status;
    *out = sx_ranked_risk_at((sx_ranked){&ranking, wrong, NULL}, coverage).risk;
    sx_ranking_done(&ranking);
    return SX_OK;
}
