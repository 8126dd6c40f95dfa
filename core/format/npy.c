/* npy headers: a magic, a version, a length, and the text of a Python dictionary with three keys in
 * any order. Only what NumPy writes is read; every size is held against the file before it is
 * believed. */
#include "core/format/npy.h"

#include "core/format/dtype.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_SIZE 8

/* ---- the dictionary ----------------------------------------------------------------------------
 */

/* What follows "'key':", without blanks; NULL if the key is not there. */
static const char *value_of(const char *text, const char *key) {
    char quoted[32];
    int length = snprintf(quoted, sizeof quoted, "'%s'", key);
    const char *at = strstr(text, quoted);
    if (!at) return NULL;
    at += length;
    while (isspace((unsigned char)*at)) at++;
    if (*at++ != ':') return NULL;
    while (isspace((unsigned char)*at)) at++;
    return at;
}

static sx_status read_type(const char *text, sx_npy *out, sx_error *err) {
    const char *at = value_of(text, "descr");
    if (!at || *at != '\'')
        return sx_fail(err, SX_BAD_INPUT, "npy: the header names no simple type of values");
    char order = at[1], kind = at[1] ? at[2] : 0, width = kind ? at[3] : 0;
    if (order == '>')
        return sx_fail(err, SX_BAD_INPUT,
                       "npy: big-endian values are not read; save the array as little-endian");
    bool known = (order == '<' || order == '|' || order == '=') && kind && width &&
                 strchr("biuf", kind) && strchr("1248", width) && at[4] == '\'' &&
                 (kind != 'f' || width != '1') && (kind != 'b' || width == '1');
    if (!known) return sx_fail(err, SX_BAD_INPUT, "npy: values of the type %.12s are not read", at);
    out->kind = kind;
    out->width = width - '0';
    return SX_OK;
}

static sx_status read_shape(const char *text, sx_npy *out, sx_error *err) {
    const char *at = value_of(text, "shape");
    if (!at || *at++ != '(') return sx_fail(err, SX_BAD_INPUT, "npy: the header has no shape");
    out->count = 1;
    for (out->rank = 0;;) {
        while (isspace((unsigned char)*at) || *at == ',') at++;
        if (*at == ')') return SX_OK;
        char *end;
        if (!isdigit((unsigned char)*at) || out->rank == SX_NPY_RANK)
            return sx_fail(err, SX_BAD_INPUT, "npy: the shape is not up to %d sizes", SX_NPY_RANK);
        unsigned long long size = strtoull(at, &end, 10);
        if (size == 0 || size > SIZE_MAX / 16 ||
            !sx_size_multiply(out->count, (size_t)size, &out->count))
            return sx_fail(err, SX_BAD_INPUT, "npy: size %d of the shape is zero or too large",
                           out->rank);
        out->sizes[out->rank++] = (size_t)size;
        at = end;
    }
}

static sx_status read_order(const char *text, sx_npy *out, sx_error *err) {
    const char *at = value_of(text, "fortran_order");
    out->fortran = at && strncmp(at, "True", 4) == 0;
    if (out->fortran || (at && strncmp(at, "False", 5) == 0)) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "npy: the header does not say in which order the values are");
}

static sx_status read_dictionary(const char *text, sx_npy *out, sx_error *err) {
    sx_status status = read_type(text, out, err);
    if (!status) status = read_order(text, out, err);
    return status ? status : read_shape(text, out, err);
}

/* ---- the file
 * ------------------------------------------------------------------------------------ */

/* Where the dictionary begins and ends. */
static sx_status find_dictionary(const uint8_t *bytes, size_t size, size_t *begin, size_t *end,
                                 sx_error *err) {
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return sx_fail(err, SX_BAD_INPUT, "not an npy file: it must begin with \\x93NUMPY");
    if (bytes[6] < 1 || bytes[6] > 3)
        return sx_fail(err, SX_BAD_INPUT, "offset 6: npy version %d; only 1 to 3 are read",
                       bytes[6]);
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    *begin = MAGIC_SIZE + 2;
    if (bytes[6] > 1) {
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
        *begin = MAGIC_SIZE + 4;
    }
    if (length > size - *begin)
        return sx_fail(err, SX_BAD_INPUT, "offset 8: the npy header is cut short, or too long");
    *end = *begin + length;
    return SX_OK;
}

sx_status sx_npy_header(const uint8_t *bytes, size_t size, size_t file_size, sx_npy *out,
                        sx_error *err) {
    size_t begin = 0, end = 0, whole;
    char *text;
    *out = (sx_npy){0};
    sx_status status = find_dictionary(bytes, size, &begin, &end, err);
    if (status) return status;
    if (!(text = sx_alloc(end - begin + 1, 1)))
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for an npy header");
    memcpy(text, bytes + begin, end - begin);
    status = read_dictionary(text, out, err);
    sx_free(text);
    if (status) return status;
    out->offset = end;
    if (!sx_size_multiply(out->count, (size_t)out->width, &whole) || file_size < end ||
        whole != file_size - end)
        return sx_fail(err, SX_BAD_INPUT,
                       "offset %zu: the npy shape calls for %zu values of %d bytes, but %zu bytes "
                       "follow",
                       end, out->count, out->width, file_size < end ? 0 : file_size - end);
    return SX_OK;
}

/* ---- values
 * --------------------------------------------------------------------------------------- */

const char *sx_npy_type(const sx_npy *npy) {
    static const char *const types[4][4] = {{"|b1", "", "", ""},
                                            {"|i1", "<i2", "<i4", "<i8"},
                                            {"|u1", "<u2", "<u4", "<u8"},
                                            {"", "<f2", "<f4", "<f8"}};
    const char *kinds = "biuf", *kind = strchr(kinds, npy->kind);
    int width = npy->width == 8 ? 3 : npy->width / 2;
    return types[kind - kinds][width];
}

double sx_npy_value(const sx_npy *npy, const uint8_t *values, size_t i) {
    const uint8_t *at = values + i * (size_t)npy->width;
    uint64_t bits = 0;
    for (int k = npy->width - 1; k >= 0; k--) bits = bits << 8 | at[k];
    int shift = 64 - 8 * npy->width;
    float single;
    double number;
    uint32_t low = (uint32_t)bits;
    if (npy->kind == 'i') return (double)((int64_t)(bits << shift) >> shift);
    if (npy->kind != 'f') return (double)bits;
    if (npy->width == 2) return sx_half((uint16_t)bits);
    memcpy(&single, &low, sizeof single);
    memcpy(&number, &bits, sizeof number);
    return npy->width == 4 ? (double)single : number;
}
