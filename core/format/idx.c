/* IDX: a header of 4 + 4 x rank bytes, then the values; nothing else may follow. */
#include "core/format/idx.h"

#include <stdio.h>

static uint32_t big_endian(const uint8_t *b) {
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static sx_status check_magic(const uint8_t *bytes, size_t size, sx_error *err) {
    if (size < 4) return sx_fail(err, SX_BAD_INPUT, "IDX: only %zu bytes, no header", size);
    if (bytes[0] || bytes[1])
        return sx_fail(err, SX_BAD_INPUT,
                       "IDX: offset 0: a file begins with two zero bytes, this one with %02x %02x",
                       (unsigned)bytes[0], (unsigned)bytes[1]);
    if (bytes[2] != 8)
        return sx_fail(err, SX_BAD_INPUT,
                       "IDX: offset 2: values of type 0x%02x; only unsigned bytes (0x08) are read",
                       (unsigned)bytes[2]);
    if (bytes[3] < 1 || bytes[3] > 4)
        return sx_fail(err, SX_BAD_INPUT, "IDX: offset 3: %d dimensions; 1 to 4 are read",
                       bytes[3]);
    return SX_OK;
}

sx_status sx_idx_decode(const uint8_t *bytes, size_t size, sx_idx *out, sx_error *err) {
    *out = (sx_idx){0};
    sx_status status = check_magic(bytes, size, err);
    if (status) return status;
    int rank = bytes[3];
    size_t header = 4 + 4 * (size_t)rank, count = 1;
    if (size < header)
        return sx_fail(err, SX_BAD_INPUT, "IDX: offset %zu: the sizes are cut off", size);
    for (int i = 0; i < rank; i++) {
        size_t offset = 4 + 4 * (size_t)i;
        out->sizes[i] = big_endian(bytes + offset);
        if (out->sizes[i] == 0)
            return sx_fail(err, SX_BAD_INPUT, "IDX: offset %zu: a size of zero", offset);
        if (!sx_size_multiply(count, out->sizes[i], &count))
            return sx_fail(err, SX_BAD_INPUT, "IDX: offset %zu: the sizes are too large", offset);
    }
    if (count != size - header)
        return sx_fail(err, SX_BAD_INPUT,
                       "IDX: offset %zu: the sizes ask for %zu values, the file has %zu (%s)",
                       header, count, size - header,
                       count > size - header ? "it is cut off" : "it is too long");
    out->rank = rank;
    out->values = bytes + header;
    out->count = count;
    return SX_OK;
}
