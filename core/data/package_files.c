/* The pictures of a package or of a folder of photographs. A package is not made for this: among
 * its files are links, pictures without alpha, and two stop signs of 623 million pixels; so the
 * beginning of each is looked at, and what is no use is left out and counted. */
#include "core/data/package_files.h"

#include <fts.h>
#include <stdlib.h>
#include <string.h>

#define FILES_LIMIT ((size_t)1 << 20)

static sx_status no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to list pictures");
}

static sx_status add(sx_package_files *out, const char *class_name, const char *name,
                     const char *path, sx_error *err) {
    if (out->count == FILES_LIMIT)
        return sx_fail(err, SX_BAD_INPUT, "there are more than %zu pictures", FILES_LIMIT);
    if (!sx_grow((void **)&out->files, &out->capacity, out->count + 1, sizeof *out->files))
        return no_memory(err);
    sx_package_file file = {.name = sx_arena_text(&out->arena, name),
                            .path = sx_arena_text(&out->arena, path)};
    if (class_name) file.class_name = sx_arena_text(&out->arena, class_name);
    out->files[out->count++] = file;
    return file.name && file.path && (file.class_name || !class_name) ? SX_OK : no_memory(err);
}

/* Adds a picture if it can be used, by its beginning; counts it if not. */
static sx_status add_useful(sx_package_files *out, const char *class_name, const char *name,
                            const char *path, sx_error *err) {
    sx_image_facts facts;
    sx_error problem = {0};
    sx_status status = sx_image_look(path, &facts, &problem);
    if (status == SX_NO_MEMORY) return no_memory(err);
    if (status) {
        if (out->refused++ == 0) sx_text_set(out->first, sizeof out->first, problem.message);
        return SX_OK;
    }
    if (!class_name || facts.alpha) return add(out, class_name, name, path, err);
    out->opaque++;
    return SX_OK;
}

/* ---- objects ---------------------------------------------------------------------------------
 */

/* "a/b/c/x.png" at depth 2 is of class "a-b", "a/x.png" of "a", "x.png" of none; into out [256]. */
static bool class_of_path(const char *relative, int depth, char *out) {
    size_t length = 0;
    for (const char *slash = relative; depth > 0 && (slash = strchr(slash, '/')); slash++, depth--)
        length = (size_t)(slash - relative);
    if (length == 0 || length >= 256) return false;
    for (size_t i = 0; i < length; i++) out[i] = relative[i] == '/' ? '-' : relative[i];
    out[length] = 0;
    return true;
}

typedef struct {
    const sx_package *package;
    const char *folder;
    sx_emoji_classes emoji; /* of an index */
    sx_package_files *out;
} listing;

static sx_status add_object(listing *l, const char *path, sx_error *err) {
    const char *relative = path + strlen(l->folder) + 1, *class_name;
    char of_path[256];
    if (l->package->index)
        class_name = sx_emoji_class(&l->emoji, sx_path_name(path));
    else
        class_name = class_of_path(relative, l->package->depth, of_path) ? of_path : NULL;
    if (!class_name || !sx_image_has_name(path)) return SX_OK;
    return add_useful(l->out, class_name, relative, path, err);
}

/* So that the first of the refused is the same everywhere. */
static int by_name(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static sx_status walk(listing *l, sx_error *err) {
    char folder[SX_PATH_SIZE];
    char *paths[] = {folder, NULL};
    sx_status status = SX_OK;
    sx_text_set(folder, sizeof folder, l->folder);
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (!tree) return sx_fail(err, SX_IO, "cannot read '%.300s': %m", l->folder);
    for (FTSENT *entry; !status && (entry = fts_read(tree));)
        if (entry->fts_info == FTS_F) status = add_object(l, entry->fts_path, err);
    fts_close(tree);
    return status;
}

static int by_class_and_name(const void *a, const void *b) {
    const sx_package_file *x = a, *y = b;
    int order = x->class_name ? strcmp(x->class_name, y->class_name) : 0;
    return order ? order : strcmp(x->name, y->name);
}

static sx_status list_objects(const sx_package *package, const char *folder, sx_package_files *out,
                              sx_error *err) {
    listing l = {.package = package, .folder = folder, .out = out};
    char index[SX_PATH_SIZE];
    sx_status status = SX_OK;
    if (package->index) {
        status = sx_path_join(index, folder, package->index, err);
        if (!status) status = sx_emoji_classes_read(index, &l.emoji, err);
    }
    if (!status) status = walk(&l, err);
    sx_emoji_classes_done(&l.emoji);
    return status;
}

/* ---- photographs -----------------------------------------------------------------------------
 */

static sx_status list_photographs(const glob_t *found, const char *root, sx_package_files *out,
                                  sx_error *err) {
    sx_status status = SX_OK;
    for (size_t i = 0; !status && i < found->gl_pathc; i++) {
        const char *path = found->gl_pathv[i];
        if (sx_is_file(path)) status = add_useful(out, NULL, path + strlen(root) + 1, path, err);
    }
    return status;
}

static sx_status list_folder(const char *folder, sx_package_files *out, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_listing names;
    sx_status status = sx_directory_list(folder, &names, err);
    if (status) return status;
    for (size_t i = 0; !status && i < names.count; i++) {
        if (!sx_image_has_name(names.names[i])) continue;
        status = sx_path_join(path, folder, names.names[i], err);
        if (!status) status = add(out, NULL, names.names[i], path, err);
    }
    sx_listing_done(&names);
    return status;
}

/* ---- the whole -------------------------------------------------------------------------------
 */

sx_status sx_package_list(const sx_package *package, sx_package_files *out, sx_error *err) {
    glob_t found = {0};
    const char *root;
    if (!sx_package_glob(package, &found, &root)) return sx_package_missing(package, err);
    sx_status status = package->use == SX_PACKAGE_OBJECTS
                           ? list_objects(package, found.gl_pathv[0], out, err)
                           : list_photographs(&found, root, out, err);
    globfree(&found);
    if (!status && out->count == 0)
        status = sx_fail(err, SX_BAD_INPUT, "'%s' has no pictures that can be used", package->name);
    if (!status) qsort(out->files, out->count, sizeof *out->files, by_class_and_name);
    return status;
}

sx_status sx_photographs_list(const char *name, sx_package_files *out, sx_error *err) {
    const sx_package *package = sx_package_find(name, SX_PACKAGE_PHOTOGRAPHS);
    if (sx_is_directory(name) || strchr(name, '/')) return list_folder(name, out, err);
    if (package) return sx_package_list(package, out, err);
    return sx_package_unknown(name, SX_PACKAGE_PHOTOGRAPHS, err);
}

void sx_package_files_done(sx_package_files *files) {
    sx_free(files->files);
    sx_arena_done(&files->arena);
    *files = (sx_package_files){0};
}
