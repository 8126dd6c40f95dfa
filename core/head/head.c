/* One classifier: where its parameters lie, how they are drawn, and what it says of features. */
#include "core/head/internal.h"

#include <math.h>
#include <string.h>

#define ROWS 256 /* of a piece of work, whatever the number of threads */
#define DRAW 0x68656164
#define KEPT_AT_ONCE 128

size_t sx_head_values(sx_head_form form) {
    sx_head_place last = sx_head_layer(form, form.layers - 1);
    return last.biases + (size_t)last.outputs;
}

size_t sx_head_stride(sx_head_form form) {
    size_t line = SX_ALIGN / sizeof(float);
    return (sx_head_values(form) + line - 1) / line * line;
}

sx_head_place sx_head_layer(sx_head_form form, int layer) {
    size_t width = (size_t)form.width, hidden = width * width + width;
    int outputs = layer + 1 < form.layers ? form.width : form.classes;
    size_t weights = (size_t)layer * hidden;
    return (sx_head_place){weights, weights + width * (size_t)outputs, outputs};
}

void sx_head_draw(sx_head_form form, uint64_t seed, float *values) {
    memset(values, 0, sx_head_values(form) * sizeof *values);
    for (int layer = 0; layer < form.layers; layer++) {
        sx_head_place place = sx_head_layer(form, layer);
        sx_random random = sx_random_from(seed, DRAW, (uint64_t)layer);
        double gain = layer + 1 < form.layers ? 2 : 1;
        float deviation = (float)sqrt(gain / form.width);
        for (size_t i = place.weights; i < place.biases; i++)
            values[i] = deviation * sx_random_normal(&random);
    }
}

/* ---- forward -----------------------------------------------------------------------------------
 */

/* Survivors are scaled, so that the mean stays. */
static void drop_row(const sx_head_drop *drop, uint64_t row, int width, float *x) {
    uint64_t bits[KEPT_AT_ONCE / 2];
    uint32_t limit = (uint32_t)(drop->rate * 4294967296.0);
    float scale = (float)(1 / (1 - drop->rate));
    sx_random random = sx_random_from(drop->seed, drop->stream, row);
    for (int from = 0; from < width; from += KEPT_AT_ONCE) {
        int count = width - from < KEPT_AT_ONCE ? width - from : KEPT_AT_ONCE;
        sx_random_fill(&random, bits, (size_t)(count + 1) / 2);
        for (int i = 0; i < count; i++) {
            uint32_t drawn = (uint32_t)(bits[i / 2] >> (i % 2 ? 32 : 0));
            x[from + i] = drawn >= limit ? scale * x[from + i] : 0;
        }
    }
}

static void drop_inputs(sx_head_form form, const sx_head_drop *drop, int layer, int rows,
                        float *x) {
    if (!(drop->rate > 0)) return;
    sx_head_drop own = *drop;
    own.stream = drop->stream * SX_HEAD_LAYERS + (uint64_t)layer;
    for (int r = 0; r < rows; r++)
        drop_row(&own, drop->row + (uint64_t)r, form.width, x + (size_t)r * (size_t)form.width);
}

static void add_biases(const float *biases, int rows, int outputs, bool relu, float *y) {
    for (int r = 0; r < rows; r++, y += outputs)
        for (int k = 0; k < outputs; k++) {
            float sum = y[k] + biases[k];
            y[k] = relu && !(sum > 0) ? 0 : sum;
        }
}

void sx_head_forward(sx_head_form form, const float *values, int rows, const sx_head_drop *drop,
                     float *x, float *logits) {
    for (int layer = 0; layer < form.layers; layer++) {
        sx_head_place place = sx_head_layer(form, layer);
        bool last = layer + 1 == form.layers;
        float *next = x + (size_t)rows * (size_t)form.width, *y = last ? logits : next;
        drop_inputs(form, drop, layer, rows, x);
        sx_matmul(false, false, rows, place.outputs, form.width, 1, x, form.width,
                  values + place.weights, place.outputs, 0, y, place.outputs);
        add_biases(values + place.biases, rows, place.outputs, !last, y);
        x = next;
    }
}

/* ---- many items --------------------------------------------------------------------------------
 */

typedef struct {
    sx_head_form form;
    const float *values, *features;
    sx_head_drop drop;
    size_t count, room; /* floats of a worker's scratch */
    float *scratch;
    float *logits; /* [count, classes]; NULL: */
    sx_ensemble *ensemble;
} saying;

static void say_piece(void *context, int piece, int worker) {
    const saying *s = context;
    size_t first = (size_t)piece * ROWS, left = s->count - first, width = (size_t)s->form.width;
    int rows = left < ROWS ? (int)left : ROWS;
    float *x = s->scratch + (size_t)worker * s->room;
    float *logits = s->logits ? s->logits + first * (size_t)s->form.classes
                              : x + ROWS * width * (size_t)s->form.layers;
    sx_head_drop drop = s->drop;
    drop.row = first;
    memcpy(x, s->features + first * width, (size_t)rows * width * sizeof *x);
    sx_head_forward(s->form, s->values, rows, &drop, x, logits);
    if (s->ensemble) sx_ensemble_add_logits(s->ensemble, first, (size_t)rows, logits);
}

static sx_status say(saying *s, sx_pool *pool, sx_error *err) {
    int threads = sx_pool_threads(pool);
    size_t pieces = (s->count + ROWS - 1) / ROWS;
    s->room = ROWS * ((size_t)s->form.width * (size_t)s->form.layers + (size_t)s->form.classes);
    if (pieces >= 1 << 20) return sx_fail(err, SX_BAD_INPUT, "%zu items are too many", s->count);
    s->scratch = sx_alloc((size_t)threads, s->room * sizeof *s->scratch);
    if (!s->scratch) return sx_fail(err, SX_NO_MEMORY, "not enough memory for predictions");
    sx_pool_run(pool, (int)pieces, say_piece, s);
    sx_free(s->scratch);
    return SX_OK;
}

sx_status sx_head_logits(sx_head_form form, const float *values, const float *features,
                         size_t count, float *logits, sx_pool *pool, sx_error *err) {
    saying s = {
        .form = form, .values = values, .features = features, .count = count, .logits = logits};
    return say(&s, pool, err);
}

#define PREDICTION 0x70617373 /* streams of masks that are not those of training */

sx_status sx_head_collect(sx_head_form form, const float *values, const float *features,
                          sx_head_masks masks, sx_ensemble *ensemble, sx_pool *pool,
                          sx_error *err) {
    uint64_t stream = (PREDICTION + ((uint64_t)masks.set << 20)) + (uint64_t)masks.pass;
    saying s = {.form = form,
                .values = values,
                .features = features,
                .drop = {.rate = masks.rate, .seed = masks.seed, .stream = stream},
                .count = ensemble->n,
                .ensemble = ensemble};
    sx_status status = say(&s, pool, err);
    if (!status) sx_ensemble_end_member(ensemble);
    return status;
}
