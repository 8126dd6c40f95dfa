/* Views and batches: what an item looks like to a network, pairs for measuring, and that a batch is
 * a function of seed and step whatever came before. */
#include "tests/unit/failing.h"
#include "tests/unit/unit.h"

#include "core/data/data.h"

#include <ftw.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIZE 16
#define BYTES (SIZE * SIZE * 3)

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

static sx_view *view_of(const sx_source *source, const char *compose, int size, uint64_t seed) {
    sx_error err = {0};
    sx_view *view = sx_view_new(
        source,
        &(sx_view_options){.size = size, .compose = compose, .backgrounds = "", .seed = seed},
        &err);
    if (!view) fail_msg("%s", err.message);
    return view;
}

static void draw(const sx_view *view, sx_split split, size_t index, uint8_t *pixels) {
    assert_int_equal(sx_view_image(view, split, index, pixels, NULL), SX_OK);
}

/* ---- a folder of pictures -------------------------------------------------------------------- */

static char root[64];

static int make_root(void **state) {
    (void)state;
    strcpy(root, "/tmp/sextant-view-XXXXXX");
    return mkdtemp(root) ? 0 : 1;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where) {
    (void)facts;
    (void)kind;
    (void)where;
    return remove(path);
}

static int remove_root(void **state) {
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

typedef void (*painter)(sx_image *image, int number);

/* Two classes of 20 pictures each; picture 7 of class b is broken if `broken`. */
static sx_source *folder_of(int height, int width, int channels, painter paint, bool broken) {
    for (int i = 0; i < 40; i++) {
        char path[128];
        sx_image image;
        sx_bytes png;
        snprintf(path, sizeof path, "%s/%c", root, i < 20 ? 'a' : 'b');
        assert_int_equal(sx_directory_make(path, NULL), SX_OK);
        snprintf(path, sizeof path, "%s/%c/%02d.png", root, i < 20 ? 'a' : 'b', i % 20);
        assert_int_equal(sx_image_new(&image, height, width, channels, NULL), SX_OK);
        paint(&image, i);
        assert_int_equal(sx_png_encode(&image, &png, NULL), SX_OK);
        if (broken && i == 27) png.size /= 2;
        assert_int_equal(sx_file_write(path, png.data, png.size, NULL), SX_OK);
        sx_bytes_done(&png);
        sx_image_done(&image);
    }
    sx_source *source = sx_source_open(root, 0, NULL, NULL);
    assert_non_null(source);
    return source;
}

/* Corner (9, 8, 7), the rest by number. */
static void paint_plain(sx_image *image, int number) {
    int count = image->height * image->width;
    for (int i = 0; i < count; i++)
        for (int c = 0; c < image->channels; c++)
            image->pixels[i * image->channels + c] = (uint8_t)(i ? 100 + number : 9 - c);
}

/* A half transparent white. */
static void paint_glass(sx_image *image, int number) {
    (void)number;
    for (int i = 0; i < image->height * image->width; i++)
        memcpy(image->pixels + 4 * i, (uint8_t[]){255, 255, 255, 128}, 4);
}

/* Colours without order, and a size that goes by number. */
static void paint_mixed(sx_image *image, int number) {
    int channels = image->channels;
    sx_image_done(image);
    assert_int_equal(sx_image_new(image, 5 + number % 4 * 9, 3 + number % 7 * 11, channels, NULL),
                     SX_OK);
    sx_random random = sx_random_from(1, 2, (uint64_t)number);
    for (int i = 0; i < image->height * image->width * channels; i++)
        image->pixels[i] = (uint8_t)sx_random_below(&random, 256);
}

static void paint_white(sx_image *image, int number) {
    paint_mixed(image, number);
    memset(image->pixels, 255, (size_t)(image->height * image->width * image->channels));
}

/* ---- ways of composing ----------------------------------------------------------------------- */

static void whole_pictures_are_letterboxed_in_their_corner_colour(void **state) {
    (void)state;
    sx_source *source = folder_of(SIZE, SIZE / 2, 3, paint_plain, false);
    sx_view *view = view_of(source, "none", SIZE, 0);
    for (size_t i = 0; i < 5; i++) {
        uint8_t pixels[BYTES];
        sx_image image;
        assert_int_equal(sx_source_image(source, SX_SPLIT_TRAIN, i, &image, NULL), SX_OK);
        draw(view, SX_SPLIT_TRAIN, i, pixels);
        for (int y = 0; y < SIZE; y++)
            for (int x = 0; x < SIZE; x++) {
                const uint8_t *inside = image.pixels + 3 * (y * SIZE / 2 + x - SIZE / 4);
                bool out = x < SIZE / 4 || x >= SIZE - SIZE / 4;
                assert_memory_equal(pixels + 3 * (y * SIZE + x), out ? image.pixels : inside, 3);
            }
        sx_image_done(&image);
    }
    sx_view_free(view);
    sx_source_free(source);
}

static void as_it_is_means_over_black(void **state) {
    (void)state;
    uint8_t pixels[BYTES];
    sx_source *source = folder_of(SIZE / 2, SIZE, 4, paint_glass, false);
    sx_view *view = view_of(source, "asis", SIZE, 0);
    draw(view, SX_SPLIT_TEST, 0, pixels);
    for (int i = 0; i < BYTES; i++) {
        int y = i / (3 * SIZE);
        assert_int_equal(pixels[i], y >= SIZE / 4 && y < SIZE - SIZE / 4 ? 128 : 0);
    }
    sx_view_free(view);
    sx_source_free(source);
}

/* The whole of `image` by a rule, in the middle of a square of black. */
static void letterbox(const sx_image *image, const char *spec, uint8_t *pixels) {
    sx_resize_rule rule;
    sx_image whole;
    sx_resize_scratch scratch = {0};
    int w = image->width, h = image->height, longest = w > h ? w : h;
    w = w * SIZE / longest;
    h = h * SIZE / longest;
    assert_int_equal(sx_resize_parse(spec, &rule, NULL), SX_OK);
    assert_int_equal(sx_image_new(&whole, h > 1 ? h : 1, w > 1 ? w : 1, 4, NULL), SX_OK);
    assert_int_equal(sx_resize(image, rule, &whole, &scratch, NULL), SX_OK);
    memset(pixels, 0, BYTES);
    for (int y = 0; y < whole.height; y++)
        for (int x = 0; x < whole.width; x++) {
            int row = y + (SIZE - whole.height) / 2, column = x + (SIZE - whole.width) / 2;
            const uint8_t *from = whole.pixels + 4 * (y * whole.width + x);
            for (int c = 0; c < 3; c++)
                pixels[3 * (row * SIZE + column) + c] = (uint8_t)(from[c] * from[3] / 255.0 + 0.5);
        }
    sx_image_done(&whole);
    sx_resize_scratch_done(&scratch);
}

static void whole_pictures_come_to_size_by_the_chosen_rule(void **state) {
    (void)state;
    static const char *const rules[] = {"nearest", "bilinear(antialias=no)", "bicubic", "area"};
    sx_source *source = folder_of(5, 5, 4, paint_mixed, false);
    sx_view *usual = view_of(source, "asis", SIZE, 0);
    for (int i = 0; i < 5; i++) {
        const char *rule = i < 4 ? rules[i] : "auto";
        sx_view *view =
            sx_view_new(source, &(sx_view_options){SIZE, "asis", rule, .backgrounds = ""}, NULL);
        int others = 0;
        for (size_t item = 0; item < 20; item++) {
            uint8_t pixels[BYTES], expected[BYTES];
            sx_image image;
            draw(view, SX_SPLIT_TRAIN, item, pixels);
            draw(usual, SX_SPLIT_TRAIN, item, expected);
            others += memcmp(pixels, expected, BYTES) != 0;
            assert_int_equal(sx_source_image(source, SX_SPLIT_TRAIN, item, &image, NULL), SX_OK);
            if (i < 4) letterbox(&image, rule, expected);
            assert_memory_equal(pixels, expected, BYTES);
            sx_image_done(&image);
        }
        assert_true(i < 4 ? others > 10 : others == 0);
        sx_view_free(view);
    }
    sx_view_free(usual);
    sx_source_free(source);
}

/* White pictures of several sizes over black: sides and places are the same by every rule. */
static void every_rule_puts_a_picture_into_the_same_place(void **state) {
    (void)state;
    sx_source *source = folder_of(5, 5, 4, paint_white, false);
    for (int size = 11; size <= SIZE; size++) {
        sx_view *usual = view_of(source, "asis", size, 0);
        sx_view_options options = {size, "asis", "area(antialias=no)", .backgrounds = ""};
        sx_view *view = sx_view_new(source, &options, NULL);
        for (size_t item = 0; item < 25; item++) {
            uint8_t a[BYTES], b[BYTES];
            draw(usual, SX_SPLIT_TRAIN, item, a);
            draw(view, SX_SPLIT_TRAIN, item, b);
            assert_memory_equal(a, b, (size_t)(size * size * 3));
        }
        sx_view_free(usual);
        sx_view_free(view);
    }
    sx_source_free(source);
}

static void centred_objects_take_their_area(void **state) {
    (void)state;
    sx_source *source = folder_of(10, 10, 3, paint_plain, false);
    sx_view *view = view_of(source, "center area=0.25", 40, 0);
    uint8_t pixels[40 * 40 * 3];
    sx_image image;
    assert_int_equal(sx_source_image(source, SX_SPLIT_TRAIN, 2, &image, NULL), SX_OK);
    draw(view, SX_SPLIT_TRAIN, 2, pixels);
    const uint8_t *object = image.pixels + 30; /* past the corner, one colour */
    for (int y = 13; y < 30; y++)
        for (int x = 13; x < 30; x++) assert_memory_equal(pixels + 3 * (y * 40 + x), object, 3);
    assert_memory_not_equal(pixels + 3 * (20 * 40 + 9), object, 3);
    assert_memory_not_equal(pixels + 3 * (20 * 40 + 30), object, 3);
    assert_memory_not_equal(pixels + 3 * (9 * 40 + 20), object, 3);
    assert_memory_not_equal(pixels + 3 * (30 * 40 + 20), object, 3);
    sx_image_done(&image);
    sx_view_free(view);
    sx_source_free(source);
}

static void views_are_fixed_by_seed_and_index(void **state) {
    (void)state;
    sx_view *a = view_of(shapes, "center(area=0.3)", SIZE, 4);
    sx_view *b = view_of(shapes, "center area=0.3", SIZE, 4);
    sx_view *c = view_of(shapes, "center area=0.3", SIZE, 5);
    int changed = 0;
    for (size_t i = 0; i < 50; i++) {
        uint8_t one[BYTES], same[BYTES], other[BYTES];
        draw(a, SX_SPLIT_TRAIN, i, one);
        draw(b, SX_SPLIT_TRAIN, 49 - i, same);
        draw(b, SX_SPLIT_TRAIN, i, same);
        draw(c, SX_SPLIT_TRAIN, i, other);
        assert_memory_equal(one, same, BYTES);
        changed += memcmp(one, other, BYTES) != 0;
    }
    assert_true(changed > 45);
    sx_view_free(a);
    sx_view_free(b);
    sx_view_free(c);
}

static void wrong_specs_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *spec, *because;
    } cases[] = {{"centre", "did you mean 'center'"},
                 {"center(area=2)", "area"},
                 {"center(area=0)", "area"},
                 {"center(size=1)", "did you mean 'area'"},
                 {"none(area=1)", "area"},
                 {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sx_error err = {0};
        assert_int_not_equal(sx_compose_check(cases[i].spec, &err), SX_OK);
        assert_non_null(strstr(err.message, cases[i].because));
        sx_view_options options = {.size = SIZE, .compose = cases[i].spec, .backgrounds = ""};
        assert_null(sx_view_new(shapes, &options, &err));
    }
    assert_int_equal(sx_compose_check("center area=1", NULL), SX_OK);
    sx_error wrong = {0};
    sx_view_options resized = {SIZE, "none", "biliner", .backgrounds = ""};
    assert_null(sx_view_new(shapes, &resized, &wrong));
    assert_non_null(strstr(wrong.message, "did you mean 'bilinear'"));
    for (int size = 7; size < 514; size += 506) {
        sx_error err = {0};
        sx_view_options options = {.size = size, .compose = "none", .backgrounds = ""};
        assert_null(sx_view_new(shapes, &options, &err));
        assert_non_null(strstr(err.message, "8 to 512"));
    }
}

static void inputs_are_centred_and_scaled(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0, 51, 255};
    float values[3];
    sx_normalise(&sx_normalisation_usual, bytes, 3, values);
    assert_true(values[0] == -2 && fabsf(values[1] + 1.2f) < 1e-6f && values[2] == 2);
}

/* ---- pairs ----------------------------------------------------------------------------------- */

/* Any first n pairs are balanced to within one a class, and all objects differ. */
static void pairs_are_balanced_and_distinct(void **state) {
    (void)state;
    sx_view *view = view_of(shapes, "none", SIZE, 2);
    const size_t *counts = sx_source_describe(shapes)->counts;
    for (int split = 0; split < SX_SPLITS; split++) {
        bool *seen = sx_alloc(counts[split], sizeof *seen);
        int classes[10] = {0};
        for (uint64_t pair = 0; pair < counts[split]; pair++) {
            size_t item = sx_view_pair_item(view, (sx_split)split, pair);
            assert_true(item < counts[split] && !seen[item]);
            seen[item] = true;
            int most = 0, least = 1 << 20;
            classes[sx_source_label(shapes, (sx_split)split, item)]++;
            for (int c = 0; c < 10; c++) {
                most = classes[c] > most ? classes[c] : most;
                least = classes[c] < least ? classes[c] : least;
            }
            assert_true(most - least <= 1);
            assert_int_equal(item, sx_view_pair_item(view, (sx_split)split, pair + counts[split]));
        }
        sx_free(seen);
    }
    sx_view_free(view);
}

/* The background of a pair: what is left where a speck in one corner or in the other is not. */
static void background_of(const sx_view *view, sx_split split, uint64_t pair, uint8_t *out) {
    uint8_t other[BYTES];
    int label;
    sx_pose near = {0.001, 0, 0, 0}, far = {0.001, 0, 1, 1};
    assert_int_equal(sx_view_posed(view, split, pair, near, out, &label, NULL), SX_OK);
    assert_int_equal(sx_view_posed(view, split, pair, far, other, &label, NULL), SX_OK);
    assert_memory_equal(out + 6 * SIZE, other + 6 * SIZE, BYTES - 12 * SIZE);
    memcpy(out, other, BYTES / 2);
}

static void a_pair_keeps_object_and_background(void **state) {
    (void)state;
    sx_view *view = view_of(shapes, "none", SIZE, 2);
    for (uint64_t pair = 0; pair < 30; pair++) {
        uint8_t behind[BYTES], left[BYTES], right[BYTES], again[BYTES];
        int label = -1;
        sx_pose pose = {0.2, 0, 0.25, 0.5};
        background_of(view, SX_SPLIT_VALIDATION, pair, behind);
        assert_int_equal(sx_view_posed(view, SX_SPLIT_VALIDATION, pair, pose, left, &label, NULL),
                         SX_OK);
        sx_view_posed(view, SX_SPLIT_VALIDATION, pair, pose, again, &label, NULL);
        assert_memory_equal(left, again, BYTES);
        size_t item = sx_view_pair_item(view, SX_SPLIT_VALIDATION, pair);
        assert_int_equal(label, sx_source_label(shapes, SX_SPLIT_VALIDATION, item));
        pose.x = 0.75;
        sx_view_posed(view, SX_SPLIT_VALIDATION, pair, pose, right, &label, NULL);
        /* Nine columns hold the widest object of area 0.2 that is not oblong. */
        for (int y = 0; y < SIZE; y++) {
            size_t row = (size_t)(3 * SIZE * y), half = 3 * SIZE / 2;
            assert_memory_equal(left + row + half, behind + row + half, half);
            assert_memory_equal(right + row, behind + row, half);
        }
        assert_memory_not_equal(left, behind, BYTES);
    }
    sx_view_free(view);
}

/* No background of a measurement is one of training. */
static void pairs_stand_before_held_out_backgrounds(void **state) {
    (void)state;
    sx_view *view = view_of(shapes, "none", SIZE, 2);
    sx_backgrounds *training = sx_backgrounds_open("", SIZE, 2, false, NULL, NULL);
    for (uint64_t pair = 0; pair < 40; pair++) {
        uint8_t behind[BYTES], texture[BYTES];
        background_of(view, SX_SPLIT_TEST, pair, behind);
        for (uint64_t i = 0; i < 600; i++) {
            sx_backgrounds_draw(training, i, texture);
            assert_memory_not_equal(behind + 6 * SIZE, texture + 6 * SIZE, BYTES - 12 * SIZE);
        }
    }
    sx_backgrounds_free(training);
    sx_view_free(view);
}

/* ---- batches --------------------------------------------------------------------------------- */

typedef struct {
    float *images;
    int32_t *labels;
} batch;

static batch new_batch(int count) {
    return (batch){sx_alloc((size_t)count * BYTES, sizeof(float)),
                   sx_alloc((size_t)count, sizeof(int32_t))};
}

static void free_batch(batch b) {
    sx_free(b.images);
    sx_free(b.labels);
}

/* The training item that an image shows, by comparing with all; -1 if there is none. */
static int item_shown(const float *drawn, size_t count, const float *image) {
    for (size_t i = 0; i < count; i++)
        if (memcmp(drawn + i * BYTES, image, BYTES * sizeof *image) == 0) return (int)i;
    return -1;
}

/* 29 items of training: every epoch shows each once, in another order, and batches go on across
 * the end of an epoch. Items are as the view draws them, in the first epoch and in later ones. */
static void every_epoch_shows_every_item_once(void **state) {
    (void)state;
    enum { BATCH = 8, EPOCHS = 4 };
    sx_source *source = folder_of(6, 5, 3, paint_plain, false);
    sx_view *view = view_of(source, "center(area=0.7)", SIZE, 1);
    size_t n = sx_source_describe(source)->counts[SX_SPLIT_TRAIN], position = 0;
    float *drawn = sx_alloc(n * BYTES, sizeof *drawn);
    int order[EPOCHS][64];
    for (size_t i = 0; i < n; i++) {
        uint8_t pixels[BYTES];
        draw(view, SX_SPLIT_TRAIN, i, pixels);
        sx_normalise(&sx_normalisation_usual, pixels, BYTES, drawn + i * BYTES);
    }
    sx_batches *batches =
        sx_batches_new(view, &(sx_batch_options){.batch = BATCH, .seed = 5}, 0, NULL);
    batch b = new_batch(BATCH);
    while (position < n * EPOCHS) {
        assert_int_equal(sx_batches_next(batches, b.images, b.labels, NULL), SX_OK);
        for (size_t i = 0; i < BATCH && position < n * EPOCHS; i++, position++) {
            int item = item_shown(drawn, n, b.images + i * BYTES);
            assert_true(item >= 0);
            assert_int_equal(b.labels[i], sx_source_label(source, SX_SPLIT_TRAIN, (size_t)item));
            order[position / n][position % n] = item;
        }
    }
    assert_int_not_equal(n % BATCH, 0);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        bool seen[64] = {0};
        for (size_t i = 0; i < n; i++) {
            assert_false(seen[order[epoch][i]]);
            seen[order[epoch][i]] = true;
        }
        if (epoch) assert_memory_not_equal(order[epoch], order[0], n * sizeof(int));
    }
    free_batch(b);
    sx_free(drawn);
    sx_batches_free(batches);
    sx_view_free(view);
    sx_source_free(source);
}

/* Resumed anywhere, also in a later epoch and with augmentation, the batches are those of a run
 * that was never stopped. */
static void batches_are_a_function_of_the_step(void **state) {
    (void)state;
    enum { BATCH = 11, STEPS = 12 };
    sx_source *source = folder_of(6, 5, 3, paint_plain, false);
    sx_view *view = view_of(source, "none", SIZE, 1);
    sx_batch_options options = {.batch = BATCH, .seed = 9, .augmentation = {true, 3}};
    batch whole[STEPS], b = new_batch(BATCH);
    sx_batches *batches = sx_batches_new(view, &options, 0, NULL);
    for (int step = 0; step < STEPS; step++) {
        whole[step] = new_batch(BATCH);
        sx_batches_next(batches, whole[step].images, whole[step].labels, NULL);
    }
    sx_batches_free(batches);
    for (int first = 1; first < STEPS; first += 3) {
        batches = sx_batches_new(view, &options, first, NULL);
        for (int step = first; step < STEPS; step++) {
            assert_int_equal(sx_batches_next(batches, b.images, b.labels, NULL), SX_OK);
            assert_memory_equal(b.images, whole[step].images, BATCH * BYTES * sizeof(float));
            assert_memory_equal(b.labels, whole[step].labels, BATCH * sizeof(int32_t));
        }
        sx_batches_free(batches);
    }
    options.seed++;
    batches = sx_batches_new(view, &options, 0, NULL);
    sx_batches_next(batches, b.images, b.labels, NULL);
    assert_memory_not_equal(b.images, whole[0].images, BATCH * BYTES * sizeof(float));
    sx_batches_free(batches);
    for (int step = 0; step < STEPS; step++) free_batch(whole[step]);
    free_batch(b);
    sx_view_free(view);
    sx_source_free(source);
}

/* Value at (x, y) of the image moved by (dx, dy), edges repeated, perhaps mirrored before. */
static bool is_changed(const float *from, const float *to, bool flip, int dx, int dy) {
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            int u = x - dx, v = y - dy;
            u = u < 0 ? 0 : u >= SIZE ? SIZE - 1 : u;
            v = v < 0 ? 0 : v >= SIZE ? SIZE - 1 : v;
            if (flip) u = SIZE - 1 - u;
            if (memcmp(to + 3 * (y * SIZE + x), from + 3 * (v * SIZE + u), 3 * sizeof *to) != 0)
                return false;
        }
    return true;
}

static void augmentation_flips_and_shifts(void **state) {
    (void)state;
    enum { BATCH = 100, SHIFT = 2, RANGE = 2 * SHIFT + 1 };
    sx_view *view = view_of(shapes, "none", SIZE, 1);
    sx_batch_options options = {.batch = BATCH, .seed = 9};
    batch plain = new_batch(BATCH), changed = new_batch(BATCH);
    int counts[2][RANGE][RANGE] = {0}, flips = 0, kinds = 0;
    for (int augmented = 0; augmented < 2; augmented++) {
        batch *b = augmented ? &changed : &plain;
        if (augmented) options.augmentation = (sx_augmentation){true, SHIFT, NULL};
        sx_batches *batches = sx_batches_new(view, &options, 0, NULL);
        assert_int_equal(sx_batches_next(batches, b->images, b->labels, NULL), SX_OK);
        sx_batches_free(batches);
    }
    assert_memory_equal(plain.labels, changed.labels, BATCH * sizeof(int32_t));
    for (size_t i = 0; i < BATCH; i++) {
        int found = 0;
        for (int k = 0; k < 2 * RANGE * RANGE; k++) {
            int flip = k / (RANGE * RANGE), x = k % RANGE, y = k / RANGE % RANGE;
            if (!is_changed(plain.images + i * BYTES, changed.images + i * BYTES, flip, x - SHIFT,
                            y - SHIFT))
                continue;
            found++;
            flips += flip;
            kinds += !counts[flip][y][x]++;
        }
        assert_true(found >= 1);
    }
    assert_true(flips > 25 && flips < 75);
    assert_true(kinds > 30);
    free_batch(plain);
    free_batch(changed);
    sx_view_free(view);
}

static void batches_may_be_larger_than_the_data_set(void **state) {
    (void)state;
    enum { BATCH = 100 };
    sx_source *source = folder_of(4, 4, 3, paint_plain, false);
    sx_view *view = view_of(source, "none", SIZE, 1);
    sx_batches *batches =
        sx_batches_new(view, &(sx_batch_options){.batch = BATCH, .seed = 5}, 7, NULL);
    batch b = new_batch(BATCH);
    assert_int_equal(sx_batches_next(batches, b.images, b.labels, NULL), SX_OK);
    sx_batches_free(batches);
    free_batch(b);
    sx_view_free(view);
    sx_source_free(source);
}

/* The sentence names the picture, comes at the same step in every run, and stays. */
static void an_error_comes_out_once_and_for_all(void **state) {
    (void)state;
    enum { BATCH = 4 };
    sx_source *source = folder_of(6, 5, 3, paint_plain, true);
    sx_view *view = view_of(source, "none", SIZE, 1);
    batch b = new_batch(BATCH);
    int reached[2] = {0};
    for (int round = 0; round < 2; round++) {
        sx_batches *batches =
            sx_batches_new(view, &(sx_batch_options){.batch = BATCH, .seed = 5}, 0, NULL);
        sx_error err = {0};
        while (sx_batches_next(batches, b.images, b.labels, &err) == SX_OK) reached[round]++;
        for (int again = 0; again < 2; again++) {
            assert_int_equal(err.status, SX_BAD_INPUT);
            assert_non_null(strstr(err.message, "/b/07.png"));
            err = (sx_error){0};
            assert_int_equal(sx_batches_next(batches, b.images, b.labels, &err), SX_BAD_INPUT);
        }
        sx_batches_free(batches);
    }
    assert_int_equal(reached[0], reached[1]);
    assert_true(reached[0] < 8);
    free_batch(b);
    sx_view_free(view);
    sx_source_free(source);
}

static void batches_can_be_freed_at_work(void **state) {
    (void)state;
    sx_view *view = view_of(shapes, "none", SIZE, 1);
    batch b = new_batch(64);
    for (int taken = 0; taken < 6; taken++) {
        sx_batches *batches =
            sx_batches_new(view, &(sx_batch_options){.batch = 64, .seed = 5}, 0, NULL);
        for (int i = 0; i < taken; i++) sx_batches_next(batches, b.images, b.labels, NULL);
        sx_batches_free(batches);
    }
    sx_batches_free(NULL);
    free_batch(b);
    sx_view_free(view);
}

typedef struct {
    const sx_view *view;
    uint64_t sum;
} reader;

static void *read_view(void *argument) {
    reader *r = argument;
    for (size_t i = 0; i < 40; i++) {
        uint8_t pixels[BYTES];
        int label;
        sx_view_image(r->view, SX_SPLIT_TRAIN, i, pixels, NULL);
        r->sum = 31 * r->sum + sx_hash_bytes(pixels, BYTES);
        sx_view_posed(r->view, SX_SPLIT_TEST, i, (sx_pose){0.3, 21, 0.4, 0.6}, pixels, &label,
                      NULL);
        r->sum = 31 * r->sum + sx_hash_bytes(pixels, BYTES) + (uint64_t)label;
    }
    return NULL;
}

static void any_thread_reads_a_view(void **state) {
    (void)state;
    sx_view *view = view_of(shapes, "center(area=0.5)", SIZE, 1);
    pthread_t threads[3];
    reader readers[3] = {{view, 0}, {view, 0}, {view, 0}};
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_view, &readers[i]), 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    assert_true(readers[0].sum == readers[1].sum && readers[0].sum == readers[2].sum);
    sx_view_free(view);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static sx_status make_view(void *context, sx_error *err) {
    uint8_t pixels[BYTES];
    int label;
    sx_view_options options = {
        .size = SIZE, .compose = "none", .resize = "area", .backgrounds = ""};
    sx_view *view = sx_view_new(context, &options, err);
    if (!view) return err->status;
    sx_status status = sx_view_image(view, SX_SPLIT_TRAIN, 0, pixels, err);
    if (!status)
        status = sx_view_posed(view, SX_SPLIT_TEST, 0, (sx_pose){0.3, 21, 0.4, 0.6}, pixels, &label,
                               err);
    sx_view_free(view);
    return status;
}

/* The worker's own allocations are not counted: only what is made before it starts may fail. */
static void failing_memory_is_an_error(void **state) {
    (void)state;
    assert_true(fail_every_allocation(make_view, shapes) > 20);
    sx_view *view = view_of(shapes, "none", SIZE, 1);
    for (long after = 0; after < 8; after++) {
        sx_error err = {0};
        sx_alloc_fail_after(after);
        sx_batches *batches =
            sx_batches_new(view, &(sx_batch_options){.batch = 4, .seed = 5}, 0, &err);
        sx_alloc_fail_after(-1);
        assert_null(batches);
        assert_int_equal(err.status, SX_NO_MEMORY);
    }
    sx_view_free(view);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(whole_pictures_are_letterboxed_in_their_corner_colour),
        IN_A_FOLDER(as_it_is_means_over_black),
        IN_A_FOLDER(whole_pictures_come_to_size_by_the_chosen_rule),
        IN_A_FOLDER(every_rule_puts_a_picture_into_the_same_place),
        IN_A_FOLDER(centred_objects_take_their_area),
        cmocka_unit_test(views_are_fixed_by_seed_and_index),
        cmocka_unit_test(wrong_specs_are_refused),
        cmocka_unit_test(inputs_are_centred_and_scaled),
        cmocka_unit_test(pairs_are_balanced_and_distinct),
        cmocka_unit_test(a_pair_keeps_object_and_background),
        cmocka_unit_test(pairs_stand_before_held_out_backgrounds),
        IN_A_FOLDER(every_epoch_shows_every_item_once),
        IN_A_FOLDER(batches_are_a_function_of_the_step),
        cmocka_unit_test(augmentation_flips_and_shifts),
        IN_A_FOLDER(batches_may_be_larger_than_the_data_set),
        IN_A_FOLDER(an_error_comes_out_once_and_for_all),
        cmocka_unit_test(batches_can_be_freed_at_work),
        cmocka_unit_test(any_thread_reads_a_view),
        cmocka_unit_test(failing_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, open_shapes, close_shapes);
}
