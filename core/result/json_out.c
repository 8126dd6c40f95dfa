/* Results as JSON, format 1. Unknown numbers are null, pictures are base64 of their bytes. A value
 * that could not be made is noted in the writer, so that one check at the end is enough and half a
 * result never reaches a file. */
#include "core/result/base64.h"
#include "core/result/result.h"

typedef struct {
    bool failed; /* memory was out */
} writer;

/* Both take `value`; NULL is noted. */
static void put(writer *w, json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, value)) w->failed = true;
}

static void append(writer *w, json_t *array, json_t *value) {
    if (json_array_append_new(array, value)) w->failed = true;
}

static json_t *numbers(writer *w, const double *values, size_t count) {
    if (!values) return json_null();
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) append(w, array, sx_json_number(values[i]));
    return array;
}

static void put_text(writer *w, json_t *object, const char *key, const char *text) {
    put(w, object, key, sx_json_text(text));
}

static void put_texts(writer *w, json_t *object, const char *key, const char *const *texts,
                      size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) append(w, array, sx_json_text(texts[i]));
    put(w, object, key, array);
}

static void write_series(writer *w, const sx_result *result, json_t *out) {
    const sx_series *s = &result->series;
    json_t *lines = json_array();
    put_text(w, out, "x_label", s->x_label);
    put_text(w, out, "x_unit", s->x_unit);
    put_text(w, out, "y_label", s->y_label);
    put(w, out, "x", numbers(w, s->x, s->length));
    put(w, out, "few", sx_json_number(s->few));
    for (int i = 0; i < s->line_count; i++) {
        const sx_line *line = &s->lines[i];
        json_t *entry = json_object();
        put_text(w, entry, "name", line->name);
        put(w, entry, "y", numbers(w, line->y, s->length));
        put(w, entry, "low", numbers(w, line->low, s->length));
        put(w, entry, "high", numbers(w, line->high, s->length));
        put(w, entry, "count", numbers(w, line->count, s->length));
        append(w, lines, entry);
    }
    put(w, out, "lines", lines);
}

static void write_grid(writer *w, const sx_result *result, json_t *out) {
    const sx_grid *g = &result->grid;
    size_t cells = (size_t)g->rows * (size_t)g->columns;
    put_text(w, out, "row_label", g->row_label);
    put_text(w, out, "column_label", g->column_label);
    put_text(w, out, "unit", g->unit);
    put(w, out, "row_values", numbers(w, g->row_values, (size_t)g->rows));
    put(w, out, "column_values", numbers(w, g->column_values, (size_t)g->columns));
    if (g->row_names) put_texts(w, out, "row_names", g->row_names, (size_t)g->rows);
    if (g->column_names) put_texts(w, out, "column_names", g->column_names, (size_t)g->columns);
    put(w, out, "values", numbers(w, g->values, cells));
    put(w, out, "low", numbers(w, g->low, cells));
    put(w, out, "high", numbers(w, g->high, cells));
    put(w, out, "count", numbers(w, g->count, cells));
    put(w, out, "few", sx_json_number(g->few));
}

static void write_points(writer *w, const sx_result *result, json_t *out) {
    const sx_points *p = &result->points;
    put_text(w, out, "x_label", p->x_label);
    put_text(w, out, "y_label", p->y_label);
    put(w, out, "x", numbers(w, p->x, p->length));
    put(w, out, "y", numbers(w, p->y, p->length));
    json_t *group = p->group ? json_array() : json_null();
    for (size_t i = 0; p->group && i < p->length; i++) append(w, group, json_integer(p->group[i]));
    put(w, out, "group", group);
}

static void write_histogram(writer *w, const sx_result *result, json_t *out) {
    const sx_histogram *h = &result->histogram;
    put_text(w, out, "x_label", h->x_label);
    put(w, out, "edges", numbers(w, h->edges, h->bins + 1));
    put(w, out, "counts", numbers(w, h->counts, h->bins));
}

static void write_table(writer *w, const sx_result *result, json_t *out) {
    const sx_table *t = &result->table;
    json_t *columns = json_array();
    put(w, out, "rows", json_integer((json_int_t)t->rows));
    for (int c = 0; c < t->column_count; c++) {
        json_t *entry = json_object();
        put_text(w, entry, "name", t->columns[c].name);
        if (t->columns[c].texts)
            put_texts(w, entry, "texts", t->columns[c].texts, t->rows);
        else
            put(w, entry, "numbers", numbers(w, t->columns[c].numbers, t->rows));
        append(w, columns, entry);
    }
    put(w, out, "columns", columns);
}

static void write_images(writer *w, const sx_result *result, json_t *out) {
    const sx_images *images = &result->images;
    put(w, out, "height", json_integer(images->height));
    put(w, out, "width", json_integer(images->width));
    put(w, out, "channels", json_integer(images->channels));
    size_t size = (size_t)images->height * (size_t)images->width * (size_t)images->channels;
    char *text = sx_base64_encode(images->pixels, size * (size_t)images->count);
    put_texts(w, out, "captions", images->captions, (size_t)images->count);
    put(w, out, "pixels", text ? json_string(text) : NULL);
    sx_free(text);
}

static void write_claims(writer *w, const sx_result *result, json_t *out) {
    json_t *claims = json_array();
    for (int i = 0; i < result->claims.count; i++) {
        const sx_claim *c = &result->claims.claims[i];
        json_t *entry = json_object();
        put_text(w, entry, "text", c->text);
        put_text(w, entry, "origin", c->origin);
        put_text(w, entry, "bound", c->bound);
        put(w, entry, "threshold", sx_json_number(c->threshold));
        put(w, entry, "at_least", json_boolean(c->at_least));
        put(w, entry, "measured", sx_json_number(c->measured));
        put(w, entry, "low", sx_json_number(c->low));
        put(w, entry, "high", sx_json_number(c->high));
        put(w, entry, "seed_low", sx_json_number(c->seed_low));
        put(w, entry, "seed_high", sx_json_number(c->seed_high));
        put_text(w, entry, "verdict", sx_verdict_name(c->verdict));
        put_text(w, entry, "reason", c->reason);
        append(w, claims, entry);
    }
    put(w, out, "claims", claims);
    if (result->claims.note[0]) put_text(w, out, "note", result->claims.note);
}

json_t *sx_result_to_json(const sx_result *result, sx_error *err) {
    static void (*const writers[SX_RESULT_KINDS])(writer *, const sx_result *, json_t *) = {
        write_series, write_grid,   write_points, write_histogram,
        write_table,  write_images, write_claims};
    writer all = {false}, *w = &all;
    json_t *out = json_object();
    put(w, out, "format", json_integer(1));
    put_text(w, out, "name", result->name);
    put_text(w, out, "title", result->title);
    put_text(w, out, "kind", sx_result_kind_name(result->kind));
    put(w, out, "step", json_integer(result->step));
    put_text(w, out, "split", result->split);
    put_text(w, out, "scene", result->scene);
    writers[result->kind](w, result, out);
    if (!all.failed) return out;
    sx_fail(err, SX_NO_MEMORY, "not enough memory to write result '%s'", result->name);
    json_decref(out);
    return NULL;
}
