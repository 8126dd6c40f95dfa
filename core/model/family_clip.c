/* CLIP (arXiv 2103.00020, section 2): a vision transformer and a text transformer whose ends are
 * vectors of one space. One graph holds both towers; what is asked of it decides which of them is
 * computed: training compares images with their captions, prediction compares an image with the
 * columns of `head`, one for each class, which whoever classifies makes from captions of the
 * classes by the graph whose output is the text. */
#include "core/model/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EXPAND 4 /* hidden channels of a block over its channels */

static const sx_option options[] = {
    {"", "dim", SX_OPTION_INTEGER, "64", 1, 4096, NULL, "channels of an image's token"},
    {"", "depth", SX_OPTION_INTEGER, "4", 1, 48, NULL, "blocks of the image tower"},
    {"", "heads", SX_OPTION_INTEGER, "4", 1, 64, NULL, "of its attention; must divide dim"},
    {"", "patch", SX_OPTION_INTEGER, "4", 1, 64, NULL, "pixels a side of a patch"},
    {"", "embed", SX_OPTION_INTEGER, "64", 1, 4096, NULL, "length of the vectors compared"},
    {"", "text_dim", SX_OPTION_INTEGER, "64", 1, 4096, NULL, "channels of a word's token"},
    {"", "text_depth", SX_OPTION_INTEGER, "2", 1, 48, NULL, "blocks of the text tower"},
    {"", "text_heads", SX_OPTION_INTEGER, "4", 1, 64, NULL, "of its attention"},
    {"", "vocabulary", SX_OPTION_INTEGER, "256", 2, 1000000, NULL, "different tokens of texts"},
    {"", "context", SX_OPTION_INTEGER, "24", 2, 1024, NULL, "most tokens of a text"},
    {"", "activation", SX_OPTION_CHOICE, "gelu-quick", 0, 0, "gelu|gelu-tanh|gelu-quick|relu",
     "of the dense layers"},
    {"", "epsilon", SX_OPTION_NUMBER, "1e-5", 0, 1, NULL, "of the layer norms"},
    {"", "dropout", SX_OPTION_NUMBER, "0", 0, 0.95, NULL, "rate after attention and dense layers"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static sx_transformer blocks_of(const sx_family_options *o) {
    return (sx_transformer){.prefix = "",
                            .dim = sx_family_whole(o, "dim"),
                            .depth = sx_family_whole(o, "depth"),
                            .heads = sx_family_whole(o, "heads"),
                            .expand = EXPAND,
                            .dropout = sx_family_number(o, "dropout"),
                            .activation = sx_family_text(o, "activation"),
                            .epsilon = sx_family_text(o, "epsilon"),
                            .scale = "0",
                            .qkv_bias = true};
}

static sx_node build(sx_graph *graph, const sx_family_options *o) {
    return sx_vit_tower(graph, &(sx_vit_form){.blocks = blocks_of(o),
                                              .patch = sx_family_whole(o, "patch"),
                                              .first_norm = true,
                                              .last_norm = true});
}

/* Into the common space: no bias, and length 1. */
static sx_node project(sx_graph *graph, sx_node x, const char *name, const sx_family_options *o) {
    char form[48];
    snprintf(form, sizeof form, "units=%d, bias=no", sx_family_whole(o, "embed"));
    x = sx_family_unary(graph, x, "linear", name, form);
    return sx_family_unary(graph, x, "l2_normalise", NULL, "");
}

/* Over `length` tokens; what would come behind the end token changes nothing, so a graph for short
 * texts is as good as one for all. */
static sx_node text_tower(sx_graph *graph, const sx_family_options *o, int length) {
    sx_transformer blocks = blocks_of(o);
    blocks.prefix = "text.";
    blocks.dim = sx_family_whole(o, "text_dim");
    blocks.depth = sx_family_whole(o, "text_depth");
    blocks.heads = sx_family_whole(o, "text_heads");
    blocks.causal = blocks.scaled_initial = true;
    char form[64];
    snprintf(form, sizeof form, "length=%d", length);
    sx_node ids = sx_graph_layer(graph, "targets", NULL, 0, "text.ids", form);
    snprintf(form, sizeof form, "entries=%d, channels=%d", sx_family_whole(o, "vocabulary"),
             blocks.dim);
    sx_node x = sx_family_unary(graph, ids, "embedding", "text.token", form);
    snprintf(form, sizeof form, "deviation=0.01, length=%d", sx_family_whole(o, "context"));
    x = sx_family_unary(graph, x, "position", "text.position", form);
    x = sx_transformer_blocks(graph, sx_family_dropout(graph, x, blocks.dropout), &blocks);
    /* A norm looks at one token only, and only the end token is read. */
    x = sx_graph_layer(graph, "end_token", (sx_node[]){x, ids}, 2, NULL, "");
    x = sx_transformer_norm(graph, x, "text.norm", blocks.epsilon);
    return project(graph, x, "text.projection", o);
}

/* The image's side comes first, up to the logits: who looks inside a prediction sees no more. */
static sx_status end(sx_graph *graph, sx_node features, const sx_family_options *o,
                     const sx_ending *ending, sx_error *err) {
    char form[48];
    sx_node image = project(graph, features, "projection", o);
    image = sx_family_unary(graph, image, "learned_scale", "scale", "");
    snprintf(form, sizeof form, "units=%d, bias=no, trained=no", ending->classes);
    sx_node logits = sx_family_unary(graph, image, "linear", "head", form);
    int context = sx_family_whole(o, "context");
    bool whole = ending->text < 1 || ending->text > context;
    sx_node text = text_tower(graph, o, whole ? context : ending->text);
    sx_loss_form loss = {ending->loss ? ending->loss : "contrastive", {image, text}, 2};
    if (ending->differentiable) loss = (sx_loss_form){"softmax_cross_entropy", {logits}, 1};
    return sx_graph_finish_over(graph, ending->text ? text : logits, &loss, err);
}

static sx_status check_heads(const sx_family_options *o, const char *dim, const char *heads,
                             sx_error *err) {
    if (sx_family_whole(o, dim) % sx_family_whole(o, heads) == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "clip: %s = %d does not divide %s = %d", heads,
                   sx_family_whole(o, heads), dim, sx_family_whole(o, dim));
}

static sx_status check(const sx_family_options *o, sx_error *err) {
    sx_status status = check_heads(o, "dim", "heads", err);
    return status ? status : check_heads(o, "text_dim", "text_heads", err);
}

const sx_family sx_clip_families[] = {
    {{"clip", "CLIP: image and text transformers, trained on pairs of pictures and captions",
      options},
     build,
     check,
     end},
    {{NULL, NULL, NULL}, NULL, NULL, NULL},
};
