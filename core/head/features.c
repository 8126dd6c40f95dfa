/* The file of features: a header, the text that says what they were computed from, and the values,
 * which are looked at through a map, so that a set larger than memory is no trouble and a second
 * opening costs nothing. It is written beside its name and renamed when it is whole. */
#include "core/head/head.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "sxfeat1"

typedef struct {
    char magic[8];
    uint32_t width, key_size; /* with its 0 */
    uint64_t count, offset;   /* of the values, a multiple of SX_ALIGN */
} header;

struct sx_features_writer {
    FILE *file;
    char path[SX_PATH_SIZE], part[SX_PATH_SIZE];
    size_t count, width, written; /* vectors */
};

static size_t values_offset(size_t key_size) {
    return (sizeof(header) + key_size + SX_ALIGN - 1) / SX_ALIGN * SX_ALIGN;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static sx_status write_failed(const sx_features_writer *writer, sx_error *err) {
    return sx_fail(err, SX_IO, "cannot write '%.300s': %m", writer->part);
}

static sx_status write_header(sx_features_writer *writer, const char *key, sx_error *err) {
    static const char zeros[SX_ALIGN];
    header h = {.magic = MAGIC, .width = (uint32_t)writer->width, .count = writer->count};
    h.key_size = (uint32_t)strlen(key) + 1;
    h.offset = values_offset(h.key_size);
    size_t gap = (size_t)h.offset - sizeof h - h.key_size;
    bool good = fwrite(&h, sizeof h, 1, writer->file) == 1 &&
                fwrite(key, 1, h.key_size, writer->file) == h.key_size &&
                fwrite(zeros, 1, gap, writer->file) == gap;
    return good ? SX_OK : write_failed(writer, err);
}

sx_status sx_features_begin(const char *path, const char *key, size_t count, int width,
                            sx_features_writer **out, sx_error *err) {
    size_t values;
    *out = NULL;
    if (width < 1 || strlen(key) > UINT16_MAX || !sx_size_multiply(count, (size_t)width, &values) ||
        !sx_size_multiply(values, sizeof(float), &values))
        return sx_fail(err, SX_BAD_INPUT, "%zu features of %d values do not fit in a file", count,
                       width);
    sx_features_writer *writer = sx_alloc(1, sizeof *writer);
    if (!writer) return sx_fail(err, SX_NO_MEMORY, "not enough memory to write features");
    writer->count = count;
    writer->width = (size_t)width;
    int used = snprintf(writer->path, sizeof writer->path, "%s", path);
    int more = snprintf(writer->part, sizeof writer->part, "%s.part", path);
    sx_status status = SX_OK;
    if (used >= (int)sizeof writer->path || more >= (int)sizeof writer->part)
        status = sx_fail(err, SX_BAD_INPUT, "the path '%.200s...' is too long", path);
    else if (!(writer->file = fopen(writer->part, "wbe")))
        status = write_failed(writer, err);
    else
        status = write_header(writer, key, err);
    if (status)
        sx_features_cancel(writer);
    else
        *out = writer;
    return status;
}

sx_status sx_features_add(sx_features_writer *writer, const float *values, size_t count,
                          sx_error *err) {
    if (count > writer->count - writer->written)
        return sx_fail(err, SX_BAD_INPUT, "%zu features were announced, and more came",
                       writer->count);
    size_t size = count * writer->width;
    if (fwrite(values, sizeof *values, size, writer->file) != size)
        return write_failed(writer, err);
    writer->written += count;
    return SX_OK;
}

sx_status sx_features_end(sx_features_writer *writer, sx_error *err) {
    sx_status status = SX_OK;
    if (writer->written != writer->count)
        status = sx_fail(err, SX_BAD_INPUT, "%zu features were announced, and %zu came",
                         writer->count, writer->written);
    else if (fflush(writer->file) != 0 || fsync(fileno(writer->file)) != 0)
        status = write_failed(writer, err);
    if (!status) {
        bool closed = fclose(writer->file) == 0;
        writer->file = NULL;
        if (!closed || rename(writer->part, writer->path) != 0) status = write_failed(writer, err);
    }
    if (status) {
        sx_features_cancel(writer);
        return status;
    }
    sx_free(writer);
    return SX_OK;
}

void sx_features_cancel(sx_features_writer *writer) {
    if (!writer) return;
    if (writer->file) fclose(writer->file);
    if (writer->part[0]) unlink(writer->part);
    sx_free(writer);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

/* That the file is as long as its header says, and was computed from `key`. */
static bool fits(const sx_bytes *file, const char *key, sx_features *out) {
    header h;
    size_t key_size = strlen(key) + 1, values;
    if (file->size < sizeof h) return false;
    memcpy(&h, file->data, sizeof h);
    if (memcmp(h.magic, MAGIC, sizeof h.magic) != 0 || h.width < 1 || h.width > INT32_MAX ||
        h.count > SIZE_MAX || h.key_size != key_size || h.offset != values_offset(key_size) ||
        file->size < h.offset || memcmp(file->data + sizeof h, key, key_size) != 0)
        return false;
    if (!sx_size_multiply((size_t)h.count, h.width, &values) ||
        !sx_size_multiply(values, sizeof(float), &values) ||
        file->size - (size_t)h.offset != values)
        return false;
    out->count = (size_t)h.count;
    out->width = (int)h.width;
    out->values = (const float *)(const void *)(file->data + h.offset);
    return true;
}

sx_status sx_features_open(const char *path, const char *key, bool *found, sx_features *out,
                           sx_error *err) {
    *out = (sx_features){0};
    *found = false;
    if (!sx_is_file(path)) return SX_OK;
    sx_status status = sx_file_map(path, &out->file, err);
    if (status) return status;
    *found = fits(&out->file, key, out);
    if (!*found) sx_features_done(out);
    return SX_OK;
}

void sx_features_done(sx_features *features) {
    if (features->file.data) sx_file_unmap(&features->file);
    *features = (sx_features){0};
}
