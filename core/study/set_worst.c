/* The pictures behind each point of a measurement with the highest loss, so that whoever sees a low
 * figure can look at what was not recognised. As many of a point as one looks at, not all: those
 * are in the rows. */
#include "core/study/set.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FULL_TURN 360.0

/* The highest losses of each group so far, the highest first. */
typedef struct {
    size_t groups;
    uint32_t *items; /* [groups, SX_SET_WORST] */
    int *counts;     /* [groups] */
} worst;

static void take(const sx_set_model *m, worst *w, size_t group, uint32_t item) {
    uint32_t *items = w->items + group * SX_SET_WORST;
    int *count = &w->counts[group], at = *count;
    bool full = at == SX_SET_WORST;
    if (full && !(m->loss[item] > m->loss[items[SX_SET_WORST - 1]])) return;
    if (full) at--;
    for (; at > 0 && m->loss[item] > m->loss[items[at - 1]]; at--) items[at] = items[at - 1];
    items[at] = item;
    if (!full) (*count)++;
}

static bool find(const sx_set *set, const sx_set_model *m, sx_grouping grouping, worst *w) {
    w->groups = sx_set_groups(&set->plan, grouping);
    w->items = sx_alloc(w->groups * SX_SET_WORST, sizeof *w->items);
    w->counts = sx_alloc(w->groups, sizeof *w->counts);
    if (!w->items || !w->counts) return false;
    for (size_t item = 0; item < set->plan.items; item++)
        if (sx_set_counts(set, grouping, set->same, item) && !isnan(m->loss[item]))
            take(m, w, sx_set_group(&set->plan, grouping, item), (uint32_t)item);
    return true;
}

/* As the curve or map has it. */
static double column_of(const sx_set *set, sx_grouping grouping, size_t group) {
    const sx_set_axis *axis = sx_set_columns(&set->plan, grouping);
    double value = axis->values[group % (size_t)axis->count];
    return grouping == SX_BY_ROTATION && value > FULL_TURN / 2 ? value - FULL_TURN : value;
}

static double row_of(const sx_set *set, sx_grouping grouping, size_t group) {
    if (grouping != SX_BY_LOCATION) return NAN;
    const sx_set_axis *columns = sx_set_columns(&set->plan, grouping);
    return sx_set_rows(&set->plan, grouping)->values[group / (size_t)columns->count];
}

static bool fill_row(const sx_set *set, const sx_set_model *m, size_t item, size_t row,
                     sx_result *r) {
    char number[24];
    int says = m->prediction[item];
    const sx_column *c = r->table.columns;
    c[2].numbers[row] = (double)item;
    c[3].numbers[row] = set->plan.labels[item];
    c[4].numbers[row] = says == m->mapped[set->plan.labels[item]];
    c[5].numbers[row] = (double)m->loss[item];
    c[6].texts[row] =
        sx_result_text(r, "%s", says < 0 ? "" : sx_outside_class(&m->outside, says, number));
    return c[6].texts[row] != NULL;
}

static bool fill(const sx_set *set, const sx_set_model *m, sx_grouping grouping, const worst *w,
                 sx_result *r) {
    bool good = true;
    size_t row = 0;
    for (size_t group = 0; group < w->groups; group++)
        for (int i = 0; good && i < w->counts[group]; i++, row++) {
            r->table.columns[0].numbers[row] = column_of(set, grouping, group);
            r->table.columns[1].numbers[row] = row_of(set, grouping, group);
            good = fill_row(set, m, w->items[group * SX_SET_WORST + (size_t)i], row, r);
        }
    return good;
}

static sx_result *make_table(const sx_set *set, int model, sx_grouping grouping) {
    static const char *const columns[] = {"column", "row",  "item", "label",
                                          "right",  "loss", "says"};
    const sx_set_model *m = &set->models[model];
    char name[48], number[16] = "";
    worst w = {0};
    sx_result *r = NULL;
    size_t rows = 0;
    if (model) snprintf(number, sizeof number, "-%d", model + 1);
    snprintf(name, sizeof name, "worst-%s%s", sx_grouping_name(grouping), number);
    bool good = find(set, m, grouping, &w);
    for (size_t group = 0; good && group < w.groups; group++) rows += (size_t)w.counts[group];
    if (good) r = sx_table_new(name, "", rows, columns, 7, 1u << 6);
    good = r && fill(set, m, grouping, &w, r) &&
           (r->title = sx_result_text(r, "Pictures with the highest loss by %s, %s (%s)",
                                      sx_grouping_name(grouping), m->name, set->how));
    sx_free(w.items);
    sx_free(w.counts);
    if (good) return r;
    sx_result_release(r);
    return NULL;
}

sx_status sx_set_draw_worst(sx_set *set, bool *ended, sx_error *err) {
    int model = set->worst / SX_SCORES;
    sx_grouping grouping = (sx_grouping)(set->worst % SX_SCORES);
    *ended = model == set->model_count;
    if (*ended) return SX_OK;
    set->worst++;
    if (!sx_set_groups(&set->plan, grouping)) return SX_OK;
    return sx_set_publish(set, make_table(set, model, grouping), err);
}
