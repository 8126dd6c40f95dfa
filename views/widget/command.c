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

/* Candidates are counted first, so that `turn` can go round. */
typedef struct {
    const char *start; /* what they must begin with, or contain */
    bool anywhere;
    int wanted, seen;
    const char *found;
} candidates;

static void consider(candidates *c, const char *word) {
    bool fits = c->anywhere ? strcasestr(word, c->start) != NULL
                            : !strncasecmp(word, c->start, strlen(c->start));
    if (!fits) return;
    if (c->seen == c->wanted) c->found = word;
    c->seen++;
}

static void consider_names(candidates *c, sx_commands commands) {
    for (int i = 0; i < commands.count; i++)
        for (const sx_command *row = commands.sets[i].commands; row && row->name; row++)
            if (sx_commands_of_name(commands, row->name, NULL) == row) consider(c, row->name);
}

static void consider_values(candidates *c, const sx_command_set *set, const sx_command *command) {
    if (!command->choice) return;
    for (size_t row = 0;; row++) {
        const char *value = command->choice(set->context, row);
        if (!value) return;
        consider(c, value);
    }
}

/* The candidate number `turn`: by beginning, or if there is none, by content. */
static const char *candidate(sx_commands commands, const sx_command_set *set,
                             const sx_command *command, const char *start, int turn) {
    for (int anywhere = 0; anywhere < 2; anywhere++) {
        candidates c = {.start = start, .anywhere = anywhere, .wanted = -1};
        for (int pass = 0; pass < 2; pass++) {
            c.seen = 0;
            if (command)
                consider_values(&c, set, command);
            else
                consider_names(&c, commands);
            if (c.seen == 0) break;
            c.wanted = (turn % c.seen + c.seen) % c.seen;
        }
        if (c.found) return c.found;
    }
    return NULL;
}

bool sx_commands_complete(sx_commands commands, const char *line, int turn, char *out,
                          size_t size) {
    sx_text_set(out, size, line);
    char name[SX_PROMPT_SIZE], argument[SX_PROMPT_SIZE];
    split(line, name, argument);
    const sx_command_set *set = NULL;
    const sx_command *command = NULL;
    if (strchr(line + strspn(line, " "), ' ')) {
        command = sx_commands_of_name(commands, name, &set);
        if (!command) return false;
    }
    const char *found = candidate(commands, set, command, command ? argument : name, turn);
    if (!found) return false;
    if (command)
        snprintf(out, size, "%s %s", name, found);
    else
        snprintf(out, size, "%s", found);
    return true;
}
