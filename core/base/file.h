/* Files as wholes: read with a limit, written so that a reader sees the old file or the new one.
 * Also directories, paths and the monotonic clock: what the operating system gives. */
#ifndef SX_BASE_FILE_H
#define SX_BASE_FILE_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SX_PATH_SIZE 4096

typedef struct {
    uint8_t *data;
    size_t size;
} sx_bytes;

void sx_bytes_done(sx_bytes *bytes);

/* Reads a regular file of at most `limit` bytes; one more byte, not part of `size`, is 0.
 * The caller ends `out` with sx_bytes_done. The sentence names the path. */
sx_status sx_file_read(const char *path, size_t limit, sx_bytes *out, sx_error *err);

/* Maps a regular file for reading, without its bytes taking memory before they are looked at. End
 * with sx_file_unmap. An empty file maps to no data. */
sx_status sx_file_map(const char *path, sx_bytes *out, sx_error *err);
void sx_file_unmap(sx_bytes *bytes);

/* Reads exactly `size` bytes from offset `at` of an open file; `name` is for the sentence. */
sx_status sx_file_read_at(int fd, void *to, size_t size, size_t at, const char *name,
                          sx_error *err);

/* Writes a file by temporary file, fsync and rename, so that a full disk, a kill or a second
 * writer leaves the old content whole. A link is followed; a pipe or a device is written to. */
sx_status sx_file_write(const char *path, const void *data, size_t size, sx_error *err);

/* Makes a directory and its parents; an existing one is fine. */
sx_status sx_directory_make(const char *path, sx_error *err);

/* The names in a directory without those that begin with a dot, sorted by bytes. */
typedef struct {
    char **names;
    size_t count;
} sx_listing;
sx_status sx_directory_list(const char *path, sx_listing *out, sx_error *err);
void sx_listing_done(sx_listing *listing);

bool sx_is_directory(const char *path);
bool sx_is_file(const char *path);

/* "a/b" + "c" -> "a/b/c" into out [SX_PATH_SIZE]; SX_BAD_INPUT if it does not fit. */
sx_status sx_path_join(char *out, const char *directory, const char *name, sx_error *err);

/* The part after the last slash; never NULL. */
const char *sx_path_name(const char *path);

/* Finds `name` (for example "studies/fashion-cnn.ini") in $SEXTANT_ASSETS, then in
 * PREFIX/share/sextant, then in the source tree, into out [SX_PATH_SIZE]. */
sx_status sx_asset_find(char *out, const char *name, sx_error *err);

/* `name` in $XDG_CONFIG_HOME/sextant, or ~/.config/sextant, into out [SX_PATH_SIZE]; SX_IO if
 * neither is known. */
sx_status sx_user_file(char *out, const char *name, sx_error *err);

/* Seconds of a clock that never goes back; only differences mean something. */
double sx_seconds(void);

/* A cheap check of bytes (FNV-1a, 64 bit), for names and equality of results, not for security. */
uint64_t sx_hash_bytes(const void *data, size_t size);

#endif
