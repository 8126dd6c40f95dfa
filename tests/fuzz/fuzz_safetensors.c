/* safetensors: what is accepted covers the file's values exactly, aligned, and can be read. */
#include "core/format/format.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sx_bytes copy = {sx_alloc(size, 1), size};
    if (size) memcpy(copy.data, data, size);
    sx_safetensors file;
    sx_error err = {0};
    if (sx_safetensors_parse(copy, &file, &err) != SX_OK) {
        if (!err.message[0]) __builtin_trap();
        return 0;
    }
    size_t total = 0;
    unsigned sum = 0;
    for (size_t i = 0; i < file.count; i++) {
        const sx_safetensor *tensor = &file.tensors[i];
        const uint8_t *values = tensor->values;
        if ((uintptr_t)values % sx_dtype_bytes(tensor->dtype) != 0) __builtin_trap();
        for (size_t k = 0; k < tensor->bytes; k++) sum += values[k];
        total += tensor->bytes;
    }
    if (total + 8 > size || sum > 255 * total) __builtin_trap();
    sx_safetensors_done(&file);
    return 0;
}
