/* safetensors: what others wrote, what lies, what we write. */
#include "tests/unit/unit.h"

#include "core/format/format.h"
#include "tests/unit/failing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DATA SX_SOURCE "/tests/data/format/"

static void safetensors_of_others_are_read(void **state) {
    (void)state;
    sx_safetensors file;
    sx_error err = {0};
    assert_int_equal(sx_safetensors_read(DATA "sample.safetensors", 1000, &file, &err), SX_OK);
    assert_int_equal(file.count, 4);
    const sx_safetensor *weight = sx_safetensors_find(&file, "weight");
    assert_non_null(weight);
    assert_int_equal(weight->dtype, SX_DTYPE_F32);
    assert_int_equal(weight->rank, 2);
    assert_int_equal(weight->sizes[0], 2);
    assert_int_equal(weight->sizes[1], 3);
    for (int i = 0; i < 6; i++) assert_true(((const float *)weight->values)[i] == (float)i);
    const sx_safetensor *steps = sx_safetensors_find(&file, "steps");
    assert_true(((const int64_t *)steps->values)[1] == (int64_t)1 << 40);
    assert_int_equal(sx_safetensors_find(&file, "scalar")->rank, 0);
    assert_int_equal(sx_safetensors_find(&file, "mask")->bytes, 3);
    assert_null(sx_safetensors_find(&file, "Weight"));
    assert_string_equal(sx_safetensors_metadata(&file, "format"), "pt");
    assert_null(sx_safetensors_metadata(&file, "x"));
    sx_safetensors_done(&file);
    assert_int_equal(sx_safetensors_read(DATA "sample.safetensors", 100, &file, &err),
                     SX_BAD_INPUT);
}

/* A file of `header` and `count` bytes of values, with the length that `more` adds to the true. */
static sx_bytes make_file(const char *header, size_t count, uint64_t more) {
    sx_text out = {0};
    uint64_t length = strlen(header) + more;
    sx_text_add_bytes(&out, (char *)&length, 8);
    sx_text_add_bytes(&out, header, strlen(header));
    for (size_t i = 0; i < count; i++) sx_text_add_bytes(&out, "\1", 1);
    return (sx_bytes){(uint8_t *)out.data, out.size};
}

#define ROW(name, dtype, shape, from, to)                                                          \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" #from "," #to \
    "]}"

static void hostile_headers_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t count;
        const char *sentence;
    } bad[] = {
        {"{" ROW("a", "C64", "1", 0, 2) "}", 2, "tensor 'a': dtype 'C64' is not read"},
        {"{" ROW("a", "F32", "2", 0, 4) "}", 4, "tensor 'a': 4 bytes are there, its shape needs 8"},
        {"{" ROW("a", "U8", "4", 0, 4) "," ROW("b", "U8", "4", 2, 6) "}", 6,
         "'b': its bytes overlap"},
        {"{" ROW("a", "U8", "4", 0, 4) "," ROW("b", "U8", "1", 5, 6) "}", 6,
         "'b': bytes before it"},
        {"{" ROW("a", "U8", "4", 0, 4) "}", 6, "the last 2 bytes belong to no tensor"},
        {"{" ROW("a", "U8", "4", 0, 4) "}", 3, "tensor 'a': its bytes 0 to 4 are not within"},
        {"{" ROW("a", "U8", "4", 4, 0) "}", 4, "tensor 'a': its bytes 4 to 0 are not within"},
        {"{" ROW("a", "U8", "4", -4, 0) "}", 4, "tensor 'a': its bytes -4 to 0 are not within"},
        {"{" ROW("a", "U8", "4", 0, 4.0) "}", 4, "tensor 'a': its data_offsets"},
        {"{" ROW("a", "U8", "-1,-4", 0, 4) "}", 4, "tensor 'a': its shape must be whole"},
        {"{" ROW("a", "F64", "4611686018427387904,4", 0, 0) "}", 0,
         "tensor 'a': its shape overflows"},
        {"{" ROW("a", "U8", "1,1,1,1,1,1,1,1,1", 0, 1) "}", 1, "tensor 'a': it has more than 8"},
        {"{" ROW("a", "U8", "1", 0, 1) "," ROW("a", "U8", "1", 0, 1) "}", 1,
         "duplicate object key"},
        {"{\"a\":{}}", 0, "tensor 'a': its dtype is missing"},
        {"{\"a\":{\"dtype\":\"U8\"}}", 0, "tensor 'a': its shape is missing"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[]}}", 0, "tensor 'a': its data_offsets"},
        {"{\"a\":3}", 0, "tensor 'a': its dtype is missing"},
        {"{\"__metadata__\":{\"k\":1}}", 0, "'k' is not a text"},
        {"{\"__metadata__\":[]}", 0, "__metadata__ must be"},
        {"[]", 0, "not a JSON object"},
        {"{", 0, "safetensors header:1: "},
        {"", 0, "safetensors header:"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sx_safetensors file;
        sx_error err = {0};
        sx_bytes bytes = make_file(bad[i].header, bad[i].count, 0);
        assert_int_equal(sx_safetensors_parse(bytes, &file, &err), SX_BAD_INPUT);
        if (!strstr(err.message, bad[i].sentence))
            fail_msg("'%s' instead of '%s'", err.message, bad[i].sentence);
        assert_null(file.file.data);
        assert_int_equal(file.count, 0);
    }
    sx_safetensors file;
    sx_error err = {0};
    const uint64_t lies[] = {1, 1 << 20, UINT64_MAX - 100};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sx_safetensors_parse(make_file("{}", 0, lies[i]), &file, &err),
                         SX_BAD_INPUT);
        assert_non_null(strstr(err.message, "header says"));
    }
    assert_int_equal(sx_safetensors_parse((sx_bytes){0}, &file, &err), SX_BAD_INPUT);
}

static void odd_but_valid_files_are_read(void **state) {
    (void)state;
    sx_safetensors file;
    sx_error err = {0};
    assert_int_equal(sx_safetensors_parse(make_file("{}", 0, 0), &file, &err), SX_OK);
    assert_int_equal(file.count, 0);
    sx_safetensors_done(&file);
    /* No place for b, c out of order in the header and unaligned in the file. */
    const char *header = "{" ROW("c", "F32", "2", 3, 11) "," ROW("b", "F64", "0,5", 3, 3) "," ROW(
        "a", "U8", "3", 0, 3) "}";
    assert_int_equal(sx_safetensors_parse(make_file(header, 11, 0), &file, &err), SX_OK);
    assert_int_equal(file.count, 3);
    assert_string_equal(file.tensors[0].name, "a");
    assert_string_equal(file.tensors[1].name, "b");
    const sx_safetensor *c = &file.tensors[2];
    assert_int_equal((uintptr_t)c->values % 4, 0);
    assert_memory_equal(c->values, "\1\1\1\1\1\1\1\1", 8);
    sx_safetensors_done(&file);
}

static const float four[] = {1, 2, 3, 4};
static const sx_safetensor some[] = {
    {"mask", SX_DTYPE_U8, 1, {3}, "\1\2\3", 3},
    {"w", SX_DTYPE_F32, 2, {2, 2}, four, sizeof four},
    {"none", SX_DTYPE_F64, 1, {0}, NULL, 0},
};
static const sx_metadata notes[] = {{"run", "[study]\nname = \"x\"\n"}, {"step", "12"}};

static sx_status write_and_read(void *path, sx_error *err) {
    sx_safetensors file;
    sx_status status = sx_safetensors_write(path, some, 3, notes, 2, err);
    if (!status) status = sx_safetensors_read(path, 1000, &file, err);
    if (status) return status;
    assert_int_equal(file.count, 3);
    const sx_safetensor *w = sx_safetensors_find(&file, "w");
    assert_int_equal((uintptr_t)w->values % sizeof(float), 0);
    assert_memory_equal(w->values, four, sizeof four);
    assert_memory_equal(sx_safetensors_find(&file, "mask")->values, "\1\2\3", 3);
    assert_string_equal(sx_safetensors_metadata(&file, "run"), notes[0].value);
    assert_string_equal(sx_safetensors_metadata(&file, "step"), "12");
    sx_safetensors_done(&file);
    return SX_OK;
}

/* The same without a look at the content: jansson may lose a character when memory fails. */
static sx_status write_and_parse(void *path, sx_error *err) {
    sx_safetensors file;
    sx_status status = sx_safetensors_write(path, some, 3, notes, 2, err);
    if (!status) status = sx_safetensors_read(path, 1000, &file, err);
    if (!status) sx_safetensors_done(&file);
    return status;
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    char path[] = "/tmp/sextant-test-XXXXXX";
    close(mkstemp(path));
    sx_error err = {0};
    assert_int_equal(write_and_read(path, &err), SX_OK);
    assert_true(fail_every_allocation(write_and_read, path) >= 5);
    assert_true(fail_every_json_allocation(write_and_parse, path) >= 30);
    unlink(path);
}

static void what_cannot_be_written_is_refused(void **state) {
    (void)state;
    static const struct {
        sx_safetensor tensors[2];
        const char *sentence;
    } bad[] = {
        {{{"a", SX_DTYPE_F32, 1, {3}, four, 16}}, "'a': its bytes and its shape"},
        {{{"a", (sx_dtype)99, 1, {16}, four, 16}}, "'a': its dtype or rank"},
        {{{"a", SX_DTYPE_F32, 9, {1}, four, 16}}, "'a': its dtype or rank"},
        {{{"__metadata__", SX_DTYPE_F32, 1, {4}, four, 16}}, "its name is taken"},
        {{{"\xFF", SX_DTYPE_F32, 1, {4}, four, 16}}, "'?': its name is not UTF-8"},
        {{{"a", SX_DTYPE_F32, 1, {4}, four, 16}, {"a", SX_DTYPE_U8, 1, {16}, four, 16}},
         "'a': it is given twice"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sx_error err = {0};
        size_t count = bad[i].tensors[1].name ? 2 : 1;
        assert_int_equal(sx_safetensors_write("/nowhere/x", bad[i].tensors, count, NULL, 0, &err),
                         SX_BAD_INPUT);
        if (!strstr(err.message, bad[i].sentence))
            fail_msg("'%s' instead of '%s'", err.message, bad[i].sentence);
    }
    const sx_metadata twice[] = {{"k", "1"}, {"k", "2"}}, wrong[] = {{"k", "\xFF"}};
    assert_int_equal(sx_safetensors_write("/nowhere/x", NULL, 0, twice, 2, NULL), SX_BAD_INPUT);
    assert_int_equal(sx_safetensors_write("/nowhere/x", NULL, 0, wrong, 1, NULL), SX_BAD_INPUT);
    assert_int_equal(sx_safetensors_write("/nowhere/x", some, 3, notes, 2, NULL), SX_IO);
}

static void cut_safetensors_are_told(void **state) {
    (void)state;
    sx_bytes whole;
    assert_int_equal(sx_file_read(DATA "sample.safetensors", 1000, &whole, NULL), SX_OK);
    for (size_t size = 0; size < whole.size; size++) {
        sx_bytes cut = {sx_alloc(size, 1), size};
        memcpy(cut.data, whole.data, size);
        sx_safetensors file;
        sx_error err = {0};
        assert_int_equal(sx_safetensors_parse(cut, &file, &err), SX_BAD_INPUT);
        assert_true(strlen(err.message) > 10);
    }
    sx_bytes_done(&whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safetensors_of_others_are_read),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(odd_but_valid_files_are_read),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(what_cannot_be_written_is_refused),
        cmocka_unit_test(cut_safetensors_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
