/* Decimal numbers. Up to 19 digits fit into 64 bits, and powers of ten up to 27 into the 64 bits of
 * an extended number, so that one multiplication or division there is off by less than its last
 * bit. Rounding that to a double is right unless it lies so near the middle between two doubles
 * that the last bits decide; then, and for everything unusual, strtod does it (after W. D. Clinger,
 * How to read floating point numbers accurately, PLDI 1990, with a wider intermediate). Where the
 * compiler has no extended numbers the same is done in doubles, for fewer digits. */
#include "core/format/decimal.h"

#include <float.h>
#include <string.h>

#define DIGITS 19 /* that always fit into 64 bits */
#define LONGEST 512

typedef struct {
    uint64_t digits; /* as a whole number */
    int count;       /* of them, leading zeros left out */
    int exponent;    /* of ten */
    bool whole;      /* no digit was left out */
} decimal;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Takes a run of digits; `scale` is what one of them adds to the exponent. */
static const char *take_digits(const char *at, const char *end, int scale, decimal *d) {
    for (; at < end && is_digit(*at); at++) {
        if (d->count < DIGITS) {
            d->digits = 10 * d->digits + (uint64_t)(*at - '0');
            d->count += d->digits != 0;
            d->exponent += scale;
        } else {
            d->whole = d->whole && *at == '0';
            d->exponent += scale + 1;
        }
    }
    return at;
}

/* Moves on over "e-12"; an 'e' without digits is not part of the number. */
static const char *take_exponent(const char *at, const char *end, decimal *d) {
    const char *from = at + 1;
    int value = 0;
    bool negative = false;
    if (from < end && (*from == '+' || *from == '-')) negative = *from++ == '-';
    if (from >= end || !is_digit(*from)) return at;
    for (; from < end && is_digit(*from); from++)
        if (value < 100000) value = 10 * value + (*from - '0');
    d->exponent += negative ? -value : value;
    return from;
}

#if LDBL_MANT_DIG == 64
#define POWERS 27
static const long double powers[POWERS + 1] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
                                               1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                               1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L,
                                               1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};

/* Whether the bits that a double leaves out are too near its middle to tell. */
static bool is_near_middle(long double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t rest = bits & 0x7ff;
    return rest >= 0x3fc && rest <= 0x404;
}

static bool convert(const decimal *d, double *out) {
    if (!d->whole || d->exponent < -2 * POWERS || d->exponent > POWERS) return false;
    long double value = (long double)d->digits;
    int left = d->exponent;
    if (left < -POWERS) {
        value /= powers[POWERS];
        left += POWERS;
    }
    value = left < 0 ? value / powers[-left] : value * powers[left];
    if (is_near_middle(value)) return false;
    *out = (double)value;
    return true;
}
#else
#define POWERS 22
static bool convert(const decimal *d, double *out) {
    static const double powers[POWERS + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (!d->whole || d->digits > UINT64_C(1) << 53 || d->exponent < -POWERS || d->exponent > POWERS)
        return false;
    double value = (double)d->digits;
    *out = d->exponent < 0 ? value / powers[-d->exponent] : value * powers[d->exponent];
    return true;
}
#endif

static bool convert_slowly(const char *from, const char *to, double *out) {
    char text[LONGEST];
    size_t length = (size_t)(to - from);
    memcpy(text, from, length);
    text[length] = 0;
    return sx_text_number(text, out);
}

const char *sx_decimal_read(const char *at, const char *end, double *out) {
    decimal d = {.whole = true};
    const char *from = at;
    bool negative = false;
    if (end - at >= LONGEST) end = at + LONGEST - 1; /* a number that goes on is none */
    if (at < end && (*at == '+' || *at == '-')) negative = *at++ == '-';
    const char *first = at;
    at = take_digits(at, end, 0, &d);
    size_t seen = (size_t)(at - first);
    if (at < end && *at == '.') {
        const char *fraction = at + 1;
        at = take_digits(fraction, end, -1, &d);
        seen += (size_t)(at - fraction);
    }
    if (!seen) return NULL;
    if (at < end && (*at == 'e' || *at == 'E')) at = take_exponent(at, end, &d);
    double value = 0;
    if (d.digits && !convert(&d, &value)) return convert_slowly(from, at, out) ? at : NULL;
    *out = negative ? -value : value;
    return at;
}
