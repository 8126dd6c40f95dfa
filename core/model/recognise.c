/* What model a file of tensors makes: sizes from the shapes of a few tensors, numbers of blocks
 * from the names that are there. What is not in a file (heads, activation, epsilon) is the
 * source's. */
#include "core/model/naming.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BLOCKS_LIMIT 200
#define SIDE_LIMIT 4096 /* patches */
#define PICTURE                                                                                    \
    224 /* pixels a side, where the file does not say: what all of these are shown at              \
         */

static bool has(const sx_found *found, const char *ours) {
    return sx_found_slice(found, ours) != NULL;
}

/* How many of the slices "block1.norm1.weight", "block2. ..." follow each other; `format` has a %d.
 */
static int count_blocks(const sx_found *found, const char *before, const char *after) {
    char name[96];
    int count = 0;
    do snprintf(name, sizeof name, "%s%d%s", before, count + 1, after);
    while (count < BLOCKS_LIMIT && has(found, name) && ++count);
    return count;
}

__attribute__((format(printf, 2, 3))) static void add(char *spec, const char *format, ...) {
    size_t length = strlen(spec);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(spec + length, SX_MODEL_SPEC - length, format, arguments);
    va_end(arguments);
}

static sx_status refuse(const sx_found *found, const char *what, sx_error *err) {
    return sx_fail(err, SX_BAD_INPUT, "the tensors are named as %s names them, but %s",
                   found->naming->about, what);
}

/* The settings that the naming brings, and the end. */
static sx_status close_spec(const sx_found *found, sx_checkpoint *out, sx_error *err) {
    const char *settings = found->naming->settings;
    out->classes = sx_found_size(found, "classifier.weight", 0);
    if (out->classes < 2)
        return refuse(found, "there is no classifier of two classes or more", err);
    if (*settings) add(out->spec, ", %s", settings);
    add(out->spec, ")");
    return sx_model_check(out->spec, err);
}

/* ---- vision transformers -----------------------------------------------------------------------
 */

/* A head has 64 channels in all published sizes but H, which has 16 heads of 80. Google's kernels
 * show the heads. */
static int heads_of(const sx_found *found, int dim) {
    const sx_tensor_facts *query = sx_found_slice(found, "block1.attention.in.weight");
    if (query && query->rank >= 3) return (int)query->sizes[query->rank - 2];
    if (dim == 1280) return 16;
    return dim % 64 == 0 ? dim / 64 : 1;
}

/* The side of the grid of patches; 0 if tokens are no square. A class token is counted among the
 * positions. */
static int grid_of(size_t tokens) {
    size_t side = 1;
    while (side < SIDE_LIMIT && side * side < tokens) side++;
    return side * side == tokens ? (int)side : 0;
}

sx_status sx_recognise_vit(const sx_found *found, sx_checkpoint *out, sx_error *err) {
    const sx_tensor_facts *position = sx_found_slice(found, "position.weight");
    int dim = sx_found_size(found, "patches.weight", 0);
    int channels = sx_found_size(found, "patches.weight", 1);
    int patch = sx_found_size(found, "patches.weight", 2);
    int depth = count_blocks(found, "block", ".norm1.weight");
    int hidden = sx_found_size(found, "block1.mlp.in.weight", 0);
    if (!position || !dim || !patch || !depth || !hidden || hidden % dim)
        return refuse(found, "patches, positions or dense layers are missing or do not fit", err);
    bool token = has(found, "class.weight");
    int grid = grid_of(position->count / (size_t)dim - token);
    if (!grid) return refuse(found, "the positions are no square grid of patches", err);
    out->height = out->width = grid * patch;
    out->channels = channels;
    add(out->spec, "vit(dim=%d, depth=%d, heads=%d, patch=%d", dim, depth, heads_of(found, dim),
        patch);
    if (hidden != 4 * dim) add(out->spec, ", expand=%d", hidden / dim);
    if (!token) add(out->spec, ", pool=mean");
    if (has(found, "first_norm.weight")) add(out->spec, ", first_norm=yes");
    if (!has(found, "norm.weight")) add(out->spec, ", last_norm=no");
    if (!has(found, "patches.bias")) add(out->spec, ", patch_bias=no");
    if (!has(found, "block1.attention.in.bias")) add(out->spec, ", qkv_bias=no");
    int units = sx_found_size(found, "pre_logits.weight", 0);
    if (units) add(out->spec, ", pre_logits=%d", units);
    return close_spec(found, out, err);
}

/* ---- residual networks -------------------------------------------------------------------------
 */

/* Blocks of each stage, into blocks [stages]. */
static void count_stages(const sx_found *found, int stages, int *blocks) {
    for (int stage = 0; stage < stages; stage++) {
        char before[32];
        snprintf(before, sizeof before, "stage%d.block", stage + 1);
        blocks[stage] = count_blocks(found, before, ".a.conv.weight");
    }
}

static sx_status no_depth(const sx_found *found, const int *blocks, sx_error *err) {
    char what[96];
    snprintf(what, sizeof what, "no depth has stages of %d, %d, %d and %d blocks", blocks[0],
             blocks[1], blocks[2], blocks[3]);
    return refuse(found, what, err);
}

sx_status sx_recognise_resnet(const sx_found *found, sx_checkpoint *out, sx_error *err) {
    int blocks[4];
    count_stages(found, 4, blocks);
    const char *depth = sx_resnet_depth(blocks, has(found, "stage1.block1.c.conv.weight"));
    if (!depth) return no_depth(found, blocks, err);
    out->height = out->width = PICTURE;
    out->channels = sx_found_size(found, "stem.conv.weight", 1);
    add(out->spec, "resnet-imagenet(depth=%s, width=%d", depth,
        sx_found_size(found, "stem.conv.weight", 0));
    return close_spec(found, out, err);
}

/* Whether a shortcut without weights pads around the old channels or after them is not in the file;
 * around them is what the wide-spread re-implementation does. */
sx_status sx_recognise_small_resnet(const sx_found *found, sx_checkpoint *out, sx_error *err) {
    int blocks[3];
    count_stages(found, 3, blocks);
    if (blocks[0] != blocks[1] || blocks[0] != blocks[2])
        return refuse(found, "the three stages have not equally many blocks", err);
    out->height = out->width = 32;
    out->channels = sx_found_size(found, "stem.conv.weight", 1);
    add(out->spec, "resnet(depth=%d, width=%d, shortcut=%s", 6 * blocks[0] + 2,
        sx_found_size(found, "stem.conv.weight", 0),
        has(found, "stage2.block1.shortcut.conv.weight") ? "projection" : "padded");
    return close_spec(found, out, err);
}

/* A factor of 64 on the channels is the width; other numbers are small models'. */
sx_status sx_recognise_bit(const sx_found *found, sx_checkpoint *out, sx_error *err) {
    int blocks[4], channels = sx_found_size(found, "stem.weight", 0);
    count_stages(found, 4, blocks);
    const char *depth = sx_resnet_depth(blocks, true);
    if (!depth) return no_depth(found, blocks, err);
    if (channels < 1) return refuse(found, "the stem has no channels", err);
    bool whole = channels % 64 == 0 && channels <= 512;
    out->height = out->width = PICTURE;
    out->channels = sx_found_size(found, "stem.weight", 1);
    add(out->spec, "bit(depth=%s, width=%d, base=%d, groups=%d", depth, whole ? channels / 64 : 1,
        whole ? 64 : channels, channels % 32 == 0 ? 32 : 1);
    return close_spec(found, out, err);
}

/* ---- CLIP --------------------------------------------------------------------------------------
 */

/* Both towers must be whole; how an image tower alone is named is no classifier. */
static sx_status check_towers(const sx_found *found, sx_error *err) {
    if (!has(found, "text.token.weight"))
        return refuse(found,
                      "there is only the image tower; naming what is seen needs the text tower of "
                      "the same model, too",
                      err);
    if (has(found, "projection.weight") && has(found, "text.projection.weight") &&
        has(found, "scale.weight"))
        return SX_OK;
    return refuse(found, "a projection or the scale of the logits is missing", err);
}

sx_status sx_recognise_clip(const sx_found *found, sx_checkpoint *out, sx_error *err) {
    const sx_tensor_facts *position = sx_found_slice(found, "position.weight");
    int dim = sx_found_size(found, "patches.weight", 0);
    int patch = sx_found_size(found, "patches.weight", 2);
    int text = sx_found_size(found, "text.token.weight", 0);
    int depth = count_blocks(found, "block", ".norm1.weight");
    int text_depth = count_blocks(found, "text.block", ".norm1.weight");
    sx_status status = check_towers(found, err);
    if (status) return status;
    if (!position || !dim || !patch || !text || !depth || !text_depth)
        return refuse(found, "patches, positions or blocks are missing or do not fit", err);
    int grid = grid_of(position->count / (size_t)dim - 1);
    if (!grid) return refuse(found, "the positions are no square grid of patches", err);
    out->height = out->width = grid * patch;
    out->channels = sx_found_size(found, "patches.weight", 1);
    out->classes = 2;
    out->zero_shot = true;
    add(out->spec, "clip(dim=%d, depth=%d, heads=%d, patch=%d, embed=%d", dim, depth,
        heads_of(found, dim), patch, sx_found_size(found, "projection.weight", 0));
    add(out->spec, ", text_dim=%d, text_depth=%d, text_heads=%d, vocabulary=%d, context=%d", text,
        text_depth, text % 64 == 0 ? text / 64 : 1, sx_found_size(found, "text.token.weight", 1),
        sx_found_size(found, "text.position.weight", 1));
    add(out->spec, ", %s)", found->naming->settings);
    return sx_model_check(out->spec, err);
}
