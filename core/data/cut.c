/* The object of a picture as a tight RGBA cut-out. A grey picture has no alpha, but clothes and
 * digits lie on black: what is brighter than a threshold, and what that encloses, is the object.
 *
 * At its edge the grey is object and black mixed, so a high threshold is needed to leave a dark rim
 * out, and dark clothes would be lost with it. Instead the threshold is low and the edge is
 * unmixed: its colour is that of its neighbours within, its alpha what is left. Over black
 * the cut-out is the picture it came from. */
#include "core/data/data.h"

#include <string.h>

/* Marks in `outside` what can be reached from the border over dark pixels. `stack` [count]. */
static void flood_outside(const sx_image *image, int threshold, uint8_t *outside, int32_t *stack) {
    int width = image->width, height = image->height, used = 0;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            bool border = x == 0 || y == 0 || x == width - 1 || y == height - 1;
            int at = y * width + x;
            if (!border || image->pixels[at] > threshold || outside[at]) continue;
            outside[at] = 1;
            stack[used++] = at;
        }
    while (used > 0) {
        int at = stack[--used], x = at % width;
        int next[4] = {x > 0 ? at - 1 : at, x < width - 1 ? at + 1 : at, at - width, at + width};
        for (int i = 0; i < 4; i++) {
            if (next[i] < 0 || next[i] >= width * height || outside[next[i]] ||
                image->pixels[next[i]] > threshold)
                continue;
            outside[next[i]] = 1;
            stack[used++] = next[i];
        }
    }
}

/* True if one of the four neighbours within the picture is outside the object. */
static bool at_edge(const sx_image *image, const uint8_t *outside, int x, int y) {
    const uint8_t *at = outside + (size_t)y * (size_t)image->width + x;
    return (x > 0 && at[-1]) || (x < image->width - 1 && at[1]) || (y > 0 && at[-image->width]) ||
           (y < image->height - 1 && at[image->width]);
}

/* The grey that an edge pixel would have unmixed: the mean of its neighbours within; where the
 * object is too thin to have any, the brightest neighbour. */
static int unmixed_grey(const sx_image *image, const uint8_t *outside, int x, int y) {
    int most = 0, sum = 0, within = 0;
    for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < image->height; v++)
        for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < image->width; u++) {
            size_t at = (size_t)v * (size_t)image->width + (size_t)u;
            if (outside[at]) continue;
            most = image->pixels[at] > most ? image->pixels[at] : most;
            if (at_edge(image, outside, u, v)) continue;
            sum += image->pixels[at];
            within++;
        }
    return within ? (sum + within / 2) / within : most;
}

static void unmix(const sx_image *image, const uint8_t *outside, uint8_t *out) {
    size_t i = 0;
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++, i++, out += 4) {
            int grey = image->pixels[i], full = grey;
            if (outside[i]) continue;
            if (at_edge(image, outside, x, y)) full = unmixed_grey(image, outside, x, y);
            if (full < grey) full = grey;
            memset(out, full, 3);
            int alpha = full ? (255 * grey + full / 2) / full : 255;
            out[3] = (uint8_t)alpha;
        }
}

/* Grey to RGBA with the silhouette as alpha. */
static sx_status silhouette(const sx_image *image, int threshold, sx_image *out, sx_error *err) {
    size_t count = (size_t)image->width * (size_t)image->height;
    sx_status status = sx_image_new(out, image->height, image->width, 4, err);
    if (status) return status;
    uint8_t *outside = sx_alloc(count, 1);
    int32_t *stack = sx_alloc(count, sizeof *stack);
    if (outside && stack) {
        flood_outside(image, threshold, outside, stack);
        unmix(image, outside, out->pixels);
    } else {
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory to cut out an object");
        sx_image_done(out);
    }
    sx_free(outside);
    sx_free(stack);
    return status;
}

static sx_status with_alpha(const sx_image *image, int threshold, sx_image *out, sx_error *err) {
    if (image->channels == 1) return silhouette(image, threshold, out, err);
    sx_status status = sx_image_new(out, image->height, image->width, 4, err);
    size_t count = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; !status && i < count; i++) {
        const uint8_t *from = image->pixels + i * (size_t)image->channels;
        memcpy(out->pixels + 4 * i, from, 3);
        out->pixels[4 * i + 3] = image->channels == 4 ? from[3] : 255;
    }
    return status;
}

/* Cuts the empty margins off; a picture without any opaque pixel becomes opaque as a whole. */
static sx_status crop(sx_image *image, sx_error *err) {
    int left = image->width, right = -1, top = image->height, bottom = -1;
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            if (!image->pixels[4 * ((size_t)y * (size_t)image->width + (size_t)x) + 3]) continue;
            left = x < left ? x : left;
            right = x > right ? x : right;
            top = y < top ? y : top;
            bottom = y;
        }
    if (right < 0) {
        size_t count = (size_t)image->width * (size_t)image->height;
        for (size_t i = 0; i < count; i++) image->pixels[4 * i + 3] = 255;
        return SX_OK;
    }
    sx_image tight;
    sx_status status = sx_image_new(&tight, bottom - top + 1, right - left + 1, 4, err);
    if (status) return status;
    for (int y = 0; y < tight.height; y++)
        memcpy(tight.pixels + 4 * (size_t)y * (size_t)tight.width,
               image->pixels + 4 * ((size_t)(top + y) * (size_t)image->width + (size_t)left),
               4 * (size_t)tight.width);
    sx_image_done(image);
    *image = tight;
    return SX_OK;
}

sx_status sx_object_cut(const sx_image *image, int threshold, sx_image *out, sx_error *err) {
    *out = (sx_image){0};
    sx_status status = with_alpha(image, threshold, out, err);
    if (!status) status = crop(out, err);
    if (status) sx_image_done(out);
    return status;
}
