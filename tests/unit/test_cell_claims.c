/* Claims between cells on results with known answers: each claim both ways, what is missing or does
 * not fit, several seeds, and that intervals cover. And that what a real run leaves counts to what
 * it published. */
#include "tests/unit/failing.h"

#include "core/study/cell_claims.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- cells that are made up ---- */

enum { MOST_RESULTS = 24, MOST_SEEDS = 3, CELLS = 4, LABELS = 4 };

typedef struct {
    sx_result *results[MOST_RESULTS];
    size_t count;
} made_run;

typedef struct {
    sx_config config;
    made_run made[MOST_SEEDS];
    sx_cell_run runs[MOST_SEEDS];
} made_cell;

typedef struct {
    made_cell made[CELLS];
    sx_study_cell cells[CELLS];
} bench;

static const char *const cell_names[CELLS] = {"a", "b", "c", "d"};
static const char *const scenes[SX_SUBJECTS] = {"posed(area=0.2)", "posed(area=0.2)", "posed",
                                                "center area=0.5"};

static bench *bench_new(void) {
    bench *b = sx_alloc(1, sizeof *b);
    assert_non_null(b);
    for (int c = 0; c < CELLS; c++) {
        sx_error err = {0};
        assert_int_equal(sx_config_new(&b->made[c].config, &err), SX_OK);
        sx_config_override(&b->made[c].config, "robustness.rotation_area=0.2", &err);
        b->cells[c] = (sx_study_cell){cell_names[c], &b->made[c].config, 0, b->made[c].runs};
    }
    return b;
}

static void bench_free(bench *b) {
    for (int c = 0; c < CELLS; c++) {
        for (int s = 0; s < MOST_SEEDS; s++)
            for (size_t i = 0; i < b->made[c].made[s].count; i++)
                sx_result_release(b->made[c].made[s].results[i]);
        sx_config_done(&b->made[c].config);
    }
    sx_free(b);
}

/* Adds a result to a run, which has finished then. */
static void add(bench *b, int cell, int seed, sx_result *result) {
    made_cell *made = &b->made[cell];
    made_run *run = &made->made[seed];
    assert_true(result && run->count < MOST_RESULTS);
    run->results[run->count++] = result;
    made->runs[seed] = (sx_cell_run){(const sx_result *const *)run->results, run->count};
    if (b->cells[cell].seeds < seed + 1) b->cells[cell].seeds = seed + 1;
}

static int points_of(int sweep) {
    return sweep == SX_SWEEP_LOCATION ? 121 : sweep == SX_SWEEP_ROTATION ? 18 : 12;
}

static double factor_of(int sweep, int point) {
    return sweep == SX_SWEEP_LOCATION   ? point
           : sweep == SX_SWEEP_ROTATION ? sx_grid_rotation(point)
                                        : sx_grid_size(point);
}

/* Label of a pair or an item: classes by turns. */
static const char *class_of(size_t pair) {
    static const char *const names[LABELS] = {"coat", "bag", "disc", "boot"};
    return names[pair % LABELS];
}

/* `first`: the first item; others are other pairs. */
static sx_result *make_pairs(size_t n, int first) {
    static const char *const names[] = {"pair",  "item",  "background", "label",
                                        "class", "width", "height"};
    sx_result *r = sx_table_new("outcomes-pairs", "Pairs", n, names, 7, 1u << 2 | 1u << 4);
    assert_non_null(r);
    for (size_t i = 0; i < n; i++) {
        sx_column *columns = r->table.columns;
        columns[0].numbers[i] = (double)i;
        columns[1].numbers[i] = first + (double)i;
        columns[2].texts[i] = sx_result_text(r, "%d", first + (int)i);
        columns[3].numbers[i] = (double)(i % LABELS);
        columns[4].texts[i] = class_of(i);
    }
    return r;
}

static sx_result *make_grid(const char *what, int sweep, size_t n) {
    static const char *const factors[] = {"location", "rotation", "size"};
    char name[48];
    snprintf(name, sizeof name, "%s-%s", what, factors[sweep]);
    sx_result *r = sx_result_new(SX_RESULT_GRID, name, "made up");
    assert_true(r && sx_grid_alloc_values(r, points_of(sweep), (int)n));
    r->step = 100;
    r->scene = scenes[sweep];
    for (int p = 0; p < r->grid.rows; p++) r->grid.row_values[p] = factor_of(sweep, p);
    return r;
}

/* Which pairs are recognised at a point. */
typedef bool (*pair_rule)(int point, size_t pair, size_t n);

/* A run that measured a sweep on n pairs, of which the first has number `first`. */
static void add_sweep_of(bench *b, int cell, int seed, int sweep, size_t n, pair_rule rule,
                         int first) {
    sx_result *r = make_grid("outcomes", sweep, n);
    for (int p = 0; p < r->grid.rows; p++)
        for (size_t i = 0; i < n; i++) r->grid.values[(size_t)p * n + i] = rule(p, i, n);
    add(b, cell, seed, r);
    add(b, cell, seed, make_pairs(n, first));
}

static void add_sweep(bench *b, int cell, int seed, int sweep, size_t n, pair_rule rule) {
    add_sweep_of(b, cell, seed, sweep, n, rule, 0);
}

static void add_inside(bench *b, int cell, int sweep, size_t n, pair_rule whole) {
    sx_result *r = make_grid("inside", sweep, n);
    for (int p = 0; p < r->grid.rows; p++)
        for (size_t i = 0; i < n; i++) r->grid.values[(size_t)p * n + i] = whole(p, i, n) ? 1 : 0.9;
    add(b, cell, 0, r);
}

/* Items from `from` on, `right` of them, are recognised; `item` is the number of the first. */
static void add_test_of(bench *b, int cell, int seed, size_t n, size_t from, size_t right,
                        int item) {
    static const char *const names[] = {"item", "label", "recognised"};
    sx_result *r = sx_table_new("outcomes-test", "Test", n, names, 3, 0);
    assert_non_null(r);
    r->scene = scenes[SX_OF_TEST];
    for (size_t i = 0; i < n; i++) {
        r->table.columns[0].numbers[i] = item + (double)i;
        r->table.columns[1].numbers[i] = (double)(i % 10);
        r->table.columns[2].numbers[i] = i >= from && i < from + right;
    }
    add(b, cell, seed, r);
}

static void add_test(bench *b, int cell, int seed, size_t n, size_t right) {
    add_test_of(b, cell, seed, n, 0, right, 0);
}

/* ---- what is asked ---- */

static sx_result *make_claims(const bench *b, const char *text) {
    sx_error err = {0};
    sx_result *result =
        sx_cell_claims_make(&text, 1, &(sx_cell_set){b->cells, CELLS, 7, NULL}, &err);
    if (!result) fail_msg("%s: %s", text, err.message);
    return result;
}

static void check_near(const char *what, double got, double expected, double tolerance) {
    if (!(fabs(got - expected) <= tolerance)) fail_msg("%s: %.9g, not %.9g", what, got, expected);
}

/* One claim: its figure (NaN: any) and how it ended; `reason` is a part of its sentence. */
static sx_claim expect(const bench *b, const char *text, double measured, sx_verdict verdict,
                       const char *reason) {
    sx_result *result = make_claims(b, text);
    assert_int_equal(result->claims.count, 1);
    sx_claim claim = result->claims.claims[0];
    if (!isnan(measured)) check_near(text, claim.measured, measured, 1e-12);
    if (claim.verdict != verdict || !strstr(claim.reason, reason))
        fail_msg("%s: %g [%g, %g] %s, %s", text, claim.measured, claim.low, claim.high,
                 sx_verdict_name(claim.verdict), claim.reason);
    if (verdict != SX_VERDICT_UNDECIDED) assert_string_equal(claim.reason, "");
    assert_string_equal(result->name, "claims");
    sx_result_release(result);
    return claim;
}

/* ---- rules: the first so many of n pairs --------------------------------------------------------
 */

static bool always(int point, size_t pair, size_t n) {
    (void)point, (void)pair, (void)n;
    return true;
}

static bool never(int point, size_t pair, size_t n) {
    return !always(point, pair, n);
}

static bool rises(int point, size_t pair, size_t n) {
    return pair * 12 < (size_t)point * n;
}

static bool falls(int point, size_t pair, size_t n) {
    return pair * 12 < (size_t)(11 - point) * n;
}

static bool half(int point, size_t pair, size_t n) {
    (void)point;
    return 2 * pair < n;
}

static bool third(int point, size_t pair, size_t n) {
    (void)point;
    return 3 * pair < n;
}

static bool on_ring(int point) {
    int row = point / 11, column = point % 11;
    return row == 0 || row == 10 || column == 0 || column == 10;
}

/* A drop of a half, of a tenth. */
static bool halves_at_border(int point, size_t pair, size_t n) {
    return !on_ring(point) || 2 * pair < n;
}

static bool tenth_less_at_border(int point, size_t pair, size_t n) {
    return !on_ring(point) || 10 * pair < 9 * n;
}

static bool best_at_border(int point, size_t pair, size_t n) {
    return on_ring(point) || 2 * pair < n;
}

static bool best_upright(int point, size_t pair, size_t n) {
    return fabs(sx_grid_rotation(point)) == 1 || 5 * pair < 2 * n;
}

static bool best_upside_down(int point, size_t pair, size_t n) {
    return sx_grid_rotation(point) == -179 || 5 * pair < 2 * n;
}

/* Highest at the last angle. */
static bool rises_with_the_turn(int point, size_t pair, size_t n) {
    return pair * 18 < (size_t)(point + 1) * n;
}

/* Of all discs everything is right, of other classes only around upright. */
static bool discs_stay(int point, size_t pair, size_t n) {
    (void)n;
    return !strcmp(class_of(pair), "disc") || fabs(sx_grid_rotation(point)) < 50;
}

/* ---- each claim, both ways ---- */

static void sizes_are_decided(void **state) {
    (void)state;
    bench *b = bench_new();
    add_sweep(b, 0, 0, SX_SWEEP_SIZE, 240, rises);
    add_sweep(b, 1, 0, SX_SWEEP_SIZE, 240, falls);
    add_sweep(b, 2, 0, SX_SWEEP_SIZE, 240, half);
    sx_claim claim = expect(b, "size-rises(a)", 1, SX_VERDICT_HOLDS, "");
    assert_string_equal(claim.origin, "abstract");
    assert_string_equal(claim.bound, "rho >= 0.9");
    assert_true(claim.threshold == 0.9 && claim.at_least && isnan(claim.seed_low));
    expect(b, "size-rises(b)", -1, SX_VERDICT_FAILS, "");
    expect(b, "size-rises(c)", NAN, SX_VERDICT_UNDECIDED, "not defined");
    /* At 32 pixels 1 % of the area is 3.2 pixels across, 2 % 4.5; four classes. */
    expect(b, "size-floor(a)", -0.25, SX_VERDICT_HOLDS, "");
    expect(b, "size-floor(b)", 11.0 / 12 - 0.25, SX_VERDICT_FAILS, "");
    sx_config_override(&b->made[0].config, "data.image=64", NULL);
    expect(b, "size-floor(a)", NAN, SX_VERDICT_UNDECIDED, "a: no size that was measured is below");
    sx_config_override(&b->made[0].config, "data.image=24", NULL); /* 1 % and 2 % */
    expect(b, "size-floor(a)", 0.5 / 12 - 0.25, SX_VERDICT_HOLDS, "");
    bench_free(b);
}

static void small_objects_are_compared(void **state) {
    (void)state;
    bench *b = bench_new();
    add_sweep(b, 0, 0, SX_SWEEP_SIZE, 240, rises);
    add_sweep(b, 1, 0, SX_SWEEP_SIZE, 240, third);
    add_sweep(b, 2, 0, SX_SWEEP_SIZE, 240, third);
    /* 1, 2, 5 and 10 %: 0 to 3 twelfths */
    expect(b, "small-better(a, b)", 1.0 / 3 - 1.5 / 12, SX_VERDICT_HOLDS, "");
    expect(b, "small-better(b, a)", 1.5 / 12 - 1.0 / 3, SX_VERDICT_FAILS, "");
    expect(b, "small-better(b, c)", 0, SX_VERDICT_UNDECIDED, "reaches the bound");
    bench_free(b);
}

static void drops_are_decided(void **state) {
    (void)state;
    bench *b = bench_new();
    add_sweep(b, 0, 0, SX_SWEEP_LOCATION, 200, halves_at_border);
    add_sweep(b, 1, 0, SX_SWEEP_LOCATION, 200, tenth_less_at_border);
    add_sweep(b, 2, 0, SX_SWEEP_LOCATION, 200, best_at_border);
    sx_claim claim = expect(b, "drop(a)", 0.5, SX_VERDICT_HOLDS, "");
    /* 100 of 200 pairs drop by 1: the standard error of the mean is 0.0354 */
    check_near("low", claim.low, 0.5 - 1.96 * 0.0354, 0.012);
    check_near("high", claim.high, 0.5 + 1.96 * 0.0354, 0.012);
    expect(b, "drop(b)", 0.1, SX_VERDICT_FAILS, "");
    expect(b, "drop(c)", -0.5, SX_VERDICT_FAILS, "");
    expect(b, "drop-shrinks(a, b)", 0.8, SX_VERDICT_HOLDS, "");
    expect(b, "drop-shrinks(b, a)", -4, SX_VERDICT_FAILS, "");
    expect(b, "drop-shrinks(c, a)", NAN, SX_VERDICT_UNDECIDED, "not defined"); /* there is none */
    bench_free(b);
}

static void turns_are_decided(void **state) {
    (void)state;
    bench *b = bench_new();
    add_sweep(b, 0, 0, SX_SWEEP_ROTATION, 100, best_upright);
    add_sweep(b, 1, 0, SX_SWEEP_ROTATION, 100, best_upside_down);
    add_sweep(b, 2, 0, SX_SWEEP_ROTATION, 100, half);
    expect(b, "turn-peak(a)", 1, SX_VERDICT_HOLDS, "");
    expect(b, "turn-peak(b)", 179, SX_VERDICT_FAILS, "");
    expect(b, "turn-flattens(a, c)", 0.6, SX_VERDICT_HOLDS, "");
    expect(b, "turn-flattens(c, a)", -0.6, SX_VERDICT_FAILS, "");
    add_sweep(b, 3, 0, SX_SWEEP_ROTATION, 90, rises_with_the_turn);
    expect(b, "turn-flattens(d, c)", 17.0 / 18, SX_VERDICT_HOLDS, "");
    bench_free(b);
}

static void classes_that_look_alike_upside_down_are_left_out(void **state) {
    (void)state;
    bench *b = bench_new();
    add_sweep(b, 0, 0, SX_SWEEP_ROTATION, 160, discs_stay);
    add_sweep(b, 1, 0, SX_SWEEP_ROTATION, 160, always);
    sx_result *result = make_claims(b, "turn-tail(a)");
    const sx_claim *claim = &result->claims.claims[0];
    assert_int_equal(claim->verdict, SX_VERDICT_HOLDS);
    check_near("tail", claim->measured, 0, 0); /* with the discs it would be a quarter */
    assert_string_equal(claim->text,
                        "a: turned by 101 to 261 degrees, against the best, without disc");
    sx_result_release(result);
    expect(b, "turn-tail(b)", 1, SX_VERDICT_FAILS, "");
    sx_config_override(&b->made[0].config, "robustness.rotation_area=0.5", NULL);
    expect(b, "turn-tail(a)", NAN, SX_VERDICT_UNDECIDED, "rotation_area = 0.2");
    add_sweep(b, 2, 0, SX_SWEEP_ROTATION, 36, discs_stay); /* 27 others */
    expect(b, "turn-tail(c)", NAN, SX_VERDICT_UNDECIDED, "fewer than 30");
    bench_free(b);
}

/* Nine angles of 101 to 261 degrees, all within. */
static bool only_beyond(int point, size_t pair, size_t n) {
    (void)pair, (void)n;
    return fabs(sx_grid_rotation(point)) >= 99;
}

static bool only_within(int point, size_t pair, size_t n) {
    return !only_beyond(point, pair, n);
}

/* The first and the last of them. */
static bool only_at_the_ends(int point, size_t pair, size_t n) {
    (void)pair, (void)n;
    return sx_grid_rotation(point) == 101 || sx_grid_rotation(point) == -99;
}

static void the_tail_is_that_of_the_note(void **state) {
    (void)state;
    bench *b = bench_new();
    add_sweep(b, 0, 0, SX_SWEEP_ROTATION, 80, only_beyond);
    add_sweep(b, 1, 0, SX_SWEEP_ROTATION, 80, only_within);
    expect(b, "turn-tail(a)", 1, SX_VERDICT_FAILS, "");
    expect(b, "turn-tail(b)", 0, SX_VERDICT_HOLDS, "");
    add_sweep(b, 2, 0, SX_SWEEP_ROTATION, 80, only_at_the_ends);
    expect(b, "turn-tail(c)", 2.0 / 9, SX_VERDICT_HOLDS, "");
    bench_free(b);
}

/* ---- what leaving out cut objects does ---- */

/* At the two largest sizes, and at places with y = 0.2, coats (label 0) are cut. */
static bool coats_are_cut(int point, size_t pair, size_t n) {
    (void)n;
    return point < 10 || pair % LABELS != 0;
}

static bool coats_are_cut_above(int point, size_t pair, size_t n) {
    (void)n;
    return point / 11 != 2 || pair % LABELS != 0;
}

/* Coats are never recognised: what is left looks better, through classes alone. */
static bool coats_are_hard(int point, size_t pair, size_t n) {
    (void)point, (void)n;
    return pair % LABELS != 0;
}

/* Coats are worse only where they are cut. */
static bool coats_suffer(int point, size_t pair, size_t n) {
    return coats_are_cut(point, pair, n);
}

/* Half of the coats are cut at the two largest sizes, and not recognised there, while no class as
 * such is harder. */
static bool some_are_cut(int point, size_t pair, size_t n) {
    (void)n;
    return point < 10 || pair / LABELS % 2;
}

/* By chance, at each point anew; coats never, or like all. */
static bool by_chance(int point, size_t pair, size_t n) {
    (void)n;
    sx_random random = sx_random_from((uint64_t)point, pair, 3);
    return (double)sx_random_uniform(&random) < 0.6;
}

static bool coats_are_hard_others_by_chance(int point, size_t pair, size_t n) {
    return pair % LABELS != 0 && by_chance(point, pair, n);
}

/* What is not exactly nothing is judged by its standard error. */
static void nothing_is_within_two_standard_errors(void **state) {
    (void)state;
    bench *b = bench_new();
    static const pair_rule rules[] = {by_chance, coats_are_hard_others_by_chance};
    for (int c = 0; c < 2; c++) {
        add_sweep(b, c, 0, SX_SWEEP_SIZE, 400, rules[c]);
        add_inside(b, c, SX_SWEEP_SIZE, 400, coats_are_cut);
    }
    sx_claim claim = expect(b, "same-pairs-mend(a)", NAN, SX_VERDICT_UNDECIDED, "none to mend");
    assert_true(claim.measured != 0);
    claim = expect(b, "same-pairs-mend(b)", NAN, SX_VERDICT_HOLDS, "");
    assert_true(claim.measured != 0 && claim.low < 0 && claim.high > 0);
    bench_free(b);
}

static void leaving_out_bends_the_curve(void **state) {
    (void)state;
    bench *b = bench_new();
    static const pair_rule rules[] = {coats_are_hard, coats_suffer, always};
    for (int c = 0; c < 3; c++) {
        add_sweep(b, c, 0, SX_SWEEP_SIZE, 400, rules[c]);
        add_inside(b, c, SX_SWEEP_SIZE, 400, coats_are_cut);
    }
    add_sweep(b, 3, 0, SX_SWEEP_SIZE, 400, some_are_cut);
    add_inside(b, 3, SX_SWEEP_SIZE, 400, some_are_cut);
    expect(b, "threshold-bends(a)", 0.25, SX_VERDICT_HOLDS, "");
    expect(b, "threshold-bends(c)", 0, SX_VERDICT_FAILS, "");
    expect(b, "threshold-bends(d)", 0.5, SX_VERDICT_HOLDS, "");
    expect(b, "threshold-by-classes(a)", 1, SX_VERDICT_HOLDS, "");
    expect(b, "threshold-by-classes(d)", 0, SX_VERDICT_FAILS, "");
    /* On the same pairs a coat is as hard at the reference; what suffers does so at the point. */
    expect(b, "same-pairs-mend(a)", 0, SX_VERDICT_HOLDS, "");
    expect(b, "same-pairs-mend(b)", 0.25, SX_VERDICT_FAILS, "");
    expect(b, "same-pairs-mend(c)", 0, SX_VERDICT_UNDECIDED, "none to mend");
    bench_free(b);
}

static void leaving_out_bends_the_map(void **state) {
    (void)state;
    bench *b = bench_new();
    add_sweep(b, 0, 0, SX_SWEEP_LOCATION, 200, coats_are_hard);
    add_inside(b, 0, SX_SWEEP_LOCATION, 200, coats_are_cut_above);
    add_sweep(b, 1, 0, SX_SWEEP_LOCATION, 200, always);
    add_inside(b, 1, SX_SWEEP_LOCATION, 200, coats_are_cut_above);
    expect(b, "threshold-bends-map(a)", 0.25, SX_VERDICT_HOLDS, "");
    expect(b, "threshold-by-classes-map(a)", 1, SX_VERDICT_HOLDS, "");
    expect(b, "same-pairs-mend-map(a)", 0, SX_VERDICT_HOLDS, "");
    add_sweep(b, 3, 0, SX_SWEEP_LOCATION, 200, coats_are_cut_above);
    add_inside(b, 3, SX_SWEEP_LOCATION, 200, coats_are_cut_above);
    expect(b, "same-pairs-mend-map(d)", 0.25, SX_VERDICT_FAILS,
           ""); /* in the middle they are told */
    expect(b, "threshold-bends-map(b)", 0, SX_VERDICT_FAILS, "");
    add_sweep(b, 2, 0, SX_SWEEP_LOCATION, 200, always);
    expect(b, "threshold-bends-map(c)", NAN, SX_VERDICT_UNDECIDED, "does not say how much");
    add_inside(b, 2, SX_SWEEP_LOCATION, 200, always);
    expect(b, "threshold-bends-map(c)", NAN, SX_VERDICT_UNDECIDED, "nothing changes");
    bench_free(b);
}

/* The bend is counted at points where enough are whole. */
static bool few_are_whole(int point, size_t pair, size_t n) {
    (void)n;
    return point < 10 || pair < (point == 10 ? 29 : 30);
}

static void points_with_few_whole_objects_do_not_count(void **state) {
    (void)state;
    bench *b = bench_new();
    sx_error err = {0};
    sx_cell_evidence e = {0};
    add_sweep(b, 0, 0, SX_SWEEP_SIZE, 100, always);
    add_inside(b, 0, SX_SWEEP_SIZE, 100, few_are_whole);
    assert_int_equal(sx_cell_evidence_read(&b->cells[0], 0, SX_SWEEP_SIZE, &e, &err), SX_OK);
    assert_int_equal(e.evidence.bent_count, 1);
    assert_int_equal(e.evidence.bent[0], 11);
    assert_int_equal(e.evidence.reference, 9); /* the largest at which all are whole */
    assert_int_equal(e.evidence.classes, LABELS);
    sx_cell_evidence_done(&e);
    bench_free(b);
}

/* ---- the test split ---- */

static void test_accuracies_are_compared(void **state) {
    (void)state;
    bench *b = bench_new();
    static const size_t right[CELLS] = {6000, 8000, 8100, 8105};
    for (int c = 0; c < CELLS; c++) add_test(b, c, 0, 10000, right[c]);
    sx_claim claim = expect(b, "test-better(a, b)", 0.2, SX_VERDICT_HOLDS, "");
    /* On the same items: 2,000 of 10,000 differ, always one way. */
    check_near("low", claim.low, 0.2 - 1.96 * 0.004, 0.0012);
    expect(b, "test-better(b, c)", 0.01, SX_VERDICT_FAILS, "");
    expect(b, "test-ten-points-better(a, b)", 0.2, SX_VERDICT_HOLDS, "");
    expect(b, "test-ten-points-better(b, c)", 0.01, SX_VERDICT_FAILS, "");
    expect(b, "test-at-least-one-point-better(a, b)", 0.2, SX_VERDICT_HOLDS, "");
    expect(b, "test-at-least-one-point-better(b, c)", 0.01, SX_VERDICT_UNDECIDED, "both sides");
    expect(b, "test-at-least-one-point-better(c, d)", 0.0005, SX_VERDICT_FAILS, "");
    expect(b, "test-not-worse(b, c)", 0.01, SX_VERDICT_HOLDS, "");
    expect(b, "test-not-worse(b, b)", 0, SX_VERDICT_HOLDS, "");
    expect(b, "test-not-worse(c, b)", -0.01, SX_VERDICT_FAILS, "");
    expect(b, "test-close(c, b)", 0.01, SX_VERDICT_HOLDS, ""); /* without its sign */
    expect(b, "test-close(a, b)", 0.2, SX_VERDICT_FAILS, "");
    expect(b, "test-within-two-points(c, b)", 0.01, SX_VERDICT_HOLDS, "");
    expect(b, "test-within-two-points(b, a)", 0.2, SX_VERDICT_FAILS, "");
    bench_free(b);
}

/* The two bounds of closeness differ: 1.75 points lie between. */
static void closeness_has_two_bounds(void **state) {
    (void)state;
    bench *b = bench_new();
    add_test(b, 0, 0, 100000, 50000);
    add_test(b, 1, 0, 100000, 51750);
    expect(b, "test-close(a, b)", 0.0175, SX_VERDICT_FAILS, "");
    expect(b, "test-within-two-points(a, b)", 0.0175, SX_VERDICT_HOLDS, "");
    bench_free(b);
}

static void gaps_are_compared(void **state) {
    (void)state;
    bench *b = bench_new();
    static const size_t right[CELLS] = {5000, 7000, 8000, 8500};
    for (int c = 0; c < CELLS; c++) add_test(b, c, 0, 10000, right[c]);
    expect(b, "gap-narrows(a, b, c, d)", 0.15, SX_VERDICT_HOLDS, "");
    expect(b, "gap-narrows(c, d, a, b)", -0.15, SX_VERDICT_FAILS, "");
    bench_free(b);
}

/* Of three seeds two decide: the mean would be pulled below 0 by the third. */
static void two_of_three_seeds_decide_about_a_gap(void **state) {
    (void)state;
    bench *b = bench_new();
    static const size_t leads[MOST_SEEDS] = {1500, 1400, 0}; /* of b over a; d over c: 1,000 */
    for (int s = 0; s < MOST_SEEDS; s++) {
        add_test(b, 0, s, 10000, 5000);
        add_test(b, 1, s, 10000, s == 2 ? 1000 : 5000 + leads[s]);
        add_test(b, 2, s, 10000, 7000);
        add_test(b, 3, s, 10000, 8000);
    }
    sx_claim claim = expect(b, "gap-narrows(a, b, c, d)", 0.04, SX_VERDICT_HOLDS, "");
    check_near("worst", claim.seed_low, -0.5, 1e-12);
    check_near("best", claim.seed_high, 0.05, 1e-12);
    /* Turned round, two of three say no. */
    expect(b, "gap-narrows(c, d, a, b)", -0.04, SX_VERDICT_FAILS, "");
    for (int c = 0; c < CELLS; c++) b->cells[c].seeds = 2;
    expect(b, "gap-narrows(a, b, c, d)", 0.045, SX_VERDICT_HOLDS, "");
    bench_free(b);
}

/* ---- pictures: the same, or not ---- */

/* b is right on what a is right on and some more: on the same pictures that is a small, sure
 * difference; on others it is one of two proportions. */
static void the_same_pictures_are_resampled_together(void **state) {
    (void)state;
    bench *b = bench_new();
    add_test_of(b, 0, 0, 1000, 0, 500, 0);
    add_test_of(b, 1, 0, 1000, 0, 520, 0);
    add_test_of(b, 2, 0, 1000, 0, 520, 5000); /* other items */
    sx_claim same = expect(b, "test-not-worse(a, b)", 0.02, SX_VERDICT_HOLDS, "");
    sx_claim other = expect(b, "test-not-worse(a, c)", 0.02, SX_VERDICT_UNDECIDED, "both sides");
    check_near("same", same.high - same.low, 2 * 1.96 * sqrt(0.02 * 0.98 / 1000), 0.002);
    check_near("others", other.high - other.low, 2 * 1.96 * sqrt(0.5 / 1000), 0.009);
    add_sweep(b, 0, 0, SX_SWEEP_SIZE, 300, half);
    add_sweep(b, 1, 0, SX_SWEEP_SIZE, 300, half);
    add_sweep_of(b, 2, 0, SX_SWEEP_SIZE, 300, half, 9); /* other pairs */
    add_sweep(b, 3, 0, SX_SWEEP_SIZE, 200, half);       /* fewer */
    same = expect(b, "small-better(a, b)", 0, SX_VERDICT_UNDECIDED, "");
    check_near("same pairs", same.high - same.low, 0, 0);
    other = expect(b, "small-better(a, c)", 0, SX_VERDICT_UNDECIDED, "");
    check_near("other pairs", other.high - other.low, 2 * 1.96 * sqrt(0.5 / 300), 0.015);
    other = expect(b, "small-better(a, d)", 0, SX_VERDICT_UNDECIDED, "");
    sx_claim turned = expect(b, "small-better(d, a)", 0, SX_VERDICT_UNDECIDED, "");
    check_near("more", turned.high - turned.low, other.high - other.low, 0.02);
    check_near("fewer", other.high - other.low, 2 * 1.96 * sqrt(0.25 / 300 + 0.25 / 200), 0.02);
    bench_free(b);
}

static void seeds_are_averaged_and_their_range_is_told(void **state) {
    (void)state;
    bench *b = bench_new();
    static const size_t right[MOST_SEEDS] = {450, 500, 550};
    for (int s = 0; s < MOST_SEEDS; s++) {
        add_test_of(b, 0, s, 1000, 0, 400, 1000 * s);
        add_test_of(b, 1, s, 1000, 0, right[s], 5000 + 1000 * s);
    }
    sx_claim claim = expect(b, "test-better(a, b)", 0.1, SX_VERDICT_HOLDS, "");
    check_near("lowest", claim.seed_low, 0.05, 1e-12);
    check_near("highest", claim.seed_high, 0.15, 1e-12);
    /* Each seed has images of its own: the standard error of the mean of three. */
    double error = sqrt((0.24 + 0.249) / 1000 / 3);
    check_near("width", claim.high - claim.low, 2 * 1.96 * error, 0.005);
    b->cells[0].seeds = 1; /* what both have */
    claim = expect(b, "test-better(a, b)", 0.05, SX_VERDICT_UNDECIDED, "both sides");
    assert_true(isnan(claim.seed_low) && isnan(claim.seed_high));
    bench_free(b);
}

/* In how many of 100 worlds the interval holds the truth: of a true difference of 0.1 between two
 * proportions; 95 are expected, and 88 or fewer come once in 150 times. */
/* Three networks on the same 1000 images know no more than 1000 images tell: of the mean outcome of
 * an image (1, 2/3, 1/3 or 0 for 450, 50, 50 and 450 of them) the variance is 0.2278. */
static void seeds_share_the_images_that_they_measured(void **state) {
    (void)state;
    bench *b = bench_new();
    static const size_t right[MOST_SEEDS] = {450, 500, 550};
    for (int s = 0; s < MOST_SEEDS; s++) {
        add_test(b, 0, s, 1000, 400);
        add_test_of(b, 1, s, 1000, 0, right[s], 5000);
    }
    sx_claim claim = expect(b, "test-better(a, b)", 0.1, SX_VERDICT_HOLDS, "");
    double error = sqrt((0.24 + 0.2278) / 1000);
    check_near("width", claim.high - claim.low, 2 * 1.96 * error, 0.005);
    bench_free(b);
}

static void intervals_cover(void **state) {
    (void)state;
    int covered = 0;
    for (uint64_t world = 0; world < 100; world++) {
        bench *b = bench_new();
        sx_random random = sx_random_from(world, 1, 2);
        for (int c = 0; c < 2; c++) {
            add_test_of(b, c, 0, 300, 0, 0, c ? 1000 : 0);
            double *right = b->made[c].made[0].results[0]->table.columns[2].numbers;
            for (int i = 0; i < 300; i++)
                right[i] = (double)sx_random_uniform(&random) < (c ? 0.6 : 0.5);
        }
        sx_result *result = make_claims(b, "test-better(a, b)");
        const sx_claim *claim = &result->claims.claims[0];
        covered += claim->low <= 0.1 && claim->high >= 0.1;
        sx_result_release(result);
        bench_free(b);
    }
    if (covered < 89) fail_msg("%d of 100 intervals hold the truth", covered);
}

/* ---- what is missing or does not fit ---- */

static void what_is_missing_is_said(void **state) {
    (void)state;
    bench *b = bench_new();
    const char *const texts[] = {"drop(a)", "size-rises(a)", "drop(b)"};
    sx_error err = {0};
    add_sweep(b, 0, 0, SX_SWEEP_LOCATION, 200, halves_at_border);
    sx_result *result =
        sx_cell_claims_make(texts, 3, &(sx_cell_set){b->cells, CELLS, 7, NULL}, &err);
    assert_non_null(result); /* b has not finished: it is left out */
    assert_int_equal(result->claims.count, 2);
    assert_int_equal(result->step, 100);
    assert_string_equal(result->split, "test");
    assert_int_equal(result->claims.claims[0].verdict, SX_VERDICT_HOLDS);
    const sx_claim *missing = &result->claims.claims[1];
    assert_int_equal(missing->verdict, SX_VERDICT_UNDECIDED);
    assert_string_equal(missing->reason, "a: its run left nothing of each picture");
    assert_string_equal(missing->text, "a: small objects are harder than large ones");
    assert_true(isnan(missing->measured) && isnan(missing->low));
    json_t *json = sx_result_to_json(result, &err);
    sx_result *back = sx_result_from_json(json, &err); /* it can be written and read */
    assert_non_null(back);
    assert_int_equal(back->claims.count, 2);
    sx_result_release(back);
    json_decref(json);
    sx_result_release(result);
    result = sx_cell_claims_make(texts + 2, 1, &(sx_cell_set){b->cells, CELLS, 7, NULL}, &err);
    assert_int_equal(result->claims.count, 0);
    sx_result_release(result);
    bench_free(b);
}

static sx_result *result_of(bench *b, const char *name) {
    for (size_t i = 0; i < b->made[0].made[0].count; i++)
        if (!strcmp(b->made[0].made[0].results[i]->name, name))
            return b->made[0].made[0].results[i];
    fail_msg("no %s", name);
    return NULL;
}

/* Each row breaks one thing of what a run has left. */
static void break_it(bench *b, int row) {
    sx_grid *grid = &result_of(b, "outcomes-size")->grid;
    sx_table *pairs = &result_of(b, "outcomes-pairs")->table;
    sx_table *test = &result_of(b, "outcomes-test")->table;
    if (row == 0) grid->values[7] = 0.5;
    if (row == 1) grid->values[7] = NAN;
    if (row == 2) grid->row_values[3] = 0.11;
    if (row == 3) grid->rows = 11;
    if (row == 4) result_of(b, "outcomes-size")->kind = SX_RESULT_POINTS;
    if (row == 5) pairs->rows = 99;
    if (row == 6) pairs->columns[3].numbers[4] = -1;
    if (row == 7) pairs->columns[3].numbers[4] = 1e300;
    if (row == 8) pairs->columns[3].numbers[4] = NAN;
    if (row == 9) pairs->columns[1].name = "items";
    if (row == 10) pairs->columns[2].texts = NULL;
    if (row == 11) test->rows = 0;
    if (row == 12) test->columns[2].numbers[0] = 2;
    if (row == 13) test->columns[1].numbers[0] = 0.5;
    if (row == 14) test->columns[0].name = "other";
}

static void what_does_not_fit_decides_nothing(void **state) {
    (void)state;
    for (int row = 0; row < 15; row++) {
        bench *b = bench_new();
        add_sweep(b, 0, 0, SX_SWEEP_SIZE, 100, rises);
        add_test(b, 0, 0, 100, 50);
        add_test(b, 1, 0, 100, 90);
        expect(b, "size-rises(a)", 1, SX_VERDICT_HOLDS, "");
        expect(b, "test-better(a, b)", 0.4, SX_VERDICT_HOLDS, "");
        break_it(b, row);
        sx_claim claim = expect(b, row < 11 ? "size-rises(a)" : "test-better(a, b)", NAN,
                                SX_VERDICT_UNDECIDED, "a: ");
        assert_true(isnan(claim.measured));
        bench_free(b);
    }
}

static void what_was_shown_differently_is_not_compared(void **state) {
    (void)state;
    bench *b = bench_new();
    add_sweep(b, 0, 0, SX_SWEEP_ROTATION, 100, best_upright);
    add_sweep(b, 1, 0, SX_SWEEP_ROTATION, 100, half);
    b->made[1].made[0].results[0]->scene = "posed(area=0.5)";
    expect(b, "turn-flattens(a, b)", NAN, SX_VERDICT_UNDECIDED, "b: objects were shown in another");
    bench_free(b);
}

static void few_pictures_decide_nothing(void **state) {
    (void)state;
    bench *b = bench_new();
    add_sweep(b, 0, 0, SX_SWEEP_LOCATION, 29, never);
    add_test(b, 0, 0, 29, 0);
    add_test(b, 1, 0, 29, 29);
    expect(b, "drop(a)", 0, SX_VERDICT_UNDECIDED, "fewer than 30 pairs");
    expect(b, "test-better(a, b)", 1, SX_VERDICT_UNDECIDED, "fewer than 30 images");
    bench_free(b);
}

/* ---- figures that runs leave in tables ---- */

static void add_figures(bench *b, int cell, int seed, double value, double low, double high) {
    static const char *const names[] = {"figure", "value", "low", "high"};
    sx_result *r = sx_table_new("tokens", "Figures", 2, names, 4, 1u << 0);
    const double row[] = {value, low, high};
    r->table.columns[0].texts[0] = "another";
    r->table.columns[0].texts[1] = "wanted";
    for (int i = 0; i < 3; i++) r->table.columns[i + 1].numbers[1] = row[i];
    add(b, cell, seed, r);
}

static void figures_have_intervals_of_their_own(void **state) {
    (void)state;
    bench *b = bench_new();
    add_figures(b, 0, 0, 0.5, 0.4, 0.7);
    sx_estimate e = sx_cell_figure(&b->cells[0], 0, "tokens", "wanted");
    assert_true(e.value == 0.5 && e.low == 0.4 && e.high == 0.7);
    assert_true(isnan(sx_cell_figure(&b->cells[0], 0, "tokens", "absent").value));
    assert_true(isnan(sx_cell_figure(&b->cells[0], 0, "absent", "wanted").value));
    assert_true(isnan(sx_cell_figure(&b->cells[0], 1, "tokens", "wanted").value));
    bench_free(b);
}

/* The row is one of a table of its own, as others write them. */
static sx_claim measure_row(const bench *b, const sx_cell_claim_row *row, const char **reason) {
    static char kept[200];
    sx_error err = {0};
    sx_result *result = sx_result_new(SX_RESULT_CLAIMS, "claims", "Claims");
    assert_true(sx_claims_alloc(result, 1));
    sx_cell_claim_text claim = {row, row->claim.cells, {"a", "b", "c", "d"}};
    const sx_cell_set among = {b->cells, CELLS, 7, NULL};
    result->claims.count = 0;
    if (sx_cell_claim_measure(&claim, &among, result, &err)) fail_msg("%s", err.message);
    assert_int_equal(result->claims.count, 1);
    sx_claim out = result->claims.claims[0];
    snprintf(kept, sizeof kept, "%s", out.reason);
    *reason = kept;
    sx_result_release(result);
    return out;
}

static struct {
    atomic_bool asked;
    int calls;
} stop;

static double ask_at_ten(void *evidence, const uint32_t *items, size_t n) {
    (void)items, (void)n;
    if (++stop.calls == 10) atomic_store(&stop.asked, true);
    return ((const sx_evidence *)evidence)->right[0];
}

/* Before evidence is read, and before each round of the bootstrap. */
static void a_stop_is_seen_at_once(void **state) {
    (void)state;
    bench *b = bench_new();
    const sx_cell_claim_row row = {.claim = {"wanted", "", 1},
                                   .text = "{A}",
                                   .origin = "own check",
                                   .bound = ">= 0",
                                   .at_least = true,
                                   .subject = SX_OF_TEST,
                                   .statistic = ask_at_ten};
    const sx_cell_claim_text claim = {&row, 1, {"a"}};
    const sx_cell_set cells = {b->cells, CELLS, 7, &stop.asked};
    add_test(b, 0, 0, 100, 40);
    for (int calls = 10; calls >= 0; calls -= 10) {
        sx_error err = {0};
        sx_result *result = sx_result_new(SX_RESULT_CLAIMS, "claims", "Claims");
        assert_true(sx_claims_alloc(result, 1));
        result->claims.count = 0;
        stop.calls = 0;
        assert_int_equal(sx_cell_claim_measure(&claim, &cells, result, &err), SX_CANCELLED);
        assert_int_equal(err.status, SX_CANCELLED);
        assert_int_equal(stop.calls, calls);
        sx_result_release(result);
    }
    static const char *const text = "test-better(a, a)";
    sx_error err = {0};
    assert_null(sx_cell_claims_make(&text, 1, &cells, &err));
    assert_int_equal(err.status, SX_CANCELLED);
    bench_free(b);
}

static void figures_of_tables_make_claims(void **state) {
    (void)state;
    bench *b = bench_new();
    const char *reason;
    sx_cell_claim_row row = {.claim = {"wanted", "", 1},
                             .text = "{A}",
                             .origin = "own check",
                             .bound = ">= 0.45",
                             .threshold = 0.45,
                             .at_least = true,
                             .result = "tokens",
                             .figure = "wanted"};
    add_figures(b, 0, 0, 0.5, 0.46, 0.7);
    add_figures(b, 1, 0, 0.9, 0.8, 0.93);
    sx_claim claim = measure_row(b, &row, &reason);
    assert_true(claim.measured == 0.5 && claim.verdict == SX_VERDICT_HOLDS);
    check_near("low", claim.low, 0.46, 1e-12);
    check_near("high", claim.high, 0.7, 1e-12);
    row.threshold = 0.6;
    assert_int_equal(measure_row(b, &row, &reason).verdict, SX_VERDICT_UNDECIDED);
    row.threshold = 0.8;
    assert_int_equal(measure_row(b, &row, &reason).verdict, SX_VERDICT_FAILS);
    row.claim.cells = 2;
    row.combine = SX_COMBINE_MORE;
    claim = measure_row(b, &row, &reason);
    check_near("difference", claim.measured, 0.4, 1e-12);
    check_near("low", claim.low, 0.4 - hypot(0.1, 0.2), 1e-12);
    check_near("high", claim.high, 0.4 + hypot(0.03, 0.04), 1e-12);
    add_figures(b, 0, 1, 0.6, 0.5, 0.7);
    add_figures(b, 1, 1, 0.8, 0.7, 0.9);
    claim = measure_row(b, &row, &reason); /* of two seeds */
    check_near("mean", claim.measured, 0.3, 1e-12);
    check_near("low", claim.low, 0.3 - sqrt(0.01 + 0.04 + 0.01 + 0.01) / 2, 1e-12);
    check_near("range", claim.seed_high - claim.seed_low, 0.2, 1e-12);
    row.figure = "absent";
    claim = measure_row(b, &row, &reason);
    assert_int_equal(claim.verdict, SX_VERDICT_UNDECIDED);
    assert_string_equal(reason, "a: its run left no such figure");
    assert_true(isnan(claim.measured) && isnan(claim.seed_low));
    bench_free(b);
}

static void figures_without_an_interval_decide_nothing(void **state) {
    (void)state;
    bench *b = bench_new();
    const char *reason;
    const sx_cell_claim_row row = {.claim = {"wanted", "", 1},
                                   .text = "{A}",
                                   .origin = "",
                                   .bound = "",
                                   .threshold = 0,
                                   .at_least = true,
                                   .result = "tokens",
                                   .figure = "wanted"};
    add_figures(b, 0, 0, 0.5, NAN, NAN);
    sx_claim claim = measure_row(b, &row, &reason);
    assert_true(claim.measured == 0.5);
    assert_int_equal(claim.verdict, SX_VERDICT_UNDECIDED);
    assert_string_equal(reason, "the figure has no interval: it rests on fewer than 30 pictures");
    bench_free(b);
}

/* ---- texts ---- */

static void texts_are_checked(void **state) {
    (void)state;
    static const char *const names[] = {"vit", "vit-moved"};
    static const struct {
        const char *text, *sentence; /* "": it is good */
    } cases[] = {
        {"drop(vit)", ""},
        {" drop-shrinks ( vit ,vit-moved ) ", ""},
        {"dorp(vit)", "did you mean 'drop'?"},
        {"drop(vti)", "did you mean 'vit'?"},
        {"drop-shrinks(vit, vit-move)", "did you mean 'vit-moved'?"},
        {"drop-shrinks(vit)", "about 2 cells and not 1"},
        {"drop(vit, vit-moved)", "about 1 cell and not 2"},
        {"gap-narrows(vit, vit, vit, vit, vit)", "is no claim"},
        {"drop", "is no claim"},
        {"drop(", "is no claim"},
        {"drop()", "is no claim"},
        {"drop(vit", "is no claim"},
        {"drop(vit,)", "is no claim"},
        {"drop(vit) x", "is no claim"},
        {"drop(vit(vit))", "is no claim"},
        {"(vit)", "is no claim"},
        {"", "is no claim"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sx_error err = {0};
        sx_status status = sx_cell_claim_check(cases[i].text, names, 2, &err);
        if ((status == SX_OK) != (cases[i].sentence[0] == 0) ||
            (status && !strstr(err.message, cases[i].sentence)))
            fail_msg("%s: %s", cases[i].text, err.message);
    }
    sx_error err = {0};
    assert_int_equal(sx_cell_claim_check("drop(vit)", NULL, 0, &err), SX_BAD_INPUT);
    bench *b = bench_new();
    const char *const bad = "drop(";
    assert_null(sx_cell_claims_make(&bad, 1, &(sx_cell_set){b->cells, CELLS, 7, NULL}, &err));
    bench_free(b);
}

static void the_table_is_whole(void **state) {
    (void)state;
    int count = 0;
    for (const sx_cell_claim_row *row; (row = sx_cell_claim_row_at(count)); count++) {
        char last[] = {'{', (char)('A' + row->claim.cells - 1), '}', 0};
        assert_ptr_equal(sx_cell_claim_at(count), &row->claim);
        assert_true(strlen(row->claim.help) > 20 && row->origin[0] && row->bound[0]);
        assert_non_null(strstr(row->text, last));
        assert_true(row->statistic || row->contrasts || (row->result && row->figure));
        assert_true(row->combine != SX_COMBINE_GAP || row->claim.cells == 4);
        assert_true((row->combine == SX_COMBINE_ONE) == (row->claim.cells == 1));
        for (int other = 0; other < count; other++)
            assert_string_not_equal(sx_cell_claim_at(other)->name, row->claim.name);
    }
    assert_true(count >= 21);
    assert_null(sx_cell_claim_at(-1));
    assert_null(sx_cell_claim_at(count));
}

static void results_are_found(void **state) {
    (void)state;
    bench *b = bench_new();
    add_test(b, 0, 0, 30, 3);
    assert_ptr_equal(sx_cell_result(&b->cells[0], 0, "outcomes-test"),
                     b->made[0].made[0].results[0]);
    assert_null(sx_cell_result(&b->cells[0], 0, "outcomes-tests"));
    assert_null(sx_cell_result(&b->cells[0], 1, "outcomes-test"));
    add_test(b, 0, 1, 30, 3);
    assert_non_null(sx_cell_result(&b->cells[0], 1, "outcomes-test"));
    b->cells[0].seeds = 1; /* the second has not finished */
    assert_null(sx_cell_result(&b->cells[0], 1, "outcomes-test"));
    assert_null(sx_cell_result(&b->cells[0], -1, "outcomes-test"));
    assert_null(sx_cell_result(&b->cells[1], 0, "outcomes-test"));
    bench_free(b);
}

/* ---- a real run ---- */

static const char real_text[] = "[data]\nsource = shapes\nimage = 16\n"
                                "[model]\nspec = cnn(width=8, depth=2)\n"
                                "[train]\nsteps = 400\nbatch = 32\nvalidate_every = 400\n"
                                "[robustness]\nshare = 0\nimages_per_location = 32\n"
                                "images_per_point = 40\n[run]\nseed = 5\n";

static void keep(void *user, sx_result *result) {
    made_run *run = user;
    size_t i = 0;
    while (i < run->count && strcmp(run->results[i]->name, result->name) != 0) i++;
    if (i == run->count)
        run->count++;
    else
        sx_result_release(run->results[i]);
    run->results[i] = result;
}

static const sx_result *kept(const sx_study_cell *cell, const char *name) {
    const sx_result *result = sx_cell_result(cell, 0, name);
    if (!result) fail_msg("the run left no %s", name);
    return result;
}

static double mean_of_row(const sx_grid *grid, int row) {
    double sum = 0;
    for (int i = 0; i < grid->columns; i++) sum += grid->values[row * grid->columns + i];
    return sum / grid->columns;
}

static void check_outcomes(const sx_study_cell *cell) {
    const sx_grid *location = &kept(cell, "outcomes-location")->grid;
    const sx_grid *map = &kept(cell, "location")->grid;
    assert_int_equal(location->columns, 32);
    for (int p = 0; p < 121; p++)
        check_near("location", mean_of_row(location, p), map->values[p], 1e-15);
    static const char *const names[][2] = {{"outcomes-rotation", "rotation"},
                                           {"outcomes-size", "size"}};
    for (int k = 0; k < 2; k++) {
        const sx_grid *grid = &kept(cell, names[k][0])->grid;
        const sx_series *curve = &kept(cell, names[k][1])->series;
        assert_int_equal(grid->columns, 40);
        for (size_t p = 0; p < curve->length; p++) {
            check_near(names[k][1], mean_of_row(grid, (int)p), curve->lines[0].y[p], 1e-15);
            check_near("factor", grid->row_values[p], curve->x[p], 0);
        }
    }
    const sx_table *test = &kept(cell, "outcomes-test")->table;
    double right = 0;
    for (size_t i = 0; i < test->rows; i++) right += test->columns[2].numbers[i];
    check_near("test", right / (double)test->rows,
               kept(cell, "summary")->table.columns[1].numbers[1], 1e-15);
}

/* By the recipe of A.2 from the sizes that the table of pairs tells. */
static void check_pairs(const sx_study_cell *cell, const sx_study_data *data) {
    const sx_table *pairs = &kept(cell, "outcomes-pairs")->table;
    const sx_grid *size = &kept(cell, "inside-size")->grid;
    const sx_grid *place = &kept(cell, "inside-location")->grid;
    assert_int_equal(pairs->rows, 40);
    assert_true(place->values[0] < 0.5); /* in a corner a quarter of it is inside */
    assert_true(size->values[0] == 1);
    assert_string_equal(place->row_names[12], "x 0.1 y 0.1");
    for (int i = 0; i < 40; i++) {
        size_t item = sx_view_pair_item(data->view, SX_SPLIT_TEST, (uint64_t)i);
        int label = sx_source_label(data->source, SX_SPLIT_TEST, item);
        sx_extent extent;
        assert_int_equal(sx_view_pair_extent(data->view, SX_SPLIT_TEST, (uint64_t)i, &extent, NULL),
                         SX_OK);
        assert_true(pairs->columns[1].numbers[i] == (double)item);
        assert_true(pairs->columns[3].numbers[i] == label);
        assert_string_equal(pairs->columns[4].texts[i],
                            sx_source_describe(data->source)->class_names[label]);
        assert_true(pairs->columns[5].numbers[i] == extent.width);
        assert_true(pairs->columns[6].numbers[i] == extent.height);
        sx_si_box box = sx_si_place(extent.width, extent.height, (sx_pose){1, 0, 0.5, 0.5}, 16);
        check_near("inside", size->values[11 * 40 + i], box.inside, 1e-15);
        if (i >= 32) continue;
        box = sx_si_place(extent.width, extent.height, (sx_pose){0.2, 0, 0.1, 0.5}, 16);
        check_near("at the left", place->values[(5 * 11 + 1) * 32 + i], box.inside, 1e-15);
        bool oblong = 2 * extent.height < extent.width || 2 * extent.width < extent.height;
        if (oblong) assert_true(box.inside < 0.75);
    }
}

/* The claims of the run and those between cells agree to the bit, with the run's own seed. */
static void check_claims(const bench *b) {
    static const char *const texts[] = {"drop(a)", "size-rises(a)", "turn-peak(a)"};
    const sx_claims *own = &kept(&b->cells[0], "claims")->claims;
    sx_error err = {0};
    sx_result *result =
        sx_cell_claims_make(texts, 3, &(sx_cell_set){b->cells, CELLS, 5, NULL}, &err);
    assert_non_null(result);
    for (int i = 0; i < 3; i++) {
        const sx_claim *claim = &result->claims.claims[i];
        check_near(texts[i], claim->measured, own->claims[i].measured, 1e-15);
        assert_true(claim->low == own->claims[i].low && claim->high == own->claims[i].high);
        assert_int_equal(claim->verdict, own->claims[i].verdict);
    }
    sx_result_release(result);
}

static void a_run_leaves_what_it_published(void **state) {
    (void)state;
    sx_error err = {0};
    static made_run left;
    left = (made_run){0};
    sx_config config;
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    assert_int_equal(sx_config_parse(&config, "real.ini", real_text, NULL, &err), SX_OK);
    sx_study_data *data = sx_study_data_new(&config, NULL, &err);
    assert_non_null(data);
    sx_study_context context = {.user = &left, .publish = keep};
    sx_study *study = sx_study_new(&config, data, &context, &err);
    sx_study_report report = {0};
    if (!study) fail_msg("%s", err.message);
    while (report.phase != SX_PHASE_FINISHED)
        if (sx_study_advance(study, &report, &err)) fail_msg("%s", err.message);
    bench *b = bench_new();
    for (size_t i = 0; i < left.count; i++) { /* as it comes back from disk */
        json_t *json = sx_result_to_json(left.results[i], &err);
        sx_result *back = sx_result_from_json(json, &err);
        if (!back) fail_msg("%s", err.message);
        add(b, 0, 0, back);
        json_decref(json);
        sx_result_release(left.results[i]);
    }
    check_outcomes(&b->cells[0]);
    check_pairs(&b->cells[0], data);
    check_claims(b);
    bench_free(b);
    sx_study_free(study);
    sx_study_data_release(data);
    sx_config_done(&config);
}

/* ---- memory ---- */

static sx_status make_them(void *context, sx_error *err) {
    static const char *const texts[] = {"drop-shrinks(a, b)", "turn-tail(a)", "test-better(a, b)",
                                        "threshold-by-classes(a)"};
    const bench *b = context;
    sx_result *result =
        sx_cell_claims_make(texts, 4, &(sx_cell_set){b->cells, CELLS, 7, NULL}, err);
    sx_status status = result ? SX_OK : err->status;
    sx_result_release(result);
    return status;
}

/* Texts that need a block of memory of their own, so that each of them can fail. */
static const char *long_text(sx_result *r) {
    return sx_result_text(r, "%0*d", 70000, 1);
}

static void add_pictures_of_cells(bench *b) {
    sx_result *size = sx_result_new(SX_RESULT_SERIES, "size", "");
    sx_result *map = sx_result_new(SX_RESULT_GRID, "location", "");
    assert_true(size && map && sx_series_alloc(size, 3, 1, true) && sx_grid_alloc(map, 2, 2));
    size->title = size->series.x_label = size->series.x_unit = size->series.y_label =
        long_text(size);
    map->title = map->grid.row_label = map->grid.column_label = map->grid.unit = long_text(map);
    add(b, 0, 0, size);
    add(b, 0, 0, map);
}

static void check_texts(const sx_result *r) {
    assert_non_null(r->title);
    if (r->kind == SX_RESULT_SERIES)
        assert_true(r->series.x_label && r->series.x_unit && r->series.y_label);
    if (r->kind == SX_RESULT_GRID)
        assert_true(r->grid.row_label && r->grid.column_label && r->grid.unit);
}

static sx_status conclude(void *context, sx_error *err) {
    const bench *b = context;
    sx_result *results[SX_CELL_RESULTS];
    int count = 0;
    const sx_cell_set cells = {b->cells, CELLS, 7, NULL};
    sx_status status = sx_cells_conclude(&b->made[0].config, &cells, results, &count, err);
    if (!status) assert_int_equal(count, 3);
    for (int i = 0; i < count; i++) {
        check_texts(results[i]);
        sx_result_release(results[i]);
    }
    return status;
}

static void what_cells_say_is_whole_or_nothing(void **state) {
    (void)state;
    bench *b = bench_new();
    add_pictures_of_cells(b);
    assert_true(fail_every_allocation(conclude, b) > 12);
    bench_free(b);
}

static void failing_memory_is_told(void **state) {
    (void)state;
    bench *b = bench_new();
    for (int c = 0; c < 2; c++) {
        add_sweep(b, c, 0, SX_SWEEP_LOCATION, 40, halves_at_border);
        add_sweep(b, c, 0, SX_SWEEP_ROTATION, 40, best_upright);
        add_test(b, c, 0, 40, 20);
    }
    add_sweep(b, 0, 0, SX_SWEEP_SIZE, 40, coats_are_hard);
    add_inside(b, 0, SX_SWEEP_SIZE, 40, some_are_cut);
    assert_true(fail_every_allocation(make_them, b) > 30);
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_decided),
        cmocka_unit_test(small_objects_are_compared),
        cmocka_unit_test(drops_are_decided),
        cmocka_unit_test(turns_are_decided),
        cmocka_unit_test(classes_that_look_alike_upside_down_are_left_out),
        cmocka_unit_test(the_tail_is_that_of_the_note),
        cmocka_unit_test(leaving_out_bends_the_curve),
        cmocka_unit_test(leaving_out_bends_the_map),
        cmocka_unit_test(nothing_is_within_two_standard_errors),
        cmocka_unit_test(points_with_few_whole_objects_do_not_count),
        cmocka_unit_test(test_accuracies_are_compared),
        cmocka_unit_test(closeness_has_two_bounds),
        cmocka_unit_test(gaps_are_compared),
        cmocka_unit_test(two_of_three_seeds_decide_about_a_gap),
        cmocka_unit_test(the_same_pictures_are_resampled_together),
        cmocka_unit_test(seeds_are_averaged_and_their_range_is_told),
        cmocka_unit_test(seeds_share_the_images_that_they_measured),
        cmocka_unit_test(intervals_cover),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(what_does_not_fit_decides_nothing),
        cmocka_unit_test(what_was_shown_differently_is_not_compared),
        cmocka_unit_test(few_pictures_decide_nothing),
        cmocka_unit_test(figures_have_intervals_of_their_own),
        cmocka_unit_test(a_stop_is_seen_at_once),
        cmocka_unit_test(figures_of_tables_make_claims),
        cmocka_unit_test(figures_without_an_interval_decide_nothing),
        cmocka_unit_test(texts_are_checked),
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(results_are_found),
        cmocka_unit_test(a_run_leaves_what_it_published),
        cmocka_unit_test(what_cells_say_is_whole_or_nothing),
        cmocka_unit_test(failing_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
