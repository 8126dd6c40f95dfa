/* Ground floor: text, files, options. */
#include "tests/unit/unit.h"

#include "core/base/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const sx_option table[] = {
    {"", "width", SX_OPTION_INTEGER, "16", 1, 1024, NULL, "channels"},
    {"", "rate", SX_OPTION_NUMBER, "0.5", 0, 1, NULL, "rate"},
    {"", "kind", SX_OPTION_CHOICE, "a", 0, 0, "a|bc", "kind"},
    {NULL, NULL, 0, NULL, 0, 0, NULL, NULL},
};

static void hostile_text_becomes_printable(void **state) {
    (void)state;
    char out[16];
    sx_text_printable(out, sizeof out, "a\x1b[2J\xff\xc2\x9b");
    assert_string_equal(out, "a?[2J??");
    sx_text_printable(out, 4, "ab\xc3\xa9");
    assert_string_equal(out, "ab");
    sx_text_printable(out, sizeof out, "\xc3\xa9");
    assert_string_equal(out, "\xc3\xa9");
}

static void numbers_and_durations_are_readable(void **state) {
    (void)state;
    char out[32];
    assert_string_equal(sx_text_count(out, -1234567), "-1,234,567");
    assert_string_equal(sx_text_count(out, 100), "100");
    assert_string_equal(sx_text_duration(out, 760), "12 m 40 s");
    assert_string_equal(sx_text_duration(out, NAN), "-");
    double value;
    assert_true(sx_text_number("-1.5e3", &value) && value == -1500);
    assert_false(sx_text_number("nan", &value));
    assert_false(sx_text_number("1x", &value));
    assert_false(sx_text_number("", &value));
    assert_false(sx_text_number("1e999", &value));
}

static void specs_are_parsed_and_checked(void **state) {
    (void)state;
    sx_spec spec;
    sx_error err = {0};
    assert_int_equal(sx_spec_parse(" cnn( width = 8,rate=0.25 ) ", &spec, &err), SX_OK);
    assert_string_equal(spec.name, "cnn");
    assert_int_equal(sx_spec_check(&spec, table, &err), SX_OK);
    assert_true(sx_spec_number(&spec, table, "width") == 8);
    assert_string_equal(sx_spec_text(&spec, table, "kind"), "a");
    assert_int_equal(sx_spec_parse("center area=0.5", &spec, &err), SX_OK);
    assert_string_equal(spec.values[0], "0.5");
    const char *bad[] = {"", "x(", "x(a)", "x(a=1,a=2)", "x(a=)", "(a=1)"};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(sx_spec_parse(bad[i], &spec, &err), SX_BAD_INPUT);
    assert_int_equal(sx_spec_parse("cnn(widht=3)", &spec, &err), SX_OK);
    assert_int_equal(sx_spec_check(&spec, table, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "did you mean 'width'"));
    const char *refused[] = {"cnn(width=0)", "cnn(width=1.5)", "cnn(kind=b)", "cnn(rate=x)"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(sx_spec_parse(refused[i], &spec, &err), SX_OK);
        assert_int_equal(sx_spec_check(&spec, table, &err), SX_BAD_INPUT);
    }
}

static void files_are_written_whole_or_not(void **state) {
    (void)state;
    char folder[] = "/tmp/sextant-test-XXXXXX", path[SX_PATH_SIZE];
    assert_non_null(mkdtemp(folder));
    sx_error err = {0};
    sx_bytes bytes;
    assert_int_equal(sx_path_join(path, folder, "a/b", &err), SX_OK);
    assert_int_equal(sx_directory_make(path, &err), SX_OK);
    assert_int_equal(sx_path_join(path, folder, "a/b/file", &err), SX_OK);
    assert_int_equal(sx_file_write(path, "hello", 5, &err), SX_OK);
    assert_int_equal(sx_file_read(path, 5, &bytes, &err), SX_OK);
    assert_int_equal(bytes.size, 5);
    assert_string_equal((char *)bytes.data, "hello");
    sx_bytes_done(&bytes);
    assert_int_equal(sx_file_read(path, 4, &bytes, &err), SX_BAD_INPUT);
    assert_int_equal(sx_file_read(folder, 4, &bytes, &err), SX_BAD_INPUT);
    assert_int_equal(sx_file_read("/nowhere/at all", 4, &bytes, &err), SX_IO);
    assert_int_equal(sx_file_write("/nowhere/file", "x", 1, &err), SX_IO);
    assert_int_equal(sx_file_write("/dev/full/x", "x", 1, &err), SX_IO);
    sx_listing listing;
    assert_int_equal(sx_path_join(path, folder, "a/b", &err), SX_OK);
    assert_int_equal(sx_directory_list(path, &listing, &err), SX_OK);
    assert_int_equal(listing.count, 1); /* no temporary file is left */
    assert_string_equal(listing.names[0], "file");
    sx_listing_done(&listing);
    char command[SX_PATH_SIZE + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_text_becomes_printable),
        cmocka_unit_test(numbers_and_durations_are_readable),
        cmocka_unit_test(specs_are_parsed_and_checked),
        cmocka_unit_test(files_are_written_whole_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
