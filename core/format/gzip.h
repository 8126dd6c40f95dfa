/* gzip through zlib. */
#ifndef SX_FORMAT_GZIP_H
#define SX_FORMAT_GZIP_H

#include "core/base/base.h"

bool sx_gzip_is(const uint8_t *bytes, size_t size);

/* Inflates a whole gzip stream (members one after another are joined); more than `limit` bytes,
 * a cut stream or a wrong checksum is SX_BAD_INPUT. */
sx_status sx_gzip_decode(const uint8_t *bytes, size_t size, size_t limit, sx_bytes *out,
                         sx_error *err);

/* Reads a file and inflates it if it is gzip; both sizes are at most `limit`. */
sx_status sx_file_read_inflated(const char *path, size_t limit, sx_bytes *out, sx_error *err);

#endif
