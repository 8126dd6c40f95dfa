/* Winograd convolution on every instruction set of this machine against plain loops in double
 * precision. The error is held against the output's rms; a plain sum in single precision is
 * measured beside it. */
#include "tests/unit/unit.h"

#include "core/tensor/kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define IMAGES 2
#define ERROR_LIMIT 1e-5

static const char *const levels[] = {"baseline", "avx2", "avx512"};

/* A batch of images; what is beyond one pixel of halo is poison. */
typedef struct {
    sx_geometry form;
    size_t stride, size;
    float *memory, *first;
} batch;

static float *normal_floats(size_t count, uint64_t seed) {
    float *x = sx_alloc(count, sizeof *x);
    sx_random random = sx_random_from(seed, 1, 2);
    for (size_t i = 0; i < count; i++) x[i] = sx_random_normal(&random);
    return x;
}

static float *pixel(const batch *b, int image, int y, int x) {
    ptrdiff_t row = (ptrdiff_t)sx_geometry_row(b->form);
    return b->first + (ptrdiff_t)image * (ptrdiff_t)b->stride + y * row + x * b->form.channels;
}

static batch batch_new(sx_geometry form, uint64_t seed) {
    batch b = {.form = form, .stride = sx_geometry_stride(form)};
    b.size = b.stride * IMAGES;
    b.memory = normal_floats(b.size, seed);
    b.first = b.memory + sx_geometry_start(form);
    for (int i = 0; i < IMAGES; i++)
        for (int y = -form.halo; y < form.height + form.halo; y++)
            for (int x = -form.halo; x < form.width + form.halo; x++) {
                bool inside = y >= 0 && y < form.height && x >= 0 && x < form.width;
                bool near = y >= -1 && y <= form.height && x >= -1 && x <= form.width;
                for (int c = 0; !inside && c < form.channels; c++)
                    pixel(&b, i, y, x)[c] = near ? 0 : NAN;
            }
    return b;
}

typedef struct {
    batch x, y;
    float *weights, *bias;
    bool flipped; /* y is [.., in], x is [.., out] of weights [3, 3, in, out] */
} problem;

static size_t weight_at(const problem *p, int ky, int kx, int ci, int co) {
    size_t in = (size_t)p->x.form.channels, out = (size_t)p->y.form.channels;
    size_t tap = (size_t)(3 * ky + kx), from = (size_t)ci, to = (size_t)co;
    return p->flipped ? ((8 - tap) * out + to) * in + from : (tap * in + from) * out + to;
}

/* Sums of the rms: of the output, of the error, and of the error of a plain sum in float. */
typedef struct {
    double output, error, direct;
    size_t count;
} errors;

static void note(errors *e, double expected, double found, double direct) {
    e->output += expected * expected;
    e->error += (found - expected) * (found - expected);
    e->direct += (direct - expected) * (direct - expected);
    e->count++;
    if (!isfinite(found)) fail_msg("%s: %g, not %g", sx_tensor_isa(), found, expected);
}

static void check_errors(const errors *e, const char *what, sx_geometry in, int out,
                         double *worst) {
    double error = sqrt(e->error / e->output);
    if (!(error < ERROR_LIMIT))
        fail_msg("%s, %s, %d x %d, %d to %d channels: error %g of the rms", what, sx_tensor_isa(),
                 in.height, in.width, in.channels, out, error);
    if (error > worst[0]) worst[0] = error;
    double direct = sqrt(e->direct / e->output);
    if (direct > worst[1]) worst[1] = direct;
}

/* One output value; `before`, if it accumulates, is what was there. */
static void check_value(const problem *p, const sx_winograd *form, int image, int y, int x, int co,
                        float before, errors *e) {
    double sum = form->bias ? form->bias[co] : 0;
    float direct = (float)sum;
    for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 3; kx++)
            for (int ci = 0; ci < p->x.form.channels; ci++) {
                float value = pixel(&p->x, image, y + ky - 1, x + kx - 1)[ci];
                float weight = p->weights[weight_at(p, ky, kx, ci, co)];
                sum += (double)value * weight;
                direct += value * weight;
            }
    if (form->accumulate) sum += before;
    if (form->accumulate) direct += before;
    if (form->relu && sum < 0) sum = 0;
    if (form->relu && direct < 0) direct = 0;
    note(e, sum, pixel(&p->y, image, y, x)[co], direct);
}

static float *packed_weights(const problem *p, const float *scale) {
    int in = p->flipped ? p->y.form.channels : p->x.form.channels;
    int out = p->flipped ? p->x.form.channels : p->y.form.channels;
    float *packed = sx_alloc(sx_winograd_points(in, out), sizeof *packed);
    sx_winograd_weights w = {p->weights, in, out, p->flipped, NULL};
    for (int block = 0; block * sx_block() < p->y.form.channels; block++) {
        w.scale = scale ? scale + block * sx_block() : NULL;
        sx_winograd_pack(&w, block, packed);
    }
    return packed;
}

static sx_winograd form_of(const problem *p) {
    return (sx_winograd){.in = p->x.form,
                         .out = p->y.form,
                         .count = IMAGES,
                         .x = p->x.first,
                         .x_stride = p->x.stride,
                         .y = p->y.first,
                         .y_stride = p->y.stride};
}

/* Everything of y but its interior must stay. */
static void check_outside(const problem *p, float *before) {
    batch old = p->y;
    old.first = before + (p->y.first - p->y.memory);
    size_t length = (size_t)p->y.form.width * (size_t)p->y.form.channels * sizeof(float);
    for (int i = 0; i < IMAGES; i++)
        for (int y = 0; y < p->y.form.height; y++)
            memcpy(pixel(&old, i, y, 0), pixel(&p->y, i, y, 0), length);
    assert_memory_equal(before, p->y.memory, p->y.size * sizeof *before);
}

static void check_convolution(problem *p, int variant, double *worst) {
    sx_winograd form = form_of(p);
    size_t scratch_size = sx_winograd_scratch(form.in.channels, form.out.channels);
    float *scratch = sx_alloc(scratch_size + 1, sizeof *scratch);
    float *packed = packed_weights(p, NULL), *before = sx_alloc(p->y.size, sizeof *before);
    memcpy(before, p->y.memory, p->y.size * sizeof *before);
    scratch[scratch_size] = 12345;
    form.packed = packed;
    form.bias = variant & 1 ? p->bias : NULL;
    form.relu = variant & 2;
    form.accumulate = variant & 4;
    sx_winograd_convolve(&form, scratch);
    assert_true(scratch[scratch_size] == 12345);
    errors e = {0};
    for (int i = 0; i < IMAGES; i++)
        for (int y = 0; y < form.out.height; y++)
            for (int x = 0; x < form.out.width; x++)
                for (int co = 0; co < form.out.channels; co += 3) {
                    float *at = pixel(&p->y, i, y, x) + co;
                    check_value(p, &form, i, y, x, co, before[at - p->y.memory], &e);
                }
    check_errors(&e, p->flipped ? "flipped" : "forward", form.in, form.out.channels, worst);
    check_outside(p, before);
    sx_free(scratch);
    sx_free(packed);
    sx_free(before);
}

static problem problem_new(sx_geometry in, int out, bool flipped) {
    sx_geometry output = {in.height, in.width, out, 3 - in.halo};
    size_t count = (size_t)9 * (size_t)in.channels * (size_t)out;
    problem p = {batch_new(in, 1), batch_new(output, 2), normal_floats(count, 3),
                 normal_floats((size_t)out, 4), flipped};
    for (size_t i = 0; i < count; i++) p.weights[i] *= sqrtf(2.0f / (float)(9 * in.channels));
    return p;
}

static void problem_done(problem *p) {
    sx_free(p->x.memory);
    sx_free(p->y.memory);
    sx_free(p->weights);
    sx_free(p->bias);
}

static void correlate(const problem *p, sx_winograd *form, float *gradient, float *bias) {
    int in = form->in.channels, out = form->out.channels;
    float *scratch = sx_alloc(sx_winograd_scratch(in, out), sizeof *scratch);
    float *sums = sx_alloc(sx_winograd_points(in, out), sizeof *sums);
    /* The second image is added in a call of its own. */
    form->count = 1;
    for (int i = 0; i < IMAGES; i++) {
        form->accumulate = i > 0;
        form->x = pixel(&p->x, i, 0, 0);
        form->y = pixel(&p->y, i, 0, 0);
        sx_winograd_correlate(form, sums, bias, scratch);
    }
    size_t count = (size_t)in * (size_t)out;
    sx_winograd_gradient(sums, count, 16, count, gradient);
    sx_winograd_gradient(sums, count, 0, 16, gradient);
    sx_free(sums);
    sx_free(scratch);
}

static double bias_gradient(const batch *dy, int co) {
    double sum = 0;
    for (int i = 0; i < IMAGES; i++)
        for (int y = 0; y < dy->form.height; y++)
            for (int x = 0; x < dy->form.width; x++) sum += pixel(dy, i, y, x)[co];
    return sum;
}

static void check_correlation(const problem *p, double *worst) {
    sx_winograd form = form_of(p);
    int in = form.in.channels, out = form.out.channels;
    float *gradient = sx_alloc((size_t)9 * (size_t)in * (size_t)out, sizeof *gradient);
    float *bias = sx_alloc((size_t)out, sizeof *bias);
    correlate(p, &form, gradient, bias);
    errors e = {0}, of_bias = {0};
    for (int k = 0; k < 9 * in * out; k += 7) {
        int co = k % out, ci = k / out % in, kx = k / (out * in) % 3, ky = k / (out * in * 3);
        double sum = 0;
        float direct = 0;
        for (int i = 0; i < IMAGES; i++)
            for (int y = 0; y < form.in.height; y++)
                for (int x = 0; x < form.in.width; x++) {
                    float a = pixel(&p->x, i, y + ky - 1, x + kx - 1)[ci];
                    float b = pixel(&p->y, i, y, x)[co];
                    sum += (double)a * b;
                    direct += a * b;
                }
        note(&e, sum, gradient[k], direct);
    }
    for (int co = 0; co < out; co++) {
        double sum = bias_gradient(&p->y, co);
        note(&of_bias, sum, bias[co], sum);
    }
    check_errors(&e, "weights", form.in, out, worst);
    double ignored[2] = {0};
    check_errors(&of_bias, "bias", form.in, out, ignored);
    sx_free(gradient);
    sx_free(bias);
}

/* Heights, widths and channels of many pairs; every edge of a tile occurs. */
static sx_geometry varied(int height) {
    return (sx_geometry){height, 4 + (height * 5 + 3) % 14, 16 * (1 + height % 5), 1 + height % 2};
}

static void convolutions_equal_plain_loops(void **state) {
    (void)state;
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        double worst[2] = {0};
        for (int height = 4; height <= 17; height++)
            for (int flipped = 0; flipped < 2; flipped++) {
                int out = 16 * (1 + (height + flipped * 2) * 3 % 5);
                problem p = problem_new(varied(height), out, flipped);
                check_convolution(&p, (height + 3 * flipped) % 8, worst);
                problem_done(&p);
            }
        print_message("%s: error %.1e of the rms, direct sums %.1e\n", sx_tensor_isa(), worst[0],
                      worst[1]);
    }
    sx_tensor_force(NULL);
}

static void gradients_by_weights_equal_plain_loops(void **state) {
    (void)state;
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        double worst[2] = {0};
        for (int height = 4; height <= 17; height++) {
            problem p = problem_new(varied(height), 16 * (1 + height * 3 % 5), false);
            check_correlation(&p, worst);
            problem_done(&p);
        }
        print_message("%s: error %.1e of the rms, direct sums %.1e\n", sx_tensor_isa(), worst[0],
                      worst[1]);
    }
    sx_tensor_force(NULL);
}

/* A scale given to the packing is the same as scaled weights. */
static void packing_scales_columns(void **state) {
    (void)state;
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        problem p = problem_new((sx_geometry){9, 7, 32, 1}, 48, false);
        float scale[48];
        for (int c = 0; c < 48; c++) scale[c] = c % 2 ? 0.5f : -2;
        float *with = packed_weights(&p, scale);
        for (int i = 0; i < 9 * 32 * 48; i++) p.weights[i] *= scale[i % 48];
        float *before = packed_weights(&p, NULL);
        assert_memory_equal(with, before, sx_winograd_points(32, 48) * sizeof *with);
        sx_free(with);
        sx_free(before);
        problem_done(&p);
    }
    sx_tensor_force(NULL);
}

static void only_whole_registers_apply(void **state) {
    (void)state;
    assert_true(sx_winograd_applies(16, 80));
    assert_false(sx_winograd_applies(1, 16));
    assert_false(sx_winograd_applies(16, 24));
    assert_false(sx_winograd_applies(0, 16));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_equal_plain_loops),
        cmocka_unit_test(gradients_by_weights_equal_plain_loops),
        cmocka_unit_test(packing_scales_columns),
        cmocka_unit_test(only_whole_registers_apply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
