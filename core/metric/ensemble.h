/* What S members of an ensemble say of the same items, accumulated in double precision so that the
 * members' predictions are never stored. A single model is an ensemble of one. */
#ifndef SX_METRIC_ENSEMBLE_H
#define SX_METRIC_ENSEMBLE_H

#include "core/base/base.h"

#define SX_ENSEMBLE_CLASSES 32768 /* most classes */
typedef struct {
    size_t n;
    int classes, members;
    int32_t *labels;  /* [n], owned copy; NULL: unknown */
    double *sum;      /* [n, classes] of probabilities */
    double *squares;  /* [n, classes] of deviations from the running mean (Welford) */
    double *low;      /* [n, classes] */
    double *high;     /* [n, classes] */
    uint32_t *votes;  /* [n, classes] how many members predict the class */
    double *entropy;  /* [n] sum over members */
    double *log_true; /* [n] log-sum-exp over members of log p(label); NULL without labels */
    double *losses;   /* [n] sum over members of -log p(label); NULL without labels */
    double *briers;   /* [n] sum over members; NULL without labels */
} sx_ensemble;

/* Room for n items of which any number of members will speak. `labels` [n] are copied, may be NULL;
 * each must be below `classes`. `out` is ended with sx_ensemble_done, also after an error. */
sx_status sx_ensemble_new(size_t n, int classes, const int32_t *labels, sx_ensemble *out,
                          sx_error *err);
/* The same for exactly one member, in a quarter of the memory: squares, low, high and votes are
 * NULL. */
sx_status sx_ensemble_new_single(size_t n, int classes, const int32_t *labels, sx_ensemble *out,
                                 sx_error *err);
void sx_ensemble_done(sx_ensemble *ensemble);

/* One member's items [first, first + count). Disjoint ranges may be added from any threads at once;
 * each item once a member. Probabilities are used as they are. */
void sx_ensemble_add_logits(sx_ensemble *ensemble, size_t first, size_t count,
                            const float *logits /* [count, classes] */);
void sx_ensemble_add_probabilities(sx_ensemble *ensemble, size_t first, size_t count,
                                   const double *probabilities /* [count, classes] */);
/* softmax(logits / temperature) of logits (or log probabilities) in double. */
void sx_ensemble_add_tempered(sx_ensemble *ensemble, size_t first, size_t count,
                              const double *logits /* [count, classes] */, double temperature);
/* When all n items of the member were added. */
void sx_ensemble_end_member(sx_ensemble *ensemble);

/* One item's scores; NaN before the first member ended. Entropies in nats. */
typedef struct {
    int prediction;            /* argmax of the mean probability, the lowest on a tie */
    double max_probability;    /* of the mean */
    double entropy;            /* of the mean */
    double margin;             /* largest minus second of the mean */
    double expected_entropy;   /* mean of the members' entropies */
    double mutual_information; /* entropy - expected entropy, within 0 .. ln S */
    double std;                /* of the predicted class over members (by S) */
    double range;              /* of the predicted class over members */
    int vote_prediction;       /* class with most votes, the lowest on a tie */
    double vote_share;         /* its share */
    double vote_entropy;
    double mean_std; /* std averaged over all classes */
} sx_item_scores;
void sx_ensemble_scores(const sx_ensemble *ensemble, size_t item, sx_item_scores *out);

/* The scores by which predictions are ranked. */
typedef enum {
    SX_SCORE_MAX_PROBABILITY,
    SX_SCORE_ENTROPY,
    SX_SCORE_MARGIN,
    SX_SCORE_EXPECTED_ENTROPY,
    SX_SCORE_MUTUAL_INFORMATION,
    SX_SCORE_STD,
    SX_SCORE_RANGE,
    SX_SCORE_VOTE_SHARE,
    SX_SCORE_VOTE_ENTROPY,
    SX_SCORE_ROWS
} sx_score_row;
typedef struct {
    const char *name; /* as shown: "max prob", "entropy", "mutual information" ... */
    const char *help; /* a few words */
    bool larger_is_surer;
    bool ranks_vote;    /* ranks the errors of vote_prediction, not of prediction */
    bool needs_members; /* constant for a single model */
    size_t offset;      /* in sx_item_scores */
} sx_score;
const sx_score *sx_score_at(int row); /* NULL outside of 0 .. SX_SCORE_ROWS - 1 */
double sx_score_value(int row, const sx_item_scores *of); /* as shown */
double sx_score_confidence(int row,
                           const sx_item_scores *of); /* its sign turned: larger is surer */

/* All items at once: what ranking, detection and calibration take. Arrays [n], owned. */
typedef struct {
    size_t n;
    int classes;
    double *confidence[SX_SCORE_ROWS]; /* larger is surer; NULL where the score needs members */
    int32_t *prediction, *vote;
    uint8_t *wrong, *vote_wrong; /* NULL without labels */
    double *loss, *brier; /* -log p(label) and sum of squared errors of the mean; NULL likewise */
} sx_scored;
/* Spread over the pool (NULL: one thread), the same bits for any number of threads. `out` is ended
 * with sx_scored_done, also after an error. */
sx_status sx_scored_new(const sx_ensemble *ensemble, sx_pool *pool, sx_scored *out, sx_error *err);
void sx_scored_done(sx_scored *scored);
/* The errors that the score ranks: wrong or vote_wrong. */
const uint8_t *sx_scored_wrong(const sx_scored *scored, int row);

/* ln of the mean probability of items [first, first + count), never below ln DBL_MIN. */
void sx_ensemble_log_mean(const sx_ensemble *ensemble, size_t first, size_t count,
                          double *out /* [count, classes] */);

/* What the ensemble holds, for saving and loading: the arrays that are there, borrowed, writable,
 * the count of members among them (as "members", one uint32). Returns how many. */
typedef struct {
    const char *name;
    void *data;
    size_t count, size; /* elements; bytes of one: 8 is double, 4 is uint32 */
} sx_ensemble_array;
#define SX_ENSEMBLE_ARRAYS 10
int sx_ensemble_arrays(sx_ensemble *ensemble, sx_ensemble_array *out /* [SX_ENSEMBLE_ARRAYS] */);

#endif
