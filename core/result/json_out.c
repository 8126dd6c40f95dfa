/* Results as JSON, format 1. Unknown numbers are null, pictures are base64 of their bytes. */
#include "core/result/base64.h"
#include "core/result/result.h"

static json_t *numbers(const double *values, size_t count) {
    if (!values) return json_null();
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(array, sx_json_number(values[i]));
    return array;
}

static void put(json_t *object, const char *key, json_t *value) {
    json_object_set_new(object, key, value);
}

static void put_text(json_t *object, const char *key, const char *text) {
    put(object, key, sx_json_text(text));
}

static void write_series(const sx_result *result, json_t *out) {
    const sx_series *s = &result->series;
    json_t *lines = json_array();
    put_text(out, "x_label", s->x_label);
    put_text(out, "x_unit", s->x_unit);
    put_text(out, "y_label", s->y_label);
    put(out, "x", numbers(s->x, s->length));
    put(out, "few", sx_json_number(s->few));
    for (int i = 0; i < s->line_count; i++) {
        const sx_line *line = &s->lines[i];
        json_t *entry = json_object();
        put_text(entry, "name", line->name);
        put(entry, "y", numbers(line->y, s->length));
        put(entry, "low", numbers(line->low, s->length));
        put(entry, "high", numbers(line->high, s->length));
        put(entry, "count", numbers(line->count, s->length));
        json_array_append_new(lines, entry);
    }
    put(out, "lines", lines);
}

static void write_grid(const sx_result *result, json_t *out) {
    const sx_grid *g = &result->grid;
    size_t cells = (size_t)g->rows * (size_t)g->columns;
    put_text(out, "row_label", g->row_label);
    put_text(out, "column_label", g->column_label);
    put_text(out, "unit", g->unit);
    put(out, "row_values", numbers(g->row_values, (size_t)g->rows));
    put(out, "column_values", numbers(g->column_values, (size_t)g->columns));
    put(out, "values", numbers(g->values, cells));
    put(out, "low", numbers(g->low, cells));
    put(out, "high", numbers(g->high, cells));
    put(out, "count", numbers(g->count, cells));
    put(out, "few", sx_json_number(g->few));
}

static void write_points(const sx_result *result, json_t *out) {
    const sx_points *p = &result->points;
    put_text(out, "x_label", p->x_label);
    put_text(out, "y_label", p->y_label);
    put(out, "x", numbers(p->x, p->length));
    put(out, "y", numbers(p->y, p->length));
    json_t *group = p->group ? json_array() : json_null();
    for (size_t i = 0; p->group && i < p->length; i++)
        json_array_append_new(group, json_integer(p->group[i]));
    put(out, "group", group);
}

static void write_histogram(const sx_result *result, json_t *out) {
    const sx_histogram *h = &result->histogram;
    put_text(out, "x_label", h->x_label);
    put(out, "edges", numbers(h->edges, h->bins + 1));
    put(out, "counts", numbers(h->counts, h->bins));
}

static void write_table(const sx_result *result, json_t *out) {
    const sx_table *t = &result->table;
    json_t *columns = json_array();
    put(out, "rows", json_integer((json_int_t)t->rows));
    for (int c = 0; c < t->column_count; c++) {
        json_t *entry = json_object(), *texts = json_array();
        put_text(entry, "name", t->columns[c].name);
        for (size_t row = 0; t->columns[c].texts && row < t->rows; row++)
            json_array_append_new(texts, sx_json_text(t->columns[c].texts[row]));
        if (t->columns[c].texts)
            put(entry, "texts", json_incref(texts));
        else
            put(entry, "numbers", numbers(t->columns[c].numbers, t->rows));
        json_decref(texts);
        json_array_append_new(columns, entry);
    }
    put(out, "columns", columns);
}

static void write_images(const sx_result *result, json_t *out) {
    const sx_images *images = &result->images;
    put(out, "height", json_integer(images->height));
    put(out, "width", json_integer(images->width));
    put(out, "channels", json_integer(images->channels));
    size_t size = (size_t)images->height * (size_t)images->width * (size_t)images->channels;
    char *text = sx_base64_encode(images->pixels, size * (size_t)images->count);
    json_t *captions = json_array();
    for (int i = 0; i < images->count; i++)
        json_array_append_new(captions, sx_json_text(images->captions[i]));
    put(out, "captions", captions);
    put(out, "pixels", text ? json_string(text) : NULL);
    sx_free(text);
}

static void write_claims(const sx_result *result, json_t *out) {
    json_t *claims = json_array();
    for (int i = 0; i < result->claims.count; i++) {
        const sx_claim *c = &result->claims.claims[i];
        json_t *entry = json_object();
        put_text(entry, "text", c->text);
        put_text(entry, "origin", c->origin);
        put_text(entry, "bound", c->bound);
        put(entry, "threshold", sx_json_number(c->threshold));
        put(entry, "at_least", json_boolean(c->at_least));
        put(entry, "measured", sx_json_number(c->measured));
        put(entry, "low", sx_json_number(c->low));
        put(entry, "high", sx_json_number(c->high));
        put_text(entry, "verdict", sx_verdict_name(c->verdict));
        put_text(entry, "reason", c->reason);
        json_array_append_new(claims, entry);
    }
    put(out, "claims", claims);
}

json_t *sx_result_to_json(const sx_result *result, sx_error *err) {
    static void (*const writers[SX_RESULT_KINDS])(const sx_result *, json_t *) = {
        write_series, write_grid,   write_points, write_histogram,
        write_table,  write_images, write_claims};
    json_t *out = json_object();
    if (!out) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory to write %s", result->name);
        return NULL;
    }
    put(out, "format", json_integer(1));
    put_text(out, "name", result->name);
    put_text(out, "title", result->title);
    put_text(out, "kind", sx_result_kind_name(result->kind));
    put(out, "step", json_integer(result->step));
    writers[result->kind](result, out);
    return out;
}
