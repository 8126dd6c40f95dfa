/* Study files: what a person may write, what is said about mistakes, and that a configuration comes
 * back from the text it is written as. */
#include "tests/unit/failing.h"

#include "core/study/study.h"

#include <stdio.h>
#include <string.h>

static const char study_text[] = "; a comment\n"
                                 "[study]\n"
                                 "name = mine-2\n"
                                 "[data]\n"
                                 "source = shapes ; after a value\n"
                                 "image = 24\n"
                                 "# another comment\n"
                                 "[class]\n"
                                 "train.steps = 77\n"
                                 "model.spec = mlp(width=20, depth=1)\n"
                                 "[train]\n"
                                 "steps = 55\n"
                                 "batch = 8\n"
                                 "[run]\n"
                                 "seed = 9\n";

static sx_config parsed(const char *text, const char *preset) {
    sx_config config;
    sx_error err = {0};
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    if (sx_config_parse(&config, "x.ini", text, preset, &err)) fail_msg("%s", err.message);
    return config;
}

static void values_come_from_file_and_defaults(void **state) {
    (void)state;
    sx_config config = parsed(study_text, NULL);
    assert_string_equal(sx_config_text(&config, "study", "name"), "mine-2");
    assert_string_equal(sx_config_text(&config, "data", "source"), "shapes");
    assert_string_equal(sx_config_text(&config, "model", "spec"), "cnn(width=16, depth=3)");
    assert_true(sx_config_number(&config, "data", "image") == 24);
    assert_true(sx_config_number(&config, "train", "steps") == 55);
    assert_true(sx_config_number(&config, "train", "batch") == 8);
    assert_true(sx_config_number(&config, "robustness", "share") == 0.15);
    sx_config_done(&config);
}

/* A preset wins over the plain sections, also over those that come after it in the file. */
static void presets_override_the_file(void **state) {
    (void)state;
    sx_config config = parsed(study_text, "class");
    assert_true(sx_config_number(&config, "train", "steps") == 77);
    assert_true(sx_config_number(&config, "train", "batch") == 8);
    assert_string_equal(sx_config_text(&config, "model", "spec"), "mlp(width=20, depth=1)");
    assert_string_equal(sx_config_text(&config, "run", "preset"), "class");
    sx_config_done(&config);

    const char chosen[] = "[run]\npreset = full\n[full]\ntrain.steps = 5\n[class]\n"
                          "train.steps = 6\n";
    config = parsed(chosen, NULL);
    assert_true(sx_config_number(&config, "train", "steps") == 5);
    sx_config_done(&config);
    config = parsed(chosen, "class");
    assert_true(sx_config_number(&config, "train", "steps") == 6);
    sx_config_done(&config);
    config = parsed(chosen, "quick"); /* needs no section */
    assert_true(sx_config_number(&config, "train", "steps") == 4000);
    sx_config_done(&config);
}

static void overrides_win(void **state) {
    (void)state;
    sx_error err = {0};
    sx_config config = parsed(study_text, "class");
    assert_int_equal(sx_config_override(&config, "train.steps=3", &err), SX_OK);
    assert_int_equal(sx_config_override(&config, "model.spec = cnn(width=4, depth=2) ", &err),
                     SX_BAD_INPUT); /* "spec " is no key: no blanks before the sign */
    assert_int_equal(sx_config_override(&config, "model.spec= cnn(width=4, depth=2) ", &err),
                     SX_OK);
    assert_int_equal(sx_config_override(&config, "data.source=", &err), SX_OK);
    assert_true(sx_config_number(&config, "train", "steps") == 3);
    assert_string_equal(sx_config_text(&config, "model", "spec"), "cnn(width=4, depth=2)");
    assert_string_equal(sx_config_text(&config, "data", "source"), "");
    sx_config_done(&config);
}

/* Each row: a text, and what the sentence must hold. */
static void mistakes_are_told_with_their_line(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"[train]\nbatch = 8\nsteps = 12x\n", "x.ini:3: steps = 12x: must be a number"},
        {"[train]\nstep = 12\n", "x.ini:2: unknown key 'step' in [train]; did you mean 'steps'?"},
        {"[train]\nbatch = 0\n", "x.ini:2: batch = 0: must be from 1 to 4096"},
        {"[train]\nbatch = 2.5\n", "x.ini:2: batch = 2.5: must be a whole number"},
        {"[train]\nflip = maybe\n", "x.ini:2: flip = maybe: must be one of no|yes"},
        {"[data]\nimage = 7\n", "from 8 to 512"},
        {"[data]\nimage = 513\n", "from 8 to 512"},
        {"[robustness]\nshare = 0.91\n", "from 0 to 0.9"},
        {"[robustness]\nshare = nan\n", "must be a number"},
        {"[run]\nseeds = 33\n", "x.ini:2: seeds = 33: must be from 1 to 32"},
        {"[run]\nthreads = 2\n", "unknown key 'threads' in [run]"},
        {"[trian]\nsteps = 2\n", "x.ini:2: unknown section [trian]; did you mean [train]?"},
        {"[clas]\ntrain.steps = 2\n", "unknown section [clas]; did you mean [class]?"},
        {"[study]\nkind = robust\n", "x.ini:2: kind = robust: must be one of robustness"},
        {"[study]\nname = A b\n", "x.ini:2: name = A b: 1 to 40"},
        {"[study]\nname =\n", "x.ini:2: name = : 1 to 40"},
        {"\n[model]\nspec = cmn(width=3)\n", "x.ini:3: unknown model 'cmn'; did you mean 'cnn'?"},
        {"[model]\nspec = cnn(widht=3)\n", "x.ini:2: cnn: unknown key 'widht'; did you mean"},
        {"[model]\nspec = cnn(width=3\n", "x.ini:2: 'cnn(width=3': the closing bracket"},
        {"[train]\noptimizer = adan(lr=1)\n", "x.ini:2: unknown optimizer 'adan'; did you mean"},
        {"[train]\noptimizer = adamw(lr=fast)\n", "x.ini:2: adamw: lr = fast: must be a number"},
        {"[train]\nschedule = cosin\n", "x.ini:2: unknown schedule 'cosin'; did you mean"},
        {"[data]\ncompose = centre area=0.5\n", "did you mean 'center'?"},
        {"[data]\ncompose = center area=2\n", "x.ini:2: "},
        {"[full]\nsteps = 3\n", "x.ini:2: 'steps': write section.key"},
        {"[full]\ntrain.steps = many\n", "x.ini:2: steps = many"}, /* not chosen, still checked */
        {"[full]\nrun.preset = class\n", "x.ini:2: run.preset is chosen before"},
        {"steps = 3\n", "x.ini:1: a key stands before any [section]"},
        {"[train]\nsteps 3\n", "x.ini:2: this is neither"},
        {"[train]\nsteps = 3\nsteps = 3\n", "x.ini:3: 'steps' is given twice"},
        {"[study]\ntitle = a\tb\n", "x.ini:2: title: a value is one line"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sx_config config;
        sx_error err = {0};
        assert_int_equal(sx_config_new(&config, &err), SX_OK);
        assert_int_equal(sx_config_parse(&config, "x.ini", rows[i][0], NULL, &err), SX_BAD_INPUT);
        assert_int_equal(err.status, SX_BAD_INPUT);
        if (!strstr(err.message, rows[i][1])) fail_msg("%s%s", rows[i][0], err.message);
        sx_config_done(&config);
    }
}

static void overrides_are_checked(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"train.steps", "write section.key=value"},
        {"steps=3", "write section.key"},
        {"train.stepz=3", "did you mean 'steps'?"},
        {"tran.steps=3", "did you mean [train]?"},
        {"train.steps=-3", "must be from 0"},
        {"run.preset=full", "--preset"},
        {"quick.train.steps=3", "unknown section [quick]"},
        {"study.title=a ; b", "without a comment"},
        {"study.title=; b", "without a comment"},
        {"study.title=a\nb", "one line"},
        {"study.title=\x1b[31mred", "control characters"},
        {"", "write section.key=value"},
    };
    sx_error err = {0};
    sx_config config = parsed(study_text, NULL);
    sx_text before = {0}, after = {0};
    sx_config_write(&config, &before);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(sx_config_override(&config, rows[i][0], &err), SX_BAD_INPUT);
        if (!strstr(err.message, rows[i][1])) fail_msg("%s: %s", rows[i][0], err.message);
    }
    char longest[400] = "study.title=";
    memset(longest + strlen(longest), 'x', 151);
    assert_int_equal(sx_config_override(&config, longest, &err), SX_BAD_INPUT);
    sx_config_write(&config, &after);
    assert_string_equal(before.data, after.data); /* a refused value changes nothing */
    longest[strlen(longest) - 1] = 0;
    assert_int_equal(sx_config_override(&config, longest, &err), SX_OK);
    sx_text_done(&before);
    sx_text_done(&after);
    sx_config_done(&config);
}

static void a_preset_that_is_not_there_is_told(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"full", "x.ini has no section [full]"},
                                          {"fast", "must be one of quick|class|full"}};
    for (int i = 0; i < 2; i++) {
        sx_config config;
        sx_error err = {0};
        assert_int_equal(sx_config_new(&config, &err), SX_OK);
        assert_int_equal(sx_config_parse(&config, "x.ini", study_text, rows[i][0], &err),
                         SX_BAD_INPUT);
        assert_non_null(strstr(err.message, rows[i][1]));
        sx_config_done(&config);
    }
}

/* Written and read again: equal, preset and odd values included. */
static void configurations_come_back(void **state) {
    (void)state;
    static const char *const odd[] = {"study.title=  Ränder; = [x] # 100 % \"quoted\"  ",
                                      "data.source=/tmp/a b;c", "robustness.share=1e-3",
                                      "run.seed=9007199254740991"};
    sx_error err = {0};
    sx_config config = parsed(study_text, "class");
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        if (sx_config_override(&config, odd[i], &err)) fail_msg("%s", err.message);
    assert_string_equal(sx_config_text(&config, "study", "title"),
                        "Ränder; = [x] # 100 % \"quoted\"");
    sx_text text = {0};
    sx_config_write(&config, &text);
    sx_config again = parsed(text.data, NULL);
    for (const sx_option *o = sx_study_options; o->name; o++)
        assert_string_equal(sx_config_text(&config, o->section, o->name),
                            sx_config_text(&again, o->section, o->name));
    assert_string_equal(sx_config_text(&again, "run", "preset"), "class");
    assert_true(sx_config_number(&again, "train", "steps") == 77);
    sx_text_done(&text);
    sx_config_done(&again);
    sx_config_done(&config);
}

/* Every default is a value that the table's own checks admit. */
static void defaults_are_valid(void **state) {
    (void)state;
    sx_config config;
    sx_error err = {0};
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    for (const sx_option *o = sx_study_options; o->name; o++) {
        char assignment[256];
        if (strcmp(o->name, "preset") == 0) continue;
        snprintf(assignment, sizeof assignment, "%s.%s=%s", o->section, o->name, o->initial);
        if (sx_config_override(&config, assignment, &err)) fail_msg("%s", err.message);
        assert_true(strlen(o->help) > 5);
    }
    sx_config_done(&config);
}

/* What a program chooses is nobody's gift: a copy tells them apart, a file gives all. */
static void gifts_are_told_from_choices(void **state) {
    (void)state;
    sx_config config = parsed("[train]\nsteps = 7\n", NULL), copy;
    assert_int_equal(sx_config_override(&config, "data.image=16", NULL), SX_OK);
    assert_int_equal(sx_config_offer(&config, "train", "steps", "9", NULL), SX_OK);
    assert_int_equal(sx_config_offer(&config, "train", "batch", "5", NULL), SX_OK);
    assert_int_equal(sx_config_put(&config, "data", "image", "24", NULL), SX_OK);
    assert_int_equal(sx_config_offer(&config, "train", "batch", "x", NULL), SX_BAD_INPUT);
    assert_int_equal(sx_config_copy(&config, &copy, NULL), SX_OK);
    assert_string_equal(sx_config_text(&copy, "train", "steps"), "7");
    assert_string_equal(sx_config_text(&copy, "train", "batch"), "5");
    assert_string_equal(sx_config_text(&copy, "data", "image"), "24");
    assert_true(sx_config_given(&copy, "train", "steps") &&
                sx_config_given(&copy, "data", "image"));
    assert_false(sx_config_given(&copy, "train", "batch") || sx_config_given(&copy, "run", "seed"));
    sx_text text = {0};
    sx_config_write(&copy, &text);
    sx_config again = parsed(text.data, NULL);
    for (const sx_option *o = sx_study_options; o->name; o++)
        assert_true(sx_config_given(&again, o->section, o->name));
    sx_text_done(&text);
    sx_config_done(&again);
    sx_config_done(&copy);
    sx_config_done(&config);
}

/* The study files that come with the program, with each preset. */
static void shipped_studies_can_be_read(void **state) {
    (void)state;
    static const char *const files[] = {"studies/fashion-cnn.ini", "studies/shapes-cnn.ini",
                                        "studies/fine-tune.ini"};
    static const char *const presets[] = {NULL, "quick", "class", "full"};
    for (int i = 0; i < 12; i++) {
        char path[SX_PATH_SIZE];
        sx_error err = {0};
        sx_config config;
        assert_int_equal(sx_asset_find(path, files[i / 4], &err), SX_OK);
        assert_int_equal(sx_config_new(&config, &err), SX_OK);
        if (sx_config_read(&config, path, presets[i % 4], &err)) fail_msg("%s", err.message);
        assert_true(sx_config_number(&config, "robustness", "images_per_location") >= 30);
        assert_true(sx_config_number(&config, "robustness", "images_per_point") >= 200);
        sx_config_done(&config);
    }
    sx_error err = {0};
    sx_config config;
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    assert_int_equal(sx_config_read(&config, "/nowhere/x.ini", NULL, &err), SX_IO);
    assert_non_null(strstr(err.message, "/nowhere/x.ini"));
    sx_config_done(&config);
}

static sx_status read_it(void *context, sx_error *err) {
    (void)context;
    sx_config config;
    sx_status status = sx_config_new(&config, err);
    if (!status) status = sx_config_parse(&config, "x.ini", study_text, "class", err);
    if (!status) status = sx_config_override(&config, "train.steps=3", err);
    sx_config_done(&config);
    return status;
}

static void failing_memory_is_told(void **state) {
    (void)state;
    assert_true(fail_every_allocation(read_it, NULL) > 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_from_file_and_defaults),
        cmocka_unit_test(presets_override_the_file),
        cmocka_unit_test(overrides_win),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(overrides_are_checked),
        cmocka_unit_test(a_preset_that_is_not_there_is_told),
        cmocka_unit_test(configurations_come_back),
        cmocka_unit_test(defaults_are_valid),
        cmocka_unit_test(gifts_are_told_from_choices),
        cmocka_unit_test(shipped_studies_can_be_read),
        cmocka_unit_test(failing_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
