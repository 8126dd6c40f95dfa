/* INI through inih, with what inih lets pass made an error: a person who writes a key twice or
 * before its section should hear of it, not wonder. inih reads through our reader, which knows the
 * line number, refuses what inih would cut silently, and takes the indentation away (inih would
 * take an indented key for the rest of the value above). Duplicates are looked for at the end, by
 * sorting, so that a large file cannot make it slow. */
#include "core/format/ini.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FILE_BYTES ((size_t)1024 * 1024)
/* inih cuts longer section names. */
#define MOST_SECTION_BYTES 49

typedef struct {
    const char *name, *at, *end;
    int line;
    sx_ini *out;
    size_t capacity;
    sx_status status;
    sx_error *err;
} reader;

static void refuse(reader *in, const char *what) {
    in->status = sx_fail(in->err, SX_BAD_INPUT, "%.200s:%d: %s", in->name, in->line, what);
}

static void out_of_memory(reader *in) {
    in->status = sx_fail(in->err, SX_NO_MEMORY, "not enough memory to read '%.200s'", in->name);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static bool check_section(reader *in, const char *line, size_t size) {
    const char *close = memchr(line, ']', size), *end = line + size;
    if (!close) {
        refuse(in, "the section's closing bracket is missing");
        return false;
    }
    if (close == line + 1 || close - line - 1 > MOST_SECTION_BYTES) {
        refuse(in, "a section's name must have 1 to 49 characters");
        return false;
    }
    do close++;
    while (close < end && is_blank(*close));
    if (close < end && *close != ';' && *close != '#') {
        refuse(in, "only a comment may follow a section's name");
        return false;
    }
    return true;
}

/* inih's source of lines: copies the next one into out [room], or ends the text with NULL. */
static char *next_line(char *out, int room, void *stream) {
    reader *in = stream;
    if (in->status || in->at == in->end) return NULL;
    in->line++;
    const char *newline = memchr(in->at, '\n', (size_t)(in->end - in->at));
    const char *start = in->at, *stop = newline ? newline : in->end;
    in->at = newline ? newline + 1 : in->end;
    while (start < stop && is_blank(*start)) start++;
    while (stop > start && is_blank(stop[-1])) stop--;
    size_t size = (size_t)(stop - start);
    if (memchr(start, 0, size)) {
        refuse(in, "a NUL byte is no text");
        return NULL;
    }
    if (size + 3 > (size_t)room) {
        in->status = sx_fail(in->err, SX_BAD_INPUT, "%.200s:%d: a line has at most %d characters",
                             in->name, in->line, room - 3);
        return NULL;
    }
    if (size > 0 && *start == '[' && !check_section(in, start, size)) return NULL;
    memcpy(out, start, size);
    memcpy(out + size, "\n", 2);
    return out;
}

static bool add_entry(reader *in, const char *section, const char *key, const char *value) {
    sx_ini *ini = in->out;
    if (!sx_grow((void **)&ini->entries, &in->capacity, ini->count + 1, sizeof *ini->entries))
        return false;
    sx_ini_entry *entry = &ini->entries[ini->count];
    bool same = ini->count > 0 && strcmp(entry[-1].section, section) == 0;
    entry->section = same ? entry[-1].section : sx_arena_text(&ini->arena, section);
    entry->key = sx_arena_text(&ini->arena, key);
    entry->value = sx_arena_text(&ini->arena, value);
    entry->line = in->line;
    if (!entry->section || !entry->key || !entry->value) return false;
    ini->count++;
    return true;
}

/* inih's sink of entries; 0 stops at this line. */
static int on_entry(void *user, const char *section, const char *key, const char *value) {
    reader *in = user;
    if (in->status) return 0;
    if (!*key)
        refuse(in, "a key is missing before '='");
    else if (!*section)
        refuse(in, "a key stands before any [section]");
    else if (!add_entry(in, section, key, value))
        out_of_memory(in);
    return in->status == SX_OK;
}

static int by_name_then_line(const void *a, const void *b) {
    const sx_ini_entry *left = *(sx_ini_entry *const *)a, *right = *(sx_ini_entry *const *)b;
    int order = strcmp(left->section, right->section);
    if (!order) order = strcmp(left->key, right->key);
    return order ? order : left->line - right->line;
}

/* Refuses the first entry whose key was there before. */
static void check_duplicates(reader *in) {
    const sx_ini *ini = in->out;
    const sx_ini_entry **sorted = sx_alloc(ini->count, sizeof *sorted);
    if (!sorted) {
        out_of_memory(in);
        return;
    }
    for (size_t i = 0; i < ini->count; i++) sorted[i] = &ini->entries[i];
    if (ini->count) qsort(sorted, ini->count, sizeof *sorted, by_name_then_line);
    const sx_ini_entry *before = NULL, *again = NULL;
    for (size_t i = 1; i < ini->count; i++) {
        if (strcmp(sorted[i - 1]->section, sorted[i]->section) != 0 ||
            strcmp(sorted[i - 1]->key, sorted[i]->key) != 0 ||
            (again && again->line < sorted[i]->line))
            continue;
        before = sorted[i - 1];
        again = sorted[i];
    }
    if (again)
        in->status = sx_fail(in->err, SX_BAD_INPUT,
                             "%.200s:%d: '%.60s' is given twice in [%s]; first in line %d",
                             in->name, again->line, again->key, again->section, before->line);
    sx_free(sorted);
}

sx_status sx_ini_parse(const char *name, const char *text, size_t size, sx_ini *out,
                       sx_error *err) {
    *out = (sx_ini){0};
    reader in = {.name = name, .at = text, .end = text + size, .out = out, .err = err};
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) in.at += 3;
    int bad_line = ini_parse_stream(next_line, &in, on_entry, &in);
    if (!in.status && bad_line > 0) {
        in.line = bad_line;
        refuse(&in, "this is neither [section] nor key = value nor a comment");
    }
    if (!in.status && bad_line < 0) out_of_memory(&in);
    if (!in.status) check_duplicates(&in);
    if (in.status) sx_ini_done(out);
    return in.status;
}

sx_status sx_ini_read(const char *path, sx_ini *out, sx_error *err) {
    *out = (sx_ini){0};
    sx_bytes file;
    sx_status status = sx_file_read(path, MOST_FILE_BYTES, &file, err);
    if (status) return status;
    status = sx_ini_parse(path, (const char *)file.data, file.size, out, err);
    sx_bytes_done(&file);
    return status;
}

void sx_ini_done(sx_ini *ini) {
    sx_free(ini->entries);
    sx_arena_done(&ini->arena);
    *ini = (sx_ini){0};
}
