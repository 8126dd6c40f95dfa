/* Runs as a person keeps them: noted, renamed, deleted; and what must not be. */
#include "core/store/store.h"
#include "tests/unit/home.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ini[] = "[study]\nname = tiny\n[train]\nsteps = 60\n[run]\npreset = class\n";

/* A finished run of 12.5 seconds; its path into out [SX_PATH_SIZE]. */
static void make_run(const char *directory, const char *name, char *out) {
    sx_run_folder *run = sx_run_create(directory, name, ini, NULL);
    assert_non_null(run);
    assert_int_equal(sx_run_journal(run, "start", 0, NULL, false, NULL), SX_OK);
    assert_int_equal(sx_run_journal(run, "finish", 60, NULL, true, NULL), SX_OK);
    sx_text_set(out, SX_PATH_SIZE, sx_run_path(run));
    sx_run_close(run);
}

static sx_run_facts only_run(void) {
    sx_run_list list;
    assert_int_equal(sx_store_list(&list, NULL), SX_OK);
    assert_int_equal(list.count, 1);
    sx_run_facts facts = list.runs[0];
    sx_run_list_done(&list);
    return facts;
}

static void note_is_kept_and_taken_away(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    make_run(NULL, "tiny", path);
    assert_string_equal(only_run().note, "");
    assert_string_equal(only_run().preset, "class");
    assert_true(only_run().seconds >= 0);
    assert_int_equal(sx_store_note("1", "wide \x1b[31mnet, \xc3\xa9t\xc3\xa9", NULL), SX_OK);
    assert_string_equal(only_run().note, "wide ?[31mnet, \xc3\xa9t\xc3\xa9");
    assert_int_equal(sx_store_note("0001-tiny", "", NULL), SX_OK);
    assert_string_equal(only_run().note, "");
    assert_int_equal(sx_store_note("1", "", NULL), SX_OK);
    assert_int_equal(sx_store_note("7", "none", NULL), SX_BAD_INPUT);
}

static void name_changes_and_number_stays(void **state) {
    (void)state;
    char path[SX_PATH_SIZE];
    make_run(NULL, "tiny", path);
    make_run(NULL, "tiny", path);
    assert_int_equal(sx_store_rename("1", "wide_2.net", NULL), SX_OK);
    sx_run_folder *run = sx_run_open("1", false, NULL);
    assert_string_equal(sx_run_name(run), "0001-wide_2.net");
    sx_run_close(run);
    static const char *const wrong[] = {"", "..", ".hidden", "a/b", "-rf", "a b", "\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(sx_store_rename("1", wrong[i], NULL), SX_BAD_INPUT);
    assert_int_equal(sx_store_rename("1", "wide_2.net", NULL), SX_OK); /* its own name */
}

static void deleted_run_is_gone_and_the_others_stay(void **state) {
    (void)state;
    char first[SX_PATH_SIZE], second[SX_PATH_SIZE], command[4 * SX_PATH_SIZE];
    make_run(NULL, "tiny", first);
    make_run(NULL, "other", second);
    snprintf(command, sizeof command, "mkdir -p '%s/export/deep' && ln -s '%s' '%s/export/link'",
             first, second, first);
    assert_int_equal(system(command), 0);
    assert_int_equal(sx_store_delete("1", NULL), SX_OK);
    assert_false(sx_is_directory(first));
    assert_string_equal(only_run().name, "0002-other");
    assert_true(sx_run_recognises(second));
    snprintf(command, sizeof command, "test -z \"$(ls -A '%s/..' | grep deleted)\"", second);
    assert_int_equal(system(command), 0);
    make_run(NULL, "third", first);
    assert_non_null(strstr(first, "/0003-third")); /* a number is not given again */
}

static void run_that_is_held_or_elsewhere_is_refused(void **state) {
    (void)state;
    char path[SX_PATH_SIZE], outside[128];
    sx_error err = {0};
    sx_run_folder *run = sx_run_create(NULL, "held", ini, NULL);
    assert_int_equal(sx_store_delete("1", &err), SX_IO);
    assert_non_null(strstr(err.message, "in use"));
    assert_int_equal(sx_store_rename("1", "free", &err), SX_IO);
    assert_int_equal(sx_store_note("1", "may be written all the same", &err), SX_OK);
    sx_run_close(run);
    snprintf(outside, sizeof outside, "%s/mine", home);
    make_run(outside, "mine", path);
    assert_int_equal(sx_store_delete(outside, &err), SX_BAD_INPUT);
    assert_int_equal(sx_store_rename(outside, "yours", &err), SX_BAD_INPUT);
    assert_true(sx_run_recognises(outside));
    assert_int_equal(sx_store_delete("9", &err), SX_BAD_INPUT);
}

static bool is_left(const char *name) {
    char path[SX_PATH_SIZE];
    snprintf(path, sizeof path, "%s/sextant/lessons/%s", home, name);
    return sx_is_directory(path);
}

static void scratch_store_goes_with_its_runs(void **state) {
    (void)state;
    char own[SX_PATH_SIZE], path[SX_PATH_SIZE], kept[SX_PATH_SIZE], command[512];
    make_run(NULL, "mine", own);
    snprintf(command, sizeof command,
             "cd '%s' && mkdir -p sextant/lessons/dead/0001-x sextant/lessons/wanted && "
             "touch sextant/lessons/dead/.in-use",
             home);
    assert_int_equal(system(command), 0);
    assert_false(sx_scratch_use(true)); /* it is not open */
    assert_int_equal(sx_scratch_open(NULL), SX_OK);
    assert_true(sx_scratch_is_used());
    assert_false(is_left("dead")); /* of a process that was killed */
    assert_true(is_left("wanted"));
    make_run(NULL, "lesson", path);
    assert_non_null(strstr(path, "/sextant/lessons/"));
    assert_string_equal(only_run().name, "0002-lesson"); /* no name of the other store */
    assert_true(sx_scratch_use(false));
    assert_string_equal(only_run().name, "0001-mine");
    assert_int_equal(sx_scratch_open(NULL), SX_OK); /* the same again */
    assert_string_equal(only_run().name, "0002-lesson");
    sx_scratch_close(kept);
    assert_string_equal(kept, "");
    assert_false(sx_is_directory(path));
    assert_string_equal(only_run().name, "0001-mine");
}

static void what_is_wanted_of_the_scratch_store_stays(void **state) {
    (void)state;
    char path[SX_PATH_SIZE], kept[SX_PATH_SIZE], second[SX_PATH_SIZE];
    assert_int_equal(sx_scratch_open(NULL), SX_OK);
    sx_scratch_keep();
    sx_scratch_close(kept);
    assert_string_equal(kept, ""); /* there was nothing to keep */
    assert_int_equal(sx_scratch_open(NULL), SX_OK);
    make_run(NULL, "lesson", path);
    sx_scratch_keep();
    sx_scratch_close(kept);
    assert_memory_equal(path, kept, strlen(kept));
    assert_int_equal(sx_scratch_open(NULL), SX_OK);
    make_run(NULL, "another", second);
    sx_scratch_close(kept);
    assert_string_equal(kept, "");
    assert_false(sx_is_directory(second));
    assert_true(sx_run_recognises(path)); /* not swept either */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_home, end_home)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(scratch_store_goes_with_its_runs),
        TEST(what_is_wanted_of_the_scratch_store_stays),
        TEST(note_is_kept_and_taken_away),
        TEST(name_changes_and_number_stays),
        TEST(deleted_run_is_gone_and_the_others_stay),
        TEST(run_that_is_held_or_elsewhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
