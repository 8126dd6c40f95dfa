/* Composition after SI-Score (robustness-and-vit.md, A.2): resize, rotate, place, paste. All
 * resampling is done on colours multiplied by alpha, in single precision, so that what is
 * transparent never darkens an edge. */
#include "core/data/data.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

static const double location_step = 1.0 / (SX_GRID_LOCATIONS - 1);

double sx_grid_location(int point) {
    return point * location_step;
}

double sx_grid_rotation(int point) {
    return -179 + 20 * point;
}

double sx_grid_size(int point) {
    static const double sizes[SX_GRID_SIZES] = {0.01, 0.02, 0.05, 0.10, 0.15, 0.20,
                                                0.30, 0.40, 0.50, 0.65, 0.80, 1.00};
    return sizes[point];
}

/* A picture of floats [height, width, 4], colours times alpha, all 0 .. 1. */
typedef struct {
    int height, width;
    float *values;
} layer;

static float *reserve(sx_compose_scratch *scratch, int index, int height, int width) {
    size_t count = (size_t)height * (size_t)width * 4;
    void *array = scratch->buffer[index];
    bool grown = sx_grow(&array, &scratch->capacity[index], count, sizeof(float));
    scratch->buffer[index] = array;
    return grown ? scratch->buffer[index] : NULL;
}

void sx_compose_scratch_done(sx_compose_scratch *scratch) {
    for (int i = 0; i < 3; i++) sx_free(scratch->buffer[i]);
    *scratch = (sx_compose_scratch){0};
}

/* Row `y` of the object as floats, into out [width, 4]. */
static void premultiply(const sx_image *object, int y, float *out) {
    const uint8_t *p = object->pixels + 4 * (size_t)y * (size_t)object->width;
    for (int x = 0; x < object->width; x++, p += 4, out += 4) {
        float alpha = (float)p[3] / 255.0f;
        for (int c = 0; c < 3; c++) out[c] = (float)p[c] / 255.0f * alpha;
        out[3] = alpha;
    }
}

/* Which input values make output `i`, and their weights: the covered share of each when shrinking,
 * two neighbours when growing. */
typedef struct {
    int first, count;
    double from, to; /* shrinking: the interval of the input */
    float second;    /* growing: weight of the second neighbour */
} taps;

static taps taps_of(int i, int in, int out) {
    double ratio = (double)in / out;
    taps t = {.from = i * ratio, .to = (i + 1) * ratio};
    if (in > out) {
        t.first = (int)t.from;
        int last = (int)ceil(t.to - 1e-9);
        t.count = (last < in ? last : in) - t.first;
        return t;
    }
    double centre = (i + 0.5) * ratio - 0.5;
    centre = centre < 0 ? 0 : centre > in - 1 ? in - 1 : centre;
    t.first = (int)centre;
    t.second = (float)(centre - t.first);
    t.count = t.first + 1 < in ? 2 : 1;
    return t;
}

static float weight_of(const taps *t, int k, bool shrinks) {
    if (!shrinks) return k == 0 ? 1 - (t->count > 1 ? t->second : 0) : t->second;
    double at = t->first + k, left = at > t->from ? at : t->from;
    double right = at + 1 < t->to ? at + 1 : t->to;
    return (float)((right - left) / (t->to - t->from));
}

/* Down the columns, [object height, width] to [height, width]. One row of floats is alive at a
 * time, so a photograph of many megapixels needs little more memory than its bytes. */
static void resample_rows(const sx_image *object, float *row, float *out, int height) {
    size_t count = (size_t)object->width * 4;
    for (int y = 0; y < height; y++, out += count) {
        taps t = taps_of(y, object->height, height);
        memset(out, 0, count * sizeof *out);
        for (int k = 0; k < t.count; k++) {
            float weight = weight_of(&t, k, object->height > height);
            premultiply(object, t.first + k, row);
            for (size_t i = 0; i < count; i++) out[i] += weight * row[i];
        }
    }
}

/* Along the rows, [height, in] to [height, width]. */
static void resample_columns(const float *from, int in, layer *out) {
    for (int x = 0; x < out->width; x++) {
        taps t = taps_of(x, in, out->width);
        for (int k = 0; k < t.count; k++) {
            float weight = weight_of(&t, k, in > out->width);
            const float *source = from + 4 * (size_t)(t.first + k);
            float *target = out->values + 4 * (size_t)x;
            for (int y = 0; y < out->height; y++) {
                for (int c = 0; c < 4; c++)
                    target[c] = weight * source[c] + (k > 0 ? target[c] : 0);
                source += 4 * (size_t)in;
                target += 4 * (size_t)out->width;
            }
        }
    }
}

/* The object at its new size, in buffer 2. */
static bool resize(const sx_image *object, double area, int size, sx_compose_scratch *scratch,
                   layer *out) {
    double factor = sqrt(area * size * size / ((double)object->width * object->height));
    out->width = (int)(object->width * factor);
    out->height = (int)(object->height * factor);
    if (out->width < 1) out->width = 1;
    if (out->height < 1) out->height = 1;
    float *row = reserve(scratch, 0, 1, object->width);
    float *down = reserve(scratch, 1, out->height, object->width);
    out->values = reserve(scratch, 2, out->height, out->width);
    if (!row || !down || !out->values) return false;
    resample_rows(object, row, down, out->height);
    resample_columns(down, object->width, out);
    return true;
}

/* Catmull-Rom weights of the four neighbours of a position `t` past the second. */
static void cubic(float t, float *w) {
    float t2 = t * t, t3 = t2 * t;
    w[0] = -0.5f * t + t2 - 0.5f * t3;
    w[1] = 1 - 2.5f * t2 + 1.5f * t3;
    w[2] = 0.5f * t + 2 * t2 - 1.5f * t3;
    w[3] = -0.5f * t2 + 0.5f * t3;
}

/* A pixel in one register: the compiler does not see it in loops over four. */
typedef float four __attribute__((vector_size(16)));

static int floor_of(double x) {
    int whole = (int)x;
    return whole - (x < whole);
}

/* Which of the four taps from `first` on lie within `size`: from .. to - 1. */
static void clip_taps(int first, int size, int *from, int *to) {
    *from = first < 0 ? -first : 0;
    *to = first + 4 > size ? size - first : 4;
}

/* Bicubic sample at (x, y) of pixel centres; transparent outside. Overshoot is cut. */
static void sample(const layer *in, double x, double y, float *out) {
    float wx[4], wy[4];
    four sum = {0};
    int x0 = floor_of(x), y0 = floor_of(y), left, right, top, bottom;
    clip_taps(x0 - 1, in->width, &left, &right);
    clip_taps(y0 - 1, in->height, &top, &bottom);
    memset(out, 0, 4 * sizeof *out);
    if (left >= right || top >= bottom) return;
    cubic((float)(x - x0), wx);
    cubic((float)(y - y0), wy);
    for (int j = top; j < bottom; j++) {
        size_t row = (size_t)(y0 - 1 + j) * (size_t)in->width;
        const float *p = in->values + 4 * (row + (size_t)(x0 - 1 + left));
        four across = {0}, pixel;
        for (int i = left; i < right; i++, p += 4) {
            memcpy(&pixel, p, sizeof pixel);
            across += wx[i] * pixel;
        }
        sum += wy[j] * across;
    }
    float alpha = sum[3] < 0 ? 0 : sum[3] > 1 ? 1 : sum[3];
    for (int c = 0; c < 3; c++) out[c] = sum[c] < 0 ? 0 : sum[c] > alpha ? alpha : sum[c];
    out[3] = alpha;
}

/* Cosine and sine, exact for quarter turns. */
static void turn(double degrees, double *c, double *s) {
    double quarter = fmod(degrees, 360) / 90;
    *c = cos(degrees * PI / 180);
    *s = sin(degrees * PI / 180);
    if (quarter == floor(quarter)) {
        *c = round(*c);
        *s = round(*s);
    }
}

/* Counter-clockwise about the centre on a canvas that holds all of it, in buffer 1. */
static bool rotate(layer *in, double degrees, sx_compose_scratch *scratch) {
    double c, s;
    turn(degrees, &c, &s);
    layer out = {.width = (int)ceil(fabs(in->width * c) + fabs(in->height * s) - 1e-9),
                 .height = (int)ceil(fabs(in->width * s) + fabs(in->height * c) - 1e-9)};
    out.values = reserve(scratch, 1, out.height, out.width);
    if (!out.values) return false;
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++) {
            double dx = x + 0.5 - out.width / 2.0, dy = y + 0.5 - out.height / 2.0;
            sample(in, c * dx - s * dy + in->width / 2.0 - 0.5,
                   s * dx + c * dy + in->height / 2.0 - 0.5,
                   out.values + 4 * ((size_t)y * (size_t)out.width + (size_t)x));
        }
    *in = out;
    return true;
}

static void paste(const layer *object, int left, int top, uint8_t *pixels, int size) {
    for (int y = 0; y < object->height; y++) {
        if (top + y < 0 || top + y >= size) continue;
        for (int x = 0; x < object->width; x++) {
            if (left + x < 0 || left + x >= size) continue;
            const float *p = object->values + 4 * ((size_t)y * (size_t)object->width + (size_t)x);
            if (p[3] <= 0) continue;
            uint8_t *out = pixels + 3 * ((size_t)(top + y) * (size_t)size + (size_t)(left + x));
            for (int c = 0; c < 3; c++)
                out[c] = (uint8_t)(255 * p[c] + (1 - p[3]) * (float)out[c] + 0.5f);
        }
    }
}

sx_status sx_compose(const sx_image *object, sx_pose pose, uint8_t *pixels, int size,
                     sx_compose_scratch *scratch, sx_error *err) {
    layer placed;
    if (!(pose.area > 0 && pose.area <= 2 && fabs(pose.x) <= 2 && fabs(pose.y) <= 2 &&
          isfinite(pose.rotation)))
        return sx_fail(err, SX_BAD_INPUT,
                       "an object cannot be put at area %g, x %g, y %g, turned by %g degrees: "
                       "an area above 0 and up to 2, and places from -2 to 2 are possible",
                       pose.area, pose.x, pose.y, pose.rotation);
    bool memory = resize(object, pose.area, size, scratch, &placed);
    if (memory && fmod(pose.rotation, 360) != 0) memory = rotate(&placed, pose.rotation, scratch);
    if (!memory) return sx_fail(err, SX_NO_MEMORY, "not enough memory to compose a picture");
    int centre_x = (int)(pose.x * size), centre_y = (int)(pose.y * size);
    paste(&placed, (int)(centre_x - 0.5 * placed.width), (int)(centre_y - 0.5 * placed.height),
          pixels, size);
    return SX_OK;
}
