/* The screen's own state, shared by the files that make it: commands, layout, drawing. Private to
 * the folder. */
#ifndef SX_PANE_SCREEN_H
#define SX_PANE_SCREEN_H

#include "views/pane/part.h"

enum {
    PANES = 10,
    TILES = SX_SCREEN_TILES,
    DASHBOARD = 0,
    DATA = 1,
    ROBUSTNESS = 3,
    CLAIMS = 5,
    PROBE = 6,
    INSPECT = 7,
    COMPARE = 8,
    RUNS = 9,
    STUDIES = 10
};
/* Page 0 is the dashboard, page p > 0 is pane p - 1; only the first four panes are tiles. */
extern const sx_pane *const sx_screen_panes[PANES];

enum { TRAIL = 8 };

typedef enum { OVERLAY_NONE, OVERLAY_HELP, OVERLAY_MESSAGE, OVERLAY_EXPLAIN } sx_overlay;

/* What is seen, at one moment. */
typedef struct {
    int page, focus, links, trail[TRAIL];
    sx_scene scene;
    sx_along along;
    unsigned char views[PANES][SX_VIEW_BYTES];
} sx_moment;
enum { MOMENTS = 32 };

struct sx_screen {
    sx_screen_options options;
    sx_snapshot nothing; /* before the first snapshot */
    sx_desk desk;
    void *panes[PANES];
    int page, focus;         /* focus: the tile of the dashboard */
    int trail[TRAIL], links; /* the pages from which others were opened, for Esc */
    sx_overlay overlay;
    int overlay_first, overlay_rows, overlay_height;
    char wanted[48];            /* what help is searched for */
    bool searching;             /* keys are letters of it */
    sx_moment moments[MOMENTS]; /* before the last changes of the view */
    int kept;
    bool undone;  /* the command that runs is the undo: it is no change itself */
    bool leaving; /* the question is whether to leave although a run would stop */
    sx_screen_wish wish;
    sx_text wished;    /* the text of the wish */
    char caption[400]; /* of a lesson; "": none */
    char lesson[160];  /* as in sx_screen_lesson */
    sx_prompt prompt;
    int width, height; /* of the last drawing */
    sx_tabs tabs;      /* likewise, and their pages */
    int tab_pages[SX_TABS];
    sx_look look;
};

/* The pane that has the keys. */
int sx_screen_focused(const sx_screen *screen);

/* The command sets that answer now, into sets [SETS]: to keys the focused pane's and the screen's;
 * to names also those of the other panes. */
enum { SETS = PANES + 1 };
sx_commands sx_screen_keys(const sx_screen *screen, sx_command_set sets[SETS]);
sx_commands sx_screen_names(const sx_screen *screen, sx_command_set sets[SETS]);

/* Rows above the state line that a caption takes. */
int sx_screen_caption_rows(const sx_screen *screen, int width);

/* Shows a page. */
void sx_screen_go_to(sx_screen *screen, int page);

/* photograph.c: the screen without the command line as a file, by the ending of its name. */
sx_status sx_screen_photograph(sx_screen *screen, const char *path, sx_error *err);

/* undo.c: what is seen now; keeps `before` if another view is seen now; goes back by one. */
void sx_screen_look_at(const sx_screen *screen, sx_moment *out);
void sx_screen_keep(sx_screen *screen, const sx_moment *before);
void sx_screen_undo(sx_screen *screen);

/* False for pages that have nothing to show now: they have no tab. */
bool sx_screen_has_page(const sx_screen *screen, int page);

/* The last sentence about the run: message of the snapshot, or how it ended. */
void sx_screen_sentence(const sx_screen *screen, char *out, size_t size);

#endif
