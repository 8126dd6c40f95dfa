/* Base64 (RFC 4648, section 4), for pictures inside JSON and SVG. Part of result.h. */
#ifndef SX_RESULT_BASE64_H
#define SX_RESULT_BASE64_H

#include "core/base/base.h"

/* Returns owned text; NULL if memory is out. */
char *sx_base64_encode(const uint8_t *bytes, size_t size);

/* Decodes exactly `size` bytes into out [size]; false for any other length or a wrong letter. */
bool sx_base64_decode(const char *text, uint8_t *out, size_t size);

#endif
