/* Writing JPEG through libjpeg-turbo, with the settings that Pillow writes with when nothing is
 * said: quality 75, colours at half the resolution. Errors jump, as in jpeg.c. */
#include "core/format/image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

typedef struct {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *bytes; /* the library's own, by malloc */
    unsigned long size;
    char reason[JMSG_LENGTH_MAX];
    jmp_buf jump;
} encoder;

__attribute__((noreturn)) static void on_error(j_common_ptr jpeg) {
    encoder *e = jpeg->client_data;
    jpeg->err->format_message(jpeg, e->reason);
    longjmp(e->jump, 1);
}

static bool encode_guarded(encoder *e, const sx_image *image, int quality) {
    size_t stride = (size_t)image->width * (size_t)image->channels;
    if (setjmp(e->jump)) return false;
    jpeg_create_compress(&e->jpeg);
    jpeg_mem_dest(&e->jpeg, &e->bytes, &e->size);
    e->jpeg.image_width = (JDIMENSION)image->width;
    e->jpeg.image_height = (JDIMENSION)image->height;
    e->jpeg.input_components = image->channels;
    e->jpeg.in_color_space = image->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&e->jpeg);
    jpeg_set_quality(&e->jpeg, quality, TRUE);
    jpeg_start_compress(&e->jpeg, TRUE);
    while (e->jpeg.next_scanline < e->jpeg.image_height) {
        JSAMPROW row = image->pixels + stride * e->jpeg.next_scanline;
        jpeg_write_scanlines(&e->jpeg, &row, 1);
    }
    jpeg_finish_compress(&e->jpeg);
    return true;
}

sx_status sx_jpeg_encode(const sx_image *image, int quality, sx_bytes *out, sx_error *err) {
    *out = (sx_bytes){0};
    if (image->height < 1 || image->width < 1 || (image->channels != 1 && image->channels != 3))
        return sx_fail(err, SX_BAD_INPUT, "a picture of %d x %d pixels and %d channels is no JPEG",
                       image->width, image->height, image->channels);
    encoder e = {.reason = "libjpeg does not start"};
    e.jpeg.err = jpeg_std_error(&e.errors);
    e.jpeg.client_data = &e;
    e.errors.error_exit = on_error;
    bool good = encode_guarded(&e, image, quality);
    jpeg_destroy_compress(&e.jpeg);
    if (good && (out->data = sx_alloc(e.size, 1))) {
        memcpy(out->data, e.bytes, e.size);
        out->size = e.size;
    }
    free(e.bytes);
    if (!good) return sx_fail(err, SX_BAD_INPUT, "cannot write this JPEG: %s", e.reason);
    return out->data ? SX_OK : sx_fail(err, SX_NO_MEMORY, "not enough memory to write a JPEG");
}
