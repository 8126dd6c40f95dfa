/* Private to core/model. */
#ifndef SX_MODEL_INTERNAL_H
#define SX_MODEL_INTERNAL_H

#include "core/model/model.h"

typedef struct {
    const sx_spec *spec;
    const sx_option *table;
} sx_family_options;

/* A row of the table of families. */
typedef struct {
    sx_model_kind kind;
    /* Writes the layers; returns the features that the classifier reads. */
    sx_node (*build)(sx_graph *graph, const sx_family_options *options);
    sx_status (*check)(const sx_family_options *options, sx_error *err); /* NULL: nothing more */
} sx_family;

/* Parses and checks a spec: its family, or NULL with `err` filled. */
const sx_family *sx_family_of(const char *spec, sx_spec *out, sx_error *err);

/* Builds the whole graph, loss included, from the text of a file of layers; `loss` NULL: the
 * file's. */
sx_status sx_layers_build(const sx_model *model, sx_graph *graph, const char *loss, sx_error *err);

/* Where a file of layers is: the path itself, or in the assets. */
sx_status sx_model_find_file(const char *spec, char path[SX_PATH_SIZE], sx_error *err);

#endif
