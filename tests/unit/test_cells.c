/* Studies of several networks: what a file says of its cells, the configuration of each, and the
 * engine that runs them one after the other, gone on with after any stop. */
#include "core/engine/engine.h"
#include "tests/unit/unit.h"

#include "tests/unit/home.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char study[] = "[study]\nname = nets\n"
                            "[data]\nsource = shapes\nimage = 12\n"
                            "[model]\nspec = cnn(width=4, depth=1)\n"
                            "[train]\nsteps = 24\nbatch = 16\nvalidate_every = 15\n"
                            "validate_items = 64\n"
                            "[robustness]\nimages_per_location = 1\nimages_per_point = 2\n"
                            "[run]\nseed = 3\ncheckpoint_seconds = 0.1\n"
                            "[cell small]\ntrain.steps = 20\n"
                            "[cell large]\npresets = class full\nmodel.spec = cnn(width=6)\n"
                            "[cell fine]\nmodel.from = cell:small\ntrain.tune = head\n"
                            "[class]\ncell large.train.steps = 12\n"
                            "[full]\nrun.seeds = 2\n";

static void parse(sx_config *config, const char *text, const char *preset) {
    sx_error err = {0};
    assert_int_equal(sx_config_new(config, &err), SX_OK);
    if (sx_config_parse(config, "nets", text, preset, &err)) fail_msg("%s", err.message);
}

static void refused(const char *addition, const char *sentence) {
    sx_config config;
    sx_error err = {0};
    char text[2048];
    snprintf(text, sizeof text, "%s%s", study, addition);
    assert_int_equal(sx_config_new(&config, &err), SX_OK);
    assert_int_not_equal(sx_config_parse(&config, "nets", text, NULL, &err), SX_OK);
    if (!strstr(err.message, sentence)) fail_msg("'%s' does not say '%s'", err.message, sentence);
    sx_config_done(&config);
}

/* ---- configurations ---------------------------------------------------------------------------
 */

static void cells_are_those_of_the_preset(void **state) {
    (void)state;
    static const struct {
        const char *preset, *folders[6];
    } cases[] = {
        {"quick", {"small", "fine"}},
        {"class", {"small", "large", "fine"}},
        {"full",
         {"small-seed0", "large-seed0", "fine-seed0", "small-seed1", "large-seed1", "fine-seed1"}}};
    for (int i = 0; i < 3; i++) {
        sx_config config;
        char folder[SX_CELL_NAME];
        parse(&config, study, cases[i].preset);
        int count = sx_cells_count(&config);
        for (int k = 0; k < count; k++) {
            sx_cells_folder(&config, k, folder);
            assert_string_equal(folder, cases[i].folders[k]);
        }
        assert_true(count == 6 || !cases[i].folders[count]);
        sx_config_done(&config);
    }
}

static void a_cell_is_a_plain_study(void **state) {
    (void)state;
    sx_config config, cell;
    char name[SX_CELL_NAME];
    parse(&config, study, "full");
    assert_int_equal(sx_cells_config(&config, 4, &cell, NULL), SX_OK);
    sx_cells_name(&config, 4, name);
    assert_string_equal(name, "large");
    assert_int_equal(sx_cells_count(&cell), 0);
    assert_true(sx_config_number(&cell, "run", "seed") == 4);
    assert_true(sx_config_number(&cell, "train", "steps") == 24);
    assert_string_equal(sx_config_text(&cell, "model", "spec"), "cnn(width=6)");
    sx_config_done(&cell);
    sx_config_done(&config);
    parse(&config, study, "class"); /* whose section overrides the cell's */
    assert_int_equal(sx_cells_config(&config, 1, &cell, NULL), SX_OK);
    assert_true(sx_config_number(&cell, "train", "steps") == 12);
    assert_true(sx_config_number(&config, "train", "steps") == 24);
    sx_config_done(&cell);
    assert_int_equal(sx_config_override(&config, "cell large.train.steps=5", NULL), SX_OK);
    assert_int_equal(sx_cells_config(&config, 1, &cell, NULL), SX_OK);
    assert_true(sx_config_number(&cell, "train", "steps") == 5);
    sx_config_done(&cell);
    sx_config_done(&config);
}

/* Of all cells of the file, whatever the preset. */
static void cells_are_described(void **state) {
    (void)state;
    static const sx_cell_facts expected[] = {
        {"small", "", "robustness", "", "cnn(width=4, depth=1)", true},
        {"large", "class full", "robustness", "", "cnn(width=6)", false},
        {"fine", "", "robustness", "cell:small", "cnn(width=4, depth=1)", true},
        {"asks", "full", "last-layer", "cell:large", "cnn(width=6)", false},
        {"outside", "", "robustness", "vit.npz", "", true}};
    sx_config config;
    sx_cell_facts cell;
    char text[2048];
    snprintf(text, sizeof text,
             "%s[cell asks]\npresets = full\nstudy.kind = last-layer\nmodel.from = cell:large\n"
             "[cell outside]\nmodel.from = vit.npz\n",
             study);
    parse(&config, text, "quick");
    for (int row = 0; row < 5; row++) {
        const sx_cell_facts *e = &expected[row];
        assert_true(sx_cells_describe(&config, row, &cell));
        assert_string_equal(cell.name, e->name);
        assert_string_equal(cell.presets, e->presets);
        assert_string_equal(cell.kind, e->kind);
        assert_string_equal(cell.from, e->from);
        assert_string_equal(cell.spec, e->spec);
        assert_int_equal(cell.chosen, e->chosen);
    }
    assert_false(sx_cells_describe(&config, 5, &cell));
    sx_config_done(&config);
}

static void seeds_alone_are_cells(void **state) {
    (void)state;
    sx_config config;
    char folder[SX_CELL_NAME];
    parse(&config, "[run]\nseeds = 3\n", NULL);
    assert_int_equal(sx_cells_count(&config), 3);
    sx_cells_folder(&config, 2, folder);
    assert_string_equal(folder, "seed2");
    sx_config_done(&config);
    parse(&config, "[run]\nseeds = 1\n", NULL);
    assert_int_equal(sx_cells_count(&config), 0);
    sx_config_done(&config);
}

static void what_is_written_reads_back_equal(void **state) {
    (void)state;
    sx_config config, again;
    sx_text first = {0}, second = {0};
    parse(&config, study, "class");
    sx_config_write(&config, &first);
    parse(&again, first.data, NULL);
    sx_config_write(&again, &second);
    assert_string_equal(first.data, second.data);
    assert_int_equal(sx_cells_count(&again), 3);
    assert_non_null(strstr(first.data, "[cell large]"));
    sx_text_done(&first);
    sx_text_done(&second);
    sx_config_done(&config);
    sx_config_done(&again);
}

/* Of 4 claims 2 and 1 are about cells that a preset does not have; what cells say together tells.
 */
static void claims_without_their_cells_are_counted(void **state) {
    (void)state;
    static const char *const notes[] = {"2 claims need cells that the preset quick does not have",
                                        "1 claim needs cells that the preset class does not have",
                                        ""};
    static const char *const presets[] = {"quick", "class", "full"};
    char text[2048];
    snprintf(text, sizeof text,
             "%s[cell last]\npresets = full\n[claims]\n1 = drop(small)\n2 = drop(large)\n"
             "3 = drop-shrinks(small, last)\n4 = drop(fine)\n",
             study);
    for (int i = 0; i < 3; i++) {
        sx_config config;
        sx_error err = {0};
        sx_result *results[SX_CELL_RESULTS];
        int absent, count = 0;
        parse(&config, text, presets[i]);
        assert_int_equal(sx_cells_claims(&config, &absent), 4);
        assert_int_equal(absent, 2 - i);
        sx_study_cell cell = {.name = "small", .config = &config};
        const sx_cell_set cells = {&cell, 1, 0, NULL};
        assert_int_equal(sx_cells_conclude(&config, &cells, results, &count, &err), SX_OK);
        const sx_result *claims = results[count - 1];
        assert_int_equal(claims->kind, SX_RESULT_CLAIMS);
        assert_string_equal(claims->claims.note, notes[i]);
        for (int k = 0; k < count; k++) sx_result_release(results[k]);
        sx_config_done(&config);
    }
}

static void mistakes_are_named(void **state) {
    (void)state;
    refused("[cell Big]\ntrain.steps = 1\n", "a cell's name has");
    refused("[cell b]\ntrain.stops = 1\n", "steps");
    refused("[cell b]\ntrain.steps = many\n", "steps");
    refused("[cell b]\nsteps = 1\n", "write section.key");
    refused("[cell b]\nrun.seed = 1\n", "the same for all cells");
    refused("[cell b]\npresets = quick slow\n", "quick, class and full");
    refused("[cell b]\nmodel.from = cell:none\n", "no cell of that name stands before it");
    refused("[cell b]\npresets = quick\nmodel.from = cell:large\n", "preset quick");
    refused("[model]\nfrom = cell:small\n", "[cell small] model.from");
    refused("[cell b-seed1]\ntrain.steps = 1\n", "may not end in -seed");
    refused("[study]\nkind = si-score-set\n", "trains nothing");
    sx_config config;
    sx_error err = {0};
    parse(&config, study, NULL);
    assert_int_not_equal(sx_config_override(&config, "cell smal.train.steps=1", &err), SX_OK);
    assert_non_null(strstr(err.message, "'small'"));
    sx_config_done(&config);
}

static void a_cell_that_begins_with_another_finds_it_beside(void **state) {
    (void)state;
    char name[SX_CELL_NAME];
    sx_cells_origin("cell:small", "fine", name);
    assert_string_equal(name, "small");
    sx_cells_origin("cell:small", "fine-seed12", name);
    assert_string_equal(name, "small-seed12");
    sx_cells_origin("cell:a-seed", "b-seedling", name);
    assert_string_equal(name, "a-seed");
}

/* ---- the engine -------------------------------------------------------------------------------
 */

static const char *in_home(const char *name) {
    static char paths[4][SX_PATH_SIZE];
    static int turn;
    char *path = paths[turn++ % 4];
    assert_int_equal(sx_path_join(path, home, name, NULL), SX_OK);
    return path;
}

static bool has_ended(const sx_snapshot *now) {
    return now->state >= SX_STATE_FINISHED && !now->loading[0];
}

/* A list of runs tells which cell of a running study runs, and how many have finished. */
static void expect_progress(const char *directory, const char *progress) {
    sx_run_facts facts;
    char text[160];
    assert_int_equal(sx_store_facts(directory, &facts, NULL), SX_OK);
    sx_run_progress(&facts, text, sizeof text);
    assert_string_equal(text, progress);
}

/* Runs or goes on until it has ended, or until a cell of that number runs. */
static sx_state work(const char *directory, const char *preset, int stop_at, int threads) {
    sx_error err = {0};
    sx_config config;
    sx_engine *engine = sx_engine_new(threads, &err);
    assert_non_null(engine);
    parse(&config, study, preset);
    bool there = sx_run_recognises(directory);
    sx_job job = {there ? SX_JOB_RESUME : SX_JOB_RUN, there ? NULL : &config, directory, directory};
    assert_int_equal(sx_engine_queue(engine, &job, &err), SX_OK);
    sx_state state = SX_STATE_IDLE;
    for (bool stopped = false;;) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        uint64_t version = now->version;
        bool ended = has_ended(now);
        state = now->state;
        bool here = stop_at && now->cell_number == stop_at && now->report.step > 3;
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

/* All that does not tell times. */
static void same_study(const char *a, const char *b) {
    char command[3 * SX_PATH_SIZE];
    snprintf(command, sizeof command,
             "diff -r -x journal.jsonl -x log.txt -x run.ini -x lock -x '*-before*' '%s' '%s'", a,
             b);
    assert_int_equal(system(command), 0);
}

static void cells_run_one_after_the_other(void **state) {
    (void)state;
    assert_int_equal(work(in_home("whole"), "full", 0, 2), SX_STATE_FINISHED);
    static const char *const there[] = {"cells/small-seed0/results/claims.json",
                                        "cells/fine-seed1/checkpoint.safetensors",
                                        "results/cells.json", "results/size.json"};
    for (int i = 0; i < 4; i++) {
        char name[64], path[SX_PATH_SIZE];
        snprintf(name, sizeof name, "whole/%s", there[i]);
        sx_text_set(path, sizeof path, in_home(name));
        assert_true(sx_is_file(path));
    }
    sx_run_facts facts;
    assert_int_equal(sx_store_facts(in_home("whole"), &facts, NULL), SX_OK);
    assert_string_equal(facts.state, "finished");
    assert_true(facts.cells && facts.step == 6 && facts.steps == 6);
    expect_progress(in_home("whole"), "6 of 6 runs done");
}

static const sx_result *result_of(sx_result_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->results[i]->name, name) == 0) return list->results[i];
    fail_msg("no result %s", name);
    return NULL;
}

/* The line of a cell of two seeds is the mean, its band the lowest and the highest. */
static void together_is_the_mean_over_seeds(void **state) {
    (void)state;
    static const char *const runs[] = {"whole", "whole/cells/large-seed0",
                                       "whole/cells/large-seed1"};
    sx_result_list lists[3];
    for (int i = 0; i < 3; i++) {
        sx_run_folder *run = sx_run_open(in_home(runs[i]), false, NULL);
        assert_non_null(run);
        assert_int_equal(sx_run_load_results(run, &lists[i], NULL, NULL), SX_OK);
        sx_run_close(run);
    }
    const sx_line *mean = &result_of(&lists[0], "size")->series.lines[1];
    const sx_line *one = &result_of(&lists[1], "size")->series.lines[0];
    const sx_line *two = &result_of(&lists[2], "size")->series.lines[0];
    assert_string_equal(mean->name, "large");
    bool differ = false;
    for (int p = 0; p < SX_GRID_SIZES; p++) {
        assert_true(fabs(mean->y[p] - (one->y[p] + two->y[p]) / 2) < 1e-12);
        assert_true(mean->low[p] == fmin(one->y[p], two->y[p]));
        assert_true(mean->high[p] == fmax(one->y[p], two->y[p]));
        assert_true(mean->count[p] == one->count[p] + two->count[p]);
        differ = differ || one->y[p] != two->y[p];
    }
    assert_true(differ);
    const sx_table *table = &result_of(&lists[0], "cells")->table;
    assert_int_equal(table->rows, 3);
    assert_string_equal(table->columns[0].texts[2], "fine");
    assert_true(table->columns[1].numbers[2] == 2);
    assert_true(table->columns[2].numbers[1] >= table->columns[3].numbers[1]);
    for (int i = 0; i < 3; i++) sx_result_list_done(&lists[i]);
}

static void stopped_in_any_cell_it_goes_on_to_the_same_bits(void **state) {
    (void)state;
    const char *directory = in_home("stopped");
    char path[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, directory);
    int stops = 0;
    for (int cell = 1; cell <= 6; cell++) {
        char progress[32];
        bool stops_here = work(path, "full", cell, 1) == SX_STATE_STOPPED;
        snprintf(progress, sizeof progress, "%d of 6 runs done", stops_here ? cell - 1 : cell);
        if (stops_here) expect_progress(path, progress);
        stops += stops_here;
    }
    assert_true(stops >= 3); /* a cell may have ended before the stop came */
    assert_int_equal(work(path, "full", 0, 3), SX_STATE_FINISHED);
    same_study(in_home("whole"), path);
}

static void killed_it_goes_on_to_the_same_bits(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, in_home("killed"));
    sx_random random = sx_random_from(5, 0, 0);
    for (int kills = 0; kills < 5; kills++) {
        int status;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            _exit(work(path, "full", 0, 2) == SX_STATE_FINISHED ? 0 : 2);
        }
        long moment = (long)(4e8 * (double)sx_random_uniform(&random));
        nanosleep(&(struct timespec){.tv_nsec = moment}, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (WIFEXITED(status)) assert_int_equal(WEXITSTATUS(status), 0);
    }
    assert_int_equal(work(path, "full", 0, 2), SX_STATE_FINISHED);
    assert_int_equal(work(in_home("unhurt"), "full", 0, 2), SX_STATE_FINISHED);
    same_study(in_home("unhurt"), path);
}

/* Killed after the last cell had finished, before anything was said of all of them. */
static void what_cells_say_together_is_made_again(void **state) {
    (void)state;
    char path[SX_PATH_SIZE], command[2 * SX_PATH_SIZE];
    sx_text_set(path, sizeof path, in_home("silent"));
    assert_int_equal(work(path, "full", 0, 2), SX_STATE_FINISHED);
    snprintf(command, sizeof command,
             "cd '%s' && rm results/*.json && sed -i '/\"finish\"/d' journal.jsonl", path);
    assert_int_equal(system(command), 0);
    assert_int_equal(work(path, "full", 0, 2), SX_STATE_FINISHED);
    same_study(in_home("whole"), path);
}

/* Whoever goes through the end of a cell in single steps finds the next one paused. */
static void steps_lead_into_the_next_cell(void **state) {
    (void)state;
    sx_error err = {0};
    sx_config config;
    sx_engine *engine = sx_engine_new(2, &err);
    parse(&config, study, NULL);
    assert_int_equal(sx_config_override(&config, "cell small.train.steps=3", &err), SX_OK);
    sx_job job = {SX_JOB_RUN, &config, in_home("stepped"), NULL};
    assert_int_equal(sx_engine_queue(engine, &job, &err), SX_OK);
    sx_engine_send(engine, SX_COMMAND_STEP, 0);
    int paused = 0;
    uint64_t seen = 0;
    for (bool ended = false; !ended;) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        uint64_t version = now->version;
        ended = has_ended(now);
        bool waits = now->state == SX_STATE_PAUSED;
        bool idle = version == seen; /* one step at a time, so that none is left for the next */
        if (waits && now->cell_number == 1 && idle) sx_engine_send(engine, SX_COMMAND_STEP, 0);
        if (waits && now->cell_number == 2 && paused++ == 0) {
            expect_progress(in_home("stepped"), "1 of 2 runs done, now fine");
            sx_engine_send(engine, SX_COMMAND_RESUME, 0);
        }
        if (now->state == SX_STATE_FAILED) fail_msg("%s", now->message);
        sx_snapshot_release(now);
        seen = version;
        if (!ended) sx_engine_wait(engine, version, 40);
    }
    sx_engine_free(engine);
    sx_config_done(&config);
    assert_true(paused > 0);
}

static void limit_files(size_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes ? bytes : limit.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The study's own journal is refused while no run of a cell is open. */
static void a_full_disk_ends_no_process(void **state) {
    (void)state;
    sx_error err = {0};
    sx_config config;
    sx_engine *engine = sx_engine_new(2, &err);
    parse(&config, study, NULL);
    sx_job job = {SX_JOB_RUN, &config, in_home("full"), NULL};
    assert_int_equal(sx_engine_queue(engine, &job, &err), SX_OK);
    sx_engine_send(engine, SX_COMMAND_PAUSE, 0);
    bool stopped = false;
    for (bool ended = false; !ended;) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        uint64_t version = now->version;
        ended = has_ended(now);
        if (now->state == SX_STATE_PAUSED && !stopped) {
            limit_files(64);
            sx_engine_send(engine, SX_COMMAND_STOP, 0);
            stopped = true;
        }
        sx_snapshot_release(now);
        if (!ended) sx_engine_wait(engine, version, 100);
    }
    sx_engine_free(engine); /* after its last word */
    limit_files(0);
    assert_true(stopped);
    sx_config_done(&config);
}

/* ---- the list of runs -------------------------------------------------------------------------
 */

static void cells_stand_behind_their_study(void **state) {
    (void)state;
    sx_error err = {0};
    sx_config config;
    sx_engine *engine = sx_engine_new(2, &err);
    parse(&config, study, NULL);
    sx_job job = {SX_JOB_RUN, &config, NULL, NULL};
    for (int i = 0; i < 2; i++) assert_int_equal(sx_engine_queue(engine, &job, &err), SX_OK);
    for (bool ended = false; !ended;) {
        const sx_snapshot *now = sx_engine_snapshot(engine);
        uint64_t version = now->version;
        ended = has_ended(now) && strcmp(now->run, "0002-nets") == 0;
        if (now->state == SX_STATE_FAILED) fail_msg("%s", now->message);
        sx_snapshot_release(now);
        if (!ended) sx_engine_wait(engine, version, 100);
    }
    sx_engine_free(engine);
    sx_config_done(&config);
    static const char *const names[] = {"0001-nets", "0001-nets/fine", "0001-nets/small",
                                        "0002-nets", "0002-nets/fine", "0002-nets/small"};
    sx_run_list list;
    assert_int_equal(sx_store_list(&list, NULL), SX_OK);
    assert_int_equal(list.count, 6);
    for (int i = 0; i < 6; i++) assert_string_equal(list.runs[i].name, names[i]);
    sx_run_list_done(&list);
    sx_run_folder *run = sx_run_open("2/small", false, &err);
    if (!run) fail_msg("%s", err.message);
    assert_string_equal(sx_run_name(run), "0002-nets/small");
    sx_run_close(run);
    assert_null(sx_run_open("2/none", false, &err));
    assert_int_not_equal(sx_store_delete("2/small", &err), SX_OK);
    assert_non_null(strstr(err.message, "cell of a study"));
    assert_int_equal(sx_store_delete("2", &err), SX_OK);
    assert_int_equal(sx_store_list(&list, NULL), SX_OK);
    assert_int_equal(list.count, 3);
    sx_run_list_done(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            killed_it_goes_on_to_the_same_bits), /* forks: first, before other threads were */
        cmocka_unit_test(cells_are_those_of_the_preset),
        cmocka_unit_test(a_cell_is_a_plain_study),
        cmocka_unit_test(cells_are_described),
        cmocka_unit_test(seeds_alone_are_cells),
        cmocka_unit_test(what_is_written_reads_back_equal),
        cmocka_unit_test(claims_without_their_cells_are_counted),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(a_cell_that_begins_with_another_finds_it_beside),
        cmocka_unit_test(cells_run_one_after_the_other),
        cmocka_unit_test(together_is_the_mean_over_seeds),
        cmocka_unit_test(stopped_in_any_cell_it_goes_on_to_the_same_bits),
        cmocka_unit_test(what_cells_say_together_is_made_again),
        cmocka_unit_test(steps_lead_into_the_next_cell),
        cmocka_unit_test(a_full_disk_ends_no_process),
        cmocka_unit_test(cells_stand_behind_their_study),
    };
    return cmocka_run_group_tests(tests, new_home, end_home);
}
