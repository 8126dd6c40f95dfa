/* Families of models: a row is a table of options and a function that writes the layers up to the
 * features; the classifier, a dense layer, comes after it. */
#include "core/model/internal.h"

#include <stdio.h>
#include <string.h>

static double number(const sx_family_options *o, const char *key) {
    return sx_spec_number(o->spec, o->table, key);
}

static int whole(const sx_family_options *o, const char *key) {
    return (int)number(o, key);
}

static const char *text(const sx_family_options *o, const char *key) {
    return sx_spec_text(o->spec, o->table, key);
}

static sx_node unary(sx_graph *graph, sx_node x, const char *operation, const char *name,
                     const char *options) {
    return sx_graph_layer(graph, operation, &x, 1, name, options);
}

static sx_node dropout(sx_graph *graph, sx_node x, double rate) {
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
    for (int i = 1; i <= whole(o, "depth"); i++) {
        snprintf(name, sizeof name, "layer%d", i);
        x = sx_graph_dense(graph, x, name, whole(o, "width"));
        x = dropout(graph, unary(graph, x, text(o, "activation"), NULL, ""), number(o, "dropout"));
    }
    return x;
}

/* ---- cnn ---------------------------------------------------------------------------------------
 */

static const sx_option cnn_options[] = {
    {"", "width", SX_OPTION_INTEGER, "16", 1, 1024, NULL,
     "channels of the first block; each further block doubles them"},
    {"", "depth", SX_OPTION_INTEGER, "3", 1, 10, NULL,
     "blocks of convolution, batch norm, ReLU and pooling; each halves the image"},
    {"", "dropout", SX_OPTION_NUMBER, "0", 0, 0.95, NULL, "rate before the last layer"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

/* A convolution without bias and its batch norm, "PREFIX.conv" and "PREFIX.norm". */
static sx_node normed(sx_graph *graph, sx_node x, const char *prefix, sx_convolution form) {
    char name[48];
    snprintf(name, sizeof name, "%.40s.conv", prefix);
    x = sx_graph_convolution(graph, x, name, form);
    snprintf(name, sizeof name, "%.40s.norm", prefix);
    return sx_graph_batch_norm(graph, x, name);
}

static sx_node build_cnn(sx_graph *graph, const sx_family_options *o) {
    sx_node x = sx_graph_input(graph);
    char name[32];
    for (int i = 1; i <= whole(o, "depth"); i++) {
        sx_convolution form = {
            .channels = whole(o, "width") << (i - 1), .kernel = 3, .stride = 1, .padding = -1};
        snprintf(name, sizeof name, "block%d", i);
        x = sx_graph_relu(graph, normed(graph, x, name, form));
        x = sx_graph_max_pool(graph, x, 2, 2);
    }
    return dropout(graph, sx_graph_global_average_pool(graph, x), number(o, "dropout"));
}

/* ---- resnet (arXiv 1512.03385, section 4.2: small images) --------------------------------------
 */

static const sx_option resnet_options[] = {
    {"", "depth", SX_OPTION_INTEGER, "20", 8, 128, NULL,
     "layers with weights: 6 n + 2, n blocks in each of three stages"},
    {"", "width", SX_OPTION_INTEGER, "16", 1, 512, NULL,
     "channels of the first stage; the others have two and four times as many"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

/* Two 3x3 convolutions beside a shortcut; where the shape changes, a 1x1 convolution with batch
 * norm is the shortcut (the paper's option B). */
static sx_node residual_block(sx_graph *graph, sx_node x, const char *prefix, int channels,
                              int stride, bool projected) {
    char name[48];
    sx_convolution first = {.channels = channels, .kernel = 3, .stride = stride, .padding = 1};
    sx_convolution second = {.channels = channels, .kernel = 3, .stride = 1, .padding = 1};
    sx_convolution shortcut = {.channels = channels, .kernel = 1, .stride = stride};
    snprintf(name, sizeof name, "%.30s.a", prefix);
    sx_node y = sx_graph_relu(graph, normed(graph, x, name, first));
    snprintf(name, sizeof name, "%.30s.b", prefix);
    y = normed(graph, y, name, second);
    snprintf(name, sizeof name, "%.30s.shortcut", prefix);
    if (projected) x = normed(graph, x, name, shortcut);
    return sx_graph_relu(graph, sx_graph_add(graph, y, x));
}

static sx_node build_resnet(sx_graph *graph, const sx_family_options *o) {
    int width = whole(o, "width"), blocks = (whole(o, "depth") - 2) / 6;
    sx_convolution stem = {.channels = width, .kernel = 3, .stride = 1, .padding = 1};
    sx_node x = sx_graph_relu(graph, normed(graph, sx_graph_input(graph), "stem", stem));
    for (int stage = 0; stage < 3; stage++)
        for (int block = 0; block < blocks; block++) {
            char name[48];
            bool down = stage > 0 && block == 0;
            snprintf(name, sizeof name, "stage%d.block%d", stage + 1, block + 1);
            x = residual_block(graph, x, name, width << stage, down ? 2 : 1, down);
        }
    return sx_graph_global_average_pool(graph, x);
}

static sx_status check_resnet(const sx_family_options *o, sx_error *err) {
    int depth = whole(o, "depth");
    if ((depth - 2) % 6 == 0) return SX_OK;
    int below = 2 + (depth - 2) / 6 * 6;
    return sx_fail(err, SX_BAD_INPUT, "resnet: a depth of %d is not 6 n + 2; take %d or %d", depth,
                   below, below + 6);
}

/* ---- vit (arXiv 2010.11929; blocks with the norms first) ---------------------------------------
 */

static const sx_option vit_options[] = {
    {"", "dim", SX_OPTION_INTEGER, "64", 1, 4096, NULL, "channels of a token"},
    {"", "depth", SX_OPTION_INTEGER, "6", 1, 48, NULL, "blocks"},
    {"", "heads", SX_OPTION_INTEGER, "4", 1, 64, NULL, "of attention; must divide dim"},
    {"", "patch", SX_OPTION_INTEGER, "4", 1, 31, NULL, "pixels a side of a patch"},
    {"", "expand", SX_OPTION_INTEGER, "4", 1, 16, NULL, "hidden channels of a block over dim"},
    {"", "dropout", SX_OPTION_NUMBER, "0", 0, 0.95, NULL, "rate after attention and dense layers"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static sx_node linear(sx_graph *graph, sx_node x, const char *name, int units) {
    char options[32];
    snprintf(options, sizeof options, "units=%d", units);
    return unary(graph, x, "linear", name, options);
}

/* `part` of block `block`: "block3.attention.in". */
static const char *part_name(char *out, size_t size, int block, const char *part) {
    snprintf(out, size, "block%d.%s", block, part);
    return out;
}

static sx_node transformer_block(sx_graph *graph, sx_node x, int block,
                                 const sx_family_options *o) {
    char name[48], options[32];
    size_t size = sizeof name;
    int dim = whole(o, "dim");
    double rate = number(o, "dropout");
    sx_node y = unary(graph, x, "layer_norm", part_name(name, size, block, "norm1"), "");
    y = linear(graph, y, part_name(name, size, block, "attention.in"), 3 * dim);
    snprintf(options, sizeof options, "heads=%d", whole(o, "heads"));
    y = unary(graph, y, "attention", part_name(name, size, block, "attention"), options);
    y = linear(graph, y, part_name(name, size, block, "attention.out"), dim);
    x = sx_graph_add(graph, x, dropout(graph, y, rate));
    y = unary(graph, x, "layer_norm", part_name(name, size, block, "norm2"), "");
    y = linear(graph, y, part_name(name, size, block, "mlp.in"), dim * whole(o, "expand"));
    y = unary(graph, y, "gelu", NULL, "");
    y = linear(graph, y, part_name(name, size, block, "mlp.out"), dim);
    return sx_graph_add(graph, x, dropout(graph, y, rate));
}

static sx_node build_vit(sx_graph *graph, const sx_family_options *o) {
    int patch = whole(o, "patch");
    sx_convolution cut = {
        .channels = whole(o, "dim"), .kernel = patch, .stride = patch, .padding = 0, .bias = true};
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "patches", cut);
    x = unary(graph, x, "class_token", "class", "");
    x = unary(graph, x, "position", "position", "");
    x = dropout(graph, x, number(o, "dropout"));
    for (int block = 1; block <= whole(o, "depth"); block++)
        x = transformer_block(graph, x, block, o);
    x = unary(graph, x, "slice", NULL, "axis=width, from=0, count=1");
    return unary(graph, x, "layer_norm", "norm", "");
}

static sx_status check_vit(const sx_family_options *o, sx_error *err) {
    int dim = whole(o, "dim"), heads = whole(o, "heads");
    if (dim % heads == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "vit: %d heads do not divide a dim of %d", heads, dim);
}

/* ---- the table ---------------------------------------------------------------------------------
 */

static const sx_family families[] = {
    {{"mlp", "dense layers over the pixels as a vector", mlp_options}, build_mlp, NULL},
    {{"cnn", "3x3 convolutions with batch norm, ReLU and 2x2 pooling", cnn_options},
     build_cnn,
     NULL},
    {{"resnet", "residual network for small images, three stages", resnet_options},
     build_resnet,
     check_resnet},
    {{"vit", "vision transformer with a class token", vit_options}, build_vit, check_vit},
};
enum { FAMILIES = sizeof families / sizeof *families };

const sx_model_kind *sx_model_kind_at(int row) {
    return row >= 0 && row < FAMILIES ? &families[row].kind : NULL;
}

static const sx_family *find_family(const char *name, sx_error *err) {
    const char *names[FAMILIES];
    for (int row = 0; row < FAMILIES; row++) {
        if (strcmp(families[row].kind.name, name) == 0) return &families[row];
        names[row] = families[row].kind.name;
    }
    char shown[64];
    sx_text_printable(shown, sizeof shown, name);
    sx_fail(err, SX_BAD_INPUT, "unknown model '%s'; did you mean '%s'?", shown,
            sx_nearest_name(name, names, FAMILIES));
    return NULL;
}

const sx_family *sx_family_of(const char *spec, sx_spec *out, sx_error *err) {
    const sx_family *family = sx_spec_parse(spec, out, err) ? NULL : find_family(out->name, err);
    sx_status status = family ? sx_spec_check(out, family->kind.options, err) : SX_BAD_INPUT;
    if (!status && family && family->check)
        status = family->check(&(sx_family_options){out, family->kind.options}, err);
    return status ? NULL : family;
}
