/* The operator table, and what several operators share. */
#include "core/graph/internal.h"

#include <string.h>

#define ENTRY(name) &sx_operator_##name,
static const sx_operator *const operators[] = {SX_OPERATORS(ENTRY)};

const char *sx_operator_name(int row) {
    int rows = (int)(sizeof operators / sizeof operators[0]);
    return row >= 0 && row < rows ? operators[row]->name : NULL;
}

bool sx_operator_describe(int row, sx_operator_facts *out) {
    if (!sx_operator_name(row)) return false;
    const sx_operator *op = operators[row];
    int least = op->least_inputs ? op->least_inputs : !op->source;
    *out = (sx_operator_facts){.name = op->name,
                               .help = op->help,
                               .shapes = op->shapes,
                               .work = op->work,
                               .checked = op->checked ? "plain loops, PyTorch" : "plain loops",
                               .options = op->options,
                               .least_inputs = least,
                               .most_inputs = op->most_inputs ? op->most_inputs : least,
                               .loss = op->loss};
    return true;
}

const sx_operator *sx_operator_find(const char *name) {
    for (size_t row = 0; row < sizeof operators / sizeof operators[0]; row++)
        if (strcmp(operators[row]->name, name) == 0) return operators[row];
    return NULL;
}

sx_status sx_same_shape(sx_graph *graph, sx_graph_node *node, sx_error *err) {
    (void)graph;
    (void)err;
    node->out = node->in;
    node->out.halo = 0;
    return SX_OK;
}

double sx_cost_of_values(const sx_graph_node *node) {
    return (double)node->out.height * (double)sx_row_length(node->out);
}

int sx_chunk_groups(const sx_graph *graph, size_t limit) {
    if (limit >= (size_t)graph->chunks) return graph->chunks;
    int groups = 1;
    while (2 * (size_t)groups <= limit) groups *= 2;
    return groups;
}

int sx_one_piece(const sx_graph *graph, const sx_graph_node *node) {
    (void)graph;
    (void)node;
    return 1;
}

void sx_rectify_gradient(const sx_frame *frame, const sx_graph_node *node, int first, int count) {
    size_t row = sx_geometry_row(node->out), length = sx_row_length(node->out);
    for (int i = first; i < first + count; i++) {
        float *slope = sx_slope(frame, node, i);
        const float *value = sx_value(frame, node, i);
        for (int y = 0; y < node->out.height; y++, slope += row, value += row)
            sx_flat_relu_backward(slope, slope, value, false, length);
    }
}

void sx_mask_gradient(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                      int worker) {
    (void)worker;
    if (node->relu) sx_rectify_gradient(frame, node, first, count);
}

void sx_fold_row(const float *row, sx_geometry geometry, double *sums) {
    for (int x = 0; x < geometry.width; x++)
        for (int c = 0; c < geometry.channels; c++) sums[c] += (double)*row++;
}

void sx_clear_halo(float *image, sx_geometry g) {
    if (g.halo == 0) return;
    float *start = image - sx_geometry_start(g);
    size_t row = sx_geometry_row(g), side = (size_t)g.halo * (size_t)g.channels;
    size_t edge = (size_t)g.halo * row;
    memset(start, 0, edge * sizeof *start);
    memset(start + edge + (size_t)g.height * row, 0, edge * sizeof *start);
    for (int y = 0; y < g.height; y++) {
        float *left = start + edge + (size_t)y * row;
        memset(left, 0, side * sizeof *left);
        memset(left + row - side, 0, side * sizeof *left);
    }
}
