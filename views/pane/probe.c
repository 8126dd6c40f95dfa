/* The probe: one object on one background, moved, turned and resized by hand, and what the network
 * says to it. The pane only asks and draws: the picture, the probabilities and the curve along the
 * factor that was changed last come from the engine's light lane, each as soon as it is known. */
#include "views/pane/part.h"

#include "core/store/store.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define STEP 0.05         /* of a place */
#define TURN 10           /* degrees */
#define GROWTH 1.25       /* of the size */
#define LEAST_AREA 0.0025 /* two pixels of 32 a side, about */
#define MOVE_SECONDS 0.1  /* between the moves of an animation, at least */
#define BACKGROUNDS 997   /* numbers that are gone through before they begin again */

/* The networks that `v` goes through; from MARKED on the runs that are marked. */
enum { LIVE, CHECKPOINT, MARKED, NETWORKS = MARKED + SX_COMPARED };

typedef struct {
    sx_desk *desk;
    sx_study_data *data; /* kept; NULL before it is loaded */
    int network;         /* that is asked */
    bool refused;        /* it cannot be: the live one is asked instead, but `v` goes on from it */
    uint64_t told;       /* the version of the answer that said so */
    sx_result *items;    /* what it said to validation images; NULL: the live one, or not known */
    bool seen;
    uint64_t version; /* of the answer that `curve` shows */
    sx_box picture;   /* where it was drawn, for the mouse */
    bool animates;
    double moved;     /* when the animation moved last */
    sx_result *curve; /* probability of the true class along the factor, NULL: none yet */
} probe_pane;

static const sx_source_facts *facts_of(const probe_pane *pane) {
    return sx_source_describe(pane->data->source);
}

static const char *class_name(const probe_pane *pane, int class) {
    return class >= 0 && class < facts_of(pane)->classes ? facts_of(pane)->class_names[class] : "?";
}

/* The answer as far as it is for this scene's data; NULL if there is none yet. */
static const sx_probe_answer *known(const probe_pane *pane) {
    const sx_answer *answer = pane->desk->answer;
    bool of_scene = answer && answer->sheet.count == 0 && !answer->inside.parts;
    return pane->data && of_scene ? &answer->known : NULL;
}

/* ---- which network ----------------------------------------------------------------------------
 */

/* A run that has ended is what its checkpoint holds. */
static bool is_there(const probe_pane *pane, int network) {
    const sx_desk *desk = pane->desk;
    bool has_checkpoint = desk->now->path[0] && !isnan(desk->now->checkpoint_age);
    if (network == CHECKPOINT) return has_checkpoint && sx_desk_active(desk);
    if (network == LIVE) return true;
    const char *run = desk->compared[network - MARKED].run;
    bool newest =
        desk->compared[network - MARKED].version != SX_RUN_BEFORE; /* none other is read */
    return run[0] && newest && strcmp(run, desk->now->run) != 0;
}

/* As it is asked for: "" is the one that trains. */
static const char *asked_network(const probe_pane *pane) {
    if (pane->refused || !is_there(pane, pane->network) || pane->network == LIVE) return "";
    return pane->network == CHECKPOINT ? pane->desk->now->path
                                       : pane->desk->compared[pane->network - MARKED].run;
}

/* Whose answer is seen; "" for the one that trains. */
static const char *shown_network(const probe_pane *pane) {
    const sx_answer *answer = known(pane) ? pane->desk->answer : NULL;
    if (!answer || answer->problem[0]) return "";
    return strcmp(answer->network, pane->desk->now->path) == 0 && answer->network[0]
               ? "checkpoint"
               : answer->network;
}

static void ask(const probe_pane *pane) {
    const sx_desk *desk = pane->desk;
    sx_question question = {.scene = desk->scene, .along = desk->along};
    sx_text_set(question.network, sizeof question.network, asked_network(pane));
    if (desk->ask) desk->ask(desk->user, pane->seen && pane->data ? &question : NULL);
}

/* ---- what comes from the engine ---------------------------------------------------------------
 */

static sx_result *make_curve(const probe_pane *pane, const sx_probe_answer *answer) {
    char title[160];
    snprintf(title, sizeof title, "Probability of %s by %s", class_name(pane, answer->label),
             sx_along_name(answer->along));
    sx_result *result = sx_result_new(SX_RESULT_SERIES, "probe", title);
    if (!result || !sx_series_alloc(result, SX_PROBE_POINTS, 1, false)) {
        sx_result_release(result);
        return NULL;
    }
    result->step = answer->step;
    result->series.x_label = sx_along_name(answer->along);
    result->series.y_label = "p(true)";
    result->series.lines[0].name = "p(true)";
    memcpy(result->series.x, answer->curve_x, sizeof answer->curve_x);
    memcpy(result->series.lines[0].y, answer->curve, sizeof answer->curve);
    return result;
}

/* The curve of an answer that is not whole yet stays the one before. */
static void take_answer(probe_pane *pane) {
    const sx_answer *answer = known(pane) ? pane->desk->answer : NULL;
    if (answer && (!answer->whole || answer->version == pane->version)) return;
    sx_result_release(pane->curve);
    pane->curve = answer && answer->known.step >= 0 ? make_curve(pane, &answer->known) : NULL;
    pane->version = answer ? answer->version : 0;
}

/* The threshold of another run is its own: by its validation images, where they are. */
static void read_items(probe_pane *pane) {
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
static void take_problem(probe_pane *pane) {
    const sx_answer *answer = known(pane) ? pane->desk->answer : NULL;
    if (!answer || !answer->problem[0] || answer->version == pane->told) return;
    pane->told = answer->version;
    if (strcmp(answer->network, asked_network(pane)) != 0) return; /* it is asked no more */
    sx_desk_say(pane->desk, "%s", answer->problem);
    pane->desk->bad = true;
    pane->refused = true;
    if (pane->seen) ask(pane);
}

static void update(void *state) {
    probe_pane *pane = state;
    sx_desk *desk = pane->desk;
    if (desk->now->data != pane->data) {
        pane->network = LIVE;
        read_items(pane);
        if (pane->data) sx_study_data_release(pane->data);
        pane->data = desk->now->data ? sx_study_data_keep(desk->now->data) : NULL;
        desk->scene = (sx_scene){SX_SPLIT_VALIDATION, 0, 0, {0.5, 0, 0.5, 0.5}};
        desk->along = SX_ALONG_ROTATION;
        if (pane->seen) ask(pane);
    }
    take_answer(pane);
    take_problem(pane);
}

static void seen(void *state, bool seen) {
    probe_pane *pane = state;
    if (pane->seen == seen) return;
    pane->animates = false;
    pane->seen = seen;
    ask(pane);
}

static void restored(void *state) {
    const probe_pane *pane = state;
    if (pane->seen) ask(pane);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static double within(double value, double low, double high) {
    return value < low ? low : value > high ? high : value;
}

static void change(probe_pane *pane, sx_along along, double value) {
    pane->desk->scene.pose = sx_along_pose(pane->desk->scene.pose, along, value);
    pane->desk->along = along;
    ask(pane);
}

/* The number of a command's argument, `usual` without one; NaN, and a sentence, if it is none. */
static double amount(probe_pane *pane, const char *argument, double usual, double most) {
    double value = usual;
    if (argument[0] && (!sx_text_number(argument, &value) || !(value > 0 && value <= most))) {
        sx_desk_say(pane->desk, "this wants a number above 0, at most %g", most);
        pane->desk->bad = true;
        return NAN;
    }
    return value;
}

static void run_move(void *state, int value, const char *argument) {
    probe_pane *pane = state;
    double by = amount(pane, argument, STEP, 1);
    sx_along along = value == LEFT || value == RIGHT ? SX_ALONG_X : SX_ALONG_Y;
    if (isnan(by)) return;
    double to =
        sx_along_value(pane->desk->scene.pose, along) + (value == LEFT || value == UP ? -by : by);
    change(pane, along, within(round(to * 1e6) / 1e6, 0, 1));
}

static void run_turn(void *state, int value, const char *argument) {
    probe_pane *pane = state;
    double by = amount(pane, argument, TURN, 360);
    if (isnan(by)) return;
    double to = pane->desk->scene.pose.rotation + value * by;
    change(pane, SX_ALONG_ROTATION, to - 360 * ceil((to - 180) / 360));
}

static void run_grow(void *state, int value, const char *argument) {
    probe_pane *pane = state;
    double by = amount(pane, argument, GROWTH, 100);
    if (isnan(by)) return;
    double area = pane->desk->scene.pose.area;
    change(pane, SX_ALONG_SIZE, within(value > 0 ? area * by : area / by, LEAST_AREA, 1));
}

static void run_object(void *state, int value, const char *argument) {
    probe_pane *pane = state;
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
    ask(pane);
}

static void run_background(void *state, int value, const char *argument) {
    probe_pane *pane = state;
    uint64_t *background = &pane->desk->scene.background;
    (void)argument;
    *background = (*background + (value > 0 ? 1 : BACKGROUNDS - 1)) % BACKGROUNDS;
    ask(pane);
}

static void run_upright(void *state, int value, const char *argument) {
    probe_pane *pane = state;
    (void)value, (void)argument;
    pane->desk->scene.pose = (sx_pose){0.5, 0, 0.5, 0.5};
    ask(pane);
}

static void run_animate(void *state, int value, const char *argument) {
    probe_pane *pane = state;
    (void)value, (void)argument;
    pane->animates = !pane->animates;
    if (pane->animates)
        sx_desk_say(pane->desk, "through all values of %s; a again holds it",
                    sx_along_name(pane->desk->along));
}

/* Past the live one if that is what is seen already. */
static void run_network(void *state, int value, const char *argument) {
    probe_pane *pane = state;
    int before = pane->network;
    (void)value, (void)argument;
    do pane->network = (pane->network + 1) % NETWORKS;
    while (!is_there(pane, pane->network) || (pane->refused && pane->network == LIVE));
    pane->refused = false;
    read_items(pane);
    ask(pane);
    if (before == LIVE && pane->network == LIVE)
        sx_desk_say(pane->desk,
                    "there is no other network yet: s writes a checkpoint, x marks runs on page 8");
}

/* The cell of the location map where the object is. */
static void run_cell(void *state, int value, const char *argument) {
    (void)value, (void)argument;
    ((probe_pane *)state)->desk->wants_cell = true;
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
    {"background", "b", "", "background", "another background", run_background, 1, NULL, NULL},
    {"background-before", "B", "", NULL, "the background before", run_background, -1, NULL, NULL},
    {"upright", "0", "", "upright", "in the middle, upright, half of the image", run_upright, 0,
     NULL, NULL},
    {"animate", "a", "", "animate", "go through the factor that was changed last, and round again",
     run_animate, 0, NULL, NULL},
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
static void move_on(probe_pane *pane) {
    sx_along along = pane->desk->along;
    double value = sx_along_value(pane->desk->scene.pose, along);
    if (along == SX_ALONG_ROTATION)
        value = value + TURN > 180 ? value + TURN - 360 : value + TURN;
    else if (along == SX_ALONG_SIZE)
        value = value * GROWTH > 1 ? LEAST_AREA : value * GROWTH;
    else
        value = value + STEP > 1 ? 0 : round((value + STEP) * 1e6) / 1e6;
    change(pane, along, value);
}

/* The next step when this one is answered, and not too fast for the eye. */
static void animate(probe_pane *pane) {
    const sx_probe_answer *answer = known(pane);
    if (!pane->animates || !pane->seen) return;
    pane->desk->again = true;
    bool there = answer && pane->desk->answer->whole &&
                 same_pose(answer->scene.pose, pane->desk->scene.pose);
    if (!there || sx_seconds() < pane->moved + MOVE_SECONDS) return;
    pane->moved = sx_seconds();
    move_on(pane);
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

static void heading(const void *state, sx_heading *out) {
    const probe_pane *pane = state;
    const sx_scene *scene = &pane->desk->scene;
    bool validation = scene->split == SX_SPLIT_VALIDATION;
    sx_heading_add(out, 0, "", "Probe");
    if (!pane->data) return;
    const char *network = shown_network(pane);
    if (network[0]) sx_heading_add(out, 4, "", " · %.60s", network);
    sx_heading_add(out, 3, "", " · %s #%zu",
                   class_name(pane, sx_source_label(pane->data->source, scene->split, scene->item)),
                   scene->item);
    sx_heading_add(out, 2, validation ? " of val" : "", " of %s", sx_split_name(scene->split));
    if (scene->background < BACKGROUNDS)
        sx_heading_add(out, 1, "", ", background %d", (int)scene->background);
    else /* of a sheet: its number says nothing */
        sx_heading_add(out, 1, "", ", the measured background");
}

/* The object goes where the picture is clicked. */
static void mouse(void *state, const char *what, int x, int y) {
    probe_pane *pane = state;
    sx_box box = pane->picture;
    bool inside = x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height;
    if (strcmp(what, "Click") != 0 || !inside) return;
    pane->desk->scene.pose.y = round((y - box.y + 0.5) / box.height * 100) / 100;
    change(pane, SX_ALONG_X, round((x - box.x + 0.5) / box.width * 100) / 100);
}

static void draw_picture(probe_pane *pane, sx_canvas *canvas, sx_box box) {
    const sx_probe_answer *answer = known(pane);
    if (answer) pane->picture = sx_canvas_picture_box(box, answer->size, answer->size);
    if (answer && pane->desk->answer->unreadable)
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_BAD), "This picture cannot be read");
    else if (answer)
        sx_canvas_picture(canvas, box, answer->pixels, answer->size, answer->size, 3);
    else
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), "The picture is being made");
}

typedef struct {
    int class;
    double probability;
} guess;

/* The likeliest `count` classes, the first of equals first; returns how many there are. */
static int best_guesses(const sx_probe_answer *answer, guess *out, int count) {
    int found = 0;
    for (int c = 0; c < answer->classes; c++) {
        double p = (double)answer->probabilities[c];
        int at = found < count ? found++ : count;
        while (at > 0 && out[at - 1].probability < p) {
            if (at < count) out[at] = out[at - 1];
            at--;
        }
        if (at < count) out[at] = (guess){c, p};
    }
    return found;
}

static void draw_guess(const probe_pane *pane, sx_canvas *canvas, sx_box row, const guess *g) {
    enum { NAME = 12, VALUE = 6 };
    bool is_true = g->class == known(pane)->label;
    sx_style style = sx_style_of(is_true ? SX_ROLE_GOOD : SX_ROLE_TEXT);
    if (is_true) sx_canvas_put(canvas, row, 0, 0, canvas->look.unicode ? 0x2713 : '*', style);
    sx_box name = {row.x + 2, row.y, NAME, 1};
    sx_canvas_text(canvas, name, 0, 0, style, class_name(pane, g->class));
    sx_box bar = sx_box_inset(row, NAME + 3, 0, VALUE, 0);
    sx_canvas_progress(canvas, bar, g->probability, style);
    char shown[32]; /* always two decimals, so that the column is even */
    snprintf(shown, sizeof shown, "%.2f", g->probability);
    sx_canvas_text_right(canvas, row, row.width, 0, style, shown);
}

/* The coverage and threshold that hold for the network that is seen. */
static sx_operating_point point_of(const probe_pane *pane) {
    const sx_desk *desk = pane->desk;
    const char *network = desk->answer->network;
    if (!network[0] || strcmp(network, desk->now->path) == 0)
        return (sx_operating_point){desk->coverage, desk->threshold};
    bool is_asked = strcmp(network, asked_network(pane)) == 0;
    return sx_part_point(is_asked ? pane->items : NULL, SX_CONFIDENCE_MAX_PROBABILITY,
                         desk->target);
}

/* "entropy 0.77   margin 0.49", and whether it would answer. */
static void draw_verdict(const probe_pane *pane, sx_canvas *canvas, sx_box box, const guess *best,
                         int count) {
    const sx_probe_answer *answer = known(pane);
    const sx_desk *desk = pane->desk;
    double entropy = 0;
    for (int c = 0; c < answer->classes; c++) {
        double p = (double)answer->probabilities[c];
        if (p > 0) entropy -= p * log(p);
    }
    char shown[32], other[32];
    double margin = count > 1 ? best[0].probability - best[1].probability : 1;
    sx_canvas_print(canvas, box, 0, 0, sx_style_of(SX_ROLE_TEXT), "entropy %s   margin %s",
                    sx_number_shown(shown, entropy, 2), sx_number_shown(other, margin, 2));
    sx_operating_point point = point_of(pane);
    if (!(point.coverage > 0)) return;
    bool abstains = best[0].probability < point.threshold;
    sx_canvas_print(canvas, box, 0, 1, sx_style_of(abstains ? SX_ROLE_WARNING : SX_ROLE_TEXT),
                    "would %s at %.0f %% risk (%s %s)", abstains ? "abstain" : "answer",
                    desk->target * 100, abstains ? "below" : "above",
                    sx_number_shown(shown, point.threshold, 2));
}

/* Why there are no probabilities; NULL if there are. */
static const char *lack_of(const probe_pane *pane) {
    const sx_probe_answer *answer = known(pane);
    if (!answer || pane->desk->answer->unreadable) return "";
    if (!isnan(answer->probabilities[0])) return NULL;
    if (answer->step >= 0) return "The network is thinking";
    return pane->desk->now->state == SX_STATE_IDLE ? "There is no network here, only a data set"
                                                   : "There is no network to ask yet";
}

static void draw_opinion(const probe_pane *pane, sx_canvas *canvas, sx_box box) {
    enum { GUESSES = 5, CURVE = 8 };
    const char *lack = lack_of(pane);
    if (lack) {
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), lack);
        return;
    }
    guess best[GUESSES];
    int wanted = box.height >= CURVE + GUESSES + 3 ? GUESSES : 3;
    int count = best_guesses(known(pane), best, wanted), label = known(pane)->label;
    bool listed = false;
    for (int i = 0; i < count; i++) listed |= best[i].class == label;
    if (!listed) best[count - 1] = (guess){label, (double)known(pane)->probabilities[label]};
    for (int i = 0; i < count; i++) draw_guess(pane, canvas, sx_box_take_rows(&box, 1), &best[i]);
    draw_verdict(pane, canvas, sx_box_take_rows(&box, 2), best, count);
    sx_box_take_rows(&box, 1);
    if (!pane->curve || box.height < 4) return;
    sx_curve curve = {.series = pane->curve, .line = 0, .look = 0};
    sx_axes axes = sx_axes_default();
    axes.y_low = 0;
    axes.y_high = 1;
    axes.legend = false;
    if (!strcmp(pane->curve->series.x_label, sx_along_name(pane->desk->along)))
        axes.cursor = sx_along_value(pane->desk->scene.pose, pane->desk->along);
    sx_plot_curves(canvas, box, &curve, 1, &axes);
}

static void draw_pose(const probe_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_pose *pose = &pane->desk->scene.pose;
    const sx_probe_answer *answer = known(pane);
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
    probe_pane *pane = state;
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
    draw_opinion(pane, canvas, sx_box_inset(box, 2, 0, 0, 0));
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void *open_pane(sx_desk *desk) {
    probe_pane *pane = sx_alloc(1, sizeof *pane);
    if (pane) *pane = (probe_pane){.desk = desk};
    return pane;
}

static void close_pane(void *state) {
    probe_pane *pane = state;
    if (pane->data) sx_study_data_release(pane->data);
    sx_result_release(pane->curve);
    sx_result_release(pane->items);
    sx_free(pane);
}

static json_t *state_of(const void *state) {
    const probe_pane *pane = state;
    const sx_scene *scene = &pane->desk->scene;
    const sx_probe_answer *answer = known(pane);
    guess best = {-1, NAN};
    if (answer && !isnan(answer->probabilities[0])) best_guesses(answer, &best, 1);
    return json_pack("{s:o, s:s, s:I, s:I, s:f, s:f, s:f, s:f, s:s, s:s, s:o, s:b}", "network",
                     sx_json_text(shown_network(pane)), "split", sx_split_name(scene->split),
                     "item", (json_int_t)scene->item, "background", (json_int_t)scene->background,
                     "x", scene->pose.x, "y", scene->pose.y, "rotation", scene->pose.rotation,
                     "size", scene->pose.area, "along", sx_along_name(pane->desk->along), "says",
                     best.class >= 0 ? class_name(pane, best.class) : "", "probability",
                     sx_json_number(best.probability), "whole",
                     pane->desk->answer && pane->desk->answer->whole);
}

/* ---- export -----------------------------------------------------------------------------------
 */

static bool figure(void *state, int row, char *name, size_t size, sx_figure *out) {
    const probe_pane *pane = state;
    if (row > 0) return false;
    snprintf(name, size, "probe-%s", sx_along_name(pane->desk->along));
    *out = (sx_figure){.result = pane->curve, .caption = pane->desk->now->caption};
    return true;
}

/* The probabilities, then the curve. */
static bool numbers(void *state, int row, char *name, size_t size, sx_text *out) {
    const probe_pane *pane = state;
    const sx_probe_answer *answer = known(pane);
    if (row > 1) return false;
    snprintf(name, size, row ? "probe-%s" : "probe", sx_along_name(pane->desk->along));
    if (row == 1 && pane->curve) sx_result_csv(pane->curve, out);
    if (row == 1 || !answer || isnan(answer->probabilities[0])) return true;
    sx_text_add(out, "class,probability,true\n");
    for (int c = 0; c < answer->classes; c++)
        sx_text_add(out, "%s,%.9g,%d\n", class_name(pane, c), (double)answer->probabilities[c],
                    c == answer->label);
    return true;
}

static const char *const results[] = {NULL};

const sx_pane sx_pane_probe = {
    .name = "probe",
    .title = "Probe",
    .help = "one object, moved, turned and resized by hand",
    .explains =
        "One object on a background that the network has never seen; what you do to it, the "
        "network sees at once. The bars are how likely it thinks each class is; the true one "
        "is marked. The curve is the probability of the true class along the factor that you "
        "changed last, and the line where you are.",
    .tries =
        "Try: turn the object with [ and ] until the network changes its mind; make it small with "
        "<; move it to the border; o takes another object; a goes round by itself; v asks another "
        "network. Can it be sure and wrong?",
    .commands = commands,
    .results = results,
    .open = open_pane,
    .close = close_pane,
    .update = update,
    .seen = seen,
    .heading = heading,
    .restored = restored,
    .draw = draw,
    .figure = figure,
    .mouse = mouse,
    .numbers = numbers,
    .state = state_of};
