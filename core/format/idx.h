/* IDX, the format of MNIST: magic 0 0 type rank, sizes as big-endian 32-bit numbers, values.
 * Source: "The IDX file format", http://yann.lecun.com/exdb/mnist/. Only unsigned bytes (type 8).
 */
#ifndef SX_FORMAT_IDX_H
#define SX_FORMAT_IDX_H

#include "core/base/base.h"

typedef struct {
    int rank;              /* 1 .. 4 */
    size_t sizes[4];       /* all > 0 */
    const uint8_t *values; /* borrows the bytes given to sx_idx_decode */
    size_t count;          /* product of the sizes */
} sx_idx;

/* Wrong magic, a size of zero, a product that overflows, missing or surplus bytes are errors
 * whose sentence gives the offset. */
sx_status sx_idx_decode(const uint8_t *bytes, size_t size, sx_idx *out, sx_error *err);

#endif
