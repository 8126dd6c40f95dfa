/* Running a graph.
 *
 * Training is a list of stages, a few per operator, over the chunks of the batch or over pieces of
 * the operator's own. Stages over chunks that follow each other run as one parallel region, so a
 * chunk stays in its worker's cache; a stage over pieces (the statistics of a batch norm) is a
 * barrier. Prediction has no barrier at all: a worker takes a chunk through all nodes in small
 * buffers of its own.
 *
 * All memory is taken in sx_run_new. */
#include "core/graph/internal.h"

#include <string.h>

#define PENDING_LIMIT 1024

typedef struct {
    const sx_graph_node *node;
    sx_range_function range;
} pending_stage;

struct sx_run {
    const sx_graph *graph;
    sx_pool *pool;
    const atomic_bool *stop;
    sx_arena arena;
    int workers;
    bool training;
    float *unused;                       /* gradient of the parameters that nobody wants */
    bool held, packed;                   /* parameters of prediction: promised not to change; packed
                                          * since then */
    sx_frame frame;                      /* of training, and of packing for prediction */
    sx_frame *predict;                   /* [workers] */
    float *logits;                       /* of the running prediction */
    int count;                           /* images of it */
    const sx_tap *tap;                   /* who looks inside, or NULL */
    atomic_bool halted;                  /* a worker saw the stop flag */
    pending_stage stages[PENDING_LIMIT]; /* over chunks, that can run as one region */
    int pending;
};

/* ---- buffers --------------------------------------------------------------------------------- */

/* Pointers [nodes] to slots of `images` images each; NULL if memory is out. */
static float **make_buffers(sx_run *run, const int *slot, const size_t *size, int slots,
                            int images) {
    int n = run->graph->count;
    float **base = sx_arena_alloc(&run->arena, (size_t)slots, sizeof *base);
    float **buffers = sx_arena_alloc(&run->arena, (size_t)n, sizeof *buffers);
    if (!base || !buffers) return NULL;
    for (int s = 0; s < slots; s++) {
        base[s] = sx_arena_alloc(&run->arena, size[s] * (size_t)images, sizeof **base);
        if (!base[s]) return NULL;
    }
    for (int i = 0; i < n; i++) buffers[i] = slot[i] < 0 ? NULL : base[slot[i]];
    return buffers;
}

static bool make_memory(sx_run *run) {
    const sx_graph *graph = run->graph;
    run->frame.memory = sx_arena_alloc(&run->arena, (size_t)graph->count, sizeof(float *));
    run->frame.scratch = sx_arena_alloc(&run->arena, (size_t)run->workers, sizeof(float *));
    if (!run->frame.memory || !run->frame.scratch) return false;
    for (int i = 0; i < graph->count; i++) {
        const sx_graph_node *node = &graph->nodes[i];
        bool needed = node->in_prediction || (run->training && node->in_training);
        size_t size = needed && node->op->memory ? node->op->memory(graph, node, run->training) : 0;
        if (size && !(run->frame.memory[i] = sx_arena_alloc(&run->arena, size, sizeof(float))))
            return false;
    }
    for (int w = 0; w < run->workers; w++)
        if (!(run->frame.scratch[w] = sx_arena_alloc(&run->arena, graph->scratch, sizeof(float))))
            return false;
    return true;
}

static bool make_frames(sx_run *run) {
    const sx_graph *graph = run->graph;
    if (!make_memory(run)) return false;
    run->predict = sx_arena_alloc(&run->arena, (size_t)run->workers, sizeof *run->predict);
    if (!run->predict) return false;
    for (int w = 0; w < run->workers; w++) {
        sx_frame *frame = &run->predict[w];
        *frame = run->frame;
        frame->value = make_buffers(run, graph->predict_slot, graph->predict_size,
                                    graph->predict_slots, graph->predict_chunk);
        if (!frame->value) return false;
    }
    if (!run->training) return true;
    run->frame.value =
        make_buffers(run, graph->value_slot, graph->value_size, graph->value_slots, graph->batch);
    run->frame.slope =
        make_buffers(run, graph->slope_slot, graph->slope_size, graph->slope_slots, graph->batch);
    if (graph->nodes[0].needs_gradient)
        run->unused = sx_arena_alloc(&run->arena, graph->parameter_count + 1, sizeof(float));
    return run->frame.value && run->frame.slope && (run->unused || !graph->nodes[0].needs_gradient);
}

sx_run *sx_run_new(const sx_graph *graph, sx_pool *pool, bool training, sx_error *err) {
    if (!graph->finished || graph->error.status) {
        sx_fail(err, SX_BAD_INPUT, "the graph is not finished: it cannot be run");
        return NULL;
    }
    sx_run *run = sx_alloc(1, sizeof *run);
    if (run) {
        run->graph = run->frame.graph = graph;
        double work = training ? sx_graph_training_cost(graph) : sx_graph_cost(graph);
        run->pool = sx_pool_for(pool, work * graph->batch);
        run->workers = sx_pool_threads(run->pool);
        run->training = training;
    }
    if (!run || !make_frames(run)) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory to run the model on batches of %d images",
                graph->batch);
        sx_run_free(run);
        return NULL;
    }
    return run;
}

void sx_run_free(sx_run *run) {
    if (!run) return;
    sx_arena_done(&run->arena);
    sx_free(run);
}

void sx_run_stop_flag(sx_run *run, const atomic_bool *stop) {
    run->stop = stop;
}

void sx_run_hold(sx_run *run, bool held) {
    run->held = held;
    run->packed = false;
}

void sx_run_tap(sx_run *run, const sx_tap *tap) {
    run->tap = tap;
}

const sx_frame *sx_run_frame(const sx_run *run) {
    return &run->frame;
}

static bool must_stop(const sx_run *run) {
    return run->stop && atomic_load_explicit(run->stop, memory_order_relaxed);
}

/* ---- stages ---------------------------------------------------------------------------------- */

/* A worker takes one chunk through the pending stages. */
static void run_chunk(void *context, int piece, int worker) {
    sx_run *run = context;
    const sx_graph *graph = run->graph;
    int first = piece * graph->chunk, left = graph->batch - first;
    for (int i = 0; i < run->pending; i++) {
        if (must_stop(run)) {
            atomic_store(&run->halted, true);
            return;
        }
        const pending_stage *next = &run->stages[i];
        next->range(&run->frame, next->node, first, left < graph->chunk ? left : graph->chunk,
                    worker);
    }
}

static void run_pending(sx_run *run) {
    if (run->pending) sx_pool_run(run->pool, run->graph->chunks, run_chunk, run);
    run->pending = 0;
}

typedef struct {
    const sx_run *run;
    const sx_graph_node *node;
    sx_own_function own;
} own_call;

static void run_piece(void *context, int piece, int worker) {
    const own_call *call = context;
    call->own(&call->run->frame, call->node, piece, worker);
}

static void run_own(sx_run *run, const sx_graph_node *node, const sx_stage *stage) {
    int pieces = stage->pieces(run->graph, node);
    own_call call = {run, node, stage->own};
    if (pieces == 0) return;
    run_pending(run);
    if (must_stop(run)) atomic_store(&run->halted, true);
    if (!atomic_load(&run->halted)) sx_pool_run(run->pool, pieces, run_piece, &call);
}

static void run_stages(sx_run *run, const sx_graph_node *node, const sx_stage *stages) {
    for (const sx_stage *stage = stages; stage->range || stage->own; stage++) {
        if (stage->own) {
            run_own(run, node, stage);
            continue;
        }
        if (run->pending == PENDING_LIMIT) run_pending(run);
        run->stages[run->pending++] = (pending_stage){node, stage->range};
    }
}

/* Ends a run of stages: SX_CANCELLED if a worker saw the stop flag. */
static sx_status end_stages(sx_run *run) {
    run_pending(run);
    return atomic_load(&run->halted) ? SX_CANCELLED : SX_OK;
}

/* ---- prediction ------------------------------------------------------------------------------ */

static void copy_output(const sx_frame *frame, int first, int count, float *output) {
    const sx_graph_node *node = &frame->graph->nodes[frame->graph->logits];
    size_t length = sx_row_length(node->out), height = (size_t)node->out.height;
    output += (size_t)first * height * length;
    for (int i = 0; i < count; i++)
        for (size_t y = 0; y < height; y++, output += length)
            memcpy(output, sx_value(frame, node, i) + y * sx_geometry_row(node->out),
                   length * sizeof *output);
}

/* The number under which the value of a home is seen: the last node that shares it. */
static int seen_as(const sx_graph *graph, int home) {
    int seen = home;
    for (int i = home; i <= graph->logits; i++)
        if (graph->nodes[i].predict_home == home) seen = i;
    return seen;
}

static void predict_seen(const sx_run *run, const sx_frame *frame, int home, int first, int count,
                         int worker) {
    const sx_graph_node *node = &run->graph->nodes[home];
    double start = sx_seconds();
    node->op->predict(frame, node, 0, count, worker);
    double seconds = (sx_seconds() - start) / count;
    int seen = seen_as(run->graph, home);
    for (int i = 0; i < count; i++)
        run->tap->see(run->tap->context, seen, first + i, sx_value(frame, node, i),
                      sx_geometry_row(node->out), seconds);
}

/* One chunk through all nodes. */
static void predict_chunk(void *context, int piece, int worker) {
    sx_run *run = context;
    const sx_graph *graph = run->graph;
    sx_frame frame = run->predict[worker];
    frame.parameters = run->frame.parameters;
    sx_geometry input = graph->nodes[0].out;
    int first = piece * graph->predict_chunk, left = run->count - first;
    int count = left < graph->predict_chunk ? left : graph->predict_chunk;
    if (run->frame.images)
        frame.images =
            run->frame.images + (size_t)first * (size_t)input.height * sx_row_length(input);
    frame.targets = run->frame.targets;
    if (frame.targets) frame.targets += (ptrdiff_t)first * graph->target_length;
    for (int i = 0; i <= graph->logits; i++) {
        const sx_graph_node *node = &graph->nodes[i];
        if (must_stop(run)) {
            atomic_store(&run->halted, true);
            return;
        }
        if (node->predict_home != i || !node->in_prediction) continue;
        if (run->tap)
            predict_seen(run, &frame, i, first, count, worker);
        else
            node->op->predict(&frame, node, 0, count, worker);
    }
    copy_output(&frame, first, count, run->logits);
}

sx_status sx_run_predict(sx_run *run, const sx_parameters *parameters, const float *images,
                         int count, float *logits, sx_error *err) {
    const sx_graph *graph = run->graph;
    if (count < 0 || count > graph->batch)
        return sx_fail(err, SX_BAD_INPUT, "%d images at once: this run takes at most %d", count,
                       graph->batch);
    if (parameters->size != graph->parameter_count)
        return sx_fail(err, SX_BAD_INPUT, "these parameters belong to another model");
    run->frame.training = false;
    run->frame.parameters = parameters->values;
    run->frame.images = images;
    run->logits = logits;
    run->count = count;
    atomic_store(&run->halted, false);
    for (int i = 0; i <= graph->logits && !run->packed; i++)
        if (graph->nodes[i].predict_home == i && graph->nodes[i].in_prediction)
            run_stages(run, &graph->nodes[i], graph->nodes[i].op->prepare);
    sx_status status = end_stages(run);
    if (status) return status;
    run->packed = run->held;
    sx_pool_run(run->pool, sx_ceil_divide(count, graph->predict_chunk), predict_chunk, run);
    return end_stages(run);
}

/* ---- training -------------------------------------------------------------------------------- */

/* Slices whose operators add to their gradient, or that get none, begin with zeros. */
static void clear_node(void *context, int index, int worker) {
    sx_run *run = context;
    const sx_graph_node *node = &run->graph->nodes[index];
    (void)worker;
    bool stored = node->op->stores_gradient && node->in_training && node->needs_gradient;
    for (int i = 0; i < node->slice_count && !stored; i++) {
        const sx_slice *slice = &run->graph->slices[node->slices[i]];
        memset(run->frame.gradient + slice->offset, 0, slice->count * sizeof(float));
    }
}

static bool runs_in_training(const sx_run *run, int node) {
    return run->graph->nodes[node].home == node && run->graph->nodes[node].in_training;
}

/* Stages of the nodes up to `last`, in the order of their values. */
static void queue_forward(sx_run *run, int last) {
    const sx_graph_node *nodes = run->graph->nodes;
    for (int i = 0; i <= last; i++)
        if (runs_in_training(run, i)) run_stages(run, &nodes[i], nodes[i].op->prepare);
    for (int i = 0; i <= last; i++)
        if (runs_in_training(run, i) && !nodes[i].absorbed)
            run_stages(run, &nodes[i], nodes[i].op->forward);
}

static void queue_backward(sx_run *run, int last) {
    const sx_graph_node *nodes = run->graph->nodes;
    for (int i = last; i >= 0; i--)
        if (runs_in_training(run, i) && !nodes[i].absorbed && nodes[i].needs_gradient)
            run_stages(run, &nodes[i], nodes[i].op->backward);
}

/* The whole step as one list of stages; nothing runs once the stop flag was seen. */
static sx_status run_step(sx_run *run) {
    int count = run->graph->count;
    const sx_graph_node *nodes = run->graph->nodes;
    atomic_store(&run->halted, false);
    sx_pool_run(run->pool, count, clear_node, run);
    queue_forward(run, count - 1);
    queue_backward(run, count - 1);
    for (int i = 0; i < count; i++)
        if (runs_in_training(run, i) && !nodes[i].frozen)
            run_stages(run, &nodes[i], nodes[i].op->finish);
    return end_stages(run);
}

static bool labels_fit(const sx_graph *graph, const int32_t *labels) {
    for (int i = 0; i < graph->batch; i++)
        if (labels[i] < 0 || labels[i] >= sx_graph_classes(graph)) return false;
    return true;
}

void sx_run_targets(sx_run *run, const float *targets) {
    run->frame.targets = targets;
}

sx_status sx_run_train(sx_run *run, sx_parameters *parameters, const float *images,
                       const int32_t *labels, uint64_t seed, int64_t step, float *gradient,
                       sx_run_report *out) {
    const sx_graph *graph = run->graph;
    if (!run->training || parameters->size != graph->parameter_count ||
        (!run->frame.targets && !(labels && labels_fit(graph, labels))))
        return SX_BAD_INPUT;
    sx_frame *frame = &run->frame;
    run->held = run->packed = false;
    frame->training = true;
    frame->frozen = false;
    frame->parameters = frame->running = parameters->values;
    frame->images = images;
    frame->labels = labels;
    frame->seed = seed;
    frame->step = step;
    frame->gradient = gradient;
    frame->report = out;
    sx_status status = run_step(run);
    if (status) return status;
    for (int i = 0; i < graph->count; i++)
        if (graph->nodes[i].op->commit && graph->nodes[i].in_training)
            graph->nodes[i].op->commit(frame, &graph->nodes[i]);
    return SX_OK;
}

/* ---- the slope by the images ------------------------------------------------------------------
 */

/* What the loss does in a training: the output's slope, from which backward begins. */
static void give_slope(const sx_frame *frame, const float *weights) {
    const sx_graph_node *node = &frame->graph->nodes[frame->graph->logits];
    size_t length = sx_row_length(node->out);
    for (int i = 0; i < frame->graph->batch; i++)
        for (int y = 0; y < node->out.height; y++, weights += length)
            memcpy(sx_row_of(sx_slope(frame, node, i), node->out, y), weights,
                   length * sizeof *weights);
}

static void take_slope(const sx_frame *frame, float *slope) {
    const sx_graph_node *node = &frame->graph->nodes[0];
    size_t length = sx_row_length(node->out);
    for (int i = 0; i < frame->graph->batch; i++)
        for (int y = 0; y < node->out.height; y++, slope += length)
            memcpy(slope, sx_row_of(sx_slope(frame, node, i), node->out, y),
                   length * sizeof *slope);
}

sx_status sx_run_differentiate(sx_run *run, const sx_parameters *parameters, const float *images,
                               const float *weights, float *slope, sx_error *err) {
    const sx_graph *graph = run->graph;
    sx_frame *frame = &run->frame;
    if (!run->training || !run->unused)
        return sx_fail(err, SX_BAD_INPUT, "this run was not made for slopes by the images");
    if (parameters->size != graph->parameter_count)
        return sx_fail(err, SX_BAD_INPUT, "these parameters belong to another model");
    run->held = run->packed = false;
    frame->training = frame->frozen = true;
    frame->parameters = parameters->values;
    frame->running = NULL;
    frame->images = images;
    frame->gradient = run->unused;
    atomic_store(&run->halted, false);
    sx_pool_run(run->pool, graph->count, clear_node, run);
    queue_forward(run, graph->logits);
    sx_status status = end_stages(run);
    if (status) return status;
    give_slope(frame, weights);
    queue_backward(run, graph->logits);
    status = end_stages(run);
    if (!status) take_slope(frame, slope);
    return status;
}
