/* CSV as RFC 4180 writes it, with "\n" line ends: fields with comma, quote or line break are
 * quoted. Numbers have 17 significant digits at most, and read back to the same double. */
#ifndef SX_FORMAT_CSV_H
#define SX_FORMAT_CSV_H

#include "core/base/base.h"

/* Appends one field; `first` says that it begins a row (else a comma comes before it).
 * A text that a spreadsheet would run (=, +, -, @ in front) is given a leading apostrophe. */
void sx_csv_text(sx_text *out, bool first, const char *text);

/* Appends the shortest decimal that reads back to `value`, whatever the locale; NaN is an empty
 * field, infinities are inf and -inf. */
void sx_csv_number(sx_text *out, bool first, double value);
void sx_csv_row_end(sx_text *out);

/* A table of numbers read back: `names` [columns], `values` [rows, columns] (empty fields: NaN). A
 * table of one column may have empty lines. */
typedef struct {
    sx_arena arena;
    char **names;
    double *values;
    size_t rows, columns;
} sx_csv;

/* Reads a CSV whose first row is names and whose other fields are numbers; anything else is an
 * error with its line. `name` is used in sentences. */
sx_status sx_csv_parse(const char *name, const char *text, size_t size, sx_csv *out, sx_error *err);
void sx_csv_done(sx_csv *csv);

#endif
