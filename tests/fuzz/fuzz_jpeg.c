/* JPEG: damage ends in a sentence. */
#include "core/format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sx_image image;
    sx_image_facts facts = {0};
    sx_error err = {0};
    bool seen = sx_jpeg_look(data, size, &facts, &err) == SX_OK;
    if (!seen && !err.message[0]) __builtin_trap();
    if (sx_jpeg_decode(data, size, &image, &err) != SX_OK && !err.message[0]) __builtin_trap();
    if (image.pixels && !seen) __builtin_trap();
    sx_image_done(&image);
    return 0;
}
