/* Every metric value of the uncertainty reference (tests/data/uncertainty, whose README says how
 * they were made), and the sentence for each that sextant does not offer. */
#include "tests/unit/reference.h"

#include "core/metric/metric.h"

enum { CLASSES = 10, MEMBERS = 8 };

static expectations expected;
static sx_csv predictions, ties_table, outside_table, members_table;
static double *logits; /* [rows of predictions, CLASSES] */
static int32_t *labels;
static sx_ensemble model;
static sx_scored scored;
static sx_ranking by_confidence;

static int read_all(void **state) {
    (void)state;
    expected = read_expectations("expected_flat.csv");
    predictions = reference_table("preds_2000x10.csv");
    ties_table = reference_table("ties_2000.csv");
    outside_table = reference_table("ood_3000.csv");
    members_table = reference_table("ensemble_300x8x10.csv");
    size_t n = predictions.rows;
    logits = sx_alloc(n * CLASSES, sizeof *logits);
    labels = sx_alloc(n, sizeof *labels);
    for (size_t i = 0; i < n; i++) {
        labels[i] = (int32_t)predictions.values[i * predictions.columns + 1];
        memcpy(logits + i * CLASSES, predictions.values + i * predictions.columns + 2,
               CLASSES * sizeof *logits);
    }
    assert_int_equal(sx_ensemble_new_single(n, CLASSES, labels, &model, NULL), SX_OK);
    sx_ensemble_add_tempered(&model, 0, n, logits, 1);
    sx_ensemble_end_member(&model);
    assert_int_equal(sx_scored_new(&model, NULL, &scored, NULL), SX_OK);
    return sx_ranking_new(scored.confidence[0], n, &by_confidence, NULL) ? -1 : 0;
}

static int free_all(void **state) {
    (void)state;
    expectations_done(&expected);
    sx_csv_done(&predictions);
    sx_csv_done(&ties_table);
    sx_csv_done(&outside_table);
    sx_csv_done(&members_table);
    sx_free(logits);
    sx_free(labels);
    sx_ensemble_done(&model);
    sx_scored_done(&scored);
    sx_ranking_done(&by_confidence);
    return 0;
}

/* ---- selective prediction -------------------------------------------------------------------- */

static void claim_selective(expectations *e, const char *prefix, sx_ranked items) {
    sx_selective s;
    sx_detection d;
    sx_selective_of(items, &s);
    sx_detection_of(items, &d);
    double n = (double)items.ranking->n, errors = d.outside;
    claim(e, prefix, "n", n);
    claim(e, prefix, "errors", errors);
    claim_if_there(e, prefix, "error_rate", s.risk);
    claim(e, prefix, "aurc_prefix_tie_averaged", s.aurc);
    claim(e, prefix, "aurc_trapezoid_unique_thresholds", s.aurc_thresholds);
    claim(e, prefix, "aurc_optimal_discrete", sx_optimal_aurc((size_t)n, (size_t)errors));
    claim(e, prefix, "aurc_optimal_analytic", sx_optimal_aurc_limit(s.risk));
    claim(e, prefix, "augrc_trapezoid", s.augrc);
    claim(e, prefix, "augrc_prefix", s.augrc_prefix);
    claim_if_there(e, prefix, "augrc_optimal", s.augrc - s.eaugrc);
    claim_if_there(e, prefix, "eaugrc", s.eaugrc);
    claim(e, prefix, "eaurc_discrete", s.eaurc);
    claim_if_there(e, prefix, "eaurc_analytic", s.eaurc_thresholds);
    claim(e, prefix, "failure_auroc", s.failure_auroc);
    claim_if_there(e, prefix, "failure_ap_success", d.aupr_in);
    claim_if_there(e, prefix, "failure_ap_error", d.aupr_out);
    claim(e, prefix, "oracle_fd_shifts/aurc", s.aurc_thresholds);
    claim(e, prefix, "oracle_fd_shifts/eaurc", s.eaurc_thresholds);
    claim(e, prefix, "oracle_fd_shifts/augrc", s.augrc);
    claim_if_there(e, prefix, "oracle_fd_shifts/eaugrc", s.eaugrc);
}

static void claim_points(const char *prefix, const char *under, sx_ranked items) {
    static const char *const coverages[] = {"0.5", "0.7", "0.8", "0.9", "0.95", "1.0"};
    static const char *const risks[] = {"0.001", "0.005", "0.01", "0.02", "0.05", "0.1"};
    char key[96];
    for (size_t i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "%srisk_at_coverage/%s", under, coverages[i]);
        claim(&expected, prefix, key, sx_ranked_risk_at(items, strtod(coverages[i], NULL)).risk);
        snprintf(key, sizeof key, "%scoverage_at_risk/%s", under, risks[i]);
        if (*under && i == 0) continue; /* a slip of that program, see the protocol */
        claim(&expected, prefix, key,
              sx_ranked_coverage_at(items, strtod(risks[i], NULL)).coverage);
    }
}

static void claim_tie_orders(const char *prefix, sx_ranked items) {
    sx_interval orders = sx_aurc_of_tie_orders(items);
    sx_selective s;
    sx_selective_of(items, &s);
    claim(&expected, prefix, "aurc_prefix_best_tie_order", orders.low);
    claim(&expected, prefix, "aurc_prefix_worst_tie_order", orders.high);
    double r = s.risk;
    claim(&expected, prefix, "augrc_from_auroc_identity",
          (1 - s.failure_auroc) * r * (1 - r) + r * r / 2);
}

static void selective_prediction(void **state) {
    (void)state;
    const char *prefix = "A_preds_2000x10";
    sx_ranked items = {&by_confidence, scored.wrong, NULL};
    sx_selective s;
    sx_selective_of(items, &s);
    claim_selective(&expected, prefix, items);
    claim_tie_orders(prefix, items);
    claim_points(prefix, "", items);
    claim_points(prefix, "oracle_torch_uncertainty/", items);
    claim_within(&expected, prefix, "oracle_torch_uncertainty/aurc", s.aurc_points, 1e-9);
    claim_within(&expected, prefix, "oracle_torch_uncertainty/augrc", s.augrc_points, 1e-9);
    claim(&expected, prefix, "oracle_authors_code/aurc", s.aurc);
    claim(&expected, prefix, "oracle_authors_code/eaurc", s.eaurc);
}

/* What single precision makes of the same confidences: it ties them, at 1.0 above all. */
static void confidences_in_single_precision(void **state) {
    (void)state;
    const char *prefix = "A_preds_2000x10/float32_confidences";
    size_t n = scored.n, distinct = 1, ones = 0;
    double *narrow = sx_alloc(n, sizeof *narrow);
    sx_ranking ranking;
    sx_selective s;
    for (size_t i = 0; i < n; i++) narrow[i] = (double)(float)scored.confidence[0][i];
    assert_int_equal(sx_ranking_new(narrow, n, &ranking, NULL), SX_OK);
    sx_ranked items = {&ranking, scored.wrong, NULL};
    sx_selective_of(items, &s);
    for (size_t i = 1; i < n; i++) distinct += ranking.scores[i] != ranking.scores[i - 1];
    for (size_t i = 0; i < n; i++) ones += narrow[i] == 1;
    claim(&expected, prefix, "distinct", (double)distinct);
    claim(&expected, prefix, "equal_to_1", (double)ones);
    claim(&expected, prefix, "aurc_prefix_tie_averaged", s.aurc);
    claim(&expected, prefix, "aurc_prefix_best_tie_order", sx_aurc_of_tie_orders(items).low);
    claim(&expected, prefix, "aurc_prefix_worst_tie_order", sx_aurc_of_tie_orders(items).high);
    sx_ranking_done(&ranking);
    sx_free(narrow);
}

static void claim_tied_bins(const double *confidence, sx_ranked items, int bins) {
    static const char *const names[] = {"floor_conf_times_bins", "left_closed_linspace",
                                        "right_closed_linspace", "authors_convention_drops_conf_1"};
    static const char *const worst[] = {"floor", "left_closed", "right_closed"};
    char prefix[64], key[64];
    snprintf(prefix, sizeof prefix, "B_ties_2000/calibration/%d", bins);
    for (int edges = 0; edges < 4; edges++) {
        sx_proper p;
        sx_proper_of_top(confidence, items, (sx_binning){bins, (sx_bin_edges)edges}, &p);
        snprintf(key, sizeof key, "ece_%s", names[edges]);
        claim(&expected, prefix, key, p.ece);
        if (edges == SX_EDGES_DROP_ONE) {
            claim(&expected, prefix, "authors_convention_samples_used", p.used);
            continue;
        }
        snprintf(key, sizeof key, "mce_%s", worst[edges]);
        claim(&expected, prefix, key, p.mce);
        /* its last edge is a hair above 1 and so are the others above k/B: (a, b] in effect */
        if (edges == SX_EDGES_RIGHT_CLOSED) claim(&expected, prefix, "oracle_fd_shifts_ece", p.ece);
    }
}

static void tied_predictions(void **state) {
    (void)state;
    const char *prefix = "B_ties_2000";
    size_t n = ties_table.rows, distinct = 1;
    double *confidence = reference_column(&ties_table, 1), ones = 0;
    uint8_t *wrong = sx_alloc(n, 1);
    for (size_t i = 0; i < n; i++) wrong[i] = ties_table.values[i * ties_table.columns + 2] == 0;
    sx_ranking ranking;
    assert_int_equal(sx_ranking_new(confidence, n, &ranking, NULL), SX_OK);
    sx_ranked items = {&ranking, wrong, NULL};
    claim_selective(&expected, prefix, items);
    claim_tie_orders(prefix, items);
    claim_points(prefix, "", items);
    claim_tied_bins(confidence, items, 10);
    claim_tied_bins(confidence, items, 15);
    claim_tied_bins(confidence, items, 20);
    for (size_t i = 1; i < n; i++) distinct += ranking.scores[i] != ranking.scores[i - 1];
    for (size_t i = 0; i < n; i++) ones += confidence[i] == 1;
    claim(&expected, prefix, "distinct_confidences", (double)distinct);
    claim(&expected, prefix, "confidence_equal_1", ones);
    sx_ranking_done(&ranking);
    sx_free(confidence);
    sx_free(wrong);
}

static void curve(void **state) {
    (void)state;
    sx_csv table = reference_table("risk_coverage_curve.csv");
    size_t n = scored.n;
    double *coverage = sx_alloc(n, sizeof *coverage), *risk = sx_alloc(n, sizeof *risk);
    sx_ranked items = {&by_confidence, scored.wrong, NULL};
    assert_int_equal(sx_ranked_curve(items, n + 7, coverage, risk), n);
    for (size_t i = 0; i < table.rows; i++) {
        const double *row = table.values + i * table.columns;
        size_t k = (size_t)row[0];
        assert_true(fabs(coverage[k - 1] - row[1]) < 1e-12);
        assert_true(fabs(risk[k - 1] - row[2]) < 1e-12);
        assert_true(fabs(risk[k - 1] * coverage[k - 1] - row[3]) < 1e-12);
    }
    /* fewer points: the same at their ranks, the last is all */
    assert_int_equal(sx_ranked_curve(items, 20, coverage, risk), 20);
    assert_true(coverage[19] == 1 && fabs(risk[19] - 0.1035) < 1e-12);
    assert_true(coverage[9] == 0.5 && fabs(risk[9] - 0.001) < 1e-12);
    sx_free(coverage);
    sx_free(risk);
    sx_csv_done(&table);
}

/* ---- calibration ----------------------------------------------------------------------------- */

static void claim_bins(int bins) {
    char prefix[64];
    snprintf(prefix, sizeof prefix, "A_preds_2000x10/calibration/%d", bins);
    sx_proper left, right;
    sx_proper_of(&scored, &by_confidence, NULL, (sx_binning){bins, SX_EDGES_LEFT_CLOSED}, &left);
    sx_proper_of(&scored, &by_confidence, NULL, (sx_binning){bins, SX_EDGES_RIGHT_CLOSED}, &right);
    claim(&expected, prefix, "ece_left_closed", left.ece);
    claim(&expected, prefix, "ece_right_closed", right.ece);
    claim(&expected, prefix, "mce_left_closed", left.mce);
    claim(&expected, prefix, "rmsce_left_closed", left.rmsce);
    claim(&expected, prefix, "adaptive_ece", left.adaptive_ece);
    claim(&expected, prefix, "adaptive_max", left.adaptive_mce);
    claim(&expected, prefix, "oracle_torch_uncertainty_adaptive", left.adaptive_ece);
    claim(&expected, prefix, "oracle_fd_shifts_ece", right.ece);
    claim(&expected, prefix, "oracle_fd_shifts_mce", right.mce);
    sx_proper_of(&scored, &by_confidence, NULL, (sx_binning){bins, SX_EDGES_DROP_ONE}, &left);
    claim(&expected, prefix, "oracle_authors_ece", left.ece);
    claim(&expected, prefix, "oracle_authors_mce", left.mce);
}

static void calibration(void **state) {
    (void)state;
    const char *prefix = "A_preds_2000x10";
    sx_proper p;
    claim_bins(10);
    claim_bins(15);
    claim_bins(20);
    sx_proper_of(&scored, &by_confidence, NULL, (sx_binning){0}, &p);
    claim(&expected, prefix, "accuracy", p.accuracy);
    claim(&expected, prefix, "nll_mean", p.nll);
    claim(&expected, prefix, "nll_oracle_torch_uncertainty", p.nll);
    claim(&expected, prefix, "brier_sum_over_classes", p.brier);
    claim(&expected, prefix, "brier_mean_over_classes", p.brier_mean);
    claim(&expected, prefix, "brier_oracle_torch_uncertainty", p.brier);
    claim(&expected, prefix, "brier_oracle_authors_code", p.brier_mean);
    prefix = "A_preds_2000x10/brier_top_label_decomposition_15_left_closed";
    claim(&expected, prefix, "brier_top_label", p.top_brier);
    claim(&expected, prefix, "reliability", p.reliability);
    claim(&expected, prefix, "resolution", p.resolution);
    claim(&expected, prefix, "uncertainty", p.uncertainty);
    claim(&expected, prefix, "within_bin_variance", p.variance);
    claim(&expected, prefix, "within_bin_covariance", p.covariance);
    claim(&expected, prefix, "identity_residual",
          p.top_brier - (p.reliability - p.resolution + p.uncertainty + p.variance - p.covariance));
}

static void reliability_diagram(void **state) {
    (void)state;
    sx_bytes bytes = reference_bytes("reliability_15bins.csv");
    sx_calibration got = {0};
    for (size_t i = 0; i < scored.n; i++) {
        double p[CLASSES];
        for (int c = 0; c < CLASSES; c++) p[c] = model.sum[i * CLASSES + (size_t)c];
        sx_calibrate_item(p, labels[i], CLASSES, &got);
    }
    sx_calibrate_end(scored.n, &got);
    const char *at = (const char *)bytes.data;
    for (int b = 0; b < SX_RELIABILITY_BINS; b++) {
        double row[4];
        at = strchr(at, '\n') + 1;
        assert_int_equal(sscanf(at, "%lf,%lf,%lf,%lf", row, row + 1, row + 2, row + 3), 4);
        assert_true((double)got.bins[b].count == row[1]);
        if (row[1] == 0) continue;
        assert_true(fabs(got.bins[b].accuracy - row[2]) < 1e-9);
        assert_true(fabs(got.bins[b].confidence - row[3]) < 1e-9);
    }
    sx_bytes_done(&bytes);
}

static void claim_tempered(const char *under, size_t first, double temperature) {
    enum { N = 1000 };
    char prefix[96];
    sx_ensemble e;
    sx_scored s;
    sx_ranking ranking;
    sx_proper p;
    sx_selective selective;
    double mean = 0;
    snprintf(prefix, sizeof prefix, "A_preds_2000x10/temperature_scaling/%s", under);
    assert_int_equal(sx_ensemble_new_single(N, CLASSES, labels + first, &e, NULL), SX_OK);
    sx_ensemble_add_tempered(&e, 0, N, logits + first * CLASSES, temperature);
    sx_ensemble_end_member(&e);
    assert_int_equal(sx_scored_new(&e, NULL, &s, NULL), SX_OK);
    assert_int_equal(sx_ranking_new(s.confidence[0], N, &ranking, NULL), SX_OK);
    sx_proper_of(&s, &ranking, NULL, (sx_binning){0}, &p);
    sx_selective_of((sx_ranked){&ranking, s.wrong, NULL}, &selective);
    for (size_t i = 0; i < N; i++) mean += s.confidence[0][i] / N;
    claim(&expected, prefix, "nll", p.nll);
    claim(&expected, prefix, "ece15", p.ece);
    claim(&expected, prefix, "brier_sum", p.brier);
    claim(&expected, prefix, "accuracy", p.accuracy);
    claim(&expected, prefix, "aurc_prefix", selective.aurc);
    claim(&expected, prefix, "mean_confidence", mean);
    sx_ranking_done(&ranking);
    sx_scored_done(&s);
    sx_ensemble_done(&e);
}

static void temperature_scaling(void **state) {
    (void)state;
    double temperature;
    assert_int_equal(sx_temperature_fit(logits, labels, 1000, CLASSES, NULL, &temperature, NULL),
                     SX_OK);
    claim(&expected, "A_preds_2000x10/temperature_scaling", "T", temperature);
    claim_tempered("fit_before", 0, 1);
    claim_tempered("fit_after", 0, temperature);
    claim_tempered("eval_before", 1000, 1);
    claim_tempered("eval_after", 1000, temperature);
}

/* ---- guarantee ------------------------------------------------------------------------------- */

static void claim_look(const char *prefix, const char *under, const sx_guarantee_look *look) {
    static const char *const names[] = {"threshold", "coverage", "errors", "selected", "bound"};
    const double values[] = {look->threshold, look->coverage, (double)look->errors,
                             (double)look->selected, look->bound};
    char key[64];
    for (int i = 0; i < 5; i++) {
        snprintf(key, sizeof key, "%s/%s", under, names[i]);
        claim(&expected, prefix, key, values[i]);
    }
}

static void guaranteed_risk(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        char prefix[64];
        sx_guarantee g;
        snprintf(prefix, sizeof prefix, "A_preds_2000x10/sgr/%d", i);
        double target = expected_value(&expected, prefix, "target_risk");
        double delta = expected_value(&expected, prefix, "delta");
        sx_ranked items = {&by_confidence, scored.wrong, NULL};
        assert_int_equal(sx_guarantee_search(items, target, delta, &g, NULL), SX_OK);
        claim(&expected, prefix, "steps", g.looks);
        claim(&expected, prefix, "delta_per_step", g.delta_per_look);
        claim_look(prefix, "last_iteration", &g.last);
        if (g.feasible)
            claim_look(prefix, "last_feasible", &g.found);
        else
            claim(&expected, prefix, "last_feasible", NAN);
    }
}

static void binomial_bounds(void **state) {
    (void)state;
    sx_csv table = reference_table("clopper_pearson_upper.csv");
    for (size_t i = 0; i < table.rows; i++) {
        const double *row = table.values + i * table.columns;
        double got = sx_clopper_pearson_upper((size_t)row[0], (size_t)row[1], row[2]);
        if (!(fabs(got - row[3]) < 1e-9))
            fail_msg("%g of %g at %g: %.17g, not %.17g", row[0], row[1], row[2], got, row[3]);
    }
    const char *prefix = "E_sgr_floor_trap/example";
    size_t k = (size_t)expected_value(&expected, prefix, "errors");
    size_t m = (size_t)expected_value(&expected, prefix, "m");
    double delta = expected_value(&expected, prefix, "delta");
    claim(&expected, prefix, "bound_correct", sx_clopper_pearson_upper(k, m, delta));
    claim(&expected, prefix, "bound_if_floored", sx_clopper_pearson_upper(k - 1, m, delta));
    sx_csv_done(&table);
}

/* ---- detection ------------------------------------------------------------------------------- */

static void claim_common(expectations *e, const char *prefix, const sx_detection *d) {
    claim(e, prefix, "auroc", d->auroc);
    claim(e, prefix, "fpr95_id_positive_tpr_ge_95", d->fpr95);
    claim(e, prefix, "fpr95_ood_positive_tpr_ge_95", d->fpr95_outside);
    claim_if_there(e, prefix, "fpr95_ood_positive_nearest_recall_oracle_torch_uncertainty",
                   d->fpr95_nearest_outside);
}

static sx_detection detect(const double *score, const uint8_t *outside, size_t n) {
    sx_detection d;
    sx_ranking ranking;
    double *confidence = sx_alloc(n, sizeof *confidence);
    for (size_t i = 0; i < n; i++) confidence[i] = -score[i];
    assert_int_equal(sx_ranking_new(confidence, n, &ranking, NULL), SX_OK);
    sx_detection_of((sx_ranked){&ranking, outside, NULL}, &d);
    sx_ranking_done(&ranking);
    sx_free(confidence);
    return d;
}

static void claim_detection(const char *prefix, size_t column) {
    size_t n = outside_table.rows;
    double *score = reference_column(&outside_table, column);
    uint8_t *outside = sx_alloc(n, 1);
    for (size_t i = 0; i < n; i++)
        outside[i] = outside_table.values[i * outside_table.columns + 1] == 1;
    sx_detection d = detect(score, outside, n);
    claim_common(&expected, prefix, &d);
    claim(&expected, prefix, "aupr_out_average_precision", d.aupr_out);
    claim(&expected, prefix, "aupr_in_average_precision", d.aupr_in);
    claim(&expected, prefix, "aupr_out_trapezoid", d.aupr_out_trapezoid);
    claim(&expected, prefix, "aupr_in_trapezoid", d.aupr_in_trapezoid);
    claim(&expected, prefix, "baseline_aupr_out", d.base_rate);
    claim(&expected, prefix, "baseline_aupr_in", 1 - d.base_rate);
    claim(&expected, prefix, "fpr95_id_positive_nearest_recall_oracle_torch_uncertainty",
          d.fpr95_nearest);
    claim(&expected, prefix, "fpr95_id_positive_linear_interpolation", d.fpr95_interpolated);
    claim(&expected, prefix, "fpr95_id_positive_oracle_fd_shifts", d.fpr95_rounded);
    claim(&expected, prefix, "oracle_torchmetrics_auroc", d.auroc);
    claim(&expected, prefix, "oracle_torchmetrics_aupr_out", d.aupr_out);
    claim(&expected, prefix, "detection_error_equal_priors", d.error);
    claim(&expected, "C_ood_3000", "n_id", d.inside);
    claim(&expected, "C_ood_3000", "n_ood", d.outside);
    sx_free(score);
    sx_free(outside);
}

static void detection(void **state) {
    (void)state;
    claim_detection("C_ood_3000/continuous", 2);
    claim_detection("C_ood_3000/quantised_2dp", 3);
}

/* ---- ensembles ------------------------------------------------------------------------------- */

/* The members' logits of one member, [items, CLASSES], owned; the rows are item by item. */
static double *member_logits(int member) {
    size_t n = members_table.rows / MEMBERS;
    double *z = sx_alloc(n * CLASSES, sizeof *z);
    for (size_t i = 0; i < n; i++)
        memcpy(z + i * CLASSES,
               members_table.values + (i * MEMBERS + (size_t)member) * members_table.columns + 3,
               CLASSES * sizeof *z);
    return z;
}

static sx_ensemble new_ensemble(void) {
    size_t n = members_table.rows / MEMBERS;
    int32_t *truth = sx_alloc(n, sizeof *truth);
    sx_ensemble e;
    for (size_t i = 0; i < n; i++)
        truth[i] = (int32_t)members_table.values[i * MEMBERS * members_table.columns + 2];
    assert_int_equal(sx_ensemble_new(n, CLASSES, truth, &e, NULL), SX_OK);
    sx_free(truth);
    return e;
}

static void claim_ranking(const char *name, const double *confidence, const uint8_t *wrong,
                          size_t n) {
    char prefix[96];
    sx_ranking ranking;
    sx_selective selective;
    snprintf(prefix, sizeof prefix, "D_ensemble_300x8x10/%s", name);
    assert_int_equal(sx_ranking_new(confidence, n, &ranking, NULL), SX_OK);
    sx_ranked items = {&ranking, wrong, NULL};
    sx_selective_of(items, &selective);
    sx_interval orders = sx_aurc_of_tie_orders(items);
    claim(&expected, prefix, "accuracy", 1 - selective.risk);
    claim(&expected, prefix, "aurc_prefix_tie_averaged", selective.aurc);
    claim(&expected, prefix, "aurc_best", orders.low);
    claim(&expected, prefix, "aurc_worst", orders.high);
    claim(&expected, prefix, "augrc_trapezoid", selective.augrc);
    claim(&expected, prefix, "failure_auroc", selective.failure_auroc);
    sx_ranking_done(&ranking);
}

static void claim_rankings(const sx_ensemble *e) {
    static const struct {
        const char *name;
        int row;
    } all[] = {{"softmax_response_of_mean_prob", SX_SCORE_MAX_PROBABILITY},
               {"minus_entropy_of_mean", SX_SCORE_ENTROPY},
               {"minus_mutual_information", SX_SCORE_MUTUAL_INFORMATION},
               {"minus_std_pred_class", SX_SCORE_STD},
               {"minus_max_min_pred_class", SX_SCORE_RANGE},
               {"minus_mean_of_entropies", SX_SCORE_EXPECTED_ENTROPY}};
    sx_scored s;
    assert_int_equal(sx_scored_new(e, NULL, &s, NULL), SX_OK);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        claim_ranking(all[i].name, s.confidence[all[i].row], s.wrong, s.n);
    sx_scored_done(&s);
}

static void claim_so_far(const sx_ensemble *e, int member) {
    char key[64];
    sx_scored s;
    sx_proper p;
    assert_int_equal(sx_scored_new(e, NULL, &s, NULL), SX_OK);
    sx_proper_of(&s, NULL, NULL, (sx_binning){0}, &p);
    snprintf(key, sizeof key, "nll_cumulative_over_members/%d", member);
    claim(&expected, "D_ensemble_300x8x10", key, p.nll);
    snprintf(key, sizeof key, "accuracy_cumulative_over_members/%d", member);
    claim(&expected, "D_ensemble_300x8x10", key, p.accuracy);
    if (member == 0) claim_ranking("member0_softmax_response", s.confidence[0], s.wrong, s.n);
    if (member == MEMBERS - 1) {
        claim(&expected, "D_ensemble_300x8x10", "nll_of_mean_prob", p.nll);
        claim(&expected, "D_ensemble_300x8x10", "brier_sum_of_mean_prob", p.brier);
    }
    sx_scored_done(&s);
}

/* The reference ranks by vote entropies whose last bits differ by the order of the classes: 28
 * values where counts of votes have 19, so its ties are broken by rounding. With its own entropies
 * its value comes out; with ours equal counts tie, which is .36859 by the same tie rule. */
static void claim_vote_entropy(const sx_csv *table, const sx_ensemble *e) {
    double *confidence = reference_column(table, 11), *exact = sx_alloc(e->n, sizeof *exact);
    uint8_t *wrong = sx_alloc(e->n, 1);
    sx_selective s;
    for (size_t i = 0; i < e->n; i++) {
        sx_item_scores scores;
        sx_ensemble_scores(e, i, &scores);
        wrong[i] = scores.vote_prediction != e->labels[i];
        exact[i] = -scores.vote_entropy;
        confidence[i] = -confidence[i];
    }
    claim_ranking("minus_vote_entropy_with_vote_class", confidence, wrong, e->n);
    assert_int_equal(sx_selective_risk(exact, wrong, e->n, &s, NULL), SX_OK);
    assert_true(fabs(s.aurc - 0.36859041920994956) < 1e-12);
    sx_free(confidence);
    sx_free(exact);
    sx_free(wrong);
}

static double mean_over_members(const double *sums, const sx_ensemble *e) {
    double sum = 0;
    for (size_t i = 0; i < e->n; i++) sum += sums[i];
    return sum / (double)e->n / e->members;
}

static void compare_row(const double *row, const sx_item_scores *s) {
    const double got[] = {s->prediction,
                          s->max_probability,
                          s->entropy,
                          s->expected_entropy,
                          s->mutual_information,
                          s->std,
                          s->range,
                          s->vote_prediction,
                          s->vote_share,
                          s->vote_entropy,
                          s->mean_std};
    for (int i = 0; i < 11; i++)
        if (!(fabs(got[i] - row[2 + i]) < 1e-9))
            fail_msg("item %g, column %d: %.17g, not %.17g", row[0], 2 + i, got[i], row[2 + i]);
}

/* The last two columns are what averaging logits would say: a single model that has them. */
static void compare_mean_logits(const sx_csv *table) {
    sx_ensemble e = new_ensemble();
    double *sum = sx_alloc(e.n * CLASSES, sizeof *sum);
    for (int m = 0; m < MEMBERS; m++) {
        double *z = member_logits(m);
        for (size_t i = 0; i < e.n * CLASSES; i++) sum[i] += z[i] / MEMBERS;
        sx_free(z);
    }
    sx_ensemble_add_tempered(&e, 0, e.n, sum, 1);
    sx_ensemble_end_member(&e);
    for (size_t i = 0; i < e.n; i++) {
        sx_item_scores s;
        const double *row = table->values + i * table->columns;
        sx_ensemble_scores(&e, i, &s);
        assert_true(s.prediction == (int)row[13] && fabs(s.max_probability - row[14]) < 1e-9);
    }
    sx_free(sum);
    sx_ensemble_done(&e);
}

static size_t count_vote_ties(const sx_ensemble *e) {
    size_t ties = 0;
    for (size_t i = 0; i < e->n; i++) {
        sx_item_scores s;
        const uint32_t *votes = e->votes + i * CLASSES;
        int best = 0;
        sx_ensemble_scores(e, i, &s);
        for (int c = 0; c < CLASSES; c++) best += votes[c] == votes[s.vote_prediction];
        ties += best > 1;
    }
    return ties;
}

static void ensembles(void **state) {
    (void)state;
    const char *prefix = "D_ensemble_300x8x10";
    sx_csv table = reference_table("ensemble_scores_300.csv");
    sx_ensemble e = new_ensemble();
    for (int m = 0; m < MEMBERS; m++) {
        double *z = member_logits(m);
        sx_ensemble_add_tempered(&e, 0, e.n, z, 1);
        sx_ensemble_end_member(&e);
        claim_so_far(&e, m);
        sx_free(z);
    }
    claim_rankings(&e);
    claim_vote_entropy(&table, &e);
    claim(&expected, prefix, "mean_of_member_nlls", mean_over_members(e.losses, &e));
    claim(&expected, prefix, "mean_member_brier_sum", mean_over_members(e.briers, &e));
    claim(&expected, prefix, "oracle_torch_uncertainty_brier_3d_input",
          mean_over_members(e.briers, &e));
    claim(&expected, prefix, "vote_ties", (double)count_vote_ties(&e));
    for (size_t i = 0; i < e.n; i++) {
        sx_item_scores s;
        sx_ensemble_scores(&e, i, &s);
        compare_row(table.values + i * table.columns, &s);
    }
    compare_mean_logits(&table);
    sx_ensemble_done(&e);
    sx_csv_done(&table);
}

/* ---- edge cases ------------------------------------------------------------------------------ */

/* The values of an array of the file, [at most 64]; returns how many. */
static size_t case_array(expectations *e, const char *prefix, const char *name, double *out) {
    for (size_t i = 0; i < 64; i++) {
        char key[160], full[256];
        snprintf(key, sizeof key, "%s/%zu", name, i);
        snprintf(full, sizeof full, "%s/%s", prefix, key);
        if (!find_expectation(e, full)) return i;
        out[i] = expected_value(e, prefix, key);
    }
    return 64;
}

static void claim_selective_case(expectations *e, const char *prefix) {
    double confidence[64], right[64];
    uint8_t wrong[64];
    sx_ranking ranking;
    sx_selective s;
    sx_proper p;
    size_t n = case_array(e, prefix, "confidence", confidence);
    bool distinct = true;
    case_array(e, prefix, "correct", right);
    for (size_t i = 0; i < n; i++) wrong[i] = right[i] == 0;
    assert_int_equal(sx_ranking_new(confidence, n, &ranking, NULL), SX_OK);
    for (size_t i = 1; i < n; i++) distinct &= ranking.scores[i] != ranking.scores[i - 1];
    sx_ranked items = {&ranking, wrong, NULL};
    claim_selective(e, prefix, items);
    sx_selective_of(items, &s);
    /* with ties that program's value depends on the order of the file */
    if (distinct) claim(e, prefix, "oracle_torch_uncertainty_aurc", s.aurc_points);
    sx_proper_of_top(confidence, items, (sx_binning){15, SX_EDGES_LEFT_CLOSED}, &p);
    claim(e, prefix, "ece15_left_closed", p.ece);
    sx_proper_of_top(confidence, items, (sx_binning){15, SX_EDGES_RIGHT_CLOSED}, &p);
    claim(e, prefix, "ece15_right_closed", p.ece);
    claim(e, prefix, "coverage_at_risk_0.05", sx_ranked_coverage_at(items, 0.05).coverage);
    claim(e, prefix, "coverage_at_risk_0", sx_ranked_coverage_at(items, 0).coverage);
    claim(e, prefix, "risk_at_coverage_0.5", sx_ranked_risk_at(items, 0.5).risk);
    sx_ranking_done(&ranking);
}

static void claim_outside_case(expectations *e, const char *prefix) {
    double score[64], flags[64];
    uint8_t outside[64];
    size_t n = case_array(e, prefix, "score_higher_is_ood", score);
    case_array(e, prefix, "is_ood", flags);
    for (size_t i = 0; i < n; i++) outside[i] = flags[i] != 0;
    sx_detection d = detect(score, outside, n);
    claim_common(e, prefix, &d);
    claim(e, prefix, "aupr_out", d.aupr_out);
    claim(e, prefix, "aupr_in", d.aupr_in);
    if (d.inside > 0 && d.outside > 0) claim(e, prefix, "oracle_torchmetrics_auroc", d.auroc);
}

static void edge_cases(void **state) {
    (void)state;
    static const char *const selective[] = {"all_correct_distinct",
                                            "all_wrong_distinct",
                                            "all_tied_half_wrong",
                                            "perfect_ranking",
                                            "worst_ranking",
                                            "single_correct",
                                            "single_wrong",
                                            "confidence_exactly_one",
                                            "tie_across_the_half_coverage_point",
                                            "on_bin_edges",
                                            "two_blocks",
                                            NULL};
    static const char *const outside[] = {"perfect",
                                          "inverted",
                                          "all_tied",
                                          "all_tied_imbalanced",
                                          "one_tie_across",
                                          "only_id",
                                          "only_ood",
                                          "twenty_id_twenty_ood_overlap",
                                          NULL};
    static const char *const left_out[] = {
        "oracle_torch_uncertainty_aurc", /* of ties: by the order of the file */
        "oracle_torchmetrics_auroc",     /* 0 with one class only; ours is undefined */
        NULL};
    expectations e = read_expectations("edge_cases_flat.csv");
    char prefix[128];
    for (int i = 0; selective[i]; i++) {
        snprintf(prefix, sizeof prefix, "selective_and_calibration/%s", selective[i]);
        claim_selective_case(&e, prefix);
    }
    for (int i = 0; outside[i]; i++) {
        snprintf(prefix, sizeof prefix, "ood/%s", outside[i]);
        claim_outside_case(&e, prefix);
    }
    expect_all_claimed(&e, left_out);
    expectations_done(&e);
}

/* The last test: whatever the others have not compared must have its reason here. */
static void every_value_was_compared(void **state) {
    (void)state;
    static const char *const left_out[] = {
        /* of samplers: compared where they are made */
        "E_sgld_one_step/", "E_sgld_posterior_200/", "E_langevin_quadratic/", "E_dropout_exact/",
        "E_bootstrap/",
        /* a count of pairs that would round down; no rate is ever multiplied here */
        "E_sgr_floor_trap/pairs_with", "E_sgr_floor_trap/total", "E_sgr_floor_trap/first_examples",
        /* words */
        "sgr_note", "temperature_scaling/fit_rows", "temperature_scaling/eval_rows",
        /* where an optimiser stops short of the least value */
        "T_from_lbfgs",
        /* returns what is not feasible, and counts errors rounded down */
        "oracle_geifman_code/",
        /* in single precision, with a bin of its own for 1.0 */
        "oracle_torchmetrics_ece", "oracle_torchmetrics_mce", "oracle_torchmetrics_l2",
        /* not a number where admissible thresholds exist: tests the wrong end of its array */
        "A_preds_2000x10/oracle_torch_uncertainty/coverage_at_risk/0.001",
        /* ties in the order of the file, or of an unstable sort */
        "oracle_torch_uncertainty_file_order/", "B_ties_2000/oracle_authors_code/",
        /* its loop stops one threshold early and sorts again by a tied key */
        "C_ood_3000/continuous/oracle_authors_code/",
        "C_ood_3000/quantised_2dp/oracle_authors_code/", NULL};
    expect_all_claimed(&expected, left_out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selective_prediction),
        cmocka_unit_test(confidences_in_single_precision),
        cmocka_unit_test(tied_predictions),
        cmocka_unit_test(curve),
        cmocka_unit_test(calibration),
        cmocka_unit_test(reliability_diagram),
        cmocka_unit_test(temperature_scaling),
        cmocka_unit_test(guaranteed_risk),
        cmocka_unit_test(binomial_bounds),
        cmocka_unit_test(detection),
        cmocka_unit_test(ensembles),
        cmocka_unit_test(edge_cases),
        cmocka_unit_test(every_value_was_compared),
    };
    return cmocka_run_group_tests(tests, read_all, free_all);
}
