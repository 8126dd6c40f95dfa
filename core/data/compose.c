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

static void premultiply(const sx_image *object, float *out) {
    size_t count = (size_t)object->height * (size_t)object->width;
    for (size_t i = 0; i < count; i++, out += 4) {
        const uint8_t *p = object->pixels + 4 * i;
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

/* Resamples one axis: `lines` lines of `in` values become `out` values; `step` is the distance in
 * floats between neighbours on the axis, `line` that between lines, on both sides. */
typedef struct {
    int lines, in, out;
    size_t in_step, in_line, out_step, out_line;
} axis;

static void resample(const float *from, float *to, axis a) {
    bool shrinks = a.in > a.out;
    for (int i = 0; i < a.out; i++) {
        taps t = taps_of(i, a.in, a.out);
        for (int line = 0; line < a.lines; line++)
            memset(to + (size_t)i * a.out_step + (size_t)line * a.out_line, 0, 4 * sizeof *to);
        for (int k = 0; k < t.count; k++) {
            float weight = weight_of(&t, k, shrinks);
            const float *source = from + (size_t)(t.first + k) * a.in_step;
            float *target = to + (size_t)i * a.out_step;
            for (int line = 0; line < a.lines; line++, source += a.in_line, target += a.out_line)
                for (int c = 0; c < 4; c++) target[c] += weight * source[c];
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
    size_t in_width = (size_t)object->width * 4, width = (size_t)out->width * 4;
    float *source = reserve(scratch, 0, object->height, object->width);
    float *across = reserve(scratch, 1, object->height, out->width);
    out->values = reserve(scratch, 2, out->height, out->width);
    if (!source || !across || !out->values) return false;
    premultiply(object, source);
    resample(source, across,
             (axis){object->height, object->width, out->width, 4, in_width, 4, width});
    resample(across, out->values,
             (axis){out->width, object->height, out->height, width, 4, width, 4});
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

/* Bicubic sample at (x, y) of pixel centres; transparent outside. Overshoot is cut. */
static void sample(const layer *in, double x, double y, float *out) {
    float wx[4], wy[4], sum[4] = {0};
    int x0 = (int)floor(x), y0 = (int)floor(y);
    memset(out, 0, 4 * sizeof *out);
    if (x0 < -2 || y0 < -2 || x0 > in->width || y0 > in->height) return;
    cubic((float)(x - x0), wx);
    cubic((float)(y - y0), wy);
    for (int j = 0; j < 4; j++) {
        int row = y0 - 1 + j;
        if (row < 0 || row >= in->height) continue;
        for (int i = 0; i < 4; i++) {
            int column = x0 - 1 + i;
            if (column < 0 || column >= in->width) continue;
            const float *p = in->values + 4 * ((size_t)row * (size_t)in->width + (size_t)column);
            for (int c = 0; c < 4; c++) sum[c] += wy[j] * wx[i] * p[c];
        }
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
            uint8_t *out = pixels + 3 * ((size_t)(top + y) * (size_t)size + (size_t)(left + x));
            for (int c = 0; c < 3; c++)
                out[c] = (uint8_t)(255 * p[c] + (1 - p[3]) * (float)out[c] + 0.5f);
        }
    }
}

sx_status sx_compose(const sx_image *object, sx_pose pose, uint8_t *pixels, int size,
                     sx_compose_scratch *scratch, sx_error *err) {
    layer placed;
    bool memory = resize(object, pose.area, size, scratch, &placed);
    if (memory && fmod(pose.rotation, 360) != 0) memory = rotate(&placed, pose.rotation, scratch);
    if (!memory) return sx_fail(err, SX_NO_MEMORY, "not enough memory to compose a picture");
    int centre_x = (int)(pose.x * size), centre_y = (int)(pose.y * size);
    paste(&placed, (int)(centre_x - 0.5 * placed.width), (int)(centre_y - 0.5 * placed.height),
          pixels, size);
    return SX_OK;
}
