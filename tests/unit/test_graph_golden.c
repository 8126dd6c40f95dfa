/* A small network against PyTorch: predictions, gradients, and three steps of gradient descent.
 * tests/reference/make_graph_golden.py writes the values and builds the same network. */
#include "tests/unit/graph_unit.h"

#include "core/format/safetensors.h"

enum { BATCH = 12, SIDE = 11, CLASSES = 5, TRAINING_STEPS = 3 };

static sx_safetensors golden;

static int read_golden(void **state) {
    (void)state;
    sx_error err = {0};
    return sx_safetensors_read(SX_SOURCE "/tests/data/graph/golden.safetensors", 1 << 20, &golden,
                               &err);
}

static int free_golden(void **state) {
    (void)state;
    sx_safetensors_done(&golden);
    return 0;
}

static const float *tensor(const char *prefix, const char *name, size_t count) {
    char full[128];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const sx_safetensor *found = sx_safetensors_find(&golden, full);
    if (!found || found->bytes != count * sizeof(float)) fail_msg("golden values of %s", full);
    return found->values;
}

static sx_graph *build(void) {
    sx_graph *graph = sx_graph_new(BATCH, SIDE, SIDE, 3);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "a",
                                     (sx_convolution){6, 3, 1, -1, false});
    x = sx_graph_max_pool(graph, sx_graph_relu(graph, sx_graph_batch_norm(graph, x, "n")), 2, 2);
    sx_node b = sx_graph_convolution(graph, x, "b", (sx_convolution){10, 5, 2, 2, true});
    sx_node c = sx_graph_convolution(graph, x, "c", (sx_convolution){10, 1, 2, 0, true});
    x = sx_graph_relu(graph, sx_graph_batch_norm(graph, sx_graph_add(graph, b, c), "m"));
    sx_node flat = sx_graph_dense(graph, sx_graph_average_pool(graph, x, 1, 1), "d", 16);
    sx_node whole = sx_graph_dense(graph, sx_graph_global_average_pool(graph, x), "e", 16);
    x = sx_graph_relu(graph, sx_graph_add(graph, flat, whole));
    sx_error err = {0};
    if (sx_graph_finish(graph, sx_graph_dense(graph, x, "end", CLASSES), &err))
        fail_msg("%s", err.message);
    return graph;
}

static void compare(const char *what, const float *got, const float *expected, size_t count,
                    double tolerance) {
    double scale = 0;
    for (size_t i = 0; i < count; i++) scale += (double)expected[i] * expected[i];
    scale = sqrt(scale / (double)count) + 1e-3; /* a bias before a batch norm has gradient 0 */
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - expected[i]) <= tolerance * scale))
            fail_msg("%s: %s at %zu: %g, not %g", sx_tensor_isa(), what, i, (double)got[i],
                     (double)expected[i]);
}

static void load(sx_parameters *parameters) {
    for (int i = 0; i < parameters->count; i++) {
        const sx_slice *slice = &parameters->slices[i];
        memcpy(parameters->values + slice->offset, tensor("start/", slice->name, slice->count),
               slice->count * sizeof(float));
    }
}

static void compare_logits(sx_run *run, const sx_parameters *parameters, const char *when) {
    float logits[BATCH * CLASSES];
    const float *images = tensor("", "images", BATCH * SIDE * SIDE * 3);
    assert_int_equal(sx_run_predict(run, parameters, images, BATCH, logits, NULL), SX_OK);
    compare(when, logits, tensor("logits/", when, BATCH * CLASSES), BATCH * CLASSES, 5e-5);
}

static void compare_first_gradient(const sx_parameters *parameters, const float *gradient) {
    for (int i = 0; i < parameters->count; i++) {
        const sx_slice *slice = &parameters->slices[i];
        if (slice->trained)
            compare(slice->name, gradient + slice->offset,
                    tensor("gradient/", slice->name, slice->count), slice->count, 5e-5);
    }
}

static void train_as_pytorch_does(sx_run *run, sx_parameters *parameters) {
    float *gradient = sx_alloc(parameters->size, sizeof *gradient);
    int32_t labels[BATCH];
    for (int i = 0; i < BATCH; i++) labels[i] = (int32_t)tensor("", "labels", BATCH)[i];
    for (int step = 0; step < TRAINING_STEPS; step++) {
        sx_run_report report;
        assert_int_equal(sx_run_train(run, parameters,
                                      tensor("", "images", BATCH * SIDE * SIDE * 3), labels, 0,
                                      step, gradient, &report),
                         SX_OK);
        assert_true(fabs(report.loss - tensor("", "losses", TRAINING_STEPS)[step]) < 2e-5);
        assert_true(report.right == (int)tensor("", "right", TRAINING_STEPS)[step]);
        if (step == 0) compare_first_gradient(parameters, gradient);
        sx_flat_add_scaled(parameters->values, gradient, -0.1f, parameters->size);
    }
    sx_free(gradient);
}

static void training_equals_pytorch(void **state) {
    (void)state;
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        sx_graph *graph = build();
        sx_parameters parameters;
        assert_int_equal(sx_parameters_new(graph, 1, &parameters, NULL), SX_OK);
        sx_run *run = sx_run_new(graph, NULL, true, NULL);
        load(&parameters);
        compare_logits(run, &parameters, "start");
        train_as_pytorch_does(run, &parameters);
        for (int i = 0; i < parameters.count; i++) {
            const sx_slice *slice = &parameters.slices[i];
            compare(slice->name, parameters.values + slice->offset,
                    tensor("after/", slice->name, slice->count), slice->count, 5e-5);
        }
        compare_logits(run, &parameters, "after");
        sx_run_free(run);
        sx_parameters_done(&parameters);
        sx_graph_free(graph);
    }
    sx_tensor_force(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(training_equals_pytorch)};
    return cmocka_run_group_tests_name("graph golden", tests, read_golden, free_golden);
}
