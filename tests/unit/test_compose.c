/* Cutting, resizing, turning and placing objects, and what lies behind them. */
#include "tests/unit/failing.h"
#include "tests/unit/unit.h"

#include "core/data/data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIZE 40
#define BYTES (SIZE * SIZE * 3)

static sx_image filled(int height, int width, uint8_t r, uint8_t g, uint8_t b) {
    sx_image image;
    assert_int_equal(sx_image_new(&image, height, width, 4, NULL), SX_OK);
    for (int i = 0; i < height * width; i++)
        memcpy(image.pixels + 4 * i, (uint8_t[]){r, g, b, 255}, 4);
    return image;
}

/* A picture without symmetry, partly transparent. */
static sx_image pattern(int height, int width) {
    sx_image image = filled(height, width, 0, 0, 0);
    sx_random random = sx_random_from(3, 1, 4);
    for (int i = 0; i < height * width * 4; i++)
        image.pixels[i] = (uint8_t)sx_random_below(&random, 256);
    return image;
}

static void compose(const sx_image *object, sx_pose pose, uint8_t behind, uint8_t *pixels) {
    sx_compose_scratch scratch = {0};
    memset(pixels, behind, BYTES);
    assert_int_equal(sx_compose(object, pose, pixels, SIZE, &scratch, NULL), SX_OK);
    sx_compose_scratch_done(&scratch);
}

typedef struct {
    int left, top, right, bottom; /* right and bottom are past the end; all 0 if empty */
} box;

/* The rectangle of pixels that are not black; `full` says that all of it is red. */
static box red_box(const uint8_t *pixels, bool *full) {
    box b = {SIZE, SIZE, 0, 0};
    int count = 0;
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            if (!pixels[3 * (y * SIZE + x)]) continue;
            count += pixels[3 * (y * SIZE + x)] == 255;
            b.left = x < b.left ? x : b.left;
            b.top = y < b.top ? y : b.top;
            b.right = x + 1 > b.right ? x + 1 : b.right;
            b.bottom = y + 1 > b.bottom ? y + 1 : b.bottom;
        }
    if (!b.right) b = (box){0};
    *full = count == (b.right - b.left) * (b.bottom - b.top);
    return b;
}

/* ---- size and place -------------------------------------------------------------------------- */

static int clip(int value) {
    return value < 0 ? 0 : value > SIZE ? SIZE : value;
}

/* Steps 2 and 4 of the recipe, in exact arithmetic where that is possible: the new width is the
 * largest w with w * w * object height <= area * SIZE * SIZE * object width. */
static int new_side(int side, int other, int percent) {
    int n = 0;
    while ((n + 1) * (n + 1) * other * 100 <= percent * SIZE * SIZE * side) n++;
    return n > 0 ? n : 1;
}

static void sizes_and_places_are_truncated(void **state) {
    (void)state;
    static const int sides[] = {1, 3, 7, 16, 28, 50}, percents[] = {1, 5, 20, 25, 37, 50, 100};
    static const double places[] = {0, 0.1, 0.33, 0.5, 0.77, 1};
    for (size_t i = 0; i < 6 * 6 * 7 * 6; i++) {
        int width = sides[i % 6], height = sides[i / 6 % 6], percent = percents[i / 36 % 7];
        double x = places[i / 252], y = places[5 - i / 252];
        uint8_t pixels[BYTES];
        sx_image object = filled(height, width, 255, 0, 0);
        compose(&object, (sx_pose){percent / 100.0, 0, x, y}, 0, pixels);
        int w = new_side(width, height, percent), h = new_side(height, width, percent);
        int left = (2 * (int)(x * SIZE) - w) / 2, top = (2 * (int)(y * SIZE) - h) / 2;
        bool full;
        box b = red_box(pixels, &full);
        assert_true(full);
        assert_int_equal(b.left, clip(left));
        assert_int_equal(b.top, clip(top));
        assert_int_equal(b.right, clip(left + w));
        assert_int_equal(b.bottom, clip(top + h));
        if (w > 1 && h > 1) assert_true(w * h * 100 <= percent * SIZE * SIZE);
        sx_image_done(&object);
    }
}

/* Truncation is towards zero: 7 pixels around column 0 begin at -3, not at -4. */
static void corners_left_of_the_image_are_truncated_towards_zero(void **state) {
    (void)state;
    uint8_t pixels[BYTES];
    bool full;
    sx_image object = filled(7, 7, 255, 0, 0);
    compose(&object, (sx_pose){49.5 / (SIZE * SIZE), 0, 0, 0}, 0, pixels);
    box b = red_box(pixels, &full);
    assert_int_equal(b.right, 4);
    assert_int_equal(b.bottom, 4);
    sx_image_done(&object);
}

static void poses_that_cannot_be_are_refused(void **state) {
    (void)state;
    static const sx_pose poses[] = {{0, 0, 0, 0},     {-0.5, 0, 0, 0},       {NAN, 0, 0, 0},
                                    {1e300, 0, 0, 0}, {0.5, INFINITY, 0, 0}, {0.5, NAN, 0, 0},
                                    {0.5, 0, NAN, 0}, {0.5, 0, 0, 1e12}};
    sx_compose_scratch scratch = {0};
    sx_image object = filled(4, 4, 255, 0, 0);
    for (size_t i = 0; i < sizeof poses / sizeof poses[0]; i++) {
        uint8_t pixels[BYTES] = {0}, black[BYTES] = {0};
        sx_error err = {0};
        assert_int_equal(sx_compose(&object, poses[i], pixels, SIZE, &scratch, &err), SX_BAD_INPUT);
        assert_non_null(strstr(err.message, "cannot be put"));
        assert_memory_equal(pixels, black, BYTES);
    }
    sx_compose_scratch_done(&scratch);
    sx_image_done(&object);
}

/* ---- resampling ------------------------------------------------------------------------------ */

static void shrinking_takes_the_mean_of_what_is_covered(void **state) {
    (void)state;
    uint8_t pixels[BYTES];
    sx_image object = filled(3 * SIZE, 2 * SIZE, 0, 0, 0);
    for (int i = 0; i < 6 * SIZE * SIZE; i++) object.pixels[4 * i] = (uint8_t)(i * 7919 % 251);
    /* 2 : 3 at full height: 80 x 120 becomes 26 x 40, columns of 80 / 26 pixels. */
    compose(&object, (sx_pose){2.0 / 3 + 1e-9, 0, 0.5, 0.5}, 0, pixels);
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < 26; x++) {
            double sum = 0, from = x * 80 / 26.0, to = (x + 1) * 80 / 26.0;
            for (int v = 3 * y; v < 3 * y + 3; v++)
                for (int u = 0; u < 80; u++) {
                    double share = fmin(u + 1, to) - fmax(u, from);
                    if (share > 0) sum += share / (to - from) / 3 * object.pixels[4 * (v * 80 + u)];
                }
            assert_true(fabs(pixels[3 * (y * SIZE + x + 7)] - sum) < 0.51);
        }
    sx_image_done(&object);
}

static void growing_is_bilinear(void **state) {
    (void)state;
    uint8_t pixels[BYTES];
    sx_image object = filled(1, 2, 0, 200, 0);
    object.pixels[4] = 100; /* the right one is brighter by 100 in red */
    compose(&object, (sx_pose){0.02, 0, 0.5, 0.5}, 0, pixels); /* 8 x 4 */
    static const int expected[8] = {0, 0, 13, 38, 63, 88, 100, 100};
    for (int x = 0; x < 8; x++)
        for (int y = 18; y < 22; y++) {
            assert_int_equal(pixels[3 * (y * SIZE + 16 + x)], expected[x]);
            assert_int_equal(pixels[3 * (y * SIZE + 16 + x) + 1], 200);
        }
    sx_image_done(&object);
}

/* The colour under transparent pixels is nobody's business. */
static void hidden_colours_do_not_show(void **state) {
    (void)state;
    static const sx_pose poses[] = {{0.04, 0, 0.5, 0.5}, {0.9, 0, 0.4, 0.5}, {0.5, 41, 0.5, 0.6}};
    for (int p = 0; p < 3; p++) {
        uint8_t one[BYTES], other[BYTES];
        sx_image object = pattern(17, 13);
        for (int i = 0; i < 17 * 13; i++) {
            object.pixels[4 * i + 3] = object.pixels[4 * i + 3] > 127 ? 255 : 0;
            if (!object.pixels[4 * i + 3]) memset(object.pixels + 4 * i, 0, 3);
        }
        compose(&object, poses[p], 90, one);
        for (int i = 0; i < 17 * 13; i++)
            if (!object.pixels[4 * i + 3]) memset(object.pixels + 4 * i, 255, 3);
        compose(&object, poses[p], 90, other);
        assert_memory_equal(one, other, BYTES);
        sx_image_done(&object);
    }
}

/* No dark fringes: a white object of any alpha on white stays white, a black one on black black. */
static void edges_have_no_fringes(void **state) {
    (void)state;
    for (int rotation = 0; rotation < 360; rotation += 13)
        for (int shade = 0; shade < 256; shade += 255) {
            uint8_t pixels[BYTES], expected[BYTES];
            sx_image object = pattern(19, 23);
            for (int i = 0; i < 19 * 23; i++)
                if (object.pixels[4 * i + 3] > 60)
                    memset(object.pixels + 4 * i, shade, 3);
                else
                    object.pixels[4 * i + 3] = 0;
            memset(expected, shade, BYTES);
            compose(&object, (sx_pose){0.1 + rotation / 400.0, rotation, 0.5, 0.4}, (uint8_t)shade,
                    pixels);
            assert_memory_equal(pixels, expected, BYTES);
            sx_image_done(&object);
        }
}

/* A picture of 64 megapixels is pasted with little more memory than it has itself. */
static void large_objects_need_little_more_memory(void **state) {
    (void)state;
    uint8_t pixels[BYTES] = {0};
    sx_compose_scratch scratch = {0};
    sx_image object = filled(2000, 1000, 9, 9, 9);
    assert_int_equal(
        sx_compose(&object, (sx_pose){0.3, 30, 0.5, 0.5}, pixels, SIZE, &scratch, NULL), SX_OK);
    size_t floats = scratch.capacity[0] + scratch.capacity[1] + scratch.capacity[2];
    assert_true(floats < 1000 * 4 * 2 * SIZE);
    sx_compose_scratch_done(&scratch);
    sx_image_done(&object);
}

/* ---- turning --------------------------------------------------------------------------------- */

/* Quarter turns need no interpolation: the same pixels, elsewhere. 20 x 20 at area 1/4 keeps its
 * size, so that the expectation is a transposition and nothing else. */
static void quarter_turns_move_pixels(void **state) {
    (void)state;
    uint8_t upright[BYTES], turned[BYTES];
    sx_image object = pattern(20, 20);
    compose(&object, (sx_pose){0.25, 0, 0.5, 0.5}, 0, upright);
    for (int quarter = -4; quarter <= 8; quarter++) {
        compose(&object, (sx_pose){0.25, 90 * quarter, 0.5, 0.5}, 0, turned);
        for (int y = 10; y < 30; y++)
            for (int x = 10; x < 30; x++) {
                int u = x, v = y;
                for (int k = 0; k < ((quarter % 4) + 4) % 4; k++) {
                    int held = u; /* what is now at (x, y) was at (39 - y, x): counter-clockwise */
                    u = SIZE - 1 - v;
                    v = held;
                }
                assert_memory_equal(turned + 3 * (y * SIZE + x), upright + 3 * (v * SIZE + u), 3);
            }
    }
    sx_image_done(&object);
}

static void oblong_objects_swap_sides(void **state) {
    (void)state;
    uint8_t pixels[BYTES];
    bool full;
    sx_image object = filled(10, 20, 255, 0, 0);
    compose(&object, (sx_pose){200.0 / (SIZE * SIZE), 270, 0.5, 0.5}, 0, pixels);
    box b = red_box(pixels, &full);
    assert_true(full);
    assert_int_equal(b.right - b.left, 10);
    assert_int_equal(b.bottom - b.top, 20);
    sx_image_done(&object);
}

/* Bicubic interpolation reproduces a linear ramp, so the turned colours are known everywhere
 * within; and turning by a positive angle is counter-clockwise. */
static void ramps_turn_counter_clockwise(void **state) {
    (void)state;
    uint8_t pixels[BYTES];
    sx_image object = filled(24, 24, 0, 0, 0);
    for (int i = 0; i < 24 * 24; i++) { /* red grows to the right, green downwards */
        object.pixels[4 * i] = (uint8_t)(20 + 8 * (i % 24));
        object.pixels[4 * i + 1] = (uint8_t)(20 + 8 * (i / 24));
    }
    for (int degrees = -179; degrees < 180; degrees += 20) {
        compose(&object, (sx_pose){0.36, degrees, 0.5, 0.5}, 0, pixels);
        double c = cos(degrees * acos(-1) / 180), s = sin(degrees * acos(-1) / 180);
        /* The canvas of the turned object is placed with truncation: where its side is odd, its
         * middle is half a pixel from the image's. */
        int side = (int)ceil(24 * (fabs(c) + fabs(s)) - 1e-9);
        double middle = (int)(SIZE / 2 - 0.5 * side) + 0.5 * side;
        for (int y = 13; y < 27; y++)
            for (int x = 13; x < 27; x++) {
                double dx = x + 0.5 - middle, dy = y + 0.5 - middle;
                if (dx * dx + dy * dy > 64) continue;
                double u = c * dx - s * dy, v = s * dx + c * dy;
                assert_true(fabs(pixels[3 * (y * SIZE + x)] - (112 + 8 * u)) < 0.6);
                assert_true(fabs(pixels[3 * (y * SIZE + x) + 1] - (112 + 8 * v)) < 0.6);
            }
    }
    sx_image_done(&object);
}

/* Nothing is clipped and nothing lost: the light of a turned object is that of the upright one. */
static void turning_keeps_the_light(void **state) {
    (void)state;
    for (int degrees = 1; degrees < 360; degrees += 20) {
        uint8_t pixels[BYTES];
        sx_image object = filled(14, 22, 200, 0, 0);
        compose(&object, (sx_pose){308.5 / (SIZE * SIZE), degrees, 0.5, 0.5}, 0, pixels);
        double light = 0;
        for (int i = 0; i < SIZE * SIZE; i++) light += pixels[3 * i] / 200.0;
        assert_true(fabs(light - 308) < 5);
        sx_image_done(&object);
    }
}

static void grids_are_those_of_the_paper(void **state) {
    (void)state;
    assert_true(sx_grid_location(0) == 0 && sx_grid_location(SX_GRID_LOCATIONS - 1) == 1);
    assert_true(fabs(sx_grid_location(3) - 0.3) < 1e-12);
    for (int i = 0; i < SX_GRID_ROTATIONS; i++) {
        assert_true(sx_grid_rotation(i) == -179 + 20 * i);
        assert_true(fmod(sx_grid_rotation(i), 90) != 0);
    }
    assert_true(sx_grid_size(0) == 0.01 && sx_grid_size(SX_GRID_SIZES - 1) == 1);
    for (int i = 1; i < SX_GRID_SIZES; i++) assert_true(sx_grid_size(i) > sx_grid_size(i - 1));
}

/* ---- cutting out ----------------------------------------------------------------------------- */

/* '.' is 0, ',' 8, '-' 50, 'o' 100, '#' 200. */
static sx_image grey(const char *const *rows) {
    sx_image image;
    int height = 0, width = (int)strlen(rows[0]);
    while (rows[height]) height++;
    assert_int_equal(sx_image_new(&image, height, width, 1, NULL), SX_OK);
    for (int i = 0; i < height * width; i++) {
        static const uint8_t values[] = {0, 8, 50, 100, 200};
        const char *kind = strchr(".,-o#", rows[i / width][i % width]);
        image.pixels[i] = values[kind - ".,-o#"];
    }
    return image;
}

static const uint8_t *at(const sx_image *image, int x, int y) {
    return image->pixels + 4 * (y * image->width + x);
}

static void holes_are_filled_and_edges_unmixed(void **state) {
    (void)state;
    static const char *const rows[] = {".........", ".,......,", "..ooooo..",
                                       "..o####o.", "..o#..#o.", "..o####o.",
                                       "..oooooo.", ".........", NULL};
    sx_image image = grey(rows), object;
    assert_int_equal(sx_object_cut(&image, 10, &object, NULL), SX_OK);
    assert_int_equal(object.width, 6);
    assert_int_equal(object.height, 5);
    assert_int_equal(object.channels, 4);
    assert_memory_equal(at(&object, 1, 1), ((uint8_t[]){200, 200, 200, 255}), 4);
    assert_memory_equal(at(&object, 2, 2), ((uint8_t[]){0, 0, 0, 255}), 4); /* the hole */
    assert_memory_equal(at(&object, 5, 0), ((uint8_t[]){0, 0, 0, 0}), 4);
    /* A corner with one neighbour within, of 200: it was 100, so half of it is there. */
    assert_memory_equal(at(&object, 0, 0), ((uint8_t[]){200, 200, 200, 128}), 4);
    sx_image_done(&image);
    sx_image_done(&object);
}

/* Over black the cut-out is the picture again, whatever was unmixed. */
static void over_black_nothing_changes(void **state) {
    (void)state;
    sx_random random = sx_random_from(1, 2, 3);
    for (int round = 0; round < 40; round++) {
        sx_image image, object;
        assert_int_equal(sx_image_new(&image, 12, 9, 1, NULL), SX_OK);
        for (int i = 0; i < 12 * 9; i++)
            image.pixels[i] =
                (uint8_t)(sx_random_below(&random, 3) * sx_random_below(&random, 128));
        /* An edge all around, so that the cut keeps the size. */
        for (int i = 0; i < 12 * 9; i++)
            if (i % 9 == 0 || i % 9 == 8 || i < 9 || i >= 99) image.pixels[i] |= 16;
        assert_int_equal(sx_object_cut(&image, 10, &object, NULL), SX_OK);
        assert_int_equal(object.height * object.width, 12 * 9);
        for (int i = 0; i < 12 * 9; i++) {
            double seen = object.pixels[4 * i] * object.pixels[4 * i + 3] / 255.0;
            assert_true(fabs(seen - image.pixels[i]) <= 0.51);
        }
        sx_image_done(&image);
        sx_image_done(&object);
    }
}

static void dark_clothes_stay_whole(void **state) {
    (void)state;
    static const char *const rows[] = {".....", ".---.", ".-,-.", ".-,-.", ".---.", ".....", NULL};
    sx_image image = grey(rows), object;
    assert_int_equal(sx_object_cut(&image, 10, &object, NULL), SX_OK);
    assert_int_equal(object.width, 3);
    assert_int_equal(object.height, 4);
    for (int i = 0; i < 12; i++) assert_int_equal(object.pixels[4 * i + 3], 255);
    assert_int_equal(at(&object, 1, 1)[0], 8);
    sx_image_done(&image);
    sx_image_done(&object);
}

static void pictures_without_an_object_are_taken_whole(void **state) {
    (void)state;
    static const char *const dark[] = {".,.", "...", NULL}, *const bright[] = {"###", "#o#", NULL};
    const char *const *both[] = {dark, bright};
    for (int i = 0; i < 2; i++) {
        sx_image image = grey(both[i]), object;
        assert_int_equal(sx_object_cut(&image, 10, &object, NULL), SX_OK);
        assert_int_equal(object.width, 3);
        assert_int_equal(object.height, 2);
        for (int k = 0; k < 6; k++) assert_int_equal(object.pixels[4 * k + 3], 255);
        sx_image_done(&image);
        sx_image_done(&object);
    }
    sx_image clear = filled(5, 4, 1, 2, 3), object;
    for (int k = 0; k < 20; k++) clear.pixels[4 * k + 3] = 0;
    assert_int_equal(sx_object_cut(&clear, 10, &object, NULL), SX_OK);
    assert_int_equal(object.width * object.height, 20);
    assert_memory_equal(object.pixels + 76, ((uint8_t[]){1, 2, 3, 255}), 4);
    sx_image_done(&clear);
    sx_image_done(&object);
}

static void own_alpha_is_kept_and_cropped(void **state) {
    (void)state;
    sx_image image = filled(6, 7, 10, 20, 30), object, colour;
    for (int i = 0; i < 42; i++) image.pixels[4 * i + 3] = 0;
    image.pixels[4 * (2 * 7 + 3) + 3] = 77;
    image.pixels[4 * (4 * 7 + 5) + 3] = 255;
    assert_int_equal(sx_object_cut(&image, 200, &object, NULL), SX_OK);
    assert_int_equal(object.width, 3);
    assert_int_equal(object.height, 3);
    assert_memory_equal(at(&object, 0, 0), ((uint8_t[]){10, 20, 30, 77}), 4);
    assert_int_equal(at(&object, 1, 1)[3], 0);
    assert_int_equal(at(&object, 2, 2)[3], 255);
    sx_image_done(&object);
    assert_int_equal(sx_image_new(&colour, 2, 2, 3, NULL), SX_OK);
    memset(colour.pixels, 5, 12);
    assert_int_equal(sx_object_cut(&colour, 10, &object, NULL), SX_OK);
    assert_memory_equal(object.pixels + 12, ((uint8_t[]){5, 5, 5, 255}), 4);
    sx_image_done(&object);
    sx_image_done(&colour);
    sx_image_done(&image);
}

/* ---- backgrounds ----------------------------------------------------------------------------- */

/* 60 degrees of the circle of hues from red through yellow, 0 .. 5; -1 for greys. */
static int hue_part(const uint8_t *p) {
    int most = p[0] > p[1] ? p[0] : p[1], least = p[0] < p[1] ? p[0] : p[1];
    most = p[2] > most ? p[2] : most;
    least = p[2] < least ? p[2] : least;
    if (most - least < 12) return -1;
    double range = most - least, hue = most == p[0]   ? (p[1] - p[2]) / range
                                       : most == p[1] ? 2 + (p[2] - p[0]) / range
                                                      : 4 + (p[0] - p[1]) / range;
    return (int)floor(hue < 0 ? hue + 6 : hue);
}

static void training_and_held_out_textures_are_disjoint(void **state) {
    (void)state;
    enum { N = 84 };
    static uint8_t drawn[2][N][BYTES];
    int coloured = 0;
    for (int half = 0; half < 2; half++) {
        sx_backgrounds *b = sx_backgrounds_open("", SIZE, 5, half, NULL, NULL);
        assert_non_null(b);
        for (int i = 0; i < N; i++) {
            sx_backgrounds_draw(b, (uint64_t)i, drawn[half][i]);
            int part = hue_part(drawn[half][i]);
            if (i % SX_BACKGROUND_KINDS || part < 0) continue; /* plain ones have one colour */
            assert_int_equal((5 - part) % 2, half);
            for (int k = 3; k < BYTES; k++)
                assert_int_equal(drawn[half][i][k], drawn[half][i][k - 3]);
            coloured++;
        }
        sx_backgrounds_free(b);
    }
    assert_true(coloured > 10);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            assert_memory_not_equal(drawn[0][i], drawn[1][k], BYTES);
            if (i != k) assert_memory_not_equal(drawn[0][i], drawn[0][k], BYTES);
        }
}

static void a_seed_fixes_the_backgrounds(void **state) {
    (void)state;
    uint8_t one[BYTES], same[BYTES], other[BYTES];
    uint64_t far = UINT64_MAX;
    sx_backgrounds *a = sx_backgrounds_open(NULL, SIZE, 1, false, NULL, NULL);
    sx_backgrounds *b = sx_backgrounds_open("", SIZE, 1, false, NULL, NULL);
    sx_backgrounds *c = sx_backgrounds_open("", SIZE, 2, false, NULL, NULL);
    sx_backgrounds_draw(a, far, one);
    sx_backgrounds_draw(b, far, same);
    sx_backgrounds_draw(c, far, other);
    assert_memory_equal(one, same, BYTES);
    assert_memory_not_equal(one, other, BYTES);
    sx_backgrounds_free(a);
    sx_backgrounds_free(b);
    sx_backgrounds_free(c);
}

static char folder[64];

static void write_file(const char *name, const void *data, size_t size) {
    char path[SX_PATH_SIZE];
    assert_int_equal(sx_path_join(path, folder, name, NULL), SX_OK);
    assert_int_equal(sx_file_write(path, data, size, NULL), SX_OK);
}

/* Left of `side` one colour, right of it another: only the square at the left is to be seen. */
static void write_photograph(const char *name, int side, uint8_t shade) {
    sx_image photograph;
    sx_bytes png;
    assert_int_equal(sx_image_new(&photograph, side, 2 * side, 3, NULL), SX_OK);
    for (int i = 0; i < 2 * side * side; i++)
        memset(photograph.pixels + 3 * i, i % (2 * side) < side ? shade : 255 - shade, 3);
    assert_int_equal(sx_png_encode(&photograph, &png, NULL), SX_OK);
    write_file(name, png.data, png.size);
    sx_bytes_done(&png);
    sx_image_done(&photograph);
}

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/sextant-compose-XXXXXX");
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state) {
    (void)state;
    sx_listing listing;
    if (sx_directory_list(folder, &listing, NULL)) return 1;
    for (size_t i = 0; i < listing.count; i++) {
        char path[SX_PATH_SIZE];
        if (!sx_path_join(path, folder, listing.names[i], NULL)) unlink(path);
    }
    sx_listing_done(&listing);
    return rmdir(folder);
}

/* Every photograph is in one half and one only, by its name, and is its top left square. */
static void photographs_are_split_by_name(void **state) {
    (void)state;
    enum { N = 12 };
    int found[256] = {0}, halves = 0;
    for (int i = 0; i < N; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.png", i);
        write_photograph(name, 30 + 10 * i, (uint8_t)(10 * i + 5));
    }
    write_file("notes.txt", "no picture", 10);
    for (int half = 0; half < 2; half++) {
        sx_backgrounds *b = sx_backgrounds_open(folder, SIZE, 0, half, NULL, NULL);
        bool mine[256] = {0};
        assert_non_null(b);
        for (uint64_t i = 0; i < N; i++) {
            uint8_t pixels[BYTES];
            sx_backgrounds_draw(b, i, pixels);
            for (int k = 1; k < BYTES; k++) assert_int_equal(pixels[k], pixels[0]);
            halves += !mine[pixels[0]];
            mine[pixels[0]] = true;
            found[pixels[0]] |= 1 << half;
        }
        sx_backgrounds_free(b);
    }
    assert_int_equal(halves, N);
    for (int i = 0; i < N; i++) assert_true(found[10 * i + 5] == 1 || found[10 * i + 5] == 2);
}

static bool stop_at(void *user, const char *what, size_t done, size_t total) {
    (void)done;
    int *left = user;
    assert_string_equal(what, "backgrounds");
    assert_true(total > 0);
    return (*left)-- > 0;
}

static void reading_photographs_can_be_stopped(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d.png", i);
        write_photograph(name, 8, 9);
    }
    for (int steps = 0; steps < 3; steps++) {
        int left = steps;
        sx_error err = {0};
        sx_loading loading = {stop_at, &left};
        assert_null(sx_backgrounds_open(folder, SIZE, 0, false, &loading, &err));
        assert_int_equal(err.status, SX_CANCELLED);
        assert_int_equal(left, -1);
    }
}

static void broken_and_missing_photographs_are_named(void **state) {
    (void)state;
    sx_error err = {0};
    assert_null(sx_backgrounds_open(folder, SIZE, 0, true, NULL, &err));
    assert_non_null(strstr(err.message, "too few photographs"));
    for (int i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "bad%d.jpg", i);
        write_file(name, "\xff\xd8\xff\xe0 cut", 8);
    }
    assert_null(sx_backgrounds_open(folder, SIZE, 0, true, NULL, &err));
    assert_int_equal(err.status, SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "/bad"));
    assert_null(sx_backgrounds_open("/nowhere at all", SIZE, 0, true, NULL, &err));
    assert_int_equal(err.status, SX_IO);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static sx_status cut_and_paste(void *context, sx_error *err) {
    uint8_t pixels[BYTES];
    sx_image object;
    sx_compose_scratch scratch = {0};
    memset(pixels, 0, BYTES);
    sx_status status = sx_object_cut(context, 10, &object, err);
    if (!status)
        status = sx_compose(&object, (sx_pose){0.5, 30, 0.5, 0.5}, pixels, SIZE, &scratch, err);
    sx_compose_scratch_done(&scratch);
    sx_image_done(&object);
    return status;
}

static sx_status open_textures(void *context, sx_error *err) {
    (void)context;
    sx_backgrounds *b = sx_backgrounds_open("", 8, 0, false, NULL, err);
    sx_backgrounds_free(b);
    return b ? SX_OK : err->status;
}

static void failing_memory_is_an_error(void **state) {
    (void)state;
    static const char *const rows[] = {"....", ".##.", ".#o.", "....", NULL};
    sx_image image = grey(rows);
    assert_true(fail_every_allocation(cut_and_paste, &image) >= 7);
    assert_true(fail_every_allocation(open_textures, NULL) >= 2);
    sx_image_done(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_places_are_truncated),
        cmocka_unit_test(corners_left_of_the_image_are_truncated_towards_zero),
        cmocka_unit_test(poses_that_cannot_be_are_refused),
        cmocka_unit_test(shrinking_takes_the_mean_of_what_is_covered),
        cmocka_unit_test(growing_is_bilinear),
        cmocka_unit_test(hidden_colours_do_not_show),
        cmocka_unit_test(edges_have_no_fringes),
        cmocka_unit_test(large_objects_need_little_more_memory),
        cmocka_unit_test(quarter_turns_move_pixels),
        cmocka_unit_test(oblong_objects_swap_sides),
        cmocka_unit_test(ramps_turn_counter_clockwise),
        cmocka_unit_test(turning_keeps_the_light),
        cmocka_unit_test(grids_are_those_of_the_paper),
        cmocka_unit_test(holes_are_filled_and_edges_unmixed),
        cmocka_unit_test(over_black_nothing_changes),
        cmocka_unit_test(dark_clothes_stay_whole),
        cmocka_unit_test(pictures_without_an_object_are_taken_whole),
        cmocka_unit_test(own_alpha_is_kept_and_cropped),
        cmocka_unit_test(training_and_held_out_textures_are_disjoint),
        cmocka_unit_test(a_seed_fixes_the_backgrounds),
        cmocka_unit_test_setup_teardown(photographs_are_split_by_name, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(reading_photographs_can_be_stopped, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(broken_and_missing_photographs_are_named, make_folder,
                                        remove_folder),
        cmocka_unit_test(failing_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
