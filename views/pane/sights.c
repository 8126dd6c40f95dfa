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

static const sx_result *grid_named(const sx_inside *in, const char *name) {
    const sx_result *result = sx_inside_result(in, name);
    return result && result->kind == SX_RESULT_GRID ? result : NULL;
}

/* The largest number that follows "attention-" (part 0) or "attention-NN-" (part 1). */
static int largest_number(const sx_inside *in, int part) {
    int most = 0;
    for (size_t i = 0; i < in->count; i++) {
        int numbers[2] = {0};
        if (sscanf(in->held[i]->name, "attention-%d-%d", &numbers[0], &numbers[1]) > part &&
            numbers[part] > most)
            most = numbers[part];
    }
    return most;
}

int sx_inside_blocks(const sx_inside *in) {
    return largest_number(in, 0);
}

int sx_inside_heads(const sx_inside *in) {
    return largest_number(in, 1);
}

int sx_inside_grid(const sx_inside *in) {
    const sx_result *map = grid_named(in, "attention-01");
    return map ? map->grid.rows : 0;
}

bool sx_inside_is_transformer(const sx_inside *in) {
    const sx_result *layers = sx_inside_result(in, "layers");
    for (size_t i = 0; layers && i < layers->table.rows; i++)
        if (strcmp(layers->table.columns[0].texts[i], "block1.attention") == 0) return true;
    return false;
}

/* The block that is seen: the chosen one, or the last. */
static int block_of(const sx_inside *in) {
    int blocks = sx_inside_blocks(in);
    return in->is.block > 0 && in->is.block < blocks ? in->is.block : blocks;
}

static const sx_result *attention_of(const sx_inside *in, int head) {
    char name[48];
    if (head > 0)
        snprintf(name, sizeof name, "attention-%02d-%02d", block_of(in), head);
    else
        snprintf(name, sizeof name, "attention-%02d", block_of(in));
    return grid_named(in, name);
}

const sx_result *sx_inside_shown(const sx_inside *in) {
    if (in->is.sight == SX_SEES_ATTENTION) {
        int heads = sx_inside_heads(in);
        return attention_of(in, in->is.head < heads ? in->is.head : heads);
    }
    if (in->is.sight == SX_SEES_HEADS) return attention_of(in, 0);
    return sx_inside_result(in, sx_sights[in->is.sight].result);
}

/* ---- what is made of it -----------------------------------------------------------------------
 */

/* The map of one patch out of those of all positions. */
static sx_result *make_position(const sx_inside *in, const sx_result *positions) {
    int side = positions->grid.rows, grid = (int)lround(sqrt(side)), patch = in->is.query - 1;
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

static bool lies_over_picture(const sx_inside *in) {
    int sight = in->is.sight;
    return sight == SX_SEES_OCCLUSION || sight == SX_SEES_GRADIENT || sight == SX_SEES_ATTENTION ||
           sight == SX_SEES_ROLLOUT;
}

void sx_inside_compose(sx_inside *in) {
    const sx_result *shown = sx_inside_shown(in), *picture = sx_inside_result(in, "picture");
    sx_result_release(in->composed);
    in->composed = NULL;
    if (!shown || shown->kind != SX_RESULT_GRID) return;
    if (lies_over_picture(in) && picture)
        in->composed = sx_plot_overlay(picture, shown);
    else if (in->is.sight == SX_SEES_POSITIONS)
        in->composed = make_position(in, shown);
}

/* ---- drawing: maps ----------------------------------------------------------------------------
 */

/* The row and column of the query patch in a map of patches; -1: it is not in it. */
static void put_cursor(const sx_inside *in, const sx_result *map, sx_heatmap *options) {
    int patch = in->is.query - 1, side = map->grid.rows;
    bool patches = in->is.sight >= SX_SEES_ATTENTION;
    if (patch < 0 || !patches || side != map->grid.columns || patch >= side * side) return;
    options->cursor_row = patch / side;
    options->cursor_column = patch % side;
}

static void draw_map(const sx_inside *in, sx_canvas *canvas, sx_box box, const sx_result *map) {
    sx_heatmap options = sx_plot_scale(map);
    put_cursor(in, map, &options);
    sx_plot_heatmap(canvas, box, map, &options);
}

/* A cross in the middle of the query patch, in a colour that stands out of any. */
static void mark_patch(const sx_inside *in, sx_canvas *canvas, const sx_result *map) {
    sx_heatmap options = {.cursor_row = -1};
    put_cursor(in, map, &options);
    if (options.cursor_row < 0 || in->map.width < 1) return;
    int x = (2 * options.cursor_column + 1) * in->map.width / (2 * map->grid.columns);
    int y = (2 * options.cursor_row + 1) * in->map.height / (2 * map->grid.rows);
    sx_cell *cell = sx_canvas_cell(canvas, in->map, x, y);
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

static void draw_picture(sx_inside *in, sx_canvas *canvas, sx_box box, const sx_result *picture) {
    const sx_images *images = &picture->images;
    in->map = sx_canvas_picture_box(box, images->height, images->width);
    sx_canvas_picture(canvas, box, images->pixels, images->height, images->width, images->channels);
}

/* Where colours can be mixed, the map over the picture, and the map's numbers where there is room;
 * else the picture and the map beside it or below. */
static void draw_overlay(sx_inside *in, sx_canvas *canvas, sx_box box, const sx_result *map) {
    enum { TALL = 26, WIDE = 76, READABLE = 16 }; /* rows whose numbers can be read */
    const sx_result *picture = sx_inside_result(in, "picture");
    bool mixes = canvas->look.colours >= 256 && canvas->look.unicode && in->composed;
    if (!picture) {
        draw_map(in, canvas, box, map);
        return;
    }
    bool room = box.height >= TALL || box.width >= WIDE;
    bool both = !mixes || (room && map->grid.rows <= READABLE);
    sx_box numbers = {0};
    if (both && box.width >= WIDE)
        numbers = sx_box_inset(sx_box_take_columns(&box, -box.width / 2), 2, 0, 0, 0);
    else if (both)
        numbers = sx_box_inset(sx_box_take_rows(&box, -box.height / 2), 0, 1, 0, 0);
    if (both) draw_map(in, canvas, numbers, map);
    sx_box ramp = sx_box_take_rows(&box, mixes ? -1 : 0);
    draw_picture(in, canvas, box, mixes ? in->composed : picture);
    ramp.y = in->map.y + in->map.height;
    if (mixes) draw_ramp(canvas, ramp, map);
    mark_patch(in, canvas, map);
}

/* Small maps of all heads of a block, on one scale. */
static void draw_heads(sx_inside *in, sx_canvas *canvas, sx_box box) {
    int heads = sx_inside_heads(in), columns = 1;
    double most = 1;
    for (int h = 1; h <= heads; h++) {
        const sx_result *map = attention_of(in, h);
        if (map) most = fmax(most, sx_plot_scale(map).high);
    }
    while (columns < heads &&
           columns * box.height < (heads + columns - 1) / columns * box.width / 2)
        columns++;
    int rows = (heads + columns - 1) / columns;
    for (int h = 1; h <= heads; h++) {
        const sx_result *map = attention_of(in, h);
        int column = (h - 1) % columns, row = (h - 1) / columns;
        int left = box.width * column / columns, right = box.width * (column + 1) / columns;
        int top = box.height * row / rows, bottom = box.height * (row + 1) / rows;
        sx_box place = {box.x + left, box.y + top, right - left - 1, bottom - top};
        if (!map || place.height < 2) continue;
        sx_box title = sx_box_take_rows(&place, 1);
        sx_canvas_print(canvas, title, 0, 0,
                        sx_style_of(h == in->is.head ? SX_ROLE_KEY : SX_ROLE_DIM), "head %d", h);
        sx_heatmap options = sx_plot_scale(map);
        options.high = most;
        put_cursor(in, map, &options);
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

static void draw_distance(const sx_inside *in, sx_canvas *canvas, sx_box box,
                          const sx_result *distance) {
    const sx_result *heads = grid_named(in, "head-distance");
    if (heads && box.height >= 14)
        draw_map(in, canvas, sx_box_inset(sx_box_take_rows(&box, -box.height / 2), 0, 1, 0, 0),
                 heads);
    draw_curves(canvas, box, distance, true);
}

/* The row of the selected layer's weights, -1: it has none. */
static long weights_row(const sx_inside *in, const sx_result *weights) {
    const sx_result *layers = sx_inside_result(in, "layers");
    if (!layers || in->is.layer < 0 || (size_t)in->is.layer >= layers->table.rows) return -1;
    const char *layer = layers->table.columns[0].texts[in->is.layer];
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

static void draw_weights(const sx_inside *in, sx_canvas *canvas, sx_box box,
                         const sx_result *weights) {
    const sx_result *bars = sx_inside_result(in, "weight-histogram");
    long row = weights_row(in, weights);
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
static void draw_tiles(sx_inside *in, sx_canvas *canvas, sx_box box, const sx_result *images) {
    int lines = sx_canvas_paragraph(canvas, box, 0, sx_style_of(SX_ROLE_DIM), images->title);
    sx_box_take_rows(&box, lines);
    sx_box foot = sx_box_take_rows(&box, -1);
    sx_gallery g = sx_gallery_lay(box, images);
    int page = g.columns * g.rows > 0 ? g.columns * g.rows : 1, count = images->images.count;
    if (in->is.tile >= count) in->is.tile = (count - 1) / page * page;
    in->page = page;
    int seen = sx_plot_gallery(canvas, box, images, in->is.tile);
    if (seen < count)
        sx_canvas_print(canvas, foot, 0, 0, sx_style_of(SX_ROLE_DIM), "%d to %d of %d%s",
                        in->is.tile + 1, in->is.tile + seen, count,
                        in->turns ? "; [ ] turn the page" : "");
}

/* Why there is nothing to see. */
static void draw_lack(const sx_inside *in, sx_canvas *canvas, sx_box box) {
    const sx_sight_row *sight = &sx_sights[in->is.sight];
    const char *text = "This is being computed";
    if (in->problem[0])
        text = in->problem;
    else if (sight->transformer && in->count && !sx_inside_is_transformer(in))
        text = sight->lack;
    else if (in->whole && sight->lack[0])
        text = sight->lack;
    sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), text);
}

void sx_inside_draw(sx_inside *in, sx_canvas *canvas, sx_box box) {
    const sx_result *shown = sx_inside_shown(in);
    in->map = (sx_box){0};
    if (box.width < 1 || box.height < 1) return;
    if (!shown)
        draw_lack(in, canvas, box);
    else if (shown->kind == SX_RESULT_IMAGES)
        draw_tiles(in, canvas, box, shown);
    else if (shown->kind == SX_RESULT_TABLE)
        draw_weights(in, canvas, box, shown);
    else if (shown->kind == SX_RESULT_SERIES)
        draw_distance(in, canvas, box, shown);
    else if (in->is.sight == SX_SEES_HEADS && sx_inside_heads(in) > 0)
        draw_heads(in, canvas, box);
    else if (shown->kind == SX_RESULT_GRID && lies_over_picture(in))
        draw_overlay(in, canvas, box, shown);
    else if (shown->kind == SX_RESULT_GRID)
        draw_map(in, canvas, box, in->composed ? in->composed : shown);
}
