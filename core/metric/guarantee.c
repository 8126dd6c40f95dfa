/* The Clopper-Pearson limit by bisection on the binomial distribution, which is an incomplete beta
 * function, which is a continued fraction; and the search for a threshold over it. The count of
 * errors is passed as it is, never as a rate times a count, which can round down. */
#include "core/metric/guarantee.h"
#include "core/metric/blocks.h"

#include <float.h>
#include <math.h>

#define FRACTION_TERMS 100000

/* The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method: good for
 * x < (a + 1) / (a + b + 2). */
static double beta_fraction(double a, double b, double x) {
    double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m < FRACTION_TERMS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        value *= c * d;
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        double change = c * d;
        value *= change;
        if (fabs(change - 1) < DBL_EPSILON) break;
    }
    return value;
}

static double log_gamma(double x) {
    int sign; /* lgamma would write it to a global */
    return lgamma_r(x, &sign);
}

/* The regularised incomplete beta function I_x(a, b), 0 < x < 1. */
static double incomplete_beta(double a, double b, double x) {
    double log_front = log_gamma(a + b) - log_gamma(a) - log_gamma(b);
    double front = exp(log_front + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double sx_clopper_pearson_upper(size_t k, size_t m, double delta) {
    if (!(delta > 0 && delta < 1)) return NAN;
    if (k >= m) return 1;
    if (k == 0) return -expm1(log(delta) / (double)m);
    double low = 0, high = 1, a = (double)k + 1, b = (double)(m - k);
    for (;;) { /* P(X <= k) = 1 - I_p(k + 1, m - k) falls in p */
        double p = (low + high) / 2;
        if (p <= low || p >= high) return p;
        if (incomplete_beta(b, a, 1 - p) > delta)
            low = p;
        else
            high = p;
    }
}

/* Keeps what scores at least what rank `rank` has: to the end of its block. */
static sx_guarantee_look look_at(sx_ranked items, const uint32_t *errors, size_t rank,
                                 double delta) {
    const sx_ranking *r = items.ranking;
    size_t kept = rank + 1;
    while (kept < r->n && r->scores[kept] == r->scores[rank]) kept++;
    return (sx_guarantee_look){.threshold = r->scores[rank],
                               .bound = sx_clopper_pearson_upper(errors[kept - 1], kept, delta),
                               .coverage = (double)kept / (double)r->n,
                               .selected = kept,
                               .errors = errors[kept - 1]};
}

static void search(sx_ranked items, const uint32_t *errors, double target, sx_guarantee *out) {
    size_t n = items.ranking->n, low = 0, high = n - 1; /* from the least sure, as published */
    for (int look = 0; look <= out->looks; look++) {
        size_t middle = low + (high - low + 1) / 2;
        out->last = look_at(items, errors, n - 1 - middle, out->delta_per_look);
        if (out->last.bound > target) {
            low = middle;
            continue;
        }
        high = middle;
        out->feasible = true;
        out->found = out->last;
    }
}

sx_status sx_guarantee_search(sx_ranked items, double target, double delta, sx_guarantee *out,
                              sx_error *err) {
    size_t n = items.ranking->n;
    sx_guarantee_look none = {.threshold = NAN, .bound = NAN};
    *out = (sx_guarantee){.delta_per_look = NAN, .found = none, .last = none};
    if (n == 0) return sx_fail(err, SX_BAD_INPUT, "no predictions, so no risk to guarantee");
    if (!(target > 0 && target < 1))
        return sx_fail(err, SX_BAD_INPUT, "a risk of %g cannot be guaranteed: above 0, below 1",
                       target);
    if (!(delta > 0 && delta < 1))
        return sx_fail(err, SX_BAD_INPUT, "delta is %g, but must be above 0 and below 1", delta);
    uint32_t *errors = sx_alloc(n, sizeof *errors), sum = 0;
    if (!errors) return sx_fail(err, SX_NO_MEMORY, "not enough memory for %zu predictions", n);
    for (size_t rank = 0; rank < n; rank++)
        errors[rank] = sum += items.flags[items.ranking->order[rank]] != 0;
    out->looks = n > 1 ? (int)ceil(log2((double)n)) : 1;
    out->delta_per_look = delta / out->looks;
    search(items, errors, target, out);
    sx_free(errors);
    return SX_OK;
}
