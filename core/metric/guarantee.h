/* Coverage with a guarantee: selection with guaranteed risk (Geifman and El-Yaniv 2017, algorithm
 * SGR). With probability 1 - delta over the draw of the items the true risk among those that are
 * kept is at most `bound`. */
#ifndef SX_METRIC_GUARANTEE_H
#define SX_METRIC_GUARANTEE_H

#include "core/metric/ranking.h"

/* Upper Clopper-Pearson limit of a rate of which k of m were seen: the root b of
 * P(Binomial(m, b) <= k) = delta. 1 if k = m (also of nothing); NaN if delta is not in (0, 1). */
double sx_clopper_pearson_upper(size_t k, size_t m, double delta);

/* One look of the search: keeps what scores at least `threshold`. */
typedef struct {
    double threshold, bound, coverage;
    size_t selected, errors;
} sx_guarantee_look;

typedef struct {
    int looks;             /* bisections that share delta: ceil(log2 n) */
    double delta_per_look; /* delta / looks */
    bool feasible;
    sx_guarantee_look found; /* the last that kept to the target; if none: coverage and counts 0,
                                threshold and bound NaN */
    sx_guarantee_look last;  /* where the search ended, kept to or not; not a guarantee */
} sx_guarantee;

/* Searches the largest coverage whose bound is at most `target`. Keeps by value, so ties stay
 * together; `items.counts` must be NULL. The bound is not monotone, so a bisection may miss a
 * threshold, but what it finds is guaranteed. */
sx_status sx_guarantee_search(sx_ranked items, double target, double delta, sx_guarantee *out,
                              sx_error *err);

#endif
