/* JSON through jansson, whose json_t is used as it is; here are only limits, files and the
 * house's number for "unknown": NaN and infinities are written as null and null is read as NaN. */
#ifndef SX_FORMAT_JSON_H
#define SX_FORMAT_JSON_H

#include "core/base/base.h"

#include <jansson.h>
#include <stdatomic.h>

/* Parses `text` [size]; too deep nesting, duplicate keys and trailing text are errors with line. */
sx_status sx_json_parse(const char *name, const char *text, size_t size, json_t **out,
                        sx_error *err);

/* Reads a file of at most `limit` bytes. The caller ends `out` with json_decref. */
sx_status sx_json_read(const char *path, size_t limit, json_t **out, sx_error *err);
/* The same, but SX_CANCELLED once the stop flag is seen. */
sx_status sx_json_read_until(const char *path, size_t limit, const atomic_bool *stop, json_t **out,
                             sx_error *err);

/* Writes atomically; `compact` for one line. */
sx_status sx_json_write(const char *path, const json_t *value, bool compact, sx_error *err);

/* A number or null; never fails on NaN. Returns owned. */
json_t *sx_json_number(double value);

/* NaN for null, NULL and anything that is not a number. */
double sx_json_to_number(const json_t *value);

/* A text with control characters and invalid UTF-8 replaced. Returns owned. */
json_t *sx_json_text(const char *text);

#endif
