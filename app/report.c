/* Results as text: the same drawing as on the screen, without colours and escape codes, and a
 * sentence for each plot. */
#include "app/commands.h"

#include "views/plot/plot.h"

#include <langinfo.h>
#include <math.h>
#include <string.h>

#define CLAIM_COLUMNS 118 /* a claim is read whole, even where a log is narrower */

bool sx_app_unicode(void) {
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void report(const sx_result *result, int columns, sx_look look, sx_text *out) {
    if (result->kind == SX_RESULT_CLAIMS && columns < CLAIM_COLUMNS) columns = CLAIM_COLUMNS;
    sx_canvas canvas = {0};
    sx_text_add(out, "%s (step %lld)\n", result->title, (long long)result->step);
    int rows = sx_plot_rows(result);
    if (rows > 0 && !sx_canvas_resize(&canvas, columns, rows, look, NULL)) {
        sx_plot_result(&canvas, sx_canvas_box(&canvas), result);
        (look.colours ? sx_canvas_to_ansi : sx_canvas_to_text)(&canvas, out);
    }
    sx_canvas_done(&canvas);
    if (result->kind != SX_RESULT_TABLE && result->kind != SX_RESULT_CLAIMS) {
        sx_plot_sentence(result, out);
        sx_text_add(out, "\n");
    }
    sx_text_add(out, "\n");
}

void sx_report_result(const sx_result *result, int columns, bool unicode, sx_text *out) {
    report(result, columns, (sx_look){.colours = 0, .unicode = unicode}, out);
}

void sx_report_colours(const sx_result *result, int columns, bool unicode, sx_text *out) {
    report(result, columns, (sx_look){.colours = 256, .unicode = unicode}, out);
}

void sx_report(sx_result *const *results, size_t count, int columns, bool unicode, sx_text *out) {
    static const char *const order[] = {"training",    "validation",    "location",    "rotation",
                                        "size",        "risk-coverage", "reliability", "risk",
                                        "calibration", "summary",       "claims"};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        for (size_t k = 0; k < count; k++)
            if (strcmp(results[k]->name, order[i]) == 0)
                sx_report_result(results[k], columns, unicode, out);
}
