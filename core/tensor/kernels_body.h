/* The kernels, written once in GCC's vector extensions and compiled once per instruction set by
 * kernels_*.c, which say beforehand: LANES, ROWS (most rows of a tile), EACH_HEIGHT(F) (F(1) ..
 * F(ROWS)), BROADCAST(x), MULTIPLY_ADD(a, b, c), KERNELS (the table), ACTIVATIONS (that of
 * activation_body.h) and ISA (its name).
 *
 * A tile keeps up to ROWS x 2 registers of sums. Every sum has a name: gcc 12 leaves an array of
 * them in memory, at a third of the speed. Rows and registers that a tile does not have vanish
 * when its constant arguments are folded. */
#include "core/tensor/kernels.h"

#include <math.h>
#include <string.h>

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef int mask __attribute__((vector_size(4 * LANES)));
typedef vec loose __attribute__((aligned(4), may_alias));

#define LOAD(p) (*(const loose *)(p))
#define INLINE static inline __attribute__((always_inline))

/* row, base pointer of four rows, offset from it */
#define EACH_ROW(F)                                                                                \
    F(0, a0, 0)                                                                                    \
    F(1, a0, s)                                                                                    \
    F(2, a0, s * 2)                                                                                \
    F(3, a0, s3)                                                                                   \
    F(4, a1, 0)                                                                                    \
    F(5, a1, s)                                                                                    \
    F(6, a1, s * 2)                                                                                \
    F(7, a1, s3) F(8, a2, 0) F(9, a2, s) F(10, a2, s * 2) F(11, a2, s3) F(12, a3, 0) F(13, a3, s)

/* NaN passes: a diverging run is something to see. */
INLINE vec rectify(vec x) {
    return (vec)((mask)x & ~(mask)(x < (vec){0}));
}

/* The last block's columns that are not a whole register. */
static __attribute__((noinline)) void store_part(const sx_product *p, float *c, const float *row) {
    for (int j = 0; j < p->n; j++) {
        float x = p->accumulate ? row[j] + c[j] : row[j];
        c[j] = p->relu && x < 0 ? 0 : x;
    }
}

INLINE void store(const sx_product *p, float *c, vec low, vec high, int wide) {
    const int width = wide ? 2 * LANES : LANES;
    if (p->n == width) {
        if (p->accumulate) low += LOAD(c);
        *(loose *)c = p->relu ? rectify(low) : low;
        if (!wide) return;
        if (p->accumulate) high += LOAD(c + LANES);
        *(loose *)(c + LANES) = p->relu ? rectify(high) : high;
        return;
    }
    float row[2 * LANES];
    *(loose *)row = low;
    if (wide) *(loose *)(row + LANES) = high;
    store_part(p, c, row);
}

#define DECLARE(i, base, offset) vec low##i = bias_low, high##i = bias_high;
#define STEP(i, base, offset)                                                                      \
    if (height > i) {                                                                              \
        vec x = BROADCAST((base)[offset]);                                                         \
        low##i = MULTIPLY_ADD(x, low, low##i);                                                     \
        if (wide) high##i = MULTIPLY_ADD(x, high, high##i);                                        \
    }
#define STORE(i, base, offset)                                                                     \
    if (height > i) store(p, c + i * p->c_step, low##i, high##i, wide);

/* Rows first .. first + height - 1 of a product. `across`: a_step is 1, else a_depth is. */
INLINE void tile(const sx_product *p, int first, const int height, const int wide,
                 const int across) {
    const ptrdiff_t s = across ? 1 : p->a_step, s3 = 3 * s, next = across ? p->a_depth : 1;
    vec bias_low = {0}, bias_high = {0};
    if (p->bias) {
        bias_low = LOAD(p->bias);
        if (wide) bias_high = LOAD(p->bias + LANES);
    }
    EACH_ROW(DECLARE)
    for (int r = 0; r < p->rows; r++) {
        const float *b = p->b + r * p->b_row, *a0 = p->a + first * s + r * p->a_row;
        const float *a1 = height > 4 ? a0 + 4 * s : a0, *a2 = height > 8 ? a0 + 8 * s : a0;
        const float *a3 = height > 12 ? a0 + 12 * s : a0;
        for (int k = p->depth; k > 0; k--) {
            vec low = LOAD(b), high = low;
            if (wide) high = LOAD(b + LANES);
            EACH_ROW(STEP)
            b += p->b_depth;
            a0 += next;
            a1 += next;
            a2 += next;
            a3 += next;
        }
    }
    float *c = p->c + first * p->c_step;
    EACH_ROW(STORE)
}

typedef void (*tile_function)(const sx_product *, int first);

#define INSTANCES(h)                                                                               \
    static void along_narrow_##h(const sx_product *p, int first) {                                 \
        tile(p, first, h, 0, 0);                                                                   \
    }                                                                                              \
    static void along_wide_##h(const sx_product *p, int first) {                                   \
        tile(p, first, h, 1, 0);                                                                   \
    }                                                                                              \
    static void across_narrow_##h(const sx_product *p, int first) {                                \
        tile(p, first, h, 0, 1);                                                                   \
    }                                                                                              \
    static void across_wide_##h(const sx_product *p, int first) {                                  \
        tile(p, first, h, 1, 1);                                                                   \
    }
EACH_HEIGHT(INSTANCES)

#define ENTRY(h) {{along_narrow_##h, along_wide_##h}, {across_narrow_##h, across_wide_##h}},
static const tile_function tiles[ROWS][2][2] = {EACH_HEIGHT(ENTRY)};

/* Cuts the rows into tiles of nearly equal height, so that none is too low to fill the pipeline. */
static void product(const sx_product *p) {
    int count = (p->m + ROWS - 1) / ROWS, first = 0;
    int across = p->a_depth != 1, wide = p->n > LANES;
    if (count == 0) return;
    int least = p->m / count, higher = p->m % count;
    for (int t = 0; t < count; t++) {
        int height = least + (t < higher);
        tiles[height - 1][across][wide](p, first);
        first += height;
    }
}

static void add(float *sum, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) sum[i] += x[i];
}

/* Whole registers are summed over all rows before they are stored. */
static void add_rows(float *sum, const float *x, size_t rows, size_t length) {
    size_t i = 0;
    for (; i + 4 * LANES <= length; i += 4 * LANES) {
        vec a = LOAD(sum + i), b = LOAD(sum + i + LANES);
        vec c = LOAD(sum + i + 2 * LANES), d = LOAD(sum + i + 3 * LANES);
        for (const float *row = x + i, *end = row + rows * length; row < end; row += length) {
            a += LOAD(row);
            b += LOAD(row + LANES);
            c += LOAD(row + 2 * LANES);
            d += LOAD(row + 3 * LANES);
        }
        *(loose *)(sum + i) = a;
        *(loose *)(sum + i + LANES) = b;
        *(loose *)(sum + i + 2 * LANES) = c;
        *(loose *)(sum + i + 3 * LANES) = d;
    }
    for (; i < length; i++)
        for (size_t r = 0; r < rows; r++) sum[i] += x[r * length + i];
}

static void squares(float *restrict sum, const float *restrict x, const float *restrict mean,
                    size_t count) {
    for (size_t i = 0; i < count; i++) {
        float d = x[i] - mean[i];
        sum[i] += d * d;
    }
}

static void relu(float *y, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

static void sum_of(float *y, const float *a, const float *b, bool rectified, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = a[i] + b[i];
    if (rectified) relu(y, y, count);
}

static void affine_of(float *restrict y, const float *restrict x, const sx_affine *affine,
                      bool rectified, size_t count) {
    const float *restrict mean = affine->mean, *restrict scale = affine->scale;
    const float *restrict shift = affine->shift;
    if (rectified) {
        for (size_t i = 0; i < count; i++) {
            float v = (x[i] - mean[i]) * scale[i] + shift[i];
            y[i] = v < 0 ? 0 : v;
        }
        return;
    }
    for (size_t i = 0; i < count; i++) y[i] = (x[i] - mean[i]) * scale[i] + shift[i];
}

static void relu_backward(float *dx, const float *dy, const float *y, bool accumulate,
                          size_t count) {
    if (accumulate)
        for (size_t i = 0; i < count; i++) dx[i] += y[i] <= 0 ? 0 : dy[i];
    else
        for (size_t i = 0; i < count; i++) dx[i] = y[i] <= 0 ? 0 : dy[i];
}

static void moments(float *restrict sum, float *restrict with_x, const float *restrict dy,
                    const float *restrict x, const float *restrict mean, size_t count) {
    for (size_t i = 0; i < count; i++) {
        sum[i] += dy[i];
        with_x[i] += dy[i] * (x[i] - mean[i]);
    }
}

static void affine_backward(float *dx, const float *dy, const float *restrict x,
                            const sx_affine_backward *affine, bool accumulate, size_t count) {
    const float *restrict mean = affine->mean, *restrict scale = affine->scale;
    const float *restrict slope = affine->slope, *restrict offset = affine->offset;
    if (accumulate)
        for (size_t i = 0; i < count; i++)
            dx[i] += dy[i] * scale[i] - (x[i] - mean[i]) * slope[i] - offset[i];
    else
        for (size_t i = 0; i < count; i++)
            dx[i] = dy[i] * scale[i] - (x[i] - mean[i]) * slope[i] - offset[i];
}

/* The larger; NaN if either is. */
INLINE float larger(float a, float b) {
    return b > a || b != b ? b : a;
}

INLINE vec only(mask where, vec x) {
    return (vec)(where & (mask)x);
}

INLINE vec larger_of(vec a, vec b) {
    mask second = (b > a) | (b != b);
    return (vec)((mask)only(second, b) | (mask)only(~second, a));
}

static void maximum_of_four(const float *x, ptrdiff_t row, size_t channels, float *y) {
    const float *below = x + row;
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
        vec best = larger_of(LOAD(x + c), LOAD(x + channels + c));
        best = larger_of(best, LOAD(below + c));
        *(loose *)(y + c) = larger_of(best, LOAD(below + channels + c));
    }
    for (; c < channels; c++)
        y[c] = larger(larger(larger(x[c], x[channels + c]), below[c]), below[channels + c]);
}

/* Pixel k of a window, from its first value. */
INLINE ptrdiff_t window_pixel(const sx_windows *form, int k) {
    return k / form->width * form->row + (ptrdiff_t)(k % form->width) * form->channels;
}

static void maximum_of_any(const sx_windows *form, const float *x, const float *sign, float *y) {
    int c = 0, pixels = form->height * form->width;
    for (; c + LANES <= form->channels; c += LANES) {
        vec factor = BROADCAST(1.0f);
        if (sign) factor = LOAD(sign + c);
        vec best = LOAD(x + c) * factor;
        for (int k = 1; k < pixels; k++)
            best = larger_of(best, LOAD(x + window_pixel(form, k) + c) * factor);
        *(loose *)(y + c) = best * factor;
    }
    for (; c < form->channels; c++) {
        float factor = sign ? sign[c] : 1, best = factor * x[c];
        for (int k = 1; k < pixels; k++) best = larger(best, factor * x[window_pixel(form, k) + c]);
        y[c] = factor * best;
    }
}

static void windows_maximum(const sx_windows *form, const float *x, const float *sign, float *y) {
    size_t channels = (size_t)form->channels;
    for (int w = 0; w < form->windows; w++, x += form->step, y += channels)
        if (form->height == 2 && form->width == 2 && !sign)
            maximum_of_four(x, form->row, channels, y);
        else
            maximum_of_any(form, x, sign, y);
}

/* Windows of 2 x 2 that do not overlap: every pixel of dx is written. gcc 12 leaves the plain loop
 * over channels scalar. */
static void four_backward(const sx_maximum_backward *at, ptrdiff_t row, size_t channels) {
    const float *x = at->x, *below = at->x + row;
    float *dx = at->dx, *dx_below = at->dx + row;
    size_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
        vec top = LOAD(at->y + c), g = LOAD(at->dy + c);
        mask first = LOAD(x + c) == top;
        mask second = (LOAD(x + channels + c) == top) & ~first;
        mask third = (LOAD(below + c) == top) & ~(first | second);
        mask fourth = (LOAD(below + channels + c) == top) & ~(first | second | third);
        *(loose *)(dx + c) = only(first, g);
        *(loose *)(dx + channels + c) = only(second, g);
        *(loose *)(dx_below + c) = only(third, g);
        *(loose *)(dx_below + channels + c) = only(fourth, g);
    }
    for (; c < channels; c++) {
        float top = at->y[c], g = at->dy[c];
        int first = x[c] == top, second = x[channels + c] == top, third = below[c] == top;
        int fourth = below[channels + c] == top;
        dx[c] = first ? g : 0;
        dx[channels + c] = second > first ? g : 0;
        dx_below[c] = third > (first | second) ? g : 0;
        dx_below[channels + c] = fourth > (first | second | third) ? g : 0;
    }
}

static void any_backward(const sx_windows *form, const sx_maximum_backward *at) {
    int c = 0, pixels = form->height * form->width;
    for (; c + LANES <= form->channels; c += LANES) {
        vec top = LOAD(at->y + c), dy = LOAD(at->dy + c);
        mask found = {0};
        for (int k = 0; k < pixels; k++) {
            ptrdiff_t i = window_pixel(form, k) + c;
            mask here = (LOAD(at->x + i) == top) & ~found;
            vec g = only(here, dy);
            found |= here;
            if (at->accumulate) g += LOAD(at->dx + i);
            *(loose *)(at->dx + i) = g;
        }
    }
    for (; c < form->channels; c++)
        for (int k = 0, found = 0; k < pixels; k++) {
            ptrdiff_t i = window_pixel(form, k) + c;
            float g = !found && at->x[i] == at->y[c] ? at->dy[c] : 0;
            found |= at->x[i] == at->y[c];
            at->dx[i] = at->accumulate ? at->dx[i] + g : g;
        }
}

static void windows_maximum_backward(const sx_windows *form, const sx_maximum_backward *arrays) {
    sx_maximum_backward at = *arrays;
    for (int w = 0; w < form->windows; w++) {
        if (form->height == 2 && form->width == 2 && !at.accumulate)
            four_backward(&at, form->row, (size_t)form->channels);
        else
            any_backward(form, &at);
        at.x += form->step;
        at.dx += form->step;
        at.y += form->channels;
        at.dy += form->channels;
    }
}

static void add_product(float *restrict y, const float *restrict a, const float *restrict b,
                        size_t count) {
    for (size_t i = 0; i < count; i++) y[i] += a[i] * b[i];
}

static void scale_by(float *restrict y, const float *restrict x, float factor, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = x[i] * factor;
}

static void add_scaled(float *restrict y, const float *restrict x, float factor, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] += x[i] * factor;
}

/* One step of a transposition in registers: exchanges the bit of weight fold[0] of the row's number
 * with that of the column's. */
#define EXCHANGE(...)                                                                              \
    {                                                                                              \
        const mask fold = {__VA_ARGS__}, odd = ((fold ^ fold[0]) & fold[0]) != 0;                  \
        for (int i = 0; i < LANES; i++) {                                                          \
            if (i & fold[0]) continue;                                                             \
            vec a = v[i], b = v[i | fold[0]];                                                      \
            vec a_moved = __builtin_shufflevector(a, a, __VA_ARGS__);                              \
            vec b_moved = __builtin_shufflevector(b, b, __VA_ARGS__);                              \
            v[i] = (vec)((mask)only(odd, b_moved) | (mask)only(~odd, a));                          \
            v[i | fold[0]] = (vec)((mask)only(odd, b) | (mask)only(~odd, a_moved));                \
        }                                                                                          \
    }

static void transpose_tile(float *to, size_t to_row, const float *from, size_t from_row) {
    vec v[LANES];
    for (size_t i = 0; i < LANES; i++) v[i] = LOAD(from + i * from_row);
    EACH_FOLD(EXCHANGE)
    for (size_t i = 0; i < LANES; i++) *(loose *)(to + i * to_row) = v[i];
}

static void transpose(float *to, size_t to_row, const float *from, size_t from_row, size_t rows,
                      size_t columns) {
    for (size_t c = 0; c < columns; c += LANES)
        for (size_t r = 0; r < rows; r += LANES) {
            if (c + LANES <= columns && r + LANES <= rows) {
                transpose_tile(to + c * to_row + r, to_row, from + r * from_row + c, from_row);
                continue;
            }
            for (size_t i = c; i < columns && i < c + LANES; i++)
                for (size_t j = r; j < rows && j < r + LANES; j++)
                    to[i * to_row + j] = from[j * from_row + i];
        }
}

#include "core/tensor/winograd_body.h"

const sx_kernels KERNELS = {
    .name = ISA,
    .lanes = LANES,
    .norm = &NORM_KERNELS,
    .product = product,
    .add = add,
    .add_rows = add_rows,
    .squares = squares,
    .sum = sum_of,
    .affine = affine_of,
    .relu = relu,
    .relu_backward = relu_backward,
    .moments = moments,
    .affine_backward = affine_backward,
    .windows_maximum = windows_maximum,
    .windows_maximum_backward = windows_maximum_backward,
    .add_product = add_product,
    .scale = scale_by,
    .add_scaled = add_scaled,
    .transpose = transpose,
    .winograd_pack = winograd_pack,
    .winograd_convolve = winograd_convolve,
    .winograd_correlate = winograd_correlate,
    .winograd_gradient = winograd_gradient,
    .activations = &ACTIVATIONS,
};
