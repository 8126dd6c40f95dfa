/* Sheets: thumbnails that come from the engine's light lane together with what the network says to
 * each. Those with the highest loss come first, or last where that is wanted; the order stays while
 * it learns on, so that nothing jumps under the selection. */
#include "views/pane/sheet.h"

#include "views/pane/thumbnail.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void ask(const sx_sheet_view *view, const sx_question *question) {
    if (view->desk->ask) view->desk->ask(view->desk->user, question);
}

/* The newest answer if it is to this sheet's question; NULL if there is none yet. */
static const sx_sheet *sheet_of(const sx_sheet_view *view) {
    const sx_answer *answer = view->desk ? view->desk->answer : NULL;
    if (!view->open || !answer || answer->unreadable || !view->desk->now->data) return NULL;
    const sx_sheet *sheet = &answer->sheet;
    const sx_pose *asked = &view->question.scene.pose, *got = &sheet->pose;
    bool ours = sheet->count == view->question.pictures &&
                sheet->split == view->question.scene.split && got->area == asked->area &&
                got->rotation == asked->rotation && got->x == asked->x && got->y == asked->y;
    return ours ? sheet : NULL;
}

void sx_sheet_open(sx_sheet_view *view, sx_desk *desk, sx_split split, sx_pose pose, int pictures) {
    *view = (sx_sheet_view){.desk = desk, .open = true, .seen = true};
    view->question =
        (sx_question){.scene = {.split = split, .pose = pose},
                      .pictures = pictures < SX_SHEET_PICTURES ? pictures : SX_SHEET_PICTURES};
    ask(view, &view->question);
}

void sx_sheet_close(sx_sheet_view *view) {
    if (view->open && view->seen) ask(view, NULL);
    view->open = false;
}

void sx_sheet_seen(sx_sheet_view *view, bool seen) {
    if (view->open && seen != view->seen) ask(view, seen ? &view->question : NULL);
    view->seen = seen;
}

/* The loss is the logarithm of p(true), so its order is the same. Without a network: as they are.
 */
static bool comes_before(const sx_sheet *sheet, int a, int b, bool best_first) {
    double p = sheet->entries[a].p_true, q = sheet->entries[b].p_true;
    return best_first ? p > q : p < q;
}

static void sort(sx_sheet_view *view, const sx_sheet *sheet) {
    for (int i = 0; i < sheet->count; i++) { /* by insertion: the first of equals stays first */
        int at = i;
        while (at > 0 && comes_before(sheet, i, view->order[at - 1], view->best_first)) {
            view->order[at] = view->order[at - 1];
            at--;
        }
        view->order[at] = i;
    }
}

void sx_sheet_reverse(sx_sheet_view *view) {
    const sx_sheet *sheet = sheet_of(view);
    view->best_first = !view->best_first;
    if (sheet) sort(view, sheet);
    view->picker.selected = view->picker.first = 0;
}

bool sx_sheet_is_judged(const sx_sheet_view *view) {
    const sx_sheet *sheet = sheet_of(view);
    return sheet && sheet->step >= 0;
}

void sx_sheet_update(sx_sheet_view *view) {
    const sx_sheet *sheet = sheet_of(view);
    if (!sheet || view->sorted) return;
    sort(view, sheet);
    view->sorted = true;
    view->picker.count = (size_t)sheet->count;
}

void sx_sheet_move(sx_sheet_view *view, int value) {
    int64_t across = view->picker.columns, page = across * view->picker.rows;
    const int64_t by[] = {
        [LEFT] = -1,       [RIGHT] = 1,        [UP] = -across,        [DOWN] = across,
        [PAGE_UP] = -page, [PAGE_DOWN] = page, [FIRST] = -UINT16_MAX, [LAST] = UINT16_MAX};
    sx_picker_move(&view->picker, by[value]);
}

static const sx_sheet_entry *selected(const sx_sheet_view *view) {
    const sx_sheet *sheet = view->sorted ? sheet_of(view) : NULL;
    return sheet ? &sheet->entries[view->order[view->picker.selected]] : NULL;
}

bool sx_sheet_offer(sx_sheet_view *view) {
    const sx_sheet_entry *entry = selected(view);
    if (!entry) return false;
    view->desk->scene = (sx_scene){view->question.scene.split, entry->item, entry->background,
                                   view->question.scene.pose};
    return true;
}

long long sx_sheet_item(const sx_sheet_view *view) {
    const sx_sheet_entry *entry = selected(view);
    return entry ? (long long)entry->item : -1;
}

static void draw_entry(const sx_sheet_view *view, const sx_sheet *sheet, sx_canvas *canvas,
                       sx_box place, size_t at) {
    const sx_source_facts *facts = sx_source_describe(view->desk->now->data->source);
    int number = view->order[at];
    const sx_sheet_entry *entry = &sheet->entries[number];
    size_t image = (size_t)sheet->size * (size_t)sheet->size * 3;
    if (!view->desk->no_thumbnails)
        sx_canvas_picture(canvas, sx_thumbnail_picture(place),
                          sheet->pixels + (size_t)number * image, sheet->size, sheet->size, 3);
    char text[160];
    bool judged = entry->prediction >= 0 && entry->prediction < facts->classes;
    sx_thumbnail_verdict verdict = {.prediction =
                                        judged ? facts->class_names[entry->prediction] : NULL,
                                    .right = entry->prediction == entry->label,
                                    .confidence = entry->confidence};
    sx_thumbnail_caption caption = {.name = facts->class_names[entry->label],
                                    .verdict = text,
                                    .selected = at == view->picker.selected};
    sx_thumbnail_verdict_text(&verdict, canvas->look.unicode, text, sizeof text, &caption.role);
    sx_thumbnail_caption_draw(canvas, place, &caption);
}

/* How many the network gets right now, and what is selected. */
static void draw_status(const sx_sheet_view *view, const sx_sheet *sheet, sx_canvas *canvas,
                        sx_box row) {
    const sx_sheet_entry *entry = &sheet->entries[view->order[view->picker.selected]];
    char shown[32], step[32];
    int right = 0;
    for (int i = 0; i < sheet->count; i++)
        right += sheet->entries[i].prediction == sheet->entries[i].label;
    sx_segment parts[4] = {{0}};
    bool judged = sx_sheet_is_judged(view);
    parts[0] = sx_part_segment(SX_ROLE_TEXT, "#%zu%s%s", entry->item, judged ? " p(true) " : "",
                               judged ? sx_number_shown(shown, entry->p_true, 2) : "");
    if (entry->p_true > 0)
        parts[1] = sx_part_segment(SX_ROLE_TEXT, "loss %s",
                                   sx_number_shown(shown, -log(entry->p_true), 2));
    if (judged)
        parts[2] = sx_part_segment(SX_ROLE_DIM, "%d of these %d right at step %s", right,
                                   sheet->count, sx_text_count(step, (long long)sheet->step));
    const char *without = judged ? NULL : sx_part_without_network(view->desk);
    parts[3] = sx_part_segment(SX_ROLE_DIM, "%s", without ? without : "Enter opens the probe");
    sx_segments_draw(canvas, row, 0, parts, 4, 3);
}

void sx_sheet_draw(sx_sheet_view *view, sx_canvas *canvas, sx_box box) {
    const sx_sheet *sheet = view->sorted ? sheet_of(view) : NULL;
    if (!sheet) {
        bool broken = view->desk->answer && view->desk->answer->unreadable;
        sx_centred_draw(canvas, box, sx_style_of(broken ? SX_ROLE_BAD : SX_ROLE_DIM),
                        broken ? "A picture of these cannot be read"
                               : "The pictures are being made");
        return;
    }
    draw_status(view, sheet, canvas, sx_box_take_rows(&box, -1));
    sx_thumbnails t = sx_thumbnails_lay(box, sx_source_describe(view->desk->now->data->source),
                                        &view->picker, (size_t)sheet->count);
    for (int i = 0; i < t.across * t.down; i++) {
        size_t at = view->picker.first + (size_t)i;
        if (at >= view->picker.count) break;
        draw_entry(view, sheet, canvas, sx_thumbnails_place(&t, i), at);
    }
}
