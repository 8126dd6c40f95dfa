/* Contrasts of methods from the resamples that runs of last layers left ("draws", scoring.h). Row r
 * of every method and of every run comes from the same resample of the items, so that the interval
 * of a difference, a ratio or a mean over seeds is read off its values row by row. */
#include "core/study/cell_claims.h"
#include "core/study/last_layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What one run left: its methods, and the table of draws of each. */
typedef struct {
    int count;
    sx_last_method methods[SX_METHODS];
    const sx_table *draws[SX_METHODS]; /* NULL: it left none */
    bool few;
} run_draws;

typedef struct {
    const double *a, *b; /* [1 + rounds]; b NULL: nothing is beside it */
} contrast;

typedef struct {
    const sx_cell_claim_row *row;
    const sx_study_cell *cell;
    int seeds, count;
    run_draws *runs;     /* [seeds] */
    contrast *contrasts; /* [room, seeds] */
    char *lacks;
} question;

enum { MOST = SX_CONTRASTS * SX_METHODS };

/* ---- what a run left --------------------------------------------------------------------------
 */

static const sx_table *table_of(const sx_study_cell *cell, int seed, const char *name) {
    const sx_result *r = sx_cell_result(cell, seed, name);
    return r && r->kind == SX_RESULT_TABLE ? &r->table : NULL;
}

static const double *numbers_of(const sx_table *table, const char *name) {
    for (int c = 0; table && c < table->column_count; c++)
        if (strcmp(table->columns[c].name, name) == 0) return table->columns[c].numbers;
    return NULL;
}

/* A folder may come from anywhere: tables of other lengths, and methods that this program does not
 * know, are none. */
static void read_run(const sx_study_cell *cell, int seed, run_draws *out) {
    const sx_table *methods = table_of(cell, seed, "methods");
    const sx_table *items = table_of(cell, seed, "items");
    const char *const *texts =
        methods && methods->column_count ? methods->columns[0].texts : (const char *const *)NULL;
    char name[48] = "draws";
    out->few = !items || items->rows < SX_FEW_PICTURES;
    for (size_t k = 0; texts && k < methods->rows && k < SX_METHODS; k++) {
        if (k) snprintf(name, sizeof name, "draws-%zu", k + 1);
        const sx_table *draws = table_of(cell, seed, name);
        bool fits = draws && draws->rows == 1 + SX_SCORING_ROUNDS;
        bool known = texts[k] && !sx_last_method_read(texts[k], &out->methods[k], NULL);
        out->draws[k] = fits && known ? draws : NULL;
        out->count = (int)k + 1;
    }
}

static int find_method(const run_draws *run, const sx_last_method *wanted) {
    for (int k = 0; k < run->count; k++)
        if (run->draws[k] && sx_last_method_same(&run->methods[k], wanted)) return k;
    return -1;
}

static const double *column(const run_draws *run, const char *method, const char *figure) {
    sx_last_method wanted;
    if (sx_last_method_read(method, &wanted, NULL)) return NULL;
    int k = find_method(run, &wanted);
    return k < 0 ? NULL : numbers_of(run->draws[k], figure);
}

/* ---- which contrasts there are ----------------------------------------------------------------
 */

/* Of method k of the first run, in all of them; false if one has no such figures. */
static bool add_contrast(question *q, const sx_contrast *of, const sx_last_method *method) {
    const char *by = of->by ? of->by : of->figure;
    bool beside = of->than || of->by;
    contrast *to = q->contrasts + (size_t)q->count * (size_t)q->seeds;
    for (int s = 0; s < q->seeds; s++) {
        int k = find_method(&q->runs[s], method);
        if (k < 0) return false;
        to[s] = (contrast){numbers_of(q->runs[s].draws[k], of->figure), NULL};
        if (beside)
            to[s].b =
                of->than ? column(&q->runs[s], of->than, by) : numbers_of(q->runs[s].draws[k], by);
        if (!to[s].a || (beside && !to[s].b)) return false;
    }
    q->count++;
    return true;
}

static bool is_itself(const sx_contrast *of, const sx_last_method *method) {
    sx_last_method than;
    return of->than && !sx_last_method_read(of->than, &than, NULL) &&
           sx_last_method_same(method, &than);
}

static void add_each(question *q, const sx_contrast *of) {
    bool one = strcmp(of->method, SX_EACH_OF_ONE_LAYER) == 0;
    for (int k = 0; k < q->runs[0].count; k++) {
        const sx_last_method *m = &q->runs[0].methods[k];
        bool left_out = !q->runs[0].draws[k] || (one && m->layers > 1) || is_itself(of, m);
        if (!left_out) add_contrast(q, of, m);
    }
}

static void add_all(question *q) {
    const sx_contrast *of = q->row->contrasts->contrasts;
    for (int i = 0; i < SX_CONTRASTS && of[i].method && !q->lacks[0]; i++) {
        sx_last_method method;
        if (strncmp(of[i].method, SX_EACH, strlen(SX_EACH)) == 0)
            add_each(q, &of[i]);
        else if (sx_last_method_read(of[i].method, &method, NULL) ||
                 !add_contrast(q, &of[i], &method))
            snprintf(q->lacks, 160, "its run left no %.48s of %.32s%s%.32s", of[i].figure,
                     of[i].method, of[i].than ? " and " : "", of[i].than ? of[i].than : "");
    }
    if (!q->count && !q->lacks[0]) snprintf(q->lacks, 160, "its run left no such figures");
}

/* ---- figures ----------------------------------------------------------------------------------
 */

static double value_of(const question *q, int c, int seed, size_t r) {
    const contrast *at = &q->contrasts[c * q->seeds + seed];
    const sx_contrast_set *set = q->row->contrasts;
    double a = at->a[r], b = at->b ? at->b[r] : 0;
    double value = set->relate == SX_RELATE_RATIO ? a / b : a - b;
    return value - set->from;
}

/* The one that is farther on the wrong side; not a number wins, as nothing is known then. */
static double worse(const question *q, double a, double b) {
    if (isnan(a) || isnan(b)) return NAN;
    return (q->row->at_least ? a < b : a > b) ? a : b;
}

static double sized(const question *q, double value) {
    return q->row->decide == SX_DECIDE_SIZE ? fabs(value) : value;
}

/* Over the seeds [from, to) and all contrasts. */
static double figure_of(const question *q, int from, int to, size_t r) {
    double worst = q->row->at_least ? (double)INFINITY : -(double)INFINITY;
    for (int c = 0; c < q->count; c++) {
        double mean = 0;
        for (int s = from; s < to; s++) {
            double value = value_of(q, c, s, r);
            mean += value / (to - from);
            if (q->row->decide == SX_DECIDE_EACH) worst = worse(q, worst, value);
        }
        if (q->row->decide != SX_DECIDE_EACH) worst = worse(q, worst, sized(q, mean));
    }
    return worst;
}

static void fill(const question *q, double *rounds, sx_claim *claim) {
    claim->measured = figure_of(q, 0, q->seeds, 0);
    for (int s = 0; s < q->seeds && q->seeds > 1; s++) {
        double own = figure_of(q, s, s + 1, 0);
        claim->seed_low = fmin(claim->seed_low, own); /* NaN gives way */
        claim->seed_high = fmax(claim->seed_high, own);
    }
    for (size_t r = 0; r < SX_SCORING_ROUNDS; r++) rounds[r] = figure_of(q, 0, q->seeds, 1 + r);
    sx_interval interval = sx_percentiles(rounds, SX_SCORING_ROUNDS);
    claim->low = interval.low;
    claim->high = interval.high;
}

sx_status sx_cell_draws_measure(const sx_cell_claim_row *row, const sx_study_cell *cell, int seeds,
                                sx_claim *claim, int *contrasts, char lacks[160], sx_error *err) {
    question q = {.row = row, .cell = cell, .seeds = seeds, .lacks = lacks};
    double *rounds = sx_alloc(SX_SCORING_ROUNDS, sizeof *rounds);
    q.runs = sx_alloc((size_t)seeds, sizeof *q.runs);
    q.contrasts = sx_alloc((size_t)seeds * MOST, sizeof *q.contrasts);
    bool memory = rounds && q.runs && q.contrasts;
    for (int s = 0; memory && s < seeds; s++) {
        read_run(cell, s, &q.runs[s]);
        if (q.runs[s].few) snprintf(lacks, 160, "it rests on fewer than 30 images");
    }
    if (memory && !lacks[0]) add_all(&q);
    if (memory && !lacks[0]) fill(&q, rounds, claim);
    *contrasts = q.count;
    sx_free(q.contrasts);
    sx_free(q.runs);
    sx_free(rounds);
    return memory ? SX_OK
                  : sx_fail(err, SX_NO_MEMORY, "not enough memory for claims between methods");
}
