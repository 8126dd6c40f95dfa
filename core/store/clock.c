/* When each recorded point of a training was reached: a series that plots turn steps into time or
 * epochs with. It depends on the machine, so it is no result of the run and is not saved; the
 * journal has the same figures. */
#include "core/store/store.h"

#include <string.h>

enum { COLUMNS = 3 };

void sx_clock_add(sx_clock *clock, int64_t step, double seconds, double epoch) {
    size_t count = clock->count;
    while (count > 0 && clock->rows[(count - 1) * COLUMNS] >= (double)step) count--;
    if (!sx_grow((void **)&clock->rows, &clock->capacity, (count + 1) * COLUMNS,
                 sizeof *clock->rows))
        return; /* a plot over time has a gap */
    const double row[COLUMNS] = {(double)step, seconds, epoch};
    memcpy(clock->rows + count * COLUMNS, row, sizeof row);
    clock->count = count + 1;
}

void sx_clock_done(sx_clock *clock) {
    sx_free(clock->rows);
    *clock = (sx_clock){0};
}

sx_result *sx_clock_result(const sx_clock *clock) {
    static const char *const names[] = {"seconds", "epoch"};
    if (clock->count == 0) return NULL;
    sx_result *result = sx_result_new(SX_RESULT_SERIES, "clock", "When points were reached");
    if (!result || !sx_series_alloc(result, clock->count, 2, false)) {
        sx_result_release(result);
        return NULL;
    }
    result->series.x_label = "step";
    for (int line = 0; line < 2; line++) result->series.lines[line].name = names[line];
    for (size_t i = 0; i < clock->count; i++) {
        const double *row = clock->rows + i * COLUMNS;
        result->series.x[i] = row[0];
        for (int line = 0; line < 2; line++) result->series.lines[line].y[i] = row[line + 1];
    }
    return result;
}

static bool read_point(void *user, const json_t *line) {
    const char *kind = json_string_value(json_object_get(line, "kind"));
    if (kind && strcmp(kind, "point") == 0)
        sx_clock_add(user, json_integer_value(json_object_get(line, "step")),
                     sx_json_to_number(json_object_get(line, "t")),
                     sx_json_to_number(json_object_get(line, "epoch")));
    return true;
}

sx_result *sx_run_clock(const sx_run_folder *run) {
    sx_clock clock = {0};
    bool read = sx_run_journal_read(run, read_point, &clock, NULL, NULL) == SX_OK;
    sx_result *result = read ? sx_clock_result(&clock) : NULL;
    sx_clock_done(&clock);
    return result;
}
