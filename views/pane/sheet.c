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
    if (view->open && view->told) return view->desk->now->data ? &view->own : NULL;
    const sx_answer *answer = view->desk ? view->desk->answer : NULL;
    if (!view->open || !answer || answer->unreadable || !view->desk->now->data) return NULL;
    const sx_sheet *sheet = &answer->sheet;
    const sx_pose *asked = &view->question.scene.pose, *got = &sheet->pose;
    bool ours = sheet->count == view->question.pictures &&
                sheet->split == view->question.scene.split && got->area == asked->area &&
                got->rotation == asked->rotation && got->x == asked->x && got->y == asked->y;
    return ours ? sheet : NULL;
}

/* Pictures that were drawn are kept for the next time. */
static void begin(sx_sheet_view *view, sx_desk *desk, sx_split split, int pictures) {
    sx_sheet_close(view);
    *view = (sx_sheet_view){.desk = desk, .open = true, .seen = true, .drawn = view->drawn};
    view->question.scene.split = split;
    view->question.pictures = pictures < SX_SHEET_PICTURES ? pictures : SX_SHEET_PICTURES;
}

void sx_sheet_open(sx_sheet_view *view, sx_desk *desk, sx_split split, sx_pose pose, int pictures) {
    begin(view, desk, split, pictures);
    view->question.scene.pose = pose;
    ask(view, &view->question);
}

void sx_sheet_close(sx_sheet_view *view) {
    if (view->open && view->seen && !view->told) ask(view, NULL);
    if (view->told) sx_result_release(view->told);
    view->told = NULL;
    view->open = false;
}

void sx_sheet_done(sx_sheet_view *view) {
    if (view->told) sx_result_release(view->told);
    sx_pictures_free(view->drawn);
    *view = (sx_sheet_view){0};
}

void sx_sheet_seen(sx_sheet_view *view, bool seen) {
    if (view->open && seen != view->seen && !view->told) ask(view, seen ? &view->question : NULL);
    view->seen = seen;
}

/* ---- pictures of a table ------------------------------------------------------------------------
 */

static double number_of(const sx_result *table, const char *name, size_t row) {
    const sx_column *column = sx_part_column(table, name);
    return column && column->numbers ? column->numbers[row] : NAN;
}

static bool is_place(double value, double wanted) {
    return isnan(wanted) ? isnan(value) : fabs(value - wanted) < 1e-9;
}

/* A row that names no item of the data set is not shown: files may say anything. */
static void add_row(sx_sheet_view *view, const sx_result *worst, size_t row) {
    const sx_source_facts *facts = sx_source_describe(view->desk->now->data->source);
    const sx_column *says = sx_part_column(worst, "says");
    double item = number_of(worst, "item", row), label = number_of(worst, "label", row);
    bool known = item >= 0 && item < (double)facts->counts[view->own.split] && label >= 0 &&
                 label < facts->classes;
    if (!known || view->own.count == SX_SHEET_PICTURES) return;
    bool right = number_of(worst, "right", row) > 0;
    view->says[view->own.count] = says && says->texts && says->texts[row] ? says->texts[row] : "";
    view->own.entries[view->own.count++] =
        (sx_sheet_entry){.item = (size_t)item,
                         .label = (int)label,
                         .prediction = right ? (int)label : -1,
                         .p_true = exp(-number_of(worst, "loss", row)),
                         .confidence = NAN};
}

bool sx_sheet_tell(sx_sheet_view *view, sx_desk *desk, const sx_result *worst, double column,
                   double row) {
    if (!desk->now->data) return false;
    begin(view, desk, sx_part_split(worst), SX_SHEET_PICTURES);
    view->own.split = view->question.scene.split;
    for (size_t i = 0; i < worst->table.rows; i++)
        if (is_place(number_of(worst, "column", i), column) &&
            is_place(number_of(worst, "row", i), row))
            add_row(view, worst, i);
    if (!view->drawn) view->drawn = sx_pictures_new();
    view->open = view->own.count > 0 && view->drawn;
    if (!view->open) return false;
    view->told = sx_result_keep(worst);
    sx_pictures_clear(view->drawn);
    sx_sheet_update(view);
    return true;
}

/* ---- order
 * ---------------------------------------------------------------------------------------
 */

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
    sx_scene *scene = &view->desk->scene;
    if (view->told) {
        scene->split = view->own.split;
        scene->item = entry->item;
        return true;
    }
    *scene = (sx_scene){view->question.scene.split, entry->item, entry->background,
                        view->question.scene.pose};
    return true;
}

long long sx_sheet_item(const sx_sheet_view *view) {
    const sx_sheet_entry *entry = selected(view);
    return entry ? (long long)entry->item : -1;
}

/* Pixels came with the answer, or are those of an item. */
static void draw_picture(const sx_sheet_view *view, const sx_sheet *sheet, sx_canvas *canvas,
                         sx_box box, int number) {
    size_t image = (size_t)sheet->size * (size_t)sheet->size * 3;
    const sx_picture picture = {
        .data = view->desk->now->data, .split = sheet->split, .item = sheet->entries[number].item};
    if (view->desk->no_thumbnails) return;
    if (!view->told)
        sx_canvas_picture(canvas, box, sheet->pixels + (size_t)number * image, sheet->size,
                          sheet->size, 3);
    else if (!sx_pictures_draw(view->drawn, canvas, box, &picture))
        view->desk->again = true;
}

static void draw_entry(const sx_sheet_view *view, const sx_sheet *sheet, sx_canvas *canvas,
                       sx_box place, size_t at) {
    const sx_source_facts *facts = sx_source_describe(view->desk->now->data->source);
    int number = view->order[at];
    const sx_sheet_entry *entry = &sheet->entries[number];
    draw_picture(view, sheet, canvas, sx_thumbnail_picture(place), number);
    char text[160];
    bool judged = entry->prediction >= 0 && entry->prediction < facts->classes;
    const char *prediction = judged ? facts->class_names[entry->prediction] : NULL;
    if (view->told) prediction = view->says[number][0] ? view->says[number] : NULL;
    sx_thumbnail_verdict verdict = {.prediction = prediction,
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
    if (view->told)
        parts[2] = sx_part_segment(SX_ROLE_DIM, "the %d with the highest loss", sheet->count);
    else if (judged)
        parts[2] = sx_part_segment(SX_ROLE_DIM, "%d of these %d right at step %s", right,
                                   sheet->count, sx_text_count(step, (long long)sheet->step));
    const char *without = view->told ? "" : judged ? NULL : sx_part_without_network(view->desk);
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
    if (view->told) sx_pictures_begin(view->drawn, view->desk->picture_seconds);
    sx_thumbnails t = sx_thumbnails_lay(box, sx_source_describe(view->desk->now->data->source),
                                        &view->picker, (size_t)sheet->count);
    for (int i = 0; i < t.across * t.down; i++) {
        size_t at = view->picker.first + (size_t)i;
        if (at >= view->picker.count) break;
        draw_entry(view, sheet, canvas, sx_thumbnails_place(&t, i), at);
    }
}
