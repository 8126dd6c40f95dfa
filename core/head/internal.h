/* What the files of core/head share; private to it. */
#ifndef SX_HEAD_INTERNAL_H
#define SX_HEAD_INTERNAL_H

#include "core/head/head.h"
#include "core/tensor/tensor.h"

#define SX_SAMPLER_THREADS 16 /* pieces that members are shared by, whatever the threads */

/* Values of layer 0 .. layers - 1: where its weights begin, its outputs; biases follow weights. */
typedef struct {
    size_t weights, biases;
    int outputs;
} sx_head_place;
sx_head_place sx_head_layer(sx_head_form form, int layer);

/* Values behind each other are rows of this many floats, a multiple of a cache line. */
size_t sx_head_stride(sx_head_form form);

/* Which inputs dropout keeps: a key of a row and layer, and the share that is dropped. */
typedef struct {
    double rate;
    uint64_t seed, stream, row; /* rows of a call follow each other */
} sx_head_drop;

/* Inputs of every layer for so many rows: x [layers, rows, width]; the first is there already.
 * Drops (rate > 0) the inputs of each layer and computes logits [rows, classes]. */
void sx_head_forward(sx_head_form form, const float *values, int rows, const sx_head_drop *drop,
                     float *x, float *logits);

#endif
