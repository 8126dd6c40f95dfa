/* Published checkpoints, small: opened under their sources' names, recognised, run, written again.
 * tests/reference/make_checkpoint_golden.py makes the files and says what PyTorch computes. */
#include "tests/unit/published.h"

#include "core/graph/internal.h"
#include "core/metric/metric.h"
#include "core/model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA CHECKPOINTS

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
    {"vit-big-vision-stacked",
     "npz",
     "big_vision-stacked",
     "vit(dim=16, depth=2, heads=2, patch=4, activation=gelu-tanh, epsilon=1e-6)",
     8,
     {"patches", "block2.attention"}},
    {"vit-torchvision",
     "safetensors",
     "torchvision-vit",
     "vit(dim=16, depth=2, heads=1, patch=4, pre_logits=16, activation=gelu, epsilon=1e-6)",
     12,
     {"patches", "block2.attention"}},
    {"vit-torchvision-old",
     "safetensors",
     "torchvision-vit",
     "vit(dim=16, depth=2, heads=1, patch=4, activation=gelu, epsilon=1e-6)",
     8,
     {"patches", "block1.attention"}},
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
                  strstr(name, "qkv.bias") || strstr(name, "in_proj_bias"));
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

/* ---- inside ------------------------------------------------------------------------------------
 */

typedef struct {
    const opened *o;
    const published *p;
    int found;
} onlooker;

/* Names in the golden file are sextant's; a max pool has no name of its own but its operator's. */
static void look(void *context, int node, int image, const float *values, size_t row,
                 double seconds) {
    onlooker *l = context;
    sx_layer_facts facts;
    char name[96];
    assert_true(seconds >= 0 && sx_graph_layer_at(l->o->graph, node, &facts));
    assert_int_equal(facts.seen, node);
    for (int k = 0; k < 2 && l->p->layers[k]; k++) {
        if (strcmp(facts.name, l->p->layers[k]) != 0) continue;
        snprintf(name, sizeof name, "at/%s", facts.name);
        size_t count, length = (size_t)facts.width * (size_t)facts.channels;
        const float *expected = golden(l->o, name, &count);
        expected += (size_t)image * (size_t)facts.height * length;
        for (int y = 0; y < facts.height; y++)
            agree(l->p->name, name, values + (size_t)y * row, expected + (size_t)y * length, length,
                  false);
        l->found++;
    }
}

static void values_inside_equal_pytorch(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        opened o = open_case(&cases[i]);
        onlooker l = {.o = &o, .p = &cases[i]};
        const sx_tap tap = {&l, look};
        sx_run *run = sx_run_new(o.graph, NULL, false, NULL);
        size_t count;
        float logits[BATCH * 5];
        sx_run_tap(run, &tap);
        sx_run_predict(run, &o.model.parameters, golden(&o, "input", &count), BATCH, logits, NULL);
        int layers = (cases[i].layers[0] != NULL) + (cases[i].layers[1] != NULL);
        assert_int_equal(l.found, layers * BATCH);
        sx_run_free(run);
        close_case(&o);
    }
}

/* ---- a thousand inputs -------------------------------------------------------------------------
 */

/* Where PyTorch's two best are further apart than ten times the tolerance, of the logits' norm. */
static void predictions_agree_on_a_thousand_inputs(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        opened o = open_case(&cases[i]);
        enum { MANY = 50 };
        sx_graph *graph = sx_model_graph(&o.model, MANY, NULL);
        sx_run *run = sx_run_new(graph, NULL, false, NULL);
        size_t count, side = (size_t)cases[i].side, image = side * side * 3;
        const float *best = golden(&o, "many/class", &count), *gap = golden(&o, "many/gap", &count);
        float *inputs = sx_alloc(MANY * image, sizeof *inputs);
        float *logits = sx_alloc(MANY * (size_t)o.model.classes, sizeof *logits);
        int compared = 0;
        for (size_t k = 0; k < count; k++) {
            size_t at = k % MANY, classes = (size_t)o.model.classes;
            if (at == 0) {
                make_up((uint32_t)(k * image), MANY * image, inputs);
                sx_run_predict(run, &o.model.parameters, inputs, MANY, logits, NULL);
            }
            double row[8];
            for (size_t c = 0; c < classes; c++) row[c] = (double)logits[at * classes + c];
            if (gap[k] <= 10 * (float)TOLERANCE) continue;
            compared++;
            if (sx_argmax(row, (int)classes) != (int)best[k])
                fail_msg("%s: input %zu is another class", cases[i].name, k);
        }
        assert_true(compared > 900);
        sx_free(inputs);
        sx_free(logits);
        sx_run_free(run);
        sx_graph_free(graph);
        close_case(&o);
    }
}

/* ---- names and shapes of the published sizes ----------------------------------------------------
 */

static void published_sizes_are_recognised(void **state) {
    (void)state;
    static const struct {
        const char *name, *spec;
        int side;
        size_t trained;
    } sizes[] = {
        {"vit-ti16-timm", "vit(dim=192, depth=12, heads=3, patch=16", 224, 5717416},
        {"vit-s16-timm", "vit(dim=384, depth=12, heads=6, patch=16", 224, 22050664},
        {"vit-b16-timm", "vit(dim=768, depth=12, heads=12, patch=16", 224, 86567656},
        {"vit-l16-timm", "vit(dim=1024, depth=24, heads=16, patch=16", 224, 304326632},
        {"vit-h14-timm", "vit(dim=1280, depth=32, heads=16, patch=14", 224, 632045800},
        {"vit-l32-torchvision", "vit(dim=1024, depth=24, heads=16, patch=32", 224, 306535400},
        {"vit-b16-huggingface", "vit(dim=768, depth=12, heads=12, patch=16", 224, 86567656},
        {"vit-b16-google", "vit(dim=768, depth=12, heads=12, patch=16", 384, 86859496},
        {"vit-b32-google-21k", "vit(dim=768, depth=12, heads=12, patch=32, pre_logits=768", 224,
         104843091},
        {"vit-h14-google", "vit(dim=1280, depth=32, heads=16, patch=14, pre_logits=1280", 224,
         660385363},
        {"resnet-18-torchvision", "resnet-imagenet(depth=18, width=64)", 224, 11689512},
        {"resnet-34-torchvision", "resnet-imagenet(depth=34, width=64)", 224, 21797672},
        {"resnet-50-torchvision", "resnet-imagenet(depth=50, width=64)", 224, 25557032},
        {"resnet-101-torchvision", "resnet-imagenet(depth=101, width=64)", 224, 44549160},
        {"resnet-152-torchvision", "resnet-imagenet(depth=152, width=64)", 224, 60192808},
        {"resnet-20-cifar", "resnet(depth=20, width=16, shortcut=padded)", 32, 269722},
        {"resnet-32-cifar", "resnet(depth=32, width=16, shortcut=padded)", 32, 464154},
        {"resnet-44-cifar", "resnet(depth=44, width=16, shortcut=padded)", 32, 658586},
        {"resnet-56-cifar", "resnet(depth=56, width=16, shortcut=padded)", 32, 853018},
        {"resnet-110-cifar", "resnet(depth=110, width=16, shortcut=padded)", 32, 1727962},
        {"bit-r50x1", "bit(depth=50, width=1, base=64, groups=32", 224, 25549352},
        {"bit-r101x3-21k", "bit(depth=101, width=3, base=64, groups=32", 224, 516015123},
        {"bit-r152x4", "bit(depth=152, width=4, base=64, groups=32", 224, 936533224},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char path[64];
        sx_error err = {0};
        sx_checkpoint checkpoint;
        size_t trained = 0;
        write_sparse(sizes[i].name, path);
        sx_tensors *file = sx_tensors_open(path, &err);
        unlink(path);
        if (!file || sx_checkpoint_recognise(file, &checkpoint, &err) ||
            sx_checkpoint_check(file, &checkpoint, &trained, &err))
            fail_msg("%s: %s", sizes[i].name, err.message);
        assert_memory_equal(checkpoint.spec, sizes[i].spec, strlen(sizes[i].spec));
        assert_int_equal(checkpoint.height, sizes[i].side);
        if (trained != sizes[i].trained) fail_msg("%s: %zu parameters", sizes[i].name, trained);
        sx_tensors_close(file);
    }
}

/* ---- what does not fit -------------------------------------------------------------------------
 */

/* The tensors of a case, changed, as a file; the sentence that loading it gives. */
static void refused_as(const sx_safetensor *tensors, size_t count, const char *sentence) {
    char path[] = "/tmp/sx-tensors-XXXXXX";
    sx_error err = {0};
    sx_checkpoint checkpoint;
    sx_model model;
    close(mkstemp(path));
    assert_int_equal(sx_safetensors_write(path, tensors, count, NULL, 0, NULL), SX_OK);
    sx_tensors *file = sx_tensors_open(path, NULL);
    unlink(path);
    if (sx_checkpoint_recognise(file, &checkpoint, &err) == SX_OK)
        assert_int_equal(sx_checkpoint_load(file, &checkpoint, &model, NULL, &err), SX_BAD_INPUT);
    if (!strstr(err.message, sentence)) fail_msg("%s", err.message);
    sx_tensors_close(file);
}

static void missing_and_misshapen_tensors_are_named(void **state) {
    (void)state;
    sx_safetensors file;
    assert_int_equal(sx_safetensors_read(DATA "vit-timm.safetensors", 1 << 20, &file, NULL), SX_OK);
    sx_safetensor changed[64];
    size_t count = file.count;
    memcpy(changed, file.tensors, count * sizeof *changed);
    for (size_t i = 0; i < count; i++)
        if (strcmp(changed[i].name, "blocks.1.norm2.bias") == 0) changed[i].name = "other";
    refused_as(changed, count, "block2.norm2.bias is missing");
    memcpy(changed, file.tensors, count * sizeof *changed);
    for (size_t i = 0; i < count; i++)
        if (strcmp(changed[i].name, "blocks.0.mlp.fc2.weight") == 0) {
            size_t swapped = changed[i].sizes[0];
            changed[i].sizes[0] = changed[i].sizes[1];
            changed[i].sizes[1] = swapped;
        }
    refused_as(changed, count, "blocks.0.mlp.fc2.weight has another shape");
    changed[0].name = "nobody.knows";
    refused_as(changed, 1, "none of the known families");
    sx_safetensors_done(&file);
}

static void surplus_tensors_are_listed(void **state) {
    (void)state;
    sx_safetensors file;
    sx_safetensor more[64];
    char path[] = "/tmp/sx-tensors-XXXXXX";
    sx_text surplus = {0};
    sx_checkpoint checkpoint;
    sx_model model;
    assert_int_equal(sx_safetensors_read(DATA "vit-timm.safetensors", 1 << 20, &file, NULL), SX_OK);
    memcpy(more, file.tensors, file.count * sizeof *more);
    more[file.count] = more[0];
    more[file.count].name = "head_dist\n.weight";
    close(mkstemp(path));
    assert_int_equal(sx_safetensors_write(path, more, file.count + 1, NULL, 0, NULL), SX_OK);
    sx_tensors *opened_file = sx_tensors_open(path, NULL);
    unlink(path);
    assert_int_equal(sx_checkpoint_recognise(opened_file, &checkpoint, NULL), SX_OK);
    assert_int_equal(sx_checkpoint_load(opened_file, &checkpoint, &model, &surplus, NULL), SX_OK);
    assert_non_null(strstr(surplus.data, "head_dist"));
    assert_null(strstr(surplus.data, "head_dist\n.weight"));
    sx_text_done(&surplus);
    sx_model_done(&model);
    sx_tensors_close(opened_file);
    sx_safetensors_done(&file);
}

static void pickles_are_refused_with_a_way_out(void **state) {
    (void)state;
    static const uint8_t pickle[] = {0x80, 2, 0x8a, 10, 'l', 0xfc, 0x9c, 'F', 0xf9, ' ', 'j', 0xa8};
    char path[] = "/tmp/sx-pickle-XXXXXX";
    sx_error err = {0};
    int fd = mkstemp(path);
    assert_int_equal(write(fd, pickle, sizeof pickle), sizeof pickle);
    close(fd);
    assert_null(sx_tensors_open(path, &err));
    assert_non_null(strstr(err.message, "is a pickle"));
    assert_non_null(strstr(err.message, "save_file"));
    unlink(path);
    assert_null(sx_tensors_open(DATA "pickle.pt", &err));
    assert_non_null(strstr(err.message, "is a pickle"));
}

/* What shapes do not show is in the file's metadata. */
static void a_written_model_opens_as_it_was(void **state) {
    (void)state;
    char path[] = "/tmp/sx-written-XXXXXX";
    opened o = open_case(&cases[0]); /* two heads, which [dim, dim] no longer shows */
    sx_checkpoint again;
    sx_model model;
    close(mkstemp(path));
    assert_int_equal(
        sx_checkpoint_write(&o.model, &o.checkpoint, o.model.parameters.values, path, NULL), SX_OK);
    sx_tensors *file = sx_tensors_open(path, NULL);
    unlink(path);
    assert_int_equal(sx_checkpoint_recognise(file, &again, NULL), SX_OK);
    assert_string_equal(again.spec, o.checkpoint.spec);
    assert_int_equal(sx_checkpoint_load(file, &again, &model, NULL, NULL), SX_OK);
    assert_memory_equal(model.parameters.values, o.model.parameters.values,
                        model.parameters.size * sizeof(float));
    sx_model_done(&model);
    sx_tensors_close(file);
    close_case(&o);
}

/* ---- types, positions --------------------------------------------------------------------------
 */

static void all_types_become_floats(void **state) {
    (void)state;
    static const uint16_t halves[] = {0x3c00, 0xc100, 0x0001}, brains[] = {0x3f80, 0xc020, 0x4049};
    static const int32_t words[] = {-3, 70000, 0};
    const sx_safetensor tensors[] = {
        {"half", SX_DTYPE_F16, 1, {3}, halves, sizeof halves},
        {"brain", SX_DTYPE_BF16, 1, {3}, brains, sizeof brains},
        {"word", SX_DTYPE_I32, 1, {3}, words, sizeof words},
        {"wide", SX_DTYPE_F64, 1, {1}, (const double[]){0.25}, 8},
        {"small", SX_DTYPE_I8, 1, {2}, (const int8_t[]){-1, 5}, 2},
    };
    static const float expected[][3] = {
        {1, -2.5f, 0x1p-24f}, {1, -2.5f, 3.140625f}, {-3, 70000, 0}, {0.25f}, {-1, 5}};
    char path[] = "/tmp/sx-types-XXXXXX";
    close(mkstemp(path));
    assert_int_equal(sx_safetensors_write(path, tensors, 5, NULL, 0, NULL), SX_OK);
    sx_tensors *file = sx_tensors_open(path, NULL);
    for (int i = 0; i < 5; i++) {
        float values[3] = {0};
        const sx_tensor_facts *facts = sx_tensors_find(file, tensors[i].name);
        assert_int_equal(sx_tensors_read(file, facts, values, NULL), SX_OK);
        assert_memory_equal(values, expected[i], sizeof values);
    }
    sx_tensors_close(file);
    unlink(path);
}

static void positions_are_resized_by_three_rules(void **state) {
    (void)state;
    sx_safetensors file;
    assert_int_equal(sx_safetensors_read(DATA "positions.safetensors", 1 << 20, &file, NULL),
                     SX_OK);
    const sx_safetensor *in = sx_safetensors_find(&file, "in"); /* [1 + 6 6, 3] */
    for (int rule = 0; rule < 3; rule++)
        for (int to = 4; to <= 9; to += 5) {
            char name[32];
            float out[(1 + 9 * 9) * 3];
            snprintf(name, sizeof name, "%s-%d", sx_position_name((sx_position_rule)rule), to);
            const sx_safetensor *expected = sx_safetensors_find(&file, name);
            assert_int_equal(expected->bytes, (size_t)(1 + to * to) * 3 * sizeof *out);
            sx_position_resize((sx_position_rule)rule, in->values, 1, 6, to, 3, out);
            agree("positions", name, out, expected->values, (size_t)(1 + to * to) * 3, false);
        }
    sx_safetensors_done(&file);
}

static void a_model_opens_at_another_resolution(void **state) {
    (void)state;
    sx_tensors *file = sx_tensors_open(DATA "vit-timm.safetensors", NULL);
    sx_checkpoint checkpoint;
    sx_model model;
    sx_error err = {0};
    assert_int_equal(sx_checkpoint_recognise(file, &checkpoint, NULL), SX_OK);
    checkpoint.height = checkpoint.width = 20;
    if (sx_checkpoint_load(file, &checkpoint, &model, NULL, &err)) fail_msg("%s", err.message);
    assert_int_equal(sx_parameters_find(&model.parameters, "position.weight")->sizes[1], 26);
    sx_model_done(&model);
    sx_tensors_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_equal_pytorch),
        cmocka_unit_test(gradients_equal_pytorch),
        cmocka_unit_test(values_inside_equal_pytorch),
        cmocka_unit_test(predictions_agree_on_a_thousand_inputs),
        cmocka_unit_test(published_sizes_are_recognised),
        cmocka_unit_test(missing_and_misshapen_tensors_are_named),
        cmocka_unit_test(surplus_tensors_are_listed),
        cmocka_unit_test(pickles_are_refused_with_a_way_out),
        cmocka_unit_test(a_written_model_opens_as_it_was),
        cmocka_unit_test(all_types_become_floats),
        cmocka_unit_test(positions_are_resized_by_three_rules),
        cmocka_unit_test(a_model_opens_at_another_resolution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
