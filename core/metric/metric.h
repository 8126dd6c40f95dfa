/* Pure functions from arrays to numbers, in double precision. Conventions are those of the
 * project's uncertainty reference (tests/data/uncertainty/README.md): ties in confidence are
 * averaged or grouped as said there, logarithms are natural, prediction is the lowest index on a
 * tie. */
#ifndef SX_METRIC_METRIC_H
#define SX_METRIC_METRIC_H

#include "core/base/base.h"

#include <stdatomic.h>

/* Index of the largest value, the lowest on a tie. */
int sx_argmax(const double *values, int count);

/* Wilson score interval of a proportion at 95 % (Wilson 1927); {NaN, NaN} for n = 0. */
typedef struct {
    double low, high;
} sx_interval;
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

/* Selective prediction over n items with `confidence` [n] and `wrong` [n] (0 or 1). */
typedef struct {
    double aurc, eaurc, augrc;
    double risk; /* at full coverage */
} sx_selective;
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
typedef struct {
    double coverage, threshold;
} sx_operating_point;
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

/* The same of values [rounds] that somebody else resampled; sorts them. */
sx_interval sx_percentiles(double *values, int rounds);

#endif
