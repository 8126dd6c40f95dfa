/* Data: the pictures of the data set, with what the network says about them. Works at any size of a
 * data set: the list of shown items is an array of indices, only what is in sight is drawn.
 * Predictions are those of the last evaluation of the validation split (the result "items"); the
 * other splits are shown without, because nobody measures on what was trained. */
#include "views/pane/confusion.h"
#include "views/pane/counts.h"
#include "views/pane/thumbnail.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { SHOW_ALL, SHOW_WRONG, SHOW_RIGHT, SHOWS } show;
static const char *const show_names[SHOWS] = {"all", "wrong", "right"};

/* In which order: by a column of the last evaluation, or by index. */
static const struct {
    const char *name, *column, *heading;
    double sign; /* 1: the smallest value first */
} orders[] = {{"index", NULL, "", 1},
              {"confidence", "confidence", "least sure first", 1},
              {"loss", "loss", "largest loss first", -1}};
enum { ORDERS = sizeof orders / sizeof *orders };

typedef struct {
    double key;
    uint32_t item;
} ordered;

typedef struct {
    sx_desk *desk;
    sx_pictures *pictures;
    sx_study_data *data;    /* kept; NULL before it is loaded */
    const sx_result *items; /* kept */
    int32_t *row_of;        /* [validation items] row in `items`, -1: none */
    size_t row_capacity;
    uint32_t *shown; /* the items that pass the filters */
    size_t shown_capacity;
    ordered *ordered; /* while sorting */
    size_t ordered_capacity;
    sx_picker picker;
    int order;
    sx_split split;
    int class; /* -1: all */
    show show;
    char filter[64];     /* part of a class name; "" */
    double least, most;  /* of the confidence; NaN: any */
    int predicted;       /* class; -1: any */
    bool original, open; /* open: one picture, large */
    sx_confusion confusion;
    sx_counts counts;
    sx_thumbnails grid; /* as it was drawn last, for the mouse */
    size_t wrong;       /* of all items with a prediction */
    size_t judged;
} data_pane;

static const sx_source_facts *facts_of(const data_pane *pane) {
    return sx_source_describe(pane->data->source);
}

static size_t count_of(const data_pane *pane) {
    return pane->data ? facts_of(pane)->counts[pane->split] : 0;
}

static const char *class_name(const data_pane *pane, int class) {
    if (!pane->data) return "?"; /* undo may bring back a class before the next data are there */
    const sx_source_facts *facts = facts_of(pane);
    return class >= 0 && class < facts->classes ? facts->class_names[class] : "?";
}

/* The number in a column of the last evaluation for an item; NaN if it has none. */
static double figure(const data_pane *pane, size_t item, const char *name) {
    if (!pane->items || pane->split != SX_SPLIT_VALIDATION || item >= pane->row_capacity)
        return NAN;
    int32_t row = pane->row_of[item];
    const sx_column *column = sx_part_column(pane->items, name);
    return row >= 0 && column && column->numbers ? column->numbers[row] : NAN;
}

/* The predicted class, -1 if there is none. */
static int prediction(const data_pane *pane, size_t item) {
    double value = figure(pane, item, "prediction");
    return value >= 0 && value < facts_of(pane)->classes ? (int)value : -1;
}

/* ---- what is shown ----------------------------------------------------------------------------
 */

static bool passes(const data_pane *pane, size_t item) {
    int label = sx_source_label(pane->data->source, pane->split, item);
    if (pane->class >= 0 && label != pane->class) return false;
    if (pane->filter[0] && !strcasestr(class_name(pane, label), pane->filter)) return false;
    if (pane->predicted >= 0 && prediction(pane, item) != pane->predicted) return false;
    if (!isnan(pane->least)) {
        double confidence = figure(pane, item, "confidence");
        if (!(confidence >= pane->least && (confidence < pane->most || pane->most >= 1)))
            return false;
    }
    if (pane->show == SHOW_ALL) return true;
    int predicted = prediction(pane, item);
    return predicted >= 0 && (predicted == label) == (pane->show == SHOW_RIGHT);
}

/* What has no key comes last; equal keys by index. */
static int compare_ordered(const void *a, const void *b) {
    const ordered *x = a, *y = b;
    if (isnan(x->key) != isnan(y->key)) return isnan(x->key) ? 1 : -1;
    if (x->key < y->key || x->key > y->key) return x->key < y->key ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static void sort_shown(data_pane *pane, size_t n) {
    const char *column = orders[pane->order].column;
    if (!column || n == 0) return;
    if (!sx_grow((void **)&pane->ordered, &pane->ordered_capacity, n, sizeof *pane->ordered)) {
        sx_desk_say(pane->desk, "no memory to sort the pictures");
        return;
    }
    for (size_t i = 0; i < n; i++)
        pane->ordered[i] = (ordered){
            orders[pane->order].sign * figure(pane, pane->shown[i], column), pane->shown[i]};
    qsort(pane->ordered, n, sizeof *pane->ordered, compare_ordered);
    for (size_t i = 0; i < n; i++) pane->shown[i] = pane->ordered[i].item;
}

/* Fills `shown`; the selected item stays selected if it is still there. */
static void select_shown(data_pane *pane) {
    size_t count = count_of(pane), n = 0, kept = 0;
    uint32_t selected = pane->picker.count > 0 ? pane->shown[pane->picker.selected] : 0;
    if (!sx_grow((void **)&pane->shown, &pane->shown_capacity, count, sizeof *pane->shown)) {
        sx_desk_say(pane->desk, "no memory for a list of the pictures");
        count = 0;
    }
    for (size_t item = 0; item < count; item++)
        if (passes(pane, item)) pane->shown[n++] = (uint32_t)item;
    sort_shown(pane, n);
    for (size_t i = 0; i < n; i++)
        if (pane->shown[i] == selected || (!pane->order && pane->shown[i] < selected)) kept = i;
    pane->picker.selected = kept;
    sx_picker_lay(&pane->picker, n, pane->picker.columns, pane->picker.rows);
}

/* Where each item stands in the table of the last evaluation, and how many are wrong. */
static void index_items(data_pane *pane) {
    size_t count = pane->data ? facts_of(pane)->counts[SX_SPLIT_VALIDATION] : 0;
    const sx_column *item = sx_part_column(pane->items, "item");
    const sx_column *guess = sx_part_column(pane->items, "prediction");
    pane->wrong = pane->judged = 0;
    if (!sx_grow((void **)&pane->row_of, &pane->row_capacity, count, sizeof *pane->row_of)) return;
    for (size_t i = 0; i < pane->row_capacity; i++) pane->row_of[i] = -1;
    if (!item || !item->numbers || !guess || !guess->numbers) return;
    for (size_t row = 0; row < pane->items->table.rows && row < INT32_MAX; row++) {
        double index = item->numbers[row];
        if (!(index >= 0 && index < (double)count)) continue;
        int label = sx_source_label(pane->data->source, SX_SPLIT_VALIDATION, (size_t)index);
        pane->row_of[(size_t)index] = (int32_t)row;
        pane->judged++;
        pane->wrong += guess->numbers[row] != label;
    }
}

static void update(void *state) {
    data_pane *pane = state;
    const sx_study_data *newest = pane->desk->now->data;
    bool other = newest != pane->data;
    if (other) {
        if (pane->data) sx_study_data_release(pane->data);
        pane->data = newest ? sx_study_data_keep(newest) : NULL;
        sx_pictures_clear(pane->pictures);
        pane->picker = (sx_picker){0};
        pane->class = -1;
        pane->least = pane->most = NAN;
        pane->predicted = -1;
        pane->open = pane->confusion.open = false;
        sx_counts_done(&pane->counts);
        /* A data set alone: the most pictures. Beside a run: those that are judged. */
        pane->split =
            pane->desk->now->state == SX_STATE_IDLE ? SX_SPLIT_TRAIN : SX_SPLIT_VALIDATION;
        if (newest && facts_of(pane)->test_only) pane->split = SX_SPLIT_TEST;
    }
    bool judged = sx_part_follow(pane->desk, "items", SX_RESULT_TABLE, &pane->items);
    if (!other && !judged) return;
    index_items(pane);
    sx_confusion_update(&pane->confusion, pane->items, pane->data ? pane->data->source : NULL);
    bool filtered = pane->show != SHOW_ALL || !isnan(pane->least) || pane->predicted >= 0;
    if (other || filtered || pane->order) select_shown(pane);
}

static void restored(void *state) {
    data_pane *pane = state;
    if (pane->data) select_shown(pane);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static void run_move(void *state, int value, const char *argument) {
    data_pane *pane = state;
    int64_t across = pane->open ? 1 : pane->picker.columns;
    int64_t page = pane->open ? 10 : across * pane->picker.rows;
    const int64_t by[] = {[LEFT] = -1,
                          [RIGHT] = 1,
                          [UP] = -across,
                          [DOWN] = across,
                          [PAGE_UP] = -page,
                          [PAGE_DOWN] = page,
                          [FIRST] = -(int64_t)UINT32_MAX,
                          [LAST] = UINT32_MAX};
    (void)argument;
    if (pane->confusion.open) {
        sx_confusion_move(&pane->confusion, value);
        return;
    }
    if (pane->counts.open) {
        sx_counts_move(&pane->counts, value, facts_of(pane));
        return;
    }
    sx_picker_move(&pane->picker, by[value]);
}

/* Values of `class`: "all", then the names. */
static const char *class_choice(void *state, size_t row) {
    data_pane *pane = state;
    if (row == 0) return "all";
    if (!pane->data || row > (size_t)facts_of(pane)->classes) return NULL;
    return facts_of(pane)->class_names[row - 1];
}

/* Says what the filters leave. */
static void say_shown(data_pane *pane) {
    char shown[32], all[32];
    sx_desk_say(pane->desk, "%s of %s %s images shown",
                sx_text_count(shown, (long long)pane->picker.count),
                sx_text_count(all, (long long)count_of(pane)), sx_split_name(pane->split));
}

static void run_class(void *state, int value, const char *argument) {
    data_pane *pane = state;
    (void)value;
    if (!pane->data) return;
    int classes = facts_of(pane)->classes, wanted = pane->class + 1;
    if (argument[0]) {
        const char *names[1024];
        size_t count = 0;
        for (const char *name; count < 1024 && (name = class_choice(pane, count)); count++)
            names[count] = name;
        for (wanted = 0; wanted < (int)count && strcasecmp(names[wanted], argument) != 0;) wanted++;
        if (wanted == (int)count) {
            sx_desk_say(pane->desk, "there is no class '%s'; did you mean '%s'?", argument,
                        sx_nearest_name(argument, names, count));
            pane->desk->bad = true;
            return;
        }
        wanted--;
    }
    pane->class = wanted < classes ? wanted : -1;
    pane->predicted = -1;
    select_shown(pane);
    say_shown(pane);
}

static void say_no_predictions(data_pane *pane) {
    const char *without = sx_part_without_network(pane->desk);
    sx_desk_say(pane->desk, "%s",
                without ? without
                : pane->judged == 0
                    ? "there are no predictions yet"
                    : "predictions are known for the validation images; t shows them");
}

static void run_wrong(void *state, int value, const char *argument) {
    data_pane *pane = state;
    (void)value, (void)argument;
    if (pane->show == SHOW_ALL && (pane->judged == 0 || pane->split != SX_SPLIT_VALIDATION)) {
        say_no_predictions(pane);
        return;
    }
    pane->show = (show)((pane->show + 1) % SHOWS);
    select_shown(pane);
    say_shown(pane);
}

static const char *order_choice(void *state, size_t row) {
    (void)state;
    return row < ORDERS ? orders[row].name : NULL;
}

static void run_order(void *state, int value, const char *argument) {
    data_pane *pane = state;
    (void)value;
    int wanted = sx_part_choose(pane->desk, order_choice, pane, pane->order, argument,
                                "pictures are in the order of index, confidence or loss");
    if (wanted < 0) return;
    if (wanted && (pane->judged == 0 || pane->split != SX_SPLIT_VALIDATION)) {
        say_no_predictions(pane);
        return;
    }
    pane->order = wanted;
    pane->picker.selected = 0;
    select_shown(pane);
    sx_picker_move(&pane->picker, -(int64_t)UINT32_MAX);
    sx_desk_say(pane->desk, "%s", wanted ? orders[wanted].heading : "in the data set's order");
}

static void run_split(void *state, int value, const char *argument) {
    (void)value;
    static const sx_split next[SX_SPLITS] = {[SX_SPLIT_VALIDATION] = SX_SPLIT_TRAIN,
                                             [SX_SPLIT_TRAIN] = SX_SPLIT_TEST,
                                             [SX_SPLIT_TEST] = SX_SPLIT_VALIDATION};
    data_pane *pane = state;
    (void)argument;
    pane->split = next[pane->split];
    pane->show = SHOW_ALL;
    pane->least = pane->most = NAN;
    pane->predicted = -1;
    pane->confusion.open = false;
    pane->order = 0;
    pane->picker.selected = pane->picker.count = 0;
    select_shown(pane);
    say_shown(pane);
}

static void run_filter(void *state, int value, const char *argument) {
    data_pane *pane = state;
    (void)value;
    sx_text_printable(pane->filter, sizeof pane->filter, strcmp(argument, "all") ? argument : "");
    select_shown(pane);
    say_shown(pane);
}

static void run_confusion(void *state, int value, const char *argument) {
    data_pane *pane = state;
    (void)value, (void)argument;
    if (!pane->confusion.open && pane->judged == 0) {
        say_no_predictions(pane);
        return;
    }
    pane->confusion.open = !pane->confusion.open;
    pane->counts.open = false;
}

static void run_histogram(void *state, int value, const char *argument) {
    data_pane *pane = state;
    (void)value, (void)argument;
    pane->counts.open = pane->data && !pane->counts.open;
    pane->confusion.open = pane->open = false;
}

/* "0.5 0.9"; without an argument every confidence. */
static void run_confident(void *state, int value, const char *argument) {
    data_pane *pane = state;
    (void)value;
    double least = NAN, most = NAN;
    int end = 0;
    bool given = argument[0] != 0;
    if (given && (sscanf(argument, "%lf %lf%n", &least, &most, &end) != 2 || argument[end] ||
                  !(least >= 0 && least < most && most <= 1))) {
        sx_desk_say(pane->desk, "confident wants two numbers from 0 to 1, the smaller first");
        pane->desk->bad = true;
        return;
    }
    if (given && (pane->judged == 0 || pane->split != SX_SPLIT_VALIDATION)) {
        say_no_predictions(pane);
        return;
    }
    pane->least = least;
    pane->most = most;
    select_shown(pane);
    say_shown(pane);
}

static void run_go(void *state, int value, const char *argument) {
    data_pane *pane = state;
    (void)value;
    double index;
    if (!sx_text_number(argument, &index) || index < 0 || index >= (double)count_of(pane)) {
        char count[32];
        sx_desk_say(pane->desk, "go wants an index below %s",
                    sx_text_count(count, (long long)count_of(pane)));
        pane->desk->bad = true;
        return;
    }
    size_t found = pane->picker.count;
    for (size_t i = 0; i < pane->picker.count && found == pane->picker.count; i++)
        if (pane->shown[i] == (uint32_t)index || (!pane->order && pane->shown[i] > (uint32_t)index))
            found = i;
    if (found == pane->picker.count || pane->shown[found] != (uint32_t)index)
        sx_desk_say(pane->desk, "#%s is filtered out%s", argument,
                    found < pane->picker.count ? "; this is the next one" : "");
    if (found < pane->picker.count) pane->picker.selected = found;
    sx_picker_move(&pane->picker, 0);
}

static void run_original(void *state, int value, const char *argument) {
    data_pane *pane = state;
    (void)value, (void)argument;
    pane->original = !pane->original;
    sx_desk_say(pane->desk, pane->original ? "pictures as they are in the data set"
                                           : "pictures as the network sees them");
}

static const sx_command commands[] = {
    {"left", "Left h", "", NULL, "the picture before", run_move, LEFT, NULL, NULL},
    {"right", "Right l", "", NULL, "the next picture", run_move, RIGHT, NULL, NULL},
    {"up", "Up k", "", NULL, "the picture above", run_move, UP, NULL, NULL},
    {"down", "Down j", "", NULL, "the picture below", run_move, DOWN, NULL, NULL},
    {"page-up", "PgUp Ctrl-U", "", NULL, "one screen of pictures back", run_move, PAGE_UP, NULL,
     NULL},
    {"page-down", "PgDn Ctrl-D", "", NULL, "one screen of pictures on", run_move, PAGE_DOWN, NULL,
     NULL},
    {"first", "g Home", "", NULL, "the first picture", run_move, FIRST, NULL, NULL},
    {"last", "G End", "", NULL, "the last picture", run_move, LAST, NULL, NULL},
    {"filter", "/", "TEXT", "filter", "show only classes whose name contains this; all: every one",
     run_filter, 0, class_choice, NULL},
    {"class", "c", "[NAME]", "class", "show one class only, the next one at each press", run_class,
     0, class_choice, NULL},
    {"wrong", "w", "", "wrong", "show only wrong, only right, or all predictions", run_wrong, 0,
     NULL, NULL},
    {"order", "O", "[NAME]", NULL, "least sure first, largest loss first, or by index", run_order,
     0, order_choice, NULL},
    {"confusion", "C", "", NULL, "which class is taken for which; Enter shows a cell's pictures",
     run_confusion, 0, NULL, NULL},
    {"histogram", "H", "", NULL, "images by class and by factor; Enter shows a class",
     run_histogram, 0, NULL, NULL},
    {"confident", "%", "[LOW HIGH]", NULL,
     "show only predictions whose confidence is in this range, or all again", run_confident, 0,
     NULL, NULL},
    {"split", "t", "", NULL, "validation, train or test images", run_split, 0, NULL, NULL},
    {"original", "o", "", NULL, "as in the data set, or as the network sees it", run_original, 0,
     NULL, NULL},
    {"go", "#", "INDEX", NULL, "to the picture of this index", run_go, 0, NULL, NULL},
    {0}};

/* ---- drawing ----------------------------------------------------------------------------------
 */

/* The count matters most, then what is left out of it. */
static void heading(const void *state, sx_heading *out) {
    const data_pane *pane = state;
    char count[32], shown[32], what[96] = "", brief[96] = "";
    sx_heading_add(out, 0, "", "Data");
    if (!pane->data) return;
    sx_heading_add(out, 1, "", " · %s", facts_of(pane)->name);
    if (pane->confusion.open) {
        sx_heading_add(out, 3, "", " · confusion");
        sx_heading_add(out, 2, ", val", ", validation");
        return;
    }
    sx_text_count(count, (long long)count_of(pane));
    if (pane->picker.count < count_of(pane))
        snprintf(what, sizeof what, "%s of ", sx_text_count(shown, (long long)pane->picker.count));
    if (pane->split == SX_SPLIT_VALIDATION)
        snprintf(brief, sizeof brief, " · val %.40s%.32s", what, count);
    sx_heading_add(out, 9, brief, " · %s %s%s", sx_split_name(pane->split), what, count);
    if (pane->class >= 0) sx_heading_add(out, 8, "", " · %s", class_name(pane, pane->class));
    if (pane->filter[0]) sx_heading_add(out, 7, "", " · /%s", pane->filter);
    if (pane->show != SHOW_ALL) sx_heading_add(out, 6, "", " · %s", show_names[pane->show]);
    if (pane->predicted >= 0)
        sx_heading_add(out, 5, "", " · says %s", class_name(pane, pane->predicted));
    if (!isnan(pane->least))
        sx_heading_add(out, 4, "", " · confidence %.2f to %.2f", pane->least, pane->most);
    if (pane->order) sx_heading_add(out, 3, "", " · %s", orders[pane->order].heading);
}

static void verdict(const data_pane *pane, size_t item, bool unicode, char *out, size_t size,
                    sx_role *role) {
    int predicted = prediction(pane, item);
    sx_thumbnail_verdict v = {.prediction = predicted >= 0 ? class_name(pane, predicted) : NULL,
                              .right = predicted ==
                                       sx_source_label(pane->data->source, pane->split, item),
                              .confidence = figure(pane, item, "confidence")};
    sx_thumbnail_verdict_text(&v, unicode, out, size, role);
}

static void draw_thumbnail(data_pane *pane, sx_canvas *canvas, sx_box place, size_t item,
                           bool selected) {
    sx_picture picture = {pane->data, pane->split, item, pane->original};
    if (!pane->desk->no_thumbnails &&
        !sx_pictures_draw(pane->pictures, canvas, sx_thumbnail_picture(place), &picture))
        pane->desk->again = true;
    char text[160];
    sx_thumbnail_caption caption = {
        .name = class_name(pane, sx_source_label(pane->data->source, pane->split, item)),
        .verdict = text,
        .selected = selected};
    verdict(pane, item, canvas->look.unicode, text, sizeof text, &caption.role);
    sx_thumbnail_caption_draw(canvas, place, &caption);
}

static void draw_grid(data_pane *pane, sx_canvas *canvas, sx_box box, bool focused) {
    sx_thumbnails t = sx_thumbnails_lay(box, facts_of(pane), &pane->picker, pane->picker.count);
    pane->grid = t;
    sx_pictures_begin(pane->pictures, pane->desk->picture_seconds);
    for (int i = 0; i < t.across * t.down; i++) {
        size_t at = pane->picker.first + (size_t)i;
        if (at >= pane->picker.count) break;
        draw_thumbnail(pane, canvas, sx_thumbnails_place(&t, i), pane->shown[at],
                       focused && at == pane->picker.selected);
    }
}

/* The facts of the selected picture, one a row. */
static void draw_facts(data_pane *pane, sx_canvas *canvas, sx_box box, size_t item) {
    char index[32], text[160], shown[32];
    sx_role role;
    int y = 0, label = sx_source_label(pane->data->source, pane->split, item);
    sx_style style = sx_style_of(SX_ROLE_TEXT);
    sx_canvas_print(canvas, box, 0, y++, style, "%s #%s", sx_split_name(pane->split),
                    sx_text_count(index, (long long)item));
    sx_canvas_print(canvas, box, 0, y++, style, "label       %s", class_name(pane, label));
    verdict(pane, item, canvas->look.unicode, text, sizeof text, &role);
    if (text[0]) {
        sx_canvas_print(canvas, box, 0, y, style, "prediction  %s",
                        class_name(pane, prediction(pane, item)));
        bool right = role == SX_ROLE_GOOD;
        y++;
        sx_canvas_text(canvas, box, 12, y++, sx_style_of(role), right ? "right" : "wrong");
    }
    static const char *const names[] = {"confidence", "margin", "entropy", "loss"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double value = figure(pane, item, names[i]);
        if (isnan(value)) continue;
        sx_canvas_print(canvas, box, 0, y++, style, "%-11s %s", names[i],
                        sx_number_shown(shown, value, 3));
    }
    const sx_source_facts *facts = facts_of(pane);
    double *values = sx_alloc((size_t)facts->factor_count + 1, sizeof *values);
    if (values) sx_source_factors(pane->data->source, pane->split, item, values);
    for (int i = 0; values && i < facts->factor_count; i++)
        sx_canvas_print(canvas, box, 0, y++, sx_style_of(SX_ROLE_DIM), "%-11s %s %s",
                        facts->factors[i].name, sx_number_shown(shown, values[i], 2),
                        facts->factors[i].unit);
    sx_free(values);
}

/* One picture as large as fits, with all that is known about it. */
static void draw_one(data_pane *pane, sx_canvas *canvas, sx_box box) {
    size_t item = pane->shown[pane->picker.selected];
    int facts_width = box.width >= 100 ? 42 : box.width >= 60 ? 32 : box.width / 2;
    sx_box facts = sx_box_take_columns(&box, -facts_width);
    sx_picture picture = {pane->data, pane->split, item, pane->original};
    sx_pictures_begin(pane->pictures, 0);
    sx_pictures_draw(pane->pictures, canvas, box, &picture);
    draw_facts(pane, canvas, sx_box_inset(facts, 2, 0, 0, 0), item);
    pane->picker.columns = pane->picker.rows = 1;
}

static void draw_status(data_pane *pane, sx_canvas *canvas, sx_box row, bool focused) {
    char wrong[32], all[32], index[32], text[160] = "";
    sx_segment parts[3];
    int count = 0;
    if (focused && pane->picker.count > 0 && !pane->confusion.open && !pane->counts.open) {
        size_t item = pane->shown[pane->picker.selected];
        int label = sx_source_label(pane->data->source, pane->split, item);
        sx_role role;
        verdict(pane, item, canvas->look.unicode, text, sizeof text, &role);
        parts[count++] =
            sx_part_segment(SX_ROLE_TEXT, "#%s %s %s", sx_text_count(index, (long long)item),
                            class_name(pane, label), text);
    }
    if (pane->desk->now->state == SX_STATE_IDLE)
        parts[count++] = sx_part_segment(SX_ROLE_DIM, "Enter looks closer");
    else if (pane->judged > 0)
        parts[count++] = sx_part_segment(SX_ROLE_DIM, "%s of %s validation images wrong",
                                         sx_text_count(wrong, (long long)pane->wrong),
                                         sx_text_count(all, (long long)pane->judged));
    else
        parts[count++] =
            sx_part_segment(SX_ROLE_DIM, "%s",
                            sx_part_without_network(pane->desk) ? "predictions are not of this run"
                                                                : "no predictions yet");
    sx_segments_draw(canvas, row, 0, parts, count, 3);
}

static void draw_note(sx_canvas *canvas, sx_box *box, const char *note, bool zoomed) {
    if (!note[0] || box->height < 8) return;
    char fit[512];
    if (!zoomed) {
        sx_box row = sx_box_take_rows(box, 1);
        sx_words_fit(fit, sizeof fit, note, row.width, canvas->look.unicode);
        sx_canvas_text(canvas, row, 0, 0, sx_style_of(SX_ROLE_WARNING), fit);
        return;
    }
    sx_box upper = *box;
    upper.height = box->height / 3;
    int rows = sx_canvas_paragraph(canvas, upper, 0, sx_style_of(SX_ROLE_WARNING), note);
    sx_box_take_rows(box, rows < upper.height ? rows : upper.height);
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    data_pane *pane = state;
    if (!pane->data) {
        if (!sx_part_loading(pane->desk, canvas, box))
            sx_part_waiting(pane->desk, canvas, box, "The data set", "was not opened");
        return;
    }
    box = sx_box_inset(box, 1, 0, 1, 0);
    sx_box status = sx_box_take_rows(&box, -1);
    draw_status(pane, canvas, status, how.focused);
    draw_note(canvas, &box, facts_of(pane)->note, how.zoomed);
    if (pane->counts.open && how.zoomed)
        sx_counts_draw(&pane->counts, pane->data->source, pane->split, pane->items, canvas, box);
    else if (pane->confusion.open)
        sx_confusion_draw(&pane->confusion, canvas, box);
    else if (pane->picker.count == 0)
        sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM),
                        "No picture passes the filter: w, c or :filter all");
    else if (pane->open && how.zoomed)
        draw_one(pane, canvas, box);
    else
        draw_grid(pane, canvas, box, how.focused);
}

/* ---- the pane ---------------------------------------------------------------------------------
 */

static void *open_pane(sx_desk *desk) {
    data_pane *pane = sx_alloc(1, sizeof *pane);
    if (!pane) return NULL;
    *pane = (data_pane){.desk = desk,
                        .split = SX_SPLIT_VALIDATION,
                        .class = -1,
                        .least = NAN,
                        .most = NAN,
                        .predicted = -1};
    pane->pictures = sx_pictures_new();
    if (pane->pictures) return pane;
    sx_free(pane);
    return NULL;
}

static void close_pane(void *state) {
    data_pane *pane = state;
    if (pane->data) sx_study_data_release(pane->data);
    if (pane->items) sx_result_release(pane->items);
    sx_pictures_free(pane->pictures);
    sx_confusion_done(&pane->confusion);
    sx_counts_done(&pane->counts);
    sx_free(pane->row_of);
    sx_free(pane->shown);
    sx_free(pane->ordered);
    sx_free(pane);
}

/* The pictures of the matrix's cell. */
static void open_cell(data_pane *pane) {
    pane->confusion.open = false;
    pane->split = SX_SPLIT_VALIDATION;
    pane->show = SHOW_ALL;
    pane->filter[0] = 0;
    pane->least = pane->most = NAN;
    pane->class = pane->confusion.row;
    pane->predicted = pane->confusion.column;
    select_shown(pane);
    say_shown(pane);
}

/* A click selects a picture. */
static void mouse(void *state, const char *what, int x, int y) {
    data_pane *pane = state;
    const sx_thumbnails *t = &pane->grid;
    if (strcmp(what, "Click") != 0 || pane->open || pane->confusion.open || pane->counts.open)
        return;
    for (int i = 0; i < t->across * t->down; i++) {
        sx_box place = sx_thumbnails_place(t, i);
        bool inside =
            x >= place.x && y >= place.y && x < place.x + place.width && y < place.y + place.height;
        if (inside && pane->picker.first + (size_t)i < pane->picker.count)
            pane->picker.selected = pane->picker.first + (size_t)i;
    }
}

static bool enter(void *state) {
    data_pane *pane = state;
    if (pane->confusion.open) {
        open_cell(pane);
        return true;
    }
    if (pane->counts.open) {
        if (sx_counts_class(&pane->counts) < 0) return false;
        pane->class = sx_counts_class(&pane->counts);
        pane->counts.open = false;
        pane->picker.selected = 0;
        select_shown(pane);
        say_shown(pane);
        return true;
    }
    if (pane->picker.count == 0) return false;
    pane->desk->wants_probe = pane->open;
    return pane->open = true;
}

static bool back(void *state) {
    data_pane *pane = state;
    bool was = pane->open || pane->confusion.open || pane->counts.open;
    pane->open = pane->confusion.open = pane->counts.open = false;
    return was;
}

/* Another pane asks for the predictions of some confidence: the surest last. */
static void accept(void *state) {
    data_pane *pane = state;
    if (!pane->data) return;
    pane->split = SX_SPLIT_VALIDATION;
    pane->show = SHOW_ALL;
    pane->class = -1;
    pane->filter[0] = 0;
    pane->open = false;
    pane->predicted = -1;
    pane->confusion.open = pane->counts.open = false;
    pane->least = pane->desk->least;
    pane->most = pane->desk->most;
    pane->order = 1;
    pane->picker.selected = pane->picker.count = 0;
    select_shown(pane);
    sx_picker_move(&pane->picker, -(int64_t)UINT32_MAX);
    say_shown(pane);
}

/* The selected picture's object. */
static void offer(void *state) {
    data_pane *pane = state;
    if (!pane->data || pane->picker.count == 0) return;
    pane->desk->scene.split = pane->split;
    pane->desk->scene.item = pane->shown[pane->picker.selected];
}

static json_t *state_of(const void *state) {
    const data_pane *pane = state;
    bool any = pane->picker.count > 0;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:b, s:b, s:b}", "split", sx_split_name(pane->split),
        "class", pane->class < 0 ? "all" : class_name(pane, pane->class), "show",
        show_names[pane->show], "filter", pane->filter, "order", orders[pane->order].name, "shown",
        (json_int_t)pane->picker.count, "item",
        any ? json_integer((json_int_t)pane->shown[pane->picker.selected]) : json_null(), "open",
        pane->open, "original", pane->original, "histogram", pane->counts.open);
}

static const char *const results[] = {"items", "confusion", NULL};

const sx_pane sx_pane_data = {
    .name = "data",
    .title = "Data",
    .help = "the pictures, with labels and predictions",
    .explains = "These are the images of the data set as the network gets them: the "
                "object is cut out, placed and scaled, and lies on a background. Below "
                "each is its label, or, once the network was measured, whether it was "
                "right and how sure it was. The number at the bottom is how many of the"
                " split it got wrong.",
    .tries =
        "Try: w shows what it got wrong; O puts first what it was least sure of; c shows one "
        "class; H counts classes and factors; o shows the originals; Enter looks at one image; "
        "t looks at images that it trained on.",
    .commands = commands,
    .results = results,
    .open = open_pane,
    .close = close_pane,
    .update = update,
    .heading = heading,
    .view = SX_VIEW_SPAN(data_pane, order, open),
    .restored = restored,
    .draw = draw,
    .mouse = mouse,
    .enter = enter,
    .offer = offer,
    .accept = accept,
    .back = back,
    .state = state_of};
