/* The engine over a study of a few dozen steps: commands, endings, and that no stop, kill or resume
 * changes a bit of what comes out. */
#include "core/engine/engine.h"
#include "tests/unit/unit.h"

#include "tests/unit/home.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEPS 40

/* ---- a study, jobs and waiting ------------------------------------------------------------------
 */

static const char study[] = "[study]\nname = tiny\n"
                            "[data]\nsource = shapes\nimage = 12\n"
                            "[model]\nspec = cnn(width=4, depth=1)\n"
                            "[train]\nsteps = 40\nbatch = 16\nvalidate_every = 15\n"
                            "validate_items = 64\nschedule = cosine(warmup=5)\n"
                            "[robustness]\nimages_per_location = 1\nimages_per_point = 2\n"
                            "[run]\nseed = 3\ncheckpoint_seconds = 0.1\n";

static void configure(sx_config *config, const char *override) {
    sx_error err = {0};
    assert_int_equal(sx_config_new(config, &err), SX_OK);
    if (sx_config_parse(config, "tiny", study, NULL, &err)) fail_msg("%s", err.message);
    if (override && sx_config_override(config, override, &err)) fail_msg("%s", err.message);
}

static const char *in_home(const char *name) {
    static char paths[4][SX_PATH_SIZE];
    static int turn;
    char *path = paths[turn++ % 4];
    assert_int_equal(sx_path_join(path, home, name, NULL), SX_OK);
    return path;
}

static sx_engine *start(void) {
    sx_error err = {0};
    sx_engine *engine = sx_engine_new(2, &err);
    if (!engine) fail_msg("%s", err.message);
    return engine;
}

static void queue_run(sx_engine *engine, const char *directory, const char *override) {
    sx_config config;
    sx_error err = {0};
    configure(&config, override);
    sx_job job = {SX_JOB_RUN, &config, directory, NULL};
    if (sx_engine_queue(engine, &job, &err)) fail_msg("%s", err.message);
    sx_config_done(&config); /* the engine has its own copy */
}

static void queue_folder(sx_engine *engine, sx_job_kind kind, const char *run) {
    sx_job job = {kind, NULL, NULL, run};
    assert_int_equal(sx_engine_queue(engine, &job, NULL), SX_OK);
}

/* Of a run that is opened the state is there before the data: this is with them. */
static bool has_ended(const sx_snapshot *now) {
    return (now->state == SX_STATE_FINISHED || now->state == SX_STATE_STOPPED ||
            now->state == SX_STATE_FAILED) &&
           !now->loading[0];
}

typedef bool (*condition)(const sx_snapshot *now, int64_t value);

static bool is_state(const sx_snapshot *now, int64_t state) {
    bool opening = now->state != SX_STATE_LOADING && now->loading[0];
    return now->state == (sx_state)state && !opening;
}

static bool is_paused_at(const sx_snapshot *now, int64_t step) {
    return now->state == SX_STATE_PAUSED && now->report.step == step;
}

static bool is_past(const sx_snapshot *now, int64_t step) {
    return now->state == SX_STATE_RUNNING && now->report.step >= step;
}

static bool is_measuring(const sx_snapshot *now, int64_t unused) {
    (void)unused;
    return now->report.phase == SX_PHASE_MEASURING;
}

/* Waits for a condition; an ending that does not meet it fails the test, and so does a hang, after
 * minutes. Returns the snapshot, which the caller releases. */
static const sx_snapshot *wait_until(sx_engine *engine, condition met, int64_t value) {
    uint64_t version = 0;
    for (int tries = 0; tries < 5000; tries++) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        version = now->version;
        if (met(now, value)) return now;
        if (has_ended(now)) fail_msg("%s: %s", sx_state_name(now->state), now->message);
        sx_snapshot_release(now);
        sx_engine_wait(engine, version, 100);
    }
    fail_msg("the engine hangs");
    return NULL;
}

static void await(sx_engine *engine, condition met, int64_t value) {
    sx_snapshot_release(wait_until(engine, met, value));
}

/* The next job begins by leaving the state of the one before: the version tells them apart. */
static const sx_snapshot *wait_for_end_after(sx_engine *engine, uint64_t version) {
    for (int tries = 0; tries < 5000; tries++) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        uint64_t seen = now->version;
        if (seen > version && has_ended(now)) return now;
        sx_snapshot_release(now);
        sx_engine_wait(engine, seen, 100);
    }
    fail_msg("the engine hangs");
    return NULL;
}

static uint64_t version_of(sx_engine *engine) {
    const sx_snapshot *now = sx_engine_snapshot(engine);
    uint64_t version = now->version;
    sx_snapshot_release(now);
    return version;
}

/* Runs the study in `directory` to its end without a hand on it. */
static void whole_run(const char *directory, const char *override) {
    sx_engine *engine = start();
    queue_run(engine, directory, override);
    await(engine, is_state, SX_STATE_FINISHED);
    sx_engine_free(engine);
}

static void finish_by_resume(const char *directory) {
    sx_engine *engine = start();
    queue_folder(engine, SX_JOB_RESUME, directory);
    await(engine, is_state, SX_STATE_FINISHED);
    sx_engine_free(engine);
}

/* ---- comparing folders --------------------------------------------------------------------------
 */

static void same_file(const char *a, const char *b, const char *name) {
    char path[2][SX_PATH_SIZE];
    sx_bytes bytes[2];
    assert_int_equal(sx_path_join(path[0], a, name, NULL), SX_OK);
    assert_int_equal(sx_path_join(path[1], b, name, NULL), SX_OK);
    for (int i = 0; i < 2; i++) {
        sx_error err = {0};
        if (sx_file_read(path[i], 1 << 26, &bytes[i], &err)) fail_msg("%s", err.message);
    }
    if (bytes[0].size != bytes[1].size || memcmp(bytes[0].data, bytes[1].data, bytes[0].size) != 0)
        fail_msg("%s differs", name);
    for (int i = 0; i < 2; i++) sx_bytes_done(&bytes[i]);
}

static void same_run(const char *a, const char *b) {
    sx_listing left, right;
    char directory[SX_PATH_SIZE], name[300];
    assert_int_equal(sx_path_join(directory, a, "results", NULL), SX_OK);
    assert_int_equal(sx_directory_list(directory, &left, NULL), SX_OK);
    assert_int_equal(sx_path_join(directory, b, "results", NULL), SX_OK);
    assert_int_equal(sx_directory_list(directory, &right, NULL), SX_OK);
    assert_int_equal(left.count, right.count);
    assert_true(left.count >= 10);
    for (size_t i = 0; i < left.count; i++) {
        assert_string_equal(left.names[i], right.names[i]);
        snprintf(name, sizeof name, "results/%.200s", left.names[i]);
        same_file(a, b, name);
    }
    same_file(a, b, "checkpoint.safetensors");
    sx_listing_done(&left);
    sx_listing_done(&right);
}

typedef struct {
    const char *kind;
    int64_t count, steps[16], last_step;
    char message[256];
} events;

static bool count_kind(void *user, const json_t *line) {
    events *e = user;
    const char *kind = json_string_value(json_object_get(line, "kind"));
    const char *message = json_string_value(json_object_get(line, "message"));
    if (!kind || strcmp(kind, e->kind) != 0) return true;
    e->last_step = json_integer_value(json_object_get(line, "step"));
    if (e->count < 16) e->steps[e->count] = e->last_step;
    if (message) sx_text_set(e->message, sizeof e->message, message);
    e->count++;
    return true;
}

static events journalled(const char *directory, const char *kind) {
    events e = {.kind = kind};
    sx_run_folder *run = sx_run_open(directory, false, NULL);
    assert_non_null(run);
    assert_int_equal(sx_run_journal_read(run, count_kind, &e, NULL, NULL), SX_OK);
    sx_run_close(run);
    return e;
}

/* ---- running, seen from outside -----------------------------------------------------------------
 */

static void run_comes_to_its_end(void **state) {
    (void)state;
    sx_engine *engine = start();
    const sx_snapshot *first = sx_engine_snapshot(engine);
    assert_int_equal(first->state, SX_STATE_IDLE);
    assert_int_equal(first->threads, 2);
    queue_run(engine, NULL, NULL);
    const sx_snapshot *last = wait_until(engine, is_state, SX_STATE_FINISHED);
    assert_string_equal(last->run, "0001-tiny");
    assert_string_equal(last->study, "tiny");
    assert_string_equal(last->message, "");
    assert_string_equal(last->loading, "");
    assert_int_equal(last->report.step, STEPS);
    assert_int_equal(last->report.phase, SX_PHASE_FINISHED);
    assert_true(last->seconds_left == 0);
    assert_true(last->measuring_share > 0 && last->measuring_share < 1);
    assert_true(last->images_per_second > 0 || isnan(last->images_per_second));
    assert_true(last->checkpoint_age >= 0);
    assert_non_null(last->data);
    static const char *const names[] = {"training", "validation", "location", "claims", "summary"};
    for (int i = 0; i < 5; i++) assert_non_null(sx_snapshot_result(last, names[i]));
    assert_null(sx_snapshot_result(last, "nothing"));
    for (size_t i = 1; i < last->result_count; i++)
        assert_true(strcmp(last->results[i - 1]->name, last->results[i]->name) < 0);
    assert_int_equal(first->state, SX_STATE_IDLE); /* what was taken does not change */
    assert_int_equal(first->result_count, 0);
    assert_int_equal(journalled(last->path, "start").count, 1);
    assert_int_equal(journalled(last->path, "point").last_step, STEPS);
    assert_int_equal(journalled(last->path, "finish").count, 1);
    sx_engine_free(engine);
    assert_string_equal(last->results[0]->name, "calibration"); /* outlives the engine */
    sx_snapshot_release(last);
    sx_snapshot_release(first);
}

static void wake_is_readable_when_there_is_news(void **state) {
    (void)state;
    sx_engine *engine = start();
    struct pollfd wake = {.fd = sx_engine_wake(engine), .events = POLLIN};
    assert_int_equal(poll(&wake, 1, 0), 0);
    queue_run(engine, NULL, NULL);
    assert_int_equal(poll(&wake, 1, 120000), 1);
    await(engine, is_state, SX_STATE_FINISHED);
    char bytes[256];
    while (read(wake.fd, bytes, sizeof bytes) > 0) continue;
    sx_engine_free(engine);
}

static void jobs_run_in_order(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, in_home("a"), NULL);
    queue_run(engine, in_home("b"), NULL);
    queue_folder(engine, SX_JOB_OPEN, in_home("a"));
    const sx_snapshot *now;
    uint64_t version = 0;
    for (;;) { /* the opened one says so by its name, and has had no step in this engine */
        now = sx_engine_snapshot(engine);
        version = now->version;
        if (now->state == SX_STATE_FINISHED && strcmp(now->run, "a") == 0 &&
            sx_is_file(in_home("b/results/claims.json")))
            break;
        assert_int_not_equal(now->state, SX_STATE_FAILED);
        sx_snapshot_release(now);
        sx_engine_wait(engine, version, 100);
    }
    sx_snapshot_release(now);
    sx_engine_free(engine);
    same_run(in_home("a"), in_home("b"));
}

/* ---- pause, step, stop --------------------------------------------------------------------------
 */

static void pause_step_resume(void **state) {
    (void)state;
    whole_run(in_home("whole"), NULL);
    sx_engine *engine = start();
    queue_run(engine, in_home("run"), NULL);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0); /* meant for the job that comes */
    await(engine, is_paused_at, 0);
    sx_engine_send(engine, SX_COMMAND_STEP, 0);
    await(engine, is_paused_at, 1);
    for (int i = 0; i < 3; i++) sx_engine_send(engine, SX_COMMAND_STEP, 0);
    await(engine, is_paused_at, 4); /* none is lost */
    const sx_snapshot *before = sx_engine_snapshot(engine);
    struct timespec moment = {.tv_nsec = 50000000};
    nanosleep(&moment, NULL);
    sx_engine_send(engine, SX_COMMAND_CHECKPOINT, 0); /* only to have a snapshot after it */
    uint64_t version = before->version;
    sx_engine_wait(engine, version, 120000);
    const sx_snapshot *after = sx_engine_snapshot(engine);
    assert_int_equal(after->report.step, 4);
    assert_true(after->seconds == before->seconds); /* pauses are left out */
    sx_snapshot_release(before);
    sx_snapshot_release(after);
    sx_engine_send(engine, SX_COMMAND_RESUME, 0);
    await(engine, is_state, SX_STATE_FINISHED);
    sx_engine_free(engine);
    assert_int_equal(journalled(in_home("run"), "pause").count, 1);
    assert_int_equal(journalled(in_home("run"), "continue").count, 1);
    same_run(in_home("whole"), in_home("run"));
}

static void step_in_the_last_measurements_is_one_advance(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, in_home("run"), "train.steps=1");
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 0);
    for (int tries = 0; tries < 20; tries++) {
        uint64_t version = version_of(engine);
        sx_engine_send(engine, SX_COMMAND_STEP, 0);
        sx_engine_wait(engine, version, 120000);
        const sx_snapshot *now = sx_engine_snapshot(engine);
        bool measuring = is_measuring(now, 0);
        assert_int_equal(now->state, SX_STATE_PAUSED);
        sx_snapshot_release(now);
        if (measuring) break;
    }
    await(engine, is_measuring, 0);
    sx_engine_send(engine, SX_COMMAND_RESUME, 0);
    await(engine, is_state, SX_STATE_FINISHED);
    sx_engine_free(engine);
}

/* Runs with a factor given at step 7; paused and stepped, so that it acts exactly there. */
static sx_engine *run_with_command(const char *directory) {
    sx_engine *engine = start();
    queue_run(engine, directory, NULL);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 0);
    for (int i = 0; i < 7; i++) sx_engine_send(engine, SX_COMMAND_STEP, 0);
    sx_engine_send(engine, SX_COMMAND_SCALE, 0.5); /* waits for the steps */
    sx_engine_send(engine, SX_COMMAND_STEP, 0);
    await(engine, is_paused_at, 8);
    return engine;
}

static void stop_and_resume_gives_the_same_bits(void **state) {
    (void)state;
    sx_engine *engine = run_with_command(in_home("whole"));
    sx_engine_send(engine, SX_COMMAND_RESUME, 0);
    await(engine, is_state, SX_STATE_FINISHED);
    sx_engine_free(engine);
    engine = run_with_command(in_home("broken"));
    sx_engine_send(engine, SX_COMMAND_STOP, 0);
    const sx_snapshot *now = wait_until(engine, is_state, SX_STATE_STOPPED);
    assert_true(now->report.step == 8);
    assert_true(now->report.scale == 0.5);
    sx_snapshot_release(now);
    sx_engine_free(engine);
    assert_int_equal(journalled(in_home("broken"), "stop").count, 1);
    assert_int_equal(journalled(in_home("broken"), "command").steps[0], 7);
    engine = start();
    queue_folder(engine, SX_JOB_RESUME, in_home("broken"));
    await(engine, is_past, 9);
    sx_engine_send(engine, SX_COMMAND_STOP, 0); /* and once more */
    await(engine, is_state, SX_STATE_STOPPED);
    sx_engine_free(engine);
    finish_by_resume(in_home("broken"));
    same_run(in_home("whole"), in_home("broken"));
    whole_run(in_home("without"), NULL); /* the command did matter */
    sx_bytes with, without;
    assert_int_equal(sx_file_read(in_home("whole/results/training.json"), 1 << 24, &with, NULL), 0);
    assert_int_equal(sx_file_read(in_home("without/results/training.json"), 1 << 24, &without, 0),
                     0);
    assert_true(with.size != without.size || memcmp(with.data, without.data, with.size) != 0);
    sx_bytes_done(&with);
    sx_bytes_done(&without);
}

/* Puts the folder back to where a kill after the checkpoint of an earlier moment leaves it. */
static void copy_file(const char *from, const char *to) {
    sx_bytes bytes;
    assert_int_equal(sx_file_read(from, 1 << 26, &bytes, NULL), SX_OK);
    assert_int_equal(sx_file_write(to, bytes.data, bytes.size, NULL), SX_OK);
    sx_bytes_done(&bytes);
}

/* Pauses at once, steps to `step`. The engine does nothing by itself between these commands. */
static void step_to(sx_engine *engine, int64_t from, int64_t step) {
    for (int64_t i = from; i < step; i++) sx_engine_send(engine, SX_COMMAND_STEP, 0);
    await(engine, is_paused_at, step);
}

static void checkpoint_now(sx_engine *engine, const char *journal_of) {
    int64_t before = journalled(journal_of, "checkpoint").count;
    sx_engine_send(engine, SX_COMMAND_CHECKPOINT, 0);
    for (int tries = 0; tries < 12000; tries++) {
        if (journalled(journal_of, "checkpoint").count > before) return;
        sx_engine_wait(engine, version_of(engine), 10);
    }
    fail_msg("no checkpoint");
}

static int64_t step_before(const char *run_path) {
    sx_run_folder *run = sx_run_open(run_path, false, NULL);
    assert_non_null(run);
    sx_result *result = sx_run_load_result_before(run, "training", NULL);
    int64_t step = result ? result->step : -1;
    sx_result_release(result);
    sx_run_close(run);
    return step;
}

/* Steps on through the last measurements, slice by slice. */
static void step_until_published(sx_engine *engine, const char *name) {
    for (bool there = false; !there;) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        const sx_result *result = sx_snapshot_result(now, name);
        uint64_t version = now->version;
        there = result && result->step == STEPS;
        sx_snapshot_release(now);
        if (there) break;
        sx_engine_send(engine, SX_COMMAND_STEP, 0);
        sx_engine_wait(engine, version, 1000);
    }
}

/* Of the last checkpoint at an earlier step the results stay, also past others at the same step. */
static void results_of_the_checkpoint_before_stay(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, in_home("run"), "run.checkpoint_seconds=1000");
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 0);
    step_to(engine, 0, 20);
    checkpoint_now(engine, in_home("run"));
    step_to(engine, 20, 35);
    checkpoint_now(engine, in_home("run"));
    int64_t kept = step_before(in_home("run"));
    assert_true(kept > 0 && kept <= 20);
    checkpoint_now(engine, in_home("run"));
    assert_int_equal(step_before(in_home("run")), kept);
    step_to(engine, 35, STEPS);
    static const char *const last_ones[] = {"calibration", "location"};
    for (int i = 0; i < 2; i++) { /* two checkpoints of the last step, each with newer results */
        step_until_published(engine, last_ones[i]);
        checkpoint_now(engine, in_home("run"));
        assert_true(step_before(in_home("run")) < STEPS);
    }
    sx_engine_send(engine, SX_COMMAND_RESUME, 0);
    await(engine, is_state, SX_STATE_FINISHED);
    int64_t last = step_before(in_home("run"));
    assert_true(last > kept && last < STEPS);
    sx_engine_free(engine);
}

/* A command after the last checkpoint of a killed process acts again at its step, once. */
static void command_after_the_checkpoint_is_replayed(void **state) {
    (void)state;
    char run[SX_PATH_SIZE], kept[SX_PATH_SIZE], checkpoint[SX_PATH_SIZE];
    sx_text_set(run, sizeof run, in_home("broken"));
    sx_text_set(kept, sizeof kept, in_home("kept"));
    sx_text_set(checkpoint, sizeof checkpoint, in_home("broken/checkpoint.safetensors"));
    sx_engine *engine = start();
    queue_run(engine, run, NULL);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 0);
    step_to(engine, 0, 3);
    sx_engine_send(engine, SX_COMMAND_SCALE, 3); /* in the checkpoint: must not act twice */
    step_to(engine, 3, 5);
    checkpoint_now(engine, run);
    copy_file(checkpoint, kept);
    step_to(engine, 5, 9);
    sx_engine_send(engine, SX_COMMAND_SCALE, 0.25); /* after it */
    sx_engine_send(engine, SX_COMMAND_RESUME, 0);
    await(engine, is_state, SX_STATE_FINISHED);
    sx_engine_free(engine);
    /* The same run as if it had been killed shortly before its end: the journal without the end. */
    assert_int_equal(sx_directory_make(in_home("whole/results"), NULL), SX_OK);
    copy_file(checkpoint, in_home("whole/checkpoint.safetensors"));
    sx_listing names;
    assert_int_equal(sx_directory_list(in_home("broken/results"), &names, NULL), SX_OK);
    for (size_t i = 0; i < names.count; i++) {
        char from[SX_PATH_SIZE], to[SX_PATH_SIZE];
        sx_path_join(from, in_home("broken/results"), names.names[i], NULL);
        sx_path_join(to, in_home("whole/results"), names.names[i], NULL);
        copy_file(from, to);
        unlink(from);
    }
    sx_listing_done(&names);
    copy_file(kept, checkpoint);
    sx_bytes journal;
    assert_int_equal(sx_file_read(in_home("broken/journal.jsonl"), 1 << 24, &journal, NULL), SX_OK);
    char *finish = strstr((char *)journal.data, "\"kind\":\"finish\"");
    assert_non_null(finish);
    while (finish > (char *)journal.data && finish[-1] != '\n') finish--;
    size_t size = (size_t)(finish - (char *)journal.data);
    assert_int_equal(sx_file_write(in_home("broken/journal.jsonl"), journal.data, size, NULL),
                     SX_OK);
    sx_bytes_done(&journal);
    finish_by_resume(run);
    same_run(in_home("whole"), run);
    assert_int_equal(journalled(run, "command").count, 2); /* replayed, not journalled again */
}

/* A person who steps in before the replayed command gives up what came after: and a kill after
 * that leads to the same again. */
static void stepping_in_gives_up_the_later_commands(void **state) {
    (void)state;
    char run[SX_PATH_SIZE], kept[SX_PATH_SIZE], checkpoint[SX_PATH_SIZE];
    sx_text_set(run, sizeof run, in_home("broken"));
    sx_text_set(kept, sizeof kept, in_home("kept"));
    sx_text_set(checkpoint, sizeof checkpoint, in_home("broken/checkpoint.safetensors"));
    sx_engine *engine = start();
    queue_run(engine, run, NULL);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 0);
    step_to(engine, 0, 4);
    checkpoint_now(engine, run);
    copy_file(checkpoint, kept);
    step_to(engine, 4, 6);
    sx_engine_send(engine, SX_COMMAND_SCALE, 0.25); /* at step 6; will act again */
    step_to(engine, 6, 15);
    sx_engine_send(engine, SX_COMMAND_SCALE, 0.125); /* at step 15; will be given up */
    step_to(engine, 15, 16);
    sx_engine_free(engine);
    copy_file(kept, checkpoint); /* killed: back at step 4 */
    engine = start();
    queue_folder(engine, SX_JOB_RESUME, run);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 4);
    step_to(engine, 4, 6);
    sx_engine_send(engine, SX_COMMAND_SCALE, 5); /* stepping in, at the step of the replayed one */
    step_to(engine, 6, 7);
    sx_engine_send(engine, SX_COMMAND_RESUME, 0);
    const sx_snapshot *end = wait_until(engine, is_state, SX_STATE_FINISHED);
    assert_true(end->report.scale == 0.25 * 5);
    sx_snapshot_release(end);
    sx_engine_free(engine);
    copy_file(kept, checkpoint); /* killed again, before there was a later checkpoint */
    sx_run_folder *folder = sx_run_open(run, true, NULL);
    assert_int_equal(sx_run_journal(folder, "stop", STEPS, NULL, true, NULL), SX_OK);
    sx_run_close(folder);
    engine = start();
    queue_folder(engine, SX_JOB_RESUME, run);
    end = wait_until(engine, is_state, SX_STATE_FINISHED);
    assert_true(end->report.scale == 0.25 * 5);
    sx_snapshot_release(end);
    sx_engine_free(engine);
}

static void refused_command_changes_nothing(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, in_home("run"), NULL);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 0);
    sx_engine_send(engine, SX_COMMAND_SCALE, (double)NAN);
    sx_engine_send(engine, SX_COMMAND_SCALE, -1);
    sx_engine_send(engine, SX_COMMAND_SCALE, 2);
    sx_engine_send(engine, SX_COMMAND_MEASURE, 1);
    step_to(engine, 0, 1);
    const sx_snapshot *now = sx_engine_snapshot(engine);
    assert_true(now->report.scale == 2);
    assert_non_null(strstr(now->message, "factor"));
    sx_snapshot_release(now);
    sx_engine_send(engine, SX_COMMAND_STOP, 0);
    await(engine, is_state, SX_STATE_STOPPED);
    uint64_t version = version_of(engine);
    queue_folder(engine, SX_JOB_RESUME, in_home("run"));
    now = wait_for_end_after(engine, version);
    assert_int_equal(now->state, SX_STATE_FINISHED);
    assert_true(now->report.scale == 2); /* counted right in the checkpoint */
    sx_snapshot_release(now);
    sx_engine_free(engine);
}

/* ---- kills --------------------------------------------------------------------------------------
 */

/* In a child: goes on with the run, or begins it, until it is killed. No thread before the fork is
 * needed in the child, so it starts an engine of its own. */
static pid_t fork_runner(const char *directory) {
    pid_t child = fork();
    if (child) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves no process */
    sx_engine *engine = sx_engine_new(1, NULL);
    sx_config config;
    configure(&config, NULL);
    bool there = sx_run_recognises(directory);
    sx_job job = {there ? SX_JOB_RESUME : SX_JOB_RUN, &config, directory, directory};
    if (!engine || sx_engine_queue(engine, &job, NULL)) _exit(1);
    for (;;) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        if (has_ended(now)) _exit(now->state == SX_STATE_FINISHED ? 0 : 2);
        uint64_t version = now->version;
        sx_snapshot_release(now);
        sx_engine_wait(engine, version, 100);
    }
}

static void killed_run_goes_on_to_the_same_bits(void **state) {
    (void)state;
    const char *wish = getenv("SX_KILLS");
    int kills = wish ? atoi(wish) : 3;
    double began = sx_seconds();
    whole_run(in_home("whole"), NULL);
    double took = sx_seconds() - began; /* moments within it, on a fast machine and a slow one */
    int finished = 0;
    sx_random random = sx_random_from(11, 0, 0);
    for (int kill_number = 0; kill_number < kills;) {
        char directory[SX_PATH_SIZE];
        snprintf(directory, sizeof directory, "%s/broken%d", home, kill_number);
        for (int round = 0; round < 3 && kill_number < kills; round++) {
            int status;
            pid_t child = fork_runner(directory);
            double wait = took * (double)sx_random_uniform(&random);
            struct timespec moment = {.tv_sec = (time_t)wait,
                                      .tv_nsec = (long)(1e9 * (wait - floor(wait)))};
            nanosleep(&moment, NULL);
            kill(child, SIGKILL);
            assert_int_equal(waitpid(child, &status, 0), child);
            if (WIFEXITED(status)) assert_int_equal(WEXITSTATUS(status), 0);
            finished += WIFEXITED(status);
            kill_number++;
        }
        if (!sx_run_recognises(directory))
            whole_run(directory, NULL);
        else
            finish_by_resume(directory);
        same_run(in_home("whole"), directory);
    }
    print_message("%d kills, %d of them came too late\n", kills, finished);
}

/* ---- opening ------------------------------------------------------------------------------------
 */

static void opened_run_looks_like_the_live_one(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, NULL, NULL);
    const sx_snapshot *live = wait_until(engine, is_state, SX_STATE_FINISHED);
    queue_folder(engine, SX_JOB_OPEN, "1");
    const sx_snapshot *opened = wait_for_end_after(engine, live->version);
    assert_int_equal(opened->state, SX_STATE_FINISHED);
    assert_string_equal(opened->run, live->run);
    assert_string_equal(opened->path, live->path);
    assert_string_equal(opened->model, live->model);
    assert_int_equal(opened->report.step, STEPS);
    assert_int_equal(opened->report.phase, SX_PHASE_FINISHED);
    assert_true(opened->report.loss == live->report.loss);
    assert_true(opened->report.validation_accuracy == live->report.validation_accuracy);
    assert_non_null(opened->data);
    assert_int_equal(opened->result_count, live->result_count);
    for (size_t i = 0; i < live->result_count; i++) {
        json_t *a = sx_result_to_json(live->results[i], NULL);
        json_t *b = sx_result_to_json(opened->results[i], NULL);
        assert_true(a && json_equal(a, b));
        json_decref(a);
        json_decref(b);
    }
    /* Going on with what is finished shows it, and computes nothing. */
    queue_folder(engine, SX_JOB_RESUME, "1");
    const sx_snapshot *resumed = wait_for_end_after(engine, opened->version);
    assert_int_equal(resumed->state, SX_STATE_FINISHED);
    assert_int_equal(resumed->result_count, live->result_count);
    assert_int_equal(journalled(live->path, "resume").count, 0);
    sx_snapshot_release(resumed);
    sx_snapshot_release(opened);
    sx_snapshot_release(live);
    sx_engine_free(engine);
}

/* What is on disk is there at once: a run that is opened is never seen loading, and whenever it is
 * seen it has its results. */
static void opened_run_is_seen_before_its_data(void **state) {
    (void)state;
    whole_run(in_home("run"), NULL);
    sx_engine *engine = start();
    const sx_snapshot *now = sx_engine_snapshot(engine);
    queue_folder(engine, SX_JOB_OPEN, in_home("run"));
    for (int tries = 0; tries < 5000 && !now->data; tries++) {
        uint64_t version = now->version;
        sx_snapshot_release(now);
        sx_engine_wait(engine, version, 100);
        now = sx_engine_snapshot(engine);
        assert_int_not_equal(now->state, SX_STATE_LOADING);
        if (now->state != SX_STATE_FINISHED) continue;
        assert_true(now->result_count >= 10);
        assert_int_equal(now->report.step, STEPS);
        assert_true((now->loading[0] != 0) == (now->data == NULL));
    }
    assert_non_null(now->data);
    sx_snapshot_release(now);
    sx_engine_free(engine);
}

/* More results than a run may have: what is left out is said, in the snapshot that is shown. */
static void results_beyond_the_limit_are_named(void **state) {
    (void)state;
    char command[3 * SX_PATH_SIZE];
    whole_run(in_home("run"), NULL);
    snprintf(command, sizeof command,
             "cd '%s/results' && for i in $(seq 100 499); do sed "
             "\"s/\\\"name\\\": *\\\"summary\\\"/\\\"name\\\": \\\"z$i\\\"/\" "
             "summary.json > z$i.json; done",
             in_home("run"));
    assert_int_equal(system(command), 0);
    sx_engine *engine = start();
    queue_folder(engine, SX_JOB_OPEN, in_home("run"));
    const sx_snapshot *now = wait_until(engine, is_state, SX_STATE_FINISHED);
    assert_int_equal(now->result_count, 320);
    if (!strstr(now->message, "at most 320 results")) fail_msg("'%s'", now->message);
    sx_snapshot_release(now);
    sx_engine_free(engine);
}

static void replace_in_ini(const char *run, const char *what, const char *by) {
    sx_bytes bytes;
    char path[SX_PATH_SIZE];
    assert_int_equal(sx_path_join(path, run, "run.ini", NULL), SX_OK);
    assert_int_equal(sx_file_read(path, 1 << 20, &bytes, NULL), SX_OK);
    char *at = strstr((char *)bytes.data, what);
    assert_non_null(at);
    sx_text text = {0};
    sx_text_add(&text, "%.*s%s%s", (int)(at - (char *)bytes.data), (char *)bytes.data, by,
                at + strlen(what));
    assert_int_equal(sx_file_write(path, text.data, text.size, NULL), SX_OK);
    sx_text_done(&text);
    sx_bytes_done(&bytes);
}

static void run_without_its_data_still_opens(void **state) {
    (void)state;
    whole_run(in_home("run"), NULL);
    replace_in_ini(in_home("run"), "source = shapes", "source = /nowhere/pictures");
    sx_engine *engine = start();
    queue_folder(engine, SX_JOB_OPEN, in_home("run"));
    const sx_snapshot *now = wait_until(engine, is_state, SX_STATE_FINISHED);
    assert_null(now->data);
    assert_non_null(strstr(now->message, "/nowhere/pictures"));
    assert_true(now->result_count >= 10);
    sx_snapshot_release(now);
    sx_engine_free(engine);
}

static void what_cannot_be_opened_fails_with_a_sentence(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_folder(engine, SX_JOB_OPEN, "/nowhere/at/all");
    const sx_snapshot *now = wait_for_end_after(engine, 0);
    assert_int_equal(now->state, SX_STATE_FAILED);
    assert_non_null(strstr(now->message, "/nowhere/at/all"));
    uint64_t version = now->version;
    sx_snapshot_release(now);
    queue_folder(engine, SX_JOB_RESUME, home); /* a folder, but no run */
    now = wait_for_end_after(engine, version);
    assert_int_equal(now->state, SX_STATE_FAILED);
    assert_non_null(strstr(now->message, "not a run folder"));
    version = now->version;
    sx_snapshot_release(now);
    queue_run(engine, "/proc/nowhere", NULL);
    now = wait_for_end_after(engine, version);
    assert_int_equal(now->state, SX_STATE_FAILED);
    assert_non_null(strstr(now->message, "/proc/nowhere"));
    sx_snapshot_release(now);
    sx_engine_free(engine);
}

static void failed_run_says_why_when_it_is_opened(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, in_home("run"), "data.source=/nowhere/pictures");
    const sx_snapshot *now = wait_for_end_after(engine, 0);
    assert_int_equal(now->state, SX_STATE_FAILED);
    assert_non_null(strstr(now->message, "/nowhere/pictures"));
    assert_non_null(strstr(journalled(in_home("run"), "fail").message, "/nowhere/pictures"));
    uint64_t version = now->version;
    sx_snapshot_release(now);
    queue_folder(engine, SX_JOB_OPEN, in_home("run"));
    now = wait_for_end_after(engine, version);
    assert_int_equal(now->state, SX_STATE_FAILED);
    assert_non_null(strstr(now->message, "/nowhere/pictures"));
    sx_snapshot_release(now);
    sx_engine_free(engine);
}

static void browsing_opens_the_data_alone(void **state) {
    (void)state;
    sx_config config;
    configure(&config, NULL);
    sx_engine *engine = start();
    sx_job job = {SX_JOB_BROWSE, &config, NULL, NULL};
    assert_int_equal(sx_engine_queue(engine, &job, NULL), SX_OK);
    sx_config_done(&config);
    for (;;) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        bool there = now->state == SX_STATE_IDLE && now->data;
        uint64_t version = now->version;
        assert_int_not_equal(now->state, SX_STATE_FAILED);
        assert_string_equal(now->run, "");
        sx_snapshot_release(now);
        if (there) break;
        sx_engine_wait(engine, version, 100);
    }
    sx_engine_free(engine);
    assert_false(sx_is_directory(in_home("sextant")));
}

/* ---- two on one run -----------------------------------------------------------------------------
 */

static void one_engine_computes_others_look(void **state) {
    (void)state;
    sx_engine *first = start(), *second = start();
    queue_run(first, in_home("run"), NULL);
    sx_engine_send(first, SX_COMMAND_PAUSE, 0);
    await(first, is_paused_at, 0);
    queue_folder(second, SX_JOB_RESUME, in_home("run"));
    const sx_snapshot *now = wait_for_end_after(second, 0);
    assert_int_equal(now->state, SX_STATE_FAILED);
    assert_non_null(strstr(now->message, "in use by another sextant"));
    uint64_t version = now->version;
    sx_snapshot_release(now);
    queue_folder(second, SX_JOB_OPEN, in_home("run"));
    now = wait_for_end_after(second, version);
    assert_int_equal(now->state, SX_STATE_STOPPED);
    assert_non_null(strstr(now->message, "another sextant is computing"));
    sx_snapshot_release(now);
    sx_engine_free(second);
    sx_engine_free(first);
}

/* ---- a full disk --------------------------------------------------------------------------------
 */

static void limit_files(size_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes ? bytes : limit.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static bool says_trying_again(const sx_snapshot *now, int64_t unused) {
    (void)unused;
    return strstr(now->message, "tries again") != NULL;
}

static bool says_not_carried_out(const sx_snapshot *now, int64_t unused) {
    (void)unused;
    return strstr(now->message, "not carried out") != NULL;
}

static bool says_nothing(const sx_snapshot *now, int64_t unused) {
    (void)unused;
    return !now->message[0];
}

static void full_disk_does_not_end_the_run(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, in_home("run"), NULL);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 0);
    limit_files(64);
    sx_engine_send(engine, SX_COMMAND_CHECKPOINT, 0);
    const sx_snapshot *now = wait_until(engine, says_trying_again, 0);
    limit_files(0);
    assert_int_equal(now->state, SX_STATE_PAUSED);
    sx_snapshot_release(now);
    sx_engine_send(engine, SX_COMMAND_CHECKPOINT, 0);
    await(engine, says_nothing, 0); /* it went well again */
    sx_engine_send(engine, SX_COMMAND_RESUME, 0);
    await(engine, is_state, SX_STATE_FINISHED);
    sx_engine_free(engine);
    whole_run(in_home("whole"), NULL);
    same_run(in_home("whole"), in_home("run"));
}

static void command_that_cannot_be_journalled_does_not_act(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, in_home("run"), NULL);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 0);
    limit_files(64);
    sx_engine_send(engine, SX_COMMAND_SCALE, 4);
    const sx_snapshot *now = wait_until(engine, says_not_carried_out, 0);
    limit_files(0);
    sx_snapshot_release(now);
    sx_engine_send(engine, SX_COMMAND_SCALE, 2);
    step_to(engine, 0, 1);
    sx_engine_free(engine);
    engine = start();
    queue_folder(engine, SX_JOB_RESUME, in_home("run"));
    now = wait_until(engine, is_state, SX_STATE_FINISHED);
    assert_true(now->report.scale == 2);
    sx_snapshot_release(now);
    sx_engine_free(engine);
}

static void full_disk_at_the_end_fails_the_job(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, in_home("run"), NULL);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 0);
    limit_files(64);
    sx_engine_send(engine, SX_COMMAND_RESUME, 0);
    const sx_snapshot *now = wait_for_end_after(engine, 0);
    limit_files(0);
    assert_int_equal(now->state, SX_STATE_FAILED);
    assert_non_null(strstr(now->message, "cannot write"));
    sx_snapshot_release(now);
    sx_engine_free(engine);
    finish_by_resume(in_home("run")); /* nothing is lost but time */
}

/* ---- ending at any moment -----------------------------------------------------------------------
 */

static bool has_begun(const sx_snapshot *now, int64_t unused) {
    (void)unused;
    return now->state != SX_STATE_IDLE;
}

static void engine_ends_in_every_state(void **state) {
    (void)state;
    sx_engine_free(NULL);
    sx_engine_free(start()); /* idle */
    sx_engine *engine = start();
    queue_run(engine, in_home("never"), NULL); /* perhaps begun, perhaps not */
    queue_run(engine, in_home("nor this"), NULL);
    sx_engine_free(engine);
    engine = start();
    queue_run(engine, in_home("loading"), NULL);
    await(engine, has_begun, 0);
    sx_engine_free(engine);
    engine = start();
    queue_run(engine, in_home("running"), "train.steps=100000");
    await(engine, is_past, 3);
    sx_engine_free(engine);
    assert_true(journalled(in_home("running"), "stop").last_step >= 3);
    assert_true(sx_is_file(in_home("running/checkpoint.safetensors")));
    engine = start();
    queue_run(engine, in_home("measuring"), "robustness.images_per_location=500");
    await(engine, is_measuring, 0);
    sx_engine_free(engine);
    assert_int_equal(journalled(in_home("measuring"), "stop").last_step, STEPS);
    engine = start();
    queue_run(engine, in_home("paused"), NULL);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    await(engine, is_paused_at, 0);
    sx_engine_free(engine);
    assert_int_equal(journalled(in_home("paused"), "stop").count, 1);
}

static void stop_before_the_job_began_stops_it(void **state) {
    (void)state;
    sx_engine *engine = start();
    sx_engine_send(engine, SX_COMMAND_STOP, 0); /* nothing is there to stop: forgotten */
    queue_run(engine, in_home("run"), NULL);
    await(engine, is_state, SX_STATE_FINISHED);
    uint64_t version = version_of(engine);
    queue_run(engine, in_home("stopped"), "train.steps=100000");
    sx_engine_send(engine, SX_COMMAND_STOP, 0);
    const sx_snapshot *now = wait_for_end_after(engine, version);
    assert_int_equal(now->state, SX_STATE_STOPPED);
    sx_snapshot_release(now);
    sx_engine_free(engine);
}

/* More commands than the queue takes: a stop is still not lost. */
static void stop_gets_through_a_full_queue(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, in_home("run"), "train.steps=100000");
    for (int i = 0; i < 500; i++) sx_engine_send(engine, SX_COMMAND_MEASURE, 1);
    sx_engine_send(engine, SX_COMMAND_STOP, 0);
    for (int i = 0; i < 500; i++) sx_engine_send(engine, SX_COMMAND_MEASURE, 1);
    await(engine, is_state, SX_STATE_STOPPED);
    sx_engine_free(engine);
}

/* Nothing is said to be unsaved that a resumed run came from. */
static void a_resumed_run_has_its_checkpoint(void **state) {
    (void)state;
    sx_engine *engine = start();
    queue_run(engine, in_home("long"), "train.steps=100000");
    await(engine, is_past, 5);
    sx_engine_free(engine);
    engine = start();
    queue_folder(engine, SX_JOB_RESUME, in_home("long"));
    const sx_snapshot *now = wait_until(engine, is_past, 5);
    assert_true(now->checkpoint_age >= 0);
    sx_snapshot_release(now);
    sx_engine_free(engine);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_home, end_home)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(killed_run_goes_on_to_the_same_bits), /* forks: first, before other threads were */
        TEST(run_comes_to_its_end),
        TEST(wake_is_readable_when_there_is_news),
        TEST(jobs_run_in_order),
        TEST(pause_step_resume),
        TEST(step_in_the_last_measurements_is_one_advance),
        TEST(stop_and_resume_gives_the_same_bits),
        TEST(results_of_the_checkpoint_before_stay),
        TEST(command_after_the_checkpoint_is_replayed),
        TEST(stepping_in_gives_up_the_later_commands),
        TEST(refused_command_changes_nothing),
        TEST(opened_run_looks_like_the_live_one),
        TEST(opened_run_is_seen_before_its_data),
        TEST(results_beyond_the_limit_are_named),
        TEST(run_without_its_data_still_opens),
        TEST(what_cannot_be_opened_fails_with_a_sentence),
        TEST(failed_run_says_why_when_it_is_opened),
        TEST(browsing_opens_the_data_alone),
        TEST(one_engine_computes_others_look),
        TEST(full_disk_does_not_end_the_run),
        TEST(command_that_cannot_be_journalled_does_not_act),
        TEST(full_disk_at_the_end_fails_the_job),
        TEST(engine_ends_in_every_state),
        TEST(stop_before_the_job_began_stops_it),
        TEST(stop_gets_through_a_full_queue),
        TEST(a_resumed_run_has_its_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
