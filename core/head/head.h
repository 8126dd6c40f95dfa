/* Last layers on cached features: one representation, many softmax classifiers on top of it (Brosse
 * et al., arXiv 2001.08049; last-layer-uncertainty.md, part A). Features are computed once and kept
 * in a file; everything here works on pairs of a feature vector and a label. */
#ifndef SX_HEAD_HEAD_H
#define SX_HEAD_HEAD_H

#include "core/base/base.h"
#include "core/metric/metric.h"

#include <stdatomic.h>

/* ---- features ----------------------------------------------------------------------------------
 */

/* Feature vectors in a mapped file; immutable, any thread. */
typedef struct {
    size_t count;
    int width;
    const float *values; /* [count, width] */
    sx_bytes file;
} sx_features;

/* Writes a file of `count` vectors of `width` values, in any number of pieces. It appears under its
 * name when it is whole. `key` says what the vectors were computed from. */
typedef struct sx_features_writer sx_features_writer;
sx_status sx_features_begin(const char *path, const char *key, size_t count, int width,
                            sx_features_writer **out, sx_error *err);
sx_status sx_features_add(sx_features_writer *writer, const float *values, size_t count,
                          sx_error *err);
/* Both end the writer; the first is SX_BAD_INPUT where vectors are missing. */
sx_status sx_features_end(sx_features_writer *writer, sx_error *err);
void sx_features_cancel(sx_features_writer *writer); /* NULL is fine */

/* Opens a file that was computed from `key`. *found is false, and `out` empty, where there is none,
 * where it was computed from something else, or where it is cut or no such file: then it is to be
 * computed again. An error is one of reading. End with sx_features_done. */
sx_status sx_features_open(const char *path, const char *key, bool *found, sx_features *out,
                           sx_error *err);
void sx_features_done(sx_features *features);

/* ---- one classifier ----------------------------------------------------------------------------
 */

#define SX_HEAD_LAYERS 3

/* layers - 1 hidden layers of `width` with ReLU, each as wide as the features, and a softmax layer.
 * Parameters of one after the other: weights [width, outputs], biases [outputs]. */
typedef struct {
    int layers, width, classes;
} sx_head_form;
size_t sx_head_values(sx_head_form form);

/* Parameters drawn by a seed: normal, of variance 2 / width before a ReLU and 1 / width at the end
 * (He et al. 2015, equation 10); biases 0. */
void sx_head_draw(sx_head_form form, uint64_t seed, float *values);

/* Logits [count, classes] of features [count, width]; spread over the pool (NULL: one thread), the
 * same bits for any number of threads. */
sx_status sx_head_logits(sx_head_form form, const float *values, const float *features,
                         size_t count, float *logits, sx_pool *pool, sx_error *err);

/* ---- many classifiers --------------------------------------------------------------------------
 */

typedef enum {
    SX_SAMPLING_SGD,       /* w -= step (gradient of the batch's mean loss + precision / N w) */
    SX_SAMPLING_SGLD,      /* the same and sqrt(2 step / N) times a normal number each */
    SX_SAMPLING_BOOTSTRAP, /* SGD, each member on N rows drawn with replacement */
    SX_SAMPLING_DROPOUT,   /* SGD with dropout on the input of every layer; passes with it on */
    SX_SAMPLING_ADAM,      /* Adam (arXiv 1412.6980) with its defaults: a first fit */
    SX_SAMPLINGS
} sx_sampling;
const char *sx_sampling_name(sx_sampling sampling); /* "sgd" */

typedef struct {
    sx_sampling sampling;
    int members; /* chains, or members of the bootstrap: independent, each with its own order */
    double step; /* step size (gamma) on the mean loss */
    double precision; /* of the normal prior around 0 (alpha), biases too; not Adam */
    double rate;      /* share of inputs that dropout drops, below 1; others: 0 */
    int batch;        /* rows of a step; the last of a pass has what is left */
    int epochs;       /* passes over the rows */
    int64_t every;    /* steps between snapshots; 0: one at the end of each pass */
    uint64_t seed;
} sx_sampler_options;

/* What is learned from; borrowed, must outlive the sampler. */
typedef struct {
    const float *features; /* [count, form.width] */
    const int32_t *labels; /* [count], below form.classes */
    size_t count;
} sx_head_data;

/* All members walk side by side from the same parameters. Options that make no sense are
 * SX_BAD_INPUT. Borrows the pool. */
typedef struct sx_sampler sx_sampler;
sx_status sx_sampler_new(sx_head_form form, const sx_sampler_options *options,
                         const sx_head_data *data, const float *start, sx_sampler **out,
                         sx_error *err);
void sx_sampler_free(sx_sampler *sampler); /* NULL is fine */

/* Steps taken and to take, of each member. */
int64_t sx_sampler_at(const sx_sampler *sampler);
int64_t sx_sampler_steps(const sx_sampler *sampler);
/* Multiply-adds of a step of all members, for cutting work into slices. */
double sx_sampler_cost(const sx_sampler *sampler);
/* Steps up to the next snapshot, 0 at the end. */
int64_t sx_sampler_until_snapshot(const sx_sampler *sampler);

/* So many steps of all members, fewer at the next snapshot and at the end; allocates nothing.
 * SX_CANCELLED once `stop` (NULL: nobody) is set: nothing has changed then. */
sx_status sx_sampler_advance(sx_sampler *sampler, int64_t steps, sx_pool *pool,
                             const atomic_bool *stop, sx_error *err);
/* Whether the parameters are those of a snapshot now; of a bootstrap, of the end. */
bool sx_sampler_has_snapshot(const sx_sampler *sampler);

/* Parameters of a member now; borrowed until the next advance. */
const float *sx_sampler_member(const sx_sampler *sampler, int member);
/* Mean loss of the rows of the last pass so far, over members; NaN before the first step. */
double sx_sampler_loss(const sx_sampler *sampler);

/* What dropout makes of a set of items: `set` tells sets apart, so that masks are drawn anew for
 * each set, item and pass (< 2^20); rate 0 and pass 0 are plain predictions. */
typedef struct {
    double rate;
    int pass, set;
    uint64_t seed;
} sx_head_masks;

/* Adds what one classifier says of all items of an ensemble (features [ensemble n, width]) as a
 * member. Spread over the pool; the same bits for any number of threads. */
sx_status sx_head_collect(sx_head_form form, const float *values, const float *features,
                          sx_head_masks masks, sx_ensemble *ensemble, sx_pool *pool, sx_error *err);

/* Arrays of the state, for checkpoints: borrowed, to be read and to be written, after which
 * sx_sampler_restored makes what follows from them. SX_BAD_INPUT where they cannot be those of this
 * sampler. */
typedef struct {
    const char *name;
    void *data;
    size_t count, size; /* elements, bytes of one: 4 is float, 8 a whole number */
} sx_sampler_array;
#define SX_SAMPLER_ARRAYS 4
int sx_sampler_arrays(sx_sampler *sampler, sx_sampler_array out[SX_SAMPLER_ARRAYS]);
sx_status sx_sampler_restored(sx_sampler *sampler, sx_error *err);

/* ---- for tests: one step in double precision by plain loops ------------------------------------
 */

typedef struct {
    const double *features;        /* [rows, width] */
    const int32_t *labels;         /* [rows] */
    int rows;                      /* of the batch */
    double step, precision, total; /* gamma, alpha, N */
    const double *noise;           /* one number a parameter, times sqrt(2 step / N); NULL: none */
} sx_head_step;
/* Changes `values` [sx_head_values]; `gradient` (of the mean loss, may be NULL) likewise. Returns
 * the mean loss before. NaN where memory is out. */
double sx_head_reference_step(sx_head_form form, const sx_head_step *step, double *values,
                              double *gradient);

/* `count` standard normal numbers from number `first` (a multiple of 16) on of those that follow
 * from a generator. */
void sx_head_normals(sx_random from, uint64_t first, float *out, size_t count);

/* The rows [count] that a member of a bootstrap learns from. */
void sx_bootstrap_rows(uint64_t seed, int member, uint32_t *rows, size_t count);

#endif
