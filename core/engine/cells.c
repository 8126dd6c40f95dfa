/* Studies of several networks: one cell after the other, each a run in a folder below the study's,
 * driven as any other run. A cell that has finished is not computed again, one that was stopped is
 * gone on with; what they say together is computed anew, from their folders, whenever one has
 * finished, so that a study that was killed ends with the same bits. */
#include "core/engine/internal.h"

#include <math.h>
#include <string.h>

/* ---- the study's folder -----------------------------------------------------------------------
 */

/* `cell` is the one that runs from now on; NULL: none does. */
static void note(sx_engine *engine, const char *kind, int done, int count, const char *cell) {
    sx_error err;
    json_t *fields = json_object();
    json_object_set_new(fields, "cells", json_integer(count));
    if (cell) json_object_set_new(fields, "cell", sx_json_text(cell));
    sx_status status = sx_run_journal(engine->whole, kind, done, fields, true, &err);
    json_decref(fields);
    sx_run_log(engine->whole, "%s%s%s: %d of %d cells have finished", kind, cell ? " " : "",
               cell ? cell : "", done, count);
    if (status) sx_engine_warn(engine, &err, "");
}

static sx_status cell_path(const sx_engine *engine, const sx_config *config, int run, char *out,
                           sx_error *err) {
    char folder[SX_CELL_NAME], cells[SX_PATH_SIZE];
    sx_cells_folder(config, run, folder);
    sx_status status = sx_path_join(cells, sx_run_path(engine->whole), SX_STORE_CELLS, err);
    return status ? status : sx_path_join(out, cells, folder, err);
}

static bool has_finished(const char *path) {
    sx_run_facts facts;
    return sx_run_recognises(path) && !sx_store_facts(path, &facts, NULL) &&
           strcmp(facts.state, "finished") == 0;
}

/* ---- what cells say together ------------------------------------------------------------------
 */

/* What has finished, read from the cells' folders. */
typedef struct {
    int cells, seeds;
    sx_study_cell *cell;   /* [cells] */
    sx_config *configs;    /* [cells] */
    sx_cell_run *runs;     /* [cells, seeds] */
    sx_result_list *lists; /* [cells, seeds] */
    char (*names)[SX_CELL_NAME];
} evidence;

static void evidence_done(evidence *e) {
    for (int i = 0; e->lists && i < e->cells * e->seeds; i++) sx_result_list_done(&e->lists[i]);
    for (int i = 0; e->configs && i < e->cells; i++) sx_config_done(&e->configs[i]);
    sx_free(e->cell);
    sx_free(e->configs);
    sx_free(e->runs);
    sx_free(e->lists);
    sx_free(e->names);
}

static sx_status evidence_new(const sx_config *config, evidence *out, sx_error *err) {
    int seeds = (int)sx_config_number(config, "run", "seeds"), runs = sx_cells_count(config);
    size_t cells = (size_t)(runs / seeds), all = (size_t)runs;
    *out = (evidence){.cells = runs / seeds,
                      .seeds = seeds,
                      .cell = sx_alloc(cells, sizeof(sx_study_cell)),
                      .configs = sx_alloc(cells, sizeof(sx_config)),
                      .runs = sx_alloc(all, sizeof(sx_cell_run)),
                      .lists = sx_alloc(all, sizeof(sx_result_list)),
                      .names = sx_alloc(cells, SX_CELL_NAME)};
    if (!out->cell || !out->configs || !out->runs || !out->lists || !out->names)
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for the cells of a study");
    sx_status status = SX_OK;
    for (int c = 0; !status && c < out->cells; c++) {
        status = sx_cells_config(config, c, &out->configs[c], err);
        sx_cells_name(config, c, out->names[c]);
        out->cell[c] = (sx_study_cell){out->names[c], &out->configs[c], 0, out->runs + c * seeds};
    }
    return status;
}

/* The results of a run that has finished. */
static sx_status read_run(evidence *e, int run, const char *path, const atomic_bool *stop,
                          sx_error *err) {
    sx_study_cell *cell = &e->cell[run % e->cells];
    sx_run_folder *folder = sx_run_open(path, false, err);
    if (!folder) return err->status;
    int slot = run % e->cells * e->seeds + cell->seeds;
    sx_status status = sx_run_load_results_until(folder, stop, &e->lists[slot], NULL, err);
    sx_run_close(folder);
    if (status) return status;
    e->runs[slot] =
        (sx_cell_run){(const sx_result *const *)e->lists[slot].results, e->lists[slot].count};
    cell->seeds++;
    return SX_OK;
}

static sx_status gather(const sx_engine *engine, const sx_config *config, evidence *out,
                        sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_status status = evidence_new(config, out, err);
    for (int run = 0; !status && run < out->cells * out->seeds; run++) {
        if (atomic_load(&engine->stop)) return sx_fail(err, SX_CANCELLED, "stopped");
        status = cell_path(engine, config, run, path, err);
        if (!status && has_finished(path)) status = read_run(out, run, path, &engine->stop, err);
    }
    return status;
}

static sx_status conclude(sx_engine *engine, const sx_config *config, sx_error *err) {
    evidence e;
    sx_result *results[SX_CELL_RESULTS];
    int count = 0;
    sx_status status = gather(engine, config, &e, err);
    const sx_cell_set cells = {e.cell, e.cells, (uint64_t)sx_config_number(config, "run", "seed"),
                               &engine->stop};
    if (!status) status = sx_cells_conclude(config, &cells, results, &count, err);
    for (int i = 0; i < count; i++) {
        if (!status) status = sx_run_save_result(engine->whole, results[i], err);
        sx_result_release(results[i]);
    }
    evidence_done(&e);
    return status;
}

/* The study's claims and its table of cells stand beside what the cell publishes; they are on disk
 * already. */
static void show_together(sx_engine *engine) {
    static const char *const names[] = {"cells", "claims"};
    for (int i = 0; i < 2; i++) {
        sx_result *result = sx_run_load_result(engine->whole, names[i], NULL);
        if (!result) continue;
        sx_engine_take_result(engine, result);
        for (size_t k = 0; k < engine->now.result_count; k++)
            if (strcmp(engine->results[k]->name, names[i]) == 0) engine->unsaved[k] = false;
    }
}

/* ---- one cell ---------------------------------------------------------------------------------
 */

/* What each run of the study computes, for telling the time that is left; NULL if memory is out. */
static double *works_of(const sx_config *config, int count) {
    double *works = sx_alloc((size_t)count, sizeof *works);
    for (int i = 0; works && i < count; i++) {
        sx_config cell;
        works[i] = NAN;
        if (sx_cells_config(config, i, &cell, NULL)) continue;
        works[i] = sx_study_work(&cell);
        sx_config_done(&cell);
    }
    return works;
}

/* Works of the runs after `run`, in works of `run`. */
static double work_after(const double *works, int run, int count) {
    double rest = works ? 0 : (double)NAN;
    for (int i = run + 1; works && i < count; i++) rest += works[i];
    return works ? rest / works[run] : (double)NAN;
}

/* False if the study ends here: the cell was stopped, or it failed. */
static bool run_cell(sx_engine *engine, const sx_config *config, int run, int count,
                     double work_left) {
    sx_error err = {0};
    sx_queued job = {0};
    bool paused = engine->paused;
    sx_engine_reset(engine);
    engine->begin_paused = paused;
    engine->now.cell_number = run + 1;
    engine->now.cell_count = count;
    engine->work_left = work_left;
    show_together(engine);
    sx_status status = cell_path(engine, config, run, engine->cell_path, &err);
    if (!status) status = sx_cells_config(config, run, &job.config, &err);
    if (!status) note(engine, "begin", run, count, sx_path_name(engine->cell_path));
    if (status) {
        sx_engine_set_state(engine, SX_STATE_FAILED, err.message);
        return false;
    }
    job.directory = job.run = engine->cell_path;
    if (sx_run_recognises(engine->cell_path))
        sx_engine_resume_one(engine, &job);
    else
        sx_engine_run_one(engine, &job);
    sx_engine_close_run(engine);
    sx_config_done(&job.config);
    return engine->cell_finished;
}

/* Stopped while claims were measured, or these failed: a resume makes them again. */
static void end_early(sx_engine *engine, const sx_error *err) {
    bool stopped = err->status == SX_CANCELLED;
    sx_engine_set_state(engine, stopped ? SX_STATE_STOPPED : SX_STATE_FAILED,
                        stopped ? "stopped while claims were measured" : err->message);
}

/* Runs what has not finished; returns how many runs have, in the end. What they say together is
 * computed at the end also where nothing was left to run: a kill may have come before it was. */
static int run_all(sx_engine *engine, const sx_config *config, int count, const double *works) {
    char path[SX_PATH_SIZE];
    sx_error err = {0};
    for (int run = 0; run < count; run++) {
        sx_status status = cell_path(engine, config, run, path, &err);
        bool there = !status && has_finished(path);
        if (!there && !run_cell(engine, config, run, count, work_after(works, run, count)))
            return run;
        if (!status && (!there || run + 1 == count)) status = conclude(engine, config, &err);
        if (status) {
            end_early(engine, &err);
            return run;
        }
        if (!there) note(engine, "cell", run + 1, count, NULL);
    }
    return count;
}

void sx_engine_run_cells(sx_engine *engine, sx_config *config, const char *event) {
    sx_error err = {0};
    if (sx_cells_check(config, &err)) {
        sx_engine_set_state(engine, SX_STATE_FAILED, err.message);
        return;
    }
    int count = sx_cells_count(config);
    engine->whole = engine->run;
    engine->run = NULL;
    note(engine, event, 0, count, NULL);
    double *works = works_of(config, count);
    int done = run_all(engine, config, count, works);
    sx_free(works);
    bool failed = engine->now.state == SX_STATE_FAILED;
    note(engine, done == count ? "finish" : failed ? "fail" : "stop", done, count, NULL);
    engine->cell_path[0] = 0;
    engine->work_left = 0;
    engine->run = engine->whole;
    engine->whole = NULL;
    if (done < count) return;
    sx_engine_reset(engine);
    sx_engine_show_one(engine, config);
}
