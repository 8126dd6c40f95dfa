/* A model of two towers: its operators against their plain loops and finite differences, one layout
 * of parameters for all three graphs, and what of a graph is computed for which output. */
#include "tests/unit/graph_unit.h"

#include "core/model/model.h"

enum { BATCH = 13, WIDTH = 6, LENGTH = 5, WORDS = 9 };

static void fill_ids(network *net, int length) {
    size_t count = (size_t)net->graph->batch * (size_t)length;
    sx_random random = sx_random_from(8, 8, 8);
    net->targets = sx_alloc(count, sizeof(float));
    for (size_t i = 0; i < count; i++) net->targets[i] = (float)sx_random_below(&random, WORDS);
}

/* Takes the graph, whose loss compares `a` with `b`. */
static network make_pairs(sx_graph *graph, sx_node output, sx_node a, sx_node b) {
    network net = {.graph = graph};
    sx_error err = {0};
    if (sx_graph_finish_over(graph, output, &(sx_loss_form){"contrastive", {a, b}, 2}, &err))
        fail_msg("%s", err.message);
    assert_int_equal(sx_parameters_new(graph, 11, &net.parameters, &err), SX_OK);
    fill_network(&net);
    if (sx_graph_target_length(graph)) fill_ids(&net, sx_graph_target_length(graph));
    return net;
}

/* Two towers as a clip has them, of images of 1 x 1 x WIDTH. */
static network make_towers(int batch, int units) {
    char form[64];
    sx_graph *graph = sx_graph_new(batch, 1, 1, WIDTH);
    snprintf(form, sizeof form, "units=%d", units);
    sx_node image = layer(graph, sx_graph_input(graph), "linear", "image", form);
    image = layer(graph, image, "l2_normalise", NULL, "");
    sx_node scaled = layer(graph, image, "learned_scale", "scale", "initial=3");
    sx_node head = layer(graph, image, "linear", "head", "units=3, trained=no");
    snprintf(form, sizeof form, "length=%d", LENGTH);
    sx_node ids = sx_graph_layer(graph, "targets", NULL, 0, "ids", form);
    snprintf(form, sizeof form, "entries=%d, channels=%d", WORDS, units);
    sx_node words = layer(graph, ids, "embedding", "words", form);
    words = layer(graph, layer(graph, words, "position", "p", ""), "layer_norm", "norm", "");
    sx_node end = sx_graph_layer(graph, "end_token", (sx_node[]){words, ids}, 2, NULL, "");
    end = layer(graph, end, "l2_normalise", NULL, "");
    return make_pairs(graph, head, scaled, end);
}

static void pairs_equal_plain_loops(void **state) {
    (void)state;
    static const int batches[] = {1, 2, 7, 33, 50}, units[] = {1, 5, 16, 33, 70};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 5; k++) {
            network net = make_towers(batches[i], units[k]);
            check_training(&net);
            check_prediction(&net);
            free_network(&net);
        }
}

/* Both vectors are the same node: its gradient is the sum of two shares. The output is a layer that
 * training has no use for: its weights have no gradient. */
static void a_vector_may_be_its_own_partner(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(9, 1, 1, WIDTH);
    sx_node x = layer(graph, sx_graph_input(graph), "linear", "x", "units=11");
    network net = make_pairs(graph, sx_graph_dense(graph, x, "end", 3), x, x);
    net.targets = sx_alloc(9, sizeof(float));
    check_training(&net);
    free_network(&net);
}

static void images_are_normalised_pixel_by_pixel(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) { /* with and without a halo around them */
        sx_graph *graph = sx_graph_new(5, 3, 4, 3);
        sx_node x = layer(graph, sx_graph_input(graph), "linear", "below", i ? "units=17" : "");
        x = layer(graph, x, "l2_normalise", NULL, "");
        x = layer(graph, x, "learned_scale", "scale", "");
        if (i == 2) x = sx_graph_convolution(graph, x, "c", (sx_convolution){3, 3, 1, -1, true});
        check(graph, sx_graph_dense(graph, x, "end", 3));
    }
}

static double loss_of(const network *net, const double *parameters) {
    sx_reference reference;
    sx_reference_inputs inputs = {net->images, net->labels, net->targets, 3, 4};
    assert_true(sx_reference_run(net->graph, parameters, &inputs, &reference));
    double loss = reference.loss;
    sx_reference_done(&reference);
    return loss;
}

static void gradients_are_finite_differences(void **state) {
    (void)state;
    network net = make_towers(6, 5);
    double *parameters = double_parameters(&net);
    sx_reference reference;
    sx_reference_inputs inputs = {net.images, net.labels, net.targets, 3, 4};
    assert_true(sx_reference_run(net.graph, parameters, &inputs, &reference));
    for (int s = 0; s < net.parameters.count; s++)
        for (size_t i = 0; i < net.parameters.slices[s].count; i++) {
            double *p = &parameters[net.parameters.slices[s].offset + i], step = 1e-5, kept = *p;
            *p = kept + step;
            double above = loss_of(&net, parameters);
            *p = kept - step;
            double slope = (above - loss_of(&net, parameters)) / (2 * step);
            *p = kept;
            double got = reference.gradient[net.parameters.slices[s].offset + i];
            if (!(fabs(slope - got) < 1e-6 * (1 + fabs(slope))))
                fail_msg("%s at %zu: %g, not %g", net.parameters.slices[s].name, i, got, slope);
        }
    sx_reference_done(&reference);
    sx_free(parameters);
    free_network(&net);
}

static void bits_do_not_depend_on_threads(void **state) {
    (void)state;
    network net = make_towers(61, 33);
    float *first = sx_alloc(net.parameters.size, sizeof *first);
    for (int threads = 1; threads <= 4; threads++) {
        sx_pool *pool = sx_pool_new(threads, NULL);
        sx_run *run = sx_run_new(net.graph, pool, true, NULL);
        sx_run_report report;
        float *gradient = threads == 1 ? first : net.gradient;
        sx_run_targets(run, net.targets);
        assert_int_equal(
            sx_run_train(run, &net.parameters, net.images, NULL, 3, 4, gradient, &report), SX_OK);
        assert_memory_equal(first, gradient, net.parameters.size * sizeof(float));
        sx_run_free(run);
        sx_pool_free(pool);
    }
    sx_free(first);
    free_network(&net);
}

static void the_scale_stays_below_its_limit(void **state) {
    (void)state;
    network net = make_towers(BATCH, 8);
    float *weight =
        net.parameters.values + sx_parameters_find(&net.parameters, "scale.weight")->offset;
    sx_run *run = sx_run_new(net.graph, NULL, true, NULL);
    sx_run_report at_limit, above;
    sx_run_targets(run, net.targets);
    *weight = logf(100);
    sx_run_train(run, &net.parameters, net.images, NULL, 1, 1, net.gradient, &at_limit);
    *weight = 9;
    sx_run_train(run, &net.parameters, net.images, NULL, 1, 1, net.gradient, &above);
    assert_true(at_limit.loss == above.loss);
    assert_true(*weight == logf(100));
    sx_run_free(run);
    free_network(&net);
}

/* Right is an image whose own text is the likeliest, also where another image has the same one. */
static void right_images_are_counted(void **state) {
    (void)state;
    sx_graph *graph = sx_graph_new(4, 1, 1, 2);
    sx_node image = sx_graph_input(graph);
    sx_node ids = sx_graph_layer(graph, "targets", NULL, 0, "ids", "length=2");
    sx_node text = layer(graph, ids, "reshape", NULL, "height=1, width=1, channels=2");
    sx_node out = layer(graph, image, "linear", "x", "units=2");
    network net = make_pairs(graph, out, image, text);
    static const float images[] = {1, 0, 0, 1, 1, 0, 0, 1}, texts[] = {3, 0, 0, 3, 3, 0, 3, 0};
    memcpy(net.images, images, sizeof images);
    memcpy(net.targets, texts, sizeof texts);
    sx_run *run = sx_run_new(graph, NULL, true, NULL);
    sx_run_report report;
    sx_run_targets(run, net.targets);
    sx_run_train(run, &net.parameters, net.images, NULL, 1, 1, net.gradient, &report);
    assert_int_equal(report.right, 3);
    net.images[0] = NAN;
    sx_run_train(run, &net.parameters, net.images, NULL, 1, 1, net.gradient, &report);
    assert_int_equal(report.right, 2);
    sx_run_free(run);
    free_network(&net);
}

/* ---- the family ------------------------------------------------------------------------------ */

#define SPEC                                                                                       \
    "clip(dim=24, depth=2, heads=3, embed=10, text_dim=20, text_depth=1, text_heads=2, "           \
    "vocabulary=9, context=5)"

static sx_model make_model(void) {
    sx_model model;
    sx_error err = {0};
    if (sx_model_new(SPEC, 8, 8, 3, 4, 1, &model, &err)) fail_msg("%s", err.message);
    return model;
}

static void all_graphs_have_one_layout(void **state) {
    (void)state;
    sx_model model = make_model();
    sx_graph *text = sx_model_text_graph(&model, 3, NULL);
    sx_parameters other;
    assert_int_equal(sx_parameters_lay_out(text, &other, NULL), SX_OK);
    assert_int_equal(other.count, model.parameters.count);
    assert_memory_equal(other.slices, model.parameters.slices,
                        (size_t)other.count * sizeof *other.slices);
    static const struct {
        const char *name;
        int rank, sizes[2];
    } known[] = {{"projection.weight", 2, {24, 10}},
                 {"scale.weight", 1, {1, 0}},
                 {"head.weight", 2, {10, 4}},
                 {"text.token.weight", 2, {9, 20}},
                 {"text.projection.weight", 2, {20, 10}},
                 {"text.norm.weight", 1, {20, 0}},
                 {"text.block1.mlp.in.weight", 2, {20, 80}}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const sx_slice *slice = sx_parameters_find(&model.parameters, known[i].name);
        if (!slice) {
            fail_msg("no slice %s", known[i].name);
            return;
        }
        assert_int_equal(slice->rank, known[i].rank);
        for (int k = 0; k < slice->rank; k++) assert_int_equal(slice->sizes[k], known[i].sizes[k]);
        assert_int_equal(slice->trained, strcmp(known[i].name, "head.weight") != 0);
    }
    sx_parameters_done(&other);
    sx_graph_free(text);
    sx_model_done(&model);
}

/* Initial values of the text tower, after CLIP; and the scale's. */
static void the_text_tower_begins_as_published(void **state) {
    (void)state;
    sx_model model;
    sx_error err = {0};
    const char *spec = "clip(dim=16, depth=1, heads=2, text_dim=128, text_depth=2, text_heads=2)";
    if (sx_model_new(spec, 8, 8, 3, 4, 1, &model, &err)) fail_msg("%s", err.message);
    static const struct {
        const char *name;
        double deviation;
    } known[] = {{"text.token.weight", 0.02},
                 {"text.position.weight", 0.01},
                 {"text.block1.attention.in.weight", 0.0883883},  /* 128^-0.5 */
                 {"text.block2.attention.out.weight", 0.0441942}, /* (128 * 2 * 2)^-0.5 */
                 {"text.block1.mlp.in.weight", 0.0625},           /* (2 * 128)^-0.5 */
                 {"text.block2.mlp.out.weight", 0.0441942},
                 {"text.projection.weight", 0.0883883}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const sx_slice *slice = sx_parameters_find(&model.parameters, known[i].name);
        double squares = 0;
        for (size_t k = 0; k < slice->count; k++) {
            double value = (double)model.parameters.values[slice->offset + k];
            squares += value * value;
        }
        double ratio = sqrt(squares / (double)slice->count) / known[i].deviation;
        if (!(fabs(ratio - 1) < 4 / sqrt(2 * (double)slice->count)))
            fail_msg("%s: deviation is %g of what it should be", known[i].name, ratio);
    }
    const sx_slice *scale = sx_parameters_find(&model.parameters, "scale.weight");
    assert_true(fabs((double)model.parameters.values[scale->offset] - 2.6592600) < 1e-6);
    sx_model_done(&model);
}

/* Prediction gives cosines of image and column times the scale, whatever the text tower holds; the
 * text graph gives vectors of length 1, whatever the image tower holds, and reads no image. */
static void each_output_needs_its_tower_only(void **state) {
    (void)state;
    sx_model model = make_model();
    sx_error err = {0};
    sx_graph *graph = sx_model_graph(&model, 3, &err),
             *words = sx_model_text_graph(&model, 3, &err);
    sx_run *image_run = sx_run_new(graph, NULL, false, &err);
    sx_run *text_run = sx_run_new(words, NULL, false, &err);
    float images[3 * 8 * 8 * 3], logits[12], again[12], vectors[30], same[30];
    static const float ids[] = {7, 1, 2, 8, 0, 7, 3, 8, 0, 0, 7, 3, 8, 4, 5};
    sx_random random = sx_random_from(1, 2, 3);
    for (size_t i = 0; i < sizeof images / sizeof *images; i++)
        images[i] = sx_random_normal(&random);
    assert_int_equal(sx_graph_target_length(words), 5);
    sx_run_targets(text_run, ids);
    assert_int_equal(sx_run_predict(text_run, &model.parameters, NULL, 3, vectors, &err), SX_OK);
    assert_int_equal(sx_run_predict(image_run, &model.parameters, images, 3, logits, &err), SX_OK);
    for (int t = 0; t < 3; t++) {
        double squares = 0;
        for (int c = 0; c < 10; c++)
            squares += (double)vectors[t * 10 + c] * (double)vectors[t * 10 + c];
        assert_true(fabs(squares - 1) < 1e-5);
    }
    /* what stands behind the end changes nothing */
    assert_memory_equal(vectors + 10, vectors + 20, 10 * sizeof(float));
    assert_memory_not_equal(vectors, vectors + 10, 10 * sizeof(float));
    for (int s = 0; s < model.parameters.count; s++) {
        const sx_slice *slice = &model.parameters.slices[s];
        if (strncmp(slice->name, "text.", 5) == 0) model.parameters.values[slice->offset] = NAN;
    }
    sx_run_predict(image_run, &model.parameters, images, 3, again, &err);
    assert_memory_equal(logits, again, sizeof logits);
    sx_model_done(&model);
    model = make_model();
    for (int s = 0; s < model.parameters.count; s++) {
        const sx_slice *slice = &model.parameters.slices[s];
        if (strncmp(slice->name, "text.", 5) != 0) model.parameters.values[slice->offset] = NAN;
    }
    sx_run_predict(text_run, &model.parameters, NULL, 3, same, &err);
    assert_memory_equal(vectors, same, sizeof vectors);
    /* the image's side alone costs less than both */
    assert_true(sx_graph_cost(graph) * 3 < sx_graph_training_cost(graph));
    sx_run_free(image_run);
    sx_run_free(text_run);
    sx_graph_free(graph);
    sx_graph_free(words);
    sx_model_done(&model);
}

static void mistakes_are_told(void **state) {
    (void)state;
    sx_error err = {0};
    sx_model model;
    assert_int_equal(sx_model_new("clip(dim=10, heads=4)", 8, 8, 3, 4, 1, &model, &err),
                     SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "heads = 4 does not divide dim = 10"));
    assert_int_equal(sx_model_new("mlp", 8, 8, 3, 4, 1, &model, &err), SX_OK);
    sx_text_facts facts;
    assert_false(sx_model_text(&model, &facts));
    err = (sx_error){0};
    assert_null(sx_model_text_graph(&model, 1, &err));
    assert_non_null(strstr(err.message, "reads no texts"));
    sx_model_done(&model);
    model = make_model();
    err = (sx_error){0};
    assert_null(sx_model_graph_for(&model, 2, "softmax_cross_entropy", &err));
    assert_non_null(strstr(err.message, "reads 1 layer, not 2"));
    sx_model_done(&model);
}

/* A loss that has targets of its own cannot stand above a layer that reads others. */
static void targets_have_one_length(void **state) {
    (void)state;
    sx_error err = {0};
    sx_graph *graph = sx_graph_new(2, 1, 1, 3);
    sx_node ids = sx_graph_layer(graph, "targets", NULL, 0, "ids", "length=5");
    sx_node x = sx_graph_dense(graph, ids, "x", 4);
    assert_int_equal(sx_graph_finish(graph, x, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "ids: 5 targets of an image, and 4 elsewhere"));
    sx_graph_free(graph);
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_equal_plain_loops),
        cmocka_unit_test(a_vector_may_be_its_own_partner),
        cmocka_unit_test(images_are_normalised_pixel_by_pixel),
        cmocka_unit_test(gradients_are_finite_differences),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(the_scale_stays_below_its_limit),
        cmocka_unit_test(right_images_are_counted),
        cmocka_unit_test(all_graphs_have_one_layout),
        cmocka_unit_test(the_text_tower_begins_as_published),
        cmocka_unit_test(each_output_needs_its_tower_only),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(targets_have_one_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
