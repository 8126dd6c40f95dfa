/* Sets after SI-Score: arithmetic of the released ones, and rows and pixels beside a restatement in
 * NumPy and Pillow (tests/reference/si_score.py). */
#include "tests/unit/home.h"
#include "tests/unit/unit.h"

#include "core/data/data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DATA SX_SOURCE "/tests/data/si-score/"

static sx_si_grid grid; /* too large for a stack frame */

static sx_si_options options_of(const char *out) {
    return (sx_si_options){.foregrounds = DATA "foregrounds",
                           .backgrounds = DATA "backgrounds",
                           .grid = &grid,
                           .out = out,
                           .png = true};
}

static const char *place_in(char path[200], const char *name) {
    snprintf(path, 100, "%s/%s", home, name);
    return path;
}

static sx_bytes file_of(const char *folder, const char *name) {
    char path[SX_PATH_SIZE];
    sx_bytes bytes;
    sx_error err = {0};
    assert_int_equal(sx_path_join(path, folder, name, NULL), SX_OK);
    if (sx_file_read(path, 1 << 26, &bytes, &err)) fail_msg("%s", err.message);
    return bytes;
}

static void build(const sx_si_options *options, sx_si_report *report) {
    sx_error err = {0};
    if (sx_si_build(options, report, &err)) fail_msg("%s", err.message);
}

/* ---- beside the restatement --------------------------------------------------------------------
 */

static int farthest(const sx_image *ours, const uint8_t *theirs) {
    int most = 0;
    for (int i = 0; i < ours->height * ours->width * 3; i++) {
        int d = abs(ours->pixels[i] - theirs[i]);
        most = d > most ? d : most;
    }
    return most;
}

/* The picture of a row of metadata.csv. */
static sx_image picture_of(const char *folder, const char *row) {
    static const char *const classes[] = {"banana", "zebra"};
    unsigned id;
    int class;
    char path[512];
    sx_image image;
    sx_error err = {0};
    assert_int_equal(sscanf(row, "%u,%*[^,],%*[^,],%*[^,],%*[^,],%d", &id, &class), 2);
    snprintf(path, sizeof path, "%s/%s/%u.png", folder, classes[class], id);
    if (sx_image_read(path, &image, &err)) fail_msg("%s", err.message);
    return image;
}

static void rows_and_pixels_equal_the_restatement(void **state) {
    (void)state;
    char out[200];
    sx_si_report report;
    assert_int_equal(sx_si_grid_read(DATA "grid.ini", &grid, NULL), SX_OK);
    sx_si_options options = options_of(place_in(out, "restated"));
    build(&options, &report);
    sx_bytes ours = file_of(out, "metadata.csv"), theirs = file_of(DATA, "metadata.csv");
    assert_string_equal(ours.data, theirs.data);
    sx_bytes file = file_of(DATA, "pictures.npy");
    sx_npy npy;
    assert_int_equal(sx_npy_header(file.data, file.size, file.size, &npy, NULL), SX_OK);
    size_t size = 3 * npy.sizes[1] * npy.sizes[2], count = 0;
    for (char *row = strchr((char *)ours.data, '\n') + 1; *row; row = strchr(row, '\n') + 1) {
        sx_image image = picture_of(out, row);
        int d = farthest(&image, file.data + npy.offset + size * count++);
        if (d > 1) fail_msg("picture %.40s differs by %d", row, d);
        sx_image_done(&image);
    }
    assert_int_equal(count, npy.sizes[0]);
    assert_int_equal(report.made, count);
    assert_int_equal(report.made + report.dropped, 3 * 2 * 3 * 2 * 3 * 5);
    sx_bytes_done(&ours);
    sx_bytes_done(&theirs);
    sx_bytes_done(&file);
}

static void draws_and_numbers_are_those_of_numpy_and_python(void **state) {
    (void)state;
    sx_bytes text = file_of(DATA, "draws.csv");
    sx_csv csv;
    assert_int_equal(sx_csv_parse("draws", (char *)text.data, text.size, &csv, NULL), SX_OK);
    assert_int_equal(csv.rows, 4);
    for (size_t row = 0; row < csv.rows; row++) {
        const double *v = csv.values + row * csv.columns;
        uint32_t bound = (uint32_t)v[1], *order = sx_alloc(bound, sizeof *order);
        sx_si_random random;
        sx_si_random_seed(&random, (uint32_t)v[0]);
        for (int call = 0; call < 2; call++) sx_si_random_choice(&random, bound, order);
        for (int k = 0; k < 3; k++) assert_int_equal(order[k], (uint32_t)v[2 + k]);
        sx_free(order);
    }
    sx_csv_done(&csv);
    sx_bytes_done(&text);
    text = file_of(DATA, "numbers.txt");
    for (char *line = (char *)text.data, *end; (end = strchr(line, '\n')); line = end + 1) {
        char number[32];
        *end = 0;
        sx_si_python_number(strtod(line, NULL), number);
        assert_string_equal(number, line);
    }
    sx_bytes_done(&text);
}

/* ---- the released sets (part E, claims 1 and 2) ------------------------------------------------
 */

static void counts_are_those_of_the_released_sets(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t places;
        int resolution;
    } sets[] = {{"size", 100, 512}, {"location", 441, 500}, {"rotation", 72, 512}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sx_si_grid_read(sets[i].name, &grid, NULL), SX_OK);
        assert_int_equal(sx_si_grid_places(&grid), sets[i].places);
        assert_int_equal(grid.resolution, sets[i].resolution);
    }
    sx_si_grid_read("location", &grid, NULL);
    assert_int_equal(sx_si_image_id(440, 2 * 614 - 1, 2 * 614) + 1, 541548);
    assert_true(grid.threshold == 0);
    assert_true(sx_si_grid_pose(&grid, 21).x == 0.05 && sx_si_grid_pose(&grid, 21).y == 0);
    assert_true(sx_si_grid_pose(&grid, 3).y == 0.15000000000000002);
}

/* Upright and centred, an object of aspect r is kept up to area 1.108 / r. */
static void large_areas_keep_square_objects_only(void **state) {
    (void)state;
    static const double ratios[] = {1, 1.2, 1.5, 2, 3}, last[] = {1.00, 0.92, 0.74, 0.55, 0.37};
    sx_si_grid_read("size", &grid, NULL);
    for (int i = 0; i < 5; i++) {
        double kept = 0;
        for (size_t place = 0; place < 100; place++) {
            sx_pose pose = sx_si_grid_pose(&grid, place);
            sx_si_box box = sx_si_place((int)(600 * ratios[i]), 600, pose, 512);
            if (box.inside >= grid.threshold) kept = pose.area;
        }
        assert_true(fabs(kept - last[i]) <= 0.011);
    }
}

static bool is_kept(int width, int height, double area, double rotation) {
    return sx_si_place(width, height, (sx_pose){area, rotation, 0.5, 0.5}, 512).inside >= 0.95;
}

static void rotation_keeps_large_objects_near_their_axes(void **state) {
    (void)state;
    sx_si_grid_read("rotation", &grid, NULL);
    for (int i = 0; i < 18; i++) {
        double degrees = grid.rotation.values[i];
        bool axis = degrees == 1 || degrees == 81 || degrees == 181 || degrees == 261;
        assert_int_equal(is_kept(600, 600, 0.8, degrees), axis);
        assert_int_equal(is_kept(600, 600, 1.0, degrees), degrees == 1 || degrees == 181);
        assert_int_equal(is_kept(800, 400, 0.5, degrees), degrees == 1 || degrees == 181);
        for (int r = 1; r <= 3; r++) assert_true(is_kept(300 * r, 300, 0.2, degrees));
    }
}

static void drawn_areas_fall_short_by_a_pixel_at_most(void **state) {
    (void)state;
    sx_random random = sx_random_from(5, 0, 0);
    for (int i = 0; i < 2000; i++) {
        int width = 20 + (int)sx_random_below(&random, 400);
        int height = 20 + (int)sx_random_below(&random, 400);
        double area = 0.02 + 0.9 * (double)sx_random_uniform(&random);
        int side = i % 2 ? 32 : 512;
        sx_si_box box = sx_si_place(width, height, (sx_pose){area, 0, 0.5, 0.5}, side);
        double drawn = (double)box.width * box.height / ((double)side * side);
        assert_true(drawn <= area * (1 + 1e-12));
        assert_true(drawn >= area * (1 - 1.0 / box.width - 1.0 / box.height));
    }
}

/* ---- building ----------------------------------------------------------------------------------
 */

static bool stop_after(void *user, const char *what, size_t done, size_t total) {
    (void)what;
    (void)total;
    return done < *(size_t *)user;
}

/* All files of the set, by a hash of their names and bytes. */
static uint64_t hash_of(const char *folder) {
    static const char *const parts[] = {"banana", "zebra"};
    sx_bytes rows = file_of(folder, "metadata.csv");
    uint64_t hash = sx_hash_bytes(rows.data, rows.size);
    sx_bytes_done(&rows);
    for (int i = 0; i < 2; i++) {
        char path[512];
        sx_listing listing;
        snprintf(path, sizeof path, "%s/%s", folder, parts[i]);
        assert_int_equal(sx_directory_list(path, &listing, NULL), SX_OK);
        for (size_t k = 0; k < listing.count; k++) {
            sx_bytes bytes = file_of(path, listing.names[k]);
            hash = hash * 31 + sx_hash_bytes(bytes.data, bytes.size);
            hash = hash * 31 + sx_hash_bytes(listing.names[k], strlen(listing.names[k]));
            sx_bytes_done(&bytes);
        }
        sx_listing_done(&listing);
    }
    return hash;
}

/* One picture as after a power cut. */
static void cut_one(const char *folder) {
    char path[SX_PATH_SIZE], file[SX_PATH_SIZE];
    sx_listing listing;
    assert_int_equal(sx_path_join(path, folder, "banana", NULL), SX_OK);
    assert_int_equal(sx_directory_list(path, &listing, NULL), SX_OK);
    assert_true(listing.count > 0);
    assert_int_equal(sx_path_join(file, path, listing.names[0], NULL), SX_OK);
    assert_int_equal(truncate(file, 300), 0);
    sx_listing_done(&listing);
}

static void an_interrupted_set_is_gone_on_with(void **state) {
    (void)state;
    char whole[200], parts[200], victim[256];
    sx_si_report report;
    sx_error err = {0};
    size_t most = 40;
    const sx_loading loading = {stop_after, &most};
    assert_int_equal(sx_si_grid_read(DATA "grid.ini", &grid, NULL), SX_OK);
    sx_si_options options = options_of(place_in(whole, "whole"));
    options.png = false;
    build(&options, &report);
    size_t all = report.made;
    options.out = place_in(parts, "parts");
    options.loading = &loading;
    assert_int_equal(sx_si_build(&options, &report, &err), SX_CANCELLED);
    if (!(report.made > 0 && report.made < all)) fail_msg("%zu of %zu were made", report.made, all);
    snprintf(victim, sizeof victim, "%s/metadata.csv", parts);
    assert_false(sx_is_file(victim));
    size_t before = report.made;
    cut_one(parts);
    options.loading = NULL;
    options.pool = sx_pool_new(3, &err);
    build(&options, &report);
    assert_int_equal(report.kept, before - 1);
    assert_int_equal(report.made, all - before + 1);
    assert_true(hash_of(parts) == hash_of(whole));
    sx_pool_free(options.pool);
}

static void another_recipe_is_refused(void **state) {
    (void)state;
    char out[200];
    sx_si_report report;
    sx_error err = {0};
    assert_int_equal(sx_si_grid_read(DATA "grid.ini", &grid, NULL), SX_OK);
    sx_si_options options = options_of(place_in(out, "recipe"));
    build(&options, &report);
    options.seed = 1;
    assert_int_equal(sx_si_build(&options, &report, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "another recipe"));
}

static void rendered_objects_need_no_files(void **state) {
    (void)state;
    char out[200];
    sx_si_report report;
    assert_int_equal(sx_si_grid_read("rotation", &grid, NULL), SX_OK);
    grid.resolution = 48;
    build(&(sx_si_options){.foregrounds = "shapes",
                           .grid = &grid,
                           .out = place_in(out, "rendered"),
                           .instances = 2},
          &report);
    assert_int_equal(report.classes, 10);
    assert_int_equal(report.objects, 20);
    assert_int_equal(report.made + report.dropped, 20 * 2 * 72);
    sx_bytes labels = file_of(out, "foreground_classes_metadata_indices.csv");
    assert_non_null(strstr((char *)labels.data, "int,label\n0,arrow\n1,cross\n"));
    sx_bytes_done(&labels);
    snprintf(out + strlen(out), 40, "/foreground_classes.csv");
    assert_false(sx_is_file(out)); /* an arrow has no index in ImageNet */
}

static void known_classes_get_their_imagenet_indices(void **state) {
    (void)state;
    char out[200];
    sx_si_report report;
    assert_int_equal(sx_si_grid_read(DATA "grid.ini", &grid, NULL), SX_OK);
    sx_si_options options = options_of(place_in(out, "imagenet"));
    build(&options, &report);
    sx_bytes labels = file_of(out, "foreground_classes.csv");
    assert_string_equal(labels.data, "int,label\n954,banana\n340,zebra\n");
    sx_bytes_done(&labels);
    assert_int_equal(sx_si_imagenet_index("kite"), 21);
    assert_int_equal(sx_si_imagenet_index("sandal"), -1);
}

/* Rows of metadata.csv of a class with that text in a column. */
static size_t count_rows(const char *rows, int class, int column, const char *value) {
    size_t count = 0;
    for (const char *row = strchr(rows, '\n') + 1; *row; row = strchr(row, '\n') + 1) {
        const char *field = row;
        for (int c = 0; c < column; c++) field = strchr(field, ',') + 1;
        const char *its_class = field;
        for (int c = column; c < 5; c++) its_class = strchr(its_class, ',') + 1;
        bool same = strncmp(field, value, strlen(value)) == 0 && field[strlen(value)] == ',';
        count += same && atoi(its_class) == class;
    }
    return count;
}

/* What was left out, and what metadata.csv says was not, is every pair of each class and value. */
static void what_is_left_out_is_counted(void **state) {
    (void)state;
    static const char *const columns[] = {"image_id", "x_coord", "y_coord", "area", "rotation"};
    char out[200];
    sx_si_report report;
    size_t pairs[5] = {0}, dropped[5] = {0};
    assert_int_equal(sx_si_grid_read(DATA "grid.ini", &grid, NULL), SX_OK);
    sx_si_options options = options_of(place_in(out, "counted"));
    build(&options, &report);
    sx_bytes table = file_of(out, "dropped.csv"), rows = file_of(out, "metadata.csv");
    for (char *row = strchr((char *)table.data, '\n') + 1; *row; row = strchr(row, '\n') + 1) {
        char class[20], factor[20], value[40];
        size_t a, b;
        int column = 1;
        assert_int_equal(
            sscanf(row, "%19[^,],%19[^,],%39[^,],%zu,%zu", class, factor, value, &a, &b), 5);
        while (strcmp(columns[column], factor) != 0) assert_true(++column < 5);
        assert_int_equal(count_rows((char *)rows.data, class[0] == 'z', column, value), a - b);
        pairs[column] += a;
        dropped[column] += b;
    }
    for (int f = 1; f < 5; f++) {
        assert_int_equal(pairs[f], report.made + report.dropped);
        assert_int_equal(dropped[f], report.dropped);
    }
    assert_true(report.dropped > 0);
    sx_bytes_done(&table);
    sx_bytes_done(&rows);
}

static void wrong_grids_get_a_sentence(void **state) {
    (void)state;
    static const char *const files[][2] = {
        {"[grid]\nx = 0:1\n", "FROM:TO:STEP"},     {"[grid]\nx =\n", "no value"},
        {"[grid]\narea = 0\n", "from 1e-06 to 2"}, {"[grid]\nz = 0\n", "did you mean"},
        {"[grid]\nx = 0:1:1e-9\n", "more than"},   {"[grid]\nx = 1:0:0.1\n", "upwards"},
    };
    sx_error err = {0};
    assert_int_equal(sx_si_grid_read("lokation", &grid, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "did you mean 'location'"));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[200];
        place_in(path, "wrong.ini");
        assert_int_equal(sx_file_write(path, files[i][0], strlen(files[i][0]), NULL), SX_OK);
        assert_int_equal(sx_si_grid_read(path, &grid, &err), SX_BAD_INPUT);
        if (!strstr(err.message, files[i][1]) || !strstr(err.message, "wrong.ini:2"))
            fail_msg("%s", err.message);
    }
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static sx_source *open_set(const char *folder) {
    sx_error err = {0};
    sx_source *source = sx_source_open(folder, 0, NULL, &err);
    if (!source) fail_msg("%s", err.message);
    return source;
}

/* Labels and factors of every item are those that its number stands for. */
static void compare_items(const sx_source *source, size_t pairs, const sx_si_grid *built) {
    const sx_source_facts *facts = sx_source_describe(source);
    for (size_t i = 0; i < facts->counts[SX_SPLIT_TEST]; i++) {
        char name[200], folder[100];
        double factors[5];
        unsigned id;
        sx_source_item_name(source, SX_SPLIT_TEST, i, name, sizeof name);
        assert_int_equal(sscanf(name, "%99[^/]/%u", folder, &id), 2);
        sx_source_factors(source, SX_SPLIT_TEST, i, factors);
        sx_pose pose = sx_si_grid_pose(built, id / pairs);
        assert_true(fabs(factors[0] - pose.x) < 1e-6 && fabs(factors[1] - pose.y) < 1e-6);
        assert_true(fabs(factors[2] - pose.area) < 1e-6 && factors[3] == pose.rotation);
        int label = sx_source_label(source, SX_SPLIT_TEST, i);
        assert_string_equal(facts->class_names[label], folder);
    }
}

/* Nine objects of three classes. */
static void write_objects(const char *folder) {
    static const char *const classes[] = {"lamp", "pear", "zebra"};
    for (int i = 0; i < 9; i++) {
        char path[SX_PATH_SIZE], name[32];
        sx_image image;
        sx_bytes bytes;
        assert_int_equal(sx_path_join(path, folder, classes[i / 3], NULL), SX_OK);
        assert_int_equal(sx_directory_make(path, NULL), SX_OK);
        assert_int_equal(sx_image_new(&image, 8 + i, 12, 4, NULL), SX_OK);
        memset(image.pixels, 255 - 20 * i, (size_t)(8 + i) * 12 * 4);
        assert_int_equal(sx_png_encode(&image, &bytes, NULL), SX_OK);
        snprintf(name, sizeof name, "%d.png", i);
        char file[SX_PATH_SIZE];
        assert_int_equal(sx_path_join(file, path, name, NULL), SX_OK);
        assert_int_equal(sx_file_write(file, bytes.data, bytes.size, NULL), SX_OK);
        sx_bytes_done(&bytes);
        sx_image_done(&image);
    }
}

/* 9 objects, 2 backgrounds of each, 441 places. */
static void a_location_set_is_built_and_read_back(void **state) {
    (void)state;
    char out[200], objects[200];
    sx_si_report report;
    sx_error err = {0};
    sx_pool *pool = sx_pool_new(2, &err);
    assert_int_equal(sx_si_grid_read("location", &grid, NULL), SX_OK);
    grid.resolution = 24;
    write_objects(place_in(objects, "nine-objects"));
    build(&(sx_si_options){.foregrounds = objects,
                           .backgrounds = DATA "backgrounds",
                           .grid = &grid,
                           .out = place_in(out, "nine"),
                           .pool = pool},
          &report);
    assert_int_equal(report.made, 7938);
    sx_source *source = open_set(out);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_int_equal(facts->counts[SX_SPLIT_TEST], 7938);
    assert_true(facts->test_only && facts->counts[SX_SPLIT_TRAIN] == 0);
    assert_null(facts->class_numbers); /* a pear has none */
    compare_items(source, 18, &grid);
    sx_image image;
    assert_int_equal(sx_source_image(source, SX_SPLIT_TEST, 2000, &image, NULL), SX_OK);
    assert_int_equal(image.width, 24);
    sx_image_done(&image);
    sx_source_free(source);
    sx_pool_free(pool);
}

static void write_in(const char *folder, const char *name, const char *text) {
    char path[SX_PATH_SIZE];
    assert_int_equal(sx_path_join(path, folder, name, NULL), SX_OK);
    assert_int_equal(sx_file_write(path, text, strlen(text), NULL), SX_OK);
}

#define ROW_NAMES "image_id,x_coord,y_coord,area,rotation,foreground_class,foreground_instance\n"

/* The released sets bring indices of ImageNet in a file; a picture that is missing is named. */
static void a_published_layout_is_read(void **state) {
    (void)state;
    char out[200];
    sx_error err = {0};
    sx_image image;
    double factors[4];
    assert_int_equal(sx_directory_make(place_in(out, "published"), NULL), SX_OK);
    write_in(out, "metadata.csv",
             "foreground_instance,image_id,x_coord,y_coord,area,rotation,foreground_class\n"
             "\"a,\"\"b\",7,0.15000000000000002,0.5,0.2,0.0,1\r\nc,19,0.5,0.5,1,341,0\n");
    write_in(out, "foreground_classes_metadata_indices.csv", "int,label\n0,lamp\n1,zebra\n");
    write_in(out, "foreground_classes.csv", "int,label\n340,zebra\n846,lamp\n");
    sx_source *source = open_set(out);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_int_equal(facts->counts[SX_SPLIT_TEST], 2);
    assert_int_equal(facts->class_numbers[0], 846);
    assert_int_equal(sx_source_label(source, SX_SPLIT_TEST, 0), 1);
    sx_source_factors(source, SX_SPLIT_TEST, 1, factors);
    assert_true(factors[2] == 1 && factors[3] == 341);
    assert_int_equal(sx_source_image(source, SX_SPLIT_TEST, 0, &image, &err), SX_IO);
    assert_non_null(strstr(err.message, "zebra/7.jpg"));
    sx_source_free(source);
}

static void wrong_tables_are_told_with_their_line(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"x,0.5,0.5,0.2,0,0,a\n", "metadata.csv:2"},
        {"1,0.5,0.5,0.2,0,2,a\n", "no such picture or class"},
        {"1,0.5,0.5,0.2,0,0,a\n2,0.5\n", "metadata.csv:3"},
        {"1,0.5,left,0.2,0,0,a\n", "no number"},
        {"", "no pictures"},
    };
    static const char *const labels[][2] = {
        {"int,label\n1,lamp\n", "in order"},
        {"int,label\n0,../lamp\n", "beside this file"},
        {"a,b\n", "int and label"},
        {"int,label\n0,lamp\n", "less than two"},
    };
    char out[200], text[400];
    sx_error err = {0};
    assert_int_equal(sx_directory_make(place_in(out, "hostile"), NULL), SX_OK);
    write_in(out, "foreground_classes_metadata_indices.csv", "int,label\n0,lamp\n1,zebra\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, ROW_NAMES "%s", rows[i][0]);
        write_in(out, "metadata.csv", text);
        assert_null(sx_source_open(out, 0, NULL, &err));
        if (!strstr(err.message, rows[i][1])) fail_msg("%s", err.message);
    }
    write_in(out, "metadata.csv", ROW_NAMES "1,0.5,0.5,0.2,0,0,a\n");
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        write_in(out, "foreground_classes_metadata_indices.csv", labels[i][0]);
        assert_null(sx_source_open(out, 0, NULL, &err));
        if (!strstr(err.message, labels[i][1])) fail_msg("%s", err.message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_pixels_equal_the_restatement),
        cmocka_unit_test(draws_and_numbers_are_those_of_numpy_and_python),
        cmocka_unit_test(counts_are_those_of_the_released_sets),
        cmocka_unit_test(large_areas_keep_square_objects_only),
        cmocka_unit_test(rotation_keeps_large_objects_near_their_axes),
        cmocka_unit_test(drawn_areas_fall_short_by_a_pixel_at_most),
        cmocka_unit_test(an_interrupted_set_is_gone_on_with),
        cmocka_unit_test(another_recipe_is_refused),
        cmocka_unit_test(rendered_objects_need_no_files),
        cmocka_unit_test(known_classes_get_their_imagenet_indices),
        cmocka_unit_test(what_is_left_out_is_counted),
        cmocka_unit_test(wrong_grids_get_a_sentence),
        cmocka_unit_test(a_location_set_is_built_and_read_back),
        cmocka_unit_test(a_published_layout_is_read),
        cmocka_unit_test(wrong_tables_are_told_with_their_line),
    };
    return cmocka_run_group_tests(tests, new_home, end_home);
}
