/* A home of its own for the runs of a test: set-up and tear-down of a group. */
#ifndef SX_TESTS_HOME_H
#define SX_TESTS_HOME_H

#include "core/base/base.h"

#include <stdio.h>
#include <stdlib.h>

static char home[64];

static inline int new_home(void **state) {
    (void)state;
    /* In memory where there is such a place: the tests sync much. */
    const char *place = sx_is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
    snprintf(home, sizeof home, "%s/sextant-test-XXXXXX", place);
    if (!mkdtemp(home)) return -1;
    return setenv("XDG_DATA_HOME", home, 1) || setenv("XDG_CACHE_HOME", home, 1);
}

static inline int end_home(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", home);
    return system(command);
}

#endif
