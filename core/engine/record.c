/* What a run leaves on disk while it goes: events, points and commands in the journal, results and
 * checkpoints every now and then, never more than a small share of the time. A disk that refuses
 * does not end a run: it is said, and tried again. */
#include "core/engine/internal.h"

#include <stdio.h>
#include <string.h>

#define CHECKPOINT_SHARE 0.02 /* at most, of the time */
#define METADATA 24

/* The end of a cell is not the end of its study. */
void sx_engine_set_state(sx_engine *engine, sx_state state, const char *message) {
    if (engine->whole && state == SX_STATE_FINISHED) {
        engine->cell_finished = true;
        state = SX_STATE_LOADING;
    }
    engine->now.state = state;
    if (message) sx_text_set(engine->now.message, sizeof engine->now.message, message);
    sx_engine_publish(engine, true);
}

void sx_engine_warn(sx_engine *engine, const sx_error *err, const char *then) {
    char sentence[640];
    snprintf(sentence, sizeof sentence, "%s%s", err->message, then);
    sx_text_set(engine->now.message, sizeof engine->now.message, sentence);
    sx_run_log(engine->run ? engine->run : engine->whole, "%s", sentence); /* between cells */
}

/* ---- the journal
 * --------------------------------------------------------------------------------- */

sx_status sx_engine_event(sx_engine *engine, const char *kind, const char *message, sx_error *err) {
    json_t *fields = message ? json_object() : NULL;
    if (fields) json_object_set_new(fields, "message", sx_json_text(message));
    sx_status status =
        sx_run_journal(engine->run, kind, engine->now.report.step, fields, true, err);
    json_decref(fields);
    sx_run_log(engine->run, "%s at step %lld%s%s", kind, (long long)engine->now.report.step,
               message ? ": " : "", message ? message : "");
    return status;
}

void sx_engine_note_event(sx_engine *engine, const char *kind) {
    sx_error err;
    if (sx_engine_event(engine, kind, NULL, &err)) sx_engine_warn(engine, &err, "");
}

void sx_engine_publish_clock(sx_engine *engine) {
    sx_result *result = sx_clock_result(&engine->clock);
    if (!result) return;
    sx_result_release(engine->now.clock);
    engine->now.clock = result;
}

void sx_engine_journal_point(sx_engine *engine) {
    const sx_study_report *r = &engine->now.report;
    const struct {
        const char *name;
        double value;
    } figures[] = {{"loss", r->loss},
                   {"accuracy", r->accuracy},
                   {"learning rate", r->learning_rate},
                   {"gradient norm", r->gradient_norm},
                   {"validation loss", r->validation_loss},
                   {"validation accuracy", r->validation_accuracy},
                   {"images per second", engine->now.images_per_second},
                   {"epoch", r->epoch}};
    sx_error err;
    sx_clock_add(&engine->clock, r->step, sx_run_seconds(engine->run), r->epoch);
    sx_engine_publish_clock(engine);
    json_t *fields = json_object();
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        json_object_set_new(fields, figures[i].name, sx_json_number(figures[i].value));
    if (sx_run_journal(engine->run, "point", r->step, fields, false, &err))
        sx_engine_warn(engine, &err, "; the run goes on");
    json_decref(fields);
}

sx_status sx_engine_journal_command(sx_engine *engine, const char *name, double value,
                                    sx_error *err) {
    json_t *fields = json_object();
    bool whole = json_object_set_new(fields, "name", sx_json_text(name)) == 0 &&
                 json_object_set_new(fields, "value", sx_json_number(value)) == 0;
    sx_status status =
        whole ? sx_run_journal(engine->run, "command", engine->now.report.step, fields, true, err)
              : sx_fail(err, SX_NO_MEMORY, "not enough memory for the journal");
    json_decref(fields);
    return status;
}

/* ---- results and checkpoints
 * --------------------------------------------------------------------- */

/* Of a later step than those on disk: several checkpoints at one step are one to look back at. */
static bool has_newer(const sx_engine *engine) {
    if (engine->now.report.step <= engine->saved_step) return false;
    for (size_t i = 0; i < engine->now.result_count; i++)
        if (engine->unsaved[i]) return true;
    return false;
}

sx_status sx_engine_save_results(sx_engine *engine, sx_error *err) {
    sx_status status = SX_OK;
    bool newer = has_newer(engine);
    if (newer) sx_run_keep_results(engine->run);
    for (size_t i = 0; !status && i < engine->now.result_count; i++) {
        if (!engine->unsaved[i]) continue;
        status = sx_run_save_result(engine->run, engine->results[i], err);
        engine->unsaved[i] = status != SX_OK;
    }
    if (newer) engine->saved_step = engine->now.report.step;
    return status;
}

static sx_status save_state(sx_engine *engine, sx_error *err) {
    sx_study_state state;
    sx_metadata metadata[METADATA];
    char applied[24];
    sx_status status = sx_study_save(engine->study, &state, err);
    if (status) return status;
    if (state.metadata_count >= METADATA)
        return sx_fail(err, SX_BAD_INPUT, "a study's state has too many texts for a checkpoint");
    memcpy(metadata, state.metadata, state.metadata_count * sizeof *metadata);
    snprintf(applied, sizeof applied, "%lld", (long long)engine->applied);
    metadata[state.metadata_count] = (sx_metadata){"commands", applied};
    return sx_run_save_checkpoint(engine->run, state.tensors, state.count, metadata,
                                  state.metadata_count + 1, err);
}

sx_status sx_engine_checkpoint(sx_engine *engine, sx_error *err) {
    double began = sx_seconds();
    sx_status status = sx_engine_save_results(engine, err);
    if (!status) status = save_state(engine, err);
    engine->checkpoint_tried = sx_seconds();
    engine->checkpoint_seconds = engine->checkpoint_tried - began;
    if (status) return status;
    engine->checkpointed = engine->checkpoint_tried;
    return sx_run_journal(engine->run, "checkpoint", engine->now.report.step, NULL, false, err);
}

void sx_engine_checkpoint_or_warn(sx_engine *engine) {
    sx_error err;
    if (sx_engine_checkpoint(engine, &err)) {
        sx_engine_warn(engine, &err, "; the run goes on and tries again");
        engine->warned = true;
    } else if (engine->warned) {
        sx_text_set(engine->now.message, sizeof engine->now.message, engine->note);
        engine->warned = false;
    }
}

bool sx_engine_checkpoint_is_due(const sx_engine *engine) {
    double interval = engine->checkpoint_seconds / CHECKPOINT_SHARE;
    if (interval < engine->checkpoint_every) interval = engine->checkpoint_every;
    return sx_seconds() - engine->checkpoint_tried > interval;
}
