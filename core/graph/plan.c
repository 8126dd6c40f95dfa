/* Planning, once, when a graph is finished: which nodes are taken along by another one, how wide
 * the halos must be, how the batch is cut, and which buffers may share memory.
 *
 * Training keeps every value, since backward reads it, and shares gradients; prediction shares
 * values. Nothing here depends on the number of threads. */
#include "core/graph/internal.h"

#define CHUNK_FLOATS 98304 /* of the largest activation: input and output of a layer stay in L2 */
#define CHUNK_LIMIT 32     /* images */
#define PREDICT_CHUNK 4    /* images that prediction takes along, even where they are large */
#define PREDICT_CHUNKS_LEAST 4
#define CHUNKS_LEAST 8 /* pieces for the workers, where the batch has as many images */

void sx_graph_find_needed(sx_graph *graph) {
    graph->nodes[graph->count - 1].in_training = true;
    graph->nodes[graph->logits].in_prediction = true;
    for (int i = graph->count - 1; i >= 0; i--) {
        const sx_graph_node *node = &graph->nodes[i];
        for (int k = 0; k < node->input_count; k++) {
            graph->nodes[node->inputs[k]].in_training |= node->in_training;
            graph->nodes[node->inputs[k]].in_prediction |= node->in_prediction;
        }
    }
}

/* Whoever reads the output from outside counts, unless the loss does so for it. */
static void count_consumers(sx_graph *graph) {
    bool ends = false;
    for (int i = 0; i < graph->count; i++) {
        const sx_graph_node *node = &graph->nodes[i];
        for (int k = 0; k < node->input_count; k++) {
            graph->nodes[node->inputs[k]].consumers++;
            ends |= i == graph->count - 1 && node->inputs[k] == graph->logits;
        }
    }
    if (!ends) graph->nodes[graph->logits].consumers++;
}

static bool takes_relu_along(const sx_operator *op) {
    return op == &sx_operator_convolution || op == &sx_operator_dense ||
           op == &sx_operator_linear || op == &sx_operator_transposed_convolution ||
           op == &sx_operator_batch_norm || op == &sx_operator_add;
}

/* ReLU goes with what is before it; in prediction batch norm goes with a convolution (its weights
 * take the scale) and dropout does nothing. */
static void fuse(sx_graph *graph) {
    for (int i = 0; i < graph->count; i++) {
        sx_graph_node *node = &graph->nodes[i];
        node->home = node->predict_home = i;
        if (node->input_count == 0) continue;
        int before = node->inputs[0];
        sx_graph_node *input = &graph->nodes[before];
        if (node->op == &sx_operator_relu && takes_relu_along(input->op) && input->consumers == 1) {
            input->relu = true;
            node->home = input->home;
            node->predict_home = input->predict_home;
        } else if (node->op == &sx_operator_batch_norm && input->consumers == 1 &&
                   input->op == &sx_operator_convolution) {
            input->folded = i;
            node->predict_home = before;
        } else if (node->op == &sx_operator_dropout) {
            node->predict_home = input->predict_home;
        }
    }
}

/* In training a 2x2 max pool goes with the batch norm before it, if nobody else reads either:
 * the normalised image, four times the size of what is kept of it, is then never written. */
static void fuse_pools(sx_graph *graph) {
    for (int i = 0; i < graph->count; i++) {
        sx_graph_node *pool = &graph->nodes[i];
        if (pool->op != &sx_operator_max_pool || pool->kernel != 2 || pool->stride != 2 ||
            pool->padding)
            continue;
        const sx_graph_node *input = &graph->nodes[pool->inputs[0]];
        sx_graph_node *norm = &graph->nodes[input->home];
        if (norm->op != &sx_operator_batch_norm || input->consumers != 1) continue;
        if (graph->nodes[norm->inputs[0]].consumers != 1) continue;
        norm->pooled = i;
        pool->absorbed = true;
    }
}

/* Chooses how a convolution is computed; after fusing, before halos. */
static void choose_kernels(sx_graph *graph) {
    for (int i = 0; i < graph->count; i++) {
        sx_graph_node *node = &graph->nodes[i];
        if (node->op != &sx_operator_convolution) continue;
        if (sx_depthwise_applies(node))
            node->op = &sx_operator_depthwise;
        else if (sx_gathered_applies(graph, node))
            node->op = &sx_operator_gathered;
        else if (sx_winograd_node_applies(graph, node))
            node->op = &sx_operator_winograd;
    }
}

static bool widen(sx_geometry *a, sx_geometry *b) {
    int halo = a->halo > b->halo ? a->halo : b->halo;
    bool changed = a->halo != halo || b->halo != halo;
    a->halo = b->halo = halo;
    return changed;
}

/* Each kernel asks for halos; nodes that share a buffer must agree. */
static void plan_halos(sx_graph *graph) {
    for (int i = 0; i < graph->count; i++) {
        sx_graph_node *node = &graph->nodes[i];
        if (!node->op->halo) continue;
        int of_input = 0, own = 0;
        node->op->halo(node, &of_input, &own);
        sx_geometry *input = &graph->nodes[node->inputs[0]].out;
        if (input->halo < of_input) input->halo = of_input;
        if (node->out.halo < own) node->out.halo = own;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < graph->count; i++) {
            sx_graph_node *node = &graph->nodes[i];
            changed |= widen(&node->out, &graph->nodes[node->home].out);
            changed |= widen(&node->out, &graph->nodes[node->predict_home].out);
        }
    }
    for (int i = 1; i < graph->count; i++)
        if (graph->nodes[i].input_count)
            graph->nodes[i].in = graph->nodes[graph->nodes[i].inputs[0]].out;
}

static void plan_chunks(sx_graph *graph) {
    size_t largest = 1;
    for (int i = 0; i < graph->count; i++) {
        size_t size = sx_geometry_size(graph->nodes[i].out);
        if (size > largest) largest = size;
    }
    int chunk = 1;
    while (2 * chunk <= CHUNK_LIMIT && (size_t)(2 * chunk) * largest <= CHUNK_FLOATS &&
           2 * chunk * CHUNKS_LEAST <= graph->batch)
        chunk *= 2;
    graph->chunk = chunk;
    graph->chunks = sx_ceil_divide(graph->batch, chunk);
    /* Large weights are read once for some images, as long as there is work for four workers. */
    graph->predict_chunk = chunk;
    while (graph->predict_chunk < PREDICT_CHUNK &&
           2 * graph->predict_chunk * PREDICT_CHUNKS_LEAST <= graph->batch)
        graph->predict_chunk *= 2;
}

static void hold(sx_slice *slice) {
    slice->held = slice->trained;
    slice->trained = false;
}

static void plan_gradients(sx_graph *graph) {
    for (int s = 0; s < graph->frozen_slices && s < graph->slice_count; s++)
        hold(&graph->slices[s]);
    for (int i = 0; i < graph->count; i++) {
        sx_graph_node *node = &graph->nodes[i];
        if (!node->in_training) continue;
        for (int k = 0; k < node->slice_count; k++)
            node->needs_gradient |= graph->slices[node->slices[k]].trained;
        for (int k = 0; k < node->input_count; k++)
            node->needs_gradient |= graph->nodes[node->inputs[k]].needs_gradient;
        node->frozen = graph->frozen_slices > 0 && !node->needs_gradient;
    }
    /* Backward goes from the last node to the first: whoever comes later here writes first. */
    for (int i = graph->count - 1; i > 0; i--) {
        sx_graph_node *node = &graph->nodes[i];
        if (node->home != i || !node->in_training) continue;
        for (int k = 0; k < node->input_count; k++) {
            sx_graph_node *input = &graph->nodes[graph->nodes[node->inputs[k]].home];
            node->adds_gradient[k] = input->gradient_written;
            input->gradient_written = true;
        }
    }
}

/* ---- slots ----------------------------------------------------------------------------------- */

typedef struct {
    int *slot;    /* [nodes] */
    size_t *size; /* [nodes], floats per image, first `slots` used */
    int *busy;    /* [nodes], the time until which a slot is busy */
    int slots;
} slot_plan;

/* The free slot that needs the least growth. */
static int choose_slot(const slot_plan *plan, int now, size_t size) {
    int best = -1;
    size_t least = 0;
    for (int s = 0; s < plan->slots; s++) {
        if (plan->busy[s] >= now) continue;
        size_t waste = plan->size[s] > size ? plan->size[s] - size : size - plan->size[s];
        if (best < 0 || waste < least) {
            best = s;
            least = waste;
        }
    }
    return best;
}

static void place(slot_plan *plan, int node, int from, int until, size_t size) {
    int slot = choose_slot(plan, from, size);
    if (slot < 0) slot = plan->slots++;
    if (plan->size[slot] < size) plan->size[slot] = size;
    plan->busy[slot] = until;
    plan->slot[node] = slot;
}

/* The last node that reads a buffer, by the homes of that mode; the logits are read at the end. */
static int last_reader(const sx_graph *graph, int home, bool predict) {
    int last = home;
    for (int i = home; i < graph->count; i++) {
        const sx_graph_node *node = &graph->nodes[i];
        for (int k = 0; k < node->input_count; k++) {
            const sx_graph_node *input = &graph->nodes[node->inputs[k]];
            if ((predict ? input->predict_home : input->home) == home) last = i;
        }
    }
    return last;
}

static void plan_slots(const sx_graph *graph, slot_plan *values, slot_plan *slopes,
                       slot_plan *predict) {
    int n = graph->count;
    for (int i = 0; i < n; i++) {
        const sx_graph_node *node = &graph->nodes[i];
        size_t size = sx_geometry_stride(node->out);
        if (node->home == i && node->pooled < 0 && node->in_training) place(values, i, i, n, size);
        if (node->predict_home == i && node->in_prediction)
            place(predict, i, i, last_reader(graph, i, true), size);
    }
    /* Time runs backward here: a gradient lives from its last reader to its own node, or to the one
     * that absorbed it. Nodes are visited in the order of their last readers. */
    for (int reader = n - 1; reader > 0; reader--)
        for (int i = reader; i >= 0; i--) {
            const sx_graph_node *node = &graph->nodes[i];
            if (node->home != i || !node->needs_gradient || node->pooled >= 0) continue;
            int own = node->absorbed ? graph->nodes[node->inputs[0]].home : i;
            if (last_reader(graph, i, false) == reader)
                place(slopes, i, n - reader, n - own, sx_geometry_stride(node->out));
        }
    const slot_plan *plans[] = {values, slopes, predict};
    for (int i = 0; i < n; i++)
        for (int p = 0; p < 3; p++) {
            const sx_graph_node *node = &graph->nodes[i];
            plans[p]->slot[i] = plans[p]->slot[p == 2 ? node->predict_home : node->home];
        }
}

static sx_status plan_memory(sx_graph *graph, sx_error *err) {
    size_t n = (size_t)graph->count;
    int *ints[6];
    size_t *sizes[3];
    bool failed = false;
    for (int i = 0; i < 6; i++) failed |= !(ints[i] = sx_alloc(n, sizeof(int)));
    for (int i = 0; i < 3; i++) failed |= !(sizes[i] = sx_alloc(n, sizeof(size_t)));
    graph->value_slot = ints[0];
    graph->slope_slot = ints[1];
    graph->predict_slot = ints[2];
    graph->value_size = sizes[0];
    graph->slope_size = sizes[1];
    graph->predict_size = sizes[2];
    if (!failed) {
        slot_plan plans[3];
        for (int p = 0; p < 3; p++) {
            plans[p] = (slot_plan){ints[p], sizes[p], ints[3 + p], 0};
            for (size_t i = 0; i < n; i++) ints[p][i] = -1;
        }
        plan_slots(graph, &plans[0], &plans[1], &plans[2]);
        graph->value_slots = plans[0].slots;
        graph->slope_slots = plans[1].slots;
        graph->predict_slots = plans[2].slots;
    }
    for (int i = 3; i < 6; i++) sx_free(ints[i]);
    if (failed) return sx_fail(err, SX_NO_MEMORY, "not enough memory for the plan of the graph");
    return SX_OK;
}

sx_status sx_graph_plan(sx_graph *graph, sx_error *err) {
    count_consumers(graph);
    fuse(graph);
    fuse_pools(graph);
    choose_kernels(graph);
    plan_halos(graph);
    for (int i = 0; i < graph->count; i++) {
        const sx_graph_node *node = &graph->nodes[i];
        sx_status status = node->op->fits ? node->op->fits(node, err) : SX_OK;
        if (status) return status;
    }
    plan_chunks(graph);
    plan_gradients(graph);
    for (int i = 0; i < graph->count; i++) {
        const sx_graph_node *node = &graph->nodes[i];
        size_t scratch = node->op->scratch ? node->op->scratch(node) : 0;
        if (scratch > graph->scratch) graph->scratch = scratch;
    }
    return plan_memory(graph, err);
}
