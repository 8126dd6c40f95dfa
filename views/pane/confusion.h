/* The confusion matrix of the last evaluation, on the page of the Data pane. Private to the folder.
 */
#ifndef SX_PANE_CONFUSION_H
#define SX_PANE_CONFUSION_H

#include "views/pane/part.h"

/* Start with {0}. */
typedef struct {
    bool open;
    int row, column;   /* the cell under the cursor: true class, predicted class */
    sx_result *shares; /* as sx_confusion_make makes it; NULL: there is none */
} sx_confusion;

/* Counts the items of the table again; without items or a source there is no matrix. */
void sx_confusion_update(sx_confusion *confusion, const sx_result *items, const sx_source *source);
void sx_confusion_done(sx_confusion *confusion);

/* Moves the cursor (LEFT ...). */
void sx_confusion_move(sx_confusion *confusion, int value);

/* The matrix, and below it what the cell under the cursor says in names. */
void sx_confusion_draw(const sx_confusion *confusion, sx_canvas *canvas, sx_box box);

#endif
