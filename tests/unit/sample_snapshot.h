/* Hand-made snapshots for screens: a study on the rendered shapes at four moments of its life. All
 * figures are invented by formulas, so that the same screen is drawn everywhere. */
#ifndef SX_TESTS_SAMPLE_SNAPSHOT_H
#define SX_TESTS_SAMPLE_SNAPSHOT_H

#include "core/engine/engine.h"
#include "core/metric/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLE_RESULTS = 160, SAMPLE_STEPS = 6000, SAMPLE_ITEMS = 1000 };

typedef struct {
    sx_snapshot snapshot;
    sx_study_data *data;
    sx_result *results[SAMPLE_RESULTS];
} sample;

static inline void sample_add(sample *s, sx_result *result, int64_t step) {
    assert_non_null(result);
    result->step = step;
    size_t i = s->snapshot.result_count++;
    while (i > 0 && strcmp(s->results[i - 1]->name, result->name) > 0) {
        s->results[i] = s->results[i - 1];
        i--;
    }
    s->results[i] = result;
}

static inline sx_result *sample_series(const char *name, const char *title, size_t length,
                                       int lines, bool bands) {
    sx_result *result = sx_result_new(SX_RESULT_SERIES, name, title);
    assert_non_null(result);
    assert_true(sx_series_alloc(result, length, lines, bands));
    return result;
}

static inline void sample_training(sample *s, int64_t step) {
    static const char *const names[] = {"loss", "accuracy", "learning rate", "gradient norm"};
    size_t length = (size_t)(step / 12);
    sx_result *t = sample_series("training", "Training", length, 4, false);
    t->series.x_label = "step";
    t->series.y_label = "loss";
    for (int line = 0; line < 4; line++) t->series.lines[line].name = names[line];
    for (size_t i = 0; i < length; i++) {
        double x = 12.0 * (double)(i + 1), wave = sin(x / 70) * exp(-x / 3000);
        t->series.x[i] = x;
        t->series.lines[0].y[i] = 0.2 + 1.9 * exp(-x / 600) + 0.05 * wave;
        t->series.lines[1].y[i] = 0.93 - 0.8 * exp(-x / 500) + 0.02 * wave;
        t->series.lines[2].y[i] = 0.001 * (1 + cos(3.14159 * x / SAMPLE_STEPS));
        t->series.lines[3].y[i] = 0.5 + 2 * exp(-x / 400) + 0.2 * wave;
    }
    sample_add(s, t, step);
    sx_result *v = sample_series("validation", "Validation", (size_t)(step / 250), 2, false);
    v->series.x_label = "step";
    v->series.y_label = "accuracy";
    v->series.lines[0].name = "loss";
    v->series.lines[1].name = "accuracy";
    for (size_t i = 0; i < v->series.length; i++) {
        double x = 250.0 * (double)(i + 1);
        v->series.x[i] = x;
        v->series.lines[0].y[i] = 0.32 + 1.8 * exp(-x / 650);
        v->series.lines[1].y[i] = 0.89 - 0.8 * exp(-x / 520);
    }
    sample_add(s, v, step);
}

/* A minute for a thousand steps, twice as fast in the second half of the run. */
static inline void sample_clock(sample *s, int64_t step) {
    size_t length = (size_t)(step / 12);
    sx_result *clock = sample_series("clock", "Clock", length, 2, false);
    clock->series.lines[0].name = "seconds";
    clock->series.lines[1].name = "epoch";
    for (size_t i = 0; i < length; i++) {
        double x = 12.0 * (double)(i + 1);
        clock->series.x[i] = x;
        clock->series.lines[0].y[i] = x < 3000 ? x * 0.06 : 180 + (x - 3000) * 0.03;
        clock->series.lines[1].y[i] = x * 64 / 10800;
    }
    s->snapshot.clock = clock;
}

/* Items, and the risk results that follow from them. */
static inline void sample_risk(sample *s, int64_t step) {
    static const char *const names[] = {"item",    "label",  "prediction", "confidence",
                                        "entropy", "margin", "wrong",      "loss"};
    static double coverage[SAMPLE_ITEMS], risk[SAMPLE_ITEMS], confidence[SAMPLE_ITEMS];
    sx_result *t = sx_result_new(SX_RESULT_TABLE, "items", "Validation items");
    assert_true(t && sx_table_alloc(t, SAMPLE_ITEMS, 8));
    const sx_source_facts *facts = sx_source_describe(s->data->source);
    sx_random random = sx_random_from(5, 0, 0);
    for (int c = 0; c < 8; c++) t->table.columns[c].name = names[c];
    size_t wrong_count = 0;
    for (size_t i = 0; i < SAMPLE_ITEMS; i++) {
        double sure = 0.35 + 0.65 * sqrt(sx_random_uniform(&random));
        bool wrong = sx_random_uniform(&random) > sure * sure + 0.15;
        int label = sx_source_label(s->data->source, SX_SPLIT_VALIDATION, i);
        double row[] = {(double)i,
                        label,
                        wrong ? (label + 1) % facts->classes : label,
                        sure,
                        -log(sure) + (1 - sure),
                        2 * sure - 0.9,
                        wrong,
                        wrong ? 2 - sure : -log(sure)};
        for (int c = 0; c < 8; c++) t->table.columns[c].numbers[i] = row[c];
        confidence[i] = sure;
        wrong_count += wrong;
    }
    sample_add(s, t, step);
    sx_result *curves = sample_series("risk-coverage", "Risk at coverage", 400, 4, false);
    static const char *const lines[] = {"max prob", "entropy", "margin", "oracle"};
    curves->series.x_label = "coverage";
    curves->series.y_label = "risk";
    uint8_t bad[SAMPLE_ITEMS];
    for (size_t i = 0; i < SAMPLE_ITEMS; i++) bad[i] = t->table.columns[6].numbers[i] > 0;
    assert_int_equal(sx_risk_coverage(confidence, bad, SAMPLE_ITEMS, coverage, risk, NULL), SX_OK);
    for (int line = 0; line < 4; line++) curves->series.lines[line].name = lines[line];
    for (size_t i = 0; i < 400; i++) {
        size_t k = (i + 1) * SAMPLE_ITEMS / 400;
        curves->series.x[i] = coverage[k - 1];
        curves->series.lines[0].y[i] = risk[k - 1];
        curves->series.lines[1].y[i] = risk[k - 1] * 1.06;
        curves->series.lines[2].y[i] = risk[k - 1] * 0.95;
        curves->series.lines[3].y[i] = sx_oracle_risk(k, SAMPLE_ITEMS, wrong_count);
    }
    sample_add(s, curves, step);
}

static inline void sample_figures(sample *s, int64_t step) {
    static const char *const figures[] = {"accuracy", "ECE", "MCE", "NLL", "Brier"};
    static const double values[] = {0.883, 0.031, 0.12, 0.33, 0.17};
    static const char *const measures[] = {"max prob", "entropy", "margin"};
    static const char *const columns[] = {"measure",         "AURC",     "E-AURC", "AUGRC",
                                          "coverage at 2 %", "threshold"};
    sx_result *c = sx_result_new(SX_RESULT_TABLE, "calibration", "Calibration");
    assert_true(c && sx_table_alloc(c, 5, 2));
    c->table.columns[0].name = "figure";
    c->table.columns[1].name = "value";
    c->table.columns[0].texts = sx_arena_alloc(&c->arena, 5, sizeof(char *));
    for (int i = 0; i < 5; i++) {
        c->table.columns[0].texts[i] = figures[i];
        c->table.columns[1].numbers[i] = values[i];
    }
    sample_add(s, c, step);
    sx_result *r = sx_result_new(SX_RESULT_TABLE, "risk", "Selective risk");
    assert_true(r && sx_table_alloc(r, 3, 6));
    r->table.columns[0].texts = sx_arena_alloc(&r->arena, 3, sizeof(char *));
    for (int i = 0; i < 6; i++) r->table.columns[i].name = columns[i];
    for (int m = 0; m < 3; m++) {
        r->table.columns[0].texts[m] = measures[m];
        for (int i = 1; i < 6; i++) r->table.columns[i].numbers[m] = 0.021 * i + 0.001 * m;
    }
    sample_add(s, r, step);
    sx_result *b = sample_series("reliability", "Reliability", SX_RELIABILITY_BINS, 2, true);
    b->series.x_label = "confidence";
    b->series.y_label = "accuracy";
    b->series.lines[0].name = "accuracy";
    b->series.lines[1].name = "confidence";
    b->series.few = 10;
    for (int i = 0; i < SX_RELIABILITY_BINS; i++) {
        double n = i < 4 ? 0 : 4.0 * (i - 3) * (i - 3), x = (i + 0.5) / SX_RELIABILITY_BINS;
        b->series.x[i] = x;
        sx_interval interval = sx_wilson(n * x * 0.95, n);
        b->series.lines[0].y[i] = n > 0 ? x * 0.95 : NAN;
        b->series.lines[0].low[i] = interval.low;
        b->series.lines[0].high[i] = interval.high;
        b->series.lines[0].count[i] = b->series.lines[1].count[i] = n;
        b->series.lines[1].y[i] = n > 0 ? x : NAN;
    }
    sample_add(s, b, step);
}

static inline void sample_point(double accuracy, double n, size_t i, sx_line *line) {
    sx_interval interval = sx_wilson(accuracy * n, n);
    line->y[i] = accuracy;
    line->low[i] = interval.low;
    line->high[i] = interval.high;
    line->count[i] = n;
}

static inline void sample_robustness(sample *s, int64_t step) {
    sx_result *map = sx_result_new(SX_RESULT_GRID, "location",
                                   "Accuracy by location, area 0.2, validation objects");
    assert_true(map && sx_grid_alloc(map, SX_GRID_LOCATIONS, SX_GRID_LOCATIONS));
    sx_grid *grid = &map->grid;
    grid->row_label = "y";
    grid->column_label = "x";
    grid->unit = "accuracy";
    grid->few = 100;
    for (int r = 0; r < grid->rows; r++)
        for (int c = 0; c < grid->columns; c++) {
            double x = sx_grid_location(c) - 0.5, y = sx_grid_location(r) - 0.5;
            size_t at = (size_t)(r * grid->columns + c);
            sx_line cell = {NULL, grid->values, grid->low, grid->high, grid->count};
            sample_point(0.15 + 0.75 * exp(-6 * (x * x + y * y)), r == 0 && c < 2 ? 40 : 240, at,
                         &cell);
            grid->row_values[r] = sx_grid_location(r);
            grid->column_values[c] = sx_grid_location(c);
        }
    map->split = "validation";
    map->scene = "posed(area=0.2)";
    sample_add(s, map, step);
    for (int turned = 0; turned < 2; turned++) {
        size_t points = turned ? SX_GRID_ROTATIONS : SX_GRID_SIZES;
        sx_result *curve =
            sample_series(turned ? "rotation" : "size",
                          turned ? "Accuracy by rotation, area 0.5, validation objects"
                                 : "Accuracy by size, validation objects",
                          points, 1, true);
        curve->split = "validation";
        curve->scene = turned ? "posed(area=0.5)" : "posed";
        curve->series.x_label = turned ? "rotation" : "area";
        curve->series.x_unit = turned ? "degrees" : "share of the image";
        curve->series.y_label = "accuracy";
        curve->series.few = 200;
        curve->series.lines[0].name = "accuracy";
        for (size_t i = 0; i < points; i++) {
            double x = turned ? sx_grid_rotation((int)i) : sx_grid_size((int)i);
            curve->series.x[i] = x;
            sample_point(turned ? 0.35 + 0.5 * exp(-x * x / 1500) : 0.9 - 0.8 * exp(-8 * x), 400, i,
                         &curve->series.lines[0]);
        }
        sample_add(s, curve, step);
    }
}

static inline void sample_claims(sample *s) {
    sx_result *result = sx_result_new(SX_RESULT_CLAIMS, "claims", "Claims");
    assert_true(result && sx_claims_alloc(result, 4));
    sx_claim *claims = result->claims.claims;
    claims[0] = (sx_claim){"accuracy is lower at the border than in the centre",
                           "abstract",
                           ">= 0.15",
                           0.15,
                           true,
                           0.43,
                           0.40,
                           0.46,
                           NAN,
                           NAN,
                           SX_VERDICT_HOLDS,
                           ""};
    claims[1] = (sx_claim){"small objects are harder than large ones",
                           "abstract",
                           "rho >= 0.9",
                           0.9,
                           true,
                           0.97,
                           0.93,
                           0.99,
                           NAN,
                           NAN,
                           SX_VERDICT_HOLDS,
                           ""};
    claims[2] = (sx_claim){"upright objects are easier than turned ones",
                           "abstract",
                           ">= 0.1",
                           0.1,
                           true,
                           0.05,
                           0.02,
                           0.08,
                           NAN,
                           NAN,
                           SX_VERDICT_FAILS,
                           ""};
    claims[3] = (sx_claim){"the margin ranks errors better than the maximum probability",
                           "own check",
                           "> 0",
                           0,
                           true,
                           0.001,
                           -0.002,
                           0.004,
                           NAN,
                           NAN,
                           SX_VERDICT_UNDECIDED,
                           "the interval lies on both sides of the bound"};
    sample_add(s, result, SAMPLE_STEPS);
}

static inline sx_study_data *sample_data(void) {
    sx_error err = {0};
    sx_config config;
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    assert_int_equal(sx_config_override(&config, "data.source=shapes", &err), SX_OK);
    assert_int_equal(sx_config_override(&config, "data.image=32", &err), SX_OK);
    sx_study_data *data = sx_study_data_new(&config, NULL, &err);
    if (!data) fail_msg("%s", err.message);
    sx_config_done(&config);
    return data;
}

/* A moment: LOADING has nothing, IDLE a data set to look at, RUNNING all but claims, FINISHED all,
 * FAILED data and a curve. */
static inline void sample_new(sample *s, sx_state state) {
    static uint64_t version;
    *s = (sample){0};
    sx_snapshot *now = &s->snapshot;
    *now = (sx_snapshot){.version = ++version,
                         .state = state,
                         .images_per_second = NAN,
                         .seconds_left = NAN,
                         .measuring_share = NAN,
                         .checkpoint_age = NAN,
                         .threads = 2,
                         .location_area = 0.2,
                         .rotation_area = 0.5,
                         .results = (const sx_result **)(void *)s->results};
    now->report = (sx_study_report){.loss = NAN,
                                    .accuracy = NAN,
                                    .validation_loss = NAN,
                                    .validation_accuracy = NAN,
                                    .learning_rate = NAN,
                                    .gradient_norm = NAN,
                                    .scale = 1};
    if (state == SX_STATE_LOADING) {
        snprintf(now->loading, sizeof now->loading, "fashion-mnist");
        now->loading_done = 42000;
        now->loading_total = 70000;
        return;
    }
    bool finished = state == SX_STATE_FINISHED;
    int64_t step = finished ? SAMPLE_STEPS : 3740;
    s->data = sample_data();
    now->data = s->data;
    if (state == SX_STATE_IDLE) return;
    snprintf(now->run, sizeof now->run, "0012-shapes-cnn");
    snprintf(now->caption, sizeof now->caption, "0012-shapes-cnn · seed 0 · 2026-11-25 03:14");
    snprintf(now->study, sizeof now->study, "shapes-cnn");
    snprintf(now->model, sizeof now->model, "cnn(width=16, depth=3)");
    now->report =
        (sx_study_report){.phase = finished ? SX_PHASE_FINISHED : SX_PHASE_TRAINING,
                          .step = step,
                          .steps = SAMPLE_STEPS,
                          .phase_done = (double)step / SAMPLE_STEPS,
                          .loss = 0.21,
                          .accuracy = 0.93,
                          .validation_loss = 0.33,
                          .validation_accuracy = 0.883,
                          .learning_rate = 0.0016,
                          .gradient_norm = 0.52,
                          .batch = 64,
                          .trained = true,
                          .recorded = true,
                          .scale = 1,
                          .momentum = 0.9,
                          .weight_decay = 0.01,
                          .knobs = {{"momentum", "sgd", 0, 1}, {"weight_decay", "sgd", 0, 10}},
                          .can_augment = true,
                          .epoch = (double)step * 64 / 10800,
                          .slices_left = NAN};
    sample_training(s, step);
    sample_clock(s, step);
    if (state == SX_STATE_FAILED) {
        snprintf(now->message, sizeof now->message,
                 "the loss is not a number since step 3,740: a smaller learning rate may help");
        return;
    }
    now->images_per_second = 9210;
    now->seconds_left = finished ? 0 : 42;
    now->measuring_share = 0.12;
    now->checkpoint_age = 12;
    sample_risk(s, step);
    sample_figures(s, step);
    sample_robustness(s, step);
    if (finished) sample_claims(s);
}

static inline void sample_done(sample *s) {
    for (size_t i = 0; i < s->snapshot.result_count; i++) sx_result_release(s->results[i]);
    sx_result_release(s->snapshot.clock);
    sx_study_data_release(s->data);
    *s = (sample){0};
}

#endif
