/* IDX, the format of MNIST. The header is so small that hostile files can only lie about sizes;
 * every claim is held against the bytes that are there before anybody multiplies or reads. */
#include "core/format/idx.h"

#define UNSIGNED_BYTE 8

static sx_status check_magic(const uint8_t *bytes, size_t size, sx_error *err) {
    if (size < 4)
        return sx_fail(err, SX_BAD_INPUT, "an IDX file has at least 4 bytes, this one has %zu",
                       size);
    if (bytes[0] != 0 || bytes[1] != 0)
        return sx_fail(err, SX_BAD_INPUT, "not an IDX file: bytes 0 and 1 must be zero");
    if (bytes[2] != UNSIGNED_BYTE)
        return sx_fail(err, SX_BAD_INPUT,
                       "offset 2: IDX values of type 0x%02x; only unsigned bytes (0x08) are read",
                       bytes[2]);
    if (bytes[3] < 1 || bytes[3] > 4)
        return sx_fail(err, SX_BAD_INPUT, "offset 3: an IDX rank of %d; only 1 to 4 are read",
                       bytes[3]);
    return SX_OK;
}

static sx_status read_sizes(const uint8_t *bytes, sx_idx *out, sx_error *err) {
    out->count = 1;
    for (int i = 0; i < out->rank; i++) {
        const uint8_t *at = bytes + 4 + 4 * i;
        out->sizes[i] = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
        if (out->sizes[i] == 0)
            return sx_fail(err, SX_BAD_INPUT, "offset %d: an IDX size of zero", 4 + 4 * i);
        if (!sx_size_multiply(out->count, out->sizes[i], &out->count))
            return sx_fail(err, SX_BAD_INPUT, "offset %d: the IDX sizes overflow", 4 + 4 * i);
    }
    return SX_OK;
}

sx_status sx_idx_decode(const uint8_t *bytes, size_t size, sx_idx *out, sx_error *err) {
    *out = (sx_idx){0};
    sx_status status = check_magic(bytes, size, err);
    if (status) return status;
    sx_idx idx = {.rank = bytes[3]};
    size_t header = 4 + 4 * (size_t)idx.rank;
    if (size < header)
        return sx_fail(err, SX_BAD_INPUT, "offset %zu: the IDX sizes are cut short", size);
    status = read_sizes(bytes, &idx, err);
    if (status) return status;
    if (idx.count != size - header)
        return sx_fail(err, SX_BAD_INPUT,
                       "offset %zu: the IDX sizes call for %zu values, but %zu bytes follow",
                       header, idx.count, size - header);
    idx.values = bytes + header;
    *out = idx;
    return SX_OK;
}
