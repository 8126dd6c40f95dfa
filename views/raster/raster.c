/* Drawing with smooth edges: everything becomes coverage of pixels, from 0 to 255, which is then
 * laid over the picture in one colour. A line covers what is nearer to it than half its width; a
 * shape is sampled four times four in each pixel it may touch. */
#include "views/raster/internal.h"

#include "core/format/format.h"

#include <math.h>
#include <string.h>

#define MOST_SIDE 16384.0

sx_raster *sx_raster_new(double width, double height, double scale, uint32_t ground,
                         sx_error *err) {
    sx_raster *r = sx_alloc(1, sizeof *r);
    if (!r) {
        sx_fail(err, SX_NO_MEMORY, "no memory for a picture");
        return NULL;
    }
    double columns = ceil(width * scale), rows = ceil(height * scale);
    sx_status status = columns >= 1 && rows >= 1 && columns <= MOST_SIDE && rows <= MOST_SIDE
                           ? sx_image_new(&r->image, (int)rows, (int)columns, 3, err)
                           : sx_fail(err, SX_BAD_INPUT, "a picture of %gx%g pixels", columns, rows);
    r->scale = scale;
    if (!status) {
        r->coverage = sx_alloc((size_t)r->image.width * (size_t)r->image.height, 1);
        status = r->coverage ? sx_type_open(&r->type, scale, err)
                             : sx_fail(err, SX_NO_MEMORY, "no memory for a picture");
    }
    if (status) {
        sx_raster_free(r);
        return NULL;
    }
    sx_raster_clip(r, 0, 0, 0, 0);
    sx_raster_rectangle(r, 0, 0, width, height, ground);
    return r;
}

void sx_raster_free(sx_raster *r) {
    if (!r) return;
    sx_type_close(&r->type);
    sx_image_done(&r->image);
    sx_free(r->coverage);
    sx_free(r->points);
    sx_free(r);
}

void sx_raster_clip(sx_raster *r, double x, double y, double width, double height) {
    bool all = !(width > 0);
    r->clip[0] = all ? 0 : x * r->scale;
    r->clip[1] = all ? 0 : y * r->scale;
    r->clip[2] = all ? r->image.width : (x + width) * r->scale;
    r->clip[3] = all ? r->image.height : (y + height) * r->scale;
}

/* ---- coverage ---------------------------------------------------------------------------------
 */

static int within(double value, int most) {
    return value < 0 ? 0 : value > most ? most : (int)value;
}

/* The pixels of a box that are in the picture, the last ones exclusive. */
static sx_pixels pixels_of(const sx_raster *r, double left, double top, double right,
                           double bottom) {
    return (sx_pixels){within(floor(left), r->image.width), within(floor(top), r->image.height),
                       within(ceil(right), r->image.width), within(ceil(bottom), r->image.height)};
}

static void widen(sx_pixels *box, sx_pixels by) {
    if (box->right <= box->left) *box = by;
    if (by.left < box->left) box->left = by.left;
    if (by.top < box->top) box->top = by.top;
    if (by.right > box->right) box->right = by.right;
    if (by.bottom > box->bottom) box->bottom = by.bottom;
}

void sx_raster_lay(sx_raster *r, int x, int y, double coverage, uint32_t colour) {
    if (x < 0 || y < 0 || x >= r->image.width || y >= r->image.height) return;
    uint8_t *pixel = r->image.pixels + 3 * ((size_t)y * (size_t)r->image.width + (size_t)x);
    const int channels[3] = {(int)(colour >> 16 & 255), (int)(colour >> 8 & 255),
                             (int)(colour & 255)};
    for (int c = 0; c < 3; c++)
        pixel[c] = (uint8_t)lround(pixel[c] + coverage * (channels[c] - pixel[c]));
}

/* What of a pixel lies between two edges. */
static double overlap(double low, double high, int pixel) {
    return fmax(0, fmin(high, pixel + 1.0) - fmax(low, pixel));
}

void sx_raster_rectangle(sx_raster *r, double x, double y, double width, double height,
                         uint32_t colour) {
    double left = x * r->scale, top = y * r->scale;
    double right = (x + width) * r->scale, bottom = (y + height) * r->scale;
    sx_pixels box = pixels_of(r, left, top, right, bottom);
    for (int row = box.top; row < box.bottom; row++)
        for (int column = box.left; column < box.right; column++)
            sx_raster_lay(r, column, row, overlap(left, right, column) * overlap(top, bottom, row),
                          colour);
}

/* ---- shapes -----------------------------------------------------------------------------------
 */

/* True if a ray from the point meets the outline an odd number of times. */
static bool inside(const double (*corners)[2], int count, double x, double y) {
    bool odd = false;
    for (int i = 0, before = count - 1; i < count; before = i++) {
        const double *a = corners[before], *b = corners[i];
        if ((a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
            odd = !odd;
    }
    return odd;
}

static void fill_polygon(sx_raster *r, const double (*corners)[2], int count, uint32_t colour) {
    enum { SAMPLES = 4 };
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int i = 0; i < count; i++)
        for (int k = 0; k < 2; k++) {
            low[k] = fmin(low[k], corners[i][k] * r->scale);
            high[k] = fmax(high[k], corners[i][k] * r->scale);
        }
    sx_pixels box = pixels_of(r, low[0], low[1], high[0], high[1]);
    for (int row = box.top; row < box.bottom; row++)
        for (int column = box.left; column < box.right; column++) {
            int hits = 0;
            for (int s = 0; s < SAMPLES; s++)
                for (int t = 0; t < SAMPLES; t++)
                    hits += inside(corners, count, (column + (s + 0.5) / SAMPLES) / r->scale,
                                   (row + (t + 0.5) / SAMPLES) / r->scale);
            sx_raster_lay(r, column, row, (double)hits / (SAMPLES * SAMPLES), colour);
        }
}

void sx_raster_polygon(sx_raster *r, const double (*corners)[2], int count, double line,
                       uint32_t colour) {
    if (count < 3 || count > 16) return;
    if (!(line > 0)) {
        fill_polygon(r, corners, count, colour);
        return;
    }
    sx_raster_move(r, corners[count - 1][0], corners[count - 1][1]);
    for (int i = 0; i < count; i++) sx_raster_line(r, corners[i][0], corners[i][1]);
    sx_raster_stroke(r, &(sx_stroke){.width = line, .opacity = 1, .colour = colour});
}

/* ---- lines ------------------------------------------------------------------------------------
 */

static void add_point(sx_raster *r, double x, double y, bool moves) {
    if (!isfinite(x) || !isfinite(y)) return;
    if (!sx_grow((void **)&r->points, &r->capacity, r->count + 1, sizeof *r->points)) return;
    r->points[r->count++] = (sx_raster_point){x * r->scale, y * r->scale, moves};
}

void sx_raster_move(sx_raster *r, double x, double y) {
    add_point(r, x, y, true);
}

void sx_raster_line(sx_raster *r, double x, double y) {
    add_point(r, x, y, r->count == 0);
}

/* Distance of a point from the stretch between a and b. */
static double distance(double x, double y, sx_raster_point a, sx_raster_point b) {
    double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    double part = length > 0 ? ((x - a.x) * dx + (y - a.y) * dy) / length : 0;
    part = fmin(fmax(part, 0), 1);
    return hypot(x - a.x - part * dx, y - a.y - part * dy);
}

/* Where stretches meet a pixel is covered once, by the one that is nearer. */
static void cover_stretch(sx_raster *r, sx_raster_point a, sx_raster_point b, double half,
                          sx_pixels *touched) {
    double reach = half + 1;
    double left = fmax(fmin(a.x, b.x) - reach, r->clip[0]);
    double right = fmin(fmax(a.x, b.x) + reach, r->clip[2]);
    double top = fmax(fmin(a.y, b.y) - reach, r->clip[1]);
    double bottom = fmin(fmax(a.y, b.y) + reach, r->clip[3]);
    if (!(right > left) || !(bottom > top)) return;
    sx_pixels box = pixels_of(r, left, top, right, bottom);
    for (int row = box.top; row < box.bottom; row++)
        for (int column = box.left; column < box.right; column++) {
            double near = half + 0.5 - distance(column + 0.5, row + 0.5, a, b);
            uint8_t value = (uint8_t)lround(fmin(fmax(near, 0), 1) * 255);
            uint8_t *at = r->coverage + (size_t)row * (size_t)r->image.width + (size_t)column;
            if (value > *at) *at = value;
        }
    widen(touched, box);
}

static sx_raster_point between(sx_raster_point a, sx_raster_point b, double part) {
    return (sx_raster_point){a.x + part * (b.x - a.x), a.y + part * (b.y - a.y), false};
}

/* A stretch cut into dashes; *phase is how far into the pattern it begins, and then ends. */
static void cover_dashes(sx_raster *r, sx_raster_point a, sx_raster_point b,
                         const sx_stroke *stroke, double *phase, sx_pixels *touched) {
    double length = hypot(b.x - a.x, b.y - a.y), at = 0, half = stroke->width * r->scale / 2;
    double period = 0;
    for (int i = 0; i < stroke->count; i++) period += stroke->dashes[i] * r->scale;
    while (at < length && period > 0) {
        double left = *phase = fmod(*phase, period);
        int i = 0;
        while (left >= stroke->dashes[i] * r->scale) {
            left -= stroke->dashes[i] * r->scale;
            i = (i + 1) % stroke->count;
        }
        double step = fmin(stroke->dashes[i] * r->scale - left, length - at);
        if (i % 2 == 0)
            cover_stretch(r, between(a, b, at / length), between(a, b, (at + step) / length), half,
                          touched);
        at += step > 1e-6 ? step : 1e-6;
        *phase += step > 1e-6 ? step : 1e-6;
    }
}

/* Lays what was covered over the picture and forgets it. */
static void lay_coverage(sx_raster *r, sx_pixels box, const sx_stroke *stroke) {
    for (int row = box.top; row < box.bottom; row++) {
        double rows = overlap(r->clip[1], r->clip[3], row);
        for (int column = box.left; column < box.right; column++) {
            uint8_t *at = r->coverage + (size_t)row * (size_t)r->image.width + (size_t)column;
            double part = *at / 255.0 * rows * overlap(r->clip[0], r->clip[2], column);
            if (part > 0) sx_raster_lay(r, column, row, part * stroke->opacity, stroke->colour);
            *at = 0;
        }
    }
}

void sx_raster_stroke(sx_raster *r, const sx_stroke *stroke) {
    sx_pixels touched = {0};
    double phase = 0, half = stroke->width * r->scale / 2;
    for (size_t i = 1; i < r->count; i++) {
        if (r->points[i].moves) {
            phase = 0;
            continue;
        }
        if (stroke->count > 0)
            cover_dashes(r, r->points[i - 1], r->points[i], stroke, &phase, &touched);
        else
            cover_stretch(r, r->points[i - 1], r->points[i], half, &touched);
    }
    lay_coverage(r, touched, stroke);
    r->count = 0;
}

sx_status sx_raster_png(const sx_raster *raster, sx_bytes *out, sx_error *err) {
    return sx_png_encode(&raster->image, out, err);
}
