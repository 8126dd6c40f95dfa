/* Columns of classes from texts. Texts are numbered class by class, so a batch may hold the end of
 * one class and the beginning of the next; sums are taken in this order and in double, whatever the
 * batch. */
#include "core/study/zero_shot.h"

#include <math.h>
#include <string.h>

#define BATCH 32
#define ROUNDED 8        /* lengths of texts are multiples of this */
#define MOST_SCALE 100.0 /* as published models are trained */

typedef struct {
    const sx_zero_shot *z;
    const sx_model *model;
    sx_text_facts facts;
    sx_graph *graph;
    sx_run *run;
    size_t length;        /* tokens of the longest text, and somewhat more */
    float *text;          /* [context] */
    float *ids, *vectors; /* [BATCH, length], [BATCH, embed] */
    double *sum;          /* [embed], of the class that is at work */
    float *head;          /* [embed, classes] */
} work;

static sx_status no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for the texts of classes");
}

/* Tokens of a text into w->text. */
static sx_status write_text(work *w, size_t text, sx_error *err) {
    size_t prompts = (size_t)w->z->prompts;
    return w->z->tokens(w->z->user, (int)(text / prompts), (int)(text % prompts), w->text, err);
}

/* Most names are short: what comes behind the longest text's end is not computed. */
static sx_status find_length(work *w, size_t total, sx_error *err) {
    size_t context = (size_t)w->facts.context;
    for (size_t text = 0; text < total; text++) {
        sx_status status = write_text(w, text, err);
        size_t end = 0;
        if (status) return status;
        for (size_t i = 1; i < context; i++)
            if (w->text[i] > w->text[end]) end = i;
        if (end + 1 > w->length) w->length = end + 1;
    }
    w->length = (w->length + ROUNDED - 1) / ROUNDED * ROUNDED;
    if (w->length > context) w->length = context;
    return SX_OK;
}

static sx_status allocate(work *w, sx_error *err) {
    w->ids = sx_alloc(BATCH * w->length, sizeof *w->ids);
    w->vectors = sx_alloc((size_t)BATCH * (size_t)w->facts.embed, sizeof *w->vectors);
    w->sum = sx_alloc((size_t)w->facts.embed, sizeof *w->sum);
    if (!w->ids || !w->vectors || !w->sum) return no_memory(err);
    if (!(w->graph = sx_model_short_text_graph(w->model, BATCH, (int)w->length, err)) ||
        !(w->run = sx_run_new(w->graph, w->z->pool, false, err)))
        return err->status;
    sx_run_hold(w->run, true);
    sx_run_targets(w->run, w->ids);
    return SX_OK;
}

static void release(work *w) {
    sx_run_free(w->run);
    sx_graph_free(w->graph);
    sx_free(w->text);
    sx_free(w->ids);
    sx_free(w->vectors);
    sx_free(w->sum);
}

void sx_columns_put(const sx_columns *columns, int class, const double *sum) {
    double length = 0;
    for (int k = 0; k < columns->embed; k++) length += sum[k] * sum[k];
    length = length > 0 ? sqrt(length) : 1;
    for (int k = 0; k < columns->embed; k++)
        columns->head[(ptrdiff_t)k * columns->classes + class] = (float)(sum[k] / length);
}

static void end_class(work *w, size_t class) {
    const sx_columns columns = {w->head, w->facts.embed, w->model->classes};
    sx_columns_put(&columns, (int)class, w->sum);
    memset(w->sum, 0, (size_t)w->facts.embed * sizeof *w->sum);
}

/* Texts first .. first + count - 1. */
static sx_status do_batch(work *w, const sx_parameters *parameters, size_t first, int count,
                          sx_error *err) {
    size_t prompts = (size_t)w->z->prompts, embed = (size_t)w->facts.embed;
    for (int i = 0; i < count; i++) {
        sx_status status = write_text(w, first + (size_t)i, err);
        if (status) return status;
        memcpy(w->ids + (size_t)i * w->length, w->text, w->length * sizeof *w->ids);
    }
    sx_status status = sx_run_predict(w->run, parameters, NULL, count, w->vectors, err);
    for (int i = 0; !status && i < count; i++) {
        size_t text = first + (size_t)i;
        for (size_t k = 0; k < embed; k++) w->sum[k] += (double)w->vectors[(size_t)i * embed + k];
        if (text % prompts == prompts - 1) end_class(w, text / prompts);
    }
    return status;
}

sx_status sx_zero_shot_fill(const sx_zero_shot *zero_shot, const sx_model *model,
                            sx_parameters *parameters, sx_error *err) {
    work w = {.z = zero_shot, .model = model};
    const sx_slice *head = sx_parameters_find(parameters, "head.weight");
    if (!head || !sx_model_text(model, &w.facts))
        return sx_fail(err, SX_BAD_INPUT, "the model %s reads no texts", model->spec);
    size_t total = (size_t)model->classes * (size_t)zero_shot->prompts;
    w.head = parameters->values + head->offset;
    w.text = sx_alloc((size_t)w.facts.context, sizeof *w.text);
    if (!w.text) return no_memory(err);
    sx_status status = find_length(&w, total, err);
    if (!status) status = allocate(&w, err);
    for (size_t first = 0; !status && first < total; first += BATCH) {
        size_t count = total - first < BATCH ? total - first : BATCH;
        status = do_batch(&w, parameters, first, (int)count, err);
        if (!status && zero_shot->progress)
            zero_shot->progress(zero_shot->user, first + count, total);
    }
    release(&w);
    return status;
}

double sx_zero_shot_scale(const sx_model *model) {
    sx_text_facts facts;
    const sx_slice *scale = sx_parameters_find(&model->parameters, "scale.weight");
    if (!scale || !sx_model_text(model, &facts)) return 0;
    return fmin(exp((double)model->parameters.values[scale->offset]), MOST_SCALE);
}
