/* `export`: a run's results as files, in any of the formats of one table. */
#include "app/export.h"

#include "app/arguments.h"
#include "app/commands.h"

#include "views/plot/plot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PNG_SCALE 2 /* pixels to a unit: sharp on slides */
#define TEXT_COLUMNS 80

/* ---- formats ----------------------------------------------------------------------------------
 */

static sx_status no_memory(const sx_result *result, sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to write %s", result->name);
}

static sx_status as_csv(const sx_result *result, const char *caption, sx_text *out, sx_error *err) {
    (void)caption, (void)err;
    sx_result_csv(result, out);
    return SX_OK;
}

static sx_status as_json(const sx_result *result, const char *caption, sx_text *out,
                         sx_error *err) {
    (void)caption;
    json_t *json = sx_result_to_json(result, err);
    char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
    json_decref(json);
    if (!text) return no_memory(result, err);
    sx_text_add(out, "%s\n", text);
    free(text);
    return SX_OK;
}

static sx_status as_svg(const sx_result *result, const char *caption, sx_text *out, sx_error *err) {
    (void)err;
    sx_figure_svg(&(sx_figure){.result = result, .caption = caption}, out);
    return SX_OK;
}

static sx_status as_png(const sx_result *result, const char *caption, sx_text *out, sx_error *err) {
    sx_bytes png;
    sx_status status =
        sx_figure_png(&(sx_figure){.result = result, .caption = caption}, PNG_SCALE, &png, err);
    if (status) return status;
    sx_text_add_bytes(out, (const char *)png.data, png.size);
    sx_bytes_done(&png);
    return SX_OK;
}

static sx_status as_text(const sx_result *result, const char *caption, sx_text *out,
                         sx_error *err) {
    (void)caption, (void)err;
    sx_plot_text(result, TEXT_COLUMNS, (sx_look){.unicode = sx_app_unicode()}, out);
    return SX_OK;
}

static sx_status as_ansi(const sx_result *result, const char *caption, sx_text *out,
                         sx_error *err) {
    (void)caption, (void)err;
    sx_plot_text(result, TEXT_COLUMNS, (sx_look){.colours = 256, .unicode = sx_app_unicode()}, out);
    return SX_OK;
}

static const sx_export_format formats[] = {
    {"csv", "csv", false, as_csv},   {"json", "json", false, as_json},
    {"svg", "svg", true, as_svg},    {"png", "png", true, as_png},
    {"text", "txt", false, as_text}, {"ansi", "ans", false, as_ansi}};

const sx_export_format *sx_export_format_of(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

sx_status sx_export_render(const sx_export_format *format, const sx_result *result,
                           const char *caption, sx_text *out, sx_error *err) {
    sx_status status = format->render(result, caption, out, err);
    return !status && out->failed ? no_memory(result, err) : status;
}

sx_status sx_export_write(const sx_export_format *format, const sx_result *result,
                          const char *caption, const char *directory, sx_error *err) {
    sx_text text = {0};
    char name[80], path[SX_PATH_SIZE];
    sx_status status = sx_export_render(format, result, caption, &text, err);
    snprintf(name, sizeof name, "%s.%s", result->name, format->ending);
    if (!status) status = sx_path_join(path, directory, name, err);
    if (!status) status = sx_file_write(path, text.data ? text.data : "", text.size, err);
    sx_text_done(&text);
    return status;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static sx_status export_one(const sx_result *result, const sx_export_format *format,
                            const char *caption, const char *directory, sx_error *err) {
    sx_text text = {0};
    if (strcmp(directory, "-") != 0) {
        sx_status status = sx_export_write(format, result, caption, directory, err);
        if (!status) printf("%s/%s.%s\n", directory, result->name, format->ending);
        return status;
    }
    sx_status status = sx_export_render(format, result, caption, &text, err);
    if (!status) fwrite(text.data ? text.data : "", 1, text.size, stdout);
    sx_text_done(&text);
    return status;
}

/* Every result, or the one that is asked for, into `directory`. */
static sx_status export_results(const sx_result_list *list, const sx_arguments *arguments,
                                const char *caption, const char *directory, sx_error *err) {
    const sx_export_format *format =
        sx_export_format_of(arguments->format ? arguments->format : "csv");
    const char *names[64];
    size_t count = 0, written = 0;
    sx_status status = SX_OK;
    if (strcmp(directory, "-") != 0) status = sx_directory_make(directory, err);
    for (size_t i = 0; !status && i < list->count; i++) {
        if (count < 64) names[count++] = list->results[i]->name;
        if (arguments->only && strcmp(arguments->only, list->results[i]->name) != 0) continue;
        if (format->picture && !sx_plot_is_picture(list->results[i])) {
            if (!arguments->only) continue;
            return sx_fail(err, SX_BAD_INPUT, "'%.60s' has no picture; export it as csv",
                           arguments->only);
        }
        status = export_one(list->results[i], format, caption, directory, err);
        written++;
    }
    if (status || written) return status;
    if (!arguments->only || !count) return sx_fail(err, SX_BAD_INPUT, "the run has no results yet");
    return sx_fail(err, SX_BAD_INPUT, "the run has no result '%.60s'; did you mean '%s'?",
                   arguments->only, sx_nearest_name(arguments->only, names, count));
}

static sx_status export_run(const sx_arguments *arguments, sx_error *err) {
    sx_run_folder *run = sx_run_open(arguments->rest[0], false, err);
    if (!run) return err->status;
    char directory[SX_PATH_SIZE], caption[160];
    sx_run_caption(run, caption, sizeof caption);
    sx_text warnings = {0};
    sx_result_list list = {0};
    sx_status status = sx_path_join(directory, sx_run_path(run), "export", err);
    if (!status) status = sx_run_load_results(run, &list, &warnings, err);
    if (warnings.size) fprintf(stderr, "%s", warnings.data);
    if (!status)
        status = export_results(&list, arguments, caption,
                                arguments->out ? arguments->out : directory, err);
    sx_text_done(&warnings);
    sx_result_list_done(&list);
    sx_run_close(run);
    return status;
}

int sx_command_export(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    if (sx_arguments_parse(argc, argv, SX_FOR_EXPORT, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("export", SX_FOR_EXPORT);
    const char *format = arguments.format ? arguments.format : "csv";
    bool network = strcmp(format, SX_EXPORT_NETWORK) == 0;
    sx_status status;
    if (arguments.count != 1)
        status = sx_fail(&err, SX_USAGE, "export needs one run: sextant export 12");
    else if (!network && !sx_export_format_of(format))
        status = sx_fail(&err, SX_USAGE,
                         "--format %.40s: must be one of " SX_EXPORT_FORMATS "|" SX_EXPORT_NETWORK,
                         format);
    else if (arguments.names && !network)
        status = sx_fail(&err, SX_USAGE, "--names is about --format " SX_EXPORT_NETWORK);
    else if (network)
        status = sx_export_network(arguments.rest[0], arguments.names, arguments.out, &err);
    else
        status = export_run(&arguments, &err);
    return status ? sx_app_fail(&err) : SX_EXIT_DONE;
}
