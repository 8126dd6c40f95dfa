/* Configurations: a value for every row of the option table. A file is read in two passes, the
 * plain sections and then the chosen preset's, so that a preset wins wherever it stands in the
 * file. */
#include "core/study/last_layer.h"

#include <string.h>

#define VALUE_LIMIT 150 /* bytes; a line of a study file must hold key and value */
#define RUN_SECTION "run-folder"

static const char *const presets[] = {"quick", "class", "full"};
enum { PRESETS = sizeof presets / sizeof presets[0] };

static bool is_preset(const char *name) {
    for (int i = 0; i < PRESETS; i++)
        if (strcmp(presets[i], name) == 0) return true;
    return false;
}

static size_t option_count(void) {
    size_t count = 0;
    while (sx_study_options[count].name) count++;
    return count;
}

sx_status sx_config_new(sx_config *out, sx_error *err) {
    size_t count = option_count();
    *out = (sx_config){0};
    out->values = sx_arena_alloc(&out->arena, count, sizeof *out->values);
    out->given = sx_arena_alloc(&out->arena, count, sizeof *out->given);
    if (!out->given) out->values = NULL;
    for (size_t i = 0; out->values && i < count; i++) {
        out->values[i] = sx_arena_text(&out->arena, sx_study_options[i].initial);
        if (out->values[i]) continue;
        sx_arena_done(&out->arena);
        out->values = NULL;
    }
    if (out->values) return SX_OK;
    sx_arena_done(&out->arena);
    return sx_fail(err, SX_NO_MEMORY, "not enough memory for a study");
}

void sx_config_done(sx_config *config) {
    sx_free(config->entries);
    sx_arena_done(&config->arena);
    *config = (sx_config){0};
}

/* ---- checks that need more than the table -------------------------------------------------------
 */

typedef const sx_train_kind *(*train_row)(int row);

static sx_status check_against(const sx_spec *spec, const char *what, const char *const *names,
                               const sx_option *const *options, size_t count, sx_error *err) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(spec->name, names[i]) == 0) return sx_spec_check(spec, options[i], err);
    return sx_fail(err, SX_BAD_INPUT, "unknown %s '%s'; did you mean '%s'?", what, spec->name,
                   sx_nearest_name(spec->name, names, count));
}

static sx_status check_train(const char *value, const char *what, train_row at, sx_error *err) {
    sx_spec spec;
    const char *names[64];
    const sx_option *options[64];
    size_t count = 0;
    const sx_train_kind *kind;
    for (; count < 64 && (kind = at((int)count)); count++) {
        names[count] = kind->name;
        options[count] = kind->options;
    }
    sx_status status = sx_spec_parse(value, &spec, err);
    return status ? status : check_against(&spec, what, names, options, count, err);
}

static sx_status check_name(const char *value, sx_error *err) {
    size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (length > 0 && length <= 40 && !value[length]) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "name = %.60s: 1 to 40 of the characters a-z, 0-9 and - are possible", value);
}

static sx_status check_optimizer(const char *value, sx_error *err) {
    return check_train(value, "optimizer", sx_optimizer_at, err);
}

static sx_status check_methods(const char *value, sx_error *err) {
    sx_last_list list;
    return sx_last_methods_read(value, &list, err);
}

static const struct {
    const char *section, *key;
    sx_status (*check)(const char *value, sx_error *err);
} checks[] = {
    {"study", "name", check_name},           {"data", "compose", sx_compose_check},
    {"data", "resize", sx_resize_check},     {"model", "spec", sx_model_check},
    {"data", "mean", sx_colours_check},      {"data", "deviation", sx_deviation_check},
    {"train", "optimizer", check_optimizer}, {"train", "schedule", sx_schedule_check},
    {"train", "average", sx_average_check},  {"train", "augment", sx_augment_check},
    {"train", "tune", sx_tune_check},        {"train", "recipe", sx_recipe_check},
    {"data", "classes", sx_classes_check},   {"last_layer", "methods", check_methods},
    {"last_layer", "more", check_methods},   {"last_layer", "deeper", check_methods},
};

static sx_status unknown_section(const char *section, sx_error *err) {
    const char *names[32] = {"quick", "class", "full"};
    size_t count = PRESETS;
    for (const sx_option *o = sx_study_options; o->name && count < 32; o++)
        if (strcmp(names[count - 1], o->section) != 0) names[count++] = o->section;
    char shown[64];
    sx_text_printable(shown, sizeof shown, section);
    return sx_fail(err, SX_BAD_INPUT, "unknown section [%s]; did you mean [%s]?", shown,
                   sx_nearest_name(section, names, count));
}

static bool has_section(const char *section) {
    for (const sx_option *o = sx_study_options; o->name; o++)
        if (strcmp(o->section, section) == 0) return true;
    return false;
}

/* A value must come back from a line of a file as it went in: no line ends, no tabs, no beginning
 * of a comment. Control characters would reach a screen. */
static bool is_writable(const char *value) {
    size_t length = strlen(value);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)value[i];
        bool begins_comment = c == ';' && (i == 0 || value[i - 1] == ' ');
        if (c < ' ' || c == 127 || begins_comment) return false;
    }
    return length <= VALUE_LIMIT;
}

sx_status sx_config_check_line(const char *key, const char *value, sx_error *err) {
    if (is_writable(value)) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "%s: a value is one line of at most %d bytes, without control characters and "
                   "without a comment in it",
                   key, VALUE_LIMIT);
}

sx_status sx_config_check(const char *section, const char *key, const char *value, sx_error *err) {
    if (!has_section(section)) return unknown_section(section, err);
    const sx_option *option = sx_option_find(sx_study_options, section, key);
    if (!option) return sx_option_unknown(sx_study_options, section, key, err);
    sx_status status = sx_config_check_line(key, value, err);
    if (!status) status = sx_option_check(option, value, err);
    for (size_t i = 0; !status && i < sizeof checks / sizeof checks[0]; i++)
        if (strcmp(checks[i].section, option->section) == 0 &&
            strcmp(checks[i].key, option->name) == 0)
            return checks[i].check(value, err);
    return status;
}

/* ---- setting
 * -------------------------------------------------------------------------------------- */

/* A copy without the blanks around it, which a file would not keep. */
static char *trimmed(sx_arena *arena, const char *value) {
    while (*value == ' ') value++;
    char *copy = sx_arena_text(arena, value);
    size_t length = copy ? strlen(copy) : 0;
    while (length > 0 && copy[length - 1] == ' ') copy[--length] = 0;
    return copy;
}

sx_status sx_config_put(sx_config *config, const char *section, const char *key, const char *value,
                        sx_error *err) {
    char *copy = trimmed(&config->arena, value);
    if (!copy) return sx_fail(err, SX_NO_MEMORY, "not enough memory for a study");
    sx_status status = sx_config_check(section, key, copy, err);
    if (!status)
        config->values[sx_option_find(sx_study_options, section, key) - sx_study_options] = copy;
    return status;
}

static sx_status set(sx_config *config, const char *section, const char *key, const char *value,
                     sx_error *err) {
    if (sx_cells_owns_section(section)) return sx_cells_set(config, section, key, value, true, err);
    sx_status status = sx_config_put(config, section, key, value, err);
    if (!status)
        config->given[sx_option_find(sx_study_options, section, key) - sx_study_options] = true;
    return status;
}

sx_status sx_config_offer(sx_config *config, const char *section, const char *key,
                          const char *value, sx_error *err) {
    const sx_option *option = sx_option_find(sx_study_options, section, key);
    bool given = option && config->given[option - sx_study_options];
    return given ? SX_OK : sx_config_put(config, section, key, value, err);
}

bool sx_config_given(const sx_config *config, const char *section, const char *key) {
    const sx_option *option = sx_option_find(sx_study_options, section, key);
    return option && config->given[option - sx_study_options];
}

/* "section.key" and a value. Not the preset: naming another one here would not apply its section.
 */
static sx_status set_dotted(sx_config *config, const char *name, const char *value, sx_error *err) {
    if (strcmp(name, "run.preset") == 0)
        return sx_fail(err, SX_BAD_INPUT,
                       "run.preset is chosen before the file is read: in its [run] section, or "
                       "with --preset");
    char section[64];
    const char *dot = strchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) : 0;
    if (!dot || length >= sizeof section) {
        char shown[64];
        sx_text_printable(shown, sizeof shown, name);
        return sx_fail(err, SX_BAD_INPUT, "'%s': write section.key", shown);
    }
    memcpy(section, name, length);
    section[length] = 0;
    if (sx_cells_owns_section(section))
        return sx_cells_set(config, section, dot + 1, value, false, err);
    return set(config, section, dot + 1, value, err);
}

sx_status sx_config_override(sx_config *config, const char *assignment, sx_error *err) {
    char name[128];
    const char *equals = strchr(assignment, '=');
    size_t length = equals ? (size_t)(equals - assignment) : sizeof name;
    if (length >= sizeof name) {
        char shown[80];
        sx_text_printable(shown, sizeof shown, assignment);
        return sx_fail(err, SX_BAD_INPUT, "'%s': write section.key=value", shown);
    }
    memcpy(name, assignment, length);
    name[length] = 0;
    return set_dotted(config, name, equals + 1, err);
}

/* ---- files
 * ------------------------------------------------------------------------------------------ */

/* One pass over the entries: the plain sections (preset NULL), or those of one preset. */
static sx_status apply(sx_config *config, const char *file, const sx_ini *ini, const char *preset,
                       bool *found, sx_error *err) {
    for (size_t i = 0; i < ini->count; i++) {
        const sx_ini_entry *e = &ini->entries[i];
        bool chosen = preset && strcmp(e->section, preset) == 0;
        bool plain = !preset && !is_preset(e->section) && strcmp(e->section, RUN_SECTION) != 0;
        sx_status status = SX_OK;
        if (chosen) status = set_dotted(config, e->key, e->value, err);
        if (plain) status = set(config, e->section, e->key, e->value, err);
        *found = *found || chosen;
        if (!status) continue;
        sx_fail_within(err, "%.200s:%d", file, e->line);
        return status;
    }
    return SX_OK;
}

/* Presets that are not chosen are checked too: a class must not find the mistake. */
static sx_status check_presets(const char *file, const sx_ini *ini, sx_error *err) {
    sx_config trial;
    sx_status status = sx_config_new(&trial, err);
    bool found = false;
    if (!status) status = apply(&trial, file, ini, NULL, &found, err);
    for (int i = 0; !status && i < PRESETS; i++) {
        status = apply(&trial, file, ini, presets[i], &found, err);
        if (!status) status = sx_config_put(&trial, "run", "preset", presets[i], err);
        if (!status && sx_cells_check(&trial, err))
            status = sx_fail_within(err, "%.200s, preset %s", file, presets[i]);
    }
    sx_config_done(&trial);
    return status;
}

static sx_status from_ini(sx_config *out, const char *file, const sx_ini *ini, const char *preset,
                          sx_error *err) {
    bool found = false;
    sx_status status = check_presets(file, ini, err);
    if (!status) status = apply(out, file, ini, NULL, &found, err);
    if (!status && preset) status = set(out, "run", "preset", preset, err);
    if (status) return status;
    const char *chosen = sx_config_text(out, "run", "preset");
    status = apply(out, file, ini, chosen, &found, err);
    if (!status && preset && !found && strcmp(preset, presets[0]) != 0)
        return sx_fail(err, SX_BAD_INPUT, "%.200s has no section [%s]", file, preset);
    return status;
}

sx_status sx_config_parse(sx_config *out, const char *name, const char *text, const char *preset,
                          sx_error *err) {
    sx_ini ini;
    sx_status status = sx_ini_parse(name, text, strlen(text), &ini, err);
    if (status) return status;
    status = from_ini(out, name, &ini, preset, err);
    sx_ini_done(&ini);
    return status;
}

sx_status sx_config_read(sx_config *out, const char *path, const char *preset, sx_error *err) {
    sx_ini ini;
    sx_status status = sx_ini_read(path, &ini, err);
    if (status) return status;
    status = from_ini(out, path, &ini, preset, err);
    sx_ini_done(&ini);
    return status;
}

const char *sx_config_text(const sx_config *config, const char *section, const char *key) {
    const sx_option *option = sx_option_find(sx_study_options, section, key);
    return option ? config->values[option - sx_study_options] : "";
}

double sx_config_number(const sx_config *config, const char *section, const char *key) {
    double value = 0;
    sx_text_number(sx_config_text(config, section, key), &value);
    return value;
}

sx_status sx_config_copy(const sx_config *from, sx_config *out, sx_error *err) {
    size_t count = option_count();
    sx_status status = sx_config_new(out, err);
    for (size_t i = 0; !status && i < from->entry_count; i++) {
        const sx_config_entry *e = &from->entries[i];
        status = sx_cells_set(out, e->section, e->key, e->value, true, err);
    }
    for (size_t i = 0; !status && i < count; i++) {
        out->given[i] = from->given[i];
        out->values[i] = sx_arena_text(&out->arena, from->values[i]);
        if (!out->values[i]) status = sx_fail(err, SX_NO_MEMORY, "not enough memory for a study");
    }
    if (status) sx_config_done(out);
    return status;
}

void sx_config_write(const sx_config *config, sx_text *out) {
    const char *section = "";
    for (const sx_option *o = sx_study_options; o->name; o++) {
        if (strcmp(section, o->section) != 0) sx_text_add(out, "[%s]\n", o->section);
        section = o->section;
        sx_text_add(out, "%s = %s\n", o->name, config->values[o - sx_study_options]);
    }
    for (size_t i = 0; i < config->entry_count; i++) {
        const sx_config_entry *e = &config->entries[i];
        if (strcmp(section, e->section) != 0) sx_text_add(out, "[%s]\n", e->section);
        section = e->section;
        sx_text_add(out, "%s = %s\n", e->key, e->value);
    }
}
