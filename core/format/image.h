/* Still images: PNG through libpng, JPEG through libjpeg-turbo. */
#ifndef SX_FORMAT_IMAGE_H
#define SX_FORMAT_IMAGE_H

#include "core/base/base.h"

/* More pixels than this are a picture bomb: the sentence gives the size and the limit. */
#ifndef SX_IMAGE_MAX_PIXELS /* fuzzers set less */
#define SX_IMAGE_MAX_PIXELS ((size_t)64 * 1024 * 1024)
#endif
#define SX_IMAGE_MAX_FILE_BYTES ((size_t)256 * 1024 * 1024)

/* 8-bit pixels [height, width, channels], row by row, owned. Channels: 1 grey, 3 RGB, 4 RGBA with
 * straight (not premultiplied) alpha. Grey with alpha is read as RGBA; palettes are expanded;
 * 16-bit samples are rounded to 8. */
typedef struct {
    int height, width, channels;
    uint8_t *pixels;
} sx_image;

/* Allocates zeroed pixels; refuses empty sizes and more than SX_IMAGE_MAX_PIXELS. */
sx_status sx_image_new(sx_image *out, int height, int width, int channels, sx_error *err);
void sx_image_done(sx_image *image);

sx_status sx_png_decode(const uint8_t *bytes, size_t size, sx_image *out, sx_error *err);
sx_status sx_png_encode(const sx_image *image, sx_bytes *out, sx_error *err);
/* Grey or RGB; quality 1 .. 100, colours at half the resolution. */
sx_status sx_jpeg_encode(const sx_image *image, int quality, sx_bytes *out, sx_error *err);
sx_status sx_jpeg_decode(const uint8_t *bytes, size_t size, sx_image *out, sx_error *err);

/* Reads a PNG or JPEG file; the kind is known by its first bytes, not by its name. */
sx_status sx_image_read(const char *path, sx_image *out, sx_error *err);

/* What a file says of itself at its beginning; pixels are not read, but what sx_image_read would
 * refuse so far is refused. Swapped by EXIF or not, a JPEG's sides are those that are stored. */
typedef struct {
    int height, width;
    bool alpha; /* a channel of it, or a colour or palette entries that are transparent */
} sx_image_facts;
sx_status sx_png_look(const uint8_t *bytes, size_t size, sx_image_facts *out, sx_error *err);
sx_status sx_jpeg_look(const uint8_t *bytes, size_t size, sx_image_facts *out, sx_error *err);
sx_status sx_image_look(const char *path, sx_image_facts *out, sx_error *err);

/* True for names that end in .png, .jpg or .jpeg in any case. */
bool sx_image_has_name(const char *path);

#endif
