/* Private to core/graph and its tests: the whole graph once more in plain loops, in double
 * precision and without halos, chunks, packing or fusing. Every operator keeps its reference beside
 * its fast version; this runs them in order. */
#ifndef SX_GRAPH_REFERENCE_H
#define SX_GRAPH_REFERENCE_H

#include "core/graph/graph.h"

/* Arrays are dense [batch, height, width, channels]. Backward adds to dx and gradient. */
typedef struct {
    const sx_graph *graph;
    int batch, index;        /* index: of the node */
    const double *x[4], *dy; /* of each input */
    double *y, *dx[4];
    const double *parameters; /* [size] */
    double *gradient;         /* [size] */
    bool training;
    const int32_t *labels;
    const float *targets;
    uint64_t seed;
    int64_t step;
    double *loss;
} sx_reference_call;
typedef void (*sx_reference_function)(const sx_reference_call *call);

typedef struct {
    double **value, **slope; /* [nodes], each dense */
    double *gradient;        /* [size] */
    double loss;
    int nodes;
} sx_reference;

/* Runs forward, and backward if there are labels or targets (then with batch statistics and
 * dropout, as in training). `parameters` [size] is in double so that finite differences are exact
 * enough. Returns false if memory is out. */
typedef struct {
    const float *images;
    const int32_t *labels;
    const float *targets;
    uint64_t seed;
    int64_t step;
} sx_reference_inputs;
bool sx_reference_run(const sx_graph *graph, const double *parameters,
                      const sx_reference_inputs *inputs, sx_reference *out);
void sx_reference_done(sx_reference *reference);

#endif
