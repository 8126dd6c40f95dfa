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
