/* Random numbers that a seed fixes: a counter-based generator, so a position is one number in a
 * checkpoint and streams for different purposes never overlap in meaning.
 * Source of the mixing function: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, section 5). */
#ifndef SX_BASE_RANDOM_H
#define SX_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t state;
} sx_random;

/* A generator for (seed, stream, item): for example the augmentation of image 17 of step 3. */
sx_random sx_random_from(uint64_t seed, uint64_t stream, uint64_t item);

/* The next 64 random bits. */
uint64_t sx_random_bits(sx_random *random);

/* The next `count` of them, and the generator as it is after so many numbers. */
void sx_random_fill(sx_random *random, uint64_t *bits, size_t count);
sx_random sx_random_after(sx_random random, uint64_t count);

/* Uniform in [0, 1), 24 bits. */
float sx_random_uniform(sx_random *random);

/* Uniform in 0 .. bound - 1 without bias; bound > 0. */
uint32_t sx_random_below(sx_random *random, uint32_t bound);

/* Standard normal (Box-Muller, cosine branch only, so that a call always takes two numbers). */
float sx_random_normal(sx_random *random);

/* Beta(alpha, alpha), alpha > 0, from two Gamma variables (Marsaglia and Tsang 2000). */
double sx_random_beta(sx_random *random, double alpha);

/* Fills `order` [count] with a random permutation of 0 .. count - 1 (Fisher-Yates). */
void sx_random_permutation(sx_random *random, uint32_t *order, size_t count);

#endif
