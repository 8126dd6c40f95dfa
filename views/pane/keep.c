/* The layout for next time: commands that lead from a new screen to this one, so that what is kept
 * is read by the same table as what a person types, and an older program passes over what it does
 * not know. */
#include "views/pane/screen.h"

#include <string.h>

/* Pages that are worth coming back to when nothing has been measured yet. */
static bool can_be_first(int page) {
    return page <= TILES || page == RUNS || page == STUDIES;
}

void sx_screen_layout(const sx_screen *screen, sx_text *out) {
    for (int i = 0; i < PANES; i++)
        if (sx_screen_panes[i]->layout) sx_screen_panes[i]->layout(screen->panes[i], out);
    int focus = screen->focus < TILES ? screen->focus : 0;
    sx_text_add(out, "%s\n", sx_screen_panes[focus]->name);
    int page = can_be_first(screen->page) ? screen->page : DASHBOARD;
    sx_text_add(out, "%s\n", page == DASHBOARD ? "dashboard" : sx_screen_panes[page - 1]->name);
}

void sx_screen_arrange(sx_screen *screen, const char *commands) {
    char line[SX_PROMPT_SIZE], said[sizeof screen->desk.message];
    bool bad = screen->desk.bad; /* what is said already stays */
    sx_text_set(said, sizeof said, screen->desk.message);
    while (*commands) {
        size_t length = strcspn(commands, "\n");
        if (length > 0 && length < sizeof line) {
            memcpy(line, commands, length);
            line[length] = 0;
            sx_screen_command(screen, line, NULL);
        }
        commands += length + (commands[length] == '\n');
    }
    screen->kept = 0; /* nothing of it was a change that a person made */
    sx_screen_say(screen, said, bad);
    screen->wish = SX_WISH_NONE;
}
