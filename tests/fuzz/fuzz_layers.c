/* Files of layers: whatever one says, a model with a finished graph comes of it, or a sentence. */
#include "core/model/model.h"

#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[64];
    sx_model model;
    sx_error err = {0};
    if (size > 4096) return 0;
    snprintf(path, sizeof path, "/tmp/sx-fuzz-%d.ini", (int)getpid());
    if (sx_file_write(path, data, size, NULL)) return 0;
    if (sx_model_new(path, 8, 8, 3, 4, 0, &model, &err)) {
        if (!err.message[0]) __builtin_trap();
    } else {
        sx_graph *graph = sx_model_graph(&model, 2, &err);
        if (!graph) __builtin_trap();
        sx_graph_free(graph);
        sx_model_done(&model);
    }
    unlink(path);
    return 0;
}
