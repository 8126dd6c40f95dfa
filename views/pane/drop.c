/* Centre is the central third of the locations, ring the outermost ones; the drop between them has,
 * until the study's own is there, a Newcombe interval (1998, method 10) from the Wilson intervals
 * of both sides, which treats the pictures as independent. */
#include "views/pane/drop.h"

#include "views/pane/difference.h"

#include "core/metric/metric.h"

#include <math.h>
#include <string.h>

typedef struct {
    double right, n;
} tally;

static void add(tally *t, double accuracy, double n) {
    if (isnan(accuracy) || isnan(n)) return;
    t->right += accuracy * n;
    t->n += n;
}

static bool is_central(double place) {
    return place >= 1.0 / 3 && place <= 2.0 / 3;
}

/* Places in the central third each way, and the outermost ones: as the study's claims have it. */
static void summarise(const sx_grid *grid, tally *centre, tally *ring) {
    for (int r = 0; r < grid->rows; r++)
        for (int c = 0; c < grid->columns; c++) {
            size_t at = (size_t)r * (size_t)grid->columns + (size_t)c;
            double n = grid->count ? grid->count[at] : 1, value = grid->values[at];
            bool edge = r == 0 || c == 0 || r == grid->rows - 1 || c == grid->columns - 1;
            bool inner = is_central(grid->row_values[r]) && is_central(grid->column_values[c]);
            if (edge)
                add(ring, value, n);
            else if (inner)
                add(centre, value, n);
        }
}

static double share(tally t) {
    return t.n > 0 ? t.right / t.n : NAN;
}

/* The interval of the drop: at the end of a study the one over object-background pairs that the
 * summary holds, before that Newcombe's from the two Wilson intervals. */
static sx_interval interval_of(const sx_desk *desk, const sx_result *map, tally centre,
                               tally ring) {
    const sx_result *summary = sx_part_result(desk, "summary", SX_RESULT_TABLE);
    const sx_column *figure = sx_part_column(summary, "figure");
    const sx_column *low = sx_part_column(summary, "low"), *high = sx_part_column(summary, "high");
    bool ended = figure && figure->texts && low && low->numbers && high && high->numbers;
    for (size_t i = 0; ended && i < summary->table.rows; i++)
        if (strcmp(figure->texts[i], "drop to the border") == 0 && summary->step == map->step)
            return (sx_interval){low->numbers[i], high->numbers[i]};
    if (!map->grid.count || !(centre.n > 0 && ring.n > 0)) return (sx_interval){NAN, NAN};
    return sx_difference(share(centre), sx_wilson(centre.right, centre.n), share(ring),
                         sx_wilson(ring.right, ring.n));
}

void sx_drop_draw(const sx_desk *desk, const sx_result *map, sx_canvas *canvas, sx_box row) {
    tally centre = {0}, ring = {0};
    summarise(&map->grid, &centre, &ring);
    double c = share(centre), r = share(ring);
    sx_interval interval = interval_of(desk, map, centre, ring);
    char shown[32], drop[96];
    sx_part_estimate(drop, sizeof drop, c - r, interval.low, interval.high, NAN);
    sx_segment parts[3];
    parts[0] = sx_part_segment(SX_ROLE_TEXT, "centre %s", sx_number_shown(shown, c, 2));
    parts[1] = sx_part_segment(SX_ROLE_TEXT, "ring %s", sx_number_shown(shown, r, 2));
    parts[2] = sx_part_segment(SX_ROLE_TEXT, "drop %s", drop);
    sx_segments_draw(canvas, row, 0, parts, 3, 3);
}
