/* Differences and means over runs, as results, so that they are drawn and exported like measured
 * ones. */
#include "views/pane/difference.h"

#include "core/metric/metric.h"

#include <math.h>
#include <string.h>

static bool same_values(const double *a, const double *b, int count) {
    for (int i = 0; i < count; i++)
        if (!(fabs(a[i] - b[i]) < 1e-9)) return false;
    return true;
}

static bool same_places(const sx_grid *a, const sx_grid *b) {
    return a->rows == b->rows && a->columns == b->columns &&
           same_values(a->row_values, b->row_values, a->rows) &&
           same_values(a->column_values, b->column_values, a->columns);
}

/* A grid of the same places, all unknown. */
static sx_result *new_grid(const sx_grid *like, const char *name, const char *title) {
    sx_result *result = sx_result_new(SX_RESULT_GRID, name, title);
    if (!result || !sx_grid_alloc(result, like->rows, like->columns)) {
        sx_result_release(result);
        return NULL;
    }
    result->grid.row_label = sx_result_text(result, "%s", like->row_label ? like->row_label : "");
    result->grid.column_label =
        sx_result_text(result, "%s", like->column_label ? like->column_label : "");
    result->grid.unit = sx_result_text(result, "%s", like->unit ? like->unit : "");
    memcpy(result->grid.row_values, like->row_values, (size_t)like->rows * sizeof(double));
    memcpy(result->grid.column_values, like->column_values, (size_t)like->columns * sizeof(double));
    return result;
}

static sx_interval interval_at(const sx_grid *grid, size_t at) {
    if (!grid->low || !grid->high) return (sx_interval){NAN, NAN};
    return (sx_interval){grid->low[at], grid->high[at]};
}

sx_result *sx_difference_map(const sx_result *a, const sx_result *b) {
    const sx_grid *from = &a->grid, *to = &b->grid;
    if (!same_places(from, to)) return NULL;
    sx_result *result = new_grid(to, "difference", "Difference of accuracy by location");
    if (!result) return NULL;
    sx_grid *grid = &result->grid;
    grid->few = fmax(from->few, to->few);
    for (size_t i = 0; i < (size_t)grid->rows * (size_t)grid->columns; i++) {
        sx_interval interval =
            sx_difference(to->values[i], interval_at(to, i), from->values[i], interval_at(from, i));
        grid->values[i] = to->values[i] - from->values[i];
        grid->low[i] = interval.low;
        grid->high[i] = interval.high;
        grid->count[i] = from->count && to->count ? fmin(from->count[i], to->count[i]) : NAN;
    }
    return result;
}

sx_result *sx_difference_masked(const sx_result *difference) {
    const sx_grid *from = &difference->grid;
    sx_result *result = new_grid(from, "difference", difference->title);
    if (!result) return NULL;
    sx_grid *grid = &result->grid;
    grid->few = from->few;
    size_t count = (size_t)grid->rows * (size_t)grid->columns;
    memcpy(grid->low, from->low, count * sizeof(double));
    memcpy(grid->high, from->high, count * sizeof(double));
    memcpy(grid->count, from->count, count * sizeof(double));
    for (size_t i = 0; i < count; i++)
        if (from->low[i] > 0 || from->high[i] < 0) grid->values[i] = from->values[i];
    return result;
}

static bool same_bits(const double *a, const double *b, size_t count) {
    return memcmp(a, b, count * sizeof *a) == 0;
}

bool sx_same_bits(const sx_result *a, const sx_result *b) {
    if (a->kind != b->kind || a->step != b->step) return false;
    if (a->kind == SX_RESULT_GRID)
        return same_places(&a->grid, &b->grid) &&
               same_bits(a->grid.values, b->grid.values,
                         (size_t)a->grid.rows * (size_t)a->grid.columns);
    const sx_series *x = &a->series, *y = &b->series;
    bool same = a->kind == SX_RESULT_SERIES && x->length == y->length &&
                x->line_count == y->line_count && same_bits(x->x, y->x, x->length);
    for (int line = 0; same && line < x->line_count; line++)
        same = same_bits(x->lines[line].y, y->lines[line].y, x->length);
    return same;
}

size_t sx_nearest_point(const sx_result *series, double x) {
    size_t best = 0;
    for (size_t i = 1; i < series->series.length; i++)
        if (fabs(series->series.x[i] - x) < fabs(series->series.x[best] - x)) best = i;
    return best;
}

double sx_line_at(const sx_result *series, int line, double x) {
    const double *xs = series->series.x, *ys = series->series.lines[line].y;
    size_t low = 0, high = series->series.length;
    if (high == 0 || !(x >= xs[0] && x <= xs[high - 1])) return NAN;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (xs[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    if (xs[low] == x || high == series->series.length) return ys[low];
    double part = (x - xs[low]) / (xs[high] - xs[low]);
    return ys[low] + part * (ys[high] - ys[low]);
}

sx_result *sx_mean_of_lines(const sx_result *const *series, const int *lines, int count) {
    if (count < 1) return NULL;
    const sx_series *first = &series[0]->series;
    sx_result *result = sx_result_new(SX_RESULT_SERIES, series[0]->name, series[0]->title);
    if (!result || !sx_series_alloc(result, first->length, 1, true)) {
        sx_result_release(result);
        return NULL;
    }
    sx_series *mean = &result->series;
    mean->x_label = sx_result_text(result, "%s", first->x_label ? first->x_label : "");
    mean->x_unit = sx_result_text(result, "%s", first->x_unit ? first->x_unit : "");
    mean->y_label = sx_result_text(result, "%s", first->y_label ? first->y_label : "");
    mean->lines[0].name = sx_result_text(result, "mean of %d, and their range", count);
    for (size_t i = 0; i < first->length; i++) {
        double sum = 0, low = INFINITY, high = -INFINITY;
        mean->x[i] = first->x[i];
        for (int k = 0; k < count; k++) {
            double value = sx_line_at(series[k], lines[k], first->x[i]);
            sum += value;
            low = fmin(low, value);
            high = fmax(high, value);
        }
        mean->lines[0].y[i] = sum / count;
        mean->lines[0].low[i] = isnan(sum) ? NAN : low;
        mean->lines[0].high[i] = isnan(sum) ? NAN : high;
        mean->lines[0].count[i] = count;
    }
    return result;
}
