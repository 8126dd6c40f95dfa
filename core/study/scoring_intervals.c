/* Intervals of all figures, a few rounds of one method at a time: the resamples of a round follow
 * from the seed, the round and the set, so that all methods meet the same ones, whoever draws them
 * and whenever. Figures are published again as rounds come together. */
#include "core/study/scoring_sheet.h"

struct sx_scoring_intervals {
    sx_sheet *sheet;
    sx_resampling *resamplings[SX_METHODS];
    int method, published; /* whose turn it is; how often they were published */
    int64_t done;          /* rounds of all methods */
    int drawn;             /* methods whose resamples were published */
    int step;              /* rounds of a slice */
    uint32_t *room;        /* [threads, sheet's room] */
};

/* Rounds after which figures are published. */
static const int stops[] = {50, 200, 500, SX_SCORING_ROUNDS};

static sx_status make_resampling(sx_scoring_intervals *in, int k, sx_error *err) {
    const sx_sheet_method *m = &in->sheet->methods[k];
    const sx_scoring *scoring = &in->sheet->scoring;
    size_t sizes[1 + SX_OUTSIDE_SETS] = {scoring->n};
    for (int set = 0; set < scoring->sets; set++)
        sizes[1 + set] = m->outside[set].n ? m->outside[set].n : 1;
    in->resamplings[k] =
        sx_resampling_new((sx_sets){sizes, 1 + scoring->sets}, m->figure_count, SX_SCORING_ROUNDS,
                          sx_pool_threads(scoring->pool), scoring->seed, err);
    return in->resamplings[k] ? SX_OK : err->status;
}

sx_scoring_intervals *sx_scoring_intervals_new(const sx_scoring *scoring, const sx_method *methods,
                                               int count, sx_error *err) {
    sx_scoring_intervals *in = sx_alloc(1, sizeof *in);
    if (!in) {
        sx_sheet_no_memory(err);
        return NULL;
    }
    sx_status status = SX_OK;
    in->sheet = sx_sheet_new(scoring, methods, count, err);
    if (!in->sheet) {
        sx_free(in);
        return NULL;
    }
    size_t threads = (size_t)sx_pool_threads(scoring->pool);
    in->step = (int)threads;
    in->room = sx_alloc(threads, (sx_sheet_room(in->sheet) + 1) * sizeof *in->room);
    if (!in->room) status = sx_sheet_no_memory(err);
    for (int k = 0; !status && k < count; k++) status = make_resampling(in, k, err);
    if (!status) status = sx_sheet_publish_all(in->sheet, err);
    if (!status) return in;
    sx_scoring_intervals_free(in);
    return NULL;
}

static void resampled(void *context, const uint32_t *const *counts, double *figures, int worker) {
    sx_scoring_intervals *in = context;
    size_t room = sx_sheet_room(in->sheet);
    sx_sheet_figure(in->sheet, &in->sheet->methods[in->method], counts,
                    room ? in->room + (size_t)worker * room : NULL, figures);
}

static sx_status publish(sx_scoring_intervals *in, sx_error *err) {
    for (int k = 0; k < in->sheet->count; k++) {
        sx_sheet_method *m = &in->sheet->methods[k];
        for (int f = 0; f < m->figure_count; f++)
            m->intervals[f] = sx_resampling_interval(in->resamplings[k], f);
    }
    sx_status status = sx_sheet_tables(in->sheet, err);
    return status ? status : sx_sheet_methods_curve(in->sheet, err);
}

/* The resamples of one method at a time. */
static sx_status end(sx_scoring_intervals *in, bool *ended, sx_error *err) {
    *ended = !in->sheet->scoring.draws || in->drawn == in->sheet->count;
    if (*ended) return SX_OK;
    int k = in->drawn++;
    return sx_sheet_draws(in->sheet, k, in->resamplings[k], err);
}

sx_status sx_scoring_intervals_advance(sx_scoring_intervals *in, bool *ended, sx_error *err) {
    const sx_scoring *scoring = &in->sheet->scoring;
    int64_t of_all = (int64_t)SX_SCORING_ROUNDS * in->sheet->count;
    *ended = false;
    if (scoring->stop && atomic_load(scoring->stop)) return sx_fail(err, SX_CANCELLED, "stopped");
    if (in->done == of_all) return end(in, ended, err);
    /* up to where figures are published, whatever the number of threads */
    int stop = stops[in->published], at = (int)(in->done / in->sheet->count);
    int rounds = stop - at < in->step ? stop - at : in->step;
    sx_resampling_advance(in->resamplings[in->method], scoring->pool, rounds, resampled, in);
    in->method = (in->method + 1) % in->sheet->count;
    if (in->method) return SX_OK;
    in->done += (int64_t)rounds * in->sheet->count;
    if (at + rounds < stop) return SX_OK;
    in->published++;
    return publish(in, err);
}

double sx_scoring_intervals_share(const sx_scoring_intervals *in) {
    return (double)in->done / ((double)SX_SCORING_ROUNDS * in->sheet->count);
}

double sx_scoring_intervals_left(const sx_scoring_intervals *in) {
    double all = (double)SX_SCORING_ROUNDS * in->sheet->count;
    return (all - (double)in->done) / in->step;
}

void sx_scoring_intervals_free(sx_scoring_intervals *in) {
    if (!in) return;
    for (int k = 0; in->sheet && k < in->sheet->count; k++) sx_resampling_free(in->resamplings[k]);
    sx_sheet_free(in->sheet);
    sx_free(in->room);
    sx_free(in);
}
