/* What a model from outside is worth on a data set. Pictures are read and prepared side by side, a
 * batch at a time; figures are summed in the order of the items, so threads change nothing. */
#include "core/metric/metric.h"
#include "core/study/study.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TOP 5
#define IMAGENET_CLASSES 1000

typedef struct {
    const sx_outside *outside;
    const sx_measurement *m;
    const sx_source_facts *facts;
    int classes;  /* of the model */
    int *mapped;  /* [classes of the set]: the model's class */
    size_t total; /* pictures to be read */
    sx_split *splits;
    size_t *indices; /* [total] */
    /* of one batch */
    size_t first;
    float *images, *logits;
    bool *good;                 /* [batch]: the picture was read */
    sx_resize_scratch *scratch; /* [threads] */
    double *probabilities;      /* [classes] */
    /* of all */
    size_t done, right, right_of_top;
    sx_calibration calibration;
    double *confidence; /* [total], of those that were read */
    uint8_t *wrong;
    size_t *per_class; /* [classes of the set][3]: pictures, right, right in the top */
    sx_result *items;
} work;

static sx_status no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to measure the model");
}

/* ---- what is measured --------------------------------------------------------------------------
 */

static int class_of_name(const sx_outside *o, const char *name) {
    char shown[24];
    for (int c = 0; c < o->named; c++)
        if (strcasecmp(sx_outside_class(o, c, shown), name) == 0) return c;
    return -1;
}

/* By index in ImageNet of a model of its 1,000 classes. */
static sx_status match_numbers(const sx_source_facts *facts, int *mapped, sx_error *err) {
    for (int c = 0; c < facts->classes; c++) {
        mapped[c] = facts->class_numbers[c];
        if (mapped[c] >= IMAGENET_CLASSES)
            return sx_fail(err, SX_BAD_INPUT, "the class '%.80s' has index %d of 1,000",
                           facts->class_names[c], mapped[c]);
    }
    return SX_OK;
}

/* By name where the model's classes have names, else by number. */
sx_status sx_outside_match(const sx_outside *outside, const sx_source_facts *facts, int *mapped,
                           sx_error *err) {
    if (facts->class_numbers && outside->model.classes == IMAGENET_CLASSES)
        return match_numbers(facts, mapped, err);
    if (!outside->named && facts->classes != outside->model.classes)
        return sx_fail(err, SX_BAD_INPUT,
                       "the data set has %d classes, the model %d: say the model's class names, a "
                       "line each, with --classes FILE",
                       facts->classes, outside->model.classes);
    for (int c = 0; c < facts->classes; c++) {
        mapped[c] = outside->named ? class_of_name(outside, facts->class_names[c]) : c;
        if (mapped[c] < 0)
            return sx_fail(err, SX_BAD_INPUT,
                           "the data set's class '%.80s' is none of the model's class names",
                           facts->class_names[c]);
    }
    return SX_OK;
}

/* The set's own test split, or everything. */
static void choose_items(work *w) {
    for (int split = 0; split < SX_SPLITS; split++) {
        if (w->facts->own_test && split != SX_SPLIT_TEST) continue;
        for (size_t i = 0; i < w->facts->counts[split]; i++) {
            w->splits[w->total] = (sx_split)split;
            w->indices[w->total++] = i;
        }
    }
}

static sx_status allocate(work *w, sx_error *err) {
    const sx_checkpoint *c = &w->outside->checkpoint;
    size_t all = 0, classes = (size_t)w->classes, batch = (size_t)w->m->batch;
    size_t image = (size_t)c->height * (size_t)c->width * (size_t)c->channels;
    for (int split = 0; split < SX_SPLITS; split++) all += w->facts->counts[split];
    w->mapped = sx_alloc((size_t)w->facts->classes, sizeof *w->mapped);
    w->splits = sx_alloc(all, sizeof *w->splits);
    w->indices = sx_alloc(all, sizeof *w->indices);
    w->images = sx_alloc(batch, image * sizeof *w->images);
    w->logits = sx_alloc(batch, classes * sizeof *w->logits);
    w->good = sx_alloc(batch, sizeof *w->good);
    w->scratch = sx_alloc((size_t)sx_pool_threads(w->m->pool), sizeof *w->scratch);
    w->probabilities = sx_alloc(classes, sizeof *w->probabilities);
    w->confidence = sx_alloc(all, sizeof *w->confidence);
    w->wrong = sx_alloc(all, sizeof *w->wrong);
    w->per_class = sx_alloc((size_t)w->facts->classes, 3 * sizeof *w->per_class);
    bool memory = w->mapped && w->splits && w->indices && w->images && w->logits && w->good &&
                  w->scratch && w->probabilities && w->confidence && w->wrong && w->per_class;
    return memory ? SX_OK : no_memory(err);
}

static void release(work *w) {
    for (int t = 0; w->scratch && t < sx_pool_threads(w->m->pool); t++)
        sx_resize_scratch_done(&w->scratch[t]);
    void *const owned[] = {w->mapped,     w->splits, w->indices,  w->images,
                           w->logits,     w->good,   w->scratch,  w->probabilities,
                           w->confidence, w->wrong,  w->per_class};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) sx_free(owned[i]);
}

/* ---- a batch -----------------------------------------------------------------------------------
 */

static void read_picture(void *context, int piece, int worker) {
    work *w = context;
    const sx_checkpoint *c = &w->outside->checkpoint;
    size_t item = w->first + (size_t)piece;
    float *out =
        w->images + (size_t)piece * (size_t)c->height * (size_t)c->width * (size_t)c->channels;
    sx_image picture = {0};
    w->good[piece] =
        sx_source_image(w->m->source, w->splits[item], w->indices[item], &picture, NULL) == SX_OK &&
        sx_outside_prepare(w->outside, &picture, out, &w->scratch[worker], NULL) == SX_OK;
    sx_image_done(&picture);
}

/* Softmax in double precision: a published accuracy is compared to four digits. */
static void find_probabilities(work *w, const float *logits) {
    double largest = (double)logits[0], sum = 0;
    for (int c = 1; c < w->classes; c++)
        if ((double)logits[c] > largest) largest = (double)logits[c];
    for (int c = 0; c < w->classes; c++)
        sum += w->probabilities[c] = exp((double)logits[c] - largest);
    for (int c = 0; c < w->classes; c++) w->probabilities[c] /= sum;
}

/* How many classes are surer than `class`; equal ones of a lower number count. */
static int rank_of(const work *w, int class) {
    int rank = 0;
    for (int c = 0; c < w->classes; c++)
        rank += w->probabilities[c] > w->probabilities[class] ||
                (c < class && w->probabilities[c] == w->probabilities[class]);
    return rank;
}

enum { NAME, LABEL, PREDICTION, CONFIDENCE, TOP_1, TOP_5, LOSS, COLUMNS };

static void note_item(work *w, size_t item, int label, int best, int rank) {
    sx_column *columns = w->items->table.columns;
    char name[512], shown[24];
    size_t row = w->done;
    sx_source_item_name(w->m->source, w->splits[item], w->indices[item], name, sizeof name);
    columns[NAME].texts[row] = sx_result_text(w->items, "%s", name);
    columns[LABEL].texts[row] =
        sx_result_text(w->items, "%s", sx_outside_class(w->outside, label, shown));
    columns[PREDICTION].texts[row] =
        sx_result_text(w->items, "%s", sx_outside_class(w->outside, best, shown));
    columns[CONFIDENCE].numbers[row] = w->probabilities[best];
    columns[TOP_1].numbers[row] = rank == 0;
    columns[TOP_5].numbers[row] = rank < TOP;
    columns[LOSS].numbers[row] = -log(w->probabilities[label]);
}

static void score_item(work *w, size_t item, const float *logits) {
    int own = sx_source_label(w->m->source, w->splits[item], w->indices[item]);
    int label = w->mapped[own];
    find_probabilities(w, logits);
    int rank = rank_of(w, label), best = sx_argmax(w->probabilities, w->classes);
    sx_calibrate_item(w->probabilities, label, w->classes, &w->calibration);
    note_item(w, item, label, best, rank);
    w->confidence[w->done] = w->probabilities[best];
    w->wrong[w->done++] = rank != 0;
    size_t *counts = w->per_class + 3 * (size_t)own;
    counts[0]++;
    counts[1] += rank == 0;
    counts[2] += rank < TOP;
    w->right += rank == 0;
    w->right_of_top += rank < TOP;
}

static sx_status measure_batches(work *w, sx_run *run, sx_error *err) {
    size_t batch = (size_t)w->m->batch;
    for (w->first = 0; w->first < w->total; w->first += batch) {
        int count = w->total - w->first < batch ? (int)(w->total - w->first) : w->m->batch;
        sx_pool_run(w->m->pool, count, read_picture, w);
        sx_status status =
            sx_run_predict(run, &w->outside->model.parameters, w->images, count, w->logits, err);
        if (status) return status;
        for (int i = 0; i < count; i++)
            if (w->good[i])
                score_item(w, w->first + (size_t)i, w->logits + (size_t)i * (size_t)w->classes);
        if (w->m->progress) w->m->progress(w->m->user, w->first + (size_t)count, w->total);
    }
    return SX_OK;
}

/* ---- results -----------------------------------------------------------------------------------
 */

/* What a model from outside does belongs to no step of a training. */
static sx_result *make_table(const char *name, const char *title, size_t rows,
                             const char *const *columns, int count, unsigned texts) {
    sx_result *r = sx_table_new(name, title, rows, columns, count, texts);
    if (r) r->step = -1;
    return r;
}

static void add_figure(sx_result *r, int row, const char *name, double value, sx_interval i) {
    r->table.columns[0].texts[row] = name;
    r->table.columns[1].numbers[row] = value;
    r->table.columns[2].numbers[row] = i.low;
    r->table.columns[3].numbers[row] = i.high;
}

static sx_result *make_summary(const work *w, sx_error *err) {
    static const char *const columns[] = {"figure", "value", "low", "high"};
    const sx_interval none = {NAN, NAN};
    sx_selective selective = SX_SELECTIVE_UNKNOWN;
    double n = (double)w->done;
    if (w->done) sx_selective_risk(w->confidence, w->wrong, w->done, &selective, NULL);
    sx_result *r = make_table("summary", w->outside->checkpoint.spec, 8, columns, 4, 1u << 0);
    if (!r) {
        no_memory(err);
        return NULL;
    }
    double skipped = (double)(w->total - w->done);
    add_figure(r, 0, "pictures", n, none);
    add_figure(r, 1, "pictures that could not be read", skipped, none);
    add_figure(r, 2, "top-1 accuracy", n > 0 ? (double)w->right / n : (double)NAN,
               sx_wilson((double)w->right, n));
    add_figure(r, 3, "top-5 accuracy", n > 0 ? (double)w->right_of_top / n : (double)NAN,
               sx_wilson((double)w->right_of_top, n));
    add_figure(r, 4, "loss (NLL)", w->calibration.nll, none);
    add_figure(r, 5, "ECE", w->calibration.ece, none);
    add_figure(r, 6, "AURC", selective.aurc, none);
    add_figure(r, 7, "E-AURC", selective.eaurc, none);
    return r;
}

static sx_result *make_classes(const work *w, sx_error *err) {
    static const char *const columns[] = {"class", "pictures", "top-1", "top-5"};
    size_t rows = (size_t)w->facts->classes;
    sx_result *r = make_table("classes", "Accuracy by class", rows, columns, 4, 1u << 0);
    if (!r) {
        no_memory(err);
        return NULL;
    }
    for (size_t c = 0; c < rows; c++) {
        const size_t *counts = w->per_class + 3 * c;
        double n = counts[0] ? (double)counts[0] : (double)NAN;
        r->table.columns[0].texts[c] = sx_result_text(r, "%s", w->facts->class_names[c]);
        r->table.columns[1].numbers[c] = (double)counts[0];
        r->table.columns[2].numbers[c] = (double)counts[1] / n;
        r->table.columns[3].numbers[c] = (double)counts[2] / n;
    }
    return r;
}

static sx_status make_results(work *w, sx_result *out[SX_MEASURED], sx_error *err) {
    sx_calibrate_end(w->done, &w->calibration);
    w->items->table.rows = w->done;
    out[SX_MEASURED_SUMMARY] = make_summary(w, err);
    out[SX_MEASURED_CLASSES] = make_classes(w, err);
    out[SX_MEASURED_ITEMS] = w->items;
    if (out[SX_MEASURED_SUMMARY] && out[SX_MEASURED_CLASSES]) return SX_OK;
    for (int i = 0; i < SX_MEASURED; i++) sx_result_release(out[i]);
    return err->status;
}

static sx_status prepare(work *w, sx_error *err) {
    static const char *const columns[COLUMNS] = {"picture", "label", "prediction", "confidence",
                                                 "top-1",   "top-5", "loss"};
    sx_status status = allocate(w, err);
    if (!status) status = sx_outside_match(w->outside, w->facts, w->mapped, err);
    if (status) return status;
    choose_items(w);
    w->items = make_table("items", "Pictures", w->total, columns, COLUMNS,
                          1u << NAME | 1u << LABEL | 1u << PREDICTION);
    return w->items ? SX_OK : no_memory(err);
}

sx_status sx_outside_measure(const sx_outside *outside, const sx_measurement *measurement,
                             sx_result *out[SX_MEASURED], sx_error *err) {
    work w = {.outside = outside,
              .m = measurement,
              .facts = sx_source_describe(measurement->source),
              .classes = outside->checkpoint.classes};
    sx_graph *graph = NULL;
    sx_run *run = NULL;
    sx_status status = prepare(&w, err);
    if (!status && !(graph = sx_model_graph(&outside->model, measurement->batch, err)))
        status = err->status;
    if (!status && !(run = sx_run_new(graph, measurement->pool, false, err))) status = err->status;
    if (!status) {
        sx_run_hold(run, true);
        status = measure_batches(&w, run, err);
    }
    if (!status)
        status = make_results(&w, out, err);
    else
        sx_result_release(w.items);
    sx_run_free(run);
    sx_graph_free(graph);
    release(&w);
    return status;
}
