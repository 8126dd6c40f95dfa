/* Ground floor: errors, checked memory, random numbers, worker pool. */
#include "tests/unit/unit.h"

#include "core/base/base.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

static void error_keeps_sentence_and_context(void **state) {
    (void)state;
    sx_error err = {0};
    assert_int_equal(sx_fail(&err, SX_IO, "cannot read %d bytes", 7), SX_IO);
    assert_int_equal(sx_fail_within(&err, "file '%s'", "a.png"), SX_IO);
    assert_string_equal(err.message, "file 'a.png': cannot read 7 bytes");
    char longer[2000];
    memset(longer, 'x', sizeof longer);
    longer[1999] = 0;
    sx_fail(&err, SX_IO, "%s", longer);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

static void memory_refuses_overflow_and_is_zero(void **state) {
    (void)state;
    assert_null(sx_alloc(SIZE_MAX / 2, 3));
    unsigned char *block = sx_alloc(100, 1);
    assert_int_equal((uintptr_t)block % SX_ALIGN, 0);
    for (int i = 0; i < 100; i++) assert_int_equal(block[i], 0);
    sx_free(block);
    sx_alloc_fail_after(1);
    void *first = sx_alloc(1, 1);
    assert_non_null(first);
    assert_null(sx_alloc(1, 1));
    sx_alloc_fail_after(-1);
    sx_free(first);
}

static void array_grows_and_keeps_content(void **state) {
    (void)state;
    int *array = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        assert_true(sx_grow((void **)&array, &capacity, (size_t)i + 1, sizeof *array));
        array[i] = i;
    }
    for (int i = 0; i < 1000; i++) assert_int_equal(array[i], i);
    sx_free(array);
}

static void arena_blocks_do_not_move(void **state) {
    (void)state;
    sx_arena arena = {0};
    char *first = sx_arena_text(&arena, "first");
    for (int i = 0; i < 1000; i++) assert_non_null(sx_arena_alloc(&arena, 1000, 1));
    assert_non_null(sx_arena_alloc(&arena, 1 << 20, 1));
    assert_string_equal(first, "first");
    sx_arena_done(&arena);
    assert_null(arena.newest);
}

static void random_streams_repeat_and_differ(void **state) {
    (void)state;
    sx_random a = sx_random_from(1, 2, 3), b = sx_random_from(1, 2, 3), c = sx_random_from(1, 2, 4);
    uint64_t first = sx_random_bits(&a);
    assert_true(first == sx_random_bits(&b));
    assert_true(first != sx_random_bits(&c));
}

static void random_moments_are_right(void **state) {
    (void)state;
    sx_random random = sx_random_from(5, 0, 0);
    double sum = 0, square = 0, uniform = 0;
    int counts[7] = {0};
    const int n = 200000;
    for (int i = 0; i < n; i++) {
        double x = sx_random_normal(&random);
        sum += x;
        square += x * x;
        uniform += sx_random_uniform(&random);
        counts[sx_random_below(&random, 7)]++;
    }
    assert_true(fabs(sum / n) < 0.01);
    assert_true(fabs(square / n - 1) < 0.02);
    assert_true(fabs(uniform / n - 0.5) < 0.005);
    for (int i = 0; i < 7; i++) assert_true(abs(counts[i] - n / 7) < 1000);
}

static void permutation_holds_every_index_once(void **state) {
    (void)state;
    uint32_t order[257];
    bool seen[257] = {false};
    sx_random random = sx_random_from(1, 1, 1);
    sx_random_permutation(&random, order, 257);
    for (int i = 0; i < 257; i++) {
        assert_true(order[i] < 257 && !seen[order[i]]);
        seen[order[i]] = true;
    }
}

typedef struct {
    atomic_int runs[64];
    atomic_int worker_too_large;
    int threads;
} tally;

static void count_piece(void *context, int piece, int index) {
    tally *t = context;
    atomic_fetch_add(&t->runs[piece], 1);
    if (index < 0 || index >= t->threads) atomic_fetch_add(&t->worker_too_large, 1);
}

static void pool_runs_every_piece_once(void **state) {
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        sx_error err;
        sx_pool *pool = sx_pool_new(threads, &err);
        assert_non_null(pool);
        tally t = {.threads = threads};
        const int regions = 3000;
        for (int r = 0; r < regions; r++) sx_pool_run(pool, 1 + r % 64, count_piece, &t);
        int total = 0, expected = 0;
        for (int i = 0; i < 64; i++) total += t.runs[i];
        for (int r = 0; r < regions; r++) expected += 1 + r % 64;
        assert_int_equal(total, expected);
        assert_int_equal(t.runs[63], regions / 64);
        assert_int_equal(t.worker_too_large, 0);
        sx_pool_free(pool);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_keeps_sentence_and_context),
        cmocka_unit_test(memory_refuses_overflow_and_is_zero),
        cmocka_unit_test(array_grows_and_keeps_content),
        cmocka_unit_test(arena_blocks_do_not_move),
        cmocka_unit_test(random_streams_repeat_and_differ),
        cmocka_unit_test(random_moments_are_right),
        cmocka_unit_test(permutation_holds_every_index_once),
        cmocka_unit_test(pool_runs_every_piece_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
