/* The canvas: cells, text, colours, pictures, and what comes out. */
#include "tests/unit/unit.h"

#include "core/format/format.h"
#include "tests/unit/golden.h"
#include "views/canvas/glyph.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sx_look full = {256, true, false}, eight = {8, true, false}, none = {0, true, false},
                     ascii = {0, false, false};

static sx_canvas canvas_of(int width, int height, sx_look look) {
    sx_canvas canvas = {0};
    sx_error err = {0};
    assert_int_equal(sx_canvas_resize(&canvas, width, height, look, &err), SX_OK);
    return canvas;
}

/* Compares the whole canvas as text and ends it. */
static void expect_text(sx_canvas *canvas, const char *expected) {
    sx_text text = {0};
    sx_canvas_to_text(canvas, &text);
    assert_string_equal(text.data, expected);
    sx_text_done(&text);
    sx_canvas_done(canvas);
}

static void sizes_are_checked_and_memory_is_reused(void **state) {
    (void)state;
    sx_canvas canvas = {0};
    sx_error err = {0};
    assert_int_equal(sx_canvas_resize(&canvas, 0, 5, full, &err), SX_BAD_INPUT);
    assert_int_equal(sx_canvas_resize(&canvas, 5, 1001, full, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "5 x 1001"));
    sx_alloc_fail_after(0);
    assert_int_equal(sx_canvas_resize(&canvas, 10, 10, full, &err), SX_NO_MEMORY);
    sx_alloc_fail_after(-1);
    assert_int_equal(sx_canvas_resize(&canvas, 30, 20, full, &err), SX_OK);
    sx_canvas_text(&canvas, sx_canvas_box(&canvas), 0, 0, (sx_style){0}, "left over");
    canvas.cursor_x = 3;
    unsigned long before = sx_alloc_count();
    assert_int_equal(sx_canvas_resize(&canvas, 20, 30, full, &err), SX_OK);
    assert_int_equal(sx_alloc_count(), before);
    assert_int_equal(canvas.cursor_x, -1);
    for (int i = 0; i < 600; i++) assert_int_equal(canvas.cells[i].glyph, ' ');
    sx_canvas_done(&canvas);
    assert_null(canvas.cells);
}

static void boxes_are_cut_and_never_negative(void **state) {
    (void)state;
    sx_box box = {2, 3, 10, 6};
    sx_box top = sx_box_take_rows(&box, 2), bottom = sx_box_take_rows(&box, -1);
    assert_true(top.y == 3 && top.height == 2 && top.x == 2 && top.width == 10);
    assert_true(bottom.y == 8 && bottom.height == 1);
    assert_true(box.y == 5 && box.height == 3);
    sx_box left = sx_box_take_columns(&box, 4), right = sx_box_take_columns(&box, -50);
    assert_true(left.x == 2 && left.width == 4);
    assert_true(right.x == 6 && right.width == 6 && box.width == 0);
    sx_box inside = sx_box_inset((sx_box){0, 0, 5, 2}, 1, 1, 1, 1);
    assert_true(inside.x == 1 && inside.y == 1 && inside.width == 3 && inside.height == 0);
    assert_int_equal(sx_box_inset((sx_box){0, 0, 5, 2}, 9, 0, 1, 0).width, 0);
}

static void text_is_cut_with_an_ellipsis(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(12, 5, full);
    sx_box box = {1, 0, 8, 5};
    sx_style plain = {0};
    assert_int_equal(sx_canvas_text(&canvas, box, 0, 0, plain, "exactly8"), 8);
    assert_int_equal(sx_canvas_text(&canvas, box, 2, 1, plain, "too long"), 4); /* after a word */
    assert_int_equal(sx_canvas_text(&canvas, box, 8, 2, plain, "beyond"), 0);
    assert_int_equal(sx_canvas_text(&canvas, box, 0, 4, plain, "a wordlong"), 8); /* within one */
    assert_int_equal(sx_canvas_text(&canvas, box, 0, 5, plain, "below"), 0);
    sx_canvas_text_right(&canvas, box, 8, 2, plain, "right");
    sx_canvas_text_right(&canvas, box, 4, 3, plain, "leftover");
    sx_canvas_text_right(&canvas, box, 8, 3, plain, "ab");
    sx_canvas_print(&canvas, (sx_box){9, 4, 50, 1}, 0, 0, plain, "%d", 12345);
    expect_text(&canvas, " exactly8\n   too…\n    right\n lef…  ab\n a wordl…12…\n");
}

static void hostile_and_odd_text_keeps_its_columns(void **state) {
    (void)state;
    assert_int_equal(sx_text_columns("e\xcc\x81t\xe2\x80\x8b!"), 3); /* combining, zero width */
    assert_int_equal(sx_text_columns("日本"), 4);
    assert_int_equal(sx_text_columns("\x1b[2J\xff\xc2\x9b"), 6);
    sx_canvas canvas = canvas_of(12, 2, full);
    sx_box box = sx_canvas_box(&canvas);
    sx_canvas_text(&canvas, box, 0, 0, (sx_style){0},
                   "e\xcc\x81\x1b[m\xff\xc2\x9b\xf4\x90\x80\x80");
    sx_canvas_text(&canvas, box, 0, 1, (sx_style){0}, "\xed\xa0\x80|\xc0\x80|\xe2\x80\xae|\n");
    expect_text(&canvas, "e?[m??????\n???|??||?\n");
    canvas = canvas_of(9, 1, ascii);
    sx_canvas_text(&canvas, sx_canvas_box(&canvas), 0, 0, (sx_style){0}, "é日é✓λ─");
    expect_text(&canvas, "e??e+?-\n");
}

static void only_valid_utf8_is_read(void **state) {
    (void)state;
    const struct {
        const char *bytes;
        size_t length;
        uint32_t glyph;
    } cases[] = {{"a", 1, 'a'},
                 {"\x1b", 1, '?'},
                 {"\x7f", 1, '?'},
                 {"\xc2\x9b", 2, '?'}, /* a C1 control */
                 {"\xc2\xa0", 2, 0xA0},
                 {"\xc3\xa9", 2, 0xE9},
                 {"\xe2\x96\x88", 3, 0x2588},
                 {"\xf0\x9f\x99\x82", 4, 0x1F642},
                 {"\x80", 1, '?'},
                 {"\xc0\xaf", 1, '?'}, /* overlong */
                 {"\xe0\x80\xaf", 1, '?'},
                 {"\xf0\x80\x80\xaf", 1, '?'},
                 {"\xed\xa0\x80", 1, '?'},     /* half of a surrogate pair */
                 {"\xf4\x90\x80\x80", 1, '?'}, /* past the last */
                 {"\xe2\x96", 1, '?'}};        /* cut short */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t glyph;
        assert_int_equal(sx_glyph_decode(cases[i].bytes, &glyph), cases[i].length);
        assert_int_equal(glyph, cases[i].glyph);
        char back[5];
        if (glyph == '?') continue;
        assert_int_equal(sx_glyph_encode(glyph, back), cases[i].length);
        assert_string_equal(back, cases[i].bytes);
    }
}

static void wide_characters_stay_whole(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(8, 4, full);
    sx_box box = sx_canvas_box(&canvas);
    sx_style plain = {0};
    sx_canvas_text(&canvas, box, 0, 0, plain, "日本語日本"); /* 10 columns into 8 */
    sx_canvas_text(&canvas, box, 0, 1, plain, "日本語");
    sx_canvas_put(&canvas, box, 2, 1, 'a', plain);    /* first half */
    sx_canvas_put(&canvas, box, 5, 1, 'b', plain);    /* second half */
    assert_int_equal(canvas.cells[8 + 3].glyph, ' '); /* the halves that were left */
    assert_int_equal(canvas.cells[8 + 4].glyph, ' ');
    sx_canvas_text(&canvas, box, 0, 2, plain, "日本語");
    sx_canvas_put(&canvas, box, 1, 2, 0x65E5, plain); /* across two */
    sx_canvas_put(&canvas, box, 7, 3, 0x65E5, plain); /* does not fit */
    assert_int_equal(canvas.cells[1].glyph, 0);
    sx_cell *orphan = sx_canvas_cell(&canvas, box, 2, 3);
    orphan->glyph = 0; /* written directly: comes out as a blank */
    sx_canvas_cell(&canvas, box, 4, 3)->glyph = 0x65E5;
    sx_canvas_put(&canvas, box, 6, 3, '.', plain);
    expect_text(&canvas, "日本語…\n日a  b\n 日 語\n      .\n");
}

static void nothing_is_drawn_outside_of_box_or_canvas(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(20, 10, full);
    sx_style mark = sx_style_of(SX_ROLE_BAD);
    uint8_t pixels[64] = {0};
    for (int x = -3; x < 22; x += 5)
        for (int y = -3; y < 12; y += 4)
            for (int size = 0; size < 9; size++) {
                sx_canvas_fill(&canvas, sx_canvas_box(&canvas), '#', (sx_style){0});
                sx_box box = {x, y, size, size / 2};
                sx_canvas_fill(&canvas, box, '.', mark);
                sx_canvas_frame(&canvas, box, "A title · more", true);
                sx_canvas_text(&canvas, box, -2, 0, mark, "some text that is long");
                sx_canvas_text_right(&canvas, box, size + 3, 1, mark, "right");
                sx_canvas_paragraph(&canvas, box, 0, mark, "words in a paragraph, broken");
                sx_canvas_progress(&canvas, box, 0.4, mark);
                sx_canvas_picture(&canvas, box, pixels, 8, 8, 1);
                sx_canvas_put(&canvas, box, size, 0, '!', mark);
                sx_canvas_put(&canvas, box, -1, 0, '!', mark);
                sx_canvas_put(&canvas, box, 0, size / 2, '!', mark);
                for (int i = 0; i < 200; i++) {
                    int column = i % 20 - x, row = i / 20 - y;
                    bool inside = column >= 0 && column < size && row >= 0 && row < size / 2;
                    if (!inside) assert_int_equal(canvas.cells[i].glyph, '#');
                }
            }
    sx_canvas_done(&canvas);
}

static void paragraphs_break_between_words(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(10, 7, full);
    sx_box box = sx_canvas_box(&canvas);
    int next = sx_canvas_paragraph(&canvas, box, 0, (sx_style){0},
                                   "one two three\n\nincomprehensible end");
    assert_int_equal(next, 5);
    assert_int_equal(sx_canvas_paragraph(&canvas, box, next, (sx_style){0}, ""), 5);
    assert_int_equal(sx_canvas_paragraph(&canvas, box, 6, (sx_style){0}, "cut off here"), 8);
    expect_text(&canvas, "one two\nthree\n\nincomprehe\nnsible end\n\ncut off…\n");
}

static void frames_have_titles_cut_at_words(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(24, 12, full);
    const char *title = "Data · fashion-mnist · test";
    sx_box inside = sx_canvas_frame(&canvas, (sx_box){0, 0, 24, 3}, title, true);
    assert_true(inside.x == 1 && inside.y == 1 && inside.width == 22 && inside.height == 1);
    sx_canvas_frame(&canvas, (sx_box){0, 3, 12, 3}, title, false);
    sx_canvas_frame(&canvas, (sx_box){12, 3, 7, 3}, title, false);
    sx_canvas_frame(&canvas, (sx_box){19, 3, 5, 3}, "Risk", false);
    sx_canvas_frame(&canvas, (sx_box){0, 6, 10, 3}, "Robust", false);
    sx_canvas_frame(&canvas, (sx_box){10, 6, 4, 2}, "none", false);
    assert_int_equal(sx_canvas_frame(&canvas, (sx_box){14, 6, 1, 1}, "x", true).width, 0);
    sx_canvas_frame(&canvas, (sx_box){0, 9, 24, 3}, NULL, false);
    golden_check(&canvas, "canvas-frames");
    sx_error err = {0};
    assert_int_equal(sx_canvas_resize(&canvas, 17, 3, ascii, &err), SX_OK);
    sx_canvas_frame(&canvas, sx_canvas_box(&canvas), "A · one twofold", false);
    expect_text(&canvas, "+ A . one ~ ----+\n|               |\n+---------------+\n");
}

static void progress_counts_in_eighths(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(10, 7, full);
    const double fractions[] = {0, 1.0 / 64, 0.5, 0.95, 7, NAN};
    for (int i = 0; i < 6; i++)
        sx_canvas_progress(&canvas, (sx_box){0, i, 10, 1}, fractions[i], (sx_style){0});
    sx_canvas_progress(&canvas, (sx_box){0, 6, 3, 1}, 0.5, (sx_style){0});
    expect_text(&canvas,
                "▕        ▏\n▕▏       ▏\n▕████    ▏\n▕███████▋▏\n▕████████▏\n▕        ▏\n█▌\n");
    canvas = canvas_of(10, 1, ascii);
    sx_canvas_progress(&canvas, sx_canvas_box(&canvas), 0.7, (sx_style){0});
    expect_text(&canvas, "[#####=  ]\n");
}

/* ---- colours ----------------------------------------------------------------------------------
 */

static void xterm_rgb(int index, int *rgb) {
    static const int level[] = {0, 95, 135, 175, 215, 255};
    for (int c = 0; c < 3; c++) rgb[c] = 8 + 10 * (index - 232);
    if (index >= 232) return;
    rgb[0] = level[(index - 16) / 36];
    rgb[1] = level[(index - 16) / 6 % 6];
    rgb[2] = level[(index - 16) % 6];
}

static double luminance(int index) {
    int rgb[3];
    double linear[3];
    xterm_rgb(index, rgb);
    for (int c = 0; c < 3; c++) {
        double v = rgb[c] / 255.0;
        linear[c] = v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
    }
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

static void ramp_lightness_rises(void **state) {
    (void)state;
    double last = -1;
    for (int step = 0; step < SX_RAMP_STEPS; step++) {
        double lightness = 116 * cbrt(luminance(sx_colour_index(SX_COLOUR_RAMP(step), 256))) - 16;
        assert_true(lightness > last + 5);
        last = lightness;
    }
    assert_int_equal(sx_colour_index(SX_COLOUR_RAMP(SX_RAMP_STEPS), 256), -1);
}

/* Lightest in the middle, darker to both ends by steps that are seen. */
static void signed_ramp_darkens_to_both_ends(void **state) {
    (void)state;
    double lightness[SX_RAMP_STEPS];
    int middle = SX_RAMP_STEPS / 2;
    for (int step = 0; step < SX_RAMP_STEPS; step++)
        lightness[step] = 116 * cbrt(luminance(sx_colour_index(SX_COLOUR_SIGNED(step), 256))) - 16;
    for (int step = 1; step <= middle; step++) {
        assert_true(lightness[step] > lightness[step - 1] + 5);
        assert_true(lightness[SX_RAMP_STEPS - step] <
                    lightness[SX_RAMP_STEPS - 1 - step] - (step == middle ? 1 : 5));
    }
    assert_int_equal(sx_colour_index(SX_COLOUR_SIGNED(SX_RAMP_STEPS), 256), -1);
}

static void roles_can_be_read_on_black(void **state) {
    (void)state;
    for (int role = 0; role < SX_ROLES; role++) {
        int index = sx_colour_index(SX_COLOUR_ROLE(role), 256);
        assert_true(index == -1 || (index >= 16 && index < 256));
        if (index >= 0 && role != SX_ROLE_FRAME)
            assert_true((luminance(index) + 0.05) / 0.05 >= 4.5);
        int few = sx_colour_index(SX_COLOUR_ROLE(role), 8);
        assert_true(few >= -1 && few < 8 && few != 0 && few != 4);
        assert_int_equal(sx_colour_index(SX_COLOUR_ROLE(role), 0), -1);
    }
    const int series[] = {190, 50, 140, 63, 131, 196};
    for (int i = 0; i < 6; i++)
        assert_int_equal(sx_colour_index(SX_COLOUR_ROLE(SX_ROLE_SERIES1 + i), 256), series[i]);
    assert_int_equal(sx_colour_index(SX_COLOUR_DEFAULT, 256), -1);
    assert_int_equal(sx_colour_index(SX_COLOUR_ROLE(SX_ROLES), 256), -1);
}

static double contrast(double a, double b) {
    return a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05);
}

/* Every text of a theme can be read on its background, and its curves can be told apart. */
static void check_theme(const char *name, double background, double least) {
    char path[128];
    sx_ini ini;
    sx_error err = {0};
    int seen = 0, series[6] = {0};
    snprintf(path, sizeof path, SX_SOURCE "/assets/themes/%s.ini", name);
    if (sx_ini_read(path, &ini, &err)) fail_msg("%s", err.message);
    for (size_t i = 0; i < ini.count; i++) {
        const sx_ini_entry *entry = &ini.entries[i];
        int index = atoi(entry->value), number;
        if (strcmp(entry->section, "colours") != 0 || strstr(entry->key, "ramp")) continue;
        seen++;
        if (strcmp(entry->value, "default") == 0) continue;
        assert_true(index >= 16 && index <= 255);
        if (sscanf(entry->key, "series%d", &number) == 1) series[number - 1] = index;
        double ratio = contrast(luminance(index), background);
        if (ratio < (strcmp(entry->key, "frame") ? least : 2))
            fail_msg("%s: %s has a contrast of %.2f", name, entry->key, ratio);
    }
    assert_int_equal(seen, SX_ROLES);
    for (int a = 0; a < 6; a++)
        for (int b = 0; b < a; b++) assert_int_not_equal(series[a], series[b]);
    sx_ini_done(&ini);
}

/* The file says what the program has without it. */
static void check_is_default(const char *name) {
    char path[128];
    sx_ini ini;
    snprintf(path, sizeof path, SX_SOURCE "/assets/themes/%s.ini", name);
    assert_int_equal(sx_ini_read(path, &ini, NULL), SX_OK);
    for (size_t i = 0; i < ini.count; i++) {
        const sx_ini_entry *entry = &ini.entries[i];
        int colours = strcmp(entry->section, "colours-8") ? 256 : 8;
        int wanted = strcmp(entry->value, "default") ? atoi(entry->value) : -1;
        for (int role = 0; role < SX_ROLES; role++)
            if (strcmp(entry->key, sx_role_name((sx_role)role)) == 0)
                assert_int_equal(sx_colour_index(SX_COLOUR_ROLE(role), colours), wanted);
        const char *at = entry->value;
        bool is_signed = strcmp(entry->key, "signed-ramp") == 0;
        bool is_ramp = is_signed || strcmp(entry->key, "ramp") == 0;
        for (int step = 0; is_ramp && step < SX_RAMP_STEPS; step++) {
            sx_colour colour = is_signed ? SX_COLOUR_SIGNED(step) : SX_COLOUR_RAMP(step);
            assert_int_equal(sx_colour_index(colour, colours), atoi(at));
            at += strcspn(at, " ");
            at += strspn(at, " ");
        }
    }
    sx_ini_done(&ini);
}

static void themes_can_be_read_on_their_background(void **state) {
    (void)state;
    check_theme("dark", 0, 4.5);
    check_is_default("dark");
    check_theme("light", 1, 4.5);
    check_theme("high-contrast", 0, 7);
}

static void a_theme_changes_the_colours(void **state) {
    (void)state;
    sx_theme theme = *sx_theme_default();
    theme.of_256[SX_ROLE_DIM] = 200;
    theme.of_8[SX_ROLE_DIM] = 3;
    theme.ramp_256[4] = 99;
    sx_theme_use(&theme);
    theme.of_256[SX_ROLE_DIM] = 17; /* it has a copy */
    assert_int_equal(sx_colour_index(SX_COLOUR_ROLE(SX_ROLE_DIM), 256), 200);
    assert_int_equal(sx_colour_index(SX_COLOUR_ROLE(SX_ROLE_DIM), 8), 3);
    assert_int_equal(sx_colour_index(SX_COLOUR_RAMP(4), 256), 99);
    sx_theme_use(NULL);
    assert_int_equal(sx_colour_index(SX_COLOUR_ROLE(SX_ROLE_DIM), 256), 245);
    assert_string_equal(sx_role_name(SX_ROLE_WARNING), "warning");
}

/* Meaning must not be by colour alone: what warns or leads has an attribute too. */
static void roles_keep_meaning_without_colour(void **state) {
    (void)state;
    const sx_role roles[] = {SX_ROLE_TITLE, SX_ROLE_FOCUS,   SX_ROLE_KEY,
                             SX_ROLE_BAD,   SX_ROLE_WARNING, SX_ROLE_BAR};
    for (int i = 0; i < 6; i++) assert_true(sx_style_of(roles[i]).attributes != 0);
    assert_int_equal(sx_style_of(SX_ROLE_TEXT).attributes, 0);
}

static int weighted(const int *a, const int *b) {
    int sum = 0;
    static const int weight[] = {2, 4, 3};
    for (int c = 0; c < 3; c++) sum += weight[c] * (a[c] - b[c]) * (a[c] - b[c]);
    return sum;
}

static void rgb_finds_the_nearest_entry(void **state) {
    (void)state;
    for (int r = 0; r < 256; r += 15)
        for (int g = 0; g < 256; g += 15)
            for (int b = 0; b < 256; b += 5) {
                int wanted[3] = {r, g, b}, best = 1 << 30, rgb[3];
                for (int i = 16; i < 256; i++) {
                    xterm_rgb(i, rgb);
                    int distance = weighted(rgb, wanted);
                    if (distance < best) best = distance;
                }
                xterm_rgb(sx_colour_index(SX_COLOUR_RGB(r, g, b), 256), rgb);
                assert_int_equal(weighted(rgb, wanted), best);
            }
    assert_int_equal(sx_colour_index(SX_COLOUR_RGB(200, 10, 20), 8), 1);
    assert_int_equal(sx_colour_index(SX_COLOUR_RGB(200, 210, 20), 8), 3);
    assert_int_equal(sx_colour_index(SX_COLOUR_RGB(0, 0, 0), 0), -1);
}

static void colours_have_names(void **state) {
    (void)state;
    char out[16];
    assert_string_equal(sx_colour_name(SX_COLOUR_DEFAULT, out), "-");
    assert_string_equal(sx_colour_name(SX_COLOUR_ROLE(SX_ROLE_BAD), out), "bad");
    assert_string_equal(sx_colour_name(SX_COLOUR_ROLE(SX_ROLE_SERIES6), out), "series6");
    assert_string_equal(sx_colour_name(SX_COLOUR_RAMP(4), out), "ramp4");
    assert_string_equal(sx_colour_name(SX_COLOUR_RGB(0xA0, 0xB1, 0xC2), out), "#a0b1c2");
}

/* ---- pictures ---------------------------------------------------------------------------------
 */

/* A disc that is lit from the upper left. */
static void paint_disc(uint8_t *pixels, int height, int width, int channels) {
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            double u = 2.0 * (x + 0.5) / width - 1, v = 2.0 * (y + 0.5) / height - 1;
            double light = u * u + v * v < 0.8 ? 0.6 - 0.4 * (u + v) / 2 : 0.05;
            for (int c = 0; c < channels; c++)
                pixels[(y * width + x) * channels + c] = (uint8_t)(255 * light / (1 + c));
        }
}

static void pictures_in_all_looks(void **state) {
    (void)state;
    static uint8_t pixels[28 * 28 * 3];
    const sx_look looks[] = {full, eight, none, ascii, {256, false, false}};
    const char *names[] = {"canvas-picture-256", "canvas-picture-8", "canvas-picture-0",
                           "canvas-picture-ascii", "canvas-picture-ascii-256"};
    paint_disc(pixels, 28, 28, 3);
    for (int i = 0; i < 5; i++) {
        sx_canvas canvas = canvas_of(16, 8, looks[i]);
        sx_canvas_picture(&canvas, sx_canvas_box(&canvas), pixels, 28, 28, 3);
        golden_check(&canvas, names[i]);
        sx_canvas_done(&canvas);
    }
}

static void pictures_keep_proportions_and_are_centred(void **state) {
    (void)state;
    const uint8_t two[] = {255, 0}; /* a white pixel left of a black one */
    sx_canvas canvas = canvas_of(9, 3, full);
    sx_canvas_picture(&canvas, sx_canvas_box(&canvas), two, 1, 2, 1);
    /* 4 half cells to a pixel: 8 x 4 half cells, so 8 x 2 cells from the corner (0, 0) */
    for (int x = 0; x < 9; x++) {
        sx_colour wanted = x < 4   ? SX_COLOUR_RGB(255, 255, 255)
                           : x < 8 ? SX_COLOUR_RGB(0, 0, 0)
                                   : SX_COLOUR_DEFAULT;
        assert_int_equal(canvas.cells[x].style.background, wanted);
        assert_int_equal(canvas.cells[18 + x].style.background, SX_COLOUR_DEFAULT);
    }
    sx_canvas_clear(&canvas);
    sx_canvas_picture(&canvas, (sx_box){0, 0, 1, 1}, two, 1, 2, 1); /* one grey half cell */
    assert_int_equal(canvas.cells[0].glyph, 0x2580);
    assert_int_equal(canvas.cells[0].style.foreground, SX_COLOUR_RGB(180, 180, 180));
    sx_canvas_picture(&canvas, sx_canvas_box(&canvas), two, 0, 2, 1);
    sx_canvas_picture(&canvas, (sx_box){0, 0, 0, 3}, two, 1, 2, 1);
    sx_canvas_done(&canvas);
}

static void shrinking_takes_means_of_areas(void **state) {
    (void)state;
    static uint8_t checks[200 * 200];
    for (int i = 0; i < 200 * 200; i++) checks[i] = (i / 200 + i % 200) % 2 ? 255 : 0;
    sx_canvas canvas = canvas_of(20, 10, full);
    sx_canvas_picture(&canvas, sx_canvas_box(&canvas), checks, 200, 200, 1);
    for (int i = 0; i < 200; i++) { /* half of the light, not half of the value */
        sx_colour colour = canvas.cells[i].style.background;
        assert_in_range(colour & 0xFF, 175, 185);
    }
    sx_canvas_done(&canvas);
}

/* ---- out --------------------------------------------------------------------------------------
 */

static void ansi_has_no_more_codes_than_needed(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(8, 3, full);
    sx_box box = sx_canvas_box(&canvas);
    sx_canvas_text(&canvas, box, 0, 0, sx_style_of(SX_ROLE_BAD), "no");
    sx_canvas_text(&canvas, box, 2, 0, (sx_style){0}, "yes");
    sx_canvas_put(&canvas, box, 3, 1, ' ', (sx_style){.background = SX_COLOUR_RAMP(0)});
    sx_canvas_put(&canvas, box, 0, 2, 'x', (sx_style){.attributes = SX_REVERSE | SX_UNDERLINE});
    sx_text out = {0};
    sx_canvas_to_ansi(&canvas, &out);
    assert_string_equal(out.data, "\033[0;1;38;5;203mno\033[0myes\n"
                                  "   \033[0;48;5;17m \033[0m\n"
                                  "\033[0;4;7mx\033[0m\n");
    sx_text_done(&out);
    canvas.look.colours = 8;
    sx_canvas_to_ansi(&canvas, &out);
    assert_non_null(strstr(out.data, "\033[0;1;31mno"));
    sx_text_done(&out);
    canvas.look.colours = 0;
    sx_canvas_to_ansi(&canvas, &out);
    assert_non_null(strstr(out.data, "\033[0;1mno"));
    sx_text_done(&out);
    sx_canvas_done(&canvas);
}

static void styles_are_runs(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(8, 2, full);
    sx_box box = sx_canvas_box(&canvas);
    sx_canvas_text(&canvas, box, 1, 0, sx_style_of(SX_ROLE_KEY), "abc");
    sx_style odd = {SX_COLOUR_RGB(1, 2, 3), SX_COLOUR_RAMP(8), SX_REVERSE | SX_UNDERLINE};
    sx_canvas_put(&canvas, box, 7, 1, 'x', odd);
    sx_text out = {0};
    sx_canvas_to_styles(&canvas, &out);
    assert_string_equal(out.data, "1,0+3 key/-/b\n7,1+1 #010203/ramp8/ru\n");
    sx_text_done(&out);
    sx_canvas_done(&canvas);
}

/* Everything we draw ourselves has an ASCII stand-in. */
static void ascii_look_writes_ascii_only(void **state) {
    (void)state;
    const char *ours = "─│┌┐└┘├┤┬┴┼┄╌╭╮╰╯▀▁▂▃▄▅▆▇█▉▊▋▌▍▎▏▐░▒▓▕●○◦•·▲▼◀▶←→↑↓…✓✗–—°±×≥≤⠁⣿⁻³";
    sx_canvas canvas = canvas_of(80, 1, ascii);
    sx_canvas_text(&canvas, sx_canvas_box(&canvas), 0, 0, (sx_style){0}, ours);
    expect_text(&canvas, "-|+++++++++..++++\"_.:-=+*#====--|=.:%|*oo*.^v<><>^v~+x--o~x><.*-3\n");
}

static int set_locale(void **state) {
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_checked_and_memory_is_reused),
        cmocka_unit_test(boxes_are_cut_and_never_negative),
        cmocka_unit_test(text_is_cut_with_an_ellipsis),
        cmocka_unit_test(hostile_and_odd_text_keeps_its_columns),
        cmocka_unit_test(only_valid_utf8_is_read),
        cmocka_unit_test(wide_characters_stay_whole),
        cmocka_unit_test(nothing_is_drawn_outside_of_box_or_canvas),
        cmocka_unit_test(paragraphs_break_between_words),
        cmocka_unit_test(frames_have_titles_cut_at_words),
        cmocka_unit_test(progress_counts_in_eighths),
        cmocka_unit_test(ramp_lightness_rises),
        cmocka_unit_test(signed_ramp_darkens_to_both_ends),
        cmocka_unit_test(roles_can_be_read_on_black),
        cmocka_unit_test(themes_can_be_read_on_their_background),
        cmocka_unit_test(a_theme_changes_the_colours),
        cmocka_unit_test(roles_keep_meaning_without_colour),
        cmocka_unit_test(rgb_finds_the_nearest_entry),
        cmocka_unit_test(colours_have_names),
        cmocka_unit_test(pictures_in_all_looks),
        cmocka_unit_test(pictures_keep_proportions_and_are_centred),
        cmocka_unit_test(shrinking_takes_means_of_areas),
        cmocka_unit_test(ansi_has_no_more_codes_than_needed),
        cmocka_unit_test(styles_are_runs),
        cmocka_unit_test(ascii_look_writes_ascii_only),
    };
    return cmocka_run_group_tests(tests, set_locale, NULL);
}
