/* Results and checkpoints of a run folder. */
#include "core/store/internal.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESULT_LIMIT ((size_t)256 << 20)
#define CHECKPOINT_LIMIT ((size_t)4 << 30)
#define NEWEST "checkpoint.safetensors"
#define BEFORE "checkpoint-before.safetensors"

sx_status sx_run_save_result(sx_run_folder *run, const sx_result *result, sx_error *err) {
    char path[SX_PATH_SIZE], name[80];
    snprintf(name, sizeof name, "results/%s.json", result->name);
    sx_status status = sx_run_file(run, name, path, err);
    json_t *json = status ? NULL : sx_result_to_json(result, err);
    if (!json) return status ? status : SX_NO_MEMORY;
    status = sx_json_write(path, json, true, err);
    json_decref(json);
    return status;
}

static sx_result *load(const char *directory, const char *name, sx_error *err) {
    char path[SX_PATH_SIZE], expected[80];
    json_t *json;
    if (sx_path_join(path, directory, name, err) || sx_json_read(path, RESULT_LIMIT, &json, err))
        return NULL;
    sx_result *result = sx_result_from_json(json, err);
    json_decref(json);
    if (!result) return NULL;
    snprintf(expected, sizeof expected, "%s.json", result->name);
    if (strcmp(expected, name) == 0) return result;
    sx_fail(err, SX_BAD_INPUT, "holds a result of another name, '%s'", result->name);
    sx_result_release(result);
    return NULL;
}

static bool is_json(const char *name) {
    size_t length = strlen(name);
    return length > 5 && strcmp(name + length - 5, ".json") == 0;
}

sx_status sx_run_load_results(const sx_run_folder *run, sx_result_list *out, sx_text *warnings,
                              sx_error *err) {
    char directory[SX_PATH_SIZE];
    sx_listing listing;
    *out = (sx_result_list){0};
    sx_status status = sx_run_file(run, "results", directory, err);
    if (status || !sx_is_directory(directory)) return status;
    status = sx_directory_list(directory, &listing, err);
    if (status) return status;
    out->results = sx_alloc(listing.count, sizeof *out->results);
    if (!out->results) status = sx_fail(err, SX_NO_MEMORY, "not enough memory for results");
    for (size_t i = 0; !status && i < listing.count; i++) {
        sx_error fault = {0};
        if (!is_json(listing.names[i])) continue;
        sx_result *result = load(directory, listing.names[i], &fault);
        char shown[80];
        sx_text_printable(shown, sizeof shown, listing.names[i]);
        if (result)
            out->results[out->count++] = result;
        else if (warnings)
            sx_text_add(warnings, "results/%s is left out: %s\n", shown, fault.message);
    }
    sx_listing_done(&listing);
    return status;
}

void sx_result_list_done(sx_result_list *list) {
    for (size_t i = 0; i < list->count; i++) sx_result_release(list->results[i]);
    sx_free(list->results);
    *list = (sx_result_list){0};
}

/* ---- checkpoints
 * ------------------------------------------------------------------------------------- */

sx_status sx_run_save_checkpoint(sx_run_folder *run, const sx_safetensor *tensors, size_t count,
                                 const sx_metadata *metadata, size_t metadata_count,
                                 sx_error *err) {
    char newest[SX_PATH_SIZE], before[SX_PATH_SIZE], fresh[SX_PATH_SIZE];
    sx_status status = sx_run_file(run, NEWEST, newest, err);
    if (!status) status = sx_run_file(run, BEFORE, before, err);
    if (!status) status = sx_run_file(run, "checkpoint-new.safetensors", fresh, err);
    if (!status)
        status = sx_safetensors_write(fresh, tensors, count, metadata, metadata_count, err);
    if (status) return status;
    /* Written whole and synced under a third name first: a full disk leaves both old ones. */
    if ((rename(newest, before) != 0 && errno != ENOENT) || rename(fresh, newest) != 0)
        return sx_fail(err, SX_IO, "cannot write '%.300s': %s", newest, strerror(errno));
    return SX_OK;
}

sx_status sx_run_load_checkpoint(sx_run_folder *run, sx_safetensors *out, sx_error *err) {
    static const char *const names[] = {NEWEST, "checkpoint-new.safetensors", BEFORE};
    char path[SX_PATH_SIZE];
    bool damaged = false;
    for (int i = 0; i < 3; i++) {
        sx_status status = sx_run_file(run, names[i], path, err);
        if (status) return status;
        if (!sx_is_file(path)) continue;
        status = sx_safetensors_read(path, CHECKPOINT_LIMIT, out, err);
        if (!status) return SX_OK;
        damaged = true;
        sx_run_log(run, "%s", err->message);
    }
    if (damaged) return sx_fail_within(err, "run %s has no whole checkpoint", run->name);
    return sx_fail(err, SX_BAD_INPUT, "run %s has no checkpoint to go on from", run->name);
}

/* ---- the list of runs
 * ------------------------------------------------------------------------------------ */

static bool take_line(void *user, const json_t *line) {
    sx_run_facts *facts = user;
    const char *kind = json_string_value(json_object_get(line, "kind"));
    double accuracy = sx_json_to_number(json_object_get(line, "validation accuracy"));
    json_int_t step = json_integer_value(json_object_get(line, "step"));
    static const struct {
        const char *kind, *state;
    } states[] = {{"start", "running"},
                  {"resume", "running"},
                  {"finish", "finished"},
                  {"stop", "stopped"},
                  {"fail", "failed"}};
    if (step > 0) facts->step = step;
    if (accuracy == accuracy) facts->accuracy = accuracy;
    for (size_t i = 0; kind && i < sizeof states / sizeof states[0]; i++)
        if (strcmp(kind, states[i].kind) == 0)
            sx_text_set(facts->state, sizeof facts->state, states[i].state);
    return true;
}

/* Takes study, steps and creation from the text of run.ini. */
static void take_ini(sx_run_facts *facts, const char *path) {
    sx_ini ini;
    char file[SX_PATH_SIZE];
    if (sx_path_join(file, path, "run.ini", NULL) || sx_ini_read(file, &ini, NULL)) return;
    for (size_t i = 0; i < ini.count; i++) {
        const sx_ini_entry *e = &ini.entries[i];
        double steps;
        if (strcmp(e->section, "study") == 0 && strcmp(e->key, "name") == 0)
            sx_text_printable(facts->study, sizeof facts->study, e->value);
        if (strcmp(e->section, "run-folder") == 0 && strcmp(e->key, "created") == 0)
            sx_text_printable(facts->created, sizeof facts->created, e->value);
        if (strcmp(e->section, "train") == 0 && strcmp(e->key, "steps") == 0 &&
            sx_text_number(e->value, &steps) && steps > 0 && steps < 1e15)
            facts->steps = (int64_t)steps;
    }
    sx_ini_done(&ini);
}

static void describe(sx_run_facts *facts, const char *path) {
    *facts = (sx_run_facts){.accuracy = NAN};
    sx_text_printable(facts->name, sizeof facts->name, sx_path_name(path));
    sx_text_set(facts->state, sizeof facts->state, "broken");
    sx_run_folder *run = sx_run_open(path, false, NULL);
    if (!run) return;
    sx_text_set(facts->state, sizeof facts->state, "new");
    take_ini(facts, path);
    sx_journal_scan(run, (size_t)64 << 10, take_line, facts, NULL, NULL);
    sx_run_close(run);
}

sx_status sx_store_list(sx_run_list *out, sx_error *err) {
    char root[SX_PATH_SIZE], path[SX_PATH_SIZE];
    sx_listing listing;
    *out = (sx_run_list){0};
    sx_status status = sx_store_root(root, err);
    if (status || !sx_is_directory(root)) return status;
    status = sx_directory_list(root, &listing, err);
    if (status) return status;
    out->runs = sx_alloc(listing.count, sizeof *out->runs);
    if (!out->runs) status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the list of runs");
    for (size_t i = 0; !status && i < listing.count; i++)
        if (!sx_path_join(path, root, listing.names[i], NULL) && sx_is_directory(path))
            describe(&out->runs[out->count++], path);
    sx_listing_done(&listing);
    return status;
}

void sx_run_list_done(sx_run_list *list) {
    sx_free(list->runs);
    *list = (sx_run_list){0};
}
