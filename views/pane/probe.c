/* The probe: one object on one background, moved, turned and resized by hand, and what the network
 * says to it. The pane only asks and draws: the picture, the probabilities, and what is seen beside
 * them come from the engine's light lane, each as soon as it is known. */
#include "views/pane/probe.h"

#include "core/store/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define STEP 0.05         /* of a place */
#define TURN 10           /* degrees */
#define GROWTH 1.25       /* of the size */
#define LEAST_AREA 0.0025 /* two pixels of 32 a side, about */
#define MOVE_SECONDS 0.03 /* between the moves of an animation, at least: a frame */
#define FRAME_STEP 0.02   /* steps of an animation: of a place */
#define FRAME_TURN 5
#define FRAME_GROWTH 1.08
#define BACKGROUNDS 997 /* numbers that are gone through before they begin again */

/* The networks that `v` goes through; from MARKED on the runs that are marked. */
enum { LIVE, CHECKPOINT, MARKED, NETWORKS = MARKED + SX_COMPARED };

static const sx_source_facts *facts_of(const sx_probe_pane *pane) {
    return sx_source_describe(pane->data->source);
}

const char *sx_probe_class(const sx_probe_pane *pane, int class) {
    return class >= 0 && class < facts_of(pane)->classes ? facts_of(pane)->class_names[class] : "?";
}

const sx_probe_answer *sx_probe_known(const sx_probe_pane *pane) {
    const sx_answer *answer = pane->desk->answer;
    bool of_scene =
        answer && answer->sheet.count == 0 && (!answer->inside.parts || answer->inside.beside);
    return pane->data && of_scene ? &answer->known : NULL;
}

/* ---- which network ----------------------------------------------------------------------------
 */

/* A run that has ended is what its checkpoint holds. */
static bool is_there(const sx_probe_pane *pane, int network) {
    const sx_desk *desk = pane->desk;
    bool has_checkpoint = desk->now->path[0] && !isnan(desk->now->checkpoint_age);
    if (network == CHECKPOINT) return has_checkpoint && sx_desk_active(desk);
    if (network == LIVE) return true;
    const char *run = desk->compared[network - MARKED].run;
    bool newest =
        desk->compared[network - MARKED].version != SX_RUN_BEFORE; /* none other is read */
    return run[0] && newest && strcmp(run, desk->now->run) != 0;
}

const char *sx_probe_network(const sx_probe_pane *pane) {
    if (pane->refused || !is_there(pane, pane->network) || pane->network == LIVE) return "";
    return pane->network == CHECKPOINT ? pane->desk->now->path
                                       : pane->desk->compared[pane->network - MARKED].run;
}

/* Whose answer is seen; "" for the one that trains. */
static const char *shown_network(const sx_probe_pane *pane) {
    const sx_answer *answer = sx_probe_known(pane) ? pane->desk->answer : NULL;
    if (!answer || answer->problem[0]) return "";
    return strcmp(answer->network, pane->desk->now->path) == 0 && answer->network[0]
               ? "checkpoint"
               : answer->network;
}

void sx_probe_ask(const sx_probe_pane *pane) {
    const sx_desk *desk = pane->desk;
    sx_question question = {.scene = desk->scene, .along = desk->along};
    question.nearby = pane->choice.view == SX_PROBE_NEARBY;
    if (pane->choice.view == SX_PROBE_INSIDE) {
        question.inside = sx_inside_asks(&pane->in);
        question.inside.beside = true;
    }
    sx_text_set(question.network, sizeof question.network, sx_probe_network(pane));
    if (desk->ask) desk->ask(desk->user, pane->seen && pane->data ? &question : NULL);
}

/* ---- what comes from the engine ---------------------------------------------------------------
 */

/* What is seen inside belongs to one picture: a part of an answer would mix it with the one before.
 */
static void take_inside(sx_probe_pane *pane, const sx_answer *answer) {
    bool asked = pane->choice.view == SX_PROBE_INSIDE && answer->inside.beside &&
                 answer->inside.parts == sx_inside_parts(&pane->in);
    if (!asked || !answer->whole) return;
    sx_inside_take(&pane->in, answer);
    bool chosen = sx_inside_choose_layer(&pane->in);
    if (chosen && pane->in.is.sight == SX_SEES_FEATURES && pane->seen) sx_probe_ask(pane);
}

static void take_answer(sx_probe_pane *pane) {
    const sx_answer *answer = sx_probe_known(pane) ? pane->desk->answer : NULL;
    if (answer && answer->version == pane->version) return;
    pane->version = answer ? answer->version : 0;
    sx_course_take(pane);
    if (!answer) return;
    sx_nearby_take(pane, answer);
    take_inside(pane, answer);
}

/* The threshold of another run is its own: by its validation images, where they are. */
static void read_items(sx_probe_pane *pane) {
    sx_result_release(pane->items);
    pane->items = NULL;
    if (pane->network < MARKED || !is_there(pane, pane->network)) return;
    sx_run_folder *run = sx_run_open(pane->desk->compared[pane->network - MARKED].run, false, NULL);
    sx_result *items = run ? sx_run_load_result(run, "items", NULL) : NULL;
    sx_run_close(run);
    if (items && items->kind == SX_RESULT_TABLE)
        pane->items = items;
    else
        sx_result_release(items);
}

/* A network that cannot be asked: a sentence, and the live one again. */
static void take_problem(sx_probe_pane *pane) {
    const sx_answer *answer = sx_probe_known(pane) ? pane->desk->answer : NULL;
    bool refused = answer && answer->problem[0] && answer->network[0];
    if (!refused || answer->version == pane->told) return;
    pane->told = answer->version;
    if (strcmp(answer->network, sx_probe_network(pane)) != 0) return; /* it is asked no more */
    sx_desk_say(pane->desk, "%s", answer->problem);
    pane->desk->bad = true;
    pane->refused = true;
    if (pane->seen) sx_probe_ask(pane);
}

static void drop_views(sx_probe_pane *pane) {
    sx_course_drop(pane);
    sx_nearby_drop(pane);
    sx_inside_drop(&pane->in);
    pane->in.is.layer = -1;
    pane->in.is.block = pane->in.is.tile = 0;
}

static void update(void *state) {
    sx_probe_pane *pane = state;
    sx_desk *desk = pane->desk;
    if (desk->now->data != pane->data) {
        pane->network = LIVE;
        read_items(pane);
        drop_views(pane);
        if (pane->data) sx_study_data_release(pane->data);
        pane->data = desk->now->data ? sx_study_data_keep(desk->now->data) : NULL;
        desk->scene = (sx_scene){SX_SPLIT_VALIDATION, 0, 0, {0.5, 0, 0.5, 0.5}};
        desk->along = SX_ALONG_ROTATION;
        if (pane->seen) sx_probe_ask(pane);
    }
    take_answer(pane);
    take_problem(pane);
}

static void seen(void *state, bool seen) {
    sx_probe_pane *pane = state;
    if (pane->seen == seen) return;
    pane->animation.on = false;
    pane->seen = seen;
    sx_probe_ask(pane);
}

static void restored(void *state) {
    const sx_probe_pane *pane = state;
    if (pane->seen) sx_probe_ask(pane);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static double within(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

static void change(sx_probe_pane *pane, sx_along along, double value) {
    pane->desk->scene.pose = sx_along_pose(pane->desk->scene.pose, along, value);
    pane->desk->along = along;
    sx_probe_ask(pane);
}

/* The number of a command's argument, `usual` without one; NaN, and a sentence, if it is none. */
static double amount(sx_probe_pane *pane, const char *argument, double usual, double most) {
    double value = usual;
    if (argument[0] && (!sx_text_number(argument, &value) || !(value > 0 && value <= most))) {
        sx_desk_say(pane->desk, "this wants a number above 0, at most %g", most);
        pane->desk->bad = true;
        return NAN;
    }
    return value;
}

static void run_move(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    double by = amount(pane, argument, STEP, 1);
    sx_along along = value == LEFT || value == RIGHT ? SX_ALONG_X : SX_ALONG_Y;
    if (isnan(by)) return;
    double to =
        sx_along_value(pane->desk->scene.pose, along) + (value == LEFT || value == UP ? -by : by);
    change(pane, along, within(round(to * 1e6) / 1e6, 0, 1));
}

static void run_turn(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    double by = amount(pane, argument, TURN, 360);
    if (isnan(by)) return;
    double to = pane->desk->scene.pose.rotation + value * by;
    change(pane, SX_ALONG_ROTATION, to - 360 * ceil((to - 180) / 360));
}

static void run_grow(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    double by = amount(pane, argument, GROWTH, 100);
    if (isnan(by)) return;
    double area = pane->desk->scene.pose.area;
    change(pane, SX_ALONG_SIZE, within(value > 0 ? area * by : area / by, LEAST_AREA, 1));
}

static void run_object(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    double index;
    if (!pane->data) return;
    size_t count = facts_of(pane)->counts[pane->desk->scene.split], *item = &pane->desk->scene.item;
    if (argument[0]) {
        if (!sx_text_number(argument, &index) || index < 0 || index >= (double)count) {
            sx_desk_say(pane->desk, "object wants an index below %zu", count);
            pane->desk->bad = true;
            return;
        }
        *item = (size_t)index;
    } else {
        *item = (*item + (value > 0 ? 1 : count - 1)) % count;
    }
    sx_probe_ask(pane);
}

static void run_background(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    uint64_t *background = &pane->desk->scene.background;
    (void)argument;
    *background = (*background + (value > 0 ? 1 : BACKGROUNDS - 1)) % BACKGROUNDS;
    sx_probe_ask(pane);
}

static void run_upright(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    (void)value, (void)argument;
    pane->desk->scene.pose = (sx_pose){0.5, 0, 0.5, 0.5};
    sx_probe_ask(pane);
}

/* Whether it goes, and no key was pressed since but those `besides`. */
static bool animates(const sx_probe_pane *pane, unsigned besides) {
    return pane->animation.on && pane->desk->keys - pane->animation.since <= besides;
}

/* The key that says so is one, too: the first one after the beginning ends it. */
static void run_animate(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    (void)value, (void)argument;
    pane->animation.on = !animates(pane, 1);
    pane->animation.since = pane->desk->keys;
    if (pane->animation.on)
        sx_desk_say(pane->desk, "through all values of %s; any key holds it",
                    sx_along_name(pane->desk->along));
}

/* Past the live one if that is what is seen already. */
static void run_network(void *state, int value, const char *argument) {
    sx_probe_pane *pane = state;
    int before = pane->network;
    (void)value, (void)argument;
    do pane->network = (pane->network + 1) % NETWORKS;
    while (!is_there(pane, pane->network) || (pane->refused && pane->network == LIVE));
    pane->refused = false;
    read_items(pane);
    sx_probe_ask(pane);
    if (before == LIVE && pane->network == LIVE)
        sx_desk_say(pane->desk,
                    "there is no other network yet: s writes a checkpoint, x marks runs on page 8");
}

/* The cell of the location map where the object is. */
static void run_cell(void *state, int value, const char *argument) {
    (void)value, (void)argument;
    ((sx_probe_pane *)state)->desk->wants_cell = true;
}

static const sx_command commands[] = {
    {"left", "Left h", "[BY]", "move", "the object to the left, by 0.05 of the image", run_move,
     LEFT, NULL, NULL},
    {"right", "Right l", "[BY]", "move", "the object to the right", run_move, RIGHT, NULL, NULL},
    {"up", "Up k", "[BY]", "move", "the object up", run_move, UP, NULL, NULL},
    {"down", "Down j", "[BY]", "move", "the object down", run_move, DOWN, NULL, NULL},
    {"turn-left", "[", "[DEGREES]", "turn", "turn the object counter-clockwise, by 10 degrees",
     run_turn, 1, NULL, NULL},
    {"turn-right", "]", "[DEGREES]", "turn", "turn the object clockwise", run_turn, -1, NULL, NULL},
    {"smaller", "<", "[FACTOR]", "size", "the object smaller, its area divided by 1.25", run_grow,
     -1, NULL, NULL},
    {"larger", ">", "[FACTOR]", "size", "the object larger", run_grow, 1, NULL, NULL},
    {"object", "o", "[INDEX]", "object", "the next object, or the one of this index", run_object, 1,
     NULL, NULL},
    {"object-before", "O", "", NULL, "the object before", run_object, -1, NULL, NULL},
    {"along", "f", "[VIEW]", "along",
     "along the factor: the true class, all classes stacked, or the pictures", sx_beside_run_course,
     0, sx_beside_course, NULL},
    {"nearby", "g", "", "by pixels",
     "in one-pixel steps around here: p(true), then accuracy, and back", sx_beside_run_nearby, 0,
     NULL, NULL},
    {"sees", "w", "[VIEW]", "what it sees",
     "what it looks at while the object moves: the next view of the inside, and back",
     sx_beside_run_look, 1, sx_beside_look, NULL},
    {"sees-before", "W", "", NULL, "the view of the inside before", sx_beside_run_look, -1, NULL,
     NULL},
    {"animate", "a", "", "animate", "go through the factor that was changed last, and round again",
     run_animate, 0, NULL, NULL},
    {"background", "b", "", "background", "another background", run_background, 1, NULL, NULL},
    {"background-before", "B", "", NULL, "the background before", run_background, -1, NULL, NULL},
    {"upright", "0", "", "upright", "in the middle, upright, half of the image", run_upright, 0,
     NULL, NULL},
    {"layer-before", "{", "", "layer", "the layer of feature maps, or block of attention, before",
     sx_beside_run_deeper, -1, NULL, sx_beside_is_deep},
    {"layer", "}", "", "layer", "the next layer of feature maps, or block of attention",
     sx_beside_run_deeper, 1, NULL, sx_beside_is_deep},
    {"explained", "c", "", NULL, "what it sees explains the true class, or the likeliest",
     sx_beside_run_label, 0, NULL, NULL},
    {"network", "v", "", "network",
     "another network: the one that trains, this run's checkpoint, the runs that are marked",
     run_network, 0, NULL, NULL},
    {"cell", "G", "", NULL, "the cell of the location map where the object is", run_cell, 0, NULL,
     NULL},
    {0}};

/* ---- animation --------------------------------------------------------------------------------
 */

static bool same_pose(sx_pose a, sx_pose b) {
    return a.area == b.area && a.rotation == b.rotation && a.x == b.x && a.y == b.y;
}

/* One step on; what passes the end begins again. */
static void move_on(sx_probe_pane *pane) {
    sx_along along = pane->desk->along;
    double value = sx_along_value(pane->desk->scene.pose, along);
    if (along == SX_ALONG_ROTATION)
        value = value + FRAME_TURN > 180 ? value + FRAME_TURN - 360 : value + FRAME_TURN;
    else if (along == SX_ALONG_SIZE)
        value = value * FRAME_GROWTH > 1 ? LEAST_AREA : value * FRAME_GROWTH;
    else
        value = value + FRAME_STEP > 1 ? 0 : round((value + FRAME_STEP) * 1e6) / 1e6;
    change(pane, along, value);
}

/* The next step when this one is answered, and not too fast for the eye. */
static void animate(sx_probe_pane *pane) {
    const sx_probe_answer *answer = sx_probe_known(pane);
    if (!animates(pane, 0) || !pane->seen) return;
    pane->desk->again = true;
    bool there = answer && pane->desk->answer->whole &&
                 same_pose(answer->scene.pose, pane->desk->scene.pose);
    if (!there || sx_seconds() < pane->animation.moved + MOVE_SECONDS) return;
    pane->animation.moved = sx_seconds();
    move_on(pane);
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

static void heading(const void *state, sx_heading *out) {
    const sx_probe_pane *pane = state;
    const sx_scene *scene = &pane->desk->scene;
    bool validation = scene->split == SX_SPLIT_VALIDATION;
    sx_heading_add(out, 0, "", "Probe");
    if (!pane->data) return;
    const char *network = shown_network(pane);
    if (network[0]) sx_heading_add(out, 4, "", " · %.60s", network);
    sx_heading_add(
        out, 3, "", " · %s #%zu",
        sx_probe_class(pane, sx_source_label(pane->data->source, scene->split, scene->item)),
        scene->item);
    sx_heading_add(out, 2, validation ? " of val" : "", " of %s", sx_split_name(scene->split));
    if (pane->choice.view != SX_PROBE_CURVE)
        sx_heading_add(out, 3, "", " · %s", sx_beside_title(pane));
    if (scene->background < BACKGROUNDS)
        sx_heading_add(out, 1, "", ", background %d", (int)scene->background);
    else /* of a sheet: its number says nothing */
        sx_heading_add(out, 1, "", ", the measured background");
}

/* The object goes where the picture is clicked. */
static void mouse(void *state, const char *what, int x, int y) {
    sx_probe_pane *pane = state;
    sx_box box = pane->picture;
    bool inside = x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height;
    if (strcmp(what, "Click") != 0 || !inside) return;
    pane->desk->scene.pose.y = round((y - box.y + 0.5) / box.height * 100) / 100;
    change(pane, SX_ALONG_X, round((x - box.x + 0.5) / box.width * 100) / 100);
}

static void draw_picture(sx_probe_pane *pane, sx_canvas *canvas, sx_box box) {
    const sx_probe_answer *answer = sx_probe_known(pane);
    if (answer) pane->picture = sx_canvas_picture_box(box, answer->size, answer->size);
    if (answer && pane->desk->answer->unreadable)
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_BAD), "This picture cannot be read");
    else if (answer)
        sx_canvas_picture(canvas, box, answer->pixels, answer->size, answer->size, 3);
    else
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), "The picture is being made");
}

static void draw_pose(const sx_probe_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_pose *pose = &pane->desk->scene.pose;
    const sx_probe_answer *answer = sx_probe_known(pane);
    char step[32];
    sx_segment parts[4];
    parts[0] = sx_part_segment(SX_ROLE_TEXT, "x %.2f y %.2f", pose->x, pose->y);
    parts[1] = sx_part_segment(SX_ROLE_TEXT, "rotation %.0f", pose->rotation);
    parts[2] = sx_part_segment(SX_ROLE_TEXT, "size %.0f %%", pose->area * 100);
    parts[3] = answer && answer->step >= 0
                   ? sx_part_segment(SX_ROLE_DIM, "network of step %s",
                                     sx_text_count(step, (long long)answer->step))
                   : (sx_segment){0};
    sx_segments_draw(canvas, row, 0, parts, 4, 3);
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    sx_probe_pane *pane = state;
    (void)how;
    animate(pane);
    if (!pane->data) {
        if (!sx_part_loading(pane->desk, canvas, box))
            sx_part_waiting(pane->desk, canvas, box, "The data set", "was not opened");
        return;
    }
    box = sx_box_inset(box, 1, 0, 1, 0);
    draw_pose(pane, canvas, sx_box_take_rows(&box, -1));
    int width = 2 * box.height < box.width / 2 ? 2 * box.height : box.width / 2;
    draw_picture(pane, canvas, sx_box_take_columns(&box, width));
    sx_beside_draw(pane, canvas, sx_box_inset(box, 2, 0, 0, 0));
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void *open_pane(sx_desk *desk) {
    sx_probe_pane *pane = sx_alloc(1, sizeof *pane);
    if (!pane) return NULL;
    pane->desk = desk;
    pane->in.step = pane->in.is.layer = -1;
    pane->in.is.label = true;
    return pane;
}

static void close_pane(void *state) {
    sx_probe_pane *pane = state;
    if (pane->data) sx_study_data_release(pane->data);
    drop_views(pane);
    sx_result_release(pane->items);
    sx_free(pane);
}

static void layout(const void *state, sx_text *out) {
    const sx_probe_pane *pane = state;
    if (pane->choice.course) sx_text_add(out, "along %s\n", sx_course_names[pane->choice.course]);
}

static json_t *state_of(const void *state) {
    const sx_probe_pane *pane = state;
    const sx_scene *scene = &pane->desk->scene;
    const sx_probe_answer *answer = sx_probe_known(pane);
    double probability;
    int best = sx_opinion_best(answer, &probability);
    return json_pack(
        "{s:o, s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:s, s:s, s:o, s:b, s:s, s:b, s:o}", "network",
        sx_json_text(shown_network(pane)), "split", sx_split_name(scene->split), "item",
        (json_int_t)scene->item, "background", (json_int_t)scene->background, "x", scene->pose.x,
        "y", scene->pose.y, "rotation", scene->pose.rotation, "size", scene->pose.area, "along",
        sx_along_name(pane->desk->along), "says", best >= 0 ? sx_probe_class(pane, best) : "",
        "probability", sx_json_number(probability), "whole",
        pane->desk->answer && pane->desk->answer->whole, "view", sx_beside_name(pane), "animates",
        animates(pane, 0), "mean_nearby",
        sx_json_number(sx_nearby_mean(pane->nearby[pane->choice.accuracy])));
}

static const char *const results[] = {NULL};

const sx_pane sx_pane_probe = {
    .name = "probe",
    .title = "Probe",
    .help = "one object, moved, turned and resized by hand",
    .explains =
        "One object on a background that the network has never seen; what you do to it, the "
        "network sees at once. The bars are how likely it thinks each class is. The curve is the "
        "true class along the factor that you changed last; f stacks all classes there. w shows "
        "what the network looks at, g what it says in steps of one pixel.",
    .tries =
        "Try: turn the object with [ and ] until the network changes its mind; make it small with "
        "<; move it to the border; a goes round by itself; v asks another network. Does what w "
        "shows follow the object?",
    .commands = commands,
    .results = results,
    .open = open_pane,
    .close = close_pane,
    .update = update,
    .seen = seen,
    .heading = heading,
    .view = SX_VIEW_SPAN(sx_probe_pane, choice, in.is),
    .restored = restored,
    .draw = draw,
    .figure = sx_beside_figure,
    .mouse = mouse,
    .numbers = sx_beside_numbers,
    .layout = layout,
    .state = state_of};
