/* A second store for runs that nobody keeps: those of lessons. It is a new folder in the person's
 * cache, used in place of the root for as long as it is told; at the end it goes with everything in
 * it, unless somebody has made something there that is worth keeping. A lock says that a process
 * uses it, so that what a killed one left can be told from what is used and from what is kept: that
 * has no lock file any more. */
#include "core/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_FILE ".in-use"

static struct {
    pthread_mutex_t mutex; /* the compute thread asks where new runs go */
    char path[SX_PATH_SIZE];
    int lock;
    bool open, used, kept;
} scratch = {.mutex = PTHREAD_MUTEX_INITIALIZER, .lock = -1};

bool sx_scratch_root(char *out) {
    pthread_mutex_lock(&scratch.mutex);
    bool used = scratch.used;
    if (used) sx_text_set(out, SX_PATH_SIZE, scratch.path);
    pthread_mutex_unlock(&scratch.mutex);
    return used;
}

/* Where scratch stores are, into out [SX_PATH_SIZE]. */
static sx_status find_place(char *out, sx_error *err) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"),
               *temporary = getenv("TMPDIR");
    if (cache && cache[0] == '/') return sx_path_join(out, cache, "sextant/lessons", err);
    if (home && home[0] == '/') return sx_path_join(out, home, ".cache/sextant/lessons", err);
    bool given = temporary && temporary[0] == '/';
    return sx_path_join(out, given ? temporary : "/tmp", "sextant-lessons", err);
}

static int open_lock(const char *folder, int flags) {
    char path[SX_PATH_SIZE];
    if (sx_path_join(path, folder, LOCK_FILE, NULL)) return -1;
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    close(fd);
    return -1;
}

/* Takes away what processes left that were killed. */
static void sweep(const char *place) {
    char path[SX_PATH_SIZE];
    sx_listing listing;
    if (sx_directory_list(place, &listing, NULL)) return;
    for (size_t i = 0; i < listing.count; i++) {
        int lock = -1;
        if (!sx_path_join(path, place, listing.names[i], NULL)) lock = open_lock(path, O_RDWR);
        if (lock < 0) continue;
        sx_folder_remove(path);
        close(lock);
    }
    sx_listing_done(&listing);
}

sx_status sx_scratch_open(sx_error *err) {
    char place[SX_PATH_SIZE], path[SX_PATH_SIZE];
    if (!scratch.open) {
        sx_status status = find_place(place, err);
        if (!status) status = sx_directory_make(place, err);
        if (!status) status = sx_path_join(path, place, "XXXXXX", err);
        if (status) return status;
        sweep(place);
        if (!mkdtemp(path))
            return sx_fail(err, SX_IO, "cannot make a folder for the lesson's runs in '%.300s': %s",
                           place, strerror(errno));
        scratch.lock = open_lock(path, O_RDWR | O_CREAT);
        sx_text_set(scratch.path, sizeof scratch.path, path);
        scratch.open = true;
        scratch.kept = false;
    }
    sx_scratch_use(true);
    return SX_OK;
}

bool sx_scratch_use(bool use) {
    pthread_mutex_lock(&scratch.mutex);
    scratch.used = use && scratch.open;
    pthread_mutex_unlock(&scratch.mutex);
    return scratch.open;
}

bool sx_scratch_is_used(void) {
    char path[SX_PATH_SIZE];
    return sx_scratch_root(path);
}

/* At once, or what is wanted would be swept after a kill. */
void sx_scratch_keep(void) {
    char path[SX_PATH_SIZE];
    if (!sx_scratch_is_used() || scratch.kept) return;
    scratch.kept = true;
    if (!sx_path_join(path, scratch.path, LOCK_FILE, NULL)) unlink(path);
}

void sx_scratch_close(char *kept) {
    kept[0] = 0;
    if (!scratch.open) return;
    sx_scratch_use(false);
    if (!scratch.kept)
        sx_folder_remove(scratch.path);
    else if (rmdir(scratch.path) != 0)
        sx_text_set(kept, SX_PATH_SIZE, scratch.path);
    if (scratch.lock >= 0) close(scratch.lock);
    scratch.lock = -1;
    scratch.open = false;
}
