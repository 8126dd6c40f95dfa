/* JSON through jansson, with the house's limits and sentences. jansson already refuses nesting
 * past 2048 levels, numbers that do not fit, invalid UTF-8 and NUL in texts; here its messages get
 * the file's name and line, and the numbers that JSON does not know become null. */
#include "core/format/json.h"

#include <math.h>
#include <string.h>

/* Bytes for jansson, a few at a time, so that a large file can be given up. */
typedef struct {
    const char *at;
    size_t left;
    const atomic_bool *stop;
} supply;

static bool is_stopped(const supply *s) {
    return s->stop && atomic_load_explicit(s->stop, memory_order_relaxed);
}

static size_t hand_over(void *buffer, size_t size, void *user) {
    supply *s = user;
    if (is_stopped(s)) return (size_t)-1;
    if (size > s->left) size = s->left;
    memcpy(buffer, s->at, size);
    s->at += size;
    s->left -= size;
    return size;
}

static sx_status parse(const char *name, supply text, json_t **out, sx_error *err) {
    json_error_t why;
    *out = json_load_callback(hand_over, &text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (*out) return SX_OK;
    if (is_stopped(&text)) return sx_fail(err, SX_CANCELLED, "stopped");
    /* A failure without a line is one of memory, whatever its code. */
    if (json_error_code(&why) == json_error_out_of_memory || why.line < 0)
        return sx_fail(err, SX_NO_MEMORY, "not enough memory to read '%.200s'", name);
    if (json_error_code(&why) == json_error_stack_overflow)
        return sx_fail(err, SX_BAD_INPUT, "%.200s:%d: the JSON is nested too deep", name, why.line);
    return sx_fail(err, SX_BAD_INPUT, "%.200s:%d: %s", name, why.line, why.text);
}

sx_status sx_json_parse(const char *name, const char *text, size_t size, json_t **out,
                        sx_error *err) {
    return parse(name, (supply){text, size, NULL}, out, err);
}

sx_status sx_json_read_until(const char *path, size_t limit, const atomic_bool *stop, json_t **out,
                             sx_error *err) {
    *out = NULL;
    sx_bytes file;
    sx_status status = sx_file_read(path, limit, &file, err);
    if (status) return status;
    status = parse(path, (supply){(const char *)file.data, file.size, stop}, out, err);
    sx_bytes_done(&file);
    return status;
}

sx_status sx_json_read(const char *path, size_t limit, json_t **out, sx_error *err) {
    return sx_json_read_until(path, limit, NULL, out, err);
}

static int add_to_text(const char *bytes, size_t size, void *text) {
    sx_text_add_bytes(text, bytes, size);
    return ((sx_text *)text)->failed ? -1 : 0;
}

sx_status sx_json_write(const char *path, const json_t *value, bool compact, sx_error *err) {
    sx_text text = {0};
    size_t layout = compact ? JSON_COMPACT : JSON_INDENT(2);
    int refused = json_dump_callback(value, add_to_text, &text, layout | JSON_ENCODE_ANY);
    sx_text_add_bytes(&text, "\n", 1);
    sx_status status;
    if (text.failed)
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory to write '%.300s'", path);
    else if (refused)
        status =
            sx_fail(err, SX_BAD_INPUT, "cannot write '%.300s': its content is no JSON value", path);
    else
        status = sx_file_write(path, text.data, text.size, err);
    sx_text_done(&text);
    return status;
}

json_t *sx_json_number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

double sx_json_to_number(const json_t *value) {
    return json_is_number(value) ? json_number_value(value) : NAN;
}

json_t *sx_json_text(const char *text) {
    size_t size = strlen(text) + 1;
    char *printable = sx_alloc(size, 1);
    if (!printable) return NULL;
    sx_text_printable(printable, size, text);
    json_t *value = json_string(printable);
    sx_free(printable);
    return value;
}
