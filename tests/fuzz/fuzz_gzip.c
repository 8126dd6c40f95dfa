/* gzip: never more than the limit, and a NUL behind the last byte. */
#include "core/format/format.h"

#define LIMIT ((size_t)1 << 18)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sx_bytes out;
    sx_error err;
    sx_status status = sx_gzip_decode(data, size, LIMIT, &out, &err);
    if (status == SX_OK && (out.size > LIMIT || out.data[out.size] != 0)) __builtin_trap();
    sx_bytes_done(&out);
    return 0;
}
