/* Files of named tensors: opened, recognised, held against a model, read; or refused with a
 * sentence. A model that a file claims may be large, so only small claims are built. */
#include "core/model/model.h"

#include <stdio.h>
#include <unistd.h>

#define LARGEST ((size_t)1 << 16) /* values of a tensor that is read */
#define BUILT 64                  /* channels, classes and pixels of a model that is built */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(sx_tensors *file) {
    static float values[LARGEST];
    for (size_t i = 0; i < sx_tensors_count(file); i++) {
        const sx_tensor_facts *tensor = sx_tensors_at(file, i);
        sx_error err = {0};
        if (tensor->count <= LARGEST && sx_tensors_read(file, tensor, values, &err) &&
            !err.message[0])
            __builtin_trap();
    }
}

static void recognise(sx_tensors *file) {
    sx_checkpoint checkpoint;
    sx_error err = {0};
    size_t trained;
    if (sx_checkpoint_recognise(file, &checkpoint, &err)) {
        if (!err.message[0]) __builtin_trap();
        return;
    }
    if (checkpoint.height > BUILT || checkpoint.channels > BUILT || checkpoint.classes > BUILT)
        return;
    if (sx_checkpoint_check(file, &checkpoint, &trained, &err) && !err.message[0]) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    sx_error err = {0};
    snprintf(path, sizeof path, "/tmp/sx-fuzz-%d.tensors", (int)getpid());
    FILE *out = fopen(path, "wb");
    if (!out) return 0;
    fwrite(data, 1, size, out);
    fclose(out);
    sx_tensors *file = sx_tensors_open(path, &err);
    if (!file && !err.message[0]) __builtin_trap();
    if (file) {
        read_all(file);
        recognise(file);
    }
    sx_tensors_close(file);
    unlink(path);
    return 0;
}
