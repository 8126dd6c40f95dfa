/* Augmentations: one row each with its options and what it does to an image, or to a batch.
 * Definitions follow torchvision's transforms of similar names (RandomResizedCrop, RandomRotation,
 * ColorJitter with its parts in this order, RandomErasing), arXiv 1710.09412 (mixup) and 1905.04899
 * (cutmix); deviations: what turns in from outside repeats the edge, and what is erased is grey. */
#include "core/data/augment.h"

#include <math.h>
#include <string.h>

#define GREY 128
#define PI 3.14159265358979323846

typedef struct {
    const double *option;
    sx_random *random;
    uint8_t *pixels, *scratch; /* [size, size, 3] */
    int size;
} change;

/* Of an image. */
static size_t values_of(int size) {
    return 3 * (size_t)size * (size_t)size;
}

static double between(sx_random *random, double low, double high) {
    return low + (high - low) * (double)sx_random_uniform(random);
}

static int clamped(int value, int size) {
    return value < 0 ? 0 : value >= size ? size - 1 : value;
}

/* ---- places
 * --------------------------------------------------------------------------------------- */

/* The picture's colour at (x, y), bilinear between pixel centres, edges repeated. */
static void sample(const uint8_t *pixels, int size, double x, double y, uint8_t *out) {
    int left = (int)floor(x), top = (int)floor(y);
    double fx = x - left, fy = y - top;
    int x0 = clamped(left, size), x1 = clamped(left + 1, size);
    int y0 = clamped(top, size), y1 = clamped(top + 1, size);
    for (int c = 0; c < 3; c++) {
        double upper =
            (1 - fx) * pixels[3 * (y0 * size + x0) + c] + fx * pixels[3 * (y0 * size + x1) + c];
        double lower =
            (1 - fx) * pixels[3 * (y1 * size + x0) + c] + fx * pixels[3 * (y1 * size + x1) + c];
        out[c] = (uint8_t)((1 - fy) * upper + fy * lower + 0.5);
    }
}

/* pixels = the picture seen through x' = ax x + bx y + cx, and so for y'. */
typedef struct {
    double ax, bx, cx, ay, by, cy;
} affine;

static void warp(const change *c, affine a) {
    size_t bytes = values_of(c->size);
    for (int y = 0; y < c->size; y++)
        for (int x = 0; x < c->size; x++)
            sample(c->pixels, c->size, a.ax * x + a.bx * y + a.cx, a.ay * x + a.by * y + a.cy,
                   c->scratch + 3 * (y * c->size + x));
    memcpy(c->pixels, c->scratch, bytes);
}

void sx_mirror_image(uint8_t *pixels, int size) {
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size / 2; x++) {
            uint8_t *a = pixels + 3 * (y * size + x), *b = pixels + 3 * (y * size + size - 1 - x);
            for (int c = 0; c < 3; c++) {
                uint8_t held = a[c];
                a[c] = b[c];
                b[c] = held;
            }
        }
}

void sx_shift_image(const uint8_t *from, uint8_t *to, int size, int dx, int dy) {
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++)
            memcpy(to + 3 * (y * size + x),
                   from + 3 * (clamped(y - dy, size) * size + clamped(x - dx, size)), 3);
}

static void flip(const change *c) {
    if ((double)sx_random_uniform(c->random) >= c->option[0]) return;
    sx_mirror_image(c->pixels, c->size);
}

static void shift(const change *c) {
    int most = (int)c->option[0];
    uint32_t range = 2 * (uint32_t)most + 1;
    int dx = (int)sx_random_below(c->random, range) - most;
    int dy = (int)sx_random_below(c->random, range) - most;
    sx_shift_image(c->pixels, c->scratch, c->size, dx, dy);
    memcpy(c->pixels, c->scratch, values_of(c->size));
}

static void rotate(const change *c) {
    double angle = between(c->random, -c->option[0], c->option[0]) * PI / 180;
    double middle = (c->size - 1) / 2.0, cosine = cos(angle), sine = sin(angle);
    affine turned = {cosine, -sine,  middle - cosine * middle + sine * middle,
                     sine,   cosine, middle - sine * middle - cosine * middle};
    warp(c, turned);
}

/* A rectangle of a share of the image from `least` to `most`, of a ratio of its sides up to `ratio`
 * either way; false if ten draws find none that fits. */
static bool draw_rectangle(const change *c, double least, double most, double ratio, double *left,
                           double *top, double *width, double *height) {
    for (int i = 0; i < 10; i++) {
        double area = between(c->random, least, most) * c->size * c->size;
        double shape = exp(between(c->random, log(ratio), -log(ratio)));
        *width = sqrt(area * shape);
        *height = sqrt(area / shape);
        if (*width > c->size || *height > c->size) continue;
        *left = between(c->random, 0, c->size - *width);
        *top = between(c->random, 0, c->size - *height);
        return true;
    }
    return false;
}

static void crop(const change *c) {
    double left, top, width, height;
    if (!draw_rectangle(c, c->option[0], 1, c->option[1], &left, &top, &width, &height)) return;
    double sx = width / c->size, sy = height / c->size;
    affine cut = {sx, 0, left + sx / 2 - 0.5, 0, sy, top + sy / 2 - 0.5};
    warp(c, cut);
}

static void erase(const change *c) {
    double left, top, width, height;
    if ((double)sx_random_uniform(c->random) >= c->option[0]) return;
    if (!draw_rectangle(c, fmin(0.02, c->option[1]), c->option[1], 0.3, &left, &top, &width,
                        &height))
        return;
    for (int y = (int)top; y < (int)(top + height); y++)
        memset(c->pixels + 3 * (y * c->size + (int)left), GREY, 3 * (size_t)width);
}

/* ---- colours
 * -------------------------------------------------------------------------------------- */

static uint8_t level(double x) {
    return (uint8_t)(x <= 0 ? 0 : x >= 255 ? 255 : x + 0.5);
}

static double luma(const uint8_t *pixel) {
    return 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
}

/* pixels = anchor + (pixels - anchor) factor; the anchor is black, the mean grey, or each pixel's
 * own. */
enum { TO_BLACK, TO_MEAN, TO_GREY };
static void blend(const change *c, int anchor, double range) {
    double factor = between(c->random, fmax(0, 1 - range), 1 + range), mean = 0;
    int count = c->size * c->size;
    if (range <= 0) return;
    for (int i = 0; i < count && anchor == TO_MEAN; i++) mean += luma(c->pixels + 3 * i) / count;
    for (int i = 0; i < count; i++) {
        uint8_t *pixel = c->pixels + 3 * i;
        double from = anchor == TO_GREY ? luma(pixel) : mean;
        for (int k = 0; k < 3; k++) pixel[k] = level(from + (pixel[k] - from) * factor);
    }
}

/* Turns colours about the grey axis of RGB by up to `range` turns; grey stays as it is. */
static void turn_hue(const change *c, double range) {
    double angle = between(c->random, -range, range) * 2 * PI;
    double cosine = cos(angle), third = (1 - cosine) / 3, side = sin(angle) / sqrt(3);
    if (range <= 0) return;
    for (int i = 0; i < c->size * c->size; i++) {
        uint8_t *p = c->pixels + 3 * i;
        double sum = (p[0] + p[1] + p[2]) * third, r = p[0], g = p[1], b = p[2];
        p[0] = level(sum + r * cosine + (b - g) * side);
        p[1] = level(sum + g * cosine + (r - b) * side);
        p[2] = level(sum + b * cosine + (g - r) * side);
    }
}

static void jitter(const change *c) {
    blend(c, TO_BLACK, c->option[0]);
    blend(c, TO_MEAN, c->option[1]);
    blend(c, TO_GREY, c->option[2]);
    turn_hue(c, c->option[3]);
}

/* ---- batches
 * -------------------------------------------------------------------------------------- */

static void mix_targets(const sx_mixed_batch *b, double share) {
    int classes = b->classes;
    float *copy = b->copy; /* images have been mixed */
    memcpy(copy, b->targets, (size_t)(b->batch * classes) * sizeof *copy);
    for (int i = 0; i < b->batch; i++)
        for (int k = 0; k < classes; k++)
            b->targets[i * classes + k] =
                (float)(share * (double)copy[i * classes + k] +
                        (1 - share) * (double)copy[(int)b->order[i] * classes + k]);
}

static void mixup(const sx_augment_step *step, sx_random *random, const sx_mixed_batch *b) {
    double share = sx_random_beta(random, step->option[0]);
    size_t size = values_of(b->size);
    for (size_t i = 0; i < (size_t)b->batch; i++) {
        const float *other = b->copy + (size_t)b->order[i] * size;
        float *image = b->images + i * size;
        for (size_t k = 0; k < size; k++)
            image[k] = (float)share * image[k] + (float)(1 - share) * other[k];
    }
    mix_targets(b, share);
}

/* The share of the targets is that of the pixels, after the rectangle was cut at the border. */
static void cutmix(const sx_augment_step *step, sx_random *random, const sx_mixed_batch *b) {
    double side = sqrt(1 - sx_random_beta(random, step->option[0])) * b->size / 2;
    double x = between(random, 0, b->size), y = between(random, 0, b->size);
    int left = (int)fmax(x - side, 0), right = (int)fmin(x + side, b->size);
    int top = (int)fmax(y - side, 0), bottom = (int)fmin(y + side, b->size);
    size_t row = 3 * (size_t)(right - left), all = values_of(b->size);
    for (int i = 0; i < b->batch; i++)
        for (int line = top; line < bottom; line++) {
            size_t at = 3 * ((size_t)line * (size_t)b->size + (size_t)left);
            memcpy(b->images + (size_t)i * all + at, b->copy + (size_t)b->order[i] * all + at,
                   row * sizeof(float));
        }
    mix_targets(b, 1 - (double)((right - left) * (bottom - top)) / (b->size * b->size));
}

/* ---- the table
 * ------------------------------------------------------------------------------------ */

#define END                                                                                        \
    { NULL, NULL, 0, NULL, 0, 0, NULL, NULL }
#define NUMBER(NAME, DEFAULT, LOW, HIGH, HELP)                                                     \
    { "", NAME, SX_OPTION_NUMBER, DEFAULT, LOW, HIGH, NULL, HELP }

static const sx_option flip_options[] = {NUMBER("probability", "0.5", 0, 1, "of being mirrored"),
                                         END};
static const sx_option shift_options[] = {NUMBER("pixels", "4", 0, 256, "each way at most"), END};
static const sx_option crop_options[] = {
    NUMBER("scale", "0.6", 0.01, 1, "least share of the image's area"),
    NUMBER("ratio", "0.75", 0.1, 1, "least ratio of the sides"), END};
static const sx_option rotate_options[] = {NUMBER("degrees", "15", 0, 180, "each way at most"),
                                           END};
static const sx_option jitter_options[] = {
    NUMBER("brightness", "0.2", 0, 1, "most change of its factor"),
    NUMBER("contrast", "0.2", 0, 1, "most change of its factor"),
    NUMBER("saturation", "0.2", 0, 1, "most change of its factor"),
    NUMBER("hue", "0", 0, 0.5, "most turns about the grey axis"), END};
static const sx_option erase_options[] = {
    NUMBER("probability", "0.5", 0, 1, "of a rectangle being erased"),
    NUMBER("area", "0.2", 0.001, 1, "largest share of the image"), END};
static const sx_option mix_options[] = {
    NUMBER("alpha", "0.2", 0.001, 100, "of the Beta distribution of the share"), END};
static const sx_option cut_options[] = {
    NUMBER("alpha", "1", 0.001, 100, "of the Beta distribution of the share"), END};

static const struct {
    sx_augment_kind kind;
    void (*image)(const change *c);
    void (*batch)(const sx_augment_step *step, sx_random *random, const sx_mixed_batch *b);
} rows[] = {
    {{"flip", "mirrored left to right", flip_options}, flip, NULL},
    {{"shift", "moved by whole pixels, edges repeated", shift_options}, shift, NULL},
    {{"crop", "a random part, at the image's size again", crop_options}, crop, NULL},
    {{"rotate", "turned about the centre", rotate_options}, rotate, NULL},
    {{"jitter", "brightness, contrast, saturation and hue", jitter_options}, jitter, NULL},
    {{"erase", "a rectangle turned grey", erase_options}, erase, NULL},
    {{"mixup", "images and targets mixed in pairs (arXiv 1710.09412)", mix_options}, NULL, mixup},
    {{"cutmix", "a rectangle from another image (arXiv 1905.04899)", cut_options}, NULL, cutmix},
};
enum { ROWS = sizeof rows / sizeof *rows };

const sx_augment_kind *sx_augment_at(int row) {
    return row >= 0 && row < ROWS ? &rows[row].kind : NULL;
}

static sx_status parse_step(const char *text, sx_augment_step *out, sx_error *err) {
    sx_spec spec;
    const char *names[ROWS];
    sx_status status = sx_spec_parse(text, &spec, err);
    if (status) return status;
    for (int row = 0; row < ROWS; row++) {
        const sx_option *options = rows[row].kind.options;
        names[row] = rows[row].kind.name;
        if (strcmp(names[row], spec.name) != 0) continue;
        *out = (sx_augment_step){.row = row};
        status = sx_spec_check(&spec, options, err);
        for (int i = 0; !status && options[i].name; i++)
            out->option[i] = sx_spec_number(&spec, options, options[i].name);
        return status;
    }
    return sx_fail(err, SX_BAD_INPUT, "unknown augmentation '%s'; did you mean '%s'?", spec.name,
                   sx_nearest_name(spec.name, names, ROWS));
}

sx_status sx_augment_parse(const char *text, sx_augment *out, sx_error *err) {
    *out = (sx_augment){0};
    while (*(text += strspn(text, " +"))) {
        char step[256];
        size_t length = strcspn(text, "+");
        if (length >= sizeof step || out->count == SX_AUGMENT_STEPS)
            return sx_fail(err, SX_BAD_INPUT, "augment: at most %d steps of at most %zu letters",
                           SX_AUGMENT_STEPS, sizeof step - 1);
        memcpy(step, text, length);
        step[length] = 0;
        sx_status status = parse_step(step, &out->steps[out->count++], err);
        if (status) return sx_fail_within(err, "augment");
        text += length;
    }
    return SX_OK;
}

sx_status sx_augment_check(const char *spec, sx_error *err) {
    sx_augment parsed;
    return sx_augment_parse(spec, &parsed, err);
}

void sx_augment_image(const sx_augment *augment, sx_random *random, uint8_t *pixels,
                      uint8_t *scratch, int size) {
    for (int i = 0; i < augment->count; i++) {
        const sx_augment_step *step = &augment->steps[i];
        change c = {step->option, random, pixels, scratch, size};
        if (rows[step->row].image) rows[step->row].image(&c);
    }
}

bool sx_augment_mixes(const sx_augment *augment) {
    for (int i = 0; i < augment->count; i++)
        if (rows[augment->steps[i].row].batch) return true;
    return false;
}

void sx_augment_batch(const sx_augment *augment, sx_random *random, const sx_mixed_batch *b) {
    size_t size = (size_t)b->batch * values_of(b->size);
    for (int i = 0; i < augment->count; i++) {
        if (!rows[augment->steps[i].row].batch) continue;
        memcpy(b->copy, b->images, size * sizeof *b->copy);
        sx_random_permutation(random, b->order, (size_t)b->batch);
        rows[augment->steps[i].row].batch(&augment->steps[i], random, b);
    }
}
