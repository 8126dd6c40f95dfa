/* Private to core/graph: nodes, the operator table, and what an operator sees while it runs. */
#ifndef SX_GRAPH_INTERNAL_H
#define SX_GRAPH_INTERNAL_H

#include "core/graph/graph.h"
#include "core/graph/reference.h"
#include "core/graph/table.h"

#include <string.h>

typedef struct sx_operator sx_operator;

/* Normal with variance 2 / fan_in (He) or 1 / fan_in (linear), with deviation 0.02 (small) or a
 * given one; or a value. */
typedef enum {
    SX_INITIAL_HE,
    SX_INITIAL_ZERO,
    SX_INITIAL_ONE,
    SX_INITIAL_LINEAR,
    SX_INITIAL_SMALL,
    SX_INITIAL_NORMAL,
    SX_INITIAL_VALUE
} sx_initial;

typedef struct {
    sx_initial kind;
    double number; /* inputs of a unit (He, linear), the deviation (normal), the value */
} sx_initial_rule;

#define SX_INPUTS 4  /* most inputs of a node */
#define SX_OPTIONS 9 /* most options of an operator */

typedef struct {
    const sx_operator *op;
    char name[48];
    int inputs[SX_INPUTS], input_count;
    sx_geometry in, out;         /* `in`: of the first input; halos are known after planning */
    double option[SX_OPTIONS];   /* in the order of the operator's option table */
    sx_convolution convolution;  /* options of operators that have typed ones */
    int dilation, groups;        /* of a convolution, beside its typed options; 0: 1 */
    bool standardised;           /* its weights */
    double epsilon;              /* ... with this added to the variance */
    int kernel, stride, padding; /* of pooling */
    int units;                   /* of a dense layer */
    double rate;                 /* of dropout */
    int slices[4], slice_count;  /* in graph->slices */
    int consumers;               /* nodes that read this one; the graph's end counts as one */
    bool relu;                   /* a ReLU that follows is taken along */
    int folded;       /* in prediction: the batch norm this convolution swallows; or -1 */
    int pooled;       /* in training: the 2x2 max pool this batch norm takes along; or -1 */
    bool absorbed;    /* in training: this max pool is taken along */
    int home;         /* the node whose buffers hold this one's value in training ... */
    int predict_home; /* ... and in prediction */
    bool in_training, in_prediction; /* the loss, or the output, depends on this node */
    bool needs_gradient;             /* something before or in this node is trained */
    bool frozen; /* nothing is, though the graph has layers that are held fast: as in prediction */
    bool adds_gradient[SX_INPUTS]; /* the input's gradient already holds another consumer's share */
    bool gradient_written;         /* while planning */
} sx_graph_node;

struct sx_graph {
    sx_graph_node *nodes;
    size_t capacity;
    int count;
    sx_slice *slices;
    sx_initial_rule *initial; /* of each slice */
    int slice_count, slice_capacity;
    size_t parameter_count; /* floats, padding included */
    int batch, logits;      /* logits: the output */
    int target_length;      /* values of one image's targets */
    int chunk, chunks;      /* images of a chunk; chunks of the batch */
    int predict_chunk;      /* images of a chunk in prediction */
    bool finished;
    bool direct;       /* no Winograd */
    int frozen_slices; /* the first ones are not trained */
    sx_error error;
    /* The memory plan: the slot of each node's value and gradient in training and of its value in
     * prediction (-1: none), and the floats per image of each slot. Nodes that do not live at the
     * same time share a slot. */
    int *value_slot, *slope_slot, *predict_slot;
    size_t *value_size, *slope_size, *predict_size;
    int value_slots, slope_slots, predict_slots;
    size_t scratch; /* floats of scratch of a worker */
};

/* What an operator sees. Buffers are indexed by node (homes resolved). In prediction every worker
 * has a frame with small buffers of its own; in training all share one. */
typedef struct {
    const sx_graph *graph;
    const float *parameters;
    float *running;         /* training: the same values, for the running statistics */
    float *gradient;        /* training: [parameter_count] */
    float **value, **slope; /* [nodes]; slope: gradients of the loss by the values */
    float **memory;         /* [nodes], private to a node */
    float **scratch;        /* [workers], graph-wide largest need */
    const float *images;
    const int32_t *labels;
    const float *targets; /* [batch, target_length] or NULL */
    uint64_t seed;
    int64_t step;
    bool training;
    bool frozen; /* with training: values and slopes as in prediction, where they differ */
    sx_run_report *report;
} sx_frame;

/* Work on images first .. first + count - 1, or on piece `piece` of the node's own cut. */
typedef void (*sx_range_function)(const sx_frame *frame, const sx_graph_node *node, int first,
                                  int count, int worker);
typedef void (*sx_own_function)(const sx_frame *frame, const sx_graph_node *node, int piece,
                                int worker);

/* Work over chunks of the batch, or over the pieces an operator cuts itself. Stages over chunks
 * that follow each other, also of different nodes, run as one parallel region: a worker takes a
 * chunk through all of them. A stage over pieces waits for everything before it. */
typedef struct {
    sx_range_function range;
    sx_own_function own;
    int (*pieces)(const sx_graph *graph, const sx_graph_node *node);
} sx_stage;

struct sx_operator {
    const char *name, *help;
    const char *shapes, *work; /* what it reads and writes; multiply-adds: for help */
    const char *checked;       /* what it is held against, besides its plain loops; or NULL */
    /* Names, ranges and defaults of node->option; NULL: none. A choice is its index. */
    const sx_option *options;
    int least_inputs, most_inputs; /* 0: one */
    bool source;                   /* reads no node */
    bool loss;                     /* ends a graph */
    bool stores_gradient;          /* of its parameters, where others add to zeros */
    /* After options were read from text: copies them to where the operator's typed builder puts
     * them. */
    void (*take)(sx_graph_node *node);
    /* Fills out (without halo) from in; registers slices. */
    sx_status (*shape)(sx_graph *graph, sx_graph_node *node, sx_error *err);
    /* Halos that the kernels need: of the input's value, of this node's own gradient. */
    void (*halo)(const sx_graph_node *node, int *input, int *own);
    /* After halos are known: refuses what the kernels cannot do. */
    sx_status (*fits)(const sx_graph_node *node, sx_error *err);
    /* Floats of private memory, and of scratch per worker. */
    size_t (*memory)(const sx_graph *graph, const sx_graph_node *node, bool training);
    size_t (*scratch)(const sx_graph_node *node);
    sx_stage prepare[4]; /* before all nodes: packing, from the parameters alone */
    sx_stage forward[4];
    sx_stage backward[5];
    sx_stage finish[3]; /* after all nodes: adding up what chunks left in private memory */
    sx_range_function predict;
    /* After a training run that was not cancelled. */
    void (*commit)(const sx_frame *frame, const sx_graph_node *node);
    double (*cost)(const sx_graph_node *node); /* multiply-adds of one image, forward; NULL: none */
    sx_reference_function reference_forward, reference_backward;
};

#define SX_DECLARE_OPERATOR(name) extern const sx_operator sx_operator_##name;
SX_OPERATORS(SX_DECLARE_OPERATOR)

/* Stand in for a convolution where planning finds them faster. */
extern const sx_operator sx_operator_gathered, sx_operator_depthwise, sx_operator_winograd;
bool sx_gathered_applies(const sx_graph *graph, const sx_graph_node *node);
bool sx_depthwise_applies(const sx_graph_node *node);
bool sx_winograd_node_applies(const sx_graph *graph, const sx_graph_node *node);

/* What a training run left: for tests. */
const sx_frame *sx_run_frame(const sx_run *run);

/* Marks what the loss and the output depend on, from the last node to the first: before the plan.
 */
void sx_graph_find_needed(sx_graph *graph);

sx_status sx_graph_plan(sx_graph *graph, sx_error *err);

/* Appends `node` (operator, options and inputs are set) and runs its shape rule. */
sx_node sx_graph_append(sx_graph *graph, sx_graph_node node, const char *name);

/* The same for a loss by its spec, the graph's last node. */
sx_node sx_graph_append_loss(sx_graph *graph, const sx_node *inputs, int count, const char *loss);

/* The operator of that name; NULL if there is none. */
const sx_operator *sx_operator_find(const char *name);

/* Registers a slice "PREFIX.suffix" for the node; sizes end at the first 0. */
typedef struct {
    const char *suffix;
    int sizes[4];
    bool trained, decayed;
    sx_initial initial;
    double number; /* as in sx_initial_rule */
} sx_slice_form;
sx_status sx_graph_add_slice(sx_graph *graph, sx_graph_node *node, const sx_slice_form *form,
                             sx_error *err);

/* ---- small helpers of operators -------------------------------------------------------------- */

static inline size_t sx_round_up(size_t count) {
    return (count + 15) / 16 * 16;
}

static inline int sx_ceil_divide(int a, int b) {
    return (a + b - 1) / b;
}

/* Blocks of columns that one pass of the tile kernels fills, and the columns of one of them. */
static inline int sx_blocks(int columns) {
    return sx_ceil_divide(columns, sx_block());
}

static inline int sx_block_columns(int columns, int block) {
    int left = columns - block * sx_block();
    return left < sx_block() ? left : sx_block();
}

static inline size_t sx_slice_offset(const sx_frame *frame, const sx_graph_node *node, int which) {
    return frame->graph->slices[node->slices[which]].offset;
}

static inline const float *sx_weights(const sx_frame *frame, const sx_graph_node *node, int which) {
    return frame->parameters + sx_slice_offset(frame, node, which);
}

static inline int sx_index(const sx_frame *frame, const sx_graph_node *node) {
    return (int)(node - frame->graph->nodes);
}

/* The node's own, of `memory` floats. */
static inline float *sx_private_memory(const sx_frame *frame, const sx_graph_node *node) {
    return frame->memory[sx_index(frame, node)];
}

/* Interior's first value of image `image`. */
static inline float *sx_value(const sx_frame *frame, const sx_graph_node *node, int image) {
    return frame->value[sx_index(frame, node)] + (size_t)image * sx_geometry_stride(node->out) +
           sx_geometry_start(node->out);
}

/* Floats from one image's gradient to the next. It belongs to the slot, not to the node: while one
 * chunk is at a node, another may be at a node that shares the slot. */
static inline size_t sx_slope_stride(const sx_frame *frame, const sx_graph_node *node) {
    return frame->graph->slope_size[frame->graph->slope_slot[sx_index(frame, node)]];
}

static inline float *sx_slope(const sx_frame *frame, const sx_graph_node *node, int image) {
    return frame->slope[sx_index(frame, node)] + (size_t)image * sx_slope_stride(frame, node) +
           sx_geometry_start(node->out);
}

static inline const sx_graph_node *sx_input(const sx_frame *frame, const sx_graph_node *node,
                                            int which) {
    return &frame->graph->nodes[node->inputs[which]];
}

/* Writes zeros or adds: how a backward pass stores into its input's gradient row. */
static inline void sx_store_gradient(float *dx, const float *values, bool accumulate,
                                     size_t count) {
    if (accumulate)
        sx_flat_add(dx, values, count);
    else
        memcpy(dx, values, count * sizeof *dx);
}

static inline size_t sx_row_length(sx_geometry geometry) {
    return (size_t)geometry.width * (size_t)geometry.channels;
}

/* Zeroes an image's interior (its first value is *image): before something is added to it. */
static inline void sx_clear_interior(float *image, sx_geometry geometry) {
    size_t row = sx_geometry_row(geometry);
    for (int y = 0; y < geometry.height; y++, image += row)
        memset(image, 0, sx_row_length(geometry) * sizeof *image);
}

static inline int sx_chunk_of(const sx_frame *frame, int first) {
    return first / frame->graph->chunk;
}

static inline float *sx_row_of(float *image, sx_geometry geometry, int y) {
    return image + (size_t)y * sx_geometry_row(geometry);
}

/* Repeats a row's first pixel over its other pixels. */
static inline void sx_tile_row(float *row, sx_geometry geometry) {
    for (int x = 1; x < geometry.width; x++)
        memcpy(row + x * geometry.channels, row, (size_t)geometry.channels * sizeof *row);
}

/* Shape rule: the output's is the input's. */
sx_status sx_same_shape(sx_graph *graph, sx_graph_node *node, sx_error *err);

/* Cost: one for each value of the output. */
double sx_cost_of_values(const sx_graph_node *node);

/* What the pools share. */
sx_status sx_pool_shape(sx_graph *graph, sx_graph_node *node, sx_error *err);
double sx_pool_cost(const sx_graph_node *node);

/* Contiguous spans of pixels of one image that operators on pixels walk through: the whole image if
 * neither side has a halo, else its rows. */
static inline int sx_span_count(const sx_graph_node *node) {
    return node->in.halo || node->out.halo ? node->in.height : 1;
}

/* Into how many groups the chunks of a batch are put, at most `limit`: all of them, each a group,
 * or a power of two, so that two or four threads have equally much to do. At least 1. */
int sx_chunk_groups(const sx_graph *graph, size_t limit);

/* Pieces of a stage that is not cut. */
int sx_one_piece(const sx_graph *graph, const sx_graph_node *node);

/* Stops the gradient of images first .. first + count - 1 where the node's value is 0. */
void sx_rectify_gradient(const sx_frame *frame, const sx_graph_node *node, int first, int count);

/* Stage: the same, if the node took a ReLU along. */
void sx_mask_gradient(const sx_frame *frame, const sx_graph_node *node, int first, int count,
                      int worker);

/* sums[c] += each of a row's values of channel c: flat passes add rows up in single precision, this
 * folds the few rows that result into double. */
void sx_fold_row(const float *row, sx_geometry geometry, double *sums);

/* Zeroes the halo around the interior that begins at `image`. */
void sx_clear_halo(float *image, sx_geometry geometry);

/* Batch norm outside training is x * scale + shift for channel `c`. */
void sx_running_affine(const sx_frame *frame, const sx_graph_node *norm, int c, float *scale,
                       float *shift);

/* ---- small helpers of references ------------------------------------------------------------- */

static inline const sx_graph_node *sx_reference_node(const sx_reference_call *call) {
    return &call->graph->nodes[call->index];
}

static inline const double *sx_reference_weights(const sx_reference_call *call, int which) {
    return call->parameters + call->graph->slices[sx_reference_node(call)->slices[which]].offset;
}

static inline double *sx_reference_gradient(const sx_reference_call *call, int which) {
    return call->gradient + call->graph->slices[sx_reference_node(call)->slices[which]].offset;
}

/* Values of the node's output over the batch. */
static inline size_t sx_reference_size(const sx_reference_call *call) {
    sx_geometry out = sx_reference_node(call)->out;
    return (size_t)call->batch * (size_t)out.height * sx_row_length(out);
}

#endif
