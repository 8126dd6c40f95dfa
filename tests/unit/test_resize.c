/* Resizing by name, against what Pillow and PyTorch made (tests/reference/make_resize_data.py), and
 * what any resizing must keep. */
#include "tests/unit/failing.h"
#include "tests/unit/unit.h"

#include "core/data/data.h"

#include <stdio.h>
#include <string.h>

static const sx_resize_rule rules[] = {{SX_RESIZE_NEAREST, false},  {SX_RESIZE_NEAREST, true},
                                       {SX_RESIZE_BILINEAR, false}, {SX_RESIZE_BILINEAR, true},
                                       {SX_RESIZE_BICUBIC, false},  {SX_RESIZE_BICUBIC, true},
                                       {SX_RESIZE_AREA, false},     {SX_RESIZE_AREA, true}};
static const char *const names[] = {"nearest.no", "nearest.yes", "bilinear.no", "bilinear.yes",
                                    "bicubic.no", "bicubic.yes", "area.no",     "area.yes"};
enum { RULES = sizeof rules / sizeof rules[0] };

static sx_image empty(int height, int width, int channels) {
    sx_image image;
    assert_int_equal(sx_image_new(&image, height, width, channels, NULL), SX_OK);
    return image;
}

static size_t size_of(const sx_image *image) {
    return (size_t)image->height * (size_t)image->width * (size_t)image->channels;
}

static sx_image resized(const sx_image *image, sx_resize_rule rule, int height, int width,
                        sx_resize_scratch *scratch) {
    sx_error err = {0};
    sx_image out = empty(height, width, image->channels);
    if (sx_resize(image, rule, &out, scratch, &err)) fail_msg("%s", err.message);
    return out;
}

static sx_image noise(int height, int width, int channels) {
    sx_image image = empty(height, width, channels);
    sx_random random = sx_random_from(3, 1, 4);
    for (size_t i = 0; i < size_of(&image); i++)
        image.pixels[i] = (uint8_t)sx_random_below(&random, 256);
    return image;
}

/* ---- against the libraries ------------------------------------------------------------------- */

static int difference(const uint8_t *a, const uint8_t *b, size_t count) {
    int most = 0;
    for (size_t i = 0; i < count; i++) {
        int d = abs(a[i] - b[i]);
        most = d > most ? d : most;
    }
    return most;
}

static const sx_safetensor *bytes_of(const sx_safetensors *file, const char *name, int channels) {
    char full[32];
    snprintf(full, sizeof full, "%s.%d", name, channels);
    const sx_safetensor *t = sx_safetensors_find(file, full);
    if (!t || t->dtype != SX_DTYPE_U8) fail_msg("no bytes '%s'", full);
    return t;
}

/* All cases of a rule; Pillow's and what only picks pixels is the same, the rest within one. */
static void check_rule(const sx_safetensors *file, int rule, int channels,
                       sx_resize_scratch *scratch) {
    const sx_safetensor *sizes = sx_safetensors_find(file, "sizes");
    const sx_safetensor *inputs = bytes_of(file, "input", channels);
    const sx_safetensor *outputs = bytes_of(file, names[rule], channels);
    const uint8_t *from = inputs->values, *expected = outputs->values;
    const int64_t *size = sizes->values;
    int allowed = rules[rule].antialias || rules[rule].kind == SX_RESIZE_NEAREST ? 0 : 1;
    for (size_t k = 0; k < sizes->sizes[0]; k++, size += 4) {
        sx_image image = empty((int)size[0], (int)size[1], channels);
        memcpy(image.pixels, from, size_of(&image));
        sx_image out = resized(&image, rules[rule], (int)size[2], (int)size[3], scratch);
        int most = difference(out.pixels, expected, size_of(&out));
        if (most > allowed)
            fail_msg("%s, %d channels, %lld x %lld to %lld x %lld: differs by %d", names[rule],
                     channels, (long long)size[0], (long long)size[1], (long long)size[2],
                     (long long)size[3], most);
        from += size_of(&image);
        expected += size_of(&out);
        sx_image_done(&image);
        sx_image_done(&out);
    }
    assert_ptr_equal(from, (const uint8_t *)inputs->values + inputs->bytes);
    assert_ptr_equal(expected, (const uint8_t *)outputs->values + outputs->bytes);
}

static void each_rule_is_the_library_s_of_that_name(void **state) {
    (void)state;
    sx_error err = {0};
    sx_safetensors file;
    sx_resize_scratch scratch = {0};
    if (sx_safetensors_read(SX_SOURCE "/tests/data/resize/golden.safetensors", 1 << 20, &file,
                            &err))
        fail_msg("%s", err.message);
    for (int rule = 0; rule < RULES; rule++) {
        check_rule(&file, rule, 1, &scratch);
        check_rule(&file, rule, 3, &scratch);
        check_rule(&file, rule, 4, &scratch);
    }
    sx_resize_scratch_done(&scratch);
    sx_safetensors_done(&file);
}

/* ---- properties ------------------------------------------------------------------------------ */

static void a_plain_picture_stays_plain(void **state) {
    (void)state;
    sx_resize_scratch scratch = {0};
    for (int i = 0; i < RULES * 40; i++) {
        int height = 1 + i * 7 % 19, width = 1 + i * 11 % 23, channels = i % 3 + 1 + (i % 3 > 0);
        sx_image image = empty(height, width, channels);
        for (size_t k = 0; k < size_of(&image); k++)
            image.pixels[k] = k % (size_t)channels == 3 ? 255 : (uint8_t)(i * 37);
        sx_image out = resized(&image, rules[i % RULES], 1 + i * 5 % 29, 1 + i * 13 % 17, &scratch);
        for (size_t k = 0; k < size_of(&out); k++)
            assert_int_equal(out.pixels[k], image.pixels[k % (size_t)channels]);
        sx_image_done(&image);
        sx_image_done(&out);
    }
    sx_resize_scratch_done(&scratch);
}

static void equal_sizes_are_a_copy(void **state) {
    (void)state;
    sx_resize_scratch scratch = {0};
    for (int rule = 0; rule < RULES; rule++) {
        sx_image image = noise(7, 9, 4);
        sx_image out = resized(&image, rules[rule], 7, 9, &scratch);
        assert_memory_equal(image.pixels, out.pixels, size_of(&image));
        /* One side of grey changes nothing along the other. */
        image.channels = out.channels = 1;
        sx_image tall = resized(&image, rules[rule], 14, 9, &scratch);
        sx_image back = resized(&tall, (sx_resize_rule){SX_RESIZE_AREA, false}, 7, 9, &scratch);
        if (rules[rule].kind == SX_RESIZE_NEAREST || rules[rule].kind == SX_RESIZE_AREA)
            assert_memory_equal(image.pixels, back.pixels, 7 * 9);
        sx_image_done(&image);
        sx_image_done(&out);
        sx_image_done(&tall);
        sx_image_done(&back);
    }
    sx_resize_scratch_done(&scratch);
}

/* What is invisible has no say in the colours of what is visible. Pillow's bicubic is left out: it
 * cuts alpha where it overshoots, but not the colours, which come out brighter. */
static void invisible_colours_do_not_show(void **state) {
    (void)state;
    sx_resize_scratch scratch = {0};
    sx_image image = empty(12, 12, 4);
    for (int i = 0; i < 144; i++)
        memcpy(image.pixels + 4 * i,
               i % 12 < 6 ? (uint8_t[]){200, 100, 50, 255} : (uint8_t[]){0, 255, 255, 0}, 4);
    for (int rule = 2; rule < RULES; rule++) {
        if (rules[rule].kind == SX_RESIZE_BICUBIC && rules[rule].antialias) continue;
        sx_image out = resized(&image, rules[rule], 5, 7, &scratch);
        for (int i = 0; i < 35; i++)
            if (out.pixels[4 * i + 3] > 100)
                assert_true(difference(out.pixels + 4 * i, image.pixels, 3) <= 4);
        sx_image_done(&out);
    }
    sx_image_done(&image);
    sx_resize_scratch_done(&scratch);
}

/* Scratch of a larger picture must not shine through. */
static void scratch_is_only_scratch(void **state) {
    (void)state;
    sx_resize_scratch used = {0}, fresh = {0};
    sx_image large = noise(50, 60, 4), image = noise(11, 7, 3);
    for (int rule = 0; rule < RULES; rule++) {
        sx_image first = resized(&large, rules[rule], 30, 90, &used);
        sx_image a = resized(&image, rules[rule], 8, 5, &used);
        sx_image b = resized(&image, rules[rule], 8, 5, &fresh);
        assert_memory_equal(a.pixels, b.pixels, size_of(&a));
        sx_resize_scratch_done(&fresh);
        sx_image_done(&first);
        sx_image_done(&a);
        sx_image_done(&b);
    }
    sx_image_done(&large);
    sx_image_done(&image);
    sx_resize_scratch_done(&used);
}

/* A strip of a million pixels: memory is that of the strip, not of its product with the output. */
static void long_strips_need_little_memory(void **state) {
    (void)state;
    sx_image strip = noise(1000000, 1, 1);
    for (int rule = 0; rule < RULES; rule++) {
        sx_resize_scratch scratch = {0};
        sx_image out = resized(&strip, rules[rule], 4, 64, &scratch);
        assert_true(scratch.capacity[0] <= 16 * size_of(&strip));
        sx_image_done(&out);
        sx_resize_scratch_done(&scratch);
    }
    sx_image_done(&strip);
}

/* Whether rows are kept or, as there are too many, resized again: a column is the strip's. */
static void long_strips_are_resized_alike(void **state) {
    (void)state;
    sx_image strip = noise(200000, 1, 1);
    sx_resize_scratch scratch = {0};
    sx_image narrow = resized(&strip, rules[3], 4, 1, &scratch);
    sx_image wide = resized(&strip, rules[3], 4, 64, &scratch);
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 64; x++) assert_int_equal(wide.pixels[64 * y + x], narrow.pixels[y]);
    sx_image_done(&narrow);
    sx_image_done(&wide);
    sx_image_done(&strip);
    sx_resize_scratch_done(&scratch);
}

/* ---- specs and errors ------------------------------------------------------------------------ */

static void specs_name_rules(void **state) {
    (void)state;
    sx_resize_rule rule;
    const sx_resize_row *row;
    for (int i = 0; (row = sx_resize_at(i)); i++) {
        assert_int_equal(sx_resize_parse(row->name, &rule, NULL), SX_OK);
        assert_int_equal(rule.kind, row->kind);
        assert_true(rule.antialias);
    }
    assert_null(sx_resize_at(-1));
    assert_int_equal(sx_resize_parse("bicubic(antialias=no)", &rule, NULL), SX_OK);
    assert_true(rule.kind == SX_RESIZE_BICUBIC && !rule.antialias);
    static const char *const wrong[][2] = {{"bilinaer", "did you mean 'bilinear'"},
                                           {"area(antialias=maybe)", "no|yes"},
                                           {"area(alias=no)", "did you mean 'antialias'"},
                                           {"auto(antialias=no)", "antialias"},
                                           {"", ""}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sx_error err = {0};
        assert_int_equal(sx_resize_check(wrong[i][0], &err), SX_BAD_INPUT);
        if (!strstr(err.message, wrong[i][1])) fail_msg("%s", err.message);
    }
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    sx_resize_scratch scratch = {0};
    sx_image image = noise(4, 4, 3), grey = empty(2, 2, 1), colour = empty(2, 2, 3);
    assert_int_equal(sx_resize(&image, rules[3], &grey, &scratch, NULL), SX_BAD_INPUT);
    assert_int_equal(
        sx_resize(&image, (sx_resize_rule){SX_RESIZE_AUTO, true}, &colour, &scratch, NULL),
        SX_BAD_INPUT);
    sx_image_done(&image);
    sx_image_done(&grey);
    sx_image_done(&colour);
    sx_resize_scratch_done(&scratch);
}

static sx_status resize_once(void *user, sx_error *err) {
    (void)user;
    sx_image image = {0}, out = {0};
    sx_resize_scratch scratch = {0};
    sx_status status = sx_image_new(&image, 9, 9, 4, err);
    if (!status) status = sx_image_new(&out, 4, 5, 4, err);
    if (!status) status = sx_resize(&image, rules[3], &out, &scratch, err);
    sx_image_done(&image);
    sx_image_done(&out);
    sx_resize_scratch_done(&scratch);
    return status;
}

static void failing_memory_is_an_error(void **state) {
    (void)state;
    assert_int_equal(fail_every_allocation(resize_once, NULL), 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_is_the_library_s_of_that_name),
        cmocka_unit_test(a_plain_picture_stays_plain),
        cmocka_unit_test(equal_sizes_are_a_copy),
        cmocka_unit_test(invisible_colours_do_not_show),
        cmocka_unit_test(scratch_is_only_scratch),
        cmocka_unit_test(long_strips_need_little_memory),
        cmocka_unit_test(long_strips_are_resized_alike),
        cmocka_unit_test(specs_name_rules),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(failing_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
