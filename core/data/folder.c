/* A folder with one sub-folder a class and pictures in it. Opening lists names only; a picture is
 * read when it is asked for, so the set may be larger than memory. */
#include "core/data/source.h"

#include <stdio.h>
#include <string.h>

#define CLASS_LIMIT 1000

typedef struct {
    const char **names; /* [items], in the source's arena */
    char root[SX_PATH_SIZE];
} state;

static sx_status folder_image(const sx_source *source, uint32_t item, sx_image *out,
                              sx_error *err) {
    const state *s = source->state;
    char path[SX_PATH_SIZE];
    *out = (sx_image){0};
    sx_status status = sx_path_join(path, s->root, s->names[item], err);
    return status ? status : sx_image_read(path, out, err);
}

static const char *folder_name(const sx_source *source, uint32_t item) {
    const state *s = source->state;
    return s->names[item];
}

static void folder_close(sx_source *source) {
    state *s = source->state;
    if (s) sx_free(s->names);
    sx_free(s);
}

static bool is_picture(const char *directory, const char *name) {
    char path[SX_PATH_SIZE];
    return sx_image_has_name(name) && !sx_path_join(path, directory, name, NULL) &&
           sx_is_file(path);
}

typedef struct {
    sx_source *source;
    int32_t *labels;
    size_t count, name_capacity, label_capacity;
} collection;

static sx_status add_picture(collection *c, const char *class_name, const char *name,
                             sx_error *err) {
    state *s = c->source->state;
    char relative[SX_PATH_SIZE];
    sx_status status = sx_path_join(relative, class_name, name, err);
    if (status) return status;
    if (!sx_grow((void **)&s->names, &c->name_capacity, c->count + 1, sizeof *s->names) ||
        !sx_grow((void **)&c->labels, &c->label_capacity, c->count + 1, sizeof *c->labels) ||
        !(s->names[c->count] = sx_arena_text(&c->source->arena, relative)))
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for %zu pictures", c->count);
    c->labels[c->count++] = c->source->facts.classes - 1;
    return SX_OK;
}

/* Adds the pictures of one sub-folder as a class; a sub-folder without pictures is none. */
static sx_status add_class(collection *c, const char *name, sx_error *err) {
    state *s = c->source->state;
    char path[SX_PATH_SIZE];
    sx_listing listing;
    sx_status status = sx_path_join(path, s->root, name, err);
    if (status || !sx_is_directory(path)) return status;
    status = sx_directory_list(path, &listing, err);
    if (status) return status;
    bool added = false;
    for (size_t i = 0; !status && i < listing.count; i++) {
        if (!is_picture(path, listing.names[i])) continue;
        if (!added && !sx_source_add_class(c->source, name))
            status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the class names");
        added = true;
        if (!status) status = add_picture(c, name, listing.names[i], err);
    }
    sx_listing_done(&listing);
    return status;
}

static sx_status collect(sx_source *source, const sx_loading *loading, sx_error *err) {
    state *s = source->state;
    collection c = {.source = source};
    sx_listing listing;
    sx_status status = sx_directory_list(s->root, &listing, err);
    if (status) return status;
    for (size_t i = 0; !status && i < listing.count; i++) {
        status = sx_source_progress(loading, source->facts.name, i, listing.count, err);
        if (!status) status = add_class(&c, listing.names[i], err);
        if (!status && source->facts.classes > CLASS_LIMIT)
            status = sx_fail(err, SX_BAD_INPUT, "'%.200s' has more than %d classes", s->root,
                             CLASS_LIMIT);
    }
    sx_listing_done(&listing);
    if (!status && source->facts.classes < 2)
        status = sx_fail(err, SX_BAD_INPUT,
                         "'%.200s' is no data set: pictures are expected in at least two "
                         "sub-folders, class/name.png or .jpg",
                         s->root);
    if (!status) status = sx_source_labels(source, c.count, err);
    if (!status && c.labels) memcpy(source->labels, c.labels, c.count * sizeof *c.labels);
    source->trained = c.count;
    sx_free(c.labels);
    return status;
}

bool sx_folder_recognises(const char *path) {
    sx_listing listing;
    int classes = 0;
    if (sx_directory_list(path, &listing, NULL)) return false;
    for (size_t i = 0; i < listing.count && classes < 2; i++) {
        char folder[SX_PATH_SIZE];
        sx_listing inside;
        if (sx_path_join(folder, path, listing.names[i], NULL) || !sx_is_directory(folder) ||
            sx_directory_list(folder, &inside, NULL))
            continue;
        for (size_t k = 0; k < inside.count; k++) {
            if (!is_picture(folder, inside.names[k])) continue;
            classes++;
            break;
        }
        sx_listing_done(&inside);
    }
    sx_listing_done(&listing);
    return classes == 2;
}

sx_source *sx_folder_open(const char *path, uint64_t seed, const sx_loading *loading,
                          sx_error *err) {
    static const sx_source_kind kind = {folder_image, NULL, folder_name, folder_close};
    sx_source *source = sx_source_make(&kind, sx_path_name(path), err);
    if (!source) return NULL;
    sx_text_printable(source->facts.origin, sizeof source->facts.origin, path);
    state *s = source->state = sx_alloc(1, sizeof *s);
    sx_status status =
        s ? SX_OK : sx_fail(err, SX_NO_MEMORY, "not enough memory for '%.200s'", path);
    if (s) sx_text_set(s->root, sizeof s->root, path);
    if (!status) status = collect(source, loading, err);
    if (!status) status = sx_source_split(source, 5, seed, err);
    if (!status) return source;
    sx_source_free(source);
    return NULL;
}
