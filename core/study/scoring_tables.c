/* The tables of figures: a row a method, a method and score, a method, set and score. Every figure
 * has its interval beside it. */
#include "core/study/scoring_sheet.h"

#include <math.h>

#define WITH_INTERVAL(name) name, name " low", name " high"

/* A figure into columns `column` .. `column` + 2. */
static void put(sx_result *r, size_t row, int column, const sx_sheet_method *m, int figure) {
    sx_column *columns = r->table.columns + column;
    columns[0].numbers[row] = m->figures[figure];
    columns[1].numbers[row] = m->intervals[figure].low;
    columns[2].numbers[row] = m->intervals[figure].high;
}

/* The method's name in the first column; false without memory. */
static bool name_row(sx_result *r, size_t row, const sx_sheet_method *m) {
    r->table.columns[0].texts[row] = sx_result_text(r, "%s", m->method.name);
    return r->table.columns[0].texts[row] != NULL;
}

static sx_status end(const sx_sheet *sheet, sx_result *r, bool memory, sx_error *err) {
    if (memory) return sx_sheet_publish(sheet, r, err);
    sx_result_release(r);
    return sx_sheet_no_memory(err);
}

static sx_status publish_methods(const sx_sheet *sheet, sx_error *err) {
    static const char *const columns[] = {"method",
                                          "members",
                                          "temperature",
                                          WITH_INTERVAL("accuracy"),
                                          WITH_INTERVAL("NLL"),
                                          WITH_INTERVAL("Brier"),
                                          WITH_INTERVAL("ECE"),
                                          WITH_INTERVAL("adaptive ECE"),
                                          WITH_INTERVAL("MCE"),
                                          WITH_INTERVAL("RMSCE"),
                                          WITH_INTERVAL("AURC"),
                                          WITH_INTERVAL("E-AURC"),
                                          WITH_INTERVAL("AUGRC"),
                                          WITH_INTERVAL("failure AUROC")};
    sx_result *r = sx_table_new("methods", "Methods, with 95 % intervals", (size_t)sheet->count,
                                columns, 3 + 3 * SX_TABLE_FIGURES, 1);
    bool memory = r != NULL;
    for (int k = 0; memory && k < sheet->count; k++) {
        const sx_sheet_method *m = &sheet->methods[k];
        size_t row = (size_t)k;
        memory = name_row(r, row, m);
        r->table.columns[1].numbers[row] = m->method.inside ? m->method.inside->members : 1;
        r->table.columns[2].numbers[row] = m->method.temperature;
        for (int f = 0; f < SX_TABLE_FIGURES; f++) put(r, row, 3 + 3 * f, m, f);
    }
    return end(sheet, r, memory, err);
}

static double risk_of(const sx_sheet_method *m, int row) {
    const uint8_t *wrong = sx_scored_wrong(m->scored, row);
    size_t errors = 0;
    for (size_t i = 0; i < m->scored->n; i++) errors += wrong[i];
    return m->scored->n ? (double)errors / (double)m->scored->n : (double)NAN;
}

static sx_status publish_scores(const sx_sheet *sheet, sx_error *err) {
    static const char *const columns[] = {"method",
                                          "score",
                                          "risk",
                                          WITH_INTERVAL("AURC"),
                                          WITH_INTERVAL("E-AURC"),
                                          WITH_INTERVAL("AUGRC"),
                                          WITH_INTERVAL("failure AUROC")};
    size_t rows = 0, row = 0;
    for (int k = 0; k < sheet->count; k++) rows += (size_t)sheet->methods[k].count;
    sx_result *r = sx_table_new("scores", "Selective risk by score, with 95 % intervals", rows,
                                columns, 3 + 3 * SX_SCORE_FIGURES, 3);
    bool memory = r != NULL;
    for (int k = 0; memory && k < sheet->count; k++) {
        const sx_sheet_method *m = &sheet->methods[k];
        for (int s = 0; memory && s < m->count; s++, row++) {
            memory = name_row(r, row, m);
            r->table.columns[1].texts[row] = sx_score_at(m->rows[s])->name;
            r->table.columns[2].numbers[row] = risk_of(m, m->rows[s]);
            for (int f = 0; f < SX_SCORE_FIGURES; f++)
                put(r, row, 3 + 3 * f, m, sx_sheet_score_figure(s) + f);
        }
    }
    return end(sheet, r, memory, err);
}

static bool fill_sets(const sx_sheet *sheet, sx_result *r) {
    size_t row = 0;
    for (int k = 0; k < sheet->count; k++) {
        const sx_sheet_method *m = &sheet->methods[k];
        for (int set = 0; set < sheet->scoring.sets; set++)
            for (int s = 0; m->outside[set].n && s < m->count; s++, row++) {
                double inside = (double)m->scored->n, outside = (double)m->outside[set].n;
                sx_column *c = r->table.columns;
                if (!name_row(r, row, m)) return false;
                c[1].texts[row] = sx_result_text(r, "%s", sheet->scoring.set_names[set]);
                if (!c[1].texts[row]) return false;
                c[2].texts[row] = sx_score_at(m->rows[s])->name;
                c[3].numbers[row] = inside;
                c[4].numbers[row] = outside;
                c[5].numbers[row] = outside / (inside + outside);
                for (int f = 0; f < SX_SET_FIGURES; f++)
                    put(r, row, 6 + 3 * f, m, sx_sheet_set_figure(m, set, s) + f);
            }
    }
    return true;
}

static sx_status publish_sets(const sx_sheet *sheet, sx_error *err) {
    static const char *const columns[] = {"method",
                                          "set",
                                          "score",
                                          "inside",
                                          "outside",
                                          "base rate",
                                          WITH_INTERVAL("AUROC"),
                                          WITH_INTERVAL("AUPR in"),
                                          WITH_INTERVAL("AUPR out"),
                                          WITH_INTERVAL("FPR95")};
    size_t rows = 0;
    for (int k = 0; k < sheet->count; k++)
        for (int set = 0; set < sheet->scoring.sets; set++)
            if (sheet->methods[k].outside[set].n) rows += (size_t)sheet->methods[k].count;
    if (!rows) return SX_OK;
    sx_result *r = sx_table_new("out-of-distribution",
                                "Detection of what is from elsewhere, with 95 % intervals", rows,
                                columns, 6 + 3 * SX_SET_FIGURES, 7);
    return end(sheet, r, r && fill_sets(sheet, r), err);
}

sx_status sx_sheet_tables(const sx_sheet *sheet, sx_error *err) {
    sx_status status = publish_methods(sheet, err);
    if (!status) status = publish_scores(sheet, err);
    return status ? status : publish_sets(sheet, err);
}
