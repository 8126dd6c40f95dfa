/* The 1797 handwritten digits of scikit-learn, 8 x 8 pixels of 17 greys (the test part of the UCI
 * set "Optical Recognition of Handwritten Digits"), as Debian's package python3-sklearn has them:
 * pictures that are neither clothes nor shapes, of a few kilobytes. */
#include "core/data/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 8
#define GREYS 16 /* the brightest value */
#define COLUMNS (SIDE * SIDE + 1)
#define CLASSES 10
#define FILE_LIMIT ((size_t)16 << 20)
#define PACKAGED "/usr/lib/python3/dist-packages/sklearn/datasets/data"

bool sx_digits_find(char out[SX_PATH_SIZE]) {
    const char *own = getenv("SEXTANT_DATA"), *packages = getenv("SEXTANT_DATASETS");
    const char *roots[] = {own, packages ? packages : PACKAGED};
    for (int i = 0; i < 2; i++)
        if (roots[i] && *roots[i] && !sx_path_join(out, roots[i], "digits.csv.gz", NULL) &&
            sx_is_file(out))
            return true;
    return false;
}

static sx_status digits_image(const sx_source *source, uint32_t item, sx_image *out,
                              sx_error *err) {
    const uint8_t *pixels = (const uint8_t *)source->state + (size_t)item * SIDE * SIDE;
    sx_status status = sx_image_new(out, SIDE, SIDE, 1, err);
    if (!status) memcpy(out->pixels, pixels, SIDE * SIDE);
    return status;
}

static void digits_close(sx_source *source) {
    sx_free(source->state);
}

/* The file has no line of names: its first line is a digit like the others. */
static sx_status value_at(const sx_csv *csv, size_t row, size_t column, double most, int *out,
                          sx_error *err) {
    double value;
    bool good = row > 0 || sx_text_number(csv->names[column], &value);
    if (row > 0) value = csv->values[(row - 1) * csv->columns + column];
    if (good && value >= 0 && value <= most && value == floor(value)) {
        *out = (int)value;
        return SX_OK;
    }
    return sx_fail(err, SX_BAD_INPUT,
                   "digits.csv.gz:%zu: value %zu is no whole number from 0 to %g: it is not the "
                   "file of scikit-learn",
                   row + 1, column + 1, most);
}

static sx_status take_digit(sx_source *source, const sx_csv *csv, size_t row, sx_error *err) {
    uint8_t *pixels = (uint8_t *)source->state + row * SIDE * SIDE;
    int value = 0;
    sx_status status = SX_OK;
    for (size_t i = 0; !status && i < SIDE * SIDE; i++) {
        status = value_at(csv, row, i, GREYS, &value, err);
        pixels[i] = (uint8_t)((value * 255 + GREYS / 2) / GREYS);
    }
    if (!status) status = value_at(csv, row, SIDE * SIDE, CLASSES - 1, &value, err);
    source->labels[row] = value;
    return status;
}

static sx_status take_digits(sx_source *source, const sx_csv *csv, sx_error *err) {
    size_t items = csv->rows + 1;
    if (csv->columns != COLUMNS)
        return sx_fail(err, SX_BAD_INPUT,
                       "digits.csv.gz: %zu values in a line where scikit-learn's file has %d",
                       csv->columns, COLUMNS);
    source->state = sx_alloc(items, SIDE * SIDE);
    if (!source->state) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the digits");
    sx_status status = sx_source_labels(source, items, err);
    for (size_t i = 0; !status && i < items; i++) status = take_digit(source, csv, i, err);
    return status;
}

static sx_status read_digits(sx_source *source, const char *path, sx_error *err) {
    sx_bytes bytes;
    sx_csv csv = {0};
    sx_status status = sx_file_read_inflated(path, FILE_LIMIT, &bytes, err);
    if (status) return status;
    status = sx_csv_parse("digits.csv.gz", (const char *)bytes.data, bytes.size, &csv, err);
    sx_bytes_done(&bytes);
    if (!status) status = take_digits(source, &csv, err);
    sx_csv_done(&csv);
    return status;
}

sx_source *sx_digits_open(uint64_t seed, sx_error *err) {
    static const sx_source_kind kind = {digits_image, NULL, NULL, digits_close};
    char path[SX_PATH_SIZE];
    if (!sx_digits_find(path)) {
        sx_fail(err, SX_BAD_INPUT,
                "the digits of scikit-learn are not installed (apt install python3-sklearn)");
        return NULL;
    }
    sx_source *source = sx_source_make(&kind, "digits", err);
    if (!source) return NULL;
    source->facts.height = source->facts.width = SIDE;
    source->facts.channels = 1;
    sx_text_printable(source->facts.origin, sizeof source->facts.origin, path);
    sx_status status = read_digits(source, path, err);
    if (!status) status = sx_source_number_classes(source, CLASSES, NULL, 0, err);
    source->trained = source->items;
    if (!status) status = sx_source_split(source, 7, seed, err);
    if (!status) return source;
    sx_source_free(source);
    return NULL;
}
