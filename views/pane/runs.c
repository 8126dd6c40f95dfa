/* Runs: every run folder, the newest first. One can be looked at, gone on with, begun again, noted,
 * renamed and deleted; those that are marked are compared. The list is read from disk when the page
 * is opened and when a run begins or ends: a few runs a drawing, so that no key waits for the disk.
 * The first time it grows; later the list before is shown until the new one is as long. */
#include "views/pane/part.h"

#include "core/store/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    sx_desk *desk;
    sx_run_list list; /* the newest first */
    size_t capacity;
    size_t *shown; /* [list.count] rows of the list that pass the filter */
    size_t shown_capacity;
    sx_run_walk walk;  /* under way while `reading` ... */
    sx_run_list fresh; /* ... and what it has found */
    size_t fresh_capacity;
    bool reading;
    sx_picker picker;
    sx_box rows; /* where the list was drawn, for the mouse */
    char filter[64];
    char problem[256];      /* why there is no list */
    char run[96], cell[64]; /* the job's run, its cell and state when the list was read */
    sx_state state;
    bool seen;
} runs_pane;

/* ---- the list ---------------------------------------------------------------------------------
 */

static bool passes(const runs_pane *pane, const sx_run_facts *run) {
    return !pane->filter[0] || strcasestr(run->name, pane->filter) ||
           strcasestr(run->study, pane->filter) || strcasestr(run->state, pane->filter) ||
           strcasestr(run->note, pane->filter);
}

static void filter_list(runs_pane *pane) {
    size_t count = 0;
    for (size_t i = 0; i < pane->list.count; i++)
        if (passes(pane, &pane->list.runs[i])) pane->shown[count++] = i;
    sx_picker_lay(&pane->picker, count, 1, pane->picker.rows);
}

static const sx_run_facts *selected(const runs_pane *pane) {
    if (pane->picker.selected >= pane->picker.count) return NULL;
    return &pane->list.runs[pane->shown[pane->picker.selected]];
}

static void select_run(runs_pane *pane, const char *name) {
    for (size_t i = 0; i < pane->picker.count; i++)
        if (strcmp(pane->list.runs[pane->shown[i]].name, name) == 0) pane->picker.selected = i;
    sx_picker_lay(&pane->picker, pane->picker.count, 1, pane->picker.rows);
}

/* The list of `count` runs; false, and the list stays, if memory is out. */
static bool make_room(runs_pane *pane, size_t count) {
    return sx_grow((void **)&pane->list.runs, &pane->capacity, count, sizeof *pane->list.runs) &&
           sx_grow((void **)&pane->shown, &pane->shown_capacity, count, sizeof *pane->shown);
}

/* What was read becomes the list; the selection stays on its run. */
static void take_over(runs_pane *pane) {
    char name[96] = "";
    size_t count = pane->fresh.count;
    if (selected(pane)) sx_text_set(name, sizeof name, selected(pane)->name);
    if (!make_room(pane, count)) {
        sx_text_set(pane->problem, sizeof pane->problem, "no memory for the list of runs");
        return;
    }
    if (count) memcpy(pane->list.runs, pane->fresh.runs, count * sizeof *pane->list.runs);
    pane->list.count = count;
    filter_list(pane);
    select_run(pane, name);
}

/* At least one run, and more while there is time. */
static void read_more(runs_pane *pane) {
    double began = sx_seconds();
    while (pane->reading) {
        sx_run_list *fresh = &pane->fresh;
        bool memory = sx_grow((void **)&fresh->runs, &pane->fresh_capacity, fresh->count + 1,
                              sizeof *fresh->runs);
        pane->reading = memory && sx_run_walk_next(&pane->walk, &fresh->runs[fresh->count]);
        fresh->count += pane->reading;
        if (!sx_desk_has_time(pane->desk, began)) break;
    }
    if (!pane->reading) sx_run_walk_done(&pane->walk);
    if (!pane->reading || pane->fresh.count >= pane->list.count) take_over(pane);
}

/* Begins to read the list again. */
static void read_list(runs_pane *pane) {
    sx_error err = {0};
    pane->problem[0] = 0;
    pane->fresh.count = 0;
    pane->reading = sx_run_walk_begin(&pane->walk, &err) == SX_OK;
    if (err.status) sx_text_set(pane->problem, sizeof pane->problem, err.message);
    sx_text_set(pane->run, sizeof pane->run, pane->desk->now->run);
    sx_text_set(pane->cell, sizeof pane->cell, pane->desk->now->cell);
    pane->state = pane->desk->now->state;
    read_more(pane);
}

static void seen(void *state, bool seen) {
    runs_pane *pane = state;
    pane->seen = seen;
    if (seen) read_list(pane);
}

/* A run, or a cell of one, that began or ended is another list. */
static void update(void *state) {
    runs_pane *pane = state;
    const sx_snapshot *now = pane->desk->now;
    if (pane->seen && (now->state != pane->state || strcmp(now->run, pane->run) != 0 ||
                       strcmp(now->cell, pane->cell) != 0))
        read_list(pane);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static void run_move(void *state, int value, const char *argument) {
    runs_pane *pane = state;
    int64_t page = pane->picker.rows > 1 ? pane->picker.rows - 1 : 1;
    const int64_t by[] = {[UP] = -1,          [DOWN] = 1,           [PAGE_UP] = -page,
                          [PAGE_DOWN] = page, [FIRST] = -INT32_MAX, [LAST] = INT32_MAX};
    (void)argument;
    sx_picker_move(&pane->picker, by[value]);
}

static void run_filter(void *state, int value, const char *argument) {
    runs_pane *pane = state;
    (void)value;
    bool all = strcmp(argument, "all") == 0;
    sx_text_set(pane->filter, sizeof pane->filter, all ? "" : argument);
    filter_list(pane);
}

static void run_refresh(void *state, int value, const char *argument) {
    (void)value, (void)argument;
    read_list(state);
}

/* The selected run; says so if there is none. */
static const sx_run_facts *wanted(runs_pane *pane) {
    const sx_run_facts *run = selected(pane);
    if (!run) sx_desk_say(pane->desk, "no run is selected");
    return run;
}

/* Marks a state of the selected run, or takes the mark away; most mark neighbours. */
static void run_mark(void *state, int value, const char *argument) {
    runs_pane *pane = state;
    sx_desk *desk = pane->desk;
    const sx_run_facts *run = wanted(pane);
    (void)argument;
    if (!run) return;
    int place = sx_desk_place(desk, run->name, (sx_run_version)value);
    if (place >= 0) {
        desk->compared[place].run[0] = 0;
    } else {
        for (place = 0; place < SX_COMPARED && desk->compared[place].run[0];) place++;
        if (place == SX_COMPARED) {
            sx_desk_say(desk, "%d are compared at most; the same key takes a mark away",
                        SX_COMPARED);
            return;
        }
        sx_text_set(desk->compared[place].run, sizeof desk->compared[place].run, run->name);
        desk->compared[place].version = (sx_run_version)value;
    }
    if (value == SX_RUN_NOW) sx_picker_move(&pane->picker, 1);
    int count = sx_desk_compared(desk);
    sx_desk_say(desk, "%d %s marked; V compares them", count, count == 1 ? "is" : "are");
}

static void run_unmark(void *state, int value, const char *argument) {
    runs_pane *pane = state;
    (void)value, (void)argument;
    for (int i = 0; i < SX_COMPARED; i++) pane->desk->compared[i].run[0] = 0;
}

static void run_start(void *state, int value, const char *argument) {
    runs_pane *pane = state;
    const sx_run_facts *run = wanted(pane);
    (void)argument;
    if (!run) return;
    bool shown = strcmp(run->name, pane->desk->now->run) == 0;
    if (shown && value == SX_START_OPEN)
        pane->desk->wants_dashboard = true;
    else if (shown && sx_desk_active(pane->desk) && value == SX_START_RESUME)
        sx_desk_say(pane->desk, "this is the run that goes on here");
    else
        sx_desk_start(pane->desk, (sx_start_kind)value, run->name, "");
}

/* After something that changed the folder of the selected run, which is `now` called; NULL: it is
 * gone. Only this one is read again. */
static void done(runs_pane *pane, sx_status status, const sx_error *err, const char *now,
                 const char *sentence) {
    sx_desk_say(pane->desk, "%s", status ? err->message : sentence);
    pane->desk->bad = status != SX_OK;
    if (status) return;
    size_t at = pane->shown[pane->picker.selected];
    sx_run_facts *run = &pane->list.runs[at];
    if (now && sx_store_facts(now, run, NULL) == SX_OK) {
        filter_list(pane);
    } else {
        pane->list.count--;
        memmove(run, run + 1, (pane->list.count - at) * sizeof *run);
        filter_list(pane);
    }
    if (pane->reading) read_list(pane); /* it may have been read as it was before */
}

static void run_note(void *state, int value, const char *argument) {
    runs_pane *pane = state;
    const sx_run_facts *run = wanted(pane);
    sx_error err = {0};
    (void)value;
    if (!run) return;
    sx_status status = sx_store_note(run->name, argument, &err);
    if (argument[0]) sx_scratch_keep();
    done(pane, status, &err, run->name, argument[0] ? "noted" : "the note is gone");
}

static void run_rename(void *state, int value, const char *argument) {
    runs_pane *pane = state;
    const sx_run_facts *run = wanted(pane);
    sx_error err = {0};
    (void)value;
    if (!run) return;
    size_t digits = strspn(run->name, "0123456789");
    char number[96];
    sx_text_set(number, digits + 1, run->name);
    sx_status status = sx_store_rename(run->name, argument, &err);
    if (status == SX_OK) sx_desk_unmark(pane->desk, run->name);
    done(pane, status, &err, digits ? number : argument, "renamed; its number is the same");
}

static void delete_it(void *state) {
    runs_pane *pane = state;
    const sx_run_facts *run = wanted(pane);
    sx_error err = {0};
    if (!run) return;
    sx_status status = sx_store_delete(run->name, &err);
    if (status == SX_OK) sx_desk_unmark(pane->desk, run->name);
    done(pane, status, &err, NULL, "deleted");
}

static void run_delete(void *state, int value, const char *argument) {
    runs_pane *pane = state;
    const sx_run_facts *run = wanted(pane);
    (void)value, (void)argument;
    if (!run) return;
    if (strcmp(run->name, pane->desk->now->run) == 0)
        sx_desk_say(pane->desk, "this run is shown here; open another one before it is deleted");
    else
        sx_desk_ask(pane->desk, delete_it, pane, "delete %s with all its files? y deletes it",
                    run->name);
}

/* The other store has other runs of the same names: what is marked in one means nothing there. */
static void run_lessons(void *state, int value, const char *argument) {
    runs_pane *pane = state;
    bool lessons = !sx_scratch_is_used();
    (void)value, (void)argument;
    if (!sx_scratch_use(lessons)) {
        sx_desk_say(pane->desk, "these are your own runs; no lesson has been played here");
        return;
    }
    run_unmark(pane, 0, "");
    read_list(pane);
    sx_desk_say(pane->desk, lessons ? "the runs of the lesson; they go at the end"
                                    : "your own runs; L shows those of the lesson");
}

static const sx_command commands[] = {
    {"up", "Up k", "", NULL, "the run above", run_move, UP, NULL, NULL},
    {"down", "Down j", "", NULL, "the run below", run_move, DOWN, NULL, NULL},
    {"page-up", "PgUp Ctrl-U", "", NULL, "one screen up", run_move, PAGE_UP, NULL, NULL},
    {"page-down", "PgDn Ctrl-D", "", NULL, "one screen down", run_move, PAGE_DOWN, NULL, NULL},
    {"first", "g Home", "", NULL, "the newest run", run_move, FIRST, NULL, NULL},
    {"last", "G End", "", NULL, "the oldest run", run_move, LAST, NULL, NULL},
    {"mark", "x", "", "mark",
     "mark the run for a comparison, or take the mark away; on to the next", run_mark, SX_RUN_NOW,
     NULL, NULL},
    {"mark-checkpoint", "c", "", NULL,
     "mark what was saved with the run's newest checkpoint, or take the mark away", run_mark,
     SX_RUN_CHECKPOINT, NULL, NULL},
    {"mark-before", "C", "", NULL, "the same of the checkpoint before", run_mark, SX_RUN_BEFORE,
     NULL, NULL},
    {"unmark", "U", "", NULL, "take all marks away", run_unmark, 0, NULL, NULL},
    {"find", "/", "TEXT", "find",
     "show only runs whose name, study, state or note contains this; "
     "all: every one",
     run_filter, 0, NULL, NULL},
    {"open", "o", "", "open", "look at the run", run_start, SX_START_OPEN, NULL, NULL},
    {"resume", "r", "", "go on", "go on with the run", run_start, SX_START_RESUME, NULL, NULL},
    {"repeat", "a", "", NULL, "a new run of the same study with the same seed", run_start,
     SX_START_AGAIN, NULL, NULL},
    {"note", "n", "[TEXT]", NULL, "write a line about the run, or take it away", run_note, 0, NULL,
     NULL},
    {"rename", "N", "NAME", NULL, "another name behind the same number", run_rename, 0, NULL, NULL},
    {"delete", "D", "", "delete", "delete the run, after a question", run_delete, 0, NULL, NULL},
    {"lesson-runs", "L", "", NULL, "the runs of lessons, which nobody keeps, or your own",
     run_lessons, 0, NULL, NULL},
    {"refresh", "F5", "", NULL, "read the list again", run_refresh, 0, NULL, NULL},
    {0}};

/* A click selects a run. */
static void mouse(void *state, const char *what, int x, int y) {
    runs_pane *pane = state;
    size_t row = pane->picker.first + (size_t)(y > pane->rows.y ? y - pane->rows.y : 0);
    bool inside = y >= pane->rows.y && y < pane->rows.y + pane->rows.height;
    (void)x;
    if (strcmp(what, "Click") == 0 && inside && row < pane->picker.count)
        pane->picker.selected = row;
}

static bool enter(void *state) {
    runs_pane *pane = state;
    if (!selected(pane)) return false;
    run_start(pane, SX_START_OPEN, "");
    return true;
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

static void heading(const void *state, sx_heading *out) {
    const runs_pane *pane = state;
    sx_heading_add(out, 0, "", sx_scratch_is_used() ? "Runs of the lesson" : "Runs");
    if (pane->filter[0]) {
        sx_heading_add(out, 2, "", " · %zu of %zu", pane->picker.count, pane->list.count);
        sx_heading_add(out, 1, "", " with '%s'", pane->filter);
    } else {
        sx_heading_add(out, 1, "", " · %zu", pane->list.count);
    }
}

/* Columns of the table; the note takes what is left. */
typedef struct {
    int state, steps, accuracy, created, note; /* where they begin; 0: not there */
} places;

static places places_of(int width) {
    places p = {.state = 30, .accuracy = 40};
    p.steps = width >= 100 ? 40 : 0;
    if (p.steps) p.accuracy = 60;
    p.created = p.accuracy + 7;
    p.note = width >= p.created + 24 ? p.created + 18 : 0;
    if (width < p.created + 16) p.created = 0;
    return p;
}

static sx_role role_of(const sx_run_facts *run) {
    static const struct {
        const char *state;
        sx_role role;
    } roles[] = {{"running", SX_ROLE_GOOD}, {"failed", SX_ROLE_BAD}, {"broken", SX_ROLE_BAD}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (strcmp(run->state, roles[i].state) == 0) return roles[i].role;
    return SX_ROLE_TEXT;
}

/* Text from column x up to `end` of row y. */
static void put(sx_canvas *canvas, sx_box box, int x, int end, int y, sx_style style,
                const char *text) {
    sx_box part = sx_box_inset(box, x, 0, box.width > end ? box.width - end : 0, 0);
    sx_canvas_text(canvas, part, 0, y, style, text);
}

static void draw_header(sx_canvas *canvas, sx_box box, const places *p) {
    sx_style dim = sx_style_of(SX_ROLE_DIM);
    put(canvas, box, 2, p->state, 0, dim, "run");
    put(canvas, box, p->state, p->accuracy, 0, dim, "state");
    if (p->steps) put(canvas, box, p->steps, p->accuracy, 0, dim, "steps");
    put(canvas, box, p->accuracy, box.width, 0, dim, "val");
    if (p->created) put(canvas, box, p->created, box.width, 0, dim, "begun (UTC)");
    if (p->note) put(canvas, box, p->note, box.width, 0, dim, "note");
}

/* The numbers of its places in a comparison, each in that place's colour: before its name, and
 * those of its checkpoints behind it. */
static void draw_mark(const runs_pane *pane, sx_canvas *canvas, sx_box box, int y,
                      const char *name) {
    static const int columns[] = {[SX_RUN_NOW] = 0, [SX_RUN_CHECKPOINT] = 25, [SX_RUN_BEFORE] = 27};
    for (sx_run_version version = SX_RUN_NOW; version <= SX_RUN_BEFORE; version++) {
        char mark[16];
        int place = sx_desk_place(pane->desk, name, version);
        if (place < 0) continue;
        snprintf(mark, sizeof mark,
                 version == SX_RUN_BEFORE ? "<%d"
                 : version                ? "=%d"
                                          : "%d",
                 place + 1);
        sx_style style = sx_style_of(SX_ROLE_SERIES1 + (sx_role)(place % 6));
        style.attributes |= SX_BOLD;
        sx_canvas_text(canvas, box, columns[version], y, style, mark);
    }
}

static void draw_run(const runs_pane *pane, sx_canvas *canvas, sx_box box, const places *p,
                     const sx_run_facts *run, int y, bool chosen) {
    char step[32], steps[32], text[96];
    sx_style style = sx_style_of(SX_ROLE_TEXT), of_state = sx_style_of(role_of(run));
    if (chosen) {
        sx_canvas_fill(canvas, (sx_box){box.x, box.y + y, box.width, 1}, ' ',
                       (sx_style){.attributes = SX_REVERSE});
        style.attributes |= SX_REVERSE | SX_BOLD;
        of_state.attributes |= SX_REVERSE;
        canvas->cursor_x = box.x;
        canvas->cursor_y = box.y + y;
    }
    put(canvas, box, 2, p->state - 1, y, style, run->name);
    put(canvas, box, p->state, p->accuracy - 1, y, of_state, run->state);
    snprintf(text, sizeof text, "%s of %s%s", sx_text_count(step, run->step),
             sx_text_count(steps, run->steps), run->cells ? " runs" : "");
    if (p->steps) put(canvas, box, p->steps, p->accuracy - 1, y, style, text);
    sx_number_shown(text, run->accuracy, 3);
    put(canvas, box, p->accuracy, p->accuracy + 6, y, style, text);
    if (p->created) put(canvas, box, p->created, p->created + 17, y, style, run->created);
    if (p->note) put(canvas, box, p->note, box.width, y, style, run->note);
    draw_mark(pane, canvas, box, y, run->name);
}

/* The selected run in full: a narrow table drops columns. */
static void draw_details(const runs_pane *pane, sx_canvas *canvas, sx_box box) {
    const sx_run_facts *run = selected(pane);
    char progress[160], time[32];
    sx_segment parts[5];
    if (!run) return;
    parts[0] = sx_part_segment(SX_ROLE_TEXT, "study %s", run->study[0] ? run->study : "unknown");
    parts[1] = sx_part_segment(SX_ROLE_TEXT, run->preset[0] ? "preset %s" : "%s", run->preset);
    sx_run_progress(run, progress, sizeof progress);
    parts[2] = sx_part_segment(SX_ROLE_TEXT, "%s", progress);
    parts[3] = (sx_segment){.role = SX_ROLE_TEXT};
    if (!isnan(run->seconds))
        parts[3] =
            sx_part_segment(SX_ROLE_TEXT, "computed for %s", sx_text_duration(time, run->seconds));
    parts[4] = sx_part_segment(SX_ROLE_DIM, "begun %s", run->created);
    sx_segments_draw(canvas, box, 0, parts, 5, 3);
    sx_canvas_text(canvas, box, 0, 1, sx_style_of(run->note[0] ? SX_ROLE_TEXT : SX_ROLE_DIM),
                   run->note[0] ? run->note : "no note; n writes one");
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    runs_pane *pane = state;
    (void)how;
    box = sx_box_inset(box, 1, 0, 1, 0);
    if (pane->reading) read_more(pane);
    pane->desk->again |= pane->reading;
    if (pane->picker.count == 0) {
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM),
                        pane->problem[0]       ? pane->problem
                        : pane->list.count > 0 ? "No run has that; / and all show every one."
                                               : "No runs yet; 9 shows what can be started.");
        return;
    }
    sx_box below = sx_box_take_rows(&box, box.height > 8 ? -3 : 0);
    places p = places_of(box.width);
    sx_box header = sx_box_take_rows(&box, 1);
    sx_picker_lay(&pane->picker, pane->picker.count, 1, box.height > 0 ? box.height : 1);
    draw_header(canvas, header, &p);
    pane->rows = box;
    for (int y = 0; y < box.height && pane->picker.first + (size_t)y < pane->picker.count; y++) {
        size_t row = pane->picker.first + (size_t)y;
        draw_run(pane, canvas, box, &p, &pane->list.runs[pane->shown[row]], y,
                 row == pane->picker.selected);
    }
    if (below.height > 1) draw_details(pane, canvas, sx_box_inset(below, 0, 1, 0, 0));
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void *open_pane(sx_desk *desk) {
    runs_pane *pane = sx_alloc(1, sizeof *pane);
    if (pane) *pane = (runs_pane){.desk = desk, .picker = {.columns = 1, .rows = 1}};
    return pane;
}

static void close_pane(void *state) {
    runs_pane *pane = state;
    sx_run_list_done(&pane->list);
    sx_run_list_done(&pane->fresh);
    sx_run_walk_done(&pane->walk);
    sx_free(pane->shown);
    sx_free(pane);
}

static json_t *state_of(const void *state) {
    const runs_pane *pane = state;
    const sx_run_facts *run = selected(pane);
    json_t *marked = json_array();
    for (int i = 0; i < SX_COMPARED; i++)
        if (pane->desk->compared[i].run[0])
            json_array_append_new(marked, sx_json_text(pane->desk->compared[i].run));
    return json_pack("{s:I, s:I, s:s, s:o, s:o}", "count", (json_int_t)pane->list.count, "shown",
                     (json_int_t)pane->picker.count, "filter", pane->filter, "selected",
                     sx_json_text(run ? run->name : ""), "marked", marked);
}

/* The filter has another list. */
static void restored(void *state) {
    filter_list(state);
}

static const char *const results[] = {NULL};

const sx_pane sx_pane_runs = {
    .name = "runs",
    .title = "Runs",
    .help = "every run: open, note, rename, mark, delete",
    .explains =
        "Every run leaves a folder with its configuration, its figures and its network, and "
        "this is the list of them, the newest first. A stopped run can be gone on with to "
        "the same bits. Val is the last accuracy on validation images, which the network "
        "never learned from.",
    .tries = "Try: x on two runs and V to see them side by side, c and C for a run's checkpoints; "
             "Enter to look at one with every pane; n to write down what it was for.",

    .commands = commands,
    .results = results,
    .open = open_pane,
    .close = close_pane,
    .update = update,
    .seen = seen,
    .heading = heading,
    .view = SX_VIEW_SPAN(runs_pane, filter, filter),
    .restored = restored,
    .draw = draw,
    .mouse = mouse,
    .enter = enter,
    .state = state_of};
