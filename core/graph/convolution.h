/* Private to core/graph: what the ways of computing a convolution share. */
#ifndef SX_GRAPH_CONVOLUTION_H
#define SX_GRAPH_CONVOLUTION_H

#include "core/graph/internal.h"

/* ---- phases, along one axis: pixels of a convolution's input that meet the same taps
 * ------------- */

typedef struct {
    int first_tap; /* taps first_tap, first_tap + stride, ... meet this phase */
    int taps;
    int start;  /* output position under the last tap for the phase's first pixel */
    int pixels; /* of the input in this phase */
} sx_phase;

/* Phase `phase` < stride of an axis of `side` pixels. */
sx_phase sx_phase_of(const sx_convolution *c, int phase, int side);

/* Halo of the output's gradient that the phases of an axis read: of `side` input and `out_side`
 * output pixels. */
int sx_phase_halo(const sx_convolution *c, int side, int out_side);

/* ---- weight standardisation (arXiv 1903.10520, eq. 7; epsilon 1e-5 on the biased variance)
 * -------- */

/* Floats of the standardised weights, 0 if the node's are not; pieces: 1 or 0. They are the first
 * thing in the node's private memory. */
size_t sx_standard_size(const sx_graph_node *node);
int sx_standard_pieces(const sx_graph *graph, const sx_graph_node *node);

/* The weights that the node works with: standardised or as they are. */
const float *sx_used_weights(const sx_frame *frame, const sx_graph_node *node);

/* Stage: fills them from the node's first slice. */
void sx_standardise_weights(const sx_frame *frame, const sx_graph_node *node, int piece,
                            int worker);

/* Stage: turns the gradient by the standardised weights, in place, into that by the weights. */
void sx_standardise_back(const sx_frame *frame, const sx_graph_node *node, int piece, int worker);

/* The same for plain loops: weight `w`, and the gradient at the end. */
double sx_plain_standard(const sx_reference_call *call, size_t w);
void sx_plain_standard_gradient(const sx_reference_call *call);

#endif
