/* Text formats: CSV, INI, JSON. */
#include "tests/unit/unit.h"

#include "core/format/format.h"
#include "tests/unit/failing.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void csv_fields_are_quoted_and_defused(void **state) {
    (void)state;
    sx_text out = {0};
    sx_csv_text(&out, true, "plain");
    sx_csv_text(&out, false, "a,b");
    sx_csv_text(&out, false, "say \"x\"");
    sx_csv_text(&out, false, "");
    sx_csv_row_end(&out);
    sx_csv_text(&out, true, "two\nlines");
    sx_csv_text(&out, false, "=1+2");
    sx_csv_text(&out, false, "@a,b");
    sx_csv_text(&out, false, "-1");
    sx_csv_row_end(&out);
    assert_string_equal(out.data, "plain,\"a,b\",\"say \"\"x\"\"\",\n"
                                  "\"two\nlines\",'=1+2,\"'@a,b\",'-1\n");
    sx_text_done(&out);
}

static void check_number(double value, const char *expected) {
    sx_text out = {0};
    sx_csv_number(&out, true, value);
    assert_string_equal(out.data, expected);
    sx_text_done(&out);
}

static void csv_numbers_are_short_and_exact(void **state) {
    (void)state;
    check_number(0.1, "0.1");
    check_number(-0.0, "-0");
    check_number(100000, "100000");
    check_number(0.1 + 0.2, "0.30000000000000004");
    check_number(1.0 / 3, "0.3333333333333333");
    check_number(DBL_MAX, "1.7976931348623157e+308");
    check_number(5e-324, "5e-324");
    check_number(NAN, "");
    check_number(-INFINITY, "-inf");
    sx_random random = sx_random_from(1, 2, 3);
    for (int i = 0; i < 2000; i++) {
        uint64_t bits = sx_random_bits(&random);
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        sx_text out = {0};
        sx_csv_number(&out, true, value);
        assert_true(sx_text_number(out.data, &back) && back == value);
        sx_text_done(&out);
    }
}

static sx_status parse_csv(const char *text, sx_csv *out, sx_error *err) {
    return sx_csv_parse("t.csv", text, strlen(text), out, err);
}

static void csv_tables_are_read(void **state) {
    (void)state;
    sx_csv csv;
    sx_error err = {0};
    assert_int_equal(
        parse_csv("\xEF\xBB\xBFstep,\"a \"\"b\"\",\nx\",c\r\n1,2.5,\"-3e2\"\r\n,inf,-inf", &csv,
                  &err),
        SX_OK);
    assert_int_equal(csv.columns, 3);
    assert_int_equal(csv.rows, 2);
    assert_string_equal(csv.names[1], "a \"b\",\nx");
    assert_true(csv.values[0] == 1 && csv.values[1] == 2.5 && csv.values[2] == -300);
    assert_true(isnan(csv.values[3]) && csv.values[4] > DBL_MAX && csv.values[5] < -DBL_MAX);
    sx_csv_done(&csv);
    assert_int_equal(parse_csv("only\n1\n\n3\n", &csv, &err), SX_OK);
    assert_int_equal(csv.rows, 3);
    assert_true(isnan(csv.values[1]) && csv.values[2] == 3);
    sx_csv_done(&csv);
}

static void csv_errors_name_the_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *sentence;
    } bad[] = {
        {"", "t.csv:1: the file is empty"},
        {"a,b\n1,2\n1,x\n", "t.csv:3: 'x' in column 'b' is not a number"},
        {"a,b\n1,nan\n", "t.csv:2: 'nan' in column 'b'"},
        {"a,b\n1\n", "t.csv:2: there must be 2 fields"},
        {"a,b\n1,2\n1,2,3\n", "t.csv:3: there must be 2 fields"},
        {"a,b\n1,2\n\n", "t.csv:3: there must be 2 fields"},
        {"a,\"b\n1,2\n", "t.csv:1: the closing quotation mark is missing"},
        {"a\n\"1\n\"2\n", "t.csv:3: a comma or a line end is missing"},
        {"a\n1\rb\n", "t.csv:2: a comma or a line end is missing"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sx_csv csv;
        sx_error err = {0};
        assert_int_equal(parse_csv(bad[i].text, &csv, &err), SX_BAD_INPUT);
        if (strncmp(err.message, bad[i].sentence, strlen(bad[i].sentence)) != 0)
            fail_msg("'%s' instead of '%s'", err.message, bad[i].sentence);
        assert_null(csv.values);
    }
    sx_csv csv;
    sx_error err = {0};
    assert_int_equal(sx_csv_parse("t.csv", "a\n1\0 2\n", 7, &csv, &err), SX_BAD_INPUT);
    assert_string_equal(err.message, "t.csv:2: a NUL byte is no text");
}

static sx_status parse_ini(const char *text, sx_ini *out, sx_error *err) {
    return sx_ini_parse("s.ini", text, strlen(text), out, err);
}

static void ini_keeps_order_case_and_blanks(void **state) {
    (void)state;
    sx_ini ini;
    sx_error err = {0};
    assert_int_equal(
        parse_ini("\xEF\xBB\xBF; first\n[study] ; the study\n\nname = My  Study ; why\r\n"
                  "  spec = cnn(width=16, depth=3)\n\tempty =\n# x = 1\n[Run]\nseed: 0\n"
                  "url = a;b=c:d\n[study]\nkind = x",
                  &ini, &err),
        SX_OK);
    static const sx_ini_entry expected[] = {
        {"study", "name", "My  Study", 4}, {"study", "spec", "cnn(width=16, depth=3)", 5},
        {"study", "empty", "", 6},         {"Run", "seed", "0", 9},
        {"Run", "url", "a;b=c:d", 10},     {"study", "kind", "x", 12},
    };
    assert_int_equal(ini.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(ini.entries[i].section, expected[i].section);
        assert_string_equal(ini.entries[i].key, expected[i].key);
        assert_string_equal(ini.entries[i].value, expected[i].value);
        assert_int_equal(ini.entries[i].line, expected[i].line);
    }
    sx_ini_done(&ini);
    assert_int_equal(parse_ini("", &ini, &err), SX_OK);
    assert_int_equal(ini.count, 0);
    sx_ini_done(&ini);
}

static void ini_errors_name_the_line(void **state) {
    (void)state;
    char long_line[400] = "[a]\nkey = ", long_section[100] = "[";
    memset(long_line + 10, 'x', 300);
    memset(long_section + 1, 'x', 50);
    strcat(long_section, "]\n");
    const struct {
        const char *text, *sentence;
    } bad[] = {
        {"[a]\nwhat is this\n", "s.ini:2: this is neither"},
        {"[a]\nwhat\nk=1\nwhat\n", "s.ini:2: this is neither"},
        {"\nk = 1\n[a]\n", "s.ini:2: a key stands before any"},
        {"[a]\nk = 1\n[b]\nk = 1\n[a]\nk = 2\nk = 3\n",
         "s.ini:6: 'k' is given twice in [a]; first in line 2"},
        {"[a]\n = 1\n", "s.ini:2: a key is missing"},
        {"[a\n", "s.ini:1: the section's closing bracket"},
        {"[]\n", "s.ini:1: a section's name must have"},
        {"[a] b = 1\n", "s.ini:1: only a comment may follow"},
        {long_section, "s.ini:1: a section's name must have"},
        {long_line, "s.ini:2: a line has at most "},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sx_ini ini;
        sx_error err = {0};
        assert_int_equal(parse_ini(bad[i].text, &ini, &err), SX_BAD_INPUT);
        if (strncmp(err.message, bad[i].sentence, strlen(bad[i].sentence)) != 0)
            fail_msg("'%s' instead of '%s'", err.message, bad[i].sentence);
        assert_int_equal(ini.count, 0);
    }
    sx_ini ini;
    sx_error err = {0};
    assert_int_equal(sx_ini_parse("s.ini", "[a]\nk=\0\n", 8, &ini, &err), SX_BAD_INPUT);
    assert_string_equal(err.message, "s.ini:2: a NUL byte is no text");
}

static void parse_json_or_fail(const char *text, const char *sentence) {
    json_t *value;
    sx_error err = {0};
    assert_int_equal(sx_json_parse("r.json", text, strlen(text), &value, &err), SX_BAD_INPUT);
    assert_null(value);
    if (strncmp(err.message, sentence, strlen(sentence)) != 0)
        fail_msg("'%s' instead of '%s'", err.message, sentence);
}

static void json_is_strict(void **state) {
    (void)state;
    parse_json_or_fail("", "r.json:");
    parse_json_or_fail("{\"a\": 1,\n\"a\": 2}", "r.json:2: duplicate object key");
    parse_json_or_fail("{}\n\n{}", "r.json:3: end of file expected");
    parse_json_or_fail("[1, NaN]", "r.json:1: ");
    parse_json_or_fail("[1e999]", "r.json:1: real number overflow");
    parse_json_or_fail("\"\\u0000\"", "r.json:1: \\u0000 is not allowed");
    parse_json_or_fail("\"\xFF\"", "r.json:");
    char deep[6001];
    memset(deep, '[', 3000);
    memset(deep + 3000, ']', 3000);
    deep[6000] = 0;
    parse_json_or_fail(deep, "r.json:1: the JSON is nested too deep");
    json_t *value;
    assert_int_equal(sx_json_parse("r.json", "3 ", 2, &value, NULL), SX_OK);
    assert_true(sx_json_to_number(value) == 3);
    json_decref(value);
}

static void json_knows_the_unknown(void **state) {
    (void)state;
    double values[] = {0.1, NAN, INFINITY, -INFINITY, 1e300};
    for (int i = 0; i < 5; i++) {
        json_t *value = sx_json_number(values[i]);
        double back = sx_json_to_number(value);
        assert_true(isfinite(values[i]) ? back == values[i] : json_is_null(value) && isnan(back));
        json_decref(value);
    }
    json_t *text = sx_json_text("a\x1b[2J\xff\xc3\xa9\n");
    assert_string_equal(json_string_value(text), "a?[2J?\xc3\xa9?");
    assert_true(isnan(sx_json_to_number(text)));
    assert_true(isnan(sx_json_to_number(NULL)));
    json_decref(text);
}

static void json_files_come_back(void **state) {
    (void)state;
    char folder[] = "/tmp/sextant-test-XXXXXX", path[SX_PATH_SIZE];
    assert_non_null(mkdtemp(folder));
    sx_error err = {0};
    assert_int_equal(sx_path_join(path, folder, "r.json", &err), SX_OK);
    json_t *value = json_pack("{s:[f,n], s:s}", "b", 0.1, "a", "x\ny"), *back;
    for (int compact = 0; compact < 2; compact++) {
        sx_bytes bytes;
        assert_int_equal(sx_json_write(path, value, compact, &err), SX_OK);
        assert_int_equal(sx_file_read(path, 1000, &bytes, &err), SX_OK);
        assert_int_equal(bytes.data[bytes.size - 1], '\n');
        assert_int_equal(strchr((char *)bytes.data, '\n') == (char *)bytes.data + bytes.size - 1,
                         compact);
        assert_true(strstr((char *)bytes.data, "\"b\"") < strstr((char *)bytes.data, "\"a\""));
        sx_bytes_done(&bytes);
        assert_int_equal(sx_json_read(path, 1000, &back, &err), SX_OK);
        assert_true(json_equal(value, back));
        json_decref(back);
    }
    assert_int_equal(sx_json_read(path, 5, &back, &err), SX_BAD_INPUT);
    assert_null(back);
    atomic_bool stop = false;
    assert_int_equal(sx_json_read_until(path, 1000, &stop, &back, &err), SX_OK);
    assert_true(json_equal(value, back));
    json_decref(back);
    atomic_store(&stop, true);
    assert_int_equal(sx_json_read_until(path, 1000, &stop, &back, &err), SX_CANCELLED);
    assert_null(back);
    assert_int_equal(sx_json_write(path, NULL, false, &err), SX_BAD_INPUT);
    assert_int_equal(sx_json_write("/nowhere/r.json", value, false, &err), SX_IO);
    json_decref(value);
    assert_int_equal(sx_file_write(path, "[1,]", 4, &err), SX_OK);
    assert_int_equal(sx_json_read(path, 100, &back, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "r.json:1: "));
    assert_int_equal(unlink(path) | rmdir(folder), 0);
}

static sx_status csv_once(void *text, sx_error *err) {
    sx_csv csv;
    sx_status status = parse_csv(text, &csv, err);
    if (!status) sx_csv_done(&csv);
    return status;
}

static sx_status ini_once(void *text, sx_error *err) {
    sx_ini ini;
    sx_status status = parse_ini(text, &ini, err);
    if (!status) sx_ini_done(&ini);
    return status;
}

static sx_status json_once(void *text, sx_error *err) {
    json_t *value;
    sx_status status = sx_json_parse("r.json", text, strlen(text), &value, err);
    if (status) return status;
    status = sx_json_write("/nowhere/r.json", value, false, err);
    json_decref(value);
    return status == SX_IO ? SX_OK : status;
}

static void running_out_of_memory_is_told(void **state) {
    (void)state;
    assert_true(fail_every_allocation(csv_once, "a,b,c\n1,2,3\n4,5,6\n") >= 4);
    assert_true(fail_every_allocation(ini_once, "[a]\nb=1\n[c]\nd=2\n") >= 3);
    assert_true(
        fail_every_json_allocation(json_once, "{\"a\": [1, 2.5, \"text\", {\"b\": null}]}") > 15);
}

/* Gives a reader every beginning of `text`, without a NUL behind it, so that the address sanitiser
 * sees a look past the end. */
static void cut_everywhere(sx_status (*parse)(const char *, size_t, sx_error *), const char *text) {
    for (size_t size = 0; size <= strlen(text); size++) {
        char *copy = malloc(size ? size : 1);
        memcpy(copy, text, size);
        sx_error err = {0};
        sx_status status = parse(copy, size, &err);
        assert_true(status == SX_OK || (status == SX_BAD_INPUT && err.message[0]));
        free(copy);
    }
}

static sx_status cut_csv(const char *text, size_t size, sx_error *err) {
    sx_csv csv;
    sx_status status = sx_csv_parse("t.csv", text, size, &csv, err);
    if (!status) sx_csv_done(&csv);
    return status;
}

static sx_status cut_ini(const char *text, size_t size, sx_error *err) {
    sx_ini ini;
    sx_status status = sx_ini_parse("s.ini", text, size, &ini, err);
    if (!status) sx_ini_done(&ini);
    return status;
}

static sx_status cut_json(const char *text, size_t size, sx_error *err) {
    json_t *value;
    sx_status status = sx_json_parse("r.json", text, size, &value, err);
    if (!status) json_decref(value);
    return status;
}

static void cut_texts_are_survived(void **state) {
    (void)state;
    cut_everywhere(cut_csv, "\xEF\xBB\xBF"
                            "a,\"b\"\"c\"\r\n1,\"2\"\n-3e5,\n");
    cut_everywhere(cut_ini,
                   "\xEF\xBB\xBF; c\n[a] ; d\nk = v ; e\n\n  long = a b c\n[b]\r\nk: 1\n  ");
    cut_everywhere(cut_json, "{\"a\": [1, -2.5e3, \"\\u00e9\", {\"b\": null}], \"c\": true}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_fields_are_quoted_and_defused),
        cmocka_unit_test(csv_numbers_are_short_and_exact),
        cmocka_unit_test(csv_tables_are_read),
        cmocka_unit_test(csv_errors_name_the_line),
        cmocka_unit_test(ini_keeps_order_case_and_blanks),
        cmocka_unit_test(ini_errors_name_the_line),
        cmocka_unit_test(json_is_strict),
        cmocka_unit_test(json_knows_the_unknown),
        cmocka_unit_test(json_files_come_back),
        cmocka_unit_test(running_out_of_memory_is_told),
        cmocka_unit_test(cut_texts_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
