/* Kernels: every instruction set of this machine against plain loops, over odd shapes. */
#include "tests/unit/unit.h"

#include "core/tensor/kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const levels[] = {"baseline", "avx2", "avx512"};

static float *random_floats(size_t count, uint64_t seed) {
    float *x = sx_alloc(count, sizeof *x);
    sx_random random = sx_random_from(seed, 1, 2);
    for (size_t i = 0; i < count; i++) x[i] = sx_random_normal(&random);
    return x;
}

static double plain_product(const sx_product *p, int i, int j, double before) {
    double sum = p->bias ? p->bias[j] : 0;
    for (int r = 0; r < p->rows; r++)
        for (int k = 0; k < p->depth; k++)
            sum += (double)p->a[i * p->a_step + r * p->a_row + k * p->a_depth] *
                   p->b[r * p->b_row + k * p->b_depth + j];
    if (p->accumulate) sum += before;
    return p->relu && sum < 0 ? 0 : sum;
}

/* c has 3 floats more than n in a row; they, and what is beyond the last row, must stay. */
static void check_product(sx_product p) {
    size_t size = (size_t)(p.m * (p.n + 3));
    float *c = random_floats(size + 1, 7), *before = random_floats(size + 1, 7);
    p.c = c;
    p.c_step = p.n + 3;
    sx_product_run(&p);
    for (int i = 0; i < p.m; i++)
        for (int j = 0; j < p.n + 3; j++) {
            int at = i * (p.n + 3) + j;
            double expected = j < p.n ? plain_product(&p, i, j, before[at]) : before[at];
            if (!(fabs(c[at] - expected) <= 2e-5 * (1 + fabs(expected))))
                fail_msg("%s: m %d n %d rows %d depth %d at (%d, %d): %g, not %g", sx_tensor_isa(),
                         p.m, p.n, p.rows, p.depth, i, j, (double)c[at], expected);
        }
    assert_true(c[size] == before[size]);
    sx_free(c);
    sx_free(before);
}

static void products_equal_plain_loops(void **state) {
    (void)state;
    float *a = random_floats(60000, 1), *b = random_floats(60000, 2), *bias = random_floats(64, 3);
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        int block = sx_block();
        for (int m = 1; m <= 31; m++)
            for (int n = 1; n <= block; n += n < 5 ? 1 : 3) {
                int variant = m * 3 + n, rows = variant % 4, depth = 1 + variant * 7 % 23;
                sx_product along = {m,
                                    n,
                                    rows,
                                    depth,
                                    a,
                                    37,
                                    1200,
                                    1,
                                    b,
                                    30 * 64,
                                    64,
                                    NULL,
                                    0,
                                    variant % 3 ? bias : NULL,
                                    variant % 2 == 0,
                                    variant % 5 == 0};
                check_product(along);
                sx_product across = along;
                across.a_step = 1;
                across.a_depth = 41;
                check_product(across);
            }
    }
    sx_tensor_force(NULL);
    sx_free(a);
    sx_free(b);
    sx_free(bias);
}

/* The bits of a value depend on its own operands only, not on the height of its tile. */
static void bits_do_not_depend_on_neighbours(void **state) {
    (void)state;
    float *a = random_floats(4000, 1), *b = random_floats(4000, 2);
    float whole[29 * 8], single[8];
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        sx_product p = {.m = 29,
                        .n = 8,
                        .rows = 1,
                        .depth = 50,
                        .a = a,
                        .a_step = 77,
                        .a_depth = 1,
                        .b = b,
                        .b_depth = 64,
                        .c = whole,
                        .c_step = 8};
        sx_product_run(&p);
        for (int i = 0; i < 29; i++) {
            p.m = 1;
            p.a = a + 77 * i;
            p.c = single;
            sx_product_run(&p);
            assert_memory_equal(single, whole + 8 * i, sizeof single);
        }
    }
    sx_tensor_force(NULL);
    sx_free(a);
    sx_free(b);
}

#define CHECK_FLAT(call, expression)                                                               \
    do {                                                                                           \
        memcpy(y, y0, sizeof y);                                                                   \
        call;                                                                                      \
        for (int i = 0; i < count; i++) {                                                          \
            double expected = (expression);                                                        \
            if (fabs(y[i] - expected) > 1e-5 * (1 + fabs(expected)))                               \
                fail_msg("%s: %s at %d: %g, not %g", sx_tensor_isa(), #call, i, (double)y[i],      \
                         expected);                                                                \
        }                                                                                          \
        assert_true(y[count] == y0[count]);                                                        \
    } while (0)

static void flat_passes_equal_plain_loops(void **state) {
    (void)state;
    enum { MOST = 67 };
    float y[MOST + 1], y0[MOST + 1], z[MOST + 1];
    float *x = random_floats(MOST, 1), *a = random_floats(MOST, 2), *b = random_floats(MOST, 3);
    float *d = random_floats(MOST, 4), *random = random_floats(MOST + 1, 5);
    memcpy(y0, random, sizeof y0);
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        for (int count = 0; count <= MOST; count++) {
            size_t n = (size_t)count;
            sx_affine affine = {a, b, d};
            sx_affine_backward back = {a, b, d, y0};
            CHECK_FLAT(sx_flat_add(y, x, n), (double)y0[i] + x[i]);
            CHECK_FLAT(sx_flat_squares(y, x, a, n), y0[i] + pow((double)x[i] - a[i], 2));
            CHECK_FLAT(sx_flat_sum(y, x, a, false, n), (double)x[i] + a[i]);
            CHECK_FLAT(sx_flat_sum(y, x, a, true, n), fmax((double)x[i] + a[i], 0));
            CHECK_FLAT(sx_flat_affine(y, x, &affine, false, n),
                       ((double)x[i] - a[i]) * b[i] + d[i]);
            CHECK_FLAT(sx_flat_affine(y, x, &affine, true, n),
                       fmax(((double)x[i] - a[i]) * b[i] + d[i], 0));
            CHECK_FLAT(sx_flat_relu(y, x, n), fmax(x[i], 0));
            CHECK_FLAT(sx_flat_relu_backward(y, x, a, false, n), a[i] > 0 ? x[i] : 0);
            CHECK_FLAT(sx_flat_relu_backward(y, x, a, true, n), y0[i] + (a[i] > 0 ? x[i] : 0));
            CHECK_FLAT(sx_flat_affine_backward(y, x, d, &back, false, n),
                       (double)x[i] * b[i] - ((double)d[i] - a[i]) * d[i] - y0[i]);
            CHECK_FLAT(sx_flat_affine_backward(y, x, d, &back, true, n),
                       (double)x[i] * b[i] - ((double)d[i] - a[i]) * d[i]);
            CHECK_FLAT(sx_flat_scale(y, x, 0.3f, n), 0.3 * x[i]);
            CHECK_FLAT(sx_flat_add_scaled(y, x, 0.3f, n), y0[i] + 0.3 * x[i]);
            memcpy(z, y0, sizeof z);
            CHECK_FLAT(sx_flat_moments(y, z, x, d, a, n), (double)y0[i] + x[i]);
            for (int i = 0; i < count; i++)
                assert_true(fabs(z[i] - (y0[i] + x[i] * ((double)d[i] - a[i]))) < 1e-4);
        }
    }
    sx_tensor_force(NULL);
    sx_free(x);
    sx_free(a);
    sx_free(b);
    sx_free(d);
    sx_free(random);
}

/* A diverging run is something to see: NaN is not turned into 0. */
/* Rows and columns below, at and beyond whole registers; what lies between the rows must stay. */
static void transposes_equal_plain_loops(void **state) {
    (void)state;
    float *from = random_floats(50 * 60, 1);
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        for (size_t rows = 1; rows < 50; rows += 5)
            for (size_t columns = 1; columns < 50; columns += 3) {
                float *to = random_floats(60 * 51, 2), *before = random_floats(60 * 51, 2);
                sx_flat_transpose(to, 51, from, 60, rows, columns);
                for (size_t i = 0; i < 60 * 51; i++) {
                    size_t c = i / 51, r = i % 51;
                    bool inside = c < columns && r < rows;
                    assert_true(to[i] == (inside ? from[r * 60 + c] : before[i]));
                }
                sx_free(to);
                sx_free(before);
            }
    }
    sx_tensor_force(NULL);
    sx_free(from);
}

static void nan_passes_through_relu(void **state) {
    (void)state;
    float a[1] = {NAN}, b[64] = {1}, c[40] = {0}, y[40];
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        for (int n = 1; n <= sx_block(); n += sx_block() - 1) {
            sx_product p = {.m = 1,
                            .n = n,
                            .rows = 1,
                            .depth = 1,
                            .a = a,
                            .a_step = 1,
                            .a_depth = 1,
                            .b = b,
                            .b_depth = 64,
                            .c = c,
                            .c_step = 40,
                            .relu = true};
            sx_product_run(&p);
            assert_true(isnan(c[0]));
        }
        sx_flat_relu(y, c, 40);
        assert_true(isnan(y[0]));
    }
    sx_tensor_force(NULL);
}

/* Windows of `kernel` squared, side by side or overlapping, with ties and a NaN. */
static void check_windows(int kernel, int stride, int channels, const float *sign) {
    enum { WINDOWS = 3 };
    int width = (WINDOWS - 1) * stride + kernel + 1, size = kernel * width * channels;
    float *x = random_floats((size_t)size, 1), *dy = random_floats(WINDOWS * 40, 2);
    float *dx = random_floats((size_t)size, 3), *before = random_floats((size_t)size, 3);
    float y[WINDOWS * 40];
    sx_windows form = {WINDOWS,         kernel, kernel, channels, (ptrdiff_t)stride * channels,
                       width * channels};
    for (int i = 0; i < size; i++) x[i] = roundf(x[i]);
    x[size / 2] = NAN;
    sx_windows_maximum(&form, x, sign, y);
    bool accumulate = stride < kernel;
    sx_maximum_backward arrays = {x, y, dy, dx, accumulate};
    sx_windows_maximum_backward(&form, &arrays);
    for (int w = 0; w < WINDOWS; w++)
        for (int c = 0; c < channels; c++) {
            int best = -1;
            bool nan = false;
            for (int k = 0; k < kernel * kernel; k++) {
                int at = (k / kernel * width + w * stride + k % kernel) * channels + c;
                float factor = sign ? sign[c] : 1;
                nan |= isnan(x[at]);
                if (best < 0 || factor * x[at] > factor * x[best]) best = at;
                if (!accumulate) before[at] = 0;
            }
            float got = y[w * channels + c];
            assert_true(nan ? isnan(got) : got == x[best]);
            if (!nan) before[best] += dy[w * channels + c];
        }
    for (int i = 0; i < size; i++) assert_true(fabsf(dx[i] - before[i]) < 1e-6);
    sx_free(x);
    sx_free(dy);
    sx_free(dx);
    sx_free(before);
}

static void windows_equal_plain_loops(void **state) {
    (void)state;
    float sign[40];
    for (int c = 0; c < 40; c++) sign[c] = c % 3 ? 1 : -1;
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        for (int kernel = 1; kernel <= 3; kernel++)
            for (int stride = 1; stride <= 3; stride++)
                for (int channels = 1; channels <= 40; channels += 3) {
                    check_windows(kernel, stride, channels, NULL);
                    check_windows(kernel, stride, channels, sign);
                }
    }
    sx_tensor_force(NULL);
}

static void geometry_counts_the_halo(void **state) {
    (void)state;
    sx_geometry g = {5, 7, 3, 2};
    assert_int_equal(sx_geometry_row(g), 33);
    assert_int_equal(sx_geometry_size(g), 9 * 33);
    assert_int_equal(sx_geometry_start(g), 2 * 33 + 6);
    assert_true(sx_geometry_stride(g) >= sx_geometry_size(g) + 32);
    assert_int_equal(sx_geometry_stride(g) % 16, 0);
}

static void softmax_is_stable(void **state) {
    (void)state;
    float x[6] = {1000, 1001, 999, -3e38f, 0, 3e38f};
    sx_softmax(x, 2, 3);
    double sum = exp(-1.0) + 1 + exp(-2.0);
    assert_true(fabs(x[0] - exp(-1.0) / sum) < 1e-6 && fabs(x[1] - 1 / sum) < 1e-6);
    assert_true(x[3] == 0 && x[4] == 0 && x[5] == 1);
}

static void matmul_takes_all_forms(void **state) {
    (void)state;
    sx_tensor_init();
    float *a = random_floats(35, 1), *b = random_floats(35, 2);
    for (int form = 0; form < 4; form++) {
        bool ta = form & 1, tb = form & 2;
        float c[3 * 4] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
        sx_matmul(ta, tb, 3, 4, 5, 2, a, ta ? 3 : 5, b, tb ? 5 : 4, 0.5f, c, 4);
        for (int i = 0; i < 12; i++) {
            double sum = 0;
            for (int k = 0; k < 5; k++)
                sum += (double)a[ta ? k * 3 + i / 4 : i / 4 * 5 + k] *
                       b[tb ? i % 4 * 5 + k : k * 4 + i % 4];
            assert_true(fabs(c[i] - (2 * sum + 0.5)) < 1e-4);
        }
    }
    sx_free(a);
    sx_free(b);
}

static void an_unknown_instruction_set_is_refused(void **state) {
    (void)state;
    const char *best = sx_tensor_isa();
    assert_false(sx_tensor_force("sse9"));
    assert_string_equal(sx_tensor_isa(), best);
    assert_true(sx_tensor_force("baseline"));
    assert_string_equal(sx_tensor_isa(), "baseline");
    assert_true(sx_tensor_force(NULL));
    assert_string_equal(sx_tensor_isa(), best);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(geometry_counts_the_halo),
        cmocka_unit_test(products_equal_plain_loops),
        cmocka_unit_test(bits_do_not_depend_on_neighbours),
        cmocka_unit_test(flat_passes_equal_plain_loops),
        cmocka_unit_test(transposes_equal_plain_loops),
        cmocka_unit_test(windows_equal_plain_loops),
        cmocka_unit_test(nan_passes_through_relu),
        cmocka_unit_test(softmax_is_stable),
        cmocka_unit_test(matmul_takes_all_forms),
        cmocka_unit_test(an_unknown_instruction_set_is_refused),
    };
    return cmocka_run_group_tests_name("tensor", tests, NULL, NULL);
}
