/* The registry: specs, sizes, and parameters to a file and back. */
#include "tests/unit/unit.h"

#include "core/model/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void models_have_their_layers(void **state) {
    (void)state;
    sx_model model;
    sx_error err = {0};
    assert_int_equal(sx_model_new("cnn(width=16, depth=3)", 32, 32, 3, 10, 1, &model, &err), SX_OK);
    size_t convolutions = 9 * (3 * 16 + 16 * 32 + 32 * 64), norms = 2 * (16 + 32 + 64);
    assert_int_equal(sx_model_trained(&model), convolutions + norms + 650);
    const sx_slice *slice = sx_parameters_find(&model.parameters, "block2.conv.weight");
    assert_non_null(slice);
    assert_int_equal(slice->rank, 4);
    assert_int_equal(slice->sizes[2], 16);
    assert_int_equal(slice->sizes[3], 32);
    assert_true(slice->decayed && slice->trained);
    slice = sx_parameters_find(&model.parameters, "block3.norm.running_var");
    assert_false(slice->trained);
    assert_null(sx_parameters_find(&model.parameters, "block1.conv.bias"));
    sx_model_done(&model);
    assert_int_equal(
        sx_model_new("mlp(width=20, depth=1, dropout=0.5)", 4, 4, 1, 3, 1, &model, &err), SX_OK);
    assert_int_equal(sx_model_trained(&model), 16 * 20 + 20 + 63);
    sx_model_done(&model);
    assert_int_equal(sx_model_new("mlp(depth=0)", 4, 4, 1, 3, 1, &model, &err), SX_OK);
    assert_int_equal(sx_model_trained(&model), 51);
    sx_model_done(&model);
}

static void bad_specs_are_told(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"cn", "did you mean 'cnn'"},
        {"mpl(width=3)", "did you mean 'mlp'"},
        {"cnn(widht=3)", "did you mean 'width'"},
        {"cnn(width=0)", "must be from 1 to 1024"},
        {"cnn(depth=1.5)", "whole number"},
        {"cnn(width=16", "bracket"},
        {"mlp(dropout=1)", "from 0 to 0.95"},
        {"cnn(depth=4)", "max_pool: an image of 1 x 1 pixels is too small"},
        {"mlp(width=8192, depth=16)", "million parameters"},
        {"", "NAME"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sx_model model;
        sx_error err = {0};
        int side = i == 8 ? 256 : 12;
        assert_int_equal(sx_model_new(rows[i][0], side, side, 3, 10, 1, &model, &err),
                         SX_BAD_INPUT);
        if (!strstr(err.message, rows[i][1])) fail_msg("%s: %s", rows[i][0], err.message);
        sx_model_done(&model);
    }
}

static void bad_sizes_are_told(void **state) {
    (void)state;
    sx_model model;
    sx_error err = {0};
    char spec[400];
    memset(spec, 'x', sizeof spec);
    spec[399] = 0;
    assert_int_equal(sx_model_new(spec, 8, 8, 1, 2, 1, &model, &err), SX_BAD_INPUT);
    assert_int_equal(sx_model_new("mlp", 8, 8, 1, 1, 1, &model, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "classes"));
    assert_int_equal(sx_model_new("mlp", 0, 8, 1, 2, 1, &model, &err), SX_BAD_INPUT);
    assert_int_equal(sx_model_new("mlp", 8, 8, 1, 2, 1, &model, NULL), SX_OK);
    assert_null(sx_model_graph(&model, 0, &err));
    assert_non_null(strstr(err.message, "batch of 0"));
    sx_model_done(&model);
}

static void every_kind_builds_with_its_defaults(void **state) {
    (void)state;
    int row = 0;
    for (const sx_model_kind *kind; (kind = sx_model_kind_at(row)); row++) {
        sx_model model;
        sx_error err = {0};
        assert_true(strlen(kind->help) > 10);
        const sx_model_size size = {28, 28, 1, 10}; /* without values: the largest have gigabytes */
        assert_int_equal(sx_model_lay_out(kind->name, &size, &model, &err), SX_OK);
        sx_graph *graph = sx_model_graph(&model, 3, &err);
        assert_non_null(graph);
        assert_int_equal(sx_graph_classes(graph), 10);
        sx_graph_free(graph);
        sx_model_done(&model);
    }
    assert_true(row >= 4);
    assert_null(sx_model_kind_at(-1));
}

/* Predictions after writing and reading are the same bits. */
static void parameters_survive_a_file(void **state) {
    (void)state;
    char path[] = "/tmp/sextant-model-XXXXXX";
    close(mkstemp(path));
    sx_error err = {0};
    sx_model model, copy;
    sx_safetensors file;
    sx_safetensor tensors[64];
    const char *spec = "cnn(width=5, depth=2, dropout=0.2)";
    assert_int_equal(sx_model_new(spec, 9, 8, 3, 4, 1, &model, &err), SX_OK);
    assert_int_equal(sx_model_new(spec, 9, 8, 3, 4, 2, &copy, &err), SX_OK);
    sx_model_tensors(&model, tensors);
    assert_int_equal(tensors[0].rank, 4);
    assert_int_equal(tensors[0].sizes[3], 5);
    assert_int_equal(
        sx_safetensors_write(path, tensors, (size_t)model.parameters.count, NULL, 0, &err), SX_OK);
    assert_int_equal(sx_safetensors_read(path, 1 << 20, &file, &err), SX_OK);
    assert_int_equal(sx_model_load(&copy, &file, &err), SX_OK);
    assert_memory_equal(copy.parameters.values, model.parameters.values,
                        model.parameters.size * sizeof(float));
    sx_model_done(&copy);
    static const struct {
        const char *spec, *words;
    } others[] = {{"cnn(width=6, depth=2)", "another shape"}, {"mlp", "no tensor 'layer1.weight'"}};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sx_model_new(others[i].spec, 9, 8, 3, 4, 2, &copy, &err), SX_OK);
        float first = copy.parameters.values[0];
        assert_int_equal(sx_model_load(&copy, &file, &err), SX_BAD_INPUT);
        assert_non_null(strstr(err.message, others[i].words));
        assert_true(copy.parameters.values[0] == first);
        sx_model_done(&copy);
    }
    sx_safetensors_done(&file);
    sx_model_done(&model);
    unlink(path);
}

/* Predicts one image; the sums of Winograd's algorithm are rounded otherwise. */
static void predict(const sx_model *model, float logits[4]) {
    float *image = sx_alloc((size_t)32 * 32 * 3, sizeof *image);
    sx_random random = sx_random_from(1, 2, 3);
    for (int i = 0; i < 32 * 32 * 3; i++) image[i] = sx_random_normal(&random);
    sx_graph *graph = sx_model_graph(model, 1, NULL);
    sx_run *run = sx_run_new(graph, NULL, false, NULL);
    assert_int_equal(sx_run_predict(run, &model->parameters, image, 1, logits, NULL), SX_OK);
    sx_run_free(run);
    sx_graph_free(graph);
    sx_free(image);
}

static void winograd_can_be_switched_off(void **state) {
    (void)state;
    sx_model model;
    float fast[4], direct[4];
    assert_int_equal(sx_model_new("cnn(width=16, depth=2)", 32, 32, 3, 4, 1, &model, NULL), SX_OK);
    predict(&model, fast);
    model.direct = true;
    predict(&model, direct);
    assert_memory_not_equal(fast, direct, sizeof fast);
    for (int i = 0; i < 4; i++) assert_true(fabsf(fast[i] - direct[i]) < 1e-3f);
    sx_model_done(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_have_their_layers),
        cmocka_unit_test(bad_specs_are_told),
        cmocka_unit_test(bad_sizes_are_told),
        cmocka_unit_test(every_kind_builds_with_its_defaults),
        cmocka_unit_test(parameters_survive_a_file),
        cmocka_unit_test(winograd_can_be_switched_off),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
