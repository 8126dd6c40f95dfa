/* A set after SI-Score of hostile bytes: the input is cut at each 0xFF into the three tables; after
 * a
 * '!' the first goes by another name, as the only table of a folder may. What opens has labels
 * below its classes, factors of every item, and pictures inside its folder. */
#include "core/data/data.h"
#include "tests/fuzz/folder.h"

#include <string.h>

static const char *const names[] = {"metadata.csv", "foreground_classes_metadata_indices.csv",
                                    "foreground_classes.csv"};
enum { FILES = sizeof names / sizeof names[0] };

static void write_files(const uint8_t *data, size_t size) {
    static const char only[] = "poses.csv";
    bool renamed = size && data[0] == '!';
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, renamed ? names[0] : only);
    unlink(path);
    data += renamed;
    size -= renamed;
    for (int i = 0; i < FILES; i++) {
        const uint8_t *cut = size ? memchr(data, 0xFF, size) : NULL;
        size_t part = cut ? (size_t)(cut - data) : size;
        write_file(i == 0 && renamed ? only : names[i], data, part);
        data += part + (cut != NULL);
        size -= part + (cut != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sx_error err = {0};
    if (!folder[0]) make_folder();
    write_files(data, size);
    sx_source *source = sx_source_open(folder, 0, NULL, &err);
    if (!source) {
        if (!err.message[0]) __builtin_trap();
        return 0;
    }
    const sx_source_facts *facts = sx_source_describe(source);
    for (size_t i = 0; i < facts->counts[SX_SPLIT_TEST]; i++) {
        double factors[16];
        char name[64];
        int label = sx_source_label(source, SX_SPLIT_TEST, i);
        if (label < 0 || label >= facts->classes || facts->factor_count > 16) __builtin_trap();
        sx_source_factors(source, SX_SPLIT_TEST, i, factors);
        sx_source_item_name(source, SX_SPLIT_TEST, i, name, sizeof name);
        if (name[0] == '/' || strncmp(name, "../", 3) == 0) __builtin_trap();
    }
    char map[160];
    snprintf(map, sizeof map, "%s/%s", folder, names[2]);
    if (sx_source_number(source, map, &err) == SX_OK && !facts->class_numbers) __builtin_trap();
    sx_source_free(source);
    return 0;
}
