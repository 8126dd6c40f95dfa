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
    int frozen;  /* slices at the beginning that are not trained; 0 unless sx_model_tune says */
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

/* A model that reads texts, too, as token ids (family `clip`); false for others. The text's end is
 * the token with the largest id; `head.weight` [embed, classes] holds what images are compared with
 * in predictions, and nobody trains it. */
typedef struct {
    int vocabulary, context, embed;
} sx_text_facts;
bool sx_model_text(const sx_model *model, sx_text_facts *out);

/* The graph whose output are vectors of texts, [embed], of length 1: its targets are [batch,
 * context] token ids, its images may be NULL. The layout of parameters is the model's. */
sx_graph *sx_model_text_graph(const sx_model *model, int batch, sx_error *err);
/* The same for texts of at most `length` tokens, 1 to context: its targets are [batch, length]. The
 * rounding may differ from that of a longer one. */
sx_graph *sx_model_short_text_graph(const sx_model *model, int batch, int length, sx_error *err);
/* The same with the model's own loss, for slopes by the images (sx_run_differentiate). */
sx_graph *sx_model_slope_graph(const sx_model *model, int batch, sx_error *err);

/* What is trained from now on, in graphs that are made later: "all", "head" (the last layer) or
 * "last(N)" (the last N blocks and what comes after them). Layers before these are as in
 * prediction, running statistics and all, and no gradient goes there. SX_BAD_INPUT if the model has
 * fewer blocks. The second only checks the text. */
sx_status sx_model_tune(sx_model *model, const char *tune, sx_error *err);
sx_status sx_tune_check(const char *tune, sx_error *err);

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
/* The same of one axis: [from, channels] to out [to, channels]. */
void sx_position_resize_axis(sx_position_rule rule, const float *in, int from, int to, int channels,
                             float *out);

/* Gives `to` the values of `from`, a model of the same layers: positions of another grid are
 * resized by the rule, or all positions stay those of `to` where they are new; and the last layer
 * takes the rows of `classes` [to->classes], numbers of from's classes; NULL: it is new, all zeros.
 * SX_BAD_INPUT names a layer that has another shape. */
typedef struct {
    sx_position_rule position;
    bool new_positions;
    const int *classes;
} sx_adoption;
sx_status sx_model_adopt(sx_model *to, const sx_model *from, const sx_adoption *how, sx_error *err);

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
    bool zero_shot; /* any classes: their columns "head.weight" are made from their names */
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

/* Lets a model of the spec be written by this naming of its family; NULL: the first. SX_BAD_INPUT
 * names those that there are. */
sx_status sx_checkpoint_name(sx_checkpoint *checkpoint, const char *naming, sx_error *err);

/* Writes `values`, the model's parameters or a vector laid out like them, as a safetensors file
 * with the names and layouts of the checkpoint's naming, and how pictures come to it. */
sx_status sx_checkpoint_write(const sx_model *model, const sx_checkpoint *checkpoint,
                              const float *values, const char *path, sx_error *err);

#endif
