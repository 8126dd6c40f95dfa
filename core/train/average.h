/* Private to core/train: averages of the parameters over steps, as one more parameter vector. */
#ifndef SX_TRAIN_AVERAGE_H
#define SX_TRAIN_AVERAGE_H

#include "core/train/train.h"

typedef struct sx_average sx_average;

/* Parses the spec. `*out` is NULL for "none". Borrows the parameters. `steps`: of the whole run. */
sx_status sx_average_new(const char *spec, sx_parameters *parameters, int64_t steps,
                         sx_average **out, sx_error *err);
void sx_average_free(sx_average *average);

/* After update `step` (from 1). */
void sx_average_step(sx_average *average, int64_t step, sx_pool *pool);

/* The averaged parameters with the live running statistics. */
const sx_parameters *sx_average_parameters(sx_average *average);

/* Its state, [size of the parameters], "average.parameters" in a checkpoint. */
float *sx_average_state(sx_average *average);

#endif
