/* Binary formats: SHA-256, gzip, IDX. */
#include "tests/unit/unit.h"

#include "core/format/format.h"
#include "tests/unit/failing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static void sha256_is_the_standard_one(void **state) {
    (void)state;
    char out[65];
    sx_sha256("abc", 3, out); /* FIPS 180-2, appendix B.1 */
    assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sx_sha256("", 0, out);
    assert_string_equal(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* Appends a gzip member with `size` bytes of `data`. */
static void add_member(sx_text *out, const void *data, size_t size) {
    z_stream z = {0};
    uint8_t *packed = malloc(size + 1000);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (z_const Bytef *)data;
    z.avail_in = (unsigned)size;
    z.next_out = packed;
    z.avail_out = (unsigned)size + 1000;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    sx_text_add_bytes(out, (char *)packed, z.total_out);
    deflateEnd(&z);
    free(packed);
}

static sx_status inflate_text(const sx_text *file, size_t limit, sx_bytes *out, sx_error *err) {
    return sx_gzip_decode((uint8_t *)file->data, file->size, limit, out, err);
}

static void gzip_members_are_joined(void **state) {
    (void)state;
    sx_text file = {0};
    sx_bytes out;
    sx_error err = {0};
    add_member(&file, "hello, ", 7);
    add_member(&file, "", 0);
    add_member(&file, "world", 5);
    assert_true(sx_gzip_is((uint8_t *)file.data, file.size));
    assert_int_equal(inflate_text(&file, 12, &out, &err), SX_OK);
    assert_int_equal(out.size, 12);
    assert_string_equal((char *)out.data, "hello, world");
    sx_bytes_done(&out);
    sx_text_add_bytes(&file, "\0\0\0", 3); /* padding of tapes */
    assert_int_equal(inflate_text(&file, 12, &out, &err), SX_OK);
    sx_bytes_done(&out);
    sx_text_add_bytes(&file, "x", 1);
    assert_int_equal(inflate_text(&file, 12, &out, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "not gzip"));
    assert_null(out.data);
    sx_text_done(&file);
}

static void gzip_bombs_are_stopped(void **state) {
    (void)state;
    size_t size = 4 << 20;
    uint8_t *zeros = calloc(size, 1);
    sx_text file = {0};
    sx_bytes out;
    sx_error err = {0};
    add_member(&file, zeros, size);
    assert_int_equal(inflate_text(&file, size, &out, &err), SX_OK);
    assert_int_equal(out.size, size);
    sx_bytes_done(&out);
    const size_t limits[] = {0, 1, 1000, 4096, size - 1};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        assert_int_equal(inflate_text(&file, limits[i], &out, &err), SX_BAD_INPUT);
        assert_non_null(strstr(err.message, "more than"));
        assert_null(out.data);
    }
    /* A trailer that lies about the size only costs a reallocation. */
    memset(file.data + file.size - 4, 0, 4);
    assert_int_equal(inflate_text(&file, size, &out, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "incorrect length check"));
    sx_text_done(&file);
    free(zeros);
}

static void damaged_gzip_is_told(void **state) {
    (void)state;
    sx_text file = {0};
    sx_bytes out;
    sx_error err = {0};
    add_member(&file, "some text, some text, some more text", 36);
    for (size_t size = 0; size < file.size; size++) {
        uint8_t *copy = malloc(size ? size : 1);
        memcpy(copy, file.data, size);
        assert_int_equal(sx_gzip_decode(copy, size, 100, &out, &err), SX_BAD_INPUT);
        assert_non_null(strstr(err.message, size < 3 ? "not a gzip" : "cut short"));
        free(copy);
    }
    file.data[file.size - 8] = (char)~file.data[file.size - 8];
    assert_int_equal(inflate_text(&file, 100, &out, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "incorrect data check"));
    sx_text_done(&file);
}

static void files_are_inflated_if_they_are_gzip(void **state) {
    (void)state;
    char path[] = "/tmp/sextant-test-XXXXXX";
    close(mkstemp(path));
    sx_text file = {0};
    sx_bytes out;
    sx_error err = {0};
    assert_int_equal(sx_file_write(path, "plain", 5, &err), SX_OK);
    assert_int_equal(sx_file_read_inflated(path, 5, &out, &err), SX_OK);
    assert_string_equal((char *)out.data, "plain");
    sx_bytes_done(&out);
    assert_int_equal(sx_file_read_inflated(path, 4, &out, &err), SX_BAD_INPUT);
    add_member(&file, "packed", 6);
    assert_int_equal(sx_file_write(path, file.data, file.size, &err), SX_OK);
    assert_int_equal(sx_file_read_inflated(path, 100, &out, &err), SX_OK);
    assert_string_equal((char *)out.data, "packed");
    sx_bytes_done(&out);
    assert_int_equal(sx_file_write(path, file.data, file.size - 1, &err), SX_OK);
    assert_int_equal(sx_file_read_inflated(path, 100, &out, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, path));
    assert_null(out.data);
    sx_text_done(&file);
    unlink(path);
    assert_int_equal(sx_file_read_inflated(path, 100, &out, &err), SX_IO);
    assert_null(out.data);
}

static void idx_is_read(void **state) {
    (void)state;
    const uint8_t file[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
    sx_idx idx;
    assert_int_equal(sx_idx_decode(file, sizeof file, &idx, NULL), SX_OK);
    assert_int_equal(idx.rank, 2);
    assert_int_equal(idx.sizes[0], 2);
    assert_int_equal(idx.sizes[1], 3);
    assert_int_equal(idx.count, 6);
    assert_ptr_equal(idx.values, file + 12);
    for (size_t size = 0; size < sizeof file; size++) {
        uint8_t *copy = malloc(size ? size : 1);
        memcpy(copy, file, size);
        assert_int_equal(sx_idx_decode(copy, size, &idx, NULL), SX_BAD_INPUT);
        assert_null(idx.values);
        free(copy);
    }
}

static void idx_errors_give_the_offset(void **state) {
    (void)state;
    static const struct {
        uint8_t bytes[24];
        size_t size;
        const char *sentence;
    } bad[] = {
        {{0, 1, 8, 1, 0, 0, 0, 1, 1}, 9, "bytes 0 and 1"},
        {{0, 0, 13, 1, 0, 0, 0, 1, 1}, 9, "offset 2: IDX values of type 0x0d"},
        {{0, 0, 8, 0}, 4, "offset 3: an IDX rank of 0"},
        {{0, 0, 8, 5}, 24, "offset 3: an IDX rank of 5"},
        {{0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 0}, 12, "offset 8: an IDX size of zero"},
        {{0, 0, 8, 1, 0, 0, 0, 2, 1}, 9, "offset 8: the IDX sizes call for 2 values, but 1"},
        {{0, 0, 8, 1, 0, 0, 0, 1, 1, 1}, 10, "offset 8: the IDX sizes call for 1 values, but 2"},
        {{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 9},
         17,
         "offset 12: the IDX sizes overflow"},
        {{0, 0, 8, 2, 0, 0}, 6, "offset 6: the IDX sizes are cut short"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sx_idx idx;
        sx_error err = {0};
        assert_int_equal(sx_idx_decode(bad[i].bytes, bad[i].size, &idx, &err), SX_BAD_INPUT);
        if (!strstr(err.message, bad[i].sentence))
            fail_msg("'%s' instead of '%s'", err.message, bad[i].sentence);
    }
}

static sx_status gzip_once(void *file, sx_error *err) {
    sx_bytes out;
    sx_status status = inflate_text(file, 1 << 20, &out, err);
    sx_bytes_done(&out);
    return status;
}

static void running_out_of_memory_is_told(void **state) {
    (void)state;
    sx_text file = {0};
    char *noise =
        malloc(200000); /* more than zlib's window and than the guess of the last member */
    for (size_t i = 0; i < 200000; i++) noise[i] = (char)(i * i >> 7);
    add_member(&file, noise, 200000);
    add_member(&file, "x", 1);
    assert_true(fail_every_allocation(gzip_once, &file) >= 5);
    sx_text_done(&file);
    free(noise);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_the_standard_one),
        cmocka_unit_test(gzip_members_are_joined),
        cmocka_unit_test(gzip_bombs_are_stopped),
        cmocka_unit_test(damaged_gzip_is_told),
        cmocka_unit_test(files_are_inflated_if_they_are_gzip),
        cmocka_unit_test(idx_is_read),
        cmocka_unit_test(idx_errors_give_the_offset),
        cmocka_unit_test(running_out_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
