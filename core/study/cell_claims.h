/* Claims between cells: what a row of their table says, and what it is measured on. Private to
 * core/study. A row needs its words, how figures of its cells are put together, and either a
 * statistic over pictures, whose interval is a bootstrap, or the name of a figure that runs leave
 * in a table, whose interval is their own, or contrasts of methods, whose interval is of resamples
 * that runs leave. A table of rows that is written elsewhere goes into
 * `tables` of cell_claims.c. */
#ifndef SX_STUDY_CELL_CLAIMS_H
#define SX_STUDY_CELL_CLAIMS_H

#include "core/study/cells.h"
#include "core/study/evidence.h"

#define SX_CLAIM_CELLS 4

/* How the figures a, b, c, d of the cells make one; that of a single cell is itself. */
typedef enum {
    SX_COMBINE_ONE,
    SX_COMBINE_MORE,  /* b - a */
    SX_COMBINE_SHARE, /* 1 - b / a: how much of a is gone; not of figures of a table */
    SX_COMBINE_GAP    /* (b - a) - (d - c) */
} sx_combine;

/* How the verdict is found. */
typedef enum {
    SX_DECIDE_BOUND,  /* the whole interval keeps the bound */
    SX_DECIDE_STRICT, /* ... and does not touch it */
    SX_DECIDE_SIZE,   /* of the figure without its sign */
    SX_DECIDE_MOST,   /* of the seed at two thirds of them from the best: so many keep the bound; of
                       * fewer than three seeds their mean */
    SX_DECIDE_NONE,   /* the figure is 0 within two standard errors, where `other` is not */
    SX_DECIDE_EACH    /* of the seed that is farthest on the wrong side; strict */
} sx_decide;

/* Contrasts of what methods of a study of last layers say (cell_draws.c): a figure of one method
 * beside another figure, or that of another method, in the same resamples. The claim's figure is
 * the contrast that is farthest on the wrong side of the bound. */
#define SX_CONTRASTS 4
#define SX_EACH "each"                        /* as a method: every one that has the figure */
#define SX_EACH_OF_ONE_LAYER "each one layer" /* likewise */
typedef enum {
    SX_RELATE_VALUE, /* a */
    SX_RELATE_RATIO, /* a / b */
    SX_RELATE_MORE   /* a - b */
} sx_relate;
typedef struct {
    const char *method, *figure; /* a: a method's spec or SX_EACH; a column of its "draws" */
    const char *than, *by; /* b: of that method, NULL: the same; that figure, NULL: the same */
} sx_contrast;
typedef struct {
    sx_relate relate;
    double from;                         /* is subtracted */
    sx_contrast contrasts[SX_CONTRASTS]; /* up to one without a method */
} sx_contrast_set;

typedef struct {
    sx_cell_claim claim;
    const char *text; /* with {A} to {D} for the cells */
    const char *origin, *bound;
    double threshold;
    bool at_least;
    sx_combine combine;
    sx_decide decide;
    /* Over pictures: */
    int subject; /* a sweep or SX_OF_TEST */
    sx_statistic statistic, other;
    /* NULL where the evidence of a run can be used, else why it cannot. */
    const char *(*check)(const sx_study_cell *cell, const sx_evidence *evidence);
    /* Or, with `statistic` NULL, the row `figure` of the table `result` (figure, value, low, high):
     */
    const char *result, *figure;
    /* Or, with neither, contrasts: */
    const sx_contrast_set *contrasts;
} sx_cell_claim_row;

/* cell_claims_tokens.c */
enum { SX_TOKEN_CLAIMS = 7 };
extern const sx_cell_claim_row sx_token_claims[SX_TOKEN_CLAIMS];

/* cell_claims_last_layer.c */
enum { SX_LAST_LAYER_CLAIMS = 21 };
extern const sx_cell_claim_row sx_last_layer_claims[SX_LAST_LAYER_CLAIMS];

/* The row number `row` of all tables, NULL past the end. */
const sx_cell_claim_row *sx_cell_claim_row_at(int row);

/* A claim's text, taken apart. */
typedef struct {
    const sx_cell_claim_row *row;
    int count;
    char cells[SX_CLAIM_CELLS][SX_CELL_NAME];
} sx_cell_claim_text;
sx_status sx_cell_claim_parse(const char *text, sx_cell_claim_text *out, sx_error *err);

/* Adds the claim behind those that `result` has so far, of room that sx_claims_alloc made, unless a
 * cell of it has no finished run. */
sx_status sx_cell_claim_measure(const sx_cell_claim_text *claim, const sx_cell_set *among,
                                sx_result *result, sx_error *err);

/* ---- cell_evidence.c: what a finished run left, checked ----------------------------------------
 */

typedef struct {
    sx_evidence evidence;
    sx_outcomes outcomes;
    size_t n; /* pairs, or items of the test split */
    const char *scene;
    const sx_table *pictures; /* which they are: pairs or items; borrowed */
    const char *lacks;        /* NULL, or a sentence: why there is no evidence */
} sx_cell_evidence;

/* Evidence on `subject` of one run; begins as {0}, and must be ended whatever comes. An error is
 * out of memory; what is missing or broken is said in `lacks`. */
sx_status sx_cell_evidence_read(const sx_study_cell *cell, int seed, int subject,
                                sx_cell_evidence *out, sx_error *err);
void sx_cell_evidence_done(sx_cell_evidence *evidence);

/* True if both measured the same pictures. */
bool sx_cell_evidence_same(const sx_cell_evidence *a, const sx_cell_evidence *b, int subject);

/* The name of a picture's class, of a sweep. */
const char *sx_cell_evidence_class(const sx_cell_evidence *evidence, size_t pair);

/* ---- cell_draws.c: contrasts of methods --------------------------------------------------------
 */

/* Figure, interval and range over the first `seeds` runs of a cell into `claim`, and how many
 * contrasts there were. Where there is no evidence a sentence into `lacks`, "" before. */
sx_status sx_cell_draws_measure(const sx_cell_claim_row *row, const sx_study_cell *cell, int seeds,
                                sx_claim *claim, int *contrasts, char lacks[160], sx_error *err);

/* A figure of a table with its own interval; NaN where there is none. */
typedef struct {
    double value, low, high;
} sx_estimate;
sx_estimate sx_cell_figure(const sx_study_cell *cell, int seed, const char *result,
                           const char *figure);

#endif
