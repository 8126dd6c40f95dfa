/* PNG through libpng. libpng reports errors by a jump; everything that must survive it lives in a
 * structure that the jump does not touch. */
#include "core/format/image.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

typedef struct {
    png_structp png;
    png_infop info;
    const uint8_t *next; /* reading */
    size_t left;
    sx_text written; /* writing */
    sx_image *image;
    png_bytep *rows;
    sx_status status;
    sx_error *err;
} coder;

static void on_error(png_structp png, png_const_charp why) {
    coder *c = png_get_error_ptr(png);
    char shown[160];
    sx_text_printable(shown, sizeof shown, why);
    if (!c->status) c->status = sx_fail(c->err, SX_BAD_INPUT, "PNG: %s", shown);
    longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp why) {
    (void)png;
    (void)why;
}

static void read_bytes(png_structp png, png_bytep out, size_t size) {
    coder *c = png_get_io_ptr(png);
    if (size > c->left) png_error(png, "the file is cut off");
    memcpy(out, c->next, size);
    c->next += size;
    c->left -= size;
}

static void write_bytes(png_structp png, png_bytep in, size_t size) {
    coder *c = png_get_io_ptr(png);
    sx_text_add_bytes(&c->written, (const char *)in, size);
    if (c->written.failed) png_error(png, "not enough memory");
}

static void flush_bytes(png_structp png) {
    (void)png;
}

/* Asks libpng for 8-bit grey, RGB or RGBA. */
static int choose_channels(png_structp png, png_infop info) {
    int type = png_get_color_type(png, info), depth = png_get_bit_depth(png, info);
    bool transparent = png_get_valid(png, info, PNG_INFO_tRNS) != 0;
    bool alpha = (type & PNG_COLOR_MASK_ALPHA) || transparent;
    if (depth == 16) png_set_scale_16(png);
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (type == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (transparent) png_set_tRNS_to_alpha(png);
    if (alpha && !(type & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return png_get_channels(png, info);
}

static void make_image(coder *c, int channels) {
    png_uint_32 width = png_get_image_width(c->png, c->info);
    png_uint_32 height = png_get_image_height(c->png, c->info);
    if (width > INT32_MAX || height > INT32_MAX) png_error(c->png, "the size is too large");
    c->status = sx_image_new(c->image, (int)height, (int)width, channels, c->err);
    if (c->status) png_error(c->png, "no picture");
    c->rows = sx_alloc(height, sizeof *c->rows);
    if (!c->rows) png_error(c->png, "not enough memory");
    for (png_uint_32 y = 0; y < height; y++)
        c->rows[y] = c->image->pixels + (size_t)y * width * (size_t)channels;
}

static void decode(coder *c) {
    if (setjmp(png_jmpbuf(c->png))) return;
    png_set_user_limits(c->png, 1000000, 1000000);
    png_set_chunk_malloc_max(c->png, (png_alloc_size_t)8 << 20);
    png_set_read_fn(c->png, c, read_bytes);
    png_read_info(c->png, c->info);
    uint64_t pixels =
        (uint64_t)png_get_image_width(c->png, c->info) * png_get_image_height(c->png, c->info);
    if (pixels > SX_IMAGE_MAX_PIXELS) {
        c->status =
            sx_fail(c->err, SX_BAD_INPUT, "PNG: %u x %u pixels; at most %zu pixels are read",
                    (unsigned)png_get_image_width(c->png, c->info),
                    (unsigned)png_get_image_height(c->png, c->info), SX_IMAGE_MAX_PIXELS);
        return;
    }
    make_image(c, choose_channels(c->png, c->info));
    png_read_image(c->png, c->rows);
    png_read_end(c->png, NULL);
}

sx_status sx_png_decode(const uint8_t *bytes, size_t size, sx_image *out, sx_error *err) {
    *out = (sx_image){0};
    coder c = {.next = bytes, .left = size, .image = out, .err = err};
    c.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &c, on_error, on_warning);
    c.info = c.png ? png_create_info_struct(c.png) : NULL;
    if (c.info)
        decode(&c);
    else
        c.status = sx_fail(err, SX_NO_MEMORY, "not enough memory to read a PNG");
    png_destroy_read_struct(&c.png, &c.info, NULL);
    sx_free(c.rows);
    if (c.status) sx_image_done(out);
    return c.status;
}

static void encode(coder *c, const sx_image *image) {
    static const int types[] = {0, PNG_COLOR_TYPE_GRAY, 0, PNG_COLOR_TYPE_RGB,
                                PNG_COLOR_TYPE_RGB_ALPHA};
    if (setjmp(png_jmpbuf(c->png))) return;
    png_set_write_fn(c->png, c, write_bytes, flush_bytes);
    png_set_IHDR(c->png, c->info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
                 types[image->channels], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(c->png, c->info);
    for (int y = 0; y < image->height; y++)
        png_write_row(c->png,
                      image->pixels + (size_t)y * (size_t)image->width * (size_t)image->channels);
    png_write_end(c->png, NULL);
}

sx_status sx_png_encode(const sx_image *image, sx_bytes *out, sx_error *err) {
    *out = (sx_bytes){0};
    if (image->channels != 1 && image->channels != 3 && image->channels != 4)
        return sx_fail(err, SX_BAD_INPUT, "PNG: %d channels; 1, 3 and 4 are written",
                       image->channels);
    coder c = {.err = err};
    c.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &c, on_error, on_warning);
    c.info = c.png ? png_create_info_struct(c.png) : NULL;
    if (c.info)
        encode(&c, image);
    else
        c.status = sx_fail(err, SX_NO_MEMORY, "not enough memory to write a PNG");
    png_destroy_write_struct(&c.png, &c.info);
    if (c.status)
        sx_text_done(&c.written);
    else
        *out = (sx_bytes){(uint8_t *)c.written.data, c.written.size};
    return c.status;
}
