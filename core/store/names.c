/* Where runs are and what they are called. A number is given under a lock of the root: two folders
 * of one number have different names, so making the directory alone would not keep two processes
 * apart. Names that others put there are passed over, never trusted. */
#include "core/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_DIGITS 9
#define DIGITS "0123456789"

static sx_status own_root(char *out, sx_error *err) {
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && data[0] == '/') return sx_path_join(out, data, "sextant/runs", err);
    if (home && home[0] == '/') return sx_path_join(out, home, ".local/share/sextant/runs", err);
    return sx_fail(err, SX_IO,
                   "neither XDG_DATA_HOME nor HOME names a folder for the runs; "
                   "set one, or give --out DIR");
}

sx_status sx_store_root(char *out, sx_error *err) {
    return sx_scratch_root(out) ? SX_OK : own_root(out, err);
}

long sx_run_number(const char *name) {
    size_t digits = strspn(name, DIGITS);
    bool is_number = digits > 0 && digits <= MOST_DIGITS && (!name[digits] || name[digits] == '-');
    return is_number ? strtol(name, NULL, 10) : 0;
}

/* ---- a new number
 * -------------------------------------------------------------------------------- */

/* Waits for the root's lock; -1 where files cannot be locked, and mkdir has to do. */
static int lock_root(const char *root) {
    char path[SX_PATH_SIZE];
    if (sx_path_join(path, root, ".numbers", NULL)) return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    while (fd >= 0 && flock(fd, LOCK_EX) != 0)
        if (errno != EINTR) break;
    return fd;
}

/* The larger of `number` and the largest in a folder. */
static sx_status largest_number(const char *root, long *number, sx_error *err) {
    sx_listing listing;
    sx_status status = sx_directory_list(root, &listing, err);
    if (status) return status;
    for (size_t i = 0; i < listing.count; i++) {
        long other = sx_run_number(listing.names[i]);
        if (other > *number) *number = other;
    }
    sx_listing_done(&listing);
    return SX_OK;
}

/* A scratch run is none of the person's own by name either. */
static sx_status make_next(const char *root, const char *name, char *out, sx_error *err) {
    char folder[160], own[SX_PATH_SIZE];
    long number = 0;
    sx_status status = largest_number(root, &number, err);
    if (status) return status;
    if (!own_root(own, NULL) && strcmp(own, root) != 0) largest_number(own, &number, NULL);
    for (int tries = 0; tries < 1000; tries++) {
        snprintf(folder, sizeof folder, "%04ld-%.80s", ++number, name);
        status = sx_path_join(out, root, folder, err);
        if (status) return status;
        if (mkdir(out, 0777) == 0) return SX_OK;
        if (errno != EEXIST) break;
    }
    return sx_fail(err, SX_IO, "cannot make a run folder in '%.300s': %s", root, strerror(errno));
}

sx_status sx_run_take_number(const char *name, char *out, sx_error *err) {
    char root[SX_PATH_SIZE];
    sx_status status = sx_store_root(root, err);
    if (!status) status = sx_directory_make(root, err);
    if (status) return status;
    int fd = lock_root(root);
    status = make_next(root, name, out, err);
    if (fd >= 0) close(fd);
    return status;
}

/* ---- finding one
 * --------------------------------------------------------------------------------- */

/* The root and the names in it; false if there are none. The caller ends the listing. */
static bool list_root(char *root, sx_listing *out) {
    *out = (sx_listing){0};
    return !sx_store_root(root, NULL) && !sx_directory_list(root, out, NULL) && out->count > 0;
}

bool sx_run_nearest(const char *name, char *out) {
    char root[SX_PATH_SIZE];
    sx_listing listing;
    bool found = list_root(root, &listing);
    const char *nearest =
        found ? sx_nearest_name(name, (const char *const *)listing.names, listing.count) : NULL;
    if (nearest) sx_text_printable(out, 96, nearest);
    sx_listing_done(&listing);
    return nearest != NULL;
}

/* How many runs have a number, and the smallest and the largest of them. */
static size_t count_numbers(long *low, long *high) {
    char root[SX_PATH_SIZE];
    sx_listing listing;
    size_t count = 0;
    *low = *high = 0;
    if (list_root(root, &listing))
        for (size_t i = 0; i < listing.count; i++) {
            long number = sx_run_number(listing.names[i]);
            if (!number) continue;
            if (!count++ || number < *low) *low = number;
            if (number > *high) *high = number;
        }
    sx_listing_done(&listing);
    return count;
}

/* A number is near to none: which there are is more use. */
static sx_status no_number(const char *which, sx_error *err) {
    long low, high;
    size_t count = count_numbers(&low, &high);
    if (count < 2)
        return sx_fail(err, SX_BAD_INPUT, "there is no run %s; the only one is %ld", which, low);
    return sx_fail(err, SX_BAD_INPUT,
                   "there is no run %s; there are %zu, with numbers from %ld to %ld (sextant runs "
                   "lists them)",
                   which, count, low, high);
}

static sx_status no_run(const char *which, sx_error *err) {
    char shown[96], nearest[96];
    long low, high;
    sx_text_printable(shown, sizeof shown, which);
    if (*which && !which[strspn(which, DIGITS)] && count_numbers(&low, &high))
        return no_number(shown, err);
    if (!sx_run_nearest(which, nearest))
        return sx_fail(err, SX_BAD_INPUT, "there is no run '%s': there are no runs yet", shown);
    return sx_fail(err, SX_BAD_INPUT, "there is no run '%s' (nearest: %s; sextant runs lists them)",
                   shown, nearest);
}

/* Looks through the listing; a run goes before a folder of that number that is none. */
static bool choose(const sx_listing *listing, const char *root, const char *which, char *out) {
    char path[SX_PATH_SIZE];
    bool found = false;
    size_t digits = strspn(which, DIGITS);
    long number = which[digits] ? 0 : sx_run_number(which);
    for (size_t i = 0; i < listing->count; i++) {
        const char *name = listing->names[i];
        if (number ? sx_run_number(name) != number : strcmp(name, which) != 0) continue;
        if (sx_path_join(path, root, name, NULL) || !sx_is_directory(path)) continue;
        bool is_run = sx_run_recognises(path);
        if (!found || is_run) sx_text_set(out, SX_PATH_SIZE, path);
        found = true;
        if (is_run) break;
    }
    return found;
}

sx_status sx_run_find(const char *which, char *out, sx_error *err) {
    char root[SX_PATH_SIZE];
    sx_listing listing;
    sx_status status = sx_store_root(root, err);
    if (status) return status;
    if (sx_directory_list(root, &listing, err)) {
        if (err && err->status == SX_NO_MEMORY) return SX_NO_MEMORY;
        return no_run(which, err);
    }
    bool found = choose(&listing, root, which, out);
    sx_listing_done(&listing);
    return found ? SX_OK : no_run(which, err);
}
