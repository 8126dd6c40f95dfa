/* Every key of a study file. Help, completion, checks and "did you mean" read this table. */
#include "core/study/study.h"

#define NUMBER SX_OPTION_NUMBER
#define INTEGER SX_OPTION_INTEGER
#define TEXT SX_OPTION_TEXT
#define CHOICE SX_OPTION_CHOICE

const sx_option sx_study_options[] = {
    {"study", "name", TEXT, "study", 0, 0, "a-z 0-9 -", "name of the study and its run folders"},
    {"study", "title", TEXT, "", 0, 0, "a line", "title of the figures at the end"},
    {"study", "kind", CHOICE, "robustness", 0, 0, "robustness", "row of the study table"},
    {"data", "source", TEXT, "", 0, 0, "name or path",
     "data set; none: Fashion-MNIST, else shapes"},
    {"data", "compose", TEXT, "center area=0.5", 0, 0, "spec", "how an item becomes an image"},
    {"data", "resize", TEXT, "auto", 0, 0, "spec",
     "how whole pictures come to size: auto, nearest, bilinear, bicubic, area"},
    {"data", "backgrounds", TEXT, "", 0, 0, "folder", "photographs; none: rendered textures"},
    {"data", "image", INTEGER, "32", 8, 512, NULL, "pixels a side"},
    {"model", "spec", TEXT, "cnn(width=16, depth=3)", 0, 0, "spec", "the network"},
    {"train", "steps", INTEGER, "4000", 1, 100000000, NULL, "optimiser steps"},
    {"train", "batch", INTEGER, "64", 1, 4096, NULL, "images of a step"},
    {"train", "optimizer", TEXT, "adamw(lr=0.002, weight_decay=0.01)", 0, 0, "spec", "optimiser"},
    {"train", "schedule", TEXT, "cosine(warmup=200)", 0, 0, "spec", "of the learning rate"},
    {"train", "loss", TEXT, "", 0, 0, "spec",
     "what is minimised, such as softmax_cross_entropy(smoothing=0.1); none: the model's own"},
    {"train", "accumulate", INTEGER, "1", 1, 4096, NULL, "batches whose mean gradient is one step"},
    {"train", "average", TEXT, "none", 0, 0, "spec",
     "parameters that are measured: none, ema(decay=0.999), swa(start=0.75)"},
    {"train", "flip", CHOICE, "no", 0, 0, "no|yes", "mirror half of the training images"},
    {"train", "shift", INTEGER, "0", 0, 64, NULL, "move training images by up to so many pixels"},
    {"train", "augment", TEXT, "", 0, 0, "spec + spec",
     "random changes of training images, such as crop(scale=0.6) + erase + mixup"},
    {"train", "validate_every", INTEGER, "250", 1, 100000000, NULL,
     "steps between live validations"},
    {"train", "validate_items", INTEGER, "1000", 1, 100000000, NULL,
     "images of a live validation; the last one takes all"},
    {"robustness", "share", NUMBER, "0.15", 0, 0.9, NULL, "share of compute for live measurements"},
    {"robustness", "location_area", NUMBER, "0.2", 0.001, 1, NULL,
     "share of the image that the moved object takes"},
    {"robustness", "rotation_area", NUMBER, "0.5", 0.001, 1, NULL,
     "share of the image that the turned object takes"},
    {"robustness", "images_per_location", INTEGER, "30", 1, 10000, NULL,
     "images of a cell of the location map"},
    {"robustness", "images_per_point", INTEGER, "200", 1, 10000, NULL,
     "images of a point of the rotation and size curves"},
    {"run", "seed", INTEGER, "0", 0, 9007199254740991.0, NULL, "fixes every bit of the result"},
    {"run", "seeds", INTEGER, "1", 1, 1, NULL, "runs of the study, each with its own seed"},
    {"run", "checkpoint_seconds", NUMBER, "20", 0.1, 86400, NULL,
     "between checkpoints, unless they would take 2 % of the time"},
    {"run", "preset", CHOICE, "quick", 0, 0, "quick|class|full", "section that overrides keys"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};
