/* Run folders: made, locked, opened. The lock is the operating system's, so a process that dies
 * gives it back. run.ini is the study's configuration with one section of the folder's own behind
 * it; it is written last, so that a folder with a run.ini is a whole one. */
#include "core/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

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

void sx_run_caption(const sx_run_folder *run, char *out, size_t size) {
    char seed[40] = "";
    sx_ini ini;
    if (!sx_ini_parse("run.ini", run->ini, strlen(run->ini), &ini, NULL)) {
        for (size_t i = 0; i < ini.count; i++)
            if (!strcmp(ini.entries[i].section, "run") && !strcmp(ini.entries[i].key, "seed"))
                snprintf(seed, sizeof seed, " · seed %.20s", ini.entries[i].value);
        sx_ini_done(&ini);
    }
    char text[256], name[128];
    sx_text_printable(name, sizeof name, run->name);
    snprintf(text, sizeof text, "%s%s · %s", name, seed, run->created);
    sx_text_set(out, size, text);
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

static sx_status no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for a run folder");
}

/* A cell is called by its study's name and its own. */
static void name_folder(sx_run_folder *run) {
    char study[SX_PATH_SIZE];
    const char *own = sx_path_name(run->path);
    const char *cells = "/" SX_STORE_CELLS "/";
    size_t length = strlen(run->path) - strlen(own), tail = strlen(cells);
    sx_text_printable(run->name, sizeof run->name, own);
    if (length <= tail || strncmp(run->path + length - tail, cells, tail) != 0) return;
    sx_text_set(study, sizeof study, run->path);
    study[length - tail] = 0;
    if (!sx_run_recognises(study)) return;
    char name[sizeof run->name];
    snprintf(name, sizeof name, "%.47s/%.47s", sx_path_name(study), own);
    sx_text_printable(run->name, sizeof run->name, name);
}

static sx_run_folder *new_folder(const char *path, sx_error *err) {
    sx_run_folder *run = sx_alloc(1, sizeof *run);
    if (!run) {
        no_memory(err);
        return NULL;
    }
    run->lock = run->journal = -1;
    if (realpath(path, run->path)) { /* [SX_PATH_SIZE] is the system's PATH_MAX */
        name_folder(run);
        return run;
    }
    sx_fail(err, SX_IO, "cannot open the run folder '%.300s': %s", path, strerror(errno));
    sx_free(run);
    return NULL;
}

/* ---- the lock
 * ------------------------------------------------------------------------------------ */

static int open_lock(const sx_run_folder *run, int flags) {
    char path[SX_PATH_SIZE];
    if (sx_run_file(run, "lock", path, NULL)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
}

bool sx_run_in_use(const sx_run_folder *run) {
    if (run->lock >= 0) return true;
    int fd = open_lock(run, O_RDONLY);
    if (fd < 0) return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

/* Tries for a tenth of a second: whoever asks if a run is in use has it for a moment. */
static sx_status lock(sx_run_folder *run, sx_error *err) {
    run->lock = open_lock(run, O_RDWR | O_CREAT);
    if (run->lock < 0)
        return sx_fail(err, SX_IO, "cannot write in the run folder '%.300s': %s", run->path,
                       strerror(errno));
    for (int tries = 0; tries < 20; tries++) {
        if (flock(run->lock, LOCK_EX | LOCK_NB) == 0) return SX_OK;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return sx_fail(err, SX_IO, "cannot lock the run folder '%.300s': %s", run->path,
                           strerror(errno));
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return sx_fail(
        err, SX_IO,
        "run %s is in use by another sextant; it can be looked at, but not gone on with, "
        "until that one ends",
        run->name);
}

/* ---- run.ini
 * ------------------------------------------------------------------------------------- */

/* Where the folder's own section begins: its name at the beginning of a line, not in a value. */
static char *own_section(char *text) {
    for (char *at = text; (at = strstr(at, SX_RUN_SECTION)); at++) {
        const char *before = at;
        while (before > text && (before[-1] == ' ' || before[-1] == '\t')) before--;
        if (before == text || before[-1] == '\n') return at;
    }
    return NULL;
}

/* The study's part of `ini`, with a line end. */
static sx_status keep_study_part(sx_run_folder *run, const char *ini, sx_error *err) {
    size_t size = strlen(ini);
    run->ini = sx_alloc(size + 2, 1);
    if (!run->ini) return no_memory(err);
    memcpy(run->ini, ini, size);
    char *own = own_section(run->ini);
    if (own) *own = 0;
    size = strlen(run->ini);
    if (size && run->ini[size - 1] != '\n') strcpy(run->ini + size, "\n");
    return SX_OK;
}

/* The name of the processor: bits are promised for one type of it. Into out [96]. */
static void name_processor(char *out) {
    struct utsname system;
    char line[256];
    sx_text_set(out, 96, uname(&system) == 0 ? system.machine : "unknown");
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && fgets(line, sizeof line, file)) {
        char *value = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        if (!value) continue;
        value[strcspn(value, "\n;#")] = 0; /* what an INI takes for its end */
        sx_text_printable(out, 96, value + 1 + strspn(value + 1, " \t"));
        break;
    }
    if (file) fclose(file);
}

static sx_status write_ini(sx_run_folder *run, sx_error *err) {
    char path[SX_PATH_SIZE], machine[65] = "unknown", shown[65], processor[96];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(run->created, sizeof run->created, "%Y-%m-%d %H:%M", &utc);
    gethostname(machine, sizeof machine - 1);
    sx_text_printable(shown, sizeof shown, machine);
    name_processor(processor);
    sx_text text = {0};
    sx_text_add(&text,
                "%s" SX_RUN_SECTION
                "\nformat = %d\nversion = %s\ncreated = %s\nmachine = %s\nprocessor = %s\n",
                run->ini, SX_RUN_FORMAT, SX_VERSION, run->created, shown, processor);
    sx_status status = text.failed ? no_memory(err) : sx_run_file(run, "run.ini", path, err);
    if (!status) status = sx_file_write(path, text.data, text.size, err);
    sx_text_done(&text);
    return status;
}

static sx_status check_format(const sx_run_folder *run, const char *path, double format,
                              sx_error *err) {
    if (format > SX_RUN_FORMAT)
        return sx_fail(err, SX_BAD_INPUT,
                       "run %s was written by a newer sextant (folder format %g; this one reads "
                       "%d)",
                       run->name, format, SX_RUN_FORMAT);
    if (format != SX_RUN_FORMAT)
        return sx_fail(err, SX_BAD_INPUT, "'%.300s' says no format in " SX_RUN_SECTION, path);
    return SX_OK;
}

/* Splits run.ini into the study's part and what it says of the folder. */
static sx_status read_ini(sx_run_folder *run, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_bytes bytes;
    sx_ini ini;
    sx_status status = sx_run_file(run, "run.ini", path, err);
    if (!status) status = sx_file_read(path, SX_RUN_INI_LIMIT, &bytes, err);
    if (status) return status;
    status = sx_ini_parse(path, (const char *)bytes.data, bytes.size, &ini, err);
    double format = 0;
    for (size_t i = 0; !status && i < ini.count; i++) {
        const sx_ini_entry *entry = &ini.entries[i];
        if (strcmp(entry->section, "run-folder") != 0) continue;
        if (strcmp(entry->key, "format") == 0) sx_text_number(entry->value, &format);
        if (strcmp(entry->key, "created") == 0)
            sx_text_printable(run->created, sizeof run->created, entry->value);
    }
    if (!status) {
        sx_ini_done(&ini);
        status = check_format(run, path, format, err);
    }
    if (!status) status = keep_study_part(run, (const char *)bytes.data, err);
    sx_bytes_done(&bytes);
    return status;
}

bool sx_run_recognises(const char *path) {
    char ini[SX_PATH_SIZE];
    sx_bytes bytes;
    if (!sx_is_directory(path) || sx_path_join(ini, path, "run.ini", NULL) ||
        sx_file_read(ini, SX_RUN_INI_LIMIT, &bytes, NULL))
        return false;
    bool found = own_section((char *)bytes.data) != NULL;
    sx_bytes_done(&bytes);
    return found;
}

/* ---- making one
 * ---------------------------------------------------------------------------------- */

static bool is_empty(const char *directory, const char *name) {
    char path[SX_PATH_SIZE];
    struct stat facts;
    return !sx_path_join(path, directory, name, NULL) && stat(path, &facts) == 0 &&
           facts.st_size == 0;
}

static bool is_left_by_us(const char *directory, const char *name) {
    return strcmp(name, "lock") == 0 || strcmp(name, "results") == 0 ||
           (strcmp(name, "journal.jsonl") == 0 && is_empty(directory, name)) ||
           (strncmp(name, "run.ini.", 8) == 0 && sx_run_is_leftover(name));
}

/* What a process that was killed before it wrote run.ini left there does not count. */
static sx_status check_empty(const char *directory, sx_error *err) {
    sx_listing listing;
    sx_status status = sx_directory_list(directory, &listing, err);
    if (status) return status;
    for (size_t i = 0; !status && i < listing.count; i++)
        if (!is_left_by_us(directory, listing.names[i]))
            status = sx_fail(err, SX_BAD_INPUT,
                             "'%.300s' is not empty: a new run needs an empty or a new folder",
                             directory);
    sx_listing_done(&listing);
    return status;
}

/* The parts that every run has, then what it appends to. Only with the lock. */
static sx_status open_for_writing(sx_run_folder *run, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_status status = sx_run_file(run, "results", path, err);
    if (!status) status = sx_directory_make(path, err);
    if (!status) sx_run_sweep(run);
    if (!status) status = sx_journal_open(run, err);
    run->opened = sx_seconds();
    return status;
}

static sx_status fill(sx_run_folder *run, const char *ini, sx_error *err) {
    sx_status status = lock(run, err);
    /* Looked at again: another process may have made a run of it before the lock was ours. */
    if (!status) status = check_empty(run->path, err);
    if (!status) status = keep_study_part(run, ini, err);
    if (!status) status = open_for_writing(run, err);
    if (!status) status = write_ini(run, err);
    return status;
}

/* Takes a numbered folder away in which no run came about. */
static void remove_numbered(const char *path) {
    static const char *const files[] = {"lock", "journal.jsonl"};
    char name[SX_PATH_SIZE];
    for (int i = 0; i < 2; i++)
        if (!sx_path_join(name, path, files[i], NULL)) unlink(name);
    if (!sx_path_join(name, path, "results", NULL)) rmdir(name);
    rmdir(path);
}

sx_run_folder *sx_run_create(const char *directory, const char *name, const char *ini,
                             sx_error *err) {
    char path[SX_PATH_SIZE];
    bool found = directory && sx_is_directory(directory);
    if (!directory) {
        if (sx_run_take_number(name, path, err)) return NULL;
    } else if (sx_directory_make(directory, err) || check_empty(directory, err)) {
        return NULL;
    }
    sx_run_folder *run = new_folder(directory ? directory : path, err);
    if (run) run->found = found;
    if (run && !fill(run, ini, err)) return run;
    if (!directory) remove_numbered(path);
    sx_run_close(run);
    return NULL;
}

/* Without its run.ini it is no run any more, whatever happens before the rest is gone. */
void sx_run_discard(sx_run_folder *run) {
    char ini[SX_PATH_SIZE];
    if (!sx_run_file(run, "run.ini", ini, NULL)) unlink(ini);
    if (run->found)
        sx_folder_empty(run->path);
    else
        sx_folder_remove(run->path);
    sx_run_close(run);
}

/* ---- opening one
 * --------------------------------------------------------------------------------- */

static sx_status not_a_run(const char *path, sx_error *err) {
    char nearest[96], shown[300];
    sx_text_printable(shown, sizeof shown, path);
    if (!sx_run_nearest(sx_path_name(path), nearest))
        return sx_fail(err, SX_BAD_INPUT, "'%s' is not a run folder: it has no run.ini", shown);
    return sx_fail(err, SX_BAD_INPUT,
                   "'%s' is not a run folder: it has no run.ini (nearest run: %s)", shown, nearest);
}

/* "12/vit": the cell of a run below the root; false if it is none. */
static bool locate_cell(const char *which, char *out) {
    char study[SX_PATH_SIZE], cells[SX_PATH_SIZE];
    const char *slash = strchr(which, '/');
    if (!slash || slash == which || !slash[1] || strchr(slash + 1, '/')) return false;
    sx_text_set(study, sizeof study, which);
    study[slash - which] = 0;
    return !sx_run_find(study, out, NULL) && !sx_path_join(cells, out, SX_STORE_CELLS, NULL) &&
           !sx_path_join(out, cells, slash + 1, NULL) && sx_run_recognises(out);
}

/* The folder that `which` means, into out [SX_PATH_SIZE]. */
static sx_status locate(const char *which, char *out, sx_error *err) {
    bool is_number = *which && !which[strspn(which, "0123456789")];
    if (is_number || (!sx_is_directory(which) && !strchr(which, '/')))
        return sx_run_find(which, out, err);
    if (!sx_is_directory(which) && locate_cell(which, out)) return SX_OK;
    if (!sx_is_directory(which))
        return sx_fail(err, SX_BAD_INPUT, "there is no run folder '%.300s'", which);
    sx_status status = sx_path_join(out, which, "run.ini", err);
    if (status) return status;
    if (!sx_is_file(out)) return not_a_run(which, err);
    sx_text_set(out, SX_PATH_SIZE, which);
    return SX_OK;
}

static bool last_time(void *user, const json_t *line) {
    double t = sx_json_to_number(json_object_get(line, "t"));
    if (t >= 0 && t < 1e12) *(double *)user = t;
    return true;
}

sx_run_folder *sx_run_open(const char *which, bool writable, sx_error *err) {
    char path[SX_PATH_SIZE];
    if (locate(which, path, err)) return NULL;
    sx_run_folder *run = new_folder(path, err);
    if (!run) return NULL;
    sx_status status = read_ini(run, err);
    if (!status && writable) status = lock(run, err);
    if (!status)
        status = sx_journal_scan(run, SX_JOURNAL_TAIL, last_time, &run->elapsed, NULL, err);
    if (!status && writable) status = open_for_writing(run, err);
    if (!status) return run;
    sx_run_close(run);
    return NULL;
}
