/* Adding members. Everything is per item, so any ranges may be added from any threads and the bits
 * are those of the order of the members alone. The spread of a probability is kept as squared
 * deviations from the running mean (Welford 1962): a difference of sums of squares would lose the
 * spread of members that nearly agree. */
#include "core/metric/ensemble.h"
#include "core/metric/metric.h"

#include <assert.h>
#include <float.h>
#include <math.h>

/* ---- room ------------------------------------------------------------------------------------ */

static sx_status check_sizes(size_t n, int classes, const int32_t *labels, size_t *cells,
                             sx_error *err) {
    if (classes < 1 || classes > SX_ENSEMBLE_CLASSES ||
        !sx_size_multiply(n, (size_t)classes, cells))
        return sx_fail(err, SX_BAD_INPUT, "%zu items of %d classes cannot be held", n, classes);
    for (size_t i = 0; labels && i < n; i++)
        if (labels[i] < 0 || labels[i] >= classes)
            return sx_fail(err, SX_BAD_INPUT, "item %zu: label %d is not in 0 .. %d", i,
                           (int)labels[i], classes - 1);
    return SX_OK;
}

static sx_status no_memory(const sx_ensemble *e, sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for the predictions of %zu items", e->n);
}

static bool take_labels(sx_ensemble *e, const int32_t *labels) {
    e->labels = sx_alloc(e->n, sizeof *e->labels);
    e->log_true = sx_alloc(e->n, sizeof *e->log_true);
    e->losses = sx_alloc(e->n, sizeof *e->losses);
    e->briers = sx_alloc(e->n, sizeof *e->briers);
    if (!e->labels || !e->log_true || !e->losses || !e->briers) return false;
    for (size_t i = 0; i < e->n; i++) {
        e->labels[i] = labels[i];
        e->log_true[i] = -INFINITY;
    }
    return true;
}

sx_status sx_ensemble_new_single(size_t n, int classes, const int32_t *labels, sx_ensemble *out,
                                 sx_error *err) {
    size_t cells;
    *out = (sx_ensemble){0};
    sx_status status = check_sizes(n, classes, labels, &cells, err);
    if (status) return status;
    out->n = n;
    out->classes = classes;
    out->sum = sx_alloc(cells, sizeof *out->sum);
    out->entropy = sx_alloc(n, sizeof *out->entropy);
    bool memory = out->sum && out->entropy && (!labels || take_labels(out, labels));
    return memory ? SX_OK : no_memory(out, err);
}

sx_status sx_ensemble_new(size_t n, int classes, const int32_t *labels, sx_ensemble *out,
                          sx_error *err) {
    sx_status status = sx_ensemble_new_single(n, classes, labels, out, err);
    if (status) return status;
    size_t cells = n * (size_t)classes;
    out->squares = sx_alloc(cells, sizeof *out->squares);
    out->low = sx_alloc(cells, sizeof *out->low);
    out->high = sx_alloc(cells, sizeof *out->high);
    out->votes = sx_alloc(cells, sizeof *out->votes);
    if (!out->squares || !out->low || !out->high || !out->votes) return no_memory(out, err);
    for (size_t i = 0; i < cells; i++) {
        out->low[i] = INFINITY;
        out->high[i] = -INFINITY;
    }
    return SX_OK;
}

void sx_ensemble_done(sx_ensemble *e) {
    sx_free(e->labels);
    sx_free(e->sum);
    sx_free(e->squares);
    sx_free(e->low);
    sx_free(e->high);
    sx_free(e->votes);
    sx_free(e->entropy);
    sx_free(e->log_true);
    sx_free(e->losses);
    sx_free(e->briers);
    *e = (sx_ensemble){0};
}

int sx_ensemble_arrays(sx_ensemble *e, sx_ensemble_array *out) {
    const size_t cells = e->n * (size_t)e->classes, d = sizeof(double), u = sizeof(uint32_t);
    const sx_ensemble_array all[SX_ENSEMBLE_ARRAYS] = {
        {"members", &e->members, 1, u},    {"sum", e->sum, cells, d},
        {"squares", e->squares, cells, d}, {"low", e->low, cells, d},
        {"high", e->high, cells, d},       {"votes", e->votes, cells, u},
        {"entropy", e->entropy, e->n, d},  {"log_true", e->log_true, e->n, d},
        {"losses", e->losses, e->n, d},    {"briers", e->briers, e->n, d},
    };
    int count = 0;
    for (int i = 0; i < SX_ENSEMBLE_ARRAYS; i++)
        if (all[i].data) out[count++] = all[i];
    return count;
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* One member's row of an item. */
typedef struct {
    const double *p; /* [classes] */
    double entropy;  /* of p */
    double loss;     /* -log p(label) */
} member_row;

static double log_sum(double a, double b) {
    double high = a > b ? a : b, low = a > b ? b : a;
    if (isnan(a) || isnan(b)) return NAN;
    return isinf(high) ? high : high + log1p(exp(low - high));
}

static double squared_error(const double *p, int classes, int32_t label) {
    double sum = 0;
    for (int c = 0; c < classes; c++) {
        double gap = p[c] - (c == label);
        sum += gap * gap;
    }
    return sum;
}

/* Before the row is in the sum: the running means with and without it are needed. */
static void add_spread(sx_ensemble *e, size_t begin, const double *p) {
    double before = e->members ? 1.0 / e->members : 0, after = 1.0 / (e->members + 1);
    double *sum = e->sum + begin, *squares = e->squares + begin;
    double *low = e->low + begin, *high = e->high + begin;
    for (int c = 0; c < e->classes; c++) {
        squares[c] += (p[c] - sum[c] * before) * (p[c] - (sum[c] + p[c]) * after);
        low[c] = p[c] < low[c] ? p[c] : low[c];
        high[c] = p[c] > high[c] ? p[c] : high[c];
    }
}

static void add_row(sx_ensemble *e, size_t item, member_row row) {
    size_t begin = item * (size_t)e->classes;
    if (e->squares) {
        add_spread(e, begin, row.p);
        e->votes[begin + (size_t)sx_argmax(row.p, e->classes)]++;
    }
    for (int c = 0; c < e->classes; c++) e->sum[begin + (size_t)c] += row.p[c];
    e->entropy[item] += row.entropy;
    if (!e->labels) return;
    e->log_true[item] = log_sum(e->log_true[item], -row.loss);
    e->losses[item] += row.loss;
    e->briers[item] += squared_error(row.p, e->classes, e->labels[item]);
}

/* z [classes], already divided by the temperature, becomes its softmax and is added. With the
 * largest z moved to 0, -log p is log(total) - z and the entropy log(total) - sum p z. */
static void add_softmax(sx_ensemble *e, size_t item, double *z) {
    double high = z[sx_argmax(z, e->classes)], total = 0, weighted = 0;
    double truth = e->labels ? z[e->labels[item]] - high : 0;
    for (int c = 0; c < e->classes; c++) {
        double from_high = z[c] - high;
        z[c] = exp(from_high);
        total += z[c];
        weighted += z[c] > 0 ? z[c] * from_high : z[c]; /* 0 log 0 is 0; NaN stays */
    }
    double log_total = log(total), scale = 1 / total;
    for (int c = 0; c < e->classes; c++) z[c] *= scale;
    add_row(e, item, (member_row){z, log_total - weighted * scale, log_total - truth});
}

void sx_ensemble_add_logits(sx_ensemble *e, size_t first, size_t count, const float *logits) {
    double z[SX_ENSEMBLE_CLASSES];
    for (size_t i = 0; i < count; i++, logits += e->classes) {
        for (int c = 0; c < e->classes; c++) z[c] = (double)logits[c];
        add_softmax(e, first + i, z);
    }
}

void sx_ensemble_add_tempered(sx_ensemble *e, size_t first, size_t count, const double *logits,
                              double temperature) {
    double z[SX_ENSEMBLE_CLASSES];
    for (size_t i = 0; i < count; i++, logits += e->classes) {
        for (int c = 0; c < e->classes; c++) z[c] = logits[c] / temperature;
        add_softmax(e, first + i, z);
    }
}

void sx_ensemble_add_probabilities(sx_ensemble *e, size_t first, size_t count, const double *p) {
    for (size_t i = 0; i < count; i++, p += e->classes) {
        double loss = e->labels ? -log(p[e->labels[first + i]]) : 0;
        double entropy = -sx_confidence_of(SX_CONFIDENCE_NEGATIVE_ENTROPY, p, e->classes);
        add_row(e, first + i, (member_row){p, entropy, loss});
    }
}

void sx_ensemble_end_member(sx_ensemble *e) {
    assert(e->squares || e->members == 0); /* a single one has no room for a second */
    e->members++;
}

void sx_ensemble_log_mean(const sx_ensemble *e, size_t first, size_t count, double *out) {
    const double *sum = e->sum + first * (size_t)e->classes;
    for (size_t i = 0; i < count * (size_t)e->classes; i++) {
        double mean = sum[i] / e->members;
        out[i] = log(mean < DBL_MIN ? DBL_MIN : mean);
    }
}
