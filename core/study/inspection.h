/* What happens inside a model while it sees one picture: any sx_model, whether it was published, is
 * in a checkpoint or is being trained. Part of study.h. */
#ifndef SX_STUDY_INSPECTION_H
#define SX_STUDY_INSPECTION_H

#include "core/model/model.h"
#include "core/result/result.h"

#include <stdatomic.h>

/* Parts of an inspection, each with its results ("NN": a block from 01, "HH": a head from 01):
 *   layers      layers            table   a row a layer: shape, parameters, multiply-adds, share of
 *                                         the time; mean, deviation and share of zeros of its
 *                                         values. NaN where it is computed in one go with the next
 *   picture     picture           images  what the model sees
 *   occlusion   occlusion         grid    probability of the class with a part of the picture
 *                                         covered by the mean colour
 *   gradient    gradient-input    grid    slope of the class's logit by each pixel times the pixel,
 *                                         summed over channels
 *   features    features          images  the selected layer's values, a picture a channel, all on
 *                                         one scale, or of a vector one row
 *   filters     filters           images  of the first convolution, each on its own scale
 *               filter-components images  their first principal components (arXiv 2010.11929, fig.
 *                                         7 left), centred, each on its own scale
 *   weights     weights           table   a row a slice of parameters: figures, a histogram
 *               weight-histogram  series  of the selected layer's weights: share of them over value
 * and of a vision transformer
 *   attention   attention-NN      grid    of block NN: the attention that the query pays to each
 *                                         patch over even attention, mean of heads
 *               rollout           grid    the same through all blocks (arXiv 2005.00928, eq. 1:
 *                                         rows of (A + I) / 2)
 *   distance    attention-distance series pixels over blocks: mean, nearest and farthest head
 *                                         (arXiv 2010.11929, appendix D.7)
 *               heads             table   the same of each head
 *               head-distance     grid    likewise, blocks by heads
 *   heads       attention-NN-HH   grid    of each head of the selected block, or of all blocks
 *   positions   positions         grid    cosine of every patch's position with every other's, a
 *                                         map a patch
 */
typedef enum {
    SX_INSIDE_LAYERS,
    SX_INSIDE_PICTURE,
    SX_INSIDE_OCCLUSION,
    SX_INSIDE_GRADIENT,
    SX_INSIDE_FEATURES,
    SX_INSIDE_FILTERS,
    SX_INSIDE_WEIGHTS,
    SX_INSIDE_ATTENTION,
    SX_INSIDE_DISTANCE,
    SX_INSIDE_HEADS,
    SX_INSIDE_POSITIONS,
    SX_INSIDE_PARTS
} sx_inside_part;
#define SX_INSIDE_ALL ((1u << SX_INSIDE_PARTS) - 1)
#define SX_INSIDE_TILES 64      /* most pictures of one result of images */
#define SX_INSIDE_COMPONENTS 28 /* as the paper shows */

typedef struct {
    const float *image;    /* [height, width, channels] of the model, normalised */
    const uint8_t *pixels; /* the same as bytes; NULL: there is no "picture" */
    unsigned parts;        /* bits 1 << sx_inside_part; what the model has not is left out */
    int query; /* patch, from 1, row by row; 0: the class token, or all patches where there is none
                */
    int layer; /* row of the table of layers; -1: none is selected */
    int block; /* whose heads, from 1; 0: of all */
    int class; /* whose probability and logit; -1: the likeliest */
    const char *(*class_name)(const void *names, int class, char shown[24]);
    const void *names;
    int64_t step;                                   /* of the results; -1: of none */
    void (*publish)(void *user, sx_result *result); /* takes it */
    void *user;
} sx_inspection;

typedef struct sx_inspector sx_inspector;

/* Borrows the model and the pool (may be NULL). Returns owned. One thread at a time. */
sx_inspector *sx_inspector_new(const sx_model *model, sx_pool *pool, sx_error *err);
void sx_inspector_free(sx_inspector *inspector); /* NULL is fine */

/* Looked at between any two pieces of work and between the nodes of the network. Borrows; NULL: no
 * more. */
void sx_inspector_stop_flag(sx_inspector *inspector, const atomic_bool *stop);

/* The row of a layer by its name, -1 if there is none; of the first convolution, -1 likewise. */
int sx_inspector_layer(const sx_inspector *inspector, const char *name);
int sx_inspector_first_convolution(const sx_inspector *inspector);

/* A vision transformer's sizes; blocks 0: the model is none. */
typedef struct {
    int blocks, heads, grid; /* grid: patches a side */
    bool has_class_token;
} sx_inside_sizes;
sx_inside_sizes sx_inspector_sizes(const sx_inspector *inspector);

/* Looks inside; the parameters may have changed since the last time. SX_CANCELLED when the stop
 * flag was seen; results that were published until then are good. */
sx_status sx_inspect(sx_inspector *inspector, const sx_inspection *in, sx_error *err);

/* Mean over the patches of one head's attention times the distance that it goes, in pixels; weights
 * [tokens, tokens], of which the first `first` tokens are no patches and are left out, grid patches
 * a side of `patch` pixels. */
double sx_attention_distance(const float *weights, int first, int grid, int patch);

#endif
