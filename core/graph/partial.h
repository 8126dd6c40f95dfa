/* Private to core/graph: gradients of parameters that are sums over the batch. Every chunk leaves
 * its share in the node's private memory; when all are done the shares are added up in the order of
 * the chunks, so the bits do not depend on who computed them. */
#ifndef SX_GRAPH_PARTIAL_H
#define SX_GRAPH_PARTIAL_H

#include "core/graph/internal.h"

/* Where `offset` floats of the node's private memory are for other use, the shares come after. */
size_t sx_partial_memory(const sx_graph *graph, size_t offset, size_t count);

/* The chunk's share, `count` floats; the caller fills or clears it. */
float *sx_partial_chunk(const sx_frame *frame, const sx_graph_node *node, size_t offset,
                        size_t count, int chunk);

/* gradient [length] += shares[chunk][from .. from + length - 1], in the order of the chunks. */
typedef struct {
    size_t offset, count, from, length;
    float *gradient;
} sx_partial_sum;
void sx_partial_add(const sx_frame *frame, const sx_graph_node *node, const sx_partial_sum *sum);

#endif
