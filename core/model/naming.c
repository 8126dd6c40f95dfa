/* Rules of names: matching, and the ways in which values are laid out. Tensors of the file are as
 * large as a slice, or a stretch of its last axis, so every layout is one loop over [rows, columns]
 * with other steps. */
#include "core/model/naming.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS 4 /* most # in a name */

/* ---- names ------------------------------------------------------------------------------------
 */

/* Whether `name` is `pattern` with numbers for its #; these into numbers [NUMBERS]. */
static bool match(const char *pattern, const char *name, long *numbers) {
    int count = 0;
    for (; *pattern; pattern++) {
        if (*pattern != '#') {
            if (*name++ != *pattern) return false;
            continue;
        }
        char *end;
        if (!isdigit((unsigned char)*name) || count == NUMBERS) return false;
        numbers[count++] = strtol(name, &end, 10);
        name = end;
    }
    return *name == 0;
}

bool sx_naming_theirs(const sx_name_rule *rule, const char *ours, char theirs[SX_TENSOR_NAME]) {
    long numbers[NUMBERS] = {0};
    int next = 0;
    size_t at = 0;
    if (!match(rule->ours, ours, numbers)) return false;
    for (const char *c = rule->theirs; *c && at + 24 < SX_TENSOR_NAME;) {
        size_t length = strcspn(c, "}") + 1;
        if (strncmp(c, "[]", 2) == 0) {
            next++;
            c += 2;
            continue;
        }
        if (*c != '{') {
            theirs[at++] = *c++;
            continue;
        }
        long number = numbers[next++];
        if (length == 2) number--;
        at += (size_t)snprintf(theirs + at, SX_TENSOR_NAME - at, length == 4 ? "%02ld" : "%ld",
                               number);
        c += length;
    }
    theirs[at] = 0;
    return true;
}

bool sx_naming_makes(const sx_naming *naming, const char *ours) {
    for (int i = 0; naming->made && naming->made[i]; i++)
        if (strcmp(naming->made[i], ours) == 0) return true;
    return false;
}

int sx_naming_row(const sx_name_rule *rule, const char *ours) {
    long numbers[NUMBERS] = {0};
    if (!strstr(rule->theirs, "[]") || !match(rule->ours, ours, numbers)) return -1;
    return numbers[0] < INT_MAX ? (int)numbers[0] - 1 : -1;
}

/* ---- shapes ------------------------------------------------------------------------------------
 */

/* Whether the file's sizes from axis `first` on, some joined, are `wanted` [count], sizes of 1
 * aside. */
static bool joins_to(const sx_tensor_facts *theirs, int first, const size_t *wanted, int count) {
    size_t product = 1;
    int k = 0;
    for (int i = first; i < theirs->rank; i++) {
        while (k < count && wanted[k] == 1) k++;
        product *= theirs->sizes[i];
        if (k < count && product == wanted[k]) {
            product = 1;
            k++;
        }
    }
    while (k < count && wanted[k] == 1) k++;
    return product == 1 && k == count;
}

bool sx_naming_fits(const sx_name_rule *rule, const sx_slice *slice,
                    const sx_tensor_facts *theirs) {
    size_t wanted[4];
    int rank = slice->rank;
    for (int k = 0; k < rank; k++) wanted[k] = (size_t)slice->sizes[k];
    if (rule->parts) wanted[rank - 1] /= (size_t)rule->parts;
    int first = sx_naming_row(rule, slice->name) >= 0;
    if (rule->layout == SX_LAYOUT_SAME) return joins_to(theirs, first, wanted, rank);
    size_t turned[4] = {wanted[rank - 1], wanted[rank - 2], wanted[0], wanted[1]};
    if (rule->layout == SX_LAYOUT_TRANSPOSED)
        return rank == 2 && joins_to(theirs, first, turned, 2);
    if (rank != 4 || theirs->rank != 4) return false;
    return memcmp(theirs->sizes, turned, sizeof turned) == 0;
}

/* ---- values ------------------------------------------------------------------------------------
 */

/* The slice as [rows, columns], of which `part` columns from `first` on are the tensor's; in the
 * file, row (pixel of the kernel, input) and column lie at these steps. */
typedef struct {
    size_t rows, columns, first, part;
    size_t inputs; /* rows of one pixel of the kernel */
    size_t pixel_step, input_step, column_step;
} plan;

static plan plan_of(const sx_name_rule *rule, const sx_slice *slice) {
    plan p = {.columns = (size_t)slice->sizes[slice->rank - 1]};
    p.rows = slice->count / p.columns;
    p.part = rule->parts ? p.columns / (size_t)rule->parts : p.columns;
    p.first = p.part * (size_t)rule->part;
    p.inputs = rule->layout == SX_LAYOUT_OIHW ? (size_t)slice->sizes[2] : p.rows;
    p.input_step = p.part;
    p.column_step = 1;
    if (rule->layout == SX_LAYOUT_SAME) return p;
    p.input_step = p.rows / p.inputs; /* pixels of the kernel */
    p.pixel_step = 1;
    p.column_step = p.rows;
    return p;
}

#define TILE ((size_t)64) /* rows and columns that are walked together, to stay in the cache */

typedef void (*place_function)(float *ours, float *theirs);

static void place_in(float *ours, float *theirs) {
    *ours = *theirs;
}

static void place_out(float *ours, float *theirs) {
    *theirs = *ours;
}

static inline void walk(const plan *p, float *ours, float *theirs, place_function place) {
    for (size_t r0 = 0; r0 < p->rows; r0 += TILE)
        for (size_t c0 = 0; c0 < p->part; c0 += TILE)
            for (size_t r = r0; r < p->rows && r < r0 + TILE; r++) {
                float *row = ours + r * p->columns + p->first;
                float *from =
                    theirs + r / p->inputs * p->pixel_step + r % p->inputs * p->input_step;
                for (size_t c = c0; c < p->part && c < c0 + TILE; c++)
                    place(&row[c], &from[c * p->column_step]);
            }
}

void sx_naming_take(const sx_name_rule *rule, const sx_slice *slice, const float *theirs,
                    float *ours) {
    plan p = plan_of(rule, slice);
    walk(&p, ours, (float *)theirs, place_in);
}

void sx_naming_give(const sx_name_rule *rule, const sx_slice *slice, const float *ours,
                    float *theirs) {
    plan p = plan_of(rule, slice);
    walk(&p, (float *)ours, theirs, place_out);
}
