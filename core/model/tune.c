/* Which part of a model is trained. Slices come in the order of the layers, so what is trained is
 * those from some slice on: everything, the last blocks with all that follows them, or the last
 * layer. Blocks are found by their names. */
#include "core/model/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MOST_BLOCKS 1000

typedef enum { ALL, HEAD, LAST } tune_kind;

/* "all", "head", "last(2)", also written "last=2". */
static sx_status parse(const char *text, tune_kind *kind, int *blocks, sx_error *err) {
    int end = 0;
    if (strcmp(text, "all") == 0 || strcmp(text, "head") == 0) {
        *kind = *text == 'a' ? ALL : HEAD;
        return SX_OK;
    }
    *kind = LAST;
    bool called = sscanf(text, "last(%4d)%n", blocks, &end) == 1 && end && !text[end];
    if (!called) called = sscanf(text, "last=%4d%n", blocks, &end) == 1 && end && !text[end];
    if (called && *blocks >= 1 && *blocks <= MOST_BLOCKS) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "tune = %.40s: must be all, head, or last(N) for the last N blocks", text);
}

sx_status sx_tune_check(const char *text, sx_error *err) {
    tune_kind kind;
    int blocks;
    return parse(text, &kind, &blocks, err);
}

/* Letters of `name` that say which block its layer is in: "stage2.block1" of
 * "stage2.block1.a.conv.weight"; 0: in none. */
static size_t block_length(const char *name) {
    static const char *const words[] = {"stage", "block", "layer"};
    size_t length = 0;
    for (;;) {
        const char *part = name + length + (length > 0);
        size_t word = 0;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (strncmp(part, words[i], 5) == 0) word = 5;
        size_t digits = word ? strspn(part + word, "0123456789") : 0;
        if (digits == 0 || part[word + digits] != '.') return length;
        length = (size_t)(part - name) + word + digits;
    }
}

int sx_model_head(const sx_parameters *parameters) {
    int first = parameters->count - 1;
    const char *name = parameters->slices[first].name, *dot = strrchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) + 1 : strlen(name);
    while (first > 0 && strncmp(parameters->slices[first - 1].name, name, length) == 0) first--;
    return first;
}

/* The first slice of the `wanted`-th block from the end; -1: there are no blocks, or fewer. */
static int find_block(const sx_parameters *parameters, int wanted) {
    const char *block = "";
    size_t length = 0;
    int first = -1, seen = 0;
    for (int i = sx_model_head(parameters) - 1; i >= 0; i--) {
        const char *name = parameters->slices[i].name;
        size_t here = block_length(name);
        bool same = here > 0 && here == length && strncmp(name, block, length) == 0;
        if (!same && seen == wanted) break;
        if (here > 0 && !same) seen++;
        if (here > 0) first = i;
        block = name;
        length = here;
    }
    return seen == wanted ? first : -1;
}

sx_status sx_model_tune(sx_model *model, const char *text, sx_error *err) {
    tune_kind kind;
    int blocks, first = 0;
    sx_parameters *parameters = &model->parameters;
    sx_status status = parse(text, &kind, &blocks, err);
    if (status) return status;
    sx_text_facts texts;
    if (kind == HEAD && sx_model_text(model, &texts))
        return sx_fail(err, SX_BAD_INPUT,
                       "tune = head: the last layer of %s is made of texts and never trained; say "
                       "all, or last(N)",
                       model->spec);
    if (kind == HEAD) first = sx_model_head(parameters);
    if (kind == LAST) first = find_block(parameters, blocks);
    if (first < 0)
        return sx_fail(err, SX_BAD_INPUT,
                       "tune = %.40s: %s has fewer blocks, or layers that are not called block1, "
                       "block2 ...",
                       text, model->spec);
    model->frozen = first;
    for (int i = 0; i < first; i++) parameters->slices[i].trained = false;
    return SX_OK;
}
