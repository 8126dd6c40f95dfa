/* What is focused, as files for other programs. The exporters are the results' own; here is only
 * where the files go and what is said about it. */
#include "views/pane/part.h"

#include <stdio.h>
#include <string.h>

/* Takes the text. */
static sx_status write_text(const char *stem, const char *directory, const char *ending,
                            sx_text *text, sx_error *err) {
    char path[SX_PATH_SIZE], name[64];
    snprintf(name, sizeof name, "%s.%s", stem, ending);
    sx_status status = sx_path_join(path, directory, name, err);
    if (status == SX_OK && text->failed)
        status = sx_fail(err, SX_NO_MEMORY, "no memory to export '%s'", stem);
    if (status == SX_OK)
        status = sx_file_write(path, text->data ? text->data : "", text->size, err);
    sx_text_done(text);
    return status;
}

static sx_status write_result(const sx_snapshot *now, const sx_result *result,
                              const char *directory, sx_error *err) {
    char path[SX_PATH_SIZE], name[64];
    sx_text csv = {0}, svg = {0};
    sx_result_csv(result, &csv);
    sx_status status = write_text(result->name, directory, "csv", &csv, err);
    if (status == SX_OK && sx_plot_svg(result, now->caption, &svg))
        status = write_text(result->name, directory, "svg", &svg, err);
    if (status != SX_OK) return status;
    snprintf(name, sizeof name, "%s.json", result->name);
    status = sx_path_join(path, directory, name, err);
    if (status != SX_OK) return status;
    json_t *json = sx_result_to_json(result, err);
    if (!json) return err->status;
    status = sx_json_write(path, json, false, err);
    json_decref(json);
    return status;
}

static sx_status write_views(const sx_pane *pane, void *state, const char *directory,
                             sx_error *err) {
    sx_status status = SX_OK;
    char name[48];
    sx_text svg = {0};
    for (int row = 0; !status && pane->figure && pane->figure(state, row, name, sizeof name, &svg);
         row++)
        if (svg.size) status = write_text(name, directory, "svg", &svg, err);
    sx_text_done(&svg);
    return status;
}

void sx_part_export(sx_desk *desk, const sx_pane *pane, void *state) {
    const char *const *names = pane->results;
    const sx_snapshot *now = desk->now;
    char directory[SX_PATH_SIZE];
    sx_error err = {0};
    int written = 0, pictures = 0;
    if (!now->path[0]) {
        sx_desk_say(desk, "nothing to export: there is no run folder yet");
        return;
    }
    sx_status status = sx_path_join(directory, now->path, "export", &err);
    if (status == SX_OK) status = sx_directory_make(directory, &err);
    for (; *names && status == SX_OK; names++) {
        const sx_result *result = sx_snapshot_result(now, *names);
        if (!result) continue;
        status = write_result(now, result, directory, &err);
        written += status == SX_OK;
        pictures += sx_plot_is_picture(result);
    }
    if (status == SX_OK && written) status = write_views(pane, state, directory, &err);
    if (status != SX_OK) {
        sx_desk_say(desk, "%s", err.message);
        desk->bad = true;
    } else if (written == 0) {
        sx_desk_say(desk, "nothing to export: these results are not measured yet");
    } else {
        sx_desk_say(desk, "%d %s as %sCSV and JSON in %s", written,
                    written == 1 ? "result" : "results", pictures ? "SVG, " : "", directory);
    }
}

int sx_part_numbers(const sx_desk *desk, const char *const *names, sx_text *out) {
    int count = 0;
    for (; *names; names++) {
        const sx_result *result = sx_snapshot_result(desk->now, *names);
        if (!result) continue;
        if (count++) sx_text_add(out, "\n");
        sx_result_csv(result, out);
    }
    return count;
}
