/* What is focused, as files for other programs. The exporters are the results' own; here is only
 * where the files go and what is said about it. */
#include "views/pane/part.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 80 /* of results as text */
#define SCALE 2    /* pixels to a unit: sharp on slides */

typedef struct {
    const char *directory;
    int written; /* files so far */
} export_folder;

static sx_status write_bytes(export_folder *to, const char *stem, const char *ending,
                             const void *bytes, size_t size, sx_error *err) {
    char path[SX_PATH_SIZE], name[64];
    snprintf(name, sizeof name, "%s.%s", stem, ending);
    sx_status status = sx_path_join(path, to->directory, name, err);
    if (status == SX_OK) status = sx_file_write(path, size ? bytes : "", size, err);
    to->written += status == SX_OK;
    return status;
}

/* Takes the text. */
static sx_status write_text(export_folder *to, const char *stem, const char *ending, sx_text *text,
                            sx_error *err) {
    sx_status status = text->failed ? sx_fail(err, SX_NO_MEMORY, "no memory to export '%s'", stem)
                                    : write_bytes(to, stem, ending, text->data, text->size, err);
    sx_text_done(text);
    return status;
}

static sx_status write_figure(export_folder *to, const char *stem, const sx_figure *figure,
                              sx_error *err) {
    sx_text svg = {0};
    sx_bytes png;
    sx_figure_svg(figure, &svg);
    sx_status status = write_text(to, stem, "svg", &svg, err);
    if (status == SX_OK) status = sx_figure_png(figure, SCALE, &png, err);
    if (status) return status;
    status = write_bytes(to, stem, "png", png.data, png.size, err);
    sx_bytes_done(&png);
    return status;
}

static sx_status write_result(export_folder *to, const sx_snapshot *now, const sx_result *result,
                              sx_error *err) {
    sx_text text = {0};
    sx_result_csv(result, &text);
    sx_status status = write_text(to, result->name, "csv", &text, err);
    sx_look look = {.colours = 0, .unicode = true};
    if (status == SX_OK) {
        sx_plot_text(result, COLUMNS, look, &text);
        status = write_text(to, result->name, "txt", &text, err);
    }
    if (status == SX_OK) {
        look.colours = 256;
        sx_plot_text(result, COLUMNS, look, &text);
        status = write_text(to, result->name, "ans", &text, err);
    }
    if (status == SX_OK && sx_plot_is_picture(result))
        status = write_figure(to, result->name,
                              &(sx_figure){.result = result, .caption = now->caption}, err);
    if (status != SX_OK) return status;
    char path[SX_PATH_SIZE], name[64];
    snprintf(name, sizeof name, "%s.json", result->name);
    status = sx_path_join(path, to->directory, name, err);
    json_t *json = status ? NULL : sx_result_to_json(result, err);
    if (!json) return err->status;
    status = sx_json_write(path, json, false, err);
    json_decref(json);
    to->written += status == SX_OK;
    return status;
}

/* The plots as they are seen, and the numbers that are no results. */
static sx_status write_own(export_folder *to, const sx_pane *pane, void *state, sx_error *err) {
    sx_status status = SX_OK;
    char name[48];
    sx_figure figure;
    sx_text text = {0};
    for (int row = 0;
         !status && pane->figure && pane->figure(state, row, name, sizeof name, &figure); row++)
        if (figure.result) status = write_figure(to, name, &figure, err);
    for (int row = 0;
         !status && pane->numbers && pane->numbers(state, row, name, sizeof name, &text); row++)
        if (text.size || text.failed) status = write_text(to, name, "csv", &text, err);
    sx_text_done(&text);
    return status;
}

/* The result of that name of method k, from 1 on: "items", "items-2"; NULL if there is none. */
static const sx_result *result_of_method(const sx_snapshot *now, const char *name, int k) {
    char numbered[64];
    snprintf(numbered, sizeof numbered, k > 1 ? "%s-%d" : "%s", name, k);
    return sx_snapshot_result(now, numbered);
}

static sx_status write_all(export_folder *to, const sx_snapshot *now, const sx_pane *pane,
                           void *state, sx_error *err) {
    sx_status status = SX_OK;
    for (const char *const *name = pane->results; *name && !status; name++)
        for (int k = 1; k <= SX_PART_METHODS && !status; k++) {
            const sx_result *result = result_of_method(now, *name, k);
            if (result) status = write_result(to, now, result, err);
        }
    return status ? status : write_own(to, pane, state, err);
}

void sx_part_export(sx_desk *desk, const sx_pane *pane, void *state) {
    const char *folder = pane->folder ? pane->folder(state) : desk->now->path;
    char directory[SX_PATH_SIZE];
    sx_error err = {0};
    export_folder to = {.directory = directory};
    if (!folder[0]) {
        sx_desk_say(desk, "nothing to export: there is no run folder yet");
        return;
    }
    sx_status status = sx_path_join(directory, folder, "export", &err);
    if (status == SX_OK) status = sx_directory_make(directory, &err);
    if (status == SX_OK) status = write_all(&to, desk->now, pane, state, &err);
    if (status != SX_OK) {
        sx_desk_say(desk, "%s", err.message);
        desk->bad = true;
    } else if (to.written == 0) {
        sx_desk_say(desk, "nothing to export: there are no results here yet");
    } else {
        sx_scratch_keep();
        sx_desk_say(desk, "%d %s in %s", to.written, to.written == 1 ? "file" : "files", directory);
    }
}

int sx_part_numbers(const sx_desk *desk, const sx_pane *pane, void *state, sx_text *out) {
    int count = 0;
    char name[48];
    for (const char *const *names = pane->results; *names; names++)
        for (int k = 1; k <= SX_PART_METHODS; k++) {
            const sx_result *result = result_of_method(desk->now, *names, k);
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
