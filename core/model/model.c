/* Models by name. A row of the registry is a table of options and a function that writes the
 * layers into a graph; the parameters' layout comes out of the graph and does not depend on the
 * batch, so one model serves graphs for training, evaluation and a single image. */
#include "core/model/model.h"

#include <stdio.h>
#include <string.h>

static const sx_option mlp_options[] = {
    {"", "width", SX_OPTION_INTEGER, "256", 1, 8192, NULL, "units of each hidden layer"},
    {"", "depth", SX_OPTION_INTEGER, "2", 0, 16, NULL, "hidden layers"},
    {"", "dropout", SX_OPTION_NUMBER, "0", 0, 0.95, NULL, "rate after each hidden layer"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static const sx_option cnn_options[] = {
    {"", "width", SX_OPTION_INTEGER, "16", 1, 1024, NULL,
     "channels of the first block; each further block doubles them"},
    {"", "depth", SX_OPTION_INTEGER, "3", 1, 10, NULL,
     "blocks of convolution, batch norm, ReLU and pooling; each halves the image"},
    {"", "dropout", SX_OPTION_NUMBER, "0", 0, 0.95, NULL, "rate before the last layer"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

enum { MLP, CNN, KINDS };

static const sx_model_kind kinds[KINDS] = {
    [MLP] = {"mlp", "dense layers with ReLU over the pixels as a vector", mlp_options},
    [CNN] = {"cnn", "3x3 convolutions with batch norm, ReLU and 2x2 pooling", cnn_options},
};

const sx_model_kind *sx_model_kind_at(int row) {
    return row >= 0 && row < KINDS ? &kinds[row] : NULL;
}

/* ---- layers ---------------------------------------------------------------------------------- */

typedef struct {
    int width, depth;
    double dropout;
} model_options;

static sx_node build_mlp(sx_graph *graph, const model_options *options) {
    sx_node x = sx_graph_input(graph);
    char name[32];
    for (int i = 1; i <= options->depth; i++) {
        snprintf(name, sizeof name, "layer%d", i);
        x = sx_graph_relu(graph, sx_graph_dense(graph, x, name, options->width));
        if (options->dropout > 0) x = sx_graph_dropout(graph, x, options->dropout);
    }
    return x;
}

static sx_node build_cnn(sx_graph *graph, const model_options *options) {
    sx_node x = sx_graph_input(graph);
    char name[32];
    for (int i = 1; i <= options->depth; i++) {
        sx_convolution convolution = {options->width << (i - 1), 3, 1, -1, false};
        snprintf(name, sizeof name, "block%d.conv", i);
        x = sx_graph_convolution(graph, x, name, convolution);
        snprintf(name, sizeof name, "block%d.norm", i);
        x = sx_graph_relu(graph, sx_graph_batch_norm(graph, x, name));
        x = sx_graph_max_pool(graph, x, 2, 2);
    }
    x = sx_graph_global_average_pool(graph, x);
    return options->dropout > 0 ? sx_graph_dropout(graph, x, options->dropout) : x;
}

typedef sx_node (*build_function)(sx_graph *graph, const model_options *options);

static const build_function builders[KINDS] = {
    [MLP] = build_mlp,
    [CNN] = build_cnn,
};

/* ---- specs ----------------------------------------------------------------------------------- */

/* The registry's row of that name; -1 with `err` filled if there is none. */
static int find_kind(const char *name, sx_error *err) {
    const char *names[KINDS];
    for (int kind = 0; kind < KINDS; kind++) {
        if (strcmp(kinds[kind].name, name) == 0) return kind;
        names[kind] = kinds[kind].name;
    }
    char shown[64];
    sx_text_printable(shown, sizeof shown, name);
    sx_fail(err, SX_BAD_INPUT, "unknown model '%s'; did you mean '%s'?", shown,
            sx_nearest_name(name, names, KINDS));
    return -1;
}

/* Fills the options and returns what builds the model; NULL with `err` filled if the spec is wrong.
 */
static build_function read_spec(const char *text, model_options *options, sx_error *err) {
    sx_spec spec;
    int kind = sx_spec_parse(text, &spec, err) ? -1 : find_kind(spec.name, err);
    if (kind < 0 || sx_spec_check(&spec, kinds[kind].options, err)) {
        sx_fail_within(err, "model");
        return NULL;
    }
    const sx_option *table = kinds[kind].options;
    *options = (model_options){(int)sx_spec_number(&spec, table, "width"),
                               (int)sx_spec_number(&spec, table, "depth"),
                               sx_spec_number(&spec, table, "dropout")};
    return builders[kind];
}

/* ---- models ---------------------------------------------------------------------------------- */

sx_graph *sx_model_graph(const sx_model *model, int batch, sx_error *err) {
    model_options options;
    build_function build = read_spec(model->spec, &options, err);
    if (!build) return NULL;
    sx_graph *graph = sx_graph_new(batch, model->height, model->width, model->channels);
    if (!graph) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the model");
        return NULL;
    }
    sx_node features = build(graph, &options);
    if (!sx_graph_finish(graph, sx_graph_dense(graph, features, "classifier", model->classes), err))
        return graph;
    sx_fail_within(err, "model %s for images of %d x %d", model->spec, model->height, model->width);
    sx_graph_free(graph);
    return NULL;
}

sx_status sx_model_new(const char *spec, int height, int width, int channels, int classes,
                       uint64_t seed, sx_model *out, sx_error *err) {
    sx_error local = {0};
    if (!err) err = &local;
    *out = (sx_model){.height = height, .width = width, .channels = channels, .classes = classes};
    if (strlen(spec) >= sizeof out->spec)
        return sx_fail(err, SX_BAD_INPUT, "model: a spec of %zu characters is too long",
                       strlen(spec));
    sx_text_set(out->spec, sizeof out->spec, spec);
    if (classes < 2)
        return sx_fail(err, SX_BAD_INPUT, "model: %d classes; there must be at least 2", classes);
    sx_graph *graph = sx_model_graph(out, 1, err);
    if (!graph) return err->status;
    sx_status status = sx_parameters_new(graph, seed, &out->parameters, err);
    sx_graph_free(graph);
    return status;
}

void sx_model_done(sx_model *model) {
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
