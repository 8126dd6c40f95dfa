/* Zero-shot classification with a published CLIP: classes by name, prompts and byte pairs become
 * columns that equal PyTorch's (tests/reference/make_clip_golden.py), and a picture gets classes.
 */
#include "tests/unit/failing.h"
#include "tests/unit/published.h"

#include "core/study/study.h"

#define DATA CHECKPOINTS
#define MERGES SX_SOURCE "/tests/data/tokens/merges.txt"
#define HEADS "heads=2, text_heads=2"

static const char *const names[] = {"cat", "dog", "red triangle", "blue square", "café"};
static const char *const prompts[] = {"a photo of a {}.", "art of the {}.",
                                      "a {} in a video game."};
enum { CLASSES = 5, PROMPTS = 3, EMBED = 12, TEXTS = CLASSES * PROMPTS };

static const sx_outside_options usual = {.settings = HEADS,
                                         .names = names,
                                         .name_count = CLASSES,
                                         .merges = MERGES,
                                         .prompts = prompts,
                                         .prompt_count = PROMPTS};

static sx_outside open_model(const char *name, const sx_outside_options *options) {
    sx_outside outside;
    sx_error err = {0};
    if (sx_outside_open(name, options, &outside, &err)) fail_msg("%s", err.message);
    return outside;
}

static const float *columns_of(const sx_outside *outside) {
    const sx_slice *head = sx_parameters_find(&outside->model.parameters, "head.weight");
    assert_int_equal(head->sizes[head->rank - 1], outside->checkpoint.classes);
    return outside->model.parameters.values + head->offset;
}

/* Writes lines into a new file below /tmp. */
static void write_lines(char *path, const char *text) {
    close(mkstemp(path));
    assert_int_equal(sx_file_write(path, text, strlen(text), NULL), SX_OK);
}

/* ---- columns -----------------------------------------------------------------------------------
 */

static void columns_equal_pytorch(void **state) {
    (void)state;
    static const char *const models[] = {"clip-openai", "clip-huggingface"};
    for (size_t i = 0; i < 2; i++) {
        char path[256];
        sx_safetensors golden;
        snprintf(path, sizeof path, DATA "%s.golden.safetensors", models[i]);
        assert_int_equal(sx_safetensors_read(path, 1 << 24, &golden, NULL), SX_OK);
        snprintf(path, sizeof path, DATA "%s.safetensors", models[i]);
        sx_outside outside = open_model(path, &usual);
        assert_int_equal(outside.prompts, PROMPTS);
        agree(models[i], "columns", columns_of(&outside),
              sx_safetensors_find(&golden, "columns")->values, (size_t)EMBED * CLASSES, false);
        sx_outside_done(&outside);
        sx_safetensors_done(&golden);
    }
}

/* Files of names and prompts say the same as options; threads change no bit. */
static void files_and_threads_change_nothing(void **state) {
    (void)state;
    char classes[] = "/tmp/sx-classes-XXXXXX", file[] = "/tmp/sx-prompts-XXXXXX";
    write_lines(classes, "cat\ndog\nred triangle\r\nblue square\ncaf\xc3\xa9");
    write_lines(file, "art of the {}.\n\na {} in a video game.\n");
    sx_outside plain = open_model(DATA "clip-openai.safetensors", &usual);
    for (int threads = 1; threads <= 4; threads++) {
        sx_outside_options options = {.settings = HEADS,
                                      .classes = classes,
                                      .merges = MERGES ".gz",
                                      .prompts = prompts,
                                      .prompt_count = 1,
                                      .prompts_file = file,
                                      .pool = sx_pool_new(threads, NULL)};
        sx_outside outside = open_model(DATA "clip-openai.safetensors", &options);
        assert_int_equal(outside.named, CLASSES);
        assert_memory_equal(columns_of(&outside), columns_of(&plain),
                            (size_t)EMBED * CLASSES * sizeof(float));
        sx_outside_done(&outside);
        sx_pool_free(options.pool);
    }
    sx_outside_done(&plain);
    unlink(classes);
    unlink(file);
}

typedef struct {
    size_t calls, done, total;
} progress;

static void note(void *user, size_t done, size_t total) {
    progress *p = user;
    p->calls++;
    assert_true(done > p->done && done <= total);
    p->done = done;
    p->total = total;
}

/* Many classes go through a few at a time; a name's column does not depend on its fellows. */
static void many_classes_are_encoded_in_turn(void **state) {
    (void)state;
    enum { MANY = 100 };
    const char *many[MANY];
    progress p = {0};
    for (int i = 0; i < MANY; i++) many[i] = names[i * 7 % CLASSES];
    sx_outside_options options = usual;
    options.names = many;
    options.name_count = MANY;
    options.progress = note;
    options.user = &p;
    sx_outside few = open_model(DATA "clip-openai.safetensors", &usual);
    sx_outside outside = open_model(DATA "clip-openai.safetensors", &options);
    assert_int_equal(p.done, MANY * PROMPTS);
    assert_int_equal(p.total, MANY * PROMPTS);
    assert_true(p.calls > 3);
    for (int i = 0; i < MANY; i++)
        for (int k = 0; k < EMBED; k++)
            assert_true(columns_of(&outside)[k * MANY + i] ==
                        columns_of(&few)[k * CLASSES + i * 7 % CLASSES]);
    sx_outside_done(&few);
    sx_outside_done(&outside);
}

/* ---- what is used where nothing is said --------------------------------------------------------
 */

static void copy_file(const char *from, const char *directory, const char *name) {
    char path[SX_PATH_SIZE];
    sx_bytes bytes;
    assert_int_equal(sx_file_read(from, 1 << 24, &bytes, NULL), SX_OK);
    assert_int_equal(sx_path_join(path, directory, name, NULL), SX_OK);
    assert_int_equal(sx_file_write(path, bytes.data, bytes.size, NULL), SX_OK);
    sx_bytes_done(&bytes);
}

static void merges_are_found_beside_the_model(void **state) {
    (void)state;
    char directory[] = "/tmp/sx-beside-XXXXXX", path[SX_PATH_SIZE];
    sx_error err = {0};
    sx_outside outside;
    assert_non_null(mkdtemp(directory));
    copy_file(DATA "clip-openai.safetensors", directory, "model.safetensors");
    sx_path_join(path, directory, "model.safetensors", NULL);
    sx_outside_options options = usual;
    options.merges = NULL;
    options.prompt_count = 0;
    assert_int_equal(sx_outside_open(path, &options, &outside, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "--merges FILE"));
    copy_file(MERGES, directory, "merges.txt");
    outside = open_model(path, &options);
    assert_int_equal(outside.prompts, 7);
    sx_outside_done(&outside);
    unlink(path);
    sx_path_join(path, directory, "merges.txt", NULL);
    unlink(path);
    rmdir(directory);
}

static void a_model_without_classes_opens_and_says_so(void **state) {
    (void)state;
    sx_error err = {0};
    sx_text text = {0};
    sx_outside outside =
        open_model(DATA "clip-huggingface.safetensors", &(sx_outside_options){.settings = HEADS});
    assert_int_equal(sx_outside_can_classify(&outside, &err), SX_USAGE);
    assert_non_null(strstr(err.message, "--classes FILE"));
    sx_outside_describe(&outside, &text);
    assert_non_null(strstr(text.data, "classes     any"));
    assert_non_null(strstr(text.data, "644 tokens known, 24 at most"));
    assert_non_null(strstr(text.data, "activation=gelu-quick, epsilon=1e-5"));
    assert_non_null(strstr(text.data, "shorter side to 12, bicubic"));
    assert_non_null(strstr(text.data, "0.481455/0.457827/0.408211"));
    sx_text_done(&text);
    sx_outside_done(&outside);
}

/* ---- what cannot be ----------------------------------------------------------------------------
 */

static void refused(sx_outside_options options, const char *sentence) {
    sx_outside outside;
    sx_error err = {0};
    assert_int_not_equal(sx_outside_open(DATA "clip-openai.safetensors", &options, &outside, &err),
                         SX_OK);
    if (!strstr(err.message, sentence)) fail_msg("%s", err.message);
}

static void texts_that_cannot_be_used_are_named(void **state) {
    (void)state;
    static const char *const lonely[] = {"a photo"};
    static const char *const windy[] = {"a photo of a {} that goes on and on, on and on, 123456"};
    char none[] = "/tmp/sx-none-XXXXXX";
    write_lines(none, "");
    sx_outside_options options = usual;
    options.prompts = lonely;
    options.prompt_count = 1;
    refused(options, "the prompt 'a photo' has no {}");
    options.prompts = windy;
    refused(options, "the text 'a photo of a cat that goes on and on, on and on, 123456' has");
    options.prepare = "long_texts=cut";
    sx_outside outside = open_model(DATA "clip-openai.safetensors", &options);
    sx_outside_done(&outside);
    options = usual;
    options.name_count = 1;
    refused(options, "names 1 class, the model has 2 or more");
    options = usual;
    options.classes = none;
    refused(options, "names no classes");
    options = usual;
    options.prompts_file = none;
    options.prompt_count = 0;
    refused(options, "has no prompts");
    options = usual;
    options.merges = none;
    refused(options, "has no merges");
    assert_int_equal(sx_file_write(none, "t h\n", 4, NULL), SX_OK);
    options.merges = none;
    refused(options, "makes 515 tokens, the model knows 644");
    unlink(none);
}

static sx_status open_once(void *context, sx_error *err) {
    sx_outside outside;
    sx_status status = sx_outside_open(DATA "clip-huggingface.safetensors", context, &outside, err);
    if (!status) sx_outside_done(&outside);
    return status;
}

static void failed_allocations_are_told(void **state) {
    (void)state;
    sx_outside_options options = usual;
    options.merges = MERGES ".gz";
    assert_true(fail_every_allocation(open_once, &options) > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_equal_pytorch),
        cmocka_unit_test(files_and_threads_change_nothing),
        cmocka_unit_test(many_classes_are_encoded_in_turn),
        cmocka_unit_test(merges_are_found_beside_the_model),
        cmocka_unit_test(a_model_without_classes_opens_and_says_so),
        cmocka_unit_test(texts_that_cannot_be_used_are_named),
        cmocka_unit_test(failed_allocations_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
