/* The list of runs: what each run.ini says, and the end of each journal. A run whose journal does
 * not say how it ended is running if somebody holds its lock; else its process was killed. */
#include "core/store/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool take_line(void *user, const json_t *line) {
    sx_run_facts *facts = user;
    const char *kind = json_string_value(json_object_get(line, "kind"));
    double accuracy = sx_json_to_number(json_object_get(line, "validation accuracy"));
    double seconds = sx_json_to_number(json_object_get(line, "t"));
    json_int_t step = json_integer_value(json_object_get(line, "step"));
    static const struct {
        const char *kind, *state;
    } states[] = {{"start", "running"},
                  {"resume", "running"},
                  {"finish", "finished"},
                  {"stop", "stopped"},
                  {"fail", "failed"}};
    if (step > 0) facts->step = step;
    if (!isnan(accuracy)) facts->accuracy = accuracy;
    if (!isnan(seconds)) facts->seconds = seconds;
    for (size_t i = 0; kind && i < sizeof states / sizeof states[0]; i++)
        if (strcmp(kind, states[i].kind) == 0)
            sx_text_set(facts->state, sizeof facts->state, states[i].state);
    return true;
}

/* Takes the study's name, preset and steps from its configuration. */
static void take_ini(sx_run_facts *facts, const char *text) {
    sx_ini ini;
    double steps;
    if (sx_ini_parse(facts->name, text, strlen(text), &ini, NULL)) return;
    for (size_t i = 0; i < ini.count; i++) {
        const sx_ini_entry *e = &ini.entries[i];
        if (strcmp(e->section, "study") == 0 && strcmp(e->key, "name") == 0)
            sx_text_printable(facts->study, sizeof facts->study, e->value);
        if (strcmp(e->section, "run") == 0 && strcmp(e->key, "preset") == 0)
            sx_text_printable(facts->preset, sizeof facts->preset, e->value);
        if (strcmp(e->section, "train") == 0 && strcmp(e->key, "steps") == 0 &&
            sx_text_number(e->value, &steps) && steps > 0 && steps < 1e15)
            facts->steps = (int64_t)steps;
    }
    sx_ini_done(&ini);
}

static void describe(sx_run_facts *facts, const char *path) {
    *facts = (sx_run_facts){.accuracy = NAN, .seconds = NAN, .state = "broken"};
    sx_text_printable(facts->name, sizeof facts->name, sx_path_name(path));
    sx_run_folder *run = sx_run_open(path, false, NULL);
    if (!run) return;
    sx_text_set(facts->state, sizeof facts->state, "running");
    sx_text_set(facts->created, sizeof facts->created, run->created);
    take_ini(facts, run->ini);
    sx_run_note(run, facts->note, sizeof facts->note);
    sx_journal_scan(run, SX_JOURNAL_TAIL, take_line, facts, NULL, NULL);
    if (strcmp(facts->state, "running") == 0 && !sx_run_in_use(run))
        sx_text_set(facts->state, sizeof facts->state, "stopped");
    sx_run_close(run);
}

static int by_number(const void *a, const void *b) {
    const sx_run_facts *left = a, *right = b;
    long x = sx_run_number(left->name), y = sx_run_number(right->name);
    return x != y ? (x > y) - (x < y) : strcmp(left->name, right->name);
}

sx_status sx_store_list(sx_run_list *out, sx_error *err) {
    char root[SX_PATH_SIZE], path[SX_PATH_SIZE];
    sx_listing listing;
    *out = (sx_run_list){0};
    sx_status status = sx_store_root(root, err);
    if (status || !sx_is_directory(root)) return status;
    status = sx_directory_list(root, &listing, err);
    if (status) return status;
    out->runs = sx_alloc(listing.count, sizeof *out->runs);
    if (!out->runs) status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the list of runs");
    for (size_t i = 0; out->runs && i < listing.count; i++)
        if (!sx_path_join(path, root, listing.names[i], NULL) && sx_is_directory(path))
            describe(&out->runs[out->count++], path);
    sx_listing_done(&listing);
    if (out->runs && out->count > 1) qsort(out->runs, out->count, sizeof *out->runs, by_number);
    return status;
}

void sx_run_list_done(sx_run_list *list) {
    sx_free(list->runs);
    *list = (sx_run_list){0};
}
