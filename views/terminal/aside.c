/* Standard error beside the screen. A library that complains would write over the panes; so
 * descriptor 2 points into memory until the run's log is known, then into the log, and what is left
 * in memory is printed when the terminal is a plain one again. */
#include "views/terminal/guard.h"

#include "core/base/base.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int kept = -1;   /* the true standard error */
static int memory = -1; /* what was written before there was a log */

void sx_aside_begin(void) {
    fflush(stderr);
    kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (kept < 0) return;
    memory = memfd_create("sextant-errors", MFD_CLOEXEC);
    int target = memory >= 0 ? memory : open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (target >= 0) dup2(target, STDERR_FILENO);
    if (target >= 0 && target != memory) close(target);
}

/* Copies the last of what is in memory to `descriptor` and ends the memory. */
static void pour(int descriptor) {
    char tail[4096];
    if (memory < 0) return;
    off_t end = lseek(memory, 0, SEEK_END);
    off_t from = end > (off_t)sizeof tail ? end - (off_t)sizeof tail : 0;
    ssize_t size = end > 0 ? pread(memory, tail, sizeof tail, from) : 0;
    ssize_t written = size > 0 ? write(descriptor, tail, (size_t)size) : 0;
    (void)written; /* the reader of standard error has gone: nobody to tell */
    close(memory);
    memory = -1;
}

void sx_aside_log(const char *path) {
    if (kept < 0) return;
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) return;
    fflush(stderr);
    dup2(log, STDERR_FILENO);
    pour(log);
    close(log);
}

void sx_aside_end(void) {
    if (kept < 0) return;
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    kept = -1;
    pour(STDERR_FILENO);
}

void sx_aside_crash(void) {
    if (kept >= 0) dup2(kept, STDERR_FILENO);
}
