/* Element-wise functions and softmax: every instruction set against the C library in double, over
 * the whole range of floats and every length of what is left behind the last register. */
#include "tests/unit/unit.h"

#include "core/tensor/kernels.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const levels[] = {"baseline", "avx2", "avx512"};
static const float slope = 0.2f;

/* ---- in double ------------------------------------------------------------------------------- */

static double normal_share(double x) {
    return 0.5 * erfc(-x / sqrt(2));
}

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static double tanh_gate(double x) {
    return 2 * sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x);
}

static double plain_value(int kind, double x) {
    switch (kind) {
    case SX_LEAKY_RELU:
        return x > 0 ? x : x * (double)slope;
    case SX_GELU_ERF:
        return x * normal_share(x);
    case SX_GELU_TANH:
        return x * sigmoid(tanh_gate(x));
    case SX_GELU_QUICK:
        return x * sigmoid(1.702 * x);
    case SX_SIGMOID:
        return sigmoid(x);
    case SX_TANH:
        return tanh(x);
    default:
        return x * sigmoid(x);
    }
}

/* The slope of x s(u). */
static double gated(double x, double u, double u_slope) {
    double s = sigmoid(u), rest = sigmoid(-u);
    return s + x * s * rest * u_slope;
}

static double plain_slope(int kind, double x) {
    switch (kind) {
    case SX_LEAKY_RELU:
        return x > 0 ? 1 : (double)slope;
    case SX_GELU_ERF:
        return normal_share(x) + x * exp(-x * x / 2) / sqrt(2 * acos(-1));
    case SX_GELU_TANH:
        return gated(x, tanh_gate(x), 2 * sqrt(2 / acos(-1)) * (1 + 3 * 0.044715 * x * x));
    case SX_GELU_QUICK:
        return gated(x, 1.702 * x, 1.702);
    case SX_SIGMOID:
        return sigmoid(x) * sigmoid(-x);
    case SX_TANH:
        return 1 - tanh(x) * tanh(x);
    default:
        return gated(x, x, 1);
    }
}

/* ---- inputs ---------------------------------------------------------------------------------- */

#define POINTS 60000

/* Even steps around 0, then every size a float has, of both signs. */
static float point(int i) {
    if (i < POINTS / 2) return (float)(i - POINTS / 4) * (240.0f / POINTS);
    uint64_t above = (uint64_t)i - POINTS / 2, quarter = POINTS / 4;
    uint32_t bits = (uint32_t)(above % quarter * 0x7f800000u / quarter);
    if (above >= quarter) bits |= 0x80000000u;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float *make_points(void) {
    float *x = sx_alloc(POINTS, sizeof *x);
    assert_non_null(x);
    for (int i = 0; i < POINTS; i++) x[i] = point(i);
    return x;
}

static void close_to(const char *what, float x, float got, double expected, double bound) {
    if (!(fabs((double)got - expected) <= bound))
        fail_msg("%s: %s of %.9g: %.9g, not %.9g", sx_tensor_isa(), what, (double)x, (double)got,
                 expected);
}

static void values_and_slopes(int kind, const float *x, float *y, float *dx) {
    char what[32];
    sx_activation form = {(sx_activation_kind)kind, slope};
    sx_flat_activation(form, y, x, POINTS);
    for (int i = 0; i < POINTS; i++) dx[i] = 1;
    sx_flat_activation_backward(form, dx, dx, sx_activation_reads_value(form.kind) ? y : x, false,
                                POINTS);
    for (int i = 0; i < POINTS; i++) {
        double value = plain_value(kind, (double)x[i]);
        snprintf(what, sizeof what, "activation %d", kind);
        close_to(what, x[i], y[i], value, 5e-7 * fmax(1, fabs((double)x[i])));
        /* For x of 1e30 the cube in the plain loops is infinite, and its slope not a number. */
        double at = fmax(-1e3, fmin((double)x[i], 1e3));
        snprintf(what, sizeof what, "slope %d", kind);
        close_to(what, x[i], dx[i], plain_slope(kind, at), 1.5e-6);
    }
}

static void functions_equal_the_library(void **state) {
    (void)state;
    float *x = make_points(), *y = sx_alloc(POINTS, sizeof *y), *dx = sx_alloc(POINTS, sizeof *dx);
    assert_true(y && dx);
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        sx_flat_exp(y, x, POINTS);
        for (int i = 0; i < POINTS; i++) {
            double value = exp((double)x[i]);
            if (value > (double)FLT_MAX)
                assert_true(y[i] >= FLT_MAX);
            else
                close_to("exp", x[i], y[i], value, 2e-7 * value + 7.1e-46);
        }
        sx_flat_erf(y, x, POINTS);
        for (int i = 0; i < POINTS; i++) close_to("erf", x[i], y[i], erf((double)x[i]), 5e-7);
        for (int kind = 0; kind < SX_ACTIVATIONS; kind++) values_and_slopes(kind, x, y, dx);
    }
    sx_tensor_force(NULL);
    sx_free(x);
    sx_free(y);
    sx_free(dx);
}

static float value_of(int kind, float x) {
    float y;
    sx_flat_activation((sx_activation){(sx_activation_kind)kind, slope}, &y, &x, 1);
    return y;
}

static float slope_of(int kind, float from) {
    float dx = 77, dy = 1;
    sx_flat_activation_backward((sx_activation){(sx_activation_kind)kind, slope}, &dx, &dy, &from,
                                false, 1);
    return dx;
}

static void infinities_give_limits(void **state) {
    (void)state;
    static const float left[] = {-INFINITY, 0, 0, 0, 0, -1, 0};
    static const float right[] = {INFINITY, INFINITY, INFINITY, INFINITY, 1, 1, INFINITY};
    float ends[2] = {-INFINITY, INFINITY}, y[2];
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        sx_flat_exp(y, ends, 2);
        assert_true(y[0] == 0 && y[1] == INFINITY);
        sx_flat_erf(y, ends, 2);
        assert_true(y[0] == -1 && y[1] == 1);
        for (int kind = 0; kind < SX_ACTIVATIONS; kind++) {
            assert_true(value_of(kind, -INFINITY) == left[kind]);
            assert_true(value_of(kind, INFINITY) == right[kind]);
            if (sx_activation_reads_value((sx_activation_kind)kind)) continue;
            assert_true(slope_of(kind, -INFINITY) == (kind == SX_LEAKY_RELU ? slope : 0));
            assert_true(slope_of(kind, INFINITY) == 1);
        }
    }
    sx_tensor_force(NULL);
}

static void not_a_number_passes(void **state) {
    (void)state;
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        float x = NAN, y;
        sx_flat_exp(&y, &x, 1);
        assert_true(isnan(y));
        sx_flat_erf(&y, &x, 1);
        assert_true(isnan(y));
        for (int kind = 0; kind < SX_ACTIVATIONS; kind++) {
            assert_true(isnan(value_of(kind, NAN)));
            assert_true(isnan(slope_of(kind, NAN)) || kind == SX_LEAKY_RELU);
        }
    }
    sx_tensor_force(NULL);
}

/* ---- lengths --------------------------------------------------------------------------------- */

#define LONGEST 70

static void random_row(float *x, size_t count, uint64_t seed) {
    sx_random random = sx_random_from(seed, 3, 4);
    for (size_t i = 0; i < count; i++) x[i] = 3 * sx_random_normal(&random);
}

/* Each value has the bits it has alone, and what is beyond the last stays. */
static void check_lengths(int kind, size_t count) {
    float x[LONGEST + 1], y[LONGEST + 1], dy[LONGEST + 1], dx[2][LONGEST + 1];
    sx_activation form = {(sx_activation_kind)kind, slope};
    random_row(x, LONGEST + 1, 5);
    random_row(dy, LONGEST + 1, 6);
    random_row(dx[1], LONGEST + 1, 7);
    y[count] = dx[0][count] = dx[1][count] = 77;
    sx_flat_activation(form, y, x, count);
    for (size_t i = 0; i < count; i++) assert_true(y[i] == value_of(kind, x[i]));
    sx_flat_activation_backward(form, dx[0], dy, x, false, count);
    for (size_t i = 0; i < count; i++) assert_true(dx[0][i] == dy[i] * slope_of(kind, x[i]));
    float before[LONGEST + 1];
    memcpy(before, dx[1], sizeof before);
    sx_flat_activation_backward(form, dx[1], dy, x, true, count);
    for (size_t i = 0; i < count; i++) assert_true(dx[1][i] == dx[0][i] + before[i]);
    assert_true(y[count] == 77 && dx[0][count] == 77 && dx[1][count] == 77);
    sx_flat_activation(form, x, x, count);
    assert_memory_equal(x, y, count * sizeof *x);
}

static void bits_do_not_depend_on_the_place(void **state) {
    (void)state;
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        for (size_t count = 0; count <= LONGEST; count++)
            for (int kind = 0; kind < SX_ACTIVATIONS; kind++) check_lengths(kind, count);
    }
    sx_tensor_force(NULL);
}

/* ---- softmax --------------------------------------------------------------------------------- */

typedef void (*row_function)(float *y, const float *x, size_t count);
typedef void (*row_backward)(float *dx, const float *dy, const float *y, bool accumulate,
                             size_t count);

static void check_row(bool logarithm, size_t count) {
    row_function forward = logarithm ? sx_log_softmax_row : sx_softmax_row;
    row_backward backward = logarithm ? sx_log_softmax_row_backward : sx_softmax_row_backward;
    float x[201], y[201], dy[201], dx[201], before[201];
    random_row(x, 201, count);
    random_row(dy, 201, count + 1);
    random_row(before, 201, count + 2);
    memcpy(dx, before, sizeof dx);
    y[count] = dx[count] = 77;
    forward(y, x, count);
    double sum = 0, top = -INFINITY, product = 0;
    for (size_t i = 0; i < count; i++) top = fmax(top, (double)x[i]);
    for (size_t i = 0; i < count; i++) sum += exp((double)x[i] - top);
    for (size_t i = 0; i < count; i++) {
        double log_share = (double)x[i] - top - log(sum), share = exp(log_share);
        if (logarithm)
            close_to("log softmax", x[i], y[i], log_share, 2e-6);
        else
            close_to("softmax", x[i], y[i], share, 3e-6 * share);
        product += (double)dy[i] * (logarithm ? 1 : share);
    }
    for (int accumulate = 0; accumulate < 2; accumulate++) {
        backward(dx, dy, y, accumulate, count);
        for (size_t i = 0; i < count; i++) {
            double share = exp((double)x[i] - top) / sum, g = (double)dy[i];
            double expected = logarithm ? g - share * product : share * (g - product);
            close_to("row gradient", x[i], dx[i], expected * (1 + accumulate),
                     1e-5 * (1 + fabs(expected)));
        }
    }
    assert_true(y[count] == 77 && dx[count] == 77);
    forward(x, x, count);
    assert_memory_equal(x, y, count * sizeof *x);
}

static void rows_equal_the_library(void **state) {
    (void)state;
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        for (size_t count = 0; count <= 200; count += count < LONGEST ? 1 : 13)
            for (int logarithm = 0; logarithm < 2; logarithm++) check_row(logarithm, count);
    }
    sx_tensor_force(NULL);
}

static void rows_stand_extremes(void **state) {
    (void)state;
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        for (size_t count = 2; count <= 40; count++) {
            float x[40], y[40];
            for (size_t i = 0; i < count; i++) x[i] = i % 2 ? -3e38f : -INFINITY;
            x[count - 1] = 3e38f;
            sx_softmax_row(y, x, count);
            for (size_t i = 0; i < count; i++) assert_true(y[i] == (i == count - 1));
            sx_log_softmax_row(y, x, count);
            assert_true(y[0] == -INFINITY && y[count - 1] == 0);
            x[count / 2] = NAN;
            sx_softmax_row(y, x, count);
            for (size_t i = 0; i < count; i++) assert_true(isnan(y[i]));
            for (size_t i = 0; i < count; i++) x[i] = -INFINITY;
            sx_softmax_row(y, x, count);
            for (size_t i = 0; i < count; i++) assert_true(isnan(y[i]));
        }
    }
    sx_tensor_force(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_equal_the_library),
        cmocka_unit_test(infinities_give_limits),
        cmocka_unit_test(not_a_number_passes),
        cmocka_unit_test(bits_do_not_depend_on_the_place),
        cmocka_unit_test(rows_equal_the_library),
        cmocka_unit_test(rows_stand_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
