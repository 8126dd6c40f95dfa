/* Models from a file of layers: every section is a layer, in order. `layer` names the operator, the
 * other keys are its options; `inputs` names what it reads (layers above it, or "image"), by
 * default the layer before. A value `classes` stands for their number. The section [model] may say
 * which loss ends the graph, and which layers it compares. */
#include "core/model/internal.h"

#include <stdio.h>
#include <string.h>

#define INPUTS 4

typedef struct {
    const sx_model *model;
    const sx_ini *ini;
    sx_graph *graph;
    size_t at; /* the next entry */
    const char **names;
    sx_node *nodes; /* of the layers so far, in the order of `names` */
    size_t count;
    const char *loss; /* of the file */
    const sx_ending *ending;
    const sx_ini_entry *compared; /* names what the loss reads, or NULL: the last layer */
    sx_error *err;
} reader;

static sx_status refuse(reader *in, const sx_ini_entry *entry, const char *sentence,
                        const char *word) {
    char shown[80];
    sx_text_printable(shown, sizeof shown, word);
    return sx_fail(in->err, SX_BAD_INPUT, "%s:%d: [%.60s] %s '%s'", in->model->spec, entry->line,
                   entry->section, sentence, shown);
}

static sx_node find_layer(const reader *in, const char *name) {
    if (strcmp(name, "image") == 0) return sx_graph_input(in->graph);
    for (size_t i = 0; i < in->count; i++)
        if (strcmp(in->names[i], name) == 0) return in->nodes[i];
    return -1;
}

/* "a, b" into nodes; returns how many, -1 with the error filled. */
static int read_inputs(reader *in, const sx_ini_entry *entry, sx_node *out) {
    int count = 0;
    for (const char *c = entry->value; *c;) {
        char name[64];
        c += strspn(c, ", \t");
        size_t length = strcspn(c, ", \t");
        if (!length) break;
        snprintf(name, sizeof name, "%.*s", (int)length, c);
        sx_node node = count < INPUTS ? find_layer(in, name) : -1;
        if (node < 0) {
            refuse(in, entry, "reads a layer that is not above it:", name);
            return -1;
        }
        out[count++] = node;
        c += length;
    }
    return count;
}

/* Appends "key=value" to the options of a layer. */
static void add_option(const reader *in, const sx_ini_entry *entry, sx_text *options) {
    sx_text_add(options, "%s%s=", options->size ? ", " : "", entry->key);
    if (strcmp(entry->value, "classes") == 0)
        sx_text_add(options, "%d", in->model->classes);
    else
        sx_text_add(options, "%s", entry->value);
}

/* Reads the entries of one section; adds its layer. */
static sx_status read_layer(reader *in) {
    const sx_ini_entry *first = &in->ini->entries[in->at];
    const char *operation = NULL;
    sx_node inputs[INPUTS] = {in->count ? in->nodes[in->count - 1] : sx_graph_input(in->graph)};
    int count = 1;
    sx_text options = {0};
    sx_status status = SX_OK;
    for (; in->at < in->ini->count && !status; in->at++) {
        const sx_ini_entry *entry = &in->ini->entries[in->at];
        if (strcmp(entry->section, first->section) != 0) break;
        if (strcmp(entry->key, "layer") == 0)
            operation = entry->value;
        else if (strcmp(entry->key, "inputs") != 0)
            add_option(in, entry, &options);
        else if ((count = read_inputs(in, entry, inputs)) < 0)
            status = SX_BAD_INPUT;
    }
    if (!status && find_layer(in, first->section) >= 0)
        status = refuse(in, first, "is the name of a layer above:", first->section);
    if (!status && !operation) status = refuse(in, first, "lacks the key", "layer");
    if (!status && options.failed)
        status = sx_fail(in->err, SX_NO_MEMORY, "not enough memory for the model");
    if (!status) {
        in->names[in->count] = first->section;
        in->nodes[in->count++] = sx_graph_layer(in->graph, operation, inputs, count, first->section,
                                                options.data ? options.data : "");
        if (in->nodes[in->count - 1] < 0) /* the sentence is the graph's; the line is ours */
            status = sx_graph_finish(in->graph, -1, in->err);
        if (status) sx_fail_within(in->err, "%s:%d", in->model->spec, first->line);
    }
    sx_text_done(&options);
    return status;
}

static sx_status read_settings(reader *in) {
    for (; in->at < in->ini->count; in->at++) {
        const sx_ini_entry *entry = &in->ini->entries[in->at];
        if (strcmp(entry->section, "model") != 0) break;
        if (strcmp(entry->key, "loss") == 0)
            in->loss = entry->value;
        else if (strcmp(entry->key, "loss_inputs") == 0)
            in->compared = entry;
        else
            return refuse(in, entry, "knows the keys 'loss' and 'loss_inputs', not", entry->key);
    }
    return SX_OK;
}

static sx_status read_sections(reader *in) {
    sx_status status = SX_OK;
    while (!status && in->at < in->ini->count)
        status = strcmp(in->ini->entries[in->at].section, "model") == 0 ? read_settings(in)
                                                                        : read_layer(in);
    if (status) return status;
    if (!in->count)
        return sx_fail(in->err, SX_BAD_INPUT, "%s: there is no layer in this file",
                       in->model->spec);
    sx_node read[INPUTS] = {in->nodes[in->count - 1]};
    int count = in->compared ? read_inputs(in, in->compared, read) : 1;
    if (count < 0) return SX_BAD_INPUT;
    sx_loss_form loss = {in->ending->loss ? in->ending->loss : in->loss, {read[0], read[1]}, count};
    /* A slope of the output begins there: no layer may wait for a share of the loss. */
    if (in->compared && in->ending->differentiable)
        loss = (sx_loss_form){"mean_squared_error", {in->nodes[in->count - 1]}, 1};
    return sx_graph_finish_over(in->graph, in->nodes[in->count - 1], &loss, in->err);
}

static sx_status check_output(const sx_model *model, const sx_graph *graph, sx_error *err) {
    if (sx_graph_output_size(graph) == (size_t)model->classes) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "%s: the last layer has %zu outputs for %d classes; end with layer = dense, "
                   "units = classes",
                   model->spec, sx_graph_output_size(graph), model->classes);
}

sx_status sx_layers_build(const sx_model *model, sx_graph *graph, const sx_ending *ending,
                          sx_error *err) {
    sx_ini ini;
    sx_status status = sx_ini_parse(model->spec, model->layers, strlen(model->layers), &ini, err);
    if (status) return status;
    reader in = {.model = model, .ini = &ini, .graph = graph, .err = err};
    in.loss = "softmax_cross_entropy";
    in.ending = ending;
    in.names = sx_arena_alloc(&ini.arena, ini.count + 1, sizeof *in.names);
    in.nodes = sx_arena_alloc(&ini.arena, ini.count + 1, sizeof *in.nodes);
    if (!in.names || !in.nodes)
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the model");
    else
        status = read_sections(&in);
    bool classifies = strncmp(in.loss, "softmax_cross_entropy", 21) == 0;
    if (!status && model->classes && classifies) status = check_output(model, graph, err);
    sx_ini_done(&ini);
    return status;
}

sx_status sx_model_find_file(const char *spec, char path[SX_PATH_SIZE], sx_error *err) {
    if (sx_is_file(spec)) {
        if (strlen(spec) < SX_PATH_SIZE) memcpy(path, spec, strlen(spec) + 1);
        return SX_OK;
    }
    if (*spec != '/' && !sx_asset_find(path, spec, NULL)) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "there is no file of layers '%.120s'", spec);
}
