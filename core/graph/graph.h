/* Networks as graphs. A graph is built once for a batch size, plans its memory, and is read-only
 * afterwards; a run context holds the buffers, so that two threads can run one graph on the same
 * parameters. Work is cut into fixed chunks of the batch, and every sum over the batch is taken in
 * chunk order, so the bits do not depend on the number of threads (house decision 3). */
#ifndef SX_GRAPH_GRAPH_H
#define SX_GRAPH_GRAPH_H

#include "core/base/base.h"
#include "core/tensor/tensor.h"

#include <stdatomic.h>

/* ---- parameters: one flat, aligned vector with a name for each slice (decision 1) ----------- */

typedef struct {
    char name[64]; /* "block1.conv.weight" */
    int rank;
    int sizes[4]; /* convolution weights: [kernel height, kernel width, in, out]; dense: [in, out]
                   */
    size_t offset, count; /* in floats; offsets are multiples of 16 */
    bool trained;         /* false for running statistics */
    bool held;            /* would be trained, were it not held fast (sx_graph_freeze) */
    bool decayed;         /* weight decay applies: weights yes; biases and norm parameters no */
} sx_slice;

typedef struct {
    float *values; /* [size] */
    size_t size;   /* padding included */
    sx_slice *slices;
    int count;
} sx_parameters;

/* The slice of that name, NULL if there is none. */
const sx_slice *sx_parameters_find(const sx_parameters *parameters, const char *name);

/* ---- building -------------------------------------------------------------------------------- */

typedef struct sx_graph sx_graph;
typedef int sx_node; /* -1 after an error; every builder function passes -1 on */

/* An empty graph over images of `height` x `width` x `channels`. Errors of the builder functions
 * are kept and come out of sx_graph_finish, so building reads without checks. NULL: no memory. */
sx_graph *sx_graph_new(int batch, int height, int width, int channels);
void sx_graph_free(sx_graph *graph);

/* Whether 3x3 convolutions are summed directly; at the start they are not, where Winograd's
 * algorithm (winograd.h) is faster. Its rounding error is some five times as large. Before
 * sx_graph_finish. */
void sx_graph_direct(sx_graph *graph, bool direct);

/* The first `slices` slices, in the order in which layers are added, are not trained. Layers that
 * come before every trained one behave as in prediction (running statistics, which stay as they
 * are; no dropout), and backward stops there. Before sx_graph_finish. */
void sx_graph_freeze(sx_graph *graph, int slices);
/* Whether sx_run_differentiate will be asked; at the start not. Before sx_graph_finish. */
void sx_graph_differentiable(sx_graph *graph, bool differentiable);

sx_node sx_graph_input(sx_graph *graph);

/* Any layer by its operator's name, with `count` inputs and its options as text ("heads=4,
 * causal=yes" or ""). This is what a model file says; `sextant help operators` lists names, options
 * and shapes. `name` is the prefix of the layer's slices and what errors call it; NULL: the
 * operator's name. */
sx_node sx_graph_layer(sx_graph *graph, const char *operation, const sx_node *inputs, int count,
                       const char *name, const char *options);

/* `name` is the prefix of the slices ("block1.conv" gives "block1.conv.weight"). He-normal
 * weights, zero biases (arXiv 1502.01852, eq. 10). padding < 0: "same" for stride 1. */
typedef struct {
    int channels, kernel, stride, padding;
    bool bias;
} sx_convolution;
sx_node sx_graph_convolution(sx_graph *graph, sx_node x, const char *name, sx_convolution options);
/* Takes the whole [height, width, channels] as a vector. */
sx_node sx_graph_dense(sx_graph *graph, sx_node x, const char *name, int units);
/* Statistics of the whole batch over batch, height, width (arXiv 1502.03167, algorithm 1); running
 * averages with momentum 0.9 are used outside training; epsilon 1e-5, biased variance in the
 * batch, unbiased in the running average, as PyTorch. */
sx_node sx_graph_batch_norm(sx_graph *graph, sx_node x, const char *name);
sx_node sx_graph_relu(sx_graph *graph, sx_node x);
/* Inverted dropout; the mask is fixed by (seed of the run, step, node, image of the batch). */
sx_node sx_graph_dropout(sx_graph *graph, sx_node x, double rate);
sx_node sx_graph_max_pool(sx_graph *graph, sx_node x, int kernel, int stride);
sx_node sx_graph_average_pool(sx_graph *graph, sx_node x, int kernel, int stride);
sx_node sx_graph_global_average_pool(sx_graph *graph, sx_node x);
sx_node sx_graph_add(sx_graph *graph, sx_node a, sx_node b);

/* Ends building: `output` is what prediction returns, `loss` is a row of the operator table that is
 * a loss, with its options, such as "softmax_cross_entropy(smoothing=0.1)". Infers shapes, plans
 * memory, lays out parameters. */
sx_status sx_graph_finish_with(sx_graph *graph, sx_node output, const char *loss, sx_error *err);
/* The same with a loss that reads other nodes than the output. What the loss depends on is computed
 * in training, what the output depends on in prediction, and no more: one graph, and so one layout
 * of parameters, may hold what only one of them needs. */
typedef struct {
    const char *spec;
    sx_node inputs[2];
    int count;
} sx_loss_form;
sx_status sx_graph_finish_over(sx_graph *graph, sx_node output, const sx_loss_form *loss,
                               sx_error *err);
/* The same with softmax cross-entropy. */
sx_status sx_graph_finish(sx_graph *graph, sx_node logits, sx_error *err);

int sx_graph_batch(const sx_graph *graph);
int sx_graph_classes(const sx_graph *graph); /* channels of the output */
/* Values of one image's output. */
size_t sx_graph_output_size(const sx_graph *graph);
/* Values of one image's targets: of its nodes `targets`, else of the output. */
int sx_graph_target_length(const sx_graph *graph);
/* Multiply-adds of one image: of a prediction; and of a training step, three times forward. */
double sx_graph_cost(const sx_graph *graph);
double sx_graph_training_cost(const sx_graph *graph);
typedef struct {
    const char *name, *operation; /* names of the graph */
    int height, width, channels;  /* of the output */
    size_t parameters;            /* trained, or held fast */
    double cost;                  /* multiply-adds of one image */
    int seen; /* node under which a tap sees this one's value: a ReLU or batch norm that follows may
               * be computed in one go with it, and only what comes out last is ever there */
} sx_layer_facts;
/* Facts of node `i`, in the order of computation; false past the end. The loss is no layer. */
bool sx_graph_layer_at(const sx_graph *graph, int i, sx_layer_facts *out);

/* The dense layer whose output is that of the graph: under which node a tap sees what it reads,
 * rows and values of that for an image, its units, and where its weights [length, units] and biases
 * [units] begin in the parameters. SX_BAD_INPUT, with a sentence, where the graph ends otherwise.
 */
typedef struct {
    int seen, height, length, units;
    size_t weights, biases;
} sx_last_layer;
sx_status sx_graph_last_layer(const sx_graph *graph, sx_last_layer *out, sx_error *err);

/* A table of the nodes: name, operator, output shape, parameters, cost. */
void sx_graph_describe(const sx_graph *graph, sx_text *out);

/* Allocates parameters for the graph and draws initial values from `seed`. Graphs with the same
 * layers and another batch size have the same layout. End with sx_parameters_done. */
sx_status sx_parameters_new(const sx_graph *graph, uint64_t seed, sx_parameters *out,
                            sx_error *err);
/* The same in two steps, for whoever fills them: the slices, with no values yet; and values, all
 * 0. */
sx_status sx_parameters_lay_out(const sx_graph *graph, sx_parameters *out, sx_error *err);
sx_status sx_parameters_allocate(sx_parameters *parameters, sx_error *err);
void sx_parameters_done(sx_parameters *parameters);

/* The rows of the operator table, for tests and help. NULL or false past the end. */
const char *sx_operator_name(int row);
typedef struct {
    const char *name, *help;
    const char *shapes, *work; /* "[h, w, c] -> same"; multiply-adds of one image, forward */
    const char *checked;       /* "plain loops, PyTorch" */
    const sx_option *options;  /* NULL: none */
    int least_inputs, most_inputs;
    bool loss;
} sx_operator_facts;
bool sx_operator_describe(int row, sx_operator_facts *out);

/* ---- running --------------------------------------------------------------------------------- */

typedef struct sx_run sx_run;

/* Buffers for one run at a time of `graph` (borrowed, must outlive the run). A run for training
 * keeps what backward needs. Nothing is allocated later. NULL pool: one thread. */
sx_run *sx_run_new(const sx_graph *graph, sx_pool *pool, bool training, sx_error *err);
void sx_run_free(sx_run *run);

/* Between nodes the run looks at `stop` (may be NULL) and returns SX_CANCELLED when it is set. */
void sx_run_stop_flag(sx_run *run, const atomic_bool *stop);

/* Fills logits for the first `count` <= batch images. images [count, height, width, channels] and
 * logits [count, height, width, channels of the output] are the caller's. No dropout, running
 * statistics; reads only. */
sx_status sx_run_predict(sx_run *run, const sx_parameters *parameters, const float *images,
                         int count, float *logits, sx_error *err);

/* Lets somebody look inside while predictions run. `see` is called by the workers for every node
 * that is seen under its own number, with the values of one image: height rows of width x channels
 * floats, `row` floats from one to the next; and with the seconds that the node took for that
 * image. Borrows `tap`; NULL: nobody looks. */
typedef struct {
    void *context;
    void (*see)(void *context, int node, int image, const float *values, size_t row,
                double seconds);
} sx_tap;
void sx_run_tap(sx_run *run, const sx_tap *tap);

/* Promises that the parameters of predictions stay as they are from now on, so that they are packed
 * once and not at each prediction; call it again after a change. False takes the promise back. A
 * training takes it back, too. */
void sx_run_hold(sx_run *run, bool held);

/* Targets of the runs from now on: [batch, sx_graph_target_length], borrowed; soft targets of a
 * cross-entropy, values of another loss, what the nodes `targets` hold (predictions, too, read
 * those). NULL: the labels, one-hot where a loss wants values; a node `targets` holds zeros. */
void sx_run_targets(sx_run *run, const float *targets);

/* One forward and backward over the whole batch. Fills gradient [parameters->size] (zero for slices
 * that are not trained), the mean loss and the number of right predictions (lowest index on a tie).
 * Updates the running statistics in `parameters`. Where there are targets,
 * labels are not looked at. */
typedef struct {
    double loss;
    int right;
} sx_run_report;
sx_status sx_run_train(sx_run *run, sx_parameters *parameters, const float *images,
                       const int32_t *labels, uint64_t seed, int64_t step, float *gradient,
                       sx_run_report *out);

/* The slope of sum over weights * output by the images, as prediction computes it: with running
 * statistics and without dropout. Over the whole batch: images and slope [batch, height, width,
 * channels], weights [batch, values of the output] are the caller's. For a training run of a graph
 * that is differentiable. SX_CANCELLED when the stop flag was seen. */
sx_status sx_run_differentiate(sx_run *run, const sx_parameters *parameters, const float *images,
                               const float *weights, float *slope, sx_error *err);

#endif
