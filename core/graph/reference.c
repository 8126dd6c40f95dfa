/* Runs a graph by its operators' plain loops, in the order of the nodes, nothing fused. */
#include "core/graph/reference.h"

#include "core/graph/internal.h"

static size_t node_size(const sx_graph *graph, int node) {
    sx_geometry out = graph->nodes[node].out;
    return (size_t)graph->batch * (size_t)out.height * sx_row_length(out);
}

static bool make_arrays(const sx_graph *graph, sx_reference *out) {
    size_t n = (size_t)graph->count;
    *out = (sx_reference){.nodes = graph->count};
    out->value = sx_alloc(n, sizeof *out->value);
    out->slope = sx_alloc(n, sizeof *out->slope);
    out->gradient = sx_alloc(graph->parameter_count, sizeof *out->gradient);
    if (!out->value || !out->slope || !out->gradient) return false;
    for (int i = 0; i < graph->count; i++) {
        out->value[i] = sx_alloc(node_size(graph, i), sizeof(double));
        out->slope[i] = sx_alloc(node_size(graph, i), sizeof(double));
        if (!out->value[i] || !out->slope[i]) return false;
    }
    return true;
}

void sx_reference_done(sx_reference *reference) {
    for (int i = 0; i < reference->nodes; i++) {
        if (reference->value) sx_free(reference->value[i]);
        if (reference->slope) sx_free(reference->slope[i]);
    }
    sx_free(reference->value);
    sx_free(reference->slope);
    sx_free(reference->gradient);
    *reference = (sx_reference){0};
}

static void set_node(sx_reference_call *call, const sx_reference *arrays, int index) {
    const sx_graph_node *node = &call->graph->nodes[index];
    call->index = index;
    call->y = arrays->value[index];
    call->dy = arrays->slope[index];
    for (int k = 0; k < node->input_count; k++) {
        call->x[k] = arrays->value[node->inputs[k]];
        call->dx[k] = arrays->slope[node->inputs[k]];
    }
}

/* Whatever planning chose, the plain loops are the operator's. */
static const sx_operator *reference_of(const sx_graph_node *node) {
    return sx_operator_find(node->op->name);
}

bool sx_reference_run(const sx_graph *graph, const double *parameters,
                      const sx_reference_inputs *inputs, sx_reference *out) {
    bool training = inputs->labels || inputs->targets;
    if (!make_arrays(graph, out)) {
        sx_reference_done(out);
        return false;
    }
    sx_reference_call call = {.graph = graph,
                              .batch = graph->batch,
                              .parameters = parameters,
                              .gradient = out->gradient,
                              .training = training,
                              .labels = inputs->labels,
                              .targets = inputs->targets,
                              .seed = inputs->seed,
                              .step = inputs->step,
                              .loss = &out->loss};
    for (size_t i = 0; i < node_size(graph, 0); i++) out->value[0][i] = inputs->images[i];
    for (int i = 1; i < graph->count; i++) {
        set_node(&call, out, i);
        reference_of(&graph->nodes[i])->reference_forward(&call);
    }
    for (int i = graph->count - 1; training && i > 0; i--) {
        set_node(&call, out, i);
        reference_of(&graph->nodes[i])->reference_backward(&call);
    }
    return true;
}
