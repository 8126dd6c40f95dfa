/* Losses against their plain loops, with labels and with targets; and layers by name. */
#include "tests/unit/graph_unit.h"

/* Soft targets: positive, each image's sum 1. */
static void make_targets(network *net, bool soft) {
    size_t batch = (size_t)net->graph->batch, size = sx_graph_output_size(net->graph);
    net->targets = sx_alloc(batch * size, sizeof(float));
    assert_non_null(net->targets);
    sx_random random = sx_random_from(8, 9, 10);
    for (size_t i = 0; i < batch; i++) {
        float sum = 0, *row = net->targets + i * size;
        for (size_t j = 0; j < size; j++) sum += row[j] = sx_random_uniform(&random);
        for (size_t j = 0; soft && j < size; j++) row[j] /= sum;
    }
}

static network end_with(sx_graph *graph, sx_node x, const char *loss) {
    network net = {.graph = graph};
    sx_error err = {0};
    if (sx_graph_finish_with(graph, x, loss, &err)) fail_msg("%s", err.message);
    assert_int_equal(sx_parameters_new(graph, 11, &net.parameters, &err), SX_OK);
    fill_network(&net);
    return net;
}

static void check_loss(const char *loss, bool targets, bool vector) {
    sx_graph *graph = sx_graph_new(5, 6, 7, 2);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                     (sx_convolution){3, 3, 1, -1, true});
    network net = end_with(graph, vector ? sx_graph_dense(graph, x, "end", 4) : x, loss);
    if (targets) make_targets(&net, vector);
    check_training(&net);
    free_network(&net);
}

static void losses_equal_plain_loops(void **state) {
    (void)state;
    static const char *const specs[] = {
        "softmax_cross_entropy", "softmax_cross_entropy(smoothing=0.2)", "binary_cross_entropy",
        "mean_squared_error", "huber(delta=0.3)"};
    for (int i = 0; i < 5; i++) {
        check_loss(specs[i], false, true);
        check_loss(specs[i], true, true);
        if (i >= 2) check_loss(specs[i], true, false);
    }
}

/* ln 4 for even logits, whatever the smoothing; 0.5 d^2 and delta (d - delta / 2) by hand. */
static void losses_have_known_values(void **state) {
    (void)state;
    static const struct {
        const char *spec;
        double loss;
    } cases[] = {{"softmax_cross_entropy", 1.3862943611198906},
                 {"softmax_cross_entropy(smoothing=0.5)", 1.3862943611198906},
                 {"binary_cross_entropy", 0.6931471805599453},
                 {"mean_squared_error", 0.25},
                 {"huber", 0.125},
                 {"huber(delta=0.5)", 0.09375}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sx_graph *graph = sx_graph_new(3, 2, 2, 1);
        sx_node x = sx_graph_dense(graph, sx_graph_input(graph), "end", 4);
        network net = end_with(graph, x, cases[i].spec);
        memset(net.parameters.values, 0, net.parameters.size * sizeof(float));
        sx_run *run = sx_run_new(graph, NULL, true, NULL);
        sx_run_report report;
        assert_int_equal(
            sx_run_train(run, &net.parameters, net.images, net.labels, 0, 0, net.gradient, &report),
            SX_OK);
        if (fabs(report.loss - cases[i].loss) > 1e-6)
            fail_msg("%s: %g, not %g", cases[i].spec, report.loss, cases[i].loss);
        sx_run_free(run);
        free_network(&net);
    }
}

static void expect_error(const char *operation, int inputs, const char *options, const char *loss,
                         const char *sentence) {
    sx_graph *graph = sx_graph_new(1, 4, 4, 1);
    sx_node x[3] = {0, 0, 0};
    sx_node y = sx_graph_layer(graph, operation, x, inputs, "layer", options);
    sx_error err = {0};
    assert_int_equal(sx_graph_finish_with(graph, y, loss, &err), SX_BAD_INPUT);
    if (!strstr(err.message, sentence)) fail_msg("'%s' lacks '%s'", err.message, sentence);
    sx_graph_free(graph);
}

static void layers_by_name_are_checked(void **state) {
    (void)state;
    expect_error("rely", 1, "", "huber", "layer: unknown operator 'rely'; did you mean 'relu'?");
    expect_error("huber", 1, "", "huber", "unknown operator 'huber'");
    expect_error("relu", 2, "", "huber", "relu reads 1 layer, not 2");
    expect_error("add", 1, "", "huber", "add reads 2 layers, not 1");
    expect_error("relu", 1, "slope=2", "huber", "slope");
    expect_error("relu", 1, "", "hubris", "unknown loss 'hubris'; did you mean 'huber'?");
    expect_error("relu", 1, "", "relu", "unknown loss 'relu'");
    expect_error("relu", 1, "", "huber(delta=-1)", "delta");
    expect_error("dropout", 1, "rate=2", "huber", "rate");
}

static void layers_by_name_take_their_options(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(2, 9, 9, 3);
    sx_node x = sx_graph_input(graph);
    x = sx_graph_layer(graph, "convolution", &x, 1, "a", "channels=7, kernel=3, stride=2");
    x = sx_graph_layer(graph, "max_pool", &x, 1, NULL, "kernel=2, stride=1");
    x = sx_graph_layer(graph, "dense", &x, 1, "b", "units=5");
    x = sx_graph_layer(graph, "dropout", &x, 1, NULL, "rate=0.25");
    sx_error err = {0};
    if (sx_graph_finish(graph, x, &err)) fail_msg("%s", err.message);
    assert_int_equal(graph->nodes[1].out.channels, 7);
    assert_int_equal(graph->nodes[1].out.height, 5);
    assert_int_equal(graph->nodes[2].out.height, 4);
    assert_int_equal(graph->nodes[3].out.channels, 5);
    assert_true(graph->nodes[4].rate == 0.25);
    sx_graph_free(graph);
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_equal_plain_loops),
        cmocka_unit_test(losses_have_known_values),
        cmocka_unit_test(layers_by_name_are_checked),
        cmocka_unit_test(layers_by_name_take_their_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
