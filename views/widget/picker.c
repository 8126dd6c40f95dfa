/* A selection among very many items, of which a window is seen. Pure arithmetic; works the same for
 * ten items and for ten million. */
#include "views/widget/widget.h"

void sx_picker_lay(sx_picker *picker, size_t count, int columns, int rows) {
    picker->count = count;
    picker->columns = columns > 0 ? columns : 1;
    picker->rows = rows > 0 ? rows : 1;
    size_t across = (size_t)picker->columns, seen = across * (size_t)picker->rows;
    if (count == 0) {
        picker->selected = picker->first = 0;
        return;
    }
    if (picker->selected >= count) picker->selected = count - 1;
    size_t row = picker->selected / across, top = picker->first / across;
    if (row < top) top = row;
    if (row >= top + (size_t)picker->rows) top = row - (size_t)picker->rows + 1;
    size_t all_rows = (count - 1) / across + 1; /* no empty rows below the last item */
    if (count <= seen)
        top = 0;
    else if (top + (size_t)picker->rows > all_rows)
        top = all_rows - (size_t)picker->rows;
    picker->first = top * across;
}

void sx_picker_move(sx_picker *picker, int64_t by) {
    if (picker->count == 0) return;
    size_t last = picker->count - 1, step = (size_t)(by < 0 ? -by : by);
    if (by < 0)
        picker->selected = picker->selected > step ? picker->selected - step : 0;
    else
        picker->selected = last - picker->selected > step ? picker->selected + step : last;
    sx_picker_lay(picker, picker->count, picker->columns, picker->rows);
}
