/* Models by name: a spec such as "cnn(width=16, depth=3)", or a file of layers, becomes graphs over
 * one parameter vector. */
#ifndef SX_MODEL_MODEL_H
#define SX_MODEL_MODEL_H

#include "core/format/format.h"
#include "core/graph/graph.h"

#define SX_MODEL_SPEC 384 /* bytes of a spec, its end included */

/* A row of the registry. */
typedef struct {
    const char *name, *help;
    const sx_option *options;
} sx_model_kind;
/* Row of the registry; NULL past the end. */
const sx_model_kind *sx_model_kind_at(int row);

typedef struct {
    char spec[SX_MODEL_SPEC];
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

/* The same with the model's own loss, for slopes by the images (sx_run_differentiate). */
sx_graph *sx_model_slope_graph(const sx_model *model, int batch, sx_error *err);

/* Number of trained values. */
size_t sx_model_trained(const sx_model *model);

/* Copies parameters into tensors "NAME" (for a checkpoint; borrows the values), and back: every
 * slice must be there with its shape. `tensors` has room for parameters.count. */
void sx_model_tensors(const sx_model *model, sx_safetensor *tensors);
sx_status sx_model_load(sx_model *model, const sx_safetensors *file, sx_error *err);

/* ---- published checkpoints ---------------------------------------------------------------------
 */

/* How pictures must be brought to a model: resized by a rule (sx_resize_parse), either to the
 * square at once or by the shorter side and cut at the centre; values 0 to 1 minus mean, over
 * deviation. */
typedef struct {
    double mean[3], deviation[3]; /* red, green, blue */
    const char *resize;
    bool crops;
    double fraction; /* of the resized shorter side that is cut out; where nothing is cut, 1 */
} sx_preprocessing;

/* How learned positions become those of another grid: bilinear with matching corners (Google),
 * bicubic (HuggingFace), or bicubic with antialiasing (timm). */
typedef enum {
    SX_POSITION_CORNERS,
    SX_POSITION_BICUBIC,
    SX_POSITION_BICUBIC_SMOOTH
} sx_position_rule;
#define SX_POSITION_RULES "corners|bicubic|bicubic-smooth" /* their names, in this order */
const char *sx_position_name(sx_position_rule rule);       /* NULL past the last */

/* Brings positions [first + from * from, channels] to out [first + to * to, channels]; the `first`
 * rows (a class token's) are copied. */
void sx_position_resize(sx_position_rule rule, const float *in, int first, int from, int to,
                        int channels, float *out);

/* A way of naming a family's tensors. */
typedef struct sx_naming sx_naming;
const char *sx_naming_name(const sx_naming *naming);  /* "timm" */
const char *sx_naming_about(const sx_naming *naming); /* who names so */

/* What a file of tensors turned out to be. What a file cannot show has its source's default. */
typedef struct {
    char spec[SX_MODEL_SPEC]; /* "vit(dim=768, depth=12, ...)" */
    const sx_naming *naming;
    char prefix[48]; /* before every name of theirs: "module." */
    uint64_t rules; /* spellings of the naming that the file has, where there are two; by loading */
    int height, width, channels, classes;
    sx_preprocessing preprocessing;
    sx_position_rule position;
} sx_checkpoint;

/* Recognises the family and its settings from names and shapes. SX_BAD_INPUT with a sentence if no
 * family has such tensors. */
sx_status sx_checkpoint_recognise(const sx_tensors *file, sx_checkpoint *out, sx_error *err);

/* Sets options of the spec, "heads=8, activation=gelu", over those that were recognised. */
sx_status sx_checkpoint_set(sx_checkpoint *checkpoint, const char *options, sx_error *err);

/* Builds the model and reads its values; end with sx_model_done. Tensors that are missing or have
 * another shape are an error that names them. `surplus`, if not NULL, gets the names of tensors
 * that the model has no use for, a line each. */
sx_status sx_checkpoint_load(sx_tensors *file, sx_checkpoint *checkpoint, sx_model *out,
                             sx_text *surplus, sx_error *err);

/* The first half of loading: holds names and shapes of all tensors against the model, without their
 * values. *trained gets the number of trained values. */
sx_status sx_checkpoint_check(sx_tensors *file, sx_checkpoint *checkpoint, size_t *trained,
                              sx_error *err);

/* Writes `values`, the model's parameters or a vector laid out like them, as a safetensors file
 * with the names and layouts of the checkpoint's naming. */
sx_status sx_checkpoint_write(const sx_model *model, const sx_checkpoint *checkpoint,
                              const float *values, const char *path, sx_error *err);

#endif
