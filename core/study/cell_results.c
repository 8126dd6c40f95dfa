/* What the cells of a study say together: a table with a row a cell, curves with a line a cell, the
 * map of the first, and the claims. All of it follows from what finished runs left, so it can be
 * made again from their folders. */
#include "core/study/cell_claims.h"
#include "core/study/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- figures over seeds -----------------------------------------------------------------------
 */

/* Mean, lowest and highest of numbers; of one number also its own interval. NaN: not known. */
typedef struct {
    double sum, low, high;
    int count;
} spread;

static void spread_add(spread *s, double value, double low, double high) {
    if (isnan(value)) return;
    bool first = s->count++ == 0;
    s->sum += value;
    if (first) {
        s->low = low;
        s->high = high;
    } else {
        s->low = fmin(s->low, value);
        s->high = fmax(s->high, value);
    }
}

static double spread_mean(const spread *s) {
    return s->count ? s->sum / s->count : (double)NAN;
}

/* A figure of a table "figure, value, low, high" over the seeds of a cell. */
static spread spread_of(const sx_study_cell *cell, const char *table, const char *figure) {
    spread s = {.low = NAN, .high = NAN};
    bool several = cell->seeds > 1;
    for (int k = 0; k < cell->seeds; k++) {
        sx_estimate found = sx_cell_figure(cell, k, table, figure);
        spread_add(&s, found.value, several ? found.value : found.low,
                   several ? found.value : found.high);
    }
    return s;
}

/* ---- the table --------------------------------------------------------------------------------
 */

static sx_result *make_table(const sx_study_cell *cells, int count) {
    static const char *const columns[] = {"cell",   "seeds",         "test accuracy", "low",
                                          "high",   "centre",        "border",        "drop",
                                          "values", "training FLOPs"};
    static const struct {
        int column;
        const char *table, *figure;
    } figures[] = {{5, "summary", "accuracy, centre"},
                   {6, "summary", "accuracy, border"},
                   {7, "summary", "drop to the border"},
                   {8, "model-cost", "trained values"},
                   {9, "model-cost", "training FLOPs"}};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    sx_result *r = sx_table_new("cells", "Networks", (size_t)count, columns, COLUMNS, 1);
    bool good = r != NULL;
    if (r) r->step = -1;
    for (int c = 0; good && c < count; c++) {
        const sx_column *to = r->table.columns;
        spread test = spread_of(&cells[c], "summary", "test accuracy");
        to[0].texts[c] = sx_result_text(r, "%s", cells[c].name[0] ? cells[c].name : "all");
        good = to[0].texts[c] != NULL;
        to[1].numbers[c] = cells[c].seeds;
        to[2].numbers[c] = spread_mean(&test);
        to[3].numbers[c] = test.low;
        to[4].numbers[c] = test.high;
        for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
            spread s = spread_of(&cells[c], figures[i].table, figures[i].figure);
            to[figures[i].column].numbers[c] = spread_mean(&s);
        }
    }
    if (good) return r;
    sx_result_release(r);
    return NULL;
}

/* ---- curves and the map -----------------------------------------------------------------------
 */

/* The first run that left a result of that name and kind. */
static const sx_result *any_of(const sx_study_cell *cells, int count, const char *name,
                               sx_result_kind kind) {
    for (int c = 0; c < count; c++)
        for (int k = 0; k < cells[c].seeds; k++) {
            const sx_result *r = sx_cell_result(&cells[c], k, name);
            if (r && r->kind == kind) return r;
        }
    return NULL;
}

static bool fits(const sx_result *r, const sx_result *like) {
    return r && r->kind == SX_RESULT_SERIES && r->series.length == like->series.length &&
           r->series.line_count > 0 && r->series.lines[0].low && r->series.lines[0].count;
}

static void fill_line(sx_line *line, const sx_study_cell *cell, const sx_result *like) {
    for (size_t p = 0; p < like->series.length; p++) {
        spread s = {.low = NAN, .high = NAN};
        double count = 0;
        for (int k = 0; k < cell->seeds; k++) {
            const sx_result *r = sx_cell_result(cell, k, like->name);
            if (!fits(r, like)) continue;
            const sx_line *from = &r->series.lines[0];
            bool several = cell->seeds > 1;
            spread_add(&s, from->y[p], several ? from->y[p] : from->low[p],
                       several ? from->y[p] : from->high[p]);
            count += from->count[p];
        }
        line->y[p] = spread_mean(&s);
        line->low[p] = s.low;
        line->high[p] = s.high;
        line->count[p] = count;
    }
}

/* What a combined result takes over from one of a run; false if memory is out. */
static bool describe_as(sx_result *r, const sx_result *like) {
    r->step = like->step;
    r->split = sx_result_text(r, "%s", like->split);
    r->scene = sx_result_text(r, "%s", like->scene);
    return r->split && r->scene;
}

/* The same of a curve's title and axes. */
static bool label_series_as(sx_result *r, const sx_result *like) {
    sx_series *to = &r->series;
    to->few = like->series.few;
    memcpy(to->x, like->series.x, like->series.length * sizeof(double));
    return (r->title = sx_result_text(r, "%s", like->title)) &&
           (to->x_label = sx_result_text(r, "%s", like->series.x_label)) &&
           (to->x_unit = sx_result_text(r, "%s", like->series.x_unit)) &&
           (to->y_label = sx_result_text(r, "%s", like->series.y_label));
}

/* NULL with *wanted false: no cell has it. */
static sx_result *make_curves(const sx_study_cell *cells, int count, const char *name,
                              bool *wanted) {
    const sx_result *like = any_of(cells, count, name, SX_RESULT_SERIES);
    *wanted = like != NULL;
    if (!like) return NULL;
    sx_result *r = sx_result_new(SX_RESULT_SERIES, name, "");
    bool good = r && sx_series_alloc(r, like->series.length, count, true) && describe_as(r, like) &&
                label_series_as(r, like);
    for (int c = 0; good && c < count; c++) {
        r->series.lines[c].name = sx_result_text(r, "%s", cells[c].name);
        good = r->series.lines[c].name != NULL;
        fill_line(&r->series.lines[c], &cells[c], like);
    }
    if (good) return r;
    sx_result_release(r);
    return NULL;
}

static void fill_grid(sx_grid *grid, const sx_study_cell *cell, const char *name) {
    for (int i = 0; i < grid->rows * grid->columns; i++) {
        spread s = {.low = NAN, .high = NAN};
        double count = 0;
        bool several = cell->seeds > 1;
        for (int k = 0; k < cell->seeds; k++) {
            const sx_result *r = sx_cell_result(cell, k, name);
            if (!r || r->kind != SX_RESULT_GRID || r->grid.rows != grid->rows ||
                r->grid.columns != grid->columns || !r->grid.low || !r->grid.count)
                continue;
            const sx_grid *from = &r->grid;
            spread_add(&s, from->values[i], several ? from->values[i] : from->low[i],
                       several ? from->values[i] : from->high[i]);
            count += from->count[i];
        }
        grid->values[i] = spread_mean(&s);
        grid->low[i] = s.low;
        grid->high[i] = s.high;
        grid->count[i] = count;
    }
}

/* Title and axes of the map of a cell. */
static bool label_map_as(sx_result *r, const sx_result *like, const char *cell) {
    sx_grid *to = &r->grid;
    to->few = like->grid.few;
    memcpy(to->row_values, like->grid.row_values, (size_t)to->rows * sizeof(double));
    memcpy(to->column_values, like->grid.column_values, (size_t)to->columns * sizeof(double));
    return (r->title = sx_result_text(r, "%s: %s", cell, like->title)) &&
           (to->row_label = sx_result_text(r, "%s", like->grid.row_label)) &&
           (to->column_label = sx_result_text(r, "%s", like->grid.column_label)) &&
           (to->unit = sx_result_text(r, "%s", like->grid.unit));
}

/* Of the first cell that was moved about: the others are looked at one by one. */
static sx_result *make_map(const sx_study_cell *cells, int count, bool *wanted) {
    const sx_result *like = NULL;
    int c = 0;
    for (; c < count && !like; c += !like) like = any_of(&cells[c], 1, "location", SX_RESULT_GRID);
    *wanted = like != NULL;
    if (!like) return NULL;
    sx_result *r = sx_result_new(SX_RESULT_GRID, "location", "");
    if (!r || !sx_grid_alloc(r, like->grid.rows, like->grid.columns) || !describe_as(r, like) ||
        !label_map_as(r, like, cells[c].name)) {
        sx_result_release(r);
        return NULL;
    }
    fill_grid(&r->grid, &cells[c], "location");
    return r;
}

/* ---- all together -----------------------------------------------------------------------------
 */

static sx_status note_absent(const sx_config *config, sx_result *claims, sx_error *err) {
    int absent;
    sx_cells_claims(config, &absent);
    if (!absent) return SX_OK;
    claims->claims.note =
        sx_result_text(claims, "%d claim%s cells that the preset %s does not have", absent,
                       absent == 1 ? " needs" : "s need", sx_config_text(config, "run", "preset"));
    if (claims->claims.note) return SX_OK;
    claims->claims.note = "";
    return sx_study_no_memory(err);
}

static sx_status make_claims(const sx_config *config, const sx_cell_set *cells, sx_result **out,
                             sx_error *err) {
    const char **texts = sx_alloc(config->entry_count + 1, sizeof *texts);
    size_t claims = 0;
    *out = NULL;
    if (!texts) return sx_study_no_memory(err);
    for (size_t i = 0; i < config->entry_count; i++)
        if (strcmp(config->entries[i].section, "claims") == 0)
            texts[claims++] = config->entries[i].value;
    if (claims) *out = sx_cell_claims_make(texts, claims, cells, err);
    sx_free(texts);
    if (!*out) return claims ? err->status : SX_OK;
    return note_absent(config, *out, err);
}

sx_status sx_cells_conclude(const sx_config *config, const sx_cell_set *set,
                            sx_result *out[SX_CELL_RESULTS], int *results, sx_error *err) {
    const sx_study_cell *cells = set->cells;
    int count = set->count;
    bool wanted[4] = {true};
    sx_result *made[4] = {make_table(cells, count), make_curves(cells, count, "size", &wanted[1]),
                          make_curves(cells, count, "rotation", &wanted[2]),
                          make_map(cells, count, &wanted[3])};
    sx_status status = SX_OK;
    *results = 0;
    for (int i = 0; i < 4; i++) {
        if (made[i]) out[(*results)++] = made[i];
        if (wanted[i] && !made[i]) status = sx_study_no_memory(err);
    }
    if (status) return status;
    status = make_claims(config, set, &out[*results], err);
    if (out[*results]) (*results)++;
    return status;
}

#define CLASSES 10   /* while nobody has looked at the data */
#define FEATURES 1e5 /* pictures whose features a study of last layers computes, likewise */

double sx_study_work(const sx_config *config) {
    int size = (int)sx_config_number(config, "data", "image");
    sx_model model;
    if (sx_study_make_model(config, size, CLASSES, &model, NULL)) return NAN;
    sx_graph *graph = sx_model_graph(&model, 1, NULL);
    double cost = graph ? sx_graph_cost(graph) : (double)NAN;
    sx_graph_free(graph);
    sx_model_done(&model);
    if (sx_study_functions_of(config) == &sx_last_layer_kind) return cost * FEATURES;
    double places = SX_GRID_LOCATIONS * SX_GRID_LOCATIONS,
           points = SX_GRID_ROTATIONS + SX_GRID_SIZES;
    double trained = 3 * sx_config_number(config, "train", "steps") *
                     sx_config_number(config, "train", "batch") *
                     sx_config_number(config, "train", "accumulate");
    double share = sx_config_number(config, "robustness", "share");
    double measured = places * sx_config_number(config, "robustness", "images_per_location") +
                      points * sx_config_number(config, "robustness", "images_per_point");
    return cost * (trained / (1 - share) + measured);
}
