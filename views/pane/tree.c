/* Layers as a tree: what their names have in common is said once, with the sums of what they take;
 * below it each layer with its shape and figures. Columns go by their worth where room is short. */
#include "views/pane/inside.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME, OPERATOR, SHAPE, PARAMETERS, WORK, TIME, MEAN, DEVIATION, ZEROS, LAYER_COLUMNS };

/* ---- rows -------------------------------------------------------------------------------------
 */

/* The part of a name before its first point, its length; 0: it has none. */
static size_t stem_of(const char *name) {
    const char *point = strchr(name, '.');
    return point ? (size_t)(point - name) : 0;
}

/* A layer without a name of its own belongs to those before it. */
static bool belongs(const sx_column *columns, int layer, const char *stem, size_t length) {
    const char *name = columns[NAME].texts[layer];
    if (length == 0) return false;
    if (stem_of(name) == length && strncmp(name, stem, length) == 0) return true;
    return stem_of(name) == 0 && strcmp(name, columns[OPERATOR].texts[layer]) == 0;
}

static void add_row(sx_tree *tree, sx_tree_row row, const char *name, size_t length) {
    if (!sx_grow((void **)&tree->rows, &tree->capacity, tree->count + 1, sizeof *tree->rows))
        return; /* the rest is not seen */
    char text[sizeof row.name];
    snprintf(text, sizeof text, "%.*s", (int)length, name);
    sx_text_printable(row.name, sizeof row.name, text);
    tree->rows[tree->count++] = row;
}

void sx_tree_make(sx_tree *tree, const sx_result *layers) {
    tree->count = 0;
    if (!layers || layers->table.column_count != LAYER_COLUMNS) return;
    const sx_column *c = layers->table.columns;
    if (!c[NAME].texts || !c[OPERATOR].texts || !c[SHAPE].texts) return;
    int count = (int)layers->table.rows;
    for (int i = 0; i < count;) {
        const char *name = c[NAME].texts[i];
        size_t stem = stem_of(name);
        int last = i;
        while (last + 1 < count && belongs(c, last + 1, name, stem)) last++;
        bool branch = last > i;
        if (branch) add_row(tree, (sx_tree_row){-1, i, last, ""}, name, stem);
        for (int k = i; k <= last; k++) {
            const char *own = c[NAME].texts[k];
            if (branch && stem_of(own)) own += stem + 1;
            add_row(tree, (sx_tree_row){k, branch, 0, ""}, own, strlen(own));
        }
        i = last + 1;
    }
}

void sx_tree_done(sx_tree *tree) {
    sx_free(tree->rows);
}

static size_t row_of(const sx_tree *tree, int layer) {
    for (size_t i = 0; i < tree->count; i++)
        if (tree->rows[i].layer == layer) return i;
    return 0;
}

int sx_tree_move(const sx_tree *tree, int layer, int value) {
    int last = 0;
    for (size_t i = 0; i < tree->count; i++)
        if (tree->rows[i].layer > last) last = tree->rows[i].layer;
    int page = tree->box.height > 2 ? tree->box.height - 1 : 1;
    const int by[] = {[UP] = -1,       [DOWN] = 1,    [PAGE_UP] = -page, [PAGE_DOWN] = page,
                      [FIRST] = -last, [LAST] = last, [LEFT] = 0,        [RIGHT] = 0};
    layer += by[value];
    return layer < 0 ? 0 : layer > last ? last : layer;
}

int sx_tree_at(const sx_tree *tree, int y) {
    size_t row = tree->picker.first + (size_t)(y - tree->box.y);
    if (y < tree->box.y || y >= tree->box.y + tree->box.height || row >= tree->count) return -1;
    return tree->rows[row].layer;
}

/* ---- columns ----------------------------------------------------------------------------------
 */

/* "1,234", "56.7k", "8.9M": at most six characters; into out [16]. */
static void short_count(double value, char *out) {
    static const char units[] = " kMGT";
    int unit = 0;
    if (!(value >= 0)) {
        snprintf(out, 16, "-");
        return;
    }
    while (value >= 9999.5 && unit < 4) {
        value /= 1000;
        unit++;
    }
    if (unit == 0)
        snprintf(out, 16, "%.0f", value);
    else
        snprintf(out, 16, value < 99.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}

/* Three digits or so, at most seven characters. */
static void short_number(double value, char *out) {
    if (isnan(value))
        snprintf(out, 16, "-");
    else if (fabs(value) < 1e-3 && value != 0)
        snprintf(out, 16, "%.0e", value);
    else
        snprintf(out, 16, fabs(value) < 10 ? "%.3f" : fabs(value) < 1000 ? "%.1f" : "%.0f", value);
}

static void percent(double value, char *out) {
    if (isnan(value))
        snprintf(out, 16, "-");
    else
        snprintf(out, 16, value > 0 && value < 0.005 ? "<1 %%" : "%.0f %%", 100 * value);
}

/* In the order of the screen; the least worthy give way first. */
static const struct {
    int column, width, worth;
    const char *name;
    void (*show)(double value, char *out);
} columns[] = {{SHAPE, 10, 8, "shape", NULL},      {PARAMETERS, 6, 6, "params", short_count},
               {WORK, 6, 4, "madds", short_count}, {TIME, 5, 7, "time", percent},
               {MEAN, 7, 3, "mean", short_number}, {DEVIATION, 7, 2, "dev", short_number},
               {ZEROS, 5, 5, "zeros", percent}};
enum { COLUMNS = sizeof columns / sizeof *columns, NAME_WIDTH = 18, LEAST_NAME = 12 };

/* Bits of the columns that fit beside a name. */
static unsigned choose_columns(int room) {
    unsigned chosen = 0;
    int used = room < 40 ? LEAST_NAME : NAME_WIDTH;
    for (int worth = 8; worth > 1; worth--)
        for (int i = 0; i < COLUMNS; i++)
            if (columns[i].worth == worth) {
                if (used + columns[i].width + 1 > room) return chosen;
                used += columns[i].width + 1;
                chosen |= 1u << i;
            }
    return chosen;
}

static int columns_width(unsigned chosen) {
    int sum = 0;
    for (int i = 0; i < COLUMNS; i++)
        if (chosen >> i & 1) sum += columns[i].width + 1;
    return sum;
}

/* A number of a row; of a branch the sum, where a sum means something. */
static double number_of(const sx_result *layers, const sx_tree_row *row, int column) {
    const double *numbers = layers->table.columns[column].numbers;
    if (row->layer >= 0) return numbers[row->layer];
    if (column != PARAMETERS && column != WORK && column != TIME) return NAN;
    double sum = 0;
    for (int i = row->first; i <= row->last; i++)
        if (!isnan(numbers[i])) sum += numbers[i];
    return sum;
}

static void cell_text(const sx_result *layers, const sx_tree_row *row, int i, char out[16]) {
    const sx_column *column = &layers->table.columns[columns[i].column];
    out[0] = 0;
    if (!columns[i].show) {
        if (row->layer >= 0) sx_text_printable(out, 16, column->texts[row->layer]);
        return;
    }
    double value = number_of(layers, row, columns[i].column);
    if (row->layer < 0 && isnan(value)) return;
    columns[i].show(value, out);
}

static void draw_row(const sx_tree *tree, sx_canvas *canvas, sx_box line, const sx_result *layers,
                     size_t at, unsigned chosen) {
    const sx_tree_row *row = &tree->rows[at];
    bool branch = row->layer < 0, inner = !branch && row->first;
    sx_style style = sx_style_of(branch ? SX_ROLE_TITLE : SX_ROLE_TEXT);
    int width = line.width - columns_width(chosen);
    sx_box name = {line.x, line.y, width, 1};
    sx_canvas_text(canvas, name, inner ? 2 : 0, 0, style, row->name);
    int x = width;
    for (int i = 0; i < COLUMNS; i++) {
        char text[16];
        if (!(chosen >> i & 1)) continue;
        cell_text(layers, row, i, text);
        x += columns[i].width + 1;
        sx_canvas_text_right(canvas, line, x, 0, sx_style_of(branch ? SX_ROLE_DIM : SX_ROLE_TEXT),
                             text);
    }
}

static void draw_header(sx_canvas *canvas, sx_box line, unsigned chosen) {
    sx_style style = sx_style_of(SX_ROLE_DIM);
    style.attributes |= SX_UNDERLINE;
    int x = line.width - columns_width(chosen);
    sx_canvas_text(canvas, line, 0, 0, style, "layer");
    for (int i = 0; i < COLUMNS; i++) {
        if (!(chosen >> i & 1)) continue;
        x += columns[i].width + 1;
        sx_canvas_text_right(canvas, line, x, 0, style, columns[i].name);
    }
}

void sx_tree_draw(sx_tree *tree, sx_canvas *canvas, sx_box box, const sx_result *layers,
                  int layer) {
    unsigned chosen = choose_columns(box.width);
    draw_header(canvas, sx_box_take_rows(&box, 1), chosen);
    tree->box = box;
    tree->picker.selected = row_of(tree, layer);
    sx_picker_lay(&tree->picker, tree->count, 1, box.height);
    for (int y = 0; y < box.height && tree->picker.first + (size_t)y < tree->count; y++) {
        size_t at = tree->picker.first + (size_t)y;
        sx_box line = {box.x, box.y + y, box.width, 1};
        draw_row(tree, canvas, line, layers, at, chosen);
        if (at != tree->picker.selected) continue;
        for (int x = 0; x < box.width; x++) {
            sx_cell *cell = sx_canvas_cell(canvas, box, x, y);
            if (cell) cell->style = (sx_style){.attributes = SX_REVERSE};
        }
        canvas->cursor_x = line.x;
        canvas->cursor_y = line.y;
    }
}
