/* Vision transformers as Google, timm, HuggingFace and torchvision name them
 * (github.com/google-research/ vision_transformer and big_vision,
 * github.com/huggingface/pytorch-image-models and transformers, github.com/pytorch/vision). PyTorch
 * keeps linear weights as [out, in], JAX as [in, out]. */
#include "core/model/naming.h"

#define PARTS(OURS, BEFORE, Q, K, V, AFTER, LAYOUT)                                                \
    {OURS, BEFORE Q AFTER, LAYOUT, 0, 3}, {OURS, BEFORE K AFTER, LAYOUT, 1, 3}, {                  \
        OURS, BEFORE V AFTER, LAYOUT, 2, 3                                                         \
    }
/* ---- Google's npz ------------------------------------------------------------------------------
 */

#define GOOGLE_BLOCK(BLOCK, ATTENTION, NORM2, MLP)                                                 \
    SAME("block#.norm1.weight", BLOCK "LayerNorm_0/scale"),                                        \
        SAME("block#.norm1.bias", BLOCK "LayerNorm_0/bias"),                                       \
        PARTS("block#.attention.in.weight", BLOCK ATTENTION "/", "query", "key", "value",          \
              "/kernel", SX_LAYOUT_SAME),                                                          \
        PARTS("block#.attention.in.bias", BLOCK ATTENTION "/", "query", "key", "value", "/bias",   \
              SX_LAYOUT_SAME),                                                                     \
        SAME("block#.attention.out.weight", BLOCK ATTENTION "/out/kernel"),                        \
        SAME("block#.attention.out.bias", BLOCK ATTENTION "/out/bias"),                            \
        SAME("block#.norm2.weight", BLOCK NORM2 "/scale"),                                         \
        SAME("block#.norm2.bias", BLOCK NORM2 "/bias"),                                            \
        SAME("block#.mlp.in.weight", BLOCK MLP "/Dense_0/kernel"),                                 \
        SAME("block#.mlp.in.bias", BLOCK MLP "/Dense_0/bias"),                                     \
        SAME("block#.mlp.out.weight", BLOCK MLP "/Dense_1/kernel"),                                \
        SAME("block#.mlp.out.bias", BLOCK MLP "/Dense_1/bias"),                                    \
        SAME("norm.weight", "Transformer/encoder_norm/scale"),                                     \
        SAME("norm.bias", "Transformer/encoder_norm/bias"),                                        \
        SAME("pre_logits.weight", "pre_logits/kernel"),                                            \
        SAME("pre_logits.bias", "pre_logits/bias"), SAME("classifier.weight", "head/kernel"),      \
        SAME("classifier.bias", "head/bias"), SAME("patches.weight", "embedding/kernel"),          \
        SAME("patches.bias", "embedding/bias"), SAME("class.weight", "cls")

#define EACH "Transformer/encoderblock_{}/"
#define ALL "Transformer/encoderblock[]/"
static const sx_name_rule google_rules[] = {
    GOOGLE_BLOCK(EACH, "MultiHeadDotProductAttention_1", "LayerNorm_2", "MlpBlock_3"),
    SAME("position.weight", "Transformer/posembed_input/pos_embedding"), END};

static const sx_name_rule big_vision_rules[] = {
    GOOGLE_BLOCK(EACH, "MultiHeadDotProductAttention_0", "LayerNorm_1", "MlpBlock_0"),
    SAME("position.weight", "pos_embedding"), END};

/* All blocks in one, as a scan over layers keeps them. */
static const sx_name_rule stacked_rules[] = {
    GOOGLE_BLOCK(ALL, "MultiHeadDotProductAttention_0", "LayerNorm_1", "MlpBlock_0"),
    SAME("position.weight", "pos_embedding"), END};

static const char *const google_prefixes[] = {"opt/target/", "params/", "params/img/", NULL};

/* ---- timm and HuggingFace -----------------------------------------------------------------------
 */

static const sx_name_rule timm_rules[] = {
    SAME("class.weight", "cls_token"),
    SAME("position.weight", "pos_embed"),
    OIHW("patches.weight", "patch_embed.proj.weight"),
    SAME("patches.bias", "patch_embed.proj.bias"),
    SAME("block#.norm1.weight", "blocks.{}.norm1.weight"),
    SAME("block#.norm1.bias", "blocks.{}.norm1.bias"),
    TURNED("block#.attention.in.weight", "blocks.{}.attn.qkv.weight"),
    SAME("block#.attention.in.bias", "blocks.{}.attn.qkv.bias"),
    TURNED("block#.attention.out.weight", "blocks.{}.attn.proj.weight"),
    SAME("block#.attention.out.bias", "blocks.{}.attn.proj.bias"),
    SAME("block#.norm2.weight", "blocks.{}.norm2.weight"),
    SAME("block#.norm2.bias", "blocks.{}.norm2.bias"),
    TURNED("block#.mlp.in.weight", "blocks.{}.mlp.fc1.weight"),
    SAME("block#.mlp.in.bias", "blocks.{}.mlp.fc1.bias"),
    TURNED("block#.mlp.out.weight", "blocks.{}.mlp.fc2.weight"),
    SAME("block#.mlp.out.bias", "blocks.{}.mlp.fc2.bias"),
    SAME("first_norm.weight", "norm_pre.weight"),
    SAME("first_norm.bias", "norm_pre.bias"),
    SAME("norm.weight", "norm.weight"),
    SAME("norm.bias", "norm.bias"),
    TURNED("pre_logits.weight", "pre_logits.fc.weight"),
    SAME("pre_logits.bias", "pre_logits.fc.bias"),
    TURNED("classifier.weight", "head.weight"),
    SAME("classifier.bias", "head.bias"),
    END};

#define LAYER "vit.encoder.layer.{}."
static const sx_name_rule huggingface_rules[] = {
    SAME("class.weight", "vit.embeddings.cls_token"),
    SAME("position.weight", "vit.embeddings.position_embeddings"),
    OIHW("patches.weight", "vit.embeddings.patch_embeddings.projection.weight"),
    SAME("patches.bias", "vit.embeddings.patch_embeddings.projection.bias"),
    SAME("block#.norm1.weight", LAYER "layernorm_before.weight"),
    SAME("block#.norm1.bias", LAYER "layernorm_before.bias"),
    PARTS("block#.attention.in.weight", LAYER "attention.attention.", "query", "key", "value",
          ".weight", SX_LAYOUT_TRANSPOSED),
    PARTS("block#.attention.in.bias", LAYER "attention.attention.", "query", "key", "value",
          ".bias", SX_LAYOUT_SAME),
    TURNED("block#.attention.out.weight", LAYER "attention.output.dense.weight"),
    SAME("block#.attention.out.bias", LAYER "attention.output.dense.bias"),
    SAME("block#.norm2.weight", LAYER "layernorm_after.weight"),
    SAME("block#.norm2.bias", LAYER "layernorm_after.bias"),
    TURNED("block#.mlp.in.weight", LAYER "intermediate.dense.weight"),
    SAME("block#.mlp.in.bias", LAYER "intermediate.dense.bias"),
    TURNED("block#.mlp.out.weight", LAYER "output.dense.weight"),
    SAME("block#.mlp.out.bias", LAYER "output.dense.bias"),
    SAME("norm.weight", "vit.layernorm.weight"),
    SAME("norm.bias", "vit.layernorm.bias"),
    TURNED("classifier.weight", "classifier.weight"),
    SAME("classifier.bias", "classifier.bias"),
    END};

/* torchvision; the dense layers of a block had names of their own before they were numbered. */
#define VISION "encoder.layers.encoder_layer_{}."
static const sx_name_rule torchvision_rules[] = {
    SAME("class.weight", "class_token"),
    SAME("position.weight", "encoder.pos_embedding"),
    OIHW("patches.weight", "conv_proj.weight"),
    SAME("patches.bias", "conv_proj.bias"),
    SAME("block#.norm1.weight", VISION "ln_1.weight"),
    SAME("block#.norm1.bias", VISION "ln_1.bias"),
    TURNED("block#.attention.in.weight", VISION "self_attention.in_proj_weight"),
    SAME("block#.attention.in.bias", VISION "self_attention.in_proj_bias"),
    TURNED("block#.attention.out.weight", VISION "self_attention.out_proj.weight"),
    SAME("block#.attention.out.bias", VISION "self_attention.out_proj.bias"),
    SAME("block#.norm2.weight", VISION "ln_2.weight"),
    SAME("block#.norm2.bias", VISION "ln_2.bias"),
    TURNED("block#.mlp.in.weight", VISION "mlp.0.weight"),
    SAME("block#.mlp.in.bias", VISION "mlp.0.bias"),
    TURNED("block#.mlp.out.weight", VISION "mlp.3.weight"),
    SAME("block#.mlp.out.bias", VISION "mlp.3.bias"),
    TURNED("block#.mlp.in.weight", VISION "mlp.linear_1.weight"),
    SAME("block#.mlp.in.bias", VISION "mlp.linear_1.bias"),
    TURNED("block#.mlp.out.weight", VISION "mlp.linear_2.weight"),
    SAME("block#.mlp.out.bias", VISION "mlp.linear_2.bias"),
    SAME("norm.weight", "encoder.ln.weight"),
    SAME("norm.bias", "encoder.ln.bias"),
    TURNED("pre_logits.weight", "heads.pre_logits.weight"),
    SAME("pre_logits.bias", "heads.pre_logits.bias"),
    TURNED("classifier.weight", "heads.head.weight"),
    SAME("classifier.bias", "heads.head.bias"),
    END};

static const char *const poolers[] = {"vit.pooler.*", NULL};

/* Plain resize to the square: the paper's code. */
static const sx_preprocessing squashed = {.mean = {0.5, 0.5, 0.5},
                                          .deviation = {0.5, 0.5, 0.5},
                                          .resize = "bilinear(antialias=no)",
                                          .fraction = 1};
static const sx_preprocessing timm_cropped = {.mean = {0.5, 0.5, 0.5},
                                              .deviation = {0.5, 0.5, 0.5},
                                              .resize = "bicubic",
                                              .crops = true,
                                              .fraction = 0.9};
static const sx_preprocessing huggingface_squashed = {
    .mean = {0.5, 0.5, 0.5}, .deviation = {0.5, 0.5, 0.5}, .resize = "bilinear", .fraction = 1};

const sx_naming sx_vit_namings[] = {
    {.name = "google",
     .family = "vit",
     .about = "Google's vision_transformer",
     .signature = "Transformer/encoderblock_0/MultiHeadDotProductAttention_1/query/kernel",
     .settings = "activation=gelu-tanh, epsilon=1e-6",
     .rules = google_rules,
     .prefixes = google_prefixes,
     .preprocessing = &squashed,
     .position = SX_POSITION_CORNERS,
     .recognise = sx_recognise_vit},
    {.name = "big_vision",
     .family = "vit",
     .about = "Google's big_vision",
     .signature = "Transformer/encoderblock_0/MultiHeadDotProductAttention_0/query/kernel",
     .settings = "activation=gelu-tanh, epsilon=1e-6",
     .rules = big_vision_rules,
     .prefixes = google_prefixes,
     .preprocessing = &squashed,
     .position = SX_POSITION_CORNERS,
     .recognise = sx_recognise_vit},
    {.name = "big_vision-stacked",
     .family = "vit",
     .about = "Google's big_vision, all blocks in one",
     .signature = "Transformer/encoderblock/MultiHeadDotProductAttention_0/query/kernel",
     .settings = "activation=gelu-tanh, epsilon=1e-6",
     .rules = stacked_rules,
     .prefixes = google_prefixes,
     .preprocessing = &squashed,
     .position = SX_POSITION_CORNERS,
     .recognise = sx_recognise_vit},
    {.name = "timm",
     .family = "vit",
     .about = "timm",
     .signature = "blocks.0.attn.qkv.weight",
     .settings = "activation=gelu, epsilon=1e-6",
     .rules = timm_rules,
     .preprocessing = &timm_cropped,
     .position = SX_POSITION_BICUBIC_SMOOTH,
     .recognise = sx_recognise_vit},
    {.name = "huggingface",
     .family = "vit",
     .about = "HuggingFace transformers",
     .signature = "vit.encoder.layer.0.attention.attention.query.weight",
     .settings = "activation=gelu, epsilon=1e-12",
     .rules = huggingface_rules,
     .ignored = poolers,
     .optional = "vit.",
     .preprocessing = &huggingface_squashed,
     .position = SX_POSITION_BICUBIC,
     .recognise = sx_recognise_vit},
    {.name = "torchvision-vit",
     .family = "vit",
     .about = "torchvision",
     .signature = "encoder.layers.encoder_layer_0.self_attention.in_proj_weight",
     .settings = "activation=gelu, epsilon=1e-6",
     .rules = torchvision_rules,
     .preprocessing = &sx_torchvision_preprocessing,
     .position = SX_POSITION_BICUBIC,
     .recognise = sx_recognise_vit},
    {.name = NULL},
};
