/* What a network is shown: values by the mean and deviation that belong to it, whole pictures as
 * published models are measured, and random parts of pictures that are drawn larger. */
#include "tests/unit/unit.h"

#include "core/data/data.h"
#include "core/study/outside.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void values_follow_each_channel(void **state) {
    (void)state;
    static const uint8_t pixels[] = {0, 51, 255, 255, 0, 51};
    float out[6];
    sx_normalisation n;
    assert_int_equal(sx_normalisation_parse("0.1/0.2/0.3", "0.5/0.25/2", &n, NULL), SX_OK);
    sx_normalise(&n, pixels, 6, out);
    const float expected[] = {-0.2f, 0, 0.35f, 1.8f, -0.8f, -0.05f};
    for (int i = 0; i < 6; i++) assert_true(fabsf(out[i] - expected[i]) < 1e-6f);
    assert_int_equal(sx_normalisation_parse("0.5", "0.25", &n, NULL), SX_OK);
    assert_memory_equal(&n, &sx_normalisation_usual, sizeof n);
    sx_normalise(&n, pixels, 3, out);
    assert_true(out[0] == (0.0f / 255.0f - 0.5f) / 0.25f && out[2] == 2);
}

static void other_values_are_refused(void **state) {
    (void)state;
    static const char *const wrong[][2] = {{"0.1/0.2", "1"}, {"", "1"},    {"x", "1"},
                                           {"0/0/0/0", "1"}, {"0", "0"},   {"0", "1/-1/1"},
                                           {"0", "1e-50"},   {"1e60", "1"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        sx_normalisation n;
        sx_error err = {0};
        assert_int_equal(sx_normalisation_parse(wrong[i][0], wrong[i][1], &n, &err), SX_BAD_INPUT);
        assert_true(strlen(err.message) > 10);
    }
}

/* ---- a folder of wide and tall pictures --------------------------------------------------------
 */

static char root[64];

static int make_folder(void **state) {
    (void)state;
    sx_random random = sx_random_from(5, 1, 1);
    strcpy(root, "/tmp/sx-normalise-XXXXXX");
    if (!mkdtemp(root)) return -1;
    for (int i = 0; i < 40; i++) {
        char path[128];
        sx_image picture;
        sx_bytes png;
        int width = i % 2 ? 30 : 21, height = i % 2 ? 22 : 37;
        snprintf(path, sizeof path, "%s/%c", root, 'a' + i % 2);
        mkdir(path, 0700);
        if (sx_image_new(&picture, height, width, 3, NULL)) return -1;
        for (int k = 0; k < 3 * width * height; k++)
            picture.pixels[k] = (uint8_t)(255 * sx_random_uniform(&random));
        snprintf(path + strlen(path), 32, "/%02d.png", i);
        if (sx_png_encode(&picture, &png, NULL) || sx_file_write(path, png.data, png.size, NULL))
            return -1;
        sx_bytes_done(&png);
        sx_image_done(&picture);
    }
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

/* A view and sx_outside_prepare bring a picture to the same values. */
static void compare_with_published(const char *compose, bool crops, double fraction) {
    enum { SIDE = 16 };
    sx_error err = {0};
    sx_source *source = sx_source_open(root, 0, NULL, &err);
    if (!source) fail_msg("%s", err.message);
    sx_view_options options = {
        .size = SIDE, .compose = compose, .resize = "bicubic", .backgrounds = ""};
    sx_view *view = sx_view_new(source, &options, &err);
    if (!view) fail_msg("%s", err.message);
    sx_outside outside = {.resize = {SX_RESIZE_BICUBIC, true}};
    outside.checkpoint.height = outside.checkpoint.width = SIDE;
    outside.checkpoint.channels = 3;
    outside.checkpoint.preprocessing = (sx_preprocessing){.mean = {0.1, 0.2, 0.3},
                                                          .deviation = {0.4, 0.5, 0.6},
                                                          .crops = crops,
                                                          .fraction = fraction};
    sx_normalisation n;
    assert_int_equal(sx_normalisation_parse("0.1/0.2/0.3", "0.4/0.5/0.6", &n, NULL), SX_OK);
    for (size_t item = 0; item < 6; item++) {
        uint8_t pixels[SIDE * SIDE * 3];
        float ours[SIDE * SIDE * 3], theirs[SIDE * SIDE * 3];
        sx_image picture;
        sx_resize_scratch scratch = {0};
        assert_int_equal(sx_view_image(view, SX_SPLIT_TRAIN, item, pixels, NULL), SX_OK);
        sx_normalise(&n, pixels, sizeof pixels, ours);
        assert_int_equal(sx_source_image(source, SX_SPLIT_TRAIN, item, &picture, NULL), SX_OK);
        assert_int_equal(sx_outside_prepare(&outside, &picture, theirs, &scratch, NULL), SX_OK);
        for (size_t i = 0; i < sizeof pixels; i++) assert_true(fabsf(ours[i] - theirs[i]) < 1e-5f);
        sx_image_done(&picture);
        sx_resize_scratch_done(&scratch);
    }
    sx_view_free(view);
    sx_source_free(source);
}

/* torchvision's sizes, and a line that is too long for any picture. */
static void sizes_before_the_cut(void **state) {
    (void)state;
    static const struct {
        int before[2], size;
        double fraction;
        int after[2];
    } cases[] = {{{480, 641}, 224, 0.875, {256, 341}},
                 {{640, 480}, 224, 0.875, {341, 256}},
                 {{300, 300}, 224, 0.9, {248, 248}},
                 {{100, 101}, 32, 1, {32, 32}},
                 {{1, 65500}, 512, 0.01, {51200, INT_MAX}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const sx_image image = {.height = cases[i].before[0], .width = cases[i].before[1]};
        int height, width;
        sx_crop_size(&image, cases[i].size, cases[i].fraction, &height, &width);
        assert_int_equal(height, cases[i].after[0]);
        assert_int_equal(width, cases[i].after[1]);
    }
}

static void views_bring_pictures_as_published_models_want(void **state) {
    (void)state;
    compare_with_published("squash", false, 1);
    compare_with_published("crop(fraction=0.875)", true, 0.875);
    compare_with_published("crop(fraction=1)", true, 1);
}

/* ---- parts of larger pictures ------------------------------------------------------------------
 */

enum { DRAWN = 20, PART = 12, BATCH = 8 };

/* Whether `part` is somewhere in `whole`. */
static bool lies_within(const float *part, const float *whole, int *left, int *top) {
    for (*top = 0; *top <= DRAWN - PART; ++*top)
        for (*left = 0; *left <= DRAWN - PART; ++*left) {
            bool same = true;
            for (int y = 0; same && y < PART; y++)
                for (int x = 0; same && x < 3 * PART; x++)
                    same = !(fabsf(part[3 * y * PART + x] -
                                   whole[3 * ((*top + y) * DRAWN + *left) + x]) > 0);
            if (same) return true;
        }
    return false;
}

static void a_random_part_is_cut_out(void **state) {
    (void)state;
    sx_source *source = sx_source_open("shapes", 0, NULL, NULL);
    sx_view_options options = {.size = DRAWN, .compose = "center", .backgrounds = ""};
    sx_view *view = sx_view_new(source, &options, NULL);
    sx_batch_options whole = {.batch = BATCH, .seed = 4}, part = whole;
    part.size = PART;
    sx_batches *large = sx_batches_new(view, &whole, 0, NULL);
    sx_batches *small = sx_batches_new(view, &part, 0, NULL);
    static float drawn[BATCH * DRAWN * DRAWN * 3], cut[BATCH * PART * PART * 3];
    int32_t labels[BATCH], same[BATCH];
    uint64_t places = 0;
    for (int step = 0; step < 4; step++) {
        assert_int_equal(sx_batches_next(large, drawn, labels, NULL), SX_OK);
        assert_int_equal(sx_batches_next(small, cut, same, NULL), SX_OK);
        assert_memory_equal(labels, same, sizeof labels);
        for (int i = 0; i < BATCH; i++) {
            int left, top;
            assert_true(
                lies_within(cut + i * PART * PART * 3, drawn + i * DRAWN * DRAWN * 3, &left, &top));
            places |= UINT64_C(1) << (left + 9 * top) % 64;
        }
    }
    assert_true(__builtin_popcountll(places) > 12); /* of 32 draws from 81 places */
    sx_batches_free(large);
    sx_batches_free(small);
    sx_view_free(view);
    sx_source_free(source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_follow_each_channel),
        cmocka_unit_test(other_values_are_refused),
        cmocka_unit_test(sizes_before_the_cut),
        cmocka_unit_test(views_bring_pictures_as_published_models_want),
        cmocka_unit_test(a_random_part_is_cut_out),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
