/* A worker pool over fixed pieces of work. The pieces do not depend on the number of threads,
 * so neither do the bits of a result. */
#ifndef SX_BASE_POOL_H
#define SX_BASE_POOL_H

#include "core/base/error.h"

#include <stdbool.h>

typedef struct sx_pool sx_pool;

/* One piece: `piece` counts from 0, `worker` from 0 to threads - 1 (for scratch buffers). */
typedef void (*sx_piece_function)(void *context, int piece, int worker);

/* Starts `threads` - 1 workers (the caller is worker 0) and pins each to one allowed processor
 * when there are enough of them. Returns owned, or NULL with `err` filled. */
sx_pool *sx_pool_new(int threads, sx_error *err);

/* Ends the workers; NULL is fine. Not while a region runs. */
void sx_pool_free(sx_pool *pool);

/* Threads that share the work, the caller included. A NULL pool has 1. */
int sx_pool_threads(const sx_pool *pool);

/* Runs `function` for pieces 0 .. pieces - 1 (fewer than 2^20) and returns when all are done.
 * One caller at a time. A NULL pool runs them in order on the caller. */
void sx_pool_run(sx_pool *pool, int pieces, sx_piece_function function, void *context);

/* The pool for `work` multiply-adds: NULL where waking a worker would take longer than it saves. */
sx_pool *sx_pool_for(sx_pool *pool, double work);

/* For tests: whether even the smallest work is shared. */
void sx_pool_share_all(bool all);

/* Processors this process may really use: the affinity mask, cut by the cgroup's CPU quota. */
int sx_default_threads(void);

#endif
