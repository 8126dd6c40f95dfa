/* What a person can do in Robustness: its keys and commands as rows of one table. */
#include "views/pane/robustness.h"

static void run_lens(void *state, int value, const char *argument) {
    sx_robustness_pane *pane = state;
    if (pane->main == SX_ROBUSTNESS_LOCATION) {
        sx_desk_say(pane->desk, "a map is always seen whole; R and S have curves");
        return;
    }
    sx_lens lens = sx_robustness_lens(pane, pane->main);
    sx_lens_run(&lens, pane->desk, value, argument);
}

static void run_move(void *state, int value, const char *argument) {
    sx_robustness_pane *pane = state;
    (void)argument;
    if (pane->sheet.open)
        sx_sheet_move(&pane->sheet, value);
    else
        sx_robustness_move(pane, value);
}

static void run_plot(void *state, int value, const char *argument) {
    sx_robustness_pane *pane = state;
    (void)argument;
    sx_sheet_close(&pane->sheet);
    pane->main = pane->read = (sx_robustness_plot)value;
}

static const char *map_choice(void *state, size_t row) {
    return sx_map_name(((const sx_robustness_pane *)state)->desk, row);
}

static bool has_maps(void *state) {
    return sx_map_find(((const sx_robustness_pane *)state)->desk, 1) >= 0;
}

static void run_map(void *state, int value, const char *argument) {
    sx_robustness_pane *pane = state;
    (void)value;
    if (!has_maps(pane)) {
        sx_desk_say(pane->desk, "there is one map: of more models there would be more");
        return;
    }
    int wanted =
        sx_part_choose(pane->desk, map_choice, pane, sx_map_row(pane->desk, pane->map), argument,
                       "a map is of one of the models, or a difference from the first");
    if (wanted < 0) return;
    sx_sheet_close(&pane->sheet);
    pane->measure = SX_ROBUSTNESS_ACCURACY;
    pane->map = sx_map_find(pane->desk, (size_t)wanted);
}

static const char *measure_choice(void *state, size_t row) {
    (void)state;
    return row < SX_ROBUSTNESS_MEASURES ? sx_robustness_measure_names[row] : NULL;
}

static void run_measure(void *state, int value, const char *argument) {
    sx_robustness_pane *pane = state;
    (void)value;
    int wanted = sx_part_choose(pane->desk, measure_choice, pane, (int)pane->measure, argument,
                                "the maps are of accuracy, risk or coverage");
    if (wanted < 0) return;
    if (wanted != SX_ROBUSTNESS_ACCURACY &&
        !sx_robustness_has(pane, (sx_robustness_measure)wanted, pane->method)) {
        sx_desk_say(pane->desk, "%s by place, rotation and size was not measured here",
                    sx_robustness_measure_names[wanted]);
        return;
    }
    sx_robustness_turn(pane, (sx_robustness_measure)wanted);
}

static void run_reverse(void *state, int value, const char *argument) {
    sx_robustness_pane *pane = state;
    (void)value, (void)argument;
    if (pane->sheet.open)
        sx_sheet_reverse(&pane->sheet);
    else
        sx_desk_say(pane->desk, "Enter opens the pictures of a cell, whose order it turns round");
}

static bool shows_sheet(void *state) {
    return ((const sx_robustness_pane *)state)->sheet.open;
}

static void run_values(void *state, int value, const char *argument) {
    sx_robustness_pane *pane = state;
    (void)value, (void)argument;
    pane->values = !pane->values;
    sx_desk_say(pane->desk, pane->values ? "values are printed where cells are wide enough"
                                         : "values are not printed; the cursor reads them");
}

const sx_command sx_robustness_commands[] = {
    {"left", "Left h", "", NULL, "the cursor to the left", run_move, LEFT, NULL, NULL},
    {"right", "Right l", "", NULL, "the cursor to the right", run_move, RIGHT, NULL, NULL},
    {"up", "Up k", "", NULL, "the cursor up; of a curve: to the left", run_move, UP, NULL, NULL},
    {"down", "Down j", "", NULL, "the cursor down; of a curve: to the right", run_move, DOWN, NULL,
     NULL},
    {"location", "L", "", "location", "accuracy by the object's place", run_plot,
     SX_ROBUSTNESS_LOCATION, NULL, NULL},
    {"rotation", "R", "", "rotation", "accuracy by the object's rotation", run_plot,
     SX_ROBUSTNESS_ROTATION, NULL, NULL},
    {"size", "S", "", "size", "accuracy by the object's share of the image", run_plot,
     SX_ROBUSTNESS_SIZE, NULL, NULL},
    {"knows", "K", "[WHAT]", NULL, "accuracy, or risk and coverage where it may refuse",
     run_measure, 0, measure_choice, NULL},
    {"map", "n", "[NAME]", "next map", "another model's map, or its difference", run_map, 0,
     map_choice, has_maps},
    {"reverse", "r", "", "reverse", "pictures: the lowest loss first, or the highest", run_reverse,
     0, NULL, shows_sheet},
    {"values", "v", "", NULL, "print the value in each cell, or not", run_values, 0, NULL, NULL},
    SX_LENS_COMMANDS(run_lens, "<", ">", "Y"),
    {0}};
