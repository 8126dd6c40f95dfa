/* The dense layer that ends a network of classes, for whoever takes the network apart there: what
 * it reads is the representation, what it computes are the logits. */
#include "core/graph/internal.h"

/* A dense layer reads all values of an image; a linear one each token, so that it is the same where
 * there is one token. */
static bool is_dense(const sx_graph_node *node) {
    if (strcmp(node->op->name, "dense") == 0) return true;
    return strcmp(node->op->name, "linear") == 0 && node->in.height == 1 && node->in.width == 1;
}

sx_status sx_graph_last_layer(const sx_graph *graph, sx_last_layer *out, sx_error *err) {
    const sx_graph_node *node = &graph->nodes[graph->logits];
    sx_layer_facts input;
    if (!is_dense(node) || node->slice_count != 2)
        return sx_fail(err, SX_BAD_INPUT,
                       "the network ends with '%s', which is no dense layer with a bias: there is "
                       "no last layer whose weights could be drawn",
                       node->op->name);
    sx_graph_layer_at(graph, node->inputs[0], &input);
    *out = (sx_last_layer){.seen = input.seen,
                           .height = input.height,
                           .length = input.height * input.width * input.channels,
                           .units = node->units,
                           .weights = graph->slices[node->slices[0]].offset,
                           .biases = graph->slices[node->slices[1]].offset};
    return SX_OK;
}
