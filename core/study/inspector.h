/* What the files of an inspection share; private to core/study. inspect.c: the tap, the table of
 * layers, the order of things; attend.c: attention; positions.c: positions; occlude.c: what the
 * class depends on; filters.c: parameters as pictures and figures; features.c: values as pictures.
 */
#ifndef SX_STUDY_INSPECTOR_H
#define SX_STUDY_INSPECTOR_H

#include "core/study/internal.h"

#define SX_WINDOWS 7 /* a side, that are covered one after the other */

typedef struct {
    double mean, deviation, zeros, seconds;
    bool seen;
} sx_layer_figures;

/* Of a vision transformer; blocks 0: it is none. */
typedef struct {
    int blocks, heads, dim, tokens, first, grid, patch; /* first: tokens that are no patches */
    double scale;
    float **qkv;    /* [blocks]: [tokens, 3 dim] */
    float *weights; /* [tokens, tokens], of one head */
    double *mean;   /* the same, of a block: mean of heads */
    double *rollout, *product;
    double *distances; /* [blocks, heads] */
    float *positions;  /* [patches, dim]; NULL: none are learned */
} sx_transformer;

struct sx_inspector {
    const sx_model *model;
    sx_pool *pool;
    const atomic_bool *stop;
    sx_graph *graph, *slope_graph; /* of SX_WINDOWS pictures; of one, made when it is wanted */
    sx_run *run, *slope_run;
    sx_arena arena;
    int layers; /* nodes of the graph but the loss */
    sx_layer_figures *figures;
    sx_transformer vit;
    float *logits;   /* [SX_WINDOWS, classes] */
    float *covered;  /* [SX_WINDOWS, height, width, channels] */
    float *slope;    /* [height, width, channels] */
    float *features; /* of the selected layer, without halo */
    size_t feature_room;
    /* of the inspection that runs */
    const sx_inspection *in;
    int class;   /* that is explained */
    int feature; /* the node whose values are kept; -1: none */
};

sx_status sx_inspector_no_memory(sx_error *err);
bool sx_inspector_wants(const sx_inspector *w, sx_inside_part part);
/* SX_CANCELLED once the stop flag was seen. */
sx_status sx_inspector_go_on(const sx_inspector *w, sx_error *err);
/* Gives the result away. */
void sx_inspector_publish(const sx_inspector *w, sx_result *result);
/* The name of the class that is explained, into shown [24] if it has none. */
const char *sx_inspector_class(const sx_inspector *w, char shown[24]);

/* An empty grid, rows and columns numbered from 1; NULL with `err` filled. */
sx_result *sx_inspector_map(const char *name, int rows, int columns, const char *unit,
                            sx_error *err);
/* Empty pictures without captions; NULL likewise. */
sx_result *sx_inspector_images(const char *name, int count, int height, int width, int channels,
                               sx_error *err);

/* attend.c: sizes and room for what the tap keeps; the parts attention, distance, heads, positions.
 */
sx_status sx_transformer_prepare(sx_inspector *w, sx_error *err);
void sx_transformer_see(sx_inspector *w, const char *layer, const float *values);
sx_status sx_transformer_publish(sx_inspector *w, sx_error *err);
/* The sizes alone, into an empty one. It stays empty where the model is of another family, or of a
 * file of layers, which may be anything. */
void sx_transformer_measure(const sx_model *model, sx_transformer *vit);
/* "attention-distance" and "head-distance" of distances [blocks, heads]; NULL with `err` filled. */
sx_result *sx_attention_series(const double *distances, int blocks, int heads, sx_error *err);
sx_result *sx_attention_map(const double *distances, int blocks, int heads, sx_error *err);

/* positions.c: what is added to the patches' tokens for their places, whichever way it is learned.
 * How many channels it has (0: nothing is), its values [grid, grid, channels], and the cosine of
 * two of them. */
int sx_positions_channels(const sx_model *model);
void sx_positions_take(const sx_model *model, int grid, float *out);
double sx_positions_cosine(const float *a, const float *b, int channels);

/* occlude.c */
sx_status sx_occlusion_publish(sx_inspector *w, sx_error *err);
sx_status sx_gradient_publish(sx_inspector *w, sx_error *err);

/* filters.c */
/* Principal components of a convolution's filters, one a row: vectors [count, kernel, kernel, in]
 * and the share of the variance that each explains [count]; count is at most the smaller of filters
 * and values of one. */
sx_status sx_filter_components(const sx_parameters *parameters, const sx_slice *slice, int count,
                               double *vectors, double *shares, sx_error *err);
int sx_filter_component_count(const sx_slice *slice);
/* Values around 0 as bytes around grey, the largest at the end of the scale, which it returns. */
double sx_filter_rescale(const double *values, int count, uint8_t *out);
sx_status sx_filters_publish(sx_inspector *w, sx_error *err);
sx_status sx_weights_publish(sx_inspector *w, sx_error *err);

/* features.c: keeps the values of the selected layer; publishes them. */
void sx_features_see(sx_inspector *w, const sx_layer_facts *facts, const float *values, size_t row);
sx_status sx_features_publish(sx_inspector *w, sx_error *err);

#endif
