/* Results in memory: an arena of their own and a counter in front, so that any thread can keep one.
 * The counter lies outside of sx_result, which is pure data. */
#include "core/result/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    atomic_int owners;
    sx_result result;
} counted;

static counted *counted_of(const sx_result *result) {
    return (counted *)((char *)(uintptr_t)result - offsetof(counted, result));
}

const char *sx_result_kind_name(sx_result_kind kind) {
    static const char *const names[SX_RESULT_KINDS] = {"series", "grid",   "points", "histogram",
                                                       "table",  "images", "claims"};
    return names[kind];
}

const char *sx_verdict_name(sx_verdict verdict) {
    static const char *const names[] = {"holds", "fails", "undecided"};
    return names[verdict];
}

sx_verdict sx_claim_decide(const sx_claim *claim) {
    double low = claim->low - claim->threshold, high = claim->high - claim->threshold;
    if (isnan(low) || isnan(high)) return SX_VERDICT_UNDECIDED;
    if (!claim->at_least) {
        double held = low;
        low = -high;
        high = -held;
    }
    if (low >= 0) return SX_VERDICT_HOLDS;
    if (high < 0) return SX_VERDICT_FAILS;
    return SX_VERDICT_UNDECIDED;
}

sx_result *sx_result_new(sx_result_kind kind, const char *name, const char *title) {
    counted *c = sx_alloc(1, sizeof *c);
    if (!c) return NULL;
    atomic_init(&c->owners, 1);
    c->result.kind = kind;
    c->result.split = c->result.scene = "";
    sx_text_set(c->result.name, sizeof c->result.name, name);
    c->result.title = sx_arena_text(&c->result.arena, title);
    if (c->result.title) return &c->result;
    sx_result_release(&c->result);
    return NULL;
}

sx_result *sx_result_keep(const sx_result *result) {
    counted *c = counted_of(result);
    atomic_fetch_add_explicit(&c->owners, 1, memory_order_relaxed);
    return &c->result;
}

void sx_result_release(const sx_result *result) {
    if (!result) return;
    counted *c = counted_of(result);
    if (atomic_fetch_sub_explicit(&c->owners, 1, memory_order_acq_rel) != 1) return;
    sx_arena_done(&c->result.arena);
    sx_free(c);
}

double *sx_result_numbers(sx_result *result, size_t count) {
    double *numbers = sx_arena_alloc(&result->arena, count, sizeof *numbers);
    for (size_t i = 0; numbers && i < count; i++) numbers[i] = NAN;
    return numbers;
}

const char *sx_result_text(sx_result *result, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : sx_arena_alloc(&result->arena, (size_t)length + 1, 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

static bool line_alloc(sx_result *result, sx_line *line, size_t length, bool with_bands) {
    line->name = "";
    line->y = sx_result_numbers(result, length);
    if (!with_bands) return line->y != NULL;
    line->low = sx_result_numbers(result, length);
    line->high = sx_result_numbers(result, length);
    line->count = sx_result_numbers(result, length);
    return line->y && line->low && line->high && line->count;
}

bool sx_series_alloc(sx_result *result, size_t length, int lines, bool with_bands) {
    sx_series *series = &result->series;
    series->x_label = series->x_unit = series->y_label = "";
    series->length = length;
    series->x = sx_result_numbers(result, length);
    series->lines = sx_arena_alloc(&result->arena, (size_t)lines, sizeof *series->lines);
    if (!series->x || !series->lines) return false;
    series->line_count = lines;
    for (int i = 0; i < lines; i++)
        if (!line_alloc(result, &series->lines[i], length, with_bands)) return false;
    return true;
}

bool sx_grid_alloc_values(sx_result *result, int rows, int columns) {
    sx_grid *grid = &result->grid;
    size_t cells;
    if (!sx_size_multiply((size_t)rows, (size_t)columns, &cells)) return false;
    grid->row_label = grid->column_label = grid->unit = "";
    grid->rows = rows;
    grid->columns = columns;
    grid->row_values = sx_result_numbers(result, (size_t)rows);
    grid->column_values = sx_result_numbers(result, (size_t)columns);
    grid->values = sx_result_numbers(result, cells);
    return grid->row_values && grid->column_values && grid->values;
}

bool sx_grid_alloc(sx_result *result, int rows, int columns) {
    sx_grid *grid = &result->grid;
    if (!sx_grid_alloc_values(result, rows, columns)) return false;
    size_t cells = (size_t)rows * (size_t)columns;
    grid->low = sx_result_numbers(result, cells);
    grid->high = sx_result_numbers(result, cells);
    grid->count = sx_result_numbers(result, cells);
    return grid->low && grid->high && grid->count;
}

bool sx_table_alloc(sx_result *result, size_t rows, int columns) {
    sx_table *table = &result->table;
    table->rows = rows;
    table->columns = sx_arena_alloc(&result->arena, (size_t)columns, sizeof *table->columns);
    if (!table->columns) return false;
    table->column_count = columns;
    for (int i = 0; i < columns; i++) {
        table->columns[i].name = "";
        table->columns[i].numbers = sx_result_numbers(result, rows);
        if (!table->columns[i].numbers) return false;
    }
    return true;
}

sx_result *sx_table_new(const char *name, const char *title, size_t rows,
                        const char *const *columns, int count, unsigned texts) {
    sx_result *result = sx_result_new(SX_RESULT_TABLE, name, title);
    bool memory = result && sx_table_alloc(result, rows, count);
    for (int c = 0; memory && c < count; c++) {
        sx_column *column = &result->table.columns[c];
        column->name = columns[c];
        if (c < 32 && texts >> c & 1) /* later ones are numbers */
            memory =
                (column->texts = sx_arena_alloc(&result->arena, rows + 1, sizeof(char *))) != NULL;
    }
    if (memory) return result;
    sx_result_release(result);
    return NULL;
}

bool sx_claims_alloc(sx_result *result, int count) {
    sx_claim *claims = sx_arena_alloc(&result->arena, (size_t)count, sizeof *claims);
    if (!claims) return false;
    result->claims = (sx_claims){count, claims};
    for (int i = 0; i < count; i++)
        claims[i] = (sx_claim){.text = "",
                               .origin = "",
                               .bound = "",
                               .threshold = NAN,
                               .measured = NAN,
                               .low = NAN,
                               .high = NAN,
                               .seed_low = NAN,
                               .seed_high = NAN,
                               .verdict = SX_VERDICT_UNDECIDED,
                               .reason = ""};
    return true;
}
