/* A table as text, line by line; private to core/data. Half a million rows are no trouble: the file
 * is mapped, and one line at a time is cut into fields. */
#ifndef SX_DATA_ROWS_H
#define SX_DATA_ROWS_H

#include "core/data/data.h"

#define SX_ROWS_COLUMNS 64
#define SX_ROWS_LINE 4096

typedef struct {
    const char *path; /* borrowed */
    sx_bytes bytes;   /* end with sx_file_unmap */
    size_t at;
    int line;
    char text[SX_ROWS_LINE], header[SX_ROWS_LINE];
    char *fields[SX_ROWS_COLUMNS]; /* into text */
    int count;
    char *names[SX_ROWS_COLUMNS]; /* of columns, into header */
    int columns;
} sx_rows;

/* Opens a CSV file and reads its first line, the names of the columns. */
sx_status sx_rows_open(sx_rows *rows, const char *path, sx_error *err);
/* The next line that is not empty into `fields`; false at the end. Quoted fields lose their quotes;
 * a line that is too long is cut, and then has too few fields. */
bool sx_rows_next(sx_rows *rows);
/* Which column is called so; -1: none. */
int sx_rows_column(const sx_rows *rows, const char *name);
/* A whole number of a field of the line, from 0 to most. */
bool sx_rows_whole(const sx_rows *rows, int column, double most, double *out);
/* "FILE:LINE: what"; and with the column's name and what is there. */
sx_status sx_rows_fail(const sx_rows *rows, const char *what, sx_error *err);
sx_status sx_rows_fail_at(const sx_rows *rows, int column, const char *what, sx_error *err);

#endif
