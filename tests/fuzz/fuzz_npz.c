/* npz: whatever the archive says of itself, a member is read within the limit or refused. */
#include "core/format/format.h"

#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"images", "x"};
    char path[64];
    sx_bytes bytes;
    sx_error err = {0};
    snprintf(path, sizeof path, "/tmp/sx-fuzz-%d.npz", (int)getpid());
    if (sx_file_write(path, data, size, NULL)) return 0;
    sx_status status = sx_npz_read(path, names, 2, 1 << 16, &bytes, &err);
    if (status && !err.message[0]) __builtin_trap();
    if (bytes.size > 1 << 16) __builtin_trap();
    if (status && bytes.data) __builtin_trap();
    sx_bytes_done(&bytes);
    unlink(path);
    return 0;
}
