/* One step by plain loops in double precision: what the fast one is held against, to the last
 * digits of the published equations (last-layer-uncertainty.md, A.2). */
#include "core/head/internal.h"

#include <math.h>
#include <string.h>

typedef struct {
    sx_head_form form;
    const sx_head_step *step;
    const double *values;
    double *x;      /* [layers, rows, width]: inputs */
    double *slopes; /* [rows, the wider of width and classes] of the layer at hand */
    double *before; /* [rows, width] of the one before it */
} reference;

static double *input_of(const reference *r, int layer) {
    return r->x + (size_t)layer * (size_t)r->step->rows * (size_t)r->form.width;
}

static void layer_forward(const reference *r, int layer, double *y) {
    sx_head_place place = sx_head_layer(r->form, layer);
    const double *x = input_of(r, layer);
    bool last = layer + 1 == r->form.layers;
    for (int row = 0; row < r->step->rows; row++)
        for (int k = 0; k < place.outputs; k++) {
            double sum = r->values[place.biases + (size_t)k];
            for (int i = 0; i < r->form.width; i++)
                sum += x[row * r->form.width + i] *
                       r->values[place.weights + (size_t)(i * place.outputs + k)];
            y[row * place.outputs + k] = last || sum > 0 ? sum : 0;
        }
}

/* Logits become slopes of the mean loss; returns the loss. */
static double softmax_loss(const reference *r, double *z) {
    int classes = r->form.classes, rows = r->step->rows;
    double loss = 0;
    for (int row = 0; row < rows; row++, z += classes) {
        double most = z[sx_argmax(z, classes)], sum = 0;
        for (int k = 0; k < classes; k++) sum += exp(z[k] - most);
        loss -= z[r->step->labels[row]] - most - log(sum);
        for (int k = 0; k < classes; k++)
            z[k] = (exp(z[k] - most) / sum - (k == r->step->labels[row])) / rows;
    }
    return loss / rows;
}

static void layer_backward(const reference *r, int layer, double *gradient) {
    sx_head_place place = sx_head_layer(r->form, layer);
    const double *x = input_of(r, layer);
    int width = r->form.width, outputs = place.outputs;
    memset(r->before, 0, (size_t)(r->step->rows * width) * sizeof *r->before);
    for (int row = 0; row < r->step->rows; row++)
        for (int k = 0; k < outputs; k++) {
            double slope = r->slopes[row * outputs + k];
            gradient[place.biases + (size_t)k] += slope;
            for (int i = 0; i < width; i++) {
                size_t at = place.weights + (size_t)(i * outputs + k);
                gradient[at] += x[row * width + i] * slope;
                if (layer > 0 && x[row * width + i] > 0)
                    r->before[row * width + i] += r->values[at] * slope;
            }
        }
}

static double gradient_of(reference *r, double *gradient) {
    size_t inputs = (size_t)r->step->rows * (size_t)r->form.width;
    memset(gradient, 0, sx_head_values(r->form) * sizeof *gradient);
    memcpy(r->x, r->step->features, inputs * sizeof *r->x);
    for (int layer = 0; layer + 1 < r->form.layers; layer++)
        layer_forward(r, layer, input_of(r, layer + 1));
    layer_forward(r, r->form.layers - 1, r->slopes);
    double loss = softmax_loss(r, r->slopes);
    for (int layer = r->form.layers - 1; layer >= 0; layer--) {
        layer_backward(r, layer, gradient);
        memcpy(r->slopes, r->before, inputs * sizeof *r->slopes);
    }
    return loss;
}

double sx_head_reference_step(sx_head_form form, const sx_head_step *step, double *values,
                              double *gradient) {
    size_t count = sx_head_values(form), rows = (size_t)step->rows, width = (size_t)form.width;
    size_t widest = form.classes > form.width ? (size_t)form.classes : width;
    size_t inputs = (size_t)form.layers * rows * width;
    double *room = sx_alloc(inputs + rows * widest + rows * width + count, sizeof *room);
    double loss = NAN, scale = sqrt(2 * step->step / step->total);
    if (!room) return loss;
    double *own = room + inputs + rows * widest + rows * width;
    reference r = {form, step, values, room, room + inputs, room + inputs + rows * widest};
    loss = gradient_of(&r, own);
    if (gradient) memcpy(gradient, own, count * sizeof *own);
    for (size_t i = 0; i < count; i++) {
        values[i] -= step->step * (own[i] + step->precision / step->total * values[i]);
        if (step->noise) values[i] += scale * step->noise[i];
    }
    sx_free(room);
    return loss;
}
