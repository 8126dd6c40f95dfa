/* Pictures in memory, and reading a file by what it is rather than by what it is called. */
#include "core/format/image.h"

#include <string.h>
#include <strings.h>

sx_status sx_image_new(sx_image *out, int height, int width, int channels, sx_error *err) {
    *out = (sx_image){0};
    if (height < 1 || width < 1)
        return sx_fail(err, SX_BAD_INPUT, "a picture of %d x %d pixels is empty", width, height);
    if ((size_t)height > SX_IMAGE_MAX_PIXELS / (size_t)width)
        return sx_fail(err, SX_BAD_INPUT,
                       "a picture of %d x %d pixels; at most %zu pixels are read", width, height,
                       SX_IMAGE_MAX_PIXELS);
    uint8_t *pixels = sx_alloc((size_t)height * (size_t)width, (size_t)channels);
    if (!pixels)
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for a picture of %d x %d", width,
                       height);
    *out = (sx_image){height, width, channels, pixels};
    return SX_OK;
}

void sx_image_done(sx_image *image) {
    sx_free(image->pixels);
    *image = (sx_image){0};
}

static bool is_png(const sx_bytes *file) {
    return file->size >= 8 && memcmp(file->data, "\x89PNG\r\n\x1a\n", 8) == 0;
}

static bool is_jpeg(const sx_bytes *file) {
    return file->size >= 3 && memcmp(file->data, "\xff\xd8\xff", 3) == 0;
}

sx_status sx_image_read(const char *path, sx_image *out, sx_error *err) {
    sx_bytes file;
    *out = (sx_image){0};
    sx_status status = sx_file_read(path, SX_IMAGE_MAX_FILE_BYTES, &file, err);
    if (status) return status;
    if (is_png(&file))
        status = sx_png_decode(file.data, file.size, out, err);
    else if (is_jpeg(&file))
        status = sx_jpeg_decode(file.data, file.size, out, err);
    else
        status = sx_fail(err, SX_BAD_INPUT, "is neither PNG nor JPEG");
    sx_bytes_done(&file);
    if (!status) return SX_OK;
    char shown[300];
    sx_text_printable(shown, sizeof shown, path);
    return sx_fail_within(err, "'%s'", shown);
}

bool sx_image_has_name(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 ||
                   strcasecmp(dot, ".jpeg") == 0);
}
