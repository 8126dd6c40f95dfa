/* Published checkpoints, small: opened under their sources' names, recognised, run, written again.
 * tests/reference/make_checkpoint_golden.py makes the files and says what PyTorch computes. */
#include "tests/unit/unit.h"

#include "core/graph/internal.h"
#include "core/model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA SX_SOURCE "/tests/data/checkpoints/"
#define TOLERANCE 1e-4 /* of a tensor's norm */

enum { BATCH = 3 };

typedef struct {
    const char *name, *extension, *naming, *spec;
    int side; /* of the input in the golden file, where the checkpoint does not say */
    const char *layers[2];
} published;

static const published cases[] = {
    {"vit-google",
     "npz",
     "google",
     "vit(dim=16, depth=2, heads=2, patch=4, pre_logits=16, activation=gelu-tanh, epsilon=1e-6)",
     12,
     {"patches", "block2.attention"}},
    {"vit-google-deflated",
     "npz",
     "google",
     "vit(dim=16, depth=2, heads=2, patch=4, activation=gelu-tanh, epsilon=1e-6)",
     8,
     {"patches", "block1.attention"}},
    {"vit-big-vision-mean",
     "npz",
     "big_vision",
     "vit(dim=16, depth=2, heads=2, patch=4, pool=mean, activation=gelu-tanh, epsilon=1e-6)",
     12,
     {"patches", "block2.attention"}},
    {"vit-timm",
     "safetensors",
     "timm",
     "vit(dim=16, depth=2, heads=1, patch=4, activation=gelu, epsilon=1e-6)",
     12,
     {"patches", "block2.attention"}},
    {"vit-timm-module",
     "safetensors",
     "timm",
     "vit(dim=16, depth=2, heads=1, patch=4, activation=gelu, epsilon=1e-6)",
     8,
     {"patches", "block1.attention"}},
    {"vit-huggingface",
     "safetensors",
     "huggingface",
     "vit(dim=16, depth=2, heads=1, patch=4, activation=gelu, epsilon=1e-12)",
     12,
     {"patches", "block2.attention"}},
    {"resnet-10",
     "safetensors",
     "torchvision",
     "resnet-imagenet(depth=10, width=4)",
     64,
     {"max_pool"}},
    {"resnet-14",
     "safetensors",
     "torchvision",
     "resnet-imagenet(depth=14, width=4)",
     64,
     {"max_pool"}},
    {"cifar-padded",
     "safetensors",
     "cifar",
     "resnet(depth=8, width=4, shortcut=padded)",
     16,
     {NULL}},
    {"cifar-projection",
     "safetensors",
     "cifar",
     "resnet(depth=8, width=4, shortcut=projection)",
     16,
     {NULL}},
    {"bit-14",
     "npz",
     "bit",
     "bit(depth=14, width=1, base=4, groups=1, epsilon=1e-10)",
     32,
     {"max_pool"}},
    {"bit-14-timm",
     "safetensors",
     "timm-bit",
     "bit(depth=14, width=1, base=4, groups=1, epsilon=1e-8)",
     32,
     {"max_pool"}},
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct {
    sx_tensors *file;
    sx_checkpoint checkpoint;
    sx_model model;
    sx_safetensors golden;
    sx_graph *graph;
} opened;

static bool has_heads_in_file(const published *p) {
    return strcmp(p->extension, "npz") == 0;
}

static opened open_case(const published *p) {
    opened o;
    sx_error err = {0};
    sx_text surplus = {0};
    char path[256];
    snprintf(path, sizeof path, DATA "%s.%s", p->name, p->extension);
    if (!(o.file = sx_tensors_open(path, &err))) fail_msg("%s: %s", p->name, err.message);
    if (sx_checkpoint_recognise(o.file, &o.checkpoint, &err))
        fail_msg("%s: %s", p->name, err.message);
    assert_string_equal(o.checkpoint.spec, p->spec);
    assert_string_equal(sx_naming_name(o.checkpoint.naming), p->naming);
    if (strncmp(p->spec, "vit", 3) == 0) {
        assert_int_equal(o.checkpoint.height, p->side);
        if (!has_heads_in_file(p))
            assert_int_equal(sx_checkpoint_set(&o.checkpoint, "heads=2", &err), SX_OK);
    }
    o.checkpoint.height = o.checkpoint.width = p->side;
    if (sx_checkpoint_load(o.file, &o.checkpoint, &o.model, &surplus, &err))
        fail_msg("%s: %s", p->name, err.message);
    assert_int_equal(surplus.size, 0);
    sx_text_done(&surplus);
    snprintf(path, sizeof path, DATA "%s.golden.safetensors", p->name);
    assert_int_equal(sx_safetensors_read(path, 1 << 24, &o.golden, &err), SX_OK);
    if (!(o.graph = sx_model_graph(&o.model, BATCH, &err))) fail_msg("%s", err.message);
    return o;
}

static void close_case(opened *o) {
    sx_graph_free(o->graph);
    sx_safetensors_done(&o->golden);
    sx_model_done(&o->model);
    sx_tensors_close(o->file);
}

static const float *golden(const opened *o, const char *name, size_t *count) {
    const sx_safetensor *tensor = sx_safetensors_find(&o->golden, name);
    if (!tensor) fail_msg("no golden tensor %s", name);
    *count = tensor->bytes / sizeof(float);
    return tensor->values;
}

/* Fails unless the vectors agree to the tolerance. `key` (or -1): a third whose exact value is 0.
 */
static void agree(const char *what, const char *name, const float *ours, const float *theirs,
                  size_t count, bool keys_vanish) {
    double norm = 0, difference = 0;
    for (size_t i = 0; i < count; i++) {
        double d = (double)ours[i] - (double)theirs[i];
        if (keys_vanish && i >= count / 3 && i < count / 3 * 2) continue;
        norm += (double)theirs[i] * (double)theirs[i];
        difference += d * d;
    }
    if (!(sqrt(difference) <= TOLERANCE * sqrt(norm)))
        fail_msg("%s: %s differs by %g of its norm", what, name, sqrt(difference / norm));
}

static void logits_equal_pytorch(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        opened o = open_case(&cases[i]);
        sx_run *run = sx_run_new(o.graph, NULL, false, NULL);
        size_t count;
        const float *images = golden(&o, "input", &count);
        const float *expected = golden(&o, "logits", &count);
        float *logits = sx_alloc(count, sizeof *logits);
        assert_int_equal(sx_run_predict(run, &o.model.parameters, images, BATCH, logits, NULL),
                         SX_OK);
        agree(cases[i].name, "logits", logits, expected, count, false);
        sx_free(logits);
        sx_run_free(run);
        close_case(&o);
    }
}

/* ---- gradients, written under the source's names -----------------------------------------------
 */

/* The exact gradient of a key's bias is 0. */
static bool vanishes(const char *name) {
    return strstr(name, "key/bias") || strstr(name, "key.bias");
}

static void compare_gradients(const opened *o, const char *what, const char *path) {
    sx_safetensors written;
    size_t compared = 0, prefix = strlen(o->checkpoint.prefix);
    assert_int_equal(sx_safetensors_read(path, 1 << 24, &written, NULL), SX_OK);
    for (size_t i = 0; i < o->golden.count; i++) {
        const sx_safetensor *tensor = &o->golden.tensors[i];
        char name[256];
        if (strncmp(tensor->name, "gradient/", 9) != 0) continue;
        snprintf(name, sizeof name, "%s%s", o->checkpoint.prefix, tensor->name + 9);
        const sx_safetensor *ours = sx_safetensors_find(&written, name);
        if (!ours) fail_msg("%s: %s was not written", what, name);
        assert_int_equal(ours->bytes, tensor->bytes);
        if (!vanishes(name))
            agree(what, name + prefix, ours->values, tensor->values, ours->bytes / sizeof(float),
                  strstr(name, "qkv.bias") != NULL);
        compared++;
    }
    assert_true(compared > 10);
    sx_safetensors_done(&written);
}

static void gradients_equal_pytorch(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        opened o = open_case(&cases[i]);
        sx_run *run = sx_run_new(o.graph, NULL, true, NULL);
        size_t count;
        const float *images = golden(&o, "input", &count), *loss = golden(&o, "loss", &count);
        float *gradient = sx_alloc(o.model.parameters.size, sizeof *gradient);
        sx_run_report report;
        char path[] = "/tmp/sx-gradient-XXXXXX";
        close(mkstemp(path));
        assert_int_equal(sx_run_train(run, &o.model.parameters, images, (int32_t[]){0, 1, 2}, 0, 0,
                                      gradient, &report),
                         SX_OK);
        agree(cases[i].name, "loss", &(float){(float)report.loss}, loss, 1, false);
        assert_int_equal(sx_checkpoint_write(&o.model, &o.checkpoint, gradient, path, NULL), SX_OK);
        compare_gradients(&o, cases[i].name, path);
        unlink(path);
        sx_free(gradient);
        sx_run_free(run);
        close_case(&o);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_equal_pytorch),
        cmocka_unit_test(gradients_equal_pytorch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
