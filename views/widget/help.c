/* Help is the command tables, written out: keys, name, sentence; the pane's set first. */
#include "views/widget/widget.h"

#include <stdio.h>
#include <string.h>

enum { KEYS_COLUMNS = 14, NAME_COLUMNS = 16, WIDE = 76 };

/* One command from row y, whole or not at all; returns the row after it. Narrow boxes leave out the
 * name. */
static int draw_command(sx_canvas *canvas, sx_box box, int y, const sx_command *command) {
    bool wide = box.width >= WIDE;
    int x = 1 + KEYS_COLUMNS + (wide ? NAME_COLUMNS : 0);
    char text[512];
    snprintf(text, sizeof text, "%s%s%s", command->argument, command->argument[0] ? "  " : "",
             command->help);
    sx_box right = sx_box_inset(box, x, 0, 0, 0), nowhere = right;
    nowhere.height = 0;
    int next = sx_canvas_paragraph(canvas, nowhere, y, sx_style_of(SX_ROLE_TEXT), text);
    if (next <= y) next = y + 1;
    if (next > box.height) return next;
    sx_canvas_text(canvas, box, 1, y, sx_style_of(SX_ROLE_KEY), command->keys);
    if (wide)
        sx_canvas_print(canvas, box, 1 + KEYS_COLUMNS, y, sx_style_of(SX_ROLE_TEXT), ":%s",
                        command->name);
    sx_canvas_paragraph(canvas, right, y, sx_style_of(SX_ROLE_TEXT), text);
    return next;
}

static bool passes(const sx_command *row, const char *wanted) {
    return !wanted[0] || strcasestr(row->name, wanted) || strcasestr(row->help, wanted) ||
           strstr(row->keys, wanted);
}

int sx_help_draw(sx_canvas *canvas, sx_box box, sx_commands commands, const char *wanted,
                 int first) {
    int y = -first;
    for (int i = 0; i < commands.count; i++) {
        const sx_command_set *set = &commands.sets[i];
        if (!set->commands || !set->commands->name) continue;
        if (y > -first) y++;
        sx_canvas_text(canvas, box, 0, y++, sx_style_of(SX_ROLE_TITLE), set->title);
        for (const sx_command *row = set->commands; row->name; row++)
            if (passes(row, wanted)) y = draw_command(canvas, box, y, row);
    }
    return y + first;
}
