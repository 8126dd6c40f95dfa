/* Recipes of fine-tuning as a table. BiT-HyperRule (arXiv 1912.11370, section 3.3, and its code):
 * three schedules by the number of training images, two resolutions by the area of pictures. The
 * vision transformers' protocol (arXiv 2010.11929, section 4.1 and appendix B.1.1, and its code).
 * Both were made for batches of 512 on accelerators, so each has options that scale it down; what
 * comes of them is put into the study's keys, where a person sees it. */
#include "core/study/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FEW 20000   /* training images; fewer: the short schedule */
#define MANY 500000 /* ... and from here on the long one */
#define SMALL_AREA (96 * 96)
#define MOST_DRAWN 512 /* pixels a side */

static const sx_option none_options[] = {{NULL, NULL, 0, NULL, 0, 0, NULL, NULL}};
#define SCALED                                                                                     \
    {"", "steps", SX_OPTION_NUMBER, "1", 0.0001, 100, NULL, "factor on all numbers of steps"},     \
        {"", "batch", SX_OPTION_INTEGER, "512", 1, 4096, NULL, "images of a step"},                \
        {"", "image", SX_OPTION_INTEGER, "0", 0, 512, NULL, "pixels a side; 0: by the rule"}, {    \
        NULL, NULL, 0, NULL, 0, 0, NULL, NULL                                                      \
    }
static const sx_option bit_options[] = {
    {"", "lr", SX_OPTION_NUMBER, "0", 0, 100, NULL,
     "0: 0.003 at a batch of 512, 0.001 at 128, on a power law through both elsewhere"},
    SCALED};
static const sx_option vit_options[] = {{"", "lr", SX_OPTION_NUMBER, "0.03", 0, 100, NULL,
                                         "at a batch of 512; in proportion at others"},
                                        SCALED};
static const sx_option quick_options[] = {
    {"", "lr", SX_OPTION_NUMBER, "0.03", 0, 100, NULL, "learning rate"},
    {"", "steps", SX_OPTION_INTEGER, "500", 1, 1e8, NULL, "optimiser steps"},
    {"", "batch", SX_OPTION_INTEGER, "64", 1, 4096, NULL, "images of a step"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL}};

/* What is worked out, before it is offered. */
typedef struct {
    sx_config *config;
    const sx_spec *spec;
    const sx_option *options;
    const sx_recipe_data *data;
} work;

static double option_of(const work *w, const char *key) {
    return sx_spec_number(w->spec, w->options, key);
}

/* A batch that a person gave decides about the rate, too. */
static int batch_of(const work *w) {
    if (sx_config_given(w->config, "train", "batch"))
        return (int)sx_config_number(w->config, "train", "batch");
    return (int)option_of(w, "batch");
}

static int scaled(const work *w, double steps) {
    double all = nearbyint(steps * option_of(w, "steps"));
    return all < 1 ? 1 : (int)all;
}

static sx_status offer(const work *w, const char *section, const char *key, const char *value,
                       sx_error *err) {
    return sx_config_offer(w->config, section, key, value, err);
}

static sx_status offer_number(const work *w, const char *section, const char *key, int value,
                              sx_error *err) {
    char text[24];
    snprintf(text, sizeof text, "%d", value);
    return offer(w, section, key, text, err);
}

/* ---- the rows ----------------------------------------------------------------------------------
 */

static sx_status resolve_none(const work *w, sx_error *err) {
    (void)w, (void)err;
    return SX_OK;
}

/* Our own, short: for a look at what a few hundred steps give. */
static sx_status resolve_quick(const work *w, sx_error *err) {
    int steps = (int)option_of(w, "steps");
    char optimizer[128], schedule[64];
    snprintf(optimizer, sizeof optimizer, "sgd(lr=%.6g, momentum=0.9, clip_norm=1)",
             option_of(w, "lr"));
    snprintf(schedule, sizeof schedule, "cosine(warmup=%d)", steps / 10);
    sx_status status = offer_number(w, "train", "steps", steps, err);
    if (!status) status = offer_number(w, "train", "batch", batch_of(w), err);
    if (!status) status = offer(w, "train", "optimizer", optimizer, err);
    return status ? status : offer(w, "train", "schedule", schedule, err);
}

/* Where the longer side of a random part is 128 of 160, or 480 of 512, pixels. */
static sx_status offer_bit_resolution(const work *w, sx_error *err) {
    bool small = w->data->area < SMALL_AREA;
    int image = small ? 128 : 480, drawn = small ? 160 : 512, wanted = (int)option_of(w, "image");
    if (sx_config_given(w->config, "data", "image"))
        wanted = (int)sx_config_number(w->config, "data", "image");
    if (wanted) {
        drawn = (int)nearbyint((double)wanted * drawn / image);
        image = wanted;
    }
    if (drawn > MOST_DRAWN) drawn = MOST_DRAWN;
    sx_status status = offer_number(w, "data", "image", image, err);
    if (!status) status = offer_number(w, "data", "draw", drawn, err);
    return status ? status : offer(w, "data", "compose", "squash", err);
}

static double bit_rate(const work *w) {
    double lr = option_of(w, "lr");
    return lr > 0 ? lr : 0.003 * pow(batch_of(w) / 512.0, log(3) / log(4));
}

static sx_status resolve_bit(const work *w, sx_error *err) {
    static const struct {
        int warmup, drops[3], steps;
    } schedules[] = {{100, {200, 300, 400}, 500},
                     {500, {3000, 6000, 9000}, 10000},
                     {500, {6000, 12000, 18000}, 20000}};
    size_t n = w->data->count, row = n < FEW ? 0 : n < MANY ? 1 : 2;
    char optimizer[64], schedule[128];
    const int *drops = schedules[row].drops;
    snprintf(optimizer, sizeof optimizer, "sgd(lr=%.6g, momentum=0.9)", bit_rate(w));
    snprintf(schedule, sizeof schedule, "drops(warmup=%d, from_zero=yes, at=%d/%d/%d)",
             scaled(w, schedules[row].warmup), scaled(w, drops[0]), scaled(w, drops[1]),
             scaled(w, drops[2]));
    sx_status status = offer_number(w, "train", "steps", scaled(w, schedules[row].steps), err);
    if (!status) status = offer_number(w, "train", "batch", batch_of(w), err);
    if (!status) status = offer(w, "train", "optimizer", optimizer, err);
    if (!status) status = offer(w, "train", "schedule", schedule, err);
    if (!status)
        status = offer(w, "train", "augment", n < FEW ? "flip" : "flip + mixup(alpha=0.1)", err);
    return status ? status : offer_bit_resolution(w, err);
}

/* The published numbers are per data set: 500 steps for sets of a few thousand pictures (Pets,
 * Flowers), 10,000 for CIFAR, 20,000 for ImageNet. BiT's limits on n tell them apart; the warm-up
 * of the shortest is BiT's, too, since the usual one would fill it. */
static sx_status resolve_vit(const work *w, sx_error *err) {
    size_t n = w->data->count;
    int steps = n < FEW ? 500 : n < MANY ? 10000 : 20000, warmup = n < FEW ? 100 : 500;
    int image = (int)option_of(w, "image");
    char optimizer[128], schedule[64];
    snprintf(optimizer, sizeof optimizer, "sgd(lr=%.6g, momentum=0.9, clip_norm=1)",
             option_of(w, "lr") * batch_of(w) / 512);
    snprintf(schedule, sizeof schedule, "cosine(warmup=%d, from_zero=yes)", scaled(w, warmup));
    sx_status status = offer_number(w, "train", "steps", scaled(w, steps), err);
    if (!status) status = offer_number(w, "train", "batch", batch_of(w), err);
    if (!status) status = offer(w, "train", "optimizer", optimizer, err);
    if (!status) status = offer(w, "train", "schedule", schedule, err);
    if (!status) status = offer(w, "train", "augment", "crop(scale=0.05) + flip", err);
    if (!status) status = offer(w, "data", "compose", "squash", err);
    return status ? status : offer_number(w, "data", "image", image ? image : 384, err);
}

/* ---- the table ---------------------------------------------------------------------------------
 */

static const struct {
    sx_recipe_kind kind;
    sx_status (*resolve)(const work *w, sx_error *err);
} rows[] = {
    {{"none", "every key as it is given, or its default", none_options}, resolve_none},
    {{"quick", "500 steps of 64 images, whatever the data", quick_options}, resolve_quick},
    {{"bit-hyperrule", "Big Transfer's rule (arXiv 1912.11370)", bit_options}, resolve_bit},
    {{"vit", "the vision transformers' fine-tuning (arXiv 2010.11929)", vit_options}, resolve_vit},
};
enum { ROWS = sizeof rows / sizeof *rows };

const sx_recipe_kind *sx_recipe_at(int row) {
    return row >= 0 && row < ROWS ? &rows[row].kind : NULL;
}

static sx_status parse(const char *text, sx_spec *spec, int *row, sx_error *err) {
    const char *names[ROWS];
    sx_status status = sx_spec_parse(text, spec, err);
    if (status) return status;
    for (*row = 0; *row < ROWS; ++*row) {
        names[*row] = rows[*row].kind.name;
        if (strcmp(names[*row], spec->name) == 0)
            return sx_spec_check(spec, rows[*row].kind.options, err);
    }
    return sx_fail(err, SX_BAD_INPUT, "unknown recipe '%s'; did you mean '%s'?", spec->name,
                   sx_nearest_name(spec->name, names, ROWS));
}

sx_status sx_recipe_check(const char *text, sx_error *err) {
    sx_spec spec;
    int row;
    return parse(text, &spec, &row, err);
}

sx_status sx_recipe_resolve(sx_config *config, const sx_recipe_data *data, sx_error *err) {
    sx_spec spec;
    int row;
    sx_status status = parse(sx_config_text(config, "train", "recipe"), &spec, &row, err);
    if (status) return status;
    const work w = {config, &spec, rows[row].kind.options, data};
    return rows[row].resolve(&w, err);
}

void sx_recipe_describe(const sx_config *config, sx_text *out) {
    static const char *const keys[][2] = {
        {"train", "recipe"},    {"train", "tune"},     {"train", "steps"},   {"train", "batch"},
        {"train", "optimizer"}, {"train", "schedule"}, {"train", "augment"}, {"data", "image"},
        {"data", "draw"},       {"data", "compose"}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        sx_text_add(out, "%s%s %s", i ? ", " : "", keys[i][1],
                    sx_config_text(config, keys[i][0], keys[i][1]));
}
