/* cmocka with the headers it wants in front of it; and work is shared however small it is, or the
 * small models of tests would never meet a second thread. */
#ifndef SX_TESTS_UNIT_H
#define SX_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/pool.h"

__attribute__((constructor)) static void share_all_work(void) {
    sx_pool_share_all(true);
}

#endif
