/* What an inspection of a small network would publish, by formulas: a vision transformer of two
 * blocks with three heads over 4 x 4 patches, or a network of two convolutions. */
#ifndef SX_TESTS_SAMPLE_INSIDE_H
#define SX_TESTS_SAMPLE_INSIDE_H

#include "core/engine/engine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const uint8_t *pixels; /* [size, size, 3] */
    int size;
    bool plain;
} sample_inside;

enum { INSIDE_GRID = 4, INSIDE_BLOCKS = 2, INSIDE_HEADS = 3 };

static inline sx_result *sample_map(const char *name, const char *title, int side, double shift,
                                    double scale) {
    sx_result *r = sx_result_new(SX_RESULT_GRID, name, title);
    assert_true(r && sx_grid_alloc(r, side, side));
    r->step = 1200;
    r->grid.row_label = "y";
    r->grid.column_label = "x";
    r->grid.unit = "probability";
    for (int i = 0; i < side; i++) r->grid.row_values[i] = r->grid.column_values[i] = i + 1;
    for (int i = 0; i < side * side; i++)
        r->grid.values[i] = shift + scale * sin(i * 0.7 + shift) * cos(i / side * 0.9);
    return r;
}

static inline sx_result *sample_tiles(const char *name, const char *title, int count, int side,
                                      int channels) {
    sx_result *r = sx_result_new(SX_RESULT_IMAGES, name, title);
    assert_non_null(r);
    int size = side * side * channels;
    r->step = 1200;
    r->images = (sx_images){count, side, side, channels, NULL, NULL};
    r->images.pixels = sx_arena_alloc(&r->arena, (size_t)count, (size_t)size);
    r->images.captions = sx_arena_alloc(&r->arena, (size_t)count, sizeof(char *));
    for (int i = 0; i < count; i++) {
        r->images.captions[i] = sx_result_text(r, "%d: -%.1f to 2.1", i + 1, i * 0.3);
        for (int p = 0; p < size; p++)
            r->images.pixels[i * size + p] = (uint8_t)(128 + 127 * sin(p * 0.9 + i));
    }
    return r;
}

static inline sx_result *sample_layers(bool plain) {
    static const char *const columns[] = {"layer",      "operator",      "shape",
                                          "parameters", "multiply-adds", "time",
                                          "mean",       "deviation",     "zeros"};
    static const char *const rows[2][18][3] = {{{"input", "input", "32x32x3"},
                                                {"patches", "convolution", "4x4x48"},
                                                {"class", "class_token", "1x17x48"},
                                                {"position", "position", "1x17x48"},
                                                {"block1.norm1", "layer_norm", "1x17x48"},
                                                {"block1.attention.in", "linear", "1x17x144"},
                                                {"block1.attention", "attention", "1x17x48"},
                                                {"block1.attention.out", "linear", "1x17x48"},
                                                {"add", "add", "1x17x48"},
                                                {"block2.norm1", "layer_norm", "1x17x48"},
                                                {"block2.attention.in", "linear", "1x17x144"},
                                                {"block2.attention", "attention", "1x17x48"},
                                                {"block2.attention.out", "linear", "1x17x48"},
                                                {"add", "add", "1x17x48"},
                                                {"norm", "layer_norm", "1x1x48"},
                                                {"classifier", "dense", "1x1x8"}},
                                               {{"input", "input", "32x32x3"},
                                                {"block1.conv", "convolution", "32x32x16"},
                                                {"block1.norm", "batch_norm", "32x32x16"},
                                                {"relu", "relu", "32x32x16"},
                                                {"max_pool", "max_pool", "16x16x16"},
                                                {"classifier", "dense", "1x1x8"}}};
    size_t count = 0;
    while (rows[plain][count][0]) count++;
    sx_result *r = sx_table_new("layers", "Layers", count, columns, 9, 7);
    assert_non_null(r);
    r->step = 1200;
    for (size_t i = 0; i < count; i++) {
        sx_column *c = r->table.columns;
        for (int k = 0; k < 3; k++) c[k].texts[i] = rows[plain][i][k];
        c[3].numbers[i] = (double)(i % 3 * i * 1234);
        c[4].numbers[i] = (double)(i * i * 56789);
        if (strcmp(rows[plain][i][1], "batch_norm") == 0) continue; /* unknown */
        c[5].numbers[i] = i == 0 ? 0.001 : 1.0 / (double)count;
        c[6].numbers[i] = 0.1 * (double)i - 0.4;
        c[7].numbers[i] = 0.9 + (double)(i % 4) * 11;
        c[8].numbers[i] = (double)(i % 5) / 8;
    }
    return r;
}

static inline sx_result *sample_weights(bool plain) {
    static const char *const columns[] = {"tensor",    "type",  "shape", "values",   "mean",
                                          "deviation", "least", "most",  "histogram"};
    static const char *const names[2][3] = {
        {"patches.weight", "patches.bias", "block1.norm1.weight"},
        {"block1.conv.weight", "block1.norm.weight", "classifier.weight"}};
    sx_result *r =
        sx_table_new("weights", "Weights of every layer", 3, columns, 9, 1 | 2 | 4 | 256);
    assert_non_null(r);
    for (int i = 0; i < 3; i++) {
        r->table.columns[0].texts[i] = names[plain][i];
        r->table.columns[1].texts[i] = "trained";
        r->table.columns[2].texts[i] = "3x3x16";
        r->table.columns[8].texts[i] = " .:-=+=-:. ";
        for (int c = 3; c < 8; c++) r->table.columns[c].numbers[i] = 0.25 * c + i;
    }
    return r;
}

static inline sx_result *sample_lines(const char *name, const char *title, size_t length,
                                      int lines) {
    static const char *const names[] = {"mean of heads", "nearest head", "farthest head"};
    sx_result *r = sx_result_new(SX_RESULT_SERIES, name, title);
    assert_true(r && sx_series_alloc(r, length, lines, false));
    r->step = 1200;
    r->series.x_label = lines > 1 ? "block" : "value";
    r->series.y_label = lines > 1 ? "pixels" : "share";
    for (size_t i = 0; i < length; i++) r->series.x[i] = (double)i + 1;
    for (int line = 0; line < lines; line++) {
        r->series.lines[line].name = names[line];
        for (size_t i = 0; i < length; i++)
            r->series.lines[line].y[i] = 9 + line + 4 * sin((double)i * 0.5);
    }
    return r;
}

static inline size_t sample_attention(const sx_inside_question *q, const sx_result **out) {
    size_t n = 0;
    char name[48], title[64];
    for (int block = 1; block <= INSIDE_BLOCKS; block++) {
        snprintf(name, sizeof name, "attention-%02d", block);
        out[n++] = sample_map(name, "Attention, mean of heads", INSIDE_GRID, 1 + 0.1 * q->query, 1);
        bool heads = q->block == 0 || q->block == block ||
                     (q->block > INSIDE_BLOCKS && block == INSIDE_BLOCKS);
        for (int head = 1; heads && head <= INSIDE_HEADS; head++) {
            snprintf(name, sizeof name, "attention-%02d-%02d", block, head);
            snprintf(title, sizeof title, "Attention in block %d, head %d", block, head);
            out[n++] = sample_map(name, title, INSIDE_GRID, 1, head);
        }
    }
    out[n++] = sample_map("rollout", "Attention through all blocks", INSIDE_GRID, 1.2, 0.4);
    return n;
}

/* As the lane does: what the question's parts have. Owned by the caller. */
static inline size_t sample_inside_make(const sample_inside *p, const sx_inside_question *q,
                                        const sx_result **out) {
    size_t n = 0;
    sx_result *picture = sx_result_new(SX_RESULT_IMAGES, "picture", "What the model sees");
    size_t bytes = (size_t)p->size * (size_t)p->size * 3;
    assert_non_null(picture);
    picture->images = (sx_images){1, p->size, p->size, 3, NULL, NULL};
    picture->images.pixels = sx_arena_alloc(&picture->arena, bytes, 1);
    picture->images.captions = sx_arena_alloc(&picture->arena, 1, sizeof(char *));
    picture->images.captions[0] = "";
    memcpy(picture->images.pixels, p->pixels, bytes);
    out[n++] = picture;
    out[n++] = sample_layers(p->plain);
    bool vit = !p->plain;
    if (q->parts >> SX_INSIDE_OCCLUSION & 1)
        out[n++] = sample_map("occlusion", "Probability of disc with a part covered", 7, 0.5, 0.4);
    if (q->parts >> SX_INSIDE_GRADIENT & 1)
        out[n++] = sample_map("gradient-input", "Gradient of disc times input", 32, 0, 0.2);
    if ((q->parts >> SX_INSIDE_FEATURES & 1) && q->layer >= 0)
        out[n++] = sample_tiles("features",
                                q->layer == 1 ? "patches: 20 channels, black -1, white 2"
                                              : "another layer: 20 channels",
                                20, 8, 1);
    if (q->parts >> SX_INSIDE_FILTERS & 1) {
        out[n++] = sample_tiles("filters", "patches.weight: 16 filters", 16, 8, 3);
        out[n++] = sample_tiles("filter-components", "patches.weight: 9 components", 9, 8, 3);
    }
    if (q->parts >> SX_INSIDE_WEIGHTS & 1) {
        out[n++] = sample_weights(p->plain);
        if (q->layer == 1)
            out[n++] = sample_lines("weight-histogram", "patches.weight: 768 weights", 21, 1);
    }
    if (vit && (q->parts >> SX_INSIDE_ATTENTION & 1)) n += sample_attention(q, out + n);
    if (vit && (q->parts >> SX_INSIDE_DISTANCE & 1)) {
        out[n++] = sample_lines("attention-distance", "How far attention goes", INSIDE_BLOCKS, 3);
        out[n++] = sample_map("head-distance", "How far each head's attention goes", 2, 9, 4);
    }
    if (vit && (q->parts >> SX_INSIDE_POSITIONS & 1))
        out[n++] = sample_map("positions", "Likeness of positions", 16, 0, 1);
    return n;
}

#endif
