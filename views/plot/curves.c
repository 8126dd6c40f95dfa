/* Curves: ranges from the data, guides, lines, marks, and the legend.
 *
 * A curve is drawn point by point; NaN and infinities lift the pen, leave a mark on the axis and
 * never count for the range. What rests on too few images is drawn faint, with hollow marks, and
 * the legend says so. */
#include "views/plot/axes.h"
#include "views/plot/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SAMPLE_COLUMNS 3 /* of a line in the legend */
#define SAMPLE_MIDDLE 1  /* the column of its mark */

sx_axes sx_axes_default(void) {
    return (sx_axes){
        .x_low = NAN, .x_high = NAN, .y_low = NAN, .y_high = NAN, .legend = true, .cursor = NAN};
}

static const sx_line *line_of(const sx_curve *curve) {
    return &curve->series->series.lines[curve->line];
}

static sx_pen pen_of(const sx_curve *curve) {
    return (sx_pen){.look = curve->look, .dashed = curve->dashed};
}

static bool is_few(const sx_curve *curve, size_t i) {
    const sx_line *line = line_of(curve);
    return line->count && line->count[i] < curve->series->series.few;
}

/* A value that was measured and is no number; a count that is 0 or unknown says it was not. */
static bool is_broken(const sx_curve *curve, size_t i) {
    const sx_line *line = line_of(curve);
    return !isfinite(line->y[i]) && (!line->count || line->count[i] > 0);
}

/* ---- ranges -----------------------------------------------------------------------------------
 */

typedef struct {
    double low, high;
} span;

static void include(span *s, double value) {
    if (!isfinite(value)) return;
    if (value < s->low) s->low = value;
    if (value > s->high) s->high = value;
}

/* Where a value of x is drawn. */
static double placed(const sx_axes *axes, double x) {
    return axes->place ? axes->place(axes->place_context, x) : x;
}

/* What the curve spans between the ends that were asked for. */
static void span_of(const sx_curve *curve, const sx_axes *axes, span *x, span *y) {
    const sx_series *series = &curve->series->series;
    const sx_line *line = line_of(curve);
    for (size_t i = 0; i < series->length; i++) {
        double place = placed(axes, series->x[i]);
        if (!isfinite(place)) continue;
        include(x, place);
        if (series->x[i] < axes->x_low || series->x[i] > axes->x_high) continue;
        if (axes->y_log && !(line->y[i] > 0)) continue;
        include(y, line->y[i]);
        if ((!curve->marks && !curve->band) || !line->low || !line->high) continue;
        if (!axes->y_log || line->low[i] > 0) include(y, line->low[i]);
        include(y, line->high[i]);
    }
}

/* Positive data that come near 0 get an axis from 0: what is half as high shall look so. */
static void from_zero(span *y) {
    if (y->low > 0 && y->low < 0.5 * y->high) y->low = 0;
}

/* An end that was asked for is taken instead of the data's. */
static bool take(double asked, double *end) {
    if (isfinite(asked)) *end = asked;
    return isfinite(asked);
}

/* Ranges of the frame; false if there is nothing to draw. */
static bool measure(sx_frame *frame, const sx_curve *curves, int count, const sx_axes *axes) {
    span x = {INFINITY, -INFINITY}, y = x;
    for (int i = 0; i < count; i++) span_of(&curves[i], axes, &x, &y);
    bool any = y.low <= y.high;
    frame->y_log = axes->y_log && any;
    if (!frame->y_log) from_zero(&y);
    bool low = take(placed(axes, axes->x_low), &x.low);
    bool high = take(placed(axes, axes->x_high), &x.high);
    span range = x;
    sx_range_nice(&range.low, &range.high, 20, frame->degrees);
    frame->x_low = low && x.low < range.high ? x.low : range.low;
    frame->x_high = high && x.high > frame->x_low ? x.high : range.high;
    frame->y_low_fixed = !(frame->y_log && axes->y_low <= 0) && take(axes->y_low, &y.low);
    frame->y_high_fixed = !(frame->y_log && axes->y_high <= 0) && take(axes->y_high, &y.high);
    frame->y_low = y.low;
    frame->y_high = y.high;
    return any;
}

/* Labels from the first curve, unless the caller has others; x_label [size] holds one. */
static void label(sx_frame *frame, const sx_curve *first, const sx_axes *axes, char *x_label,
                  size_t size) {
    const sx_series *series = first ? &first->series->series : NULL;
    const char *name = series && series->x_label ? series->x_label : "";
    const char *unit = series && series->x_unit ? series->x_unit : "";
    snprintf(x_label, size, "%s%s%s%s", name, *unit ? " (" : "", unit, *unit ? ")" : "");
    frame->x_label = axes->x_label ? axes->x_label : x_label;
    frame->x_name = axes->x_label ? axes->x_label : name;
    frame->y_label = axes->y_label               ? axes->y_label
                     : series && series->y_label ? series->y_label
                                                 : "";
    frame->degrees = strstr(name, "degree") || strstr(unit, "degree");
}

/* ---- lines and marks ---------------------------------------------------------------------------
 */

/* The mean of the points around point i that are numbers, as many on either side; a gap stays. */
static double smoothed(const sx_curve *curve, size_t i) {
    const sx_series *series = &curve->series->series;
    const double *y = line_of(curve)->y;
    size_t left = series->length - 1 - i, reach = curve->smooth;
    if (reach > i) reach = i;
    if (reach > left) reach = left;
    double sum = 0, count = 0;
    for (size_t k = i - reach; k <= i + reach && isfinite(y[i]); k++)
        if (isfinite(y[k])) sum += y[k], count++;
    return count > 0 ? sum / count : NAN;
}

/* The line through the points, or only its parts that rest on too few images, or its means, or an
 * edge of its band. */
typedef enum { LINE_RAW, LINE_FEW, LINE_SMOOTH, LINE_LOW, LINE_HIGH } line_kind;

static double value_of(const sx_curve *curve, line_kind kind, size_t i) {
    const sx_line *line = line_of(curve);
    if (kind == LINE_SMOOTH) return smoothed(curve, i);
    return kind == LINE_LOW ? line->low[i] : kind == LINE_HIGH ? line->high[i] : line->y[i];
}

static void draw_line(const sx_frame *frame, sx_surface *surface, const sx_curve *curve,
                      const sx_axes *axes, line_kind kind) {
    const sx_series *series = &curve->series->series;
    sx_pen pen = pen_of(curve);
    pen.dim = kind == LINE_FEW || kind >= LINE_LOW || (kind == LINE_RAW && curve->smooth > 0);
    bool down = false;
    surface->kind->begin(surface, frame->area, pen);
    for (size_t i = 0; i < series->length; i++) {
        double value = value_of(curve, kind, i);
        double x = sx_frame_x(frame, placed(axes, series->x[i])), y = sx_frame_y(frame, value);
        bool drawn = isfinite(x) && isfinite(y) && (kind != LINE_FEW || is_few(curve, i));
        if (drawn) (down ? surface->kind->line : surface->kind->move)(surface, x, y);
        down = drawn;
    }
    surface->kind->end(surface);
}

static bool within(double value, double low, double high) {
    return value >= low && value <= high;
}

static void draw_interval(const sx_frame *frame, sx_surface *surface, const sx_curve *curve,
                          size_t i, double place) {
    const sx_line *line = line_of(curve);
    if (!line->low || !line->high || !isfinite(line->y[i])) return;
    if (!isfinite(line->low[i]) || !isfinite(line->high[i])) return;
    sx_pen pen = pen_of(curve);
    pen.dim = is_few(curve, i);
    double x = sx_frame_x(frame, place), low = line->low[i];
    if (frame->y_log) low = fmax(low, frame->y_low);
    if (frame->y_log && !(line->high[i] > 0)) return;
    surface->kind->interval(surface, frame->area, x, sx_frame_y(frame, line->high[i]),
                            sx_frame_y(frame, low), pen);
}

static void draw_mark(const sx_frame *frame, sx_surface *surface, const sx_curve *curve, size_t i,
                      double place) {
    double value = line_of(curve)->y[i];
    sx_pen pen = pen_of(curve);
    pen.dim = is_few(curve, i);
    if (!within(value, frame->y_low, frame->y_high)) return;
    surface->kind->mark(surface, sx_frame_x(frame, place), sx_frame_y(frame, value),
                        pen.dim ? SX_MARK_HOLLOW : SX_MARK_POINT, pen);
}

static void draw_marks(const sx_frame *frame, sx_surface *surface, const sx_curve *curve,
                       const sx_axes *axes) {
    const sx_series *series = &curve->series->series;
    double floor_y = frame->area.y + frame->area.height - 0.5;
    for (int pass = 0; pass < 2; pass++) /* intervals first, so that they hide no mark */
        for (size_t i = 0; i < series->length; i++) {
            double place = placed(axes, series->x[i]);
            if (!within(place, frame->x_low, frame->x_high)) continue;
            if (is_broken(curve, i) && frame->horizontal)
                surface->kind->mark(surface, sx_frame_x(frame, place), floor_y, SX_MARK_UNKNOWN,
                                    pen_of(curve));
            if (curve->marks) (pass ? draw_mark : draw_interval)(frame, surface, curve, i, place);
        }
}

static void draw_guide(const sx_frame *frame, sx_surface *surface, double x0, double y0, double x1,
                       double y1) {
    surface->kind->begin(surface, frame->area, (sx_pen){.guide = true});
    surface->kind->move(surface, sx_frame_x(frame, x0), sx_frame_y(frame, y0));
    surface->kind->line(surface, sx_frame_x(frame, x1), sx_frame_y(frame, y1));
    surface->kind->end(surface);
}

static void draw_guides(const sx_frame *frame, sx_surface *surface, const sx_axes *axes) {
    if (frame->y_low < 0 && frame->y_high > 0)
        draw_guide(frame, surface, frame->x_low, 0, frame->x_high, 0);
    if (axes->diagonal) {
        double low = fmax(frame->x_low, frame->y_low), high = fmin(frame->x_high, frame->y_high);
        if (low < high) draw_guide(frame, surface, low, low, high, high);
    }
    double cursor = placed(axes, axes->cursor);
    if (within(cursor, frame->x_low, frame->x_high))
        draw_guide(frame, surface, cursor, frame->y_low, cursor, frame->y_high);
}

/* ---- legend -----------------------------------------------------------------------------------
 */

typedef struct {
    const sx_curve *curves;
    int count;       /* of curves */
    int entries;     /* and, if points rest on too few images, a note */
    char note[64];   /* "○ fewer than 30 images" */
    int left, width; /* what the label of y leaves of the first row; all of a row */
} legend;

static const char *entry_name(const legend *l, int i) {
    if (!l->curves || i >= l->count) return l->note;
    if (l->curves[i].label) return l->curves[i].label;
    const char *name = line_of(&l->curves[i])->name;
    return name ? name : "";
}

static int entry_columns(const legend *l, int i) {
    return sx_text_columns(entry_name(l, i)) + (i < l->count ? SAMPLE_COLUMNS + 1 : 0);
}

static bool has_few(const sx_curve *curve) {
    const sx_series *series = &curve->series->series;
    for (size_t i = 0; i < series->length; i++)
        if (is_few(curve, i) && isfinite(line_of(curve)->y[i])) return true;
    return false;
}

static legend legend_of(const sx_frame *frame, const sx_surface *surface, const sx_curve *curves,
                        int count, bool wanted) {
    legend l = {.curves = curves, .count = wanted ? count : 0, .width = surface->width};
    if (count == 1 && strcmp(entry_name(&l, 0), frame->y_label) == 0) l.count = 0;
    l.left = sx_text_columns(frame->y_label) + (*frame->y_label ? 3 : 0) + (frame->y_log ? 6 : 0);
    l.entries = l.count;
    return l;
}

/* Adds what a hollow mark or a faint line means, if there are any. */
static void add_note(legend *l, const sx_curve *curves, int count, bool in_short) {
    l->entries = l->count;
    for (int i = 0; i < count; i++) {
        if (!has_few(&curves[i])) continue;
        snprintf(l->note, sizeof l->note, in_short ? "%s n < %.0f" : "%s fewer than %.0f images",
                 curves[i].marks ? "○" : "faint:", fmin(curves[i].series->series.few, 1e9));
        l->entries++;
        return;
    }
}

/* The entry after the last that fits into a row that begins with entry `first`: at least one. */
static int row_end(const legend *l, int first, int room, int *columns) {
    int i = first;
    for (*columns = 0; i < l->entries; i++) {
        int more = entry_columns(l, i) + (i > first ? 2 : 0);
        if (i > first && *columns + more > room) break;
        *columns += more;
    }
    return i;
}

static int row_room(const legend *l, int row) {
    int room = l->width - (row == 0 ? l->left : 0);
    return room > 0 ? room : 0;
}

/* Rows that the entries take, `most` at most; `all` says whether that is all of them. */
static int legend_rows(const legend *l, int most, bool *all) {
    int rows = 0, columns, i = 0;
    for (; i < l->entries && rows < most; rows++) i = row_end(l, i, row_room(l, rows), &columns);
    *all = i == l->entries;
    return rows;
}

static void draw_entry(const legend *l, sx_surface *surface, int i, int x, int row) {
    if (i < l->count) {
        sx_pen pen = pen_of(&l->curves[i]);
        sx_area area = {x, row, SAMPLE_COLUMNS, 1};
        surface->kind->begin(surface, area, pen);
        surface->kind->move(surface, x + 0.25, row + 0.5);
        surface->kind->line(surface, x + SAMPLE_COLUMNS - 0.25, row + 0.5);
        surface->kind->end(surface);
        if (l->curves[i].marks)
            surface->kind->mark(surface, x + SAMPLE_MIDDLE + 0.5, row + 0.5, SX_MARK_POINT, pen);
        x += SAMPLE_COLUMNS + 1;
    }
    sx_style style = sx_style_of(i < l->count ? SX_ROLE_TEXT : SX_ROLE_DIM);
    surface->kind->text(surface, x, row, style, entry_name(l, i));
}

/* Rows of entries, to the right; what has no room is left out, and an ellipsis says so. */
static void draw_legend(const legend *l, sx_surface *surface, int rows) {
    int first = 0;
    for (int row = 0; row < rows; row++) {
        int columns, room = row_room(l, row), end = row_end(l, first, room, &columns);
        bool cut = row == rows - 1 && end < l->entries;
        if (cut) end = row_end(l, first, room - 2, &columns);
        int x = l->width - columns - (cut ? 2 : 0), least = l->width - room;
        if (x < least) x = least;
        for (int i = first; i < end; i++) {
            draw_entry(l, surface, i, x, row);
            x += entry_columns(l, i) + 2;
        }
        if (cut) surface->kind->text(surface, l->width - 1, row, sx_style_of(SX_ROLE_DIM), "…");
        first = end;
    }
}

/* ---- all --------------------------------------------------------------------------------------
 */

/* Frame and legend of a plot on this surface. x_label [size] holds a label that the frame needs. */
typedef struct {
    sx_frame frame;
    legend legend;
    int legends; /* rows of the legend */
    bool any;    /* there is something to draw */
    char x_label[96];
} plan;

static void make_plan(plan *p, const sx_surface *surface, const sx_curve *curves, int count,
                      const sx_axes *axes) {
    sx_frame *frame = &p->frame;
    int rows = surface->height, most = rows >= 12 ? 3 : rows >= 8 ? 2 : 1;
    bool all;
    *p = (plan){.any = false};
    label(frame, count > 0 ? &curves[0] : NULL, axes, p->x_label, sizeof p->x_label);
    p->any = measure(frame, curves, count, axes);
    p->legend = legend_of(frame, surface, curves, count, axes->legend);
    add_note(&p->legend, curves, count, false);
    p->legends = legend_rows(&p->legend, most, &all);
    if (!all) {
        add_note(&p->legend, curves, count, true);
        p->legends = legend_rows(&p->legend, most, &all);
    }
    frame->headers = p->legends > 0 || !*frame->y_label ? p->legends : 1;
    sx_frame_layout(frame, surface);
}

/* What is drawn at `place`, by halving between the ends of what is seen. */
static double unplaced(const sx_curve *curves, int count, const sx_axes *axes, double place) {
    span x = {INFINITY, -INFINITY};
    for (int i = 0; i < count; i++) {
        const sx_series *series = &curves[i].series->series;
        if (series->length == 0) continue;
        include(&x, series->x[0]);
        include(&x, series->x[series->length - 1]);
    }
    take(axes->x_low, &x.low);
    take(axes->x_high, &x.high);
    if (!(x.low < x.high) || isnan(placed(axes, x.low))) return NAN;
    for (int i = 0; i < 60; i++) {
        double middle = x.low + (x.high - x.low) / 2;
        if (placed(axes, middle) < place)
            x.low = middle;
        else
            x.high = middle;
    }
    return x.high;
}

double sx_plot_x_at(sx_look look, sx_box box, const sx_curve *curves, int count,
                    const sx_axes *axes, int column) {
    sx_canvas none = {.look = look};
    sx_cell_surface cells;
    plan p;
    make_plan(&p, sx_cell_surface_init(&cells, &none, box), curves, count, axes);
    double x = p.any ? sx_frame_x_at(&p.frame, column) : NAN;
    return axes->place && !isnan(x) ? unplaced(curves, count, axes, x) : x;
}

/* Why there is nothing to draw. */
static const char *why_empty(const sx_curve *curves, int count, const sx_axes *axes) {
    bool limits = isfinite(axes->x_low) || isfinite(axes->x_high);
    if (axes->y_log && count > 0 && curves[0].series->series.length > 0) return "no value above 0";
    for (int i = 0; limits && i < count; i++)
        for (size_t k = 0; k < curves[i].series->series.length; k++)
            if (isfinite(line_of(&curves[i])->y[k])) return "no point between the limits";
    return "no data yet";
}

void sx_curves_on(sx_surface *surface, const sx_curve *curves, int count, const sx_axes *axes) {
    plan p;
    make_plan(&p, surface, curves, count, axes);
    sx_frame frame = p.frame;
    sx_frame_draw(&frame, surface);
    if (frame.headers > 0) draw_legend(&p.legend, surface, p.legends);
    if (!p.any) {
        sx_frame_say(&frame, surface, why_empty(curves, count, axes));
        return;
    }
    draw_guides(&frame, surface, axes);
    for (int i = 0; i < count; i++) {
        bool band = curves[i].band && line_of(&curves[i])->low && line_of(&curves[i])->high;
        for (line_kind edge = LINE_LOW; band && edge <= LINE_HIGH; edge++)
            draw_line(&frame, surface, &curves[i], axes, edge);
        draw_line(&frame, surface, &curves[i], axes, LINE_RAW);
        if (has_few(&curves[i])) draw_line(&frame, surface, &curves[i], axes, LINE_FEW);
        if (curves[i].smooth) draw_line(&frame, surface, &curves[i], axes, LINE_SMOOTH);
    }
    for (int i = 0; i < count; i++) draw_marks(&frame, surface, &curves[i], axes);
}

void sx_plot_curves(sx_canvas *canvas, sx_box box, const sx_curve *curves, int count,
                    const sx_axes *axes) {
    sx_cell_surface cells;
    sx_curves_on(sx_cell_surface_init(&cells, canvas, box), curves, count, axes);
}
