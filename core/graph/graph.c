/* Building a graph: a list of nodes in the order they were added, each a row of the operator table
 * with its options. The shape rule runs as a node is added, so a mistake is told with the layer's
 * name; the first one is kept, later calls pass -1 on, and sx_graph_finish reports it. */
#include "core/graph/internal.h"

#include <stdio.h>
#include <string.h>

#define SIDE_LIMIT 16384
#define CHANNEL_LIMIT 65536
#define BATCH_LIMIT (1 << 20)
#define IMAGE_LIMIT (1u << 28) /* values of one activation of one image */

sx_graph *sx_graph_new(int batch, int height, int width, int channels) {
    sx_graph *graph = sx_alloc(1, sizeof *graph);
    if (!graph) return NULL;
    graph->batch = batch;
    graph->logits = -1;
    if (batch < 1 || batch > BATCH_LIMIT)
        sx_fail(&graph->error, SX_BAD_INPUT, "a batch of %d images: must be from 1 to %d", batch,
                BATCH_LIMIT);
    else if (height < 1 || width < 1 || height > SIDE_LIMIT || width > SIDE_LIMIT || channels < 1 ||
             channels > CHANNEL_LIMIT)
        sx_fail(&graph->error, SX_BAD_INPUT,
                "images of %d x %d with %d channels: sides must be from 1 to %d, channels from 1 "
                "to %d",
                height, width, channels, SIDE_LIMIT, CHANNEL_LIMIT);
    else if ((uint64_t)height * (uint64_t)width * (uint64_t)channels > IMAGE_LIMIT)
        sx_fail(&graph->error, SX_BAD_INPUT, "images of %d x %d with %d channels are too large",
                height, width, channels);
    if (!sx_grow((void **)&graph->nodes, &graph->capacity, 1, sizeof *graph->nodes)) {
        sx_graph_free(graph);
        return NULL;
    }
    graph->count = 1;
    graph->nodes[0] =
        (sx_graph_node){.op = &sx_operator_input, .name = "input", .folded = -1, .pooled = -1};
    graph->nodes[0].in = graph->nodes[0].out = (sx_geometry){height, width, channels, 0};
    return graph;
}

void sx_graph_free(sx_graph *graph) {
    if (!graph) return;
    sx_free(graph->nodes);
    sx_free(graph->slices);
    sx_free(graph->initial);
    sx_free(graph->value_slot);
    sx_free(graph->value_size);
    sx_free(graph->slope_slot);
    sx_free(graph->slope_size);
    sx_free(graph->predict_slot);
    sx_free(graph->predict_size);
    sx_free(graph);
}

static sx_node fail_node(sx_graph *graph, sx_status status, const char *sentence) {
    if (!graph->error.status) sx_fail(&graph->error, status, "%s", sentence);
    return -1;
}

static bool output_is_too_large(sx_geometry g) {
    uint64_t size = (uint64_t)g.height * (uint64_t)g.width * (uint64_t)g.channels;
    return g.channels > CHANNEL_LIMIT || size > IMAGE_LIMIT;
}

sx_node sx_graph_append(sx_graph *graph, sx_graph_node node, const char *name) {
    if (graph->error.status) return -1;
    if (graph->finished)
        return fail_node(graph, SX_BAD_INPUT, "the graph is finished: no node can be added");
    for (int i = 0; i < node.input_count; i++)
        if (node.inputs[i] < 0 || node.inputs[i] >= graph->count)
            return fail_node(graph, SX_BAD_INPUT, "a node reads a node that does not exist");
    if (!sx_grow((void **)&graph->nodes, &graph->capacity, (size_t)graph->count + 1,
                 sizeof *graph->nodes))
        return fail_node(graph, SX_NO_MEMORY, "not enough memory for the graph");
    sx_text_set(node.name, sizeof node.name, name ? name : node.op->name);
    node.in = graph->nodes[node.inputs[0]].out;
    node.folded = node.pooled = -1;
    graph->nodes[graph->count] = node;
    sx_graph_node *added = &graph->nodes[graph->count];
    if (added->op->shape(graph, added, &graph->error)) {
        sx_fail_within(&graph->error, "%s", added->name);
        return -1;
    }
    if (output_is_too_large(added->out)) {
        fail_node(graph, SX_BAD_INPUT, "the layer's output is too large");
        sx_fail_within(&graph->error, "%s", added->name);
        return -1;
    }
    return graph->count++;
}

void sx_graph_direct(sx_graph *graph, bool direct) {
    graph->direct = direct;
}

void sx_graph_freeze(sx_graph *graph, int slices) {
    graph->frozen_slices = slices;
}

void sx_graph_differentiable(sx_graph *graph, bool differentiable) {
    graph->nodes[0].needs_gradient = differentiable;
}

sx_node sx_graph_input(sx_graph *graph) {
    return graph->error.status ? -1 : 0;
}

sx_node sx_graph_convolution(sx_graph *graph, sx_node x, const char *name, sx_convolution options) {
    return sx_graph_append(graph,
                           (sx_graph_node){.op = &sx_operator_convolution,
                                           .inputs = {x},
                                           .input_count = 1,
                                           .convolution = options},
                           name);
}

sx_node sx_graph_dense(sx_graph *graph, sx_node x, const char *name, int units) {
    return sx_graph_append(
        graph,
        (sx_graph_node){.op = &sx_operator_dense, .inputs = {x}, .input_count = 1, .units = units},
        name);
}

static sx_node append_unary(sx_graph *graph, sx_node x, const sx_operator *op, const char *name) {
    return sx_graph_append(graph, (sx_graph_node){.op = op, .inputs = {x}, .input_count = 1}, name);
}

sx_node sx_graph_batch_norm(sx_graph *graph, sx_node x, const char *name) {
    return sx_graph_layer(graph, "batch_norm", &x, 1, name, "");
}

sx_node sx_graph_relu(sx_graph *graph, sx_node x) {
    return append_unary(graph, x, &sx_operator_relu, NULL);
}

sx_node sx_graph_dropout(sx_graph *graph, sx_node x, double rate) {
    return sx_graph_append(
        graph,
        (sx_graph_node){.op = &sx_operator_dropout, .inputs = {x}, .input_count = 1, .rate = rate},
        NULL);
}

static sx_node append_pool(sx_graph *graph, sx_node x, const sx_operator *op, int kernel,
                           int stride) {
    return sx_graph_append(
        graph,
        (sx_graph_node){
            .op = op, .inputs = {x}, .input_count = 1, .kernel = kernel, .stride = stride},
        NULL);
}

sx_node sx_graph_max_pool(sx_graph *graph, sx_node x, int kernel, int stride) {
    return append_pool(graph, x, &sx_operator_max_pool, kernel, stride);
}

sx_node sx_graph_average_pool(sx_graph *graph, sx_node x, int kernel, int stride) {
    return append_pool(graph, x, &sx_operator_average_pool, kernel, stride);
}

sx_node sx_graph_global_average_pool(sx_graph *graph, sx_node x) {
    return append_unary(graph, x, &sx_operator_global_average_pool, NULL);
}

sx_node sx_graph_add(sx_graph *graph, sx_node a, sx_node b) {
    return sx_graph_append(
        graph, (sx_graph_node){.op = &sx_operator_add, .inputs = {a, b}, .input_count = 2}, NULL);
}

/* Nodes that are targets all read the same values; a loss that compares the output with targets
 * reads them, too. */
static sx_status find_target_length(sx_graph *graph, sx_error *err) {
    const sx_graph_node *loss = &graph->nodes[graph->count - 1];
    int given = loss->op == &sx_operator_contrastive ? 0 : (int)sx_graph_output_size(graph);
    for (int i = 0; i < graph->count; i++) {
        const sx_graph_node *node = &graph->nodes[i];
        if (node->op != &sx_operator_targets) continue;
        if (!node->in_training && !node->in_prediction) continue;
        if (given && given != node->out.width)
            return sx_fail(err, SX_BAD_INPUT, "%s: %d targets of an image, and %d elsewhere",
                           node->name, node->out.width, given);
        given = node->out.width;
    }
    graph->target_length = given;
    return SX_OK;
}

sx_status sx_graph_finish_over(sx_graph *graph, sx_node output, const sx_loss_form *loss,
                               sx_error *err) {
    if (!graph->error.status) {
        sx_node end = sx_graph_append_loss(graph, loss->inputs, loss->count, loss->spec);
        if (end >= 0 && (output < 0 || output >= end))
            fail_node(graph, SX_BAD_INPUT, "the output is a node that does not exist");
        else if (end >= 0) {
            graph->logits = output;
            graph->finished = true;
            sx_graph_find_needed(graph);
            if (!find_target_length(graph, &graph->error)) sx_graph_plan(graph, &graph->error);
        }
    }
    if (graph->error.status) return sx_fail(err, graph->error.status, "%s", graph->error.message);
    return SX_OK;
}

sx_status sx_graph_finish_with(sx_graph *graph, sx_node output, const char *loss, sx_error *err) {
    return sx_graph_finish_over(graph, output, &(sx_loss_form){loss, {output}, 1}, err);
}

sx_status sx_graph_finish(sx_graph *graph, sx_node logits, sx_error *err) {
    return sx_graph_finish_with(graph, logits, "softmax_cross_entropy", err);
}

int sx_graph_batch(const sx_graph *graph) {
    return graph->batch;
}

int sx_graph_classes(const sx_graph *graph) {
    return graph->logits < 0 ? 0 : graph->nodes[graph->logits].out.channels;
}

size_t sx_graph_output_size(const sx_graph *graph) {
    if (graph->logits < 0) return 0;
    sx_geometry out = graph->nodes[graph->logits].out;
    return (size_t)out.height * sx_row_length(out);
}

int sx_graph_target_length(const sx_graph *graph) {
    return graph->target_length;
}

static double cost_of(const sx_graph_node *node) {
    return node->op->cost ? node->op->cost(node) : 0;
}

double sx_graph_cost(const sx_graph *graph) {
    double sum = 0;
    for (int i = 0; i < graph->count; i++)
        if (graph->nodes[i].in_prediction) sum += cost_of(&graph->nodes[i]);
    return sum;
}

double sx_graph_training_cost(const sx_graph *graph) {
    double sum = 0;
    for (int i = 0; i < graph->count; i++)
        if (graph->nodes[i].in_training) sum += 3 * cost_of(&graph->nodes[i]);
    return sum;
}

static size_t slices_size(const sx_graph *graph, const sx_graph_node *node) {
    size_t sum = 0;
    for (int i = 0; i < node->slice_count; i++) {
        const sx_slice *slice = &graph->slices[node->slices[i]];
        if (slice->trained || slice->held) sum += slice->count;
    }
    return sum;
}

bool sx_graph_layer_at(const sx_graph *graph, int i, sx_layer_facts *out) {
    if (i < 0 || i > graph->logits) return false;
    const sx_graph_node *node = &graph->nodes[i];
    *out = (sx_layer_facts){.name = node->name,
                            .operation = node->op->name,
                            .height = node->out.height,
                            .width = node->out.width,
                            .channels = node->out.channels,
                            .parameters = slices_size(graph, node),
                            .cost = cost_of(node),
                            .seen = i};
    for (int k = i + 1; k <= graph->logits; k++)
        if (graph->nodes[k].predict_home == node->predict_home) out->seen = k;
    return true;
}

void sx_graph_describe(const sx_graph *graph, sx_text *out) {
    sx_text_add(out, "%-24s %-22s %-16s %14s %16s\n", "node", "operator", "output", "parameters",
                "multiply-adds");
    size_t parameters = 0;
    double work = 0;
    for (int i = 0; i < graph->count; i++) {
        const sx_graph_node *node = &graph->nodes[i];
        char shape[48], size[32], cost[32];
        snprintf(shape, sizeof shape, "%d x %d x %d", node->out.height, node->out.width,
                 node->out.channels);
        sx_text_add(out, "%-24s %-22s %-16s %14s %16s\n", node->name, node->op->name, shape,
                    sx_text_count(size, (long long)slices_size(graph, node)),
                    sx_text_count(cost, (long long)cost_of(node)));
        parameters += slices_size(graph, node);
        work += cost_of(node);
    }
    char size[32], cost[32];
    sx_text_add(out, "%-24s %-22s %-16s %14s %16s\n", "total", "", "",
                sx_text_count(size, (long long)parameters), sx_text_count(cost, (long long)work));
}
