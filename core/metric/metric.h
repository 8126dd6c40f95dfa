/* Pure functions from arrays to numbers, in double precision. Conventions are those of the
 * project's uncertainty reference (tests/data/uncertainty/README.md): ties in confidence are
 * averaged or grouped as said there, logarithms are natural, prediction is the lowest index on a
 * tie. */
#ifndef SX_METRIC_METRIC_H
#define SX_METRIC_METRIC_H

#include "core/base/base.h"
#include "core/metric/detection.h"
#include "core/metric/ensemble.h"
#include "core/metric/guarantee.h"
#include "core/metric/ranking.h"

#include <stdatomic.h>

/* Index of the largest value, the lowest on a tie. */
int sx_argmax(const double *values, int count);

/* Wilson score interval of a proportion at 95 % (Wilson 1927); {NaN, NaN} for n = 0. */
sx_interval sx_wilson(double right, double n);

/* Interval of the difference a - b of two independent proportions, from their Wilson intervals
 * (Newcombe 1998, method 10); {NaN, NaN} if one is unknown. */
sx_interval sx_difference(double a, sx_interval of_a, double b, sx_interval of_b);

/* The same of two that were measured on the same items, of which so many are right in both, in the
 * first only, in the second only, in neither (Newcombe 1998, Statistics in Medicine 17:2635, method
 * 10: for paired data, with a correction where they agree). */
sx_interval sx_paired_difference(double both, double first, double second, double neither);

/* Confidence of probabilities [n, classes]; larger is surer. */
typedef enum {
    SX_CONFIDENCE_MAX_PROBABILITY,
    SX_CONFIDENCE_NEGATIVE_ENTROPY, /* -entropy; shown as entropy */
    SX_CONFIDENCE_MARGIN,           /* largest minus second */
    SX_CONFIDENCES
} sx_confidence;
const char *sx_confidence_name(sx_confidence measure); /* "max prob", "entropy", "margin" */
double sx_confidence_of(sx_confidence measure, const double *probabilities, int classes);

/* Selective prediction over n items with `confidence` [n] and `wrong` [n] (0 or 1); ranking.h has
 * the same for items that are ranked already. */
sx_status sx_selective_risk(const double *confidence, const uint8_t *wrong, size_t n,
                            sx_selective *out, sx_error *err);

/* The risk-coverage curve: after the k surest, coverage k/n and risk (ties averaged as the
 * reference says), into coverage, risk [n]. */
sx_status sx_risk_coverage(const double *confidence, const uint8_t *wrong, size_t n,
                           double *coverage, double *risk, sx_error *err);

/* The oracle's curve, which refuses the wrong ones first, for m wrong of n: risk at coverage k/n.
 */
double sx_oracle_risk(size_t k, size_t n, size_t m);

/* Largest coverage whose risk is at most `risk`, and the confidence threshold that gives it
 * (NaN when coverage is 0). */
sx_status sx_coverage_at_risk(const double *confidence, const uint8_t *wrong, size_t n, double risk,
                              sx_operating_point *out, sx_error *err);
sx_status sx_risk_at_coverage(const double *confidence, const uint8_t *wrong, size_t n,
                              double coverage, double *out, sx_error *err);

/* Calibration of the largest probability. */
#define SX_RELIABILITY_BINS 15
typedef struct {
    double confidence, accuracy; /* means; NaN where count is 0 */
    size_t count;
} sx_reliability_bin;
typedef struct {
    double ece, mce, nll, brier, accuracy;
    sx_reliability_bin bins[SX_RELIABILITY_BINS];
} sx_calibration;
/* probabilities [n, classes], labels [n]. NLL is +inf when a true class has probability 0. */
void sx_calibrate(const double *probabilities, const int32_t *labels, size_t n, int classes,
                  sx_calibration *out);
/* The same an item at a time, for more items than fit in memory: `out` begins as {0}, takes the n
 * items in order, and is good after the end. */
void sx_calibrate_item(const double *probabilities, int label, int classes, sx_calibration *out);
void sx_calibrate_end(size_t n, sx_calibration *out);

/* Bins of the largest probability. The project's rule is the first with 15 bins. */
typedef enum {
    SX_EDGES_FLOOR,        /* min(int(c B), B - 1) */
    SX_EDGES_LEFT_CLOSED,  /* [a, b) between edges k/B, 1.0 in the last */
    SX_EDGES_RIGHT_CLOSED, /* (a, b], 0 in the first */
    SX_EDGES_DROP_ONE,     /* [a, b), 1.0 in none and not counted: a published code's slip */
} sx_bin_edges;
#define SX_BINS_MAX 100
typedef struct {
    int bins; /* 1 .. SX_BINS_MAX; 0 means SX_RELIABILITY_BINS */
    sx_bin_edges edges;
} sx_binning;

/* All figures of a method's probabilities. */
typedef struct {
    double accuracy, nll, brier; /* Brier: sum over classes */
    double brier_mean;           /* over classes */
    double ece, mce, rmsce;
    double adaptive_ece, adaptive_mce; /* equal-mass groups, ties averaged */
    double used;                       /* predictions that fell into a bin */
    /* the binary Brier score of (confidence, correct) is reliability - resolution + uncertainty +
     * variance - covariance (the last two within bins) */
    double top_brier, reliability, resolution, uncertainty, variance, covariance;
} sx_proper;
/* Of scored items (with labels), or of a resample: `counts` [n] may be NULL. `by_confidence` ranks
 * SX_SCORE_MAX_PROBABILITY; NULL or empty: the adaptive figures are NaN. */
void sx_proper_of(const sx_scored *scored, const sx_ranking *by_confidence, const uint32_t *counts,
                  sx_binning binning, sx_proper *out);
/* The same, of confidence and correctness alone: nll, brier and brier_mean are NaN. */
void sx_proper_of_top(const double *confidence, sx_ranked items, sx_binning binning,
                      sx_proper *out);

/* The temperature T at which softmax(z / T) has the least negative log-likelihood: the root of the
 * derivative in 1/T, which is convex there (Guo et al. 2017). T is kept within 0.001 .. 1000. Of an
 * ensemble, z are the logarithms of the mean probability (sx_ensemble_log_mean). */
sx_status sx_temperature_fit(const double *logits /* [n, classes] */, const int32_t *labels,
                             size_t n, int classes, sx_pool *pool, double *temperature,
                             sx_error *err);

/* Spearman's rank correlation with average ranks for ties; NaN when a side is constant. */
sx_status sx_spearman(const double *x, const double *y, size_t n, double *out, sx_error *err);

/* How often a bootstrap resamples, and what fixes the resamples. */
typedef struct {
    int count;
    uint64_t seed;
    const atomic_bool *stop; /* looked at before each round; NULL: nobody stops it */
} sx_rounds;

/* Percentile bootstrap over items, 95 %: draws resamples of 0 .. n - 1 (indices), calls
 * `statistic(user, indices, n)` on each, ignores NaN results. NaN interval if fewer than half are
 * numbers. SX_CANCELLED once the stop flag is seen. */
typedef double (*sx_statistic)(void *user, const uint32_t *indices, size_t n);
sx_status sx_bootstrap(sx_statistic statistic, void *user, size_t n, sx_rounds rounds,
                       sx_interval *out, sx_error *err);

/* The same over several sets of items, each resampled by itself: `indices` are those of each set.
 * Of one set it is sx_bootstrap, to the bit. */
typedef struct {
    const size_t *sizes; /* [count], of the sets */
    int count;
} sx_sets;
typedef double (*sx_sets_statistic)(void *user, const uint32_t *const *indices);
sx_status sx_bootstrap_sets(sx_sets_statistic statistic, void *user, sx_sets sets, sx_rounds rounds,
                            sx_interval *out, sx_error *err);

/* Percentile bootstrap of many figures at once, over sets of items, each resampled by itself. A
 * resample is how often each item was drawn, so that what is sorted stays sorted. Round r of set s
 * is drawn from (seed, s, r): rounds may be spread over threads and stopped between any two, and
 * give equal bits. */
typedef struct sx_resampling sx_resampling;
/* Fills `figures` for one resample: `counts` [sets][sizes]. From several threads at once; `worker`
 * tells them apart. */
typedef void (*sx_resampled)(void *user, const uint32_t *const *counts, double *figures,
                             int worker);
/* `sets.sizes` are copied. `threads` as the pool that will be given has (1 for none). Returns
 * owned, or NULL with `err` filled. */
sx_resampling *sx_resampling_new(sx_sets sets, int figures, int rounds, int threads, uint64_t seed,
                                 sx_error *err);
void sx_resampling_free(sx_resampling *resampling);
/* Does up to `rounds` more; true when all are done. */
bool sx_resampling_advance(sx_resampling *resampling, sx_pool *pool, int rounds,
                           sx_resampled function, void *user);
/* The 95 % interval of one figure, of the rounds that are done; NaN as sx_percentiles. */
sx_interval sx_resampling_interval(const sx_resampling *resampling, int figure);
/* What round `round` of those that are done gave. */
double sx_resampling_value(const sx_resampling *resampling, int figure, int round);
/* How often each of n items is drawn in round `round` of set `set`; into counts [n], n > 0. */
void sx_resample_counts(uint64_t seed, int set, int round, size_t n, uint32_t *counts);

/* The same of values [rounds] that somebody else resampled; sorts them. */
sx_interval sx_percentiles(double *values, int rounds);

#endif
