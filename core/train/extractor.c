/* A network without its last layer: pictures become what that layer reads. Values are taken by a
 * tap while the whole network predicts, so that they are the very ones the logits are made of. */
#include "core/train/train.h"

#include <string.h>

struct sx_extractor {
    const sx_model *model;
    sx_pool *pool;
    sx_graph *graph;
    sx_run *run;
    sx_tap tap;
    sx_last_layer last;
    int batch;
    size_t image_size; /* values of one image */
    sx_normalisation normalisation;
    float *images;         /* [batch, height, width, channels] */
    const uint8_t *pixels; /* of the batch that is under way */
    float *features;       /* likewise, [batch, length] */
};

static void see(void *context, int node, int image, const float *values, size_t row,
                double seconds) {
    const sx_extractor *e = context;
    (void)seconds;
    if (node != e->last.seen) return;
    size_t height = (size_t)e->last.height, length = (size_t)e->last.length / height;
    float *out = e->features + (size_t)image * (size_t)e->last.length;
    for (size_t y = 0; y < height; y++)
        memcpy(out + y * length, values + y * row, length * sizeof *out);
}

sx_extractor *sx_extractor_new(const sx_model *model, int batch,
                               const sx_normalisation *normalisation, sx_pool *pool,
                               sx_error *err) {
    sx_extractor *e = sx_alloc(1, sizeof *e);
    if (!e) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the features of this model");
        return NULL;
    }
    e->model = model;
    e->pool = pool;
    e->batch = batch;
    e->normalisation = *normalisation;
    e->image_size = (size_t)model->height * (size_t)model->width * (size_t)model->channels;
    e->tap = (sx_tap){e, see};
    e->graph = sx_model_graph(model, batch, err);
    if (e->graph && !sx_graph_last_layer(e->graph, &e->last, err))
        e->run = sx_run_new(e->graph, pool, false, err);
    if (e->run) e->images = sx_alloc((size_t)batch * e->image_size, sizeof(float));
    if (e->images) {
        sx_run_tap(e->run, &e->tap);
        sx_run_hold(e->run, true);
        return e;
    }
    if (e->run) sx_fail(err, SX_NO_MEMORY, "not enough memory for the features of this model");
    sx_extractor_free(e);
    return NULL;
}

void sx_extractor_free(sx_extractor *e) {
    if (!e) return;
    sx_run_free(e->run);
    sx_graph_free(e->graph);
    sx_free(e->images);
    sx_free(e);
}

void sx_extractor_stop_flag(sx_extractor *extractor, const atomic_bool *stop) {
    sx_run_stop_flag(extractor->run, stop);
}

int sx_extractor_length(const sx_extractor *extractor) {
    return extractor->last.length;
}

void sx_extractor_head(const sx_extractor *e, const float **weights, const float **biases) {
    *weights = e->model->parameters.values + e->last.weights;
    *biases = e->model->parameters.values + e->last.biases;
}

static void normalise_image(void *context, int image, int worker) {
    (void)worker;
    sx_extractor *e = context;
    size_t at = (size_t)image * e->image_size;
    sx_normalise(&e->normalisation, e->pixels + at, e->image_size, e->images + at);
}

sx_status sx_extractor_bytes(sx_extractor *e, const uint8_t *pixels, size_t count, float *features,
                             float *logits, sx_error *err) {
    for (size_t done = 0; done < count;) {
        int now = count - done < (size_t)e->batch ? (int)(count - done) : e->batch;
        e->pixels = pixels + done * e->image_size;
        e->features = features + done * (size_t)e->last.length;
        sx_pool_run(e->pool, now, normalise_image, e);
        sx_status status = sx_run_predict(e->run, &e->model->parameters, e->images, now,
                                          logits + done * (size_t)e->last.units, err);
        if (status) return status;
        done += (size_t)now;
    }
    return SX_OK;
}
