/* Families of models against PyTorch: the gradients of a first step, the losses of twenty
 * free-running ones, from PyTorch's starting parameters, and single steps restarted from PyTorch's
 * parameters and optimiser state (tests/reference/make_family_golden.py).
 * A key's bias adds the same to all scores of a query, so its exact gradient is 0; it is left out.
 */
#include "tests/unit/unit.h"

#include "core/train/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TOLERANCE 1e-4

enum { BATCH = 8, CLASSES = 5, STEPS = 20, RESTARTS = 4 };

typedef struct {
    const char *name, *spec, *optimizer;
    int side;
} family;

static const family families[] = {
    {"mlp", "mlp(width=12, depth=2)", "sgd(lr=0.05, momentum=0.9)", 4},
    {"cnn", "cnn(width=6, depth=2)", "sgd(lr=0.05, momentum=0.9)", 12},
    {"resnet", "resnet(depth=8, width=4)", "sgd(lr=0.02, momentum=0.9)", 8},
    {"vit", "vit(dim=8, depth=2, heads=2, patch=4)", "adamw(lr=0.002, weight_decay=0)", 8},
    {"clip",
     "clip(dim=8, depth=2, heads=2, patch=4, embed=6, text_dim=12, text_depth=1, text_heads=3, "
     "vocabulary=9, context=5)",
     "adamw(lr=0.002, weight_decay=0)", 8},
};

static const float *tensor(const sx_safetensors *file, const char *prefix, const char *name,
                           size_t count) {
    char full[160];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const sx_safetensor *found = sx_safetensors_find(file, full);
    if (!found || found->bytes != count * sizeof(float)) fail_msg("golden values of %s", full);
    return found->values;
}

static sx_model open_model(const family *f, const sx_safetensors *file) {
    sx_model model;
    sx_error err = {0};
    if (sx_model_new(f->spec, f->side, f->side, 3, CLASSES, 1, &model, &err))
        fail_msg("%s", err.message);
    for (int i = 0; i < model.parameters.count; i++) {
        const sx_slice *slice = &model.parameters.slices[i];
        memcpy(model.parameters.values + slice->offset,
               tensor(file, "start/", slice->name, slice->count), slice->count * sizeof(float));
    }
    return model;
}

/* Captions, of a model that reads some. */
static const float *targets_of(const sx_safetensors *file) {
    const sx_safetensor *found = sx_safetensors_find(file, "targets");
    return found ? found->values : NULL;
}

static sx_trainer *open_trainer(const family *f, sx_model *model, const sx_safetensors *file) {
    sx_error err = {0};
    sx_train_options options = {
        .optimizer = f->optimizer, .schedule = "constant", .steps = STEPS, .batch = BATCH};
    sx_trainer *trainer = sx_trainer_new(model, &options, NULL, &err);
    if (!trainer) fail_msg("%s", err.message);
    sx_trainer_targets(trainer, targets_of(file));
    return trainer;
}

/* Attention reads queries, keys and values side by side: the middle third are the keys'. */
static bool is_key_bias(const sx_slice *slice, size_t at) {
    return strstr(slice->name, "attention.in.bias") && at >= slice->count / 3 &&
           at < slice->count / 3 * 2;
}

/* Values of a slice, among those of all, against the tensor PREFIX + name. */
static void compare(const family *f, const sx_safetensors *file, const char *prefix,
                    const sx_slice *slice, const float *values) {
    const float *expected = tensor(file, prefix, slice->name, slice->count);
    double norm = 0, difference = 0;
    for (size_t i = 0; i < slice->count; i++) {
        double d = (double)values[slice->offset + i] - (double)expected[i];
        if (is_key_bias(slice, i)) continue;
        norm += (double)expected[i] * (double)expected[i];
        difference += d * d;
    }
    if (!(sqrt(difference) <= TOLERANCE * sqrt(norm)))
        fail_msg("%s: %s%s differs by %g of its norm", f->name, prefix, slice->name,
                 sqrt(difference / norm));
}

static void check_key_biases(const sx_slice *slice, const float *gradient) {
    for (size_t i = 0; i < slice->count; i++)
        assert_true(!is_key_bias(slice, i) || fabsf(gradient[slice->offset + i]) < 1e-6f);
}

static void check_first_gradient(const family *f, const sx_safetensors *file, const float *images,
                                 const int32_t *labels) {
    sx_model model = open_model(f, file);
    sx_graph *graph = sx_model_graph(&model, BATCH, NULL);
    sx_run *run = sx_run_new(graph, NULL, true, NULL);
    float *gradient = sx_alloc(model.parameters.size, sizeof *gradient);
    sx_run_report report;
    sx_run_targets(run, targets_of(file));
    assert_int_equal(sx_run_train(run, &model.parameters, images, labels, 0, 0, gradient, &report),
                     SX_OK);
    for (int i = 0; i < model.parameters.count; i++)
        if (model.parameters.slices[i].trained) {
            compare(f, file, "gradient/", &model.parameters.slices[i], gradient);
            check_key_biases(&model.parameters.slices[i], gradient);
        }
    sx_free(gradient);
    sx_run_free(run);
    sx_graph_free(graph);
    sx_model_done(&model);
}

/* The optimiser's moments, as the trainer would save them: flat vectors of all parameters. */
static int find_moments(sx_trainer *trainer, size_t size, float *moments[2]) {
    sx_trainer_state state;
    int count = 0;
    sx_trainer_save(trainer, &state);
    for (size_t i = 0; i < state.count; i++)
        if (strncmp(state.tensors[i].name, "optimizer.", 10) == 0) {
            assert_true(count < 2 && state.tensors[i].sizes[0] == size);
            moments[count++] = (float *)state.tensors[i].values;
        }
    return count;
}

/* Sets everything to what PyTorch had after a step, or compares it with that. */
static void each_tensor(const family *f, const sx_safetensors *file, int step, sx_model *model,
                        sx_trainer *trainer, bool set) {
    float *all[3] = {model->parameters.values};
    int moments = find_moments(trainer, model->parameters.size, all + 1);
    assert_true(moments > 0);
    for (int i = 0; i < model->parameters.count; i++) {
        const sx_slice *slice = &model->parameters.slices[i];
        for (int k = 0; k <= (slice->trained ? moments : 0); k++) {
            char prefix[32];
            snprintf(prefix, sizeof prefix, k ? "after%d/state%d/" : "after%d/", step, k - 1);
            if (set)
                memcpy(all[k] + slice->offset, tensor(file, prefix, slice->name, slice->count),
                       slice->count * sizeof(float));
            else
                compare(f, file, prefix, slice, all[k]);
        }
    }
}

static void check_restarted_steps(const family *f, const sx_safetensors *file, const float *images,
                                  const int32_t *labels) {
    sx_error err = {0};
    sx_model model = open_model(f, file);
    sx_trainer *trainer = open_trainer(f, &model, file);
    for (int step = 1; step <= RESTARTS; step++) {
        sx_step_report report;
        assert_int_equal(sx_trainer_step(trainer, images, labels, &report, &err), SX_OK);
        each_tensor(f, file, step, &model, trainer, false);
        each_tensor(f, file, step, &model, trainer, true);
    }
    sx_trainer_free(trainer);
    sx_model_done(&model);
}

static void check_losses(const family *f, const sx_safetensors *file, const float *images,
                         const int32_t *labels) {
    sx_error err = {0};
    sx_model model = open_model(f, file);
    sx_trainer *trainer = open_trainer(f, &model, file);
    const float *losses = tensor(file, "", "losses", STEPS);
    for (int step = 0; step < STEPS; step++) {
        sx_step_report report;
        assert_int_equal(sx_trainer_step(trainer, images, labels, &report, &err), SX_OK);
        if (!(fabs(report.loss - (double)losses[step]) <= TOLERANCE * (double)losses[step]))
            fail_msg("%s: loss of step %d: %.7g, not %.7g", f->name, step, report.loss,
                     (double)losses[step]);
    }
    sx_trainer_free(trainer);
    sx_model_done(&model);
}

static void families_equal_pytorch(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const family *f = &families[i];
        char path[512];
        sx_error err = {0};
        sx_safetensors file;
        int32_t labels[BATCH];
        snprintf(path, sizeof path, "%s/tests/data/families/%s.safetensors", SX_SOURCE, f->name);
        if (sx_safetensors_read(path, 1 << 20, &file, &err)) fail_msg("%s", err.message);
        for (int k = 0; k < BATCH; k++) labels[k] = (int32_t)tensor(&file, "", "labels", BATCH)[k];
        const float *images = tensor(&file, "", "images", (size_t)(BATCH * f->side * f->side * 3));
        check_first_gradient(f, &file, images, labels);
        check_losses(f, &file, images, labels);
        check_restarted_steps(f, &file, images, labels);
        sx_safetensors_done(&file);
    }
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_equal_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
