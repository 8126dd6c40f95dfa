/* What the parts of scoring share; private to core/study. A sheet holds what methods say in the
 * order in which figures need it; all figures of a method are one row of numbers, the same for all
 * items and for a resample of them. */
#ifndef SX_STUDY_SCORING_SHEET_H
#define SX_STUDY_SCORING_SHEET_H

#include "core/study/scoring.h"

#define SX_SHEET_POINTS 400

/* Figures of a method, then of each score, then of each set and score, then the curve's points. */
typedef enum {
    SX_FIGURE_ACCURACY,
    SX_FIGURE_NLL,
    SX_FIGURE_BRIER,
    SX_FIGURE_ECE,
    SX_FIGURE_ADAPTIVE_ECE,
    SX_FIGURE_MCE,
    SX_FIGURE_RMSCE,
    SX_FIGURE_AURC,
    SX_FIGURE_EAURC,
    SX_FIGURE_AUGRC,
    SX_FIGURE_FAILURE_AUROC,
    SX_TABLE_FIGURES,                        /* those that the table of methods shows */
    SX_FIGURE_CONFIDENCE = SX_TABLE_FIGURES, /* mean */
    SX_FIGURE_MUTUAL_INFORMATION,            /* mean */
    SX_FIGURES
} sx_figure_row;
#define SX_SCORE_FIGURES 4 /* AURC, E-AURC, AUGRC, failure AUROC */
#define SX_SET_FIGURES 4   /* AUROC, AUPR in, AUPR out, FPR95 */

/* Items of a set beside those inside, by one score. */
typedef struct {
    sx_ranking ranking; /* n 0: it has no such score */
    uint8_t *flags;
} sx_sheet_detection;

typedef struct {
    sx_method method;
    sx_scored own;
    const sx_scored *scored;
    bool probable;                      /* its confidences are probabilities */
    int rows[SX_SCORE_ROWS], count;     /* scores that it has */
    sx_ranking rankings[SX_SCORE_ROWS]; /* by row of the table of scores */
    sx_scored outside[SX_OUTSIDE_SETS]; /* n 0: it has not seen the set */
    sx_sheet_detection detections[SX_OUTSIDE_SETS][SX_SCORE_ROWS]; /* by place in `rows` */
    int figure_count;
    double *figures;        /* [figure_count] of all items */
    sx_interval *intervals; /* [figure_count] NaN at first */
} sx_sheet_method;

typedef struct {
    sx_scoring scoring;
    size_t points; /* of curves */
    int count;
    sx_sheet_method methods[SX_METHODS];
} sx_sheet;

/* Returns owned, ended with sx_sheet_free; NULL with `err`. */
sx_sheet *sx_sheet_new(const sx_scoring *scoring, const sx_method *methods, int count,
                       sx_error *err);
void sx_sheet_free(sx_sheet *sheet);
sx_status sx_sheet_no_memory(sx_error *err);

/* Where figures are. */
int sx_sheet_score_figure(int score);
int sx_sheet_set_figure(const sx_sheet_method *m, int set, int score);
int sx_sheet_curve_figure(const sx_sheet *sheet, const sx_sheet_method *m);

/* All figures of all items, or of a resample: counts [1 + sets], of the items inside and of each
 * set; `room` [items of the largest set and those inside]. */
void sx_sheet_figure(const sx_sheet *sheet, const sx_sheet_method *m, const uint32_t *const *counts,
                     uint32_t *room, double *out);
size_t sx_sheet_room(const sx_sheet *sheet);

/* Publishes everything. */
sx_status sx_sheet_publish_all(const sx_sheet *sheet, sx_error *err);
/* Hands a result on; NULL is want of memory. */
sx_status sx_sheet_publish(const sx_sheet *sheet, sx_result *result, sx_error *err);
/* "items", "items-2": of a method. */
const char *sx_sheet_name(char out[48], const char *name, int method);

/* scoring_tables.c: methods, scores, out-of-distribution */
sx_status sx_sheet_tables(const sx_sheet *sheet, sx_error *err);
/* scoring_curves.c: risk-coverage-methods; the curves and diagrams of each method; the guarantee */
sx_status sx_sheet_methods_curve(const sx_sheet *sheet, sx_error *err);
sx_status sx_sheet_curves(const sx_sheet *sheet, sx_error *err);
sx_status sx_sheet_guarantee(const sx_sheet *sheet, sx_error *err);
/* scoring_items.c */
sx_status sx_sheet_items(const sx_sheet *sheet, sx_error *err);
/* scoring_draws.c: of one method, once all rounds are done */
sx_status sx_sheet_draws(const sx_sheet *sheet, int method, const sx_resampling *resampling,
                         sx_error *err);

#endif
