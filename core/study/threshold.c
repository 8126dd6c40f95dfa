/* What it does to a curve to leave out pictures whose object is cut off (robustness-and-vit.md, A.3
 * and E, claim 10). SI-Score's rule drops what is less than 95 % inside, and that depends on the
 * object's proportions: at a large size or near the border a point then rests on other objects, of
 * other classes, than the point beside it.
 *
 * At a point where some pairs are dropped and enough are left, the bend is the accuracy of those
 * that are left minus that of all. It follows from the classes as far as giving each class the
 * accuracy of all its pairs explains it. And it is mended by comparing the point with a reference,
 * where nothing is dropped, on the same pairs: what is left of the bend is that at the point minus
 * that of the same pairs at the reference. */
#include "core/study/evidence.h"

#include <math.h>
#include <string.h>

#define MIDDLE (SX_GRID_LOCATIONS * SX_GRID_LOCATIONS / 2)

static size_t pairs_of(const sx_evidence *e) {
    return e->outcomes->pairs[e->sweep];
}

static size_t count_whole(const sx_evidence *e, int point) {
    size_t n = pairs_of(e), count = 0;
    for (size_t i = 0; i < n; i++) count += e->whole[(size_t)point * n + i];
    return count;
}

/* The middle of the map; of sizes, the largest of those at which the most pairs are whole. */
void sx_evidence_find_bent(sx_evidence *e) {
    size_t n = pairs_of(e), most = 0;
    e->bent_count = 0;
    e->reference = 0;
    for (int p = 0; p < e->outcomes->points[e->sweep]; p++) {
        size_t whole = count_whole(e, p);
        if (whole >= most) e->reference = p;
        most = whole >= most ? whole : most;
        if (whole >= SX_FEW_PICTURES && whole < n) e->bent[e->bent_count++] = p;
    }
    if (e->sweep == SX_SWEEP_LOCATION) e->reference = MIDDLE;
}

/* Accuracy at point `at` of the pairs that are whole at `point`, minus that of all. NaN where a
 * resample has none. */
static double bend(const sx_evidence *e, int point, int at, const uint32_t *pairs, size_t n) {
    size_t all = pairs_of(e), whole = 0, right = 0, right_whole = 0;
    const uint8_t *kept = e->whole + (size_t)point * all;
    const uint8_t *outcome = e->outcomes->right[e->sweep] + (size_t)at * all;
    for (size_t i = 0; i < n; i++) {
        size_t pair = pairs ? pairs[i] : i;
        whole += kept[pair];
        right += outcome[pair];
        right_whole += kept[pair] & outcome[pair];
    }
    return whole ? (double)right_whole / (double)whole - (double)right / (double)n : (double)NAN;
}

double sx_statistic_bend(void *evidence, const uint32_t *pairs, size_t n) {
    const sx_evidence *e = evidence;
    double sum = 0;
    for (int i = 0; i < e->bent_count; i++) sum += bend(e, e->bent[i], e->bent[i], pairs, n);
    return e->bent_count ? sum / e->bent_count : (double)NAN;
}

double sx_statistic_bend_same_pairs(void *evidence, const uint32_t *pairs, size_t n) {
    const sx_evidence *e = evidence;
    double sum = 0;
    for (int i = 0; i < e->bent_count; i++)
        sum +=
            bend(e, e->bent[i], e->bent[i], pairs, n) - bend(e, e->bent[i], e->reference, pairs, n);
    return e->bent_count ? sum / e->bent_count : (double)NAN;
}

/* The bend that there would be if all pairs of a class were equally well recognised. */
static double bend_of_classes(const sx_evidence *e, int point, const uint32_t *pairs, size_t n) {
    size_t all = pairs_of(e), labels = (size_t)e->most_label + 1;
    const uint8_t *kept = e->whole + (size_t)point * all;
    const uint8_t *outcome = e->outcomes->right[e->sweep] + (size_t)point * all;
    double *count = e->by_class, *right = count + labels, *whole = right + labels;
    double sum = 0, left = 0, all_right = 0;
    memset(count, 0, 3 * labels * sizeof *count);
    for (size_t i = 0; i < n; i++) {
        size_t pair = pairs ? pairs[i] : i, label = (size_t)e->labels[pair];
        count[label]++;
        right[label] += outcome[pair];
        whole[label] += kept[pair];
    }
    for (size_t c = 0; c < labels; c++) {
        if (count[c] > 0) sum += whole[c] * right[c] / count[c];
        left += whole[c];
        all_right += right[c];
    }
    return left > 0 ? sum / left - all_right / (double)n : (double)NAN;
}

double sx_statistic_bend_by_classes(void *evidence, const uint32_t *pairs, size_t n) {
    const sx_evidence *e = evidence;
    double sum = 0, bent = sx_statistic_bend(evidence, pairs, n) * e->bent_count;
    for (int i = 0; i < e->bent_count; i++) sum += bend_of_classes(e, e->bent[i], pairs, n);
    return bent != 0 ? sum / bent : (double)NAN;
}
