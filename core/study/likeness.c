/* How like pictures and captions are, by class: the mean cosine of the pictures of a class and the
 * captions of a class. The diagonal should stand out; where else it is high, two classes look, or
 * are called, alike. */
#include "core/study/internal.h"

#include <math.h>

/* Mean, and where the mean may be, of one cell. */
typedef struct {
    double sum, squares, count;
} cell;

static void fill_cell(sx_grid *grid, size_t at, const cell *c) {
    double n = c->count, mean = c->sum / n;
    double spread = n > 1 ? sqrt(fmax(c->squares / n - mean * mean, 0) / (n - 1)) : (double)NAN;
    grid->values[at] = n > 0 ? mean : (double)NAN;
    grid->low[at] = mean - 1.96 * spread;
    grid->high[at] = mean + 1.96 * spread;
    grid->count[at] = n;
}

/* The cell of the caption of class `said` and the pictures of class `shown`. */
static cell measure(const sx_study *study, int said, int shown) {
    const sx_evaluation *e = &study->evaluation;
    cell c = {0};
    for (size_t i = 0; i < e->total; i++) {
        size_t item = sx_evaluation_item(study, i);
        if (sx_source_label(study->data->source, e->split, item) != shown) continue;
        double cosine =
            (double)e->logits[i * (size_t)study->classes + (size_t)said] / study->pairs.scale;
        c.sum += cosine;
        c.squares += cosine * cosine;
        c.count++;
    }
    return c;
}

static bool name_sides(const sx_study *study, sx_result *result) {
    const sx_source_facts *facts = sx_source_describe(study->data->source);
    sx_grid *grid = &result->grid;
    size_t classes = (size_t)study->classes;
    const char **said = sx_arena_alloc(&result->arena, classes, sizeof *said);
    const char **shown = sx_arena_alloc(&result->arena, classes, sizeof *shown);
    grid->row_label = "caption";
    grid->column_label = "picture";
    grid->unit = "cosine";
    grid->row_names = said;
    grid->column_names = shown;
    for (int c = 0; said && shown && c < study->classes; c++) {
        char text[SX_CAPTION], safe[SX_CAPTION];
        sx_caption_class(study->pairs.captions, c, 0, text);
        sx_text_printable(safe, sizeof safe, text);
        grid->row_values[c] = grid->column_values[c] = c;
        said[c] = sx_result_text(result, "%s", safe);
        sx_text_printable(safe, sizeof safe, facts->class_names[c]);
        shown[c] = sx_result_text(result, "%s", safe);
        if (!said[c] || !shown[c]) return false;
    }
    return said && shown;
}

sx_result *sx_likeness_make(const sx_study *study) {
    int classes = study->classes;
    sx_result *result =
        sx_result_new(SX_RESULT_GRID, "likeness", "Likeness of captions and pictures");
    if (!result || !sx_grid_alloc(result, classes, classes) || !name_sides(study, result)) {
        sx_result_release(result);
        return NULL;
    }
    result->step = study->report.step;
    for (int said = 0; said < classes; said++)
        for (int shown = 0; shown < classes; shown++) {
            cell c = measure(study, said, shown);
            fill_cell(&result->grid, (size_t)said * (size_t)classes + (size_t)shown, &c);
        }
    return result;
}
