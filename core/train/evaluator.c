/* Evaluation in batches of one size: bytes to inputs, logits, softmax. Reads parameters only. */
#include "core/train/train.h"

#include <string.h>

struct sx_evaluator {
    const sx_model *model;
    const sx_parameters *parameters; /* in place of the model's, or NULL */
    sx_pool *pool;
    sx_graph *graph;
    sx_run *run;
    int batch;
    bool held;         /* as sx_evaluator_hold says */
    size_t image_size; /* values of one image */
    sx_normalisation normalisation;
    float *images;         /* [batch, height, width, channels] */
    const uint8_t *pixels; /* of the batch that is being made ready */
    float *logits;         /* where somebody else wants them, or NULL */
};

sx_evaluator *sx_evaluator_new(const sx_model *model, int batch, sx_pool *pool, sx_error *err) {
    sx_evaluator *e = sx_alloc(1, sizeof *e);
    if (!e) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory to evaluate this model");
        return NULL;
    }
    e->model = model;
    e->pool = pool;
    e->batch = batch;
    e->normalisation = sx_normalisation_usual;
    e->image_size = (size_t)model->height * (size_t)model->width * (size_t)model->channels;
    e->graph = sx_model_graph(model, batch, err);
    if (e->graph) e->run = sx_run_new(e->graph, pool, false, err);
    if (e->run) e->images = sx_alloc((size_t)batch * e->image_size, sizeof(float));
    if (e->images) return e;
    if (e->run) sx_fail(err, SX_NO_MEMORY, "not enough memory to evaluate this model");
    sx_evaluator_free(e);
    return NULL;
}

void sx_evaluator_free(sx_evaluator *e) {
    if (!e) return;
    sx_run_free(e->run);
    sx_graph_free(e->graph);
    sx_free(e->images);
    sx_free(e);
}

void sx_evaluator_stop_flag(sx_evaluator *evaluator, const atomic_bool *stop) {
    sx_run_stop_flag(evaluator->run, stop);
}

void sx_evaluator_hold(sx_evaluator *evaluator, bool held) {
    evaluator->held = held;
    sx_run_hold(evaluator->run, held);
}

void sx_evaluator_use(sx_evaluator *evaluator, const sx_parameters *parameters) {
    evaluator->parameters = parameters;
    sx_run_hold(evaluator->run, evaluator->held);
}

void sx_evaluator_logits(sx_evaluator *evaluator, float *logits) {
    evaluator->logits = logits;
}

void sx_evaluator_normalise(sx_evaluator *evaluator, const sx_normalisation *normalisation) {
    evaluator->normalisation = *normalisation;
}

int sx_evaluator_batch(const sx_evaluator *evaluator) {
    return evaluator->batch;
}

double sx_evaluator_cost(const sx_evaluator *evaluator) {
    return sx_graph_cost(evaluator->graph);
}

static void normalise_image(void *context, int image, int worker) {
    (void)worker;
    sx_evaluator *e = context;
    size_t at = (size_t)image * e->image_size;
    sx_normalise(&e->normalisation, e->pixels + at, e->image_size, e->images + at);
}

sx_status sx_evaluator_bytes(sx_evaluator *e, const uint8_t *pixels, size_t count,
                             float *probabilities, sx_error *err) {
    size_t classes = (size_t)e->model->classes;
    if (!e->held) sx_run_hold(e->run, count > (size_t)e->batch);
    for (size_t done = 0; done < count;) {
        int now = count - done < (size_t)e->batch ? (int)(count - done) : e->batch;
        e->pixels = pixels + done * e->image_size;
        float *out = probabilities + done * classes;
        sx_pool_run(e->pool, now, normalise_image, e);
        const sx_parameters *parameters = e->parameters ? e->parameters : &e->model->parameters;
        sx_status status = sx_run_predict(e->run, parameters, e->images, now, out, err);
        if (status) return status;
        if (e->logits) memcpy(e->logits + done * classes, out, (size_t)now * classes * sizeof *out);
        sx_softmax(out, now, (int)classes);
        done += (size_t)now;
    }
    return SX_OK;
}
