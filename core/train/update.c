/* The rules of the optimisers, as flat loops. */
#include "core/train/update.h"

#include <math.h>

void sx_update_sgd(const sx_update *u, size_t count, float *restrict p, const float *restrict g,
                   float *const state[SX_STATES]) {
    float *restrict m = state[0];
    for (size_t i = 0; i < count; i++) {
        float d = g[i] + u->decay * p[i];
        m[i] = u->momentum * m[i] + d;
        p[i] -= u->rate * (u->nesterov ? d + u->momentum * m[i] : m[i]);
    }
}

/* Adam proper; `decay` is 0 for AdamW, which has decayed the weights before. */
static void update_moments(const sx_update *u, float decay, size_t count, float *restrict p,
                           const float *restrict g, float *const state[SX_STATES]) {
    float *restrict m = state[0], *restrict v = state[1];
    for (size_t i = 0; i < count; i++) {
        float d = g[i] + decay * p[i];
        m[i] = u->beta1 * m[i] + u->new1 * d;
        v[i] = u->beta2 * v[i] + u->new2 * d * d;
        p[i] -= u->first_scale * m[i] / (sqrtf(v[i]) * u->second_scale + u->epsilon);
    }
}

void sx_update_adam(const sx_update *u, size_t count, float *p, const float *g,
                    float *const state[SX_STATES]) {
    update_moments(u, u->decay, count, p, g, state);
}

void sx_update_adamw(const sx_update *u, size_t count, float *p, const float *g,
                     float *const state[SX_STATES]) {
    for (size_t i = 0; i < count; i++) p[i] *= u->shrink;
    update_moments(u, 0, count, p, g, state);
}

/* Mean square v, mean b (only where it is centred: the variance is v - b b), momentum m. */
void sx_update_rmsprop(const sx_update *u, size_t count, float *restrict p, const float *restrict g,
                       float *const state[SX_STATES]) {
    float *restrict v = state[0], *restrict b = state[1], *restrict m = state[2];
    for (size_t i = 0; i < count; i++) {
        float d = g[i] + u->decay * p[i];
        v[i] = u->beta2 * v[i] + u->new2 * d * d;
        float spread = v[i];
        if (u->centred) {
            b[i] = u->beta2 * b[i] + u->new2 * d;
            spread -= b[i] * b[i];
        }
        m[i] = u->momentum * m[i] + d / (sqrtf(spread) + u->epsilon);
        p[i] -= u->rate * m[i];
    }
}

/* arXiv 1708.03888, algorithm 1: the rate, times the layer's trust, goes into the momentum. */
void sx_update_lars(const sx_update *u, size_t count, float *restrict p, const float *restrict g,
                    float *const state[SX_STATES]) {
    float *restrict m = state[0];
    float rate = u->rate * u->trust;
    for (size_t i = 0; i < count; i++) {
        m[i] = u->momentum * m[i] + rate * (g[i] + u->decay * p[i]);
        p[i] -= m[i];
    }
}
