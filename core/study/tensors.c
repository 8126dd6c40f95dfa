/* What is in a file of tensors, whatever network it is of, or in a model: a row a tensor, with
 * figures of its values. A histogram is a text of a few characters, so that it goes into any table
 * and any file.
 */
#include "core/study/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BARS 13
#define REACH 3.0 /* standard deviations on either side of the mean */

enum { NAME, TYPE, SHAPE, VALUES, NORM, MEAN, DEVIATION, LEAST, MOST, HISTOGRAM, COLUMNS };

typedef struct {
    double norm, mean, deviation, least, most;
    size_t odd; /* values that are no numbers */
    char bars[BARS + 1];
} figures;

/* Two passes, since the variance of large weights drowns in their mean. */
static void find_moments(const float *values, size_t count, figures *f) {
    double sum = 0, squares = 0;
    size_t good = 0;
    *f = (figures){.least = INFINITY, .most = -INFINITY};
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        good++;
        sum += (double)values[i];
        if ((double)values[i] < f->least) f->least = (double)values[i];
        if ((double)values[i] > f->most) f->most = (double)values[i];
    }
    f->odd = count - good;
    f->mean = good ? sum / (double)good : (double)NAN;
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i]))
            squares += ((double)values[i] - f->mean) * ((double)values[i] - f->mean);
    f->deviation = good ? sqrt(squares / (double)good) : (double)NAN;
    f->norm = good ? sqrt(squares + (double)good * f->mean * f->mean) : (double)NAN;
    if (!good) f->least = f->most = NAN;
}

/* Heights from ' ' to '@', relative to the tallest bar; what is beyond the reach is in the last. */
static void draw_bars(const float *values, size_t count, figures *f) {
    static const char ramp[] = " .:-=+*#%@";
    size_t bars[BARS] = {0}, tallest = 1;
    for (size_t i = 0; i < count && f->deviation > 0; i++) {
        if (!isfinite(values[i])) continue;
        double place = ((double)values[i] - f->mean) / (REACH * f->deviation);
        int bar = (int)lround((place + 1) / 2 * (BARS - 1));
        bar = place < -1 ? 0 : place > 1 ? BARS - 1 : bar;
        bars[bar]++;
    }
    for (int b = 0; b < BARS; b++)
        if (bars[b] > tallest) tallest = bars[b];
    for (int b = 0; b < BARS; b++) f->bars[b] = ramp[(bars[b] * 9 + tallest - 1) / tallest];
}

static const char *shape_of(sx_result *r, const sx_tensor_facts *tensor) {
    char text[200] = "";
    for (int k = 0; k < tensor->rank; k++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%zu", k ? "x" : "", tensor->sizes[k]);
    }
    return sx_result_text(r, "%s", tensor->rank ? text : "1");
}

static void fill_row(sx_result *r, size_t row, const sx_tensor_facts *tensor, const figures *f) {
    sx_column *c = r->table.columns;
    char shown[300];
    sx_text_printable(shown, sizeof shown, tensor->name);
    c[NAME].texts[row] = sx_result_text(r, "%s", shown);
    c[TYPE].texts[row] = tensor->type;
    c[SHAPE].texts[row] = shape_of(r, tensor);
    c[VALUES].numbers[row] = (double)tensor->count;
    c[NORM].numbers[row] = f->norm;
    c[MEAN].numbers[row] = f->mean;
    c[DEVIATION].numbers[row] = f->deviation;
    c[LEAST].numbers[row] = f->least;
    c[MOST].numbers[row] = f->most;
    c[HISTOGRAM].texts[row] = sx_result_text(r, "%s", f->bars);
}

/* block2 comes before block10. */
static int by_name(const void *a, const void *b) {
    const sx_tensor_facts *left = *(const sx_tensor_facts *const *)a;
    const sx_tensor_facts *right = *(const sx_tensor_facts *const *)b;
    return strverscmp(left->name, right->name);
}

static sx_result *make_table(const char *name, const char *title, size_t rows, sx_error *err) {
    static const char *const names[COLUMNS] = {"tensor", "type",     "shape",     "values",
                                               "norm",   "mean",     "deviation", "least",
                                               "most",   "histogram"};
    sx_result *r = sx_table_new(name, title, rows, names, COLUMNS,
                                1u << NAME | 1u << TYPE | 1u << SHAPE | 1u << HISTOGRAM);
    if (r) {
        r->step = -1;
        return r;
    }
    sx_fail(err, SX_NO_MEMORY, "not enough memory for a table of %zu tensors", rows);
    return NULL;
}

static sx_status fill_table(sx_tensors *file, const sx_tensor_facts **order, sx_result *r,
                            sx_error *err) {
    size_t count = sx_tensors_count(file), largest = 1;
    for (size_t i = 0; i < count; i++)
        if (order[i]->count > largest) largest = order[i]->count;
    float *values = sx_alloc(largest, sizeof *values);
    if (!values) return sx_fail(err, SX_NO_MEMORY, "not enough memory for a tensor's values");
    sx_status status = SX_OK;
    for (size_t i = 0; !status && i < count; i++) {
        figures f;
        status = sx_tensors_read(file, order[i], values, err);
        if (status) break;
        find_moments(values, order[i]->count, &f);
        draw_bars(values, order[i]->count, &f);
        fill_row(r, i, order[i], &f);
    }
    sx_free(values);
    return status;
}

sx_result *sx_tensors_table(sx_tensors *file, sx_error *err) {
    size_t count = sx_tensors_count(file);
    const sx_tensor_facts **order = sx_alloc(count + 1, sizeof(*order));
    sx_result *r = order ? make_table("tensors", "Tensors", count, err) : NULL;
    if (!order) sx_fail(err, SX_NO_MEMORY, "not enough memory for the names of tensors");
    for (size_t i = 0; r && i < count; i++) order[i] = sx_tensors_at(file, i);
    if (r && count) qsort(order, count, sizeof(*order), by_name);
    if (r && fill_table(file, order, r, err)) {
        sx_result_release(r);
        r = NULL;
    }
    sx_free(order);
    return r;
}

/* A model's own values, in the order of its layers; their type says how they came to be. */
sx_result *sx_parameters_table(const sx_parameters *parameters, const atomic_bool *stop,
                               sx_error *err) {
    sx_result *r = make_table("weights", "Weights of every layer", (size_t)parameters->count, err);
    for (int i = 0; r && i < parameters->count; i++) {
        const sx_slice *slice = &parameters->slices[i];
        const float *values = parameters->values + slice->offset;
        sx_tensor_facts facts = {.name = slice->name,
                                 .type = slice->trained ? "trained" : "statistics",
                                 .rank = slice->rank,
                                 .count = slice->count};
        figures f;
        for (int k = 0; k < slice->rank; k++) facts.sizes[k] = (size_t)slice->sizes[k];
        find_moments(values, slice->count, &f);
        draw_bars(values, slice->count, &f);
        fill_row(r, (size_t)i, &facts, &f);
        if (!stop || !atomic_load(stop)) continue;
        sx_result_release(r);
        sx_fail(err, SX_CANCELLED, "stopped");
        return NULL;
    }
    return r;
}
