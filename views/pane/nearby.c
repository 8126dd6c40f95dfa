/* The object in one-pixel steps around where it is: how likely its class is there, and how many of
 * the first pairs are recognised there. Lines between the cells are the borders of a vision
 * transformer's patches; what it says with objects in the middle of patches is set beside what it
 * says with them on the crossings, since that is where a grid would show. */
#include "views/pane/probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const names[2] = {"nearby", "nearby-accuracy"};

/* ---- what is held -----------------------------------------------------------------------------
 */

static bool same_places(const sx_result *a, const sx_result *b) {
    return strcmp(a->title, b->title) == 0 && strcmp(a->scene, b->scene) == 0 &&
           a->grid.rows == b->grid.rows && a->grid.columns == b->grid.columns &&
           a->grid.row_values[0] == b->grid.row_values[0] &&
           a->grid.column_values[0] == b->grid.column_values[0];
}

/* How much of a map is known: pictures that it rests on. */
static double known_of(const sx_result *map) {
    double sum = 0;
    for (int i = 0; i < map->grid.rows * map->grid.columns; i++)
        if (!isnan(map->grid.values[i])) sum += map->grid.count ? map->grid.count[i] : 1;
    return sum;
}

void sx_nearby_drop(sx_probe_pane *pane) {
    for (int i = 0; i < 2; i++) {
        sx_result_release(pane->nearby[i]);
        pane->nearby[i] = NULL;
    }
}

/* A map of the same places begins again when the network has learned; until it has come as far, the
 * one before stays. */
static void take(sx_probe_pane *pane, int which, const sx_result *map, bool whole) {
    const sx_result *before = pane->nearby[which];
    bool same = before && same_places(before, map);
    if (same && !whole && known_of(map) < known_of(before)) return;
    if (which == 0 && before && !same) sx_nearby_drop(pane); /* accuracy, too, is of other places */
    sx_result_release(pane->nearby[which]);
    pane->nearby[which] = sx_result_keep(map);
}

void sx_nearby_take(sx_probe_pane *pane, const sx_answer *answer) {
    if (!answer->nearby) return;
    for (int which = 0; which < 2; which++)
        for (size_t i = 0; i < answer->result_count; i++) {
            const sx_result *result = answer->results[i];
            if (result->kind == SX_RESULT_GRID && strcmp(result->name, names[which]) == 0)
                take(pane, which, result, answer->whole);
        }
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

static int patch_of(const sx_result *map) {
    return (int)sx_part_scene(map, "patch", 0);
}

static sx_heatmap options_of(const sx_result *map) {
    sx_heatmap options = sx_plot_scale(map);
    options.block = patch_of(map);
    options.whole = true;
    options.unknown = "not yet";
    return options;
}

static int clamp(int value, int count) {
    return value < 0 ? 0 : value >= count ? count - 1 : value;
}

/* Where lines are too few for all rows, those around the object rather than every second: a step
 * that is left out is what the map is for. */
static sx_result around(const sx_result *map, sx_box box, sx_look look, int *row) {
    enum { HEADER = 1, LABELS = 4 };
    sx_result seen = *map;
    sx_grid *grid = &seen.grid;
    bool halves = look.unicode && look.colours >= 256; /* two rows share a line */
    int most = (halves ? 2 : 1) * (box.height - HEADER);
    if (most >= grid->rows || most < 2 || grid->columns + LABELS > box.width) return seen;
    int first = clamp(*row - most / 2, grid->rows - most + 1);
    ptrdiff_t cells = (ptrdiff_t)first * grid->columns;
    grid->rows = most;
    grid->row_values += first;
    grid->values += cells;
    if (grid->count) grid->count += cells;
    *row -= first;
    return seen;
}

static void draw_map(const sx_probe_pane *pane, sx_canvas *canvas, sx_box box,
                     const sx_result *map) {
    sx_heatmap options = options_of(map);
    const sx_pose *pose = &pane->desk->scene.pose;
    int size = sx_view_size(pane->data->view);
    options.cursor_column =
        clamp((int)(pose->x * size - map->grid.column_values[0]), map->grid.columns);
    options.cursor_row = clamp((int)(pose->y * size - map->grid.row_values[0]), map->grid.rows);
    sx_result seen = around(map, box, canvas->look, &options.cursor_row);
    sx_plot_heatmap(canvas, box, &seen, &options);
}

/* The mean over places whose centres are so many pixels past a patch's border both ways. */
static double mean_at(const sx_grid *grid, int patch, int phase) {
    double sum = 0, count = 0;
    for (int y = 0; y < grid->rows; y++)
        for (int x = 0; x < grid->columns; x++) {
            double value = grid->values[y * grid->columns + x];
            bool there = fmod(grid->row_values[y], patch) == phase &&
                         fmod(grid->column_values[x], patch) == phase;
            if (there && !isnan(value)) sum += value, count++;
        }
    return count > 0 ? sum / count : (double)NAN;
}

double sx_nearby_mean(const sx_result *map) {
    double sum = 0, count = 0;
    for (int i = 0; map && i < map->grid.rows * map->grid.columns; i++)
        if (!isnan(map->grid.values[i])) sum += map->grid.values[i], count++;
    return count > 0 ? sum / count : (double)NAN;
}

/* "mean 0.52  corners 0.51  middles 0.54", of patches, and how much is known. */
static void draw_foot(sx_canvas *canvas, sx_box row, const sx_result *map) {
    int patch = patch_of(map), cells = map->grid.rows * map->grid.columns;
    char crossing[32], middle[32], mean[32];
    double known = 0, least = INFINITY;
    for (int i = 0; i < cells; i++) {
        if (map->grid.count) least = fmin(least, map->grid.count[i]);
        known += !isnan(map->grid.values[i]);
    }
    sx_segment parts[4] = {{0}};
    parts[0] =
        sx_part_segment(SX_ROLE_TEXT, "mean %s", sx_number_shown(mean, sx_nearby_mean(map), 2));
    if (patch > 1) {
        parts[1] = sx_part_segment(SX_ROLE_TEXT, "corners %s",
                                   sx_number_shown(crossing, mean_at(&map->grid, patch, 0), 2));
        parts[2] =
            sx_part_segment(SX_ROLE_TEXT, "middles %s",
                            sx_number_shown(middle, mean_at(&map->grid, patch, patch / 2), 2));
    }
    if (known < cells)
        parts[3] = sx_part_segment(SX_ROLE_DIM, "%.0f of %d places", known, cells);
    else if (map->grid.count)
        parts[3] = sx_part_segment(SX_ROLE_DIM, "n %.0f a place", least);
    sx_segments_draw(canvas, row, 0, parts, 4, 2);
}

static void draw_one(const sx_probe_pane *pane, sx_canvas *canvas, sx_box box, int which) {
    const sx_result *map = pane->nearby[which];
    if (!map) {
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM),
                        which ? "Accuracy comes after the object's own map, if it is cheap"
                              : "The places are being tried");
        return;
    }
    bool room = box.height > (map->grid.rows + 1) / 2 + 2; /* beside cells, labels and foot */
    if (room)
        sx_canvas_text(canvas, sx_box_take_rows(&box, 1), 0, 0, sx_style_of(SX_ROLE_DIM),
                       map->title);
    draw_foot(canvas, sx_box_take_rows(&box, -1), map);
    draw_map(pane, canvas, box, map);
}

/* Both maps where there is room, else the chosen one. */
void sx_nearby_draw(const sx_probe_pane *pane, sx_canvas *canvas, sx_box box) {
    enum { WIDE = 88 };
    if (box.height < 4) return;
    if (box.width < WIDE) {
        draw_one(pane, canvas, box, pane->choice.accuracy);
        return;
    }
    sx_box right = sx_box_inset(sx_box_take_columns(&box, -box.width / 2), 2, 0, 0, 0);
    draw_one(pane, canvas, box, 0);
    draw_one(pane, canvas, right, 1);
}

void sx_nearby_figure(const sx_probe_pane *pane, int row, char *name, size_t size, sx_figure *out) {
    const sx_result *map = pane->nearby[row];
    snprintf(name, size, "probe-%s", names[row]);
    *out = (sx_figure){.result = map, .as_map = true};
    if (map) out->map = options_of(map);
}
