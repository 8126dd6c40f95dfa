/* gzip through zlib. The stream says nothing about its true size that can be believed, so the
 * output grows while it is inflated and stops at the caller's limit; the trailer's size is only a
 * hint for the first allocation. Members are joined as gzip does; zeros behind the last one are
 * padding, anything else there is damage. */
#include "core/format/gzip.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

#define HEADER_BYTES 10
#define TRAILER_BYTES 8
/* Deflate cannot pack more than this many bytes into one. */
#define MOST_RATIO 1032

typedef struct {
    z_stream stream;
    size_t left; /* input not yet given to zlib */
    size_t limit;
    sx_bytes out;
    size_t capacity;
    sx_error *err;
} inflater;

bool sx_gzip_is(const uint8_t *bytes, size_t size) {
    return size >= 3 && bytes[0] == 0x1F && bytes[1] == 0x8B && bytes[2] == 8;
}

static void *zlib_alloc(void *unused, unsigned count, unsigned size) {
    (void)unused;
    return sx_alloc(count, size);
}

static void zlib_free(void *unused, void *memory) {
    (void)unused;
    sx_free(memory);
}

static sx_status no_memory(inflater *in) {
    return sx_fail(in->err, SX_NO_MEMORY, "not enough memory to inflate %zu bytes", in->out.size);
}

static sx_status damaged(inflater *in, const char *what) {
    return sx_fail(in->err, SX_BAD_INPUT, "the gzip stream is damaged after %zu inflated bytes: %s",
                   in->out.size, what);
}

static size_t guess_size(const uint8_t *bytes, size_t size, size_t limit) {
    if (size < HEADER_BYTES + TRAILER_BYTES) return 0;
    const uint8_t *end = bytes + size - 4;
    size_t said =
        (size_t)end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16 | (size_t)end[3] << 24;
    if (said > limit || said / MOST_RATIO > size) return 0;
    return said;
}

/* Gives zlib room for output (one byte past the limit, which tells a full stream from one that
 * goes on; one more stays zero) and the next stretch of input. */
static bool make_room(inflater *in) {
    z_stream *z = &in->stream;
    if (in->out.size + 1 >= in->capacity &&
        !sx_grow((void **)&in->out.data, &in->capacity, in->capacity + 4096, 1))
        return false;
    size_t room = in->capacity - 1 - in->out.size;
    if (room > in->limit - in->out.size + 1) room = in->limit - in->out.size + 1;
    z->next_out = in->out.data + in->out.size;
    z->avail_out = room < UINT_MAX ? (unsigned)room : UINT_MAX;
    size_t more = UINT_MAX - z->avail_in;
    if (more > in->left) more = in->left;
    z->avail_in += (unsigned)more;
    in->left -= more;
    return true;
}

/* At the end of a member: begins the next one, or says that the stream is over. */
static sx_status end_member(inflater *in, bool *over) {
    z_stream *z = &in->stream;
    size_t rest = in->left + z->avail_in, zeros = 0;
    while (zeros < rest && z->next_in[zeros] == 0) zeros++;
    *over = zeros == rest;
    if (*over) return SX_OK;
    if (!sx_gzip_is(z->next_in, rest)) return damaged(in, "what follows is not gzip");
    inflateReset(z);
    return SX_OK;
}

static sx_status inflate_all(inflater *in) {
    z_stream *z = &in->stream;
    for (bool over = false; !over;) {
        if (!make_room(in)) return no_memory(in);
        unsigned room = z->avail_out;
        int code = inflate(z, Z_NO_FLUSH);
        in->out.size += room - z->avail_out;
        if (in->out.size > in->limit)
            return sx_fail(in->err, SX_BAD_INPUT,
                           "the gzip stream inflates to more than the %zu bytes that are read here",
                           in->limit);
        if (code == Z_MEM_ERROR) return no_memory(in);
        if (code == Z_DATA_ERROR || code == Z_NEED_DICT)
            return damaged(in, z->msg ? z->msg : "it needs a dictionary");
        if (code == Z_STREAM_END) {
            sx_status status = end_member(in, &over);
            if (status) return status;
        } else if (z->avail_in == 0 && in->left == 0 && z->avail_out > 0) {
            return damaged(in, "it is cut short");
        }
    }
    in->out.data[in->out.size] = 0;
    return SX_OK;
}

sx_status sx_gzip_decode(const uint8_t *bytes, size_t size, size_t limit, sx_bytes *out,
                         sx_error *err) {
    *out = (sx_bytes){0};
    if (!sx_gzip_is(bytes, size)) return sx_fail(err, SX_BAD_INPUT, "this is not a gzip stream");
    inflater in = {.left = size, .limit = limit < SIZE_MAX / 4 ? limit : SIZE_MAX / 4, .err = err};
    in.stream = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free};
    in.stream.next_in = (z_const Bytef *)bytes;
    if (inflateInit2(&in.stream, 16 + MAX_WBITS) != Z_OK) return no_memory(&in);
    bool room = sx_grow((void **)&in.out.data, &in.capacity, guess_size(bytes, size, limit) + 2, 1);
    sx_status status = room ? inflate_all(&in) : no_memory(&in);
    inflateEnd(&in.stream);
    if (status)
        sx_bytes_done(&in.out);
    else
        *out = in.out;
    return status;
}

sx_status sx_file_read_inflated(const char *path, size_t limit, sx_bytes *out, sx_error *err) {
    sx_bytes file;
    sx_status status = sx_file_read(path, limit, &file, err);
    *out = file;
    if (status || !sx_gzip_is(file.data, file.size)) return status;
    status = sx_gzip_decode(file.data, file.size, limit, out, err);
    sx_bytes_done(&file);
    if (status) sx_fail_within(err, "'%.300s'", path);
    return status;
}
