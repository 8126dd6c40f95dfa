/* What PNG and JPEG share: the picture itself, its limits, and how a file is told by its first
 * bytes. Names lie more often than magic numbers. */
#include "core/format/image.h"

#include <string.h>
#include <strings.h>

sx_status sx_image_new(sx_image *out, int height, int width, int channels, sx_error *err) {
    *out = (sx_image){0};
    if (height < 1 || width < 1)
        return sx_fail(err, SX_BAD_INPUT, "a picture of %d x %d pixels is empty", width, height);
    if (channels != 1 && channels != 3 && channels != 4)
        return sx_fail(err, SX_BAD_INPUT, "a picture has 1, 3 or 4 channels, not %d", channels);
    size_t pixels;
    if (!sx_size_multiply((size_t)height, (size_t)width, &pixels) || pixels > SX_IMAGE_MAX_PIXELS)
        return sx_fail(err, SX_BAD_INPUT, "a picture of %d x %d pixels; at most %zu are read",
                       width, height, SX_IMAGE_MAX_PIXELS);
    out->pixels = sx_alloc(pixels, (size_t)channels);
    if (!out->pixels)
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for a picture of %d x %d pixels",
                       width, height);
    out->height = height;
    out->width = width;
    out->channels = channels;
    return SX_OK;
}

void sx_image_done(sx_image *image) {
    sx_free(image->pixels);
    *image = (sx_image){0};
}

typedef struct {
    const char *magic;
    size_t size;
    sx_status (*decode)(const uint8_t *bytes, size_t size, sx_image *out, sx_error *err);
    sx_status (*look)(const uint8_t *bytes, size_t size, sx_image_facts *out, sx_error *err);
} image_kind;

static const image_kind kinds[] = {
    {"\x89PNG\r\n\x1A\n", 8, sx_png_decode, sx_png_look},
    {"\xFF\xD8\xFF", 3, sx_jpeg_decode, sx_jpeg_look},
};

/* NULL with `err` filled if the bytes are of neither. */
static const image_kind *kind_of(const sx_bytes *file, sx_error *err) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (file->size >= kinds[i].size && memcmp(file->data, kinds[i].magic, kinds[i].size) == 0)
            return &kinds[i];
    sx_fail(err, SX_BAD_INPUT, "this is neither a PNG nor a JPEG picture");
    return NULL;
}

sx_status sx_image_read(const char *path, sx_image *out, sx_error *err) {
    *out = (sx_image){0};
    sx_bytes file;
    sx_status status = sx_file_read(path, SX_IMAGE_MAX_FILE_BYTES, &file, err);
    if (status) return status;
    const image_kind *kind = kind_of(&file, err);
    status = kind ? kind->decode(file.data, file.size, out, err) : SX_BAD_INPUT;
    sx_bytes_done(&file);
    if (status) sx_fail_within(err, "'%.300s'", path);
    return status;
}

sx_status sx_image_look(const char *path, sx_image_facts *out, sx_error *err) {
    *out = (sx_image_facts){0};
    sx_bytes file;
    sx_status status = sx_file_map(path, &file, err);
    if (status) return status;
    const image_kind *kind = kind_of(&file, err);
    status = kind ? kind->look(file.data, file.size, out, err) : SX_BAD_INPUT;
    sx_file_unmap(&file);
    if (status) sx_fail_within(err, "'%.300s'", path);
    return status;
}

bool sx_image_has_name(const char *path) {
    static const char *const ends[] = {".png", ".jpg", ".jpeg"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (length > end && strcasecmp(path + length - end, ends[i]) == 0) return true;
    }
    return false;
}
