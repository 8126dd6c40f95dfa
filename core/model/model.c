/* Models by spec: the family's row, or a file of layers, writes the layers into a graph; the
 * parameters' layout comes out of the graph and does not depend on the batch, so one model serves
 * graphs for training, evaluation and a single image. */
#include "core/model/internal.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define FILE_LIMIT ((size_t)1 << 20)

/* ---- models ---------------------------------------------------------------------------------- */

static bool is_file(const char *spec) {
    size_t length = strlen(spec);
    return length > 4 && strcmp(spec + length - 4, ".ini") == 0;
}

static sx_status classify(sx_graph *graph, sx_node features, const sx_ending *ending,
                          sx_error *err) {
    sx_node logits = sx_graph_dense(graph, features, "classifier", ending->classes);
    const char *loss = ending->loss ? ending->loss : "softmax_cross_entropy";
    return sx_graph_finish_with(graph, logits, loss, err);
}

static sx_status build(const sx_model *model, sx_graph *graph, const sx_ending *ending,
                       sx_error *err) {
    sx_graph_freeze(graph, model->frozen);
    if (model->layers) return sx_layers_build(model, graph, ending, err);
    sx_spec spec;
    const sx_family *family = sx_family_of(model->spec, &spec, err);
    if (!family) return SX_BAD_INPUT;
    sx_family_options options = {&spec, family->kind.options};
    sx_node features = family->build(graph, &options);
    return family->end ? family->end(graph, features, &options, ending, err)
                       : classify(graph, features, ending, err);
}

static sx_graph *make_graph(const sx_model *model, int batch, const sx_ending *ending,
                            sx_error *err) {
    sx_error local = {0};
    if (!err) err = &local;
    sx_graph *graph = sx_graph_new(batch, model->height, model->width, model->channels);
    if (!graph) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the model");
        return NULL;
    }
    sx_graph_direct(graph, model->direct);
    sx_graph_differentiable(graph, ending->differentiable);
    if (!build(model, graph, ending, err)) return graph;
    sx_fail_within(err, "model %s for images of %d x %d", model->spec, model->height, model->width);
    sx_graph_free(graph);
    return NULL;
}

sx_graph *sx_model_graph(const sx_model *model, int batch, sx_error *err) {
    return sx_model_graph_for(model, batch, NULL, err);
}

sx_graph *sx_model_slope_graph(const sx_model *model, int batch, sx_error *err) {
    return make_graph(model, batch, &(sx_ending){.classes = model->classes, .differentiable = true},
                      err);
}

sx_graph *sx_model_graph_for(const sx_model *model, int batch, const char *loss, sx_error *err) {
    return make_graph(model, batch, &(sx_ending){.classes = model->classes, .loss = loss}, err);
}

static bool is_clip(const char *spec, sx_spec *out) {
    sx_error none = {0};
    const sx_family *family = is_file(spec) ? NULL : sx_family_of(spec, out, &none);
    return family && family == sx_clip_families;
}

bool sx_model_text(const sx_model *model, sx_text_facts *out) {
    sx_spec spec;
    if (!is_clip(model->spec, &spec)) return false;
    sx_family_options o = {&spec, sx_clip_families[0].kind.options};
    *out = (sx_text_facts){.vocabulary = sx_family_whole(&o, "vocabulary"),
                           .context = sx_family_whole(&o, "context"),
                           .embed = sx_family_whole(&o, "embed")};
    return true;
}

sx_graph *sx_model_text_graph(const sx_model *model, int batch, sx_error *err) {
    return sx_model_short_text_graph(model, batch, INT_MAX, err);
}

sx_graph *sx_model_short_text_graph(const sx_model *model, int batch, int length, sx_error *err) {
    sx_text_facts facts;
    if (sx_model_text(model, &facts))
        return make_graph(model, batch, &(sx_ending){.classes = model->classes, .text = length},
                          err);
    sx_fail(err, SX_BAD_INPUT, "the model %s reads no texts", model->spec);
    return NULL;
}

sx_status sx_model_check(const char *spec, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_spec parsed;
    if (is_file(spec)) return sx_model_find_file(spec, path, err);
    return sx_family_of(spec, &parsed, err) ? SX_OK : SX_BAD_INPUT;
}

/* Keeps the file's text: a graph for another batch size must not depend on what the file says by
 * then. */
static sx_status read_layers(sx_model *model, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_bytes bytes = {0};
    sx_status status = sx_model_find_file(model->spec, path, err);
    if (!status) status = sx_file_read(path, FILE_LIMIT, &bytes, err);
    if (!status && !(model->layers = sx_alloc(bytes.size + 1, 1)))
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the model");
    if (model->layers && bytes.data) memcpy(model->layers, bytes.data, bytes.size);
    sx_bytes_done(&bytes);
    return status ? sx_fail_within(err, "model") : SX_OK;
}

/* All of a model but its parameters: the graph that has their layout. */
static sx_graph *lay_out(const char *spec, const sx_model_size *size, sx_model *out,
                         sx_error *err) {
    *out = (sx_model){.height = size->height,
                      .width = size->width,
                      .channels = size->channels,
                      .classes = size->classes};
    if (strlen(spec) >= sizeof out->spec) {
        sx_fail(err, SX_BAD_INPUT, "model: a spec of %zu characters is too long", strlen(spec));
        return NULL;
    }
    sx_text_set(out->spec, sizeof out->spec, spec);
    if (size->classes < 2) {
        sx_fail(err, SX_BAD_INPUT, "model: %d classes; there must be at least 2", size->classes);
        return NULL;
    }
    if (sx_model_check(spec, err)) {
        sx_fail_within(err, "model");
        return NULL;
    }
    if (is_file(spec) && read_layers(out, err)) return NULL;
    return sx_model_graph(out, 1, err);
}

sx_status sx_model_new(const char *spec, int height, int width, int channels, int classes,
                       uint64_t seed, sx_model *out, sx_error *err) {
    sx_error local = {0};
    if (!err) err = &local;
    sx_graph *graph = lay_out(spec, &(sx_model_size){height, width, channels, classes}, out, err);
    sx_status status = graph ? sx_parameters_new(graph, seed, &out->parameters, err) : err->status;
    sx_graph_free(graph);
    if (status) sx_model_done(out);
    return status;
}

sx_status sx_model_lay_out(const char *spec, const sx_model_size *size, sx_model *out,
                           sx_error *err) {
    sx_error local = {0};
    if (!err) err = &local;
    sx_graph *graph = lay_out(spec, size, out, err);
    sx_status status = graph ? sx_parameters_lay_out(graph, &out->parameters, err) : err->status;
    sx_graph_free(graph);
    if (status) sx_model_done(out);
    return status;
}

void sx_model_done(sx_model *model) {
    sx_free(model->layers);
    sx_parameters_done(&model->parameters);
    *model = (sx_model){0};
}

size_t sx_model_trained(const sx_model *model) {
    size_t sum = 0;
    for (int i = 0; i < model->parameters.count; i++)
        if (model->parameters.slices[i].trained) sum += model->parameters.slices[i].count;
    return sum;
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

void sx_model_tensors(const sx_model *model, sx_safetensor *tensors) {
    for (int i = 0; i < model->parameters.count; i++) {
        const sx_slice *slice = &model->parameters.slices[i];
        tensors[i] = (sx_safetensor){.name = slice->name,
                                     .dtype = SX_DTYPE_F32,
                                     .rank = slice->rank,
                                     .values = model->parameters.values + slice->offset,
                                     .bytes = slice->count * sizeof(float)};
        for (int k = 0; k < slice->rank; k++) tensors[i].sizes[k] = (size_t)slice->sizes[k];
    }
}

static sx_status check_tensor(const sx_slice *slice, const sx_safetensor *tensor, sx_error *err) {
    if (!tensor)
        return sx_fail(err, SX_BAD_INPUT,
                       "the file has no tensor '%s'; it was written by another model", slice->name);
    bool same = tensor->dtype == SX_DTYPE_F32 && tensor->rank == slice->rank &&
                tensor->bytes == slice->count * sizeof(float);
    for (int k = 0; same && k < slice->rank; k++)
        same = tensor->sizes[k] == (size_t)slice->sizes[k];
    if (same) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "tensor '%s' has another shape or type than in this model; it was written by "
                   "another model",
                   slice->name);
}

/* Everything is checked before anything is copied. */
sx_status sx_model_load(sx_model *model, const sx_safetensors *file, sx_error *err) {
    const sx_parameters *parameters = &model->parameters;
    for (int i = 0; i < parameters->count; i++) {
        const sx_slice *slice = &parameters->slices[i];
        sx_status status = check_tensor(slice, sx_safetensors_find(file, slice->name), err);
        if (status) return status;
    }
    for (int i = 0; i < parameters->count; i++) {
        const sx_slice *slice = &parameters->slices[i];
        const sx_safetensor *tensor = sx_safetensors_find(file, slice->name);
        memcpy(parameters->values + slice->offset, tensor->values, tensor->bytes);
    }
    return SX_OK;
}
