/* What the files of the engine share; private to core/engine. Fields are grouped by who may touch
 * them: under the mutex any thread, the rest the compute thread alone. */
#ifndef SX_ENGINE_INTERNAL_H
#define SX_ENGINE_INTERNAL_H

#include "core/engine/engine.h"

#include <pthread.h>

#define SX_RESULTS 32 /* names that one run publishes */

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

struct sx_engine {
    pthread_t thread;
    bool started;
    sx_pool *pool;
    int threads, wake[2];
    atomic_bool stop; /* the study looks at it between graph nodes */

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a command, a job, a snapshot, the end */
    sx_queued *first, *last;
    sx_command commands[64];
    int command_count;
    bool quit;
    const sx_snapshot *newest;

    /* the compute thread's */
    sx_snapshot now;
    const sx_result *results[SX_RESULTS];
    bool unsaved[SX_RESULTS];
    double published; /* when the last snapshot was */
    sx_run_folder *run;
    sx_study *study;
    bool paused, stepping, stopping;
    double began, paused_since, paused_seconds;
    double training_seconds, measuring_seconds, end_seconds; /* of advances, by what they did */
    int64_t measuring_advances, first_step;
    double window_began, window_images;
    double checkpoint_every;                 /* seconds, from the configuration */
    double checkpointed, checkpoint_seconds; /* when the last one was, and how long it took */
    int64_t applied;                         /* live commands so far; goes into checkpoints */
    sx_replay *replays;
    size_t replay_count, replay_next;
    char applied_text[24];
};

/* Publishes the current state; `now` at once, else at most some thirty times a second. */
void sx_engine_publish(sx_engine *engine, bool now);

/* Takes ownership of a result: newest of its name. */
void sx_engine_take_result(void *engine, sx_result *result);
void sx_engine_drop_results(sx_engine *engine);

/* Moves the waiting commands into out [64]; returns how many. */
int sx_engine_take_commands(sx_engine *engine, sx_command *out);

/* Sleeps until something changes (a paused run). */
void sx_engine_sleep(sx_engine *engine);

/* Runs one job to its end (jobs.c). */
void sx_engine_run_job(sx_engine *engine, sx_queued *job);

/* Drives the study until it is finished, stopped or failed (drive.c). */
void sx_engine_drive(sx_engine *engine);
void sx_engine_set_state(sx_engine *engine, sx_state state, const char *message);
/* Journal line of an event without fields; a failure goes into the message. */
void sx_engine_event(sx_engine *engine, const char *kind);

#endif
