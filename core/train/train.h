/* The training loop's parts: optimisers, schedules, one step, and evaluation. Who decides when to
 * step, pause or stop is the caller. */
#ifndef SX_TRAIN_TRAIN_H
#define SX_TRAIN_TRAIN_H

#include "core/data/data.h"
#include "core/model/model.h"

/* Tables for help: optimisers (sgd, adam, adamw, rmsprop, lars) and schedules (constant, cosine,
 * linear, step, drops) with their options. NULL past the end. */
typedef struct {
    const char *name, *help;
    const sx_option *options;
} sx_train_kind;
const sx_train_kind *sx_optimizer_at(int row);
const sx_train_kind *sx_schedule_at(int row);

typedef struct {
    const char *optimizer, *schedule; /* specs */
    int64_t steps;                    /* of the whole run; the schedule needs it */
    int batch;
    uint64_t seed;
    int accumulate;      /* batches whose mean gradient is one step; 0: 1 */
    const char *average; /* spec: none, ema(decay), swa(start); NULL: none */
    const char *loss;    /* a loss of the operator table, with options; NULL: the model's own */
} sx_train_options;

/* The table of averages of parameters. NULL past the end. */
const sx_train_kind *sx_average_at(int row);

/* Check a spec without making anything. */
sx_status sx_schedule_check(const char *spec, sx_error *err);
sx_status sx_average_check(const char *spec, sx_error *err);

/* One step's figures. */
typedef struct {
    int64_t step; /* steps done, this one included */
    double loss, accuracy, learning_rate, gradient_norm;
} sx_step_report;

typedef struct sx_trainer sx_trainer;

/* Borrows the model, which it changes, and the pool. Allocates everything a step needs. */
sx_trainer *sx_trainer_new(sx_model *model, const sx_train_options *options, sx_pool *pool,
                           sx_error *err);
void sx_trainer_free(sx_trainer *trainer);
void sx_trainer_stop_flag(sx_trainer *trainer, const atomic_bool *stop);

/* One optimiser step: images [accumulate, batch, height, width, channels], labels [accumulate,
 * batch]. SX_CANCELLED leaves parameters and optimiser as they were, running statistics included.
 */
sx_status sx_trainer_step(sx_trainer *trainer, const float *images, const int32_t *labels,
                          sx_step_report *out, sx_error *err);
/* Soft targets of the steps from now on, [accumulate, batch, classes], borrowed, in place of the
 * labels; NULL: the labels. */
void sx_trainer_targets(sx_trainer *trainer, const float *targets);
int64_t sx_trainer_steps_done(const sx_trainer *trainer);

/* The averaged parameters, NULL if there is no averaging; running statistics are the live ones.
 * Good until the next step. */
const sx_parameters *sx_trainer_average(sx_trainer *trainer);

/* A live factor on the schedule's learning rate (the + and - keys), 1 at the start. Part of the
 * state. */
void sx_trainer_scale(sx_trainer *trainer, double factor);
double sx_trainer_scale_now(const sx_trainer *trainer);

/* What can be changed while a run goes on; part of the state. Momentum is Adam's beta1. */
typedef enum { SX_KNOB_MOMENTUM, SX_KNOB_WEIGHT_DECAY, SX_KNOBS } sx_knob;
double sx_trainer_knob(const sx_trainer *trainer, sx_knob knob);

/* What an optimiser takes for a knob; its texts live as long as the program. */
typedef struct {
    const char *name, *optimizer; /* "beta1", "adamw"; name NULL: it has no such knob */
    double low, high;
} sx_knob_range;
sx_knob_range sx_trainer_knob_range(const sx_trainer *trainer, sx_knob knob);
/* SX_BAD_INPUT, with a sentence, for a value that is not within the range. */
sx_status sx_knob_check(const sx_knob_range *range, double value, sx_error *err);
/* SX_BAD_INPUT likewise. */
sx_status sx_trainer_turn(sx_trainer *trainer, sx_knob knob, double value, sx_error *err);

/* Batches of another size from the next step on. Allocates; after an error nothing is changed. */
sx_status sx_trainer_rebatch(sx_trainer *trainer, int batch, sx_error *err);

/* The whole state (parameters, moments, step, scale, knobs) as tensors and metadata, for a
 * checkpoint; and back. `out` borrows the trainer's memory: write it before the next step. Loading
 * checks everything before it changes anything. */
typedef struct {
    sx_safetensor *tensors; /* owned by the trainer */
    size_t count;
    sx_metadata metadata[10];
    size_t metadata_count;
} sx_trainer_state;
void sx_trainer_save(sx_trainer *trainer, sx_trainer_state *out);
sx_status sx_trainer_load(sx_trainer *trainer, const sx_safetensors *file, sx_error *err);

/* What measurements would use of a checkpoint, without a trainer, into the model: its parameters
 * or, if the spec `average` makes one, their average. `step` is the checkpoint's. After an error
 * the model holds anything. */
sx_status sx_trainer_read(sx_model *model, const char *average, const sx_safetensors *file,
                          int64_t *step, sx_error *err);

/* Evaluation: logits for many images in batches of fixed size. */
typedef struct sx_evaluator sx_evaluator;
sx_evaluator *sx_evaluator_new(const sx_model *model, int batch, sx_pool *pool, sx_error *err);
void sx_evaluator_free(sx_evaluator *evaluator);
void sx_evaluator_stop_flag(sx_evaluator *evaluator, const atomic_bool *stop);
/* How bytes become the model's input from now on; at the start the usual way. */
void sx_evaluator_normalise(sx_evaluator *evaluator, const sx_normalisation *normalisation);
int sx_evaluator_batch(const sx_evaluator *evaluator);
/* Multiply-adds of one image. */
double sx_evaluator_cost(const sx_evaluator *evaluator);
/* As sx_run_hold; without it, parameters may change between the calls below. */
void sx_evaluator_hold(sx_evaluator *evaluator, bool held);
/* Evaluates with these parameters, borrowed, from now on; NULL: the model's. */
void sx_evaluator_use(sx_evaluator *evaluator, const sx_parameters *parameters);

/* The logits of calls from now on go there, too, [count, classes], borrowed; NULL: nowhere. */
void sx_evaluator_logits(sx_evaluator *evaluator, float *logits);

/* Bytes [count, height, width, channels] -> probabilities [count, classes], softmax of the logits.
 * count may be larger than the batch. */
sx_status sx_evaluator_bytes(sx_evaluator *evaluator, const uint8_t *pixels, size_t count,
                             float *probabilities, sx_error *err);

/* Pictures to what the last layer reads, the representation, in batches of fixed size. SX_BAD_INPUT
 * for a model that does not end with a dense layer. Borrows the model, whose parameters must not
 * change, and the pool. */
typedef struct sx_extractor sx_extractor;
sx_extractor *sx_extractor_new(const sx_model *model, int batch,
                               const sx_normalisation *normalisation, sx_pool *pool, sx_error *err);
void sx_extractor_free(sx_extractor *extractor);
void sx_extractor_stop_flag(sx_extractor *extractor, const atomic_bool *stop);
int sx_extractor_length(const sx_extractor *extractor); /* values of a picture */
/* The last layer itself, borrowed from the model: weights [length, classes], biases [classes]. */
void sx_extractor_head(const sx_extractor *extractor, const float **weights, const float **biases);
/* Bytes [count, height, width, channels] -> features [count, length] and the model's logits [count,
 * classes]. count may be larger than the batch. */
sx_status sx_extractor_bytes(sx_extractor *extractor, const uint8_t *pixels, size_t count,
                             float *features, float *logits, sx_error *err);

#endif
