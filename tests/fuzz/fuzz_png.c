/* PNG: as it comes, then with its checksums made right, as a fuzzer cannot guess those. What is
 * read can be written, and reads back the same. */
#include "core/format/format.h"

#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *data, size_t size) {
    sx_image image, back;
    sx_bytes png;
    sx_image_facts facts = {0};
    sx_error err = {0};
    bool seen = sx_png_look(data, size, &facts, &err) == SX_OK;
    if (!seen && !err.message[0]) __builtin_trap();
    if (sx_png_decode(data, size, &image, &err) != SX_OK) {
        if (!err.message[0]) __builtin_trap();
        return;
    }
    if (sx_png_encode(&image, &png, &err) != SX_OK) __builtin_trap();
    if (sx_png_decode(png.data, png.size, &back, &err) != SX_OK) __builtin_trap();
    if (!seen || facts.height != image.height || facts.width != image.width) __builtin_trap();
    size_t bytes = (size_t)image.height * (size_t)image.width * (size_t)image.channels;
    if (back.channels != image.channels || memcmp(back.pixels, image.pixels, bytes) != 0)
        __builtin_trap();
    sx_bytes_done(&png);
    sx_image_done(&image);
    sx_image_done(&back);
}

static size_t number(const uint8_t *at) {
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

static void mend_checksums(uint8_t *png, size_t size) {
    for (size_t at = 8; size >= 12 && at <= size - 12;) {
        size_t length = number(png + at);
        if (length > size - 12 - at) return;
        uint32_t sum = (uint32_t)crc32(0, png + at + 4, (unsigned)length + 4);
        for (int i = 0; i < 4; i++)
            png[at + 8 + length + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
        at += 12 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check(data, size);
    uint8_t *copy = sx_alloc(size, 1);
    if (size) memcpy(copy, data, size);
    mend_checksums(copy, size);
    check(copy, size);
    sx_free(copy);
    return 0;
}
