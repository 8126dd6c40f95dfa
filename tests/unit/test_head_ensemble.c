/* What last layers owe to the theory beyond single steps: noise of another size is no Langevin
 * noise, a mean of classifiers is no worse than its members on average, and one classifier alone
 * spreads nothing (the reference's note, claims 5, 8 and 9). */
#include "tests/unit/failing.h"

#include "core/format/csv.h"
#include "core/head/head.h"
#include "core/tensor/tensor.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- noise -------------------------------------------------------------------------------------
 */

enum { MOST = 200 };

typedef struct {
    double features[MOST];
    int32_t labels[MOST];
    int count;
} logistic;

static void read_logistic(logistic *set) {
    sx_bytes bytes = {0};
    sx_csv csv = {0};
    sx_error err = {0};
    if (sx_file_read(SX_SOURCE "/tests/data/uncertainty/sgld_logistic_200.csv", 1 << 20, &bytes,
                     &err) ||
        sx_csv_parse("logistic", (const char *)bytes.data, bytes.size, &csv, &err))
        fail_msg("%s", err.message);
    if (!csv.values || csv.rows != MOST) fail_msg("%zu rows, not %d", csv.rows, MOST);
    set->count = MOST;
    for (int i = 0; csv.values && i < MOST; i++) {
        set->features[i] = csv.values[2 * i];
        set->labels[i] = (int32_t)csv.values[2 * i + 1];
    }
    sx_csv_done(&csv);
    sx_bytes_done(&bytes);
}

/* Deviation of the logistic weight along a chain in double precision whose noise is `factor` times
 * what it should be. The weight is the difference of two classes': it moves by twice the step and
 * has half the precision. */
static double deviation_along(const logistic *set, double factor) {
    enum { STEPS = 22000, LEFT_OUT = 2000 };
    double values[4] = {0}, noise[4], sum = 0, square = 0, count = STEPS - LEFT_OUT;
    const sx_head_step step = {.features = set->features,
                               .labels = set->labels,
                               .rows = set->count,
                               .step = 0.25,
                               .precision = 2,
                               .total = set->count,
                               .noise = noise};
    for (int at = 0; at < STEPS; at++) {
        float normal[4];
        sx_head_normals(sx_random_from(3, 1, (uint64_t)at), 0, normal, 4);
        for (int i = 0; i < 4; i++) noise[i] = factor * (double)normal[i];
        sx_head_reference_step((sx_head_form){1, 1, 2}, &step, values, NULL);
        if (at < LEFT_OUT) continue;
        double weight = values[1] - values[0];
        sum += weight;
        square += weight * weight;
    }
    return sqrt(square / count - sum / count * (sum / count));
}

static void noise_of_another_size_is_found(void **state) {
    (void)state;
    const double posterior = 0.19805068991024902; /* E_sgld_posterior_200/posterior_std/0 */
    logistic set;
    read_logistic(&set);
    assert_true(fabs(deviation_along(&set, 1) / posterior - 1) < 0.08);
    assert_true(deviation_along(&set, sqrt(0.5)) / posterior < 0.92);       /* sqrt(step / N) */
    assert_true(deviation_along(&set, sqrt(set.count)) / posterior > 1.08); /* sqrt(2 step) */
}

/* ---- members and their mean --------------------------------------------------------------------
 */

enum { ITEMS = 300, WIDTH = 10, CLASSES = 4, MEMBERS = 6 };

typedef struct {
    float features[ITEMS * WIDTH];
    int32_t labels[ITEMS];
    float start[WIDTH * CLASSES + CLASSES];
} task;

static const sx_head_form form = {1, WIDTH, CLASSES};

static void make_task(task *t) {
    sx_random random = sx_random_from(5, 5, 5);
    for (int i = 0; i < ITEMS; i++) {
        t->labels[i] = (int32_t)sx_random_below(&random, CLASSES);
        for (int k = 0; k < WIDTH; k++)
            t->features[i * WIDTH + k] =
                sx_random_normal(&random) + (k % CLASSES == t->labels[i] ? 0.7f : 0);
    }
    sx_head_draw(form, 1, t->start);
}

/* Mean over items of the loss and of the squared error of what an ensemble of one says. */
static void errors_of_members(const sx_ensemble *e, double *loss, double *brier) {
    *loss = *brier = 0;
    for (size_t i = 0; i < e->n; i++)
        for (int k = 0; k < e->classes; k++) {
            double p = e->sum[i * (size_t)e->classes + (size_t)k] / e->members;
            bool right = k == e->labels[i];
            if (right) *loss -= log(fmax(p, DBL_MIN)) / (double)e->n;
            *brier += (p - right) * (p - right) / (double)e->n;
        }
}

static void collect(const task *t, const float *values, sx_ensemble *e) {
    const sx_head_masks none = {0};
    assert_int_equal(sx_head_collect(form, values, t->features, none, e, NULL, NULL), SX_OK);
}

static void a_mean_is_no_worse_than_its_members(void **state) {
    (void)state;
    static const sx_sampling samplings[] = {SX_SAMPLING_SGLD, SX_SAMPLING_BOOTSTRAP};
    static task t;
    make_task(&t);
    for (int c = 0; c < 2; c++) {
        const sx_head_data data = {t.features, t.labels, ITEMS};
        const sx_sampler_options options = {.sampling = samplings[c],
                                            .members = MEMBERS,
                                            .step = 0.1,
                                            .precision = 1,
                                            .batch = 50,
                                            .epochs = 5,
                                            .seed = 2};
        sx_sampler *sampler;
        sx_ensemble all;
        double loss, brier, member_loss = 0, member_brier = 0;
        assert_int_equal(sx_sampler_new(form, &options, &data, t.start, &sampler, NULL), SX_OK);
        while (sx_sampler_at(sampler) < sx_sampler_steps(sampler))
            assert_int_equal(sx_sampler_advance(sampler, 100, NULL, NULL, NULL), SX_OK);
        assert_int_equal(sx_ensemble_new(ITEMS, CLASSES, t.labels, &all, NULL), SX_OK);
        for (int m = 0; m < MEMBERS; m++) {
            sx_ensemble one;
            assert_int_equal(sx_ensemble_new(ITEMS, CLASSES, t.labels, &one, NULL), SX_OK);
            collect(&t, sx_sampler_member(sampler, m), &one);
            collect(&t, sx_sampler_member(sampler, m), &all);
            errors_of_members(&one, &loss, &brier);
            member_loss += loss / MEMBERS;
            member_brier += brier / MEMBERS;
            sx_ensemble_done(&one);
        }
        errors_of_members(&all, &loss, &brier);
        assert_true(loss < member_loss && brier < member_brier);
        for (size_t i = 0; i < ITEMS; i++) {
            sx_item_scores scores;
            sx_ensemble_scores(&all, i, &scores);
            assert_true(scores.mutual_information >= 0 &&
                        scores.mutual_information <= log(MEMBERS));
            assert_true(scores.std > 0 && scores.range > 0);
        }
        sx_ensemble_done(&all);
        sx_sampler_free(sampler);
    }
}

static void one_classifier_spreads_nothing(void **state) {
    (void)state;
    static task t;
    sx_ensemble one;
    make_task(&t);
    assert_int_equal(sx_ensemble_new(ITEMS, CLASSES, t.labels, &one, NULL), SX_OK);
    collect(&t, t.start, &one);
    for (size_t i = 0; i < ITEMS; i++) {
        sx_item_scores scores;
        sx_ensemble_scores(&one, i, &scores);
        assert_true(scores.std == 0 && scores.range == 0 && scores.vote_entropy == 0 &&
                    scores.mutual_information == 0);
    }
    sx_ensemble_done(&one);
}

static int begin(void **state) {
    (void)state;
    sx_tensor_init();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_of_another_size_is_found),
        cmocka_unit_test(a_mean_is_no_worse_than_its_members),
        cmocka_unit_test(one_classifier_spreads_nothing),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
