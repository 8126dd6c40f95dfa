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

/* What a result needs: rows of the plot, and which lines of a series are drawn over what range. */
typedef struct {
    const char *name;
    int lines[4];
    int line_count, height;
    double y_low, y_high; /* NaN: from the data */
    bool marks;
} layout;

static const layout layouts[] = {
    {"training", {0}, 1, 12, 0, NAN, false},
    {"validation", {1}, 1, 10, 0, 1, true},
    {"rotation", {0}, 1, 12, 0, 1, true},
    {"size", {0}, 1, 12, 0, 1, true},
    {"risk-coverage", {0, 1, 2, 3}, 4, 14, 0, NAN, false},
};

static const layout *find_layout(const char *name) {
    static const layout all = {"", {0, 1, 2, 3}, 4, 12, NAN, NAN, false};
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        if (strcmp(layouts[i].name, name) == 0) return &layouts[i];
    return &all;
}

static void draw_series(sx_canvas *canvas, const sx_result *result, const layout *how) {
    sx_curve curves[4];
    sx_axes axes = sx_axes_default();
    axes.y_low = how->y_low;
    axes.y_high = how->y_high;
    int count = 0;
    for (int i = 0; i < how->line_count && i < result->series.line_count; i++)
        curves[count++] = (sx_curve){.series = result,
                                     .line = how->lines[i],
                                     .look = i,
                                     .dashed = i > 0,
                                     .marks = how->marks};
    sx_plot_curves(canvas, sx_canvas_box(canvas), curves, count, &axes);
}

static int rows_of(const sx_result *result, const layout *how) {
    if (result->kind == SX_RESULT_GRID) return result->grid.rows + 4;
    if (result->kind == SX_RESULT_TABLE) return (int)fmin((double)result->table.rows, 20) + 1;
    if (result->kind == SX_RESULT_CLAIMS) return result->claims.count + 2;
    return how->height;
}

static void draw(sx_canvas *canvas, const sx_result *result, const layout *how) {
    sx_box box = sx_canvas_box(canvas);
    if (strcmp(result->name, "reliability") == 0)
        sx_plot_reliability(canvas, box, result);
    else if (result->kind == SX_RESULT_SERIES)
        draw_series(canvas, result, how);
    else if (result->kind == SX_RESULT_GRID)
        sx_plot_heatmap(
            canvas, box, result,
            &(sx_heatmap){
                .low = 0, .high = 1, .cursor_row = -1, .cursor_column = -1, .values = true});
    else if (result->kind == SX_RESULT_TABLE || result->kind == SX_RESULT_CLAIMS)
        sx_plot_table(canvas, box, result, 0, -1);
}

static bool is_drawn(const sx_result *result) {
    return result->kind == SX_RESULT_SERIES || result->kind == SX_RESULT_GRID ||
           result->kind == SX_RESULT_TABLE || result->kind == SX_RESULT_CLAIMS;
}

void sx_report_result(const sx_result *result, int columns, bool unicode, sx_text *out) {
    const layout *how = find_layout(result->name);
    if (result->kind == SX_RESULT_CLAIMS && columns < CLAIM_COLUMNS) columns = CLAIM_COLUMNS;
    sx_canvas canvas = {0};
    sx_look look = {.colours = 0, .unicode = unicode};
    sx_text_add(out, "%s (step %lld)\n", result->title, (long long)result->step);
    if (is_drawn(result) && !sx_canvas_resize(&canvas, columns, rows_of(result, how), look, NULL)) {
        draw(&canvas, result, how);
        sx_canvas_to_text(&canvas, out);
    }
    sx_canvas_done(&canvas);
    if (result->kind != SX_RESULT_TABLE && result->kind != SX_RESULT_CLAIMS) {
        sx_plot_sentence(result, out);
        sx_text_add(out, "\n");
    }
    sx_text_add(out, "\n");
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
