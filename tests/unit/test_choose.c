/* Some classes of a data set as a data set, the others as what is new, and scikit-learn's digits.
 */
#include "tests/unit/failing.h"
#include "tests/unit/unit.h"

#include "core/data/data.h"
#include "core/study/study.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static sx_source *chosen(const char *classes, bool others) {
    sx_error err = {0};
    sx_source *source = sx_source_open("shapes", 3, NULL, &err);
    assert_non_null(source);
    if (sx_source_choose(source, classes, others, &err)) fail_msg("%s", err.message);
    return source;
}

static void refused(const char *classes, bool others, const char *because) {
    sx_error err = {0};
    sx_source *source = sx_source_open("shapes", 3, NULL, &err);
    assert_int_equal(sx_source_choose(source, classes, others, &err), SX_BAD_INPUT);
    if (!strstr(err.message, because)) fail_msg("'%s' does not say '%s'", err.message, because);
    sx_source_free(source);
}

static bool same_picture(const sx_source *a, size_t i, const sx_source *b, size_t j) {
    sx_image x, y;
    assert_int_equal(sx_source_image(a, SX_SPLIT_TEST, i, &x, NULL), SX_OK);
    assert_int_equal(sx_source_image(b, SX_SPLIT_TEST, j, &y, NULL), SX_OK);
    size_t size = (size_t)x.height * (size_t)x.width * (size_t)x.channels;
    bool same = memcmp(x.pixels, y.pixels, size) == 0;
    sx_image_done(&x);
    sx_image_done(&y);
    return same;
}

/* Item by item beside the whole set: same order, same pictures, labels in the old order. */
static void assert_part(const sx_source *part, const int *classes, int count) {
    sx_source *whole = chosen("", false);
    const sx_source_facts *facts = sx_source_describe(part), *all = sx_source_describe(whole);
    assert_int_equal(facts->classes, count);
    for (int c = 0; c < count; c++)
        assert_string_equal(facts->class_names[c], all->class_names[classes[c]]);
    for (int split = 0; split < SX_SPLITS; split++) {
        size_t next = 0;
        for (size_t i = 0; i < all->counts[split]; i++) {
            int label = -1;
            for (int c = 0; c < count; c++)
                if (classes[c] == sx_source_label(whole, (sx_split)split, i)) label = c;
            if (label < 0) continue;
            assert_int_equal(sx_source_label(part, (sx_split)split, next), label);
            if (split == SX_SPLIT_TEST && next % 50 == 0)
                assert_true(same_picture(part, next, whole, i));
            next++;
        }
        assert_int_equal(facts->counts[split], next);
    }
    sx_source_free(whole);
}

static void a_choice_keeps_items_and_splits(void **state) {
    (void)state;
    static const struct {
        const char *classes;
        int count, of[9];
    } cases[] = {{"0-4", 5, {0, 1, 2, 3, 4}},
                 {"7, 2,4-5", 4, {2, 4, 5, 7}},
                 {"heart, disc", 2, {0, 8}},
                 {"1 , wedge", 2, {1, 4}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sx_source *part = chosen(cases[i].classes, false);
        assert_part(part, cases[i].of, cases[i].count);
        sx_source_free(part);
    }
}

static void the_others_are_what_is_left(void **state) {
    (void)state;
    static const int rest[] = {0, 2, 3, 5, 6, 7, 8, 9}, last[] = {9};
    sx_source *others = chosen("1,wedge", true);
    assert_part(others, rest, 8);
    sx_source_free(others);
    others = chosen("0-8", true);
    assert_part(others, last, 1);
    sx_source_free(others);
}

static void what_cannot_be_chosen_is_said(void **state) {
    (void)state;
    refused("0-10", false, "the classes of 'shapes' are 0 to 9");
    refused("hart, disc", false, "did you mean 'heart'");
    refused("4", false, "two or more");
    refused("0-9", true, "none is left");
    refused("", true, "none is left");
    refused("1,,2", false, "between two commas");
    refused("4-1", false, "no class '4-1'");
    refused("1-2-3", false, "no class '1-2-3'");
    sx_error err = {0};
    sx_config config;
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    assert_int_equal(sx_config_put(&config, "data", "classes", "3,", &err), SX_BAD_INPUT);
    assert_int_equal(sx_config_put(&config, "data", "classes", "0-4", &err), SX_OK);
    sx_config_done(&config);
}

static sx_status open_and_choose(void *context, sx_error *err) {
    (void)context;
    sx_source *source = sx_source_open("shapes", 0, NULL, err);
    sx_status status = source ? sx_source_choose(source, "0-4", true, err) : err->status;
    sx_source_free(source);
    return status;
}

static void failing_memory_is_an_error(void **state) {
    (void)state;
    assert_true(fail_every_allocation(open_and_choose, NULL) > 10);
}

/* A study of some classes has as many outputs. */
static void a_study_has_the_classes_it_was_given(void **state) {
    (void)state;
    sx_error err = {0};
    sx_config config;
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    assert_int_equal(sx_config_put(&config, "data", "source", "shapes", &err), SX_OK);
    assert_int_equal(sx_config_put(&config, "data", "classes", "disc, star, arrow", &err), SX_OK);
    sx_study_data *data = sx_study_data_new(&config, NULL, &err);
    assert_non_null(data);
    assert_int_equal(sx_source_describe(data->source)->classes, 3);
    assert_int_equal(sx_source_describe(data->source)->counts[SX_SPLIT_TEST], 600);
    sx_study_data_release(data);
    assert_int_equal(sx_config_put(&config, "data", "classes", "disc, sun", &err), SX_OK);
    assert_null(sx_study_data_new(&config, NULL, &err));
    assert_non_null(strstr(err.message, "no class 'sun'"));
    sx_config_done(&config);
}

/* ---- digits ---------------------------------------------------------------------------------- */

static char root[64], path[128];

static int make_root(void **state) {
    (void)state;
    strcpy(root, "/tmp/sextant-digits-XXXXXX");
    if (!mkdtemp(root)) return 1;
    snprintf(path, sizeof path, "%s/digits.csv.gz", root);
    return setenv("SEXTANT_DATA", root, 1) || setenv("SEXTANT_DATASETS", root, 1);
}

static int remove_root(void **state) {
    (void)state;
    unlink(path);
    unsetenv("SEXTANT_DATA");
    unsetenv("SEXTANT_DATASETS");
    return rmdir(root);
}

/* Digit i of `count` has value (i + pixel) % 17 and label i % 10; one value may be another text. */
static void write_digits(size_t count, size_t line, size_t column, const char *other) {
    gzFile zipped = gzopen(path, "wb");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < 65; k++) {
            const char *comma = k ? "," : "";
            if (i == line && k == column)
                gzprintf(zipped, "%s%s", comma, other);
            else
                gzprintf(zipped, "%s%zu", comma, k < 64 ? (i + k) % 17 : i % 10);
            if (k == 64) gzprintf(zipped, "\n");
        }
    gzclose(zipped);
}

static void digits_are_read(void **state) {
    (void)state;
    write_digits(400, 400, 0, "");
    sx_error err = {0};
    sx_source *source = sx_source_open("digits", 1, NULL, &err);
    if (!source) fail_msg("%s", err.message);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_string_equal(facts->name, "digits");
    assert_int_equal(facts->classes, 10);
    assert_int_equal(facts->counts[0] + facts->counts[1] + facts->counts[2], 400);
    assert_int_equal(facts->height, 8);
    for (size_t i = 0; i < facts->counts[SX_SPLIT_TRAIN]; i++) {
        sx_image image;
        char name[32];
        unsigned item;
        sx_source_item_name(source, SX_SPLIT_TRAIN, i, name, sizeof name);
        assert_int_equal(sscanf(name, "%u", &item), 1);
        assert_int_equal(sx_source_label(source, SX_SPLIT_TRAIN, i), item % 10);
        assert_int_equal(sx_source_image(source, SX_SPLIT_TRAIN, i, &image, NULL), SX_OK);
        for (unsigned k = 0; k < 64; k++)
            assert_int_equal(image.pixels[k], (int)((item + k) % 17 * 255.0 / 16 + 0.5));
        sx_image_done(&image);
    }
    sx_source_free(source);
    sx_text list = {0};
    sx_source_list(&list);
    assert_non_null(strstr(list.data, path));
    sx_text_done(&list);
}

static void digits_refused(const char *because) {
    sx_error err = {0};
    assert_null(sx_source_open("digits", 1, NULL, &err));
    if (!strstr(err.message, because)) fail_msg("'%s' does not say '%s'", err.message, because);
}

static void broken_digits_are_refused(void **state) {
    (void)state;
    digits_refused("apt install python3-sklearn");
    sx_text list = {0};
    sx_source_list(&list);
    assert_non_null(strstr(list.data, "digits          not installed"));
    sx_text_done(&list);
    write_digits(400, 0, 3, "17");
    digits_refused("csv.gz:1: value 4");
    write_digits(400, 9, 64, "10");
    digits_refused("csv.gz:10: value 65");
    write_digits(400, 9, 5, "1.5");
    digits_refused("csv.gz:10: value 6");
    write_digits(400, 9, 5, "");
    digits_refused("csv.gz:10: value 6");
    write_digits(400, 0, 5, "many");
    digits_refused("csv.gz:1: value 6");
    write_digits(400, 0, 5, "1,1");
    digits_refused("there must be 66 fields");
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_choice_keeps_items_and_splits),
        cmocka_unit_test(the_others_are_what_is_left),
        cmocka_unit_test(what_cannot_be_chosen_is_said),
        cmocka_unit_test(failing_memory_is_an_error),
        cmocka_unit_test(a_study_has_the_classes_it_was_given),
        IN_A_FOLDER(digits_are_read),
        IN_A_FOLDER(broken_digits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
