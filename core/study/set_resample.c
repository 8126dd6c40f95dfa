/* Intervals of scores: a bootstrap over pairs of object and background, each with all its pictures,
 * since pictures of one pair are alike. For the score by class, pairs are drawn class by class.
 * Rounds are cut into parts that take some ten milliseconds, and go to the workers one by one; a
 * round is fixed by its number. */
#include "core/study/set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_PLAIN 84
#define STREAM_BY_CLASS 85
#define PART 8e6 /* pictures that a part counts */

/* A picture that counts: which pair, where it is counted, whether it is right. */
typedef struct {
    uint32_t pair, cell;
    uint8_t right;
} vote;

/* Scratch of one worker. */
typedef struct {
    uint32_t *weights; /* [pairs] */
    double *n, *right; /* [cells] */
} bench;

struct sx_set_bootstrap {
    int grouping, model, same, by_class; /* the score at hand */
    bool begun;
    vote *votes; /* [votes] of the most that there can be */
    size_t count, pairs, groups, classes;
    uint32_t *numbers; /* [pairs of the plan]: those that have votes, class by class */
    size_t *strata;    /* [classes + 1]: where each class's pairs begin */
    double *values;    /* [SX_SET_ROUNDS] */
    int round, rounds; /* done; of this part */
    uint64_t seed;
    bench *benches; /* [threads] */
    int threads;
};

/* ---- the score at hand ------------------------------------------------------------------------
 */

static bool is_scored(const sx_set *set, const sx_set_bootstrap *b) {
    if (!sx_set_groups(&set->plan, (sx_grouping)b->grouping)) return false;
    return !b->same || set->kept[b->grouping];
}

/* The next one; false past the last. */
static bool step(const sx_set *set, sx_set_bootstrap *b) {
    do {
        if (++b->by_class < 2) continue;
        b->by_class = 0;
        if (++b->same < 2) continue;
        b->same = 0;
        if (++b->model < set->model_count) continue;
        b->model = 0;
        b->grouping++;
    } while (b->grouping < SX_SCORES && !is_scored(set, b));
    return b->grouping < SX_SCORES;
}

/* Numbers the pairs that have pictures, class by class. */
static void number_pairs(const sx_set *set, sx_set_bootstrap *b) {
    const sx_set_plan *plan = &set->plan;
    memset(b->numbers, 0, plan->pair_count * sizeof *b->numbers);
    memset(b->strata, 0, ((size_t)plan->classes + 1) * sizeof *b->strata);
    for (size_t i = 0; i < plan->items; i++) {
        if (!sx_set_counts(set, (sx_grouping)b->grouping, b->same, i)) continue;
        uint32_t *number = &b->numbers[plan->pairs[i]];
        if (!*number) *number = (uint32_t)++b->strata[plan->labels[i] + 1];
    }
    for (int c = 0; c < plan->classes; c++) b->strata[c + 1] += b->strata[c];
    b->pairs = b->strata[plan->classes];
}

static void take_votes(const sx_set *set, sx_set_bootstrap *b) {
    const sx_set_plan *plan = &set->plan;
    b->count = 0;
    for (size_t i = 0; i < plan->items; i++) {
        if (!sx_set_counts(set, (sx_grouping)b->grouping, b->same, i)) continue;
        size_t label = (size_t)plan->labels[i];
        size_t group = sx_set_group(plan, (sx_grouping)b->grouping, i);
        size_t pair = b->strata[label] + b->numbers[plan->pairs[i]] - 1;
        b->votes[b->count++] =
            (vote){(uint32_t)pair, (uint32_t)(group * b->classes + (b->classes > 1 ? label : 0)),
                   sx_set_is_right(set, b->model, i)};
    }
}

static void done_benches(sx_set_bootstrap *b) {
    for (int t = 0; b->benches && t < b->threads; t++) {
        sx_free(b->benches[t].weights);
        sx_free(b->benches[t].n);
        sx_free(b->benches[t].right);
        b->benches[t] = (bench){0};
    }
}

static sx_status make_benches(sx_set_bootstrap *b, sx_error *err) {
    done_benches(b);
    for (int t = 0; t < b->threads; t++) {
        bench *w = &b->benches[t];
        w->weights = sx_alloc(b->pairs, sizeof *w->weights);
        w->n = sx_alloc(b->groups * b->classes, sizeof *w->n);
        w->right = sx_alloc(b->groups * b->classes, sizeof *w->right);
        if (!w->weights || !w->n || !w->right) return sx_set_no_memory(err);
    }
    return SX_OK;
}

/* A score by class of too many cells, or of a single pair, has no interval. */
static sx_status begin(const sx_set *set, sx_set_bootstrap *b, sx_error *err) {
    b->groups = sx_set_groups(&set->plan, (sx_grouping)b->grouping);
    b->classes = b->by_class ? (size_t)set->plan.classes : 1;
    number_pairs(set, b);
    take_votes(set, b);
    b->round = b->groups > (1 << 20) / b->classes || b->pairs < 2 ? SX_SET_ROUNDS : 0;
    for (int i = 0; i < SX_SET_ROUNDS; i++) b->values[i] = NAN;
    b->begun = true;
    return b->round ? SX_OK : make_benches(b, err);
}

/* ---- rounds -----------------------------------------------------------------------------------
 */

static void draw(const sx_set_bootstrap *b, int round, uint32_t *weights) {
    sx_random random =
        sx_random_from(b->seed, b->by_class ? STREAM_BY_CLASS : STREAM_PLAIN, (uint64_t)round);
    memset(weights, 0, b->pairs * sizeof *weights);
    for (size_t from = 0, c = 1; from < b->pairs; c++) {
        size_t to = b->by_class ? b->strata[c] : b->pairs;
        for (size_t i = from; i < to; i++)
            weights[from + sx_random_below(&random, (uint32_t)(to - from))]++;
        from = to;
    }
}

static void do_round(void *context, int piece, int worker) {
    sx_set_bootstrap *b = context;
    bench *w = &b->benches[worker];
    int round = b->round + piece;
    size_t cells = b->groups * b->classes;
    draw(b, round, w->weights);
    memset(w->n, 0, cells * sizeof *w->n);
    memset(w->right, 0, cells * sizeof *w->right);
    for (size_t i = 0; i < b->count; i++) {
        const vote *v = &b->votes[i];
        double weight = w->weights[v->pair];
        w->n[v->cell] += weight;
        w->right[v->cell] += weight * v->right;
    }
    b->values[round] = b->by_class ? sx_set_mean_by_class(w->right, w->n, b->groups, b->classes)
                                   : sx_set_mean(w->right, w->n, b->groups);
}

/* ---- all scores -------------------------------------------------------------------------------
 */

sx_status sx_set_resample_begin(sx_set *set, sx_error *err) {
    sx_set_bootstrap *b = sx_alloc(1, sizeof *b);
    sx_set_resample_end(set);
    set->boots = b;
    if (!b) return sx_set_no_memory(err);
    *b = (sx_set_bootstrap){
        .by_class = -1, .seed = set->seed, .threads = sx_pool_threads(set->context.pool)};
    b->votes = sx_alloc(set->plan.items, sizeof *b->votes);
    b->numbers = sx_alloc(set->plan.pair_count, sizeof *b->numbers);
    b->strata = sx_alloc((size_t)set->plan.classes + 1, sizeof *b->strata);
    b->values = sx_alloc(SX_SET_ROUNDS, sizeof *b->values);
    b->benches = sx_alloc((size_t)b->threads, sizeof *b->benches);
    bool memory = b->votes && b->numbers && b->strata && b->values && b->benches;
    return memory ? sx_set_find_pairs(set, err) : sx_set_no_memory(err);
}

void sx_set_resample_end(sx_set *set) {
    sx_set_bootstrap *b = set->boots;
    if (!b) return;
    done_benches(b);
    sx_free(b->benches);
    sx_free(b->votes);
    sx_free(b->numbers);
    sx_free(b->strata);
    sx_free(b->values);
    sx_free(b);
    set->boots = NULL;
}

static void keep_interval(sx_set *set, const sx_set_bootstrap *b) {
    sx_set_intervals *to = &set->intervals[b->grouping][b->model][b->same];
    sx_interval interval = sx_percentiles(b->values, SX_SET_ROUNDS);
    *(b->by_class ? &to->by_class : &to->plain) = interval;
}

sx_status sx_set_resample(sx_set *set, bool *ended, sx_error *err) {
    sx_set_bootstrap *b = set->boots;
    *ended = false;
    if (!b->begun) {
        if (!step(set, b)) {
            *ended = true;
            sx_set_resample_end(set);
            return SX_OK;
        }
        sx_status status = begin(set, b, err);
        if (status) return status;
    }
    double part = PART / (double)(b->count + 1);
    int left = SX_SET_ROUNDS - b->round;
    b->rounds = part < 1 ? 1 : part < left ? (int)part : left;
    if (left > 0) sx_pool_run(set->context.pool, b->rounds, do_round, b);
    b->round += b->rounds;
    if (b->round < SX_SET_ROUNDS) return SX_OK;
    keep_interval(set, b);
    b->begun = false;
    return SX_OK;
}
