/* From an outlier to its reason: what is seen beside the scene in the probe (golden screens), that
 * it holds together at every size, what its keys do, that a plot, its file and its numbers agree;
 * and the order of the pictures that one comes from. */
#include "tests/unit/unit.h"

#include "tests/unit/golden.h"
#include "tests/unit/home.h"
#include "tests/unit/sample_store.h"
#include "tests/unit/screen_bench.h"
#include "views/plot/plot.h"

#include <locale.h>
#include <unistd.h>

/* Commands that lead to each view, and its name in the state. */
static const struct {
    const char *command, *name;
} views[] = {
    {"along curve", "curve"},      {"along classes", "classes"},    {"along pictures", "pictures"},
    {"nearby", "nearby"},          {"sees occlusion", "occlusion"}, {"sees gradient", "gradient"},
    {"sees features", "features"}, {"sees attention", "attention"}, {"sees rollout", "rollout"}};
enum { VIEWS = sizeof views / sizeof *views };

static void command(bench *b, const char *line) {
    sx_error err = {0};
    if (sx_screen_command(b->screen, line, &err)) fail_msg("%s: %s", line, err.message);
    draw(b, b->canvas.width, b->canvas.height, b->canvas.look);
}

static bench *probe(void) {
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "p [ ] o o");
    expect_state(b, "page", "probe");
    return b;
}

/* ---- golden screens ---------------------------------------------------------------------------
 */

static void check(bench *b, const char *view, int width, int height, sx_look look,
                  const char *ending) {
    char name[96];
    draw(b, width, height, look);
    snprintf(name, sizeof name, "probe-%s-%dx%d%s", view, width, height, ending);
    golden_check(&b->canvas, name);
}

static void views_look_as_they_should(void **state) {
    (void)state;
    bench *b = probe();
    for (int i = 1; i < VIEWS; i++) {
        command(b, views[i].command);
        expect_state(b, "probe.view", views[i].name);
        check(b, views[i].name, 80, 24, full, "");
        if (i <= 4) check(b, views[i].name, 120, 40, full, "");
    }
    command(b, "along classes");
    check(b, "classes", 60, 16, full, "");
    check(b, "classes", 200, 60, full, "");
    check(b, "classes", 80, 24, eight, "-8");
    check(b, "classes", 80, 24, plain, "-0");
    check(b, "classes", 80, 24, ascii, "-ascii");
    command(b, "nearby");
    check(b, "nearby", 200, 60, full, "");
    check(b, "nearby", 80, 24, ascii, "-ascii");
    command(b, "along pictures");
    check(b, "pictures", 80, 24, ascii, "-ascii");
    bench_free(b);
}

/* Nothing is drawn beside its box, and something is there. */
static void it_holds_together_at_every_size(void **state) {
    (void)state;
    for (int plain_network = 0; plain_network < 2; plain_network++) {
        bench *b = probe();
        b->plain_network = plain_network;
        for (int i = 0; i < VIEWS; i++) {
            command(b, views[i].command);
            for (int height = 16; height <= 70; height += 9)
                for (int width = 60; width <= 220; width += 17) {
                    draw(b, width, height, i % 2 ? ascii : full);
                    expect_seen(b, "Probe");
                    for (int y = 1; y < height - 2; y++) { /* the frame is whole */
                        uint32_t right = b->canvas.cells[y * width + width - 1].glyph;
                        assert_true(right != ' ' && right != 0);
                    }
                }
            draw(b, 80, 24, full);
        }
        bench_free(b);
    }
}

/* ---- what keys do -----------------------------------------------------------------------------
 */

static void views_go_round(void **state) {
    static const char *const courses[] = {"curve", "classes", "pictures", "curve", "classes"};
    static const char *const maps[] = {"nearby", "nearby-accuracy", "classes"};
    static const char *const looks[] = {"occlusion", "gradient", "features",
                                        "attention", "rollout",  "classes"};
    (void)state;
    bench *b = probe();
    for (size_t i = 0; i < 5; i++) {
        expect_state(b, "probe.view", courses[i]);
        if (i < 4) press(b, "f");
    }
    for (size_t i = 0; i < 3; i++) {
        press(b, "g");
        expect_state(b, "probe.view", maps[i]);
    }
    for (size_t i = 0; i < 6; i++) {
        press(b, "w");
        expect_state(b, "probe.view", looks[i]);
    }
    press(b, "W");
    expect_state(b, "probe.view", "rollout");
    press(b, "f"); /* back to the last course */
    expect_state(b, "probe.view", "classes");
    press(b, "u");
    expect_state(b, "probe.view", "rollout");
    bench_free(b);
    b = probe(); /* what it cannot show is passed over, and told if wanted */
    b->plain_network = true;
    press(b, "w w w w");
    expect_state(b, "probe.view", "curve");
    command(b, "sees attention");
    expect_seen(b, "This network has no attention");
    bench_free(b);
}

/* What is asked follows the view, and is asked again with every move. */
static void questions_follow_the_view(void **state) {
    (void)state;
    bench *b = probe();
    int asked = b->asked;
    press(b, "w");
    assert_true(b->answer.inside.beside && b->answer.inside.label && !b->answer.inside.plain);
    assert_true(b->answer.inside.parts >> SX_INSIDE_OCCLUSION & 1);
    press(b, "Left");
    assert_int_equal(b->asked, asked + 2);
    assert_true(b->answer.known.scene.pose.x < 0.5 && b->answer.inside.beside);
    press(b, "c");
    assert_false(b->answer.inside.label);
    press(b, "w w");
    int layer = b->answer.inside.layer;
    assert_true(layer >= 0); /* the first whose values are pictures */
    press(b, "}");
    assert_int_equal(b->answer.inside.layer, layer + 1);
    press(b, "{ {");
    assert_int_equal(b->answer.inside.layer, layer - 1);
    press(b, "w {");
    assert_int_equal(b->answer.inside.block, 1); /* of two */
    press(b, "g");
    assert_true(b->answer.nearby && !b->answer.inside.parts);
    press(b, "f");
    assert_true(!b->answer.nearby && b->answer.known.sweep);
    press(b, "Esc Esc 1");
    assert_int_equal(b->asked, -1);
    bench_free(b);
}

static void deliver(bench *b, bool whole) {
    b->answer.version++;
    b->answer.whole = whole;
    sx_screen_answer(b->screen, &b->answer);
    draw(b, 80, 24, full);
}

static double seen_value(const bench *b) {
    json_t *state = sx_screen_state(b->screen);
    double value =
        json_number_value(json_object_get(json_object_get(state, "probe"), "mean_nearby"));
    json_decref(state);
    return value;
}

/* A map that begins again for a network that has learned does not flicker: the one before stays
 * until the new one is as far; of another object it is seen at once. */
static void maps_wait_for_each_other(void **state) {
    (void)state;
    bench *b = probe();
    press(b, "g");
    double first = seen_value(b);
    assert_true(first > 0.3 && first < 0.8);
    const sx_result *kept = sx_result_keep(b->answer.results[0]);
    reply_to_nearby(b, &(sx_question){.scene = b->answer.known.scene, .nearby = true});
    assert_int_equal(b->answer.result_count, 4);
    for (int i = 0; i < 2; i++) sx_result_release(b->answer.results[i]);
    memmove(b->answer.results, b->answer.results + 2, 2 * sizeof *b->answer.results);
    b->answer.result_count = 2;
    sx_grid *grid = &((sx_result *)(uintptr_t)b->answer.results[0])->grid;
    for (int i = 0; i < grid->rows * grid->columns; i++) grid->values[i] = i % 2 ? NAN : 0.125;
    deliver(b, false);
    assert_true(fabs(seen_value(b) - first) < 1e-9);
    deliver(b, true);
    assert_true(fabs(seen_value(b) - 0.125) < 1e-9);
    ((sx_result *)(uintptr_t)b->answer.results[0])->title = "Another object";
    grid->values[0] = 0.125;
    deliver(b, false);
    assert_true(fabs(seen_value(b) - 0.125) < 1e-9);
    sx_result_release(kept);
    bench_free(b);
}

/* A part of an answer about the inside would lay an old map over a new picture. */
static void a_map_is_never_seen_over_another_picture(void **state) {
    (void)state;
    bench *b = probe();
    press(b, "w");
    sx_text before = {0}, after = {0};
    sx_canvas_to_styles(&b->canvas, &before);
    size_t count = b->answer.result_count;
    sx_result *picture = (sx_result *)(uintptr_t)b->answer.results[0];
    uint8_t *pixels = sx_arena_alloc(&picture->arena, 32 * 32 * 3, 1);
    memset(pixels, 200, 32 * 32 * 3);
    picture->images.pixels = pixels; /* another one, and its map is not there yet */
    b->answer.result_count = 1;
    deliver(b, false);
    sx_canvas_to_styles(&b->canvas, &after);
    assert_string_equal(before.data, after.data);
    b->answer.result_count = count;
    deliver(b, true);
    sx_text_done(&after);
    sx_canvas_to_styles(&b->canvas, &after);
    assert_string_not_equal(before.data, after.data);
    sx_text_done(&before);
    sx_text_done(&after);
    bench_free(b);
}

/* ---- stacked parts ----------------------------------------------------------------------------
 */

enum { POINTS = 9, LINES = 9 };

static sx_result *make_series(void) {
    static const char *const names[LINES] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    sx_result *r = sx_result_new(SX_RESULT_SERIES, "stack", "A stack");
    assert_true(r && sx_series_alloc(r, POINTS, LINES, false));
    r->series.x_label = "x";
    r->series.y_label = "probability";
    for (int i = 0; i < POINTS; i++) {
        double sum = 0;
        r->series.x[i] = i;
        for (int l = 0; l < LINES; l++) sum += 1 + l + 3 * sin(i + l) * (l > 2);
        for (int l = 0; l < LINES; l++)
            r->series.lines[l].y[i] = (1 + l + 3 * sin(i + l) * (l > 2)) / sum;
    }
    for (int l = 0; l < LINES; l++) r->series.lines[l].name = names[l];
    return r;
}

/* The parts by a plain loop: the first, then the means from the largest. */
static void parts_are_the_largest(void **state) {
    (void)state;
    sx_result *r = make_series();
    int parts[SX_STACK_PARTS];
    double mass[LINES] = {0};
    for (int l = 0; l < LINES; l++)
        for (int i = 0; i < POINTS; i++) mass[l] += r->series.lines[l].y[i];
    assert_int_equal(sx_stack_parts(r, &(sx_stack){.first = 1}, parts), SX_STACK_PARTS);
    assert_int_equal(parts[0], 1);
    bool taken[LINES] = {[1] = true};
    for (int k = 1; k < SX_STACK_PARTS; k++) {
        int best = -1;
        for (int l = 0; l < LINES; l++)
            if (!taken[l] && (best < 0 || mass[l] > mass[best])) best = l;
        assert_int_equal(parts[k], best);
        taken[best] = true;
    }
    assert_int_equal(sx_stack_parts(r, &(sx_stack){.first = -1}, parts), SX_STACK_PARTS);
    assert_int_equal(parts[0], 8);
    sx_result_release(r);
}

/* Which part lies at a height over x, by the series alone; LINES: the others. */
static int part_at(const sx_result *r, const int *parts, double x, double height) {
    int left = (int)floor(x);
    if (left > POINTS - 2) left = POINTS - 2;
    double sum = 0, part = x - left;
    for (int k = 0; k < SX_STACK_PARTS; k++) {
        const double *y = r->series.lines[parts[k]].y;
        sum += y[left] + part * (y[left + 1] - y[left]);
        if (height < sum) return k;
    }
    return LINES;
}

static sx_colour colour_of(int part) {
    return SX_COLOUR_ROLE(part == LINES ? SX_ROLE_DIM : SX_ROLE_SERIES1 + part);
}

/* Every half cell has the colour of the part that a plain loop finds at its middle. */
static void cells_have_the_colour_of_their_part(void **state) {
    (void)state;
    sx_result *r = make_series();
    sx_canvas canvas = {0};
    int parts[SX_STACK_PARTS], seen = 0;
    sx_stack options = {.first = 1, .cursor = NAN};
    sx_stack_parts(r, &options, parts);
    enum { WIDTH = 60, HEIGHT = 24 };
    assert_int_equal(sx_canvas_resize(&canvas, WIDTH, HEIGHT, full, NULL), SX_OK);
    sx_plot_stack(&canvas, sx_canvas_box(&canvas), r, &options);
    int left = -1, top = -1, right = WIDTH, bottom = -1; /* of the data, by what is drawn around */
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint32_t glyph = canvas.cells[y * WIDTH + x].glyph;
            if (glyph == 0x253C) left = x + 1, bottom = y;
            if (glyph == 0x2524 && top < 0) top = y;
        }
    assert_true(left > 0 && top >= 0 && bottom > top);
    while (canvas.cells[bottom * WIDTH + right - 1].glyph != 0x2500 &&
           canvas.cells[bottom * WIDTH + right - 1].glyph != 0x252C)
        right--;
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            for (int half = 0; half < 2; half++) {
                const sx_cell *cell = &canvas.cells[y * WIDTH + x];
                double at = (x + 0.25 - left) / (right - left - 0.5) * (POINTS - 1);
                double height = 1 - (y + 0.25 + 0.5 * half - top - 0.5) / (bottom - top);
                sx_colour got = cell->style.background;
                if (cell->glyph == 0x2580 && half == 0) got = cell->style.foreground;
                if (cell->glyph == 0x2584 && half == 1) got = cell->style.foreground;
                if (height >= 1) {
                    assert_int_equal(got, 0);
                    continue;
                }
                at = fmin(at, POINTS - 1);
                assert_int_equal(got, colour_of(part_at(r, parts, at, height)));
                seen++;
            }
    assert_true(seen > 1000);
    sx_canvas_done(&canvas);
    sx_result_release(r);
}

/* The corners of the bands in the SVG are the sums of the numbers in the CSV. */
static void the_file_has_the_sums_of_the_numbers(void **state) {
    (void)state;
    sx_result *r = make_series();
    sx_text svg = {0}, csv = {0};
    int parts[SX_STACK_PARTS];
    sx_figure figure = {.result = r, .as_stack = true, .stack = {.first = 1, .cursor = NAN}};
    sx_stack_parts(r, &figure.stack, parts);
    sx_figure_svg(&figure, &svg);
    sx_result_csv(r, &csv);
    double y[POINTS][LINES + 1], top[SX_STACK_PARTS + 1][POINTS], base[POINTS];
    const char *line = strchr(csv.data, '\n'), *band = svg.data;
    for (int i = 0; i < POINTS; i++, line = strchr(line + 1, '\n')) {
        char *at = (char *)(uintptr_t)line + 1;
        for (int c = 0; c <= LINES; c++) y[i][c] = strtod(at, &at), at++;
    }
    for (int part = 0; part <= SX_STACK_PARTS; part++) {
        band = strstr(band, "><path d=\"M");
        assert_non_null(band);
        char *at = (char *)(uintptr_t)band + strlen("><path d=\"");
        for (int i = 0; i < 2 * POINTS; i++) {
            strtod(at + 1, &at);
            double value = strtod(at + 1, &at);
            if (i < POINTS)
                top[part][i] = value;
            else if (part == 0)
                base[2 * POINTS - 1 - i] = value;
            else /* on the one below */
                assert_true(value == top[part - 1][2 * POINTS - 1 - i]);
        }
        band = at;
    }
    for (int i = 0; i < POINTS; i++) {
        double sum = 0, whole = base[i] - top[SX_STACK_PARTS][i];
        assert_true(whole > 200);
        for (int part = 0; part < SX_STACK_PARTS; part++) {
            sum += y[i][parts[part] + 1];
            assert_true(fabs(base[i] - top[part][i] - whole * sum) < 0.02);
        }
    }
    sx_bytes png, again;
    assert_int_equal(sx_figure_png(&figure, 1, &png, NULL), SX_OK);
    assert_int_equal(sx_figure_png(&figure, 1, &again, NULL), SX_OK);
    assert_true(png.size == again.size && memcmp(png.data, again.data, png.size) == 0);
    sx_bytes_done(&png);
    sx_bytes_done(&again);
    sx_text_done(&svg);
    sx_text_done(&csv);
    sx_result_release(r);
}

/* A point that is not known is a gap, and a series without one says so. */
static void what_is_not_known_is_a_gap(void **state) {
    (void)state;
    sx_result *r = make_series();
    sx_canvas canvas = {0};
    sx_stack options = {.first = -1, .cursor = NAN};
    r->series.lines[3].y[4] = NAN;
    assert_int_equal(sx_canvas_resize(&canvas, 60, 20, full, NULL), SX_OK);
    sx_plot_stack(&canvas, sx_canvas_box(&canvas), r, &options);
    int blank = 0;
    for (int x = 5; x < 44; x++) blank += canvas.cells[10 * 60 + x].style.background == 0;
    assert_true(blank >= 4 && blank <= 12); /* around the point of nine */
    for (int l = 0; l < LINES; l++)
        for (int i = 0; i < POINTS; i++) r->series.lines[l].y[i] = NAN;
    sx_canvas_clear(&canvas);
    sx_plot_stack(&canvas, sx_canvas_box(&canvas), r, &options);
    sx_text text = {0};
    sx_canvas_to_text(&canvas, &text);
    assert_non_null(strstr(text.data, "no data yet"));
    sx_text_done(&text);
    sx_canvas_done(&canvas);
    sx_result_release(r);
}

/* ---- blocks of a map --------------------------------------------------------------------------
 */

static int count_of(const char *text, const char *what) {
    int count = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what)) count++;
    return count;
}

/* Borders are where values are multiples: in cells as marks, in files as lines between them. */
static void blocks_have_borders(void **state) {
    (void)state;
    enum { SIDE = 7 };
    sx_result *r = sample_map("nearby", "A map", SIDE, 0.5, 0.3);
    for (int i = 0; i < SIDE; i++) r->grid.row_values[i] = r->grid.column_values[i] = 5 + i;
    sx_heatmap options = sx_plot_scale(r);
    options.values = false;
    options.block = 4; /* at 8: rows and columns 3 */
    sx_canvas canvas = {0};
    sx_text text = {0};
    assert_int_equal(sx_canvas_resize(&canvas, 60, 16, full, NULL), SX_OK);
    sx_plot_heatmap(&canvas, sx_canvas_box(&canvas), r, &options);
    sx_canvas_to_text(&canvas, &text);
    assert_int_equal(count_of(text.data, "▏"), 14); /* two lines a row */
    assert_true(count_of(text.data, "▔") > 7 * 3);  /* a row but for its corner */
    sx_text_done(&text);
    assert_int_equal(sx_canvas_resize(&canvas, 12, 5, full, NULL), SX_OK); /* half cells */
    sx_plot_heatmap(&canvas, sx_canvas_box(&canvas), r, &options);
    sx_canvas_to_text(&canvas, &text);
    assert_int_equal(count_of(text.data, "▏") + count_of(text.data, "▔"), 0);
    sx_text_done(&text);
    sx_figure figure = {.result = r, .as_map = true, .map = options};
    sx_figure_svg(&figure, &text);
    int edges = count_of(text.data, "stroke=\"#ffffff\"");
    assert_int_equal(edges, 2 * SIDE - 1);
    sx_text_done(&text);
    figure.map.block = 0;
    sx_figure_svg(&figure, &text);
    assert_int_equal(count_of(text.data, "stroke=\"#ffffff\""), 0);
    sx_text_done(&text);
    sx_canvas_done(&canvas);
    sx_result_release(r);
}

/* Where every cell rests on few images, nothing is told apart by a mark in each of them. */
static void few_images_everywhere_are_said_once(void **state) {
    (void)state;
    sx_result *r = sample_map("location", "A map", 7, 0.5, 0.3);
    sx_heatmap options = sx_plot_scale(r);
    options.values = false;
    r->grid.few = 30;
    for (int i = 0; i < 49; i++) r->grid.count[i] = 8;
    r->grid.values[5] = NAN; /* and what is unknown rests on none */
    for (int known = 0; known < 2; known++) {
        sx_canvas canvas = {0};
        sx_text text = {0};
        r->grid.count[0] = known ? 40 : 8;
        assert_int_equal(sx_canvas_resize(&canvas, 60, 12, full, NULL), SX_OK);
        sx_plot_heatmap(&canvas, sx_canvas_box(&canvas), r, &options);
        sx_canvas_to_text(&canvas, &text);
        assert_int_equal(count_of(text.data, "all n < 30"), !known);
        assert_int_equal(count_of(text.data, "n < 30"), 1);
        assert_int_equal(count_of(text.data, "·"), known ? 47 + 1 : 0); /* the legend's, too */
        sx_text_done(&text);
        sx_canvas_done(&canvas);
    }
    sx_result_release(r);
}

/* ---- export -----------------------------------------------------------------------------------
 */

static void expect_files(const char *directory, const char *stem, const char *const *endings) {
    for (; *endings; endings++) {
        char path[SX_PATH_SIZE];
        snprintf(path, sizeof path, "%s/export/%s.%s", directory, stem, *endings);
        if (access(path, R_OK) != 0) fail_msg("no %s", path);
    }
}

static void what_is_seen_is_exported(void **state) {
    static const char *const all[] = {"svg", "png", "csv", NULL};
    (void)state;
    char path[SX_PATH_SIZE], directory[] = "/tmp/sextant-why-XXXXXX";
    assert_non_null(mkdtemp(directory));
    bench *b = probe();
    sx_text_set(b->moment.snapshot.path, sizeof b->moment.snapshot.path, directory);
    press(b, "f e");
    expect_files(directory, "probe-rotation", all);
    expect_files(directory, "probe-classes-rotation", all);
    expect_files(directory, "probe-pictures-rotation", all);
    snprintf(path, sizeof path, "%s/export/probe-classes-rotation.csv", directory);
    sx_bytes csv = {0};
    assert_int_equal(sx_file_read(path, 1 << 20, &csv, NULL), SX_OK);
    double first = strtod(strchr((const char *)csv.data, '\n') + 1, NULL), sum = 0;
    char *at = strchr((char *)csv.data, '\n');
    at = strchr(at, ',');
    for (int c = 0; c < b->answer.known.classes; c++) {
        double p = strtod(at + 1, &at);
        assert_true(fabs(p - (double)b->sweep[c]) < 1e-6);
        sum += p;
    }
    assert_true(first == -180 && fabs(sum - 1) < 1e-5);
    sx_bytes_done(&csv);
    press(b, "g e w e");
    expect_files(directory, "probe-nearby", all);
    expect_files(directory, "probe-nearby-accuracy", all);
    expect_files(directory, "probe-occlusion", all);
    expect_files(directory, "probe-occlusion-on-picture",
                 (const char *const[]){"svg", "png", NULL});
    snprintf(path, sizeof path, "rm -r %s/export", directory);
    assert_int_equal(system(path), 0);
    press(b, "o e"); /* the object is another one: its course is not known, nor that of before */
    snprintf(path, sizeof path, "%s/export/probe-classes-rotation.svg", directory);
    assert_int_not_equal(access(path, R_OK), 0);
    bench_free(b);
    snprintf(path, sizeof path, "rm -r %s", directory);
    assert_int_equal(system(path), 0);
}

/* ---- the pictures that one comes from ---------------------------------------------------------
 */

static double selected_loss(const bench *b) {
    json_t *state = sx_screen_state(b->screen);
    json_int_t item =
        json_integer_value(json_object_get(json_object_get(state, "robustness"), "item"));
    json_decref(state);
    for (int i = 0; i < b->answer.sheet.count; i++)
        if ((json_int_t)b->answer.sheet.entries[i].item == item)
            return -log(b->answer.sheet.entries[i].p_true);
    fail_msg("nothing is selected");
    return NAN;
}

/* The highest loss first, and each one after it no higher; r turns that round; Enter opens the
 * probe with that very picture. */
static void pictures_are_sorted_by_loss(void **state) {
    (void)state;
    bench *b = bench_new(SX_STATE_FINISHED);
    press(b, "4 L Right Right Up Enter");
    expect_seen(b, "worst first");
    for (int turn = 0; turn < 2; turn++) {
        double before = selected_loss(b), sign = turn ? -1 : 1;
        for (int i = 0; i < 9; i++) {
            press(b, "Right");
            assert_true(sign * selected_loss(b) <= sign * before);
            before = selected_loss(b);
        }
        press(b, "r");
    }
    press(b, "r");
    expect_seen(b, "best first");
    sx_sheet sheet = b->answer.sheet;
    press(b, "Right Enter"); /* the second best: p(true) falls from the first on */
    expect_state(b, "page", "probe");
    const sx_scene *scene = &b->answer.known.scene;
    assert_int_equal(scene->item, sheet.entries[1].item);
    assert_int_equal(scene->background, sheet.entries[1].background);
    assert_true(scene->split == sheet.split && scene->pose.x == sheet.pose.x &&
                scene->pose.y == sheet.pose.y && scene->pose.area == sheet.pose.area);
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_look_as_they_should),
        cmocka_unit_test(it_holds_together_at_every_size),
        cmocka_unit_test(views_go_round),
        cmocka_unit_test(questions_follow_the_view),
        cmocka_unit_test(maps_wait_for_each_other),
        cmocka_unit_test(a_map_is_never_seen_over_another_picture),
        cmocka_unit_test(parts_are_the_largest),
        cmocka_unit_test(cells_have_the_colour_of_their_part),
        cmocka_unit_test(the_file_has_the_sums_of_the_numbers),
        cmocka_unit_test(what_is_not_known_is_a_gap),
        cmocka_unit_test(blocks_have_borders),
        cmocka_unit_test(few_images_everywhere_are_said_once),
        cmocka_unit_test(what_is_seen_is_exported),
        cmocka_unit_test(pictures_are_sorted_by_loss),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, new_home, end_home);
}
