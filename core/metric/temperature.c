/* Temperature scaling. In b = 1/T the mean negative log-likelihood of softmax(b z) is convex, and
 * its derivative, mean of E_p[z] - z_label, rises with the mean variance of z as its slope. So the
 * root is bracketed, and each step is Newton's if that stays inside of the bracket and halves it
 * otherwise. Pieces of items are fixed and their sums added in order: threads change nothing. */
#include "core/metric/metric.h"

#include <float.h>
#include <math.h>

enum { PIECES = 64, STEPS = 200 };
#define LEAST 1e-3 /* of 1/T */
#define MOST 1e3
#define FARTHEST (-708.0) /* exp of less is no normal number: a probability of 0 stays usable */

typedef struct {
    const double *logits;
    const int32_t *labels;
    size_t n;
    int classes;
    double b;
    double slope[PIECES], curvature[PIECES];
} fit;

/* Adds one item's derivative and its own derivative. */
static void add_item(const fit *f, size_t item, double *slope, double *curvature) {
    const double *z = f->logits + item * (size_t)f->classes;
    double high = z[sx_argmax(z, f->classes)], total = 0, first = 0, second = 0;
    for (int c = 0; c < f->classes; c++) {
        double away = fmax(z[c] - high, FARTHEST), weight = exp(f->b * away);
        total += weight;
        first += weight * away;
        second += weight * away * away;
    }
    double mean = first / total;
    *slope += mean - fmax(z[f->labels[item]] - high, FARTHEST);
    *curvature += second / total - mean * mean;
}

static void add_piece(void *context, int piece, int worker) {
    fit *f = context;
    (void)worker;
    double slope = 0, curvature = 0;
    size_t first = f->n * (size_t)piece / PIECES, end = f->n * (size_t)(piece + 1) / PIECES;
    for (size_t i = first; i < end; i++) add_item(f, i, &slope, &curvature);
    f->slope[piece] = slope;
    f->curvature[piece] = curvature;
}

static double slope_at(fit *f, double b, sx_pool *pool, double *curvature) {
    double slope = 0;
    f->b = b;
    sx_pool_run(pool, PIECES, add_piece, f);
    *curvature = 0;
    for (int i = 0; i < PIECES; i++) {
        slope += f->slope[i];
        *curvature += f->curvature[i];
    }
    return slope;
}

static double find_root(fit *f, sx_pool *pool) {
    double low = LEAST, high = MOST, b = 1, curvature;
    if (slope_at(f, LEAST, pool, &curvature) >= 0) return LEAST;
    if (slope_at(f, MOST, pool, &curvature) <= 0) return MOST;
    for (int step = 0; step < STEPS && high - low > DBL_EPSILON * high; step++) {
        double slope = slope_at(f, b, pool, &curvature), next = b - slope / curvature;
        if (slope == 0) break;
        *(slope < 0 ? &low : &high) = b;
        if (fabs(next - b) <= 2 * DBL_EPSILON * b) break;
        b = next > low && next < high ? next : (low + high) / 2;
    }
    return b;
}

sx_status sx_temperature_fit(const double *logits, const int32_t *labels, size_t n, int classes,
                             sx_pool *pool, double *temperature, sx_error *err) {
    *temperature = NAN;
    if (n == 0) return sx_fail(err, SX_BAD_INPUT, "a temperature needs predictions to be fitted");
    for (size_t i = 0; i < n; i++) {
        if (labels[i] < 0 || labels[i] >= classes)
            return sx_fail(err, SX_BAD_INPUT, "item %zu: label %d is not in 0 .. %d", i,
                           (int)labels[i], classes - 1);
        for (int c = 0; c < classes; c++)
            if (!(logits[i * (size_t)classes + (size_t)c] < INFINITY)) /* -inf: impossible */
                return sx_fail(err, SX_BAD_INPUT, "the prediction of item %zu is not a number", i);
    }
    fit f = {.logits = logits, .labels = labels, .n = n, .classes = classes};
    *temperature = 1 / find_root(&f, pool);
    return SX_OK;
}
