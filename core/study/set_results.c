/* The curves and maps of a measurement, counted from what was seen so far. Each says how pictures
 * came to the models and which pairs it is about. */
#include "core/study/set.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FULL_TURN 360.0

sx_status sx_set_publish(sx_set *set, sx_result *result, sx_error *err) {
    if (!result) return sx_set_no_memory(err);
    result->split = sx_split_name(SX_SPLIT_TEST);
    result->scene = set->published ? "crop(fraction=0.875)" : "squash";
    result->step = -1;
    set->context.publish(set->context.user, result);
    return SX_OK;
}

static const char *pairs_of(const sx_set *set, sx_grouping grouping) {
    return set->same && set->kept[grouping] ? ", same pairs" : "";
}

/* The name of a result about a model; the first one's has no number. */
static void name_of(char out[48], const char *what, int model) {
    if (model)
        snprintf(out, 48, "%s-%d", what, model + 1);
    else
        snprintf(out, 48, "%s", what);
}

/* ---- curves -----------------------------------------------------------------------------------
 */

/* The groups of a curve in the order in which it is drawn: angles from -179 degrees on. */
typedef struct {
    const sx_set_axis *axis;
    sx_grouping grouping;
    int first; /* the group that comes first */
} curve;

static curve curve_of(const sx_set *set, sx_grouping grouping) {
    curve c = {sx_set_columns(&set->plan, grouping), grouping, 0};
    if (grouping != SX_BY_ROTATION) return c;
    for (c.first = 0; c.first < c.axis->count; c.first++)
        if (c.axis->values[c.first] > FULL_TURN / 2) return c;
    c.first = 0;
    return c;
}

static int group_at(const curve *c, int point) {
    return (c->first + point) % c->axis->count;
}

static double x_at(const curve *c, int point) {
    double value = c->axis->values[group_at(c, point)];
    return c->grouping == SX_BY_ROTATION && value > FULL_TURN / 2 ? value - FULL_TURN : value;
}

static void fill_line(const curve *c, const sx_set_tally *t, sx_line *line) {
    for (int p = 0; p < c->axis->count; p++) {
        int g = group_at(c, p);
        double n = t->n[g];
        sx_interval interval = sx_wilson(t->right[g], n);
        line->y[p] = n > 0 ? t->right[g] / n : (double)NAN;
        line->low[p] = interval.low;
        line->high[p] = interval.high;
        line->count[p] = n;
    }
}

static sx_result *make_series(const sx_set *set, const curve *c, const char *name,
                              const char *title, int points) {
    sx_result *r = sx_result_new(SX_RESULT_SERIES, name, "");
    if (!r || !sx_series_alloc(r, (size_t)points, set->model_count, true) ||
        !(r->title = sx_result_text(r, "%s (%s%s)", title, set->how, pairs_of(set, c->grouping)))) {
        sx_result_release(r);
        return NULL;
    }
    bool turned = c->grouping == SX_BY_ROTATION;
    r->series.x_label = turned ? "rotation" : "size";
    r->series.x_unit = turned ? "degrees" : "of the image";
    r->series.y_label = "accuracy";
    r->series.few = SX_SET_FEW;
    for (int p = 0; p < c->axis->count; p++) r->series.x[p] = x_at(c, p);
    for (int m = 0; m < set->model_count; m++)
        if (!(r->series.lines[m].name = sx_result_text(r, "%s", set->models[m].name))) {
            sx_result_release(r);
            return NULL;
        }
    return r;
}

static sx_status draw_curve(sx_set *set, const curve *c, sx_error *err) {
    const char *title = c->grouping == SX_BY_SIZE ? "Accuracy by size" : "Accuracy by rotation";
    sx_result *r = make_series(set, c, sx_grouping_name(c->grouping), title, c->axis->count);
    sx_status status = r ? SX_OK : sx_set_no_memory(err);
    for (int m = 0; !status && m < set->model_count; m++) {
        sx_set_tally t;
        status = sx_set_count(set, m, c->grouping, set->same, &t, err);
        if (!status) fill_line(c, &t, &r->series.lines[m]);
        sx_set_tally_done(&t);
    }
    if (!status) return sx_set_publish(set, r, err);
    sx_result_release(r);
    return status;
}

/* Each model by its own largest value; a full turn is closed, with its first point at both ends. */
static sx_status draw_normalised(sx_set *set, const curve *c, sx_error *err) {
    int points = c->axis->count;
    bool closed = points > 2 && c->first > 0;
    sx_result *r = make_series(set, c, "rotation-normalised",
                               "Accuracy by rotation over each model's largest", points + closed);
    sx_status status = r ? SX_OK : sx_set_no_memory(err);
    for (int m = 0; !status && m < set->model_count; m++) {
        sx_set_tally t;
        sx_line *line = &r->series.lines[m];
        double largest = 0;
        status = sx_set_count(set, m, c->grouping, set->same, &t, err);
        if (!status) fill_line(c, &t, line);
        sx_set_tally_done(&t);
        for (int p = 0; !status && p < points; p++) largest = fmax(largest, line->y[p]);
        for (int p = 0; !status && p < points + closed; p++) {
            int from = p % points;
            if (p == points) {
                line->y[p] = line->y[from];
                line->low[p] = line->low[from];
                line->high[p] = line->high[from];
                line->count[p] = line->count[from];
                continue;
            }
            line->y[p] = largest > 0 ? line->y[p] / largest : (double)NAN;
            line->low[p] = largest > 0 ? line->low[p] / largest : (double)NAN;
            line->high[p] = largest > 0 ? line->high[p] / largest : (double)NAN;
        }
    }
    if (status) {
        sx_result_release(r);
        return status;
    }
    if (closed) r->series.x[points] = r->series.x[0] + FULL_TURN;
    r->series.y_label = "accuracy over the largest";
    return sx_set_publish(set, r, err);
}

/* What it changes to look at pairs only that are there at every value. */
static sx_status draw_same_pairs(sx_set *set, const curve *c, sx_error *err) {
    char name[48];
    if (!set->kept[c->grouping]) return SX_OK;
    snprintf(name, sizeof name, "%s-same-pairs", sx_grouping_name(c->grouping));
    sx_result *r =
        make_series(set, c, name, "Accuracy of the same pairs less that of all", c->axis->count);
    sx_status status = r ? SX_OK : sx_set_no_memory(err);
    for (int m = 0; !status && m < set->model_count; m++) {
        sx_set_tally all = {0}, same = {0};
        sx_line *line = &r->series.lines[m];
        status = sx_set_count(set, m, c->grouping, false, &all, err);
        if (!status) status = sx_set_count(set, m, c->grouping, true, &same, err);
        for (int p = 0; !status && p < c->axis->count; p++) {
            int g = group_at(c, p);
            line->y[p] = same.right[g] / same.n[g] - all.right[g] / all.n[g];
            line->count[p] = same.n[g];
        }
        sx_set_tally_done(&all);
        sx_set_tally_done(&same);
    }
    if (status) {
        sx_result_release(r);
        return status;
    }
    r->title = sx_result_text(r, "Accuracy of the same pairs less that of all (%s)", set->how);
    r->series.y_label = "difference";
    return sx_set_publish(set, r->title ? r : NULL, err);
}

/* ---- maps -------------------------------------------------------------------------------------
 */

static sx_result *make_grid(const sx_set *set, sx_grouping grouping, const char *name,
                            const char *title) {
    const sx_set_axis *columns = sx_set_columns(&set->plan, grouping);
    const sx_set_axis *rows = sx_set_rows(&set->plan, grouping);
    sx_result *r = sx_result_new(SX_RESULT_GRID, name, "");
    if (!r || !sx_grid_alloc(r, rows->count, columns->count) ||
        !(r->title = sx_result_text(r, "%s (%s%s)", title, set->how, pairs_of(set, grouping)))) {
        sx_result_release(r);
        return NULL;
    }
    bool places = grouping == SX_BY_LOCATION;
    r->grid.row_label = places ? "y" : "size";
    r->grid.column_label = places ? "x" : "rotation";
    r->grid.unit = "accuracy";
    r->grid.few = SX_SET_FEW;
    memcpy(r->grid.row_values, rows->values, (size_t)rows->count * sizeof(double));
    memcpy(r->grid.column_values, columns->values, (size_t)columns->count * sizeof(double));
    return r;
}

static sx_status draw_map(sx_set *set, sx_grouping grouping, int model, sx_error *err) {
    char name[48], title[120];
    sx_set_tally t;
    name_of(name, sx_grouping_name(grouping), model);
    snprintf(title, sizeof title, "Accuracy by %s, %s",
             grouping == SX_BY_LOCATION ? "location" : "rotation and size",
             set->models[model].name);
    sx_status status = sx_set_count(set, model, grouping, set->same, &t, err);
    if (status) return status;
    sx_result *r = make_grid(set, grouping, name, title);
    for (size_t g = 0; r && g < t.groups; g++) {
        sx_interval interval = sx_wilson(t.right[g], t.n[g]);
        r->grid.values[g] = t.n[g] > 0 ? t.right[g] / t.n[g] : (double)NAN;
        r->grid.low[g] = interval.low;
        r->grid.high[g] = interval.high;
        r->grid.count[g] = t.n[g];
    }
    sx_set_tally_done(&t);
    return sx_set_publish(set, r, err);
}

/* Right in both models, in the second, in the first, in neither. */
typedef struct {
    double both, second, first, neither;
} quartet;

static void fill_difference(const quartet *q, size_t cell, sx_grid *grid) {
    double n = q->both + q->second + q->first + q->neither;
    sx_interval interval = sx_paired_difference(q->both, q->second, q->first, q->neither);
    grid->values[cell] = n > 0 ? (q->second - q->first) / n : (double)NAN;
    grid->low[cell] = interval.low;
    grid->high[cell] = interval.high;
    grid->count[cell] = n;
}

/* A later model less the first, picture by picture. */
static sx_status draw_difference(sx_set *set, int model, sx_error *err) {
    const sx_grouping by = SX_BY_LOCATION;
    char name[48], title[160];
    size_t groups = sx_set_groups(&set->plan, by);
    name_of(name, "location-difference", model > 1 ? model : 0);
    snprintf(title, sizeof title, "Accuracy of %s less that of %s", set->models[model].name,
             set->models[0].name);
    quartet *cells = sx_alloc(groups, sizeof *cells);
    sx_result *r = cells ? make_grid(set, by, name, title) : NULL;
    for (size_t i = 0; r && i < set->plan.items; i++) {
        if (!sx_set_counts(set, by, set->same, i)) continue;
        quartet *q = &cells[sx_set_group(&set->plan, by, i)];
        bool first = sx_set_is_right(set, 0, i), second = sx_set_is_right(set, model, i);
        double *to = first && second ? &q->both
                     : second        ? &q->second
                     : first         ? &q->first
                                     : &q->neither;
        ++*to;
    }
    for (size_t g = 0; r && g < groups; g++) fill_difference(&cells[g], g, &r->grid);
    if (r) r->grid.unit = "difference";
    sx_free(cells);
    return sx_set_publish(set, r, err);
}

/* ---- all --------------------------------------------------------------------------------------
 */

/* Pictures that turned out broken are missing at their value, so their pairs are not the same. */
sx_status sx_set_find_pairs(sx_set *set, sx_error *err) {
    uint8_t *skipped = sx_alloc(set->plan.items, 1);
    if (!skipped) return sx_set_no_memory(err);
    for (size_t i = 0; i < set->plan.items; i++) skipped[i] = set->seen[i] == SX_SEEN_BROKEN;
    for (int g = 0; g < SX_GROUPINGS; g++) {
        if (!set->kept[g]) continue;
        if (sx_set_same_pairs(&set->plan, (sx_grouping)g, skipped, set->kept[g])) continue;
        sx_free(set->kept[g]);
        set->kept[g] = NULL;
    }
    sx_free(skipped);
    return SX_OK;
}

static sx_status draw_curves(sx_set *set, sx_error *err) {
    sx_status status = SX_OK;
    for (sx_grouping g = SX_BY_SIZE; !status && g <= SX_BY_ROTATION; g++) {
        if (!sx_set_groups(&set->plan, g)) continue;
        curve c = curve_of(set, g);
        status = draw_curve(set, &c, err);
        if (!status && g == SX_BY_ROTATION) status = draw_normalised(set, &c, err);
        if (!status) status = draw_same_pairs(set, &c, err);
    }
    return status;
}

sx_status sx_set_draw(sx_set *set, sx_error *err) {
    bool map = sx_set_groups(&set->plan, SX_BY_LOCATION) > 0;
    bool crossed = sx_set_groups(&set->plan, SX_BY_ROTATION_AND_SIZE) > 0;
    sx_status status = sx_set_find_pairs(set, err);
    if (!status) status = draw_curves(set, err);
    for (int m = 0; !status && m < set->model_count; m++) {
        if (map) status = draw_map(set, SX_BY_LOCATION, m, err);
        if (!status && map && m > 0) status = draw_difference(set, m, err);
        if (!status && crossed) status = draw_map(set, SX_BY_ROTATION_AND_SIZE, m, err);
    }
    return status ? status : sx_set_draw_tables(set, err);
}
