/* A file of named tensors, whatever wrote it: safetensors (memory-mapped) or npz. Opening reads
 * names and shapes only; values are read one tensor at a time, as floats, so that loading a model
 * needs little more memory than the model. A pickle is refused with a way out. */
#ifndef SX_FORMAT_TENSORS_H
#define SX_FORMAT_TENSORS_H

#include "core/base/base.h"
#include "core/format/safetensors.h"

typedef struct {
    const char *name; /* as in the file; of an npz member without ".npy" */
    const char *type; /* as the file calls it: "F32", "<f4" */
    int rank;
    size_t sizes[8], count; /* count: of values */
    size_t index;           /* in the file */
} sx_tensor_facts;

typedef struct sx_tensors sx_tensors;

/* Opens the file; NULL with a sentence if it is none that is read. End with sx_tensors_close. */
sx_tensors *sx_tensors_open(const char *path, sx_error *err);
void sx_tensors_close(sx_tensors *file);

const char *sx_tensors_kind(const sx_tensors *file); /* "safetensors" or "npz" */
size_t sx_tensors_count(const sx_tensors *file);
const sx_tensor_facts *sx_tensors_at(const sx_tensors *file, size_t i);
/* NULL if there is none of that name. */
const sx_tensor_facts *sx_tensors_find(const sx_tensors *file, const char *name);
/* The value of a metadata key, NULL if there is none. */
const char *sx_tensors_metadata(const sx_tensors *file, const char *key);

/* All values of a tensor in C order into out [count], whatever their type and order in the file. */
sx_status sx_tensors_read(sx_tensors *file, const sx_tensor_facts *tensor, float *out,
                          sx_error *err);

#endif
