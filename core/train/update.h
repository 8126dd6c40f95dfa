/* Private to core/train: the update of one piece of parameters, by the rules of PyTorch's
 * optimisers of the same names. */
#ifndef SX_TRAIN_UPDATE_H
#define SX_TRAIN_UPDATE_H

#include "core/base/base.h"

#define SX_STATES 3 /* most state vectors of an optimiser */

/* The numbers of one update, the same for all pieces but `decay`, `shrink` and `trust`. They are
 * computed in double and rounded once: 1 - 0.999f would be off by one part in 20,000. */
typedef struct {
    float rate, momentum, decay, beta1, beta2, epsilon;
    float new1, new2;                /* 1 - beta1, 1 - beta2 */
    float first_scale, second_scale; /* with the corrections of the moments' bias */
    float shrink;                    /* of AdamW's weights */
    float trust;                     /* of LARS: the layer's factor on the rate */
    bool nesterov, centred;
} sx_update;

/* Updates p [count] from the gradient g and the optimiser's state vectors. */
typedef void (*sx_update_function)(const sx_update *u, size_t count, float *p, const float *g,
                                   float *const state[SX_STATES]);

void sx_update_sgd(const sx_update *u, size_t count, float *p, const float *g,
                   float *const state[SX_STATES]);
void sx_update_adam(const sx_update *u, size_t count, float *p, const float *g,
                    float *const state[SX_STATES]);
void sx_update_adamw(const sx_update *u, size_t count, float *p, const float *g,
                     float *const state[SX_STATES]);
void sx_update_rmsprop(const sx_update *u, size_t count, float *p, const float *g,
                       float *const state[SX_STATES]);
void sx_update_lars(const sx_update *u, size_t count, float *p, const float *g,
                    float *const state[SX_STATES]);

#endif
