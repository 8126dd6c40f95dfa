/* Risk: what a network, or each of several methods that answer for it, may be trusted with when it
 * is allowed to refuse. One pane with five views: curves, reliability, tables of figures, scores
 * with a threshold, and the pictures behind it. Here are what is chosen and held, the commands, and
 * what goes to which view; a view is a file of its own. */
#include "views/pane/risk.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double targets[] = {0.01, 0.02, 0.05, 0.10};

static const char *const view_names[SX_RISK_VIEWS] = {"curves", "reliability", "figures", "scores",
                                                      "pictures"};

double sx_risk_target(const sx_risk_pane *pane) {
    return targets[pane->is.target];
}

/* ---- methods ----------------------------------------------------------------------------------
 */

static const char **method_names(const sx_risk_pane *pane) {
    const sx_result *methods = sx_part_result(pane->desk, "methods", SX_RESULT_TABLE);
    const sx_column *column = sx_part_column(methods, "method");
    return column ? column->texts : NULL;
}

static const sx_series *method_curves(const sx_risk_pane *pane) {
    const sx_result *all = sx_part_result(pane->desk, "risk-coverage-methods", SX_RESULT_SERIES);
    return all ? &all->series : NULL;
}

int sx_risk_methods(const sx_risk_pane *pane) {
    const sx_result *methods = sx_part_result(pane->desk, "methods", SX_RESULT_TABLE);
    const sx_series *curves = method_curves(pane);
    int lines = curves ? curves->line_count : 0;
    if (lines > 0 && !strcmp(curves->lines[lines - 1].name, "oracle")) lines--;
    size_t count = method_names(pane) ? methods->table.rows : (size_t)lines;
    return count < SX_RISK_METHODS ? (int)count : SX_RISK_METHODS;
}

const char *sx_risk_method_name(const sx_risk_pane *pane, int method) {
    const char **names = method_names(pane);
    const sx_series *curves = method_curves(pane);
    if (method < 0 || method >= sx_risk_methods(pane)) return "";
    const char *name = names ? names[method] : curves ? curves->lines[method].name : NULL;
    return name ? name : "";
}

char *sx_risk_name(char *out, const char *stem, int method) {
    snprintf(out, 48, method > 0 ? "%.40s-%d" : "%.40s", stem, method + 1);
    return out;
}

const sx_result *sx_risk_result(const sx_risk_pane *pane, const char *stem, sx_result_kind kind) {
    char name[48];
    return sx_part_result(pane->desk, sx_risk_name(name, stem, pane->is.method), kind);
}

/* Everything that is made of what is held and chosen. */
void sx_risk_make_all(sx_risk_pane *pane) {
    sx_risk_find_points(pane);
    sx_risk_find_threshold(pane);
    sx_risk_scores_update(pane);
    sx_risk_table_update(pane);
    sx_risk_pictures_update(pane);
}

static bool follow(sx_risk_pane *pane) {
    char items[48], outside[48];
    int methods = sx_risk_methods(pane);
    if (pane->is.method >= methods) pane->is.method = methods > 0 ? methods - 1 : 0;
    snprintf(pane->label, sizeof pane->label, "▸ %s", sx_risk_method_name(pane, pane->is.method));
    sx_risk_name(items, "items", pane->is.method);
    sx_risk_name(outside, "outside", pane->is.method);
    bool changed = sx_part_follow(pane->desk, "items", SX_RESULT_TABLE, &pane->first);
    changed = sx_part_follow(pane->desk, items, SX_RESULT_TABLE, &pane->items) || changed;
    return sx_part_follow(pane->desk, outside, SX_RESULT_TABLE, &pane->outside) || changed;
}

bool sx_risk_follow_table(sx_risk_pane *pane) {
    return sx_part_follow(pane->desk, sx_risk_table_name(pane->is.table), SX_RESULT_TABLE,
                          &pane->table.held);
}

static void update(void *state) {
    sx_risk_pane *pane = state;
    if (follow(pane)) {
        sx_risk_find_points(pane);
        sx_risk_find_threshold(pane);
        sx_risk_scores_update(pane);
        sx_risk_pictures_update(pane);
    } else if (pane->pictures.data != pane->desk->now->data) {
        sx_risk_pictures_update(pane);
    }
    if (sx_risk_follow_table(pane)) sx_risk_table_update(pane);
}

static void restored(void *state) {
    sx_risk_pane *pane = state;
    follow(pane);
    sx_risk_follow_table(pane);
    sx_risk_make_all(pane);
}

void sx_risk_highlight(sx_risk_pane *pane, int method) {
    pane->is.method = method;
    pane->bin = -1;
    follow(pane);
    sx_risk_find_points(pane);
    sx_risk_find_threshold(pane);
    sx_risk_scores_update(pane);
    sx_risk_pictures_update(pane);
}

/* ---- what is seen of the plots ----------------------------------------------------------------
 */

int sx_risk_plot(const sx_risk_pane *pane) {
    static const int plots[SX_RISK_VIEWS] = {[SX_RISK_CURVES] = SX_RISK_PLOT_CURVES,
                                             [SX_RISK_DIAGRAMS] = SX_RISK_PLOT_DIAGRAM,
                                             [SX_RISK_FIGURES] = -1,
                                             [SX_RISK_SCORES] = SX_RISK_PLOT_HISTOGRAM,
                                             [SX_RISK_PICTURES] = -1};
    return plots[pane->is.view];
}

static const sx_result *plotted(const sx_risk_pane *pane, int plot) {
    switch (plot) {
    case SX_RISK_PLOT_CURVES:
        return sx_risk_curves_result(pane);
    case SX_RISK_PLOT_DIAGRAM:
        return sx_risk_diagram(pane);
    case SX_RISK_PLOT_HISTOGRAM:
        return pane->scores.histogram;
    default:
        return pane->scores.roc;
    }
}

/* All axes below but the scores' go from 0 to 1. */
sx_lens sx_risk_lens(sx_risk_pane *pane, int plot) {
    double at = plot == SX_RISK_PLOT_CURVES      ? sx_risk_guide(pane)
                : plot == SX_RISK_PLOT_DIAGRAM   ? sx_risk_bin_confidence(pane)
                : plot == SX_RISK_PLOT_HISTOGRAM ? sx_risk_gate(pane)
                                                 : NAN;
    sx_lens lens = sx_lens_of(plotted(pane, plot), &pane->is.x[plot], &pane->is.y[plot], at);
    if (lens.low < lens.high && plot != SX_RISK_PLOT_HISTOGRAM) lens.low = 0, lens.high = 1;
    return lens;
}

sx_axes sx_risk_axes(const sx_risk_pane *pane, int plot) {
    sx_axes axes = sx_axes_default();
    if (plot == SX_RISK_PLOT_CURVES) {
        axes.x_low = 0;
        axes.x_high = 1;
        axes.y_low = 0;
        axes.y_log = pane->is.logarithmic;
        axes.y_label = "risk";
        axes.x_label = "coverage";
        axes.cursor = sx_risk_guide(pane);
    } else if (plot == SX_RISK_PLOT_HISTOGRAM) {
        axes.y_low = 0;
        axes.cursor = sx_risk_gate(pane);
    } else if (plot == SX_RISK_PLOT_ROC) {
        axes.x_low = axes.y_low = 0;
        axes.x_high = axes.y_high = 1;
        axes.diagonal = true;
    }
    sx_lens_axes(&pane->is.x[plot], &pane->is.y[plot], &axes);
    return axes;
}

/* ---- opening and going back -------------------------------------------------------------------
 */

/* Pictures behind a plot, so that Esc goes back to it. */
static void open_pictures(sx_risk_pane *pane, int group) {
    int from = pane->is.view;
    pane->is.group = group;
    pane->pictures.picker.selected = 0;
    sx_risk_open_view(pane, SX_RISK_PICTURES);
    pane->came_from = from;
}

/* Predictions of the first method are on the Data page; those behind a bin only there. */
static bool open_data(sx_risk_pane *pane) {
    sx_desk *desk = pane->desk;
    const sx_result *result = sx_risk_diagram(pane);
    if (!pane->items || !desk->now->data) return false;
    if (pane->is.view == SX_RISK_DIAGRAMS && pane->is.method > 0) {
        sx_desk_say(desk, "the pictures of a bin are known of the first method");
        return true;
    }
    if (pane->is.view == SX_RISK_DIAGRAMS && result) {
        double n = (double)result->series.length;
        if (pane->bin < 0) sx_risk_move_bin(pane, 1);
        desk->least = pane->bin / n;
        desk->most = (pane->bin + 1) / n;
    } else {
        desk->least = 0;
        desk->most = isnan(pane->coverage) ? desk->threshold : pane->threshold;
    }
    return desk->wants_pictures = desk->most > desk->least;
}

/* What is behind the view: the refused pictures, a method's curve, the probe. */
static bool enter(void *state) {
    sx_risk_pane *pane = state;
    int view = pane->is.view;
    if (view == SX_RISK_PICTURES) {
        pane->desk->wants_probe = sx_risk_pictures_offer(pane);
        if (!pane->desk->wants_probe && pane->pictures.count > 0)
            sx_desk_say(pane->desk, "this picture is in another data set");
    } else if (view == SX_RISK_FIGURES) {
        sx_risk_open_view(pane, SX_RISK_CURVES);
        pane->came_from = view;
    } else if (view == SX_RISK_SCORES) {
        open_pictures(pane, SX_RISK_REFUSED);
    } else if (view == SX_RISK_CURVES && sx_risk_has_all(pane)) {
        pane->is.score = 0;
        sx_risk_scores_update(pane);
        sx_risk_put_gate(pane, isnan(pane->coverage) ? NAN : pane->threshold);
        open_pictures(pane, SX_RISK_REFUSED);
    } else {
        return open_data(pane);
    }
    return true;
}

static bool back(void *state) {
    sx_risk_pane *pane = state;
    int to = pane->came_from;
    if (to < 0) return false;
    sx_risk_open_view(pane, to);
    return true;
}

static void offer(void *state) {
    sx_risk_pictures_offer(state);
}

/* What is seen of the plots, beside the whole of them, for export. */
static bool figure(void *state, int row, char *name, size_t size, sx_figure *out) {
    static const char *const names[SX_RISK_PLOTS] = {"risk-coverage-closer", "reliability-closer",
                                                     "score-histogram", "score-roc"};
    const sx_risk_pane *pane = state;
    if (row >= SX_RISK_PLOTS) return false;
    bool all = row == SX_RISK_PLOT_CURVES && sx_risk_has_all(pane);
    bool seen = sx_ends_are_chosen(&pane->is.x[row], &pane->is.y[row]) || all ||
                (row == SX_RISK_PLOT_CURVES && pane->is.logarithmic);
    if (row >= SX_RISK_PLOT_HISTOGRAM) seen = pane->is.view == SX_RISK_SCORES;
    snprintf(name, size, "%s", all ? "risk-coverage-shown" : names[row]);
    *out = (sx_figure){.result = seen ? plotted(pane, row) : NULL,
                       .caption = pane->desk->now->caption,
                       .axes = sx_risk_axes(pane, row),
                       .as_diagram = row == SX_RISK_PLOT_DIAGRAM};
    if (out->result && row == SX_RISK_PLOT_CURVES)
        out->curve_count = sx_risk_curves_of(pane, out->curves);
    if (out->result && row >= SX_RISK_PLOT_HISTOGRAM)
        out->curve_count = sx_risk_scores_curves(pane, row, out->curves);
    return true;
}

static bool numbers(void *state, int row, char *name, size_t size, sx_text *out) {
    const sx_risk_pane *pane = state;
    const sx_result *composed[] = {pane->scores.histogram, pane->scores.roc, pane->scores.point};
    if (row >= 3) return false;
    const sx_result *result = pane->is.view == SX_RISK_SCORES ? composed[row] : NULL;
    snprintf(name, size, "%s", result ? result->name : "");
    if (result) sx_result_csv(result, out);
    return true;
}

/* ---- the mouse --------------------------------------------------------------------------------
 */

static double x_under(const sx_risk_pane *pane, int plot, int column) {
    sx_box box = pane->mouse.boxes[plot];
    sx_axes axes = sx_risk_axes(pane, plot);
    sx_curve curves[SX_FIGURE_CURVES];
    const sx_result *result = plotted(pane, plot);
    if (!result) return NAN;
    if (plot == SX_RISK_PLOT_DIAGRAM)
        return sx_plot_confidence_at(pane->mouse.look, box, result, &axes, column - box.x);
    int count = plot == SX_RISK_PLOT_CURVES ? sx_risk_curves_of(pane, curves)
                                            : sx_risk_scores_curves(pane, plot, curves);
    return sx_plot_x_at(pane->mouse.look, box, curves, count, &axes, column - box.x);
}

static bool is_in(sx_box box, int x, int y) {
    return x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height;
}

/* A click highlights a diagram, selects a row or a picture. */
static void click(sx_risk_pane *pane, int x, int y) {
    for (int i = 0; i < sx_risk_methods(pane); i++)
        if (is_in(pane->diagrams[i], x, y) && i != pane->is.method) sx_risk_highlight(pane, i);
    if (pane->is.view == SX_RISK_FIGURES) sx_risk_table_click(pane, x, y);
    if (pane->is.view == SX_RISK_PICTURES) sx_risk_pictures_click(pane, x, y);
}

/* A click puts the cursor of its plot; from there dragged, what lies between is seen; but a
 * threshold is dragged along. */
static void mouse(void *state, const char *what, int x, int y) {
    sx_risk_pane *pane = state;
    if (!strcmp(what, "Click")) click(pane, x, y);
    sx_stroke stroke = sx_mouse_take(&pane->mouse, what, x, y);
    if (stroke.plot < 0 || stroke.plot == SX_RISK_PLOT_ROC) return;
    double from = x_under(pane, stroke.plot, stroke.from);
    double to = stroke.drag ? x_under(pane, stroke.plot, stroke.to) : from;
    sx_lens lens = sx_risk_lens(pane, stroke.plot);
    if (stroke.plot == SX_RISK_PLOT_HISTOGRAM) {
        if (!isnan(to)) sx_risk_put_gate(pane, to);
    } else if (stroke.drag) {
        sx_lens_between(&lens, from, to);
    } else if (!isnan(from)) {
        pane->is.view = stroke.plot == SX_RISK_PLOT_DIAGRAM ? SX_RISK_DIAGRAMS : SX_RISK_CURVES;
        if (stroke.plot == SX_RISK_PLOT_CURVES) sx_risk_put_coverage(pane, from);
        if (stroke.plot == SX_RISK_PLOT_DIAGRAM) pane->bin = sx_risk_bin_at(pane, from);
    }
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

static void heading(const void *state, sx_heading *out) {
    static const char *const views[SX_RISK_VIEWS] = {"risk-coverage", "reliability", "", "scores",
                                                     "pictures"};
    const sx_risk_pane *pane = state;
    int methods = sx_risk_methods(pane), view = pane->is.view;
    sx_heading_add(out, 0, "", "Risk");
    sx_heading_add(out, 3, "", " · %s",
                   view == SX_RISK_FIGURES ? sx_risk_table_name(pane->is.table) : views[view]);
    if (view == SX_RISK_PICTURES)
        sx_heading_add(out, 2, "", " · %s", sx_risk_group_names[pane->is.group]);
    if (view == SX_RISK_FIGURES && pane->is.table == SX_RISK_GUARANTEES)
        sx_heading_add(out, 2, "", " at risk %g %%", sx_risk_target(pane) * 100);
    if (view == SX_RISK_CURVES && methods > 1)
        sx_heading_add(out, 1, "", " of %d methods", methods);
    if (methods > 1 && (view == SX_RISK_SCORES || view == SX_RISK_PICTURES))
        sx_heading_add(out, 2, "", " · %s", sx_risk_method_name(pane, pane->is.method));
    bool elsewhere = pane->items && !pane->items->split[0] && !pane->desk->now->data;
    if (elsewhere) return; /* predictions of somebody else */
    sx_split split = sx_part_split(pane->items);
    sx_heading_add(out, 1, split == SX_SPLIT_VALIDATION ? ", val" : "", ", %s",
                   sx_split_name(split));
}

static void draw_plots(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    bool diagrams = pane->is.view == SX_RISK_DIAGRAMS;
    if (diagrams && sx_risk_methods(pane) > 1) {
        sx_risk_draw_diagrams(pane, canvas, box, how.focused);
    } else if (how.zoomed && box.width >= 76) {
        sx_box right = sx_box_take_columns(&box, -(box.width * 2 / 5));
        sx_risk_draw_diagram(pane, canvas, sx_box_inset(right, 2, 0, 0, 0),
                             how.focused && diagrams);
        sx_risk_draw_curves(pane, canvas, box);
    } else if (diagrams) {
        sx_risk_draw_diagram(pane, canvas, box, how.focused);
    } else {
        sx_risk_draw_curves(pane, canvas, box);
    }
}

static bool nothing_yet(const sx_risk_pane *pane) {
    return !sx_risk_curves_result(pane) &&
           !sx_part_result(pane->desk, "reliability", SX_RESULT_SERIES) && !pane->items;
}

/* The last row: what the cursor reads, or what the target asks for. */
static void draw_status(const sx_risk_pane *pane, sx_canvas *canvas, sx_box row, bool focused) {
    char text[256] = "";
    bool told = false;
    switch (pane->is.view) {
    case SX_RISK_FIGURES:
        told = sx_risk_tell_cell(pane, text, sizeof text);
        break;
    case SX_RISK_SCORES:
        if (pane->scores.histogram) sx_risk_tell_gate(pane, text, sizeof text, row.width);
        told = true;
        break;
    case SX_RISK_PICTURES:
        sx_risk_tell_picture(pane, text, sizeof text);
        told = true;
        break;
    case SX_RISK_DIAGRAMS:
        told = focused && sx_risk_tell_bin(pane, text, sizeof text);
        break;
    default:
        told = focused && sx_risk_tell_coverage(pane, text, sizeof text);
        break;
    }
    if (!told) sx_risk_tell_point(pane, text, sizeof text, row.width);
    sx_segment part = sx_part_segment(SX_ROLE_TEXT, "%s", text);
    sx_segments_draw(canvas, row, 0, &part, 1, 0);
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    sx_risk_pane *pane = state;
    int view = pane->is.view;
    bool plots = view == SX_RISK_CURVES || view == SX_RISK_DIAGRAMS;
    sx_mouse_clear(&pane->mouse, canvas->look);
    memset(pane->diagrams, 0, sizeof pane->diagrams);
    if (plots && nothing_yet(pane)) {
        sx_part_waiting(pane->desk, canvas, box, "The risk-coverage curve", SX_PART_MEASURED);
        return;
    }
    box = sx_box_inset(box, 1, 0, 1, 0);
    draw_status(pane, canvas, sx_box_take_rows(&box, -1), how.focused);
    if (view == SX_RISK_FIGURES) sx_risk_draw_table(pane, canvas, box, how.focused);
    if (view == SX_RISK_SCORES) sx_risk_draw_scores(pane, canvas, box);
    if (view == SX_RISK_PICTURES) sx_risk_draw_pictures(pane, canvas, box, how.focused);
    if (!plots) return;
    if (box.height > 4) sx_risk_draw_figures(pane, canvas, sx_box_take_rows(&box, -1));
    if (how.zoomed && box.height >= 14 && sx_risk_methods(pane) < 2)
        sx_risk_draw_measures(pane, canvas, sx_box_take_rows(&box, -(SX_CONFIDENCES + 2)));
    draw_plots(pane, canvas, box, how);
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void *open_pane(sx_desk *desk) {
    sx_risk_pane *pane = sx_alloc(1, sizeof *pane);
    if (!pane) return NULL;
    *pane = (sx_risk_pane){.desk = desk,
                           .is.target = 1,
                           .bin = -1,
                           .came_from = -1,
                           .coverage = NAN,
                           .threshold = NAN,
                           .table.column = -1,
                           .scores = {.gate = NAN, .by_target = NAN},
                           .mouse = {.plot = -1}};
    pane->pictures.drawn = sx_pictures_new();
    if (!pane->pictures.drawn) {
        sx_free(pane);
        return NULL;
    }
    for (int plot = 0; plot < SX_RISK_PLOTS; plot++)
        pane->is.x[plot] = pane->is.y[plot] = sx_ends_free;
    for (int i = 0; i < SX_RISK_SHOWN; i++) pane->is.shown[i] = (signed char)i;
    for (int i = 0; i < SX_RISK_TABLES; i++) pane->is.sort[i].column = -1;
    sx_risk_find_points(pane);
    return pane;
}

static void close_pane(void *state) {
    sx_risk_pane *pane = state;
    sx_result_release(pane->first);
    sx_result_release(pane->items);
    sx_result_release(pane->outside);
    sx_risk_scores_done(pane);
    sx_risk_table_done(pane);
    sx_risk_pictures_done(pane);
    sx_free(pane);
}

static json_t *state_of(const void *state) {
    const sx_risk_pane *pane = state;
    const sx_operating_point *point = &pane->points[SX_CONFIDENCE_MAX_PROBABILITY];
    int plot = sx_risk_plot(pane);
    sx_ends seen = sx_lens_seen(&pane->is.x[plot < 0 ? SX_RISK_PLOT_CURVES : plot], 0, 1);
    json_t *out =
        json_pack("{s:f, s:o, s:o, s:b, s:o, s:o, s:i}", "target", sx_risk_target(pane), "coverage",
                  sx_json_number(point->coverage), "threshold", sx_json_number(point->threshold),
                  "reliability", pane->is.view == SX_RISK_DIAGRAMS, "low", sx_json_number(seen.low),
                  "high", sx_json_number(seen.high), "bin", pane->bin);
    json_t *more = json_pack(
        "{s:s, s:i, s:s, s:o, s:I, s:I}", "view", view_names[pane->is.view], "method",
        pane->is.method, "table", sx_risk_table_name(pane->is.table), "gate",
        sx_json_number(sx_risk_gate(pane)), "pictures", (json_int_t)pane->pictures.count, "row",
        pane->table.rows > 0 ? (json_int_t)pane->table.order[pane->table.picker.selected]
                             : (json_int_t)-1);
    if (out && more) json_object_update(out, more);
    json_decref(more);
    return out;
}

static void layout(const void *state, sx_text *out) {
    const sx_risk_pane *pane = state;
    sx_text_add(out, "target-risk %g\n", sx_risk_target(pane) * 100);
    if (pane->is.intervals) sx_text_add(out, "intervals\n");
    if (pane->is.logarithmic) sx_text_add(out, "log-risk\n");
    if (pane->is.view == SX_RISK_FIGURES)
        sx_text_add(out, "figures %s\n", sx_risk_table_name(pane->is.table));
    else if (pane->is.view == SX_RISK_PICTURES)
        sx_text_add(out, "pictures %s\n", sx_risk_group_names[pane->is.group]);
    else if (pane->is.view != SX_RISK_CURVES)
        sx_text_add(out, "%s\n", view_names[pane->is.view]);
}

static const char *const results[] = {"methods",
                                      "scores",
                                      "out-of-distribution",
                                      "guarantee",
                                      "risk-coverage-methods",
                                      "risk-coverage",
                                      "reliability",
                                      "risk",
                                      "calibration",
                                      "items",
                                      "outside",
                                      NULL};

const sx_pane sx_pane_risk = {
    .name = "risk",
    .title = "Risk",
    .help = "risk-coverage, calibration, operating point",
    .explains = "If the network may refuse the images that it is least sure of, it "
                "answers fewer (coverage) and errs less among them (risk). The oracle "
                "is the best that any order of refusing could do. The reliability "
                "diagram asks whether it is right as often as it says: of the answers "
                "with a confidence of 0.8, 80 % should be right.",
    .tries = "Try: T asks for another risk; the arrows read a curve, Enter shows what would be "
             "refused; r turns to reliability; o moves a threshold over scores; f shows what is "
             "confidently wrong; t has all figures.",
    .commands = sx_risk_commands,
    .results = results,
    .figure = figure,
    .numbers = numbers,
    .open = open_pane,
    .close = close_pane,
    .update = update,
    .heading = heading,
    .view = SX_VIEW_SPAN(sx_risk_pane, is, is),
    .restored = restored,
    .draw = draw,
    .mouse = mouse,
    .enter = enter,
    .back = back,
    .offer = offer,
    .layout = layout,
    .state = state_of};
