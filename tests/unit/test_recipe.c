/* Recipes: every branch of the published rules, what their options scale, that explicit keys win,
 * and the learning rate around the boundaries of their schedules. */
#include "tests/unit/unit.h"

#include "core/study/study.h"
#include "core/train/optimizer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static sx_config resolved(const char *recipe, size_t count, double area, const char *given) {
    sx_config config;
    sx_error err = {0};
    char assignment[200];
    snprintf(assignment, sizeof assignment, "train.recipe=%s", recipe);
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    if (sx_config_override(&config, assignment, &err) ||
        (given && sx_config_override(&config, given, &err)) ||
        sx_recipe_resolve(&config, &(sx_recipe_data){count, area}, &err))
        fail_msg("%s", err.message);
    return config;
}

static void check(const char *recipe, size_t count, double area, const char *given,
                  const char *expected) {
    sx_config c = resolved(recipe, count, area, given);
    char got[512];
    snprintf(got, sizeof got, "%s | %s | %s | %s | %s | %s | %s | %s",
             sx_config_text(&c, "train", "steps"), sx_config_text(&c, "train", "batch"),
             sx_config_text(&c, "train", "optimizer"), sx_config_text(&c, "train", "schedule"),
             sx_config_text(&c, "train", "augment"), sx_config_text(&c, "data", "image"),
             sx_config_text(&c, "data", "draw"), sx_config_text(&c, "data", "compose"));
    if (strcmp(got, expected) != 0)
        fail_msg("%s of %zu images, %s:\n%s\nexpected\n%s", recipe, count, given ? given : "", got,
                 expected);
    sx_config_done(&c);
}

#define BIT "sgd(lr=0.003, momentum=0.9)"
#define SHORT "drops(warmup=100, from_zero=yes, at=200/300/400)"
#define MIDDLE "drops(warmup=500, from_zero=yes, at=3000/6000/9000)"
#define LONG "drops(warmup=500, from_zero=yes, at=6000/12000/18000)"

static void bit_hyperrule_goes_by_size(void **state) {
    (void)state;
    check("bit-hyperrule", 1, 1024, NULL,
          "500 | 512 | " BIT " | " SHORT " | flip | 128 | 160 | squash");
    check("bit-hyperrule", 19999, 95.0 * 97, NULL,
          "500 | 512 | " BIT " | " SHORT " | flip | 128 | 160 | squash");
    check("bit-hyperrule", 20000, 96.0 * 96, NULL,
          "10000 | 512 | " BIT " | " MIDDLE " | flip + mixup(alpha=0.1) | 480 | 512 | squash");
    check("bit-hyperrule", 499999, 96.0 * 96 - 1, NULL,
          "10000 | 512 | " BIT " | " MIDDLE " | flip + mixup(alpha=0.1) | 128 | 160 | squash");
    check("bit-hyperrule", 500000, 1e6, NULL,
          "20000 | 512 | " BIT " | " LONG " | flip + mixup(alpha=0.1) | 480 | 512 | squash");
}

static void bit_hyperrule_can_be_scaled(void **state) {
    (void)state;
    check("bit-hyperrule(batch=128)", 10, 1, NULL,
          "500 | 128 | sgd(lr=0.001, momentum=0.9) | " SHORT " | flip | 128 | 160 | squash");
    check("bit-hyperrule(steps=0.1, lr=0.02)", 20000, 1, NULL,
          "1000 | 512 | sgd(lr=0.02, momentum=0.9) | drops(warmup=50, from_zero=yes, "
          "at=300/600/900) | flip + mixup(alpha=0.1) | 128 | 160 | squash");
    check("bit-hyperrule(image=32)", 10, 1, NULL,
          "500 | 512 | " BIT " | " SHORT " | flip | 32 | 40 | squash");
    check("bit-hyperrule(image=512)", 10, 1e6, NULL,
          "500 | 512 | " BIT " | " SHORT " | flip | 512 | 512 | squash");
}

#define VIT "sgd(lr=0.03, momentum=0.9, clip_norm=1)"
#define VIT_REST " | crop(scale=0.05) + flip | 384 | 0 | squash"

static void vit_goes_by_size(void **state) {
    (void)state;
    check("vit", 19999, 1024, NULL,
          "500 | 512 | " VIT " | cosine(warmup=100, from_zero=yes)" VIT_REST);
    check("vit", 20000, 1024, NULL,
          "10000 | 512 | " VIT " | cosine(warmup=500, from_zero=yes)" VIT_REST);
    check("vit", 499999, 1e6, NULL,
          "10000 | 512 | " VIT " | cosine(warmup=500, from_zero=yes)" VIT_REST);
    check("vit", 500000, 1e6, NULL,
          "20000 | 512 | " VIT " | cosine(warmup=500, from_zero=yes)" VIT_REST);
    check("vit(batch=64, steps=0.05, image=32)", 50000, 1, NULL,
          "500 | 64 | sgd(lr=0.00375, momentum=0.9, clip_norm=1) | cosine(warmup=25, "
          "from_zero=yes) | crop(scale=0.05) + flip | 32 | 0 | squash");
}

static void quick_and_none_do_not_look(void **state) {
    (void)state;
    const char *quick = "500 | 64 | sgd(lr=0.03, momentum=0.9, clip_norm=1) | cosine(warmup=50) |  "
                        "| 32 | 0 | center area=0.5";
    check("quick", 1, 1, NULL, quick);
    check("quick", 1000000, 1e6, NULL, quick);
    check("none", 1, 1, NULL,
          "4000 | 64 | adamw(lr=0.002, weight_decay=0.01) | cosine(warmup=200) |  | 32 | 0 | "
          "center area=0.5");
}

static void what_is_given_wins(void **state) {
    (void)state;
    check("bit-hyperrule", 10, 1, "train.batch=128",
          "500 | 128 | sgd(lr=0.001, momentum=0.9) | " SHORT " | flip | 128 | 160 | squash");
    check("bit-hyperrule", 10, 1, "data.image=64",
          "500 | 512 | " BIT " | " SHORT " | flip | 64 | 80 | squash");
    check("bit-hyperrule", 10, 1, "train.augment=erase",
          "500 | 512 | " BIT " | " SHORT " | erase | 128 | 160 | squash");
    check("vit", 10, 1, "train.steps=77",
          "77 | 512 | " VIT " | cosine(warmup=100, from_zero=yes)" VIT_REST);
    check("vit", 10, 1, "data.compose=none",
          "500 | 512 | " VIT " | cosine(warmup=100, from_zero=yes) | crop(scale=0.05) + flip | "
          "384 | 0 | none");
    check("quick", 10, 1, "train.optimizer=adam",
          "500 | 64 | adam | cosine(warmup=50) |  | 32 | 0 | center area=0.5");
}

/* What a run's folder says is given, so a run that goes on asks no recipe again. */
static void a_resolved_study_stays(void **state) {
    (void)state;
    sx_config first = resolved("bit-hyperrule(batch=64)", 30000, 1e6, NULL), second;
    sx_text text = {0}, again = {0};
    sx_config_write(&first, &text);
    assert_int_equal(sx_config_new(&second, NULL), SX_OK);
    assert_int_equal(sx_config_parse(&second, "run.ini", text.data, NULL, NULL), SX_OK);
    assert_int_equal(sx_recipe_resolve(&second, &(sx_recipe_data){5, 5}, NULL), SX_OK);
    sx_config_write(&second, &again);
    assert_string_equal(text.data, again.data);
    sx_text_done(&text);
    sx_text_done(&again);
    sx_config_done(&first);
    sx_config_done(&second);
}

static void mistakes_are_told(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"bit-hyperrul", "did you mean 'bit-hyperrule'"},
                                          {"vit(stepz=2)", "did you mean 'steps'"},
                                          {"vit(batch=0)", "from 1"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sx_error err = {0};
        assert_int_equal(sx_recipe_check(rows[i][0], &err), SX_BAD_INPUT);
        if (!strstr(err.message, rows[i][1])) fail_msg("%s", err.message);
    }
    for (int row = 0; sx_recipe_at(row); row++) {
        assert_int_equal(sx_recipe_check(sx_recipe_at(row)->name, NULL), SX_OK);
        assert_true(strlen(sx_recipe_at(row)->help) > 5);
    }
}

/* ---- rates -------------------------------------------------------------------------------------
 */

static double factor(const char *spec, int64_t step, int64_t steps) {
    sx_schedule schedule;
    sx_error err = {0};
    if (sx_schedule_parse(spec, &schedule, &err)) fail_msg("%s", err.message);
    return sx_schedule_factor(&schedule, step, steps);
}

static void check_factor(const char *spec, int64_t step, int64_t steps, double expected) {
    double got = factor(spec, step, steps);
    if (fabs(got - expected) > 1e-12)
        fail_msg("%s, step %lld: %.15g, not %.15g", spec, (long long)step, got, expected);
}

/* get_lr of the authors' code: a fall acts on the steps after its boundary. */
static void rates_fall_after_the_boundaries(void **state) {
    (void)state;
    static const struct {
        int64_t step;
        double factor;
    } rows[] = {{0, 0},     {1, 0.01},  {99, 0.99},  {100, 1},    {101, 1},     {200, 1},
                {201, 0.1}, {300, 0.1}, {301, 0.01}, {400, 0.01}, {401, 0.001}, {499, 0.001}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_factor(SHORT, rows[i].step, 500, rows[i].factor);
    check_factor(MIDDLE, 250, 10000, 0.5);
    check_factor(MIDDLE, 3000, 10000, 1);
    check_factor(MIDDLE, 3001, 10000, 0.1);
    check_factor(LONG, 18001, 20000, 0.001);
    check_factor("drops(at=5, factor=0.5)", 5, 10, 1);
    check_factor("drops(at=5, factor=0.5)", 6, 10, 0.5);
    check_factor("drops(warmup=4, at=9)", 0, 10, 0.25); /* as all others, not from zero */
}

/* base x (1 + cos(pi clip((step - warm) / (total - warm), 0, 1))) / 2 x min(1, step / warm) */
static void rates_of_vit_begin_at_zero(void **state) {
    (void)state;
    const double pi = 3.14159265358979323846;
    for (int64_t step = 0; step < 500; step += 7) {
        double done = fmax(0, (double)(step - 100) / 400);
        double expected = 0.5 * (1 + cos(pi * done)) * fmin(1, (double)step / 100);
        check_factor("cosine(warmup=100, from_zero=yes)", step, 500, expected);
    }
}

static void boundaries_must_rise(void **state) {
    (void)state;
    static const char *const wrong[] = {"drops(at=)",
                                        "drops(at=5/5)",
                                        "drops(at=6/5)",
                                        "drops(at=5/)",
                                        "drops(at=x)",
                                        "drops(at=1.5)",
                                        "drops(at=1/2/3/4/5/6/7/8/9)",
                                        "drops(at=-1)"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(sx_schedule_check(wrong[i], NULL), SX_BAD_INPUT);
    assert_int_equal(sx_schedule_check("drops(at=1/2/3/4/5/6/7/8)", NULL), SX_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bit_hyperrule_goes_by_size),
        cmocka_unit_test(bit_hyperrule_can_be_scaled),
        cmocka_unit_test(vit_goes_by_size),
        cmocka_unit_test(quick_and_none_do_not_look),
        cmocka_unit_test(what_is_given_wins),
        cmocka_unit_test(a_resolved_study_stays),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(rates_fall_after_the_boundaries),
        cmocka_unit_test(rates_of_vit_begin_at_zero),
        cmocka_unit_test(boundaries_must_rise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
