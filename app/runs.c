/* `runs` and `export`: what is in the store, and out of it into files. */
#include "app/arguments.h"
#include "app/commands.h"

#include "views/plot/plot.h"

#include <stdio.h>
#include <string.h>

int sx_command_runs(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    if (sx_arguments_parse(argc, argv, 0, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("runs", 0);
    if (arguments.count) {
        sx_fail(&err, SX_USAGE, "runs takes no arguments");
        return sx_app_fail(&err);
    }
    sx_run_list list;
    if (sx_store_list(&list, &err)) return sx_app_fail(&err);
    if (!list.count) printf("no runs yet; start one with: sextant run STUDY.ini\n");
    for (size_t i = 0; i < list.count; i++) {
        const sx_run_facts *run = &list.runs[i];
        char accuracy[32] = "-", step[32], steps[32];
        if (run->accuracy == run->accuracy)
            snprintf(accuracy, sizeof accuracy, "%.3f", run->accuracy);
        printf("%-28s %-10s step %s of %s  val %s  %s\n", run->name, run->state,
               sx_text_count(step, run->step), sx_text_count(steps, run->steps), accuracy,
               run->created);
    }
    sx_run_list_done(&list);
    return SX_EXIT_DONE;
}

static sx_status render(const sx_result *result, const char *format, const char *caption,
                        sx_text *out, sx_error *err) {
    if (strcmp(format, "svg") == 0) {
        sx_plot_svg(result, caption, out);
    } else if (strcmp(format, "text") == 0) {
        sx_report_result(result, 80, sx_app_unicode(), out);
    } else if (strcmp(format, "csv") == 0) {
        sx_result_csv(result, out);
    } else {
        json_t *json = sx_result_to_json(result, err);
        char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
        json_decref(json);
        if (!text) return sx_fail(err, SX_NO_MEMORY, "not enough memory to write %s", result->name);
        sx_text_add(out, "%s\n", text);
        free(text);
    }
    return out->failed ? sx_fail(err, SX_NO_MEMORY, "not enough memory to write %s", result->name)
                       : SX_OK;
}

static sx_status export_one(const sx_result *result, const char *format, const char *caption,
                            const char *directory, sx_error *err) {
    sx_text text = {0};
    char name[80], path[SX_PATH_SIZE];
    sx_status status = render(result, format, caption, &text, err);
    snprintf(name, sizeof name, "%s.%s", result->name, strcmp(format, "text") ? format : "txt");
    if (!status && strcmp(directory, "-") == 0) {
        fwrite(text.data, 1, text.size, stdout);
    } else if (!status) {
        status = sx_path_join(path, directory, name, err);
        if (!status) status = sx_file_write(path, text.data, text.size, err);
        if (!status) printf("%s\n", path);
    }
    sx_text_done(&text);
    return status;
}

/* Every result, or the one that is asked for, into `directory`. */
static sx_status export_results(const sx_result_list *list, const sx_arguments *arguments,
                                const char *caption, const char *directory, sx_error *err) {
    const char *format = arguments->format ? arguments->format : "csv";
    const char *names[64];
    size_t count = 0, written = 0;
    sx_status status = SX_OK;
    if (strcmp(directory, "-") != 0) status = sx_directory_make(directory, err);
    for (size_t i = 0; !status && i < list->count; i++) {
        if (count < 64) names[count++] = list->results[i]->name;
        if (arguments->only && strcmp(arguments->only, list->results[i]->name) != 0) continue;
        if (strcmp(format, "svg") == 0 && !sx_plot_is_picture(list->results[i])) {
            if (!arguments->only) continue;
            return sx_fail(err, SX_BAD_INPUT, "'%.60s' is a table and no picture; export it as csv",
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
    sx_status status;
    if (arguments.count != 1)
        status = sx_fail(&err, SX_USAGE, "export needs one run: sextant export 12");
    else if (strcmp(format, "csv") && strcmp(format, "json") && strcmp(format, "text") &&
             strcmp(format, "svg"))
        status =
            sx_fail(&err, SX_USAGE, "--format %.40s: must be one of csv|json|svg|text", format);
    else
        status = export_run(&arguments, &err);
    return status ? sx_app_fail(&err) : SX_EXIT_DONE;
}
