/* Lines of a CSV file cut into fields in place. core/format reads tables of numbers as a whole;
 * here fields are texts as well, and rows are too many to keep. */
#include "core/data/rows.h"

#include <math.h>
#include <string.h>

/* Cuts the line into fields, in place; quoted ones lose their quotes. */
static int cut_fields(char *line, char **fields) {
    char *from = line, *to = line;
    int count = 0;
    for (bool more = true; more && count < SX_ROWS_COLUMNS;) {
        bool quoted = *from == '"';
        fields[count++] = to;
        for (from += quoted; *from && (quoted || *from != ','); from++) {
            if (quoted && *from == '"' && *++from != '"') break;
            *to++ = *from;
        }
        while (*from && *from != ',') from++;
        more = *from++ == ',';
        *to++ = 0;
    }
    return count;
}

bool sx_rows_next(sx_rows *rows) {
    while (rows->at < rows->bytes.size) {
        const char *from = (const char *)rows->bytes.data + rows->at;
        size_t left = rows->bytes.size - rows->at;
        const char *end = memchr(from, '\n', left);
        size_t length = end ? (size_t)(end - from) : left, kept = length;
        rows->at += length + 1;
        rows->line++;
        if (kept && from[kept - 1] == '\r') kept--;
        if (kept == 0) continue;
        if (kept >= SX_ROWS_LINE) kept = SX_ROWS_LINE - 1;
        memcpy(rows->text, from, kept);
        rows->text[kept] = 0;
        rows->count = cut_fields(rows->text, rows->fields);
        return true;
    }
    return false;
}

sx_status sx_rows_open(sx_rows *rows, const char *path, sx_error *err) {
    *rows = (sx_rows){.path = path};
    sx_status status = sx_file_map(path, &rows->bytes, err);
    if (status) return status;
    if (!sx_rows_next(rows)) return sx_fail(err, SX_BAD_INPUT, "'%.300s' is empty", path);
    memcpy(rows->header, rows->text, sizeof rows->header);
    rows->columns = rows->count;
    for (int c = 0; c < rows->count; c++)
        rows->names[c] = rows->header + (rows->fields[c] - rows->text);
    return SX_OK;
}

int sx_rows_column(const sx_rows *rows, const char *name) {
    for (int c = 0; c < rows->columns; c++)
        if (strcmp(rows->names[c], name) == 0) return c;
    return -1;
}

bool sx_rows_whole(const sx_rows *rows, int column, double most, double *out) {
    return column < rows->count && sx_text_number(rows->fields[column], out) && *out >= 0 &&
           *out <= most && *out == floor(*out);
}

sx_status sx_rows_fail(const sx_rows *rows, const char *what, sx_error *err) {
    return sx_fail(err, SX_BAD_INPUT, "%.300s:%d: %s", rows->path, rows->line, what);
}

sx_status sx_rows_fail_at(const sx_rows *rows, int column, const char *what, sx_error *err) {
    char name[64], value[64];
    if (column >= rows->columns) return sx_rows_fail(rows, what, err);
    sx_text_printable(name, sizeof name, rows->names[column]);
    if (column >= rows->count)
        return sx_fail(err, SX_BAD_INPUT, "%.300s:%d: column '%s' is missing: %s", rows->path,
                       rows->line, name, what);
    sx_text_printable(value, sizeof value, rows->fields[column]);
    return sx_fail(err, SX_BAD_INPUT, "%.300s:%d: column '%s' is '%s': %s", rows->path, rows->line,
                   name, value, what);
}
