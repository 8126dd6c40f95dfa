/* The sides of a comparison. Finished runs and checkpoints are read from disk when the page is
 * opened, as many a drawing as there is time for; the run that is computed here is followed live. A
 * checkpoint is compared by the results that were saved with it: of the newest one and the one
 * before a run keeps both. They are not measured again, so each result is of the step at which it
 * was last published by then. */
#include "views/pane/sides.h"

#include "core/store/store.h"
#include "views/pane/difference.h"
#include "views/pane/lens.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const result_names[SX_SIDE_RESULTS] = {"training", "validation",    "rotation",
                                                          "size",     "risk-coverage", "location"};

static sx_result_kind kind_of(int which) {
    return which == SX_SIDE_MAP ? SX_RESULT_GRID : SX_RESULT_SERIES;
}

/* ---- what was made ----------------------------------------------------------------------------
 */

void sx_made_clear(sx_made *made) {
    sx_result_release(made->made);
    sx_result_release(made->masked);
    for (int i = 0; i < made->count; i++) sx_result_release(made->from[i]);
    *made = (sx_made){0};
}

bool sx_made_renew(sx_made *made, const sx_result *const *from, int count, int kind) {
    bool same = count == made->count && kind == made->kind;
    for (int i = 0; i < count && same; i++) same = from[i] == made->from[i];
    if (same) return false;
    sx_made_clear(made);
    for (int i = 0; i < count; i++) made->from[i] = sx_result_keep(from[i]);
    made->count = count;
    made->kind = kind;
    return true;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static void forget(sx_side *side) {
    for (int i = 0; i < SX_SIDE_RESULTS; i++) sx_result_release(side->results[i]);
    sx_result_release(side->clock);
    *side = (sx_side){0};
}

/* A result of the right kind; NULL if there is none. */
static sx_result *load_result(const sx_run_folder *run, sx_run_version version, int which) {
    const char *name = result_names[which];
    sx_result *result = version == SX_RUN_BEFORE ? sx_run_load_result_before(run, name, NULL)
                                                 : sx_run_load_result(run, name, NULL);
    if (!result || result->kind == kind_of(which)) return result;
    sx_result_release(result);
    return NULL;
}

/* "0012-cnn@1500 · seed 0 · ...": the name with the step of its newest result in place of it. */
static void name_checkpoint(sx_side *side) {
    char rest[192];
    int64_t step = -1;
    size_t length = strlen(side->name);
    for (int i = 0; i < SX_SIDE_RESULTS; i++)
        if (side->results[i] && side->results[i]->step > step) step = side->results[i]->step;
    if (step < 0)
        snprintf(side->label, sizeof side->label, "%s@none", side->name);
    else
        snprintf(side->label, sizeof side->label, "%s@%" PRId64, side->name, step);
    bool begins = strncmp(side->caption, side->name, length) == 0;
    sx_text_set(rest, sizeof rest, begins ? side->caption + length : "");
    snprintf(side->caption, sizeof side->caption, "%s%s", side->label, rest);
}

static void load(sx_side *side, const char *name, sx_run_version version) {
    sx_error err = {0};
    forget(side);
    sx_run_folder *run = sx_run_open(name, false, &err);
    if (!run) return;
    sx_text_set(side->name, sizeof side->name, name);
    sx_text_set(side->label, sizeof side->label, name);
    sx_text_set(side->path, sizeof side->path, sx_run_path(run));
    sx_run_caption(run, side->caption, sizeof side->caption);
    side->version = version;
    for (int i = 0; i < SX_SIDE_RESULTS; i++) side->results[i] = load_result(run, version, i);
    if (version != SX_RUN_NOW) name_checkpoint(side);
    sx_run_close(run);
}

void sx_sides_open(sx_sides *sides) {
    for (int i = 0; i < SX_COMPARED; i++)
        if (strcmp(sides->sides[i].name, sides->desk->compared[i].run) != 0 ||
            sides->sides[i].version != sides->desk->compared[i].version)
            forget(&sides->sides[i]);
    sides->unread = 0;
}

bool sx_sides_read(sx_sides *sides) {
    double began = sx_seconds();
    int read = 0;
    for (; sides->unread < SX_COMPARED; sides->unread++) {
        sx_side *side = &sides->sides[sides->unread];
        char *run = sides->desk->compared[sides->unread].run;
        if (!run[0]) {
            forget(side);
            continue;
        }
        if (read++ > 0 && !sx_desk_has_time(sides->desk, began)) return true;
        load(side, run, sides->desk->compared[sides->unread].version);
        if (!side->name[0]) run[0] = 0; /* it is there no more */
    }
    return false;
}

void sx_sides_free(sx_sides *sides) {
    for (int i = 0; i < SX_COMPARED; i++) {
        forget(&sides->sides[i]);
        for (int which = 0; which <= SX_SIDE_VALIDATION; which++)
            sx_made_clear(&sides->over[i][which]);
    }
}

static bool is_live(const sx_sides *sides, int place) {
    const sx_side *side = &sides->sides[place];
    return side->version == SX_RUN_NOW && strcmp(side->name, sides->desk->now->run) == 0;
}

void sx_sides_update(sx_sides *sides) {
    for (int i = 0; i < SX_COMPARED; i++) {
        sx_side *side = &sides->sides[i];
        char name[sizeof side->name];
        bool was = side->live, is = side->name[0] && is_live(sides, i);
        sx_text_set(name, sizeof name, side->name);
        if (was && !is) load(side, name, SX_RUN_NOW);
        side->live = is;
    }
}

/* ---- results ----------------------------------------------------------------------------------
 */

const sx_result *sx_sides_result(const sx_sides *sides, int place, sx_side_result which) {
    if (!sides->sides[place].name[0]) return NULL;
    if (is_live(sides, place))
        return sx_part_result(sides->desk, result_names[which], kind_of(which));
    return sides->sides[place].results[which];
}

/* Read when it is first asked for: a journal may be long. */
const sx_result *sx_sides_clock(sx_sides *sides, int place) {
    sx_side *side = &sides->sides[place];
    if (!side->name[0]) return NULL;
    if (is_live(sides, place)) return sides->desk->now->clock;
    if (!side->clock_read) {
        sx_run_folder *run = sx_run_open(side->name, false, NULL);
        if (run) side->clock = sx_run_clock(run);
        sx_run_close(run);
        side->clock_read = true;
    }
    return side->clock;
}

const sx_result *sx_sides_over(sx_sides *sides, int place, sx_side_result which, int axis) {
    const sx_result *series = sx_sides_result(sides, place, which);
    if (axis == SX_BY_STEP || !series) return series;
    sx_made *over = &sides->over[place][which];
    const sx_result *from[2] = {series, sx_sides_clock(sides, place)};
    if (!from[1]) return NULL;
    if (sx_made_renew(over, from, 2, axis)) over->made = sx_over_clock(series, from[1], axis);
    return over->made;
}

int sx_sides_next_map(const sx_sides *sides, int from) {
    for (int i = 1; i <= SX_COMPARED; i++) {
        int place = (from + i + SX_COMPARED) % SX_COMPARED;
        if (sx_sides_result(sides, place, SX_SIDE_MAP)) return place;
    }
    return -1;
}

int sx_sides_twin(const sx_sides *sides, int place) {
    for (int before = 0; before < place; before++) {
        bool same = sides->sides[before].name[0] != 0;
        for (int i = 0; i < SX_SIDE_RESULTS && same; i++) {
            const sx_result *a = sx_sides_result(sides, before, i);
            const sx_result *b = sx_sides_result(sides, place, i);
            same = a && b ? sx_same_bits(a, b) : !a && !b && i != SX_SIDE_VALIDATION;
        }
        if (same) return before;
    }
    return -1;
}
