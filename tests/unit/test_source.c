/* Data sets: shapes, IDX files and folders, their splits, and what is said of files that lie. */
#include "tests/unit/failing.h"
#include "tests/unit/unit.h"

#include "core/data/data.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* ---- a folder for each test ------------------------------------------------------------------ */

static char root[64];

static int make_root(void **state) {
    (void)state;
    strcpy(root, "/tmp/sextant-source-XXXXXX");
    return mkdtemp(root) && !setenv("SEXTANT_DATA", root, 1) && !setenv("SEXTANT_DATASETS", root, 1)
               ? 0
               : 1;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where) {
    (void)facts;
    (void)kind;
    (void)where;
    return remove(path);
}

static int remove_root(void **state) {
    (void)state;
    unsetenv("SEXTANT_DATA");
    unsetenv("SEXTANT_DATASETS");
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* `name` within the root; the text lives until the next-but-three call. */
static const char *within(const char *name) {
    static char paths[4][SX_PATH_SIZE];
    static int next;
    char *path = paths[next++ % 4];
    assert_int_equal(sx_path_join(path, root, name, NULL), SX_OK);
    return path;
}

static void make_directory(const char *name) {
    assert_int_equal(sx_directory_make(within(name), NULL), SX_OK);
}

static void write_bytes(const char *name, const void *data, size_t size) {
    assert_int_equal(sx_file_write(within(name), data, size, NULL), SX_OK);
}

/* An IDX file of `rank` sizes whose value i is value(i). */
typedef uint8_t (*value_of)(size_t i);
static void write_idx(const char *name, int rank, const size_t *sizes, value_of value) {
    size_t count = 1, header = 4 + 4 * (size_t)rank;
    for (int i = 0; i < rank; i++) count *= sizes[i];
    uint8_t *bytes = sx_alloc(header + count, 1);
    bytes[2] = 8;
    bytes[3] = (uint8_t)rank;
    for (int i = 0; i < rank; i++) {
        bytes[6 + 4 * i] = (uint8_t)(sizes[i] >> 8);
        bytes[7 + 4 * i] = (uint8_t)sizes[i];
    }
    for (size_t i = 0; i < count; i++) bytes[header + i] = value(i);
    if (strstr(name, ".gz")) {
        gzFile zipped = gzopen(within(name), "wb");
        assert_int_equal(gzwrite(zipped, bytes, (unsigned)(header + count)), header + count);
        gzclose(zipped);
    } else {
        write_bytes(name, bytes, header + count);
    }
    sx_free(bytes);
}

#define HEIGHT 3
#define WIDTH 5
static uint8_t item_number(size_t i) {
    return (uint8_t)(i / (HEIGHT * WIDTH));
}
static uint8_t third(size_t i) {
    return (uint8_t)(i % 3);
}
static uint8_t zero(size_t i) {
    (void)i;
    return 0;
}
static uint8_t counting(size_t i) {
    return (uint8_t)i;
}

static void write_images(const char *name, size_t count) {
    write_idx(name, 3, (size_t[]){count, HEIGHT, WIDTH}, item_number);
}
static void write_labels(const char *name, size_t count) {
    write_idx(name, 1, &count, third);
}

static void write_mnist(size_t trained, size_t tested) {
    write_images("train-images-idx3-ubyte", trained);
    write_labels("train-labels-idx1-ubyte.gz", trained);
    if (!tested) return;
    write_images("t10k-images-idx3-ubyte.gz", tested);
    write_labels("t10k-labels-idx1-ubyte", tested);
}

static void write_picture(const char *name, int size, int channels, uint8_t shade) {
    sx_image image;
    sx_bytes png;
    assert_int_equal(sx_image_new(&image, size, size, channels, NULL), SX_OK);
    memset(image.pixels, shade, (size_t)size * (size_t)size * (size_t)channels);
    assert_int_equal(sx_png_encode(&image, &png, NULL), SX_OK);
    write_bytes(name, png.data, png.size);
    sx_bytes_done(&png);
    sx_image_done(&image);
}

static void write_class(const char *name, int count, uint8_t first) {
    char path[200];
    make_directory(name);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%02d.png", name, i);
        write_picture(path, 4 + i % 2, 3, (uint8_t)(first + i));
    }
}

static sx_source *opened(const char *name, uint64_t seed) {
    sx_error err = {0};
    sx_source *source = sx_source_open(name, seed, NULL, &err);
    if (!source) fail_msg("%s", err.message);
    return source;
}

static void refused(const char *name, const char *because) {
    sx_error err = {0};
    sx_source *source = sx_source_open(name, 0, NULL, &err);
    assert_null(source);
    assert_int_not_equal(err.status, SX_OK);
    if (!strstr(err.message, because)) fail_msg("'%s' does not say '%s'", err.message, because);
}

/* The first byte of a picture: in these files the number of the item. */
static int first_byte(const sx_source *source, sx_split split, size_t index) {
    sx_image image;
    assert_int_equal(sx_source_image(source, split, index, &image, NULL), SX_OK);
    int value = image.pixels[0];
    sx_image_done(&image);
    return value;
}

static void class_counts(const sx_source *source, sx_split split, size_t *counts) {
    const sx_source_facts *facts = sx_source_describe(source);
    memset(counts, 0, (size_t)facts->classes * sizeof *counts);
    for (size_t i = 0; i < facts->counts[split]; i++) {
        int label = sx_source_label(source, split, i);
        assert_true(label >= 0 && label < facts->classes);
        counts[label]++;
    }
}

/* ---- shapes ---------------------------------------------------------------------------------- */

static void shapes_are_balanced_in_every_split(void **state) {
    (void)state;
    static const size_t each[SX_SPLITS] = {1080, 120, 200};
    sx_source *source = opened("shapes", 3);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_string_equal(facts->name, "shapes");
    assert_string_equal(facts->origin, "rendered");
    assert_string_equal(facts->note, "");
    assert_int_equal(facts->classes, 10);
    assert_int_equal(facts->channels, 4);
    for (int split = 0; split < SX_SPLITS; split++) {
        size_t counts[10];
        class_counts(source, (sx_split)split, counts);
        for (int c = 0; c < 10; c++) assert_int_equal(counts[c], each[split]);
    }
    sx_source_free(source);
}

static void factors_of(const sx_source *source, sx_split split, size_t index, double *out) {
    for (int i = 0; i < 16; i++) out[i] = NAN;
    sx_source_factors(source, split, index, out);
}

/* The factors say where the shape is, how large, and in which colour. Shape 0 is a disc of radius
 * 0.95 x size x 32 / 2.4 pixels, drawn with 32 corners. */
static void factors_are_those_of_the_picture(void **state) {
    (void)state;
    sx_source *source = opened("shapes", 0);
    const sx_source_facts *facts = sx_source_describe(source);
    int discs = 0;
    for (size_t i = 0; i < 400; i++) {
        double f[16];
        factors_of(source, SX_SPLIT_TRAIN, i, f);
        assert_int_equal(f[0], sx_source_label(source, SX_SPLIT_TRAIN, i));
        for (int k = 0; k < facts->factor_count; k++)
            assert_true(f[k] >= facts->factors[k].minimum && f[k] <= facts->factors[k].maximum);
        if (f[0] != 0) continue;
        sx_image image;
        double sum = 0, x = 0, y = 0, soft = 0;
        assert_int_equal(sx_source_image(source, SX_SPLIT_TRAIN, i, &image, NULL), SX_OK);
        for (int p = 0; p < 32 * 32; p++) {
            double alpha = image.pixels[4 * p + 3] / 255.0;
            sum += alpha;
            soft += alpha > 0 && alpha < 1;
            x += alpha * (p % 32 + 0.5) / 32;
            y += alpha * (p / 32 + 0.5) / 32;
        }
        double r = 0.95 * f[2] * 32 / 2.4;
        assert_true(fabs(sum - 16 * r * r * sin(2 * acos(-1) / 32)) < 0.01 * sum);
        assert_true(soft > 4 * r); /* anti-aliased all around */
        assert_true(fabs(x / sum - f[4]) < 0.003 && fabs(y / sum - f[5]) < 0.003);
        const uint8_t *top = image.pixels;
        int brightest = top[0] >= top[1] && top[0] >= top[2] ? 0 : top[1] >= top[2] ? 1 : 2;
        assert_int_equal(brightest, (int)floor(f[1] * 3 + 0.5) % 3);
        sx_image_done(&image);
        discs++;
    }
    assert_true(discs > 10);
    sx_source_free(source);
}

/* What identifies a rendered item, whatever its index: its hue. */
static double hue_of(const sx_source *source, sx_split split, size_t index) {
    double f[16];
    factors_of(source, split, index, f);
    return f[1] + 10 * f[0] + 1000 * f[3];
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Every item is in one split; the seed moves items between training and validation only. */
static void splits_are_disjoint_complete_and_seeded(void **state) {
    (void)state;
    enum { ITEMS = 14000, SEEDS = 3 };
    static double all[SEEDS][ITEMS], validation[SEEDS][1200], tested[SEEDS][2000];
    for (int s = 0; s < SEEDS; s++) {
        sx_source *source = opened("shapes", s == 2 ? 7 : 0);
        size_t n = 0;
        for (int split = 0; split < SX_SPLITS; split++)
            for (size_t i = 0; i < sx_source_describe(source)->counts[split]; i++, n++) {
                all[s][n] = hue_of(source, (sx_split)split, i);
                if (split == SX_SPLIT_VALIDATION) validation[s][i] = all[s][n];
                if (split == SX_SPLIT_TEST) tested[s][i] = all[s][n];
            }
        assert_int_equal(n, ITEMS);
        qsort(all[s], ITEMS, sizeof(double), by_value);
        for (size_t i = 1; i < ITEMS; i++) assert_true(all[s][i] != all[s][i - 1]);
        sx_source_free(source);
    }
    assert_memory_equal(all[0], all[2], sizeof all[0]);
    assert_memory_equal(tested[0], tested[2], sizeof tested[0]);
    assert_memory_equal(validation[0], validation[1], sizeof validation[0]);
    assert_memory_not_equal(validation[0], validation[2], sizeof validation[0]);
}

/* ---- IDX ------------------------------------------------------------------------------------- */

static void idx_folders_are_read(void **state) {
    (void)state;
    write_mnist(60, 12);
    sx_source *source = opened(within("/"), 1); /* with a slash at its end */
    const sx_source_facts *facts = sx_source_describe(source);
    assert_string_equal(facts->name, sx_path_name(root));
    assert_string_equal(facts->origin, root);
    assert_int_equal(facts->height, HEIGHT);
    assert_int_equal(facts->width, WIDTH);
    assert_int_equal(facts->channels, 1);
    assert_int_equal(facts->classes, 3);
    assert_string_equal(facts->class_names[2], "2");
    assert_int_equal(facts->counts[SX_SPLIT_TRAIN], 54);
    assert_int_equal(facts->counts[SX_SPLIT_VALIDATION], 6);
    assert_int_equal(facts->counts[SX_SPLIT_TEST], 12);
    bool seen[60] = {0};
    for (int split = 0; split < SX_SPLIT_TEST; split++)
        for (size_t i = 0; i < facts->counts[split]; i++) {
            int item = first_byte(source, (sx_split)split, i);
            assert_false(seen[item]);
            seen[item] = true;
            assert_int_equal(sx_source_label(source, (sx_split)split, i), item % 3);
        }
    for (int i = 0; i < 12; i++) assert_int_equal(first_byte(source, SX_SPLIT_TEST, (size_t)i), i);
    sx_source_free(source);
}

static void a_seventh_is_for_testing_where_no_file_is(void **state) {
    (void)state;
    write_mnist(210, 0);
    sx_source *source = opened(root, 1);
    const sx_source_facts *facts = sx_source_describe(source);
    size_t counts[3];
    class_counts(source, SX_SPLIT_TEST, counts);
    for (int c = 0; c < 3; c++) assert_int_equal(counts[c], 10);
    class_counts(source, SX_SPLIT_VALIDATION, counts);
    for (int c = 0; c < 3; c++) assert_int_equal(counts[c], 6);
    assert_int_equal(facts->counts[SX_SPLIT_TRAIN], 162);
    sx_source_free(source);
}

static void single_idx_files_are_read(void **state) {
    (void)state;
    size_t count = 40;
    write_idx("mine-images.idx", 4, (size_t[]){count, 2, 3, 3}, counting);
    write_labels("mine-labels.idx", count);
    sx_source *source = opened(within("mine-images.idx"), 1);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_string_equal(facts->name, "mine-images.idx");
    assert_int_equal(facts->channels, 3);
    assert_int_equal(facts->classes, 3);
    sx_source_free(source);
}

static void colours_come_in_order(void **state) {
    (void)state;
    size_t count = 40;
    write_idx("a-images-idx4-ubyte", 4, (size_t[]){count, 2, 3, 3}, counting);
    write_labels("a-labels-idx1-ubyte", count);
    sx_source *source = opened(within("a-images-idx4-ubyte"), 1);
    sx_image image;
    assert_int_equal(sx_source_image(source, SX_SPLIT_TRAIN, 3, &image, NULL), SX_OK);
    assert_int_equal(image.height, 2);
    assert_int_equal(image.width, 3);
    assert_int_equal(image.channels, 3);
    for (int i = 1; i < 18; i++) assert_int_equal(image.pixels[i], (uint8_t)(image.pixels[0] + i));
    sx_image_done(&image);
    sx_source_free(source);
}

static void idx_files_that_do_not_fit_are_refused(void **state) {
    (void)state;
    static const char images[] = "train-images-idx3-ubyte", labels[] = "train-labels-idx1-ubyte";
    write_images(images, 60);
    refused(root, "not its labels");
    refused(within(images), "no file of labels");
    write_labels(labels, 59);
    refused(root, "59 labels");
    write_idx(labels, 1, (size_t[]){60}, zero);
    refused(root, "one class");
    write_idx(labels, 2, (size_t[]){60, 1}, zero);
    refused(root, "dimensions");
    write_labels(labels, 60);
    write_labels(images, 60);
    refused(root, "dimensions");
    write_idx(images, 4, (size_t[]){60, 2, 2, 2}, zero);
    refused(root, "are not read");
    write_idx(images, 3, (size_t[]){60, 1, 5000}, zero);
    refused(root, "are not read");
    write_images(images, 60);
    write_idx("t10k-images-idx3-ubyte", 3, (size_t[]){20, HEIGHT, WIDTH + 1}, zero);
    write_labels("t10k-labels-idx1-ubyte", 20);
    refused(root, "another size");
    write_idx("t10k-images-idx3-ubyte", 4, (size_t[]){20, HEIGHT, WIDTH, 1}, zero);
    refused(root, "another size");
    write_mnist(6, 0);
    write_labels(labels, 6);
    refused(within(images), "too few");
}

static void broken_idx_files_are_refused(void **state) {
    (void)state;
    static const struct {
        uint8_t bytes[20];
        size_t size;
        const char *because;
    } cases[] = {
        {{0}, 0, "bytes"},
        {{0, 0, 8}, 3, "4 bytes"},
        {{1, 0, 8, 3}, 16, "not an IDX file"},
        {{0, 0, 13, 3}, 16, "unsigned bytes"},
        {{0, 0, 8, 9}, 16, "rank"},
        {{0, 0, 8, 3, 0, 0}, 6, "cut short"},
        {{0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, 16, "zero"},
        {{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, 16, "overflow"},
        {{0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1}, 18, "9 values"},
        {{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0}, 10, "gzip"}};
    write_labels("train-labels-idx1-ubyte", 60);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_bytes("train-images-idx3-ubyte", cases[i].bytes, cases[i].size);
        refused(root, cases[i].because);
        refused(root, "train-images-idx3-ubyte");
    }
}

/* ---- folders of pictures --------------------------------------------------------------------- */

static void folders_are_read(void **state) {
    (void)state;
    write_class("set/cat", 20, 0);
    write_class("set/dog", 30, 100);
    make_directory("set/empty");
    make_directory("set/texts");
    write_bytes("set/texts/notes.txt", "hello", 5);
    write_bytes("set/cat/notes.txt", "hello", 5);
    make_directory("set/cat/folder.png");
    write_bytes("set/README", "hello", 5);
    sx_source *source = opened(within("set//"), 1);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_string_equal(facts->name, "set");
    assert_int_equal(facts->classes, 2);
    assert_string_equal(facts->class_names[0], "cat");
    assert_string_equal(facts->class_names[1], "dog");
    assert_int_equal(facts->height, 0);
    static const size_t expected[SX_SPLITS][2] = {{15, 22}, {1, 2}, {4, 6}};
    bool seen[256] = {0};
    for (int split = 0; split < SX_SPLITS; split++) {
        size_t counts[2];
        class_counts(source, (sx_split)split, counts);
        assert_memory_equal(counts, expected[split], sizeof counts);
        for (size_t i = 0; i < facts->counts[split]; i++) {
            int item = first_byte(source, (sx_split)split, i);
            assert_false(seen[item]);
            seen[item] = true;
            assert_int_equal(sx_source_label(source, (sx_split)split, i), item >= 100);
        }
    }
    sx_source_free(source);
}

static void hostile_class_names_are_made_printable(void **state) {
    (void)state;
    write_class("set/a\033[31m\n", 20, 0);
    write_class("set/b\xff", 20, 0);
    sx_source *source = opened(within("set"), 1);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_string_equal(facts->class_names[0], "a?[31m?");
    assert_string_equal(facts->class_names[1], "b?");
    assert_true(first_byte(source, SX_SPLIT_TRAIN, 0) < 20); /* the file is still found */
    sx_source_free(source);
}

static void pictures_are_as_they_are(void **state) {
    (void)state;
    static const int channels[] = {1, 3, 4};
    for (int i = 0; i < 60; i++) {
        char path[64];
        snprintf(path, sizeof path, "set/%c/%02d.png", i % 2 ? 'a' : 'b', i);
        if (i < 2) make_directory(i ? "set/a" : "set/b");
        write_picture(path, 3, channels[i % 3], (uint8_t)(i % 3 + 50));
    }
    sx_source *source = opened(within("set"), 1);
    for (size_t i = 0; i < sx_source_describe(source)->counts[SX_SPLIT_TRAIN]; i++) {
        sx_image image;
        assert_int_equal(sx_source_image(source, SX_SPLIT_TRAIN, i, &image, NULL), SX_OK);
        assert_int_equal(image.channels, channels[image.pixels[0] - 50]);
        sx_image_done(&image);
    }
    sx_source_free(source);
}

static void broken_pictures_are_named_when_they_are_read(void **state) {
    (void)state;
    write_class("set/a", 20, 0);
    write_class("set/b", 20, 0);
    for (int i = 0; i < 20; i++) {
        char path[64];
        snprintf(path, sizeof path, "set/b/%02d.png", i);
        write_bytes(path, "\x89PNG\r\n\x1a\n\0\0", 10);
    }
    sx_source *source = opened(within("set"), 1);
    int broken = 0;
    for (size_t i = 0; i < sx_source_describe(source)->counts[SX_SPLIT_TRAIN]; i++) {
        sx_image image;
        sx_error err = {0};
        sx_status status = sx_source_image(source, SX_SPLIT_TRAIN, i, &image, &err);
        assert_int_equal(status == SX_OK, sx_source_label(source, SX_SPLIT_TRAIN, i) == 0);
        if (status) assert_non_null(strstr(err.message, "/set/b/"));
        if (status) assert_null(image.pixels);
        broken += status != SX_OK;
        sx_image_done(&image);
    }
    assert_int_equal(broken, 15);
    sx_source_free(source);
}

static void folders_that_are_no_data_set_are_refused(void **state) {
    (void)state;
    make_directory("set");
    refused(within("set"), "at least two");
    write_class("set/a", 20, 0);
    refused(within("set"), "at least two");
    write_class("set/b", 3, 0);
    assert_true(sx_source_recognises(within("set")));
    sx_source *lopsided = opened(within("set"), 1); /* one class is too small to be tested */
    sx_source_free(lopsided);
    make_directory("few");
    write_class("few/a", 3, 0);
    write_class("few/b", 3, 0);
    refused(within("few"), "too few");
    refused(within("nowhere"), "there is no data set");
    refused("no\033such", "no?such");
    if (geteuid() == 0) return; /* root may read everything */
    assert_int_equal(chmod(within("set/a"), 0), 0);
    refused(within("set"), "set/a");
    assert_int_equal(chmod(within("set/a"), 0700), 0);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void shapes_stand_in_for_what_is_not_installed(void **state) {
    (void)state;
    static const char *const names[] = {"", "fashion-mnist"};
    for (int i = 0; i < 2; i++) {
        sx_source *source = opened(names[i], 1);
        assert_string_equal(sx_source_describe(source)->name, "shapes");
        assert_non_null(strstr(sx_source_describe(source)->note, "apt install"));
        sx_source_free(source);
    }
}

static void another_fashion_mnist_is_refused(void **state) {
    (void)state;
    make_directory("fashion-mnist");
    write_images("fashion-mnist/train-images-idx3-ubyte", 60);
    write_labels("fashion-mnist/train-labels-idx1-ubyte", 60);
    refused("", "does not hold what Fashion-MNIST holds");
    sx_source *source = opened(within("fashion-mnist"), 0); /* by its path it is a data set */
    sx_source_free(source);
}

static void fashion_mnist_is_itself(void **state) {
    (void)state;
    unsetenv("SEXTANT_DATA");
    unsetenv("SEXTANT_DATASETS");
    sx_source *source = opened("", 0);
    const sx_source_facts *facts = sx_source_describe(source);
    if (facts->note[0]) {
        sx_source_free(source);
        skip();
    }
    assert_string_equal(facts->name, "fashion-mnist");
    assert_string_equal(facts->class_names[0], "T-shirt/top");
    assert_string_equal(facts->class_names[9], "ankle boot");
    static const size_t each[SX_SPLITS] = {5400, 600, 1000};
    for (int split = 0; split < SX_SPLITS; split++) {
        size_t counts[10];
        class_counts(source, (sx_split)split, counts);
        for (int c = 0; c < 10; c++) assert_int_equal(counts[c], each[split]);
    }
    sx_source_free(source);
}

static void own_data_sets_are_found_and_listed(void **state) {
    (void)state;
    sx_text list = {0};
    make_directory("digits");
    write_images("digits/train-images-idx3-ubyte", 60);
    write_labels("digits/train-labels-idx1-ubyte", 60);
    write_class("pets\n/a", 20, 0);
    write_class("pets\n/b", 20, 0);
    make_directory("nothing");
    sx_source *source = opened("digits", 1);
    assert_string_equal(sx_source_describe(source)->origin, within("digits"));
    sx_source_free(source);
    sx_source_list(&list);
    assert_non_null(strstr(list.data, "shapes "));
    assert_non_null(strstr(list.data, "not installed (apt install dataset-fashion-mnist)"));
    assert_non_null(strstr(list.data, within("digits")));
    assert_non_null(strstr(list.data, "pets?"));
    assert_null(strstr(list.data, "nothing"));
    sx_text_done(&list);
    assert_true(sx_source_recognises(within("digits")));
    assert_true(sx_source_recognises(within("digits/train-images-idx3-ubyte")));
    assert_false(sx_source_recognises(within("digits/train-labels-idx1-ubyte")));
    assert_false(sx_source_recognises(within("nothing")));
    assert_false(sx_source_recognises(within("missing")));
}

/* ---- stopping and memory --------------------------------------------------------------------- */

static bool stop_after(void *user, const char *what, size_t done, size_t total) {
    int *left = user;
    assert_true(what[0] != 0);
    assert_true(done <= total);
    return (*left)-- > 0;
}

static void loading_can_be_stopped_anywhere(void **state) {
    (void)state;
    write_mnist(60, 12);
    write_class("set/a", 20, 0);
    write_class("set/b", 20, 0);
    const char *names[] = {root, within("set"), within("train-images-idx3-ubyte")};
    static const int steps[] = {3, 2, 1};
    write_labels("train-labels-idx1-ubyte", 60);
    for (int i = 0; i < 3; i++)
        for (int after = 0; after <= steps[i]; after++) {
            int left = after;
            sx_error err = {0};
            sx_loading loading = {stop_after, &left};
            sx_source *source = sx_source_open(names[i], 0, &loading, &err);
            assert_int_equal(source != NULL, after == steps[i]);
            assert_int_equal(err.status, after == steps[i] ? SX_OK : SX_CANCELLED);
            sx_source_free(source);
        }
}

static sx_status open_and_read(void *context, sx_error *err) {
    sx_image image = {0};
    sx_source *source = sx_source_open(context, 0, NULL, err);
    sx_status status =
        source ? sx_source_image(source, SX_SPLIT_TRAIN, 0, &image, err) : err->status;
    sx_image_done(&image);
    sx_source_free(source);
    return status;
}

static void failing_memory_is_an_error(void **state) {
    (void)state;
    char shapes[] = "shapes", set[SX_PATH_SIZE];
    write_mnist(60, 12);
    write_class("set/a", 12, 0);
    write_class("set/b", 12, 0);
    sx_text_set(set, sizeof set, within("set"));
    assert_true(fail_every_allocation(open_and_read, shapes) >= 8);
    assert_true(fail_every_allocation(open_and_read, root) > 10);
    assert_true(fail_every_allocation(open_and_read, set) > 10);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_balanced_in_every_split),
        cmocka_unit_test(factors_are_those_of_the_picture),
        cmocka_unit_test(splits_are_disjoint_complete_and_seeded),
        IN_A_FOLDER(idx_folders_are_read),
        IN_A_FOLDER(a_seventh_is_for_testing_where_no_file_is),
        IN_A_FOLDER(single_idx_files_are_read),
        IN_A_FOLDER(colours_come_in_order),
        IN_A_FOLDER(idx_files_that_do_not_fit_are_refused),
        IN_A_FOLDER(broken_idx_files_are_refused),
        IN_A_FOLDER(folders_are_read),
        IN_A_FOLDER(hostile_class_names_are_made_printable),
        IN_A_FOLDER(pictures_are_as_they_are),
        IN_A_FOLDER(broken_pictures_are_named_when_they_are_read),
        IN_A_FOLDER(folders_that_are_no_data_set_are_refused),
        IN_A_FOLDER(shapes_stand_in_for_what_is_not_installed),
        IN_A_FOLDER(another_fashion_mnist_is_refused),
        IN_A_FOLDER(fashion_mnist_is_itself),
        IN_A_FOLDER(own_data_sets_are_found_and_listed),
        IN_A_FOLDER(loading_can_be_stopped_anywhere),
        IN_A_FOLDER(failing_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
