/* A folder of its own for fuzzing what is spread over files; in memory if possible: a run of the
 * fuzzer is thousands of folders. It goes at the end. */
#ifndef SX_TESTS_FUZZ_FOLDER_H
#define SX_TESTS_FUZZ_FOLDER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64]; /* "" before make_folder */

static inline void remove_folder(void) {
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) abort();
}

static inline void make_folder(void) {
    bool in_memory = access("/dev/shm", W_OK) == 0;
    snprintf(folder, sizeof folder, "%s/sextant-fuzz-XXXXXX", in_memory ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder)) abort();
    atexit(remove_folder);
}

static inline void write_file(const char *name, const uint8_t *data, size_t size) {
    char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) abort();
}

#endif
