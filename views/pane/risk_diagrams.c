/* Reliability diagrams: of the highlighted method alone, with a cursor that reads its bins, or
 * those of all methods side by side, as many as fit; the highlighted one is always among them. */
#include "views/pane/risk.h"

#include <math.h>
#include <stdio.h>

const sx_result *sx_risk_diagram(const sx_risk_pane *pane) {
    const sx_result *result = sx_risk_result(pane, "reliability", SX_RESULT_SERIES);
    bool fine = result && result->series.length > 0 && sx_part_line(result, "accuracy") >= 0;
    return fine ? result : NULL;
}

int sx_risk_bin_at(const sx_risk_pane *pane, double confidence) {
    int bins = (int)sx_risk_diagram(pane)->series.length, bin = (int)(confidence * bins);
    return bin < 0 ? 0 : bin < bins ? bin : bins - 1;
}

/* The middle of the bin under the cursor; NaN if there is none. */
double sx_risk_bin_confidence(const sx_risk_pane *pane) {
    const sx_result *result = sx_risk_diagram(pane);
    if (!result || pane->bin < 0) return NAN;
    return (pane->bin + 0.5) / (double)result->series.length;
}

void sx_risk_move_bin(sx_risk_pane *pane, int by) {
    const sx_result *result = sx_risk_diagram(pane);
    sx_lens lens = sx_risk_lens(pane, SX_RISK_PLOT_DIAGRAM);
    int last = result ? (int)result->series.length - 1 : -1;
    int to = pane->bin < 0 ? last : pane->bin + by;
    pane->bin = to > last ? last : to < 0 && last >= 0 ? 0 : to;
    if (pane->bin >= 0) sx_lens_keep(&lens, sx_risk_bin_confidence(pane));
}

bool sx_risk_tell_bin(const sx_risk_pane *pane, char *out, size_t size) {
    char low[32], high[32], estimate[128];
    const sx_result *result = sx_risk_diagram(pane);
    if (!result || pane->bin < 0 || pane->bin >= (int)result->series.length) return false;
    const sx_line *line = &result->series.lines[sx_part_line(result, "accuracy")];
    double n = (double)result->series.length;
    sx_part_estimate(
        estimate, sizeof estimate, line->y[pane->bin], line->low ? line->low[pane->bin] : NAN,
        line->high ? line->high[pane->bin] : NAN, line->count ? line->count[pane->bin] : NAN);
    snprintf(out, size, "confidence %s to %s: accuracy %s", sx_number_shown(low, pane->bin / n, 2),
             sx_number_shown(high, (pane->bin + 1) / n, 2), estimate);
    return true;
}

void sx_risk_draw_diagram(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, bool focused) {
    const sx_result *result = sx_risk_result(pane, "reliability", SX_RESULT_SERIES);
    sx_axes axes = sx_risk_axes(pane, SX_RISK_PLOT_DIAGRAM);
    if (!result || result->series.length == 0) {
        sx_part_waiting(pane->desk, canvas, box, "The reliability diagram", SX_PART_MEASURED);
        return;
    }
    pane->mouse.boxes[SX_RISK_PLOT_DIAGRAM] = box;
    sx_plot_reliability(canvas, box, result, &axes, focused ? pane->bin : -1);
}

/* ---- side by side -----------------------------------------------------------------------------
 */

static void draw_name(const sx_risk_pane *pane, sx_canvas *canvas, sx_box row, int method) {
    char fit[128], error[32], safe[128];
    const sx_column *ece = sx_part_column(sx_risk_table_result(pane, SX_RISK_OF_METHODS), "ECE");
    bool highlighted = method == pane->is.method;
    sx_segment parts[2] = {{0}};
    sx_text_printable(safe, sizeof safe, sx_risk_method_name(pane, method));
    sx_words_fit(fit, sizeof fit, safe, row.width - 2, canvas->look.unicode);
    parts[0] = sx_part_segment(highlighted ? SX_ROLE_FOCUS : SX_ROLE_TITLE, "%s%s",
                               highlighted ? "▸ " : "", fit);
    if (ece && ece->numbers)
        parts[1] = sx_part_segment(SX_ROLE_TEXT, "ECE %s",
                                   sx_number_shown(error, ece->numbers[method], 3));
    sx_segments_draw(canvas, row, 0, parts, 2, 3);
}

static void draw_one(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, int method, bool focused) {
    char name[48];
    pane->diagrams[method] = box;
    draw_name(pane, canvas, sx_box_take_rows(&box, 1), method);
    if (method == pane->is.method) {
        sx_risk_draw_diagram(pane, canvas, box, focused);
        return;
    }
    const sx_result *result =
        sx_part_result(pane->desk, sx_risk_name(name, "reliability", method), SX_RESULT_SERIES);
    sx_axes axes = sx_risk_axes(pane, SX_RISK_PLOT_DIAGRAM);
    if (result && result->series.length > 0)
        sx_plot_reliability(canvas, box, result, &axes, -1);
    else
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), "not measured yet");
}

/* Which of them is the first that is seen: as it was, moved so far that the highlighted one is
 * seen. */
static int first_seen(const sx_risk_pane *pane, int fit, int count) {
    int first = pane->diagram_first;
    if (pane->is.method < first) first = pane->is.method;
    if (pane->is.method >= first + fit) first = pane->is.method - fit + 1;
    if (first > count - fit) first = count - fit;
    return first < 0 ? 0 : first;
}

void sx_risk_draw_diagrams(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, bool focused) {
    enum { LEAST_WIDTH = 34, LEAST_HEIGHT = 10, GAP = 2 };
    int count = sx_risk_methods(pane);
    int across = (box.width + GAP) / (LEAST_WIDTH + GAP), down = box.height / LEAST_HEIGHT;
    if (across < 1) across = 1;
    if (across > count) across = count;
    if (down > (count + across - 1) / across) down = (count + across - 1) / across;
    if (down < 1) down = 1;
    int fit = across * down, first = pane->diagram_first = first_seen(pane, fit, count);
    for (int i = 0; i < fit && first + i < count; i++) {
        int x = i % across, y = i / across;
        int left = (box.width + GAP) * x / across, right = (box.width + GAP) * (x + 1) / across;
        int top = box.height * y / down, bottom = box.height * (y + 1) / down;
        sx_box place = {box.x + left, box.y + top, right - left - GAP, bottom - top};
        draw_one(pane, canvas, place, first + i, focused);
    }
}
