/* Results as rows for a spreadsheet. One function a kind, in a table; the first row names the
 * columns, and every number of the result is in it. */
#include "core/result/result.h"

#include <string.h>

/* A column's name: a line's name and what of it stands in the column. */
static void field(sx_text *out, bool first, const char *name, const char *suffix) {
    sx_text full = {0};
    sx_text_add_bytes(&full, name, strlen(name));
    sx_text_add_bytes(&full, suffix, strlen(suffix));
    if (full.failed)
        out->failed = true;
    else
        sx_csv_text(out, first, full.data);
    sx_text_done(&full);
}

static const char *or_else(const char *label, const char *fallback) {
    return label[0] ? label : fallback;
}

static void series_csv(const sx_result *result, sx_text *out) {
    const sx_series *s = &result->series;
    sx_csv_text(out, true, or_else(s->x_label, "x"));
    for (int i = 0; i < s->line_count; i++) {
        const sx_line *line = &s->lines[i];
        sx_csv_text(out, false, line->name);
        if (line->low) field(out, false, line->name, "_low");
        if (line->high) field(out, false, line->name, "_high");
        if (line->count) field(out, false, line->name, "_count");
    }
    sx_csv_row_end(out);
    for (size_t k = 0; k < s->length; k++) {
        sx_csv_number(out, true, s->x[k]);
        for (int i = 0; i < s->line_count; i++) {
            const sx_line *line = &s->lines[i];
            sx_csv_number(out, false, line->y[k]);
            if (line->low) sx_csv_number(out, false, line->low[k]);
            if (line->high) sx_csv_number(out, false, line->high[k]);
            if (line->count) sx_csv_number(out, false, line->count[k]);
        }
        sx_csv_row_end(out);
    }
}

static void grid_csv(const sx_result *result, sx_text *out) {
    const sx_grid *g = &result->grid;
    sx_csv_text(out, true, or_else(g->row_label, "row"));
    if (g->row_names) field(out, false, or_else(g->row_label, "row"), "_name");
    sx_csv_text(out, false, or_else(g->column_label, "column"));
    if (g->column_names) field(out, false, or_else(g->column_label, "column"), "_name");
    sx_csv_text(out, false, "value");
    if (g->low) sx_csv_text(out, false, "low");
    if (g->high) sx_csv_text(out, false, "high");
    if (g->count) sx_csv_text(out, false, "count");
    sx_csv_row_end(out);
    size_t columns = (size_t)g->columns, cells = (size_t)g->rows * columns;
    for (size_t cell = 0; cell < cells; cell++) {
        sx_csv_number(out, true, g->row_values[cell / columns]);
        if (g->row_names) sx_csv_text(out, false, g->row_names[cell / columns]);
        sx_csv_number(out, false, g->column_values[cell % columns]);
        if (g->column_names) sx_csv_text(out, false, g->column_names[cell % columns]);
        sx_csv_number(out, false, g->values[cell]);
        if (g->low) sx_csv_number(out, false, g->low[cell]);
        if (g->high) sx_csv_number(out, false, g->high[cell]);
        if (g->count) sx_csv_number(out, false, g->count[cell]);
        sx_csv_row_end(out);
    }
}

static void points_csv(const sx_result *result, sx_text *out) {
    const sx_points *p = &result->points;
    sx_csv_text(out, true, or_else(p->x_label, "x"));
    sx_csv_text(out, false, or_else(p->y_label, "y"));
    if (p->group) sx_csv_text(out, false, "group");
    sx_csv_row_end(out);
    for (size_t i = 0; i < p->length; i++) {
        sx_csv_number(out, true, p->x[i]);
        sx_csv_number(out, false, p->y[i]);
        if (p->group) sx_csv_number(out, false, p->group[i]);
        sx_csv_row_end(out);
    }
}

static void histogram_csv(const sx_result *result, sx_text *out) {
    const sx_histogram *h = &result->histogram;
    field(out, true, or_else(h->x_label, "x"), "_from");
    field(out, false, or_else(h->x_label, "x"), "_to");
    sx_csv_text(out, false, "count");
    sx_csv_row_end(out);
    for (size_t i = 0; i < h->bins; i++) {
        sx_csv_number(out, true, h->edges[i]);
        sx_csv_number(out, false, h->edges[i + 1]);
        sx_csv_number(out, false, h->counts[i]);
        sx_csv_row_end(out);
    }
}

static void table_csv(const sx_result *result, sx_text *out) {
    const sx_table *t = &result->table;
    for (int c = 0; c < t->column_count; c++) sx_csv_text(out, c == 0, t->columns[c].name);
    sx_csv_row_end(out);
    for (size_t row = 0; row < t->rows; row++) {
        for (int c = 0; c < t->column_count; c++) {
            const sx_column *column = &t->columns[c];
            if (column->texts)
                sx_csv_text(out, c == 0, column->texts[row]);
            else
                sx_csv_number(out, c == 0, column->numbers[row]);
        }
        sx_csv_row_end(out);
    }
}

static void images_csv(const sx_result *result, sx_text *out) {
    sx_text_add(out, "image,caption\n");
    for (int i = 0; i < result->images.count; i++) {
        sx_csv_number(out, true, i);
        sx_csv_text(out, false, result->images.captions[i]);
        sx_csv_row_end(out);
    }
}

static void claims_csv(const sx_result *result, sx_text *out) {
    sx_text_add(out, "claim,origin,bound,threshold,measured,low,high,seed_low,seed_high,"
                     "verdict,reason\n");
    for (int i = 0; i < result->claims.count; i++) {
        const sx_claim *c = &result->claims.claims[i];
        sx_csv_text(out, true, c->text);
        sx_csv_text(out, false, c->origin);
        sx_csv_text(out, false, c->bound);
        sx_csv_number(out, false, c->threshold);
        sx_csv_number(out, false, c->measured);
        sx_csv_number(out, false, c->low);
        sx_csv_number(out, false, c->high);
        sx_csv_number(out, false, c->seed_low);
        sx_csv_number(out, false, c->seed_high);
        sx_csv_text(out, false, sx_verdict_name(c->verdict));
        sx_csv_text(out, false, c->reason);
        sx_csv_row_end(out);
    }
}

void sx_result_csv(const sx_result *result, sx_text *out) {
    static void (*const writers[SX_RESULT_KINDS])(const sx_result *, sx_text *) = {
        series_csv, grid_csv, points_csv, histogram_csv, table_csv, images_csv, claims_csv};
    writers[result->kind](result, out);
}
