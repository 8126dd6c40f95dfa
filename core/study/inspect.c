/* Looking inside a model from outside: a tap collects figures of every layer, and of a vision
 * transformer the queries and keys of every block, from which attention is computed again. */
#include "core/study/study.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WINDOWS 7 /* a side, that are covered one after the other */

typedef struct {
    double mean, deviation, zeros, seconds;
    bool seen;
} layer_figures;

typedef struct {
    const sx_outside *outside;
    const sx_inspection *in;
    const sx_graph *graph;
    int layers; /* nodes of the graph but the loss */
    layer_figures *figures;
    /* of a vision transformer */
    int blocks, heads, dim, tokens, first, grid, patch; /* first: tokens that are no patches */
    double scale;
    float **qkv;    /* [blocks]: [tokens, 3 dim] */
    float *weights; /* [tokens, tokens], of one head */
    double *mean;   /* the same, of a block: mean of heads */
    double *rollout, *product;
    double *distances; /* [blocks, heads] */
} work;

static sx_status no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to look inside the model");
}

/* What a model from outside does belongs to no step of a training. */
static void publish(const work *w, sx_result *result) {
    result->step = -1;
    w->in->publish(w->in->user, result);
}

/* ---- the tap -----------------------------------------------------------------------------------
 */

static void note_figures(layer_figures *f, const sx_layer_facts *facts, const float *values,
                         size_t row) {
    size_t length = (size_t)facts->width * (size_t)facts->channels, zeros = 0;
    double sum = 0, squares = 0, count = (double)length * facts->height;
    for (int y = 0; y < facts->height; y++)
        for (size_t i = 0; i < length; i++) {
            double v = (double)values[(size_t)y * row + i];
            sum += v;
            squares += v * v;
            zeros += v == 0;
        }
    f->mean = sum / count;
    f->deviation = sqrt(fmax(squares / count - f->mean * f->mean, 0));
    f->zeros = (double)zeros / count;
}

/* "block7.attention.in" is block 7's. */
static int block_of(const char *name) {
    int block = 0, length = 0;
    bool is = sscanf(name, "block%d.attention.in%n", &block, &length) == 1 && length > 0;
    return is && name[length] == 0 ? block : 0;
}

static void look(void *context, int node, int image, const float *values, size_t row,
                 double seconds) {
    work *w = context;
    sx_layer_facts facts;
    if (image > 0 || !sx_graph_layer_at(w->graph, node, &facts)) return;
    note_figures(&w->figures[node], &facts, values, row);
    w->figures[node].seconds = seconds;
    w->figures[node].seen = true;
    int block = block_of(facts.name);
    if (block < 1 || block > w->blocks) return;
    memcpy(w->qkv[block - 1], values, (size_t)w->tokens * 3 * (size_t)w->dim * sizeof *values);
}

/* ---- layers ------------------------------------------------------------------------------------
 */

enum { NAME, OPERATOR, SHAPE, PARAMETERS, WORK, TIME, MEAN, DEVIATION, ZEROS, COLUMNS };

/* A layer that is computed in one go with the next has no values of its own: they stay unknown. */
static sx_status publish_layers(const work *w, sx_error *err) {
    static const char *const names[COLUMNS] = {"layer",      "operator",      "shape",
                                               "parameters", "multiply-adds", "time",
                                               "mean",       "deviation",     "zeros"};
    sx_result *r = sx_table_new("layers", "Layers and what they hold", (size_t)w->layers, names,
                                COLUMNS, 1u << NAME | 1u << OPERATOR | 1u << SHAPE);
    double total = 0;
    if (!r) return no_memory(err);
    for (int i = 0; i < w->layers; i++) total += w->figures[i].seconds;
    for (int i = 0; i < w->layers; i++) {
        sx_layer_facts facts;
        const layer_figures *f = &w->figures[i];
        sx_column *c = r->table.columns;
        sx_graph_layer_at(w->graph, i, &facts);
        c[NAME].texts[i] = sx_result_text(r, "%s", facts.name);
        c[OPERATOR].texts[i] = sx_result_text(r, "%s", facts.operation);
        c[SHAPE].texts[i] =
            sx_result_text(r, "%dx%dx%d", facts.height, facts.width, facts.channels);
        c[PARAMETERS].numbers[i] = (double)facts.parameters;
        c[WORK].numbers[i] = facts.cost;
        if (!f->seen) continue;
        c[TIME].numbers[i] = total > 0 ? f->seconds / total : (double)NAN;
        c[MEAN].numbers[i] = f->mean;
        c[DEVIATION].numbers[i] = f->deviation;
        c[ZEROS].numbers[i] = f->zeros;
    }
    publish(w, r);
    return SX_OK;
}

/* ---- maps --------------------------------------------------------------------------------------
 */

/* A grid of side x side, rows and columns numbered from 1. */
static sx_result *make_map(const char *name, const char *title, int side, const char *unit,
                           sx_error *err) {
    sx_result *r = sx_result_new(SX_RESULT_GRID, name, title);
    if (!r || !sx_grid_alloc(r, side, side)) {
        sx_result_release(r);
        no_memory(err);
        return NULL;
    }
    r->grid.row_label = "y";
    r->grid.column_label = "x";
    r->grid.unit = unit;
    for (int i = 0; i < side; i++) r->grid.row_values[i] = r->grid.column_values[i] = i + 1;
    return r;
}

/* A row of a matrix of tokens over the patches, or the mean of the patches' rows; 1 is what each
 * patch would get if all got the same. */
static void fill_query(const work *w, const double *matrix, double *out) {
    size_t tokens = (size_t)w->tokens, patches = tokens - (size_t)w->first;
    bool all = w->in->query == 0 && w->first == 0;
    double even = (double)patches;
    size_t row = w->in->query ? (size_t)(w->first + w->in->query - 1) : 0;
    for (size_t k = 0; k < patches; k++) {
        out[k] = matrix[row * tokens + (size_t)w->first + k];
        for (size_t q = 1; all && q < patches; q++) out[k] += matrix[q * tokens + k];
        if (all) out[k] /= (double)patches;
        out[k] *= even;
    }
}

static sx_status publish_query(const work *w, const char *name, const char *title,
                               const double *matrix, sx_error *err) {
    sx_result *r = make_map(name, title, w->grid, "times even attention", err);
    if (!r) return err->status;
    fill_query(w, matrix, r->grid.values);
    publish(w, r);
    return SX_OK;
}

/* ---- attention ---------------------------------------------------------------------------------
 */

/* Softmax of scaled products of queries and keys, into w->weights. */
static void attend(work *w, int block, int head) {
    size_t depth = (size_t)(w->dim / w->heads), step = 3 * (size_t)w->dim;
    const float *q = w->qkv[block] + (size_t)head * depth, *k = q + w->dim;
    for (int t = 0; t < w->tokens; t++) {
        float *row = w->weights + (size_t)t * (size_t)w->tokens;
        double largest = -INFINITY, sum = 0;
        for (int s = 0; s < w->tokens; s++) {
            double score = 0;
            for (size_t d = 0; d < depth; d++)
                score += (double)q[(size_t)t * step + d] * (double)k[(size_t)s * step + d];
            row[s] = (float)(score * w->scale);
            if ((double)row[s] > largest) largest = (double)row[s];
        }
        for (int s = 0; s < w->tokens; s++) sum += exp((double)row[s] - largest);
        for (int s = 0; s < w->tokens; s++) row[s] = (float)(exp((double)row[s] - largest) / sum);
    }
}

double sx_attention_distance(const float *weights, int first, int grid, int patch) {
    int patches = grid * grid, tokens = first + patches;
    double sum = 0;
    for (int q = 0; q < patches; q++)
        for (int k = 0; k < patches; k++) {
            int y = q / grid - k / grid, x = q % grid - k % grid;
            sum += (double)weights[(size_t)(first + q) * (size_t)tokens + (size_t)(first + k)] *
                   hypot(y, x) * patch;
        }
    return sum / patches;
}

/* R = (A + I) / 2 R, for the block's mean of heads A. */
static void roll(work *w) {
    size_t n = (size_t)w->tokens;
    memset(w->product, 0, n * n * sizeof *w->product);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            double a = (w->mean[i * n + k] + (i == k)) / 2;
            for (size_t j = 0; j < n; j++) w->product[i * n + j] += a * w->rollout[k * n + j];
        }
    memcpy(w->rollout, w->product, n * n * sizeof *w->rollout);
}

static sx_status publish_block(work *w, int block, sx_error *err) {
    size_t size = (size_t)w->tokens * (size_t)w->tokens;
    char name[32], title[64];
    memset(w->mean, 0, size * sizeof *w->mean);
    for (int head = 0; head < w->heads; head++) {
        attend(w, block, head);
        for (size_t i = 0; i < size; i++) w->mean[i] += (double)w->weights[i] / w->heads;
        w->distances[block * w->heads + head] =
            sx_attention_distance(w->weights, w->first, w->grid, w->patch);
    }
    roll(w);
    snprintf(name, sizeof name, "attention-%02d", block + 1);
    snprintf(title, sizeof title, "Attention in block %d, mean of %d heads", block + 1, w->heads);
    return publish_query(w, name, title, w->mean, err);
}

static sx_status publish_distance(const work *w, sx_error *err) {
    static const char *const names[] = {"mean of heads", "nearest head", "farthest head"};
    sx_result *r = sx_result_new(SX_RESULT_SERIES, "attention-distance", "How far attention goes");
    if (!r || !sx_series_alloc(r, (size_t)w->blocks, 3, false)) {
        sx_result_release(r);
        return no_memory(err);
    }
    r->series.x_label = "block";
    r->series.x_unit = "";
    r->series.y_label = "pixels";
    for (int line = 0; line < 3; line++) r->series.lines[line].name = names[line];
    for (int block = 0; block < w->blocks; block++) {
        const double *d = w->distances + block * w->heads;
        double sum = 0, least = d[0], most = d[0];
        for (int h = 0; h < w->heads; h++) {
            sum += d[h];
            least = fmin(least, d[h]);
            most = fmax(most, d[h]);
        }
        r->series.x[block] = block + 1;
        r->series.lines[0].y[block] = sum / w->heads;
        r->series.lines[1].y[block] = least;
        r->series.lines[2].y[block] = most;
    }
    publish(w, r);
    return SX_OK;
}

static sx_status publish_heads(const work *w, sx_error *err) {
    static const char *const names[] = {"block", "head", "distance in pixels"};
    sx_result *r = sx_result_new(SX_RESULT_TABLE, "heads", "How far each head's attention goes");
    if (!r || !sx_table_alloc(r, (size_t)w->blocks * (size_t)w->heads, 3)) {
        sx_result_release(r);
        return no_memory(err);
    }
    for (int c = 0; c < 3; c++) r->table.columns[c].name = names[c];
    for (int i = 0; i < w->blocks * w->heads; i++) {
        int block = i / w->heads + 1, head = i % w->heads + 1;
        r->table.columns[0].numbers[i] = block;
        r->table.columns[1].numbers[i] = head;
        r->table.columns[2].numbers[i] = w->distances[i];
    }
    publish(w, r);
    return SX_OK;
}

/* Tile (Y, X) at (y, x) is the cosine of patch (Y, X)'s position and patch (y, x)'s. */
static sx_status publish_positions(const work *w, sx_error *err) {
    const sx_parameters *parameters = &w->outside->model.parameters;
    const sx_slice *slice = sx_parameters_find(parameters, "position.weight");
    int side = w->grid * w->grid;
    sx_result *r =
        make_map("positions", "Likeness of positions, a map a patch", side, "cosine", err);
    if (!r) return err->status;
    const float *table = parameters->values + slice->offset + (size_t)w->first * (size_t)w->dim;
    for (int row = 0; row < side; row++)
        for (int column = 0; column < side; column++) {
            int a = row / w->grid * w->grid + column / w->grid;
            int b = row % w->grid * w->grid + column % w->grid;
            double ab = 0, aa = 0, bb = 0;
            for (int c = 0; c < w->dim; c++) {
                double x = (double)table[a * w->dim + c], y = (double)table[b * w->dim + c];
                ab += x * y;
                aa += x * x;
                bb += y * y;
            }
            r->grid.values[row * side + column] = ab / sqrt(aa * bb);
        }
    publish(w, r);
    return SX_OK;
}

static sx_status publish_transformer(work *w, sx_error *err) {
    sx_status status = SX_OK;
    for (int i = 0; i < w->tokens; i++) w->rollout[i * w->tokens + i] = 1;
    for (int block = 0; !status && block < w->blocks; block++)
        status = publish_block(w, block, err);
    if (!status)
        status = publish_query(w, "rollout", "Attention through all blocks", w->rollout, err);
    if (!status) status = publish_distance(w, err);
    if (!status) status = publish_heads(w, err);
    return status ? status : publish_positions(w, err);
}

/* ---- occlusion ---------------------------------------------------------------------------------
 */

/* A row of windows is a batch. The picture with one window at the mean colour, which is 0. */
static void cover(const sx_checkpoint *c, const float *image, int window, float *out) {
    int row = window / WINDOWS, column = window % WINDOWS;
    int top = row * c->height / WINDOWS, bottom = (row + 1) * c->height / WINDOWS;
    int left = column * c->width / WINDOWS, right = (column + 1) * c->width / WINDOWS;
    size_t line = (size_t)c->width * (size_t)c->channels;
    memcpy(out, image, (size_t)c->height * line * sizeof *out);
    for (int y = top; y < bottom; y++)
        memset(out + (size_t)y * line + (size_t)(left * c->channels), 0,
               (size_t)((right - left) * c->channels) * sizeof *out);
}

static sx_status publish_occlusion(const work *w, sx_run *run, const float *image, float *covered,
                                   float *logits, sx_error *err) {
    const sx_model *model = &w->outside->model;
    const sx_checkpoint *c = &w->outside->checkpoint;
    size_t size = (size_t)c->height * (size_t)c->width * (size_t)c->channels;
    char title[200], shown[24];
    int best = 0;
    sx_status status = sx_run_predict(run, &model->parameters, image, 1, logits, err);
    if (status) return status;
    for (int k = 1; k < model->classes; k++)
        if (logits[k] > logits[best]) best = k;
    snprintf(title, sizeof title, "Probability of %.100s with a part covered",
             sx_outside_class(w->outside, best, shown));
    sx_result *r = make_map("occlusion", "", WINDOWS, "probability", err);
    if (!r) return err->status;
    r->title = sx_result_text(r, "%s", title);
    for (int row = 0; !status && row < WINDOWS; row++) {
        for (int i = 0; i < WINDOWS; i++)
            cover(c, image, row * WINDOWS + i, covered + (size_t)i * size);
        status = sx_run_predict(run, &model->parameters, covered, WINDOWS, logits, err);
        if (!status) sx_softmax(logits, WINDOWS, model->classes);
        for (int i = 0; i < WINDOWS; i++)
            r->grid.values[row * WINDOWS + i] = (double)logits[i * model->classes + best];
    }
    if (status)
        sx_result_release(r);
    else
        publish(w, r);
    return status;
}

/* ---- all of it ---------------------------------------------------------------------------------
 */

/* A number of the family's options. */
static double option_of(const sx_outside *o, const char *key) {
    sx_spec spec;
    const sx_model_kind *kind;
    if (sx_spec_parse(o->checkpoint.spec, &spec, NULL)) return 0;
    for (int row = 0; (kind = sx_model_kind_at(row)); row++)
        if (strcmp(kind->name, spec.name) == 0 && sx_option_find(kind->options, "", key))
            return sx_spec_number(&spec, kind->options, key);
    return 0;
}

/* Sizes of a vision transformer; none where the model is another. */
static void measure_transformer(work *w) {
    const sx_outside *o = w->outside;
    const sx_slice *position = sx_parameters_find(&o->model.parameters, "position.weight");
    if (!position) return;
    w->heads = (int)option_of(o, "heads");
    w->dim = (int)option_of(o, "dim");
    w->patch = (int)option_of(o, "patch");
    w->blocks = (int)option_of(o, "depth");
    w->scale = option_of(o, "scale");
    if (!(w->scale > 0)) w->scale = sqrt((double)w->heads / w->dim);
    w->first = sx_parameters_find(&o->model.parameters, "class.weight") != NULL;
    w->grid = o->checkpoint.height / w->patch;
    w->tokens = w->first + w->grid * w->grid;
}

static sx_status allocate(work *w, sx_arena *arena, sx_error *err) {
    size_t tokens = (size_t)w->tokens, square = tokens * tokens;
    w->figures = sx_arena_alloc(arena, (size_t)w->layers + 1, sizeof *w->figures);
    w->qkv = sx_arena_alloc(arena, (size_t)w->blocks + 1, sizeof *w->qkv);
    w->weights = sx_arena_alloc(arena, square + 1, sizeof *w->weights);
    w->mean = sx_arena_alloc(arena, square + 1, sizeof *w->mean);
    w->rollout = sx_arena_alloc(arena, square + 1, sizeof *w->rollout);
    w->product = sx_arena_alloc(arena, square + 1, sizeof *w->product);
    w->distances =
        sx_arena_alloc(arena, (size_t)w->blocks * (size_t)w->heads + 1, sizeof *w->distances);
    bool memory =
        w->figures && w->qkv && w->weights && w->mean && w->rollout && w->product && w->distances;
    for (int b = 0; memory && b < w->blocks; b++)
        memory = (w->qkv[b] =
                      sx_arena_alloc(arena, tokens * 3 * (size_t)w->dim, sizeof **w->qkv)) != NULL;
    return memory ? SX_OK : no_memory(err);
}

static sx_status inspect(work *w, sx_run *run, sx_arena *arena, sx_error *err) {
    const sx_model *model = &w->outside->model;
    size_t size = (size_t)model->height * (size_t)model->width * (size_t)model->channels;
    float *image = sx_arena_alloc(arena, size, sizeof *image);
    float *covered = sx_arena_alloc(arena, WINDOWS * size, sizeof *covered);
    float *logits = sx_arena_alloc(arena, WINDOWS * (size_t)model->classes, sizeof *logits);
    sx_resize_scratch scratch = {0};
    if (!image || !covered || !logits) return no_memory(err);
    const sx_tap tap = {w, look};
    sx_status status = sx_outside_prepare(w->outside, w->in->picture, image, &scratch, err);
    sx_resize_scratch_done(&scratch);
    if (!status) /* so that the layers' times are those of a second picture */
        status = sx_run_predict(run, &model->parameters, image, 1, logits, err);
    sx_run_tap(run, &tap);
    if (!status) status = sx_run_predict(run, &model->parameters, image, 1, logits, err);
    sx_run_tap(run, NULL);
    if (!status) status = publish_layers(w, err);
    if (!status && w->blocks) status = publish_transformer(w, err);
    return status ? status : publish_occlusion(w, run, image, covered, logits, err);
}

sx_status sx_outside_inspect(const sx_outside *outside, const sx_inspection *inspection,
                             sx_error *err) {
    work w = {.outside = outside, .in = inspection};
    sx_arena arena = {0};
    sx_layer_facts facts;
    measure_transformer(&w);
    if (inspection->query < 0 || inspection->query > w.grid * w.grid)
        return sx_fail(err, SX_USAGE, "there is no patch %d: they are numbered from 1 to %d",
                       inspection->query, w.grid * w.grid);
    sx_graph *graph = sx_model_graph(&outside->model, WINDOWS, err);
    sx_run *run = graph ? sx_run_new(graph, inspection->pool, false, err) : NULL;
    sx_status status = run ? SX_OK : err->status;
    w.graph = graph;
    while (graph && sx_graph_layer_at(graph, w.layers, &facts)) w.layers++;
    if (!status) status = allocate(&w, &arena, err);
    if (!status) {
        sx_run_hold(run, true);
        status = inspect(&w, run, &arena, err);
    }
    sx_run_free(run);
    sx_graph_free(graph);
    sx_arena_done(&arena);
    return status;
}
