/* The loop of a run: commands between advances, one advance, and now and then a checkpoint. Also
 * how a run ends. */
#include "core/engine/internal.h"

#include <math.h>
#include <time.h>

#define LONG_SLEEP 1.0 /* seconds without work that no advance takes by itself */

/* ---- commands
 * ------------------------------------------------------------------------------------ */

/* Told first, saved then: a disk may take its time. */
static void pause_run(sx_engine *engine) {
    if (engine->paused) return;
    engine->paused = true;
    sx_lane_teach(engine, true);
    sx_pace_pause(&engine->pace, true);
    sx_engine_set_state(engine, SX_STATE_PAUSED, NULL);
    sx_engine_note_event(engine, "pause");
    sx_engine_checkpoint_or_warn(engine);
}

static void continue_run(sx_engine *engine) {
    if (!engine->paused) return;
    engine->paused = false;
    sx_pace_pause(&engine->pace, false);
    sx_engine_set_state(engine, SX_STATE_RUNNING, NULL);
    sx_engine_note_event(engine, "continue");
}

/* A command that changes the result is in the journal before it acts, or does not act. What an
 * earlier session did after this step is given up when a person steps in; whoever reads the journal
 * sees it by the steps. Lines are counted, whether the study took the command or not. */
static void command_study(sx_engine *engine, const char *name, double value) {
    sx_error err;
    if (sx_engine_journal_command(engine, name, value, &err)) {
        sx_engine_warn(engine, &err, "; the command was not carried out");
        return;
    }
    engine->applied += (int64_t)(engine->replay_count - engine->replay_next) + 1;
    engine->replay_next = engine->replay_count;
    if (sx_study_command(engine->study, name, value, &err)) sx_engine_warn(engine, &err, "");
}

static const char *const study_commands[SX_COMMANDS] = {[SX_COMMAND_SCALE] = "scale",
                                                        [SX_COMMAND_MOMENTUM] = "momentum",
                                                        [SX_COMMAND_WEIGHT_DECAY] = "weight-decay",
                                                        [SX_COMMAND_AUGMENT] = "augment",
                                                        [SX_COMMAND_BATCH] = "batch"};

sx_status sx_engine_check(const sx_snapshot *snapshot, sx_command_kind kind, double value,
                          sx_error *err) {
    bool reported = snapshot->report.batch > 0;
    if (!study_commands[kind] || !reported) return SX_OK;
    return sx_study_check(&snapshot->report, study_commands[kind], value, err);
}

static void apply(sx_engine *engine, const sx_command *command) {
    switch (command->kind) {
    case SX_COMMAND_PAUSE:
        pause_run(engine);
        break;
    case SX_COMMAND_RESUME:
        continue_run(engine);
        break;
    case SX_COMMAND_STEP:
        pause_run(engine);
        engine->stepping = true;
        break;
    case SX_COMMAND_STOP:
        engine->stopping = true;
        break;
    case SX_COMMAND_CHECKPOINT:
        sx_engine_checkpoint_or_warn(engine);
        break;
    case SX_COMMAND_SCALE:
    case SX_COMMAND_MOMENTUM:
    case SX_COMMAND_WEIGHT_DECAY:
    case SX_COMMAND_AUGMENT:
    case SX_COMMAND_BATCH:
        command_study(engine, study_commands[command->kind], command->value);
        break;
    case SX_COMMAND_MEASURE:
        sx_study_command(engine->study, "measure", 1, NULL); /* reads only: not for the journal */
        break;
    case SX_COMMANDS:
        break;
    }
}

static void take_commands(sx_engine *engine) {
    sx_command commands[SX_COMMANDS_WAITING];
    int count = sx_engine_take_commands(engine, commands);
    for (int i = 0; i < count; i++) apply(engine, &commands[i]);
    if (count) sx_engine_publish(engine, true);
}

/* Gives the commands of an earlier session again, at the steps at which they acted. */
static void replay(sx_engine *engine) {
    while (engine->replay_next < engine->replay_count) {
        const sx_replay *r = &engine->replays[engine->replay_next];
        if (r->step > engine->now.report.step) return;
        sx_study_command(engine->study, r->name, r->value, NULL);
        engine->replay_next++;
        engine->applied++;
    }
}

/* ---- endings
 * ------------------------------------------------------------------------------------- */

static void fail_run(sx_engine *engine, const sx_error *err) {
    sx_error ignored;
    sx_engine_save_results(engine, &ignored);
    sx_engine_event(engine, "fail", err->message, &ignored);
    sx_engine_set_state(engine, SX_STATE_FAILED, err->message);
}

static void stop_run(sx_engine *engine) {
    sx_error err;
    sx_lane_teach(engine, true);
    sx_engine_set_state(engine, SX_STATE_STOPPING, NULL);
    sx_status status = sx_engine_checkpoint(engine, &err);
    if (!status) status = sx_engine_event(engine, "stop", NULL, &err);
    if (status)
        fail_run(engine, &err);
    else
        sx_engine_set_state(engine, SX_STATE_STOPPED, NULL);
}

static void finish_run(sx_engine *engine) {
    sx_error err;
    sx_lane_teach(engine, true);
    sx_status status = sx_engine_checkpoint(engine, &err);
    if (!status) status = sx_engine_event(engine, "finish", NULL, &err);
    engine->now.seconds_left = 0;
    if (status)
        fail_run(engine, &err);
    else
        sx_engine_set_state(engine, SX_STATE_FINISHED, engine->warned ? engine->note : NULL);
}

/* ---- the loop
 * ------------------------------------------------------------------------------------ */

static double processor_seconds(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

/* Seconds of `seconds` in which a signal (Ctrl-Z) had stopped the whole process. */
static double asleep(double seconds, double worked) {
    return seconds > LONG_SLEEP && worked < 0.1 * seconds ? seconds - worked : 0;
}

/* One advance with its accounts; SX_CANCELLED when the stop flag ended it. */
static sx_status advance(sx_engine *engine, sx_error *err) {
    sx_study_report report;
    double began = sx_seconds(), worked = processor_seconds();
    sx_status status = sx_study_advance(engine->study, &report, err);
    if (status) return status;
    double seconds = sx_seconds() - began;
    engine->now.report = report;
    sx_pace_count(&engine->pace, &engine->now, seconds,
                  asleep(seconds, processor_seconds() - worked));
    engine->now.cells_seconds_left =
        (sx_pace_seconds(&engine->pace) + engine->now.seconds_left) * engine->work_left;
    if (report.recorded) sx_engine_journal_point(engine);
    if (report.trained || report.phase != SX_PHASE_TRAINING) engine->stepping = false;
    sx_lane_teach(engine, engine->paused);
    sx_engine_publish(engine, engine->paused && !engine->stepping);
    return SX_OK;
}

void sx_engine_drive(sx_engine *engine) {
    sx_error err = {0};
    engine->checkpoint_tried = sx_seconds();
    sx_lane_teach(engine, true);
    if (engine->begin_paused) pause_run(engine);
    for (;;) {
        replay(engine); /* before what a person does at the same step: it was first */
        take_commands(engine);
        if (engine->stopping) {
            stop_run(engine);
            return;
        }
        if (engine->paused && !engine->stepping) {
            sx_engine_sleep(engine);
            continue;
        }
        sx_status status = advance(engine, &err);
        if (status && status != SX_CANCELLED) {
            fail_run(engine, &err);
            return;
        }
        if (engine->now.report.phase == SX_PHASE_FINISHED) {
            finish_run(engine);
            return;
        }
        if (!status && sx_engine_checkpoint_is_due(engine)) sx_engine_checkpoint_or_warn(engine);
    }
}
