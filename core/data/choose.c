/* Some classes of a data set, as a data set: what is known of novelty is asked of networks that
 * never saw the other ones. Splits are made before, so that an item is of the same split whichever
 * classes are chosen, and what is left out of one choice is what the opposite one keeps. */
#include "core/data/source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHOICE_LIMIT = 256 }; /* bytes of one part */

/* The next part of a list between commas, without the blanks around it; false at its end. */
static bool next_part(const char **at, char out[CHOICE_LIMIT]) {
    if (!*at) return false;
    const char *from = *at, *comma = strchr(from, ','), *end = comma ? comma : from + strlen(from);
    *at = comma ? comma + 1 : NULL;
    while (from < end && *from == ' ') from++;
    while (end > from && end[-1] == ' ') end--;
    size_t length = (size_t)(end - from);
    if (length >= CHOICE_LIMIT) length = CHOICE_LIMIT - 1;
    memcpy(out, from, length);
    out[length] = 0;
    return true;
}

sx_status sx_classes_check(const char *classes, sx_error *err) {
    char part[CHOICE_LIMIT];
    for (const char *at = *classes ? classes : NULL; next_part(&at, part);)
        if (!*part)
            return sx_fail(err, SX_BAD_INPUT,
                           "classes = %.100s: between two commas is a class's number or name, or "
                           "a range such as 0-4",
                           classes);
    return SX_OK;
}

static int find_name(const sx_source_facts *facts, const char *name) {
    for (int c = 0; c < facts->classes; c++)
        if (strcmp(facts->class_names[c], name) == 0) return c;
    return -1;
}

/* "3" or "0-4". */
static bool read_range(const char *part, int *first, int *last) {
    char from[CHOICE_LIMIT];
    double a, b;
    snprintf(from, sizeof from, "%s", part);
    char *dash = strchr(from, '-');
    if (dash) *dash = 0;
    if (!sx_text_number(from, &a) || !sx_text_number(dash ? dash + 1 : from, &b)) return false;
    if (a < 0 || a != floor(a) || b < a || b != floor(b) || b > INT32_MAX) return false;
    *first = (int)a;
    *last = (int)b;
    return true;
}

/* A name wins over a number, because a person sees names. */
static sx_status mark_part(const sx_source_facts *facts, const char *part, bool *chosen,
                           sx_error *err) {
    int first = find_name(facts, part), last = first;
    if (first < 0 && !read_range(part, &first, &last)) {
        char shown[100];
        sx_text_printable(shown, sizeof shown, part);
        return sx_fail(err, SX_BAD_INPUT, "'%s' has no class '%s'; did you mean '%s'?", facts->name,
                       shown, sx_nearest_name(part, facts->class_names, (size_t)facts->classes));
    }
    if (last >= facts->classes)
        return sx_fail(err, SX_BAD_INPUT, "classes = %.60s: the classes of '%s' are 0 to %d", part,
                       facts->name, facts->classes - 1);
    for (int c = first; c <= last; c++) chosen[c] = true;
    return SX_OK;
}

/* Names and numbers of what is kept move to the front; fresh [classes] gets the labels to come. */
static sx_status renumber_classes(sx_source *source, const bool *kept, int32_t *fresh,
                                  sx_error *err) {
    sx_source_facts *facts = &source->facts;
    size_t all = (size_t)facts->classes;
    const char **names = sx_arena_alloc(&source->arena, all, sizeof *names);
    int *numbers = sx_arena_alloc(&source->arena, all, sizeof *numbers);
    if (!names || !numbers) return sx_fail(err, SX_NO_MEMORY, "not enough memory for class names");
    int count = 0;
    for (int c = 0; c < facts->classes; c++) {
        fresh[c] = kept[c] ? count : -1;
        if (!kept[c]) continue;
        names[count] = facts->class_names[c];
        if (facts->class_numbers) numbers[count] = facts->class_numbers[c];
        count++;
    }
    facts->classes = count;
    facts->class_names = names;
    if (facts->class_numbers) facts->class_numbers = numbers;
    return SX_OK;
}

static void keep_items(sx_source *source, const bool *kept, const int32_t *fresh) {
    for (int split = 0; split < SX_SPLITS; split++) {
        uint32_t *order = source->order[split];
        size_t count = 0;
        for (size_t i = 0; i < source->facts.counts[split]; i++)
            if (kept[source->labels[order[i]]]) order[count++] = order[i];
        source->facts.counts[split] = count;
    }
    for (size_t i = 0; i < source->items; i++) source->labels[i] = fresh[source->labels[i]];
}

static sx_status check_count(const sx_source_facts *facts, const bool *kept, bool others,
                             sx_error *err) {
    int count = 0;
    for (int c = 0; c < facts->classes; c++) count += kept[c];
    if (others && count < 1)
        return sx_fail(err, SX_BAD_INPUT,
                       "all classes of '%s' are trained on: none is left that is new", facts->name);
    if (others || count >= 2) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "one class of '%s' alone teaches nothing: choose two or more",
                   facts->name);
}

static sx_status choose(sx_source *source, const char *classes, bool others, bool *kept,
                        int32_t *fresh, sx_error *err) {
    char part[CHOICE_LIMIT];
    sx_status status = sx_classes_check(classes, err);
    for (const char *at = classes; !status && next_part(&at, part);)
        status = mark_part(&source->facts, part, kept, err);
    for (int c = 0; c < source->facts.classes; c++) kept[c] = kept[c] != others;
    if (!status) status = check_count(&source->facts, kept, others, err);
    if (!status) status = renumber_classes(source, kept, fresh, err);
    if (!status) keep_items(source, kept, fresh);
    return status;
}

sx_status sx_source_choose(sx_source *source, const char *classes, bool others, sx_error *err) {
    size_t count = (size_t)source->facts.classes;
    if (!*classes && !others) return SX_OK;
    if (!*classes)
        return sx_fail(err, SX_BAD_INPUT,
                       "all classes of '%s' are trained on (data.classes is empty): none is left "
                       "that is new",
                       source->facts.name);
    bool *kept = sx_alloc(count, sizeof *kept);
    int32_t *fresh = sx_alloc(count, sizeof *fresh);
    sx_status status = SX_NO_MEMORY;
    if (kept && fresh)
        status = choose(source, classes, others, kept, fresh, err);
    else
        sx_fail(err, SX_NO_MEMORY, "not enough memory to choose classes");
    sx_free(kept);
    sx_free(fresh);
    return status;
}
