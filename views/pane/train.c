/* Train: how the training goes. Loss and accuracy of training and validation over the steps, on an
 * axis that is as long as the run, so that a live curve fills from the left and never scrolls;
 * learning rate and gradient norm where there is room; figures and a progress bar below. A cursor
 * reads the curves at a step. How they are seen (a part of the steps, logarithms, means) stays as
 * chosen while data arrive. */
#include "views/pane/difference.h"
#include "views/pane/lens.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    sx_desk *desk;
    long cursor;           /* point of the training series; -1: none, the newest is told */
    sx_ends steps, losses; /* what is seen */
    bool logarithmic;      /* the axes of loss, learning rate and gradient norm */
    int smoothing, axis;
    sx_mouse mouse;
} train_pane;

static const sx_result *training(const train_pane *pane) {
    return sx_part_result(pane->desk, "training", SX_RESULT_SERIES);
}
static const sx_result *validation(const train_pane *pane) {
    return sx_part_result(pane->desk, "validation", SX_RESULT_SERIES);
}

/* ---- what is seen -----------------------------------------------------------------------------
 */

static double last_step(const train_pane *pane) {
    const sx_result *series = training(pane);
    double steps = (double)pane->desk->now->report.steps;
    if (steps > 0) return steps;
    return series && series->series.length ? series->series.x[series->series.length - 1] : 0;
}

static double cursor_step(const train_pane *pane) {
    const sx_result *series = training(pane);
    if (!series || pane->cursor < 0 || pane->cursor >= (long)series->series.length) return NAN;
    return series->series.x[pane->cursor];
}

static sx_ends seen_steps(const train_pane *pane) {
    return sx_lens_seen(&pane->steps, 0, last_step(pane));
}

/* Without a cursor one looks at the newest points. */
static sx_lens lens_of(train_pane *pane) {
    const sx_result *series = training(pane);
    sx_lens lens = sx_lens_of(series, &pane->steps, &pane->losses, cursor_step(pane));
    if (!(lens.low < lens.high)) return lens;
    if (isnan(lens.at)) lens.at = fmin(seen_steps(pane).high, lens.high);
    lens.low = 0;
    lens.high = last_step(pane);
    lens.whole = true;
    return lens;
}

static void run_lens(void *state, int value, const char *argument) {
    train_pane *pane = state;
    sx_lens lens = lens_of(pane);
    sx_lens_run(&lens, pane->desk, value, argument);
}

static void run_logarithmic(void *state, int value, const char *argument) {
    train_pane *pane = state;
    (void)value, (void)argument;
    sx_logarithmic_turn(pane->desk, &pane->logarithmic, "loss");
}

static void run_smooth(void *state, int value, const char *argument) {
    train_pane *pane = state;
    (void)value;
    sx_smoothing_turn(pane->desk, &pane->smoothing, argument);
}

static double place_of(const void *context, double step) {
    const train_pane *pane = context;
    return sx_clock_at(pane->desk->now->clock, pane->axis, step);
}

static void run_axis(void *state, int value, const char *argument) {
    train_pane *pane = state;
    (void)value;
    sx_x_axis_turn(pane->desk, &pane->axis, pane->desk->now->clock, argument);
}

/* ---- what a person may change while it learns -------------------------------------------------
 */

/* "0.5" as the value of a knob. */
static void run_knob(void *state, int value, const char *argument) {
    train_pane *pane = state;
    double number;
    if (!sx_text_number(argument, &number)) {
        sx_desk_say(pane->desk, "that takes a number");
        pane->desk->bad = true;
    } else if (sx_desk_send(pane->desk, (sx_command_kind)value, number)) {
        sx_desk_say(pane->desk,
                    value == SX_COMMAND_BATCH ? "batches of %g images from the next epoch on"
                                              : "%g from the next step on",
                    number);
    }
}

static const char *switch_choice(void *state, size_t row) {
    static const char *const names[] = {"off", "on"};
    (void)state;
    return row < 2 ? names[row] : NULL;
}

static void run_augment(void *state, int value, const char *argument) {
    train_pane *pane = state;
    (void)value;
    int wanted = sx_part_choose(pane->desk, switch_choice, pane, pane->desk->now->report.augments,
                                argument, "augmentation is on or off");
    if (wanted >= 0 && sx_desk_send(pane->desk, SX_COMMAND_AUGMENT, wanted))
        sx_desk_say(pane->desk, "augmentation %s from the next step on", wanted ? "on" : "off");
}

/* ---- the cursor -------------------------------------------------------------------------------
 */

/* A cell of a plot is several points of a long run: so many at a press. */
static void run_move(void *state, int value, const char *argument) {
    train_pane *pane = state;
    const sx_result *series = training(pane);
    double all = last_step(pane);
    sx_ends ends = seen_steps(pane);
    sx_lens lens = lens_of(pane);
    long last = series ? (long)series->series.length - 1 : -1;
    double share = all > 0 ? fmin((ends.high - ends.low) / all, 1) : 1;
    long stride = 1 + (long)((double)last / 100 * share);
    long to = pane->cursor < 0 || pane->cursor > last ? last : pane->cursor;
    (void)argument;
    if (last < 0) return;
    to = value == LEFT ? to - stride : value == RIGHT ? to + stride : value == FIRST ? 0 : last;
    pane->cursor = to < 0 ? 0 : to > last ? last : to;
    sx_lens_keep(&lens, cursor_step(pane));
}

static void run_follow(void *state, int value, const char *argument) {
    train_pane *pane = state;
    (void)value, (void)argument;
    pane->cursor = -1;
}

static const sx_command commands[] = {
    {"left", "Left h", "", NULL, "the cursor to an earlier step", run_move, LEFT, NULL, NULL},
    {"right", "Right l", "", NULL, "the cursor to a later step", run_move, RIGHT, NULL, NULL},
    {"first", "g Home", "", NULL, "the cursor to the first step", run_move, FIRST, NULL, NULL},
    {"last", "G End", "", NULL, "the cursor to the last step", run_move, LAST, NULL, NULL},
    {"follow", "f", "", NULL, "no cursor: tell the newest figures", run_follow, 0, NULL, NULL},
    SX_LENS_COMMANDS(run_lens, "< Up k", "> Down j", "Y v"),
    {"logarithmic", "L", "", NULL, "loss on a logarithmic axis, or a linear one", run_logarithmic,
     0, NULL, NULL},
    {"smooth", "S", "[PERCENT]", NULL, "means over 1, 3 or 10 % of the points beside the raw line",
     run_smooth, 0, sx_smoothing_choice, NULL},
    {"over", "t", "[AXIS]", NULL, "curves over step, epoch or time", run_axis, 0, sx_x_axis_choice,
     NULL},
    {"momentum", "n", "VALUE", NULL, "another momentum (Adam: beta1) from the next step on",
     run_knob, SX_COMMAND_MOMENTUM, NULL, NULL},
    {"weight-decay", "d", "VALUE", NULL, "another weight decay from the next step on", run_knob,
     SX_COMMAND_WEIGHT_DECAY, NULL, NULL},
    {"augment", "a", "[SWITCH]", NULL, "the study's random changes of training images off, or on",
     run_augment, 0, switch_choice, NULL},
    {"batch", "b", "IMAGES", NULL, "another size of batch from the next epoch on", run_knob,
     SX_COMMAND_BATCH, NULL, NULL},
    {0}};

static void heading(const void *state, sx_heading *out) {
    const train_pane *pane = state;
    sx_heading_add(out, 0, "", "Train");
    if (pane->desk->now->model[0]) sx_heading_add(out, 1, "", " · %s", pane->desk->now->model);
}

/* The plots over the steps: a line of training and, if `both`, the line of validation. */
enum { LOSS, ACCURACY, RATE, NORM, PLOTS };
static const struct {
    const char *name, *file;
    bool both;
} plots[PLOTS] = {{"loss", "view-loss", true},
                  {"accuracy", "view-accuracy", true},
                  {"learning rate", "view-learning-rate", false},
                  {"gradient norm", "view-gradient-norm", false}};

typedef struct {
    sx_curve curves[2];
    int count;
    sx_axes axes;
} view;

static view view_of(const train_pane *pane, int which, bool narrow) {
    view v = {.axes = sx_axes_default()};
    const char *name = plots[which].name;
    bool both = plots[which].both;
    int line = sx_part_line(training(pane), name);
    if (line >= 0)
        v.curves[v.count++] =
            (sx_curve){.series = training(pane),
                       .line = line,
                       .label = both ? "train" : NULL,
                       .look = 0,
                       .smooth = both ? sx_smoothing_reach(pane->smoothing, training(pane)) : 0};
    line = both ? sx_part_line(validation(pane), name) : -1;
    if (line >= 0)
        v.curves[v.count++] = (sx_curve){.series = validation(pane),
                                         .line = line,
                                         .label = narrow ? "val" : "validation",
                                         .look = 1,
                                         .dashed = true};
    v.axes.x_low = 0;
    v.axes.x_high = last_step(pane);
    v.axes.y_log = pane->logarithmic && which != ACCURACY;
    if (which == ACCURACY) v.axes.y_low = 0, v.axes.y_high = 1;
    sx_lens_axes(&pane->steps, which == LOSS ? &pane->losses : &sx_ends_free, &v.axes);
    if (!(v.axes.x_high > v.axes.x_low)) v.axes.x_high = NAN;
    v.axes.y_label = narrow && which == ACCURACY ? "acc" : name;
    bool by_clock = pane->axis != SX_BY_STEP &&
                    sx_part_line(pane->desk->now->clock, sx_x_axes[pane->axis].line) >= 0;
    v.axes.x_label = sx_x_axes[by_clock ? pane->axis : SX_BY_STEP].label;
    if (by_clock) {
        v.axes.place = place_of;
        v.axes.place_context = pane;
    }
    v.axes.legend = both;
    return v;
}

static void draw_curve(train_pane *pane, sx_canvas *canvas, sx_box box, int which) {
    pane->mouse.boxes[which] = box;
    view v = view_of(pane, which, box.width < 32);
    v.axes.cursor = cursor_step(pane);
    sx_plot_curves(canvas, box, v.curves, v.count, &v.axes);
}

static double step_under(const train_pane *pane, int plot, int x) {
    sx_box box = pane->mouse.boxes[plot];
    view v = view_of(pane, plot, box.width < 32);
    return sx_plot_x_at(pane->mouse.look, box, v.curves, v.count, &v.axes, x - box.x);
}

/* The point nearest to a step. */
static void put_cursor(train_pane *pane, double step) {
    const sx_result *series = training(pane);
    if (series && !isnan(step)) pane->cursor = (long)sx_nearest_point(series, step);
}

/* A click puts the cursor; from there dragged to another column, the steps between are seen. */
static void mouse(void *state, const char *what, int x, int y) {
    train_pane *pane = state;
    sx_lens lens = lens_of(pane);
    sx_stroke stroke = sx_mouse_take(&pane->mouse, what, x, y);
    if (stroke.plot < 0) return;
    double from = step_under(pane, stroke.plot, stroke.from);
    if (stroke.drag)
        sx_lens_between(&lens, from, step_under(pane, stroke.plot, stroke.to));
    else
        put_cursor(pane, from);
}

/* The plots as they are seen, for export. */
static bool figure(void *state, int row, char *name, size_t size, sx_figure *out) {
    const train_pane *pane = state;
    if (row >= PLOTS) return false;
    view v = view_of(pane, row, false);
    snprintf(name, size, "%s", plots[row].file);
    *out = (sx_figure){.result = v.count ? v.curves[0].series : NULL,
                       .caption = pane->desk->now->caption,
                       .curve_count = v.count,
                       .axes = v.axes};
    memcpy(out->curves, v.curves, sizeof v.curves);
    return true;
}

static void draw_plots(train_pane *pane, sx_canvas *canvas, sx_box box, bool zoomed) {
    bool four = zoomed && box.width >= 76 && box.height >= 16;
    bool flat = box.height < 14 && box.width >= 48; /* stacked, a legend would find no row */
    bool beside = four || flat || box.width > 70;
    sx_box left = box, right;
    if (beside) {
        right = sx_box_take_columns(&left, -(box.width / 2));
        right = sx_box_inset(right, 1, 0, 0, 0);
    } else {
        right = sx_box_take_rows(&left, -(box.height / 2));
    }
    if (four) {
        sx_box rate = sx_box_take_rows(&left, -(box.height / 2));
        sx_box norm = sx_box_take_rows(&right, -(box.height / 2));
        draw_curve(pane, canvas, rate, RATE);
        draw_curve(pane, canvas, norm, NORM);
    }
    draw_curve(pane, canvas, left, LOSS);
    draw_curve(pane, canvas, right, ACCURACY);
}

/* ---- figures ----------------------------------------------------------------------------------
 */

/* The value of a line at the last x that is not past `step`; NaN if none. */
static double value_at(const sx_result *series, const char *name, double step) {
    int line = sx_part_line(series, name);
    double found = NAN;
    for (size_t i = 0; line >= 0 && i < series->series.length && series->series.x[i] <= step; i++)
        if (!isnan(series->series.lines[line].y[i])) found = series->series.lines[line].y[i];
    return found;
}

static sx_segment number_part(const char *name, double value, int decimals) {
    char shown[32];
    if (isnan(value)) return (sx_segment){.role = SX_ROLE_TEXT};
    return sx_part_segment(SX_ROLE_TEXT, "%s %s", name, sx_number_shown(shown, value, decimals));
}

static void draw_figures(const train_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_snapshot *now = pane->desk->now;
    const sx_study_report *report = &now->report;
    double step = cursor_step(pane);
    bool newest = isnan(step);
    sx_segment parts[8];
    int count = 0;
    if (!newest) parts[count++] = number_part("at step", step, 0);
    parts[count++] =
        number_part("loss", newest ? report->loss : value_at(training(pane), "loss", step), 3);
    parts[count++] = number_part(
        "val", newest ? report->validation_accuracy : value_at(validation(pane), "accuracy", step),
        3);
    parts[count++] = number_part(
        "lr", newest ? report->learning_rate : value_at(training(pane), "learning rate", step), 5);
    parts[count++] = number_part(
        "val loss", newest ? report->validation_loss : value_at(validation(pane), "loss", step), 3);
    parts[count++] = number_part(
        "gradient",
        newest ? report->gradient_norm : value_at(training(pane), "gradient norm", step), 2);
    if (newest && !isnan(now->images_per_second)) {
        char speed[32];
        parts[count++] = sx_part_segment(SX_ROLE_DIM, "%s img/s",
                                         sx_number_shown(speed, now->images_per_second, 0));
    }
    if (newest && report->scale != 1 && report->scale > 0) {
        char scale[32];
        parts[count++] =
            sx_part_segment(SX_ROLE_WARNING, "lr x %s", sx_number_shown(scale, report->scale, 2));
    }
    sx_segments_draw(canvas, row, 0, parts, count, 2);
}

/* What a person can change, as it is now. */
static void draw_knobs(const train_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_study_report *r = &pane->desk->now->report;
    sx_segment parts[5];
    int count = 0;
    if (r->batch <= 0) return;
    parts[count++] = number_part("epoch", r->epoch, 2);
    parts[count++] = r->next_batch ? sx_part_segment(SX_ROLE_WARNING, "batch %d, then %d", r->batch,
                                                     r->next_batch)
                                   : sx_part_segment(SX_ROLE_DIM, "batch %d", r->batch);
    if (!isnan(r->momentum))
        parts[count++] = sx_part_segment(SX_ROLE_DIM, "momentum %.4g", r->momentum);
    parts[count++] = sx_part_segment(SX_ROLE_DIM, "weight decay %.4g", r->weight_decay);
    parts[count++] =
        sx_part_segment(SX_ROLE_DIM, r->augments ? "augmentation on" : "no augmentation");
    sx_segments_draw(canvas, row, 0, parts, count, 2);
}

/* What the run is doing now and how far it has come, 0 .. 1. */
static double progress(const sx_study_report *report, char *out, size_t size) {
    char step[32], steps[32];
    sx_text_count(step, report->step);
    sx_text_count(steps, report->steps);
    if (report->phase == SX_PHASE_MEASURING) {
        snprintf(out, size, "last measurements");
        return report->phase_done;
    }
    snprintf(out, size, "step %s of %s", step, steps);
    return report->steps > 0 ? (double)report->step / (double)report->steps : 0;
}

#define LEAST_BAR 6 /* columns of a bar that says something */

static void draw_progress(const train_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_snapshot *now = pane->desk->now;
    char text[96], end[96], left[32];
    double done = progress(&now->report, text, sizeof text);
    if (done < 0 || isnan(done)) done = 0;
    if (done > 1) done = 1;
    double seconds = now->seconds_left + now->cells_seconds_left;
    bool ended = now->state >= SX_STATE_FINISHED || isnan(seconds);
    int share = snprintf(end, sizeof end, "%3.0f %%", done * 100);
    if (!ended)
        snprintf(end + share, sizeof end - (size_t)share,
                 now->cell_count ? "  all %s left" : "  %s left", sx_text_duration(left, seconds));
    int x = sx_canvas_text(canvas, row, 0, 0, sx_style_of(SX_ROLE_TEXT), text) + 2;
    if (row.width - x - sx_text_columns(end) - 1 < LEAST_BAR)
        end[share] = 0; /* the time goes first */
    int tail = sx_text_columns(end);
    sx_box bar = sx_box_inset(row, x, 0, tail + 1, 0);
    if (bar.width >= LEAST_BAR) {
        sx_canvas_progress(canvas, bar, done, sx_style_of(SX_ROLE_SERIES2));
        sx_canvas_text_right(canvas, row, row.width, 0, sx_style_of(SX_ROLE_TEXT), end);
    } else if (x + tail <= row.width) {
        sx_canvas_text(canvas, row, x, 0, sx_style_of(SX_ROLE_TEXT), end);
    }
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    train_pane *pane = state;
    const sx_result *series = training(pane);
    sx_mouse_clear(&pane->mouse, canvas->look);
    if (!series || series->series.length == 0) {
        const sx_snapshot *now = pane->desk->now;
        bool none = now->state == SX_STATE_FINISHED && !now->report.steps;
        bool opened = none && !sx_part_without_network(pane->desk);
        if (opened || now->report.measures_only)
            sx_centred_draw(canvas, box, sx_style_of(SX_ROLE_DIM),
                            opened ? "Nothing is trained here: the network is as it was opened"
                                   : "Nothing is trained here: networks are as they were opened");
        else
            sx_part_waiting(pane->desk, canvas, box, "The loss curve",
                            "comes with the first steps");
        return;
    }
    box = sx_box_inset(box, 1, 0, 1, 0);
    if (pane->desk->now->report.steps > 0) draw_progress(pane, canvas, sx_box_take_rows(&box, -1));
    if (how.zoomed && box.height > 16) draw_knobs(pane, canvas, sx_box_take_rows(&box, -1));
    if (box.height > 4) draw_figures(pane, canvas, sx_box_take_rows(&box, -1));
    draw_plots(pane, canvas, box, how.zoomed);
}

static void *open_pane(sx_desk *desk) {
    train_pane *pane = sx_alloc(1, sizeof *pane);
    if (pane)
        *pane = (train_pane){.desk = desk,
                             .cursor = -1,
                             .steps = sx_ends_free,
                             .losses = sx_ends_free,
                             .mouse = {.plot = -1}};
    return pane;
}

static void close_pane(void *state) {
    sx_free(state);
}

static json_t *state_of(const void *state) {
    const train_pane *pane = state;
    double step = cursor_step(pane);
    sx_ends ends = seen_steps(pane);
    return json_pack("{s:o, s:o, s:o, s:b, s:i, s:s}", "cursor", sx_json_number(step), "low",
                     sx_json_number(ends.low), "high", sx_json_number(ends.high), "logarithmic",
                     pane->logarithmic, "smooth", sx_smoothing_percent(pane->smoothing), "axis",
                     sx_x_axes[pane->axis].name);
}

static void layout(const void *state, sx_text *out) {
    const train_pane *pane = state;
    if (pane->logarithmic) sx_text_add(out, "logarithmic\n");
    if (pane->smoothing) sx_text_add(out, "smooth %d\n", sx_smoothing_percent(pane->smoothing));
    if (pane->axis) sx_text_add(out, "over %s\n", sx_x_axes[pane->axis].name);
}

static const char *const results[] = {"training", "validation", NULL};

const sx_pane sx_pane_train = {
    .name = "train",
    .title = "Train",
    .help = "loss, accuracy, learning rate over the steps",
    .explains = "The network sees one batch of images a step and changes its weights a little, so "
                "that the loss, its surprise at the right answers, falls. Accuracy is the share it "
                "gets right. The "
                "validation curve comes from images that it never learns from: where it parts from "
                "the training "
                "curve, the network learns by heart.",
    .tries =
        "Try: + and - change the learning rate while it learns, n d a b other knobs; space and "
        ". go step by step; the arrows read a value; L: logarithms, S: means, z: closer, t: "
        "over time.",
    .commands = commands,
    .results = results,
    .open = open_pane,
    .close = close_pane,
    .heading = heading,
    .view = SX_VIEW_SPAN(train_pane, steps, axis),
    .draw = draw,
    .figure = figure,
    .mouse = mouse,
    .layout = layout,
    .state = state_of};
