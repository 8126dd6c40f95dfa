/* Selective prediction. All quantities come from one pass over the items sorted by confidence, the
 * surest first, in blocks of equal confidence. Inside a block of t items with s errors the j-th
 * item counts s/t errors: the mean over all orders of the block. */
#include "core/metric/metric.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    double confidence;
    uint8_t wrong;
} item;

static int surest_first(const void *a, const void *b) {
    double x = ((const item *)a)->confidence, y = ((const item *)b)->confidence;
    return (x < y) - (x > y);
}

/* Sorted items, owned by the caller; NULL after an error: no items, NaN, no memory. */
static item *sort_items(const double *confidence, const uint8_t *wrong, size_t n, sx_status *status,
                        sx_error *err) {
    *status = SX_BAD_INPUT;
    if (n == 0) {
        sx_fail(err, SX_BAD_INPUT, "selective risk of no predictions is not defined");
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (!isnan(confidence[i])) continue;
        sx_fail(err, SX_BAD_INPUT, "the confidence of prediction %zu is not a number", i);
        return NULL;
    }
    item *items = sx_alloc(n, sizeof *items);
    if (!items) {
        *status = sx_fail(err, SX_NO_MEMORY, "not enough memory for %zu predictions", n);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) items[i] = (item){confidence[i], wrong[i] != 0};
    qsort(items, n, sizeof *items, surest_first);
    return items;
}

/* The block of equal confidence that begins at `from`: its size and its errors. */
static size_t block_at(const item *items, size_t n, size_t from, size_t *errors) {
    size_t to = from;
    *errors = 0;
    while (to < n && items[to].confidence == items[from].confidence) *errors += items[to++].wrong;
    return to - from;
}

/* Errors among the k surest, for k = 1 .. n, ties averaged, into prefix [n]. */
static void prefix_errors(const item *items, size_t n, double *prefix) {
    double before = 0;
    size_t errors;
    for (size_t from = 0, size; from < n; from += size) {
        size = block_at(items, n, from, &errors);
        for (size_t j = 0; j < size; j++)
            prefix[from + j] = before + (double)errors * (double)(j + 1) / (double)size;
        before += (double)errors;
    }
}

double sx_oracle_risk(size_t k, size_t n, size_t m) {
    if (k == 0 || k + m <= n) return 0;
    return (double)(k + m - n) / (double)k;
}

/* The area under the generalised risk E/n by trapezoids between distinct thresholds and (0, 0). */
static double augrc(const item *items, size_t n) {
    double area = 0, before = 0;
    size_t errors;
    for (size_t from = 0, size; from < n; from += size) {
        size = block_at(items, n, from, &errors);
        area += (double)size * (2 * before + (double)errors) / 2;
        before += (double)errors;
    }
    return area / ((double)n * (double)n);
}

sx_status sx_selective_risk(const double *confidence, const uint8_t *wrong, size_t n,
                            sx_selective *out, sx_error *err) {
    *out = SX_SELECTIVE_UNKNOWN;
    sx_status status;
    item *items = sort_items(confidence, wrong, n, &status, err);
    if (!items) return status;
    double *prefix = sx_alloc(n, sizeof *prefix);
    if (!prefix) {
        sx_free(items);
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for %zu predictions", n);
    }
    prefix_errors(items, n, prefix);
    size_t errors = 0;
    for (size_t i = 0; i < n; i++) errors += items[i].wrong;
    double area = 0, best = 0;
    for (size_t k = 1; k <= n; k++) {
        area += prefix[k - 1] / (double)k;
        best += sx_oracle_risk(k, n, errors);
    }
    out->aurc = area / (double)n;
    out->eaurc = out->aurc - best / (double)n;
    out->augrc = augrc(items, n);
    out->risk = (double)errors / (double)n;
    sx_free(prefix);
    sx_free(items);
    return SX_OK;
}

sx_status sx_risk_coverage(const double *confidence, const uint8_t *wrong, size_t n,
                           double *coverage, double *risk, sx_error *err) {
    sx_status status;
    item *items = sort_items(confidence, wrong, n, &status, err);
    if (!items) return status;
    prefix_errors(items, n, risk);
    for (size_t k = 1; k <= n; k++) {
        coverage[k - 1] = (double)k / (double)n;
        risk[k - 1] /= (double)k;
    }
    sx_free(items);
    return SX_OK;
}

sx_status sx_coverage_at_risk(const double *confidence, const uint8_t *wrong, size_t n, double risk,
                              sx_operating_point *out, sx_error *err) {
    *out = (sx_operating_point){0, NAN};
    if (isnan(risk)) return sx_fail(err, SX_BAD_INPUT, "the risk to keep to is not a number");
    sx_status status;
    item *items = sort_items(confidence, wrong, n, &status, err);
    if (!items) return status;
    size_t errors, sum = 0;
    for (size_t from = 0, size; from < n; from += size) {
        size = block_at(items, n, from, &errors);
        sum += errors;
        size_t kept = from + size;
        if ((double)sum <= risk * (double)kept)
            *out = (sx_operating_point){(double)kept / (double)n, items[from].confidence};
    }
    sx_free(items);
    return SX_OK;
}

sx_status sx_risk_at_coverage(const double *confidence, const uint8_t *wrong, size_t n,
                              double coverage, double *out, sx_error *err) {
    *out = NAN;
    if (!(coverage > 0 && coverage <= 1))
        return sx_fail(err, SX_BAD_INPUT, "a coverage of %g is not above 0 and at most 1",
                       coverage);
    sx_status status;
    item *items = sort_items(confidence, wrong, n, &status, err);
    if (!items) return status;
    double *prefix = sx_alloc(n, sizeof *prefix);
    if (prefix) {
        prefix_errors(items, n, prefix);
        size_t k = (size_t)ceil(coverage * (double)n - 1e-9);
        k = k < 1 ? 1 : k > n ? n : k;
        *out = prefix[k - 1] / (double)k;
    }
    bool memory = prefix != NULL;
    sx_free(prefix);
    sx_free(items);
    return memory ? SX_OK : sx_fail(err, SX_NO_MEMORY, "not enough memory for %zu predictions", n);
}
