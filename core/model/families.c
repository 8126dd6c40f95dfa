/* Families of models: a row is a table of options and a function that writes the layers up to the
 * features; the classifier, a dense layer, comes after it. */
#include "core/model/internal.h"

#include <stdio.h>
#include <string.h>

double sx_family_number(const sx_family_options *o, const char *key) {
    return sx_spec_number(o->spec, o->table, key);
}

int sx_family_whole(const sx_family_options *o, const char *key) {
    return (int)sx_family_number(o, key);
}

const char *sx_family_text(const sx_family_options *o, const char *key) {
    return sx_spec_text(o->spec, o->table, key);
}

bool sx_family_yes(const sx_family_options *o, const char *key) {
    return strcmp(sx_family_text(o, key), "yes") == 0;
}

sx_node sx_family_unary(sx_graph *graph, sx_node x, const char *operation, const char *name,
                        const char *options) {
    return sx_graph_layer(graph, operation, &x, 1, name, options);
}

sx_node sx_family_dropout(sx_graph *graph, sx_node x, double rate) {
    return rate > 0 ? sx_graph_dropout(graph, x, rate) : x;
}

/* ---- mlp ---------------------------------------------------------------------------------------
 */

static const sx_option mlp_options[] = {
    {"", "width", SX_OPTION_INTEGER, "256", 1, 8192, NULL, "units of each hidden layer"},
    {"", "depth", SX_OPTION_INTEGER, "2", 0, 16, NULL, "hidden layers"},
    {"", "activation", SX_OPTION_CHOICE, "relu", 0, 0, "relu|tanh|gelu|silu", "between layers"},
    {"", "dropout", SX_OPTION_NUMBER, "0", 0, 0.95, NULL, "rate after each hidden layer"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static sx_node build_mlp(sx_graph *graph, const sx_family_options *o) {
    sx_node x = sx_graph_input(graph);
    char name[32];
    for (int i = 1; i <= sx_family_whole(o, "depth"); i++) {
        snprintf(name, sizeof name, "layer%d", i);
        x = sx_graph_dense(graph, x, name, sx_family_whole(o, "width"));
        x = sx_family_dropout(graph,
                              sx_family_unary(graph, x, sx_family_text(o, "activation"), NULL, ""),
                              sx_family_number(o, "dropout"));
    }
    return x;
}

/* ---- cnn ---------------------------------------------------------------------------------------
 */

static const sx_option cnn_options[] = {
    {"", "width", SX_OPTION_INTEGER, "16", 1, 1024, NULL,
     "channels of the first block; each further block doubles them"},
    {"", "depth", SX_OPTION_INTEGER, "3", 1, 10, NULL,
     "blocks of convolution, norm, ReLU and pooling; each halves the image"},
    {"", "dropout", SX_OPTION_NUMBER, "0", 0, 0.95, NULL, "rate before the last layer"},
    {"", "norm", SX_OPTION_CHOICE, "batch", 0, 0, "batch|none",
     "of each convolution's output; without it convolutions have biases"},
    {"", "hidden", SX_OPTION_INTEGER, "0", 0, 8192, NULL,
     "units of a dense layer with ReLU over the whole last map; 0: the map's average"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

sx_node sx_family_normed(sx_graph *graph, sx_node x, const char *prefix, sx_convolution form) {
    char name[48];
    snprintf(name, sizeof name, "%.40s.conv", prefix);
    x = sx_graph_convolution(graph, x, name, form);
    snprintf(name, sizeof name, "%.40s.norm", prefix);
    return sx_graph_batch_norm(graph, x, name);
}

static sx_node cnn_block(sx_graph *graph, sx_node x, int block, const sx_family_options *o) {
    bool normed = strcmp(sx_family_text(o, "norm"), "batch") == 0;
    sx_convolution form = {.channels = sx_family_whole(o, "width") << (block - 1),
                           .kernel = 3,
                           .stride = 1,
                           .padding = -1,
                           .bias = !normed};
    char name[32];
    snprintf(name, sizeof name, normed ? "block%d" : "block%d.conv", block);
    x = normed ? sx_family_normed(graph, x, name, form)
               : sx_graph_convolution(graph, x, name, form);
    return sx_graph_max_pool(graph, sx_graph_relu(graph, x), 2, 2);
}

static sx_node build_cnn(sx_graph *graph, const sx_family_options *o) {
    sx_node x = sx_graph_input(graph);
    int hidden = sx_family_whole(o, "hidden");
    for (int i = 1; i <= sx_family_whole(o, "depth"); i++) x = cnn_block(graph, x, i, o);
    x = hidden ? sx_graph_relu(graph, sx_graph_dense(graph, x, "hidden", hidden))
               : sx_graph_global_average_pool(graph, x);
    return sx_family_dropout(graph, x, sx_family_number(o, "dropout"));
}

/* ---- the table ---------------------------------------------------------------------------------
 */

static const sx_family simple_families[] = {
    {{"mlp", "dense layers over the pixels as a vector", mlp_options}, build_mlp, NULL, NULL},
    {{"cnn", "3x3 convolutions with ReLU and 2x2 pooling", cnn_options}, build_cnn, NULL, NULL},
    {{NULL, NULL, NULL}, NULL, NULL, NULL},
};

static const sx_family *const tables[] = {simple_families, sx_resnet_families, sx_vit_families,
                                          sx_clip_families};

#define FAMILIES_LIMIT 32 /* more than there are */

static const sx_family *family_at(int row) {
    for (size_t t = 0; row >= 0 && t < sizeof tables / sizeof *tables; t++)
        for (const sx_family *family = tables[t]; family->build; family++)
            if (row-- == 0) return family;
    return NULL;
}

const sx_model_kind *sx_model_kind_at(int row) {
    const sx_family *family = family_at(row);
    return family ? &family->kind : NULL;
}

static const sx_family *find_family(const char *name, sx_error *err) {
    const char *names[FAMILIES_LIMIT];
    int count = 0;
    for (const sx_family *family; (family = family_at(count)); count++) {
        if (strcmp(family->kind.name, name) == 0) return family;
        names[count] = family->kind.name;
    }
    char shown[64];
    sx_text_printable(shown, sizeof shown, name);
    sx_fail(err, SX_BAD_INPUT, "unknown model '%s'; did you mean '%s'?", shown,
            sx_nearest_name(name, names, (size_t)count));
    return NULL;
}

const sx_family *sx_family_of(const char *spec, sx_spec *out, sx_error *err) {
    const sx_family *family = sx_spec_parse(spec, out, err) ? NULL : find_family(out->name, err);
    sx_status status = family ? sx_spec_check(out, family->kind.options, err) : SX_BAD_INPUT;
    if (!status && family && family->check)
        status = family->check(&(sx_family_options){out, family->kind.options}, err);
    return status ? NULL : family;
}
