/* Metrics against the uncertainty reference in tests/data/uncertainty (its README says by which
 * programs the values were made), and against values worked out by hand. */
#include "tests/unit/failing.h"

#include "core/format/csv.h"
#include "core/metric/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TOLERANCE 1e-9

enum { CLASSES = 10 };

static sx_bytes expected_file, edge_file;
static sx_csv predictions, ties;
static double *probabilities; /* [rows of predictions, CLASSES] */
static int32_t *labels;
static double *confidence, *tied_confidence;
static uint8_t *wrong, *tied_wrong;

static sx_bytes read_data(const char *name) {
    char path[512];
    sx_bytes bytes = {0};
    sx_error err = {0};
    snprintf(path, sizeof path, SX_SOURCE "/tests/data/uncertainty/%s", name);
    if (sx_file_read(path, 1 << 20, &bytes, &err)) fail_msg("%s", err.message);
    return bytes;
}

static sx_csv read_table(const char *name) {
    sx_bytes bytes = read_data(name);
    sx_csv csv;
    sx_error err = {0};
    /* Our CSV has empty fields for what is unknown. */
    for (char *at = (char *)bytes.data; (at = strstr(at, "nan")); bytes.size -= 3)
        memmove(at, at + 3, strlen(at + 3) + 1);
    if (sx_csv_parse(name, (const char *)bytes.data, bytes.size, &csv, &err))
        fail_msg("%s", err.message);
    sx_bytes_done(&bytes);
    return csv;
}

static double value_in(const sx_bytes *file, const char *prefix, const char *key) {
    char line[256];
    snprintf(line, sizeof line, "\n%s/%s,", prefix, key);
    const char *at = strstr((const char *)file->data, line);
    if (!at) fail_msg("the reference has no '%s'", line);
    return strtod(at + strlen(line), NULL);
}

static void compare(const char *what, double got, double expected) {
    if (!(fabs(got - expected) <= TOLERANCE)) fail_msg("%s: %.17g, not %.17g", what, got, expected);
}

static int read_all(void **state) {
    (void)state;
    expected_file = read_data("expected_flat.csv");
    edge_file = read_data("edge_cases_flat.csv");
    predictions = read_table("preds_2000x10.csv");
    ties = read_table("ties_2000.csv");
    size_t n = predictions.rows;
    probabilities = sx_alloc(n * CLASSES, sizeof *probabilities);
    labels = sx_alloc(n, sizeof *labels);
    confidence = sx_alloc(n, sizeof *confidence);
    wrong = sx_alloc(n, 1);
    tied_confidence = sx_alloc(ties.rows, sizeof *tied_confidence);
    tied_wrong = sx_alloc(ties.rows, 1);
    for (size_t i = 0; i < n; i++) {
        const double *row = predictions.values + i * predictions.columns;
        double *p = probabilities + i * CLASSES;
        labels[i] = (int32_t)row[1];
        memcpy(p, row + 2 + CLASSES, CLASSES * sizeof *p);
        wrong[i] = sx_argmax(p, CLASSES) != labels[i];
        confidence[i] = sx_confidence_of(SX_CONFIDENCE_MAX_PROBABILITY, p, CLASSES);
    }
    for (size_t i = 0; i < ties.rows; i++) {
        tied_confidence[i] = ties.values[i * ties.columns + 1];
        tied_wrong[i] = ties.values[i * ties.columns + 2] == 0;
    }
    return n == 2000 && ties.rows == 2000 ? 0 : -1;
}

static int free_all(void **state) {
    (void)state;
    sx_bytes_done(&expected_file);
    sx_bytes_done(&edge_file);
    sx_csv_done(&predictions);
    sx_csv_done(&ties);
    sx_free(probabilities);
    sx_free(labels);
    sx_free(confidence);
    sx_free(wrong);
    sx_free(tied_confidence);
    sx_free(tied_wrong);
    return 0;
}

/* ---- the reference --------------------------------------------------------------------------- */

static void check_selective(const sx_bytes *file, const char *prefix, const double *c,
                            const uint8_t *w, size_t n) {
    sx_selective got;
    sx_error err = {0};
    assert_int_equal(sx_selective_risk(c, w, n, &got, &err), SX_OK);
    compare(prefix, got.aurc, value_in(file, prefix, "aurc_prefix_tie_averaged"));
    compare(prefix, got.eaurc, value_in(file, prefix, "eaurc_discrete"));
    compare(prefix, got.augrc, value_in(file, prefix, "augrc_trapezoid"));
    compare(prefix, got.risk, value_in(file, prefix, "errors") / (double)n);
}

static double coverage_at(const double *c, const uint8_t *w, size_t n, double risk) {
    sx_operating_point point;
    assert_int_equal(sx_coverage_at_risk(c, w, n, risk, &point, NULL), SX_OK);
    return point.coverage;
}

static double risk_at(const double *c, const uint8_t *w, size_t n, double coverage) {
    double risk;
    assert_int_equal(sx_risk_at_coverage(c, w, n, coverage, &risk, NULL), SX_OK);
    return risk;
}

static void check_points(const char *prefix, const double *c, const uint8_t *w, size_t n) {
    static const char *const coverages[] = {"0.5", "0.7", "0.8", "0.9", "0.95", "1.0"};
    static const char *const risks[] = {"0.001", "0.005", "0.01", "0.02", "0.05", "0.1"};
    char key[64];
    for (size_t i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "risk_at_coverage/%s", coverages[i]);
        compare(key, risk_at(c, w, n, strtod(coverages[i], NULL)),
                value_in(&expected_file, prefix, key));
        snprintf(key, sizeof key, "coverage_at_risk/%s", risks[i]);
        compare(key, coverage_at(c, w, n, strtod(risks[i], NULL)),
                value_in(&expected_file, prefix, key));
    }
}

static void selective_risk_is_the_reference(void **state) {
    (void)state;
    check_selective(&expected_file, "A_preds_2000x10", confidence, wrong, predictions.rows);
    check_points("A_preds_2000x10", confidence, wrong, predictions.rows);
}

static void ties_are_averaged(void **state) {
    (void)state;
    check_selective(&expected_file, "B_ties_2000", tied_confidence, tied_wrong, ties.rows);
    check_points("B_ties_2000", tied_confidence, tied_wrong, ties.rows);
}

static void order_of_the_items_does_not_matter(void **state) {
    (void)state;
    size_t n = ties.rows;
    uint32_t *order = sx_alloc(n, sizeof *order);
    double *c = sx_alloc(n, sizeof *c);
    uint8_t *w = sx_alloc(n, 1);
    sx_random random = sx_random_from(5, 0, 0);
    sx_random_permutation(&random, order, n);
    for (size_t i = 0; i < n; i++) {
        c[i] = tied_confidence[order[i]];
        w[i] = tied_wrong[order[i]];
    }
    sx_selective got, expected;
    assert_int_equal(sx_selective_risk(c, w, n, &got, NULL), SX_OK);
    assert_int_equal(sx_selective_risk(tied_confidence, tied_wrong, n, &expected, NULL), SX_OK);
    assert_memory_equal(&got, &expected, sizeof got);
    sx_free(order);
    sx_free(c);
    sx_free(w);
}

static void curve_is_the_reference(void **state) {
    (void)state;
    sx_csv curve = read_table("risk_coverage_curve.csv");
    size_t n = predictions.rows;
    double *coverage = sx_alloc(n, sizeof *coverage), *risk = sx_alloc(n, sizeof *risk);
    assert_int_equal(sx_risk_coverage(confidence, wrong, n, coverage, risk, NULL), SX_OK);
    assert_int_equal(curve.rows, 290);
    for (size_t i = 0; i < curve.rows; i++) {
        const double *row = curve.values + i * curve.columns;
        size_t k = (size_t)row[0];
        compare("coverage", coverage[k - 1], row[1]);
        compare("selective risk", risk[k - 1], row[2]);
        compare("generalised risk", risk[k - 1] * coverage[k - 1], row[3]);
    }
    sx_free(coverage);
    sx_free(risk);
    sx_csv_done(&curve);
}

static void calibration_is_the_reference(void **state) {
    (void)state;
    const char *prefix = "A_preds_2000x10";
    sx_calibration got;
    sx_calibrate(probabilities, labels, predictions.rows, CLASSES, &got);
    compare("accuracy", got.accuracy, value_in(&expected_file, prefix, "accuracy"));
    compare("nll", got.nll, value_in(&expected_file, prefix, "nll_mean"));
    compare("brier", got.brier, value_in(&expected_file, prefix, "brier_sum_over_classes"));
    compare("ece", got.ece, value_in(&expected_file, prefix, "calibration/15/ece_left_closed"));
    compare("mce", got.mce, value_in(&expected_file, prefix, "calibration/15/mce_left_closed"));
    sx_csv bins = read_table("reliability_15bins.csv");
    assert_int_equal(bins.rows, SX_RELIABILITY_BINS);
    for (size_t b = 0; b < bins.rows; b++) {
        const double *row = bins.values + b * bins.columns;
        assert_int_equal(got.bins[b].count, (size_t)row[1]);
        if (got.bins[b].count) {
            compare("bin's accuracy", got.bins[b].accuracy, row[2]);
            compare("bin's confidence", got.bins[b].confidence, row[3]);
        } else {
            assert_true(isnan(got.bins[b].accuracy) && isnan(got.bins[b].confidence));
        }
    }
    sx_csv_done(&bins);
}

/* Calibration looks at the largest value alone for ECE and MCE: class 0 with the confidence. */
static sx_calibration calibrate_top(const double *c, const uint8_t *w, size_t n) {
    sx_calibration out;
    double *p = sx_alloc(2 * n, sizeof *p);
    int32_t *truth = sx_alloc(n, sizeof *truth);
    for (size_t i = 0; i < n; i++) {
        p[2 * i] = c[i];
        truth[i] = w[i];
    }
    sx_calibrate(p, truth, n, 2, &out);
    sx_free(p);
    sx_free(truth);
    return out;
}

static void bins_follow_the_floor_rule(void **state) {
    (void)state;
    sx_calibration got = calibrate_top(tied_confidence, tied_wrong, ties.rows);
    const char *prefix = "B_ties_2000/calibration/15";
    compare("ece", got.ece, value_in(&expected_file, prefix, "ece_floor_conf_times_bins"));
    compare("mce", got.mce, value_in(&expected_file, prefix, "mce_floor"));
}

static void check_edge_case(const char *name) {
    char prefix[128], key[64];
    snprintf(prefix, sizeof prefix, "selective_and_calibration/%s", name);
    double c[16], correct;
    uint8_t w[16];
    size_t n = (size_t)value_in(&edge_file, prefix, "n");
    assert_in_range(n, 1, 16);
    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof key, "confidence/%zu", i);
        c[i] = value_in(&edge_file, prefix, key);
        snprintf(key, sizeof key, "correct/%zu", i);
        correct = value_in(&edge_file, prefix, key);
        w[i] = correct == 0;
    }
    check_selective(&edge_file, prefix, c, w, n);
    compare(name, coverage_at(c, w, n, 0.05),
            value_in(&edge_file, prefix, "coverage_at_risk_0.05"));
    compare(name, coverage_at(c, w, n, 0), value_in(&edge_file, prefix, "coverage_at_risk_0"));
    compare(name, risk_at(c, w, n, 0.5), value_in(&edge_file, prefix, "risk_at_coverage_0.5"));
    sx_calibration calibration = calibrate_top(c, w, n);
    compare(name, calibration.ece, value_in(&edge_file, prefix, "ece15_left_closed"));
}

static void edge_cases_are_the_reference(void **state) {
    (void)state;
    static const char *const names[] = {"all_correct_distinct",
                                        "all_wrong_distinct",
                                        "all_tied_half_wrong",
                                        "perfect_ranking",
                                        "worst_ranking",
                                        "single_correct",
                                        "single_wrong",
                                        "confidence_exactly_one",
                                        "tie_across_the_half_coverage_point",
                                        "on_bin_edges",
                                        "two_blocks"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) check_edge_case(names[i]);
}

/* ---- selective prediction by hand ------------------------------------------------------------ */

static void oracle_refuses_the_wrong_ones_first(void **state) {
    (void)state;
    assert_true(sx_oracle_risk(0, 5, 2) == 0);
    assert_true(sx_oracle_risk(3, 5, 2) == 0);
    compare("4 of 5", sx_oracle_risk(4, 5, 2), 0.25);
    compare("5 of 5", sx_oracle_risk(5, 5, 2), 0.4);
    assert_true(sx_oracle_risk(1, 3, 3) == 1);
    double sum = 0;
    for (size_t k = 1; k <= 2000; k++) sum += sx_oracle_risk(k, 2000, 207);
    compare("mean", sum / 2000,
            value_in(&expected_file, "A_preds_2000x10", "aurc_optimal_discrete"));
}

static void threshold_keeps_what_the_coverage_says(void **state) {
    (void)state;
    const double c[] = {0.9, 0.6, 0.6, 0.95, 0.2};
    const uint8_t w[] = {0, 0, 1, 0, 1};
    sx_operating_point point;
    assert_int_equal(sx_coverage_at_risk(c, w, 5, 0.25, &point, NULL), SX_OK);
    compare("coverage", point.coverage, 0.8);
    compare("threshold", point.threshold, 0.6);
    assert_int_equal(sx_coverage_at_risk(c, w, 5, 0.2, &point, NULL), SX_OK);
    compare("coverage", point.coverage, 0.4); /* never inside of a block of equal confidence */
    compare("threshold", point.threshold, 0.9);
    assert_int_equal(sx_coverage_at_risk(c, w, 5, -1, &point, NULL), SX_OK);
    assert_true(point.coverage == 0 && isnan(point.threshold));
}

/* 0.07 * 100 is a little more than 7 in binary, and still means the 7 surest. */
static void coverage_is_read_as_a_person_means_it(void **state) {
    (void)state;
    double c[100], risk;
    uint8_t w[100];
    for (int i = 0; i < 100; i++) {
        c[i] = -i;
        w[i] = i >= 7;
    }
    assert_int_equal(sx_risk_at_coverage(c, w, 100, 0.07, &risk, NULL), SX_OK);
    compare("risk", risk, 0);
    assert_int_equal(sx_risk_at_coverage(c, w, 100, 0.0701, &risk, NULL), SX_OK);
    compare("risk", risk, 0.125);
}

static void unusable_input_is_refused_with_a_sentence(void **state) {
    (void)state;
    const double c[] = {0.5, NAN};
    const uint8_t w[] = {0, 1};
    sx_selective selective;
    sx_operating_point point;
    double coverage[2], risk[2];
    sx_error err = {0};
    assert_int_equal(sx_selective_risk(c, w, 0, &selective, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "no predictions"));
    assert_int_equal(sx_selective_risk(c, w, 2, &selective, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "prediction 1"));
    assert_true(isnan(selective.aurc) && isnan(selective.risk));
    assert_int_equal(sx_risk_coverage(c, w, 2, coverage, risk, &err), SX_BAD_INPUT);
    assert_int_equal(sx_coverage_at_risk(c, w, 2, 0.1, &point, &err), SX_BAD_INPUT);
    err.message[0] = 0;
    assert_int_equal(sx_coverage_at_risk(c, w, 1, NAN, &point, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "risk"));
    static const double coverages[] = {0, -0.5, 1.5, NAN};
    for (size_t i = 0; i < 4; i++) {
        err.message[0] = 0;
        assert_int_equal(sx_risk_at_coverage(c, w, 1, coverages[i], risk, &err), SX_BAD_INPUT);
        assert_non_null(strstr(err.message, "coverage"));
        assert_true(isnan(risk[0]));
    }
    assert_int_equal(sx_risk_at_coverage(c, w, 2, 1, risk, &err), SX_BAD_INPUT);
}

static double mean_of_indices(void *user, const uint32_t *indices, size_t n) {
    const double *values = user;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += values[indices[i]];
    return sum / (double)n;
}

static sx_status everything(void *context, sx_error *err) {
    (void)context;
    double x[] = {1, 2, 3}, coverage[3], risk[3], number;
    const uint8_t w[] = {0, 1, 0};
    sx_selective selective;
    sx_operating_point point;
    sx_interval interval;
    sx_status status = sx_selective_risk(x, w, 3, &selective, err);
    if (!status) status = sx_risk_coverage(x, w, 3, coverage, risk, err);
    if (!status) status = sx_coverage_at_risk(x, w, 3, 0.5, &point, err);
    if (!status) status = sx_risk_at_coverage(x, w, 3, 0.5, &number, err);
    if (!status) status = sx_spearman(x, x, 3, &number, err);
    if (!status)
        status = sx_bootstrap(mean_of_indices, x, 3, (sx_rounds){4, 1, NULL}, &interval, err);
    return status;
}

static void memory_can_run_out(void **state) {
    (void)state;
    assert_int_equal(fail_every_allocation(everything, NULL), 21);
}

/* ---- calibration by hand --------------------------------------------------------------------- */

static void calibration_by_hand(void **state) {
    (void)state;
    const double p[] = {0.7, 0.2, 0.1, 0.25, 0.5, 0.25};
    const int32_t truth[] = {0, 2};
    sx_calibration got;
    sx_calibrate(p, truth, 2, 3, &got);
    compare("accuracy", got.accuracy, 0.5);
    compare("nll", got.nll, (-log(0.7) - log(0.25)) / 2);
    compare("brier", got.brier, (0.09 + 0.04 + 0.01 + 0.0625 + 0.25 + 0.5625) / 2);
    compare("ece", got.ece, (0.3 + 0.5) / 2);
    compare("mce", got.mce, 0.5);
    assert_int_equal(got.bins[10].count, 1);
    assert_int_equal(got.bins[7].count, 1);
}

static void calibration_of_nothing_is_unknown(void **state) {
    (void)state;
    sx_calibration got;
    sx_calibrate(NULL, NULL, 0, 3, &got);
    assert_true(isnan(got.ece) && isnan(got.mce) && isnan(got.nll) && isnan(got.brier) &&
                isnan(got.accuracy) && isnan(got.bins[0].accuracy));
}

static void impossible_truth_costs_infinitely_much(void **state) {
    (void)state;
    const double p[] = {1, 0};
    const int32_t truth[] = {1};
    sx_calibration got;
    sx_calibrate(p, truth, 1, 2, &got);
    assert_true(isinf(got.nll) && got.nll > 0);
    compare("brier", got.brier, 2);
    assert_int_equal(got.bins[SX_RELIABILITY_BINS - 1].count, 1);
}

static void diverged_network_is_not_calibrated(void **state) {
    (void)state;
    const double p[] = {NAN, NAN, 0.9, 0.1};
    const int32_t truth[] = {0, 0};
    sx_calibration got;
    sx_calibrate(p, truth, 2, 2, &got);
    assert_true(isnan(got.ece) && isnan(got.mce) && isnan(got.nll) && isnan(got.brier));
    for (int m = 0; m < SX_CONFIDENCES; m++)
        assert_true(isnan(sx_confidence_of((sx_confidence)m, p, 2)));
}

/* ---- confidence, ranks, intervals ------------------------------------------------------------ */

static void argmax_takes_the_lowest_index(void **state) {
    (void)state;
    assert_int_equal(sx_argmax((const double[]){1, 3, 3, 2}, 4), 1);
    assert_int_equal(sx_argmax((const double[]){-5, -7}, 2), 0);
    assert_int_equal(sx_argmax((const double[]){0, 0, 0}, 3), 0);
}

static void confidence_measures(void **state) {
    (void)state;
    const double p[] = {0.2, 0.5, 0.3, 0}, tied[] = {0.5, 0.5}, sure[] = {0, 1, 0};
    compare("max", sx_confidence_of(SX_CONFIDENCE_MAX_PROBABILITY, p, 4), 0.5);
    compare("margin", sx_confidence_of(SX_CONFIDENCE_MARGIN, p, 4), 0.2);
    compare("margin", sx_confidence_of(SX_CONFIDENCE_MARGIN, tied, 2), 0);
    compare("entropy", sx_confidence_of(SX_CONFIDENCE_NEGATIVE_ENTROPY, p, 4), -1.0296530140645737);
    compare("entropy", sx_confidence_of(SX_CONFIDENCE_NEGATIVE_ENTROPY, tied, 2), -log(2));
    compare("entropy", sx_confidence_of(SX_CONFIDENCE_NEGATIVE_ENTROPY, sure, 3), 0);
    assert_string_equal(sx_confidence_name(SX_CONFIDENCE_MAX_PROBABILITY), "max prob");
    assert_string_equal(sx_confidence_name(SX_CONFIDENCE_NEGATIVE_ENTROPY), "entropy");
    assert_string_equal(sx_confidence_name(SX_CONFIDENCE_MARGIN), "margin");
}

/* Published examples: Newcombe 1998, table I (81 of 263, 15 of 148, 0 of 20, 1 of 29). */
static void wilson_intervals(void **state) {
    (void)state;
    static const double cases[][4] = {{81, 263, 0.2553, 0.3662},
                                      {15, 148, 0.0624, 0.1605},
                                      {0, 20, 0, 0.1611},
                                      {1, 29, 0.0061, 0.1718}};
    for (size_t i = 0; i < 4; i++) {
        sx_interval got = sx_wilson(cases[i][0], cases[i][1]);
        assert_true(fabs(got.low - cases[i][2]) < 5e-5 && fabs(got.high - cases[i][3]) < 5e-5);
    }
    sx_interval all = sx_wilson(20, 20), none = sx_wilson(0, 20);
    compare("all right", all.high, 1);
    compare("all right", all.low, 1 - none.high);
    assert_true(none.low >= 0 && all.high <= 1);
    assert_true(isnan(sx_wilson(0, 0).low) && isnan(sx_wilson(0, 0).high));
}

/* Newcombe 1998, table II, cases (a), (f) and (g), as printed there. */
static void intervals_of_differences(void **state) {
    (void)state;
    static const double cases[][6] = {{56, 70, 48, 80, 0.0524, 0.3339},
                                      {10, 10, 0, 20, 0.6791, 1.0},
                                      {10, 10, 0, 10, 0.6075, 1.0}};
    for (size_t i = 0; i < 3; i++) {
        const double *c = cases[i];
        sx_interval got =
            sx_difference(c[0] / c[1], sx_wilson(c[0], c[1]), c[2] / c[3], sx_wilson(c[2], c[3]));
        assert_true(fabs(got.low - c[4]) < 6e-5);
        assert_true(fabs(got.high - c[5]) < 6e-5);
    }
    sx_interval unknown = sx_difference(0.5, sx_wilson(1, 2), 0.5, sx_wilson(0, 0));
    assert_true(isnan(unknown.low) && isnan(unknown.high));
}

static double spearman(const double *x, const double *y, size_t n) {
    double out;
    assert_int_equal(sx_spearman(x, y, n, &out, NULL), SX_OK);
    return out;
}

static void spearman_rank_correlation(void **state) {
    (void)state;
    const double x[] = {106, 100, 86, 101, 99, 103, 97, 113, 112, 110};
    const double y[] = {7, 27, 2, 50, 28, 29, 20, 12, 6, 17};
    compare("known", spearman(x, y, 10), -29.0 / 165);       /* 1 - 6 * 194 / (10 * 99) */
    const double a[] = {1, 2, 2, 3}, b[] = {10, 20, 30, 40}; /* ranks 1 2.5 2.5 4 */
    compare("ties", spearman(a, b, 4), 4.5 / sqrt(4.5 * 5));
    const double up[] = {-3, 0, 1e300}, down[] = {5, 4, -INFINITY};
    compare("rising", spearman(up, up, 3), 1);
    compare("falling", spearman(up, down, 3), -1);
    const double flat[] = {2, 2, 2};
    assert_true(isnan(spearman(up, flat, 3)) && isnan(spearman(flat, up, 3)));
    assert_true(isnan(spearman(up, down, 1)) && isnan(spearman(up, down, 0)));
    const double hole[] = {1, NAN, 3};
    double out = 0;
    sx_error err = {0};
    assert_int_equal(sx_spearman(up, hole, 3, &out, &err), SX_BAD_INPUT);
    assert_true(isnan(out) && strstr(err.message, "value 1"));
}

/* ---- bootstrap ------------------------------------------------------------------------------- */

typedef struct {
    int calls, unknown; /* the first `unknown` calls give NaN */
    double factor;
    bool out_of_range;
    uint64_t hash;
} counter;

/* 0, 1, 2 ...: the quantiles are then known. */
static double count_calls(void *user, const uint32_t *indices, size_t n) {
    counter *c = user;
    for (size_t i = 0; i < n; i++) c->out_of_range |= indices[i] >= n;
    c->hash = c->hash * 31 + sx_hash_bytes(indices, n * sizeof *indices);
    int call = c->calls++;
    return call < c->unknown ? (double)NAN : c->factor * call;
}

static void bootstrap_takes_percentiles(void **state) {
    (void)state;
    counter c = {.factor = 1};
    sx_interval got;
    assert_int_equal(sx_bootstrap(count_calls, &c, 7, (sx_rounds){1001, 3, NULL}, &got, NULL),
                     SX_OK);
    assert_int_equal(c.calls, 1001);
    assert_false(c.out_of_range);
    compare("low", got.low, 25);
    compare("high", got.high, 975);
    c = (counter){.factor = -2};
    assert_int_equal(sx_bootstrap(count_calls, &c, 7, (sx_rounds){11, 3, NULL}, &got, NULL), SX_OK);
    compare("low", got.low, -19.5);
    compare("high", got.high, -0.5);
}

typedef struct {
    size_t sizes[2], sums[2];
    bool same, out_of_range;
} two_sets;

static double mean_difference(void *user, const uint32_t *const *indices) {
    two_sets *t = user;
    double means[2];
    for (int set = 0; set < 2; set++) {
        size_t sum = 0;
        for (size_t i = 0; i < t->sizes[set]; i++) {
            sum += indices[set][i];
            t->out_of_range |= indices[set][i] >= t->sizes[set];
        }
        means[set] = (double)sum / (double)t->sizes[set];
    }
    t->same = t->same && indices[0][0] == indices[1][0] && indices[0][5] == indices[1][5];
    return means[1] - means[0];
}

/* Each by itself: the variance of the difference is the sum of both. The mean of 0 .. n - 1 over n
 * draws has a standard error of sqrt((n^2 - 1) / 12 n): 2.886 of 100, 1.443 of 25. */
static void several_sets_are_resampled_each_by_itself(void **state) {
    (void)state;
    two_sets t = {.sizes = {100, 25}, .same = true};
    sx_interval got;
    assert_int_equal(sx_bootstrap_sets(mean_difference, &t, (sx_sets){t.sizes, 2},
                                       (sx_rounds){2000, 5, NULL}, &got, NULL),
                     SX_OK);
    assert_false(t.same || t.out_of_range);
    double half = 1.96 * hypot(2.886, 1.443);
    assert_true(fabs(got.low - (12 - 49.5 - half)) < 0.35);
    assert_true(fabs(got.high - (12 - 49.5 + half)) < 0.35);
    t.sizes[1] = 0;
    assert_int_equal(sx_bootstrap_sets(mean_difference, &t, (sx_sets){t.sizes, 2},
                                       (sx_rounds){10, 5, NULL}, &got, NULL),
                     SX_BAD_INPUT);
}

static void bootstrap_leaves_out_the_unknown(void **state) {
    (void)state;
    counter c = {.factor = 1, .unknown = 5};
    sx_interval got;
    assert_int_equal(sx_bootstrap(count_calls, &c, 3, (sx_rounds){10, 3, NULL}, &got, NULL), SX_OK);
    compare("low", got.low, 5.1);
    compare("high", got.high, 8.9);
    c = (counter){.factor = 1, .unknown = 6};
    assert_int_equal(sx_bootstrap(count_calls, &c, 3, (sx_rounds){10, 3, NULL}, &got, NULL), SX_OK);
    assert_true(isnan(got.low) && isnan(got.high));
}

static void bootstrap_of_infinite_values(void **state) {
    (void)state;
    counter c = {.factor = INFINITY, .unknown = 1}; /* 0 * inf is no number */
    sx_interval got;
    assert_int_equal(sx_bootstrap(count_calls, &c, 3, (sx_rounds){10, 3, NULL}, &got, NULL), SX_OK);
    assert_true(isinf(got.low) && isinf(got.high));
}

static void bootstrap_is_fixed_by_its_seed(void **state) {
    (void)state;
    counter a = {0}, b = {0}, c = {0};
    sx_interval got;
    assert_int_equal(sx_bootstrap(count_calls, &a, 50, (sx_rounds){20, 8, NULL}, &got, NULL),
                     SX_OK);
    assert_int_equal(sx_bootstrap(count_calls, &b, 50, (sx_rounds){20, 8, NULL}, &got, NULL),
                     SX_OK);
    assert_int_equal(sx_bootstrap(count_calls, &c, 50, (sx_rounds){20, 9, NULL}, &got, NULL),
                     SX_OK);
    assert_true(a.hash == b.hash);
    assert_true(a.hash != c.hash);
}

/* The interval of a mean is near mean +- 1.96 standard errors; the seed makes it exact. */
static void bootstrap_of_a_mean(void **state) {
    (void)state;
    enum { N = 400 };
    double values[N], mean = 0, square = 0;
    sx_random random = sx_random_from(1, 2, 3);
    for (int i = 0; i < N; i++) {
        values[i] = 5 + (double)sx_random_normal(&random);
        mean += values[i] / N;
    }
    for (int i = 0; i < N; i++) square += (values[i] - mean) * (values[i] - mean) / N;
    sx_interval got;
    assert_int_equal(
        sx_bootstrap(mean_of_indices, values, N, (sx_rounds){2000, 4, NULL}, &got, NULL), SX_OK);
    double half = 1.96 * sqrt(square / N);
    assert_true(fabs(got.low - (mean - half)) < 0.1 * half);
    assert_true(fabs(got.high - (mean + half)) < 0.1 * half);
}

/* A statistic that asks to stop in its fifth round. */
typedef struct {
    atomic_bool stop;
    int calls;
} stopper;

static double stop_at_five(void *user, const uint32_t *indices, size_t n) {
    stopper *s = user;
    (void)indices;
    if (++s->calls == 5) atomic_store(&s->stop, true);
    return (double)n;
}

static void bootstrap_stops_at_once(void **state) {
    (void)state;
    stopper s = {.calls = 0};
    sx_interval got;
    sx_error err = {0};
    sx_rounds rounds = {1000, 3, &s.stop};
    assert_int_equal(sx_bootstrap(stop_at_five, &s, 9, rounds, &got, &err), SX_CANCELLED);
    assert_int_equal(err.status, SX_CANCELLED);
    assert_int_equal(s.calls, 5);
    assert_true(isnan(got.low) && isnan(got.high));
}

static void bootstrap_needs_items_and_rounds(void **state) {
    (void)state;
    counter c = {0};
    sx_interval got;
    sx_error err = {0};
    assert_int_equal(sx_bootstrap(count_calls, &c, 0, (sx_rounds){10, 1, NULL}, &got, &err),
                     SX_BAD_INPUT);
    assert_int_equal(sx_bootstrap(count_calls, &c, 10, (sx_rounds){0, 1, NULL}, &got, &err),
                     SX_BAD_INPUT);
    assert_true(isnan(got.low) && strlen(err.message) > 10);
    assert_int_equal(c.calls, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selective_risk_is_the_reference),
        cmocka_unit_test(ties_are_averaged),
        cmocka_unit_test(order_of_the_items_does_not_matter),
        cmocka_unit_test(curve_is_the_reference),
        cmocka_unit_test(calibration_is_the_reference),
        cmocka_unit_test(bins_follow_the_floor_rule),
        cmocka_unit_test(edge_cases_are_the_reference),
        cmocka_unit_test(oracle_refuses_the_wrong_ones_first),
        cmocka_unit_test(threshold_keeps_what_the_coverage_says),
        cmocka_unit_test(coverage_is_read_as_a_person_means_it),
        cmocka_unit_test(unusable_input_is_refused_with_a_sentence),
        cmocka_unit_test(memory_can_run_out),
        cmocka_unit_test(calibration_by_hand),
        cmocka_unit_test(calibration_of_nothing_is_unknown),
        cmocka_unit_test(impossible_truth_costs_infinitely_much),
        cmocka_unit_test(diverged_network_is_not_calibrated),
        cmocka_unit_test(argmax_takes_the_lowest_index),
        cmocka_unit_test(confidence_measures),
        cmocka_unit_test(wilson_intervals),
        cmocka_unit_test(intervals_of_differences),
        cmocka_unit_test(spearman_rank_correlation),
        cmocka_unit_test(bootstrap_takes_percentiles),
        cmocka_unit_test(several_sets_are_resampled_each_by_itself),
        cmocka_unit_test(bootstrap_leaves_out_the_unknown),
        cmocka_unit_test(bootstrap_of_infinite_values),
        cmocka_unit_test(bootstrap_is_fixed_by_its_seed),
        cmocka_unit_test(bootstrap_of_a_mean),
        cmocka_unit_test(bootstrap_needs_items_and_rounds),
        cmocka_unit_test(bootstrap_stops_at_once),
    };
    return cmocka_run_group_tests(tests, read_all, free_all);
}
