/* A result in one sentence, for text reports, captions and screen readers: what a glance at the
 * plot would tell. One function for each kind of result. */
#include "views/plot/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_LISTED 6 /* figures, captions or names; more are counted */

/* Three digits or so, in the manner of its size. */
static char *number(char *out, double value) {
    double size = fabs(value);
    if (size == round(size)) return sx_number_shown(out, value, 0);
    return sx_number_shown(out, value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}

/* A place on an axis: without zeros at the end. */
static char *place(char *out, double value) {
    number(out, value);
    if (!strchr(out, '.') || strchr(out, 'e')) return out;
    size_t length = strlen(out);
    while (out[length - 1] == '0') out[--length] = 0;
    if (out[length - 1] == '.') out[length - 1] = 0;
    return out;
}

static const char *or_else(const char *text, const char *otherwise) {
    return text && *text ? text : otherwise;
}

/* ---- series -----------------------------------------------------------------------------------
 */

typedef struct {
    size_t first, last, lowest, highest, known;
} extremes;

static extremes extremes_of(const sx_series *series, const double *y) {
    extremes e = {0};
    for (size_t i = 0; i < series->length; i++) {
        if (!isfinite(y[i])) continue;
        if (e.known == 0) e.first = e.lowest = e.highest = i;
        if (y[i] < y[e.lowest]) e.lowest = i;
        if (y[i] > y[e.highest]) e.highest = i;
        e.last = i;
        e.known++;
    }
    return e;
}

static void add_at(sx_text *out, const sx_series *series, const double *y, const char *what,
                   size_t i) {
    char value[32], x[32];
    sx_text_add(out, ", %s %s at %s", what, number(value, y[i]), place(x, series->x[i]));
}

/* " in 900 steps" or " over rotation -180 to 180 degrees". */
static void add_way(sx_text *out, const sx_series *series, double begin, double end) {
    char from[32], to[32];
    const char *unit = series->x_unit ? series->x_unit : "";
    if (series->x_label && strcmp(series->x_label, "step") == 0) {
        sx_text_add(out, " in %s steps", place(to, end - begin));
        return;
    }
    bool words = strchr(unit, ' ') != NULL;
    sx_text_add(out, " over %s %s to %s%s%s%s", or_else(series->x_label, "x"), place(from, begin),
                place(to, end),
                !*unit  ? ""
                : words ? " ("
                        : " ",
                unit, words ? ")" : "");
}

typedef struct {
    double begin, end;
} way;

/* A line that ends about where it began is told by its extremes, one that does not by its way.
 * `told` is the way that the line before went, which is not said again. */
static void add_line(sx_text *out, const sx_series *series, const sx_line *line, way *told) {
    extremes e = extremes_of(series, line->y);
    const char *name = or_else(line->name, or_else(series->y_label, "y"));
    char first[32], last[32];
    if (e.known == 0) {
        sx_text_add(out, "%s: no data yet", name);
        return;
    }
    double from = line->y[e.first], to = line->y[e.last];
    double range = line->y[e.highest] - line->y[e.lowest];
    way now = {series->x[e.first], series->x[e.last]};
    bool new = now.begin != told->begin || now.end != told->end;
    *told = now;
    number(first, from);
    number(last, to);
    if (range == 0) {
        sx_text_add(out, "%s stayed at %s", name, first);
        if (new) add_way(out, series, now.begin, now.end);
    } else {
        bool returns = fabs(to - from) < 0.25 * range;
        sx_text_add(out, "%s %s from %s to %s", name,
                    returns     ? "went"
                    : to < from ? "fell"
                                : "rose",
                    first, last);
        if (new) add_way(out, series, now.begin, now.end);
        if (returns || to < from) add_at(out, series, line->y, "lowest", e.lowest);
        if (returns || to > from) add_at(out, series, line->y, "highest", e.highest);
    }
    if (e.known < series->length)
        sx_text_add(out, ", %zu of %zu points unknown", series->length - e.known, series->length);
}

static void series_sentence(const sx_result *result, sx_text *out) {
    const sx_series *series = &result->series;
    way told = {NAN, NAN};
    for (int i = 0; i < series->line_count; i++) {
        if (i > 0) sx_text_add(out, "; ");
        add_line(out, series, &series->lines[i], &told);
    }
}

/* ---- grid, points, histogram --------------------------------------------------------------------
 */

static void add_cell(sx_text *out, const sx_grid *grid, const char *what, size_t at) {
    char value[32], numbers[2][32];
    size_t row = at / (size_t)grid->columns, column = at % (size_t)grid->columns;
    sx_text_add(out, ", %s %s at %s %s, %s %s", what, number(value, grid->values[at]),
                or_else(grid->row_label, "row"),
                grid->row_names ? grid->row_names[row] : place(numbers[0], grid->row_values[row]),
                or_else(grid->column_label, "column"),
                grid->column_names ? grid->column_names[column]
                                   : place(numbers[1], grid->column_values[column]));
}

static void grid_sentence(const sx_result *result, sx_text *out) {
    const sx_grid *grid = &result->grid;
    size_t count = (size_t)grid->rows * (size_t)grid->columns, known = 0, few = 0;
    size_t lowest = 0, highest = 0;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(grid->values[i])) continue;
        if (known == 0) lowest = highest = i;
        if (grid->values[i] < grid->values[lowest]) lowest = i;
        if (grid->values[i] > grid->values[highest]) highest = i;
        if (grid->count && grid->count[i] < grid->few) few++;
        sum += grid->values[i];
        known++;
    }
    char mean[32];
    sx_text_add(out, "%s by %s and %s", or_else(grid->unit, or_else(result->title, result->name)),
                or_else(grid->row_label, "row"), or_else(grid->column_label, "column"));
    if (known == 0) {
        sx_text_add(out, ": no data yet");
        return;
    }
    sx_text_add(out, ": mean %s", number(mean, sum / (double)known));
    add_cell(out, grid, "highest", highest);
    add_cell(out, grid, "lowest", lowest);
    if (known < count) sx_text_add(out, "; %zu of %zu cells unknown", count - known, count);
    if (few) sx_text_add(out, "; %zu rest on fewer than %.0f images", few, grid->few);
}

static void add_span(sx_text *out, const char *name, const double *values, size_t count) {
    double low = INFINITY, high = -INFINITY;
    char from[32], to[32];
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    sx_text_add(out, ", %s from %s to %s", name, number(from, low <= high ? low : NAN),
                number(to, low <= high ? high : NAN));
}

static void points_sentence(const sx_result *result, sx_text *out) {
    const sx_points *points = &result->points;
    char count[32];
    sx_text_add(out, "%s points", sx_text_count(count, (long long)points->length));
    if (points->length == 0) return;
    add_span(out, or_else(points->x_label, "x"), points->x, points->length);
    add_span(out, or_else(points->y_label, "y"), points->y, points->length);
}

static void histogram_sentence(const sx_result *result, sx_text *out) {
    const sx_histogram *histogram = &result->histogram;
    size_t most = 0;
    double sum = 0;
    for (size_t i = 0; i < histogram->bins; i++) {
        if (isfinite(histogram->counts[i])) sum += histogram->counts[i];
        if (histogram->counts[i] > histogram->counts[most]) most = i;
    }
    char total[32], count[32], from[32], to[32];
    sx_text_add(out, "%s values of %s", number(total, sum), or_else(histogram->x_label, "x"));
    if (histogram->bins == 0 || !(sum > 0)) return;
    sx_text_add(out, ", most (%s) between %s and %s", number(count, histogram->counts[most]),
                place(from, histogram->edges[most]), place(to, histogram->edges[most + 1]));
}

/* ---- tables, images, claims
 * ---------------------------------------------------------------------- */

/* "ECE 0.031": the name in the first column, if it is text, and the row's first number. */
static void add_table_row(sx_text *out, const sx_table *table, size_t row) {
    const sx_column *columns = table->columns;
    const char *name = columns[0].texts ? columns[0].texts[row] : NULL;
    char value[32];
    sx_text_add(out, "%s", name ? name : "");
    for (int c = 0; c < table->column_count; c++) {
        if (columns[c].texts) continue;
        sx_text_add(out, "%s%s", name ? " " : "", number(value, columns[c].numbers[row]));
        return;
    }
}

static void table_sentence(const sx_result *result, sx_text *out) {
    const sx_table *table = &result->table;
    char count[32];
    bool figures = table->column_count >= 2 && table->columns[0].texts && table->rows > 0;
    if (!figures || table->rows > 2 * MOST_LISTED) {
        sx_text_add(out, "%s rows of", sx_text_count(count, (long long)table->rows));
        for (int c = 0; c < table->column_count; c++)
            sx_text_add(out, "%s %s", c ? "," : "", or_else(table->columns[c].name, "unnamed"));
        return;
    }
    for (size_t row = 0; row < table->rows; row++) {
        if (row > 0) sx_text_add(out, ", ");
        add_table_row(out, table, row);
    }
}

static void images_sentence(const sx_result *result, sx_text *out) {
    const sx_images *images = &result->images;
    sx_text_add(out, "%d images of %d x %d pixels", images->count, images->width, images->height);
    for (int i = 0; i < images->count && i < MOST_LISTED && images->captions; i++)
        sx_text_add(out, "%s%s", i ? ", " : ": ", or_else(images->captions[i], "-"));
    if (images->captions && images->count > MOST_LISTED) sx_text_add(out, ", ...");
}

static void claims_sentence(const sx_result *result, sx_text *out) {
    const sx_claims *claims = &result->claims;
    int count[3] = {0};
    for (int i = 0; i < claims->count; i++) count[claims->claims[i].verdict]++;
    sx_text_add(out, "%d claims: %d hold, %d fail, %d undecided", claims->count,
                count[SX_VERDICT_HOLDS], count[SX_VERDICT_FAILS], count[SX_VERDICT_UNDECIDED]);
    for (int i = 0, listed = 0; i < claims->count; i++) {
        if (claims->claims[i].verdict != SX_VERDICT_FAILS) continue;
        sx_text_add(out, "%s%s", listed++ ? "; " : "; fails: ", claims->claims[i].text);
    }
}

static void (*const sentences[SX_RESULT_KINDS])(const sx_result *, sx_text *) = {
    [SX_RESULT_SERIES] = series_sentence, [SX_RESULT_GRID] = grid_sentence,
    [SX_RESULT_POINTS] = points_sentence, [SX_RESULT_HISTOGRAM] = histogram_sentence,
    [SX_RESULT_TABLE] = table_sentence,   [SX_RESULT_IMAGES] = images_sentence,
    [SX_RESULT_CLAIMS] = claims_sentence,
};

void sx_plot_sentence(const sx_result *result, sx_text *out) {
    if (result->kind < SX_RESULT_KINDS) sentences[result->kind](result, out);
}
