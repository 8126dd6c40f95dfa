/* From what methods say of the same items to every figure that is published of them: selective
 * risk, calibration, detection of what comes from elsewhere, guarantees; of kinds `predictions` and
 * `last-layer`. Part of study.h.
 *
 * Results (method k = 1, 2, ..; "-k" is appended for k >= 2; undefined and not computed are NaN;
 * every figure F of a table has columns F, F low, F high, 95 %):
 *   methods      table   a row a method. Text method; members, temperature; accuracy, NLL, Brier,
 *                        ECE, adaptive ECE, MCE, RMSCE, AURC, E-AURC, AUGRC, failure AUROC
 *   scores       table   a row a method and score. Texts method, score; risk (error rate of the
 *                        classifier that it ranks); AURC, E-AURC, AUGRC, failure AUROC
 *   out-of-distribution table   a row a method, set and score. Texts method, set, score; inside,
 *                        outside, base rate; AUROC, AUPR in, AUPR out, FPR95
 *   guarantee    table   a row a method and target. Text method; target, delta, threshold,
 *                        coverage, bound, errors, empirical coverage, empirical threshold
 *   risk-coverage-methods series  coverage: a line a method by max prob (low, high), and oracle (of
 *                        the first method); at most 400 points
 *   risk-coverage[-k]     series  coverage: a line a score, and oracle
 *   reliability[-k]       series  accuracy and confidence of 15 bins
 *   calibration[-k]       table   figure, value
 *   items[-k]    table   item, label, prediction, confidence, entropy, margin, wrong, loss; of an
 *                        ensemble also expected entropy, mutual information, std, range, vote
 *                        prediction, vote share, vote entropy
 *   outside[-k]  table   items of other sets: text set; item, prediction, confidence, entropy,
 *                        margin and the same columns of an ensemble
 *   draws[-k]    table   only where `draws` is asked for, once all intervals are known: in the
 * first row figures of all items, in the others of a resample each, the same one for all methods,
 * to six digits: so that whoever reads them finds the interval of any difference or ratio.
 * accuracy, NLL, ECE, AURC, confidence and mutual information (means over items), "AURC by std",
 * "AURC by vote entropy" and, of each set, "AUROC by max prob: SET", by entropy and by mutual
 * information */
#ifndef SX_STUDY_SCORING_H
#define SX_STUDY_SCORING_H

#include <stdatomic.h>

#include "core/base/base.h"
#include "core/metric/metric.h"
#include "core/result/result.h"

#define SX_METHODS 20     /* most of one scoring */
#define SX_OUTSIDE_SETS 8 /* likewise */
#define SX_SCORING_ROUNDS 1000

/* What one method says; borrows. */
typedef struct {
    const char *name;                  /* "SGLD, rate 0.01"; different from the others' */
    const sx_ensemble *inside;         /* of scoring.n items, made with their labels */
    const sx_scored *given;            /* in place of it: confidences and errors are all there is */
    const sx_ensemble *const *outside; /* [sets]; NULL, or an entry: it has not seen them */
    const sx_scored *const *outside_given; /* in place of it, beside `given` */
    double temperature;                    /* that was applied; NaN: none was */
} sx_method;

/* On what, and for whom; borrows everything while a call or an object of it lasts. */
typedef struct {
    size_t n;
    const int32_t *labels; /* [n], of `classes` */
    const uint32_t *items; /* [n] numbers that tables show; NULL: 0 .. n - 1 */
    int classes;
    int sets;                             /* out-of-distribution; may be 0 */
    const char *const *set_names;         /* [sets] */
    const uint32_t *const *outside_items; /* [sets][items of the set]; NULL, or an entry: 0 .. */
    const char *split;                    /* for titles: "validation"; "": nothing is said */
    int64_t step;                         /* of results; -1: they belong to none */
    const double *targets; /* [target_count] risks to guarantee; NULL: 1, 2, 5, 10 % */
    int target_count;
    double delta;            /* of the guarantee; 0: 0.001 */
    size_t most_rows;        /* of items and outside tables, evenly chosen; 0: all */
    uint64_t seed;           /* of intervals */
    bool draws;              /* publish what each resample gave */
    sx_pool *pool;           /* may be NULL */
    const atomic_bool *stop; /* may be NULL; seen: SX_CANCELLED, nothing published */
    void *user;
    void (*publish)(void *user, sx_result *result); /* takes the result */
} sx_scoring;

/* All results of what is known now, without intervals: for live curves (members may still be
 * added between calls). No state; equal bits at any thread count. */
sx_status sx_scoring_publish(const sx_scoring *scoring, const sx_method *methods, int count,
                             sx_error *err);
/* Only risk-coverage-methods, methods, scores and out-of-distribution: what a run may redraw often.
 */
sx_status sx_scoring_publish_curves(const sx_scoring *scoring, const sx_method *methods, int count,
                                    sx_error *err);

/* Percentile bootstrap over items of every figure and curve at once (SX_SCORING_ROUNDS rounds, the
 * same resamples for all methods; sets are resampled apart from each other). Borrows what it is
 * given, which must not change any more. To begin publishes everything without intervals. */
typedef struct sx_scoring_intervals sx_scoring_intervals;
sx_scoring_intervals *sx_scoring_intervals_new(const sx_scoring *scoring, const sx_method *methods,
                                               int count, sx_error *err);
/* A slice, well under 50 ms for 10,000 items; publishes the tables and curves again with intervals
 * of the rounds so far, now and then and at the end. Where rounds fall does not depend on threads
 * or on when it was stopped: after a kill it is simply begun again, to equal bits. */
sx_status sx_scoring_intervals_advance(sx_scoring_intervals *intervals, bool *ended, sx_error *err);
/* Slices that are left, about; share that is done (0 .. 1). */
double sx_scoring_intervals_left(const sx_scoring_intervals *intervals);
double sx_scoring_intervals_share(const sx_scoring_intervals *intervals);
void sx_scoring_intervals_free(sx_scoring_intervals *intervals); /* NULL is fine */

#endif
