/* Networks that are not the job's, for the probe: the checkpoint of this run or of another one,
 * read from its folder on the lane's thread, so that training and screen go on meanwhile. One is
 * held at a time; asked for again after another one it is read again, since a checkpoint may be
 * newer. */
#include "core/engine/internal.h"

#include <string.h>

static sx_status read(sx_probe *probe, const sx_config *config, sx_run_folder *folder,
                      sx_error *err) {
    sx_safetensors file;
    sx_status status = sx_run_load_checkpoint(folder, &file, err);
    if (status) return status;
    status = sx_probe_read(probe, config, &file, err);
    sx_safetensors_done(&file);
    return status;
}

static sx_probe *make(sx_run_folder *folder, const sx_study_data *data, sx_error *err) {
    sx_config config;
    if (sx_config_new(&config, err)) return NULL;
    sx_probe *probe = NULL;
    if (!sx_config_parse(&config, sx_run_name(folder), sx_run_ini(folder), NULL, err))
        probe = sx_probe_new(&config, data, err);
    bool good = probe && read(probe, &config, folder, err) == SX_OK;
    sx_config_done(&config);
    if (good) return probe;
    sx_probe_free(probe);
    return NULL;
}

void sx_guest_drop(sx_lane *lane) {
    sx_probe_free(lane->guest);
    lane->guest = NULL;
    lane->guest_name[0] = 0;
}

sx_probe *sx_guest_of(sx_lane *lane, const char *network, sx_error *err) {
    if (!network[0]) {
        sx_guest_drop(lane);
        return lane->probe;
    }
    if (lane->guest && strcmp(network, lane->guest_name) == 0) return lane->guest;
    sx_guest_drop(lane);
    sx_run_folder *folder = sx_run_open(network, false, err);
    if (folder) lane->guest = make(folder, sx_probe_data(lane->probe), err);
    sx_run_close(folder);
    if (!lane->guest) return NULL;
    sx_text_set(lane->guest_name, sizeof lane->guest_name, network);
    sx_probe_stop_flag(lane->guest, &lane->stop);
    return lane->guest;
}
