/* A study of more than one network is a list of cells (house decision 10): each a configuration of
 * its own, with a run folder of its own. A study file says them in sections [cell NAME], whose
 * entries "section.key = value" override the file's, and study.cells picks which are run, in which
 * order; run.seeds makes each cell as often, with seeds that follow each other. Section [claims]
 * says which claims are measured on which cells: `1 = drop(vit)`, `2 = drop-shrinks(vit,
 * vit-moved)`. Part of study.h. */
#ifndef SX_STUDY_CELLS_H
#define SX_STUDY_CELLS_H

#include "core/result/result.h"

struct sx_config;

/* What finished runs of one cell left, by seed. Borrows all. */
typedef struct {
    const sx_result *const *results; /* [count], sorted by name */
    size_t count;
} sx_cell_run;
typedef struct {
    const char *name;               /* of the cell, "vit" */
    const struct sx_config *config; /* of its first seed */
    int seeds;                      /* runs that have finished */
    const sx_cell_run *runs;        /* [seeds] */
} sx_cell;

/* The result of that name of one run, NULL if it left none. */
const sx_result *sx_cell_result(const sx_cell *cell, int seed, const char *name);

/* The rows of the table of claims between cells; NULL past the end. */
typedef struct {
    const char *name; /* "drop-shrinks" */
    const char *help; /* in our words, one line */
    int cells;        /* that it is measured on */
} sx_cell_claim;
const sx_cell_claim *sx_cell_claim_at(int row);

/* A claim's text, "drop-shrinks(vit, vit-moved)": known, with as many cells as it needs, each of
 * them one of names [count]; else a sentence with the nearest. */
sx_status sx_cell_claim_check(const char *text, const char *const *names, size_t count,
                              sx_error *err);

/* The claims `texts` [count] on what cells [cell_count] have left so far, as result "claims". A
 * claim whose cells have not all finished is left out. The interval is a bootstrap over images (of
 * each seed by itself, the same images in all cells of that seed where they measured the same
 * ones) of the mean over seeds. NULL with `err` filled. */
sx_result *sx_cell_claims_make(const char *const *texts, size_t count, const sx_cell *cells,
                               int cell_count, uint64_t seed, sx_error *err);

#endif
