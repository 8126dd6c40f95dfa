/* When each recorded point of a training was reached: a series that plots turn steps into time or
 * epochs with. It depends on the machine, so it is no result of the run and is not saved; the
 * journal has the same figures. */
#include "core/engine/internal.h"

#include <string.h>

enum { COLUMNS = 3 };

void sx_clock_add(sx_engine *engine, int64_t step, double seconds, double epoch) {
    size_t count = engine->clock_count;
    while (count > 0 && engine->clock[(count - 1) * COLUMNS] >= (double)step) count--;
    if (!sx_grow((void **)&engine->clock, &engine->clock_capacity, (count + 1) * COLUMNS,
                 sizeof *engine->clock))
        return; /* a plot over time has a gap */
    const double row[COLUMNS] = {(double)step, seconds, epoch};
    memcpy(engine->clock + count * COLUMNS, row, sizeof row);
    engine->clock_count = count + 1;
}

void sx_clock_publish(sx_engine *engine) {
    static const char *const names[] = {"seconds", "epoch"};
    if (engine->clock_count == 0) return;
    sx_result *result = sx_result_new(SX_RESULT_SERIES, "clock", "When points were reached");
    if (!result || !sx_series_alloc(result, engine->clock_count, 2, false)) {
        sx_result_release(result);
        return;
    }
    result->series.x_label = "step";
    for (int line = 0; line < 2; line++) result->series.lines[line].name = names[line];
    for (size_t i = 0; i < engine->clock_count; i++) {
        const double *row = engine->clock + i * COLUMNS;
        result->series.x[i] = row[0];
        for (int line = 0; line < 2; line++) result->series.lines[line].y[i] = row[line + 1];
    }
    sx_result_release(engine->now.clock);
    engine->now.clock = result;
}
