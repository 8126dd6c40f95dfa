/* Running graphs: equal bits whatever the threads, no allocation, stopping, running statistics,
 * shared memory, and the sentences of what cannot be built. */
#include "tests/unit/graph_unit.h"

#include <pthread.h>

/* Convolution, batch norm, pooling, dropout, dense: everything that sums over the batch. */
static sx_graph *mixed(int batch, sx_node *logits) {
    sx_graph *graph = sx_graph_new(batch, 12, 12, 3);
    if (!graph) return NULL;
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "a",
                                     (sx_convolution){10, 3, 1, -1, true});
    x = sx_graph_max_pool(graph, sx_graph_relu(graph, sx_graph_batch_norm(graph, x, "n")), 2, 2);
    x = sx_graph_convolution(graph, x, "b", (sx_convolution){20, 3, 2, 1, false});
    x = sx_graph_relu(graph, sx_graph_batch_norm(graph, x, "m"));
    x = sx_graph_dropout(graph, sx_graph_average_pool(graph, x, 2, 1), 0.3);
    x = sx_graph_relu(graph, sx_graph_dense(graph, x, "d", 40));
    *logits = sx_graph_dense(graph, x, "end", 10);
    return graph;
}

static network mixed_network(int batch) {
    sx_node logits;
    sx_graph *graph = mixed(batch, &logits);
    return make_network(graph, logits);
}

enum { STEPS = 5 };

static void train(network *net, sx_run *run, double *losses) {
    for (int step = 0; step < STEPS; step++) {
        sx_run_report report;
        assert_int_equal(sx_run_train(run, &net->parameters, net->images, net->labels, 9, step,
                                      net->gradient, &report),
                         SX_OK);
        losses[step] = report.loss;
        sx_flat_add_scaled(net->parameters.values, net->gradient, -0.05f, net->parameters.size);
    }
}

static void bits_do_not_depend_on_threads(void **state) {
    (void)state;
    float *first = NULL, logits[1][67 * 10], seen[67 * 10];
    double losses[STEPS], expected[STEPS];
    for (int threads = 1; threads <= 4; threads++) {
        network net = mixed_network(67);
        sx_pool *pool = sx_pool_new(threads, NULL);
        sx_run *run = sx_run_new(net.graph, pool, true, NULL);
        size_t bytes = net.parameters.size * sizeof *first;
        assert_non_null(run);
        train(&net, run, losses);
        sx_run_predict(run, &net.parameters, net.images, 67, seen, NULL);
        if (threads == 1) {
            first = sx_alloc(bytes, 1);
            memcpy(first, net.parameters.values, bytes);
            memcpy(expected, losses, sizeof losses);
            memcpy(logits, seen, sizeof seen);
        }
        assert_memory_equal(first, net.parameters.values, bytes);
        assert_memory_equal(expected, losses, sizeof losses);
        assert_memory_equal(logits, seen, sizeof seen);
        sx_run_free(run);
        sx_pool_free(pool);
        free_network(&net);
    }
    assert_true(expected[STEPS - 1] < expected[0]);
    sx_free(first);
}

/* An image's logits are the same bits alone and in company, in any kind of run. */
static void predictions_do_not_depend_on_the_batch(void **state) {
    (void)state;
    network net = mixed_network(40), one = mixed_network(1);
    float many[40 * 10], single[10];
    sx_run *trained = sx_run_new(net.graph, NULL, true, NULL);
    sx_run *run = sx_run_new(net.graph, NULL, false, NULL);
    sx_run *alone = sx_run_new(one.graph, NULL, false, NULL);
    double losses[STEPS];
    train(&net, trained, losses);
    sx_run_predict(run, &net.parameters, net.images, 40, many, NULL);
    for (int i = 0; i < 40; i++) {
        const float *image = net.images + (size_t)i * net.image_size;
        sx_run_predict(alone, &net.parameters, image, 1, single, NULL);
        assert_memory_equal(single, many + 10 * i, sizeof single);
        sx_run_predict(trained, &net.parameters, image, 1, single, NULL);
        assert_memory_equal(single, many + 10 * i, sizeof single);
    }
    sx_run_free(trained);
    sx_run_free(run);
    sx_run_free(alone);
    free_network(&net);
    free_network(&one);
}

/* Prediction between steps leaves no trace in training. */
static void predictions_do_not_disturb_training(void **state) {
    (void)state;
    float *first = NULL, logits[20 * 10];
    for (int disturbed = 0; disturbed < 2; disturbed++) {
        network net = mixed_network(20);
        sx_run *run = sx_run_new(net.graph, NULL, true, NULL);
        double losses[STEPS];
        train(&net, run, losses);
        if (disturbed) sx_run_predict(run, &net.parameters, net.images, 20, logits, NULL);
        train(&net, run, losses);
        size_t bytes = net.parameters.size * sizeof *first;
        if (!first)
            first = memcpy(sx_alloc(bytes, 1), net.parameters.values, bytes);
        else
            assert_memory_equal(first, net.parameters.values, bytes);
        sx_run_free(run);
        free_network(&net);
    }
    sx_free(first);
}

static void nothing_is_allocated_while_running(void **state) {
    (void)state;
    network net = mixed_network(16);
    sx_pool *pool = sx_pool_new(2, NULL);
    sx_run *run = sx_run_new(net.graph, pool, true, NULL);
    double losses[STEPS];
    float logits[16 * 10];
    unsigned long before = sx_alloc_count();
    train(&net, run, losses);
    sx_run_predict(run, &net.parameters, net.images, 16, logits, NULL);
    assert_int_equal(sx_alloc_count(), before);
    sx_run_free(run);
    sx_pool_free(pool);
    free_network(&net);
}

static void running_statistics_follow_the_batch(void **state) {
    (void)state;
    enum { BATCH = 6, PIXELS = 4 };
    sx_graph *graph = sx_graph_new(BATCH, 2, 2, 1);
    sx_node x = sx_graph_batch_norm(graph, sx_graph_input(graph), "norm");
    network net = make_network(graph, sx_graph_dense(graph, x, "end", 2));
    float *mean =
        net.parameters.values + sx_parameters_find(&net.parameters, "norm.running_mean")->offset;
    float *variance =
        net.parameters.values + sx_parameters_find(&net.parameters, "norm.running_var")->offset;
    *mean = 2;
    *variance = 3;
    double m = 0, v = 0, n = BATCH * PIXELS;
    for (int i = 0; i < BATCH * PIXELS; i++) m += net.images[i] / n;
    for (int i = 0; i < BATCH * PIXELS; i++) v += pow(net.images[i] - m, 2) / (n - 1);
    sx_run *run = sx_run_new(graph, NULL, true, NULL);
    sx_run_report report;
    sx_run_train(run, &net.parameters, net.images, net.labels, 0, 0, net.gradient, &report);
    assert_true(fabs(*mean - (1.8 + 0.1 * m)) < 1e-6);
    assert_true(fabs(*variance - (2.7 + 0.1 * v)) < 1e-6);
    sx_run_free(run);
    free_network(&net);
}

static void right_predictions_are_counted(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(4, 1, 1, 3);
    network net = make_network(graph, sx_graph_dense(graph, sx_graph_input(graph), "end", 3));
    const float images[] = {1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, NAN};
    memset(net.parameters.values, 0, net.parameters.size * sizeof(float));
    for (int i = 0; i < 3; i++) net.parameters.values[i * 3 + i] = 5;
    const int32_t labels[] = {0, 2, 0, 0}; /* right, wrong, a tie: lowest index, not a number */
    sx_run *run = sx_run_new(graph, NULL, true, NULL);
    sx_run_report report;
    sx_run_train(run, &net.parameters, images, labels, 0, 0, net.gradient, &report);
    assert_int_equal(report.right, 2);
    assert_true(isnan(report.loss));
    sx_run_free(run);
    free_network(&net);
}

/* ---- stopping -------------------------------------------------------------------------------- */

static void a_stopped_run_changes_nothing(void **state) {
    (void)state;
    network net = mixed_network(16);
    sx_run *run = sx_run_new(net.graph, NULL, true, NULL);
    atomic_bool stop = true;
    sx_run_report report;
    float logits[160];
    size_t bytes = net.parameters.size * sizeof(float);
    float *before = memcpy(sx_alloc(bytes, 1), net.parameters.values, bytes);
    sx_run_stop_flag(run, &stop);
    assert_int_equal(
        sx_run_train(run, &net.parameters, net.images, net.labels, 0, 0, net.gradient, &report),
        SX_CANCELLED);
    assert_int_equal(sx_run_predict(run, &net.parameters, net.images, 16, logits, NULL),
                     SX_CANCELLED);
    assert_memory_equal(before, net.parameters.values, bytes);
    stop = false;
    assert_int_equal(
        sx_run_train(run, &net.parameters, net.images, net.labels, 0, 0, net.gradient, &report),
        SX_OK);
    assert_memory_not_equal(before, net.parameters.values, bytes);
    sx_free(before);
    sx_run_free(run);
    free_network(&net);
}

typedef struct {
    atomic_bool stop;
    atomic_int rounds;
} stopper;

static void *stop_after_some_rounds(void *argument) {
    stopper *s = argument;
    while (atomic_load(&s->rounds) < 3) sched_yield();
    for (volatile int i = 0; i < 20000; i++) {
    }
    atomic_store(&s->stop, true);
    return NULL;
}

/* Stopped from another thread, wherever it happens to be. */
static void a_run_stopped_halfway_leaves_the_statistics(void **state) {
    (void)state;
    network net = mixed_network(64);
    sx_pool *pool = sx_pool_new(2, NULL);
    sx_run *run = sx_run_new(net.graph, pool, true, NULL);
    stopper s = {0};
    pthread_t thread;
    size_t bytes = net.parameters.size * sizeof(float);
    float *before = sx_alloc(bytes, 1);
    sx_status status = SX_OK;
    sx_run_stop_flag(run, &s.stop);
    assert_int_equal(pthread_create(&thread, NULL, stop_after_some_rounds, &s), 0);
    while (!status) {
        sx_run_report report;
        memcpy(before, net.parameters.values, bytes);
        status =
            sx_run_train(run, &net.parameters, net.images, net.labels, 0, 0, net.gradient, &report);
        atomic_fetch_add(&s.rounds, 1);
    }
    assert_int_equal(status, SX_CANCELLED);
    assert_memory_equal(before, net.parameters.values, bytes);
    pthread_join(thread, NULL);
    sx_free(before);
    sx_run_free(run);
    sx_pool_free(pool);
    free_network(&net);
}

/* Two threads, two runs, one graph, the same parameters. */
static void *predict_in_thread(void *argument) {
    const network *net = argument;
    float *logits = sx_alloc(24 * 10, sizeof *logits);
    sx_run *run = sx_run_new(net->graph, NULL, false, NULL);
    for (int i = 0; i < 5; i++)
        sx_run_predict(run, &net->parameters, net->images, 24, logits, NULL);
    sx_run_free(run);
    return logits;
}

static void two_threads_run_one_graph(void **state) {
    (void)state;
    network net = mixed_network(24);
    pthread_t threads[2];
    void *logits[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, predict_in_thread, &net), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], &logits[i]);
    assert_memory_equal(logits[0], logits[1], 24 * 10 * sizeof(float));
    sx_free(logits[0]);
    sx_free(logits[1]);
    free_network(&net);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void wrong_arguments_are_refused(void **state) {
    (void)state;
    network net = mixed_network(4);
    sx_error err = {0};
    sx_run_report report;
    float logits[50];
    sx_run *run = sx_run_new(net.graph, NULL, false, &err);
    assert_int_equal(
        sx_run_train(run, &net.parameters, net.images, net.labels, 0, 0, net.gradient, &report),
        SX_BAD_INPUT);
    assert_int_equal(sx_run_predict(run, &net.parameters, net.images, 5, logits, &err),
                     SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "at most 4"));
    sx_parameters other = {.size = 3};
    assert_int_equal(sx_run_predict(run, &other, net.images, 4, logits, &err), SX_BAD_INPUT);
    sx_run_free(run);
    run = sx_run_new(net.graph, NULL, true, &err);
    for (int32_t label = -1; label <= 10; label += 11) {
        net.labels[3] = label;
        assert_int_equal(
            sx_run_train(run, &net.parameters, net.images, net.labels, 0, 0, net.gradient, &report),
            SX_BAD_INPUT);
    }
    sx_run_free(run);
    free_network(&net);
}

typedef sx_node (*mistake)(sx_graph *graph, sx_node input);

static sx_node pool_too_large(sx_graph *graph, sx_node x) {
    return sx_graph_max_pool(graph, x, 9, 1);
}
static sx_node kernel_too_large(sx_graph *graph, sx_node x) {
    return sx_graph_convolution(graph, x, "c", (sx_convolution){4, 9, 1, 0, false});
}
static sx_node same_with_even_kernel(sx_graph *graph, sx_node x) {
    return sx_graph_convolution(graph, x, "c", (sx_convolution){4, 2, 1, -1, false});
}
static sx_node no_channels(sx_graph *graph, sx_node x) {
    return sx_graph_convolution(graph, x, "c", (sx_convolution){0, 3, 1, -1, false});
}
static sx_node no_stride(sx_graph *graph, sx_node x) {
    return sx_graph_convolution(graph, x, "c", (sx_convolution){1, 3, 0, -1, false});
}
static sx_node padding_too_wide(sx_graph *graph, sx_node x) {
    return sx_graph_convolution(graph, x, "c", (sx_convolution){1, 3, 1, 3, false});
}
static sx_node shapes_differ(sx_graph *graph, sx_node x) {
    return sx_graph_add(graph, x, sx_graph_max_pool(graph, x, 2, 2));
}
static sx_node rate_of_one(sx_graph *graph, sx_node x) {
    return sx_graph_dropout(graph, x, 1);
}
static sx_node no_units(sx_graph *graph, sx_node x) {
    return sx_graph_dense(graph, x, "d", 0);
}
static sx_node name_twice(sx_graph *graph, sx_node x) {
    return sx_graph_batch_norm(graph, sx_graph_batch_norm(graph, x, "n"), "n");
}
static sx_node too_many_parameters(sx_graph *graph, sx_node x) {
    return sx_graph_dense(graph, sx_graph_dense(graph, x, "d", 60000), "e", 60000);
}
static sx_node too_many_units(sx_graph *graph, sx_node x) {
    return sx_graph_dense(graph, x, "d", 1000000);
}
static sx_node unknown_node(sx_graph *graph, sx_node x) {
    return sx_graph_relu(graph, x + 5);
}
static sx_node image_as_logits(sx_graph *graph, sx_node x) {
    return sx_graph_relu(graph, x);
}

static void mistakes_are_told_at_the_end(void **state) {
    (void)state;
    static const struct {
        mistake make;
        const char *words;
    } rows[] = {
        {pool_too_large, "max_pool: an image of 8 x 8 pixels is too small for 9 x 9 pooling"},
        {kernel_too_large, "c: an image of 8 x 8 pixels is too small"},
        {same_with_even_kernel, "odd kernel"},
        {no_channels, "channels >= 1"},
        {no_stride, "stride"},
        {padding_too_wide, "padding"},
        {shapes_differ, "cannot add 8 x 8 x 2 and 4 x 4 x 2"},
        {rate_of_one, "rate of 1"},
        {no_units, "units >= 1"},
        {name_twice, "two layers have the name n"},
        {too_many_parameters, "2048 million parameters"},
        {too_many_units, "d: the layer's output is too large"},
        {unknown_node, "does not exist"},
        {image_as_logits, "must be a vector"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sx_error err = {0};
        sx_graph *graph = sx_graph_new(2, 8, 8, 2);
        sx_node x = rows[i].make(graph, sx_graph_input(graph));
        /* Later calls pass the error on. */
        if (x < 0) x = sx_graph_relu(graph, sx_graph_dense(graph, x, "later", 2));
        assert_int_equal(sx_graph_finish(graph, x, &err), SX_BAD_INPUT);
        if (!strstr(err.message, rows[i].words)) fail_msg("%s", err.message);
        assert_null(sx_run_new(graph, NULL, false, &err));
        sx_graph_free(graph);
    }
    static const int forms[][4] = {{0, 8, 8, 1}, {1, 0, 8, 1}, {1, 8, 8, 0}, {1, 16384, 16384, 9}};
    for (int i = 0; i < 4; i++) {
        sx_graph *graph = sx_graph_new(forms[i][0], forms[i][1], forms[i][2], forms[i][3]);
        assert_int_equal(sx_graph_input(graph), -1);
        assert_int_equal(sx_graph_finish(graph, sx_graph_input(graph), NULL), SX_BAD_INPUT);
        sx_graph_free(graph);
    }
}

/* Every allocation on the way fails once; nothing leaks and the sentence speaks of memory. */
static void a_lack_of_memory_is_told(void **state) {
    (void)state;
    long failures = 0;
    for (bool done = false; !done; failures++) {
        sx_error err = {0};
        sx_parameters parameters = {0};
        sx_run *run = NULL;
        sx_node logits;
        sx_alloc_fail_after(failures);
        sx_graph *graph = mixed(2, &logits);
        sx_status status = graph ? sx_graph_finish(graph, logits, &err) : SX_NO_MEMORY;
        if (!status) status = sx_parameters_new(graph, 1, &parameters, &err);
        if (!status && !(run = sx_run_new(graph, NULL, true, &err))) status = err.status;
        sx_alloc_fail_after(-1);
        done = status == SX_OK;
        if (!done) assert_int_equal(status, SX_NO_MEMORY);
        if (!done && graph) assert_non_null(strstr(err.message, "memory"));
        sx_run_free(run);
        sx_parameters_done(&parameters);
        sx_graph_free(graph);
    }
    assert_true(failures > 20);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static void a_chain_predicts_in_two_buffers(void **state) {
    (void)state;
    network net = mixed_network(8);
    assert_int_equal(net.graph->predict_slots, 2);
    assert_true(net.graph->slope_slots <= 3);
    free_network(&net);
}

static void layouts_do_not_depend_on_the_batch(void **state) {
    (void)state;
    network one = mixed_network(1), many = mixed_network(33);
    assert_int_equal(one.parameters.size, many.parameters.size);
    for (int i = 0; i < one.parameters.count; i++) {
        assert_memory_equal(&one.parameters.slices[i], &many.parameters.slices[i],
                            sizeof(sx_slice));
        assert_int_equal(one.parameters.slices[i].offset % 16, 0);
    }
    assert_null(sx_parameters_find(&one.parameters, "nothing"));
    free_network(&one);
    free_network(&many);
}

static void initial_weights_have_he_variance(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(1, 8, 8, 8), *again = sx_graph_new(1, 8, 8, 8);
    sx_parameters first, second;
    sx_graph_finish(graph, sx_graph_dense(graph, sx_graph_input(graph), "d", 50), NULL);
    sx_graph_finish(again, sx_graph_dense(again, sx_graph_input(again), "d", 50), NULL);
    sx_parameters_new(graph, 1, &first, NULL);
    sx_parameters_new(again, 2, &second, NULL);
    double sum = 0;
    for (int i = 0; i < 512 * 50; i++) sum += (double)first.values[i] * first.values[i];
    assert_true(fabs(sum / (512 * 50) * 512 / 2 - 1) < 0.05);
    assert_memory_not_equal(first.values, second.values, 100);
    for (int i = 0; i < 50; i++) assert_true(first.values[512 * 50 + i] == 0);
    sx_parameters_done(&first);
    sx_parameters_done(&second);
    sx_graph_free(graph);
    sx_graph_free(again);
}

static void graphs_describe_themselves(void **state) {
    (void)state;
    network net = mixed_network(2);
    sx_text text = {0};
    sx_graph_describe(net.graph, &text);
    assert_non_null(strstr(text.data, "convolution"));
    assert_non_null(strstr(text.data, "12 x 12 x 10"));
    assert_non_null(strstr(text.data, "38,880")); /* 12 * 12 * 9 * 3 * 10 */
    double cost = sx_graph_cost(net.graph), least = 38880 + 9 * 9 * 10 * 20 + 80 * 40 + 400;
    assert_true(cost > least && cost < least * 1.3);
    assert_int_equal(sx_graph_batch(net.graph), 2);
    assert_int_equal(sx_graph_classes(net.graph), 10);
    sx_text_done(&text);
    free_network(&net);
}

static void every_operator_has_a_row(void **state) {
    (void)state;
    for (int row = 0; sx_operator_name(row); row++) {
        const sx_operator *op = sx_operator_find(sx_operator_name(row));
        assert_true(op->help && op->shapes && op->work);
        assert_true(op->forward[0].range || op->forward[0].own);
        assert_true(row == 0 || (op->shape && op->reference_forward));
        if ((op->cost == NULL) != (strcmp(op->work, "none") == 0))
            fail_msg("%s: its row tells '%s', its cost something else", op->name, op->work);
        for (int other = 0; other < row; other++)
            assert_string_not_equal(sx_operator_name(other), sx_operator_name(row));
    }
    assert_null(sx_operator_find("convolutions"));
    assert_null(sx_operator_name(-1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(predictions_do_not_depend_on_the_batch),
        cmocka_unit_test(predictions_do_not_disturb_training),
        cmocka_unit_test(nothing_is_allocated_while_running),
        cmocka_unit_test(running_statistics_follow_the_batch),
        cmocka_unit_test(right_predictions_are_counted),
        cmocka_unit_test(a_stopped_run_changes_nothing),
        cmocka_unit_test(a_run_stopped_halfway_leaves_the_statistics),
        cmocka_unit_test(two_threads_run_one_graph),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(mistakes_are_told_at_the_end),
        cmocka_unit_test(a_lack_of_memory_is_told),
        cmocka_unit_test(a_chain_predicts_in_two_buffers),
        cmocka_unit_test(layouts_do_not_depend_on_the_batch),
        cmocka_unit_test(initial_weights_have_he_variance),
        cmocka_unit_test(graphs_describe_themselves),
        cmocka_unit_test(every_operator_has_a_row),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
