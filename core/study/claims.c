/* The claims of the robustness study (robustness-and-vit.md, E, claims 6 to 8), measured on the
 * outcomes of a sweep over test objects. The interval is a bootstrap over object-background pairs:
 * a resample takes whole pairs, each with all its places, angles or sizes. */
#include "core/study/internal.h"

#include <math.h>

#define ROUNDS 1000
#define FEW_PAIRS 30 /* a bootstrap of fewer says too little */
#define SIDE SX_GRID_LOCATIONS

/* What the statistics read. `drops` is the drop of each pair: the mean over pairs of the drop is
 * the drop of the means, so a resample need not walk over the map. */
typedef struct {
    const sx_outcomes *outcomes;
    double *drops; /* [pairs of the location sweep] */
} evidence;

static bool is_right(const sx_outcomes *o, int sweep, int point, size_t pair) {
    return o->right[sweep][(size_t)point * o->pairs[sweep] + pair];
}

/* Accuracy at a point over resampled pairs. */
static double resampled(const sx_outcomes *o, int sweep, int point, const uint32_t *pairs,
                        size_t n) {
    const uint8_t *right = o->right[sweep] + (size_t)point * o->pairs[sweep];
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += right[pairs ? pairs[i] : i];
    return (double)sum / (double)n;
}

/* Central third: places from 1/3 to 2/3; ring: places on the border. */
static bool is_central(int i) {
    double at = sx_grid_location(i);
    return at >= 1.0 / 3 && at <= 2.0 / 3;
}

static bool is_border(int i) {
    return i == 0 || i == SIDE - 1;
}

/* Accuracy of one pair, or of all for `pair` = SIZE_MAX, in the centre and on the ring. */
static void centre_and_ring(const sx_outcomes *o, size_t pair, double *centre, double *ring) {
    int central = 0, border = 0;
    size_t n = o->pairs[SX_SWEEP_LOCATION];
    *centre = *ring = 0;
    for (int p = 0; p < SIDE * SIDE; p++) {
        int row = p / SIDE, column = p % SIDE;
        bool in_ring = is_border(row) || is_border(column);
        bool in_centre = is_central(row) && is_central(column);
        if (!in_ring && !in_centre) continue;
        double accuracy = pair == SIZE_MAX ? resampled(o, SX_SWEEP_LOCATION, p, NULL, n)
                                           : is_right(o, SX_SWEEP_LOCATION, p, pair);
        *(in_ring ? ring : centre) += accuracy;
        border += in_ring;
        central += in_centre;
    }
    *centre /= central;
    *ring /= border;
}

static bool evidence_make(const sx_outcomes *outcomes, evidence *out) {
    size_t n = outcomes->pairs[SX_SWEEP_LOCATION];
    *out = (evidence){outcomes, sx_alloc(n, sizeof *out->drops)};
    for (size_t pair = 0; out->drops && pair < n; pair++) {
        double centre, ring;
        centre_and_ring(outcomes, pair, &centre, &ring);
        out->drops[pair] = centre - ring;
    }
    return out->drops != NULL;
}

static double drop(void *user, const uint32_t *pairs, size_t n) {
    const evidence *e = user;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += e->drops[pairs ? pairs[i] : i];
    return sum / (double)n;
}

static double size_correlation(void *user, const uint32_t *pairs, size_t n) {
    const sx_outcomes *o = ((const evidence *)user)->outcomes;
    double size[SX_GRID_SIZES], accuracy[SX_GRID_SIZES], rho;
    for (int p = 0; p < SX_GRID_SIZES; p++) {
        size[p] = sx_grid_size(p);
        accuracy[p] = resampled(o, SX_SWEEP_SIZE, p, pairs, n);
    }
    return sx_spearman(size, accuracy, SX_GRID_SIZES, &rho, NULL) ? (double)NAN : rho;
}

/* Distance of the maximum from upright in degrees; the mean where several points share it. */
static double peak_distance(void *user, const uint32_t *pairs, size_t n) {
    const sx_outcomes *o = ((const evidence *)user)->outcomes;
    double best = -1, sum = 0;
    int shared = 0;
    for (int p = 0; p < SX_GRID_ROTATIONS; p++) {
        double accuracy = resampled(o, SX_SWEEP_ROTATION, p, pairs, n);
        if (accuracy < best) continue;
        if (accuracy > best) sum = shared = 0;
        best = accuracy;
        sum += fabs(sx_grid_rotation(p));
        shared++;
    }
    return sum / shared;
}

/* One row a claim: what is measured, over which pictures, against which bound. */
static const struct {
    const char *text, *origin, *bound;
    double threshold;
    bool at_least;
    int sweep;
    sx_statistic statistic;
} rows[] = {
    {"accuracy is lower at the border than in the centre", "abstract", "drop >= 0.15", 0.15, true,
     SX_SWEEP_LOCATION, drop},
    {"small objects are harder than large ones", "abstract", "rho >= 0.9", 0.9, true, SX_SWEEP_SIZE,
     size_correlation},
    {"the rotation curve peaks at upright", "own check", "within 21 degrees", 21, false,
     SX_SWEEP_ROTATION, peak_distance},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

sx_status sx_claims_drop(const sx_outcomes *outcomes, uint64_t seed, sx_drop *out, sx_error *err) {
    evidence e;
    sx_interval interval = {NAN, NAN};
    centre_and_ring(outcomes, SIZE_MAX, &out->centre, &out->ring);
    out->drop = out->centre - out->ring;
    sx_status status = evidence_make(outcomes, &e) ? SX_OK : sx_study_no_memory(err);
    if (!status)
        status = sx_bootstrap(drop, &e, outcomes->pairs[SX_SWEEP_LOCATION], ROUNDS, seed, &interval,
                              err);
    sx_free(e.drops);
    out->drop_low = interval.low;
    out->drop_high = interval.high;
    return status;
}

static void decide(sx_claim *claim, size_t pairs) {
    claim->verdict = sx_claim_decide(claim);
    claim->reason = "";
    if (pairs < FEW_PAIRS) {
        claim->verdict = SX_VERDICT_UNDECIDED;
        claim->reason = "it rests on fewer than 30 pairs of object and background";
    } else if (claim->verdict == SX_VERDICT_UNDECIDED) {
        claim->reason = isnan(claim->low) ? "the figure is not defined for most resamples"
                                          : "the interval reaches to both sides of the bound";
    }
}

static sx_status fill_claim(sx_claim *claim, int row, evidence *e, uint64_t seed, sx_error *err) {
    sx_interval interval;
    size_t pairs = e->outcomes->pairs[rows[row].sweep];
    sx_status status = sx_bootstrap(rows[row].statistic, e, pairs, ROUNDS, seed, &interval, err);
    *claim = (sx_claim){.text = rows[row].text,
                        .origin = rows[row].origin,
                        .bound = rows[row].bound,
                        .threshold = rows[row].threshold,
                        .at_least = rows[row].at_least,
                        .measured = rows[row].statistic(e, NULL, pairs),
                        .low = interval.low,
                        .high = interval.high};
    decide(claim, pairs);
    return status;
}

sx_result *sx_claims_make(const sx_outcomes *outcomes, uint64_t seed, sx_error *err) {
    evidence e;
    int count = 0;
    for (int i = 0; i < ROWS; i++) count += outcomes->pairs[rows[i].sweep] > 0;
    sx_result *result = sx_result_new(SX_RESULT_CLAIMS, "claims", "Claims, test objects");
    bool good = evidence_make(outcomes, &e) && result && sx_claims_alloc(result, count);
    for (int i = 0, next = 0; good && i < ROWS; i++)
        if (outcomes->pairs[rows[i].sweep])
            good = !fill_claim(&result->claims.claims[next++], i, &e, seed, err);
    sx_free(e.drops);
    if (good) return result;
    sx_result_release(result);
    return NULL;
}
