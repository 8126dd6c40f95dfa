/* Files as wholes. A write goes to a temporary file in the same directory, is synced, and takes
 * the old one's name in one step; the directory is synced too, so that the rename itself survives
 * a power cut. Errors always name the path and what the system said. */
#include "core/base/file.h"

#include "core/base/memory.h"
#include "core/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void sx_bytes_done(sx_bytes *bytes) {
    sx_free(bytes->data);
    *bytes = (sx_bytes){0};
}

static sx_status io_error(sx_error *err, const char *verb, const char *path) {
    char shown[300];
    sx_text_printable(shown, sizeof shown, path);
    return sx_fail(err, SX_IO, "cannot %s '%s': %s", verb, shown, strerror(errno));
}

static sx_status read_all(int fd, const char *path, size_t size, sx_bytes *out, sx_error *err) {
    out->data = sx_alloc(size + 1, 1);
    if (!out->data) return sx_fail(err, SX_NO_MEMORY, "not enough memory to read '%.300s'", path);
    while (out->size < size) {
        ssize_t got = read(fd, out->data + out->size, size - out->size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            sx_status status = io_error(err, "read", path);
            sx_bytes_done(out);
            return status;
        }
        if (got == 0) break;
        out->size += (size_t)got;
    }
    return SX_OK;
}

sx_status sx_file_read(const char *path, size_t limit, sx_bytes *out, sx_error *err) {
    *out = (sx_bytes){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return io_error(err, "open", path);
    struct stat facts;
    sx_status status = SX_OK;
    if (fstat(fd, &facts) != 0)
        status = io_error(err, "read", path);
    else if (!S_ISREG(facts.st_mode))
        status = sx_fail(err, SX_BAD_INPUT, "'%.300s' is not a regular file", path);
    else if ((uintmax_t)facts.st_size > limit)
        status = sx_fail(err, SX_BAD_INPUT, "'%.300s' has %lld bytes; at most %zu are read", path,
                         (long long)facts.st_size, limit);
    else
        status = read_all(fd, path, (size_t)facts.st_size, out, err);
    close(fd);
    return status;
}

/* Maps an open file; nothing is to be mapped of an empty one. */
static sx_status map_open(int fd, const char *path, sx_bytes *out, sx_error *err) {
    struct stat facts;
    if (fstat(fd, &facts) != 0) return io_error(err, "read", path);
    if (!S_ISREG(facts.st_mode))
        return sx_fail(err, SX_BAD_INPUT, "'%.300s' is not a regular file", path);
    if (facts.st_size == 0) return SX_OK;
    void *data = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return io_error(err, "map", path);
    *out = (sx_bytes){.data = data, .size = (size_t)facts.st_size};
    return SX_OK;
}

sx_status sx_file_map(const char *path, sx_bytes *out, sx_error *err) {
    *out = (sx_bytes){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return io_error(err, "open", path);
    sx_status status = map_open(fd, path, out, err);
    close(fd);
    return status;
}

void sx_file_unmap(sx_bytes *bytes) {
    if (bytes->data) munmap(bytes->data, bytes->size);
    *bytes = (sx_bytes){0};
}

sx_status sx_file_read_at(int fd, void *to, size_t size, size_t at, const char *name,
                          sx_error *err) {
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(fd, (char *)to + done, size - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return sx_fail(err, SX_IO, "cannot read '%.200s' at offset %zu: %s", name, at + done,
                           got < 0 ? strerror(errno) : "the file has become shorter");
        done += (size_t)got;
    }
    return SX_OK;
}

static bool write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t put = write(fd, data, size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        data += put;
        size -= (size_t)put;
    }
    return true;
}

static void sync_directory_of(const char *path) {
    char directory[SX_PATH_SIZE];
    const char *slash = strrchr(path, '/');
    if (!slash)
        strcpy(directory, ".");
    else
        snprintf(directory, sizeof directory, "%.*s", slash == path ? 1 : (int)(slash - path),
                 path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd);
    close(fd);
}

/* Opens a new file beside `path` (its name into `temporary` [SX_PATH_SIZE]), so that the kernel
 * applies the umask: asking for it would change it under other threads. */
static int open_temporary(const char *path, char *temporary) {
    for (int attempt = 0; attempt < 100; attempt++) {
        unsigned draw;
        if (getrandom(&draw, sizeof draw, 0) != sizeof draw) return -1;
        int length = snprintf(temporary, SX_PATH_SIZE, "%s.%08x", path, draw);
        if (length < 0 || length >= SX_PATH_SIZE) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

/* Closes without losing the first reason for a failure. */
static bool close_after(int fd, bool good) {
    int why = errno;
    bool closed = close(fd) == 0;
    if (!good) errno = why;
    return good && closed;
}

/* Replaces the regular file, or makes it; a file that was there keeps its mode. */
static bool replace_file(const char *path, const struct stat *before, const void *data,
                         size_t size) {
    char temporary[SX_PATH_SIZE];
    int fd = open_temporary(path, temporary);
    if (fd < 0) return false;
    bool good = write_all(fd, data, size) && (!before || fchmod(fd, before->st_mode & 0777) == 0) &&
                fsync(fd) == 0;
    if (close_after(fd, good) && rename(temporary, path) == 0) {
        sync_directory_of(path);
        return true;
    }
    int why = errno;
    unlink(temporary);
    errno = why;
    return false;
}

static bool write_through(const char *path, const void *data, size_t size) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && close_after(fd, write_all(fd, data, size));
}

sx_status sx_file_write(const char *path, const void *data, size_t size, sx_error *err) {
    char target[SX_PATH_SIZE]; /* what a link points to */
    struct stat before;
    bool there = stat(path, &before) == 0 && realpath(path, target);
    bool good = there && !S_ISREG(before.st_mode)
                    ? write_through(path, data, size)
                    : replace_file(there ? target : path, there ? &before : NULL, data, size);
    return good ? SX_OK : io_error(err, "write", path);
}

sx_status sx_directory_make(const char *path, sx_error *err) {
    char partial[SX_PATH_SIZE];
    if (strlen(path) >= sizeof partial)
        return sx_fail(err, SX_BAD_INPUT, "the path '%.200s...' is too long", path);
    strcpy(partial, path);
    for (char *c = partial + (*partial == '/'); *c; c++) {
        if (*c != '/') continue;
        *c = 0;
        if (mkdir(partial, 0777) != 0 && errno != EEXIST) return io_error(err, "make", partial);
        *c = '/';
    }
    if (mkdir(partial, 0777) != 0 && errno != EEXIST) return io_error(err, "make", partial);
    if (!sx_is_directory(path))
        return sx_fail(err, SX_IO, "'%.300s' is there, but it is not a directory", path);
    return SX_OK;
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

sx_status sx_directory_list(const char *path, sx_listing *out, sx_error *err) {
    *out = (sx_listing){0};
    DIR *directory = opendir(path);
    if (!directory) return io_error(err, "open", path);
    size_t capacity = 0;
    bool memory = true;
    errno = 0; /* readdir says NULL for the end and for an error */
    for (struct dirent *entry; memory && (entry = readdir(directory)); errno = 0) {
        if (entry->d_name[0] == '.') continue;
        memory = sx_grow((void **)&out->names, &capacity, out->count + 1, sizeof *out->names) &&
                 (out->names[out->count] = sx_text_copy(entry->d_name));
        out->count += memory;
    }
    sx_status status = SX_OK;
    if (!memory)
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory to list '%.300s'", path);
    else if (errno)
        status = io_error(err, "list", path);
    closedir(directory);
    if (status) {
        sx_listing_done(out);
        return status;
    }
    if (out->count > 1) qsort(out->names, out->count, sizeof *out->names, by_bytes);
    return SX_OK;
}

void sx_listing_done(sx_listing *listing) {
    for (size_t i = 0; i < listing->count; i++) sx_free(listing->names[i]);
    sx_free(listing->names);
    *listing = (sx_listing){0};
}

bool sx_is_directory(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

bool sx_is_file(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISREG(facts.st_mode);
}

sx_status sx_path_join(char *out, const char *directory, const char *name, sx_error *err) {
    size_t length = strlen(directory);
    const char *between = length > 0 && directory[length - 1] == '/' ? "" : "/";
    int used = snprintf(out, SX_PATH_SIZE, "%s%s%s", directory, between, name);
    if (used < 0 || used >= SX_PATH_SIZE)
        return sx_fail(err, SX_BAD_INPUT, "the path '%.200s...' is too long", directory);
    return SX_OK;
}

const char *sx_path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

sx_status sx_asset_find(char *out, const char *name, sx_error *err) {
    const char *places[] = {getenv("SEXTANT_ASSETS"), SX_PREFIX "/share/sextant",
                            SX_SOURCE "/assets"};
    for (int i = 0; i < 3; i++) {
        if (!places[i] || !*places[i]) continue;
        if (sx_path_join(out, places[i], name, err) == SX_OK && access(out, R_OK) == 0)
            return SX_OK;
    }
    return sx_fail(err, SX_IO,
                   "the asset '%.200s' is not in $SEXTANT_ASSETS, " SX_PREFIX
                   "/share/sextant or " SX_SOURCE "/assets; set SEXTANT_ASSETS to its folder",
                   name);
}

sx_status sx_user_file(char *out, const char *name, sx_error *err) {
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    bool own = config && config[0] == '/';
    char folder[SX_PATH_SIZE];
    if (!own && !(home && home[0] == '/'))
        return sx_fail(err, SX_IO, "neither XDG_CONFIG_HOME nor HOME names a folder");
    sx_status status =
        sx_path_join(folder, own ? config : home, own ? "sextant" : ".config/sextant", err);
    return status ? status : sx_path_join(out, folder, name, err);
}

double sx_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

uint64_t sx_hash_bytes(const void *data, size_t size) {
    const unsigned char *byte = data;
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++) hash = (hash ^ byte[i]) * UINT64_C(1099511628211);
    return hash;
}
