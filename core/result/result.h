/* Results are data (house decision 4): a study publishes them by name, views draw them, exporters
 * write them, and a finished run read from disk gives the same values. A result is immutable once
 * published and counted, so the screen can hold one while the study publishes the next. */
#ifndef SX_RESULT_RESULT_H
#define SX_RESULT_RESULT_H

#include "core/base/base.h"
#include "core/format/format.h"
#include "core/result/base64.h"

typedef enum {
    SX_RESULT_SERIES,
    SX_RESULT_GRID,
    SX_RESULT_POINTS,
    SX_RESULT_HISTOGRAM,
    SX_RESULT_TABLE,
    SX_RESULT_IMAGES,
    SX_RESULT_CLAIMS,
    SX_RESULT_KINDS
} sx_result_kind;
const char *sx_result_kind_name(sx_result_kind kind); /* "series" ... as in JSON */

/* Texts and arrays below live in the result's arena. Unknown numbers are NaN, never 0. */

/* One line over x. low, high (95 %) and count may be NULL. */
typedef struct {
    const char *name;
    double *y, *low, *high, *count; /* [length of x] */
} sx_line;
typedef struct {
    const char *x_label, *x_unit, *y_label;
    size_t length;
    double *x;
    int line_count;
    sx_line *lines;
    double few; /* counts below this rest on too little and are marked; 0: no mark */
} sx_series;

typedef struct {
    const char *row_label, *column_label, *unit;
    int rows, columns;
    double *row_values, *column_values;     /* [rows], [columns] */
    const char **row_names, **column_names; /* likewise, shown in place of the values; NULL: none */
    double *values, *low, *high, *count;    /* [rows, columns]; low, high, count may be NULL */
    double few;
} sx_grid;

typedef struct {
    const char *x_label, *y_label;
    size_t length;
    double *x, *y;
    int32_t *group; /* may be NULL */
} sx_points;

typedef struct {
    const char *x_label;
    size_t bins;
    double *edges; /* [bins + 1] */
    double *counts;
} sx_histogram;

/* Columns are numbers or texts: texts == NULL for a column of numbers. */
typedef struct {
    const char *name;
    double *numbers;
    const char **texts;
} sx_column;
typedef struct {
    size_t rows;
    int column_count;
    sx_column *columns;
} sx_table;

typedef struct {
    int count, height, width, channels;
    uint8_t *pixels; /* [count, height, width, channels] */
    const char **captions;
} sx_images;

typedef enum { SX_VERDICT_HOLDS, SX_VERDICT_FAILS, SX_VERDICT_UNDECIDED } sx_verdict;
const char *sx_verdict_name(sx_verdict verdict); /* "holds", "fails", "undecided" */

typedef struct {
    const char *text;   /* in our words */
    const char *origin; /* "abstract", "authors' code", "authors' note", "own check" */
    const char *bound;  /* as shown: ">= 0.15", "rho >= 0.9" */
    double threshold;   /* the bound's number */
    bool at_least;      /* measured >= threshold, else <= */
    double measured, low, high;
    double seed_low, seed_high; /* range over the seeds beside it; NaN: of one seed */
    sx_verdict verdict;
    const char *reason; /* of an undecided verdict, else "" */
} sx_claim;
typedef struct {
    int count;
    sx_claim *claims;
    const char *note; /* what is not among them, and why; "" */
} sx_claims;

/* The verdict of house decision 11 from bound and interval; NaN gives undecided. */
sx_verdict sx_claim_decide(const sx_claim *claim);

typedef struct {
    char name[48]; /* "location", "training": [a-z0-9-], also its file name */
    const char *title;
    sx_result_kind kind;
    int64_t step; /* of training at which it was measured; -1: of none */
    /* On what it was measured, so that nobody has to read titles; "" where there is no one answer,
     * or it is not known. */
    const char *split; /* "train", "validation", "test" */
    const char
        *scene; /* how its objects were shown, as a spec: "center area=0.5", "posed(area=0.2)",
                 * "posed" where the result itself goes over the poses' areas */
    union {
        sx_series series;
        sx_grid grid;
        sx_points points;
        sx_histogram histogram;
        sx_table table;
        sx_images images;
        sx_claims claims;
    };
    sx_arena arena;
} sx_result;

/* A new, empty result with one owner; NULL if memory is out. Fill it, then publish it. */
sx_result *sx_result_new(sx_result_kind kind, const char *name, const char *title);

/* Helpers that allocate in the arena; NULL if memory is out. sx_result_numbers fills with NaN. */
double *sx_result_numbers(sx_result *result, size_t count);
const char *sx_result_text(sx_result *result, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prepares a kind with its arrays, all NaN. False if memory is out.
 * with_bands: also low, high and count. */
bool sx_series_alloc(sx_result *result, size_t length, int lines, bool with_bands);
bool sx_grid_alloc(sx_result *result, int rows, int columns);
/* The same without low, high and count. */
bool sx_grid_alloc_values(sx_result *result, int rows, int columns);
bool sx_table_alloc(sx_result *result, size_t rows, int columns);
bool sx_claims_alloc(sx_result *result, int count);

/* A table with the columns' names; column c holds text where bit c of `texts` is set, else numbers,
 * all NaN; only the first 32 columns can hold texts. NULL if memory is out. */
sx_result *sx_table_new(const char *name, const char *title, size_t rows,
                        const char *const *columns, int count, unsigned texts);

/* Counted ownership, any thread. */
sx_result *sx_result_keep(const sx_result *result);
void sx_result_release(const sx_result *result);

/* ---- exporters (data to text) and the reader of a run folder -------------------------------- */

/* Rows and columns for a spreadsheet, the first row names them; every number that was measured is
 * in it (units, the step, what it was measured on and `few` are in the JSON). Columns, bands only
 * where there are any: series     x_label, then of each line NAME, NAME_low, NAME_high, NAME_count
 *   grid       row_label, column_label, value, low, high, count; one row a cell, row by row; behind
 *              a label that has names LABEL_name
 *   points     x_label, y_label, group
 *   histogram  x_label_from, x_label_to, count
 *   table      its columns
 *   images     image (its index), caption; no pixels
 *   claims     claim, origin, bound, threshold, measured, low, high, seed_low, seed_high, verdict,
 *              reason */
void sx_result_csv(const sx_result *result, sx_text *out);

/* {"format": 1, "name": ..., "kind": ..., "step": ..., ...}; owned by the caller. */
json_t *sx_result_to_json(const sx_result *result, sx_error *err);
sx_result *sx_result_from_json(const json_t *json, sx_error *err);

#endif
