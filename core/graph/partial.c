/* Shares of chunks in gradients, and their sums. */
#include "core/graph/partial.h"

size_t sx_partial_memory(const sx_graph *graph, size_t offset, size_t count) {
    return sx_round_up(offset) + (size_t)graph->chunks * sx_round_up(count);
}

float *sx_partial_chunk(const sx_frame *frame, const sx_graph_node *node, size_t offset,
                        size_t count, int chunk) {
    return sx_private_memory(frame, node) + sx_round_up(offset) +
           (size_t)chunk * sx_round_up(count);
}

void sx_partial_add(const sx_frame *frame, const sx_graph_node *node, const sx_partial_sum *sum) {
    for (int chunk = 0; chunk < frame->graph->chunks; chunk++)
        sx_flat_add(sum->gradient,
                    sx_partial_chunk(frame, node, sum->offset, sum->count, chunk) + sum->from,
                    sum->length);
}
