/* Ensembles, temperature and resampling: identities over random members, threads, saving. */
#include "tests/unit/failing.h"

#include "core/metric/metric.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 9000, CLASSES = 5 };

static void near(double a, double b, double tolerance) {
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.17g, not %.17g", a, b);
}

/* Logits of one member: noise, with the label favoured. */
static float *member(int number, const int32_t *labels, double noise) {
    float *z = sx_alloc((size_t)N * CLASSES, sizeof *z);
    sx_random random = sx_random_from(4, 1, (uint64_t)number);
    for (int i = 0; i < N * CLASSES; i++)
        z[i] = (float)noise * sx_random_normal(&random) +
               (i % CLASSES == labels[i / CLASSES] ? 1.5F : 0);
    return z;
}

static int32_t labels[N];

static int draw_labels(void **state) {
    (void)state;
    sx_random random = sx_random_from(4, 0, 0);
    for (int i = 0; i < N; i++) labels[i] = (int32_t)sx_random_below(&random, CLASSES);
    return 0;
}

static sx_ensemble ensemble_of(int members, double noise) {
    sx_ensemble e;
    assert_int_equal(sx_ensemble_new(N, CLASSES, labels, &e, NULL), SX_OK);
    for (int m = 0; m < members; m++) {
        float *z = member(m, labels, noise);
        sx_ensemble_add_logits(&e, 0, N, z);
        sx_ensemble_end_member(&e);
        sx_free(z);
    }
    return e;
}

static sx_scored score(const sx_ensemble *e, sx_pool *pool) {
    sx_scored s;
    assert_int_equal(sx_scored_new(e, pool, &s, NULL), SX_OK);
    return s;
}

/* ---- members --------------------------------------------------------------------------------- */

static void one_member_has_no_spread(void **state) {
    (void)state;
    sx_ensemble e = ensemble_of(1, 1), single;
    float *z = member(0, labels, 1);
    assert_int_equal(sx_ensemble_new_single(N, CLASSES, labels, &single, NULL), SX_OK);
    sx_ensemble_add_logits(&single, 0, N, z);
    sx_ensemble_end_member(&single);
    double wrong = 0, *confidence = sx_alloc(N, sizeof *confidence);
    uint8_t *flags = sx_alloc(N, 1);
    for (size_t i = 0; i < N; i++) {
        sx_item_scores s, t;
        sx_ensemble_scores(&e, i, &s);
        sx_ensemble_scores(&single, i, &t);
        assert_true(s.std == 0 && s.range == 0 && s.vote_entropy == 0 && s.mean_std == 0);
        assert_true(s.mutual_information == 0 && s.vote_share == 1);
        assert_true(s.vote_prediction == s.prediction);
        assert_memory_equal(&s, &t, sizeof s);
        confidence[i] = -s.std;
        flags[i] = s.prediction != labels[i];
        wrong += flags[i];
    }
    sx_selective selective;
    assert_int_equal(sx_selective_risk(confidence, flags, N, &selective, NULL), SX_OK);
    near(selective.aurc, wrong / N, 1e-12);
    sx_free(z);
    sx_free(confidence);
    sx_free(flags);
    sx_ensemble_done(&e);
    sx_ensemble_done(&single);
}

static void equal_members_agree_to_the_bit(void **state) {
    (void)state;
    float *z = member(0, labels, 1);
    sx_ensemble e;
    assert_int_equal(sx_ensemble_new(N, CLASSES, NULL, &e, NULL), SX_OK);
    for (int m = 0; m < 7; m++) {
        sx_ensemble_add_logits(&e, 0, N, z);
        sx_ensemble_end_member(&e);
    }
    for (size_t i = 0; i < N; i++) {
        sx_item_scores s;
        sx_ensemble_scores(&e, i, &s);
        assert_true(s.std == 0 && s.range == 0 && s.mutual_information == 0);
        assert_true(s.vote_share == 1 && s.vote_entropy == 0);
    }
    sx_free(z);
    sx_ensemble_done(&e);
}

/* Members that differ by 1e-9 have a spread of that size, which sums of squares would lose. */
static void small_spread_is_kept(void **state) {
    (void)state;
    sx_ensemble e;
    sx_item_scores s;
    assert_int_equal(sx_ensemble_new(1, 2, NULL, &e, NULL), SX_OK);
    for (int m = 0; m < 4; m++) {
        double p = 0.9 + 1e-9 * (m % 2);
        sx_ensemble_add_probabilities(&e, 0, 1, (double[]){p, 1 - p});
        sx_ensemble_end_member(&e);
    }
    sx_ensemble_scores(&e, 0, &s);
    near(s.std, 0.5e-9, 1e-15);
    near(s.range, 1e-9, 1e-15);
    sx_ensemble_done(&e);
}

/* Jensen: the mean is never worse than the members are on average. */
static void mean_is_better_than_its_members(void **state) {
    (void)state;
    for (int members = 1; members <= 5; members += 2) {
        sx_ensemble e = ensemble_of(members, 0.5 * members);
        sx_scored s = score(&e, NULL);
        sx_proper p;
        double loss = 0, brier = 0;
        sx_proper_of(&s, NULL, NULL, (sx_binning){0}, &p);
        for (size_t i = 0; i < N; i++) {
            sx_item_scores scores;
            sx_ensemble_scores(&e, i, &scores);
            assert_true(scores.mutual_information >= 0);
            assert_true(scores.mutual_information <= log(members) && scores.std <= 0.5);
            loss += e.losses[i] / members / N;
            brier += e.briers[i] / members / N;
        }
        if (members == 1) near(p.nll, loss, 1e-12);
        if (members > 1) assert_true(p.nll < loss && p.brier < brier);
        assert_true(p.brier <= brier + 1e-12);
        sx_scored_done(&s);
        sx_ensemble_done(&e);
    }
}

static void opposite_members_know_nothing_together(void **state) {
    (void)state;
    sx_ensemble e;
    sx_item_scores s;
    assert_int_equal(sx_ensemble_new(1, 2, (int32_t[]){1}, &e, NULL), SX_OK);
    sx_ensemble_scores(&e, 0, &s);
    assert_true(isnan(s.max_probability) && isnan(s.std) && isnan(s.vote_share));
    sx_ensemble_add_probabilities(&e, 0, 1, (double[]){1, 0});
    sx_ensemble_end_member(&e);
    sx_ensemble_add_probabilities(&e, 0, 1, (double[]){0, 1});
    sx_ensemble_end_member(&e);
    sx_ensemble_scores(&e, 0, &s);
    near(s.entropy, log(2), 1e-15);
    near(s.mutual_information, log(2), 1e-15);
    assert_true(s.expected_entropy == 0 && s.std == 0.5 && s.range == 1 && s.margin == 0);
    assert_true(s.prediction == 0 && s.vote_prediction == 0 && s.vote_share == 0.5);
    near(s.vote_entropy, log(2), 1e-15);
    sx_scored all = score(&e, NULL);
    near(all.loss[0], log(2), 1e-15); /* of the mean, though one member's is infinite */
    near(all.brier[0], 0.5, 1e-15);
    assert_true(all.wrong[0] && isinf(e.losses[0]));
    sx_scored_done(&all);
    sx_ensemble_done(&e);
}

static void diverged_member_is_seen(void **state) {
    (void)state;
    sx_ensemble e;
    sx_item_scores s;
    assert_int_equal(sx_ensemble_new(1, 2, (int32_t[]){0}, &e, NULL), SX_OK);
    sx_ensemble_add_logits(&e, 0, 1, (float[]){NAN, 1});
    sx_ensemble_end_member(&e);
    sx_ensemble_add_logits(&e, 0, 1, (float[]){3, 1});
    sx_ensemble_end_member(&e);
    sx_ensemble_scores(&e, 0, &s);
    assert_true(isnan(s.max_probability) && isnan(s.entropy) && isnan(s.expected_entropy));
    assert_true(isnan(s.mutual_information) && isnan(s.std) && isnan(s.range));
    assert_true(isnan(e.log_true[0]) && isnan(e.losses[0]) && isnan(e.briers[0]));
    sx_ensemble_done(&e);
}

/* Pieces from two threads, in any order, give the bits of one call. */
typedef struct {
    sx_ensemble *e;
    const float *z;
} adding;

static void add_piece(void *context, int piece, int worker) {
    const adding *a = context;
    (void)worker;
    size_t first = (size_t)(8 - piece) * 1000;
    sx_ensemble_add_logits(a->e, first, 1000, a->z + first * CLASSES);
}

static void threads_change_no_bit(void **state) {
    (void)state;
    sx_pool *pool = sx_pool_new(2, NULL);
    sx_ensemble one = ensemble_of(3, 2), two;
    assert_int_equal(sx_ensemble_new(N, CLASSES, labels, &two, NULL), SX_OK);
    for (int m = 0; m < 3; m++) {
        float *z = member(m, labels, 2);
        sx_pool_run(pool, 9, add_piece, &(adding){&two, z});
        sx_ensemble_end_member(&two);
        sx_free(z);
    }
    sx_ensemble_array a[SX_ENSEMBLE_ARRAYS], b[SX_ENSEMBLE_ARRAYS];
    assert_int_equal(sx_ensemble_arrays(&one, a), SX_ENSEMBLE_ARRAYS);
    assert_int_equal(sx_ensemble_arrays(&two, b), SX_ENSEMBLE_ARRAYS);
    for (int i = 0; i < SX_ENSEMBLE_ARRAYS; i++)
        assert_memory_equal(a[i].data, b[i].data, a[i].count * a[i].size);
    sx_scored s = score(&one, NULL), t = score(&two, pool);
    for (int row = 0; row < SX_SCORE_ROWS; row++)
        assert_memory_equal(s.confidence[row], t.confidence[row], N * sizeof(double));
    assert_memory_equal(s.loss, t.loss, N * sizeof(double));
    assert_memory_equal(s.brier, t.brier, N * sizeof(double));
    sx_scored_done(&s);
    sx_scored_done(&t);
    sx_ensemble_done(&one);
    sx_ensemble_done(&two);
    sx_pool_free(pool);
}

/* Saved after two of three members and loaded elsewhere, the third makes the same. */
static void arrays_are_all_there_is(void **state) {
    (void)state;
    sx_ensemble whole = ensemble_of(3, 2), half = ensemble_of(2, 2), loaded = ensemble_of(0, 2);
    sx_ensemble_array a[SX_ENSEMBLE_ARRAYS], b[SX_ENSEMBLE_ARRAYS];
    int count = sx_ensemble_arrays(&half, a);
    assert_int_equal(sx_ensemble_arrays(&loaded, b), count);
    for (int i = 0; i < count; i++) memcpy(b[i].data, a[i].data, a[i].count * a[i].size);
    float *z = member(2, labels, 2);
    sx_ensemble_add_logits(&loaded, 0, N, z);
    sx_ensemble_end_member(&loaded);
    sx_ensemble_arrays(&whole, a);
    for (int i = 0; i < count; i++) {
        assert_string_equal(a[i].name, b[i].name);
        assert_memory_equal(a[i].data, b[i].data, a[i].count * a[i].size);
    }
    sx_free(z);
    sx_ensemble_done(&whole);
    sx_ensemble_done(&half);
    sx_ensemble_done(&loaded);
}

static void unusable_sizes_and_labels_are_refused(void **state) {
    (void)state;
    sx_ensemble e;
    sx_error err = {0};
    assert_int_equal(sx_ensemble_new(2, 3, (int32_t[]){0, 3}, &e, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "item 1"));
    assert_int_equal(sx_ensemble_new(2, 3, (int32_t[]){-1, 0}, &e, &err), SX_BAD_INPUT);
    assert_int_equal(sx_ensemble_new(2, 0, NULL, &e, &err), SX_BAD_INPUT);
    assert_int_equal(sx_ensemble_new(SIZE_MAX, 3, NULL, &e, &err), SX_BAD_INPUT);
    assert_int_equal(sx_ensemble_new(2, SX_ENSEMBLE_CLASSES + 1, NULL, &e, &err), SX_BAD_INPUT);
    sx_ensemble_done(&e);
}

static void scores_have_their_signs(void **state) {
    (void)state;
    static const char *const names[] = {
        "max prob", "entropy", "margin",     "expected entropy", "mutual information",
        "std",      "range",   "vote share", "vote entropy"};
    sx_item_scores s = {.max_probability = 1,
                        .entropy = 2,
                        .margin = 3,
                        .expected_entropy = 4,
                        .mutual_information = 5,
                        .std = 6,
                        .range = 7,
                        .vote_share = 8,
                        .vote_entropy = 9};
    for (int row = 0; row < SX_SCORE_ROWS; row++) {
        const sx_score *score_row = sx_score_at(row);
        bool surer = row == 0 || row == 2 || row == 7;
        assert_string_equal(score_row->name, names[row]);
        assert_true(sx_score_value(row, &s) == row + 1);
        assert_true(sx_score_confidence(row, &s) == (surer ? row + 1 : -row - 1));
        assert_true(score_row->ranks_vote == (row >= 7) && score_row->needs_members == (row >= 3));
    }
    assert_null(sx_score_at(-1));
    assert_null(sx_score_at(SX_SCORE_ROWS));
}

/* ---- temperature ----------------------------------------------------------------------------- */

static double *log_probabilities(const sx_ensemble *e) {
    double *z = sx_alloc((size_t)N * CLASSES, sizeof *z);
    sx_ensemble_log_mean(e, 0, N, z);
    return z;
}

static void temperature_leaves_the_predictions(void **state) {
    (void)state;
    sx_ensemble e = ensemble_of(2, 2), tempered;
    double *z = log_probabilities(&e), temperature, other;
    sx_pool *pool = sx_pool_new(2, NULL);
    sx_proper before, after;
    sx_selective f, g;
    assert_int_equal(sx_temperature_fit(z, labels, N, CLASSES, NULL, &temperature, NULL), SX_OK);
    assert_int_equal(sx_temperature_fit(z, labels, N, CLASSES, pool, &other, NULL), SX_OK);
    assert_true(temperature == other && temperature > 1); /* noise was overconfident */
    assert_int_equal(sx_ensemble_new_single(N, CLASSES, labels, &tempered, NULL), SX_OK);
    sx_ensemble_add_tempered(&tempered, 0, N, z, temperature);
    sx_ensemble_end_member(&tempered);
    sx_scored s = score(&e, NULL), t = score(&tempered, NULL);
    sx_proper_of(&s, NULL, NULL, (sx_binning){0}, &before);
    sx_proper_of(&t, NULL, NULL, (sx_binning){0}, &after);
    assert_memory_equal(s.prediction, t.prediction, N * sizeof *s.prediction);
    assert_true(after.nll < before.nll);
    assert_int_equal(sx_selective_risk(s.confidence[0], s.wrong, N, &f, NULL), SX_OK);
    assert_int_equal(sx_selective_risk(t.confidence[0], t.wrong, N, &g, NULL), SX_OK);
    near(g.aurc / f.aurc, 1, 0.02);
    /* twice the logits ask for twice the temperature */
    for (size_t i = 0; i < (size_t)N * CLASSES; i++) z[i] *= 2;
    assert_int_equal(sx_temperature_fit(z, labels, N, CLASSES, NULL, &other, NULL), SX_OK);
    near(other, 2 * temperature, 1e-10);
    sx_free(z);
    sx_scored_done(&s);
    sx_scored_done(&t);
    sx_ensemble_done(&e);
    sx_ensemble_done(&tempered);
    sx_pool_free(pool);
}

static void extreme_temperatures_stay_within(void **state) {
    (void)state;
    const double sure[] = {2, 0, 0, 2}, impossible[] = {0, -INFINITY, 0, -INFINITY};
    const double broken[] = {0, NAN};
    double temperature;
    sx_error err = {0};
    assert_int_equal(sx_temperature_fit(sure, (int32_t[]){0, 1}, 2, 2, NULL, &temperature, NULL),
                     SX_OK);
    near(temperature, 0.001, 1e-12); /* all right: the surer the better */
    assert_int_equal(sx_temperature_fit(sure, (int32_t[]){1, 0}, 2, 2, NULL, &temperature, NULL),
                     SX_OK);
    near(temperature, 1000, 1e-6);
    assert_int_equal(
        sx_temperature_fit(impossible, (int32_t[]){0, 1}, 2, 2, NULL, &temperature, NULL), SX_OK);
    assert_true(temperature >= 1 && temperature <= 1000.001);
    assert_int_equal(sx_temperature_fit(broken, (int32_t[]){0}, 1, 2, NULL, &temperature, &err),
                     SX_BAD_INPUT);
    assert_true(isnan(temperature) && strstr(err.message, "item 0"));
    assert_int_equal(sx_temperature_fit(sure, (int32_t[]){0, 2}, 2, 2, NULL, &temperature, &err),
                     SX_BAD_INPUT);
    assert_int_equal(sx_temperature_fit(sure, NULL, 0, 2, NULL, &temperature, &err), SX_BAD_INPUT);
}

/* ---- resampling ------------------------------------------------------------------------------ */

typedef struct {
    const sx_ranking *ranking;
    const sx_scored *scored;
    size_t n[2];
} figures;

static void fill_figures(void *user, const uint32_t *const *counts, double *out, int worker) {
    const figures *f = user;
    sx_selective s;
    sx_proper p;
    (void)worker;
    sx_selective_of((sx_ranked){f->ranking, f->scored->wrong, counts[0]}, &s);
    sx_proper_of(f->scored, f->ranking, counts[0], (sx_binning){0}, &p);
    out[0] = s.aurc;
    out[1] = p.accuracy;
    out[2] = 0;
    for (size_t i = 0; i < f->n[1]; i++) out[2] += (double)i * counts[1][i] / (double)f->n[1];
}

static void slices_and_threads_change_no_bit(void **state) {
    (void)state;
    enum { ROUNDS = 200 };
    sx_ensemble e = ensemble_of(1, 1);
    sx_scored s = score(&e, NULL);
    sx_ranking r;
    assert_int_equal(sx_ranking_new(s.confidence[0], N, &r, NULL), SX_OK);
    figures f = {&r, &s, {N, 50}};
    sx_pool *pool = sx_pool_new(2, NULL);
    sx_sets sets = {f.n, 2};
    sx_resampling *one = sx_resampling_new(sets, 3, ROUNDS, 1, 9, NULL);
    sx_resampling *two = sx_resampling_new(sets, 3, ROUNDS, 2, 9, NULL);
    assert_true(one && two);
    assert_true(sx_resampling_advance(one, NULL, ROUNDS, fill_figures, &f));
    int slices = 1;
    while (!sx_resampling_advance(two, pool, 37, fill_figures, &f)) slices++;
    assert_int_equal(slices, 6);
    for (int i = 0; i < 3; i++) {
        sx_interval a = sx_resampling_interval(one, i), b = sx_resampling_interval(two, i);
        assert_memory_equal(&a, &b, sizeof a);
        assert_true(a.low < a.high);
    }
    sx_proper p;
    sx_proper_of(&s, &r, NULL, (sx_binning){0}, &p);
    sx_interval accuracy = sx_resampling_interval(one, 1), known = sx_wilson(p.accuracy * N, N);
    near(accuracy.low, known.low, 0.3 * (p.accuracy - known.low));
    near(accuracy.high, known.high, 0.3 * (known.high - p.accuracy));
    sx_resampling_free(one);
    sx_resampling_free(two);
    sx_ranking_done(&r);
    sx_scored_done(&s);
    sx_ensemble_done(&e);
    sx_pool_free(pool);
}

static void sets_and_rounds_are_drawn_apart(void **state) {
    (void)state;
    uint32_t a[100], b[100], sum = 0;
    sx_resample_counts(1, 0, 0, 100, a);
    for (int i = 0; i < 100; i++) sum += a[i];
    assert_int_equal(sum, 100);
    sx_resample_counts(1, 1, 0, 100, b);
    assert_memory_not_equal(a, b, sizeof a);
    sx_resample_counts(1, 0, 1, 100, b);
    assert_memory_not_equal(a, b, sizeof a);
    sx_resample_counts(2, 0, 0, 100, b);
    assert_memory_not_equal(a, b, sizeof a);
    sx_resample_counts(1, 0, 0, 100, b);
    assert_memory_equal(a, b, sizeof a);
    sx_error err = {0};
    size_t none = 0, some = 3;
    assert_null(sx_resampling_new((sx_sets){&none, 1}, 1, 1, 1, 1, &err));
    assert_null(sx_resampling_new((sx_sets){&some, 1}, 0, 1, 1, 1, &err));
    assert_null(sx_resampling_new((sx_sets){&some, 0}, 1, 1, 1, 1, &err));
    assert_non_null(strstr(err.message, "bootstrap"));
}

/* ---- memory ---------------------------------------------------------------------------------- */

static sx_status score_and_end(const sx_ensemble *e, sx_error *err) {
    sx_scored s;
    sx_ranking rankings[2] = {{0}};
    sx_sets sets = {&e->n, 1};
    sx_status status = sx_scored_new(e, NULL, &s, err);
    const double *const both[] = {s.confidence[0], s.confidence[1]};
    if (!status) status = sx_rankings_new(both, 2, e->n, NULL, rankings, err);
    sx_resampling *resampling = status ? NULL : sx_resampling_new(sets, 2, 3, 1, 1, err);
    if (!status && !resampling) status = err->status;
    sx_resampling_free(resampling);
    sx_rankings_done(rankings, 2);
    sx_scored_done(&s);
    return status;
}

static sx_status everything(void *context, sx_error *err) {
    (void)context;
    sx_ensemble e;
    uint8_t flags[2];
    sx_ranking ranking;
    sx_guarantee g;
    sx_status status = sx_ensemble_new(2, 2, (int32_t[]){0, 1}, &e, err);
    if (!status) {
        for (int m = 0; m < 2; m++) {
            sx_ensemble_add_logits(&e, 0, 2, (float[]){1, 2, 3, (float)m});
            sx_ensemble_end_member(&e);
        }
        status = score_and_end(&e, err);
    }
    sx_ensemble_done(&e);
    if (status) return status;
    status = sx_detection_ranking((double[]){1}, 1, (double[]){2}, 1, &ranking, flags, err);
    if (!status)
        status = sx_guarantee_search((sx_ranked){&ranking, flags, NULL}, 0.1, 0.1, &g, err);
    sx_ranking_done(&ranking);
    return status;
}

static void memory_can_run_out(void **state) {
    (void)state;
    assert_true(fail_every_allocation(everything, NULL) > 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_member_has_no_spread),
        cmocka_unit_test(equal_members_agree_to_the_bit),
        cmocka_unit_test(small_spread_is_kept),
        cmocka_unit_test(mean_is_better_than_its_members),
        cmocka_unit_test(opposite_members_know_nothing_together),
        cmocka_unit_test(diverged_member_is_seen),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(arrays_are_all_there_is),
        cmocka_unit_test(unusable_sizes_and_labels_are_refused),
        cmocka_unit_test(scores_have_their_signs),
        cmocka_unit_test(temperature_leaves_the_predictions),
        cmocka_unit_test(extreme_temperatures_stay_within),
        cmocka_unit_test(slices_and_threads_change_no_bit),
        cmocka_unit_test(sets_and_rounds_are_drawn_apart),
        cmocka_unit_test(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, draw_labels, NULL);
}
