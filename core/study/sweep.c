/* Sweeps: the same object-background pairs at every place, angle and size. A sweep measures a copy
 * of the parameters that is taken when it starts, so that all its points belong to one network, and
 * is taken in slices between training steps. */
#include "core/study/internal.h"

#include <math.h>
#include <string.h>

static const int grid_points[SX_SWEEPS] = {SX_GRID_LOCATIONS * SX_GRID_LOCATIONS, SX_GRID_ROTATIONS,
                                           SX_GRID_SIZES};

int sx_sweep_points(int sweep) {
    return grid_points[sweep];
}

sx_pose sx_grid_pose(int sweep, int point, double area) {
    if (sweep == SX_SWEEP_LOCATION)
        return (sx_pose){.area = area,
                         .x = sx_grid_location(point % SX_GRID_LOCATIONS),
                         .y = sx_grid_location(point / SX_GRID_LOCATIONS)};
    if (sweep == SX_SWEEP_ROTATION) return (sx_pose){area, sx_grid_rotation(point), 0.5, 0.5};
    return (sx_pose){sx_grid_size(point), 0, 0.5, 0.5};
}

sx_pose sx_sweep_pose(const sx_study *study, int sweep, int point) {
    return sx_grid_pose(sweep, point, study->area[sweep]);
}

sx_status sx_sweep_prepare(sx_study *study, sx_error *err) {
    for (int s = 0; s < SX_SWEEPS; s++) {
        sx_outcomes *o = &study->sweep.outcomes;
        o->points[s] = grid_points[s];
        o->right[s] = sx_alloc((size_t)grid_points[s], study->full[s]);
        study->sweep.extents[s] = sx_alloc(study->full[s], sizeof(sx_extent));
        if (!o->right[s] || !study->sweep.extents[s]) return sx_study_no_memory(err);
    }
    return SX_OK;
}

void sx_sweep_done(sx_study *study) {
    for (int s = 0; s < SX_SWEEPS; s++) {
        sx_free(study->sweep.outcomes.right[s]);
        sx_free(study->sweep.extents[s]);
    }
}

/* None where that factor is not measured. */
static size_t pairs_at(const sx_study *study, int sweep, int level) {
    size_t pairs = study->full[sweep] >> level;
    return pairs || !study->full[sweep] ? pairs : 1;
}

size_t sx_sweep_pictures(const sx_study *study, int level) {
    size_t total = 0;
    for (int s = 0; s < SX_SWEEPS; s++) total += (size_t)grid_points[s] * pairs_at(study, s, level);
    return total;
}

void sx_sweep_start(sx_study *study, sx_split split, int level) {
    sx_sweep *sweep = &study->sweep;
    sweep->active = true;
    sweep->asked = false;
    sweep->split = split;
    sweep->step = study->report.step;
    sweep->done = 0;
    sweep->total = sx_sweep_pictures(study, level);
    for (int s = 0; s < SX_SWEEPS; s++) sweep->outcomes.pairs[s] = pairs_at(study, s, level);
    memcpy(study->copy.parameters.values, sx_study_parameters(study)->values,
           study->model.parameters.size * sizeof(float));
}

/* Which picture is number k of the sweep: all pictures of a factor's points, pair by pair, so that
 * the sets fill evenly. */
typedef struct {
    int sweep, point;
    size_t pair;
} place;

static place place_of(const sx_outcomes *o, size_t k) {
    int s = 0;
    for (; s < SX_SWEEPS - 1; s++) {
        size_t count = (size_t)o->points[s] * o->pairs[s];
        if (k < count) break;
        k -= count;
    }
    size_t points = (size_t)o->points[s];
    return (place){s, (int)(k % points), k / points};
}

/* Of test objects also their sizes are kept, once a pair. */
static sx_status draw_posed(sx_study *study, int picture, uint8_t *pixels, int32_t *label,
                            sx_error *err) {
    const sx_sweep *sweep = &study->sweep;
    place p = place_of(&sweep->outcomes, sweep->done + (size_t)picture);
    int found = 0;
    sx_status status = sx_view_posed(study->data->view, sweep->split, p.pair,
                                     sx_sweep_pose(study, p.sweep, p.point), pixels, &found, err);
    *label = found;
    if (status || sweep->split != SX_SPLIT_TEST || p.point > 0) return status;
    return sx_view_pair_extent(study->data->view, sweep->split, p.pair,
                               &sweep->extents[p.sweep][p.pair], err);
}

sx_status sx_sweep_slice(sx_study *study, sx_error *err) {
    sx_sweep *sweep = &study->sweep;
    size_t left = sweep->total - sweep->done;
    int count = left < (size_t)study->slice ? (int)left : study->slice;
    sx_status status = sx_study_draw_slice(study, count, draw_posed, err);
    if (!status)
        status = sx_evaluator_bytes(study->copy_evaluator, study->pixels, (size_t)count,
                                    study->slice_probabilities, err);
    if (status) return status;
    for (int i = 0; i < count; i++) {
        place p = place_of(&sweep->outcomes, sweep->done + (size_t)i);
        const float *q = study->slice_probabilities + (size_t)i * (size_t)study->classes;
        size_t at = (size_t)p.point * sweep->outcomes.pairs[p.sweep] + p.pair;
        sweep->outcomes.right[p.sweep][at] =
            sx_likeliest(q, study->classes) == study->slice_labels[i];
    }
    sweep->done += (size_t)count;
    return SX_OK;
}

static double count_right(const sx_outcomes *o, int sweep, int point) {
    const uint8_t *right = o->right[sweep] + (size_t)point * o->pairs[sweep];
    double sum = 0;
    for (size_t i = 0; i < o->pairs[sweep]; i++) sum += right[i];
    return sum;
}

double sx_outcome_accuracy(const sx_outcomes *outcomes, int sweep, int point) {
    return count_right(outcomes, sweep, point) / (double)outcomes->pairs[sweep];
}

/* Accuracy, interval and count of a point into arrays of a result. */
static void fill_point(const sx_outcomes *o, int sweep, int point, double *arrays[4]) {
    double n = (double)o->pairs[sweep], right = count_right(o, sweep, point);
    sx_interval interval = sx_wilson(right, n);
    arrays[0][point] = right / n;
    arrays[1][point] = interval.low;
    arrays[2][point] = interval.high;
    arrays[3][point] = n;
}

static const char *objects_of(const sx_sweep *sweep) {
    return sweep->split == SX_SPLIT_TEST ? "test objects" : "validation objects";
}

static sx_result *empty_map(const char *name, const char *title, const char *figure,
                            double *arrays[4]) {
    sx_result *result = sx_result_new(SX_RESULT_GRID, name, title);
    if (!result || !sx_grid_alloc(result, SX_GRID_LOCATIONS, SX_GRID_LOCATIONS)) {
        sx_result_release(result);
        return NULL;
    }
    sx_grid *grid = &result->grid;
    grid->row_label = "y";
    grid->column_label = "x";
    grid->unit = figure;
    grid->few = 30;
    for (int i = 0; i < SX_GRID_LOCATIONS; i++)
        grid->row_values[i] = grid->column_values[i] = sx_grid_location(i);
    double *places[4] = {grid->values, grid->low, grid->high, grid->count};
    memcpy(arrays, places, sizeof places);
    return result;
}

static sx_result *empty_curve(int sweep, const char *name, const char *title, const char *figure,
                              double *arrays[4]) {
    bool turned = sweep == SX_SWEEP_ROTATION;
    sx_result *result = sx_result_new(SX_RESULT_SERIES, name, title);
    int points = grid_points[sweep];
    if (!result || !sx_series_alloc(result, (size_t)points, 1, true)) {
        sx_result_release(result);
        return NULL;
    }
    sx_series *series = &result->series;
    sx_line *line = &series->lines[0];
    series->x_label = turned ? "rotation" : "area";
    series->x_unit = turned ? "degrees" : "share of the image";
    series->y_label = figure;
    series->few = 200;
    line->name = figure;
    for (int p = 0; p < points; p++) series->x[p] = turned ? sx_grid_rotation(p) : sx_grid_size(p);
    double *places[4] = {line->y, line->low, line->high, line->count};
    memcpy(arrays, places, sizeof places);
    return result;
}

sx_result *sx_sweep_result(int sweep, const char *result, const char *title, const char *figure,
                           double *arrays[4]) {
    return sweep == SX_SWEEP_LOCATION ? empty_map(result, title, figure, arrays)
                                      : empty_curve(sweep, result, title, figure, arrays);
}

static sx_result *make_accuracy(const sx_study *study, int which) {
    static const char *const names[SX_SWEEPS] = {"location", "rotation", "size"};
    const sx_sweep *sweep = &study->sweep;
    char title[96];
    double *arrays[4];
    if (which == SX_SWEEP_SIZE)
        snprintf(title, sizeof title, "Accuracy by size, %s", objects_of(sweep));
    else
        snprintf(title, sizeof title, "Accuracy by %s, area %g, %s", names[which],
                 study->area[which], objects_of(sweep));
    sx_result *result = sx_sweep_result(which, names[which], title, "accuracy", arrays);
    if (!result) return NULL;
    result->step = sweep->step;
    for (int p = 0; p < grid_points[which]; p++) fill_point(&sweep->outcomes, which, p, arrays);
    return result;
}

sx_status sx_sweep_publish_result(sx_study *study, int which, sx_result *result, sx_error *err) {
    static const char *const keys[SX_SWEEPS] = {"location_area", "rotation_area", NULL};
    char scene[64] = "posed"; /* the curve over sizes goes over the areas */
    if (keys[which])
        snprintf(scene, sizeof scene, "posed(area=%s)",
                 sx_config_text(study->config, "robustness", keys[which]));
    return sx_study_publish_measured(study, result, study->sweep.split, scene, err);
}

sx_status sx_sweep_publish(sx_study *study, sx_error *err) {
    sx_status status = SX_OK;
    for (int which = 0; which < SX_SWEEPS && !status; which++)
        if (study->sweep.outcomes.pairs[which])
            status = sx_sweep_publish_result(study, which, make_accuracy(study, which), err);
    study->sweep.active = false;
    return status;
}
