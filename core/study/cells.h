/* A study of more than one network is a list of cells (house decision 10): each a configuration of
 * its own, with a run folder of its own. Part of study.h.
 *
 *   [cell vit]                      entries override the file's; order of the file
 *   presets = class full            those it is part of; none given: of all
 *   model.spec = vit(patch=8)
 *   [cell vit-fine]
 *   model.from = cell:vit           begins with a cell that stands before it, of the same seed
 *   [claims]                        which claims are measured on which cells
 *   1 = drop(vit)
 *   2 = drop-shrinks(vit, vit-moved)
 *   [class]
 *   cell vit.train.steps = 4000     a preset, or a person, may override a cell's entries
 *
 * run.seeds makes each cell as often, with seeds that follow each other from run.seed. */
#ifndef SX_STUDY_CELLS_H
#define SX_STUDY_CELLS_H

#include "core/result/result.h"

#include <stdatomic.h>

struct sx_config;

#define SX_CELL_NAME 64
#define SX_MOST_CELLS 64       /* of one study */
#define SX_CELL_ORIGIN "cell:" /* before the name of a cell in model.from */

/* How many runs the cells of a study are, by its preset and its seeds; 0: it is one plain run. */
int sx_cells_count(const struct sx_config *config);
/* The cell of run 0 .. count - 1, "" where the study has seeds only; and its folder's name. */
void sx_cells_name(const struct sx_config *config, int run, char out[SX_CELL_NAME]);
void sx_cells_folder(const struct sx_config *config, int run, char out[SX_CELL_NAME]);
/* Its configuration, that of a plain run. After an error `out` needs no end. */
sx_status sx_cells_config(const struct sx_config *config, int run, struct sx_config *out,
                          sx_error *err);

/* What the file says of a cell, whatever the preset. Borrowed from the configuration. */
typedef struct {
    const char *name;
    const char *presets; /* "class full"; "": all */
    const char *kind;    /* of study */
    const char *from;    /* as model.from; "": it begins with the values of its seed */
    const char *spec; /* of its model, that of the cell it begins with; "": of whatever `from` is */
    bool chosen;      /* it is one of the configuration's preset */
} sx_cell_facts;
/* The cells and the claims of the file, in its order; false past the end. `present`: the preset has
 * all cells that the claim is about. */
bool sx_cells_describe(const struct sx_config *config, int row, sx_cell_facts *out);
bool sx_cells_claim(const struct sx_config *config, int row, const char **text, bool *present);

/* That cells and claims fit together: names, cells that are begun with, cells of claims. */
sx_status sx_cells_check(const struct sx_config *config, sx_error *err);
/* A study of several networks has none itself: a sentence that names one of its cells as one of the
 * run `which`, as a person wrote it. */
sx_status sx_cells_check_plain(const struct sx_config *config, const char *which, sx_error *err);
/* The folder's name of the cell that this one's model.from = cell:NAME means, as runs of one study
 * lie side by side. */
void sx_cells_origin(const char *from, const char *own_folder, char out[SX_CELL_NAME]);

/* How many claims there are, and into `absent` how many of them need cells that the configuration's
 * preset does not have. */
int sx_cells_claims(const struct sx_config *config, int *absent);

/* Sections of cells and claims, for whoever reads a configuration. Setting checks an entry by
 * itself; an entry of a section that is not there yet is refused unless `create`. */
bool sx_cells_owns_section(const char *section);
sx_status sx_cells_set(struct sx_config *config, const char *section, const char *key,
                       const char *value, bool create, sx_error *err);

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
} sx_study_cell;

/* Cells by name. */
typedef struct {
    const sx_study_cell *cells; /* [count] */
    int count;
    uint64_t seed;           /* of the bootstrap */
    const atomic_bool *stop; /* of claims, looked at some hundred times a second; may be NULL */
} sx_cell_set;

/* The result of that name of one run, NULL if it left none. */
const sx_result *sx_cell_result(const sx_study_cell *cell, int seed, const char *name);

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
 * claim whose cells have not all finished is left out. The interval is a bootstrap over images, the
 * same ones in all runs that measured the same ones, of the mean over seeds. NULL with `err`
 * filled; SX_CANCELLED once the stop flag is seen. */
sx_result *sx_cell_claims_make(const char *const *texts, size_t count, const sx_cell_set *cells,
                               sx_error *err);

/* What all cells say together, into out [SX_CELL_RESULTS], owned by the caller also after an error:
 *   cells      table   cell, seeds, test accuracy and its interval (of several seeds: mean, lowest,
 *                      highest), centre, border, drop, parameters, training FLOPs
 *   size, rotation     series: a line a cell, the mean over its seeds; the band of one seed is its
 *                      interval, of several the lowest and the highest
 *   location   grid    of the first cell, the mean over its seeds
 *   claims     claims  sx_cell_claims_make of section [claims]; its note tells of claims that need
 *                      cells that the preset does not have */
#define SX_CELL_RESULTS 5
sx_status sx_cells_conclude(const struct sx_config *config, const sx_cell_set *set,
                            sx_result *out[SX_CELL_RESULTS], int *results, sx_error *err);

/* What a plain run computes, in multiply-adds, about: for telling how long others will take. */
double sx_study_work(const struct sx_config *config);

#endif
