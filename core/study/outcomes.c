/* What each picture of the last measurements came to: whether it was recognised, how much of its
 * object was inside, which object on which background it shows. Published as results that nobody
 * draws, because claims between runs need more than means: a bootstrap resamples pictures, and the
 * same pictures in all runs that measured them.
 *
 * Pair number k shows the same object on the same background at every place, angle and size, so one
 * table says of all sweeps what their pairs are. */
#include "core/study/internal.h"

#include <string.h>

static const char *const factors[SX_SWEEPS] = {"location", "rotation", "size"};

/* A grid over the points of a sweep and its pairs. */
static sx_result *make_grid(const sx_study *study, int sweep, const char *what, const char *title) {
    const sx_outcomes *o = &study->sweep.outcomes;
    char name[48], full[96];
    snprintf(name, sizeof name, "%s-%s", what, factors[sweep]);
    snprintf(full, sizeof full, "%s, by %s, test objects", title, factors[sweep]);
    sx_result *result = sx_result_new(SX_RESULT_GRID, name, full);
    if (!result || !sx_grid_alloc_values(result, o->points[sweep], (int)o->pairs[sweep])) {
        sx_result_release(result);
        return NULL;
    }
    result->step = study->report.step;
    result->grid.row_label = sweep == SX_SWEEP_LOCATION ? "place" : factors[sweep];
    result->grid.column_label = "pair";
    for (int pair = 0; pair < result->grid.columns; pair++) result->grid.column_values[pair] = pair;
    return result;
}

/* The factor; places by their number, row by row, and where they are. */
static bool name_rows(const sx_study *study, int sweep, sx_result *result) {
    sx_grid *grid = &result->grid;
    bool placed = sweep == SX_SWEEP_LOCATION;
    if (placed)
        grid->row_names = sx_arena_alloc(&result->arena, (size_t)grid->rows, sizeof(char *));
    if (placed && !grid->row_names) return false;
    for (int point = 0; point < grid->rows; point++) {
        sx_pose pose = sx_sweep_pose(study, sweep, point);
        grid->row_values[point] = placed                       ? point
                                  : sweep == SX_SWEEP_ROTATION ? pose.rotation
                                                               : pose.area;
        if (placed) grid->row_names[point] = sx_result_text(result, "x %g y %g", pose.x, pose.y);
        if (placed && !grid->row_names[point]) return false;
    }
    return true;
}

/* Takes the grid; NULL is told. */
static sx_status publish_grid(sx_study *study, int sweep, sx_result *result, sx_error *err) {
    if (result && !name_rows(study, sweep, result)) {
        sx_result_release(result);
        result = NULL;
    }
    return sx_sweep_publish_result(study, sweep, result, err);
}

static sx_status publish_right(sx_study *study, int sweep, sx_error *err) {
    sx_result *result = make_grid(study, sweep, "outcomes", "Recognised (1) or not (0)");
    size_t cells = result ? (size_t)result->grid.rows * (size_t)result->grid.columns : 0;
    for (size_t i = 0; i < cells; i++)
        result->grid.values[i] = study->sweep.outcomes.right[sweep][i];
    if (result) result->grid.unit = "recognised";
    return publish_grid(study, sweep, result, err);
}

static sx_status publish_inside(sx_study *study, int sweep, sx_error *err) {
    sx_result *result =
        make_grid(study, sweep, "inside", "Share of the object's rectangle inside the image");
    double *out = result ? result->grid.values : NULL;
    for (int point = 0; result && point < result->grid.rows; point++)
        for (int pair = 0; pair < result->grid.columns; pair++) {
            sx_extent extent = study->sweep.extents[sweep][pair];
            sx_pose pose = sx_sweep_pose(study, sweep, point);
            *out++ = sx_si_place(extent.width, extent.height, pose, study->size).inside;
        }
    if (result) result->grid.unit = "inside";
    return publish_grid(study, sweep, result, err);
}

/* The sweep of the most pairs: those of the others are its first. */
static int longest_sweep(const sx_outcomes *o) {
    int longest = 0;
    for (int s = 1; s < SX_SWEEPS; s++)
        if (o->pairs[s] > o->pairs[longest]) longest = s;
    return longest;
}

static bool fill_pair(const sx_study *study, sx_result *result, const sx_extent *extents,
                      size_t pair) {
    const sx_source *source = study->data->source;
    sx_split split = study->sweep.split;
    sx_column *columns = result->table.columns;
    size_t item = sx_view_pair_item(study->data->view, split, pair);
    int label = sx_source_label(source, split, item);
    uint64_t background = sx_view_pair_background(study->data->view, split, pair);
    const double numbers[] = {(double)pair,        (double)item,        0, label, 0,
                              extents[pair].width, extents[pair].height};
    for (int c = 0; c < 7; c++) columns[c].numbers[pair] = numbers[c];
    columns[2].texts[pair] = sx_result_text(result, "%llu", (unsigned long long)background);
    columns[4].texts[pair] =
        sx_result_text(result, "%s", sx_source_describe(source)->class_names[label]);
    return columns[2].texts[pair] && columns[4].texts[pair];
}

static sx_result *make_pairs(const sx_study *study) {
    static const char *const names[] = {"pair",  "item",  "background", "label",
                                        "class", "width", "height"};
    int sweep = longest_sweep(&study->sweep.outcomes);
    size_t count = study->sweep.outcomes.pairs[sweep];
    sx_result *result = sx_table_new("outcomes-pairs", "Pairs of object and background", count,
                                     names, 7, 1u << 2 | 1u << 4);
    bool memory = result != NULL;
    for (size_t pair = 0; memory && pair < count; pair++)
        memory = fill_pair(study, result, study->sweep.extents[sweep], pair);
    if (memory) {
        result->step = study->report.step;
        return result;
    }
    sx_result_release(result);
    return NULL;
}

static sx_result *make_test(const sx_study *study) {
    static const char *const names[] = {"item", "label", "recognised"};
    size_t count = study->evaluation.total;
    sx_result *result =
        sx_table_new("outcomes-test", "Recognised (1) or not (0), test split", count, names, 3, 0);
    for (size_t k = 0; result && k < count; k++) {
        size_t item = sx_evaluation_item(study, k);
        sx_column *columns = result->table.columns;
        columns[0].numbers[k] = (double)item;
        columns[1].numbers[k] = sx_source_label(study->data->source, study->evaluation.split, item);
        columns[2].numbers[k] = sx_evaluation_is_right(study, k);
    }
    if (result) result->step = study->report.step;
    return result;
}

sx_status sx_outcomes_publish(sx_study *study, sx_error *err) {
    const sx_outcomes *o = &study->sweep.outcomes;
    sx_status status = SX_OK;
    for (int s = 0; s < SX_SWEEPS && !status; s++) {
        if (!o->pairs[s]) continue;
        status = publish_right(study, s, err);
        if (!status && s != SX_SWEEP_ROTATION) status = publish_inside(study, s, err);
    }
    if (!status && o->pairs[longest_sweep(o)])
        status =
            sx_study_publish_measured(study, make_pairs(study), study->sweep.split, "posed", err);
    if (status) return status;
    return sx_study_publish_measured(study, make_test(study), study->evaluation.split, NULL, err);
}
