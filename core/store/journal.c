/* The journal and the log: append-only, one line with one write, so that a killed process leaves at
 * most its last line cut. Reading goes through a buffer of fixed size, whatever the file. */
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

#define JOURNAL_LIMIT ((off_t)1 << 30)
#define LINE_LIMIT ((size_t)64 << 10)
#define BUFFER_SIZE (2 * LINE_LIMIT)

/* ---- writing
 * ------------------------------------------------------------------------------------- */

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
    run->journal = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    if (run->journal < 0 || !cut_last_line(run->journal))
        return sx_fail(err, SX_IO, "cannot write '%.300s': %s", path, strerror(errno));
    return SX_OK;
}

/* The line as text with a line end in place of the NUL, ended with free; NULL if memory is out. */
static char *make_line(const sx_run_folder *run, const char *kind, int64_t step,
                       const json_t *fields, size_t *size) {
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%.3f", sx_run_seconds(run));
    json_t *line = json_object();
    bool whole = json_object_set_new(line, "t", json_real(strtod(seconds, NULL))) == 0 &&
                 json_object_set_new(line, "step", json_integer(step)) == 0 &&
                 json_object_set_new(line, "kind", sx_json_text(kind)) == 0 &&
                 (!fields || json_object_update(line, (json_t *)(uintptr_t)fields) == 0);
    char *text = whole ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(line);
    if (!text) return NULL;
    *size = strlen(text) + 1;
    text[*size - 1] = '\n';
    return text;
}

static sx_status write_line(sx_run_folder *run, const char *text, size_t size, bool sync,
                            sx_error *err) {
    errno = EBADF; /* opened for reading */
    if (run->journal >= 0 && (!run->torn_line || cut_last_line(run->journal))) {
        ssize_t put = write(run->journal, text, size);
        run->torn_line = put > 0 && put != (ssize_t)size;
        if (run->torn_line) errno = ENOSPC; /* a short write is how a full disk begins */
        if (put == (ssize_t)size && (!sync || fsync(run->journal) == 0)) return SX_OK;
    }
    return sx_fail(err, SX_IO, "cannot write the journal of run %s: %s", run->name,
                   strerror(errno));
}

sx_status sx_run_journal(sx_run_folder *run, const char *kind, int64_t step, const json_t *fields,
                         bool sync, sx_error *err) {
    size_t size;
    char *text = make_line(run, kind, step, fields, &size);
    if (!text) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the journal");
    sx_status status =
        size <= LINE_LIMIT
            ? write_line(run, text, size, sync, err)
            : sx_fail(err, SX_BAD_INPUT,
                      "a line of %zu bytes is too long for the journal of run %s", size, run->name);
    free(text);
    return status;
}

/* ---- reading
 * ------------------------------------------------------------------------------------- */

typedef struct {
    const char *path;
    sx_journal_line line;
    void *user;
    size_t broken;
    bool skipping; /* up to the next line end: a line that is cut in front, or too long */
    bool ended;    /* by the caller */
    sx_status status;
    sx_error *err;
} reader;

static void read_line(reader *in, const char *text, size_t size) {
    json_t *value = NULL;
    sx_error fault = {0};
    if (size < LINE_LIMIT) sx_json_parse(in->path, text, size, &value, &fault);
    if (fault.status == SX_NO_MEMORY)
        in->status = sx_fail(in->err, SX_NO_MEMORY, "%s", fault.message);
    else if (json_is_object(value))
        in->ended = !in->line(in->user, value);
    else
        in->broken++;
    json_decref(value);
}

/* Reads the whole lines of `text`; returns how many bytes are done with. */
static size_t read_lines(reader *in, const char *text, size_t size) {
    const char *at = text, *end = text + size, *stop;
    while (at < end && !in->ended && !in->status && (stop = memchr(at, '\n', (size_t)(end - at)))) {
        if (!in->skipping) read_line(in, at, (size_t)(stop - at));
        in->skipping = false;
        at = stop + 1;
    }
    if (at < end && !in->skipping && (size_t)(end - at) >= LINE_LIMIT) {
        in->broken++;
        in->skipping = true;
    }
    return in->skipping ? size : (size_t)(at - text);
}

static void read_from(reader *in, int fd, off_t at, off_t end) {
    char *buffer = sx_alloc(BUFFER_SIZE, 1);
    if (!buffer) {
        in->status = sx_fail(in->err, SX_NO_MEMORY, "not enough memory to read '%.300s'", in->path);
        return;
    }
    for (size_t held = 0; at < end && !in->ended && !in->status;) {
        ssize_t got = pread(fd, buffer + held, BUFFER_SIZE - held, at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            in->status =
                sx_fail(in->err, SX_IO, "cannot read '%.300s': %s", in->path, strerror(errno));
        if (got <= 0) break;
        at += got;
        held += (size_t)got;
        size_t done = read_lines(in, buffer, held);
        held -= done;
        memmove(buffer, buffer + done, held);
    }
    sx_free(buffer);
}

/* Opens the journal for reading; -1 with `in->status` SX_OK if there is none yet. */
static int open_journal(reader *in, off_t *size) {
    struct stat facts = {0};
    int fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return -1;
    if (fd < 0 || fstat(fd, &facts) != 0)
        in->status = sx_fail(in->err, SX_IO, "cannot read '%.300s': %s", in->path, strerror(errno));
    else if (!S_ISREG(facts.st_mode))
        in->status = sx_fail(in->err, SX_BAD_INPUT, "'%.300s' is not a regular file", in->path);
    if (!in->status) {
        *size = facts.st_size;
        return fd;
    }
    if (fd >= 0) close(fd);
    return -1;
}

sx_status sx_journal_scan(const sx_run_folder *run, size_t bytes, sx_journal_line line, void *user,
                          size_t *broken, sx_error *err) {
    char path[SX_PATH_SIZE];
    reader in = {.path = path, .line = line, .user = user, .err = err};
    off_t size = 0, from = 0;
    in.status = sx_run_file(run, "journal.jsonl", path, err);
    int fd = in.status ? -1 : open_journal(&in, &size);
    /* From one byte before: if that is a line end, the first line is a whole one. */
    if (bytes && size > (off_t)bytes) from = size - (off_t)bytes - 1;
    in.skipping = from > 0;
    if (size - from > JOURNAL_LIMIT)
        in.status = sx_fail(err, SX_BAD_INPUT, "'%.300s' is too large to read", path);
    else if (fd >= 0)
        read_from(&in, fd, from, size);
    if (fd >= 0) close(fd);
    if (broken) *broken = in.broken;
    return in.status;
}

sx_status sx_run_journal_read(const sx_run_folder *run, sx_journal_line line, void *user,
                              size_t *broken, sx_error *err) {
    return sx_journal_scan(run, 0, line, user, broken, err);
}

/* ---- the log
 * ------------------------------------------------------------------------------------- */

static void write_log(const char *path, const char *line, size_t size) {
    struct stat facts;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0) return; /* what is told here has been told elsewhere too */
    if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode)) {
        ssize_t put = write(fd, line, size);
        (void)put;
    }
    close(fd);
}

void sx_run_log(sx_run_folder *run, const char *format, ...) {
    char path[SX_PATH_SIZE], when[32], sentence[600], shown[600], line[640];
    va_list args;
    time_t now = time(NULL);
    struct tm utc;
    if (run->lock < 0 || sx_run_file(run, "log.txt", path, NULL)) return;
    gmtime_r(&now, &utc);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &utc);
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    sx_text_printable(shown, sizeof shown, sentence);
    int size = snprintf(line, sizeof line, "%s %s\n", when, shown);
    if (size > 0 && size < (int)sizeof line) write_log(path, line, (size_t)size);
}
