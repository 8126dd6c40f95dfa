/* Undo of view changes: pages, filters, zoom, smoothing, the probe's scene; not where a cursor is,
 * and nothing that the engine does. Before every key or command the whole view is copied; if it is
 * another one afterwards, the copy is kept. A view is a stretch of plain fields of each pane's
 * state, so a pane says only where it is, and what follows from its being put back. */
#include "views/pane/screen.h"

#include <assert.h>
#include <string.h>

static void copy_view(const sx_pane *pane, void *state, unsigned char *kept, bool back) {
    unsigned char *view = (unsigned char *)state + pane->view.offset;
    assert(pane->view.size <= SX_VIEW_BYTES);
    if (back)
        memcpy(view, kept, pane->view.size);
    else
        memcpy(kept, view, pane->view.size);
}

void sx_screen_look_at(const sx_screen *screen, sx_moment *out) {
    memset(out, 0, sizeof *out);
    out->page = screen->page;
    out->focus = screen->focus;
    out->links = screen->links;
    memcpy(out->trail, screen->trail, sizeof out->trail);
    out->scene = screen->desk.scene;
    out->along = screen->desk.along;
    for (int i = 0; i < PANES; i++)
        copy_view(sx_screen_panes[i], screen->panes[i], out->views[i], false);
}

static bool same_scene(const sx_scene *a, const sx_scene *b) {
    return a->split == b->split && a->item == b->item && a->background == b->background &&
           a->pose.area == b->pose.area && a->pose.rotation == b->pose.rotation &&
           a->pose.x == b->pose.x && a->pose.y == b->pose.y;
}

static bool same(const sx_moment *a, const sx_moment *b) {
    return a->page == b->page && a->focus == b->focus && same_scene(&a->scene, &b->scene) &&
           !memcmp(a->views, b->views, sizeof a->views);
}

void sx_screen_keep(sx_screen *screen, const sx_moment *before) {
    sx_moment now;
    sx_screen_look_at(screen, &now);
    if (screen->undone || same(before, &now)) {
        screen->undone = false;
        return;
    }
    if (screen->kept == MOMENTS) {
        memmove(screen->moments, screen->moments + 1, (MOMENTS - 1) * sizeof *screen->moments);
        screen->kept--;
    }
    screen->moments[screen->kept++] = *before;
}

void sx_screen_undo(sx_screen *screen) {
    screen->undone = true;
    if (screen->kept == 0) {
        sx_desk_say(&screen->desk, "there is no change of the view to undo");
        return;
    }
    const sx_moment *moment = &screen->moments[--screen->kept];
    for (int i = 0; i < PANES; i++) {
        const sx_pane *pane = sx_screen_panes[i];
        copy_view(pane, screen->panes[i], screen->moments[screen->kept].views[i], true);
        if (pane->restored) pane->restored(screen->panes[i]);
    }
    screen->desk.scene = moment->scene;
    screen->desk.along = moment->along;
    screen->focus = moment->focus;
    screen->links = moment->links;
    memcpy(screen->trail, moment->trail, sizeof screen->trail);
    sx_screen_go_to(screen, moment->page);
    sx_pane_probe.restored(screen->panes[PROBE - 1]);
}
