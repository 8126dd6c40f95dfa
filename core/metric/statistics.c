/* Intervals and rank correlation. */
#include "core/metric/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define Z95 1.959963984540054 /* two-sided 95 % of the normal */
#define STREAM_BOOTSTRAP 71

sx_interval sx_wilson(double right, double n) {
    if (!(n > 0)) return (sx_interval){NAN, NAN};
    double p = right / n, z2 = Z95 * Z95;
    double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    return (sx_interval){fmax(0, centre - half), fmin(1, centre + half)};
}

sx_interval sx_difference(double a, sx_interval of_a, double b, sx_interval of_b) {
    double below = hypot(a - of_a.low, of_b.high - b), above = hypot(of_a.high - a, b - of_b.low);
    return (sx_interval){a - b - below, a - b + above};
}

sx_interval sx_paired_difference(double both, double first, double second, double neither) {
    double n = both + first + second + neither;
    if (!(n > 0)) return (sx_interval){NAN, NAN};
    double a = (both + first) / n, b = (both + second) / n, d = (first - second) / n;
    sx_interval of_a = sx_wilson(both + first, n), of_b = sx_wilson(both + second, n);
    double margins = (both + first) * (second + neither) * (both + second) * (first + neither);
    double product = both * neither - first * second;
    if (product > 0) product = fmax(product - n / 2, 0);
    double phi = margins > 0 ? product / sqrt(margins) : 0;
    double down = a - of_a.low, up = of_b.high - b;
    double below = sqrt(fmax(0, down * down - 2 * phi * down * up + up * up));
    down = b - of_b.low;
    up = of_a.high - a;
    double above = sqrt(fmax(0, up * up - 2 * phi * up * down + down * down));
    return (sx_interval){d - below, d + above};
}

typedef struct {
    double value;
    size_t index;
} ranked;

static int by_value(const void *a, const void *b) {
    double x = ((const ranked *)a)->value, y = ((const ranked *)b)->value;
    return (x > y) - (x < y);
}

/* Ranks from 1 with ties averaged, into ranks [n]; `order` is scratch [n]. */
static void rank(const double *values, size_t n, ranked *order, double *ranks) {
    for (size_t i = 0; i < n; i++) order[i] = (ranked){values[i], i};
    qsort(order, n, sizeof *order, by_value);
    for (size_t from = 0; from < n;) {
        size_t to = from;
        while (to < n && order[to].value == order[from].value) to++;
        for (size_t i = from; i < to; i++)
            ranks[order[i].index] = ((double)from + (double)to + 1) / 2;
        from = to;
    }
}

static double pearson(const double *x, const double *y, size_t n) {
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += x[i];
        my += y[i];
    }
    mx /= (double)n; /* at the end: ranks that are all equal then have their mean exactly */
    my /= (double)n;
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
}

sx_status sx_spearman(const double *x, const double *y, size_t n, double *out, sx_error *err) {
    *out = NAN;
    for (size_t i = 0; i < n; i++)
        if (isnan(x[i]) || isnan(y[i]))
            return sx_fail(err, SX_BAD_INPUT, "rank correlation: value %zu is not a number", i);
    ranked *order = sx_alloc(n, sizeof *order);
    double *ranks = sx_alloc(2 * n, sizeof *ranks);
    bool memory = order && ranks;
    if (memory && n > 1) {
        rank(x, n, order, ranks);
        rank(y, n, order, ranks + n);
        *out = pearson(ranks, ranks + n, n);
    }
    sx_free(order);
    sx_free(ranks);
    return memory ? SX_OK : sx_fail(err, SX_NO_MEMORY, "not enough memory for %zu values", n);
}

static int by_number(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The q-quantile of sorted values by linear interpolation. */
static double quantile(const double *sorted, int count, double q) {
    double at = q * (count - 1);
    int below = (int)at, above = below + 1 < count ? below + 1 : below;
    if (at == below || sorted[below] == sorted[above]) return sorted[below]; /* also infinities */
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

sx_interval sx_percentiles(double *values, int rounds) {
    int count = 0;
    for (int i = 0; i < rounds; i++)
        if (!isnan(values[i])) values[count++] = values[i];
    if (count == 0 || 2 * count < rounds) return (sx_interval){NAN, NAN};
    qsort(values, (size_t)count, sizeof *values, by_number);
    return (sx_interval){quantile(values, count, 0.025), quantile(values, count, 0.975)};
}

/* Room for one index an item, and where those of each set begin; false if there is none. */
static bool lay_sets(sx_sets sets, uint32_t **indices, uint32_t ***begins) {
    size_t all = 0;
    for (int i = 0; i < sets.count; i++) all += sets.sizes[i];
    *indices = sx_alloc(all, sizeof **indices);
    *begins = sx_alloc((size_t)sets.count, sizeof **begins);
    if (!*indices || !*begins) return false;
    uint32_t *at = *indices;
    for (int i = 0; i < sets.count; at += sets.sizes[i++]) (*begins)[i] = at;
    return true;
}

static void resample(sx_sets sets, uint32_t *const *indices, uint64_t seed, int round) {
    sx_random random = sx_random_from(seed, STREAM_BOOTSTRAP, (uint64_t)round);
    for (int set = 0; set < sets.count; set++)
        for (size_t i = 0; i < sets.sizes[set]; i++)
            indices[set][i] = sx_random_below(&random, (uint32_t)sets.sizes[set]);
}

static bool is_stopped(sx_rounds rounds) {
    return rounds.stop && atomic_load_explicit(rounds.stop, memory_order_relaxed);
}

/* What the resamples come to, into values [rounds]; false once it is stopped. */
static bool take_rounds(sx_sets_statistic statistic, void *user, sx_sets sets, sx_rounds rounds,
                        uint32_t *const *indices, double *values) {
    for (int round = 0; round < rounds.count; round++) {
        if (is_stopped(rounds)) return false;
        resample(sets, indices, rounds.seed, round);
        values[round] = statistic(user, (const uint32_t *const *)indices);
    }
    return true;
}

sx_status sx_bootstrap_sets(sx_sets_statistic statistic, void *user, sx_sets sets, sx_rounds rounds,
                            sx_interval *out, sx_error *err) {
    bool fits = sets.count > 0 && rounds.count > 0;
    *out = (sx_interval){NAN, NAN};
    for (int i = 0; i < sets.count; i++)
        fits = fits && sets.sizes[i] > 0 && sets.sizes[i] <= UINT32_MAX;
    if (!fits) return sx_fail(err, SX_BAD_INPUT, "a bootstrap needs items and rounds");
    uint32_t *indices, **begins;
    double *values = sx_alloc((size_t)rounds.count, sizeof *values);
    bool memory = lay_sets(sets, &indices, &begins) && values;
    bool ended = memory && take_rounds(statistic, user, sets, rounds, begins, values);
    if (ended) *out = sx_percentiles(values, rounds.count);
    sx_free(indices);
    sx_free(begins);
    sx_free(values);
    if (!memory) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the bootstrap");
    return ended ? SX_OK : sx_fail(err, SX_CANCELLED, "stopped");
}

typedef struct {
    sx_statistic statistic;
    void *user;
    size_t n;
} one_set;

static double of_one_set(void *user, const uint32_t *const *indices) {
    const one_set *one = user;
    return one->statistic(one->user, indices[0], one->n);
}

sx_status sx_bootstrap(sx_statistic statistic, void *user, size_t n, sx_rounds rounds,
                       sx_interval *out, sx_error *err) {
    one_set one = {statistic, user, n};
    return sx_bootstrap_sets(of_one_set, &one, (sx_sets){&n, 1}, rounds, out, err);
}
