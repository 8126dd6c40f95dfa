/* The journal and the log: append-only, one line with one write, so that a killed process leaves at
 * most its last line cut. */
#include "core/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define JOURNAL_LIMIT ((size_t)1 << 30)
#define LINE_LIMIT ((size_t)64 << 10)

/* Cuts what follows the last line end, or new lines would be joined to it. */
static bool cut_last_line(int fd) {
    char block[4096];
    off_t size = lseek(fd, 0, SEEK_END), end = size;
    while (end > 0) {
        off_t from = end > (off_t)sizeof block ? end - (off_t)sizeof block : 0;
        ssize_t got = pread(fd, block, (size_t)(end - from), from);
        if (got != end - from) return false;
        for (ssize_t i = got; i > 0; i--)
            if (block[i - 1] == '\n') return from + i == size || ftruncate(fd, from + i) == 0;
        end = from;
    }
    return size == 0 || ftruncate(fd, 0) == 0;
}

sx_status sx_journal_open(sx_run_folder *run, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_status status = sx_run_file(run, "journal.jsonl", path, err);
    if (status) return status;
    run->journal = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (run->journal < 0 || !cut_last_line(run->journal))
        return sx_fail(err, SX_IO, "cannot write '%.300s': %s", path, strerror(errno));
    return SX_OK;
}

sx_status sx_run_journal(sx_run_folder *run, const char *kind, int64_t step, const json_t *fields,
                         bool sync, sx_error *err) {
    json_t *line = json_object();
    char shown[32];
    snprintf(shown, sizeof shown, "%.3f", sx_run_seconds(run));
    json_object_set_new(line, "t", json_real(strtod(shown, NULL)));
    json_object_set_new(line, "step", json_integer(step));
    json_object_set_new(line, "kind", sx_json_text(kind));
    if (fields) json_object_update(line, (json_t *)(uintptr_t)fields);
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(line);
    if (!text) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the journal");
    size_t length = strlen(text);
    text[length] = '\n'; /* in place of the NUL */
    ssize_t put = write(run->journal, text, length + 1);
    int why = errno;
    free(text);
    if (put == (ssize_t)length + 1 && (!sync || fsync(run->journal) == 0)) return SX_OK;
    if (put > 0) cut_last_line(run->journal);
    return sx_fail(err, SX_IO, "cannot write the journal of run %s: %s", run->name,
                   strerror(put < 0 ? why : ENOSPC));
}

/* Parses the whole lines of `text`; the first one is dropped too when it may be cut. */
static void each_line(char *text, size_t size, bool first_is_cut, sx_journal_line line, void *user,
                      size_t *broken) {
    char *at = text, *end = text + size;
    for (char *stop; at < end && (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1) {
        size_t length = (size_t)(stop - at);
        if (first_is_cut) {
            first_is_cut = false;
            continue;
        }
        json_t *value = length <= LINE_LIMIT ? json_loadb(at, length, 0, NULL) : NULL;
        if (!json_is_object(value)) {
            if (broken) ++*broken;
            json_decref(value);
            continue;
        }
        bool more = line(user, value);
        json_decref(value);
        if (!more) return;
    }
}

sx_status sx_journal_scan(const sx_run_folder *run, size_t bytes, sx_journal_line line, void *user,
                          size_t *broken, sx_error *err) {
    char path[SX_PATH_SIZE];
    struct stat facts;
    if (broken) *broken = 0;
    sx_status status = sx_run_file(run, "journal.jsonl", path, err);
    if (status) return status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return SX_OK;
    if (fd < 0 || fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        if (fd >= 0) close(fd);
        return sx_fail(err, SX_IO, "cannot read '%.300s'", path);
    }
    size_t size = (size_t)facts.st_size, from = bytes && size > bytes ? size - bytes : 0;
    char *text = size - from <= JOURNAL_LIMIT ? sx_alloc(size - from + 1, 1) : NULL;
    ssize_t got = text ? pread(fd, text, size - from, (off_t)from) : -1;
    close(fd);
    if (got >= 0) each_line(text, (size_t)got, from > 0, line, user, broken);
    sx_free(text);
    return got >= 0 ? SX_OK : sx_fail(err, SX_IO, "'%.300s' is too large to read", path);
}

sx_status sx_run_journal_read(const sx_run_folder *run, sx_journal_line line, void *user,
                              size_t *broken, sx_error *err) {
    return sx_journal_scan(run, 0, line, user, broken, err);
}

void sx_run_log(sx_run_folder *run, const char *format, ...) {
    char path[SX_PATH_SIZE], when[32], sentence[600];
    va_list args;
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &utc);
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (sx_run_file(run, "log.txt", path, NULL)) return;
    FILE *file = fopen(path, "ae");
    if (!file) return;
    fprintf(file, "%s %s\n", when, sentence);
    fclose(file);
}
