/* The built-in data set: ten shapes, rendered when they are asked for, so it needs no file and
 * almost no memory. Two pairs differ by a turn only (square and diamond, plus and cross), which
 * makes upright training and turned testing worth a look. An item is a function of its number
 * alone.
 *
 * Filling: for each of SUB sub-lines of a pixel row the crossings of the polygon are sorted and
 * each span between two adds its exact horizontal coverage. */
#include "core/data/source.h"

#include <math.h>
#include <string.h>

#define SIZE 32
#define SUB 5
#define POINTS 32
#define TRAINED 12000
#define ITEMS 14000
#define PI 3.14159265358979323846
enum { STREAM_SHAPES = 12 };

typedef struct {
    int count;
    float x[POINTS], y[POINTS]; /* within the unit circle, y downwards */
} polygon;

typedef struct {
    double size, rotation, x, y, hue;
    int background;
} pose;

static const char *const class_names[] = {"disc", "square", "diamond", "triangle", "wedge",
                                          "star", "plus",   "cross",   "heart",    "arrow"};
enum { CLASSES = sizeof class_names / sizeof class_names[0] };

static const sx_factor shape_factors[] = {
    {"shape", "class", 0, CLASSES - 1}, {"colour", "hue", 0, 1},
    {"size", "of the image", 0.6, 0.9}, {"rotation", "degrees", -10, 10},
    {"x", "of the image", 0.45, 0.55},  {"y", "of the image", 0.45, 0.55},
    {"background", "kind", 0, 5},
};

static void add_point(polygon *p, double x, double y) {
    p->x[p->count] = (float)x;
    p->y[p->count++] = (float)y;
}

/* `corners` points on circles of radius r0, r1, r0 ..., the first at `angle` degrees from the top.
 */
static void add_ring(polygon *p, int corners, double angle, double r0, double r1) {
    for (int i = 0; i < corners; i++) {
        double a = angle * PI / 180 + 2 * PI * i / corners, r = i % 2 ? r1 : r0;
        add_point(p, r * sin(a), -r * cos(a));
    }
}

static void add_plus(polygon *p) {
    static const float at[12][2] = {{-.33f, -1},   {.33f, -1},   {.33f, -.33f}, {1, -.33f},
                                    {1, .33f},     {.33f, .33f}, {.33f, 1},     {-.33f, 1},
                                    {-.33f, .33f}, {-1, .33f},   {-1, -.33f},   {-.33f, -.33f}};
    for (int i = 0; i < 12; i++) add_point(p, 0.95 * (double)at[i][0], 0.95 * (double)at[i][1]);
}

static void add_arrow(polygon *p) {
    static const float at[7][2] = {{-1, -.3f}, {.1f, -.3f}, {.1f, -.8f}, {1, 0},
                                   {.1f, .8f}, {.1f, .3f},  {-1, .3f}};
    for (int i = 0; i < 7; i++) add_point(p, (double)at[i][0], (double)at[i][1]);
}

static void add_heart(polygon *p) {
    for (int i = 0; i < 28; i++) {
        double t = 2 * PI * i / 28, s = sin(t);
        double y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t);
        add_point(p, s * s * s, -(y + 2.5) / 15);
    }
}

static void make_polygon(int shape, polygon *p) {
    p->count = 0;
    switch (shape) {
    case 0:
        add_ring(p, 32, 0, 0.95, 0.95);
        break;
    case 1:
        add_ring(p, 4, 45, 1.2, 1.2);
        break;
    case 2:
        add_ring(p, 4, 0, 1.1, 1.1);
        break;
    case 3:
        add_ring(p, 3, 0, 1.1, 1.1);
        break;
    case 4:
        add_ring(p, 3, 180, 1.1, 1.1);
        break;
    case 5:
        add_ring(p, 10, 0, 1.1, 0.45);
        break;
    case 6:
    case 7:
        add_plus(p);
        break;
    case 8:
        add_heart(p);
        break;
    default:
        add_arrow(p);
        break;
    }
}

static double between(sx_random *random, double low, double high) {
    return low + (high - low) * (double)sx_random_uniform(random);
}

static pose pose_of(uint32_t item) {
    sx_random random = sx_random_from(0, STREAM_SHAPES, item);
    pose p;
    p.hue = 1 - between(&random, 0, 1);
    p.size = between(&random, 0.6, 0.9);
    p.rotation = between(&random, -10, 10);
    p.x = between(&random, 0.45, 0.55);
    p.y = between(&random, 0.45, 0.55);
    p.background = (int)sx_random_below(&random, 6);
    return p;
}

/* Turns, scales and moves the polygon into pixels. */
static void place(polygon *p, int shape, const pose *at, int size) {
    double turn = at->rotation + (shape == 7 ? 45 : 0);
    double c = cos(turn * PI / 180), s = sin(turn * PI / 180), scale = at->size * size / 2.4;
    for (int i = 0; i < p->count; i++) {
        double x = (double)p->x[i], y = (double)p->y[i];
        p->x[i] = (float)(at->x * size + scale * (c * x + s * y));
        p->y[i] = (float)(at->y * size + scale * (c * y - s * x));
    }
}

/* x of the crossings of the line at y, sorted; returns how many. */
static int crossings(const polygon *p, float y, float *out) {
    int count = 0;
    for (int i = 0; i < p->count; i++) {
        int j = i + 1 < p->count ? i + 1 : 0;
        if ((p->y[i] <= y) == (p->y[j] <= y)) continue;
        float x = p->x[i] + (y - p->y[i]) / (p->y[j] - p->y[i]) * (p->x[j] - p->x[i]);
        int k = count++;
        for (; k > 0 && out[k - 1] > x; k--) out[k] = out[k - 1];
        out[k] = x;
    }
    return count;
}

static void add_span(float *row, int size, float from, float to) {
    if (from < 0) from = 0;
    if (to > (float)size) to = (float)size;
    for (int x = (int)from; x < size && (float)x < to; x++) {
        float left = from > (float)x ? from : (float)x;
        float right = to < (float)(x + 1) ? to : (float)(x + 1);
        if (right > left) row[x] += (right - left) / SUB;
    }
}

static void cover(const polygon *p, int size, float *coverage) {
    float at[POINTS];
    for (int line = 0; line < size * SUB; line++) {
        int count = crossings(p, ((float)line + 0.5f) / SUB, at);
        for (int i = 0; i + 1 < count; i += 2)
            add_span(coverage + (size_t)(line / SUB) * (size_t)size, size, at[i], at[i + 1]);
    }
}

/* Hue 0 .. 1 (red, green at 1/3, blue at 2/3) with full saturation, a little lighter towards the
 * top, as if lit from there. */
static void colour_of(double hue, int y, int size, uint8_t *out) {
    double light = 1.0 - 0.35 * y / size;
    for (int c = 0; c < 3; c++) {
        double away = fabs(fmod(hue + 1 - c / 3.0, 1.0) * 6 - 3) - 1;
        double value = away < 0 ? 0 : away > 1 ? 1 : away;
        out[c] = (uint8_t)(255 * light * (0.25 + 0.75 * value) + 0.5);
    }
}

/* Coverage [size, size] is scratch of zeros. */
static void render(int shape, uint32_t item, float *coverage, sx_image *out) {
    int size = out->width;
    polygon p;
    pose at = pose_of(item);
    make_polygon(shape, &p);
    place(&p, shape, &at, size);
    cover(&p, size, coverage);
    uint8_t colour[3], *pixel = out->pixels;
    for (int y = 0; y < size; y++) {
        colour_of(at.hue, y, size, colour);
        for (int x = 0; x < size; x++, pixel += 4) {
            float alpha = *coverage++;
            memcpy(pixel, colour, 3);
            pixel[3] = (uint8_t)(255 * (alpha > 1 ? 1 : alpha) + 0.5f);
        }
    }
}

static sx_status shapes_image(const sx_source *source, uint32_t item, sx_image *out,
                              sx_error *err) {
    float coverage[SIZE * SIZE] = {0};
    (void)source;
    sx_status status = sx_image_new(out, SIZE, SIZE, 4, err);
    if (!status) render((int)(item % CLASSES), item, coverage, out);
    return status;
}

sx_status sx_shapes_object(int shape, uint32_t item, int size, sx_image *out, sx_error *err) {
    sx_status status = sx_image_new(out, size, size, 4, err);
    if (status) return status;
    float *coverage = sx_alloc((size_t)size * (size_t)size, sizeof *coverage);
    if (coverage) render(shape, item, coverage, out);
    sx_free(coverage);
    if (coverage) return SX_OK;
    sx_image_done(out);
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to render a shape");
}

static void shapes_factors(const sx_source *source, uint32_t item, double *out) {
    pose at = pose_of(item);
    (void)source;
    double values[] = {item % CLASSES, at.hue, at.size, at.rotation, at.x, at.y, at.background};
    memcpy(out, values, sizeof values);
}

static void shapes_close(sx_source *source) {
    (void)source;
}

sx_source *sx_shapes_open(uint64_t seed, sx_error *err) {
    static const sx_source_kind kind = {shapes_image, shapes_factors, NULL, shapes_close};
    sx_source *source = sx_source_make(&kind, "shapes", err);
    if (!source) return NULL;
    sx_source_facts *facts = &source->facts;
    sx_text_set(facts->origin, sizeof facts->origin, "rendered");
    facts->height = facts->width = SIZE;
    facts->channels = 4;
    facts->factors = shape_factors;
    facts->factor_count = sizeof shape_factors / sizeof shape_factors[0];
    bool memory = sx_source_labels(source, ITEMS, err) == SX_OK;
    for (int c = 0; memory && c < CLASSES; c++)
        memory = sx_source_add_class(source, class_names[c]);
    for (size_t i = 0; memory && i < ITEMS; i++) source->labels[i] = (int32_t)(i % CLASSES);
    source->trained = TRAINED;
    if (memory && sx_source_split(source, 7, seed, err) == SX_OK) return source;
    if (!memory) sx_fail(err, SX_NO_MEMORY, "not enough memory for the shapes");
    sx_source_free(source);
    return NULL;
}
