/* Many classifiers that walk side by side (last-layer-uncertainty.md, A.2). A member's walk is a
 * piece of work of its own: what it does depends on its number and on the seed, never on the
 * others or on threads. Nothing is allocated in a step, and all that is random follows from
 * counters, so that parameters and the number of steps are the whole state. */
#include "core/head/internal.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Streams of random numbers; a member's number is added. */
#define STREAM_ROWS UINT64_C(0x100000)
#define STREAM_ORDER UINT64_C(0x200000)
#define STREAM_NOISE UINT64_C(0x300000)
#define STREAM_DROP UINT64_C(0x400000)
#define MOST_MEMBERS 4096
#define NOISE_AT_ONCE 1024

typedef struct {
    float *x;        /* [layers, batch, width] */
    float *logits;   /* [batch, classes] */
    float *slopes;   /* [batch, width], of hidden layers */
    float *gradient; /* [values] */
} bench;

struct sx_sampler {
    sx_head_form form;
    sx_sampler_options options;
    sx_head_data data;
    size_t values, stride;
    int64_t at, each, steps; /* of a pass; of all */
    float *weights;          /* [members, stride] */
    float *moments;          /* [2, members, stride], of Adam */
    uint32_t *rows;          /* [members, count], of a bootstrap */
    uint32_t *order;         /* [members, count], of the pass at hand */
    int64_t *ordered;        /* [members]: that pass; -1: none */
    double *losses;          /* [members]: sum over rows of the pass at hand */
    bench *benches;
    int threads;
    int64_t now; /* steps of the call */
};

const char *sx_sampling_name(sx_sampling sampling) {
    static const char *const names[SX_SAMPLINGS] = {"sgd", "sgld", "bootstrap", "dropout", "adam"};
    return names[sampling];
}

/* ---- making one --------------------------------------------------------------------------------
 */

static sx_status check(sx_head_form form, const sx_sampler_options *o, const sx_head_data *data,
                       sx_error *err) {
    const char *name = sx_sampling_name(o->sampling);
    if (form.layers < 1 || form.layers > SX_HEAD_LAYERS || form.width < 1 || form.classes < 2)
        return sx_fail(err, SX_BAD_INPUT, "%d last layers of width %d for %d classes make no sense",
                       form.layers, form.width, form.classes);
    if (data->count < 1 || data->count > UINT32_MAX)
        return sx_fail(err, SX_BAD_INPUT, "%s on %zu items is not possible", name, data->count);
    for (size_t i = 0; i < data->count; i++)
        if (data->labels[i] < 0 || data->labels[i] >= form.classes)
            return sx_fail(err, SX_BAD_INPUT, "item %zu has the label %d of %d classes", i,
                           data->labels[i], form.classes);
    if (o->members < 1 || o->members > MOST_MEMBERS || o->batch < 1 || o->epochs < 1 ||
        o->epochs > 1000000 || o->every < 0)
        return sx_fail(err, SX_BAD_INPUT, "%s: %d members, batches of %d and %d epochs", name,
                       o->members, o->batch, o->epochs);
    if (!(o->step > 0) || !isfinite(o->step) || !(o->precision >= 0) || !isfinite(o->precision) ||
        !(o->rate >= 0 && o->rate < 1))
        return sx_fail(err, SX_BAD_INPUT,
                       "%s: a step of %g, a precision of %g and a rate of %g: steps are above 0, "
                       "rates below 1",
                       name, o->step, o->precision, o->rate);
    return SX_OK;
}

void sx_bootstrap_rows(uint64_t seed, int member, uint32_t *rows, size_t count) {
    sx_random random = sx_random_from(seed, STREAM_ROWS, (uint64_t)member);
    for (size_t i = 0; i < count; i++) rows[i] = sx_random_below(&random, (uint32_t)count);
}

static bool make_bench(const sx_sampler *s, bench *b) {
    size_t batch = (size_t)s->options.batch, width = (size_t)s->form.width;
    b->x = sx_alloc((size_t)s->form.layers * batch * width, sizeof *b->x);
    b->logits = sx_alloc(batch * (size_t)s->form.classes, sizeof *b->logits);
    b->slopes = sx_alloc(s->form.layers > 1 ? 2 * batch * width : 0, sizeof *b->slopes);
    b->gradient = sx_alloc(s->stride, sizeof *b->gradient);
    return b->x && b->logits && b->slopes && b->gradient;
}

static bool allocate(sx_sampler *s) {
    size_t members = (size_t)s->options.members, rows;
    bool adam = s->options.sampling == SX_SAMPLING_ADAM;
    bool good = sx_size_multiply(members, s->data.count, &rows);
    s->weights = sx_alloc(members * s->stride, sizeof *s->weights);
    s->moments = sx_alloc(adam ? 2 * members * s->stride : 0, sizeof *s->moments);
    s->order = good ? sx_alloc(rows, sizeof *s->order) : NULL;
    s->ordered = sx_alloc(members, sizeof *s->ordered);
    s->losses = sx_alloc(members, sizeof *s->losses);
    if (s->options.sampling == SX_SAMPLING_BOOTSTRAP) {
        s->rows = good ? sx_alloc(rows, sizeof *s->rows) : NULL;
        good = s->rows != NULL;
    }
    s->threads = s->options.members < SX_SAMPLER_THREADS ? s->options.members : SX_SAMPLER_THREADS;
    s->benches = sx_alloc((size_t)s->threads, sizeof *s->benches);
    good = good && s->weights && s->moments && s->order && s->ordered && s->losses && s->benches;
    for (int i = 0; good && i < s->threads; i++) good = make_bench(s, &s->benches[i]);
    return good;
}

sx_status sx_sampler_new(sx_head_form form, const sx_sampler_options *options,
                         const sx_head_data *data, const float *start, sx_sampler **out,
                         sx_error *err) {
    *out = NULL;
    sx_status status = check(form, options, data, err);
    sx_sampler *s = status ? NULL : sx_alloc(1, sizeof *s);
    if (!status && !s) status = sx_fail(err, SX_NO_MEMORY, "not enough memory for last layers");
    if (status) return status;
    *s = (sx_sampler){.form = form, .options = *options, .data = *data};
    if (s->options.batch > (int64_t)data->count) s->options.batch = (int)data->count;
    s->values = sx_head_values(form);
    s->stride = sx_head_stride(form);
    s->each = ((int64_t)data->count + s->options.batch - 1) / s->options.batch;
    s->steps = s->each * options->epochs;
    if (!allocate(s)) {
        sx_sampler_free(s);
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for %d last layers", options->members);
    }
    for (int m = 0; m < options->members; m++) {
        if (s->rows)
            sx_bootstrap_rows(options->seed, m, s->rows + (size_t)m * data->count, data->count);
        memcpy(s->weights + (size_t)m * s->stride, start, s->values * sizeof *start);
        s->ordered[m] = -1;
    }
    *out = s;
    return SX_OK;
}

void sx_sampler_free(sx_sampler *s) {
    if (!s) return;
    for (int i = 0; s->benches && i < s->threads; i++) {
        sx_free(s->benches[i].x);
        sx_free(s->benches[i].logits);
        sx_free(s->benches[i].slopes);
        sx_free(s->benches[i].gradient);
    }
    sx_free(s->benches);
    sx_free(s->weights);
    sx_free(s->moments);
    sx_free(s->rows);
    sx_free(s->order);
    sx_free(s->ordered);
    sx_free(s->losses);
    sx_free(s);
}

/* ---- one step ----------------------------------------------------------------------------------
 */

/* The rows of a pass in the member's own order. */
static void order_rows(sx_sampler *s, int member, int64_t pass) {
    if (s->ordered[member] == pass) return;
    size_t count = s->data.count;
    uint32_t *order = s->order + (size_t)member * count;
    sx_random random =
        sx_random_from(s->options.seed, STREAM_ORDER + (uint64_t)member, (uint64_t)pass);
    sx_random_permutation(&random, order, count);
    const uint32_t *rows = s->rows ? s->rows + (size_t)member * count : NULL;
    for (size_t i = 0; rows && i < count; i++) order[i] = rows[order[i]];
    s->ordered[member] = pass;
}

/* Logits become slopes of the mean loss; returns the sum of losses. */
static double softmax_slopes(const sx_sampler *s, const uint32_t *order, int rows, float *z) {
    int classes = s->form.classes;
    double loss = 0;
    sx_softmax(z, rows, classes);
    for (int r = 0; r < rows; r++, z += classes) {
        int label = s->data.labels[order[r]];
        loss -= log(fmax((double)z[label], (double)FLT_MIN));
        z[label] -= 1;
        for (int k = 0; k < classes; k++) z[k] /= (float)rows;
    }
    return loss;
}

static void column_sums(const float *slopes, int rows, int outputs, float *sums) {
    memset(sums, 0, (size_t)outputs * sizeof *sums);
    for (int r = 0; r < rows; r++, slopes += outputs)
        for (int k = 0; k < outputs; k++) sums[k] += slopes[k];
}

/* What dropped or was cut off has no slope; what was kept was scaled. */
static void through_inputs(const float *x, float scale, size_t count, float *slopes) {
    for (size_t i = 0; i < count; i++) slopes[i] = x[i] > 0 ? scale * slopes[i] : 0;
}

static void backward(const sx_sampler *s, const bench *b, const float *values, int rows) {
    int width = s->form.width;
    const float *slopes = b->logits;
    float scale = (float)(1 / (1 - s->options.rate));
    for (int layer = s->form.layers - 1; layer >= 0; layer--) {
        sx_head_place place = sx_head_layer(s->form, layer);
        size_t inputs = (size_t)rows * (size_t)width;
        const float *x = b->x + (size_t)layer * inputs;
        sx_matmul(true, false, width, place.outputs, rows, 1, x, width, slopes, place.outputs, 0,
                  b->gradient + place.weights, place.outputs);
        column_sums(slopes, rows, place.outputs, b->gradient + place.biases);
        if (layer == 0) break;
        float *before = b->slopes + (layer % 2 ? inputs : 0);
        sx_matmul(false, true, rows, width, place.outputs, 1, slopes, place.outputs,
                  values + place.weights, place.outputs, 0, before, width);
        through_inputs(x, scale, inputs, before);
        slopes = before;
    }
}

static void add_noise(const sx_sampler *s, int member, int64_t step, float *values) {
    float noise[NOISE_AT_ONCE];
    sx_random random =
        sx_random_from(s->options.seed, STREAM_NOISE + (uint64_t)member, (uint64_t)step);
    float scale = (float)sqrt(2 * s->options.step / (double)s->data.count);
    for (size_t from = 0; from < s->values; from += NOISE_AT_ONCE) {
        size_t count = s->values - from < NOISE_AT_ONCE ? s->values - from : NOISE_AT_ONCE;
        sx_head_normals(random, from, noise, count);
        for (size_t i = 0; i < count; i++) values[from + i] += scale * noise[i];
    }
}

static void walk_down(const sx_sampler *s, const float *gradient, float *values) {
    float step = (float)s->options.step;
    float keep = (float)(1 - s->options.step * s->options.precision / (double)s->data.count);
    for (size_t i = 0; i < s->values; i++) values[i] = keep * values[i] - step * gradient[i];
}

/* Adam with beta 0.9 and 0.999, epsilon 1e-8 (arXiv 1412.6980, algorithm 1). */
static void walk_adam(const sx_sampler *s, int member, int64_t step, const float *gradient,
                      float *values) {
    float *mean = s->moments + (size_t)member * s->stride;
    float *square = mean + (size_t)s->options.members * s->stride;
    double t = (double)(step + 1);
    float rate = (float)(s->options.step * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t)));
    float epsilon = (float)(1e-8 * sqrt(1 - pow(0.999, t)));
    for (size_t i = 0; i < s->values; i++) {
        mean[i] = 0.9f * mean[i] + 0.1f * gradient[i];
        square[i] = 0.999f * square[i] + 0.001f * gradient[i] * gradient[i];
        values[i] -= rate * mean[i] / (sqrtf(square[i]) + epsilon);
    }
}

static void gather(const sx_sampler *s, const uint32_t *order, int rows, float *x) {
    size_t width = (size_t)s->form.width;
    for (int r = 0; r < rows; r++)
        memcpy(x + (size_t)r * width, s->data.features + order[r] * width, width * sizeof *x);
}

static void take_step(sx_sampler *s, const bench *b, int member, int64_t step) {
    int64_t pass = step / s->each, within = step % s->each;
    size_t first = (size_t)within * (size_t)s->options.batch, left = s->data.count - first;
    int rows = left < (size_t)s->options.batch ? (int)left : s->options.batch;
    order_rows(s, member, pass);
    const uint32_t *order = s->order + (size_t)member * s->data.count + first;
    float *values = s->weights + (size_t)member * s->stride;
    sx_head_drop drop = {.rate = s->options.rate,
                         .seed = s->options.seed,
                         .stream = STREAM_DROP + (uint64_t)member,
                         .row = (uint64_t)pass * s->data.count + first};
    gather(s, order, rows, b->x);
    sx_head_forward(s->form, values, rows, &drop, b->x, b->logits);
    if (within == 0) s->losses[member] = 0;
    s->losses[member] += softmax_slopes(s, order, rows, b->logits);
    backward(s, b, values, rows);
    if (s->options.sampling == SX_SAMPLING_ADAM)
        walk_adam(s, member, step, b->gradient, values);
    else
        walk_down(s, b->gradient, values);
    if (s->options.sampling == SX_SAMPLING_SGLD) add_noise(s, member, step, values);
}

/* Members of a piece: those whose number leaves the piece's over the count of pieces. */
static void walk(void *context, int piece, int worker) {
    sx_sampler *s = context;
    (void)worker;
    for (int member = piece; member < s->options.members; member += s->threads)
        for (int64_t i = 0; i < s->now; i++) take_step(s, &s->benches[piece], member, s->at + i);
}

/* ---- walking -----------------------------------------------------------------------------------
 */

int64_t sx_sampler_at(const sx_sampler *s) {
    return s->at;
}

int64_t sx_sampler_steps(const sx_sampler *s) {
    return s->steps;
}

double sx_sampler_cost(const sx_sampler *s) {
    return 3.0 * s->options.members * s->options.batch * (double)s->values;
}

int64_t sx_sampler_until_snapshot(const sx_sampler *s) {
    int64_t every = s->options.every ? s->options.every : s->each;
    int64_t left = s->steps - s->at, until = every - s->at % every;
    bool at_end =
        s->options.sampling == SX_SAMPLING_BOOTSTRAP || s->options.sampling == SX_SAMPLING_DROPOUT;
    return at_end || until > left ? left : until;
}

bool sx_sampler_has_snapshot(const sx_sampler *s) {
    int64_t every = s->options.every ? s->options.every : s->each;
    bool at_end =
        s->options.sampling == SX_SAMPLING_BOOTSTRAP || s->options.sampling == SX_SAMPLING_DROPOUT;
    return s->at > 0 && (at_end ? s->at == s->steps : s->at % every == 0);
}

sx_status sx_sampler_advance(sx_sampler *s, int64_t steps, sx_pool *pool, const atomic_bool *stop,
                             sx_error *err) {
    int64_t until = sx_sampler_until_snapshot(s);
    if (stop && atomic_load_explicit(stop, memory_order_relaxed))
        return sx_fail(err, SX_CANCELLED, "stopped");
    s->now = steps < until ? steps : until;
    if (s->now < 1) return SX_OK;
    sx_pool_run(sx_pool_for(pool, (double)s->now * sx_sampler_cost(s)), s->threads, walk, s);
    s->at += s->now;
    return SX_OK;
}

const float *sx_sampler_member(const sx_sampler *s, int member) {
    return s->weights + (size_t)member * s->stride;
}

double sx_sampler_loss(const sx_sampler *s) {
    if (s->at == 0) return NAN;
    int64_t within = (s->at - 1) % s->each + 1;
    double rows = (double)within * s->options.batch, sum = 0;
    if (rows > (double)s->data.count) rows = (double)s->data.count;
    for (int m = 0; m < s->options.members; m++) sum += s->losses[m];
    return sum / rows / s->options.members;
}

/* ---- state -------------------------------------------------------------------------------------
 */

int sx_sampler_arrays(sx_sampler *s, sx_sampler_array out[SX_SAMPLER_ARRAYS]) {
    size_t members = (size_t)s->options.members;
    int count = 0;
    out[count++] = (sx_sampler_array){"at", &s->at, 1, sizeof s->at};
    out[count++] = (sx_sampler_array){"weights", s->weights, members * s->stride, sizeof(float)};
    out[count++] = (sx_sampler_array){"losses", s->losses, members, sizeof(double)};
    if (s->options.sampling == SX_SAMPLING_ADAM)
        out[count++] =
            (sx_sampler_array){"moments", s->moments, 2 * members * s->stride, sizeof(float)};
    return count;
}

sx_status sx_sampler_restored(sx_sampler *s, sx_error *err) {
    if (s->at < 0 || s->at > s->steps) {
        int64_t at = s->at;
        s->at = 0;
        return sx_fail(err, SX_BAD_INPUT, "%s cannot go on at step %lld of %lld",
                       sx_sampling_name(s->options.sampling), (long long)at, (long long)s->steps);
    }
    for (int m = 0; m < s->options.members; m++) s->ordered[m] = -1;
    return SX_OK;
}
