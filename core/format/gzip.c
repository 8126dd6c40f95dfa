/* gzip through zlib's inflate. Output grows by doubling up to the caller's limit, so that a small
 * hostile file cannot ask for more memory than the caller allows. */
#include "core/format/gzip.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

bool sx_gzip_is(const uint8_t *bytes, size_t size) {
    return size >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

typedef struct {
    z_stream stream;
    const uint8_t *next;
    size_t left; /* input not yet given to the stream */
    size_t limit, capacity;
    sx_bytes *out;
} inflation;

/* Makes room for at least one more byte; false when memory is out. One byte past the limit is
 * allowed, which tells "exactly the limit" from "more". */
static bool make_room(inflation *state) {
    if (state->out->size < state->capacity) return true;
    size_t wanted = state->capacity ? state->capacity * 2 : (size_t)1 << 16;
    if (wanted > state->limit + 1) wanted = state->limit + 1;
    void *data = state->out->data;
    if (!sx_grow(&data, &state->capacity, wanted, 1)) return false;
    state->out->data = data;
    return true;
}

static int inflate_some(inflation *state) {
    z_stream *z = &state->stream;
    if (z->avail_in == 0) {
        z->avail_in = state->left < UINT_MAX ? (uInt)state->left : UINT_MAX;
        z->next_in = (Bytef *)(uintptr_t)state->next;
        state->next += z->avail_in;
        state->left -= z->avail_in;
    }
    size_t room = state->capacity - state->out->size;
    z->next_out = state->out->data + state->out->size;
    z->avail_out = room < UINT_MAX ? (uInt)room : UINT_MAX;
    uInt before = z->avail_out;
    int result = inflate(z, Z_NO_FLUSH);
    state->out->size += before - z->avail_out;
    return result;
}

static sx_status inflate_all(inflation *state, sx_error *err) {
    for (;;) {
        if (!make_room(state))
            return sx_fail(err, SX_NO_MEMORY, "not enough memory to inflate gzip data");
        int result = inflate_some(state);
        if (state->out->size > state->limit)
            return sx_fail(err, SX_BAD_INPUT, "gzip data inflate to more than %zu bytes",
                           state->limit);
        bool input_over = state->stream.avail_in == 0 && state->left == 0;
        if (result == Z_STREAM_END) {
            if (input_over) return SX_OK;
            if (inflateReset(&state->stream) != Z_OK)
                return sx_fail(err, SX_BAD_INPUT, "gzip data cannot be read");
        } else if (result == Z_MEM_ERROR) {
            return sx_fail(err, SX_NO_MEMORY, "not enough memory to inflate gzip data");
        } else if ((result == Z_BUF_ERROR || result == Z_OK) && input_over &&
                   state->stream.avail_out > 0) {
            return sx_fail(err, SX_BAD_INPUT, "gzip data end too early: the file is cut off");
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            return sx_fail(err, SX_BAD_INPUT, "gzip data are damaged (%s)",
                           state->stream.msg ? state->stream.msg : "unknown fault");
        }
    }
}

sx_status sx_gzip_decode(const uint8_t *bytes, size_t size, size_t limit, sx_bytes *out,
                         sx_error *err) {
    *out = (sx_bytes){0};
    inflation state = {.next = bytes, .left = size, .limit = limit, .out = out};
    if (limit > SIZE_MAX / 4) return sx_fail(err, SX_BAD_INPUT, "the limit is too large");
    if (inflateInit2(&state.stream, 16 + MAX_WBITS) != Z_OK)
        return sx_fail(err, SX_NO_MEMORY, "not enough memory to inflate gzip data");
    sx_status status = inflate_all(&state, err);
    inflateEnd(&state.stream);
    if (status) sx_bytes_done(out);
    return status;
}

sx_status sx_file_read_inflated(const char *path, size_t limit, sx_bytes *out, sx_error *err) {
    sx_bytes raw;
    *out = (sx_bytes){0};
    sx_status status = sx_file_read(path, limit, &raw, err);
    if (status) return status;
    if (!sx_gzip_is(raw.data, raw.size)) {
        *out = raw;
        return SX_OK;
    }
    status = sx_gzip_decode(raw.data, raw.size, limit, out, err);
    sx_bytes_done(&raw);
    return status ? sx_fail_within(err, "'%.200s'", path) : SX_OK;
}
