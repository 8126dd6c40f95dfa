/* Items in the order of one score, the surest first. They are sorted once; every figure of
 * selective prediction and of detection, for all items or for a resample of them, is then one pass
 * over blocks of equal score. */
#ifndef SX_METRIC_RANKING_H
#define SX_METRIC_RANKING_H

#include "core/base/base.h"

#include <math.h>

typedef struct {
    size_t n;
    uint32_t *order; /* [n] the item at each rank; of equal score in their own order */
    double *scores;  /* [n] the score at each rank, falling */
} sx_ranking;

/* Ranks n items by `scores` [n], larger is surer; -0 is 0. `out` is ended with sx_ranking_done. No
 * items, or a score that is not a number: SX_BAD_INPUT, and `out` is empty. */
sx_status sx_ranking_new(const double *scores, size_t n, sx_ranking *out, sx_error *err);
void sx_ranking_done(sx_ranking *ranking);

/* The same of several scores [count][n], spread over the pool (NULL: one thread). An entry whose
 * scores are NULL or not numbers is left empty (n = 0), and the others are still ranked; only
 * memory and too many items are errors. */
sx_status sx_rankings_new(const double *const *scores, int count, size_t n, sx_pool *pool,
                          sx_ranking *out, sx_error *err);
void sx_rankings_done(sx_ranking *rankings, int count);

/* Which items are meant: `flags` [n] by item (wrong, or outside), and how often each counts
 * (a resample; NULL: once). Borrowed. */
typedef struct {
    const sx_ranking *ranking;
    const uint8_t *flags;
    const uint32_t *counts;
} sx_ranked;

/* Selective prediction: the figures of a classifier's errors ranked by one score. Ties as in the
 * reference: in a block of t items with s errors each counts s/t. `aurc`, `eaurc` and `augrc` are
 * the project's; the others are the same quantities by other conventions. */
typedef struct {
    double aurc, eaurc;   /* mean of the prefix risks; minus that of the ideal order */
    double augrc;         /* by trapezoids between distinct thresholds, from (0, 0) */
    double risk;          /* at full coverage */
    double failure_auroc; /* of the score for "correct", ties one half; NaN with one kind only */
    double aurc_thresholds, eaurc_thresholds; /* trapezoids between distinct thresholds (FD-Shifts),
                                                 minus r + (1 - r) ln(1 - r) */
    double aurc_points, augrc_points; /* trapezoids over k = 1 .. n by 1 - 1/n (torch-uncertainty);
                                         NaN for one item */
    double augrc_prefix, eaugrc;      /* mean of E_k/n; augrc minus r^2/2 */
} sx_selective;
#define SX_SELECTIVE_UNKNOWN ((sx_selective){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN})
/* NaN everywhere for an empty ranking or a resample of nothing. */
void sx_selective_of(sx_ranked items, sx_selective *out);

/* AURC (prefix mean) if within blocks of equal score the right ones came first, or the wrong ones:
 * what an arbitrary order of ties could report. */
typedef struct {
    double low, high;
} sx_interval;
sx_interval sx_aurc_of_tie_orders(sx_ranked items);

/* AURC of the ideal order for m wrong of n: discrete, and its limit r + (1 - r) ln(1 - r). */
double sx_optimal_aurc(size_t n, size_t m);
double sx_optimal_aurc_limit(double risk);

/* Up to `room` points of the risk-coverage curve, evenly spread over the ranks and always with the
 * last, ties averaged; coverage and risk [room]. Returns how many. */
size_t sx_ranked_curve(sx_ranked items, size_t room, double *coverage, double *risk);

/* Risk of the k = ceil(n coverage) surest. `exact`: a threshold keeps exactly these (no block of
 * equal scores is cut). NaN for an empty ranking or a coverage outside of (0, 1]. */
typedef struct {
    double risk;
    bool exact;
} sx_covered_risk;
sx_covered_risk sx_ranked_risk_at(sx_ranked items, double coverage);

/* Largest coverage at a distinct threshold whose risk is at most `risk`; 0, with a threshold of
 * NaN, where none is. */
typedef struct {
    double coverage, threshold;
} sx_operating_point;
sx_operating_point sx_ranked_coverage_at(sx_ranked items, double risk);

#endif
