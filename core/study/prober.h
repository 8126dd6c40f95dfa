/* What the files of the probe share; private to core/study. probe.c: the scene, its probabilities
 * and the curve along a factor; sheet.c: the pictures behind a point; nearby.c: one pixel after the
 * other around the scene. */
#ifndef SX_STUDY_PROBER_H
#define SX_STUDY_PROBER_H

#include "core/study/internal.h"

/* What a walk along a factor holds for: every scene that differs in nothing but that factor. */
typedef struct {
    bool known;
    sx_scene scene;
    sx_along along;
} sx_walked;

typedef struct sx_nearby sx_nearby; /* nearby.c */

struct sx_probe {
    sx_study_data *data;
    const atomic_bool *stop; /* borrowed; NULL: nobody stops it */
    bool has_model;
    sx_model model;
    sx_normalisation normalisation;
    sx_evaluator *one, *many; /* of the scene, of many pictures */
    uint8_t *pixels;          /* [SX_PROBE_POINTS, size, size, 3]: of whoever asks about many */
    float *probabilities;     /* [SX_PROBE_POINTS, classes]: likewise */
    float *sweep;             /* [SX_PROBE_POINTS, classes] of the last walk */
    uint8_t *tiles;           /* [SX_PROBE_POINTS, tile, tile, 3]: likewise */
    sx_walked walked;
    sx_nearby *nearby;       /* NULL before the first question about it */
    sx_inspector *inspector; /* NULL before the first look inside */
    float *image;            /* [size, size, 3], what it looks at; likewise */
    uint8_t *sheet;          /* [SX_SHEET_PICTURES, size, size, 3]; NULL before the first */
    sx_probe_answer answer;
};

/* Draws one of many pictures, unless nobody waits for them any more: SX_CANCELLED. */
sx_status sx_probe_draw(const sx_probe *probe, const sx_scene *scene, uint8_t *pixels,
                        sx_error *err);

/* True where both show the same object on the same background in the same pose. */
bool sx_scene_is(const sx_scene *a, const sx_scene *b);

/* nearby.c: what was counted was counted by other parameters; NULL is fine. */
void sx_nearby_forget(sx_nearby *nearby);
void sx_nearby_free(sx_nearby *nearby);

#endif
