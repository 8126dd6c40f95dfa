/* Augmentation: what each step does and leaves alone, mixing of batches, and the share of Beta. */
#include "tests/unit/unit.h"

#include "core/data/augment.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIZE = 16, BYTES = 3 * SIZE * SIZE };

static void draw(uint8_t *pixels) {
    for (int i = 0; i < BYTES; i++)
        pixels[i] = (uint8_t)(i % 3 * 40 + i / 3 % SIZE * 9 + i / 3 / SIZE);
}

static void apply(const char *spec, uint64_t seed, uint8_t *pixels) {
    uint8_t scratch[BYTES];
    sx_augment augment;
    sx_error err = {0};
    if (sx_augment_parse(spec, &augment, &err)) fail_msg("%s", err.message);
    sx_random random = sx_random_from(seed, 1, 2);
    sx_augment_image(&augment, &random, pixels, scratch, SIZE);
}

static int differences(const uint8_t *a, const uint8_t *b) {
    int count = 0;
    for (int i = 0; i < BYTES; i++) count += a[i] != b[i];
    return count;
}

static void steps_without_effect_change_nothing(void **state) {
    (void)state;
    static const char *const specs[] = {"",
                                        "flip(probability=0)",
                                        "flip(probability=1) + flip(probability=1)",
                                        "shift(pixels=0)",
                                        "crop(scale=1, ratio=1)",
                                        "rotate(degrees=0)",
                                        "jitter(brightness=0, contrast=0, saturation=0)",
                                        "erase(probability=0)",
                                        "mixup"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        for (uint64_t seed = 0; seed < 5; seed++) {
            uint8_t before[BYTES], after[BYTES];
            draw(before);
            draw(after);
            apply(specs[i], seed, after);
            if (differences(before, after)) fail_msg("'%s' changes the image", specs[i]);
        }
}

static void a_flip_mirrors(void **state) {
    (void)state;
    uint8_t before[BYTES], after[BYTES];
    draw(before);
    draw(after);
    apply("flip(probability=1)", 1, after);
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++)
            for (int c = 0; c < 3; c++)
                assert_int_equal(after[3 * (y * SIZE + x) + c],
                                 before[3 * (y * SIZE + SIZE - 1 - x) + c]);
}

static void changes_depend_on_the_draw_alone(void **state) {
    (void)state;
    static const char *const specs[] = {
        "shift", "crop", "rotate", "jitter", "erase(probability=1)", "jitter(hue=0.3)"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        int changed = 0;
        for (uint64_t seed = 0; seed < 20; seed++) {
            uint8_t before[BYTES], first[BYTES], second[BYTES];
            draw(before);
            draw(first);
            draw(second);
            apply(specs[i], seed, first);
            apply(specs[i], seed, second);
            assert_int_equal(differences(first, second), 0);
            changed += differences(before, first) > 0;
        }
        if (changed < 15) fail_msg("'%s' changed %d of 20 images", specs[i], changed);
    }
}

static void a_plain_image_keeps_its_colour(void **state) {
    (void)state;
    static const char *const specs[] = {"shift", "crop", "rotate(degrees=90)",
                                        "jitter(brightness=0, hue=0.5)"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        for (uint64_t seed = 0; seed < 10; seed++) {
            uint8_t pixels[BYTES];
            memset(pixels, 77, sizeof pixels);
            apply(specs[i], seed, pixels);
            for (int k = 0; k < BYTES; k++)
                if (abs(pixels[k] - 77) > 1) fail_msg("'%s' makes %d of 77", specs[i], pixels[k]);
        }
}

static void erased_rectangles_have_their_area(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        uint8_t pixels[BYTES] = {0};
        apply("erase(probability=1, area=0.25)", seed, pixels);
        int grey = 0;
        for (int i = 0; i < SIZE * SIZE; i++) grey += pixels[3 * i] == 128;
        assert_true(grey <= SIZE * SIZE / 4);
    }
}

/* ---- batches
 * ------------------------------------------------------------------------------------- */

enum { BATCH = 6, CLASSES = 4 };

typedef struct {
    float images[BATCH * BYTES], copy[BATCH * BYTES], targets[BATCH * CLASSES];
    uint32_t order[BATCH];
} batch;

/* Image i is full of i, its class is i % CLASSES. */
static void mix(const char *spec, uint64_t seed, batch *b) {
    sx_augment augment;
    assert_int_equal(sx_augment_parse(spec, &augment, NULL), SX_OK);
    assert_true(sx_augment_mixes(&augment));
    memset(b->targets, 0, sizeof b->targets);
    for (int i = 0; i < BATCH; i++) {
        for (int k = 0; k < BYTES; k++) b->images[i * BYTES + k] = (float)i;
        b->targets[i * CLASSES + i % CLASSES] = 1;
    }
    sx_random random = sx_random_from(seed, 1, 2);
    sx_mixed_batch mixed = {BATCH, SIZE, CLASSES, b->images, b->copy, b->targets, b->order};
    sx_augment_batch(&augment, &random, &mixed);
}

/* Of classes whose images stand for themselves, the targets' mean of i is the pixels' mean. */
static void check_shares(const batch *b) {
    for (int i = 0; i < BATCH; i++) {
        double sum = 0, pixels = 0;
        for (int c = 0; c < CLASSES; c++) sum += (double)b->targets[i * CLASSES + c];
        for (int k = 0; k < BYTES; k++) pixels += (double)b->images[i * BYTES + k] / BYTES;
        assert_true(fabs(sum - 1) < 1e-5);
        double other = b->order[i], share = other == i ? 1 : (pixels - other) / (i - other);
        double own = (double)b->targets[i * CLASSES + i % CLASSES];
        if ((int)other % CLASSES != i % CLASSES) assert_true(fabs(own - share) < 1e-4);
    }
}

static void mixed_targets_have_the_share_of_the_pixels(void **state) {
    (void)state;
    static batch b;
    for (uint64_t seed = 0; seed < 30; seed++) {
        mix("mixup(alpha=1)", seed, &b);
        check_shares(&b);
        mix("cutmix(alpha=1)", seed, &b);
        check_shares(&b);
    }
}

/* Mean 1/2 and variance 1 / (4 (2 alpha + 1)). */
static void beta_has_its_moments(void **state) {
    (void)state;
    static const double alphas[] = {0.2, 0.7, 1, 3};
    for (int i = 0; i < 4; i++) {
        sx_random random = sx_random_from(3, 4, 5);
        double mean = 0, squares = 0;
        enum { DRAWS = 40000 };
        for (int k = 0; k < DRAWS; k++) {
            double x = sx_random_beta(&random, alphas[i]);
            assert_true(x >= 0 && x <= 1);
            mean += x / DRAWS;
            squares += (x - 0.5) * (x - 0.5) / DRAWS;
        }
        assert_true(fabs(mean - 0.5) < 0.01);
        assert_true(fabs(squares * 4 * (2 * alphas[i] + 1) - 1) < 0.03);
    }
}

static void wrong_specs_are_told(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"flop", "augment: unknown augmentation 'flop'; did you mean 'flip'?"},
        {"flip + crop(scal=0.5)", "did you mean 'scale'"},
        {"rotate(degrees=200)", "from 0 to 180"},
        {"mixup(alpha=0)", "alpha"},
        {"flip(", "bracket"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sx_error err = {0};
        assert_int_equal(sx_augment_check(rows[i][0], &err), SX_BAD_INPUT);
        if (!strstr(err.message, rows[i][1])) fail_msg("%s: %s", rows[i][0], err.message);
    }
    for (int row = 0; sx_augment_at(row); row++) assert_true(strlen(sx_augment_at(row)->help) > 10);
    assert_null(sx_augment_at(-1));
}

/* ---- through the batches
 * -------------------------------------------------------------------------- */

static sx_batches *open_batches(const sx_view *view, const char *spec, int64_t first) {
    sx_error err = {0};
    sx_batch_options options = {.batch = 10, .seed = 3, .augmentation = {.spec = spec}};
    sx_batches *batches = sx_batches_new(view, &options, first, &err);
    if (!batches) fail_msg("%s", err.message);
    return batches;
}

static void batches_are_mixed_the_same_from_any_step(void **state) {
    (void)state;
    sx_error err = {0};
    sx_source *source = sx_source_open("shapes", 1, NULL, &err);
    sx_view_options form = {.size = SIZE, .compose = "none", .backgrounds = "", .seed = 1};
    sx_view *view = sx_view_new(source, &form, &err);
    if (!view) fail_msg("%s", err.message);
    static float first[10 * BYTES], second[10 * BYTES], targets[10 * 10];
    int32_t labels[10];
    const char *spec = "flip + jitter + cutmix";
    sx_batches *batches = open_batches(view, spec, 0);
    assert_int_equal(sx_batches_target_length(batches), 10);
    for (int step = 0; step < 5; step++)
        assert_int_equal(sx_batches_next(batches, first, labels, NULL), SX_OK);
    memcpy(targets, sx_batches_targets(batches), sizeof targets);
    int64_t waited, calls;
    sx_batches_waits(batches, &waited, &calls);
    assert_true(calls == 5 && waited >= 0 && waited <= 5);
    sx_batches_free(batches);
    batches = open_batches(view, spec, 4);
    assert_int_equal(sx_batches_next(batches, second, labels, NULL), SX_OK);
    assert_memory_equal(first, second, sizeof first);
    assert_memory_equal(targets, sx_batches_targets(batches), sizeof targets);
    sx_batches_free(batches);
    batches = open_batches(view, "", 4);
    assert_int_equal(sx_batches_target_length(batches), 0);
    assert_int_equal(sx_batches_next(batches, second, labels, NULL), SX_OK);
    assert_memory_not_equal(first, second, sizeof first);
    sx_batches_free(batches);
    sx_view_free(view);
    sx_source_free(source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_without_effect_change_nothing),
        cmocka_unit_test(a_flip_mirrors),
        cmocka_unit_test(changes_depend_on_the_draw_alone),
        cmocka_unit_test(a_plain_image_keeps_its_colour),
        cmocka_unit_test(erased_rectangles_have_their_area),
        cmocka_unit_test(mixed_targets_have_the_share_of_the_pixels),
        cmocka_unit_test(beta_has_its_moments),
        cmocka_unit_test(wrong_specs_are_told),
        cmocka_unit_test(batches_are_mixed_the_same_from_any_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
