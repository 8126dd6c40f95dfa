/* How curves are seen, on all pages that have them: closer and wider, limits, panning, the mouse,
 * what steps are drawn over; clicks on cells of maps; checkpoints side by side. */
#include "tests/unit/unit.h"

#include "tests/unit/home.h"
#include "tests/unit/sample_store.h"
#include "tests/unit/screen_bench.h"

#include "core/store/store.h"
#include "views/plot/plot.h"

#include <locale.h>
#include <string.h>

/* A number of the state, NaN if it is none. */
static double value_of(const bench *b, const char *pane, const char *field) {
    json_t *state = sx_screen_state(b->screen);
    double value = sx_json_to_number(json_object_get(json_object_get(state, pane), field));
    json_decref(state);
    return value;
}

static double width_of(const bench *b, const char *pane) {
    return value_of(b, pane, "high") - value_of(b, pane, "low");
}

static void command(bench *b, const char *line) {
    assert_int_equal(sx_screen_command(b->screen, line, NULL), SX_OK);
    draw(b, b->canvas.width, b->canvas.height, b->canvas.look);
}

static void click(bench *b, int x, int y) {
    sx_screen_mouse(b->screen, "Click", x, y);
    sx_screen_mouse(b->screen, "Release", x, y);
    draw(b, b->canvas.width, b->canvas.height, b->canvas.look);
}

static void drag(bench *b, int from, int to, int y) {
    sx_screen_mouse(b->screen, "Click", from, y);
    sx_screen_mouse(b->screen, "Release", to, y);
    draw(b, b->canvas.width, b->canvas.height, b->canvas.look);
}

/* Three runs on the page Compare; the second took four times as long. */
static bench *comparison(void) {
    make_store();
    put("0002-shapes-cnn", "journal.jsonl",
        "{\"t\":0,\"step\":0,\"kind\":\"start\"}\n"
        "{\"t\":240,\"step\":1500,\"kind\":\"point\",\"epoch\":8}\n");
    bench *b = bench_new(SX_STATE_FINISHED);
    draw(b, 120, 40, full);
    press(b, "8 G x Up x Up Up x V");
    expect_state(b, "compare.runs", "3");
    return b;
}

/* Where a pane with curves is, and how wide the part of x is that a limit takes. */
static const struct {
    const char *keys, *pane, *limits;
    double low, high;
} places[] = {{"4 R", "robustness", "limits -40 30", -40, 30},
              {"4 S", "robustness", "limits 0.1 0.4", 0.1, 0.4},
              {"5", "risk", "limits 0.25 0.75", 0.25, 0.75},
              {"5 r", "risk", "limits 0.5 1", 0.5, 1},
              {"3", "train", "limits 1000 2000", 1000, 2000}};

static void the_same_keys_look_closer_everywhere(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *pane = places[i].pane;
        bench *b = bench_new(SX_STATE_RUNNING);
        press(b, places[i].keys);
        command(b, places[i].limits);
        assert_true(value_of(b, pane, "low") == places[i].low);
        assert_true(value_of(b, pane, "high") == places[i].high);
        show(b, SX_STATE_FINISHED); /* stays as data arrive */
        draw(b, 80, 24, full);
        double width = width_of(b, pane), low = value_of(b, pane, "low");
        assert_true(fabs(width - (places[i].high - places[i].low)) < 1e-9);
        press(b, "z");
        double closer = width_of(b, pane);
        assert_true(closer < width);
        press(b, "Z");
        assert_true(width_of(b, pane) > closer);
        press(b, "u u");
        assert_true(value_of(b, pane, "low") == low);
        press(b, ">");
        assert_true(value_of(b, pane, "low") > low || value_of(b, pane, "high") >= 1);
        press(b, "<");
        assert_true(value_of(b, pane, "low") <= low + 1e-9);
        press(b, "0");
        double whole = value_of(b, pane, "low");
        assert_true(isnan(whole) || whole == 0);
        press(b, ">");
        expect_seen(b, "all of the axis is seen");
        command(b, "limits 7 3");
        expect_seen(b, "limits are two numbers, the lower one first");
        bench_free(b);
    }
}

/* `e` writes the whole plots, and beside them what is seen of those that are looked at closer. */
static void what_is_seen_is_exported(void **state) {
    (void)state;
    static const char *const closer[] = {"rotation-closer", "risk-coverage-closer",
                                         "reliability-closer"};
    char folder[] = "/tmp/sx-lens-XXXXXX", path[128], command_line[64];
    bench *b = bench_new(SX_STATE_FINISHED);
    assert_non_null(mkdtemp(folder));
    sx_text_set(b->moment.snapshot.path, sizeof b->moment.snapshot.path, folder);
    press(b, "4 e 5 e");
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/export/%s.svg", folder, closer[i]);
        assert_false(sx_is_file(path));
    }
    press(b, "4 R");
    command(b, "limits 20 50");
    press(b, "e 5");
    command(b, "limits 0.8 1");
    press(b, "r");
    command(b, "limits 0.8 1");
    press(b, "e");
    for (int i = 0; i < 3; i++) {
        sx_bytes file;
        snprintf(path, sizeof path, "%s/export/%s.svg", folder, closer[i]);
        assert_int_equal(sx_file_read(path, 1 << 20, &file, NULL), SX_OK);
        assert_non_null(strstr((char *)file.data, i == 0 ? ">30<" : ">0.85<"));
        sx_bytes_done(&file);
    }
    snprintf(command_line, sizeof command_line, "rm -r %s", folder);
    assert_int_equal(system(command_line), 0);
    bench_free(b);
}

/* What is seen has other labels; the cursor drags it along. */
static void what_is_seen_is_drawn(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "5");
    command(b, "limits 0.5 0.6");
    expect_seen(b, "0.55");
    assert_false(seen(b, "0.2 "));
    command(b, "target-risk 2");
    for (int i = 0; i < 60; i++) press(b, "Left");
    assert_true(value_of(b, "risk", "low") < 0.5); /* the cursor was at another place */
    expect_seen(b, "]   n ");                      /* the images that are answered */
    press(b, "L");
    expect_seen(b, "risk (log)");
    press(b, "r");
    command(b, "limits 0.8 1");
    expect_seen(b, "0.8 ");
    command(b, "value-limits 0.5 0.9");
    expect_seen(b, "0.5");
    press(b, "4 R");
    command(b, "value-limits 0.3 0.5");
    expect_seen(b, "0.35");
    command(b, "limits 2 3");
    expect_seen(b, "no point between the limits");
    press(b, "L z");
    expect_seen(b, "a map is always seen whole");
    bench_free(b);
}

static void odd_limits_do_no_harm(void **state) {
    static const char *const limits[] = {
        "-1e308 1e308", "0 1e300",         "-1e300 -1e299", "1 1.0000000000000002",
        "0 1e-320",     "0.5 0.500000001", "5999 6000",     "-1e9 1e9"};
    (void)state;
    bench *b = comparison();
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        for (const char *page = "3345V"; *page; page++) {
            char line[64], keys[2] = {*page, 0};
            press(b, keys);
            press(b, *page == '4' ? "R" : *page == 'V' ? "T" : "0");
            for (int axis = 0; axis < 2; axis++) {
                snprintf(line, sizeof line, "%s %s", axis ? "value-limits" : "limits", limits[i]);
                command(b, line);
                draw(b, 80, 24, full);
                press(b, "z z Left < > Z Right Up Down");
                drag(b, 20, 40, 8);
                drag(b, 30, 33, 8);
                draw(b, 40, 16, ascii);
                draw(b, 120, 40, full);
            }
        }
    bench_free(b);
}

static void the_mouse_zooms_and_the_wheel_pans(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *pane = places[i].pane;
        bool diagram = strchr(places[i].keys, 'r') != NULL;
        int from = diagram ? 60 : 20, to = diagram ? 70 : 30;
        press(b, "1");
        press(b, diagram ? "5" : places[i].keys);
        if (diagram) click(b, to, 8); /* the diagram beside the curves */
        drag(b, from, to, 8);
        double low = value_of(b, pane, "low"), high = value_of(b, pane, "high");
        if (!(low < high)) fail_msg("%s: no drag", places[i].keys);
        sx_screen_mouse(b->screen, "WheelUp", 20, 8);
        assert_true(value_of(b, pane, "low") < low);
        sx_screen_mouse(b->screen, "WheelDown", 20, 8);
        assert_true(fabs(value_of(b, pane, "low") - low) < 1e-9);
        press(b, "u u u");
        double whole = value_of(b, pane, "low");
        if (!(isnan(whole) || whole == 0)) fail_msg("%s: %g", places[i].keys, whole);
        press(b, "0");
    }
    press(b, "5");
    click(b, 20, 8);
    expect_seen(b, "coverage 0.");
    expect_state(b, "risk.reliability", "false");
    press(b, "4 S");
    click(b, 20, 8);
    expect_seen(b, "size 0.");
    expect_seen(b, "n 400");
    bench_free(b);
}

/* Over time a column is a time, and the mouse finds the step that belongs to it. */
static void the_mouse_reads_over_time_too(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "3 t t");
    expect_state(b, "train.axis", "time");
    click(b, 20, 5); /* of 270 s about the middle: 135 s, which is before step 3,000 */
    double step = value_of(b, "train", "cursor");
    assert_true(step > 1800 && step < 3000);
    drag(b, 20, 30, 5);
    assert_true(fabs(value_of(b, "train", "low") - step) < 60);
    assert_true(value_of(b, "train", "high") > 3000); /* the second half is twice as fast */
    bench_free(b);
}

/* ---- the cells of maps ------------------------------------------------------------------------
 */

static void every_cell_of_a_map_is_found(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    const sx_result *map = sx_snapshot_result(&b->moment.snapshot, "location");
    sx_look looks[] = {full, ascii};
    for (int height = 4; height < 40; height += 5)
        for (int width = 12; width < 90; width += 11) {
            sx_look look = looks[(width + height) % 2];
            sx_box box = {3, 2, width, height};
            int last = -1, rows = 0;
            for (int y = 0; y < height + 4; y++)
                for (int x = 0; x < width + 6; x++) {
                    sx_grid_place at = sx_plot_cell_at(look, box, map, x, y);
                    bool inside =
                        x >= box.x && x < box.x + width && y >= box.y && y < box.y + height;
                    if (at.row < 0) continue;
                    assert_true(inside && at.row < map->grid.rows);
                    assert_true(at.column >= 0 && at.column < map->grid.columns);
                    assert_true(at.row >= last);
                    rows += at.row > last;
                    last = at.row;
                }
            if (height > 12 && rows != map->grid.rows) fail_msg("%d rows at %d", rows, height);
        }
    bench_free(b);
}

static void a_click_reads_a_cell_and_another_opens_it(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "4");
    click(b, 20, 8);
    char cursor[64];
    snprintf(cursor, sizeof cursor, "x %.2f y %.2f", 0.1 * value_of(b, "robustness", "column"),
             0.1 * value_of(b, "robustness", "row"));
    expect_seen(b, cursor);
    expect_state(b, "robustness.sheet", "false");
    click(b, 20, 8);
    expect_state(b, "robustness.sheet", "true");
    expect_seen(b, "Robustness · pictures at x");
    press(b, "Esc R"); /* the map beside the curve */
    expect_state(b, "robustness.plot", "rotation");
    click(b, 62, 8);
    double column = value_of(b, "robustness", "column");
    click(b, 62, 8);
    expect_state(b, "robustness.sheet", "true");
    assert_true(value_of(b, "robustness", "column") == column);
    press(b, "Esc Right"); /* the arrows are the main plot's */
    expect_seen(b, "rotation ");
    draw(b, 120, 40, full);
    press(b, "4 L 1"); /* on the dashboard the second click goes to the page, as Enter does */
    click(b, 20, 30);
    expect_state(b, "focus", "robustness");
    expect_state(b, "page", "dashboard");
    click(b, 20, 30);
    expect_state(b, "page", "robustness");
    bench_free(b);
}

/* Pictures are those of the run that is open: one of the two has to be that. */
static void a_cell_of_the_difference_leads_to_its_pictures(void **state) {
    (void)state;
    bench *b = comparison();
    press(b, "L G");
    expect_seen(b, "no cell of the map is read");
    click(b, 20, 10);
    double row = value_of(b, "compare", "row"), column = value_of(b, "compare", "column");
    assert_true(row >= 0 && column >= 0);
    click(b, 20, 10);
    expect_seen(b, "pictures are those of the run that is open");
    expect_state(b, "page", "compare");
    press(b, "8 U G c Up x V L"); /* a checkpoint of the run that is open, and another run */
    snprintf(b->moment.snapshot.run, sizeof b->moment.snapshot.run, "0001-shapes-cnn");
    click(b, 20, 10);
    expect_state(b, "page", "robustness");
    expect_state(b, "robustness.plot", "location");
    assert_true(fabs(value_of(b, "robustness", "row") - 2.5 * row) <= 0.5);
    assert_true(fabs(value_of(b, "robustness", "column") - 2.5 * column) <= 0.5);
    press(b, "Esc");
    expect_state(b, "page", "compare");
    bench_free(b);
}

/* ---- compare ----------------------------------------------------------------------------------
 */

static void compared_curves_are_looked_at_closer(void **state) {
    (void)state;
    bench *b = comparison();
    press(b, "z");
    assert_true(width_of(b, "compare") == 625); /* of 250 to 1,500 */
    double low = value_of(b, "compare", "low");
    press(b, "<");
    assert_true(value_of(b, "compare", "low") < low);
    press(b, "u");
    assert_true(value_of(b, "compare", "low") == low);
    press(b, "["); /* another plot of the same steps */
    assert_true(width_of(b, "compare") == 625);
    press(b, "R");
    assert_true(isnan(value_of(b, "compare", "low")));
    press(b, "T 0");
    drag(b, 20, 40, 10);
    assert_true(width_of(b, "compare") > 0 && width_of(b, "compare") < 1250);
    sx_screen_mouse(b->screen, "WheelUp", 20, 10);
    press(b, "0");
    click(b, 30, 10);
    expect_seen(b, "at step");
    press(b, "8 V");
    command(b, "limits 500 1000");
    press(b, "8 V");
    assert_true(value_of(b, "compare", "low") == 500); /* kept while one looks elsewhere */
    press(b, "[ * w");
    expect_seen(b, "validation loss (log)");
    expect_seen(b, "means over 1 %");
    bench_free(b);
}

/* Each run has a clock of its own; the cursor reads all of them at one time. */
static void runs_are_compared_over_time(void **state) {
    (void)state;
    bench *b = comparison();
    press(b, "t");
    expect_state(b, "compare.axis", "epoch");
    press(b, "t");
    expect_state(b, "compare.axis", "time");
    for (int i = 0; i < 8; i++) press(b, "Right"); /* of the first run the last point, at 60 s */
    expect_seen(b, "at 60.0 s");
    expect_seen(b, "0.71");
    /* The second was at step 375 then: between 0.83 (1 - e^-1) and 0.83 (1 - e^-2). */
    expect_seen(b, "0.62");
    command(b, "limits 20 50");
    press(b, "t t t");
    assert_true(value_of(b, "compare", "low") == 20);
    press(b, "t"); /* limits are of their own axis */
    expect_state(b, "compare.axis", "step");
    assert_true(isnan(value_of(b, "compare", "low")));
    press(b, "t t B");
    expect_seen(b, "mean of 3");
    press(b, "e"); /* numbers are by step, whatever is seen */
    char path[SX_PATH_SIZE];
    sx_bytes file;
    run_path("0001-shapes-cnn", "export/compare-accuracy.csv", path);
    assert_int_equal(sx_file_read(path, 1 << 20, &file, NULL), SX_OK);
    assert_non_null(strstr((char *)file.data, "\n0003-wide,1500,0.897"));
    sx_bytes_done(&file);
    bench_free(b);
}

/* What a checkpoint would save: the results of another run, of step 1,500. */
static void save_newer(const char *run_name, const char *from_name) {
    static const char *const names[] = {"validation", "location"};
    sx_run_folder *run = sx_run_open(run_name, true, NULL);
    sx_run_folder *from = sx_run_open(from_name, false, NULL);
    assert_true(run && from);
    sx_run_keep_results(run);
    for (int i = 0; i < 2; i++) {
        sx_result *result = sx_run_load_result(from, names[i], NULL);
        assert_non_null(result);
        result->step = 1500;
        if (i == 1) result->title = sx_result_text(result, "Accuracy by location, test objects");
        assert_int_equal(sx_run_save_result(run, result, NULL), SX_OK);
        sx_result_release(result);
    }
    sx_run_close(run);
    sx_run_close(from);
}

static void checkpoints_are_compared(void **state) {
    (void)state;
    make_store();
    save_newer("1", "3"); /* accuracy was 0.71, and is 0.9 */
    bench *b = bench_new(SX_STATE_FINISHED);
    draw(b, 120, 40, full);
    press(b, "8 G c C");
    expect_state(b, "runs.selected", "0001-shapes-cnn");
    expect_seen(b, "=1");
    expect_seen(b, "<2");
    press(b, "V");
    expect_seen(b, "2 runs and checkpoints");
    expect_seen(b, "0001-shapes-cnn@1500 · seed 1");
    expect_seen(b, "0001-shapes-cnn@0 · seed 1");
    expect_seen(b, "0.90");
    expect_seen(b, "0.71");
    press(b, "8 G x V"); /* the run itself is as its newest checkpoint */
    expect_seen(b, "equals 1");
    press(b, "L");
    expect_seen(b, "accuracy of 2 minus 1, one on test, one on validation objects");
    press(b, "e");
    char path[SX_PATH_SIZE];
    sx_bytes file;
    run_path("0001-shapes-cnn", "export/compare-accuracy.csv", path);
    assert_int_equal(sx_file_read(path, 1 << 20, &file, NULL), SX_OK);
    assert_non_null(strstr((char *)file.data, "\n0001-shapes-cnn@0,1500,0.70"));
    sx_bytes_done(&file);
    press(b, "8 G C"); /* away again */
    expect_state(b, "compare.runs", "2");
    press(b, "Up C V T"); /* a run with one checkpoint has none before it */
    expect_seen(b, "0002-shapes-cnn@none");
    expect_seen(b, "not measured");
    press(b, "8 G D y");
    expect_state(b, "compare.runs", "1");
    bench_free(b);
}

/* The live run beside what it was at its checkpoint, which stays as it was read. */
static void the_live_run_is_compared_with_its_checkpoint(void **state) {
    (void)state;
    make_run("0012-shapes-cnn", 1, 0.5, "start");
    bench *b = bench_new(SX_STATE_RUNNING); /* of that name; its accuracy is 0.889 */
    press(b, "8 x c V");
    expect_seen(b, "0.89");
    expect_seen(b, "0.50");
    b->moment.snapshot.run[0] = 0;
    sx_screen_update(b->screen, &b->moment.snapshot);
    draw(b, 80, 24, full);
    assert_false(seen(b, "0.89"));
    bench_free(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_home, end_home)

int main(void) {
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("SEXTANT_ASSETS", SX_SOURCE "/assets", 1);
    setenv("XDG_CONFIG_HOME", "/nowhere", 1);
    const struct CMUnitTest tests[] = {
        TEST(the_same_keys_look_closer_everywhere),
        TEST(what_is_seen_is_drawn),
        TEST(what_is_seen_is_exported),
        TEST(odd_limits_do_no_harm),
        TEST(the_mouse_zooms_and_the_wheel_pans),
        TEST(the_mouse_reads_over_time_too),
        TEST(every_cell_of_a_map_is_found),
        TEST(a_click_reads_a_cell_and_another_opens_it),
        TEST(a_cell_of_the_difference_leads_to_its_pictures),
        TEST(compared_curves_are_looked_at_closer),
        TEST(runs_are_compared_over_time),
        TEST(checkpoints_are_compared),
        TEST(the_live_run_is_compared_with_its_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
