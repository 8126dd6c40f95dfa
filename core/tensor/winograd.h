/* Winograd's minimal filtering F(4x4, 3x3): 3x3 convolutions with stride 1 and one pixel of
 * padding, at a quarter of the multiplications (arXiv 1509.09308, section 4.3, and its transposes
 * for the gradients). Results differ from a direct sum by some 1e-6 of their rms; a value that is
 * not finite spreads over the 4 x 4 pixels of its tile. */
#ifndef SX_TENSOR_WINOGRAD_H
#define SX_TENSOR_WINOGRAD_H

#include "core/tensor/tensor.h"

/* Whether the functions below take these channel counts: multiples of 16. */
bool sx_winograd_applies(int in, int out);

/* Floats of transformed weights, which is also the size of `sums` of sx_winograd_correlate. */
size_t sx_winograd_points(int in, int out);
/* Floats of scratch of sx_winograd_convolve and sx_winograd_correlate. */
size_t sx_winograd_scratch(int in, int out);

/* Transforms weights [3, 3, in, out] for a convolution from `in` to `out` channels or, if flipped,
 * for its gradient by the input: a convolution from `out` to `in` channels. One call fills one
 * block of sx_block() columns of `packed`, which holds sx_winograd_points(in, out) floats; columns
 * are `out` channels or, if flipped, `in` channels. `scale` (NULL: ones) multiplies each column,
 * and begins with the block's first one. */
typedef struct {
    const float *weights;
    int in, out;
    bool flipped;
    const float *scale;
} sx_winograd_weights;
void sx_winograd_pack(const sx_winograd_weights *weights, int block, float *packed);

/* `count` images x [height, width, in] and y [height, width, out]. Pointers are to the first
 * image's interior; strides are floats from one image to the next. Of x the interior and one pixel
 * of its halo are read, of y the interior is written. */
typedef struct {
    sx_geometry in, out; /* of one height and width; in.halo >= 1 */
    int count;
    const float *x;
    size_t x_stride;
    float *y;
    size_t y_stride;
    const float *packed, *bias; /* bias [out], or NULL: zeros */
    bool accumulate, relu;      /* adds to what y holds; ReLU comes last */
} sx_winograd;
void sx_winograd_convolve(const sx_winograd *form, float *scratch);

/* The gradient by the weights, y being the gradient by the output, of which the interior is read:
 * adds to `sums` [36, in, out] and, unless NULL, to bias_sums [out]; both are overwritten unless
 * form->accumulate. sx_winograd_gradient then makes weights [3, 3, in, out] of the sums, for the
 * pairs of channels from .. to - 1 (multiples of 16) of count = in * out. */
void sx_winograd_correlate(const sx_winograd *form, float *sums, float *bias_sums, float *scratch);
void sx_winograd_gradient(const float *sums, size_t count, size_t from, size_t to, float *weights);

#endif
