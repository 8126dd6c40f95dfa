/* A million small training steps: not one allocation after the first step, and the process as large
 * at the end as it was at the start. */
#include "core/train/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STEPS = 1000000, BATCH = 4, SIDE = 4 };

static long resident_pages(void) {
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%ld %ld", &all, &resident) != 2) resident = 0;
    fclose(file);
    return resident;
}

static int train(sx_trainer *trainer, sx_error *err) {
    float images[BATCH * SIDE * SIDE];
    int32_t labels[BATCH];
    unsigned long allocations = 0;
    long pages = 0;
    sx_step_report report = {0};
    sx_random random = sx_random_from(1, 2, 3);
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < BATCH * SIDE * SIDE; i++) images[i] = sx_random_uniform(&random);
        for (int i = 0; i < BATCH; i++) labels[i] = images[i * SIDE * SIDE] > 0.5f;
        if (sx_trainer_step(trainer, images, labels, &report, err)) return 1;
        if (step != 1000) continue;
        allocations = sx_alloc_count();
        pages = resident_pages();
    }
    long growth = resident_pages() - pages;
    printf("a million steps: loss %.3f, %lu allocations, %ld pages more\n", report.loss,
           sx_alloc_count() - allocations, growth);
    return sx_alloc_count() != allocations || growth > 64 || isnan(report.loss);
}

int main(void) {
    sx_error err = {0};
    sx_model model;
    sx_train_options options = {.optimizer = "sgd(lr=0.01)",
                                .schedule = "constant",
                                .steps = STEPS,
                                .batch = BATCH,
                                .seed = 1};
    sx_tensor_init();
    if (sx_model_new("cnn(width=4, depth=1)", SIDE, SIDE, 1, 2, 1, &model, &err)) return 1;
    sx_trainer *trainer = sx_trainer_new(&model, &options, NULL, &err);
    int status = trainer ? train(trainer, &err) : 1;
    if (err.status) fprintf(stderr, "million_steps: %s\n", err.message);
    sx_trainer_free(trainer);
    sx_model_done(&model);
    return status;
}
