/* What is seen in the probe beside the scene: which view, what its keys do, how it shares the room
 * with what the network says, and its files. The views themselves are in files of their own. */
#include "views/pane/probe.h"

#include <stdio.h>
#include <string.h>

/* What is left is forgotten, so that nobody takes it for what the scene is then. */
static void see(sx_probe_pane *pane, int view) {
    if (pane->choice.view == SX_PROBE_NEARBY && view != SX_PROBE_NEARBY) sx_nearby_drop(pane);
    if (pane->choice.view == SX_PROBE_INSIDE && view != SX_PROBE_INSIDE) sx_inside_drop(&pane->in);
    pane->choice.view = view;
    if (view < SX_PROBE_COURSES) pane->choice.course = view;
    sx_probe_ask(pane);
}

const char *sx_beside_course(void *state, size_t row) {
    (void)state;
    return row < SX_PROBE_COURSES ? sx_course_names[row] : NULL;
}

/* The next one, or back to the last from other views. */
void sx_beside_run_course(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    int view = pane->choice.view;
    (void)value;
    if (argument[0])
        view = sx_part_choose(pane->desk, sx_beside_course, pane, view, argument,
                              "there is no such view along a factor");
    else
        view = view < SX_PROBE_COURSES ? (view + 1) % SX_PROBE_COURSES : pane->choice.course;
    if (view >= 0) see(pane, view);
}

/* One map, the other, and back. */
void sx_beside_run_nearby(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    bool was = pane->choice.view == SX_PROBE_NEARBY;
    (void)value, (void)argument;
    if (was && pane->choice.accuracy) {
        see(pane, pane->choice.course);
        return;
    }
    pane->choice.accuracy = was;
    if (!was) see(pane, SX_PROBE_NEARBY);
}

/* The views of the inside that are about the picture, in the order of `w`. */
static const int looks[] = {SX_SEES_OCCLUSION, SX_SEES_GRADIENT, SX_SEES_FEATURES,
                            SX_SEES_ATTENTION, SX_SEES_ROLLOUT};
enum { LOOKS = sizeof looks / sizeof *looks };

const char *sx_beside_look(void *state, size_t row) {
    (void)state;
    return row < LOOKS ? sx_sights[looks[row]].name : NULL;
}

static int look_of(const sx_probe_pane *pane) {
    for (int i = 0; i < LOOKS; i++)
        if (looks[i] == pane->in.is.sight) return i;
    return 0;
}

/* Past what a network without attention cannot show; past the last, none. */
void sx_beside_run_look(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    bool all = pane->in.count == 0 || sx_inside_is_transformer(&pane->in);
    int look = pane->choice.view == SX_PROBE_INSIDE ? look_of(pane) : value > 0 ? -1 : LOOKS;
    if (argument[0])
        look = sx_part_choose(pane->desk, sx_beside_look, pane, look, argument,
                              "there is no such view of the inside here; I has all");
    else
        do look += value;
        while (look >= 0 && look < LOOKS && !all && sx_sights[looks[look]].transformer);
    if (argument[0] && look < 0) return;
    bool out = look < 0 || look >= LOOKS;
    if (!out) pane->in.is.sight = looks[look];
    pane->in.is.tile = 0;
    sx_inside_compose(&pane->in);
    see(pane, out ? pane->choice.course : SX_PROBE_INSIDE);
}

/* The layer of feature maps, the block of attention. */
void sx_beside_run_deeper(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    sx_inside *in = &pane->in;
    const sx_result *layers = sx_inside_result(in, "layers");
    int blocks = sx_inside_blocks(in);
    (void)argument;
    if (pane->choice.view != SX_PROBE_INSIDE) {
        sx_desk_say(pane->desk, "layers are chosen where w shows feature maps or attention");
        return;
    }
    if (in->is.sight == SX_SEES_FEATURES && layers) {
        int to = in->is.layer + value;
        if (to >= 0 && (size_t)to < layers->table.rows) in->is.layer = to;
    } else if (in->is.sight == SX_SEES_ATTENTION && blocks > 0) {
        int to = (in->is.block > 0 ? in->is.block : blocks) + value;
        in->is.block = to < 1 ? 1 : to > blocks ? blocks : to;
        sx_inside_compose(in);
    }
    sx_probe_ask(pane);
}

void sx_beside_run_label(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    (void)value, (void)argument;
    pane->in.is.label = !pane->in.is.label;
    sx_desk_say(pane->desk, "what is seen inside explains %s",
                pane->in.is.label ? "the true class" : "the likeliest class");
    sx_probe_ask(pane);
}

bool sx_beside_is_deep(void *state) {
    const sx_probe_pane *pane = state;
    int sight = pane->in.is.sight;
    return pane->choice.view == SX_PROBE_INSIDE &&
           (sight == SX_SEES_FEATURES || sight == SX_SEES_ATTENTION);
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

const char *sx_beside_title(const sx_probe_pane *pane) {
    static const char *const titles[] = {[SX_PROBE_CURVE] = "true class",
                                         [SX_PROBE_CLASSES] = "all classes",
                                         [SX_PROBE_PICTURES] = "pictures",
                                         [SX_PROBE_NEARBY] = "by pixels"};
    if (pane->choice.view == SX_PROBE_INSIDE) return sx_sights[pane->in.is.sight].title;
    bool accuracy = pane->choice.view == SX_PROBE_NEARBY && pane->choice.accuracy;
    return accuracy ? "accuracy by pixels" : titles[pane->choice.view];
}

const char *sx_beside_name(const sx_probe_pane *pane) {
    int view = pane->choice.view;
    if (view < SX_PROBE_COURSES) return sx_course_names[view];
    if (view == SX_PROBE_INSIDE) return sx_sights[pane->in.is.sight].name;
    return pane->choice.accuracy ? "nearby-accuracy" : "nearby";
}

/* The title of what is seen inside, in the blank line above it. */
static void draw_inside(sx_probe_pane *pane, sx_canvas *canvas, sx_box box) {
    const sx_sight_row *sight = &sx_sights[pane->in.is.sight];
    const sx_result *shown = sx_inside_shown(&pane->in);
    bool tiles = pane->in.is.sight == SX_SEES_FEATURES; /* they have their own */
    sx_box line = {box.x, box.y - 1, box.width, 1};
    if (!tiles)
        sx_canvas_text(canvas, line, 0, 0, sx_style_of(SX_ROLE_DIM),
                       shown ? shown->title : sight->title);
    sx_inside_draw(&pane->in, canvas, box);
}

/* Rows that a view should have before more is said, and must have before anything is. */
static const struct {
    int enough, least;
} rows_of[SX_PROBE_VIEWS] = {[SX_PROBE_CURVE] = {4, 0},
                             [SX_PROBE_CLASSES] = {16, 8},
                             [SX_PROBE_PICTURES] = {18, 16},
                             [SX_PROBE_NEARBY] = {22, 20},
                             [SX_PROBE_INSIDE] = {16, 8}};

/* What is said, and below it what was chosen to be seen. */
void sx_beside_draw(sx_probe_pane *pane, sx_canvas *canvas, sx_box box) {
    enum { SAID = 4 };
    const char *lack = sx_opinion_lack(pane);
    if (lack) {
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), lack);
        return;
    }
    int view = pane->choice.view;
    if (box.height >= rows_of[view].least + SAID)
        sx_opinion_draw(pane, canvas, &box, rows_of[view].enough);
    else if (view == SX_PROBE_INSIDE)
        sx_box_take_rows(&box, 1); /* of its title */
    if (view < SX_PROBE_COURSES)
        sx_course_draw(pane, canvas, box);
    else if (view == SX_PROBE_NEARBY)
        sx_nearby_draw(pane, canvas, box);
    else if (box.height > 0)
        draw_inside(pane, canvas, box);
}

/* ---- export -----------------------------------------------------------------------------------
 */

/* Rows: the courses, the maps in one-pixel steps, then what is seen inside. */
enum { NEARBY_ROW = SX_PROBE_COURSES, INSIDE_ROW = NEARBY_ROW + 2 };

bool sx_beside_figure(void *state, int row, char *name, size_t size, sx_figure *out) {
    const sx_probe_pane *pane = state;
    bool there = true;
    if (row < NEARBY_ROW)
        sx_course_figure(pane, row, name, size, out);
    else if (row < INSIDE_ROW)
        sx_nearby_figure(pane, row - NEARBY_ROW, name, size, out);
    else
        there = sx_inside_figure(&pane->in, "probe", row - INSIDE_ROW, name, size, out);
    if (there) out->caption = pane->desk->now->caption;
    return there;
}

/* The probabilities, then the same rows. */
bool sx_beside_numbers(void *state, int row, char *name, size_t size, sx_text *out) {
    const sx_probe_pane *pane = state;
    sx_figure map;
    if (row == 0) {
        snprintf(name, size, "probe");
        sx_opinion_csv(pane, out);
    } else if (--row < NEARBY_ROW) {
        sx_course_csv(pane, row, name, size, out);
    } else if (row < INSIDE_ROW) {
        sx_nearby_figure(pane, row - NEARBY_ROW, name, size, &map);
        if (map.result) sx_result_csv(map.result, out);
    } else {
        return sx_inside_numbers(&pane->in, "probe", row - INSIDE_ROW, name, size, out);
    }
    return true;
}
