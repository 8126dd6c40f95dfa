/* Parameters as pictures and figures: the filters of the first convolution (of a vision transformer
 * the patches' embedding), their principal components, and the weights of every layer. */
#include "core/study/inspector.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The first convolution, if it reads grey or colour: its weights [kernel, kernel, in, out]. */
static const sx_slice *first_filters(const sx_inspector *w) {
    sx_layer_facts facts;
    char name[96];
    int layer = sx_inspector_first_convolution(w);
    if (layer < 0 || !sx_graph_layer_at(w->graph, layer, &facts)) return NULL;
    snprintf(name, sizeof name, "%s.weight", facts.name);
    const sx_slice *slice = sx_parameters_find(&w->model->parameters, name);
    bool shows = slice && slice->rank == 4 && (slice->sizes[2] == 1 || slice->sizes[2] == 3);
    return shows ? slice : NULL;
}

double sx_filter_rescale(const double *values, int count, uint8_t *out) {
    double most = 0;
    for (int i = 0; i < count; i++) most = fmax(most, fabs(values[i]));
    for (int i = 0; i < count; i++) {
        double part = most > 0 ? values[i] / most : 0;
        out[i] = (uint8_t)(isfinite(part) ? lround(127.5 + 127.5 * part) : 128);
    }
    return most;
}

/* Filter `filter` as [kernel, kernel, in], which is how a component lies, too. */
static void take_filter(const float *weights, const sx_slice *slice, int filter, double *out) {
    int size = slice->sizes[0] * slice->sizes[1] * slice->sizes[2], count = slice->sizes[3];
    for (int i = 0; i < size; i++) out[i] = (double)weights[(ptrdiff_t)i * count + filter];
}

static sx_status publish_filters(const sx_inspector *w, const sx_slice *slice, sx_error *err) {
    const float *weights = w->model->parameters.values + slice->offset;
    int of = slice->sizes[3], count = of < SX_INSIDE_TILES ? of : SX_INSIDE_TILES;
    int size = slice->sizes[0] * slice->sizes[1] * slice->sizes[2];
    sx_result *r = sx_inspector_images("filters", count, slice->sizes[0], slice->sizes[1],
                                       slice->sizes[2], err);
    double *values = r ? sx_alloc((size_t)size, sizeof *values) : NULL;
    if (!values) {
        sx_result_release(r);
        return sx_inspector_no_memory(err);
    }
    for (int i = 0; i < count; i++) {
        take_filter(weights, slice, i, values);
        double most = sx_filter_rescale(values, size, r->images.pixels + (ptrdiff_t)i * size);
        r->images.captions[i] = sx_result_text(r, "%d: %.2g", i + 1, most);
    }
    r->title =
        count < of
            ? sx_result_text(r, "%s: %d of %d filters, each within its largest value, 0 is grey",
                             slice->name, count, of)
            : sx_result_text(r, "%s: %d filters, each within its largest value, 0 is grey",
                             slice->name, of);
    sx_free(values);
    sx_inspector_publish(w, r);
    return SX_OK;
}

int sx_filter_component_count(const sx_slice *slice) {
    int size = slice->sizes[0] * slice->sizes[1] * slice->sizes[2], filters = slice->sizes[3];
    int count = size < filters ? size : filters;
    return count < SX_INSIDE_COMPONENTS ? count : SX_INSIDE_COMPONENTS;
}

sx_status sx_filter_components(const sx_parameters *parameters, const sx_slice *slice, int count,
                               double *vectors, double *shares, sx_error *err) {
    int size = slice->sizes[0] * slice->sizes[1] * slice->sizes[2], filters = slice->sizes[3];
    float *rows = sx_alloc(slice->count, sizeof *rows);
    if (!rows) return sx_inspector_no_memory(err);
    sx_flat_transpose(rows, (size_t)size, parameters->values + slice->offset, (size_t)filters,
                      (size_t)size, (size_t)filters);
    sx_status status = sx_principal_components(rows, filters, size, count, vectors, shares, err);
    sx_free(rows);
    return status;
}

static sx_status fill_components(const sx_inspector *w, const sx_slice *slice, sx_result *r,
                                 sx_error *err) {
    int size = slice->sizes[0] * slice->sizes[1] * slice->sizes[2];
    double shares[SX_INSIDE_COMPONENTS] = {0}, sum = 0;
    double *vectors = sx_alloc((size_t)r->images.count * (size_t)size, sizeof *vectors);
    if (!vectors) return sx_inspector_no_memory(err);
    sx_status status =
        sx_filter_components(&w->model->parameters, slice, r->images.count, vectors, shares, err);
    for (int i = 0; !status && i < r->images.count; i++) {
        sx_filter_rescale(vectors + (ptrdiff_t)i * size, size,
                          r->images.pixels + (ptrdiff_t)i * size);
        r->images.captions[i] = sx_result_text(r, "%d: %.1f %%", i + 1, 100 * shares[i]);
        sum += shares[i];
    }
    if (!status)
        r->title = sx_result_text(r,
                                  "%s: %d principal components, centred, %.1f %% of the "
                                  "variance",
                                  slice->name, r->images.count, 100 * sum);
    sx_free(vectors);
    return status;
}

static sx_status publish_components(const sx_inspector *w, const sx_slice *slice, sx_error *err) {
    sx_result *r = sx_inspector_images("filter-components", sx_filter_component_count(slice),
                                       slice->sizes[0], slice->sizes[1], slice->sizes[2], err);
    if (!r) return err->status;
    sx_status status = fill_components(w, slice, r, err);
    if (status)
        sx_result_release(r);
    else
        sx_inspector_publish(w, r);
    return status;
}

static bool are_finite(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* Filters of a training that diverged have no components. */
sx_status sx_filters_publish(sx_inspector *w, sx_error *err) {
    const sx_slice *slice = first_filters(w);
    if (!slice) return SX_OK;
    sx_status status = publish_filters(w, slice, err);
    if (!status) status = sx_inspector_go_on(w, err);
    if (status || !are_finite(w->model->parameters.values + slice->offset, slice->count))
        return status;
    return publish_components(w, slice, err);
}

/* ---- weights ----------------------------------------------------------------------------------
 */

#define BINS 41

/* The weights of a layer, or of one that is computed in one go with them; NULL: it has none. */
static const sx_slice *weights_of(const sx_inspector *w, int layer) {
    sx_layer_facts facts;
    char name[96];
    if (layer < 0 || !sx_graph_layer_at(w->graph, layer, &facts)) return NULL;
    snprintf(name, sizeof name, "%s.weight", facts.name);
    return sx_parameters_find(&w->model->parameters, name);
}

/* Bins of equal width from the least to the largest value. */
static void fill_histogram(const float *values, size_t count, double least, double most,
                           sx_series *series) {
    double width = most > least ? (most - least) / BINS : 1;
    for (int i = 0; i < BINS; i++) {
        series->x[i] = least + (i + 0.5) * width;
        series->lines[0].y[i] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        int bin = (int)(((double)values[i] - least) / width);
        series->lines[0].y[bin < BINS ? bin : BINS - 1] += 1.0 / (double)count;
    }
}

static sx_status publish_histogram(const sx_inspector *w, const sx_slice *slice, sx_error *err) {
    const float *values = w->model->parameters.values + slice->offset;
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < slice->count; i++)
        if (isfinite(values[i])) {
            least = fmin(least, (double)values[i]);
            most = fmax(most, (double)values[i]);
        }
    if (!(least <= most)) return SX_OK;
    sx_result *r = sx_result_new(SX_RESULT_SERIES, "weight-histogram", "");
    if (!r || !sx_series_alloc(r, BINS, 1, false)) {
        sx_result_release(r);
        return sx_inspector_no_memory(err);
    }
    char count[32];
    r->title = sx_result_text(r, "%s: %s weights", slice->name,
                              sx_text_count(count, (long long)slice->count));
    r->series.x_label = "value";
    r->series.y_label = "share";
    r->series.lines[0].name = "share of the weights";
    fill_histogram(values, slice->count, least, most, &r->series);
    sx_inspector_publish(w, r);
    return SX_OK;
}

sx_status sx_weights_publish(sx_inspector *w, sx_error *err) {
    const sx_slice *slice = weights_of(w, w->in->layer);
    sx_status status = slice ? publish_histogram(w, slice, err) : SX_OK;
    if (status) return status;
    sx_result *table = sx_parameters_table(&w->model->parameters, w->stop, err);
    if (!table) return err->status;
    sx_inspector_publish(w, table);
    return SX_OK;
}
