/* How many images of a split there are of each class, or of each value of a factor, on the page of
 * the Data pane. Private to the folder. */
#ifndef SX_PANE_COUNTS_H
#define SX_PANE_COUNTS_H

#include "views/pane/part.h"

/* Start with {0}. */
typedef struct {
    bool open;
    int what; /* 0: classes, k: factor k - 1 */
    sx_picker picker;
    /* what was counted, and of what */
    const sx_source *source;
    sx_split split;
    int counted;                      /* `what` of it */
    const sx_result *judged;          /* the table of items it was counted with */
    double *images, *answers, *wrong; /* [rows] */
    size_t rows, capacity[3];
} sx_counts;

void sx_counts_done(sx_counts *counts);

/* Moves the cursor (UP ...); LEFT and RIGHT go to another factor. */
void sx_counts_move(sx_counts *counts, int value, const sx_source_facts *facts);

/* The class under the cursor, -1: there is none. */
int sx_counts_class(const sx_counts *counts);

/* Counts if something else is to be counted than before, and draws. `items`: predictions for
 * validation items, or NULL. */
void sx_counts_draw(sx_counts *counts, const sx_source *source, sx_split split,
                    const sx_result *items, sx_canvas *canvas, sx_box box);

#endif
