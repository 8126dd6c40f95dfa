/* Widgets: command tables, the command line, rows that degrade, help, the picker. */
#include "tests/unit/unit.h"

#include "views/widget/widget.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static const sx_look full = {256, true, false}, ascii = {0, false, false};

/* ---- a table to try things on -----------------------------------------------------------------
 */

static struct {
    int value;
    char argument[64];
} last;

static void record(void *context, int value, const char *argument) {
    (void)context;
    last.value = value;
    snprintf(last.argument, sizeof last.argument, "%s", argument);
}
static const char *colours(void *context, size_t row) {
    static const char *const names[] = {"red", "green", "grey"};
    (void)context;
    return row < 3 ? names[row] : NULL;
}
static bool never(void *context) {
    (void)context;
    return false;
}
static const sx_command near[] = {
    {"paint", "p Ctrl-P", "COLOUR", "paint", "gives it a colour", record, 1, colours, NULL},
    {"undo", "u", "", NULL, "takes the colour away", record, 2, NULL, NULL},
    {0}};
static const sx_command far[] = {
    {"faster", "+ =", "[FACTOR]", "speed", "faster, a longer sentence that may be wrapped in help",
     record, 3, NULL, NULL},
    {"slower", "-", "[FACTOR]", "speed", "slower", record, 4, NULL, NULL},
    {"paste", "v", "", "paste", "pastes", record, 5, NULL, NULL},
    {"hidden", "x", "", "hidden", "not now", record, 6, NULL, never},
    {0}};
static const sx_command_set sets[] = {{"Near", near, NULL}, {"Far", far, NULL}};
static const sx_commands commands = {sets, 2};

static sx_canvas canvas_of(int width, int height, sx_look look) {
    sx_canvas canvas = {0};
    assert_int_equal(sx_canvas_resize(&canvas, width, height, look, NULL), SX_OK);
    return canvas;
}
static void expect_text(sx_canvas *canvas, const char *expected) {
    sx_text text = {0};
    sx_canvas_to_text(canvas, &text);
    assert_string_equal(text.data, expected);
    sx_text_done(&text);
    sx_canvas_done(canvas);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static void keys_are_texts(void **state) {
    static const char *const good[] = {"a", "?", "space", "Shift-Tab", "Ctrl-L", "F1", "F12", "é"};
    static const char *const bad[] = {"",    " ",   "aa",   "Ctrl-", "Ctrl-l", "Ctrl-LL", "F0",
                                      "F13", "F1x", "\x1b", "tab",   "\xff",   "\x7f",    "éa"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!sx_key_known(good[i])) fail_msg("'%s' should be a key", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (sx_key_known(bad[i])) fail_msg("'%s' should not be a key", bad[i]);
}

static void keys_and_names_find_rows(void **state) {
    const sx_command_set *set = NULL;
    char key[SX_KEY_SIZE];
    (void)state;
    assert_ptr_equal(sx_commands_of_key(commands, "Ctrl-P", &set), &near[0]);
    assert_ptr_equal(set, &sets[0]);
    assert_ptr_equal(sx_commands_of_key(commands, "=", &set), &far[0]);
    assert_ptr_equal(set, &sets[1]);
    assert_null(sx_commands_of_key(commands, "Ctrl", NULL));
    assert_null(sx_commands_of_key(commands, "+ =", NULL));
    assert_ptr_equal(sx_commands_of_name(commands, "slower", NULL), &far[1]);
    assert_null(sx_commands_of_name(commands, "slow", NULL));
    assert_string_equal(sx_command_key(&near[0], key), "p");
    assert_true(sx_command_asks(&near[0]) && !sx_command_asks(&far[0]) &&
                !sx_command_asks(&near[1]));
}

static void lines_run_with_their_argument(void **state) {
    sx_error err = {0};
    (void)state;
    assert_int_equal(sx_commands_run(commands, "  paint   light green  ", &err), SX_OK);
    assert_int_equal(last.value, 1);
    assert_string_equal(last.argument, "light green");
    assert_int_equal(sx_commands_run(commands, "faster", &err), SX_OK);
    assert_int_equal(last.value, 3);
    assert_string_equal(last.argument, "");
    last.value = 0;
    assert_int_equal(sx_commands_run(commands, "undo it", &err), SX_USAGE);
    assert_non_null(strstr(err.message, "no argument"));
    assert_int_equal(sx_commands_run(commands, "paint", &err), SX_USAGE);
    assert_non_null(strstr(err.message, "COLOUR"));
    assert_int_equal(sx_commands_run(commands, "sloer\x1b", &err), SX_USAGE);
    assert_non_null(strstr(err.message, "'sloer?'"));
    assert_non_null(strstr(err.message, "'slower'"));
    assert_int_equal(last.value, 0);
}

static void expect_completion(const char *line, int turn, const char *expected) {
    char out[SX_PROMPT_SIZE];
    bool found = sx_commands_complete(commands, line, turn, out, sizeof out);
    assert_int_equal(found, strcmp(line, expected) != 0);
    assert_string_equal(out, expected);
}

static void completion_goes_round(void **state) {
    (void)state;
    expect_completion("pa", 0, "paint");
    expect_completion("pa", 1, "paste");
    expect_completion("pa", 2, "paint");
    expect_completion("pa", -1, "paste");
    expect_completion("wer", 0, "slower"); /* nothing begins so: what contains it */
    expect_completion("paint g", 1, "paint grey");
    expect_completion("paint ", 0, "paint red");
    expect_completion("undo ", 0, "undo ");
    expect_completion("zzz", 0, "zzz");
    expect_completion("zzz a", 0, "zzz a");
}

/* ---- the command line -------------------------------------------------------------------------
 */

static sx_prompt_outcome type(sx_prompt *prompt, const char *keys) {
    char copy[256], *rest;
    sx_prompt_outcome outcome = SX_PROMPT_EDITING;
    snprintf(copy, sizeof copy, "%s", keys);
    for (char *key = strtok_r(copy, " ", &rest); key; key = strtok_r(NULL, " ", &rest))
        outcome = sx_prompt_key(prompt, key, commands);
    return outcome;
}

static void a_line_is_edited_by_characters(void **state) {
    static sx_prompt prompt;
    (void)state;
    prompt = (sx_prompt){0};
    sx_prompt_open(&prompt, "");
    type(&prompt, "a é b Left Left Delete");
    assert_string_equal(prompt.text, "ab");
    type(&prompt, "é Left Backspace");
    assert_string_equal(prompt.text, "éb");
    type(&prompt, "End space c Home x");
    assert_string_equal(prompt.text, "xéb c");
    type(&prompt, "Right Ctrl-U");
    assert_string_equal(prompt.text, "b c");
    type(&prompt, "F5 PgUp");
    assert_string_equal(prompt.text, "b c");
    for (int i = 0; i < 2 * SX_PROMPT_SIZE; i++) type(&prompt, "é");
    assert_true(strlen(prompt.text) < SX_PROMPT_SIZE);
    assert_int_equal(type(&prompt, "Esc"), SX_PROMPT_LEFT);
    assert_false(prompt.open);
}

static void a_line_is_entered_and_remembered(void **state) {
    static sx_prompt prompt;
    (void)state;
    prompt = (sx_prompt){0};
    for (int i = 0; i < SX_PROMPT_HISTORY + 3; i++) {
        char key[2] = {(char)('!' + i), 0}; /* no command has these */
        sx_prompt_open(&prompt, "");
        type(&prompt, key);
        assert_int_equal(type(&prompt, "Enter"), SX_PROMPT_ENTERED);
        assert_string_equal(prompt.text, key);
    }
    sx_prompt_open(&prompt, "");
    type(&prompt, "Up Up");
    assert_string_equal(prompt.text, "2");
    type(&prompt, "Down");
    assert_string_equal(prompt.text, "3");
    type(&prompt, "Down Down");
    assert_string_equal(prompt.text, "");
    for (int i = 0; i < 40; i++) type(&prompt, "Up");
    assert_string_equal(prompt.text, "$"); /* sixteen are remembered */
    sx_prompt_open(&prompt, "  ");
    assert_int_equal(type(&prompt, "Enter"), SX_PROMPT_LEFT);
    sx_prompt_open(&prompt, "");
    assert_int_equal(type(&prompt, "Backspace"), SX_PROMPT_LEFT);
}

static void enter_takes_the_first_suggestion(void **state) {
    static sx_prompt prompt;
    (void)state;
    sx_prompt_open(&prompt, "ud"); /* its letters in their order */
    assert_int_equal(type(&prompt, "Enter"), SX_PROMPT_ENTERED);
    assert_string_equal(prompt.text, "undo");
    sx_prompt_open(&prompt, "pai"); /* wants an argument */
    assert_int_equal(type(&prompt, "Enter"), SX_PROMPT_EDITING);
    assert_string_equal(prompt.text, "paint ");
    assert_int_equal(type(&prompt, "r e d Enter"), SX_PROMPT_ENTERED);
    assert_string_equal(prompt.text, "paint red");
    sx_prompt_open(&prompt, "colour"); /* of a help text only: suggested, not taken */
    assert_int_equal(type(&prompt, "Enter"), SX_PROMPT_ENTERED);
    assert_string_equal(prompt.text, "colour");
}

static void expect_suggestions(const char *line, const char *expected) {
    sx_suggestion all[8];
    char got[256] = "";
    int count = sx_commands_list(commands, line, all, 8);
    for (int i = 0; i < count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "",
                 all[i].value ? all[i].value : all[i].command->name);
    assert_string_equal(got, expected);
}

static void suggestions_come_best_first(void **state) {
    (void)state;
    expect_suggestions("", "paint undo faster slower paste hidden");
    expect_suggestions("pa", "paint paste");
    expect_suggestions("ster", "faster");
    expect_suggestions("st", "faster paste"); /* contain it; then letters, then help */
    expect_suggestions("ae", "faster paste");
    expect_suggestions("colour", "paint undo");
    expect_suggestions("paint ", "red green grey");
    expect_suggestions("paint gr", "green grey");
    expect_suggestions("paint een", "green");
    expect_suggestions("nonsense", "");
    expect_suggestions("undo ", "");
}

static void the_palette_marks_what_tab_takes(void **state) {
    static sx_prompt prompt;
    (void)state;
    prompt = (sx_prompt){0};
    sx_prompt_open(&prompt, "pa");
    sx_canvas canvas = canvas_of(50, 6, full);
    sx_palette_draw(&prompt, &canvas, sx_canvas_box(&canvas), commands);
    assert_true(sx_canvas_cell(&canvas, sx_canvas_box(&canvas), 1, 4)->style.attributes &
                SX_REVERSE);
    type(&prompt, "Tab Tab");
    sx_canvas_clear(&canvas);
    sx_palette_draw(&prompt, &canvas, sx_canvas_box(&canvas), commands);
    assert_true(sx_canvas_cell(&canvas, sx_canvas_box(&canvas), 1, 5)->style.attributes &
                SX_REVERSE);
    expect_text(&canvas, "\n\n\n\n paint               p          gives it a colour\n"
                         " paste               v          pastes\n");
    canvas = canvas_of(50, 6, full); /* typed in full: nothing to choose */
    sx_prompt_open(&prompt, "hidden");
    sx_palette_draw(&prompt, &canvas, sx_canvas_box(&canvas), commands);
    expect_text(&canvas, "\n\n\n\n\n\n");
}

static void tab_completes_from_what_was_typed(void **state) {
    static sx_prompt prompt;
    (void)state;
    prompt = (sx_prompt){0};
    sx_prompt_open(&prompt, "");
    type(&prompt, "p a Tab");
    assert_string_equal(prompt.text, "paint");
    type(&prompt, "Tab");
    assert_string_equal(prompt.text, "paste");
    type(&prompt, "Shift-Tab");
    assert_string_equal(prompt.text, "paint");
    type(&prompt, "space g r Shift-Tab");
    assert_string_equal(prompt.text, "paint grey");
}

static void a_line_shows_what_it_does(void **state) {
    static sx_prompt prompt;
    (void)state;
    sx_canvas canvas = canvas_of(40, 1, full);
    sx_prompt_open(&prompt, "paint");
    sx_prompt_draw(&prompt, &canvas, sx_canvas_box(&canvas), commands);
    assert_int_equal(canvas.cursor_x, 6);
    expect_text(&canvas, ":paint  COLOUR  gives it a colour\n");
    canvas = canvas_of(12, 1, full);
    sx_prompt_open(&prompt, "abcdefghijklmnopqrstuvwxyz");
    sx_prompt_draw(&prompt, &canvas, sx_canvas_box(&canvas), commands);
    assert_true(canvas.cursor_x >= 1 && canvas.cursor_x < 12);
    expect_text(&canvas, ":qrstuvwxyz\n");
}

/* ---- rows -------------------------------------------------------------------------------------
 */

static void words_are_kept_whole(void **state) {
    char out[64];
    (void)state;
    assert_string_equal(sx_words_fit(out, sizeof out, "one two three", 13, true), "one two three");
    assert_string_equal(sx_words_fit(out, sizeof out, "one two three", 12, true), "one two …");
    assert_string_equal(sx_words_fit(out, sizeof out, "one two three", 9, true), "one two …");
    assert_string_equal(sx_words_fit(out, sizeof out, "one two three", 8, true), "one …");
    assert_string_equal(sx_words_fit(out, sizeof out, "one two three", 12, false), "one two ...");
    assert_string_equal(sx_words_fit(out, sizeof out, "unbreakable", 5, true), "unbreakable");
}

static void parts_that_do_not_fit_are_left_out(void **state) {
    (void)state;
    sx_segment parts[] = {{SX_ROLE_TEXT, "first"},
                          {SX_ROLE_TEXT, ""},
                          {SX_ROLE_DIM, "second part"},
                          {SX_ROLE_TEXT, "3rd"}};
    sx_canvas canvas = canvas_of(12, 1, full);
    assert_int_equal(sx_segments_draw(&canvas, sx_canvas_box(&canvas), 0, parts, 4, 2), 10);
    expect_text(&canvas, "first  3rd\n");
    canvas = canvas_of(24, 1, full);
    sx_segments_draw(&canvas, sx_canvas_box(&canvas), 0, parts, 4, 2);
    expect_text(&canvas, "first  second part  3rd\n");
}

static void the_key_line_joins_and_drops(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(40, 1, full);
    sx_key_line_draw(&canvas, sx_canvas_box(&canvas), commands, NULL);
    expect_text(&canvas, "p paint   + - speed   v paste\n");
    canvas = canvas_of(25, 1, full); /* there at any width, at the end */
    sx_key_line_draw(&canvas, sx_canvas_box(&canvas), commands, "paste");
    expect_text(&canvas, "p paint   v paste\n");
    canvas = canvas_of(18, 1, full);
    sx_key_line_draw(&canvas, sx_canvas_box(&canvas), commands, NULL);
    expect_text(&canvas, "p paint   v paste\n");
}

static void tabs_shrink_to_digits(void **state) {
    (void)state;
    static const char *const hints[] = {"? help   : command", "? help"};
    sx_tabs tabs = {
        .names = {"Alpha", "Beta"}, .briefs = {"Al"}, .keys = {"1", "2"}, .count = 2, .chosen = 1};
    sx_canvas canvas = canvas_of(41, 1, full);
    sx_tabs_draw(&canvas, sx_canvas_box(&canvas), "me", &tabs, hints);
    expect_text(&canvas, " me  1 Alpha  2 Beta  ? help   : command\n");
    canvas = canvas_of(39, 1, full);
    sx_tabs_draw(&canvas, sx_canvas_box(&canvas), "me", &tabs, hints);
    expect_text(&canvas, " me  1 Alpha  2 Beta            ? help\n");
    canvas = canvas_of(27, 1, full); /* help before the name */
    sx_tabs_draw(&canvas, sx_canvas_box(&canvas), "me", &tabs, hints);
    expect_text(&canvas, " 1 Alpha  2 Beta    ? help\n");
    canvas = canvas_of(21, 1, full);
    sx_tabs_draw(&canvas, sx_canvas_box(&canvas), "me", &tabs, hints);
    expect_text(&canvas, " 1 Al 2 Beta  ? help\n");
    canvas = canvas_of(17, 1, full);
    sx_tabs_draw(&canvas, sx_canvas_box(&canvas), "me", &tabs, hints);
    expect_text(&canvas, " 1 2 Beta  ? help\n");
    canvas = canvas_of(13, 1, full);
    sx_tabs_draw(&canvas, sx_canvas_box(&canvas), "sextant", &tabs, hints);
    expect_text(&canvas, " 1 Al 2 Beta\n");
}

static void sentences_are_centred(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(11, 4, full);
    sx_centred_draw(&canvas, sx_canvas_box(&canvas), sx_style_of(SX_ROLE_TEXT), "one two three");
    expect_text(&canvas, "\n  one two\n   three\n\n");
}

/* ---- help and picker --------------------------------------------------------------------------
 */

static void help_is_the_tables(void **state) {
    (void)state;
    sx_canvas canvas = canvas_of(82, 9, ascii);
    assert_int_equal(sx_help_draw(&canvas, sx_canvas_box(&canvas), commands, "", 0), 10);
    expect_text(&canvas,
                "Near\n"
                " p Ctrl-P      :paint          COLOUR  gives it a colour\n"
                " u             :undo           takes the colour away\n"
                "\n"
                "Far\n"
                " + =           :faster         [FACTOR]  faster, a longer sentence that may be\n"
                "                               wrapped in help\n"
                " -             :slower         [FACTOR]  slower\n"
                " v             :paste          pastes\n");
    canvas = canvas_of(40, 6, ascii);
    assert_true(sx_help_draw(&canvas, sx_canvas_box(&canvas), commands, "", 4) > 10);
    expect_text(&canvas, "Far\n"
                         " + =           [FACTOR]  faster, a\n"
                         "               longer sentence that may\n"
                         "               be wrapped in help\n"
                         " -             [FACTOR]  slower\n"
                         " v             pastes\n");
    canvas = canvas_of(40, 3, ascii); /* what does not fit whole is left for the next scroll */
    sx_help_draw(&canvas, sx_canvas_box(&canvas), commands, "", 4);
    expect_text(&canvas, "Far\n\n\n");
}

static void a_selection_stays_in_sight(void **state) {
    (void)state;
    sx_picker picker = {0};
    sx_picker_lay(&picker, 10000000, 9, 4);
    sx_picker_move(&picker, 37);
    assert_int_equal(picker.selected, 37);
    assert_int_equal(picker.first, 9); /* row 4 is seen as the last of rows 1 .. 4 */
    sx_picker_move(&picker, INT32_MAX);
    assert_int_equal(picker.selected, 9999999);
    assert_true(picker.first % 9 == 0 && picker.selected - picker.first < 36);
    sx_picker_move(&picker, -5);
    assert_int_equal(picker.selected, 9999994);
    sx_picker_lay(&picker, 20, 4, 3); /* fewer items, another layout */
    assert_int_equal(picker.selected, 19);
    assert_int_equal(picker.first, 8);
    sx_picker_move(&picker, -INT32_MAX);
    assert_int_equal(picker.selected + picker.first, 0);
    sx_picker_lay(&picker, 0, 4, 3);
    sx_picker_move(&picker, 1);
    assert_int_equal(picker.selected + picker.first, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_texts),
        cmocka_unit_test(keys_and_names_find_rows),
        cmocka_unit_test(lines_run_with_their_argument),
        cmocka_unit_test(completion_goes_round),
        cmocka_unit_test(a_line_is_edited_by_characters),
        cmocka_unit_test(a_line_is_entered_and_remembered),
        cmocka_unit_test(enter_takes_the_first_suggestion),
        cmocka_unit_test(suggestions_come_best_first),
        cmocka_unit_test(the_palette_marks_what_tab_takes),
        cmocka_unit_test(tab_completes_from_what_was_typed),
        cmocka_unit_test(a_line_shows_what_it_does),
        cmocka_unit_test(words_are_kept_whole),
        cmocka_unit_test(parts_that_do_not_fit_are_left_out),
        cmocka_unit_test(the_key_line_joins_and_drops),
        cmocka_unit_test(tabs_shrink_to_digits),
        cmocka_unit_test(sentences_are_centred),
        cmocka_unit_test(help_is_the_tables),
        cmocka_unit_test(a_selection_stays_in_sight),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
