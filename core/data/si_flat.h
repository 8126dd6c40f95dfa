/* Private to core/data: sets of one folder of pictures and one table, which names or numbers them
 * and says their class and factors. */
#ifndef SX_DATA_SI_FLAT_H
#define SX_DATA_SI_FLAT_H

#include "core/data/rows.h"
#include "core/data/source.h"

typedef struct {
    int picture, label;  /* columns of the table */
    bool numbered;       /* pictures are numbers, not names */
    const char **labels; /* [label_count] as the table has them, sorted: the class is the place */
    size_t label_count;
} sx_si_flat;

/* The table of a set: DIR/metadata.csv, or else the only CSV file in it that is not one of those
 * that sets bring besides; into out [SX_PATH_SIZE]. False if there is none. */
bool sx_si_find_table(const char *directory, char *out);

/* Finds the columns of picture and class: image_id, or file, file_name, filename, image; and label,
 * class, foreground_class. */
bool sx_si_flat_columns(const sx_rows *rows, sx_si_flat *out);

/* Reads through the table once and adds its classes, in order of their names, to the source. */
sx_status sx_si_flat_classes(sx_source *source, sx_si_flat *flat, const char *table, sx_error *err);

/* The picture of a row into name [400], `ends`: with its ending; and its class. */
sx_status sx_si_flat_picture(const sx_si_flat *flat, const sx_rows *rows, char *name, int *class,
                             bool *ends, sx_error *err);

/* The index in ImageNet of each class by a file "int,label", or, where that says nothing of it, by
 * its name; `path` NULL: by names alone. Where one is unknown there are none. */
sx_status sx_class_numbers_read(sx_source *source, const char *path, sx_error *err);

#endif
