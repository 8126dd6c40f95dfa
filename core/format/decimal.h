/* Decimal numbers out of large texts: correctly rounded, whatever the locale, and several times
 * faster than strtod for the digits that people and programs write. */
#ifndef SX_FORMAT_DECIMAL_H
#define SX_FORMAT_DECIMAL_H

#include "core/base/base.h"

/* Reads [+-]digits[.digits][e[+-]digits] from `at`, not beyond `end` (no NUL is needed there).
 * Returns where it ends; NULL if there is none, or it is too large for a double. */
const char *sx_decimal_read(const char *at, const char *end, double *out);

#endif
