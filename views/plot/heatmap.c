/* Heat maps: a grid as cells of equal size, about square, with its values at the edges and the
 * ramp's steps in a legend.
 *
 * Layout in order of worth: the cells, all rows of them; then the labels at left and top; then the
 * legend. Labels are the grid's names, cut to their cells, else its values. Where rows are more
 * than lines, two share a line as half cells; where even that is not enough, every second (third
 * ...) row is shown and the header says so. The ramp's ends are the caller's, so that frames and
 * models compare. */
#include "views/plot/figure.h"
#include "views/plot/scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEGEND_COLUMNS 11
#define WIDEST_LABEL 10
#define WIDEST_NAME 14
#define SHORTEST_NAME 3    /* columns of a name that can still be told from others */
#define ELLIPSIS_COLUMNS 6 /* a shorter cut name has no room for one */
#define LEAST_COLUMNS 20   /* of a grid that are shown before labels or the legend give way */
#define NARROWEST 3        /* columns of a grid that are worth labels */
#define LABEL_SIZE 64

typedef struct {
    const sx_grid *grid;
    const sx_heatmap *options;
    int x, y;                  /* of the first cell */
    int width, height;         /* of a cell; height 0: half a line */
    int row_step, column_step; /* 1: all are shown */
    int rows, columns;         /* that are shown */
    int legend;                /* column where it begins, 0: none */
    bool header;
    int name_columns;          /* of a row's name */
    int row_each, column_each; /* every how many lines and columns have a label */
    int column_first;          /* the first of them */
    int few;                   /* cells that rest on too little */
    bool all_few;              /* every known cell rests on too little: said once, not marked */
    int row_decimals, column_decimals;
} layout;

static int divide_up(int a, int b) {
    return (a + b - 1) / b;
}

/* Decimals that show every `each`-th value exactly, at most 3. */
static int decimals_of(const double *values, int count, int each) {
    for (int decimals = 0; decimals < 3; decimals++) {
        double power = pow(10, decimals);
        bool exact = true;
        for (int i = 0; i < count && exact; i += each) {
            double value = values[i] * power;
            exact = !isfinite(value) || fabs(value - round(value)) < 1e-6;
        }
        if (exact) return decimals;
    }
    return 3;
}

static const char *text_or_none(const char *text) {
    return text ? text : "";
}

/* A name without control characters, cut to `columns`; into out [LABEL_SIZE]. */
static char *cut_name(char *out, const char *name, int columns) {
    const char *cut = columns >= ELLIPSIS_COLUMNS ? "…" : "";
    sx_text_printable(out, LABEL_SIZE - 4, name);
    if (sx_text_columns(out) <= columns) return out;
    int room = columns - sx_text_columns(cut);
    for (size_t end = strlen(out); end > 0 && sx_text_columns(out) > room; end--)
        if (((unsigned char)out[end - 1] & 0xC0) != 0x80) out[end - 1] = 0;
    return strcat(out, cut);
}

/* Into out [LABEL_SIZE], as is the next. */
static char *row_label(const layout *l, int row, char *out) {
    if (l->grid->row_names) return cut_name(out, l->grid->row_names[row], l->name_columns);
    return sx_number_shown(out, l->grid->row_values[row], l->row_decimals);
}

static char *column_label(const layout *l, int column, char *out) {
    if (l->grid->column_names)
        return cut_name(out, l->grid->column_names[column], l->width * l->column_each - 1);
    return sx_number_shown(out, l->grid->column_values[column], l->column_decimals);
}

static int row_label_columns(const layout *l) {
    char label[LABEL_SIZE];
    int most = sx_text_columns(text_or_none(l->grid->row_label));
    if (most > WIDEST_LABEL) most = WIDEST_LABEL;
    for (int i = 0; i < l->grid->rows; i++) {
        int columns = sx_text_columns(row_label(l, i, label));
        if (columns > most) most = columns;
    }
    return most;
}

/* ---- layout -----------------------------------------------------------------------------------
 */

/* Size of a cell along one way, or a step over rows or columns when there is no room for all. */
static void share(int room, int count, int *size, int *step, int *shown) {
    *step = room > 0 ? divide_up(count, room) : count;
    *shown = divide_up(count, *step);
    *size = room > 0 ? room / *shown : 0;
}

static void share_rows(layout *l, const sx_surface *surface, int room) {
    share(room, l->grid->rows, &l->height, &l->row_step, &l->rows);
    if (l->row_step == 1 || !surface->halves) return;
    int halves;
    share(2 * room, l->grid->rows, &halves, &l->row_step, &l->rows);
    l->height = 0;
}

/* Cells are about twice as wide as high, wider where the box is; wide enough for a value if there
 * is room for it. */
static void make_square(layout *l) {
    int lines = l->height > 0 ? l->height : 1;
    if (lines > l->width) l->height = lines = l->width > 0 ? l->width : 1;
    int widest = lines * 4 > 6 ? lines * 4 : 6;
    if (l->height == 0) widest = 2;
    if (l->width > widest) l->width = widest;
}

/* Where the label of a shown column begins: in its middle, but left of the surface's end. */
static int column_label_start(const layout *l, const sx_surface *surface, int i, int columns) {
    int start = l->x + i * l->width + (l->width - columns + 1) / 2;
    if (start + columns > surface->width) start = surface->width - columns;
    return start > l->x - 1 ? start : l->x - 1;
}

static bool labels_touch(const layout *l, const sx_surface *surface) {
    for (int i = l->column_first, end = -2; i < l->columns; i += l->column_each) {
        char label[LABEL_SIZE];
        int columns = sx_text_columns(column_label(l, i * l->column_step, label));
        int start = column_label_start(l, surface, i, columns);
        if (start < end + 2) return true;
        end = start + columns;
    }
    return false;
}

/* True if a block begins with this row or column, all of which are shown. */
static bool begins_block(const layout *l, double value, int step) {
    int block = l->options->block;
    return block > 0 && step == 1 && fmod(value, block) == 0;
}

/* Labels at the blocks' beginnings, as many as do not touch; false if none begins here. */
static bool label_blocks(layout *l, const sx_surface *surface) {
    int first = 0;
    while (first < l->columns && !begins_block(l, l->grid->column_values[first], l->column_step))
        first++;
    if (first == l->columns) return false;
    l->column_first = first;
    l->column_each = l->options->block;
    while (l->column_each < l->columns && labels_touch(l, surface))
        l->column_each += l->options->block;
    return true;
}

/* As many labels as do not touch; a few less if then the last column has one. Names are cut so that
 * as many as can be told apart do not. */
static void choose_column_labels(layout *l, const sx_surface *surface) {
    int dense = 0;
    if (l->grid->column_names) {
        l->column_each = l->width > 0 ? divide_up(SHORTEST_NAME + 1, l->width) : l->columns;
        return;
    }
    if (l->options->block > 0 && label_blocks(l, surface)) return;
    for (l->column_each = 1; l->column_each < l->columns; l->column_each++) {
        if (dense && l->column_each > 2 * dense) break;
        int each = l->column_each * l->column_step;
        l->column_decimals = decimals_of(l->grid->column_values, l->grid->columns, each);
        if (labels_touch(l, surface)) continue;
        if (!dense) dense = l->column_each;
        if ((l->columns - 1) % l->column_each == 0) return;
    }
    l->column_each = dense ? dense : l->columns > 0 ? l->columns : 1;
    l->column_decimals =
        decimals_of(l->grid->column_values, l->grid->columns, l->column_each * l->column_step);
}

/* Known cells that rest on too little; how many are known. */
static int count_few(const sx_grid *grid, int *known) {
    int few = 0, count = grid->rows * grid->columns;
    *known = 0;
    for (int i = 0; i < count; i++) {
        if (!isfinite(grid->values[i])) continue;
        ++*known;
        few += grid->count && grid->count[i] < grid->few;
    }
    return few;
}

static layout layout_of(const sx_surface *surface, const sx_grid *grid, const sx_heatmap *options) {
    layout l = {.grid = grid, .options = options};
    int known;
    l.few = count_few(grid, &known);
    l.all_few = l.few > 0 && l.few == known;
    bool every = grid->row_names || grid->rows < 4 || surface->height > 2 * grid->rows;
    l.row_each = every ? 1 : 2;
    l.name_columns = surface->width / 5 < SHORTEST_NAME ? SHORTEST_NAME : surface->width / 5;
    if (l.name_columns > WIDEST_NAME) l.name_columns = WIDEST_NAME;
    l.row_decimals = decimals_of(grid->row_values, grid->rows, l.row_each);
    int left = row_label_columns(&l) + 1;
    bool all = options->whole || grid->columns < LEAST_COLUMNS;
    int least = all ? grid->columns : LEAST_COLUMNS;
    if (surface->width - left >= (least > NARROWEST ? least : NARROWEST)) l.x = left;
    int room = surface->width - l.x - LEGEND_COLUMNS;
    bool legend = l.x > 0 && room >= 8 && room >= least;
    if (!legend) room = surface->width - l.x;
    l.header = l.x > 0 && surface->height >= 3;
    l.y = l.header ? 1 : 0;
    share(room, grid->columns, &l.width, &l.column_step, &l.columns);
    share_rows(&l, surface, surface->height - l.y);
    make_square(&l);
    if (legend) l.legend = l.x + l.columns * l.width + 2;
    choose_column_labels(&l, surface);
    return l;
}

/* ---- cells ------------------------------------------------------------------------------------
 */

static int step_of(const layout *l, const sx_surface *surface, double value) {
    if (isnan(value)) return -1;
    double part = (value - l->options->low) / (l->options->high - l->options->low);
    int step = part > 0 ? part < 1 ? (int)(part * surface->levels) : surface->levels - 1 : 0;
    return step;
}

static double value_at(const layout *l, int row, int column) {
    size_t at = (size_t)(row * l->row_step) * (size_t)l->grid->columns;
    return l->grid->values[at + (size_t)(column * l->column_step)];
}

static bool is_few(const layout *l, int row, int column) {
    if (!l->grid->count) return false;
    size_t at = (size_t)(row * l->row_step) * (size_t)l->grid->columns;
    return l->grid->count[at + (size_t)(column * l->column_step)] < l->grid->few;
}

/* Line of the surface, in halves where two rows share one. */
static double line_of(const layout *l, int row) {
    return l->y + (l->height > 0 ? (double)(row * l->height) : row / 2.0);
}

/* Lines from the upper edge of a cell to its text: halves only where text may begin within a line.
 */
static double middle_of(const layout *l, const sx_surface *surface) {
    if (l->height < 1) return 0;
    double middle = (l->height - 1) / 2.0;
    return surface->exact ? middle : floor(middle);
}

/* The line of the text of a row's cells. */
static double text_line(const layout *l, const sx_surface *surface, int row) {
    return floor(line_of(l, row)) + middle_of(l, surface);
}

static char *shown(const layout *l, char *out, double value, int decimals) {
    char number[32];
    bool plus = l->options->diverging && value > 0;
    snprintf(out, 32, "%s%.30s", plus ? "+" : "", sx_number_shown(number, value, decimals));
    return out;
}

/* As many decimals as the cell has room for; "0.62" and "+0.62" may lose their zero. */
static void draw_value(const layout *l, sx_surface *surface, int row, int column, sx_style ink) {
    char text[32];
    double value = value_at(l, row, column);
    for (int decimals = decimals_of(&value, 1, 1) > 0 ? 2 : 0; decimals >= 0; decimals--) {
        shown(l, text, value, decimals);
        char *zero = strstr(text, "0.");
        bool leads = zero == text || (zero == text + 1 && strchr("+-", text[0]));
        if (leads && (int)strlen(text) >= l->width) memmove(zero, zero + 1, strlen(zero));
        int columns = sx_text_columns(text);
        if (columns >= l->width) continue;
        int x = l->x + column * l->width + (l->width - columns) / 2;
        surface->kind->text(surface, x, text_line(l, surface, row), ink, text);
        return;
    }
}

static bool has_value(const layout *l, int row, int column) {
    return l->options->values && l->width >= 4 && l->height > 0 && !isnan(value_at(l, row, column));
}

/* Brackets, a pointing mark in half a cell, or, where there is a value to be read or no room for
 * brackets, the cell reversed. */
static void draw_cursor(const layout *l, sx_surface *surface, int row, int column) {
    int x = l->x + column * l->width;
    double line = text_line(l, surface, row);
    sx_style ink = sx_surface_ink(surface, step_of(l, surface, value_at(l, row, column)));
    ink.attributes |= SX_BOLD;
    if (l->height == 0) {
        surface->kind->text(surface, x, line, ink, row % 2 ? "▾" : "▴");
        return;
    }
    if (l->width > 1 && !has_value(l, row, column)) {
        surface->kind->text(surface, x, line, ink, "[");
        surface->kind->text(surface, x + l->width - 1, line, ink, "]");
        return;
    }
    ink.attributes |= SX_REVERSE;
    for (int i = 0; i < l->width; i++)
        surface->kind->text(surface, x + i, line, ink, l->width > 1 ? " " : "+");
    if (l->width > 1) draw_value(l, surface, row, column, ink);
}

static void draw_cell(const layout *l, sx_surface *surface, int row, int column) {
    double value = value_at(l, row, column);
    int step = step_of(l, surface, value), x = l->x + column * l->width;
    double line = line_of(l, row), height = l->height > 0 ? l->height : 0.5;
    surface->kind->fill(surface, x, line, l->width, height, step);
    if (has_value(l, row, column))
        draw_value(l, surface, row, column, sx_surface_ink(surface, step));
    if (l->height > 0 && l->width > 1 && step >= 0 && !l->all_few && is_few(l, row, column))
        surface->kind->text(surface, x + l->width - 1, (int)line, sx_surface_ink(surface, step),
                            surface->few);
}

/* The upper and left edge of a cell that begins a block, as strokes. */
static void draw_edges(const layout *l, sx_surface *surface, int row, int column, bool top,
                       bool left) {
    double x = l->x + column * l->width, y = line_of(l, row), h = l->height > 0 ? l->height : 0.5;
    sx_area all = {0, 0, surface->width, surface->height};
    surface->kind->begin(surface, all, (sx_pen){.edge = true});
    surface->kind->move(surface, left ? x : x + l->width, left ? y + h : y);
    surface->kind->line(surface, x, y);
    if (top && left) surface->kind->line(surface, x + l->width, y);
    surface->kind->end(surface);
}

/* The same in the cell's own characters; where it is too small, its corner; where characters are
 * shades, none: the labels say where blocks begin. */
static void draw_edge_marks(const layout *l, sx_surface *surface, int row, int column, bool top,
                            bool left) {
    int x = l->x + column * l->width, line = (int)floor(line_of(l, row));
    sx_style ink = sx_surface_ink(surface, step_of(l, surface, value_at(l, row, column)));
    bool lines = l->height > 0 && l->width > 1;
    if (!surface->inks) return;
    if (!lines && top && left && (l->height > 0 || row % 2 == 0))
        surface->kind->text(surface, x, line, ink, "+");
    for (int i = 0; lines && top && i < l->width; i++)
        surface->kind->text(surface, x + i, line, ink, "▔");
    for (int i = 0; lines && left && i < l->height; i++)
        surface->kind->text(surface, x, line + i, ink, "▏");
}

static void draw_blocks(const layout *l, sx_surface *surface) {
    for (int row = 0; row < l->rows && l->options->block > 0; row++)
        for (int column = 0; column < l->columns; column++) {
            bool top = begins_block(l, l->grid->row_values[row], l->row_step);
            bool left = begins_block(l, l->grid->column_values[column], l->column_step);
            if (top || left)
                (surface->exact ? draw_edges : draw_edge_marks)(l, surface, row, column, top, left);
        }
}

static void draw_cells(const layout *l, sx_surface *surface) {
    for (int row = 0; row < l->rows; row++)
        for (int column = 0; column < l->columns; column++) draw_cell(l, surface, row, column);
    draw_blocks(l, surface);
    int row = l->options->cursor_row, column = l->options->cursor_column;
    if (row < 0 || column < 0 || row >= l->grid->rows || column >= l->grid->columns) return;
    row /= l->row_step;
    column /= l->column_step;
    if (l->width > 0) draw_cursor(l, surface, row, column);
}

/* ---- labels and legend --------------------------------------------------------------------------
 */

/* Those of the rows that begin a block; false if none does. */
static bool label_block_rows(const layout *l, sx_surface *surface) {
    bool any = false;
    for (int row = 0; row < l->rows; row++) {
        char label[LABEL_SIZE];
        if (!begins_block(l, l->grid->row_values[row], l->row_step)) continue;
        int columns = sx_text_columns(row_label(l, row, label));
        surface->kind->text(surface, l->x - 1 - columns, text_line(l, surface, row),
                            sx_style_of(SX_ROLE_DIM), label);
        any = true;
    }
    return any;
}

static void draw_row_labels(const layout *l, sx_surface *surface) {
    if (label_block_rows(l, surface)) return;
    int lines = l->height > 0 ? l->height : 1, rows = l->height > 0 ? l->rows : (l->rows + 1) / 2;
    for (int i = 0; i < rows; i += l->row_each) {
        char label[LABEL_SIZE];
        int row = (l->height > 0 ? i : 2 * i) * l->row_step;
        int columns = sx_text_columns(row_label(l, row, label));
        double y = l->y + i * lines + (l->height > 0 ? middle_of(l, surface) : 0);
        surface->kind->text(surface, l->x - 1 - columns, y, sx_style_of(SX_ROLE_DIM), label);
    }
}

/* What is said at the right end of the header: that rows or columns are left out, or the name of
 * the columns. */
static const char *header_note(const layout *l, int room, char *out, size_t size) {
    int each = l->row_step > l->column_step ? l->row_step : l->column_step;
    if (each == 1) return text_or_none(l->grid->column_label);
    const char *what = l->column_step == 1 ? "rows" : l->row_step == 1 ? "columns" : "each way";
    snprintf(out, size, "1 of %d %s", each, what);
    if (sx_text_columns(out) > room) snprintf(out, size, "1 of %d", each);
    return out;
}

static void draw_header(const layout *l, sx_surface *surface) {
    int end = l->x - 1, vacant; /* where the next label may begin */
    char name[64], note[32], label[LABEL_SIZE];
    sx_text_set(name, sizeof name, text_or_none(l->grid->row_label));
    surface->kind->text(surface, 0, 0, sx_style_of(SX_ROLE_TEXT), name);
    vacant = sx_text_columns(name) + 1;
    for (int i = l->column_first; i < l->columns; i += l->column_each) {
        int columns = sx_text_columns(column_label(l, i * l->column_step, label));
        int start = column_label_start(l, surface, i, columns);
        if (start < vacant) continue;
        surface->kind->text(surface, start, 0, sx_style_of(SX_ROLE_DIM), label);
        end = start + columns;
        vacant = end + 1;
    }
    const char *text = header_note(l, surface->width - end - 2, note, sizeof note);
    if (end + 2 + sx_text_columns(text) <= surface->width)
        surface->kind->text(surface, end + 2, 0, sx_style_of(SX_ROLE_TEXT), text);
}

static bool has_unknown(const layout *l) {
    size_t count = (size_t)l->grid->rows * (size_t)l->grid->columns;
    for (size_t i = 0; i < count; i++)
        if (isnan(l->grid->values[i])) return true;
    return false;
}

/* Steps from the highest down, each with its lower edge; where lines are few, every second or
 * fourth step. Then what the marks mean. */
static void draw_legend(const layout *l, sx_surface *surface) {
    int lines = surface->height - l->y, levels = surface->levels, each = 1;
    while ((levels - 1) / each + 1 > lines) each++;
    double range = l->options->high - l->options->low;
    int decimals = range >= 100 ? 0 : range >= 10 ? 1 : 2, y = l->y;
    for (int step = levels - 1; step >= 0; step -= each) {
        char edge[32];
        shown(l, edge, l->options->low + range * step / levels, decimals);
        surface->kind->fill(surface, l->legend, y, 2, 1, step);
        surface->kind->text(surface, l->legend + 3, y++, sx_style_of(SX_ROLE_DIM), edge);
    }
    if (has_unknown(l) && y < surface->height) {
        surface->kind->fill(surface, l->legend, y, 2, 1, -1);
        const char *name = l->options->unknown ? l->options->unknown : "none";
        surface->kind->text(surface, l->legend + 3, y++, sx_style_of(SX_ROLE_DIM), name);
    }
    if (l->few > 0 && y < surface->height) {
        char few[32];
        snprintf(few, sizeof few, "n < %.0f", fmin(l->grid->few, 1e6));
        if (l->legend + 3 + sx_text_columns(few) > surface->width) snprintf(few, sizeof few, "few");
        const char *mark = l->all_few ? "all" : surface->few;
        surface->kind->text(surface, l->legend + (l->all_few ? -1 : 1), y, sx_style_of(SX_ROLE_DIM),
                            mark);
        surface->kind->text(surface, l->legend + 3, y, sx_style_of(SX_ROLE_DIM), few);
    }
}

void sx_heatmap_on(sx_surface *surface, const sx_grid *grid, const sx_heatmap *options) {
    if (surface->width < 1 || surface->height < 1) return;
    if (grid->rows < 1 || grid->columns < 1 || !(options->high > options->low)) {
        surface->kind->text(surface, 0, 0, sx_style_of(SX_ROLE_DIM), "no data yet");
        return;
    }
    surface->diverging = options->diverging;
    layout l = layout_of(surface, grid, options);
    draw_cells(&l, surface);
    if (l.x > 0) draw_row_labels(&l, surface);
    if (l.header) draw_header(&l, surface);
    if (l.legend) draw_legend(&l, surface);
}

sx_grid_place sx_plot_cell_at(sx_look look, sx_box box, const sx_result *grid, int x, int y) {
    const sx_grid_place none = {-1, -1};
    const sx_heatmap options = {.low = 0, .high = 1};
    sx_canvas canvas = {.look = look};
    sx_cell_surface cells;
    sx_surface *surface = sx_cell_surface_init(&cells, &canvas, box);
    if (surface->width < 1 || surface->height < 1 || grid->grid.rows < 1 || grid->grid.columns < 1)
        return none;
    layout l = layout_of(surface, &grid->grid, &options);
    x -= box.x + l.x;
    y -= box.y + l.y;
    if (x < 0 || y < 0 || l.width < 1) return none;
    int row = l.height > 0 ? y / l.height : 2 * y, column = x / l.width;
    if (row >= l.rows || column >= l.columns) return none;
    return (sx_grid_place){row * l.row_step, column * l.column_step};
}

void sx_plot_heatmap(sx_canvas *canvas, sx_box box, const sx_result *grid,
                     const sx_heatmap *options) {
    sx_cell_surface cells;
    sx_heatmap_on(sx_cell_surface_init(&cells, canvas, box), &grid->grid, options);
}
