/* Results as figures of their own: what is drawn of each, on a canvas or as a file. */
#include "views/plot/figure.h"
#include "views/plot/gallery.h"
#include "views/plot/ink.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a result needs: rows of the plot, and which lines of a series are drawn over what range. */
typedef struct {
    const char *name;
    int lines[SX_FIGURE_CURVES];
    int line_count, height;
    double y_low, y_high; /* NaN: from the data */
    bool marks;
} layout;

#define ALL_LINES {0, 1, 2, 3, 4, 5, 6, 7}, SX_FIGURE_CURVES

static const layout layouts[] = {
    {"training", {0}, 1, 12, 0, NAN, false},
    {"validation", {1}, 1, 10, 0, 1, true},
    {"rotation", ALL_LINES, 12, 0, 1, true},
    {"size", ALL_LINES, 12, 0, 1, true},
    {"risk-coverage", {0, 1, 2, 3}, 4, 14, 0, NAN, false},
    {"risk-coverage-methods", ALL_LINES, 14, 0, NAN, false},
    {"risk-rotation", ALL_LINES, 12, 0, 1, true},
    {"risk-size", ALL_LINES, 12, 0, 1, true},
    {"coverage-rotation", ALL_LINES, 12, 0, 1, true},
    {"coverage-size", ALL_LINES, 12, 0, 1, true},
};

/* Whether it is that result, or that of another method: "risk-coverage", "risk-coverage-3". */
static bool is_named(const char *name, const char *stem) {
    size_t length = strlen(stem);
    if (strncmp(name, stem, length) != 0) return false;
    if (!name[length]) return true;
    return name[length] == '-' && name[length + 1] &&
           !name[length + 1 + strspn(name + length + 1, "0123456789")];
}

static const layout *find_layout(const char *name) {
    static const layout all = {"", ALL_LINES, 12, NAN, NAN, false};
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        if (is_named(name, layouts[i].name)) return &layouts[i];
    return &all;
}

/* Of more methods than fit the last line stays, which is the oracle, and it alone is dashed. */
static int curves_of(const sx_result *result, const layout *how,
                     sx_curve curves[SX_FIGURE_CURVES]) {
    int count = 0, lines = result->series.line_count;
    bool methods = strcmp(how->name, "risk-coverage-methods") == 0;
    for (int i = 0; i < how->line_count && i < lines; i++) {
        bool oracle = methods && (i == how->line_count - 1 || i == lines - 1);
        curves[count++] = (sx_curve){.series = result,
                                     .line = oracle ? lines - 1 : how->lines[i],
                                     .look = oracle ? 0 : i,
                                     .dashed = methods ? oracle : i > 0,
                                     .marks = how->marks};
    }
    return count;
}

static bool is_reliability(const sx_result *result) {
    return result->kind == SX_RESULT_SERIES && is_named(result->name, "reliability");
}

/* Shares and cosines have a scale of up to 1, whatever they are, so that maps can be compared. */
static bool has_own_scale(const sx_result *result) {
    return strcmp(result->name, "gradient-input") == 0;
}

/* Of differences, which have a sign; their scale is as large as they are. */
static bool is_difference(const sx_result *result) {
    static const char name[] = "location-difference";
    return strncmp(result->name, name, sizeof name - 1) == 0;
}

sx_heatmap sx_plot_scale(const sx_result *result) {
    const sx_grid *grid = &result->grid;
    bool difference = is_difference(result);
    double least = 0, most = has_own_scale(result) || difference ? 0 : 1;
    for (int i = 0; i < grid->rows * grid->columns; i++) {
        if (grid->values[i] < least) least = grid->values[i];
        if (grid->values[i] > most) most = grid->values[i];
    }
    sx_heatmap map = {.cursor_row = -1, .cursor_column = -1, .values = true};
    map.diverging = least < 0 || difference;
    map.high = fmax(most, -least);
    if (!(map.high > 0)) map.high = 1;
    map.low = map.diverging ? -map.high : 0;
    return map;
}

/* Series and grids, which any surface can show. */
static void draw_on(sx_surface *surface, const sx_result *result) {
    const layout *how = find_layout(result->name);
    sx_curve curves[SX_FIGURE_CURVES];
    sx_axes axes = sx_axes_default();
    axes.y_low = how->y_low;
    axes.y_high = how->y_high;
    if (result->kind == SX_RESULT_GRID) {
        sx_heatmap options = sx_plot_scale(result);
        sx_heatmap_on(surface, &result->grid, &options);
    } else if (is_reliability(result))
        sx_reliability_on(surface, &result->series, &axes, -1);
    else
        sx_curves_on(surface, curves, curves_of(result, how, curves), &axes);
}

bool sx_plot_is_raw(const sx_result *result) {
    static const char *const names[] = {"items", "outside", "outcomes-",
                                        "inside-"}; /* or how they begin */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(result->name, names[i], strlen(names[i])) == 0) return true;
    return false;
}

bool sx_plot_is_picture(const sx_result *result) {
    if (sx_plot_is_raw(result)) return false;
    return result->kind == SX_RESULT_SERIES || result->kind == SX_RESULT_GRID ||
           result->kind == SX_RESULT_IMAGES;
}

int sx_plot_rows(const sx_result *result) {
    if (result->kind == SX_RESULT_GRID && sx_plot_is_raw(result)) return 0;
    if (result->kind == SX_RESULT_GRID) return result->grid.rows + 4;
    if (result->kind == SX_RESULT_TABLE) return (int)fmin((double)result->table.rows, 20) + 1;
    if (result->kind == SX_RESULT_CLAIMS)
        return result->claims.count + 2 + (result->claims.note[0] != 0);
    if (result->kind == SX_RESULT_IMAGES) return result->images.count == 1 ? 16 : 24;
    return result->kind == SX_RESULT_SERIES ? find_layout(result->name)->height : 0;
}

void sx_plot_result(sx_canvas *canvas, sx_box box, const sx_result *result) {
    sx_cell_surface cells;
    if (result->kind == SX_RESULT_IMAGES)
        sx_plot_gallery(canvas, box, result, 0);
    else if (sx_plot_is_picture(result))
        draw_on(sx_cell_surface_init(&cells, canvas, box), result);
    else if (result->kind == SX_RESULT_TABLE || result->kind == SX_RESULT_CLAIMS)
        sx_plot_table(canvas, box, result, 0, -1);
}

#define CLAIM_COLUMNS 118 /* a claim is read whole, even where a log is narrower */

void sx_plot_text(const sx_result *result, int columns, sx_look look, sx_text *out) {
    if (result->kind == SX_RESULT_CLAIMS && columns < CLAIM_COLUMNS) columns = CLAIM_COLUMNS;
    sx_canvas canvas = {0};
    sx_text_add(out, "%s", result->title);
    if (result->step >= 0) sx_text_add(out, " (step %lld)", (long long)result->step);
    sx_text_add(out, "\n");
    int rows = sx_plot_rows(result);
    if (rows > 0 && !sx_canvas_resize(&canvas, columns, rows, look, NULL)) {
        sx_plot_result(&canvas, sx_canvas_box(&canvas), result);
        (look.colours ? sx_canvas_to_ansi : sx_canvas_to_text)(&canvas, out);
    }
    sx_canvas_done(&canvas);
    bool told = result->kind == SX_RESULT_TABLE || result->kind == SX_RESULT_CLAIMS;
    if (!told && !sx_plot_is_raw(result)) {
        sx_plot_sentence(result, out);
        sx_text_add(out, "\n");
    }
    sx_text_add(out, "\n");
}

/* ---- files ------------------------------------------------------------------------------------
 */

#define COLUMNS 92
#define ROWS 26
#define MARGIN 2 /* characters at left and right; rows: a title above, a caption below */
#define TITLE_Y 1.25
#define PLOT_Y 2.5
#define TEXT_INK 0x111111u

/* Room for every cell of a map, two lines each; of a large one about square: a line each, or half
 * a line where two columns have no room beside each other. */
static int map_rows(const sx_grid *grid) {
    enum { MOST = 64, BESIDE = 16 }; /* lines; columns of labels and legend */
    int rows = 2 * grid->rows + 1;
    if (rows > MOST)
        rows = 2 * grid->columns > COLUMNS - BESIDE ? (grid->rows + 1) / 2 + 1 : grid->rows + 1;
    return rows < 12 ? ROWS : rows > MOST ? MOST : rows;
}

static int rows_of(const sx_figure *figure) {
    const sx_result *result = figure->result;
    if (result->kind == SX_RESULT_GRID) return map_rows(&result->grid);
    if (result->kind == SX_RESULT_IMAGES) {
        int height = sx_sheet_form_of(&result->images, COLUMNS * SX_VECTOR_WIDTH).height;
        return (height + SX_VECTOR_HEIGHT - 1) / SX_VECTOR_HEIGHT;
    }
    return ROWS;
}

static void draw_figure(sx_surface *surface, const sx_figure *figure) {
    if (figure->curve_count > 0)
        sx_curves_on(surface, figure->curves, figure->curve_count, &figure->axes);
    else if (figure->as_stack)
        sx_stack_on(surface, figure->result, &figure->stack);
    else if (figure->as_map)
        sx_heatmap_on(surface, &figure->result->grid, &figure->map);
    else if (figure->as_diagram)
        sx_reliability_on(surface, &figure->result->series, &figure->axes, -1);
    else
        draw_on(surface, figure->result);
}

static void caption_of(const sx_figure *figure, char *out, size_t size) {
    const char *caption = figure->caption ? figure->caption : "";
    char step[40] = "";
    if (figure->result->step >= 0)
        snprintf(step, sizeof step, "%sstep %lld", *caption ? " · " : "",
                 (long long)figure->result->step);
    snprintf(out, size, "%s%s", caption, step);
}

static void add_line(sx_text *out, int row, const char *weight, const char *colour,
                     const char *text) {
    sx_text_add(out, "<text x=\"%d\" y=\"%d\" font-weight=\"%s\" fill=\"%s\">",
                MARGIN * SX_VECTOR_WIDTH, row * SX_VECTOR_HEIGHT - 4, weight, colour);
    sx_text_add_escaped(out, text);
    sx_text_add(out, "</text>\n");
}

void sx_figure_svg(const sx_figure *figure, sx_text *out) {
    if (!sx_plot_is_picture(figure->result)) return;
    int rows = rows_of(figure), width = (COLUMNS + 2 * MARGIN) * SX_VECTOR_WIDTH;
    int height = (rows + 5) * SX_VECTOR_HEIGHT;
    char caption[640];
    sx_vector_surface vector;
    caption_of(figure, caption, sizeof caption);
    sx_text_add(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" "
        "font-size=\"13\">\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
        width, height, width, height, width, height);
    add_line(out, 2, "bold", "#111111", figure->result->title);
    sx_text_add(out, "<g transform=\"translate(%d %d)\">\n", MARGIN * SX_VECTOR_WIDTH,
                5 * SX_VECTOR_HEIGHT / 2);
    if (figure->result->kind == SX_RESULT_IMAGES)
        sx_gallery_on_vector(out, COLUMNS * SX_VECTOR_WIDTH, &figure->result->images);
    else
        draw_figure(sx_vector_surface_init(&vector, COLUMNS, rows, out), figure);
    sx_text_add(out, "</g>\n");
    add_line(out, rows + 4, "normal", "#5f5f5f", caption);
    sx_text_add(out, "</svg>\n");
}

/* One line of the frame around the plot, control characters taken out. */
static void draw_frame_line(sx_raster *raster, double y, bool bold, uint32_t colour,
                            const char *text) {
    char safe[640];
    sx_text_printable(safe, sizeof safe, text);
    sx_raster_text(raster, MARGIN * SX_RASTER_WIDTH, y * SX_RASTER_HEIGHT, bold, colour, safe);
}

sx_status sx_figure_png(const sx_figure *figure, double scale, sx_bytes *out, sx_error *err) {
    if (!sx_plot_is_picture(figure->result))
        return sx_fail(err, SX_BAD_INPUT, "'%s' is no plot", figure->result->name);
    int rows = rows_of(figure);
    char caption[640];
    sx_pixel_surface pixels;
    sx_raster *raster = sx_raster_new((COLUMNS + 2 * MARGIN) * SX_RASTER_WIDTH,
                                      (rows + 5) * SX_RASTER_HEIGHT, scale, SX_INK_GROUND, err);
    if (!raster) return err->status;
    caption_of(figure, caption, sizeof caption);
    draw_frame_line(raster, TITLE_Y - 0.25, true, TEXT_INK, figure->result->title);
    if (figure->result->kind == SX_RESULT_IMAGES)
        sx_gallery_on_raster(raster, MARGIN * SX_RASTER_WIDTH, PLOT_Y * SX_RASTER_HEIGHT,
                             COLUMNS * SX_RASTER_WIDTH, &figure->result->images);
    else
        draw_figure(sx_pixel_surface_init(&pixels, raster, MARGIN * SX_RASTER_WIDTH,
                                          PLOT_Y * SX_RASTER_HEIGHT, COLUMNS, rows),
                    figure);
    draw_frame_line(raster, rows + 3, false, SX_INK_AXIS, caption);
    sx_status status = sx_raster_png(raster, out, err);
    sx_raster_free(raster);
    return status;
}
