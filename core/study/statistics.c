/* Statistics of the robustness claims over outcomes: pure functions of which pictures were
 * recognised and of a resample of pairs (robustness-and-vit.md, E, claims 6 to 9). A resample takes
 * whole pairs, each with all its places, angles or sizes. */
#include "core/study/evidence.h"

#include <math.h>

#define SIDE SX_GRID_LOCATIONS
#define TINY 4.0  /* pixels */
#define SMALL 0.1 /* of the image */
enum { FIRST_TURNED = 101, LAST_TURNED = 261 };

/* Accuracy at a point over resampled pairs. */
static double resampled(const sx_outcomes *o, int sweep, int point, const uint32_t *pairs,
                        size_t n) {
    const uint8_t *right = o->right[sweep] + (size_t)point * o->pairs[sweep];
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += right[pairs ? pairs[i] : i];
    return (double)sum / (double)n;
}

double sx_statistic_accuracy(void *evidence, const uint32_t *items, size_t n) {
    const uint8_t *right = ((const sx_evidence *)evidence)->right;
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += right[items ? items[i] : i];
    return (double)sum / (double)n;
}

/* ---- location ---------------------------------------------------------------------------------
 */

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
                                           : o->right[SX_SWEEP_LOCATION][(size_t)p * n + pair];
        *(in_ring ? ring : centre) += accuracy;
        border += in_ring;
        central += in_centre;
    }
    *centre /= central;
    *ring /= border;
}

void sx_evidence_centre_and_ring(const sx_outcomes *outcomes, double *centre, double *ring) {
    centre_and_ring(outcomes, SIZE_MAX, centre, ring);
}

/* The mean over pairs of the drop is the drop of the means, so a resample need not walk over the
 * map. */
double *sx_evidence_drops(const sx_outcomes *outcomes) {
    size_t n = outcomes->pairs[SX_SWEEP_LOCATION];
    double *drops = sx_alloc(n, sizeof *drops);
    for (size_t pair = 0; drops && pair < n; pair++) {
        double centre, ring;
        centre_and_ring(outcomes, pair, &centre, &ring);
        drops[pair] = centre - ring;
    }
    return drops;
}

double sx_statistic_drop(void *evidence, const uint32_t *pairs, size_t n) {
    const sx_evidence *e = evidence;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += e->drops[pairs ? pairs[i] : i];
    return sum / (double)n;
}

/* ---- size --------------------------------------------------------------------------------------
 */

double sx_statistic_size_correlation(void *evidence, const uint32_t *pairs, size_t n) {
    const sx_outcomes *o = ((const sx_evidence *)evidence)->outcomes;
    double size[SX_GRID_SIZES], accuracy[SX_GRID_SIZES], rho;
    for (int p = 0; p < SX_GRID_SIZES; p++) {
        size[p] = sx_grid_size(p);
        accuracy[p] = resampled(o, SX_SWEEP_SIZE, p, pairs, n);
    }
    return sx_spearman(size, accuracy, SX_GRID_SIZES, &rho, NULL) ? (double)NAN : rho;
}

bool sx_size_is_tiny(int point, int image) {
    return sqrt(sx_grid_size(point)) * image < TINY;
}

double sx_statistic_floor(void *evidence, const uint32_t *pairs, size_t n) {
    const sx_evidence *e = evidence;
    double sum = 0;
    int count = 0;
    for (int p = 0; p < SX_GRID_SIZES; p++) {
        if (!sx_size_is_tiny(p, e->image)) continue;
        sum += resampled(e->outcomes, SX_SWEEP_SIZE, p, pairs, n);
        count++;
    }
    return count ? sum / count - 1.0 / e->classes : (double)NAN;
}

double sx_statistic_small(void *evidence, const uint32_t *pairs, size_t n) {
    const sx_outcomes *o = ((const sx_evidence *)evidence)->outcomes;
    double sum = 0;
    int count = 0;
    for (int p = 0; p < SX_GRID_SIZES && sx_grid_size(p) <= SMALL; p++, count++)
        sum += resampled(o, SX_SWEEP_SIZE, p, pairs, n);
    return sum / count;
}

/* ---- rotation ----------------------------------------------------------------------------------
 */

double sx_statistic_peak_distance(void *evidence, const uint32_t *pairs, size_t n) {
    const sx_outcomes *o = ((const sx_evidence *)evidence)->outcomes;
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

/* Right ones of a point among the pairs whose class does not look alike. */
static size_t right_unlike(const sx_evidence *e, int point, const uint32_t *pairs, size_t n) {
    const sx_outcomes *o = e->outcomes;
    const uint8_t *right =
        o->right[SX_SWEEP_ROTATION] + (size_t)point * o->pairs[SX_SWEEP_ROTATION];
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        size_t pair = pairs ? pairs[i] : i;
        sum += right[pair] && !e->alike[pair];
    }
    return sum;
}

double sx_statistic_tail(void *evidence, const uint32_t *pairs, size_t n) {
    const sx_evidence *e = evidence;
    double most = 0, sum = 0;
    int count = 0;
    for (int p = 0; p < SX_GRID_ROTATIONS; p++) {
        double degrees = fmod(sx_grid_rotation(p) + 360, 360);
        double right = (double)right_unlike(e, p, pairs, n);
        most = fmax(most, right);
        if (degrees < FIRST_TURNED || degrees > LAST_TURNED) continue;
        sum += right;
        count++;
    }
    return most > 0 ? sum / count / most : (double)NAN;
}

double sx_statistic_flatness(void *evidence, const uint32_t *pairs, size_t n) {
    const sx_outcomes *o = ((const sx_evidence *)evidence)->outcomes;
    double least = 1, most = 0;
    for (int p = 0; p < SX_GRID_ROTATIONS; p++) {
        double accuracy = resampled(o, SX_SWEEP_ROTATION, p, pairs, n);
        least = fmin(least, accuracy);
        most = fmax(most, accuracy);
    }
    return most > 0 ? least / most : (double)NAN;
}
