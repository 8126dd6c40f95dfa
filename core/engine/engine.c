/* The engine's outside: thread, queues, snapshots. No lock is held while anything is computed,
 * drawn or written; the mutex guards pointers and small arrays only. */
#include "core/engine/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_BETWEEN_SNAPSHOTS (1.0 / 30)

const char *sx_state_name(sx_state state) {
    static const char *const names[SX_STATES] = {"idle",     "loading",  "running", "paused",
                                                 "stopping", "finished", "stopped", "failed"};
    return names[state];
}

/* ---- snapshots
 * ------------------------------------------------------------------------------------ */

typedef struct {
    atomic_int owners;
    sx_snapshot snapshot;
    const sx_result *results[];
} counted;

static counted *counted_of(const sx_snapshot *snapshot) {
    return (counted *)((char *)(uintptr_t)snapshot - offsetof(counted, snapshot));
}

void sx_snapshot_release(const sx_snapshot *snapshot) {
    if (!snapshot) return;
    counted *c = counted_of(snapshot);
    if (atomic_fetch_sub_explicit(&c->owners, 1, memory_order_acq_rel) != 1) return;
    for (size_t i = 0; i < c->snapshot.result_count; i++) sx_result_release(c->results[i]);
    sx_result_release(c->snapshot.clock);
    sx_study_data_release(c->snapshot.data);
    sx_free(c);
}

/* A copy of `now` with keeps on what it points to; NULL if memory is out. */
static const sx_snapshot *copy_now(const sx_engine *engine) {
    size_t count = engine->now.result_count;
    counted *c = sx_alloc(1, sizeof *c + count * sizeof(sx_result *));
    if (!c) return NULL;
    atomic_init(&c->owners, 1);
    c->snapshot = engine->now;
    c->snapshot.results = c->results;
    for (size_t i = 0; i < count; i++) c->results[i] = sx_result_keep(engine->results[i]);
    if (engine->now.data) sx_study_data_keep(engine->now.data);
    if (engine->now.clock) sx_result_keep(engine->now.clock);
    return &c->snapshot;
}

static bool is_end(sx_state state) {
    return state == SX_STATE_IDLE || state >= SX_STATE_FINISHED;
}

/* With the mutex, in one step with the snapshot that says so: what is sent to a job that has ended
 * is forgotten, what is sent by somebody who saw the end is meant for the next job. */
static void end_job(sx_engine *engine) {
    engine->busy = false;
    engine->command_count = 0;
    if (!engine->quit) atomic_store(&engine->stop, false);
}

void sx_engine_publish(sx_engine *engine, bool now) {
    double time = sx_seconds();
    if (!now && time - engine->published < SECONDS_BETWEEN_SNAPSHOTS) return;
    engine->now.version++;
    engine->now.seconds = sx_pace_seconds(&engine->pace);
    engine->now.checkpoint_age =
        engine->checkpointed > 0 ? time - engine->checkpointed : (double)NAN;
    const sx_snapshot *fresh = copy_now(engine);
    if (!fresh) return; /* the screen keeps the one before; the next may fit */
    engine->published = time;
    pthread_mutex_lock(&engine->mutex);
    const sx_snapshot *old = engine->newest;
    engine->newest = fresh;
    if (is_end(engine->now.state)) end_job(engine);
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->mutex);
    sx_snapshot_release(old);
    ssize_t put = write(engine->wake[1], "", 1); /* a full pipe already wakes */
    (void)put;
}

const sx_snapshot *sx_engine_snapshot(sx_engine *engine) {
    pthread_mutex_lock(&engine->mutex);
    const sx_snapshot *newest = engine->newest;
    atomic_fetch_add_explicit(&counted_of(newest)->owners, 1, memory_order_relaxed);
    pthread_mutex_unlock(&engine->mutex);
    return newest;
}

const sx_result *sx_snapshot_result(const sx_snapshot *snapshot, const char *name) {
    for (size_t i = 0; i < snapshot->result_count; i++)
        if (strcmp(snapshot->results[i]->name, name) == 0) return snapshot->results[i];
    return NULL;
}

int sx_engine_wake(const sx_engine *engine) {
    return engine->wake[0];
}

void sx_engine_wait(sx_engine *engine, uint64_t version, int milliseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&engine->mutex);
    while (engine->newest->version <= version &&
           pthread_cond_timedwait(&engine->changed, &engine->mutex, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&engine->mutex);
}

/* ---- results
 * ---------------------------------------------------------------------------------------- */

/* The table of studies has none that publishes as many; a run folder may hold anything. */
static void refuse_result(sx_engine *engine, sx_result *result) {
    sx_error err;
    sx_fail(&err, SX_BAD_INPUT, "a run has at most %d results: '%.60s' is left out", SX_RESULTS,
            result->name);
    sx_engine_warn(engine, &err, "");
    sx_result_release(result);
}

void sx_engine_take_result(void *user, sx_result *result) {
    sx_engine *engine = user;
    size_t i = 0, count = engine->now.result_count;
    while (i < count && strcmp(engine->results[i]->name, result->name) < 0) i++;
    if (i < count && strcmp(engine->results[i]->name, result->name) == 0) {
        sx_result_release(engine->results[i]);
    } else if (count == SX_RESULTS) {
        refuse_result(engine, result);
        return;
    } else {
        memmove(engine->results + i + 1, engine->results + i, (count - i) * sizeof(sx_result *));
        memmove(engine->unsaved + i + 1, engine->unsaved + i, (count - i) * sizeof(bool));
        engine->now.result_count++;
    }
    engine->results[i] = result;
    engine->unsaved[i] = true;
}

void sx_engine_drop_results(sx_engine *engine) {
    for (size_t i = 0; i < engine->now.result_count; i++) sx_result_release(engine->results[i]);
    engine->now.result_count = 0;
}

/* ---- commands and jobs
 * --------------------------------------------------------------------------------- */

void sx_engine_send(sx_engine *engine, sx_command_kind kind, double value) {
    pthread_mutex_lock(&engine->mutex);
    bool is_meant = engine->busy || engine->first; /* for the job, or for the one that comes */
    /* A full queue means that the thread is busy with one advance; the newest can be lost only by a
     * person who types 64 commands within a tenth of a second. A stop is never lost. */
    if (is_meant && engine->command_count < SX_COMMANDS_WAITING)
        engine->commands[engine->command_count++] = (sx_command){kind, value};
    if (is_meant && kind == SX_COMMAND_STOP) {
        engine->commands[engine->command_count - 1] = (sx_command){kind, value};
        atomic_store(&engine->stop, true);
    }
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->mutex);
}

int sx_engine_take_commands(sx_engine *engine, sx_command *out) {
    pthread_mutex_lock(&engine->mutex);
    int count = 0, waiting = engine->command_count;
    bool stop = atomic_load(&engine->stop), step = engine->stepping;
    while (count < waiting && (stop || !step)) {
        step = engine->commands[count].kind == SX_COMMAND_STEP;
        out[count] = engine->commands[count];
        count++;
    }
    engine->command_count -= count;
    memmove(engine->commands, engine->commands + count,
            (size_t)engine->command_count * sizeof *engine->commands);
    if (engine->quit) engine->stopping = true;
    pthread_mutex_unlock(&engine->mutex);
    return count;
}

void sx_engine_sleep(sx_engine *engine) {
    pthread_mutex_lock(&engine->mutex);
    while (!engine->command_count && !engine->quit)
        pthread_cond_wait(&engine->changed, &engine->mutex);
    pthread_mutex_unlock(&engine->mutex);
}

static void free_job(sx_queued *job) {
    sx_config_done(&job->config);
    sx_free(job->directory);
    sx_free(job->run);
    sx_free(job);
}

sx_status sx_engine_queue(sx_engine *engine, const sx_job *job, sx_error *err) {
    sx_queued *q = sx_alloc(1, sizeof *q);
    if (!q) return sx_fail(err, SX_NO_MEMORY, "not enough memory for a job");
    q->kind = job->kind;
    sx_status status = job->config ? sx_config_copy(job->config, &q->config, err) : SX_OK;
    bool memory = (!job->directory || (q->directory = sx_text_copy(job->directory))) &&
                  (!job->run || (q->run = sx_text_copy(job->run)));
    if (!status && !memory) status = sx_fail(err, SX_NO_MEMORY, "not enough memory for a job");
    if (status) {
        free_job(q);
        return status;
    }
    pthread_mutex_lock(&engine->mutex);
    if (engine->last)
        engine->last->next = q;
    else
        engine->first = q;
    engine->last = q;
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->mutex);
    return SX_OK;
}

/* The next job, NULL at the end of the engine. */
static sx_queued *next_job(sx_engine *engine) {
    pthread_mutex_lock(&engine->mutex);
    while (!engine->first && !engine->quit) pthread_cond_wait(&engine->changed, &engine->mutex);
    sx_queued *job = engine->quit ? NULL : engine->first;
    if (job) {
        engine->first = job->next;
        if (!engine->first) engine->last = NULL;
        engine->busy = true;
    }
    pthread_mutex_unlock(&engine->mutex);
    return job;
}

static void *compute(void *argument) {
    sx_engine *engine = argument;
    for (sx_queued *job; (job = next_job(engine));) {
        sx_engine_run_job(engine, job);
        free_job(job);
    }
    return NULL;
}

/* ---- life
 * ---------------------------------------------------------------------------------------------------
 */

static bool make_wake(sx_engine *engine) {
    if (pipe2(engine->wake, O_CLOEXEC | O_NONBLOCK) == 0) return true;
    engine->wake[0] = engine->wake[1] = -1;
    return false;
}

/* Waits by the clock that nobody sets. */
static void init_condition(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

sx_engine *sx_engine_new(int threads, sx_error *err) {
    sx_engine *engine = sx_alloc(1, sizeof *engine);
    if (!engine) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the engine");
        return NULL;
    }
    pthread_mutex_init(&engine->mutex, NULL);
    init_condition(&engine->changed);
    bool wake = make_wake(engine);
    engine->threads = engine->now.threads = threads > 0 ? threads : sx_default_threads();
    engine->now.images_per_second = engine->now.seconds_left = NAN;
    engine->pool = sx_pool_new(engine->threads, err);
    engine->newest = engine->pool ? copy_now(engine) : NULL;
    bool lane = sx_lane_start(engine);
    if (engine->newest && wake && lane)
        engine->started = pthread_create(&engine->thread, NULL, compute, engine) == 0;
    if (engine->started) return engine;
    if (engine->pool) sx_fail(err, SX_NO_MEMORY, "cannot start the compute thread");
    sx_engine_free(engine);
    return NULL;
}

void sx_engine_free(sx_engine *engine) {
    if (!engine) return;
    pthread_mutex_lock(&engine->mutex);
    engine->quit = true;
    atomic_store(&engine->stop, true);
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->mutex);
    if (engine->started) pthread_join(engine->thread, NULL);
    sx_lane_end(engine);
    for (sx_queued *job = engine->first, *next; job; job = next) {
        next = job->next;
        free_job(job);
    }
    sx_engine_drop_results(engine);
    sx_study_data_release(engine->now.data);
    sx_snapshot_release(engine->newest);
    sx_pool_free(engine->pool);
    if (engine->wake[0] >= 0) close(engine->wake[0]);
    if (engine->wake[1] >= 0) close(engine->wake[1]);
    pthread_mutex_destroy(&engine->mutex);
    pthread_cond_destroy(&engine->changed);
    sx_result_release(engine->now.clock);
    sx_clock_done(&engine->clock);
    sx_free(engine);
}
