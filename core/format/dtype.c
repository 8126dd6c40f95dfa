/* One row a type. Values are copied out before they are looked at, so they may lie anywhere. */
#include "core/format/dtype.h"

#include <math.h>
#include <string.h>

double sx_half(uint16_t bits) {
    int exponent = bits >> 10 & 31;
    double mantissa = (double)(bits & 1023), sign = bits >> 15 ? -1 : 1;
    if (exponent == 31) return mantissa > 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24));
}

/* The upper half of a single-precision number. */
static float brain(uint16_t bits) {
    uint32_t whole = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &whole, sizeof value);
    return value;
}

#define CONVERT(NAME, TYPE, EXPRESSION)                                                            \
    static void NAME(const uint8_t *from, size_t count, float *out) {                              \
        for (size_t i = 0; i < count; i++) {                                                       \
            TYPE v;                                                                                \
            memcpy(&v, from + i * sizeof v, sizeof v);                                             \
            out[i] = EXPRESSION;                                                                   \
        }                                                                                          \
    }

CONVERT(from_f32, float, v)
CONVERT(from_f64, double, (float)v)
CONVERT(from_f16, uint16_t, (float)sx_half(v))
CONVERT(from_bf16, uint16_t, brain(v))
CONVERT(from_i64, int64_t, (float)v)
CONVERT(from_i32, int32_t, (float)v)
CONVERT(from_i16, int16_t, (float)v)
CONVERT(from_i8, int8_t, (float)v)
CONVERT(from_u8, uint8_t, (float)v)

static const struct {
    const char *name;
    size_t bytes;
    void (*convert)(const uint8_t *from, size_t count, float *out);
} dtypes[SX_DTYPES] = {
    [SX_DTYPE_F32] = {"F32", 4, from_f32}, [SX_DTYPE_F64] = {"F64", 8, from_f64},
    [SX_DTYPE_F16] = {"F16", 2, from_f16}, [SX_DTYPE_BF16] = {"BF16", 2, from_bf16},
    [SX_DTYPE_I64] = {"I64", 8, from_i64}, [SX_DTYPE_I32] = {"I32", 4, from_i32},
    [SX_DTYPE_I16] = {"I16", 2, from_i16}, [SX_DTYPE_I8] = {"I8", 1, from_i8},
    [SX_DTYPE_U8] = {"U8", 1, from_u8},    [SX_DTYPE_BOOL] = {"BOOL", 1, from_u8},
};

const char *sx_dtype_name(sx_dtype dtype) {
    return dtypes[dtype].name;
}

size_t sx_dtype_bytes(sx_dtype dtype) {
    return dtypes[dtype].bytes;
}

void sx_dtype_convert(sx_dtype dtype, const void *values, size_t count, float *out) {
    dtypes[dtype].convert(values, count, out);
}
