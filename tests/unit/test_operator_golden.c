/* Every operator and loss against PyTorch: tests/data/operators has small models as files of layers
 * and, beside them, what PyTorch made of them (tests/reference/make_operator_golden.py). Output,
 * prediction, loss and every gradient must match to 1e-4 of the tensor's norm. */
#include "tests/unit/unit.h"

#include "core/format/safetensors.h"
#include "core/graph/internal.h"
#include "core/model/internal.h"
#include "core/tensor/kernels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TOLERANCE 1e-4

typedef struct {
    const char *name;
    sx_safetensors file;
    sx_model model;
    sx_graph *graph;
    const sx_safetensor *image, *output;
    size_t batch;
} golden;

static const sx_safetensor *tensor(const golden *g, const char *prefix, const char *name) {
    char full[160];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return sx_safetensors_find(&g->file, full);
}

/* The largest difference allowed is a share of the root mean square. */
static void compare(const golden *g, const char *what, const float *got,
                    const sx_safetensor *expected) {
    if (!expected) fail_msg("%s: the golden file lacks %s", g->name, what);
    const float *values = expected->values;
    size_t count = expected->bytes / sizeof *values;
    double norm = 0, difference = 0;
    for (size_t i = 0; i < count; i++) {
        norm += (double)values[i] * (double)values[i];
        difference += ((double)got[i] - (double)values[i]) * ((double)got[i] - (double)values[i]);
    }
    if (!(sqrt(difference) <= TOLERANCE * sqrt(norm) + 1e-7 * sqrt((double)count)))
        fail_msg("%s (%s): %s differs by %g of its norm %g", g->name, sx_tensor_isa(), what,
                 sqrt(difference / norm), sqrt(norm));
}

static void build(golden *g) {
    sx_error err = {0};
    g->graph = sx_graph_new((int)g->batch, g->model.height, g->model.width, g->model.channels);
    if (sx_layers_build(&g->model, g->graph, &(sx_ending){0}, &err))
        fail_msg("%s: %s", g->name, err.message);
    assert_int_equal(sx_parameters_new(g->graph, 1, &g->model.parameters, &err), SX_OK);
    for (int i = 0; i < g->model.parameters.count; i++) {
        const sx_slice *slice = &g->model.parameters.slices[i];
        const sx_safetensor *start = tensor(g, "start/", slice->name);
        if (!start || start->bytes != slice->count * sizeof(float))
            fail_msg("%s: the golden file lacks %s", g->name, slice->name);
        memcpy(g->model.parameters.values + slice->offset, start->values, start->bytes);
    }
}

static void open_golden(golden *g, const char *name) {
    char path[512];
    sx_error err = {0};
    sx_bytes text;
    *g = (golden){.name = name};
    snprintf(path, sizeof path, "%s/tests/data/operators/%s.safetensors", SX_SOURCE, name);
    if (sx_safetensors_read(path, 1 << 20, &g->file, &err)) fail_msg("%s", err.message);
    snprintf(path, sizeof path, "%s/tests/data/operators/%s.ini", SX_SOURCE, name);
    if (sx_file_read(path, 1 << 16, &text, &err)) fail_msg("%s", err.message);
    g->image = tensor(g, "", "image");
    g->output = tensor(g, "", "output");
    assert_true(g->image && g->output && g->image->rank == 4);
    g->batch = g->image->sizes[0];
    g->model = (sx_model){.height = (int)g->image->sizes[1],
                          .width = (int)g->image->sizes[2],
                          .channels = (int)g->image->sizes[3],
                          .layers = (char *)text.data};
    sx_text_set(g->model.spec, sizeof g->model.spec, name);
}

static void train(const golden *g, float *gradient) {
    sx_error err = {0};
    sx_run *run = sx_run_new(g->graph, NULL, true, &err);
    sx_run_report report;
    int32_t labels[16];
    const sx_safetensor *targets = tensor(g, "", "targets"), *wanted = tensor(g, "", "labels");
    if (!run) fail_msg("%s: %s", g->name, err.message);
    for (size_t i = 0; wanted && i < g->batch; i++)
        labels[i] = (int32_t)((const float *)wanted->values)[i];
    if (targets) sx_run_targets(run, targets->values);
    sx_parameters parameters = g->model.parameters;
    assert_int_equal(sx_run_train(run, &parameters, g->image->values, wanted ? labels : NULL, 1, 1,
                                  gradient, &report),
                     SX_OK);
    float loss = (float)report.loss;
    compare(g, "loss", &loss, tensor(g, "", "loss"));
    for (int i = 0; i < parameters.count; i++) {
        const sx_slice *slice = &parameters.slices[i];
        if (slice->trained)
            compare(g, slice->name, gradient + slice->offset, tensor(g, "gradient/", slice->name));
    }
    sx_run_free(run);
}

static void predict(const golden *g) {
    sx_error err = {0};
    float *output = sx_alloc(g->output->bytes, 1);
    sx_run *run = sx_run_new(g->graph, NULL, false, &err);
    const sx_safetensor *targets = tensor(g, "", "targets");
    assert_true(run && output);
    if (targets) sx_run_targets(run, targets->values);
    assert_int_equal(g->output->bytes, g->batch * sx_graph_output_size(g->graph) * sizeof(float));
    assert_int_equal(
        sx_run_predict(run, &g->model.parameters, g->image->values, (int)g->batch, output, &err),
        SX_OK);
    compare(g, "the prediction", output, tensor(g, "", "predicted"));
    sx_run_free(run);
    sx_free(output);
}

static void check(const char *name) {
    static const char *const levels[] = {"baseline", "avx2", "avx512"};
    for (int level = 0; level < 3; level++) {
        if (!sx_tensor_force(levels[level])) continue;
        golden g;
        open_golden(&g, name);
        build(&g);
        predict(&g);
        float *gradient = sx_alloc(g.model.parameters.size + 1, sizeof *gradient);
        train(&g, gradient);
        sx_free(gradient);
        sx_graph_free(g.graph);
        sx_model_done(&g.model);
        sx_safetensors_done(&g.file);
    }
    sx_tensor_force(NULL);
}

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name), tail = strlen(end);
    return length > tail && strcmp(name + length - tail, end) == 0;
}

static void operators_equal_pytorch(void **state) {
    (void)state;
    sx_listing listing;
    sx_error err = {0};
    int checked = 0;
    assert_int_equal(sx_directory_list(SX_SOURCE "/tests/data/operators", &listing, &err), SX_OK);
    for (size_t i = 0; i < listing.count; i++) {
        if (!ends_with(listing.names[i], ".ini")) continue;
        listing.names[i][strlen(listing.names[i]) - 4] = 0;
        check(listing.names[i]);
        checked++;
    }
    assert_true(checked > 50);
    sx_listing_done(&listing);
}

/* Every operator but the random ones stands in some file. */
static void every_operator_is_in_a_file(void **state) {
    (void)state;
    static const char *const random[] = {"input", "dropout", "stochastic_depth"};
    sx_listing listing;
    sx_text all = {0};
    assert_int_equal(sx_directory_list(SX_SOURCE "/tests/data/operators", &listing, NULL), SX_OK);
    for (size_t i = 0; i < listing.count; i++) {
        char path[512];
        sx_bytes text;
        if (!ends_with(listing.names[i], ".ini")) continue;
        snprintf(path, sizeof path, "%s/tests/data/operators/%s", SX_SOURCE, listing.names[i]);
        assert_int_equal(sx_file_read(path, 1 << 16, &text, NULL), SX_OK);
        sx_text_add(&all, "%s\n", (const char *)text.data);
        sx_bytes_done(&text);
    }
    for (int row = 0; sx_operator_name(row); row++) {
        bool skip = false;
        for (int i = 0; i < 3; i++) skip |= strcmp(random[i], sx_operator_name(row)) == 0;
        if (!skip && !strstr(all.data, sx_operator_name(row)))
            fail_msg("no golden values for %s", sx_operator_name(row));
    }
    sx_text_done(&all);
    sx_listing_done(&listing);
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_equal_pytorch),
        cmocka_unit_test(every_operator_is_in_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
