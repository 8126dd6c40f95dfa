/* Looking inside a model, against plain loops and PyTorch: values of layers, gradient times input,
 * filters and their components, weights, attention of every head; that it stops, and that nothing
 * is taken that is not asked for. */
#include "tests/unit/unit.h"

#include "core/study/study.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 200 };

typedef struct {
    sx_result *results[MOST];
    int count;
} published;

static void keep(void *user, sx_result *result) {
    published *p = user;
    assert_true(p->count < MOST);
    p->results[p->count++] = result;
}

static const sx_result *maybe(const published *p, const char *name) {
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->results[i]->name, name) == 0) return p->results[i];
    return NULL;
}

static const sx_result *find(const published *p, const char *name) {
    const sx_result *r = maybe(p, name);
    if (!r) fail_msg("no result %s", name);
    return r;
}

static void release(published *p) {
    for (int i = 0; i < p->count; i++) sx_result_release(p->results[i]);
    p->count = 0;
}

enum { SIDE = 16, CLASSES = 5, IMAGE = SIDE * SIDE * 3 };

typedef struct {
    sx_model model;
    sx_inspector *inspector;
    float image[IMAGE];
} bench;

static void bench_init(bench *b, const char *spec) {
    sx_error err = {0};
    if (sx_model_new(spec, SIDE, SIDE, 3, CLASSES, 4, &b->model, &err)) fail_msg("%s", err.message);
    b->inspector = sx_inspector_new(&b->model, NULL, &err);
    if (!b->inspector) fail_msg("%s", err.message);
    sx_random random = sx_random_from(1, 1, 1);
    for (int i = 0; i < IMAGE; i++) b->image[i] = sx_random_normal(&random);
}

static void bench_done(bench *b) {
    sx_inspector_free(b->inspector);
    sx_model_done(&b->model);
}

static sx_inspection all_of(const bench *b, published *p) {
    return (sx_inspection){.image = b->image,
                           .parts = SX_INSIDE_ALL,
                           .layer = sx_inspector_first_convolution(b->inspector),
                           .class = -1,
                           .step = 7,
                           .publish = keep,
                           .user = p};
}

static void look(bench *b, const sx_inspection *in) {
    sx_error err = {0};
    if (sx_inspect(b->inspector, in, &err)) fail_msg("%s", err.message);
}

/* ---- gradient times input ---------------------------------------------------------------------
 */

static double logit(const bench *b, sx_run *run, const float *image, int class) {
    float logits[CLASSES];
    assert_int_equal(sx_run_predict(run, &b->model.parameters, image, 1, logits, NULL), SX_OK);
    return (double)logits[class];
}

/* The sum over the map is the slope along the picture itself: d/ds of the logit of s * picture. */
static void the_gradient_is_the_slope_along_the_picture(void **state) {
    static const char *const specs[] = {"cnn(width=4, depth=2, dropout=0.5)",
                                        "vit(dim=12, depth=2, heads=2, patch=4)"};
    static bench b;
    (void)state;
    for (int s = 0; s < 2; s++) {
        bench_init(&b, specs[s]);
        published p = {.count = 0};
        sx_inspection in = all_of(&b, &p);
        in.parts = 1u << SX_INSIDE_GRADIENT;
        in.class = 3;
        look(&b, &in);
        assert_int_equal(p.count, 1);
        const sx_grid *map = &find(&p, "gradient-input")->grid;
        double sum = 0;
        for (int i = 0; i < SIDE * SIDE; i++) sum += map->values[i];
        sx_graph *graph = sx_model_graph(&b.model, 1, NULL);
        sx_run *run = sx_run_new(graph, NULL, false, NULL);
        float above[IMAGE], below[IMAGE];
        for (int i = 0; i < IMAGE; i++) {
            above[i] = b.image[i] * 1.002f;
            below[i] = b.image[i] * 0.998f;
        }
        double slope = (logit(&b, run, above, 3) - logit(&b, run, below, 3)) / 0.004;
        if (fabs(slope - sum) > 0.02 * (fabs(slope) + 0.05)) fail_msg("%g, not %g", sum, slope);
        sx_run_free(run);
        sx_graph_free(graph);
        release(&p);
        bench_done(&b);
    }
}

/* ---- parameters as pictures -------------------------------------------------------------------
 */

static void filters_are_the_first_weights(void **state) {
    static bench b;
    (void)state;
    bench_init(&b, "cnn(width=6, depth=1)");
    published p = {.count = 0};
    sx_inspection in = all_of(&b, &p);
    look(&b, &in);
    const sx_images *filters = &find(&p, "filters")->images;
    const sx_slice *slice = sx_parameters_find(&b.model.parameters, "block1.conv.weight");
    const float *w = b.model.parameters.values + slice->offset;
    assert_true(filters->count == 6 && filters->height == 3 && filters->channels == 3);
    for (int f = 0; f < 6; f++) {
        double most = 0;
        for (int i = 0; i < 27; i++) most = fmax(most, fabs((double)w[i * 6 + f]));
        for (int i = 0; i < 27; i++)
            assert_int_equal(filters->pixels[f * 27 + i],
                             lround(127.5 + 127.5 * (double)w[i * 6 + f] / most));
    }
    const sx_images *components = &find(&p, "filter-components")->images;
    double sum = 0, share, last = 100;
    int number;
    assert_int_equal(components->count, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(sscanf(components->captions[i], "%d: %lf", &number, &share), 2);
        assert_true(number == i + 1 && share <= last);
        sum += last = share;
    }
    assert_true(fabs(sum - 100) < 0.4); /* rounded */
    const sx_series *bars = &find(&p, "weight-histogram")->series;
    double whole = 0;
    for (size_t i = 0; i < bars->length; i++) whole += bars->lines[0].y[i];
    assert_true(fabs(whole - 1) < 1e-9);
    assert_int_equal(find(&p, "weights")->table.rows, b.model.parameters.count);
    assert_int_equal(find(&p, "weights")->step, 7);
    release(&p);
    bench_done(&b);
}

/* Patches that lie in a plane have two components, and their pictures are those planes' axes. */
static void components_find_a_plane(void **state) {
    static bench b;
    (void)state;
    bench_init(&b, "vit(dim=32, depth=1, heads=2, patch=4)");
    const sx_slice *slice = sx_parameters_find(&b.model.parameters, "patches.weight");
    float *w = b.model.parameters.values + slice->offset;
    for (int i = 0; i < 48; i++)
        for (int f = 0; f < 32; f++)
            w[i * 32 + f] = (float)(i == 5) * (float)(f - 16) + (float)(i == 20) * (float)(f % 3);
    published p = {.count = 0};
    sx_inspection in = all_of(&b, &p);
    in.parts = 1u << SX_INSIDE_FILTERS;
    look(&b, &in);
    const sx_result *r = find(&p, "filter-components");
    assert_int_equal(r->images.count, 28);
    assert_int_equal(r->images.pixels[5], 255);
    assert_int_equal(r->images.pixels[48 + 20], 255);
    assert_int_equal(r->images.pixels[47], 128); /* 0 is grey */
    assert_string_equal(r->images.captions[2], "3: 0.0 %");
    assert_non_null(strstr(r->title, "28 principal components"));
    release(&p);
    bench_done(&b);
}

/* What diverged is shown, too, as far as it can be. */
static void a_diverged_network_is_shown(void **state) {
    static bench b;
    (void)state;
    bench_init(&b, "vit(dim=32, depth=1, heads=2, patch=4)");
    const sx_slice *slice = sx_parameters_find(&b.model.parameters, "patches.weight");
    b.model.parameters.values[slice->offset + 3] = NAN;
    published p = {.count = 0};
    sx_inspection in = all_of(&b, &p);
    look(&b, &in);
    assert_null(maybe(&p, "filter-components"));
    find(&p, "filters");
    find(&p, "weights");
    assert_true(isnan(find(&p, "occlusion")->grid.values[0]));
    release(&p);
    bench_done(&b);
}

/* ---- values as pictures -----------------------------------------------------------------------
 */

/* A 1x1 convolution's values are products that can be written down; after batch norm (0, 1) and
 * ReLU. */
static void features_are_the_layers_values(void **state) {
    static bench b;
    (void)state;
    bench_init(&b, "cnn(width=3, depth=1)");
    const sx_slice *slice = sx_parameters_find(&b.model.parameters, "block1.conv.weight");
    float *w = b.model.parameters.values + slice->offset;
    memset(w, 0, slice->count * sizeof *w);
    for (int c = 0; c < 3; c++) w[(4 * 3 + c) * 3 + c] = 1; /* the middle tap, channel to itself */
    published p = {.count = 0};
    sx_inspection in = all_of(&b, &p);
    in.parts = 1u << SX_INSIDE_FEATURES;
    look(&b, &in);
    const sx_result *r = find(&p, "features");
    double most = 0;
    for (int i = 0; i < IMAGE; i++) most = fmax(most, (double)b.image[i]);
    assert_true(r->images.count == 3 && r->images.height == SIDE && r->images.channels == 1);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < SIDE * SIDE; i++) {
            double value = fmax((double)b.image[i * 3 + c], 0) / most * 255;
            assert_true(fabs(value - r->images.pixels[c * SIDE * SIDE + i]) < 1);
        }
    assert_non_null(strstr(r->title, "block1.conv with relu: 3 channels, black 0"));
    release(&p);
    in.layer = sx_inspector_layer(b.inspector, "classifier");
    look(&b, &in);
    r = find(&p, "features");
    assert_true(r->images.count == 1 && r->images.height == 1 && r->images.width == CLASSES);
    release(&p);
    assert_int_equal(sx_inspector_layer(b.inspector, "nothing"), -1);
    bench_done(&b);
}

/* Tokens lie as their patches do. */
static void tokens_are_seen_as_patches(void **state) {
    static bench b;
    (void)state;
    bench_init(&b, "vit(dim=8, depth=1, heads=2, patch=4)");
    published p = {.count = 0};
    sx_inspection in = all_of(&b, &p);
    in.layer = sx_inspector_layer(b.inspector, "position");
    look(&b, &in);
    const sx_images *images = &find(&p, "features")->images;
    assert_true(images->count == 8 && images->height == 4 && images->width == 4);
    release(&p);
    bench_done(&b);
}

/* ---- attention --------------------------------------------------------------------------------
 */

/* The golden holds what PyTorch computes of one image: attention [blocks, heads, tokens, tokens],
 * and the distance of each head. */
static void attention_equals_pytorch(void **state) {
    sx_safetensors golden;
    sx_error err = {0};
    static bench b;
    (void)state;
    if (sx_safetensors_read(SX_SOURCE "/tests/data/inspect/attention.safetensors", 1 << 20, &golden,
                            &err))
        fail_msg("%s", err.message);
    bench_init(&b, "vit(dim=12, depth=2, heads=3, patch=4)");
    for (int i = 0; i < b.model.parameters.count; i++) {
        const sx_slice *slice = &b.model.parameters.slices[i];
        const sx_safetensor *tensor = sx_safetensors_find(&golden, slice->name);
        if (!tensor) fail_msg("no %s", slice->name);
        assert_int_equal(tensor->bytes, slice->count * sizeof(float));
        memcpy(b.model.parameters.values + slice->offset, tensor->values, tensor->bytes);
    }
    memcpy(b.image, sx_safetensors_find(&golden, "image")->values, sizeof b.image);
    const float *attention = sx_safetensors_find(&golden, "attention")->values;
    const float *distance = sx_safetensors_find(&golden, "distance")->values;
    const float *rollout = sx_safetensors_find(&golden, "rollout")->values;
    published p = {.count = 0};
    sx_inspection in = all_of(&b, &p);
    in.query = 6;
    look(&b, &in);
    for (int head = 0; head < 6; head++) {
        char name[48];
        snprintf(name, sizeof name, "attention-%02d-%02d", head / 3 + 1, head % 3 + 1);
        const double *map = find(&p, name)->grid.values;
        for (int k = 0; k < 16; k++) /* row 6 is patch 6's, behind the class token's */
            assert_true(fabs(map[k] / 16 - (double)attention[(head * 17 + 6) * 17 + 1 + k]) < 2e-6);
        assert_true(fabs(find(&p, "heads")->table.columns[2].numbers[head] -
                         (double)distance[head]) < 2e-5);
        assert_true(fabs(find(&p, "head-distance")->grid.values[head] - (double)distance[head]) <
                    2e-5);
    }
    for (int k = 0; k < 16; k++)
        assert_true(fabs(find(&p, "rollout")->grid.values[k] / 16 -
                         (double)rollout[6 * 17 + 1 + k]) < 2e-6);
    release(&p);
    in.block = 2; /* its heads alone */
    in.parts = 1u << SX_INSIDE_HEADS;
    look(&b, &in);
    assert_int_equal(p.count, 3);
    assert_non_null(maybe(&p, "attention-02-03"));
    release(&p);
    sx_safetensors_done(&golden);
    bench_done(&b);
}

/* ---- what is asked, and stopping --------------------------------------------------------------
 */

static void only_what_is_asked_is_published(void **state) {
    static const struct {
        sx_inside_part part;
        const char *names[3];
    } rows[] = {{SX_INSIDE_LAYERS, {"layers"}},
                {SX_INSIDE_OCCLUSION, {"occlusion"}},
                {SX_INSIDE_FEATURES, {"features"}},
                {SX_INSIDE_WEIGHTS, {"weight-histogram", "weights"}},
                {SX_INSIDE_DISTANCE, {"attention-distance", "heads", "head-distance"}},
                {SX_INSIDE_POSITIONS, {"positions"}},
                {SX_INSIDE_ATTENTION, {"attention-01", "rollout"}}};
    static bench b;
    (void)state;
    bench_init(&b, "vit(dim=8, depth=1, heads=2, patch=4)");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        published p = {.count = 0};
        sx_inspection in = all_of(&b, &p);
        in.parts = 1u << rows[i].part;
        look(&b, &in);
        int count = 0;
        for (; count < 3 && rows[i].names[count]; count++) find(&p, rows[i].names[count]);
        assert_int_equal(p.count, count);
        release(&p);
    }
    bench_done(&b);
    bench_init(&b, "mlp(width=8, depth=1)"); /* has neither filters nor attention */
    published p = {.count = 0};
    sx_inspection in = all_of(&b, &p);
    assert_int_equal(in.layer, -1);
    look(&b, &in);
    assert_int_equal(sx_inspector_sizes(b.inspector).blocks, 0);
    assert_int_equal(p.count, 4); /* layers, gradient, weights, occlusion */
    release(&p);
    bench_done(&b);
}

static void what_is_not_there_is_refused(void **state) {
    static bench b;
    (void)state;
    bench_init(&b, "vit(dim=8, depth=1, heads=2, patch=4)");
    published p = {.count = 0};
    for (int i = 0; i < 3; i++) {
        sx_error err = {0};
        sx_inspection in = all_of(&b, &p);
        if (i == 0) in.query = 17;
        if (i == 1) in.block = 2;
        if (i == 2) in.class = CLASSES;
        assert_int_equal(sx_inspect(b.inspector, &in, &err), SX_USAGE);
        assert_non_null(strstr(err.message, "there is no"));
    }
    assert_int_equal(p.count, 0);
    bench_done(&b);
}

/* The flag is looked at before every part: whoever raises it at a result gets no more of them. */
typedef struct {
    published p;
    atomic_bool stop;
    int after;
} stopper;

static void keep_and_stop(void *user, sx_result *result) {
    stopper *s = user;
    keep(&s->p, result);
    if (s->p.count == s->after) atomic_store(&s->stop, true);
}

static void the_flag_stops_it_between_parts(void **state) {
    static bench b;
    (void)state;
    bench_init(&b, "vit(dim=8, depth=3, heads=2, patch=4)");
    published whole = {.count = 0};
    sx_inspection in = all_of(&b, &whole);
    look(&b, &in);
    for (int after = 1; after < whole.count; after++) {
        stopper s = {.after = after};
        sx_error err = {0};
        in.publish = keep_and_stop;
        in.user = &s;
        sx_inspector_stop_flag(b.inspector, &s.stop);
        sx_status status = sx_inspect(b.inspector, &in, &err);
        if (status != SX_CANCELLED && s.p.count < whole.count - 1)
            fail_msg("after %d: %d, %d results", after, status, s.p.count);
        assert_true(s.p.count <= after + 4); /* what belongs together comes together */
        release(&s.p);
    }
    release(&whole);
    bench_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_is_the_slope_along_the_picture),
        cmocka_unit_test(filters_are_the_first_weights),
        cmocka_unit_test(components_find_a_plane),
        cmocka_unit_test(a_diverged_network_is_shown),
        cmocka_unit_test(features_are_the_layers_values),
        cmocka_unit_test(tokens_are_seen_as_patches),
        cmocka_unit_test(attention_equals_pytorch),
        cmocka_unit_test(only_what_is_asked_is_published),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(the_flag_stops_it_between_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
