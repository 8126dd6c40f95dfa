/* Results back from JSON. The file may be hostile: every key, type and length is checked, and
 * lengths come only from arrays that are really there. A reader keeps the first fault and goes on,
 * so that the code below reads like the list of keys that it is. */
#include "core/result/base64.h"
#include "core/result/result.h"

#include <math.h>
#include <string.h>

typedef struct {
    sx_result *result;
    sx_error *err;
    sx_status status;
} reader;

static void fail(reader *r, const char *key, const char *why) {
    if (r->status) return;
    r->status = sx_fail(r->err, SX_BAD_INPUT, "result '%s': %s %s", r->result->name, key, why);
}

static sx_status out_of_memory(const char *name, sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for result '%s'", name);
}

static void *arena(reader *r, size_t count, size_t size) {
    void *memory = sx_arena_alloc(&r->result->arena, count, size);
    if (!memory && !r->status) r->status = out_of_memory(r->result->name, r->err);
    return memory;
}

/* A copy that is safe to show; "" after a fault. */
static const char *text_of(reader *r, const json_t *from, const char *key) {
    const char *value = json_string_value(from);
    if (!value) fail(r, key, "is not a text");
    char *copy = value ? arena(r, strlen(value) + 1, 1) : NULL;
    if (copy) sx_text_printable(copy, strlen(value) + 1, value);
    return copy ? copy : "";
}

static const char *text(reader *r, const json_t *from, const char *key) {
    return text_of(r, json_object_get(from, key), key);
}

static size_t length_of(reader *r, const json_t *from, const char *key) {
    const json_t *array = json_object_get(from, key);
    if (!json_is_array(array)) fail(r, key, "is not a list");
    return json_array_size(array);
}

/* A list of exactly `count` numbers or nulls; NULL where the key is null and `optional`. */
static double *numbers(reader *r, const json_t *from, const char *key, size_t count,
                       bool optional) {
    const json_t *array = json_object_get(from, key);
    if (optional && json_is_null(array)) return NULL;
    if (length_of(r, from, key) != count) fail(r, key, "has a wrong length");
    if (r->status) return NULL;
    double *out = arena(r, count, sizeof *out);
    for (size_t i = 0; out && i < count; i++) {
        const json_t *value = json_array_get(array, i);
        if (!json_is_number(value) && !json_is_null(value))
            fail(r, key, "has a value that is no number");
        out[i] = sx_json_to_number(value);
    }
    return out;
}

static double number(reader *r, const json_t *from, const char *key) {
    const json_t *value = json_object_get(from, key);
    if (!json_is_number(value) && !json_is_null(value)) fail(r, key, "is not a number or null");
    return sx_json_to_number(value);
}

/* The same of a key that older files do not have. */
static double later_number(reader *r, const json_t *from, const char *key) {
    return json_object_get(from, key) ? number(r, from, key) : (double)NAN;
}

static bool flag(reader *r, const json_t *from, const char *key) {
    const json_t *value = json_object_get(from, key);
    if (!json_is_boolean(value)) fail(r, key, "is not true or false");
    return json_is_true(value);
}

/* A whole number of minimum .. maximum; `minimum` after a fault. */
static int64_t whole(reader *r, const json_t *from, const char *key, int64_t minimum,
                     int64_t maximum) {
    const json_t *value = json_object_get(from, key);
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number >= minimum && number <= maximum) return number;
    fail(r, key, "is missing, or is no whole number in its range");
    return minimum;
}

/* A list of exactly `count` texts. */
static const char **texts(reader *r, const json_t *from, const char *key, size_t count) {
    const json_t *array = json_object_get(from, key);
    if (length_of(r, from, key) != count) fail(r, key, "has a wrong length");
    const char **out = r->status ? NULL : arena(r, count, sizeof *out);
    for (size_t i = 0; out && i < count; i++) out[i] = text_of(r, json_array_get(array, i), key);
    return out;
}

/* 0, no mark, where it is unknown. */
static double few_of(reader *r, const json_t *from) {
    double few = number(r, from, "few");
    return isnan(few) ? 0 : few;
}

static void read_series(reader *r, const json_t *from) {
    sx_series *s = &r->result->series;
    const json_t *lines = json_object_get(from, "lines");
    s->x_label = text(r, from, "x_label");
    s->x_unit = text(r, from, "x_unit");
    s->y_label = text(r, from, "y_label");
    s->length = length_of(r, from, "x");
    s->x = numbers(r, from, "x", s->length, false);
    s->few = few_of(r, from);
    size_t count = length_of(r, from, "lines");
    if (count > 1000) fail(r, "lines", "are too many");
    if (r->status || !(s->lines = arena(r, count, sizeof *s->lines))) return;
    s->line_count = (int)count;
    for (size_t i = 0; !r->status && i < count; i++) {
        const json_t *entry = json_array_get(lines, i);
        s->lines[i] = (sx_line){.name = text(r, entry, "name"),
                                .y = numbers(r, entry, "y", s->length, false),
                                .low = numbers(r, entry, "low", s->length, true),
                                .high = numbers(r, entry, "high", s->length, true),
                                .count = numbers(r, entry, "count", s->length, true)};
    }
}

static void read_grid(reader *r, const json_t *from) {
    sx_grid *g = &r->result->grid;
    g->row_label = text(r, from, "row_label");
    g->column_label = text(r, from, "column_label");
    g->unit = text(r, from, "unit");
    size_t rows = length_of(r, from, "row_values"), columns = length_of(r, from, "column_values");
    if (rows < 1 || columns < 1 || rows > 10000 || columns > 10000)
        fail(r, "row_values", "and column_values make no grid");
    if (r->status) return;
    g->rows = (int)rows;
    g->columns = (int)columns;
    g->row_values = numbers(r, from, "row_values", rows, false);
    g->column_values = numbers(r, from, "column_values", columns, false);
    if (json_object_get(from, "row_names")) g->row_names = texts(r, from, "row_names", rows);
    if (json_object_get(from, "column_names"))
        g->column_names = texts(r, from, "column_names", columns);
    g->values = numbers(r, from, "values", rows * columns, false);
    g->low = numbers(r, from, "low", rows * columns, true);
    g->high = numbers(r, from, "high", rows * columns, true);
    g->count = numbers(r, from, "count", rows * columns, true);
    g->few = few_of(r, from);
}

static void read_points(reader *r, const json_t *from) {
    sx_points *p = &r->result->points;
    p->x_label = text(r, from, "x_label");
    p->y_label = text(r, from, "y_label");
    p->length = length_of(r, from, "x");
    p->x = numbers(r, from, "x", p->length, false);
    p->y = numbers(r, from, "y", p->length, false);
    double *group = numbers(r, from, "group", p->length, true);
    if (!group || r->status || !(p->group = arena(r, p->length, sizeof *p->group))) return;
    for (size_t i = 0; i < p->length; i++) {
        bool good = fabs(group[i]) <= INT32_MAX && group[i] == floor(group[i]);
        if (!good) fail(r, "group", "has a value that is no group's number");
        p->group[i] = good ? (int32_t)group[i] : 0;
    }
}

static void read_histogram(reader *r, const json_t *from) {
    sx_histogram *h = &r->result->histogram;
    h->x_label = text(r, from, "x_label");
    h->bins = length_of(r, from, "counts");
    h->edges = numbers(r, from, "edges", h->bins + 1, false);
    h->counts = numbers(r, from, "counts", h->bins, false);
}

static void read_table(reader *r, const json_t *from) {
    sx_table *t = &r->result->table;
    const json_t *columns = json_object_get(from, "columns");
    size_t count = length_of(r, from, "columns");
    int64_t rows = whole(r, from, "rows", 0, INT32_MAX);
    if (count > 1000) fail(r, "columns", "are too many");
    if (r->status || !(t->columns = arena(r, count, sizeof *t->columns))) return;
    t->rows = (size_t)rows;
    t->column_count = (int)count;
    for (size_t c = 0; !r->status && c < count; c++) {
        const json_t *entry = json_array_get(columns, c);
        t->columns[c].name = text(r, entry, "name");
        if (json_object_get(entry, "texts"))
            t->columns[c].texts = texts(r, entry, "texts", t->rows);
        else
            t->columns[c].numbers = numbers(r, entry, "numbers", t->rows, false);
    }
    if (!count) t->rows = 0;
}

static void read_images(reader *r, const json_t *from) {
    sx_images *images = &r->result->images;
    const char *coded = json_string_value(json_object_get(from, "pixels"));
    size_t count = length_of(r, from, "captions");
    int height = (int)whole(r, from, "height", 1, 4096);
    int width = (int)whole(r, from, "width", 1, 4096);
    int channels = (int)whole(r, from, "channels", 1, 4);
    if (!coded || count > 100000) fail(r, "pixels", "are no pictures");
    if (!coded || r->status) return;
    size_t size = (size_t)height * (size_t)width * (size_t)channels * count;
    if (strlen(coded) != (size + 2) / 3 * 4) fail(r, "pixels", "have a wrong length");
    const char **captions = texts(r, from, "captions", count);
    uint8_t *pixels = r->status ? NULL : arena(r, size, 1);
    if (!pixels) return;
    if (!sx_base64_decode(coded, pixels, size)) fail(r, "pixels", "are not base64");
    *images = (sx_images){(int)count, height, width, channels, pixels, captions};
}

static sx_verdict read_verdict(reader *r, const json_t *from) {
    const char *name = json_string_value(json_object_get(from, "verdict"));
    for (int v = SX_VERDICT_HOLDS; name && v <= SX_VERDICT_UNDECIDED; v++)
        if (strcmp(name, sx_verdict_name((sx_verdict)v)) == 0) return (sx_verdict)v;
    fail(r, "verdict", "is not one of holds, fails, undecided");
    return SX_VERDICT_UNDECIDED;
}

static void read_claims(reader *r, const json_t *from) {
    const json_t *claims = json_object_get(from, "claims");
    size_t count = length_of(r, from, "claims");
    if (count > 1000) fail(r, "claims", "are too many");
    if (r->status) return;
    if (!sx_claims_alloc(r->result, (int)count)) {
        r->status = out_of_memory(r->result->name, r->err);
        return;
    }
    if (json_object_get(from, "note")) r->result->claims.note = text(r, from, "note");
    for (size_t i = 0; !r->status && i < count; i++) {
        const json_t *entry = json_array_get(claims, i);
        r->result->claims.claims[i] = (sx_claim){.text = text(r, entry, "text"),
                                                 .origin = text(r, entry, "origin"),
                                                 .bound = text(r, entry, "bound"),
                                                 .threshold = number(r, entry, "threshold"),
                                                 .at_least = flag(r, entry, "at_least"),
                                                 .measured = number(r, entry, "measured"),
                                                 .low = number(r, entry, "low"),
                                                 .high = number(r, entry, "high"),
                                                 .seed_low = later_number(r, entry, "seed_low"),
                                                 .seed_high = later_number(r, entry, "seed_high"),
                                                 .verdict = read_verdict(r, entry),
                                                 .reason = text(r, entry, "reason")};
    }
}

/* Before results said on what they were measured, the title of a sweep of the end did. */
static void read_measured(reader *r, const json_t *from) {
    sx_result *result = r->result;
    if (json_object_get(from, "split"))
        result->split = text(r, from, "split");
    else if (strstr(result->title, "test objects"))
        result->split = "test";
    if (json_object_get(from, "scene")) result->scene = text(r, from, "scene");
}

/* The kind by its name, SX_RESULT_KINDS for none. */
static sx_result_kind kind_of(const char *name) {
    int kind = 0;
    while (kind < SX_RESULT_KINDS &&
           (!name || strcmp(name, sx_result_kind_name((sx_result_kind)kind)) != 0))
        kind++;
    return (sx_result_kind)kind;
}

static bool is_name(const char *name) {
    size_t length = name ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;
    return length > 0 && length < sizeof((sx_result *)0)->name && !name[length];
}

sx_result *sx_result_from_json(const json_t *json, sx_error *err) {
    static void (*const readers[SX_RESULT_KINDS])(reader *, const json_t *) = {
        read_series, read_grid, read_points, read_histogram, read_table, read_images, read_claims};
    const char *name = json_string_value(json_object_get(json, "name"));
    sx_result_kind kind = kind_of(json_string_value(json_object_get(json, "kind")));
    if (json_integer_value(json_object_get(json, "format")) != 1) {
        sx_fail(err, SX_BAD_INPUT, "not a result of format 1, which is what this version reads");
        return NULL;
    }
    if (!is_name(name) || kind == SX_RESULT_KINDS) {
        sx_fail(err, SX_BAD_INPUT, "not a result: its name or kind is missing or unknown");
        return NULL;
    }
    reader r = {.result = sx_result_new(kind, name, ""), .err = err};
    if (!r.result) {
        out_of_memory(name, err);
        return NULL;
    }
    r.result->title = text(&r, json, "title");
    r.result->step = whole(&r, json, "step", -1, INT64_MAX);
    read_measured(&r, json);
    readers[kind](&r, json);
    if (!r.status) return r.result;
    sx_result_release(r.result);
    return NULL;
}
