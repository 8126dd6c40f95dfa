/* CSV out and in. Writing serves people who open results in a spreadsheet or in another language,
 * so numbers never depend on the locale and a text that a spreadsheet would run is defused.
 * Reading serves tables of numbers that others computed; it knows no types but the number, and
 * says in which line something else stands. */
#include "core/format/csv.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sx_csv_text(sx_text *out, bool first, const char *text) {
    if (!first) sx_text_add_bytes(out, ",", 1);
    bool runs = *text && strchr("=+-@\t\r", *text);
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;
    if (quoted) sx_text_add_bytes(out, "\"", 1);
    if (runs) sx_text_add_bytes(out, "'", 1);
    while (*text) {
        size_t plain = strcspn(text, "\"");
        sx_text_add_bytes(out, text, plain);
        text += plain;
        if (*text == '"') {
            sx_text_add_bytes(out, "\"\"", 2);
            text++;
        }
    }
    if (quoted) sx_text_add_bytes(out, "\"", 1);
}

/* printf follows the locale; whatever it wrote that belongs to no number is the decimal point. */
static void make_point(char *digits) {
    size_t start = strspn(digits, "+-0123456789");
    size_t point = strcspn(digits + start, "0123456789e");
    if (!digits[start] || point == 0) return;
    digits[start] = '.';
    memmove(digits + start + 1, digits + start + point, strlen(digits + start + point) + 1);
}

void sx_csv_number(sx_text *out, bool first, double value) {
    char digits[64] = "";
    if (!first) sx_text_add_bytes(out, ",", 1);
    if (isinf(value)) {
        strcpy(digits, value < 0 ? "-inf" : "inf");
    } else if (!isnan(value)) {
        /* 15 digits always survive a normal double; a subnormal one holds fewer. */
        int precision = fabs(value) < DBL_MIN ? 1 : 15;
        do {
            snprintf(digits, sizeof digits, "%.*g", precision, value);
        } while (strtod(digits, NULL) != value && ++precision <= 17);
        make_point(digits);
    }
    sx_text_add_bytes(out, digits, strlen(digits));
}

void sx_csv_row_end(sx_text *out) {
    sx_text_add_bytes(out, "\n", 1);
}

typedef struct {
    const char *name, *at, *end;
    size_t line;
    sx_text field; /* of the field read last, without its quotes */
    bool row_ended;
    sx_error *err;
} reader;

static sx_status refuse(reader *in, const char *what) {
    return sx_fail(in->err, SX_BAD_INPUT, "%.200s:%zu: %s", in->name, in->line, what);
}

static sx_status out_of_memory(reader *in) {
    return sx_fail(in->err, SX_NO_MEMORY, "not enough memory to read '%.200s'", in->name);
}

static sx_status read_quoted(reader *in) {
    size_t opened = in->line;
    in->at++;
    while (in->at < in->end) {
        if (*in->at == '"') {
            in->at++;
            if (in->at == in->end || *in->at != '"') return SX_OK;
        }
        in->line += *in->at == '\n';
        sx_text_add_bytes(&in->field, in->at++, 1);
    }
    in->line = opened;
    return refuse(in, "the closing quotation mark is missing");
}

static void read_bare(reader *in) {
    const char *start = in->at;
    while (in->at < in->end && !memchr(",\"\r\n", *in->at, 4)) in->at++;
    sx_text_add_bytes(&in->field, start, (size_t)(in->at - start));
}

/* Reads one field and the comma or line end behind it. The line number moves on with the first
 * field of the next row, so that a sentence about this one names its own line. */
static sx_status next_field(reader *in) {
    if (in->row_ended) in->line++;
    in->row_ended = false;
    in->field.size = 0;
    sx_text_add_bytes(&in->field, "", 0);
    if (in->at < in->end && *in->at == '"') {
        sx_status status = read_quoted(in);
        if (status) return status;
    } else {
        read_bare(in);
    }
    if (in->field.failed) return out_of_memory(in);
    if (memchr(in->field.data, 0, in->field.size)) return refuse(in, "a NUL byte is no text");
    if (in->at < in->end && *in->at == ',') {
        in->at++;
        return SX_OK;
    }
    in->row_ended = true;
    if (in->at < in->end && *in->at == '\r') in->at++;
    if (in->at == in->end) return SX_OK;
    if (*in->at != '\n') return refuse(in, "a comma or a line end is missing after a field");
    in->at++;
    return SX_OK;
}

static sx_status read_names(reader *in, sx_csv *out) {
    size_t capacity = 0;
    char **names = NULL;
    sx_status status = SX_OK;
    do {
        status = next_field(in);
        if (status) break;
        if (!sx_grow((void **)&names, &capacity, out->columns + 1, sizeof *names) ||
            !(names[out->columns] = sx_arena_text(&out->arena, in->field.data)))
            status = out_of_memory(in);
        else
            out->columns++;
    } while (!status && !in->row_ended);
    if (!status && !(out->names = sx_arena_alloc(&out->arena, out->columns, sizeof *names)))
        status = out_of_memory(in);
    if (out->names && names) memcpy(out->names, names, out->columns * sizeof *names);
    sx_free(names);
    return status;
}

static bool field_number(const char *field, double *value) {
    *value = NAN;
    if (!*field) return true;
    if (strcmp(field, "inf") == 0 || strcmp(field, "-inf") == 0) {
        *value = *field == '-' ? -INFINITY : INFINITY;
        return true;
    }
    return sx_text_number(field, value);
}

static sx_status read_row(reader *in, sx_csv *out, size_t *capacity) {
    size_t used = out->rows * out->columns;
    if (!sx_grow((void **)&out->values, capacity, used + out->columns, sizeof *out->values))
        return out_of_memory(in);
    for (size_t column = 0; column < out->columns; column++) {
        sx_status status = next_field(in);
        if (status) return status;
        if (!field_number(in->field.data, &out->values[used + column]))
            return sx_fail(in->err, SX_BAD_INPUT,
                           "%.200s:%zu: '%.60s' in column '%.60s' is not a "
                           "number",
                           in->name, in->line, in->field.data, out->names[column]);
        if (in->row_ended != (column + 1 == out->columns))
            return sx_fail(in->err, SX_BAD_INPUT,
                           "%.200s:%zu: there must be %zu fields, as in the "
                           "first line",
                           in->name, in->line, out->columns);
    }
    out->rows++;
    return SX_OK;
}

sx_status sx_csv_parse(const char *name, const char *text, size_t size, sx_csv *out,
                       sx_error *err) {
    *out = (sx_csv){0};
    reader in = {.name = name, .at = text, .end = text + size, .line = 1, .err = err};
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) in.at += 3;
    size_t capacity = 0;
    sx_status status = in.at == in.end
                           ? refuse(&in, "the file is empty; its first line must be names")
                           : read_names(&in, out);
    while (!status && in.at < in.end) status = read_row(&in, out, &capacity);
    sx_text_done(&in.field);
    if (status) sx_csv_done(out);
    return status;
}

void sx_csv_done(sx_csv *csv) {
    sx_free(csv->values);
    sx_arena_done(&csv->arena);
    *csv = (sx_csv){0};
}
