/* safetensors, by hand over jansson. The header is hostile until every tensor's claim is held
 * against its shape and the claims together cover the values exactly once: then no reader of a
 * tensor needs to check again. Values stay in the file's bytes; only a tensor that lies unaligned
 * for its type is copied, and that not in a map. */
#include "core/format/safetensors.h"

#include "core/format/json.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_BYTES ((size_t)8)
#define MOST_HEADER_BYTES ((size_t)16 * 1024 * 1024)
#define MOST_RANK 8
#define METADATA "__metadata__"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are used as they lie in files");

static sx_status out_of_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for a safetensors file");
}

static sx_status refuse(sx_error *err, const char *name, const char *what) {
    return sx_fail(err, SX_BAD_INPUT, "tensor '%.200s': %s", name, what);
}

/* The bytes that rank, sizes and dtype call for; false if they overflow. */
static bool dense_bytes(const sx_safetensor *tensor, size_t *bytes) {
    *bytes = sx_dtype_bytes(tensor->dtype);
    bool fits = true;
    for (int i = 0; i < tensor->rank; i++)
        fits = sx_size_multiply(*bytes, tensor->sizes[i], bytes) && fits;
    return fits;
}

static sx_status read_dtype(const json_t *value, sx_safetensor *out, sx_error *err) {
    const char *name = json_string_value(value);
    if (!name) return refuse(err, out->name, "its dtype is missing");
    for (sx_dtype i = 0; i < SX_DTYPES; i++) {
        if (strcmp(sx_dtype_name(i), name) != 0) continue;
        out->dtype = i;
        return SX_OK;
    }
    return sx_fail(
        err, SX_BAD_INPUT,
        "tensor '%.200s': dtype '%.20s' is not read; F16, BF16, F32, F64, BOOL and integers are",
        out->name, name);
}

static sx_status read_shape(const json_t *value, sx_safetensor *out, sx_error *err) {
    if (!json_is_array(value)) return refuse(err, out->name, "its shape is missing");
    size_t rank = json_array_size(value);
    if (rank > MOST_RANK) return refuse(err, out->name, "it has more than 8 dimensions");
    out->rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        json_t *size = json_array_get(value, i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return refuse(err, out->name, "its shape must be whole numbers from 0 up");
        out->sizes[i] = (size_t)json_integer_value(size);
    }
    if (!dense_bytes(out, &out->bytes)) return refuse(err, out->name, "its shape overflows");
    return SX_OK;
}

/* Offsets count from the first byte of the values [size]. */
static sx_status read_place(const json_t *value, const uint8_t *values, size_t size,
                            sx_safetensor *out, sx_error *err) {
    json_t *from = json_array_get(value, 0), *to = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_integer(from) || !json_is_integer(to))
        return refuse(err, out->name, "its data_offsets must be two whole numbers");
    json_int_t begin = json_integer_value(from), end = json_integer_value(to);
    if (begin < 0 || end < begin || (uintmax_t)end > size)
        return sx_fail(err, SX_BAD_INPUT,
                       "tensor '%.200s': its bytes %lld to %lld are not within the file's %zu",
                       out->name, (long long)begin, (long long)end, size);
    if ((size_t)(end - begin) != out->bytes)
        return sx_fail(err, SX_BAD_INPUT,
                       "tensor '%.200s': %zu bytes are there, its shape needs %zu", out->name,
                       (size_t)(end - begin), out->bytes);
    out->values = values + begin;
    return SX_OK;
}

static sx_status read_tensor(const char *name, const json_t *value, sx_safetensors *out,
                             const uint8_t *values, size_t size, sx_error *err) {
    sx_safetensor *tensor = &out->tensors[out->count];
    tensor->name = sx_arena_text(&out->arena, name);
    if (!tensor->name) return out_of_memory(err);
    sx_status status = read_dtype(json_object_get(value, "dtype"), tensor, err);
    if (!status) status = read_shape(json_object_get(value, "shape"), tensor, err);
    if (!status)
        status = read_place(json_object_get(value, "data_offsets"), values, size, tensor, err);
    out->count += !status;
    return status;
}

static sx_status read_metadata(json_t *pairs, sx_safetensors *out, sx_error *err) {
    if (!json_is_object(pairs))
        return sx_fail(err, SX_BAD_INPUT, METADATA " must be an object of texts");
    out->metadata = sx_arena_alloc(&out->arena, json_object_size(pairs), sizeof *out->metadata);
    if (!out->metadata) return out_of_memory(err);
    const char *key;
    json_t *value;
    json_object_foreach(pairs, key, value) {
        if (!json_is_string(value))
            return sx_fail(err, SX_BAD_INPUT, METADATA ": '%.200s' is not a text", key);
        sx_metadata *pair = &out->metadata[out->metadata_count];
        pair->key = sx_arena_text(&out->arena, key);
        pair->value = sx_arena_text(&out->arena, json_string_value(value));
        if (!pair->key || !pair->value) return out_of_memory(err);
        out->metadata_count++;
    }
    return SX_OK;
}

static int by_place(const void *a, const void *b) {
    const sx_safetensor *left = a, *right = b;
    uintptr_t l = (uintptr_t)left->values, r = (uintptr_t)right->values;
    if (l != r) return l < r ? -1 : 1;
    if (left->bytes != right->bytes) return left->bytes < right->bytes ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* Sorts the tensors by place; they must follow each other from the first byte to the last. */
static sx_status check_cover(sx_safetensors *out, const uint8_t *values, size_t size,
                             sx_error *err) {
    if (out->count > 1) qsort(out->tensors, out->count, sizeof *out->tensors, by_place);
    const uint8_t *at = values;
    for (size_t i = 0; i < out->count; i++) {
        const uint8_t *begin = out->tensors[i].values;
        if (begin < at)
            return refuse(err, out->tensors[i].name, "its bytes overlap another tensor's");
        if (begin > at)
            return refuse(err, out->tensors[i].name, "bytes before it belong to nobody");
        at = begin + out->tensors[i].bytes;
    }
    if (at == values + size) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "the last %zu bytes belong to no tensor",
                   (size_t)(values + size - at));
}

static sx_status align_values(sx_safetensors *out, sx_error *err) {
    for (size_t i = 0; i < out->count; i++) {
        sx_safetensor *tensor = &out->tensors[i];
        if ((uintptr_t)tensor->values % sx_dtype_bytes(tensor->dtype) == 0) continue;
        void *copy = sx_arena_alloc(&out->arena, tensor->bytes, 1);
        if (!copy) return out_of_memory(err);
        if (tensor->bytes) memcpy(copy, tensor->values, tensor->bytes);
        tensor->values = copy;
    }
    return SX_OK;
}

static sx_status read_header(json_t *header, const uint8_t *values, size_t size,
                             sx_safetensors *out, sx_error *err) {
    out->tensors = sx_arena_alloc(&out->arena, json_object_size(header), sizeof *out->tensors);
    if (!out->tensors) return out_of_memory(err);
    const char *name;
    json_t *value;
    json_object_foreach(header, name, value) {
        sx_status status = strcmp(name, METADATA) == 0
                               ? read_metadata(value, out, err)
                               : read_tensor(name, value, out, values, size, err);
        if (status) return status;
    }
    sx_status status = check_cover(out, values, size, err);
    return status || out->mapped ? status : align_values(out, err);
}

static sx_status parse(sx_safetensors *out, sx_error *err) {
    const uint8_t *bytes = out->file.data;
    size_t size = out->file.size;
    if (size < LENGTH_BYTES)
        return sx_fail(err, SX_BAD_INPUT,
                       "a safetensors file has at least 8 bytes, this one has %zu", size);
    uint64_t length = 0;
    memcpy(&length, bytes, LENGTH_BYTES);
    if (length > size - LENGTH_BYTES || length > MOST_HEADER_BYTES)
        return sx_fail(
            err, SX_BAD_INPUT,
            "the safetensors header says it has %llu bytes; the file has %zu and at most "
            "%zu are read",
            (unsigned long long)length, size - LENGTH_BYTES, MOST_HEADER_BYTES);
    json_t *header;
    sx_status status = sx_json_parse("safetensors header", (const char *)bytes + LENGTH_BYTES,
                                     (size_t)length, &header, err);
    if (status) return status;
    size_t start = LENGTH_BYTES + (size_t)length;
    status = json_is_object(header)
                 ? read_header(header, bytes + start, size - start, out, err)
                 : sx_fail(err, SX_BAD_INPUT, "the safetensors header is not a JSON object");
    json_decref(header);
    return status;
}

sx_status sx_safetensors_parse(sx_bytes file, sx_safetensors *out, sx_error *err) {
    *out = (sx_safetensors){.file = file};
    sx_status status = parse(out, err);
    if (status) sx_safetensors_done(out);
    return status;
}

sx_status sx_safetensors_map(sx_bytes map, sx_safetensors *out, sx_error *err) {
    *out = (sx_safetensors){.file = map, .mapped = true};
    sx_status status = parse(out, err);
    if (status) sx_safetensors_done(out);
    return status;
}

sx_status sx_safetensors_read(const char *path, size_t limit, sx_safetensors *out, sx_error *err) {
    *out = (sx_safetensors){0};
    sx_bytes file;
    sx_status status = sx_file_read(path, limit, &file, err);
    if (status) return status;
    status = sx_safetensors_parse(file, out, err);
    if (status) sx_fail_within(err, "'%.300s'", path);
    return status;
}

void sx_safetensors_done(sx_safetensors *file) {
    sx_arena_done(&file->arena);
    if (file->mapped)
        sx_file_unmap(&file->file);
    else
        sx_bytes_done(&file->file);
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

/* What jansson refuses after this, it refuses for want of memory. */
static sx_status check_writable(const sx_safetensor *tensor, sx_error *err) {
    size_t bytes;
    if (tensor->dtype >= SX_DTYPES || tensor->rank < 0 || tensor->rank > MOST_RANK)
        return refuse(err, tensor->name, "its dtype or rank cannot be written");
    if (!dense_bytes(tensor, &bytes) || bytes != tensor->bytes)
        return refuse(err, tensor->name, "its bytes and its shape do not agree");
    if (!sx_text_is_utf8(tensor->name)) return refuse(err, tensor->name, "its name is not UTF-8");
    if (strcmp(tensor->name, METADATA) == 0) return refuse(err, tensor->name, "its name is taken");
    return SX_OK;
}

static sx_status add_tensor(json_t *header, const sx_safetensor *tensor, size_t begin,
                            sx_error *err) {
    if (json_object_get(header, tensor->name))
        return refuse(err, tensor->name, "it is given twice");
    json_t *row = json_object(), *shape = json_array(), *place = json_array();
    json_int_t end = (json_int_t)begin + (json_int_t)tensor->bytes;
    int bad = 0;
    for (int i = 0; i < tensor->rank; i++)
        bad |= json_array_append_new(shape, json_integer((json_int_t)tensor->sizes[i]));
    bad |= json_array_append_new(place, json_integer((json_int_t)begin));
    bad |= json_array_append_new(place, json_integer(end));
    bad |= json_object_set_new(row, "dtype", json_string(sx_dtype_name(tensor->dtype)));
    bad |= json_object_set_new(row, "shape", shape);
    bad |= json_object_set_new(row, "data_offsets", place);
    bad |= json_object_set_new(header, tensor->name, row);
    return bad ? out_of_memory(err) : SX_OK;
}

static sx_status add_metadata(json_t *header, const sx_metadata *metadata, size_t count,
                              sx_error *err) {
    if (count == 0) return SX_OK;
    json_t *pairs = json_object();
    int bad = json_object_set_new(header, METADATA, pairs);
    for (size_t i = 0; i < count && !bad; i++) {
        if (!sx_text_is_utf8(metadata[i].key) || !sx_text_is_utf8(metadata[i].value))
            return sx_fail(err, SX_BAD_INPUT, METADATA ": '%.200s' is not UTF-8", metadata[i].key);
        if (json_object_get(pairs, metadata[i].key))
            return sx_fail(err, SX_BAD_INPUT, METADATA ": '%.200s' is given twice",
                           metadata[i].key);
        bad = json_object_set_new(pairs, metadata[i].key, json_string(metadata[i].value));
    }
    return bad ? out_of_memory(err) : SX_OK;
}

/* Types of wide numbers first: so every tensor is aligned if the first one is. */
static const size_t widths[] = {8, 4, 2, 1};
#define WIDTHS (sizeof widths / sizeof *widths)

static sx_status make_header(json_t *header, const sx_safetensor *tensors, size_t count,
                             const sx_metadata *metadata, size_t metadata_count, sx_error *err) {
    sx_status status = add_metadata(header, metadata, metadata_count, err);
    for (size_t i = 0; i < count && !status; i++) status = check_writable(&tensors[i], err);
    size_t at = 0;
    for (size_t w = 0; w < WIDTHS; w++) {
        for (size_t i = 0; i < count && !status; i++) {
            if (sx_dtype_bytes(tensors[i].dtype) != widths[w]) continue;
            status = add_tensor(header, &tensors[i], at, err);
            at += tensors[i].bytes;
        }
    }
    return status;
}

static int add_to_text(const char *bytes, size_t size, void *text) {
    sx_text_add_bytes(text, bytes, size);
    return ((sx_text *)text)->failed ? -1 : 0;
}

/* Length, header padded with blanks to whole cache lines, values. */
static bool put_together(sx_text *out, const json_t *header, const sx_safetensor *tensors,
                         size_t count) {
    sx_text_add_bytes(out, "\0\0\0\0\0\0\0\0", LENGTH_BYTES);
    if (json_dump_callback(header, add_to_text, out, JSON_COMPACT) != 0) return false;
    while (!out->failed && out->size % SX_ALIGN != 0) sx_text_add_bytes(out, " ", 1);
    if (out->failed) return false;
    uint64_t length = out->size - LENGTH_BYTES;
    memcpy(out->data, &length, LENGTH_BYTES);
    size_t total = out->size + 1;
    for (size_t i = 0; i < count; i++) total += tensors[i].bytes;
    if (!sx_grow((void **)&out->data, &out->capacity, total, 1)) return false;
    for (size_t w = 0; w < WIDTHS; w++)
        for (size_t i = 0; i < count; i++)
            if (sx_dtype_bytes(tensors[i].dtype) == widths[w])
                sx_text_add_bytes(out, tensors[i].values, tensors[i].bytes);
    return !out->failed;
}

sx_status sx_safetensors_write(const char *path, const sx_safetensor *tensors, size_t count,
                               const sx_metadata *metadata, size_t metadata_count, sx_error *err) {
    json_t *header = json_object();
    sx_text file = {0};
    sx_status status =
        header ? make_header(header, tensors, count, metadata, metadata_count, err) : SX_NO_MEMORY;
    if (!status && !put_together(&file, header, tensors, count)) status = SX_NO_MEMORY;
    if (status == SX_NO_MEMORY) out_of_memory(err);
    if (!status) status = sx_file_write(path, file.data, file.size, err);
    json_decref(header);
    sx_text_done(&file);
    return status;
}
