/* Data sets of NumPy arrays and of CIFAR's binary form: files that NumPy wrote, and hostile ones
 * (tests/reference/make_array_data.py says what the pictures hold). */
#include "tests/unit/unit.h"

#include "core/data/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA SX_SOURCE "/tests/data/arrays/"

/* Picture and label of every item must belong together, whatever split it is in. */
static void check_items(const sx_source *source) {
    const sx_source_facts *facts = sx_source_describe(source);
    for (int split = 0; split < SX_SPLITS; split++)
        for (size_t i = 0; i < facts->counts[split]; i++) {
            sx_image image;
            sx_error err = {0};
            if (sx_source_image(source, (sx_split)split, i, &image, &err))
                fail_msg("%s", err.message);
            int value = image.pixels[0], size = image.height * image.width;
            assert_int_equal(sx_source_label(source, (sx_split)split, i), value % 3);
            for (int p = 0; p < size; p++)
                for (int c = 0; c < image.channels; c++)
                    assert_int_equal(image.pixels[p * image.channels + c], value + c);
            sx_image_done(&image);
        }
}

static void check_set(const char *name, int height, int width, int channels, size_t items,
                      size_t test) {
    char path[512];
    sx_error err = {0};
    snprintf(path, sizeof path, DATA "%s", name);
    assert_true(sx_source_recognises(path));
    sx_source *source = sx_source_open(path, 1, NULL, &err);
    if (!source) fail_msg("%s", err.message);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_int_equal(facts->height, height);
    assert_int_equal(facts->width, width);
    assert_int_equal(facts->channels, channels);
    assert_int_equal(facts->counts[0] + facts->counts[1] + facts->counts[2], items);
    assert_int_equal(facts->counts[SX_SPLIT_TEST], test);
    check_items(source);
    sx_source_free(source);
}

static void sets_are_read_as_they_were_written(void **state) {
    (void)state;
    check_set("bytes.npz", 3, 5, 1, 66, 9);
    check_set("split.npz", 3, 5, 3, 78, 12);
    check_set("planes.npz", 3, 5, 3, 66, 9);
    check_set("halves.npz", 3, 5, 1, 66, 9);
    check_set("folder", 3, 5, 3, 66, 9);
    check_set("cifar10", 32, 32, 3, 72, 6);
    check_set("cifar100", 32, 32, 3, 66, 9);
}

static void cifar_classes_have_their_names(void **state) {
    (void)state;
    sx_source *source = sx_source_open(DATA "cifar10", 1, NULL, NULL);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_int_equal(facts->classes, 10);
    assert_string_equal(facts->class_names[1], "automobile");
    assert_string_equal(facts->class_names[9], "9");
    sx_source_free(source);
}

/* ---- headers by hand
 * ----------------------------------------------------------------------------- */

static sx_status header(const char *dictionary, size_t data, sx_npy *out, sx_error *err) {
    uint8_t bytes[512] = "\x93NUMPY\x01";
    size_t length = strlen(dictionary);
    bytes[7] = 0;
    bytes[8] = (uint8_t)length;
    memcpy(bytes + 10, dictionary, length);
    return sx_npy_header(bytes, 10 + length, 10 + length + data, out, err);
}

static void hostile_headers_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t data;
        const char *sentence;
    } rows[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", 24, "big-endian"},
        {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3), }", 24, "in which order"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 23, "calls for 6 values"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }", 0, "zero or too large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0,
         "zero or too large"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }", 24, "not up to 8 sizes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4,
         "not up to 8 sizes"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", 16, "are not read"},
        {"{'descr': '<f1', 'fortran_order': False, 'shape': (2,), }", 2, "are not read"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", 8, "no simple type"},
        {"{'fortran_order': False, 'shape': (2,), }", 8, "no simple type"},
        {"{'descr': '<f4', 'fortran_order': False}", 8, "no shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2", 8, "not up to 8 sizes"},
        {"{}", 8, "no simple type"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sx_npy npy;
        sx_error err = {0};
        assert_int_equal(header(rows[i].text, rows[i].data, &npy, &err), SX_BAD_INPUT);
        if (!strstr(err.message, rows[i].sentence)) fail_msg("%s: %s", rows[i].text, err.message);
    }
    sx_npy npy;
    sx_error err = {0};
    assert_int_equal(sx_npy_header((const uint8_t *)"\x93NUMPY", 6, 6, &npy, &err), SX_BAD_INPUT);
    assert_int_equal(
        sx_npy_header((const uint8_t *)"\x93NUMPY\x09\0\0\0\0\0\0", 13, 13, &npy, &err),
        SX_BAD_INPUT);
    assert_int_equal(header("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", 1, &npy, &err),
                     SX_OK);
    assert_int_equal(npy.rank, 0);
}

/* A model's weights may lie so; pictures are read one by one, where they lie together. */
static void pictures_in_fortrans_order_are_refused(void **state) {
    (void)state;
    char folder[] = "/tmp/sx-arrays-XXXXXX", path[64];
    uint8_t bytes[10 + 64 + 30 * 16] = "\x93NUMPY\x01";
    static const char text[] = "{'descr': '|u1', 'fortran_order': True, 'shape': (30, 4, 4), }";
    sx_error err = {0};
    sx_npy npy;
    bytes[8] = 64;
    memset(bytes + 10, ' ', 64);
    memcpy(bytes + 10, text, sizeof text - 1);
    assert_int_equal(sx_npy_header(bytes, sizeof bytes, sizeof bytes, &npy, &err), SX_OK);
    assert_true(npy.fortran);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/images.npy", folder);
    assert_int_equal(sx_file_write(path, bytes, sizeof bytes, NULL), SX_OK);
    static const char labels[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (30,), }";
    memset(bytes + 10, ' ', 64);
    memcpy(bytes + 10, labels, sizeof labels - 1);
    snprintf(path, sizeof path, "%s/labels.npy", folder);
    assert_int_equal(sx_file_write(path, bytes, 10 + 64 + 30, NULL), SX_OK);
    assert_null(sx_source_open(folder, 1, NULL, &err));
    assert_non_null(strstr(err.message, "Fortran"));
    unlink(path);
    snprintf(path, sizeof path, "%s/images.npy", folder);
    unlink(path);
    rmdir(folder);
}

static void values_of_all_types_are_read(void **state) {
    (void)state;
    static const struct {
        sx_npy npy;
        uint8_t bytes[8];
        double value;
    } rows[] = {
        {{.kind = 'i', .width = 1}, {0xff}, -1},
        {{.kind = 'i', .width = 2}, {0xfe, 0xff}, -2},
        {{.kind = 'i', .width = 8}, {0xfd, 255, 255, 255, 255, 255, 255, 255}, -3},
        {{.kind = 'u', .width = 4}, {0, 0, 0, 0x80}, 2147483648.0},
        {{.kind = 'b', .width = 1}, {1}, 1},
        {{.kind = 'f', .width = 2}, {0, 0x3c}, 1},
        {{.kind = 'f', .width = 2}, {1, 0x80}, -0x1p-24},
        {{.kind = 'f', .width = 2}, {0, 0x7c}, INFINITY},
        {{.kind = 'f', .width = 4}, {0, 0, 0xc0, 0xbf}, -1.5},
        {{.kind = 'f', .width = 8}, {0, 0, 0, 0, 0, 0, 0xe0, 0x3f}, 0.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(sx_npy_value(&rows[i].npy, rows[i].bytes, 0) == rows[i].value);
}

/* ---- damaged sets
 * -------------------------------------------------------------------------------- */

static char folder[64];

static void put(const char *name, const void *data, size_t size) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(sx_file_write(path, data, size, NULL), SX_OK);
}

static void put_array(const char *name, const char *descr, const char *shape, const void *values,
                      size_t size) {
    uint8_t bytes[4096] = "\x93NUMPY\x01";
    int length = snprintf((char *)bytes + 10, 200,
                          "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape);
    bytes[7] = bytes[9] = 0;
    bytes[8] = (uint8_t)length;
    memcpy(bytes + 10 + length, values, size);
    put(name, bytes, 10 + (size_t)length + size);
}

static void expect_error(const char *sentence) {
    sx_error err = {0};
    assert_null(sx_source_open(folder, 1, NULL, &err));
    if (!strstr(err.message, sentence)) fail_msg("'%s' lacks '%s'", err.message, sentence);
}

static void remove_folder(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static void damaged_arrays_are_told(void **state) {
    (void)state;
    uint8_t zeros[2048] = {0}, labels[60];
    for (int i = 0; i < 60; i++) labels[i] = (uint8_t)(i % 3);
    snprintf(folder, sizeof folder, "/tmp/sx-arrays-%d", (int)getpid());
    mkdir(folder, 0700);
    put_array("images.npy", "|u1", "(60, 4, 4)", zeros, 960);
    put_array("labels.npy", "|u1", "(59,)", labels, 59);
    expect_error("59 labels for 60 pictures");
    labels[7] = 200;
    put_array("labels.npy", "|i1", "(60,)", labels, 60);
    expect_error("label 7 is -56");
    labels[7] = 1;
    put_array("labels.npy", "<f4", "(15,)", labels, 60);
    expect_error("labels are one whole number");
    put_array("labels.npy", "|u1", "(60,)", zeros, 60);
    expect_error("one class only");
    put_array("labels.npy", "|u1", "(60,)", labels, 60);
    put_array("images.npy", "|u1", "(60, 2, 4, 2)", zeros, 960);
    expect_error("1, 3 or 4 channels");
    put_array("images.npy", "|u1", "(60, 16)", zeros, 960);
    expect_error("[count, height, width]");
    put("images.npy", "nonsense, but long enough", 25);
    expect_error("not an npy file");
    remove_folder();
}

static void wrong_values_are_told(void **state) {
    (void)state;
    float values[60 * 4];
    uint8_t labels[60];
    for (int i = 0; i < 60; i++) labels[i] = (uint8_t)(i % 3);
    for (int i = 0; i < 240; i++) values[i] = 0.5f;
    static const float wrong[] = {1.1f, -0.1f, NAN};
    snprintf(folder, sizeof folder, "/tmp/sx-arrays-%d", (int)getpid());
    for (int k = 0; k < 3; k++) {
        mkdir(folder, 0700);
        for (int i = 0; i < 60; i++) values[4 * i + 2] = wrong[k];
        put_array("images.npy", "<f4", "(60, 2, 2)", values, sizeof values);
        put_array("labels.npy", "|u1", "(60,)", labels, 60);
        sx_error err = {0};
        sx_image image;
        sx_source *source = sx_source_open(folder, 1, NULL, &err);
        if (!source) fail_msg("%s", err.message);
        assert_int_equal(sx_source_image(source, SX_SPLIT_TEST, 0, &image, &err), SX_BAD_INPUT);
        assert_non_null(strstr(err.message, "holds the value"));
        sx_source_free(source);
        remove_folder();
    }
}

static void blank_lines_name_no_class(void **state) {
    (void)state;
    static uint8_t records[60 * 3073];
    for (int i = 0; i < 60; i++) records[i * 3073] = (uint8_t)(i % 10);
    snprintf(folder, sizeof folder, "/tmp/sx-arrays-%d", (int)getpid());
    mkdir(folder, 0700);
    for (int part = 1; part <= 5; part++) {
        char name[40];
        snprintf(name, sizeof name, "data_batch_%d.bin", part);
        put(name, records, sizeof records);
    }
    put("test_batch.bin", records, sizeof records);
    static const char names[] = "\n\r\nairplane\n\nautomobile\n";
    put("batches.meta.txt", names, sizeof names - 1);
    sx_error err = {0};
    sx_source *source = sx_source_open(folder, 1, NULL, &err);
    if (!source) fail_msg("%s", err.message);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_string_equal(facts->class_names[0], "airplane");
    assert_string_equal(facts->class_names[1], "automobile");
    assert_string_equal(facts->class_names[2], "2");
    sx_source_free(source);
    remove_folder();
}

static void damaged_cifar_is_told(void **state) {
    (void)state;
    static uint8_t records[3 * 3073];
    snprintf(folder, sizeof folder, "/tmp/sx-arrays-%d", (int)getpid());
    mkdir(folder, 0700);
    put("data_batch_1.bin", records, 3072);
    expect_error("not a whole number of records of 3073 bytes");
    put("data_batch_1.bin", "", 0);
    expect_error("not a whole number of records");
    records[3073] = 10;
    put("data_batch_1.bin", records, sizeof records);
    expect_error("offset 3073: label 10; there are 10 classes");
    remove_folder();
}

static void damaged_archives_are_told(void **state) {
    (void)state;
    sx_bytes bytes;
    char path[80];
    sx_error err = {0};
    snprintf(path, sizeof path, "/tmp/sx-arrays-%d.npz", (int)getpid());
    assert_int_equal(sx_file_read(DATA "split.npz", 1 << 20, &bytes, NULL), SX_OK);
    for (size_t size = 0; size < bytes.size; size += bytes.size / 13) {
        assert_int_equal(sx_file_write(path, bytes.data, size, NULL), SX_OK);
        assert_null(sx_source_open(path, 1, NULL, &err));
        assert_true(strlen(err.message) > 20);
    }
    for (size_t at = 40; at < bytes.size; at += 37) { /* a damaged byte: read, or a sentence */
        bytes.data[at] ^= 0x55;
        assert_int_equal(sx_file_write(path, bytes.data, bytes.size, NULL), SX_OK);
        err = (sx_error){0};
        sx_source *source = sx_source_open(path, 1, NULL, &err);
        assert_true(source || strlen(err.message) > 20);
        sx_source_free(source);
        bytes.data[at] ^= 0x55;
    }
    unlink(path);
    sx_bytes_done(&bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_read_as_they_were_written),
        cmocka_unit_test(cifar_classes_have_their_names),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(pictures_in_fortrans_order_are_refused),
        cmocka_unit_test(values_of_all_types_are_read),
        cmocka_unit_test(damaged_arrays_are_told),
        cmocka_unit_test(wrong_values_are_told),
        cmocka_unit_test(blank_lines_name_no_class),
        cmocka_unit_test(damaged_cifar_is_told),
        cmocka_unit_test(damaged_archives_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
