/* Exponential, error function, tanh, and the activations and softmax built on them, in GCC's vector
 * extensions: compiled once per instruction set by kernels_*.c after kernels_body.h. They say
 * beforehand: MAXIMUM(a, b) and MINIMUM(a, b), which give b if either is NaN; EACH_FOLD(F) (F of
 * the lanes to add to all lanes, halving the distance each time); ACTIVATIONS (the table); and
 * LOAD_WHERE(p, m), STORE_WHERE(p, m, v) if there are loads and stores of some lanes.
 *
 * What is left of an array behind its last whole register goes through a register as well, so a
 * value's bits do not depend on where it stands. Coefficients are least-maximum fits of our own. */
#include "core/tensor/kernels.h"

#include <math.h>

typedef mask loose_mask __attribute__((aligned(4), may_alias));

#define FACTOR_ADD(a, b, c) MULTIPLY_ADD(a, b, BROADCAST(c))

INLINE vec choose(mask where, vec a, vec b) {
    return (vec)((mask)only(where, a) | (mask)only(~where, b));
}

/* The first `count` < LANES lanes. */
INLINE mask lanes_below(size_t count) {
    static const int ramp[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    return *(const loose_mask *)(ramp + 16 - count);
}

INLINE vec load_part(const float *x, size_t count) {
#ifdef LOAD_WHERE
    return LOAD_WHERE(x, lanes_below(count));
#else
    vec part = {0};
    for (size_t i = 0; i < count; i++) part[i] = x[i];
    return part;
#endif
}

INLINE void store_some(float *y, vec part, size_t count) {
#ifdef STORE_WHERE
    STORE_WHERE(y, lanes_below(count), part);
#else
    for (size_t i = 0; i < count; i++) y[i] = part[i];
#endif
}

/* ---- exp, erf, tanh -------------------------------------------------------------------------- */

/* x = n ln 2 + r with |r| <= ln 2 / 2: returns e^r - 1, exact to the last digit near 0. Adding 1.5
 * * 2^23 leaves n in the lowest bits. The first part of ln 2 has 16 bits, so its product with n is
 * exact without a fused multiply-add, too. */
INLINE vec exp_minus_one(vec x, mask *n) {
    vec shifted = FACTOR_ADD(x, BROADCAST(1.44269504f), 12582912.0f);
    vec whole = shifted - 12582912.0f;
    *n = (mask)shifted - 0x4B400000;
    vec r = MULTIPLY_ADD(whole, BROADCAST(-0.693145751953125f), x);
    r = MULTIPLY_ADD(whole, BROADCAST(-1.42860677e-6f), r);
    vec p = FACTOR_ADD(BROADCAST(0.001381454f), r, 0.008368745f);
    p = FACTOR_ADD(p, r, 0.04166839f);
    p = FACTOR_ADD(p, r, 0.16666521f);
    p = FACTOR_ADD(p, r, 0.49999994f);
    return MULTIPLY_ADD(r * r, p, r);
}

INLINE vec power_of_two(mask n) {
    return (vec)((n + 127) << 23);
}

INLINE vec clamp(vec x, float low, float high) {
    return MINIMUM(BROADCAST(high), MAXIMUM(BROADCAST(low), x));
}

/* Beyond the limits is 0 and infinity. The power is applied in two halves: 2^n itself may be no
 * normal number where the result is one, or is denormal. */
INLINE vec exp_of(vec x) {
    mask n;
    vec fraction = exp_minus_one(clamp(x, -104, 89), &n);
    mask half = n >> 1;
    return (fraction + 1) * power_of_two(half) * power_of_two(n - half);
}

/* x P(x^2) / Q(x^2), 1.6e-8 from erf; at the limit it rounds to 1, where erf is 1 - 3e-8. */
INLINE vec erf_of(vec x) {
    x = clamp(x, -3.92f, 3.92f);
    vec t = x * x;
    vec p = FACTOR_ADD(BROADCAST(2.0347302e-06f), t, 0.0002874807f);
    vec q = FACTOR_ADD(BROADCAST(3.807066e-05f), t, 0.001188127f);
    p = FACTOR_ADD(p, t, 0.003868374f);
    q = FACTOR_ADD(q, t, 0.015172388f);
    p = FACTOR_ADD(p, t, 0.053060625f);
    q = FACTOR_ADD(q, t, 0.11508506f);
    p = FACTOR_ADD(p, t, 0.19276512f);
    q = FACTOR_ADD(q, t, 0.5041653f);
    p = FACTOR_ADD(p, t, 1.1283791f);
    q = FACTOR_ADD(q, t, 1);
    return clamp(x * p / q, -1, 1);
}

/* -e / (2 + e) for e = exp(-2 |x|) - 1, with the sign of x: no digit is lost near 0. */
INLINE vec tanh_of(vec x) {
    mask n, sign = (mask)x & INT32_MIN;
    vec fraction = exp_minus_one(MAXIMUM(BROADCAST(-87.0f), -2 * (vec)((mask)x & INT32_MAX)), &n);
    vec power = power_of_two(n), e = MULTIPLY_ADD(power, fraction, power - 1);
    return (vec)((mask)(-e / (e + 2)) | sign);
}

INLINE vec sigmoid_of(vec x) {
    return 1 / (exp_of(-x) + 1);
}

/* ---- activations and their slopes ------------------------------------------------------------ */

/* Where these functions and slopes have reached their limits; keeps infinity times 0 out. */
#define FAR 104.0f

INLINE vec far_left(vec x) {
    return MAXIMUM(BROADCAST(-FAR), x);
}

INLINE vec plain_exp(vec x, float slope) {
    (void)slope;
    return exp_of(x);
}

INLINE vec plain_erf(vec x, float slope) {
    (void)slope;
    return erf_of(x);
}

INLINE vec plain_sigmoid(vec x, float slope) {
    (void)slope;
    return sigmoid_of(x);
}

INLINE vec plain_tanh(vec x, float slope) {
    (void)slope;
    return tanh_of(x);
}

INLINE vec leaky_relu(vec x, float slope) {
    return choose(x > 0, x, x * slope);
}

INLINE vec normal_share(vec x) {
    return FACTOR_ADD(erf_of(x * 0.707106781f), BROADCAST(0.5f), 0.5f);
}

INLINE vec gelu_erf(vec x, float slope) {
    (void)slope;
    return far_left(x) * normal_share(x);
}

/* 0.5 (1 + tanh u) = sigmoid(2 u) */
INLINE vec gelu_tanh(vec x, float slope) {
    (void)slope;
    vec cube = FACTOR_ADD(x * x, BROADCAST(0.0713548163f), 1.59576912f);
    return far_left(x) * sigmoid_of(x * cube);
}

INLINE vec gelu_quick(vec x, float slope) {
    (void)slope;
    return far_left(x) * sigmoid_of(x * 1.702f);
}

INLINE vec silu(vec x, float slope) {
    (void)slope;
    return far_left(x) * sigmoid_of(x);
}

INLINE vec leaky_relu_slope(vec x, float slope) {
    return choose(x > 0, BROADCAST(1.0f), BROADCAST(slope));
}

/* Phi(x) + x phi(x) */
INLINE vec gelu_erf_slope(vec x, float slope) {
    (void)slope;
    x = clamp(x, -FAR, FAR);
    vec density = exp_of(x * x * -0.5f) * 0.398942280f;
    return MULTIPLY_ADD(x, density, normal_share(x));
}

/* Of x s(u(x)): s + x s (1 - s) u'. Of s and 1 - s the smaller is e^-|u| times the larger. */
INLINE vec gated_slope(vec x, vec u, vec u_slope) {
    vec e = exp_of((vec)((mask)u | INT32_MIN)), larger_share = 1 / (e + 1);
    vec smaller_share = e * larger_share, s = choose(u > 0, larger_share, smaller_share);
    return MULTIPLY_ADD(x * smaller_share * larger_share, u_slope, s);
}

INLINE vec gelu_tanh_slope(vec x, float slope) {
    (void)slope;
    x = clamp(x, -FAR, FAR);
    vec square = x * x;
    return gated_slope(x, x * FACTOR_ADD(square, BROADCAST(0.0713548163f), 1.59576912f),
                       FACTOR_ADD(square, BROADCAST(0.214064449f), 1.59576912f));
}

INLINE vec gelu_quick_slope(vec x, float slope) {
    (void)slope;
    x = clamp(x, -FAR, FAR);
    return gated_slope(x, x * 1.702f, BROADCAST(1.702f));
}

INLINE vec silu_slope(vec x, float slope) {
    (void)slope;
    x = clamp(x, -FAR, FAR);
    return gated_slope(x, x, BROADCAST(1.0f));
}

INLINE vec sigmoid_slope(vec y, float slope) {
    (void)slope;
    return y * (1 - y);
}

INLINE vec tanh_slope(vec y, float slope) {
    (void)slope;
    return (1 - y) * (1 + y);
}

/* ---- passes over arrays ---------------------------------------------------------------------- */

typedef vec (*curve)(vec x, float slope);

INLINE void map(curve f, float *y, const float *x, float slope, size_t count) {
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) *(loose *)(y + i) = f(LOAD(x + i), slope);
    if (i < count) store_some(y + i, f(load_part(x + i, count - i), slope), count - i);
}

/* Stores or adds the gradient of one register. */
INLINE void put(const sx_activation_backward *at, size_t i, vec gradient) {
    if (at->accumulate) gradient += LOAD(at->dx + i);
    *(loose *)(at->dx + i) = gradient;
}

INLINE void put_part(const sx_activation_backward *at, size_t i, vec gradient, size_t count) {
    if (at->accumulate) gradient += load_part(at->dx + i, count);
    store_some(at->dx + i, gradient, count);
}

INLINE void map_slope(curve f, const sx_activation_backward *arrays, float slope, size_t count) {
    const sx_activation_backward at = *arrays;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        put(&at, i, LOAD(at.dy + i) * f(LOAD(at.from + i), slope));
    if (i == count) return;
    size_t left = count - i;
    put_part(&at, i, load_part(at.dy + i, left) * f(load_part(at.from + i, left), slope), left);
}

#define FORWARD(f)                                                                                 \
    static void f##_forward(float *y, const float *x, float slope, size_t count) {                 \
        map(f, y, x, slope, count);                                                                \
    }
#define BACKWARD(f)                                                                                \
    static void f##_backward(const sx_activation_backward *arrays, float slope, size_t count) {    \
        map_slope(f, arrays, slope, count);                                                        \
    }
FORWARD(plain_exp)
FORWARD(plain_erf)
FORWARD(plain_sigmoid)
FORWARD(plain_tanh)
FORWARD(leaky_relu)
FORWARD(gelu_erf)
FORWARD(gelu_tanh)
FORWARD(gelu_quick)
FORWARD(silu)
BACKWARD(leaky_relu_slope)
BACKWARD(gelu_erf_slope)
BACKWARD(gelu_tanh_slope)
BACKWARD(gelu_quick_slope)
BACKWARD(silu_slope)
BACKWARD(sigmoid_slope)
BACKWARD(tanh_slope)

/* ---- softmax --------------------------------------------------------------------------------- */

/* Every lane onto its neighbour at half the width, a quarter ..: a fixed order, and the result in
 * every lane. */
INLINE vec sum_of_lanes(vec x) {
#define FOLD(...) x += __builtin_shufflevector(x, x, __VA_ARGS__);
    EACH_FOLD(FOLD)
#undef FOLD
    return x;
}

/* A NaN may be lost here; the sum of the exponentials finds it again. */
INLINE vec largest_of(const float *x, size_t count) {
    vec best = BROADCAST(-INFINITY);
    size_t whole = count / LANES * LANES, left = count - whole;
    for (size_t i = 0; i < whole; i += LANES) best = MAXIMUM(best, LOAD(x + i));
    if (left) {
        vec part = choose(lanes_below(left), load_part(x + whole, left), BROADCAST(-INFINITY));
        best = MAXIMUM(best, part);
    }
#define FOLD(...) best = MAXIMUM(best, __builtin_shufflevector(best, best, __VA_ARGS__));
    EACH_FOLD(FOLD)
#undef FOLD
    return best;
}

static void softmax(float *y, const float *x, size_t count) {
    vec top = largest_of(x, count);
    vec total = {0}, last = {0};
    size_t whole = count / LANES * LANES, left = count - whole;
    for (size_t i = 0; i < whole; i += LANES) {
        vec e = exp_of(LOAD(x + i) - top);
        *(loose *)(y + i) = e;
        total += e;
    }
    if (left) total += last = only(lanes_below(left), exp_of(load_part(x + whole, left) - top));
    vec factor = 1 / sum_of_lanes(total);
    for (size_t i = 0; i < whole; i += LANES) *(loose *)(y + i) = LOAD(y + i) * factor;
    if (left) store_some(y + whole, last * factor, left);
}

static void log_softmax(float *y, const float *x, size_t count) {
    vec top = largest_of(x, count);
    vec total = {0};
    size_t whole = count / LANES * LANES, left = count - whole;
    for (size_t i = 0; i < whole; i += LANES) total += exp_of(LOAD(x + i) - top);
    if (left) total += only(lanes_below(left), exp_of(load_part(x + whole, left) - top));
    float rest = (float)log((double)sum_of_lanes(total)[0]);
    for (size_t i = 0; i < whole; i += LANES) *(loose *)(y + i) = LOAD(x + i) - top - rest;
    if (left) store_some(y + whole, load_part(x + whole, left) - top - rest, left);
}

static void softmax_backward(const sx_activation_backward *arrays, size_t count) {
    const sx_activation_backward at = *arrays;
    vec total = {0}, last_dy = {0}, last_y = {0};
    size_t whole = count / LANES * LANES, left = count - whole;
    for (size_t i = 0; i < whole; i += LANES)
        total = MULTIPLY_ADD(LOAD(at.dy + i), LOAD(at.from + i), total);
    if (left) {
        last_dy = load_part(at.dy + whole, left);
        last_y = load_part(at.from + whole, left);
        total = MULTIPLY_ADD(last_dy, last_y, total);
    }
    vec sum = sum_of_lanes(total);
    for (size_t i = 0; i < whole; i += LANES)
        put(&at, i, LOAD(at.from + i) * (LOAD(at.dy + i) - sum));
    if (left) put_part(&at, whole, last_y * (last_dy - sum), left);
}

static void log_softmax_backward(const sx_activation_backward *arrays, size_t count) {
    const sx_activation_backward at = *arrays;
    vec total = {0}, last = {0};
    size_t whole = count / LANES * LANES, left = count - whole;
    for (size_t i = 0; i < whole; i += LANES) total += LOAD(at.dy + i);
    if (left) total += last = load_part(at.dy + whole, left);
    vec sum = sum_of_lanes(total);
    for (size_t i = 0; i < whole; i += LANES)
        put(&at, i, LOAD(at.dy + i) - exp_of(LOAD(at.from + i)) * sum);
    if (left) put_part(&at, whole, last - exp_of(load_part(at.from + whole, left)) * sum, left);
}

const sx_activation_kernels ACTIVATIONS = {
    .exp = plain_exp_forward,
    .erf = plain_erf_forward,
    .forward = {[SX_LEAKY_RELU] = leaky_relu_forward,
                [SX_GELU_ERF] = gelu_erf_forward,
                [SX_GELU_TANH] = gelu_tanh_forward,
                [SX_GELU_QUICK] = gelu_quick_forward,
                [SX_SIGMOID] = plain_sigmoid_forward,
                [SX_TANH] = plain_tanh_forward,
                [SX_SILU] = silu_forward},
    .backward = {[SX_LEAKY_RELU] = leaky_relu_slope_backward,
                 [SX_GELU_ERF] = gelu_erf_slope_backward,
                 [SX_GELU_TANH] = gelu_tanh_slope_backward,
                 [SX_GELU_QUICK] = gelu_quick_slope_backward,
                 [SX_SIGMOID] = sigmoid_slope_backward,
                 [SX_TANH] = tanh_slope_backward,
                 [SX_SILU] = silu_slope_backward},
    .softmax = softmax,
    .log_softmax = log_softmax,
    .softmax_backward = softmax_backward,
    .log_softmax_backward = log_softmax_backward,
};
