/* The cursor of Robustness: a cell of the map or a point of a curve; how keys and the mouse move
 * it, what it reads, and the pose of the object there. */
#include "views/pane/robustness.h"

#include "views/pane/difference.h"

#include "core/metric/metric.h"

#include <math.h>
#include <stdio.h>

static int clamp(int value, int count) {
    if (value >= count) value = count - 1;
    return value < 0 ? 0 : value;
}

double sx_robustness_cursor_x(const sx_robustness_pane *pane, sx_robustness_plot which) {
    const sx_result *result = sx_robustness_result(pane, which);
    int at = pane->point[which];
    return result && at >= 0 && at < (int)result->series.length ? result->series.x[at] : NAN;
}

/* One point; on a curve the wheel, and the keys that are the same, pan. */
static void move_on_curve(sx_robustness_pane *pane, int value) {
    sx_robustness_plot which = pane->main;
    sx_lens lens = sx_robustness_lens(pane, which);
    int *at = &pane->point[which], count = (int)sx_robustness_result(pane, which)->series.length;
    if (value == UP || value == DOWN) {
        sx_lens_run(&lens, pane->desk, value == UP ? SX_LENS_LEFT : SX_LENS_RIGHT, "");
        return;
    }
    *at = *at < 0 ? count / 2 : clamp(*at + (value == LEFT ? -1 : value == RIGHT), count);
    sx_lens_keep(&lens, sx_robustness_cursor_x(pane, which));
}

/* One cell or point; the first move starts in the middle. */
void sx_robustness_move(sx_robustness_pane *pane, int value) {
    const sx_result *result = sx_robustness_result(pane, pane->main);
    int dx = value == LEFT ? -1 : value == RIGHT, dy = value == UP ? -1 : value == DOWN;
    pane->read = pane->main;
    if (!result) return;
    if (pane->main != SX_ROBUSTNESS_LOCATION) {
        move_on_curve(pane, value);
        return;
    }
    bool fresh = pane->row < 0;
    const sx_grid *grid = &result->grid;
    pane->row = clamp(fresh ? grid->rows / 2 : pane->row + dy, grid->rows);
    pane->column = clamp(fresh ? grid->columns / 2 : pane->column + dx, grid->columns);
}

/* The network whose curve that is, where there are several; else "". */
static const char *whose(const sx_result *curves) {
    bool several = curves->series.line_count > 1 && sx_part_line(curves, "accuracy") < 0;
    return several ? curves->series.lines[0].name : "";
}

void sx_robustness_tell(const sx_robustness_pane *pane, char *out, size_t size) {
    const sx_result *result = sx_robustness_result(pane, pane->read);
    char x[32], y[32], estimate[128];
    out[0] = 0;
    if (!result) return;
    if (pane->read == SX_ROBUSTNESS_LOCATION) {
        const sx_grid *grid = &result->grid;
        if (pane->row < 0 || pane->row >= grid->rows || pane->column >= grid->columns) return;
        size_t at = (size_t)pane->row * (size_t)grid->columns + (size_t)pane->column;
        sx_part_estimate(estimate, sizeof estimate, grid->values[at],
                         grid->low ? grid->low[at] : NAN, grid->high ? grid->high[at] : NAN,
                         grid->count ? grid->count[at] : NAN);
        snprintf(out, size, "x %s y %s   %s",
                 sx_number_shown(x, grid->column_values[pane->column], 2),
                 sx_number_shown(y, grid->row_values[pane->row], 2), estimate);
        return;
    }
    int at = pane->point[pane->read];
    const sx_line *line = &result->series.lines[sx_robustness_line(result)];
    if (at < 0 || at >= (int)result->series.length) return;
    sx_part_estimate(estimate, sizeof estimate, line->y[at], line->low ? line->low[at] : NAN,
                     line->high ? line->high[at] : NAN, line->count ? line->count[at] : NAN);
    const char *network = whose(result);
    snprintf(out, size, "%s %s   %s%s%s", sx_robustness_plot_names[pane->read],
             sx_number_shown(x, result->series.x[at], pane->read == SX_ROBUSTNESS_SIZE ? 2 : 0),
             network, *network ? " " : "", estimate);
}

bool sx_robustness_pose(const sx_robustness_pane *pane, sx_pose *pose, double *count) {
    const sx_result *result = sx_robustness_result(pane, pane->read);
    int at = pane->point[pane->read];
    *pose = (sx_pose){0.5, 0, 0.5, 0.5};
    if (!result) return false;
    if (pane->read == SX_ROBUSTNESS_LOCATION) {
        const sx_grid *grid = &result->grid;
        if (pane->row < 0 || pane->row >= grid->rows || pane->column >= grid->columns) return false;
        size_t cell = (size_t)pane->row * (size_t)grid->columns + (size_t)pane->column;
        *pose = (sx_pose){sx_robustness_area(pane, SX_ROBUSTNESS_LOCATION), 0,
                          grid->column_values[pane->column], grid->row_values[pane->row]};
        *count = grid->count ? grid->count[cell] : 1;
        return true;
    }
    if (at < 0 || at >= (int)result->series.length) return false;
    const sx_line *line = &result->series.lines[sx_robustness_line(result)];
    bool turned = pane->read == SX_ROBUSTNESS_ROTATION;
    if (turned) pose->area = sx_robustness_area(pane, SX_ROBUSTNESS_ROTATION);
    *pose = sx_along_pose(*pose, turned ? SX_ALONG_ROTATION : SX_ALONG_SIZE, result->series.x[at]);
    *count = line->count ? line->count[at] : 1;
    return true;
}

/* The place nearest to `value`. */
static int nearest(const double *values, int count, double value) {
    int best = 0;
    for (int i = 1; i < count; i++)
        if (fabs(values[i] - value) < fabs(values[best] - value)) best = i;
    return best;
}

void sx_robustness_seek(sx_robustness_pane *pane, sx_pose pose) {
    const sx_result *map = sx_robustness_result(pane, SX_ROBUSTNESS_LOCATION);
    if (!map) return;
    pane->row = nearest(map->grid.row_values, map->grid.rows, pose.y);
    pane->column = nearest(map->grid.column_values, map->grid.columns, pose.x);
}

/* ---- the mouse --------------------------------------------------------------------------------
 */

/* The cell under the mouse; the cursor's again: what Enter does. */
static void click_cell(sx_robustness_pane *pane, int x, int y) {
    sx_grid_place at = sx_plot_cell_at(pane->mouse.look, pane->mouse.boxes[SX_ROBUSTNESS_LOCATION],
                                       sx_robustness_result(pane, SX_ROBUSTNESS_LOCATION), x, y);
    if (at.row < 0) return;
    bool again =
        pane->read == SX_ROBUSTNESS_LOCATION && at.row == pane->row && at.column == pane->column;
    pane->read = SX_ROBUSTNESS_LOCATION;
    pane->row = at.row;
    pane->column = at.column;
    pane->desk->wants_enter = again;
}

static double x_under(const sx_robustness_pane *pane, sx_robustness_plot which, int column) {
    sx_box box = pane->mouse.boxes[which];
    sx_curve curve = sx_robustness_curve(pane, which);
    sx_axes axes = sx_robustness_axes(pane, which);
    return sx_plot_x_at(pane->mouse.look, box, &curve, 1, &axes, column - box.x);
}

void sx_robustness_mouse(void *state, const char *what, int x, int y) {
    sx_robustness_pane *pane = state;
    sx_stroke stroke = sx_mouse_take(&pane->mouse, what, x, y);
    sx_robustness_plot which =
        stroke.plot < 0 ? SX_ROBUSTNESS_LOCATION : (sx_robustness_plot)stroke.plot;
    if (stroke.plot < 0 || !sx_robustness_result(pane, which) ||
        (which == SX_ROBUSTNESS_LOCATION && stroke.drag))
        return;
    if (which == SX_ROBUSTNESS_LOCATION) {
        click_cell(pane, x, y);
        return;
    }
    double from = x_under(pane, which, stroke.from);
    sx_lens lens = sx_robustness_lens(pane, which);
    if (stroke.drag) {
        sx_lens_between(&lens, from, x_under(pane, which, stroke.to));
    } else if (!isnan(from)) {
        pane->read = which;
        pane->point[which] = (int)sx_nearest_point(sx_robustness_result(pane, which), from);
    }
}
