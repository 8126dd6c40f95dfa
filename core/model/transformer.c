/* Blocks of a transformer, as image and text towers share them: attention and dense layers, each
 * with a layer norm and added to what it read (arXiv 1706.03762, 2010.11929). */
#include "core/model/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE 48

static sx_node linear(sx_graph *graph, sx_node x, const char *name, int units, bool bias,
                      double deviation) {
    char options[80];
    snprintf(options, sizeof options, "units=%d, bias=%s, deviation=%.9g", units,
             bias ? "yes" : "no", deviation);
    return sx_family_unary(graph, x, "linear", name, options);
}

/* `part` of block `block`: "block3.attention.in". */
static const char *part_name(char out[NAME_SIZE], const sx_transformer *t, int block,
                             const char *part) {
    snprintf(out, NAME_SIZE, "%sblock%d.%s", t->prefix, block, part);
    return out;
}

sx_node sx_transformer_norm(sx_graph *graph, sx_node x, const char *name, const char *epsilon) {
    char options[128];
    snprintf(options, sizeof options, "epsilon=%s", epsilon);
    return sx_family_unary(graph, x, "layer_norm", name, options);
}

static sx_node activate(sx_graph *graph, sx_node x, const char *name) {
    static const struct {
        const char *name, *operation, *options;
    } activations[] = {{"gelu", "gelu", "form=erf"},
                       {"gelu-tanh", "gelu", "form=tanh"},
                       {"gelu-quick", "gelu", "form=quick"},
                       {"relu", "relu", ""}};
    size_t i = 0;
    while (strcmp(activations[i].name, name) != 0) i++;
    return sx_family_unary(graph, x, activations[i].operation, NULL, activations[i].options);
}

/* What goes into a sum begins smaller the more sums there are. */
static double deviation_out(const sx_transformer *t) {
    return t->scaled_initial ? 1 / sqrt(2.0 * t->dim * t->depth) : 0;
}

static sx_node attend(sx_graph *graph, sx_node x, int block, const sx_transformer *t) {
    char name[NAME_SIZE], options[128];
    x = linear(graph, x, part_name(name, t, block, "attention.in"), 3 * t->dim, t->qkv_bias, 0);
    snprintf(options, sizeof options, "heads=%d, scale=%s, causal=%s", t->heads, t->scale,
             t->causal ? "yes" : "no");
    x = sx_family_unary(graph, x, "attention", part_name(name, t, block, "attention"), options);
    x = linear(graph, x, part_name(name, t, block, "attention.out"), t->dim, true,
               deviation_out(t));
    return sx_family_dropout(graph, x, t->dropout);
}

static sx_node think(sx_graph *graph, sx_node x, int block, const sx_transformer *t) {
    char name[NAME_SIZE];
    double deviation = t->scaled_initial ? 1 / sqrt(2.0 * t->dim) : 0;
    x = linear(graph, x, part_name(name, t, block, "mlp.in"), t->dim * t->expand, true, deviation);
    x = activate(graph, x, t->activation);
    x = linear(graph, x, part_name(name, t, block, "mlp.out"), t->dim, true, deviation_out(t));
    return sx_family_dropout(graph, x, t->dropout);
}

static sx_node one_block(sx_graph *graph, sx_node x, int block, const sx_transformer *t) {
    char first[NAME_SIZE], second[NAME_SIZE];
    part_name(first, t, block, "norm1");
    part_name(second, t, block, "norm2");
    if (t->norms_after) {
        x = sx_graph_add(graph, x, attend(graph, x, block, t));
        x = sx_transformer_norm(graph, x, first, t->epsilon);
        x = sx_graph_add(graph, x, think(graph, x, block, t));
        return sx_transformer_norm(graph, x, second, t->epsilon);
    }
    sx_node y = sx_transformer_norm(graph, x, first, t->epsilon);
    x = sx_graph_add(graph, x, attend(graph, y, block, t));
    y = sx_transformer_norm(graph, x, second, t->epsilon);
    return sx_graph_add(graph, x, think(graph, y, block, t));
}

sx_node sx_transformer_blocks(sx_graph *graph, sx_node x, const sx_transformer *t) {
    for (int block = 1; block <= t->depth; block++) x = one_block(graph, x, block, t);
    return x;
}
