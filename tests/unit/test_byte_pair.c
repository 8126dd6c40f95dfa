/* Byte-pair tokens: against a plain restatement over many texts (tests/reference/
 * make_byte_pair_golden.py), files that are none, and the published vocabulary where
 * SX_CLIP_MERGES names its file. */
#include "core/format/format.h"
#include "tests/unit/failing.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#define DATA SX_SOURCE "/tests/data/tokens/"

enum { CONTEXT = 400 };

static sx_byte_pair *open_merges(const char *name) {
    sx_error err = {0};
    sx_byte_pair *pairs = sx_byte_pair_open(name, &err);
    if (!pairs) fail_msg("%s", err.message);
    return pairs;
}

/* Tokens of a text, zeros behind. */
static int encode(const sx_byte_pair *pairs, const char *text, int *ids) {
    sx_error err = {0};
    int count = 0;
    const sx_byte_pair_form form = {.context = CONTEXT};
    if (sx_byte_pair_encode(pairs, text, &form, ids, &count, &err))
        fail_msg("'%s': %s", text, err.message);
    for (int i = count; i < CONTEXT; i++) assert_int_equal(ids[i], 0);
    return count;
}

static void compare(const sx_byte_pair *pairs, const char *text, const json_t *expected) {
    int ids[CONTEXT], count = encode(pairs, text, ids);
    if ((size_t)count != json_array_size(expected))
        fail_msg("'%s': %d tokens, not %zu", text, count, json_array_size(expected));
    for (int i = 0; i < count; i++) {
        int wanted = (int)json_integer_value(json_array_get(expected, (size_t)i));
        if (ids[i] != wanted) fail_msg("'%s': token %d is %d, not %d", text, i, ids[i], wanted);
    }
}

static void texts_have_the_restatement_s_tokens(void **state) {
    (void)state;
    static const char *const files[] = {DATA "merges.txt", DATA "merges.txt.gz"};
    json_t *golden = json_load_file(DATA "golden.json", 0, NULL);
    assert_true(json_array_size(golden) > 30);
    for (size_t f = 0; f < 2; f++) {
        sx_byte_pair *pairs = open_merges(files[f]);
        assert_int_equal(sx_byte_pair_vocabulary(pairs), 512 + 130 + 2);
        for (size_t i = 0; i < json_array_size(golden); i++) {
            const json_t *row = json_array_get(golden, i);
            compare(pairs, json_string_value(json_object_get(row, "text")),
                    json_object_get(row, "ids"));
        }
        sx_byte_pair_free(pairs);
    }
    json_decref(golden);
}

static void a_long_text_is_refused_or_cut(void **state) {
    (void)state;
    sx_byte_pair *pairs = open_merges(DATA "merges.txt");
    sx_error err = {0};
    int ids[8], whole[CONTEXT], count = 0;
    const char *text = "a red triangle and a blue square";
    assert_true(encode(pairs, text, whole) > 8);
    assert_int_equal(
        sx_byte_pair_encode(pairs, text, &(sx_byte_pair_form){.context = 8}, ids, &count, &err),
        SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "a red triangle and"));
    assert_non_null(strstr(err.message, "the model reads 8"));
    const sx_byte_pair_form cut = {.context = 8, .cut = true};
    assert_int_equal(sx_byte_pair_encode(pairs, text, &cut, ids, &count, &err), SX_OK);
    assert_int_equal(count, 8);
    assert_memory_equal(ids, whole, 7 * sizeof *ids);
    assert_int_equal(ids[7], sx_byte_pair_vocabulary(pairs) - 1);
    assert_int_equal(sx_byte_pair_encode(pairs, "\xff", &cut, ids, NULL, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "no UTF-8"));
    char *endless = sx_alloc(SX_BYTE_PAIR_TEXT + 2, 1);
    memset(endless, 'a', SX_BYTE_PAIR_TEXT + 1);
    assert_int_equal(sx_byte_pair_encode(pairs, endless, &cut, ids, NULL, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "4096 bytes"));
    sx_free(endless);
    sx_byte_pair_free(pairs);
}

/* ---- files -------------------------------------------------------------------------------------
 */

static sx_byte_pair *parse(const char *text, sx_error *err) {
    return sx_byte_pair_parse("some.txt", text, strlen(text), err);
}

static void what_is_no_file_of_merges_is_refused_with_its_line(void **state) {
    (void)state;
    static const char *const bad[][2] = {
        {"", "has no merges"},
        {"#version: 0.2\n", "has no merges"},
        {"t h\nthe\n", "some.txt:2: a merge is two symbols"},
        {"t h\nt  h\n", "some.txt:2:"},
        {"t h\n\nth \n", "some.txt:3:"},
        {"t h x\n", "some.txt:1:"},
        {"t \xe6\x97\xa5\n", "some.txt:1:"},
        {"t \xff\n", "some.txt:1:"},
        {"t \xc4", "some.txt:1:"},
        {"t \x01\n", "some.txt:1:"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sx_error err = {0};
        assert_null(parse(bad[i][0], &err));
        assert_int_equal(err.status, SX_BAD_INPUT);
        if (!strstr(err.message, bad[i][1])) fail_msg("%zu: %s", i, err.message);
    }
    sx_error err = {0};
    assert_null(sx_byte_pair_open(DATA "golden.json", &err));
    assert_null(sx_byte_pair_open(DATA "nothing", &err));
}

static void unusual_files_are_read(void **state) {
    (void)state;
    int ids[CONTEXT];
    /* Line ends of Windows, and an empty line. */
    sx_byte_pair *pairs = parse("#version: 0.2\r\nt h\r\n\r\nth e</w>\r\n", NULL);
    assert_int_equal(sx_byte_pair_vocabulary(pairs), 516);
    assert_int_equal(encode(pairs, "the", ids), 3);
    assert_int_equal(ids[1], 513);
    sx_byte_pair_free(pairs);
    /* A symbol that two merges make has the later number; a pair without its symbols never is. */
    pairs = parse("a b\nb c\nab c\na bc\nxy z</w>", NULL);
    assert_int_equal(encode(pairs, "abcd xyz", ids), 7);
    assert_int_equal(ids[1], 515);
    sx_byte_pair_free(pairs);
}

/* No more merges are read than the published models know. */
static void merges_end_where_the_published_vocabulary_does(void **state) {
    (void)state;
    sx_text text = {0};
    for (int i = 0; i < SX_BYTE_PAIR_MERGES + 10; i++)
        sx_text_add(&text, "%c%c%c %c%c%c%c\n", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26,
                    'a' + i / 17576 % 26, 'a', 'b', 'c');
    sx_byte_pair *pairs = sx_byte_pair_parse("large", text.data, text.size, NULL);
    assert_int_equal(sx_byte_pair_vocabulary(pairs), 49408);
    sx_byte_pair_free(pairs);
    sx_text_done(&text);
}

static sx_status make_and_encode(void *context, sx_error *err) {
    int ids[32];
    sx_byte_pair *pairs = sx_byte_pair_open(context, err);
    if (!pairs) return err->status;
    sx_status status = sx_byte_pair_encode(pairs, "caf&eacute; 42",
                                           &(sx_byte_pair_form){.context = 32}, ids, NULL, err);
    sx_byte_pair_free(pairs);
    return status;
}

static void failed_allocations_are_told(void **state) {
    (void)state;
    char path[] = "/tmp/sx-merges-XXXXXX";
    close(mkstemp(path));
    assert_int_equal(sx_file_write(path, "t h\nth e\n", 9, NULL), SX_OK);
    assert_true(fail_every_allocation(make_and_encode, path) > 10);
    unlink(path);
}

/* ---- the published vocabulary ------------------------------------------------------------------
 */

static void the_published_file_gives_the_published_tokens(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int ids[10];
    } known[] = {
        {"a photo of a cat", {49406, 320, 1125, 539, 320, 2368, 49407}},
        {"a photo of a dog.", {49406, 320, 1125, 539, 320, 1929, 269, 49407}},
        {"a diagram", {49406, 320, 22697, 49407}},
        {"itap of a koala.", {49406, 529, 2728, 539, 320, 36654, 269, 49407}},
        {"a photo of a starfish.", {49406, 320, 1125, 539, 320, 44283, 269, 49407}},
        {"it's 42 degrees!", {49406, 585, 568, 275, 273, 8000, 256, 49407}},
    };
    const char *path = getenv("SX_CLIP_MERGES");
    if (!path) skip();
    sx_byte_pair *pairs = open_merges(path);
    assert_int_equal(sx_byte_pair_vocabulary(pairs), 49408);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int ids[CONTEXT];
        encode(pairs, known[i].text, ids);
        assert_memory_equal(ids, known[i].ids, sizeof known[i].ids);
    }
    sx_byte_pair_free(pairs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_the_restatement_s_tokens),
        cmocka_unit_test(a_long_text_is_refused_or_cut),
        cmocka_unit_test(what_is_no_file_of_merges_is_refused_with_its_line),
        cmocka_unit_test(unusual_files_are_read),
        cmocka_unit_test(merges_end_where_the_published_vocabulary_does),
        cmocka_unit_test(failed_allocations_are_told),
        cmocka_unit_test(the_published_file_gives_the_published_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
