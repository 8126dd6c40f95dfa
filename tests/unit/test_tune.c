/* Training a part of a model: what is held fast keeps its bits, running statistics included, is as
 * in prediction, gets no gradient; and what is trained is trained as ever. */
#include "tests/unit/unit.h"

#include "core/train/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 16, PIXELS = SIDE * SIDE * 3, BATCH = 10, CLASSES = 4 };

typedef struct {
    sx_model model;
    sx_pool *pool;
    sx_trainer *trainer;
    float before[1 << 18];
} bench;

static const sx_train_options plain = {.optimizer = "sgd(lr=0.05, weight_decay=0.1)",
                                       .schedule = "constant",
                                       .steps = 20,
                                       .batch = BATCH,
                                       .seed = 9};

static const char *const specs[] = {
    "cnn(width=4, depth=3, dropout=0.5)", "resnet(depth=14, width=4)",
    "vit(dim=16, depth=3, heads=2, patch=4, dropout=0.4)", "mlp(width=12, depth=3, dropout=0.3)",
    "bit(depth=14, base=8, groups=4)"};
enum { SPECS = sizeof specs / sizeof *specs };

static void begin(bench *b, const char *spec, const char *tune, int threads, sx_train_options o) {
    sx_error err = {0};
    b->pool = sx_pool_new(threads, &err);
    if (sx_model_new(spec, SIDE, SIDE, 3, CLASSES, 3, &b->model, &err) ||
        sx_model_tune(&b->model, tune, &err))
        fail_msg("%s", err.message);
    b->trainer = sx_trainer_new(&b->model, &o, b->pool, &err);
    if (!b->trainer) fail_msg("%s", err.message);
    assert_true(b->model.parameters.size <= sizeof b->before / sizeof *b->before);
    memcpy(b->before, b->model.parameters.values, b->model.parameters.size * sizeof(float));
}

static void end(bench *b) {
    sx_trainer_free(b->trainer);
    sx_model_done(&b->model);
    sx_pool_free(b->pool);
}

static void make_batch(uint64_t step, float *images, int32_t *labels) {
    sx_random random = sx_random_from(77, 0, step);
    for (int i = 0; i < BATCH; i++) labels[i] = (int32_t)sx_random_below(&random, CLASSES);
    for (int i = 0; i < BATCH * PIXELS; i++) images[i] = sx_random_normal(&random);
}

static sx_step_report step(bench *b) {
    static float images[4 * BATCH * PIXELS];
    int32_t labels[4 * BATCH];
    sx_step_report report;
    sx_error err = {0};
    for (int k = 0; k < 4; k++)
        make_batch((uint64_t)(4 * sx_trainer_steps_done(b->trainer) + k),
                   images + k * BATCH * PIXELS, labels + k * BATCH);
    if (sx_trainer_step(b->trainer, images, labels, &report, &err)) fail_msg("%s", err.message);
    return report;
}

static bool has_changed(const bench *b, const sx_slice *slice) {
    return memcmp(b->before + slice->offset, b->model.parameters.values + slice->offset,
                  slice->count * sizeof(float)) != 0;
}

/* ---- which slices ------------------------------------------------------------------------------
 */

static void parts_are_found_by_name(void **state) {
    (void)state;
    static const struct {
        const char *spec, *tune, *first;
    } rows[] = {
        {"cnn(width=4, depth=3)", "head", "classifier.weight"},
        {"cnn(width=4, depth=3)", "last(1)", "block3.conv.weight"},
        {"cnn(width=4, depth=3)", "last=3", "block1.conv.weight"},
        {"cnn(width=4, depth=12)", "last(2)", NULL},
        {"resnet(depth=14, width=4)", "last(2)", "stage3.block1.a.conv.weight"},
        {"resnet(depth=14, width=4)", "last(3)", "stage2.block2.a.conv.weight"},
        {"vit(dim=16, depth=3, heads=2, patch=4)", "last(2)", "block2.norm1.weight"},
        {"vit(dim=16, depth=3, heads=2, patch=4)", "head", "classifier.weight"},
        {"bit(depth=14, base=8, groups=4)", "last(1)", "stage4.block1.a.norm.weight"},
        {"mlp(width=12, depth=3)", "last(1)", "layer3.weight"},
        {"mlp(width=12, depth=3)", "last(4)", NULL},
        {"mlp(width=12, depth=3)", "all", "layer1.weight"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sx_model model;
        sx_error err = {0};
        if (sx_model_new(rows[i].spec, SIDE, SIDE, 3, CLASSES, 3, &model, &err)) continue;
        sx_status status = sx_model_tune(&model, rows[i].tune, &err);
        if ((status == SX_OK) != (rows[i].first != NULL)) fail_msg("%s", err.message);
        if (!rows[i].first) assert_non_null(strstr(err.message, "fewer blocks"));
        if (rows[i].first)
            assert_string_equal(model.parameters.slices[model.frozen].name, rows[i].first);
        sx_model_done(&model);
    }
    static const char *const wrong[] = {"",       "none",     "last", "last(0)",
                                        "last(2", "last(2)x", "headx"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(sx_tune_check(wrong[i], NULL), SX_BAD_INPUT);
}

static void trained_values_are_counted(void **state) {
    (void)state;
    sx_model model;
    assert_int_equal(sx_model_new(specs[2], SIDE, SIDE, 3, CLASSES, 3, &model, NULL), SX_OK);
    size_t all = sx_model_trained(&model);
    assert_int_equal(sx_model_tune(&model, "head", NULL), SX_OK);
    assert_int_equal(sx_model_trained(&model), 16 * CLASSES + CLASSES);
    assert_true(all > 50 * sx_model_trained(&model));
    sx_model_done(&model);
}

/* ---- training ----------------------------------------------------------------------------------
 */

static void check_part(const char *spec, const char *tune, int accumulate) {
    static bench b;
    sx_train_options options = plain;
    options.accumulate = accumulate;
    begin(&b, spec, tune, 2, options);
    for (int i = 0; i < 3; i++) assert_true(step(&b).gradient_norm > 0);
    int changed = 0;
    for (int s = 0; s < b.model.parameters.count; s++) {
        const sx_slice *slice = &b.model.parameters.slices[s];
        bool moved = has_changed(&b, slice);
        if (moved && s < b.model.frozen)
            fail_msg("%s, %s: %s has changed", spec, tune, slice->name);
        changed += moved;
    }
    assert_true(changed > 0 && has_changed(&b, &b.model.parameters.slices[b.model.frozen]));
    sx_trainer_state state;
    sx_trainer_save(b.trainer, &state);
    const sx_safetensor *momentum = &state.tensors[state.count - 1];
    assert_string_equal(momentum->name, "optimizer.momentum");
    size_t held = b.model.parameters.slices[b.model.frozen].offset;
    for (size_t i = 0; i < held; i++) assert_true(((const float *)momentum->values)[i] == 0);
    end(&b);
}

static void what_is_held_fast_keeps_its_bits(void **state) {
    (void)state;
    for (int i = 0; i < SPECS; i++) {
        check_part(specs[i], "head", 1);
        check_part(specs[i], "last(1)", 1);
    }
    check_part(specs[0], "last(2)", 3);
}

/* Whatever was in the vector before: zeros where nothing is trained. */
static void no_gradient_goes_there(void **state) {
    (void)state;
    static float images[BATCH * PIXELS], gradient[1 << 18];
    int32_t labels[BATCH];
    for (int i = 0; i < SPECS; i++) {
        static bench b;
        sx_run_report report;
        begin(&b, specs[i], "last(1)", 2, plain);
        sx_graph *graph = sx_model_graph(&b.model, BATCH, NULL);
        sx_run *run = sx_run_new(graph, b.pool, true, NULL);
        make_batch(0, images, labels);
        for (size_t k = 0; k < b.model.parameters.size; k++) gradient[k] = 7;
        assert_int_equal(
            sx_run_train(run, &b.model.parameters, images, labels, 1, 0, gradient, &report), SX_OK);
        for (int s = 0; s < b.model.frozen; s++) {
            const sx_slice *slice = &b.model.parameters.slices[s];
            for (size_t k = 0; k < slice->count; k++)
                if (gradient[slice->offset + k] < 0 || gradient[slice->offset + k] > 0)
                    fail_msg("%s: %s has a gradient", specs[i], slice->name);
        }
        sx_run_free(run);
        sx_graph_free(graph);
        end(&b);
    }
}

/* Of layers that are held fast dropout and batch norm do what they do in prediction: the loss of a
 * step is that of the predicted logits, in double precision. */
static void what_is_held_fast_is_as_in_prediction(void **state) {
    (void)state;
    for (int i = 0; i < SPECS; i++) {
        static bench b;
        static float images[BATCH * PIXELS], logits[BATCH * CLASSES];
        int32_t labels[BATCH];
        begin(&b, specs[i], "head", 2, plain);
        sx_graph *graph = sx_model_graph(&b.model, BATCH, NULL);
        sx_run *run = sx_run_new(graph, b.pool, false, NULL);
        make_batch(0, images, labels);
        assert_int_equal(sx_run_predict(run, &b.model.parameters, images, BATCH, logits, NULL),
                         SX_OK);
        double loss = 0;
        for (int k = 0; k < BATCH; k++) {
            double sum = 0;
            for (int c = 0; c < CLASSES; c++) sum += exp((double)logits[k * CLASSES + c]);
            loss += (log(sum) - (double)logits[k * CLASSES + labels[k]]) / BATCH;
        }
        double got = step(&b).loss;
        if (fabs(got - loss) > 1e-4 * fmax(1, loss))
            fail_msg("%s: loss %.9g, predicted %.9g", specs[i], got, loss);
        sx_run_free(run);
        sx_graph_free(graph);
        end(&b);
    }
}

/* Where no layer tells training from prediction, the gradient of what is trained is the gradient
 * that it has when everything is trained. */
static void gradients_are_those_of_the_whole(void **state) {
    (void)state;
    static bench part, whole;
    static const char *const plain_specs[] = {"vit(dim=16, depth=3, heads=2, patch=4)",
                                              "bit(depth=14, base=8, groups=4)"};
    for (int i = 0; i < 2; i++) {
        begin(&part, plain_specs[i], "last(2)", 2, plain);
        begin(&whole, plain_specs[i], "all", 2, plain);
        assert_true(step(&part).loss == step(&whole).loss);
        size_t from = part.model.parameters.slices[part.model.frozen].offset;
        size_t size = part.model.parameters.size;
        assert_memory_equal(part.model.parameters.values + from,
                            whole.model.parameters.values + from, (size - from) * sizeof(float));
        end(&part);
        end(&whole);
    }
}

static void bits_do_not_depend_on_threads(void **state) {
    (void)state;
    static bench b;
    static float expected[1 << 18];
    static const char *const tunes[] = {"head", "last(1)", "last(2)"};
    for (int i = 0; i < SPECS - 1; i++)
        for (int t = 0; t < 3; t++)
            for (int threads = 1; threads <= 4; threads++) {
                begin(&b, specs[i], tunes[t], threads, plain);
                for (int k = 0; k < 3; k++) step(&b);
                size_t bytes = b.model.parameters.size * sizeof(float);
                if (threads == 1) memcpy(expected, b.model.parameters.values, bytes);
                assert_memory_equal(expected, b.model.parameters.values, bytes);
                end(&b);
            }
}

/* Who looks at a network sees what its layers have, whether or not they are trained. */
static void layers_that_are_held_have_their_parameters(void **state) {
    (void)state;
    for (int i = 0; i < SPECS; i++) {
        size_t counts[2] = {0};
        for (int held = 0; held < 2; held++) {
            sx_model model;
            sx_layer_facts facts;
            assert_int_equal(sx_model_new(specs[i], SIDE, SIDE, 3, CLASSES, 3, &model, NULL),
                             SX_OK);
            assert_int_equal(sx_model_tune(&model, held ? "head" : "all", NULL), SX_OK);
            sx_graph *graph = sx_model_graph(&model, 1, NULL);
            for (int layer = 0; sx_graph_layer_at(graph, layer, &facts); layer++)
                counts[held] += facts.parameters;
            sx_graph_free(graph);
            sx_model_done(&model);
        }
        assert_int_equal(counts[1], counts[0]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_that_are_held_have_their_parameters),
        cmocka_unit_test(parts_are_found_by_name),
        cmocka_unit_test(trained_values_are_counted),
        cmocka_unit_test(what_is_held_fast_keeps_its_bits),
        cmocka_unit_test(no_gradient_goes_there),
        cmocka_unit_test(what_is_held_fast_is_as_in_prediction),
        cmocka_unit_test(gradients_are_those_of_the_whole),
        cmocka_unit_test(bits_do_not_depend_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
