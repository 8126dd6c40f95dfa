/* Captions: what they say is what was drawn, their words are all known, and batches carry them. */
#include "tests/unit/unit.h"

#include "core/data/data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static sx_source *shapes;

static int open_shapes(void **state) {
    (void)state;
    shapes = sx_source_open("shapes", 0, NULL, NULL);
    return shapes == NULL;
}

static int close_shapes(void **state) {
    (void)state;
    sx_source_free(shapes);
    return 0;
}

static sx_view *view_of(const char *compose) {
    sx_error err = {0};
    sx_view *view = sx_view_new(
        shapes, &(sx_view_options){.size = 32, .compose = compose, .backgrounds = ""}, &err);
    if (!view) fail_msg("%s", err.message);
    return view;
}

/* ---- where objects are scattered ------------------------------------------------------------- */

static void scattered_objects_stay_within_their_range(void **state) {
    (void)state;
    sx_view *view = view_of("scatter(least=0.1, most=0.4, turn=30)");
    double least = 1, most = 0, turn = 0, x = 1;
    for (size_t i = 0; i < 1000; i++) {
        sx_pose pose, again;
        assert_true(sx_view_pose(view, SX_SPLIT_TRAIN, i, &pose));
        sx_view_pose(view, SX_SPLIT_TRAIN, i, &again);
        assert_memory_equal(&pose, &again, sizeof pose);
        double half = sqrt(pose.area) / 2;
        assert_true(pose.x >= half - 1e-9 && pose.x <= 1 - half + 1e-9);
        assert_true(pose.y >= half - 1e-9 && pose.y <= 1 - half + 1e-9);
        least = fmin(least, pose.area);
        most = fmax(most, pose.area);
        turn = fmax(turn, fabs(pose.rotation));
        x = fmin(x, pose.x);
    }
    assert_true(least >= 0.1 && least < 0.105 && most <= 0.4 && most > 0.39);
    assert_true(turn <= 30 && turn > 29 && x < 0.2);
    sx_view_free(view);
}

/* With place=anywhere the border may cut an object, up to its half; else it may be held fast. */
static void centres_reach_the_border_where_objects_may_be_cut(void **state) {
    (void)state;
    sx_view *view = view_of("scatter(least=0.2, most=0.4, place=anywhere)");
    double first = 1, last = 0;
    for (size_t i = 0; i < 1000; i++) {
        sx_pose pose;
        assert_true(sx_view_pose(view, SX_SPLIT_TRAIN, i, &pose));
        first = fmin(first, fmin(pose.x, pose.y));
        last = fmax(last, fmax(pose.x, pose.y));
    }
    assert_true(first >= 0 && first < 0.01 && last <= 1 && last > 0.99);
    sx_view_free(view);
    view = view_of("scatter(least=0.2, most=0.4, place=middle)");
    for (size_t i = 0; i < 20; i++) {
        sx_pose pose;
        assert_true(sx_view_pose(view, SX_SPLIT_TRAIN, i, &pose));
        assert_true(pose.x == 0.5 && pose.y == 0.5 && pose.area > 0.2 && pose.area < 0.4);
    }
    sx_view_free(view);
}

/* The pixels that differ from those of the background alone lie around the pose. */
static void the_pose_is_what_is_drawn(void **state) {
    (void)state;
    sx_view *view = view_of("scatter(least=0.1, most=0.3)");
    uint8_t pixels[32 * 32 * 3], middle[32 * 32 * 3];
    sx_view *plain = view_of("center(area=0.0001)");
    for (size_t i = 0; i < 30; i++) {
        sx_pose pose;
        sx_view_pose(view, SX_SPLIT_TRAIN, i, &pose);
        assert_int_equal(sx_view_image(view, SX_SPLIT_TRAIN, i, pixels, NULL), SX_OK);
        assert_int_equal(sx_view_image(plain, SX_SPLIT_TRAIN, i, middle, NULL), SX_OK);
        int left = 32, right = -1;
        for (int at = 0; at < 32 * 32; at++) {
            bool centre = abs(at % 32 - 16) < 2 && abs(at / 32 - 16) < 2;
            if (centre || memcmp(pixels + 3 * at, middle + 3 * at, 3) == 0) continue;
            left = at % 32 < left ? at % 32 : left;
            right = at % 32 > right ? at % 32 : right;
        }
        assert_true(fabs((left + right + 1) / 64.0 - pose.x) < 0.06);
    }
    sx_view_free(view);
    sx_view_free(plain);
}

static void whole_pictures_have_no_pose(void **state) {
    (void)state;
    sx_view *view = view_of("none"), *center = view_of("center area=0.3");
    sx_pose pose;
    assert_false(sx_view_pose(view, SX_SPLIT_TRAIN, 0, &pose));
    assert_true(sx_view_pose(center, SX_SPLIT_TRAIN, 0, &pose));
    assert_true(pose.area == 0.3 && pose.x == 0.5 && pose.y == 0.5 && pose.rotation == 0);
    sx_view_free(view);
    sx_view_free(center);
    sx_error err = {0};
    assert_int_equal(sx_compose_check("scatter(least=0.5, most=0.2)", &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "least = 0.5 is more than most = 0.2"));
}

/* ---- captions -------------------------------------------------------------------------------- */

/* Many captions of an item; true if one of them says the words. */
static bool says(const sx_captions *captions, size_t item, const char *words) {
    for (uint64_t draw = 0; draw < 60; draw++) {
        char text[SX_CAPTION];
        sx_random random = sx_random_from(7, 8, draw);
        sx_caption_item(captions, SX_SPLIT_TRAIN, item, &random, text);
        if (strstr(text, words)) return true;
    }
    return false;
}

static void captions_say_what_was_drawn(void **state) {
    (void)state;
    sx_view *view = view_of("scatter(least=0.05, most=0.6, turn=180)");
    sx_captions *captions = sx_captions_new(view, true, NULL);
    int seen[3] = {0};
    for (size_t i = 0; i < 200; i++) {
        sx_pose pose;
        double factors[7];
        sx_view_pose(view, SX_SPLIT_TRAIN, i, &pose);
        sx_source_factors(shapes, SX_SPLIT_TRAIN, i, factors);
        int label = sx_source_label(shapes, SX_SPLIT_TRAIN, i);
        assert_true(says(captions, i, sx_source_describe(shapes)->class_names[label]));
        assert_int_equal(says(captions, i, "small"), pose.area <= 0.15);
        assert_int_equal(says(captions, i, "large"), pose.area > 0.35);
        assert_int_equal(says(captions, i, " left"), pose.x < 0.5 - 0.12);
        assert_int_equal(says(captions, i, " right"), pose.x > 0.5 + 0.12);
        assert_int_equal(says(captions, i, "at the top"), pose.y < 0.5 - 0.12);
        assert_int_equal(says(captions, i, "at the bottom"), pose.y > 0.5 + 0.12);
        assert_int_equal(says(captions, i, "inverted"), fabs(pose.rotation) > 160);
        assert_int_equal(says(captions, i, "sideways"),
                         fabs(pose.rotation) > 60 && fabs(pose.rotation) <= 120);
        bool green = fabs(factors[1] - 1 / 3.0) < 1 / 12.0;
        bool red = factors[1] < 1 / 12.0 || factors[1] > 11 / 12.0;
        assert_int_equal(says(captions, i, "green"), green);
        assert_int_equal(says(captions, i, "red"), red);
        seen[0] += pose.area <= 0.15;
        seen[1] += fabs(pose.rotation) > 160;
        seen[2] += green;
    }
    assert_true(seen[0] > 10 && seen[1] > 5 && seen[2] > 10);
    sx_captions_free(captions);
    sx_view_free(view);
}

static void without_details_the_class_alone_is_told(void **state) {
    (void)state;
    sx_view *view = view_of("center area=0.5");
    sx_captions *captions = sx_captions_new(view, false, NULL);
    static const char *const details[] = {"large", "middle", "red", "blue", "green", "pink"};
    for (size_t i = 0; i < 40; i++)
        for (size_t k = 0; k < sizeof details / sizeof *details; k++)
            assert_false(says(captions, i, details[k]));
    sx_captions_free(captions);
    sx_view_free(view);
}

static void classes_are_worded(void **state) {
    (void)state;
    sx_view *view = view_of("center area=0.5");
    sx_captions *captions = sx_captions_new(view, true, NULL);
    char text[SX_CAPTION];
    static const char *const expected[] = {"a square", "a picture of a square", "there is a square",
                                           "this is a square"};
    assert_int_equal(sx_captions_describe(captions).templates, 4);
    for (int t = 0; t < 4; t++) {
        sx_caption_class(captions, 1, t, text);
        assert_string_equal(text, expected[t]);
    }
    sx_caption_class(captions, 9, 1, text);
    assert_string_equal(text, "a picture of an arrow");
    sx_captions_free(captions);
    sx_view_free(view);
}

static void every_word_has_a_token(void **state) {
    (void)state;
    sx_view *view = view_of("scatter(least=0.05, most=0.6, turn=180)");
    sx_captions *captions = sx_captions_new(view, true, NULL);
    sx_captions_facts facts = sx_captions_describe(captions);
    int longest = 0, end = facts.vocabulary - 1;
    for (size_t i = 0; i < 4000; i++) {
        char text[SX_CAPTION];
        float ids[24];
        sx_random random = sx_random_from(1, 2, i);
        sx_caption_item(captions, SX_SPLIT_TRAIN, i % 500, &random, text);
        sx_caption_ids(captions, text, 24, ids);
        int words = 1, tokens = 0;
        for (const char *c = text; *c; c++) words += *c == ' ';
        assert_true(ids[0] == (float)(end - 1));
        while (ids[tokens] < (float)end) {
            assert_true(ids[tokens] > 0);
            tokens++;
        }
        assert_int_equal(tokens - 1, words);
        for (int k = tokens + 1; k < 24; k++) assert_true(ids[k] == 0);
        if (tokens + 1 > longest) longest = tokens + 1;
    }
    assert_int_equal(longest, facts.longest);
    sx_captions_free(captions);
    sx_view_free(view);
}

static void long_captions_keep_their_end(void **state) {
    (void)state;
    sx_view *view = view_of("center area=0.5");
    sx_captions *captions = sx_captions_new(view, true, NULL);
    float ids[5], same[5];
    int end = sx_captions_describe(captions).vocabulary - 1;
    sx_caption_ids(captions, "a picture of a square", 5, ids);
    assert_true(ids[4] == (float)end && ids[3] > 0 && ids[3] < (float)(end - 1));
    sx_caption_ids(captions, "A, PICTURE (unheard) of", 5, same);
    assert_memory_equal(ids, same, sizeof ids);
    sx_captions_free(captions);
    sx_view_free(view);
}

/* ---- batches --------------------------------------------------------------------------------- */

enum { BATCH = 20, CONTEXT = 16 };

static void take(const sx_view *view, const sx_captions *captions, int64_t from, float *texts,
                 int32_t *labels) {
    sx_error err = {0};
    sx_batch_options options = {
        .batch = BATCH, .seed = 3, .captions = captions, .context = CONTEXT};
    sx_batches *batches = sx_batches_new(view, &options, from, &err);
    float *images = sx_alloc((size_t)BATCH * 32 * 32 * 3, sizeof *images);
    if (!batches || !images) fail_msg("%s", err.message);
    for (int64_t step = from; step < 4; step++)
        assert_int_equal(sx_batches_next(batches, images, labels, &err), SX_OK);
    assert_int_equal(sx_batches_target_length(batches), CONTEXT);
    memcpy(texts, sx_batches_targets(batches), BATCH * CONTEXT * sizeof *texts);
    sx_free(images);
    sx_batches_free(batches);
}

static void batches_carry_captions(void **state) {
    (void)state;
    sx_view *view = view_of("scatter");
    sx_captions *captions = sx_captions_new(view, true, NULL);
    float first[BATCH * CONTEXT], again[BATCH * CONTEXT], name[CONTEXT];
    int32_t labels[BATCH];
    take(view, captions, 0, first, labels);
    take(view, captions, 3, again, labels);
    assert_memory_equal(first, again, sizeof first); /* a function of the step */
    for (int i = 0; i < BATCH; i++) {                /* the name of the label's class is told */
        const char *class = sx_source_describe(shapes)->class_names[labels[i]];
        bool told = false;
        sx_caption_ids(captions, class, CONTEXT, name);
        for (int k = 0; k < CONTEXT; k++) told |= first[i * CONTEXT + k] == name[1];
        assert_true(told);
    }
    sx_error err = {0};
    sx_batch_options mixed = {
        .batch = 4, .captions = captions, .context = 9, .augmentation = {.spec = "mixup"}};
    assert_null(sx_batches_new(view, &mixed, 0, &err));
    assert_non_null(strstr(err.message, "a caption belongs to one picture"));
    sx_captions_free(captions);
    sx_view_free(view);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scattered_objects_stay_within_their_range),
        cmocka_unit_test(centres_reach_the_border_where_objects_may_be_cut),
        cmocka_unit_test(the_pose_is_what_is_drawn),
        cmocka_unit_test(whole_pictures_have_no_pose),
        cmocka_unit_test(captions_say_what_was_drawn),
        cmocka_unit_test(without_details_the_class_alone_is_told),
        cmocka_unit_test(classes_are_worded),
        cmocka_unit_test(every_word_has_a_token),
        cmocka_unit_test(long_captions_keep_their_end),
        cmocka_unit_test(batches_carry_captions),
    };
    return cmocka_run_group_tests(tests, open_shapes, close_shapes);
}
