/* What the readers of predictions share; private to core/study. */
#ifndef SX_STUDY_PREDICTIONS_FILE_H
#define SX_STUDY_PREDICTIONS_FILE_H

#include "core/format/format.h"
#include "core/study/predictions.h"

#define SX_PREDICTIONS_COLUMNS 20000
#define SX_PREDICTIONS_MEMBERS 65535
#define SX_PREDICTIONS_OFF 1e-3 /* of 1, that probabilities of a row may add up to */

/* What a column of a CSV file is for. */
typedef enum {
    SX_COLUMN_OTHER,
    SX_COLUMN_ID,
    SX_COLUMN_MEMBER,
    SX_COLUMN_SET,
    SX_COLUMN_IS_OOD,
    SX_COLUMN_LABEL,
    SX_COLUMN_CONFIDENCE,
    SX_COLUMN_CORRECT,
    SX_COLUMN_VALUE,
    SX_COLUMN_ROLES
} sx_column_role;

typedef struct {
    sx_column_role role;
    int class;        /* of a value */
    const char *name; /* as the file has it */
} sx_predictions_column;

typedef struct {
    int count;
    sx_predictions_column *columns; /* [count] */
    int at[SX_COLUMN_ROLES];        /* of roles with one column: which; -1: none */
    sx_predicted kind;
    int classes;
    const char **class_names; /* NULL: numbers */
} sx_predictions_header;

/* Reads the names of columns in a line [from, to); texts live in the arena. */
sx_status sx_predictions_read_header(const char *file, const char *from, const char *to,
                                     sx_arena *arena, sx_predictions_header *out, sx_error *err);

/* A text of the file; of no length where a column is missing. */
typedef struct {
    const char *at;
    uint32_t length;
} sx_field;
bool sx_field_is(sx_field field, const char *text); /* whatever the case */

/* Of each row what items are told apart by; NULL where the file has no such column. */
typedef struct {
    sx_field *ids, *members, *sets; /* [rows] */
    uint8_t *is_ood;                /* [rows] */
    size_t *lines;                  /* [rows] as a spreadsheet counts; NULL: row + 2 */
} sx_predictions_keys;

/* Sorts rows into items of parts: fills members, inside, fit and sets from rows, values and labels.
 */
sx_status sx_predictions_sort(const char *file, const sx_predictions_keys *keys,
                              sx_predictions *out, sx_error *err);

sx_status sx_predictions_read_npy(const char *path, const char *labels, sx_pool *pool,
                                  sx_predictions *out, sx_error *err);
sx_status sx_predictions_no_memory(const char *file, sx_error *err);
/* Why a row of values is none of its kind, into why [160]; -1: it is fine, -2: the row as a whole,
 * else which value. */
int sx_predictions_check(sx_predicted kind, const double *values, int classes, char *why);

#endif
