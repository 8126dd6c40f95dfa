/* IDX: whatever is accepted can be read from end to end. */
#include "core/format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sx_idx idx;
    sx_error err;
    if (sx_idx_decode(data, size, &idx, &err) != SX_OK) return 0;
    size_t product = 1;
    for (int i = 0; i < idx.rank; i++) product *= idx.sizes[i];
    if (product != idx.count || idx.values + idx.count != data + size) __builtin_trap();
    return 0;
}
