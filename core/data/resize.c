/* Resizing by name. The same name means different things in different libraries, and a network is
 * only measured fairly with the resizing it was trained with, so both wide-spread meanings are
 * here: antialias=yes is what Pillow does, antialias=no what PyTorch's interpolate does.
 *
 * Every rule is separable: an axis is a table of which inputs make an output, and their weights.
 * Input rows are read once, resized across, and added to those output rows that they belong to, so
 * memory is that of the output and one row, whatever the size of the picture. PyTorch's sums, here,
 * are in double precision; Pillow's are fixed-point, in resize_bytes.c. */
#include "core/data/resize.h"

#include "core/data/source.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* ---- names ----------------------------------------------------------------------------------- */

const sx_option sx_resize_options[] = {
    {"", "antialias", SX_OPTION_CHOICE, "yes", 0, 0, "no|yes",
     "yes: as Pillow's resize; no: as PyTorch's interpolate"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};
static const sx_option no_options[] = {{NULL, NULL, 0, NULL, 0, 0, NULL, NULL}};

static const sx_resize_row rows[] = {
    {"auto", "mean of what is covered when shrinking, bilinear when growing", no_options,
     SX_RESIZE_AUTO},
    {"nearest", "one pixel: the one at the centre (antialias=yes) or at the corner",
     sx_resize_options, SX_RESIZE_NEAREST},
    {"bilinear", "triangle, as wide as the output pixel (antialias=yes) or the input's",
     sx_resize_options, SX_RESIZE_BILINEAR},
    {"bicubic", "cubic of a = -0.5, widened when shrinking (antialias=yes), or of a = -0.75",
     sx_resize_options, SX_RESIZE_BICUBIC},
    {"area", "mean of the pixels whose centre is covered (antialias=yes) or that are touched",
     sx_resize_options, SX_RESIZE_AREA},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

const sx_resize_row *sx_resize_at(int row) {
    return row >= 0 && row < ROWS ? &rows[row] : NULL;
}

sx_status sx_resize_parse(const char *text, sx_resize_rule *out, sx_error *err) {
    sx_spec spec;
    const char *names[ROWS];
    sx_status status = sx_spec_parse(text, &spec, err);
    if (status) return status;
    for (int i = 0; i < ROWS; i++) {
        names[i] = rows[i].name;
        if (strcmp(spec.name, names[i]) != 0) continue;
        status = sx_spec_check(&spec, rows[i].options, err);
        if (status) return status;
        const char *antialias = sx_spec_text(&spec, sx_resize_options, "antialias");
        *out = (sx_resize_rule){rows[i].kind, strcmp(antialias, "yes") == 0};
        return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT, "unknown resizing rule '%s'; did you mean '%s'?", spec.name,
                   sx_nearest_name(spec.name, names, ROWS));
}

sx_status sx_resize_check(const char *spec, sx_error *err) {
    sx_resize_rule rule;
    return sx_resize_parse(spec, &rule, err);
}

/* ---- the weights of an axis ------------------------------------------------------------------ */

/* Keys' cubic kernel (IEEE Trans. ASSP 29 (1981) 1153, eq. 15 for any a). */
static double keys(double x, double a) {
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static double cubic(double x) {
    return keys(x, -0.5);
}

static double triangle(double x) {
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static double box(double x) {
    return x > -0.5 && x <= 0.5;
}

/* By kind; `reach` is where a kernel ends. */
static const struct {
    double reach;
    double (*at)(double x);
} kernels[] = {[SX_RESIZE_BILINEAR] = {1, triangle},
               [SX_RESIZE_BICUBIC] = {2, cubic},
               [SX_RESIZE_AREA] = {0.5, box}};

static double ratio_of(const sx_resize_axis *a) {
    return (double)a->in / a->out;
}

/* Pillow: a kernel stretched to the output's pixels when shrinking, sampled at input centres. The
 * order of the operations is that of its source, since box() jumps. */
static void fill_kernel(sx_resize_axis *a, sx_resize_kind kind) {
    const double fixed = 4194304; /* weights are multiples of 2^-22 */
    double ratio = ratio_of(a), stretch = ratio > 1 ? ratio : 1, shrink = 1 / stretch;
    double reach = kernels[kind].reach * stretch;
    for (int i = 0; i < a->out; i++) {
        double *w = a->weights + (size_t)i * (size_t)a->most;
        double centre = (i + 0.5) * ratio, sum = 0;
        int from = (int)(centre - reach + 0.5), to = (int)(centre + reach + 0.5);
        from = from < 0 ? 0 : from;
        to = to > a->in ? a->in : to;
        a->first[i] = from;
        a->count[i] = to - from;
        for (int k = 0; k < to - from; k++)
            sum += w[k] = kernels[kind].at((k + from - centre + 0.5) * shrink);
        for (int k = 0; k < to - from && sum != 0; k++) w[k] = round(w[k] / sum * fixed) / fixed;
    }
}

static int within(int place, int size) {
    return place < 0 ? 0 : place >= size ? size - 1 : place;
}

/* PyTorch: the 2 or 4 input pixels around the centre; places outside mean the edge pixel. */
static void fill_neighbours(sx_resize_axis *a, sx_resize_kind kind) {
    for (int i = 0; i < a->out; i++) {
        double *w = a->weights + (size_t)i * (size_t)a->most;
        double centre = (i + 0.5) * ratio_of(a) - 0.5;
        int from = (int)floor(centre) + 1 - a->most / 2, first = within(from, a->in);
        a->first[i] = first;
        a->count[i] = within(from + a->most - 1, a->in) - first + 1;
        memset(w, 0, (size_t)a->most * sizeof *w);
        for (int k = 0; k < a->most; k++) {
            double distance = from + k - centre;
            w[within(from + k, a->in) - first] +=
                kind == SX_RESIZE_BICUBIC ? keys(distance, -0.75) : triangle(distance);
        }
    }
}

/* PyTorch: the mean of every pixel that the output touches. */
static void fill_touched(sx_resize_axis *a) {
    for (int i = 0; i < a->out; i++) {
        int64_t in = a->in, out = a->out;
        a->first[i] = (int)(i * in / out);
        a->count[i] = (int)(((i + 1) * in + out - 1) / out) - a->first[i];
        for (int k = 0; k < a->count[i]; k++)
            a->weights[(size_t)i * (size_t)a->most + (size_t)k] = 1.0 / a->count[i];
    }
}

/* Places in between are decided by rounding, so positions are found as the libraries find them:
 * Pillow adds up steps in double precision, PyTorch multiplies in single. */
static void fill_nearest(sx_resize_axis *a, bool antialias) {
    double ratio = ratio_of(a), place = ratio * 0.5;
    float step = (float)a->in / (float)a->out;
    for (int i = 0; i < a->out; i++) {
        a->first[i] = within(antialias ? (int)place : (int)((float)i * step), a->in);
        a->count[i] = 1;
        a->weights[i] = 1;
        place += ratio;
    }
}

static int most_of(sx_resize_rule rule, int in, int out) {
    double ratio = (double)in / out;
    if (rule.kind == SX_RESIZE_NEAREST) return 1;
    if (rule.antialias)
        return 2 * (int)ceil(kernels[rule.kind].reach * (ratio > 1 ? ratio : 1)) + 1;
    return rule.kind == SX_RESIZE_AREA ? in / out + 2 : rule.kind == SX_RESIZE_BICUBIC ? 4 : 2;
}

static void fill_axis(sx_resize_axis *a, sx_resize_rule rule) {
    if (rule.kind == SX_RESIZE_NEAREST)
        fill_nearest(a, rule.antialias);
    else if (rule.antialias)
        fill_kernel(a, rule.kind);
    else if (rule.kind == SX_RESIZE_AREA)
        fill_touched(a);
    else
        fill_neighbours(a, rule.kind);
}

/* ---- pixels ---------------------------------------------------------------------------------- */

typedef struct {
    const sx_image *in;
    sx_image *out;
    size_t channels;
    bool premultiply;
    sx_resize_axis across, down;
    double *row;    /* [in width, channels] */
    double *narrow; /* [out width, channels] */
    double *sums;   /* [out height, out width, channels] */
} resizing;

static double to_byte(double value) {
    value = floor(value + 0.5);
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* Row `y` of the input as numbers 0 .. 255, colours times alpha. */
static void load_row(const resizing *r, int y) {
    size_t count = (size_t)r->in->width * r->channels;
    const uint8_t *from = r->in->pixels + (size_t)y * count;
    for (size_t i = 0; i < count; i++) r->row[i] = from[i];
    for (size_t i = 0; r->premultiply && i < count; i += 4)
        for (size_t c = i; c < i + 3; c++) r->row[c] = from[c] * from[i + 3] / 255.0;
}

static void resize_across(const resizing *r) {
    const sx_resize_axis *a = &r->across;
    for (int x = 0; x < a->out; x++) {
        const double *w = a->weights + (size_t)x * (size_t)a->most;
        const double *from = r->row + (size_t)a->first[x] * r->channels;
        double sum[4] = {0};
        for (int k = 0; k < a->count[x]; k++, from += r->channels)
            for (size_t c = 0; c < r->channels; c++) sum[c] += w[k] * from[c];
        for (size_t c = 0; c < r->channels; c++) r->narrow[(size_t)x * r->channels + c] = sum[c];
    }
}

/* ---- values in double precision ----------------------------------------------------------------
 */

static void add_rows(const resizing *r) {
    const sx_resize_axis *a = &r->down;
    size_t count = (size_t)r->out->width * r->channels;
    memset(r->sums, 0, count * (size_t)a->out * sizeof *r->sums);
    for (int y = 0, v = 0; y < a->in; y++) {
        while (v < a->out && a->first[v] + a->count[v] <= y) v++;
        if (v == a->out) return;
        if (a->first[v] > y) continue;
        load_row(r, y);
        resize_across(r);
        for (int u = v; u < a->out && a->first[u] <= y; u++) {
            double weight = a->weights[(size_t)u * (size_t)a->most + (size_t)(y - a->first[u])];
            double *sums = r->sums + (size_t)u * count;
            for (size_t i = 0; i < count; i++) sums[i] += weight * r->narrow[i];
        }
    }
}

/* A pixel of colours times alpha to straight alpha; the colours of what is invisible are 0. */
static void store_premultiplied(const double *sums, uint8_t *out) {
    double alpha = to_byte(sums[3]);
    out[3] = (uint8_t)alpha;
    for (int c = 0; c < 3; c++) out[c] = alpha > 0 ? (uint8_t)to_byte(255 * sums[c] / sums[3]) : 0;
}

static void store(const resizing *r) {
    size_t count = (size_t)r->out->height * (size_t)r->out->width * r->channels;
    if (!r->premultiply)
        for (size_t i = 0; i < count; i++) r->out->pixels[i] = (uint8_t)to_byte(r->sums[i]);
    else
        for (size_t i = 0; i < count; i += 4) store_premultiplied(r->sums + i, r->out->pixels + i);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Shares out what both ways need: places and weights; false if memory is out. `more` doubles follow
 * the weights, at *rest. */
static bool share_out(resizing *r, size_t more, double **rest, sx_resize_scratch *scratch) {
    size_t width = (size_t)r->out->width, height = (size_t)r->out->height;
    size_t across = width * (size_t)r->across.most, down = height * (size_t)r->down.most;
    void *numbers = scratch->numbers, *places = scratch->places;
    bool grown = sx_grow(&numbers, &scratch->capacity[0], across + down + more, sizeof(double));
    scratch->numbers = numbers;
    if (grown) grown = sx_grow(&places, &scratch->capacity[1], 2 * (width + height), sizeof(int));
    scratch->places = places;
    if (!grown) return false;
    r->across.weights = scratch->numbers;
    r->down.weights = r->across.weights + across;
    *rest = r->down.weights + down;
    r->across.first = scratch->places;
    r->across.count = r->across.first + width;
    r->down.first = r->across.count + width;
    r->down.count = r->down.first + height;
    return true;
}

static bool mix_bytes(resizing *r, sx_resize_rule rule, sx_resize_scratch *scratch) {
    const sx_resize_bytes form = {r->in, r->out, &r->across, &r->down, r->premultiply};
    double *rest;
    if (!share_out(r, sx_resize_bytes_room(&form) / sizeof(double) + 1, &rest, scratch))
        return false;
    fill_axis(&r->across, rule);
    fill_axis(&r->down, rule);
    sx_resize_in_bytes(&form, rest);
    return true;
}

static bool mix_doubles(resizing *r, sx_resize_rule rule, sx_resize_scratch *scratch) {
    size_t row = (size_t)r->in->width * r->channels, narrow = (size_t)r->out->width * r->channels;
    double *rest;
    if (!share_out(r, row + narrow + narrow * (size_t)r->out->height, &rest, scratch)) return false;
    r->row = rest;
    r->narrow = r->row + row;
    r->sums = r->narrow + narrow;
    fill_axis(&r->across, rule);
    fill_axis(&r->down, rule);
    add_rows(r);
    store(r);
    return true;
}

void sx_crop_size(const sx_image *image, int size, double fraction, int *height, int *width) {
    bool upright = image->height > image->width;
    double longer = upright ? image->height : image->width;
    double shorter = upright ? image->width : image->height;
    double side = fmin(floor(size / fraction), INT_MAX);
    double other = fmin(side * longer / shorter, INT_MAX);
    *height = (int)(upright ? other : side);
    *width = (int)(upright ? side : other);
}

sx_status sx_resize(const sx_image *image, sx_resize_rule rule, sx_image *out,
                    sx_resize_scratch *scratch, sx_error *err) {
    if (rule.kind == SX_RESIZE_AUTO || image->channels != out->channels)
        return sx_fail(err, SX_BAD_INPUT,
                       "a picture of %d channels cannot be resized into one of %d by rule '%s'",
                       image->channels, out->channels, rows[rule.kind].name);
    if (image->width == out->width && image->height == out->height) {
        memcpy(out->pixels, image->pixels,
               (size_t)image->width * (size_t)image->height * (size_t)image->channels);
        return SX_OK;
    }
    bool mixes = rule.kind != SX_RESIZE_NEAREST;
    bool bytes = mixes && rule.antialias; /* as Pillow, also in between */
    resizing r = {.in = image,
                  .out = out,
                  .channels = (size_t)image->channels,
                  .premultiply = mixes && image->channels == 4,
                  .across = {.in = image->width, .out = out->width},
                  .down = {.in = image->height, .out = out->height}};
    r.across.most = most_of(rule, r.across.in, r.across.out);
    r.down.most = most_of(rule, r.down.in, r.down.out);
    if (!(bytes ? mix_bytes : mix_doubles)(&r, rule, scratch))
        return sx_fail(err, SX_NO_MEMORY, "not enough memory to resize a picture to %d x %d",
                       out->width, out->height);
    return SX_OK;
}

void sx_resize_scratch_done(sx_resize_scratch *scratch) {
    sx_free(scratch->numbers);
    sx_free(scratch->places);
    *scratch = (sx_resize_scratch){0};
}
