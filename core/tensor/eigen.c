/* Symmetric eigenvalues and principal components. LAPACK's dsyevr finds only those that are wanted;
 * its prototype stands here since OpenBLAS brings the routine, but Debian no header for it.
 *
 * Components come from the smaller of two matrices that share their eigenvalues: X^T X over the
 * columns, or X X^T over the rows, from whose vectors u the components are X^T u. */
#include "core/tensor/tensor.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Lengths of the three letters come last, as Fortran passes them. */
void dsyevr_(const char *job, const char *range, const char *triangle, const int *n, double *a,
             const int *lda, const double *low, const double *high, const int *first,
             const int *last, const double *tolerance, int *found, double *values, double *vectors,
             const int *ldz, int *support, double *work, const int *work_size, int *whole,
             const int *whole_size, int *info, size_t, size_t, size_t);

/* Room that dsyevr asks for at the least is 26 n and 10 n; more makes it faster. */
#define WORK 40
#define WHOLE 10

static sx_status no_memory(int n, sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for the eigenvalues of %d x %d values", n,
                   n);
}

/* Turns a vector so that its largest value, the first of those that are equal but for rounding, is
 * positive. */
static void fix_sign(double *vector, int n) {
    int most = 0;
    for (int i = 1; i < n; i++)
        if (fabs(vector[i]) > fabs(vector[most]) * (1 + 1e-9)) most = i;
    for (int i = 0; vector[most] < 0 && i < n; i++)
        if (i != most) vector[i] = -vector[i];
    vector[most] = fabs(vector[most]);
}

/* LAPACK gives the smallest first. */
static void turn_round(double *values, double *vectors, int n, int count) {
    for (int i = 0, k = count - 1; i < k; i++, k--) {
        double value = values[i];
        values[i] = values[k];
        values[k] = value;
        cblas_dswap(n, vectors + (ptrdiff_t)i * n, 1, vectors + (ptrdiff_t)k * n, 1);
    }
    for (int i = 0; i < count; i++) fix_sign(vectors + (ptrdiff_t)i * n, n);
}

sx_status sx_symmetric_eigen(double *a, int n, int count, double *values, double *vectors,
                             sx_error *err) {
    sx_arena arena = {0};
    double *work = sx_arena_alloc(&arena, (size_t)n * WORK, sizeof *work);
    double *all = sx_arena_alloc(&arena, (size_t)n, sizeof *all);
    int *whole = sx_arena_alloc(&arena, (size_t)n * WHOLE, sizeof *whole);
    int *support = sx_arena_alloc(&arena, (size_t)n * 2, sizeof *support);
    int first = n - count + 1, size = n * WORK, whole_size = n * WHOLE, found = 0, info = 0;
    const double unused = 0, tolerance = 0;
    if (!work || !all || !whole || !support) {
        sx_arena_done(&arena);
        return no_memory(n, err);
    }
    dsyevr_("V", "I", "U", &n, a, &n, &unused, &unused, &first, &n, &tolerance, &found, all,
            vectors, &n, support, work, &size, whole, &whole_size, &info, 1, 1, 1);
    sx_status status = SX_OK;
    if (info != 0 || found != count)
        status = sx_fail(err, SX_BAD_INPUT, "the eigenvalues of a matrix cannot be found");
    if (!status) {
        memcpy(values, all, (size_t)count * sizeof *values);
        turn_round(values, vectors, n, count);
    }
    sx_arena_done(&arena);
    return status;
}

/* x without the mean of its rows. */
static void centre(const float *x, int rows, int columns, double *out) {
    for (int c = 0; c < columns; c++) {
        double mean = 0;
        for (int r = 0; r < rows; r++) mean += (double)x[(ptrdiff_t)r * columns + c] / rows;
        for (int r = 0; r < rows; r++)
            out[(ptrdiff_t)r * columns + c] = (double)x[(ptrdiff_t)r * columns + c] - mean;
    }
}

/* From vectors u [count, rows] of X X^T to those of X^T X. */
static void to_columns(const double *x, int rows, int columns, int count, const double *values,
                       const double *u, double *vectors) {
    for (int i = 0; i < count; i++) {
        double *v = vectors + (ptrdiff_t)i * columns;
        double length = values[i] > 0 ? sqrt(values[i]) : 0;
        cblas_dgemv(CblasRowMajor, CblasTrans, rows, columns, length > 0 ? 1 / length : 0, x,
                    columns, u + (ptrdiff_t)i * rows, 1, 0, v, 1);
        fix_sign(v, columns);
    }
}

typedef struct {
    double *x, *square, *u, *values;
    int side; /* of the smaller square */
} component_work;

static sx_status find_components(component_work *w, int rows, int columns, int count,
                                 double *vectors, double *shares, sx_error *err) {
    bool by_rows = rows < columns;
    double total = 0;
    cblas_dsyrk(CblasRowMajor, CblasLower, by_rows ? CblasNoTrans : CblasTrans, w->side,
                by_rows ? columns : rows, 1, w->x, columns, 0, w->square, w->side);
    for (int i = 0; i < w->side; i++) total += w->square[(ptrdiff_t)i * w->side + i];
    sx_status status =
        sx_symmetric_eigen(w->square, w->side, count, w->values, by_rows ? w->u : vectors, err);
    if (status) return status;
    double least = total * 1e-14; /* rounding, where there are fewer components than are wanted */
    for (int i = 0; i < count; i++) {
        if (w->values[i] <= least) w->values[i] = 0;
        shares[i] = total > 0 ? w->values[i] / total : 0;
    }
    if (by_rows) to_columns(w->x, rows, columns, count, w->values, w->u, vectors);
    for (int i = 0; i < count; i++)
        if (shares[i] <= 0) memset(vectors + (ptrdiff_t)i * columns, 0, (size_t)columns * 8);
    return SX_OK;
}

sx_status sx_principal_components(const float *x, int rows, int columns, int count, double *vectors,
                                  double *shares, sx_error *err) {
    sx_arena arena = {0};
    component_work w = {.side = rows < columns ? rows : columns};
    size_t side = (size_t)w.side;
    w.x = sx_arena_alloc(&arena, (size_t)rows * (size_t)columns, sizeof *w.x);
    w.square = sx_arena_alloc(&arena, side * side, sizeof *w.square);
    w.u = sx_arena_alloc(&arena, (size_t)count * (size_t)rows, sizeof *w.u);
    w.values = sx_arena_alloc(&arena, (size_t)count, sizeof *w.values);
    if (!w.x || !w.square || !w.u || !w.values) {
        sx_arena_done(&arena);
        return no_memory(w.side, err);
    }
    centre(x, rows, columns, w.x);
    sx_status status = find_components(&w, rows, columns, count, vectors, shares, err);
    sx_arena_done(&arena);
    return status;
}
