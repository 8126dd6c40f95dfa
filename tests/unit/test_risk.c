/* The pane Risk where several methods answer: curves, tables, diagrams, thresholds, pictures, and
 * the way to the maps and the probe; at all sizes, and with results that are odd or missing. */
#include "tests/unit/unit.h"

#include "tests/unit/golden.h"
#include "tests/unit/sample_methods.h"
#include "tests/unit/screen_bench.h"

#include "views/plot/plot.h"

#include <locale.h>
#include <string.h>

static bench *bench_of(sample_methods of, int width, int height) {
    bench *b = bench_new(SX_STATE_FINISHED);
    b->moment.snapshot.version++;
    sample_methods_add(&b->moment, &of);
    sx_screen_update(b->screen, &b->moment.snapshot);
    draw(b, width, height, full);
    press(b, "5");
    return b;
}

static const sample_methods five = {.count = 5, .maps = true};

static void command(bench *b, const char *line) {
    assert_int_equal(sx_screen_command(b->screen, line, NULL), SX_OK);
    draw(b, b->canvas.width, b->canvas.height, b->canvas.look);
}

static double value_of(const bench *b, const char *pane, const char *field) {
    json_t *state = sx_screen_state(b->screen);
    double value = sx_json_to_number(json_object_get(json_object_get(state, pane), field));
    json_decref(state);
    return value;
}

/* ---- how it looks -----------------------------------------------------------------------------
 */

static void views_look_as_they_should(void **state) {
    static const struct {
        const char *keys, *name;
    } views[] = {{"c", "curves"},    {"r", "diagrams"}, {"t", "methods"},
                 {"g", "guarantee"}, {"o", "scores"},   {"f", "refused"}};
    static const int sizes[][2] = {{80, 24}, {120, 40}, {200, 60}};
    (void)state;
    for (size_t v = 0; v < sizeof views / sizeof *views; v++)
        for (size_t i = 0; i < 3; i++) {
            char name[64];
            bench *b = bench_of(five, sizes[i][0], sizes[i][1]);
            press(b, views[v].keys);
            snprintf(name, sizeof name, "risk-%s-%dx%d", views[v].name, sizes[i][0], sizes[i][1]);
            golden_check(&b->canvas, name);
            bench_free(b);
        }
}

/* ---- which methods ----------------------------------------------------------------------------
 */

static void methods_are_highlighted_and_hidden(void **state) {
    (void)state;
    bench *b = bench_of(five, 80, 24);
    expect_seen(b, "▸ point estimate");
    expect_seen(b, "SGLD 1");
    press(b, "n");
    expect_state(b, "risk.method", "1");
    expect_seen(b, "▸ trained on");
    press(b, "N N");
    expect_state(b, "risk.method", "4");
    press(b, "d n"); /* SGLD is seen only while it is highlighted */
    assert_false(seen(b, "SGLD 1"));
    press(b, "N");
    expect_seen(b, "▸ SGLD 1");
    command(b, "method temperature");
    expect_state(b, "risk.method", "2");
    command(b, "method nobody");
    expect_seen(b, "there is no such method");
    press(b, "u u");
    expect_state(b, "risk.method", "0");
    bench_free(b);
    b = bench_of((sample_methods){.count = 16}, 200, 60);
    expect_seen(b, "of 16 methods");
    assert_false(seen(b, "SGLD 9"));
    command(b, "show SGLD 9");
    expect_seen(b, "as many as can be told apart");
    command(b, "show SGD");
    command(b, "show SGLD 9");
    expect_seen(b, "SGLD 9");
    bench_free(b);
}

/* The cursor reads the highlighted method's line, with the interval that was published. */
static void the_cursor_reads_a_method(void **state) {
    (void)state;
    bench *b = bench_of(five, 80, 24);
    press(b, "n n Right");
    double coverage = round(value_of(b, "risk", "coverage") * 50 + 1) / 50;
    double risk = 0.25 * coverage * coverage * 1.1; /* as sample_method_curves has it */
    char expected[64];
    snprintf(expected, sizeof expected, "risk %.3f [%.3f, %.3f]", risk, risk * 0.9, risk * 1.1);
    expect_seen(b, expected);
    bench_free(b);
}

/* ---- tables -----------------------------------------------------------------------------------
 */

/* Whether a text on the screen is bold. */
static bool is_bold(const bench *b, const char *text) {
    for (int y = 0; y < b->canvas.height; y++)
        for (int x = 0; x < b->canvas.width; x++) {
            size_t k = 0, at = (size_t)y * (size_t)b->canvas.width + (size_t)x;
            while (text[k] && b->canvas.cells[at + k].glyph == (unsigned char)text[k]) k++;
            if (!text[k]) return b->canvas.cells[at].style.attributes & SX_BOLD;
        }
    fail_msg("'%s' is not on the screen", text);
    return false;
}

static void tables_are_sorted_and_marked(void **state) {
    (void)state;
    bench *b = bench_of(five, 120, 40);
    press(b, "t");
    expect_state(b, "risk.row", "0");
    expect_seen(b, "its interval overlaps the best's");
    assert_true(is_bold(b, "0.360"));  /* the best NLL */
    assert_false(is_bold(b, "0.390")); /* its interval and the best's have a part in common */
    expect_seen(b, "≈0.390");
    expect_seen(b, " 0.400"); /* these two have none */
    assert_false(seen(b, "≈0.400"));
    command(b, "sort NLL");
    press(b, "Home");
    expect_state(b, "risk.row", "4");
    expect_seen(b, "NLL 0.360 [0.345, 0.375], the best");
    press(b, "S");
    press(b, "Home");
    expect_state(b, "risk.row", "0");
    press(b, "S Home Down Down");
    expect_state(b, "risk.row", "2");
    expect_state(b, "risk.method", "2"); /* the row's method is highlighted */
    press(b, "Left w");
    expect_seen(b, "0.905 [0.890, 0.920]");
    command(b, "sort method");
    press(b, "Home");
    expect_state(b, "risk.row", "3"); /* SGD */
    command(b, "sort temperature");   /* what is unknown comes last, whichever way */
    press(b, "Home");
    expect_state(b, "risk.row", "2");
    press(b, "S Home");
    expect_state(b, "risk.row", "2");
    command(b, "sort nothing");
    expect_seen(b, "there is no such column");
    press(b, "u");
    bench_free(b);
}

/* Rows of another set are not compared. */
static void sets_have_a_best_each(void **state) {
    (void)state;
    bench *b = bench_of(five, 200, 60);
    command(b, "figures out-of-distribution");
    assert_true(is_bold(b, "0.780"));  /* AUROC of held-out classes */
    assert_true(is_bold(b, "0.940"));  /* ... of noise */
    assert_false(is_bold(b, "0.920")); /* better than 0.78, but of noise */
    command(b, "figures guarantee");
    expect_seen(b, "at risk 2 %");
    expect_seen(b, "0.019");
    press(b, "T");
    expect_seen(b, "0.049");
    expect_seen(b, "but for a chance of 0.001");
    press(b, "T");
    expect_seen(b, "Nothing is guaranteed at a risk of 10 %");
    bench_free(b);
}

static void columns_move_sideways(void **state) {
    (void)state;
    bench *b = bench_of(five, 80, 24);
    press(b, "t");
    assert_false(seen(b, "failure AUROC"));
    for (int i = 0; i < 12; i++) press(b, "Right");
    expect_seen(b, "failure AUROC");
    expect_seen(b, "point estimate");
    expect_seen(b, "of 11");
    for (int i = 0; i < 12; i++) press(b, "Left");
    expect_seen(b, "members");
    bench_free(b);
}

static void unknown_is_a_dash_and_all_can_be_best(void **state) {
    (void)state;
    bench *b = bench_of((sample_methods){.count = 3, .unknown = true}, 120, 40);
    command(b, "figures methods");
    press(b, "End");
    expect_seen(b, "accuracy -");
    assert_false(seen(b, "≈"));
    bench_free(b);
    b = bench_of((sample_methods){.count = 3, .tied = true}, 120, 40);
    command(b, "figures methods");
    for (int i = 0; i < 3; i++) {
        expect_seen(b, "accuracy 0.900 [0.885, 0.915], the best");
        press(b, "Down");
    }
    bench_free(b);
}

/* ---- thresholds -------------------------------------------------------------------------------
 */

static const sx_table *items_of(const bench *b, const char *name) {
    return &sx_snapshot_result(&b->moment.snapshot, name)->table;
}

/* How many items have a value of a column from `least` on, and how many of them are wrong. */
static double count_kept(const sx_table *items, int column, double least, double *wrong) {
    double kept = 0;
    *wrong = 0;
    for (size_t i = 0; i < items->rows; i++) {
        if (!(items->columns[column].numbers[i] >= least)) continue;
        kept++;
        if (items->column_count == 10) *wrong += items->columns[6].numbers[i] > 0;
    }
    return kept;
}

static void the_threshold_is_told_and_moved(void **state) {
    (void)state;
    char expected[96];
    double wrong, none;
    bench *b = bench_of(five, 120, 40);
    press(b, "n o");
    command(b, "threshold 0.7");
    double inside = count_kept(items_of(b, "items-2"), 3, 0.7, &wrong);
    double outside = count_kept(items_of(b, "outside-2"), 3, 0.7, &none);
    snprintf(expected, sizeof expected, "coverage (TPR) %.3f, FPR %.3f, risk %.3f",
             inside / METHOD_ITEMS, outside / METHOD_OUTSIDE, wrong / inside);
    expect_seen(b, expected);
    press(b, "Right");
    assert_true(value_of(b, "risk", "gate") > 0.7);
    press(b, "b"); /* entropy is 1.5 - confidence: kept up to a value */
    command(b, "threshold 0.8");
    expect_seen(b, expected);
    expect_seen(b, "up to 0.8");
    command(b, "score vote share");
    expect_seen(b, "is not known of this method");
    command(b, "score max prob");
    press(b, "B");
    expect_seen(b, "outside: held-out classes");
    command(b, "threshold 0.45");
    expect_seen(b, "FPR 0.100"); /* of the hundred that begin the table */
    expect_seen(b, "AUROC 0.720");
    sx_screen_mouse(b->screen, "Click", 20, 12);
    sx_screen_mouse(b->screen, "Release", 50, 12);
    draw(b, 120, 40, full);
    double gate = value_of(b, "risk", "gate");
    assert_true(gate > 0.6 && gate < 0.95);
    press(b, "T"); /* another risk has a threshold of its own */
    assert_true(value_of(b, "risk", "gate") != gate);
    bench_free(b);
}

/* Without a threshold of one's own it is the one that keeps to the target risk. */
static void the_target_gives_a_threshold(void **state) {
    (void)state;
    bench *b = bench_of(five, 120, 40);
    command(b, "target-risk 10");
    assert_true(value_of(b, "risk", "gate") == value_of(b, "risk", "threshold"));
    bench_free(b);
}

/* ---- files ------------------------------------------------------------------------------------
 */

static void read_export(const char *folder, const char *name, sx_bytes *out) {
    char path[128];
    snprintf(path, sizeof path, "%s/export/%s", folder, name);
    sx_error err = {0};
    if (sx_file_read(path, 1 << 22, out, &err) != SX_OK) fail_msg("%s", err.message);
}

static void expect_in_file(const char *folder, const char *name, const char *text) {
    sx_bytes file;
    read_export(folder, name, &file);
    if (!strstr((char *)file.data, text)) fail_msg("'%s' is not in %s", text, name);
    sx_bytes_done(&file);
}

static void expect_point(const char *folder, double fpr, double tpr) {
    double x, y;
    sx_bytes csv;
    read_export(folder, "score-threshold.csv", &csv);
    assert_int_equal(sscanf(strchr((char *)csv.data, '\n'), "%lf,%lf", &x, &y), 2);
    assert_true(fabs(x - fpr) < 1e-12 && fabs(y - tpr) < 1e-12);
    sx_bytes_done(&csv);
}

/* The curve goes from (0, 0) to (1, 1), never falls, and goes through the threshold's point. */
static void expect_roc(const char *folder, double fpr, double tpr) {
    double x = 0, y = 0, before[2] = {0}, nearest = 1;
    sx_bytes csv;
    read_export(folder, "score-roc.csv", &csv);
    char *at = strchr((char *)csv.data, '\n');
    for (; at && at[1]; at = strchr(at + 1, '\n')) {
        assert_int_equal(sscanf(at + 1, "%lf,%lf", &x, &y), 2);
        assert_true(x >= before[0] && y >= before[1]);
        nearest = fmin(nearest, fabs(x - fpr) + fabs(y - tpr));
        before[0] = x;
        before[1] = y;
    }
    assert_true(x == 1 && y == 1 && nearest < 0.01);
    sx_bytes_done(&csv);
}

/* The same numbers and methods on the screen, in the table and in the figure. */
static void figures_agree_everywhere(void **state) {
    (void)state;
    char folder[] = "/tmp/sx-risk-XXXXXX", line[64];
    bench *b = bench_of(five, 120, 40);
    assert_non_null(mkdtemp(folder));
    sx_text_set(b->moment.snapshot.path, sizeof b->moment.snapshot.path, folder);
    press(b, "N d n n e");
    expect_in_file(folder, "risk-coverage-shown.svg", "▸ trained on");
    sx_bytes svg;
    read_export(folder, "risk-coverage-shown.svg", &svg);
    assert_null(strstr((char *)svg.data, "SGLD 1")); /* it is hidden */
    sx_bytes_done(&svg);
    assert_false(seen(b, "SGLD 1"));
    expect_in_file(folder, "risk-coverage-methods.csv", "SGLD 1");
    expect_in_file(folder, "reliability-5.svg", "confidence");
    expect_in_file(folder, "items-5.csv", "mutual information");
    command(b, "figures methods");
    press(b, "w");
    expect_seen(b, "0.910 [0.895, 0.925]");
    expect_in_file(folder, "methods.csv", "0.91,0.895,0.925");
    press(b, "o");
    command(b, "threshold 0.7");
    press(b, "e");
    double none, inside = count_kept(items_of(b, "items-2"), 3, 0.7, &none);
    double outside = count_kept(items_of(b, "outside-2"), 3, 0.7, &none);
    expect_point(folder, outside / METHOD_OUTSIDE, inside / METHOD_ITEMS);
    expect_roc(folder, outside / METHOD_OUTSIDE, inside / METHOD_ITEMS);
    expect_in_file(folder, "score-histogram.svg", "outside: all");
    expect_in_file(folder, "score-roc.svg", "let through");
    snprintf(line, sizeof line, "rm -r %s", folder);
    assert_int_equal(system(line), 0);
    bench_free(b);
}

/* Both histograms are shares: their bins have 1 together. */
static void histograms_are_shares(void **state) {
    (void)state;
    char folder[] = "/tmp/sx-risk-XXXXXX", line[64];
    double sums[2] = {0};
    bench *b = bench_of(five, 120, 40);
    assert_non_null(mkdtemp(folder));
    sx_text_set(b->moment.snapshot.path, sizeof b->moment.snapshot.path, folder);
    press(b, "o e");
    sx_bytes csv;
    read_export(folder, "score-histogram.csv", &csv);
    char *at = strchr((char *)csv.data, '\n');
    for (int row = 0; at && at[1]; row++, at = strchr(at + 1, '\n')) {
        double x, inside, outside;
        assert_int_equal(sscanf(at + 1, "%lf,%lf,%lf", &x, &inside, &outside), 3);
        if (row % 2 == 0) continue; /* the left corner of a step, which the right one repeats */
        sums[0] += inside;
        sums[1] += outside;
    }
    assert_true(fabs(sums[0] - 1) < 1e-9 && fabs(sums[1] - 1) < 1e-9);
    sx_bytes_done(&csv);
    snprintf(line, sizeof line, "rm -r %s", folder);
    assert_int_equal(system(line), 0);
    bench_free(b);
}

/* ---- pictures ---------------------------------------------------------------------------------
 */

static void pictures_are_a_step_from_the_probe(void **state) {
    (void)state;
    double wrong, all_wrong, none;
    bench *b = bench_of(five, 120, 40);
    press(b, "o");
    command(b, "threshold 0.7");
    double kept = count_kept(items_of(b, "items"), 3, 0.7, &wrong);
    count_kept(items_of(b, "items"), 3, -1, &all_wrong);
    press(b, "Enter"); /* the refused */
    expect_state(b, "risk.view", "pictures");
    assert_true(value_of(b, "risk", "pictures") == METHOD_ITEMS - kept);
    expect_seen(b, "are refused");
    press(b, "Right Down Enter");
    expect_state(b, "page", "probe");
    press(b, "Esc");
    expect_state(b, "risk.view", "pictures");
    press(b, "Esc");
    expect_state(b, "risk.view", "scores");
    press(b, "f f");
    assert_true(wrong > 0 && wrong < all_wrong);
    assert_true(value_of(b, "risk", "pictures") == wrong);
    press(b, "f"); /* from outside */
    double through = count_kept(items_of(b, "outside"), 3, 0.7, &none);
    assert_true(value_of(b, "risk", "pictures") == through);
    expect_seen(b, "noise");
    press(b, "Enter");
    expect_seen(b, "this picture is in another data set");
    command(b, "outside held-out classes");
    command(b, "threshold 0.4");
    expect_seen(b, "Enter opens the probe");
    press(b, "Enter");
    expect_state(b, "page", "probe");
    bench_free(b);
}

/* ---- the maps ---------------------------------------------------------------------------------
 */

static void maps_are_a_key_away(void **state) {
    (void)state;
    bench *b = bench_of(five, 120, 40);
    press(b, "n R");
    expect_state(b, "page", "robustness");
    expect_state(b, "robustness.measure", "risk");
    expect_state(b, "robustness.method", "1");
    expect_seen(b, "risk by location");
    expect_seen(b, "trained on");
    press(b, "Right");
    expect_seen(b, "x 0.50 y 0.50   0.34"); /* 0.02 * 12 + 0.1 */
    press(b, "K");
    expect_seen(b, "coverage by location");
    press(b, "R");
    expect_seen(b, "coverage by rotation");
    press(b, "K");
    expect_seen(b, "accuracy by rotation");
    press(b, "Esc");
    expect_state(b, "page", "risk");
    bench_free(b);
    b = bench_of((sample_methods){.count = 2}, 120, 40);
    press(b, "R");
    expect_state(b, "page", "risk");
    expect_seen(b, "was not measured here");
    press(b, "4 K");
    expect_seen(b, "was not measured here");
    bench_free(b);
}

/* ---- odd results ------------------------------------------------------------------------------
 */

static void press_everything(bench *b) {
    static const char *const keys[] = {"c n n d N Right L z > < Z 0 Enter Esc",
                                       "r Left Left n n n n Enter Esc",
                                       "t Down Down Right Right Right S S w S G Home PgDn",
                                       "t t Right S T T t",
                                       "g T T T Down Enter Esc",
                                       "o Left Right b b B B z Right Z 0 Enter Esc",
                                       "f f f Right Down PgDn G Enter Esc",
                                       "r r R Esc 5 u u u u"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        press(b, "5");
        press(b, keys[i]);
        sx_screen_mouse(b->screen, "Click", 30, 10);
        sx_screen_mouse(b->screen, "Release", 40, 10);
        draw(b, b->canvas.width, b->canvas.height, b->canvas.look);
    }
}

static void odd_results_do_no_harm(void **state) {
    static const sample_methods odd[] = {
        {.count = 16, .long_name = true, .maps = true},
        {.count = 1},
        {.count = 2, .no_outside = true},
        {.count = 6, .tied = true},
        {.count = 3, .unknown = true, .long_name = true},
    };
    static const int sizes[][2] = {{80, 24}, {60, 16}, {200, 60}};
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        for (int size = 0; size < 3; size++) {
            bench *b = bench_of(odd[i], sizes[size][0], sizes[size][1]);
            press_everything(b);
            press(b, "1 Tab Tab Tab");
            draw(b, 120, 40, ascii);
            press_everything(b);
            draw(b, 80, 24, plain);
            bench_free(b);
        }
}

/* Columns that are missing, texts in place of numbers, names that are no text. */
static void foreign_tables_do_no_harm(void **state) {
    static const char *const columns[] = {"method", "accuracy", "accuracy low", "set"};
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    for (unsigned texts = 0; texts < 16; texts++) {
        sample before = b->moment;
        sample_new(&b->moment, SX_STATE_FINISHED);
        sample_add(&b->moment, sample_table("methods", texts % 4, columns, 4, texts), 1);
        sample_add(&b->moment, sample_table("outside", 3, columns, 4, texts), 1);
        sample_add(&b->moment, sample_table("guarantee", 2, columns, 4, texts), 1);
        sample_add(&b->moment, sample_table("out-of-distribution", 2, columns, 4, texts), 1);
        sx_screen_update(b->screen, &b->moment.snapshot);
        sample_done(&before);
        draw(b, 80, 24, full);
        press_everything(b);
    }
    bench_free(b);
}

static void one_network_is_seen_as_before(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "5 n");
    expect_seen(b, "there is one method only");
    press(b, "t");
    expect_seen(b, "A table of all methods is not there");
    press(b, "o");
    assert_false(seen(b, "ROC"));
    expect_seen(b, "coverage (TPR)");
    press(b, "f");
    expect_seen(b, "are refused");
    press(b, "c Enter");
    expect_state(b, "page", "data");
    bench_free(b);
}

/* A tile among others, and without colours or characters of Unicode. */
static void it_looks_well_everywhere(void **state) {
    (void)state;
    bench *b = bench_of(five, 120, 40);
    press(b, "t S 1");
    golden_check(&b->canvas, "risk-dashboard-120x40");
    draw(b, 80, 24, full);
    press(b, "5");
    draw(b, 80, 24, plain);
    golden_check(&b->canvas, "risk-methods-80x24-0");
    press(b, "c");
    draw(b, 80, 24, ascii);
    golden_check(&b->canvas, "risk-curves-80x24-ascii");
    press(b, "o");
    draw(b, 80, 24, eight);
    golden_check(&b->canvas, "risk-scores-80x24-8");
    bench_free(b);
}

/* One method has the three measures of one network, from the table of scores. */
static void one_method_is_seen_with_its_measures(void **state) {
    (void)state;
    bench *b = bench_of((sample_methods){.count = 1}, 120, 40);
    expect_seen(b, "0.0811"); /* AURC of entropy */
    expect_seen(b, "0.0722"); /* AUGRC of margin */
    command(b, "figures scores");
    expect_seen(b, "0.0911");
    expect_seen(b, "margin");
    bench_free(b);
}

int main(void) {
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_look_as_they_should),
        cmocka_unit_test(it_looks_well_everywhere),
        cmocka_unit_test(methods_are_highlighted_and_hidden),
        cmocka_unit_test(the_cursor_reads_a_method),
        cmocka_unit_test(tables_are_sorted_and_marked),
        cmocka_unit_test(sets_have_a_best_each),
        cmocka_unit_test(columns_move_sideways),
        cmocka_unit_test(unknown_is_a_dash_and_all_can_be_best),
        cmocka_unit_test(the_threshold_is_told_and_moved),
        cmocka_unit_test(the_target_gives_a_threshold),
        cmocka_unit_test(figures_agree_everywhere),
        cmocka_unit_test(histograms_are_shares),
        cmocka_unit_test(pictures_are_a_step_from_the_probe),
        cmocka_unit_test(maps_are_a_key_away),
        cmocka_unit_test(odd_results_do_no_harm),
        cmocka_unit_test(foreign_tables_do_no_harm),
        cmocka_unit_test(one_network_is_seen_as_before),
        cmocka_unit_test(one_method_is_seen_with_its_measures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
