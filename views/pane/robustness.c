/* Robustness: accuracy when the object is moved, turned and resized (SI-Score, arXiv 2104.04191).
 * One plot is the main one; a cursor reads its cells or points with interval and count, and the
 * mouse those of any plot. What is seen of the curves stays as chosen. Here are what is chosen and
 * which results that means, the page, and the pictures behind a point; cursor, plots and commands
 * have files of their own. */
#include "views/pane/robustness.h"

#include "views/pane/drop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const sx_robustness_plot_names[SX_ROBUSTNESS_PLOTS] = {"location", "rotation", "size"};

const char *const sx_robustness_measure_names[SX_ROBUSTNESS_MEASURES] = {"accuracy", "risk",
                                                                         "coverage"};

/* ---- what is chosen ---------------------------------------------------------------------------
 */

/* Whether pictures were measured that somebody else composed. */
static bool is_of_a_set(const sx_robustness_pane *pane) {
    const sx_study_data *data = pane->desk->now->data;
    return data && sx_source_describe(data->source)->test_only;
}

int sx_robustness_line(const sx_result *result) {
    int line = sx_part_line(result, "accuracy");
    return line < 0 ? 0 : line;
}

/* "location", "risk-location-2" */
static void name_of(sx_robustness_measure of, int method, sx_robustness_plot which, char out[48]) {
    char number[16] = "";
    if (of != SX_ROBUSTNESS_ACCURACY && method > 0)
        snprintf(number, sizeof number, "-%d", method + 1);
    snprintf(out, 48, "%s%s%s%s",
             of == SX_ROBUSTNESS_ACCURACY ? "" : sx_robustness_measure_names[of],
             of == SX_ROBUSTNESS_ACCURACY ? "" : "-", sx_robustness_plot_names[which], number);
}

sx_map_view sx_robustness_map(const sx_robustness_pane *pane) {
    return sx_map_of(pane->desk, pane->map);
}

const sx_result *sx_robustness_result(const sx_robustness_pane *pane, sx_robustness_plot which) {
    sx_result_kind kind = which == SX_ROBUSTNESS_LOCATION ? SX_RESULT_GRID : SX_RESULT_SERIES;
    char name[48];
    name_of(pane->measure, pane->method, which, name);
    if (which == SX_ROBUSTNESS_LOCATION && pane->measure == SX_ROBUSTNESS_ACCURACY)
        sx_text_set(name, sizeof name, sx_robustness_map(pane).name);
    const sx_result *result = sx_part_result(pane->desk, name, kind);
    if (result && which != SX_ROBUSTNESS_LOCATION && result->series.line_count < 1) return NULL;
    return result;
}

bool sx_robustness_has(const sx_robustness_pane *pane, sx_robustness_measure of, int method) {
    char name[48];
    bool any = false;
    for (sx_robustness_plot which = 0; which < SX_ROBUSTNESS_PLOTS; which++) {
        name_of(of, method, which, name);
        any = any || sx_snapshot_result(pane->desk->now, name);
    }
    return any;
}

/* A result that does not say it, or says what cannot be, was measured as the run is configured. */
double sx_robustness_area(const sx_robustness_pane *pane, sx_robustness_plot which) {
    const sx_snapshot *now = pane->desk->now;
    if (which == SX_ROBUSTNESS_SIZE || is_of_a_set(pane)) return NAN;
    double configured = which == SX_ROBUSTNESS_LOCATION ? now->location_area : now->rotation_area;
    double area = sx_part_scene(sx_robustness_result(pane, which), "area", configured);
    return area > 0 && area <= 1 ? area : configured;
}

/* Risk and coverage have ends of their own. */
void sx_robustness_turn(sx_robustness_pane *pane, sx_robustness_measure of) {
    sx_sheet_close(&pane->sheet);
    pane->measure = of;
    for (sx_robustness_plot which = 0; which < SX_ROBUSTNESS_PLOTS; which++)
        pane->y[which] = sx_ends_free;
}

sx_lens sx_robustness_lens(sx_robustness_pane *pane, sx_robustness_plot which) {
    return sx_lens_of(sx_robustness_result(pane, which), &pane->x[which], &pane->y[which],
                      sx_robustness_cursor_x(pane, which));
}

/* ---- the page ---------------------------------------------------------------------------------
 */

/* Whose risk and coverage are seen; NULL: it is accuracy. */
static const char *method_of(const sx_robustness_pane *pane) {
    const sx_result *methods = sx_part_result(pane->desk, "methods", SX_RESULT_TABLE);
    const sx_column *names = sx_part_column(methods, "method");
    bool named = pane->measure != SX_ROBUSTNESS_ACCURACY && names && names->texts &&
                 (size_t)pane->method < methods->table.rows;
    return named ? names->texts[pane->method] : NULL;
}

/* Which plot, at which area, on whose objects. */
static void heading(const void *state, sx_heading *out) {
    const sx_robustness_pane *pane = state;
    const sx_result *result = sx_robustness_result(pane, pane->main);
    const char *split = sx_split_name(sx_part_split(result));
    char brief[64], cursor[192];
    sx_heading_add(out, 0, "", "Robustness");
    if (pane->sheet.open) {
        sx_robustness_tell(pane, cursor, sizeof cursor);
        char *estimate = strstr(cursor, "   ");
        snprintf(brief, sizeof brief, " · pictures at %.*s",
                 estimate ? (int)(estimate - cursor) : (int)strlen(cursor), cursor);
        sx_heading_add(out, 1, brief, " · pictures at %s", cursor);
        if (sx_sheet_is_judged(&pane->sheet))
            sx_heading_add(out, 2, "", ", %s first", pane->sheet.best_first ? "best" : "worst");
        return;
    }
    bool several =
        sx_part_without_network(pane->desk) && result && pane->measure == SX_ROBUSTNESS_ACCURACY;
    snprintf(
        brief, sizeof brief, " · %s%sby %s",
        pane->measure == SX_ROBUSTNESS_ACCURACY ? "" : sx_robustness_measure_names[pane->measure],
        pane->measure == SX_ROBUSTNESS_ACCURACY ? "" : " ", sx_robustness_plot_names[pane->main]);
    if (several)
        sx_heading_add(out, 3, brief, " · %s", result->title);
    else
        sx_heading_add(out, 3, brief, " · %s by %s", sx_robustness_measure_names[pane->measure],
                       sx_robustness_plot_names[pane->main]);
    if (!result || several) return;
    const char *method = method_of(pane);
    if (method) sx_heading_add(out, 1, "", ", %s", method);
    double area = sx_robustness_area(pane, pane->main);
    if (area > 0) sx_heading_add(out, 1, "", ", area %g", area);
    snprintf(brief, sizeof brief, ", %s", split);
    sx_heading_add(out, 2, brief, ", %s objects", split);
}

static void draw_drop(const sx_robustness_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_result *map = pane->measure == SX_ROBUSTNESS_ACCURACY
                               ? sx_robustness_result(pane, SX_ROBUSTNESS_LOCATION)
                               : NULL;
    if (map) sx_drop_draw(pane->desk, map, canvas, row);
}

/* The main plot on the left, the other two beside or below it. */
static void draw_page(sx_robustness_pane *pane, sx_canvas *canvas, sx_box box, bool focused) {
    sx_robustness_plot others[2] = {
        pane->main == SX_ROBUSTNESS_LOCATION ? SX_ROBUSTNESS_ROTATION : SX_ROBUSTNESS_LOCATION,
        pane->main == SX_ROBUSTNESS_SIZE ? SX_ROBUSTNESS_ROTATION : SX_ROBUSTNESS_SIZE};
    if (box.width >= 76) {
        sx_box right = sx_box_take_columns(&box, -(box.width * 2 / 5));
        right = sx_box_inset(right, 2, 0, 0, 0);
        sx_box upper = sx_box_take_rows(&right, right.height / 2);
        sx_robustness_draw_plot(pane, canvas, upper, others[0], focused);
        sx_robustness_draw_plot(pane, canvas, right, others[1], focused);
    }
    sx_robustness_draw_plot(pane, canvas, box, pane->main, focused);
}

static bool nothing_yet(const sx_robustness_pane *pane) {
    return !sx_robustness_result(pane, SX_ROBUSTNESS_LOCATION) &&
           !sx_robustness_result(pane, SX_ROBUSTNESS_ROTATION) &&
           !sx_robustness_result(pane, SX_ROBUSTNESS_SIZE);
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    sx_robustness_pane *pane = state;
    sx_mouse_clear(&pane->mouse, canvas->look);
    if (pane->sheet.open && how.zoomed) {
        sx_sheet_draw(&pane->sheet, canvas, sx_box_inset(box, 1, 0, 1, 0));
        return;
    }
    if (nothing_yet(pane)) {
        sx_part_waiting(pane->desk, canvas, box, "Accuracy by place, rotation and size",
                        SX_PART_MEASURED);
        return;
    }
    box = sx_box_inset(box, 1, 0, 1, 0);
    sx_robustness_draw_status(pane, canvas, sx_box_take_rows(&box, -1), how.focused);
    if (how.zoomed) {
        if (box.height > 6) draw_drop(pane, canvas, sx_box_take_rows(&box, -1));
        draw_page(pane, canvas, box, how.focused);
        return;
    }
    if (box.height >= 9) {
        sx_robustness_draw_spark(pane, canvas, sx_box_take_rows(&box, -1), SX_ROBUSTNESS_SIZE);
        sx_robustness_draw_spark(pane, canvas, sx_box_take_rows(&box, -1), SX_ROBUSTNESS_ROTATION);
    }
    if (box.height > 5) draw_drop(pane, canvas, sx_box_take_rows(&box, -1));
    sx_robustness_draw_plot(pane, canvas, box, pane->main, how.focused);
}

/* ---- opening and going back -------------------------------------------------------------------
 */

static void *open_pane(sx_desk *desk) {
    sx_robustness_pane *pane = sx_alloc(1, sizeof *pane);
    if (!pane) return NULL;
    *pane = (sx_robustness_pane){.desk = desk,
                                 .row = -1,
                                 .column = -1,
                                 .point = {-1, -1, -1},
                                 .values = true,
                                 .mouse = {.plot = -1}};
    for (sx_robustness_plot which = 0; which < SX_ROBUSTNESS_PLOTS; which++)
        pane->x[which] = pane->y[which] = sx_ends_free;
    return pane;
}

static void close_pane(void *state) {
    sx_sheet_done(&((sx_robustness_pane *)state)->sheet);
    sx_free(state);
}

static sx_along along_of(const sx_robustness_pane *pane) {
    return pane->read == SX_ROBUSTNESS_LOCATION   ? SX_ALONG_X
           : pane->read == SX_ROBUSTNESS_ROTATION ? SX_ALONG_ROTATION
                                                  : SX_ALONG_SIZE;
}

/* For the probe: the selected picture, else the pose under the cursor. */
static void offer(void *state) {
    sx_robustness_pane *pane = state;
    sx_pose pose;
    double count;
    pane->desk->along = along_of(pane);
    if (pane->sheet.open && sx_sheet_offer(&pane->sheet)) return;
    if (sx_robustness_pose(pane, &pose, &count)) pane->desk->scene.pose = pose;
}

/* Of a set that somebody composed: what the model whose map is seen was worst at, as the
 * measurement says. */
static bool open_of_set(sx_robustness_pane *pane) {
    const sx_result *result = sx_robustness_result(pane, pane->read);
    char name[48];
    int model = sx_robustness_map(pane).model;
    snprintf(name, sizeof name, model ? "worst-%s-%d" : "worst-%s",
             sx_robustness_plot_names[pane->read], model + 1);
    const sx_result *worst = sx_part_result(pane->desk, name, SX_RESULT_TABLE);
    bool map = pane->read == SX_ROBUSTNESS_LOCATION;
    if (!result) return false;
    if (map ? pane->row < 0 : pane->point[pane->read] < 0) sx_robustness_move(pane, FIRST);
    double column =
        map ? result->grid.column_values[pane->column] : sx_robustness_cursor_x(pane, pane->read);
    double row = map ? result->grid.row_values[pane->row] : (double)NAN;
    pane->opened = pane->read;
    if (!worst)
        sx_desk_say(pane->desk, "the pictures of a point come when all are measured");
    else if (!sx_sheet_tell(&pane->sheet, pane->desk, worst, column, row))
        sx_desk_say(pane->desk, "no picture was measured there");
    return true;
}

/* The pictures behind the point under the cursor; there, the probe with the selected one. */
static bool enter(void *state) {
    sx_robustness_pane *pane = state;
    sx_pose pose;
    double count;
    if (pane->sheet.open) {
        pane->desk->wants_probe = sx_sheet_item(&pane->sheet) >= 0 && !pane->sheet.told;
        if (pane->sheet.told)
            sx_desk_say(pane->desk, "objects of a set are part of its pictures: nothing can move");
        return true;
    }
    if (!pane->desk->now->data) return false;
    if (is_of_a_set(pane)) return open_of_set(pane);
    if (!sx_robustness_pose(pane, &pose, &count)) sx_robustness_move(pane, FIRST);
    if (!sx_robustness_pose(pane, &pose, &count) || !(count >= 1)) return false;
    pane->opened = pane->read;
    sx_sheet_open(&pane->sheet, pane->desk, sx_part_split(sx_robustness_result(pane, pane->read)),
                  pose, (int)fmin(count, SX_SHEET_PICTURES));
    return true;
}

static bool back(void *state) {
    sx_robustness_pane *pane = state;
    bool was = pane->sheet.open;
    sx_sheet_close(&pane->sheet);
    return was;
}

static void seen(void *state, bool seen) {
    sx_sheet_seen(&((sx_robustness_pane *)state)->sheet, seen);
}

/* Another plot has other pictures. */
static void restored(void *state) {
    sx_robustness_pane *pane = state;
    pane->read = pane->main;
    if (pane->main != pane->opened) sx_sheet_close(&pane->sheet);
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void update(void *state) {
    sx_robustness_pane *pane = state;
    if (pane->sheet.open && !pane->desk->now->data) sx_sheet_close(&pane->sheet);
    sx_sheet_update(&pane->sheet);
}

static json_t *state_of(const void *state) {
    const sx_robustness_pane *pane = state;
    char cursor[192];
    sx_robustness_tell(pane, cursor, sizeof cursor);
    return json_pack(
        "{s:s, s:s, s:i, s:i, s:i, s:s, s:b, s:I, s:o, s:o}", "measure",
        sx_robustness_measure_names[pane->measure], "plot", sx_robustness_plot_names[pane->main],
        "method", pane->method, "row", pane->row, "column", pane->column, "cursor", cursor, "sheet",
        pane->sheet.open, "item", (json_int_t)sx_sheet_item(&pane->sheet), "low",
        sx_json_number(pane->x[pane->main].low), "high", sx_json_number(pane->x[pane->main].high));
}

/* The cell where the probe's object is. */
static void accept(void *state) {
    sx_robustness_pane *pane = state;
    sx_sheet_close(&pane->sheet);
    pane->main = pane->read = SX_ROBUSTNESS_LOCATION;
    if (pane->desk->wants_maps) { /* of what Risk shows */
        pane->method = pane->desk->method;
        bool own = sx_robustness_has(pane, SX_ROBUSTNESS_RISK, pane->method);
        if (!own) pane->method = 0;
        sx_robustness_turn(pane, SX_ROBUSTNESS_RISK);
        return;
    }
    sx_robustness_seek(pane, pane->desk->scene.pose);
}

static void layout(const void *state, sx_text *out) {
    const sx_robustness_pane *pane = state;
    if (pane->main != SX_ROBUSTNESS_LOCATION)
        sx_text_add(out, "%s\n", sx_robustness_plot_names[pane->main]);
    if (!pane->values) sx_text_add(out, "values\n");
}

static const char *const results[] = {"location",
                                      "rotation",
                                      "size",
                                      "risk-location",
                                      "risk-rotation",
                                      "risk-size",
                                      "coverage-location",
                                      "coverage-rotation",
                                      "coverage-size",
                                      NULL};

const sx_pane sx_pane_robustness = {
    .name = "robustness",
    .title = "Robustness",
    .tab = "Rob",
    .help = "accuracy by place, rotation and size of the object",
    .explains = "Objects that the network has never seen lie on backgrounds that it has"
                " never seen, and only one thing is changed: where the object is, how "
                "it is turned, how large it is. The map and the curves show the share "
                "that the network still gets right. It learned from centred, upright "
                "objects of one size, so whatever falls off towards the edges is what "
                "it did not learn.",
    .tries = "Try: the arrows read a cell; Enter shows the pictures behind it, the worst first; R "
             "and S look at rotation and size, where z comes closer; v prints values; K: risk.",
    .commands = sx_robustness_commands,
    .results = results,
    .figure = sx_robustness_figure,
    .open = open_pane,
    .close = close_pane,
    .heading = heading,
    .view = SX_VIEW_SPAN(sx_robustness_pane, main, y),
    .restored = restored,
    .draw = draw,
    .enter = enter,
    .back = back,
    .seen = seen,
    .mouse = sx_robustness_mouse,
    .update = update,
    .offer = offer,
    .accept = accept,
    .layout = layout,
    .state = state_of};
