/* Tables and claims as aligned columns of text.
 *
 * The widths come from the rows on the screen, so a table of ten thousand rows costs no more than
 * its window. Columns that do not fit are left out from the right, and the header says how many;
 * the first one always stays, cut if it must be. */
#include "views/plot/columns.h"

#include <math.h>
#include <string.h>

#define MOST_COLUMNS 32
#define WIDEST 40

typedef struct {
    const sx_table *table;
    size_t first, rows; /* on the screen */
    int shown;          /* columns */
    int width[MOST_COLUMNS], decimals[MOST_COLUMNS];
} window;

/* Decimals for a column: none for whole numbers, else some three digits. */
static int decimals_for(const window *w, const sx_column *column) {
    double most = 0;
    bool whole = true;
    for (size_t i = w->first; i < w->first + w->rows; i++) {
        double value = column->numbers[i];
        if (!isfinite(value)) continue;
        if (fabs(value) > most) most = fabs(value);
        if (fabs(value - round(value)) > 1e-9) whole = false;
    }
    if (whole) return 0;
    return most < 10 ? 3 : most < 100 ? 2 : most < 1000 ? 1 : 0;
}

static const char *cell_text(const window *w, int c, size_t row, char *out) {
    const sx_column *column = &w->table->columns[c];
    if (!column->texts) return sx_number_shown(out, column->numbers[row], w->decimals[c]);
    return column->texts[row] ? column->texts[row] : "";
}

static int width_of(const window *w, int c) {
    const char *name = w->table->columns[c].name;
    int most = name ? sx_text_columns(name) : 0;
    for (size_t i = w->first; i < w->first + w->rows; i++) {
        char number[32];
        int columns = sx_text_columns(cell_text(w, c, i, number));
        if (columns > most) most = columns;
    }
    return most < WIDEST ? most : WIDEST;
}

/* Columns that fit, with two blanks between; room for "+12" is kept if some do not. */
static void choose_columns(window *w, int room) {
    int count = w->table->column_count < MOST_COLUMNS ? w->table->column_count : MOST_COLUMNS;
    int used = 0;
    for (int c = 0; c < count; c++) {
        const sx_column *column = &w->table->columns[c];
        w->decimals[c] = column->texts ? 0 : decimals_for(w, column);
        w->width[c] = width_of(w, c);
        int needed = used + w->width[c] + (c > 0 ? 2 : 0);
        int rest = c + 1 < w->table->column_count ? 5 : 0;
        if (c > 0 && needed + rest > room) break;
        used = needed;
        w->shown = c + 1;
    }
}

static void draw_row(sx_canvas *canvas, sx_box box, const window *w, int y, size_t row) {
    int x = 0;
    for (int c = 0; c < w->shown; c++) {
        char number[32];
        const char *text = cell_text(w, c, row, number);
        sx_box cell = {box.x + x, box.y + y, w->width[c], 1};
        if (cell.width > box.width - x) cell.width = box.width - x;
        if (w->table->columns[c].texts)
            sx_canvas_text(canvas, cell, 0, 0, (sx_style){0}, text);
        else
            sx_canvas_text_right(canvas, cell, cell.width, 0, (sx_style){0}, text);
        x += w->width[c] + 2;
    }
}

static void draw_header(sx_canvas *canvas, sx_box box, const window *w) {
    sx_style style = {.foreground = SX_COLOUR_ROLE(SX_ROLE_DIM), .attributes = SX_UNDERLINE};
    int x = 0;
    for (int c = 0; c < w->shown; c++) {
        const char *name = w->table->columns[c].name;
        sx_box cell = {box.x + x, box.y, w->width[c], 1};
        if (cell.width > box.width - x) cell.width = box.width - x;
        if (w->table->columns[c].texts)
            sx_canvas_text(canvas, cell, 0, 0, style, name ? name : "");
        else
            sx_canvas_text_right(canvas, cell, cell.width, 0, style, name ? name : "");
        x += w->width[c] + 2;
    }
    int hidden = w->table->column_count - w->shown;
    if (hidden > 0 && x < box.width)
        sx_canvas_print(canvas, box, x, 0, sx_style_of(SX_ROLE_DIM), "+%d", hidden);
}

static int plot_table(sx_canvas *canvas, sx_box box, const sx_table *table, size_t first,
                      long selected) {
    window w = {.table = table, .first = first < table->rows ? first : table->rows};
    size_t room = (size_t)(box.height - 1);
    w.rows = table->rows - w.first < room ? table->rows - w.first : room;
    choose_columns(&w, box.width);
    draw_header(canvas, box, &w);
    for (size_t i = 0; i < w.rows; i++) {
        draw_row(canvas, box, &w, (int)i + 1, w.first + i);
        if (selected >= 0 && (size_t)selected == w.first + i)
            sx_row_select(canvas, box, (int)i + 1);
    }
    return (int)w.rows + 1;
}

void sx_row_select(sx_canvas *canvas, sx_box box, int y) {
    for (int x = 0; x < box.width; x++) {
        sx_cell *cell = sx_canvas_cell(canvas, box, x, y);
        if (!cell) continue;
        uint8_t bold = cell->style.attributes & SX_BOLD;
        cell->style = (sx_style){.attributes = (uint8_t)(bold | SX_REVERSE)};
    }
}

int sx_plot_table(sx_canvas *canvas, sx_box box, const sx_result *table, size_t first,
                  long selected) {
    if (box.width < 1 || box.height < 1) return 0;
    if (table->kind == SX_RESULT_CLAIMS)
        return sx_plot_claims(canvas, box, &table->claims, first, selected);
    return plot_table(canvas, box, &table->table, first, selected);
}
