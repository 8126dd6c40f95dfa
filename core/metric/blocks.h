/* The one walk that all ranked figures make: over blocks of equal score, from the surest, with how
 * many items (of a resample) are in a block and how many of them are flagged. */
#ifndef SX_METRIC_BLOCKS_H
#define SX_METRIC_BLOCKS_H

#include "core/metric/ranking.h"

typedef struct {
    size_t from, to;      /* ranks */
    double size, flagged; /* whole numbers, in double because they are divided */
    double score;
} sx_block;

/* Goes to the block after `block`, which begins as {0}; false after the last. Blocks of which a
 * resample has nothing are passed over. */
static inline bool sx_next_block(sx_ranked items, sx_block *block) {
    const sx_ranking *r = items.ranking;
    for (size_t at = block->to; at < r->n; at = block->to) {
        double score = r->scores[at];
        uint64_t size = 0, flagged = 0;
        size_t to = at;
        do {
            uint32_t item = r->order[to], count = items.counts ? items.counts[item] : 1;
            size += count;
            flagged += items.flags[item] ? count : 0;
        } while (++to < r->n && r->scores[to] == score);
        *block = (sx_block){at, to, (double)size, (double)flagged, score};
        if (size) return true;
    }
    return false;
}

/* All items, as one block. */
static inline sx_block sx_all_items(sx_ranked items) {
    sx_block all = {.to = items.ranking->n};
    for (size_t i = 0; i < all.to; i++) {
        uint32_t count = items.counts ? items.counts[i] : 1;
        all.size += count;
        all.flagged += items.flags[i] ? count : 0;
    }
    return all;
}

#endif
