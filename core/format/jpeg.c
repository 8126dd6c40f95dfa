/* JPEG through libjpeg-turbo, grey and colour, upright as its EXIF orientation says. libjpeg
 * reports errors by a jump and damage by a warning; warnings that mean lost pixels are errors here,
 * because a half-grey picture among the data is worse than none. Scans are counted, as a
 * progressive file of few bytes can hold any number of them. CMYK is not read: without its profile
 * the colours would be guesses. */
#include "core/format/image.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/* Encoders write about ten scans. */
#define MOST_SCANS 100
#define EXIF_MARKER (JPEG_APP0 + 1)
#define EXIF_ORIENTATION 0x0112

typedef struct {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    int turn;         /* EXIF orientation, 1 .. 8 */
    sx_status status; /* of a failure that `err` tells already */
    sx_error *err;
    jmp_buf jump;
} decoder;

__attribute__((noreturn)) static void give_up(decoder *d, sx_status status, const char *reason) {
    d->status = status == SX_NO_MEMORY
                    ? sx_fail(d->err, status, "not enough memory to read a JPEG")
                    : sx_fail(d->err, status, "cannot read this JPEG: %s", reason);
    longjmp(d->jump, 1);
}

__attribute__((noreturn)) static void on_error(j_common_ptr jpeg) {
    char reason[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, reason);
    give_up(jpeg->client_data,
            jpeg->err->msg_code == JERR_OUT_OF_MEMORY ? SX_NO_MEMORY : SX_BAD_INPUT, reason);
}

static bool loses_pixels(int code) {
    return code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
           code == JWRN_MUST_RESYNC;
}

/* Levels below zero are warnings, the others traces. */
static void on_message(j_common_ptr jpeg, int level) {
    if (level < 0 && loses_pixels(jpeg->err->msg_code)) on_error(jpeg);
}

static void on_progress(j_common_ptr jpeg) {
    if (((j_decompress_ptr)jpeg)->input_scan_number > MOST_SCANS)
        give_up(jpeg->client_data, SX_BAD_INPUT, "it has more than 100 scans");
}

static unsigned number(const uint8_t *at, int bytes, bool little) {
    unsigned value = 0;
    for (int i = 0; i < bytes; i++) value = value << 8 | at[little ? bytes - 1 - i : i];
    return value;
}

/* The orientation in an APP1 payload: "Exif\0\0", then a TIFF header, whose first directory is
 * looked through. Anything that is not right means 1, upright.
 * Source: CIPA DC-008 (Exif 2.3), 4.5.2 and 4.6.4 A. */
static int exif_orientation(const uint8_t *bytes, size_t size) {
    if (size < 6 + 8 || memcmp(bytes, "Exif\0\0", 6) != 0) return 1;
    const uint8_t *tiff = bytes + 6;
    size -= 6;
    bool little = tiff[0] == 'I';
    size_t directory = number(tiff + 4, 4, little);
    if (directory > size - 2) return 1;
    size_t entries = number(tiff + directory, 2, little);
    for (size_t i = 0; i < entries; i++) {
        size_t at = directory + 2 + 12 * i;
        if (at + 12 > size) return 1;
        if (number(tiff + at, 2, little) != EXIF_ORIENTATION) continue;
        unsigned value = number(tiff + at + 8, 2, little);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

static int orientation(const decoder *d) {
    for (jpeg_saved_marker_ptr m = d->jpeg.marker_list; m; m = m->next) {
        int found = m->marker == EXIF_MARKER ? exif_orientation(m->data, m->data_length) : 1;
        if (found != 1) return found;
    }
    return 1;
}

static void check_header(decoder *d) {
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    if (jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK)
        give_up(d, SX_BAD_INPUT, "its colours are CMYK; save it as RGB");
    if (jpeg->num_components != 1 && jpeg->num_components != 3)
        give_up(d, SX_BAD_INPUT, "it is neither grey nor RGB");
    if (jpeg->arith_code) /* damage could not be told: not every libjpeg warns of it */
        give_up(d, SX_BAD_INPUT, "it is arithmetic-coded; save it with Huffman codes");
    if ((size_t)jpeg->image_width * jpeg->image_height > SX_IMAGE_MAX_PIXELS) {
        d->status =
            sx_fail(d->err, SX_BAD_INPUT, "the JPEG has %u x %u pixels; at most %zu are read",
                    jpeg->image_width, jpeg->image_height, SX_IMAGE_MAX_PIXELS);
        longjmp(d->jump, 1);
    }
}

static void read_pixels(decoder *d, sx_image *image) {
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    d->status = sx_image_new(image, (int)jpeg->image_height, (int)jpeg->image_width,
                             jpeg->num_components, d->err);
    if (d->status) longjmp(d->jump, 1);
    jpeg_start_decompress(jpeg);
    size_t stride = (size_t)image->width * (size_t)image->channels;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = image->pixels + stride * jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
}

/* Into `image`, or only a look if that is NULL. */
static bool decode_guarded(decoder *d, const uint8_t *bytes, size_t size, sx_image *image) {
    if (setjmp(d->jump)) return false;
    jpeg_create_decompress(&d->jpeg);
    d->jpeg.progress = &d->progress;
    jpeg_save_markers(&d->jpeg, EXIF_MARKER, 0xFFFF);
    jpeg_mem_src(&d->jpeg, bytes, size);
    jpeg_read_header(&d->jpeg, TRUE);
    d->turn = orientation(d); /* the markers go when decompressing ends */
    check_header(d);
    if (!image) return true;
    read_pixels(d, image);
    jpeg_finish_decompress(&d->jpeg);
    return true;
}

/* Turns a stored picture upright. Orientations from 5 on swap rows and columns; the stored rows
 * and columns are then counted from the other end where the orientation says so. */
static sx_status turn_upright(sx_image *image, int turn, sx_error *err) {
    bool swapped = turn >= 5;
    bool from_bottom = turn == 3 || turn == 4 || turn == 6 || turn == 7;
    bool from_right = turn == 2 || turn == 3 || turn == 7 || turn == 8;
    size_t height = (size_t)image->height, width = (size_t)image->width;
    size_t channels = (size_t)image->channels;
    sx_image upright;
    sx_status status = sx_image_new(&upright, swapped ? image->width : image->height,
                                    swapped ? image->height : image->width, image->channels, err);
    if (status) return status;
    uint8_t *to = upright.pixels;
    for (size_t y = 0; y < (size_t)upright.height; y++) {
        for (size_t x = 0; x < (size_t)upright.width; x++, to += channels) {
            size_t row = swapped ? x : y, column = swapped ? y : x;
            if (from_bottom) row = height - 1 - row;
            if (from_right) column = width - 1 - column;
            memcpy(to, image->pixels + (row * width + column) * channels, channels);
        }
    }
    sx_image_done(image);
    *image = upright;
    return SX_OK;
}

static void begin(decoder *d) {
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->jpeg.client_data = d;
    d->errors.error_exit = on_error;
    d->errors.emit_message = on_message;
    d->progress.progress_monitor = on_progress;
}

sx_status sx_jpeg_decode(const uint8_t *bytes, size_t size, sx_image *out, sx_error *err) {
    *out = (sx_image){0};
    decoder d = {.err = err};
    begin(&d);
    bool good = decode_guarded(&d, bytes, size, out);
    jpeg_destroy_decompress(&d.jpeg);
    sx_status status = good ? SX_OK : d.status;
    if (good && d.turn != 1) status = turn_upright(out, d.turn, err);
    if (status) sx_image_done(out);
    return status;
}

sx_status sx_jpeg_look(const uint8_t *bytes, size_t size, sx_image_facts *out, sx_error *err) {
    decoder d = {.err = err};
    begin(&d);
    bool good = decode_guarded(&d, bytes, size, NULL);
    out->height = (int)d.jpeg.image_height;
    out->width = (int)d.jpeg.image_width;
    jpeg_destroy_decompress(&d.jpeg);
    return good ? SX_OK : d.status;
}
