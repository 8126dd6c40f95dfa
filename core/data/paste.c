/* Turning and pasting as Pillow does it, to the grey level (src/libImaging/Geometry.c and Paste.c):
 * colours are multiplied by alpha as bytes before they are mixed, the cubic is that of a = -1, and
 * results in between are cut to whole levels. sx_compose, which studies use, is finer and faster;
 * this is for pictures that must be those of others. */
#include "core/data/source.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define EDGE 2 /* pixels that are repeated around the picture, so that all taps are inside */

/* A pixel in one register. */
typedef float four __attribute__((vector_size(16)));

/* ---- turning ---------------------------------------------------------------------------------
 */

/* The picture's pixels with colours times alpha, its edges repeated: [height + 2 EDGE, width + 2
 * EDGE]. */
typedef struct {
    int height, width;
    size_t stride;
    four *pixels;
} framed;

static int within(int place, int size) {
    return place < 0 ? 0 : place >= size ? size - 1 : place;
}

static bool frame(const sx_image *in, framed *out) {
    out->height = in->height;
    out->width = in->width;
    out->stride = (size_t)in->width + 2 * EDGE;
    out->pixels = sx_alloc(((size_t)in->height + 2 * EDGE) * out->stride, sizeof *out->pixels);
    if (!out->pixels) return false;
    four *to = out->pixels;
    for (int y = -EDGE; y < in->height + EDGE; y++)
        for (int x = -EDGE; x < in->width + EDGE; x++, to++) {
            size_t at =
                (size_t)within(y, in->height) * (size_t)in->width + (size_t)within(x, in->width);
            const uint8_t *p = in->pixels + 4 * at;
            for (int c = 0; c < 3; c++) (*to)[c] = (float)sx_over_255((unsigned)p[c] * p[3]);
            (*to)[3] = p[3];
        }
    return true;
}

/* The cubic through four pixels at `d` past the second. */
static inline four cubic(const four *p, float d) {
    four p2 = p[2] - p[0], p3 = 2 * (p[0] - p[1]) + p[2] - p[3], p4 = p[1] - p[0] - p[2] + p[3];
    return p[1] + d * (p2 + d * (p3 + d * p4));
}

static inline uint8_t level(float value) {
    return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)value;
}

/* The pixel at (x, y), measured from the corner, with straight alpha. */
static void sample(const framed *in, double x, double y, uint8_t *out) {
    if (!(x >= 0 && x < in->width && y >= 0 && y < in->height)) {
        memset(out, 0, 4);
        return;
    }
    int left = (int)floor(x - 0.5), top = (int)floor(y - 0.5);
    float dx = (float)(x - 0.5 - left), dy = (float)(y - 0.5 - top);
    const four *p = in->pixels + (size_t)(top - 1 + EDGE) * in->stride + (size_t)(left - 1 + EDGE);
    four rows[4];
    for (int k = 0; k < 4; k++) rows[k] = cubic(p + (size_t)k * in->stride, dx);
    four sum = cubic(rows, dy);
    unsigned alpha = out[3] = level(sum[3]);
    for (int c = 0; c < 3; c++) {
        unsigned colour = level(sum[c]);
        if (alpha > 0 && alpha < 255) colour = 255 * colour / alpha;
        out[c] = (uint8_t)(colour > 255 ? 255 : colour);
    }
}

/* Where a pixel of the output comes from: x = m[0] x + m[1] y + m[2], y = m[3] x + m[4] y + m[5].
 */
typedef struct {
    double m[6];
} affine;

static double row_of(const double *m, double x, double y) {
    return m[0] * x + m[1] * y + m[2];
}

static double to_fifteen_places(double value) {
    return round(value * 1e15) / 1e15;
}

/* The turn about the centre, and the size of the canvas that holds it all. */
static affine plan_turn(const sx_image *in, double degrees, int *height, int *width) {
    double turn = -degrees * PI / 180, w = in->width, h = in->height;
    double c = to_fifteen_places(cos(turn)), s = to_fifteen_places(sin(turn));
    affine a = {{c, s, 0, to_fifteen_places(-sin(turn)), c, 0}};
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    a.m[2] = row_of(a.m, -w / 2, -h / 2) + w / 2;
    a.m[5] = row_of(a.m + 3, -w / 2, -h / 2) + h / 2;
    for (int corner = 0; corner < 4; corner++) {
        double x = corner & 1 ? w : 0, y = corner & 2 ? h : 0;
        for (int k = 0; k < 2; k++) {
            double at = row_of(a.m + 3 * k, x, y);
            low[k] = fmin(low[k], at);
            high[k] = fmax(high[k], at);
        }
    }
    *width = (int)(ceil(high[0]) - floor(low[0]));
    *height = (int)(ceil(high[1]) - floor(low[1]));
    double more_x = -(*width - w) / 2, more_y = -(*height - h) / 2;
    double x = row_of(a.m, more_x, more_y), y = row_of(a.m + 3, more_x, more_y);
    a.m[2] = x;
    a.m[5] = y;
    return a;
}

/* Quarter turns move pixels and mix none. */
static void turn_quarters(const sx_image *in, int quarters, sx_image *out) {
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++) {
            int from_x = quarters == 0   ? x
                         : quarters == 1 ? in->width - 1 - y
                         : quarters == 2 ? in->width - 1 - x
                                         : y;
            int from_y = quarters == 0   ? y
                         : quarters == 1 ? x
                         : quarters == 2 ? in->height - 1 - y
                                         : in->height - 1 - x;
            memcpy(out->pixels + 4 * ((size_t)y * (size_t)out->width + (size_t)x),
                   in->pixels + 4 * ((size_t)from_y * (size_t)in->width + (size_t)from_x), 4);
        }
}

void sx_turned_size(const sx_image *in, double degrees, int *height, int *width) {
    double angle = fmod(fmod(degrees, 360) + 360, 360);
    bool upright = fmod(angle, 180) == 0;
    if (fmod(angle, 90) != 0) {
        plan_turn(in, angle, height, width);
        return;
    }
    *height = upright ? in->height : in->width;
    *width = upright ? in->width : in->height;
}

sx_status sx_turn_image(const sx_image *in, double degrees, sx_image *out, sx_error *err) {
    double angle = fmod(fmod(degrees, 360) + 360, 360);
    framed f;
    int height, width;
    *out = (sx_image){0};
    if (in->channels != 4 || !isfinite(degrees))
        return sx_fail(err, SX_BAD_INPUT, "a picture of %d channels cannot be turned by %g degrees",
                       in->channels, degrees);
    sx_turned_size(in, degrees, &height, &width);
    sx_status status = sx_image_new(out, height, width, 4, err);
    if (status) return status;
    if (fmod(angle, 90) == 0) {
        turn_quarters(in, (int)(angle / 90), out);
        return SX_OK;
    }
    if (!frame(in, &f)) {
        sx_image_done(out);
        return sx_fail(err, SX_NO_MEMORY, "not enough memory to turn a picture");
    }
    affine a = plan_turn(in, angle, &height, &width);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            sample(&f, row_of(a.m, x + 0.5, y + 0.5), row_of(a.m + 3, x + 0.5, y + 0.5),
                   out->pixels + 4 * ((size_t)y * (size_t)width + (size_t)x));
    sx_free(f.pixels);
    return SX_OK;
}

/* ---- pasting ---------------------------------------------------------------------------------
 */

/* Objects are mostly runs of nothing and of opaque pixels, and those are moved, four bytes at a
 * time; but the last, whose fourth byte would be that of another pixel. */
static int paste_opaque(const uint8_t *from, int most, uint8_t *out) {
    int count = 1;
    for (; count < most && from[4 * count + 3] == 255; count++) {
        memcpy(out, from + 4 * (count - 1), 4);
        out += 3;
    }
    memcpy(out, from + 4 * (count - 1), 3);
    return count;
}

static void paste_mixed(const uint8_t *from, uint8_t *out) {
    unsigned alpha = from[3];
    if (alpha == 0) return;
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)sx_over_255(out[c] * (255 - alpha) + from[c] * alpha);
}

static void paste_row(const uint8_t *from, int count, uint8_t *out) {
    for (int x = 0; x < count;) {
        const uint8_t *p = from + 4 * (size_t)x;
        if (p[3] == 255)
            x += paste_opaque(p, count - x, out + 3 * (size_t)x);
        else
            paste_mixed(p, out + 3 * (size_t)x++);
    }
}

void sx_paste(const sx_image *object, int left, int top, sx_image *onto) {
    int from = left < 0 ? -left : 0, to = object->width;
    if (left + to > onto->width) to = onto->width - left;
    for (int y = top < 0 ? -top : 0; y < object->height && top + y < onto->height; y++)
        paste_row(
            object->pixels + 4 * ((size_t)y * (size_t)object->width + (size_t)from), to - from,
            onto->pixels + 3 * ((size_t)(top + y) * (size_t)onto->width + (size_t)(left + from)));
}
