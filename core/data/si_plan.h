/* Private to core/data: what a set after SI-Score is made from. */
#ifndef SX_DATA_SI_PLAN_H
#define SX_DATA_SI_PLAN_H

#include "core/data/source.h"

typedef struct {
    int class;
    const char *name;           /* the file's stem, or the number of the item */
    const char *path;           /* NULL: an item of the source */
    bool refused;               /* it could not be read: there are no pictures of it */
    size_t item;                /* of the source's test split */
    int height, width;          /* once it was loaded; 0 before */
    const uint32_t *background; /* [backgrounds of the grid] */
} sx_si_object;

typedef struct {
    const sx_si_options *options;
    sx_arena arena;
    const char **classes; /* [class_count], sorted as the folders are */
    int class_count;
    sx_si_object *objects; /* [object_count], class by class */
    size_t object_count;
    const char **backgrounds; /* names */
    size_t background_count;
    sx_package_files photographs; /* [background_count], unless they are rendered */
    size_t refused;               /* pictures of packages */
    char first_refused[512];
    sx_image *resized; /* [background_count] photographs as they are pasted on; some are kept */
    size_t kept_bytes; /* of those */
    sx_source *source; /* NULL: a folder */
    sx_backgrounds *rendered; /* NULL: a folder */
} sx_si_plan;

/* Lists objects and backgrounds and draws the pairs. End with sx_si_plan_done. */
sx_status sx_si_plan_make(const sx_si_options *options, sx_si_plan *out, sx_error *err);
void sx_si_plan_done(sx_si_plan *plan);

size_t sx_si_plan_pairs(const sx_si_plan *plan);

/* The object as RGBA, its sizes noted; and a background as a square of the grid's resolution. Both
 * owned by the caller. */
sx_status sx_si_plan_object(sx_si_plan *plan, size_t object, sx_image *out, sx_error *err);
sx_status sx_si_plan_background(sx_si_plan *plan, uint32_t background, sx_image *out,
                                sx_error *err);

/* Appends the recipe: equal texts build equal sets. */
void sx_si_plan_describe(const sx_si_plan *plan, sx_text *out);

/* OUT/CLASS/ID.jpg into path [SX_PATH_SIZE]. */
sx_status sx_si_plan_path(const sx_si_plan *plan, int class, uint64_t id, char *path,
                          sx_error *err);

/* Whether a picture of an object at a place is made. */
bool sx_si_is_kept(const sx_si_plan *plan, const sx_si_box *box);

/* si_tables.c: writes the CSV files; all objects must have their sizes. */
sx_status sx_si_write_tables(const sx_si_plan *plan, sx_error *err);

#endif
