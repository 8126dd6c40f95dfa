/* Norms of single images, and operators of transformers, against their plain loops. */
#include "tests/unit/graph_unit.h"

/* `haloed`: a convolution reads the input and the output of the tested layer. */
static void check_layer(int height, int width, int channels, const char *operation,
                        const char *options, bool haloed) {
    sx_graph *graph = sx_graph_new(5, height, width, 2);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                     (sx_convolution){channels, 1, 1, 0, true});
    sx_node y = layer(graph, x, operation, "tested", options);
    if (haloed) { /* they share no shape, so each has an end of its own */
        sx_node a = sx_graph_convolution(graph, x, "a", (sx_convolution){3, 3, 1, -1, true});
        sx_node b = sx_graph_convolution(graph, y, "b", (sx_convolution){3, 3, 1, -1, true});
        y = sx_graph_add(graph, sx_graph_dense(graph, a, "enda", 4),
                         sx_graph_dense(graph, b, "endb", 4));
    }
    check(graph, sx_graph_dense(graph, y, "end", 3));
}

static void linear_equals_plain_loops(void **state) {
    (void)state;
    static const int channels[] = {1, 5, 16, 33, 70};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            char options[32];
            snprintf(options, sizeof options, "units=%d", channels[j]);
            check_layer(1, 7 + j, channels[i], "linear", options, false);
            check_layer(3, 4, channels[i], "linear", options, true);
        }
}

/* Weights too many for a share of each chunk. */
static void wide_linear_equals_plain_loops(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(9, 1, 2, 2);
    sx_node x = layer(graph, sx_graph_input(graph), "linear", "below", "units=520");
    x = sx_graph_relu(graph, layer(graph, x, "linear", "tested", "units=700"));
    check(graph, sx_graph_dense(graph, x, "end", 2));
}

static void layer_norm_equals_plain_loops(void **state) {
    (void)state;
    static const int channels[] = {3, 8, 16, 17, 31, 50, 64};
    for (int i = 0; i < 7; i++) {
        check_layer(1, 5, channels[i], "layer_norm", "", false);
        check_layer(4, 3, channels[i], "layer_norm", "", true);
    }
}

static void group_norm_equals_plain_loops(void **state) {
    (void)state;
    static const int channels[] = {4, 8, 16, 36, 64};
    static const char *const options[] = {"groups=1", "groups=2", "groups=4"};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 3; j++) {
            check_layer(5, 4, channels[i], "group_norm", options[j], j == 1);
            check_layer(4, 7, channels[i], "instance_norm", "", j == 2);
        }
}

static void attention_equals_plain_loops(void **state) {
    (void)state;
    static const struct {
        int height, width, channels;
        const char *options;
    } cases[] = {{1, 1, 6, "heads=1"},   {1, 5, 12, "heads=2"}, {3, 3, 36, "heads=3"},
                 {1, 33, 48, "heads=1"}, {2, 9, 96, "heads=2"}, {1, 17, 36, "heads=4, causal=yes"},
                 {1, 4, 210, "heads=2"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_layer(cases[i].height, cases[i].width, cases[i].channels, "attention",
                    cases[i].options, false);
}

static void tokens_equal_plain_loops(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        check_layer(1 + i, 5, 3 + 14 * i, "class_token", "", i == 1);
        check_layer(4 - i, 3, 3 + 14 * i, "position", "", i == 1);
        check_layer(1, 5, 3 + 14 * i, "position", "length=7", i == 1);
        check_layer(4, 3, 3 + 14 * i, "position", "along=height", i == 1);
        check_layer(3, 4, 3 + 14 * i, "position", "along=width", i == 1);
        check_layer(3, 4, 5, "slice", "axis=channels, from=2, count=3", i == 1);
        check_layer(3, 4, 16, "slice", "axis=width, from=1, count=2", i == 1);
        check_layer(3, 4, 7, "slice", "axis=height, from=2", i == 1);
    }
}

/* A token's output does not change with what comes after it. */
static void causal_attention_looks_back(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(1, 1, 6, 12);
    sx_node x = layer(graph, sx_graph_input(graph), "attention", "a", "heads=2, causal=yes");
    sx_error err = {0};
    if (sx_graph_finish_with(graph, x, "mean_squared_error", &err)) fail_msg("%s", err.message);
    sx_parameters parameters;
    assert_int_equal(sx_parameters_new(graph, 1, &parameters, &err), SX_OK);
    sx_run *run = sx_run_new(graph, NULL, false, &err);
    float images[72], first[24], second[24];
    sx_random random = sx_random_from(1, 2, 3);
    for (int i = 0; i < 72; i++) images[i] = sx_random_normal(&random);
    sx_run_predict(run, &parameters, images, 1, first, &err);
    for (int i = 48; i < 72; i++) images[i] += 1;
    sx_run_predict(run, &parameters, images, 1, second, &err);
    assert_memory_equal(first, second, 16 * sizeof(float));
    assert_memory_not_equal(first + 16, second + 16, 4 * sizeof(float));
    sx_run_free(run);
    sx_parameters_done(&parameters);
    sx_graph_free(graph);
}

static void wrong_attention_is_refused(void **state) {
    (void)state;
    sx_error err = {0};
    sx_graph *graph = sx_graph_new(1, 2, 2, 10);
    sx_node x = layer(graph, sx_graph_input(graph), "attention", "look", "heads=2");
    assert_int_equal(sx_graph_finish(graph, x, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "look: 10 channels are no queries"));
    sx_graph_free(graph);
    graph = sx_graph_new(1, 4, 4, 12);
    x = layer(graph, sx_graph_input(graph), "attention", "look", "heads=2");
    x = sx_graph_convolution(graph, x, "c", (sx_convolution){4, 3, 1, -1, true});
    x = sx_graph_dense(graph, x, "end", 3);
    assert_int_equal(sx_graph_finish(graph, x, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "look: a convolution reads"));
    sx_graph_free(graph);
}

static void bits_do_not_depend_on_threads(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(13, 4, 5, 3);
    sx_node x = layer(graph, sx_graph_input(graph), "linear", "embed", "units=24");
    sx_node y = layer(graph, layer(graph, x, "layer_norm", "n", ""), "linear", "qkv", "units=72");
    x = sx_graph_add(graph, x, layer(graph, y, "attention", "a", "heads=2"));
    check_threads(graph, sx_graph_dense(graph, x, "end", 3));
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_equals_plain_loops),
        cmocka_unit_test(wide_linear_equals_plain_loops),
        cmocka_unit_test(layer_norm_equals_plain_loops),
        cmocka_unit_test(group_norm_equals_plain_loops),
        cmocka_unit_test(attention_equals_plain_loops),
        cmocka_unit_test(tokens_equal_plain_loops),
        cmocka_unit_test(causal_attention_looks_back),
        cmocka_unit_test(wrong_attention_is_refused),
        cmocka_unit_test(bits_do_not_depend_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
