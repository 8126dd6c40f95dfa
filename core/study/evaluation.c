/* Evaluation of a split, slice by slice, and everything that follows from its probabilities: the
 * table of items, the validation series, risk and coverage, calibration. */
#include "core/study/internal.h"

#include <math.h>
#include <string.h>

#define CURVE_POINTS 400
#define TARGET_RISK 0.02
#define MOST_CONFUSED 100 /* classes: the matrix of more is a large file that nobody reads */
enum { STREAM_SUBSET = 81 };

static const sx_confidence measures[] = {SX_CONFIDENCE_MAX_PROBABILITY,
                                         SX_CONFIDENCE_NEGATIVE_ENTROPY, SX_CONFIDENCE_MARGIN};
enum { MEASURES = 3 };

/* Every item has the same chance, and each class its share: the items, shuffled and then sorted by
 * class, are picked at even distances. */
static void pick_subset(sx_study *study, size_t n, uint32_t *order, uint32_t *sorted,
                        size_t *starts) {
    const sx_source *source = study->data->source;
    size_t classes = (size_t)study->classes, m = study->validate_items, found = 0;
    sx_random random = sx_random_from(study->seed, STREAM_SUBSET, 0);
    sx_random_permutation(&random, order, n);
    for (size_t i = 0; i < n; i++)
        starts[sx_source_label(source, SX_SPLIT_VALIDATION, order[i]) + 1]++;
    for (size_t c = 0; c < classes; c++) starts[c + 1] += starts[c];
    for (size_t i = 0; i < n; i++)
        sorted[starts[sx_source_label(source, SX_SPLIT_VALIDATION, order[i])]++] = order[i];
    memset(order, 0, n * sizeof *order); /* from here on: whether an item was picked */
    for (size_t k = 0; k < m; k++) order[sorted[(2 * k + 1) * n / (2 * m)]] = 1;
    for (size_t i = 0; i < n; i++)
        if (order[i]) study->subset[found++] = (uint32_t)i;
}

sx_status sx_evaluation_prepare(sx_study *study, sx_error *err) {
    size_t n = sx_source_describe(study->data->source)->counts[SX_SPLIT_VALIDATION];
    if (study->validate_items >= n) return SX_OK;
    uint32_t *order = sx_alloc(n, sizeof *order), *sorted = sx_alloc(n, sizeof *sorted);
    size_t *starts = sx_alloc((size_t)study->classes + 1, sizeof *starts);
    study->subset = sx_alloc(study->validate_items, sizeof *study->subset);
    bool memory = order && sorted && starts && study->subset;
    if (memory) pick_subset(study, n, order, sorted, starts);
    sx_free(order);
    sx_free(sorted);
    sx_free(starts);
    return memory ? SX_OK : sx_study_no_memory(err);
}

sx_status sx_evaluation_start(sx_study *study, sx_split split, size_t total, sx_error *err) {
    sx_evaluation *e = &study->evaluation;
    size_t all = sx_source_describe(study->data->source)->counts[split];
    e->split = split;
    e->done = 0;
    e->whole = total >= all;
    e->total = e->whole ? all : total;
    study->evaluating = true;
    void *array = e->probabilities;
    bool memory = sx_grow(&array, &e->capacity, e->total * (size_t)study->classes, sizeof(float));
    e->probabilities = array;
    if (memory && study->pairs.run) {
        array = e->logits;
        memory =
            sx_grow(&array, &e->logits_capacity, e->total * (size_t)study->classes, sizeof(float));
        e->logits = array;
    }
    return memory ? SX_OK : sx_study_no_memory(err);
}

size_t sx_evaluation_item(const sx_study *study, size_t k) {
    const sx_evaluation *e = &study->evaluation;
    return e->whole ? k : study->subset[k];
}

static sx_status draw_item(sx_study *study, int picture, uint8_t *pixels, int32_t *label,
                           sx_error *err) {
    const sx_evaluation *e = &study->evaluation;
    size_t item = sx_evaluation_item(study, e->done + (size_t)picture);
    *label = sx_source_label(study->data->source, e->split, item);
    return sx_view_image(study->data->view, e->split, item, pixels, err);
}

sx_status sx_evaluation_slice(sx_study *study, sx_error *err) {
    sx_evaluation *e = &study->evaluation;
    size_t left = e->total - e->done;
    int count = left < (size_t)study->slice ? (int)left : study->slice;
    sx_status status = sx_study_draw_slice(study, count, draw_item, err);
    size_t place = e->done * (size_t)study->classes;
    sx_pairs_refresh(study);
    sx_evaluator_logits(study->evaluator, e->logits ? e->logits + place : NULL);
    sx_evaluator_use(study->evaluator, sx_trainer_average(study->trainer));
    if (!status)
        status = sx_evaluator_bytes(study->evaluator, study->pixels, (size_t)count,
                                    e->probabilities + place, err);
    if (!status) e->done += (size_t)count;
    return status;
}

/* ---- results
 * --------------------------------------------------------------------------------------- */

/* The evaluation in double precision, with the labels and the confidences. */
typedef struct {
    size_t n;
    int32_t *labels, *predictions;
    uint8_t *wrong;
    double *probabilities; /* [n, classes] */
    double *confidence[MEASURES];
} scores;

static void scores_done(scores *s) {
    sx_free(s->labels);
    sx_free(s->predictions);
    sx_free(s->wrong);
    sx_free(s->probabilities);
    for (int m = 0; m < MEASURES; m++) sx_free(s->confidence[m]);
}

static bool scores_make(const sx_study *study, scores *s) {
    const sx_evaluation *e = &study->evaluation;
    size_t classes = (size_t)study->classes;
    *s = (scores){.n = e->total};
    s->labels = sx_alloc(s->n, sizeof *s->labels);
    s->predictions = sx_alloc(s->n, sizeof *s->predictions);
    s->wrong = sx_alloc(s->n, 1);
    s->probabilities = sx_alloc(s->n * classes, sizeof(double));
    bool memory = s->labels && s->predictions && s->wrong && s->probabilities;
    for (int m = 0; m < MEASURES; m++)
        memory = (s->confidence[m] = sx_alloc(s->n, sizeof(double))) && memory;
    for (size_t i = 0; memory && i < s->n; i++) {
        double *p = s->probabilities + i * classes;
        for (size_t c = 0; c < classes; c++) p[c] = (double)e->probabilities[i * classes + c];
        s->labels[i] = sx_source_label(study->data->source, e->split, sx_evaluation_item(study, i));
        s->predictions[i] = sx_argmax(p, study->classes);
        s->wrong[i] = s->predictions[i] != s->labels[i];
        for (int m = 0; m < MEASURES; m++)
            s->confidence[m][i] = sx_confidence_of(measures[m], p, study->classes);
    }
    return memory;
}

static sx_result *make_items(const sx_study *study, const scores *s) {
    static const char *const names[] = {"item",    "label",  "prediction", "confidence",
                                        "entropy", "margin", "wrong",      "loss"};
    sx_result *result = sx_result_new(SX_RESULT_TABLE, "items", "Validation items");
    if (!result || !sx_table_alloc(result, s->n, 8)) {
        sx_result_release(result);
        return NULL;
    }
    result->step = study->report.step;
    sx_column *columns = result->table.columns;
    for (int c = 0; c < 8; c++) columns[c].name = names[c];
    for (size_t i = 0; i < s->n; i++) {
        const double *p = s->probabilities + i * (size_t)study->classes;
        const double row[] = {(double)sx_evaluation_item(study, i),
                              s->labels[i],
                              s->predictions[i],
                              s->confidence[0][i],
                              -s->confidence[1][i],
                              s->confidence[2][i],
                              s->wrong[i],
                              -log(p[s->labels[i]])};
        for (int c = 0; c < 8; c++) columns[c].numbers[i] = row[c];
    }
    return result;
}

static sx_result *make_validation(const sx_study *study) {
    const sx_points_log *log = &study->validation;
    sx_result *result = sx_result_new(SX_RESULT_SERIES, "validation", "Validation");
    if (!result || !sx_series_alloc(result, log->rows, 2, false)) {
        sx_result_release(result);
        return NULL;
    }
    result->step = study->report.step;
    result->series.x_label = "step";
    result->series.y_label = "accuracy";
    result->series.lines[0].name = "loss";
    result->series.lines[1].name = "accuracy";
    for (size_t i = 0; i < log->rows; i++) {
        result->series.x[i] = log->values[3 * i];
        result->series.lines[0].y[i] = log->values[3 * i + 1];
        result->series.lines[1].y[i] = log->values[3 * i + 2];
    }
    return result;
}

/* Three measured curves and the oracle, thinned to points that are evenly spread. */
static sx_result *make_curves(const sx_study *study, const scores *s, sx_error *err) {
    size_t points = s->n < CURVE_POINTS ? s->n : CURVE_POINTS, wrong = 0;
    sx_result *result =
        sx_result_new(SX_RESULT_SERIES, "risk-coverage", "Risk at coverage, validation");
    double *coverage = sx_alloc(2 * s->n, sizeof *coverage);
    bool good = result && coverage && sx_series_alloc(result, points, MEASURES + 1, false);
    for (size_t i = 0; i < s->n; i++) wrong += s->wrong[i];
    for (int m = 0; good && m < MEASURES; m++) {
        double *risk = coverage + s->n;
        good = !sx_risk_coverage(s->confidence[m], s->wrong, s->n, coverage, risk, err);
        result->series.lines[m].name = sx_confidence_name(measures[m]);
        for (size_t i = 0; good && i < points; i++) {
            size_t k = (i + 1) * s->n / points;
            result->series.x[i] = coverage[k - 1];
            result->series.lines[m].y[i] = risk[k - 1];
            result->series.lines[MEASURES].y[i] = sx_oracle_risk(k, s->n, wrong);
        }
    }
    sx_free(coverage);
    if (!good) {
        sx_result_release(result);
        return NULL;
    }
    result->step = study->report.step;
    result->series.x_label = "coverage";
    result->series.y_label = "risk";
    result->series.lines[MEASURES].name = "oracle";
    return result;
}

static sx_result *make_reliability(const sx_study *study) {
    sx_result *result = sx_result_new(SX_RESULT_SERIES, "reliability",
                                      "Reliability of max probability, validation");
    if (!result || !sx_series_alloc(result, SX_RELIABILITY_BINS, 2, true)) {
        sx_result_release(result);
        return NULL;
    }
    sx_series *series = &result->series;
    result->step = study->report.step;
    series->x_label = "confidence";
    series->y_label = "accuracy";
    series->lines[0].name = "accuracy";
    series->lines[1].name = "confidence";
    series->few = 10;
    for (int b = 0; b < SX_RELIABILITY_BINS; b++) {
        const sx_reliability_bin *bin = &study->calibration.bins[b];
        double count = (double)bin->count;
        sx_interval interval = sx_wilson(bin->accuracy * count, count);
        series->x[b] = (b + 0.5) / SX_RELIABILITY_BINS;
        series->lines[0].y[b] = bin->accuracy;
        series->lines[0].low[b] = interval.low;
        series->lines[0].high[b] = interval.high;
        series->lines[0].count[b] = series->lines[1].count[b] = count;
        series->lines[1].y[b] = bin->confidence;
    }
    return result;
}

static sx_result *make_risk(sx_study *study, const scores *s, sx_error *err) {
    static const char *const names[] = {"measure",         "AURC",     "E-AURC", "AUGRC",
                                        "coverage at 2 %", "threshold"};
    sx_result *result = sx_result_new(SX_RESULT_TABLE, "risk", "Selective risk, validation");
    bool good = result && sx_table_alloc(result, MEASURES, 6);
    if (good) {
        sx_column *columns = result->table.columns;
        columns[0].texts = sx_arena_alloc(&result->arena, MEASURES, sizeof(char *));
        good = columns[0].texts != NULL;
        for (int c = 0; c < 6; c++) columns[c].name = names[c];
        for (int m = 0; good && m < MEASURES; m++) {
            sx_selective selective;
            sx_operating_point point;
            good = !sx_selective_risk(s->confidence[m], s->wrong, s->n, &selective, err) &&
                   !sx_coverage_at_risk(s->confidence[m], s->wrong, s->n, TARGET_RISK, &point, err);
            if (m == 0) study->selective = selective;
            columns[0].texts[m] = sx_confidence_name(measures[m]);
            const double row[] = {selective.aurc, selective.eaurc, selective.augrc, point.coverage,
                                  point.threshold};
            for (int c = 0; c < 5; c++) columns[c + 1].numbers[m] = row[c];
        }
    }
    if (!good) {
        sx_result_release(result);
        return NULL;
    }
    result->step = study->report.step;
    return result;
}

static sx_result *make_calibration(const sx_study *study) {
    static const char *const names[] = {"accuracy", "ECE", "MCE", "NLL", "Brier"};
    const sx_calibration *c = &study->calibration;
    const double values[] = {c->accuracy, c->ece, c->mce, c->nll, c->brier};
    sx_result *result = sx_result_new(SX_RESULT_TABLE, "calibration", "Calibration, validation");
    if (!result || !sx_table_alloc(result, 5, 2) ||
        !(result->table.columns[0].texts = sx_arena_alloc(&result->arena, 5, sizeof(char *)))) {
        sx_result_release(result);
        return NULL;
    }
    result->step = study->report.step;
    result->table.columns[0].name = "figure";
    result->table.columns[1].name = "value";
    for (int i = 0; i < 5; i++) {
        result->table.columns[0].texts[i] = names[i];
        result->table.columns[1].numbers[i] = values[i];
    }
    return result;
}

/* A diverged network has probabilities that are not numbers: its items are shown, but selective
 * risk is not defined for them. */
static bool all_numbers(const scores *s) {
    for (size_t i = 0; i < s->n; i++)
        if (isnan(s->confidence[0][i])) return false;
    return true;
}

static sx_status publish(sx_study *study, sx_result *result, sx_error *err) {
    return sx_study_publish_measured(study, result, study->evaluation.split, NULL, err);
}

/* The table, the matrix of it, and what a model that reads texts makes of their captions. */
static sx_status publish_items(sx_study *study, const scores *s, sx_error *err) {
    sx_result *items = make_items(study, s);
    bool readable = items && study->classes <= MOST_CONFUSED;
    sx_result *matrix = readable ? sx_confusion_make(study->data->source, items) : NULL;
    sx_status status = publish(study, items, err);
    if (readable && !status) status = publish(study, matrix, err);
    bool alike = study->pairs.run && study->classes <= MOST_CONFUSED;
    return alike && !status ? publish(study, sx_likeness_make(study), err) : status;
}

static sx_status publish_scores(sx_study *study, const scores *s, sx_error *err) {
    sx_calibrate(s->probabilities, s->labels, s->n, study->classes, &study->calibration);
    study->report.validation_loss = study->calibration.nll;
    study->report.validation_accuracy = study->calibration.accuracy;
    const double row[] = {(double)study->report.step, study->calibration.nll,
                          study->calibration.accuracy};
    const sx_points_log *log = &study->validation;
    bool again = log->rows && log->values[3 * (log->rows - 1)] == row[0];
    if (again)
        memcpy(study->validation.values + 3 * (log->rows - 1), row, sizeof row);
    else if (!sx_points_log_add(&study->validation, row))
        return sx_study_no_memory(err);
    study->report.recorded = true;
    study->selective = SX_SELECTIVE_UNKNOWN;
    sx_status status = publish(study, make_validation(study), err);
    if (!status) status = publish_items(study, s, err);
    if (!status && all_numbers(s)) {
        status = publish(study, make_curves(study, s, err), err);
        if (!status) status = publish(study, make_reliability(study), err);
        if (!status) status = publish(study, make_risk(study, s, err), err);
        if (!status) status = publish(study, make_calibration(study), err);
    }
    return status;
}

sx_status sx_evaluation_publish(sx_study *study, sx_error *err) {
    scores s;
    sx_status status =
        scores_make(study, &s) ? publish_scores(study, &s, err) : sx_study_no_memory(err);
    scores_done(&s);
    return status;
}

int sx_likeliest(const float *probabilities, int classes) {
    int best = 0;
    for (int c = 1; c < classes; c++)
        if (probabilities[c] > probabilities[best]) best = c;
    return best;
}

bool sx_evaluation_is_right(const sx_study *study, size_t k) {
    const sx_evaluation *e = &study->evaluation;
    return sx_likeliest(e->probabilities + k * (size_t)study->classes, study->classes) ==
           sx_source_label(study->data->source, e->split, sx_evaluation_item(study, k));
}

double sx_evaluation_accuracy(const sx_study *study) {
    size_t right = 0, total = study->evaluation.total;
    for (size_t i = 0; i < total; i++) right += sx_evaluation_is_right(study, i);
    return total ? (double)right / (double)total : (double)NAN;
}
