/* What each resample gave of one method, for whoever compares it with others: rows of methods and
 * of runs that rest on the same items belong together. */
#include "core/study/scoring_sheet.h"

#include <math.h>
#include <stdio.h>

static const struct {
    const char *name;
    int figure;
} of_method[] = {{"accuracy", SX_FIGURE_ACCURACY},
                 {"NLL", SX_FIGURE_NLL},
                 {"ECE", SX_FIGURE_ECE},
                 {"AURC", SX_FIGURE_AURC},
                 {"confidence", SX_FIGURE_CONFIDENCE},
                 {"mutual information", SX_FIGURE_MUTUAL_INFORMATION}};
static const int by_risk[] = {SX_SCORE_STD, SX_SCORE_VOTE_ENTROPY};
static const int by_set[] = {SX_SCORE_MAX_PROBABILITY, SX_SCORE_ENTROPY,
                             SX_SCORE_MUTUAL_INFORMATION};
enum {
    OF_METHOD = sizeof of_method / sizeof *of_method,
    BY_RISK = sizeof by_risk / sizeof *by_risk,
    BY_SET = sizeof by_set / sizeof *by_set,
    MOST = OF_METHOD + BY_RISK + BY_SET * SX_OUTSIDE_SETS
};

typedef struct {
    int count, figures[MOST];
    char names[MOST][96];
} columns;

/* A method's place of a row of the table of scores; -1: it has no such score. */
static int place_of(const sx_sheet_method *m, int row) {
    for (int i = 0; i < m->count; i++)
        if (m->rows[i] == row) return i;
    return -1;
}

static void list_columns(const sx_sheet *sheet, const sx_sheet_method *m, columns *out) {
    out->count = 0;
    for (int i = 0; i < OF_METHOD; i++) {
        snprintf(out->names[out->count], sizeof out->names[0], "%s", of_method[i].name);
        out->figures[out->count++] = of_method[i].figure;
    }
    for (int i = 0; i < BY_RISK; i++) {
        int score = place_of(m, by_risk[i]);
        if (score < 0) continue;
        snprintf(out->names[out->count], sizeof out->names[0], "AURC by %s",
                 sx_score_at(by_risk[i])->name);
        out->figures[out->count++] = sx_sheet_score_figure(score);
    }
    for (int i = 0; i < BY_SET * sheet->scoring.sets; i++) {
        int set = i / BY_SET, row = by_set[i % BY_SET], score = place_of(m, row);
        if (score < 0 || !m->outside[set].n) continue;
        snprintf(out->names[out->count], sizeof out->names[0], "AUROC by %s: %.48s",
                 sx_score_at(row)->name, sheet->scoring.set_names[set]);
        out->figures[out->count++] = sx_sheet_set_figure(m, set, score);
    }
}

/* Six digits, as the nearest number that has no more. */
static double shorten(double value) {
    if (!(fabs(value) > 1e-200)) return value;
    double scale = pow(10, 5 - floor(log10(fabs(value))));
    return round(value * scale) / scale;
}

static sx_result *make_table(const columns *list, int method) {
    const char *names[MOST];
    char name[48];
    for (int c = 0; c < list->count; c++) names[c] = list->names[c];
    return sx_table_new(sx_sheet_name(name, "draws", method), "Figures of resamples",
                        1 + SX_SCORING_ROUNDS, names, list->count, 0);
}

sx_status sx_sheet_draws(const sx_sheet *sheet, int method, const sx_resampling *resampling,
                         sx_error *err) {
    const sx_sheet_method *m = &sheet->methods[method];
    columns list;
    list_columns(sheet, m, &list);
    sx_result *r = make_table(&list, method);
    for (int c = 0; r && c < list.count; c++) {
        double *to = r->table.columns[c].numbers;
        r->table.columns[c].name = sx_result_text(r, "%s", list.names[c]);
        if (!r->table.columns[c].name) {
            sx_result_release(r);
            return sx_sheet_no_memory(err);
        }
        to[0] = m->figures[list.figures[c]];
        for (int round = 0; round < SX_SCORING_ROUNDS; round++)
            to[1 + round] = shorten(sx_resampling_value(resampling, list.figures[c], round));
    }
    return sx_sheet_publish(sheet, r, err);
}
