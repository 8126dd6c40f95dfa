/* CIFAR: whatever the files hold, every item has a picture and a label that has a name, or the set
 * is refused with a sentence. The first byte says which of the two forms is tried. */
#include "core/data/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const sx_source *source) {
    const sx_source_facts *facts = sx_source_describe(source);
    sx_error err = {0};
    for (int split = 0; split < SX_SPLITS; split++)
        for (size_t i = 0; i < facts->counts[split]; i++) {
            sx_image image;
            int label = sx_source_label(source, (sx_split)split, i);
            if (label < 0 || label >= facts->classes) __builtin_trap();
            if (sx_source_image(source, (sx_split)split, i, &image, &err)) __builtin_trap();
            if (image.height != 32 || image.width != 32 || image.channels != 3) __builtin_trap();
            sx_image_done(&image);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char folder[64];
    char file[96];
    sx_error err = {0};
    if (size == 0) return 0;
    if (!folder[0]) snprintf(folder, sizeof folder, "/tmp/sx-fuzz-cifar-%d", (int)getpid());
    if (sx_directory_make(folder, NULL)) abort();
    snprintf(file, sizeof file, "%s/%s", folder, data[0] % 2 ? "train.bin" : "data_batch_1.bin");
    if (sx_file_write(file, data + 1, size - 1, NULL)) abort();
    sx_source *source = sx_source_open(folder, 0, NULL, &err);
    if (!source && !err.message[0]) __builtin_trap();
    if (source) look(source);
    sx_source_free(source);
    unlink(file);
    rmdir(folder);
    return 0;
}
