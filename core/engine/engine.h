/* The engine: one compute thread with a queue of jobs, driven by commands, seen through snapshots.
 * The screen never waits for it and it never waits for the screen: commands go into a queue that is
 * read between small units of work, snapshots are immutable and counted (house decision 5). */
#ifndef SX_ENGINE_ENGINE_H
#define SX_ENGINE_ENGINE_H

#include "core/base/base.h"
#include "core/result/result.h"
#include "core/store/store.h"
#include "core/study/study.h"

typedef enum {
    SX_STATE_IDLE,
    SX_STATE_LOADING,
    SX_STATE_RUNNING,
    SX_STATE_PAUSED,
    SX_STATE_STOPPING,
    SX_STATE_FINISHED, /* every step and measurement is done */
    SX_STATE_STOPPED,  /* by a person or a signal, checkpointed; can be resumed */
    SX_STATE_FAILED,   /* `message` says why */
    SX_STATES
} sx_state;
const char *sx_state_name(sx_state state); /* "running" ... */

/* One moment of the current job. Immutable once published. */
typedef struct {
    uint64_t version; /* grows */
    uint64_t job;     /* 1 for the first that was queued; 0: none has begun */
    sx_state state;
    char run[96];    /* "0012-fashion-cnn"; "" before there is one */
    char path[1024]; /* of the run folder; "" if there is none */
    /* Of a study of several networks `run` and `path` are the study's, the rest is of the cell that
     * is computed: its folder below the study's, the how-manieth of how many it is, and seconds
     * that those after it will take, by what this one takes. */
    char cell[SX_CELL_NAME]; /* "vit", "vit-seed2"; "": a plain run, or the study itself is shown */
    int cell_number, cell_count; /* from 1; 0 */
    double cells_seconds_left;   /* NaN while unknown */
    char caption[160];           /* run, seed and date, for below its figures */
    char study[64];              /* [study] name */
    char model[SX_MODEL_SPEC];
    char message[512]; /* a sentence: what is loading, what failed, a note on the data; "" */
    char loading[64];  /* what is being loaded, with done and total (0: unknown); of a run that is
                        * opened also when its state and results are known already; "" */
    size_t loading_done, loading_total;
    sx_study_report report;
    double images_per_second; /* training, over the last seconds; NaN at first */
    double seconds_left;      /* of the whole job; NaN while unknown */
    double seconds;           /* since the job began, pauses left out */
    double measuring_share;   /* share of compute time that live measurements took so far */
    double checkpoint_age;    /* seconds at the time of the snapshot; NaN: none yet */
    int threads;
    double location_area, rotation_area; /* share of the image that measured objects take */
    const sx_study_data *data;           /* NULL until loaded; kept by the snapshot */
    size_t result_count;
    const sx_result *clock; /* series over steps: "seconds" since the run began, "epoch"; NULL: not
                             * known; kept by the snapshot */
    const sx_result **results; /* newest of each name, sorted by name; kept by the snapshot */
} sx_snapshot;

/* The result of that name, NULL if there is none yet. Borrows. */
const sx_result *sx_snapshot_result(const sx_snapshot *snapshot, const char *name);

typedef struct sx_engine sx_engine;

/* Starts the compute thread and a pool of `threads` (0: sx_default_threads). Returns owned. */
sx_engine *sx_engine_new(int threads, sx_error *err);

/* Stops the job (checkpointed), ends the threads, closes the run. At most about 200 ms plus the
 * time to write a checkpoint. */
void sx_engine_free(sx_engine *engine);

/* Puts a job at the end of the queue; it begins when those before it have ended.
 * run: a new run of `config` in a new run folder (`directory` NULL: below the store's root).
 * resume: goes on with a run folder. open: shows a run folder (or one that is being written): at
 * once its results and how it ended, then its data; computes nothing. browse: opens the data set of
 * `config` and nothing more. */
typedef enum { SX_JOB_RUN, SX_JOB_RESUME, SX_JOB_OPEN, SX_JOB_BROWSE } sx_job_kind;
typedef struct {
    sx_job_kind kind;
    const sx_config *config; /* RUN, BROWSE: copied */
    const char *directory;   /* RUN: the folder itself, or NULL */
    const char *run;         /* RESUME, OPEN: as sx_run_open takes it */
} sx_job;
sx_status sx_engine_queue(sx_engine *engine, const sx_job *job, sx_error *err);

typedef enum {
    SX_COMMAND_PAUSE,
    SX_COMMAND_RESUME,
    SX_COMMAND_STEP,       /* one training step, then paused */
    SX_COMMAND_STOP,       /* checkpoint, end this job */
    SX_COMMAND_CHECKPOINT, /* now */
    SX_COMMAND_SCALE,      /* value: factor on the learning rate */
    SX_COMMAND_MOMENTUM,   /* value: the new one; likewise */
    SX_COMMAND_WEIGHT_DECAY,
    SX_COMMAND_AUGMENT, /* 0 or 1 */
    SX_COMMAND_BATCH,   /* images of a step from the next epoch on */
    SX_COMMAND_MEASURE, /* a live measurement now */
    SX_COMMANDS
} sx_command_kind;

/* If the study of this snapshot would take a live value; before it reports, nobody knows, and it is
 * SX_OK. SX_BAD_INPUT with a sentence. */
sx_status sx_engine_check(const sx_snapshot *snapshot, sx_command_kind kind, double value,
                          sx_error *err);

/* From any thread; never blocks for longer than a queue's lock. Commands that change the result are
 * journalled with the step at which they acted, and replayed on resume. */
void sx_engine_send(sx_engine *engine, sx_command_kind kind, double value);

/* The newest snapshot, never NULL; any thread. End with sx_snapshot_release. */
const sx_snapshot *sx_engine_snapshot(sx_engine *engine);
void sx_snapshot_release(const sx_snapshot *snapshot);

/* ---- the probe, on a thread of its own ---- */

#define SX_NETWORK_SIZE 1024

/* What is looked at inside the network while it sees a picture (core/study/inspection.h).
 * Selections that the network has not are taken as the nearest that it has. */
typedef struct {
    unsigned parts; /* bits 1 << sx_inside_part; 0: nothing */
    bool plain;     /* the picture is the scene's item as the network learns it, not the scene */
    bool label;     /* the true class is explained, not the likeliest */
    bool beside;    /* the scene's picture and probabilities are wanted, too, and come first */
    int query, layer, block;
} sx_inside_question;
#define SX_INSIDE_RESULTS 144 /* most of one answer */

/* A question: a scene, with the curve along a factor; or, where `pictures` > 0, the sheet of so
 * many pictures at the scene's pose; or, where `inside` has parts, what happens inside; or, where
 * `nearby` is set, a scene with what the network says in one-pixel steps around it. A scene may be
 * put to another network: that of the checkpoint of a run, as sx_run_open takes it. */
typedef struct {
    sx_scene scene;
    sx_along along;
    int pictures; /* up to SX_SHEET_PICTURES */
    sx_inside_question inside;
    bool nearby;
    char network[SX_NETWORK_SIZE]; /* "": the job's */
} sx_question;

/* As much as is known yet of the answer to question `number`; immutable. */
typedef struct {
    uint64_t version; /* grows */
    uint64_t number;
    bool whole;                    /* picture, probabilities and curve, or what else was asked */
    bool unreadable;               /* the object cannot be read; nothing more will come */
    char network[SX_NETWORK_SIZE]; /* as it was asked */
    char
        problem[256]; /* why that one cannot be asked: then there is only the picture; "": it can */
    sx_probe_answer known;                       /* of a scene; its arrays are kept by the answer */
    sx_sheet sheet;                              /* count 0: it was another question */
    sx_inside_question inside;                   /* parts 0: likewise */
    bool nearby;                                 /* likewise */
    const sx_result *results[SX_INSIDE_RESULTS]; /* of `inside` or `nearby`, as far as they are
                                                  * known; kept */
    size_t result_count;
} sx_answer;

/* Asks the network of the current job, and again whenever it has learned; the newer question
 * cancels the older. NULL: no more, which cancels it too. Any thread, at once. */
void sx_engine_ask(sx_engine *engine, const sx_question *question);

/* The newest answer of the current job, NULL if there is none. End with sx_answer_release. */
const sx_answer *sx_engine_answer(sx_engine *engine);
void sx_answer_release(const sx_answer *answer); /* NULL is fine */

/* True if the last question has its whole answer, or nothing was asked. */
bool sx_engine_answered(sx_engine *engine);

/* A descriptor that becomes readable when a newer snapshot or answer is there; read all bytes to
 * clear. */
int sx_engine_wake(const sx_engine *engine);

/* Waits until there is a snapshot newer than `version`, or `milliseconds` have passed. */
void sx_engine_wait(sx_engine *engine, uint64_t version, int milliseconds);

#endif
