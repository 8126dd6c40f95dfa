/* SplitMix64 as a counter generator: the state walks by a fixed odd step, the output is a mix of
 * it. Good enough for initial weights, shuffles and augmentation; not for cryptography. */
#include "core/base/random.h"

#include <math.h>

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

sx_random sx_random_from(uint64_t seed, uint64_t stream, uint64_t item) {
    uint64_t key = mix(seed + GOLDEN);
    key = mix(key ^ (stream + 1) * GOLDEN);
    return (sx_random){mix(key ^ (item + 1) * GOLDEN)};
}

uint64_t sx_random_bits(sx_random *random) {
    random->state += GOLDEN;
    return mix(random->state);
}

void sx_random_fill(sx_random *random, uint64_t *bits, size_t count) {
    uint64_t state = random->state;
    for (size_t i = 0; i < count; i++) bits[i] = mix(state += GOLDEN);
    random->state = state;
}

sx_random sx_random_after(sx_random random, uint64_t count) {
    return (sx_random){random.state + GOLDEN * count};
}

float sx_random_uniform(sx_random *random) {
    return (float)(sx_random_bits(random) >> 40) * 0x1p-24f;
}

uint32_t sx_random_below(sx_random *random, uint32_t bound) {
    /* Multiply-shift with rejection of the short last interval (Lemire 2019, algorithm 5). */
    uint32_t reject = (uint32_t)(-bound) % bound;
    uint64_t product;
    do {
        product = (sx_random_bits(random) >> 32) * bound;
    } while ((uint32_t)product < reject);
    return (uint32_t)(product >> 32);
}

float sx_random_normal(sx_random *random) {
    double u = (double)((sx_random_bits(random) >> 11) + 1) * 0x1p-53;
    double v = (double)(sx_random_bits(random) >> 11) * 0x1p-53;
    return (float)(sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v));
}

static double uniform(sx_random *random) {
    return (double)((sx_random_bits(random) >> 11) + 1) * 0x1p-53;
}

/* For alpha below 1 the variable of alpha + 1 is shrunk by a uniform power (their section 6). */
static double gamma_of(sx_random *random, double alpha) {
    if (alpha < 1) return gamma_of(random, alpha + 1) * pow(uniform(random), 1 / alpha);
    double d = alpha - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = (double)sx_random_normal(random), v = 1 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        if (log(uniform(random)) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
    }
}

double sx_random_beta(sx_random *random, double alpha) {
    double a = gamma_of(random, alpha), b = gamma_of(random, alpha);
    return a + b > 0 ? a / (a + b) : 0.5;
}

void sx_random_permutation(sx_random *random, uint32_t *order, size_t count) {
    for (size_t i = 0; i < count; i++) order[i] = (uint32_t)i;
    for (size_t i = count; i > 1; i--) {
        size_t j = sx_random_below(random, (uint32_t)i);
        uint32_t held = order[i - 1];
        order[i - 1] = order[j];
        order[j] = held;
    }
}
