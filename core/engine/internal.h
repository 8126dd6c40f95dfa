/* What the files of the engine share; private to core/engine. Fields are grouped by who may touch
 * them: under the mutex any thread, the rest the compute thread alone. */
#ifndef SX_ENGINE_INTERNAL_H
#define SX_ENGINE_INTERNAL_H

#include "core/engine/engine.h"

#include <pthread.h>

#define SX_RESULTS 320 /* names that one run publishes */
#define SX_COMMANDS_WAITING 64

typedef struct {
    sx_command_kind kind;
    double value;
} sx_command;

/* A job in the queue, with copies of what the caller gave. */
typedef struct sx_queued {
    struct sx_queued *next;
    sx_job_kind kind;
    sx_config config;
    char *directory, *run;
} sx_queued;

/* A live command of the journal that is to be given again on resume. */
typedef struct {
    int64_t step;
    char name[16];
    double value;
} sx_replay;

/* Accounts of time of the current job. Times decide only when something is shown or saved, never
 * what is computed. */
typedef struct {
    double began, paused_since, paused_seconds;
    double training_seconds, measuring_seconds, end_seconds; /* of advances, by what they did */
    int64_t measuring_advances, end_advances, first_step;
    double window_began[2], window_images[2]; /* the window before and the current one */
} sx_pace;

/* The light lane (lane.c). */
typedef struct {
    pthread_t thread;
    bool started;
    atomic_bool stop;  /* the probe looks at it: a newer question, or the end of the job */
    atomic_bool wants; /* newer parameters */
    int64_t taught;    /* step of the last lesson, -1: none; and when: the compute thread's */
    double taught_at;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    sx_probe *probe; /* NULL while there are no data; the lane's while it is busy */
    sx_probe *guest; /* of the network that was asked last, if it is not the job's (guest.c) */
    char guest_name[SX_NETWORK_SIZE];
    bool open, asked, busy, quit;
    sx_question question;
    uint64_t number, version;
    float *lesson; /* parameters that the probe has not taken yet; lesson_size 0: none */
    size_t lesson_size, lesson_capacity;
    bool teaching, learning; /* whose it is without the mutex: the compute thread's, the lane's */
    const sx_answer *newest;
} sx_lane;

struct sx_engine {
    pthread_t thread;
    bool started;
    sx_pool *pool;
    int threads, wake[2];
    atomic_bool stop; /* the study looks at it between graph nodes */

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a command, a job, a snapshot, the end */
    sx_queued *first, *last;
    sx_command commands[SX_COMMANDS_WAITING];
    int command_count;
    bool busy, quit; /* has a job; is to end */
    const sx_snapshot *newest;

    /* the compute thread's */
    sx_snapshot now;
    const sx_result *results[SX_RESULTS];
    bool unsaved[SX_RESULTS];
    double published; /* when the last snapshot was */
    sx_run_folder *run;
    sx_run_folder *whole;         /* of the study that `run` is a cell of; NULL: a plain run */
    char cell_path[SX_PATH_SIZE]; /* of the cell that is to be made or gone on with; "" */
    bool cell_finished;           /* which for a study of cells is no end */
    double work_left;             /* of cells that have not begun, in works of this one */
    sx_study *study;
    bool paused, stepping, stopping;
    bool begin_paused; /* the cell before was paused, so a person wants to see this one begin */
    bool warned;       /* `message` says what could not be written */
    char note[512];    /* what it says otherwise */
    sx_pace pace;
    sx_lane lane;
    sx_clock clock;                          /* of the recorded points */
    int64_t saved_step;                      /* of the results on disk */
    double checkpoint_every;                 /* seconds, from the configuration */
    double checkpointed, checkpoint_seconds; /* when the last one was, and how long it took */
    double checkpoint_tried;                 /* when the last one was tried */
    int64_t applied;                         /* live commands so far; goes into checkpoints */
    sx_replay *replays;
    size_t replay_count, replay_next;
};

/* Publishes the current state; `now` at once, else at most some thirty times a second. */
void sx_engine_publish(sx_engine *engine, bool now);

/* Takes ownership of a result: newest of its name. */
void sx_engine_take_result(void *engine, sx_result *result);
void sx_engine_drop_results(sx_engine *engine);

/* Moves the waiting commands into out [SX_COMMANDS_WAITING]; returns how many. What was sent after
 * a single step waits until the step is made, unless the job is to stop. */
int sx_engine_take_commands(sx_engine *engine, sx_command *out);

/* Sleeps until something changes (a paused run). */
void sx_engine_sleep(sx_engine *engine);

/* Runs one job to its end (jobs.c). */
void sx_engine_run_job(sx_engine *engine, sx_queued *job);

/* jobs.c: forgets the job before, but for what a snapshot may still show; takes the names of run
 * and cell; runs a new run, or goes on with one, whatever its folder; shows one. */
void sx_engine_reset(sx_engine *engine);
void sx_engine_name_run(sx_engine *engine);
void sx_engine_run_one(sx_engine *engine, sx_queued *job);
void sx_engine_resume_one(sx_engine *engine, sx_queued *job);
void sx_engine_show_one(sx_engine *engine, sx_config *config);
void sx_engine_close_run(sx_engine *engine);

/* cells.c: runs, or goes on with, all cells of the study whose folder `run` is; then shows it. */
void sx_engine_run_cells(sx_engine *engine, sx_config *config, const char *event);

/* Drives the study until it is finished, stopped or failed (drive.c). */
void sx_engine_drive(sx_engine *engine);

/* ---- lane.c: the compute thread's side --------------------------------------------------------
 */

bool sx_lane_start(sx_engine *engine);
void sx_lane_end(sx_engine *engine);
/* Makes a probe for the job's data and, unless `config` is NULL, its model, with the parameters of
 * the checkpoint if there is one. */
void sx_lane_open(sx_engine *engine, const sx_config *config, const sx_safetensors *checkpoint);
void sx_lane_close(sx_engine *engine);
/* Leaves the study's parameters to the probe if it wants them and is not asked too often; `now`:
 * also if not, and before there is a probe. */
void sx_lane_teach(sx_engine *engine, bool now);

/* ---- lane.c and inside.c: the lane's side ------------------------------------------------------
 */

/* What is asked and by which number, and who answers it. */
typedef struct {
    sx_question question;
    uint64_t number;
    sx_probe *probe;
    size_t lesson_size;                            /* 0: nothing new */
    int64_t taught;                                /* its step */
    char problem[sizeof((sx_answer *)0)->problem]; /* "" or why it is not the one that was asked */
} sx_lane_task;

/* A counted answer with room for so many floats and bytes behind it; NULL if memory is out: the
 * screen keeps the one before. Publishing takes it. */
sx_answer *sx_lane_answer_new(const sx_lane_task *task, size_t floats, size_t bytes);
/* The same with what the task's probe knows of its scene. */
sx_answer *sx_lane_answer_scene(const sx_lane_task *task);
void sx_lane_publish(sx_engine *engine, sx_answer *answer);

/* Answers a question about the inside. */
void sx_lane_answer_inside(sx_engine *engine, sx_lane_task *task);
/* What is asked about a scene beyond its picture and probabilities, which the task's probe knows:
 * the inside, or what is nearby. */
void sx_lane_answer_beyond(sx_engine *engine, sx_lane_task *task);

/* ---- guest.c: the lane's side -------------------------------------------------------------------
 */

/* The probe of the network that is asked, "": the job's. NULL, and a sentence, if there is none. */
sx_probe *sx_guest_of(sx_lane *lane, const char *network, sx_error *err);
/* Only while the lane is not busy, or by itself. */
void sx_guest_drop(sx_lane *lane);

/* ---- origin.c: what training begins with --------------------------------------------------------
 */

bool sx_engine_has_origin(const sx_config *config);
/* Whether keys are still to be found: by model.from, train.recipe, or what a set is. */
bool sx_engine_must_resolve(const sx_config *config);
/* The network of a run, and its configuration into `config`, which holds the defaults. */
sx_status sx_engine_read_run(const char *which, sx_config *config, sx_origin *out, sx_error *err);
/* Opens what model.from names; the second also puts what follows from it into `config`, and is
 * nothing where there is no model.from. End with sx_origin_done. */
sx_status sx_engine_read_origin(const sx_engine *engine, const sx_config *config, sx_origin *out,
                                sx_error *err);
sx_status sx_engine_resolve_origin(const sx_engine *engine, sx_config *config, sx_origin *out,
                                   sx_error *err);

/* ---- measured.c: networks that a study measures -------------------------------------------------
 */

/* For the context of a study: opens the network of a run, with the names of its classes. */
sx_status sx_measured_open_run(void *engine, const char *which, sx_origin *out, sx_error *err);
/* A sentence for the run's log. */
void sx_measured_note(void *engine, const char *sentence);
/* Keeps the paths of the set and of the models as they are from everywhere. */
sx_status sx_measured_keep_paths(sx_config *config, sx_error *err);
/* What is measured, for titles, into out [size]. */
void sx_measured_describe(const sx_config *config, char *out, size_t size);

/* ---- record.c: what goes to disk ----------------------------------------------------------------
 */

void sx_engine_set_state(sx_engine *engine, sx_state state, const char *message);

/* Says what could not be done; `then` (may be "") is what follows from it. */
void sx_engine_warn(sx_engine *engine, const sx_error *err, const char *then);

/* Journal line of an event, with a sentence or NULL. */
sx_status sx_engine_event(sx_engine *engine, const char *kind, const char *message, sx_error *err);
/* The same where a failure is only worth a warning. */
void sx_engine_note_event(sx_engine *engine, const char *kind);

/* A point for the snapshot's clock and the journal. */
void sx_engine_journal_point(sx_engine *engine);
/* Makes the snapshot's clock of the points so far. */
void sx_engine_publish_clock(sx_engine *engine);
sx_status sx_engine_journal_command(sx_engine *engine, const char *name, double value,
                                    sx_error *err);

sx_status sx_engine_save_results(sx_engine *engine, sx_error *err);
/* Results, then the state of the study. */
sx_status sx_engine_checkpoint(sx_engine *engine, sx_error *err);
/* A failure is said, and tried again at the next turn. */
void sx_engine_checkpoint_or_warn(sx_engine *engine);
bool sx_engine_checkpoint_is_due(const sx_engine *engine);

/* ---- pace.c: how fast it goes -------------------------------------------------------------------
 */

void sx_pace_begin(sx_pace *pace);
void sx_pace_pause(sx_pace *pace, bool paused);
/* Seconds since the beginning, pauses left out. */
double sx_pace_seconds(const sx_pace *pace);
/* An advance that took `seconds`, of which the process slept `asleep` (stopped by a signal); brings
 * the snapshot's figures up to date. */
void sx_pace_count(sx_pace *pace, sx_snapshot *now, double seconds, double asleep);

#endif
