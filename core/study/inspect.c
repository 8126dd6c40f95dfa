/* Looking inside a model: one prediction with a tap that collects figures of every layer, and
 * whatever the parts that are wanted need to keep. The parts themselves are in files of their own;
 * here are the order in which they come and the table of layers. */
#include "core/study/inspector.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- what the parts share ---------------------------------------------------------------------
 */

sx_status sx_inspector_no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to look inside the model");
}

bool sx_inspector_wants(const sx_inspector *w, sx_inside_part part) {
    return w->in->parts >> part & 1;
}

sx_status sx_inspector_go_on(const sx_inspector *w, sx_error *err) {
    if (!w->stop || !atomic_load_explicit(w->stop, memory_order_relaxed)) return SX_OK;
    return sx_fail(err, SX_CANCELLED, "stopped");
}

void sx_inspector_publish(const sx_inspector *w, sx_result *result) {
    result->step = w->in->step;
    w->in->publish(w->in->user, result);
}

const char *sx_inspector_class(const sx_inspector *w, char shown[24]) {
    if (w->in->class_name) return w->in->class_name(w->in->names, w->class, shown);
    snprintf(shown, 24, "class %d", w->class);
    return shown;
}

sx_result *sx_inspector_map(const char *name, int rows, int columns, const char *unit,
                            sx_error *err) {
    sx_result *r = sx_result_new(SX_RESULT_GRID, name, "");
    if (!r || !sx_grid_alloc(r, rows, columns)) {
        sx_result_release(r);
        sx_inspector_no_memory(err);
        return NULL;
    }
    r->grid.row_label = "y";
    r->grid.column_label = "x";
    r->grid.unit = unit;
    for (int i = 0; i < rows; i++) r->grid.row_values[i] = i + 1;
    for (int i = 0; i < columns; i++) r->grid.column_values[i] = i + 1;
    return r;
}

sx_result *sx_inspector_images(const char *name, int count, int height, int width, int channels,
                               sx_error *err) {
    sx_result *r = sx_result_new(SX_RESULT_IMAGES, name, "");
    size_t image = (size_t)height * (size_t)width * (size_t)channels;
    if (r) {
        r->images = (sx_images){count, height, width, channels, NULL, NULL};
        r->images.pixels = sx_arena_alloc(&r->arena, (size_t)count, image);
        r->images.captions = sx_arena_alloc(&r->arena, (size_t)count, sizeof(char *));
        for (int i = 0; r->images.captions && i < count; i++) r->images.captions[i] = "";
    }
    if (r && r->images.pixels && r->images.captions) return r;
    sx_result_release(r);
    sx_inspector_no_memory(err);
    return NULL;
}

/* ---- the tap -----------------------------------------------------------------------------------
 */

static void note_figures(sx_layer_figures *f, const sx_layer_facts *facts, const float *values,
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

static void look(void *context, int node, int image, const float *values, size_t row,
                 double seconds) {
    sx_inspector *w = context;
    sx_layer_facts facts;
    if (image > 0 || !sx_graph_layer_at(w->graph, node, &facts)) return;
    note_figures(&w->figures[node], &facts, values, row);
    w->figures[node].seconds = seconds;
    w->figures[node].seen = true;
    sx_transformer_see(w, facts.name, values);
    if (node == w->feature) sx_features_see(w, &facts, values, row);
}

/* ---- layers ------------------------------------------------------------------------------------
 */

enum { NAME, OPERATOR, SHAPE, PARAMETERS, WORK, TIME, MEAN, DEVIATION, ZEROS, COLUMNS };

/* A layer that is computed in one go with the next has no values of its own: they stay unknown. */
static sx_status publish_layers(const sx_inspector *w, sx_error *err) {
    static const char *const names[COLUMNS] = {"layer",      "operator",      "shape",
                                               "parameters", "multiply-adds", "time",
                                               "mean",       "deviation",     "zeros"};
    sx_result *r = sx_table_new("layers", "Layers and what they hold", (size_t)w->layers, names,
                                COLUMNS, 1u << NAME | 1u << OPERATOR | 1u << SHAPE);
    double total = 0;
    if (!r) return sx_inspector_no_memory(err);
    for (int i = 0; i < w->layers; i++) total += w->figures[i].seconds;
    for (int i = 0; i < w->layers; i++) {
        sx_layer_facts facts;
        const sx_layer_figures *f = &w->figures[i];
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
    sx_inspector_publish(w, r);
    return SX_OK;
}

static sx_status publish_picture(const sx_inspector *w, sx_error *err) {
    const sx_model *m = w->model;
    if (!w->in->pixels || (m->channels != 1 && m->channels != 3)) return SX_OK;
    sx_result *r = sx_inspector_images("picture", 1, m->height, m->width, m->channels, err);
    if (!r) return err->status;
    size_t size = (size_t)m->height * (size_t)m->width * (size_t)m->channels;
    memcpy(r->images.pixels, w->in->pixels, size);
    r->title = "What the model sees";
    sx_inspector_publish(w, r);
    return SX_OK;
}

/* ---- the order of things ----------------------------------------------------------------------
 */

/* The layer that shows the selected one's values: the last of those that are computed in one go. */
static int feature_of(const sx_inspector *w) {
    sx_layer_facts facts;
    bool wanted = sx_inspector_wants(w, SX_INSIDE_FEATURES) && w->in->layer >= 0;
    return wanted && sx_graph_layer_at(w->graph, w->in->layer, &facts) ? facts.seen : -1;
}

/* Times are those of a second prediction, when everything is in its cache. */
static sx_status see_picture(sx_inspector *w, sx_error *err) {
    const sx_parameters *parameters = &w->model->parameters;
    const sx_tap tap = {w, look};
    sx_status status = sx_run_predict(w->run, parameters, w->in->image, 1, w->logits, err);
    memset(w->figures, 0, (size_t)w->layers * sizeof *w->figures);
    sx_run_tap(w->run, &tap);
    if (!status) status = sx_run_predict(w->run, parameters, w->in->image, 1, w->logits, err);
    sx_run_tap(w->run, NULL);
    w->class = w->in->class >= 0 ? w->in->class : sx_likeliest(w->logits, w->model->classes);
    return status;
}

static sx_status publish_parts(sx_inspector *w, sx_error *err) {
    static const struct {
        sx_inside_part part;
        sx_status (*publish)(sx_inspector *w, sx_error *err);
    } parts[] = {{SX_INSIDE_FEATURES, sx_features_publish},
                 {SX_INSIDE_GRADIENT, sx_gradient_publish},
                 {SX_INSIDE_FILTERS, sx_filters_publish},
                 {SX_INSIDE_WEIGHTS, sx_weights_publish},
                 {SX_INSIDE_OCCLUSION, sx_occlusion_publish}};
    sx_status status = SX_OK;
    for (size_t i = 0; !status && i < sizeof parts / sizeof *parts; i++)
        if (sx_inspector_wants(w, parts[i].part)) {
            status = sx_inspector_go_on(w, err);
            if (!status) status = parts[i].publish(w, err);
        }
    return status;
}

static sx_status check(const sx_inspector *w, const sx_inspection *in, sx_error *err) {
    const sx_transformer *vit = &w->vit;
    int patches = vit->grid * vit->grid;
    if (patches == 0 && in->query != 0)
        return sx_fail(err, SX_USAGE, "there is no patch %d: this model has none", in->query);
    if (in->query < 0 || in->query > patches)
        return sx_fail(err, SX_USAGE, "there is no patch %d: they are numbered from 1 to %d",
                       in->query, patches);
    if (vit->blocks == 0 && in->block != 0)
        return sx_fail(err, SX_USAGE, "there is no block %d: this model has no attention",
                       in->block);
    if (in->block < 0 || in->block > vit->blocks)
        return sx_fail(err, SX_USAGE, "there is no block %d: they are numbered from 1 to %d",
                       in->block, vit->blocks);
    if (in->class >= w->model->classes)
        return sx_fail(err, SX_USAGE, "there is no class %d: they are numbered from 0 to %d",
                       in->class, w->model->classes - 1);
    return SX_OK;
}

sx_status sx_inspect(sx_inspector *w, const sx_inspection *in, sx_error *err) {
    sx_error own = {0};
    if (!err) err = &own;
    sx_status status = check(w, in, err);
    if (status) return status;
    w->in = in;
    w->feature = feature_of(w);
    sx_run_hold(w->run, true);
    status = see_picture(w, err);
    if (!status && sx_inspector_wants(w, SX_INSIDE_PICTURE)) status = publish_picture(w, err);
    if (!status && sx_inspector_wants(w, SX_INSIDE_LAYERS)) status = publish_layers(w, err);
    if (!status && w->vit.blocks) status = sx_transformer_publish(w, err);
    if (!status) status = publish_parts(w, err);
    w->in = NULL;
    return status;
}

/* ---- life --------------------------------------------------------------------------------------
 */

static sx_status allocate(sx_inspector *w, sx_error *err) {
    const sx_model *m = w->model;
    size_t size = (size_t)m->height * (size_t)m->width * (size_t)m->channels;
    sx_layer_facts facts;
    for (w->layers = 0; sx_graph_layer_at(w->graph, w->layers, &facts); w->layers++) {
        size_t values = (size_t)facts.height * (size_t)facts.width * (size_t)facts.channels;
        if (values > w->feature_room) w->feature_room = values;
    }
    w->figures = sx_arena_alloc(&w->arena, (size_t)w->layers + 1, sizeof *w->figures);
    w->features = sx_arena_alloc(&w->arena, w->feature_room + 1, sizeof *w->features);
    w->covered = sx_arena_alloc(&w->arena, SX_WINDOWS * size, sizeof *w->covered);
    w->slope = sx_arena_alloc(&w->arena, size, sizeof *w->slope);
    w->logits = sx_arena_alloc(&w->arena, SX_WINDOWS * (size_t)m->classes, sizeof *w->logits);
    bool memory = w->figures && w->features && w->covered && w->slope && w->logits;
    return memory ? sx_transformer_prepare(w, err) : sx_inspector_no_memory(err);
}

sx_inspector *sx_inspector_new(const sx_model *model, sx_pool *pool, sx_error *err) {
    sx_inspector *w = sx_alloc(1, sizeof *w);
    if (!w) {
        sx_inspector_no_memory(err);
        return NULL;
    }
    w->model = model;
    w->pool = pool;
    w->feature = -1;
    w->graph = sx_model_graph(model, SX_WINDOWS, err);
    if (w->graph) w->run = sx_run_new(w->graph, pool, false, err);
    if (w->run && allocate(w, err) == SX_OK) return w;
    sx_inspector_free(w);
    return NULL;
}

void sx_inspector_free(sx_inspector *w) {
    if (!w) return;
    sx_run_free(w->run);
    sx_run_free(w->slope_run);
    sx_graph_free(w->graph);
    sx_graph_free(w->slope_graph);
    sx_arena_done(&w->arena);
    sx_free(w);
}

void sx_inspector_stop_flag(sx_inspector *w, const atomic_bool *stop) {
    w->stop = stop;
    sx_run_stop_flag(w->run, stop);
    if (w->slope_run) sx_run_stop_flag(w->slope_run, stop);
}

int sx_inspector_layer(const sx_inspector *w, const char *name) {
    sx_layer_facts facts;
    for (int i = 0; sx_graph_layer_at(w->graph, i, &facts); i++)
        if (strcmp(facts.name, name) == 0) return i;
    return -1;
}

int sx_inspector_first_convolution(const sx_inspector *w) {
    sx_layer_facts facts;
    for (int i = 0; sx_graph_layer_at(w->graph, i, &facts); i++)
        if (strcmp(facts.operation, "convolution") == 0) return i;
    return -1;
}

sx_inside_sizes sx_inspector_sizes(const sx_inspector *w) {
    return (sx_inside_sizes){w->vit.blocks, w->vit.heads, w->vit.grid, w->vit.first > 0};
}
