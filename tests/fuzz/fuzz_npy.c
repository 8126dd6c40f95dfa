/* npy: a header that is taken describes exactly the bytes that follow, and every value can be read.
 */
#include "core/format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sx_npy npy;
    sx_error err = {0};
    if (sx_npy_header(data, size, size, &npy, &err) != SX_OK) {
        if (!err.message[0]) __builtin_trap();
        return 0;
    }
    if (npy.offset + npy.count * (size_t)npy.width != size) __builtin_trap();
    double sum = 0;
    for (size_t i = 0; i < npy.count; i++) sum += sx_npy_value(&npy, data + npy.offset, i);
    return sum == 0.125 ? 1 : 0;
}
