/* Tables of figures: of methods, of scores, of sets outside of the distribution, and guarantees.
 * Any column sorts them; the names stay while the others move sideways. The best of a column is
 * bold, and what cannot be told from it by the 95 % intervals is marked, among rows that may be
 * compared: those of one set. Which way is better is known here by the figure's name. */
#include "views/pane/risk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 1024, MOST_COLUMNS = 32, WIDEST_NAME = 26, GAP = 2 };
enum { MARK_BEST = 1, MARK_TIE = 2 };

static const struct {
    const char *result, *awaited;
} tables[SX_RISK_TABLES] = {{"methods", "A table of all methods"},
                            {"scores", "A table of all scores"},
                            {"out-of-distribution", "How well scores find what is out of "
                                                    "distribution"},
                            {"guarantee", "Coverage with a guarantee"}};

/* 1: the larger the better. Other columns say how it was counted, and have no best. */
static const struct {
    const char *name;
    int better;
} merits[] = {{"accuracy", 1}, {"NLL", -1},          {"Brier", -1},
              {"ECE", -1},     {"adaptive ECE", -1}, {"MCE", -1},
              {"RMSCE", -1},   {"AURC", -1},         {"E-AURC", -1},
              {"AUGRC", -1},   {"failure AUROC", 1}, {"risk", -1},
              {"AUROC", 1},    {"AUPR in", 1},       {"AUPR out", 1},
              {"FPR95", -1},   {"coverage", 1},      {"empirical coverage", 1}};

static int better_of(const char *name) {
    for (size_t i = 0; i < sizeof merits / sizeof *merits; i++)
        if (!strcmp(merits[i].name, name)) return merits[i].better;
    return 0;
}

const char *sx_risk_table_name(int table) {
    return tables[table].result;
}

const sx_result *sx_risk_table_result(const sx_risk_pane *pane, int table) {
    const sx_result *result = sx_part_result(pane->desk, tables[table].result, SX_RESULT_TABLE);
    return result && result->table.rows > 0 && result->table.column_count > 0 ? result : NULL;
}

/* The one that rows and columns were found in. */
static const sx_result *shown(const sx_risk_pane *pane) {
    const sx_result *held = pane->table.held;
    return held && held->table.rows > 0 && held->table.column_count > 0 ? held : NULL;
}

/* ---- columns ----------------------------------------------------------------------------------
 */

static int find_column(const sx_table *table, const char *name, const char *ending) {
    char wanted[96];
    snprintf(wanted, sizeof wanted, "%s%s", name, ending);
    for (int c = 0; c < table->column_count; c++)
        if (table->columns[c].name && !strcmp(table->columns[c].name, wanted)) return c;
    return -1;
}

/* An end of another column's interval. */
static bool is_end(const sx_table *table, const char *name) {
    static const char *const endings[] = {" low", " high"};
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(name), end = strlen(endings[i]);
        char base[96];
        if (length <= end || length - end >= sizeof base) continue;
        if (strcmp(name + length - end, endings[i]) != 0) continue;
        snprintf(base, sizeof base, "%.*s", (int)(length - end), name);
        if (find_column(table, base, "") >= 0) return true;
    }
    return false;
}

static int decimals_of(const sx_table *table, const sx_column *column) {
    for (size_t i = 0; column->numbers && i < table->rows; i++)
        if (isfinite(column->numbers[i]) && column->numbers[i] != round(column->numbers[i]))
            return strstr(column->name, "AURC") || strstr(column->name, "AUGRC") ? 4 : 3;
    return 0;
}

/* What is the same in every row that is seen, and told elsewhere. */
static bool is_told(const sx_risk_pane *pane, const char *name) {
    return pane->is.table == SX_RISK_GUARANTEES &&
           (!strcmp(name, "target") || !strcmp(name, "delta"));
}

/* The first column that has a best. */
static int first_figure(const sx_risk_pane *pane, const sx_table *table) {
    for (int c = 0; c < pane->table.count; c++)
        if (better_of(table->columns[pane->table.columns[c].value].name)) return c;
    return 0;
}

static void find_columns(sx_risk_pane *pane, const sx_table *table) {
    int count = 0;
    for (int c = 0; c < table->column_count && count < MOST_COLUMNS; c++) {
        const sx_column *column = &table->columns[c];
        if (!column->name || is_end(table, column->name) || is_told(pane, column->name)) continue;
        pane->table.columns[count].value = c;
        pane->table.columns[count].low = find_column(table, column->name, " low");
        pane->table.columns[count].high = find_column(table, column->name, " high");
        pane->table.columns[count++].decimals = decimals_of(table, column);
    }
    pane->table.count = count;
    if (pane->table.column >= count) pane->table.column = count - 1;
    if (pane->table.column < 0) pane->table.column = first_figure(pane, table);
}

static const sx_column *column_at(const sx_risk_pane *pane, const sx_table *table, int c) {
    return &table->columns[pane->table.columns[c].value];
}

static double number_at(const sx_table *table, int column, size_t row) {
    const double *numbers = column >= 0 ? table->columns[column].numbers : NULL;
    return numbers ? numbers[row] : NAN;
}

/* ---- the best, and what is not told from it ---------------------------------------------------
 */

/* Whether two rows may be compared: of the same set. */
static bool comparable(const char **sets, size_t a, size_t b) {
    return !sets || !strcmp(sets[a] ? sets[a] : "", sets[b] ? sets[b] : "");
}

static void mark_column(sx_risk_pane *pane, const sx_table *table, int c) {
    const sx_column *column = column_at(pane, table, c);
    int low = pane->table.columns[c].low, high = pane->table.columns[c].high;
    int better = column->numbers ? better_of(column->name) : 0, set = find_column(table, "set", "");
    const char **sets = set >= 0 ? table->columns[set].texts : NULL;
    for (size_t i = 0; better && i < pane->table.rows; i++) {
        size_t row = pane->table.order[i], best = row;
        if (isnan(column->numbers[row])) continue;
        for (size_t k = 0; k < pane->table.rows; k++) {
            size_t other = pane->table.order[k];
            double lead = (column->numbers[other] - column->numbers[best]) * better;
            if (lead > 0 && comparable(sets, row, other)) best = other;
        }
        uint8_t *mark = &pane->table.marks[row * MOST_COLUMNS + (size_t)c];
        bool overlaps = number_at(table, low, row) <= number_at(table, high, best) &&
                        number_at(table, high, row) >= number_at(table, low, best);
        *mark = column->numbers[row] == column->numbers[best] ? MARK_BEST : overlaps ? MARK_TIE : 0;
    }
}

/* ---- order ------------------------------------------------------------------------------------
 */

/* Whether row a stands before row b; what is unknown comes last, whichever way it is sorted. */
static bool comes_before(const sx_risk_pane *pane, const sx_table *table, size_t a, size_t b) {
    int c = pane->is.sort[pane->is.table].column;
    bool worst = pane->is.sort[pane->is.table].worst;
    const sx_column *column = column_at(pane, table, c);
    if (column->texts) {
        int order = strcmp(column->texts[a] ? column->texts[a] : "",
                           column->texts[b] ? column->texts[b] : "");
        return worst ? order > 0 : order < 0;
    }
    double x = column->numbers[a], y = column->numbers[b];
    if (isnan(x) || isnan(y)) return !isnan(x) && isnan(y);
    return (better_of(column->name) < 0) != worst ? x < y : x > y;
}

/* Guarantees are those of the target risk. */
static bool belongs(const sx_risk_pane *pane, const sx_table *table, size_t row) {
    int target = find_column(table, "target", "");
    if (pane->is.table != SX_RISK_GUARANTEES || target < 0) return true;
    return fabs(number_at(table, target, row) - sx_risk_target(pane)) < 1e-9;
}

static void sort(sx_risk_pane *pane, const sx_table *table) {
    uint32_t *order = pane->table.order;
    int *column = &pane->is.sort[pane->is.table].column;
    if (*column >= pane->table.count) *column = -1;
    for (size_t i = 0; *column >= 0 && i < pane->table.rows; i++) {
        uint32_t row = order[i]; /* by insertion: the first of equals stays first */
        size_t at = i;
        while (at > 0 && comes_before(pane, table, row, order[at - 1])) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = row;
    }
}

void sx_risk_table_update(sx_risk_pane *pane) {
    const sx_result *result = shown(pane);
    pane->table.rows = 0;
    pane->table.count = 0;
    pane->table.picker.count = 0;
    if (!result) return;
    const sx_table *table = &result->table;
    size_t rows = table->rows < MOST_ROWS ? table->rows : MOST_ROWS;
    if (!sx_grow((void **)&pane->table.order, &pane->table.order_capacity, rows,
                 sizeof *pane->table.order) ||
        !sx_grow((void **)&pane->table.marks, &pane->table.mark_capacity, rows * MOST_COLUMNS, 1)) {
        sx_desk_say(pane->desk, "no memory for a table of figures");
        return;
    }
    memset(pane->table.marks, 0, rows * MOST_COLUMNS);
    find_columns(pane, table);
    for (size_t row = 0; row < rows; row++)
        if (belongs(pane, table, row)) pane->table.order[pane->table.rows++] = (uint32_t)row;
    for (int c = 0; c < pane->table.count; c++) mark_column(pane, table, c);
    sort(pane, table);
    sx_picker_lay(&pane->table.picker, pane->table.rows, 1, pane->table.picker.rows);
}

void sx_risk_table_done(sx_risk_pane *pane) {
    sx_result_release(pane->table.held);
    sx_free(pane->table.order);
    sx_free(pane->table.marks);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

/* The method of the selected row is highlighted everywhere. */
static void follow_row(sx_risk_pane *pane) {
    const sx_result *result = shown(pane);
    const sx_column *method = sx_part_column(result, "method");
    if (!method || !method->texts || pane->table.rows == 0) return;
    const char *name = method->texts[pane->table.order[pane->table.picker.selected]];
    for (int i = 0; name && i < sx_risk_methods(pane); i++)
        if (!strcmp(sx_risk_method_name(pane, i), name)) {
            if (i != pane->is.method) sx_risk_highlight(pane, i);
            return;
        }
}

void sx_risk_table_move(sx_risk_pane *pane, int value) {
    int64_t page = pane->table.picker.rows;
    const int64_t by[] = {
        [LEFT] = 0,         [RIGHT] = 0,          [UP] = -1,         [DOWN] = 1, [PAGE_UP] = -page,
        [PAGE_DOWN] = page, [FIRST] = -MOST_ROWS, [LAST] = MOST_ROWS};
    int to = pane->table.column + (value == RIGHT) - (value == LEFT);
    if (to >= 0 && to < pane->table.count) pane->table.column = to;
    if (pane->table.rows == 0 || !by[value]) return;
    sx_picker_move(&pane->table.picker, by[value]);
    follow_row(pane);
}

void sx_risk_table_click(sx_risk_pane *pane, int x, int y) {
    sx_box box = pane->table.box;
    size_t at = pane->table.picker.first + (size_t)(y - box.y);
    if (x < box.x || x >= box.x + box.width || y < box.y || y >= box.y + box.height) return;
    if (at >= pane->table.rows) return;
    pane->desk->wants_enter = at == pane->table.picker.selected;
    pane->table.picker.selected = at;
    follow_row(pane);
}

const char *sx_risk_column_choice(void *state, size_t row) {
    const sx_risk_pane *pane = state;
    const sx_result *result = pane ? shown(pane) : NULL;
    return result && row < (size_t)pane->table.count
               ? column_at(pane, &result->table, (int)row)->name
               : NULL;
}

/* By a column's name; or by the one under the cursor: the best first, the worst first, as
 * published. */
void sx_risk_sort(sx_risk_pane *pane, const char *argument) {
    int *column = &pane->is.sort[pane->is.table].column, wanted = pane->table.column;
    bool *worst = &pane->is.sort[pane->is.table].worst, turn = *column == wanted;
    if (pane->table.count == 0) {
        sx_desk_say(pane->desk, "t opens the tables, which can be sorted");
        return;
    }
    if (argument[0]) {
        wanted = sx_part_choose(pane->desk, sx_risk_column_choice, pane, 0, argument,
                                "there is no such column in this table");
        if (wanted < 0) return;
        pane->table.column = wanted;
        turn = false;
    }
    const char *name = sx_risk_column_choice(pane, (size_t)wanted);
    *column = turn && *worst ? -1 : wanted;
    *worst = turn && !*worst;
    sx_risk_table_update(pane);
    if (*column < 0)
        sx_desk_say(pane->desk, "in the order of the study");
    else
        sx_desk_say(pane->desk, "by %s, the %s first", name, *worst ? "worst" : "best");
}

static uint8_t mark_of(const sx_risk_pane *pane, size_t row, int c) {
    return pane->table.marks[row * MOST_COLUMNS + (size_t)c];
}

/* "0.021 [0.018, 0.024]", or the text, into out. */
static void cell_text(const sx_risk_pane *pane, const sx_table *table, size_t row, int c,
                      bool interval, char *out, size_t size) {
    char value[32], low[32], high[32];
    const sx_column *column = column_at(pane, table, c);
    if (column->texts) {
        sx_text_printable(out, size, column->texts[row] ? column->texts[row] : "");
        return;
    }
    int decimals = pane->table.columns[c].decimals;
    double from = number_at(table, pane->table.columns[c].low, row);
    double to = number_at(table, pane->table.columns[c].high, row);
    sx_number_shown(value, column->numbers ? column->numbers[row] : NAN, decimals);
    if (interval && !isnan(from) && !isnan(to))
        snprintf(out, size, "%s [%s, %s]", value, sx_number_shown(low, from, decimals),
                 sx_number_shown(high, to, decimals));
    else
        snprintf(out, size, "%s", value);
}

bool sx_risk_tell_cell(const sx_risk_pane *pane, char *out, size_t size) {
    const sx_result *result = shown(pane);
    if (!result || pane->table.rows == 0 || pane->table.count == 0) return false;
    size_t row = pane->table.order[pane->table.picker.selected];
    int c = pane->table.column;
    char cell[160], name[64];
    uint8_t mark = mark_of(pane, row, c);
    cell_text(pane, &result->table, row, c, true, cell, sizeof cell);
    sx_text_printable(name, sizeof name, column_at(pane, &result->table, c)->name);
    snprintf(out, size, "%s %s%s", name, cell,
             mark == MARK_BEST  ? ", the best"
             : mark == MARK_TIE ? ", not told from the best"
                                : "");
    return true;
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

typedef struct {
    const sx_table *table;
    int width[MOST_COLUMNS];
    int names; /* columns at the left that stay */
} layout;

static int width_of(const sx_risk_pane *pane, const sx_table *table, int c) {
    const sx_picker *picker = &pane->table.picker;
    const sx_column *column = column_at(pane, table, c);
    int most = sx_text_columns(column->name) + (pane->is.sort[pane->is.table].column == c);
    for (int i = 0; i < picker->rows && picker->first + (size_t)i < pane->table.rows; i++) {
        char text[160];
        size_t row = pane->table.order[picker->first + (size_t)i];
        cell_text(pane, table, row, c, pane->is.intervals, text, sizeof text);
        int columns = sx_text_columns(text) + !column->texts; /* the mark */
        if (columns > most) most = columns;
    }
    return column->texts && most > WIDEST_NAME ? WIDEST_NAME : most;
}

/* Names stay as long as they leave half of the room. */
static layout lay(const sx_risk_pane *pane, const sx_table *table, int room) {
    layout l = {.table = table, .names = 1};
    for (int c = 0; c < pane->table.count; c++) l.width[c] = width_of(pane, table, c);
    int used = l.width[0];
    for (int c = 1; c < pane->table.count && column_at(pane, table, c)->texts; c++) {
        used += GAP + l.width[c];
        if (used > room / 2) break;
        l.names = c + 1;
    }
    return l;
}

/* The column after the last that fits, from `left` on: at least one. */
static int last_that_fits(const sx_risk_pane *pane, const layout *l, int left, int room) {
    int used = 0, c = 0;
    for (c = 0; c < l->names; c++) used += l->width[c] + GAP;
    for (c = left; c < pane->table.count; c++) {
        if (c > left && used + l->width[c] > room) break;
        used += l->width[c] + GAP;
    }
    return c;
}

/* Moves sideways until the column under the cursor is seen. */
static void scroll(sx_risk_pane *pane, const layout *l, int room) {
    int column = pane->table.column, *left = &pane->table.left;
    if (*left < l->names) *left = l->names;
    if (column >= l->names && column < *left) *left = column;
    while (*left < column && column >= last_that_fits(pane, l, *left, room)) ++*left;
    while (*left > l->names && column < l->names) --*left;
}

static void draw_cell(const sx_risk_pane *pane, sx_canvas *canvas, sx_box cell, const layout *l,
                      size_t row, int c) {
    char text[160], marked[168], fit[160];
    uint8_t mark = mark_of(pane, row, c);
    sx_style style = {.attributes = mark == MARK_BEST ? SX_BOLD : 0};
    cell_text(pane, l->table, row, c, pane->is.intervals, text, sizeof text);
    if (column_at(pane, l->table, c)->texts) {
        sx_canvas_text(canvas, cell, 0, 0, style,
                       sx_words_fit(fit, sizeof fit, text, cell.width, canvas->look.unicode));
        return;
    }
    snprintf(marked, sizeof marked, "%s%s", mark == MARK_TIE ? "≈" : "", text);
    sx_canvas_text_right(canvas, cell, cell.width, 0, style, marked);
}

static void draw_head(const sx_risk_pane *pane, sx_canvas *canvas, sx_box cell, const layout *l,
                      int c, bool focused) {
    char text[96], name[80];
    bool sorted = pane->is.sort[pane->is.table].column == c;
    sx_style style = {.foreground = SX_COLOUR_ROLE(SX_ROLE_DIM), .attributes = SX_UNDERLINE};
    if (focused && c == pane->table.column) style = (sx_style){.attributes = SX_BOLD | SX_REVERSE};
    const sx_column *column = column_at(pane, l->table, c);
    sx_text_printable(name, sizeof name, column->name);
    snprintf(text, sizeof text, "%s%s",
             !sorted                               ? ""
             : pane->is.sort[pane->is.table].worst ? "▴"
                                                   : "▾",
             name);
    if (column->texts)
        sx_canvas_text(canvas, cell, 0, 0, style, text);
    else
        sx_canvas_text_right(canvas, cell, cell.width, 0, style, text);
}

/* A row of the table; `y` 0: the head. */
static void draw_row(const sx_risk_pane *pane, sx_canvas *canvas, sx_box box, const layout *l,
                     int y, bool focused) {
    int x = 0, last = last_that_fits(pane, l, pane->table.left, box.width);
    size_t at = pane->table.picker.first + (size_t)(y > 0 ? y - 1 : 0);
    for (int c = 0; c < last; c = c + 1 == l->names ? pane->table.left : c + 1) {
        int width = l->width[c] < box.width - x ? l->width[c] : box.width - x;
        sx_box cell = {box.x + x, box.y + y, width, 1};
        if (width < 1) break;
        if (y == 0)
            draw_head(pane, canvas, cell, l, c, focused);
        else
            draw_cell(pane, canvas, cell, l, pane->table.order[at], c);
        x += l->width[c] + GAP;
    }
}

static void select_row(sx_canvas *canvas, sx_box row) {
    canvas->cursor_x = row.x;
    canvas->cursor_y = row.y;
    for (int x = 0; x < row.width; x++) {
        sx_cell *cell = sx_canvas_cell(canvas, row, x, 0);
        if (cell) cell->style.attributes |= SX_REVERSE;
    }
}

static bool has_marks(const sx_risk_pane *pane, uint8_t mark) {
    for (size_t i = 0; i < pane->table.rows; i++)
        for (int c = 0; c < pane->table.count; c++)
            if (mark_of(pane, pane->table.order[i], c) == mark) return true;
    return false;
}

static double guarantee_of(const sx_risk_pane *pane, const sx_table *table, const char *name) {
    return number_at(table, find_column(table, name, ""), pane->table.order[0]);
}

/* What the marks mean, and which columns are seen. */
static void draw_notes(const sx_risk_pane *pane, sx_canvas *canvas, sx_box row, const layout *l) {
    sx_segment parts[3] = {{0}};
    char delta[32];
    int last = last_that_fits(pane, l, pane->table.left, row.width);
    bool ties = has_marks(pane, MARK_TIE), narrow = row.width < 74;
    bool all = last - pane->table.left + l->names == pane->table.count;
    parts[0] = sx_part_segment(SX_ROLE_DIM, "%s",
                               !ties    ? "bold: the best"
                               : narrow ? "bold: best   ≈ not told from it"
                                        : "bold: the best   ≈ its interval overlaps the best's");
    if (!has_marks(pane, MARK_BEST)) parts[0].text[0] = 0;
    if (pane->is.table == SX_RISK_GUARANTEES && !isnan(guarantee_of(pane, l->table, "delta")))
        parts[1] =
            sx_part_segment(SX_ROLE_DIM, "coverage is guaranteed but for a chance of %s",
                            sx_number_shown(delta, guarantee_of(pane, l->table, "delta"), 3));
    if (!all)
        parts[2] = sx_part_segment(SX_ROLE_DIM, "columns %d to %d of %d", pane->table.left + 1,
                                   last, pane->table.count);
    sx_segment kept[3] = {{0}};
    int count = 0;
    for (int i = 2; i >= 0; i--)
        if (parts[i].text[0]) kept[count++] = parts[i];
    if (count > 0) sx_segments_draw(canvas, row, 0, kept, count, 3);
}

static void draw_nothing(const sx_risk_pane *pane, sx_canvas *canvas, sx_box box) {
    char text[128];
    if (!shown(pane)) {
        sx_part_waiting(pane->desk, canvas, box, tables[pane->is.table].awaited,
                        "comes with the study's scoring");
        return;
    }
    snprintf(text, sizeof text, "Nothing is guaranteed at a risk of %g %%: T asks for another",
             sx_risk_target(pane) * 100);
    sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), text);
}

void sx_risk_draw_table(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, bool focused) {
    const sx_result *result = shown(pane);
    pane->table.box = (sx_box){0};
    if (!result || pane->table.rows == 0 || pane->table.count == 0 || box.height < 2) {
        draw_nothing(pane, canvas, box);
        return;
    }
    sx_box notes = {0};
    if (box.height >= 4) notes = sx_box_take_rows(&box, -1);
    sx_picker_lay(&pane->table.picker, pane->table.rows, 1, box.height - 1);
    layout l = lay(pane, &result->table, box.width);
    scroll(pane, &l, box.width);
    draw_row(pane, canvas, box, &l, 0, focused);
    for (int y = 1; y < box.height; y++) {
        size_t at = pane->table.picker.first + (size_t)y - 1;
        if (at >= pane->table.rows) break;
        draw_row(pane, canvas, box, &l, y, focused);
        sx_box row = {box.x, box.y + y, box.width, 1};
        if (focused && at == pane->table.picker.selected) select_row(canvas, row);
    }
    pane->table.box = sx_box_inset(box, 0, 1, 0, 0);
    if (notes.height > 0) draw_notes(pane, canvas, notes, &l);
}
