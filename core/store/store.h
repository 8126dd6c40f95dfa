/* Run folders: what a run leaves on disk. Kill the process at any moment: the folder opens. A
 * folder is written by one process at a time (a lock says so), read by any.
 *
 *   run.ini                 the exact configuration; [run-folder] format = 1, version, created ...
 *   journal.jsonl           one line per published scalar, event or live command; append-only
 *   results/NAME.json       typed results, as of the newest checkpoint
 *   results-before/...      as of the last checkpoint at an earlier step
 *   checkpoint.safetensors  and checkpoint-before.safetensors
 *   log.txt                 sentences for a person
 *   note.txt                a line that a person wrote about it
 *   cells/NAME              of a study of several networks: a run folder of each
 */
#ifndef SX_STORE_STORE_H
#define SX_STORE_STORE_H

#include "core/base/base.h"
#include "core/format/format.h"
#include "core/result/result.h"

#include <stdatomic.h>

/* $XDG_DATA_HOME/sextant/runs, or ~/.local/share/sextant/runs, or the scratch store while that is
 * used, into out [SX_PATH_SIZE]. */
sx_status sx_store_root(char *out, sx_error *err);

/* The scratch store of this process, for runs that nobody keeps (lessons). Open makes a folder
 * below $XDG_CACHE_HOME/sextant/lessons, or ~/.cache, or the temporary folder, and uses it from now
 * on as the store; what killed processes left there goes. Opened already, it is used again. One
 * thread; only sx_store_root may be asked by others. */
sx_status sx_scratch_open(sx_error *err);
/* The scratch store from now on, or the person's own; false: it is not open. */
bool sx_scratch_use(bool use);
bool sx_scratch_is_used(void);
/* While it is used: something in it is wanted, so closing leaves it where it is. */
void sx_scratch_keep(void);
/* Ends it, after the last run in it is closed. Its folder into kept [SX_PATH_SIZE], "" if it is
 * gone. */
void sx_scratch_close(char *kept);

#define SX_STORE_CELLS "cells"

/* An open run folder. One thread. */
typedef struct sx_run_folder sx_run_folder;

/* Makes a new folder and writes run.ini from `ini` (the study's configuration as text; the section
 * [run-folder] is added here). `directory` NULL: the next number below the root, "0012-NAME", safe
 * against a second process that does the same at the same time. `directory` given: that folder
 * itself, which must not exist or be empty. Locks it. Returns owned. */
sx_run_folder *sx_run_create(const char *directory, const char *name, const char *ini,
                             sx_error *err);

/* Opens a run for reading or, locked, for going on; `which` is a number ("12", "0012"), a name
 * ("0012-fashion-cnn") below the root, either with a cell behind it ("12/vit"), or a path. A newer
 * format, a folder that is not a run (with the nearest name), a run that another process holds
 * (`writable`): a sentence. */
sx_run_folder *sx_run_open(const char *which, bool writable, sx_error *err);
void sx_run_close(sx_run_folder *run); /* NULL is fine */
/* Closes a run that sx_run_create made and that came to nothing, and takes away what it wrote; a
 * folder that was there before stays, empty. Never fails: what cannot be removed is left. */
void sx_run_discard(sx_run_folder *run);

/* True if the path is a folder with a run.ini that begins like one. */
bool sx_run_recognises(const char *path);

/* True while some process, this one included, holds the run for writing. */
bool sx_run_in_use(const sx_run_folder *run);

const char *sx_run_path(const sx_run_folder *run);
const char *sx_run_name(const sx_run_folder *run); /* "0012-fashion-cnn", "0012-study/vit" */
/* "0012-fashion-cnn · seed 0 · 2026-11-25 03:14", for below a figure; into out [size]. The same
 * whenever it is asked. */
void sx_run_caption(const sx_run_folder *run, char *out, size_t size);
/* The study's configuration as text, without [run-folder]; owned by the run. */
const char *sx_run_ini(const sx_run_folder *run);

/* Seconds since the run began, the time it did not run left out: "t" of a journal line now. */
double sx_run_seconds(const sx_run_folder *run);

/* Appends one line {"t": seconds since the run began, "step": step, "kind": kind, ...fields}.
 * Borrows `fields` (an object or NULL). `sync` for events that must survive a power cut. */
sx_status sx_run_journal(sx_run_folder *run, const char *kind, int64_t step, const json_t *fields,
                         bool sync, sx_error *err);

/* Calls `line` for each whole journal line in order; a cut last line is dropped, a broken one in
 * the middle is counted into *broken (may be NULL) and skipped. False from `line` ends it. */
typedef bool (*sx_journal_line)(void *user, const json_t *line);
sx_status sx_run_journal_read(const sx_run_folder *run, sx_journal_line line, void *user,
                              size_t *broken, sx_error *err);

/* Appends a dated sentence to log.txt; never fails. */
void sx_run_log(sx_run_folder *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* When each recorded point of a training was reached. Start with {0}. */
typedef struct {
    double *rows; /* [count, 3] step, seconds, epoch */
    size_t count, capacity;
} sx_clock;
/* The points after that step were of a session that was lost. */
void sx_clock_add(sx_clock *clock, int64_t step, double seconds, double epoch);
void sx_clock_done(sx_clock *clock);
/* A series over steps: "seconds" since the run began, "epoch". Returns owned; NULL if there are no
 * points or memory is out. */
sx_result *sx_clock_result(const sx_clock *clock);
/* The same of the points in a run's journal. */
sx_result *sx_run_clock(const sx_run_folder *run);

sx_status sx_run_save_result(sx_run_folder *run, const sx_result *result, sx_error *err);

/* To be called before results of a later step are saved: those that are there become the ones
 * before. What cannot be kept is told in the log, and is no reason to stop. */
void sx_run_keep_results(sx_run_folder *run);

/* All results of the folder, sorted by name. A broken one is skipped, and its sentence is added to
 * `warnings` (may be NULL), one a line. */
typedef struct {
    sx_result **results;
    size_t count;
} sx_result_list;
sx_status sx_run_load_results(const sx_run_folder *run, sx_result_list *out, sx_text *warnings,
                              sx_error *err);
/* The same, but SX_CANCELLED once the stop flag is seen. */
sx_status sx_run_load_results_until(const sx_run_folder *run, const atomic_bool *stop,
                                    sx_result_list *out, sx_text *warnings, sx_error *err);
void sx_result_list_done(sx_result_list *list);
/* One of them, owned by the caller; NULL if there is none that reads. And as it was before. */
sx_result *sx_run_load_result(const sx_run_folder *run, const char *name, sx_error *err);
sx_result *sx_run_load_result_before(const sx_run_folder *run, const char *name, sx_error *err);

/* The newest checkpoint becomes the one before, then the new one is written; never torn. */
sx_status sx_run_save_checkpoint(sx_run_folder *run, const sx_safetensor *tensors, size_t count,
                                 const sx_metadata *metadata, size_t metadata_count, sx_error *err);
/* The newest checkpoint that reads whole, else the one before (and says so in the log);
 * SX_BAD_INPUT if there is none. */
sx_status sx_run_load_checkpoint(sx_run_folder *run, sx_safetensors *out, sx_error *err);

/* What a list of runs shows; from run.ini and the last lines of the journal. */
typedef struct {
    char name[96], study[64], state[16]; /* state: running, finished, stopped, failed, broken */
    char created[32];                    /* UTC, "2026-11-25 03:14" */
    int64_t step, steps; /* of a study of cells: how many have finished, of how many */
    bool cells;          /* it is such a study ... */
    char cell[64];       /* ... and this one runs; "" */
    double accuracy;     /* last validation accuracy, NaN if none */
    double seconds;      /* that it has computed, NaN if unknown */
    char preset[16], note[160];
} sx_run_facts;
typedef struct {
    sx_run_facts *runs; /* by number */
    size_t count;
} sx_run_list;
sx_status sx_store_list(sx_run_list *out, sx_error *err);
void sx_run_list_done(sx_run_list *list);
/* Of one run; `which` as for sx_run_open. */
sx_status sx_store_facts(const char *which, sx_run_facts *out, sx_error *err);
/* How far it is, for a person: "step 1,500 of 6,000", of a study of cells "1 of 3 runs done, now
 * vit", into out [size]. */
void sx_run_progress(const sx_run_facts *run, char *out, size_t size);

/* The list one run at a time, the highest number first, its cells behind it, for those who must not
 * wait for a disk. Start with {0}; a run that is made meanwhile is not in it. */
typedef struct {
    char root[SX_PATH_SIZE];
    sx_listing names; /* by number, those up to `left` are still to come */
    size_t left;
    char study[SX_PATH_SIZE]; /* the run whose cells come next ... */
    sx_listing cells;         /* ... their names ... */
    size_t cell;              /* ... and which is next */
} sx_run_walk;
/* Begins (again, if it is under way). */
sx_status sx_run_walk_begin(sx_run_walk *walk, sx_error *err);
/* The next run; false at the end. */
bool sx_run_walk_next(sx_run_walk *walk, sx_run_facts *out);
void sx_run_walk_done(sx_run_walk *walk);

/* ---- what a person does to a run; `which` as for sx_run_open ------------------------------------
 */

/* The note, "" if there is none, into out [size]. */
void sx_run_note(const sx_run_folder *run, char *out, size_t size);
/* Writes it; "" takes it away. */
sx_status sx_store_note(const char *which, const char *note, sx_error *err);

/* Another name behind the same number; [A-Za-z0-9._-], at most 64. Both are refused while a process
 * holds the run, and for runs that are not in the list of runs. */
sx_status sx_store_rename(const char *which, const char *name, sx_error *err);
sx_status sx_store_delete(const char *which, sx_error *err);

#endif
