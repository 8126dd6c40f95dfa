/* What is seen of the selected layer, block or patch: a map over the picture with its scale, many
 * pictures as tiles, small maps of every head, curves, a table. A view says in a word why there is
 * nothing to see. */
#include "views/pane/inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PART(name) (1u << SX_INSIDE_##name)

static const char no_attention[] = "This network has no attention";
static const char no_filters[] = "The first layer of this network has no filters";

const sx_sight_row sx_sights[SX_SIGHTS] = {
    [SX_SEES_OCCLUSION] = {"occlusion", "occlusion", "occlusion", PART(OCCLUSION), false, ""},
    [SX_SEES_GRADIENT] = {"gradient", "gradient times input", "gradient-input", PART(GRADIENT),
                          false, ""},
    [SX_SEES_FEATURES] = {"features", "feature maps", "features", PART(FEATURES), false,
                          "This layer has no values of its own"},
    [SX_SEES_FILTERS] = {"filters", "filters", "filters", PART(FILTERS), false, no_filters},
    [SX_SEES_COMPONENTS] = {"components", "principal components of filters", "filter-components",
                            PART(FILTERS), false, no_filters},
    [SX_SEES_WEIGHTS] = {"weights", "weights", "weights", PART(WEIGHTS), false, ""},
    [SX_SEES_ATTENTION] = {"attention", "attention", "attention", PART(ATTENTION) | PART(HEADS),
                           true, no_attention},
    [SX_SEES_ROLLOUT] = {"rollout", "attention rollout", "rollout", PART(ATTENTION), true,
                         no_attention},
    [SX_SEES_HEADS] = {"heads", "attention of each head", "", PART(ATTENTION) | PART(HEADS), true,
                       no_attention},
    [SX_SEES_DISTANCE] = {"distance", "attention distance", "attention-distance", PART(DISTANCE),
                          true, no_attention},
    [SX_SEES_POSITIONS] = {"positions", "likeness of positions", "positions",
                           PART(POSITIONS) | PART(ATTENTION), true,
                           "This network learns no positions"}};

/* ---- what there is ----------------------------------------------------------------------------
 */

const sx_result *sx_inside_result(const sx_inspect_pane *pane, const char *name) {
    for (size_t i = 0; i < pane->count; i++)
        if (strcmp(pane->held[i]->name, name) == 0) return pane->held[i];
    return NULL;
}

static const sx_result *grid_named(const sx_inspect_pane *pane, const char *name) {
    const sx_result *result = sx_inside_result(pane, name);
    return result && result->kind == SX_RESULT_GRID ? result : NULL;
}

/* The largest number that follows "attention-" (part 0) or "attention-NN-" (part 1). */
static int largest_number(const sx_inspect_pane *pane, int part) {
    int most = 0;
    for (size_t i = 0; i < pane->count; i++) {
        int numbers[2] = {0};
        if (sscanf(pane->held[i]->name, "attention-%d-%d", &numbers[0], &numbers[1]) > part &&
            numbers[part] > most)
            most = numbers[part];
    }
    return most;
}

int sx_inside_blocks(const sx_inspect_pane *pane) {
    return largest_number(pane, 0);
}

int sx_inside_heads(const sx_inspect_pane *pane) {
    return largest_number(pane, 1);
}

int sx_inside_grid(const sx_inspect_pane *pane) {
    const sx_result *map = grid_named(pane, "attention-01");
    return map ? map->grid.rows : 0;
}

bool sx_inside_is_transformer(const sx_inspect_pane *pane) {
    const sx_result *layers = sx_inside_result(pane, "layers");
    for (size_t i = 0; layers && i < layers->table.rows; i++)
        if (strcmp(layers->table.columns[0].texts[i], "block1.attention") == 0) return true;
    return false;
}

/* The block that is seen: the chosen one, or the last. */
static int block_of(const sx_inspect_pane *pane) {
    int blocks = sx_inside_blocks(pane);
    return pane->is.block > 0 && pane->is.block < blocks ? pane->is.block : blocks;
}

static const sx_result *attention_of(const sx_inspect_pane *pane, int head) {
    char name[48];
    if (head > 0)
        snprintf(name, sizeof name, "attention-%02d-%02d", block_of(pane), head);
    else
        snprintf(name, sizeof name, "attention-%02d", block_of(pane));
    return grid_named(pane, name);
}

const sx_result *sx_inside_shown(const sx_inspect_pane *pane) {
    if (pane->is.sight == SX_SEES_ATTENTION) {
        int heads = sx_inside_heads(pane);
        return attention_of(pane, pane->is.head < heads ? pane->is.head : heads);
    }
    if (pane->is.sight == SX_SEES_HEADS) return attention_of(pane, 0);
    return sx_inside_result(pane, sx_sights[pane->is.sight].result);
}

/* ---- what is made of it -----------------------------------------------------------------------
 */

/* The map of one patch out of those of all positions. */
static sx_result *make_position(const sx_inspect_pane *pane, const sx_result *positions) {
    int side = positions->grid.rows, grid = (int)lround(sqrt(side)), patch = pane->is.query - 1;
    if (patch < 0 || grid * grid != side || patch >= side) return NULL;
    sx_result *r = sx_result_new(SX_RESULT_GRID, "position", "Likeness of a patch's position");
    if (!r || !sx_grid_alloc(r, grid, grid)) {
        sx_result_release(r);
        return NULL;
    }
    r->step = positions->step;
    r->grid.row_label = "y";
    r->grid.column_label = "x";
    r->grid.unit = "cosine";
    for (int i = 0; i < grid; i++) r->grid.row_values[i] = r->grid.column_values[i] = i + 1;
    for (int y = 0; y < grid; y++)
        for (int x = 0; x < grid; x++)
            r->grid.values[y * grid + x] =
                positions->grid.values[(patch / grid * grid + y) * side + patch % grid * grid + x];
    return r;
}

static bool lies_over_picture(const sx_inspect_pane *pane) {
    int sight = pane->is.sight;
    return sight == SX_SEES_OCCLUSION || sight == SX_SEES_GRADIENT || sight == SX_SEES_ATTENTION ||
           sight == SX_SEES_ROLLOUT;
}

void sx_inside_compose(sx_inspect_pane *pane) {
    const sx_result *shown = sx_inside_shown(pane), *picture = sx_inside_result(pane, "picture");
    sx_result_release(pane->composed);
    pane->composed = NULL;
    if (!shown || shown->kind != SX_RESULT_GRID) return;
    if (lies_over_picture(pane) && picture)
        pane->composed = sx_plot_overlay(picture, shown);
    else if (pane->is.sight == SX_SEES_POSITIONS)
        pane->composed = make_position(pane, shown);
}

/* ---- drawing: maps ----------------------------------------------------------------------------
 */

/* The row and column of the query patch in a map of patches; -1: it is not in it. */
static void put_cursor(const sx_inspect_pane *pane, const sx_result *map, sx_heatmap *options) {
    int patch = pane->is.query - 1, side = map->grid.rows;
    bool patches = pane->is.sight >= SX_SEES_ATTENTION;
    if (patch < 0 || !patches || side != map->grid.columns || patch >= side * side) return;
    options->cursor_row = patch / side;
    options->cursor_column = patch % side;
}

static void draw_map(const sx_inspect_pane *pane, sx_canvas *canvas, sx_box box,
                     const sx_result *map) {
    sx_heatmap options = sx_plot_scale(map);
    put_cursor(pane, map, &options);
    sx_plot_heatmap(canvas, box, map, &options);
}

/* A cross in the middle of the query patch, in a colour that stands out of any. */
static void mark_patch(const sx_inspect_pane *pane, sx_canvas *canvas, const sx_result *map) {
    sx_heatmap options = {.cursor_row = -1};
    put_cursor(pane, map, &options);
    if (options.cursor_row < 0 || pane->map.width < 1) return;
    int x = (2 * options.cursor_column + 1) * pane->map.width / (2 * map->grid.columns);
    int y = (2 * options.cursor_row + 1) * pane->map.height / (2 * map->grid.rows);
    sx_cell *cell = sx_canvas_cell(canvas, pane->map, x, y);
    if (!cell) return;
    sx_colour ground = cell->style.background;
    if (!ground) ground = cell->style.foreground;
    cell->glyph = '+';
    cell->style = (sx_style){SX_COLOUR_RGB(255, 255, 255), ground, SX_BOLD};
}

/* "0.12 [ramp] 0.98 probability": the colours of the picture above. */
static void draw_ramp(sx_canvas *canvas, sx_box line, const sx_result *map) {
    sx_heatmap scale = sx_plot_scale(map);
    char low[32], high[32];
    sx_style dim = sx_style_of(SX_ROLE_DIM);
    int x = sx_canvas_text(canvas, line, 0, 0, dim, sx_number_shown(low, scale.low, 2)) + 1;
    for (int step = 0; step < SX_RAMP_STEPS; step++, x++) {
        sx_colour colour = scale.diverging ? SX_COLOUR_SIGNED(step) : SX_COLOUR_RAMP(step);
        sx_canvas_put(canvas, line, x, 0, ' ', (sx_style){.background = colour});
    }
    sx_canvas_print(canvas, line, x + 1, 0, dim, "%s %s", sx_number_shown(high, scale.high, 2),
                    map->grid.unit);
}

static void draw_picture(sx_inspect_pane *pane, sx_canvas *canvas, sx_box box,
                         const sx_result *picture) {
    const sx_images *images = &picture->images;
    pane->map = sx_canvas_picture_box(box, images->height, images->width);
    sx_canvas_picture(canvas, box, images->pixels, images->height, images->width, images->channels);
}

/* Where colours can be mixed, the map over the picture, and the map's numbers where there is room;
 * else the picture and the map beside it or below. */
static void draw_overlay(sx_inspect_pane *pane, sx_canvas *canvas, sx_box box,
                         const sx_result *map) {
    enum { TALL = 26, WIDE = 76, READABLE = 16 }; /* rows whose numbers can be read */
    const sx_result *picture = sx_inside_result(pane, "picture");
    bool mixes = canvas->look.colours >= 256 && canvas->look.unicode && pane->composed;
    if (!picture) {
        draw_map(pane, canvas, box, map);
        return;
    }
    bool room = box.height >= TALL || box.width >= WIDE;
    bool both = !mixes || (room && map->grid.rows <= READABLE);
    sx_box numbers = {0};
    if (both && box.width >= WIDE)
        numbers = sx_box_inset(sx_box_take_columns(&box, -box.width / 2), 2, 0, 0, 0);
    else if (both)
        numbers = sx_box_inset(sx_box_take_rows(&box, -box.height / 2), 0, 1, 0, 0);
    if (both) draw_map(pane, canvas, numbers, map);
    sx_box ramp = sx_box_take_rows(&box, mixes ? -1 : 0);
    draw_picture(pane, canvas, box, mixes ? pane->composed : picture);
    ramp.y = pane->map.y + pane->map.height;
    if (mixes) draw_ramp(canvas, ramp, map);
    mark_patch(pane, canvas, map);
}

/* Small maps of all heads of a block, on one scale. */
static void draw_heads(sx_inspect_pane *pane, sx_canvas *canvas, sx_box box) {
    int heads = sx_inside_heads(pane), columns = 1;
    double most = 1;
    for (int h = 1; h <= heads; h++) {
        const sx_result *map = attention_of(pane, h);
        if (map) most = fmax(most, sx_plot_scale(map).high);
    }
    while (columns < heads &&
           columns * box.height < (heads + columns - 1) / columns * box.width / 2)
        columns++;
    int rows = (heads + columns - 1) / columns;
    for (int h = 1; h <= heads; h++) {
        const sx_result *map = attention_of(pane, h);
        int column = (h - 1) % columns, row = (h - 1) / columns;
        int left = box.width * column / columns, right = box.width * (column + 1) / columns;
        int top = box.height * row / rows, bottom = box.height * (row + 1) / rows;
        sx_box place = {box.x + left, box.y + top, right - left - 1, bottom - top};
        if (!map || place.height < 2) continue;
        sx_box title = sx_box_take_rows(&place, 1);
        sx_canvas_print(canvas, title, 0, 0,
                        sx_style_of(h == pane->is.head ? SX_ROLE_KEY : SX_ROLE_DIM), "head %d", h);
        sx_heatmap options = sx_plot_scale(map);
        options.high = most;
        put_cursor(pane, map, &options);
        sx_plot_heatmap(canvas, place, map, &options);
    }
}

/* ---- drawing: the rest ------------------------------------------------------------------------
 */

static void draw_curves(sx_canvas *canvas, sx_box box, const sx_result *series, bool marks) {
    sx_curve curves[3];
    sx_axes axes = sx_axes_default();
    int count = series->series.line_count < 3 ? series->series.line_count : 3;
    for (int i = 0; i < count; i++)
        curves[i] =
            (sx_curve){.series = series, .line = i, .look = i, .dashed = i > 0, .marks = marks};
    axes.y_low = 0;
    axes.legend = count > 1;
    sx_plot_curves(canvas, box, curves, count, &axes);
}

static void draw_distance(const sx_inspect_pane *pane, sx_canvas *canvas, sx_box box,
                          const sx_result *distance) {
    const sx_result *heads = grid_named(pane, "head-distance");
    if (heads && box.height >= 14)
        draw_map(pane, canvas, sx_box_inset(sx_box_take_rows(&box, -box.height / 2), 0, 1, 0, 0),
                 heads);
    draw_curves(canvas, box, distance, true);
}

/* The row of the selected layer's weights, -1: it has none. */
static long weights_row(const sx_inspect_pane *pane, const sx_result *weights) {
    const sx_result *layers = sx_inside_result(pane, "layers");
    if (!layers || pane->is.layer < 0 || (size_t)pane->is.layer >= layers->table.rows) return -1;
    const char *layer = layers->table.columns[0].texts[pane->is.layer];
    size_t length = strlen(layer);
    for (size_t i = 0; i < weights->table.rows; i++) {
        const char *name = weights->table.columns[0].texts[i];
        if (strncmp(name, layer, length) == 0 && name[length] == '.') return (long)i;
    }
    return -1;
}

/* The histogram right behind the name, since columns go from the right. */
enum { SEEN_COLUMNS = 8 };
static void order_columns(const sx_result *weights, sx_column out[SEEN_COLUMNS]) {
    static const char *const names[SEEN_COLUMNS] = {"tensor", "histogram", "mean",  "deviation",
                                                    "least",  "most",      "shape", "values"};
    for (int i = 0; i < SEEN_COLUMNS; i++) {
        const sx_column *column = sx_part_column(weights, names[i]);
        out[i] = column ? *column : weights->table.columns[0];
    }
}

static void draw_weights(const sx_inspect_pane *pane, sx_canvas *canvas, sx_box box,
                         const sx_result *weights) {
    const sx_result *bars = sx_inside_result(pane, "weight-histogram");
    long row = weights_row(pane, weights);
    sx_box top = sx_box_take_rows(&box, box.height / 2);
    if (row < 0 || !bars || bars->kind != SX_RESULT_SERIES) {
        sx_centred_draw(canvas, top, sx_style_of(SX_ROLE_DIM), "This layer has no weights");
    } else {
        sx_canvas_text(canvas, sx_box_take_rows(&top, 1), 0, 0, sx_style_of(SX_ROLE_DIM),
                       bars->title);
        draw_curves(canvas, top, bars, false);
    }
    box = sx_box_inset(box, 0, 1, 0, 0);
    int rows = box.height - 1;
    long first = row >= rows ? row - rows / 2 : 0, last = (long)weights->table.rows - rows;
    if (first > last) first = last > 0 ? last : 0;
    sx_result seen = *weights;
    sx_column columns[SEEN_COLUMNS];
    order_columns(weights, columns);
    seen.table.columns = columns;
    seen.table.column_count = SEEN_COLUMNS;
    sx_plot_table(canvas, box, &seen, (size_t)first, row);
}

/* Titles first, in as many lines as they need; then tiles; how many there are if not all. */
static void draw_tiles(sx_inspect_pane *pane, sx_canvas *canvas, sx_box box,
                       const sx_result *images) {
    int lines = sx_canvas_paragraph(canvas, box, 0, sx_style_of(SX_ROLE_DIM), images->title);
    sx_box_take_rows(&box, lines);
    sx_box foot = sx_box_take_rows(&box, -1);
    sx_gallery g = sx_gallery_lay(box, images);
    int page = g.columns * g.rows > 0 ? g.columns * g.rows : 1, count = images->images.count;
    if (pane->is.tile >= count) pane->is.tile = (count - 1) / page * page;
    pane->page = page;
    int seen = sx_plot_gallery(canvas, box, images, pane->is.tile);
    if (seen < count)
        sx_canvas_print(canvas, foot, 0, 0, sx_style_of(SX_ROLE_DIM),
                        "%d to %d of %d; [ ] turn the page", pane->is.tile + 1,
                        pane->is.tile + seen, count);
}

/* Why there is nothing to see. */
static void draw_lack(const sx_inspect_pane *pane, sx_canvas *canvas, sx_box box) {
    const sx_sight_row *sight = &sx_sights[pane->is.sight];
    const char *text = "This is being computed";
    if (pane->problem[0])
        text = pane->problem;
    else if (sight->transformer && pane->count && !sx_inside_is_transformer(pane))
        text = sight->lack;
    else if (pane->whole && sight->lack[0])
        text = sight->lack;
    sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), text);
}

void sx_inside_draw(sx_inspect_pane *pane, sx_canvas *canvas, sx_box box) {
    const sx_result *shown = sx_inside_shown(pane);
    pane->map = (sx_box){0};
    if (box.width < 1 || box.height < 1) return;
    if (!shown)
        draw_lack(pane, canvas, box);
    else if (shown->kind == SX_RESULT_IMAGES)
        draw_tiles(pane, canvas, box, shown);
    else if (shown->kind == SX_RESULT_TABLE)
        draw_weights(pane, canvas, box, shown);
    else if (shown->kind == SX_RESULT_SERIES)
        draw_distance(pane, canvas, box, shown);
    else if (pane->is.sight == SX_SEES_HEADS && sx_inside_heads(pane) > 0)
        draw_heads(pane, canvas, box);
    else if (shown->kind == SX_RESULT_GRID && lies_over_picture(pane))
        draw_overlay(pane, canvas, box, shown);
    else if (shown->kind == SX_RESULT_GRID)
        draw_map(pane, canvas, box, pane->composed ? pane->composed : shown);
}
