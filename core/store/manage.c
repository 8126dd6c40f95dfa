/* What a person does to runs that lie in the store: a note, another name, away with it. The number
 * stays when the name changes, since `--resume 12` and notes of people refer to it. A run that a
 * process holds is left alone; one that is deleted leaves the list in one step, by a rename, before
 * its files go. */
#include "core/store/internal.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOTE_FILE "note.txt"
#define NOTE_LIMIT ((size_t)4096)
#define OPEN_FILES 16 /* while a folder is removed */

void sx_run_note(const sx_run_folder *run, char *out, size_t size) {
    char path[SX_PATH_SIZE];
    sx_bytes bytes;
    out[0] = 0;
    if (sx_run_file(run, NOTE_FILE, path, NULL) || sx_file_read(path, NOTE_LIMIT, &bytes, NULL))
        return;
    char *text = (char *)bytes.data;
    text[strcspn(text, "\r\n")] = 0;
    sx_text_printable(out, size, text);
    sx_bytes_done(&bytes);
}

sx_status sx_store_note(const char *which, const char *note, sx_error *err) {
    char path[SX_PATH_SIZE], line[NOTE_LIMIT / 4];
    sx_run_folder *run = sx_run_open(which, false, err);
    if (!run) return err ? err->status : SX_BAD_INPUT;
    sx_text_printable(line, sizeof line - 1, note);
    strcat(line, "\n");
    sx_status status = sx_run_file(run, NOTE_FILE, path, err);
    if (!status && !note[0] && sx_is_file(path) && unlink(path) != 0)
        status = sx_fail(err, SX_IO, "cannot remove '%.300s': %s", path, strerror(errno));
    else if (!status && note[0])
        status = sx_file_write(path, line, strlen(line), err);
    sx_run_close(run);
    return status;
}

/* A run for which nobody computes, and which lies directly below the root, into root and path
 * [SX_PATH_SIZE]; the returned folder keeps others from going on with it. */
static sx_run_folder *take(const char *which, char *root, char *path, sx_error *err) {
    char *real;
    sx_error own;
    if (!err) err = &own;
    if (sx_store_root(root, err)) return NULL;
    sx_run_folder *run = sx_run_open(which, true, err);
    if (!run) return NULL;
    sx_text_set(path, SX_PATH_SIZE, sx_run_path(run));
    real = realpath(root, NULL);
    size_t length = real ? strlen(real) : 0;
    bool below = length && strncmp(path, real, length) == 0 && path[length] == '/' &&
                 strchr(path + length + 1, '/') == NULL;
    free(real);
    if (below) return run;
    sx_fail(err, SX_BAD_INPUT,
            strchr(sx_run_name(run), '/')
                ? "%s is a cell of a study, and goes with it"
                : "run %s is not in the list of runs; its folder is yours to move",
            sx_run_name(run));
    sx_run_close(run);
    return NULL;
}

static bool is_name(const char *name) {
    size_t length =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    return length > 0 && length <= 64 && !name[length] && name[0] != '.' && name[0] != '-';
}

sx_status sx_store_rename(const char *which, const char *name, sx_error *err) {
    char root[SX_PATH_SIZE], from[SX_PATH_SIZE], to[SX_PATH_SIZE], folder[96];
    if (!is_name(name))
        return sx_fail(err, SX_BAD_INPUT,
                       "a name has letters, digits, '-', '_' and '.', at most 64 of them");
    sx_run_folder *run = take(which, root, from, err);
    if (!run) return err ? err->status : SX_BAD_INPUT;
    long number = sx_run_number(sx_run_name(run));
    if (number)
        snprintf(folder, sizeof folder, "%04ld-%.64s", number, name);
    else
        snprintf(folder, sizeof folder, "%.64s", name);
    sx_status status = sx_path_join(to, root, folder, err);
    if (!status && strcmp(sx_path_name(from), folder) != 0) {
        if (sx_is_directory(to) || sx_is_file(to))
            status = sx_fail(err, SX_BAD_INPUT, "there is a run '%s' already", folder);
        else if (rename(from, to) != 0)
            status = sx_fail(err, SX_IO, "cannot rename '%.200s': %s", from, strerror(errno));
    }
    sx_run_close(run);
    return status;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *where) {
    (void)facts, (void)kind, (void)where;
    return remove(path);
}

static int remove_inner(const char *path, const struct stat *facts, int kind, struct FTW *where) {
    return where->level > 0 ? remove_one(path, facts, kind, where) : 0;
}

int sx_folder_empty(const char *path) {
    return nftw(path, remove_inner, OPEN_FILES, FTW_DEPTH | FTW_PHYS);
}

int sx_folder_remove(const char *path) {
    return nftw(path, remove_one, OPEN_FILES, FTW_DEPTH | FTW_PHYS);
}

sx_status sx_store_delete(const char *which, sx_error *err) {
    char root[SX_PATH_SIZE], from[SX_PATH_SIZE], to[SX_PATH_SIZE], folder[160];
    sx_run_folder *run = take(which, root, from, err);
    if (!run) return err ? err->status : SX_BAD_INPUT;
    snprintf(folder, sizeof folder, ".deleted-%.100s-%ld", sx_path_name(from), (long)getpid());
    sx_status status = sx_path_join(to, root, folder, err);
    if (!status && rename(from, to) != 0)
        status = sx_fail(err, SX_IO, "cannot delete '%.200s': %s", from, strerror(errno));
    sx_run_close(run);
    if (!status && sx_folder_remove(to) != 0)
        status = sx_fail(err, SX_IO, "what is left of the run lies in '%.200s': %s", to,
                         strerror(errno));
    return status;
}
