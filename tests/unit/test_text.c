/* Ground floor: text, files, options. */
#include "tests/unit/unit.h"

#include "core/base/base.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
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

static void only_plain_decimals_are_numbers(void **state) {
    (void)state;
    double value = 7;
    const char *bad[] = {"0x10", "-0x10", "+0X1p3", " 1", "--1", ".", "-", "1e", "0x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (sx_text_number(bad[i], &value)) fail_msg("'%s' is read as %g", bad[i], value);
    assert_true(sx_text_number("+.5", &value) && value == 0.5);
    assert_true(sx_text_number("007", &value) && value == 7);
}

static void *read_numbers(void *unused) {
    double value;
    for (int i = 0; i < 1000; i++) assert_true(sx_text_number("0.25", &value) && value == 0.25);
    return unused;
}

/* The thread sanitiser is the judge. */
static void numbers_are_read_by_many_threads(void **state) {
    (void)state;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_numbers, NULL), 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
}

static void utf8_is_told_from_other_bytes(void **state) {
    (void)state;
    assert_true(sx_text_is_utf8("") && sx_text_is_utf8("a\n\xc3\xa9\xf0\x9f\x98\x80"));
    assert_false(sx_text_is_utf8("a\xff") || sx_text_is_utf8("\xc3") ||
                 sx_text_is_utf8("\xed\xa0\x80"));
}

static void small_places_are_not_overrun(void **state) {
    (void)state;
    char out[4] = "abc";
    sx_text_set(out, 0, "xyz");
    assert_string_equal(out, "abc");
    sx_text_set(out, 3, "x\xc3\xa9");
    assert_string_equal(out, "x");
    sx_text text = {0};
    sx_text_add_bytes(&text, NULL, 0);
    assert_string_equal(text.data, "");
    sx_text_done(&text);
}

/* A sentence may quote a file and end on a terminal. */
static void sentences_are_printable(void **state) {
    (void)state;
    sx_error err;
    sx_fail(&err, SX_IO, "bad '%s'", "a\x1b[2J\xff!\n");
    assert_string_equal(err.message, "bad 'a?[2J?!?'");
    sx_fail_within(&err, "%s", "\x07name");
    assert_string_equal(err.message, "?name: bad 'a?[2J?!?'");
    assert_int_equal(sx_fail(&err, SX_IO, "again: %s", err.message), SX_IO);
    assert_string_equal(err.message, "again: ?name: bad 'a?[2J?!?'");
    char many[1001] = {0};
    for (int i = 0; i < 1000; i += 2) memcpy(many + i, "\xc3\xa9", 2);
    sx_fail(&err, SX_IO, "%s", many);
    assert_int_equal(strlen(err.message), sizeof err.message - 2); /* no half character */
    sx_fail_within(&err, "x%s", many);
    assert_true(sx_text_is_utf8(err.message));
}

static void odd_places_are_written_as_they_are(void **state) {
    (void)state;
    char folder[] = "/tmp/sextant-test-XXXXXX", path[SX_PATH_SIZE], link[SX_PATH_SIZE];
    assert_non_null(mkdtemp(folder));
    sx_error err = {0};
    struct stat facts;
    char got[8] = {0};
    /* A pipe or a device is written to, not replaced. */
    assert_int_equal(sx_path_join(path, folder, "pipe", &err), SX_OK);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_int_equal(sx_file_write(path, "hello", 5, &err), SX_OK);
    assert_int_equal(stat(path, &facts), 0);
    assert_true(S_ISFIFO(facts.st_mode));
    assert_int_equal(read(reader, got, sizeof got), 5);
    close(reader);
    /* A link keeps pointing. */
    assert_int_equal(sx_path_join(path, folder, "file", &err), SX_OK);
    assert_int_equal(sx_path_join(link, folder, "link", &err), SX_OK);
    mode_t mask = umask(027);
    assert_int_equal(sx_file_write(path, "old", 3, &err), SX_OK);
    umask(mask);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0640);
    assert_int_equal(chmod(path, 0600), 0); /* a mode that is there stays */
    assert_int_equal(symlink("file", link), 0);
    assert_int_equal(sx_file_write(link, "new!", 4, &err), SX_OK);
    assert_int_equal(lstat(link, &facts), 0);
    assert_true(S_ISLNK(facts.st_mode));
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_size, 4);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(sx_file_write(folder, "x", 1, &err), SX_IO);
    assert_int_equal(sx_directory_make("", &err), SX_IO);
    char command[SX_PATH_SIZE + 16];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void reserved_characters_are_written_out(void **state) {
    (void)state;
    sx_text text = {0};
    sx_text_add_escaped(&text, "<a href=\"x\">\x1b[2J&\x7f\n\xc3\xa9</a>");
    assert_string_equal(text.data, "&lt;a href=&quot;x&quot;&gt;[2J&amp;\n\xc3\xa9&lt;/a&gt;");
    sx_text_add_escaped(&text, NULL);
    sx_text_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserved_characters_are_written_out),
        cmocka_unit_test(hostile_text_becomes_printable),
        cmocka_unit_test(numbers_and_durations_are_readable),
        cmocka_unit_test(specs_are_parsed_and_checked),
        cmocka_unit_test(files_are_written_whole_or_not),
        cmocka_unit_test(only_plain_decimals_are_numbers),
        cmocka_unit_test(numbers_are_read_by_many_threads),
        cmocka_unit_test(utf8_is_told_from_other_bytes),
        cmocka_unit_test(small_places_are_not_overrun),
        cmocka_unit_test(sentences_are_printable),
        cmocka_unit_test(odd_places_are_written_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
