/* The names of the columns of a predictions file, and what follows from them: which column is for
 * what, whether values are logits or probabilities, how many classes there are and how they are
 * called. */
#include "core/study/predictions_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    sx_column_role role;
} roles[] = {{"id", SX_COLUMN_ID},
             {"member", SX_COLUMN_MEMBER},
             {"set", SX_COLUMN_SET},
             {"split", SX_COLUMN_SET},
             {"is_ood", SX_COLUMN_IS_OOD},
             {"label", SX_COLUMN_LABEL},
             {"confidence", SX_COLUMN_CONFIDENCE},
             {"correct", SX_COLUMN_CORRECT}};

/* The two ways in which columns of values are named; the first that is there counts. */
typedef struct {
    const char *numbered, *named;
    sx_predicted kind;
} naming;
static const naming namings[] = {{"z", "logit_", SX_PREDICTED_LOGITS},
                                 {"p", "p_", SX_PREDICTED_PROBABILITIES}};
enum { NAMINGS = sizeof namings / sizeof *namings };

/* "z12" is 12; -1: it is no such name. */
static int number_of(const char *name, const char *prefix) {
    size_t length = strlen(prefix);
    if (strncasecmp(name, prefix, length) != 0) return -1;
    size_t digits = strspn(name + length, "0123456789");
    if (!digits || digits > 5 || name[length + digits]) return -1;
    return atoi(name + length);
}

static bool is_named(const char *name, const char *prefix) {
    size_t length = strlen(prefix);
    return strncasecmp(name, prefix, length) == 0 && name[length];
}

/* ---- splitting --------------------------------------------------------------------------------
 */

/* One name of the line, without its quotation marks and the blanks around it; moves on behind its
 * comma. NULL: memory. */
static const char *take_name(const char **at, const char *to, sx_arena *arena) {
    const char *from = *at, *end = from;
    bool quoted = from < to && *from == '"';
    if (quoted) {
        end = ++from;
        while (end < to && *end != '"') end++;
        *at = end < to ? end + 1 : end;
    }
    while (*at < to && **at != ',') (*at)++;
    if (!quoted) end = *at;
    while (from < end && *from == ' ') from++;
    while (end > from && end[-1] == ' ') end--;
    size_t length = (size_t)(end - from);
    char *name = sx_arena_alloc(arena, length + 1, 1);
    if (name) memcpy(name, from, length);
    return name;
}

static sx_status split(const char *file, const char *from, const char *to, sx_arena *arena,
                       sx_predictions_header *out, sx_error *err) {
    size_t count = 1;
    for (const char *c = from; c < to; c++) count += *c == ',';
    if (count > SX_PREDICTIONS_COLUMNS)
        return sx_fail(err, SX_BAD_INPUT, "%.200s: more than %d columns", file,
                       SX_PREDICTIONS_COLUMNS);
    out->columns = sx_arena_alloc(arena, count, sizeof *out->columns);
    if (!out->columns) return sx_predictions_no_memory(file, err);
    for (;; from++) {
        const char *name = take_name(&from, to, arena);
        if (!name) return sx_predictions_no_memory(file, err);
        out->columns[out->count++].name = name;
        if (from >= to) return SX_OK;
    }
}

/* ---- roles ------------------------------------------------------------------------------------
 */

static sx_status find_roles(const char *file, sx_predictions_header *h, sx_error *err) {
    for (int role = 0; role < SX_COLUMN_ROLES; role++) h->at[role] = -1;
    for (int c = 0; c < h->count; c++)
        for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
            if (strcasecmp(h->columns[c].name, roles[i].name) != 0) continue;
            if (h->at[roles[i].role] >= 0)
                return sx_fail(err, SX_BAD_INPUT,
                               "%.200s, row 1: columns '%s' and '%s' say the same; keep one", file,
                               h->columns[h->at[roles[i].role]].name, h->columns[c].name);
            h->columns[c].role = roles[i].role;
            h->at[roles[i].role] = c;
        }
    return SX_OK;
}

static sx_status repeated(const char *file, const char *name, sx_error *err) {
    char shown[80];
    sx_text_printable(shown, sizeof shown, name);
    return sx_fail(err, SX_BAD_INPUT, "%.200s, row 1: column '%s' is there twice", file, shown);
}

/* z0, z1 ..: every number up to the largest must be there, once. */
static sx_status take_numbered(const char *file, const naming *names, sx_predictions_header *h,
                               sx_error *err) {
    int found = 0, largest = -1;
    for (int c = 0; c < h->count; c++) {
        int number = number_of(h->columns[c].name, names->numbered);
        if (number < 0) continue;
        for (int d = 0; d < c; d++)
            if (h->columns[d].role == SX_COLUMN_VALUE && h->columns[d].class == number)
                return repeated(file, h->columns[c].name, err);
        h->columns[c].role = SX_COLUMN_VALUE;
        h->columns[c].class = number;
        largest = number > largest ? number : largest;
        found++;
    }
    h->classes = found;
    for (int k = 0; found <= largest && k <= largest; k++) {
        bool there = false;
        for (int c = 0; c < h->count; c++)
            there |= h->columns[c].role == SX_COLUMN_VALUE && h->columns[c].class == k;
        if (!there)
            return sx_fail(err, SX_BAD_INPUT,
                           "%.200s, row 1: column '%s%d' is missing; the last one is '%s%d'", file,
                           names->numbered, k, names->numbered, largest);
    }
    return SX_OK;
}

/* logit_cat, logit_dog ..: classes in the order of the file. */
static sx_status take_named(const char *file, const naming *names, sx_arena *arena,
                            sx_predictions_header *h, sx_error *err) {
    size_t prefix = strlen(names->named);
    h->class_names = sx_arena_alloc(arena, (size_t)h->count, sizeof *h->class_names);
    if (!h->class_names) return sx_predictions_no_memory(file, err);
    for (int c = 0; c < h->count; c++) {
        if (!is_named(h->columns[c].name, names->named)) continue;
        const char *name = h->columns[c].name + prefix;
        for (int k = 0; k < h->classes; k++)
            if (strcmp(h->class_names[k], name) == 0)
                return repeated(file, h->columns[c].name, err);
        h->columns[c].role = SX_COLUMN_VALUE;
        h->columns[c].class = h->classes;
        h->class_names[h->classes++] = name;
    }
    return SX_OK;
}

static sx_status find_values(const char *file, sx_arena *arena, sx_predictions_header *h,
                             sx_error *err) {
    for (int i = 0; i < NAMINGS; i++) {
        bool numbered = false, named = false;
        for (int c = 0; c < h->count; c++) {
            numbered |= number_of(h->columns[c].name, namings[i].numbered) >= 0;
            named |= is_named(h->columns[c].name, namings[i].named);
        }
        h->kind = namings[i].kind;
        if (numbered) return take_numbered(file, &namings[i], h, err);
        if (named) return take_named(file, &namings[i], arena, h, err);
    }
    if (h->at[SX_COLUMN_CONFIDENCE] < 0 || h->at[SX_COLUMN_CORRECT] < 0)
        return sx_fail(err, SX_BAD_INPUT,
                       "%.200s, row 1: no columns of logits (z0, z1 .. or logit_NAME ..), of "
                       "probabilities (p0, p1 .. or p_NAME ..), or confidence and correct",
                       file);
    h->kind = SX_PREDICTED_CONFIDENCE;
    h->classes = 1;
    return SX_OK;
}

sx_status sx_predictions_read_header(const char *file, const char *from, const char *to,
                                     sx_arena *arena, sx_predictions_header *out, sx_error *err) {
    *out = (sx_predictions_header){0};
    sx_status status = split(file, from, to, arena, out, err);
    if (!status) status = find_roles(file, out, err);
    if (!status) status = find_values(file, arena, out, err);
    if (status || out->kind == SX_PREDICTED_CONFIDENCE) return status;
    if (out->classes < 2)
        return sx_fail(err, SX_BAD_INPUT, "%.200s, row 1: values of one class only; two are needed",
                       file);
    if (out->at[SX_COLUMN_LABEL] >= 0) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "%.200s, row 1: column 'label' is missing", file);
}
