/* Residual networks: for small images with three stages (arXiv 1512.03385, section 4.2), for large
 * ones with four (its table 1, with torchvision's stride on the 3x3 convolution of a bottleneck),
 * and BiT's, whose norms come first (arXiv 1912.11370, section 3, after arXiv 1603.05027). */
#include "core/model/internal.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 48
#define BIT_EPSILON "1e-10" /* of standardised weights */

/* "PREFIX.part" */
static const char *within(char *out, const char *prefix, const char *part) {
    snprintf(out, NAME_SIZE, "%.30s.%s", prefix, part);
    return out;
}

/* ---- small images ------------------------------------------------------------------------------
 */

static const sx_option small_options[] = {
    {"", "depth", SX_OPTION_INTEGER, "20", 8, 128, NULL,
     "layers with weights: 6 n + 2, n blocks in each of three stages"},
    {"", "width", SX_OPTION_INTEGER, "16", 1, 512, NULL,
     "channels of the first stage; the others have two and four times as many"},
    {"", "shortcut", SX_OPTION_CHOICE, "projection", 0, 0, "projection|padded|padded-after",
     "where the shape changes: a 1x1 convolution, or every second pixel with zeros as new "
     "channels, "
     "around the old ones or after them"},
    {"", "norm", SX_OPTION_CHOICE, "batch", 0, 0, "batch|group",
     "batch norms, or group norms after convolutions of standardised weights"},
    {"", "groups", SX_OPTION_INTEGER, "4", 1, 512, NULL, "of the group norms"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

/* What a block is made of. */
typedef struct {
    int channels, stride; /* channels of the 3x3 convolutions */
    const char *shortcut; /* where it changes the shape; NULL: it does not */
    int groups;           /* of group norms; 0: batch norms */
} block_form;

/* A convolution with standardised weights and no bias. */
static sx_node standardised(sx_graph *graph, sx_node x, const char *name, sx_convolution form,
                            const char *epsilon) {
    char options[128];
    snprintf(options, sizeof options,
             "channels=%d, kernel=%d, stride=%d, padding=%d, bias=no, standardise=yes, epsilon=%s",
             form.channels, form.kernel, form.stride, form.padding, epsilon);
    return sx_family_unary(graph, x, "convolution", name, options);
}

static sx_node group_norm(sx_graph *graph, sx_node x, const char *name, int groups) {
    char options[32];
    snprintf(options, sizeof options, "groups=%d", groups);
    return sx_family_unary(graph, x, "group_norm", name, options);
}

/* A convolution and its norm, of the kind that `groups` says. */
static sx_node normed(sx_graph *graph, sx_node x, const char *prefix, sx_convolution form,
                      int groups) {
    char name[NAME_SIZE];
    if (!groups) return sx_family_normed(graph, x, prefix, form);
    x = standardised(graph, x, within(name, prefix, "conv"), form, BIT_EPSILON);
    return group_norm(graph, x, within(name, prefix, "norm"), groups);
}

static sx_node relu_normed(sx_graph *graph, sx_node x, const char *prefix, sx_convolution form,
                           int groups) {
    return sx_graph_relu(graph, normed(graph, x, prefix, form, groups));
}

/* Every `stride`-th pixel, new channels zero: no weights (the paper's option A). */
static sx_node padded_shortcut(sx_graph *graph, sx_node x, const block_form *form) {
    char options[48];
    int more = form->channels / 2; /* each stage doubles the channels */
    int before = strcmp(form->shortcut, "padded") == 0 ? more / 2 : 0;
    x = sx_graph_average_pool(graph, x, 1, form->stride);
    snprintf(options, sizeof options, "before=%d, after=%d", before, more - before);
    return sx_family_unary(graph, x, "pad", NULL, options);
}

/* ... or a 1x1 convolution with a norm (option B), which has `channels` of them. */
static sx_node shortcut_of(sx_graph *graph, sx_node x, const char *prefix, const block_form *form,
                           int channels) {
    char name[NAME_SIZE];
    if (!form->shortcut) return x;
    if (strcmp(form->shortcut, "projection") != 0) return padded_shortcut(graph, x, form);
    sx_convolution projection = {.channels = channels, .kernel = 1, .stride = form->stride};
    return normed(graph, x, within(name, prefix, "shortcut"), projection, form->groups);
}

/* Two 3x3 convolutions beside a shortcut. */
static sx_node basic_block(sx_graph *graph, sx_node x, const char *prefix, const block_form *form) {
    char name[NAME_SIZE];
    sx_convolution first = {
        .channels = form->channels, .kernel = 3, .stride = form->stride, .padding = 1};
    sx_convolution second = {.channels = form->channels, .kernel = 3, .stride = 1, .padding = 1};
    sx_node y = relu_normed(graph, x, within(name, prefix, "a"), first, form->groups);
    y = normed(graph, y, within(name, prefix, "b"), second, form->groups);
    x = shortcut_of(graph, x, prefix, form, form->channels);
    return sx_graph_relu(graph, sx_graph_add(graph, y, x));
}

/* 1x1 down, 3x3, 1x1 to four times as many channels, beside a shortcut. */
static sx_node bottleneck(sx_graph *graph, sx_node x, const char *prefix, const block_form *form) {
    char name[NAME_SIZE];
    sx_convolution down = {.channels = form->channels, .kernel = 1, .stride = 1};
    sx_convolution middle = {
        .channels = form->channels, .kernel = 3, .stride = form->stride, .padding = 1};
    sx_convolution up = {.channels = 4 * form->channels, .kernel = 1, .stride = 1};
    sx_node y = relu_normed(graph, x, within(name, prefix, "a"), down, 0);
    y = relu_normed(graph, y, within(name, prefix, "b"), middle, 0);
    y = sx_family_normed(graph, y, within(name, prefix, "c"), up);
    x = shortcut_of(graph, x, prefix, form, 4 * form->channels);
    return sx_graph_relu(graph, sx_graph_add(graph, y, x));
}

static sx_node build_small(sx_graph *graph, const sx_family_options *o) {
    int width = sx_family_whole(o, "width"), blocks = (sx_family_whole(o, "depth") - 2) / 6;
    sx_convolution stem = {.channels = width, .kernel = 3, .stride = 1, .padding = 1};
    bool group = strcmp(sx_family_text(o, "norm"), "group") == 0;
    int groups = group ? sx_family_whole(o, "groups") : 0;
    sx_node x = relu_normed(graph, sx_graph_input(graph), "stem", stem, groups);
    for (int stage = 0; stage < 3; stage++)
        for (int block = 0; block < blocks; block++) {
            char name[NAME_SIZE];
            bool changes = stage > 0 && block == 0;
            block_form form = {.channels = width << stage,
                               .stride = changes ? 2 : 1,
                               .shortcut = changes ? sx_family_text(o, "shortcut") : NULL,
                               .groups = groups};
            snprintf(name, sizeof name, "stage%d.block%d", stage + 1, block + 1);
            x = basic_block(graph, x, name, &form);
        }
    return sx_graph_global_average_pool(graph, x);
}

static sx_status check_small(const sx_family_options *o, sx_error *err) {
    int depth = sx_family_whole(o, "depth");
    int width = sx_family_whole(o, "width"), groups = sx_family_whole(o, "groups");
    bool odd = width % 2 != 0, group = strcmp(sx_family_text(o, "norm"), "group") == 0;
    if (group && width % groups != 0)
        return sx_fail(err, SX_BAD_INPUT, "resnet: %d channels cannot be cut into %d groups", width,
                       groups);
    if (odd && strcmp(sx_family_text(o, "shortcut"), "projection") != 0)
        return sx_fail(err, SX_BAD_INPUT, "resnet: padded shortcuts need an even width");
    if ((depth - 2) % 6 == 0) return SX_OK;
    int below = 2 + (depth - 2) / 6 * 6;
    return sx_fail(err, SX_BAD_INPUT, "resnet: a depth of %d is not 6 n + 2; take %d or %d", depth,
                   below, below + 6);
}

/* ---- large images ------------------------------------------------------------------------------
 */

static const struct {
    const char *depth;
    int blocks[4];
    bool bottleneck;
} depths[] = {{"10", {1, 1, 1, 1}, false},  {"14", {1, 1, 1, 1}, true},
              {"18", {2, 2, 2, 2}, false},  {"26", {2, 2, 2, 2}, true},
              {"34", {3, 4, 6, 3}, false},  {"50", {3, 4, 6, 3}, true},
              {"101", {3, 4, 23, 3}, true}, {"152", {3, 8, 36, 3}, true}};
#define DEPTHS (sizeof depths / sizeof *depths)

const int *sx_resnet_blocks(const char *depth, bool *with_bottleneck) {
    size_t i = 0;
    while (i + 1 < DEPTHS && strcmp(depths[i].depth, depth) != 0) i++;
    *with_bottleneck = depths[i].bottleneck;
    return depths[i].blocks;
}

const char *sx_resnet_depth(const int blocks[4], bool with_bottleneck) {
    for (size_t i = 0; i < DEPTHS; i++)
        if (depths[i].bottleneck == with_bottleneck &&
            memcmp(depths[i].blocks, blocks, sizeof depths[i].blocks) == 0)
            return depths[i].depth;
    return NULL;
}

static const sx_option large_options[] = {
    {"", "depth", SX_OPTION_CHOICE, "50", 0, 0, "10|14|18|26|34|50|101|152",
     "layers with weights; bottlenecks but for 10, 18 and 34"},
    {"", "width", SX_OPTION_INTEGER, "64", 1, 512, NULL,
     "channels of the stem and of the first stage's 3x3 convolutions"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static sx_node build_large(sx_graph *graph, const sx_family_options *o) {
    bool with_bottleneck;
    const int *blocks = sx_resnet_blocks(sx_family_text(o, "depth"), &with_bottleneck);
    int width = sx_family_whole(o, "width");
    sx_convolution stem = {.channels = width, .kernel = 7, .stride = 2, .padding = 3};
    sx_node x = relu_normed(graph, sx_graph_input(graph), "stem", stem, 0);
    x = sx_family_unary(graph, x, "max_pool", NULL, "kernel=3, stride=2, padding=1");
    for (int stage = 0; stage < 4; stage++)
        for (int block = 0; block < blocks[stage]; block++) {
            char name[NAME_SIZE];
            bool changes = block == 0 && (stage > 0 || with_bottleneck);
            block_form form = {.channels = width << stage,
                               .stride = stage > 0 && block == 0 ? 2 : 1,
                               .shortcut = changes ? "projection" : NULL};
            snprintf(name, sizeof name, "stage%d.block%d", stage + 1, block + 1);
            x = with_bottleneck ? bottleneck(graph, x, name, &form)
                                : basic_block(graph, x, name, &form);
        }
    return sx_graph_global_average_pool(graph, x);
}

/* ---- BiT ---------------------------------------------------------------------------------------
 */

static const sx_option bit_options[] = {
    {"", "depth", SX_OPTION_CHOICE, "50", 0, 0, "14|26|50|101|152", "layers with weights"},
    {"", "width", SX_OPTION_INTEGER, "1", 1, 8, NULL, "factor on all numbers of channels"},
    {"", "base", SX_OPTION_INTEGER, "64", 1, 512, NULL, "channels of the stem at width 1"},
    {"", "groups", SX_OPTION_INTEGER, "32", 1, 512, NULL, "of the group norms"},
    {"", "epsilon", SX_OPTION_NUMBER, BIT_EPSILON, 0, 1, NULL,
     "added to the variance of standardised weights"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

/* A group norm with ReLU. */
static sx_node relu_group_norm(sx_graph *graph, sx_node x, const char *name,
                               const sx_family_options *o) {
    return sx_graph_relu(graph, group_norm(graph, x, name, sx_family_whole(o, "groups")));
}

/* Norm and ReLU come before each convolution. A projection reads what the first of them gives; a
 * plain shortcut what came into the unit. */
static sx_node bit_unit(sx_graph *graph, sx_node x, const char *prefix, const block_form *form,
                        const sx_family_options *o) {
    static const char *const norms[] = {"a.norm", "b.norm", "c.norm"};
    static const char *const convolutions[] = {"a.conv", "b.conv", "c.conv"};
    int channels = form->channels;
    const sx_convolution forms[] = {
        {.channels = channels, .kernel = 1, .stride = 1},
        {.channels = channels, .kernel = 3, .stride = form->stride, .padding = 1},
        {.channels = 4 * channels, .kernel = 1, .stride = 1}};
    const sx_convolution projection = {
        .channels = 4 * channels, .kernel = 1, .stride = form->stride};
    const char *epsilon = sx_family_text(o, "epsilon");
    char name[NAME_SIZE];
    sx_node y = x;
    for (int i = 0; i < 3; i++) {
        y = relu_group_norm(graph, y, within(name, prefix, norms[i]), o);
        if (i == 0 && form->shortcut)
            x = standardised(graph, y, within(name, prefix, "shortcut"), projection, epsilon);
        y = standardised(graph, y, within(name, prefix, convolutions[i]), forms[i], epsilon);
    }
    return sx_graph_add(graph, y, x);
}

/* The stem has neither norm nor ReLU, so the border of zeros around its pool can be the largest
 * value. */
static sx_node bit_stem(sx_graph *graph, int channels, const sx_family_options *o) {
    sx_convolution form = {.channels = channels, .kernel = 7, .stride = 2, .padding = 3};
    sx_node x =
        standardised(graph, sx_graph_input(graph), "stem", form, sx_family_text(o, "epsilon"));
    x = sx_family_unary(graph, x, "pad", NULL, "axis=height, before=1, after=1");
    x = sx_family_unary(graph, x, "pad", NULL, "axis=width, before=1, after=1");
    return sx_graph_max_pool(graph, x, 3, 2);
}

static sx_node build_bit(sx_graph *graph, const sx_family_options *o) {
    bool with_bottleneck;
    const int *blocks = sx_resnet_blocks(sx_family_text(o, "depth"), &with_bottleneck);
    int width = sx_family_whole(o, "base") * sx_family_whole(o, "width");
    sx_node x = bit_stem(graph, width, o);
    for (int stage = 0; stage < 4; stage++)
        for (int block = 0; block < blocks[stage]; block++) {
            char name[NAME_SIZE];
            block_form form = {.channels = width << stage,
                               .stride = stage > 0 && block == 0 ? 2 : 1,
                               .shortcut = block == 0 ? "projection" : NULL};
            snprintf(name, sizeof name, "stage%d.block%d", stage + 1, block + 1);
            x = bit_unit(graph, x, name, &form, o);
        }
    return sx_graph_global_average_pool(graph, relu_group_norm(graph, x, "norm", o));
}

static sx_status check_bit(const sx_family_options *o, sx_error *err) {
    int groups = sx_family_whole(o, "groups");
    int width = sx_family_whole(o, "base") * sx_family_whole(o, "width");
    if (width % groups == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "bit: %d channels cannot be cut into %d groups", width,
                   groups);
}

/* ---- the table ---------------------------------------------------------------------------------
 */

const sx_family sx_resnet_families[] = {
    {{"resnet", "residual network for small images, three stages", small_options},
     build_small,
     check_small,
     NULL},
    {{"resnet-imagenet", "residual network for large images, four stages, 7x7 stem", large_options},
     build_large,
     NULL,
     NULL},
    {{"bit", "BiT's residual network: group norm first, standardised weights", bit_options},
     build_bit,
     check_bit,
     NULL},
    {{NULL, NULL, NULL}, NULL, NULL, NULL},
};
