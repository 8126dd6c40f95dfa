/* Which class is taken for which: rows are true classes, columns predictions, a cell the share of
 * its row's items. Made of the table of items, so that a run that was measured before there was
 * such a result has it too. That table may come from a file: nothing in it is trusted. */
#include "core/study/study.h"

#include "core/metric/metric.h"

#include <math.h>
#include <string.h>

static const double *column_of(const sx_result *items, const char *name) {
    for (int i = 0; i < items->table.column_count; i++)
        if (strcmp(items->table.columns[i].name, name) == 0) return items->table.columns[i].numbers;
    return NULL;
}

/* Counts into grid->values. */
static void count_items(sx_grid *grid, const double *label, const double *guess, size_t items) {
    memset(grid->values, 0, (size_t)grid->rows * (size_t)grid->columns * sizeof *grid->values);
    for (size_t i = 0; i < items; i++) {
        bool fits =
            label[i] >= 0 && label[i] < grid->rows && guess[i] >= 0 && guess[i] < grid->columns;
        if (fits) grid->values[(size_t)label[i] * (size_t)grid->columns + (size_t)guess[i]]++;
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
    }
}

/* Rows and columns are the classes. */
static bool name_classes(sx_result *result, const sx_source_facts *facts) {
    sx_grid *grid = &result->grid;
    const char **names = sx_arena_alloc(&result->arena, (size_t)facts->classes, sizeof *names);
    grid->row_label = "true";
    grid->column_label = "says";
    grid->unit = "share";
    grid->row_names = grid->column_names = names;
    for (int c = 0; names && c < facts->classes; c++) {
        char safe[64];
        sx_text_printable(safe, sizeof safe, facts->class_names[c]);
        grid->row_values[c] = grid->column_values[c] = c;
        names[c] = sx_result_text(result, "%s", safe);
        if (!names[c]) return false;
    }
    return names != NULL;
}

sx_result *sx_confusion_make(const sx_source *source, const sx_result *items) {
    const sx_source_facts *facts = sx_source_describe(source);
    const double *label = column_of(items, "label"), *guess = column_of(items, "prediction");
    if (!label || !guess || facts->classes < 1) return NULL;
    sx_result *result = sx_result_new(SX_RESULT_GRID, "confusion", "Confusion of the classes");
    if (!result || !sx_grid_alloc(result, facts->classes, facts->classes) ||
        !name_classes(result, facts)) {
        sx_result_release(result);
        return NULL;
    }
    result->step = items->step;
    count_items(&result->grid, label, guess, items->table.rows);
    share_rows(&result->grid);
    return result;
}
