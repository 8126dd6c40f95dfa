/* What is measured of patches and tokens: that figures are what plain loops say, that they do not
 * depend on threads and resumes, and what a study publishes where sweeps are switched off. */
#include "tests/unit/unit.h"

#include "core/study/cell_claims.h"
#include "core/study/inspector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void assert_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%.9g is not %.9g", value, expected);
}

static sx_model make_model(const char *spec, int side, uint64_t seed) {
    sx_model model;
    sx_error err = {0};
    if (sx_model_new(spec, side, side, 3, 5, seed, &model, &err)) fail_msg("%s", err.message);
    return model;
}

static float *values_of(const sx_model *model, const char *name) {
    const sx_slice *slice = sx_parameters_find(&model->parameters, name);
    if (!slice) fail_msg("no %s", name);
    return model->parameters.values + slice->offset;
}

/* ---- studies ----------------------------------------------------------------------------------
 */

enum { EVENTS = 200 };
typedef struct {
    sx_result *results[EVENTS];
    int count;
} record;

typedef struct {
    sx_config config;
    sx_study_data *data;
    sx_pool *pool;
    sx_study *study;
    record seen;
} bench;

static const char vit_text[] =
    "[data]\nsource = shapes\nimage = 16\n"
    "[model]\nspec = vit(dim=16, depth=2, heads=2, patch=4)\n"
    "[train]\nsteps = 6\nbatch = 8\nschedule = constant\nvalidate_items = 50\n"
    "[robustness]\nimages_per_location = 0\nimages_per_point = 0\nphase_items = 120\n" /* of a
                                                                                          patch's
                                                                                          place: 30
                                                                                          pairs, as
                                                                                          many
                                                                                          pictures
                                                                                        */
    "token_items = 30\n";

static void keep(void *user, sx_result *result) {
    record *r = user;
    assert_true(r->count < EVENTS);
    r->results[r->count++] = result;
}

static const sx_result *maybe(const record *r, const char *name) {
    for (int i = r->count - 1; i >= 0; i--)
        if (strcmp(r->results[i]->name, name) == 0) return r->results[i];
    return NULL;
}

static const sx_result *find(const record *r, const char *name) {
    const sx_result *result = maybe(r, name);
    if (!result) fail_msg("no result %s", name);
    return result;
}

/* Overrides end with NULL. NULL, with `err`, if the study cannot be. */
static sx_study *bench_try(bench *b, int threads, const char *const *overrides, sx_error *err) {
    *b = (bench){.pool = threads > 1 ? sx_pool_new(threads, err) : NULL};
    assert_int_equal(sx_config_new(&b->config, err), SX_OK);
    if (sx_config_parse(&b->config, "vit.ini", vit_text, NULL, err)) fail_msg("%s", err->message);
    for (int i = 0; overrides && overrides[i]; i++)
        if (sx_config_override(&b->config, overrides[i], err)) fail_msg("%s", err->message);
    b->data = sx_study_data_new(&b->config, NULL, err);
    if (!b->data) return NULL;
    sx_study_context context = {.pool = b->pool, .user = &b->seen, .publish = keep};
    return b->study = sx_study_new(&b->config, b->data, &context, err);
}

static void bench_make(bench *b, int threads, const char *const *overrides) {
    sx_error err = {0};
    if (!bench_try(b, threads, overrides, &err)) fail_msg("%s", err.message);
}

static void bench_done(bench *b) {
    for (int i = 0; i < b->seen.count; i++) sx_result_release(b->seen.results[i]);
    sx_study_free(b->study);
    sx_study_data_release(b->data);
    sx_config_done(&b->config);
    sx_pool_free(b->pool);
}

static sx_study_report advance(bench *b) {
    sx_study_report report;
    sx_error err = {0};
    if (sx_study_advance(b->study, &report, &err)) fail_msg("%s", err.message);
    return report;
}

static void finish(bench *b) {
    while (advance(b).phase != SX_PHASE_FINISHED) continue;
}

/* Column 1, 2 or 3 of a figure of a table; NaN: there is none. */
static double figure(const sx_result *r, const char *name, int column) {
    for (size_t i = 0; i < r->table.rows; i++)
        if (strcmp(r->table.columns[0].texts[i], name) == 0)
            return r->table.columns[column].numbers[i];
    return NAN;
}

static const char *const names[] = {
    "positions", "patch-components", "rollout", "attention-distance", "head-distance", "tokens",
    "phase",     "model-cost",       "summary"};
enum { NAMES = sizeof names / sizeof *names };

/* ---- a part of the training split --------------------------------------------------------------
 */

static sx_source *open_shapes(size_t items) {
    sx_error err = {0};
    sx_source *source = sx_source_open("shapes", 3, NULL, &err);
    assert_non_null(source);
    if (items) assert_int_equal(sx_source_keep(source, items, 3, &err), SX_OK);
    return source;
}

static size_t find_item(const sx_source *source, const char *wanted) {
    char name[64];
    size_t n = sx_source_describe(source)->counts[SX_SPLIT_TRAIN];
    for (size_t i = 0; i < n; i++) {
        sx_source_item_name(source, SX_SPLIT_TRAIN, i, name, sizeof name);
        if (strcmp(name, wanted) == 0) return i;
    }
    return SIZE_MAX;
}

static void a_part_of_the_training_images_is_kept(void **state) {
    (void)state;
    sx_source *all = open_shapes(0), *large = open_shapes(403), *small = open_shapes(100);
    const sx_source_facts *facts = sx_source_describe(all);
    assert_int_equal(sx_source_describe(large)->counts[SX_SPLIT_TRAIN], 403);
    for (int split = SX_SPLIT_VALIDATION; split < SX_SPLITS; split++)
        assert_int_equal(sx_source_describe(small)->counts[split], facts->counts[split]);
    size_t counts[64] = {0};
    for (size_t i = 0; i < 403; i++) counts[sx_source_label(large, SX_SPLIT_TRAIN, i)]++;
    for (int c = 0; c < facts->classes; c++)
        assert_near((double)counts[c], 403.0 / facts->classes, 1);
    size_t last = 0;
    for (size_t i = 0; i < 100; i++) {
        char name[64];
        sx_source_item_name(small, SX_SPLIT_TRAIN, i, name, sizeof name);
        size_t at = find_item(large, name), place = find_item(all, name);
        assert_true(at != SIZE_MAX);         /* among them ... */
        assert_true(i == 0 || place > last); /* ... in their order */
        assert_int_equal(sx_source_label(large, SX_SPLIT_TRAIN, at),
                         sx_source_label(small, SX_SPLIT_TRAIN, i));
        last = place;
    }
    sx_error err = {0};
    assert_int_equal(sx_source_keep(small, 101, 3, &err), SX_OK); /* there are no more */
    assert_int_equal(sx_source_describe(small)->counts[SX_SPLIT_TRAIN], 100);
    assert_int_equal(sx_source_keep(small, 4, 3, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "none of them would be of the class"));
    sx_source_free(all);
    sx_source_free(large);
    sx_source_free(small);
}

static void a_study_trains_on_its_part(void **state) {
    (void)state;
    bench b;
    const char *const part[] = {"data.train_items=120", NULL};
    bench_make(&b, 1, part);
    assert_int_equal(sx_source_describe(b.data->source)->counts[SX_SPLIT_TRAIN], 120);
    bench_done(&b);
    const char *const less[] = {"data.train_items=3", NULL};
    sx_error err = {0};
    assert_null(bench_try(&b, 1, less, &err));
    assert_non_null(strstr(err.message, "train_items = 3"));
    bench_done(&b);
}

/* ---- positions ---------------------------------------------------------------------------------
 */

static void positions_are_learned_in_three_ways(void **state) {
    (void)state;
    const size_t rest = 48 * 8 + 8 + 8 + (16 + 8 * 24 + 24 + 64 + 8 + 16 + 8 * 32 + 32 + 256 + 8) +
                        16 + 8 * 5 + 5; /* patches, class token, block, norm, classifier */
    static const struct {
        const char *spec;
        size_t positions;
    } rows[] = {{"vit(dim=8, depth=1, heads=2, patch=4)", 17 * 8},
                {"vit(dim=8, depth=1, heads=2, patch=4, positions=learned-2d)", 2 * 4 * 8},
                {"vit(dim=8, depth=1, heads=2, patch=4, positions=none)", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sx_model model = make_model(rows[i].spec, 16, 1);
        assert_int_equal(sx_model_trained(&model), rest + rows[i].positions);
        assert_int_equal(sx_positions_channels(&model), rows[i].positions ? 8 : 0);
        sx_model_done(&model);
    }
    sx_model model = make_model(rows[1].spec, 16, 1);
    const float *r = values_of(&model, "position_rows.weight");
    const float *c = values_of(&model, "position_columns.weight");
    float taken[16 * 8];
    sx_positions_take(&model, 4, taken);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++)
            for (int k = 0; k < 8; k++)
                assert_true(taken[(y * 4 + x) * 8 + k] == r[y * 8 + k] + c[x * 8 + k]);
    sx_model_done(&model);
}

/* Position-embedding resize: the same grid is left alone, and corners fall on corners. */
static void corners_stay_where_they_are(void **state) {
    (void)state;
    float in[(1 + 25) * 3], out[(1 + 81) * 3];
    sx_random random = sx_random_from(1, 2, 3);
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) in[i] = sx_random_normal(&random);
    for (int rule = 0; sx_position_name((sx_position_rule)rule); rule++) {
        sx_position_resize((sx_position_rule)rule, in, 1, 5, 5, 3, out);
        for (size_t i = 0; i < sizeof in / sizeof *in; i++)
            assert_near((double)out[i], (double)in[i], 1e-6);
        sx_position_resize_axis((sx_position_rule)rule, in, 26, 26, 3, out);
        for (size_t i = 0; i < sizeof in / sizeof *in; i++)
            assert_near((double)out[i], (double)in[i], 1e-6);
    }
    sx_position_resize(SX_POSITION_CORNERS, in, 1, 5, 9, 3, out);
    static const int from[] = {0, 4, 20, 24}, to[] = {0, 8, 72, 80};
    for (int corner = 0; corner < 4; corner++)
        for (int k = 0; k < 3; k++)
            assert_near((double)out[(1 + to[corner]) * 3 + k],
                        (double)in[(1 + from[corner]) * 3 + k], 1e-6);
    sx_position_resize_axis(SX_POSITION_CORNERS, in, 5, 9, 3, out);
    for (int i = 0; i < 9; i++)
        for (int k = 0; k < 3; k++)
            assert_near((double)out[i * 3 + k],
                        ((double)in[i / 2 * 3 + k] + (double)in[(i + 1) / 2 * 3 + k]) / 2, 1e-6);
}

static void positions_are_taken_or_begin_anew(void **state) {
    (void)state;
    static const int classes[] = {0, 1, 2, 3, 4};
    static const char *const specs[] = {"vit(dim=8, depth=1, heads=2, patch=4)",
                                        "vit(dim=8, depth=1, heads=2, patch=4, "
                                        "positions=learned-2d)"};
    static const char *const slices[] = {"position.weight", "position_columns.weight"};
    for (int i = 0; i < 2; i++) {
        sx_error err = {0};
        sx_model from = make_model(specs[i], 16, 1), to = make_model(specs[i], 24, 2);
        sx_model drawn = make_model(specs[i], 24, 2);
        sx_adoption how = {.position = SX_POSITION_CORNERS, .classes = classes};
        assert_int_equal(sx_model_adopt(&to, &from, &how, &err), SX_OK);
        const sx_slice *slice = sx_parameters_find(&drawn.parameters, slices[i]);
        const float *before = values_of(&from, slices[i]), *now = values_of(&to, slices[i]);
        assert_near((double)now[slice->count - 1],
                    (double)before[sx_parameters_find(&from.parameters, slices[i])->count - 1],
                    1e-6);
        how.new_positions = true;
        sx_model_done(&to);
        to = make_model(specs[i], 24, 2);
        now = values_of(&to, slices[i]);
        assert_int_equal(sx_model_adopt(&to, &from, &how, &err), SX_OK);
        assert_memory_equal(now, values_of(&drawn, slices[i]), slice->count * sizeof *now);
        assert_memory_equal(values_of(&to, "classifier.weight"),
                            values_of(&from, "classifier.weight"), 8 * 5 * sizeof(float));
        assert_memory_equal(values_of(&to, "patches.weight"), values_of(&from, "patches.weight"),
                            48 * 8 * sizeof(float));
        sx_model_done(&from);
        sx_model_done(&to);
        sx_model_done(&drawn);
    }
}

/* ---- figures of parameters ---------------------------------------------------------------------
 */

static void likeness_of_positions_is_counted_by_distance(void **state) {
    (void)state;
    sx_model model = make_model("vit(dim=2, depth=1, heads=1, patch=4)", 8, 1);
    static const float positions[] = {9, 9, 2, 0, 0, 1, 0, 3, 1, 0}; /* class token, four patches */
    memcpy(values_of(&model, "position.weight"), positions, sizeof positions);
    sx_token_figures f;
    sx_error err = {0};
    assert_int_equal(sx_token_figures_take(&model, 2, &f, &err), SX_OK);
    assert_near(f.by_distance[0], 1.0 / 3, 1e-12); /* the diagonals' distance rounds to 1, too */
    assert_true(isnan(f.by_distance[1]));
    assert_near(f.cosine, 1.0 / 3, 1e-12);
    assert_near(f.correlation, 1, 1e-12);
    values_of(&model, "position.weight")[3] = NAN;
    assert_int_equal(sx_token_figures_take(&model, 2, &f, &err), SX_OK);
    assert_true(isnan(f.correlation));
    sx_model_done(&model);
}

/* Filters that are all alike but for a factor have one component; how smooth it is, is told. */
static void components_are_smooth_or_not(void **state) {
    (void)state;
    static const double expected[] = {1, 0};
    for (int kind = 0; kind < 2; kind++) {
        sx_model model = make_model("vit(dim=8, depth=1, heads=1, patch=4)", 8, 1);
        float *w = values_of(&model, "patches.weight");
        for (int i = 0; i < 16 * 3; i++)
            for (int filter = 0; filter < 8; filter++) {
                int y = i / 12, x = i / 3 % 4;
                float sign = kind && (x + y) % 2 ? -1 : 1;
                w[i * 8 + filter] = sign * (float)(filter * filter + 1);
            }
        sx_token_figures f;
        sx_error err = {0};
        assert_int_equal(sx_token_figures_take(&model, 2, &f, &err), SX_OK);
        assert_near(f.shares[0], 1, 1e-9);
        assert_near(f.explained, 1, 1e-9);
        if (kind)
            assert_true(f.low_frequency < 0.05);
        else
            assert_near(f.low_frequency, expected[kind], 1e-9);
        sx_model_done(&model);
    }
}

/* ---- attention at the beginning ----------------------------------------------------------------
 */

/* Attention of a network that has learned nothing goes about as far as a look at random places:
 * 0.52 of the side. Rows of its rollout are shares: a row adds up to 1. */
static void attention_begins_even(void **state) {
    (void)state;
    enum { SIDE = 32 };
    sx_error err = {0};
    sx_model model = make_model("vit(dim=64, depth=4, heads=4, patch=4, pool=mean)", SIDE, 5);
    sx_inspector *inspector = sx_inspector_new(&model, NULL, &err);
    assert_non_null(inspector);
    static float image[SIDE * SIDE * 3];
    sx_random random = sx_random_from(4, 4, 4);
    for (int i = 0; i < SIDE * SIDE * 3; i++) image[i] = sx_random_normal(&random);
    for (int query = 0; query <= 64; query += 16) {
        record p = {.count = 0};
        sx_inspection in = {.image = image,
                            .parts = 1u << SX_INSIDE_ATTENTION | 1u << SX_INSIDE_DISTANCE,
                            .query = query,
                            .layer = -1,
                            .class = -1,
                            .step = -1,
                            .publish = keep,
                            .user = &p};
        if (sx_inspect(inspector, &in, &err)) fail_msg("%s", err.message);
        double sum = 0, distance = 0;
        for (int k = 0; k < 64; k++) sum += find(&p, "rollout")->grid.values[k] / 64;
        assert_near(sum, 1, 1e-5);
        for (int k = 0; k < 16; k++) distance += find(&p, "head-distance")->grid.values[k] / 16;
        assert_near(distance / SIDE, 0.52, 0.052);
        for (int i = 0; i < p.count; i++) sx_result_release(p.results[i]);
    }
    sx_inspector_free(inspector);
    sx_model_done(&model);
}

/* ---- what a model costs ------------------------------------------------------------------------
 */

static void cost_is_counted(void **state) {
    (void)state;
    sx_error err = {0};
    sx_model model = make_model("mlp(width=8, depth=1)", 16, 1);
    sx_result *r = sx_cost_make(&model, 100, &err);
    assert_non_null(r);
    double work = 768 * 8 + 8 * 5, parameters = work + 8 + 5;
    assert_true(figure(r, "parameters", 1) == parameters);
    assert_true(figure(r, "trained values", 1) == parameters);
    assert_true(figure(r, "multiply-adds of a prediction", 1) == work);
    assert_true(figure(r, "training FLOPs", 1) == 2 * 3 * 100 * work);
    sx_result_release(r);
    assert_int_equal(sx_model_tune(&model, "head", &err), SX_OK);
    r = sx_cost_make(&model, 100, &err);
    assert_true(figure(r, "parameters", 1) == parameters);
    assert_true(figure(r, "trained values", 1) == 45);
    assert_true(figure(r, "training FLOPs", 1) == 2 * 100 * work);
    sx_result_release(r);
    sx_model_done(&model);
}

/* ---- the mask ----------------------------------------------------------------------------------
 */

static void the_mask_is_the_objects(void **state) {
    (void)state;
    bench b;
    bench_make(&b, 1, NULL);
    sx_error err = {0};
    sx_scene scene = {SX_SPLIT_TEST, 3, 7, {.area = 0.3, .x = 0.4, .y = 0.6}};
    sx_scene other = scene, away = scene;
    other.background = 8;
    away.pose.x = 2; /* out of sight */
    uint8_t mask[256], one[768], two[768], empty[768];
    const sx_view *view = b.data->view;
    assert_int_equal(sx_view_mask(view, &scene, mask, &err), SX_OK);
    assert_int_equal(sx_view_scene(view, &scene, one, &err), SX_OK);
    assert_int_equal(sx_view_scene(view, &other, two, &err), SX_OK);
    assert_int_equal(sx_view_scene(view, &away, empty, &err), SX_OK);
    int inside = 0, outside = 0;
    for (int i = 0; i < 256; i++) {
        if (mask[i] == 255) assert_memory_equal(one + 3 * i, two + 3 * i, 3);
        if (mask[i] == 0) assert_memory_equal(one + 3 * i, empty + 3 * i, 3);
        inside += mask[i] == 255;
        outside += mask[i] == 0;
    }
    assert_true(inside > 10 && inside <= 0.3 * 256 && outside > 0.6 * 256);
    bench_done(&b);
}

/* ---- a study -----------------------------------------------------------------------------------
 */

static void everything_is_published_without_sweeps(void **state) {
    (void)state;
    bench b;
    bench_make(&b, 1, NULL);
    sx_error err = {0};
    assert_int_equal(sx_study_command(b.study, "measure", 1, &err), SX_OK);
    finish(&b);
    for (int i = 0; i < NAMES; i++) assert_int_equal(find(&b.seen, names[i])->step, 6);
    static const char *const absent[] = {"location", "rotation", "size", "claims"};
    for (int i = 0; i < 4; i++) assert_null(maybe(&b.seen, absent[i]));
    const sx_result *summary = find(&b.seen, "summary");
    assert_true(figure(summary, "test accuracy", 1) >= 0);
    assert_int_equal(summary->table.rows, 6);
    assert_true(figure(find(&b.seen, "model-cost"), "images in training", 1) == 48);
    const sx_result *tokens = find(&b.seen, "tokens");
    assert_int_equal(tokens->table.rows, 17);
    assert_string_equal(tokens->split, "test");
    const sx_result *series = find(&b.seen, "attention-distance");
    for (int end = 0; end < 2; end++)
        assert_near(
            figure(tokens,
                   end ? "attention distance: last block" : "attention distance: first block", 1),
            series->series.lines[0].y[end] / 16, 1e-12);
    double gain = figure(tokens, "patches: variance in components", 1) -
                  figure(tokens, "patches at first: variance", 1);
    assert_near(figure(tokens, "patches: gain in variance", 1), gain, 1e-12);
    bench_done(&b);
}

/* Every claim about tokens reads a figure that is there, with its interval. */
static void claims_read_figures_that_runs_leave(void **state) {
    (void)state;
    bench b;
    bench_make(&b, 1, NULL);
    finish(&b);
    for (int i = 0; i < SX_TOKEN_CLAIMS; i++) {
        const sx_cell_claim_row *row = &sx_token_claims[i];
        double value = figure(find(&b.seen, row->result), row->figure, 1);
        double low = figure(find(&b.seen, row->result), row->figure, 2);
        double high = figure(find(&b.seen, row->result), row->figure, 3);
        if (!(low <= value && value <= high)) fail_msg("%s", row->figure);
        assert_int_equal(row->claim.cells, 1);
    }
    bench_done(&b);
}

/* Some factors alone. */
static void factors_are_switched_off_one_by_one(void **state) {
    (void)state;
    bench b;
    const char *const points[] = {"robustness.images_per_point=4", "robustness.token_items=0",
                                  "robustness.phase_items=0", NULL};
    bench_make(&b, 1, points);
    finish(&b);
    assert_null(maybe(&b.seen, "location"));
    assert_null(maybe(&b.seen, "phase"));
    assert_null(maybe(&b.seen, "rollout"));
    assert_non_null(maybe(&b.seen, "positions")); /* of the parameters alone */
    assert_int_equal(find(&b.seen, "size")->series.lines[0].count[0], 4);
    assert_int_equal(find(&b.seen, "claims")->claims.count, 2);
    assert_int_equal(find(&b.seen, "summary")->table.rows, 8);
    assert_true(isnan(figure(find(&b.seen, "summary"), "drop to the border", 1)));
    bench_done(&b);
}

/* Weights that see and look at something, though they have learned nothing. */
static void enlarge(const sx_model *model, const char *name, float factor) {
    size_t count = sx_parameters_find(&model->parameters, name)->count;
    float *values = values_of(model, name);
    for (size_t i = 0; i < count; i++) values[i] *= factor;
}

static const char *const untrained[] = {"train.steps=0", NULL};

/* The map again, picture by picture. */
static void offsets_are_counted_as_plain_loops_do(void **state) {
    (void)state;
    bench b;
    bench_make(&b, 1, untrained);
    enlarge(&b.study->model, "patches.weight", 30);
    enlarge(&b.study->model, "block1.attention.in.weight", 4);
    finish(&b);
    const sx_grid *grid = &find(&b.seen, "phase")->grid;
    assert_true(grid->rows == 4 && grid->columns == 4 && grid->count[5] == 120);
    sx_error err = {0};
    sx_evaluator *evaluator = sx_evaluator_new(&b.study->model, 1, NULL, &err);
    sx_evaluator_normalise(evaluator, &b.study->normalisation);
    int right[16] = {0};
    for (int y = 4; y < 12; y++)
        for (int x = 4; x < 12; x++)
            for (uint64_t pair = 0; pair < 30; pair++) {
                uint8_t pixels[768];
                float p[16];
                int label, best = 0;
                sx_pose pose = {.area = 0.2, .x = (x + 0.5) / 16, .y = (y + 0.5) / 16};
                sx_view_posed(b.data->view, SX_SPLIT_TEST, pair, pose, pixels, &label, &err);
                assert_int_equal(sx_evaluator_bytes(evaluator, pixels, 1, p, &err), SX_OK);
                for (int c = 1; c < b.study->classes; c++) best = p[c] > p[best] ? c : best;
                right[y % 4 * 4 + x % 4] += best == label;
            }
    sx_evaluator_free(evaluator);
    int different = 0;
    for (int i = 0; i < 16; i++) {
        assert_near(grid->values[i], right[i] / 120.0, 1e-12);
        different += right[i] != right[0];
    }
    assert_true(different > 4);
    const sx_result *tokens = find(&b.seen, "tokens");
    assert_near(figure(tokens, "phase: centres minus corners", 1), (right[10] - right[0]) / 120.0,
                1e-12);
    double low = figure(tokens, "phase: centres minus corners", 2);
    double high = figure(tokens, "phase: centres minus corners", 3);
    assert_true(low < high);
    assert_near(figure(tokens, "phase: size of that difference", 1),
                abs(right[10] - right[0]) / 120.0, 1e-12);
    assert_near(figure(tokens, "phase: size of that difference", 2),
                low > 0    ? low
                : high < 0 ? -high
                           : 0,
                1e-12);
    assert_near(figure(tokens, "phase: size of that difference", 3), fmax(-low, high), 1e-12);
    bench_done(&b);
}

/* Where every head looks everywhere alike, objects get what their share is, and attention goes as
 * far as the mean distance of two places. */
static void even_attention_gives_objects_their_share(void **state) {
    (void)state;
    bench b;
    const char *const even[] = {"train.steps=0",
                                "model.spec=vit(dim=16, depth=2, heads=2, patch=4, "
                                "pool=mean)",
                                NULL};
    bench_make(&b, 1, even);
    for (int block = 1; block <= 2; block++) {
        char name[48];
        snprintf(name, sizeof name, "block%d.attention.in.weight", block);
        memset(values_of(&b.study->model, name), 0, (size_t)16 * 48 * sizeof(float));
    }
    finish(&b);
    const sx_result *tokens = find(&b.seen, "tokens");
    for (int column = 1; column < 4; column++)
        assert_near(figure(tokens, "rollout: attention on object over area", column), 1, 1e-6);
    double distance = 0;
    for (int a = 0; a < 16; a++)
        for (int k = 0; k < 16; k++) distance += hypot(a / 4 - k / 4, a % 4 - k % 4) / 256 / 4;
    assert_near(figure(tokens, "attention distance: first block", 1), distance, 1e-6);
    assert_int_equal(find(&b.seen, "summary")->step, 0);
    assert_true(figure(find(&b.seen, "model-cost"), "images in training", 1) == 0);
    assert_near(figure(tokens, "positions: mean |cosine|", 1),
                figure(tokens, "positions at first: mean |cosine|", 1), 0);
    bench_done(&b);
}

/* Attention on the object, pixel by pixel. */
static void rollout_is_weighed_as_plain_loops_do(void **state) {
    (void)state;
    bench b;
    sx_error err = {0};
    bench_make(&b, 1, untrained);
    enlarge(&b.study->model, "patches.weight", 30);
    enlarge(&b.study->model, "block1.attention.in.weight", 6);
    finish(&b);
    sx_inspector *inspector = sx_inspector_new(&b.study->model, NULL, &err);
    double mean = 0, spread = 0;
    for (size_t i = 0; i < 30; i++) {
        uint8_t pixels[768], mask[256];
        float image[768];
        sx_scene scene = sx_tokens_scene(b.study, i);
        assert_int_equal(sx_view_scene(b.data->view, &scene, pixels, &err), SX_OK);
        assert_int_equal(sx_view_mask(b.data->view, &scene, mask, &err), SX_OK);
        sx_normalise(&b.study->normalisation, pixels, 768, image);
        record p = {.count = 0};
        sx_inspection in = {.image = image,
                            .parts = 1u << SX_INSIDE_ATTENTION,
                            .layer = -1,
                            .class = -1,
                            .publish = keep,
                            .user = &p};
        if (sx_inspect(inspector, &in, &err)) fail_msg("%s", err.message);
        const double *rollout = find(&p, "rollout")->grid.values;
        double on = 0, all = 0, share = 0;
        for (int at = 0; at < 256; at++) {
            double attention = rollout[at / 64 * 4 + at % 16 / 4];
            on += attention * mask[at] / 255;
            all += attention;
            share += mask[at] / 255.0 / 256;
        }
        mean += on / all / share / 30;
        spread = fmax(spread, fabs(on / all / share - 1));
        for (int k = 0; k < p.count; k++) sx_result_release(p.results[k]);
    }
    assert_true(spread > 0.02);
    assert_near(figure(find(&b.seen, "tokens"), "rollout: attention on object over area", 1), mean,
                1e-6);
    sx_inspector_free(inspector);
    bench_done(&b);
}

/* A network without tokens has patches only if one says so, or of 8 pixels. */
static void networks_without_tokens_have_offsets(void **state) {
    (void)state;
    bench b;
    const char *const cnn[] = {"model.spec=cnn(width=4, depth=1)", NULL};
    bench_make(&b, 1, cnn);
    finish(&b);
    assert_int_equal(find(&b.seen, "phase")->grid.rows, 8);
    assert_int_equal(find(&b.seen, "tokens")->table.rows, 4);
    assert_null(maybe(&b.seen, "positions"));
    bench_done(&b);
    const char *const large[] = {"robustness.phase=9", NULL};
    sx_error err = {0};
    assert_null(bench_try(&b, 1, large, &err));
    assert_non_null(strstr(err.message, "two patches of 9 pixels are more than an image of 16"));
    bench_done(&b);
}

static void the_study_of_them_can_be_read(void **state) {
    (void)state;
    static const char *const presets[] = {NULL, "quick", "class", "full"};
    for (int i = 0; i < 4; i++) {
        char path[SX_PATH_SIZE];
        sx_error err = {0};
        sx_config config, cell;
        assert_int_equal(sx_asset_find(path, "studies/vit-small.ini", &err), SX_OK);
        assert_int_equal(sx_config_new(&config, &err), SX_OK);
        if (sx_config_read(&config, path, presets[i], &err)) fail_msg("%s", err.message);
        if (sx_cells_check(&config, &err)) fail_msg("%s", err.message);
        int count = sx_cells_count(&config);
        assert_true(count >= 12);
        for (int run = 0; run < count; run++) {
            if (sx_cells_config(&config, run, &cell, &err)) fail_msg("%s", err.message);
            assert_int_equal((int)sx_config_number(&cell, "robustness", "images_per_point"), 0);
            sx_config_done(&cell);
        }
        sx_config_done(&config);
    }
}

/* ---- bits --------------------------------------------------------------------------------------
 */

static uint64_t hash_of(const record *r, const char *name) {
    sx_text text = {0};
    sx_result_csv(find(r, name), &text);
    uint64_t hash = sx_hash_bytes(text.data, text.size);
    sx_text_done(&text);
    return hash;
}

static void bits_do_not_depend_on_threads(void **state) {
    (void)state;
    bench one, three;
    bench_make(&one, 1, NULL);
    bench_make(&three, 3, NULL);
    finish(&one);
    finish(&three);
    for (int i = 0; i < NAMES; i++)
        if (hash_of(&one.seen, names[i]) != hash_of(&three.seen, names[i]))
            fail_msg("%s differs", names[i]);
    bench_done(&one);
    bench_done(&three);
}

/* What the network was like at the beginning is a part of the state. */
static void resumed_studies_remember_the_beginning(void **state) {
    (void)state;
    bench whole, first, second;
    sx_error err = {0};
    bench_make(&whole, 1, NULL);
    bench_make(&first, 1, NULL);
    bench_make(&second, 1, NULL);
    whole.study->tokens.first.cosine = first.study->tokens.first.cosine = 0.125;
    finish(&whole);
    while (advance(&first).step < 3) continue;
    sx_study_state saved;
    char path[64];
    snprintf(path, sizeof path, "/tmp/sx-tokens-%d.safetensors", (int)getpid());
    assert_int_equal(sx_study_save(first.study, &saved, &err), SX_OK);
    assert_int_equal(sx_safetensors_write(path, saved.tensors, saved.count, saved.metadata,
                                          saved.metadata_count, &err),
                     SX_OK);
    sx_safetensors file;
    assert_int_equal(sx_safetensors_read(path, 1 << 24, &file, &err), SX_OK);
    if (sx_study_load(second.study, &file, &err)) fail_msg("%s", err.message);
    sx_safetensors_done(&file);
    remove(path);
    finish(&second);
    assert_near(figure(find(&second.seen, "tokens"), "positions at first: mean |cosine|", 1), 0.125,
                0);
    for (int i = 0; i < NAMES; i++)
        if (hash_of(&whole.seen, names[i]) != hash_of(&second.seen, names[i]))
            fail_msg("%s differs", names[i]);
    bench_done(&whole);
    bench_done(&first);
    bench_done(&second);
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_of_the_training_images_is_kept),
        cmocka_unit_test(a_study_trains_on_its_part),
        cmocka_unit_test(positions_are_learned_in_three_ways),
        cmocka_unit_test(corners_stay_where_they_are),
        cmocka_unit_test(positions_are_taken_or_begin_anew),
        cmocka_unit_test(likeness_of_positions_is_counted_by_distance),
        cmocka_unit_test(components_are_smooth_or_not),
        cmocka_unit_test(attention_begins_even),
        cmocka_unit_test(cost_is_counted),
        cmocka_unit_test(the_mask_is_the_objects),
        cmocka_unit_test(everything_is_published_without_sweeps),
        cmocka_unit_test(claims_read_figures_that_runs_leave),
        cmocka_unit_test(factors_are_switched_off_one_by_one),
        cmocka_unit_test(offsets_are_counted_as_plain_loops_do),
        cmocka_unit_test(even_attention_gives_objects_their_share),
        cmocka_unit_test(rollout_is_weighed_as_plain_loops_do),
        cmocka_unit_test(networks_without_tokens_have_offsets),
        cmocka_unit_test(the_study_of_them_can_be_read),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(resumed_studies_remember_the_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
