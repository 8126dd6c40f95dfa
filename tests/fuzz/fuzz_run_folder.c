/* A run folder of hostile bytes: the input is cut at each 0xFF into run.ini, journal, a result and
 * both checkpoints (0xFF occurs in no valid UTF-8, and checkpoints are found without it too). The
 * folder is read, then opened for writing and written to, as a resume does. What was appended must
 * be there afterwards, however the journal ended before. */
#include "core/store/store.h"
#include "tests/fuzz/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"run.ini", "journal.jsonl", "results/training.json",
                                    "checkpoint.safetensors", "checkpoint-before.safetensors"};
enum { FILES = sizeof names / sizeof names[0] };

static void make_run_folder(void) {
    char path[128];
    make_folder();
    snprintf(path, sizeof path, "%s/results", folder);
    if (sx_directory_make(path, NULL)) abort();
    setenv("XDG_DATA_HOME", folder, 1);
}

static void write_files(const uint8_t *data, size_t size) {
    for (int i = 0; i < FILES; i++) {
        const uint8_t *cut = i + 1 < FILES && size ? memchr(data, 0xFF, size) : NULL;
        size_t part = cut ? (size_t)(cut - data) : size;
        write_file(names[i], data, part);
        data += part;
        size -= part;
        if (!cut) continue;
        data++;
        size--;
    }
}

static bool remember(void *user, const json_t *line) {
    const char *kind = json_string_value(json_object_get(line, "kind"));
    *(bool *)user = kind && strcmp(kind, "end of fuzz") == 0;
    return true;
}

static void read_all(sx_run_folder *run) {
    sx_error err = {0};
    sx_text warnings = {0};
    sx_result_list list;
    sx_safetensors file;
    bool last;
    size_t broken;
    sx_run_journal_read(run, remember, &last, &broken, &err);
    sx_result_release(sx_run_clock(run));
    if (!sx_run_load_results(run, &list, &warnings, &err)) sx_result_list_done(&list);
    if (!sx_run_load_checkpoint(run, &file, &err)) sx_safetensors_done(&file);
    sx_text_done(&warnings);
}

static void go_on(void) {
    sx_error err = {0};
    sx_run_folder *run = sx_run_open(folder, true, &err);
    if (!run) return;
    read_all(run);
    bool last = false;
    if (sx_run_journal(run, "end of fuzz", 1, NULL, false, &err) ||
        sx_run_journal_read(run, remember, &last, NULL, &err) || !last)
        abort();
    sx_run_close(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sx_error err = {0};
    if (!folder[0]) make_run_folder();
    write_files(data, size);
    sx_run_folder *run = sx_run_open(folder, false, &err);
    if (run) {
        read_all(run);
        sx_run_close(run);
        go_on();
    } else if (!err.message[0]) {
        abort(); /* a refusal without a sentence */
    }
    return 0;
}
