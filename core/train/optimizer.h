/* Optimisers as loops over pieces of the flat parameter vector; private to core/train. */
#ifndef SX_TRAIN_OPTIMIZER_H
#define SX_TRAIN_OPTIMIZER_H

#include "core/train/train.h"

/* A run of parameters inside one trained slice. Pieces are fixed by the layout alone, so that sums
 * over pieces do not depend on the number of threads. */
typedef struct {
    size_t offset, count;
    int slice;
    bool decayed;
} sx_piece;

typedef struct sx_optimizer sx_optimizer;

/* Parses the spec and lays out pieces and state for `parameters` (borrowed). Returns owned. */
sx_optimizer *sx_optimizer_new(const char *spec, sx_parameters *parameters, sx_error *err);
void sx_optimizer_free(sx_optimizer *optimizer);

/* The learning rate of the spec. */
double sx_optimizer_rate(const sx_optimizer *optimizer);

/* A knob's value, NaN if this optimiser has none; what it may be; and another one. */
double sx_optimizer_knob(const sx_optimizer *optimizer, sx_knob knob);
sx_knob_range sx_optimizer_knob_range(const sx_optimizer *optimizer, sx_knob knob);
sx_status sx_optimizer_turn(sx_optimizer *optimizer, sx_knob knob, double value, sx_error *err);

/* One update with learning rate `rate` as update number `step` (from 1), by the rules of PyTorch's
 * optimisers of the same names, after clipping by value and then by norm (clip_grad_value_,
 * clip_grad_norm_). Returns the gradient's norm before clipping and weight decay. */
double sx_optimizer_step(sx_optimizer *optimizer, const float *gradient, double rate, int64_t step,
                         sx_pool *pool);

/* Its state vectors, each [parameters->size], and their names in a checkpoint
 * ("optimizer.momentum"; "optimizer.first-moment", "optimizer.second-moment"). */
int sx_optimizer_state_count(const sx_optimizer *optimizer);
float *sx_optimizer_state(sx_optimizer *optimizer, int index, const char **name);

/* The schedule's factor on the learning rate before update `step` (from 0) of `steps`. The warm-up
 * rises linearly and ends at 1: (step + 1) / warmup. Cosine: arXiv 1608.03983, eq. 5, without
 * restarts, down to `final`; linear: straight down to `final`; step: times `factor` every `every`
 * steps after the warm-up; drops: times `factor` for each of the steps `drop` that lies before this
 * one (strictly). From zero, the warm-up is step / warmup. */
#define SX_DROPS 8
typedef struct sx_schedule {
    int row; /* of the table of schedules */
    double warmup, final, every, factor;
    bool from_zero;
    double drop[SX_DROPS]; /* ascending */
    int drops;
} sx_schedule;
sx_status sx_schedule_parse(const char *spec, sx_schedule *out, sx_error *err);
double sx_schedule_factor(const sx_schedule *schedule, int64_t step, int64_t steps);

#endif
