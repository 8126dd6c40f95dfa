/* The confusion matrix of the last evaluation, on the page of the Data pane. Private to the folder.
 */
#ifndef SX_PANE_CONFUSION_H
#define SX_PANE_CONFUSION_H

#include "views/pane/part.h"

/* Start with {0}. */
typedef struct {
    bool open;
    int row, column;   /* the cell under the cursor: true class, predicted class */
    sx_result *shares; /* grid [classes, classes]: share of the true class; counts beside it */
} sx_confusion;

/* Counts the items of the table again; NULL, or without the columns: there is no matrix. */
void sx_confusion_update(sx_confusion *confusion, const sx_result *items, int classes);
void sx_confusion_done(sx_confusion *confusion);

/* Moves the cursor (LEFT ...). */
void sx_confusion_move(sx_confusion *confusion, int value);

/* The matrix, and below it what the cell under the cursor says in names. */
void sx_confusion_draw(const sx_confusion *confusion, sx_canvas *canvas, sx_box box,
                       const sx_source_facts *facts);

#endif
