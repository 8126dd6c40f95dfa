/* Shared by the tests of graphs: random inputs, and a fast run held against the plain loops. */
#ifndef SX_TESTS_GRAPH_UNIT_H
#define SX_TESTS_GRAPH_UNIT_H

#include "tests/unit/unit.h"

#include "core/graph/internal.h"
#include "core/tensor/kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const levels[] = {"baseline", "avx2", "avx512"};

/* A finished graph with parameters, images and labels. */
typedef struct {
    sx_graph *graph;
    sx_parameters parameters;
    float *images, *gradient, *targets; /* targets: NULL, or what the test sets */
    int32_t *labels;
    size_t image_size;
} network;

static inline void fill_network(network *net) {
    const sx_graph *graph = net->graph;
    sx_geometry input = graph->nodes[0].out;
    size_t batch = (size_t)graph->batch;
    net->image_size = (size_t)input.height * sx_row_length(input);
    net->images = sx_alloc(batch * net->image_size, sizeof(float));
    net->labels = sx_alloc(batch, sizeof(int32_t));
    net->gradient = sx_alloc(graph->parameter_count, sizeof(float));
    assert_true(net->images && net->labels && net->gradient);
    sx_random random = sx_random_from(5, 6, 7);
    for (size_t i = 0; i < batch * net->image_size; i++) net->images[i] = sx_random_normal(&random);
    for (size_t i = 0; i < batch; i++)
        net->labels[i] = (int32_t)sx_random_below(&random, (uint32_t)sx_graph_classes(graph));
    /* Biases that are not 0, scales that are not 1; variances stay positive. */
    for (int s = 0; s < net->parameters.count; s++) {
        const sx_slice *slice = &net->parameters.slices[s];
        for (size_t i = 0; i < slice->count && !slice->decayed; i++)
            net->parameters.values[slice->offset + i] += 0.5f * sx_random_uniform(&random);
    }
}

/* Takes the graph. */
static inline network make_network(sx_graph *graph, sx_node logits) {
    network net = {.graph = graph};
    sx_error err = {0};
    if (sx_graph_finish(graph, logits, &err)) fail_msg("%s", err.message);
    assert_int_equal(sx_parameters_new(graph, 11, &net.parameters, &err), SX_OK);
    fill_network(&net);
    return net;
}

static inline void free_network(network *net) {
    sx_graph_free(net->graph);
    sx_parameters_done(&net->parameters);
    sx_free(net->images);
    sx_free(net->labels);
    sx_free(net->gradient);
    sx_free(net->targets);
}

static inline double *double_parameters(const network *net) {
    double *values = sx_alloc(net->parameters.size, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < net->parameters.size; i++) values[i] = net->parameters.values[i];
    return values;
}

/* Root mean square, the measure that errors are held against. */
static inline double scale_of(const double *x, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += x[i] * x[i];
    return sqrt(sum / (double)(count ? count : 1)) + 1e-6;
}

#define TOLERANCE 3e-5

static inline void compare_value(const network *net, const sx_frame *frame,
                                 const sx_reference *reference, int index) {
    const sx_graph_node *node = &net->graph->nodes[index];
    size_t length = sx_row_length(node->out), at = 0;
    double scale = scale_of(reference->value[index],
                            (size_t)net->graph->batch * (size_t)node->out.height * length);
    for (int i = 0; i < net->graph->batch; i++)
        for (int y = 0; y < node->out.height; y++) {
            const float *row = sx_value(frame, node, i) + (size_t)y * sx_geometry_row(node->out);
            for (size_t x = 0; x < length; x++, at++)
                if (!(fabs(row[x] - reference->value[index][at]) <= TOLERANCE * scale * 3))
                    fail_msg("%s: value of node %d (%s), image %d row %d: %g, not %g",
                             sx_tensor_isa(), index, node->op->name, i, y, (double)row[x],
                             reference->value[index][at]);
        }
}

static inline void compare_gradient(const network *net, const sx_reference *reference) {
    for (int s = 0; s < net->parameters.count; s++) {
        const sx_slice *slice = &net->parameters.slices[s];
        const double *expected = reference->gradient + slice->offset;
        double scale = scale_of(expected, slice->count);
        for (size_t i = 0; i < slice->count; i++) {
            double got = net->gradient[slice->offset + i];
            if (!(fabs(got - expected[i]) <= TOLERANCE * 3 * scale + 5e-6))
                fail_msg("%s: gradient of %s at %zu: %g, not %g", sx_tensor_isa(), slice->name, i,
                         got, expected[i]);
        }
    }
}

/* One training run on every instruction set: loss, all values and all gradients against the plain
 * loops. Leaves the parameters as they were. */
static inline void check_training(network *net) {
    double *parameters = double_parameters(net);
    float *before = sx_alloc(net->parameters.size, sizeof *before);
    size_t bytes = net->parameters.size * sizeof *before;
    sx_reference reference;
    sx_error err = {0};
    assert_true(sx_reference_run(
        net->graph, parameters,
        &(sx_reference_inputs){net->images, net->labels, net->targets, 3, 4}, &reference));
    memcpy(before, net->parameters.values, bytes);
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        sx_run *run = sx_run_new(net->graph, NULL, true, &err);
        sx_run_report report;
        assert_non_null(run);
        sx_run_targets(run, net->targets);
        memset(net->gradient, 0xff, bytes);
        assert_int_equal(sx_run_train(run, &net->parameters, net->images, net->labels, 3, 4,
                                      net->gradient, &report),
                         SX_OK);
        assert_true(fabs(report.loss - reference.loss) < 1e-4 * (1 + fabs(reference.loss)));
        for (int i = 0; i < net->graph->count; i++)
            if (!net->graph->nodes[i].relu && sx_run_frame(run)->value[i])
                compare_value(net, sx_run_frame(run), &reference, i);
        compare_gradient(net, &reference);
        memcpy(net->parameters.values, before, bytes);
        sx_run_free(run);
    }
    sx_tensor_force(NULL);
    sx_reference_done(&reference);
    sx_free(parameters);
    sx_free(before);
}

/* Prediction of every count of images on every instruction set against the plain loops. */
static inline void check_prediction(const network *net) {
    double *parameters = double_parameters(net);
    int classes = sx_graph_classes(net->graph), batch = net->graph->batch;
    size_t size = (size_t)(batch * classes);
    float *logits = sx_alloc(size + 1, sizeof *logits);
    sx_reference reference;
    sx_error err = {0};
    assert_true(sx_reference_run(
        net->graph, parameters, &(sx_reference_inputs){net->images, NULL, NULL, 0, 0}, &reference));
    const double *expected = reference.value[net->graph->logits];
    double scale = scale_of(expected, size);
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        sx_run *run = sx_run_new(net->graph, NULL, false, &err);
        assert_non_null(run);
        for (int count = 0; count <= batch; count++) {
            for (size_t i = 0; i <= size; i++) logits[i] = 77;
            assert_int_equal(
                sx_run_predict(run, &net->parameters, net->images, count, logits, &err), SX_OK);
            for (int i = 0; i < count * classes; i++)
                if (!(fabs(logits[i] - expected[i]) <= TOLERANCE * 3 * scale))
                    fail_msg("%s: logit %d of %d images: %g, not %g", sx_tensor_isa(), i, count,
                             (double)logits[i], expected[i]);
            assert_true(logits[count * classes] == 77);
        }
        sx_run_free(run);
    }
    sx_tensor_force(NULL);
    sx_reference_done(&reference);
    sx_free(parameters);
    sx_free(logits);
}

/* Takes the graph: training and prediction against the plain loops. */
static inline void check(sx_graph *graph, sx_node logits) {
    network net = make_network(graph, logits);
    check_training(&net);
    check_prediction(&net);
    free_network(&net);
}

/* Takes the graph: equal gradients on 1 to 4 threads, to the bit. */
static inline void check_threads(sx_graph *graph, sx_node logits) {
    network net = make_network(graph, logits);
    float *gradients[4];
    for (int threads = 1; threads <= 4; threads++) {
        sx_pool *pool = sx_pool_new(threads, NULL);
        sx_run *run = sx_run_new(graph, pool, true, NULL);
        sx_run_report report;
        gradients[threads - 1] = sx_alloc(net.parameters.size, sizeof(float));
        assert_int_equal(sx_run_train(run, &net.parameters, net.images, net.labels, 3, 4,
                                      gradients[threads - 1], &report),
                         SX_OK);
        assert_memory_equal(gradients[0], gradients[threads - 1],
                            net.parameters.size * sizeof(float));
        sx_run_free(run);
        sx_pool_free(pool);
    }
    for (int i = 0; i < 4; i++) sx_free(gradients[i]);
    free_network(&net);
}

/* A layer of one input by its name. */
static inline sx_node layer(sx_graph *graph, sx_node x, const char *operation, const char *name,
                            const char *options) {
    return sx_graph_layer(graph, operation, &x, 1, name, options);
}

#endif
