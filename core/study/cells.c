/* The cells of a study: what its file says of them, how many runs they are, and the configuration
 * of each. Seeds go slowest, so that a study of three seeds has all its claims measured, on one
 * seed, after a third of its time. What finished cells say together is in cell_claims.c and
 * cell_results.c. */
#include "core/study/cell_claims.h"
#include "core/study/internal.h"

#include <stdio.h>
#include <string.h>

#define CELL "cell "
#define CLAIMS "claims"
#define PRESETS "presets"
#define SEED "-seed" /* and a number, at the end of a folder's name */
#define MOST_NAME 32 /* with "-seed31" it is a folder's name */

bool sx_cells_owns_section(const char *section) {
    return strncmp(section, CELL, strlen(CELL)) == 0 || strcmp(section, CLAIMS) == 0;
}

static sx_status no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for a study");
}

/* ---- entries -----------------------------------------------------------------------------------
 */

/* The value of an entry, NULL if it is not there. */
static const char **find(const sx_config *config, const char *section, const char *key) {
    for (size_t i = 0; i < config->entry_count; i++) {
        sx_config_entry *e = &config->entries[i];
        if (strcmp(e->section, section) == 0 && (!key || strcmp(e->key, key) == 0))
            return &e->value;
    }
    return NULL;
}

/* The names of the cells in the order of the file; returns how many. */
static int list_cells(const sx_config *config, const char *names[SX_MOST_CELLS]) {
    int count = 0;
    for (size_t i = 0; i < config->entry_count && count < SX_MOST_CELLS; i++) {
        const char *section = config->entries[i].section;
        bool listed = strncmp(section, CELL, strlen(CELL)) != 0;
        for (int k = 0; !listed && k < count; k++)
            listed = strcmp(names[k], section + strlen(CELL)) == 0;
        if (!listed) names[count++] = section + strlen(CELL);
    }
    return count;
}

/* Where "-seed2" begins at the end of a name; NULL: it does not end so. */
static const char *seed_of(const char *name) {
    const char *seed = NULL;
    for (const char *at = name; (at = strstr(at, SEED)); at++) seed = at;
    const char *number = seed ? seed + strlen(SEED) : "";
    return *number && !number[strspn(number, "0123456789")] ? seed : NULL;
}

static sx_status check_name(const sx_config *config, const char *section, bool create,
                            sx_error *err) {
    const char *names[SX_MOST_CELLS], *name = section + strlen(CELL);
    char shown[64];
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    sx_text_printable(shown, sizeof shown, name);
    if (!length || length > MOST_NAME || name[length])
        return sx_fail(err, SX_BAD_INPUT,
                       "[cell %s]: a cell's name has 1 to %d of the characters a-z, 0-9 and -",
                       shown, MOST_NAME);
    if (seed_of(name))
        return sx_fail(
            err, SX_BAD_INPUT,
            "[cell %s]: a name may not end in -seed and a number, as folders of seeds do", shown);
    if (find(config, section, NULL)) return SX_OK;
    int count = list_cells(config, names);
    if (create && count < SX_MOST_CELLS) return SX_OK;
    if (create) return sx_fail(err, SX_BAD_INPUT, "a study has at most %d cells", SX_MOST_CELLS);
    if (!count) return sx_fail(err, SX_BAD_INPUT, "this study has no cells, so no '%s'", shown);
    return sx_fail(err, SX_BAD_INPUT, "the study has no cell '%s'; did you mean '%s'?", shown,
                   sx_nearest_name(name, names, (size_t)count));
}

/* Which words of a list are presets; false for others. */
static bool is_in_presets(const char *list, const char *preset, bool *all_known) {
    const sx_option *option = sx_option_find(sx_study_options, "run", "preset");
    bool found = false;
    *all_known = true;
    for (const char *at = list; *at;) {
        char word[16];
        size_t length = strcspn(at, " ");
        snprintf(word, sizeof word, "%.*s", (int)(length < 16 ? length : 15), at);
        if (length && sx_option_check(option, word, NULL)) *all_known = false;
        found = found || strcmp(word, preset) == 0;
        at += length + strspn(at + length, " ");
    }
    return found;
}

/* A cell may be another kind of study, if it is about a network: trains one, or asks one. */
static sx_status check_cell_kind(const char *value, sx_error *err) {
    const sx_study_kind *kind;
    sx_status status = sx_config_check("study", "kind", value, err);
    for (int row = 0; !status && (kind = sx_study_kind_at(row)); row++)
        if (strcmp(kind->name, value) == 0 && kind->measures_only)
            return sx_fail(err, SX_BAD_INPUT, "study.kind = %s: no cell of a study can be that",
                           value);
    return status;
}

static sx_status check_cell_entry(const char *key, const char *value, sx_error *err) {
    char section[32];
    bool known;
    if (strcmp(key, PRESETS) == 0) {
        is_in_presets(value, "", &known);
        if (known && *value) return SX_OK;
        return sx_fail(err, SX_BAD_INPUT, "presets = %.60s: words of quick, class and full", value);
    }
    const char *dot = strchr(key, '.');
    size_t length = dot ? (size_t)(dot - key) : 0;
    if (!dot || length >= sizeof section)
        return sx_fail(err, SX_BAD_INPUT, "'%.60s': write section.key, or presets", key);
    memcpy(section, key, length);
    section[length] = 0;
    if (strcmp(key, "study.kind") == 0) return check_cell_kind(value, err);
    if (strcmp(section, "run") == 0 || strcmp(section, "study") == 0)
        return sx_fail(err, SX_BAD_INPUT, "'%.60s' is the same for all cells of a study", key);
    return sx_config_check(section, dot + 1, value, err);
}

static sx_status check_entry(const sx_config *config, const char *section, const char *key,
                             const char *value, bool create, sx_error *err) {
    if (strcmp(section, CLAIMS) == 0) return sx_config_check_line(key, value, err);
    sx_status status = check_name(config, section, create, err);
    return status ? status : check_cell_entry(key, value, err);
}

sx_status sx_cells_set(sx_config *config, const char *section, const char *key, const char *value,
                       bool create, sx_error *err) {
    sx_status status = check_entry(config, section, key, value, create, err);
    if (status) return status;
    const char *copy = sx_arena_text(&config->arena, value);
    const char **there = find(config, section, key);
    if (copy && there) {
        *there = copy;
        return SX_OK;
    }
    sx_config_entry entry = {sx_arena_text(&config->arena, section),
                             sx_arena_text(&config->arena, key), copy};
    if (!entry.section || !entry.key || !copy ||
        !sx_grow((void **)&config->entries, &config->entry_capacity, config->entry_count + 1,
                 sizeof entry))
        return no_memory(err);
    config->entries[config->entry_count++] = entry;
    return SX_OK;
}

/* ---- runs --------------------------------------------------------------------------------------
 */

/* The cells of the configuration's preset. */
static int list_chosen(const sx_config *config, const char *names[SX_MOST_CELLS]) {
    const char *all[SX_MOST_CELLS], *preset = sx_config_text(config, "run", "preset");
    int chosen = 0, count = list_cells(config, all);
    for (int i = 0; i < count; i++) {
        char section[SX_CELL_NAME];
        bool known;
        snprintf(section, sizeof section, CELL "%s", all[i]);
        const char **presets = find(config, section, PRESETS);
        if (!presets || is_in_presets(*presets, preset, &known)) names[chosen++] = all[i];
    }
    return chosen;
}

/* An entry of a cell, or what the study says of all. */
static const char *value_of(const sx_config *config, const char *cell, const char *section,
                            const char *key) {
    char own_section[SX_CELL_NAME], own_key[64];
    snprintf(own_section, sizeof own_section, CELL "%s", cell);
    snprintf(own_key, sizeof own_key, "%s.%s", section, key);
    const char **own = find(config, own_section, own_key);
    return own ? *own : sx_config_text(config, section, key);
}

/* The name in "cell:NAME"; NULL: it is none. */
static const char *cell_in(const char *from) {
    size_t length = strlen(SX_CELL_ORIGIN);
    return strncmp(from, SX_CELL_ORIGIN, length) == 0 ? from + length : NULL;
}

/* Where a network's structure is said; whoever begins with a file or a run has that one's. Cells
 * begin with those before them, so the walk ends after as many as there are. */
static const char *spec_of(const sx_config *config, const char *cell, int cells) {
    const char *from = value_of(config, cell, "model", "from");
    const char *before = cell_in(from);
    if (!*from) return value_of(config, cell, "model", "spec");
    return before && cells > 1 ? spec_of(config, before, cells - 1) : "";
}

bool sx_cells_describe(const sx_config *config, int row, sx_cell_facts *out) {
    const char *all[SX_MOST_CELLS], *chosen[SX_MOST_CELLS];
    char section[SX_CELL_NAME];
    int count = list_cells(config, all), some = list_chosen(config, chosen);
    if (row >= count) return false;
    snprintf(section, sizeof section, CELL "%s", all[row]);
    const char **presets = find(config, section, PRESETS);
    *out = (sx_cell_facts){.name = all[row],
                           .presets = presets ? *presets : "",
                           .kind = value_of(config, all[row], "study", "kind"),
                           .from = value_of(config, all[row], "model", "from"),
                           .spec = spec_of(config, all[row], count)};
    for (int i = 0; i < some; i++) out->chosen = out->chosen || chosen[i] == all[row];
    return true;
}

static int seeds_of(const sx_config *config) {
    return (int)sx_config_number(config, "run", "seeds");
}

int sx_cells_count(const sx_config *config) {
    const char *names[SX_MOST_CELLS];
    int cells = list_chosen(config, names), seeds = seeds_of(config);
    if (!cells) return seeds > 1 ? seeds : 0;
    return cells * seeds;
}

/* Which cell and which seed a run is of. */
static const char *cell_of(const sx_config *config, int run, int *seed) {
    const char *names[SX_MOST_CELLS];
    int cells = list_chosen(config, names);
    *seed = cells ? run / cells : run;
    return cells ? names[run % cells] : "";
}

void sx_cells_name(const sx_config *config, int run, char out[SX_CELL_NAME]) {
    int seed;
    sx_text_set(out, SX_CELL_NAME, cell_of(config, run, &seed));
}

void sx_cells_folder(const sx_config *config, int run, char out[SX_CELL_NAME]) {
    int seed;
    const char *cell = cell_of(config, run, &seed);
    if (seeds_of(config) == 1)
        snprintf(out, SX_CELL_NAME, "%s", cell);
    else
        snprintf(out, SX_CELL_NAME, "%s%sseed%d", cell, *cell ? "-" : "", seed);
}

sx_status sx_cells_check_plain(const sx_config *config, const char *which, sx_error *err) {
    char cell[SX_CELL_NAME];
    if (!sx_cells_count(config)) return SX_OK;
    sx_cells_folder(config, 0, cell);
    return sx_fail(err, SX_BAD_INPUT,
                   "it is a study of several networks: name one, as %.120s%s/%s (sextant describe "
                   "%.120s lists them)",
                   which, sx_is_directory(which) ? "/cells" : "", cell, which);
}

void sx_cells_origin(const char *from, const char *own_folder, char out[SX_CELL_NAME]) {
    const char *seed = seed_of(own_folder);
    snprintf(out, SX_CELL_NAME, "%.*s%s", MOST_NAME, from + strlen(SX_CELL_ORIGIN),
             seed ? seed : "");
}

static sx_status apply_cell(const sx_config *config, const char *cell, sx_config *out,
                            sx_error *err) {
    char section[SX_CELL_NAME], assignment[256];
    snprintf(section, sizeof section, CELL "%s", cell);
    sx_status status = SX_OK;
    for (size_t i = 0; !status && i < config->entry_count; i++) {
        const sx_config_entry *e = &config->entries[i];
        if (strcmp(e->section, section) != 0 || strcmp(e->key, PRESETS) == 0) continue;
        snprintf(assignment, sizeof assignment, "%s=%s", e->key, e->value);
        status = sx_config_override(out, assignment, err);
    }
    return status;
}

sx_status sx_cells_config(const sx_config *config, int run, sx_config *out, sx_error *err) {
    int seed;
    char number[32];
    const char *cell = cell_of(config, run, &seed);
    sx_status status = sx_config_copy(config, out, err);
    if (status) return status;
    out->entry_count = 0;
    snprintf(number, sizeof number, "%.0f", sx_config_number(config, "run", "seed") + seed);
    status = sx_config_put(out, "run", "seed", number, err);
    if (!status) status = sx_config_put(out, "run", "seeds", "1", err);
    if (!status) status = apply_cell(config, cell, out, err);
    if (status) sx_config_done(out);
    return status;
}

/* ---- whether it all fits -----------------------------------------------------------------------
 */

static sx_status check_origin(const sx_config *config, const char *const *before, int count,
                              const char *cell, sx_error *err) {
    const char *from = value_of(config, cell, "model", "from");
    const char *wanted = cell_in(from);
    if (!wanted) return SX_OK;
    for (int i = 0; i < count; i++)
        if (strcmp(before[i], wanted) == 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "[cell %s] model.from = %.80s: no cell of that name stands before it, in this "
                   "preset",
                   cell, from);
}

/* Cells are trained, and what they say together rests on that. */
static sx_status check_kind(const sx_config *config, sx_error *err) {
    const sx_study_kind *kind = sx_study_kind_of(config);
    if (!kind->measures_only || !sx_cells_count(config)) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "a study of kind %s trains nothing, so it has neither cells nor several seeds: "
                   "give it its models as measure.model1 to model8, and run.seeds = 1",
                   kind->name);
}

static bool has_cells(const char *text, const char *const *names, int count) {
    sx_cell_claim_text claim;
    if (sx_cell_claim_parse(text, &claim, NULL)) return false;
    int found = 0;
    for (int c = 0; c < claim.count; c++)
        for (int i = 0; i < count; i++) found += strcmp(names[i], claim.cells[c]) == 0;
    return found == claim.count;
}

bool sx_cells_claim(const sx_config *config, int row, const char **text, bool *present) {
    const char *names[SX_MOST_CELLS];
    int chosen = list_chosen(config, names);
    for (size_t i = 0; i < config->entry_count; i++) {
        const sx_config_entry *e = &config->entries[i];
        if (strcmp(e->section, CLAIMS) != 0 || row-- > 0) continue;
        *text = e->value;
        *present = has_cells(e->value, names, chosen);
        return true;
    }
    return false;
}

int sx_cells_claims(const sx_config *config, int *absent) {
    const char *text;
    bool present;
    int claims = 0;
    *absent = 0;
    while (sx_cells_claim(config, claims, &text, &present)) {
        claims++;
        *absent += !present;
    }
    return claims;
}

/* A claim may name any cell of the file: in a preset without it, it is not measured. */
sx_status sx_cells_check(const sx_config *config, sx_error *err) {
    const char *names[SX_MOST_CELLS];
    int count = list_chosen(config, names);
    sx_status status = check_kind(config, err);
    for (int i = 0; !status && i < count; i++)
        status = check_origin(config, names, i, names[i], err);
    count = list_cells(config, names);
    for (size_t i = 0; !status && i < config->entry_count; i++) {
        const sx_config_entry *e = &config->entries[i];
        if (strcmp(e->section, CLAIMS) != 0) continue;
        status = sx_cell_claim_check(e->value, names, (size_t)count, err);
        if (status) sx_fail_within(err, "[claims] %.20s", e->key);
    }
    return status;
}
