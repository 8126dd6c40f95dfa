/* CSV: a table that is read can be written, and reads back the same. */
#include "core/format/format.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_numbers(const sx_csv *a, const sx_csv *b) {
    if (a->rows != b->rows || a->columns != b->columns) return false;
    for (size_t i = 0; i < a->rows * a->columns; i++) {
        double x = a->values[i], y = b->values[i];
        if (x != y && !(x != x && y != y)) return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sx_csv csv, back;
    sx_error err = {0};
    if (sx_csv_parse("fuzz.csv", (const char *)data, size, &csv, &err) != SX_OK) {
        if (!err.message[0]) __builtin_trap();
        return 0;
    }
    sx_text out = {0};
    for (size_t i = 0; i < csv.columns; i++) sx_csv_text(&out, i == 0, csv.names[i]);
    sx_csv_row_end(&out);
    for (size_t i = 0; i < csv.rows * csv.columns; i++) {
        sx_csv_number(&out, i % csv.columns == 0, csv.values[i]);
        if ((i + 1) % csv.columns == 0) sx_csv_row_end(&out);
    }
    if (sx_csv_parse("back.csv", out.data, out.size, &back, &err) != SX_OK) __builtin_trap();
    if (!same_numbers(&csv, &back)) __builtin_trap();
    sx_text_done(&out);
    sx_csv_done(&csv);
    sx_csv_done(&back);
    return 0;
}
