/* What methods say becomes results. While the walk goes on they are of validation; test and sets
 * from elsewhere are looked at once, at the end, when every choice has been made. */
#include "core/study/last_layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ITEM_ROWS 2000 /* of tables of items */
/* One for all runs: those of other seeds look at the same test images, and claims over seeds take
 * the same resample of them. Where images differ it is chance, as any other. */
#define RESAMPLES 1

typedef struct sx_last_sheet {
    sx_scoring scoring;
    sx_method methods[SX_METHODS];
    int count;
    char names[SX_METHODS][96];
    const char *set_names[SX_OUTSIDE_SETS];
    const uint32_t *items[SX_OUTSIDE_SETS];
    const sx_ensemble *outside[SX_METHODS][SX_OUTSIDE_SETS];
} sheet;

/* "sgd(gamma=0.1/0.01)" is called by what was chosen of it. */
static void name_method(const sx_last *last, int m, char out[96]) {
    const sx_last_method *method = &last->list.method[m];
    const char *gamma = strstr(method->spec, "gamma=");
    if (method->step_count < 2 || !gamma) {
        sx_text_set(out, 96, method->spec);
        return;
    }
    const char *rest = gamma + strcspn(gamma, ",)");
    snprintf(out, 96, "%.*sgamma=%g%s", (int)(gamma - method->spec), method->spec,
             method->steps[last->says[m].chosen], rest);
}

static void put_outside(const sx_last *last, sheet *out) {
    int sets = last->outside_end - SX_LAST_OUTSIDE;
    out->scoring.sets = sets;
    for (int s = 0; s < sets; s++) {
        const sx_last_set *set = &last->sets[SX_LAST_OUTSIDE + s];
        out->set_names[s] = set->name;
        out->items[s] = set->items;
    }
    for (int m = 0; m < out->count; m++) {
        for (int s = 0; s < sets; s++)
            out->outside[m][s] = &last->says[m].best[SX_LAST_OUTSIDE + s];
        out->methods[m].outside = out->outside[m];
    }
    out->scoring.set_names = out->set_names;
    out->scoring.outside_items = out->items;
}

static void fill(const sx_last *last, int which, sheet *out) {
    const sx_last_set *set = &last->sets[which];
    *out = (sheet){.scoring = {.n = set->count,
                               .labels = set->labels,
                               .items = set->items,
                               .classes = last->form.classes,
                               .split = set->name,
                               .step = last->report.step,
                               .most_rows = ITEM_ROWS,
                               .seed = RESAMPLES,
                               .draws = which == SX_LAST_TEST,
                               .pool = last->context.pool,
                               .stop = last->context.stop,
                               .user = last->context.user,
                               .publish = last->context.publish}};
    for (int m = 0; m < last->list.count && last->says[m].has_best; m++) {
        name_method(last, m, out->names[m]);
        out->methods[m] = (sx_method){.name = out->names[m],
                                      .inside = &last->says[m].best[which],
                                      .temperature = last->says[m].temperature};
        out->count++;
    }
    if (which == SX_LAST_TEST) put_outside(last, out);
}

/* Which step sizes were tried and what they were worth on validation. */
static sx_status publish_choices(sx_last *last, sx_error *err) {
    static const char *const columns[] = {"method", "gamma", "validation AURC", "chosen"};
    size_t rows = 0, row = 0;
    for (int m = 0; m < last->list.count; m++) rows += (size_t)last->list.method[m].step_count;
    sx_result *r = sx_table_new("choices", "Step sizes, chosen by AURC on validation", rows,
                                columns, 4, 1u << 0);
    if (!r) return sx_study_no_memory(err);
    for (int m = 0; m < last->list.count; m++)
        for (int c = 0; c < last->list.method[m].step_count; c++, row++) {
            const sx_last_says *says = &last->says[m];
            bool known = m < last->method || (m == last->method && c < last->candidate);
            r->table.columns[0].texts[row] = sx_result_text(r, "%s", last->list.method[m].spec);
            r->table.columns[1].numbers[row] = last->list.method[m].steps[c];
            if (!known) continue;
            r->table.columns[2].numbers[row] = says->aurc[c];
            r->table.columns[3].numbers[row] = says->chosen == c;
            if (!r->table.columns[0].texts[row]) {
                sx_result_release(r);
                return sx_study_no_memory(err);
            }
        }
    r->split = sx_split_name(SX_SPLIT_VALIDATION);
    r->step = last->report.step;
    last->context.publish(last->context.user, r);
    return SX_OK;
}

/* Loss of the rows at the end of each pass, over all walks. */
static sx_status publish_training(sx_last *last, sx_error *err) {
    sx_result *r = sx_result_new(SX_RESULT_SERIES, "training", "Mean loss of last layers");
    size_t rows = last->series.rows;
    if (!r || !sx_series_alloc(r, rows, 1, false)) {
        sx_result_release(r);
        return sx_study_no_memory(err);
    }
    r->series.x_label = "step";
    r->series.lines[0].name = "loss";
    for (size_t i = 0; i < rows; i++) {
        r->series.x[i] = last->series.values[2 * i];
        r->series.lines[0].y[i] = last->series.values[2 * i + 1];
    }
    r->step = last->report.step;
    last->context.publish(last->context.user, r);
    return SX_OK;
}

sx_status sx_last_draw(sx_last *last, sx_error *err) {
    sheet s;
    fill(last, SX_LAST_VALIDATION, &s);
    sx_status status = publish_choices(last, err);
    if (!status && last->series.rows) status = publish_training(last, err);
    return status ? status : sx_scoring_publish_curves(&s.scoring, s.methods, s.count, err);
}

static sx_status begin_intervals(sx_last *last, sx_error *err) {
    sx_last_score_done(last);
    sheet *s = last->sheet = sx_alloc(1, sizeof *s);
    if (!s) return sx_study_no_memory(err);
    fill(last, SX_LAST_TEST, s);
    last->intervals = sx_scoring_intervals_new(&s->scoring, s->methods, s->count, err);
    return last->intervals ? SX_OK : err->status;
}

sx_status sx_last_score(sx_last *last, bool *ended, sx_error *err) {
    if (!last->intervals) return begin_intervals(last, err);
    bool scored = false;
    sx_status status = sx_scoring_intervals_advance(last->intervals, &scored, err);
    if (status || !scored) return status;
    if (last->mapped < last->list.count) return sx_last_maps(last, last->mapped++, err);
    *ended = true;
    return sx_last_summary(last, err);
}

void sx_last_score_done(sx_last *last) {
    sx_scoring_intervals_free(last->intervals);
    sx_free(last->sheet);
    last->intervals = NULL;
    last->sheet = NULL;
    last->mapped = 0;
}
