/* JPEG through libjpeg-turbo. The library reports errors by a callback from which we jump; a file
 * that it would fill up with grey (a cut one) is an error here. A hostile progressive file can hold
 * thousands of scans that each cost a whole decode, so scans are limited. */
#include "core/format/image.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#define SCAN_LIMIT 64
#define MARKER_EXIF (JPEG_APP0 + 1)

typedef struct {
    struct jpeg_error_mgr manager;
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct info;
    jmp_buf jump;
    sx_image *image;
    sx_status status;
    sx_error *err;
} decoder;

static void fail(decoder *d, const char *why) {
    char shown[160];
    sx_text_printable(shown, sizeof shown, why);
    if (!d->status) d->status = sx_fail(d->err, SX_BAD_INPUT, "JPEG: %s", shown);
    longjmp(d->jump, 1);
}

static void on_error(j_common_ptr info) {
    char why[JMSG_LENGTH_MAX];
    info->err->format_message(info, why);
    fail(info->client_data, why);
}

/* Warnings (level -1) mean damaged or missing data; levels from 0 are talk. */
static void on_message(j_common_ptr info, int level) {
    if (level < 0) on_error(info);
}

static void on_output(j_common_ptr info) {
    (void)info;
}

static void on_progress(j_common_ptr info) {
    decoder *d = info->client_data;
    if (d->info.input_scan_number > SCAN_LIMIT) fail(d, "more than 64 scans");
}

/* The EXIF orientation, 1 .. 8, from an APP1 marker; 1 if there is none that reads. */
static int read_orientation(const struct jpeg_marker_struct *marker) {
    for (; marker; marker = marker->next) {
        const uint8_t *d = marker->data;
        size_t size = marker->data_length;
        if (marker->marker != MARKER_EXIF || size < 20 || memcmp(d, "Exif\0\0", 6) != 0) continue;
        const uint8_t *tiff = d + 6;
        size -= 6;
        bool little = tiff[0] == 'I';
#define U16(at) (little ? tiff[at] | tiff[(at) + 1] << 8 : tiff[at] << 8 | tiff[(at) + 1])
        size_t directory = (size_t)(little ? U16(4) : U16(6));
        if (directory + 2 > size) return 1;
        size_t entries = (size_t)U16(directory);
        for (size_t i = 0; i < entries && directory + 2 + 12 * (i + 1) <= size; i++) {
            size_t at = directory + 2 + 12 * i;
            int value = U16(at + 8);
            if (U16(at) == 0x0112) return value >= 1 && value <= 8 ? value : 1;
        }
#undef U16
    }
    return 1;
}

/* Where pixel (x, y) of the upright picture comes from in one stored with `orientation`. */
static const uint8_t *source_pixel(const sx_image *stored, int orientation, int x, int y) {
    int w = stored->width, h = stored->height, column = x, row = y;
    if (orientation >= 5) {
        column = y;
        row = x;
    }
    bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    if (flip_x) column = w - 1 - column;
    if (flip_y) row = h - 1 - row;
    return stored->pixels + ((size_t)row * (size_t)w + (size_t)column) * (size_t)stored->channels;
}

static sx_status turn_upright(sx_image *image, int orientation, sx_error *err) {
    if (orientation <= 1) return SX_OK;
    bool turned = orientation >= 5;
    sx_image upright;
    sx_status status = sx_image_new(&upright, turned ? image->width : image->height,
                                    turned ? image->height : image->width, image->channels, err);
    if (status) return status;
    size_t channels = (size_t)image->channels;
    uint8_t *out = upright.pixels;
    for (int y = 0; y < upright.height; y++)
        for (int x = 0; x < upright.width; x++, out += channels)
            memcpy(out, source_pixel(image, orientation, x, y), channels);
    sx_image_done(image);
    *image = upright;
    return SX_OK;
}

static void read_header(decoder *d) {
    jpeg_save_markers(&d->info, MARKER_EXIF, 0xFFFF);
    jpeg_read_header(&d->info, TRUE);
    if (d->info.jpeg_color_space == JCS_CMYK || d->info.jpeg_color_space == JCS_YCCK)
        fail(d, "CMYK pictures are not read; convert it to RGB");
    bool grey = d->info.num_components == 1;
    d->info.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    d->status = sx_image_new(d->image, (int)d->info.image_height, (int)d->info.image_width,
                             grey ? 1 : 3, d->err);
    if (d->status) longjmp(d->jump, 1);
}

static void decode(decoder *d, const uint8_t *bytes, size_t size) {
    if (setjmp(d->jump)) return;
    jpeg_create_decompress(&d->info);
    d->info.progress = &d->progress;
    jpeg_mem_src(&d->info, bytes, size);
    read_header(d);
    jpeg_start_decompress(&d->info);
    size_t row = (size_t)d->image->width * (size_t)d->image->channels;
    while (d->info.output_scanline < d->info.output_height) {
        JSAMPROW line = d->image->pixels + d->info.output_scanline * row;
        jpeg_read_scanlines(&d->info, &line, 1);
    }
    d->status = turn_upright(d->image, read_orientation(d->info.marker_list), d->err);
    jpeg_finish_decompress(&d->info);
}

sx_status sx_jpeg_decode(const uint8_t *bytes, size_t size, sx_image *out, sx_error *err) {
    *out = (sx_image){0};
    if (size == 0) return sx_fail(err, SX_BAD_INPUT, "JPEG: the file is empty");
    decoder *d = sx_alloc(1, sizeof *d);
    if (!d) return sx_fail(err, SX_NO_MEMORY, "not enough memory to read a JPEG");
    d->image = out;
    d->err = err;
    d->info.err = jpeg_std_error(&d->manager);
    d->info.client_data = d;
    d->manager.error_exit = on_error;
    d->manager.emit_message = on_message;
    d->manager.output_message = on_output;
    d->progress.progress_monitor = on_progress;
    decode(d, bytes, size);
    jpeg_destroy_decompress(&d->info);
    sx_status status = d->status;
    sx_free(d);
    if (status) sx_image_done(out);
    return status;
}
