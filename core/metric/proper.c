/* How far probabilities can be believed: proper scores and calibration errors, of all items or of a
 * resample. The binary Brier score of the largest probability is split (Stephenson et al. 2008) so
 * that its parts add up exactly. */
#include "core/metric/blocks.h"
#include "core/metric/metric.h"

#include <math.h>

/* ---- bins ------------------------------------------------------------------------------------ */

/* How many of the edges k/B, k = 1 .. B - 1, are below the confidence (or at it: `at`). */
static int edges_below(double confidence, int bins, bool at) {
    int bin = (int)(confidence * bins) - 1; /* near; the edges themselves decide */
    bin = bin < 0 ? 0 : bin > bins - 1 ? bins - 1 : bin;
    while (bin < bins - 1) {
        double edge = (bin + 1) * (1.0 / bins); /* as numpy's linspace has them */
        if (at ? confidence < edge : confidence <= edge) break;
        bin++;
    }
    return bin;
}

/* -1: in no bin. What is not a number, or beyond 1, goes into the last. */
static int bin_of(double confidence, sx_binning binning) {
    double at = confidence * binning.bins;
    if (binning.edges == SX_EDGES_DROP_ONE && confidence >= 1) return -1;
    if (!(at >= 0 && confidence < 1)) return at < 0 ? 0 : binning.bins - 1;
    if (binning.edges == SX_EDGES_RIGHT_CLOSED) return edges_below(confidence, binning.bins, false);
    if (binning.edges != SX_EDGES_FLOOR) return edges_below(confidence, binning.bins, true);
    return at < binning.bins ? (int)at : binning.bins - 1;
}

typedef struct {
    double count, confidence, right; /* sums; means after end_bins */
    double squares, products;        /* of confidence; of confidence and right */
} bin;

static void end_bins(bin *bins, int count) {
    for (int b = 0; b < count; b++) {
        bins[b].confidence /= bins[b].count; /* NaN of none */
        bins[b].right /= bins[b].count;
    }
}

/* Accumulates the parts of the binary Brier score within one bin around its means. */
static void decompose(const bin *b, double accuracy, double total, sx_proper *out) {
    double gap = b->confidence - b->right, lift = b->right - accuracy;
    out->reliability += b->count * gap * gap / total;
    out->resolution += b->count * lift * lift / total;
    out->variance += b->squares / total;
    out->covariance += 2 * b->products / total;
}

static void sum_bins(const bin *bins, int count, double right, sx_proper *out) {
    double total = 0;
    for (int b = 0; b < count; b++) total += bins[b].count;
    out->used = total;
    if (!(total > 0)) return;
    out->ece = out->mce = out->rmsce = 0;
    out->reliability = out->resolution = out->variance = out->covariance = 0;
    out->uncertainty = right * (1 - right);
    for (int b = 0; b < count; b++) {
        if (!(bins[b].count > 0)) continue;
        double gap = fabs(bins[b].confidence - bins[b].right);
        out->ece += bins[b].count * gap / total;
        out->rmsce += bins[b].count * gap * gap / total;
        if (gap > out->mce || isnan(gap)) out->mce = gap;
        decompose(&bins[b], right, total, out);
    }
    out->rmsce = sqrt(out->rmsce);
}

/* ---- equal mass ------------------------------------------------------------------------------ */

/* Groups of consecutive items. Counted from the least sure the first have one item more where they
 * cannot all be equal; the walk is from the surest, so it begins with the smaller ones. */
typedef struct {
    double confidence, right, filled; /* of the group that is being filled */
    double size, smaller;             /* of a smaller group; how many of these are not full yet */
    double total;
    sx_proper *out;
} groups;

static void end_group(groups *g) {
    double gap = fabs(g->confidence - g->right);
    g->out->adaptive_ece += gap / g->total;
    gap /= g->filled;
    if (gap > g->out->adaptive_mce || isnan(gap)) g->out->adaptive_mce = gap;
    g->confidence = g->right = g->filled = 0;
    g->smaller--;
}

/* A block is cut where groups end, each part with its share of right ones. */
static void add_to_groups(groups *g, const sx_block *block) {
    double share = 1 - block->flagged / block->size;
    for (double left = block->size; left > 0;) {
        double part = fmin(left, g->size + (g->smaller <= 0) - g->filled);
        g->confidence += part * block->score;
        g->right += part * share;
        g->filled += part;
        left -= part;
        if (g->filled >= g->size + (g->smaller <= 0)) end_group(g);
    }
}

static void adapt(sx_ranked items, int bins, sx_proper *out) {
    double total = sx_all_items(items).size;
    if (!(total > 0)) return;
    groups g = {.total = total, .size = floor(total / bins), .out = out};
    g.smaller = g.size > 0 ? bins - (total - g.size * bins) : 0;
    out->adaptive_ece = out->adaptive_mce = 0;
    for (sx_block block = {0}; sx_next_block(items, &block);) add_to_groups(&g, &block);
}

/* ---- all figures ----------------------------------------------------------------------------- */

#define UNKNOWN                                                                                    \
    ((sx_proper){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, NAN, NAN, NAN, NAN, NAN, NAN})

/* What is looked at; `loss` and `brier` may be NULL. */
typedef struct {
    const double *confidence, *loss, *brier;
    const uint8_t *wrong;
    const uint32_t *counts;
    size_t n;
} outcomes;

static double times(const outcomes *o, size_t i) {
    return o->counts ? o->counts[i] : 1;
}

static void sum_items(const outcomes *o, sx_proper *out) {
    double n = 0, right = 0, loss = 0, brier = 0, top = 0;
    for (size_t i = 0; i < o->n; i++) {
        double count = times(o, i), gap = o->confidence[i] - !o->wrong[i];
        if (count == 0) continue; /* an infinite loss that was not drawn is none */
        n += count;
        right += count * !o->wrong[i];
        top += count * gap * gap;
        loss += o->loss ? count * o->loss[i] : 0;
        brier += o->brier ? count * o->brier[i] : 0;
    }
    out->accuracy = right / n; /* 0/0, NaN, of nothing */
    out->top_brier = top / n;
    out->nll = o->loss ? loss / n : NAN;
    out->brier = o->brier ? brier / n : NAN;
}

static void fill_bins(const outcomes *o, sx_binning binning, bin *bins) {
    for (size_t i = 0; i < o->n; i++) {
        int b = bin_of(o->confidence[i], binning);
        double count = times(o, i);
        if (b < 0) continue;
        bins[b].count += count;
        bins[b].confidence += count * o->confidence[i];
        bins[b].right += count * !o->wrong[i];
    }
    end_bins(bins, binning.bins);
    for (size_t i = 0; i < o->n; i++) {
        int b = bin_of(o->confidence[i], binning);
        double count = times(o, i);
        if (b < 0 || count == 0) continue;
        double away = o->confidence[i] - bins[b].confidence;
        bins[b].squares += count * away * away;
        bins[b].products += count * away * (!o->wrong[i] - bins[b].right);
    }
}

static void measure(const outcomes *o, const sx_ranking *ranking, sx_binning binning,
                    sx_proper *out) {
    bin bins[SX_BINS_MAX] = {{0}};
    if (binning.bins < 1 || binning.bins > SX_BINS_MAX) binning.bins = SX_RELIABILITY_BINS;
    *out = UNKNOWN;
    sum_items(o, out);
    fill_bins(o, binning, bins);
    sum_bins(bins, binning.bins, out->accuracy, out);
    if (ranking && ranking->n == o->n)
        adapt((sx_ranked){ranking, o->wrong, o->counts}, binning.bins, out);
}

void sx_proper_of(const sx_scored *scored, const sx_ranking *by_confidence, const uint32_t *counts,
                  sx_binning binning, sx_proper *out) {
    *out = UNKNOWN;
    if (!scored->wrong) return;
    const outcomes all = {.confidence = scored->confidence[SX_SCORE_MAX_PROBABILITY],
                          .loss = scored->loss,
                          .brier = scored->brier,
                          .wrong = scored->wrong,
                          .counts = counts,
                          .n = scored->n};
    measure(&all, by_confidence, binning, out);
    out->brier_mean = out->brier / scored->classes;
}

void sx_proper_of_top(const double *confidence, sx_ranked items, sx_binning binning,
                      sx_proper *out) {
    const outcomes all = {.confidence = confidence,
                          .wrong = items.flags,
                          .counts = items.counts,
                          .n = items.ranking->n};
    measure(&all, items.ranking, binning, out);
}
