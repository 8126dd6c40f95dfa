/* The file of features: what is written is read back, and whatever is not that file is computed
 * again and crashes nothing. */
#include "tests/unit/failing.h"
#include "tests/unit/home.h"

#include "core/head/head.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COUNT = 10, WIDTH = 7 };
#define KEY "cnn, digest 17; shapes, test"

static float values[COUNT * WIDTH];

static const char *path_of(const char *name) {
    static char path[SX_PATH_SIZE];
    assert_int_equal(sx_path_join(path, home, name, NULL), SX_OK);
    return path;
}

static void write_file(const char *name) {
    sx_features_writer *writer;
    sx_error err = {0};
    for (int i = 0; i < COUNT * WIDTH; i++) values[i] = 0.5f * (float)i;
    if (sx_features_begin(path_of(name), KEY, COUNT, WIDTH, &writer, &err))
        fail_msg("%s", err.message);
    for (size_t at = 0; at < COUNT; at += 4) {
        assert_false(sx_is_file(path_of(name)));
        size_t count = at + 4 < COUNT ? 4 : COUNT - at;
        assert_int_equal(sx_features_add(writer, values + at * WIDTH, count, &err), SX_OK);
    }
    assert_int_equal(sx_features_end(writer, &err), SX_OK);
}

static bool is_found(const char *name, const char *key) {
    sx_features features;
    bool found;
    assert_int_equal(sx_features_open(path_of(name), key, &found, &features, NULL), SX_OK);
    if (found) {
        assert_true(features.count == COUNT && features.width == WIDTH);
        assert_memory_equal(features.values, values, sizeof values);
    } else {
        assert_true(!features.values && !features.count);
    }
    sx_features_done(&features);
    return found;
}

static void what_was_written_is_read(void **state) {
    (void)state;
    assert_false(is_found("features", KEY));
    write_file("features");
    assert_true(is_found("features", KEY));
    assert_false(is_found("features", KEY "x"));
    assert_false(is_found("features", "another"));
    assert_int_equal(access(path_of("features.part"), F_OK), -1);
}

static void other_files_are_not_found(void **state) {
    (void)state;
    sx_bytes whole;
    write_file("whole");
    assert_int_equal(sx_file_read(path_of("whole"), 1 << 20, &whole, NULL), SX_OK);
    for (size_t size = 0; size < whole.size; size++) {
        assert_int_equal(sx_file_write(path_of("cut"), whole.data, size, NULL), SX_OK);
        assert_false(is_found("cut", KEY));
    }
    size_t header = 32;
    for (size_t at = 0; at < header; at++)
        for (int bit = 0; bit < 8; bit++) {
            whole.data[at] ^= (uint8_t)(1 << bit);
            assert_int_equal(sx_file_write(path_of("bent"), whole.data, whole.size, NULL), SX_OK);
            assert_false(is_found("bent", KEY));
            whole.data[at] ^= (uint8_t)(1 << bit);
        }
    sx_bytes_done(&whole);
}

static void a_file_that_is_not_whole_does_not_appear(void **state) {
    (void)state;
    sx_features_writer *writer;
    sx_error err = {0};
    assert_int_equal(sx_features_begin(path_of("half"), KEY, COUNT, WIDTH, &writer, &err), SX_OK);
    assert_int_equal(sx_features_add(writer, values, 3, &err), SX_OK);
    assert_int_equal(sx_features_add(writer, values, COUNT, &err), SX_BAD_INPUT);
    assert_int_equal(sx_features_end(writer, &err), SX_BAD_INPUT);
    assert_false(is_found("half", KEY));
    assert_int_equal(access(path_of("half.part"), F_OK), -1);
    pid_t child = fork();
    if (child == 0) { /* killed while it writes */
        if (sx_features_begin(path_of("half"), KEY, COUNT, WIDTH, &writer, NULL) ||
            sx_features_add(writer, values, 3, NULL))
            _exit(1);
        raise(SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_false(is_found("half", KEY));
    write_file("half");
    assert_true(is_found("half", KEY));
}

static void what_cannot_be_is_told(void **state) {
    (void)state;
    sx_features_writer *writer;
    sx_error err = {0};
    assert_int_equal(sx_features_begin("/nowhere/at/all", KEY, 1, 1, &writer, &err), SX_IO);
    assert_non_null(strstr(err.message, "/nowhere/at/all"));
    assert_int_equal(sx_features_begin(path_of("x"), KEY, SIZE_MAX / 2, 9, &writer, &err),
                     SX_BAD_INPUT);
    assert_int_equal(sx_features_begin(path_of("x"), KEY, 1, 0, &writer, &err), SX_BAD_INPUT);
    sx_alloc_fail_after(0);
    assert_int_equal(sx_features_begin(path_of("x"), KEY, 1, 1, &writer, &err), SX_NO_MEMORY);
    sx_alloc_fail_after(-1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(other_files_are_not_found),
        cmocka_unit_test(a_file_that_is_not_whole_does_not_appear),
        cmocka_unit_test(what_cannot_be_is_told),
    };
    return cmocka_run_group_tests(tests, new_home, end_home);
}
