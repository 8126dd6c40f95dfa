/* The tables of a measurement: scores, what the same pairs change, classes, and what could not be
 * read. */
#include "core/study/set.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static sx_status publish(sx_set *set, sx_result *r, const char *title, sx_error *err) {
    if (r && !(r->title = sx_result_text(r, "%s (%s)", title, set->how))) {
        sx_result_release(r);
        r = NULL;
    }
    return sx_set_publish(set, r, err);
}

/* ---- score ------------------------------------------------------------------------------------
 */

enum {
    MODEL,
    BY,
    SCORE,
    LOW,
    HIGH,
    TOP,
    BY_CLASS,
    CLASS_LOW,
    CLASS_HIGH,
    CENTRE,
    RING,
    IMAGES,
    MEAN,
    LOSS,
    PAIRS,
    CROP,
    ROWS,
    COLUMNS
};

/* Means over pictures, whatever their group. */
typedef struct {
    double n, right, loss;
} whole;

static whole count_whole(const sx_set *set, int model, sx_grouping grouping, bool same) {
    whole w = {0, 0, 0};
    for (size_t i = 0; i < set->plan.items; i++) {
        if (!sx_set_counts(set, grouping, same, i)) continue;
        w.n++;
        w.right += sx_set_is_right(set, model, i);
        w.loss += (double)set->models[model].loss[i];
    }
    return w;
}

static sx_interval interval_of(const sx_set *set, sx_interval interval) {
    return set->intervals_hold ? interval : (sx_interval){NAN, NAN};
}

static void add_means(const sx_set *set, const sx_set_tally *t, sx_grouping by, int model,
                      double row[COLUMNS]) {
    const sx_set_intervals *intervals = &set->intervals[by][model][set->same];
    sx_interval plain = interval_of(set, intervals->plain);
    sx_interval by_class = interval_of(set, intervals->by_class);
    row[SCORE] = sx_set_mean(t->right, t->n, t->groups);
    row[LOW] = plain.low;
    row[HIGH] = plain.high;
    row[TOP] = sx_set_mean(t->top, t->n, t->groups);
    if (t->class_n)
        row[BY_CLASS] = sx_set_mean_by_class(t->class_right, t->class_n, t->groups, t->classes);
    row[CLASS_LOW] = by_class.low;
    row[CLASS_HIGH] = by_class.high;
    if (by != SX_BY_LOCATION) return;
    sx_set_parts parts = sx_set_parts_of(&set->plan, t);
    row[CENTRE] = parts.centre;
    row[RING] = parts.ring;
}

static bool add_row(const sx_set *set, sx_result *r, size_t at, int model, sx_grouping by,
                    const double row[COLUMNS]) {
    sx_column *c = r->table.columns;
    bool grouped = by < SX_SCORES;
    c[MODEL].texts[at] = sx_result_text(r, "%s", set->models[model].name);
    c[BY].texts[at] = grouped ? sx_grouping_name(by) : "pictures";
    c[PAIRS].texts[at] = grouped && set->same && set->kept[by] ? "same" : "all";
    c[CROP].texts[at] = set->published ? "published" : "resize";
    c[ROWS].texts[at] = sx_result_text(r, "%s", set->rows_names[model]);
    for (int k = 0; k < COLUMNS; k++)
        if (!c[k].texts) c[k].numbers[at] = row[k];
    return c[MODEL].texts[at] && c[ROWS].texts[at];
}

/* Of a set whose pictures have no values, the mean over pictures is the score. */
static bool fill_score(const sx_set *set, sx_result *r, size_t at, int model, sx_grouping by) {
    double row[COLUMNS];
    for (int k = 0; k < COLUMNS; k++) row[k] = NAN;
    bool grouped = by < SX_SCORES;
    bool same = grouped && set->same && set->kept[by];
    whole w = count_whole(set, model, by, same);
    row[IMAGES] = w.n;
    row[MEAN] = w.n > 0 ? w.right / w.n : (double)NAN;
    row[LOSS] = w.n > 0 ? w.loss / w.n : (double)NAN;
    if (grouped) {
        sx_set_tally t;
        if (sx_set_count(set, model, by, same, &t, NULL)) return false;
        add_means(set, &t, by, model, row);
        sx_set_tally_done(&t);
    }
    return add_row(set, r, at, model, by, row);
}

static int count_scores(const sx_set *set, sx_grouping scores[SX_SCORES]) {
    int count = 0;
    for (sx_grouping g = 0; g < SX_SCORES; g++)
        if (sx_set_groups(&set->plan, g)) scores[count++] = g;
    if (!count) scores[count++] = SX_SCORES;
    return count;
}

static sx_status draw_score(sx_set *set, sx_error *err) {
    char top[24];
    const char *const names[COLUMNS] = {"model", "by",       "top-1",      "low",        "high",
                                        "top",   "by class", "class low",  "class high", "centre",
                                        "ring",  "images",   "image mean", "loss",       "pairs",
                                        "crop",  "rows"};
    const unsigned texts = 1u << MODEL | 1u << BY | 1u << PAIRS | 1u << CROP | 1u << ROWS;
    sx_grouping scores[SX_SCORES];
    int count = count_scores(set, scores);
    size_t rows = (size_t)count * (size_t)set->model_count;
    snprintf(top, sizeof top, "top-%d", set->top);
    sx_result *r = sx_table_new("score", "", rows, names, COLUMNS, texts);
    bool good = r && (r->table.columns[TOP].name = sx_result_text(r, "%s", top));
    for (size_t at = 0; good && at < rows; at++)
        good = fill_score(set, r, at, (int)(at / (size_t)count), scores[at % (size_t)count]);
    if (good) return publish(set, r, "Mean of the groups' accuracies", err);
    sx_result_release(r);
    return sx_set_no_memory(err);
}

/* ---- the same pairs ---------------------------------------------------------------------------
 */

static size_t images_of(const sx_set *set, sx_grouping by, bool same) {
    size_t count = 0;
    for (size_t i = 0; i < set->plan.items; i++) count += sx_set_counts(set, by, same, i);
    return count;
}

static bool fill_same(const sx_set *set, sx_result *r, size_t at, int model, sx_grouping by) {
    sx_column *c = r->table.columns;
    sx_set_tally all = {0}, same = {0};
    bool memory = !sx_set_count(set, model, by, false, &all, NULL) &&
                  !sx_set_count(set, model, by, true, &same, NULL);
    if (memory) {
        double of_all = sx_set_mean(all.right, all.n, all.groups);
        double of_same = sx_set_mean(same.right, same.n, same.groups);
        const sx_set_intervals *intervals = set->intervals[by][model];
        sx_interval i_all = interval_of(set, intervals[0].plain);
        sx_interval i_same = interval_of(set, intervals[1].plain);
        const double row[] = {of_all,
                              of_same,
                              of_same - of_all,
                              (double)images_of(set, by, false),
                              (double)images_of(set, by, true),
                              i_all.low,
                              i_all.high,
                              i_same.low,
                              i_same.high};
        for (size_t k = 0; k < sizeof row / sizeof *row; k++) c[2 + k].numbers[at] = row[k];
    }
    c[0].texts[at] = sx_result_text(r, "%s", set->models[model].name);
    c[1].texts[at] = sx_grouping_name(by);
    sx_set_tally_done(&all);
    sx_set_tally_done(&same);
    return memory && c[0].texts[at];
}

static sx_status draw_same(sx_set *set, sx_error *err) {
    static const char *const names[] = {"model",      "by",         "all pairs",   "same pairs",
                                        "difference", "all images", "same images", "all low",
                                        "all high",   "same low",   "same high"};
    enum { SAME_COLUMNS = sizeof names / sizeof *names };
    sx_grouping scores[SX_SCORES];
    int count = 0;
    for (sx_grouping g = 0; g < SX_SCORES; g++)
        if (sx_set_groups(&set->plan, g) && set->kept[g]) scores[count++] = g;
    if (!count) return SX_OK;
    size_t rows = (size_t)count * (size_t)set->model_count;
    sx_result *r = sx_table_new("same-pairs", "", rows, names, SAME_COLUMNS, 1u << 0 | 1u << 1);
    bool good = r != NULL;
    for (size_t at = 0; good && at < rows; at++)
        good = fill_same(set, r, at, (int)(at / (size_t)count), scores[at % (size_t)count]);
    if (good) return publish(set, r, "All pairs, and those that are there at every value", err);
    sx_result_release(r);
    return sx_set_no_memory(err);
}

/* ---- classes ----------------------------------------------------------------------------------
 */

/* Pictures of a class, those that a model is right about, and those it has among the first. */
typedef struct {
    double n, right, top;
} share;

static void count_classes(const sx_set *set, int model, share *shares) {
    for (size_t i = 0; i < set->plan.items; i++) {
        if (set->seen[i] != SX_SEEN) continue;
        share *s = &shares[set->plan.labels[i]];
        s->n++;
        s->right += sx_set_is_right(set, model, i);
        s->top += set->models[model].top[i];
    }
}

static bool fill_class(const sx_set *set, sx_result *r, int model, int class, const share *s) {
    const sx_source_facts *facts = sx_source_describe(set->plan.source);
    sx_column *c = r->table.columns;
    size_t at = (size_t) class * (size_t)set->model_count + (size_t)model;
    sx_interval interval = sx_wilson(s->right, s->n);
    c[0].texts[at] = sx_result_text(r, "%s", facts->class_names[class]);
    c[1].texts[at] = sx_result_text(r, "%s", set->models[model].name);
    c[2].numbers[at] = s->n;
    c[3].numbers[at] = s->n > 0 ? s->right / s->n : (double)NAN;
    c[4].numbers[at] = interval.low;
    c[5].numbers[at] = interval.high;
    c[6].numbers[at] = s->n > 0 ? s->top / s->n : (double)NAN;
    return c[0].texts[at] && c[1].texts[at];
}

static sx_status draw_classes(sx_set *set, sx_error *err) {
    char top[24];
    snprintf(top, sizeof top, "top-%d", set->top);
    const char *const names[] = {"class", "model", "images", "top-1", "low", "high", "top"};
    size_t classes = (size_t)set->plan.classes;
    share *shares = sx_alloc(classes, sizeof *shares);
    sx_result *r = sx_table_new("classes", "", classes * (size_t)set->model_count, names, 7,
                                1u << 0 | 1u << 1);
    bool good = shares && r && (r->table.columns[6].name = sx_result_text(r, "%s", top));
    for (int m = 0; good && m < set->model_count; m++) {
        memset(shares, 0, classes * sizeof *shares);
        count_classes(set, m, shares);
        for (size_t c = 0; good && c < classes; c++)
            good = fill_class(set, r, m, (int)c, &shares[c]);
    }
    sx_free(shares);
    if (good) return publish(set, r, "Accuracy by class", err);
    sx_result_release(r);
    return sx_set_no_memory(err);
}

/* ---- broken pictures --------------------------------------------------------------------------
 */

static sx_status draw_broken(sx_set *set, sx_error *err) {
    static const char *const names[] = {"picture", "why it is left out"};
    size_t count = set->broken_count < SX_SET_BROKEN ? set->broken_count : SX_SET_BROKEN;
    if (!count) return SX_OK;
    sx_result *r = sx_table_new("broken", "", count, names, 2, 3);
    bool good = r != NULL;
    for (size_t i = 0; good && i < count; i++) {
        char name[512];
        sx_set_picture_name(&set->plan, set->broken[i].item, name, sizeof name);
        r->table.columns[0].texts[i] = sx_result_text(r, "%s", name);
        r->table.columns[1].texts[i] = sx_result_text(r, "%s", set->broken[i].reason);
        good = r->table.columns[0].texts[i] && r->table.columns[1].texts[i];
    }
    if (good) r->title = sx_result_text(r, "%zu pictures cannot be read", set->broken_count);
    if (good && r->title) return sx_set_publish(set, r, err);
    sx_result_release(r);
    return sx_set_no_memory(err);
}

sx_status sx_set_draw_tables(sx_set *set, sx_error *err) {
    sx_status status = draw_score(set, err);
    if (!status) status = draw_same(set, err);
    if (!status) status = draw_classes(set, err);
    return status ? status : draw_broken(set, err);
}
