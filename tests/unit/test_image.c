/* Pictures: every kind that others wrote, damage at every byte, bombs, orientation, writing. */
#include "tests/unit/unit.h"

#include "core/format/format.h"
#include "tests/unit/failing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#define DATA SX_SOURCE "/tests/data/format/"

static sx_bytes read_data(const char *name) {
    char path[SX_PATH_SIZE];
    sx_error err = {0};
    sx_bytes bytes;
    snprintf(path, sizeof path, DATA "%s", name);
    assert_int_equal(sx_file_read(path, 1 << 20, &bytes, &err), SX_OK);
    return bytes;
}

static sx_image read_picture(const char *name) {
    char path[SX_PATH_SIZE];
    sx_error err = {0};
    sx_image image;
    snprintf(path, sizeof path, DATA "%s", name);
    if (sx_image_read(path, &image, &err) != SX_OK) fail_msg("%s: %s", name, err.message);
    return image;
}

/* JPEG decoders may round differently. */
static void compare_pixels(const char *name, const sx_image *image, const char *digits) {
    int tolerance = strstr(name, ".jpg") ? 2 : 0;
    size_t count = (size_t)(image->height * image->width * image->channels);
    assert_int_equal(strlen(digits), 2 * count);
    for (size_t i = 0; i < count; i++) {
        unsigned value;
        assert_int_equal(sscanf(digits + 2 * i, "%2x", &value), 1);
        if (abs((int)value - image->pixels[i]) > tolerance)
            fail_msg("%s: value %zu is %d, not %u", name, i, image->pixels[i], value);
    }
}

/* A look says the same as reading does; of a JPEG before it is turned upright. */
static void compare_look(const char *name, const sx_image *image) {
    char path[SX_PATH_SIZE];
    sx_image_facts facts;
    sx_error err = {0};
    snprintf(path, sizeof path, DATA "%s", name);
    if (sx_image_look(path, &facts, &err)) fail_msg("%s: %s", name, err.message);
    bool turned = strstr(name, "orientation") != NULL;
    assert_int_equal(facts.height, turned ? image->width : image->height);
    assert_int_equal(facts.width, turned ? image->height : image->width);
    assert_int_equal(facts.alpha, image->channels == 4);
}

static void every_kind_is_read(void **state) {
    (void)state;
    sx_bytes expected = read_data("expected.txt");
    char *rest = NULL;
    int files = 0;
    for (char *line = strtok_r((char *)expected.data, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        char name[64];
        int height, width, channels, used;
        assert_int_equal(sscanf(line, "%63s %d %d %d %n", name, &height, &width, &channels, &used),
                         4);
        sx_image image = read_picture(name);
        assert_int_equal(image.height, height);
        assert_int_equal(image.width, width);
        assert_int_equal(image.channels, channels);
        compare_look(name, &image);
        compare_pixels(name, &image, line + used);
        sx_image_done(&image);
        files++;
    }
    assert_int_equal(files, 30);
    sx_bytes_done(&expected);
}

typedef sx_status (*decoder)(const uint8_t *bytes, size_t size, sx_image *out, sx_error *err);

/* Copies are exact in size, so that reading past the end is seen by the address sanitiser. */
static sx_status decode_copy(decoder decode, const uint8_t *bytes, size_t size, sx_error *err) {
    uint8_t *copy = malloc(size ? size : 1);
    if (size) memcpy(copy, bytes, size);
    sx_image image;
    sx_status status = decode(copy, size, &image, err);
    if (status) assert_null(image.pixels);
    sx_image_done(&image);
    free(copy);
    return status;
}

static void a_cut_file_is_told(void **state) {
    (void)state;
    const char *names[] = {"rgb8.png",   "rgba16-adam7.png", "palette4-trns.png",
                           "rgb444.jpg", "progressive.jpg",  "orientation6.jpg"};
    for (size_t i = 0; i < 6; i++) {
        sx_bytes file = read_data(names[i]);
        decoder decode = i < 3 ? sx_png_decode : sx_jpeg_decode;
        for (size_t size = 0; size < file.size; size++) {
            sx_error err = {0};
            sx_status status = decode_copy(decode, file.data, size, &err);
            if (status != SX_BAD_INPUT) fail_msg("%s cut at %zu: %d", names[i], size, status);
            assert_true(strlen(err.message) > 10);
        }
        assert_int_equal(decode_copy(decode, file.data, file.size, NULL), SX_OK);
        sx_bytes_done(&file);
    }
}

static void damage_never_crashes(void **state) {
    (void)state;
    const char *names[] = {"palette8-trns.png", "grey1-adam7.png", "rgb420.jpg", "progressive.jpg",
                           "orientation8.jpg"};
    for (size_t i = 0; i < 5; i++) {
        sx_bytes file = read_data(names[i]);
        for (size_t at = 0; at < file.size; at++) {
            uint8_t before = file.data[at];
            file.data[at] = (uint8_t)(before ^ (1 << at % 8));
            sx_status png = decode_copy(sx_png_decode, file.data, file.size, NULL);
            /* Every byte of a PNG is under a checksum or under the signature. */
            if (i < 2) assert_int_equal(png, SX_BAD_INPUT);
            decode_copy(sx_jpeg_decode, file.data, file.size, NULL);
            file.data[at] = before;
        }
        sx_bytes_done(&file);
    }
}

/* Sets the size in a PNG's header and mends the header's checksum. */
static void claim_size(sx_bytes *png, uint32_t width, uint32_t height) {
    for (int i = 0; i < 4; i++) {
        png->data[16 + i] = (uint8_t)(width >> (24 - 8 * i));
        png->data[20 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    uint32_t sum = (uint32_t)crc32(0, png->data + 12, 17);
    for (int i = 0; i < 4; i++) png->data[29 + i] = (uint8_t)(sum >> (24 - 8 * i));
}

static void picture_bombs_are_refused_before_they_allocate(void **state) {
    (void)state;
    sx_error err = {0};
    sx_bytes png = read_data("rgb8.png");
    claim_size(&png, 100000, 100000);
    assert_int_equal(decode_copy(sx_png_decode, png.data, png.size, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "100000 x 100000"));
    assert_non_null(strstr(err.message, "67108864"));
    claim_size(&png, 0x7FFFFFFF, 0x7FFFFFFF);
    assert_int_equal(decode_copy(sx_png_decode, png.data, png.size, &err), SX_BAD_INPUT);
    claim_size(&png, 0, 7);
    assert_int_equal(decode_copy(sx_png_decode, png.data, png.size, &err), SX_BAD_INPUT);
    sx_bytes_done(&png);

    sx_bytes jpeg = read_data("grey.jpg");
    const uint8_t start[] = {0xFF, 0xC0, 0, 11, 8, 0, 13, 0, 20};
    uint8_t *frame = memmem(jpeg.data, jpeg.size, start, sizeof start);
    assert_non_null(frame);
    memset(frame + 5, 0xFA, 4);
    assert_int_equal(decode_copy(sx_jpeg_decode, jpeg.data, jpeg.size, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "64250 x 64250"));
    sx_bytes_done(&jpeg);
}

/* A progressive file whose first scan comes `again` times more. */
static sx_bytes repeat_first_scan(int again) {
    sx_bytes file = read_data("progressive.jpg");
    const char *bytes = (char *)file.data;
    size_t scan = 2;
    while (file.data[scan] != 0xFF || file.data[scan + 1] != 0xDA) scan++;
    size_t end = scan + 2;
    while (file.data[end] != 0xFF || file.data[end + 1] == 0) end++;
    sx_text out = {0};
    sx_text_add_bytes(&out, bytes, end);
    for (int i = 0; i < again; i++) sx_text_add_bytes(&out, bytes + scan, end - scan);
    sx_text_add_bytes(&out, bytes + end, file.size - end);
    sx_bytes_done(&file);
    return (sx_bytes){(uint8_t *)out.data, out.size};
}

static void endless_scans_are_refused(void **state) {
    (void)state;
    sx_error err = {0};
    sx_bytes some = repeat_first_scan(20), many = repeat_first_scan(2000);
    assert_int_equal(decode_copy(sx_jpeg_decode, some.data, some.size, &err), SX_OK);
    assert_int_equal(decode_copy(sx_jpeg_decode, many.data, many.size, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "scans"));
    sx_bytes_done(&some);
    sx_bytes_done(&many);
}

/* Where the tag's value lies in a file that Pillow wrote ("MM"). */
static uint8_t *orientation_value(sx_bytes *file) {
    const uint8_t tag[] = {0x01, 0x12, 0, 3, 0, 0, 0, 1, 0};
    uint8_t *found = memmem(file->data, file->size, tag, sizeof tag);
    assert_non_null(found);
    return found + sizeof tag;
}

static void all_orientations_are_turned_upright(void **state) {
    (void)state;
    /* Which stored corner becomes the upright picture's first pixel, second in its row, and second
     * in its column: as row and column of the stored picture, where -1 is the last. */
    static const int corners[9][3][2] = {
        [1] = {{0, 0}, {0, 1}, {1, 0}},       [2] = {{0, -1}, {0, -2}, {1, -1}},
        [3] = {{-1, -1}, {-1, -2}, {-2, -1}}, [4] = {{-1, 0}, {-1, 1}, {-2, 0}},
        [5] = {{0, 0}, {1, 0}, {0, 1}},       [6] = {{-1, 0}, {-2, 0}, {-1, 1}},
        [7] = {{-1, -1}, {-2, -1}, {-1, -2}}, [8] = {{0, -1}, {1, -1}, {0, -2}},
    };
    sx_bytes file = read_data("orientation6.jpg");
    uint8_t *value = orientation_value(&file);
    sx_image stored, image;
    *value = 1;
    assert_int_equal(sx_jpeg_decode(file.data, file.size, &stored, NULL), SX_OK);
    for (int turn = 1; turn <= 8; turn++) {
        *value = (uint8_t)turn;
        assert_int_equal(sx_jpeg_decode(file.data, file.size, &image, NULL), SX_OK);
        assert_int_equal(image.height, turn < 5 ? stored.height : stored.width);
        assert_int_equal(image.width, turn < 5 ? stored.width : stored.height);
        const size_t places[] = {0, 3, (size_t)image.width * 3};
        for (int i = 0; i < 3; i++) {
            int row = corners[turn][i][0], column = corners[turn][i][1];
            row += row < 0 ? stored.height : 0;
            column += column < 0 ? stored.width : 0;
            const uint8_t *from = stored.pixels + 3 * (row * stored.width + column);
            assert_memory_equal(image.pixels + places[i], from, 3);
        }
        sx_image_done(&image);
    }
    *value = 9; /* no orientation: upright */
    assert_int_equal(sx_jpeg_decode(file.data, file.size, &image, NULL), SX_OK);
    assert_memory_equal(image.pixels, stored.pixels,
                        (size_t)(image.height * image.width * image.channels));
    sx_image_done(&image);
    sx_image_done(&stored);
    sx_bytes_done(&file);
}

static void cmyk_and_strangers_are_refused(void **state) {
    (void)state;
    sx_error err = {0};
    sx_image image;
    assert_int_equal(sx_image_read(DATA "cmyk.jpg", &image, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "CMYK"));
    assert_non_null(strstr(err.message, "cmyk.jpg'"));
    assert_int_equal(sx_image_read(DATA "expected.txt", &image, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "neither a PNG nor a JPEG"));
    assert_int_equal(sx_image_read("/nowhere.png", &image, &err), SX_IO);
    assert_true(sx_image_has_name("a/b.PNG") && sx_image_has_name("x.jpeg"));
    assert_true(sx_image_has_name("x.y.Jpg"));
    assert_false(sx_image_has_name(".png") || sx_image_has_name("png") ||
                 sx_image_has_name("a.gif"));
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    const int channels[] = {1, 3, 4};
    for (int i = 0; i < 3; i++) {
        sx_image image, back;
        sx_bytes png;
        sx_error err = {0};
        assert_int_equal(sx_image_new(&image, 5, 300, channels[i], &err), SX_OK);
        size_t count = (size_t)(5 * 300 * channels[i]);
        for (size_t k = 0; k < count; k++) image.pixels[k] = (uint8_t)(k * k + k / 7);
        assert_int_equal(sx_png_encode(&image, &png, &err), SX_OK);
        assert_int_equal(sx_png_decode(png.data, png.size, &back, &err), SX_OK);
        assert_int_equal(back.channels, channels[i]);
        assert_int_equal(back.width, 300);
        assert_memory_equal(back.pixels, image.pixels, count);
        sx_image_done(&image);
        sx_image_done(&back);
        sx_bytes_done(&png);
    }
    sx_bytes none;
    assert_int_equal(sx_png_encode(&(sx_image){0}, &none, NULL), SX_BAD_INPUT);
    sx_image image;
    assert_int_equal(sx_image_new(&image, 8192, 8193, 1, NULL), SX_BAD_INPUT);
    assert_int_equal(sx_image_new(&image, 0, 4, 1, NULL), SX_BAD_INPUT);
    assert_int_equal(sx_image_new(&image, 4, -4, 1, NULL), SX_BAD_INPUT);
    assert_int_equal(sx_image_new(&image, 4, 4, 2, NULL), SX_BAD_INPUT);
    assert_null(image.pixels);
}

static sx_status read_once(void *path, sx_error *err) {
    sx_image image;
    sx_status status = sx_image_read(path, &image, err);
    sx_image_done(&image);
    return status;
}

static sx_status write_once(void *image, sx_error *err) {
    sx_bytes png;
    sx_status status = sx_png_encode(image, &png, err);
    sx_bytes_done(&png);
    return status;
}

static void running_out_of_memory_is_told(void **state) {
    (void)state;
    assert_true(fail_every_allocation(read_once, DATA "palette4-trns.png") > 4);
    assert_true(fail_every_allocation(read_once, DATA "rgba16-adam7.png") > 4);
    assert_int_equal(fail_every_allocation(read_once, DATA "orientation6.jpg"), 3);
    sx_image image = read_picture("rgb8.png");
    assert_true(fail_every_allocation(write_once, &image) > 4);
    sx_image_done(&image);
}

static void nothing_is_printed(void **state) {
    (void)state;
    char path[] = "/tmp/sextant-test-XXXXXX";
    int file = mkstemp(path), kept = dup(2);
    assert_true(file >= 0 && kept >= 0);
    dup2(file, 2);
    damage_never_crashes(state);
    a_cut_file_is_told(state);
    dup2(kept, 2);
    assert_int_equal(lseek(file, 0, SEEK_END), 0);
    close(file);
    close(kept);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(a_cut_file_is_told),
        cmocka_unit_test(damage_never_crashes),
        cmocka_unit_test(picture_bombs_are_refused_before_they_allocate),
        cmocka_unit_test(endless_scans_are_refused),
        cmocka_unit_test(all_orientations_are_turned_upright),
        cmocka_unit_test(cmyk_and_strangers_are_refused),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(running_out_of_memory_is_told),
        cmocka_unit_test(nothing_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
