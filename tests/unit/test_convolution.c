/* Convolutions of all kinds against their plain loops, over odd shapes. */
#include "tests/unit/graph_unit.h"

/* `normed`: a batch norm and a ReLU follow, which prediction folds in. */
static void check_layer(int height, int width, int channels, const char *operation,
                        const char *options, bool normed) {
    sx_graph *graph = sx_graph_new(3, height, width, 2);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                     (sx_convolution){channels, 1, 1, 0, true});
    sx_node y = layer(graph, x, operation, "tested", options);
    if (normed) y = sx_graph_batch_norm(graph, y, "norm");
    y = sx_graph_relu(graph, y);
    sx_node end = sx_graph_dense(graph, y, "end", 3);
    if (normed) end = sx_graph_add(graph, end, sx_graph_dense(graph, x, "beside", 3));
    check(graph, end);
}

static void dilated_and_grouped_equal_plain_loops(void **state) {
    (void)state;
    static const char *const options[] = {
        "channels=12, kernel=3, dilation=2",
        "channels=12, kernel=3, dilation=3, stride=2, padding=4",
        "channels=12, kernel=2, dilation=2, padding=0, groups=2",
        "channels=24, kernel=3, groups=4, bias=no",
        "channels=12, kernel=1, groups=3, padding=0",
        "channels=36, kernel=3, stride=2, padding=1, groups=12",
        "channels=12, kernel=5, groups=12, stride=3, padding=2",
        "channels=12, kernel=3, groups=12, dilation=2, bias=no",
    };
    static const int sides[][2] = {{5, 7}, {8, 6}, {3, 11}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        for (int side = 0; side < 3; side++)
            check_layer(sides[side][0], sides[side][1], 12, "convolution", options[i],
                        (i + (size_t)side) % 2);
}

static void wide_groups_equal_plain_loops(void **state) {
    (void)state;
    check_layer(4, 5, 70, "convolution", "channels=68, kernel=3, groups=2", true);
    check_layer(4, 5, 37, "convolution", "channels=37, kernel=3, groups=37", true);
}

static void standardised_equal_plain_loops(void **state) {
    (void)state;
    check_layer(5, 7, 6, "convolution", "channels=10, kernel=3, standardise=yes", false);
    check_layer(5, 7, 6, "convolution",
                "channels=17, kernel=3, stride=2, padding=1, standardise=yes", true);
    check_layer(5, 7, 6, "convolution", "channels=6, kernel=3, groups=3, standardise=yes", true);
    check_layer(5, 7, 6, "convolution", "channels=6, kernel=3, groups=6, standardise=yes", false);
}

static void transposed_equal_plain_loops(void **state) {
    (void)state;
    static const char *const options[] = {
        "channels=5, kernel=4, stride=2, padding=1",
        "channels=17, kernel=3, stride=2, padding=1, output_padding=1",
        "channels=3, kernel=3, stride=1, padding=0, bias=no",
        "channels=33, kernel=5, stride=3, padding=2",
        "channels=4, kernel=2, stride=3, padding=0, output_padding=2",
        "channels=2, kernel=3, stride=1, padding=2",
    };
    static const int sides[][2] = {{3, 5}, {4, 4}, {7, 3}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        for (int side = 0; side < 3; side++)
            check_layer(sides[side][0], sides[side][1], side ? 6 : 35, "transposed_convolution",
                        options[i], (i + (size_t)side) % 2);
}

static sx_graph *winograd_graph(int height, int width, int in, int out, bool bias, sx_node *end) {
    sx_graph *graph = sx_graph_new(11, height, width, 2);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                     (sx_convolution){in, 1, 1, 0, true});
    sx_node y = sx_graph_convolution(graph, x, "tested", (sx_convolution){out, 3, 1, 1, bias});
    y = sx_graph_relu(graph, bias ? y : sx_graph_batch_norm(graph, y, "norm"));
    *end = sx_graph_dense(graph, y, "end", 3);
    if (bias) *end = sx_graph_add(graph, *end, sx_graph_dense(graph, x, "beside", 3));
    return graph;
}

static void winograd_equals_plain_loops(void **state) {
    (void)state;
    static const int forms[][4] = {
        {4, 4, 16, 16}, {7, 7, 16, 48}, {14, 14, 32, 16}, {8, 9, 48, 64}, {12, 7, 80, 32}};
    for (int i = 0; i < 5; i++)
        for (int bias = 0; bias < 2; bias++) {
            sx_node end;
            sx_graph *graph =
                winograd_graph(forms[i][0], forms[i][1], forms[i][2], forms[i][3], bias, &end);
            network net = make_network(graph, end);
            assert_ptr_equal(graph->nodes[2].op, &sx_operator_winograd);
            check_training(&net);
            check_prediction(&net);
            free_network(&net);
        }
}

static void winograd_can_be_switched_off(void **state) {
    (void)state;
    float *gradients[2];
    size_t size = 0;
    for (int direct = 0; direct < 2; direct++) {
        sx_node end;
        sx_graph *graph = winograd_graph(12, 12, 32, 32, true, &end);
        sx_graph_direct(graph, direct);
        network net = make_network(graph, end);
        assert_ptr_equal(graph->nodes[2].op,
                         direct ? &sx_operator_convolution : &sx_operator_winograd);
        sx_run *run = sx_run_new(graph, NULL, true, NULL);
        sx_run_report report;
        size = net.parameters.size;
        gradients[direct] = sx_alloc(size, sizeof(float));
        assert_int_equal(sx_run_train(run, &net.parameters, net.images, net.labels, 3, 4,
                                      gradients[direct], &report),
                         SX_OK);
        sx_run_free(run);
        free_network(&net);
    }
    double difference = 0, norm = 0;
    for (size_t i = 0; i < size; i++) {
        double d = (double)gradients[0][i] - (double)gradients[1][i];
        difference += d * d;
        norm += (double)gradients[1][i] * (double)gradients[1][i];
    }
    assert_true(difference > 0 && sqrt(difference / norm) < 1e-5);
    sx_free(gradients[0]);
    sx_free(gradients[1]);
}

static void expect_error(const char *operation, const char *options, const char *sentence) {
    sx_graph *graph = sx_graph_new(1, 4, 4, 6);
    sx_node y = layer(graph, sx_graph_input(graph), operation, "tested", options);
    sx_error err = {0};
    assert_int_equal(sx_graph_finish_with(graph, y, "huber", &err), SX_BAD_INPUT);
    if (!strstr(err.message, sentence)) fail_msg("'%s' lacks '%s'", err.message, sentence);
    sx_graph_free(graph);
}

static void wrong_convolutions_are_told(void **state) {
    (void)state;
    expect_error("convolution", "channels=8, groups=4", "4 groups do not divide 6 input and 8");
    expect_error("convolution", "dilation=4, padding=0", "too small for a 3 x 3 kernel");
    expect_error("transposed_convolution", "kernel=2, padding=2", "padding must be below");
    expect_error("transposed_convolution", "output_padding=2", "below the stride");
}

static void bits_do_not_depend_on_threads(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(13, 6, 6, 16);
    sx_node x = layer(graph, sx_graph_input(graph), "convolution", "wide", "channels=16");
    x = layer(graph, x, "convolution", "narrow", "channels=8");
    x = layer(graph, x, "convolution", "a", "channels=8, groups=8, standardise=yes");
    x = layer(graph, x, "convolution", "b", "channels=8, dilation=2, groups=2");
    x = layer(graph, x, "transposed_convolution", "c", "channels=4");
    check_threads(graph, sx_graph_dense(graph, x, "end", 3));
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dilated_and_grouped_equal_plain_loops),
        cmocka_unit_test(wide_groups_equal_plain_loops),
        cmocka_unit_test(standardised_equal_plain_loops),
        cmocka_unit_test(transposed_equal_plain_loops),
        cmocka_unit_test(winograd_equals_plain_loops),
        cmocka_unit_test(winograd_can_be_switched_off),
        cmocka_unit_test(wrong_convolutions_are_told),
        cmocka_unit_test(bits_do_not_depend_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
