/* A study of a model that reads texts: columns follow the parameters, likeness is what the vectors
 * say, and bits depend neither on threads nor on stops. */
#include "tests/unit/unit.h"

#include "core/study/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char small_text[] =
    "[data]\nsource = shapes\nimage = 16\n"
    "[model]\nspec = clip(dim=16, depth=1, heads=2, patch=8, embed=12, text_dim=16, text_depth=1, "
    "text_heads=2, vocabulary=64)\n"
    "[train]\nsteps = 24\nbatch = 16\nschedule = cosine(warmup=5)\n"
    "validate_every = 8\nvalidate_items = 300\n"
    "[robustness]\nshare = 0.6\nimages_per_location = 1\nimages_per_point = 2\n";

typedef struct {
    sx_config config;
    sx_study_data *data;
    sx_pool *pool;
    atomic_bool stop;
    sx_study *study;
    sx_result *likeness;
    uint64_t hash; /* of all results of the last step */
} bench;

static void on_publish(void *user, sx_result *result) {
    bench *b = user;
    sx_text text = {0};
    sx_result_csv(result, &text);
    if (result->step == 24) b->hash = b->hash * 31 + sx_hash_bytes(text.data, text.size);
    sx_text_done(&text);
    if (strcmp(result->name, "likeness") != 0) {
        sx_result_release(result);
        return;
    }
    sx_result_release(b->likeness);
    b->likeness = result;
}

static sx_status try_study(bench *b, sx_error *err) {
    sx_study_context context = {
        .pool = b->pool, .stop = &b->stop, .user = b, .publish = on_publish};
    b->hash = 0;
    b->study = sx_study_new(&b->config, b->data, &context, err);
    return b->study ? SX_OK : err->status;
}

static void bench_make(bench *b, const char *more, int threads) {
    sx_error err = {0};
    *b = (bench){0};
    atomic_init(&b->stop, false);
    assert_int_equal(sx_config_new(&b->config, &err), SX_OK);
    if (sx_config_parse(&b->config, "small.ini", small_text, NULL, &err) ||
        (more && sx_config_override(&b->config, more, &err)))
        fail_msg("%s", err.message);
    b->data = sx_study_data_new(&b->config, NULL, &err);
    if (!b->data) fail_msg("%s", err.message);
    if (threads) b->pool = sx_pool_new(threads, &err);
}

static void bench_open(bench *b, const char *more, int threads) {
    sx_error err = {0};
    bench_make(b, more, threads);
    if (try_study(b, &err)) fail_msg("%s", err.message);
}

static void bench_done(bench *b) {
    sx_study_free(b->study);
    sx_result_release(b->likeness);
    sx_pool_free(b->pool);
    sx_study_data_release(b->data);
    sx_config_done(&b->config);
}

static sx_study_report advance(bench *b) {
    sx_error err = {0};
    sx_study_report report;
    if (sx_study_advance(b->study, &report, &err)) fail_msg("%s", err.message);
    return report;
}

static void advance_to_end(bench *b) {
    while (advance(b).phase != SX_PHASE_FINISHED) continue;
}

typedef struct {
    uint64_t parameters, results;
} outcome;

static outcome outcome_of(const bench *b) {
    const sx_parameters *p = &b->study->model.parameters;
    return (outcome){sx_hash_bytes(p->values, p->size * sizeof(float)), b->hash};
}

static outcome run_whole(const char *more, int threads) {
    bench b;
    bench_open(&b, more, threads);
    advance_to_end(&b);
    outcome out = outcome_of(&b);
    bench_done(&b);
    return out;
}

/* Stops at a step, goes on in a new study. */
static outcome run_resumed(const char *more, int step) {
    char path[] = "/tmp/sextant-pairs-XXXXXX";
    bench b;
    sx_error err = {0};
    sx_study_state state;
    sx_safetensors file;
    close(mkstemp(path));
    bench_open(&b, more, 0);
    while (advance(&b).step < step) continue;
    assert_int_equal(sx_study_save(b.study, &state, &err), SX_OK);
    if (sx_safetensors_write(path, state.tensors, state.count, state.metadata, state.metadata_count,
                             &err))
        fail_msg("%s", err.message);
    sx_study_free(b.study);
    if (try_study(&b, &err) || sx_safetensors_read(path, 1 << 24, &file, &err) ||
        sx_study_load(b.study, &file, &err))
        fail_msg("%s", err.message);
    sx_safetensors_done(&file);
    advance_to_end(&b);
    outcome out = outcome_of(&b);
    bench_done(&b);
    unlink(path);
    return out;
}

static void bits_depend_neither_on_threads_nor_on_stops(void **state) {
    (void)state;
    static const char *const settings[] = {"train.average=ema(decay=0.9)", "train.accumulate=2"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        outcome whole = run_whole(settings[i], 1);
        outcome many = run_whole(settings[i], 4), resumed = run_resumed(settings[i], 11 + (int)i);
        assert_true(whole.parameters == many.parameters && whole.results == many.results);
        assert_true(whole.parameters == resumed.parameters && whole.results == resumed.results);
    }
}

/* Vectors of the captions of a class by the parameters, [templates, embed]. */
static void encode(const bench *b, const sx_parameters *parameters, int class, float *vectors) {
    const sx_pairs *p = &b->study->pairs;
    sx_graph *graph = sx_model_text_graph(&b->study->model, p->templates, NULL);
    sx_run *run = sx_run_new(graph, NULL, false, NULL);
    float ids[8 * 24];
    for (int t = 0; t < p->templates; t++) {
        char text[SX_CAPTION];
        sx_caption_class(p->captions, class, t, text);
        sx_caption_ids(p->captions, text, p->facts.context, ids + (ptrdiff_t)t * p->facts.context);
    }
    sx_run_targets(run, ids);
    assert_int_equal(sx_run_predict(run, parameters, NULL, p->templates, vectors, NULL), SX_OK);
    sx_run_free(run);
    sx_graph_free(graph);
}

/* The mean direction of a class's captions is its column, for the averaged parameters too. */
static void columns_are_of_the_parameters_that_are_measured(void **state) {
    (void)state;
    static const char *const settings[] = {NULL, "train.average=ema(decay=0.9)"};
    for (int s = 0; s < 2; s++) {
        bench b;
        bench_open(&b, settings[s], 2);
        for (int step = 5; step <= 15; step += 10) {
            while (advance(&b).step < step) continue;
            const sx_parameters *parameters = sx_study_parameters(b.study);
            const float *head =
                parameters->values + sx_parameters_find(parameters, "head.weight")->offset;
            float vectors[8 * 12];
            encode(&b, parameters, 3, vectors);
            double mean[12] = {0}, length = 0;
            for (int e = 0; e < 12; e++) {
                for (int t = 0; t < b.study->pairs.templates; t++)
                    mean[e] += (double)vectors[t * 12 + e];
                length += mean[e] * mean[e];
            }
            for (int e = 0; e < 12; e++)
                assert_true(fabs((double)head[e * 10 + 3] - mean[e] / sqrt(length)) < 1e-5);
        }
        bench_done(&b);
    }
}

/* The accuracy that a confusion of classes would have if the likeliest caption were the answer. */
static void likeness_is_the_mean_cosine(void **state) {
    (void)state;
    bench b;
    bench_open(&b, NULL, 2);
    while (!b.likeness) advance(&b);
    const sx_grid *g = &b.likeness->grid;
    const sx_evaluation *e = &b.study->evaluation;
    assert_string_equal(b.likeness->split, "validation");
    assert_int_equal(g->rows, 10);
    assert_string_equal(g->row_names[0], "a disc");
    assert_string_equal(g->column_names[0], "disc");
    const sx_parameters *parameters = &b.study->model.parameters;
    double weight = parameters->values[sx_parameters_find(parameters, "scale.weight")->offset];
    for (int said = 0; said < 10; said++) {
        double sum = 0, count = 0;
        for (size_t i = 0; i < e->total; i++) {
            size_t item = sx_evaluation_item(b.study, i);
            if (sx_source_label(b.data->source, SX_SPLIT_VALIDATION, item) != 4) continue;
            sum += (double)e->logits[i * 10 + (size_t)said] / exp(weight);
            count++;
        }
        double value = g->values[said * 10 + 4];
        assert_true(fabs(value - sum / count) < 1e-6 && fabs(value) <= 1);
        assert_true(g->count[said * 10 + 4] == count && count > 5);
        assert_true(g->low[said * 10 + 4] < value && value < g->high[said * 10 + 4]);
        /* logits and probabilities are of the same pictures */
        double odds = (double)e->logits[0] - (double)e->logits[1];
        assert_true(fabs(odds - log((double)e->probabilities[0] / (double)e->probabilities[1])) <
                    1e-3);
    }
    bench_done(&b);
}

static void what_does_not_fit_is_told(void **state) {
    (void)state;
    static const struct {
        const char *more, *sentence;
    } cases[] = {{"model.spec=clip(vocabulary=20)", "say vocabulary="},
                 {"model.spec=clip(context=6)", "say context="},
                 {"train.loss=softmax_cross_entropy", "reads 1 layer, not 2"},
                 {"train.tune=head", "made of texts and never trained"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b;
        sx_error err = {0};
        bench_make(&b, cases[i].more, 0);
        assert_int_equal(try_study(&b, &err), SX_BAD_INPUT);
        if (!strstr(err.message, cases[i].sentence)) fail_msg("%s", err.message);
        bench_done(&b);
    }
    bench b;
    sx_error err = {0};
    sx_study_report report;
    bench_open(&b, "train.augment=mixup", 0);
    assert_int_equal(sx_study_advance(b.study, &report, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "a caption belongs to one picture"));
    bench_done(&b);
}

/* A checkpoint is the same whether or not somebody looked on the way. */
static uint64_t checkpoint_hash(const char *more, bool looks) {
    bench b;
    sx_error err = {0};
    sx_study_state state;
    uint64_t hash = 0;
    bench_open(&b, more, 0);
    while (advance(&b).step < 5)
        if (looks) sx_study_parameters(b.study);
    assert_int_equal(sx_study_save(b.study, &state, &err), SX_OK);
    for (size_t i = 0; i < state.count; i++)
        hash = hash * 31 + sx_hash_bytes(state.tensors[i].values, state.tensors[i].bytes);
    bench_done(&b);
    return hash;
}

static void looking_leaves_no_trace(void **state) {
    (void)state;
    const char *average = "train.average=ema(decay=0.9)";
    assert_true(checkpoint_hash(NULL, true) == checkpoint_hash(NULL, false));
    assert_true(checkpoint_hash(average, true) == checkpoint_hash(average, false));
}

/* Captions say where an object is only if training pictures have it there. */
static void parts_are_called_by_their_class(void **state) {
    (void)state;
    for (int drawn = 0; drawn <= 20; drawn += 20) {
        bench b;
        char more[32], text[SX_CAPTION];
        int places = 0;
        snprintf(more, sizeof more, "data.draw=%d", drawn);
        bench_open(&b, more, 0);
        for (uint64_t i = 0; i < 40; i++) {
            sx_random random = sx_random_from(1, 2, i);
            sx_caption_item(b.study->pairs.captions, SX_SPLIT_TRAIN, i, &random, text);
            places += strstr(text, "in the middle") != NULL;
        }
        assert_true(drawn ? places == 0 : places > 0);
        bench_done(&b);
    }
}

/* Batches of another size, in the middle of a run. */
static void batches_may_grow(void **state) {
    (void)state;
    bench b;
    sx_error err = {0};
    bench_open(&b, "train.batch=2000", 2);
    while (advance(&b).step < 2) continue;
    if (sx_study_command(b.study, "batch", 48, &err)) fail_msg("%s", err.message);
    sx_study_report report = {0};
    while (report.step < 10) report = advance(&b);
    assert_int_equal(report.batch, 48);
    assert_true(report.loss < 2 * log(48));
    bench_done(&b);
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_depend_neither_on_threads_nor_on_stops),
        cmocka_unit_test(columns_are_of_the_parameters_that_are_measured),
        cmocka_unit_test(likeness_is_the_mean_cosine),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(batches_may_grow),
        cmocka_unit_test(looking_leaves_no_trace),
        cmocka_unit_test(parts_are_called_by_their_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
