/* Predictions that somebody else's model made, read from a file: logits or probabilities of items
 * with their labels, of one model or of the members of an ensemble, also of items that come from
 * elsewhere; or no more than how sure a model was and whether it was right.
 *
 * CSV, one row an item and member, the first row names columns (any order; others are passed over):
 *   z0, z1 ..  or logit_NAME ..   logits           p0, p1 ..  or p_NAME ..   probabilities
 *   label      a number from 0, or a class's NAME  id         of an item; else rows are numbered
 *   member     of an ensemble: each has each item  is_ood     1: the item is from elsewhere
 *   set, split "validation" (to fit a temperature with), "test" ..: where an item is from; a name
 *              that is no split is a set from elsewhere
 *   confidence, correct           in place of values and labels
 * npy: float32 or float64 [n, classes] or [members, n, classes], labels [n] in another file. Part
 * of study.h. */
#ifndef SX_STUDY_PREDICTIONS_H
#define SX_STUDY_PREDICTIONS_H

#include "core/base/base.h"
#include "core/metric/metric.h"

#define SX_PREDICTIONS_SETS 8
#define SX_PREDICTIONS_NAME 48

typedef enum {
    SX_PREDICTED_LOGITS,
    SX_PREDICTED_PROBABILITIES,
    SX_PREDICTED_CONFIDENCE /* alone: `values` are one a row, `labels` 1 where it is right */
} sx_predicted;

/* Items that belong together, each with a row of every member. */
typedef struct {
    char name[SX_PREDICTIONS_NAME]; /* of a set from elsewhere */
    size_t n;
    uint32_t *rows; /* [members, n] */
} sx_predictions_part;

typedef struct {
    char name[SX_PREDICTIONS_NAME]; /* of the file, without folder and ending */
    sx_predicted kind;
    int classes, members; /* of confidences 1 class */
    size_t rows;
    double *values;                  /* [rows, classes] */
    int32_t *labels;                 /* [rows]; -1: unknown */
    sx_predictions_part inside, fit; /* `fit` are of a validation split beside another */
    int set_count;
    sx_predictions_part sets[SX_PREDICTIONS_SETS];
    const char **class_names; /* [classes]; NULL: they have numbers */
    uint64_t print;           /* of values, labels and parts */
    sx_arena arena;           /* of names */
} sx_predictions;

/* By its name: a CSV file; or an npy file of two or three sizes of real numbers. */
bool sx_predictions_recognises(const char *path);

/* Reads a file, spread over the pool (may be NULL), the same for any number of threads. `labels`:
 * of an npy file; NULL or "": NAME-labels.npy beside it. What is wrong is said with row and column,
 * rows counted as a spreadsheet does. `out` is ended with sx_predictions_done, also after an
 * error. */
sx_status sx_predictions_read(const char *path, const char *labels, sx_pool *pool,
                              sx_predictions *out, sx_error *err);
/* The same from the text of a CSV file; `name` is used in sentences. */
sx_status sx_predictions_parse(const char *name, const char *text, size_t size, sx_pool *pool,
                               sx_predictions *out, sx_error *err);
void sx_predictions_done(sx_predictions *predictions);

/* Whether two files speak of the same items: as many, with the same labels, and the same sets. */
sx_status sx_predictions_match(const sx_predictions *a, const sx_predictions *b, sx_error *err);

/* Items of a part: `chosen` [count] of them; NULL: all n. */
typedef struct {
    const sx_predictions_part *part;
    const uint32_t *chosen;
    size_t count;
    bool labelled;
} sx_predictions_choice;
/* What the members say of them, of probabilities or logits; and the same at a temperature, as one
 * model: softmax(z / T) of its logits, or of the logarithms of its (mean) probabilities. Ended with
 * sx_ensemble_done, also after an error. */
sx_status sx_predictions_ensemble(const sx_predictions *predictions, sx_predictions_choice choice,
                                  sx_pool *pool, sx_ensemble *out, sx_error *err);
sx_status sx_predictions_tempered(const sx_predictions *predictions, sx_predictions_choice choice,
                                  double temperature, sx_pool *pool, sx_ensemble *out,
                                  sx_error *err);
/* The temperature of least NLL on labelled items. */
sx_status sx_predictions_fit(const sx_predictions *predictions, sx_predictions_choice choice,
                             sx_pool *pool, double *temperature, sx_error *err);
/* Confidences alone as what figures are made of; ended with sx_scored_done. */
sx_status sx_predictions_scored(const sx_predictions *predictions, sx_predictions_choice choice,
                                sx_scored *out, sx_error *err);

#endif
