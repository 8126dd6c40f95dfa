/* Options and specs, read from one table so that parsing, checking, help and suggestions cannot
 * disagree. A spec's arguments may be separated by commas or, as in "center area=0.5", follow the
 * name after a space. */
#include "core/base/option.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_choice(const char *choices, const char *value) {
    size_t length = strlen(value);
    for (const char *c = choices; *c;) {
        size_t span = strcspn(c, "|");
        if (span == length && strncmp(c, value, length) == 0) return true;
        c += span + (c[span] == '|');
    }
    return false;
}

sx_status sx_option_check(const sx_option *option, const char *value, sx_error *err) {
    double number;
    if (option->kind == SX_OPTION_TEXT) return SX_OK;
    if (option->kind == SX_OPTION_CHOICE) {
        if (is_choice(option->choices, value)) return SX_OK;
        return sx_fail(err, SX_BAD_INPUT, "%s = %.60s: must be one of %s", option->name, value,
                       option->choices);
    }
    if (!sx_text_number(value, &number))
        return sx_fail(err, SX_BAD_INPUT, "%s = %.60s: must be a number", option->name, value);
    if (option->kind == SX_OPTION_INTEGER && number != floor(number))
        return sx_fail(err, SX_BAD_INPUT, "%s = %.60s: must be a whole number", option->name,
                       value);
    if (number < option->minimum || number > option->maximum)
        return sx_fail(err, SX_BAD_INPUT, "%s = %.60s: must be from %.10g to %.10g", option->name,
                       value, option->minimum, option->maximum);
    return SX_OK;
}

const sx_option *sx_option_find(const sx_option *table, const char *section, const char *name) {
    for (; table->name; table++)
        if (strcmp(table->section, section) == 0 && strcmp(table->name, name) == 0) return table;
    return NULL;
}

sx_status sx_option_unknown(const sx_option *table, const char *section, const char *name,
                            sx_error *err) {
    const char *names[128];
    size_t count = 0;
    for (; table->name && count < 128; table++)
        if (strcmp(table->section, section) == 0) names[count++] = table->name;
    const char *nearest = sx_nearest_name(name, names, count);
    char shown[64];
    sx_text_printable(shown, sizeof shown, name);
    bool keyed = section[0] != 0;
    if (!nearest)
        return sx_fail(err, SX_BAD_INPUT, "'%s' is not a key here: nothing can be set", shown);
    return sx_fail(err, SX_BAD_INPUT, "unknown key '%s'%s%s%s; did you mean '%s'?", shown,
                   keyed ? " in [" : "", section, keyed ? "]" : "", nearest);
}

static const char *skip_space(const char *c) {
    while (isspace((unsigned char)*c)) c++;
    return c;
}

/* Copies [from, to) without surrounding blanks; false if it does not fit or is empty. */
static bool copy_word(char *out, size_t size, const char *from, const char *to) {
    from = skip_space(from);
    while (to > from && isspace((unsigned char)to[-1])) to--;
    if (from >= to || (size_t)(to - from) >= size) return false;
    memcpy(out, from, (size_t)(to - from));
    out[to - from] = 0;
    return true;
}

static sx_status parse_argument(sx_spec *out, const char *text, const char *from, const char *to,
                                sx_error *err) {
    const char *equals = memchr(from, '=', (size_t)(to - from));
    if (out->count == SX_SPEC_ARGUMENTS)
        return sx_fail(err, SX_BAD_INPUT, "'%.80s' has more than %d arguments", text,
                       SX_SPEC_ARGUMENTS);
    if (!equals || !copy_word(out->keys[out->count], sizeof out->keys[0], from, equals) ||
        !copy_word(out->values[out->count], sizeof out->values[0], equals + 1, to))
        return sx_fail(err, SX_BAD_INPUT, "'%.80s': write arguments as key=value", text);
    for (int i = 0; i < out->count; i++)
        if (strcmp(out->keys[i], out->keys[out->count]) == 0)
            return sx_fail(err, SX_BAD_INPUT, "'%.80s' gives %s twice", text, out->keys[i]);
    out->count++;
    return SX_OK;
}

sx_status sx_spec_parse(const char *text, sx_spec *out, sx_error *err) {
    *out = (sx_spec){0};
    const char *name = skip_space(text);
    const char *rest = name + strcspn(name, "( \t");
    if (!copy_word(out->name, sizeof out->name, name, rest))
        return sx_fail(err, SX_BAD_INPUT, "'%.80s': write NAME or NAME(key=value, ...)", text);
    rest = skip_space(rest);
    bool bracket = *rest == '(';
    const char *end = rest + strlen(rest);
    while (end > rest && isspace((unsigned char)end[-1])) end--;
    if (bracket && (end - rest < 2 || end[-1] != ')'))
        return sx_fail(err, SX_BAD_INPUT, "'%.80s': the closing bracket is missing", text);
    if (bracket) {
        rest++;
        end--;
    }
    while ((rest = skip_space(rest)) < end) {
        const char *stop = rest;
        while (stop < end && *stop != ',' && (bracket || !isspace((unsigned char)*stop))) stop++;
        sx_status status = parse_argument(out, text, rest, stop, err);
        if (status) return status;
        rest = stop < end ? stop + 1 : stop;
    }
    return SX_OK;
}

sx_status sx_spec_check(const sx_spec *spec, const sx_option *table, sx_error *err) {
    for (int i = 0; i < spec->count; i++) {
        const sx_option *option = sx_option_find(table, "", spec->keys[i]);
        sx_status status = option ? sx_option_check(option, spec->values[i], err)
                                  : sx_option_unknown(table, "", spec->keys[i], err);
        if (status) return sx_fail_within(err, "%s", spec->name);
    }
    return SX_OK;
}

const char *sx_spec_text(const sx_spec *spec, const sx_option *table, const char *key) {
    for (int i = 0; i < spec->count; i++)
        if (strcmp(spec->keys[i], key) == 0) return spec->values[i];
    const sx_option *option = sx_option_find(table, "", key);
    return option ? option->initial : "";
}

double sx_spec_number(const sx_spec *spec, const sx_option *table, const char *key) {
    double value = NAN;
    return sx_text_number(sx_spec_text(spec, table, key), &value) ? value : NAN;
}

static void describe_form(const sx_option *option, char *out, size_t size) {
    if (option->kind == SX_OPTION_INTEGER || option->kind == SX_OPTION_NUMBER)
        snprintf(out, size, "%.10g .. %.10g", option->minimum, option->maximum);
    else
        snprintf(out, size, "%s", option->choices ? option->choices : "text");
}

void sx_option_describe(const sx_option *table, sx_text *out) {
    const char *section = "";
    for (; table->name; table++) {
        if (strcmp(section, table->section) != 0) {
            section = table->section;
            sx_text_add(out, "[%s]\n", section);
        }
        char form[160];
        describe_form(table, form, sizeof form);
        sx_text_add(out, "  %-19s %-24s %s (default %s)\n", table->name, form, table->help,
                    table->initial[0] ? table->initial : "none");
    }
}
