/* The slope of outputs by the images, of every family: against finite differences of the plain
 * loops in double precision, equal bits at any number of threads, and stopped by the flag. */
#include "tests/unit/unit.h"

#include "core/graph/internal.h"
#include "core/model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 3, SIDE = 12, CLASSES = 4, IMAGE = SIDE * SIDE * 3, PIXELS = 24 };
#define STEP (1.0f / 4096)

static const char *const specs[] = {
    "mlp(width=40, depth=2, dropout=0.2)",
    "cnn(width=6, depth=2, dropout=0.3)",
    "resnet(depth=8, width=5)",
    "resnet-imagenet(depth=10, width=4)",
    "bit(depth=14, base=4, groups=2)",
    "vit(dim=24, depth=2, heads=3, patch=4, dropout=0.1)",
    "vit(dim=24, depth=2, heads=3, patch=4, pool=mean, norms=after)",
    "clip(dim=24, depth=1, heads=3, patch=4, embed=10, text_dim=8, text_depth=1, text_heads=2, "
    "vocabulary=12, context=5)",
};
enum { SPECS = sizeof specs / sizeof *specs };

typedef struct {
    sx_model model;
    sx_graph *graph;
    float images[BATCH * IMAGE], weights[BATCH * CLASSES], slope[BATCH * IMAGE];
} bench;

static void bench_init(bench *b, const char *spec, const char *tune) {
    sx_error err = {0};
    sx_random random = sx_random_from(2, 3, 4);
    if (sx_model_new(spec, SIDE, SIDE, 3, CLASSES, 1, &b->model, &err)) fail_msg("%s", err.message);
    if (sx_model_tune(&b->model, tune, &err)) fail_msg("%s", err.message);
    const sx_parameters *parameters = &b->model.parameters;
    for (int s = 0; s < parameters->count; s++) /* statistics that are not 0 and 1 */
        for (size_t i = 0; i < parameters->slices[s].count && !parameters->slices[s].decayed; i++)
            parameters->values[parameters->slices[s].offset + i] +=
                0.5f * sx_random_uniform(&random);
    b->graph = sx_model_slope_graph(&b->model, BATCH, &err);
    assert_non_null(b->graph);
    for (int i = 0; i < BATCH * IMAGE; i++) b->images[i] = sx_random_normal(&random);
    for (int i = 0; i < BATCH * CLASSES; i++) b->weights[i] = sx_random_normal(&random);
}

static void bench_done(bench *b) {
    sx_graph_free(b->graph);
    sx_model_done(&b->model);
}

static void differentiate(bench *b, int threads) {
    sx_error err = {0};
    sx_pool *pool = sx_pool_new(threads, &err);
    sx_run *run = sx_run_new(b->graph, pool, true, &err);
    assert_non_null(run);
    unsigned long before = sx_alloc_count();
    if (sx_run_differentiate(run, &b->model.parameters, b->images, b->weights, b->slope, &err))
        fail_msg("%s", err.message);
    assert_true(sx_alloc_count() == before);
    sx_run_free(run);
    sx_pool_free(pool);
}

/* The weighted sum of the outputs, by the plain loops. */
static double value_of(const bench *b, const double *parameters) {
    sx_reference reference;
    double sum = 0;
    assert_true(sx_reference_run(b->graph, parameters, &(sx_reference_inputs){.images = b->images},
                                 &reference));
    for (int i = 0; i < BATCH * CLASSES; i++)
        sum += (double)b->weights[i] * reference.value[b->graph->logits][i];
    sx_reference_done(&reference);
    return sum;
}

static double difference_at(bench *b, const double *parameters, int pixel) {
    float x = b->images[pixel], low = x - STEP, high = x + STEP;
    b->images[pixel] = high;
    double above = value_of(b, parameters);
    b->images[pixel] = low;
    double below = value_of(b, parameters);
    b->images[pixel] = x;
    return (above - below) / ((double)high - (double)low);
}

static void check_spec(const char *spec, const char *tune) {
    static bench b;
    bench_init(&b, spec, tune);
    differentiate(&b, 2);
    double *parameters = sx_alloc(b.model.parameters.size, sizeof *parameters);
    assert_non_null(parameters);
    for (size_t i = 0; i < b.model.parameters.size; i++)
        parameters[i] = (double)b.model.parameters.values[i];
    double scale = 0;
    for (int i = 0; i < BATCH * IMAGE; i++) scale += fabs((double)b.slope[i]) / (BATCH * IMAGE);
    assert_true(scale > 0);
    for (int k = 0; k < PIXELS; k++) {
        int pixel = k * (BATCH * IMAGE / PIXELS) + k;
        double expected = difference_at(&b, parameters, pixel), got = (double)b.slope[pixel];
        if (fabs(got - expected) > 2e-3 * (scale + fabs(expected)))
            fail_msg("%s, pixel %d: %g, not %g", spec, pixel, got, expected);
    }
    sx_free(parameters);
    bench_done(&b);
}

static void slopes_equal_finite_differences(void **state) {
    (void)state;
    for (int s = 0; s < SPECS; s++) check_spec(specs[s], "all");
}

/* What is held fast in training passes slopes on all the same. */
static void held_layers_let_slopes_through(void **state) {
    (void)state;
    check_spec("cnn(width=6, depth=2, dropout=0.3)", "head");
    check_spec("resnet(depth=8, width=5)", "last(1)");
    check_spec("vit(dim=24, depth=2, heads=3, patch=4, dropout=0.1)", "head");
}

/* A loss may compare other layers than the last, which it then does not reach. */
static void the_loss_may_read_other_layers(void **state) {
    (void)state;
    static const char layers[] = "[model]\nloss = contrastive\nloss_inputs = a, b\n"
                                 "[stem]\nlayer = convolution\nchannels = 3\nkernel = 3\n"
                                 "[a]\nlayer = dense\nunits = 5\n"
                                 "[b]\nlayer = dense\ninputs = stem\nunits = 5\n"
                                 "[end]\nlayer = dense\ninputs = a\nunits = classes\n";
    char path[64];
    snprintf(path, sizeof path, "/tmp/sextant-slope-%d.ini", (int)getpid());
    assert_int_equal(sx_file_write(path, layers, strlen(layers), NULL), SX_OK);
    check_spec(path, "all");
    unlink(path);
}

static void bits_do_not_depend_on_threads(void **state) {
    static bench b;
    static float first[BATCH * IMAGE];
    (void)state;
    for (int s = 0; s < SPECS; s++) {
        bench_init(&b, specs[s], "all");
        differentiate(&b, 1);
        memcpy(first, b.slope, sizeof first);
        differentiate(&b, 3);
        assert_memory_equal(first, b.slope, sizeof first);
        bench_done(&b);
    }
}

/* Statistics stay as they were, and a training afterwards is a training. */
static void nothing_is_learned_by_it(void **state) {
    static bench b;
    static const int32_t labels[BATCH] = {0, 1, 2};
    sx_error err = {0};
    sx_run_report report[2];
    (void)state;
    bench_init(&b, "cnn(width=6, depth=2, dropout=0.3)", "all");
    size_t bytes = b.model.parameters.size * sizeof(float);
    float *before = sx_alloc(bytes, 1), *gradient = sx_alloc(2 * bytes, 1);
    assert_true(before && gradient);
    memcpy(before, b.model.parameters.values, bytes);
    sx_run *run = sx_run_new(b.graph, NULL, true, &err);
    assert_non_null(run);
    for (int turn = 0; turn < 2; turn++) {
        sx_parameters *p = &b.model.parameters;
        assert_int_equal(sx_run_train(run, p, b.images, labels, 1, 1,
                                      gradient + turn * (ptrdiff_t)p->size, &report[turn]),
                         SX_OK);
        memcpy(p->values, before, bytes);
        assert_int_equal(sx_run_differentiate(run, p, b.images, b.weights, b.slope, &err), SX_OK);
        assert_memory_equal(p->values, before, bytes);
    }
    assert_true(report[0].loss == report[1].loss);
    assert_memory_equal(gradient, gradient + b.model.parameters.size, bytes);
    sx_run_free(run);
    sx_free(before);
    sx_free(gradient);
    bench_done(&b);
}

static void the_flag_stops_it(void **state) {
    static bench b;
    sx_error err = {0};
    atomic_bool stop = true;
    (void)state;
    bench_init(&b, "cnn(width=6, depth=2)", "all");
    sx_run *run = sx_run_new(b.graph, NULL, true, &err), *other;
    sx_run_stop_flag(run, &stop);
    assert_int_equal(
        sx_run_differentiate(run, &b.model.parameters, b.images, b.weights, b.slope, &err),
        SX_CANCELLED);
    sx_graph *plain = sx_model_graph(&b.model, BATCH, &err);
    other = sx_run_new(plain, NULL, true, &err);
    assert_int_equal(
        sx_run_differentiate(other, &b.model.parameters, b.images, b.weights, b.slope, &err),
        SX_BAD_INPUT);
    sx_run_free(run);
    sx_run_free(other);
    sx_graph_free(plain);
    bench_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slopes_equal_finite_differences),
        cmocka_unit_test(held_layers_let_slopes_through),
        cmocka_unit_test(the_loss_may_read_other_layers),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(nothing_is_learned_by_it),
        cmocka_unit_test(the_flag_stops_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
