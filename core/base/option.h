/* One table describes every option a person can set: keys of a study file, and the arguments of
 * a spec such as "cnn(width=16, depth=3)". Parsing, checking, help and "nearest valid name" all
 * read the table. */
#ifndef SX_BASE_OPTION_H
#define SX_BASE_OPTION_H

#include "core/base/error.h"
#include "core/base/text.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    SX_OPTION_INTEGER,
    SX_OPTION_NUMBER,
    SX_OPTION_TEXT,
    SX_OPTION_CHOICE
} sx_option_kind;

/* A table ends with a row whose name is NULL. */
typedef struct {
    const char *section; /* of the study file; "" in spec tables */
    const char *name;
    sx_option_kind kind;
    const char *initial;     /* the default, as a person would write it */
    double minimum, maximum; /* of numbers, inclusive */
    const char *choices;     /* "a|b|c" for SX_OPTION_CHOICE; for TEXT a hint of the form */
    const char *help;
} sx_option;

/* Checks `value` against the row: kind, range, choices. */
sx_status sx_option_check(const sx_option *option, const char *value, sx_error *err);

/* The row of a name in a section, NULL if there is none. */
const sx_option *sx_option_find(const sx_option *table, const char *section, const char *name);

/* Fills `err` with: unknown key 'x' in [section]; did you mean 'y'? Returns SX_BAD_INPUT. */
sx_status sx_option_unknown(const sx_option *table, const char *section, const char *name,
                            sx_error *err);

#define SX_SPEC_ARGUMENTS 16

/* A parsed "name(key=value, key=value)"; "name" alone is fine. Texts are cut copies. */
typedef struct {
    char name[48];
    int count;
    char keys[SX_SPEC_ARGUMENTS][32];
    char values[SX_SPEC_ARGUMENTS][96];
} sx_spec;

sx_status sx_spec_parse(const char *text, sx_spec *out, sx_error *err);

/* Checks every argument against `table` (the arguments this name takes). */
sx_status sx_spec_check(const sx_spec *spec, const sx_option *table, sx_error *err);

/* The value of `key`, or the table's default. The key must be in the table. */
double sx_spec_number(const sx_spec *spec, const sx_option *table, const char *key);
const char *sx_spec_text(const sx_spec *spec, const sx_option *table, const char *key);

/* Writes the table's rows as aligned help text: name, range or choices, default, help. */
void sx_option_describe(const sx_option *table, sx_text *out);

#endif
