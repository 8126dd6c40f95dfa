/* cmocka with the headers it wants in front of it. */
#ifndef SX_TESTS_UNIT_H
#define SX_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#endif
