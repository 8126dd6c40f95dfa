/* npy, NumPy's file of one array: header parsed by hand (NEP 1), versions 1 to 3. Little-endian
 * numbers; bytes, signed and unsigned integers, half, single and double precision. */
#ifndef SX_FORMAT_NPY_H
#define SX_FORMAT_NPY_H

#include "core/base/base.h"

#define SX_NPY_RANK 8
#define SX_NPY_HEADER_LIMIT 65546 /* bytes that always hold a whole header that is read */

typedef struct {
    char kind; /* 'b' bool, 'i', 'u', 'f' */
    int width; /* bytes of a value: 1, 2, 4, 8 */
    int rank;
    size_t sizes[SX_NPY_RANK];
    size_t count;  /* of values; their bytes fit in a size_t */
    size_t offset; /* of the first value in the file */
    bool fortran;  /* the first index runs fastest, not the last */
} sx_npy;

/* Reads the header from the first `size` bytes of a file of `file_size`; sizes that overflow or
 * call for another number of bytes than follow are refused. Sentences name the offset. */
sx_status sx_npy_header(const uint8_t *bytes, size_t size, size_t file_size, sx_npy *out,
                        sx_error *err);

/* How NumPy calls the type of the values: "<f4". */
const char *sx_npy_type(const sx_npy *npy);

/* Value `i`, in the order of the file, of little-endian values at `values`. */
double sx_npy_value(const sx_npy *npy, const uint8_t *values, size_t i);

#endif
