/* The tables and the curve of a study of last layers from what methods have said: a row a method, a
 * row a method and score, a row a method, set and score, and a line a method over coverage. Columns
 * are those of scoring.h; intervals are not computed here, and unknown. */
#include "core/study/last_layer.h"

#include <math.h>
#include <string.h>

#define CURVE_POINTS 400

/* Everything that is scored of one method. */
typedef struct {
    sx_scored inside, outside[SX_OUTSIDE_SETS];
    sx_ranking ranking[SX_SCORE_ROWS]; /* of inside */
} scored_method;

typedef struct {
    const sx_scoring *scoring;
    const sx_method *methods;
    int count;
    scored_method *scored; /* [count] */
} scene;

static void scene_done(scene *s) {
    for (int m = 0; s->scored && m < s->count; m++) {
        scored_method *of = &s->scored[m];
        sx_rankings_done(of->ranking, SX_SCORE_ROWS);
        sx_scored_done(&of->inside);
        for (int k = 0; k < s->scoring->sets; k++) sx_scored_done(&of->outside[k]);
    }
    sx_free(s->scored);
}

static sx_status score_method(scene *s, int m, sx_error *err) {
    scored_method *of = &s->scored[m];
    const sx_method *method = &s->methods[m];
    sx_pool *pool = s->scoring->pool;
    sx_status status = sx_scored_new(method->inside, pool, &of->inside, err);
    if (!status)
        status = sx_rankings_new((const double *const *)of->inside.confidence, SX_SCORE_ROWS,
                                 of->inside.n, pool, of->ranking, err);
    for (int k = 0; !status && method->outside && k < s->scoring->sets; k++)
        status = sx_scored_new(method->outside[k], pool, &of->outside[k], err);
    return status;
}

static bool has_score(const scene *s, int m, int row) {
    return s->scored[m].ranking[row].n > 0;
}

static size_t count_scores(const scene *s) {
    size_t count = 0;
    for (int m = 0; m < s->count; m++)
        for (int row = 0; row < SX_SCORE_ROWS; row++) count += has_score(s, m, row);
    return count;
}

/* ---- filling tables ----------------------------------------------------------------------------
 */

/* Columns are filled from the left; a figure has its interval behind it. */
typedef struct {
    sx_result *result;
    size_t row;
    int column;
} cursor;

static void put(cursor *at, double value) {
    at->result->table.columns[at->column++].numbers[at->row] = value;
}

static void put_figure(cursor *at, double value) {
    put(at, value);
    at->column += 2;
}

static bool put_text(cursor *at, const char *text) {
    const char *copy = sx_result_text(at->result, "%s", text);
    at->result->table.columns[at->column++].texts[at->row] = copy;
    return copy != NULL;
}

#define WITH_INTERVAL(f) f, f " low", f " high"
#define RANKING_FIGURES                                                                            \
    WITH_INTERVAL("AURC"), WITH_INTERVAL("E-AURC"), WITH_INTERVAL("AUGRC"),                        \
        WITH_INTERVAL("failure AUROC")
#define COUNT(names) ((int)(sizeof(names) / sizeof *(names)))

static void put_ranking(cursor *at, const scene *s, int m, int row) {
    const scored_method *of = &s->scored[m];
    sx_selective figures = SX_SELECTIVE_UNKNOWN;
    if (has_score(s, m, row))
        sx_selective_of((sx_ranked){&of->ranking[row], sx_scored_wrong(&of->inside, row), NULL},
                        &figures);
    put_figure(at, figures.aurc);
    put_figure(at, figures.eaurc);
    put_figure(at, figures.augrc);
    put_figure(at, figures.failure_auroc);
}

static sx_status hand_over(const scene *s, sx_result *r, bool whole, sx_error *err) {
    if (!r || !whole) {
        sx_result_release(r);
        return sx_study_no_memory(err);
    }
    r->step = s->scoring->step;
    r->split = s->scoring->split;
    s->scoring->publish(s->scoring->user, r);
    return SX_OK;
}

static sx_status publish_methods(const scene *s, sx_error *err) {
    static const char *const columns[] = {
        "method",
        "members",
        "temperature",
        WITH_INTERVAL("accuracy"),
        WITH_INTERVAL("NLL"),
        WITH_INTERVAL("Brier"),
        WITH_INTERVAL("ECE"),
        WITH_INTERVAL("adaptive ECE"),
        WITH_INTERVAL("MCE"),
        WITH_INTERVAL("RMSCE"),
        RANKING_FIGURES,
    };
    sx_result *r = sx_table_new("methods", "What each method is worth", (size_t)s->count, columns,
                                COUNT(columns), 1u << 0);
    bool whole = r != NULL;
    for (int m = 0; whole && m < s->count; m++) {
        const scored_method *of = &s->scored[m];
        cursor at = {r, (size_t)m, 0};
        sx_proper p;
        sx_proper_of(&of->inside, &of->ranking[SX_SCORE_MAX_PROBABILITY], NULL, (sx_binning){0},
                     &p);
        whole = put_text(&at, s->methods[m].name);
        put(&at, s->methods[m].inside->members);
        put(&at, s->methods[m].temperature);
        const double figures[] = {p.accuracy,     p.nll, p.brier, p.ece,
                                  p.adaptive_ece, p.mce, p.rmsce};
        for (int f = 0; f < COUNT(figures); f++) put_figure(&at, figures[f]);
        put_ranking(&at, s, m, SX_SCORE_MAX_PROBABILITY);
    }
    return hand_over(s, r, whole, err);
}

static double risk_of(const scored_method *of, int row) {
    const uint8_t *wrong = sx_scored_wrong(&of->inside, row);
    double sum = 0;
    for (size_t i = 0; i < of->inside.n; i++) sum += wrong[i];
    return sum / (double)of->inside.n;
}

static sx_status publish_scores(const scene *s, sx_error *err) {
    static const char *const columns[] = {"method", "score", "risk", RANKING_FIGURES};
    sx_result *r = sx_table_new("scores", "Errors ranked by each score", count_scores(s), columns,
                                COUNT(columns), 3u);
    bool whole = r != NULL;
    size_t next = 0;
    for (int m = 0; whole && m < s->count; m++)
        for (int row = 0; whole && row < SX_SCORE_ROWS; row++) {
            if (!has_score(s, m, row)) continue;
            cursor at = {r, next++, 0};
            whole = put_text(&at, s->methods[m].name);
            whole = put_text(&at, sx_score_at(row)->name) && whole;
            put(&at, risk_of(&s->scored[m], row));
            put_ranking(&at, s, m, row);
        }
    return hand_over(s, r, whole, err);
}

/* ---- sets from elsewhere -----------------------------------------------------------------------
 */

static sx_status detect(const scene *s, int m, int set, int row, sx_detection *out, sx_error *err) {
    const sx_scored *in = &s->scored[m].inside, *from = &s->scored[m].outside[set];
    sx_ranking ranking = {0};
    uint8_t *flags = sx_alloc(in->n + from->n, 1);
    sx_status status = flags ? SX_OK : sx_study_no_memory(err);
    if (!status)
        status = sx_detection_ranking(in->confidence[row], in->n, from->confidence[row], from->n,
                                      &ranking, flags, err);
    if (!status) {
        sx_detection_of((sx_ranked){&ranking, flags, NULL}, out);
        sx_ranking_done(&ranking);
    }
    sx_free(flags);
    return status;
}

static sx_status put_detection(cursor *at, const scene *s, int m, int set, int row, sx_error *err) {
    sx_detection d;
    sx_status status = detect(s, m, set, row, &d, err);
    if (status) return status;
    if (!put_text(at, s->methods[m].name) || !put_text(at, s->scoring->set_names[set]) ||
        !put_text(at, sx_score_at(row)->name))
        return sx_study_no_memory(err);
    put(at, d.inside);
    put(at, d.outside);
    put(at, d.base_rate);
    put_figure(at, d.auroc);
    put_figure(at, d.aupr_in);
    put_figure(at, d.aupr_out);
    put_figure(at, d.fpr95);
    return SX_OK;
}

static sx_status publish_outside(const scene *s, sx_error *err) {
    static const char *const columns[] = {"method",
                                          "set",
                                          "score",
                                          "inside",
                                          "outside",
                                          "base rate",
                                          WITH_INTERVAL("AUROC"),
                                          WITH_INTERVAL("AUPR in"),
                                          WITH_INTERVAL("AUPR out"),
                                          WITH_INTERVAL("FPR95")};
    int sets = s->scoring->sets;
    if (!sets) return SX_OK;
    sx_result *r =
        sx_table_new("out-of-distribution", "Pictures from elsewhere, told by each score",
                     count_scores(s) * (size_t)sets, columns, COUNT(columns), 7u);
    if (!r) return sx_study_no_memory(err);
    cursor at = {.result = r};
    sx_status status = SX_OK;
    for (int m = 0; m < s->count; m++)
        for (int set = 0; set < sets; set++)
            for (int row = 0; !status && row < SX_SCORE_ROWS; row++) {
                if (!has_score(s, m, row)) continue;
                at.column = 0;
                status = put_detection(&at, s, m, set, row, err);
                at.row++;
            }
    if (!status) return hand_over(s, r, true, err);
    sx_result_release(r);
    return status;
}

/* ---- the curve ---------------------------------------------------------------------------------
 */

static sx_status publish_curve(const scene *s, sx_error *err) {
    sx_result *r = sx_result_new(SX_RESULT_SERIES, "risk-coverage-methods", "Risk over coverage");
    size_t n = s->scoring->n, points = n < CURVE_POINTS ? n : CURVE_POINTS;
    bool whole = r && sx_series_alloc(r, points, s->count + 1, false);
    if (!whole) return hand_over(s, r, false, err);
    sx_series *series = &r->series;
    series->x_label = "coverage";
    series->y_label = "risk";
    for (int m = 0; m < s->count; m++) {
        const scored_method *of = &s->scored[m];
        series->lines[m].name = sx_result_text(r, "%s", s->methods[m].name);
        whole = whole && series->lines[m].name;
        sx_ranked_curve((sx_ranked){&of->ranking[SX_SCORE_MAX_PROBABILITY], of->inside.wrong, NULL},
                        points, series->x, series->lines[m].y);
    }
    sx_line *oracle = &series->lines[s->count];
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) wrong += s->scored[0].inside.wrong[i];
    oracle->name = "oracle";
    for (size_t i = 0; i < points; i++)
        oracle->y[i] = sx_oracle_risk((size_t)lround(series->x[i] * (double)n), n, wrong);
    return hand_over(s, r, whole, err);
}

sx_status sx_last_publish(const sx_scoring *scoring, const sx_method *methods, int count,
                          sx_error *err) {
    scene s = {scoring, methods, count, NULL};
    if (count < 1) return SX_OK;
    s.scored = sx_alloc((size_t)count, sizeof *s.scored);
    if (!s.scored) return sx_study_no_memory(err);
    sx_status status = SX_OK;
    for (int m = 0; !status && m < count; m++) status = score_method(&s, m, err);
    if (!status) status = publish_methods(&s, err);
    if (!status) status = publish_scores(&s, err);
    if (!status) status = publish_outside(&s, err);
    if (!status) status = publish_curve(&s, err);
    scene_done(&s);
    return status;
}
