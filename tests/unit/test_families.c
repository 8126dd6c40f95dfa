/* Every family of models: equal bits at any number of threads, and no allocation in a step. */
#include "tests/unit/unit.h"

#include "core/train/train.h"

#include <stdio.h>
#include <string.h>

enum { BATCH = 19, STEPS = 5, SIDE = 12, CLASSES = 4, CONTEXT = 5, WORDS = 30 };

static const char *const specs[] = {
    "mlp(width=40, depth=2, dropout=0.2)",
    "cnn(width=6, depth=2)",
    "resnet(depth=8, width=5)",
    "resnet(depth=8, width=4, shortcut=padded)",
    "resnet(depth=8, width=4, norm=group, groups=2)",
    "resnet-imagenet(depth=10, width=4)",
    "resnet-imagenet(depth=14, width=4)",
    "bit(depth=14, base=4, groups=2)",
    "vit(dim=24, depth=2, heads=3, patch=4, dropout=0.1)",
    "vit(dim=24, depth=2, heads=3, patch=4, pool=mean, norms=after, activation=relu, "
    "first_norm=yes, "
    "last_norm=no, qkv_bias=no, patch_bias=no, pre_logits=8)",
    "vit-ti(dim=12, depth=1, heads=2, patch=4)",
    "vit-s(dim=12, depth=1, heads=2, patch=4)",
    "vit-b(dim=12, depth=1, heads=2, patch=4, activation=gelu-quick)",
    "vit-l(dim=12, depth=1, heads=2, patch=4, activation=gelu-tanh)",
    "vit-h(dim=12, depth=1, heads=2, patch=4, scale=0.5)",
    "clip(dim=24, depth=2, heads=3, patch=4, embed=10, text_dim=20, text_depth=1, vocabulary=30, "
    "context=5)",
};
enum { SPECS = sizeof specs / sizeof *specs };

typedef struct {
    float images[BATCH * SIDE * SIDE * 3];
    int32_t labels[BATCH];
    float texts[BATCH * CONTEXT]; /* token ids, for a model that reads some */
} batch;

static batch make_batch(int step) {
    batch b;
    sx_random random = sx_random_from(4, 5, (uint64_t)step);
    for (size_t i = 0; i < sizeof b.images / sizeof *b.images; i++)
        b.images[i] = sx_random_normal(&random);
    for (int i = 0; i < BATCH; i++) b.labels[i] = (int32_t)sx_random_below(&random, CLASSES);
    for (int i = 0; i < BATCH * CONTEXT; i++) b.texts[i] = (float)sx_random_below(&random, WORDS);
    return b;
}

/* Trains from the start; the caller ends the model. */
static sx_model train(const char *spec, int threads) {
    sx_model model;
    sx_error err = {0};
    if (sx_model_new(spec, SIDE, SIDE, 3, CLASSES, 1, &model, &err)) fail_msg("%s", err.message);
    sx_pool *pool = sx_pool_new(threads, &err);
    sx_train_options options = {.optimizer = "adamw(lr=0.01, weight_decay=0.1)",
                                .schedule = "cosine(warmup=2)",
                                .steps = STEPS,
                                .batch = BATCH,
                                .seed = 3};
    sx_trainer *trainer = sx_trainer_new(&model, &options, pool, &err);
    if (!trainer) fail_msg("%s", err.message);
    unsigned long before = sx_alloc_count();
    for (int step = 0; step < STEPS; step++) {
        batch b = make_batch(step);
        sx_step_report report;
        sx_text_facts texts;
        if (sx_model_text(&model, &texts)) sx_trainer_targets(trainer, b.texts);
        assert_int_equal(sx_trainer_step(trainer, b.images, b.labels, &report, &err), SX_OK);
    }
    assert_int_equal(sx_alloc_count(), before);
    sx_trainer_free(trainer);
    sx_pool_free(pool);
    return model;
}

static void bits_do_not_depend_on_threads(void **state) {
    (void)state;
    for (int i = 0; i < SPECS; i++) {
        sx_model alone = train(specs[i], 1);
        for (int threads = 2; threads <= 4; threads++) {
            sx_model model = train(specs[i], threads);
            if (memcmp(model.parameters.values, alone.parameters.values,
                       alone.parameters.size * sizeof(float)) != 0)
                fail_msg("%s: other bits with %d threads", specs[i], threads);
            sx_model_done(&model);
        }
        sx_model_done(&alone);
    }
}

static void every_family_is_here(void **state) {
    (void)state;
    const sx_model_kind *kind;
    for (int row = 0; (kind = sx_model_kind_at(row)); row++) {
        bool found = false;
        for (int i = 0; i < SPECS; i++)
            found |= strncmp(specs[i], kind->name, strlen(kind->name)) == 0 &&
                     specs[i][strlen(kind->name)] == '(';
        if (!found) fail_msg("no test of %s", kind->name);
    }
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(every_family_is_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
