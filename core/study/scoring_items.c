/* What each method says of each item, inside and from elsewhere, as tables; of very many items
 * evenly chosen ones. */
#include "core/study/scoring_sheet.h"

#include <math.h>
#include <stdio.h>

static const char *const inside_columns[] = {"item",
                                             "label",
                                             "prediction",
                                             "confidence",
                                             "entropy",
                                             "margin",
                                             "wrong",
                                             "loss",
                                             "expected entropy",
                                             "mutual information",
                                             "std",
                                             "range",
                                             "vote prediction",
                                             "vote share",
                                             "vote entropy"};
static const char *const outside_columns[] = {
    "set",         "item",   "prediction",       "confidence",
    "entropy",     "margin", "expected entropy", "mutual information",
    "std",         "range",  "vote prediction",  "vote share",
    "vote entropy"};
enum { ALONE = 8, ENSEMBLE = 7, OUTSIDE_ALONE = 6 };

static size_t shown_of(const sx_sheet *sheet, size_t n) {
    size_t most = sheet->scoring.most_rows;
    return most && most < n ? most : n;
}

static void put(sx_result *r, size_t row, int column, double value) {
    r->table.columns[column].numbers[row] = value;
}

static void put_members(sx_result *r, size_t row, int column, const sx_item_scores *s) {
    const double values[ENSEMBLE] = {
        s->expected_entropy, s->mutual_information, s->std,         s->range,
        s->vote_prediction,  s->vote_share,         s->vote_entropy};
    for (int c = 0; c < ENSEMBLE; c++) put(r, row, column + c, values[c]);
}

/* Only what confidences alone say. */
static void put_given(sx_result *r, size_t row, const sx_scored *scored, size_t i) {
    put(r, row, 3, scored->confidence[SX_SCORE_MAX_PROBABILITY][i]);
    put(r, row, 6, scored->wrong[i]);
}

static void put_inside(const sx_sheet *sheet, const sx_sheet_method *m, size_t i, size_t row,
                       sx_result *r) {
    const sx_scoring *scoring = &sheet->scoring;
    sx_item_scores s;
    put(r, row, 0, scoring->items ? scoring->items[i] : (double)i);
    if (!m->method.inside) {
        put_given(r, row, m->scored, i);
        return;
    }
    sx_ensemble_scores(m->method.inside, i, &s);
    const double values[] = {
        m->method.inside->labels[i], s.prediction,      s.max_probability, s.entropy, s.margin,
        m->scored->wrong[i],         m->scored->loss[i]};
    for (int c = 0; c < ALONE - 1; c++) put(r, row, 1 + c, values[c]);
    if (m->method.inside->members > 1) put_members(r, row, ALONE, &s);
}

static sx_status publish(const sx_sheet *sheet, sx_result *r, bool memory, sx_error *err) {
    if (memory) return sx_sheet_publish(sheet, r, err);
    sx_result_release(r);
    return sx_sheet_no_memory(err);
}

static sx_status publish_items(const sx_sheet *sheet, int k, sx_error *err) {
    const sx_sheet_method *m = &sheet->methods[k];
    size_t n = m->scored->n, shown = shown_of(sheet, n);
    bool many = m->method.inside && m->method.inside->members > 1;
    char name[48], title[200];
    if (shown < n)
        snprintf(title, sizeof title, "Items, %.80s: %zu of %zu", m->method.name, shown, n);
    else
        snprintf(title, sizeof title, "Items, %.80s", m->method.name);
    sx_result *r = sx_table_new(sx_sheet_name(name, "items", k), title, shown, inside_columns,
                                many ? ALONE + ENSEMBLE : ALONE, 0);
    for (size_t row = 0; r && row < shown; row++) put_inside(sheet, m, row * n / shown, row, r);
    return publish(sheet, r, r != NULL, err);
}

static void put_outside(const sx_sheet *sheet, const sx_sheet_method *m, int set, size_t i,
                        size_t row, sx_result *r) {
    const uint32_t *const *numbers = sheet->scoring.outside_items;
    const sx_ensemble *e = m->method.outside ? m->method.outside[set] : NULL;
    sx_item_scores s;
    put(r, row, 1, numbers && numbers[set] ? numbers[set][i] : (double)i);
    if (!e) { /* only what confidences alone say */
        put(r, row, 3, m->outside[set].confidence[SX_SCORE_MAX_PROBABILITY][i]);
        return;
    }
    sx_ensemble_scores(e, i, &s);
    const double values[] = {s.prediction, s.max_probability, s.entropy, s.margin};
    for (int c = 0; c < OUTSIDE_ALONE - 2; c++) put(r, row, 2 + c, values[c]);
    if (r->table.column_count > OUTSIDE_ALONE) put_members(r, row, OUTSIDE_ALONE, &s);
}

static sx_status publish_outside(const sx_sheet *sheet, int k, sx_error *err) {
    const sx_sheet_method *m = &sheet->methods[k];
    size_t rows = 0, row = 0;
    bool many = false, memory = true;
    char name[48], title[160];
    for (int set = 0; set < sheet->scoring.sets; set++) {
        rows += shown_of(sheet, m->outside[set].n);
        many |= m->outside[set].n && m->method.outside && m->method.outside[set]->members > 1;
    }
    if (!rows) return SX_OK;
    snprintf(title, sizeof title, "Items from elsewhere, %.80s", m->method.name);
    sx_result *r = sx_table_new(sx_sheet_name(name, "outside", k), title, rows, outside_columns,
                                many ? OUTSIDE_ALONE + ENSEMBLE : OUTSIDE_ALONE, 1);
    for (int set = 0; r && memory && set < sheet->scoring.sets; set++) {
        size_t n = m->outside[set].n, shown = shown_of(sheet, n);
        const char *shown_name = sx_result_text(r, "%s", sheet->scoring.set_names[set]);
        memory = shown_name != NULL;
        for (size_t i = 0; memory && i < shown; i++, row++) {
            r->table.columns[0].texts[row] = shown_name;
            put_outside(sheet, m, set, i * n / shown, row, r);
        }
    }
    return publish(sheet, r, r && memory, err);
}

sx_status sx_sheet_items(const sx_sheet *sheet, sx_error *err) {
    sx_status status = SX_OK;
    for (int k = 0; !status && k < sheet->count; k++) {
        status = publish_items(sheet, k, err);
        if (!status) status = publish_outside(sheet, k, err);
    }
    return status;
}
