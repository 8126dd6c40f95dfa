/* Sorting by score. The bits of a double, with the sign handled, are a number that orders as the
 * double does; so a score is sorted by its bits, eleven at a time from the lowest, which takes time
 * in proportion to the items and keeps equal scores in the order of the items. Digits in which all
 * items agree (most of a confidence's exponent) are passed over. */
#include "core/metric/ranking.h"

#include <math.h>
#include <string.h>

enum { DIGIT = 11, DIGITS = 6, VALUES = 1 << DIGIT };

typedef struct {
    uint64_t key;
    uint32_t item;
} entry;

#define SIGN ((uint64_t)1 << 63)

/* Falling: a larger score has a smaller key. Adding 0 makes -0 the same as 0. */
static uint64_t key_of(double score) {
    uint64_t bits;
    score += 0.0;
    memcpy(&bits, &score, sizeof bits);
    return bits & SIGN ? bits : ~bits & ~SIGN;
}

static double score_of(uint64_t key) {
    double score;
    uint64_t bits = key & SIGN ? key : ~key & ~SIGN;
    memcpy(&score, &bits, sizeof score);
    return score;
}

static void count_digits(const entry *items, size_t n, uint32_t (*counts)[VALUES]) {
    memset(counts, 0, DIGITS * sizeof *counts);
    for (size_t i = 0; i < n; i++)
        for (int d = 0; d < DIGITS; d++) counts[d][items[i].key >> (DIGIT * d) & (VALUES - 1)]++;
}

/* Moves the items of `from` to `to` in the order of one digit; counts become places. */
static void sort_digit(const entry *from, entry *to, size_t n, int shift, uint32_t *counts) {
    uint32_t at = 0;
    for (int v = 0; v < VALUES; v++) {
        uint32_t count = counts[v];
        counts[v] = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++) to[counts[from[i].key >> shift & (VALUES - 1)]++] = from[i];
}

/* Sorts `items`, with as much room in `other`; returns the one of both where they are. */
static entry *sort_entries(entry *items, entry *other, size_t n) {
    uint32_t counts[DIGITS][VALUES];
    count_digits(items, n, counts);
    for (int d = 0; d < DIGITS; d++) {
        int shift = DIGIT * d;
        if (counts[d][items[0].key >> shift & (VALUES - 1)] == n) continue;
        sort_digit(items, other, n, shift, counts[d]);
        entry *sorted = other;
        other = items;
        items = sorted;
    }
    return items;
}

static void fill(sx_ranking *ranking, const entry *sorted, size_t n) {
    ranking->n = n;
    for (size_t i = 0; i < n; i++) {
        ranking->order[i] = sorted[i].item;
        ranking->scores[i] = score_of(sorted[i].key);
    }
}

/* Ranks scores that are known to be numbers; false if memory is out. */
static bool rank_numbers(const double *scores, size_t n, sx_ranking *out) {
    entry *entries = sx_alloc(n, sizeof *entries), *other = sx_alloc(n, sizeof *other);
    out->order = sx_alloc(n, sizeof *out->order);
    out->scores = sx_alloc(n, sizeof *out->scores);
    bool memory = entries && other && out->order && out->scores;
    for (size_t i = 0; memory && i < n; i++) entries[i] = (entry){key_of(scores[i]), (uint32_t)i};
    if (memory) fill(out, sort_entries(entries, other, n), n);
    sx_free(entries);
    sx_free(other);
    if (!memory) sx_ranking_done(out);
    return memory;
}

void sx_ranking_done(sx_ranking *ranking) {
    sx_free(ranking->order);
    sx_free(ranking->scores);
    *ranking = (sx_ranking){0};
}

/* The first score that is not a number; n if there is none. */
static size_t first_unknown(const double *scores, size_t n) {
    size_t i = 0;
    while (i < n && !isnan(scores[i])) i++;
    return i;
}

static sx_status check_count(size_t n, sx_error *err) {
    if (n > UINT32_MAX)
        return sx_fail(err, SX_BAD_INPUT, "%zu items are too many to rank; at most %u", n,
                       UINT32_MAX);
    return SX_OK;
}

sx_status sx_ranking_new(const double *scores, size_t n, sx_ranking *out, sx_error *err) {
    *out = (sx_ranking){0};
    if (n == 0) return sx_fail(err, SX_BAD_INPUT, "a ranking of no predictions is not defined");
    sx_status status = check_count(n, err);
    if (status) return status;
    size_t unknown = first_unknown(scores, n);
    if (unknown < n)
        return sx_fail(err, SX_BAD_INPUT, "the confidence of prediction %zu is not a number",
                       unknown);
    if (rank_numbers(scores, n, out)) return SX_OK;
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to rank %zu predictions", n);
}

typedef struct {
    const double *const *scores;
    size_t n;
    sx_ranking *out;
} rankings;

/* An entry that could not be ranked for want of memory stays empty, which the caller sees. */
static void rank_one(void *context, int piece, int worker) {
    const rankings *all = context;
    (void)worker;
    const double *scores = all->scores[piece];
    if (scores && all->n && first_unknown(scores, all->n) == all->n)
        (void)rank_numbers(scores, all->n, &all->out[piece]);
}

sx_status sx_rankings_new(const double *const *scores, int count, size_t n, sx_pool *pool,
                          sx_ranking *out, sx_error *err) {
    for (int i = 0; i < count; i++) out[i] = (sx_ranking){0};
    sx_status status = check_count(n, err);
    if (status) return status;
    rankings all = {scores, n, out};
    sx_pool_run(pool, count, rank_one, &all);
    for (int i = 0; i < count; i++) {
        if (!scores[i] || !n || out[i].n || first_unknown(scores[i], n) < n) continue;
        sx_rankings_done(out, count);
        return sx_fail(err, SX_NO_MEMORY, "not enough memory to rank %zu predictions", n);
    }
    return SX_OK;
}

void sx_rankings_done(sx_ranking *all, int count) {
    for (int i = 0; i < count; i++) sx_ranking_done(&all[i]);
}
