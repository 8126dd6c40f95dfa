/* Two kinds of files behind one face. A map of the file costs no memory that counts, but its pages
 * do while they are there: after a tensor was read they are given back. */
#include "core/format/tensors.h"

#include "core/format/npy.h"
#include "core/format/npz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct sx_tensors {
    sx_arena arena;
    sx_tensor_facts *facts;
    size_t count;
    sx_safetensors safetensors; /* of the one kind */
    sx_npz *npz;                /* of the other; or NULL */
};

/* ---- opening -----------------------------------------------------------------------------------
 */

/* The values' number cannot overflow: both readers have checked the bytes. */
static void count_values(sx_tensor_facts *facts) {
    facts->count = 1;
    for (int i = 0; i < facts->rank; i++) facts->count *= facts->sizes[i];
}

static sx_status no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for the names of a file of tensors");
}

static sx_status list_safetensors(sx_tensors *file, sx_error *err) {
    file->count = file->safetensors.count;
    file->facts = sx_arena_alloc(&file->arena, file->count + 1, sizeof *file->facts);
    if (!file->facts) return no_memory(err);
    for (size_t i = 0; i < file->count; i++) {
        const sx_safetensor *tensor = &file->safetensors.tensors[i];
        sx_tensor_facts *facts = &file->facts[i];
        *facts = (sx_tensor_facts){.name = tensor->name,
                                   .type = sx_dtype_name(tensor->dtype),
                                   .rank = tensor->rank,
                                   .index = i};
        memcpy(facts->sizes, tensor->sizes, sizeof facts->sizes);
        count_values(facts);
    }
    return SX_OK;
}

static sx_status list_npz(sx_tensors *file, sx_error *err) {
    file->count = sx_npz_count(file->npz);
    file->facts = sx_arena_alloc(&file->arena, file->count + 1, sizeof *file->facts);
    if (!file->facts) return no_memory(err);
    for (size_t i = 0; i < file->count; i++) {
        const sx_npy *npy = sx_npz_facts(file->npz, i);
        sx_tensor_facts *facts = &file->facts[i];
        *facts = (sx_tensor_facts){.name = sx_npz_name(file->npz, i),
                                   .type = sx_npy_type(npy),
                                   .rank = npy->rank,
                                   .index = i};
        memcpy(facts->sizes, npy->sizes, sizeof facts->sizes);
        count_values(facts);
    }
    return SX_OK;
}

/* A pickle can run any code while it is read, so nothing here reads one. PyTorch's own files are
 * zip archives with a pickle in it, or, in old ones, a pickle alone. */
static sx_status refuse_pickle(const char *path, sx_error *err) {
    return sx_fail(err, SX_BAD_INPUT,
                   "'%.200s' is a pickle, which can run any code and is not read; convert it once "
                   "in Python: from safetensors.torch import save_file; "
                   "save_file(torch.load('%.80s', map_location='cpu'), 'model.safetensors')",
                   path, sx_path_name(path));
}

static sx_status open_npz(sx_tensors *file, const char *path, sx_error *err) {
    bool pickle = false;
    sx_status status = sx_npz_open(path, &file->npz, &pickle, err);
    if (pickle) return refuse_pickle(path, err);
    return status ? status : list_npz(file, err);
}

static sx_status open_file(sx_tensors *file, const char *path, sx_error *err) {
    sx_bytes bytes = {0};
    sx_status status = sx_file_map(path, &bytes, err);
    if (status) return status;
    bool zip = bytes.size >= 4 && memcmp(bytes.data, "PK\3\4", 4) == 0;
    bool pickle = bytes.size >= 2 && bytes.data[0] == 0x80 && bytes.data[1] >= 2 &&
                  bytes.data[1] <= 5 && (bytes.size < 8 || bytes.data[7] != 0);
    if (zip || pickle) {
        sx_file_unmap(&bytes);
        return zip ? open_npz(file, path, err) : refuse_pickle(path, err);
    }
    status = sx_safetensors_map(bytes, &file->safetensors, err);
    if (status) return sx_fail_within(err, "'%.300s'", path);
    return list_safetensors(file, err);
}

sx_tensors *sx_tensors_open(const char *path, sx_error *err) {
    sx_tensors *file = sx_alloc(1, sizeof *file);
    if (!file) {
        no_memory(err);
        return NULL;
    }
    if (open_file(file, path, err) == SX_OK) return file;
    sx_tensors_close(file);
    return NULL;
}

void sx_tensors_close(sx_tensors *file) {
    if (!file) return;
    sx_npz_close(file->npz);
    sx_safetensors_done(&file->safetensors);
    sx_arena_done(&file->arena);
    sx_free(file);
}

const char *sx_tensors_kind(const sx_tensors *file) {
    return file->npz ? "npz" : "safetensors";
}

size_t sx_tensors_count(const sx_tensors *file) {
    return file->count;
}

const sx_tensor_facts *sx_tensors_at(const sx_tensors *file, size_t i) {
    return i < file->count ? &file->facts[i] : NULL;
}

const sx_tensor_facts *sx_tensors_find(const sx_tensors *file, const char *name) {
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->facts[i].name, name) == 0) return &file->facts[i];
    return NULL;
}

const char *sx_tensors_metadata(const sx_tensors *file, const char *key) {
    return file->npz ? NULL : sx_safetensors_metadata(&file->safetensors, key);
}

/* ---- values ------------------------------------------------------------------------------------
 */

/* The whole pages within the tensor's bytes. */
static void give_back(const sx_safetensor *tensor) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = (uintptr_t)tensor->values;
    uintptr_t from = (first + page - 1) / page * page, to = (first + tensor->bytes) / page * page;
    if (to > from) madvise((void *)from, to - from, MADV_DONTNEED);
}

static void read_safetensor(const sx_safetensor *tensor, size_t count, float *out) {
    if (tensor->dtype == SX_DTYPE_F32)
        memcpy(out, tensor->values, tensor->bytes);
    else
        sx_dtype_convert(tensor->dtype, tensor->values, count, out);
    give_back(tensor);
}

/* Fortran's order runs through the first index fastest. */
static void read_npy(const sx_npy *npy, const uint8_t *values, float *out) {
    if (!npy->fortran && npy->kind == 'f' && npy->width == 4) {
        memcpy(out, values, npy->count * sizeof *out);
        return;
    }
    size_t at[SX_NPY_RANK] = {0};
    for (size_t i = 0; i < npy->count; i++) {
        size_t from = 0;
        for (int k = npy->rank - 1; npy->fortran && k >= 0; k--)
            from = from * npy->sizes[k] + at[k];
        out[i] = (float)sx_npy_value(npy, values, npy->fortran ? from : i);
        for (int k = npy->rank - 1; k >= 0 && ++at[k] == npy->sizes[k]; k--) at[k] = 0;
    }
}

sx_status sx_tensors_read(sx_tensors *file, const sx_tensor_facts *tensor, float *out,
                          sx_error *err) {
    if (!file->npz) {
        if (tensor->count)
            read_safetensor(&file->safetensors.tensors[tensor->index], tensor->count, out);
        return SX_OK;
    }
    sx_bytes bytes = {0};
    sx_status status = sx_npz_values(file->npz, tensor->index, &bytes, err);
    if (!status) read_npy(sx_npz_facts(file->npz, tensor->index), bytes.data, out);
    sx_bytes_done(&bytes);
    return status;
}
