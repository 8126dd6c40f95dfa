/* Results of several methods that answer for one network, as a study publishes them, by formulas:
 * method k has the same items, is a little surer of them, and errs a little less. */
#ifndef SX_TESTS_SAMPLE_METHODS_H
#define SX_TESTS_SAMPLE_METHODS_H

#include "tests/unit/sample_snapshot.h"

enum { METHOD_ITEMS = 400, METHOD_OUTSIDE = 300, METHOD_POINTS = 100 };

/* Which tables there are, and of what. */
typedef struct {
    int count;
    bool tied;      /* all figures are equal */
    bool unknown;   /* no intervals, and the last method's figures are NaN */
    bool long_name; /* the second method's */
    bool no_outside;
    bool maps; /* risk and coverage of composed images */
} sample_methods;

static inline const char *sample_method_name(sx_result *r, const sample_methods *of, int k) {
    static const char *const names[] = {"point estimate", "trained on", "temperature", "SGD"};
    if (of->long_name && k == 1)
        return sx_result_text(r, "stochastic gradient Langevin dynamics of all last layers, rate "
                                 "0.01");
    return k < 4 ? names[k] : sx_result_text(r, "SGLD %d", k - 3);
}

static inline sx_result *sample_table(const char *name, size_t rows, const char *const *columns,
                                      int count, unsigned texts) {
    sx_result *r = sx_table_new(name, name, rows, columns, count, texts);
    assert_non_null(r);
    return r;
}

static inline double sample_sure(int k, size_t i) {
    return 0.3 + 0.7 * pow(((double)i + 0.5) / METHOD_ITEMS, 1.0 / (1 + 0.1 * k));
}

static inline void sample_named(char out[48], const char *stem, int k) {
    snprintf(out, 48, k ? "%s-%d" : "%s", stem, k + 1);
}

/* Of items i the first fifth is wrong, and every tenth of the others that is not divisible by k
 * + 2.
 */
static inline void sample_items(sample *s, int k, bool outside) {
    static const char *const inside_columns[] = {
        "item",   "label", "prediction", "confidence",         "entropy",
        "margin", "wrong", "loss",       "mutual information", "std"};
    static const char *const outside_columns[] = {
        "set",     "item",   "prediction",         "confidence",
        "entropy", "margin", "mutual information", "std"};
    char name[48];
    size_t n = outside ? METHOD_OUTSIDE : METHOD_ITEMS;
    sample_named(name, outside ? "outside" : "items", k);
    sx_result *r = outside ? sample_table(name, n, outside_columns, 8, 1)
                           : sample_table(name, n, inside_columns, 10, 0);
    const sx_source_facts *facts = sx_source_describe(s->data->source);
    for (size_t i = 0; i < n; i++) {
        double sure = outside ? 0.3 + 0.5 * ((double)i + 0.5) / METHOD_OUTSIDE : sample_sure(k, i);
        bool wrong = i < METHOD_ITEMS / 5 || (i < 300 && i % 10 == 3 && i % (size_t)(k + 2));
        int label = sx_source_label(s->data->source, SX_SPLIT_VALIDATION, i);
        double in[] = {(double)i,
                       label,
                       wrong ? (label + 1) % facts->classes : label,
                       sure,
                       1.5 - sure,
                       sure - 0.2,
                       wrong,
                       1 - sure / 2,
                       0.2 * (1 - sure),
                       0.1 * (1 - sure)};
        double out[] = {NAN,        (double)i,  (double)(i % 3),  sure,
                        1.5 - sure, sure - 0.2, 0.3 * (1 - sure), 0.1};
        for (int c = outside; c < r->table.column_count; c++)
            r->table.columns[c].numbers[i] = outside ? out[c] : in[c];
        if (outside)
            r->table.columns[0].texts[i] = i < METHOD_OUTSIDE / 3 ? "held-out classes" : "noise";
    }
    if (outside) r->split = "test";
    sample_add(s, r, 6000);
}

static inline void sample_reliability(sample *s, int k) {
    char name[48];
    sample_named(name, "reliability", k);
    sx_result *r = sample_series(name, "Reliability", SX_RELIABILITY_BINS, 2, true);
    r->series.lines[0].name = "accuracy";
    r->series.lines[1].name = "confidence";
    for (int i = 0; i < SX_RELIABILITY_BINS; i++) {
        double x = (i + 0.5) / SX_RELIABILITY_BINS;
        r->series.x[i] = r->series.lines[1].y[i] = x;
        r->series.lines[0].y[i] = i < 3 ? NAN : x * (0.8 + 0.03 * (k % 4));
        r->series.lines[0].count[i] = r->series.lines[1].count[i] = i < 3 ? 0 : 20;
    }
    sample_add(s, r, 6000);
}

/* Figures follow each other in threes: value, low, high. */
static inline void sample_figure(sx_result *r, int first, size_t row, double value, double reach) {
    r->table.columns[first].numbers[row] = value;
    r->table.columns[first + 1].numbers[row] = value - reach;
    r->table.columns[first + 2].numbers[row] = value + reach;
}

#define SAMPLE_FIGURE(name) name, name " low", name " high"

static inline void sample_method_figures(sample *s, const sample_methods *of) {
    static const char *const columns[] = {"method",
                                          "members",
                                          "temperature",
                                          SAMPLE_FIGURE("accuracy"),
                                          SAMPLE_FIGURE("NLL"),
                                          SAMPLE_FIGURE("Brier"),
                                          SAMPLE_FIGURE("ECE"),
                                          SAMPLE_FIGURE("AURC"),
                                          SAMPLE_FIGURE("E-AURC"),
                                          SAMPLE_FIGURE("AUGRC"),
                                          SAMPLE_FIGURE("failure AUROC")};
    sx_result *r = sample_table("methods", (size_t)of->count, columns, 27, 1);
    for (int k = 0; k < of->count; k++) {
        double part = of->tied ? 0 : 0.01 * k, reach = of->unknown ? NAN : 0.015;
        size_t row = (size_t)k;
        if (of->unknown && k == of->count - 1) part = NAN;
        r->table.columns[0].texts[row] = sample_method_name(r, of, k);
        r->table.columns[1].numbers[row] = k < 3 ? 1 : 32;
        r->table.columns[2].numbers[row] = k == 2 ? 1.37 : NAN;
        sample_figure(r, 3, row, 0.9 + part / 4, reach);
        for (int f = 1; f < 7; f++) sample_figure(r, 3 + 3 * f, row, 0.4 / f - part, reach);
        sample_figure(r, 24, row, 0.85 + part / 4, reach);
    }
    sample_add(s, r, 6000);
}

static inline void sample_method_curves(sample *s, const sample_methods *of) {
    sx_result *r = sample_series("risk-coverage-methods", "Risk at coverage, all methods",
                                 METHOD_POINTS, of->count + 1, true);
    r->series.x_label = "coverage";
    r->series.y_label = "risk";
    for (int k = 0; k <= of->count; k++) {
        sx_line *line = &r->series.lines[k];
        line->name = k < of->count ? sample_method_name(r, of, k) : "oracle";
        line->count = NULL;
        for (int i = 0; i < METHOD_POINTS; i++) {
            double x = (i + 1.0) / METHOD_POINTS, apart = of->tied ? 1 : 1 + 0.05 * (4 - k);
            r->series.x[i] = x;
            line->y[i] = k < of->count ? 0.25 * x * x * apart : fmax(0, x - 0.8);
            if (k == of->count) continue;
            line->low[i] = line->y[i] * 0.9;
            line->high[i] = line->y[i] * 1.1;
        }
    }
    sample_add(s, r, 6000);
}

static inline void sample_scores(sample *s, const sample_methods *of) {
    static const char *const columns[] = {"method", "score", "risk", SAMPLE_FIGURE("AURC"),
                                          SAMPLE_FIGURE("AUGRC")};
    static const char *const scores[] = {"max prob", "entropy", "margin"};
    sx_result *r = sample_table("scores", (size_t)of->count * 3, columns, 9, 3);
    for (int i = 0; i < of->count * 3; i++) {
        size_t row = (size_t)i;
        r->table.columns[0].texts[row] = sample_method_name(r, of, i / 3);
        r->table.columns[1].texts[row] = scores[i % 3];
        r->table.columns[2].numbers[row] = 0.25;
        sample_figure(r, 3, row, 0.0711 + 0.01 * i, 0.002);
        sample_figure(r, 6, row, 0.0522 + 0.01 * i, 0.002);
    }
    sample_add(s, r, 6000);
}

static inline void sample_of_sets(sample *s, const sample_methods *of) {
    static const char *const columns[] = {"method",
                                          "set",
                                          "score",
                                          "inside",
                                          "outside",
                                          "base rate",
                                          SAMPLE_FIGURE("AUROC"),
                                          SAMPLE_FIGURE("FPR95")};
    static const char *const sets[] = {"held-out classes", "noise"};
    sx_result *r = sample_table("out-of-distribution", (size_t)of->count * 2, columns, 12, 7);
    for (int k = 0; k < of->count * 2; k++) {
        size_t row = (size_t)k;
        r->table.columns[0].texts[row] = sample_method_name(r, of, k / 2);
        r->table.columns[1].texts[row] = sets[k % 2];
        r->table.columns[2].texts[row] = "max prob";
        r->table.columns[3].numbers[row] = METHOD_ITEMS;
        r->table.columns[4].numbers[row] = METHOD_OUTSIDE / (k % 2 ? 1.5 : 3);
        r->table.columns[5].numbers[row] = 0.5;
        sample_figure(r, 6, row, 0.7 + 0.01 * k + (k % 2 ? 0.15 : 0), 0.004);
        sample_figure(r, 9, row, 0.6 - 0.01 * k, 0.05);
    }
    sample_add(s, r, 6000);
}

static inline void sample_guarantee(sample *s, const sample_methods *of) {
    static const char *const columns[] = {"method",
                                          "target",
                                          "delta",
                                          "threshold",
                                          "coverage",
                                          "bound",
                                          "errors",
                                          "empirical coverage",
                                          "empirical threshold"};
    static const double targets[] = {0.02, 0.05};
    sx_result *r = sample_table("guarantee", (size_t)of->count * 2, columns, 9, 1);
    for (int k = 0; k < of->count * 2; k++) {
        double target = targets[k % 2];
        double row[] = {
            NAN, target,         0.001,         0.9 - k * 0.01, 0.5 + k * 0.01, target - 0.001,
            k,   0.6 + k * 0.01, 0.8 - k * 0.01};
        r->table.columns[0].texts[k] = sample_method_name(r, of, k / 2);
        for (int c = 1; c < 9; c++) r->table.columns[c].numbers[k] = row[c];
    }
    sample_add(s, r, 6000);
}

static inline void sample_maps(sample *s, int k) {
    for (int which = 0; which < 2; which++) {
        char name[48];
        sample_named(name, which ? "coverage-location" : "risk-location", k);
        sx_result *map = sx_result_new(SX_RESULT_GRID, name, "Composed images");
        assert_true(map && sx_grid_alloc(map, 5, 5));
        map->grid.row_label = "y";
        map->grid.column_label = "x";
        for (int i = 0; i < 25; i++) {
            map->grid.row_values[i / 5] = map->grid.column_values[i / 5] = i / 5 / 4.0;
            map->grid.values[i] = which ? 0.9 - 0.02 * i : 0.02 * i + 0.1 * k;
            map->grid.count[i] = 50;
        }
        sample_add(s, map, 6000);
        sample_named(name, which ? "coverage-rotation" : "risk-rotation", k);
        sx_result *curve = sample_series(name, "Composed images", 5, 1, true);
        curve->series.x_label = "rotation";
        curve->series.lines[0].name = which ? "coverage" : "risk";
        for (int i = 0; i < 5; i++) {
            curve->series.x[i] = 40 * i;
            curve->series.lines[0].y[i] = 0.1 * i;
            curve->series.lines[0].count[i] = 50;
        }
        sample_add(s, curve, 6000);
    }
}

/* In place of what one network has published. */
static inline void sample_methods_add(sample *s, const sample_methods *of) {
    size_t kept = 0;
    for (size_t i = 0; i < s->snapshot.result_count; i++) {
        const char *name = s->results[i]->name;
        if (!strcmp(name, "items") || !strcmp(name, "reliability"))
            sx_result_release(s->results[i]);
        else
            s->results[kept++] = s->results[i];
    }
    s->snapshot.result_count = kept;
    for (int k = 0; k < of->count; k++) {
        sample_items(s, k, false);
        if (!of->no_outside) sample_items(s, k, true);
        sample_reliability(s, k);
        if (of->maps) sample_maps(s, k);
    }
    sample_method_figures(s, of);
    sample_method_curves(s, of);
    sample_guarantee(s, of);
    sample_scores(s, of);
    if (!of->no_outside) sample_of_sets(s, of);
}

#endif
