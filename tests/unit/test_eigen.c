/* Eigenvalues and principal components: a matrix that is known, what defines them, both ways to
 * them, and what explains nothing. */
#include "tests/unit/unit.h"

#include "core/tensor/tensor.h"

#include <math.h>
#include <string.h>

/* The second difference: 2 - 2 cos(k pi / (n + 1)). */
static void a_known_matrix_has_its_values(void **state) {
    enum { N = 9, COUNT = 4 };
    double a[N * N] = {0}, values[COUNT], vectors[COUNT * N];
    (void)state;
    for (int i = 0; i < N; i++) {
        a[i * N + i] = 2;
        if (i) a[i * N + i - 1] = a[(i - 1) * N + i] = -1;
    }
    assert_int_equal(sx_symmetric_eigen(a, N, COUNT, values, vectors, NULL), SX_OK);
    for (int k = 0; k < COUNT; k++) {
        assert_true(fabs(values[k] - (2 - 2 * cos((N - k) * acos(-1) / (N + 1)))) < 1e-12);
        const double *v = vectors + (ptrdiff_t)k * N;
        double square = 0, most = 0;
        for (int i = 0; i < N; i++) {
            double product = 2 * v[i] - (i ? v[i - 1] : 0) - (i + 1 < N ? v[i + 1] : 0);
            assert_true(fabs(product - values[k] * v[i]) < 1e-12);
            square += v[i] * v[i];
            if (fabs(v[i]) > fabs(most) + 1e-9) most = v[i];
        }
        assert_true(fabs(square - 1) < 1e-12 && most > 0);
    }
}

static void fill(float *x, int rows, int columns) {
    sx_random random = sx_random_from(8, 1, (uint64_t)rows);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            x[r * columns + c] = 5 + sx_random_normal(&random) * (float)(1 + c % 4);
}

/* Vectors are at right angles, and the variance along each is its share of the whole. */
static void check_components(int rows, int columns, int count) {
    float x[400];
    double vectors[400], shares[20], mean[20] = {0}, total = 0;
    fill(x, rows, columns);
    assert_int_equal(sx_principal_components(x, rows, columns, count, vectors, shares, NULL),
                     SX_OK);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) mean[c] += (double)x[r * columns + c] / rows;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) total += pow((double)x[r * columns + c] - mean[c], 2);
    for (int i = 0; i < count; i++) {
        double along = 0;
        for (int r = 0; r < rows; r++) {
            double score = 0;
            for (int c = 0; c < columns; c++)
                score += ((double)x[r * columns + c] - mean[c]) * vectors[i * columns + c];
            along += score * score;
        }
        assert_true(fabs(along / total - shares[i]) < 1e-9);
        assert_true(i == 0 || shares[i] <= shares[i - 1]);
        for (int k = 0; k < count; k++) {
            double product = 0;
            for (int c = 0; c < columns; c++)
                product += vectors[i * columns + c] * vectors[k * columns + c];
            assert_true(fabs(product - (i == k)) < 1e-9);
        }
    }
}

static void components_explain_what_they_say(void **state) {
    (void)state;
    check_components(30, 7, 7);
    check_components(7, 19, 6); /* seven rows without their mean have six */
    check_components(12, 12, 3);
}

static void what_explains_nothing_is_nothing(void **state) {
    (void)state;
    float x[4 * 6];
    double vectors[4 * 6], shares[4];
    for (int turn = 0; turn < 2; turn++) {
        fill(x, 4, 6);
        for (int r = 0; turn && r < 4; r++) memcpy(x + 6 * (ptrdiff_t)r, x, 6 * sizeof *x);
        assert_int_equal(sx_principal_components(x, 4, 6, 4, vectors, shares, NULL), SX_OK);
        assert_true(shares[3] == 0 && (shares[2] > 0) == (turn == 0));
        for (int c = 0; c < 6; c++) assert_true(vectors[3 * 6 + c] == 0);
    }
}

static void memory_that_is_out_is_told(void **state) {
    float x[5 * 5];
    double vectors[5 * 5], shares[5];
    (void)state;
    fill(x, 5, 5);
    sx_status status = SX_NO_MEMORY;
    int failed = 0;
    for (; status == SX_NO_MEMORY && failed < 20; failed++) {
        sx_error err = {0};
        sx_alloc_fail_after(failed);
        status = sx_principal_components(x, 5, 5, 5, vectors, shares, &err);
    }
    sx_alloc_fail_after(-1);
    assert_true(status == SX_OK && failed > 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_matrix_has_its_values),
        cmocka_unit_test(components_explain_what_they_say),
        cmocka_unit_test(what_explains_nothing_is_nothing),
        cmocka_unit_test(memory_that_is_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
