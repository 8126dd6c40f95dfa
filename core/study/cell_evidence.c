/* From the results of a finished run to evidence for claims. A run folder comes from outside:
 * kinds, sizes, values and the points of a sweep are checked, and what does not fit leaves a claim
 * undecided with a sentence, never a wrong figure. */
#include "core/study/cell_claims.h"

#include <math.h>
#include <string.h>

#define WHOLE 0.95       /* SI-Score's rule; shares are rounded by a division */
#define MOST_LABEL 65535 /* as many classes as anybody has */

static const char *const outcome_names[SX_SUBJECTS] = {"outcomes-location", "outcomes-rotation",
                                                       "outcomes-size", "outcomes-test"};
static const char *const inside_names[SX_SWEEPS] = {"inside-location", NULL, "inside-size"};

/* Classes of the rendered shapes that are the same after half a turn. No garment of Fashion-MNIST
 * is: of a shirt the outline stays, and its collar is below. */
static const char *const alike_upside_down[] = {"disc", "square", "diamond", "plus", "cross"};

static sx_status no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for claims between cells");
}

static const sx_result *result_of(const sx_study_cell *cell, int seed, const char *name,
                                  sx_result_kind kind) {
    const sx_result *result = sx_cell_result(cell, seed, name);
    return result && result->kind == kind ? result : NULL;
}

static const sx_column *column_of(const sx_table *table, const char *name, bool texts) {
    for (int c = 0; c < table->column_count; c++) {
        const sx_column *column = &table->columns[c];
        if (strcmp(column->name, name) == 0) return !column->texts == !texts ? column : NULL;
    }
    return NULL;
}

/* ---- figures of tables ------------------------------------------------------------------------
 */

sx_estimate sx_cell_figure(const sx_study_cell *cell, int seed, const char *result,
                           const char *figure) {
    const sx_result *found = result_of(cell, seed, result, SX_RESULT_TABLE);
    sx_estimate none = {NAN, NAN, NAN};
    if (!found) return none;
    const sx_column *names = column_of(&found->table, "figure", true);
    const sx_column *value = column_of(&found->table, "value", false);
    const sx_column *low = column_of(&found->table, "low", false);
    const sx_column *high = column_of(&found->table, "high", false);
    for (size_t i = 0; names && value && i < found->table.rows; i++)
        if (names->texts[i] && strcmp(names->texts[i], figure) == 0)
            return (sx_estimate){value->numbers[i], low ? low->numbers[i] : (double)NAN,
                                 high ? high->numbers[i] : (double)NAN};
    return none;
}

/* ---- pictures ---------------------------------------------------------------------------------
 */

/* Bytes 0 or 1 of numbers that are nothing else. */
static bool copy_flags(const double *from, size_t count, uint8_t *out) {
    for (size_t i = 0; i < count; i++) {
        if (from[i] != 0 && from[i] != 1) return false;
        out[i] = from[i] == 1;
    }
    return true;
}

/* Labels, how many different ones, and the largest. */
static bool copy_labels(const double *from, size_t count, sx_evidence *e) {
    for (size_t i = 0; i < count; i++) {
        if (!(from[i] >= 0 && from[i] <= MOST_LABEL && from[i] == floor(from[i]))) return false;
        e->labels[i] = (int32_t)from[i];
        if (e->labels[i] > e->most_label) e->most_label = e->labels[i];
    }
    return true;
}

static sx_status count_classes(sx_evidence *e, size_t count, sx_error *err) {
    bool *seen = sx_alloc((size_t)e->most_label + 1, sizeof *seen);
    if (!seen) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        e->classes += !seen[e->labels[i]];
        seen[e->labels[i]] = true;
    }
    sx_free(seen);
    return SX_OK;
}

static bool is_alike(const char *class) {
    for (size_t i = 0; i < sizeof alike_upside_down / sizeof *alike_upside_down; i++)
        if (class && strcmp(class, alike_upside_down[i]) == 0) return true;
    return false;
}

/* The first n pairs of the table that says what they are. */
static sx_status read_pairs(const sx_study_cell *cell, int seed, sx_cell_evidence *out,
                            sx_error *err) {
    const sx_result *pairs = result_of(cell, seed, "outcomes-pairs", SX_RESULT_TABLE);
    sx_evidence *e = &out->evidence;
    out->lacks = "its run does not say which pairs were measured";
    if (!pairs || pairs->table.rows < out->n) return SX_OK;
    const sx_column *labels = column_of(&pairs->table, "label", false);
    const sx_column *classes = column_of(&pairs->table, "class", true);
    if (!labels || !classes || !column_of(&pairs->table, "item", false) ||
        !column_of(&pairs->table, "background", true))
        return SX_OK;
    e->labels = sx_alloc(out->n, sizeof *e->labels);
    e->alike = sx_alloc(out->n, 1);
    if (!e->labels || !e->alike) return no_memory(err);
    if (!copy_labels(labels->numbers, out->n, e)) return SX_OK;
    for (size_t i = 0; i < out->n; i++) e->alike[i] = is_alike(classes->texts[i]);
    out->pictures = &pairs->table;
    out->lacks = NULL;
    return count_classes(e, out->n, err);
}

/* ---- sweeps -----------------------------------------------------------------------------------
 */

static int points_of(int sweep) {
    static const int points[SX_SWEEPS] = {SX_GRID_LOCATIONS * SX_GRID_LOCATIONS, SX_GRID_ROTATIONS,
                                          SX_GRID_SIZES};
    return points[sweep];
}

static double factor_at(int sweep, int point) {
    return sweep == SX_SWEEP_LOCATION   ? point
           : sweep == SX_SWEEP_ROTATION ? sx_grid_rotation(point)
                                        : sx_grid_size(point);
}

/* The grid of that name, over the points that this program measures and n pairs. */
static const sx_grid *sweep_grid(const sx_study_cell *cell, int seed, const char *name, int sweep) {
    const sx_result *result = result_of(cell, seed, name, SX_RESULT_GRID);
    if (!result || result->grid.rows != points_of(sweep) || result->grid.columns < 1) return NULL;
    for (int p = 0; p < result->grid.rows; p++)
        if (!(fabs(result->grid.row_values[p] - factor_at(sweep, p)) < 1e-9)) return NULL;
    return &result->grid;
}

static sx_status read_inside(const sx_study_cell *cell, int seed, int sweep, sx_cell_evidence *out,
                             sx_error *err) {
    const sx_grid *grid =
        inside_names[sweep] ? sweep_grid(cell, seed, inside_names[sweep], sweep) : NULL;
    sx_evidence *e = &out->evidence;
    if (!grid || (size_t)grid->columns != out->n) return SX_OK;
    size_t cells = (size_t)grid->rows * out->n, labels = (size_t)e->most_label + 1;
    e->whole = sx_alloc(cells, 1);
    e->bent = sx_alloc((size_t)grid->rows, sizeof *e->bent);
    e->by_class = sx_alloc(3 * labels, sizeof *e->by_class);
    if (!e->whole || !e->bent || !e->by_class) return no_memory(err);
    for (size_t i = 0; i < cells; i++) e->whole[i] = grid->values[i] >= WHOLE - 1e-12;
    sx_evidence_find_bent(e);
    return SX_OK;
}

static sx_status read_sweep(const sx_study_cell *cell, int seed, int sweep, sx_cell_evidence *out,
                            sx_error *err) {
    const sx_grid *grid = sweep_grid(cell, seed, outcome_names[sweep], sweep);
    sx_evidence *e = &out->evidence;
    if (!grid) return SX_OK;
    size_t cells = (size_t)grid->rows * (size_t)grid->columns;
    out->n = (size_t)grid->columns;
    out->outcomes.points[sweep] = grid->rows;
    out->outcomes.pairs[sweep] = out->n;
    out->outcomes.right[sweep] = sx_alloc(cells, 1);
    e->outcomes = &out->outcomes;
    if (!out->outcomes.right[sweep]) return no_memory(err);
    if (!copy_flags(grid->values, cells, out->outcomes.right[sweep])) return SX_OK;
    if (sweep == SX_SWEEP_LOCATION && !(e->drops = sx_evidence_drops(&out->outcomes)))
        return no_memory(err);
    sx_status status = read_pairs(cell, seed, out, err);
    return status || out->lacks ? status : read_inside(cell, seed, sweep, out, err);
}

/* ---- the test split ---------------------------------------------------------------------------
 */

static sx_status read_test(const sx_study_cell *cell, int seed, sx_cell_evidence *out,
                           sx_error *err) {
    const sx_result *result = result_of(cell, seed, outcome_names[SX_OF_TEST], SX_RESULT_TABLE);
    sx_evidence *e = &out->evidence;
    if (!result || result->table.rows == 0) return SX_OK;
    const sx_column *items = column_of(&result->table, "item", false);
    const sx_column *labels = column_of(&result->table, "label", false);
    const sx_column *recognised = column_of(&result->table, "recognised", false);
    if (!items || !labels || !recognised) return SX_OK;
    out->n = result->table.rows;
    e->right = sx_alloc(out->n, 1);
    e->labels = sx_alloc(out->n, sizeof *e->labels);
    if (!e->right || !e->labels) return no_memory(err);
    if (!copy_flags(recognised->numbers, out->n, e->right) ||
        !copy_labels(labels->numbers, out->n, e))
        return SX_OK;
    out->pictures = &result->table;
    out->lacks = NULL;
    return count_classes(e, out->n, err);
}

sx_status sx_cell_evidence_read(const sx_study_cell *cell, int seed, int subject,
                                sx_cell_evidence *out, sx_error *err) {
    const sx_result *result = sx_cell_result(cell, seed, outcome_names[subject]);
    out->evidence.sweep = subject;
    out->evidence.image = (int)sx_config_number(cell->config, "data", "image");
    out->scene = result ? result->scene : "";
    out->lacks = result ? "what its run left of each picture cannot be read"
                        : "its run left nothing of each picture";
    if (!result) return SX_OK;
    return subject == SX_OF_TEST ? read_test(cell, seed, out, err)
                                 : read_sweep(cell, seed, subject, out, err);
}

/* The evidence borrows nothing but the results, and owns what it points at. */
void sx_cell_evidence_done(sx_cell_evidence *e) {
    for (int s = 0; s < SX_SWEEPS; s++) sx_free(e->outcomes.right[s]);
    sx_free(e->evidence.right);
    sx_free(e->evidence.whole);
    sx_free(e->evidence.drops);
    sx_free(e->evidence.labels);
    sx_free(e->evidence.alike);
    sx_free(e->evidence.bent);
    sx_free(e->evidence.by_class);
}

const char *sx_cell_evidence_class(const sx_cell_evidence *evidence, size_t pair) {
    return column_of(evidence->pictures, "class", true)->texts[pair];
}

static bool same_numbers(const sx_table *a, const sx_table *b, const char *name, size_t n) {
    const double *of_a = column_of(a, name, false)->numbers;
    return memcmp(of_a, column_of(b, name, false)->numbers, n * sizeof *of_a) == 0;
}

static bool same_texts(const sx_table *a, const sx_table *b, const char *name, size_t n) {
    const sx_column *of_a = column_of(a, name, true), *of_b = column_of(b, name, true);
    for (size_t i = 0; i < n; i++)
        if (!of_a->texts[i] || !of_b->texts[i] || strcmp(of_a->texts[i], of_b->texts[i]) != 0)
            return false;
    return true;
}

bool sx_cell_evidence_same(const sx_cell_evidence *a, const sx_cell_evidence *b, int subject) {
    if (a->n != b->n || !same_numbers(a->pictures, b->pictures, "item", a->n) ||
        !same_numbers(a->pictures, b->pictures, "label", a->n))
        return false;
    return subject == SX_OF_TEST || same_texts(a->pictures, b->pictures, "background", a->n);
}
