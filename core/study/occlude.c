/* What a class depends on in one picture: its probability while a part is covered, and the slope of
 * its logit by each pixel times the pixel. */
#include "core/study/inspector.h"

#include <string.h>

/* The picture with one window at the mean colour, which is 0. */
static void cover(const sx_model *m, const float *image, int window, float *out) {
    int row = window / SX_WINDOWS, column = window % SX_WINDOWS;
    int top = row * m->height / SX_WINDOWS, bottom = (row + 1) * m->height / SX_WINDOWS;
    int left = column * m->width / SX_WINDOWS, right = (column + 1) * m->width / SX_WINDOWS;
    size_t line = (size_t)m->width * (size_t)m->channels;
    memcpy(out, image, (size_t)m->height * line * sizeof *out);
    for (int y = top; y < bottom; y++)
        memset(out + (size_t)y * line + (size_t)(left * m->channels), 0,
               (size_t)((right - left) * m->channels) * sizeof *out);
}

/* A row of windows is a batch. */
static sx_status fill_row(sx_inspector *w, int row, double *out, sx_error *err) {
    const sx_model *m = w->model;
    size_t size = (size_t)m->height * (size_t)m->width * (size_t)m->channels;
    for (int i = 0; i < SX_WINDOWS; i++)
        cover(m, w->in->image, row * SX_WINDOWS + i, w->covered + (size_t)i * size);
    sx_status status =
        sx_run_predict(w->run, &m->parameters, w->covered, SX_WINDOWS, w->logits, err);
    if (status) return status;
    sx_softmax(w->logits, SX_WINDOWS, m->classes);
    for (int i = 0; i < SX_WINDOWS; i++) out[i] = (double)w->logits[i * m->classes + w->class];
    return SX_OK;
}

sx_status sx_occlusion_publish(sx_inspector *w, sx_error *err) {
    char shown[24];
    sx_result *r = sx_inspector_map("occlusion", SX_WINDOWS, SX_WINDOWS, "probability", err);
    if (!r) return err->status;
    r->title = sx_result_text(r, "Probability of %.100s with a part covered",
                              sx_inspector_class(w, shown));
    sx_status status = SX_OK;
    for (int row = 0; !status && row < SX_WINDOWS; row++)
        status = fill_row(w, row, r->grid.values + (ptrdiff_t)row * SX_WINDOWS, err);
    if (status)
        sx_result_release(r);
    else
        sx_inspector_publish(w, r);
    return status;
}

/* ---- gradient times input ---------------------------------------------------------------------
 */

static sx_status make_slope_run(sx_inspector *w, sx_error *err) {
    if (w->slope_run) return SX_OK;
    if (!w->slope_graph) w->slope_graph = sx_model_slope_graph(w->model, 1, err);
    if (!w->slope_graph) return err->status;
    w->slope_run = sx_run_new(w->slope_graph, w->pool, true, err);
    if (!w->slope_run) return err->status;
    sx_run_stop_flag(w->slope_run, w->stop);
    return SX_OK;
}

sx_status sx_gradient_publish(sx_inspector *w, sx_error *err) {
    const sx_model *m = w->model;
    char shown[24];
    sx_status status = make_slope_run(w, err);
    if (status) return status;
    memset(w->logits, 0, (size_t)m->classes * sizeof *w->logits);
    w->logits[w->class] = 1;
    status =
        sx_run_differentiate(w->slope_run, &m->parameters, w->in->image, w->logits, w->slope, err);
    if (status) return status;
    sx_result *r = sx_inspector_map("gradient-input", m->height, m->width, "of the logit", err);
    if (!r) return err->status;
    r->title = sx_result_text(r, "Gradient of %.100s times input", sx_inspector_class(w, shown));
    for (int i = 0; i < m->height * m->width; i++) {
        double sum = 0;
        for (int c = 0; c < m->channels; c++)
            sum +=
                (double)w->slope[i * m->channels + c] * (double)w->in->image[i * m->channels + c];
        r->grid.values[i] = sum;
    }
    sx_inspector_publish(w, r);
    return SX_OK;
}
