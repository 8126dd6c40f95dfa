/* A set after SI-Score as a data set: pictures in class folders, their factors in metadata.csv, one
 * row a picture. Opening reads that file line by line; pictures are read when they are asked for,
 * so half a million of them are no trouble, and one that is missing is an error of that picture.
 * It is a set for measuring: all of it is the test split. */
#include "core/data/si_flat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_LIMIT 1000
#define SOUGHT 100
#define TOLD_EVERY 8192 /* rows */

typedef struct {
    const char **names; /* [items] "zebra/17.jpg", in the source's arena */
    float *factors;     /* [items, factor_count] */
    char root[SX_PATH_SIZE], metadata[SX_PATH_SIZE];
    bool flat; /* pictures in one folder, named or numbered by the table, which says their class */
    sx_si_flat columns;
} state;

static sx_status si_image(const sx_source *source, uint32_t item, sx_image *out, sx_error *err) {
    const state *s = source->state;
    char path[SX_PATH_SIZE];
    *out = (sx_image){0};
    sx_status status = sx_path_join(path, s->root, s->names[item], err);
    return status ? status : sx_image_read(path, out, err);
}

static const char *si_name(const sx_source *source, uint32_t item) {
    const state *s = source->state;
    return s->names[item];
}

static void si_factors(const sx_source *source, uint32_t item, double *out) {
    const state *s = source->state;
    size_t count = (size_t)source->facts.factor_count;
    for (size_t f = 0; f < count; f++) out[f] = (double)s->factors[item * count + f];
}

static void si_close(sx_source *source) {
    state *s = source->state;
    if (s) {
        sx_free(s->names);
        sx_free(s->factors);
    }
    sx_free(s);
}

/* ---- classes -----------------------------------------------------------------------------------
 */

/* Adds the classes of a file "int,label" whose ints count from 0 in the order of the lines. */
static sx_status read_indices(sx_source *source, const char *path, sx_error *err) {
    sx_rows t;
    sx_status status = sx_rows_open(&t, path, err);
    int number = sx_rows_column(&t, "int"), label = sx_rows_column(&t, "label");
    if (!status && (number < 0 || label < 0))
        status = sx_rows_fail(&t, "columns int and label are expected", err);
    while (!status && sx_rows_next(&t)) {
        double value;
        if (!sx_rows_whole(&t, number, CLASS_LIMIT - 1, &value) || label >= t.count ||
            (int)value != source->facts.classes)
            status = sx_rows_fail(&t, "classes are expected in order, from 0", err);
        else if (strchr(t.fields[label], '/') || t.fields[label][0] == '.')
            status = sx_rows_fail(&t, "a class is a folder beside this file", err);
        else if (!sx_source_add_class(source, t.fields[label]))
            status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the class names");
    }
    sx_file_unmap(&t.bytes);
    return status;
}

/* Without such a file the class folders are the classes, in alphabetical order. */
static sx_status list_classes(sx_source *source, sx_error *err) {
    const state *s = source->state;
    sx_listing listing;
    sx_status status = sx_directory_list(s->root, &listing, err);
    if (status) return status;
    for (size_t i = 0; !status && i < listing.count; i++) {
        char path[SX_PATH_SIZE];
        status = sx_path_join(path, s->root, listing.names[i], err);
        if (status || !sx_is_directory(path)) continue;
        if (source->facts.classes == CLASS_LIMIT)
            status = sx_fail(err, SX_BAD_INPUT, "there are more than %d classes", CLASS_LIMIT);
        else if (!sx_source_add_class(source, listing.names[i]))
            status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the class names");
    }
    sx_listing_done(&listing);
    return status;
}

/* The index in ImageNet of each class, of the file "int,label" or by their names; where one is
 * unknown there are none. */
static sx_status find_numbers(sx_source *source, sx_error *err) {
    const state *s = source->state;
    char path[SX_PATH_SIZE];
    sx_status status = sx_path_join(path, s->root, "foreground_classes.csv", err);
    return status ? status : sx_class_numbers_read(source, sx_is_file(path) ? path : NULL, err);
}

static sx_status read_classes(sx_source *source, sx_error *err) {
    state *s = source->state;
    char path[SX_PATH_SIZE];
    sx_status status = sx_path_join(path, s->root, "foreground_classes_metadata_indices.csv", err);
    if (!status && s->flat)
        status = sx_si_flat_classes(source, &s->columns, s->metadata, err);
    else if (!status)
        status = sx_is_file(path) ? read_indices(source, path, err) : list_classes(source, err);
    if (!status && source->facts.classes < 2)
        status = sx_fail(err, SX_BAD_INPUT, "'%.200s' has less than two classes", s->root);
    return status ? status : find_numbers(source, err);
}

/* ---- rows --------------------------------------------------------------------------------------
 */

/* The columns that are factors, of those that the released sets have. */
static const struct {
    const char *column;
    sx_factor factor;
} known[] = {
    {"x_coord", {"x", "of the image", 0, 0}},
    {"y_coord", {"y", "of the image", 0, 0}},
    {"area", {"size", "of the image", 0, 0}},
    {"rotation", {"rotation", "degrees", 0, 0}},
    {"pct_inside_image", {"inside", "of the object", 0, 0}},
};
enum { KNOWN = sizeof known / sizeof known[0] };

typedef struct {
    sx_source *source;
    sx_rows t;
    int id, class, column[KNOWN]; /* of the sx_rows */
    sx_factor *factors;           /* [factor_count] */
    const char *ending;           /* of pictures: ".jpg" */
    int sought;                   /* pictures that were looked for to know it */
    int instance, background;     /* likewise; -1: there is none */
    size_t count, name_capacity, factor_capacity, label_capacity, key_capacity;
    int32_t *labels;
    uint64_t *keys; /* of pairs, where both columns are there */
} reader;

static sx_status find_columns(reader *r, sx_error *err) {
    sx_source_facts *facts = &r->source->facts;
    r->id = sx_rows_column(&r->t, "image_id");
    r->class = sx_rows_column(&r->t, "foreground_class");
    r->instance = sx_rows_column(&r->t, "foreground_instance");
    r->background = sx_rows_column(&r->t, "background");
    r->factors = sx_arena_alloc(&r->source->arena, KNOWN, sizeof *r->factors);
    if (!r->factors) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the factors");
    for (int k = 0; k < KNOWN; k++) {
        int column = sx_rows_column(&r->t, known[k].column);
        if (column < 0) continue;
        r->column[facts->factor_count] = column;
        r->factors[facts->factor_count] = known[k].factor;
        r->factors[facts->factor_count].minimum = INFINITY;
        r->factors[facts->factor_count++].maximum = -INFINITY;
    }
    facts->factors = r->factors;
    return SX_OK;
}

/* How pictures end: as the first one that is there; where many are missing, it stays unknown. */
static void find_ending(reader *r, const char *stem) {
    static const char *const endings[] = {".jpg", ".png", ".jpeg"};
    const state *s = r->source->state;
    if (r->sought++ >= SOUGHT) return;
    for (int i = 0; i < 3 && !r->ending; i++) {
        char path[SX_PATH_SIZE + 500];
        snprintf(path, sizeof path, "%s/%s%s", s->root, stem, endings[i]);
        if (sx_is_file(path)) r->ending = endings[i];
    }
}

static sx_status grow(reader *r, sx_error *err) {
    state *s = r->source->state;
    size_t factors = (size_t)r->source->facts.factor_count;
    if (sx_grow((void **)&s->names, &r->name_capacity, r->count + 1, sizeof *s->names) &&
        sx_grow((void **)&r->labels, &r->label_capacity, r->count + 1, sizeof *r->labels) &&
        sx_grow((void **)&r->keys, &r->key_capacity, r->count + 1, sizeof *r->keys) &&
        sx_grow((void **)&s->factors, &r->factor_capacity, (r->count + 1) * factors + 1,
                sizeof *s->factors))
        return SX_OK;
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for %zu pictures", r->count);
}

static bool has_pairs(const reader *r) {
    return r->instance >= 0 && r->background >= 0;
}

/* Objects are counted within their class. */
static sx_status read_pair(reader *r, int class, sx_error *err) {
    char key[SX_ROWS_LINE + 64];
    if (!has_pairs(r)) return SX_OK;
    if (r->instance >= r->t.count || r->background >= r->t.count)
        return sx_rows_fail(&r->t, "the object or its background is missing", err);
    int length = snprintf(key, sizeof key, "%d,%s,%s", class, r->t.fields[r->instance],
                          r->t.fields[r->background]);
    r->keys[r->count] = sx_hash_bytes(key, (size_t)length);
    return SX_OK;
}

/* The picture of a row without its ending, into name [400], and its class; `ends`: it has one. */
static sx_status read_picture(const reader *r, char *name, int *class, bool *ends, sx_error *err) {
    const state *s = r->source->state;
    double id, number;
    if (s->flat) return sx_si_flat_picture(&s->columns, &r->t, name, class, ends, err);
    if (!sx_rows_whole(&r->t, r->id, 1e15, &id) ||
        !sx_rows_whole(&r->t, r->class, r->source->facts.classes - 1, &number))
        return sx_rows_fail(&r->t, "no such picture or class", err);
    *class = (int)number;
    *ends = false;
    snprintf(name, 400, "%s/%.0f", r->source->facts.class_names[*class], id);
    return SX_OK;
}

static sx_status read_factors(reader *r, sx_error *err) {
    state *s = r->source->state;
    int count = r->source->facts.factor_count;
    for (int f = 0; f < count; f++) {
        double value;
        if (r->column[f] >= r->t.count || !sx_text_number(r->t.fields[r->column[f]], &value))
            return sx_rows_fail_at(&r->t, r->column[f], "a factor is no number", err);
        s->factors[r->count * (size_t)count + (size_t)f] = (float)value;
        r->factors[f].minimum = fmin(r->factors[f].minimum, value);
        r->factors[f].maximum = fmax(r->factors[f].maximum, value);
    }
    return SX_OK;
}

static sx_status read_row(reader *r, sx_error *err) {
    state *s = r->source->state;
    char stem[400], name[416];
    int class = 0;
    bool ends = false;
    sx_status status = read_picture(r, stem, &class, &ends, err);
    if (!status) status = grow(r, err);
    if (!status) status = read_factors(r, err);
    if (!status) status = read_pair(r, class, err);
    if (status) return status;
    if (!ends && !r->ending) find_ending(r, stem);
    snprintf(name, sizeof name, "%s%s", stem, ends ? "" : r->ending ? r->ending : ".jpg");
    r->labels[r->count] = (int32_t) class;
    s->names[r->count++] = sx_arena_text(&r->source->arena, name);
    return s->names[r->count - 1] ? SX_OK
                                  : sx_fail(err, SX_NO_MEMORY, "not enough memory for the names");
}

static sx_status read_rows(reader *r, const sx_loading *loading, sx_error *err) {
    sx_status status = find_columns(r, err);
    while (!status && sx_rows_next(&r->t)) {
        status = read_row(r, err);
        if (!status && r->count % TOLD_EVERY == 0)
            status = sx_source_progress(loading, r->source->facts.name, r->count,
                                        r->count * r->t.bytes.size / r->t.at, err);
    }
    if (!status && r->count == 0) status = sx_rows_fail(&r->t, "there are no pictures", err);
    if (!status) status = sx_source_labels(r->source, r->count, err);
    if (!status) memcpy(r->source->labels, r->labels, r->count * sizeof *r->labels);
    if (!status && has_pairs(r)) status = sx_source_number_pairs(r->source, r->keys, err);
    return status;
}

/* Whether the table is that of the released sets, or says as much in its own way. */
static bool knows_layout(const sx_rows *t, bool *flat, sx_si_flat *columns) {
    *flat = sx_rows_column(t, "image_id") < 0 || sx_rows_column(t, "foreground_class") < 0;
    if (!*flat) return true;
    bool factors = false;
    for (int k = 0; k < KNOWN && !factors; k++) factors = sx_rows_column(t, known[k].column) >= 0;
    return factors && sx_si_flat_columns(t, columns);
}

bool sx_si_source_recognises(const char *path) {
    char file[SX_PATH_SIZE];
    sx_si_flat columns;
    sx_rows t;
    bool flat;
    if (!sx_is_directory(path) || !sx_si_find_table(path, file) || sx_rows_open(&t, file, NULL))
        return false;
    bool found = knows_layout(&t, &flat, &columns);
    sx_file_unmap(&t.bytes);
    return found;
}

static sx_status open_set(sx_source *source, const sx_loading *loading, uint64_t seed,
                          sx_error *err) {
    state *s = source->state;
    reader r = {.source = source};
    if (!sx_si_find_table(s->root, s->metadata))
        return sx_fail(err, SX_BAD_INPUT, "'%.200s' has no table of its pictures", s->root);
    sx_status status = sx_rows_open(&r.t, s->metadata, err);
    if (!status && !knows_layout(&r.t, &s->flat, &s->columns))
        status =
            sx_rows_fail(&r.t, "columns of the picture, its class and a factor are expected", err);
    if (!status) status = read_classes(source, err);
    if (!status) status = read_rows(&r, loading, err);
    sx_file_unmap(&r.t.bytes);
    sx_free(r.labels);
    sx_free(r.keys);
    source->facts.test_only = true;
    return status ? status : sx_source_split(source, 1, seed, err);
}

sx_source *sx_si_source_open(const char *path, uint64_t seed, const sx_loading *loading,
                             sx_error *err) {
    static const sx_source_kind kind = {si_image, si_factors, si_name, si_close};
    sx_source *source = sx_source_make(&kind, sx_path_name(path), err);
    state *s = sx_alloc(1, sizeof *s);
    if (!source || !s) {
        sx_free(s);
        sx_source_free(source);
        sx_fail(err, SX_NO_MEMORY, "not enough memory to open '%.200s'", path);
        return NULL;
    }
    source->state = s;
    sx_text_set(s->root, sizeof s->root, path);
    sx_text_printable(source->facts.origin, sizeof source->facts.origin, path);
    source->facts.channels = 3;
    if (open_set(source, loading, seed, err) == SX_OK) return source;
    sx_source_free(source);
    return NULL;
}
