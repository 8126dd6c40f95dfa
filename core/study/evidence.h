/* What the statistics of claims read, whether it comes from a study that is ending or from the
 * results that a run has left; and the statistics. Private to core/study. */
#ifndef SX_STUDY_EVIDENCE_H
#define SX_STUDY_EVIDENCE_H

#include "core/study/internal.h"

#define SX_FEW_PICTURES 30 /* a bootstrap of fewer says too little */

/* What was measured: one of the sweeps, or the test split. */
enum { SX_OF_TEST = SX_SWEEPS, SX_SUBJECTS };

typedef struct {
    const sx_outcomes *outcomes;
    double *drops; /* [pairs] between centre and border, of the location sweep */
    /* Only of finished runs (cell_evidence.c): */
    int sweep;      /* that it is about */
    uint8_t *right; /* [items] of the test split */
    int classes;    /* that were measured */
    int image;      /* pixels a side */
    int most_label;
    int32_t *labels; /* [pairs or items] */
    uint8_t *alike;  /* [pairs] 1: of a class that looks the same upside down */
    uint8_t *whole;  /* [points, pairs] 1: at least 95 % of the object are inside */
    int *bent;       /* [bent_count] points where some, but not all, pairs are whole */
    int bent_count;
    int reference;    /* a point where as good as all are whole */
    double *by_class; /* [3, most_label + 1] scratch */
} sx_evidence;

/* The drops of outcomes whose locations were measured; ended with sx_free. NULL: no memory. */
double *sx_evidence_drops(const sx_outcomes *outcomes);

/* Accuracy of all pairs in the central third and on the outermost ring. */
void sx_evidence_centre_and_ring(const sx_outcomes *outcomes, double *centre, double *ring);

/* Each of a const sx_evidence, over resampled pairs or items, or all of them (NULL). NaN where it
 * is not defined. */
double sx_statistic_accuracy(void *evidence, const uint32_t *items, size_t n); /* test split */
double sx_statistic_drop(void *evidence, const uint32_t *pairs, size_t n);
double sx_statistic_size_correlation(void *evidence, const uint32_t *pairs, size_t n);
/* Accuracy above chance where the object is less than 4 pixels across. */
double sx_statistic_floor(void *evidence, const uint32_t *pairs, size_t n);
/* Mean accuracy where it takes at most a tenth of the image. */
double sx_statistic_small(void *evidence, const uint32_t *pairs, size_t n);
/* Distance of the maximum from upright in degrees; the mean where several points share it. */
double sx_statistic_peak_distance(void *evidence, const uint32_t *pairs, size_t n);
/* Mean over 101 .. 261 degrees over the maximum, without the classes that look alike. */
double sx_statistic_tail(void *evidence, const uint32_t *pairs, size_t n);
/* Minimum over maximum of the rotation curve. */
double sx_statistic_flatness(void *evidence, const uint32_t *pairs, size_t n);

/* threshold.c: means over the points that are bent, of the sweep that the evidence is about.
 * Accuracy of the pairs that are whole there minus that of all. */
double sx_statistic_bend(void *evidence, const uint32_t *pairs, size_t n);
/* The share of that which follows from the classes of those pairs alone. */
double sx_statistic_bend_by_classes(void *evidence, const uint32_t *pairs, size_t n);
/* What is left of it when each point is compared with the reference on the same pairs. */
double sx_statistic_bend_same_pairs(void *evidence, const uint32_t *pairs, size_t n);
/* Fills `bent` [points], its count and the reference from `whole`. */
void sx_evidence_find_bent(sx_evidence *evidence);

/* Sizes, as areas, of which the object is less than 4 pixels across: a square of its area. */
bool sx_size_is_tiny(int point, int image);

/* The verdict of a claim from its interval, and why it is none. */
void sx_claim_settle(sx_claim *claim, size_t pictures);

#endif
