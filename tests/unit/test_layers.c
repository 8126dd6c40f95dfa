/* Models from files of layers: what they build, and the sentences for wrong ones. */
#include "tests/unit/unit.h"

#include "core/model/model.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char path[64];

static void write_file(const char *text) {
    snprintf(path, sizeof path, "/tmp/sx-layers-%d.ini", (int)getpid());
    assert_int_equal(sx_file_write(path, text, strlen(text), NULL), SX_OK);
}

static sx_status open_model(const char *text, sx_model *model, sx_error *err) {
    write_file(text);
    sx_status status = sx_model_new(path, 8, 8, 3, 5, 1, model, err);
    unlink(path);
    return status;
}

static const char residual[] = "; a comment\n"
                               "[stem]\nlayer = convolution\nchannels = 6\n"
                               "[on]\nlayer = relu\n"
                               "[again]\nlayer = convolution\nchannels = 6\nkernel = 3\n"
                               "[sum]\nlayer = add\ninputs = again, on\n"
                               "[beside]\nlayer = convolution\ninputs = image\nchannels = 6\n"
                               "[all]\nlayer = add\ninputs = sum,beside\n"
                               "[end]\nlayer = dense\nunits = classes\n";

static void files_build_what_they_say(void **state) {
    (void)state;
    sx_model model;
    sx_error err = {0};
    if (open_model(residual, &model, &err)) fail_msg("%s", err.message);
    assert_int_equal(sx_model_trained(&model), 2 * (27 * 6 + 6) + (54 * 6 + 6) + 8 * 8 * 6 * 5 + 5);
    assert_non_null(sx_parameters_find(&model.parameters, "beside.weight"));
    assert_non_null(sx_parameters_find(&model.parameters, "end.bias"));
    /* The file is gone; graphs for other batch sizes come from its text. */
    sx_graph *graph = sx_model_graph(&model, 7, &err);
    assert_non_null(graph);
    assert_int_equal(sx_graph_classes(graph), 5);
    sx_graph_free(graph);
    sx_model_done(&model);
}

static void the_loss_can_be_chosen(void **state) {
    (void)state;
    sx_model model;
    sx_error err = {0};
    static const char text[] = "[model]\nloss = mean_squared_error\n"
                               "[out]\nlayer = convolution\nchannels = 3\n";
    if (open_model(text, &model, &err)) fail_msg("%s", err.message);
    sx_graph *graph = sx_model_graph(&model, 2, &err);
    assert_int_equal(sx_graph_output_size(graph), 8 * 8 * 3);
    sx_graph_free(graph);
    sx_model_done(&model);
}

static void wrong_files_are_told(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"", "there is no layer"},
        {"[a]\nlayer = relu\n", "the logits must be a vector, not 8 x 8 x 3"},
        {"[a]\nlayer = dense\nunits = 4\n", "has 4 outputs for 5 classes"},
        {"[a]\nlayer = convolutoin\n", ".ini:2: a: unknown operator 'convolutoin'; did you mean "
                                       "'convolution'?"},
        {"[a]\nchannels = 4\n", ".ini:2: [a] lacks the key 'layer'"},
        {"[a]\nlayer = dense\nunits = -3\n", "must be from 1 to 65536"},
        {"[a]\nlayer = dense\nunit = 3\n", "did you mean 'units'"},
        {"[a]\nlayer = relu\ninputs = b\n", ".ini:3: [a] reads a layer that is not above it: 'b'"},
        {"[a]\nlayer = add\ninputs = image\n", "add reads 2 layers, not 1"},
        {"[a]\nlayer = add\ninputs = image,image,image,image,image\n", "not above it"},
        {"[a]\nlayer = max_pool\nkernel = 20\n", "a: an image of 8 x 8 pixels is too small"},
        {"[a]\nlayer = huber\n", "unknown operator 'huber'"},
        {"[model]\nloss = relu\n[a]\nlayer = dense\nunits = 5\n", "unknown loss 'relu'"},
        {"[model]\nlos = huber\n", "knows the keys 'loss' and 'loss_inputs', not 'los'"},
        {"[a]\nlayer = relu\n[b]\nlayer = relu\n[a]\nlayer = dense\n", "given twice"},
        {"[image]\nlayer = relu\n", "is the name of a layer above"},
        {"rubbish\n", ".ini:1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sx_model model;
        sx_error err = {0};
        assert_int_equal(open_model(rows[i][0], &model, &err), SX_BAD_INPUT);
        if (!strstr(err.message, rows[i][1])) fail_msg("%s: %s", rows[i][0], err.message);
    }
    sx_model model;
    sx_error err = {0};
    assert_int_equal(sx_model_check("models/residual.ini", &err), SX_OK); /* of the assets */
    assert_int_equal(sx_model_check("/nowhere/x.ini", &err), SX_BAD_INPUT);
    assert_int_equal(sx_model_new("/nowhere/x.ini", 8, 8, 3, 5, 1, &model, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "there is no file of layers '/nowhere/x.ini'"));
}

/* Replaces some words of a file by others; the seed says which. */
static void scramble(const char *text, uint64_t seed, sx_text *out) {
    static const char *const words[] = {
        "0",       "-1",       "1",           "7",        "64",          "1e9",        "nan",
        "classes", "conv",     "relu",        "add",      "dense",       "attention",  "layer_norm",
        "slice",   "image",    "stem",        "[x]",      "layer",       "inputs",     "kernel",
        "stride",  "channels", "batch_norm",  "max_pool", "99999999999", "sum, on",    "=",
        "linear",  "position", "class_token", "units",    "padding",     "group_norm", "groups"};
    sx_random random = sx_random_from(77, 1, seed);
    while (*text) {
        size_t space = strspn(text, " =\n[]"), word = strcspn(text + space, " =\n[]");
        sx_text_add(out, "%.*s", (int)space, text);
        if (sx_random_below(&random, 12) == 0)
            sx_text_add(out, "%s", words[sx_random_below(&random, sizeof words / sizeof *words)]);
        else
            sx_text_add(out, "%.*s", (int)word, text + space);
        text += space + word;
    }
}

/* Whatever a file says, there is a model or a sentence. */
static void scrambled_files_do_no_harm(void **state) {
    (void)state;
    int built = 0;
    for (uint64_t seed = 0; seed < 3000; seed++) {
        sx_text text = {0};
        sx_model model;
        sx_error err = {0};
        scramble(residual, seed, &text);
        sx_status status = open_model(text.data, &model, &err);
        if (status && strlen(err.message) < 10) fail_msg("no sentence for\n%s", text.data);
        built += !status;
        if (!status) sx_model_done(&model);
        sx_text_done(&text);
    }
    assert_true(built > 50 && built < 2000);
}

int main(void) {
    sx_tensor_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_build_what_they_say),
        cmocka_unit_test(the_loss_can_be_chosen),
        cmocka_unit_test(wrong_files_are_told),
        cmocka_unit_test(scrambled_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
