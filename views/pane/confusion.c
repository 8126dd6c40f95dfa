/* Which class is taken for which, from the table of items that the Data pane shows, so that both
 * are of the same evaluation. The cursor reads a cell in names; the pane opens its pictures. */
#include "views/pane/confusion.h"

void sx_confusion_done(sx_confusion *confusion) {
    sx_result_release(confusion->shares);
    confusion->shares = NULL;
}

void sx_confusion_update(sx_confusion *confusion, const sx_result *items, const sx_source *source) {
    sx_confusion_done(confusion);
    confusion->shares = items && source ? sx_confusion_make(source, items) : NULL;
    if (!confusion->shares) return;
    int classes = confusion->shares->grid.rows;
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

void sx_confusion_draw(const sx_confusion *confusion, sx_canvas *canvas, sx_box box) {
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
    parts[0] = sx_part_segment(SX_ROLE_TEXT, "true %s, says %s", grid->row_names[confusion->row],
                               grid->column_names[confusion->column]);
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
