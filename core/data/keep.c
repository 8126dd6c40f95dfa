/* A part of the training split, for questions about how much data a network needs. Each class's
 * items are shuffled and laid out at even distances from 0 to 1; the part is what comes first on
 * that line. So every class has its share to within one item, and a smaller part is in a larger. */
#include "core/data/source.h"

#include <stdlib.h>

enum { STREAM_KEEP = 13 };

typedef struct {
    double place; /* on the line */
    int label;
    uint32_t item;
} candidate;

static int compare_places(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    return (x->label > y->label) - (x->label < y->label);
}

static int compare_items(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    return (x->item > y->item) - (x->item < y->item);
}

/* counts [classes] of the split; seen [classes] of what came before, zeros. */
static void lay_out(const sx_source *source, const uint32_t *order, size_t n, const size_t *counts,
                    size_t *seen, candidate *out) {
    for (size_t i = 0; i < n; i++) {
        uint32_t item = source->order[SX_SPLIT_TRAIN][order[i]];
        int label = source->labels[item];
        double rank = (double)seen[label]++;
        out[i] = (candidate){(rank + 0.5) / (double)counts[label], label, item};
    }
    qsort(out, n, sizeof *out, compare_places);
}

static sx_status check_classes(const sx_source *source, const candidate *kept, size_t items,
                               size_t *seen, sx_error *err) {
    int classes = source->facts.classes;
    for (int c = 0; c < classes; c++) seen[c] = 0;
    for (size_t i = 0; i < items; i++) seen[kept[i].label]++;
    for (int c = 0; c < classes; c++)
        if (!seen[c])
            return sx_fail(err, SX_BAD_INPUT,
                           "train_items = %zu: none of them would be of the class '%.80s'; say "
                           "more of them",
                           items, source->facts.class_names[c]);
    return SX_OK;
}

static sx_status keep(sx_source *source, size_t items, candidate *all, size_t *seen,
                      sx_error *err) {
    sx_status status = check_classes(source, all, items, seen, err);
    if (status) return status;
    qsort(all, items, sizeof *all, compare_items);
    for (size_t i = 0; i < items; i++) source->order[SX_SPLIT_TRAIN][i] = all[i].item;
    source->facts.counts[SX_SPLIT_TRAIN] = items;
    return SX_OK;
}

sx_status sx_source_keep(sx_source *source, size_t items, uint64_t seed, sx_error *err) {
    size_t n = source->facts.counts[SX_SPLIT_TRAIN], classes = (size_t)source->facts.classes;
    if (items >= n) return SX_OK;
    candidate *all = sx_alloc(n, sizeof *all);
    uint32_t *order = sx_alloc(n, sizeof *order);
    size_t *counts = sx_alloc(2 * classes, sizeof *counts);
    sx_status status = SX_NO_MEMORY;
    if (all && order && counts) {
        sx_random random = sx_random_from(seed, STREAM_KEEP, 0);
        sx_random_permutation(&random, order, n);
        for (size_t i = 0; i < n; i++) counts[sx_source_label(source, SX_SPLIT_TRAIN, i)]++;
        lay_out(source, order, n, counts, counts + classes, all);
        status = keep(source, items, all, counts + classes, err);
    } else {
        sx_fail(err, SX_NO_MEMORY, "not enough memory to choose training images");
    }
    sx_free(all);
    sx_free(order);
    sx_free(counts);
    return status;
}
