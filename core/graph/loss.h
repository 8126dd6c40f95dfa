/* Private to core/graph: what losses share. A loss leaves a record for each image; their mean over
 * the batch, summed in double in the order of the images, is the loss. */
#ifndef SX_GRAPH_LOSS_H
#define SX_GRAPH_LOSS_H

#include "core/graph/internal.h"

typedef struct {
    double loss, right; /* right: 1 or 0 */
} sx_image_loss;

static inline sx_image_loss *sx_loss_report(const sx_frame *frame, const sx_graph_node *node,
                                            int image) {
    return (sx_image_loss *)(void *)frame->memory[sx_index(frame, node)] + image;
}

size_t sx_loss_memory(const sx_graph *graph, const sx_graph_node *node, bool training);
void sx_loss_sum(const sx_frame *frame, const sx_graph_node *node, int piece, int worker);

#endif
