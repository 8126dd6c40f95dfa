/* Vision transformers (arXiv 2010.11929, section 3.1), with what published checkpoints differ in:
 * the order of the norms, the activation, class token or mean, and biases. The named sizes are the
 * paper's table 1 and, for Ti and S, arXiv 2106.10270's; they differ in defaults only. */
#include "core/model/internal.h"

#include <stdio.h>
#include <string.h>

#define VIT_OPTIONS(DIM, DEPTH, HEADS, PATCH)                                                       \
    {                                                                                               \
        {"", "dim", SX_OPTION_INTEGER, DIM, 1, 4096, NULL, "channels of a token"},                  \
            {"", "depth", SX_OPTION_INTEGER, DEPTH, 1, 48, NULL, "blocks"},                         \
            {"", "heads", SX_OPTION_INTEGER, HEADS, 1, 64, NULL, "of attention; must divide dim"},  \
            {"", "patch", SX_OPTION_INTEGER, PATCH, 1, 64, NULL, "pixels a side of a patch"},       \
            {"",                                                                                    \
             "expand",                                                                              \
             SX_OPTION_INTEGER,                                                                     \
             "4",                                                                                   \
             1,                                                                                     \
             16,                                                                                    \
             NULL,                                                                                  \
             "hidden channels of a block over dim"},                                                \
            {"",                                                                                    \
             "dropout",                                                                             \
             SX_OPTION_NUMBER,                                                                      \
             "0",                                                                                   \
             0,                                                                                     \
             0.95,                                                                                  \
             NULL,                                                                                  \
             "rate after attention and dense layers"},                                              \
            {"",                                                                                    \
             "pool",                                                                                \
             SX_OPTION_CHOICE,                                                                      \
             "class",                                                                               \
             0,                                                                                     \
             0,                                                                                     \
             "class|mean",                                                                          \
             "what the classifier reads: a class token, or the mean of all tokens"},                \
            {"",                                                                                    \
             "positions",                                                                           \
             SX_OPTION_CHOICE,                                                                      \
             "learned",                                                                             \
             0,                                                                                     \
             0,                                                                                     \
             "learned|learned-2d|none",                                                             \
             "what tokens are told of their place: a value each, one of row and column, nothing"},  \
            {"",                                                                                    \
             "norms",                                                                               \
             SX_OPTION_CHOICE,                                                                      \
             "before",                                                                              \
             0,                                                                                     \
             0,                                                                                     \
             "before|after",                                                                        \
             "where layer norms are: before attention and dense layers, or after the sums"},        \
            {"",                                                                                    \
             "activation",                                                                          \
             SX_OPTION_CHOICE,                                                                      \
             "gelu",                                                                                \
             0,                                                                                     \
             0,                                                                                     \
             "gelu|gelu-tanh|gelu-quick|relu",                                                      \
             "of the dense layers"},                                                                \
            {"", "epsilon", SX_OPTION_NUMBER, "1e-5", 0, 1, NULL, "of the layer norms"},            \
            {"", "first_norm", SX_OPTION_CHOICE, "no", 0, 0, "no|yes", "a norm before all blocks"}, \
            {"", "last_norm", SX_OPTION_CHOICE, "yes", 0, 0, "no|yes", "a norm after all blocks"},  \
            {"", "patch_bias", SX_OPTION_CHOICE,           "yes", 0,                                \
             0,  "no|yes",     "of the patches' embedding"},                                        \
            {"", "qkv_bias", SX_OPTION_CHOICE, "yes",                                               \
             0,  0,          "no|yes",         "of queries, keys and values"},                      \
            {"",                                                                                    \
             "scale",                                                                               \
             SX_OPTION_NUMBER,                                                                      \
             "0",                                                                                   \
             0,                                                                                     \
             1000,                                                                                  \
             NULL,                                                                                  \
             "of attention's products; 0: 1 over the root of a head's channels"},                   \
            {"",                                                                                    \
             "pre_logits",                                                                          \
             SX_OPTION_INTEGER,                                                                     \
             "0",                                                                                   \
             0,                                                                                     \
             65536,                                                                                 \
             NULL,                                                                                  \
             "units of a dense layer with tanh before the classifier; 0: none"},                    \
            {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},                                                \
    }

static const sx_option vit_options[] = VIT_OPTIONS("64", "6", "4", "4");
static const sx_option vit_ti_options[] = VIT_OPTIONS("192", "12", "3", "16");
static const sx_option vit_s_options[] = VIT_OPTIONS("384", "12", "6", "16");
static const sx_option vit_b_options[] = VIT_OPTIONS("768", "12", "12", "16");
static const sx_option vit_l_options[] = VIT_OPTIONS("1024", "24", "16", "16");
static const sx_option vit_h_options[] = VIT_OPTIONS("1280", "32", "16", "14");

static sx_node norm(sx_graph *graph, sx_node x, const char *name, const sx_vit_form *form) {
    return sx_transformer_norm(graph, x, name, form->blocks.epsilon);
}

/* Patches as a row of tokens with their positions, after a class token if there is one; it has a
 * position of its own where each token has one. */
static sx_node embed(sx_graph *graph, const sx_vit_form *form) {
    sx_convolution cut = {.channels = form->blocks.dim,
                          .kernel = form->patch,
                          .stride = form->patch,
                          .bias = form->patch_bias};
    sx_node x = sx_graph_convolution(graph, sx_graph_input(graph), "patches", cut);
    char row[48];
    snprintf(row, sizeof row, "height=1, width=0, channels=%d", cut.channels);
    if (form->positions == SX_VIT_LEARNED_2D) {
        x = sx_family_unary(graph, x, "position", "position_rows", "along=height");
        x = sx_family_unary(graph, x, "position", "position_columns", "along=width");
    }
    x = form->mean ? sx_family_unary(graph, x, "reshape", NULL, row)
                   : sx_family_unary(graph, x, "class_token", "class", "");
    if (form->positions == SX_VIT_LEARNED)
        x = sx_family_unary(graph, x, "position", "position", "");
    x = sx_family_dropout(graph, x, form->blocks.dropout);
    return form->first_norm ? norm(graph, x, "first_norm", form) : x;
}

/* A norm looks at one token only: where the class token alone is read, it alone is normed. */
static sx_node pool(sx_graph *graph, sx_node x, const sx_vit_form *form) {
    if (!form->mean) x = sx_family_unary(graph, x, "slice", NULL, "axis=width, from=0, count=1");
    if (form->last_norm) x = norm(graph, x, "norm", form);
    return form->mean ? sx_graph_global_average_pool(graph, x) : x;
}

sx_node sx_vit_tower(sx_graph *graph, const sx_vit_form *form) {
    sx_node x = sx_transformer_blocks(graph, embed(graph, form), &form->blocks);
    return pool(graph, x, form);
}

static sx_vit_positions positions_of(const sx_family_options *o) {
    const char *name = sx_family_text(o, "positions");
    if (strcmp(name, "none") == 0) return SX_VIT_NO_POSITIONS;
    return strcmp(name, "learned") == 0 ? SX_VIT_LEARNED : SX_VIT_LEARNED_2D;
}

static sx_node build_vit(sx_graph *graph, const sx_family_options *o) {
    sx_transformer blocks = {.prefix = "",
                             .dim = sx_family_whole(o, "dim"),
                             .depth = sx_family_whole(o, "depth"),
                             .heads = sx_family_whole(o, "heads"),
                             .expand = sx_family_whole(o, "expand"),
                             .dropout = sx_family_number(o, "dropout"),
                             .activation = sx_family_text(o, "activation"),
                             .epsilon = sx_family_text(o, "epsilon"),
                             .scale = sx_family_text(o, "scale"),
                             .norms_after = strcmp(sx_family_text(o, "norms"), "after") == 0,
                             .qkv_bias = sx_family_yes(o, "qkv_bias")};
    sx_node x =
        sx_vit_tower(graph, &(sx_vit_form){.blocks = blocks,
                                           .patch = sx_family_whole(o, "patch"),
                                           .positions = positions_of(o),
                                           .patch_bias = sx_family_yes(o, "patch_bias"),
                                           .first_norm = sx_family_yes(o, "first_norm"),
                                           .last_norm = sx_family_yes(o, "last_norm"),
                                           .mean = strcmp(sx_family_text(o, "pool"), "mean") == 0});
    int units = sx_family_whole(o, "pre_logits");
    if (units == 0) return x;
    return sx_family_unary(graph, sx_graph_dense(graph, x, "pre_logits", units), "tanh", NULL, "");
}

static sx_status check_vit(const sx_family_options *o, sx_error *err) {
    int dim = sx_family_whole(o, "dim"), heads = sx_family_whole(o, "heads");
    if (dim % heads == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "vit: %d heads do not divide a dim of %d", heads, dim);
}

const sx_family sx_vit_families[] = {
    {{"vit", "vision transformer of any size", vit_options}, build_vit, check_vit, NULL},
    {{"vit-ti", "ViT-Ti: 12 blocks of 192 channels", vit_ti_options}, build_vit, check_vit, NULL},
    {{"vit-s", "ViT-S: 12 blocks of 384 channels", vit_s_options}, build_vit, check_vit, NULL},
    {{"vit-b", "ViT-B: 12 blocks of 768 channels", vit_b_options}, build_vit, check_vit, NULL},
    {{"vit-l", "ViT-L: 24 blocks of 1024 channels", vit_l_options}, build_vit, check_vit, NULL},
    {{"vit-h", "ViT-H: 32 blocks of 1280 channels", vit_h_options}, build_vit, check_vit, NULL},
    {{NULL, NULL, NULL}, NULL, NULL, NULL},
};
