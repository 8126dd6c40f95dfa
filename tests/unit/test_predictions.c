/* Files of predictions: decimal numbers, what is recognised, what is refused and how it is said,
 * equal results at any number of threads, and figures against the reference. */
#include "core/study/kind.h"
#include "core/study/predictions.h"
#include "core/study/scoring.h"
#include "tests/unit/failing.h"
#include "tests/unit/reference.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REFERENCE "tests/data/uncertainty/preds_2000x10.csv"

static sx_status parse(const char *text, sx_predictions *out, sx_error *err) {
    return sx_predictions_parse("x.csv", text, strlen(text), NULL, out, err);
}

/* ---- numbers ----------------------------------------------------------------------------------
 */

static void numbers_are_those_of_strtod(void **state) {
    (void)state;
    static const char *const texts[] = {"0",
                                        "-0",
                                        "1",
                                        "-1.5",
                                        "0.1",
                                        "3.14159265358979",
                                        "1e22",
                                        "1e23",
                                        "9007199254740993",
                                        "123456789012345678",
                                        "1.7976931348623157e308",
                                        "5e-324",
                                        "2.2250738585072011e-308",
                                        "0.000000000000000000000000000000000001",
                                        "18446744073709551615",
                                        "1234567890123456789012345",
                                        "9.047981916805933e-06",
                                        ".5",
                                        "5.",
                                        "1E-10",
                                        "8.5e-27",
                                        "4503599627370497.5"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value = 7, wanted = strtod(texts[i], NULL);
        const char *end = texts[i] + strlen(texts[i]);
        assert_ptr_equal(sx_decimal_read(texts[i], end, &value), end);
        assert_memory_equal(&value, &wanted, sizeof value);
    }
    sx_random random = sx_random_from(1, 2, 3);
    for (int i = 0; i < 200000; i++) {
        char text[64];
        uint64_t bits = sx_random_bits(&random);
        double value, wanted = (double)(bits >> 11) / 9007199254740992.0;
        /* digits that no double wrote fall near the middle of two */
        snprintf(text, sizeof text, "%llue%d", (unsigned long long)(bits >> i % 9), i % 60 - 45);
        assert_non_null(sx_decimal_read(text, text + strlen(text), &value));
        double other = strtod(text, NULL);
        assert_memory_equal(&value, &other, sizeof value);
        snprintf(text, sizeof text, i % 2 ? "%.17g" : "%.18e", wanted * (i % 3 ? 1 : 1e-12));
        wanted = strtod(text, NULL);
        assert_non_null(sx_decimal_read(text, text + strlen(text), &value));
        assert_memory_equal(&value, &wanted, sizeof value);
    }
}

static void what_is_no_number_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"", "-", ".", "e5", "nan", "inf", "x1", "1e999"};
    double value;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_null(sx_decimal_read(texts[i], texts[i] + strlen(texts[i]), &value));
}

/* ---- what is recognised -----------------------------------------------------------------------
 */

static void logits_come_in_any_order(void **state) {
    (void)state;
    sx_predictions p;
    sx_error err = {0};
    assert_int_equal(parse("z1,label,z0,note\n2,1,1,a\n\n-1,0,3,b\n", &p, &err), SX_OK);
    assert_int_equal(p.kind, SX_PREDICTED_LOGITS);
    assert_int_equal(p.rows, 2);
    assert_true(p.values[0] == 1 && p.values[1] == 2 && p.values[2] == 3 && p.values[3] == -1);
    assert_int_equal(p.labels[0], 1);
    sx_predictions_done(&p);
}

static void classes_have_names(void **state) {
    (void)state;
    sx_predictions p;
    sx_error err = {0};
    assert_int_equal(parse("label,p_cat,p_dog\r\ndog,0.25,0.75\r\n0,1,0", &p, &err), SX_OK);
    assert_int_equal(p.kind, SX_PREDICTED_PROBABILITIES);
    assert_string_equal(p.class_names[1], "dog");
    assert_true(p.labels[0] == 1 && p.labels[1] == 0);
    sx_predictions_done(&p);
}

static void members_are_brought_together(void **state) {
    (void)state;
    sx_predictions p;
    sx_error err = {0};
    const char *text = "id,member,label,set,p0,p1\n"
                       "b,0,1,test,0.5,0.5\na,1,0,test,1,0\na,0,0,test,0.5,0.5\nb,1,1,test,0,1\n"
                       "s,0,,svhn,0.5,0.5\ns,1,,svhn,0.25,0.75\nv,0,1,val,0,1\nv,1,1,val,0,1\n";
    assert_int_equal(parse(text, &p, &err), SX_OK);
    assert_int_equal(p.members, 2);
    assert_int_equal(p.inside.n, 2);
    assert_int_equal(p.fit.n, 1);
    assert_int_equal(p.set_count, 1);
    assert_string_equal(p.sets[0].name, "svhn");
    const uint32_t rows[] = {0, 2, 3, 1}; /* [member, item], b before a */
    assert_memory_equal(p.inside.rows, rows, sizeof rows);
    sx_ensemble e;
    sx_predictions_choice choice = {.part = &p.inside, .labelled = true};
    assert_int_equal(sx_predictions_ensemble(&p, choice, NULL, &e, &err), SX_OK);
    assert_true(e.sum[0] == 0.5 && e.sum[1] == 1.5 && e.sum[2] == 1.5);
    sx_ensemble_done(&e);
    sx_predictions_done(&p);
}

static void what_is_broken_is_named(void **state) {
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "empty"},
        {"label,z0,z1\n", "no row below row 1"},
        {"z0,z1\n1,2\n", "column 'label' is missing"},
        {"label,a,b\n1,2,3\n", "no columns of logits"},
        {"label,z0,z2\n0,1,2\n", "column 'z1' is missing"},
        {"label,z0,z0\n0,1,2\n", "column 'z0' is there twice"},
        {"label,z0,z1\n0,1,nan\n", "row 2, column 'z1': 'nan' is not a number"},
        {"label,z0,z1\n0,1,2\n1,,2\n", "row 3, column 'z0': there is no value"},
        {"label,p0,p1\n0,0.5,0.5\n\n1,0.5,0.6\n", "row 4: its probabilities add up to 1.1"},
        {"label,p0,p1\n0,-0.5,1.5\n", "row 2, column 'p0': -0.5 is no probability"},
        {"label,z0,z1\n2,1,2\n", "row 2, column 'label': '2' is no class: labels go from 0 to 1"},
        {"label,z0,z1\n0.5,1,2\n", "column 'label': '0.5' is no class"},
        {"label,z0,z1\n,1,2\n", "row 2, column 'label': there is no value"},
        {"label,z0,z1\n0,1\n", "row 2: there must be 3 fields"},
        {"label,z0,z1\n0,1,2,3\n", "row 2: there must be 3 fields"},
        {"id,label,z0,z1\na,0,1,2\na,0,1,2\n", "row 3, column 'id': 'a' was in row 2 already"},
        {"id,member,label,z0,z1\na,0,0,1,2\na,1,0,1,2\nb,0,0,1,2\n", "no row of member 2"},
        {"id,member,label,z0,z1\na,0,0,1,2\na,1,1,1,2\n", "row 3: its label or set is another"},
        {"is_ood,label,z0,z1\n2,0,1,2\n", "row 2, column 'is_ood': '2' is neither 0 nor 1"},
        {"is_ood,label,z0,z1\n1,0,1,2\n", "all items are from elsewhere"},
        {"confidence,correct\n0.5,2\n", "row 2, column 'correct'"},
        {"label,z0,z1\n\"0,1,2\n", "closing quotation mark"},
        {"label,z0\n0,1\n", "one class only"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sx_predictions p;
        sx_error err = {0};
        assert_int_equal(parse(cases[i].text, &p, &err), SX_BAD_INPUT);
        if (!strstr(err.message, cases[i].said))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].said);
        sx_predictions_done(&p);
    }
}

/* Several pieces of a megabyte, so that threads share them. */
static void threads_change_nothing(void **state) {
    (void)state;
    sx_text text = {0};
    sx_random random = sx_random_from(5, 6, 7);
    sx_text_add(&text, "label,z0,z1,z2\n");
    for (int i = 0; i < 60000; i++)
        sx_text_add(&text, "%d,%.17g,%.9g,%.4f\n", i % 3, (double)sx_random_normal(&random),
                    (double)sx_random_normal(&random), (double)sx_random_normal(&random));
    sx_predictions one, three;
    sx_error err = {0};
    sx_pool *pool = sx_pool_new(3, &err);
    assert_int_equal(sx_predictions_parse("x.csv", text.data, text.size, NULL, &one, &err), SX_OK);
    assert_int_equal(sx_predictions_parse("x.csv", text.data, text.size, pool, &three, &err),
                     SX_OK);
    assert_int_equal(one.rows, 60000);
    assert_true(one.print == three.print);
    assert_memory_equal(one.values, three.values, one.rows * 3 * sizeof(double));
    sx_predictions_done(&one);
    sx_predictions_done(&three);
    char *late = strstr(text.data + text.size - 400, "\n1,") + 1,
         *early = strstr(text.data, "\n1,");
    *late = early[1] = 'x';
    assert_int_equal(sx_predictions_parse("x.csv", text.data, text.size, pool, &three, &err),
                     SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "row 3, column 'label'")); /* the first of them */
    sx_predictions_done(&three);
    sx_pool_free(pool);
    sx_text_done(&text);
}

static sx_status read_once(void *context, sx_error *err) {
    sx_predictions p;
    sx_status status = parse(context, &p, err);
    sx_predictions_done(&p);
    return status;
}

static void want_of_memory_is_told(void **state) {
    (void)state;
    char text[] = "id,member,set,label,z_0,z0,z1\na,0,,0,1,2,3\na,1,,0,1,2,3\nb,0,x,,1,2,3\n"
                  "b,1,x,,1,2,3\n";
    assert_true(fail_every_allocation(read_once, text) > 10);
}

/* ---- npy --------------------------------------------------------------------------------------
 */

static void write_npy(const char *path, const char *type, const char *shape, const void *values,
                      size_t size) {
    char bytes[512] = "\x93NUMPY\x01";
    char text[118];
    int used = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                        type, shape);
    memset(text + used, ' ', sizeof text - (size_t)used);
    text[117] = '\n';
    bytes[8] = 118;
    memcpy(bytes + 10, text, 118);
    memcpy(bytes + 128, values, size);
    assert_int_equal(sx_file_write(path, bytes, 128 + size, NULL), SX_OK);
}

static void arrays_are_read(void **state) {
    (void)state;
    char folder[] = "/tmp/sextant-npy-XXXXXX", values[64], labels[64];
    sx_predictions p;
    sx_error err = {0};
    assert_non_null(mkdtemp(folder));
    snprintf(values, sizeof values, "%s/a.npy", folder);
    snprintf(labels, sizeof labels, "%s/a-labels.npy", folder);
    const float members[] = {0.5F, 0.5F, 0, 1, 1, 0, 0.25F, 0.75F};
    const int64_t right[] = {0, 1}, wrong[] = {0, 2};
    write_npy(values, "<f4", "(2, 2, 2)", members, sizeof members);
    assert_true(sx_predictions_recognises(values));
    assert_int_equal(sx_predictions_read(values, NULL, NULL, &p, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "labels are missing"));
    sx_predictions_done(&p);
    write_npy(labels, "<i8", "(2,)", right, sizeof right);
    assert_int_equal(sx_predictions_read(values, NULL, NULL, &p, &err), SX_OK);
    assert_int_equal(p.kind, SX_PREDICTED_PROBABILITIES);
    assert_true(p.members == 2 && p.inside.n == 2 && p.labels[3] == 1);
    assert_string_equal(p.name, "a");
    sx_predictions_done(&p);
    write_npy(labels, "<i8", "(2,)", wrong, sizeof wrong);
    assert_int_equal(sx_predictions_read(values, "", NULL, &p, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "row 1: 2 is no class"));
    sx_predictions_done(&p);
    unlink(values);
    unlink(labels);
    rmdir(folder);
}

/* ---- figures ----------------------------------------------------------------------------------
 */

#define KEPT 64
static sx_result *kept[KEPT];
static int kept_count;

/* The newest of a name. */
static void keep(void *user, sx_result *result) {
    (void)user;
    for (int i = 0; i < kept_count; i++)
        if (strcmp(kept[i]->name, result->name) == 0) {
            sx_result_release(kept[i]);
            kept[i] = result;
            return;
        }
    assert_true(kept_count < KEPT);
    kept[kept_count++] = result;
}

static void drop(void) {
    for (int i = 0; i < kept_count; i++) sx_result_release(kept[i]);
    kept_count = 0;
}

static const sx_result *found(const char *name) {
    for (int i = 0; i < kept_count; i++)
        if (strcmp(kept[i]->name, name) == 0) return kept[i];
    fail_msg("no result '%s'", name);
    return NULL;
}

static double figure(const char *table, const char *column, size_t row) {
    const sx_table *t = &found(table)->table;
    for (int c = 0; c < t->column_count; c++)
        if (strcmp(t->columns[c].name, column) == 0) return t->columns[c].numbers[row];
    fail_msg("no column '%s'", column);
    return NAN;
}

/* The study of a file, with `assignment`, to its end. */
static void run_study(const char *const *assignments, int count, sx_pool *pool) {
    sx_config config;
    sx_error err = {0};
    sx_study_report report = {0};
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    for (int i = 0; i < count; i++)
        assert_int_equal(sx_config_override(&config, assignments[i], &err), SX_OK);
    sx_study_context context = {.pool = pool, .publish = keep};
    sx_study *study = sx_study_new(&config, NULL, &context, &err);
    if (!study) fail_msg("%s", err.message);
    while (report.phase != SX_PHASE_FINISHED)
        assert_int_equal(sx_study_advance(study, &report, &err), SX_OK);
    sx_study_free(study);
    sx_config_done(&config);
}

#define NEAR(x, y) assert_true(fabs((x) - (y)) < 1e-9)

static void figures_are_those_of_the_reference(void **state) {
    (void)state;
    static const char *const keys[] = {"study.kind=predictions", "predictions.file1=" REFERENCE};
    run_study(keys, 2, NULL);
    NEAR(figure("methods", "accuracy", 0), 0.8965);
    NEAR(figure("methods", "NLL", 0), 0.3830655584647);
    NEAR(figure("methods", "Brier", 0), 0.1531123916580);
    NEAR(figure("methods", "ECE", 0), 0.0421736633092);
    NEAR(figure("methods", "adaptive ECE", 0), 0.0402794634992);
    NEAR(figure("methods", "MCE", 0), 0.2855155105740);
    NEAR(figure("methods", "AURC", 0), 0.0123843664590);
    NEAR(figure("methods", "E-AURC", 0), 0.0068073839130);
    NEAR(figure("methods", "AUGRC", 0), 0.011039625);
    NEAR(figure("methods", "failure AUROC", 0), 0.9387473023109);
    NEAR(figure("scores", "risk", 0), 0.1035);
    NEAR(figure("guarantee", "coverage", 1), 0.747);
    NEAR(figure("guarantee", "empirical coverage", 1), 0.812);
    NEAR(figure("risk", "coverage at 2 %", 0), 0.812);
    double low = figure("methods", "AURC low", 0), high = figure("methods", "AURC high", 0);
    assert_true(low < 0.0123843664590 && high > 0.0123843664590 && high - low < 0.02);
    const sx_series *curve = &found("risk-coverage-methods")->series;
    assert_int_equal(curve->length, 400);
    NEAR(curve->x[199], 0.5);
    NEAR(curve->lines[0].y[199], 0.001);
    assert_true(curve->lines[0].low[399] < 0.1035 && curve->lines[0].high[399] > 0.1035);
    assert_string_equal(curve->lines[1].name, "oracle");
    drop();
}

static void temperature_is_that_of_the_reference(void **state) {
    (void)state;
    static const char *const keys[] = {"study.kind=predictions", "predictions.file1=" REFERENCE,
                                       "predictions.temperature=first"};
    run_study(keys, 3, NULL);
    NEAR(figure("methods", "temperature", 1), 1.5251314889735);
    assert_true(isnan(figure("methods", "temperature", 0)));
    assert_true(fabs(figure("methods", "NLL", 0) - 0.4107982) < 1e-7);
    assert_true(fabs(figure("methods", "NLL", 1) - 0.3549769) < 1e-7);
    assert_true(fabs(figure("methods", "ECE", 1) - 0.0227452) < 1e-7);
    NEAR(figure("methods", "accuracy", 0), figure("methods", "accuracy", 1));
    drop();
}

static void confidences_alone_are_scored(void **state) {
    (void)state;
    static const char *const keys[] = {"study.kind=predictions",
                                       "predictions.file1=tests/data/uncertainty/ties_2000.csv"};
    run_study(keys, 2, NULL);
    assert_true(fabs(figure("methods", "AURC", 0) - 0.0149253219) < 1e-9);
    NEAR(figure("methods", "AUGRC", 0), 0.011758125);
    NEAR(figure("methods", "ECE", 0), 0.041995);
    assert_true(isnan(figure("methods", "NLL", 0)));
    drop();
}

static size_t score_row(const char *score) {
    const sx_table *t = &found("scores")->table;
    for (size_t r = 0; r < t->rows; r++)
        if (strcmp(t->columns[1].texts[r], score) == 0) return r;
    fail_msg("no score '%s'", score);
    return 0;
}

/* From a file of members to the tables that a user sees: every score of every item, and what each
 * score is worth. */
static void ensembles_are_those_of_the_reference(void **state) {
    (void)state;
    static const char *const keys[] = {
        "study.kind=predictions", "predictions.file1=tests/data/uncertainty/ensemble_300x8x10.csv"};
    static const struct {
        const char *score, *key;
    } scores[] = {{"max prob", "softmax_response_of_mean_prob"},
                  {"entropy", "minus_entropy_of_mean"},
                  {"expected entropy", "minus_mean_of_entropies"},
                  {"mutual information", "minus_mutual_information"},
                  {"std", "minus_std_pred_class"},
                  {"range", "minus_max_min_pred_class"}};
    static const struct {
        const char *column;
        size_t expected;
    } columns[] = {{"label", 1},
                   {"prediction", 2},
                   {"confidence", 3},
                   {"entropy", 4},
                   {"expected entropy", 5},
                   {"mutual information", 6},
                   {"std", 7},
                   {"range", 8},
                   {"vote prediction", 9},
                   {"vote share", 10},
                   {"vote entropy", 11}};
    expectations e = read_expectations("expected_flat.csv");
    run_study(keys, 2, NULL);
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++) {
        char prefix[96];
        size_t row = score_row(scores[i].score);
        snprintf(prefix, sizeof prefix, "D_ensemble_300x8x10/%s", scores[i].key);
        NEAR(1 - figure("scores", "risk", row), expected_value(&e, prefix, "accuracy"));
        NEAR(figure("scores", "AURC", row), expected_value(&e, prefix, "aurc_prefix_tie_averaged"));
        NEAR(figure("scores", "AUGRC", row), expected_value(&e, prefix, "augrc_trapezoid"));
        NEAR(figure("scores", "failure AUROC", row), expected_value(&e, prefix, "failure_auroc"));
    }
    /* Of votes the reference's ties are broken by rounding (test_reference.c). */
    size_t votes = score_row("vote entropy");
    NEAR(1 - figure("scores", "risk", votes),
         expected_value(&e, "D_ensemble_300x8x10/minus_vote_entropy_with_vote_class", "accuracy"));
    assert_true(fabs(figure("scores", "AURC", votes) - 0.36859) < 1e-5);
    sx_csv items = reference_table("ensemble_scores_300.csv");
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        double *wanted = reference_column(&items, columns[c].expected);
        for (size_t r = 0; r < 300; r++) NEAR(figure("items", columns[c].column, r), wanted[r]);
        sx_free(wanted);
    }
    sx_csv_done(&items);
    expectations_done(&e);
    drop();
}

/* The reference's scores say how foreign an item is: the larger, the less probable its class, or
 * the less sure a model whose confidences are all there is. */
static void write_foreign(const char *path, bool alone, const double *score,
                          const double *foreign) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, alone ? "confidence,correct,is_ood\n" : "p0,p1,label,is_ood\n");
    for (size_t i = 0; i < 3000; i++)
        if (alone)
            fprintf(file, "%.17g,%d,%d\n", -score[i], (int)(i % 2), (int)foreign[i]);
        else
            fprintf(file, "%.17g,%.17g,%d,%d\n", 1 - score[i] / 2, score[i] / 2, (int)(i % 2),
                    (int)foreign[i]);
    assert_int_equal(fclose(file), 0);
}

static void detection_is_that_of_the_reference(void **state) {
    (void)state;
    char folder[] = "/tmp/sextant-predictions-XXXXXX", path[64], key[96];
    static const char *const prefixes[] = {"C_ood_3000/continuous", "C_ood_3000/quantised_2dp"};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/ood.csv", folder);
    snprintf(key, sizeof key, "predictions.file1=%s", path);
    const char *const keys[] = {"study.kind=predictions", key};
    expectations e = read_expectations("expected_flat.csv");
    sx_csv csv = reference_table("ood_3000.csv");
    double *foreign = reference_column(&csv, 1);
    for (int k = 0; k < 4; k++) {
        double *score = reference_column(&csv, 2 + (size_t)(k % 2));
        write_foreign(path, k > 1, score, foreign);
        run_study(keys, 2, NULL);
        const char *prefix = prefixes[k % 2], *table = "out-of-distribution";
        NEAR(figure(table, "AUROC", 0), expected_value(&e, prefix, "auroc"));
        NEAR(figure(table, "AUPR in", 0), expected_value(&e, prefix, "aupr_in_average_precision"));
        NEAR(figure(table, "AUPR out", 0),
             expected_value(&e, prefix, "aupr_out_average_precision"));
        NEAR(figure(table, "FPR95", 0), expected_value(&e, prefix, "fpr95_id_positive_tpr_ge_95"));
        NEAR(figure(table, "base rate", 0), expected_value(&e, prefix, "baseline_aupr_out"));
        drop();
        sx_free(score);
    }
    sx_free(foreign);
    sx_csv_done(&csv);
    expectations_done(&e);
    unlink(path);
    rmdir(folder);
}

static void intervals_have_equal_bits(void **state) {
    (void)state;
    static const char *const keys[] = {"study.kind=predictions", "predictions.file1=" REFERENCE};
    sx_error err = {0};
    sx_pool *pool = sx_pool_new(3, &err);
    sx_text one = {0}, three = {0};
    run_study(keys, 2, NULL);
    for (int i = 0; i < kept_count; i++) sx_result_csv(kept[i], &one);
    drop();
    run_study(keys, 2, pool);
    for (int i = 0; i < kept_count; i++) sx_result_csv(kept[i], &three);
    drop();
    assert_int_equal(one.size, three.size);
    assert_memory_equal(one.data, three.data, one.size);
    sx_text_done(&one);
    sx_text_done(&three);
    sx_pool_free(pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_strtod),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(logits_come_in_any_order),
        cmocka_unit_test(classes_have_names),
        cmocka_unit_test(members_are_brought_together),
        cmocka_unit_test(what_is_broken_is_named),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(want_of_memory_is_told),
        cmocka_unit_test(arrays_are_read),
        cmocka_unit_test(figures_are_those_of_the_reference),
        cmocka_unit_test(temperature_is_that_of_the_reference),
        cmocka_unit_test(confidences_alone_are_scored),
        cmocka_unit_test(ensembles_are_those_of_the_reference),
        cmocka_unit_test(detection_is_that_of_the_reference),
        cmocka_unit_test(intervals_have_equal_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
