/* `export --format safetensors`: the network of a run as a file that others read, under the names
 * that its family has elsewhere. */
#include "app/export.h"

#include "core/store/store.h"
#include "core/study/study.h"

#include <stdio.h>

#define FILE_NAME "model.safetensors"

/* Where it goes: a file as it is named, a folder that is there, or the run's own. */
static sx_status place(const sx_run_folder *run, const char *out, char path[SX_PATH_SIZE],
                       sx_error *err) {
    char folder[SX_PATH_SIZE];
    if (out && sx_is_directory(out)) return sx_path_join(path, out, FILE_NAME, err);
    if (out) {
        sx_text_set(path, SX_PATH_SIZE, out);
        return SX_OK;
    }
    sx_status status = sx_path_join(folder, sx_run_path(run), "export", err);
    if (!status) status = sx_directory_make(folder, err);
    return status ? status : sx_path_join(path, folder, FILE_NAME, err);
}

static sx_status write(const sx_config *config, const sx_safetensors *checkpoint,
                       const char *naming, const char *path, sx_error *err) {
    sx_origin origin;
    sx_status status = sx_origin_read_run(config, checkpoint, &origin, err);
    if (!status) status = sx_origin_export(&origin, naming, path, err);
    sx_origin_done(&origin);
    if (!status) printf("%s\n", path);
    return status;
}

static sx_status export_folder(sx_run_folder *run, const char *naming, const char *out,
                               sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_config config;
    sx_safetensors file;
    sx_status status = sx_config_new(&config, err);
    if (status) return status;
    status = sx_config_parse(&config, sx_run_name(run), sx_run_ini(run), NULL, err);
    if (!status) status = place(run, out, path, err);
    if (!status) status = sx_run_load_checkpoint(run, &file, err);
    if (!status) {
        status = write(&config, &file, naming, path, err);
        sx_safetensors_done(&file);
    }
    sx_config_done(&config);
    return status;
}

sx_status sx_export_network(const char *which, const char *naming, const char *out, sx_error *err) {
    sx_run_folder *run = sx_run_open(which, false, err);
    sx_status status = run ? export_folder(run, naming, out, err) : err->status;
    sx_run_close(run);
    return status;
}
