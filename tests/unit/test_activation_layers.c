/* Activations as layers: fast against plain loops, forward and backward, over odd shapes; the plain
 * loops' slopes against their own differences. */
#include "tests/unit/graph_unit.h"

static const char *const layers[][2] = {
    {"leaky_relu", "slope=0.2"},
    {"leaky_relu", ""},
    {"gelu", ""},
    {"gelu", "form=tanh"},
    {"gelu", "form=quick"},
    {"sigmoid", ""},
    {"tanh", ""},
    {"silu", ""},
    {"softmax", ""},
    {"log_softmax", ""},
};
#define LAYERS (sizeof layers / sizeof *layers)

static sx_node tested_layer(sx_graph *graph, size_t which, sx_node x) {
    return sx_graph_layer(graph, layers[which][0], &x, 1, "tested", layers[which][1]);
}

/* The convolutions give both sides a halo; `shared`: their input's gradient has a share already. */
static network make_layer(size_t which, int side, int channels, bool shared) {
    sx_graph *graph = sx_graph_new(5, side, side + 2, 2);
    sx_node below = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                         (sx_convolution){channels, 3, 1, -1, true});
    sx_node x = tested_layer(graph, which, below);
    if (shared) x = sx_graph_add(graph, below, x);
    x = sx_graph_convolution(graph, x, "above", (sx_convolution){3, 3, 1, -1, true});
    if (shared)
        x = sx_graph_add(
            graph, x,
            sx_graph_convolution(graph, below, "beside", (sx_convolution){3, 3, 1, -1, true}));
    return make_network(graph, sx_graph_dense(graph, x, "end", 3));
}

static void layers_equal_plain_loops(void **state) {
    (void)state;
    static const int forms[][2] = {{1, 1}, {3, 5}, {4, 17}, {2, 70}};
    for (size_t which = 0; which < LAYERS; which++)
        for (int form = 0; form < 8; form++) {
            network net = make_layer(which, forms[form % 4][0], forms[form % 4][1], form / 4);
            check_training(&net);
            check_prediction(&net);
            free_network(&net);
        }
}

/* Nothing below them is trained: there is no gradient to write to. */
static void layers_stand_on_the_images(void **state) {
    (void)state;
    for (size_t which = 0; which < LAYERS; which++) {
        sx_graph *graph = sx_graph_new(9, 4, 3, 5);
        sx_node x = tested_layer(graph, which, sx_graph_input(graph));
        network net = make_network(graph, sx_graph_dense(graph, x, "end", 3));
        check_training(&net);
        check_prediction(&net);
        free_network(&net);
    }
}

/* They may be what a graph ends with. */
static void layers_end_graphs(void **state) {
    (void)state;
    for (size_t which = 0; which < LAYERS; which++) {
        sx_graph *graph = sx_graph_new(3, 1, 1, 6);
        sx_node x = sx_graph_dense(graph, sx_graph_input(graph), "first", 7);
        network net = make_network(graph, tested_layer(graph, which, x));
        check_training(&net);
        check_prediction(&net);
        free_network(&net);
    }
}

static double reference_loss(const network *net, const double *parameters) {
    sx_reference reference;
    assert_true(sx_reference_run(net->graph, parameters,
                                 &(sx_reference_inputs){net->images, net->labels, NULL, 3, 4},
                                 &reference));
    double loss = reference.loss;
    sx_reference_done(&reference);
    return loss;
}

static void check_differences(const network *net, const char *what) {
    double *parameters = double_parameters(net), step = 1e-5;
    sx_reference reference;
    assert_true(sx_reference_run(net->graph, parameters,
                                 &(sx_reference_inputs){net->images, net->labels, NULL, 3, 4},
                                 &reference));
    const sx_slice *slice = sx_parameters_find(&net->parameters, "below.weight");
    for (size_t at = slice->offset; at < slice->offset + slice->count; at += 5) {
        double kept = parameters[at];
        parameters[at] = kept + step;
        double above = reference_loss(net, parameters);
        parameters[at] = kept - step;
        double expected = (above - reference_loss(net, parameters)) / (2 * step);
        parameters[at] = kept;
        if (fabs(expected - reference.gradient[at]) > 1e-7 + 1e-4 * fabs(expected))
            fail_msg("%s at %zu: %g, not %g", what, at, reference.gradient[at], expected);
    }
    sx_reference_done(&reference);
    sx_free(parameters);
}

static void plain_slopes_equal_differences(void **state) {
    (void)state;
    for (size_t which = 0; which < LAYERS; which++) {
        network net = make_layer(which, 3, 5, false);
        check_differences(&net, layers[which][0]);
        free_network(&net);
    }
}

/* From the definitions, to all digits of a double. */
static void layers_have_known_values(void **state) {
    (void)state;
    static const double expected[LAYERS][2] = {
        {-0.2, 2},
        {-0.01, 2},
        {-0.15865525393145705, 1.9544997361036416},
        {-0.15880800939172324, 1.9545976940877752},
        {-0.1542042340671787, 1.9356586231442083},
        {0.2689414213699951, 0.8807970779778823},
        {-0.7615941559557649, 0.9640275800758169},
        {-0.2689414213699951, 1.7615941559557646},
        {0.04742587317756678, 0.9525741268224334},
        {-3.048587351573742, -0.04858735157374206},
    };
    static const float images[2] = {-1, 2};
    for (size_t which = 0; which < LAYERS; which++) {
        sx_graph *graph = sx_graph_new(1, 1, 1, 2);
        network net = make_network(graph, tested_layer(graph, which, sx_graph_input(graph)));
        sx_run *run = sx_run_new(graph, NULL, false, NULL);
        float y[2];
        assert_int_equal(sx_run_predict(run, &net.parameters, images, 1, y, NULL), SX_OK);
        for (int i = 0; i < 2; i++)
            if (!(fabs((double)y[i] - expected[which][i]) < 4e-7))
                fail_msg("%s(%s): %.9g, not %.9g", layers[which][0], layers[which][1], (double)y[i],
                         expected[which][i]);
        sx_run_free(run);
        free_network(&net);
    }
}

static void expect_error(const char *operation, const char *options, const char *sentence) {
    sx_graph *graph = sx_graph_new(1, 1, 1, 2);
    sx_node x = sx_graph_input(graph);
    sx_error err = {0};
    x = sx_graph_layer(graph, operation, &x, 1, "layer", options);
    assert_int_equal(sx_graph_finish(graph, x, &err), SX_BAD_INPUT);
    if (!strstr(err.message, sentence)) fail_msg("'%s' lacks '%s'", err.message, sentence);
    sx_graph_free(graph);
}

static void options_are_checked(void **state) {
    (void)state;
    expect_error("leaky_relu", "slope=-1", "slope");
    expect_error("gelu", "form=fast", "form");
    expect_error("sigmoid", "slope=1", "slope");
    expect_error("soft_max", "", "did you mean 'softmax'?");
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_equal_plain_loops),
        cmocka_unit_test(layers_stand_on_the_images),
        cmocka_unit_test(layers_end_graphs),
        cmocka_unit_test(plain_slopes_equal_differences),
        cmocka_unit_test(layers_have_known_values),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
