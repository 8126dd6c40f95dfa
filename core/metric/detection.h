/* How well a score tells items inside of a distribution from items outside: of a test set and of a
 * foreign set, or right from wrong predictions. The score is confidence: inside should be larger.
 * Everything is undefined, NaN, unless both kinds are there. */
#ifndef SX_METRIC_DETECTION_H
#define SX_METRIC_DETECTION_H

#include "core/metric/ranking.h"

/* Inside is the positive class unless the name says otherwise. Thresholds are distinct scores. */
typedef struct {
    double inside, outside; /* how many */
    double base_rate;       /* outside of all: what aupr_out is by chance */
    double auroc;           /* P(inside > outside) + P(equal) / 2 */
    double aupr_in;         /* average precision, inside positive */
    double aupr_out;        /* average precision, outside positive */
    double fpr95;           /* share of outside kept where at least 95 % of inside is */
    /* the same by other conventions */
    double fpr95_outside;         /* share of inside flagged where 95 % of outside is */
    double fpr95_nearest;         /* at the rate nearest to 95 % instead of the first above */
    double fpr95_nearest_outside; /* (torch-uncertainty), for both positive classes */
    double fpr95_interpolated;    /* on the line between the points around 95 % */
    double fpr95_rounded;         /* first at or above 94.95 % (FD-Shifts) */
    double aupr_in_trapezoid, aupr_out_trapezoid;
    double error; /* least mean of both error rates over thresholds */
} sx_detection;

/* `items.flags` are 1 for what is outside (or wrong). */
void sx_detection_of(sx_ranked items, sx_detection *out);

/* Ranks `inside` [n] and `outside` [m] scores together; `flags` [n + m] become 0 and 1. */
sx_status sx_detection_ranking(const double *inside, size_t n, const double *outside, size_t m,
                               sx_ranking *out, uint8_t *flags, sx_error *err);

/* The ROC curve, up to `room` (at least 2) points from (0, 0) to (1, 1): share of outside and of
 * inside kept. Returns how many, 0 when undefined. */
size_t sx_roc_curve(sx_ranked items, size_t room, double *false_rate, double *true_rate);

#endif
