/* The probe: that it shows what the measurements see, says what the network says, follows the
 * training, and answers the newest question from a thread of its own. */
#include "core/engine/internal.h"
#include "core/study/internal.h"
#include "tests/unit/unit.h"

#include "tests/unit/home.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char study[] = "[study]\nname = tiny\n"
                            "[data]\nsource = shapes\nimage = 16\n"
                            "[model]\nspec = cnn(width=4, depth=1)\n"
                            "[train]\nsteps = 4000\nbatch = 16\nvalidate_every = 15\n"
                            "validate_items = 64\n"
                            "[robustness]\nimages_per_location = 1\nimages_per_point = 2\n"
                            "[run]\nseed = 3\n";

static void configure(sx_config *config, const char *override) {
    sx_error err = {0};
    assert_int_equal(sx_config_new(config, &err), SX_OK);
    if (sx_config_parse(config, "tiny", study, NULL, &err)) fail_msg("%s", err.message);
    if (override && sx_config_override(config, override, &err)) fail_msg("%s", err.message);
}

static const sx_scene somewhere = {SX_SPLIT_VALIDATION, 7, 3, {0.4, 30, 0.45, 0.55}};

/* ---- the probe by itself ----------------------------------------------------------------------
 */

typedef struct {
    sx_config config;
    sx_study_data *data;
    sx_model model; /* of another seed: parameters to learn */
    sx_probe *probe;
} bench;

static void bench_new(bench *b) {
    sx_error err = {0};
    configure(&b->config, NULL);
    b->data = sx_study_data_new(&b->config, NULL, &err);
    if (!b->data) fail_msg("%s", err.message);
    int classes = sx_source_describe(b->data->source)->classes;
    assert_int_equal(sx_model_new("cnn(width=4, depth=1)", 16, 16, 3, classes, 99, &b->model, &err),
                     SX_OK);
    b->probe = sx_probe_new(&b->config, b->data, &err);
    if (!b->probe) fail_msg("%s", err.message);
}

static void bench_done(bench *b) {
    sx_probe_free(b->probe);
    sx_model_done(&b->model);
    sx_study_data_release(b->data);
    sx_config_done(&b->config);
}

static void a_pair_of_the_sweeps_is_a_scene(void **state) {
    (void)state;
    bench b;
    uint8_t pixels[16 * 16 * 3];
    bench_new(&b);
    for (uint64_t pair = 0; pair < 20; pair++) {
        int label;
        sx_pose pose = {0.3, 10 * (double)pair, 0.5, 0.25};
        sx_scene scene = {SX_SPLIT_VALIDATION,
                          sx_view_pair_item(b.data->view, SX_SPLIT_VALIDATION, pair),
                          sx_view_pair_background(b.data->view, SX_SPLIT_VALIDATION, pair), pose};
        assert_int_equal(
            sx_view_posed(b.data->view, SX_SPLIT_VALIDATION, pair, pose, pixels, &label, NULL),
            SX_OK);
        assert_int_equal(sx_probe_begin(b.probe, &scene, SX_ALONG_X, NULL), SX_OK);
        assert_memory_equal(sx_probe_answer_of(b.probe)->pixels, pixels, sizeof pixels);
        assert_int_equal(sx_probe_answer_of(b.probe)->label, label);
    }
    bench_done(&b);
}

static void it_says_what_the_network_says(void **state) {
    (void)state;
    bench b;
    bench_new(&b);
    const sx_probe_answer *answer = sx_probe_answer_of(b.probe);
    assert_int_equal(sx_probe_begin(b.probe, &somewhere, SX_ALONG_SIZE, NULL), SX_OK);
    assert_int_equal(sx_probe_judge(b.probe, NULL), SX_OK);
    assert_true(isnan(answer->probabilities[0]) && answer->step == -1); /* it has not learned */
    sx_probe_learn(b.probe, &b.model.parameters, 12);
    assert_int_equal(sx_probe_judge(b.probe, NULL), SX_OK);
    assert_int_equal(answer->step, 12);
    sx_evaluator *evaluator = sx_evaluator_new(&b.model, 1, NULL, NULL);
    float expected[64];
    assert_int_equal(sx_evaluator_bytes(evaluator, answer->pixels, 1, expected, NULL), SX_OK);
    assert_memory_equal(answer->probabilities, expected, (size_t)answer->classes * sizeof(float));
    sx_evaluator_free(evaluator);
    bench_done(&b);
}

/* A promise that parameters do not change is kept by whoever gives it: until it is given again,
 * what was packed is used. */
static void held_parameters_are_packed_once(void **state) {
    (void)state;
    bench b;
    float before[64], held[64], after[64];
    bench_new(&b);
    assert_int_equal(sx_probe_begin(b.probe, &somewhere, SX_ALONG_SIZE, NULL), SX_OK);
    const sx_probe_answer *answer = sx_probe_answer_of(b.probe);
    size_t bytes = (size_t)answer->classes * sizeof(float);
    sx_evaluator *evaluator = sx_evaluator_new(&b.model, 1, NULL, NULL);
    sx_evaluator_hold(evaluator, true);
    assert_int_equal(sx_evaluator_bytes(evaluator, answer->pixels, 1, before, NULL), SX_OK);
    for (size_t i = 0; i < b.model.parameters.size; i++) b.model.parameters.values[i] *= 0.5f;
    assert_int_equal(sx_evaluator_bytes(evaluator, answer->pixels, 1, held, NULL), SX_OK);
    sx_evaluator_hold(evaluator, true);
    assert_int_equal(sx_evaluator_bytes(evaluator, answer->pixels, 1, after, NULL), SX_OK);
    assert_true(memcmp(held, after, bytes) != 0);
    sx_evaluator_hold(evaluator, false);
    assert_int_equal(sx_evaluator_bytes(evaluator, answer->pixels, 1, held, NULL), SX_OK);
    assert_memory_equal(held, after, bytes);
    for (size_t i = 0; i < b.model.parameters.size; i++) b.model.parameters.values[i] *= 2;
    assert_int_equal(sx_evaluator_bytes(evaluator, answer->pixels, 1, held, NULL), SX_OK);
    assert_memory_equal(held, before, bytes);
    sx_evaluator_free(evaluator);
    bench_done(&b);
}

/* Every point of a curve is what the network says there, whichever factor it goes along. */
static void the_curve_passes_through_the_scenes(void **state) {
    (void)state;
    bench b;
    bench_new(&b);
    sx_probe_learn(b.probe, &b.model.parameters, 1);
    for (sx_along along = 0; along < SX_ALONGS; along++) {
        assert_int_equal(sx_probe_begin(b.probe, &somewhere, along, NULL), SX_OK);
        assert_int_equal(sx_probe_walk(b.probe, NULL), SX_OK);
        sx_probe_answer curve = *sx_probe_answer_of(b.probe);
        double least = 1, most = 0;
        for (int i = 0; i < SX_PROBE_POINTS; i += 6) {
            sx_scene there = somewhere;
            there.pose = sx_along_pose(there.pose, along, curve.curve_x[i]);
            assert_true(sx_along_value(there.pose, along) == curve.curve_x[i]);
            assert_int_equal(sx_probe_begin(b.probe, &there, along, NULL), SX_OK);
            assert_int_equal(sx_probe_judge(b.probe, NULL), SX_OK);
            double p = (double)sx_probe_answer_of(b.probe)->probabilities[curve.label];
            assert_true(fabs(curve.curve[i] - p) < 1e-5);
            least = p < least ? p : least;
            most = p > most ? p : most;
        }
        assert_true(most > least);
    }
    bench_done(&b);
}

/* The probabilities of a scene by the plainest way: drawn, and asked alone. */
static void ask_plainly(const bench *b, const sx_scene *scene, float *probabilities) {
    uint8_t pixels[16 * 16 * 3];
    sx_evaluator *one = sx_evaluator_new(&b->model, 1, NULL, NULL);
    assert_int_equal(sx_view_scene(b->data->view, scene, pixels, NULL), SX_OK);
    assert_int_equal(sx_evaluator_bytes(one, pixels, 1, probabilities, NULL), SX_OK);
    sx_evaluator_free(one);
}

/* All classes at all points, and the pictures there, against a plain loop; and a walk that was made
 * is good for every scene that it goes through, until the network learns. */
static void the_walk_has_every_class_and_picture(void **state) {
    (void)state;
    bench b;
    float p[64];
    uint8_t pixels[16 * 16 * 3];
    bench_new(&b);
    sx_probe_learn(b.probe, &b.model.parameters, 1);
    const sx_probe_answer *answer = sx_probe_answer_of(b.probe);
    assert_int_equal(sx_probe_begin(b.probe, &somewhere, SX_ALONG_ROTATION, NULL), SX_OK);
    assert_null(answer->sweep);
    assert_int_equal(sx_probe_walk(b.probe, NULL), SX_OK);
    assert_int_equal(answer->tile, 16);
    for (int i = 0; i < SX_PROBE_POINTS; i++) {
        sx_scene there = somewhere;
        double sum = 0;
        there.pose.rotation = answer->curve_x[i];
        ask_plainly(&b, &there, p);
        for (int c = 0; c < answer->classes; c++) {
            float got = answer->sweep[i * answer->classes + c];
            assert_true(fabs((double)got - (double)p[c]) < 1e-5);
            sum += (double)got;
        }
        assert_true(fabs(sum - 1) < 1e-5);
        assert_true(answer->curve[i] == (double)answer->sweep[i * answer->classes + answer->label]);
        assert_int_equal(sx_view_scene(b.data->view, &there, pixels, NULL), SX_OK);
        assert_memory_equal(answer->tiles + (size_t)i * sizeof pixels, pixels, sizeof pixels);
    }
    sx_scene turned = somewhere, moved = somewhere;
    turned.pose.rotation = 77;
    moved.pose.x = 0.9;
    assert_int_equal(sx_probe_begin(b.probe, &turned, SX_ALONG_ROTATION, NULL), SX_OK);
    assert_true(answer->sweep && !isnan(answer->curve[3]));
    assert_int_equal(sx_probe_begin(b.probe, &turned, SX_ALONG_X, NULL), SX_OK);
    assert_true(!answer->sweep && isnan(answer->curve[3]));
    assert_int_equal(sx_probe_begin(b.probe, &somewhere, SX_ALONG_ROTATION, NULL), SX_OK);
    assert_int_equal(sx_probe_walk(b.probe, NULL), SX_OK);
    assert_int_equal(sx_probe_begin(b.probe, &moved, SX_ALONG_ROTATION, NULL), SX_OK);
    assert_null(answer->sweep);
    assert_int_equal(sx_probe_walk(b.probe, NULL), SX_OK);
    sx_probe_learn(b.probe, &b.model.parameters, 2);
    assert_int_equal(sx_probe_begin(b.probe, &moved, SX_ALONG_ROTATION, NULL), SX_OK);
    assert_null(answer->sweep);
    moved.pose.x = moved.pose.rotation = 0; /* where two walks begin at one scene */
    assert_int_equal(sx_probe_begin(b.probe, &moved, SX_ALONG_ROTATION, NULL), SX_OK);
    assert_int_equal(sx_probe_walk(b.probe, NULL), SX_OK);
    assert_int_equal(sx_probe_begin(b.probe, &moved, SX_ALONG_X, NULL), SX_OK);
    assert_null(answer->sweep);
    bench_done(&b);
}

/* Pictures along a factor are small, whatever the network sees: means of blocks. */
static void large_pictures_are_shrunk_along_a_factor(void **state) {
    (void)state;
    sx_config config;
    sx_error err = {0};
    configure(&config, "data.image=160");
    sx_study_data *data = sx_study_data_new(&config, NULL, &err);
    sx_probe *probe = sx_probe_new(&config, data, &err);
    sx_model model;
    int classes = sx_source_describe(data->source)->classes;
    assert_int_equal(sx_model_new("cnn(width=4, depth=1)", 160, 160, 3, classes, 9, &model, &err),
                     SX_OK);
    sx_probe_learn(probe, &model.parameters, 1);
    const sx_probe_answer *answer = sx_probe_answer_of(probe);
    assert_int_equal(sx_probe_begin(probe, &somewhere, SX_ALONG_X, NULL), SX_OK);
    assert_int_equal(sx_probe_walk(probe, NULL), SX_OK);
    assert_int_equal(answer->tile, SX_PROBE_TILE);
    sx_scene there = somewhere;
    there.pose.x = answer->curve_x[7];
    uint8_t *pixels = sx_alloc(160 * 160, 3);
    assert_int_equal(sx_view_scene(data->view, &there, pixels, NULL), SX_OK);
    double apart = 0;
    for (int y = 0; y < 64; y++) /* 2.5 pixels to one */
        for (int x = 0; x < 64; x++) {
            int from = (y * 5 / 2 * 160 + x * 5 / 2) * 3;
            apart += fabs((double)answer->tiles[(7 * 64 * 64 + y * 64 + x) * 3] - pixels[from]);
        }
    assert_true(apart / (64 * 64) < 12);
    sx_free(pixels);
    sx_model_done(&model);
    sx_probe_free(probe);
    sx_study_data_release(data);
    sx_config_done(&config);
}

/* ---- one pixel after the other ----------------------------------------------------------------
 */

typedef struct {
    sx_result *maps[2]; /* the newest of each */
    int told;
    atomic_bool *stop; /* raised once `stop_after` results came; NULL */
    int stop_after;
} listener;

static void listen(void *user, sx_result *result) {
    listener *l = user;
    int which = strcmp(result->name, "nearby-accuracy") == 0;
    assert_true(which || strcmp(result->name, "nearby") == 0);
    sx_result_release(l->maps[which]);
    l->maps[which] = result;
    l->told++;
    if (l->stop && l->told == l->stop_after) atomic_store(l->stop, true);
}

static void forget(listener *l) {
    for (int i = 0; i < 2; i++) sx_result_release(l->maps[i]);
    *l = (listener){0};
}

static void make_vit(bench *b) {
    sx_error err = {0};
    sx_model_done(&b->model);
    sx_probe_free(b->probe);
    assert_int_equal(
        sx_config_override(&b->config, "model.spec=vit(patch=4, dim=8, depth=1, heads=2)", &err),
        SX_OK);
    b->probe = sx_probe_new(&b->config, b->data, &err);
    if (!b->probe) fail_msg("%s", err.message);
    int classes = sx_source_describe(b->data->source)->classes;
    assert_int_equal(sx_model_new("vit(patch=4, dim=8, depth=1, heads=2)", 16, 16, 3, classes, 7,
                                  &b->model, &err),
                     SX_OK);
    sx_probe_learn(b->probe, &b->model.parameters, 4);
}

static sx_scene at_pixel(sx_scene scene, double x, double y) {
    scene.pose.x = (x + 0.5) / 16;
    scene.pose.y = (y + 0.5) / 16;
    return scene;
}

/* Every place of both maps against a plain loop over scenes and pairs. */
static void places_are_what_the_network_says_there(void **state) {
    (void)state;
    bench b;
    float p[64];
    bench_new(&b);
    for (int patches = 0; patches < 2; patches++) {
        listener l = {0};
        if (patches)
            make_vit(&b);
        else
            sx_probe_learn(b.probe, &b.model.parameters, 4);
        assert_int_equal(sx_probe_begin(b.probe, &somewhere, SX_ALONG_X, NULL), SX_OK);
        assert_int_equal(sx_probe_nearby(b.probe, listen, &l, NULL), SX_OK);
        assert_true(l.maps[0] && l.maps[1] && l.told > 20);
        const sx_grid *own = &l.maps[0]->grid, *all = &l.maps[1]->grid;
        assert_int_equal(own->rows, 17); /* the whole picture: 16 pixels each way, or two patches */
        assert_int_equal(own->columns, 17);
        assert_int_equal(l.maps[0]->step, 4);
        assert_non_null(strstr(l.maps[0]->scene, patches ? "patch=4" : "patch=0"));
        int label = sx_source_label(b.data->source, somewhere.split, somewhere.item);
        for (int i = 0; i < 17 * 17; i += 5) {
            double x = own->column_values[i % 17], y = own->row_values[i / 17], right = 0;
            sx_scene there = at_pixel(somewhere, x, y);
            ask_plainly(&b, &there, p);
            assert_true(fabs(own->values[i] - (double)p[label]) < 1e-5);
            assert_true(all->count[i] == 30);
            for (uint64_t pair = 0; pair < 30; pair++) {
                there.item = sx_view_pair_item(b.data->view, there.split, pair);
                there.background = sx_view_pair_background(b.data->view, there.split, pair);
                ask_plainly(&b, &there, p);
                int best = 0;
                for (int c = 1; c < sx_probe_answer_of(b.probe)->classes; c++)
                    if (p[c] > p[best]) best = c;
                right += best == sx_source_label(b.data->source, there.split, there.item);
            }
            assert_true(fabs(all->values[i] - right / 30) < 1e-9);
            assert_true(all->low[i] <= all->values[i] && all->values[i] <= all->high[i]);
        }
        forget(&l);
    }
    bench_done(&b);
}

static int known_places(const sx_result *map) {
    int known = 0;
    for (int i = 0; i < map->grid.rows * map->grid.columns; i++)
        known += !isnan(map->grid.values[i]);
    return known;
}

/* Coarse places come first; what was known before the flag is known after it, moved within the
 * window, too; not when the object or the network is another one. */
static void places_that_are_known_are_not_asked_again(void **state) {
    (void)state;
    bench b;
    bench_new(&b);
    atomic_bool stop = false;
    listener l = {.stop = &stop, .stop_after = 3};
    sx_probe_learn(b.probe, &b.model.parameters, 4);
    sx_probe_stop_flag(b.probe, &stop);
    assert_int_equal(sx_probe_begin(b.probe, &somewhere, SX_ALONG_X, NULL), SX_OK);
    assert_int_equal(sx_probe_nearby(b.probe, listen, &l, NULL), SX_CANCELLED);
    int known = known_places(l.maps[0]);
    assert_int_equal(known, 75);
    for (int y = 0; y <= 16; y += 4) /* every fourth is among them */
        for (int x = 0; x <= 16; x += 4) assert_true(!isnan(l.maps[0]->grid.values[y * 17 + x]));
    double value = l.maps[0]->grid.values[0];
    stop = false;
    sx_scene moved = somewhere;
    moved.pose.x = 0.7;
    l = (listener){.maps = {l.maps[0], l.maps[1]}, .stop = &stop, .stop_after = 1};
    assert_int_equal(sx_probe_begin(b.probe, &moved, SX_ALONG_X, NULL), SX_OK);
    assert_int_equal(sx_probe_nearby(b.probe, listen, &l, NULL), SX_CANCELLED);
    assert_int_equal(known_places(l.maps[0]), known); /* told at once */
    assert_true(l.maps[0]->grid.values[0] == value);
    for (int other = 0; other < 3; other++) {
        stop = false;
        if (other == 0) moved.item++;
        if (other == 1) sx_probe_learn(b.probe, &b.model.parameters, 5);
        if (other == 2) moved.pose.area = 0.2;
        l = (listener){.maps = {l.maps[0], l.maps[1]}, .stop = &stop, .stop_after = 2};
        assert_int_equal(sx_probe_begin(b.probe, &moved, SX_ALONG_X, NULL), SX_OK);
        assert_int_equal(sx_probe_nearby(b.probe, listen, &l, NULL), SX_CANCELLED);
        assert_int_equal(known_places(l.maps[0]), 2 * SX_PROBE_POINTS);
    }
    sx_probe_stop_flag(b.probe, NULL);
    forget(&l);
    bench_done(&b);
}

/* In a picture that is larger than the window it goes with the object, and stays inside. */
static void the_window_stays_inside_the_picture(void **state) {
    static const struct {
        double x;
        int first;
    } cases[] = {{0, 0}, {0.5, 24}, {1, 48}, {0.3, 8}};
    (void)state;
    sx_config config;
    sx_error err = {0};
    configure(&config, "data.image=80");
    sx_study_data *data = sx_study_data_new(&config, NULL, &err);
    sx_probe *probe = sx_probe_new(&config, data, &err);
    sx_model model;
    int classes = sx_source_describe(data->source)->classes;
    assert_int_equal(sx_model_new("cnn(width=4, depth=1)", 80, 80, 3, classes, 9, &model, &err),
                     SX_OK);
    sx_probe_learn(probe, &model.parameters, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        atomic_bool stop = false;
        listener l = {.stop = &stop, .stop_after = 1};
        sx_scene scene = somewhere;
        scene.pose.x = cases[i].x;
        sx_probe_stop_flag(probe, &stop);
        assert_int_equal(sx_probe_begin(probe, &scene, SX_ALONG_X, NULL), SX_OK);
        assert_int_equal(sx_probe_nearby(probe, listen, &l, NULL), SX_CANCELLED);
        const sx_grid *grid = &l.maps[0]->grid;
        assert_int_equal(grid->columns, 33);
        assert_int_equal((int)grid->column_values[0], cases[i].first);
        assert_int_equal((int)grid->column_values[32], cases[i].first + 32);
        forget(&l);
    }
    sx_probe_free(probe);
    sx_model_done(&model);
    sx_study_data_release(data);
    sx_config_done(&config);
}

/* ---- the engine's lane ------------------------------------------------------------------------
 */

static sx_engine *start_with(sx_job_kind kind, const char *run, const char *override) {
    sx_config config;
    sx_error err = {0};
    configure(&config, override);
    sx_engine *engine = sx_engine_new(2, &err);
    if (!engine) fail_msg("%s", err.message);
    sx_job job = {kind, kind == SX_JOB_OPEN ? NULL : &config, kind == SX_JOB_RUN ? run : NULL,
                  kind == SX_JOB_OPEN ? run : NULL};
    assert_int_equal(sx_engine_queue(engine, &job, &err), SX_OK);
    sx_config_done(&config);
    return engine;
}

static sx_engine *start(sx_job_kind kind, const char *run) {
    return start_with(kind, run, NULL);
}

static void await(sx_engine *engine, sx_state state, int64_t step) {
    for (int tries = 0; tries < 5000; tries++) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        uint64_t version = now->version;
        bool opening = now->state == SX_STATE_STOPPED && now->loading[0];
        bool met = now->state == state && now->report.step >= step && !opening;
        if (now->state == SX_STATE_FAILED) fail_msg("%s", now->message);
        sx_snapshot_release(now);
        if (met) return;
        sx_engine_wait(engine, version, 100);
    }
    fail_msg("the engine hangs");
}

static void await_data(sx_engine *engine) {
    for (int tries = 0; tries < 5000; tries++) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        bool there = now->data != NULL;
        sx_snapshot_release(now);
        if (there) return;
        usleep(1000);
    }
    fail_msg("no data");
}

/* The whole answer to the last question; the caller releases it. */
static const sx_answer *whole_answer(sx_engine *engine) {
    for (int tries = 0; tries < 20000; tries++) {
        if (sx_engine_answered(engine)) return sx_engine_answer(engine);
        usleep(1000);
    }
    fail_msg("no answer");
    return NULL;
}

static void an_opened_run_says_what_the_live_one_said(void **state) {
    (void)state;
    char run[96];
    snprintf(run, sizeof run, "%s/run", home);
    sx_engine *engine = start(SX_JOB_RUN, run);
    await(engine, SX_STATE_RUNNING, 30);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, SX_STATE_PAUSED, 30);
    sx_engine_ask(engine, &(sx_question){.scene = somewhere, .along = SX_ALONG_ROTATION});
    const sx_answer *live = whole_answer(engine);
    assert_true(live->known.step >= 30);
    assert_int_equal(live->known.scene.item, 7);
    sx_engine_send(engine, SX_COMMAND_STOP, 0);
    await(engine, SX_STATE_STOPPED, 30);
    sx_engine_free(engine);
    engine = start(SX_JOB_OPEN, run);
    await(engine, SX_STATE_STOPPED, 0);
    sx_engine_ask(engine, &(sx_question){.scene = somewhere, .along = SX_ALONG_ROTATION});
    const sx_answer *opened = whole_answer(engine);
    assert_int_equal(opened->known.step, live->known.step);
    assert_memory_equal(opened->known.probabilities, live->known.probabilities,
                        (size_t)live->known.classes * sizeof(float));
    assert_memory_equal(opened->known.curve, live->known.curve, sizeof live->known.curve);
    sx_answer_release(opened);
    sx_answer_release(live);
    sx_engine_free(engine);
}

static const sx_answer *ask_network(sx_engine *engine, const char *network) {
    sx_question q = {.scene = somewhere, .along = SX_ALONG_ROTATION};
    sx_text_set(q.network, sizeof q.network, network);
    sx_engine_ask(engine, &q);
    const sx_answer *answer = whole_answer(engine);
    assert_string_equal(answer->network, network);
    return answer;
}

static void expect_same(const sx_answer *a, const sx_answer *b) {
    assert_string_equal(a->problem, "");
    assert_int_equal(a->known.step, b->known.step);
    assert_memory_equal(a->known.probabilities, b->known.probabilities,
                        (size_t)a->known.classes * sizeof(float));
    assert_memory_equal(a->known.curve, b->known.curve, sizeof a->known.curve);
}

/* A run that is paused at a step, asked, and ended with a checkpoint. */
static const sx_answer *make_network(const char *run, const char *override) {
    sx_engine *engine = start_with(SX_JOB_RUN, run, override);
    await(engine, SX_STATE_RUNNING, 20);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, SX_STATE_PAUSED, 20);
    const sx_answer *answer = ask_network(engine, "");
    sx_engine_free(engine);
    return answer;
}

/* While one network is there, the network of another run is asked, and says what it said in its own
 * run, averaged parameters and all; what cannot be asked is told, and the picture is there. */
static void the_network_of_another_run_is_asked(void **state) {
    static const struct {
        const char *run, *problem;
    } bad[] = {{"/nowhere", "there is no run folder"}, {"/alien", "is of data"}};
    char runs[3][96], path[112];
    (void)state;
    for (int i = 0; i < 3; i++)
        snprintf(runs[i], sizeof runs[i], "%s/%s", home,
                 i == 0   ? "mine"
                 : i == 1 ? "other"
                          : "alien");
    const sx_answer *other = make_network(runs[1], "train.average=ema(decay=0.9)");
    sx_answer_release(make_network(runs[2], "data.image=12"));
    sx_engine *engine = start_with(SX_JOB_RUN, runs[0], "model.spec=mlp(width=8, depth=1)");
    await(engine, SX_STATE_RUNNING, 5);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0); /* which leaves a checkpoint */
    await(engine, SX_STATE_PAUSED, 5);
    const sx_answer *live = ask_network(engine, ""), *asked = ask_network(engine, runs[1]);
    assert_true(live->known.probabilities[0] != other->known.probabilities[0]);
    expect_same(asked, other);
    sx_answer_release(asked);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(path, sizeof path, "%s%s", home, bad[i].run);
        asked = ask_network(engine, path);
        if (!strstr(asked->problem, bad[i].problem)) fail_msg("%s", asked->problem);
        assert_true(isnan(asked->known.probabilities[0]));
        sx_answer_release(asked);
    }
    for (int i = 0; i < 2; i++) { /* the live one again, and its checkpoint */
        asked = ask_network(engine, i ? runs[0] : "");
        for (; asked->problem[0]; usleep(1000)) { /* it is written after the pause is told */
            sx_answer_release(asked);
            asked = ask_network(engine, runs[0]);
        }
        expect_same(asked, live);
        sx_answer_release(asked);
    }
    sx_answer_release(live);
    sx_answer_release(other);
    sx_engine_free(engine);
}

static void it_answers_the_newest_question_and_follows_the_training(void **state) {
    (void)state;
    char run[96];
    snprintf(run, sizeof run, "%s/followed", home);
    sx_engine *engine = start(SX_JOB_RUN, run);
    await(engine, SX_STATE_RUNNING, 10);
    for (int i = 0; i < 300; i++) {
        sx_question q = {
            .scene = somewhere, .along = (sx_along)(i % SX_ALONGS), .pictures = i % 7 == 0 ? 5 : 0};
        q.scene.item = (size_t)i % 50;
        sx_engine_ask(engine, &q);
    }
    int64_t first = -1, step = -1;
    for (int tries = 0; tries < 20000 && (first < 0 || step <= first); tries++) {
        const sx_answer *answer = sx_engine_answer(engine);
        if (answer && answer->whole && answer->number == 300) {
            assert_int_equal(answer->known.scene.item, 299 % 50);
            step = answer->known.step;
            if (first < 0) first = step;
        }
        sx_answer_release(answer);
        usleep(1000);
    }
    assert_true(step > first); /* the same question, a network that has learned since */
    sx_engine_ask(engine, NULL);
    assert_true(sx_engine_answered(engine));
    sx_engine_free(engine);
}

/* ---- what happens inside ----------------------------------------------------------------------
 */

static const sx_answer *ask_inside(sx_engine *engine, const char *network, bool plain) {
    sx_question q = {.scene = somewhere,
                     .inside = {.parts = SX_INSIDE_ALL,
                                .plain = plain,
                                .query = 1000, /* there are no patches: taken as none */
                                .layer = 1,
                                .block = 9}};
    sx_text_set(q.network, sizeof q.network, network);
    sx_engine_ask(engine, &q);
    return whole_answer(engine);
}

static const sx_result *result_of(const sx_answer *answer, const char *name) {
    for (size_t i = 0; i < answer->result_count; i++)
        if (strcmp(answer->results[i]->name, name) == 0) return answer->results[i];
    fail_msg("no result %s: %s", name, answer->problem);
    return NULL;
}

static void expect_same_inside(const sx_answer *a, const sx_answer *b) {
    const sx_grid *left = &result_of(a, "gradient-input")->grid;
    const sx_grid *right = &result_of(b, "gradient-input")->grid;
    assert_int_equal(a->result_count, b->result_count);
    assert_int_equal(a->known.step, b->known.step);
    assert_int_equal(result_of(a, "occlusion")->step, a->known.step);
    assert_memory_equal(left->values, right->values,
                        (size_t)(left->rows * left->columns) * sizeof(double));
    assert_memory_equal(result_of(a, "features")->images.pixels,
                        result_of(b, "features")->images.pixels, 16);
}

/* The network that trains, the run opened from disk and another run's checkpoint are looked into
 * alike. */
static void networks_are_looked_into(void **state) {
    (void)state;
    char run[96];
    snprintf(run, sizeof run, "%s/looked", home);
    sx_engine *engine = start(SX_JOB_RUN, run);
    await(engine, SX_STATE_RUNNING, 30);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, SX_STATE_PAUSED, 30);
    const sx_answer *live = ask_inside(engine, "", false), *plain = ask_inside(engine, "", true);
    assert_string_equal(live->problem, "");
    assert_true(live->known.step >= 30 && live->inside.layer == 1 && plain->inside.plain);
    assert_memory_not_equal(result_of(live, "picture")->images.pixels,
                            result_of(plain, "picture")->images.pixels, 16 * 16 * 3);
    sx_answer_release(plain);
    sx_engine_send(engine, SX_COMMAND_STOP, 0);
    await(engine, SX_STATE_STOPPED, 30);
    sx_engine_free(engine);
    engine = start(SX_JOB_OPEN, run);
    await(engine, SX_STATE_STOPPED, 0);
    const sx_answer *opened = ask_inside(engine, "", false);
    expect_same_inside(opened, live);
    sx_answer_release(opened);
    sx_engine_free(engine);
    snprintf(run, sizeof run, "%s/host", home);
    engine = start(SX_JOB_RUN, run);
    await(engine, SX_STATE_RUNNING, 1);
    snprintf(run, sizeof run, "%s/looked", home);
    const sx_answer *guest = ask_inside(engine, run, false);
    expect_same_inside(guest, live);
    sx_answer_release(guest);
    guest = ask_inside(engine, "/nowhere-at-all", false);
    assert_true(guest->problem[0] && guest->result_count == 0);
    sx_answer_release(guest);
    sx_answer_release(live);
    sx_engine_free(engine);
}

/* The inside and what is nearby come with the scene's own answer, of whichever network is asked,
 * and do not wait for a curve. */
static void what_is_beyond_comes_with_the_scene(void **state) {
    (void)state;
    char run[96], other[96];
    snprintf(other, sizeof other, "%s/beyond-other", home);
    snprintf(run, sizeof run, "%s/beyond", home);
    const sx_answer *there = make_network(other, NULL);
    sx_engine *engine = start_with(SX_JOB_RUN, run, "model.spec=mlp(width=8, depth=1)");
    await(engine, SX_STATE_RUNNING, 5);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, SX_STATE_PAUSED, 5);
    for (int guest = 0; guest < 2; guest++)
        for (int nearby = 0; nearby < 2; nearby++) {
            sx_question q = {.scene = somewhere, .along = SX_ALONG_ROTATION, .nearby = nearby};
            q.inside.parts = nearby ? 0 : 1u << SX_INSIDE_OCCLUSION | 1u << SX_INSIDE_PICTURE;
            q.inside.beside = !nearby;
            sx_text_set(q.network, sizeof q.network, guest ? other : "");
            const sx_answer *scene = ask_network(engine, q.network);
            sx_engine_ask(engine, &q);
            const sx_answer *answer = whole_answer(engine);
            assert_string_equal(answer->problem, "");
            assert_int_equal(answer->nearby, nearby);
            assert_int_equal(answer->known.step, scene->known.step);
            assert_memory_equal(answer->known.probabilities, scene->known.probabilities,
                                (size_t)scene->known.classes * sizeof(float));
            assert_memory_equal(answer->known.pixels, scene->known.pixels, 16 * 16 * 3);
            assert_non_null(result_of(answer, nearby ? "nearby" : "occlusion"));
            if (!nearby)
                assert_memory_equal(result_of(answer, "picture")->images.pixels,
                                    scene->known.pixels, 16 * 16 * 3);
            sx_answer_release(answer);
            sx_answer_release(scene);
        }
    sx_answer_release(there);
    sx_engine_free(engine);
    engine = start(SX_JOB_BROWSE, NULL); /* without a network there is the picture */
    await_data(engine);
    sx_engine_ask(engine, &(sx_question){.scene = somewhere, .nearby = true});
    const sx_answer *answer = whole_answer(engine);
    assert_true(answer->result_count == 0 && answer->known.step == -1 && !answer->problem[0]);
    sx_answer_release(answer);
    sx_engine_free(engine);
}

/* Questions of all kinds, thick and fast: the last one is answered, and again when the network has
 * learned. */
static void the_newest_question_about_the_inside_is_answered(void **state) {
    (void)state;
    char run[96];
    snprintf(run, sizeof run, "%s/followed-inside", home);
    sx_engine *engine = start(SX_JOB_RUN, run);
    await(engine, SX_STATE_RUNNING, 10);
    for (int i = 0; i < 200; i++) {
        sx_question q = {.scene = somewhere};
        q.inside.parts = i % 3 == 0 ? 0 : SX_INSIDE_ALL;
        q.inside.layer = i % 5;
        q.inside.beside = i % 4 == 0;
        q.nearby = i % 6 == 0;
        sx_engine_ask(engine, &q);
    }
    int64_t first = -1, step = -1;
    for (int tries = 0; tries < 20000 && (first < 0 || step <= first); tries++) {
        const sx_answer *answer = sx_engine_answer(engine);
        if (answer && answer->whole && answer->number == 200) {
            assert_int_equal(answer->inside.layer, 199 % 5);
            step = answer->known.step;
            if (first < 0) first = step;
        }
        sx_answer_release(answer);
        usleep(1000);
    }
    assert_true(step > first);
    sx_engine_free(engine);
}

/* Only a data set: there is nothing to look into, and it is told. */
static void without_a_network_there_is_no_inside(void **state) {
    (void)state;
    sx_engine *engine = start(SX_JOB_BROWSE, NULL);
    await_data(engine);
    const sx_answer *answer = ask_inside(engine, "", true);
    assert_non_null(strstr(answer->problem, "no network"));
    assert_int_equal(answer->result_count, 0);
    sx_answer_release(answer);
    sx_engine_free(engine);
}

static void drop(void *user, sx_result *result) {
    (void)user;
    sx_result_release(result);
}

/* The pictures behind a cell are those that the sweep measured there, and what the network says to
 * them is what it says to each. */
static void a_sheet_is_what_a_sweep_measures(void **state) {
    (void)state;
    bench b;
    uint8_t pixels[16 * 16 * 3];
    bench_new(&b);
    sx_probe_learn(b.probe, &b.model.parameters, 5);
    sx_pose pose = {0.2, 0, 0.1, 0.9};
    sx_sheet sheet = {.split = SX_SPLIT_VALIDATION, .pose = pose, .count = 40};
    assert_int_equal(sx_probe_sheet(b.probe, &sheet, NULL), SX_OK);
    assert_int_equal(sheet.step, 5);
    for (int i = 0; i < sheet.count; i++) {
        const sx_sheet_entry *entry = &sheet.entries[i];
        int label;
        assert_int_equal(sx_view_posed(b.data->view, SX_SPLIT_VALIDATION, (uint64_t)i, pose, pixels,
                                       &label, NULL),
                         SX_OK);
        assert_memory_equal(sheet.pixels + (size_t)i * sizeof pixels, pixels, sizeof pixels);
        assert_int_equal(entry->label, label);
        sx_scene scene = {SX_SPLIT_VALIDATION, entry->item, entry->background, pose};
        assert_int_equal(sx_probe_begin(b.probe, &scene, SX_ALONG_X, NULL), SX_OK);
        assert_int_equal(sx_probe_judge(b.probe, NULL), SX_OK);
        const float *p = sx_probe_answer_of(b.probe)->probabilities;
        assert_true(fabs((double)p[label] - entry->p_true) < 1e-5);
        assert_true(fabs((double)p[entry->prediction] - entry->confidence) < 1e-5);
        for (int c = 0; c < sx_probe_answer_of(b.probe)->classes; c++)
            assert_true((double)p[c] <= entry->confidence + 1e-5);
    }
    bench_done(&b);
}

/* Whoever raises the flag gets the lane back: not one more picture is drawn, with a network or
 * without. */
static void a_sheet_and_a_curve_stop_at_the_flag(void **state) {
    (void)state;
    bench b;
    bench_new(&b);
    atomic_bool stop = true;
    sx_probe *alone = sx_probe_new(NULL, b.data, NULL);
    sx_probe *const probes[] = {b.probe, alone};
    assert_non_null(alone);
    sx_probe_learn(b.probe, &b.model.parameters, 5);
    for (int i = 0; i < 2; i++) {
        sx_sheet sheet = {.split = SX_SPLIT_TEST, .pose = somewhere.pose, .count = 40};
        sx_probe_stop_flag(probes[i], &stop);
        stop = true;
        assert_int_equal(sx_probe_sheet(probes[i], &sheet, NULL), SX_CANCELLED);
        for (int k = 0; k < 40 * 16 * 16 * 3; k++) assert_int_equal(sheet.pixels[k], 0);
        assert_int_equal(sx_probe_begin(probes[i], &somewhere, SX_ALONG_X, NULL), SX_OK);
        assert_int_equal(sx_probe_walk(probes[i], NULL), i == 0 ? SX_CANCELLED : SX_OK);
        stop = false;
        assert_int_equal(sx_probe_sheet(probes[i], &sheet, NULL), SX_OK);
        sx_probe_stop_flag(probes[i], NULL);
    }
    sx_probe_free(alone);
    bench_done(&b);
}

/* A question and no question both raise the flag of the one before. */
static void the_lane_is_stopped_by_the_next_question_and_by_none(void **state) {
    (void)state;
    sx_engine *engine = start(SX_JOB_BROWSE, NULL);
    await_data(engine);
    for (int i = 0; i < 2; i++) {
        sx_engine_ask(engine,
                      &(sx_question){.scene = somewhere, .along = SX_ALONG_X, .pictures = 9});
        const sx_answer *answer = whole_answer(engine);
        assert_int_equal(answer->sheet.count, 9);
        sx_answer_release(answer);
        assert_false(atomic_load(&engine->lane.stop));
        sx_engine_ask(engine, NULL);
        assert_true(atomic_load(&engine->lane.stop));
    }
    sx_engine_free(engine);
}

/* Of a network so large that 25 pictures at a time would be more than the flag can wait for, fewer
 * are asked at a time; what it says to each is the same. */
static void a_large_network_is_asked_in_parts(void **state) {
    (void)state;
    sx_config config;
    sx_error err = {0};
    configure(&config, NULL);
    assert_int_equal(sx_config_override(&config, "model.spec=cnn(width=96, depth=3)", &err), SX_OK);
    assert_int_equal(sx_config_override(&config, "data.image=64", &err), SX_OK);
    sx_study_data *data = sx_study_data_new(&config, NULL, &err);
    sx_model model;
    int classes = sx_source_describe(data->source)->classes;
    assert_int_equal(sx_model_new("cnn(width=96, depth=3)", 64, 64, 3, classes, 99, &model, &err),
                     SX_OK);
    sx_evaluator *one = sx_evaluator_new(&model, 1, NULL, &err);
    assert_int_equal(sx_probe_batch(sx_evaluator_cost(one)), 11);
    assert_int_equal(sx_probe_batch(1e6), SX_PROBE_POINTS);
    assert_int_equal(sx_probe_batch(1e12), 1);
    sx_probe *probe = sx_probe_new(&config, data, &err);
    sx_probe_learn(probe, &model.parameters, 1);
    sx_sheet sheet = {.split = SX_SPLIT_TEST, .pose = somewhere.pose, .count = 27};
    assert_int_equal(sx_probe_sheet(probe, &sheet, NULL), SX_OK);
    float p[64];
    for (size_t i = 0; i < 27; i += 13) {
        const uint8_t *pixels = sheet.pixels + i * 64 * 64 * 3;
        assert_int_equal(sx_evaluator_bytes(one, pixels, 1, p, NULL), SX_OK);
        assert_true(fabs((double)p[sheet.entries[i].label] - sheet.entries[i].p_true) < 1e-4);
    }
    sx_evaluator_free(one);
    sx_probe_free(probe);
    sx_model_done(&model);
    sx_study_data_release(data);
    sx_config_done(&config);
}

/* Parameters come from a checkpoint without a study: the averaged ones, where a study would measure
 * those, and only of the same network on the same data. */
static void a_checkpoint_is_read_without_a_study(void **state) {
    (void)state;
    static const char *const averages[] = {"none", "ema(decay=0.5)"};
    for (size_t i = 0; i < 2; i++) {
        bench b;
        char override[64], path[SX_PATH_SIZE];
        sx_error err = {0};
        sx_safetensors file;
        sx_study_state saved;
        sx_study_report report;
        bench_new(&b);
        snprintf(override, sizeof override, "train.average=%s", averages[i]);
        assert_int_equal(sx_config_override(&b.config, override, &err), SX_OK);
        sx_study_context context = {.publish = drop};
        sx_study *trained = sx_study_new(&b.config, b.data, &context, &err);
        for (int step = 0; step < 6; step++)
            assert_int_equal(sx_study_advance(trained, &report, &err), SX_OK);
        assert_int_equal(sx_study_save(trained, &saved, &err), SX_OK);
        snprintf(path, sizeof path, "%s/checkpoint", home);
        assert_int_equal(sx_safetensors_write(path, saved.tensors, saved.count, saved.metadata,
                                              saved.metadata_count, &err),
                         SX_OK);
        assert_int_equal(sx_safetensors_read(path, 1 << 26, &file, &err), SX_OK);
        if (sx_probe_read(b.probe, &b.config, &file, &err)) fail_msg("%s", err.message);
        const sx_probe_answer *answer = sx_probe_answer_of(b.probe);
        assert_int_equal(answer->step, report.step);
        float read[64];
        size_t bytes = (size_t)answer->classes * sizeof(float);
        assert_int_equal(sx_probe_begin(b.probe, &somewhere, SX_ALONG_X, NULL), SX_OK);
        assert_int_equal(sx_probe_judge(b.probe, NULL), SX_OK);
        memcpy(read, answer->probabilities, bytes);
        sx_probe_learn(b.probe, sx_study_parameters(trained), 77);
        assert_int_equal(sx_probe_judge(b.probe, NULL), SX_OK);
        assert_memory_equal(answer->probabilities, read, bytes);
        assert_int_equal(sx_config_override(&b.config, "data.image=24", &err), SX_OK);
        sx_study_data *other = sx_study_data_new(&b.config, NULL, &err);
        sx_probe *elsewhere = sx_probe_new(&b.config, other, &err);
        assert_int_equal(sx_probe_read(elsewhere, &b.config, &file, &err), SX_BAD_INPUT);
        assert_non_null(strstr(err.message, "16 pixels"));
        assert_int_equal(sx_probe_answer_of(elsewhere)->step, -1);
        sx_probe_free(elsewhere);
        sx_study_data_release(other);
        sx_safetensors_done(&file);
        sx_study_free(trained);
        bench_done(&b);
    }
}

static void without_a_network_there_is_the_picture(void **state) {
    (void)state;
    sx_engine *engine = start(SX_JOB_BROWSE, NULL);
    sx_question q = {.scene = somewhere, .along = SX_ALONG_X};
    sx_engine_ask(engine, &q); /* before the data are there: it is forgotten */
    await(engine, SX_STATE_IDLE, 0);
    await_data(engine);
    sx_engine_ask(engine, &q);
    const sx_answer *answer = whole_answer(engine);
    int sum = 0;
    for (int i = 0; i < 16 * 16 * 3; i++) sum += answer->known.pixels[i];
    assert_true(sum > 0);
    assert_int_equal(answer->known.step, -1);
    assert_true(isnan(answer->known.probabilities[0]));
    sx_answer_release(answer);
    sx_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_of_the_sweeps_is_a_scene),
        cmocka_unit_test(it_says_what_the_network_says),
        cmocka_unit_test(held_parameters_are_packed_once),
        cmocka_unit_test(the_curve_passes_through_the_scenes),
        cmocka_unit_test(the_walk_has_every_class_and_picture),
        cmocka_unit_test(large_pictures_are_shrunk_along_a_factor),
        cmocka_unit_test(places_are_what_the_network_says_there),
        cmocka_unit_test(places_that_are_known_are_not_asked_again),
        cmocka_unit_test(the_window_stays_inside_the_picture),
        cmocka_unit_test(an_opened_run_says_what_the_live_one_said),
        cmocka_unit_test(the_network_of_another_run_is_asked),
        cmocka_unit_test(it_answers_the_newest_question_and_follows_the_training),
        cmocka_unit_test(a_sheet_is_what_a_sweep_measures),
        cmocka_unit_test(a_sheet_and_a_curve_stop_at_the_flag),
        cmocka_unit_test(the_lane_is_stopped_by_the_next_question_and_by_none),
        cmocka_unit_test(a_large_network_is_asked_in_parts),
        cmocka_unit_test(a_checkpoint_is_read_without_a_study),
        cmocka_unit_test(networks_are_looked_into),
        cmocka_unit_test(what_is_beyond_comes_with_the_scene),
        cmocka_unit_test(the_newest_question_about_the_inside_is_answered),
        cmocka_unit_test(without_a_network_there_is_no_inside),
        cmocka_unit_test(without_a_network_there_is_the_picture),
    };
    sx_tensor_init();
    return cmocka_run_group_tests(tests, new_home, end_home);
}
