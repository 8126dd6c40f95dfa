/* Predictions as NumPy saves them: an array of real numbers, and another of labels. Whether they
 * are logits or probabilities is seen by their values. */
#include "core/study/predictions_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static sx_status map_array(const char *path, sx_bytes *bytes, sx_npy *npy, sx_error *err) {
    sx_status status = sx_file_map(path, bytes, err);
    if (status) return status;
    size_t head = bytes->size < SX_NPY_HEADER_LIMIT ? bytes->size : SX_NPY_HEADER_LIMIT;
    status = sx_npy_header(bytes->data, head, bytes->size, npy, err);
    if (!status && npy->fortran && npy->rank > 1)
        status = sx_fail(err, SX_BAD_INPUT,
                         "values in Fortran's order are not read; save the array with order='C'");
    return status ? sx_fail_within(err, "%.200s", path) : SX_OK;
}

static bool are_predictions(const sx_npy *npy) {
    bool real = npy->kind == 'f' && (npy->width == 4 || npy->width == 8);
    return real && (npy->rank == 2 || npy->rank == 3) && npy->sizes[npy->rank - 1] > 1;
}

bool sx_predictions_recognises(const char *path) {
    sx_bytes bytes = {0};
    sx_npy npy;
    const char *dot = strrchr(sx_path_name(path), '.');
    if (!dot || !sx_is_file(path)) return false;
    if (strcmp(dot, ".csv") == 0) return true;
    if (strcmp(dot, ".npy") != 0) return false;
    bool good = map_array(path, &bytes, &npy, NULL) == SX_OK && are_predictions(&npy);
    sx_file_unmap(&bytes);
    return good;
}

static sx_status read_labels(const char *path, sx_predictions *out, size_t n, sx_error *err) {
    sx_bytes bytes = {0};
    sx_npy npy;
    sx_status status = map_array(path, &bytes, &npy, err);
    if (!status && (npy.rank != 1 || npy.sizes[0] != n))
        status = sx_fail(err, SX_BAD_INPUT, "%.200s: there must be %zu labels, one for each item",
                         path, n);
    for (size_t i = 0; !status && i < n; i++) {
        double label = sx_npy_value(&npy, bytes.data + npy.offset, i);
        if (!(label >= 0 && label < out->classes && label == floor(label)))
            status = sx_fail(err, SX_BAD_INPUT,
                             "%.200s, row %zu: %g is no class: labels go from 0 to %d", path, i,
                             label, out->classes - 1);
        else
            for (size_t m = 0; m < (size_t)out->members; m++)
                out->labels[m * n + i] = (int32_t)label;
    }
    sx_file_unmap(&bytes);
    return status;
}

/* Probabilities if every row is of that kind. */
static sx_status find_kind(const char *path, sx_predictions *out, size_t n, sx_error *err) {
    char why[160];
    size_t classes = (size_t)out->classes;
    out->kind = SX_PREDICTED_PROBABILITIES;
    for (size_t row = 0; row < out->rows && out->kind == SX_PREDICTED_PROBABILITIES; row++)
        if (sx_predictions_check(out->kind, out->values + row * classes, out->classes, why) != -1)
            out->kind = SX_PREDICTED_LOGITS;
    for (size_t row = 0; row < out->rows; row++) {
        int which = sx_predictions_check(out->kind, out->values + row * classes, out->classes, why);
        if (which == -1) continue;
        return sx_fail(err, SX_BAD_INPUT, "%.200s, row %zu of member %zu, column %d: %s", path,
                       row % n, row / n, which < 0 ? 0 : which, why);
    }
    return SX_OK;
}

static sx_status read_values(const char *path, const sx_npy *npy, const uint8_t *values,
                             sx_predictions *out, sx_error *err) {
    if (!are_predictions(npy) || npy->sizes[npy->rank - 1] > SX_PREDICTIONS_COLUMNS)
        return sx_fail(err, SX_BAD_INPUT,
                       "%.200s: predictions are float32 or float64 of [items, classes] or "
                       "[members, items, classes], not %s of %d sizes",
                       path, sx_npy_type(npy), npy->rank);
    size_t members = npy->rank == 3 ? npy->sizes[0] : 1, n = npy->sizes[npy->rank - 2];
    if (members > SX_PREDICTIONS_MEMBERS || n > UINT32_MAX / members)
        return sx_fail(err, SX_BAD_INPUT, "%.200s: too many members or items", path);
    out->members = (int)members;
    out->classes = (int)npy->sizes[npy->rank - 1];
    out->rows = members * n;
    out->inside.n = n;
    out->values = sx_alloc(npy->count, sizeof *out->values);
    out->labels = sx_alloc(out->rows, sizeof *out->labels);
    out->inside.rows = sx_alloc(out->rows, sizeof *out->inside.rows);
    if (!out->values || !out->labels || !out->inside.rows)
        return sx_predictions_no_memory(path, err);
    for (size_t i = 0; i < npy->count; i++) out->values[i] = sx_npy_value(npy, values, i);
    for (size_t row = 0; row < out->rows; row++) out->inside.rows[row] = (uint32_t)row;
    return find_kind(path, out, n, err);
}

sx_status sx_predictions_read_npy(const char *path, const char *labels, sx_pool *pool,
                                  sx_predictions *out, sx_error *err) {
    sx_bytes bytes = {0};
    sx_npy npy;
    char beside[SX_PATH_SIZE];
    (void)pool;
    sx_status status = map_array(path, &bytes, &npy, err);
    if (!status) status = read_values(path, &npy, bytes.data + npy.offset, out, err);
    sx_file_unmap(&bytes);
    if (status) return status;
    snprintf(beside, sizeof beside, "%.*s-labels.npy", (int)strlen(path) - 4, path);
    if (!labels || !*labels) labels = beside;
    if (!sx_is_file(labels))
        return sx_fail(
            err, SX_BAD_INPUT,
            "%.200s: its labels are missing; they are looked for in %.200s, or say where "
            "they are with --labels FILE",
            path, labels);
    status = read_labels(labels, out, out->inside.n, err);
    const uint64_t prints[] = {
        sx_hash_bytes(out->values, out->rows * (size_t)out->classes * sizeof *out->values),
        sx_hash_bytes(out->labels, out->rows * sizeof *out->labels)};
    out->print = sx_hash_bytes(prints, sizeof prints);
    return status;
}
