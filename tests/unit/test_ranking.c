/* Properties of what is measured of rankings and ensembles, over random input with ties and
 * without, and what the guarantee's search must not get wrong. */
#include "tests/unit/failing.h"

#include "core/metric/metric.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 500, CASES = 40 };

/* Scores of a random case: of few distinct values where `levels` is not 0. */
typedef struct {
    double scores[N];
    uint8_t flags[N];
    size_t n;
} sample;

static sample draw(int number, uint32_t levels) {
    sample s;
    sx_random random = sx_random_from(11, levels, (uint64_t)number);
    s.n = 2 + sx_random_below(&random, N - 1);
    double rate = (double)sx_random_uniform(&random);
    for (size_t i = 0; i < s.n; i++) {
        s.scores[i] =
            levels ? sx_random_below(&random, levels) / 4.0 - 1 : (double)sx_random_normal(&random);
        s.flags[i] = (double)sx_random_uniform(&random) < rate;
    }
    s.flags[0] = 0;
    s.flags[1] = 1; /* both kinds are there */
    return s;
}

static sx_ranking rank(const double *scores, size_t n) {
    sx_ranking ranking;
    assert_int_equal(sx_ranking_new(scores, n, &ranking, NULL), SX_OK);
    return ranking;
}

static void near(double a, double b, double tolerance) {
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.17g, not %.17g", a, b);
}

/* ---- sorting --------------------------------------------------------------------------------- */

static void items_are_sorted_by_value_and_then_by_number(void **state) {
    (void)state;
    const double scores[] = {0.0, -1.5, INFINITY, -0.0, 1e-310, -INFINITY, 2.5, -1e-310, 2.5};
    const uint32_t order[] = {2, 6, 8, 4, 0, 3, 7, 1, 5};
    sx_ranking r = rank(scores, 9);
    assert_memory_equal(r.order, order, sizeof order);
    for (size_t i = 0; i < 9; i++) assert_true(r.scores[i] == scores[order[i]]);
    sx_ranking_done(&r);
    for (int i = 0; i < CASES; i++) {
        sample s = draw(i, i % 2 ? 7 : 0);
        r = rank(s.scores, s.n);
        for (size_t k = 0; k + 1 < s.n; k++)
            assert_true(r.scores[k] > r.scores[k + 1] ||
                        (r.scores[k] == r.scores[k + 1] && r.order[k] < r.order[k + 1]));
        sx_ranking_done(&r);
    }
}

static void several_rankings_are_the_same_on_two_threads(void **state) {
    (void)state;
    sample a = draw(1, 0), b = draw(1, 5);
    double holes[N] = {0};
    holes[3] = NAN;
    const double *const scores[] = {a.scores, NULL, b.scores, holes};
    size_t n = a.n < b.n ? a.n : b.n;
    sx_ranking one[4], two[4];
    sx_pool *pool = sx_pool_new(2, NULL);
    assert_int_equal(sx_rankings_new(scores, 4, n, NULL, one, NULL), SX_OK);
    assert_int_equal(sx_rankings_new(scores, 4, n, pool, two, NULL), SX_OK);
    assert_true(one[0].n == n && one[1].n == 0 && one[2].n == n && one[3].n == 0);
    for (int i = 0; i < 4; i += 2) {
        assert_memory_equal(one[i].order, two[i].order, n * sizeof *one[i].order);
        assert_memory_equal(one[i].scores, two[i].scores, n * sizeof *one[i].scores);
    }
    sx_rankings_done(one, 4);
    sx_rankings_done(two, 4);
    sx_pool_free(pool);
}

/* ---- identities (D.4 of the protocol) -------------------------------------------------------- */

static void areas_follow_from_each_other(void **state) {
    (void)state;
    for (int i = 0; i < 2 * CASES; i++) {
        sample s = draw(i, i % 2 ? 5 : 0);
        sx_ranking r = rank(s.scores, s.n);
        sx_ranked items = {&r, s.flags, NULL};
        sx_selective f;
        sx_detection d;
        sx_selective_of(items, &f);
        sx_detection_of(items, &d);
        near(f.augrc, (1 - f.failure_auroc) * f.risk * (1 - f.risk) + f.risk * f.risk / 2, 1e-12);
        near(f.augrc_prefix - f.augrc, f.risk / (2 * (double)s.n), 1e-12);
        near(f.failure_auroc, d.auroc, 1e-12);
        sx_interval orders = sx_aurc_of_tie_orders(items);
        assert_true(orders.low <= f.aurc + 1e-12 && f.aurc <= orders.high + 1e-12);
        assert_true(f.eaurc >= -1e-12 && f.eaugrc >= -1e-12);
        sx_ranking_done(&r);
    }
}

/* P(inside > outside) + P(equal) / 2 over all pairs. */
static void auroc_counts_pairs(void **state) {
    (void)state;
    for (int number = 0; number < CASES; number++) {
        sample s = draw(number, number % 2 ? 6 : 0);
        double won = 0, pairs = 0;
        for (size_t i = 0; i < s.n; i++)
            for (size_t j = 0; j < s.n; j++) {
                if (s.flags[i] || !s.flags[j]) continue;
                pairs++;
                won += (s.scores[i] > s.scores[j]) + 0.5 * (s.scores[i] == s.scores[j]);
            }
        sx_ranking r = rank(s.scores, s.n);
        sx_detection d;
        sx_detection_of((sx_ranked){&r, s.flags, NULL}, &d);
        near(d.auroc, won / pairs, 1e-12);
        sx_ranking_done(&r);
    }
}

/* The roles of the classes turn with the sign of the score. */
static void turning_the_score_turns_the_classes(void **state) {
    (void)state;
    for (int number = 0; number < CASES; number++) {
        sample s = draw(number, number % 2 ? 6 : 0), t = s;
        for (size_t i = 0; i < s.n; i++) {
            t.scores[i] = -s.scores[i];
            t.flags[i] = !s.flags[i];
        }
        sx_ranking r = rank(s.scores, s.n), q = rank(t.scores, t.n);
        sx_detection d, e;
        sx_detection_of((sx_ranked){&r, s.flags, NULL}, &d);
        sx_detection_of((sx_ranked){&q, t.flags, NULL}, &e);
        near(d.auroc, e.auroc, 1e-12);
        near(d.aupr_in, e.aupr_out, 1e-12);
        near(d.aupr_in_trapezoid, e.aupr_out_trapezoid, 1e-12);
        near(d.fpr95, e.fpr95_outside, 1e-12);
        near(d.fpr95_nearest, e.fpr95_nearest_outside, 1e-12);
        near(d.error, e.error, 1e-12);
        sx_ranking_done(&r);
        sx_ranking_done(&q);
    }
}

static void shuffled_rows_change_nothing(void **state) {
    (void)state;
    for (int number = 0; number < CASES; number++) {
        sample s = draw(number, 4), t = s;
        uint32_t order[N];
        sx_random random = sx_random_from(2, 0, (uint64_t)number);
        sx_random_permutation(&random, order, s.n);
        for (size_t i = 0; i < s.n; i++) {
            t.scores[i] = s.scores[order[i]];
            t.flags[i] = s.flags[order[i]];
        }
        sx_ranking r = rank(s.scores, s.n), q = rank(t.scores, t.n);
        sx_ranked items = {&r, s.flags, NULL}, shuffled = {&q, t.flags, NULL};
        sx_selective f[2];
        sx_detection d[2];
        sx_selective_of(items, &f[0]);
        sx_selective_of(shuffled, &f[1]);
        sx_detection_of(items, &d[0]);
        sx_detection_of(shuffled, &d[1]);
        assert_memory_equal(&f[0], &f[1], sizeof f[0]);
        assert_memory_equal(&d[0], &d[1], sizeof d[0]);
        sx_ranking_done(&r);
        sx_ranking_done(&q);
    }
}

/* A resample as counts is the same as its items written out. */
static void counts_are_copies(void **state) {
    (void)state;
    for (int number = 0; number < CASES; number++) {
        sample s = draw(number, number % 2 ? 6 : 0), copies = s;
        uint32_t counts[N];
        sx_resample_counts(3, 0, number, s.n, counts);
        size_t at = 0;
        for (size_t i = 0; i < s.n; i++)
            for (uint32_t c = 0; c < counts[i]; c++) {
                copies.scores[at] = s.scores[i];
                copies.flags[at++] = s.flags[i];
            }
        assert_int_equal(at, s.n);
        sx_ranking r = rank(s.scores, s.n), q = rank(copies.scores, s.n);
        sx_ranked items = {&r, s.flags, counts}, written = {&q, copies.flags, NULL};
        sx_selective f[2];
        sx_detection d[2];
        sx_proper p[2];
        sx_selective_of(items, &f[0]);
        sx_selective_of(written, &f[1]);
        sx_detection_of(items, &d[0]);
        sx_detection_of(written, &d[1]);
        assert_memory_equal(&f[0], &f[1], sizeof f[0]);
        assert_memory_equal(&d[0], &d[1], sizeof d[0]);
        sx_proper_of_top(s.scores, items, (sx_binning){0}, &p[0]);
        sx_proper_of_top(copies.scores, written, (sx_binning){0}, &p[1]);
        near(p[0].ece, p[1].ece, 1e-12);
        near(p[0].adaptive_ece, p[1].adaptive_ece, 1e-12);
        near(p[0].accuracy, p[1].accuracy, 1e-12);
        sx_ranking_done(&r);
        sx_ranking_done(&q);
    }
}

static void undefined_is_not_a_number(void **state) {
    (void)state;
    const double scores[] = {0.9, 0.8};
    const uint8_t none[] = {0, 0};
    const uint32_t nothing[] = {0, 0};
    sx_ranking r = rank(scores, 2), empty = {0};
    sx_selective f;
    sx_detection d;
    sx_selective_of((sx_ranked){&r, none, NULL}, &f);
    assert_true(f.aurc == 0 && f.risk == 0 && isnan(f.failure_auroc));
    sx_selective_of((sx_ranked){&r, none, nothing}, &f);
    assert_true(isnan(f.aurc) && isnan(f.augrc) && isnan(f.risk) && isnan(f.aurc_points));
    sx_selective_of((sx_ranked){&empty, NULL, NULL}, &f);
    assert_true(isnan(f.aurc) && isnan(f.risk));
    sx_detection_of((sx_ranked){&r, none, NULL}, &d);
    assert_true(d.inside == 2 && d.outside == 0 && d.base_rate == 0);
    assert_true(isnan(d.auroc) && isnan(d.aupr_in) && isnan(d.aupr_out) && isnan(d.fpr95));
    assert_true(isnan(d.fpr95_outside) && isnan(d.error) && isnan(d.fpr95_nearest));
    assert_true(isnan(sx_ranked_risk_at((sx_ranked){&r, none, NULL}, 0).risk));
    assert_true(isnan(sx_ranked_risk_at((sx_ranked){&empty, NULL, NULL}, 1).risk));
    sx_proper p;
    sx_proper_of_top(scores, (sx_ranked){&r, none, nothing}, (sx_binning){0}, &p);
    assert_true(isnan(p.ece) && isnan(p.accuracy) && isnan(p.adaptive_ece) && p.used == 0);
    sx_ranking_done(&r);
}

static void cut_blocks_are_said(void **state) {
    (void)state;
    const double scores[] = {0.9, 0.5, 0.5, 0.1};
    const uint8_t wrong[] = {0, 1, 0, 1};
    sx_ranking r = rank(scores, 4);
    sx_ranked items = {&r, wrong, NULL};
    sx_covered_risk half = sx_ranked_risk_at(items, 0.5), most = sx_ranked_risk_at(items, 0.75);
    assert_true(half.risk == 0.25 && !half.exact); /* half an error of two */
    assert_true(fabs(most.risk - 1.0 / 3) < 1e-12 && most.exact);
    sx_ranking_done(&r);
}

static void roc_curve_goes_from_corner_to_corner(void **state) {
    (void)state;
    sample s = draw(3, 0);
    double x[64], y[64];
    sx_ranking r = rank(s.scores, s.n);
    size_t count = sx_roc_curve((sx_ranked){&r, s.flags, NULL}, 64, x, y);
    assert_in_range(count, 3, 64);
    assert_true(x[0] == 0 && y[0] == 0 && x[count - 1] == 1 && y[count - 1] == 1);
    for (size_t i = 1; i < count; i++) assert_true(x[i] >= x[i - 1] && y[i] >= y[i - 1]);
    memset(s.flags, 0, sizeof s.flags);
    assert_int_equal(sx_roc_curve((sx_ranked){&r, s.flags, NULL}, 64, x, y), 0);
    sx_ranking_done(&r);
    const double scores[] = {3, 2, 1}; /* outside first: up only at the end */
    const uint8_t flags[] = {1, 0, 0};
    r = rank(scores, 3);
    assert_int_equal(sx_roc_curve((sx_ranked){&r, flags, NULL}, 4, x, y), 4);
    assert_true(x[1] == 1 && y[1] == 0 && y[2] == 0.5);
    sx_ranking_done(&r);
}

/* ---- the guarantee's traps ------------------------------------------------------------------- */

/* Item i of n is the i-th surest; the first `right` are right, then every third is wrong. */
static sx_ranking falling(size_t n, size_t right, uint8_t *wrong) {
    double scores[N];
    for (size_t i = 0; i < n; i++) {
        scores[i] = -(double)i;
        wrong[i] = i >= right && i % 3 == 0;
    }
    return rank(scores, n);
}

/* (i) What is not feasible is not given as if it were. */
static void infeasible_target_finds_nothing(void **state) {
    (void)state;
    uint8_t wrong[N];
    sx_ranking r = falling(100, 0, wrong);
    sx_guarantee g;
    assert_int_equal(sx_guarantee_search((sx_ranked){&r, wrong, NULL}, 0.01, 0.001, &g, NULL),
                     SX_OK);
    assert_false(g.feasible);
    assert_true(isnan(g.found.threshold) && isnan(g.found.bound));
    assert_true(g.found.coverage == 0 && g.found.selected == 0);
    assert_true(g.last.selected > 0 && g.last.bound > 0.01);
    assert_int_equal(g.looks, 7);
    sx_ranking_done(&r);
}

/* (ii) 15 of 22 as a rate is 14.999.. of 22 again; the bound of 15 is asked for and got. */
static void errors_are_counted_and_not_rounded_down(void **state) {
    (void)state;
    near(sx_clopper_pearson_upper(15, 22, 0.001), 0.9226064011999944, 1e-9);
    assert_true((int)(22 * (15 / 22.0)) == 14);
    uint8_t wrong[N] = {0};
    double scores[22] = {0};
    for (int i = 0; i < 15; i++) wrong[i] = 1;
    sx_ranking r = rank(scores, 22); /* all equal: one look is all */
    sx_guarantee g;
    assert_int_equal(sx_guarantee_search((sx_ranked){&r, wrong, NULL}, 0.95, 0.005, &g, NULL),
                     SX_OK);
    assert_true(g.looks == 5 && g.feasible && g.found.errors == 15);
    near(g.found.bound, 0.9226064011999944, 1e-9);
    sx_ranking_done(&r);
}

/* (iii) The bound is not monotone: the search ends at the surest item, which says nothing, though
 * 60 right ones would keep to the target. That is not feasible; it is never a false promise. */
static void bisection_that_misses_promises_nothing(void **state) {
    (void)state;
    uint8_t wrong[N];
    sx_ranking r = falling(400, 90, wrong);
    sx_guarantee g;
    double delta = 0.1 / 9; /* of a look: ceil(log2 400) = 9 */
    assert_int_equal(sx_guarantee_search((sx_ranked){&r, wrong, NULL}, 0.055, 0.1, &g, NULL),
                     SX_OK);
    assert_true(sx_clopper_pearson_upper(0, 90, delta) < 0.055);
    assert_false(g.feasible);
    assert_true(g.last.selected < 3 && g.last.bound > 0.5);
    sx_ranking_done(&r);
}

/* (iv) Keeps by value: a block of equal scores is never cut. */
static void ties_are_kept_together(void **state) {
    (void)state;
    for (int number = 0; number < CASES; number++) {
        sample s = draw(number, 6);
        for (size_t i = 0; i < s.n; i++) s.flags[i] = s.flags[i] && s.scores[i] < 0;
        sx_ranking r = rank(s.scores, s.n);
        sx_guarantee g;
        assert_int_equal(sx_guarantee_search((sx_ranked){&r, s.flags, NULL}, 0.3, 0.1, &g, NULL),
                         SX_OK);
        sx_guarantee_look look = g.feasible ? g.found : g.last;
        size_t kept = 0, errors = 0;
        for (size_t i = 0; i < s.n; i++) {
            kept += s.scores[i] >= look.threshold;
            errors += s.scores[i] >= look.threshold && s.flags[i];
        }
        assert_int_equal(kept, look.selected);
        assert_int_equal(errors, look.errors);
        near(look.bound, sx_clopper_pearson_upper(errors, kept, g.delta_per_look), 1e-12);
        if (g.feasible) assert_true(look.bound <= 0.3);
        sx_ranking_done(&r);
    }
}

/* The promise itself: the true risk exceeds the bound in at most delta of the draws. */
static void guarantee_holds(void **state) {
    (void)state;
    enum { DRAWS = 1000 };
    int broken = 0, found = 0;
    for (int number = 0; number < DRAWS; number++) {
        double scores[300];
        uint8_t wrong[300];
        sx_random random = sx_random_from(8, 1, (uint64_t)number);
        for (int i = 0; i < 300; i++) { /* score u is wrong with probability (1 - u) / 2 */
            scores[i] = (double)sx_random_uniform(&random);
            wrong[i] = (double)sx_random_uniform(&random) < (1 - scores[i]) / 2;
        }
        sx_ranking r = rank(scores, 300);
        sx_guarantee g;
        assert_int_equal(sx_guarantee_search((sx_ranked){&r, wrong, NULL}, 0.2, 0.1, &g, NULL),
                         SX_OK);
        sx_ranking_done(&r);
        found += g.feasible;
        broken += g.feasible && (1 - g.found.threshold) / 4 > g.found.bound;
    }
    assert_true(found > DRAWS / 2);
    assert_true(broken <= DRAWS / 10);
}

static void bounds_at_the_ends(void **state) {
    (void)state;
    assert_true(sx_clopper_pearson_upper(0, 0, 0.1) == 1);
    assert_true(sx_clopper_pearson_upper(4, 4, 0.1) == 1);
    assert_true(isnan(sx_clopper_pearson_upper(1, 4, 0)) &&
                isnan(sx_clopper_pearson_upper(1, 4, 1)));
    near(sx_clopper_pearson_upper(0, 1, 0.25), 0.75, 1e-12);
    near(sx_clopper_pearson_upper(1, 2, 0.19), 0.9, 1e-12); /* 1 - b^2 = delta */
    /* of many: about a normal interval */
    near(sx_clopper_pearson_upper(100000, 1000000, 0.025), 0.1 + 1.96 * 0.0003, 2e-6);
}

static void senseless_targets_are_refused(void **state) {
    (void)state;
    uint8_t wrong[N];
    sx_ranking r = falling(10, 5, wrong), empty = {0};
    sx_ranked items = {&r, wrong, NULL};
    sx_guarantee g;
    sx_error err = {0};
    static const double bad[] = {0, 1, -1, NAN};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(sx_guarantee_search(items, bad[i], 0.1, &g, &err), SX_BAD_INPUT);
        assert_non_null(strstr(err.message, "risk"));
        assert_int_equal(sx_guarantee_search(items, 0.1, bad[i], &g, &err), SX_BAD_INPUT);
        assert_non_null(strstr(err.message, "delta"));
    }
    assert_int_equal(sx_guarantee_search((sx_ranked){&empty, wrong, NULL}, 0.1, 0.1, &g, &err),
                     SX_BAD_INPUT);
    assert_true(isnan(g.found.bound) && !g.feasible);
    sx_ranking_done(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_sorted_by_value_and_then_by_number),
        cmocka_unit_test(several_rankings_are_the_same_on_two_threads),
        cmocka_unit_test(areas_follow_from_each_other),
        cmocka_unit_test(auroc_counts_pairs),
        cmocka_unit_test(turning_the_score_turns_the_classes),
        cmocka_unit_test(shuffled_rows_change_nothing),
        cmocka_unit_test(counts_are_copies),
        cmocka_unit_test(undefined_is_not_a_number),
        cmocka_unit_test(cut_blocks_are_said),
        cmocka_unit_test(roc_curve_goes_from_corner_to_corner),
        cmocka_unit_test(infeasible_target_finds_nothing),
        cmocka_unit_test(errors_are_counted_and_not_rounded_down),
        cmocka_unit_test(bisection_that_misses_promises_nothing),
        cmocka_unit_test(ties_are_kept_together),
        cmocka_unit_test(guarantee_holds),
        cmocka_unit_test(bounds_at_the_ends),
        cmocka_unit_test(senseless_targets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
