/* The pane that looks inside a network: what each view looks like (golden screens), that it holds
 * together at every size, and what its keys, the mouse and its export do. */
#include "tests/unit/unit.h"

#include "tests/unit/golden.h"
#include "tests/unit/home.h"
#include "tests/unit/sample_store.h"
#include "tests/unit/screen_bench.h"

#include <locale.h>
#include <unistd.h>

static const char *const views[] = {"occlusion",  "gradient", "features",  "filters",
                                    "components", "weights",  "attention", "rollout",
                                    "heads",      "distance", "positions"};
enum { VIEWS = sizeof views / sizeof *views };

static void command(bench *b, const char *line) {
    sx_error err = {0};
    if (sx_screen_command(b->screen, line, &err)) fail_msg("%s: %s", line, err.message);
    draw(b, b->canvas.width, b->canvas.height, b->canvas.look);
}

static void show_view(bench *b, const char *name) {
    char line[64];
    snprintf(line, sizeof line, "view %s", name);
    command(b, line);
}

static bench *inside(void) {
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "I");
    expect_state(b, "page", "inspect");
    return b;
}

/* ---- golden screens ---------------------------------------------------------------------------
 */

static void check_text(bench *b, const char *view, int width, int height) {
    char name[96];
    sx_text text = {0};
    draw(b, width, height, full);
    snprintf(name, sizeof name, "inspect-%s-%dx%d", view, width, height);
    sx_canvas_to_text(&b->canvas, &text);
    golden_file(name, "txt", &text);
    sx_text_done(&text);
}

static void views_look_as_they_should(void **state) {
    (void)state;
    bench *b = inside();
    for (int i = 0; i < VIEWS; i++) {
        char name[96];
        draw(b, 80, 24, full);
        show_view(b, views[i]);
        if (i >= 6 && i != 9) press(b, "Enter Down Right");
        snprintf(name, sizeof name, "inspect-%s-80x24", views[i]);
        golden_check(&b->canvas, name);
        check_text(b, views[i], 120, 40);
        if (i >= 6 && i != 9) press(b, "Esc");
    }
    static const sx_look looks[] = {{8, true, false}, {0, true, false}, {0, false, false}};
    static const char *const names[] = {"8", "0", "ascii"};
    for (int i = 0; i < 3; i++) {
        char name[96];
        show_view(b, "attention");
        draw(b, 80, 24, looks[i]);
        snprintf(name, sizeof name, "inspect-attention-80x24-%s", names[i]);
        golden_check(&b->canvas, name);
    }
    show_view(b, "features");
    check_text(b, "features", 60, 16);
    check_text(b, "features", 200, 60);
    bench_free(b);
}

/* Every view at every size: nothing is drawn beside its box, and something is there. */
static void it_holds_together_at_every_size(void **state) {
    (void)state;
    for (int plain_network = 0; plain_network < 2; plain_network++) {
        bench *b = bench_new(SX_STATE_RUNNING);
        b->plain_network = plain_network;
        press(b, "I");
        for (int i = 0; i < VIEWS; i++) {
            show_view(b, views[i]);
            for (int height = 16; height <= 70; height += 9)
                for (int width = 60; width <= 220; width += 17) {
                    sx_look look = i % 2 ? ascii : full;
                    draw(b, width, height, look);
                    expect_seen(b, "Inspect");
                    for (int y = 1; y < height - 2; y++) { /* the frame is whole */
                        uint32_t right = b->canvas.cells[y * width + width - 1].glyph;
                        assert_true(right != ' ' && right != 0);
                    }
                }
        }
        bench_free(b);
    }
}

/* ---- what keys do -----------------------------------------------------------------------------
 */

static void layers_are_chosen(void **state) {
    (void)state;
    bench *b = inside();
    expect_state(b, "inspect.layer", "patches"); /* the first convolution */
    expect_seen(b, "block1");
    show_view(b, "features");
    expect_seen(b, "patches: 20 channels");
    press(b, "Down");
    expect_state(b, "inspect.layer", "class");
    expect_seen(b, "another layer");
    press(b, "Home Up");
    expect_state(b, "inspect.layer", "input");
    press(b, "End");
    expect_state(b, "inspect.layer", "classifier");
    press(b, "u");
    expect_state(b, "inspect.layer", "input");
    show_view(b, "weights");
    expect_seen(b, "This layer has no weights");
    press(b, "Down");
    expect_seen(b, "768 weights");
    bench_free(b);
}

static void views_go_round(void **state) {
    (void)state;
    bench *b = inside();
    for (int i = 0; i < VIEWS; i++) {
        expect_state(b, "inspect.view", views[i]);
        press(b, "v");
    }
    expect_state(b, "inspect.view", "occlusion");
    press(b, "b");
    expect_state(b, "inspect.view", "positions");
    bench_free(b);
    b = bench_new(SX_STATE_FINISHED); /* what it cannot show is passed over, and told if wanted */
    b->plain_network = true;
    press(b, "I b");
    expect_state(b, "inspect.view", "weights");
    show_view(b, "heads");
    expect_seen(b, "This network has no attention");
    assert_int_equal(sx_screen_command(b->screen, "view nothing", NULL), SX_OK);
    expect_state(b, "inspect.view", "heads");
    bench_free(b);
}

static void arrows_move_the_patch_that_looks(void **state) {
    (void)state;
    bench *b = inside();
    show_view(b, "attention");
    expect_state(b, "inspect.patch", "0");
    expect_seen(b, "class token");
    press(b, "Enter Right Down");
    expect_state(b, "inspect.patch", "6"); /* of 4 x 4 */
    expect_seen(b, "patch 6 of 16");
    press(b, "Up Up Left Left"); /* not over the border above */
    expect_state(b, "inspect.patch", "1");
    press(b, "End Right");
    expect_state(b, "inspect.patch", "16");
    press(b, "Esc Down");
    expect_state(b, "inspect.patch", "0");
    expect_state(b, "inspect.layer", "class");
    press(b, "[");
    expect_seen(b, "block 1 of 2");
    press(b, "[ ] ]");
    expect_seen(b, "block 2 of 2");
    expect_seen(b, "mean of 3 heads");
    press(b, "> >");
    expect_seen(b, "head 2 of 3");
    press(b, "> >");
    expect_state(b, "inspect.head", "0");
    press(b, "Esc");
    expect_state(b, "page", "dashboard");
    bench_free(b);
}

/* What is seen next begins where what was seen ended. */
static void pages_of_pictures_follow_each_other(void **state) {
    static const int sizes[][2] = {{80, 24}, {60, 16}, {120, 20}, {100, 18}};
    (void)state;
    bench *b = inside();
    int paged = 0;
    show_view(b, "features");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char range[32];
        int last = 0;
        draw(b, sizes[i][0], sizes[i][1], full);
        sx_text text = {0};
        sx_canvas_to_text(&b->canvas, &text);
        const char *foot = strstr(text.data, "1 to ");
        if (foot) last = atoi(foot + 5);
        sx_text_done(&text);
        if (last == 0) continue; /* all of them */
        press(b, "]");
        draw(b, sizes[i][0], sizes[i][1], full);
        snprintf(range, sizeof range, "%d to ", last + 1);
        expect_seen(b, range);
        press(b, "[");
        paged++;
    }
    assert_true(paged > 1);
    bench_free(b);
}

static void the_picture_comes_from_where_one_was(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "2 Right Right I");
    expect_state(b, "inspect.item", "2");
    expect_state(b, "inspect.scene", "false");
    press(b, "o o O");
    expect_state(b, "inspect.item", "3");
    command(b, "item 12");
    expect_state(b, "inspect.item", "12");
    assert_int_equal(sx_screen_command(b->screen, "item 99999", NULL), SX_OK);
    expect_state(b, "inspect.item", "12");
    press(b, "p");
    expect_state(b, "probe.item", "12");
    press(b, "Left I");
    expect_state(b, "inspect.scene", "true"); /* as it is there */
    expect_seen(b, "as the probe shows it");
    press(b, "x");
    expect_state(b, "inspect.scene", "false");
    int asked = b->asked;
    press(b, "c");
    expect_state(b, "inspect.label", "true");
    assert_int_equal(b->asked, asked + 1);
    press(b, "Esc Esc 1");
    assert_int_equal(b->asked, -1); /* what is not seen asks nothing */
    bench_free(b);
}

/* The values that are seen are those of the newest answer. */
static void it_follows_the_training(void **state) {
    (void)state;
    bench *b = inside();
    expect_seen(b, "network of step 1,200");
    b->answer.known.step = 1300;
    b->answer.version++;
    sx_screen_answer(b->screen, &b->answer);
    draw(b, 80, 24, full);
    expect_seen(b, "network of step 1,300");
    b->answer.whole = false; /* a part of the next: what was there stays */
    size_t count = b->answer.result_count;
    b->answer.result_count = 1;
    b->answer.version++;
    sx_screen_answer(b->screen, &b->answer);
    draw(b, 80, 24, full);
    expect_seen(b, "patches");
    b->answer.result_count = count;
    sx_text_set(b->answer.problem, sizeof b->answer.problem, "there is no network yet");
    drop_inside(&b->answer);
    b->answer.inside.parts =
        1u << SX_INSIDE_LAYERS | 1u << SX_INSIDE_PICTURE | 1u << SX_INSIDE_OCCLUSION;
    b->answer.whole = true;
    b->answer.version++;
    sx_screen_answer(b->screen, &b->answer);
    draw(b, 80, 24, full);
    expect_seen(b, "there is no network yet");
    bench_free(b);
}

static void a_click_chooses(void **state) {
    (void)state;
    bench *b = inside();
    show_view(b, "attention");
    sx_screen_mouse(b->screen, "Click", 5, 8); /* the row of block1.norm1 */
    draw(b, 80, 24, full);
    expect_state(b, "inspect.layer", "block1.norm1");
    sx_screen_mouse(b->screen, "Click", 58, 10);
    draw(b, 80, 24, full);
    json_t *state_now = sx_screen_state(b->screen);
    json_int_t patch =
        json_integer_value(json_object_get(json_object_get(state_now, "inspect"), "patch"));
    json_decref(state_now);
    assert_true(patch >= 1 && patch <= 16);
    bench_free(b);
}

/* What is seen is written: plots as pictures, all of it as numbers. */
static void it_is_exported(void **state) {
    static const char *const files[] = {"inspect-rollout.svg",
                                        "inspect-rollout.png",
                                        "inspect-rollout.csv",
                                        "inspect-layers.csv",
                                        "inspect-rollout-on-picture.png",
                                        "inspect-picture.svg"};
    (void)state;
    char path[SX_PATH_SIZE], directory[] = "/tmp/sextant-inside-XXXXXX";
    assert_non_null(mkdtemp(directory));
    bench *b = inside();
    sx_text_set(b->moment.snapshot.path, sizeof b->moment.snapshot.path, directory);
    show_view(b, "rollout");
    press(b, "e");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/export/%s", directory, files[i]);
        if (access(path, R_OK) != 0) fail_msg("no %s", path);
    }
    bench_free(b);
    snprintf(path, sizeof path, "rm -r %s", directory);
    assert_int_equal(system(path), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_look_as_they_should),
        cmocka_unit_test(it_holds_together_at_every_size),
        cmocka_unit_test(layers_are_chosen),
        cmocka_unit_test(views_go_round),
        cmocka_unit_test(arrows_move_the_patch_that_looks),
        cmocka_unit_test(pages_of_pictures_follow_each_other),
        cmocka_unit_test(the_picture_comes_from_where_one_was),
        cmocka_unit_test(it_follows_the_training),
        cmocka_unit_test(a_click_chooses),
        cmocka_unit_test(it_is_exported),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, new_home, end_home);
}
