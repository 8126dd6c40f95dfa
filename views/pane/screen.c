/* The screen as a whole: which page, which pane has the keys, what a key or a command does, and
 * what happens when a new snapshot comes. Everything a person can do is a row of a command table;
 * this file holds the rows that work everywhere and gives each key to the table that knows it. */
#include "views/pane/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const sx_pane *const sx_screen_panes[PANES] = {
    &sx_pane_data,  &sx_pane_train,   &sx_pane_robustness, &sx_pane_risk, &sx_pane_claims,
    &sx_pane_probe, &sx_pane_inspect, &sx_pane_compare,    &sx_pane_runs, &sx_pane_studies};

const sx_command *sx_pane_commands(int pane, const char **name) {
    if (pane < 0 || pane >= PANES) return NULL;
    if (name) *name = sx_screen_panes[pane]->name;
    return sx_screen_panes[pane]->commands;
}

int sx_screen_focused(const sx_screen *screen) {
    return screen->page == DASHBOARD ? screen->focus : screen->page - 1;
}

static sx_command_set set_of(const sx_screen *screen, int pane) {
    return (sx_command_set){sx_screen_panes[pane]->title, sx_screen_panes[pane]->commands,
                            screen->panes[pane]};
}

sx_commands sx_screen_keys(const sx_screen *screen, sx_command_set sets[SETS]) {
    sets[0] = set_of(screen, sx_screen_focused(screen));
    sets[1] = (sx_command_set){"Everywhere", sx_screen_commands, (void *)(uintptr_t)screen};
    return (sx_commands){sets, 2};
}

sx_commands sx_screen_names(const sx_screen *screen, sx_command_set sets[SETS]) {
    sx_commands commands = sx_screen_keys(screen, sets);
    for (int pane = 0; pane < PANES; pane++)
        if (pane != sx_screen_focused(screen)) sets[commands.count++] = set_of(screen, pane);
    return commands;
}

bool sx_screen_has_page(const sx_screen *screen, int page) {
    if (page == CLAIMS) return screen->desk.claims[0] != 0;
    return page != COMPARE || sx_desk_compared(&screen->desk) > 0;
}

/* ---- when a key is worth a place on the key line ----------------------------------------------
 */

static bool trains(void *state) {
    return sx_desk_active(&((sx_screen *)state)->desk);
}
static bool is_inside(void *state) {
    return ((sx_screen *)state)->page != DASHBOARD;
}
static bool opens(void *state) {
    const sx_screen *screen = state;
    return screen->page == DASHBOARD || sx_screen_panes[screen->page - 1]->enter;
}
static bool has_data(void *state) {
    const sx_screen *screen = state;
    return screen->desk.now->data && screen->page != PROBE;
}
/* A run has ended, and one looks at it. */
static bool can_begin_again(void *state) {
    const sx_screen *screen = state;
    return screen->page <= TILES && screen->desk.now->path[0] && !sx_desk_active(&screen->desk);
}
/* The run's sentence is longer than its place on the state line. */
static bool is_wordy(void *state) {
    const sx_screen *screen = state;
    char text[640];
    sx_screen_sentence(screen, text, sizeof text);
    return sx_text_columns(text) > screen->width - 16;
}

static void run_pause(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)value, (void)argument;
    bool paused = screen->desk.now->state == SX_STATE_PAUSED;
    sx_desk_send(&screen->desk, paused ? SX_COMMAND_RESUME : SX_COMMAND_PAUSE, 0);
}

static void run_send(void *state, int value, const char *argument) {
    static const char *const answers[SX_COMMANDS] = {
        [SX_COMMAND_CHECKPOINT] = "writing a checkpoint",
        [SX_COMMAND_MEASURE] = "measuring now",
        [SX_COMMAND_STOP] = "stopping with a checkpoint"};
    sx_screen *screen = state;
    (void)argument;
    if (sx_desk_send(&screen->desk, (sx_command_kind)value, 0) && answers[value])
        sx_desk_say(&screen->desk, "%s", answers[value]);
}

/* value 1: times the factor, -1: divided by it. */
static void run_scale(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    double factor = 1.25;
    if (argument[0] && (!sx_text_number(argument, &factor) || factor < 0.01 || factor > 100)) {
        sx_desk_say(&screen->desk, "the factor is a number from 0.01 to 100");
        screen->desk.bad = true;
        return;
    }
    if (sx_desk_send(&screen->desk, SX_COMMAND_SCALE, value > 0 ? factor : 1 / factor))
        sx_desk_say(&screen->desk, "learning rate %s %g from the next step",
                    value > 0 ? "times" : "divided by", factor);
}

/* ---- pages and focus --------------------------------------------------------------------------
 */

void sx_screen_go_to(sx_screen *screen, int page) {
    if (!sx_screen_has_page(screen, page)) {
        sx_desk_say(&screen->desk, page != CLAIMS
                                       ? "nothing to compare: x marks runs on the page of runs"
                                   : screen->desk.now->report.measures_only
                                       ? "a measurement of a set makes no claims"
                                   : screen->desk.now->state == SX_STATE_FINISHED
                                       ? "this run has no claims"
                                       : "the claims come at the end of the run");
        return;
    }
    screen->page = page;
    if (page >= 1 && page <= TILES) screen->focus = page - 1;
    for (int turn = 0; turn < 2; turn++) /* what is no more seen asks no more, before others ask */
        for (int i = 0; i < PANES; i++)
            if (sx_screen_panes[i]->seen && (page == i + 1) == (turn == 1))
                sx_screen_panes[i]->seen(screen->panes[i], turn == 1);
}

/* The same for what is opened from a page, to which Esc goes back. */
static void open_from(sx_screen *screen, int page) {
    if (screen->page == page) return;
    if (screen->links == TRAIL) screen->links = 0;
    screen->trail[screen->links++] = screen->page;
    sx_screen_go_to(screen, page);
}

static void run_page(void *state, int value, const char *argument) {
    (void)argument;
    ((sx_screen *)state)->links = 0;
    sx_screen_go_to(state, value);
}

/* Tab goes round the tiles on the dashboard, and round the pages elsewhere. */
static void run_turn(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)argument;
    if (screen->page == DASHBOARD) {
        screen->focus = (screen->focus + value + TILES) % TILES;
        return;
    }
    int page = screen->page;
    screen->links = 0;
    do page = (page - 1 + value + PANES) % PANES + 1;
    while (!sx_screen_has_page(screen, page));
    sx_screen_go_to(screen, page);
}

/* The probe, with what is selected in the focused pane. */
static void run_probe(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)value, (void)argument;
    int focused = sx_screen_focused(screen);
    const sx_pane *pane = sx_screen_panes[focused];
    if (pane->offer && screen->desk.now->data) pane->offer(screen->panes[focused]);
    open_from(screen, PROBE);
}

/* Likewise the inside of the network while it sees it. */
static void run_inspect(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)value, (void)argument;
    int focused = sx_screen_focused(screen);
    const sx_pane *pane = sx_screen_panes[focused];
    if (screen->page == INSPECT) return;
    if (pane->offer && screen->desk.now->data) pane->offer(screen->panes[focused]);
    screen->desk.posed = screen->page == PROBE;
    open_from(screen, INSPECT);
    sx_pane_inspect.accept(screen->panes[INSPECT - 1]);
}

/* What `enter` asked for beyond its own pane. */
static void follow(sx_screen *screen) {
    if (screen->desk.wants_probe) run_probe(screen, PROBE, "");
    if (screen->desk.wants_pictures) {
        sx_pane_data.accept(screen->panes[DATA - 1]);
        open_from(screen, DATA);
    }
    if (screen->desk.wants_cell || screen->desk.wants_maps) {
        sx_pane_robustness.accept(screen->panes[ROBUSTNESS - 1]);
        open_from(screen, ROBUSTNESS);
    }
    if (screen->desk.wants_compare) open_from(screen, COMPARE);
    if (screen->desk.wants_dashboard) run_page(screen, DASHBOARD, "");
    screen->desk.wants_probe = screen->desk.wants_pictures = screen->desk.wants_cell = false;
    screen->desk.wants_compare = screen->desk.wants_dashboard = screen->desk.wants_maps = false;
}

static void run_zoom(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)value, (void)argument;
    if (screen->page == DASHBOARD) {
        sx_screen_go_to(screen, screen->focus + 1);
        return;
    }
    const sx_pane *pane = sx_screen_panes[screen->page - 1];
    if (pane->enter) pane->enter(screen->panes[screen->page - 1]);
}

static void run_back(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)value, (void)argument;
    if (screen->page == DASHBOARD) return;
    const sx_pane *pane = sx_screen_panes[screen->page - 1];
    if (pane->back && pane->back(screen->panes[screen->page - 1])) return;
    sx_screen_go_to(screen, screen->links > 0 ? screen->trail[--screen->links] : DASHBOARD);
}

/* ---- the rest ---------------------------------------------------------------------------------
 */

static void run_overlay(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)argument;
    screen->overlay = (sx_overlay)value;
    screen->wanted[0] = 0;
    screen->searching = false;
    screen->overlay_first = screen->overlay_rows = 0;
}
static void run_command_line(void *state, int value, const char *argument) {
    (void)value;
    sx_prompt_open(&((sx_screen *)state)->prompt, argument);
}
static void run_export(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)value, (void)argument;
    int focused = sx_screen_focused(screen);
    sx_part_export(&screen->desk, sx_screen_panes[focused], screen->panes[focused]);
}
/* A terminal's clipboard takes some 70 kB of base64. */
#define COPY_LIMIT 52000
static void run_copy(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)value, (void)argument;
    sx_text_done(&screen->wished);
    int focused = sx_screen_focused(screen);
    int count = sx_part_numbers(&screen->desk, sx_screen_panes[focused], screen->panes[focused],
                                &screen->wished);
    if (count == 0) {
        sx_desk_say(&screen->desk, "nothing to copy: there are no results here yet");
    } else if (screen->wished.failed || screen->wished.size > COPY_LIMIT) {
        sx_desk_say(&screen->desk, "too much for a clipboard; e writes it to files");
        screen->desk.bad = true;
    } else {
        screen->wish = SX_WISH_COPY;
        sx_desk_say(&screen->desk, "%d %s sent to the terminal's clipboard as CSV", count,
                    count == 1 ? "result" : "results");
    }
}
static void leave(void *state) {
    ((sx_screen *)state)->wish = SX_WISH_QUIT;
}
static void run_quit(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)value, (void)argument;
    screen->leaving = sx_desk_active(&screen->desk);
    if (screen->leaving)
        sx_desk_ask(&screen->desk, leave, screen,
                    "the run would stop here, checkpointed: q again or y leaves");
    else
        leave(screen);
}
static void run_again(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)value, (void)argument;
    if (screen->desk.now->path[0])
        sx_desk_start(&screen->desk, SX_START_AGAIN, screen->desk.now->path, "");
    else
        sx_desk_say(&screen->desk, "there is no run to begin again");
}
static void run_undo(void *state, int value, const char *argument) {
    (void)value, (void)argument;
    sx_screen_undo(state);
}
/* A wish with its argument. */
static void run_wish_for(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    sx_text_done(&screen->wished);
    sx_text_add(&screen->wished, "%s", argument);
    if (!screen->wished.failed) screen->wish = (sx_screen_wish)value;
}
static const char *lesson_choice(void *state, size_t row) {
    const sx_screen *screen = state;
    return screen && screen->options.lesson ? screen->options.lesson((int)row) : NULL;
}
static void play(void *state) {
    ((sx_screen *)state)->wish = SX_WISH_REPLAY;
}
/* A lesson begins with a study of its own; a recording may only look. */
static void run_replay(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    bool is_lesson = false;
    for (size_t i = 0; !is_lesson && lesson_choice(screen, i); i++)
        is_lesson = strcmp(lesson_choice(screen, i), argument) == 0;
    run_wish_for(screen, value, argument);
    bool stops = is_lesson && sx_desk_active(&screen->desk) && !screen->desk.starts_freely;
    if (screen->wish != SX_WISH_REPLAY || !stops) return;
    screen->wish = SX_WISH_NONE;
    sx_desk_ask(&screen->desk, play, screen,
                "the run would stop, checkpointed: y plays the lesson");
}
static void run_caption(void *state, int value, const char *argument) {
    sx_screen *screen = state;
    (void)value;
    sx_text_printable(screen->caption, sizeof screen->caption, argument);
}
static void run_wish(void *state, int value, const char *argument) {
    (void)argument;
    ((sx_screen *)state)->wish = (sx_screen_wish)value;
}

static void run_screen_save(void *state, int value, const char *argument) {
    (void)value;
    sx_screen *screen = state;
    sx_error err = {0};
    bool saved = sx_screen_photograph(screen, argument, &err) == SX_OK;
    if (saved)
        sx_desk_say(&screen->desk, "the screen is in %s", argument);
    else
        sx_screen_say(screen, err.message, true);
}

static const char *setting_choice(void *state, size_t row) {
    const sx_screen *screen = state;
    return screen && screen->options.setting ? screen->options.setting((int)row) : NULL;
}

const sx_command sx_screen_commands[] = {
    {"pause", "space", "", "pause", "pause the run, or go on", run_pause, 0, NULL, trains},
    {"again", "A", "", "again", "begin again with the same seed, as a new run", run_again, 0, NULL,
     can_begin_again},
    {"next", "Tab", "", "next", "the next pane", run_turn, 1, NULL, NULL},
    {"previous", "Shift-Tab", "", NULL, "the pane before", run_turn, -1, NULL, NULL},
    {"zoom", "Enter", "", "zoom", "the focused pane alone; there: open what is selected", run_zoom,
     0, NULL, opens},
    {"back", "Esc", "", "back", "back to where you came from", run_back, 0, NULL, is_inside},
    {"quit", "q Ctrl-C F10", "", "quit", "leave; a run is stopped with a checkpoint", run_quit, 0,
     NULL, NULL},
    {"message", "m", "", "message", "the run's message in full", run_overlay, OVERLAY_MESSAGE, NULL,
     is_wordy},
    {"step", ".", "", "step", "one training step, then pause", run_send, SX_COMMAND_STEP, NULL,
     trains},
    {"faster", "+ =", "[FACTOR]", "learning rate", "learning rate times 1.25, or times FACTOR",
     run_scale, 1, NULL, trains},
    {"slower", "-", "[FACTOR]", "learning rate", "learning rate divided by 1.25, or by FACTOR",
     run_scale, -1, NULL, trains},
    {"export", "e", "", "export",
     "the focused results as SVG, PNG, CSV, JSON and text into the run folder", run_export, 0, NULL,
     NULL},
    {"copy", "y", "", NULL, "the focused results as CSV to the terminal's clipboard", run_copy, 0,
     NULL, NULL},
    {"measure", "M", "", "measure", "measure now", run_send, SX_COMMAND_MEASURE, NULL, trains},
    {"checkpoint", "s", "", "snapshot", "write a checkpoint now", run_send, SX_COMMAND_CHECKPOINT,
     NULL, trains},
    {"stop", "X", "", NULL, "end the run here, with a checkpoint, and stay", run_send,
     SX_COMMAND_STOP, NULL, trains},
    {"dashboard", "1", "", NULL, "all four panes", run_page, DASHBOARD, NULL, NULL},
    {"data", "2", "", NULL, "pictures, labels, predictions", run_page, 1, NULL, NULL},
    {"train", "3", "", NULL, "loss, accuracy, learning rate", run_page, 2, NULL, NULL},
    {"robustness", "4", "", NULL, "accuracy by place, rotation and size", run_page, 3, NULL, NULL},
    {"risk", "5", "", NULL, "risk-coverage and calibration", run_page, 4, NULL, NULL},
    {"claims", "6", "", NULL, "what the study checked, and how it ended", run_page, 5, NULL, NULL},
    {"probe", "p 7", "", "probe", "one object, moved, turned and resized by hand", run_probe, PROBE,
     NULL, has_data},
    {"inspect", "I", "", NULL, "inside the network while it sees one picture", run_inspect, INSPECT,
     NULL, NULL},
    {"compare", "V", "", NULL, "the runs that are marked, side by side", run_page, COMPARE, NULL,
     NULL},
    {"runs", "8", "", NULL, "every run: open, note, rename, mark, delete", run_page, RUNS, NULL,
     NULL},
    {"studies", "9", "", NULL, "the studies that can be started", run_page, STUDIES, NULL, NULL},
    {"help", "? F1", "", NULL, "this help", run_overlay, OVERLAY_HELP, NULL, NULL},
    {"explain", "i", "", NULL, "what the focused pane shows, and what to try", run_overlay,
     OVERLAY_EXPLAIN, NULL, NULL},
    {"command", ":", "[TEXT]", NULL, "the command line: any name of this list", run_command_line, 0,
     NULL, NULL},
    {"undo", "u", "", NULL, "the view as it was before the last change of it", run_undo, 0, NULL,
     NULL},
    {"screen-save", "P", "FILE", NULL,
     "the screen as FILE.png, .svg, .ans (colours as escape codes) or text", run_screen_save, 0,
     NULL, NULL},
    {"caption", "F3", "[TEXT]", NULL, "a sentence below the panes, or none", run_caption, 0, NULL,
     NULL},
    {"record", "F6", "[FILE]", NULL, "record what is pressed into a file; without one, end it",
     run_wish_for, SX_WISH_RECORD, NULL, NULL},
    {"replay", "F7", "FILE", NULL, "play a lesson or a recording", run_replay, SX_WISH_REPLAY,
     lesson_choice, NULL},
    {"set", "F2", "NAME VALUE", NULL, "a setting, from now on and kept for next time", run_wish_for,
     SX_WISH_SET, setting_choice, NULL},
    {"repaint", "Ctrl-L", "", NULL, "draw everything again", run_wish, SX_WISH_REPAINT, NULL, NULL},
    {"suspend", "Ctrl-Z", "", NULL, "back to the shell; fg returns", run_wish, SX_WISH_SUSPEND,
     NULL, NULL},
    {0}};

/* ---- keys -------------------------------------------------------------------------------------
 */

static const struct {
    const char *keys[4];
    int rows, pages, ends; /* how far to scroll */
} scrolls[] = {{{"Up", "k"}, -1, 0, 0},        {{"Down", "j"}, 1, 0, 0},
               {{"PgUp", "Ctrl-U"}, 0, -1, 0}, {{"PgDn", "Ctrl-D", "space"}, 0, 1, 0},
               {{"Home", "g"}, 0, 0, -1},      {{"End", "G"}, 0, 0, 1}};

/* True if the key scrolled what lies over the tiles. */
static bool scroll(sx_screen *screen, const char *key) {
    for (size_t i = 0; i < sizeof scrolls / sizeof *scrolls; i++)
        for (int k = 0; k < 4 && scrolls[i].keys[k]; k++) {
            if (strcmp(scrolls[i].keys[k], key) != 0) continue;
            int last = screen->overlay_rows - screen->overlay_height;
            int to = screen->overlay_first + scrolls[i].rows +
                     scrolls[i].pages * (screen->overlay_height - 1) + scrolls[i].ends * (1 << 20);
            if (to > last) to = last;
            screen->overlay_first = to < 0 ? 0 : to;
            return true;
        }
    return false;
}

/* Letters of what help is searched for; Enter keeps it, Esc shows everything again. */
static bool search_help(sx_screen *screen, const char *key) {
    size_t length = strlen(screen->wanted);
    if (screen->overlay != OVERLAY_HELP) return false;
    if (!screen->searching) {
        screen->searching = strcmp(key, "/") == 0;
        if (screen->searching) screen->wanted[0] = 0;
        return screen->searching;
    }
    screen->overlay_first = 0;
    if (!strcmp(key, "space")) key = " ";
    if (!strcmp(key, "Enter") || !strcmp(key, "Esc")) {
        screen->searching = false;
        if (!strcmp(key, "Esc")) screen->wanted[0] = 0;
    } else if (!strcmp(key, "Backspace")) {
        if (length > 0) screen->wanted[length - 1] = 0;
    } else if (!key[1] && length + 1 < sizeof screen->wanted) {
        screen->wanted[length] = key[0];
        screen->wanted[length + 1] = 0;
    }
    return true;
}

/* Keys that only close what lies over the tiles; others close it and act. */
static bool closes(const char *key) {
    static const char *const keys[] = {"Esc", "?", "q", "Enter", "F1", "m", "i"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(keys[i], key)) return true;
    return false;
}

/* The answer to a question; anything but yes means no. To "leave?" the same key again is a yes. */
static void answer(sx_screen *screen, const char *key) {
    bool again =
        screen->leaving && (!strcmp(key, "q") || !strcmp(key, "Ctrl-C") || !strcmp(key, "F10"));
    screen->desk.question.text[0] = 0;
    screen->leaving = false;
    if (again || !strcmp(key, "y")) screen->desk.question.yes(screen->desk.question.context);
    follow(screen);
}

static void act(sx_screen *screen, const char *key) {
    sx_command_set sets[SETS];
    const sx_command_set *set;
    const sx_command *command = sx_commands_of_key(sx_screen_keys(screen, sets), key, &set);
    if (!command) return;
    if (sx_command_asks(command)) {
        char start[64];
        snprintf(start, sizeof start, "%s ", command->name);
        sx_prompt_open(&screen->prompt, start);
        return;
    }
    sx_moment before;
    sx_screen_look_at(screen, &before);
    command->run(set->context, command->value, "");
    follow(screen);
    sx_screen_keep(screen, &before);
}

void sx_screen_key(sx_screen *screen, const char *key) {
    screen->desk.message[0] = 0;
    screen->desk.bad = false;
    screen->desk.keys++;
    if (screen->prompt.open) {
        sx_command_set sets[SETS];
        sx_error err = {0};
        if (sx_prompt_key(&screen->prompt, key, sx_screen_names(screen, sets)) == SX_PROMPT_ENTERED)
            sx_screen_command(screen, screen->prompt.text, &err);
        return;
    }
    if (screen->desk.question.text[0]) {
        answer(screen, key);
        return;
    }
    if (screen->overlay != OVERLAY_NONE) {
        if (search_help(screen, key) || scroll(screen, key)) return;
        screen->overlay = OVERLAY_NONE;
        if (closes(key)) return;
    }
    act(screen, key);
}

sx_status sx_screen_command(sx_screen *screen, const char *line, sx_error *err) {
    sx_command_set sets[SETS];
    sx_error own = {0};
    char copy[SX_PROMPT_SIZE]; /* the line may be the prompt's, which a command may open again */
    sx_text_set(copy, sizeof copy, line);
    screen->desk.message[0] = 0;
    screen->desk.bad = false;
    sx_moment before;
    sx_screen_look_at(screen, &before);
    sx_status status = sx_commands_run(sx_screen_names(screen, sets), copy, err ? err : &own);
    follow(screen);
    sx_screen_keep(screen, &before);
    if (status != SX_OK) sx_screen_say(screen, (err ? err : &own)->message, true);
    return status;
}

void sx_screen_mouse(sx_screen *screen, const char *what, int x, int y) {
    sx_tile tiles[TILES];
    int count = sx_screen_tiles(screen, screen->width, screen->height, tiles);
    screen->desk.keys++;
    if (screen->overlay != OVERLAY_NONE || screen->prompt.open || screen->desk.question.text[0]) {
        if (screen->overlay != OVERLAY_NONE && strncmp(what, "Wheel", 5) == 0)
            scroll(screen, !strcmp(what, "WheelUp") ? "Up" : "Down");
        return;
    }
    for (int i = 0; y == 0 && i < screen->tabs.count && !strcmp(what, "Click"); i++)
        if (x >= screen->tabs.starts[i] && x < screen->tabs.ends[i])
            run_page(screen, screen->tab_pages[i], "");
    for (int i = 0; i < count; i++) {
        sx_box box = tiles[i].box;
        if (x < box.x || y < box.y || x >= box.x + box.width || y >= box.y + box.height) continue;
        for (int pane = 0; screen->page == DASHBOARD && pane < TILES; pane++)
            if (!strcmp(sx_screen_panes[pane]->name, tiles[i].pane) && strcmp(what, "Release") != 0)
                screen->focus = pane;
        bool button = !strcmp(what, "Click") || !strcmp(what, "Release");
        int at = sx_screen_focused(screen);
        if (button && sx_screen_panes[at]->mouse) {
            sx_moment before;
            sx_screen_look_at(screen, &before);
            sx_screen_panes[at]->mouse(screen->panes[at], what, x, y);
            if (screen->desk.wants_enter) run_zoom(screen, 0, "");
            screen->desk.wants_enter = false;
            follow(screen);
            sx_screen_keep(screen, &before);
        }
        if (button) return;
        act(screen, !strcmp(what, "WheelUp") ? "Up" : "Down");
        return;
    }
}

void sx_screen_say(sx_screen *screen, const char *sentence, bool bad) {
    sx_text_printable(screen->desk.message, sizeof screen->desk.message, sentence);
    screen->desk.bad = bad;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static void count_claims(sx_screen *screen) {
    const sx_result *result = sx_part_result(&screen->desk, "claims", SX_RESULT_CLAIMS);
    int counts[3] = {0};
    screen->desk.claims[0] = 0;
    if (!result || result->claims.count == 0) return;
    for (int i = 0; i < result->claims.count; i++)
        if (result->claims.claims[i].verdict <= SX_VERDICT_UNDECIDED)
            counts[result->claims.claims[i].verdict]++;
    size_t used = 0;
    for (int v = 0; v < 3; v++) {
        const char *verb = v == SX_VERDICT_HOLDS && counts[v] != 1 ? "hold"
                           : v == SX_VERDICT_FAILS && counts[v] != 1
                               ? "fail"
                               : sx_verdict_name((sx_verdict)v);
        if (counts[v] > 0)
            used += (size_t)snprintf(screen->desk.claims + used, sizeof screen->desk.claims - used,
                                     "%s%d %s", used ? " · " : "", counts[v], verb);
    }
}

void sx_screen_update(sx_screen *screen, const sx_snapshot *snapshot) {
    screen->desk.now = snapshot;
    count_claims(screen);
    if (!sx_screen_has_page(screen, screen->page)) screen->page = DASHBOARD;
    for (int i = 0; i < PANES; i++)
        if (sx_screen_panes[i]->update) sx_screen_panes[i]->update(screen->panes[i]);
}

void sx_screen_answer(sx_screen *screen, const sx_answer *answer) {
    screen->desk.answer = answer;
    sx_pane_robustness.update(screen->panes[ROBUSTNESS - 1]);
    sx_pane_probe.update(screen->panes[PROBE - 1]);
    sx_pane_inspect.update(screen->panes[INSPECT - 1]);
}

static sx_status choose_page(sx_screen *screen, const char *page, sx_error *err) {
    const char *names[PANES + 1] = {"dashboard"};
    for (int i = 0; i < PANES; i++) names[i + 1] = sx_screen_panes[i]->name;
    for (int i = 0; i <= PANES; i++)
        if (!page || !strcmp(page, names[i])) {
            sx_screen_go_to(screen, i);
            return SX_OK;
        }
    return sx_fail(err, SX_USAGE, "there is no page '%.64s'; did you mean '%s'?", page,
                   sx_nearest_name(page, names, PANES + 1));
}

sx_screen *sx_screen_new(const sx_screen_options *options, sx_error *err) {
    sx_screen *screen = sx_alloc(1, sizeof *screen);
    if (!screen) {
        sx_fail(err, SX_NO_MEMORY, "no memory for the screen");
        return NULL;
    }
    screen->options = *options;
    screen->nothing = (sx_snapshot){.checkpoint_age = NAN,
                                    .images_per_second = NAN,
                                    .seconds_left = NAN,
                                    .measuring_share = NAN};
    screen->desk = (sx_desk){.now = &screen->nothing,
                             .picture_seconds = options->picture_seconds,
                             .user = options->user,
                             .ask = options->ask,
                             .start = options->start,
                             .send = options->send,
                             .starts_freely = options->starts_freely,
                             .threshold = NAN,
                             .coverage = NAN};
    bool whole = true;
    for (int i = 0; i < PANES; i++) {
        screen->panes[i] = sx_screen_panes[i]->open(&screen->desk);
        whole = whole && screen->panes[i];
    }
    if (!whole) sx_fail(err, SX_NO_MEMORY, "no memory for the panes");
    if (whole && choose_page(screen, options->page, err) == SX_OK) return screen;
    sx_screen_free(screen);
    return NULL;
}

void sx_screen_free(sx_screen *screen) {
    if (!screen) return;
    for (int i = 0; i < PANES; i++)
        if (screen->panes[i]) sx_screen_panes[i]->close(screen->panes[i]);
    sx_text_done(&screen->wished);
    sx_free(screen);
}

void sx_screen_slow(sx_screen *screen, bool slow) {
    screen->desk.no_thumbnails = slow;
}

bool sx_screen_prompting(const sx_screen *screen) {
    return screen->prompt.open;
}

void sx_screen_lesson(sx_screen *screen, const char *line) {
    sx_text_printable(screen->lesson, sizeof screen->lesson, line);
    screen->desk.starts_freely = screen->options.starts_freely || *line;
}

bool sx_screen_again(const sx_screen *screen) {
    return screen->desk.again;
}

const char *sx_screen_wished(const sx_screen *screen) {
    return screen->wished.data ? screen->wished.data : "";
}

sx_screen_wish sx_screen_take_wish(sx_screen *screen) {
    sx_screen_wish wish = screen->wish;
    screen->wish = SX_WISH_NONE;
    return wish;
}

json_t *sx_screen_state(const sx_screen *screen) {
    static const char *const overlays[] = {"", "help", "message", "explain"};
    const sx_snapshot *now = screen->desk.now;
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:b, s:o}", "page",
                  screen->page == DASHBOARD ? "dashboard" : sx_screen_panes[screen->page - 1]->name,
                  "focus", sx_screen_panes[sx_screen_focused(screen)]->name, "state",
                  sx_state_name(now->state), "step", (json_int_t)now->report.step, "prompt",
                  screen->prompt.open ? screen->prompt.text : "", "overlay",
                  overlays[screen->overlay], "asking", screen->desk.question.text[0] != 0,
                  "message", sx_json_text(screen->desk.message));
    for (int i = 0; out && i < PANES; i++)
        json_object_set_new(out, sx_screen_panes[i]->name,
                            sx_screen_panes[i]->state(screen->panes[i]));
    return out;
}
