/* CLIP as OpenAI and HuggingFace name it: both towers, the contrastive loss and its gradients
 * against PyTorch (tests/reference/make_clip_golden.py), names in and out, published sizes. */
#include "tests/unit/published.h"

#include "core/graph/graph.h"
#include "core/metric/metric.h"
#include "core/model/model.h"

#define DATA CHECKPOINTS
#define SPEC                                                                                       \
    "clip(dim=16, depth=2, heads=%d, patch=4, embed=12, text_dim=8, text_depth=2, text_heads=%d, " \
    "vocabulary=644, context=24, activation=gelu-quick, epsilon=1e-5)"

enum { BATCH = 3, SIDE = 12, CLASSES = 5, IMAGE = SIDE * SIDE * 3, CONTEXT = 24, EMBED = 12 };

typedef struct {
    const char *name, *naming;
} published;

static const published cases[] = {{"clip-openai", "openai"},
                                  {"clip-huggingface", "huggingface-clip"}};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct {
    const char *name;
    sx_tensors *file;
    sx_checkpoint checkpoint;
    sx_model model;
    sx_safetensors golden;
} opened;

static const float *golden(const opened *o, const char *name, size_t *count) {
    const sx_safetensor *tensor = sx_safetensors_find(&o->golden, name);
    if (!tensor) fail_msg("no golden tensor %s", name);
    if (count) *count = tensor->bytes / sizeof(float);
    return tensor->values;
}

/* The model with PyTorch's columns. */
static opened open_case(const published *p) {
    opened o = {.name = p->name};
    sx_error err = {0};
    sx_text surplus = {0};
    char path[256], spec[SX_MODEL_SPEC];
    snprintf(path, sizeof path, DATA "%s.safetensors", p->name);
    o.file = sx_tensors_open(path, &err);
    if (!o.file || sx_checkpoint_recognise(o.file, &o.checkpoint, &err))
        fail_msg("%s: %s", p->name, err.message);
    snprintf(spec, sizeof spec, SPEC, 1, 1); /* no small width is a multiple of 64 */
    assert_string_equal(o.checkpoint.spec, spec);
    assert_string_equal(sx_naming_name(o.checkpoint.naming), p->naming);
    assert_true(o.checkpoint.zero_shot);
    assert_int_equal(o.checkpoint.height, SIDE);
    assert_int_equal(sx_checkpoint_set(&o.checkpoint, "heads=2, text_heads=2", &err), SX_OK);
    o.checkpoint.classes = CLASSES;
    if (sx_checkpoint_load(o.file, &o.checkpoint, &o.model, &surplus, &err))
        fail_msg("%s: %s", p->name, err.message);
    assert_int_equal(surplus.size, 0);
    snprintf(path, sizeof path, DATA "%s.golden.safetensors", p->name);
    assert_int_equal(sx_safetensors_read(path, 1 << 24, &o.golden, &err), SX_OK);
    const sx_slice *head = sx_parameters_find(&o.model.parameters, "head.weight");
    memcpy(o.model.parameters.values + head->offset, golden(&o, "columns", NULL),
           head->count * sizeof(float));
    return o;
}

static void close_case(opened *o) {
    sx_safetensors_done(&o->golden);
    sx_model_done(&o->model);
    sx_tensors_close(o->file);
}

/* ---- both towers -------------------------------------------------------------------------------
 */

typedef struct {
    const opened *o;
    const sx_graph *graph;
    const char *vector; /* of the golden file: what the towers end with */
    int found;
} onlooker;

/* Values inside that the golden file has. */
static void look(void *context, int node, int image, const float *values, size_t row,
                 double seconds) {
    onlooker *l = context;
    sx_layer_facts facts;
    char name[96];
    (void)seconds;
    assert_true(sx_graph_layer_at(l->graph, node, &facts));
    snprintf(name, sizeof name, "at/%s", facts.name);
    if (strcmp(facts.name, "l2_normalise") == 0) strcpy(name, l->vector);
    const sx_safetensor *tensor = sx_safetensors_find(&l->o->golden, name);
    if (!tensor) return;
    size_t length = (size_t)facts.width * (size_t)facts.channels;
    const float *expected = tensor->values;
    expected += (size_t)image * (size_t)facts.height * length;
    for (int y = 0; y < facts.height; y++)
        agree(l->o->name, name, values + (size_t)y * row, expected + (size_t)y * length, length,
              false);
    l->found++;
}

static void images_equal_pytorch(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        opened o = open_case(&cases[i]);
        sx_graph *graph = sx_model_graph(&o.model, BATCH, NULL);
        onlooker l = {.o = &o, .graph = graph, .vector = "embedding/image"};
        const sx_tap tap = {&l, look};
        sx_run *run = sx_run_new(graph, NULL, false, NULL);
        float logits[BATCH * CLASSES];
        sx_run_tap(run, &tap);
        assert_int_equal(sx_run_predict(run, &o.model.parameters, golden(&o, "input", NULL), BATCH,
                                        logits, NULL),
                         SX_OK);
        agree(cases[i].name, "logits", logits, golden(&o, "logits", NULL), BATCH * CLASSES, false);
        assert_int_equal(l.found, 4 * BATCH);
        sx_run_free(run);
        sx_graph_free(graph);
        close_case(&o);
    }
}

static void texts_equal_pytorch(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        opened o = open_case(&cases[i]);
        sx_graph *graph = sx_model_text_graph(&o.model, BATCH, NULL);
        onlooker l = {.o = &o, .graph = graph, .vector = "embedding/text"};
        const sx_tap tap = {&l, look};
        sx_run *run = sx_run_new(graph, NULL, false, NULL);
        float vectors[BATCH * EMBED];
        sx_run_tap(run, &tap);
        sx_run_targets(run, golden(&o, "tokens", NULL));
        assert_int_equal(sx_run_predict(run, &o.model.parameters, NULL, BATCH, vectors, NULL),
                         SX_OK);
        agree(cases[i].name, "texts", vectors, golden(&o, l.vector, NULL), BATCH * EMBED, false);
        assert_int_equal(l.found, 3 * BATCH);
        sx_run_free(run);
        sx_graph_free(graph);
        close_case(&o);
    }
}

/* ---- training ----------------------------------------------------------------------------------
 */

/* The exact gradient of the keys' biases is 0. */
static bool vanishes(const char *name) {
    return strstr(name, "k_proj.bias") != NULL;
}

static void compare_gradients(const opened *o, const char *path) {
    sx_safetensors written;
    int compared = 0;
    assert_int_equal(sx_safetensors_read(path, 1 << 24, &written, NULL), SX_OK);
    for (size_t i = 0; i < o->golden.count; i++) {
        const sx_safetensor *tensor = &o->golden.tensors[i];
        char name[256];
        if (strncmp(tensor->name, "gradient/", 9) != 0) continue;
        snprintf(name, sizeof name, "%s%s", o->checkpoint.prefix, tensor->name + 9);
        const sx_safetensor *ours = sx_safetensors_find(&written, name);
        if (!ours) fail_msg("%s: %s was not written", o->name, name);
        assert_int_equal(ours->bytes, tensor->bytes);
        if (!vanishes(name))
            agree(o->name, name, ours->values, tensor->values, ours->bytes / sizeof(float),
                  strstr(name, "in_proj_bias") != NULL);
        compared++;
    }
    assert_int_equal(compared, (int)written.count);
    sx_safetensors_done(&written);
}

static void loss_and_gradients_equal_pytorch(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        opened o = open_case(&cases[i]);
        sx_graph *graph = sx_model_graph(&o.model, BATCH, NULL);
        sx_run *run = sx_run_new(graph, NULL, true, NULL);
        float *gradient = sx_alloc(o.model.parameters.size, sizeof *gradient);
        sx_run_report report;
        char path[] = "/tmp/sx-gradient-XXXXXX";
        close(mkstemp(path));
        sx_run_targets(run, golden(&o, "tokens", NULL));
        assert_int_equal(sx_run_train(run, &o.model.parameters, golden(&o, "input", NULL), NULL, 0,
                                      0, gradient, &report),
                         SX_OK);
        agree(cases[i].name, "loss", &(float){(float)report.loss}, golden(&o, "loss", NULL), 1,
              false);
        assert_int_equal(sx_checkpoint_write(&o.model, &o.checkpoint, gradient, path, NULL), SX_OK);
        compare_gradients(&o, path);
        unlink(path);
        sx_free(gradient);
        sx_run_free(run);
        sx_graph_free(graph);
        close_case(&o);
    }
}

/* ---- a thousand inputs -------------------------------------------------------------------------
 */

static void predictions_agree_on_a_thousand_inputs(void **state) {
    (void)state;
    enum { MANY = 50 };
    for (int i = 0; i < CASES; i++) {
        opened o = open_case(&cases[i]);
        sx_graph *graph = sx_model_graph(&o.model, MANY, NULL);
        sx_run *run = sx_run_new(graph, NULL, false, NULL);
        size_t count = 0;
        const float *best = golden(&o, "many/class", &count);
        const float *gap = golden(&o, "many/gap", NULL);
        float *inputs = sx_alloc((size_t)MANY * IMAGE, sizeof *inputs), logits[MANY * CLASSES];
        int compared = 0;
        for (size_t k = 0; k < count; k++) {
            double row[CLASSES];
            if (k % MANY == 0) {
                make_up((uint32_t)(k * IMAGE), (size_t)MANY * IMAGE, inputs);
                sx_run_predict(run, &o.model.parameters, inputs, MANY, logits, NULL);
            }
            for (size_t c = 0; c < CLASSES; c++) row[c] = (double)logits[k % MANY * CLASSES + c];
            if (gap[k] <= 10 * (float)TOLERANCE) continue;
            compared++;
            if (sx_argmax(row, CLASSES) != (int)best[k])
                fail_msg("%s: input %zu is another class", cases[i].name, k);
        }
        assert_true(compared > 900);
        sx_free(inputs);
        sx_run_free(run);
        sx_graph_free(graph);
        close_case(&o);
    }
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* Under the same names, the same bits; the columns are no part of a file. */
static void what_is_written_is_what_was_read(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        opened o = open_case(&cases[i]), again = {0};
        char path[] = "/tmp/sx-clip-XXXXXX", from[256];
        sx_safetensors before, after;
        sx_error err = {0};
        close(mkstemp(path));
        assert_int_equal(
            sx_checkpoint_write(&o.model, &o.checkpoint, o.model.parameters.values, path, &err),
            SX_OK);
        snprintf(from, sizeof from, DATA "%s.safetensors", cases[i].name);
        assert_int_equal(sx_safetensors_read(from, 1 << 24, &before, NULL), SX_OK);
        assert_int_equal(sx_safetensors_read(path, 1 << 24, &after, NULL), SX_OK);
        assert_int_equal(before.count, after.count);
        for (size_t k = 0; k < before.count; k++) {
            const sx_safetensor *t = sx_safetensors_find(&after, before.tensors[k].name);
            if (!t) fail_msg("%s was not written", before.tensors[k].name);
            assert_int_equal(t->bytes, before.tensors[k].bytes);
            assert_memory_equal(t->values, before.tensors[k].values, t->bytes);
        }
        again.file = sx_tensors_open(path, &err);
        assert_int_equal(sx_checkpoint_recognise(again.file, &again.checkpoint, &err), SX_OK);
        assert_string_equal(again.checkpoint.spec, o.checkpoint.spec); /* the heads, too */
        sx_tensors_close(again.file);
        sx_safetensors_done(&before);
        sx_safetensors_done(&after);
        unlink(path);
        close_case(&o);
    }
}

/* Numbers of positions, which HuggingFace's files may have, are not called unused. */
static void only_what_is_unknown_is_surplus(void **state) {
    (void)state;
    char path[] = "/tmp/sx-clip-XXXXXX";
    sx_safetensors file;
    sx_safetensor more[128];
    sx_text surplus = {0};
    sx_checkpoint checkpoint;
    sx_model model;
    sx_error err = {0};
    assert_int_equal(sx_safetensors_read(DATA "clip-huggingface.safetensors", 1 << 24, &file, NULL),
                     SX_OK);
    size_t count = file.count;
    memcpy(more, file.tensors, count * sizeof *more);
    more[count] = more[count + 1] = more[0];
    more[count++].name = "module.text_model.embeddings.position_ids";
    more[count++].name = "module.text_model.embeddings.others";
    close(mkstemp(path));
    assert_int_equal(sx_safetensors_write(path, more, count, NULL, 0, NULL), SX_OK);
    sx_tensors *tensors = sx_tensors_open(path, NULL);
    assert_int_equal(sx_checkpoint_recognise(tensors, &checkpoint, &err), SX_OK);
    assert_int_equal(sx_checkpoint_load(tensors, &checkpoint, &model, &surplus, &err), SX_OK);
    assert_string_equal(surplus.data, "module.text_model.embeddings.others\n");
    sx_text_done(&surplus);
    sx_model_done(&model);
    sx_tensors_close(tensors);
    sx_safetensors_done(&file);
    unlink(path);
}

static void published_sizes_are_recognised(void **state) {
    (void)state;
    static const struct {
        const char *size, *spec;
        size_t trained;
    } sizes[] = {
        {"b32",
         "clip(dim=768, depth=12, heads=12, patch=32, embed=512, text_dim=512, text_depth=12, "
         "text_heads=8, vocabulary=49408, context=77, activation=gelu-quick",
         151277313},
        {"b16",
         "clip(dim=768, depth=12, heads=12, patch=16, embed=512, text_dim=512, text_depth=12, "
         "text_heads=8, vocabulary=49408, context=77, activation=gelu-quick",
         149620737},
        {"l14",
         "clip(dim=1024, depth=24, heads=16, patch=14, embed=768, text_dim=768, text_depth=12, "
         "text_heads=12, vocabulary=49408, context=77, activation=gelu-quick",
         427616513},
    };
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        char path[64], name[64];
        sx_error err = {0};
        sx_checkpoint c;
        size_t trained = 0;
        snprintf(name, sizeof name, "clip-%s-%s", sizes[i / 2].size,
                 i % 2 ? "openai" : "huggingface");
        write_sparse(name, path);
        sx_tensors *file = sx_tensors_open(path, &err);
        unlink(path);
        if (!file || sx_checkpoint_recognise(file, &c, &err) ||
            sx_checkpoint_check(file, &c, &trained, &err))
            fail_msg("%s: %s", name, err.message);
        assert_memory_equal(c.spec, sizes[i / 2].spec, strlen(sizes[i / 2].spec));
        assert_int_equal(c.height, 224);
        if (trained != sizes[i / 2].trained) fail_msg("%s: %zu parameters", name, trained);
        assert_true(c.preprocessing.crops && c.preprocessing.fraction == 1);
        assert_string_equal(c.preprocessing.resize, "bicubic");
        sx_tensors_close(file);
    }
}

/* The tensors of a file but those whose names begin so; the sentence that opening it gives. */
static void refused_without(const char *name, const char *lacks, const char *sentence) {
    char path[] = "/tmp/sx-clip-XXXXXX", from[256];
    sx_safetensors file;
    sx_safetensor kept[128];
    sx_checkpoint checkpoint;
    sx_model model;
    sx_error err = {0};
    size_t count = 0;
    snprintf(from, sizeof from, DATA "%s.safetensors", name);
    assert_int_equal(sx_safetensors_read(from, 1 << 24, &file, NULL), SX_OK);
    for (size_t i = 0; i < file.count; i++)
        if (!strstr(file.tensors[i].name, lacks)) kept[count++] = file.tensors[i];
    assert_true(count < file.count);
    close(mkstemp(path));
    assert_int_equal(sx_safetensors_write(path, kept, count, NULL, 0, NULL), SX_OK);
    sx_tensors *tensors = sx_tensors_open(path, NULL);
    unlink(path);
    if (sx_checkpoint_recognise(tensors, &checkpoint, &err) == SX_OK)
        assert_int_equal(sx_checkpoint_load(tensors, &checkpoint, &model, NULL, &err),
                         SX_BAD_INPUT);
    if (!strstr(err.message, sentence)) fail_msg("without %s: %s", lacks, err.message);
    assert_int_not_equal(sx_checkpoint_recognise(tensors, &checkpoint, NULL) == SX_OK &&
                             sx_checkpoint_load(tensors, &checkpoint, &model, NULL, NULL) == SX_OK,
                         true);
    sx_tensors_close(tensors);
    sx_safetensors_done(&file);
}

static void half_a_model_is_refused(void **state) {
    (void)state;
    refused_without("clip-huggingface", "text_", "only the image tower");
    refused_without("clip-openai", "token_embedding", "only the image tower");
    refused_without("clip-openai", "visual.proj", "a projection or the scale");
    refused_without("clip-huggingface", "logit_scale", "a projection or the scale");
    refused_without("clip-huggingface", "vision_model.embeddings.position", "positions or blocks");
    refused_without("clip-openai", "ln_final.bias", "text.norm.bias is missing");
    refused_without("clip-huggingface", "text_model.encoder.layers.1.self_attn.k_proj.weight",
                    "text.block2.attention.in.weight lacks a part");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_equal_pytorch),
        cmocka_unit_test(texts_equal_pytorch),
        cmocka_unit_test(loss_and_gradients_equal_pytorch),
        cmocka_unit_test(predictions_agree_on_a_thousand_inputs),
        cmocka_unit_test(what_is_written_is_what_was_read),
        cmocka_unit_test(only_what_is_unknown_is_surplus),
        cmocka_unit_test(published_sizes_are_recognised),
        cmocka_unit_test(half_a_model_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
