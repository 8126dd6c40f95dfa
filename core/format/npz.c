/* Members of npz archives. Sizes in a zip file are claims: a member is refused by its claim, and
 * read up to it and no further. */
#include "core/format/npz.h"

#include <stdio.h>
#include <string.h>
#include <zip.h>

static sx_status refuse(zip_t *zip, const char *path, const char *name, sx_error *err) {
    return sx_fail(err, SX_BAD_INPUT, "'%.200s': %s: %s", path, name, zip_strerror(zip));
}

static sx_status inflate_member(zip_t *zip, const char *path, const char *name, size_t size,
                                sx_bytes *out, sx_error *err) {
    zip_file_t *file = zip_fopen(zip, name, 0);
    if (!file) return refuse(zip, path, name, err);
    sx_status status = SX_OK;
    out->data = sx_alloc(size + 1, 1);
    if (!out->data)
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory for %s of '%.200s'", name, path);
    else
        while (out->size < size) {
            zip_int64_t got = zip_fread(file, out->data + out->size, size - out->size);
            if (got <= 0) break;
            out->size += (size_t)got;
        }
    char more;
    if (!status && (out->size < size || zip_fread(file, &more, 1) != 0))
        status =
            sx_fail(err, SX_BAD_INPUT,
                    "'%.200s': %s is damaged: its data have another size than the archive says",
                    path, name);
    zip_fclose(file);
    if (status) sx_bytes_done(out);
    return status;
}

static sx_status read_member(zip_t *zip, const char *path, const char *name, size_t limit,
                             sx_bytes *out, sx_error *err) {
    zip_stat_t facts;
    if (zip_stat(zip, name, 0, &facts) != 0 || !(facts.valid & ZIP_STAT_SIZE))
        return refuse(zip, path, name, err);
    if (facts.size > limit)
        return sx_fail(err, SX_BAD_INPUT,
                       "'%.200s': %s has %llu bytes, more than the %zu MiB that are read of an "
                       "archive; save it as a file of its own, NAME.npy in a folder",
                       path, name, (unsigned long long)facts.size, limit >> 20);
    return inflate_member(zip, path, name, (size_t)facts.size, out, err);
}

sx_status sx_npz_read(const char *path, const char *const *names, size_t count, size_t limit,
                      sx_bytes *out, sx_error *err) {
    int code = 0;
    *out = (sx_bytes){0};
    zip_t *zip = zip_open(path, ZIP_RDONLY, &code);
    if (!zip)
        return sx_fail(err, SX_BAD_INPUT,
                       "'%.200s' is no npz archive that can be read (zip error %d)", path, code);
    sx_status status = SX_OK;
    for (size_t i = 0; i < count; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s.npy", names[i]);
        if (zip_name_locate(zip, name, 0) < 0) continue;
        status = read_member(zip, path, name, limit, out, err);
        break;
    }
    zip_discard(zip);
    return status;
}

/* ---- one by one --------------------------------------------------------------------------------
 */

typedef struct {
    char *name;
    sx_npy npy;
    zip_uint64_t member;
} entry;

struct sx_npz {
    sx_arena arena;
    zip_t *zip;
    char path[300];
    entry *entries;
    size_t count;
};

/* Reads up to `size` bytes; fewer only where the member ends or is damaged. */
static size_t read_some(zip_file_t *file, uint8_t *to, size_t size) {
    size_t done = 0;
    while (done < size) {
        zip_int64_t got = zip_fread(file, to + done, size - done);
        if (got <= 0) break;
        done += (size_t)got;
    }
    return done;
}

static sx_status read_entry(sx_npz *file, const zip_stat_t *facts, uint8_t *head, sx_error *err) {
    entry *e = &file->entries[file->count];
    size_t length = strlen(facts->name), size = (size_t)facts->size;
    zip_file_t *member = zip_fopen_index(file->zip, facts->index, 0);
    if (!member) return refuse(file->zip, file->path, facts->name, err);
    size_t first = read_some(member, head, size < SX_NPY_HEADER_LIMIT ? size : SX_NPY_HEADER_LIMIT);
    zip_fclose(member);
    sx_status status = sx_npy_header(head, first, size, &e->npy, err);
    if (status) return sx_fail_within(err, "'%.200s': %.100s", file->path, facts->name);
    e->member = facts->index;
    e->name = sx_arena_text(&file->arena, facts->name);
    if (!e->name) return sx_fail(err, SX_NO_MEMORY, "not enough memory for an npz archive");
    e->name[length - 4] = 0;
    file->count++;
    return SX_OK;
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

static sx_status read_entries(sx_npz *file, uint8_t *head, bool *pickle, sx_error *err) {
    zip_int64_t count = zip_get_num_entries(file->zip, 0);
    file->entries = sx_arena_alloc(&file->arena, (size_t)count + 1, sizeof *file->entries);
    if (!file->entries) return sx_fail(err, SX_NO_MEMORY, "not enough memory for an npz archive");
    for (zip_int64_t i = 0; i < count; i++) {
        zip_stat_t facts;
        if (zip_stat_index(file->zip, (zip_uint64_t)i, 0, &facts) != 0 || !facts.name ||
            !(facts.valid & ZIP_STAT_SIZE))
            return refuse(file->zip, file->path, "a member", err);
        *pickle |= ends_with(facts.name, ".pkl");
        if (!ends_with(facts.name, ".npy")) continue;
        sx_status status = read_entry(file, &facts, head, err);
        if (status) return status;
    }
    if (file->count > 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "'%.200s' is a zip archive without arrays (NAME.npy)",
                   file->path);
}

sx_status sx_npz_open(const char *path, sx_npz **out, bool *pickle, sx_error *err) {
    int code = 0;
    *out = NULL;
    sx_npz *file = sx_alloc(1, sizeof *file);
    uint8_t *head = sx_alloc(SX_NPY_HEADER_LIMIT, 1);
    sx_status status = SX_OK;
    if (!file || !head)
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory for an npz archive");
    else {
        sx_text_printable(file->path, sizeof file->path, path);
        file->zip = zip_open(path, ZIP_RDONLY, &code);
        status = file->zip ? read_entries(file, head, pickle, err)
                           : sx_fail(err, SX_BAD_INPUT,
                                     "'%.200s' is no npz archive that can be read (zip error %d)",
                                     file->path, code);
    }
    sx_free(head);
    if (status)
        sx_npz_close(file);
    else
        *out = file;
    return status;
}

void sx_npz_close(sx_npz *file) {
    if (!file) return;
    if (file->zip) zip_discard(file->zip);
    sx_arena_done(&file->arena);
    sx_free(file);
}

size_t sx_npz_count(const sx_npz *file) {
    return file->count;
}

const char *sx_npz_name(const sx_npz *file, size_t i) {
    return file->entries[i].name;
}

const sx_npy *sx_npz_facts(const sx_npz *file, size_t i) {
    return &file->entries[i].npy;
}

/* Passes over the header. */
static bool skip(zip_file_t *member, size_t size) {
    uint8_t buffer[4096];
    while (size > 0) {
        size_t step = size < sizeof buffer ? size : sizeof buffer;
        if (read_some(member, buffer, step) != step) return false;
        size -= step;
    }
    return true;
}

sx_status sx_npz_values(sx_npz *file, size_t i, sx_bytes *out, sx_error *err) {
    const entry *e = &file->entries[i];
    size_t size = e->npy.count * (size_t)e->npy.width;
    *out = (sx_bytes){0};
    zip_file_t *member = zip_fopen_index(file->zip, e->member, 0);
    if (!member) return refuse(file->zip, file->path, e->name, err);
    sx_status status = SX_OK;
    if (!(out->data = sx_alloc(size, 1)))
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory for %.100s of '%.200s'", e->name,
                         file->path);
    else if (!skip(member, e->npy.offset) || read_some(member, out->data, size) != size)
        status = sx_fail(err, SX_BAD_INPUT, "'%.200s': %.100s is damaged: its data end too soon",
                         file->path, e->name);
    out->size = size;
    zip_fclose(member);
    if (status) sx_bytes_done(out);
    return status;
}
