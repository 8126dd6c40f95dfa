/* Residual networks as torchvision, the common CIFAR re-implementations, BiT's npz and timm name
 * them (github.com/pytorch/vision, github.com/google-research/big_transfer). */
#include "core/model/naming.h"

#define NORM(OURS, THEIRS)                                                                         \
    SAME(OURS ".weight", THEIRS ".weight"), SAME(OURS ".bias", THEIRS ".bias"),                    \
        SAME(OURS ".running_mean", THEIRS ".running_mean"),                                        \
        SAME(OURS ".running_var", THEIRS ".running_var")
static const char *const counters[] = {"*.num_batches_tracked", NULL};
/* ---- batch norm: torchvision and CIFAR ---------------------------------------------------------
 */

#define BLOCK "stage#.block#."
#define LAYER "layer{1}.{}."
static const sx_name_rule torchvision_rules[] = {
    OIHW("stem.conv.weight", "conv1.weight"),
    NORM("stem.norm", "bn1"),
    OIHW(BLOCK "a.conv.weight", LAYER "conv1.weight"),
    NORM(BLOCK "a.norm", LAYER "bn1"),
    OIHW(BLOCK "b.conv.weight", LAYER "conv2.weight"),
    NORM(BLOCK "b.norm", LAYER "bn2"),
    OIHW(BLOCK "c.conv.weight", LAYER "conv3.weight"),
    NORM(BLOCK "c.norm", LAYER "bn3"),
    OIHW(BLOCK "shortcut.conv.weight", LAYER "downsample.0.weight"),
    NORM(BLOCK "shortcut.norm", LAYER "downsample.1"),
    OIHW(BLOCK "shortcut.conv.weight", LAYER "shortcut.0.weight"),
    NORM(BLOCK "shortcut.norm", LAYER "shortcut.1"),
    TURNED("classifier.weight", "fc.weight"),
    SAME("classifier.bias", "fc.bias"),
    TURNED("classifier.weight", "linear.weight"),
    SAME("classifier.bias", "linear.bias"),
    END};

const sx_preprocessing sx_torchvision_preprocessing = {.mean = {0.485, 0.456, 0.406},
                                                       .deviation = {0.229, 0.224, 0.225},
                                                       .resize = "bilinear",
                                                       .crops = true,
                                                       .fraction = 0.875};
static const sx_preprocessing small_imagenet = {.mean = {0.485, 0.456, 0.406},
                                                .deviation = {0.229, 0.224, 0.225},
                                                .resize = "bilinear",
                                                .fraction = 1};

/* ---- BiT ---------------------------------------------------------------------------------------
 */

#define UNIT "resnet/block{1}/unit{01}/"
#define KERNEL "/standardized_conv2d/kernel"
static const sx_name_rule bit_rules[] = {SAME("stem.weight", "resnet/root_block" KERNEL),
                                         SAME(BLOCK "a.norm.weight", UNIT "a/group_norm/gamma"),
                                         SAME(BLOCK "a.norm.bias", UNIT "a/group_norm/beta"),
                                         SAME(BLOCK "a.conv.weight", UNIT "a" KERNEL),
                                         SAME(BLOCK "b.norm.weight", UNIT "b/group_norm/gamma"),
                                         SAME(BLOCK "b.norm.bias", UNIT "b/group_norm/beta"),
                                         SAME(BLOCK "b.conv.weight", UNIT "b" KERNEL),
                                         SAME(BLOCK "c.norm.weight", UNIT "c/group_norm/gamma"),
                                         SAME(BLOCK "c.norm.bias", UNIT "c/group_norm/beta"),
                                         SAME(BLOCK "c.conv.weight", UNIT "c" KERNEL),
                                         SAME(BLOCK "shortcut.weight", UNIT "a/proj" KERNEL),
                                         SAME("norm.weight", "resnet/group_norm/gamma"),
                                         SAME("norm.bias", "resnet/group_norm/beta"),
                                         SAME("classifier.weight", "resnet/head/conv2d/kernel"),
                                         SAME("classifier.bias", "resnet/head/conv2d/bias"),
                                         END};

#define STAGE "stages.{}.blocks.{}."
static const sx_name_rule timm_bit_rules[] = {
    OIHW("stem.weight", "stem.conv.weight"),
    SAME(BLOCK "a.norm.weight", STAGE "norm1.weight"),
    SAME(BLOCK "a.norm.bias", STAGE "norm1.bias"),
    OIHW(BLOCK "a.conv.weight", STAGE "conv1.weight"),
    SAME(BLOCK "b.norm.weight", STAGE "norm2.weight"),
    SAME(BLOCK "b.norm.bias", STAGE "norm2.bias"),
    OIHW(BLOCK "b.conv.weight", STAGE "conv2.weight"),
    SAME(BLOCK "c.norm.weight", STAGE "norm3.weight"),
    SAME(BLOCK "c.norm.bias", STAGE "norm3.bias"),
    OIHW(BLOCK "c.conv.weight", STAGE "conv3.weight"),
    OIHW(BLOCK "shortcut.weight", STAGE "downsample.conv.weight"),
    SAME("norm.weight", "norm.weight"),
    SAME("norm.bias", "norm.bias"),
    TURNED("classifier.weight", "head.fc.weight"),
    SAME("classifier.bias", "head.fc.bias"),
    END};

static const sx_preprocessing halves = {
    .mean = {0.5, 0.5, 0.5}, .deviation = {0.5, 0.5, 0.5}, .resize = "bilinear", .fraction = 1};

const sx_naming sx_resnet_namings[] = {
    {.name = "torchvision",
     .family = "resnet-imagenet",
     .about = "torchvision",
     .signature = "layer4.0.conv1.weight",
     .settings = "",
     .rules = torchvision_rules,
     .ignored = counters,
     .preprocessing = &sx_torchvision_preprocessing,
     .recognise = sx_recognise_resnet},
    {.name = "cifar",
     .family = "resnet",
     .about = "re-implementations for CIFAR",
     .signature = "layer3.0.conv1.weight",
     .settings = "",
     .rules = torchvision_rules,
     .ignored = counters,
     .preprocessing = &small_imagenet,
     .recognise = sx_recognise_small_resnet},
    {.name = "bit",
     .family = "bit",
     .about = "Google's big_transfer",
     .signature = "resnet/root_block" KERNEL,
     .settings = "epsilon=1e-10",
     .rules = bit_rules,
     .preprocessing = &halves,
     .recognise = sx_recognise_bit},
    {.name = "timm-bit",
     .family = "bit",
     .about = "timm",
     .signature = "stages.0.blocks.0.norm1.weight",
     .settings = "epsilon=1e-8",
     .rules = timm_bit_rules,
     .preprocessing = &halves,
     .recognise = sx_recognise_bit},
    {.name = NULL},
};
