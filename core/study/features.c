/* The values of a layer as pictures, a channel each. All are on one scale, so that a quiet channel
 * looks quiet: black is the least value of those that are shown, white the largest. */
#include "core/study/inspector.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Without the halo's gaps. */
void sx_features_see(sx_inspector *w, const sx_layer_facts *facts, const float *values,
                     size_t row) {
    size_t length = (size_t)facts->width * (size_t)facts->channels;
    for (int y = 0; y < facts->height; y++)
        memcpy(w->features + (size_t)y * length, values + (size_t)y * row, length * sizeof *values);
}

/* How a layer's values lie in pictures: value (y, x) of channel c is at
 * (first + y * width + x) * step + c * stride. */
typedef struct {
    int count, of, height, width; /* pictures that are shown, of how many */
    size_t first, step, stride;
    bool vector; /* channels beside each other in one row */
} form;

/* Tokens lie as their patches do, without the class token; a vector is one row. */
static form form_of(const sx_inspector *w, const sx_layer_facts *facts) {
    const sx_transformer *vit = &w->vit;
    size_t channels = (size_t)facts->channels;
    form f = {.of = facts->channels,
              .height = facts->height,
              .width = facts->width,
              .step = channels,
              .stride = 1};
    if (facts->height == 1 && facts->width == 1) {
        f = (form){.of = 1, .height = 1, .width = facts->channels, .step = 1, .vector = true};
    } else if (vit->blocks && facts->height == 1 && facts->width == vit->tokens) {
        f.height = f.width = vit->grid;
        f.first = (size_t)vit->first;
    }
    f.count = f.of < SX_INSIDE_TILES ? f.of : SX_INSIDE_TILES;
    return f;
}

static double value_at(const float *values, const form *f, int picture, int pixel) {
    return (double)values[(f->first + (size_t)pixel) * f->step + (size_t)picture * f->stride];
}

static void find_ends(const float *values, const form *f, double *low, double *high) {
    *low = INFINITY;
    *high = -INFINITY;
    for (int i = 0; i < f->count; i++)
        for (int p = 0; p < f->height * f->width; p++) {
            double v = value_at(values, f, i, p);
            if (v < *low) *low = v;
            if (v > *high) *high = v;
        }
}

static void fill_picture(sx_result *r, const float *values, const form *f, int picture, double low,
                         double high) {
    int size = f->height * f->width;
    uint8_t *out = r->images.pixels + (ptrdiff_t)picture * size;
    double least = INFINITY, most = -INFINITY;
    for (int p = 0; p < size; p++) {
        double v = value_at(values, f, picture, p);
        double part = high > low ? (v - low) / (high - low) : 0;
        out[p] = (uint8_t)(isfinite(part) ? lround(255 * part) : 0);
        least = fmin(least, v);
        most = fmax(most, v);
    }
    r->images.captions[picture] =
        f->vector ? sx_result_text(r, "%.3g to %.3g", least, most)
                  : sx_result_text(r, "%d: %.2g to %.2g", picture + 1, least, most);
}

/* What is seen of the selected layer: its own values, or those of the last of the layers that are
 * computed in one go with it. */
static void name_layer(const sx_inspector *w, char *out, size_t size) {
    sx_layer_facts seen, selected;
    sx_graph_layer_at(w->graph, w->feature, &seen);
    sx_graph_layer_at(w->graph, w->in->layer, &selected);
    if (w->feature == w->in->layer)
        snprintf(out, size, "%s", seen.name);
    else
        snprintf(out, size, "%s with %s", selected.name, seen.name);
}

static const char *title_of(const sx_inspector *w, sx_result *r, const form *f, double low,
                            double high) {
    char layer[128], of[48] = "";
    name_layer(w, layer, sizeof layer);
    if (f->count < f->of) snprintf(of, sizeof of, "%d of ", f->count);
    return sx_result_text(r, "%s: %s%d %s, black %.3g, white %.3g", layer, of,
                          f->vector ? f->width : f->of, f->vector ? "values" : "channels", low,
                          high);
}

sx_status sx_features_publish(sx_inspector *w, sx_error *err) {
    sx_layer_facts facts;
    double low, high;
    if (w->feature < 0 || !sx_graph_layer_at(w->graph, w->feature, &facts)) return SX_OK;
    form f = form_of(w, &facts);
    sx_result *r = sx_inspector_images("features", f.count, f.height, f.width, 1, err);
    if (!r) return err->status;
    find_ends(w->features, &f, &low, &high);
    for (int i = 0; i < f.count; i++) fill_picture(r, w->features, &f, i, low, high);
    r->title = title_of(w, r, &f, low, high);
    sx_inspector_publish(w, r);
    return SX_OK;
}
