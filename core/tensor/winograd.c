/* Winograd convolution in front of the kernels: which channel counts it takes, how much memory, and
 * how tiles are cut into blocks. The cut depends on sizes only, so bits do not depend on the
 * instruction set's rows or on threads. */
#include "core/tensor/winograd.h"

#include "core/tensor/kernels.h"

#define POINTS ((size_t)36)
#define BLOCK_FLOATS 131072 /* of transformed data: half of a second cache of 1 MiB */
#define BLOCK_LEAST 28      /* tiles; fewer, and reading the weights takes longer than using them */
#define BLOCK_MOST 84

bool sx_winograd_applies(int in, int out) {
    return in > 0 && out > 0 && in % 16 == 0 && out % 16 == 0;
}

size_t sx_winograd_points(int in, int out) {
    return POINTS * (size_t)in * (size_t)out;
}

/* Tiles of a block: multiples of 14, the rows of the largest product kernel. */
static int block_tiles(int in, int out) {
    int tiles = (int)((size_t)BLOCK_FLOATS / (POINTS * ((size_t)in + (size_t)out))) / 14 * 14;
    return tiles < BLOCK_LEAST ? BLOCK_LEAST : tiles > BLOCK_MOST ? BLOCK_MOST : tiles;
}

/* Blocks have at most one and a half times as many tiles as wanted. */
static int blocks_of(const sx_winograd *form) {
    int tiles = form->count * ((form->in.height + 3) / 4) * ((form->in.width + 3) / 4);
    int wanted = block_tiles(form->in.channels, form->out.channels);
    int blocks = (tiles + wanted / 2) / wanted;
    return blocks < 1 ? 1 : blocks;
}

size_t sx_winograd_scratch(int in, int out) {
    size_t tiles = (size_t)block_tiles(in, out) * 3 / 2 + 1;
    return POINTS * (tiles * ((size_t)in + (size_t)out) + 32);
}

void sx_winograd_pack(const sx_winograd_weights *weights, int block, float *packed) {
    sx_kernels_in_use()->winograd_pack(weights, block, packed);
}

void sx_winograd_convolve(const sx_winograd *form, float *scratch) {
    if (form->count > 0) sx_kernels_in_use()->winograd_convolve(form, blocks_of(form), scratch);
}

void sx_winograd_correlate(const sx_winograd *form, float *sums, float *bias_sums, float *scratch) {
    sx_kernels_in_use()->winograd_correlate(form, blocks_of(form), sums, bias_sums, scratch);
}

void sx_winograd_gradient(const float *sums, size_t count, size_t from, size_t to, float *weights) {
    sx_kernels_in_use()->winograd_gradient(sums, count, from, to, weights);
}
