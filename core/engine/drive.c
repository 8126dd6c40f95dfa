/* The loop of a run: commands between advances, accounts of time, checkpoints, journal lines,
 * snapshots. Times decide only when something is shown or saved, never what is computed. */
#include "core/engine/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CHECKPOINT_SHARE 0.02 /* at most, of the time */
#define RATE_WINDOW 2.0       /* seconds over which images per second are taken */

void sx_engine_set_state(sx_engine *engine, sx_state state, const char *message) {
    engine->now.state = state;
    if (message) sx_text_set(engine->now.message, sizeof engine->now.message, message);
    sx_engine_publish(engine, true);
}

static void warn(sx_engine *engine, const sx_error *err) {
    sx_text_set(engine->now.message, sizeof engine->now.message, err->message);
    sx_run_log(engine->run, "%s", err->message);
}

void sx_engine_event(sx_engine *engine, const char *kind) {
    sx_error err;
    if (sx_run_journal(engine->run, kind, engine->now.report.step, NULL, true, &err))
        warn(engine, &err);
    sx_run_log(engine->run, "%s at step %lld", kind, (long long)engine->now.report.step);
}

/* ---- saving
 * ----------------------------------------------------------------------------------------- */

static sx_status save_results(sx_engine *engine, sx_error *err) {
    sx_status status = SX_OK;
    for (size_t i = 0; !status && i < engine->now.result_count; i++) {
        if (!engine->unsaved[i]) continue;
        status = sx_run_save_result(engine->run, engine->results[i], err);
        engine->unsaved[i] = status != SX_OK;
    }
    return status;
}

static sx_status save_state(sx_engine *engine, sx_error *err) {
    sx_study_state state;
    sx_metadata metadata[24];
    sx_status status = sx_study_save(engine->study, &state, err);
    if (status) return status;
    memcpy(metadata, state.metadata, state.metadata_count * sizeof *metadata);
    snprintf(engine->applied_text, sizeof engine->applied_text, "%lld", (long long)engine->applied);
    metadata[state.metadata_count] = (sx_metadata){"commands", engine->applied_text};
    return sx_run_save_checkpoint(engine->run, state.tensors, state.count, metadata,
                                  state.metadata_count + 1, err);
}

/* Results, then state. A failure is said and tried again at the next turn. */
static sx_status checkpoint(sx_engine *engine, sx_error *err) {
    double began = sx_seconds();
    sx_status status = save_results(engine, err);
    if (!status) status = save_state(engine, err);
    double ended = sx_seconds();
    engine->checkpoint_seconds = ended - began;
    if (status) return status;
    engine->checkpointed = ended;
    return sx_run_journal(engine->run, "checkpoint", engine->now.report.step, NULL, false, err);
}

static void checkpoint_or_warn(sx_engine *engine) {
    sx_error err;
    if (checkpoint(engine, &err)) warn(engine, &err);
}

static bool checkpoint_is_due(const sx_engine *engine, double since) {
    double interval = engine->checkpoint_seconds / CHECKPOINT_SHARE;
    if (interval < engine->checkpoint_every) interval = engine->checkpoint_every;
    return sx_seconds() - since > interval;
}

static json_t *figures(const sx_engine *engine) {
    const sx_study_report *r = &engine->now.report;
    json_t *fields = json_object();
    json_object_set_new(fields, "loss", sx_json_number(r->loss));
    json_object_set_new(fields, "accuracy", sx_json_number(r->accuracy));
    json_object_set_new(fields, "learning rate", sx_json_number(r->learning_rate));
    json_object_set_new(fields, "gradient norm", sx_json_number(r->gradient_norm));
    json_object_set_new(fields, "validation loss", sx_json_number(r->validation_loss));
    json_object_set_new(fields, "validation accuracy", sx_json_number(r->validation_accuracy));
    json_object_set_new(fields, "images per second", sx_json_number(engine->now.images_per_second));
    return fields;
}

static void journal_point(sx_engine *engine) {
    sx_error err;
    json_t *fields = figures(engine);
    if (sx_run_journal(engine->run, "point", engine->now.report.step, fields, false, &err))
        warn(engine, &err);
    json_decref(fields);
}

/* ---- commands
 * ------------------------------------------------------------------------------------------ */

static void pause(sx_engine *engine, bool paused) {
    if (paused == engine->paused) return;
    engine->paused = paused;
    if (paused) {
        engine->paused_since = sx_seconds();
        sx_engine_event(engine, "pause");
        checkpoint_or_warn(engine);
        sx_engine_set_state(engine, SX_STATE_PAUSED, NULL);
        return;
    }
    engine->paused_seconds += sx_seconds() - engine->paused_since;
    engine->paused_since = 0;
    engine->window_began = 0;
    sx_engine_event(engine, "continue");
    sx_engine_set_state(engine, SX_STATE_RUNNING, NULL);
}

static void journal_command(sx_engine *engine, const char *name, double value) {
    sx_error err;
    json_t *fields = json_pack("{s:s, s:f}", "name", name, "value", value);
    if (sx_run_journal(engine->run, "command", engine->now.report.step, fields, true, &err))
        warn(engine, &err);
    json_decref(fields);
}

/* A command that changes the result: journalled with its step, counted for checkpoints. What an
 * earlier session did after the checkpoint is given up when a person steps in. */
static void command_study(sx_engine *engine, const char *name, double value) {
    sx_error err;
    if (sx_study_command(engine->study, name, value, &err)) {
        warn(engine, &err);
        return;
    }
    engine->applied += (int64_t)(engine->replay_count - engine->replay_next) + 1;
    engine->replay_next = engine->replay_count;
    journal_command(engine, name, value);
}

static void apply(sx_engine *engine, const sx_command *command) {
    switch (command->kind) {
    case SX_COMMAND_PAUSE:
        pause(engine, true);
        break;
    case SX_COMMAND_RESUME:
        pause(engine, false);
        break;
    case SX_COMMAND_STEP:
        pause(engine, true);
        engine->stepping = true;
        break;
    case SX_COMMAND_STOP:
        engine->stopping = true;
        break;
    case SX_COMMAND_CHECKPOINT:
        checkpoint_or_warn(engine);
        break;
    case SX_COMMAND_SCALE:
        command_study(engine, "scale", command->value);
        break;
    case SX_COMMAND_MEASURE:
        sx_study_command(engine->study, "measure", 1, NULL); /* reads only: not for the journal */
        break;
    case SX_COMMANDS:
        break;
    }
}

static void take_commands(sx_engine *engine) {
    sx_command commands[64];
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

/* ---- time
 * -------------------------------------------------------------------------------------------------
 */

static void count_time(sx_engine *engine, const sx_study_report *report, double seconds) {
    if (report->phase != SX_PHASE_TRAINING) {
        engine->end_seconds += seconds;
    } else if (report->trained) {
        engine->training_seconds += seconds;
    } else {
        engine->measuring_seconds += seconds;
        engine->measuring_advances++;
    }
    double all = engine->training_seconds + engine->measuring_seconds;
    engine->now.measuring_share = all > 0 ? engine->measuring_seconds / all : 0;
}

static void update_rate(sx_engine *engine, const sx_study_report *report) {
    double now = sx_seconds();
    if (engine->window_began <= 0) {
        engine->window_began = now;
        engine->window_images = 0;
    }
    if (report->trained) engine->window_images += report->batch;
    double span = now - engine->window_began;
    bool first = isnan(engine->now.images_per_second) && span > 0.3;
    if (span < RATE_WINDOW && !first) return;
    engine->now.images_per_second = engine->window_images / span;
    engine->window_began = now;
    engine->window_images = 0;
}

static void update_time_left(sx_engine *engine, const sx_study_report *report) {
    double steps = (double)(report->step - engine->first_step), slice = 0;
    if (engine->measuring_advances)
        slice = engine->measuring_seconds / (double)engine->measuring_advances;
    double end = slice * report->slices_left;
    if (report->phase == SX_PHASE_TRAINING && steps > 0)
        engine->now.seconds_left = (engine->training_seconds + engine->measuring_seconds) / steps *
                                       (double)(report->steps - report->step) +
                                   end;
    else if (report->phase != SX_PHASE_TRAINING)
        engine->now.seconds_left = end;
}

/* ---- the loop
 * ------------------------------------------------------------------------------------------------
 */

static void stop_run(sx_engine *engine) {
    sx_error err;
    sx_engine_set_state(engine, SX_STATE_STOPPING, NULL);
    sx_status status = checkpoint(engine, &err);
    if (status) warn(engine, &err);
    sx_engine_event(engine, "stop");
    sx_engine_set_state(engine, status ? SX_STATE_FAILED : SX_STATE_STOPPED,
                        status ? err.message : NULL);
}

static void fail_run(sx_engine *engine, const sx_error *err) {
    sx_error ignored;
    save_results(engine, &ignored);
    sx_run_log(engine->run, "%s", err->message);
    sx_engine_event(engine, "fail");
    sx_engine_set_state(engine, SX_STATE_FAILED, err->message);
}

static void finish_run(sx_engine *engine) {
    sx_error err;
    sx_status status = checkpoint(engine, &err);
    if (status) {
        fail_run(engine, &err);
        return;
    }
    engine->now.seconds_left = 0;
    sx_engine_event(engine, "finish");
    sx_engine_set_state(engine, SX_STATE_FINISHED, NULL);
}

/* One advance with its accounts; SX_CANCELLED when the stop flag ended it. */
static sx_status advance(sx_engine *engine, sx_error *err) {
    sx_study_report report;
    double began = sx_seconds();
    sx_status status = sx_study_advance(engine->study, &report, err);
    if (status) return status;
    engine->now.report = report;
    count_time(engine, &report, sx_seconds() - began);
    update_rate(engine, &report);
    update_time_left(engine, &report);
    if (report.recorded) journal_point(engine);
    if (engine->stepping && (report.trained || report.phase != SX_PHASE_TRAINING))
        engine->stepping = false;
    sx_engine_publish(engine, engine->paused && !engine->stepping);
    return SX_OK;
}

void sx_engine_drive(sx_engine *engine) {
    sx_error err = {0};
    double since = sx_seconds();
    for (;;) {
        take_commands(engine);
        if (engine->stopping) {
            stop_run(engine);
            return;
        }
        if (engine->paused && !engine->stepping) {
            sx_engine_sleep(engine);
            continue;
        }
        replay(engine);
        sx_status status = advance(engine, &err);
        if (status && status != SX_CANCELLED) {
            fail_run(engine, &err);
            return;
        }
        if (engine->now.report.phase == SX_PHASE_FINISHED) {
            finish_run(engine);
            return;
        }
        if (!status && checkpoint_is_due(engine, since)) {
            checkpoint_or_warn(engine);
            since = sx_seconds();
        }
    }
}
