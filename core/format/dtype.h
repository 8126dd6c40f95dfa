/* Types of numbers in files of tensors, and the way to floats. */
#ifndef SX_FORMAT_DTYPE_H
#define SX_FORMAT_DTYPE_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    SX_DTYPE_F32,
    SX_DTYPE_F64,
    SX_DTYPE_F16,
    SX_DTYPE_BF16,
    SX_DTYPE_I64,
    SX_DTYPE_I32,
    SX_DTYPE_I16,
    SX_DTYPE_I8,
    SX_DTYPE_U8,
    SX_DTYPE_BOOL,
    SX_DTYPES
} sx_dtype;

/* As safetensors spells it, "BF16"; and its bytes. */
const char *sx_dtype_name(sx_dtype dtype);
size_t sx_dtype_bytes(sx_dtype dtype);

/* `count` little-endian values of that type, at any address, as floats. */
void sx_dtype_convert(sx_dtype dtype, const void *values, size_t count, float *out);

/* A half-precision number (IEEE 754, binary16) by its bits. */
double sx_half(uint16_t bits);

#endif
