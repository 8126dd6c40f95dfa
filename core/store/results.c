/* Results and checkpoints of a run folder. Each is a file that is replaced as a whole; of
 * checkpoints the one before is kept too, so that whatever happens to the newest, one reads. */
#include "core/store/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RESULT_LIMIT ((size_t)64 << 20)
#define MOST_RESULTS 512
#define CHECKPOINT_LIMIT ((size_t)1 << 30)
#define NEWEST "checkpoint.safetensors"
#define FRESH "checkpoint-new.safetensors"
#define BEFORE "checkpoint-before.safetensors"
#define RESULTS "results"
#define RESULTS_BEFORE "results-before"

/* ---- what a kill leaves
 * -------------------------------------------------------------------------- */

bool sx_run_is_leftover(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && strlen(dot) == 9 && strspn(dot + 1, "0123456789abcdef") == 8;
}

static void sweep_directory(const char *directory) {
    char path[SX_PATH_SIZE];
    sx_listing listing;
    if (sx_directory_list(directory, &listing, NULL)) return;
    for (size_t i = 0; i < listing.count; i++)
        if (sx_run_is_leftover(listing.names[i]) &&
            !sx_path_join(path, directory, listing.names[i], NULL))
            unlink(path);
    sx_listing_done(&listing);
}

void sx_run_sweep(const sx_run_folder *run) {
    char results[SX_PATH_SIZE];
    sweep_directory(run->path);
    if (!sx_run_file(run, RESULTS, results, NULL)) sweep_directory(results);
    if (!sx_run_file(run, RESULTS_BEFORE, results, NULL)) sweep_directory(results);
}

/* ---- results
 * ------------------------------------------------------------------------------------- */

sx_status sx_run_save_result(sx_run_folder *run, const sx_result *result, sx_error *err) {
    char path[SX_PATH_SIZE], name[80];
    const char *letters = "abcdefghijklmnopqrstuvwxyz0123456789-";
    if (!result->name[0] || result->name[strspn(result->name, letters)])
        return sx_fail(err, SX_BAD_INPUT, "'%s' is no name for a result: it takes a-z, 0-9 and -",
                       result->name);
    snprintf(name, sizeof name, RESULTS "/%s.json", result->name);
    sx_status status = sx_run_file(run, name, path, err);
    if (status) return status;
    json_t *json = sx_result_to_json(result, err);
    if (!json) return err ? err->status : SX_NO_MEMORY;
    status = sx_json_write(path, json, true, err);
    json_decref(json);
    return status;
}

static sx_result *load(const char *directory, const char *name, const atomic_bool *stop,
                       sx_error *err) {
    char path[SX_PATH_SIZE], expected[80];
    json_t *json;
    if (sx_path_join(path, directory, name, err) ||
        sx_json_read_until(path, RESULT_LIMIT, stop, &json, err))
        return NULL;
    sx_result *result = sx_result_from_json(json, err);
    json_decref(json);
    if (!result) return NULL;
    snprintf(expected, sizeof expected, "%s.json", result->name);
    if (strcmp(expected, name) == 0) return result;
    sx_fail(err, SX_BAD_INPUT, "it holds a result of another name, '%s'", result->name);
    sx_result_release(result);
    return NULL;
}

static sx_result *load_from(const sx_run_folder *run, const char *folder, const char *name,
                            sx_error *err) {
    char directory[SX_PATH_SIZE], file[80];
    int length = snprintf(file, sizeof file, "%s.json", name);
    if (length < 0 || (size_t)length >= sizeof file || strchr(name, '/')) {
        sx_fail(err, SX_BAD_INPUT, "that is no name for a result");
        return NULL;
    }
    if (sx_run_file(run, folder, directory, err)) return NULL;
    return load(directory, file, NULL, err);
}

sx_result *sx_run_load_result(const sx_run_folder *run, const char *name, sx_error *err) {
    return load_from(run, RESULTS, name, err);
}

sx_result *sx_run_load_result_before(const sx_run_folder *run, const char *name, sx_error *err) {
    return load_from(run, RESULTS_BEFORE, name, err);
}

static bool is_json(const char *name) {
    size_t length = strlen(name);
    return length > 5 && strcmp(name + length - 5, ".json") == 0;
}

/* Adds the result of that file, or a warning. */
static sx_status add_result(sx_result_list *list, const char *directory, const char *name,
                            const atomic_bool *stop, sx_text *warnings, sx_error *err) {
    sx_error fault = {0};
    char shown[80];
    if (list->count == MOST_RESULTS)
        sx_fail(&fault, SX_BAD_INPUT, "there are %d before it", MOST_RESULTS);
    else if ((list->results[list->count] = load(directory, name, stop, &fault)))
        list->count++;
    if (fault.status == SX_NO_MEMORY || fault.status == SX_CANCELLED)
        return sx_fail(err, fault.status, "%s", fault.message);
    sx_text_printable(shown, sizeof shown, name);
    if (fault.status && warnings)
        sx_text_add(warnings, "results/%s is left out: %s\n", shown, fault.message);
    return SX_OK;
}

sx_status sx_run_load_results(const sx_run_folder *run, sx_result_list *out, sx_text *warnings,
                              sx_error *err) {
    return sx_run_load_results_until(run, NULL, out, warnings, err);
}

sx_status sx_run_load_results_until(const sx_run_folder *run, const atomic_bool *stop,
                                    sx_result_list *out, sx_text *warnings, sx_error *err) {
    char directory[SX_PATH_SIZE];
    sx_listing listing;
    *out = (sx_result_list){0};
    sx_status status = sx_run_file(run, RESULTS, directory, err);
    if (status || !sx_is_directory(directory)) return status;
    status = sx_directory_list(directory, &listing, err);
    if (status) return status;
    out->results = sx_alloc(MOST_RESULTS, sizeof *out->results);
    if (!out->results) status = sx_fail(err, SX_NO_MEMORY, "not enough memory for results");
    for (size_t i = 0; out->results && !status && i < listing.count; i++)
        if (is_json(listing.names[i]))
            status = add_result(out, directory, listing.names[i], stop, warnings, err);
    sx_listing_done(&listing);
    if (status) sx_result_list_done(out);
    return status;
}

/* Results are replaced, never changed, so a second name for the file keeps it as it is; where the
 * file system has no second names, a copy. */
static sx_status keep_file(const char *from, const char *to, sx_error *err) {
    char fresh[SX_PATH_SIZE];
    sx_bytes bytes;
    if ((size_t)snprintf(fresh, sizeof fresh, "%s.00000000", to) >= sizeof fresh)
        return sx_fail(err, SX_BAD_INPUT, "'%.300s' is too long a name", to);
    unlink(fresh);
    if (link(from, fresh) == 0) {
        bool kept = rename(fresh, to) == 0;
        unlink(fresh); /* it stays where both were the same file already */
        return kept ? SX_OK : sx_fail(err, SX_IO, "cannot write '%.300s': %s", to, strerror(errno));
    }
    sx_status status = sx_file_read(from, RESULT_LIMIT, &bytes, err);
    if (status) return status;
    status = sx_file_write(to, bytes.data, bytes.size, err);
    sx_bytes_done(&bytes);
    return status;
}

void sx_run_keep_results(sx_run_folder *run) {
    char results[SX_PATH_SIZE], before[SX_PATH_SIZE], from[SX_PATH_SIZE], to[SX_PATH_SIZE];
    sx_listing listing = {0};
    sx_error err = {0};
    sx_status status = sx_run_file(run, RESULTS, results, &err);
    if (!status) status = sx_run_file(run, RESULTS_BEFORE, before, &err);
    if (!status) status = sx_directory_list(results, &listing, &err);
    if (!status && listing.count > 0) status = sx_directory_make(before, &err);
    for (size_t i = 0; !status && i < listing.count; i++) {
        if (!is_json(listing.names[i])) continue;
        status = sx_path_join(from, results, listing.names[i], &err);
        if (!status) status = sx_path_join(to, before, listing.names[i], &err);
        if (!status) status = keep_file(from, to, &err);
    }
    sx_listing_done(&listing);
    if (status) sx_run_log(run, "the results before are not kept: %s", err.message);
}

void sx_result_list_done(sx_result_list *list) {
    for (size_t i = 0; list->results && i < list->count; i++) sx_result_release(list->results[i]);
    sx_free(list->results);
    *list = (sx_result_list){0};
}

/* ---- checkpoints
 * --------------------------------------------------------------------------------- */

sx_status sx_run_save_checkpoint(sx_run_folder *run, const sx_safetensor *tensors, size_t count,
                                 const sx_metadata *metadata, size_t metadata_count,
                                 sx_error *err) {
    char newest[SX_PATH_SIZE], before[SX_PATH_SIZE], fresh[SX_PATH_SIZE];
    sx_status status = sx_run_file(run, NEWEST, newest, err);
    if (!status) status = sx_run_file(run, BEFORE, before, err);
    if (!status) status = sx_run_file(run, FRESH, fresh, err);
    if (!status)
        status = sx_safetensors_write(fresh, tensors, count, metadata, metadata_count, err);
    if (status) return status;
    /* Written whole and synced under a third name first: a full disk leaves both old ones. A newest
     * one that did not read is not worth keeping in place of the one before. */
    if ((!run->torn_newest && rename(newest, before) != 0 && errno != ENOENT) ||
        rename(fresh, newest) != 0)
        return sx_fail(err, SX_IO, "cannot write '%.300s': %s", newest, strerror(errno));
    run->torn_newest = false;
    return SX_OK;
}

sx_status sx_run_load_checkpoint(sx_run_folder *run, sx_safetensors *out, sx_error *err) {
    /* The fresh one is there when the process was killed between the two renames. */
    static const char *const names[] = {NEWEST, FRESH, BEFORE};
    char path[SX_PATH_SIZE];
    sx_error fault = {0};
    for (int i = 0; i < 3; i++) {
        sx_status status = sx_run_file(run, names[i], path, err);
        if (status) return status;
        if (!sx_is_file(path)) continue;
        status = sx_safetensors_read(path, CHECKPOINT_LIMIT, out, &fault);
        if (!status) return SX_OK;
        if (status == SX_NO_MEMORY) return sx_fail(err, status, "%s", fault.message);
        run->torn_newest = run->torn_newest || i == 0;
        sx_run_log(run, "a checkpoint is left out: %s", fault.message);
    }
    if (fault.status)
        return sx_fail(err, SX_BAD_INPUT, "run %s has no whole checkpoint: %s", run->name,
                       fault.message);
    return sx_fail(err, SX_BAD_INPUT, "run %s has no checkpoint to go on from", run->name);
}
