/* Commands as tables: what a key or a typed name means now, its completion and its sentence when it
 * is wrong. Everything a person can do is a row of a table, so that help, key line, completion,
 * scripts and tests read the same thing. Does not know what commands do. */
#include "views/widget/widget.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const key_names[] = {"space", "Tab",  "Shift-Tab", "Enter",     "Esc",
                                        "Up",    "Down", "Left",      "Right",     "PgUp",
                                        "PgDn",  "Home", "End",       "Backspace", "Delete"};

bool sx_key_known(const char *key) {
    for (size_t i = 0; i < sizeof key_names / sizeof *key_names; i++)
        if (!strcmp(key, key_names[i])) return true;
    unsigned char first = (unsigned char)key[0];
    if (first > ' ' && first < 0x7F && !key[1]) return true;
    if (!strncmp(key, "Ctrl-", 5)) return isupper((unsigned char)key[5]) && !key[6];
    int number, length = 0;
    if (sscanf(key, "F%2d%n", &number, &length) == 1 && !key[length])
        return number >= 1 && number <= 12;
    if (first < 0x80) return false;
    char shown[SX_KEY_SIZE];
    sx_text_printable(shown, sizeof shown, key);
    size_t next = 1; /* one character past ASCII, whole */
    while (((unsigned char)key[next] & 0xC0) == 0x80) next++;
    return !key[next] && !strcmp(shown, key);
}

/* True if `key` is one of the words of `keys`. */
static bool among(const char *keys, const char *key) {
    size_t wanted = strlen(key);
    while (*keys) {
        size_t length = strcspn(keys, " ");
        if (length == wanted && !memcmp(keys, key, length)) return true;
        keys += length;
        keys += strspn(keys, " ");
    }
    return false;
}

const sx_command *sx_commands_of_key(sx_commands commands, const char *key,
                                     const sx_command_set **set) {
    for (int i = 0; i < commands.count; i++)
        for (const sx_command *row = commands.sets[i].commands; row && row->name; row++)
            if (among(row->keys, key)) {
                if (set) *set = &commands.sets[i];
                return row;
            }
    return NULL;
}

const sx_command *sx_commands_of_name(sx_commands commands, const char *name,
                                      const sx_command_set **set) {
    for (int i = 0; i < commands.count; i++)
        for (const sx_command *row = commands.sets[i].commands; row && row->name; row++)
            if (!strcmp(row->name, name)) {
                if (set) *set = &commands.sets[i];
                return row;
            }
    return NULL;
}

bool sx_command_asks(const sx_command *command) {
    return command->argument[0] && command->argument[0] != '[';
}

char *sx_command_key(const sx_command *command, char *out) {
    size_t length = strcspn(command->keys, " ");
    if (length >= SX_KEY_SIZE) length = SX_KEY_SIZE - 1;
    memcpy(out, command->keys, length);
    out[length] = 0;
    return out;
}

static sx_status unknown(sx_commands commands, const char *name, sx_error *err) {
    const char *names[256];
    size_t count = 0;
    for (int i = 0; i < commands.count; i++)
        for (const sx_command *row = commands.sets[i].commands; row && row->name; row++)
            if (count < sizeof names / sizeof *names) names[count++] = row->name;
    const char *nearest = sx_nearest_name(name, names, count);
    char shown[64];
    sx_text_printable(shown, sizeof shown, name);
    return sx_fail(err, SX_USAGE, "there is no command '%s' here; did you mean '%s'? (? shows all)",
                   shown, nearest ? nearest : "help");
}

/* Splits "name argument" at the first blank; outer blanks are dropped. */
static void split(const char *line, char name[SX_PROMPT_SIZE], char argument[SX_PROMPT_SIZE]) {
    line += strspn(line, " ");
    size_t length = strcspn(line, " ");
    const char *rest = line + length + strspn(line + length, " ");
    if (length >= SX_PROMPT_SIZE) length = SX_PROMPT_SIZE - 1;
    memcpy(name, line, length);
    name[length] = 0;
    sx_text_set(argument, SX_PROMPT_SIZE, rest);
    size_t end = strlen(argument);
    while (end > 0 && argument[end - 1] == ' ') argument[--end] = 0;
}

sx_status sx_commands_run(sx_commands commands, const char *line, sx_error *err) {
    char name[SX_PROMPT_SIZE], argument[SX_PROMPT_SIZE];
    split(line, name, argument);
    const sx_command_set *set;
    const sx_command *command = sx_commands_of_name(commands, name, &set);
    if (!command) return unknown(commands, name, err);
    if (argument[0] && !command->argument[0])
        return sx_fail(err, SX_USAGE, "%s takes no argument", command->name);
    if (!argument[0] && sx_command_asks(command))
        return sx_fail(err, SX_USAGE, "%s wants %s: %s", command->name, command->argument,
                       command->help);
    command->run(set->context, command->value, argument);
    return SX_OK;
}

/* ---- matching ---------------------------------------------------------------------------------
 */

bool sx_has_letters(const char *word, const char *typed) {
    for (; *typed; typed++, word++) {
        while (*word && tolower((unsigned char)*word) != tolower((unsigned char)*typed)) word++;
        if (!*word) return false;
    }
    return true;
}

/* How well a row fits: the lower the better; FITS: not at all. */
#define LEAST_WORD 3 /* letters that are looked for in help */
enum { BEGINS, CONTAINS, LETTERS, HELP, FITS };
static int rank_of(const sx_command *row, const char *typed) {
    if (!strncasecmp(row->name, typed, strlen(typed))) return BEGINS;
    if (strcasestr(row->name, typed)) return CONTAINS;
    if (sx_has_letters(row->name, typed)) return LETTERS;
    return strlen(typed) >= LEAST_WORD && strcasestr(row->help, typed) ? HELP : FITS;
}

int sx_commands_match(sx_commands commands, const char *typed, const sx_command **out, int limit) {
    int found = 0;
    for (int rank = BEGINS; rank < FITS; rank++)
        for (int i = 0; i < commands.count; i++)
            for (const sx_command *row = commands.sets[i].commands; row && row->name; row++)
                if (rank_of(row, typed) == rank && found < limit &&
                    sx_commands_of_name(commands, row->name, NULL) == row)
                    out[found++] = row;
    return found;
}

/* The values of a command's argument that begin with `typed`; if there are none, contain it. */
static int match_values(const sx_command_set *set, const sx_command *command, const char *typed,
                        const char **out, int limit) {
    int found = 0;
    for (int anywhere = 0; anywhere < 2 && found == 0 && command->choice; anywhere++)
        for (size_t row = 0; found < limit; row++) {
            const char *value = command->choice(set->context, row);
            if (!value) break;
            bool fits = anywhere ? strcasestr(value, typed) != NULL
                                 : !strncasecmp(value, typed, strlen(typed));
            if (fits) out[found++] = value;
        }
    return found;
}

int sx_commands_list(sx_commands commands, const char *line, sx_suggestion *out, int limit) {
    char name[SX_PROMPT_SIZE], argument[SX_PROMPT_SIZE];
    const char *values[SX_SUGGESTIONS];
    const sx_command *rows[SX_SUGGESTIONS];
    const sx_command_set *set;
    if (limit > SX_SUGGESTIONS) limit = SX_SUGGESTIONS;
    split(line, name, argument);
    if (strchr(line + strspn(line, " "), ' ')) {
        const sx_command *command = sx_commands_of_name(commands, name, &set);
        int count = command ? match_values(set, command, argument, values, limit) : 0;
        for (int i = 0; i < count; i++) out[i] = (sx_suggestion){command, values[i]};
        return count;
    }
    int count = sx_commands_match(commands, name, rows, limit);
    for (int i = 0; i < count; i++) out[i] = (sx_suggestion){rows[i], NULL};
    return count;
}

bool sx_commands_complete(sx_commands commands, const char *line, int turn, char *out,
                          size_t size) {
    sx_suggestion all[SX_SUGGESTIONS];
    int count = sx_commands_list(commands, line, all, SX_SUGGESTIONS);
    sx_text_set(out, size, line);
    if (count == 0) return false;
    const sx_suggestion *found = &all[(turn % count + count) % count];
    if (found->value)
        snprintf(out, size, "%s %s", found->command->name, found->value);
    else
        snprintf(out, size, "%s", found->command->name);
    return true;
}
