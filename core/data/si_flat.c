/* A set of one's own need not have class folders: pictures in one folder, and a table that says of
 * each its class and the factors. Columns go by the names that people give them. */
#include "core/data/si_flat.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CLASS_LIMIT 1000

/* ---- the table -------------------------------------------------------------------------------
 */

static bool is_table(const char *name) {
    static const char *const others[] = {"foreground_classes.csv", "backgrounds.csv", "dropped.csv",
                                         "foreground_classes_metadata_indices.csv"};
    size_t length = strlen(name);
    if (length <= 4 || strcasecmp(name + length - 4, ".csv") != 0) return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(name, others[i]) == 0) return false;
    return true;
}

/* Without a listing: a folder may hold half a million pictures. */
bool sx_si_find_table(const char *directory, char *out) {
    char only[256];
    int tables = 0;
    if (!sx_path_join(out, directory, "metadata.csv", NULL) && sx_is_file(out)) return true;
    DIR *folder = opendir(directory);
    if (!folder) return false;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.' || !is_table(entry->d_name)) continue;
        sx_text_set(only, sizeof only, entry->d_name);
        tables++;
    }
    closedir(folder);
    return tables == 1 && !sx_path_join(out, directory, only, NULL) && sx_is_file(out);
}

/* ---- columns and classes ---------------------------------------------------------------------
 */

static int first_column(const sx_rows *rows, const char *const *names) {
    for (int i = 0; names[i]; i++) {
        int column = sx_rows_column(rows, names[i]);
        if (column >= 0) return column;
    }
    return -1;
}

bool sx_si_flat_columns(const sx_rows *rows, sx_si_flat *out) {
    static const char *const files[] = {"file", "file_name", "filename", "image", NULL};
    static const char *const labels[] = {"label", "class", "foreground_class", NULL};
    *out = (sx_si_flat){.picture = first_column(rows, files), .label = first_column(rows, labels)};
    out->numbered = out->picture < 0;
    if (out->numbered) out->picture = sx_rows_column(rows, "image_id");
    return out->picture >= 0 && out->label >= 0;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The place of a label among those known; -1: not among them. */
static int place_of(const sx_si_flat *flat, const char *label) {
    const char *const *found =
        bsearch(&label, flat->labels, flat->label_count, sizeof label, compare);
    return found ? (int)(found - flat->labels) : -1;
}

/* Keeps the labels sorted; there are few of them, and each is new once. */
static sx_status add_label(sx_source *source, sx_si_flat *flat, const sx_rows *rows,
                           sx_error *err) {
    if (flat->label >= rows->count || !rows->fields[flat->label][0])
        return sx_rows_fail_at(rows, flat->label, "every picture needs a class", err);
    const char *label = rows->fields[flat->label];
    if (place_of(flat, label) >= 0) return SX_OK;
    if (flat->label_count == CLASS_LIMIT)
        return sx_rows_fail(rows, "there are more than 1000 classes", err);
    flat->labels[flat->label_count] = sx_arena_text(&source->arena, label);
    if (!flat->labels[flat->label_count++])
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for the class names");
    qsort(flat->labels, flat->label_count, sizeof *flat->labels, compare);
    return SX_OK;
}

sx_status sx_si_flat_classes(sx_source *source, sx_si_flat *flat, const char *table,
                             sx_error *err) {
    sx_rows rows;
    flat->labels = sx_arena_alloc(&source->arena, CLASS_LIMIT, sizeof *flat->labels);
    if (!flat->labels) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the class names");
    sx_status status = sx_rows_open(&rows, table, err);
    while (!status && sx_rows_next(&rows)) status = add_label(source, flat, &rows, err);
    sx_file_unmap(&rows.bytes);
    for (size_t i = 0; !status && i < flat->label_count; i++)
        if (!sx_source_add_class(source, flat->labels[i]))
            status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the class names");
    return status;
}

/* A name leads to nowhere but below the folder. */
static bool is_inside(const char *name) {
    if (!*name || *name == '/') return false;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == 0)) return false;
    }
    return strlen(name) < 400;
}

sx_status sx_si_flat_picture(const sx_si_flat *flat, const sx_rows *rows, char *name, int *class,
                             bool *ends, sx_error *err) {
    double id;
    *class = flat->label < rows->count ? place_of(flat, rows->fields[flat->label]) : -1;
    if (*class < 0) return sx_rows_fail_at(rows, flat->label, "every picture needs a class", err);
    *ends = !flat->numbered;
    if (flat->numbered) {
        if (!sx_rows_whole(rows, flat->picture, 1e15, &id))
            return sx_rows_fail_at(rows, flat->picture, "a whole number is expected", err);
        snprintf(name, 400, "%.0f", id);
        return SX_OK;
    }
    if (flat->picture >= rows->count || !is_inside(rows->fields[flat->picture]))
        return sx_rows_fail_at(rows, flat->picture, "a file beside the table is expected", err);
    snprintf(name, 400, "%s", rows->fields[flat->picture]);
    return SX_OK;
}

/* ---- indices in ImageNet ---------------------------------------------------------------------
 */

static sx_status read_numbers(sx_source *source, const char *path, int *numbers, sx_error *err) {
    const sx_source_facts *facts = &source->facts;
    sx_rows rows;
    sx_status status = sx_rows_open(&rows, path, err);
    int number = sx_rows_column(&rows, "int"), label = sx_rows_column(&rows, "label");
    if (!status && (number < 0 || label < 0))
        status = sx_rows_fail(&rows, "columns int and label are expected", err);
    while (!status && sx_rows_next(&rows)) {
        double value = 0;
        if (!sx_rows_whole(&rows, number, 1e6, &value) || label >= rows.count)
            status = sx_rows_fail(&rows, "a whole number and a name are expected", err);
        for (int c = 0; !status && c < facts->classes; c++)
            if (strcmp(facts->class_names[c], rows.fields[label]) == 0) numbers[c] = (int)value;
    }
    sx_file_unmap(&rows.bytes);
    return status;
}

/* By name, then by the file; *unknown: a class of which neither says anything, or -1. */
static sx_status find_numbers(sx_source *source, const char *path, int *unknown, sx_error *err) {
    sx_source_facts *facts = &source->facts;
    int classes = facts->classes;
    int *numbers = sx_arena_alloc(&source->arena, (size_t)classes, sizeof *numbers);
    if (!numbers) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the class names");
    for (int c = 0; c < classes; c++) numbers[c] = sx_si_imagenet_index(facts->class_names[c]);
    sx_status status = path ? read_numbers(source, path, numbers, err) : SX_OK;
    *unknown = -1;
    for (int c = 0; c < classes && *unknown < 0; c++)
        if (numbers[c] < 0) *unknown = c;
    if (!status && *unknown < 0) facts->class_numbers = numbers;
    return status;
}

sx_status sx_class_numbers_read(sx_source *source, const char *path, sx_error *err) {
    int unknown = -1;
    return find_numbers(source, path, &unknown, err);
}

sx_status sx_source_number(sx_source *source, const char *path, sx_error *err) {
    int unknown = -1;
    sx_status status = find_numbers(source, path, &unknown, err);
    if (status || unknown < 0) return status;
    return sx_fail(err, SX_BAD_INPUT, "'%.200s' has no index for the class '%.80s'", path,
                   source->facts.class_names[unknown]);
}
