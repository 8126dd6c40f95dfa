/* JSON through jansson. jansson itself limits nesting (2,048) and refuses invalid UTF-8; here come
 * limits of size, sentences with names, and null for what is not a number. */
#include "core/format/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

sx_status sx_json_parse(const char *name, const char *text, size_t size, json_t **out,
                        sx_error *err) {
    json_error_t fault;
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, &fault);
    if (*out) return SX_OK;
    char shown[160];
    sx_text_printable(shown, sizeof shown, fault.text);
    return sx_fail(err, SX_BAD_INPUT, "%.200s:%d: not valid JSON: %s", name, fault.line, shown);
}

sx_status sx_json_read(const char *path, size_t limit, json_t **out, sx_error *err) {
    sx_bytes bytes;
    *out = NULL;
    sx_status status = sx_file_read(path, limit, &bytes, err);
    if (status) return status;
    status = sx_json_parse(path, (const char *)bytes.data, bytes.size, out, err);
    sx_bytes_done(&bytes);
    return status;
}

sx_status sx_json_write(const char *path, const json_t *value, bool compact, sx_error *err) {
    char *text = json_dumps(value, compact ? JSON_COMPACT | JSON_ENCODE_ANY
                                           : JSON_INDENT(1) | JSON_ENCODE_ANY);
    if (!text) return sx_fail(err, SX_NO_MEMORY, "not enough memory to write '%.200s'", path);
    size_t length = strlen(text);
    text[length] = '\n'; /* in place of the NUL: the file ends with a line end */
    sx_status status = sx_file_write(path, text, length + 1, err);
    free(text);
    return status;
}

json_t *sx_json_number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

double sx_json_to_number(const json_t *value) {
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

json_t *sx_json_text(const char *text) {
    size_t size = strlen(text) + 1;
    char *clean = sx_alloc(size, 1);
    if (!clean) return NULL;
    sx_text_printable(clean, size, text);
    json_t *value = json_string(clean);
    sx_free(clean);
    return value;
}
