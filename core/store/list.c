/* The list of runs: what each run.ini says, and the end of each journal. A run whose journal does
 * not say how it ended is running if somebody holds its lock; else its process was killed. */
#include "core/store/internal.h"

#include <math.h>
#include <stdio.h>
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
    const json_t *cells = json_object_get(line, "cells");
    if (cells) {
        facts->cells = true;
        facts->steps = json_integer_value(cells);
        facts->step = step;
        const char *cell = json_string_value(json_object_get(line, "cell"));
        sx_text_printable(facts->cell, sizeof facts->cell, cell ? cell : "");
    }
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
    sx_text_set(facts->name, sizeof facts->name, sx_run_name(run));
    sx_text_set(facts->state, sizeof facts->state, "running");
    sx_text_set(facts->created, sizeof facts->created, run->created);
    take_ini(facts, run->ini);
    sx_run_note(run, facts->note, sizeof facts->note);
    sx_journal_scan(run, SX_JOURNAL_TAIL, take_line, facts, NULL, NULL);
    if (strcmp(facts->state, "running") == 0 && !sx_run_in_use(run))
        sx_text_set(facts->state, sizeof facts->state, "stopped");
    if (strcmp(facts->state, "running") != 0) facts->cell[0] = 0;
    sx_run_close(run);
}

sx_status sx_store_facts(const char *which, sx_run_facts *out, sx_error *err) {
    sx_run_folder *run = sx_run_open(which, false, err);
    if (!run) return err ? err->status : SX_BAD_INPUT;
    describe(out, sx_run_path(run));
    sx_run_close(run);
    return SX_OK;
}

void sx_run_progress(const sx_run_facts *run, char *out, size_t size) {
    char step[32], steps[32];
    snprintf(out, size, run->cells ? "%s of %s runs done%s%s" : "step %s of %s%s%s",
             sx_text_count(step, run->step), sx_text_count(steps, run->steps),
             run->cell[0] ? ", now " : "", run->cell);
}

/* ---- all of them ------------------------------------------------------------------------------
 */

static int by_number(const void *a, const void *b) {
    const char *left = *(char *const *)a, *right = *(char *const *)b;
    long x = sx_run_number(left), y = sx_run_number(right);
    return x != y ? (x > y) - (x < y) : strcmp(left, right);
}

sx_status sx_run_walk_begin(sx_run_walk *walk, sx_error *err) {
    sx_run_walk_done(walk);
    sx_status status = sx_store_root(walk->root, err);
    if (status || !sx_is_directory(walk->root)) return status;
    status = sx_directory_list(walk->root, &walk->names, err);
    if (status) return status;
    walk->left = walk->names.count;
    if (walk->left > 1) qsort(walk->names.names, walk->left, sizeof(char *), by_number);
    return SX_OK;
}

/* The next cell of the run that came last. */
static bool next_cell(sx_run_walk *walk, sx_run_facts *out) {
    char path[SX_PATH_SIZE];
    while (walk->cell < walk->cells.count) {
        const char *name = walk->cells.names[walk->cell++];
        if (sx_path_join(path, walk->study, name, NULL) || !sx_is_directory(path)) continue;
        describe(out, path);
        return true;
    }
    return false;
}

static void find_cells(sx_run_walk *walk, const char *path) {
    sx_listing_done(&walk->cells);
    walk->cell = 0;
    if (sx_path_join(walk->study, path, SX_STORE_CELLS, NULL) || !sx_is_directory(walk->study) ||
        sx_directory_list(walk->study, &walk->cells, NULL))
        walk->cells = (sx_listing){0};
}

bool sx_run_walk_next(sx_run_walk *walk, sx_run_facts *out) {
    char path[SX_PATH_SIZE];
    if (next_cell(walk, out)) return true;
    while (walk->left > 0) {
        const char *name = walk->names.names[--walk->left];
        if (sx_path_join(path, walk->root, name, NULL) || !sx_is_directory(path)) continue;
        describe(out, path);
        find_cells(walk, path);
        return true;
    }
    return false;
}

void sx_run_walk_done(sx_run_walk *walk) {
    sx_listing_done(&walk->names);
    sx_listing_done(&walk->cells);
    walk->left = walk->cell = 0;
}

static void reverse(sx_run_facts *runs, size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        sx_run_facts other = runs[i];
        runs[i] = runs[count - 1 - i];
        runs[count - 1 - i] = other;
    }
}

/* The walk goes from the newest; turned around, cells would stand before their study. */
static void turn_around(sx_run_list *list) {
    reverse(list->runs, list->count);
    for (size_t first = 0, i = 0; i < list->count; i++) {
        if (strchr(list->runs[i].name, '/')) continue;
        reverse(list->runs + first, i + 1 - first);
        first = i + 1;
    }
}

sx_status sx_store_list(sx_run_list *out, sx_error *err) {
    sx_run_walk walk = {0};
    size_t capacity = 0;
    sx_run_facts facts;
    *out = (sx_run_list){0};
    sx_status status = sx_run_walk_begin(&walk, err);
    while (!status && sx_run_walk_next(&walk, &facts)) {
        if (sx_grow((void **)&out->runs, &capacity, out->count + 1, sizeof *out->runs))
            out->runs[out->count++] = facts;
        else
            status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the list of runs");
    }
    turn_around(out);
    sx_run_walk_done(&walk);
    if (status) sx_run_list_done(out);
    return status;
}

void sx_run_list_done(sx_run_list *list) {
    sx_free(list->runs);
    *list = (sx_run_list){0};
}
