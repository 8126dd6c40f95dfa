/* Operators: fast against plain loops, forward and backward, over odd shapes; then gradients of
 * whole graphs against central differences. */
#include "tests/unit/graph_unit.h"

/* A 1x1 convolution below the one under test makes the gradient by its input matter. */
static void check_convolution(int height, int width, int in, int out, sx_convolution form) {
    if (height + 2 * form.padding < form.kernel || width + 2 * form.padding < form.kernel) return;
    sx_graph *graph = sx_graph_new(2, height, width, 2);
    sx_node x = sx_graph_input(graph);
    x = sx_graph_convolution(graph, x, "below", (sx_convolution){in, 1, 1, 0, true});
    form.channels = out;
    x = sx_graph_convolution(graph, x, "tested", form);
    check(graph, sx_graph_dense(graph, x, "end", 3));
}

static void convolutions_equal_plain_loops(void **state) {
    (void)state;
    static const int sides[][2] = {{1, 1}, {2, 1}, {5, 7}, {8, 8}, {7, 11}};
    static const int channels[][2] = {{1, 1}, {3, 5}, {16, 17}, {3, 33}};
    int variant = 0;
    for (int side = 0; side < 5; side++)
        for (int kernel = 1; kernel <= 7; kernel += 2)
            for (int stride = 1; stride <= 3; stride++)
                for (int padding = 0; padding <= 2 && padding < kernel; padding++, variant++) {
                    const int *c = channels[variant % 4];
                    check_convolution(
                        sides[side][0], sides[side][1], c[0], c[1],
                        (sx_convolution){0, kernel, stride, padding, variant % 3 == 0});
                }
}

static void wide_convolutions_equal_plain_loops(void **state) {
    (void)state;
    check_convolution(2, 17, 48, 70, (sx_convolution){0, 3, 1, 1, true});
    check_convolution(3, 4, 96, 20, (sx_convolution){0, 2, 2, 0, false});
    check_convolution(6, 6, 9, 64, (sx_convolution){0, 4, 3, 3, false});
}

/* Large layers have fewer partial gradients than chunks. */
static void partial_gradients_are_few_where_weights_are_many(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(9, 1, 1, 2);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                     (sx_convolution){320, 1, 1, 0, true});
    x = sx_graph_convolution(graph, x, "tested", (sx_convolution){420, 3, 1, 1, false});
    x = sx_graph_global_average_pool(graph, x);
    network net = make_network(graph, sx_graph_dense(graph, x, "end", 2));
    const sx_graph_node *node = &graph->nodes[2];
    size_t weights = (size_t)9 * 320 * 420;
    assert_true(node->op->memory(graph, node, true) < weights * 7);
    sx_tensor_force(NULL);
    check_training(&net);
    free_network(&net);
}

/* Small images and many weights: all pixels of the batch in one product. */
static void gathered_convolutions_equal_plain_loops(void **state) {
    (void)state;
    static const int forms[][4] = {
        {3, 1, 1, 4}, {3, 2, 1, 7}, {3, 1, 0, 5}, {1, 2, 0, 6},
        {5, 3, 2, 9}, {3, 1, 1, 7}, {5, 1, 2, 3}}; /* the last has taps that are never inside */
    for (int i = 0; i < 7; i++)
        for (int bias = 0; bias < 2; bias++) {
            const int *f = forms[i];
            sx_graph *graph = sx_graph_new(33, f[3], f[3] - 1, 2);
            sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                             (sx_convolution){f[0] > 1 ? 50 : 300, 1, 1, 0, true});
            sx_node y = sx_graph_convolution(graph, x, "tested",
                                             (sx_convolution){250, f[0], f[1], f[2], bias > 0});
            y = sx_graph_relu(graph, bias ? sx_graph_batch_norm(graph, y, "norm") : y);
            sx_node end = sx_graph_dense(graph, y, "end", 3);
            if (bias) end = sx_graph_add(graph, end, sx_graph_dense(graph, x, "beside", 3));
            network net = make_network(graph, end);
            assert_ptr_equal(graph->nodes[2].op, &sx_operator_gathered);
            check_training(&net);
            check_prediction(&net);
            free_network(&net);
        }
}

static void dense_layers_equal_plain_loops(void **state) {
    (void)state;
    static const int units[] = {1, 5, 16, 33, 70};
    for (int i = 0; i < 5; i++)
        for (int batch = 1; batch <= 67; batch += 33) {
            sx_graph *graph = sx_graph_new(batch, 3, 5 - i, 1 + i);
            sx_node x = sx_graph_dense(graph, sx_graph_input(graph), "first", units[i]);
            x = sx_graph_relu(graph, x);
            x = sx_graph_dense(graph, x, "second", units[4 - i]);
            check(graph, sx_graph_dense(graph, x, "end", 4));
        }
}

/* The input of a dense layer has a halo if a convolution reads it too. */
static void dense_layers_read_haloed_inputs(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(5, 6, 7, 2);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                     (sx_convolution){13, 3, 1, -1, true});
    sx_node a = sx_graph_dense(graph, x, "a", 9);
    sx_node b = sx_graph_convolution(graph, x, "b", (sx_convolution){4, 5, 1, -1, false});
    sx_node c = sx_graph_add(graph, a, sx_graph_dense(graph, b, "c", 9));
    check(graph, sx_graph_dense(graph, c, "end", 3));
}

typedef sx_node (*pool_function)(sx_graph *, sx_node, int, int);

static void check_pool(pool_function pool, int height, int width, int kernel, int stride) {
    if (height < kernel || width < kernel) return;
    sx_graph *graph = sx_graph_new(3, height, width, 2);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                     (sx_convolution){kernel * 6 + 1, 3, 1, -1, true});
    x = pool(graph, x, kernel, stride);
    x = sx_graph_convolution(graph, x, "above", (sx_convolution){4, 3, 1, -1, true});
    check(graph, sx_graph_dense(graph, x, "end", 3));
}

static void padded_pools_equal_plain_loops(void **state) {
    (void)state;
    static const char *const options[] = {"kernel=3, stride=2, padding=1",
                                          "kernel=2, stride=1, padding=1",
                                          "kernel=5, stride=3, padding=2"};
    for (int side = 3; side <= 9; side++)
        for (int i = 0; i < 3; i++) {
            sx_graph *graph = sx_graph_new(3, side, 11 - side, 2);
            sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                             (sx_convolution){i * 17 + 2, 3, 1, -1, true});
            x = sx_graph_layer(graph, "max_pool", &x, 1, NULL, options[i]);
            check(graph, sx_graph_dense(graph, x, "end", 3));
        }
}

static void pools_equal_plain_loops(void **state) {
    (void)state;
    static const int sides[][2] = {{1, 1}, {2, 3}, {7, 5}, {8, 8}};
    for (int side = 0; side < 4; side++)
        for (int kernel = 1; kernel <= 3; kernel++)
            for (int stride = 1; stride <= 4; stride++) {
                check_pool(sx_graph_max_pool, sides[side][0], sides[side][1], kernel, stride);
                check_pool(sx_graph_average_pool, sides[side][0], sides[side][1], kernel, stride);
            }
}

static sx_node pool_globally(sx_graph *graph, sx_node x, int kernel, int stride) {
    (void)kernel;
    (void)stride;
    return sx_graph_global_average_pool(graph, x);
}

static void global_pooling_equals_plain_loops(void **state) {
    (void)state;
    check_pool(pool_globally, 1, 1, 1, 1);
    check_pool(pool_globally, 5, 7, 2, 1);
}

/* Of equal values the first takes the whole gradient. */
static void ties_go_to_the_first_pixel(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(2, 4, 4, 1);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                     (sx_convolution){3, 1, 1, 0, true});
    x = sx_graph_max_pool(graph, sx_graph_relu(graph, x), 2, 2);
    network net = make_network(graph, sx_graph_dense(graph, x, "end", 2));
    for (size_t i = 0; i < 2 * net.image_size; i++) net.images[i] = i / 4 % 2 ? 1 : -1;
    check_training(&net);
    free_network(&net);
}

static void batch_norm_equals_plain_loops(void **state) {
    (void)state;
    static const int forms[][4] = {{1, 1, 1, 3}, {3, 1, 1, 5}, {40, 3, 5, 17}, {9, 8, 8, 1}};
    for (int i = 0; i < 4; i++)
        for (int behind = 0; behind < 2; behind++) {
            sx_graph *graph = sx_graph_new(forms[i][0], forms[i][1], forms[i][2], 2);
            sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                             (sx_convolution){forms[i][3], 3, 1, -1, behind});
            /* Behind a pool it cannot be folded into the convolution. */
            if (behind) x = sx_graph_average_pool(graph, x, 1, 1);
            x = sx_graph_batch_norm(graph, x, "tested");
            if (i % 2) x = sx_graph_relu(graph, x);
            check(graph, sx_graph_dense(graph, x, "end", 3));
        }
}

/* A 2x2 pool behind a batch norm is taken along: odd sides, negative scales, with and without a
 * ReLU between, behind a convolution and behind the images. */
static void batch_norm_takes_pools_along(void **state) {
    (void)state;
    static const int forms[][4] = {{3, 2, 2, 5}, {40, 7, 6, 17}, {9, 8, 9, 33}, {2, 5, 3, 1}};
    for (int i = 0; i < 16; i++) {
        const int *form = forms[i % 4];
        bool rectified = i / 4 % 2, deep = i / 8;
        sx_graph *graph = sx_graph_new(form[0], form[1], form[2], 2);
        sx_node x = sx_graph_input(graph);
        if (deep)
            x = sx_graph_convolution(graph, x, "below", (sx_convolution){form[3], 3, 1, -1, false});
        x = sx_graph_batch_norm(graph, x, "tested");
        if (rectified) x = sx_graph_relu(graph, x);
        x = sx_graph_max_pool(graph, x, 2, 2);
        sx_node above =
            sx_graph_convolution(graph, x, "above", (sx_convolution){4, 3, 1, -1, false});
        network net = make_network(graph, sx_graph_dense(graph, above, "end", 3));
        assert_true(graph->nodes[x].absorbed);
        const sx_slice *scale = sx_parameters_find(&net.parameters, "tested.weight");
        for (size_t c = 0; c < scale->count && i % 3; c += 2)
            net.parameters.values[scale->offset + c] *= -1;
        check_training(&net);
        check_prediction(&net);
        free_network(&net);
    }
}

/* Means far from 0 must not cost the variance its digits: shifting the input of a batch norm
 * changes nothing behind it. */
static void batch_norm_stands_large_means(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(16, 4, 4, 3);
    sx_node x = sx_graph_batch_norm(graph, sx_graph_input(graph), "tested");
    network net = make_network(graph, sx_graph_dense(graph, x, "end", 3));
    sx_run *run = sx_run_new(graph, NULL, true, NULL);
    double loss[2];
    for (int round = 0; round < 2; round++) {
        sx_run_report report;
        for (size_t i = 0; i < 16 * net.image_size; i++)
            net.images[i] = roundf(net.images[i] * 16) / 16 + (round ? 4096 : 0);
        assert_int_equal(
            sx_run_train(run, &net.parameters, net.images, net.labels, 0, 0, net.gradient, &report),
            SX_OK);
        loss[round] = report.loss;
    }
    assert_true(fabs(loss[0] - loss[1]) < 1e-5);
    sx_run_free(run);
    free_network(&net);
}

static void dropout_equals_plain_loops(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        sx_graph *graph = sx_graph_new(7, 3, 5, 2);
        sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                         (sx_convolution){5, 3, 1, -1, true});
        x = sx_graph_dropout(graph, x, i * 0.4);
        x = sx_graph_convolution(graph, x, "above", (sx_convolution){5, 3, 1, -1, true});
        check(graph, sx_graph_dense(graph, sx_graph_dropout(graph, x, 0.3), "end", 3));
    }
}

/* Kept values are scaled by 1 / (1 - rate); the share of dropped ones is near the rate; masks
 * differ between steps, images and nodes. */
static void dropout_drops_at_its_rate(void **state) {
    (void)state;
    enum { BATCH = 20, SIZE = 400 };
    sx_graph *graph = sx_graph_new(BATCH, 20, 20, 1);
    sx_node x = sx_graph_dropout(graph, sx_graph_input(graph), 0.25);
    x = sx_graph_dense(graph, x, "end", 2);
    network net = make_network(graph, x);
    sx_run *run = sx_run_new(graph, NULL, true, NULL);
    for (size_t i = 0; i < BATCH * SIZE; i++) net.images[i] = 3;
    float first[SIZE];
    for (int64_t step = 0; step < 2; step++) {
        sx_run_report report;
        sx_run_train(run, &net.parameters, net.images, net.labels, 8, step, net.gradient, &report);
        int dropped = 0;
        for (int i = 0; i < BATCH; i++) {
            const float *values = sx_value(sx_run_frame(run), &graph->nodes[1], i);
            for (int k = 0; k < SIZE; k++) {
                assert_true(values[k] == 0 || values[k] == 4);
                dropped += values[k] == 0;
            }
            if (step == 0 && i == 0)
                memcpy(first, values, sizeof first);
            else
                assert_memory_not_equal(first, values, sizeof first);
        }
        assert_in_range(dropped, 1880, 2120); /* 2000 of 8000, three deviations */
    }
    sx_run_free(run);
    free_network(&net);
}

/* Residual connections: values with several readers, ReLU that cannot be taken along. */
static sx_graph *residual(int batch, sx_node *logits) {
    sx_graph *graph = sx_graph_new(batch, 6, 5, 3);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "stem",
                                     (sx_convolution){8, 3, 1, -1, false});
    x = sx_graph_relu(graph, sx_graph_batch_norm(graph, x, "stem.norm"));
    sx_node y = sx_graph_convolution(graph, x, "a", (sx_convolution){8, 3, 1, -1, false});
    y = sx_graph_relu(graph, sx_graph_batch_norm(graph, y, "a.norm"));
    y = sx_graph_convolution(graph, y, "b", (sx_convolution){8, 3, 1, -1, true});
    x = sx_graph_relu(graph, sx_graph_add(graph, x, y));
    y = sx_graph_convolution(graph, x, "c", (sx_convolution){12, 1, 2, 0, true});
    sx_node z = sx_graph_convolution(graph, x, "d", (sx_convolution){12, 3, 2, 1, true});
    x = sx_graph_add(graph, sx_graph_add(graph, y, z), sx_graph_relu(graph, y));
    x = sx_graph_add(graph, x, x);
    x = sx_graph_relu(graph, sx_graph_average_pool(graph, x, 2, 1));
    x = sx_graph_dropout(graph, x, 0.2);
    *logits = sx_graph_dense(graph, sx_graph_global_average_pool(graph, x), "end", 4);
    return graph;
}

static void residual_networks_equal_plain_loops(void **state) {
    (void)state;
    for (int batch = 1; batch <= 17; batch += 8) {
        sx_node logits;
        sx_graph *graph = residual(batch, &logits);
        check(graph, logits);
    }
}

/* More stages in a row than one region holds. */
static void long_chains_equal_plain_loops(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(9, 3, 2, 2);
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "below",
                                     (sx_convolution){3, 3, 1, -1, true});
    for (int i = 0; i < 150; i++) x = sx_graph_average_pool(graph, x, 1, 1);
    check(graph, sx_graph_dense(graph, x, "end", 3));
}

static double reference_loss(const network *net, const double *parameters) {
    sx_reference reference;
    assert_true(sx_reference_run(
        net->graph, parameters,
        &(sx_reference_inputs){net->images, net->labels, net->targets, 3, 4}, &reference));
    double loss = reference.loss;
    sx_reference_done(&reference);
    return loss;
}

/* The plain loops' backward against their own forward, parameter by parameter. */
static void plain_gradients_equal_central_differences(void **state) {
    (void)state;
    sx_node logits;
    sx_graph *graph = residual(4, &logits);
    network net = make_network(graph, logits);
    double *parameters = double_parameters(&net), step = 1e-5;
    sx_reference reference;
    assert_true(sx_reference_run(graph, parameters,
                                 &(sx_reference_inputs){net.images, net.labels, net.targets, 3, 4},
                                 &reference));
    for (int s = 0; s < graph->slice_count; s++)
        for (size_t i = 0; i < graph->slices[s].count && graph->slices[s].trained; i += 17) {
            size_t at = graph->slices[s].offset + i;
            double kept = parameters[at];
            parameters[at] = kept + step;
            double above = reference_loss(&net, parameters);
            parameters[at] = kept - step;
            double slope = (above - reference_loss(&net, parameters)) / (2 * step);
            parameters[at] = kept;
            if (fabs(slope - reference.gradient[at]) > 1e-6 + 1e-4 * fabs(slope))
                fail_msg("%s at %zu: %g, not %g", graph->slices[s].name, i, reference.gradient[at],
                         slope);
        }
    sx_reference_done(&reference);
    sx_free(parameters);
    free_network(&net);
}

/* The fast path's gradient, slice by slice, against its own loss along the gradient's direction. */
static void fast_gradients_equal_central_differences(void **state) {
    (void)state;
    sx_node logits;
    sx_graph *graph = residual(16, &logits);
    network net = make_network(graph, logits);
    sx_run *run = sx_run_new(graph, NULL, true, NULL);
    float *gradient = sx_alloc(graph->parameter_count, sizeof *gradient);
    float *values = net.parameters.values;
    sx_run_report report;
    sx_run_train(run, &net.parameters, net.images, net.labels, 3, 4, gradient, &report);
    for (int s = 0; s < graph->slice_count; s++) {
        const sx_slice *slice = &graph->slices[s];
        double norm = 0, loss[2];
        for (size_t i = 0; i < slice->count; i++)
            norm += (double)gradient[slice->offset + i] * gradient[slice->offset + i];
        norm = sqrt(norm);
        assert_true(slice->trained ? norm > 0 : norm == 0);
        for (int side = 0; side < 2 && slice->trained; side++) {
            double move = (side ? -2e-3 : 2e-3) / norm;
            float kept[1024];
            memcpy(kept, values + slice->offset, slice->count * sizeof *kept);
            for (size_t i = 0; i < slice->count; i++)
                values[slice->offset + i] += (float)(move * gradient[slice->offset + i]);
            sx_run_train(run, &net.parameters, net.images, net.labels, 3, 4, net.gradient, &report);
            loss[side] = report.loss;
            memcpy(values + slice->offset, kept, slice->count * sizeof *kept);
        }
        if (slice->trained && fabs((loss[0] - loss[1]) / 4e-3 - norm) > 0.02 * norm + 2e-4)
            fail_msg("%s: %g, not %g", slice->name, norm, (loss[0] - loss[1]) / 4e-3);
    }
    sx_free(gradient);
    sx_run_free(run);
    free_network(&net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_equal_plain_loops),
        cmocka_unit_test(wide_convolutions_equal_plain_loops),
        cmocka_unit_test(partial_gradients_are_few_where_weights_are_many),
        cmocka_unit_test(gathered_convolutions_equal_plain_loops),
        cmocka_unit_test(dense_layers_equal_plain_loops),
        cmocka_unit_test(dense_layers_read_haloed_inputs),
        cmocka_unit_test(pools_equal_plain_loops),
        cmocka_unit_test(padded_pools_equal_plain_loops),
        cmocka_unit_test(global_pooling_equals_plain_loops),
        cmocka_unit_test(ties_go_to_the_first_pixel),
        cmocka_unit_test(batch_norm_equals_plain_loops),
        cmocka_unit_test(batch_norm_takes_pools_along),
        cmocka_unit_test(batch_norm_stands_large_means),
        cmocka_unit_test(dropout_equals_plain_loops),
        cmocka_unit_test(dropout_drops_at_its_rate),
        cmocka_unit_test(residual_networks_equal_plain_loops),
        cmocka_unit_test(long_chains_equal_plain_loops),
        cmocka_unit_test(plain_gradients_equal_central_differences),
        cmocka_unit_test(fast_gradients_equal_central_differences),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
