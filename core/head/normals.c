/* Normal numbers for Langevin noise, which takes one for each parameter and step: Box-Muller's two
 * from 64 bits, logarithm, sine and cosine by series in plain arithmetic that the compiler makes
 * vectors of. Their error is below 1e-6, far less than what the numbers' 32 bits leave out. */
#include "core/head/internal.h"

#include <math.h>
#include <string.h>

#define PAIRS 8 /* of a block: the first eight numbers and their partners */

/* ln of u in (0, 1], by the series of the inverse hyperbolic tangent around 1. */
static inline float logarithm(float u) {
    uint32_t bits;
    memcpy(&bits, &u, sizeof bits);
    int32_t exponent = (int32_t)(bits - 0x3F3504F3) >> 23; /* so that m is around 1 */
    bits -= (uint32_t)exponent << 23;
    float m;
    memcpy(&m, &bits, sizeof m);
    float s = (m - 1) / (m + 1), q = s * s;
    float sum = 2 + q * (2.0f / 3 + q * (2.0f / 5 + q * (2.0f / 7 + q * (2.0f / 9))));
    return (float)exponent * 0.693147181f + s * sum;
}

/* Radius and angle of a pair: the angle is within 45 degrees of an axis that the two upper bits
 * choose. */
static inline void pair(uint64_t bits, float *first, float *second) {
    float u = ((float)(uint32_t)(bits >> 32) + 0.5f) * 0x1p-32f;
    uint32_t low = (uint32_t)bits;
    float a = ((float)(low & 0x3FFFFFFF) * 0x1p-30f - 0.5f) * 1.57079633f, q = a * a;
    float radius = sqrtf(-2 * fminf(logarithm(u), 0));
    float sine = a * (1 - q * (1.0f / 6 - q * (1.0f / 120 - q * (1.0f / 5040))));
    float cosine = 1 - q * (0.5f - q * (1.0f / 24 - q * (1.0f / 720 - q * (1.0f / 40320))));
    bool swapped = low & 0x40000000, negative = low & 0x80000000;
    float scale = negative ? -radius : radius;
    *first = scale * (swapped ? -sine : cosine);
    *second = scale * (swapped ? cosine : sine);
}

void sx_head_normals(sx_random from, uint64_t first, float *out, size_t count) {
    sx_random random = sx_random_after(from, first / 2);
    for (size_t at = 0; at < count; at += 2 * (size_t)PAIRS) {
        uint64_t bits[PAIRS];
        float block[2 * PAIRS];
        sx_random_fill(&random, bits, PAIRS);
        for (int i = 0; i < PAIRS; i++) pair(bits[i], &block[i], &block[PAIRS + i]);
        size_t left = count - at < 2 * PAIRS ? count - at : 2 * PAIRS;
        memcpy(out + at, block, left * sizeof *out);
    }
}
