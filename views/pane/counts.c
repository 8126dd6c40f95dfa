/* Histograms of a data set: a row for each class, or for each stretch of a factor's values, with a
 * bar for its images and the share of them that the network gets wrong. Counted once for a split:
 * labels and factors cost no decoding. */
#include "views/pane/counts.h"

#include <math.h>
#include <stdio.h>

enum { BINS = 16 };

void sx_counts_done(sx_counts *counts) {
    sx_free(counts->images);
    sx_free(counts->answers);
    sx_free(counts->wrong);
    *counts = (sx_counts){0};
}

void sx_counts_move(sx_counts *counts, int value, const sx_source_facts *facts) {
    static const int64_t by[] = {[UP] = -1,        [DOWN] = 1,           [PAGE_UP] = -10,
                                 [PAGE_DOWN] = 10, [FIRST] = -INT32_MAX, [LAST] = INT32_MAX};
    int turn = value == RIGHT ? 1 : value == LEFT ? facts->factor_count : 0;
    counts->what = (counts->what + turn) % (facts->factor_count + 1);
    if (!turn) sx_picker_move(&counts->picker, by[value]);
}

int sx_counts_class(const sx_counts *counts) {
    bool any = counts->what == 0 && counts->picker.selected < counts->rows;
    return any ? (int)counts->picker.selected : -1;
}

/* ---- counting ---------------------------------------------------------------------------------
 */

static bool allocate(sx_counts *c, size_t rows) {
    double **arrays[] = {&c->images, &c->answers, &c->wrong};
    for (int i = 0; i < 3; i++) {
        if (!sx_grow((void **)arrays[i], &c->capacity[i], rows, sizeof(double))) return false;
        for (size_t row = 0; row < rows; row++) (*arrays[i])[row] = 0;
    }
    c->rows = rows;
    return true;
}

/* The row of an item, -1: none. */
static int row_of(const sx_counts *c, const sx_source_facts *facts, size_t item) {
    double values[64];
    if (c->what == 0) return sx_source_label(c->source, c->split, item);
    if (facts->factor_count > 64) return -1;
    const sx_factor *factor = &facts->factors[c->what - 1];
    sx_source_factors(c->source, c->split, item, values);
    double part = (values[c->what - 1] - factor->minimum) / (factor->maximum - factor->minimum);
    if (isnan(part)) return -1;
    return part < 0 ? 0 : part >= 1 ? BINS - 1 : (int)(part * BINS);
}

static void count_answers(sx_counts *c, const sx_source_facts *facts, const sx_result *items) {
    const sx_column *item = sx_part_column(items, "item"), *wrong = sx_part_column(items, "wrong");
    if (!item || !item->numbers || !wrong || !wrong->numbers) return;
    for (size_t i = 0; i < items->table.rows; i++) {
        double at = item->numbers[i];
        if (!(at >= 0 && at < (double)facts->counts[c->split])) continue;
        int row = row_of(c, facts, (size_t)at);
        if (row < 0 || row >= (int)c->rows) continue;
        c->answers[row]++;
        c->wrong[row] += wrong->numbers[i] > 0;
    }
}

static void count(sx_counts *c, const sx_source *source, sx_split split, const sx_result *items) {
    const sx_source_facts *facts = sx_source_describe(source);
    bool same = c->source == source && c->split == split && c->counted == c->what &&
                c->judged == items && c->rows > 0;
    if (same) return;
    c->source = source;
    c->split = split;
    c->counted = c->what;
    c->judged = items;
    if (!allocate(c, c->what == 0 ? (size_t)facts->classes : BINS)) {
        c->rows = 0;
        return;
    }
    for (size_t i = 0; i < facts->counts[split]; i++) {
        int row = row_of(c, facts, i);
        if (row >= 0 && row < (int)c->rows) c->images[row]++;
    }
    if (items && split == SX_SPLIT_VALIDATION) count_answers(c, facts, items);
    sx_picker_lay(&c->picker, c->rows, 1, c->picker.rows);
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

static void name_row(const sx_counts *c, const sx_source_facts *facts, size_t row, char *out,
                     size_t size) {
    char low[32], high[32];
    if (c->what == 0) {
        snprintf(out, size, "%s", facts->class_names[row]);
        return;
    }
    const sx_factor *factor = &facts->factors[c->what - 1];
    double step = (factor->maximum - factor->minimum) / BINS;
    int decimals = fabs(factor->maximum - factor->minimum) >= 20 ? 0 : 2;
    snprintf(out, size, "%s .. %s",
             sx_number_shown(low, factor->minimum + step * (double)row, decimals),
             sx_number_shown(high, factor->minimum + step * (double)(row + 1), decimals));
}

static void draw_row(const sx_counts *c, const sx_source_facts *facts, sx_canvas *canvas,
                     sx_box line, size_t row, double most) {
    char name[96], images[32], text[64] = "";
    bool selected = row == c->picker.selected;
    sx_style style = sx_style_of(SX_ROLE_TEXT);
    name_row(c, facts, row, name, sizeof name);
    if (selected) {
        style.attributes |= SX_REVERSE | SX_BOLD;
        canvas->cursor_x = line.x;
        canvas->cursor_y = line.y;
    }
    sx_box left = sx_box_take_columns(&line, 18), right = sx_box_take_columns(&line, -24);
    sx_canvas_text(canvas, sx_box_inset(left, 0, 0, 1, 0), 0, 0, style, name);
    if (line.width > 4)
        sx_canvas_progress(canvas, line, most > 0 ? c->images[row] / most : 0,
                           sx_style_of(SX_ROLE_SERIES2));
    sx_canvas_text_right(canvas, right, 8, 0, sx_style_of(SX_ROLE_TEXT),
                         sx_text_count(images, (long long)c->images[row]));
    if (c->answers[row] > 0)
        snprintf(text, sizeof text, "%.1f %% wrong", 100 * c->wrong[row] / c->answers[row]);
    sx_canvas_text(canvas, right, 10, 0, sx_style_of(c->wrong[row] > 0 ? SX_ROLE_BAD : SX_ROLE_DIM),
                   text);
}

void sx_counts_draw(sx_counts *c, const sx_source *source, sx_split split, const sx_result *items,
                    sx_canvas *canvas, sx_box box) {
    const sx_source_facts *facts = sx_source_describe(source);
    char title[96];
    double most = 0;
    if (c->what > facts->factor_count) c->what = 0;
    count(c, source, split, items);
    for (size_t row = 0; row < c->rows; row++) most = fmax(most, c->images[row]);
    sx_box header = sx_box_take_rows(&box, 1), hint = sx_box_take_rows(&box, -1);
    snprintf(title, sizeof title, "images by %s",
             c->what == 0 ? "class" : facts->factors[c->what - 1].name);
    sx_canvas_text(canvas, header, 0, 0, sx_style_of(SX_ROLE_DIM), title);
    sx_canvas_text(canvas, hint, 0, 0, sx_style_of(SX_ROLE_DIM),
                   facts->factor_count ? "Enter shows a class   Left Right: the factors"
                                       : "Enter shows a class");
    sx_picker_lay(&c->picker, c->rows, 1, box.height > 0 ? box.height : 1);
    for (int y = 0; y < box.height && c->picker.first + (size_t)y < c->rows; y++)
        draw_row(c, facts, canvas, (sx_box){box.x, box.y + y, box.width, 1},
                 c->picker.first + (size_t)y, most);
}
