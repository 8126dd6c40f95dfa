/* The runs and checkpoints of a comparison: what is read of each, and what is made of several.
 * Private to the folder. */
#ifndef SX_PANE_SIDES_H
#define SX_PANE_SIDES_H

#include "views/pane/part.h"

typedef enum {
    SX_SIDE_TRAINING,
    SX_SIDE_VALIDATION,
    SX_SIDE_ROTATION,
    SX_SIDE_SIZE,
    SX_SIDE_RISK,
    SX_SIDE_MAP,
    SX_SIDE_RESULTS
} sx_side_result;

/* A run, or a checkpoint of one, in its place. */
typedef struct {
    char name[96];   /* of the run; "": the place is free */
    char label[128]; /* the name, of a checkpoint with its step: "0012-cnn@1500" */
    char caption[320], path[SX_PATH_SIZE];
    sx_run_version version;
    sx_result *results[SX_SIDE_RESULTS]; /* as on disk; NULL: none */
    sx_result *clock;                    /* likewise, once it was asked for */
    bool clock_read;
    bool live; /* it was the job's run when that was looked at last */
} sx_side;

/* What was made of results, and of which. Start with {0}. */
typedef struct {
    sx_result *made, *masked;
    sx_result *from[SX_COMPARED];
    int count, kind;
} sx_made;
void sx_made_clear(sx_made *made);
/* True if it was made of other results, or another kind of thing; then it holds these and nothing
 * made. */
bool sx_made_renew(sx_made *made, const sx_result *const *from, int count, int kind);

typedef struct {
    sx_desk *desk;
    sx_side sides[SX_COMPARED];
    sx_made over[SX_COMPARED][SX_SIDE_VALIDATION + 1]; /* training, validation over the clock */
    int unread; /* the first place that is still to be read, SX_COMPARED: none */
} sx_sides;

void sx_sides_free(sx_sides *sides);
/* Begins to read from disk what the desk says is compared; what is in its place no more goes at
 * once. Then, a drawing at a time, reads as many as there is time for, at least one, and frees
 * places whose run is there no more; true: some are still unread. */
void sx_sides_open(sx_sides *sides);
bool sx_sides_read(sx_sides *sides);
/* The run that was computed here may have become another one. */
void sx_sides_update(sx_sides *sides);

/* A result of the side in a place, NULL if it has none: of the run that is computed here as it is
 * now, unless a checkpoint is meant. */
const sx_result *sx_sides_result(const sx_sides *sides, int place, sx_side_result which);

/* When its points were reached, NULL if that is not known. */
const sx_result *sx_sides_clock(sx_sides *sides, int place);

/* Training or validation over an axis (SX_BY_STEP ...) of its own clock; NULL if that is not known.
 */
const sx_result *sx_sides_over(sx_sides *sides, int place, sx_side_result which, int axis);

/* The next place after `from` that has a map, in a circle; -1: there is none. */
int sx_sides_next_map(const sx_sides *sides, int from);

/* The first place whose results all have the same bits; -1: there is none before it. */
int sx_sides_twin(const sx_sides *sides, int place);

#endif
