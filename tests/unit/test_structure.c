/* Operators that join, cut, reshape and combine layers, against their plain loops. */
#include "tests/unit/graph_unit.h"

/* The tested layer between convolutions, so that its input and output have halos if asked for, and
 * its input is read twice. */
static void check_layer(int height, int width, int channels, const char *operation,
                        const char *options, bool haloed) {
    sx_graph *graph = sx_graph_new(5, height, width, 2);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                     (sx_convolution){channels, 1, 1, 0, true});
    sx_node y = layer(graph, x, operation, "tested", options);
    sx_node end = sx_graph_dense(graph, y, "end", 3);
    if (haloed) {
        sx_node a = sx_graph_convolution(graph, x, "a", (sx_convolution){3, 3, 1, -1, true});
        sx_node b = sx_graph_convolution(graph, y, "b", (sx_convolution){3, 3, 1, -1, true});
        end = sx_graph_add(graph, sx_graph_dense(graph, a, "end2", 3),
                           sx_graph_dense(graph, b, "end3", 3));
    }
    check(graph, end);
}

static void unary_layers_equal_plain_loops(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"square", ""},
                                          {"absolute", ""},
                                          {"negate", ""},
                                          {"exp", ""},
                                          {"scale", "factor=-2.5, shift=0.25"},
                                          {"flatten", ""},
                                          {"reshape", "height=2, width=3, channels=0"},
                                          {"stochastic_depth", "rate=0.4"},
                                          {"attention_pool", ""},
                                          {"upsample", "factor=3"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int haloed = 0; haloed < 2; haloed++) {
            check_layer(4, 3, 5, rows[i][0], rows[i][1], haloed);
            check_layer(2, 3, 18, rows[i][0], rows[i][1], haloed);
        }
}

static void reductions_equal_plain_loops(void **state) {
    (void)state;
    static const char *const kinds[] = {"sum", "mean", "max", "min"};
    static const char *const overs[] = {"channels", "space", "all"};
    for (int kind = 0; kind < 4; kind++)
        for (int over = 0; over < 3; over++) {
            char options[64];
            snprintf(options, sizeof options, "kind=%s, over=%s", kinds[kind], overs[over]);
            check_layer(3, 4, 5, "reduce", options, kind % 2);
            check_layer(1, 1, 7, "reduce", options, kind % 2 == 0);
        }
}

/* `gate`: the second is spread over the first's pixels. */
static void check_pair(const char *operation, bool gate, bool haloed) {
    sx_graph *graph = sx_graph_new(4, 5, 3, 2);
    sx_node below = sx_graph_input(graph);
    sx_node x[2];
    for (int k = 0; k < 2; k++)
        x[k] =
            sx_graph_convolution(graph, below, k ? "b" : "a", (sx_convolution){17, 3, 1, -1, true});
    if (gate) x[1] = sx_graph_global_average_pool(graph, x[1]);
    if (strcmp(operation, "divide") == 0) x[1] = layer(graph, x[1], "exp", "positive", "");
    sx_node y = sx_graph_layer(graph, operation, x, 2, "tested", "");
    if (haloed) y = sx_graph_convolution(graph, y, "on", (sx_convolution){3, 3, 1, -1, true});
    sx_node end = sx_graph_dense(graph, y, "end", 3);
    if (haloed) end = sx_graph_add(graph, end, sx_graph_dense(graph, x[1], "end2", 3));
    check(graph, end);
}

static void pairs_equal_plain_loops(void **state) {
    (void)state;
    static const char *const operations[] = {"subtract", "multiply", "divide", "maximum",
                                             "minimum"};
    for (int i = 0; i < 5; i++)
        for (int variant = 0; variant < 4; variant++)
            check_pair(operations[i], variant & 1, variant & 2);
}

/* One layer as both inputs. */
static void a_layer_may_be_read_twice(void **state) {
    (void)state;
    static const char *const operations[] = {"multiply", "subtract", "concat", "add"};
    for (int i = 0; i < 4; i++) {
        sx_graph *graph = sx_graph_new(3, 4, 4, 2);
        sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                         (sx_convolution){6, 3, 1, -1, true});
        sx_node twice[] = {x, x};
        x = sx_graph_layer(graph, operations[i], twice, 2, "tested", "");
        check(graph, sx_graph_dense(graph, x, "end", 3));
    }
}

static void joined_layers_equal_plain_loops(void **state) {
    (void)state;
    static const char *const axes[] = {"axis=channels", "axis=height", "axis=width"};
    for (int axis = 0; axis < 3; axis++)
        for (int count = 2; count <= 4; count++) {
            sx_graph *graph = sx_graph_new(3, 4, 5, 2);
            sx_node x[4];
            for (int k = 0; k < count; k++) {
                char name[16];
                snprintf(name, sizeof name, "in%d", k);
                int channels = axis == 0 ? 3 + 8 * k : 5;
                x[k] = sx_graph_convolution(graph, sx_graph_input(graph), name,
                                            (sx_convolution){channels, 3, 1, -1, true});
            }
            sx_node y = sx_graph_layer(graph, "concat", x, count, "tested", axes[axis]);
            y = sx_graph_convolution(graph, y, "on", (sx_convolution){4, 3, 1, -1, true});
            sx_node end = sx_graph_dense(graph, y, "end", 3);
            check(graph, sx_graph_add(graph, end, sx_graph_dense(graph, x[1], "end2", 3)));
        }
}

static void embeddings_equal_plain_loops(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(7, 3, 4, 1);
    sx_node x = layer(graph, sx_graph_input(graph), "scale", NULL, "factor=20, shift=18");
    x = layer(graph, x, "embedding", "tested", "entries=37, channels=5");
    check(graph, sx_graph_dense(graph, x, "end", 3));
}

static void expect_error(const char *operation, int inputs, const char *options,
                         const char *sentence) {
    sx_graph *graph = sx_graph_new(1, 4, 4, 3);
    sx_node x = sx_graph_input(graph);
    sx_node two[] = {x, sx_graph_max_pool(graph, x, 2, 2)};
    sx_node y = sx_graph_layer(graph, operation, two, inputs, "tested", options);
    sx_error err = {0};
    assert_int_equal(sx_graph_finish_with(graph, y, "huber", &err), SX_BAD_INPUT);
    if (!strstr(err.message, sentence)) fail_msg("'%s' lacks '%s'", err.message, sentence);
    sx_graph_free(graph);
}

static void wrong_shapes_are_told(void **state) {
    (void)state;
    expect_error("multiply", 2, "", "tested: 4 x 4 x 3 and 2 x 2 x 3: the second must");
    expect_error("concat", 2, "", "layer 2 is 2 x 2 x 3");
    expect_error("reshape", 1, "height=5", "cannot become 5 x 1 x 0");
    expect_error("reshape", 1, "height=0, width=0", "at most one side 0");
    expect_error("embedding", 1, "", "reads one channel of numbers, not 3");
    expect_error("slice", 1, "from=2, count=2", "2 from 2 on are more than the 3 there are");
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unary_layers_equal_plain_loops),
        cmocka_unit_test(reductions_equal_plain_loops),
        cmocka_unit_test(pairs_equal_plain_loops),
        cmocka_unit_test(a_layer_may_be_read_twice),
        cmocka_unit_test(joined_layers_equal_plain_loops),
        cmocka_unit_test(embeddings_equal_plain_loops),
        cmocka_unit_test(wrong_shapes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
