/* What the last layer reads: for every family, what it makes of it are the network's own logits. */
#include "tests/unit/unit.h"

#include "core/train/train.h"

#include <math.h>
#include <string.h>

#define SIZE 32
#define IMAGES 7
#define CLASSES 5

static void fill(uint8_t *pixels, size_t count) {
    sx_random random = sx_random_from(5, 1, 0);
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)sx_random_below(&random, 256);
}

/* Values that are no initial ones, so that biases and running statistics matter. */
static void disturb(sx_model *model) {
    sx_random random = sx_random_from(9, 2, 0);
    for (size_t i = 0; i < model->parameters.size; i++)
        model->parameters.values[i] += 0.02f * (1 + sx_random_uniform(&random));
}

static void assert_head(const sx_extractor *e, const float *features, const float *logits) {
    const float *weights, *biases;
    int length = sx_extractor_length(e);
    sx_extractor_head(e, &weights, &biases);
    for (int i = 0; i < IMAGES; i++)
        for (int c = 0; c < CLASSES; c++) {
            double sum = (double)biases[c];
            for (int k = 0; k < length; k++)
                sum += (double)features[i * length + k] * (double)weights[k * CLASSES + c];
            double wanted = (double)logits[i * CLASSES + c];
            assert_true(fabs(sum - wanted) < 1e-4 * fmax(1, fabs(wanted)));
        }
}

static void extract(const char *spec, int length, int threads) {
    static uint8_t pixels[IMAGES * SIZE * SIZE * 3];
    static float features[IMAGES * SIZE * SIZE * 3], logits[IMAGES * CLASSES],
        alone[IMAGES * CLASSES];
    sx_error err = {0};
    sx_model model;
    sx_pool *pool = sx_pool_new(threads, &err);
    if (sx_model_new(spec, SIZE, SIZE, 3, CLASSES, 3, &model, &err)) fail_msg("%s", err.message);
    disturb(&model);
    sx_extractor *e = sx_extractor_new(&model, 3, &sx_normalisation_usual, pool, &err);
    if (!e) fail_msg("%s: %s", spec, err.message);
    assert_int_equal(sx_extractor_length(e), length);
    fill(pixels, sizeof pixels);
    memset(features, 0xff, sizeof features);
    assert_int_equal(sx_extractor_bytes(e, pixels, IMAGES, features, logits, &err), SX_OK);
    assert_head(e, features, logits);
    sx_evaluator *evaluator = sx_evaluator_new(&model, IMAGES, NULL, &err);
    float probabilities[IMAGES * CLASSES];
    sx_evaluator_logits(evaluator, alone);
    assert_int_equal(sx_evaluator_bytes(evaluator, pixels, IMAGES, probabilities, &err), SX_OK);
    assert_memory_equal(logits, alone, sizeof alone);
    sx_evaluator_free(evaluator);
    sx_extractor_free(e);
    sx_model_done(&model);
    sx_pool_free(pool);
}

static void every_family_gives_what_its_last_layer_reads(void **state) {
    (void)state;
    static const struct {
        const char *spec;
        int length;
    } cases[] = {{"mlp(depth=0)", SIZE * SIZE * 3},
                 {"mlp(width=20, depth=2, dropout=0.3)", 20},
                 {"cnn(width=4, depth=2, dropout=0.3)", 8},
                 {"cnn(width=4, depth=2, norm=none, hidden=24)", 24},
                 {"cnn(width=4, depth=2, norm=none)", 8},
                 {"resnet(width=8)", 32},
                 {"resnet(width=8, norm=group)", 32},
                 {"vit(dim=16, depth=2, heads=2, patch=8)", 16},
                 {"vit(dim=16, depth=2, heads=2, patch=8, pool=mean)", 16}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int threads = 1; threads <= 2; threads++)
            extract(cases[i].spec, cases[i].length, threads);
}

static void a_network_without_a_dense_end_is_refused(void **state) {
    (void)state;
    sx_error err = {0};
    sx_graph *graph = sx_graph_new(1, 8, 8, 3);
    sx_node x =
        sx_graph_convolution(graph, sx_graph_input(graph), "conv",
                             (sx_convolution){.channels = CLASSES, .kernel = 1, .stride = 1});
    assert_int_equal(sx_graph_finish(graph, sx_graph_global_average_pool(graph, x), &err), SX_OK);
    sx_last_layer last;
    assert_int_equal(sx_graph_last_layer(graph, &last, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "ends with 'global_average_pool'"));
    sx_graph_free(graph);
}

/* conv 3x3x16, ReLU, pool, conv 3x3x32, ReLU, pool, dense 64, ReLU, head. */
static void the_small_network_has_the_layers_of_its_protocol(void **state) {
    (void)state;
    sx_error err = {0};
    sx_model model;
    assert_int_equal(sx_model_new("cnn(width=16, depth=2, norm=none, hidden=64)", 28, 28, 3, 10, 0,
                                  &model, &err),
                     SX_OK);
    static const struct {
        const char *name;
        size_t count;
    } slices[] = {{"block1.conv.weight", 432},  {"block1.conv.bias", 16},
                  {"block2.conv.weight", 4608}, {"block2.conv.bias", 32},
                  {"hidden.weight", 1568 * 64}, {"hidden.bias", 64},
                  {"classifier.weight", 640},   {"classifier.bias", 10}};
    assert_int_equal(model.parameters.count, sizeof slices / sizeof *slices);
    for (int i = 0; i < model.parameters.count; i++) {
        assert_string_equal(model.parameters.slices[i].name, slices[i].name);
        assert_int_equal(model.parameters.slices[i].count, slices[i].count);
    }
    sx_model_done(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_gives_what_its_last_layer_reads),
        cmocka_unit_test(a_network_without_a_dense_end_is_refused),
        cmocka_unit_test(the_small_network_has_the_layers_of_its_protocol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
