/* Layout and captions of thumbnails; the pictures themselves are drawn by whoever has them. */
#include "views/pane/thumbnail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CAPTION = 2, GAP = 1, LEAST = 4 };

sx_thumbnails sx_thumbnails_lay(sx_box box, const sx_source_facts *facts, sx_picker *picker,
                                size_t count) {
    int longest = 0;
    for (int i = 0; i < facts->classes; i++) {
        int columns = sx_text_columns(facts->class_names[i]);
        if (columns > longest) longest = columns;
    }
    sx_thumbnails t = {.box = box, .width = longest < 10 ? 10 : longest > 14 ? 14 : longest};
    t.height = (box.height + GAP) / 2 - CAPTION - GAP;
    if (t.height < LEAST) t.height = box.height - CAPTION;
    if (t.height > t.width / 2) t.height = t.width / 2;
    if (t.height < 1) t.height = 1;
    t.across = (box.width + 1) / (t.width + 1);
    t.down = (box.height + 1) / (t.height + CAPTION + GAP);
    if (t.across < 1) t.across = 1;
    if (t.down < 1) t.down = 1;
    t.step = t.across > 1 ? (box.width - t.width) / (t.across - 1) : 0;
    if (t.step > t.width + 3) t.step = t.width + 3;
    sx_picker_lay(picker, count, t.across, t.down);
    return t;
}

sx_box sx_thumbnails_place(const sx_thumbnails *t, int i) {
    sx_box place = {t->box.x + i % t->across * t->step,
                    t->box.y + i / t->across * (t->height + CAPTION + GAP), t->width,
                    t->height + CAPTION};
    if (place.width > t->box.width) place.width = t->box.width;
    return place;
}

sx_box sx_thumbnail_picture(sx_box place) {
    return sx_box_inset(place, 0, 0, 0, CAPTION);
}

/* A line that keeps its end (the confidence) when the name before it is too long. */
static void draw_line(sx_canvas *canvas, sx_box box, int y, sx_style style, const char *text) {
    const char *end = strrchr(text, ' ');
    int columns = sx_text_columns(text);
    if (end && columns > box.width) {
        char start[128];
        int tail = sx_text_columns(end);
        size_t length = (size_t)(end - text) + 1;
        sx_text_set(start, length < sizeof start ? length : sizeof start, text);
        if (sx_text_columns(start) <= box.width) { /* the name alone fits: it matters more */
            sx_canvas_text(canvas, box, 0, y, style, start);
            return;
        }
        sx_box left = box;
        left.width -= tail;
        sx_canvas_text(canvas, left, 0, y, style, start);
        sx_canvas_text(canvas, box, left.width, y, style, end);
        return;
    }
    sx_canvas_text(canvas, box, 0, y, style, text);
}

void sx_thumbnail_caption_draw(sx_canvas *canvas, sx_box place,
                               const sx_thumbnail_caption *caption) {
    sx_style style = sx_style_of(caption->selected ? SX_ROLE_FOCUS : SX_ROLE_TEXT);
    if (caption->selected) {
        style.attributes |= SX_REVERSE;
        sx_box rest = place;
        sx_box row = sx_box_take_rows(&rest, -CAPTION);
        row.height = 1;
        sx_canvas_fill(canvas, row, ' ', style);
        canvas->cursor_x = row.x;
        canvas->cursor_y = row.y;
    }
    draw_line(canvas, place, place.height - 2, style, caption->name);
    draw_line(canvas, place, place.height - 1, sx_style_of(caption->role), caption->verdict);
}

void sx_thumbnail_verdict_text(const sx_thumbnail_verdict *verdict, bool unicode, char *out,
                               size_t size, sx_role *role) {
    char sure[32] = "";
    out[0] = 0;
    *role = SX_ROLE_DIM;
    if (!verdict->prediction) return;
    if (!isnan(verdict->confidence)) snprintf(sure, sizeof sure, "%.2f", verdict->confidence);
    const char *digits = sure[0] == '0' ? sure + 1 : sure;
    *role = verdict->right ? SX_ROLE_GOOD : SX_ROLE_BAD;
    if (verdict->right)
        snprintf(out, size, "%s %s", unicode ? "✓" : "+", digits);
    else
        snprintf(out, size, "%s %s %s", unicode ? "✗" : "x", verdict->prediction, digits);
}
