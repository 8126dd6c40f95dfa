/* Which items of a data set show the same object on the same background. Keys may be hashes of
 * whatever names a pair; numbers follow the order in which pairs come first, so that they do not
 * depend on the keys. */
#include "core/data/source.h"

#include <stdlib.h>

typedef struct {
    uint64_t key;
    uint32_t item;
} keyed;

static int by_key(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* Leaves with each item the first one of its pair, then that one's number: an item that leads
 * others comes before them, so it has its number when they ask. */
static size_t number(const keyed *sorted, size_t count, uint32_t *pairs) {
    uint32_t first = 0, next = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || sorted[i].key != sorted[i - 1].key) first = sorted[i].item;
        pairs[sorted[i].item] = first;
    }
    for (size_t i = 0; i < count; i++) pairs[i] = pairs[i] == i ? next++ : pairs[pairs[i]];
    return next;
}

sx_status sx_source_number_pairs(sx_source *source, const uint64_t *keys, sx_error *err) {
    size_t count = source->items;
    keyed *sorted = sx_alloc(count, sizeof *sorted);
    source->pairs = sx_alloc(count, sizeof *source->pairs);
    bool memory = sorted && source->pairs;
    for (size_t i = 0; memory && i < count; i++) sorted[i] = (keyed){keys[i], (uint32_t)i};
    if (memory) {
        qsort(sorted, count, sizeof *sorted, by_key);
        source->facts.pairs = number(sorted, count, source->pairs);
    }
    sx_free(sorted);
    return memory ? SX_OK : sx_fail(err, SX_NO_MEMORY, "not enough memory for %zu pictures", count);
}
