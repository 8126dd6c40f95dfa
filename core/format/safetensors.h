/* safetensors: 8 bytes little-endian header size, a JSON header, values. By hand, over jansson.
 * Source: https://github.com/huggingface/safetensors, section "Format". */
#ifndef SX_FORMAT_SAFETENSORS_H
#define SX_FORMAT_SAFETENSORS_H

#include "core/base/base.h"
#include "core/format/dtype.h"

typedef struct {
    const char *name;
    sx_dtype dtype;
    int rank; /* 0 .. 8 */
    size_t sizes[8];
    const void *values; /* dense, little-endian, aligned for the dtype; `bytes` of them */
    size_t bytes;
} sx_safetensor;

/* Text pairs of "__metadata__". */
typedef struct {
    const char *key, *value;
} sx_metadata;

typedef struct {
    sx_arena arena;
    sx_bytes file; /* the tensors' values point into it */
    bool mapped;   /* `file` is a map, and values may lie unaligned */
    sx_safetensor *tensors;
    size_t count;
    sx_metadata *metadata;
    size_t metadata_count;
} sx_safetensors;

/* Parses and takes `file` (also on error). The tensors come in the order of their bytes.
 * Overlapping, missing or surplus bytes, an unknown dtype, a product that overflows: an error with
 * the tensor's name. */
sx_status sx_safetensors_parse(sx_bytes file, sx_safetensors *out, sx_error *err);
/* The same for a map of a file (sx_file_map), whose values are not copied: one that lies unaligned
 * for its type stays so. */
sx_status sx_safetensors_map(sx_bytes map, sx_safetensors *out, sx_error *err);
sx_status sx_safetensors_read(const char *path, size_t limit, sx_safetensors *out, sx_error *err);
void sx_safetensors_done(sx_safetensors *file);

/* The tensor of that name, NULL if there is none; the value of a metadata key, NULL if none. */
const sx_safetensor *sx_safetensors_find(const sx_safetensors *file, const char *name);
const char *sx_safetensors_metadata(const sx_safetensors *file, const char *key);

/* Writes atomically, wide dtypes first. Borrows everything. */
sx_status sx_safetensors_write(const char *path, const sx_safetensor *tensors, size_t count,
                               const sx_metadata *metadata, size_t metadata_count, sx_error *err);

#endif
