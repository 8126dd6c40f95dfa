/* Sets of objects as others lay them out: mini sets, one folder with a table, broken pictures; maps
 * of classes; and sets whose building was killed. */
#include "tests/unit/home.h"
#include "tests/unit/unit.h"

#include "core/data/data.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DATA SX_SOURCE "/tests/data/si-score/"

static sx_si_grid grid; /* too large for a stack frame */

static const char *place_in(char path[200], const char *name) {
    snprintf(path, 100, "%s/%s", home, name);
    assert_int_equal(sx_directory_make(path, NULL), SX_OK);
    return path;
}

static void write_in(const char *folder, const char *name, const char *text) {
    char path[SX_PATH_SIZE];
    assert_int_equal(sx_path_join(path, folder, name, NULL), SX_OK);
    assert_int_equal(sx_file_write(path, text, strlen(text), NULL), SX_OK);
}

static void write_png(const char *folder, const char *name, int side) {
    char path[SX_PATH_SIZE];
    sx_image image;
    sx_bytes bytes;
    assert_int_equal(sx_image_new(&image, side, side, 3, NULL), SX_OK);
    assert_int_equal(sx_png_encode(&image, &bytes, NULL), SX_OK);
    assert_int_equal(sx_path_join(path, folder, name, NULL), SX_OK);
    assert_int_equal(sx_file_write(path, bytes.data, bytes.size, NULL), SX_OK);
    sx_bytes_done(&bytes);
    sx_image_done(&image);
}

static sx_source *open_set(const char *folder) {
    sx_error err = {0};
    sx_source *source = sx_source_open(folder, 0, NULL, &err);
    if (!source) fail_msg("%s", err.message);
    return source;
}

static void expect_item(const sx_source *source, size_t index, const char *name, int label) {
    char shown[400];
    sx_source_item_name(source, SX_SPLIT_TEST, index, shown, sizeof shown);
    assert_string_equal(shown, name);
    assert_int_equal(sx_source_label(source, SX_SPLIT_TEST, index), label);
}

/* ---- mini sets ---------------------------------------------------------------------------------
 */

/* 17 x 17 places in steps of 0.0625, one picture each; numbers have gaps. */
static void a_mini_set_of_places_is_read(void **state) {
    (void)state;
    char out[200];
    sx_text text = {0};
    sx_text_add(&text, "image_id,x_coord,y_coord,area,rotation,foreground_class,"
                       "foreground_instance,background,bg_resolution_width,"
                       "bg_resolution_height,pct_inside_image\n");
    for (int i = 0; i < 289; i++)
        sx_text_add(&text, "%d,%.17g,%.17g,0.2,0.0,%d,a_1_2,3,500,500,1.0\n", 7 * i,
                    i / 17 * 0.0625, i % 17 * 0.0625, i % 2);
    write_in(place_in(out, "object_location_mini"), "metadata.csv", text.data);
    write_in(out, "foreground_classes_metadata_indices.csv", "int,label\n0,broccoli\n1,zebra\n");
    sx_source *source = open_set(out);
    const sx_source_facts *facts = sx_source_describe(source);
    double factors[8];
    assert_int_equal(facts->counts[SX_SPLIT_TEST], 289);
    assert_int_equal(facts->class_numbers[0], 937); /* by its name */
    expect_item(source, 288, "broccoli/2016.jpg", 0);
    sx_source_factors(source, SX_SPLIT_TEST, 19, factors);
    assert_true(factors[0] == 0.0625 && factors[1] == 0.125);
    sx_source_free(source);
    sx_text_done(&text);
}

/* 80 areas, 22 pictures each. */
static void a_mini_set_of_sizes_is_read(void **state) {
    (void)state;
    char out[200];
    sx_text text = {0};
    sx_text_add(&text, "image_id,x_coord,y_coord,area,rotation,foreground_class\n");
    for (int i = 0; i < 1760; i++)
        sx_text_add(&text, "%d,0.5,0.5,%.17g,0.0,%d\n", i, (i / 22 + 1) * 0.01, i % 2);
    write_in(place_in(out, "object_size_mini"), "metadata.csv", text.data);
    write_in(out, "foreground_classes_metadata_indices.csv", "int,label\n0,broccoli\n1,zebra\n");
    sx_source *source = open_set(out);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_int_equal(facts->counts[SX_SPLIT_TEST], 1760);
    assert_true(fabs(facts->factors[2].minimum - 0.01) < 1e-6);
    assert_true(fabs(facts->factors[2].maximum - 0.80) < 1e-6);
    sx_source_free(source);
    sx_text_done(&text);
}

/* ---- one folder and a table --------------------------------------------------------------------
 */

static void numbered_pictures_of_one_folder_are_read(void **state) {
    (void)state;
    char out[200];
    double factors[8];
    sx_image image;
    write_png(place_in(out, "numbered"), "12.png", 9);
    write_in(out, "poses.csv",
             "area,label,image_id,rotation\n0.5,zebra,7,341\n0.25,\"big, lamp\",12,1\n");
    write_in(out, "backgrounds.csv", "int,label\n0,grass\n"); /* what sets bring besides */
    sx_source *source = open_set(out);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_true(facts->test_only);
    assert_int_equal(facts->classes, 2);
    assert_string_equal(facts->class_names[0], "big, lamp");
    assert_int_equal(facts->factor_count, 2);
    assert_string_equal(facts->factors[1].name, "rotation");
    expect_item(source, 1, "12.png", 0);
    sx_source_factors(source, SX_SPLIT_TEST, 0, factors);
    assert_true(factors[0] == 0.5 && factors[1] == 341);
    assert_int_equal(sx_source_image(source, SX_SPLIT_TEST, 1, &image, NULL), SX_OK);
    assert_int_equal(image.width, 9);
    sx_image_done(&image);
    sx_source_free(source);
}

/* A picture that is missing or broken is an error of that picture, by its name. */
static void named_pictures_may_be_broken(void **state) {
    (void)state;
    char out[200], deep[300];
    sx_image image;
    sx_error err = {0};
    place_in(out, "named");
    snprintf(deep, sizeof deep, "%s/deep", out);
    assert_int_equal(sx_directory_make(deep, NULL), SX_OK);
    write_png(deep, "c.png", 5);
    write_in(out, "b.jpg", "\xFF\xD8\xFFno picture");
    write_in(out, "metadata.csv",
             "file_name,class,x_coord\na.png,lamp,0\nb.jpg,zebra,0.5\ndeep/c.png,lamp,1\n");
    sx_source *source = open_set(out);
    expect_item(source, 2, "deep/c.png", 0);
    assert_int_equal(sx_source_image(source, SX_SPLIT_TEST, 0, &image, &err), SX_IO);
    assert_non_null(strstr(err.message, "a.png"));
    assert_int_equal(sx_source_image(source, SX_SPLIT_TEST, 1, &image, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "b.jpg"));
    assert_int_equal(sx_source_image(source, SX_SPLIT_TEST, 2, &image, &err), SX_OK);
    sx_image_done(&image);
    sx_source_free(source);
}

static void faults_are_told_with_row_and_column(void **state) {
    (void)state;
    static const char *const tables[][2] = {
        {"image_id,label,area\n1,a,0.1\nx,b,0.1\n", "t.csv:3: column 'image_id' is 'x'"},
        {"image_id,label,area\n1,a,0.1\n2,b,\x1b[1m\n", "t.csv:3: column 'area' is '?[1m'"},
        {"image_id,label,area\n1,a,0.1\n2,b\n", "t.csv:3: column 'area' is missing"},
        {"image_id,label,area\n1,a,0.1\n2,,0.1\n", "t.csv:3: column 'label' is ''"},
        {"image_id,label,area\n1,a,0.1\n2\n", "t.csv:3: column 'label' is missing"},
        {"file,label,area\n../x.png,a,0.1\ny.png,b,0.1\n", "t.csv:2: column 'file' is '../x.png'"},
        {"file,label,area\nx/../../y.png,a,0.1\ny.png,b,0.1\n", "a file beside the table"},
        {"file,label,area\n/x.png,a,0.1\ny.png,b,0.1\n", "a file beside the table"},
        {"file,label,area\n,a,0.1\ny.png,b,0.1\n", "a file beside the table"},
        {"file,label,area\nx.png,a,0.1\ny.png,a,0.1\n", "less than two classes"},
        {"file,label,area\n", "less than two classes"},
    };
    char out[200];
    place_in(out, "faults");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        sx_error err = {0};
        write_in(out, "t.csv", tables[i][0]);
        assert_null(sx_source_open(out, 0, NULL, &err));
        if (!strstr(err.message, tables[i][1])) fail_msg("%s", err.message);
    }
}

static void only_one_table_with_factors_makes_a_set(void **state) {
    (void)state;
    char out[200];
    write_in(place_in(out, "tables"), "t.csv", "file,label\nx.png,a\n");
    assert_false(sx_source_recognises(out));
    write_in(out, "t.csv", "file,label,area\nx.png,a,1\ny.png,b,1\n");
    assert_true(sx_source_recognises(out));
    write_in(out, "u.csv", "file,label,area\nx.png,a,1\n");
    assert_false(sx_source_recognises(out));
}

/* ---- maps of classes ---------------------------------------------------------------------------
 */

static void a_map_gives_classes_their_indices(void **state) {
    (void)state;
    char out[200], map[300];
    sx_error err = {0};
    write_in(place_in(out, "mapped"), "t.csv", "file,label,area\nx.png,pear,1\ny.png,zebra,1\n");
    sx_source *source = open_set(out);
    assert_null(sx_source_describe(source)->class_numbers); /* a pear has none */
    snprintf(map, sizeof map, "%s/map.txt", out);
    write_in(out, "map.txt", "int,label\n7,cock\n");
    assert_int_equal(sx_source_number(source, map, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "no index for the class 'pear'"));
    write_in(out, "map.txt", "number,label\n7,cock\n");
    assert_int_equal(sx_source_number(source, map, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "int and label"));
    write_in(out, "map.txt", "int,label\n952,pear\n");
    assert_int_equal(sx_source_number(source, map, &err), SX_OK);
    assert_int_equal(sx_source_describe(source)->class_numbers[0], 952);
    assert_int_equal(sx_source_describe(source)->class_numbers[1], 340);
    sx_source_free(source);
}

/* ---- large sets --------------------------------------------------------------------------------
 */

typedef struct {
    size_t told, stop_at, last;
} watcher;

static bool watch(void *user, const char *what, size_t done, size_t total) {
    watcher *w = user;
    (void)what;
    assert_true(done > w->last && total >= done);
    w->last = done;
    return ++w->told != w->stop_at;
}

static void reading_is_told_and_stops(void **state) {
    (void)state;
    char out[200];
    sx_text text = {0};
    sx_error err = {0};
    watcher w = {0};
    const sx_loading loading = {watch, &w};
    sx_text_add(&text, "image_id,label,area\n");
    for (int i = 0; i < 40000; i++) sx_text_add(&text, "%d,%c,0.2\n", i, 'a' + i % 2);
    write_in(place_in(out, "large"), "t.csv", text.data);
    sx_source *source = sx_source_open(out, 0, &loading, &err);
    assert_non_null(source);
    assert_int_equal(w.told, 40000 / 8192);
    sx_source_free(source);
    w = (watcher){.stop_at = 2};
    assert_null(sx_source_open(out, 0, &loading, &err));
    assert_int_equal(err.status, SX_CANCELLED);
    assert_int_equal(w.told, 2);
    sx_text_done(&text);
}

/* ---- building that is killed -------------------------------------------------------------------
 */

static bool die_after(void *user, const char *what, size_t done, size_t total) {
    (void)what;
    (void)total;
    if (done >= *(size_t *)user) raise(SIGKILL);
    return true;
}

/* In a process of its own, which kills itself once so many pictures are there; whether it did. */
static bool build_and_die(const char *out, size_t after) {
    pid_t child = fork();
    int ended;
    assert_true(child >= 0);
    if (child == 0) {
        sx_si_report report;
        sx_error err = {0};
        const sx_loading loading = {die_after, &after};
        const sx_si_options options = {.foregrounds = DATA "foregrounds",
                                       .backgrounds = DATA "backgrounds",
                                       .grid = &grid,
                                       .out = out,
                                       .pool = sx_pool_new(2, &err),
                                       .loading = &loading};
        _exit(options.pool && sx_si_build(&options, &report, &err) == SX_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    if (WIFEXITED(ended)) assert_int_equal(WEXITSTATUS(ended), 0);
    return WIFSIGNALED(ended);
}

static void equal_files(const char *a, const char *b, const char *folder) {
    char path[2][SX_PATH_SIZE], file[2][SX_PATH_SIZE];
    sx_listing names[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sx_path_join(path[i], i ? b : a, folder, NULL), SX_OK);
        assert_int_equal(sx_directory_list(path[i], &names[i], NULL), SX_OK);
    }
    assert_int_equal(names[0].count, names[1].count);
    for (size_t k = 0; k < names[0].count; k++) {
        sx_bytes bytes[2];
        assert_string_equal(names[0].names[k], names[1].names[k]);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(sx_path_join(file[i], path[i], names[i].names[k], NULL), SX_OK);
            if (sx_is_directory(file[i])) break;
            assert_int_equal(sx_file_read(file[i], 1 << 24, &bytes[i], NULL), SX_OK);
        }
        if (sx_is_directory(file[0])) continue;
        assert_int_equal(bytes[0].size, bytes[1].size);
        assert_memory_equal(bytes[0].data, bytes[1].data, bytes[0].size);
        sx_bytes_done(&bytes[0]);
        sx_bytes_done(&bytes[1]);
    }
    sx_listing_done(&names[0]);
    sx_listing_done(&names[1]);
}

/* Killed again and again, a little later each time, until it comes through. */
static void a_killed_set_is_gone_on_with(void **state) {
    (void)state;
    char whole[200], parts[200];
    int kills = 0;
    place_in(whole, "unkilled");
    place_in(parts, "killed");
    assert_int_equal(sx_si_grid_read(DATA "grid.ini", &grid, NULL), SX_OK);
    assert_false(build_and_die(whole, SIZE_MAX));
    for (size_t after = 1; build_and_die(parts, after); after += 1 + after / 4) kills++;
    assert_true(kills > 10);
    equal_files(whole, parts, ".");
    equal_files(whole, parts, "banana");
    equal_files(whole, parts, "zebra");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mini_set_of_places_is_read),
        cmocka_unit_test(a_mini_set_of_sizes_is_read),
        cmocka_unit_test(numbered_pictures_of_one_folder_are_read),
        cmocka_unit_test(named_pictures_may_be_broken),
        cmocka_unit_test(faults_are_told_with_row_and_column),
        cmocka_unit_test(only_one_table_with_factors_makes_a_set),
        cmocka_unit_test(a_map_gives_classes_their_indices),
        cmocka_unit_test(reading_is_told_and_stops),
        cmocka_unit_test(a_killed_set_is_gone_on_with),
    };
    return cmocka_run_group_tests(tests, new_home, end_home);
}
