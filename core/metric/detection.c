/* Detection. Items are walked from the surest, so a block adds what its threshold keeps: of the
 * inside (hits when inside is positive) and of the outside (false alarms). Seen from the other end
 * the same block is what a threshold that flags the outside would begin with, so that one pass
 * gives both classes' figures. */
#include "core/metric/detection.h"
#include "core/metric/blocks.h"

#include <math.h>
#include <string.h>

#define RATE 0.95
#define ROUNDED_RATE 0.9495 /* FD-Shifts */

/* A state of the walk: shares of inside and outside that are kept. */
typedef struct {
    double inside, outside;
} kept;

static kept share(kept of, kept all) {
    return (kept){of.inside / all.inside, of.outside / all.outside};
}

static double precision(double hits, double alarms) {
    return hits + alarms > 0 ? hits / (hits + alarms) : 1; /* no threshold has begun: 1, by usage */
}

/* AUROC and both areas under precision and recall; `was` and `is` are counts before and after a
 * block, `all` the totals. */
static void add_areas(sx_detection *out, kept was, kept is, kept all) {
    double inside = (is.inside - was.inside) / all.inside;
    double outside = (is.outside - was.outside) / all.outside;
    double here = precision(is.inside, is.outside);
    /* what this threshold flags, this block and all below; and what the one above it flags */
    double flagged = precision(all.outside - was.outside, all.inside - was.inside);
    double above = precision(all.outside - is.outside, all.inside - is.inside);
    out->auroc += inside * (all.outside - is.outside + (is.outside - was.outside) / 2);
    out->aupr_in += inside * here;
    out->aupr_in_trapezoid += inside * (precision(was.inside, was.outside) + here) / 2;
    out->aupr_out += outside * flagged;
    out->aupr_out_trapezoid += outside * (flagged + above) / 2;
}

/* Of rates in walking order: the false rate at the recall nearest to 95 %, of equal recalls the one
 * with most false ones, but the first at which everything is recalled. */
static void nearest(double recall, double false_rate, double *best, double *out) {
    double distance = fabs(recall - RATE);
    if (distance < *best || (distance == *best && recall < 1)) {
        *best = distance;
        *out = false_rate;
    }
}

static void add_kept_rates(sx_detection *out, kept was, kept is, double *best) {
    nearest(is.inside, is.outside, best, &out->fpr95_nearest);
    if (isnan(out->fpr95) && is.inside >= RATE) out->fpr95 = is.outside;
    if (was.inside <= RATE && is.inside > RATE)
        out->fpr95_interpolated = was.outside + (is.outside - was.outside) * (RATE - was.inside) /
                                                    (is.inside - was.inside);
    if (isnan(out->fpr95_rounded) && is.inside >= ROUNDED_RATE) out->fpr95_rounded = is.outside;
    out->error = fmin(out->error, (1 - is.inside + is.outside) / 2);
}

/* `flagged` are shares that a threshold above the block flags. Along the walk they fall; walked the
 * other way everything is recalled first, and of equal recalls most alarms come first. */
static void add_flagged_rates(sx_detection *out, kept flagged, double *best) {
    if (flagged.outside >= RATE) out->fpr95_outside = flagged.inside;
    double distance = fabs(flagged.outside - RATE);
    if (distance >= *best && flagged.outside < 1) return;
    *best = distance;
    out->fpr95_nearest_outside = flagged.inside;
}

static sx_detection unknown(kept all) {
    double n = all.inside + all.outside;
    return (sx_detection){.inside = all.inside,
                          .outside = all.outside,
                          .base_rate = n > 0 ? all.outside / n : NAN,
                          .auroc = NAN,
                          .aupr_in = NAN,
                          .aupr_out = NAN,
                          .fpr95 = NAN,
                          .fpr95_outside = NAN,
                          .fpr95_nearest = NAN,
                          .fpr95_nearest_outside = NAN,
                          .fpr95_interpolated = NAN,
                          .fpr95_rounded = NAN,
                          .aupr_in_trapezoid = NAN,
                          .aupr_out_trapezoid = NAN,
                          .error = NAN};
}

static kept totals(sx_ranked items) {
    sx_block all = sx_all_items(items);
    return (kept){all.size - all.flagged, all.flagged};
}

void sx_detection_of(sx_ranked items, sx_detection *out) {
    kept all = totals(items), was = {0, 0};
    *out = unknown(all);
    if (!(all.inside > 0 && all.outside > 0)) return;
    out->auroc = out->aupr_in = out->aupr_out = 0;
    out->aupr_in_trapezoid = out->aupr_out_trapezoid = 0;
    out->error = 0.5; /* of keeping nothing */
    double nearest_kept = INFINITY, nearest_flagged = INFINITY;
    for (sx_block b = {0}; sx_next_block(items, &b);) {
        kept is = {was.inside + b.size - b.flagged, was.outside + b.flagged};
        add_areas(out, was, is, all);
        kept rest = {all.inside - was.inside, all.outside - was.outside};
        add_kept_rates(out, share(was, all), share(is, all), &nearest_kept);
        add_flagged_rates(out, share(rest, all), &nearest_flagged);
        was = is;
    }
    out->auroc /= all.outside;
}

sx_status sx_detection_ranking(const double *inside, size_t n, const double *outside, size_t m,
                               sx_ranking *out, uint8_t *flags, sx_error *err) {
    *out = (sx_ranking){0};
    double *scores = n <= SIZE_MAX - m ? sx_alloc(n + m, sizeof *scores) : NULL;
    if (!scores) return sx_fail(err, SX_NO_MEMORY, "not enough memory to rank two sets of items");
    if (n) memcpy(scores, inside, n * sizeof *scores);
    if (m) memcpy(scores + n, outside, m * sizeof *scores);
    memset(flags, 0, n);
    memset(flags + n, 1, m);
    sx_status status = sx_ranking_new(scores, n + m, out, err);
    sx_free(scores);
    return status;
}

size_t sx_roc_curve(sx_ranked items, size_t room, double *false_rate, double *true_rate) {
    kept all = totals(items), at = {0, 0};
    if (!(all.inside > 0 && all.outside > 0) || room < 2) return 0;
    double step = (all.inside + all.outside) / (double)(room - 1);
    size_t count = 0;
    false_rate[0] = true_rate[0] = 0;
    for (sx_block b = {0}; sx_next_block(items, &b);) {
        at.inside += b.size - b.flagged;
        at.outside += b.flagged;
        /* a point a step of kept items, and the last */
        bool last = at.inside == all.inside && at.outside == all.outside;
        if (!last && at.inside + at.outside < step * (double)(count + 1)) continue;
        count += count + 1 < room;
        false_rate[count] = at.outside / all.outside;
        true_rate[count] = at.inside / all.inside;
    }
    return count + 1;
}
