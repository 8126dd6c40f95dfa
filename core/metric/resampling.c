/* The bootstrap of many figures at once. A resample is a vector of counts, so nothing is sorted
 * again; a round's counts follow from its number alone, so rounds are spread over threads, stopped
 * and continued without a difference in any bit. */
#include "core/metric/metric.h"

#include <math.h>
#include <string.h>

#define STREAM_RESAMPLE 0x7265736d /* plus the set's number */

struct sx_resampling {
    int sets, figures, rounds, threads, done;
    uint64_t seed;
    size_t *sizes;     /* [sets] */
    uint32_t *counts;  /* [threads][sum of sizes] */
    uint32_t **begins; /* [threads][sets], into counts */
    double *values;    /* [figures][rounds] */
    double *row;       /* [threads][figures] */
    double *sorted;    /* [rounds] */
};

void sx_resample_counts(uint64_t seed, int set, int round, size_t n, uint32_t *counts) {
    sx_random random = sx_random_from(seed, STREAM_RESAMPLE + (uint64_t)set, (uint64_t)round);
    memset(counts, 0, n * sizeof *counts);
    for (size_t i = 0; i < n; i++) counts[sx_random_below(&random, (uint32_t)n)]++;
}

void sx_resampling_free(sx_resampling *r) {
    if (!r) return;
    sx_free(r->sizes);
    sx_free(r->counts);
    sx_free(r->begins);
    sx_free(r->values);
    sx_free(r->row);
    sx_free(r->sorted);
    sx_free(r);
}

/* All items of all sets; 0 if a set is empty or too large. */
static size_t count_items(sx_sets sets) {
    size_t all = 0;
    for (int i = 0; i < sets.count; i++) {
        if (sets.sizes[i] < 1 || sets.sizes[i] > UINT32_MAX) return 0;
        all += sets.sizes[i];
    }
    return all;
}

static bool take_room(sx_resampling *r, size_t all) {
    size_t values, begins = (size_t)r->threads * (size_t)r->sets;
    bool fits = sx_size_multiply((size_t)r->figures, (size_t)r->rounds, &values) &&
                sx_size_multiply(all, (size_t)r->threads, &all);
    if (!fits) return false;
    r->sizes = sx_alloc((size_t)r->sets, sizeof *r->sizes);
    r->counts = sx_alloc(all, sizeof *r->counts);
    r->begins = sx_alloc(begins, sizeof *r->begins);
    r->values = sx_alloc(values, sizeof *r->values);
    r->row = sx_alloc((size_t)r->threads * (size_t)r->figures, sizeof *r->row);
    r->sorted = sx_alloc((size_t)r->rounds, sizeof *r->sorted);
    return r->sizes && r->counts && r->begins && r->values && r->row && r->sorted;
}

static void lay(sx_resampling *r, sx_sets sets) {
    uint32_t *at = r->counts;
    memcpy(r->sizes, sets.sizes, (size_t)sets.count * sizeof *r->sizes);
    for (int i = 0; i < r->threads * r->sets; i++) {
        r->begins[i] = at;
        at += r->sizes[i % r->sets];
    }
}

sx_resampling *sx_resampling_new(sx_sets sets, int figures, int rounds, int threads, uint64_t seed,
                                 sx_error *err) {
    size_t all = count_items(sets);
    if (all == 0 || figures < 1 || rounds < 1 || threads < 1) {
        sx_fail(err, SX_BAD_INPUT, "a bootstrap needs items, figures and rounds");
        return NULL;
    }
    sx_resampling *r = sx_alloc(1, sizeof *r);
    if (r) *r = (sx_resampling){sets.count, figures, rounds, threads, .seed = seed};
    if (!r || !take_room(r, all)) {
        sx_resampling_free(r);
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the bootstrap");
        return NULL;
    }
    lay(r, sets);
    return r;
}

typedef struct {
    sx_resampling *resampling;
    sx_resampled function;
    void *user;
} turn;

static void do_round(void *context, int piece, int worker) {
    const turn *t = context;
    sx_resampling *r = t->resampling;
    int round = r->done + piece;
    uint32_t **counts = r->begins + (size_t)worker * (size_t)r->sets;
    double *figures = r->row + (size_t)worker * (size_t)r->figures;
    for (int set = 0; set < r->sets; set++)
        sx_resample_counts(r->seed, set, round, r->sizes[set], counts[set]);
    t->function(t->user, (const uint32_t *const *)counts, figures, worker);
    for (int i = 0; i < r->figures; i++)
        r->values[(size_t)i * (size_t)r->rounds + (size_t)round] = figures[i];
}

bool sx_resampling_advance(sx_resampling *r, sx_pool *pool, int rounds, sx_resampled function,
                           void *user) {
    turn context = {r, function, user};
    if (rounds > r->rounds - r->done) rounds = r->rounds - r->done;
    if (sx_pool_threads(pool) > r->threads) pool = NULL; /* no room for so many workers */
    sx_pool_run(pool, rounds, do_round, &context);
    r->done += rounds;
    return r->done == r->rounds;
}

double sx_resampling_value(const sx_resampling *r, int figure, int round) {
    return r->values[(size_t)figure * (size_t)r->rounds + (size_t)round];
}

sx_interval sx_resampling_interval(const sx_resampling *r, int figure) {
    memcpy(r->sorted, r->values + (size_t)figure * (size_t)r->rounds,
           (size_t)r->done * sizeof *r->sorted);
    return sx_percentiles(r->sorted, r->done);
}
