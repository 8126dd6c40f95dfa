/* Inside the network while it sees one picture: layers with their figures at the left, at the right
 * a view of what the selected layer, block or patch does. The pane only asks and draws; everything
 * is computed on the engine's light lane, part by part, and again when the network has learned. */
#include "views/pane/inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const sx_source_facts *facts_of(const sx_inspect_pane *pane) {
    return sx_source_describe(pane->data->source);
}

static const char *class_name(const sx_inspect_pane *pane, int class) {
    return class >= 0 && class < facts_of(pane)->classes ? facts_of(pane)->class_names[class] : "?";
}

/* ---- questions and answers --------------------------------------------------------------------
 */

static void ask(sx_inspect_pane *pane) {
    const sx_desk *desk = pane->desk;
    sx_question question = {
        .scene = desk->scene, .along = desk->along, .inside = sx_inside_asks(&pane->in)};
    question.inside.plain = !pane->in.is.scene;
    pane->in.whole = false;
    if (desk->ask) desk->ask(desk->user, pane->seen && pane->data ? &question : NULL);
}

static void drop_results(sx_inspect_pane *pane) {
    sx_inside_drop(&pane->in);
    sx_tree_make(&pane->tree, NULL);
}

static void take_answer(sx_inspect_pane *pane) {
    const sx_answer *answer = pane->desk->answer;
    if (!answer || !answer->inside.parts || answer->version == pane->version) return;
    pane->version = answer->version;
    bool others = answer->inside.beside || answer->inside.parts != sx_inside_parts(&pane->in);
    if (others) return; /* of another view */
    sx_inside_take(&pane->in, answer);
    sx_tree_make(&pane->tree, sx_inside_result(&pane->in, "layers"));
    bool chosen = pane->tree.count && sx_inside_choose_layer(&pane->in);
    if (chosen && pane->seen) ask(pane);
}

static void update(void *state) {
    sx_inspect_pane *pane = state;
    const sx_snapshot *now = pane->desk->now;
    if (now->data != pane->data || now->job != pane->job) {
        drop_results(pane);
        if (pane->data) sx_study_data_release(pane->data);
        pane->data = now->data ? sx_study_data_keep(now->data) : NULL;
        pane->job = now->job;
        pane->in.is.layer = -1;
        pane->in.is.query = pane->in.is.block = pane->in.is.head = pane->in.is.tile = 0;
        if (pane->seen) ask(pane);
    }
    take_answer(pane);
}

static void seen(void *state, bool seen) {
    sx_inspect_pane *pane = state;
    if (pane->seen == seen) return;
    pane->seen = seen;
    ask(pane);
}

static void restored(void *state) {
    sx_inspect_pane *pane = state;
    sx_inside_compose(&pane->in);
    if (pane->seen) ask(pane);
}

/* Opened from the probe, it looks at what the probe shows; else at an item as it is learned. */
static void accept(void *state) {
    sx_inspect_pane *pane = state;
    pane->in.is.scene = pane->desk->posed;
    if (pane->seen) ask(pane);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

/* What is seen changes at once as far as it is known; the rest is asked. */
static void change(sx_inspect_pane *pane) {
    sx_inside_compose(&pane->in);
    ask(pane);
}

static bool is_of_patches(const sx_inspect_pane *pane) {
    return sx_sights[pane->in.is.sight].transformer && pane->in.is.sight != SX_SEES_DISTANCE;
}

/* By rows; from no patch to the first. */
static void move_patch(sx_inspect_pane *pane, int value) {
    int grid = sx_inside_grid(&pane->in), query = pane->in.is.query;
    const int by[] = {
        [LEFT] = -1,       [RIGHT] = 1,        [UP] = -grid,         [DOWN] = grid,
        [PAGE_UP] = -grid, [PAGE_DOWN] = grid, [FIRST] = -INT16_MAX, [LAST] = INT16_MAX};
    if (grid < 1) return;
    int to = query == 0 ? 1 : query + by[value];
    if (value == FIRST) to = 1;
    if (value == LAST) to = grid * grid;
    if (to >= 1 && to <= grid * grid) pane->in.is.query = to;
    change(pane);
}

static void run_move(void *state, int value, const char *argument) {
    sx_inspect_pane *pane = state;
    (void)argument;
    if ((pane->in.is.patches || value == LEFT || value == RIGHT) && is_of_patches(pane)) {
        move_patch(pane, value);
        return;
    }
    int layer = sx_tree_move(&pane->tree, pane->in.is.layer, value);
    if (layer == pane->in.is.layer || pane->tree.count == 0) return;
    pane->in.is.layer = layer;
    pane->in.is.tile = 0;
    change(pane);
}

static const char *sight_choice(void *state, size_t row) {
    (void)state;
    return row < SX_SIGHTS ? sx_sights[row].name : NULL;
}

/* Round and round, past what a network without attention cannot show. */
static void run_view(void *state, int value, const char *argument) {
    sx_inspect_pane *pane = state;
    int sight = pane->in.is.sight;
    if (argument[0]) {
        sight = sx_part_choose(pane->desk, sight_choice, pane, sight, argument,
                               "there is no such view");
        if (sight < 0) return;
    } else {
        bool all = pane->in.count == 0 || sx_inside_is_transformer(&pane->in);
        do sight = (sight + value + SX_SIGHTS) % SX_SIGHTS;
        while (!all && sx_sights[sight].transformer);
    }
    pane->in.is.sight = sight;
    pane->in.is.tile = 0;
    pane->in.is.patches = pane->in.is.patches && is_of_patches(pane);
    change(pane);
}

/* The block of the views of attention, or the page of pictures. */
static void run_turn(void *state, int value, const char *argument) {
    sx_inspect_pane *pane = state;
    int blocks = sx_inside_blocks(&pane->in);
    const sx_result *shown = sx_inside_shown(&pane->in);
    (void)argument;
    if (shown && shown->kind == SX_RESULT_IMAGES) {
        int page = pane->in.page > 0 ? pane->in.page : 1, to = pane->in.is.tile + value * page;
        if (to < shown->images.count) pane->in.is.tile = to > 0 ? to : 0;
        return;
    }
    if (blocks < 1 || !is_of_patches(pane)) return;
    int block = pane->in.is.block > 0 ? pane->in.is.block : blocks;
    block += value;
    pane->in.is.block = block < 1 ? 1 : block > blocks ? blocks : block;
    change(pane);
}

static void run_head(void *state, int value, const char *argument) {
    sx_inspect_pane *pane = state;
    int heads = sx_inside_heads(&pane->in);
    (void)argument;
    if (heads < 1) {
        sx_desk_say(pane->desk, "heads are chosen where attention is seen");
        return;
    }
    pane->in.is.head = (pane->in.is.head + value + heads + 1) % (heads + 1);
    change(pane);
}

/* The next or previous item, or the one of that index. */
static void run_item(void *state, int value, const char *argument) {
    sx_inspect_pane *pane = state;
    sx_scene *scene = &pane->desk->scene;
    double index = 0;
    if (!pane->data) return;
    size_t count = facts_of(pane)->counts[scene->split];
    if (argument[0]) {
        if (!sx_text_number(argument, &index) || index < 0 || index >= (double)count) {
            sx_desk_say(pane->desk, "item wants an index below %zu", count);
            pane->desk->bad = true;
            return;
        }
        scene->item = (size_t)index;
    } else {
        scene->item = (scene->item + (value > 0 ? 1 : count - 1)) % count;
    }
    ask(pane);
}

static void run_scene(void *state, int value, const char *argument) {
    sx_inspect_pane *pane = state;
    (void)value, (void)argument;
    pane->in.is.scene = !pane->in.is.scene;
    ask(pane);
}

static void run_label(void *state, int value, const char *argument) {
    sx_inspect_pane *pane = state;
    (void)value, (void)argument;
    pane->in.is.label = !pane->in.is.label;
    ask(pane);
}

static bool sees_blocks(void *state) {
    return sx_inside_is_transformer(&((const sx_inspect_pane *)state)->in) && is_of_patches(state);
}

static const sx_command commands[] = {
    {"up", "Up k", "", "layer", "the layer above; with a patch chosen, the patch above", run_move,
     UP, NULL, NULL},
    {"down", "Down j", "", "layer", "the layer below", run_move, DOWN, NULL, NULL},
    {"left", "Left h", "", "patch", "where attention is seen: the patch to the left", run_move,
     LEFT, NULL, sees_blocks},
    {"right", "Right l", "", "patch", "the patch to the right", run_move, RIGHT, NULL, sees_blocks},
    {"page-up", "PgUp Ctrl-U", "", NULL, "one screen of layers up", run_move, PAGE_UP, NULL, NULL},
    {"page-down", "PgDn Ctrl-D", "", NULL, "one screen of layers down", run_move, PAGE_DOWN, NULL,
     NULL},
    {"first", "g Home", "", NULL, "the first layer", run_move, FIRST, NULL, NULL},
    {"last", "G End", "", NULL, "the last layer", run_move, LAST, NULL, NULL},
    {"view", "v", "[NAME]", "view", "the next view, or the one of this name", run_view, 1,
     sight_choice, NULL},
    {"view-before", "b", "", NULL, "the view before", run_view, -1, NULL, NULL},
    {"turn-back", "[", "", "block", "the block before; of many pictures, the page before", run_turn,
     -1, NULL, sees_blocks},
    {"turn-on", "]", "", "block", "the next block or page", run_turn, 1, NULL, sees_blocks},
    {"head-before", "<", "", "head", "the head before, or the mean of all", run_head, -1, NULL,
     sees_blocks},
    {"head", ">", "", "head", "the next head", run_head, 1, NULL, sees_blocks},
    {"item", "o", "[INDEX]", "picture", "the next picture, or the one of this index", run_item, 1,
     NULL, NULL},
    {"item-before", "O", "", NULL, "the picture before", run_item, -1, NULL, NULL},
    {"scene", "x", "", "probe's", "the picture as the probe shows it, or as the network learns it",
     run_scene, 0, NULL, NULL},
    {"explained", "c", "", "class", "explain the true class, or the likeliest", run_label, 0, NULL,
     NULL},
    {0}};

/* Arrows move the query patch from here on. */
static bool enter(void *state) {
    sx_inspect_pane *pane = state;
    if (!is_of_patches(pane) || sx_inside_grid(&pane->in) < 1) return false;
    pane->in.is.patches = true;
    if (pane->in.is.query == 0) pane->in.is.query = 1;
    change(pane);
    return true;
}

/* And the tree again, with attention of the class token. */
static bool back(void *state) {
    sx_inspect_pane *pane = state;
    if (!pane->in.is.patches && pane->in.is.query == 0) return false;
    pane->in.is.patches = false;
    pane->in.is.query = 0;
    change(pane);
    return true;
}

/* A click chooses a layer, or a patch. */
static void mouse(void *state, const char *what, int x, int y) {
    sx_inspect_pane *pane = state;
    sx_box tree = pane->tree.box, map = pane->in.map;
    int grid = sx_inside_grid(&pane->in);
    if (strcmp(what, "Click") != 0) return;
    if (x >= tree.x && x < tree.x + tree.width) {
        int layer = sx_tree_at(&pane->tree, y);
        if (layer < 0) return;
        pane->in.is.layer = layer;
        pane->in.is.tile = 0;
        change(pane);
    } else if (is_of_patches(pane) && grid > 0 && x >= map.x && x < map.x + map.width &&
               y >= map.y && y < map.y + map.height) {
        pane->in.is.query =
            (y - map.y) * grid / map.height * grid + (x - map.x) * grid / map.width + 1;
        change(pane);
    }
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

static void heading(const void *state, sx_heading *out) {
    const sx_inspect_pane *pane = state;
    const sx_scene *scene = &pane->desk->scene;
    sx_heading_add(out, 0, "", "Inspect");
    if (!pane->data) return;
    sx_heading_add(out, 4, "", " · %s", sx_sights[pane->in.is.sight].title);
    sx_heading_add(out, 3, "", " · %s #%zu",
                   class_name(pane, sx_source_label(pane->data->source, scene->split, scene->item)),
                   scene->item);
    sx_heading_add(out, 2, "", " of %s", sx_split_name(scene->split));
    if (pane->in.is.scene) sx_heading_add(out, 1, "", ", as the probe shows it");
}

static void draw_foot(const sx_inspect_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_inside_choice *is = &pane->in.is;
    int blocks = sx_inside_blocks(&pane->in), heads = sx_inside_heads(&pane->in);
    char step[32];
    sx_segment parts[4] = {{0}};
    if (is_of_patches(pane) && blocks > 0) {
        parts[0] = is->query
                       ? sx_part_segment(SX_ROLE_TEXT, "patch %d of %d", is->query,
                                         sx_inside_grid(&pane->in) * sx_inside_grid(&pane->in))
                       : sx_part_segment(SX_ROLE_TEXT, "class token (Enter: a patch)");
        bool of_block = is->sight == SX_SEES_ATTENTION || is->sight == SX_SEES_HEADS;
        if (of_block)
            parts[1] = sx_part_segment(SX_ROLE_TEXT, "block %d of %d",
                                       is->block ? is->block : blocks, blocks);
        if (is->sight == SX_SEES_ATTENTION)
            parts[2] = is->head ? sx_part_segment(SX_ROLE_TEXT, "head %d of %d", is->head, heads)
                                : sx_part_segment(SX_ROLE_TEXT, "mean of %d heads", heads);
    } else if (is->sight == SX_SEES_OCCLUSION || is->sight == SX_SEES_GRADIENT) {
        const sx_result *shown = sx_inside_shown(&pane->in);
        if (shown) parts[0] = sx_part_segment(SX_ROLE_TEXT, "%s", shown->title);
    }
    if (pane->in.step >= 0)
        parts[3] = sx_part_segment(SX_ROLE_DIM, "network of step %s",
                                   sx_text_count(step, (long long)pane->in.step));
    sx_segments_draw(canvas, row, 0, parts, 4, 3);
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    sx_inspect_pane *pane = state;
    (void)how;
    if (!pane->data) {
        if (!sx_part_loading(pane->desk, canvas, box))
            sx_part_waiting(pane->desk, canvas, box, "The data set", "was not opened");
        return;
    }
    box = sx_box_inset(box, 1, 0, 1, 0);
    const char *without = sx_part_without_network(pane->desk);
    if (without && !pane->in.count) {
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), without);
        return;
    }
    draw_foot(pane, canvas, sx_box_take_rows(&box, -1));
    const sx_result *layers = sx_inside_result(&pane->in, "layers");
    if (layers && pane->tree.count) {
        int width = box.width < 100 ? box.width / 2 : box.width < 150 ? 63 : 72;
        sx_tree_draw(&pane->tree, canvas, sx_box_take_columns(&box, width), layers,
                     pane->in.is.layer);
        box = sx_box_inset(box, 2, 0, 0, 0);
    }
    sx_inside_draw(&pane->in, canvas, box);
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void *open_pane(sx_desk *desk) {
    sx_inspect_pane *pane = sx_alloc(1, sizeof *pane);
    if (pane) {
        pane->desk = desk;
        pane->in.step = pane->in.is.layer = -1;
        pane->in.turns = true;
    }
    return pane;
}

static void close_pane(void *state) {
    sx_inspect_pane *pane = state;
    drop_results(pane);
    sx_tree_done(&pane->tree);
    if (pane->data) sx_study_data_release(pane->data);
    sx_free(pane);
}

static json_t *state_of(const void *state) {
    const sx_inspect_pane *pane = state;
    const sx_inside_choice *is = &pane->in.is;
    return json_pack("{s:s, s:o, s:i, s:i, s:i, s:I, s:b, s:b, s:b, s:b, s:i}", "view",
                     sx_sights[is->sight].name, "layer",
                     sx_json_text(sx_inside_layer_name(&pane->in)), "patch", is->query, "block",
                     is->block, "head", is->head, "item", (json_int_t)pane->desk->scene.item,
                     "scene", is->scene, "label", is->label, "patches", is->patches, "whole",
                     pane->in.whole, "results", (int)pane->in.count);
}

static void layout(const void *state, sx_text *out) {
    const sx_inspect_pane *pane = state;
    if (pane->in.is.sight) sx_text_add(out, "view %s\n", sx_sights[pane->in.is.sight].name);
}

/* ---- export -----------------------------------------------------------------------------------
 */

static bool figure(void *state, int row, char *name, size_t size, sx_figure *out) {
    const sx_inspect_pane *pane = state;
    bool there = sx_inside_figure(&pane->in, "inspect", row, name, size, out);
    if (there) out->caption = pane->desk->now->caption;
    return there;
}

static bool numbers(void *state, int row, char *name, size_t size, sx_text *out) {
    return sx_inside_numbers(&((const sx_inspect_pane *)state)->in, "inspect", row, name, size,
                             out);
}

static const char *const results[] = {NULL};

const sx_pane sx_pane_inspect = {
    .name = "inspect",
    .title = "Inspect",
    .tab = "In",
    .help = "inside the network while it sees one picture",
    .explains =
        "At the left the layers of the network with the shape of what they give on, what they take "
        "and how their values are spread; at the right one view of what they do while the network "
        "sees one picture. Occlusion: how likely the class stays while a part is covered. Gradient "
        "times input: which pixels raise its logit. Attention: where a patch of a vision "
        "transformer looks, in times of an even look.",
    .tries =
        "Try: v goes through the views; Up and Down choose a layer, whose feature maps and weights "
        "follow; o takes another picture, p shows it in the probe; with attention Enter and the "
        "arrows choose the patch that looks, [ and ] the block, < and > the head. Do late blocks "
        "look farther than early ones?",
    .commands = commands,
    .results = results,
    .open = open_pane,
    .close = close_pane,
    .update = update,
    .seen = seen,
    .accept = accept,
    .view = SX_VIEW_SPAN(sx_inspect_pane, in.is, in.is),
    .restored = restored,
    .heading = heading,
    .draw = draw,
    .figure = figure,
    .numbers = numbers,
    .mouse = mouse,
    .enter = enter,
    .back = back,
    .state = state_of,
    .layout = layout};
