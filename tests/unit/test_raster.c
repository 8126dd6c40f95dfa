/* Drawing in pixels: what is covered, by how much, and what is left alone. */
#include "tests/unit/unit.h"

#include "views/raster/raster.h"

#include "core/format/format.h"

#include <math.h>
#include <string.h>

static sx_raster *new_raster(double scale) {
    sx_error err = {0};
    sx_raster *raster = sx_raster_new(40, 20, scale, 0xFFFFFF, &err);
    if (!raster) fail_msg("%s", err.message);
    return raster;
}

/* The picture, and the end of the raster. */
static sx_image picture_of(sx_raster *raster) {
    sx_bytes png;
    sx_image image;
    assert_int_equal(sx_raster_png(raster, &png, NULL), SX_OK);
    assert_int_equal(sx_png_decode(png.data, png.size, &image, NULL), SX_OK);
    sx_bytes_done(&png);
    sx_raster_free(raster);
    return image;
}

static int red_at(const sx_image *image, int x, int y) {
    return image->pixels[3 * (y * image->width + x)];
}

/* Covered area in pixels, of black on white. */
static double ink_of(const sx_image *image) {
    double sum = 0;
    for (int i = 0; i < image->width * image->height; i++) sum += 255 - image->pixels[3 * i];
    return sum / 255;
}

static void rectangles_cover_parts_of_pixels(void **state) {
    (void)state;
    sx_raster *raster = new_raster(1);
    sx_raster_rectangle(raster, 2.5, 3, 4, 2.25, 0x000000);
    sx_raster_rectangle(raster, -5, -5, 6, 6, 0x000000); /* only its corner is in the picture */
    sx_image image = picture_of(raster);
    assert_int_equal(red_at(&image, 2, 3), 128);
    assert_int_equal(red_at(&image, 3, 3), 0);
    assert_int_equal(red_at(&image, 3, 5), 191);
    assert_int_equal(red_at(&image, 7, 3), 255);
    assert_int_equal(red_at(&image, 0, 0), 0);
    assert_true(fabs(ink_of(&image) - 10) < 0.05);
    sx_image_done(&image);
}

static void lines_have_their_width_at_any_scale(void **state) {
    (void)state;
    for (int scale = 1; scale <= 3; scale++) {
        sx_raster *raster = new_raster(scale);
        sx_raster_move(raster, 5, 5);
        sx_raster_line(raster, 35, 15);
        sx_raster_stroke(raster, &(sx_stroke){.width = 2, .opacity = 1});
        sx_image image = picture_of(raster);
        double length = hypot(30, 10), round_ends = 3.14159;
        double expected = (2 * length + round_ends) * scale * scale;
        assert_true(fabs(ink_of(&image) / expected - 1) < 0.04);
        sx_image_done(&image);
    }
}

static void dashes_leave_gaps(void **state) {
    (void)state;
    static const double dashes[] = {6, 4};
    sx_raster *raster = new_raster(1);
    sx_raster_move(raster, 0, 10);
    sx_raster_line(raster, 15, 10); /* the pattern goes on over corners */
    sx_raster_line(raster, 40, 10);
    sx_raster_stroke(raster, &(sx_stroke){.width = 1, .opacity = 1, .dashes = dashes, .count = 2});
    sx_image image = picture_of(raster);
    for (int x = 0; x < 40; x += 10) {
        assert_true(red_at(&image, x + 3, 10) < 200);
        assert_int_equal(red_at(&image, x + 8, 10), 255);
    }
    sx_image_done(&image);
}

static void what_is_clipped_is_left_alone(void **state) {
    (void)state;
    sx_raster *raster = new_raster(1);
    sx_raster_clip(raster, 10, 0, 10, 20);
    sx_raster_move(raster, -1e5, 10);
    sx_raster_line(raster, 1e5, 10);
    sx_raster_stroke(raster, &(sx_stroke){.width = 4, .opacity = 0.5});
    sx_image image = picture_of(raster);
    assert_int_equal(red_at(&image, 9, 10), 255);
    assert_int_equal(red_at(&image, 15, 10), 128);
    assert_int_equal(red_at(&image, 20, 10), 255);
    sx_image_done(&image);
}

/* Stretches that cross are covered once: a faint line has no darker knots. */
static void a_faint_line_has_no_knots(void **state) {
    (void)state;
    sx_raster *raster = new_raster(1);
    for (int i = 0; i <= 30; i++) (i ? sx_raster_line : sx_raster_move)(raster, 5 + i, 10);
    sx_raster_stroke(raster, &(sx_stroke){.width = 3, .opacity = 0.4});
    sx_image image = picture_of(raster);
    for (int x = 8; x < 32; x++) assert_int_equal(red_at(&image, x, 10), red_at(&image, 20, 10));
    sx_image_done(&image);
}

static void shapes_are_filled_or_outlined(void **state) {
    (void)state;
    static const double diamond[4][2] = {{10, 5}, {15, 10}, {10, 15}, {5, 10}};
    sx_raster *raster = new_raster(1);
    sx_raster_polygon(raster, diamond, 4, 0, 0x000000);
    sx_image image = picture_of(raster);
    assert_true(fabs(ink_of(&image) - 50) < 1.5);
    sx_image_done(&image);
    raster = new_raster(1);
    sx_raster_polygon(raster, diamond, 4, 1, 0x000000);
    image = picture_of(raster);
    assert_int_equal(red_at(&image, 10, 10), 255);
    if (fabs(ink_of(&image) - 4 * hypot(5, 5)) > 4) fail_msg("%g", ink_of(&image));
    sx_image_done(&image);
}

/* Each character stays in its place; one that is unknown takes it and leaves it blank. */
static void type_keeps_its_places(void **state) {
    (void)state;
    sx_raster *raster = new_raster(2);
    sx_raster_text(raster, 0, 2, false, 0x000000, "M\xF0\x9F\xA6\x86M\xFF");
    sx_image image = picture_of(raster);
    double ink[4] = {0};
    for (int y = 0; y < image.height; y++)
        for (int x = 0; x < 64; x++) ink[x / 16] += 255 - red_at(&image, x, y);
    assert_true(ink[0] > 5000 && fabs(ink[0] - ink[2]) < 1);
    assert_true(ink[1] < ink[0] / 20);
    for (int x = 0; x < image.width; x++) {
        assert_int_equal(red_at(&image, x, 3), 255);                /* above the letters */
        assert_int_equal(red_at(&image, x, image.height - 1), 255); /* and below */
    }
    sx_image_done(&image);
    double weight[2];
    for (int bold = 0; bold < 2; bold++) {
        raster = new_raster(2);
        sx_raster_text(raster, 0, 2, bold, 0x000000, "step");
        image = picture_of(raster);
        weight[bold] = ink_of(&image);
        sx_image_done(&image);
    }
    assert_true(weight[1] > 1.2 * weight[0]);
}

static void what_cannot_be_a_picture_is_refused(void **state) {
    (void)state;
    sx_error err = {0};
    assert_null(sx_raster_new(0, 10, 1, 0, &err));
    assert_null(sx_raster_new(1e9, 10, 1, 0, &err));
    assert_null(sx_raster_new(NAN, 10, 1, 0, &err));
    assert_int_equal(err.status, SX_BAD_INPUT);
}

int main(void) {
    setenv("SEXTANT_ASSETS", SX_SOURCE "/assets", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rectangles_cover_parts_of_pixels),
        cmocka_unit_test(lines_have_their_width_at_any_scale),
        cmocka_unit_test(dashes_leave_gaps),
        cmocka_unit_test(what_is_clipped_is_left_alone),
        cmocka_unit_test(a_faint_line_has_no_knots),
        cmocka_unit_test(shapes_are_filled_or_outlined),
        cmocka_unit_test(type_keeps_its_places),
        cmocka_unit_test(what_cannot_be_a_picture_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
