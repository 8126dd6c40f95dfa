/* The claims of the robustness study (robustness-and-vit.md, E, claims 6 to 8), measured on the
 * outcomes of a sweep over test objects. The interval is a bootstrap over object-background pairs:
 * a resample takes whole pairs, each with all its places, angles or sizes. */
#include "core/study/internal.h"

#include <math.h>

#define ROUNDS 1000
#define SIDE SX_GRID_LOCATIONS

/* Mean over resampled pairs of the accuracy at a point. */
static double resampled(const sx_outcomes *o, int sweep, int point, const uint32_t *pairs,
                        size_t n) {
    const uint8_t *right = o->right[sweep] + (size_t)point * o->pairs[sweep];
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += right[pairs ? pairs[i] : i];
    return sum / (double)n;
}

/* Central third: places from 1/3 to 2/3; ring: places on the border. */
static bool is_central(int i) {
    double at = sx_grid_location(i);
    return at >= 1.0 / 3 && at <= 2.0 / 3;
}

static bool is_border(int i) {
    return i == 0 || i == SIDE - 1;
}

static void means(const sx_outcomes *o, const uint32_t *pairs, size_t n, double *centre,
                  double *ring) {
    int central = 0, border = 0;
    *centre = *ring = 0;
    for (int p = 0; p < SIDE * SIDE; p++) {
        int row = p / SIDE, column = p % SIDE;
        bool in_ring = is_border(row) || is_border(column);
        bool in_centre = is_central(row) && is_central(column);
        if (!in_ring && !in_centre) continue;
        double accuracy = resampled(o, SX_SWEEP_LOCATION, p, pairs, n);
        *(in_ring ? ring : centre) += accuracy;
        border += in_ring;
        central += in_centre;
    }
    *centre /= central;
    *ring /= border;
}

static double drop(void *user, const uint32_t *pairs, size_t n) {
    double centre, ring;
    means(user, pairs, n, &centre, &ring);
    return centre - ring;
}

static double size_correlation(void *user, const uint32_t *pairs, size_t n) {
    const sx_outcomes *o = user;
    double size[SX_GRID_SIZES], accuracy[SX_GRID_SIZES], rho;
    for (int p = 0; p < SX_GRID_SIZES; p++) {
        size[p] = sx_grid_size(p);
        accuracy[p] = resampled(o, SX_SWEEP_SIZE, p, pairs, n);
    }
    return sx_spearman(size, accuracy, SX_GRID_SIZES, &rho, NULL) ? (double)NAN : rho;
}

/* Distance of the maximum from upright in degrees; the mean where several points share it. */
static double peak_distance(void *user, const uint32_t *pairs, size_t n) {
    const sx_outcomes *o = user;
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
    sx_outcomes o = *outcomes;
    sx_interval interval;
    size_t n = o.pairs[SX_SWEEP_LOCATION];
    means(&o, NULL, n, &out->centre, &out->ring);
    out->drop = out->centre - out->ring;
    sx_status status = sx_bootstrap(drop, &o, n, ROUNDS, seed, &interval, err);
    out->drop_low = interval.low;
    out->drop_high = interval.high;
    return status;
}

static const char *reason_of(const sx_claim *claim) {
    if (claim->verdict != SX_VERDICT_UNDECIDED) return "";
    if (isnan(claim->low)) return "the figure is not defined for most resamples";
    return "the interval reaches to both sides of the bound";
}

sx_result *sx_claims_make(const sx_outcomes *outcomes, uint64_t seed, sx_error *err) {
    sx_outcomes o = *outcomes;
    sx_result *result = sx_result_new(SX_RESULT_CLAIMS, "claims", "Claims, test objects");
    bool good = result && sx_claims_alloc(result, ROWS);
    for (int i = 0; good && i < ROWS; i++) {
        sx_interval interval;
        sx_claim *claim = &result->claims.claims[i];
        size_t n = o.pairs[rows[i].sweep];
        good = !sx_bootstrap(rows[i].statistic, &o, n, ROUNDS, seed, &interval, err);
        claim->text = rows[i].text;
        claim->origin = rows[i].origin;
        claim->bound = rows[i].bound;
        claim->threshold = rows[i].threshold;
        claim->at_least = rows[i].at_least;
        claim->measured = rows[i].statistic(&o, NULL, n);
        claim->low = interval.low;
        claim->high = interval.high;
        claim->verdict = sx_claim_decide(claim);
        claim->reason = reason_of(claim);
    }
    if (good) return result;
    sx_result_release(result);
    return NULL;
}
