/* PNG through libpng, whatever the bit depth or colour type, to and from the house's 8-bit
 * picture. libpng reports errors by a jump; so everything that must survive it lives in a struct of
 * the caller, and the function that sets the jump has no changing locals. Ancillary chunks other
 * than tRNS are skipped unread: colour management is not done here. */
#include "core/format/image.h"

#include <png.h>
#include <stdio.h>
#include <string.h>

#define MOST_SIDE 0x7FFFFFFF

typedef struct {
    const uint8_t *bytes; /* read from */
    size_t size, at;
    sx_bytes out; /* written to */
    size_t capacity;
    png_structp png;
    png_infop info;
    bool no_memory;
    sx_status status; /* of a failure that `err` tells already */
    sx_error *err;
    char reason[160];
    jmp_buf jump;
} codec;

static void *codec_alloc(png_structp png, png_alloc_size_t size) {
    codec *c = png_get_mem_ptr(png);
    void *memory = sx_alloc(size, 1);
    if (!memory) c->no_memory = true;
    return memory;
}

static void codec_free(png_structp png, void *memory) {
    (void)png;
    sx_free(memory);
}

__attribute__((noreturn)) static void on_error(png_structp png, png_const_charp reason) {
    codec *c = png_get_error_ptr(png);
    snprintf(c->reason, sizeof c->reason, "%s", reason);
    longjmp(c->jump, 1);
}

static void on_warning(png_structp png, png_const_charp reason) {
    (void)png;
    (void)reason;
}

static void read_bytes(png_structp png, png_bytep to, size_t count) {
    codec *c = png_get_io_ptr(png);
    if (count > c->size - c->at) png_error(png, "it is cut short");
    memcpy(to, c->bytes + c->at, count);
    c->at += count;
}

static void write_bytes(png_structp png, png_bytep from, size_t count) {
    codec *c = png_get_io_ptr(png);
    c->no_memory = !sx_grow((void **)&c->out.data, &c->capacity, c->out.size + count, 1);
    if (c->no_memory) png_error(png, "out of memory");
    memcpy(c->out.data + c->out.size, from, count);
    c->out.size += count;
}

static void flush_nothing(png_structp png) {
    (void)png;
}

/* The sentence for whatever ended the codec early. */
static sx_status codec_failure(codec *c, const char *verb) {
    if (c->status) return c->status;
    if (c->no_memory) return sx_fail(c->err, SX_NO_MEMORY, "not enough memory to %s a PNG", verb);
    return sx_fail(c->err, SX_BAD_INPUT, "cannot %s this PNG: %s", verb, c->reason);
}

static void read_header(codec *c) {
    png_set_read_fn(c->png, c, read_bytes);
    png_set_user_limits(c->png, MOST_SIDE, MOST_SIDE); /* so that the limit is told by us */
    png_set_keep_unknown_chunks(c->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_crc_action(c->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_read_info(c->png, c->info);
}

/* False if there are too many pixels; the sentence is then told. */
static bool check_size(codec *c) {
    png_uint_32 width = png_get_image_width(c->png, c->info);
    png_uint_32 height = png_get_image_height(c->png, c->info);
    if ((uint64_t)width * height <= SX_IMAGE_MAX_PIXELS) return true;
    c->status = sx_fail(c->err, SX_BAD_INPUT, "the PNG has %u x %u pixels; at most %zu are read",
                        width, height, SX_IMAGE_MAX_PIXELS);
    return false;
}

/* Checks the size before libpng allocates its rows, asks for 8-bit samples without palette, and
 * makes the picture. False if it is refused; the sentence is then told. */
static bool make_image(codec *c, sx_image *image) {
    if (!check_size(c)) return false;
    png_set_expand(c->png);
    png_set_scale_16(c->png);
    int colour = png_get_color_type(c->png, c->info);
    bool transparent = png_get_valid(c->png, c->info, PNG_INFO_tRNS) != 0;
    if (colour == PNG_COLOR_TYPE_GRAY_ALPHA || (colour == PNG_COLOR_TYPE_GRAY && transparent))
        png_set_gray_to_rgb(c->png);
    png_set_interlace_handling(c->png);
    png_read_update_info(c->png, c->info);
    c->status = sx_image_new(image, (int)png_get_image_height(c->png, c->info),
                             (int)png_get_image_width(c->png, c->info),
                             png_get_channels(c->png, c->info), c->err);
    return c->status == SX_OK;
}

static void read_rows(codec *c, sx_image *image) {
    size_t stride = (size_t)image->width * (size_t)image->channels;
    if (png_get_rowbytes(c->png, c->info) != stride) png_error(c->png, "its rows are too long");
    int passes = png_get_interlace_type(c->png, c->info) == PNG_INTERLACE_ADAM7
                     ? PNG_INTERLACE_ADAM7_PASSES
                     : 1;
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < image->height; y++)
            png_read_row(c->png, image->pixels + (size_t)y * stride, NULL);
    png_read_end(c->png, NULL);
}

static bool start_reading(codec *c) {
    c->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, c, on_error, on_warning, c,
                                      codec_alloc, codec_free);
    c->info = c->png ? png_create_info_struct(c->png) : NULL;
    if (!c->info) return false;
    read_header(c);
    return true;
}

static bool decode_guarded(codec *c, sx_image *image) {
    if (setjmp(c->jump)) return false;
    if (!start_reading(c) || !make_image(c, image)) return false;
    read_rows(c, image);
    return true;
}

static bool look_guarded(codec *c, sx_image_facts *out) {
    if (setjmp(c->jump)) return false;
    if (!start_reading(c)) return false;
    out->height = (int)png_get_image_height(c->png, c->info);
    out->width = (int)png_get_image_width(c->png, c->info);
    out->alpha = (png_get_color_type(c->png, c->info) & PNG_COLOR_MASK_ALPHA) != 0 ||
                 png_get_valid(c->png, c->info, PNG_INFO_tRNS) != 0;
    return check_size(c);
}

sx_status sx_png_decode(const uint8_t *bytes, size_t size, sx_image *out, sx_error *err) {
    *out = (sx_image){0};
    codec c = {.bytes = bytes, .size = size, .err = err, .reason = "libpng does not start"};
    bool good = decode_guarded(&c, out);
    png_destroy_read_struct(&c.png, &c.info, NULL);
    if (good) return SX_OK;
    sx_image_done(out);
    return codec_failure(&c, "read");
}

sx_status sx_png_look(const uint8_t *bytes, size_t size, sx_image_facts *out, sx_error *err) {
    codec c = {.bytes = bytes, .size = size, .err = err, .reason = "libpng does not start"};
    bool good = look_guarded(&c, out);
    png_destroy_read_struct(&c.png, &c.info, NULL);
    return good ? SX_OK : codec_failure(&c, "read");
}

static bool encode_guarded(codec *c, const sx_image *image) {
    if (setjmp(c->jump)) return false;
    c->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, c, on_error, on_warning, c,
                                       codec_alloc, codec_free);
    c->info = c->png ? png_create_info_struct(c->png) : NULL;
    if (!c->info) return false;
    png_set_write_fn(c->png, c, write_bytes, flush_nothing);
    png_set_user_limits(c->png, MOST_SIDE, MOST_SIDE);
    int colour = image->channels == 1   ? PNG_COLOR_TYPE_GRAY
                 : image->channels == 3 ? PNG_COLOR_TYPE_RGB
                                        : PNG_COLOR_TYPE_RGB_ALPHA;
    png_set_IHDR(c->png, c->info, (png_uint_32)image->width, (png_uint_32)image->height, 8, colour,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(c->png, c->info);
    for (int y = 0; y < image->height; y++)
        png_write_row(c->png,
                      image->pixels + (size_t)y * (size_t)image->width * (size_t)image->channels);
    png_write_end(c->png, NULL);
    return true;
}

sx_status sx_png_encode(const sx_image *image, sx_bytes *out, sx_error *err) {
    *out = (sx_bytes){0};
    if (image->height < 1 || image->width < 1 ||
        (image->channels != 1 && image->channels != 3 && image->channels != 4))
        return sx_fail(err, SX_BAD_INPUT, "a picture of %d x %d pixels and %d channels is no PNG",
                       image->width, image->height, image->channels);
    codec c = {.err = err, .reason = "libpng does not start"};
    bool good = encode_guarded(&c, image);
    png_destroy_write_struct(&c.png, &c.info);
    if (good) {
        *out = c.out;
        return SX_OK;
    }
    sx_bytes_done(&c.out);
    return codec_failure(&c, "write");
}
