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
                              const char *directory, int *written, sx_error *err) {
    char path[SX_PATH_SIZE], name[64];
    sx_text csv = {0}, svg = {0};
    sx_result_csv(result, &csv);
    sx_status status = write_text(result->name, directory, "csv", &csv, err);
    *written += status == SX_OK;
    if (status == SX_OK && sx_plot_svg(result, now->caption, &svg)) {
        status = write_text(result->name, directory, "svg", &svg, err);
        *written += status == SX_OK;
    }
    if (status != SX_OK) return status;
    snprintf(name, sizeof name, "%s.json", result->name);
    status = sx_path_join(path, directory, name, err);
    if (status != SX_OK) return status;
    json_t *json = sx_result_to_json(result, err);
    if (!json) return err->status;
    status = sx_json_write(path, json, false, err);
    json_decref(json);
    *written += status == SX_OK;
    return status;
}

/* Each plot as it is seen, with one of `texts`; counts the files. */
typedef bool (*texts)(void *pane, int row, char *name, size_t size, sx_text *out);
static sx_status write_each(texts each, void *state, const char *directory, const char *ending,
                            int *written, sx_error *err) {
    sx_status status = SX_OK;
    char name[48];
    sx_text text = {0};
    for (int row = 0; !status && each && each(state, row, name, sizeof name, &text); row++) {
        if (!text.size && !text.failed) continue;
        status = write_text(name, directory, ending, &text, err);
        *written += status == SX_OK;
    }
    sx_text_done(&text);
    return status;
}

static sx_status write_all(const sx_snapshot *now, const sx_pane *pane, void *state,
                           const char *directory, int *written, sx_error *err) {
    sx_status status = SX_OK;
    for (const char *const *name = pane->results; *name && !status; name++) {
        const sx_result *result = sx_snapshot_result(now, *name);
        if (result) status = write_result(now, result, directory, written, err);
    }
    if (!status) status = write_each(pane->figure, state, directory, "svg", written, err);
    if (!status) status = write_each(pane->numbers, state, directory, "csv", written, err);
    return status;
}

void sx_part_export(sx_desk *desk, const sx_pane *pane, void *state) {
    const char *folder = pane->folder ? pane->folder(state) : desk->now->path;
    char directory[SX_PATH_SIZE];
    sx_error err = {0};
    int written = 0;
    if (!folder[0]) {
        sx_desk_say(desk, "nothing to export: there is no run folder yet");
        return;
    }
    sx_status status = sx_path_join(directory, folder, "export", &err);
    if (status == SX_OK) status = sx_directory_make(directory, &err);
    if (status == SX_OK) status = write_all(desk->now, pane, state, directory, &written, &err);
    if (status != SX_OK) {
        sx_desk_say(desk, "%s", err.message);
        desk->bad = true;
    } else if (written == 0) {
        sx_desk_say(desk, "nothing to export: there are no results here yet");
    } else {
        sx_desk_say(desk, "%d %s in %s", written, written == 1 ? "file" : "files", directory);
    }
}

int sx_part_numbers(const sx_desk *desk, const sx_pane *pane, void *state, sx_text *out) {
    int count = 0;
    char name[48];
    for (const char *const *names = pane->results; *names; names++) {
        const sx_result *result = sx_snapshot_result(desk->now, *names);
        if (!result) continue;
        if (count++) sx_text_add(out, "\n");
        sx_result_csv(result, out);
    }
    sx_text own = {0};
    for (int row = 0; pane->numbers && pane->numbers(state, row, name, sizeof name, &own); row++) {
        if (own.size && count++) sx_text_add(out, "\n");
        if (own.size) sx_text_add_bytes(out, own.data, own.size);
        sx_text_done(&own);
    }
    return count;
}
