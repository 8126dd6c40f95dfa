/* CLIP's two towers as OpenAI (github.com/openai/CLIP, and open_clip) and HuggingFace transformers
 * name them. Both keep linear weights as [out, in]; OpenAI's two projections are plain matrices
 * [in, out]. Whether a model wants the quick GELU is not in a file: OpenAI's do, some of
 * open_clip's do not. */
#include "core/model/naming.h"

/* ---- OpenAI ------------------------------------------------------------------------------------
 */

/* The same blocks in both towers; queries, keys and values are one matrix. */
#define OPENAI_BLOCK(OURS, THEIRS)                                                                 \
    SAME(OURS "norm1.weight", THEIRS "ln_1.weight"), SAME(OURS "norm1.bias", THEIRS "ln_1.bias"),  \
        TURNED(OURS "attention.in.weight", THEIRS "attn.in_proj_weight"),                          \
        SAME(OURS "attention.in.bias", THEIRS "attn.in_proj_bias"),                                \
        TURNED(OURS "attention.out.weight", THEIRS "attn.out_proj.weight"),                        \
        SAME(OURS "attention.out.bias", THEIRS "attn.out_proj.bias"),                              \
        SAME(OURS "norm2.weight", THEIRS "ln_2.weight"),                                           \
        SAME(OURS "norm2.bias", THEIRS "ln_2.bias"),                                               \
        TURNED(OURS "mlp.in.weight", THEIRS "mlp.c_fc.weight"),                                    \
        SAME(OURS "mlp.in.bias", THEIRS "mlp.c_fc.bias"),                                          \
        TURNED(OURS "mlp.out.weight", THEIRS "mlp.c_proj.weight"),                                 \
        SAME(OURS "mlp.out.bias", THEIRS "mlp.c_proj.bias")

static const sx_name_rule openai_rules[] = {
    SAME("class.weight", "visual.class_embedding"),
    SAME("position.weight", "visual.positional_embedding"),
    OIHW("patches.weight", "visual.conv1.weight"),
    SAME("first_norm.weight", "visual.ln_pre.weight"),
    SAME("first_norm.bias", "visual.ln_pre.bias"),
    OPENAI_BLOCK("block#.", "visual.transformer.resblocks.{}."),
    SAME("norm.weight", "visual.ln_post.weight"),
    SAME("norm.bias", "visual.ln_post.bias"),
    SAME("projection.weight", "visual.proj"),
    SAME("text.token.weight", "token_embedding.weight"),
    SAME("text.position.weight", "positional_embedding"),
    OPENAI_BLOCK("text.block#.", "transformer.resblocks.{}."),
    SAME("text.norm.weight", "ln_final.weight"),
    SAME("text.norm.bias", "ln_final.bias"),
    SAME("text.projection.weight", "text_projection"),
    SAME("scale.weight", "logit_scale"),
    END};

static const char *const openai_ignored[] = {"input_resolution", "context_length", "vocab_size",
                                             NULL};

/* ---- HuggingFace -------------------------------------------------------------------------------
 */

#define PARTS(OURS, BEFORE, AFTER, LAYOUT)                                                         \
    {OURS, BEFORE "q_proj" AFTER, LAYOUT, 0, 3}, {OURS, BEFORE "k_proj" AFTER, LAYOUT, 1, 3}, {    \
        OURS, BEFORE "v_proj" AFTER, LAYOUT, 2, 3                                                  \
    }
#define HUGGINGFACE_BLOCK(OURS, THEIRS)                                                            \
    SAME(OURS "norm1.weight", THEIRS "layer_norm1.weight"),                                        \
        SAME(OURS "norm1.bias", THEIRS "layer_norm1.bias"),                                        \
        PARTS(OURS "attention.in.weight", THEIRS "self_attn.", ".weight", SX_LAYOUT_TRANSPOSED),   \
        PARTS(OURS "attention.in.bias", THEIRS "self_attn.", ".bias", SX_LAYOUT_SAME),             \
        TURNED(OURS "attention.out.weight", THEIRS "self_attn.out_proj.weight"),                   \
        SAME(OURS "attention.out.bias", THEIRS "self_attn.out_proj.bias"),                         \
        SAME(OURS "norm2.weight", THEIRS "layer_norm2.weight"),                                    \
        SAME(OURS "norm2.bias", THEIRS "layer_norm2.bias"),                                        \
        TURNED(OURS "mlp.in.weight", THEIRS "mlp.fc1.weight"),                                     \
        SAME(OURS "mlp.in.bias", THEIRS "mlp.fc1.bias"),                                           \
        TURNED(OURS "mlp.out.weight", THEIRS "mlp.fc2.weight"),                                    \
        SAME(OURS "mlp.out.bias", THEIRS "mlp.fc2.bias")

static const sx_name_rule huggingface_rules[] = {
    SAME("class.weight", "vision_model.embeddings.class_embedding"),
    SAME("position.weight", "vision_model.embeddings.position_embedding.weight"),
    OIHW("patches.weight", "vision_model.embeddings.patch_embedding.weight"),
    SAME("first_norm.weight", "vision_model.pre_layrnorm.weight"),
    SAME("first_norm.bias", "vision_model.pre_layrnorm.bias"),
    HUGGINGFACE_BLOCK("block#.", "vision_model.encoder.layers.{}."),
    SAME("norm.weight", "vision_model.post_layernorm.weight"),
    SAME("norm.bias", "vision_model.post_layernorm.bias"),
    TURNED("projection.weight", "visual_projection.weight"),
    SAME("text.token.weight", "text_model.embeddings.token_embedding.weight"),
    SAME("text.position.weight", "text_model.embeddings.position_embedding.weight"),
    HUGGINGFACE_BLOCK("text.block#.", "text_model.encoder.layers.{}."),
    SAME("text.norm.weight", "text_model.final_layer_norm.weight"),
    SAME("text.norm.bias", "text_model.final_layer_norm.bias"),
    TURNED("text.projection.weight", "text_projection.weight"),
    SAME("scale.weight", "logit_scale"),
    END};

static const char *const position_numbers[] = {"*.embeddings.position_ids", NULL};

/* ---- the namings -------------------------------------------------------------------------------
 */

static const char *const zero_shot[] = {"head.weight", NULL};

static const sx_preprocessing clip_cropped = {.mean = {0.48145466, 0.4578275, 0.40821073},
                                              .deviation = {0.26862954, 0.26130258, 0.27577711},
                                              .resize = "bicubic",
                                              .crops = true,
                                              .fraction = 1};

const sx_naming sx_clip_namings[] = {
    {.name = "openai",
     .family = "clip",
     .about = "OpenAI's CLIP, or open_clip",
     .signature = "visual.transformer.resblocks.0.attn.in_proj_weight",
     .settings = "activation=gelu-quick, epsilon=1e-5",
     .rules = openai_rules,
     .ignored = openai_ignored,
     .made = zero_shot,
     .preprocessing = &clip_cropped,
     .position = SX_POSITION_BICUBIC_SMOOTH,
     .recognise = sx_recognise_clip},
    {.name = "huggingface-clip",
     .family = "clip",
     .about = "HuggingFace transformers",
     .signature = "vision_model.embeddings.class_embedding",
     .settings = "activation=gelu-quick, epsilon=1e-5",
     .rules = huggingface_rules,
     .ignored = position_numbers,
     .made = zero_shot,
     .preprocessing = &clip_cropped,
     .position = SX_POSITION_BICUBIC,
     .recognise = sx_recognise_clip},
    {.name = NULL},
};
