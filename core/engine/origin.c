/* Where a job's training begins, if not with values that the seed draws: model.from names a file of
 * tensors, or a run. A job that resumes needs it only if it was killed before its first checkpoint.
 */
#include "core/engine/internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

sx_status sx_engine_read_run(const char *which, sx_config *config, sx_origin *out, sx_error *err) {
    sx_run_folder *folder = sx_run_open(which, false, err);
    if (!folder) return err->status;
    sx_safetensors file;
    sx_status status = sx_config_parse(config, sx_run_name(folder), sx_run_ini(folder), NULL, err);
    if (!status) status = sx_cells_check_plain(config, which, err);
    if (!status) status = sx_run_load_checkpoint(folder, &file, err);
    if (!status) {
        status = sx_origin_read_run(config, &file, out, err);
        sx_safetensors_done(&file);
    }
    sx_run_close(folder);
    return status;
}

static sx_status read_run(const char *which, sx_origin *out, sx_error *err) {
    sx_config config;
    sx_status status = sx_config_new(&config, err);
    if (!status) status = sx_engine_read_run(which, &config, out, err);
    sx_config_done(&config);
    return status;
}

/* What is about files does not go with a run, and a name with a point is one of a file. */
static sx_status check_run(const sx_config *config, const char *which, sx_error *err) {
    if (*sx_config_text(config, "model", "settings") || *sx_config_text(config, "model", "classes"))
        return sx_fail(err, SX_BAD_INPUT,
                       "settings and classes (--set, --classes) are about a model's file; a run "
                       "has them in its folder");
    if (sx_run_recognises(which) || !strchr(sx_path_name(which), '.')) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "there is no such file, and no such run");
}

/* What model.from means: of a cell, the folder beside its own. Into out [SX_PATH_SIZE]. */
static sx_status locate(const sx_engine *engine, const char *from, char *out, sx_error *err) {
    char parent[SX_PATH_SIZE], cell[SX_CELL_NAME];
    sx_text_set(out, SX_PATH_SIZE, from);
    if (strncmp(from, SX_CELL_ORIGIN, strlen(SX_CELL_ORIGIN)) != 0) return SX_OK;
    sx_text_set(parent, sizeof parent, engine->run ? sx_run_path(engine->run) : engine->cell_path);
    if (!parent[0])
        return sx_fail(err, SX_BAD_INPUT, "only a cell of a study can begin with another cell");
    sx_cells_origin(from, sx_path_name(parent), cell);
    parent[strlen(parent) - strlen(sx_path_name(parent)) - 1] = 0;
    return sx_path_join(out, parent, cell, err);
}

sx_status sx_engine_read_origin(const sx_engine *engine, const sx_config *config, sx_origin *out,
                                sx_error *err) {
    const char *said = sx_config_text(config, "model", "from");
    char from[SX_PATH_SIZE];
    *out = (sx_origin){0};
    if (locate(engine, said, from, err)) return sx_fail_within(err, "model.from = %.120s", said);
    bool file = sx_is_file(from);
    sx_status status = file ? SX_OK : check_run(config, from, err);
    if (!status && file) status = sx_origin_read_file(config, from, out, err);
    if (!status && !file) status = read_run(from, out, err);
    if (!status) return SX_OK;
    sx_origin_done(out);
    return sx_fail_within(err, "model.from = %.120s", said);
}

/* A path is kept as it is from everywhere, so that the run can be begun again from elsewhere. */
static sx_status keep_path(sx_config *config, sx_error *err) {
    const char *from = sx_config_text(config, "model", "from");
    char whole[PATH_MAX];
    if (!sx_is_file(from) || !realpath(from, whole) || strlen(whole) > 150) return SX_OK;
    return sx_config_put(config, "model", "from", whole, err);
}

bool sx_engine_has_origin(const sx_config *config) {
    return *sx_config_text(config, "model", "from");
}

bool sx_engine_must_resolve(const sx_config *config) {
    return sx_engine_has_origin(config) || sx_study_kind_of(config)->measures_only ||
           strcmp(sx_config_text(config, "train", "recipe"), "none") != 0;
}

sx_status sx_engine_resolve_origin(const sx_engine *engine, sx_config *config, sx_origin *out,
                                   sx_error *err) {
    *out = (sx_origin){0};
    if (!sx_engine_has_origin(config)) return SX_OK;
    sx_status status = sx_engine_read_origin(engine, config, out, err);
    if (!status) status = sx_origin_resolve(out, config, err);
    return status ? status : keep_path(config, err);
}
