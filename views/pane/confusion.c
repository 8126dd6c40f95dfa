/* Which class is taken for which: rows are true classes, columns predictions, a cell the share of
 * its row. The cursor reads a cell in names; the Data pane opens its pictures. */
#include "views/pane/confusion.h"

#include "core/metric/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void sx_confusion_done(sx_confusion *confusion) {
    sx_result_release(confusion->shares);
    confusion->shares = NULL;
}

/* Counts into grid->values. */
static void count_items(sx_grid *grid, const sx_result *items, const double *label,
                        const double *guess) {
    for (size_t i = 0; i < items->table.rows; i++) {
        bool fits =
            label[i] >= 0 && label[i] < grid->rows && guess[i] >= 0 && guess[i] < grid->rows;
        if (fits) grid->values[(int)label[i] * grid->columns + (int)guess[i]]++;
    }
}

/* Counts become shares of their rows, with Wilson intervals and the row's count. */
static void share_rows(sx_grid *grid) {
    for (int r = 0; r < grid->rows; r++) {
        double *row = grid->values + (size_t)r * (size_t)grid->columns, sum = 0;
        for (int c = 0; c < grid->columns; c++) sum += row[c];
        for (int c = 0; c < grid->columns; c++) {
            size_t at = (size_t)r * (size_t)grid->columns + (size_t)c;
            sx_interval interval = sx_wilson(row[c], sum);
            grid->low[at] = interval.low;
            grid->high[at] = interval.high;
            grid->count[at] = sum;
            row[c] = sum > 0 ? row[c] / sum : NAN;
        }
        grid->row_values[r] = grid->column_values[r] = r;
    }
}

void sx_confusion_update(sx_confusion *confusion, const sx_result *items, int classes) {
    const sx_column *label = sx_part_column(items, "label");
    const sx_column *guess = sx_part_column(items, "prediction");
    sx_confusion_done(confusion);
    if (!label || !label->numbers || !guess || !guess->numbers || classes < 1) return;
    sx_result *result = sx_result_new(SX_RESULT_GRID, "confusion", "Confusion");
    if (!result || !sx_grid_alloc(result, classes, classes)) {
        sx_result_release(result);
        return;
    }
    result->grid.row_label = "true";
    result->grid.column_label = "says";
    result->grid.unit = "share";
    memset(result->grid.values, 0, (size_t)classes * (size_t)classes * sizeof(double));
    count_items(&result->grid, items, label->numbers, guess->numbers);
    share_rows(&result->grid);
    confusion->shares = result;
    if (confusion->row >= classes || confusion->column >= classes)
        confusion->row = confusion->column = 0;
}

static int within(int value, int count) {
    return value < 0 ? 0 : value >= count ? count - 1 : value;
}

void sx_confusion_move(sx_confusion *confusion, int value) {
    if (!confusion->shares) return;
    int classes = confusion->shares->grid.rows;
    confusion->row += value == UP ? -1 : value == DOWN;
    confusion->column += value == LEFT ? -1 : value == RIGHT;
    if (value == FIRST || value == LAST)
        confusion->row = confusion->column = value == FIRST ? 0 : classes - 1;
    confusion->row = within(confusion->row, classes);
    confusion->column = within(confusion->column, classes);
}

void sx_confusion_draw(const sx_confusion *confusion, sx_canvas *canvas, sx_box box,
                       const sx_source_facts *facts) {
    if (!confusion->shares) {
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), "There are no predictions yet");
        return;
    }
    const sx_grid *grid = &confusion->shares->grid;
    size_t at = (size_t)confusion->row * (size_t)grid->columns + (size_t)confusion->column;
    sx_box row = sx_box_take_rows(&box, -1);
    char estimate[128];
    bool right = confusion->row == confusion->column;
    sx_part_estimate(estimate, sizeof estimate, grid->values[at], grid->low[at], grid->high[at],
                     grid->count[at]);
    sx_segment parts[3];
    parts[0] = sx_part_segment(SX_ROLE_TEXT, "true %s, says %s", facts->class_names[confusion->row],
                               facts->class_names[confusion->column]);
    parts[1] = sx_part_segment(right ? SX_ROLE_GOOD : SX_ROLE_BAD, "%s", estimate);
    parts[2] = sx_part_segment(SX_ROLE_DIM, "Enter shows them");
    sx_segments_draw(canvas, row, 0, parts, 3, 3);
    sx_heatmap options = {.low = 0,
                          .high = 1,
                          .cursor_row = confusion->row,
                          .cursor_column = confusion->column,
                          .values = true};
    sx_plot_heatmap(canvas, box, confusion->shares, &options);
}
