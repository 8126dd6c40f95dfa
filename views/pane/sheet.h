/* The pictures behind a point of the robustness measurements, on the page of the pane that opened
 * them: the same pairs that were measured there, as the network sees them now. Private to the
 * folder. */
#ifndef SX_PANE_SHEET_H
#define SX_PANE_SHEET_H

#include "views/pane/part.h"

/* Start with {0}. */
typedef struct {
    sx_desk *desk;
    bool open, sorted;
    bool seen; /* its page is: only then it asks, and takes a question back */
    sx_question question;
    bool best_first;
    int order[SX_SHEET_PICTURES]; /* the highest loss first, or last; kept while it is open */
    sx_picker picker;
    const sx_result
        *told;    /* kept: the table that the pictures come from; NULL: the lane is asked */
    sx_sheet own; /* of it, without pixels */
    const char *says[SX_SHEET_PICTURES];
    sx_pictures *drawn; /* of those; stays */
} sx_sheet_view;

/* Opens the sheet of `pictures` pairs of a split at a pose and asks for it. */
void sx_sheet_open(sx_sheet_view *view, sx_desk *desk, sx_split split, sx_pose pose, int pictures);
/* Opens the sheet of the rows of a table "worst-..." with this column and row (NaN: of a curve);
 * false if there are none. */
bool sx_sheet_tell(sx_sheet_view *view, sx_desk *desk, const sx_result *worst, double column,
                   double row);
void sx_sheet_close(sx_sheet_view *view);
/* The same where the view ends. */
void sx_sheet_done(sx_sheet_view *view);

/* Its page is seen again, or no more. */
void sx_sheet_seen(sx_sheet_view *view, bool seen);

/* After every answer. */
void sx_sheet_update(sx_sheet_view *view);

/* The best first, or the worst again; selects the first. */
void sx_sheet_reverse(sx_sheet_view *view);

/* Moves the selection (LEFT ...), and puts what is selected into desk->scene; false if there is
 * nothing yet. */
void sx_sheet_move(sx_sheet_view *view, int value);
bool sx_sheet_offer(sx_sheet_view *view);

/* The selected picture's item, -1: none yet. */
long long sx_sheet_item(const sx_sheet_view *view);

/* Whether a network said something to these pictures: else they are in the order of their pairs. */
bool sx_sheet_is_judged(const sx_sheet_view *view);

void sx_sheet_draw(sx_sheet_view *view, sx_canvas *canvas, sx_box box);

#endif
