/* Claims between cells, measured: evidence of all runs of the cells of a claim, a figure for each
 * seed, their mean, and a bootstrap over images. Runs that measured the same pictures take the same
 * resample: cells, so that what a difference has in common is not counted as chance; and seeds, as
 * a second network that looks at the same test images does not make them more. Pairs of object and
 * background are drawn by the seed, so seeds have their own and are resampled by themselves. */
#include "core/study/cell_claims.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDING 1e-9                    /* of means: what is less above a bound is on it */
#define ERRORS_OF_HALF 1.959963984540054 /* standard errors in half a 95 % interval */

const sx_result *sx_cell_result(const sx_study_cell *cell, int seed, const char *name) {
    const sx_cell_run *run = seed >= 0 && seed < cell->seeds ? &cell->runs[seed] : NULL;
    for (size_t i = 0; run && i < run->count; i++)
        if (strcmp(run->results[i]->name, name) == 0) return run->results[i];
    return NULL;
}

static double combined(sx_combine how, const double *v) {
    if (how == SX_COMBINE_MORE) return v[1] - v[0];
    if (how == SX_COMBINE_GAP) return v[1] - v[0] - (v[3] - v[2]);
    if (how == SX_COMBINE_SHARE) return v[0] > 0 ? 1 - v[1] / v[0] : (double)NAN;
    return v[0];
}

/* One claim while it is measured. Arrays over runs are [seeds, cells]. */
typedef struct {
    const sx_cell_claim_row *row;
    const sx_cell_set *among;
    const sx_study_cell *cells[SX_CLAIM_CELLS];
    int count, seeds;
    sx_cell_evidence *evidence;
    int *set;      /* of the bootstrap, of each run */
    size_t *sizes; /* [sets] */
    int sets;
    double *figures; /* [seeds] scratch */
    sx_statistic statistic;
    int contrasts;
    char reason[160]; /* "" or why there is no verdict */
} trial;

static sx_status no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for claims between cells");
}

/* ---- evidence ---------------------------------------------------------------------------------
 */

/* Room is made before cells are looked at; runs that all cells of a claim have. */
static sx_status trial_begin(trial *t, sx_error *err) {
    size_t runs = (size_t)t->seeds * (size_t)t->count;
    t->evidence = sx_alloc(runs, sizeof *t->evidence);
    t->set = sx_alloc(runs, sizeof *t->set);
    t->sizes = sx_alloc(runs, sizeof *t->sizes);
    t->figures = sx_alloc((size_t)t->seeds, sizeof *t->figures);
    return t->evidence && t->set && t->sizes && t->figures ? SX_OK : no_memory(err);
}

static void trial_end(trial *t) {
    int runs = t->seeds * t->count;
    for (int i = 0; t->evidence && i < runs; i++) sx_cell_evidence_done(&t->evidence[i]);
    sx_free(t->evidence);
    sx_free(t->set);
    sx_free(t->sizes);
    sx_free(t->figures);
}

static void refuse(trial *t, const char *cell, const char *why) {
    if (!t->reason[0]) snprintf(t->reason, sizeof t->reason, "%.40s: %s", cell, why);
}

static sx_status read_evidence(trial *t, sx_error *err) {
    for (int i = 0; i < t->seeds * t->count; i++) {
        const sx_study_cell *cell = t->cells[i % t->count];
        sx_cell_evidence *e = &t->evidence[i];
        if (t->among->stop && atomic_load(t->among->stop))
            return sx_fail(err, SX_CANCELLED, "stopped");
        sx_status status = sx_cell_evidence_read(cell, i / t->count, t->row->subject, e, err);
        if (status) return status;
        const char *why = e->lacks;
        if (!why && t->row->check) why = t->row->check(cell, &e->evidence);
        if (why) refuse(t, cell->name, why);
    }
    for (int i = 1; i < t->seeds * t->count; i++)
        if (strcmp(t->evidence[i].scene, t->evidence[0].scene) != 0)
            refuse(t, t->cells[i % t->count]->name, "objects were shown in another way there");
    return SX_OK;
}

/* Runs that measured the same pictures share a set. */
static void find_sets(trial *t) {
    for (int i = 0; i < t->seeds * t->count; i++) {
        int j = 0;
        while (j < i && !sx_cell_evidence_same(&t->evidence[j], &t->evidence[i], t->row->subject))
            j++;
        t->set[i] = j < i ? t->set[j] : t->sets++;
        t->sizes[t->set[i]] = t->evidence[i].n;
    }
}

/* Fewest pictures that a run's figure rests on. */
static size_t fewest_pictures(const trial *t) {
    size_t fewest = SIZE_MAX;
    for (int i = 0; i < t->seeds * t->count; i++) {
        size_t n = t->evidence[i].n, unlike = 0;
        for (size_t k = 0; t->evidence[i].evidence.alike && k < n; k++)
            unlike += !t->evidence[i].evidence.alike[k];
        if (t->row->statistic == sx_statistic_tail) n = unlike;
        fewest = n < fewest ? n : fewest;
    }
    return fewest;
}

/* ---- figures ----------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double mean_of(const double *values, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += values[i];
    return sum / count;
}

/* The value that two thirds of the seeds reach, of three or more; sorts them. */
static double most_reach(double *values, int count) {
    for (int i = 0; i < count; i++)
        if (isnan(values[i])) return NAN;
    qsort(values, (size_t)count, sizeof *values, by_size);
    return values[count - (2 * count + 2) / 3];
}

static double over_seeds(const trial *t, double *values) {
    if (t->row->decide == SX_DECIDE_MOST && t->seeds >= 3) return most_reach(values, t->seeds);
    double mean = mean_of(values, t->seeds);
    return t->row->decide == SX_DECIDE_SIZE ? fabs(mean) : mean;
}

/* The figure of one seed; `indices` of its sets, NULL: all pictures. */
static double of_seed(const trial *t, int seed, const uint32_t *const *indices) {
    double values[SX_CLAIM_CELLS] = {0};
    for (int c = 0; c < t->count; c++) {
        int run = seed * t->count + c;
        sx_cell_evidence *e = &t->evidence[run];
        values[c] = t->statistic(&e->evidence, indices ? indices[t->set[run]] : NULL, e->n);
    }
    return combined(t->row->combine, values);
}

static double of_resample(void *user, const uint32_t *const *indices) {
    const trial *t = user;
    for (int s = 0; s < t->seeds; s++) t->figures[s] = of_seed(t, s, indices);
    return over_seeds(t, t->figures);
}

/* Range over seeds beside the mean, of several. */
static void note_seed(const trial *t, sx_claim *claim, double figure) {
    if (t->seeds < 2) return;
    if (t->row->decide == SX_DECIDE_SIZE) figure = fabs(figure);
    claim->seed_low = fmin(claim->seed_low, figure); /* NaN gives way */
    claim->seed_high = fmax(claim->seed_high, figure);
}

/* Of the mean over seeds of the trial's statistic. */
static sx_status find_interval(trial *t, sx_interval *out, sx_error *err) {
    const sx_rounds rounds = {SX_CLAIM_ROUNDS, t->among->seed, t->among->stop};
    return sx_bootstrap_sets(of_resample, t, (sx_sets){t->sizes, t->sets}, rounds, out, err);
}

static sx_status measure_pictures(trial *t, sx_claim *claim, sx_error *err) {
    sx_interval interval;
    t->statistic = t->row->statistic;
    for (int s = 0; s < t->seeds; s++) {
        t->figures[s] = of_seed(t, s, NULL);
        note_seed(t, claim, t->figures[s]);
    }
    claim->measured = over_seeds(t, t->figures);
    sx_status status = find_interval(t, &interval, err);
    claim->low = interval.low;
    claim->high = interval.high;
    return status;
}

/* ---- figures that runs left -------------------------------------------------------------------
 */

/* Intervals of independent figures, put together by the squares of their halves, each side by
 * itself (as sx_difference does for two). */
static void measure_table(trial *t, sx_claim *claim) {
    static const double signs[][SX_CLAIM_CELLS] = {
        [SX_COMBINE_ONE] = {1}, [SX_COMBINE_MORE] = {-1, 1}, [SX_COMBINE_GAP] = {-1, 1, 1, -1}};
    double below = 0, above = 0;
    for (int s = 0; s < t->seeds; s++) {
        double values[SX_CLAIM_CELLS] = {0};
        for (int c = 0; c < t->count; c++) {
            sx_estimate e = sx_cell_figure(t->cells[c], s, t->row->result, t->row->figure);
            double down = e.value - e.low, up = e.high - e.value;
            bool added = signs[t->row->combine][c] > 0;
            values[c] = e.value;
            below += added ? down * down : up * up;
            above += added ? up * up : down * down;
            if (isnan(e.value)) refuse(t, t->cells[c]->name, "its run left no such figure");
        }
        t->figures[s] = combined(t->row->combine, values);
        note_seed(t, claim, t->figures[s]);
    }
    claim->measured = mean_of(t->figures, t->seeds);
    claim->low = claim->measured - sqrt(below) / t->seeds;
    claim->high = claim->measured + sqrt(above) / t->seeds;
}

static sx_status measure_contrasts(trial *t, sx_claim *claim, sx_error *err) {
    char lacks[160] = "";
    sx_status status =
        sx_cell_draws_measure(t->row, t->cells[0], t->seeds, claim, &t->contrasts, lacks, err);
    if (lacks[0]) refuse(t, t->cells[0]->name, lacks);
    return status;
}

/* ---- verdicts ---------------------------------------------------------------------------------
 */

static void undecide(sx_claim *claim, const char *reason) {
    claim->verdict = SX_VERDICT_UNDECIDED;
    claim->reason = reason;
}

/* Standard errors, from half the width of the interval. */
static bool is_nothing(double value, double low, double high) {
    return fabs(value) <= 2 * (high - low) / 2 / ERRORS_OF_HALF;
}

/* What is to be taken away must be there first, or anything would do. */
static sx_status decide_none(trial *t, sx_claim *claim, sx_error *err) {
    sx_interval interval;
    if (isnan(claim->low) || isnan(claim->measured)) return SX_OK;
    t->statistic = t->row->other;
    for (int s = 0; s < t->seeds; s++) t->figures[s] = of_seed(t, s, NULL);
    double other = over_seeds(t, t->figures);
    sx_status status = find_interval(t, &interval, err);
    if (status) return status;
    bool nothing = is_nothing(claim->measured, claim->low, claim->high);
    claim->verdict = nothing ? SX_VERDICT_HOLDS : SX_VERDICT_FAILS;
    claim->reason = "";
    if (isnan(interval.low) || is_nothing(other, interval.low, interval.high))
        undecide(claim, "the change is within 2 standard errors itself: there is none to mend");
    return SX_OK;
}

static sx_status decide(trial *t, sx_claim *claim, sx_error *err) {
    bool pictures = t->row->statistic != NULL;
    size_t fewest = pictures ? fewest_pictures(t) : SIZE_MAX;
    sx_claim_settle(claim, fewest);
    if (fewest < SX_FEW_PICTURES) {
        if (t->row->subject == SX_OF_TEST) claim->reason = "it rests on fewer than 30 images";
        return SX_OK;
    }
    if (t->row->decide == SX_DECIDE_NONE) return decide_none(t, claim, err);
    bool touches = claim->at_least ? claim->low < claim->threshold + ROUNDING
                                   : claim->high > claim->threshold - ROUNDING;
    bool strict = t->row->decide == SX_DECIDE_STRICT || t->row->decide == SX_DECIDE_EACH;
    if (strict && claim->verdict == SX_VERDICT_HOLDS && touches)
        undecide(claim, "the interval reaches the bound");
    if (t->row->result && isnan(claim->low))
        undecide(claim, "the figure has no interval: it rests on fewer than 30 pictures");
    return SX_OK;
}

/* ---- words ------------------------------------------------------------------------------------
 */

/* "all classes", or those that are left out because they look the same upside down. */
static void add_classes(const trial *t, sx_text *out) {
    const sx_cell_evidence *e = &t->evidence[0];
    bool any = false;
    if (!e->lacks && e->evidence.alike)
        for (int label = 0; label <= e->evidence.most_label; label++)
            for (size_t i = 0; i < e->n; i++) {
                if (e->evidence.labels[i] != label || !e->evidence.alike[i]) continue;
                sx_text_add(out, "%s%s", any ? ", " : "without ", sx_cell_evidence_class(e, i));
                any = true;
                break;
            }
    if (!any) sx_text_add(out, "all classes");
}

/* The row's text with names in it, safe to show. */
static const char *words_of(const trial *t, sx_result *result) {
    sx_text text = {0};
    for (const char *at = t->row->text; *at; at++) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        if (!end)
            sx_text_add_bytes(&text, at, 1);
        else if (end == at + 2 && at[1] >= 'A' && at[1] < 'A' + t->count)
            sx_text_add(&text, "%s", t->cells[at[1] - 'A']->name);
        else if (strncmp(at, "{contrasts}", strlen("{contrasts}")) == 0)
            sx_text_add(&text, "%d", t->contrasts);
        else
            add_classes(t, &text);
        at = end ? end : at;
    }
    char *words = text.failed ? NULL : sx_arena_alloc(&result->arena, text.size + 1, 1);
    if (words) sx_text_printable(words, text.size + 1, text.data);
    sx_text_done(&text);
    return words;
}

/* ---- all claims -------------------------------------------------------------------------------
 */

static sx_status measure(trial *t, sx_claim *claim, sx_error *err) {
    if (!t->row->statistic) {
        sx_status status = SX_OK;
        if (t->row->contrasts)
            status = measure_contrasts(t, claim, err);
        else
            measure_table(t, claim);
        return status || t->reason[0] ? status : decide(t, claim, err);
    }
    sx_status status = read_evidence(t, err);
    if (status || t->reason[0]) return status;
    find_sets(t);
    status = measure_pictures(t, claim, err);
    return status ? status : decide(t, claim, err);
}

/* A claim without evidence has no figures either. */
static sx_status fill(trial *t, sx_result *result, sx_claim *claim, sx_error *err) {
    claim->origin = t->row->origin;
    claim->bound = t->row->bound;
    claim->threshold = t->row->threshold;
    claim->at_least = t->row->at_least;
    sx_status status = trial_begin(t, err);
    if (!status) status = measure(t, claim, err);
    if (!status && t->reason[0]) undecide(claim, sx_result_text(result, "%s", t->reason));
    if (!status) claim->text = words_of(t, result);
    if (!status && (!claim->text || !claim->reason)) status = no_memory(err);
    trial_end(t);
    return status;
}

static const sx_study_cell *cell_of(const sx_study_cell *cells, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(cells[i].name, name) == 0) return &cells[i];
    return NULL;
}

/* Seeds that all of them have; 0 where one has no finished run. */
static void find_cells(trial *t, const sx_cell_claim_text *claim) {
    for (int c = 0; c < t->count; c++) {
        t->cells[c] = cell_of(t->among->cells, t->among->count, claim->cells[c]);
        int seeds = t->cells[c] ? t->cells[c]->seeds : 0;
        t->seeds = c == 0 || seeds < t->seeds ? seeds : t->seeds;
    }
}

sx_status sx_cell_claim_measure(const sx_cell_claim_text *claim, const sx_cell_set *among,
                                sx_result *result, sx_error *err) {
    trial t = {.row = claim->row, .among = among, .count = claim->count};
    find_cells(&t, claim);
    if (t.seeds < 1) return SX_OK;
    return fill(&t, result, &result->claims.claims[result->claims.count++], err);
}

/* The last step of any run, so that the result says how far it looks. */
static int64_t last_step(const sx_study_cell *cells, int count) {
    int64_t last = 0;
    for (int c = 0; c < count; c++)
        for (int s = 0; s < cells[c].seeds; s++)
            for (size_t i = 0; i < cells[c].runs[s].count; i++)
                if (cells[c].runs[s].results[i]->step > last)
                    last = cells[c].runs[s].results[i]->step;
    return last;
}

sx_result *sx_cell_claims_make(const char *const *texts, size_t count, const sx_cell_set *cells,
                               sx_error *err) {
    sx_result *result = sx_result_new(SX_RESULT_CLAIMS, "claims", "Claims, test objects");
    if (!result || !sx_claims_alloc(result, (int)count)) {
        sx_result_release(result);
        no_memory(err);
        return NULL;
    }
    sx_status status = SX_OK;
    result->claims.count = 0;
    for (size_t i = 0; !status && i < count; i++) {
        sx_cell_claim_text claim;
        status = sx_cell_claim_parse(texts[i], &claim, err);
        if (!status) status = sx_cell_claim_measure(&claim, cells, result, err);
    }
    if (status) {
        sx_result_release(result);
        return NULL;
    }
    result->step = last_step(cells->cells, cells->count);
    result->split = sx_split_name(SX_SPLIT_TEST);
    return result;
}
