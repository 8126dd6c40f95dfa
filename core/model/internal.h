/* Private to core/model. */
#ifndef SX_MODEL_INTERNAL_H
#define SX_MODEL_INTERNAL_H

#include "core/model/model.h"

typedef struct {
    const sx_spec *spec;
    const sx_option *table;
} sx_family_options;

/* What ends a graph. */
typedef struct {
    int classes;
    const char *loss;    /* NULL: the family's own */
    int text;            /* above 0: the output is that of the text tower, over so many tokens */
    bool differentiable; /* the loss is of the output: its slope by the images is asked for */
} sx_ending;

/* A row of the table of families. */
typedef struct {
    sx_model_kind kind;
    /* Writes the layers; returns the features that the classifier reads. */
    sx_node (*build)(sx_graph *graph, const sx_family_options *options);
    sx_status (*check)(const sx_family_options *options, sx_error *err); /* NULL: nothing more */
    /* Writes what comes after the features and finishes the graph; NULL: a dense layer, the
     * classifier, and softmax cross-entropy. */
    sx_status (*end)(sx_graph *graph, sx_node features, const sx_family_options *options,
                     const sx_ending *ending, sx_error *err);
} sx_family;

/* The values of a family's options. */
double sx_family_number(const sx_family_options *options, const char *key);
int sx_family_whole(const sx_family_options *options, const char *key);
const char *sx_family_text(const sx_family_options *options, const char *key);
bool sx_family_yes(const sx_family_options *options, const char *key);

/* A layer with one input; dropout at a rate above 0. */
sx_node sx_family_unary(sx_graph *graph, sx_node x, const char *operation, const char *name,
                        const char *options);
sx_node sx_family_dropout(sx_graph *graph, sx_node x, double rate);

/* Blocks of a transformer over tokens [1, n, dim]. */
typedef struct {
    const char *prefix; /* of the layers' names: "", "text." */
    int dim, depth, heads, expand;
    double dropout;
    const char *activation, *epsilon, *scale; /* as in the options of `vit` */
    bool norms_after, qkv_bias, causal;
    bool scaled_initial; /* initial weights after CLIP's text tower */
} sx_transformer;
sx_node sx_transformer_blocks(sx_graph *graph, sx_node x, const sx_transformer *form);
sx_node sx_transformer_norm(sx_graph *graph, sx_node x, const char *name, const char *epsilon);

/* A convolution without bias and its batch norm, "PREFIX.conv" and "PREFIX.norm". */
sx_node sx_family_normed(sx_graph *graph, sx_node x, const char *prefix, sx_convolution form);

/* Blocks of each stage of a residual network of that many layers, and the other way; NULL: none has
 * these blocks. */
const int *sx_resnet_blocks(const char *depth, bool *with_bottleneck);
const char *sx_resnet_depth(const int blocks[4], bool with_bottleneck);

/* Families in files of their own; tables end with a row without a name. */
extern const sx_family sx_resnet_families[], sx_vit_families[], sx_clip_families[];

/* Layers of the family `vit` from the image to the pooled and normed token. */
typedef enum { SX_VIT_LEARNED, SX_VIT_LEARNED_2D, SX_VIT_NO_POSITIONS } sx_vit_positions;
typedef struct {
    sx_transformer blocks;
    int patch;
    sx_vit_positions positions;
    bool patch_bias, first_norm, last_norm, mean; /* mean: of all tokens; else the class token */
} sx_vit_form;
sx_node sx_vit_tower(sx_graph *graph, const sx_vit_form *form);

/* Parses and checks a spec: its family, or NULL with `err` filled. */
const sx_family *sx_family_of(const char *spec, sx_spec *out, sx_error *err);

/* Builds the whole graph from the text of a file of layers; a loss of NULL is the file's. */
sx_status sx_layers_build(const sx_model *model, sx_graph *graph, const sx_ending *ending,
                          sx_error *err);

/* The first slice of the last layer. */
int sx_model_head(const sx_parameters *parameters);

/* What a model is built for. */
typedef struct {
    int height, width, channels, classes;
} sx_model_size;

/* A model whose parameters have no values yet (sx_parameters_allocate). */
sx_status sx_model_lay_out(const char *spec, const sx_model_size *size, sx_model *out,
                           sx_error *err);

/* Where a file of layers is: the path itself, or in the assets. */
sx_status sx_model_find_file(const char *spec, char path[SX_PATH_SIZE], sx_error *err);

#endif
