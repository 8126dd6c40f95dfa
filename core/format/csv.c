/* CSV out and in. Numbers are written by the C locale whatever the program's is, and the shortest
 * of 15, 16 and 17 digits that reads back equal is taken. The reader is for tables of numbers. */
#include "core/format/csv.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sx_csv_text(sx_text *out, bool first, const char *text) {
    if (!first) sx_text_add_bytes(out, ",", 1);
    bool runs = text[0] && strchr("=+-@", text[0]);
    bool quoted = runs || strpbrk(text, ",\"\r\n\t") || text[0] == ' ';
    if (!quoted) {
        sx_text_add_bytes(out, text, strlen(text));
        return;
    }
    sx_text_add_bytes(out, "\"", 1);
    if (runs) sx_text_add_bytes(out, "'", 1);
    for (const char *c = text; *c; c++)
        sx_text_add_bytes(out, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    sx_text_add_bytes(out, "\"", 1);
}

void sx_csv_number(sx_text *out, bool first, double value) {
    char digits[40];
    if (!first) sx_text_add_bytes(out, ",", 1);
    if (isnan(value)) return;
    if (isinf(value)) {
        sx_text_add(out, value > 0 ? "inf" : "-inf");
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        double back;
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        char *comma = strchr(digits, ',');
        if (comma) *comma = '.';
        if (sx_text_number(digits, &back) && back == value) break;
    }
    sx_text_add_bytes(out, digits, strlen(digits));
}

void sx_csv_row_end(sx_text *out) {
    sx_text_add_bytes(out, "\n", 1);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

typedef struct {
    const char *name, *next, *end;
    size_t line;
    sx_text field;
    bool row_over;
} reader;

/* Reads a quoted field, the opening quote already taken; false if the closing one is missing. */
static bool read_quoted(reader *r) {
    while (r->next < r->end) {
        char c = *r->next++;
        if (c == '\n') r->line++;
        if (c == '"') {
            if (r->next >= r->end || *r->next != '"') return true;
            r->next++;
        }
        sx_text_add_bytes(&r->field, &c, 1);
    }
    return false;
}

/* Reads one field and the separator behind it. */
static sx_status read_field(reader *r, sx_error *err) {
    r->field.size = 0;
    sx_text_add_bytes(&r->field, "", 0);
    if (r->next < r->end && *r->next == '"') {
        r->next++;
        if (!read_quoted(r))
            return sx_fail(err, SX_BAD_INPUT, "%.200s:%zu: a closing quote is missing", r->name,
                           r->line);
    } else {
        const char *from = r->next;
        while (r->next < r->end && !strchr(",\r\n", *r->next)) r->next++;
        sx_text_add_bytes(&r->field, from, (size_t)(r->next - from));
    }
    if (r->field.failed) return sx_fail(err, SX_NO_MEMORY, "not enough memory for '%s'", r->name);
    if (r->next < r->end && *r->next == '\r') r->next++;
    r->row_over = r->next >= r->end || *r->next == '\n';
    if (r->next < r->end && *r->next != ',' && *r->next != '\n')
        return sx_fail(err, SX_BAD_INPUT, "%.200s:%zu: text after a closing quote", r->name,
                       r->line);
    if (r->next < r->end) r->next++;
    return SX_OK;
}

static sx_status read_names(reader *r, sx_csv *out, sx_error *err) {
    size_t capacity = 0;
    char **names = NULL;
    sx_status status = SX_OK;
    do {
        status = read_field(r, err);
        if (status) break;
        if (!sx_grow((void **)&names, &capacity, out->columns + 1, sizeof *names) ||
            !(names[out->columns] = sx_arena_text(&out->arena, r->field.data)))
            status = sx_fail(err, SX_NO_MEMORY, "not enough memory for '%s'", r->name);
        else
            out->columns++;
    } while (!status && !r->row_over);
    if (!status) {
        out->names = sx_arena_alloc(&out->arena, out->columns, sizeof *names);
        if (out->names)
            memcpy(out->names, names, out->columns * sizeof *names);
        else
            status = sx_fail(err, SX_NO_MEMORY, "not enough memory for '%s'", r->name);
    }
    sx_free(names);
    return status;
}

static bool field_number(const char *text, double *out) {
    *out = NAN;
    if (!*text || sx_text_number(text, out)) return true;
    if (strcmp(text, "nan") == 0) return true;
    *out = text[0] == '-' ? -INFINITY : INFINITY;
    return strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0;
}

static sx_status read_row(reader *r, const sx_csv *csv, double *row, sx_error *err) {
    size_t line = r->line;
    for (size_t column = 0;; column++) {
        sx_status status = read_field(r, err);
        if (status) return status;
        if (column >= csv->columns || (r->row_over && column + 1 != csv->columns))
            return sx_fail(err, SX_BAD_INPUT, "%.200s:%zu: has not %zu fields as the first row",
                           r->name, line, csv->columns);
        if (!field_number(r->field.data, &row[column])) {
            char shown[60];
            sx_text_printable(shown, sizeof shown, r->field.data);
            return sx_fail(err, SX_BAD_INPUT, "%.200s:%zu: '%s' is not a number", r->name, line,
                           shown);
        }
        if (r->row_over) break;
    }
    r->line++;
    return SX_OK;
}

static sx_status read_rows(reader *r, sx_csv *out, sx_error *err) {
    double *values = NULL;
    size_t capacity = 0;
    sx_status status = SX_OK;
    while (!status && r->next < r->end) {
        if (!sx_grow((void **)&values, &capacity, (out->rows + 1) * out->columns, sizeof *values))
            status = sx_fail(err, SX_NO_MEMORY, "not enough memory for '%s'", r->name);
        else
            status = read_row(r, out, values + out->rows * out->columns, err);
        out->rows += !status;
    }
    if (!status) {
        out->values = sx_arena_alloc(&out->arena, out->rows * out->columns, sizeof *values);
        if (!out->values)
            status = sx_fail(err, SX_NO_MEMORY, "not enough memory for '%s'", r->name);
        else if (out->rows)
            memcpy(out->values, values, out->rows * out->columns * sizeof *values);
    }
    sx_free(values);
    return status;
}

sx_status sx_csv_parse(const char *name, const char *text, size_t size, sx_csv *out,
                       sx_error *err) {
    *out = (sx_csv){0};
    if (memchr(text, 0, size))
        return sx_fail(err, SX_BAD_INPUT, "%.200s: has a NUL byte; this is not a text", name);
    if (size == 0) return sx_fail(err, SX_BAD_INPUT, "%.200s: is empty", name);
    reader r = {.name = name, .next = text, .end = text + size, .line = 1};
    sx_status status = read_names(&r, out, err);
    r.line++;
    if (!status) status = read_rows(&r, out, err);
    sx_text_done(&r.field);
    if (status) sx_csv_done(out);
    return status;
}

void sx_csv_done(sx_csv *csv) {
    sx_arena_done(&csv->arena);
    *csv = (sx_csv){0};
}
