/* Counting: how often a model was right, group by group and class by class, and the means that are
 * called scores. Groups weigh the same whatever their number of pictures, as SI-Score's own metric
 * has it. */
#include "core/study/set.h"

#include <math.h>

#define MOST_CELLS (1 << 20) /* of groups and classes that are counted */

bool sx_set_is_right(const sx_set *set, int model, size_t item) {
    const sx_set_model *m = &set->models[model];
    return m->prediction[item] == m->mapped[set->plan.labels[item]];
}

bool sx_set_counts(const sx_set *set, sx_grouping grouping, bool same, size_t item) {
    if (set->seen[item] != SX_SEEN) return false;
    return !same || (set->kept[grouping] && set->kept[grouping][item]);
}

static sx_status allocate(sx_set_tally *t, sx_error *err) {
    t->n = sx_alloc(t->groups, sizeof *t->n);
    t->right = sx_alloc(t->groups, sizeof *t->right);
    t->top = sx_alloc(t->groups, sizeof *t->top);
    bool memory = t->n && t->right && t->top;
    if (memory && t->groups <= MOST_CELLS / t->classes) {
        t->class_n = sx_alloc(t->groups * t->classes, sizeof *t->class_n);
        t->class_right = sx_alloc(t->groups * t->classes, sizeof *t->class_right);
        memory = t->class_n && t->class_right;
    }
    return memory ? SX_OK : sx_set_no_memory(err);
}

sx_status sx_set_count(const sx_set *set, int model, sx_grouping grouping, bool same,
                       sx_set_tally *out, sx_error *err) {
    const sx_set_plan *plan = &set->plan;
    *out =
        (sx_set_tally){.groups = sx_set_groups(plan, grouping), .classes = (size_t)plan->classes};
    sx_status status = allocate(out, err);
    if (status) {
        sx_set_tally_done(out);
        return status;
    }
    for (size_t i = 0; i < plan->items; i++) {
        if (!sx_set_counts(set, grouping, same, i)) continue;
        size_t group = sx_set_group(plan, grouping, i);
        size_t cell = group * out->classes + (size_t)plan->labels[i];
        double right = sx_set_is_right(set, model, i);
        out->n[group]++;
        out->right[group] += right;
        out->top[group] += set->models[model].top[i];
        if (!out->class_n) continue;
        out->class_n[cell]++;
        out->class_right[cell] += right;
    }
    return SX_OK;
}

void sx_set_tally_done(sx_set_tally *t) {
    sx_free(t->n);
    sx_free(t->right);
    sx_free(t->top);
    sx_free(t->class_n);
    sx_free(t->class_right);
    *t = (sx_set_tally){0};
}

double sx_set_mean(const double *right, const double *n, size_t groups) {
    double sum = 0, filled = 0;
    for (size_t g = 0; g < groups; g++) {
        if (!(n[g] > 0)) continue;
        sum += right[g] / n[g];
        filled++;
    }
    return filled > 0 ? sum / filled : (double)NAN;
}

double sx_set_mean_by_class(const double *right, const double *n, size_t groups, size_t classes) {
    double sum = 0, filled = 0;
    for (size_t g = 0; g < groups; g++) {
        double mean = sx_set_mean(right + g * classes, n + g * classes, classes);
        if (isnan(mean)) continue;
        sum += mean;
        filled++;
    }
    return filled > 0 ? sum / filled : (double)NAN;
}

static bool is_central(double place) {
    return place >= 1.0 / 3 && place <= 2.0 / 3;
}

static bool is_end(const sx_set_axis *axis, int place) {
    return axis->count > 1 && (place == 0 || place == axis->count - 1);
}

sx_set_parts sx_set_parts_of(const sx_set_plan *plan, const sx_set_tally *tally) {
    const sx_set_axis *x = &plan->axes[SX_SET_X], *y = &plan->axes[SX_SET_Y];
    double sums[2] = {0}, counts[2] = {0};
    for (int row = 0; row < y->count; row++)
        for (int column = 0; column < x->count; column++) {
            size_t cell = (size_t)row * (size_t)x->count + (size_t)column;
            bool ring = is_end(y, row) || is_end(x, column);
            bool central = is_central(y->values[row]) && is_central(x->values[column]);
            if (!(tally->n[cell] > 0) || (!ring && !central)) continue;
            sums[ring] += tally->right[cell] / tally->n[cell];
            counts[ring]++;
        }
    return (sx_set_parts){counts[0] > 0 ? sums[0] / counts[0] : (double)NAN,
                          counts[1] > 0 ? sums[1] / counts[1] : (double)NAN};
}
