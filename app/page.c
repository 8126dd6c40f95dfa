/* `report`: everything a run found as files, and one page of HTML that holds all of it: no scripts,
 * no other files, so that it can be mailed. */
#include "app/arguments.h"
#include "app/commands.h"
#include "app/export.h"

#include "core/store/store.h"
#include "views/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_ROWS 60 /* of a table on the page; the file has them all */

static const char head[] =
    "<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#111;background:#fff}\n"
    "h1{font-size:1.6rem;margin-bottom:0}h2{font-size:1.2rem;margin-top:2.5rem}\n"
    ".dim,figcaption{color:#5f5f5f}figure{margin:1rem 0}svg{max-width:100%;height:auto}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.25rem .75rem .25rem 0;text-align:left;border-bottom:1px solid #ddd;"
    "vertical-align:top}\ntd.n{text-align:right}pre{background:#f4f4f4;padding:1rem;"
    "overflow-x:auto}\n.holds{color:#006b3c}.fails{color:#b00020}.undecided{color:#7a5900}\n"
    "</style>\n";

static void add(sx_text *out, const char *before, const char *text, const char *after) {
    sx_text_add(out, "%s", before);
    sx_text_add_escaped(out, text);
    sx_text_add(out, "%s", after);
}

static void add_heading(sx_text *out, const sx_result *result) {
    add(out, "<h2>", result->title, "</h2>\n");
    sx_text_add(out, "<p class=\"dim\">step %lld · ", (long long)result->step);
    if (result->split[0]) add(out, "", result->split, " split · ");
    if (result->scene[0]) add(out, "", result->scene, " · ");
    add(out, "", result->name, ".csv</p>\n");
}

/* ---- kinds ------------------------------------------------------------------------------------
 */

/* The SVG without the line that says it is XML. */
static void add_figure(sx_text *out, const sx_result *result, const char *caption) {
    sx_text svg = {0};
    sx_figure_svg(&(sx_figure){.result = result, .caption = caption}, &svg);
    const char *start = svg.data ? strstr(svg.data, "<svg") : NULL;
    add_heading(out, result);
    sx_text_add(out, "<figure>");
    if (start) sx_text_add(out, "%s", start);
    sx_text sentence = {0};
    sx_plot_sentence(result, &sentence);
    add(out, "<figcaption>", sentence.data, "</figcaption></figure>\n");
    sx_text_done(&sentence);
    if (svg.failed) out->failed = true;
    sx_text_done(&svg);
}

static void add_table(sx_text *out, const sx_result *result) {
    const sx_table *table = &result->table;
    add_heading(out, result);
    sx_text_add(out, "<table><tr>");
    for (int c = 0; c < table->column_count; c++) add(out, "<th>", table->columns[c].name, "</th>");
    sx_text_add(out, "</tr>\n");
    for (size_t row = 0; row < table->rows && row < MOST_ROWS; row++) {
        sx_text_add(out, "<tr>");
        for (int c = 0; c < table->column_count; c++) {
            char number[32];
            const sx_column *column = &table->columns[c];
            if (column->texts)
                add(out, "<td>", column->texts[row], "</td>");
            else
                add(out, "<td class=\"n\">", sx_number_shown(number, column->numbers[row], 4),
                    "</td>");
        }
        sx_text_add(out, "</tr>\n");
    }
    sx_text_add(out, "</table>\n");
    if (table->rows > MOST_ROWS)
        sx_text_add(out, "<p class=\"dim\">%zu more rows are in the file</p>\n",
                    table->rows - MOST_ROWS);
}

static void add_claims(sx_text *out, const sx_result *result) {
    add_heading(out, result);
    sx_text_add(out, "<table><tr><th>claim</th><th>origin</th><th>bound</th><th>measured</th>"
                     "<th>verdict</th></tr>\n");
    for (int i = 0; i < result->claims.count; i++) {
        const sx_claim *claim = &result->claims.claims[i];
        char value[32], low[32], high[32];
        const char *verdict = sx_verdict_name(claim->verdict);
        add(out, "<tr><td>", claim->text, "</td>");
        add(out, "<td>", claim->origin, "</td>");
        add(out, "<td>", claim->bound, "</td>");
        sx_text_add(out, "<td>%s [%s, %s]", sx_number_shown(value, claim->measured, 2),
                    sx_number_shown(low, claim->low, 2), sx_number_shown(high, claim->high, 2));
        if (!isnan(claim->seed_low) && !isnan(claim->seed_high))
            sx_text_add(out, ", seeds from %s to %s", sx_number_shown(low, claim->seed_low, 2),
                        sx_number_shown(high, claim->seed_high, 2));
        sx_text_add(out, "</td>");
        sx_text_add(out, "<td class=\"%s\"><b>%s</b>%s", verdict, verdict,
                    claim->reason[0] ? ": " : "");
        add(out, "", claim->reason, "</td></tr>\n");
    }
    sx_text_add(out, "</table>\n");
    if (result->claims.note[0]) add(out, "<p class=\"dim\">", result->claims.note, "</p>\n");
}

/* What matters first: verdicts, figures, then plots; what is kept of each picture is in its file
 * only. */
static void add_results(sx_text *out, const sx_result_list *list, const char *caption) {
    static const char *const first[] = {"claims", "summary"};
    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < list->count; i++) {
            const sx_result *result = list->results[i];
            int rank = strcmp(result->name, first[0]) == 0   ? 0
                       : strcmp(result->name, first[1]) == 0 ? 1
                                                             : 2;
            if (rank != pass || sx_plot_is_raw(result)) continue;
            if (result->kind == SX_RESULT_CLAIMS) add_claims(out, result);
            if (result->kind == SX_RESULT_TABLE) add_table(out, result);
            if (sx_plot_is_picture(result)) add_figure(out, result, caption);
        }
}

static void make_page(const sx_run_folder *run, const sx_result_list *list, const char *caption,
                      sx_text *out) {
    char note[200];
    sx_run_note(run, note, sizeof note);
    add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>",
        sx_run_name(run), "</title>\n");
    sx_text_add(out, "%s", head);
    add(out, "<h1>", sx_run_name(run), "</h1>\n");
    add(out, "<p class=\"dim\">", caption, " · made by sextant " SX_VERSION "</p>\n");
    if (note[0]) add(out, "<p>", note, "</p>\n");
    add_results(out, list, caption);
    add(out, "<h2>Configuration</h2>\n<pre>", sx_run_ini(run), "</pre>\n</html>\n");
}

/* ---- the command ------------------------------------------------------------------------------
 */

static sx_status write_files(const sx_result_list *list, const char *caption, const char *directory,
                             sx_error *err) {
    static const char *const names[] = {"csv", "json", "svg", "png"};
    sx_status status = SX_OK;
    for (size_t i = 0; i < list->count; i++)
        for (size_t f = 0; f < sizeof names / sizeof *names && !status; f++) {
            const sx_export_format *format = sx_export_format_of(names[f]);
            if (!format->picture || sx_plot_is_picture(list->results[i]))
                status = sx_export_write(format, list->results[i], caption, directory, err);
        }
    return status;
}

static sx_status write_report(const sx_run_folder *run, const char *out, sx_error *err) {
    char directory[SX_PATH_SIZE], page[SX_PATH_SIZE], caption[160];
    sx_text html = {0}, warnings = {0};
    sx_result_list list = {0};
    sx_status status = sx_path_join(directory, sx_run_path(run), "report", err);
    if (out) sx_text_set(directory, sizeof directory, out);
    if (!status) status = sx_path_join(page, directory, "index.html", err);
    if (!status) status = sx_run_load_results(run, &list, &warnings, err);
    if (warnings.size) fprintf(stderr, "%s", warnings.data);
    if (!status && !list.count) status = sx_fail(err, SX_BAD_INPUT, "the run has no results yet");
    if (!status) status = sx_directory_make(directory, err);
    sx_run_caption(run, caption, sizeof caption);
    if (!status) status = write_files(&list, caption, directory, err);
    if (!status) make_page(run, &list, caption, &html);
    if (!status && html.failed) status = sx_fail(err, SX_NO_MEMORY, "no memory for the report");
    if (!status) status = sx_file_write(page, html.data, html.size, err);
    if (!status) printf("%s\n", page);
    sx_text_done(&html);
    sx_text_done(&warnings);
    sx_result_list_done(&list);
    return status;
}

int sx_command_report(int argc, char **argv) {
    sx_error err = {0};
    sx_arguments arguments;
    if (sx_arguments_parse(argc, argv, SX_FOR_REPORT, &arguments, &err)) return sx_app_fail(&err);
    if (arguments.help) return sx_command_usage("report", SX_FOR_REPORT);
    if (arguments.count != 1) {
        sx_fail(&err, SX_USAGE, "report needs one run: sextant report 12 --out DIR");
        return sx_app_fail(&err);
    }
    sx_run_folder *run = sx_run_open(arguments.rest[0], false, &err);
    if (!run) return sx_app_fail(&err);
    sx_status status = write_report(run, arguments.out, &err);
    sx_run_close(run);
    return status ? sx_app_fail(&err) : SX_EXIT_DONE;
}
