/* What was found of patches and tokens, as results: curves and maps, and one table of figures that
 * claims read by name. A figure of the parameters alone has no interval but itself; one of pictures
 * has a bootstrap over the pictures, unless they are too few for one. */
#include "core/study/evidence.h"
#include "core/study/inspector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_POINTS 101

static sx_result *no_memory(sx_result *r, sx_error *err) {
    sx_result_release(r);
    sx_study_no_memory(err);
    return NULL;
}

static sx_result *make_series(const char *name, const char *title, size_t length, int lines,
                              sx_error *err) {
    sx_result *r = sx_result_new(SX_RESULT_SERIES, name, title);
    return r && sx_series_alloc(r, length, lines, false) ? r : no_memory(r, err);
}

/* ---- curves -----------------------------------------------------------------------------------
 */

static sx_result *make_positions(const sx_study *study, sx_error *err) {
    const sx_tokens *t = &study->tokens;
    if (isnan(t->last.by_distance[0])) return NULL;
    size_t length = (size_t)lround(hypot(t->grid - 1, t->grid - 1));
    if (length > SX_MOST_PATCH_DISTANCE) length = SX_MOST_PATCH_DISTANCE;
    sx_result *r = make_series("positions", "Likeness of patches' positions by their distance",
                               length, 2, err);
    if (!r) return NULL;
    r->series.x_label = "distance";
    r->series.x_unit = "patches";
    r->series.y_label = "cosine";
    r->series.lines[0].name = "at the end";
    r->series.lines[1].name = "at the beginning";
    for (size_t i = 0; i < length; i++) {
        r->series.x[i] = (double)i + 1;
        r->series.lines[0].y[i] = t->last.by_distance[i];
        r->series.lines[1].y[i] = t->first.by_distance[i];
    }
    return r;
}

static sx_result *make_components(const sx_study *study, sx_error *err) {
    const sx_tokens *t = &study->tokens;
    double last = 0, first = 0;
    sx_result *r = make_series("patch-components",
                               "Variance of the patches' embedding in its first components",
                               (size_t)t->components, 2, err);
    if (!r) return NULL;
    r->series.x_label = "components";
    r->series.y_label = "share of the variance";
    r->series.lines[0].name = "at the end";
    r->series.lines[1].name = "at the beginning";
    for (int i = 0; i < t->components; i++) {
        r->series.x[i] = i + 1;
        r->series.lines[0].y[i] = last += t->last.shares[i];
        r->series.lines[1].y[i] = first += t->first.shares[i];
    }
    return r;
}

static int by_number(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The known ratios in order, into out; how many there are. */
static size_t sort_ratios(const sx_tokens *t, double *out) {
    size_t count = 0;
    for (size_t i = 0; i < t->total; i++)
        if (!isnan(t->ratios[i])) out[count++] = t->ratios[i];
    qsort(out, count, sizeof *out, by_number);
    return count;
}

static sx_result *make_rollout(const sx_study *study, sx_error *err) {
    const sx_tokens *t = &study->tokens;
    if (!t->total) return NULL;
    double *sorted = sx_alloc(t->total, sizeof *sorted);
    size_t count = sorted ? sort_ratios(t, sorted) : 0;
    sx_result *r =
        make_series("rollout", "Attention that reaches the object, over its share of the image",
                    CURVE_POINTS, 1, err);
    if (r) {
        r->series.x_label = "pictures";
        r->series.x_unit = "share, from the least";
        r->series.y_label = "times its share";
        r->series.lines[0].name = "attention through all blocks";
    }
    for (size_t i = 0; r && i < CURVE_POINTS; i++) {
        double part = (double)i / (CURVE_POINTS - 1);
        r->series.x[i] = part;
        if (count) r->series.lines[0].y[i] = sorted[lround(part * (double)(count - 1))];
    }
    sx_free(sorted);
    return r;
}

/* Distances over resampled pictures (NULL: all), the mean of each head, into out. */
static void mean_distances(const sx_tokens *t, const uint32_t *pictures, size_t n, double *out) {
    memset(out, 0, t->looks * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        const double *row = t->distances + (pictures ? pictures[i] : i) * t->looks;
        for (size_t h = 0; h < t->looks; h++) out[h] += row[h] / (double)n;
    }
}

typedef sx_result *(*draw_distances)(const double *distances, int blocks, int heads, sx_error *err);

static sx_result *make_distances(const sx_study *study, draw_distances draw, sx_error *err) {
    const sx_tokens *t = &study->tokens;
    if (!t->total) return NULL;
    double *means = sx_alloc(t->looks, sizeof *means);
    if (!means) return no_memory(NULL, err);
    mean_distances(t, NULL, t->total, means);
    sx_result *r = draw(means, t->blocks, t->heads, err);
    sx_free(means);
    return r;
}

static sx_result *make_distance(const sx_study *study, sx_error *err) {
    return make_distances(study, sx_attention_series, err);
}

static sx_result *make_heads(const sx_study *study, sx_error *err) {
    return make_distances(study, sx_attention_map, err);
}

/* ---- figures ----------------------------------------------------------------------------------
 */

enum { MOST_FIGURES = 17 };
typedef struct {
    const sx_study *study;
    int count;
    struct {
        const char *name;
        double value, low, high;
    } rows[MOST_FIGURES];
    double *means, *depths; /* [blocks, heads] */
} figures;

static void add(figures *f, const char *name, double value, sx_interval i) {
    f->rows[f->count].name = name;
    f->rows[f->count].value = value;
    f->rows[f->count].low = i.low;
    f->rows[f->count++].high = i.high;
}

static void add_exact(figures *f, const char *name, double value) {
    add(f, name, value, (sx_interval){value, value});
}

static double mean_ratio(void *user, const uint32_t *pictures, size_t n) {
    const sx_tokens *t = &((const figures *)user)->study->tokens;
    double sum = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        double ratio = t->ratios[pictures ? pictures[i] : i];
        if (isnan(ratio)) continue;
        sum += ratio;
        count++;
    }
    return count > 0 ? sum / count : (double)NAN;
}

static double depth_correlation(void *user, const uint32_t *pictures, size_t n) {
    figures *f = user;
    const sx_tokens *t = &f->study->tokens;
    double rho;
    mean_distances(t, pictures, n, f->means);
    sx_status status = sx_spearman(f->depths, f->means, t->looks, &rho, NULL);
    return status ? (double)NAN : rho;
}

/* Mean distance of a block's heads as a share of the picture's side. */
static double block_distance(const figures *f, int block, const uint32_t *pictures, size_t n) {
    const sx_tokens *t = &f->study->tokens;
    double sum = 0;
    mean_distances(t, pictures, n, f->means);
    for (int h = 0; h < t->heads; h++) sum += f->means[block * t->heads + h];
    return sum / t->heads / f->study->size;
}

static double first_distance(void *user, const uint32_t *pictures, size_t n) {
    return block_distance(user, 0, pictures, n);
}

static double last_distance(void *user, const uint32_t *pictures, size_t n) {
    figures *f = user;
    return block_distance(f, f->study->tokens.blocks - 1, pictures, n);
}

static sx_status add_sampled(figures *f, const char *name, sx_statistic statistic, sx_error *err) {
    size_t n = f->study->tokens.total;
    sx_interval interval;
    sx_status status = sx_bootstrap(statistic, f, n, sx_study_rounds(f->study), &interval, err);
    if (n < SX_FEW_PICTURES) interval = (sx_interval){NAN, NAN};
    if (!status) add(f, name, statistic(f, NULL, n), interval);
    return status;
}

static sx_status add_pictures(figures *f, sx_error *err) {
    static const struct {
        const char *name;
        sx_statistic statistic;
    } rows[] = {{"rollout: attention on object over area", mean_ratio},
                {"attention distance: rise with depth", depth_correlation},
                {"attention distance: first block", first_distance},
                {"attention distance: last block", last_distance}};
    const sx_tokens *t = &f->study->tokens;
    if (!t->total) return SX_OK;
    f->means = sx_alloc(t->looks, sizeof *f->means);
    f->depths = sx_alloc(t->looks, sizeof *f->depths);
    if (!f->means || !f->depths) return sx_study_no_memory(err);
    for (int block = 0; block < t->blocks; block++)
        for (int h = 0; h < t->heads; h++) f->depths[block * t->heads + h] = block;
    sx_status status = SX_OK;
    for (size_t i = 0; !status && i < sizeof rows / sizeof *rows; i++)
        status = add_sampled(f, rows[i].name, rows[i].statistic, err);
    return status;
}

static void add_parameters(figures *f) {
    const sx_token_figures *last = &f->study->tokens.last, *first = &f->study->tokens.first;
    if (!isnan(last->by_distance[0])) {
        add_exact(f, "positions: correlation with distance", last->correlation);
        add_exact(f, "positions at first: correlation", first->correlation);
        add_exact(f, "positions: mean |cosine|", last->cosine);
        add_exact(f, "positions at first: mean |cosine|", first->cosine);
    }
    add_exact(f, "patches: variance in components", last->explained);
    add_exact(f, "patches at first: variance", first->explained);
    add_exact(f, "patches: gain in variance", last->explained - first->explained);
    add_exact(f, "patches: low frequencies", last->low_frequency);
    add_exact(f, "patches at first: low frequencies", first->low_frequency);
}

/* Without the sign. */
static sx_interval size_of(sx_interval i) {
    if (i.low > 0) return i;
    if (i.high < 0) return (sx_interval){-i.high, -i.low};
    return (sx_interval){isnan(i.low) ? (double)NAN : 0, fmax(-i.low, i.high)};
}

static void add_offsets(figures *f) {
    const sx_offsets *o = &f->study->offsets;
    double n = (double)(o->pairs * SX_OFFSET_REPEATS);
    sx_interval better = {o->better_low, o->better_high};
    add(f, "phase: accuracy at patch centres", o->centre, sx_wilson(o->centre * n, n));
    add(f, "phase: accuracy at patch corners", o->corner, sx_wilson(o->corner * n, n));
    add(f, "phase: centres minus corners", o->better, better);
    add(f, "phase: size of that difference", fabs(o->better), size_of(better));
}

static sx_result *make_table(const figures *f, sx_error *err) {
    static const char *const columns[] = {"figure", "value", "low", "high"};
    sx_result *r =
        sx_table_new("tokens", "Patches and tokens", (size_t)f->count, columns, 4, 1u << 0);
    if (!r) return no_memory(NULL, err);
    for (int i = 0; i < f->count; i++) {
        const sx_column *c = r->table.columns;
        c[0].texts[i] = f->rows[i].name;
        c[1].numbers[i] = f->rows[i].value;
        c[2].numbers[i] = f->rows[i].low;
        c[3].numbers[i] = f->rows[i].high;
    }
    return r;
}

static sx_result *make_figures(const sx_study *study, sx_error *err) {
    figures f = {.study = study};
    if (study->tokens.blocks) add_parameters(&f);
    if (study->offsets.patch) add_offsets(&f);
    sx_result *r = NULL;
    if (!add_pictures(&f, err) && f.count) r = make_table(&f, err);
    sx_free(f.means);
    sx_free(f.depths);
    return r;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

sx_status sx_token_results_publish(sx_study *study, sx_error *err) {
    static const struct {
        sx_result *(*make)(const sx_study *study, sx_error *err); /* NULL: there is none */
        bool tokens, pictures; /* of a network that has tokens; measured on pictures */
    } rows[] = {{make_positions, true, false}, {make_components, true, false},
                {make_rollout, true, true},    {make_distance, true, true},
                {make_heads, true, true},      {make_figures, false, true}};
    sx_error own = {0};
    char scene[64];
    snprintf(scene, sizeof scene, "posed(area=%s)",
             sx_config_text(study->config, "robustness", "location_area"));
    for (size_t i = 0; !own.status && i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].tokens && !study->tokens.blocks) continue;
        sx_result *r = rows[i].make(study, &own);
        if (!r) continue;
        r->step = study->report.step;
        if (rows[i].pictures)
            sx_study_publish_measured(study, r, study->sweep.split, scene, &own);
        else
            sx_study_publish(study, r, &own);
    }
    if (own.status && err) *err = own;
    return own.status;
}
