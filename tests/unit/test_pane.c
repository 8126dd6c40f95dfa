/* The workbench screen: what each page looks like (golden screens), that it holds together at every
 * size and under any keys, and what keys and commands do. */
#include "tests/unit/unit.h"

#include "tests/unit/golden.h"
#include "tests/unit/home.h"
#include "tests/unit/sample_store.h"
#include "tests/unit/screen_bench.h"

#include "views/pane/part.h"

#include <locale.h>
#include <unistd.h>

/* ---- golden screens ---------------------------------------------------------------------------
 */

static const char *const page_names[] = {"dashboard", "data",   "train", "robustness",
                                         "risk",      "claims", "probe"};
enum { PAGES = 7 };

static void check_page(bench *b, int page, int width, int height, sx_look look, const char *how) {
    char key[2] = {(char)('1' + page), 0}, name[96];
    draw(b, width, height, look);
    press(b, key);
    snprintf(name, sizeof name, "pane-%s-%dx%d%s", page_names[page], width, height, how);
    if (width == 80) { /* colours once: at 80x24 in all looks */
        golden_check(&b->canvas, name);
        return;
    }
    sx_text text = {0};
    sx_canvas_to_text(&b->canvas, &text);
    golden_file(name, "txt", &text);
    sx_text_done(&text);
}

static void pages_look_as_they_should(void **state) {
    static const int sizes[][2] = {{60, 16}, {80, 24}, {120, 40}, {200, 60}};
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    for (int page = 0; page < PAGES; page++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            check_page(b, page, sizes[i][0], sizes[i][1], full, "");
    for (int page = 0; page < PAGES; page++) {
        check_page(b, page, 80, 24, eight, "-8");
        check_page(b, page, 80, 24, plain, "-0");
        check_page(b, page, 80, 24, ascii, "-ascii");
    }
    bench_free(b);
}

static void moments_look_as_they_should(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_LOADING);
    golden_check(&b->canvas, "pane-loading-80x24");
    show(b, SX_STATE_RUNNING);
    draw(b, 120, 40, ascii);
    golden_check(&b->canvas, "pane-running-120x40-ascii");
    show(b, SX_STATE_FAILED);
    draw(b, 120, 40, ascii);
    golden_check(&b->canvas, "pane-failed-120x40-ascii");
    draw(b, 80, 24, full);
    press(b, "Tab Tab ?");
    golden_check(&b->canvas, "pane-help-80x24");
    press(b, "Esc : f a");
    golden_check(&b->canvas, "pane-command-80x24");
    press(b, "Esc");
    show(b, SX_STATE_IDLE);
    press(b, "1 Tab Tab");
    golden_check(&b->canvas, "pane-browse-80x24");
    show(b, SX_STATE_FINISHED);
    press(b, "2 Right Enter");
    golden_check(&b->canvas, "pane-picture-80x24");
    bench_free(b);
}

/* ---- properties at every size -----------------------------------------------------------------
 */

static bool overlap(sx_box a, sx_box b) {
    return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height &&
           b.y < a.y + a.height;
}

static const sx_cell *cell_at(const bench *b, int x, int y) {
    return &b->canvas.cells[(size_t)y * (size_t)b->canvas.width + (size_t)x];
}

/* Something stands inside of the tile's frame. */
static bool filled(const bench *b, sx_box box) {
    for (int y = box.y + 1; y < box.y + box.height - 1; y++)
        for (int x = box.x + 1; x < box.x + box.width - 1; x++)
            if (cell_at(b, x, y)->glyph != ' ') return true;
    return false;
}

/* Every frame begins with its pane's name, as far as it is wide enough. */
static void check_name(const bench *b, const sx_tile *tile) {
    size_t length = strlen(tile->pane);
    if (tile->box.width < (int)length + SX_FRAME_TITLE) return;
    for (size_t i = 0; i < length; i++) {
        char wanted = i ? tile->pane[i] : (char)(tile->pane[i] - 'a' + 'A');
        if (cell_at(b, tile->box.x + 2 + (int)i, tile->box.y)->glyph != (uint32_t)wanted)
            fail_msg("no name on tile '%s' at %dx%d", tile->pane, b->canvas.width,
                     b->canvas.height);
    }
}

static void headings_say_what_matters_most(void **state) {
    (void)state;
    static const struct {
        int columns;
        const char *text;
    } cases[] = {{60, "Data · fashion-mnist · validation 6,000"},
                 {39, "Data · fashion-mnist · validation 6,000"},
                 {36, "Data · fashion-mnist · val 6,000"},
                 {31, "Data · validation 6,000"},
                 {20, "Data · val 6,000"},
                 {5, "Data · val 6,000"}}; /* the frame's to cut */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sx_heading heading = {.count = 0};
        char text[128];
        sx_heading_add(&heading, 0, "", "Data");
        sx_heading_add(&heading, 1, "", " · %s", "fashion-mnist");
        sx_heading_add(&heading, 9, " · val 6,000", " · validation 6,000");
        sx_heading_fit(&heading, cases[i].columns, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
    bench *b = bench_new(SX_STATE_FINISHED);
    expect_seen(b, "Data · shapes · validation 1,200");
    press(b, "w"); /* at 80x24: how many are shown of how many goes before the data set's name */
    expect_seen(b, "Data · val 249 of 1,200 · wrong");
    press(b, "Tab Tab");
    expect_seen(b, "Robustness · by location, validation");
    draw(b, 120, 40, full);
    expect_seen(b, "Robustness · accuracy by location, area 0.2");
    bench_free(b);
}

static void check_tiles(const bench *b, const sx_tile *tiles, int count) {
    sx_box screen = {0, 0, b->canvas.width, b->canvas.height};
    int focused = 0, covered = 0;
    for (int i = 0; i < count; i++) {
        sx_box box = tiles[i].box;
        assert_true(box.x >= 0 && box.y >= 1 && box.x + box.width <= screen.width);
        assert_true(box.y + box.height <= screen.height - 2 && box.width >= 3 && box.height >= 3);
        if (!filled(b, box))
            fail_msg("empty tile '%s' at %dx%d", tiles[i].pane, screen.width, screen.height);
        for (int k = 0; k < i; k++) assert_false(overlap(box, tiles[k].box));
        check_name(b, &tiles[i]);
        focused += tiles[i].focused;
        covered += box.width * box.height;
    }
    assert_int_equal(focused, 1);
    assert_int_equal(covered, screen.width * (screen.height - 3)); /* no hole either */
}

/* No ellipsis right after a letter: nothing is cut within a word. */
static void check_words(const bench *b) {
    for (int y = 0; y < b->canvas.height; y++)
        for (int x = 1; x < b->canvas.width; x++) {
            uint32_t before = cell_at(b, x - 1, y)->glyph;
            if (cell_at(b, x, y)->glyph != 0x2026) continue;
            if (before <= ' ' || before >= 0x7F) continue;
            char row[301] = "";
            for (int i = 0; i < b->canvas.width && i < 300; i++) {
                uint32_t glyph = cell_at(b, i, y)->glyph;
                row[i] = glyph < 0x7F ? (char)glyph : '?';
            }
            fail_msg("cut within a word at %d, %d of %dx%d: %s", x, y, b->canvas.width,
                     b->canvas.height, row);
        }
}

static void check_size(bench *b, int width, int height, sx_look look, bool words) {
    sx_tile tiles[SX_SCREEN_TILES];
    draw(b, width, height, look);
    int count = sx_screen_tiles(b->screen, width, height, tiles);
    assert_int_equal(count > 0, width >= 60 && height >= 16);
    if (count > 0) {
        check_tiles(b, tiles, count);
        assert_true(seen(b, "quit"));
    } else {
        assert_true(seen(b, "60x16") || seen(b, "small"));
    }
    if (words) check_words(b);
}

static void screens_hold_together_at_every_size(void **state) {
    static const sx_state moments[] = {SX_STATE_LOADING, SX_STATE_RUNNING, SX_STATE_FINISHED,
                                       SX_STATE_FAILED};
    (void)state;
    for (int i = 0; i < 4; i++) {
        bench *b = bench_new(moments[i]);
        for (int height = 5; height <= 100; height += height < 34 ? 3 : 11)
            for (int width = 20; width <= 300; width += width < 130 ? 7 : 31) {
                sx_screen_key(b->screen, "1");
                sx_screen_key(b->screen, "Tab");
                check_size(b, width, height, plain, true);
            }
        for (char page = '1'; page <= '6'; page++) {
            char key[2] = {page, 0};
            sx_screen_key(b->screen, key);
            for (int height = 15; height <= 60; height += 9)
                for (int width = 59; width <= 200; width += 23)
                    check_size(b, width, height, plain, page != '6'); /* a table may cut cells */
        }
        bench_free(b);
    }
}

static void layouts_change_where_they_should(void **state) {
    static const struct {
        int width, height, tiles;
    } cases[] = {{60, 16, 1},  {79, 40, 1},  {80, 24, 2}, {80, 30, 2}, {80, 31, 4},
                 {110, 32, 4}, {160, 24, 4}, {59, 16, 0}, {60, 15, 0}, {300, 100, 4}};
    (void)state;
    sx_tile tiles[SX_SCREEN_TILES];
    bench *b = bench_new(SX_STATE_RUNNING);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int got = sx_screen_tiles(b->screen, cases[i].width, cases[i].height, tiles);
        if (got != cases[i].tiles)
            fail_msg("%d tiles at %dx%d", got, cases[i].width, cases[i].height);
    }
    bench_free(b);
}

/* ---- any keys ---------------------------------------------------------------------------------
 */

static size_t all_keys(char keys[][SX_KEY_SIZE], size_t room) {
    static const char typed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                ":/#.,+-=?!*()[]";
    static const char *const named[] = {
        "space",  "Tab",    "Shift-Tab", "Enter",  "Esc",    "Up",        "Down", "Left", "Right",
        "PgUp",   "PgDn",   "Home",      "End",    "Delete", "Backspace", "F1",   "F10",  "Ctrl-C",
        "Ctrl-L", "Ctrl-Z", "Ctrl-U",    "Ctrl-D", "é",      "Enter",     "Esc"};
    size_t count = 0;
    for (size_t i = 0; typed[i] && count < room; i++)
        snprintf(keys[count++], SX_KEY_SIZE, "%c", typed[i]);
    for (size_t i = 0; i < sizeof named / sizeof *named && count < room; i++)
        snprintf(keys[count++], SX_KEY_SIZE, "%s", named[i]);
    return count;
}

static void random_keys_never_break_it(void **state) {
    static const sx_state moments[] = {SX_STATE_RUNNING, SX_STATE_FINISHED, SX_STATE_FAILED,
                                       SX_STATE_LOADING};
    static const char *const mouse[] = {"Click", "Release", "WheelUp", "WheelDown"};
    const char *wanted = getenv("SX_MONKEY_KEYS"); /* many more in the long tests */
    int presses = wanted ? atoi(wanted) : 4000;
    char keys[128][SX_KEY_SIZE], directory[] = "/tmp/sextant-keys-XXXXXX";
    char before[SX_PATH_SIZE];
    (void)state;
    assert_non_null(mkdtemp(directory)); /* :screen-save may write anywhere below here */
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(directory), 0);
    size_t count = all_keys(keys, 128);
    sx_random random = sx_random_from(11, 0, 0);
    make_store();
    bench *b = bench_new(SX_STATE_RUNNING);
    for (int i = 0; i < presses; i++) {
        if (i % 5000 == 4999) make_store(); /* keys delete runs */
        if (i % 700 == 699) show(b, moments[sx_random_below(&random, 4)]);
        if (i % 40 == 39) {
            int width = 20 + (int)sx_random_below(&random, 140);
            draw(b, width, 5 + (int)sx_random_below(&random, 45), i % 3 ? ascii : full);
            sx_screen_mouse(b->screen, mouse[sx_random_below(&random, 4)],
                            (int)sx_random_below(&random, 200), (int)sx_random_below(&random, 60));
        }
        sx_screen_key(b->screen, keys[sx_random_below(&random, (uint32_t)count)]);
        sx_screen_take_wish(b->screen);
        if (i % 4 == 0) draw(b, b->canvas.width, b->canvas.height, b->canvas.look);
        if (i % 100 == 0) json_decref(sx_screen_state(b->screen));
    }
    press(b, "Esc Esc Esc Esc n ?");
    draw(b, 80, 24, full);
    expect_seen(b, "Help"); /* help opens everywhere */
    bench_free(b);
    sx_listing listing = {0};
    assert_int_equal(sx_directory_list(".", &listing, NULL), SX_OK);
    for (size_t i = 0; i < listing.count; i++) unlink(listing.names[i]);
    sx_listing_done(&listing);
    assert_int_equal(chdir(before), 0);
    rmdir(directory);
}

/* ---- the tables -------------------------------------------------------------------------------
 */

static void check_rows(const char *where, const sx_command *rows, sx_commands all) {
    for (const sx_command *row = rows; row->name; row++) {
        char keys[64], *rest;
        if (!row->help || !row->help[0]) fail_msg("%s: '%s' has no help", where, row->name);
        if (!row->run || !row->argument) fail_msg("%s: '%s' is not whole", where, row->name);
        for (const char *c = row->name; *c; c++)
            if (!strchr("abcdefghijklmnopqrstuvwxyz-", *c)) fail_msg("%s: '%s'", where, row->name);
        if (sx_commands_of_name(all, row->name, NULL) != row)
            fail_msg("%s: ':%s' means another command", where, row->name);
        if (!row->keys || !row->keys[0]) fail_msg("%s: '%s' has no key", where, row->name);
        snprintf(keys, sizeof keys, "%s", row->keys);
        for (char *key = strtok_r(keys, " ", &rest); key; key = strtok_r(NULL, " ", &rest)) {
            if (!sx_key_known(key)) fail_msg("%s: no key '%s'", where, key);
            if (sx_commands_of_key(all, key, NULL) != row)
                fail_msg("%s: key %s is taken twice", where, key);
        }
    }
}

static void every_command_has_help_a_key_and_a_name(void **state) {
    const char *name;
    int panes = 0;
    (void)state;
    for (const sx_command *rows; (rows = sx_pane_commands(panes, &name)); panes++) {
        const sx_command_set sets[] = {{name, rows, NULL},
                                       {"everywhere", sx_screen_commands, NULL}};
        check_rows(name, rows, (sx_commands){sets, 2});
        check_rows(name, sx_screen_commands, (sx_commands){sets, 2});
    }
    assert_int_equal(panes, 10);
}

/* ---- what keys do -----------------------------------------------------------------------------
 */

/* The picture that comes first under an order is the extreme one of the table of items. */
static void pictures_are_ordered(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    const sx_table *table = &sx_snapshot_result(&b->moment.snapshot, "items")->table;
    int least = 0, worst = 0;
    for (int i = 1; i < SAMPLE_ITEMS; i++) {
        if (table->columns[3].numbers[i] < table->columns[3].numbers[least]) least = i;
        if (table->columns[7].numbers[i] > table->columns[7].numbers[worst]) worst = i;
    }
    char item[32];
    draw(b, 120, 40, full);
    press(b, "2 O");
    snprintf(item, sizeof item, "%.0f", table->columns[0].numbers[least]);
    expect_state(b, "data.item", item);
    expect_seen(b, "least sure first");
    press(b, "O");
    snprintf(item, sizeof item, "%.0f", table->columns[0].numbers[worst]);
    expect_state(b, "data.item", item);
    press(b, "O");
    expect_state(b, "data.order", "index");
    expect_state(b, "data.item", "0");
    assert_int_equal(sx_screen_command(b->screen, "order confidence", NULL), SX_OK);
    assert_int_equal(sx_screen_command(b->screen, "go 5", NULL), SX_OK);
    expect_state(b, "data.item", "5");
    press(b, "t");
    expect_state(b, "data.order", "index");
    press(b, "O");
    expect_seen(b, "predictions are known for the validation images");
    bench_free(b);
}

static void classes_and_factors_are_counted(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    const sx_study_data *data = b->moment.snapshot.data;
    press(b, "2 H");
    expect_state(b, "data.histogram", "true");
    golden_check(&b->canvas, "pane-histogram-80x24");
    int first = 0;
    for (size_t i = 0; i < sx_source_describe(data->source)->counts[SX_SPLIT_VALIDATION]; i++)
        first += sx_source_label(data->source, SX_SPLIT_VALIDATION, i) == 0;
    press(b, "Enter"); /* the pictures of the class */
    expect_state(b, "data.histogram", "false");
    char count[16];
    snprintf(count, sizeof count, "%d", first);
    expect_state(b, "data.shown", count);
    press(b, "c c H Right");
    expect_seen(b, "images by");
    assert_false(seen(b, "images by class"));
    press(b, "Left G t Down Esc");
    expect_state(b, "data.histogram", "false");
    bench_free(b);
}

/* Undo may bring back a class while another job has no data yet. */
static void undo_without_data_does_no_harm(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "2 c c");
    show(b, SX_STATE_LOADING);
    press(b, "u");
    json_decref(sx_screen_state(b->screen));
    press(b, "u H C Down Enter Esc");
    show(b, SX_STATE_RUNNING);
    press(b, "u Enter");
    bench_free(b);
}

/* Typed letters narrow the help, and act as no command. */
static void help_is_searched(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "3 ? / q u i"); /* of "quiet"? q must not leave */
    expect_state(b, "overlay", "help");
    expect_seen(b, "Help · /qui");
    expect_seen(b, ":quit");
    assert_false(seen(b, ":smooth"));
    press(b, "Backspace Backspace Backspace m o m e n Enter");
    expect_seen(b, ":momentum");
    assert_false(seen(b, ":quit"));
    press(b, "/ x y z Esc");
    expect_seen(b, ":left");
    press(b, "Esc");
    expect_state(b, "overlay", "");
    press(b, "?");
    expect_seen(b, "/ searches");
    bench_free(b);
}

/* `i` explains whatever has the keys, whole in the smallest window. */
static void every_pane_explains_itself(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    for (int page = 2; page <= PAGES; page++) {
        char keys[16];
        if (page == 6) continue; /* there are no claims yet */
        draw(b, 60, 16, full);
        snprintf(keys, sizeof keys, "%d i", page);
        press(b, keys);
        expect_seen(b, "What this is");
        expect_seen(b, "Try: ");
        sx_text all = {0};
        sx_canvas_to_text(&b->canvas, &all);
        if (strstr(strchr(all.data, '\n'), "…")) fail_msg("not whole:\n%s", all.data);
        sx_text_done(&all);
        press(b, "i");
        assert_false(seen(b, "What this is"));
    }
    draw(b, 80, 24, full);
    press(b, "4 i");
    golden_check(&b->canvas, "pane-explain-80x24");
    bench_free(b);
}

static void pages_and_focus_follow_keys(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    expect_state(b, "page", "dashboard");
    expect_state(b, "focus", "data");
    expect_seen(b, "Train");
    assert_false(seen(b, "Risk ·"));
    press(b, "Tab Tab");
    expect_state(b, "focus", "robustness");
    expect_seen(b, "Risk ·"); /* the other two tiles of 80x24 */
    press(b, "Shift-Tab Enter");
    expect_state(b, "page", "train");
    press(b, "Esc");
    expect_state(b, "page", "dashboard");
    press(b, "5 Tab"); /* no claims yet */
    expect_state(b, "page", "probe");
    press(b, "Tab");
    expect_state(b, "page", "inspect");
    press(b, "Tab"); /* nothing is compared yet */
    expect_state(b, "page", "runs");
    press(b, "Tab Tab");
    expect_state(b, "page", "data");
    press(b, "6");
    expect_state(b, "page", "data");
    assert_false(seen(b, "6"[0] ? "6 Claims" : ""));
    show(b, SX_STATE_FINISHED);
    press(b, "6");
    expect_state(b, "page", "claims");
    expect_seen(b, "2 hold · 1 fails · 1 undecided");
    show(b, SX_STATE_RUNNING); /* another job: the page goes */
    press(b, "Left");
    expect_state(b, "page", "dashboard");
    bench_free(b);
}

static void the_probe_moves_turns_and_resizes(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "2 Right Right p");
    expect_state(b, "page", "probe");
    expect_state(b, "probe.item", "2"); /* what was selected */
    expect_state(b, "probe.probability", "0.55");
    press(b, "Left Left Up");
    expect_state(b, "probe.x", "0.4");
    expect_state(b, "probe.y", "0.45");
    expect_state(b, "probe.along", "down");
    press(b, "[ [ [");
    expect_state(b, "probe.rotation", "30.0");
    press(b, "< o b");
    expect_state(b, "probe.size", "0.4");
    expect_state(b, "probe.item", "3");
    expect_state(b, "probe.background", "1");
    assert_int_equal(b->asked, 10);
    expect_seen(b, "x 0.40 y 0.45   rotation 30   size 40 %");
    assert_int_equal(sx_screen_command(b->screen, "turn-right 250", NULL), SX_OK);
    expect_state(b, "probe.rotation", "140.0"); /* 30 - 250 = -220 */
    assert_int_equal(sx_screen_command(b->screen, "right 1", NULL), SX_OK);
    expect_state(b, "probe.x", "1.0");
    assert_int_equal(sx_screen_command(b->screen, "object 12", NULL), SX_OK);
    expect_state(b, "probe.item", "12");
    assert_int_equal(sx_screen_command(b->screen, "object 99999999", NULL), SX_OK);
    draw(b, 80, 24, full);
    expect_seen(b, "object wants an index below");
    expect_state(b, "probe.item", "12");
    press(b, "Esc");
    expect_state(b, "page", "data"); /* where it was opened */
    assert_int_equal(b->asked, -1);
    bench_free(b);
}

/* With a probe that answers at once each drawing may move the object on, round and round. */
static void the_probe_goes_by_itself(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "p [ [ [ [ [ [ [ [ [ [ [ [ [ [ [ [ [ a"); /* to 170 degrees */
    assert_true(sx_screen_again(b->screen));
    int turns = 0;
    for (int i = 0; turns < 5 && i < 2000000; i++) { /* past half a turn */
        int asked = b->asked;
        draw(b, 80, 24, full);
        turns += b->asked != asked;
        if (b->asked == asked) usleep(1000);
    }
    assert_int_equal(turns, 5);
    expect_state(b, "probe.rotation", "-160.0");
    static const char *const holding[] = {"a", "i", ":", "f"}; /* any key */
    for (size_t i = 0; i < sizeof holding / sizeof *holding; i++) {
        expect_state(b, "probe.animates", "true");
        press(b, holding[i]);
        draw(b, 80, 24, full);
        assert_false(sx_screen_again(b->screen));
        expect_state(b, "probe.animates", "false");
        press(b, "Esc Esc p a");
    }
    press(b, "a");
    sx_screen_mouse(b->screen, "Click", 7, 10); /* at the left edge of the picture */
    json_t *all = sx_screen_state(b->screen);
    double x = json_number_value(json_object_get(json_object_get(all, "probe"), "x"));
    json_decref(all);
    assert_true(x < 0.2);
    press(b, "0 Right Right Up G"); /* x 0.6, y 0.45 */
    expect_state(b, "page", "robustness");
    expect_seen(b, "x 0.60 y 0.4");
    press(b, "Esc");
    expect_state(b, "page", "probe");
    bench_free(b);
}

static void a_cell_of_the_map_opens_in_the_probe(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "4 L Right Right Up p");
    expect_state(b, "probe.x", "0.6");
    expect_state(b, "probe.y", "0.4");
    expect_state(b, "probe.size", "0.2");
    press(b, "Esc R Right p");
    expect_state(b, "probe.x", "0.5");
    expect_state(b, "probe.along", "rotation");
    expect_state(b, "probe.size", "0.5");
    assert_false(seen(b, "rotation 0 "));
    bench_free(b);
}

static void a_cell_opens_the_pictures_behind_it(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "4 L Right Right Up Enter");
    expect_state(b, "robustness.sheet", "true");
    expect_seen(b, "Robustness · pictures at x 0.60 y 0.40");
    golden_check(&b->canvas, "pane-sheet-80x24");
    json_t *before = sx_screen_state(b->screen);
    press(b, "Right Down Left");
    expect_state(b, "page", "robustness");
    press(b, "Enter"); /* the probe, with the selected picture in the cell's pose */
    expect_state(b, "page", "probe");
    expect_state(b, "probe.x", "0.6");
    expect_state(b, "probe.size", "0.2");
    json_t *after = sx_screen_state(b->screen);
    assert_true(json_integer_value(json_object_get(json_object_get(after, "robustness"), "item")) !=
                json_integer_value(json_object_get(json_object_get(before, "robustness"), "item")));
    json_decref(before);
    json_decref(after);
    press(b, "Esc"); /* back to the sheet, which is asked for again */
    expect_state(b, "page", "robustness");
    expect_seen(b, "p(true)");
    press(b, "Esc");
    expect_state(b, "robustness.sheet", "false");
    assert_int_equal(b->asked, -1);
    press(b, "S Enter Enter");
    expect_state(b, "probe.along", "size");
    assert_int_equal(sx_screen_command(b->screen, "rotation", NULL), SX_OK);
    expect_state(b, "robustness.sheet", "false"); /* closed, but the probe's question stands */
    assert_true(b->asked != -1);
    bench_free(b);
}

/* Leaves what a study of several networks leaves: a table of them, curves of both, the first's map;
 * or with `measured` what a measurement of them leaves. */
static void show_several(bench *b, bool measured) {
    static const char *const columns[] = {"cell"};
    sample *s = &b->moment;
    for (size_t i = 0; i < s->snapshot.result_count; i++) sx_result_release(s->results[i]);
    s->snapshot.result_count = 0;
    s->snapshot.report = (sx_study_report){.steps = 0, .measures_only = measured};
    sx_result *map = sample_map("location", "first: Accuracy by location", 3, 0, 0);
    sx_result *size = sample_series("size", "Accuracy by size", 3, 2, true);
    for (int i = 0; i < 3; i++) size->series.x[i] = 0.1 * i;
    for (int k = 0; k < 2; k++) {
        size->series.lines[k].name = k ? "second" : "first";
        for (int i = 0; i < 3; i++) {
            size->series.lines[k].y[i] = 0.5 + 0.1 * k;
            size->series.lines[k].count[i] = 40;
        }
    }
    sample_add(s, map, -1);
    sample_add(s, size, -1);
    if (!measured) sample_add(s, sx_table_new("cells", "Networks", 0, columns, 1, 1), -1);
    sx_screen_update(b->screen, &s->snapshot);
}

static void pages_say_where_several_networks_are(void **state) {
    (void)state;
    for (int measured = 0; measured < 2; measured++) {
        const char *where = measured ? "A measurement of a set has no network of its own"
                                     : "Each network has a run of its own: page Runs opens it";
        bench *b = bench_new(SX_STATE_FINISHED);
        show_several(b, measured);
        press(b, "3");
        expect_seen(b, measured ? "networks are as they were opened" : where);
        press(b, "5");
        expect_seen(b, measured ? "is not a part of this measurement" : where);
        press(b, "I");
        assert_false(seen(b, "yet"));
        press(b, "2");
        expect_seen(b, "predictions are not of this run");
        press(b, "w");
        expect_seen(b, where);
        press(b, "6");
        expect_seen(b,
                    measured ? "a measurement of a set makes no claims" : "this run has no claims");
        press(b, "4 L");
        expect_seen(b, "first: Accuracy by location");
        press(b, "S Right");
        expect_state(b, "robustness.cursor", "size 0.10   first 0.50   n 40");
        bench_free(b);
    }
}

/* Without a network nothing is the worst. */
static void a_sheet_that_nobody_judged_says_so(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    show_several(b, false);
    press(b, "4 S Right Enter");
    expect_seen(b, "worst first");
    b->answer.sheet.step = -1;
    b->answer.version++;
    sx_screen_answer(b->screen, &b->answer);
    draw(b, 80, 24, full);
    assert_false(seen(b, "first ┐"));
    assert_false(seen(b, "p(true)"));
    expect_seen(b, "Each network has a run of its own");
    bench_free(b);
}

/* What was measured is in the result; the title is for people, and the configuration may be another
 * one by now. */
static void the_sheet_is_of_what_the_result_says(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    for (size_t i = 0; i < b->moment.snapshot.result_count; i++) {
        sx_result *result = (sx_result *)(uintptr_t)b->moment.results[i];
        if (strcmp(result->name, "location") != 0) continue;
        result->split = "test";
        result->scene = "posed(area=0.3)";
    }
    press(b, "4 L Right");
    expect_seen(b, "Robustness · accuracy by location, area 0.3, test objects");
    press(b, "Enter");
    assert_int_equal(b->answer.sheet.split, SX_SPLIT_TEST);
    assert_true(b->answer.sheet.pose.area == 0.3);
    bench_free(b);
}

/* A number of the state. */
static long long number_of(const bench *b, const char *pane, const char *field) {
    json_t *state = sx_screen_state(b->screen);
    long long value = json_integer_value(json_object_get(json_object_get(state, pane), field));
    json_decref(state);
    return value;
}

static void a_threshold_opens_the_refused_pictures(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "5 Enter");
    expect_state(b, "page", "data");
    expect_state(b, "data.order", "confidence");
    expect_seen(b, "confidence 0.00 to 0.");
    long long refused = number_of(b, "data", "shown"), surest;
    assert_true(refused > 0 && refused < 1000);
    press(b, "Enter Enter"); /* one of them, and the probe with it */
    expect_state(b, "page", "probe");
    press(b, "Esc Esc Esc"); /* the picture, the pictures, where they were opened */
    expect_state(b, "page", "risk");
    press(b, "Left Left Left Left Left"); /* less coverage: more are refused */
    expect_seen(b, "coverage 0.");
    press(b, "Enter");
    assert_true(number_of(b, "data", "shown") > refused);
    press(b, "Esc T r Right"); /* the surest bin */
    expect_seen(b, "confidence 0.93 to 1.00: accuracy ");
    golden_check(&b->canvas, "pane-bin-80x24");
    press(b, "Enter");
    surest = number_of(b, "data", "shown");
    expect_seen(b, "confidence 0.93 to 1.00");
    assert_int_equal(sx_screen_command(b->screen, "confident 0.2 0.5", NULL), SX_OK);
    assert_true(number_of(b, "data", "shown") != surest);
    assert_int_equal(sx_screen_command(b->screen, "confident 0.5 0.2", NULL), SX_OK);
    draw(b, 80, 24, full);
    expect_seen(b, "two numbers from 0 to 1");
    assert_int_equal(sx_screen_command(b->screen, "confident", NULL), SX_OK);
    assert_int_equal(number_of(b, "data", "shown"), 1200);
    bench_free(b);
}

static void changes_of_the_view_are_undone(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "u");
    expect_seen(b, "there is no change of the view to undo");
    press(b, "2 w c Right Right");
    expect_state(b, "data.show", "wrong");
    long long item = number_of(b, "data", "item");
    press(b, "u"); /* not the cursor: the class; the picture stays selected */
    expect_state(b, "data.class", "all");
    expect_state(b, "data.show", "wrong");
    assert_int_equal(number_of(b, "data", "item"), item);
    press(b, "u");
    expect_state(b, "data.show", "all");
    press(b, "u");
    expect_state(b, "page", "dashboard");
    press(b, "3 L S");
    assert_int_equal(sx_screen_command(b->screen, "filter cr", NULL), SX_OK); /* of another pane */
    press(b, "u");
    expect_state(b, "data.filter", "");
    expect_state(b, "train.smooth", "1");
    press(b, "u u");
    expect_state(b, "train.smooth", "0");
    expect_state(b, "train.logarithmic", "false");
    press(b, "5 T r u u");
    expect_state(b, "risk.target", "0.02");
    expect_state(b, "risk.reliability", "false");
    press(b, "7 ] ] < u");
    expect_state(b, "probe.size", "0.5");
    press(b, "u u");
    expect_state(b, "probe.rotation", "0.0");
    press(b, "u");
    expect_state(b, "page", "risk");
    for (int i = 0; i < 60; i++) press(b, i % 2 ? "3" : "4"); /* more than are kept */
    for (int i = 0; i < 60; i++) press(b, "u");
    expect_seen(b, "there is no change of the view to undo");
    bench_free(b);
}

static void a_cell_of_the_confusion_opens_its_pictures(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_LOADING);
    press(b, "2 C");
    assert_false(seen(b, "confusion, validation")); /* nothing was judged */
    show(b, SX_STATE_FINISHED);
    press(b, "C Down Right Right");
    expect_seen(b, "confusion, validation");
    golden_check(&b->canvas, "pane-confusion-80x24");
    const sx_source_facts *facts = sx_source_describe(b->moment.snapshot.data->source);
    char cell[128];
    snprintf(cell, sizeof cell, "true %s, says %s", facts->class_names[1], facts->class_names[2]);
    expect_seen(b, cell);
    press(b, "g");
    snprintf(cell, sizeof cell, "true %s, says %s", facts->class_names[0], facts->class_names[0]);
    expect_seen(b, cell);
    press(b, "Enter"); /* the pictures of the cell: all right, all of one class */
    expect_state(b, "data.class", facts->class_names[0]);
    long long right = number_of(b, "data", "shown");
    press(b, "w w");
    expect_state(b, "data.show", "right");
    assert_int_equal(number_of(b, "data", "shown"), right);
    press(b, "c"); /* another class: no more of that prediction only */
    assert_true(number_of(b, "data", "shown") > 0);
    long long sum = 0; /* the cells of a row are its class' pictures */
    for (int column = 0; column < facts->classes; column++) {
        press(b, "C g");
        for (int i = 0; i < column; i++) press(b, "Right");
        press(b, "Enter");
        sum += number_of(b, "data", "shown");
    }
    long long all = 0;
    const sx_result *items = sx_snapshot_result(&b->moment.snapshot, "items");
    for (size_t i = 0; i < items->table.rows; i++)
        all += items->table.columns[1].numbers[i] == 0; /* label */
    assert_int_equal(sum, all);
    bench_free(b);
}

static void an_image_opens_in_the_probe(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "2 Right Enter Enter");
    expect_state(b, "page", "probe");
    expect_state(b, "probe.item", "1");
    press(b, "Esc");
    expect_state(b, "data.open", "true");
    bench_free(b);
}

static void commands_go_to_the_engine(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "space . s M + -");
    static const sx_command_kind kinds[] = {SX_COMMAND_PAUSE,      SX_COMMAND_STEP,
                                            SX_COMMAND_CHECKPOINT, SX_COMMAND_MEASURE,
                                            SX_COMMAND_SCALE,      SX_COMMAND_SCALE};
    assert_int_equal(b->count, 6);
    for (int i = 0; i < 6; i++) assert_int_equal(b->sent[i], kinds[i]);
    assert_true(b->values[4] == 1.25 && b->values[5] == 1 / 1.25);
    show(b, SX_STATE_PAUSED);
    press(b, "space");
    assert_int_equal(b->sent[6], SX_COMMAND_RESUME);
    sx_error err = {0};
    assert_int_equal(sx_screen_command(b->screen, "faster 3", &err), SX_OK);
    assert_true(b->values[7] == 3);
    assert_int_equal(sx_screen_command(b->screen, "faster much", &err), SX_OK);
    assert_int_equal(b->count, 8);
    assert_int_equal(sx_screen_command(b->screen, "fastr", &err), SX_USAGE);
    assert_non_null(strstr(err.message, "faster"));
    show(b, SX_STATE_FINISHED);
    press(b, "space + M");
    assert_int_equal(b->count, 8); /* nothing runs, nothing is sent */
    expect_seen(b, "nothing is running");
    bench_free(b);
}

static void leaving_asks_when_a_run_would_stop(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "q");
    expect_seen(b, "q again or y");
    assert_int_equal(sx_screen_take_wish(b->screen), SX_WISH_NONE);
    press(b, "x");
    assert_false(seen(b, "q again or y"));
    assert_int_equal(sx_screen_take_wish(b->screen), SX_WISH_NONE);
    press(b, "q y");
    assert_int_equal(sx_screen_take_wish(b->screen), SX_WISH_QUIT);
    assert_int_equal(sx_screen_take_wish(b->screen), SX_WISH_NONE);
    press(b, "Ctrl-C Ctrl-C");
    assert_int_equal(sx_screen_take_wish(b->screen), SX_WISH_QUIT);
    press(b, "Ctrl-Z");
    assert_int_equal(sx_screen_take_wish(b->screen), SX_WISH_SUSPEND);
    press(b, "Ctrl-L");
    assert_int_equal(sx_screen_take_wish(b->screen), SX_WISH_REPAINT);
    show(b, SX_STATE_FINISHED);
    press(b, "q");
    assert_int_equal(sx_screen_take_wish(b->screen), SX_WISH_QUIT);
    bench_free(b);
}

static void pictures_are_filtered_and_opened(void **state) {
    char wrong[32];
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    const sx_source_facts *facts = sx_source_describe(b->moment.data->source);
    int count = 0, of_class = 0, class = 2;
    for (size_t i = 0; i < SAMPLE_ITEMS; i++)
        count += sx_snapshot_result(&b->moment.snapshot, "items")->table.columns[6].numbers[i] > 0;
    for (size_t i = 0; i < facts->counts[SX_SPLIT_VALIDATION]; i++)
        of_class += sx_source_label(b->moment.data->source, SX_SPLIT_VALIDATION, i) == class;
    draw(b, 120, 40, full);
    press(b, "2 w");
    snprintf(wrong, sizeof wrong, "%d", count);
    expect_state(b, "data.shown", wrong);
    expect_state(b, "data.show", "wrong");
    expect_seen(b, "✗");
    press(b, "w");
    snprintf(wrong, sizeof wrong, "%d", SAMPLE_ITEMS - count);
    expect_state(b, "data.shown", wrong);
    press(b, "w c c c");
    snprintf(wrong, sizeof wrong, "%d", of_class);
    expect_state(b, "data.shown", wrong);
    expect_state(b, "data.class", facts->class_names[class]);
    press(b, "Right Enter");
    expect_state(b, "data.open", "true");
    expect_seen(b, "prediction");
    expect_seen(b, facts->class_names[class]);
    press(b, "Esc");
    expect_state(b, "data.open", "false");
    expect_state(b, "page", "data");
    assert_int_equal(sx_screen_command(b->screen, "class all", NULL), SX_OK);
    assert_int_equal(sx_screen_command(b->screen, "go 77", NULL), SX_OK);
    expect_state(b, "data.item", "77");
    press(b, "G");
    snprintf(wrong, sizeof wrong, "%zu", facts->counts[SX_SPLIT_VALIDATION] - 1);
    expect_state(b, "data.item", wrong);
    press(b, "g Down Right");
    json_t *all = sx_screen_state(b->screen);
    json_int_t item = json_integer_value(json_object_get(json_object_get(all, "data"), "item"));
    json_decref(all);
    if (item <= 5 || item >= 20)
        fail_msg("item %d", (int)item); /* one row down and one to the right */
    press(b, "/");
    expect_state(b, "prompt", "filter ");
    press(b, "z z z Enter");
    expect_state(b, "data.shown", "0");
    expect_seen(b, "No picture passes");
    press(b, "t t");
    expect_state(b, "data.split", "test");
    bench_free(b);
}

static void robustness_is_read_by_a_cursor(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "4 Right");
    expect_state(b, "robustness.row", "5");
    press(b, "Left Left Up");
    expect_seen(b, "x 0.30 y 0.40");
    expect_seen(b, "n 240");
    expect_seen(b, "drop 0.");
    press(b, "Up Up Up Up Up Up Up Left Left Left Left");
    expect_seen(b, "n 40");
    expect_seen(b, "2 on few images");
    press(b, "R Right");
    expect_state(b, "robustness.plot", "rotation");
    expect_seen(b, "n 400");
    press(b, "S");
    expect_state(b, "robustness.plot", "size");
    bench_free(b);
}

/* What is seen of the steps is chosen with keys and stays when data arrive. */
static void the_train_view_stays(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "3");
    expect_state(b, "train.low", "0.0");
    press(b, "g z z");
    expect_state(b, "train.low", "0.0");
    expect_state(b, "train.high", "1500.0");
    show(b, SX_STATE_FINISHED);
    draw(b, 80, 24, full);
    expect_state(b, "train.high", "1500.0");
    press(b, "G"); /* the cursor drags the view along */
    expect_state(b, "train.high", "6000.0");
    expect_state(b, "train.low", "4500.0");
    press(b, "Z");
    expect_state(b, "train.low", "3000.0");
    press(b, "0");
    expect_state(b, "train.low", "0.0");
    press(b, "L S");
    expect_state(b, "train.logarithmic", "true");
    expect_state(b, "train.smooth", "1");
    sx_error err = {0};
    assert_int_equal(sx_screen_command(b->screen, "limits 1000 3000", &err), SX_OK);
    assert_int_equal(sx_screen_command(b->screen, "smooth 10", &err), SX_OK);
    expect_state(b, "train.high", "3000.0");
    expect_state(b, "train.smooth", "10");
    draw(b, 80, 24, full);
    golden_check(&b->canvas, "pane-train-view-80x24");
    assert_int_equal(sx_screen_command(b->screen, "limits 3000 1000", &err), SX_OK);
    draw(b, 80, 24, full);
    expect_seen(b, "limits are two numbers, the lower one first");
    expect_state(b, "train.high", "3000.0");
    bench_free(b);
}

/* Over time the second half of the steps takes less of the axis than the first. */
static void curves_are_over_steps_epochs_or_time(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "3 t");
    expect_state(b, "train.axis", "epoch");
    expect_seen(b, "epoch   10");
    press(b, "t");
    expect_state(b, "train.axis", "time");
    golden_check(&b->canvas, "pane-train-time-80x24");
    press(b, "z Left");
    expect_seen(b, "at step");
    press(b, "0 t");
    expect_state(b, "train.axis", "step");
    assert_int_equal(sx_screen_command(b->screen, "over time", NULL), SX_OK);
    sx_result *clock = sx_result_keep(b->moment.snapshot.clock);
    sx_result_release(b->moment.snapshot.clock);
    b->moment.snapshot.clock = NULL; /* another job, at its beginning */
    draw(b, 80, 24, full);
    press(b, "t t t");
    expect_state(b, "train.axis", "step");
    b->moment.snapshot.clock = clock;
    bench_free(b);
}

/* A click reads a step, a drag sees the steps between; both can be done by keys. */
static void the_mouse_reads_and_zooms(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "3");
    sx_screen_mouse(b->screen, "Click", 20, 5);
    draw(b, 80, 24, full);
    expect_seen(b, "at step");
    json_t *first = sx_screen_state(b->screen);
    double cursor = json_number_value(json_object_get(json_object_get(first, "train"), "cursor"));
    json_decref(first);
    assert_true(cursor > 2000 && cursor < 4000);  /* about the middle of 6,000 */
    sx_screen_mouse(b->screen, "Release", 21, 5); /* no drag */
    draw(b, 80, 24, full);
    expect_state(b, "train.high", "6000.0");
    sx_screen_mouse(b->screen, "Click", 20, 5);
    sx_screen_mouse(b->screen, "Release", 30, 6);
    draw(b, 80, 24, full);
    json_t *state_now = sx_screen_state(b->screen), *train = json_object_get(state_now, "train");
    double low = json_number_value(json_object_get(train, "low"));
    double high = json_number_value(json_object_get(train, "high"));
    assert_true(fabs(low - cursor) < 60 && high > low + 1000 && high < 6000);
    json_decref(state_now);
    press(b, "u");
    expect_state(b, "train.high", "6000.0");
    press(b, "2");
    sx_screen_mouse(b->screen, "Click", 30, 4); /* a picture further right */
    json_t *data = sx_screen_state(b->screen);
    assert_true(json_integer_value(json_object_get(json_object_get(data, "data"), "item")) > 0);
    json_decref(data);
    sx_screen_mouse(b->screen, "Click", 25, 0); /* " 1 Dash 2 Data 3 Train 4 Robust" */
    expect_state(b, "page", "robustness");
    press(b, "3");
    sx_screen_mouse(b->screen, "Click", 60, 20); /* beside the plots */
    sx_screen_mouse(b->screen, "Release", 2, 2);
    expect_state(b, "train.high", "6000.0");
    bench_free(b);
}

static void knobs_are_turned_while_it_learns(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "3");
    expect_seen(b, "momentum 0.9");
    expect_seen(b, "no augmentation");
    assert_int_equal(sx_screen_command(b->screen, "momentum 0.5", NULL), SX_OK);
    assert_int_equal(b->sent[b->count - 1], SX_COMMAND_MOMENTUM);
    assert_true(b->values[b->count - 1] == 0.5);
    assert_int_equal(sx_screen_command(b->screen, "batch 128", NULL), SX_OK);
    assert_int_equal(b->sent[b->count - 1], SX_COMMAND_BATCH);
    assert_int_equal(sx_screen_command(b->screen, "augment off", NULL), SX_OK);
    assert_int_equal(b->sent[b->count - 1], SX_COMMAND_AUGMENT);
    assert_true(b->values[b->count - 1] == 0);
    int count = b->count;
    assert_int_equal(sx_screen_command(b->screen, "weight-decay much", NULL), SX_OK);
    assert_int_equal(b->count, count);
    press(b, "3");
    b->moment.snapshot.report.next_batch = 128;
    draw(b, 80, 24, full);
    expect_seen(b, "batch 64, then 128");
    bench_free(b);
}

/* What the study would refuse is never sent and never confirmed: one sentence says why. */
static void a_knob_that_is_refused_is_not_confirmed(void **state) {
    static const struct {
        const char *command, *said;
    } cases[] = {{"momentum 2", "momentum of sgd is from 0 to 1"},
                 {"weight-decay -1", "weight_decay of sgd is from 0 to 10"},
                 {"batch 0.5", "a batch has 1 to"},
                 {"augment", "this study changes no training images"},
                 {"faster", "is too much"}};
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "3");
    b->moment.snapshot.report.can_augment = false;
    b->moment.snapshot.report.scale = 9e5;
    int count = b->count;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(sx_screen_command(b->screen, cases[i].command, NULL), SX_OK);
        draw(b, 120, 24, full);
        expect_seen(b, cases[i].said);
        assert_false(seen(b, "from the next"));
        assert_int_equal(b->count, count);
    }
    b->moment.snapshot.report.batch = 0; /* it has not reported yet */
    assert_int_equal(sx_screen_command(b->screen, "momentum 2", NULL), SX_OK);
    assert_int_equal(b->count, count + 1);
    bench_free(b);
}

static void the_target_risk_turns(void **state) {
    double confidence[SAMPLE_ITEMS];
    uint8_t wrong[SAMPLE_ITEMS];
    char expected[32];
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    const sx_table *items = &sx_snapshot_result(&b->moment.snapshot, "items")->table;
    for (size_t i = 0; i < SAMPLE_ITEMS; i++) {
        confidence[i] = items->columns[3].numbers[i];
        wrong[i] = items->columns[6].numbers[i] > 0;
    }
    press(b, "5 T"); /* 2 -> 5 % */
    sx_operating_point point;
    assert_int_equal(sx_coverage_at_risk(confidence, wrong, SAMPLE_ITEMS, 0.05, &point, NULL),
                     SX_OK);
    snprintf(expected, sizeof expected, "%.6g", point.coverage);
    expect_state(b, "risk.coverage", expected);
    expect_seen(b, "at risk 5 %");
    press(b, "T T T");
    expect_state(b, "risk.target", "0.02");
    assert_int_equal(sx_screen_command(b->screen, "target-risk 10", NULL), SX_OK);
    expect_state(b, "risk.target", "0.1");
    press(b, "r");
    expect_state(b, "risk.reliability", "true");
    bench_free(b);
}

static void a_message_is_shown_in_full(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FAILED);
    expect_seen(b, "failed");
    press(b, "m");
    expect_seen(b, "a smaller learning rate may help");
    press(b, "3"); /* any key shown can be pressed: closes it and acts */
    expect_state(b, "page", "train");
    expect_state(b, "overlay", "");
    bench_free(b);
}

static void results_are_exported(void **state) {
    char directory[] = "/tmp/sextant-export-XXXXXX", path[512];
    sx_bytes file = {0};
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    press(b, "e");
    expect_seen(b, "no run folder");
    assert_non_null(mkdtemp(directory));
    snprintf(b->moment.snapshot.path, sizeof b->moment.snapshot.path, "%s", directory);
    press(b, "5 e");
    expect_seen(b, "24 files in");
    snprintf(path, sizeof path, "%s/export/risk.csv", directory);
    assert_int_equal(sx_file_read(path, 1 << 20, &file, NULL), SX_OK);
    assert_non_null(strstr((char *)file.data, "AURC"));
    sx_bytes_done(&file);
    snprintf(path, sizeof path, "%s/export/items.json", directory);
    json_t *json = NULL;
    assert_int_equal(sx_json_read(path, 1 << 22, &json, NULL), SX_OK);
    json_decref(json);
    snprintf(path, sizeof path, "%s/export/risk-coverage.txt", directory);
    assert_int_equal(sx_file_read(path, 1 << 20, &file, NULL), SX_OK);
    assert_non_null(strstr((char *)file.data, "coverage"));
    sx_bytes_done(&file);
    press(b, "3 L e"); /* the very view, too */
    snprintf(path, sizeof path, "%s/export/view-loss.svg", directory);
    assert_int_equal(sx_file_read(path, 1 << 20, &file, NULL), SX_OK);
    assert_non_null(strstr((char *)file.data, "loss (log)"));
    assert_non_null(strstr((char *)file.data, "0012-shapes-cnn · seed 0"));
    sx_bytes_done(&file);
    snprintf(path, sizeof path, "rm -r %s", directory);
    bench_free(b);
    assert_int_equal(system(path), 0);
}

static void numbers_are_copied(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "3 y");
    assert_int_equal(sx_screen_take_wish(b->screen), SX_WISH_COPY);
    assert_non_null(strstr(sx_screen_wished(b->screen), "gradient norm"));
    expect_seen(b, "2 results sent to the terminal's clipboard as CSV");
    size_t count = b->moment.snapshot.result_count;
    b->moment.snapshot.result_count = 0;
    press(b, "5 y");
    b->moment.snapshot.result_count = count;
    assert_int_equal(sx_screen_take_wish(b->screen), SX_WISH_NONE);
    expect_seen(b, "nothing to copy");
    bench_free(b);
}

static void a_screen_is_saved_without_the_command_line(void **state) {
    char directory[] = "/tmp/sextant-screen-XXXXXX", line[512], path[480];
    sx_bytes file = {0};
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/screen.txt", directory);
    snprintf(line, sizeof line, "screen-save %s", path);
    assert_int_equal(sx_screen_command(b->screen, line, NULL), SX_OK);
    assert_int_equal(sx_file_read(path, 1 << 20, &file, NULL), SX_OK);
    sx_text text = {0};
    sx_canvas_to_text(&b->canvas, &text);
    assert_string_equal((char *)file.data, text.data);
    sx_text_done(&text);
    sx_bytes_done(&file);
    unlink(path);
    strcat(path, ".styles");
    assert_int_equal(unlink(path), 0);
    rmdir(directory);
    bench_free(b);
}

static void the_mouse_focuses_and_scrolls(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    sx_screen_mouse(b->screen, "Click", 60, 10);
    expect_state(b, "focus", "train");
    sx_screen_mouse(b->screen, "WheelDown", 10, 10);
    expect_state(b, "focus", "data");
    json_t *all = sx_screen_state(b->screen);
    assert_true(json_integer_value(json_object_get(json_object_get(all, "data"), "item")) > 0);
    json_decref(all);
    bench_free(b);
}

/* A drawing with a budget leaves pictures for the next one, and gets there. */
static void pictures_come_as_time_allows(void **state) {
    (void)state;
    bench *b = sx_alloc(1, sizeof *b);
    assert_non_null(b);
    sx_screen_options options = {.user = b, .send = note, .page = "data", .picture_seconds = 1e-9};
    b->screen = sx_screen_new(&options, NULL);
    show(b, SX_STATE_RUNNING);
    draw(b, 120, 40, full);
    assert_true(sx_screen_again(b->screen));
    for (int i = 0; i < 200 && sx_screen_again(b->screen); i++) draw(b, 120, 40, full);
    assert_false(sx_screen_again(b->screen));
    bench_free(b);
}

static void an_unknown_page_is_refused(void **state) {
    sx_error err = {0};
    (void)state;
    sx_screen_options options = {.send = note, .page = "rsik"};
    assert_null(sx_screen_new(&options, &err));
    assert_non_null(strstr(err.message, "'risk'"));
    options.page = "train";
    sx_screen *screen = sx_screen_new(&options, &err);
    assert_non_null(screen);
    sx_canvas canvas = {0};
    assert_int_equal(sx_canvas_resize(&canvas, 80, 24, full, NULL), SX_OK);
    sx_screen_draw(screen, &canvas); /* before any snapshot */
    sx_canvas_done(&canvas);
    sx_screen_free(screen);
}

/* Where there is no room for the time that is left, bar and share stay. */
static void progress_is_seen_in_a_narrow_tile(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_RUNNING);
    b->moment.snapshot.seconds_left = 3725;
    b->moment.snapshot.report.step = 1098;
    b->moment.snapshot.report.steps = 5000;
    draw(b, 80, 24, full);
    expect_seen(b, "step 1,098 of 5,000  ▕");
    expect_seen(b, " 22 %");
    draw(b, 120, 40, full);
    expect_seen(b, "left");
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_look_as_they_should),
        cmocka_unit_test(progress_is_seen_in_a_narrow_tile),
        cmocka_unit_test(moments_look_as_they_should),
        cmocka_unit_test(screens_hold_together_at_every_size),
        cmocka_unit_test(layouts_change_where_they_should),
        cmocka_unit_test(random_keys_never_break_it),
        cmocka_unit_test(every_command_has_help_a_key_and_a_name),
        cmocka_unit_test(pictures_are_ordered),
        cmocka_unit_test(every_pane_explains_itself),
        cmocka_unit_test(pages_and_focus_follow_keys),
        cmocka_unit_test(classes_and_factors_are_counted),
        cmocka_unit_test(the_probe_moves_turns_and_resizes),
        cmocka_unit_test(help_is_searched),
        cmocka_unit_test(undo_without_data_does_no_harm),
        cmocka_unit_test(the_probe_goes_by_itself),
        cmocka_unit_test(a_cell_of_the_map_opens_in_the_probe),
        cmocka_unit_test(a_cell_opens_the_pictures_behind_it),
        cmocka_unit_test(pages_say_where_several_networks_are),
        cmocka_unit_test(a_sheet_that_nobody_judged_says_so),
        cmocka_unit_test(a_threshold_opens_the_refused_pictures),
        cmocka_unit_test(changes_of_the_view_are_undone),
        cmocka_unit_test(a_cell_of_the_confusion_opens_its_pictures),
        cmocka_unit_test(the_sheet_is_of_what_the_result_says),
        cmocka_unit_test(headings_say_what_matters_most),
        cmocka_unit_test(an_image_opens_in_the_probe),
        cmocka_unit_test(commands_go_to_the_engine),
        cmocka_unit_test(leaving_asks_when_a_run_would_stop),
        cmocka_unit_test(pictures_are_filtered_and_opened),
        cmocka_unit_test(robustness_is_read_by_a_cursor),
        cmocka_unit_test(the_train_view_stays),
        cmocka_unit_test(curves_are_over_steps_epochs_or_time),
        cmocka_unit_test(the_mouse_reads_and_zooms),
        cmocka_unit_test(knobs_are_turned_while_it_learns),
        cmocka_unit_test(a_knob_that_is_refused_is_not_confirmed),
        cmocka_unit_test(the_target_risk_turns),
        cmocka_unit_test(a_message_is_shown_in_full),
        cmocka_unit_test(results_are_exported),
        cmocka_unit_test(numbers_are_copied),
        cmocka_unit_test(a_screen_is_saved_without_the_command_line),
        cmocka_unit_test(the_mouse_focuses_and_scrolls),
        cmocka_unit_test(pictures_come_as_time_allows),
        cmocka_unit_test(an_unknown_page_is_refused),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, new_home, end_home); /* keys may delete runs */
}
