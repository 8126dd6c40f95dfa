/* Emoji lie in one folder under the numbers of their characters, and an index beside it says what
 * they are. Four publishers write four indices and three kinds of names; what is common is the
 * sequence of characters, without the one that only chooses a form. */
#include "core/data/package_files.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_BYTES ((size_t)32 << 20)
#define EMOJI_LIMIT 100000

/* ---- codes -----------------------------------------------------------------------------------
 */

/* "emoji_u2615", "2615-FE0F" or "2615 FE0F" as "2615" into out [64]; false if it is no sequence of
 * numbers. */
static bool code_of(const char *text, size_t size, char *out) {
    static const char prefix[] = "emoji_u";
    size_t used = 0, at = 0;
    if (size > strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0) at = strlen(prefix);
    out[0] = 0;
    while (at < size) {
        size_t from = at;
        while (at < size && isxdigit((unsigned char)text[at])) at++;
        size_t digits = at - from;
        if (digits == 0 || digits > 6 || (at < size && !strchr("-_ ", text[at]))) return false;
        unsigned number = (unsigned)strtoul(text + from, NULL, 16);
        while (at < size && strchr("-_ ", text[at])) at++;
        if (number == 0xFE0F) continue; /* as a picture, not as text */
        if (used + 8 > 64) return false;
        used += (size_t)snprintf(out + used, 64 - used, "%s%04X", used ? "-" : "", number);
    }
    return used > 0;
}

/* As a folder can be called. */
static bool is_class_name(const char *name) {
    return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < 64;
}

static sx_status add(sx_emoji_classes *c, const char *code, size_t size, const char *class_name,
                     sx_error *err) {
    sx_emoji one = {.class_name = class_name};
    if (c->count == EMOJI_LIMIT || !code_of(code, size, one.code) || !is_class_name(class_name))
        return SX_OK;
    if (!sx_grow((void **)&c->emoji, &c->capacity, c->count + 1, sizeof *c->emoji))
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for the classes of emoji");
    c->emoji[c->count++] = one;
    return SX_OK;
}

/* The name without its ending. */
static size_t stem(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot ? (size_t)(dot - name) : strlen(name);
}

/* ---- indices ---------------------------------------------------------------------------------
 */

static sx_status add_object(sx_emoji_classes *c, const json_t *object, sx_error *err) {
    static const char *const keys[][2] = {{"image", "subcategory"}, {"unicode", "category"}};
    for (int k = 0; k < 2; k++) {
        const char *code = json_string_value(json_object_get(object, keys[k][0]));
        const char *class_name = json_string_value(json_object_get(object, keys[k][1]));
        if (!code || !class_name) continue;
        class_name = sx_arena_text(&c->arena, class_name);
        return class_name ? add(c, code, stem(code), class_name, err)
                          : sx_fail(err, SX_NO_MEMORY, "not enough memory for class names");
    }
    return SX_OK;
}

static sx_status read_json(const char *path, sx_emoji_classes *out, sx_error *err) {
    json_t *root = NULL, *value;
    const char *key;
    size_t index;
    sx_status status = sx_json_read(path, INDEX_BYTES, &root, err);
    if (status) return status;
    json_array_foreach(root, index, value) if (!status) status = add_object(out, value, err);
    json_object_foreach(root, key, value) if (!status) status = add_object(out, value, err);
    json_decref(root);
    return status;
}

/* "# subgroup: NAME", then lines "1F600 1F3FB ; status # ...". */
static sx_status read_unicode(const char *path, sx_emoji_classes *out, sx_error *err) {
    static const char group[] = "# subgroup: ";
    sx_bytes file;
    const char *class_name = NULL;
    sx_status status = sx_file_read(path, INDEX_BYTES, &file, err);
    if (status) return status;
    for (char *line = (char *)file.data, *next; !status && line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        char *end = strchr(line, ';');
        if (strncmp(line, group, strlen(group)) == 0) {
            class_name = sx_arena_text(&out->arena, line + strlen(group));
            if (!class_name) status = sx_fail(err, SX_NO_MEMORY, "not enough memory for classes");
        } else if (class_name && end && *line != '#') {
            status = add(out, line, (size_t)(end - line), class_name, err);
        }
    }
    sx_bytes_done(&file);
    return status;
}

static int compare(const void *a, const void *b) {
    return strcmp(((const sx_emoji *)a)->code, ((const sx_emoji *)b)->code);
}

sx_status sx_emoji_classes_read(const char *path, sx_emoji_classes *out, sx_error *err) {
    size_t length = strlen(path);
    bool json = length > 5 && strcmp(path + length - 5, ".json") == 0;
    *out = (sx_emoji_classes){0};
    sx_status status = (json ? read_json : read_unicode)(path, out, err);
    if (!status && out->count == 0)
        status = sx_fail(err, SX_BAD_INPUT, "'%.300s' says of no emoji what it is", path);
    if (!status) qsort(out->emoji, out->count, sizeof *out->emoji, compare);
    if (status) sx_emoji_classes_done(out);
    return status;
}

void sx_emoji_classes_done(sx_emoji_classes *classes) {
    sx_free(classes->emoji);
    sx_arena_done(&classes->arena);
    *classes = (sx_emoji_classes){0};
}

const char *sx_emoji_class(const sx_emoji_classes *classes, const char *name) {
    sx_emoji wanted = {0};
    if (!code_of(name, stem(name), wanted.code)) return NULL;
    const sx_emoji *found =
        bsearch(&wanted, classes->emoji, classes->count, sizeof wanted, compare);
    return found ? found->class_name : NULL;
}
