/* F(4x4, 3x3) for one instruction set; part of kernels_body.h, whose product it uses.
 *
 * Tiles of 4 x 4 output pixels are counted through all images. A block of them is transformed to
 * 36 points, [point][tile][channel]; each point is then a matrix product over channels (or, for the
 * gradient by the weights, over tiles). Blocks are so small that transformed data stays in the
 * second cache. Transforms take a register of channels at a time, one axis after the other. */

#define POINTS ((size_t)36)

/* A tile's image, first pixel, and how much of it lies within the image. */
typedef struct {
    size_t image;
    int y, x, rows, columns;
} winograd_tile;

INLINE int at_most(int limit, int x) {
    return x < limit ? x : limit;
}

INLINE vec load_if(bool given, const float *p) {
    vec x = {0};
    if (given) x = LOAD(p);
    return x;
}

static int tiles_of(const sx_winograd *f) {
    return f->count * ((f->in.height + 3) / 4) * ((f->in.width + 3) / 4);
}

static winograd_tile tile_at(const sx_winograd *f, int index) {
    int across = (f->in.width + 3) / 4, down = (f->in.height + 3) / 4;
    winograd_tile t = {.image = (size_t)(index / (across * down)),
                       .y = index / across % down * 4,
                       .x = index % across * 4};
    t.rows = at_most(4, f->in.height - t.y);
    t.columns = at_most(4, f->in.width - t.x);
    return t;
}

/* ---- along one axis: values are `s` registers apart ------------------------------------------ */

/* factor * x + rest; the compiler does not contract by itself. */
#define TIMES(factor, x, rest) MULTIPLY_ADD(BROADCAST(factor), x, rest)

INLINE void input_points(const vec *d, int s, vec *t) {
    vec even = TIMES(-4.0f, d[2 * s], d[4 * s]), odd = TIMES(-4.0f, d[s], d[3 * s]);
    vec even_two = d[4 * s] - d[2 * s], odd_two = d[3 * s] - d[s];
    t[0] = TIMES(4.0f, d[0], TIMES(-5.0f, d[2 * s], d[4 * s]));
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = TIMES(2.0f, odd_two, even_two);
    t[4] = TIMES(-2.0f, odd_two, even_two);
    t[5] = TIMES(4.0f, d[s], TIMES(-5.0f, d[3 * s], d[5 * s]));
}

INLINE void output_pixels(const vec *m, int s, vec *y) {
    vec even = m[s] + m[2 * s], odd = m[s] - m[2 * s];
    vec even_two = m[3 * s] + m[4 * s], odd_two = m[3 * s] - m[4 * s];
    y[0] = m[0] + even + even_two;
    y[1] = TIMES(2.0f, odd_two, odd);
    y[2] = TIMES(4.0f, even_two, even);
    y[3] = TIMES(8.0f, odd_two, odd + m[5 * s]);
}

/* The transpose of output_pixels. */
INLINE void slope_points(const vec *y, int s, vec *t) {
    vec even = y[0] + y[2 * s], odd = y[s] + y[3 * s];
    vec even_two = TIMES(4.0f, y[2 * s], y[0]), odd_two = TIMES(4.0f, y[3 * s], y[s]);
    t[0] = y[0];
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = TIMES(2.0f, odd_two, even_two);
    t[4] = TIMES(-2.0f, odd_two, even_two);
    t[5] = y[3 * s];
}

INLINE void weight_points(const vec *g, int s, vec *u) {
    vec even = (g[0] + g[2 * s]) * (-1.0f / 6), odd = g[s] * (-1.0f / 6);
    vec even_two = g[0] * (1.0f / 24) + g[2 * s] * (1.0f / 6), odd_two = g[s] * (1.0f / 12);
    u[0] = g[0] * 0.25f;
    u[1] = even + odd;
    u[2] = even - odd;
    u[3] = even_two + odd_two;
    u[4] = even_two - odd_two;
    u[5] = g[2 * s];
}

/* The transpose of weight_points. */
INLINE void weight_taps(const vec *u, int s, vec *g) {
    vec even = u[s] + u[2 * s], odd = u[s] - u[2 * s];
    vec even_two = u[3 * s] + u[4 * s], odd_two = u[3 * s] - u[4 * s];
    g[0] = u[0] * 0.25f - even * (1.0f / 6) + even_two * (1.0f / 24);
    g[1] = odd_two * (1.0f / 12) - odd * (1.0f / 6);
    g[2] = (even_two - even) * (1.0f / 6) + u[5 * s];
}

/* ---- a tile, both axes, one register of channels ---------------------------------------------
 * Loops over the other axis stay loops: unrolled, gcc computes and spills an address for each of
 * the 36 values. */

INLINE void store_points(const vec *r, float *to, size_t plane) {
    *(loose *)to = r[0];
    *(loose *)(to + plane) = r[1];
    *(loose *)(to + 2 * plane) = r[2];
    *(loose *)(to + 3 * plane) = r[3];
    *(loose *)(to + 4 * plane) = r[4];
    *(loose *)(to + 5 * plane) = r[5];
}

/* Asks for the four rows of pixels that the tile below needs: the walk along a row of tiles jumps
 * too much for the processor to foresee it. */
INLINE void fetch_rows(const float *pixel, size_t row) {
    __builtin_prefetch(pixel);
    __builtin_prefetch(pixel + row);
    __builtin_prefetch(pixel + 2 * row);
    __builtin_prefetch(pixel + 3 * row);
}

/* Pixels past `rows` or `columns` count as zeros. */
INLINE void transform_input(const float *x, size_t row, size_t step, int rows, int columns,
                            float *v, size_t plane) {
    vec t[6][6], r[6];
#pragma GCC unroll 1
    for (int j = 0; j < 6; j++, x += step) {
        if (j < 4) fetch_rows(x + 6 * row, row);
        vec d[6] = {load_if(j < columns, x),
                    load_if(j < columns && rows > 1, x + row),
                    load_if(j < columns && rows > 2, x + 2 * row),
                    load_if(j < columns && rows > 3, x + 3 * row),
                    load_if(j < columns && rows > 4, x + 4 * row),
                    load_if(j < columns && rows > 5, x + 5 * row)};
        input_points(d, 1, t[j]);
    }
#pragma GCC unroll 1
    for (int i = 0; i < 6; i++, v += 6 * plane) {
        input_points(&t[0][i], 6, r);
        store_points(r, v, plane);
    }
}

INLINE void transform_slope(const float *y, size_t row, size_t step, int rows, int columns,
                            float *e, size_t plane) {
    vec t[4][6], r[6];
#pragma GCC unroll 1
    for (int j = 0; j < 4; j++, y += step) {
        fetch_rows(y + 4 * row, row);
        vec d[4] = {load_if(j < columns, y), load_if(j < columns && rows > 1, y + row),
                    load_if(j < columns && rows > 2, y + 2 * row),
                    load_if(j < columns && rows > 3, y + 3 * row)};
        slope_points(d, 1, t[j]);
    }
#pragma GCC unroll 1
    for (int i = 0; i < 6; i++, e += 6 * plane) {
        slope_points(&t[0][i], 6, r);
        store_points(r, e, plane);
    }
}

INLINE void store_pixel(const sx_winograd *f, float *pixel, vec sum) {
    if (f->accumulate) sum += LOAD(pixel);
    *(loose *)pixel = f->relu ? rectify(sum) : sum;
}

INLINE void transform_output(const float *m, size_t plane, vec bias, const sx_winograd *f, float *y,
                             int rows, int columns) {
    const size_t row = sx_geometry_row(f->out), step = (size_t)f->out.channels;
    vec t[4][6], r[4];
#pragma GCC unroll 1
    for (int i = 0; i < 6; i++, m += 6 * plane) {
        vec d[6] = {LOAD(m),
                    LOAD(m + plane),
                    LOAD(m + 2 * plane),
                    LOAD(m + 3 * plane),
                    LOAD(m + 4 * plane),
                    LOAD(m + 5 * plane)};
        output_pixels(d, 1, r);
        t[0][i] = r[0];
        t[1][i] = r[1];
        t[2][i] = r[2];
        t[3][i] = r[3];
    }
#pragma GCC unroll 1
    for (int j = 0; j < columns; j++, y += step) {
        fetch_rows(y + 4 * row, row);
        output_pixels(t[j], 1, r);
        store_pixel(f, y, r[0] + bias);
        if (rows > 1) store_pixel(f, y + row, r[1] + bias);
        if (rows > 2) store_pixel(f, y + 2 * row, r[2] + bias);
        if (rows > 3) store_pixel(f, y + 3 * row, r[3] + bias);
    }
}

/* ---- blocks of tiles ------------------------------------------------------------------------- */

static void input_tiles(const sx_winograd *f, int first, int count, float *v, size_t plane) {
    size_t row = sx_geometry_row(f->in), channels = (size_t)f->in.channels;
    for (int i = 0; i < count; i++, v += channels) {
        winograd_tile t = tile_at(f, first + i);
        int rows = at_most(6, f->in.height + 2 - t.y), columns = at_most(6, f->in.width + 2 - t.x);
        const float *x = f->x + t.image * f->x_stride + (size_t)t.y * row + (size_t)t.x * channels -
                         row - channels;
        if (rows == 6 && columns == 6)
            for (size_t c = 0; c < channels; c += LANES)
                transform_input(x + c, row, channels, 6, 6, v + c, plane);
        else
            for (size_t c = 0; c < channels; c += LANES)
                transform_input(x + c, row, channels, rows, columns, v + c, plane);
    }
}

static void slope_tiles(const sx_winograd *f, int first, int count, float *e, size_t plane) {
    size_t row = sx_geometry_row(f->out), channels = (size_t)f->out.channels;
    for (int i = 0; i < count; i++, e += channels) {
        winograd_tile t = tile_at(f, first + i);
        const float *y = f->y + t.image * f->y_stride + (size_t)t.y * row + (size_t)t.x * channels;
        if (t.rows == 4 && t.columns == 4)
            for (size_t c = 0; c < channels; c += LANES)
                transform_slope(y + c, row, channels, 4, 4, e + c, plane);
        else
            for (size_t c = 0; c < channels; c += LANES)
                transform_slope(y + c, row, channels, t.rows, t.columns, e + c, plane);
    }
}

static void output_tiles(const sx_winograd *f, int first, int count, const float *m, size_t plane) {
    size_t row = sx_geometry_row(f->out), channels = (size_t)f->out.channels;
    for (int i = 0; i < count; i++, m += channels) {
        winograd_tile t = tile_at(f, first + i);
        float *y = f->y + t.image * f->y_stride + (size_t)t.y * row + (size_t)t.x * channels;
        for (size_t c = 0; c < channels; c += LANES) {
            vec bias = {0};
            if (f->bias) bias = LOAD(f->bias + c);
            if (t.rows == 4 && t.columns == 4)
                transform_output(m + c, plane, bias, f, y + c, 4, 4);
            else
                transform_output(m + c, plane, bias, f, y + c, t.rows, t.columns);
        }
    }
}

/* m [point][tile][out] = v [point][tile][in] times the packed weights. */
static void multiply_tiles(const sx_winograd *f, int count, const float *v, size_t v_plane,
                           float *m, size_t m_plane) {
    const size_t in = (size_t)f->in.channels, out = (size_t)f->out.channels;
    const float *b = f->packed;
    for (size_t point = 0; point < POINTS; point++)
        for (size_t first = 0; first < out; first += 2 * LANES) {
            int columns = at_most(2 * LANES, (int)(out - first));
            int width = columns > LANES ? 2 * LANES : LANES;
            product(&(sx_product){.m = count,
                                  .n = columns,
                                  .rows = 1,
                                  .depth = (int)in,
                                  .a = v + point * v_plane,
                                  .a_step = (ptrdiff_t)in,
                                  .a_depth = 1,
                                  .b = b,
                                  .b_depth = width,
                                  .c = m + point * m_plane + first,
                                  .c_step = (ptrdiff_t)out});
            b += in * (size_t)width;
        }
}

/* sums [point][in][out] (+)= v [point][tile][in], transposed, times e [point][tile][out]. */
static void multiply_slopes(const sx_winograd *f, int count, const float *v, size_t v_plane,
                            const float *e, size_t e_plane, float *sums, bool accumulate) {
    const size_t in = (size_t)f->in.channels, out = (size_t)f->out.channels;
    for (size_t point = 0; point < POINTS; point++)
        for (size_t first = 0; first < out; first += 2 * LANES)
            product(&(sx_product){.m = (int)in,
                                  .n = at_most(2 * LANES, (int)(out - first)),
                                  .rows = 1,
                                  .depth = count,
                                  .a = v + point * v_plane,
                                  .a_step = 1,
                                  .a_depth = (ptrdiff_t)in,
                                  .b = e + point * e_plane + first,
                                  .b_depth = (ptrdiff_t)out,
                                  .c = sums + point * in * out + first,
                                  .c_step = (ptrdiff_t)out,
                                  .accumulate = accumulate});
}

/* Planes are some floats longer than their tiles: else all 36 may fall into few sets of the first
 * cache. */
static size_t plane_of(int channels, int count) {
    return (size_t)channels * (size_t)count + 16;
}

static void winograd_convolve(const sx_winograd *f, int blocks, float *scratch) {
    int all = tiles_of(f);
    for (int i = 0; i < blocks; i++) {
        int first = (int)((long long)all * i / blocks);
        int count = (int)((long long)all * (i + 1) / blocks) - first;
        size_t v_plane = plane_of(f->in.channels, count),
               m_plane = plane_of(f->out.channels, count);
        float *m = scratch + POINTS * v_plane;
        input_tiles(f, first, count, scratch, v_plane);
        multiply_tiles(f, count, scratch, v_plane, m, m_plane);
        output_tiles(f, first, count, m, m_plane);
    }
}

static void winograd_correlate(const sx_winograd *f, int blocks, float *sums, float *bias_sums,
                               float *scratch) {
    int all = tiles_of(f);
    size_t out = (size_t)f->out.channels;
    if (bias_sums && !f->accumulate)
        for (size_t c = 0; c < out; c++) bias_sums[c] = 0;
    for (int i = 0; i < blocks; i++) {
        int first = (int)((long long)all * i / blocks);
        int count = (int)((long long)all * (i + 1) / blocks) - first;
        size_t v_plane = plane_of(f->in.channels, count),
               e_plane = plane_of(f->out.channels, count);
        float *e = scratch + POINTS * v_plane;
        input_tiles(f, first, count, scratch, v_plane);
        slope_tiles(f, first, count, e, e_plane);
        multiply_slopes(f, count, scratch, v_plane, e, e_plane, sums, f->accumulate || i > 0);
        if (!bias_sums) continue;
        /* At the point (1, 1) the transform is the sum over the tile. */
        for (int t = 0; t < count; t++) add(bias_sums, e + 7 * e_plane + (size_t)t * out, out);
    }
}

/* ---- weights --------------------------------------------------------------------------------- */

static void winograd_pack(const sx_winograd_weights *w, int block, float *packed) {
    const size_t in = (size_t)w->in, out = (size_t)w->out;
    const size_t depth = w->flipped ? out : in, all = w->flipped ? in : out;
    const size_t first = (size_t)block * 2 * LANES;
    const size_t columns = all - first < 2 * LANES ? all - first : 2 * LANES;
    const size_t tap_step = in * out, depth_step = w->flipped ? 1 : out;
    const size_t column_step = w->flipped ? out : 1;
    for (size_t k = 0; k < depth; k++)
        for (size_t c = 0; c < columns; c += LANES) {
            const float *from = w->weights + k * depth_step + (first + c) * column_step;
            float *to = packed + first * depth + k * columns + c;
            vec g[9], t[3][6], u[6];
            for (size_t tap = 0; tap < 9; tap++) {
                const float *g_from = from + (w->flipped ? 8 - tap : tap) * tap_step;
                for (size_t lane = 0; lane < LANES; lane++)
                    g[tap][lane] = g_from[lane * column_step];
                if (w->scale) g[tap] *= LOAD(w->scale + c);
            }
            for (int j = 0; j < 3; j++) weight_points(g + j, 3, t[j]);
            for (size_t i = 0; i < 6; i++) {
                weight_points(&t[0][i], 6, u);
                for (size_t j = 0; j < 6; j++) *(loose *)(to + (6 * i + j) * depth * all) = u[j];
            }
        }
}

static void winograd_gradient(const float *sums, size_t count, size_t from, size_t to,
                              float *weights) {
    for (size_t k = from; k < to; k += LANES) {
        vec u[6], t[6][3], g[3];
        for (size_t j = 0; j < 6; j++) {
            for (size_t i = 0; i < 6; i++) u[i] = LOAD(sums + (6 * i + j) * count + k);
            weight_taps(u, 1, t[j]);
        }
        for (size_t i = 0; i < 3; i++) {
            weight_taps(&t[0][i], 3, g);
            for (size_t j = 0; j < 3; j++) *(loose *)(weights + (3 * i + j) * count + k) = g[j];
        }
    }
}
