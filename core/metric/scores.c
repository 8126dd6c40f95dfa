/* What an ensemble says of an item, as numbers: the table of scores, and all items' scores at once
 * for whoever ranks them. */
#include "core/metric/ensemble.h"
#include "core/metric/metric.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define SNAP 1e-12 /* rounding of a mutual information that is 0 */

/* ---- one item -------------------------------------------------------------------------------- */

/* Prediction, largest, margin and entropy of the mean probability. */
static void score_mean(const sx_ensemble *e, const double *sum, sx_item_scores *out) {
    double scale = 1.0 / e->members, second = 0, entropy = 0;
    int best = sx_argmax(sum, e->classes);
    for (int c = 0; c < e->classes; c++) {
        double p = sum[c] * scale;
        if (c != best && p > second) second = p;
        if (p != 0) entropy -= p * log(p); /* NaN stays NaN: unknown is not "sure" */
    }
    out->prediction = best;
    out->max_probability = sum[best] * scale;
    out->margin = out->max_probability - second;
    out->entropy = entropy;
}

/* 0 <= MI <= ln S holds but for rounding. */
static double mutual_information(double entropy, double expected, int members) {
    double value = entropy - expected, most = log(members);
    if (value < SNAP) return isnan(value) ? value : 0;
    return value > most ? most : value;
}

static void score_spread(const sx_ensemble *e, size_t begin, sx_item_scores *out) {
    const double *squares = e->squares + begin;
    size_t at = begin + (size_t)out->prediction;
    out->range = e->high[at] - e->low[at];
    out->std = out->range == 0 ? 0 : sqrt(fmax(0, e->squares[at]) / e->members);
    out->mean_std = 0;
    for (int c = 0; c < e->classes; c++)
        if (e->high[begin + (size_t)c] != e->low[begin + (size_t)c])
            out->mean_std += sqrt(fmax(0, squares[c]) / e->members) / e->classes;
    if (!isnan(out->max_probability)) return;
    out->std = out->range = out->mean_std = NAN;
}

/* The largest count of votes below `limit`, and how many classes have it. */
static uint32_t next_votes(const uint32_t *votes, int classes, uint32_t limit, int *times) {
    uint32_t most = 0;
    *times = 0;
    for (int c = 0; c < classes; c++) {
        if (votes[c] >= limit || votes[c] < most) continue;
        *times = votes[c] == most ? *times + 1 : 1;
        most = votes[c];
    }
    return most;
}

/* Summed from the largest count down, not by class: the same counts of other classes then have the
 * same entropy to the bit, and tie. */
static double vote_entropy(const uint32_t *votes, int classes, int members) {
    double sum = 0;
    int times;
    uint32_t count = next_votes(votes, classes, UINT32_MAX, &times);
    for (; count > 0; count = next_votes(votes, classes, count, &times)) {
        double share = count / (double)members;
        sum -= times * share * log(share);
    }
    return fabs(sum); /* of one class: 0, not -0 */
}

static void score_votes(const sx_ensemble *e, const uint32_t *votes, sx_item_scores *out) {
    int best = 0;
    for (int c = 1; c < e->classes; c++)
        if (votes[c] > votes[best]) best = c;
    out->vote_prediction = best;
    out->vote_share = votes[best] / (double)e->members;
    out->vote_entropy = vote_entropy(votes, e->classes, e->members);
}

void sx_ensemble_scores(const sx_ensemble *e, size_t item, sx_item_scores *out) {
    size_t begin = item * (size_t)e->classes;
    if (!e->members) {
        *out = (sx_item_scores){0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, NAN, NAN, NAN};
        return;
    }
    *out = (sx_item_scores){0};
    score_mean(e, e->sum + begin, out);
    out->expected_entropy = e->entropy[item] / e->members;
    out->mutual_information = mutual_information(out->entropy, out->expected_entropy, e->members);
    out->vote_prediction = out->prediction;
    out->vote_share = 1;
    if (!e->squares) return; /* a single model: no spread, and one vote */
    score_spread(e, begin, out);
    score_votes(e, e->votes + begin, out);
}

/* ---- the table ------------------------------------------------------------------------------- */

#define AT(field) offsetof(sx_item_scores, field)

static const sx_score rows[SX_SCORE_ROWS] = {
    {"max prob", "largest mean probability", true, false, false, AT(max_probability)},
    {"entropy", "entropy of the mean probability", false, false, false, AT(entropy)},
    {"margin", "largest minus second mean probability", true, false, false, AT(margin)},
    {"expected entropy", "mean of the members' entropies", false, false, true,
     AT(expected_entropy)},
    {"mutual information", "entropy minus expected entropy", false, false, true,
     AT(mutual_information)},
    {"std", "spread of the predicted class over members", false, false, true, AT(std)},
    {"range", "largest minus smallest of the predicted class", false, false, true, AT(range)},
    {"vote share", "share of members for the vote's class", true, true, true, AT(vote_share)},
    {"vote entropy", "entropy of the members' votes", false, true, true, AT(vote_entropy)},
};

const sx_score *sx_score_at(int row) {
    return row >= 0 && row < SX_SCORE_ROWS ? &rows[row] : NULL;
}

double sx_score_value(int row, const sx_item_scores *of) {
    double value;
    memcpy(&value, (const char *)of + rows[row].offset, sizeof value);
    return value;
}

double sx_score_confidence(int row, const sx_item_scores *of) {
    double value = sx_score_value(row, of);
    return rows[row].larger_is_surer ? value : -value;
}

/* ---- all items ------------------------------------------------------------------------------- */

enum { PIECE = 4096 }; /* items; fixed, so that threads change nothing */

typedef struct {
    const sx_ensemble *ensemble;
    sx_scored *out;
} scoring;

static double brier_of(const sx_ensemble *e, size_t item) {
    const double *sum = e->sum + item * (size_t)e->classes;
    double error = 0;
    for (int c = 0; c < e->classes; c++) {
        double gap = sum[c] / e->members - (c == e->labels[item]);
        error += gap * gap;
    }
    return error;
}

static void score_item(const sx_ensemble *e, size_t i, sx_scored *out) {
    sx_item_scores scores;
    sx_ensemble_scores(e, i, &scores);
    for (int row = 0; row < SX_SCORE_ROWS; row++)
        if (out->confidence[row]) out->confidence[row][i] = sx_score_confidence(row, &scores);
    out->prediction[i] = scores.prediction;
    out->vote[i] = scores.vote_prediction;
    if (!e->labels) return;
    out->wrong[i] = scores.prediction != e->labels[i];
    out->vote_wrong[i] = scores.vote_prediction != e->labels[i];
    out->loss[i] = e->members ? log(e->members) - e->log_true[i] : NAN;
    out->brier[i] = brier_of(e, i);
}

static void score_piece(void *context, int piece, int worker) {
    const scoring *s = context;
    (void)worker;
    size_t first = (size_t)piece * PIECE, end = first + PIECE;
    for (size_t i = first; i < end && i < s->ensemble->n; i++) score_item(s->ensemble, i, s->out);
}

static bool take_room(const sx_ensemble *e, sx_scored *out) {
    size_t n = e->n;
    bool memory = true;
    for (int row = 0; row < SX_SCORE_ROWS; row++) {
        if (rows[row].needs_members && e->members < 2) continue;
        out->confidence[row] = sx_alloc(n, sizeof(double));
        memory = memory && out->confidence[row];
    }
    out->prediction = sx_alloc(n, sizeof(int32_t));
    out->vote = sx_alloc(n, sizeof(int32_t));
    if (!e->labels) return memory && out->prediction && out->vote;
    out->wrong = sx_alloc(n, 1);
    out->vote_wrong = sx_alloc(n, 1);
    out->loss = sx_alloc(n, sizeof(double));
    out->brier = sx_alloc(n, sizeof(double));
    return memory && out->prediction && out->vote && out->wrong && out->vote_wrong && out->loss &&
           out->brier;
}

sx_status sx_scored_new(const sx_ensemble *ensemble, sx_pool *pool, sx_scored *out, sx_error *err) {
    size_t pieces = (ensemble->n + PIECE - 1) / PIECE;
    *out = (sx_scored){.n = ensemble->n, .classes = ensemble->classes};
    if (pieces >= 1 << 20)
        return sx_fail(err, SX_BAD_INPUT, "%zu items are too many to score", ensemble->n);
    if (!take_room(ensemble, out))
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for the scores of %zu items",
                       ensemble->n);
    scoring context = {ensemble, out};
    sx_pool_run(pool, (int)pieces, score_piece, &context);
    return SX_OK;
}

void sx_scored_done(sx_scored *scored) {
    for (int row = 0; row < SX_SCORE_ROWS; row++) sx_free(scored->confidence[row]);
    sx_free(scored->prediction);
    sx_free(scored->vote);
    sx_free(scored->wrong);
    sx_free(scored->vote_wrong);
    sx_free(scored->loss);
    sx_free(scored->brier);
    *scored = (sx_scored){0};
}

const uint8_t *sx_scored_wrong(const sx_scored *scored, int row) {
    return rows[row].ranks_vote ? scored->vote_wrong : scored->wrong;
}
