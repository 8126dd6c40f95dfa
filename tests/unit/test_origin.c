/* Fine-tuning end to end: what a study takes over from a file or a run, what its run.ini then says,
 * that nobody needs the source again, equal bits after a kill and with other numbers of threads;
 * and a run's network written under published names. */
#include "tests/unit/unit.h"

#include "core/engine/engine.h"
#include "core/store/store.h"
#include "core/study/study.h"
#include "tests/unit/home.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define DATA SX_SOURCE "/tests/data/checkpoints/"

static const char small[] = "[study]\nname = tiny\n"
                            "[data]\nsource = shapes\n"
                            "[train]\nsteps = 12\nbatch = 8\nvalidate_every = 6\n"
                            "validate_items = 32\noptimizer = sgd(lr=0.05)\n"
                            "schedule = constant\n"
                            "[robustness]\nimages_per_location = 1\nimages_per_point = 1\n"
                            "share = 0\n[run]\nseed = 3\ncheckpoint_seconds = 0.1\n";

static void configure(sx_config *config, const char *const *more) {
    sx_error err = {0};
    assert_int_equal(sx_config_new(config, &err), SX_OK);
    if (sx_config_parse(config, "tiny", small, NULL, &err)) fail_msg("%s", err.message);
    for (; more && *more; more++)
        if (sx_config_override(config, *more, &err)) fail_msg("%s", err.message);
}

static const char *in_home(const char *name) {
    static char paths[16][SX_PATH_SIZE];
    static int turn;
    char *path = paths[turn++ % 16];
    assert_int_equal(sx_path_join(path, home, name, NULL), SX_OK);
    return path;
}

/* Runs a study into a folder; returns the state, and what it said into said [512]. Stops after
 * `stop` steps unless that is 0. */
static sx_state run(const char *folder, const char *const *more, int threads, int64_t stop,
                    char *said) {
    sx_error err = {0};
    sx_config config;
    configure(&config, more);
    sx_engine *engine = sx_engine_new(threads, &err);
    bool there = sx_run_recognises(folder);
    sx_job job = {there ? SX_JOB_RESUME : SX_JOB_RUN, there ? NULL : &config, there ? NULL : folder,
                  there ? folder : NULL};
    if (sx_engine_queue(engine, &job, &err)) fail_msg("%s", err.message);
    sx_state state = SX_STATE_LOADING;
    for (uint64_t version = 0;;) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        version = now->version;
        state = now->state;
        bool job_began = now->job > 0;
        if (stop && state == SX_STATE_RUNNING && now->report.step >= stop)
            sx_engine_send(engine, SX_COMMAND_STOP, 0);
        if (said) sx_text_set(said, 512, now->message);
        sx_snapshot_release(now);
        if (job_began &&
            (state == SX_STATE_FINISHED || state == SX_STATE_STOPPED || state == SX_STATE_FAILED))
            break;
        sx_engine_wait(engine, version, 100);
    }
    sx_engine_free(engine);
    sx_config_done(&config);
    return state;
}

static sx_safetensors checkpoint_of(const char *folder) {
    sx_safetensors file;
    sx_error err = {0};
    sx_run_folder *opened = sx_run_open(folder, false, &err);
    if (!opened || sx_run_load_checkpoint(opened, &file, &err)) fail_msg("%s", err.message);
    sx_run_close(opened);
    return file;
}

static void config_of(const char *folder, sx_config *out) {
    sx_run_folder *opened = sx_run_open(folder, false, NULL);
    assert_non_null(opened);
    assert_int_equal(sx_config_new(out, NULL), SX_OK);
    assert_int_equal(sx_config_parse(out, "run.ini", sx_run_ini(opened), NULL, NULL), SX_OK);
    sx_run_close(opened);
}

static void assert_same_tensors(const sx_safetensors *a, const sx_safetensors *b) {
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const sx_safetensor *other = sx_safetensors_find(b, a->tensors[i].name);
        if (!other || other->bytes != a->tensors[i].bytes ||
            memcmp(other->values, a->tensors[i].values, other->bytes) != 0)
            fail_msg("%s differs", a->tensors[i].name);
    }
}

static const char vit[] = "model.spec=vit(dim=12, depth=2, heads=3, patch=4)";

/* A run that others begin with; made once. */
static const char *source_run(void) {
    const char *folder = in_home("source");
    const char *more[] = {vit, "data.image=16", "data.mean=0.4/0.5/0.6", "train.average=ema", NULL};
    if (!sx_run_recognises(folder))
        assert_int_equal(run(folder, more, 2, 0, NULL), SX_STATE_FINISHED);
    return folder;
}

static const char *from(const char *path) {
    static char texts[4][SX_PATH_SIZE + 16];
    static int turn;
    char *text = texts[turn++ % 4];
    snprintf(text, sizeof texts[0], "model.from=%s", path);
    return text;
}

/* ---- what is taken over ------------------------------------------------------------------------
 */

static void a_study_takes_over_a_run(void **state) {
    (void)state;
    const char *more[] = {from(source_run()), "train.tune=head", NULL};
    const char *folder = in_home("head");
    assert_int_equal(run(folder, more, 2, 0, NULL), SX_STATE_FINISHED);
    sx_config config;
    config_of(folder, &config);
    assert_string_equal(sx_config_text(&config, "model", "spec"), vit + strlen("model.spec="));
    assert_string_equal(sx_config_text(&config, "data", "image"), "16");
    assert_string_equal(sx_config_text(&config, "data", "mean"), "0.4/0.5/0.6");
    sx_config_done(&config);
    sx_safetensors ours = checkpoint_of(folder), theirs = checkpoint_of(source_run());
    const sx_safetensor *average = sx_safetensors_find(&theirs, "average.parameters");
    const float *values = average->values;
    const sx_safetensor *patches = sx_safetensors_find(&ours, "patches.weight");
    assert_memory_equal(patches->values, values, patches->bytes); /* the first slice */
    assert_int_equal(memcmp(sx_safetensors_find(&ours, "classifier.weight")->values,
                            sx_safetensors_find(&theirs, "classifier.weight")->values, 64) == 0,
                     false);
    sx_safetensors_done(&ours);
    sx_safetensors_done(&theirs);
}

/* Its classes are texts. */
static void nobody_needs_the_source_again(void **state) {
    (void)state;
    const char *copy = in_home("source-to-go"), *folder = in_home("orphan");
    char command[2 * SX_PATH_SIZE + 32];
    snprintf(command, sizeof command, "cp -r '%s' '%s'", source_run(), copy);
    assert_int_equal(system(command), 0);
    const char *more[] = {from(copy), "train.tune=last(1)", "train.steps=700", NULL};
    assert_int_equal(run(folder, more, 1, 5, NULL), SX_STATE_STOPPED);
    snprintf(command, sizeof command, "rm -r '%s'", copy);
    assert_int_equal(system(command), 0);
    assert_int_equal(run(folder, more, 3, 0, NULL), SX_STATE_FINISHED);
    const char *whole = in_home("unbroken");
    const char *again[] = {from(source_run()), "train.tune=last(1)", "train.steps=700", NULL};
    assert_int_equal(run(whole, again, 2, 0, NULL), SX_STATE_FINISHED);
    sx_safetensors a = checkpoint_of(folder), b = checkpoint_of(whole);
    assert_same_tensors(&a, &b);
    sx_safetensors_done(&a);
    sx_safetensors_done(&b);
    char said[512];
    assert_int_equal(run(in_home("late"), more, 1, 0, said), SX_STATE_FAILED);
    assert_non_null(strstr(said, "model.from"));
    assert_false(sx_run_recognises(in_home("late")));
}

static bool has_checkpoint(const char *folder) {
    sx_safetensors file;
    sx_run_folder *opened = sx_run_open(folder, false, NULL);
    bool there = opened && sx_run_load_checkpoint(opened, &file, NULL) == SX_OK;
    if (there) sx_safetensors_done(&file);
    sx_run_close(opened);
    return there;
}

/* No other checkpoint is due for a day: the one that is there when the first step is made is that
 * of the beginning. */
static void the_first_checkpoint_is_there_before_the_first_step(void **state) {
    (void)state;
    const char *more[] = {from(source_run()), "train.steps=100000", "run.checkpoint_seconds=86400",
                          NULL};
    const char *folder = in_home("early");
    sx_error err = {0};
    sx_config config;
    configure(&config, more);
    sx_engine *engine = sx_engine_new(1, &err);
    sx_job job = {SX_JOB_RUN, &config, folder, NULL};
    assert_int_equal(sx_engine_queue(engine, &job, &err), SX_OK);
    sx_state seen = SX_STATE_LOADING;
    for (uint64_t version = 0; seen != SX_STATE_RUNNING && version < 100000;) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        seen = now->state;
        version = now->version;
        assert_int_not_equal(seen, SX_STATE_FAILED);
        sx_snapshot_release(now);
        if (seen != SX_STATE_RUNNING) sx_engine_wait(engine, version, 100);
    }
    assert_true(has_checkpoint(folder));
    sx_engine_send(engine, SX_COMMAND_STOP, 0);
    sx_engine_free(engine);
    sx_config_done(&config);
}

/* Killed even before that: the source is read again. */
static void without_any_checkpoint_the_source_is_read_again(void **state) {
    (void)state;
    const char *folder = in_home("bare"), *whole = in_home("bare-unbroken");
    const char *more[] = {from(source_run()), "train.steps=700", NULL};
    char command[2 * SX_PATH_SIZE];
    assert_int_equal(run(folder, more, 1, 5, NULL), SX_STATE_STOPPED);
    snprintf(command, sizeof command, "rm -f '%s'/checkpoint*", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(run(folder, more, 2, 0, NULL), SX_STATE_FINISHED);
    assert_int_equal(run(whole, more, 2, 0, NULL), SX_STATE_FINISHED);
    sx_safetensors a = checkpoint_of(folder), b = checkpoint_of(whole);
    assert_same_tensors(&a, &b);
    sx_safetensors_done(&a);
    sx_safetensors_done(&b);
}

/* What a file says of pictures becomes keys; all layers but the head are its own. */
static void a_new_head_begins_with_zeros(void **state) {
    (void)state;
    sx_config config;
    const char *more[] = {from(DATA "vit-timm.safetensors"), "model.settings=heads=2", NULL};
    configure(&config, more);
    sx_origin origin;
    sx_error err = {0};
    if (sx_origin_read_file(&config, DATA "vit-timm.safetensors", &origin, &err) ||
        sx_origin_resolve(&origin, &config, &err))
        fail_msg("%s", err.message);
    assert_non_null(strstr(sx_config_text(&config, "model", "spec"), "heads=2"));
    assert_string_equal(sx_config_text(&config, "data", "compose"), "crop(fraction=0.9)");
    assert_string_equal(sx_config_text(&config, "data", "resize"), "bicubic");
    assert_string_equal(sx_config_text(&config, "data", "deviation"), "0.5/0.5/0.5");
    sx_model model;
    int size = (int)sx_config_number(&config, "data", "image");
    assert_int_equal(size, origin.outside.model.height);
    sx_source *source = sx_source_open("shapes", 0, NULL, NULL);
    const sx_source_facts *facts = sx_source_describe(source);
    assert_int_equal(sx_model_new(sx_config_text(&config, "model", "spec"), size, size, 3,
                                  facts->classes, 5, &model, &err),
                     SX_OK);
    if (sx_origin_give(&origin, &config, facts, &model, &err)) fail_msg("%s", err.message);
    for (int i = 0; i < model.parameters.count; i++) {
        const sx_slice *slice = &model.parameters.slices[i];
        const float *values = model.parameters.values + slice->offset;
        const sx_slice *theirs = sx_parameters_find(&origin.outside.model.parameters, slice->name);
        bool head = strncmp(slice->name, "classifier", 10) == 0;
        for (size_t k = 0; head && k < slice->count; k++) assert_true(values[k] == 0);
        if (!head)
            assert_memory_equal(values, origin.outside.model.parameters.values + theirs->offset,
                                slice->count * sizeof(float));
    }
    sx_model_done(&model);
    sx_source_free(source);
    sx_origin_done(&origin);
    sx_config_done(&config);
}

/* The whole head goes, also a dense layer before the last one. */
static void a_new_head_replaces_both_layers(void **state) {
    (void)state;
    static const char whole[] = "vit(dim=12, depth=1, heads=3, patch=8, pre_logits=20)";
    const char *const heads[] = {"model.head=new", "model.head=keep"};
    for (int keep = 0; keep < 2; keep++) {
        sx_config config;
        const char *more[] = {heads[keep], NULL};
        configure(&config, more);
        sx_origin origin = {.compose = "squash", .resize = "area", .mean = "0", .deviation = "1"};
        sx_text_set(origin.outside.checkpoint.spec, sizeof origin.outside.checkpoint.spec, whole);
        origin.outside.checkpoint.height = 16;
        assert_int_equal(sx_origin_resolve(&origin, &config, NULL), SX_OK);
        const char *spec = sx_config_text(&config, "model", "spec");
        assert_int_equal(strstr(spec, "pre_logits=20") != NULL, keep);
        assert_int_equal(strstr(spec, "pre_logits=0") != NULL, !keep);
        sx_config_done(&config);
    }
}

/* Another image size: positions as the source's rule resizes them. */
static void positions_fit_another_size(void **state) {
    (void)state;
    sx_config config;
    const char *more[] = {"data.image=24", NULL};
    configure(&config, more);
    sx_origin origin;
    sx_model model;
    assert_int_equal(sx_origin_read_file(&config, DATA "vit-timm.safetensors", &origin, NULL),
                     SX_OK);
    assert_int_equal(sx_origin_resolve(&origin, &config, NULL), SX_OK);
    assert_string_equal(sx_config_text(&config, "data", "image"), "24");
    sx_source *source = sx_source_open("shapes", 0, NULL, NULL);
    sx_outside outside;
    const sx_outside_options options = {.prepare = "size=24"};
    assert_int_equal(sx_outside_open(DATA "vit-timm.safetensors", &options, &outside, NULL), SX_OK);
    assert_int_equal(sx_model_new(sx_config_text(&config, "model", "spec"), 24, 24, 3,
                                  sx_source_describe(source)->classes, 5, &model, NULL),
                     SX_OK);
    assert_int_equal(sx_origin_give(&origin, &config, sx_source_describe(source), &model, NULL),
                     SX_OK);
    const sx_slice *ours = sx_parameters_find(&model.parameters, "position.weight");
    const sx_slice *theirs = sx_parameters_find(&outside.model.parameters, "position.weight");
    assert_int_equal(ours->count, theirs->count);
    assert_memory_equal(model.parameters.values + ours->offset,
                        outside.model.parameters.values + theirs->offset,
                        ours->count * sizeof(float));
    sx_model_done(&model);
    sx_outside_done(&outside);
    sx_source_free(source);
    sx_origin_done(&origin);
    sx_config_done(&config);
}

/* A kept head has the rows of the data set's classes, by name. */
static void a_kept_head_is_matched_by_name(void **state) {
    (void)state;
    sx_config config;
    sx_origin origin;
    sx_source *source = sx_source_open("shapes", 0, NULL, NULL);
    const sx_source_facts *facts = sx_source_describe(source);
    const char *keep[] = {"model.head=keep", NULL};
    configure(&config, keep);
    sx_error err = {0};
    assert_int_equal(sx_origin_read_file(&config, DATA "vit-timm.safetensors", &origin, NULL),
                     SX_OK);
    int classes = origin.outside.model.classes;
    sx_model model;
    assert_int_equal(sx_origin_resolve(&origin, &config, NULL), SX_OK);
    int size = origin.outside.model.height;
    assert_int_equal(sx_model_new(sx_config_text(&config, "model", "spec"), size, size, 3,
                                  facts->classes, 5, &model, NULL),
                     SX_OK);
    if (classes != facts->classes) {
        assert_int_equal(sx_origin_give(&origin, &config, facts, &model, &err), SX_BAD_INPUT);
        assert_non_null(strstr(err.message, "classes"));
    }
    /* Names from the last class to the first, then others, if the model has that many. */
    sx_model_done(&origin.outside.model);
    assert_int_equal(sx_model_new(sx_config_text(&config, "model", "spec"), size, size, 3,
                                  facts->classes + 3, 6, &origin.outside.model, NULL),
                     SX_OK);
    origin.outside.named = facts->classes + 3;
    for (int c = 0; c < facts->classes + 3; c++) {
        const char *name = c < 3 ? "nothing" : facts->class_names[facts->classes + 2 - c];
        sx_text_add_bytes(&origin.outside.names, name, strlen(name) + 1);
    }
    if (sx_origin_give(&origin, &config, facts, &model, &err)) fail_msg("%s", err.message);
    const sx_slice *ours = sx_parameters_find(&model.parameters, "classifier.weight");
    const sx_slice *theirs =
        sx_parameters_find(&origin.outside.model.parameters, "classifier.weight");
    const float *a = model.parameters.values + ours->offset;
    const float *b = origin.outside.model.parameters.values + theirs->offset;
    for (int row = 0; row < ours->sizes[0]; row++)
        for (int c = 0; c < facts->classes; c++)
            assert_true(a[row * facts->classes + c] ==
                        b[row * (facts->classes + 3) + facts->classes + 2 - c]);
    sx_model_done(&model);
    sx_source_free(source);
    sx_origin_done(&origin);
    sx_config_done(&config);
}

/* ---- recipes in a run, and runs without training -----------------------------------------------
 */

static void a_run_says_what_its_recipe_set(void **state) {
    (void)state;
    const char *more[] = {from(source_run()), "train.recipe=bit-hyperrule(batch=4, image=16)",
                          NULL};
    sx_config config;
    const char *folder = in_home("recipe");
    assert_int_equal(run(folder, more, 2, 0, NULL), SX_STATE_FINISHED);
    config_of(folder, &config);
    assert_string_equal(sx_config_text(&config, "data", "draw"), "20");
    assert_string_equal(sx_config_text(&config, "data", "compose"), "squash");
    assert_string_equal(sx_config_text(&config, "train", "batch"), "8"); /* given */
    assert_string_equal(sx_config_text(&config, "train", "augment"), "flip");
    sx_config_done(&config);
}

/* Training images are parts of larger ones, drawn at data.draw. */
static void larger_pictures_are_drawn_for_training(void **state) {
    (void)state;
    sx_config config;
    const char *more[] = {"data.image=16", "data.draw=20", NULL};
    configure(&config, more);
    sx_study_data *data = sx_study_data_new(&config, NULL, NULL);
    assert_int_equal(sx_view_size(data->view), 16);
    assert_int_equal(sx_view_size(data->training), 20);
    sx_study_data_release(data);
    assert_int_equal(sx_config_override(&config, "data.draw=16", NULL), SX_OK);
    data = sx_study_data_new(&config, NULL, NULL);
    assert_null(data->training);
    sx_study_data_release(data);
    sx_config_done(&config);
}

static void a_model_is_measured_without_training(void **state) {
    (void)state;
    const char *more[] = {from(source_run()), "model.head=keep", "train.steps=0", NULL};
    const char *folder = in_home("measured");
    assert_int_equal(run(folder, more, 2, 0, NULL), SX_STATE_FINISHED);
    sx_run_folder *a = sx_run_open(folder, false, NULL);
    sx_run_folder *b = sx_run_open(source_run(), false, NULL);
    sx_result *ours = sx_run_load_result(a, "summary", NULL);
    sx_result *theirs = sx_run_load_result(b, "summary", NULL);
    for (size_t row = 0; row < ours->table.rows; row++) {
        double x = ours->table.columns[1].numbers[row], y = theirs->table.columns[1].numbers[row];
        if (!(x == y || (isnan(x) && isnan(y))))
            fail_msg("%s: %g, not %g", ours->table.columns[0].texts[row], x, y);
    }
    sx_result_release(ours);
    sx_result_release(theirs);
    sx_run_close(a);
    sx_run_close(b);
}

/* What is taken from the values of pictures is the study's, wherever they are measured. */
static void measurements_normalise_as_the_study_says(void **state) {
    (void)state;
    const char *more[] = {from(source_run()), "model.head=keep", "train.steps=0", "data.mean=0.9",
                          NULL};
    const char *names[] = {"measured", "shifted"};
    double losses[2], turns[2];
    assert_int_equal(run(in_home("shifted"), more, 2, 0, NULL), SX_STATE_FINISHED);
    for (int i = 0; i < 2; i++) {
        sx_run_folder *opened = sx_run_open(in_home(names[i]), false, NULL);
        sx_result *items = sx_run_load_result(opened, "calibration", NULL);
        sx_result *summary = sx_run_load_result(opened, "summary", NULL);
        losses[i] = items->table.columns[1].numbers[3]; /* NLL: by the study's evaluator */
        turns[i] = summary->table.columns[1].numbers[10];
        sx_result_release(items);
        sx_result_release(summary);
        sx_run_close(opened);
    }
    assert_true(fabs(losses[0] - losses[1]) > 1e-4);
    assert_true(fabs(turns[0] - turns[1]) > 1e-4);
}

/* ... and where they are trained on. */
static void batches_are_normalised_as_the_study_says(void **state) {
    (void)state;
    const char *names[] = {"dark", "bright"}, *means[] = {"data.mean=0.5", "data.mean=0.9"};
    sx_safetensors files[2];
    for (int i = 0; i < 2; i++) {
        const char *more[] = {vit, "data.image=16", "train.steps=2", means[i], NULL};
        assert_int_equal(run(in_home(names[i]), more, 2, 0, NULL), SX_STATE_FINISHED);
        files[i] = checkpoint_of(in_home(names[i]));
    }
    const sx_safetensor *a = sx_safetensors_find(&files[0], "patches.weight");
    const sx_safetensor *b = sx_safetensors_find(&files[1], "patches.weight");
    assert_int_not_equal(memcmp(a->values, b->values, a->bytes), 0);
    for (int i = 0; i < 2; i++) sx_safetensors_done(&files[i]);
}

/* ---- the way back ------------------------------------------------------------------------------
 */

static void predict(const sx_model *model, const float *images, int count, float *logits) {
    sx_graph *graph = sx_model_graph(model, count, NULL);
    sx_run *one = sx_run_new(graph, NULL, false, NULL);
    assert_int_equal(sx_run_predict(one, &model->parameters, images, count, logits, NULL), SX_OK);
    sx_run_free(one);
    sx_graph_free(graph);
}

/* A run of a spec, its network as `origin`, and what others read of the file that it is written to.
 */
static void export_run(const char *const *more, const char *naming, const char *name,
                       sx_origin *origin, sx_outside *opened) {
    const char *folder = in_home(name);
    sx_error err = {0};
    char path[SX_PATH_SIZE];
    snprintf(path, sizeof path, "%s.safetensors", folder);
    assert_int_equal(run(folder, more, 2, 0, NULL), SX_STATE_FINISHED);
    sx_config config;
    config_of(folder, &config);
    sx_safetensors file = checkpoint_of(folder);
    if (sx_origin_read_run(&config, &file, origin, &err) ||
        sx_origin_export(origin, naming, path, &err) ||
        sx_outside_open(path, &(sx_outside_options){0}, opened, &err))
        fail_msg("%s", err.message);
    assert_string_equal(sx_naming_name(opened->checkpoint.naming), naming);
    assert_int_equal(opened->surplus.size, 0);
    sx_safetensors_done(&file);
    sx_config_done(&config);
}

static void check_export(const char *spec, const char *naming, const char *name) {
    enum { COUNT = 3, MOST = 64 * 64 * 3 * COUNT };
    static float images[MOST], before[COUNT * 64], after[COUNT * 64];
    const char *more[] = {spec, "data.image=32", "train.steps=5", "data.mean=0.3/0.4/0.5", NULL};
    sx_origin origin;
    sx_outside opened;
    export_run(more, naming, name, &origin, &opened);
    assert_int_equal(opened.model.height, 32);
    assert_true(fabs(opened.checkpoint.preprocessing.mean[1] - 0.4) < 1e-6);
    assert_true(fabs(opened.checkpoint.preprocessing.deviation[2] - 0.25) < 1e-6);
    sx_random random = sx_random_from(1, 2, 3);
    for (int i = 0; i < MOST; i++) images[i] = sx_random_normal(&random);
    predict(&origin.outside.model, images, COUNT, before);
    predict(&opened.model, images, COUNT, after);
    assert_memory_equal(before, after, COUNT * (size_t)opened.model.classes * sizeof(float));
    sx_outside_done(&opened);
    sx_origin_done(&origin);
}

static void exported_runs_are_recognised(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"model.spec=vit(dim=12, depth=2, heads=3, patch=8, activation=gelu-quick)", "timm"},
        {"model.spec=vit(dim=12, depth=1, heads=3, patch=8)", "google"},
        {"model.spec=vit-ti(dim=12, depth=1, heads=3)", "huggingface"},
        {"model.spec=vit", "timm"},
        {"model.spec=resnet(depth=8, width=4)", "cifar"},
        {"model.spec=resnet-imagenet(depth=10, width=4)", "torchvision"},
        {"model.spec=bit(depth=14, base=4, groups=2)", "timm-bit"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[24];
        snprintf(name, sizeof name, "export-%zu", i);
        check_export(rows[i][0], rows[i][1], name);
    }
}

/* A part of a picture is cut out where the run did so, however it was written. */
static void exported_runs_say_what_is_cut(void **state) {
    (void)state;
    static const struct {
        const char *compose;
        double fraction;
    } cases[] = {{"data.compose=crop", 0.875},
                 {"data.compose=crop( fraction = 0.9 )", 0.9},
                 {"data.compose=squash", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *more[] = {"model.spec=resnet(depth=8, width=4)", "train.steps=1",
                              cases[i].compose, NULL};
        char name[24];
        sx_origin origin;
        sx_outside opened;
        snprintf(name, sizeof name, "cut-%zu", i);
        export_run(more, "cifar", name, &origin, &opened);
        const sx_preprocessing *p = &opened.checkpoint.preprocessing;
        assert_true(p->crops == (cases[i].fraction > 0));
        assert_true(!p->crops || fabs(p->fraction - cases[i].fraction) < 1e-9);
        sx_outside_done(&opened);
        sx_origin_done(&origin);
    }
}

/* Both towers of a CLIP are in its file, its columns are not; and it is not trained further. */
static void a_run_of_clip_is_exported_and_not_tuned(void **state) {
    (void)state;
    static const char *const spec =
        "model.spec=clip(dim=16, depth=1, heads=2, patch=8, embed=12, text_dim=16, text_depth=1, "
        "text_heads=4, vocabulary=64)";
    static const char *const namings[] = {"openai", "huggingface-clip"};
    const char *more[] = {spec, "train.steps=3", NULL};
    for (int i = 0; i < 2; i++) {
        char name[24];
        sx_origin origin;
        sx_outside opened;
        snprintf(name, sizeof name, "clip-%d", i);
        export_run(more, namings[i], name, &origin, &opened);
        const sx_parameters *a = &origin.outside.model.parameters, *b = &opened.model.parameters;
        assert_int_equal(origin.outside.model.classes, 10);
        for (int s = 0; s < a->count; s++) {
            const sx_slice *other = sx_parameters_find(b, a->slices[s].name);
            assert_non_null(other);
            if (strcmp(other->name, "head.weight") == 0) continue;
            assert_memory_equal(a->values + a->slices[s].offset, b->values + other->offset,
                                other->count * sizeof(float));
        }
        assert_string_equal(opened.model.spec, origin.outside.model.spec);
        sx_outside_done(&opened);
        sx_origin_done(&origin);
    }
    char from[SX_PATH_SIZE + 16], said[512];
    snprintf(from, sizeof from, "model.from=%s", in_home("clip-0"));
    const char *tuned[] = {from, NULL};
    assert_int_equal(run(in_home("clip-tuned"), tuned, 1, 0, said), SX_STATE_FAILED);
    assert_non_null(strstr(said, "cannot be trained further"));
    assert_false(sx_run_recognises(in_home("clip-tuned")));
    snprintf(from, sizeof from, "model.from=%s.safetensors", in_home("clip-1"));
    assert_int_equal(run(in_home("clip-tuned"), tuned, 1, 0, said), SX_STATE_FAILED);
    assert_non_null(strstr(said, "cannot be trained further"));
}

static void other_names_are_refused(void **state) {
    (void)state;
    sx_checkpoint c = {.spec = "vit(dim=4)"}, cnn = {.spec = "cnn(width=4)"};
    sx_error err = {0};
    assert_int_equal(sx_checkpoint_name(&c, "tim", &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "did you mean 'timm'"));
    assert_int_equal(sx_checkpoint_name(&c, NULL, &err), SX_OK);
    assert_int_equal(sx_checkpoint_name(&cnn, NULL, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "no published model"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_study_takes_over_a_run),
        cmocka_unit_test(nobody_needs_the_source_again),
        cmocka_unit_test(the_first_checkpoint_is_there_before_the_first_step),
        cmocka_unit_test(without_any_checkpoint_the_source_is_read_again),
        cmocka_unit_test(a_new_head_begins_with_zeros),
        cmocka_unit_test(a_new_head_replaces_both_layers),
        cmocka_unit_test(positions_fit_another_size),
        cmocka_unit_test(a_kept_head_is_matched_by_name),
        cmocka_unit_test(a_run_says_what_its_recipe_set),
        cmocka_unit_test(larger_pictures_are_drawn_for_training),
        cmocka_unit_test(a_model_is_measured_without_training),
        cmocka_unit_test(measurements_normalise_as_the_study_says),
        cmocka_unit_test(batches_are_normalised_as_the_study_says),
        cmocka_unit_test(exported_runs_are_recognised),
        cmocka_unit_test(exported_runs_say_what_is_cut),
        cmocka_unit_test(a_run_of_clip_is_exported_and_not_tuned),
        cmocka_unit_test(other_names_are_refused),
    };
    return cmocka_run_group_tests(tests, new_home, end_home);
}
