/* The four kinds of job: each opens what it needs, hands over to the loop or just shows, and closes
 * again. Data and results stay in the last snapshot, so that a finished run can be looked at. */
#include "core/engine/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void sx_engine_reset(sx_engine *engine) {
    sx_lane_close(engine);
    sx_engine_drop_results(engine);
    sx_study_data_release(engine->now.data);
    sx_result_release(engine->now.clock);
    uint64_t version = engine->now.version, job = engine->now.job + 1;
    engine->now = (sx_snapshot){.version = version,
                                .job = job,
                                .threads = engine->threads,
                                .images_per_second = NAN,
                                .seconds_left = NAN,
                                .checkpoint_age = NAN};
    sx_study_report *r = &engine->now.report;
    r->loss = r->accuracy = r->validation_loss = r->validation_accuracy = NAN;
    r->learning_rate = r->gradient_norm = NAN;
    engine->paused = engine->stepping = engine->stopping = engine->warned = false;
    engine->begin_paused = false;
    engine->cell_finished = false;
    engine->note[0] = 0;
    engine->checkpointed = engine->checkpoint_seconds = 0;
    engine->applied = engine->saved_step = 0;
    engine->replay_count = engine->replay_next = 0;
    sx_clock_done(&engine->clock);
    sx_pace_begin(&engine->pace);
}

static void fail(sx_engine *engine, const sx_error *err) {
    if (err->status == SX_CANCELLED)
        sx_engine_set_state(engine, SX_STATE_STOPPED, "stopped while loading");
    else
        sx_engine_set_state(engine, SX_STATE_FAILED, err->message);
}

/* The same for a run that has a folder: it keeps the reason. */
static void fail_to_begin(sx_engine *engine, const sx_error *err) {
    sx_error ignored;
    bool stopped = err->status == SX_CANCELLED;
    sx_engine_event(engine, stopped ? "stop" : "fail", stopped ? NULL : err->message, &ignored);
    fail(engine, err);
}

static bool loading_step(void *user, const char *what, size_t done, size_t total) {
    sx_engine *engine = user;
    sx_text_printable(engine->now.loading, sizeof engine->now.loading, what);
    engine->now.loading_done = done;
    engine->now.loading_total = total;
    sx_engine_publish(engine, false);
    return !atomic_load(&engine->stop);
}

/* What a configuration tells of a job before anything is loaded. */
static void describe(sx_engine *engine, const sx_config *config) {
    sx_snapshot *now = &engine->now;
    sx_text_set(now->study, sizeof now->study, sx_config_text(config, "study", "name"));
    now->report.measures_only = sx_study_kind_of(config)->measures_only;
    if (now->report.measures_only)
        sx_measured_describe(config, now->model, sizeof now->model);
    else
        sx_text_printable(now->model, sizeof now->model, sx_config_text(config, "model", "spec"));
    bool cells = sx_cells_count(config) > 0; /* of which each has its own model and steps */
    if (cells) now->model[0] = 0;
    now->report.steps = cells ? 0 : (int64_t)sx_config_number(config, "train", "steps");
    now->location_area = sx_config_number(config, "robustness", "location_area");
    now->rotation_area = sx_config_number(config, "robustness", "rotation_area");
    engine->checkpoint_every = sx_config_number(config, "run", "checkpoint_seconds");
    const char *next = sx_study_kind_of(config)->without_data ? "predictions" : "the data set";
    sx_text_set(now->loading, sizeof now->loading, next);
}

/* Opens the data of a study and says which they are. A recipe's keys are looked up by them; a run
 * that was begun has them all. */
static sx_status load_data(sx_engine *engine, sx_config *config, sx_error *err) {
    sx_loading loading = {loading_step, engine};
    engine->now.loading[0] = 0;
    if (sx_study_kind_of(config)->without_data) return sx_study_resolve_alone(config, err);
    engine->now.data = sx_study_data_resolve(config, &loading, err);
    engine->now.loading[0] = 0; /* as loading_step left it */
    engine->now.loading_done = engine->now.loading_total = 0;
    if (!engine->now.data) return err->status;
    sx_text_set(engine->note, sizeof engine->note,
                sx_source_describe(engine->now.data->source)->note);
    return SX_OK;
}

/* The data of a job that does nothing without them. */
static sx_status begin_with_data(sx_engine *engine, sx_config *config, sx_error *err) {
    describe(engine, config);
    sx_engine_set_state(engine, SX_STATE_LOADING, NULL);
    sx_status status = load_data(engine, config, err);
    if (!status) sx_text_set(engine->now.message, sizeof engine->now.message, engine->note);
    return status;
}

/* A cell is shown by the name of its study: that is what is gone on with. */
void sx_engine_name_run(sx_engine *engine) {
    sx_snapshot *now = &engine->now;
    const sx_run_folder *shown = engine->whole ? engine->whole : engine->run;
    sx_text_set(now->run, sizeof now->run, sx_run_name(shown));
    sx_text_set(now->path, sizeof now->path, sx_run_path(shown));
    sx_run_caption(engine->run, now->caption, sizeof now->caption);
    if (engine->whole)
        sx_text_set(now->cell, sizeof now->cell, sx_path_name(sx_run_path(engine->run)));
}

/* `origin`: what training begins with; NULL: values of the seed, or of a checkpoint. */
static sx_status make_study(sx_engine *engine, const sx_config *config, const sx_origin *origin,
                            sx_error *err) {
    sx_study_context context = {.pool = engine->pool,
                                .stop = &engine->stop,
                                .user = engine,
                                .publish = sx_engine_take_result,
                                .origin = origin,
                                .open_run = sx_measured_open_run,
                                .folder = sx_run_path(engine->run),
                                .note = sx_measured_note};
    engine->study = sx_study_new(config, engine->now.data, &context, err);
    if (!engine->study) return err->status;
    sx_lane_open(engine, sx_study_kind_of(config)->measures_only ? NULL : config, NULL);
    return SX_OK;
}

void sx_engine_close_run(sx_engine *engine) {
    sx_study_free(engine->study);
    sx_run_close(engine->run);
    engine->study = NULL;
    engine->run = NULL;
}

static void drive(sx_engine *engine, const char *event) {
    engine->now.state = SX_STATE_RUNNING;
    sx_engine_note_event(engine, event);
    sx_engine_publish(engine, true);
    sx_engine_drive(engine);
}

/* ---- run
 * ------------------------------------------------------------------------------------------- */

static sx_status create_run(sx_engine *engine, const sx_queued *job, sx_error *err) {
    sx_text ini = {0};
    const char *name = sx_config_text(&job->config, "study", "name");
    sx_config_write(&job->config, &ini);
    if (ini.failed)
        sx_fail(err, SX_NO_MEMORY, "not enough memory for a run");
    else
        engine->run = sx_run_create(job->directory, name, ini.data, err);
    sx_text_done(&ini);
    if (!engine->run) return err->status;
    sx_engine_name_run(engine);
    return SX_OK;
}

/* A measurement that cannot begin has nothing that somebody would look at. A cell's folder keeps
 * the reason for its study. */
static bool leaves_nothing(const sx_engine *engine, const sx_config *config, sx_status status) {
    return status != SX_CANCELLED && !engine->whole && sx_study_kind_of(config)->measures_only;
}

static void discard_run(sx_engine *engine) {
    sx_snapshot *now = &engine->now;
    sx_run_discard(engine->run);
    engine->run = NULL;
    now->run[0] = now->path[0] = now->caption[0] = 0;
}

/* The first checkpoint is there before the first step, so that nobody needs the origin again. */
static void begin_run(sx_engine *engine, const sx_config *config, const sx_origin *origin) {
    sx_error err = {0};
    sx_status status = make_study(engine, config, origin, &err);
    if (!status && origin) status = sx_engine_checkpoint(engine, &err);
    if (!status) {
        drive(engine, "start");
    } else if (leaves_nothing(engine, config, status)) {
        discard_run(engine);
        fail(engine, &err);
    } else {
        fail_to_begin(engine, &err);
    }
}

/* A run whose keys follow from its data or from another network: they are found first, so that
 * run.ini says them all. */
static void run_resolved(sx_engine *engine, sx_queued *job) {
    sx_error err = {0};
    sx_origin origin;
    sx_text said = {0};
    sx_config *config = &job->config;
    describe(engine, config);
    sx_engine_set_state(engine, SX_STATE_LOADING, NULL);
    sx_status status = sx_engine_resolve_origin(engine, config, &origin, &err);
    if (!status) status = sx_measured_keep_paths(config, &err); /* data are named as on resuming */
    if (!status) status = load_data(engine, config, &err);
    if (!status) status = create_run(engine, job, &err);
    if (status) {
        fail(engine, &err);
    } else {
        describe(engine, config);
        engine->now.loading[0] = 0;
        sx_text_set(engine->now.message, sizeof engine->now.message, engine->note);
        if (!sx_study_kind_of(config)->measures_only) sx_recipe_describe(config, &said);
        if (said.data) sx_run_log(engine->run, "%s", said.data);
        begin_run(engine, config, sx_engine_has_origin(config) ? &origin : NULL);
    }
    sx_text_done(&said);
    sx_origin_done(&origin);
}

void sx_engine_run_one(sx_engine *engine, sx_queued *job) {
    sx_error err = {0};
    if (sx_engine_must_resolve(&job->config)) {
        run_resolved(engine, job);
        return;
    }
    if (create_run(engine, job, &err)) {
        fail(engine, &err);
        return;
    }
    if (begin_with_data(engine, &job->config, &err))
        fail_to_begin(engine, &err);
    else
        begin_run(engine, &job->config, NULL);
}

static void run_job(sx_engine *engine, sx_queued *job) {
    sx_error err = {0};
    if (!sx_cells_count(&job->config))
        sx_engine_run_one(engine, job);
    else if (sx_cells_check(&job->config, &err) || create_run(engine, job, &err))
        fail(engine, &err);
    else
        sx_engine_run_cells(engine, &job->config, "start");
}

/* ---- resume and open
 * --------------------------------------------------------------------------------- */

/* What the journal tells of an earlier session. */
typedef struct {
    sx_engine *engine;
    char state[16], message[512]; /* the last event of its kind, and what it said */
    double seconds;               /* of the last line */
    int64_t commands;             /* seen so far */
    int64_t applied;              /* of them, those in the checkpoint */
    size_t capacity;
    bool memory, writable;
} history;

static void read_point(sx_engine *engine, double t, const json_t *line) {
    sx_study_report *r = &engine->now.report;
    r->step = json_integer_value(json_object_get(line, "step"));
    r->loss = sx_json_to_number(json_object_get(line, "loss"));
    r->accuracy = sx_json_to_number(json_object_get(line, "accuracy"));
    r->learning_rate = sx_json_to_number(json_object_get(line, "learning rate"));
    r->gradient_norm = sx_json_to_number(json_object_get(line, "gradient norm"));
    r->validation_loss = sx_json_to_number(json_object_get(line, "validation loss"));
    r->validation_accuracy = sx_json_to_number(json_object_get(line, "validation accuracy"));
    sx_clock_add(&engine->clock, r->step, t, sx_json_to_number(json_object_get(line, "epoch")));
}

static void read_command(history *h, const json_t *line) {
    sx_engine *engine = h->engine;
    const char *name = json_string_value(json_object_get(line, "name"));
    int64_t step = json_integer_value(json_object_get(line, "step"));
    if (h->commands++ < h->applied) return;
    /* Written at an earlier step than those before it: by a person who stepped in after a kill, and
     * gave up what the lost session had done later. */
    while (engine->replay_count && engine->replays[engine->replay_count - 1].step > step)
        engine->replay_count--;
    h->memory = h->memory && sx_grow((void **)&engine->replays, &h->capacity,
                                     engine->replay_count + 1, sizeof *engine->replays);
    if (!h->memory) return;
    sx_replay *r = &engine->replays[engine->replay_count++];
    r->step = step;
    r->value = sx_json_to_number(json_object_get(line, "value"));
    sx_text_set(r->name, sizeof r->name, name ? name : "");
}

static bool read_line(void *user, const json_t *line) {
    history *h = user;
    const char *kind = json_string_value(json_object_get(line, "kind"));
    double t = sx_json_to_number(json_object_get(line, "t"));
    if (!kind) return true;
    if (t >= 0 && t < 1e12) h->seconds = t;
    if (strcmp(kind, "point") == 0) read_point(h->engine, t, line);
    if (strcmp(kind, "command") == 0) read_command(h, line);
    static const char *const states[] = {"start", "resume", "finish", "stop", "fail"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(kind, states[i]) == 0) {
            const char *message = json_string_value(json_object_get(line, "message"));
            sx_text_set(h->state, sizeof h->state, kind);
            sx_text_printable(h->message, sizeof h->message, message ? message : "");
        }
    return true;
}

static sx_status read_history(sx_engine *engine, int64_t applied, history *out, sx_error *err) {
    *out = (history){.engine = engine, .applied = applied, .memory = true};
    sx_status status = sx_run_journal_read(engine->run, read_line, out, NULL, err);
    if (!status && !out->memory)
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the journal");
    return status;
}

static sx_status load_results(sx_engine *engine, sx_error *err) {
    sx_result_list list;
    sx_text warnings = {0};
    sx_status status = sx_run_load_results(engine->run, &list, &warnings, err);
    for (size_t i = 0; !status && i < list.count; i++)
        sx_engine_take_result(engine, sx_result_keep(list.results[i]));
    for (size_t i = 0; i < SX_RESULTS; i++) engine->unsaved[i] = false;
    sx_engine_publish_clock(engine);
    if (warnings.size)
        sx_text_printable(engine->now.message, sizeof engine->now.message, warnings.data);
    sx_text_done(&warnings);
    sx_result_list_done(&list);
    return status;
}

static sx_status read_config(sx_engine *engine, sx_config *out, sx_error *err) {
    sx_status status = sx_config_new(out, err);
    return status
               ? status
               : sx_config_parse(out, sx_run_name(engine->run), sx_run_ini(engine->run), NULL, err);
}

/* What matters most about a run that is shown: why it failed, that it goes on elsewhere, that its
 * data or some results are missing; else the note on the data. */
static void explain(sx_engine *engine, const history *h, const char *broken, const char *missing) {
    const char *said = missing[0] ? missing : broken[0] ? broken : engine->note;
    if (strcmp(h->state, "fail") == 0 && h->message[0])
        said = h->message;
    else if (engine->run && !h->writable && sx_run_in_use(engine->run))
        said = "another sextant is computing this run; this is what it has saved so far";
    sx_text_set(engine->now.message, sizeof engine->now.message, said);
}

/* The network of a run that is not computed here, for the probe: a model and its parameters, no
 * study. Without a checkpoint there is none. */
static void load_network(sx_engine *engine, const sx_config *config) {
    sx_safetensors file;
    bool there = !sx_study_kind_of(config)->measures_only &&
                 sx_run_load_checkpoint(engine->run, &file, NULL) == SX_OK;
    sx_lane_open(engine, there ? config : NULL, there ? &file : NULL);
    if (there) sx_safetensors_done(&file);
}

/* Shows a run that is not computed here: at once what was on disk, then, as they come, the data and
 * the network for those who look at pictures. */
static void show(sx_engine *engine, sx_config *config, const history *h, sx_error *err) {
    char broken[512];
    sx_text_set(broken, sizeof broken, engine->now.message);
    engine->pace.began = sx_seconds() - h->seconds;
    sx_pace_pause(&engine->pace, true);
    bool finished = strcmp(h->state, "finish") == 0, failed = strcmp(h->state, "fail") == 0;
    describe(engine, config);
    engine->now.report.phase = finished ? SX_PHASE_FINISHED : SX_PHASE_TRAINING;
    if (finished) engine->now.report.step = engine->now.report.steps;
    explain(engine, h, broken, "");
    sx_state state = finished ? SX_STATE_FINISHED : failed ? SX_STATE_FAILED : SX_STATE_STOPPED;
    sx_engine_set_state(engine, state, NULL);
    sx_status missing = load_data(engine, config, err);
    bool given_up = missing == SX_CANCELLED; /* for the next job: nothing is wrong with this one */
    explain(engine, h, broken, missing && !given_up ? err->message : "");
    sx_engine_publish(engine, true);
    if (!missing) load_network(engine, config);
}

void sx_engine_show_one(sx_engine *engine, sx_config *config) {
    sx_error err = {0};
    history h;
    sx_engine_name_run(engine);
    if (read_history(engine, INT64_MAX, &h, &err) || load_results(engine, &err)) {
        fail(engine, &err);
        return;
    }
    h.writable = true;
    show(engine, config, &h, &err);
}

static void open_job(sx_engine *engine, sx_queued *job) {
    sx_error err = {0};
    sx_config config = {0};
    history h;
    engine->run = sx_run_open(job->run, false, &err);
    if (engine->run) sx_engine_name_run(engine);
    if (!engine->run || read_config(engine, &config, &err) ||
        read_history(engine, INT64_MAX, &h, &err) || load_results(engine, &err))
        fail(engine, &err);
    else
        show(engine, &config, &h, &err);
    sx_config_done(&config);
}

/* Puts the study where the checkpoint left it; without one it begins again, which gives the same
 * bits, only later. */
static sx_status go_back(sx_engine *engine, sx_error *err) {
    sx_safetensors file;
    history h;
    sx_error missing = {0};
    int64_t applied = 0;
    if (sx_run_load_checkpoint(engine->run, &file, &missing)) {
        sx_run_log(engine->run, "%s; beginning again", missing.message);
    } else {
        const char *commands = sx_safetensors_metadata(&file, "commands");
        applied = commands ? strtoll(commands, NULL, 10) : 0;
        sx_status status = sx_study_load(engine->study, &file, err);
        sx_safetensors_done(&file);
        if (status) return status;
        engine->checkpointed = sx_seconds(); /* what would be lost begins here */
    }
    sx_status status = read_history(engine, applied, &h, err);
    engine->applied = applied;
    return status;
}

/* The study of a run that goes on. Killed before its first checkpoint, it begins with its origin
 * again. */
static sx_status make_study_again(sx_engine *engine, const sx_config *config, sx_error *err) {
    sx_safetensors file;
    sx_origin origin = {0};
    bool there =
        !sx_engine_has_origin(config) || sx_run_load_checkpoint(engine->run, &file, NULL) == SX_OK;
    if (there && sx_engine_has_origin(config)) sx_safetensors_done(&file);
    sx_status status = there ? SX_OK : sx_engine_read_origin(engine, config, &origin, err);
    if (!status) status = make_study(engine, config, there ? NULL : &origin, err);
    sx_origin_done(&origin);
    return status;
}

static void resume(sx_engine *engine, sx_config *config, sx_error *err) {
    sx_status status = begin_with_data(engine, config, err);
    if (!status) status = make_study_again(engine, config, err);
    if (!status) status = go_back(engine, err);
    sx_study_state state;
    if (!status) status = sx_study_save(engine->study, &state, err);
    if (status) {
        fail_to_begin(engine, err);
        return;
    }
    for (size_t i = 0; i < state.metadata_count; i++)
        if (strcmp(state.metadata[i].key, "step") == 0)
            engine->pace.first_step = engine->saved_step = engine->now.report.step =
                strtoll(state.metadata[i].value, NULL, 10);
    drive(engine, "resume");
}

void sx_engine_resume_one(sx_engine *engine, sx_queued *job) {
    sx_error err = {0};
    sx_config config = {0};
    history h;
    engine->run = sx_run_open(job->run, true, &err);
    if (engine->run) sx_engine_name_run(engine);
    if (!engine->run || read_config(engine, &config, &err) ||
        read_history(engine, INT64_MAX, &h, &err) || load_results(engine, &err)) {
        fail(engine, &err);
    } else if (strcmp(h.state, "finish") == 0) {
        h.writable = true;
        show(engine, &config, &h, &err);
    } else if (sx_cells_count(&config)) {
        sx_engine_run_cells(engine, &config, "resume");
    } else {
        resume(engine, &config, &err);
    }
    sx_engine_close_run(engine); /* the study borrows the configuration */
    sx_config_done(&config);
}

/* ---- browse
 * --------------------------------------------------------------------------------------------- */

static void browse_job(sx_engine *engine, sx_queued *job) {
    sx_error err = {0};
    if (begin_with_data(engine, &job->config, &err)) {
        fail(engine, &err);
        return;
    }
    sx_lane_open(engine, NULL, NULL);
    engine->now.model[0] = 0;
    engine->now.report.steps = 0;
    sx_engine_set_state(engine, SX_STATE_IDLE, NULL);
}

void sx_engine_run_job(sx_engine *engine, sx_queued *job) {
    static void (*const kinds[])(sx_engine *, sx_queued *) = {
        [SX_JOB_RUN] = run_job,
        [SX_JOB_RESUME] = sx_engine_resume_one,
        [SX_JOB_OPEN] = open_job,
        [SX_JOB_BROWSE] = browse_job,
    };
    sx_engine_reset(engine);
    kinds[job->kind](engine, job);
    sx_engine_close_run(engine);
    sx_free(engine->replays);
    engine->replays = NULL;
}
