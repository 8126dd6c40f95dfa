/* The pictures behind a threshold: those that are refused, those that are confidently wrong, and
 * those from outside of the distribution that are let through, the most telling first. Enter shows
 * one in the probe. A picture from another data set than the run's own has only its number. */
#include "views/pane/risk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sx_risk_group_names[SX_RISK_GROUPS] = {"refused", "confidently-wrong",
                                                         "let-through"};

const char *sx_risk_group_choice(void *state, size_t row) {
    (void)state;
    return row < SX_RISK_GROUPS ? sx_risk_group_names[row] : NULL;
}

static const sx_result *table_of(const sx_risk_pane *pane) {
    return pane->is.group == SX_RISK_THROUGH ? pane->outside : pane->items;
}

static double number_of(const sx_result *table, const char *name, size_t row) {
    const sx_column *column = sx_part_column(table, name);
    return column && column->numbers ? column->numbers[row] : NAN;
}

static const char *set_of(const sx_result *table, size_t row) {
    const sx_column *column = sx_part_column(table, "set");
    return column && column->texts && column->texts[row] ? column->texts[row] : "";
}

/* ---- which ------------------------------------------------------------------------------------
 */

static bool belongs(const sx_risk_pane *pane, const sx_result *table, size_t row, double key,
                    const char *set) {
    double gate = sx_risk_gate_key(pane);
    if (isnan(key) || isnan(gate)) return false;
    if (pane->is.group == SX_RISK_REFUSED) return key < gate;
    if (pane->is.group == SX_RISK_CONFIDENT)
        return key >= gate && number_of(table, "wrong", row) > 0;
    return key >= gate && (!set[0] || !strcmp(set_of(table, row), set));
}

static int by_key(const sx_risk_picture *a, const sx_risk_picture *b) {
    if (a->key < b->key || a->key > b->key) return a->key < b->key ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}
static int least_sure_first(const void *a, const void *b) {
    return by_key(a, b);
}
static int surest_first(const void *a, const void *b) {
    const sx_risk_picture *x = a, *y = b;
    return x->key < y->key || x->key > y->key ? by_key(y, x) : by_key(x, y);
}

void sx_risk_pictures_update(sx_risk_pane *pane) {
    const sx_result *table = table_of(pane);
    size_t rows = table ? table->table.rows : 0, n = 0;
    const char *set = pane->is.set ? sx_risk_set_choice(pane, (size_t)pane->is.set) : "";
    if (pane->pictures.data != pane->desk->now->data) sx_pictures_clear(pane->pictures.drawn);
    pane->pictures.data = pane->desk->now->data;
    if (pane->is.view != SX_RISK_PICTURES) return; /* it is made when it is looked at */
    if (!sx_grow((void **)&pane->pictures.list, &pane->pictures.capacity, rows,
                 sizeof *pane->pictures.list)) {
        sx_desk_say(pane->desk, "no memory for a list of the pictures");
        rows = 0;
    }
    for (size_t row = 0; row < rows && row < UINT32_MAX; row++) {
        double key = sx_risk_key(pane, table, row);
        if (belongs(pane, table, row, key, set ? set : ""))
            pane->pictures.list[n++] = (sx_risk_picture){key, (uint32_t)row};
    }
    if (n > 0)
        qsort(pane->pictures.list, n, sizeof *pane->pictures.list,
              pane->is.group == SX_RISK_REFUSED ? least_sure_first : surest_first);
    pane->pictures.count = n;
    sx_picker *picker = &pane->pictures.picker;
    sx_picker_lay(picker, n, picker->columns, picker->rows);
}

void sx_risk_pictures_done(sx_risk_pane *pane) {
    sx_pictures_free(pane->pictures.drawn);
    sx_free(pane->pictures.list);
}

/* ---- one of them ------------------------------------------------------------------------------
 */

/* Where the picture is; false: in another data set, or nowhere. */
static bool find_picture(const sx_risk_pane *pane, size_t at, sx_picture *out) {
    const sx_result *table = table_of(pane);
    const sx_study_data *data = pane->desk->now->data;
    if (!table || !data || at >= pane->pictures.count) return false;
    size_t row = pane->pictures.list[at].row;
    double item = number_of(table, "item", row);
    bool other = pane->is.group == SX_RISK_THROUGH &&
                 (!table->split[0] || strncmp(set_of(table, row), "held-out", 8) != 0);
    sx_split split = sx_part_split(table);
    bool there = item >= 0 && item < (double)sx_source_describe(data->source)->counts[split];
    if (there) *out = (sx_picture){.data = data, .split = split, .item = (size_t)item};
    return there && !other;
}

void sx_risk_pictures_move(sx_risk_pane *pane, int value) {
    sx_picker *picker = &pane->pictures.picker;
    int64_t across = picker->columns, page = across * picker->rows;
    const int64_t by[] = {
        [LEFT] = -1,       [RIGHT] = 1,        [UP] = -across,       [DOWN] = across,
        [PAGE_UP] = -page, [PAGE_DOWN] = page, [FIRST] = -INT32_MAX, [LAST] = INT32_MAX};
    sx_picker_move(picker, by[value]);
}

void sx_risk_pictures_click(sx_risk_pane *pane, int x, int y) {
    const sx_thumbnails *t = &pane->pictures.grid;
    sx_picker *picker = &pane->pictures.picker;
    for (int i = 0; i < t->across * t->down; i++) {
        sx_box place = sx_thumbnails_place(t, i);
        size_t at = picker->first + (size_t)i;
        bool within =
            x >= place.x && y >= place.y && x < place.x + place.width && y < place.y + place.height;
        if (!within || at >= pane->pictures.count) continue;
        pane->desk->wants_enter = at == picker->selected;
        picker->selected = at;
    }
}

bool sx_risk_pictures_offer(sx_risk_pane *pane) {
    sx_picture picture;
    if (pane->is.view != SX_RISK_PICTURES) return false;
    if (!find_picture(pane, pane->pictures.picker.selected, &picture)) return false;
    pane->desk->scene.split = picture.split;
    pane->desk->scene.item = picture.item;
    return true;
}

static const char *class_of(const sx_risk_pane *pane, double class) {
    const sx_study_data *data = pane->desk->now->data;
    const sx_source_facts *facts = data ? sx_source_describe(data->source) : NULL;
    return facts && class >= 0 && class < facts->classes ? facts->class_names[(int)class] : "?";
}

/* Its class, or the set that it comes from. */
static const char *name_of(const sx_risk_pane *pane, const sx_result *table, size_t row) {
    bool outside = pane->is.group == SX_RISK_THROUGH;
    return outside ? set_of(table, row) : class_of(pane, number_of(table, "label", row));
}

static void tell_verdict(const sx_risk_pane *pane, const sx_result *table, size_t row, bool unicode,
                         sx_thumbnail_caption *caption, char *out, size_t size) {
    bool outside = pane->is.group == SX_RISK_THROUGH;
    sx_thumbnail_verdict verdict = {.prediction =
                                        class_of(pane, number_of(table, "prediction", row)),
                                    .right = !outside && !(number_of(table, "wrong", row) > 0),
                                    .confidence = number_of(table, "confidence", row)};
    sx_thumbnail_verdict_text(&verdict, unicode, out, size, &caption->role);
}

void sx_risk_tell_picture(const sx_risk_pane *pane, char *out, size_t size) {
    static const char *const whats[SX_RISK_GROUPS] = {"are refused", "are kept, and wrong",
                                                      "from outside are let through"};
    char count[32], all[32], score[32];
    const sx_result *table = table_of(pane);
    size_t at = pane->pictures.picker.selected;
    sx_picture picture;
    size_t of =
        pane->is.group == SX_RISK_THROUGH ? pane->scores.outside.count : pane->scores.inside.count;
    int used =
        snprintf(out, size, "%s of %s %s", sx_text_count(count, (long long)pane->pictures.count),
                 sx_text_count(all, (long long)of), whats[pane->is.group]);
    if (pane->pictures.count == 0 || !table) return;
    size_t row = pane->pictures.list[at].row;
    double item = number_of(table, "item", row);
    used += snprintf(out + used, size - (size_t)used, "   #%.0f %s %s", item,
                     sx_risk_score_choice(NULL, (size_t)pane->is.score),
                     sx_number_shown(score, fabs(pane->pictures.list[at].key), 3));
    snprintf(out + used, size - (size_t)used, "   %s",
             find_picture(pane, at, &picture) ? "Enter opens the probe"
                                              : "its picture is in another data set");
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

static void draw_one(sx_risk_pane *pane, sx_canvas *canvas, sx_box place, size_t at, bool focused) {
    char verdict[160], number[32], shown[48];
    const sx_result *table = table_of(pane);
    size_t row = pane->pictures.list[at].row;
    sx_box box = sx_thumbnail_picture(place);
    sx_picture picture;
    if (!find_picture(pane, at, &picture)) {
        double item = number_of(table, "item", row);
        snprintf(shown, sizeof shown, "#%s", sx_number_shown(number, item, 0));
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), shown);
    } else if (!pane->desk->no_thumbnails &&
               !sx_pictures_draw(pane->pictures.drawn, canvas, box, &picture)) {
        pane->desk->again = true;
    }
    sx_thumbnail_caption caption = {.name = name_of(pane, table, row),
                                    .verdict = verdict,
                                    .selected = focused && at == pane->pictures.picker.selected};
    tell_verdict(pane, table, row, canvas->look.unicode, &caption, verdict, sizeof verdict);
    sx_thumbnail_caption_draw(canvas, place, &caption);
}

void sx_risk_draw_pictures(sx_risk_pane *pane, sx_canvas *canvas, sx_box box, bool focused) {
    static const char *const none[SX_RISK_GROUPS] = {"Nothing is refused at this threshold",
                                                     "Nothing that is kept is wrong",
                                                     "Nothing from outside is let through"};
    const sx_study_data *data = pane->desk->now->data;
    sx_picker *picker = &pane->pictures.picker;
    pane->pictures.grid = (sx_thumbnails){0};
    if (table_of(pane) && !data) {
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM),
                        "There are no pictures: only predictions are known");
        return;
    }
    if (!table_of(pane)) {
        bool outside = pane->is.group == SX_RISK_THROUGH;
        sx_part_waiting(pane->desk, canvas, box,
                        outside ? "A list of items from outside" : "The list of items",
                        SX_PART_MEASURED);
        return;
    }
    if (pane->pictures.count == 0) {
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM), none[pane->is.group]);
        return;
    }
    sx_thumbnails t =
        sx_thumbnails_lay(box, sx_source_describe(data->source), picker, pane->pictures.count);
    pane->pictures.grid = t;
    sx_pictures_begin(pane->pictures.drawn, pane->desk->picture_seconds);
    for (int i = 0; i < t.across * t.down; i++) {
        size_t at = picker->first + (size_t)i;
        if (at >= pane->pictures.count) break;
        draw_one(pane, canvas, sx_thumbnails_place(&t, i), at, focused);
    }
}
