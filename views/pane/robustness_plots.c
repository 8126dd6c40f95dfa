/* What Robustness draws: the map, the two curves of one network or of several, either as a row
 * where there is no room, and the row that reads the cursor. */
#include "views/pane/robustness.h"

#include <math.h>
#include <stdio.h>

/* Every plot shows its cursor. */
static void draw_map(const sx_robustness_pane *pane, sx_canvas *canvas, sx_box box, bool focused) {
    bool difference = pane->measure == SX_ROBUSTNESS_ACCURACY && sx_robustness_map(pane).difference;
    sx_heatmap options = {.low = difference ? -1 : 0,
                          .high = 1,
                          .diverging = difference,
                          .cursor_row = focused ? pane->row : -1,
                          .cursor_column = focused ? pane->column : -1,
                          .values = pane->values};
    sx_plot_heatmap(canvas, box, sx_robustness_result(pane, SX_ROBUSTNESS_LOCATION), &options);
}

sx_curve sx_robustness_curve(const sx_robustness_pane *pane, sx_robustness_plot which) {
    const sx_result *result = sx_robustness_result(pane, which);
    return (sx_curve){.series = result,
                      .line = sx_robustness_line(result),
                      .look = which == SX_ROBUSTNESS_ROTATION ? 0 : 1,
                      .marks = true};
}

/* One curve, or one for each network that was measured; how many. */
static int curves_of(const sx_robustness_pane *pane, sx_robustness_plot which,
                     sx_curve out[SX_FIGURE_CURVES]) {
    const sx_result *result = sx_robustness_result(pane, which);
    int count = result ? result->series.line_count : 0;
    out[0] = sx_robustness_curve(pane, which);
    if (count < 2 || sx_part_line(result, "accuracy") >= 0) return 1;
    if (count > SX_FIGURE_CURVES) count = SX_FIGURE_CURVES;
    for (int i = 0; i < count; i++)
        out[i] = (sx_curve){.series = result, .line = i, .look = i, .dashed = i > 0, .marks = true};
    return count;
}

sx_axes sx_robustness_axes(const sx_robustness_pane *pane, sx_robustness_plot which) {
    sx_axes axes = sx_axes_default();
    axes.y_low = 0;
    axes.y_high = 1;
    axes.legend = false;
    sx_lens_axes(&pane->x[which], &pane->y[which], &axes);
    return axes;
}

static void draw_curve(const sx_robustness_pane *pane, sx_canvas *canvas, sx_box box,
                       sx_robustness_plot which, bool focused) {
    sx_curve curves[SX_FIGURE_CURVES];
    int count = curves_of(pane, which, curves);
    sx_axes axes = sx_robustness_axes(pane, which);
    axes.legend = count > 1;
    if (focused) axes.cursor = sx_robustness_cursor_x(pane, which);
    sx_plot_curves(canvas, box, curves, count, &axes);
}

/* What is seen of a curve, beside the whole of it, for export. */
bool sx_robustness_figure(void *state, int row, char *name, size_t size, sx_figure *out) {
    const sx_robustness_pane *pane = state;
    if (row >= SX_ROBUSTNESS_PLOTS) return false;
    sx_robustness_plot which = (sx_robustness_plot)row;
    bool closer =
        which != SX_ROBUSTNESS_LOCATION && sx_ends_are_chosen(&pane->x[which], &pane->y[which]);
    snprintf(name, size, "%s%s%s-closer",
             pane->measure == SX_ROBUSTNESS_ACCURACY ? ""
                                                     : sx_robustness_measure_names[pane->measure],
             pane->measure == SX_ROBUSTNESS_ACCURACY ? "" : "-", sx_robustness_plot_names[which]);
    *out = (sx_figure){.result = closer ? sx_robustness_result(pane, which) : NULL,
                       .caption = pane->desk->now->caption,
                       .curve_count = 1,
                       .axes = sx_robustness_axes(pane, which)};
    if (out->result) out->curve_count = curves_of(pane, which, out->curves);
    return true;
}

/* A plot, or the line that says what it waits for. */
void sx_robustness_draw_plot(sx_robustness_pane *pane, sx_canvas *canvas, sx_box box,
                             sx_robustness_plot which, bool focused) {
    char awaited[48];
    snprintf(awaited, sizeof awaited, "%s by %s",
             pane->measure == SX_ROBUSTNESS_ACCURACY ? "Accuracy"
             : pane->measure == SX_ROBUSTNESS_RISK   ? "Risk"
                                                     : "Coverage",
             sx_robustness_plot_names[which]);
    bool there = sx_robustness_result(pane, which) != NULL;
    if (there) pane->mouse.boxes[which] = box;
    if (!there)
        sx_part_waiting(pane->desk, canvas, box, awaited, SX_PART_MEASURED);
    else if (which == SX_ROBUSTNESS_LOCATION)
        draw_map(pane, canvas, box, focused);
    else
        draw_curve(pane, canvas, box, which, focused);
}

/* "rotation  ▁▃▆█▆▃▁   -179 ... 161 degrees" in one row. */
void sx_robustness_draw_spark(const sx_robustness_pane *pane, sx_canvas *canvas, sx_box row,
                              sx_robustness_plot which) {
    const sx_result *result = sx_robustness_result(pane, which);
    sx_canvas_text(canvas, row, 0, 0, sx_style_of(SX_ROLE_DIM), sx_robustness_plot_names[which]);
    sx_box rest = sx_box_inset(row, 10, 0, 0, 0);
    if (!result || result->series.length == 0) {
        sx_canvas_text(canvas, rest, 0, 0, sx_style_of(SX_ROLE_DIM), "not measured yet");
        return;
    }
    const sx_series *series = &result->series;
    char low[32], high[32], range[160];
    bool percent = which == SX_ROBUSTNESS_SIZE;
    snprintf(range, sizeof range, "%s ... %s %s",
             sx_number_shown(low, series->x[0] * (percent ? 100 : 1), 0),
             sx_number_shown(high, series->x[series->length - 1] * (percent ? 100 : 1), 0),
             percent ? "% of the image" : "degrees");
    int points = (int)series->length, text = sx_text_columns(range);
    sx_box spark = rest;
    if (spark.width > points) spark.width = points;
    if (points + 3 + text > rest.width && rest.width - 3 - text >= 6)
        spark.width = rest.width - 3 - text;
    int line = sx_robustness_line(result);
    sx_plot_sparkline(
        canvas, spark, series->lines[line].y, series->length, 0, 1,
        sx_style_of(which == SX_ROBUSTNESS_ROTATION ? SX_ROLE_SERIES1 : SX_ROLE_SERIES2));
    if (spark.width + 3 + text <= rest.width)
        sx_canvas_text(canvas, rest, spark.width + 3, 0, sx_style_of(SX_ROLE_DIM), range);
}

/* How many points of all three rest on few images. */
static int few_points(const sx_robustness_pane *pane) {
    int few = 0;
    const sx_result *map = sx_robustness_result(pane, SX_ROBUSTNESS_LOCATION);
    if (map)
        few += sx_part_few(map->grid.count, (size_t)map->grid.rows * (size_t)map->grid.columns,
                           map->grid.few);
    for (sx_robustness_plot which = SX_ROBUSTNESS_ROTATION; which < SX_ROBUSTNESS_PLOTS; which++) {
        const sx_result *curve = sx_robustness_result(pane, which);
        if (curve)
            few += sx_part_few(curve->series.lines[sx_robustness_line(curve)].count,
                               curve->series.length, curve->series.few);
    }
    return few;
}

void sx_robustness_draw_status(const sx_robustness_pane *pane, sx_canvas *canvas, sx_box row,
                               bool focused) {
    sx_segment parts[3];
    int count = 0;
    char cursor[192];
    sx_robustness_tell(pane, cursor, sizeof cursor);
    if (cursor[0])
        parts[count++] = sx_part_segment(SX_ROLE_TEXT, "%s", cursor);
    else if (focused)
        parts[count++] = sx_part_segment(SX_ROLE_DIM, "arrows read a value");
    int few = few_points(pane);
    if (few > 0) parts[count++] = sx_part_segment(SX_ROLE_WARNING, "%d on few images", few);
    double measuring = pane->desk->now->measuring_share;
    if (measuring > 0)
        parts[count++] =
            sx_part_segment(SX_ROLE_DIM, "measuring takes %.0f %% of the time", measuring * 100);
    sx_segments_draw(canvas, row, 0, parts, count, 3);
}
