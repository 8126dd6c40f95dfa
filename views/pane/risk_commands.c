/* What a person can do in the pane Risk: its keys and commands as rows of one table. What they do
 * to a view is in the view's file. */
#include "views/pane/risk.h"

#include <math.h>
#include <stdio.h>

void sx_risk_open_view(sx_risk_pane *pane, int view) {
    pane->is.view = view;
    pane->came_from = -1;
    if (view == SX_RISK_PICTURES) sx_risk_pictures_update(pane);
}

static void open_table(sx_risk_pane *pane, int table) {
    int was = pane->is.table;
    sx_risk_open_view(pane, SX_RISK_FIGURES);
    pane->is.table = table;
    if (table != was) pane->table.column = -1; /* at the first figure */
    sx_risk_follow_table(pane);
    sx_risk_table_update(pane);
}

static const char *target_choice(void *state, size_t row) {
    static const char *const names[] = {"1", "2", "5", "10"}; /* as sx_risk_target has them */
    (void)state;
    return row < sizeof names / sizeof *names ? names[row] : NULL;
}

static void run_target(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    (void)value;
    int wanted = sx_part_choose(pane->desk, target_choice, pane, pane->is.target, argument,
                                "the target risk is 1, 2, 5 or 10 percent");
    if (wanted < 0) return;
    pane->is.target = wanted;
    pane->coverage = pane->scores.gate = NAN;
    sx_risk_make_all(pane);
    char text[160];
    sx_risk_tell_point(pane, text, sizeof text, 80);
    sx_desk_say(pane->desk, "%s", text);
}

/* The view that is a command's value; the same again: the curves. */
static void run_view(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    (void)argument;
    bool again = pane->is.view == value && value == SX_RISK_DIAGRAMS;
    sx_risk_open_view(pane, again ? SX_RISK_CURVES : value);
}

static const char *table_choice(void *state, size_t row) {
    (void)state;
    return row < SX_RISK_TABLES ? sx_risk_table_name((int)row) : NULL;
}

static void run_figures(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    (void)value;
    int wanted = pane->is.table;
    if (pane->is.view == SX_RISK_FIGURES || argument[0])
        wanted = sx_part_choose(pane->desk, table_choice, pane, wanted, argument,
                                "tables are methods, scores, out-of-distribution and guarantee");
    if (wanted >= 0) open_table(pane, wanted);
}

static void run_guarantee(void *state, int value, const char *argument) {
    (void)argument;
    open_table(state, value);
}

static const char *method_choice(void *state, size_t row) {
    const sx_risk_pane *pane = state;
    bool there = pane && row < (size_t)sx_risk_methods(pane);
    return there ? sx_risk_method_name(pane, (int)row) : NULL;
}

static void run_method(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    int count = sx_risk_methods(pane), wanted = pane->is.method;
    if (count < 2) {
        sx_desk_say(pane->desk, "there is one method only");
        return;
    }
    if (value < 0)
        wanted = (wanted + count - 1) % count;
    else
        wanted = sx_part_choose(pane->desk, method_choice, pane, wanted, argument,
                                "there is no such method");
    if (wanted < 0) return;
    sx_risk_highlight(pane, wanted);
    sx_desk_say(pane->desk, "%s, %d of %d", sx_risk_method_name(pane, wanted), wanted + 1, count);
}

static void run_show(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    (void)value;
    int wanted = pane->is.method;
    if (argument[0])
        wanted = sx_part_choose(pane->desk, method_choice, pane, wanted, argument,
                                "there is no such method");
    if (wanted >= 0 && sx_risk_methods(pane) > 1)
        sx_risk_show(pane, wanted);
    else if (wanted >= 0)
        sx_desk_say(pane->desk, "there is one method only");
}

static void run_score(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    (void)value;
    int wanted = pane->is.score;
    do
        wanted = sx_part_choose(pane->desk, sx_risk_score_choice, pane, wanted, argument,
                                "there is no such score");
    while (!argument[0] && wanted != pane->is.score && !sx_risk_has_score(pane, wanted));
    if (wanted < 0) return;
    if (!sx_risk_has_score(pane, wanted)) {
        sx_desk_say(pane->desk, "%s is not known of this method",
                    sx_risk_score_choice(pane, (size_t)wanted));
        pane->desk->bad = true;
        return;
    }
    pane->is.score = wanted;
    pane->is.x[SX_RISK_PLOT_HISTOGRAM] = sx_ends_free;
    pane->scores.gate = NAN;
    sx_risk_scores_update(pane);
    sx_risk_pictures_update(pane);
    sx_desk_say(pane->desk, "score: %s", sx_risk_score_choice(pane, (size_t)wanted));
}

static void run_set(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    (void)value;
    int wanted = sx_part_choose(pane->desk, sx_risk_set_choice, pane, pane->is.set, argument,
                                "there is no such set");
    if (wanted < 0) return;
    pane->is.set = wanted;
    sx_risk_scores_update(pane);
    sx_risk_pictures_update(pane);
    sx_desk_say(pane->desk, "outside: %s", sx_risk_set_choice(pane, (size_t)wanted));
}

static void run_threshold(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    double wanted;
    (void)value;
    if (!sx_text_number(argument, &wanted) || !isfinite(wanted)) {
        sx_desk_say(pane->desk, "a threshold is a number, as the score is shown");
        pane->desk->bad = true;
        return;
    }
    sx_risk_put_gate(pane, wanted);
}

static void run_pictures(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    (void)value;
    int wanted = pane->is.group;
    if (pane->is.view == SX_RISK_PICTURES || argument[0])
        wanted = sx_part_choose(pane->desk, sx_risk_group_choice, pane, wanted, argument,
                                "pictures are refused, confidently-wrong or let-through");
    if (wanted < 0) return;
    pane->is.group = wanted;
    pane->pictures.picker.selected = 0;
    sx_risk_open_view(pane, SX_RISK_PICTURES);
}

static void run_sort(void *state, int value, const char *argument) {
    (void)value;
    sx_risk_sort(state, argument);
}

static void run_intervals(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    (void)value, (void)argument;
    pane->is.intervals = !pane->is.intervals;
    sx_desk_say(pane->desk, pane->is.intervals
                                ? "intervals are printed in tables"
                                : "intervals are not printed; the cursor reads them");
}

static void run_lens(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    int plot = sx_risk_plot(pane);
    if (plot < 0) {
        sx_desk_say(pane->desk, "there are no axes here: c, r and o have plots");
        return;
    }
    sx_lens lens = sx_risk_lens(pane, plot);
    sx_lens_run(&lens, pane->desk, value, argument);
}

static void run_logarithmic(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    (void)value, (void)argument;
    sx_logarithmic_turn(pane->desk, &pane->is.logarithmic, "risk");
}

static void run_move(void *state, int value, const char *argument) {
    sx_risk_pane *pane = state;
    int by = (value == RIGHT) - (value == LEFT);
    (void)argument;
    if (pane->is.view == SX_RISK_FIGURES) {
        sx_risk_table_move(pane, value);
    } else if (pane->is.view == SX_RISK_PICTURES) {
        sx_risk_pictures_move(pane, value);
    } else if (value == UP || value == DOWN) { /* the wheel pans */
        run_lens(pane, value == UP ? SX_LENS_LEFT : SX_LENS_RIGHT, "");
    } else if (by && pane->is.view == SX_RISK_CURVES) {
        sx_risk_move_coverage(pane, by);
    } else if (by && pane->is.view == SX_RISK_DIAGRAMS) {
        sx_risk_move_bin(pane, by);
    } else if (by) {
        sx_risk_move_gate(pane, by);
    }
}

/* The same on composed images: whether it knows when it cannot see. */
static void run_maps(void *state, int value, const char *argument) {
    static const char *const names[] = {"risk-location", "risk-rotation", "risk-size"};
    sx_risk_pane *pane = state;
    bool any = false;
    (void)value, (void)argument;
    for (int i = 0; i < 3; i++) any = any || sx_snapshot_result(pane->desk->now, names[i]);
    pane->desk->wants_maps = any;
    pane->desk->method = pane->is.method;
    if (!any) sx_desk_say(pane->desk, "risk by place, rotation and size was not measured here");
}

static bool has_methods(void *state) {
    return sx_risk_methods(state) > 0;
}
static bool has_outside(void *state) {
    return ((const sx_risk_pane *)state)->outside != NULL;
}
static bool is_table(void *state) {
    return ((const sx_risk_pane *)state)->is.view == SX_RISK_FIGURES;
}

const sx_command sx_risk_commands[] = {
    {"left", "Left h", "", NULL, "the cursor, or the threshold, to the left", run_move, LEFT, NULL,
     NULL},
    {"right", "Right l", "", NULL, "the cursor, or the threshold, to the right", run_move, RIGHT,
     NULL, NULL},
    {"up", "Up k", "", NULL, "the row above; of a plot: to the left", run_move, UP, NULL, NULL},
    {"down", "Down j", "", NULL, "the row below; of a plot: to the right", run_move, DOWN, NULL,
     NULL},
    {"page-up", "PgUp Ctrl-U", "", NULL, "one screen of rows back", run_move, PAGE_UP, NULL, NULL},
    {"page-down", "PgDn Ctrl-D", "", NULL, "one screen of rows on", run_move, PAGE_DOWN, NULL,
     NULL},
    {"first", "Home", "", NULL, "the first row or picture", run_move, FIRST, NULL, NULL},
    {"last", "G End", "", NULL, "the last row or picture", run_move, LAST, NULL, NULL},
    {"target-risk", "T", "[PERCENT]", "target risk",
     "coverage and threshold at a risk of 1, 2, 5 or 10 %", run_target, 0, target_choice, NULL},
    {"reliability", "r", "", "reliability", "the reliability diagram, or the risk-coverage curves",
     run_view, SX_RISK_DIAGRAMS, NULL, NULL},
    {"figures", "t", "[TABLE]", "figures", "the figures of all methods; again: the next table",
     run_figures, 0, table_choice, has_methods},
    {"sort", "S", "[COLUMN]", "sort", "by the column under the cursor: best first, worst first",
     run_sort, 0, sx_risk_column_choice, is_table},
    {"method", "n", "[NAME]", "method", "highlight a method, the next one at each press",
     run_method, 1, method_choice, has_methods},
    {"scores", "o", "", "scores", "scores inside and outside of the distribution, and the ROC",
     run_view, SX_RISK_SCORES, NULL, has_outside},
    {"pictures", "f", "[GROUP]", "pictures",
     "what is refused, confidently wrong, or let through from outside", run_pictures, 0,
     sx_risk_group_choice, NULL},
    {"curves", "c", "", NULL, "the risk-coverage curves", run_view, SX_RISK_CURVES, NULL, NULL},
    {"guarantee", "g", "", NULL, "coverage that is guaranteed at the target risk", run_guarantee,
     SX_RISK_GUARANTEES, NULL, NULL},
    {"method-before", "N", "", NULL, "highlight the method before", run_method, -1, NULL, NULL},
    {"show", "d", "[METHOD]", NULL, "the highlighted method's curve stays, or not", run_show, 0,
     method_choice, NULL},
    {"intervals", "w", "", NULL, "print 95 % intervals in tables, or not", run_intervals, 0, NULL,
     NULL},
    {"score", "b", "[NAME]", NULL, "which score the threshold is on", run_score, 0,
     sx_risk_score_choice, NULL},
    {"outside", "B", "[SET]", NULL, "which set from outside of the distribution", run_set, 0,
     sx_risk_set_choice, NULL},
    {"threshold", "#", "VALUE", NULL, "put the threshold on the score", run_threshold, 0, NULL,
     NULL},
    {"maps", "R", "", NULL, "risk and coverage by place, rotation and size", run_maps, 0, NULL,
     NULL},
    {"log-risk", "L", "", NULL, "risk on a logarithmic axis, or a linear one", run_logarithmic, 0,
     NULL, NULL},
    SX_LENS_COMMANDS(run_lens, "<", ">", "Y v"),
    {0}};
