/* Run folders: made, found, locked, opened. A number is taken by making its directory, which only
 * one process can do; the lock is the operating system's, so a process that dies gives it back. */
#include "core/store/internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

sx_status sx_store_root(char *out, sx_error *err) {
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    char base[SX_PATH_SIZE];
    if (data && data[0] == '/') return sx_path_join(out, data, "sextant/runs", err);
    if (!home || home[0] != '/')
        return sx_fail(err, SX_IO,
                       "neither XDG_DATA_HOME nor HOME names a folder for the runs; "
                       "set one, or give --out DIR");
    sx_status status = sx_path_join(base, home, ".local/share/sextant/runs", err);
    if (!status) sx_text_set(out, SX_PATH_SIZE, base);
    return status;
}

sx_status sx_run_file(const sx_run_folder *run, const char *name, char *out, sx_error *err) {
    return sx_path_join(out, run->path, name, err);
}

double sx_run_seconds(const sx_run_folder *run) {
    return run->elapsed + (run->opened > 0 ? sx_seconds() - run->opened : 0);
}

const char *sx_run_path(const sx_run_folder *run) {
    return run->path;
}

const char *sx_run_name(const sx_run_folder *run) {
    return run->name;
}

const char *sx_run_ini(const sx_run_folder *run) {
    return run->ini;
}

void sx_run_close(sx_run_folder *run) {
    if (!run) return;
    if (run->journal >= 0) close(run->journal);
    if (run->lock >= 0) close(run->lock);
    sx_free(run->ini);
    sx_free(run);
}

static sx_run_folder *make(const char *path, sx_error *err) {
    sx_run_folder *run = sx_alloc(1, sizeof *run);
    char *absolute = realpath(path, NULL);
    if (run && absolute && strlen(absolute) < sizeof run->path) {
        strcpy(run->path, absolute);
        sx_text_printable(run->name, sizeof run->name, sx_path_name(absolute));
        run->lock = run->journal = -1;
        free(absolute);
        return run;
    }
    sx_fail(err, run ? SX_IO : SX_NO_MEMORY, "cannot open the run folder '%.300s': %s", path,
            strerror(errno));
    free(absolute);
    sx_free(run);
    return NULL;
}

static sx_status lock(sx_run_folder *run, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_status status = sx_run_file(run, "lock", path, err);
    if (status) return status;
    run->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (run->lock < 0)
        return sx_fail(err, SX_IO, "cannot write in the run folder '%.300s': %s", run->path,
                       strerror(errno));
    if (flock(run->lock, LOCK_EX | LOCK_NB) == 0) return SX_OK;
    return sx_fail(
        err, SX_IO,
        "run %s is in use by another sextant; it can be looked at, but not gone on with, "
        "until that one ends",
        run->name);
}

/* ---- making one
 * ------------------------------------------------------------------------------------ */

static sx_status write_ini(sx_run_folder *run, const char *ini, sx_error *err) {
    char path[SX_PATH_SIZE], created[32], machine[65] = "unknown";
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(created, sizeof created, "%Y-%m-%d %H:%M", &utc);
    gethostname(machine, sizeof machine - 1);
    char shown[65];
    sx_text_printable(shown, sizeof shown, machine);
    sx_text text = {0};
    sx_text_add(&text, "%s%s\nformat = %d\nversion = %s\ncreated = %s\nmachine = %s\n", ini,
                SX_RUN_SECTION, SX_RUN_FORMAT, SX_VERSION, created, shown);
    sx_status status = text.failed
                           ? sx_fail(err, SX_NO_MEMORY, "not enough memory for a run folder")
                           : sx_run_file(run, "run.ini", path, err);
    if (!status) status = sx_file_write(path, text.data, text.size, err);
    sx_text_done(&text);
    run->ini = status ? NULL : sx_text_copy(ini);
    if (!status && !run->ini)
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory for a run folder");
    if (!status) status = sx_run_file(run, "results", path, err);
    if (!status) status = sx_directory_make(path, err);
    return status;
}

/* The number at the beginning of a folder's name, 0 if there is none. */
static long number_of(const char *name) {
    return isdigit((unsigned char)name[0]) ? strtol(name, NULL, 10) : 0;
}

/* Makes "NNNN-NAME" below the root with the next free number, into out [SX_PATH_SIZE]. */
static sx_status take_number(const char *name, char *out, sx_error *err) {
    char root[SX_PATH_SIZE], folder[160];
    sx_listing listing;
    sx_status status = sx_store_root(root, err);
    if (!status) status = sx_directory_make(root, err);
    if (!status) status = sx_directory_list(root, &listing, err);
    if (status) return status;
    long number = 0;
    for (size_t i = 0; i < listing.count; i++)
        if (number_of(listing.names[i]) > number) number = number_of(listing.names[i]);
    sx_listing_done(&listing);
    for (int tries = 0; tries < 1000; tries++) {
        snprintf(folder, sizeof folder, "%04ld-%.80s", ++number, name);
        status = sx_path_join(out, root, folder, err);
        if (status) return status;
        if (mkdir(out, 0777) == 0) return SX_OK;
        if (errno != EEXIST) break;
    }
    return sx_fail(err, SX_IO, "cannot make a run folder in '%.300s': %s", root, strerror(errno));
}

static sx_status take_directory(const char *directory, sx_error *err) {
    sx_listing listing;
    if (sx_is_directory(directory)) {
        sx_status status = sx_directory_list(directory, &listing, err);
        if (status) return status;
        size_t count = listing.count;
        sx_listing_done(&listing);
        if (count == 0) return SX_OK;
        return sx_fail(err, SX_BAD_INPUT,
                       "'%.300s' is not empty: a new run needs an empty or a new folder",
                       directory);
    }
    return sx_directory_make(directory, err);
}

sx_run_folder *sx_run_create(const char *directory, const char *name, const char *ini,
                             sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_status status = directory ? take_directory(directory, err) : take_number(name, path, err);
    if (status) return NULL;
    sx_run_folder *run = make(directory ? directory : path, err);
    if (!run) return NULL;
    status = lock(run, err);
    if (!status) status = write_ini(run, ini, err);
    if (!status) status = sx_journal_open(run, err);
    run->opened = sx_seconds();
    if (!status) return run;
    sx_run_close(run);
    return NULL;
}

/* ---- finding and opening one
 * -------------------------------------------------------------------------- */

static bool is_number(const char *which) {
    return *which && strspn(which, "0123456789") == strlen(which) && strlen(which) < 10;
}

/* The folder that `which` names below the root; the nearest name into the sentence if there is
 * none. */
static sx_status find_in_store(const char *which, char *out, sx_error *err) {
    char root[SX_PATH_SIZE], shown[96];
    sx_listing listing;
    sx_status status = sx_store_root(root, err);
    if (status) return status;
    sx_text_printable(shown, sizeof shown, which);
    if (sx_directory_list(root, &listing, NULL))
        return sx_fail(err, SX_BAD_INPUT, "there is no run '%s': there are no runs yet", shown);
    status = SX_BAD_INPUT;
    for (size_t i = 0; i < listing.count && status; i++) {
        bool same = is_number(which) ? number_of(listing.names[i]) == strtol(which, NULL, 10)
                                     : strcmp(listing.names[i], which) == 0;
        if (same) status = sx_path_join(out, root, listing.names[i], err);
    }
    if (status) {
        char nearest[96] = "none";
        const char *name =
            sx_nearest_name(which, (const char *const *)listing.names, listing.count);
        if (name) sx_text_printable(nearest, sizeof nearest, name);
        sx_fail(err, SX_BAD_INPUT, "there is no run '%s' (nearest: %s; sextant runs lists them)",
                shown, nearest);
    }
    sx_listing_done(&listing);
    return status;
}

/* Splits run.ini into the study's part and the format of the folder. */
static sx_status read_ini(sx_run_folder *run, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_bytes bytes;
    sx_ini ini;
    sx_status status = sx_run_file(run, "run.ini", path, err);
    if (!status) status = sx_file_read(path, SX_RUN_INI_LIMIT, &bytes, err);
    if (status) return status;
    status = sx_ini_parse(path, (const char *)bytes.data, bytes.size, &ini, err);
    double format = 0;
    for (size_t i = 0; !status && i < ini.count; i++)
        if (strcmp(ini.entries[i].section, "run-folder") == 0 &&
            strcmp(ini.entries[i].key, "format") == 0)
            sx_text_number(ini.entries[i].value, &format);
    if (!status) sx_ini_done(&ini);
    if (!status && format > SX_RUN_FORMAT)
        status = sx_fail(err, SX_BAD_INPUT,
                         "run %s was written by a newer sextant (folder format %g; this one reads "
                         "%d)",
                         run->name, format, SX_RUN_FORMAT);
    else if (!status && format != SX_RUN_FORMAT)
        status = sx_fail(err, SX_BAD_INPUT, "'%.300s' says no format in " SX_RUN_SECTION, path);
    char *end = status ? NULL : strstr((char *)bytes.data, SX_RUN_SECTION);
    if (end) *end = 0;
    if (!status && !(run->ini = sx_text_copy((char *)bytes.data)))
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory to open run %s", run->name);
    sx_bytes_done(&bytes);
    return status;
}

static bool last_time(void *user, const json_t *line) {
    double t = sx_json_to_number(json_object_get(line, "t"));
    if (t >= 0) *(double *)user = t;
    return true;
}

bool sx_run_recognises(const char *path) {
    char ini[SX_PATH_SIZE];
    return sx_is_directory(path) && !sx_path_join(ini, path, "run.ini", NULL) && sx_is_file(ini);
}

sx_run_folder *sx_run_open(const char *which, bool writable, sx_error *err) {
    char path[SX_PATH_SIZE];
    if (sx_is_directory(which) && !is_number(which)) {
        if (!sx_run_recognises(which)) {
            sx_fail(err, SX_BAD_INPUT, "'%.300s' is not a run folder: it has no run.ini", which);
            return NULL;
        }
        sx_text_set(path, sizeof path, which);
    } else if (strchr(which, '/')) {
        sx_fail(err, SX_BAD_INPUT, "there is no run folder '%.300s'", which);
        return NULL;
    } else if (find_in_store(which, path, err)) {
        return NULL;
    }
    sx_run_folder *run = make(path, err);
    if (!run) return NULL;
    sx_status status = read_ini(run, err);
    if (!status && writable) status = lock(run, err);
    if (!status)
        status = sx_journal_scan(run, (size_t)64 << 10, last_time, &run->elapsed, NULL, err);
    if (!status && writable) status = sx_journal_open(run, err);
    if (writable) run->opened = sx_seconds();
    if (!status) return run;
    sx_run_close(run);
    return NULL;
}
