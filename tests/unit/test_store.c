/* Run folders as processes leave them: raced for, locked, killed at a bad moment, on a full disk,
 * and made by somebody who means harm. */
#include "core/store/store.h"
#include "tests/unit/failing.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char ini[] = "[study]\nname = tiny\n[train]\nsteps = 60\n";
static char home[64], root[128];

/* ---- a home for each test, and files in it ------------------------------------------------------
 */

static int new_home(void **state) {
    (void)state;
    /* In memory where there is such a place: the tests sync much. */
    const char *place = sx_is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
    snprintf(home, sizeof home, "%s/sextant-store-XXXXXX", place);
    if (!mkdtemp(home)) return -1;
    snprintf(root, sizeof root, "%s/sextant/runs", home);
    return setenv("XDG_DATA_HOME", home, 1);
}

static int end_home(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", home);
    return system(command);
}

static const char *below(const char *directory, const char *name) {
    static char paths[4][SX_PATH_SIZE];
    static int turn;
    char *path = paths[turn++ % 4];
    assert_int_equal(sx_path_join(path, directory, name, NULL), SX_OK);
    return path;
}

static void put(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void add(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void contains(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("'%s' does not contain '%s'", text, part);
}

static sx_run_folder *create(const char *directory) {
    sx_error err = {0};
    sx_run_folder *run = sx_run_create(directory, "tiny", ini, &err);
    if (!run) fail_msg("%s", err.message);
    return run;
}

static sx_run_folder *reopen(const char *which, bool writable) {
    sx_error err = {0};
    sx_run_folder *run = sx_run_open(which, writable, &err);
    if (!run) fail_msg("%s", err.message);
    return run;
}

static void refuses_to_open(const char *which, bool writable, const char *sentence) {
    sx_error err = {0};
    assert_null(sx_run_open(which, writable, &err));
    contains(err.message, sentence);
}

/* A run of its own folder that was made and closed; its path in `out` [SX_PATH_SIZE]. */
static void closed_run(char *out) {
    sx_run_folder *run = create(NULL);
    sx_text_set(out, SX_PATH_SIZE, sx_run_path(run));
    sx_run_close(run);
}

/* ---- making, finding and opening ----------------------------------------------------------------
 */

static void run_is_found_by_number_name_and_path(void **state) {
    (void)state;
    sx_run_close(create(NULL));
    sx_run_folder *second = create(NULL);
    assert_string_equal(sx_run_name(second), "0002-tiny");
    char path[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, sx_run_path(second));
    sx_run_close(second);
    const char *which[] = {"2", "0002", "0002-tiny", path};
    for (int i = 0; i < 4; i++) {
        sx_run_folder *run = reopen(which[i], false);
        assert_string_equal(sx_run_name(run), "0002-tiny");
        assert_string_equal(sx_run_path(run), path);
        assert_string_equal(sx_run_ini(run), ini);
        sx_run_close(run);
    }
    assert_true(sx_run_recognises(path));
}

static void run_ini_says_where_it_comes_from(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    sx_ini file;
    closed_run(path);
    assert_int_equal(sx_ini_read(below(path, "run.ini"), &file, NULL), SX_OK);
    static const char *const keys[] = {"format", "version", "created", "machine", "processor"};
    size_t found = 0;
    for (size_t i = 0; i < file.count; i++)
        for (size_t k = 0; k < 5; k++)
            found += strcmp(file.entries[i].section, "run-folder") == 0 &&
                     strcmp(file.entries[i].key, keys[k]) == 0 && file.entries[i].value[0];
    assert_int_equal(found, 5);
    sx_ini_done(&file);
}

static void configuration_comes_back_whatever_it_says(void **state) {
    (void)state;
    /* No line end; the section's name in a value and in a comment. */
    static const char odd[] = "[study]\nname = x [run-folder]\n; [run-folder]\n[run]\nseed = 3";
    sx_run_folder *run = sx_run_create(NULL, "odd", odd, NULL);
    assert_non_null(run);
    sx_run_close(run);
    run = reopen("1", false);
    contains(sx_run_ini(run), "name = x [run-folder]\n; [run-folder]\n[run]\nseed = 3");
    assert_null(strstr(sx_run_ini(run), "format"));
    sx_run_close(run);
    /* A run.ini given as a study: the old folder's own section does not come along. */
    run = sx_run_create(NULL, "again", "[study]\nname = y\n[run-folder]\nformat = 7\n", NULL);
    assert_non_null(run);
    assert_string_equal(sx_run_ini(run), "[study]\nname = y\n");
    sx_run_close(run);
    sx_run_close(reopen("2", false));
}

enum { CREATORS = 6, RUNS_EACH = 5 };

static void numbers_are_given_once(void **state) {
    (void)state;
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    for (int child = 0; child < CREATORS; child++) {
        if (fork()) continue;
        char name[16], byte;
        close(gate[1]);
        (void)!read(gate[0], &byte, 1); /* until all are there */
        snprintf(name, sizeof name, "r%d", child);
        int made = 0;
        for (int i = 0; i < RUNS_EACH; i++) {
            sx_run_folder *run = sx_run_create(NULL, name, ini, NULL);
            made += run != NULL;
            sx_run_close(run);
        }
        _exit(made == RUNS_EACH ? 0 : 1);
    }
    close(gate[0]);
    close(gate[1]);
    for (int child = 0, status; child < CREATORS; child++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    sx_run_list list;
    assert_int_equal(sx_store_list(&list, NULL), SX_OK);
    assert_int_equal(list.count, CREATORS * RUNS_EACH);
    for (size_t i = 0; i < list.count; i++)
        assert_int_equal(strtol(list.runs[i].name, NULL, 10), (long)i + 1);
    sx_run_list_done(&list);
}

static void names_that_are_no_numbers_do_no_harm(void **state) {
    (void)state;
    assert_int_equal(sx_directory_make(root, NULL), SX_OK);
    assert_int_equal(mkdir(below(root, "9223372036854775807-far"), 0777), 0);
    assert_int_equal(mkdir(below(root, "99999999999999999999999-far"), 0777), 0);
    assert_int_equal(mkdir(below(root, "9999-old"), 0777), 0);
    sx_run_folder *run = create(NULL);
    assert_string_equal(sx_run_name(run), "10000-tiny");
    sx_run_close(run);
    sx_run_list list; /* by number, not by bytes */
    assert_int_equal(sx_store_list(&list, NULL), SX_OK);
    assert_int_equal(list.count, 4);
    assert_string_equal(list.runs[2].name, "9999-old");
    assert_string_equal(list.runs[2].state, "broken");
    assert_string_equal(list.runs[3].name, "10000-tiny");
    sx_run_list_done(&list);
}

static void a_number_passes_over_what_is_no_run(void **state) {
    (void)state;
    assert_int_equal(sx_directory_make(root, NULL), SX_OK);
    put(below(root, "0001-notes.txt"), "a file");
    sx_run_close(create(NULL));
    assert_int_equal(mkdir(below(root, "0002-before"), 0777), 0);
    sx_run_folder *run = reopen("2", false);
    assert_string_equal(sx_run_name(run), "0002-tiny");
    sx_run_close(run);
}

static void given_directory_must_be_new_or_empty(void **state) {
    (void)state;
    sx_error err = {0};
    char directory[SX_PATH_SIZE];
    sx_text_set(directory, sizeof directory, below(home, "given"));
    sx_run_close(create(directory));
    assert_null(sx_run_create(directory, "tiny", ini, &err));
    contains(err.message, "is not empty");
    sx_text_set(directory, sizeof directory, below(home, "empty"));
    assert_int_equal(mkdir(directory, 0777), 0);
    sx_run_close(create(directory));
    /* What a process leaves that was killed before there was a run.ini is as good as empty. */
    sx_text_set(directory, sizeof directory, below(home, "killed"));
    assert_int_equal(sx_directory_make(below(directory, "results"), NULL), SX_OK);
    put(below(directory, "lock"), "");
    put(below(directory, "run.ini.0123abcd"), "[stu");
    put(below(directory, "journal.jsonl"), "");
    sx_run_close(create(directory));
    /* But a journal is not written on by another run. */
    sx_text_set(directory, sizeof directory, below(home, "journal"));
    assert_int_equal(mkdir(directory, 0777), 0);
    put(below(directory, "journal.jsonl"), "{}\n");
    assert_null(sx_run_create(directory, "tiny", ini, &err));
    /* A folder of somebody's photographs is left as it was. */
    sx_text_set(directory, sizeof directory, below(home, "photographs"));
    assert_int_equal(mkdir(directory, 0777), 0);
    put(below(directory, "cat.png"), "");
    assert_null(sx_run_create(directory, "tiny", ini, &err));
    assert_false(sx_is_file(below(directory, "lock")));
}

static void places_that_cannot_be_written_are_named(void **state) {
    (void)state;
    sx_error err = {0};
    put(below(home, "file"), "");
    assert_null(sx_run_create(below(home, "file/run"), "tiny", ini, &err));
    contains(err.message, "file");
    contains(err.message, "ot a directory");
    setenv("XDG_DATA_HOME", below(home, "file"), 1);
    assert_null(sx_run_create(NULL, "tiny", ini, &err));
    contains(err.message, "ot a directory");
    unsetenv("XDG_DATA_HOME");
    char before[SX_PATH_SIZE], path[SX_PATH_SIZE];
    sx_text_set(before, sizeof before, getenv("HOME") ? getenv("HOME") : "/");
    setenv("HOME", "/home/somebody", 1);
    assert_int_equal(sx_store_root(path, NULL), SX_OK);
    assert_string_equal(path, "/home/somebody/.local/share/sextant/runs");
    unsetenv("HOME");
    assert_int_equal(sx_store_root(path, &err), SX_IO);
    contains(err.message, "--out");
    setenv("HOME", before, 1);
}

static void what_is_no_run_gets_a_sentence(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    refuses_to_open("7", false, "there are no runs yet");
    closed_run(path);
    refuses_to_open("0001-tinny", false, "nearest: 0001-tiny");
    refuses_to_open("7", false, "there is no run 7; the only one is 1");
    refuses_to_open("/nowhere/at/all", false, "there is no run folder '/nowhere/at/all'");
    assert_int_equal(mkdir(below(home, "0001-tin"), 0777), 0);
    refuses_to_open(below(home, "0001-tin"), false, "0001-tiny");
    assert_false(sx_run_recognises(below(home, "0001-tin")));
    put(below(home, "0001-tin/run.ini"), "[desktop]\nformat = 1\n");
    assert_false(sx_run_recognises(below(home, "0001-tin")));
    refuses_to_open(below(home, "0001-tin"), false, "says no format");
    put(below(path, "run.ini"), "[study]\nname = x\n[run-folder]\nformat = 2\n");
    refuses_to_open(path, false, "newer sextant");
    put(below(path, "run.ini"), "[study\n");
    refuses_to_open(path, true, "run.ini:1:");
}

/* ---- the lock -----------------------------------------------------------------------------------
 */

/* Exit code of a child that tries to open `path` for writing: 0 it could, 1 with the sentence. */
static int child_opens(const char *path, const char *sentence) {
    int status;
    if (fork() == 0) {
        sx_error err = {0};
        sx_run_folder *run = sx_run_open(path, true, &err);
        sx_run_folder *reader = sx_run_open(path, false, NULL);
        bool reads = reader && sx_run_in_use(reader);
        sx_run_close(reader);
        sx_run_close(run);
        _exit(!reads ? 3 : run ? 0 : strstr(err.message, sentence) ? 1 : 2);
    }
    assert_true(wait(&status) > 0);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void one_process_writes_and_all_may_read(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    char path[SX_PATH_SIZE];
    sx_text_set(path, sizeof path, sx_run_path(run));
    assert_int_equal(child_opens(path, "run 0001-tiny is in use by another sextant"), 1);
    refuses_to_open(path, true, "run 0001-tiny is in use"); /* in the same process too */
    sx_run_close(run);
    assert_int_equal(child_opens(path, ""), 0);
    run = reopen(path, false);
    assert_false(sx_run_in_use(run));
    sx_run_close(run);
}

static void killed_writer_gives_the_lock_back(void **state) {
    (void)state;
    char path[SX_PATH_SIZE], byte;
    int ready[2], status;
    closed_run(path);
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves no process */
        sx_run_folder *run = sx_run_open(path, true, NULL);
        (void)!write(ready[1], run ? "y" : "n", 1);
        for (;;) pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    refuses_to_open(path, true, "in use");
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    sx_run_close(reopen(path, true));
    close(ready[0]);
    close(ready[1]);
}

/* ---- the journal --------------------------------------------------------------------------------
 */

typedef struct {
    int64_t steps[64];
    size_t count, most; /* `most` ends the reading */
    double last;
} lines;

static bool take(void *user, const json_t *line) {
    lines *l = user;
    assert_true(l->count < 64);
    l->steps[l->count++] = json_integer_value(json_object_get(line, "step"));
    l->last = sx_json_to_number(json_object_get(line, "t"));
    return l->count != l->most;
}

static lines read_journal(const sx_run_folder *run, size_t expected_broken) {
    lines l = {0};
    size_t broken = 99;
    sx_error err = {0};
    if (sx_run_journal_read(run, take, &l, &broken, &err)) fail_msg("%s", err.message);
    assert_int_equal(broken, expected_broken);
    return l;
}

static void journal_point(sx_run_folder *run, int64_t step) {
    sx_error err = {0};
    if (sx_run_journal(run, "point", step, NULL, false, &err)) fail_msg("%s", err.message);
}

static void journal_is_read_in_order(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    json_t *fields = json_pack("{s:f, s:s}", "loss", 0.1 + 0.2, "name", "caf\u00e9");
    assert_int_equal(sx_run_journal(run, "point", 1, fields, true, NULL), SX_OK);
    json_decref(fields);
    journal_point(run, 2);
    journal_point(run, 3);
    lines l = read_journal(run, 0);
    assert_int_equal(l.count, 3);
    assert_int_equal(l.steps[0], 1);
    assert_int_equal(l.steps[2], 3);
    l = (lines){.most = 2};
    assert_int_equal(sx_run_journal_read(run, take, &l, NULL, NULL), SX_OK);
    assert_int_equal(l.count, 2);
    sx_bytes text; /* a double comes back with all its bits */
    assert_int_equal(sx_file_read(below(sx_run_path(run), "journal.jsonl"), 4096, &text, NULL), 0);
    contains((char *)text.data, "0.30000000000000004");
    sx_bytes_done(&text);
    sx_run_close(run);
}

static void cut_last_line_is_dropped_and_mended(void **state) {
    (void)state;
    char path[SX_PATH_SIZE], journal[SX_PATH_SIZE];
    sx_run_folder *run = create(NULL);
    sx_text_set(path, sizeof path, sx_run_path(run));
    sx_text_set(journal, sizeof journal, below(path, "journal.jsonl"));
    journal_point(run, 1);
    journal_point(run, 2);
    sx_run_close(run);
    add(journal, "{\"t\": 3, \"step\": 3, \"ki", 23);
    run = reopen(path, false);
    assert_int_equal(read_journal(run, 0).count, 2);
    sx_run_close(run);
    run = reopen(path, true);
    journal_point(run, 4);
    lines l = read_journal(run, 0);
    assert_int_equal(l.count, 3);
    assert_int_equal(l.steps[2], 4);
    sx_run_close(run);
    /* What a power cut may leave: zeros after the last line. */
    static const char zeros[9000];
    add(journal, zeros, sizeof zeros);
    run = reopen(path, true);
    journal_point(run, 5);
    assert_int_equal(read_journal(run, 0).count, 4);
    sx_run_close(run);
    assert_int_equal(truncate(journal, 5), 0); /* nothing whole is left */
    run = reopen(path, true);
    journal_point(run, 6);
    assert_int_equal(read_journal(run, 0).count, 1);
    sx_run_close(run);
}

static void broken_lines_are_counted_and_skipped(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    closed_run(path);
    sx_text text = {0};
    sx_text_add(&text, "{\"step\": 1}\nnonsense\n[1]\n\n{\"step\": 2}\n{\"step\": ");
    for (int i = 0; i < 300000; i++) sx_text_add(&text, "1"); /* longer than any line of ours */
    sx_text_add(&text, "}\n{\"step\": 3}\n");
    for (int i = 0; i < 5000; i++) sx_text_add(&text, "["); /* too deep */
    sx_text_add(&text, "\n{\"step\": 4}\n");
    assert_false(text.failed);
    put(below(path, "journal.jsonl"), text.data);
    sx_text_done(&text);
    sx_run_folder *run = reopen(path, false);
    lines l = read_journal(run, 5);
    assert_int_equal(l.count, 4);
    assert_int_equal(l.steps[2], 3);
    assert_int_equal(l.steps[3], 4);
    sx_run_close(run);
}

static void line_that_nobody_would_read_is_refused(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    sx_error err = {0};
    char *much = malloc(70000);
    memset(much, 'x', 69999);
    much[69999] = 0;
    json_t *fields = json_pack("{s:s}", "text", much);
    assert_int_equal(sx_run_journal(run, "point", 1, fields, false, &err), SX_BAD_INPUT);
    json_decref(fields);
    free(much);
    assert_int_equal(read_journal(run, 0).count, 0);
    sx_run_close(run);
}

static void giant_journal_is_refused(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    closed_run(path);
    assert_int_equal(truncate(below(path, "journal.jsonl"), (off_t)5 << 30), 0); /* sparse */
    sx_run_folder *run = reopen(path, false);
    sx_error err = {0};
    assert_int_equal(sx_run_journal_read(run, take, &(lines){0}, NULL, &err), SX_BAD_INPUT);
    contains(err.message, "too large");
    sx_run_close(run);
}

static void time_goes_on_where_it_ended(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    closed_run(path);
    put(below(path, "journal.jsonl"), "{\"t\": 5000.5, \"step\": 9, \"kind\": \"point\"}\n");
    sx_run_folder *run = reopen(path, true);
    journal_point(run, 10);
    assert_true(read_journal(run, 0).last >= 5000.5);
    sx_run_close(run);
    put(below(path, "journal.jsonl"), "{\"t\": 1e300, \"step\": 9, \"kind\": \"point\"}\n");
    run = reopen(path, true); /* no time of this world: it begins again */
    journal_point(run, 10);
    assert_true(read_journal(run, 0).last < 1e6);
    sx_run_close(run);
}

static void reader_does_not_write(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    sx_error err = {0};
    closed_run(path);
    sx_run_folder *run = reopen(path, false);
    assert_int_equal(sx_run_journal(run, "point", 1, NULL, false, &err), SX_IO);
    contains(err.message, "0001-tiny");
    sx_run_log(run, "not to be seen");
    assert_false(sx_is_file(below(path, "log.txt")));
    sx_run_close(run);
}

/* ---- a full disk: the system's limit on the size of a file stands for it ------------------------
 */

static void limit_files(size_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes ? bytes : limit.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void full_disk_leaves_whole_lines(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    sx_error err = {0};
    journal_point(run, 1);
    struct stat facts;
    assert_int_equal(stat(below(sx_run_path(run), "journal.jsonl"), &facts), 0);
    limit_files((size_t)facts.st_size + 7); /* room for a part of the next line */
    sx_status part = sx_run_journal(run, "point", 2, NULL, false, &err);
    sx_status none = sx_run_journal(run, "point", 3, NULL, false, NULL);
    limit_files(0);
    assert_int_equal(part, SX_IO);
    contains(err.message, "0001-tiny");
    assert_int_equal(none, SX_IO);
    journal_point(run, 4);
    lines l = read_journal(run, 0);
    assert_int_equal(l.count, 2);
    assert_int_equal(l.steps[1], 4);
    sx_run_close(run);
}

/* ---- results ------------------------------------------------------------------------------------
 */

static sx_result *series(const char *name, double last) {
    sx_result *result = sx_result_new(SX_RESULT_SERIES, "training", "Training");
    assert_true(result && sx_series_alloc(result, 3, 1, false));
    sx_text_set(result->name, sizeof result->name, name);
    result->step = 60;
    result->series.x_label = "step";
    result->series.y_label = "loss";
    result->series.lines[0].name = "loss";
    for (int i = 0; i < 3; i++) result->series.x[i] = i;
    result->series.lines[0].y[1] = 1.0 / 3;
    result->series.lines[0].y[2] = last;
    return result;
}

static void save(sx_run_folder *run, const char *name, double last) {
    sx_error err = {0};
    sx_result *result = series(name, last);
    if (sx_run_save_result(run, result, &err)) fail_msg("%s", err.message);
    sx_result_release(result);
}

static void results_come_back(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    save(run, "training", 1);
    save(run, "location", 2);
    save(run, "training", 3);
    sx_result_list list;
    sx_text warnings = {0};
    assert_int_equal(sx_run_load_results(run, &list, &warnings, NULL), SX_OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(warnings.size, 0);
    assert_string_equal(list.results[0]->name, "location");
    assert_string_equal(list.results[1]->name, "training");
    const double *y = list.results[1]->series.lines[0].y;
    assert_true(isnan(y[0]) && y[1] == 1.0 / 3 && y[2] == 3);
    assert_int_equal(list.results[1]->step, 60);
    sx_result_list_done(&list);
    const atomic_bool stop = true;
    assert_int_equal(sx_run_load_results_until(run, &stop, &list, &warnings, NULL), SX_CANCELLED);
    assert_int_equal(list.count + warnings.size, 0);
    sx_run_close(run);
}

static double last_of(sx_result *result) {
    assert_non_null(result);
    double value = result->series.lines[0].y[2];
    sx_result_release(result);
    return value;
}

/* What is there when newer results are saved stays readable, also what they leave as it was. */
static void results_before_are_kept(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    sx_run_keep_results(run); /* nothing to keep */
    assert_null(sx_run_load_result_before(run, "training", NULL));
    save(run, "training", 1);
    save(run, "location", 2);
    for (int turn = 0; turn < 2; turn++) { /* twice the same is no harm */
        sx_run_keep_results(run);
        assert_true(last_of(sx_run_load_result_before(run, "training", NULL)) == 1);
    }
    save(run, "training", 3);
    assert_true(last_of(sx_run_load_result_before(run, "training", NULL)) == 1);
    assert_true(last_of(sx_run_load_result_before(run, "location", NULL)) == 2);
    assert_true(last_of(sx_run_load_result(run, "training", NULL)) == 3);
    sx_run_keep_results(run);
    assert_true(last_of(sx_run_load_result_before(run, "training", NULL)) == 3);
    sx_listing listing;
    char path[SX_PATH_SIZE];
    assert_int_equal(sx_path_join(path, sx_run_path(run), "results-before", NULL), SX_OK);
    assert_int_equal(sx_directory_list(path, &listing, NULL), SX_OK);
    assert_int_equal(listing.count, 2); /* nothing else is left there */
    sx_listing_done(&listing);
    sx_run_close(run);
}

/* A clock knows the last session's way only. */
static void the_clock_is_read_from_the_journal(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    assert_null(sx_run_clock(run));
    json_t *fields = json_pack("{s:f}", "epoch", 0.5);
    static const int64_t steps[] = {10, 20, 30, 20}; /* killed, and gone on with from step 10 */
    for (int i = 0; i < 4; i++)
        assert_int_equal(sx_run_journal(run, "point", steps[i], fields, false, NULL), SX_OK);
    assert_int_equal(sx_run_journal(run, "checkpoint", 40, NULL, false, NULL), SX_OK);
    json_decref(fields);
    sx_result *clock = sx_run_clock(run);
    assert_non_null(clock);
    assert_int_equal(clock->series.length, 2);
    assert_true(clock->series.x[0] == 10 && clock->series.x[1] == 20);
    assert_string_equal(clock->series.lines[1].name, "epoch");
    assert_true(clock->series.lines[0].y[1] >= 0 && clock->series.lines[1].y[1] == 0.5);
    sx_result_release(clock);
    sx_run_close(run);
}

static void broken_results_are_left_out_with_a_warning(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    save(run, "training", 1);
    save(run, "location", 1);
    char results[SX_PATH_SIZE];
    sx_text_set(results, sizeof results, below(sx_run_path(run), "results"));
    put(below(results, "cut.json"), "{\"format\": 1, \"na");
    put(below(results, "notes.txt"), "not a result");
    assert_int_equal(rename(below(results, "location.json"), below(results, "other.json")), 0);
    put(below(results, "giant.json"), "");
    assert_int_equal(truncate(below(results, "giant.json"), (off_t)5 << 30), 0);
    assert_int_equal(mkfifo(below(results, "pipe.json"), 0666), 0);
    sx_result_list list;
    sx_text warnings = {0};
    assert_int_equal(sx_run_load_results(run, &list, &warnings, NULL), SX_OK);
    assert_int_equal(list.count, 1);
    contains(warnings.data, "results/cut.json is left out");
    contains(warnings.data, "results/other.json is left out");
    contains(warnings.data, "results/giant.json is left out");
    contains(warnings.data, "results/pipe.json is left out");
    assert_null(strstr(warnings.data, "notes.txt"));
    sx_text_done(&warnings);
    sx_result_list_done(&list);
    sx_run_close(run);
}

static void result_stays_in_its_folder(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    static const char *const names[] = {"../../escape", "a/b", "", "UPPER", "dot."};
    for (int i = 0; i < 5; i++) {
        sx_error err = {0};
        sx_result *result = series(names[i], 1);
        assert_int_equal(sx_run_save_result(run, result, &err), SX_BAD_INPUT);
        contains(err.message, "name");
        sx_result_release(result);
    }
    assert_false(sx_is_file(below(root, "escape.json")));
    sx_run_close(run);
}

static void missing_results_folder_is_made_again(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    closed_run(path);
    assert_int_equal(rmdir(below(path, "results")), 0);
    sx_result_list list;
    sx_run_folder *run = reopen(path, false);
    assert_int_equal(sx_run_load_results(run, &list, NULL, NULL), SX_OK);
    assert_int_equal(list.count, 0);
    sx_result_list_done(&list);
    sx_run_close(run);
    run = reopen(path, true);
    save(run, "training", 1);
    sx_run_close(run);
}

/* ---- checkpoints --------------------------------------------------------------------------------
 */

static sx_status save_checkpoint(sx_run_folder *run, float value, sx_error *err) {
    float values[1024];
    for (int i = 0; i < 1024; i++) values[i] = value;
    sx_safetensor tensor = {.name = "w",
                            .dtype = SX_DTYPE_F32,
                            .rank = 1,
                            .sizes = {1024},
                            .values = values,
                            .bytes = sizeof values};
    char step[16];
    snprintf(step, sizeof step, "%g", (double)value);
    sx_metadata metadata = {"step", step};
    return sx_run_save_checkpoint(run, &tensor, 1, &metadata, 1, err);
}

static void loads_checkpoint(sx_run_folder *run, float value) {
    sx_safetensors file;
    sx_error err = {0};
    if (sx_run_load_checkpoint(run, &file, &err)) fail_msg("%s", err.message);
    float first;
    memcpy(&first, sx_safetensors_find(&file, "w")->values, sizeof first);
    assert_true(first == value);
    assert_int_equal(atoi(sx_safetensors_metadata(&file, "step")), (int)value);
    sx_safetensors_done(&file);
}

static void torn_checkpoint_gives_the_one_before(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    sx_safetensors file;
    sx_error err = {0};
    assert_int_equal(sx_run_load_checkpoint(run, &file, &err), SX_BAD_INPUT);
    contains(err.message, "no checkpoint");
    for (int value = 1; value <= 3; value++) {
        assert_int_equal(save_checkpoint(run, (float)value, NULL), SX_OK);
        loads_checkpoint(run, (float)value);
    }
    char newest[SX_PATH_SIZE], before[SX_PATH_SIZE];
    sx_text_set(newest, sizeof newest, below(sx_run_path(run), "checkpoint.safetensors"));
    sx_text_set(before, sizeof before, below(sx_run_path(run), "checkpoint-before.safetensors"));
    assert_int_equal(truncate(newest, 700), 0);
    loads_checkpoint(run, 2);
    sx_bytes log;
    assert_int_equal(sx_file_read(below(sx_run_path(run), "log.txt"), 1 << 20, &log, NULL), SX_OK);
    contains((char *)log.data, "checkpoint.safetensors");
    sx_bytes_done(&log);
    assert_int_equal(unlink(newest), 0);
    loads_checkpoint(run, 2);
    assert_int_equal(truncate(before, 0), 0);
    assert_int_equal(sx_run_load_checkpoint(run, &file, &err), SX_BAD_INPUT);
    contains(err.message, "no whole checkpoint");
    assert_int_equal(sx_run_load_checkpoint(run, &file, NULL), SX_BAD_INPUT);
    assert_int_equal(save_checkpoint(run, 4, NULL), SX_OK);
    loads_checkpoint(run, 4);
    sx_run_close(run);
}

/* A torn newest one must not push the whole one before it out: there is always one whole. */
static void torn_checkpoint_does_not_replace_the_one_before(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    char newest[SX_PATH_SIZE];
    sx_text_set(newest, sizeof newest, below(sx_run_path(run), "checkpoint.safetensors"));
    assert_int_equal(save_checkpoint(run, 1, NULL), SX_OK);
    assert_int_equal(save_checkpoint(run, 2, NULL), SX_OK);
    assert_int_equal(truncate(newest, 700), 0);
    loads_checkpoint(run, 1);
    assert_int_equal(save_checkpoint(run, 3, NULL), SX_OK);
    assert_int_equal(truncate(newest, 700), 0);
    loads_checkpoint(run, 1);
    sx_run_close(run);
}

static void kill_between_the_renames_loses_nothing(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    char newest[SX_PATH_SIZE], third[SX_PATH_SIZE];
    sx_text_set(newest, sizeof newest, below(sx_run_path(run), "checkpoint.safetensors"));
    sx_text_set(third, sizeof third, below(sx_run_path(run), "checkpoint-new.safetensors"));
    assert_int_equal(save_checkpoint(run, 1, NULL), SX_OK);
    assert_int_equal(save_checkpoint(run, 2, NULL), SX_OK);
    assert_int_equal(rename(newest, third), 0); /* as if the last rename had not come */
    loads_checkpoint(run, 2);
    assert_int_equal(save_checkpoint(run, 3, NULL), SX_OK);
    loads_checkpoint(run, 3);
    assert_false(sx_is_file(third));
    sx_run_close(run);
}

static void full_disk_leaves_the_checkpoint_whole(void **state) {
    (void)state;
    sx_run_folder *run = create(NULL);
    sx_error err = {0};
    assert_int_equal(save_checkpoint(run, 1, NULL), SX_OK);
    limit_files(1000);
    sx_status full = save_checkpoint(run, 2, &err);
    limit_files(0);
    assert_int_equal(full, SX_IO);
    contains(err.message, "checkpoint");
    loads_checkpoint(run, 1);
    assert_int_equal(save_checkpoint(run, 3, NULL), SX_OK);
    loads_checkpoint(run, 3);
    sx_run_close(run);
}

static void leftovers_of_a_kill_are_swept(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    closed_run(path);
    put(below(path, "checkpoint-new.safetensors.0a1b2c3d"), "half");
    put(below(path, "results/training.json.deadbeef"), "half");
    put(below(path, "results/mine.txt.deadbee"), "a person's");
    sx_run_close(reopen(path, false));
    assert_true(sx_is_file(below(path, "checkpoint-new.safetensors.0a1b2c3d")));
    sx_run_close(reopen(path, true));
    assert_false(sx_is_file(below(path, "checkpoint-new.safetensors.0a1b2c3d")));
    assert_false(sx_is_file(below(path, "results/training.json.deadbeef")));
    assert_true(sx_is_file(below(path, "results/mine.txt.deadbee")));
}

/* ---- the list -----------------------------------------------------------------------------------
 */

static void ended_run(const char *kind) {
    sx_run_folder *run = create(NULL);
    sx_run_journal(run, "start", 0, NULL, false, NULL);
    json_t *fields = json_pack("{s:f}", "validation accuracy", 0.75);
    sx_run_journal(run, "point", 40, fields, false, NULL);
    json_decref(fields);
    if (kind) sx_run_journal(run, kind, 42, NULL, false, NULL);
    sx_run_close(run);
}

static void list_tells_how_runs_ended(void **state) {
    (void)state;
    sx_run_list list;
    assert_int_equal(sx_store_list(&list, NULL), SX_OK);
    assert_int_equal(list.count, 0);
    sx_run_list_done(&list);
    static const char *const kinds[] = {"finish", "stop", "fail", NULL};
    static const char *const states[] = {"finished", "stopped", "failed", "stopped"};
    for (int i = 0; i < 4; i++) ended_run(kinds[i]);
    sx_run_folder *running = create(NULL);
    /* Far more than what is read: how it began is out of sight, its last steps are not. */
    for (int i = 0; i < 2500; i++) journal_point(running, i);
    assert_int_equal(sx_store_list(&list, NULL), SX_OK);
    assert_int_equal(list.count, 5);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(list.runs[i].state, states[i]);
        assert_int_equal(list.runs[i].step, kinds[i] ? 42 : 40);
        assert_true(list.runs[i].accuracy == 0.75);
        assert_int_equal(list.runs[i].steps, 60);
        assert_string_equal(list.runs[i].study, "tiny");
        assert_int_equal(strlen(list.runs[i].created), strlen("2026-11-25 03:14"));
    }
    assert_string_equal(list.runs[4].state, "running");
    assert_int_equal(list.runs[4].step, 2499);
    assert_true(isnan(list.runs[4].accuracy));
    sx_run_list_done(&list);
    sx_run_close(running);
}

/* One after another, the newest first, as the list has them; what is deleted meanwhile is broken at
 * worst. */
static void runs_come_one_by_one(void **state) {
    (void)state;
    sx_run_walk walk = {0};
    sx_run_facts facts;
    sx_error err = {0};
    assert_int_equal(sx_run_walk_begin(&walk, NULL), SX_OK); /* there is no store yet */
    assert_false(sx_run_walk_next(&walk, &facts));
    for (int i = 0; i < 3; i++) ended_run(i == 1 ? "stop" : "finish");
    assert_int_equal(sx_file_write(below(root, "9-note.txt"), "no run", 6, NULL), SX_OK);
    assert_int_equal(sx_run_walk_begin(&walk, NULL), SX_OK);
    for (int number = 3; number > 0; number--) {
        assert_true(sx_run_walk_next(&walk, &facts));
        assert_int_equal(strtol(facts.name, NULL, 10), number);
        assert_string_equal(facts.state, number == 2 ? "stopped" : "finished");
    }
    assert_false(sx_run_walk_next(&walk, &facts));
    assert_int_equal(sx_run_walk_begin(&walk, NULL), SX_OK);
    assert_true(sx_run_walk_next(&walk, &facts));
    assert_int_equal(sx_store_delete("2", NULL), SX_OK);
    assert_true(sx_run_walk_next(&walk, &facts));
    assert_int_equal(strtol(facts.name, NULL, 10), 1);
    sx_run_walk_done(&walk);
    assert_int_equal(sx_store_facts("3", &facts, NULL), SX_OK);
    assert_string_equal(facts.name, "0003-tiny");
    assert_int_equal(sx_store_facts("2", &facts, &err), SX_BAD_INPUT);
    assert_non_null(strstr(err.message, "no run 2; "));
}

/* ---- harm ---------------------------------------------------------------------------------------
 */

static void pipes_do_not_hang_it(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    closed_run(path);
    assert_int_equal(mkfifo(below(path, "log.txt"), 0666), 0);
    sx_run_folder *run = reopen(path, true);
    sx_run_log(run, "a sentence that nobody takes");
    sx_run_close(run);
    assert_int_equal(unlink(below(path, "journal.jsonl")), 0);
    assert_int_equal(mkfifo(below(path, "journal.jsonl"), 0666), 0);
    refuses_to_open(path, true, "journal.jsonl");
    refuses_to_open(path, false, "journal.jsonl");
}

static void links_are_followed(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    sx_run_folder *run = create(NULL);
    save(run, "training", 1);
    sx_text_set(path, sizeof path, sx_run_path(run));
    sx_run_close(run);
    assert_int_equal(rename(below(path, "results"), below(home, "elsewhere")), 0);
    assert_int_equal(symlink(below(home, "elsewhere"), below(path, "results")), 0);
    assert_int_equal(symlink(path, below(home, "link")), 0);
    run = reopen(below(home, "link"), true);
    sx_result_list list;
    assert_int_equal(sx_run_load_results(run, &list, NULL, NULL), SX_OK);
    assert_int_equal(list.count, 1);
    sx_result_list_done(&list);
    save(run, "training", 2);
    sx_run_close(run);
}

static sx_status open_and_read(void *context, sx_error *err) {
    sx_run_folder *run = sx_run_open(context, false, err);
    if (!run) return err->status;
    sx_result_list list;
    sx_safetensors file = {0};
    sx_status status = sx_run_journal_read(run, take, &(lines){0}, NULL, err);
    if (!status) status = sx_run_load_results(run, &list, NULL, err);
    if (!status) {
        sx_result_list_done(&list);
        status = sx_run_load_checkpoint(run, &file, err);
    }
    if (!status) sx_safetensors_done(&file);
    sx_run_close(run);
    return status;
}

static void memory_may_fail_anywhere(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    sx_run_folder *run = create(NULL);
    sx_text_set(path, sizeof path, sx_run_path(run));
    journal_point(run, 1);
    save(run, "training", 1);
    assert_int_equal(save_checkpoint(run, 1, NULL), SX_OK);
    sx_run_close(run);
    assert_true(fail_every_allocation(open_and_read, path) > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_home, end_home)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(run_is_found_by_number_name_and_path),
        TEST(run_ini_says_where_it_comes_from),
        TEST(configuration_comes_back_whatever_it_says),
        TEST(numbers_are_given_once),
        TEST(names_that_are_no_numbers_do_no_harm),
        TEST(a_number_passes_over_what_is_no_run),
        TEST(given_directory_must_be_new_or_empty),
        TEST(places_that_cannot_be_written_are_named),
        TEST(what_is_no_run_gets_a_sentence),
        TEST(one_process_writes_and_all_may_read),
        TEST(killed_writer_gives_the_lock_back),
        TEST(journal_is_read_in_order),
        TEST(cut_last_line_is_dropped_and_mended),
        TEST(broken_lines_are_counted_and_skipped),
        TEST(line_that_nobody_would_read_is_refused),
        TEST(giant_journal_is_refused),
        TEST(time_goes_on_where_it_ended),
        TEST(reader_does_not_write),
        TEST(full_disk_leaves_whole_lines),
        TEST(results_come_back),
        TEST(results_before_are_kept),
        TEST(the_clock_is_read_from_the_journal),
        TEST(broken_results_are_left_out_with_a_warning),
        TEST(result_stays_in_its_folder),
        TEST(missing_results_folder_is_made_again),
        TEST(torn_checkpoint_gives_the_one_before),
        TEST(torn_checkpoint_does_not_replace_the_one_before),
        TEST(kill_between_the_renames_loses_nothing),
        TEST(full_disk_leaves_the_checkpoint_whole),
        TEST(leftovers_of_a_kill_are_swept),
        TEST(list_tells_how_runs_ended),
        TEST(runs_come_one_by_one),
        TEST(pipes_do_not_hang_it),
        TEST(links_are_followed),
        TEST(memory_may_fail_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
