/* INI through inih, with a reader of our own that hands it one line at a time: so a NUL byte or a
 * line that inih would cut is an error with its number and not a silent surprise. */
#include "core/format/ini.h"

#include <ini.h>
#include <string.h>

#define LINE_LIMIT 190 /* inih as Debian builds it holds 200 bytes */
#define FILE_LIMIT ((size_t)1 << 20)

typedef struct {
    const char *name, *next, *end;
    int line;
    sx_ini *out;
    size_t capacity;
    sx_status status;
    sx_error *err;
} parser;

static void fail_at(parser *p, int line, const char *why, const char *what) {
    char shown[80];
    if (p->status) return;
    sx_text_printable(shown, sizeof shown, what);
    p->status = sx_fail(p->err, SX_BAD_INPUT, "%.200s:%d: %s%s%s%s", p->name, line, why,
                        *what ? " '" : "", shown, *what ? "'" : "");
}

/* inih's reader: copies the next line with its "\n" into `line`. */
static char *next_line(char *line, int size, void *user) {
    parser *p = user;
    if (p->next >= p->end || p->status) return NULL;
    const char *stop = memchr(p->next, '\n', (size_t)(p->end - p->next));
    size_t length = (size_t)((stop ? stop : p->end) - p->next);
    p->line++;
    if (memchr(p->next, 0, length)) {
        fail_at(p, p->line, "a NUL byte; this is not a text", "");
        return NULL;
    }
    if (length > LINE_LIMIT || length + 2 > (size_t)size) {
        fail_at(p, p->line, "the line is longer than 190 bytes", "");
        return NULL;
    }
    memcpy(line, p->next, length);
    line[length] = '\n';
    line[length + 1] = 0;
    p->next = stop ? stop + 1 : p->end;
    return line;
}

static bool is_twice(const sx_ini *ini, const char *section, const char *key) {
    for (size_t i = 0; i < ini->count; i++)
        if (strcmp(ini->entries[i].section, section) == 0 && strcmp(ini->entries[i].key, key) == 0)
            return true;
    return false;
}

/* inih's handler: 1 goes on. */
static int take_entry(void *user, const char *section, const char *key, const char *value) {
    parser *p = user;
    if (p->status) return 1;
    if (!*section) fail_at(p, p->line, "a key before any [section]:", key);
    if (!*key) fail_at(p, p->line, "a value without a key", "");
    if (is_twice(p->out, section, key)) fail_at(p, p->line, "the section already has the key", key);
    if (p->status) return 1;
    sx_ini_entry entry = {sx_arena_text(&p->out->arena, section),
                          sx_arena_text(&p->out->arena, key),
                          sx_arena_text(&p->out->arena, value ? value : ""), p->line};
    if (!entry.section || !entry.key || !entry.value ||
        !sx_grow((void **)&p->out->entries, &p->capacity, p->out->count + 1, sizeof entry)) {
        p->status = sx_fail(p->err, SX_NO_MEMORY, "not enough memory for '%.200s'", p->name);
        return 1;
    }
    p->out->entries[p->out->count++] = entry;
    return 1;
}

sx_status sx_ini_parse(const char *name, const char *text, size_t size, sx_ini *out,
                       sx_error *err) {
    *out = (sx_ini){0};
    parser p = {.name = name, .next = text, .end = text + size, .out = out, .err = err};
    int line = ini_parse_stream(next_line, &p, take_entry, &p);
    if (line > 0)
        fail_at(&p, line, "neither [section] nor key = value nor a comment", "");
    else if (line < 0 && !p.status)
        p.status = sx_fail(err, SX_NO_MEMORY, "not enough memory for '%.200s'", name);
    if (p.status) sx_ini_done(out);
    return p.status;
}

sx_status sx_ini_read(const char *path, sx_ini *out, sx_error *err) {
    sx_bytes bytes;
    *out = (sx_ini){0};
    sx_status status = sx_file_read(path, FILE_LIMIT, &bytes, err);
    if (status) return status;
    status = sx_ini_parse(path, (const char *)bytes.data, bytes.size, out, err);
    sx_bytes_done(&bytes);
    return status;
}

void sx_ini_done(sx_ini *ini) {
    sx_free(ini->entries);
    sx_arena_done(&ini->arena);
    *ini = (sx_ini){0};
}
