/* Private to core/data: how package_files.c asks packages.c. */
#ifndef SX_DATA_PACKAGE_FILES_H
#define SX_DATA_PACKAGE_FILES_H

#include "core/data/data.h"

#include <glob.h>

/* What the package's pattern finds, below which root; false if nothing. The caller ends `found`
 * with globfree. */
bool sx_package_glob(const sx_package *package, glob_t *found, const char **root);

sx_status sx_package_missing(const sx_package *package, sx_error *err);
sx_status sx_package_unknown(const char *name, sx_package_use use, sx_error *err);

/* emoji_classes.c: which emoji is in which class, from an index: JSON objects with "image" and
 * "subcategory" or "unicode" and "category", or Unicode's emoji-test.txt. */
typedef struct {
    char code[64]; /* "1F469-200D-1F467": without what only chooses a form */
    const char *class_name;
} sx_emoji;
typedef struct {
    sx_emoji *emoji; /* [count], by code */
    size_t count, capacity;
    sx_arena arena;
} sx_emoji_classes;

sx_status sx_emoji_classes_read(const char *path, sx_emoji_classes *out, sx_error *err);
void sx_emoji_classes_done(sx_emoji_classes *classes);
/* The class of a picture by its file's name, "emoji_u1f469_200d_1f467.png"; NULL if it is in none.
 */
const char *sx_emoji_class(const sx_emoji_classes *classes, const char *name);

#endif
