/* INI through inih: sections, key = value, ';' or '#' comments. The order of the file is kept. */
#ifndef SX_FORMAT_INI_H
#define SX_FORMAT_INI_H

#include "core/base/base.h"

typedef struct {
    const char *section, *key, *value;
    int line;
} sx_ini_entry;

/* Owned by its arena; end with sx_ini_done. */
typedef struct {
    sx_arena arena;
    sx_ini_entry *entries;
    size_t count;
} sx_ini;

/* Parses `text` [size]; `name` (the path) is used in sentences. A line that is neither section,
 * entry nor comment, a key before any section, a key given twice in one section, a NUL byte and a
 * line longer than inih's limit are errors with file and line. */
sx_status sx_ini_parse(const char *name, const char *text, size_t size, sx_ini *out, sx_error *err);

/* Reads a file of at most 1 MiB. */
sx_status sx_ini_read(const char *path, sx_ini *out, sx_error *err);
void sx_ini_done(sx_ini *ini);

#endif
