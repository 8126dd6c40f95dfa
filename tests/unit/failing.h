/* Runs an action with ever later failures of memory, until it comes through. */
#ifndef SX_TESTS_FAILING_H
#define SX_TESTS_FAILING_H

#include "core/base/base.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <string.h>

/* Does it once and undoes it; what an error leaves is for the leak checker to find. */
typedef sx_status (*failing_action)(void *context, sx_error *err);

/* Every failed allocation must end as SX_NO_MEMORY with a sentence; returns how many there were. */
static inline long fail_every_allocation(failing_action action, void *context) {
    for (long after = 0; after < 100000; after++) {
        sx_error err = {0};
        sx_alloc_fail_after(after);
        sx_status status = action(context, &err);
        sx_alloc_fail_after(-1);
        if (status == SX_OK) return after;
        assert_int_equal(status, SX_NO_MEMORY);
        assert_int_equal(err.status, SX_NO_MEMORY);
        assert_non_null(strstr(err.message, "memory"));
    }
    fail();
    return -1;
}

static inline void *allocate_for_jansson(size_t size) {
    return sx_alloc(size, 1);
}

/* The same with jansson's memory too. jansson takes some failures for bad syntax, so SX_BAD_INPUT
 * is allowed. */
static inline long fail_every_json_allocation(failing_action action, void *context) {
    long after = 0;
    sx_status status = SX_NO_MEMORY;
    json_set_alloc_funcs(allocate_for_jansson, sx_free);
    for (; status != SX_OK && after < 100000; after++) {
        sx_error err = {0};
        sx_alloc_fail_after(after);
        status = action(context, &err);
        sx_alloc_fail_after(-1);
        assert_true(status == SX_OK || status == SX_NO_MEMORY || status == SX_BAD_INPUT);
        assert_true(status == SX_OK || strlen(err.message) > 10);
    }
    json_set_alloc_funcs(malloc, free);
    assert_int_equal(status, SX_OK);
    return after - 1;
}

#endif
