/* Packages of pictures: a root of few files laid out as the real ones are, what is hostile among
 * them, and sets that are built from it. */
#include "tests/unit/failing.h"
#include "tests/unit/home.h"
#include "tests/unit/unit.h"

#include "core/data/data.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#define GEMS "share/rubygems-integration/all/gems/"

static char root[100];
static sx_si_grid grid; /* too large for a stack frame */

static const char *below_root(char path[SX_PATH_SIZE], const char *name) {
    snprintf(path, SX_PATH_SIZE, "%s/%s", root, name);
    return path;
}

static void write_bytes(const char *name, const void *bytes, size_t size) {
    char path[SX_PATH_SIZE], folder[SX_PATH_SIZE];
    sx_text_set(folder, sizeof folder, below_root(path, name));
    *strrchr(folder, '/') = 0;
    assert_int_equal(sx_directory_make(folder, NULL), SX_OK);
    assert_int_equal(sx_file_write(path, bytes, size, NULL), SX_OK);
}

static void write_text(const char *name, const char *text) {
    write_bytes(name, text, strlen(text));
}

static sx_bytes png_of(int channels, int shade) {
    sx_image image;
    sx_bytes bytes;
    assert_int_equal(sx_image_new(&image, 10, 12, channels, NULL), SX_OK);
    memset(image.pixels, shade, 10 * 12 * (size_t)channels);
    assert_int_equal(sx_png_encode(&image, &bytes, NULL), SX_OK);
    sx_image_done(&image);
    return bytes;
}

static void write_png(const char *name, int channels, int shade) {
    sx_bytes bytes = png_of(channels, shade);
    write_bytes(name, bytes.data, bytes.size);
    sx_bytes_done(&bytes);
}

static void store_big_endian(uint8_t *to, uint32_t value) {
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A few bytes that say they are 623 million pixels, as two stop signs of openclipart are. */
static void write_bomb(const char *name) {
    sx_bytes bytes = png_of(4, 100);
    store_big_endian(bytes.data + 16, 20990);
    store_big_endian(bytes.data + 20, 29700);
    store_big_endian(bytes.data + 29, (uint32_t)crc32(0, bytes.data + 12, 17));
    write_bytes(name, bytes.data, bytes.size);
    sx_bytes_done(&bytes);
}

/* Two animals, a fruit; and what is no use. */
static void write_stamps(void) {
    char path[SX_PATH_SIZE], target[SX_PATH_SIZE];
    write_png("share/tuxpaint/stamps/food/fruit/apple.png", 4, 90);
    write_png("share/tuxpaint/stamps/animals/birds/cartoon/duck.png", 4, 200);
    write_png("share/tuxpaint/stamps/animals/birds/stork.png", 4, 150);
    write_png("share/tuxpaint/stamps/animals/whale.PNG", 4, 150);
    write_png("share/tuxpaint/stamps/top.png", 4, 150);
    write_png("share/tuxpaint/stamps/food/fruit/opaque.png", 3, 90);
    write_bomb("share/tuxpaint/stamps/town/signs/stop.png");
    write_text("share/tuxpaint/stamps/town/signs/text.png", "no picture");
    write_text("share/tuxpaint/stamps/town/signs/stop.txt", "Stop!");
    symlink(below_root(target, "share/tuxpaint/stamps/food/fruit/apple.png"),
            below_root(path, "share/tuxpaint/stamps/food/fruit/linked.png"));
}

static void write_emoji(void) {
    write_png(GEMS "tanuki_emoji-1.2.3/app/assets/images/tanuki_emoji/emoji_u1f469_200d_1f467.png",
              4, 90);
    write_png(GEMS "tanuki_emoji-1.2.3/app/assets/images/tanuki_emoji/emoji_u2615.png", 4, 90);
    write_png(GEMS "tanuki_emoji-1.2.3/app/assets/images/tanuki_emoji/emoji_u2616.png", 4, 90);
    write_png(GEMS "tanuki_emoji-1.2.3/app/assets/images/tanuki_emoji/emoji_u2617.png", 4, 90);
    write_png(GEMS "tanuki_emoji-1.2.3/app/assets/images/tanuki_emoji/AC.png", 4, 90);
    write_text(GEMS "tanuki_emoji-1.2.3/vendor/unicode/emoji-test.txt",
               "# 2615 ; a comment\n2615 ; before any group\n# subgroup: family\n"
               "1F469 200D 1F467 ; fully-qualified # x\n# subgroup: a/drink\n2616 ; x\n# subgroup: "
               "..\n2617 ; x\n"
               "# subgroup: drink\n2615 FE0F    ; fully-qualified\n");
    write_png(GEMS "gemojione-3.3.0/assets/png/1F469-1F467.png", 4, 90);
    write_text(GEMS "gemojione-3.3.0/config/index.json",
               "{\"a\": {\"unicode\": \"1F469-1F467\", \"category\": \"people\"}, \"b\": 3}");
    write_png("node_modules/emoji-datasource-google/img/google/64/1f469-200d-1f467.png", 4, 90);
    write_text("node_modules/emoji-datasource-google/emoji.json",
               "[{\"image\": \"1f469-200d-1f467.png\", \"subcategory\": \"family\"},"
               " {\"image\": \"2615.png\"}, 7]");
    write_png("node_modules/emoji-datasource-twitter/img/twitter/64/2615.png", 4, 90);
    write_text("node_modules/emoji-datasource-twitter/emoji.json", "[]");
}

static int new_root(void **state) {
    if (new_home(state)) return -1;
    snprintf(root, sizeof root, "%s/root", home);
    write_stamps();
    write_emoji();
    write_png("share/backgrounds/mate/nature/Dune.jpg", 3, 10); /* known by its bytes */
    write_png("share/backgrounds/mate/nature/Wood.jpg", 3, 220);
    write_png("share/backgrounds/mate/nature/Aqua.jpg", 1, 60);
    write_png("share/backgrounds/mate/nature/Storm.jpg", 3, 140);
    write_bomb("share/backgrounds/mate/nature/Huge.jpg");
    return setenv("SEXTANT_PACKAGES", root, 1);
}

static sx_package_files list(const char *name, sx_package_use use) {
    sx_package_files files = {0};
    sx_error err = {0};
    const sx_package *package = sx_package_find(name, use);
    assert_non_null(package);
    if (sx_package_list(package, &files, &err)) fail_msg("%s", err.message);
    return files;
}

static void expect(const sx_package_file *file, const char *class_name, const char *name) {
    if (class_name) assert_string_equal(file->class_name, class_name);
    assert_string_equal(file->name, name);
    assert_true(sx_is_file(file->path));
}

/* ---- listing ----------------------------------------------------------------------------------
 */

static void rows_are_whole(void **state) {
    (void)state;
    const sx_package *p;
    for (int i = 0; (p = sx_package_at(i)); i++) {
        assert_ptr_equal(sx_package_find(p->name, p->use), p);
        assert_true(strstr(p->install, " install ") && p->licence[0] && p->pattern[0] != '/');
        assert_true(p->use == SX_PACKAGE_PHOTOGRAPHS || (p->index != NULL) == (p->depth == 0));
    }
    assert_null(sx_package_at(-1));
    assert_null(sx_package_find("mate", SX_PACKAGE_OBJECTS));
}

static void folders_are_classes_and_what_is_no_use_is_counted(void **state) {
    (void)state;
    sx_package_files files = list("tuxpaint", SX_PACKAGE_OBJECTS);
    assert_int_equal(files.count, 4);
    expect(&files.files[0], "animals", "animals/whale.PNG");
    expect(&files.files[1], "animals-birds", "animals/birds/cartoon/duck.png");
    expect(&files.files[2], "animals-birds", "animals/birds/stork.png");
    expect(&files.files[3], "food-fruit", "food/fruit/apple.png");
    assert_int_equal(files.opaque, 1);
    assert_int_equal(files.refused, 2);
    assert_non_null(strstr(files.first, "signs/stop.png"));
    assert_non_null(strstr(files.first, "20990 x 29700"));
    sx_package_files_done(&files);
}

static void an_index_says_what_an_emoji_is(void **state) {
    (void)state;
    sx_package_files files = list("tanuki-emoji", SX_PACKAGE_OBJECTS);
    assert_int_equal(files.count, 2);
    expect(&files.files[0], "drink", "emoji_u2615.png");
    expect(&files.files[1], "family", "emoji_u1f469_200d_1f467.png");
    sx_package_files_done(&files);
    files = list("gemojione", SX_PACKAGE_OBJECTS);
    assert_int_equal(files.count, 1);
    expect(&files.files[0], "people", "1F469-1F467.png");
    sx_package_files_done(&files);
    files = list("emoji-google", SX_PACKAGE_OBJECTS);
    assert_int_equal(files.count, 1);
    expect(&files.files[0], "family", "1f469-200d-1f467.png");
    sx_package_files_done(&files);
    sx_error err = {0};
    assert_int_equal(
        sx_package_list(sx_package_find("emoji-twitter", SX_PACKAGE_OBJECTS), &files, &err),
        SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "of no emoji"));
}

static void photographs_are_files_that_a_pattern_finds(void **state) {
    (void)state;
    sx_package_files files = list("mate", SX_PACKAGE_PHOTOGRAPHS);
    assert_int_equal(files.count, 4);
    assert_int_equal(files.refused, 1);
    expect(&files.files[0], NULL, "share/backgrounds/mate/nature/Aqua.jpg");
    sx_package_files_done(&files);
}

static void names_that_are_none_get_the_nearest(void **state) {
    (void)state;
    sx_package_files files = {0};
    sx_error err = {0};
    assert_int_equal(sx_photographs_list("matte", &files, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "did you mean 'mate'"));
    assert_int_equal(sx_photographs_list("ukui", &files, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "apt install ukui-wallpapers"));
}

static void what_is_here_is_listed(void **state) {
    (void)state;
    sx_text text = {0};
    sx_source_list(&text);
    assert_non_null(strstr(text.data, "/share/tuxpaint/stamps (GPL-2)"));
    assert_non_null(strstr(text.data, "/share/backgrounds/mate/nature (GPL-2+)"));
    assert_non_null(strstr(text.data, "not installed (apt install python3-skimage)"));
    sx_text_done(&text);
}

/* A picture that there was no memory for is not a broken one. */
static sx_status list_and_forget(void *context, sx_error *err) {
    sx_package_files files = {0};
    sx_status status = sx_package_list(context, &files, err);
    if (!status) assert_int_equal(files.refused, files.count == 4 ? 1 : 0);
    sx_package_files_done(&files);
    return status;
}

static void failing_memory_is_an_error(void **state) {
    (void)state;
    fail_every_allocation(list_and_forget, (void *)sx_package_find("mate", SX_PACKAGE_PHOTOGRAPHS));
    fail_every_json_allocation(list_and_forget,
                               (void *)sx_package_find("gemojione", SX_PACKAGE_OBJECTS));
    fail_every_allocation(list_and_forget,
                          (void *)sx_package_find("tanuki-emoji", SX_PACKAGE_OBJECTS));
}

/* ---- building ---------------------------------------------------------------------------------
 */

static size_t lines_of(const char *folder, const char *name) {
    char path[SX_PATH_SIZE];
    sx_bytes bytes;
    size_t lines = 0;
    assert_int_equal(sx_path_join(path, folder, name, NULL), SX_OK);
    assert_int_equal(sx_file_read(path, 1 << 24, &bytes, NULL), SX_OK);
    for (size_t i = 0; i < bytes.size; i++) lines += bytes.data[i] == '\n';
    sx_bytes_done(&bytes);
    return lines;
}

static void build(const char *objects, const char *backgrounds, const char *out,
                  sx_si_report *report) {
    sx_error err = {0};
    assert_int_equal(sx_si_grid_read("rotation", &grid, NULL), SX_OK);
    grid.resolution = 32;
    grid.threshold = 0;
    const sx_si_options options = {
        .foregrounds = objects, .backgrounds = backgrounds, .grid = &grid, .out = out, .png = true};
    if (sx_si_build(&options, report, &err)) fail_msg("%s", err.message);
}

static void a_set_is_built_from_packages(void **state) {
    (void)state;
    char out[100];
    sx_si_report report;
    snprintf(out, sizeof out, "%s/packages", home);
    build("tuxpaint", "mate", out, &report);
    assert_int_equal(report.classes, 3);
    assert_int_equal(report.objects, 4);
    assert_int_equal(report.made, 4 * 2 * 72);
    assert_int_equal(report.refused, 3);
    assert_non_null(strstr(report.first_refused, "stop.png"));
    assert_int_equal(lines_of(out, "backgrounds.csv"), 1 + 4);
    sx_source *source = sx_source_open(out, 0, NULL, NULL);
    assert_non_null(source);
    assert_string_equal(sx_source_describe(source)->class_names[1], "animals-birds");
    sx_source_free(source);
}

/* The numbers of the others are those that they would have. */
static void a_broken_object_is_left_out(void **state) {
    (void)state;
    char out[100], objects[SX_PATH_SIZE], path[SX_PATH_SIZE];
    sx_si_report report;
    write_png("own/cat/0.png", 4, 90);
    write_text("own/cat/1.png", "no picture");
    write_png("own/dog/2.png", 4, 90);
    snprintf(out, sizeof out, "%s/broken", home);
    build(below_root(objects, "own"), "mate", out, &report);
    assert_int_equal(report.objects, 3);
    assert_int_equal(report.refused, 2); /* and Huge.jpg */
    assert_int_equal(report.made, 2 * 2 * 72);
    assert_int_equal(lines_of(out, "metadata.csv"), 1 + 2 * 2 * 72);
    snprintf(path, sizeof path, "%s/dog/4.png", out);
    assert_true(sx_is_file(path));
    snprintf(path, sizeof path, "%s/cat/2.png", out);
    assert_false(sx_is_file(path));
}

static void objects_that_are_all_broken_are_an_error(void **state) {
    (void)state;
    char out[100], objects[SX_PATH_SIZE];
    sx_si_report report;
    sx_error err = {0};
    write_bomb("bombs/cat/0.png");
    snprintf(out, sizeof out, "%s/bombs", home);
    const sx_si_options options = {
        .foregrounds = below_root(objects, "bombs"), .grid = &grid, .out = out};
    assert_int_equal(sx_si_build(&options, &report, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "no object could be read"));
    assert_non_null(strstr(err.message, "20990 x 29700"));
}

static void studies_take_photographs_by_name(void **state) {
    (void)state;
    sx_error err = {0};
    uint8_t pixels[2][8 * 8 * 3];
    for (int half = 0; half < 2; half++) {
        sx_backgrounds *b = sx_backgrounds_open("mate", 8, 0, half == 1, NULL, &err);
        if (!b) fail_msg("%s", err.message);
        sx_backgrounds_draw(b, 0, pixels[half]);
        sx_backgrounds_free(b);
    }
    assert_memory_not_equal(pixels[0], pixels[1], sizeof pixels[0]);
    assert_null(sx_backgrounds_open("matte", 8, 0, false, NULL, &err));
    assert_non_null(strstr(err.message, "did you mean 'mate'"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(folders_are_classes_and_what_is_no_use_is_counted),
        cmocka_unit_test(an_index_says_what_an_emoji_is),
        cmocka_unit_test(photographs_are_files_that_a_pattern_finds),
        cmocka_unit_test(names_that_are_none_get_the_nearest),
        cmocka_unit_test(what_is_here_is_listed),
        cmocka_unit_test(failing_memory_is_an_error),
        cmocka_unit_test(a_set_is_built_from_packages),
        cmocka_unit_test(a_broken_object_is_left_out),
        cmocka_unit_test(objects_that_are_all_broken_are_an_error),
        cmocka_unit_test(studies_take_photographs_by_name),
    };
    return cmocka_run_group_tests(tests, new_root, end_home);
}
