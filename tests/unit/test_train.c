/* Training: the optimisers against PyTorch's, schedules by hand, whole runs on a small problem, and
 * the promises of a run: the same bits for any number of threads, after a resume, after a stop. */
#include "tests/unit/failing.h"

#include "core/train/optimizer.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- optimisers ------------------------------------------------------------------------------ */

/* Slices "decayed" [decayed], "free" [free] and an untrained one of 4; all values 0. */
static sx_parameters make_parameters(size_t decayed, size_t free) {
    size_t second = (decayed + 15) / 16 * 16, third = second + (free + 15) / 16 * 16;
    sx_parameters p = {.size = third + 16, .count = 3};
    p.values = sx_alloc(p.size, sizeof *p.values);
    p.slices = sx_alloc(3, sizeof *p.slices);
    p.slices[0] = (sx_slice){.name = "decayed", .rank = 1, .sizes = {(int)decayed}};
    p.slices[1] = (sx_slice){.name = "free", .rank = 1, .sizes = {(int)free}, .offset = second};
    p.slices[2] = (sx_slice){.name = "statistics", .rank = 1, .sizes = {4}, .offset = third};
    for (int s = 0; s < 3; s++) {
        p.slices[s].count = (size_t)p.slices[s].sizes[0];
        p.slices[s].trained = s < 2;
        p.slices[s].decayed = s == 0;
    }
    return p;
}

static size_t column_of(const sx_csv *csv, const char *name) {
    for (size_t c = 0; c < csv->columns; c++)
        if (strcmp(csv->names[c], name) == 0) return c;
    fail_msg("the reference has no column '%s'", name);
    return 0;
}

static void compare(const char *what, double got, double expected) {
    if (!(fabs(got - expected) <= 2e-6 * fabs(expected) + 1e-9))
        fail_msg("%s: %.9g, not %.9g", what, got, expected);
}

enum { VALUES = 8, DECAYED = 5, STEPS = 6 };

/* The place of the reference's value `i` in the vector of make_parameters(5, 3). */
static size_t place(size_t i) {
    return i < DECAYED ? i : 16 + i - DECAYED;
}

static void check_optimizer(const sx_csv *csv, const char *name, const char *spec) {
    sx_parameters p = make_parameters(DECAYED, VALUES - DECAYED);
    sx_error err = {0};
    float *gradient = sx_alloc(p.size, sizeof *gradient);
    sx_optimizer *optimizer = sx_optimizer_new(spec, &p, &err);
    if (!optimizer) fail_msg("%s", err.message);
    size_t column = column_of(csv, name);
    for (size_t i = 0; i < VALUES; i++)
        p.values[place(i)] = (float)csv->values[i * csv->columns + column];
    for (size_t k = 0; k < 4; k++) {
        p.values[32 + k] = 3;
        gradient[32 + k] = 5;
    }
    for (size_t step = 1; step <= STEPS; step++) {
        const double *rows = csv->values + step * VALUES * csv->columns;
        double squares = 0;
        for (size_t i = 0; i < VALUES; i++) {
            gradient[place(i)] = (float)rows[i * csv->columns + 3];
            squares += (double)gradient[place(i)] * gradient[place(i)];
        }
        double norm = sx_optimizer_step(optimizer, gradient, rows[2], (int64_t)step, NULL);
        compare("gradient's norm", norm, sqrt(squares));
        for (size_t i = 0; i < VALUES; i++) {
            const double *row = rows + i * csv->columns + column;
            double value = (double)p.values[place(i)]; /* what is left of larger values */
            if (!(fabs(value - row[0]) < 2e-7)) compare(name, value, row[0]);
            for (int s = 0; s < sx_optimizer_state_count(optimizer); s++) {
                const char *state;
                float *values = sx_optimizer_state(optimizer, s, &state);
                char own[64];
                snprintf(own, sizeof own, "%s.%d", name, s);
                if (column + 1 + (size_t)s < csv->columns &&
                    strcmp(csv->names[column + 1 + (size_t)s], own) == 0)
                    compare(state, (double)values[place(i)], row[1 + s]);
            }
        }
        for (size_t k = 0; k < 4; k++) assert_true(p.values[32 + k] == 3);
    }
    sx_optimizer_free(optimizer);
    sx_parameters_done(&p);
    sx_free(gradient);
}

static void optimizers_are_those_of_pytorch(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"sgd", "sgd(lr=1, momentum=0)"},
        {"momentum", "sgd(momentum=0.9, weight_decay=0.01)"},
        {"nesterov", "sgd(momentum=0.8, weight_decay=0.01, nesterov=yes)"},
        {"adam", "adam"},
        {"adam_decay", "adam(beta1=0.8, beta2=0.99, epsilon=1e-3, weight_decay=0.1)"},
        {"adamw", "adamw(weight_decay=0.3)"},
        {"rmsprop", "rmsprop"},
        {"rmsprop_centred",
         "rmsprop(alpha=0.9, epsilon=1e-3, weight_decay=0.1, momentum=0.5, centred=yes)"},
        {"lars", "lars(momentum=0.8, weight_decay=0.05, trust=0.02)"},
        {"clip_norm", "sgd(clip_norm=0.7)"},
        {"clip_value", "sgd(clip_value=0.3)"},
    };
    sx_bytes bytes;
    sx_csv csv;
    sx_error err = {0};
    if (sx_file_read(SX_SOURCE "/tests/data/train/optimizers.csv", 1 << 20, &bytes, &err) ||
        sx_csv_parse("optimizers.csv", (const char *)bytes.data, bytes.size, &csv, &err))
        fail_msg("%s", err.message);
    assert_int_equal(csv.rows, (STEPS + 1) * VALUES);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_optimizer(&csv, cases[i][0], cases[i][1]);
    sx_csv_done(&csv);
    sx_bytes_done(&bytes);
}

/* Three steps over several pieces; the norm of the last and a hash of all values. */
static uint64_t update_long_vector(const char *spec, int threads, double *norm) {
    sx_parameters p = make_parameters(20003, 9001);
    sx_pool *pool = sx_pool_new(threads, NULL);
    sx_optimizer *optimizer = sx_optimizer_new(spec, &p, NULL);
    float *gradient = sx_alloc(p.size, sizeof *gradient);
    sx_random random = sx_random_from(1, 1, 1);
    for (size_t i = 0; i < p.size; i++) {
        p.values[i] = sx_random_normal(&random);
        gradient[i] = sx_random_normal(&random);
    }
    for (int step = 1; step <= 3; step++)
        *norm = sx_optimizer_step(optimizer, gradient, 0.01, step, pool);
    double squares = 0;
    for (int s = 0; s < 2; s++)
        for (size_t i = 0; i < p.slices[s].count; i++) {
            double g = (double)gradient[p.slices[s].offset + i];
            squares += g * g;
        }
    assert_true(fabs(*norm - sqrt(squares)) < 1e-9 * *norm);
    uint64_t hash = sx_hash_bytes(p.values, p.size * sizeof *p.values);
    sx_optimizer_free(optimizer);
    sx_parameters_done(&p);
    sx_free(gradient);
    sx_pool_free(pool);
    return hash;
}

static void updates_do_not_depend_on_threads(void **state) {
    (void)state;
    static const char *const specs[] = {
        "sgd(nesterov=yes)",       "adam",
        "adamw(weight_decay=0.1)", "rmsprop(centred=yes)",
        "lars(weight_decay=0.1)",  "sgd(clip_norm=1, clip_value=2)"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        double norm, other;
        uint64_t hash = update_long_vector(specs[i], 1, &norm);
        for (int threads = 2; threads <= 4; threads += 2) {
            assert_true(update_long_vector(specs[i], threads, &other) == hash);
            assert_true(other == norm);
        }
    }
}

/* ---- schedules and specs --------------------------------------------------------------------- */

static void check_factor(const char *spec, int64_t step, int64_t steps, double expected) {
    sx_schedule schedule;
    sx_error err = {0};
    if (sx_schedule_parse(spec, &schedule, &err)) fail_msg("%s", err.message);
    double got = sx_schedule_factor(&schedule, step, steps);
    if (!(fabs(got - expected) < 1e-12))
        fail_msg("%s at %ld of %ld: %.17g, not %.17g", spec, (long)step, (long)steps, got,
                 expected);
}

static void schedules_have_known_values(void **state) {
    (void)state;
    check_factor("constant", 0, 10, 1);
    check_factor("constant", 9, 10, 1);
    check_factor("constant(warmup=4)", 0, 10, 0.25);
    check_factor("constant(warmup=4)", 2, 10, 0.75);
    check_factor("constant(warmup=4)", 3, 10, 1);
    check_factor("constant(warmup=4)", 4, 10, 1);
    check_factor("cosine", 0, 10, 1);
    check_factor("cosine", 5, 10, 0.5);
    check_factor("cosine", 9, 10, 0.024471741852423234); /* (1 + cos(0.9 pi)) / 2 */
    check_factor("cosine", 10, 10, 0);
    check_factor("cosine", 25, 10, 0);
    check_factor("cosine(final=0.2)", 5, 10, 0.6);
    check_factor("cosine(final=0.2)", 10, 10, 0.2);
    check_factor("cosine(warmup=2)", 0, 10, 0.5);
    check_factor("cosine(warmup=2)", 1, 10, 1);
    check_factor("cosine(warmup=2)", 2, 10, 1);
    check_factor("cosine(warmup=2)", 6, 10, 0.5);
    check_factor("cosine(warmup=20)", 4, 10, 0.25); /* a run that ends before its warm-up does */
    check_factor("linear", 0, 10, 1); /* LinearLR(start_factor=1, end_factor=0, total_iters=10) */
    check_factor("linear", 7, 10, 0.3);
    check_factor("linear(final=0.5, warmup=2)", 1, 12, 1);
    check_factor("linear(final=0.5, warmup=2)", 7, 12, 0.75);
    check_factor("linear(final=0.5)", 99, 12, 0.5);
    check_factor("step(every=3, factor=0.5)", 2, 100, 1); /* StepLR(step_size=3, gamma=0.5) */
    check_factor("step(every=3, factor=0.5)", 3, 100, 0.5);
    check_factor("step(every=3, factor=0.5)", 7, 100, 0.25);
    check_factor("step(every=3, factor=0.5, warmup=4)", 0, 100, 0.25);
    check_factor("step(every=3, factor=0.5, warmup=4)", 7, 100, 0.5);
}

static void tables_have_help(void **state) {
    (void)state;
    static const char *const optimizers[] = {"sgd", "adam", "adamw", "rmsprop", "lars"};
    static const char *const schedules[] = {"constant", "cosine", "linear", "step", "drops"};
    for (int i = 0; i < 5; i++) assert_string_equal(sx_optimizer_at(i)->name, optimizers[i]);
    for (int i = 0; i < 5; i++) assert_string_equal(sx_schedule_at(i)->name, schedules[i]);
    for (int i = 0; i < 5; i++) assert_true(strlen(sx_optimizer_at(i)->help) > 5);
    assert_null(sx_optimizer_at(5));
    assert_null(sx_optimizer_at(-1));
    assert_null(sx_schedule_at(5));
    assert_null(sx_schedule_at(-1));
}

/* What a pattern chooses, seen by what a step of pure decay moves. */
static void check_decay(const char *pattern, bool first, bool second) {
    char spec[160];
    sx_error err = {0};
    sx_parameters p = make_parameters(5, 3);
    float *gradient = sx_alloc(p.size, sizeof *gradient);
    snprintf(spec, sizeof spec, "sgd(lr=0.1, momentum=0, weight_decay=0.5, decay=%s)", pattern);
    for (size_t i = 0; i < p.size; i++) p.values[i] = 1;
    sx_optimizer *optimizer = sx_optimizer_new(spec, &p, &err);
    if (!optimizer) fail_msg("%s", err.message);
    sx_optimizer_step(optimizer, gradient, 0.1, 1, NULL);
    if ((p.values[0] < 1) != first || (p.values[16] < 1) != second) fail_msg("decay=%s", pattern);
    sx_optimizer_free(optimizer);
    sx_parameters_done(&p);
    sx_free(gradient);
}

static void patterns_choose_what_decays(void **state) {
    (void)state;
    check_decay("weights", true, false);
    check_decay("all", true, true);
    check_decay("none", false, false);
    check_decay("f*", false, true);
    check_decay("decayed free", true, true);
    check_decay("* !f*", true, false);
    check_decay("!decayed *", false, true);
    sx_error err = {0};
    sx_parameters p = make_parameters(5, 3);
    assert_null(sx_optimizer_new("sgd(weight_decay=1, decay=fred)", &p, &err));
    if (!strstr(err.message, "decay=fred: no parameter has such a name; the nearest is 'free'"))
        fail_msg("%s", err.message);
    sx_parameters_done(&p);
}

static void wrong_specs_are_refused(void **state) {
    (void)state;
    static const char *const optimizers[][2] = {
        {"adan", "did you mean 'adam'"},
        {"sgd(lr=-1)", "lr"},
        {"sgd(beta1=0.9)", "beta1"},
        {"adam(beta2=1)", "beta2"},
        {"sgd(nesterov=perhaps)", "yes"},
        {"adamw(lr=fast)", "lr"},
        {"", "NAME"},
    };
    static const char *const schedules[][2] = {{"cosin", "did you mean 'cosine'"},
                                               {"constant(final=0)", "final"},
                                               {"cosine(final=2)", "final"},
                                               {"cosine(warmup=0.5)", "whole"}};
    sx_parameters p = make_parameters(4, 4);
    sx_schedule schedule;
    for (size_t i = 0; i < sizeof optimizers / sizeof optimizers[0]; i++) {
        sx_error err = {0};
        assert_null(sx_optimizer_new(optimizers[i][0], &p, &err));
        assert_int_equal(err.status, SX_BAD_INPUT);
        if (!strstr(err.message, optimizers[i][1])) fail_msg("%s", err.message);
    }
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
        sx_error err = {0};
        assert_int_equal(sx_schedule_parse(schedules[i][0], &schedule, &err), SX_BAD_INPUT);
        if (!strstr(err.message, schedules[i][1])) fail_msg("%s", err.message);
    }
    sx_parameters_done(&p);
}

/* ---- a small problem ------------------------------------------------------------------------- */

enum { SIDE = 8, PIXELS = SIDE * SIDE, BATCH = 12, CLASSES = 3 };

typedef struct {
    sx_model model;
    sx_pool *pool;
    sx_trainer *trainer;
} training;

static const sx_train_options plain = {.optimizer = "adamw(lr=0.01, weight_decay=0.01)",
                                       .schedule = "cosine(warmup=2, final=0.1)",
                                       .steps = 20,
                                       .batch = BATCH,
                                       .seed = 9};

/* The model and the pool alone. */
static training prepare(const char *model, int threads, uint64_t seed) {
    training t = {0};
    sx_error err = {0};
    t.pool = sx_pool_new(threads, &err);
    if (sx_model_new(model, SIDE, SIDE, 1, CLASSES, seed, &t.model, &err))
        fail_msg("%s", err.message);
    return t;
}

/* The trainer borrows the model, which must not move any more. */
static void begin(training *t, const char *model, const sx_train_options *options, int threads,
                  uint64_t seed) {
    sx_error err = {0};
    *t = prepare(model, threads, seed);
    t->trainer = sx_trainer_new(&t->model, options, t->pool, &err);
    if (!t->trainer) fail_msg("%s", err.message);
}

static void end(training *t) {
    sx_trainer_free(t->trainer);
    sx_model_done(&t->model);
    sx_pool_free(t->pool);
}

/* A bright bar in noise: across at the top, across at the bottom, or upright. */
static void make_batch(uint64_t step, float *images, int32_t *labels) {
    sx_random random = sx_random_from(77, 0, step);
    for (int i = 0; i < BATCH; i++) {
        labels[i] = (int32_t)sx_random_below(&random, CLASSES);
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                bool bar = labels[i] == 0 ? y == 1 : labels[i] == 1 ? y == 6 : x == 3;
                images[i * PIXELS + y * SIDE + x] =
                    (bar ? 2.0f : 0.0f) + 0.2f * sx_random_normal(&random);
            }
    }
}

static sx_step_report step(training *t) {
    float images[BATCH * PIXELS];
    int32_t labels[BATCH];
    sx_step_report report;
    sx_error err = {0};
    make_batch((uint64_t)sx_trainer_steps_done(t->trainer), images, labels);
    if (sx_trainer_step(t->trainer, images, labels, &report, &err)) fail_msg("%s", err.message);
    return report;
}

/* Everything a later step depends on. */
static uint64_t state_hash(training *t) {
    sx_trainer_state state;
    sx_trainer_save(t->trainer, &state);
    uint64_t hash = 0;
    for (size_t i = 0; i < state.count; i++)
        hash = hash * 31 + sx_hash_bytes(state.tensors[i].values, state.tensors[i].bytes);
    for (size_t i = 0; i < state.metadata_count; i++)
        hash = hash * 31 + sx_hash_bytes(state.metadata[i].value, strlen(state.metadata[i].value));
    return hash;
}

static void check_learning(const char *model, const char *optimizer) {
    sx_train_options options = plain;
    options.optimizer = optimizer;
    options.steps = 80;
    training t;
    begin(&t, model, &options, 2, 1);
    double first = step(&t).loss, loss = 0;
    int right = 0;
    for (int i = 1; i < 80; i++) {
        sx_step_report report = step(&t);
        assert_int_equal(report.step, i + 1);
        assert_true(report.gradient_norm > 0);
        loss = i < 70 ? 0 : loss + report.loss / 10;
        right += i >= 70 ? (int)lround(report.accuracy * BATCH) : 0;
    }
    if (!(first > 0.7 && loss < 0.05 && right == 10 * BATCH))
        fail_msg("%s with %s: loss %g to %g, %d of 120 right", model, optimizer, first, loss,
                 right);
    end(&t);
}

static void networks_learn(void **state) {
    (void)state;
    check_learning("mlp(width=16, depth=1)", "sgd(lr=0.1, momentum=0.9)");
    check_learning("mlp(width=16, depth=1)", "adam(lr=0.01)");
    check_learning("cnn(width=4, depth=2)", "adamw(lr=0.03, weight_decay=0.01)");
    check_learning("cnn(width=4, depth=2)", "sgd(lr=0.1, nesterov=yes)");
}

static void bits_do_not_depend_on_threads(void **state) {
    (void)state;
    uint64_t expected = 0;
    double loss = 0;
    for (int threads = 1; threads <= 4; threads *= 2) {
        training t;
        begin(&t, "cnn(width=6, depth=2, dropout=0.3)", &plain, threads, 1);
        sx_step_report report = {0};
        for (int i = 0; i < 5; i++) report = step(&t);
        if (threads == 1) {
            expected = state_hash(&t);
            loss = report.loss;
        }
        assert_true(state_hash(&t) == expected);
        assert_true(report.loss == loss);
        end(&t);
    }
}

/* The same batch at a rate of 0: only the masks can change the loss. */
static void dropout_is_fixed_by_seed_and_step(void **state) {
    (void)state;
    sx_train_options options = plain;
    options.optimizer = "sgd(lr=0)";
    float images[BATCH * PIXELS];
    int32_t labels[BATCH];
    double loss[3][2];
    make_batch(0, images, labels);
    for (int run = 0; run < 3; run++) {
        training t;
        options.seed = run < 2 ? 9 : 10;
        begin(&t, "mlp(width=16, depth=1, dropout=0.5)", &options, 1, 1);
        for (int i = 0; i < 2; i++) {
            sx_step_report report;
            assert_int_equal(sx_trainer_step(t.trainer, images, labels, &report, NULL), SX_OK);
            loss[run][i] = report.loss;
        }
        end(&t);
    }
    assert_true(loss[0][0] == loss[1][0] && loss[0][1] == loss[1][1]);
    assert_true(loss[0][0] != loss[0][1]);
    assert_true(loss[0][0] != loss[2][0]);
}

static void report_has_the_rate_that_was_used(void **state) {
    (void)state;
    training t;
    begin(&t, "mlp(width=4, depth=1)", &plain, 1, 1);
    compare("rate", step(&t).learning_rate, 0.005);
    compare("rate", step(&t).learning_rate, 0.01);
    sx_trainer_scale(t.trainer, 0.5);
    sx_trainer_scale(t.trainer, 0.5);
    compare("scale", sx_trainer_scale_now(t.trainer), 0.25);
    compare("rate", step(&t).learning_rate, 0.0025);
    for (int i = 3; i < 11; i++) step(&t);
    compare("rate", step(&t).learning_rate, 0.25 * 0.01 * 0.55); /* half of the cosine */
    assert_int_equal(sx_trainer_steps_done(t.trainer), 12);
    end(&t);
}

static void a_step_allocates_nothing(void **state) {
    (void)state;
    training t;
    begin(&t, "cnn(width=4, depth=2, dropout=0.1)", &plain, 2, 1);
    step(&t);
    unsigned long before = sx_alloc_count();
    step(&t);
    state_hash(&t);
    assert_int_equal(sx_alloc_count(), before);
    end(&t);
}

static void a_diverged_run_is_reported_as_it_is(void **state) {
    (void)state;
    training t;
    begin(&t, "mlp(width=4, depth=1)", &plain, 1, 1);
    t.model.parameters.values[sx_parameters_find(&t.model.parameters, "classifier.bias")->offset] =
        NAN;
    sx_step_report report = step(&t);
    assert_true(isnan(report.loss));
    assert_true(isnan(report.gradient_norm));
    assert_int_equal(report.step, 1);
    end(&t);
}

static void unusable_options_and_labels_are_refused(void **state) {
    (void)state;
    training t = prepare("mlp(width=4, depth=1)", 1, 1);
    sx_train_options options = plain;
    sx_error err = {0};
    options.batch = 0;
    assert_null(sx_trainer_new(&t.model, &options, t.pool, &err));
    assert_true(err.status == SX_BAD_INPUT && strlen(err.message) > 10);
    options = plain;
    options.schedule = "saw";
    assert_null(sx_trainer_new(&t.model, &options, t.pool, &err));
    assert_null(sx_trainer_new(&t.model, &options, t.pool, NULL));
    t.trainer = sx_trainer_new(&t.model, &plain, t.pool, &err);
    uint64_t before = state_hash(&t);
    float images[BATCH * PIXELS];
    int32_t labels[BATCH];
    sx_step_report report;
    make_batch(0, images, labels);
    labels[3] = CLASSES;
    assert_int_equal(sx_trainer_step(t.trainer, images, labels, &report, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "label"));
    assert_true(state_hash(&t) == before);
    assert_int_equal(sx_trainer_steps_done(t.trainer), 0);
    end(&t);
}

/* ---- stopping -------------------------------------------------------------------------------- */

static sx_status try_step(training *t, float *images, int32_t *labels) {
    sx_step_report report;
    make_batch((uint64_t)sx_trainer_steps_done(t->trainer), images, labels);
    return sx_trainer_step(t->trainer, images, labels, &report, NULL);
}

static void a_stopped_step_leaves_no_trace(void **state) {
    (void)state;
    float images[BATCH * PIXELS];
    int32_t labels[BATCH];
    training t, same;
    begin(&t, "cnn(width=4, depth=2)", &plain, 2, 1);
    begin(&same, "cnn(width=4, depth=2)", &plain, 1, 1);
    atomic_bool stop = false;
    sx_trainer_stop_flag(t.trainer, &stop);
    for (int i = 0; i < 3; i++) {
        atomic_store(&stop, true);
        uint64_t before = state_hash(&t);
        assert_int_equal(try_step(&t, images, labels), SX_CANCELLED);
        assert_true(state_hash(&t) == before);
        assert_int_equal(sx_trainer_steps_done(t.trainer), i);
        atomic_store(&stop, false);
        step(&t);
        step(&same);
        assert_true(state_hash(&t) == state_hash(&same));
    }
    end(&t);
    end(&same);
}

/* Sets the flag some time after the step began. */
typedef struct {
    atomic_bool stop, end;
    atomic_int round; /* of the step that runs */
    double length;    /* of a step, in seconds */
} stopper;

static void *stop_later(void *argument) {
    stopper *s = argument;
    for (int seen = 0; !atomic_load(&s->end);) {
        if (atomic_load(&s->round) == seen) continue;
        seen = atomic_load(&s->round);
        double from = sx_seconds(), wait = s->length * (seen % 40) / 40;
        while (sx_seconds() - from < wait) continue;
        atomic_store(&s->stop, true);
    }
    return NULL;
}

/* A flag that comes at any moment, also in the middle of a step, on a network with statistics. */
static void a_stop_may_come_at_any_moment(void **state) {
    (void)state;
    float images[BATCH * PIXELS];
    int32_t labels[BATCH];
    training t, same;
    static stopper s;
    pthread_t thread;
    begin(&t, "cnn(width=16, depth=3)", &plain, 2, 1);
    begin(&same, "cnn(width=16, depth=3)", &plain, 1, 1);
    s.length = 1;
    for (int i = 0; i < 6; i++) {
        double from = sx_seconds();
        step(&t);
        s.length = fmin(s.length, sx_seconds() - from);
    }
    sx_trainer_stop_flag(t.trainer, &s.stop);
    pthread_create(&thread, NULL, stop_later, &s);
    for (int i = 0; i < 120; i++) {
        uint64_t before = state_hash(&t);
        atomic_store(&s.stop, false);
        atomic_fetch_add(&s.round, 1);
        sx_status status = try_step(&t, images, labels);
        while (!atomic_load(&s.stop)) usleep(10);
        assert_true(status == SX_OK || status == SX_CANCELLED);
        if (status == SX_CANCELLED) assert_true(state_hash(&t) == before);
    }
    atomic_store(&s.end, true);
    pthread_join(thread, NULL);
    while (sx_trainer_steps_done(same.trainer) < sx_trainer_steps_done(t.trainer)) step(&same);
    assert_true(state_hash(&t) == state_hash(&same));
    end(&t);
    end(&same);
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

/* The trainer's state through a file. */
static sx_safetensors through_file(training *t) {
    char path[] = "/tmp/sextant-train-XXXXXX";
    sx_error err = {0};
    sx_trainer_state state;
    sx_safetensors file;
    close(mkstemp(path));
    sx_trainer_save(t->trainer, &state);
    if (sx_safetensors_write(path, state.tensors, state.count, state.metadata, state.metadata_count,
                             &err) ||
        sx_safetensors_read(path, 1 << 24, &file, &err))
        fail_msg("%s", err.message);
    unlink(path);
    return file;
}

static void check_resume(const char *model, const char *optimizer, const char *average) {
    sx_train_options options = plain;
    options.optimizer = optimizer;
    options.average = average;
    training whole, rest;
    begin(&whole, model, &options, 2, 1);
    begin(&rest, model, &options, 1, 2);
    for (int i = 0; i < 4; i++) step(&whole);
    sx_trainer_scale(whole.trainer, 0.7);
    sx_safetensors file = through_file(&whole);
    sx_error err = {0};
    if (sx_trainer_load(rest.trainer, &file, &err)) fail_msg("%s", err.message);
    sx_safetensors_done(&file);
    assert_int_equal(sx_trainer_steps_done(rest.trainer), 4);
    assert_true(sx_trainer_scale_now(rest.trainer) == 0.7);
    for (int i = 0; i < 4; i++) {
        sx_step_report a = step(&whole), b = step(&rest);
        assert_true(a.loss == b.loss && a.gradient_norm == b.gradient_norm);
        assert_true(a.learning_rate == b.learning_rate && a.step == b.step);
    }
    assert_true(state_hash(&whole) == state_hash(&rest));
    end(&whole);
    end(&rest);
}

/* After every step the average must be what its definition says; `first` is the first step that a
 * mean counts, 0: exponential with a half. */
static void check_average(const char *average, int first) {
    sx_train_options options = plain;
    options.average = average;
    training t;
    begin(&t, "cnn(width=4, depth=1)", &options, 2, 1);
    size_t size = t.model.parameters.size;
    double *expected = sx_alloc(size, sizeof *expected);
    for (size_t i = 0; i < size; i++) expected[i] = (double)t.model.parameters.values[i];
    for (int now = 1; now <= 8; now++) {
        step(&t);
        double share = first == 0 ? 0.5 : now <= first ? 1 : 1.0 / (now - first + 1);
        const sx_parameters *averaged = sx_trainer_average(t.trainer);
        assert_non_null(averaged);
        for (int k = 0; k < t.model.parameters.count; k++) {
            const sx_slice *slice = &t.model.parameters.slices[k];
            for (size_t i = slice->offset; i < slice->offset + slice->count; i++) {
                double live = (double)t.model.parameters.values[i];
                expected[i] = slice->trained ? (1 - share) * expected[i] + share * live : live;
                assert_true(fabs((double)averaged->values[i] - expected[i]) < 1e-5);
            }
        }
    }
    sx_free(expected);
    end(&t);
}

static void averages_follow_the_parameters(void **state) {
    (void)state;
    check_average("ema(decay=0.5)", 0);
    check_average("swa(start=0.15)", 4); /* of 20 steps */
    sx_error err = {0};
    assert_int_equal(sx_average_check("emma", &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "did you mean 'ema'"));
    training t;
    begin(&t, "mlp(width=4, depth=1)", &plain, 1, 1);
    assert_null(sx_trainer_average(t.trainer));
    end(&t);
}

/* Without batch norm, two batches accumulated are one of twice the size. */
static void accumulated_batches_are_one_large_batch(void **state) {
    (void)state;
    float images[2 * BATCH * PIXELS];
    int32_t labels[2 * BATCH];
    sx_train_options two = plain, large = plain;
    two.accumulate = 2;
    large.batch = 2 * BATCH;
    training a, b;
    begin(&a, "mlp(width=8, depth=1)", &two, 2, 1);
    begin(&b, "mlp(width=8, depth=1)", &large, 2, 1);
    for (uint64_t now = 0; now < 4; now++) {
        sx_step_report left, right;
        make_batch(2 * now, images, labels);
        make_batch(2 * now + 1, images + BATCH * PIXELS, labels + BATCH);
        assert_int_equal(sx_trainer_step(a.trainer, images, labels, &left, NULL), SX_OK);
        assert_int_equal(sx_trainer_step(b.trainer, images, labels, &right, NULL), SX_OK);
        assert_true(fabs(left.loss - right.loss) < 1e-5);
        assert_true(left.accuracy == right.accuracy);
        assert_true(fabs(left.gradient_norm - right.gradient_norm) < 1e-5);
    }
    end(&a);
    end(&b);
}

/* A stop within the second batch leaves no trace of the first. */
static void a_stopped_accumulation_leaves_no_trace(void **state) {
    (void)state;
    float images[2 * BATCH * PIXELS];
    int32_t labels[2 * BATCH];
    sx_train_options options = plain;
    options.accumulate = 2;
    training t;
    begin(&t, "cnn(width=4, depth=1)", &options, 1, 1);
    make_batch(0, images, labels);
    make_batch(1, images + BATCH * PIXELS, labels + BATCH);
    labels[BATCH] = 99; /* ends the second batch before it begins */
    uint64_t before = state_hash(&t);
    sx_step_report report;
    sx_error err = {0};
    assert_int_equal(sx_trainer_step(t.trainer, images, labels, &report, &err), SX_BAD_INPUT);
    assert_true(state_hash(&t) == before);
    assert_int_equal(sx_trainer_steps_done(t.trainer), 0);
    end(&t);
}

static void a_resumed_run_has_the_same_bits(void **state) {
    (void)state;
    check_resume("cnn(width=4, depth=2, dropout=0.2)", "adamw(weight_decay=0.1)", NULL);
    check_resume("cnn(width=4, depth=2)", "sgd(lr=0.02)", "none");
    check_resume("mlp(width=8, depth=2, dropout=0.2)", "adam", "ema(decay=0.9)");
    check_resume("cnn(width=4, depth=2)", "rmsprop(momentum=0.3, centred=yes)", "swa(start=0.1)");
    check_resume("cnn(width=4, depth=2)", "lars(weight_decay=0.1, clip_norm=1)", NULL);
}

/* A checkpoint with one tensor or one metadata value changed must be refused and change nothing. */
static void refuse_checkpoint(training *t, const sx_safetensors *file, const char *what) {
    sx_error err = {0};
    uint64_t before = state_hash(t);
    sx_status status = sx_trainer_load(t->trainer, file, &err);
    if (status != SX_BAD_INPUT) fail_msg("taken: %s", what);
    if (strlen(err.message) < 20) fail_msg("%s: no sentence: '%s'", what, err.message);
    assert_true(state_hash(t) == before);
}

static void checkpoints_are_checked_before_they_are_used(void **state) {
    (void)state;
    static const char *const values[][2] = {
        {"step", "-1"},       {"step", "3.5"},
        {"step", ""},         {"step", "9223372036854775807"},
        {"step", "4x"},       {"step", "1e30"},
        {"scale", ""},        {"scale", "nan"},
        {"scale", "-1"},      {"scale", "inf"},
        {"scale", "1,5"},     {"model", "cnn(width=5, depth=2)"},
        {"optimizer", "sgd"}, {"schedule", "constant"},
        {"momentum", "2"},    {"momentum", "x"},
        {"weight_decay", ""}, {"weight_decay", "-1"}};
    training t, other;
    begin(&t, "cnn(width=4, depth=2)", &plain, 1, 1);
    begin(&other, "cnn(width=4, depth=2)", &plain, 1, 5);
    step(&other);
    sx_safetensors file = through_file(&other);
    for (size_t i = 0; i < file.count; i++) {
        sx_safetensor good = file.tensors[i];
        file.tensors[i].name = "absent";
        refuse_checkpoint(&t, &file, good.name);
        file.tensors[i] = good;
        file.tensors[i].bytes -= sizeof(float);
        file.tensors[i].sizes[good.rank - 1]--;
        refuse_checkpoint(&t, &file, good.name);
        file.tensors[i] = good;
        file.tensors[i].dtype = SX_DTYPE_U8;
        refuse_checkpoint(&t, &file, good.name);
        file.tensors[i] = good;
    }
    for (size_t i = 0; i < file.metadata_count; i++) {
        sx_metadata good = file.metadata[i];
        file.metadata[i].key = "absent"; /* older checkpoints know no knobs */
        bool is_knob = !strcmp(good.key, "momentum") || !strcmp(good.key, "weight_decay");
        if (!is_knob) refuse_checkpoint(&t, &file, good.key);
        file.metadata[i] = good;
        for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
            if (strcmp(values[k][0], good.key) != 0) continue;
            file.metadata[i].value = values[k][1];
            refuse_checkpoint(&t, &file, values[k][1]);
            file.metadata[i] = good;
        }
    }
    assert_int_equal(file.metadata_count, 7);
    assert_int_equal(sx_trainer_load(t.trainer, &file, NULL), SX_OK);
    assert_true(state_hash(&t) == state_hash(&other));
    sx_safetensors_done(&file);
    end(&t);
    end(&other);
}

/* ---- evaluation ------------------------------------------------------------------------------ */

enum { IMAGES = 23 };

static void make_pixels(uint8_t *pixels) {
    sx_random random = sx_random_from(4, 4, 4);
    for (size_t i = 0; i < IMAGES * PIXELS; i++) pixels[i] = (uint8_t)sx_random_below(&random, 256);
}

static sx_evaluator *evaluator_of(const training *t, int batch) {
    sx_error err = {0};
    sx_evaluator *evaluator = sx_evaluator_new(&t->model, batch, t->pool, &err);
    if (!evaluator) fail_msg("%s", err.message);
    assert_int_equal(sx_evaluator_batch(evaluator), batch);
    return evaluator;
}

static void evaluation_is_prediction_and_softmax(void **state) {
    (void)state;
    training t;
    begin(&t, "cnn(width=4, depth=2, dropout=0.5)", &plain, 2, 1);
    for (int i = 0; i < 3; i++) step(&t);
    uint8_t pixels[IMAGES * PIXELS];
    float images[IMAGES * PIXELS], expected[IMAGES * CLASSES], got[(IMAGES + 1) * CLASSES];
    make_pixels(pixels);
    sx_graph *graph = sx_model_graph(&t.model, IMAGES, NULL);
    sx_run *run = sx_run_new(graph, NULL, false, NULL);
    sx_normalise(&sx_normalisation_usual, pixels, IMAGES * PIXELS, images);
    assert_int_equal(sx_run_predict(run, &t.model.parameters, images, IMAGES, expected, NULL), 0);
    for (int i = 0; i < IMAGES; i++) {
        double sum = 0;
        for (int c = 0; c < CLASSES; c++) sum += exp((double)expected[i * CLASSES + c]);
        for (int c = 0; c < CLASSES; c++)
            expected[i * CLASSES + c] = (float)(exp((double)expected[i * CLASSES + c]) / sum);
    }
    uint64_t before = state_hash(&t);
    static const int batches[] = {1, 5, 8, IMAGES, 64};
    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) {
        sx_evaluator *evaluator = evaluator_of(&t, batches[b]);
        for (int i = 0; i < CLASSES; i++) got[IMAGES * CLASSES + i] = -7;
        assert_int_equal(sx_evaluator_bytes(evaluator, pixels, IMAGES, got, NULL), SX_OK);
        for (size_t i = 0; i < IMAGES * CLASSES; i++)
            compare("probability", (double)got[i], (double)expected[i]);
        for (int i = 0; i < CLASSES; i++) assert_true(got[IMAGES * CLASSES + i] == -7);
        sx_evaluator_free(evaluator);
    }
    assert_true(state_hash(&t) == before);
    sx_run_free(run);
    sx_graph_free(graph);
    end(&t);
}

static void evaluation_stops_and_allocates_nothing(void **state) {
    (void)state;
    training t = prepare("cnn(width=4, depth=2)", 2, 1);
    uint8_t pixels[IMAGES * PIXELS];
    float got[IMAGES * CLASSES], again[IMAGES * CLASSES];
    atomic_bool stop = false;
    make_pixels(pixels);
    sx_evaluator *evaluator = evaluator_of(&t, 4);
    sx_evaluator_stop_flag(evaluator, &stop);
    unsigned long before = sx_alloc_count();
    assert_int_equal(sx_evaluator_bytes(evaluator, pixels, IMAGES, got, NULL), SX_OK);
    atomic_store(&stop, true);
    assert_int_equal(sx_evaluator_bytes(evaluator, pixels, IMAGES, again, NULL), SX_CANCELLED);
    atomic_store(&stop, false);
    assert_int_equal(sx_evaluator_bytes(evaluator, pixels, IMAGES, again, NULL), SX_OK);
    assert_int_equal(sx_evaluator_bytes(evaluator, pixels, 0, NULL, NULL), SX_OK);
    assert_int_equal(sx_alloc_count(), before);
    assert_memory_equal(got, again, sizeof got);
    sx_evaluator_free(evaluator);
    end(&t);
}

static void evaluation_does_not_depend_on_threads(void **state) {
    (void)state;
    uint8_t pixels[IMAGES * PIXELS];
    float expected[IMAGES * CLASSES], got[IMAGES * CLASSES];
    make_pixels(pixels);
    for (int threads = 1; threads <= 4; threads *= 2) {
        training t = prepare("cnn(width=4, depth=2)", threads, 1);
        sx_evaluator *evaluator = evaluator_of(&t, 10);
        assert_int_equal(sx_evaluator_bytes(evaluator, pixels, IMAGES, got, NULL), SX_OK);
        if (threads == 1) memcpy(expected, got, sizeof got);
        assert_memory_equal(got, expected, sizeof got);
        sx_evaluator_free(evaluator);
        end(&t);
    }
}

static sx_status make_both(void *context, sx_error *err) {
    training *t = context;
    sx_trainer *trainer = sx_trainer_new(&t->model, &plain, NULL, err);
    sx_evaluator *evaluator = trainer ? sx_evaluator_new(&t->model, 4, NULL, err) : NULL;
    bool good = evaluator != NULL;
    sx_evaluator_free(evaluator);
    sx_trainer_free(trainer);
    return good ? SX_OK : err->status;
}

static void memory_can_run_out(void **state) {
    (void)state;
    training t = prepare("cnn(width=4, depth=2)", 1, 1);
    assert_true(fail_every_allocation(make_both, &t) > 15);
    end(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optimizers_are_those_of_pytorch),
        cmocka_unit_test(updates_do_not_depend_on_threads),
        cmocka_unit_test(schedules_have_known_values),
        cmocka_unit_test(patterns_choose_what_decays),
        cmocka_unit_test(tables_have_help),
        cmocka_unit_test(wrong_specs_are_refused),
        cmocka_unit_test(networks_learn),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(dropout_is_fixed_by_seed_and_step),
        cmocka_unit_test(report_has_the_rate_that_was_used),
        cmocka_unit_test(a_step_allocates_nothing),
        cmocka_unit_test(a_diverged_run_is_reported_as_it_is),
        cmocka_unit_test(unusable_options_and_labels_are_refused),
        cmocka_unit_test(a_stopped_step_leaves_no_trace),
        cmocka_unit_test(a_stop_may_come_at_any_moment),
        cmocka_unit_test(averages_follow_the_parameters),
        cmocka_unit_test(accumulated_batches_are_one_large_batch),
        cmocka_unit_test(a_stopped_accumulation_leaves_no_trace),
        cmocka_unit_test(a_resumed_run_has_the_same_bits),
        cmocka_unit_test(checkpoints_are_checked_before_they_are_used),
        cmocka_unit_test(evaluation_is_prediction_and_softmax),
        cmocka_unit_test(evaluation_stops_and_allocates_nothing),
        cmocka_unit_test(evaluation_does_not_depend_on_threads),
        cmocka_unit_test(memory_can_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
