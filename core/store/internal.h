/* What the files of the store share; private to core/store. */
#ifndef SX_STORE_INTERNAL_H
#define SX_STORE_INTERNAL_H

#include "core/store/store.h"

#define SX_RUN_FORMAT 1
#define SX_RUN_SECTION "[run-folder]"
#define SX_RUN_INI_LIMIT ((size_t)1 << 20)

struct sx_run_folder {
    char path[SX_PATH_SIZE], name[96];
    char *ini; /* the study's part of run.ini */
    int lock;  /* descriptor, -1 when only reading */
    int journal;
    double opened;  /* sx_seconds when it was opened for writing */
    double elapsed; /* seconds of the run before that */
};

/* `name` in the run's folder, into out [SX_PATH_SIZE]. */
sx_status sx_run_file(const sx_run_folder *run, const char *name, char *out, sx_error *err);

/* Seconds since the run began, the time it did not run left out. */
double sx_run_seconds(const sx_run_folder *run);

/* Opens journal.jsonl for appending; a cut last line is cut off first. */
sx_status sx_journal_open(sx_run_folder *run, sx_error *err);

/* Calls `line` for the whole lines in the last `bytes` of the journal (0: all of it). */
sx_status sx_journal_scan(const sx_run_folder *run, size_t bytes, sx_journal_line line, void *user,
                          size_t *broken, sx_error *err);

#endif
