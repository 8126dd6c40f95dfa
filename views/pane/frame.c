/* Draws the screen: top line, tiles, state, keys, and what lies over them. All of it is drawn anew
 * on the canvas each time; that only changed cells are sent is the terminal's business. */
#include "views/pane/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The last key of a page's command, which is its digit if it has one; into out [SX_KEY_SIZE]. */
static void page_key(const char *name, char *out) {
    out[0] = 0;
    for (const sx_command *row = sx_screen_commands; row->name; row++) {
        if (strcmp(row->name, name) != 0) continue;
        const char *blank = strrchr(row->keys, ' ');
        sx_text_set(out, SX_KEY_SIZE, blank ? blank + 1 : row->keys);
    }
}

static void draw_top(sx_screen *screen, sx_canvas *canvas) {
    static const char *const hints[] = {"? help   : command", "? help"};
    sx_tabs *tabs = &screen->tabs;
    *tabs = (sx_tabs){.chosen = 0};
    for (int page = 0; page <= PANES; page++) {
        if (!sx_screen_has_page(screen, page) && page != screen->page) continue;
        const sx_pane *pane = page == 0 ? NULL : sx_screen_panes[page - 1];
        int i = tabs->count++;
        if (page == screen->page) tabs->chosen = i;
        screen->tab_pages[i] = page;
        tabs->names[i] = pane ? pane->title : "Dashboard";
        tabs->briefs[i] = pane ? pane->tab : "Dash";
        page_key(pane ? pane->name : "dashboard", tabs->keys[i]);
    }
    sx_tabs_draw(canvas, (sx_box){0, 0, canvas->width, 1}, "sextant", tabs, hints);
}

/* ---- the state of the run ---------------------------------------------------------------------
 */

static const struct {
    const char *mark, *plain; /* with and without Unicode */
    sx_role role;
} state_marks[SX_STATES] = {[SX_STATE_IDLE] = {"○", "-", SX_ROLE_DIM},
                            [SX_STATE_LOADING] = {"○", "o", SX_ROLE_TEXT},
                            [SX_STATE_RUNNING] = {"●", "*", SX_ROLE_GOOD},
                            [SX_STATE_PAUSED] = {"○", "=", SX_ROLE_WARNING},
                            [SX_STATE_STOPPING] = {"○", "o", SX_ROLE_WARNING},
                            [SX_STATE_FINISHED] = {"✓", "+", SX_ROLE_GOOD},
                            [SX_STATE_STOPPED] = {"○", "-", SX_ROLE_WARNING},
                            [SX_STATE_FAILED] = {"✗", "x", SX_ROLE_BAD}};

void sx_screen_sentence(const sx_screen *screen, char *out, size_t size) {
    const sx_snapshot *now = screen->desk.now;
    char step[32], steps[32];
    const char *unit = now->report.unit ? now->report.unit : "pictures";
    sx_text_count(step, now->report.step);
    sx_text_count(steps, now->report.steps);
    if (now->message[0])
        sx_text_printable(out, size, now->message);
    else if (now->report.measures_only && now->state == SX_STATE_RUNNING)
        snprintf(out, size, "%s of %s %s", step, steps, unit);
    else if (now->report.measures_only && now->state == SX_STATE_FINISHED)
        snprintf(out, size, "all %s are measured", unit);
    else if (now->report.measures_only && now->state == SX_STATE_STOPPED)
        snprintf(out, size, "stopped after %s %s; --resume goes on", step, unit);
    else if (now->state == SX_STATE_FINISHED && now->report.steps > 0)
        snprintf(out, size, "all %s steps are done", steps);
    else if (now->state == SX_STATE_IDLE && now->data)
        snprintf(out, size, "a data set to look at; nothing is trained");
    else if (now->state == SX_STATE_STOPPED)
        snprintf(out, size, "stopped at step %s of %s; --resume goes on", step, steps);
    else if (now->state == SX_STATE_FAILED)
        snprintf(out, size, "the run failed; its folder has the log");
    else
        out[0] = 0;
}

/* The data set's note is on the Data pane already: here only where there is room for it. */
static bool is_known_note(const sx_screen *screen, const char *sentence) {
    const sx_snapshot *now = screen->desk.now;
    enum { BESIDE = 44 }; /* columns that state, run and checkpoint take */
    return now->data && !strcmp(sentence, sx_source_describe(now->data->source)->note) &&
           sx_text_columns(sentence) > screen->width - BESIDE;
}

/* What is said beside the state, the most urgent first. */
static void tell(const sx_screen *screen, char *out, size_t size, sx_role *role) {
    const sx_snapshot *now = screen->desk.now;
    *role = SX_ROLE_TEXT;
    if (screen->desk.question.text[0]) {
        snprintf(out, size, "%s", screen->desk.question.text);
        *role = SX_ROLE_WARNING;
        return;
    }
    if (screen->desk.message[0]) {
        snprintf(out, size, "%s", screen->desk.message);
        if (screen->desk.bad) *role = SX_ROLE_BAD;
        return;
    }
    sx_screen_sentence(screen, out, size);
    if (now->state == SX_STATE_FAILED) *role = SX_ROLE_BAD;
    if (out[0] && !is_known_note(screen, out)) return;
    out[0] = 0;
    char age[32];
    *role = SX_ROLE_DIM;
    if (!isnan(now->checkpoint_age))
        snprintf(out, size, "checkpoint %s ago", sx_text_duration(age, now->checkpoint_age));
    else if (sx_desk_active(&screen->desk) && now->run[0])
        snprintf(out, size, "no checkpoint yet");
}

/* "0012-fashion-cnn", "0013-si-score-small / vit, 2 of 6". */
static void name_run(const sx_snapshot *now, char *out, size_t size) {
    if (now->cell_count)
        snprintf(out, size, "%s / %s, %d of %d", now->run, now->cell, now->cell_number,
                 now->cell_count);
    else
        snprintf(out, size, "%s", now->run);
}

/* State, run, claims, sentence. Where they do not fit together, the sentence is the last to give
 * way: first the run's name goes, then the claims, then the sentence is cut at a word. */
static void draw_state(const sx_screen *screen, sx_canvas *canvas, sx_box row) {
    const sx_snapshot *now = screen->desk.now;
    char text[640], fit[640];
    sx_role role;
    tell(screen, text, sizeof text, &role);
    const char *mark =
        canvas->look.unicode ? state_marks[now->state].mark : state_marks[now->state].plain;
    char named[sizeof now->run + sizeof now->cell + 32];
    const char *run = named, *claims = screen->desk.claims;
    name_run(now, named, sizeof named);
    sx_segment parts[2];
    int room = 0, gap = 3;
    for (int given_up = 0; given_up < 3; given_up++) {
        if (given_up > 0) run = "";
        if (given_up > 1) claims = "";
        parts[0] = sx_part_segment(state_marks[now->state].role, "%s %s%s%s", mark,
                                   sx_state_name(now->state), run[0] ? " " : "", run);
        parts[1] = sx_part_segment(SX_ROLE_TEXT, "%s", claims);
        room = row.width - sx_text_columns(parts[0].text) - gap;
        if (claims[0]) room -= sx_text_columns(claims) + gap;
        if (sx_text_columns(text) <= room) break;
    }
    int x = sx_segments_draw(canvas, row, 0, parts, 2, gap) + gap;
    sx_words_fit(fit, sizeof fit, text, room, canvas->look.unicode);
    if (text[0]) sx_canvas_text(canvas, row, x, 0, sx_style_of(role), fit);
}

/* What a lesson says, on a ground of its own. */
static void draw_caption(const sx_screen *screen, sx_canvas *canvas, sx_box box) {
    sx_style style = sx_style_of(SX_ROLE_TEXT);
    style.attributes |= SX_REVERSE;
    if (box.height < 1) return;
    sx_canvas_fill(canvas, (sx_box){0, box.y, canvas->width, box.height}, ' ', style);
    sx_canvas_paragraph(canvas, box, 0, style, screen->caption);
}

static void draw_bottom(sx_screen *screen, sx_canvas *canvas) {
    sx_box all = sx_box_inset(sx_canvas_box(canvas), 1, 0, 1, 0);
    sx_box keys = sx_box_take_rows(&all, -1), state = sx_box_take_rows(&all, -1);
    sx_command_set sets[SETS];
    draw_state(screen, canvas, state);
    draw_caption(screen, canvas,
                 sx_box_take_rows(&all, -sx_screen_caption_rows(screen, canvas->width)));
    if (!screen->prompt.open && screen->lesson[0]) {
        sx_canvas_text(canvas, keys, 0, 0, sx_style_of(SX_ROLE_KEY), screen->lesson);
    } else if (screen->prompt.open) {
        sx_palette_draw(&screen->prompt, canvas, sx_box_inset(sx_canvas_box(canvas), 0, 1, 0, 2),
                        sx_screen_names(screen, sets));
        sx_prompt_draw(&screen->prompt, canvas, keys, sx_screen_names(screen, sets));
    } else
        sx_key_line_draw(canvas, keys, sx_screen_keys(screen, sets), "back quit");
}

/* ---- what lies over the tiles -----------------------------------------------------------------
 */

/* Paragraphs one below the other, scrolled; returns the rows they take. */
static int draw_paragraphs(sx_canvas *canvas, sx_box box, int first, const char *const *texts,
                           int count) {
    int y = -first;
    for (int i = 0; i < count; i++)
        y = sx_canvas_paragraph(canvas, box, y + (i > 0), sx_style_of(SX_ROLE_TEXT), texts[i]);
    return y + first;
}

static int draw_message(sx_screen *screen, sx_canvas *canvas, sx_box box) {
    char text[640];
    sx_screen_sentence(screen, text, sizeof text);
    const char *shown = text[0] ? text : "There is no message.";
    return draw_paragraphs(canvas, box, screen->overlay_first, &shown, 1);
}

static int draw_explanation(sx_screen *screen, sx_canvas *canvas, sx_box box) {
    const sx_pane *pane = sx_screen_panes[sx_screen_focused(screen)];
    const char *const texts[] = {pane->explains, pane->tries};
    return draw_paragraphs(canvas, box, screen->overlay_first, texts, 2);
}

static int draw_help(sx_screen *screen, sx_canvas *canvas, sx_box box) {
    sx_command_set sets[SETS];
    return sx_help_draw(canvas, box, sx_screen_keys(screen, sets), screen->wanted,
                        screen->overlay_first);
}

static void draw_overlay(sx_screen *screen, sx_canvas *canvas) {
    static const struct {
        const char *title;
        int (*draw)(sx_screen *screen, sx_canvas *canvas, sx_box box);
    } kinds[] = {[OVERLAY_HELP] = {"Help · arrows scroll · / searches · Esc closes", draw_help},
                 [OVERLAY_MESSAGE] = {"Message", draw_message},
                 [OVERLAY_EXPLAIN] = {"What this is · Esc closes", draw_explanation}};
    sx_box body = sx_box_inset(sx_canvas_box(canvas), 0, 1, 0, 2);
    int width = body.width < 100 ? body.width : 100;
    sx_box box = {(body.width - width) / 2, body.y, width, body.height};
    sx_canvas_fill(canvas, box, ' ', sx_style_of(SX_ROLE_TEXT));
    canvas->cursor_x = canvas->cursor_y = -1;
    char title[96];
    bool searched = screen->overlay == OVERLAY_HELP && (screen->searching || screen->wanted[0]);
    snprintf(title, sizeof title, searched ? "Help · /%s%s" : "%s",
             searched ? screen->wanted : kinds[screen->overlay].title,
             screen->searching ? "_" : "");
    sx_box inside = sx_canvas_frame(canvas, box, title, true);
    inside = sx_box_inset(inside, 1, 0, 1, 0);
    screen->overlay_height = inside.height;
    if (kinds[screen->overlay].draw)
        screen->overlay_rows = kinds[screen->overlay].draw(screen, canvas, inside);
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static void draw_too_small(sx_canvas *canvas) {
    static const char *const texts[] = {
        "sextant needs a window of 60x16; this one is %dx%d, and computing goes on",
        "sextant needs 60x16; this is %dx%d", "60x16, not %dx%d", "%.0d%.0dsmall"};
    char text[128] = "";
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        snprintf(text, sizeof text, texts[i], canvas->width, canvas->height);
        if (sx_text_columns(text) <= canvas->width) break;
    }
    sx_centred_draw(canvas, sx_canvas_box(canvas), sx_style_of(SX_ROLE_TEXT), text);
}

static int pane_of(const char *name) {
    for (int i = 0; i < PANES; i++)
        if (!strcmp(sx_screen_panes[i]->name, name)) return i;
    return 0;
}

static void draw_tile(sx_screen *screen, sx_canvas *canvas, const sx_tile *tile) {
    int at = pane_of(tile->pane);
    const sx_pane *pane = sx_screen_panes[at];
    char title[512];
    sx_heading heading = {.count = 0};
    pane->heading(screen->panes[at], &heading);
    sx_heading_fit(&heading, tile->box.width - SX_FRAME_TITLE, title, sizeof title);
    sx_box inside = sx_canvas_frame(canvas, tile->box, title, tile->focused);
    pane->draw(screen->panes[at], canvas, inside,
               (sx_pane_drawing){tile->focused, screen->page != DASHBOARD});
}

void sx_screen_draw(sx_screen *screen, sx_canvas *canvas) {
    sx_tile tiles[TILES];
    screen->width = canvas->width;
    screen->height = canvas->height;
    screen->look = canvas->look;
    screen->desk.again = false;
    sx_canvas_clear(canvas);
    int count = sx_screen_tiles(screen, canvas->width, canvas->height, tiles);
    if (count == 0) {
        draw_too_small(canvas);
        return;
    }
    draw_top(screen, canvas);
    for (int i = 0; i < count; i++) draw_tile(screen, canvas, &tiles[i]);
    if (screen->overlay != OVERLAY_NONE) draw_overlay(screen, canvas);
    draw_bottom(screen, canvas);
}
