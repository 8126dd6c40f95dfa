/* SHA-256 through libmd. */
#ifndef SX_FORMAT_DIGEST_H
#define SX_FORMAT_DIGEST_H

#include "core/base/base.h"

/* Writes 64 hexadecimal digits and NUL into out [65]. */
void sx_sha256(const void *data, size_t size, char *out);

#endif
