/* Backgrounds from a bank that is made when it is opened, so that drawing one is a copy. Rendered
 * textures are of six kinds; those held out for measuring come from other seeds and other hues than
 * those for training. Photographs are split by their name. */
#include "core/data/source.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define BANK_BYTES ((size_t)64 << 20)
#define BANK_MOST (85 * SX_BACKGROUND_KINDS)
#define KINDS SX_BACKGROUND_KINDS
enum { STREAM_TEXTURE = 13 };

struct sx_backgrounds {
    int size;
    size_t count, bytes; /* of one */
    uint8_t *bank;       /* [count, size, size, 3] */
};

/* ---- textures -------------------------------------------------------------------------------- */

typedef struct {
    int kind, size;
    float colours[2][3];
    float cosine, sine; /* of the direction of the pattern */
    float period, phase;
    float blobs[4][3]; /* x, y, radius */
    sx_random random;
} texture;

static float between(sx_random *random, float low, float high) {
    return low + (high - low) * sx_random_uniform(random);
}

/* A pale colour: hue in one of six parts of the circle (counted from red through blue), the even
 * ones for training, the odd ones held out. Pale, because the object must stay the object. */
static void pick_colour(sx_random *random, bool held_out, float *out) {
    float part = (float)(2 * sx_random_below(random, 3) + (held_out ? 1 : 0));
    float hue = (part + between(random, 0.1f, 0.9f)) / 6;
    float saturation = between(random, 0.1f, 0.45f), value = between(random, 0.35f, 0.95f);
    for (int c = 0; c < 3; c++) {
        float away = fabsf(fmodf(hue + (float)c / 3, 1) * 6 - 3) - 1;
        float full = away < 0 ? 0 : away > 1 ? 1 : away;
        out[c] = value * (1 - saturation + saturation * full);
    }
}

static texture make_texture(uint64_t seed, uint64_t index, bool held_out, int size) {
    sx_random random = sx_random_from(seed, STREAM_TEXTURE + held_out, index);
    texture t = {.kind = (int)(index % KINDS), .size = size};
    pick_colour(&random, held_out, t.colours[0]);
    pick_colour(&random, held_out, t.colours[1]);
    float angle = between(&random, 0, (float)PI);
    t.cosine = cosf(angle);
    t.sine = sinf(angle);
    t.period = between(&random, 0.12f, 0.5f);
    t.phase = between(&random, 0, 1);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++)
            t.blobs[i][k] = between(&random, k == 2 ? 0.1f : 0, k == 2 ? 0.35f : 1);
    t.random = random;
    return t;
}

static float wave(float x) {
    return 0.5f + 0.5f * sinf(2 * (float)PI * x);
}

/* Share of the second colour at (x, y), both 0 .. 1. */
static float mix_at(texture *t, float x, float y) {
    float along = x * t->cosine + y * t->sine;
    float across = y * t->cosine - x * t->sine;
    float mix = 0;
    switch (t->kind) {
    case 0:
        return 0;
    case 1:
        return 0.5f + 0.5f * sinf((float)PI * (along - 0.5f));
    case 2:
        return wave(along / t->period + t->phase);
    case 3:
        return 0.5f + 2 * (wave(along / t->period + t->phase) - 0.5f) *
                          (wave(across / t->period + t->phase) - 0.5f);
    case 4:
        return sx_random_uniform(&t->random);
    default:
        for (int i = 0; i < 4; i++) {
            float dx = x - t->blobs[i][0], dy = y - t->blobs[i][1], r = t->blobs[i][2];
            mix += expf(-(dx * dx + dy * dy) / (r * r));
        }
        return mix > 1 ? 1 : mix;
    }
}

static void draw_texture(texture *t, uint8_t *out) {
    for (int y = 0; y < t->size; y++)
        for (int x = 0; x < t->size; x++, out += 3) {
            float mix = 0.6f * mix_at(t, ((float)x + 0.5f) / (float)t->size,
                                      ((float)y + 0.5f) / (float)t->size);
            for (int c = 0; c < 3; c++)
                out[c] =
                    (uint8_t)(255 * ((1 - mix) * t->colours[0][c] + mix * t->colours[1][c]) + 0.5f);
        }
}

/* ---- photographs ----------------------------------------------------------------------------- */

/* The largest square from the top left corner, resized to the bank's size (A.2, step 1). */
static sx_status fit_photograph(const char *path, sx_backgrounds *b, uint8_t *out, sx_error *err) {
    sx_image picture, square;
    sx_status status = sx_image_read(path, &picture, err);
    if (status) return status;
    int side = picture.width < picture.height ? picture.width : picture.height;
    size_t channels = (size_t)picture.channels;
    status = sx_image_new(&square, side, side, 4, err);
    for (int y = 0; !status && y < side; y++)
        for (int x = 0; x < side; x++) {
            size_t from = ((size_t)y * (size_t)picture.width + (size_t)x) * channels;
            size_t to = 4 * ((size_t)y * (size_t)side + (size_t)x);
            for (size_t c = 0; c < 3; c++)
                square.pixels[to + c] = picture.pixels[from + (channels > 2 ? c : 0)];
            square.pixels[to + 3] = 255;
        }
    sx_compose_scratch scratch = {0};
    if (!status)
        status = sx_compose(&square, (sx_pose){1, 0, 0.5, 0.5}, out, b->size, &scratch, err);
    sx_compose_scratch_done(&scratch);
    sx_image_done(&picture);
    sx_image_done(&square);
    return status;
}

static bool belongs(const char *name, bool held_out) {
    return (sx_hash_bytes(name, strlen(name)) >> 7) % 2 == held_out;
}

static sx_status load_photographs(sx_backgrounds *b, const char *name, bool held_out,
                                  const sx_loading *loading, sx_error *err) {
    sx_package_files files = {0};
    size_t room = b->count;
    sx_status status = sx_photographs_list(name, &files, err);
    b->count = 0;
    for (size_t i = 0; !status && i < files.count && b->count < room; i++) {
        if (!belongs(files.files[i].name, held_out)) continue;
        status = sx_source_progress(loading, "backgrounds", i, files.count, err);
        if (!status)
            status = fit_photograph(files.files[i].path, b, b->bank + b->count * b->bytes, err);
        b->count += !status;
    }
    sx_package_files_done(&files);
    if (!status && !b->count)
        return sx_fail(err, SX_BAD_INPUT,
                       "'%.200s' has too few photographs: PNG or JPEG files are expected, some for "
                       "training and others for measuring",
                       name);
    return status;
}

/* ---- the bank -------------------------------------------------------------------------------- */

sx_backgrounds *sx_backgrounds_open(const char *folder, int size, uint64_t seed, bool held_out,
                                    const sx_loading *loading, sx_error *err) {
    sx_backgrounds *b = sx_alloc(1, sizeof *b);
    if (b) {
        b->size = size;
        b->bytes = (size_t)size * (size_t)size * 3;
        b->count = BANK_BYTES / b->bytes;
        b->count = b->count > BANK_MOST ? BANK_MOST : b->count < KINDS ? KINDS : b->count;
        b->count -= b->count % KINDS;
        b->bank = sx_alloc(b->count, b->bytes);
    }
    if (!b || !b->bank) {
        sx_backgrounds_free(b);
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the backgrounds");
        return NULL;
    }
    if (folder && *folder) {
        if (load_photographs(b, folder, held_out, loading, err) == SX_OK) return b;
        sx_backgrounds_free(b);
        return NULL;
    }
    for (size_t i = 0; i < b->count; i++) {
        texture t = make_texture(seed, i, held_out, size);
        draw_texture(&t, b->bank + i * b->bytes);
    }
    return b;
}

void sx_backgrounds_free(sx_backgrounds *backgrounds) {
    if (!backgrounds) return;
    sx_free(backgrounds->bank);
    sx_free(backgrounds);
}

void sx_backgrounds_draw(const sx_backgrounds *backgrounds, uint64_t index, uint8_t *pixels) {
    memcpy(pixels, backgrounds->bank + index % backgrounds->count * backgrounds->bytes,
           backgrounds->bytes);
}
