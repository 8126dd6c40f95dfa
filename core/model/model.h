/* Models by name: a spec such as "cnn(width=16, depth=3)", or a file of layers, becomes graphs over
 * one parameter vector. */
#ifndef SX_MODEL_MODEL_H
#define SX_MODEL_MODEL_H

#include "core/format/format.h"
#include "core/graph/graph.h"

/* A row of the registry. */
typedef struct {
    const char *name, *help;
    const sx_option *options;
} sx_model_kind;
/* Row of the registry; NULL past the end. */
const sx_model_kind *sx_model_kind_at(int row);

typedef struct {
    char spec[160];
    char *layers; /* text of the file of layers; NULL: a family */
    int height, width, channels, classes;
    bool direct; /* its graphs do without Winograd's algorithm; false unless the owner sets it */
    sx_parameters parameters;
} sx_model;

/* Builds the model of a spec: one of the families (sx_model_kind_at) or the path of a file of
 * layers, which ends in ".ini". */
sx_status sx_model_new(const char *spec, int height, int width, int channels, int classes,
                       uint64_t seed, sx_model *out, sx_error *err);
void sx_model_done(sx_model *model);

/* Checks a spec without building anything: the family and its options, or that the file is there.
 */
sx_status sx_model_check(const char *spec, sx_error *err);

/* A graph of the model for a batch; owned by the caller. */
sx_graph *sx_model_graph(const sx_model *model, int batch, sx_error *err);

/* The same with another loss, a row of the operator table with options; NULL: the model's own. */
sx_graph *sx_model_graph_for(const sx_model *model, int batch, const char *loss, sx_error *err);

/* Number of trained values. */
size_t sx_model_trained(const sx_model *model);

/* Copies parameters into tensors "NAME" (for a checkpoint; borrows the values), and back: every
 * slice must be there with its shape. `tensors` has room for parameters.count. */
void sx_model_tensors(const sx_model *model, sx_safetensor *tensors);
sx_status sx_model_load(sx_model *model, const sx_safetensors *file, sx_error *err);

#endif
