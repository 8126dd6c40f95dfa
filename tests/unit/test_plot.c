/* Plots: what a person sees, at many sizes and with data of every kind. */
#include "tests/unit/unit.h"

#include "tests/unit/golden.h"
#include "views/plot/plot.h"
#include "views/plot/scale.h"

#include <locale.h>
#include <math.h>

static const sx_look full = {256, true, false}, eight = {8, true, false}, none = {0, true, false},
                     ascii = {0, false, false};

/* ---- data -------------------------------------------------------------------------------------
 */

static sx_result *new_series(const char *name, size_t length, int lines, bool bands) {
    sx_result *result = sx_result_new(SX_RESULT_SERIES, name, name);
    assert_non_null(result);
    assert_true(sx_series_alloc(result, length, lines, bands));
    for (size_t i = 0; i < length; i++) result->series.x[i] = (double)i;
    return result;
}

/* Loss of training, noisy, and of validation, at every tenth step. */
static sx_result *training(void) {
    sx_result *result = new_series("training", 375, 2, false);
    sx_series *s = &result->series;
    s->x_label = "step";
    s->y_label = "loss";
    s->lines[0].name = "train";
    s->lines[1].name = "validation";
    for (int i = 0; i < 375; i++) {
        double loss = 0.35 + 0.8 * exp(-i / 40.0);
        s->x[i] = 10 * i;
        s->lines[0].y[i] = loss - 0.1 * (1 - exp(-i / 100.0)) + 0.05 * sin(i * 1.7) * sin(i * 0.31);
        s->lines[1].y[i] = loss + 0.03;
    }
    return result;
}

static sx_result *risk_coverage(void) {
    static const char *names[] = {"max prob", "entropy", "margin", "oracle"};
    sx_result *result = new_series("risk-coverage", 400, 4, false);
    sx_series *s = &result->series;
    s->x_label = "coverage";
    s->y_label = "risk";
    for (int k = 0; k < 4; k++) {
        s->lines[k].name = names[k];
        for (int i = 0; i < 400; i++) {
            double coverage = s->x[i] = (i + 1) / 400.0;
            s->lines[k].y[i] = k < 3 ? 0.117 * pow(coverage, 3 - 0.8 * k) + 0.004 * k
                                     : fmax(0, (coverage - 0.883) / coverage);
        }
    }
    return result;
}

/* Accuracy over the angle with intervals; some points rest on few images, one was NaN. */
static sx_result *rotation(void) {
    sx_result *result = new_series("rotation", 25, 1, true);
    sx_series *s = &result->series;
    sx_line *line = &s->lines[0];
    s->x_label = "rotation";
    s->x_unit = "degrees";
    s->y_label = line->name = "accuracy";
    s->few = 30;
    for (int i = 0; i < 25; i++) {
        double angle = s->x[i] = -180 + 15 * i;
        line->count[i] = i % 9 == 4 ? 20 : 240;
        line->y[i] = 0.35 + 0.5 * exp(-angle * angle / 2500);
        line->low[i] = line->y[i] - 1 / sqrt(line->count[i]);
        line->high[i] = line->y[i] + 1 / sqrt(line->count[i]);
    }
    line->y[20] = NAN;
    return result;
}

static sx_result *location(int rows, int columns) {
    sx_result *result = sx_result_new(SX_RESULT_GRID, "location", "location");
    assert_non_null(result);
    assert_true(sx_grid_alloc(result, rows, columns));
    sx_grid *grid = &result->grid;
    grid->row_label = "y";
    grid->column_label = "x";
    grid->unit = "accuracy";
    grid->few = 30;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            double y = grid->row_values[i] = rows > 1 ? i / (rows - 1.0) : 0;
            double x = grid->column_values[j] = columns > 1 ? j / (columns - 1.0) : 0;
            int at = i * columns + j;
            double square = (x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5);
            grid->values[at] = (i * 5 + j) % 17 == 9 ? NAN : 0.15 + 0.8 * exp(-6 * square);
            grid->count[at] = (i * 7 + j) % 11 == 3 ? 20 : 240;
        }
    return result;
}

static sx_result *reliability(void) {
    sx_result *result = new_series("reliability", 10, 2, true);
    sx_series *s = &result->series;
    s->few = 30;
    s->lines[0].name = "accuracy";
    s->lines[1].name = "confidence";
    for (int i = 0; i < 10; i++) {
        s->x[i] = i / 10.0 + 0.05;
        s->lines[0].y[i] = s->x[i] * 0.85 + 0.05;
        s->lines[0].count[i] = 10 * pow(1.8, i) - 8;
        s->lines[1].y[i] = s->x[i] + 0.01;
    }
    s->lines[0].y[0] = s->lines[1].y[0] = NAN;
    s->lines[0].count[0] = 0;
    return result;
}

static sx_result *figures(void) {
    static const char *columns[] = {"measure",   "AURC",   "E-AURC", "coverage at 2 % risk",
                                    "threshold", "images", "note"};
    static const char *measures[] = {"max prob", "entropy", "margin"};
    static const double values[6][3] = {{0.021, 0.022, 0.0205}, {0.012, 0.013, NAN},
                                        {0.61, 0.6, 0.62},      {0.94, 0.30000001, 3e-7},
                                        {6000, 1234567, 12},    {0, 0, 0}};
    sx_result *result = sx_result_new(SX_RESULT_TABLE, "risk", "risk");
    assert_non_null(result);
    assert_true(sx_table_alloc(result, 3, 7));
    for (int c = 0; c < 7; c++) {
        sx_column *column = &result->table.columns[c];
        column->name = columns[c];
        if (c == 0) column->texts = measures;
        if (c == 6) column->texts = measures;
        for (int i = 0; i < 3 && c > 0 && c < 6; i++) {
            if (!column->numbers) column->numbers = sx_result_numbers(result, 3);
            column->numbers[i] = values[c - 1][i];
        }
    }
    return result;
}

static sx_result *claims(void) {
    static const sx_claim all[] = {
        {"accuracy is lower at the border than in the centre", "abstract", ">= 0.15", 0.15, true,
         0.43, 0.40, 0.46, NAN, NAN, SX_VERDICT_HOLDS, ""},
        {"small objects are harder than large ones", "abstract", "rho >= 0.9", 0.9, true, 0.97,
         0.93, 0.99, NAN, NAN, SX_VERDICT_HOLDS, ""},
        {"group norm beats batch norm on small objects", "authors' note", "> 0", 0, true, 0.01,
         -0.02, 0.04, NAN, NAN, SX_VERDICT_UNDECIDED, "the interval holds 0"},
        {"entropy ranks errors better than chance", "own check", "<= 0.1", 0.1, false, 0.3, 0.2,
         0.4, NAN, NAN, SX_VERDICT_FAILS, ""},
        {"not measured", "own check", "<= 0.1", 0.1, false, NAN, NAN, NAN, NAN, NAN,
         SX_VERDICT_UNDECIDED, "no data"},
    };
    sx_result *result = sx_result_new(SX_RESULT_CLAIMS, "claims", "claims");
    assert_non_null(result);
    assert_true(sx_claims_alloc(result, 5));
    for (int i = 0; i < 5; i++) result->claims.claims[i] = all[i];
    return result;
}

/* ---- drawing ------------------------------------------------------------------------------------
 */

static sx_canvas canvas_of(int width, int height, sx_look look) {
    sx_canvas canvas = {0};
    sx_error err = {0};
    assert_int_equal(sx_canvas_resize(&canvas, width, height, look, &err), SX_OK);
    return canvas;
}

static void draw_curves(sx_canvas *canvas, sx_box box, const sx_result *result) {
    sx_curve curves[4];
    int count = result->series.line_count < 4 ? result->series.line_count : 4;
    bool marks = strcmp(result->name, "rotation") == 0;
    for (int i = 0; i < count; i++)
        curves[i] = (sx_curve){
            .series = result, .line = i, .look = i, .dashed = i == 3 || count == 2, .marks = marks};
    if (count == 2) curves[0].dashed = false;
    sx_axes axes = sx_axes_default();
    if (strcmp(result->name, "training") == 0) axes.x_low = 0, axes.x_high = 6000;
    if (strcmp(result->name, "risk-coverage") == 0)
        axes.x_low = axes.y_low = 0, axes.x_high = 1, axes.cursor = 0.61;
    if (marks) axes.y_low = 0, axes.y_high = 1;
    sx_plot_curves(canvas, box, curves, count, &axes);
}

static void draw_heatmap(sx_canvas *canvas, sx_box box, const sx_result *result, bool values) {
    int row = result->grid.rows / 2, column = result->grid.columns / 3;
    sx_plot_heatmap(
        canvas, box, result,
        &(sx_heatmap){
            .low = 0.1, .high = 1, .cursor_row = row, .cursor_column = column, .values = values});
}

/* A difference: some cells are not known well enough. */
static void draw_difference(sx_canvas *canvas, sx_box box, const sx_result *result) {
    const sx_grid *grid = &result->grid;
    for (int i = 0; i < grid->rows * grid->columns; i++)
        grid->values[i] = i % 5 == 2 ? NAN : 0.5 * sin(i * 0.37);
    sx_plot_heatmap(canvas, box, result,
                    &(sx_heatmap){.low = -0.5,
                                  .high = 0.5,
                                  .cursor_row = -1,
                                  .cursor_column = -1,
                                  .values = true,
                                  .diverging = true,
                                  .unknown = "unclear"});
}

static void draw_map(sx_canvas *canvas, sx_box box, const sx_result *result) {
    draw_heatmap(canvas, box, result, false);
}

static void draw_values(sx_canvas *canvas, sx_box box, const sx_result *result) {
    draw_heatmap(canvas, box, result, true);
}

static void draw_reliability(sx_canvas *canvas, sx_box box, const sx_result *result) {
    sx_axes axes = sx_axes_default();
    sx_plot_reliability(canvas, box, result, &axes, -1);
}

static void draw_table(sx_canvas *canvas, sx_box box, const sx_result *result) {
    int rows = sx_plot_table(canvas, box, result, 0, 1);
    assert_true(rows >= 0 && rows <= (box.height > 0 ? box.height : 0));
}

static void draw_spark(sx_canvas *canvas, sx_box box, const sx_result *result) {
    if (result->series.line_count < 1) return;
    sx_plot_sparkline(canvas, box, result->series.lines[0].y, result->series.length, 0, 1,
                      sx_style_of(SX_ROLE_SERIES1));
}

typedef void (*drawer)(sx_canvas *, sx_box, const sx_result *);

/* Draws into a canvas of its own and holds it against a golden screen; ends the result. */
static void golden(const char *name, int width, int height, sx_look look, drawer draw,
                   sx_result *result) {
    sx_canvas canvas = canvas_of(width, height, look);
    draw(&canvas, sx_canvas_box(&canvas), result);
    golden_check(&canvas, name);
    sx_canvas_done(&canvas);
    sx_result_release(result);
}

/* ---- goldens ------------------------------------------------------------------------------------
 */

static void curves_have_axes_and_a_legend(void **state) {
    (void)state;
    golden("plot-training-56x12", 56, 12, full, draw_curves, training());
    golden("plot-training-36x6", 36, 6, full, draw_curves, training());
    golden("plot-training-ascii", 56, 12, ascii, draw_curves, training());
    golden("plot-risk-80x16", 80, 16, full, draw_curves, risk_coverage());
    golden("plot-risk-38x9", 38, 9, none, draw_curves, risk_coverage());
}

static void points_have_intervals_and_say_when_they_are_few(void **state) {
    (void)state;
    golden("plot-rotation-56x13", 56, 13, full, draw_curves, rotation());
    golden("plot-rotation-36x6", 36, 6, eight, draw_curves, rotation());
    golden("plot-rotation-ascii", 56, 10, ascii, draw_curves, rotation());
}

/* NaN and infinity break the line, stand on the axis, and leave the range alone. */
static void gaps_are_shown(void **state) {
    (void)state;
    sx_result *result = new_series("gaps", 40, 1, false);
    sx_series *s = &result->series;
    s->x_label = "step";
    s->lines[0].name = s->y_label = "loss";
    for (int i = 0; i < 40; i++) s->lines[0].y[i] = 2 + sin(i / 6.0);
    for (int i = 10; i < 16; i++) s->lines[0].y[i] = NAN;
    s->lines[0].y[25] = INFINITY;
    s->lines[0].y[27] = -INFINITY; /* leaves one point alone */
    golden("plot-gaps", 44, 9, full, draw_curves, result);
}

/* The range over several runs: faint edges around the mean, and the axis has room for them. */
static void bands_have_faint_edges(void **state) {
    (void)state;
    sx_result *result = new_series("band", 30, 1, true);
    sx_line *line = &result->series.lines[0];
    line->name = "mean of 3";
    result->series.x_label = "step";
    result->series.y_label = "accuracy";
    for (int i = 0; i < 30; i++) {
        line->y[i] = 0.9 - 0.6 * exp(-i / 6.0);
        line->low[i] = line->y[i] - 0.1;
        line->high[i] = line->y[i] + (i < 20 ? 0.1 : NAN);
    }
    sx_curve curve = {.series = result, .band = true};
    sx_axes axes = sx_axes_default();
    sx_canvas canvas = canvas_of(44, 11, full);
    sx_plot_curves(&canvas, sx_canvas_box(&canvas), &curve, 1, &axes);
    golden_check(&canvas, "plot-band");
    sx_canvas_done(&canvas);
    sx_result_release(result);
}

/* A line without marks is faint where it rests on too little. */
static void few_is_faint_on_lines(void **state) {
    (void)state;
    sx_result *result = new_series("faint", 20, 1, true);
    sx_series *s = &result->series;
    s->few = 10;
    s->y_label = "accuracy";
    s->lines[0].name = "a";
    for (int i = 0; i < 20; i++) {
        s->lines[0].y[i] = i * 0.05;
        s->lines[0].count[i] = i < 8 ? 3 : 30;
    }
    golden("plot-faint", 44, 8, full, draw_curves, result);
}

/* What lies outside of ranges that were asked for is neither drawn beside them nor squeezed in. */
static void curves_are_clipped_to_their_axes(void **state) {
    (void)state;
    sx_result *result = rotation();
    sx_line *line = &result->series.lines[0];
    for (int i = 0; i < 25; i++) {
        line->y[i] = 3 * sin(i / 2.0);
        line->low[i] = line->y[i] - 1;
        line->high[i] = line->y[i] + 1;
    }
    sx_curve curves[2] = {{.series = result, .marks = true}, {.series = result, .look = 1}};
    sx_axes axes = sx_axes_default();
    axes.x_low = -150, axes.x_high = 100, axes.y_low = 0, axes.y_high = 2;
    sx_canvas canvas = canvas_of(44, 9, full);
    sx_plot_curves(&canvas, sx_canvas_box(&canvas), curves, 2, &axes);
    golden_check(&canvas, "plot-clipped");
    sx_canvas_done(&canvas);
    sx_result_release(result);
}

/* Every element is closed in its turn, attributes are quoted, nothing reserved stands in text. */
static void check_xml(const char *text) {
    char open[16][16];
    int depth = 0;
    for (const char *at = strchr(text, '<'); at; at = strchr(at, '<')) {
        const char *end = strchr(at, '>'), *next = end ? strchr(end, '<') : NULL;
        assert_non_null(end);
        int quotes = 0;
        for (const char *c = at; c < end; c++) quotes += *c == '"';
        assert_int_equal(quotes % 2, 0);
        for (const char *c = end + 1; next && c < next; c++) {
            assert_true(*c != '>');
            if (*c == '&') assert_true(!strncmp(c, "&amp;", 5) || !strncmp(c, "&lt;", 4));
        }
        size_t name = strcspn(at + 1, " >/");
        if (at[1] == '/') {
            assert_true(depth > 0);
            depth--;
            assert_int_equal(strncmp(at + 2, open[depth], strlen(open[depth])), 0);
        } else if (at[1] != '?' && end[-1] != '/') {
            assert_true(depth < 16 && name < 16);
            snprintf(open[depth++], 16, "%.*s", (int)name, at + 1);
        }
        at = end;
    }
    assert_int_equal(depth, 0);
}

/* How many pixels of rows [from, to) have nearly that colour. */
static int count_pixels(const sx_image *image, int from, int to, uint32_t colour) {
    int count = 0;
    for (int i = from * image->width; i < to * image->width; i++) {
        const uint8_t *p = image->pixels + 3 * (size_t)i;
        count += abs(p[0] - (int)(colour >> 16)) + abs(p[1] - (int)(colour >> 8 & 255)) +
                     abs(p[2] - (int)(colour & 255)) <
                 12;
    }
    return count;
}

/* A picture of the same figure has title, plot and caption where the SVG has them. */
static void check_png(const sx_figure *figure, uint32_t colour) {
    sx_bytes png, again;
    sx_image image, large;
    sx_error err = {0};
    if (sx_figure_png(figure, 1, &png, &err)) fail_msg("%s", err.message);
    assert_int_equal(sx_figure_png(figure, 1, &again, &err), SX_OK);
    assert_int_equal(png.size, again.size);
    assert_memory_equal(png.data, again.data, png.size);
    sx_bytes_done(&again);
    assert_int_equal(sx_png_decode(png.data, png.size, &image, &err), SX_OK);
    sx_bytes_done(&png);
    assert_int_equal(image.width, 96 * 8);
    assert_true(count_pixels(&image, 16, 32, 0x111111) > 20); /* title */
    assert_true(count_pixels(&image, image.height - 32, image.height, 0x5F5F5F) > 20);
    if (colour) assert_true(count_pixels(&image, 40, image.height - 32, colour) > 20);
    assert_int_equal(count_pixels(&image, 0, 8, 0xFFFFFF), 8 * image.width); /* margin */
    assert_int_equal(sx_figure_png(figure, 2, &png, &err), SX_OK);
    assert_int_equal(sx_png_decode(png.data, png.size, &large, &err), SX_OK);
    assert_int_equal(large.width, 2 * image.width);
    sx_bytes_done(&png);
    sx_image_done(&image);
    sx_image_done(&large);
}

/* `colour`: one that must be in the plot's picture; 0: any. */
static void check_figure(sx_result *result, const char *name, uint32_t colour) {
    sx_text svg = {0}, again = {0};
    sx_figure figure = {.result = result, .caption = "0012-x<&y · seed 0"};
    sx_figure_svg(&figure, &svg);
    sx_figure_svg(&figure, &again);
    assert_non_null(svg.data);
    assert_string_equal(svg.data, again.data);
    assert_non_null(strstr(svg.data, "0012-x&lt;&amp;y · seed 0 · step"));
    check_xml(svg.data);
    assert_null(strstr(svg.data, "nan"));
    assert_null(strstr(svg.data, "inf"));
    if (name) golden_file(name, "svg", &svg);
    sx_text_done(&svg);
    sx_text_done(&again);
    check_png(&figure, colour);
    sx_result_release(result);
}

static void figures_are_written_as_svg_and_png(void **state) {
    (void)state;
    check_figure(rotation(), "plot-rotation", 0x005FFF);
    check_figure(location(9, 9), "plot-location", 0x87D700);
    check_figure(reliability(), "plot-reliability", 0xAFAFD7);
    check_figure(location(40, 1), NULL, 0);
    check_figure(new_series("training", 0, 1, false), NULL, 0);
    sx_result *table = figures();
    sx_figure figure = {.result = table};
    sx_text nothing = {0};
    sx_bytes png;
    sx_figure_svg(&figure, &nothing);
    assert_int_equal(nothing.size, 0);
    assert_int_equal(sx_figure_png(&figure, 1, &png, NULL), SX_BAD_INPUT);
    sx_result_release(table);
}

/* A map with a ramp of its own, and curves with dashes, in a legend's order. */
static void own_figures_are_pictures_too(void **state) {
    (void)state;
    sx_result *map = location(9, 9), *curves = risk_coverage();
    for (int i = 0; i < 81; i++) map->grid.values[i] = i % 5 ? 0.5 * sin(i * 0.37) : NAN;
    sx_figure figure = {.result = map, .as_map = true};
    figure.map = (sx_heatmap){.low = -0.5,
                              .high = 0.5,
                              .cursor_row = -1,
                              .cursor_column = -1,
                              .diverging = true,
                              .unknown = "unsure"};
    check_png(&figure, 0xAF5F00);
    check_png(&figure, 0x005F87);
    figure = (sx_figure){.result = curves, .curve_count = 2, .axes = sx_axes_default()};
    for (int i = 0; i < 2; i++)
        figure.curves[i] = (sx_curve){.series = curves, .line = i, .look = i, .dashed = i > 0};
    check_png(&figure, 0xD70000);
    sx_result_release(map);
    sx_result_release(curves);
}

/* A loss from 2.4 to 0.02 with a value of 0 and a gap: a straight line on a logarithmic axis. */
static void logarithmic_axes_show_decades(void **state) {
    (void)state;
    sx_result *result = new_series("loss", 120, 1, false);
    for (int i = 0; i < 120; i++) {
        result->series.x[i] = 50 * i;
        result->series.lines[0].y[i] = 2.4 * exp(-0.04 * i);
    }
    result->series.lines[0].y[60] = 0;
    result->series.lines[0].y[90] = NAN;
    sx_curve curve = {.series = result};
    sx_axes axes = sx_axes_default();
    axes.y_log = true;
    sx_canvas canvas = canvas_of(60, 14, full);
    sx_plot_curves(&canvas, sx_canvas_box(&canvas), &curve, 1, &axes);
    golden_check(&canvas, "plot-logarithmic");
    for (int i = 0; i < 120; i++) result->series.lines[0].y[i] = -1; /* nothing to show */
    sx_canvas_clear(&canvas);
    sx_plot_curves(&canvas, sx_canvas_box(&canvas), &curve, 1, &axes);
    golden_check(&canvas, "plot-logarithmic-none");
    sx_canvas_done(&canvas);
    sx_result_release(result);
}

/* Means keep a constant constant and a straight line straight up to its ends, and keep gaps. */
static void means_neither_lag_nor_lean(void **state) {
    (void)state;
    sx_result *result = new_series("loss", 200, 1, false);
    for (int i = 0; i < 200; i++) {
        result->series.x[i] = i;
        result->series.lines[0].y[i] = 2 - 0.008 * i + 0.3 * sin(i * 2.4);
    }
    for (int i = 120; i < 130; i++) result->series.lines[0].y[i] = NAN;
    sx_curve curve = {.series = result, .smooth = 6};
    sx_axes axes = sx_axes_default();
    sx_canvas canvas = canvas_of(60, 14, full);
    sx_plot_curves(&canvas, sx_canvas_box(&canvas), &curve, 1, &axes);
    golden_check(&canvas, "plot-smooth");
    sx_canvas_done(&canvas);
    sx_result_release(result);
}

/* Between limits the other axis fits what is seen, not what is not. */
static void limits_fit_what_is_seen(void **state) {
    (void)state;
    sx_result *result = new_series("loss", 100, 1, false);
    for (int i = 0; i < 100; i++) {
        result->series.x[i] = 100 * i;
        result->series.lines[0].y[i] = i < 5 ? 80 : 1 + 0.5 * sin(i / 8.0);
    }
    sx_curve curve = {.series = result};
    sx_axes axes = sx_axes_default();
    axes.x_low = 2000;
    axes.x_high = 7000;
    sx_canvas canvas = canvas_of(60, 14, full);
    sx_plot_curves(&canvas, sx_canvas_box(&canvas), &curve, 1, &axes);
    golden_check(&canvas, "plot-limits");
    sx_canvas_done(&canvas);
    sx_result_release(result);
}

/* At every width the row of x labels holds whole numbers with blanks between. */
static void labels_never_touch(void **state) {
    (void)state;
    sx_result *result = new_series("wide", 2, 1, false);
    result->series.x[0] = 100000;
    result->series.x[1] = 900000;
    result->series.lines[0].y[0] = result->series.lines[0].y[1] = 1;
    sx_curve curve = {.series = result};
    sx_axes axes = sx_axes_default();
    axes.legend = false;
    for (int width = 12; width < 90; width++) {
        sx_canvas canvas = canvas_of(width, 8, ascii);
        sx_plot_curves(&canvas, sx_canvas_box(&canvas), &curve, 1, &axes);
        int labels = 0;
        for (int x = 0, columns = 0; x <= width; x++) {
            uint32_t glyph = x < width ? canvas.cells[7 * width + x].glyph : ' ';
            columns = glyph == ' ' ? 0 : columns + 1;
            labels += columns == 7;
            assert_true(columns <= 7);
        }
        assert_true(labels >= (width < 20 ? 0 : width < 40 ? 1 : 2));
        sx_canvas_done(&canvas);
    }
    sx_result_release(result);
}

static void heat_maps_in_all_looks(void **state) {
    (void)state;
    golden("plot-heatmap-256", 56, 11, full, draw_map, location(9, 9));
    golden("plot-heatmap-8", 56, 11, eight, draw_map, location(9, 9));
    golden("plot-heatmap-0", 38, 11, none, draw_map, location(9, 9));
    golden("plot-heatmap-ascii", 38, 11, ascii, draw_map, location(9, 9));
    golden("plot-heatmap-ascii-256", 38, 11, (sx_look){256, false, false}, draw_map,
           location(9, 9));
}

static const char *const garments[] = {
    "T-shirt/top", "Trouser",        "Pullover", "Dress", "a very long name of a coat",
    "Sandal",      "<b>\x1b[31mred", "Sneaker",  "靴",    "Ankle boot"};

/* A grid with names for its rows and columns, some of them hostile, long or wide. */
static sx_result *named(void) {
    sx_result *result = location(10, 10);
    result->grid.row_names = result->grid.column_names =
        sx_arena_alloc(&result->arena, 10, sizeof(char *));
    assert_non_null(result->grid.row_names);
    for (int i = 0; i < 10; i++) result->grid.row_names[i] = garments[i];
    result->grid.row_label = "true";
    result->grid.column_label = "says";
    return result;
}

static void heat_maps_show_names(void **state) {
    (void)state;
    golden("plot-heatmap-names", 76, 18, full, draw_values, named());
    golden("plot-heatmap-names-narrow", 36, 12, full, draw_map, named());
    golden("plot-heatmap-names-ascii", 76, 12, ascii, draw_values, named());
    sx_result *result = named();
    sx_text svg = {0}, text = {0};
    sx_figure_svg(&(sx_figure){.result = result}, &svg);
    assert_non_null(strstr(svg.data, ">Ankle boot</text>"));
    assert_non_null(strstr(svg.data, "&lt;b&gt;?[31mred"));
    assert_null(strchr(svg.data, 0x1b));
    sx_plot_text(result, 80, none, &text);
    assert_non_null(strstr(text.data, " Pullover "));
    assert_non_null(strstr(text.data, " Pull "));
    assert_non_null(strstr(text.data, " at true T-shirt/top, says T-shirt/top"));
    assert_null(strchr(text.data, 0x1b));
    check_png(&(sx_figure){.result = result}, 0x5F5F5F);
    sx_text_done(&svg);
    sx_text_done(&text);
    sx_result_release(result);
}

static void heat_maps_fit_their_box(void **state) {
    (void)state;
    golden("plot-heatmap-values", 74, 20, full, draw_values, location(9, 9));
    golden("plot-heatmap-values-0", 74, 10, none, draw_values, location(5, 7));
    golden("plot-heatmap-signed", 74, 11, full, draw_difference, location(9, 9));
    golden("plot-heatmap-signed-ascii", 38, 11, ascii, draw_difference, location(9, 9));
    golden("plot-heatmap-halves", 36, 6, full, draw_map, location(9, 9));
    golden("plot-heatmap-every-second", 36, 6, none, draw_map, location(9, 9));
    golden("plot-heatmap-large", 50, 12, full, draw_map, location(60, 100));
    golden("plot-heatmap-bare", 9, 2, none, draw_map, location(2, 9));
}

static void reliability_has_bars_marks_and_counts(void **state) {
    (void)state;
    golden("plot-reliability-56x14", 56, 14, full, draw_reliability, reliability());
    golden("plot-reliability-36x7", 36, 7, none, draw_reliability, reliability());
    golden("plot-reliability-ascii", 56, 12, ascii, draw_reliability, reliability());
}

static void tables_are_aligned_and_drop_columns(void **state) {
    (void)state;
    golden("plot-table-80", 80, 5, full, draw_table, figures());
    golden("plot-table-100", 100, 5, none, draw_table, figures());
    golden("plot-table-40", 40, 4, ascii, draw_table, figures());
    golden("plot-claims-120", 120, 8, full, draw_table, claims());
    golden("plot-claims-80", 80, 7, none, draw_table, claims());
    golden("plot-claims-40", 40, 5, ascii, draw_table, claims());
}

static sx_result *claims_of_seeds(void) {
    sx_result *result = claims();
    for (int i = 0; i < 4; i++) {
        sx_claim *claim = &result->claims.claims[i];
        claim->seed_low = claim->measured - 0.1;
        claim->seed_high = claim->measured + 0.1;
    }
    return result;
}

/* All lines are there in the room that the claims ask for, the note below the counts. */
static void what_is_not_among_claims_is_told(void **state) {
    (void)state;
    sx_result *result = claims();
    result->claims.note = "2 claims need cells that the preset quick does not have";
    golden("plot-claims-note-80", 80, sx_plot_rows(result), full, draw_table, result);
}

static void claims_of_several_seeds_show_their_range(void **state) {
    (void)state;
    golden("plot-claims-seeds-140", 140, 8, full, draw_table, claims_of_seeds());
    golden("plot-claims-seeds-80", 80, 7, none, draw_table, claims_of_seeds());
}

/* What is kept of each picture is no figure, and no report is filled with it. */
static void raw_results_are_not_drawn(void **state) {
    (void)state;
    static const char *const names[] = {"outcomes-size", "inside-location", "location"};
    for (int i = 0; i < 3; i++) {
        bool raw = i < 2;
        sx_text text = {0};
        sx_result *grid = sx_result_new(SX_RESULT_GRID, names[i], "Title");
        assert_true(grid && sx_grid_alloc_values(grid, 3, 4));
        assert_null(grid->grid.count);
        for (int k = 0; k < 12; k++) grid->grid.values[k] = k % 2;
        assert_int_equal(sx_plot_is_raw(grid), raw);
        assert_int_equal(sx_plot_is_picture(grid), !raw);
        sx_plot_text(grid, 80, none, &text);
        if (raw) assert_string_equal(text.data, "Title (step 0)\n\n");
        if (!raw) assert_true(strlen(text.data) > 100);
        sx_text_done(&text);
        sx_figure_svg(&(sx_figure){.result = grid}, &text);
        assert_int_equal(text.size == 0, raw);
        sx_text_done(&text);
        sx_result_release(grid);
    }
}

static void tables_scroll(void **state) {
    (void)state;
    sx_result *result = figures();
    sx_canvas canvas = canvas_of(40, 2, full);
    assert_int_equal(sx_plot_table(&canvas, sx_canvas_box(&canvas), result, 2, 2), 2);
    assert_int_equal(canvas.cells[40].glyph, 'm'); /* margin, the third row */
    assert_int_equal(canvas.cells[40].style.attributes, SX_REVERSE);
    assert_int_equal(sx_plot_table(&canvas, sx_canvas_box(&canvas), result, 99, -1), 1);
    assert_int_equal(sx_plot_table(&canvas, (sx_box){0, 0, 40, 0}, result, 0, -1), 0);
    sx_canvas_done(&canvas);
    sx_result_release(result);
}

static void sparklines_have_eighths_and_blanks(void **state) {
    (void)state;
    const double values[] = {0, 1, NAN, 0.5, 9, -9, INFINITY, 0.25};
    sx_canvas canvas = canvas_of(20, 4, full);
    sx_style style = sx_style_of(SX_ROLE_SERIES1);
    sx_plot_sparkline(&canvas, (sx_box){0, 0, 8, 1}, values, 8, 0, 1, style);
    sx_plot_sparkline(&canvas, (sx_box){0, 1, 4, 1}, values, 8, 0, 1, style); /* means of two */
    sx_plot_sparkline(&canvas, (sx_box){0, 2, 16, 1}, values, 8, 0, 1, style);
    sx_plot_sparkline(&canvas, (sx_box){0, 3, 8, 1}, values, 8, 1, 1, style); /* no range */
    sx_text out = {0};
    sx_canvas_to_text(&canvas, &out);
    assert_string_equal(out.data, "▁█ ▅█▁ ▃\n▅▅▁▃\n▁▁██  ▅▅██▁▁  ▃▃\n▅▅ ▅▅▅ ▅\n");
    sx_text_done(&out);
    sx_canvas_done(&canvas);
}

/* ---- odd data at every size
 * ---------------------------------------------------------------------- */

/* Draws at every size up to 60 x 30 and looks whether anything changed outside of the box. */
static void sweep_sizes(drawer draw, const sx_result *result, int step) {
    static const sx_look looks[] = {{256, true, false}, {8, true, false}, {0, false, false}};
    sx_canvas canvas = canvas_of(66, 34, full);
    const sx_style mark = {SX_COLOUR_RGB(1, 2, 3), SX_COLOUR_DEFAULT, 0};
    for (int width = 0, turn = 0; width <= 60; width += step)
        for (int height = 0; height <= 30; height += step, turn++) {
            sx_box box = {3 - turn % 2, 1 + turn % 3, width, height};
            canvas.look = looks[turn % 3];
            sx_canvas_fill(&canvas, sx_canvas_box(&canvas), 'Z', mark);
            draw(&canvas, box, result);
            for (int i = 0; i < 66 * 34; i++) {
                int x = i % 66 - box.x, y = i / 66 - box.y;
                const sx_cell *cell = &canvas.cells[i];
                if (x >= 0 && y >= 0 && x < width && y < height) continue;
                if (cell->glyph != 'Z' || cell->style.foreground != mark.foreground ||
                    cell->style.attributes)
                    fail_msg("%s at %d x %d wrote at %d, %d", result->name, width, height, x, y);
            }
        }
    /* and half outside of the canvas */
    draw(&canvas, (sx_box){-7, -3, 40, 20}, result);
    draw(&canvas, (sx_box){50, 28, 40, 20}, result);
    sx_canvas_done(&canvas);
}

static void plots_stay_in_their_box(void **state) {
    (void)state;
    const struct {
        drawer draw;
        sx_result *result;
    } plots[] = {{draw_curves, training()},      {draw_curves, risk_coverage()},
                 {draw_curves, rotation()},      {draw_map, location(9, 9)},
                 {draw_map, location(40, 3)},    {draw_values, location(3, 70)},
                 {draw_values, location(1, 1)},  {draw_reliability, reliability()},
                 {draw_reliability, rotation()}, {draw_table, figures()},
                 {draw_table, claims()},         {draw_spark, rotation()}};
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++) {
        sweep_sizes(plots[i].draw, plots[i].result, i < 2 ? 3 : 2);
        sx_result_release(plots[i].result);
    }
}

/* Two lines with intervals over `length` points of one kind. */
typedef double (*filler)(size_t i);

static double fill_nan(size_t i) {
    (void)i;
    return NAN;
}
static double fill_constant(size_t i) {
    (void)i;
    return -3.25;
}
static double fill_zero(size_t i) {
    (void)i;
    return 0;
}
static double fill_huge(size_t i) {
    return i % 2 ? 1e300 : -1e300;
}
static double fill_largest(size_t i) {
    return i % 2 ? 1.7e308 : -1.7e308;
}
static double fill_tiny(size_t i) {
    return 1e-300 * (double)i;
}
static double fill_infinite(size_t i) {
    return i % 3 == 0 ? INFINITY : i % 3 == 1 ? -INFINITY : (double)i;
}
static double fill_close(size_t i) {
    return 1e9 + 1e-6 * (double)i;
}
static double fill_noise(size_t i) {
    return sin((double)i * 1.3) * (double)i;
}

static sx_result *filled(size_t length, filler y, filler x) {
    sx_result *result = new_series("filled", length, 2, true);
    sx_series *s = &result->series;
    s->x_label = "a rather long name of an axis";
    s->lines[0].name = "accuracy";
    for (size_t i = 0; i < length; i++) {
        if (x) s->x[i] = x(i);
        for (int k = 0; k < 2; k++) {
            s->lines[k].y[i] = s->lines[k].low[i] = y(i);
            s->lines[k].high[i] = y(i) + 1;
            s->lines[k].count[i] = y(i);
        }
    }
    return result;
}

static void draw_marked(sx_canvas *canvas, sx_box box, const sx_result *result) {
    sx_curve curves[2] = {{.series = result, .line = 0, .look = 7, .marks = true},
                          {.series = result, .line = 1, .look = -1, .dashed = true}};
    sx_axes axes = sx_axes_default();
    axes.diagonal = true;
    axes.cursor = 3;
    sx_plot_curves(canvas, box, curves, 2, &axes);
}

static void odd_data_do_no_harm(void **state) {
    (void)state;
    const filler fillers[] = {fill_nan,  fill_constant, fill_zero,  fill_huge, fill_largest,
                              fill_tiny, fill_infinite, fill_close, fill_noise};
    const size_t lengths[] = {0, 1, 2, 50};
    for (size_t f = 0; f < sizeof fillers / sizeof *fillers; f++)
        for (size_t n = 0; n < 4; n++)
            for (int turned = 0; turned < 2; turned++) {
                sx_result *result = filled(lengths[n], fillers[f], turned ? fillers[f] : NULL);
                sweep_sizes(draw_marked, result, 6);
                sweep_sizes(draw_reliability, result, 9);
                sweep_sizes(draw_spark, result, 9);
                sx_text sentence = {0};
                sx_plot_sentence(result, &sentence);
                assert_true(sentence.size > 0);
                sx_text_done(&sentence);
                sx_result_release(result);
            }
}

static void odd_grids_do_no_harm(void **state) {
    (void)state;
    const filler fillers[] = {fill_nan, fill_huge, fill_infinite, fill_tiny, fill_close};
    for (size_t f = 0; f < sizeof fillers / sizeof *fillers; f++) {
        sx_result *result = location(7, 5);
        for (size_t i = 0; i < 35; i++) result->grid.values[i] = fillers[f](i);
        for (size_t i = 0; i < 7; i++) result->grid.row_values[i] = fillers[f](i);
        sweep_sizes(draw_map, result, 5);
        sweep_sizes(draw_values, result, 5);
        sx_result_release(result);
    }
    sx_result *empty = location(1, 1);
    empty->grid.rows = empty->grid.columns = 0;
    sweep_sizes(draw_map, empty, 10);
    sx_canvas canvas = canvas_of(30, 5, full);
    sx_plot_heatmap(
        &canvas, sx_canvas_box(&canvas), empty,
        &(sx_heatmap){.low = 1, .high = 1, .cursor_row = 3, .cursor_column = 3, .values = true});
    sx_plot_curves(&canvas, sx_canvas_box(&canvas), NULL, 0, &(sx_axes){0});
    sx_canvas_done(&canvas);
    sx_result_release(empty);
}

/* A spike among a hundred thousand points is seen, whatever the width. */
static void spikes_survive_decimation(void **state) {
    (void)state;
    sx_result *result = new_series("long", 100000, 1, false);
    for (size_t i = 0; i < 100000; i++) result->series.lines[0].y[i] = 0.1;
    result->series.lines[0].y[67890] = 1;
    result->series.lines[0].name = "y";
    sx_curve curve = {.series = result};
    sx_axes axes = sx_axes_default();
    axes.legend = false;
    for (int width = 20; width <= 60; width += 7) {
        sx_canvas canvas = canvas_of(width, 10, none);
        sx_plot_curves(&canvas, sx_canvas_box(&canvas), &curve, 1, &axes);
        int dots = 0;
        for (int x = 4; x < width; x++) dots += canvas.cells[x].glyph > 0x2800;
        assert_int_equal(dots, 1);
        sx_canvas_done(&canvas);
    }
    sx_result_release(result);
}

/* Where two curves meet in a cell, it belongs to the later one. */
static void later_curves_replace_cells(void **state) {
    (void)state;
    sx_result *result = new_series("two", 2, 2, false);
    for (int k = 0; k < 2; k++) {
        result->series.lines[k].name = "y";
        result->series.lines[k].y[0] = 0.5 * k;
        result->series.lines[k].y[1] = 0.5;
    }
    sx_curve curves[2] = {{.series = result, .line = 0, .look = 0},
                          {.series = result, .line = 1, .look = 2}};
    sx_axes axes = sx_axes_default();
    axes.legend = false;
    sx_canvas canvas = canvas_of(40, 9, full);
    sx_plot_curves(&canvas, sx_canvas_box(&canvas), curves, 2, &axes);
    int first = 0, second = 0;
    for (int i = 0; i < 40 * 9; i++) {
        if (canvas.cells[i].glyph <= 0x2800 || canvas.cells[i].glyph > 0x28FF) continue;
        first += canvas.cells[i].style.foreground == SX_COLOUR_ROLE(SX_ROLE_SERIES1);
        second += canvas.cells[i].style.foreground == SX_COLOUR_ROLE(SX_ROLE_SERIES3);
    }
    assert_true(second == 40 - 4); /* all columns right of the axis */
    assert_true(first > 10);
    sx_canvas_done(&canvas);
    sx_result_release(result);
}

static void no_data_is_said(void **state) {
    (void)state;
    sx_result *result = filled(10, fill_nan, NULL);
    sx_canvas canvas = canvas_of(40, 9, none);
    draw_marked(&canvas, sx_canvas_box(&canvas), result);
    sx_text out = {0};
    sx_canvas_to_text(&canvas, &out);
    assert_non_null(strstr(out.data, "no data yet"));
    sx_text_done(&out);
    sx_canvas_done(&canvas);
    sx_result_release(result);
}

/* ---- numbers and scales
 * ---------------------------------------------------------------------------- */

static void numbers_are_for_people(void **state) {
    (void)state;
    const struct {
        double value;
        int decimals;
        const char *shown;
    } cases[] = {{0.43, 2, "0.43"},
                 {1234, 0, "1,234"},
                 {-1234567.891, 1, "-1,234,567.9"},
                 {1.2e-5, 2, "1.2e-5"},
                 {NAN, 2, "-"},
                 {INFINITY, 2, "inf"},
                 {-INFINITY, 0, "-inf"},
                 {0, 2, "0.00"},
                 {-0.0, 1, "0.0"},
                 {1e300, 2, "1.0e300"},
                 {-9.96e-9, 1, "-1.0e-8"},
                 {0.3, 0, "0.3"},
                 {999.996, 2, "1,000.00"},
                 {-0.6, 0, "-1"},
                 {2.5, -3, "2"},
                 {0.1, 99, "0.100000000"},
                 {3e-7, 0, "3.0e-7"},
                 {-0.0014, 2, "-0.001"}};
    char out[32];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(sx_number_shown(out, cases[i].value, cases[i].decimals),
                            cases[i].shown);
}

static void expect_ticks(double low, double high, double least, bool degrees, const char *wanted) {
    char all[512] = "", label[32];
    sx_ticks ticks = sx_ticks_of(low, high, least, degrees);
    for (int i = 0; i < ticks.count; i++) {
        strcat(all, i ? " " : "");
        strcat(all, sx_tick_label(&ticks, i, label));
    }
    strcat(all, sx_exponent_text(ticks.exponent, label));
    assert_string_equal(all, wanted);
}

static void ticks_are_round(void **state) {
    (void)state;
    expect_ticks(0, 1, 0.2, false, "0.0 0.2 0.4 0.6 0.8 1.0");
    expect_ticks(0, 1, 0.21, false, "0.00 0.25 0.50 0.75 1.00");
    expect_ticks(0, 6000, 1500, false, "0 2,000 4,000 6,000");
    expect_ticks(-0.3, 0.3, 0.15, false, "-0.2 0.0 0.2");
    expect_ticks(0.0001, 0.0009, 0.0003, false, "500×10⁻⁶");
    expect_ticks(0, 2.1e6, 0.9e6, false, "0 1 2×10⁶");
    expect_ticks(-180, 180, 80, true, "-180 -90 0 90 180");
    expect_ticks(0, 1, 0, false, "");
    expect_ticks(1, 1, 0.1, false, "");
}

static void expect_log_ticks(double low, double high, double least, const char *wanted) {
    char all[512] = "", label[32];
    sx_ticks ticks = sx_ticks_logarithmic(low, high, least);
    for (int i = 0; i < ticks.count; i++) {
        strcat(all, i ? " " : "");
        strcat(all, sx_tick_label(&ticks, i, label));
    }
    assert_string_equal(all, wanted);
}

static void logarithmic_ticks_are_round(void **state) {
    (void)state;
    expect_log_ticks(0.2, 5, 0.2, "0.2 0.5 1 2 5");
    expect_log_ticks(0.01, 1000, 0.8, "0.01 0.1 1 10 100 1000");
    expect_log_ticks(1e-8, 1, 2, "1e-8 1e-6 1e-4 0.01 1");
    expect_log_ticks(0.3, 0.7, 0.3, "0.3 0.7");
    expect_log_ticks(0, 1, 0.3, "");
    expect_log_ticks(2, 2, 0.3, "");
}

static void expect_log_range(double low, double high, double wanted_low, double wanted_high) {
    sx_range_logarithmic(&low, &high);
    assert_true(fabs(low / wanted_low - 1) < 1e-9 && fabs(high / wanted_high - 1) < 1e-9);
}

static void logarithmic_ranges_have_round_ends(void **state) {
    (void)state;
    expect_log_range(0.31, 2.3, 0.2, 5);
    expect_log_range(0.2, 5, 0.2, 5);
    expect_log_range(1, 1, 1, 10);
    expect_log_range(1e-7, 3e4, 1e-7, 5e4);
    expect_log_range(0, 1, 1e-300, 1);
}

static void expect_range(double low, double high, int parts, double wanted_low,
                         double wanted_high) {
    sx_range_nice(&low, &high, parts, false);
    assert_true(fabs(low - wanted_low) <= 1e-9 * fabs(wanted_high));
    assert_true(fabs(high - wanted_high) <= 1e-9 * fabs(wanted_high));
}

static void ranges_have_round_ends(void **state) {
    (void)state;
    expect_range(0.02, 1.15, 5, 0, 1.25);
    expect_range(0.02, 1.15, 3, 0, 1.5);
    expect_range(0.34, 0.81, 5, 0.2, 1);
    expect_range(-1, 1, 1, -1, 1);
    expect_range(7, 7, 4, 2.5, 12.5); /* constant: half of it around */
    expect_range(0, 0, 4, 0, 1);
    expect_range(1, -1, 4, 0, 1); /* no data */
    double low = -1.7e308, high = 1.7e308;
    sx_range_nice(&low, &high, 5, false);
    assert_true(isfinite(high - low) && high > low);
}

/* ---- sentences
 * --------------------------------------------------------------------------------------- */

static void expect_sentence(sx_result *result, const char *wanted) {
    sx_text out = {0};
    sx_plot_sentence(result, &out);
    assert_string_equal(out.data, wanted);
    sx_text_done(&out);
    sx_result_release(result);
}

static void series_are_told_in_a_sentence(void **state) {
    (void)state;
    sx_result *loss = new_series("training", 91, 1, false);
    loss->series.x_label = "step";
    loss->series.lines[0].name = "loss";
    for (int i = 0; i < 91; i++) {
        loss->series.x[i] = 10 * i;
        loss->series.lines[0].y[i] = 2.3 - 0.021 * i;
    }
    loss->series.lines[0].y[87] = 0.39;
    loss->series.lines[0].y[3] = NAN;
    expect_sentence(loss, "loss fell from 2.30 to 0.41 in 900 steps, lowest 0.39 at 870, "
                          "1 of 91 points unknown");
    expect_sentence(rotation(),
                    "accuracy went from 0.35 to 0.35 over rotation -180 to 180 degrees, "
                    "lowest 0.35 at -180, highest 0.85 at 0, 1 of 25 points unknown");
    sx_result *flat = new_series("flat", 3, 3, false);
    flat->series.y_label = "accuracy";
    flat->series.lines[1].name = "b";
    flat->series.lines[2].name = "c";
    for (int i = 0; i < 3; i++) flat->series.lines[0].y[i] = 0.5;
    for (int i = 0; i < 3; i++) flat->series.lines[1].y[i] = i;
    expect_sentence(flat, "accuracy stayed at 0.50 over x 0 to 2; b rose from 0 to 2, highest 2 at "
                          "2; c: no data yet");
}

static void other_kinds_are_told_in_a_sentence(void **state) {
    (void)state;
    expect_sentence(location(5, 5),
                    "accuracy by y and x: mean 0.41, highest 0.95 at y 0.5, x 0.5, lowest 0.19 "
                    "at y 0, x 0; 1 of 25 cells unknown; 3 rest on fewer than 30 images");
    expect_sentence(figures(), "max prob 0.021, entropy 0.022, margin 0.021");
    expect_sentence(claims(), "5 claims: 2 hold, 1 fail, 2 undecided; fails: entropy ranks errors "
                              "better than chance");
    sx_result *points = sx_result_new(SX_RESULT_POINTS, "p", "p");
    double x[] = {1, 2, NAN}, y[] = {0.5, -2, 7};
    points->points = (sx_points){"latent 1", "latent 2", 3, x, y, NULL};
    expect_sentence(points, "3 points, latent 1 from 1 to 2, latent 2 from -2 to 7");
    sx_result *histogram = sx_result_new(SX_RESULT_HISTOGRAM, "h", "h");
    double edges[] = {0, 0.5, 0.95, 1}, counts[] = {10, 20, 1200};
    histogram->histogram = (sx_histogram){"confidence", 3, edges, counts};
    expect_sentence(histogram, "1,230 values of confidence, most (1,200) between 0.95 and 1");
    sx_result *images = sx_result_new(SX_RESULT_IMAGES, "i", "i");
    const char *captions[] = {"shirt", "bag"};
    images->images = (sx_images){2, 28, 30, 1, NULL, captions};
    expect_sentence(images, "2 images of 30 x 28 pixels: shirt, bag");
}

/* ---- images -----------------------------------------------------------------------------------
 */

/* Two tiles of 2 x 2 pixels, all black but one. */
static sx_result *two_tiles(void) {
    sx_result *r = sx_result_new(SX_RESULT_IMAGES, "tiles", "Two tiles");
    r->images = (sx_images){2, 2, 2, 1, NULL, NULL};
    r->images.pixels = sx_arena_alloc(&r->arena, 8, 1);
    r->images.captions = sx_arena_alloc(&r->arena, 2, sizeof(char *));
    r->images.captions[0] = "1: from 0.123 to 4.567";
    r->images.captions[1] = "2";
    r->images.pixels[3] = 255;
    r->step = 3;
    return r;
}

static void images_are_tiles(void **state) {
    (void)state;
    sx_result *tiles = two_tiles();
    sx_canvas canvas = {0};
    sx_canvas_resize(&canvas, 21, 5, (sx_look){256, true, false}, NULL);
    sx_gallery g = sx_gallery_lay(sx_canvas_box(&canvas), tiles);
    assert_true(g.columns == 2 && g.rows == 1);
    assert_int_equal(sx_plot_gallery(&canvas, sx_canvas_box(&canvas), tiles, 0), 2);
    sx_text text = {0};
    sx_canvas_to_text(&canvas, &text);
    assert_null(strstr(text.data, "from")); /* no room: the number alone */
    assert_non_null(strstr(text.data, "1        2"));
    assert_int_equal(sx_plot_gallery(&canvas, sx_canvas_box(&canvas), tiles, 1), 1);
    sx_text svg = {0}, again = {0};
    sx_figure figure = {.result = tiles, .caption = "0012-fashion-cnn · seed 0 · 2026-01-02"};
    sx_figure_svg(&figure, &svg);
    sx_figure_svg(&figure, &again);
    assert_string_equal(svg.data, again.data);
    const char *first = strstr(svg.data, "<image "), *second = first ? first + 1 : NULL;
    assert_true(second && strstr(second, "<image ") && strstr(svg.data, "from 0.123 to 4.567"));
    check_png(&figure, 0x000000);
    sx_text_done(&svg);
    sx_text_done(&again);
    sx_text_done(&text);
    sx_canvas_done(&canvas);
    sx_result_release(tiles);
}

/* Where the map is high the picture has the ramp's last colour, mixed with its own grey. */
/* A file has all cells of a large map, and they are about square. */
static void a_large_map_is_whole_in_a_file(void **state) {
    static const struct {
        int side;
        const char *cell;
    } maps[] = {{32, "width=\"16.00\" height=\"16.00\""}, {64, "width=\"8.00\" height=\"8.00\""}};
    (void)state;
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        int side = maps[i].side;
        sx_text svg = {0};
        sx_result *map = sx_result_new(SX_RESULT_GRID, "map", "Map");
        assert_true(map && sx_grid_alloc(map, side, side));
        map->grid.row_label = map->grid.column_label = map->grid.unit = "";
        for (int k = 0; k < side; k++) map->grid.row_values[k] = map->grid.column_values[k] = k + 1;
        for (int k = 0; k < side * side; k++) map->grid.values[k] = (double)(k % 7) / 7;
        sx_figure_svg(&(sx_figure){.result = map}, &svg);
        assert_null(strstr(svg.data, "1 of "));
        assert_non_null(strstr(svg.data, maps[i].cell));
        sx_text_done(&svg);
        sx_result_release(map);
    }
}

static void a_map_lies_over_its_picture(void **state) {
    (void)state;
    sx_result *picture = two_tiles(), *map = sx_result_new(SX_RESULT_GRID, "map", "A map");
    assert_true(sx_grid_alloc(map, 2, 2));
    const double values[] = {0, 1, 0, 1};
    memcpy(map->grid.values, values, sizeof values);
    sx_result *over = sx_plot_overlay(picture, map);
    assert_non_null(over);
    assert_string_equal(over->name, "map-on-picture");
    int side = over->images.width;
    assert_true(side >= 64 && over->images.height == side && over->images.channels == 3);
    const uint8_t *low = over->images.pixels, *high = low + (ptrdiff_t)(side - 1) * 3;
    const uint8_t *white = low + ((ptrdiff_t)side * side - 1) * 3;
    assert_int_equal(high[0], lround(0.6 * 255)); /* FFFF5F over black */
    assert_int_equal(high[2], lround(0.6 * 0x5F));
    assert_int_equal(low[2], lround(0.6 * 0x5F)); /* 00005F */
    assert_int_equal(low[0], 0);
    assert_int_equal(white[0], 255);
    assert_non_null(strstr(over->images.captions[0], "yellow) "));
    assert_null(sx_plot_overlay(map, map));
    sx_result_release(over);
    sx_result_release(map);
    sx_result_release(picture);
}

static int set_locale(void **state) {
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_tiles),
        cmocka_unit_test(a_large_map_is_whole_in_a_file),
        cmocka_unit_test(a_map_lies_over_its_picture),
        cmocka_unit_test(curves_have_axes_and_a_legend),
        cmocka_unit_test(points_have_intervals_and_say_when_they_are_few),
        cmocka_unit_test(gaps_are_shown),
        cmocka_unit_test(bands_have_faint_edges),
        cmocka_unit_test(few_is_faint_on_lines),
        cmocka_unit_test(curves_are_clipped_to_their_axes),
        cmocka_unit_test(labels_never_touch),
        cmocka_unit_test(heat_maps_in_all_looks),
        cmocka_unit_test(heat_maps_fit_their_box),
        cmocka_unit_test(heat_maps_show_names),
        cmocka_unit_test(reliability_has_bars_marks_and_counts),
        cmocka_unit_test(tables_are_aligned_and_drop_columns),
        cmocka_unit_test(tables_scroll),
        cmocka_unit_test(what_is_not_among_claims_is_told),
        cmocka_unit_test(claims_of_several_seeds_show_their_range),
        cmocka_unit_test(raw_results_are_not_drawn),
        cmocka_unit_test(sparklines_have_eighths_and_blanks),
        cmocka_unit_test(plots_stay_in_their_box),
        cmocka_unit_test(odd_data_do_no_harm),
        cmocka_unit_test(odd_grids_do_no_harm),
        cmocka_unit_test(spikes_survive_decimation),
        cmocka_unit_test(later_curves_replace_cells),
        cmocka_unit_test(no_data_is_said),
        cmocka_unit_test(numbers_are_for_people),
        cmocka_unit_test(ticks_are_round),
        cmocka_unit_test(logarithmic_ticks_are_round),
        cmocka_unit_test(logarithmic_ranges_have_round_ends),
        cmocka_unit_test(figures_are_written_as_svg_and_png),
        cmocka_unit_test(own_figures_are_pictures_too),
        cmocka_unit_test(logarithmic_axes_show_decades),
        cmocka_unit_test(means_neither_lag_nor_lean),
        cmocka_unit_test(limits_fit_what_is_seen),
        cmocka_unit_test(ranges_have_round_ends),
        cmocka_unit_test(series_are_told_in_a_sentence),
        cmocka_unit_test(other_kinds_are_told_in_a_sentence),
    };
    return cmocka_run_group_tests(tests, set_locale, NULL);
}
