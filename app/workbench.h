/* The workbench between its two users, a person at a terminal and a script. Private to app. */
#ifndef SX_APP_WORKBENCH_H
#define SX_APP_WORKBENCH_H

#include "app/app.h"

#include "views/pane/pane.h"

typedef struct {
    const sx_app_options *options;
    sx_engine *engine; /* NULL before the first frame */
    sx_screen *screen;
    sx_canvas canvas;
    const sx_snapshot *newest; /* held; NULL before the first */
    const sx_answer *answer;   /* of the probe; held, may be NULL */
    uint64_t jobs;             /* that were queued */
    bool starting;             /* the last of them has not begun yet */
    bool news;                 /* a snapshot or an answer came since this was cleared */
    bool plays;                /* a lesson presses the keys, no person */
    bool left;                 /* a key or a command left the workbench */
    int64_t told;              /* step at which the engine was told something last, -1: was not */
    sx_job_kind kind;          /* of the job that is shown or will be */
    bool by_path;              /* its run is not in the list of runs */
    sx_snapshot shown;         /* a copy for the screen, times blanked on a fixed clock */
} sx_workbench;

/* Makes the screen; `picture_seconds` as in sx_screen_options. */
sx_status sx_workbench_begin(sx_workbench *bench, const sx_app_options *options,
                             double picture_seconds, sx_error *err);
/* Starts the engine with the job of the options, if there is one. */
sx_status sx_workbench_start(sx_workbench *bench, sx_error *err);
/* Stops a job that runs and says in one line how it ended; an exit code. */
int sx_workbench_stop(sx_workbench *bench, sx_error *err);
void sx_workbench_end(sx_workbench *bench);
bool sx_workbench_is_over(sx_state state);

/* Takes the newest snapshot; true if there was a newer one. */
bool sx_workbench_look(sx_workbench *bench);

/* Draws the screen on a canvas of that size. */
sx_status sx_workbench_draw(sx_workbench *bench, int width, int height, sx_look look,
                            sx_error *err);

/* Reads "120x40"; false if it is none or not within 1 .. 1000. */
bool sx_parse_size(const char *text, int *width, int *height);

#endif
