/* safetensors. Everything in the header is checked against the file's size before a pointer into
 * the values is made: the tensors must tile the values exactly, without holes or overlap. */
#include "core/format/safetensors.h"

#include "core/format/json.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_LIMIT ((size_t)100 * 1024 * 1024) /* as the reference implementation */

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {[SX_DTYPE_F32] = {"F32", 4},
              [SX_DTYPE_F64] = {"F64", 8},
              [SX_DTYPE_I64] = {"I64", 8},
              [SX_DTYPE_U8] = {"U8", 1}};
enum { DTYPES = sizeof dtypes / sizeof dtypes[0] };

static sx_status bad(sx_error *err, const char *name, const char *why) {
    char shown[80];
    sx_text_printable(shown, sizeof shown, name);
    return sx_fail(err, SX_BAD_INPUT, "safetensors: tensor '%s': %s", shown, why);
}

static bool read_count(const json_t *value, size_t *out) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = (size_t)json_integer_value(value);
    return true;
}

static sx_status read_shape(const json_t *shape, sx_safetensor *tensor, sx_error *err) {
    if (!json_is_array(shape) || json_array_size(shape) > 8)
        return bad(err, tensor->name, "the shape is not a list of at most 8 sizes");
    tensor->rank = (int)json_array_size(shape);
    tensor->bytes = dtypes[tensor->dtype].bytes;
    for (int i = 0; i < tensor->rank; i++)
        if (!read_count(json_array_get(shape, (size_t)i), &tensor->sizes[i]) ||
            !sx_size_multiply(tensor->bytes, tensor->sizes[i], &tensor->bytes))
            return bad(err, tensor->name, "a size is negative or too large");
    return SX_OK;
}

static sx_status read_offsets(const json_t *offsets, size_t available, const uint8_t *base,
                              sx_safetensor *tensor, sx_error *err) {
    size_t begin, end;
    if (json_array_size(offsets) != 2 || !read_count(json_array_get(offsets, 0), &begin) ||
        !read_count(json_array_get(offsets, 1), &end))
        return bad(err, tensor->name, "data_offsets are not two counts");
    if (begin > end || end > available)
        return bad(err, tensor->name, "data_offsets lie outside of the file");
    if (end - begin != tensor->bytes)
        return bad(err, tensor->name, "data_offsets do not fit shape and dtype");
    tensor->values = base + begin;
    return SX_OK;
}

static sx_status read_tensor(const char *name, const json_t *entry, size_t available,
                             const uint8_t *base, sx_safetensor *tensor, sx_error *err) {
    tensor->name = name;
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    int row = 0;
    while (dtype && row < DTYPES && strcmp(dtype, dtypes[row].name) != 0) row++;
    if (!dtype || row == DTYPES) return bad(err, name, "the dtype is not one of F32, F64, I64, U8");
    tensor->dtype = (sx_dtype)row;
    sx_status status = read_shape(json_object_get(entry, "shape"), tensor, err);
    if (status) return status;
    return read_offsets(json_object_get(entry, "data_offsets"), available, base, tensor, err);
}

static sx_status read_metadata(const json_t *pairs, sx_safetensors *out, sx_error *err) {
    size_t count = json_object_size(pairs);
    out->metadata = sx_arena_alloc(&out->arena, count, sizeof *out->metadata);
    if (!out->metadata) return sx_fail(err, SX_NO_MEMORY, "not enough memory for safetensors");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)pairs, key, value) {
        if (!json_is_string(value))
            return sx_fail(err, SX_BAD_INPUT,
                           "safetensors: __metadata__ has a value that is no text");
        sx_metadata pair = {sx_arena_text(&out->arena, key),
                            sx_arena_text(&out->arena, json_string_value(value))};
        if (!pair.key || !pair.value)
            return sx_fail(err, SX_NO_MEMORY, "not enough memory for safetensors");
        out->metadata[out->metadata_count++] = pair;
    }
    return SX_OK;
}

static sx_status read_entries(const json_t *header, const uint8_t *base, size_t available,
                              sx_safetensors *out, sx_error *err) {
    out->tensors = sx_arena_alloc(&out->arena, json_object_size(header), sizeof *out->tensors);
    if (!out->tensors) return sx_fail(err, SX_NO_MEMORY, "not enough memory for safetensors");
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)header, key, entry) {
        sx_status status;
        if (strcmp(key, "__metadata__") == 0) {
            status = read_metadata(entry, out, err);
        } else {
            const char *name = sx_arena_text(&out->arena, key);
            if (!name) return sx_fail(err, SX_NO_MEMORY, "not enough memory for safetensors");
            status = read_tensor(name, entry, available, base, &out->tensors[out->count], err);
            out->count += !status;
        }
        if (status) return status;
    }
    return SX_OK;
}

static int by_place(const void *a, const void *b) {
    const sx_safetensor *s = a, *t = b;
    if (s->values != t->values) return (const char *)s->values < (const char *)t->values ? -1 : 1;
    return (s->bytes > t->bytes) - (s->bytes < t->bytes);
}

/* Sorts the tensors by place and checks that they tile the values. */
static sx_status check_tiling(const uint8_t *base, size_t available, sx_safetensors *out,
                              sx_error *err) {
    if (out->count > 1) qsort(out->tensors, out->count, sizeof *out->tensors, by_place);
    size_t at = 0;
    for (size_t i = 0; i < out->count; i++) {
        if ((const uint8_t *)out->tensors[i].values != base + at)
            return bad(err, out->tensors[i].name, "overlaps another tensor or leaves a hole");
        at += out->tensors[i].bytes;
    }
    if (at != available)
        return sx_fail(err, SX_BAD_INPUT, "safetensors: %zu bytes belong to no tensor",
                       available - at);
    return SX_OK;
}

static sx_status parse(sx_safetensors *out, sx_error *err) {
    const uint8_t *data = out->file.data;
    uint64_t length = 0;
    if (out->file.size < 8)
        return sx_fail(err, SX_BAD_INPUT, "safetensors: only %zu bytes, no header", out->file.size);
    for (int i = 7; i >= 0; i--) length = length << 8 | data[i];
    if (length > HEADER_LIMIT || length > out->file.size - 8)
        return sx_fail(err, SX_BAD_INPUT,
                       "safetensors: offset 0: a header of %llu bytes does not fit the file",
                       (unsigned long long)length);
    json_t *header;
    sx_status status =
        sx_json_parse("safetensors header", (const char *)data + 8, (size_t)length, &header, err);
    if (status) return status;
    const uint8_t *base = data + 8 + length;
    size_t available = out->file.size - 8 - (size_t)length;
    if (!json_is_object(header))
        status = sx_fail(err, SX_BAD_INPUT, "safetensors: the header is not an object");
    if (!status) status = read_entries(header, base, available, out, err);
    if (!status) status = check_tiling(base, available, out, err);
    json_decref(header);
    return status;
}

sx_status sx_safetensors_parse(sx_bytes file, sx_safetensors *out, sx_error *err) {
    *out = (sx_safetensors){.file = file};
    sx_status status = parse(out, err);
    if (status) sx_safetensors_done(out);
    return status;
}

sx_status sx_safetensors_read(const char *path, size_t limit, sx_safetensors *out, sx_error *err) {
    sx_bytes file;
    *out = (sx_safetensors){0};
    sx_status status = sx_file_read(path, limit, &file, err);
    if (status) return status;
    return sx_safetensors_parse(file, out, err) ? sx_fail_within(err, "'%.200s'", path) : SX_OK;
}

void sx_safetensors_done(sx_safetensors *file) {
    sx_bytes_done(&file->file);
    sx_arena_done(&file->arena);
    *file = (sx_safetensors){0};
}

const sx_safetensor *sx_safetensors_find(const sx_safetensors *file, const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
    return NULL;
}

const char *sx_safetensors_metadata(const sx_safetensors *file, const char *key) {
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, key) == 0) return file->metadata[i].value;
    return NULL;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static json_t *describe(const sx_safetensor *tensor, size_t offset) {
    json_t *shape = json_array();
    for (int i = 0; i < tensor->rank; i++)
        json_array_append_new(shape, json_integer((json_int_t)tensor->sizes[i]));
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", dtypes[tensor->dtype].name, "shape", shape,
                     "data_offsets", (json_int_t)offset, (json_int_t)(offset + tensor->bytes));
}

/* The header's text, padded with blanks so that the values begin at a multiple of 8. */
static char *make_header(const sx_safetensor *tensors, size_t count, const sx_metadata *metadata,
                         size_t metadata_count, size_t *length) {
    json_t *header = json_object(), *pairs = json_object();
    int failed = !header || !pairs;
    for (size_t i = 0; i < metadata_count; i++)
        failed |= json_object_set_new(pairs, metadata[i].key, json_string(metadata[i].value));
    failed |= json_object_set_new(header, "__metadata__", pairs);
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        failed |= json_object_set_new(header, tensors[i].name, describe(&tensors[i], offset));
        offset += tensors[i].bytes;
    }
    char *text = failed ? NULL : json_dumps(header, JSON_COMPACT);
    json_decref(header);
    if (!text) return NULL;
    size_t used = strlen(text);
    *length = (used + 7) / 8 * 8;
    char *padded = sx_alloc(*length + 1, 1);
    if (padded) {
        memcpy(padded, text, used);
        memset(padded + used, ' ', *length - used);
    }
    free(text);
    return padded;
}

sx_status sx_safetensors_write(const char *path, const sx_safetensor *tensors, size_t count,
                               const sx_metadata *metadata, size_t metadata_count, sx_error *err) {
    size_t length = 0, total = 8;
    char *header = make_header(tensors, count, metadata, metadata_count, &length);
    for (size_t i = 0; i < count; i++) total += tensors[i].bytes;
    uint8_t *file = header ? sx_alloc(total + length, 1) : NULL;
    if (!file) {
        sx_free(header);
        return sx_fail(err, SX_NO_MEMORY, "not enough memory to write '%.200s'", path);
    }
    for (int i = 0; i < 8; i++) file[i] = (uint8_t)((uint64_t)length >> (8 * i));
    memcpy(file + 8, header, length);
    uint8_t *at = file + 8 + length;
    for (size_t i = 0; i < count; i++) {
        if (tensors[i].bytes) memcpy(at, tensors[i].values, tensors[i].bytes);
        at += tensors[i].bytes;
    }
    sx_status status = sx_file_write(path, file, total + length, err);
    sx_free(header);
    sx_free(file);
    return status;
}
