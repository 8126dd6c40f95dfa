/* Reads the rows of a predictions file. The text is cut into pieces of fixed size at line ends;
 * lines are counted, then every piece writes its own rows, so that threads share the work and the
 * result does not depend on them. Of all mistakes the first in the file is told. A quotation mark
 * may enclose a field but no line end. */
#include "core/study/predictions_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PIECE ((size_t)1 << 20)

typedef struct {
    const char *from, *to; /* whole lines */
    size_t rows, lines;    /* rows that hold something; all lines */
    size_t first_row, first_line;
    bool failed;
    char message[400];
} piece;

typedef struct {
    const char *name, *text, *end; /* behind the header */
    sx_predictions_header header;
    piece *pieces;
    int count;
    sx_predictions *out;
    sx_predictions_keys keys;
} reading;

/* ---- lines ------------------------------------------------------------------------------------
 */

static const char *line_end(const char *at, const char *end) {
    const char *found = memchr(at, '\n', (size_t)(end - at));
    return found ? found : end;
}

/* Where a line's text ends: without "\r". */
static const char *text_end(const char *from, const char *to) {
    return to > from && to[-1] == '\r' ? to - 1 : to;
}

static const char *piece_start(const reading *r, int number) {
    size_t at = (size_t)number * PIECE, size = (size_t)(r->end - r->text);
    if (number == 0) return r->text;
    if (at >= size) return r->end;
    const char *line = line_end(r->text + at - 1, r->end);
    return line < r->end ? line + 1 : r->end;
}

static void count_lines(void *context, int number, int worker) {
    reading *r = context;
    piece *p = &r->pieces[number];
    (void)worker;
    p->from = piece_start(r, number);
    p->to = piece_start(r, number + 1);
    for (const char *at = p->from, *line; at < p->to; at = line + 1) {
        line = line_end(at, p->to);
        p->lines++;
        p->rows += text_end(at, line) > at;
    }
}

/* ---- fields -----------------------------------------------------------------------------------
 */

/* A row that is read. */
typedef struct {
    const reading *r;
    piece *p;
    const char *at, *to;
    size_t row, line;
    double *values;
} cursor;

/* The first mistake of a piece. */
static bool refuse(cursor *c, int column, const char *what) {
    char shown[80], *out = c->p->message;
    size_t room = sizeof c->p->message;
    c->p->failed = true;
    int used = snprintf(out, room, "%.120s, row %zu", c->r->name, c->line);
    if (column >= 0) {
        sx_text_printable(shown, sizeof shown, c->r->header.columns[column].name);
        used += snprintf(out + used, room - (size_t)used, ", column '%s'", shown);
    }
    snprintf(out + used, room - (size_t)used, ": %s", what);
    return false;
}

/* A field without quotation marks and blanks around it; moves on behind its comma. */
static bool take_field(cursor *c, int column, sx_field *out) {
    const char *from = c->at, *end;
    if (from < c->to && *from == '"') {
        from++;
        end = memchr(from, '"', (size_t)(c->to - from));
        if (!end) return refuse(c, column, "the closing quotation mark is missing");
        c->at = end + 1;
        if (c->at < c->to && *c->at != ',')
            return refuse(c, column, "a comma is missing behind a quotation mark");
    } else {
        end = memchr(from, ',', (size_t)(c->to - from));
        c->at = end = end ? end : c->to;
    }
    while (from < end && *from == ' ') from++;
    while (end > from && end[-1] == ' ') end--;
    if (end - from > UINT32_MAX) return refuse(c, column, "a field is too long");
    *out = (sx_field){from, (uint32_t)(end - from)};
    return true;
}

static bool refuse_field(cursor *c, int column, sx_field field, const char *what) {
    char text[48], shown[48], sentence[200];
    size_t length = field.length < sizeof text ? field.length : sizeof text - 1;
    memcpy(text, field.at, length);
    text[length] = 0;
    sx_text_printable(shown, sizeof shown, text);
    if (field.length)
        snprintf(sentence, sizeof sentence, "'%s' %s", shown, what);
    else
        snprintf(sentence, sizeof sentence, "there is no value");
    return refuse(c, column, sentence);
}

static bool take_number(cursor *c, int column, double *out) {
    sx_field field;
    const char *end = sx_decimal_read(c->at, c->to, out); /* as nearly all fields are */
    if (end && (end == c->to || *end == ',')) {
        c->at = end;
        return true;
    }
    if (!take_field(c, column, &field)) return false;
    end = sx_decimal_read(field.at, field.at + field.length, out);
    if (end && end == field.at + field.length) return true;
    return refuse_field(c, column, field, "is not a number");
}

/* ---- rows -------------------------------------------------------------------------------------
 */

static bool read_label(cursor *c, int column, sx_field field) {
    const sx_predictions_header *h = &c->r->header;
    double number = -1;
    char range[80];
    const char *end = sx_decimal_read(field.at, field.at + field.length, &number);
    bool whole = end && end == field.at + field.length && number == floor(number);
    int32_t *out = &c->r->out->labels[c->row];
    *out = -1;
    if (!field.length) return true;
    for (int k = 0; !whole && h->class_names && k < h->classes; k++)
        if (sx_field_is(field, h->class_names[k])) {
            *out = k;
            return true;
        }
    snprintf(range, sizeof range, "is no class: labels go from 0 to %d", h->classes - 1);
    if (!whole || number >= h->classes || number < -1) return refuse_field(c, column, field, range);
    *out = (int32_t)number;
    return true;
}

static bool read_flag(cursor *c, int column, sx_field field, bool *out) {
    *out = sx_field_is(field, "1") || sx_field_is(field, "true") || sx_field_is(field, "yes") ||
           sx_field_is(field, "1.0");
    if (*out || sx_field_is(field, "0") || sx_field_is(field, "false") ||
        sx_field_is(field, "no") || sx_field_is(field, "0.0"))
        return true;
    return refuse_field(c, column, field, "is neither 0 nor 1");
}

/* A column that is no number of the classifier's. */
static bool read_key(cursor *c, int column, sx_column_role role) {
    const sx_predictions_keys *keys = &c->r->keys;
    sx_field field;
    bool flag;
    if (!take_field(c, column, &field)) return false;
    if (role == SX_COLUMN_ID && !field.length) return refuse_field(c, column, field, "");
    if (role == SX_COLUMN_ID) keys->ids[c->row] = field;
    if (role == SX_COLUMN_MEMBER) keys->members[c->row] = field;
    if (role == SX_COLUMN_SET) keys->sets[c->row] = field;
    if (role == SX_COLUMN_LABEL && c->r->header.kind != SX_PREDICTED_CONFIDENCE)
        return read_label(c, column, field);
    if (role == SX_COLUMN_IS_OOD) {
        if (!read_flag(c, column, field, &flag)) return false;
        keys->is_ood[c->row] = flag;
    }
    if (role == SX_COLUMN_CORRECT && c->r->header.kind == SX_PREDICTED_CONFIDENCE) {
        if (!field.length && keys->is_ood) return true;
        if (!read_flag(c, column, field, &flag)) return false;
        c->r->out->labels[c->row] = flag;
    }
    return true;
}

static bool is_value(const sx_predictions_header *h, sx_column_role role) {
    return role == SX_COLUMN_VALUE ||
           (role == SX_COLUMN_CONFIDENCE && h->kind == SX_PREDICTED_CONFIDENCE);
}

static bool check_values(cursor *c) {
    const sx_predictions_header *h = &c->r->header;
    char why[160];
    int which = sx_predictions_check(h->kind, c->values, h->classes, why), column = -1;
    if (which == -1) return true;
    for (int k = 0; k < h->count; k++)
        if (which >= 0 && is_value(h, h->columns[k].role) && h->columns[k].class == which)
            column = k;
    return refuse(c, column, why);
}

static bool refuse_length(cursor *c) {
    char sentence[100];
    snprintf(sentence, sizeof sentence, "there must be %d fields, as in row 1", c->r->header.count);
    return refuse(c, -1, sentence);
}

static bool read_row(cursor *c) {
    const sx_predictions_header *h = &c->r->header;
    c->values = c->r->out->values + c->row * (size_t)h->classes;
    c->r->out->labels[c->row] = -1;
    if (c->r->keys.lines) c->r->keys.lines[c->row] = c->line;
    for (int k = 0; k < h->count; k++) {
        const sx_predictions_column *column = &h->columns[k];
        bool last = k + 1 == h->count;
        if (is_value(h, column->role)) {
            if (!take_number(c, k, &c->values[column->class])) return false;
        } else if (!read_key(c, k, column->role)) {
            return false;
        }
        if (last != (c->at == c->to)) return refuse_length(c);
        c->at++;
    }
    return check_values(c);
}

static void read_rows(void *context, int number, int worker) {
    const reading *r = context;
    piece *p = &r->pieces[number];
    cursor c = {.r = r, .p = p, .row = p->first_row, .line = p->first_line};
    (void)worker;
    for (const char *at = p->from, *line; at < p->to && !p->failed; at = line + 1, c.line++) {
        line = line_end(at, p->to);
        c.at = at;
        c.to = text_end(at, line);
        if (c.to > at && read_row(&c)) c.row++;
    }
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static sx_status find_pieces(reading *r, sx_pool *pool, sx_error *err) {
    size_t count = ((size_t)(r->end - r->text) + PIECE - 1) / PIECE, rows = 0, line = 2;
    if (count >= (size_t)1 << 20)
        return sx_fail(err, SX_BAD_INPUT, "%.200s: more than a terabyte", r->name);
    r->count = (int)count;
    if (!(r->pieces = sx_alloc(count, sizeof *r->pieces)))
        return sx_predictions_no_memory(r->name, err);
    sx_pool_run(pool, r->count, count_lines, r);
    bool blank = false;
    for (int i = 0; i < r->count; i++) {
        piece *p = &r->pieces[i];
        p->first_row = rows;
        p->first_line = line;
        rows += p->rows;
        line += p->lines;
        blank |= p->rows != p->lines;
    }
    r->out->rows = rows;
    if (rows == 0)
        return sx_fail(err, SX_BAD_INPUT, "%.200s: there is no row below row 1", r->name);
    if (rows > UINT32_MAX)
        return sx_fail(err, SX_BAD_INPUT, "%.200s: more than %u rows", r->name, UINT32_MAX);
    if (blank && !(r->keys.lines = sx_alloc(rows, sizeof *r->keys.lines)))
        return sx_predictions_no_memory(r->name, err);
    return SX_OK;
}

static sx_status make_room(reading *r, sx_error *err) {
    const sx_predictions_header *h = &r->header;
    sx_predictions *out = r->out;
    size_t total;
    bool memory = sx_size_multiply(out->rows, (size_t)h->classes, &total) &&
                  (out->values = sx_alloc(total, sizeof *out->values)) &&
                  (out->labels = sx_alloc(out->rows, sizeof *out->labels));
    sx_field **const fields[] = {&r->keys.ids, &r->keys.members, &r->keys.sets};
    const sx_column_role keys[] = {SX_COLUMN_ID, SX_COLUMN_MEMBER, SX_COLUMN_SET};
    for (int i = 0; memory && i < 3; i++)
        if (h->at[keys[i]] >= 0) memory = (*fields[i] = sx_alloc(out->rows, sizeof(sx_field)));
    if (memory && h->at[SX_COLUMN_IS_OOD] >= 0) memory = (r->keys.is_ood = sx_alloc(out->rows, 1));
    return memory ? SX_OK : sx_predictions_no_memory(r->name, err);
}

static sx_status read_pieces(reading *r, sx_pool *pool, sx_error *err) {
    sx_status status = make_room(r, err);
    if (status) return status;
    sx_pool_run(pool, r->count, read_rows, r);
    for (int i = 0; i < r->count; i++)
        if (r->pieces[i].failed) return sx_fail(err, SX_BAD_INPUT, "%s", r->pieces[i].message);
    return sx_predictions_sort(r->name, &r->keys, r->out, err);
}

static sx_status read_text(reading *r, sx_pool *pool, sx_error *err) {
    const char *line = line_end(r->text, r->end), *head = r->text;
    if (r->end - head >= 3 && memcmp(head, "\xEF\xBB\xBF", 3) == 0) head += 3;
    if (head == r->end)
        return sx_fail(err, SX_BAD_INPUT, "%.200s: the file is empty; its first row names columns",
                       r->name);
    sx_status status = sx_predictions_read_header(r->name, head, text_end(head, line),
                                                  &r->out->arena, &r->header, err);
    if (status) return status;
    r->text = line < r->end ? line + 1 : r->end;
    r->out->kind = r->header.kind;
    r->out->classes = r->header.classes;
    r->out->class_names = r->header.class_names;
    status = find_pieces(r, pool, err);
    return status ? status : read_pieces(r, pool, err);
}

sx_status sx_predictions_parse(const char *name, const char *text, size_t size, sx_pool *pool,
                               sx_predictions *out, sx_error *err) {
    reading r = {.name = name, .text = text, .end = text + size, .out = out};
    *out = (sx_predictions){0};
    sx_status status = read_text(&r, pool, err);
    sx_free(r.pieces);
    sx_free(r.keys.ids);
    sx_free(r.keys.members);
    sx_free(r.keys.sets);
    sx_free(r.keys.is_ood);
    sx_free(r.keys.lines);
    return status;
}
