/* Train: how the training goes. Loss and accuracy of training and validation over the steps, on an
 * axis that is as long as the run, so that a live curve fills from the left and never scrolls;
 * learning rate and gradient norm where there is room; figures and a progress bar below. A cursor
 * reads the curves at a step. How they are seen (a part of the steps, logarithms, means) stays as
 * chosen while data arrive. */
#include "views/pane/difference.h"
#include "views/pane/part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    sx_desk *desk;
    long cursor;                /* point of the training series; -1: none, the newest is told */
    double steps[2], losses[2]; /* what is seen; NaN: all */
    bool logarithmic;           /* the axes of loss, learning rate and gradient norm */
    int smoothing;              /* row of `smoothings` */
    int axis;                   /* row of `x_axes` */
    sx_box boxes[2];            /* where loss and accuracy are drawn, for the mouse */
    sx_look look;
    int pressed[2]; /* plot, -1: none, and column of the canvas where the button went down */
} train_pane;

/* What the curves are drawn over: steps, or what the clock knows of them. */
enum { BY_STEP, BY_EPOCH, BY_TIME, X_AXES };
static const struct {
    const char *name, *label, *line;
} x_axes[X_AXES] = {{"step", "step", NULL}, {"epoch", "epoch", "epoch"}, {"time", "s", "seconds"}};

/* Percent of the points that a mean takes. */
static const int smoothings[] = {0, 1, 3, 10};
enum { SMOOTHINGS = sizeof smoothings / sizeof *smoothings };

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

/* The ends of the axis of steps. */
static void seen_steps(const train_pane *pane, double *low, double *high) {
    *low = isnan(pane->steps[0]) ? 0 : pane->steps[0];
    *high = isnan(pane->steps[1]) ? last_step(pane) : pane->steps[1];
}

/* Sees `width` steps around `middle`, moved to where there are any. */
static void see_steps(train_pane *pane, double middle, double width) {
    double all = last_step(pane);
    if (width >= all) {
        pane->steps[0] = pane->steps[1] = NAN;
        return;
    }
    double low = fmin(fmax(middle - width / 2, 0), all - width);
    pane->steps[0] = round(low);
    pane->steps[1] = round(low + width);
}

/* The cursor drags the view along. */
static void keep_cursor_seen(train_pane *pane) {
    double low, high, step = cursor_step(pane);
    seen_steps(pane, &low, &high);
    if (step < low || step > high) see_steps(pane, step, high - low);
}

enum { CLOSER, WIDER, WHOLE };
static void run_view(void *state, int value, const char *argument) {
    train_pane *pane = state;
    const sx_result *series = training(pane);
    double low, high, step = cursor_step(pane);
    (void)argument;
    if (!series || series->series.length < 2) return;
    seen_steps(pane, &low, &high);
    if (isnan(step)) step = fmin(high, series->series.x[series->series.length - 1]);
    double least = 8 * (series->series.x[1] - series->series.x[0]);
    double width = value == CLOSER  ? fmax((high - low) / 2, fmin(least, high - low))
                   : value == WIDER ? 2 * (high - low)
                                    : INFINITY;
    see_steps(pane, value == WIDER ? (low + high) / 2 : step, width);
    if (value == WHOLE) pane->losses[0] = pane->losses[1] = NAN;
}

/* "LOW HIGH" becomes the ends of an axis. */
static void run_limits(void *state, int value, const char *argument) {
    train_pane *pane = state;
    char low[32] = "", high[32] = "";
    double numbers[2] = {NAN, NAN}, *ends = value ? pane->losses : pane->steps;
    if (argument[0] &&
        (sscanf(argument, "%31s %31s", low, high) != 2 || !sx_text_number(low, &numbers[0]) ||
         !sx_text_number(high, &numbers[1]) || !(numbers[0] < numbers[1]))) {
        sx_desk_say(pane->desk, "limits are two numbers, the lower one first: 1000 3000");
        pane->desk->bad = true;
        return;
    }
    memcpy(ends, numbers, sizeof numbers);
}

static void run_logarithmic(void *state, int value, const char *argument) {
    train_pane *pane = state;
    (void)value, (void)argument;
    pane->logarithmic = !pane->logarithmic;
    sx_desk_say(pane->desk,
                pane->logarithmic ? "loss on a logarithmic axis" : "loss on a linear axis");
}

static const char *smooth_choice(void *state, size_t row) {
    static const char *const names[SMOOTHINGS] = {"0", "1", "3", "10"};
    (void)state;
    return row < SMOOTHINGS ? names[row] : NULL;
}

static void run_smooth(void *state, int value, const char *argument) {
    train_pane *pane = state;
    (void)value;
    int wanted = sx_part_choose(pane->desk, smooth_choice, pane, pane->smoothing, argument,
                                "smoothing is 0, 1, 3 or 10 percent of the points");
    if (wanted < 0) return;
    pane->smoothing = wanted;
    if (wanted)
        sx_desk_say(pane->desk, "means over %d %% of the points; the raw line stays, faint",
                    smoothings[wanted]);
    else
        sx_desk_say(pane->desk, "the raw line alone");
}

/* The epoch or second of a step; beyond what is known so far, at the pace so far. */
static double place_of(const void *context, double step) {
    const train_pane *pane = context;
    const sx_result *clock = pane->desk->now->clock;
    int line = sx_part_line(clock, x_axes[pane->axis].line);
    if (line < 0 || clock->series.length == 0) return NAN;
    size_t last = clock->series.length - 1;
    const double *x = clock->series.x, *y = clock->series.lines[line].y;
    if (step <= x[0]) return x[0] > 0 ? y[0] * step / x[0] : y[0];
    if (step >= x[last]) return y[last] * step / x[last];
    return sx_line_at(clock, line, step);
}

static const char *axis_choice(void *state, size_t row) {
    (void)state;
    return row < X_AXES ? x_axes[row].name : NULL;
}

static void run_axis(void *state, int value, const char *argument) {
    train_pane *pane = state;
    (void)value;
    int wanted = sx_part_choose(pane->desk, axis_choice, pane, pane->axis, argument,
                                "the curves are over step, epoch or time");
    if (wanted < 0) return;
    if (!argument[0] && wanted != BY_STEP &&
        sx_part_line(pane->desk->now->clock, x_axes[wanted].line) < 0) {
        sx_desk_say(pane->desk, "when points were reached is not known yet");
        return;
    }
    pane->axis = wanted;
    sx_desk_say(pane->desk, "curves over %s", wanted == BY_TIME ? "time" : x_axes[wanted].name);
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
    double low, high, all = last_step(pane);
    seen_steps(pane, &low, &high);
    long last = series ? (long)series->series.length - 1 : -1;
    long stride = 1 + (long)((double)last / 100 * (all > 0 ? (high - low) / all : 1));
    long to = pane->cursor < 0 || pane->cursor > last ? last : pane->cursor;
    (void)argument;
    if (last < 0) return;
    to = value == LEFT ? to - stride : value == RIGHT ? to + stride : value == FIRST ? 0 : last;
    pane->cursor = to < 0 ? 0 : to > last ? last : to;
    keep_cursor_seen(pane);
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
    {"closer", "z", "", NULL, "half as many steps, around the cursor", run_view, CLOSER, NULL,
     NULL},
    {"wider", "Z", "", NULL, "twice as many steps", run_view, WIDER, NULL, NULL},
    {"whole", "0", "", NULL, "all steps, and loss as it comes", run_view, WHOLE, NULL, NULL},
    {"limits", "x", "LOW HIGH", NULL, "see the steps from LOW to HIGH", run_limits, 0, NULL, NULL},
    {"loss-limits", "v", "LOW HIGH", NULL, "see losses from LOW to HIGH", run_limits, 1, NULL,
     NULL},
    {"logarithmic", "L", "", NULL, "loss on a logarithmic axis, or a linear one", run_logarithmic,
     0, NULL, NULL},
    {"smooth", "S", "[PERCENT]", NULL, "means over 1, 3 or 10 % of the points beside the raw line",
     run_smooth, 0, smooth_choice, NULL},
    {"over", "t", "[AXIS]", NULL, "curves over step, epoch or time", run_axis, 0, axis_choice,
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

/* Points to either side that a mean takes, of a series with so many points a step as training. */
static size_t reach_of(const train_pane *pane) {
    const sx_result *series = training(pane);
    size_t points = series ? series->series.length : 0;
    return points * (size_t)smoothings[pane->smoothing] / 200;
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
        v.curves[v.count++] = (sx_curve){.series = training(pane),
                                         .line = line,
                                         .label = both ? "train" : NULL,
                                         .look = 0,
                                         .smooth = both ? reach_of(pane) : 0};
    line = both ? sx_part_line(validation(pane), name) : -1;
    if (line >= 0)
        v.curves[v.count++] = (sx_curve){.series = validation(pane),
                                         .line = line,
                                         .label = narrow ? "val" : "validation",
                                         .look = 1,
                                         .dashed = true};
    seen_steps(pane, &v.axes.x_low, &v.axes.x_high);
    if (!(v.axes.x_high > v.axes.x_low)) v.axes.x_high = NAN;
    v.axes.y_log = pane->logarithmic && which != ACCURACY;
    if (which == LOSS) {
        v.axes.y_low = pane->losses[0];
        v.axes.y_high = pane->losses[1];
    } else if (which == ACCURACY) {
        v.axes.y_low = 0;
        v.axes.y_high = 1;
    }
    v.axes.y_label = narrow && which == ACCURACY ? "acc" : name;
    bool by_clock =
        pane->axis != BY_STEP && sx_part_line(pane->desk->now->clock, x_axes[pane->axis].line) >= 0;
    v.axes.x_label = x_axes[by_clock ? pane->axis : BY_STEP].label;
    if (by_clock) {
        v.axes.place = place_of;
        v.axes.place_context = pane;
    }
    v.axes.legend = both;
    return v;
}

static void draw_curve(train_pane *pane, sx_canvas *canvas, sx_box box, int which) {
    if (which <= ACCURACY) pane->boxes[which] = box;
    pane->look = canvas->look;
    view v = view_of(pane, which, box.width < 32);
    v.axes.cursor = cursor_step(pane);
    sx_plot_curves(canvas, box, v.curves, v.count, &v.axes);
}

/* The plot under a cell, -1: none. */
static int plot_under(const train_pane *pane, int x, int y) {
    for (int i = 0; i < 2; i++) {
        sx_box box = pane->boxes[i];
        if (x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height) return i;
    }
    return -1;
}

static double step_under(const train_pane *pane, int plot, int x) {
    sx_box box = pane->boxes[plot];
    view v = view_of(pane, plot, box.width < 32);
    if (v.axes.place) return NAN; /* over time or epochs a column is no step */
    return sx_plot_x_at(pane->look, box, v.curves, v.count, &v.axes, x - box.x);
}

/* The point nearest to a step. */
static void put_cursor(train_pane *pane, double step) {
    const sx_result *series = training(pane);
    if (!series || isnan(step)) return;
    pane->cursor = 0;
    for (long i = 1; i < (long)series->series.length; i++)
        if (fabs(series->series.x[i] - step) < fabs(series->series.x[pane->cursor] - step))
            pane->cursor = i;
}

/* A click puts the cursor; from there dragged to another column, the steps between are seen. */
static void mouse(void *state, const char *what, int x, int y) {
    train_pane *pane = state;
    int plot = plot_under(pane, x, y);
    if (strcmp(what, "Click") == 0) {
        pane->pressed[0] = plot;
        pane->pressed[1] = x;
        if (plot >= 0) put_cursor(pane, step_under(pane, plot, x));
        return;
    }
    if (plot < 0 || plot != pane->pressed[0] || abs(x - pane->pressed[1]) < 3) return;
    double from = step_under(pane, plot, pane->pressed[1]), to = step_under(pane, plot, x);
    pane->pressed[0] = -1;
    if (isnan(from) || isnan(to)) return;
    pane->steps[0] = round(fmin(from, to));
    pane->steps[1] = round(fmax(from, to));
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

static void draw_progress(const train_pane *pane, sx_canvas *canvas, sx_box row) {
    const sx_snapshot *now = pane->desk->now;
    char text[96], end[96], left[32];
    double done = progress(&now->report, text, sizeof text);
    if (done < 0 || isnan(done)) done = 0;
    if (done > 1) done = 1;
    bool ended = now->state >= SX_STATE_FINISHED || isnan(now->seconds_left);
    snprintf(end, sizeof end, "%3.0f %%%s%s%s", done * 100, ended ? "" : "  ",
             ended ? "" : sx_text_duration(left, now->seconds_left), ended ? "" : " left");
    int x = sx_canvas_text(canvas, row, 0, 0, sx_style_of(SX_ROLE_TEXT), text) + 2;
    int tail = sx_text_columns(end);
    sx_box bar = sx_box_inset(row, x, 0, tail + 1, 0);
    if (bar.width >= 6) {
        sx_canvas_progress(canvas, bar, done, sx_style_of(SX_ROLE_SERIES2));
        sx_canvas_text_right(canvas, row, row.width, 0, sx_style_of(SX_ROLE_TEXT), end);
    } else if (x + tail <= row.width) {
        sx_canvas_text(canvas, row, x, 0, sx_style_of(SX_ROLE_TEXT), end);
    }
}

static void draw(void *state, sx_canvas *canvas, sx_box box, sx_pane_drawing how) {
    train_pane *pane = state;
    const sx_result *series = training(pane);
    if (!series || series->series.length == 0) {
        sx_part_waiting(pane->desk, canvas, box, "The loss curve", "comes with the first steps");
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
        *pane = (train_pane){.desk = desk, .cursor = -1, .steps = {NAN, NAN}, .losses = {NAN, NAN}};
    return pane;
}

static void close_pane(void *state) {
    sx_free(state);
}

static json_t *state_of(const void *state) {
    const train_pane *pane = state;
    double step = cursor_step(pane);
    double low, high;
    seen_steps(pane, &low, &high);
    return json_pack("{s:o, s:o, s:o, s:b, s:i, s:s}", "cursor", sx_json_number(step), "low",
                     sx_json_number(low), "high", sx_json_number(high), "logarithmic",
                     pane->logarithmic, "smooth", smoothings[pane->smoothing], "axis",
                     x_axes[pane->axis].name);
}

static void layout(const void *state, sx_text *out) {
    const train_pane *pane = state;
    if (pane->logarithmic) sx_text_add(out, "logarithmic\n");
    if (pane->smoothing) sx_text_add(out, "smooth %d\n", smoothings[pane->smoothing]);
    if (pane->axis) sx_text_add(out, "over %s\n", x_axes[pane->axis].name);
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
