/* Private to core/data: random changes of training images, from a spec such as
 * "flip + crop(scale=0.6) + jitter(hue=0.1) + mixup(alpha=0.2)", applied in that order. */
#ifndef SX_DATA_AUGMENT_H
#define SX_DATA_AUGMENT_H

#include "core/data/data.h"

#define SX_AUGMENT_STEPS 12
#define SX_AUGMENT_OPTIONS 4

/* One step of a spec: a row of the table and its options in the table's order. */
typedef struct {
    int row;
    double option[SX_AUGMENT_OPTIONS];
} sx_augment_step;

/* A parsed spec; "" has no steps. */
typedef struct {
    sx_augment_step steps[SX_AUGMENT_STEPS];
    int count;
} sx_augment;

sx_status sx_augment_parse(const char *spec, sx_augment *out, sx_error *err);

/* Changes pixels [size, size, 3] in place, by what `random` draws; `scratch` is as large. Steps
 * that mix images of a batch are left out. */
void sx_augment_image(const sx_augment *augment, sx_random *random, uint8_t *pixels,
                      uint8_t *scratch, int size);

/* Mirrors pixels [size, size, 3] left to right. */
void sx_mirror_image(uint8_t *pixels, int size);

/* to = from moved by (dx, dy) pixels, right and down; edges are repeated. */
void sx_shift_image(const uint8_t *from, uint8_t *to, int size, int dx, int dy);

/* Whether a step mixes the images of a batch. */
bool sx_augment_mixes(const sx_augment *augment);

/* Mixes a batch: images [batch, size, size, 3] with `copy`, which is as large and is overwritten;
 * targets [batch, classes] hold one-hot rows and are mixed by the same shares; order [batch] is
 * scratch. */
typedef struct {
    int batch, size, classes;
    float *images, *copy, *targets;
    uint32_t *order;
} sx_mixed_batch;
void sx_augment_batch(const sx_augment *augment, sx_random *random, const sx_mixed_batch *batch);

#endif
