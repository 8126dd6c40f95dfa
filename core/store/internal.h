/* What the files of the store share; private to core/store. */
#ifndef SX_STORE_INTERNAL_H
#define SX_STORE_INTERNAL_H

#include "core/store/store.h"

#define SX_RUN_FORMAT 1
#define SX_RUN_SECTION "[run-folder]"
#define SX_RUN_INI_LIMIT ((size_t)1 << 20)
#define SX_JOURNAL_TAIL ((size_t)16 << 10) /* what facts for a list are taken from */

struct sx_run_folder {
    char path[SX_PATH_SIZE], name[96];
    char *ini; /* the study's part of run.ini */
    char created[32];
    int lock;         /* descriptor, -1 when only reading */
    int journal;      /* likewise */
    bool torn_line;   /* the journal may end in a part of a line */
    bool torn_newest; /* the newest checkpoint does not read whole */
    bool found;       /* the folder was there before the run was made */
    double opened;    /* sx_seconds when it was opened for writing */
    double elapsed;   /* seconds of the run before that */
};

/* `name` in the run's folder, into out [SX_PATH_SIZE]. */
sx_status sx_run_file(const sx_run_folder *run, const char *name, char *out, sx_error *err);

/* ---- names.c ------------------------------------------------------------------------------------
 */

/* The number at the beginning of a folder's name, 0 if there is none. */
long sx_run_number(const char *name);

/* Makes "NNNN-NAME" below the root with the next free number, into out [SX_PATH_SIZE]. */
sx_status sx_run_take_number(const char *name, char *out, sx_error *err);

/* The folder that `which`, a number or a name, means below the root, into out [SX_PATH_SIZE]; the
 * nearest name goes into the sentence if there is none. */
sx_status sx_run_find(const char *which, char *out, sx_error *err);

/* The name below the root that is nearest to `name`, into out [96]; false if there are no runs. */
bool sx_run_nearest(const char *name, char *out);

/* ---- scratch.c ----------------------------------------------------------------------------------
 */

/* The scratch store's folder, into out [SX_PATH_SIZE]; false: it is not used. Any thread. */
bool sx_scratch_root(char *out);

/* ---- manage.c -----------------------------------------------------------------------------------
 */

/* Removes a folder with everything in it, or only what is in it; links are removed, not followed.
 * 0, or errno says why. */
int sx_folder_remove(const char *path);
int sx_folder_empty(const char *path);

/* ---- journal.c ----------------------------------------------------------------------------------
 */

/* Opens journal.jsonl for appending; a cut last line is cut off first. */
sx_status sx_journal_open(sx_run_folder *run, sx_error *err);

/* Calls `line` for the whole lines in the last `bytes` of the journal (0: all of it). */
sx_status sx_journal_scan(const sx_run_folder *run, size_t bytes, sx_journal_line line, void *user,
                          size_t *broken, sx_error *err);

/* ---- results.c ----------------------------------------------------------------------------------
 */

/* Removes the temporary files that a killed process left; only with the lock. */
void sx_run_sweep(const sx_run_folder *run);

/* True for "NAME.0123abcd", the temporary file of a write that did not come to its end. */
bool sx_run_is_leftover(const char *name);

#endif
