/* The pages about runs: the list of them, the gallery of studies, and runs compared. The runs are
 * written by hand, so that dates and figures are the same everywhere. */
#include "tests/unit/unit.h"

#include "tests/unit/golden.h"
#include "tests/unit/home.h"
#include "tests/unit/sample_store.h"
#include "tests/unit/screen_bench.h"

#include <locale.h>
#include <string.h>

/* ---- runs -------------------------------------------------------------------------------------
 */

static void runs_are_listed_found_and_read(void **state) {
    (void)state;
    make_store();
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "8");
    expect_state(b, "runs.count", "3");
    expect_state(b, "runs.selected", "0003-wide"); /* the newest first */
    golden_check(&b->canvas, "page-runs-80x24");
    draw(b, 120, 40, full);
    golden_check(&b->canvas, "page-runs-120x40");
    assert_int_equal(sx_screen_command(b->screen, "find finished", NULL), SX_OK);
    expect_state(b, "runs.shown", "2");
    press(b, "Down Down Down");
    expect_state(b, "runs.selected", "0001-shapes-cnn");
    assert_int_equal(sx_screen_command(b->screen, "find TWICE", NULL), SX_OK);
    expect_state(b, "runs.selected", "0003-wide");
    press(b, "u u");
    expect_state(b, "runs.shown", "3");
    sx_screen_mouse(b->screen, "Click", 10, 4); /* the second row below the header */
    expect_state(b, "runs.selected", "0002-shapes-cnn");
    bench_free(b);
}

static void runs_are_noted_renamed_and_deleted(void **state) {
    (void)state;
    make_store();
    bench *b = bench_new(SX_STATE_FINISHED);
    draw(b, 120, 40, full);
    press(b, "8 Down");
    assert_int_equal(sx_screen_command(b->screen, "note the middle one", NULL), SX_OK);
    press(b, "8");
    expect_seen(b, "the middle one");
    assert_int_equal(sx_screen_command(b->screen, "rename a/b", NULL), SX_OK);
    press(b, "8");
    expect_state(b, "runs.selected", "0002-shapes-cnn");
    assert_int_equal(sx_screen_command(b->screen, "rename plain", NULL), SX_OK);
    press(b, "8");
    expect_seen(b, "0002-plain");
    press(b, "g D");
    expect_state(b, "asking", "true");
    expect_seen(b, "delete 0003-wide");
    press(b, "n"); /* no */
    expect_state(b, "runs.count", "3");
    expect_state(b, "asking", "false");
    press(b, "D y");
    expect_state(b, "runs.count", "2");
    assert_false(seen(b, "0003-wide"));
    bench_free(b);
}

static void a_run_is_opened_after_a_question(void **state) {
    (void)state;
    make_store();
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "8 Enter");
    expect_seen(b, "would stop, checkpointed");
    assert_int_equal(b->starts, 0);
    press(b, "Esc");
    assert_int_equal(b->starts, 0);
    expect_state(b, "page", "runs");
    press(b, "Enter y");
    assert_int_equal(b->starts, 1);
    assert_int_equal(b->begun.kind, SX_START_OPEN);
    assert_string_equal(b->begun.what, "0003-wide");
    expect_state(b, "page", "dashboard");
    show(b, SX_STATE_FINISHED); /* nothing runs, nothing is asked */
    press(b, "8 r");
    assert_int_equal(b->begun.kind, SX_START_RESUME);
    snprintf(b->moment.snapshot.path, sizeof b->moment.snapshot.path, "/the/run");
    press(b, "A");
    assert_int_equal(b->begun.kind, SX_START_AGAIN);
    assert_string_equal(b->begun.what, "/the/run");
    bench_free(b);
}

/* A study of several networks while its second one runs. */
static void a_study_of_cells_says_which_runs(void **state) {
    (void)state;
    static const char journal[] =
        "{\"t\":0,\"step\":0,\"kind\":\"start\",\"cells\":3}\n"
        "{\"t\":0,\"step\":0,\"kind\":\"begin\",\"cells\":3,\"cell\":\"cnn\"}\n"
        "{\"t\":60,\"step\":1,\"kind\":\"cell\",\"cells\":3}\n"
        "{\"t\":61,\"step\":1,\"kind\":\"begin\",\"cells\":3,\"cell\":\"vit\\u001b-small\"}\n";
    make_store();
    put("0003-wide", "journal.jsonl", journal);
    sx_run_folder *held = sx_run_open("3", true, NULL);
    assert_non_null(held);
    bench *b = bench_new(SX_STATE_IDLE);
    press(b, "8");
    expect_seen(b, "1 of 3 runs done, now vit");
    draw(b, 120, 40, full);
    expect_seen(b, "running   1 of 3 runs ");
    sx_run_close(held);
    press(b, "F5");
    expect_seen(b, "stopped   1 of 3 runs ");
    expect_seen(b, "1 of 3 runs done   computed");
    bench_free(b);
}

/* ---- studies ----------------------------------------------------------------------------------
 */

static void studies_are_shown_and_started(void **state) {
    (void)state;
    make_store();
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "9");
    expect_state(b, "studies.selected", "clip-small");
    expect_seen(b, "arXiv");
    press(b, "Down Down Down Down Down");
    expect_state(b, "studies.selected", "si-score-small");
    expect_seen(b, "claims  28, of which 15 need cells");
    press(b, "Up");
    expect_state(b, "studies.selected", "shapes-cnn");
    expect_seen(b, "quick took 1 m 05 s here");
    golden_check(&b->canvas, "page-studies-80x24");
    press(b, "Right Enter");
    assert_int_equal(b->begun.kind, SX_START_STUDY);
    assert_string_equal(b->begun.preset, "class");
    assert_string_equal(sx_path_name(b->begun.what), "shapes-cnn.ini");
    press(b, "9");
    assert_int_equal(sx_screen_command(b->screen, "start full", NULL), SX_OK);
    assert_string_equal(b->begun.preset, "full");
    bench_free(b);
}

/* ---- compare ----------------------------------------------------------------------------------
 */

static void runs_are_compared(void **state) {
    (void)state;
    make_store();
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "V");
    expect_seen(b, "nothing to compare");
    press(b, "8 G x Up x Up Up x V");
    expect_state(b, "compare.runs", "3");
    expect_state(b, "compare.plot", "accuracy");
    golden_check(&b->canvas, "page-compare-80x24");
    press(b, "Left");
    expect_seen(b, "at step 750");
    draw(b, 120, 40, full);
    press(b, "L");
    golden_check(&b->canvas, "page-compare-120x40");
    expect_seen(b, "accuracy of 2 minus 1");
    press(b, "o");
    expect_seen(b, "accuracy of 3 minus 1");
    press(b, "b");
    expect_seen(b, "accuracy of 3 minus 2");
    press(b, "Up Right Right");
    expect_seen(b, "x 1.00 y 0.50");
    press(b, "T B");
    expect_seen(b, "mean of 3");
    press(b, "e");
    expect_seen(b, "files in");
    char path[SX_PATH_SIZE];
    sx_bytes file;
    run_path("0001-shapes-cnn", "export/compare-difference.svg", path);
    assert_int_equal(sx_file_read(path, 1 << 20, &file, NULL), SX_OK);
    assert_non_null(strstr((char *)file.data, "unsure"));
    assert_non_null(strstr((char *)file.data, "3 0003-wide"));
    sx_bytes_done(&file);
    run_path("0001-shapes-cnn", "export/compare-accuracy.csv", path);
    assert_int_equal(sx_file_read(path, 1 << 20, &file, NULL), SX_OK);
    assert_non_null(strstr((char *)file.data, "\n0003-wide,1500,0.897"));
    sx_bytes_done(&file);
    press(b, "8 U");
    expect_state(b, "compare.runs", "0");
    bench_free(b);
}

/* Another screen that is told the layout of this one has the same. */
static void the_layout_leads_back(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "3 L S S t 4 R v 5 T r 4");
    sx_text layout = {0}, again = {0};
    sx_screen_layout(b->screen, &layout);
    bench *other = bench_new(SX_STATE_RUNNING);
    sx_screen_arrange(other->screen, "no-such-command 7\n\n");
    sx_screen_arrange(other->screen, layout.data);
    sx_screen_layout(other->screen, &again);
    assert_string_equal(layout.data, again.data);
    expect_state(other, "page", "robustness");
    expect_state(other, "robustness.plot", "rotation");
    expect_state(other, "train.smooth", "3");
    expect_state(other, "risk.target", "0.05");
    expect_state(other, "message", "");
    press(other, "u"); /* it was no change that a person made */
    expect_state(other, "page", "robustness");
    sx_text_done(&layout);
    sx_text_done(&again);
    bench_free(other);
    bench_free(b);
}

/* The run that is computed here is followed as it is; when another job begins, as it was saved. */
static void the_live_run_is_compared_as_it_is(void **state) {
    (void)state;
    make_run("0012-shapes-cnn", 1, 0.5, "start");
    bench *b = bench_new(SX_STATE_RUNNING); /* of that name; its accuracy is 0.889 */
    press(b, "8 x V");
    expect_seen(b, "0.89");
    b->moment.snapshot.run[0] = 0;
    sx_screen_update(b->screen, &b->moment.snapshot);
    draw(b, 80, 24, full);
    assert_false(seen(b, "0.89"));
    expect_seen(b, "0.50");
    bench_free(b);
}

/* Pages of a store whose files hold anything. */
static void broken_runs_do_no_harm(void **state) {
    (void)state;
    make_store();
    put("0001-shapes-cnn", "results/location.json", "{\"format\":1,\"name\":\"location\"}");
    put("0002-shapes-cnn", "results/validation.json", "[");
    put("0003-wide", "journal.jsonl", "\x01\x02\n{\"t\":-1e300,\"step\":-5,\"kind\":7}\n");
    put("0003-wide", "note.txt", "\xff\x1b[2J\n");
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "8 x x x V ] ] ] ] ] ] ] B ] ] ] ] ] ] ] o b L Up e y Esc 9 Down Up 8 Down");
    run_path("0002-shapes-cnn", "", (char[SX_PATH_SIZE]){0});
    char command[SX_PATH_SIZE];
    snprintf(command, sizeof command, "rm -r '%s/sextant/runs/0002-shapes-cnn'", home);
    assert_int_equal(system(command), 0);
    press(b, "V"); /* it is there no more */
    expect_state(b, "compare.runs", "2");
    press(b, "8 Enter D y F5");
    bench_free(b);
}

/* With no time at all for the disk each drawing reads one run, and asks for another drawing; keys
 * work on what is there. */
static void lists_grow_while_they_are_read(void **state) {
    (void)state;
    make_store();
    bench *b = bench_new_timed(SX_STATE_FINISHED, 1e-12);
    sx_screen_key(b->screen, "8");
    expect_state(b, "runs.count", "1");
    expect_state(b, "runs.selected", "0003-wide");
    draw(b, 80, 24, full);
    expect_state(b, "runs.count", "2");
    assert_true(sx_screen_again(b->screen));
    sx_screen_key(b->screen, "Down");
    for (int i = 0; i < 2; i++) draw(b, 80, 24, full);
    expect_state(b, "runs.count", "3");
    expect_state(b, "runs.selected", "0002-shapes-cnn");
    assert_false(sx_screen_again(b->screen));
    sx_screen_key(b->screen, "F5"); /* again: the list before stays until the new one is as long */
    expect_state(b, "runs.count", "3");
    assert_int_equal(sx_screen_command(b->screen, "note kept", NULL), SX_OK);
    draw(b, 80, 24, full);
    expect_seen(b, "kept");
    for (int i = 0; i < 4; i++) draw(b, 80, 24, full);
    expect_state(b, "runs.selected", "0002-shapes-cnn");
    expect_seen(b, "kept");
    sx_screen_key(b->screen, "9");
    draw(b, 80, 24, full);
    assert_true(sx_screen_again(b->screen));
    for (int i = 0; i < 7; i++) draw(b, 80, 24, full); /* a study a drawing */
    assert_false(sx_screen_again(b->screen));
    press(b, "Down Down Down Down");
    expect_seen(b, "quick took 1 m 05 s here");
    press(b, "8 g x x"); /* two runs are marked: the page needs two drawings */
    sx_screen_key(b->screen, "V");
    draw(b, 80, 24, full);
    expect_seen(b, "0002-shapes-cnn");
    assert_false(sx_screen_again(b->screen));
    bench_free(b);
}

/* `v` goes round the networks; the title says which one is seen, and what cannot be asked is
 * told.
 */
static void the_probe_asks_other_networks(void **state) {
    (void)state;
    make_store();
    bench *b = bench_new(SX_STATE_RUNNING);
    draw(b, 120, 30, full);
    press(b, "7 v");
    expect_state(b, "probe.network", "");
    expect_seen(b, "there is no other network");
    sx_result *items = sx_result_keep(sx_snapshot_result(&b->moment.snapshot, "items"));
    for (size_t i = 0; i < items->table.rows; i++) items->table.columns[6].numbers[i] = 1;
    put_result("0003-wide", items);
    press(b, "8 x x 7");
    expect_seen(b, "would a"); /* abstain or answer */
    snprintf(b->moment.snapshot.path, sizeof b->moment.snapshot.path, "/runs/0012-shapes-cnn");
    press(b, "v");
    expect_state(b, "probe.network", "checkpoint");
    expect_seen(b, "Probe · checkpoint · ");
    expect_seen(b, "would a"); /* as the live one */
    press(b, "v");
    expect_state(b, "probe.network", "0003-wide");
    expect_seen(b, "Probe · 0003-wide · ");
    assert_false(seen(b, "would a")); /* all its answers are wrong: it covers nothing */
    press(b, "Left");
    expect_state(b, "probe.network", "0003-wide");
    snprintf(b->refuses, sizeof b->refuses, "0002-shapes-cnn");
    press(b, "v");
    expect_seen(b, "no such network");
    expect_state(b, "probe.network", "");
    press(b, "Left v"); /* and on from there */
    expect_state(b, "probe.network", "checkpoint");
    press(b, "v v v");
    expect_state(b, "probe.network", "checkpoint"); /* the live one was seen when it was refused */
    bench_free(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_home, end_home)

int main(void) {
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("SEXTANT_ASSETS", SX_SOURCE "/assets", 1);
    setenv("XDG_CONFIG_HOME", "/nowhere", 1);
    const struct CMUnitTest tests[] = {
        TEST(runs_are_listed_found_and_read),
        TEST(lists_grow_while_they_are_read),
        TEST(runs_are_noted_renamed_and_deleted),
        TEST(a_study_of_cells_says_which_runs),
        TEST(a_run_is_opened_after_a_question),
        TEST(studies_are_shown_and_started),
        TEST(the_layout_leads_back),
        TEST(runs_are_compared),
        TEST(the_live_run_is_compared_as_it_is),
        TEST(broken_runs_do_no_harm),
        TEST(the_probe_asks_other_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
