/* Studies of last layers: lists of methods, and a network and its last layers as cells of a study,
 * gone on with after stops and kills. */
#include "core/engine/engine.h"
#include "core/study/last_layer.h"
#include "tests/unit/unit.h"

#include "tests/unit/home.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char study[] =
    "[study]\nname = lasts\n"
    "[data]\nsource = shapes\nimage = 12\nclasses = 0-2\ntrain_items = 1500\n"
    "[model]\nspec = cnn(width=4, depth=1, norm=none, hidden=12)\n"
    "[train]\nsteps = 60\nbatch = 32\nvalidate_every = 60\nvalidate_items = 64\n"
    "[robustness]\nimages_per_location = 2\nimages_per_point = 5\n"
    "[last_layer]\noutside = held-out shapes noise rotated composed digits\n"
    "outside_items = 90\nfit_epochs = 3\n"
    "methods = sgd(gamma=0.1/0.01, snapshots=5, chains=2) sgld(snapshots=8, every=20) "
    "bootstrap(members=3, epochs=3) dropout(epochs=3, passes=9)\n"
    "more = sgd(layers=2, snapshots=3)\n"
    "[run]\nseed = 3\ncheckpoint_seconds = 0.1\n"
    "[cell net]\ntrain.steps = 200\n"
    "[cell last]\nstudy.kind = last-layer\nmodel.from = cell:net\n";
#define METHODS 8 /* with the baselines */

/* ---- lists of methods --------------------------------------------------------------------------
 */

static void methods_refused(const char *text, const char *sentence) {
    sx_last_list list;
    sx_error err = {0};
    assert_int_not_equal(sx_last_methods_read(text, &list, &err), SX_OK);
    if (!strstr(err.message, sentence)) fail_msg("'%s' does not say '%s'", err.message, sentence);
}

static void lists_of_methods_are_read(void **state) {
    (void)state;
    sx_last_list list;
    sx_error err = {0};
    assert_int_equal(sx_last_methods_read("", &list, &err), SX_OK);
    assert_int_equal(list.count, 3); /* the baselines */
    const char text[] = " sgld(gamma=0.1/0.02, snapshots=7)  dropout(rate=0.3) point(layers=2)";
    assert_int_equal(sx_last_methods_read(text, &list, &err), SX_OK);
    assert_int_equal(list.count, 5);
    static const sx_last_kind kinds[] = {SX_LAST_TEMPERATURE, SX_LAST_CONTINUED, SX_LAST_SGLD,
                                         SX_LAST_DROPOUT, SX_LAST_POINT};
    for (int m = 0; m < 5; m++) assert_int_equal(list.method[m].kind, kinds[m]);
    const sx_last_method *continued = &list.method[1], *sgld = &list.method[2];
    assert_int_equal(continued->epochs, 7);
    assert_true(continued->steps[0] == 0.02); /* as the walk's last */
    assert_int_equal(sgld->step_count, 2);
    assert_true(sgld->steps[0] == 0.1 && sgld->precision == 1);
    assert_int_equal(list.method[3].passes, 100);
    assert_true(list.method[3].rate == 0.3);
    assert_int_equal(list.method[4].layers, 2);
    assert_int_equal(sx_last_method_steps(sgld, 1000), 2 * 7 * 8); /* of 128 items */
    assert_int_equal(sx_last_method_steps(&list.method[4], 1000), 0);
    sx_sampler_options options = sx_last_sampler_options(sgld, 1, 9);
    assert_int_equal(options.sampling, SX_SAMPLING_SGLD);
    assert_true(options.step == 0.02 && options.seed == 9 && options.epochs == 7);
}

static void bad_lists_are_refused(void **state) {
    (void)state;
    methods_refused("sgdl", "did you mean 'sgd'");
    methods_refused("sgd(rate=0.1)", "unknown key 'rate'");
    methods_refused("sgd(gamma=0.1/x)", "one number above 0");
    methods_refused("sgd(gamma=0)", "one number above 0");
    methods_refused("sgd(gamma=1/2/3/4/5/6/7)", "up to 6");
    methods_refused("sgd sgd", "is there twice");
    methods_refused("sgd(layers=4)", "must be from 1 to 3");
    methods_refused("dropout(rate=1)", "must be from");
    sx_config config;
    sx_error err = {0};
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    assert_int_not_equal(sx_config_put(&config, "last_layer", "methods", "sgd(", &err), SX_OK);
    assert_int_not_equal(sx_config_override(&config, "cell a.study.kind=last-layer", &err), SX_OK);
    sx_config_done(&config);
}

/* ---- the engine --------------------------------------------------------------------------------
 */

static const char *in_home(const char *name) {
    static char paths[4][SX_PATH_SIZE];
    static int turn;
    char *path = paths[turn++ % 4];
    assert_int_equal(sx_path_join(path, home, name, NULL), SX_OK);
    return path;
}

/* Runs or goes on until it has ended, or until the last layers have walked so far. */
static sx_state work_on(const char *text, const char *directory, int64_t stop_at, int threads) {
    sx_error err = {0};
    sx_config config;
    sx_engine *engine = sx_engine_new(threads, &err);
    assert_non_null(engine);
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    if (sx_config_parse(&config, "lasts", text, NULL, &err)) fail_msg("%s", err.message);
    bool there = sx_run_recognises(directory);
    sx_job job = {there ? SX_JOB_RESUME : SX_JOB_RUN, there ? NULL : &config, directory, directory};
    assert_int_equal(sx_engine_queue(engine, &job, &err), SX_OK);
    sx_state state = SX_STATE_IDLE;
    for (bool stopped = false;;) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        uint64_t version = now->version;
        bool ended = now->state >= SX_STATE_FINISHED && !now->loading[0];
        state = now->state;
        bool here = stop_at && now->cell_number == 2 && now->report.step >= stop_at;
        if (here && !stopped) sx_engine_send(engine, SX_COMMAND_STOP, 0);
        stopped = stopped || here;
        if (state == SX_STATE_FAILED) fail_msg("%s", now->message);
        sx_snapshot_release(now);
        if (ended) break;
        sx_engine_wait(engine, version, 100);
    }
    sx_engine_free(engine);
    sx_config_done(&config);
    return state;
}

static sx_state work(const char *directory, int64_t stop_at, int threads) {
    return work_on(study, directory, stop_at, threads);
}

/* All that does not tell times. */
static void same_study(const char *a, const char *b) {
    char command[3 * SX_PATH_SIZE];
    snprintf(command, sizeof command,
             "diff -r -x journal.jsonl -x log.txt -x run.ini -x lock -x '*-before*' '%s' '%s'", a,
             b);
    assert_int_equal(system(command), 0);
}

static void killed_it_goes_on_to_the_same_bits(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, in_home("killed"));
    sx_random random = sx_random_from(5, 0, 0);
    for (int kills = 0; kills < 12; kills++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            _exit(work(path, 0, 2) == SX_STATE_FINISHED ? 0 : 2);
        }
        long moment = (long)(3e8 * (double)sx_random_uniform(&random));
        nanosleep(&(struct timespec){.tv_nsec = moment}, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status)) assert_int_equal(WEXITSTATUS(status), 0);
    }
    assert_int_equal(work(path, 0, 2), SX_STATE_FINISHED);
    assert_int_equal(work(in_home("whole"), 0, 1), SX_STATE_FINISHED);
    same_study(in_home("whole"), path);
}

/* Stops in every method; one of them finds a features file that was cut meanwhile. */
static void stopped_in_any_method_it_goes_on_to_the_same_bits(void **state) {
    (void)state;
    static const int64_t moments[] = {1, 1, 40, 80, 150, 230, 300, 330, 400, 450};
    char path[SX_PATH_SIZE], features[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, in_home("stopped"));
    int stops = 0;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        bool here = work(path, moments[i], 1) == SX_STATE_STOPPED;
        stops += here;
        snprintf(features, sizeof features, "%.4000s/cells/last/features-2-test.bin", path);
        if (here && stops == 2 && sx_is_file(features))
            assert_int_equal(truncate(features, 900), 0);
    }
    assert_true(stops >= 2); /* it may have ended before a stop came */
    assert_int_equal(work(path, 0, 3), SX_STATE_FINISHED);
    same_study(in_home("whole"), path);
}

/* ---- a study without an engine -----------------------------------------------------------------
 */

static void drop(void *user, sx_result *result) {
    (void)user;
    sx_result_release(result);
}

/* The finished run's study, with the network of its other cell, and data of its own. */
typedef struct {
    sx_config config, net;
    sx_safetensors file;
    sx_origin origin;
    sx_study_data *data;
    sx_pool *pool;
    sx_study_context context;
    sx_study *study;
    char folder[SX_PATH_SIZE];
} bench;

static void read_ini(sx_config *config, const char *path) {
    sx_error err = {0};
    assert_int_equal(sx_config_new(config, &err), SX_OK);
    if (sx_config_read(config, in_home(path), NULL, &err)) fail_msg("%s", err.message);
}

static void make_bench(bench *b) {
    sx_error err = {0};
    read_ini(&b->config, "whole/cells/last/run.ini");
    read_ini(&b->net, "whole/cells/net/run.ini");
    const char *path = in_home("whole/cells/net/checkpoint.safetensors");
    assert_int_equal(sx_safetensors_read(path, 1 << 24, &b->file, &err), SX_OK);
    assert_int_equal(sx_origin_read_run(&b->net, &b->file, &b->origin, &err), SX_OK);
    b->data = sx_study_data_new(&b->config, NULL, &err);
    b->pool = sx_pool_new(2, &err);
    sx_text_set(b->folder, sizeof b->folder, in_home("direct"));
    assert_int_equal(sx_directory_make(b->folder, &err), SX_OK);
    b->context =
        (sx_study_context){.pool = b->pool, .publish = drop, .folder = b->folder, .origin = NULL};
}

static void end_bench(bench *b) {
    sx_study_free(b->study);
    sx_study_data_release(b->data);
    sx_origin_done(&b->origin);
    sx_safetensors_done(&b->file);
    sx_pool_free(b->pool);
    sx_config_done(&b->config);
    sx_config_done(&b->net);
}

static void begin(bench *b, bool with_origin) {
    sx_error err = {0};
    sx_study_free(b->study);
    b->context.origin = with_origin ? &b->origin : NULL;
    b->study = sx_study_new(&b->config, b->data, &b->context, &err);
    if (!b->study) fail_msg("%s", err.message);
}

/* Writes the state and goes on with a study that was made from it. */
static void reload(bench *b) {
    sx_error err = {0};
    sx_study_state state;
    sx_safetensors file;
    char path[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, in_home("state.safetensors"));
    assert_int_equal(sx_study_save(b->study, &state, &err), SX_OK);
    assert_int_equal(sx_safetensors_write(path, state.tensors, state.count, state.metadata,
                                          state.metadata_count, &err),
                     SX_OK);
    begin(b, false);
    assert_int_equal(sx_safetensors_read(path, 1 << 26, &file, &err), SX_OK);
    if (sx_study_load(b->study, &file, &err)) fail_msg("%s", err.message);
    sx_safetensors_done(&file);
}

/* A position that was edited by hand is refused before anything beyond the sampler is read. */
static void refuse_edited(bench *b) {
    sx_error err = {0};
    sx_study_state state;
    sx_safetensors file;
    char path[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, in_home("edited.safetensors"));
    assert_int_equal(sx_study_save(b->study, &state, &err), SX_OK);
    for (size_t i = 0; i < state.count; i++)
        if (strcmp(state.tensors[i].name, "last.position") == 0)
            ((double *)(uintptr_t)state.tensors[i].values)[6] += 1000; /* what is still to tell */
    assert_int_equal(sx_safetensors_write(path, state.tensors, state.count, state.metadata,
                                          state.metadata_count, &err),
                     SX_OK);
    begin(b, false);
    assert_int_equal(sx_safetensors_read(path, 1 << 26, &file, &err), SX_OK);
    assert_int_equal(sx_study_load(b->study, &file, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "position cannot be right"));
    sx_safetensors_done(&file);
}

static uint64_t hash_state(bench *b) {
    sx_study_state state;
    uint64_t hash = 0;
    assert_int_equal(sx_study_save(b->study, &state, NULL), SX_OK);
    for (size_t i = 0; i < state.count; i++) {
        const sx_safetensor *t = &state.tensors[i];
        uint64_t parts[3] = {hash, sx_hash_bytes(t->name, strlen(t->name)),
                             sx_hash_bytes(t->values, t->bytes)};
        hash = sx_hash_bytes(parts, sizeof parts);
    }
    return hash;
}

/* To the end of the walk; counts units, those within the walk at last. */
static uint64_t walk_to_end(bench *b, int every, int *reloads) {
    sx_study_report report = {.phase = SX_PHASE_TRAINING};
    sx_error err = {0};
    for (int unit = 1; report.phase == SX_PHASE_TRAINING; unit++) {
        if (sx_study_advance(b->study, &report, &err)) fail_msg("%s", err.message);
        assert_true(report.step >= 0 && report.step <= report.steps);
        if (!every || unit % every != 0) continue;
        int64_t before = report.step;
        reload(b);
        *reloads += before > 0;
    }
    assert_int_equal(report.step, report.steps);
    return hash_state(b);
}

static void saved_and_loaded_anywhere_it_walks_the_same_way(void **state) {
    (void)state;
    bench b = {0};
    int reloads = 0;
    make_bench(&b);
    begin(&b, true);
    uint64_t straight = walk_to_end(&b, 0, &reloads);
    begin(&b, true);
    assert_true(walk_to_end(&b, 11, &reloads) == straight);
    refuse_edited(&b);
    assert_true(reloads > 20);
    end_bench(&b);
}

/* What does not belong to the study is refused with a sentence. */
static void foreign_states_are_refused(void **state) {
    (void)state;
    bench b = {0};
    sx_error err = {0};
    make_bench(&b);
    begin(&b, true);
    assert_int_equal(sx_study_load(b.study, &b.file, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "methods"));
    end_bench(&b);
}

static char noted[8][200];
static int note_count;

static void take_note(void *user, const char *sentence) {
    (void)user;
    if (note_count < 8) sx_text_set(noted[note_count++], sizeof noted[0], sentence);
}

static void compute_features(bench *b) {
    sx_study_report report;
    sx_error err = {0};
    while (sx_last_of(b->study)->stage == SX_LAST_FEATURES)
        if (sx_study_advance(b->study, &report, &err)) fail_msg("%s", err.message);
}

/* Features are of these pictures: of others, or where the file is damaged, they are computed again,
 * and the log says so. */
static void features_of_other_pictures_are_computed_again(void **state) {
    (void)state;
    bench b = {0};
    sx_error err = {0};
    bool is_found;
    make_bench(&b);
    b.context.note = take_note;
    begin(&b, true);
    compute_features(&b);
    begin(&b, true);
    note_count = 0;
    compute_features(&b); /* as they are */
    assert_int_equal(note_count, 0);
    sx_last *last = sx_last_of(b.study);
    for (int s = 0; s < last->set_count; s++) {
        assert_true(last->sets[s].seen != 0);
        for (int t = 0; t < s; t++) assert_true(last->sets[t].seen != last->sets[s].seen);
    }
    sx_features_done(&last->sets[SX_LAST_TEST].features);
    last->sets[SX_LAST_TEST].seen ^= 1; /* as if a picture had changed */
    assert_int_equal(sx_last_features_open(last, &is_found, &err), SX_OK);
    assert_false(is_found);
    char path[SX_PATH_SIZE];
    snprintf(path, sizeof path, "%.4000s/features-1-validation.bin", b.folder);
    assert_int_equal(truncate(path, 700), 0);
    begin(&b, true);
    note_count = 0; /* sets that are not here were noted */
    compute_features(&b);
    assert_int_equal(note_count, 1);
    assert_non_null(strstr(noted[0], "'validation' are computed again"));
    end_bench(&b);
}

/* ---- results -----------------------------------------------------------------------------------
 */

static sx_result_list results;

static const sx_table *table(const char *name) {
    for (size_t i = 0; i < results.count; i++)
        if (strcmp(results.results[i]->name, name) == 0) return &results.results[i]->table;
    fail_msg("no result %s", name);
    return NULL;
}

static const sx_column *column(const sx_table *of, const char *name) {
    for (int c = 0; c < of->column_count; c++)
        if (strcmp(of->columns[c].name, name) == 0) return &of->columns[c];
    fail_msg("no column %s", name);
    return NULL;
}

static void figures_are_those_of_the_methods(void **state) {
    (void)state;
    sx_run_folder *run = sx_run_open(in_home("whole/cells/last"), false, NULL);
    assert_non_null(run);
    assert_int_equal(sx_run_load_results(run, &results, NULL, NULL), SX_OK);
    sx_run_close(run);
    const sx_table *methods = table("methods");
    assert_int_equal(methods->rows, METHODS);
    static const int members[METHODS] = {1, 1, 1, 10, 4, 3, 9, 3};
    const double *accuracy = column(methods, "accuracy")->numbers;
    for (int m = 0; m < METHODS; m++) {
        assert_true(column(methods, "members")->numbers[m] == members[m]);
        assert_true(accuracy[m] > 0.3 && accuracy[m] <= 1);
        assert_true(isnan(column(methods, "temperature")->numbers[m]) == (m != 1));
    }
    assert_true(accuracy[0] == accuracy[1]);
    assert_true(accuracy[2] != accuracy[0]);
    const sx_table *outside = table("out-of-distribution");
    assert_int_equal(outside->rows, 5 * (3 * 3 + 5 * SX_SCORE_ROWS)); /* digits are not here */
    for (size_t r = 0; r < outside->rows; r++) {
        double auroc = column(outside, "AUROC")->numbers[r];
        assert_true(auroc >= 0 && auroc <= 1);
        assert_true(column(outside, "outside")->numbers[r] == 90);
        assert_true(column(outside, "inside")->numbers[r] == 600);
    }
}

static void the_step_size_is_the_best_on_validation(void **state) {
    (void)state;
    const sx_table *choices = table("choices");
    assert_int_equal(choices->rows, 7);
    const double *gamma = column(choices, "gamma")->numbers;
    const double *aurc = column(choices, "validation AURC")->numbers;
    const double *chosen = column(choices, "chosen")->numbers;
    assert_true(gamma[1] == 0.1 && gamma[2] == 0.01);
    assert_true(aurc[1] != aurc[2]);
    assert_true(chosen[1] == (aurc[1] < aurc[2]) && chosen[2] == (aurc[2] < aurc[1]));
    char named[64];
    snprintf(named, sizeof named, "sgd(gamma=%g, snapshots=5, chains=2)",
             chosen[1] == 1 ? 0.1 : 0.01);
    assert_string_equal(column(table("methods"), "method")->texts[3], named);
}

/* The network's cell measured its test split by itself: the same accuracy to the last item. */
static void the_point_estimate_is_the_network(void **state) {
    (void)state;
    double accuracy = column(table("methods"), "accuracy")->numbers[0];
    sx_result_list_done(&results);
    sx_run_folder *run = sx_run_open(in_home("whole/cells/net"), false, NULL);
    assert_int_equal(sx_run_load_results(run, &results, NULL, NULL), SX_OK);
    sx_run_close(run);
    const sx_table *summary = table("summary");
    double wanted = NAN;
    for (size_t r = 0; r < summary->rows; r++)
        if (strcmp(summary->columns[0].texts[r], "test accuracy") == 0)
            wanted = summary->columns[1].numbers[r];
    assert_true(fabs(accuracy - wanted) < 1e-12);
    sx_result_list_done(&results);
}

/* ---- maps --------------------------------------------------------------------------------------
 */

static sx_result *found(const sx_result_list *in, const char *name) {
    for (size_t i = 0; i < in->count; i++)
        if (strcmp(in->results[i]->name, name) == 0) return in->results[i];
    return NULL;
}

static const double *values_of(const sx_result *r, size_t *count) {
    assert_non_null(r);
    *count = r->kind == SX_RESULT_GRID ? (size_t)r->grid.rows * (size_t)r->grid.columns
                                       : r->series.length;
    return r->kind == SX_RESULT_GRID ? r->grid.values : r->series.lines[0].y;
}

static void load(const char *cell, sx_result_list *out) {
    sx_run_folder *run = sx_run_open(in_home(cell), false, NULL);
    assert_int_equal(sx_run_load_results(run, out, NULL, NULL), SX_OK);
    sx_run_close(run);
}

/* The network's cell measured the same objects at the same poses by itself. */
static void the_point_estimate_sees_what_the_network_saw(void **state) {
    (void)state;
    static const char *const names[] = {"location", "rotation", "size"};
    sx_result_list net = {0}, last = {0};
    load("whole/cells/net", &net);
    load("whole/cells/last", &last);
    for (int i = 0; i < 3; i++) {
        size_t n, m;
        const sx_result *a = found(&net, names[i]), *b = found(&last, names[i]);
        const double *wanted = values_of(a, &n), *got = values_of(b, &m);
        assert_int_equal(n, m);
        assert_memory_equal(wanted, got, n * sizeof *wanted);
        assert_string_equal(a->scene, b->scene);
        assert_string_equal(a->split, b->split);
        assert_string_equal(a->title, b->title);
    }
    for (int k = 2; k <= METHODS; k++) {
        char name[48];
        snprintf(name, sizeof name, "risk-location-%d", k);
        assert_non_null(found(&last, name));
        snprintf(name, sizeof name, "coverage-size-%d", k);
        assert_non_null(found(&last, name));
    }
    assert_null(found(&last, "location-2"));
    /* Figures of both summaries, of the second's, by name. */
    const sx_table *seen = &found(&net, "summary")->table, *own = &found(&last, "summary")->table;
    assert_int_equal(own->rows, 4);
    for (size_t i = 0; i < own->rows; i++) {
        size_t r = 0;
        while (r < seen->rows && strcmp(seen->columns[0].texts[r], own->columns[0].texts[i]) != 0)
            r++;
        assert_true(r < seen->rows);
        for (int c = 1; c < 3; c++) {
            double a = seen->columns[c].numbers[r], b = own->columns[c].numbers[i];
            assert_true((isnan(a) && isnan(b)) || a == b);
        }
    }
    sx_result_list_done(&net);
    sx_result_list_done(&last);
}

static sx_result *kept[64];
static size_t kept_count;

static void keep(void *user, sx_result *result) {
    (void)user;
    bool map = strncmp(result->name, "risk-", 5) == 0 || strncmp(result->name, "coverage-", 9) == 0;
    if (map && kept_count < 64)
        kept[kept_count++] = result;
    else
        sx_result_release(result);
}

static const double *kept_values(const char *name, size_t *count) {
    const sx_result_list list = {kept, kept_count};
    return values_of(found(&list, name), count);
}

static void forget_kept(void) {
    while (kept_count) sx_result_release(kept[--kept_count]);
}

/* The lowest confidence such that of those that are at least as sure 5 % are wrong, by trying all.
 */
static double threshold_by_trial(const sx_ensemble *says) {
    double best = INFINITY;
    size_t most = 0;
    for (size_t t = 0; t < says->n; t++) {
        sx_item_scores at, s;
        size_t answered = 0, wrong = 0;
        sx_ensemble_scores(says, t, &at);
        for (size_t i = 0; i < says->n; i++) {
            sx_ensemble_scores(says, i, &s);
            if (s.max_probability < at.max_probability) continue;
            answered++;
            wrong += s.prediction != says->labels[i];
        }
        if (20 * wrong <= answered && answered > most) {
            most = answered;
            best = at.max_probability;
        }
    }
    return best;
}

static void check_map(const sx_last *last, int method, int set, const char *factor, double least) {
    const sx_ensemble *says = &last->says[method].best[set];
    char name[48];
    size_t points, again;
    snprintf(name, sizeof name, "risk-%s-%d", factor, method + 1);
    const double *risk = kept_values(name, &points);
    snprintf(name, sizeof name, "coverage-%s-%d", factor, method + 1);
    const double *coverage = kept_values(name, &again);
    assert_int_equal(points, again);
    for (size_t p = 0; p < points; p++) {
        double answered = 0, wrong = 0, pairs = (double)(says->n / points);
        for (size_t pair = 0; pair < says->n / points; pair++) {
            sx_item_scores s;
            sx_ensemble_scores(says, pair * points + p, &s);
            if (!(s.max_probability >= least)) continue;
            answered++;
            wrong += s.prediction != says->labels[pair * points + p];
        }
        assert_true(coverage[p] == answered / pairs);
        assert_true(answered > 0 ? risk[p] == wrong / answered : isnan(risk[p]));
    }
}

static void maps_are_of_the_threshold_on_validation(void **state) {
    (void)state;
    static const char *const factors[] = {"location", "rotation", "size"};
    bench b = {0};
    sx_error err = {0};
    int reloads = 0;
    make_bench(&b);
    begin(&b, true);
    walk_to_end(&b, 0, &reloads);
    sx_last *last = sx_last_of(b.study);
    last->context.publish = keep;
    assert_int_equal(last->set_count - last->outside_end, 3);
    for (int m = 1; m < METHODS; m += 2) {
        sx_ensemble *validation = &last->says[m].best[SX_LAST_VALIDATION];
        assert_int_equal(sx_last_maps(last, m, &err), SX_OK);
        assert_int_equal(kept_count, 6);
        double least = threshold_by_trial(validation);
        for (int s = 0; s < 3; s++) check_map(last, m, last->outside_end + s, factors[s], least);
        forget_kept();
    }
    /* Where all are wrong on validation nothing is answered. */
    sx_ensemble *validation = &last->says[3].best[SX_LAST_VALIDATION];
    for (size_t i = 0; i < validation->n; i++) {
        sx_item_scores s;
        sx_ensemble_scores(validation, i, &s);
        validation->labels[i] = (s.prediction + 1) % validation->classes;
    }
    assert_int_equal(sx_last_maps(last, 3, &err), SX_OK);
    for (int s = 0; s < 3; s++) check_map(last, 3, last->outside_end + s, factors[s], INFINITY);
    forget_kept();
    end_bench(&b);
}

static void what_is_not_measured_has_no_maps(void **state) {
    (void)state;
    bench b = {0};
    sx_error err = {0};
    make_bench(&b);
    assert_int_equal(sx_config_override(&b.config, "robustness.images_per_point=0", &err), SX_OK);
    begin(&b, true);
    sx_last *last = sx_last_of(b.study);
    assert_int_equal(last->set_count - last->outside_end, 1);
    assert_int_equal(last->sets[last->outside_end].count, 2 * 121);
    end_bench(&b);
}

int main(void) {
    unsetenv("SEXTANT_DATA");
    setenv("SEXTANT_DATASETS", "/nowhere", 1); /* no digits, on whatever machine */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            killed_it_goes_on_to_the_same_bits), /* forks: first, before other threads were */
        cmocka_unit_test(lists_of_methods_are_read),
        cmocka_unit_test(bad_lists_are_refused),
        cmocka_unit_test(stopped_in_any_method_it_goes_on_to_the_same_bits),
        cmocka_unit_test(saved_and_loaded_anywhere_it_walks_the_same_way),
        cmocka_unit_test(foreign_states_are_refused),
        cmocka_unit_test(features_of_other_pictures_are_computed_again),
        cmocka_unit_test(figures_are_those_of_the_methods),
        cmocka_unit_test(the_step_size_is_the_best_on_validation),
        cmocka_unit_test(the_point_estimate_is_the_network),
        cmocka_unit_test(the_point_estimate_sees_what_the_network_saw),
        cmocka_unit_test(maps_are_of_the_threshold_on_validation),
        cmocka_unit_test(what_is_not_measured_has_no_maps),
    };
    return cmocka_run_group_tests(tests, new_home, end_home);
}
