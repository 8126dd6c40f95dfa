/* Last layers: steps against the published equations, chains against posteriors that are known,
 * dropout against all of its masks (tests/data/uncertainty, keys E_*), and the same bits however
 * the work is shared or interrupted. */
#include "tests/unit/failing.h"

#include "core/format/csv.h"
#include "core/head/head.h"
#include "core/tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static sx_bytes reference;

static int read_reference(void **state) {
    (void)state;
    sx_error err = {0};
    sx_tensor_init();
    if (sx_file_read(SX_SOURCE "/tests/data/uncertainty/expected_flat.csv", 1 << 20, &reference,
                     &err))
        fail_msg("%s", err.message);
    return 0;
}

static int end_reference(void **state) {
    (void)state;
    sx_bytes_done(&reference);
    return 0;
}

__attribute__((format(printf, 1, 2))) static double value_of(const char *format, ...) {
    char key[200], line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(key, sizeof key, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "\nE_%s,", key);
    const char *at = strstr((const char *)reference.data, line);
    if (!at) fail_msg("the reference has no '%s'", key);
    return strtod(at + strlen(line), NULL);
}

/* ---- one step ----------------------------------------------------------------------------------
 */

enum { WIDTH = 3, CLASSES = 3, VALUES = WIDTH * CLASSES + CLASSES };

/* Weights and biases under a key. */
static void read_values(const char *weights, const char *biases, double values[VALUES]) {
    for (int i = 0; i < WIDTH; i++)
        for (int k = 0; k < CLASSES; k++)
            values[i * CLASSES + k] = value_of("sgld_one_step/%s/%d/%d", weights, i, k);
    for (int k = 0; k < CLASSES; k++)
        values[WIDTH * CLASSES + k] = value_of("sgld_one_step/%s/%d", biases, k);
}

static void a_step_is_that_of_the_equations(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double precision;
        bool noise;
    } cases[] = {{"sgd_no_prior", 0, false},
                 {"sgd_prior_precision_1", 1, false},
                 {"sgd_prior_precision_2_keras_l2_1_over_N", 2, false},
                 {"sgld_prior_precision_1", 1, true},
                 {"sgld_prior_precision_2_keras_l2_1_over_N", 2, true}};
    const sx_head_form form = {1, WIDTH, CLASSES};
    double x[2 * WIDTH], noise[VALUES], values[VALUES], want[VALUES], gradient[VALUES];
    int32_t labels[2];
    assert_int_equal(sx_head_values(form), VALUES);
    for (int r = 0; r < 2; r++) {
        int row = (int)value_of("sgld_one_step/batch_rows/%d", r);
        labels[r] = (int32_t)value_of("sgld_one_step/labels/%d", row);
        for (int i = 0; i < WIDTH; i++)
            x[r * WIDTH + i] = value_of("sgld_one_step/X/%d/%d", row, i);
    }
    read_values("noise_W", "noise_b", noise);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char weights[80], biases[80];
        sx_head_step step = {.features = x,
                             .labels = labels,
                             .rows = 2,
                             .step = value_of("sgld_one_step/gamma"),
                             .precision = cases[c].precision,
                             .total = value_of("sgld_one_step/N"),
                             .noise = cases[c].noise ? noise : NULL};
        read_values("W", "b", values);
        double loss = sx_head_reference_step(form, &step, values, gradient);
        assert_true(fabs(loss - value_of("sgld_one_step/mean_cross_entropy_of_batch")) < 1e-12);
        snprintf(weights, sizeof weights, "%s/W", cases[c].name);
        snprintf(biases, sizeof biases, "%s/b", cases[c].name);
        read_values(weights, biases, want);
        for (int i = 0; i < VALUES; i++) assert_true(fabs(values[i] - want[i]) < 1e-12);
        read_values("grad_mean_ce_W", "grad_mean_ce_b", want);
        for (int i = 0; i < VALUES; i++) assert_true(fabs(gradient[i] - want[i]) < 1e-12);
    }
}

/* ---- a set to learn ----------------------------------------------------------------------------
 */

typedef struct {
    sx_head_form form;
    size_t count;
    float *features;
    int32_t *labels;
    float *start;
} set;

static set make_set(sx_head_form form, size_t count) {
    set s = {.form = form, .count = count};
    sx_random random = sx_random_from(7, 1, 2);
    s.features = sx_alloc(count * (size_t)form.width, sizeof *s.features);
    s.labels = sx_alloc(count, sizeof *s.labels);
    s.start = sx_alloc(sx_head_values(form), sizeof *s.start);
    assert_true(s.features && s.labels && s.start);
    for (size_t i = 0; i < count; i++) {
        s.labels[i] = (int32_t)sx_random_below(&random, (uint32_t)form.classes);
        for (int k = 0; k < form.width; k++)
            s.features[i * (size_t)form.width + (size_t)k] =
                sx_random_normal(&random) + (k % form.classes == s.labels[i] ? 1.5f : 0);
    }
    sx_head_draw(form, 3, s.start);
    return s;
}

static void end_set(set *s) {
    sx_free(s->features);
    sx_free(s->labels);
    sx_free(s->start);
}

static sx_sampler *sampler_of(const set *s, sx_sampler_options options) {
    sx_sampler *sampler;
    sx_error err = {0};
    const sx_head_data data = {s->features, s->labels, s->count};
    if (sx_sampler_new(s->form, &options, &data, s->start, &sampler, &err))
        fail_msg("%s", err.message);
    return sampler;
}

static void walk(sx_sampler *sampler, int64_t to, sx_pool *pool) {
    while (sx_sampler_at(sampler) < to)
        assert_int_equal(sx_sampler_advance(sampler, to - sx_sampler_at(sampler), pool, NULL, NULL),
                         SX_OK);
}

/* The reference's values after a step on all items. */
static void reference_step(const set *s, double step, double precision, double *values,
                           double *gradient) {
    size_t inputs = s->count * (size_t)s->form.width;
    double *x = sx_alloc(inputs, sizeof *x);
    for (size_t i = 0; i < inputs; i++) x[i] = (double)s->features[i];
    const sx_head_step how = {.features = x,
                              .labels = s->labels,
                              .rows = (int)s->count,
                              .step = step,
                              .precision = precision,
                              .total = (double)s->count};
    sx_head_reference_step(s->form, &how, values, gradient);
    sx_free(x);
}

static void the_fast_step_is_the_plain_one(void **state) {
    (void)state;
    for (int layers = 1; layers <= SX_HEAD_LAYERS; layers++) {
        set s = make_set((sx_head_form){layers, 9, 4}, 21);
        size_t count = sx_head_values(s.form);
        double *values = sx_alloc(count, sizeof *values);
        for (size_t i = 0; i < count; i++) values[i] = (double)s.start[i];
        sx_sampler *sampler = sampler_of(
            &s,
            (sx_sampler_options){
                .members = 1, .step = 0.5, .precision = 2, .batch = 100, .epochs = 3, .seed = 5});
        walk(sampler, 3, NULL);
        for (int i = 0; i < 3; i++) reference_step(&s, 0.5, 2, values, NULL);
        for (size_t i = 0; i < count; i++)
            assert_true(fabs(values[i] - (double)sx_sampler_member(sampler, 0)[i]) < 2e-6);
        sx_sampler_free(sampler);
        sx_free(values);
        end_set(&s);
    }
}

static double loss_at(const set *s, double *values) {
    double *copy = sx_alloc(sx_head_values(s->form), sizeof *copy), loss;
    size_t inputs = s->count * (size_t)s->form.width;
    double *x = sx_alloc(inputs, sizeof *x);
    memcpy(copy, values, sx_head_values(s->form) * sizeof *copy);
    for (size_t i = 0; i < inputs; i++) x[i] = (double)s->features[i];
    loss = sx_head_reference_step(
        s->form,
        &(sx_head_step){
            .features = x, .labels = s->labels, .rows = (int)s->count, .step = 1, .total = 1},
        copy, NULL);
    sx_free(copy);
    sx_free(x);
    return loss;
}

static void gradients_are_slopes(void **state) {
    (void)state;
    for (int layers = 1; layers <= SX_HEAD_LAYERS; layers++) {
        set s = make_set((sx_head_form){layers, 5, 3}, 8);
        size_t count = sx_head_values(s.form);
        double *values = sx_alloc(count, sizeof *values), *slope = sx_alloc(count, sizeof *slope);
        double *gone = sx_alloc(count, sizeof *gone);
        for (size_t i = 0; i < count; i++) gone[i] = values[i] = (double)s.start[i];
        reference_step(&s, 1, 0, gone, slope);
        for (size_t i = 0; i < count; i++) {
            double kept = values[i], h = 1e-6;
            values[i] = kept + h;
            double above = loss_at(&s, values);
            values[i] = kept - h;
            double below = loss_at(&s, values);
            values[i] = kept;
            assert_true(fabs((above - below) / (2 * h) - slope[i]) < 1e-7);
        }
        sx_free(values);
        sx_free(slope);
        sx_free(gone);
        end_set(&s);
    }
}

/* ---- random numbers ----------------------------------------------------------------------------
 */

static void normal_numbers_are_normal(void **state) {
    (void)state;
    enum { MANY = 1 << 18 };
    static float z[MANY], again[64];
    double moments[5] = {0}, together = 0;
    size_t tail = 0;
    sx_random from = sx_random_from(1, 2, 3);
    sx_head_normals(from, 0, z, MANY);
    for (int i = 0; i < MANY; i++) {
        double power = 1, x = (double)z[i];
        for (int k = 0; k < 5; k++, power *= x) moments[k] += power / MANY;
        together += i ? x * (double)z[i - 1] / MANY : 0;
        tail += x > 1.959964;
    }
    double spread = 1 / sqrt(MANY);
    assert_true(fabs(moments[1]) < 4 * spread);
    assert_true(fabs(moments[2] - 1) < 4 * sqrt(2) * spread);
    assert_true(fabs(moments[3]) < 4 * sqrt(15) * spread);
    assert_true(fabs(moments[4] - 3) < 4 * sqrt(96) * spread);
    assert_true(fabs(together) < 4 * spread);
    assert_true(fabs((double)tail / MANY - 0.025) < 4 * sqrt(0.025 * 0.975) * spread);
    sx_head_normals(from, 1008, again, 64);
    assert_memory_equal(again, z + 1008, sizeof again);
}

static void a_resample_leaves_out_a_third(void **state) {
    (void)state;
    enum { ROWS = 10000 };
    static uint32_t rows[ROWS], other[ROWS];
    static bool seen[ROWS];
    size_t distinct = 0;
    sx_bootstrap_rows(4, 2, rows, ROWS);
    sx_bootstrap_rows(4, 3, other, ROWS);
    for (int i = 0; i < ROWS; i++) {
        distinct += !seen[rows[i]];
        seen[rows[i]] = true;
    }
    assert_true(fabs((double)distinct / ROWS -
                     value_of("bootstrap/expected_unique_fraction/%d", ROWS)) < 0.01);
    assert_memory_not_equal(rows, other, sizeof rows);
}

/* ---- chains ------------------------------------------------------------------------------------
 */

typedef struct {
    double mean[2], deviation[2];
} spread;

static void read_logistic(set *s) {
    sx_bytes bytes;
    sx_csv csv;
    sx_error err = {0};
    assert_int_equal(sx_file_read(SX_SOURCE "/tests/data/uncertainty/sgld_logistic_200.csv",
                                  1 << 20, &bytes, &err),
                     SX_OK);
    assert_int_equal(sx_csv_parse("x", (const char *)bytes.data, bytes.size, &csv, &err), SX_OK);
    *s = (set){.form = {1, 1, 2}, .count = csv.rows};
    s->features = sx_alloc(csv.rows, sizeof *s->features);
    s->labels = sx_alloc(csv.rows, sizeof *s->labels);
    s->start = sx_alloc(sx_head_values(s->form), sizeof *s->start);
    for (size_t i = 0; i < csv.rows; i++) {
        s->features[i] = (float)csv.values[2 * i];
        s->labels[i] = (int32_t)csv.values[2 * i + 1];
    }
    sx_csv_done(&csv);
    sx_bytes_done(&bytes);
}

/* Of the weight and the bias of a logistic regression along a chain: those of the second class less
 * those of the first. Such a difference moves by twice the step, and its prior has half the
 * precision, so a chain with half the step and twice the precision is that of the reference. */
static spread run_chain(const set *s, sx_sampling sampling, double step, int batch, int passes) {
    enum { LEFT_OUT = 10 };
    double sum[2] = {0}, square[2] = {0}, count = 0;
    sx_sampler *chain = sampler_of(s, (sx_sampler_options){.sampling = sampling,
                                                           .members = 1,
                                                           .step = step / 2,
                                                           .precision = 2,
                                                           .batch = batch,
                                                           .epochs = passes,
                                                           .every = 1,
                                                           .seed = 11});
    while (sx_sampler_at(chain) < sx_sampler_steps(chain)) {
        assert_int_equal(sx_sampler_advance(chain, 1, NULL, NULL, NULL), SX_OK);
        if (sx_sampler_at(chain) < sx_sampler_steps(chain) / LEFT_OUT) continue;
        const float *w = sx_sampler_member(chain, 0);
        for (int k = 0; k < 2; k++) {
            double value = (double)w[2 * k + 1] - (double)w[2 * k];
            sum[k] += value;
            square[k] += value * value;
        }
        count++;
    }
    sx_sampler_free(chain);
    spread out;
    for (int k = 0; k < 2; k++) {
        out.mean[k] = sum[k] / count;
        out.deviation[k] = sqrt(square[k] / count - out.mean[k] * out.mean[k]);
    }
    return out;
}

static void langevin_chains_have_the_posterior(void **state) {
    (void)state;
    set s;
    read_logistic(&s);
    spread whole = run_chain(&s, SX_SAMPLING_SGLD, 0.05, 200, 220000);
    spread still = run_chain(&s, SX_SAMPLING_SGD, 0.05, 20, 2000);
    for (int k = 0; k < 2; k++) {
        double mean = value_of("sgld_posterior_200/posterior_mean/%d", k);
        double deviation = value_of("sgld_posterior_200/posterior_std/%d", k);
        /* Noise of sqrt(step / N) would have 0.71 of it, of sqrt(2 step) 14 times as much. */
        assert_true(fabs(whole.deviation[k] / deviation - 1) < 0.08);
        assert_true(fabs(whole.mean[k] - mean) < 0.1 * deviation);
        assert_true(still.deviation[k] < 0.25 * deviation);
    }
    end_set(&s);
}

/* Where features are zero, weights know the prior only: a quadratic, whose chain is known. */
static void the_step_widens_a_quadratic_as_it_should(void **state) {
    (void)state;
    enum { NUMBER = 2, WEIGHTS = 64 * 10 };
    double a = value_of("langevin_quadratic/%d/curvature_a", NUMBER);
    double h = value_of("langevin_quadratic/%d/step_h", NUMBER), square = 0, count = 0;
    set s = make_set((sx_head_form){1, 64, 10}, 2);
    memset(s.features, 0, 2 * 64 * sizeof *s.features);
    sx_sampler *chain = sampler_of(&s, (sx_sampler_options){.sampling = SX_SAMPLING_SGLD,
                                                            .members = 1,
                                                            .step = h * 2,
                                                            .precision = a,
                                                            .batch = 2,
                                                            .epochs = 4000,
                                                            .seed = 2});
    while (sx_sampler_at(chain) < sx_sampler_steps(chain)) {
        walk(chain, sx_sampler_at(chain) + 5, NULL);
        if (sx_sampler_at(chain) < 500) continue;
        for (int i = 0; i < WEIGHTS; i++) {
            double w = (double)sx_sampler_member(chain, 0)[i];
            square += w * w;
            count++;
        }
    }
    double want = value_of("langevin_quadratic/%d/stationary_variance", NUMBER);
    assert_true(fabs(square / count / want - 1) < 0.02);
    sx_sampler_free(chain);
    end_set(&s);
}

/* ---- dropout -----------------------------------------------------------------------------------
 */

static void dropout_is_the_mean_over_all_masks(void **state) {
    (void)state;
    enum { INPUTS = 8, OUTPUTS = 4, COPIES = 100, PASSES = 100 };
    const sx_head_form form = {1, INPUTS, OUTPUTS};
    float values[INPUTS * OUTPUTS + OUTPUTS], features[COPIES * INPUTS];
    for (int i = 0; i < INPUTS; i++)
        for (int k = 0; k < OUTPUTS; k++)
            values[i * OUTPUTS + k] = (float)value_of("dropout_exact/W/%d/%d", i, k);
    for (int k = 0; k < OUTPUTS; k++)
        values[INPUTS * OUTPUTS + k] = (float)value_of("dropout_exact/b/%d", k);
    for (int i = 0; i < COPIES * INPUTS; i++)
        features[i] = (float)value_of("dropout_exact/h/%d", i % INPUTS);
    for (int c = 0; c < 3; c++) {
        sx_ensemble e;
        double mean[OUTPUTS] = {0}, expected = 0;
        assert_int_equal(sx_ensemble_new(COPIES, OUTPUTS, NULL, &e, NULL), SX_OK);
        for (int pass = 0; pass < PASSES; pass++)
            assert_int_equal(
                sx_head_collect(
                    form, values, features,
                    (sx_head_masks){value_of("dropout_exact/cases/%d/p", c), pass, 0, 9}, &e, NULL,
                    NULL),
                SX_OK);
        assert_int_equal(e.members, PASSES);
        for (int i = 0; i < COPIES; i++) {
            for (int k = 0; k < OUTPUTS; k++) mean[k] += e.sum[i * OUTPUTS + k] / COPIES / PASSES;
            expected += e.entropy[i] / COPIES / PASSES;
        }
        for (int k = 0; k < OUTPUTS; k++)
            assert_true(fabs(mean[k] - value_of("dropout_exact/cases/%d/mean_prob/%d", c, k)) <
                        4 * value_of("dropout_exact/cases/%d/std_prob/%d", c, k) / 100);
        assert_true(fabs(expected - value_of("dropout_exact/cases/%d/mean_of_entropies", c)) <
                    0.02);
        sx_ensemble_done(&e);
    }
}

static void masks_differ_by_set_item_and_pass(void **state) {
    (void)state;
    set s = make_set((sx_head_form){1, 40, 3}, 2);
    memcpy(s.features + 40, s.features, 40 * sizeof *s.features);
    double seen[4];
    for (int i = 0; i < 4; i++) {
        sx_ensemble e;
        assert_int_equal(sx_ensemble_new(2, 3, NULL, &e, NULL), SX_OK);
        const sx_head_masks masks = {i == 3 ? 0 : 0.5, i == 1, i == 2, 4};
        assert_int_equal(sx_head_collect(s.form, s.start, s.features, masks, &e, NULL, NULL),
                         SX_OK);
        seen[i] = e.sum[0];
        assert_true((e.sum[0] == e.sum[3]) == (i == 3));
        sx_ensemble_done(&e);
    }
    assert_true(seen[0] != seen[1] && seen[0] != seen[2] && seen[1] != seen[2]);
    end_set(&s);
}

/* ---- learning ----------------------------------------------------------------------------------
 */

static double accuracy(const set *s, const float *values, sx_pool *pool) {
    float *logits = sx_alloc(s->count * (size_t)s->form.classes, sizeof *logits);
    size_t right = 0;
    assert_int_equal(sx_head_logits(s->form, values, s->features, s->count, logits, pool, NULL),
                     SX_OK);
    for (size_t i = 0; i < s->count; i++) {
        const float *z = logits + i * (size_t)s->form.classes;
        int best = 0;
        for (int k = 1; k < s->form.classes; k++)
            if (z[k] > z[best]) best = k;
        right += best == s->labels[i];
    }
    sx_free(logits);
    return (double)right / (double)s->count;
}

static void all_of_them_learn(void **state) {
    (void)state;
    static const struct {
        sx_sampling sampling;
        int layers;
        double step, rate;
    } cases[] = {{SX_SAMPLING_SGD, 1, 0.1, 0},
                 {SX_SAMPLING_SGLD, 1, 0.05, 0},
                 {SX_SAMPLING_BOOTSTRAP, 2, 0.1, 0},
                 {SX_SAMPLING_DROPOUT, 2, 0.1, 0.2},
                 {SX_SAMPLING_ADAM, 3, 0.003, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set s = make_set((sx_head_form){cases[i].layers, 20, 4}, 600);
        sx_sampler *sampler = sampler_of(&s, (sx_sampler_options){.sampling = cases[i].sampling,
                                                                  .members = 3,
                                                                  .step = cases[i].step,
                                                                  .precision = 1,
                                                                  .rate = cases[i].rate,
                                                                  .batch = 32,
                                                                  .epochs = 12,
                                                                  .seed = 8});
        assert_true(isnan(sx_sampler_loss(sampler)));
        walk(sampler, sx_sampler_steps(sampler), NULL);
        assert_true(sx_sampler_has_snapshot(sampler));
        assert_true(sx_sampler_loss(sampler) < 0.4);
        for (int m = 0; m < 3; m++)
            assert_true(accuracy(&s, sx_sampler_member(sampler, m), NULL) > 0.9);
        assert_memory_not_equal(sx_sampler_member(sampler, 0), sx_sampler_member(sampler, 1),
                                sx_head_values(s.form) * sizeof(float));
        sx_sampler_free(sampler);
        end_set(&s);
    }
}

static void snapshots_come_when_they_should(void **state) {
    (void)state;
    set s = make_set((sx_head_form){1, 4, 3}, 50);
    sx_sampler_options options = {
        .sampling = SX_SAMPLING_SGD, .members = 1, .step = 0.1, .batch = 20, .epochs = 3};
    sx_sampler *sampler = sampler_of(&s, options);
    assert_int_equal(sx_sampler_steps(sampler), 9);
    assert_false(sx_sampler_has_snapshot(sampler));
    assert_int_equal(sx_sampler_advance(sampler, 100, NULL, NULL, NULL), SX_OK);
    assert_int_equal(sx_sampler_at(sampler), 3);
    assert_true(sx_sampler_has_snapshot(sampler));
    sx_sampler_free(sampler);
    options.every = 4;
    sampler = sampler_of(&s, options);
    walk(sampler, 8, NULL);
    assert_true(sx_sampler_has_snapshot(sampler));
    assert_int_equal(sx_sampler_until_snapshot(sampler), 1);
    sx_sampler_free(sampler);
    options.sampling = SX_SAMPLING_BOOTSTRAP;
    sampler = sampler_of(&s, options);
    assert_int_equal(sx_sampler_until_snapshot(sampler), 9);
    atomic_bool stop = true;
    sx_error err;
    assert_int_equal(sx_sampler_advance(sampler, 1, NULL, &stop, &err), SX_CANCELLED);
    assert_int_equal(sx_sampler_at(sampler), 0);
    sx_sampler_free(sampler);
    end_set(&s);
}

/* ---- bits --------------------------------------------------------------------------------------
 */

static uint64_t print_of(sx_sampler *sampler) {
    sx_sampler_array arrays[SX_SAMPLER_ARRAYS];
    int count = sx_sampler_arrays(sampler, arrays);
    uint64_t print = 0;
    for (int i = 0; i < count; i++)
        print = print * 31 + sx_hash_bytes(arrays[i].data, arrays[i].count * arrays[i].size);
    return print;
}

static void copy_state(sx_sampler *from, sx_sampler *to) {
    sx_sampler_array a[SX_SAMPLER_ARRAYS], b[SX_SAMPLER_ARRAYS];
    int count = sx_sampler_arrays(from, a);
    assert_int_equal(sx_sampler_arrays(to, b), count);
    for (int i = 0; i < count; i++) {
        assert_string_equal(a[i].name, b[i].name);
        memcpy(b[i].data, a[i].data, a[i].count * a[i].size);
    }
    assert_int_equal(sx_sampler_restored(to, NULL), SX_OK);
}

static void neither_threads_nor_stops_change_a_bit(void **state) {
    (void)state;
    sx_pool *pool = sx_pool_new(2, NULL);
    for (sx_sampling sampling = 0; sampling < SX_SAMPLINGS; sampling++) {
        set s = make_set((sx_head_form){2, 13, 5}, 70);
        const sx_sampler_options options = {.sampling = sampling,
                                            .members = 5,
                                            .step = 0.02,
                                            .precision = 1,
                                            .rate = sampling == SX_SAMPLING_DROPOUT ? 0.3 : 0,
                                            .batch = 16,
                                            .epochs = 4,
                                            .seed = 6};
        sx_sampler *plain = sampler_of(&s, options), *shared = sampler_of(&s, options);
        walk(plain, sx_sampler_steps(plain), NULL);
        walk(shared, sx_sampler_steps(shared), pool);
        assert_true(print_of(plain) == print_of(shared));
        for (int64_t at = 1; at < sx_sampler_steps(plain); at += 6) {
            sx_sampler *before = sampler_of(&s, options), *after = sampler_of(&s, options);
            walk(before, at, NULL);
            copy_state(before, after);
            walk(after, sx_sampler_steps(after), pool);
            assert_true(print_of(plain) == print_of(after));
            sx_sampler_free(before);
            sx_sampler_free(after);
        }
        sx_sampler_free(plain);
        sx_sampler_free(shared);
        end_set(&s);
    }
    sx_pool_free(pool);
}

/* A member does what it would do by itself; and predictions do not depend on threads. */
static void members_and_predictions_stand_alone(void **state) {
    (void)state;
    set s = make_set((sx_head_form){2, 12, 3}, 700);
    sx_sampler_options options = {.sampling = SX_SAMPLING_SGLD,
                                  .members = 4,
                                  .step = 0.02,
                                  .batch = 64,
                                  .epochs = 2,
                                  .seed = 6};
    sx_sampler *many = sampler_of(&s, options);
    options.members = 1;
    sx_sampler *one = sampler_of(&s, options);
    sx_pool *pool = sx_pool_new(2, NULL);
    walk(many, sx_sampler_steps(many), pool);
    walk(one, sx_sampler_steps(one), pool);
    const float *values = sx_sampler_member(one, 0);
    assert_memory_equal(values, sx_sampler_member(many, 0), sx_head_values(s.form) * sizeof(float));
    sx_ensemble a, b;
    const sx_head_masks masks = {0.2, 3, 1, 5};
    assert_int_equal(sx_ensemble_new(s.count, 3, s.labels, &a, NULL), SX_OK);
    assert_int_equal(sx_ensemble_new(s.count, 3, s.labels, &b, NULL), SX_OK);
    assert_int_equal(sx_head_collect(s.form, values, s.features, masks, &a, NULL, NULL), SX_OK);
    assert_int_equal(sx_head_collect(s.form, values, s.features, masks, &b, pool, NULL), SX_OK);
    assert_memory_equal(a.sum, b.sum, s.count * 3 * sizeof *a.sum);
    sx_ensemble_done(&a);
    sx_ensemble_done(&b);
    sx_sampler_free(many);
    sx_sampler_free(one);
    sx_pool_free(pool);
    end_set(&s);
}

/* ---- what is refused ---------------------------------------------------------------------------
 */

static void nonsense_is_refused(void **state) {
    (void)state;
    set s = make_set((sx_head_form){1, 4, 3}, 10);
    const sx_head_data data = {s.features, s.labels, s.count};
    const sx_sampler_options good = {.members = 1, .step = 0.1, .batch = 2, .epochs = 1};
    for (int i = 0; i < 8; i++) {
        sx_sampler_options o = good;
        sx_head_form form = s.form;
        sx_error err = {0};
        sx_sampler *sampler;
        if (i == 0) o.members = 0;
        if (i == 1) o.step = 0;
        if (i == 2) o.step = (double)NAN;
        if (i == 3) o.rate = 1;
        if (i == 4) o.batch = 0;
        if (i == 5) o.precision = -1;
        if (i == 6) form.layers = 4;
        if (i == 7) form.classes = 2; /* labels are beyond */
        assert_int_equal(sx_sampler_new(form, &o, &data, s.start, &sampler, &err), SX_BAD_INPUT);
        assert_true(strlen(err.message) > 10);
        assert_null(sampler);
    }
    sx_sampler *sampler = sampler_of(&s, good);
    sx_sampler_array arrays[SX_SAMPLER_ARRAYS];
    sx_error err;
    sx_sampler_arrays(sampler, arrays);
    *(int64_t *)arrays[0].data = 100;
    assert_int_equal(sx_sampler_restored(sampler, &err), SX_BAD_INPUT);
    sx_sampler_free(sampler);
    end_set(&s);
}

static void make_one(void *context) {
    const set *s = context;
    const sx_head_data data = {s->features, s->labels, s->count};
    const sx_sampler_options options = {
        .sampling = SX_SAMPLING_BOOTSTRAP, .members = 2, .step = 0.1, .batch = 2, .epochs = 1};
    sx_sampler *sampler;
    sx_error err;
    for (long after = 0;; after++) {
        sx_alloc_fail_after(after);
        sx_status status = sx_sampler_new(s->form, &options, &data, s->start, &sampler, &err);
        sx_alloc_fail_after(-1);
        if (!status) break;
        assert_int_equal(status, SX_NO_MEMORY);
        assert_null(sampler);
    }
    sx_sampler_free(sampler);
}

static void too_little_memory_is_told(void **state) {
    (void)state;
    set s = make_set((sx_head_form){2, 4, 3}, 10);
    make_one(&s);
    end_set(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_that_of_the_equations),
        cmocka_unit_test(the_fast_step_is_the_plain_one),
        cmocka_unit_test(gradients_are_slopes),
        cmocka_unit_test(normal_numbers_are_normal),
        cmocka_unit_test(a_resample_leaves_out_a_third),
        cmocka_unit_test(langevin_chains_have_the_posterior),
        cmocka_unit_test(the_step_widens_a_quadratic_as_it_should),
        cmocka_unit_test(dropout_is_the_mean_over_all_masks),
        cmocka_unit_test(masks_differ_by_set_item_and_pass),
        cmocka_unit_test(all_of_them_learn),
        cmocka_unit_test(snapshots_come_when_they_should),
        cmocka_unit_test(neither_threads_nor_stops_change_a_bit),
        cmocka_unit_test(members_and_predictions_stand_alone),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(too_little_memory_is_told),
    };
    return cmocka_run_group_tests(tests, read_reference, end_reference);
}
