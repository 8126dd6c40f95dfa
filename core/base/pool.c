/* The worker pool.
 *
 * A region is published as one 64-bit ticket: number of the region, pieces, next piece. A worker
 * takes a piece by a compare-and-swap on the whole ticket, so a worker that wakes too late can
 * never take a piece of the wrong region, and the caller never waits for a sleeping worker:
 * it only waits for pieces that were really taken.
 *
 * Workers spin for a short while after a region (a training step is many short regions) and then
 * sleep on a condition variable. OpenBLAS must run with one thread, or two pools fight. */
#include "core/base/pool.h"

#include "core/base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SMALL_WORK 4e6 /* multiply-adds; some twenty microseconds on one thread */
#define PIECE_BITS 20
#define PIECE_MASK ((UINT64_C(1) << PIECE_BITS) - 1)
#define SPIN_ROUNDS 20000 /* about 0.5 ms of pause instructions */

typedef struct {
    sx_pool *pool;
    int index;
} worker;

struct sx_pool {
    _Atomic uint64_t ticket; /* region << 40 | pieces << 20 | next */
    _Alignas(SX_ALIGN) atomic_int done;
    _Alignas(SX_ALIGN) atomic_int sleepers;
    atomic_bool quit;
    sx_piece_function function;
    void *context;
    uint64_t region;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int threads, started;
    pthread_t *handles;
    worker *workers;
};

static void cpu_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool take_piece(sx_pool *pool, int *piece) {
    uint64_t ticket = atomic_load(&pool->ticket);
    for (;;) {
        uint64_t next = ticket & PIECE_MASK, pieces = ticket >> PIECE_BITS & PIECE_MASK;
        if (next >= pieces) return false;
        if (atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1)) {
            *piece = (int)next;
            return true;
        }
    }
}

static void work(sx_pool *pool, int index) {
    int piece;
    while (take_piece(pool, &piece)) {
        pool->function(pool->context, piece, index);
        atomic_fetch_add(&pool->done, 1);
    }
}

static bool has_work(sx_pool *pool) {
    uint64_t ticket = atomic_load(&pool->ticket);
    return (ticket & PIECE_MASK) < (ticket >> PIECE_BITS & PIECE_MASK);
}

static void wait_for_work(sx_pool *pool) {
    for (int i = 0; i < SPIN_ROUNDS; i++) {
        if (has_work(pool) || atomic_load(&pool->quit)) return;
        cpu_relax();
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!has_work(pool) && !atomic_load(&pool->quit))
        pthread_cond_wait(&pool->wake, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *argument) {
    worker *self = argument;
    while (!atomic_load(&self->pool->quit)) {
        work(self->pool, self->index);
        wait_for_work(self->pool);
    }
    return NULL;
}

/* Unpinned, a woken worker often lands on the waker's processor and each spins the other out. */
static void pin_worker(pthread_t handle, int index, int threads) {
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < threads)
        return;
    int seen = 0;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed) || seen++ != index) continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        pthread_setaffinity_np(handle, sizeof one, &one);
        return;
    }
}

sx_pool *sx_pool_new(int threads, sx_error *err) {
    if (threads < 1) threads = 1;
    sx_pool *pool = sx_alloc(1, sizeof *pool);
    if (!pool) goto no_memory;
    pool->threads = threads;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->handles = sx_alloc((size_t)threads, sizeof *pool->handles);
    pool->workers = sx_alloc((size_t)threads, sizeof *pool->workers);
    if (!pool->handles || !pool->workers) goto no_memory;
    for (int i = 1; i < threads; i++) {
        pool->workers[i] = (worker){pool, i};
        int failed = pthread_create(&pool->handles[i], NULL, worker_main, &pool->workers[i]);
        if (failed) {
            sx_fail(err, SX_NO_MEMORY, "cannot start worker %d of %d: %s; try fewer --threads", i,
                    threads, strerror(failed));
            sx_pool_free(pool);
            return NULL;
        }
        pool->started++;
        pin_worker(pool->handles[i], i, threads);
    }
    return pool;
no_memory:
    sx_fail(err, SX_NO_MEMORY, "not enough memory for the worker pool");
    sx_pool_free(pool);
    return NULL;
}

void sx_pool_free(sx_pool *pool) {
    if (!pool) return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->quit, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i <= pool->started; i++) pthread_join(pool->handles[i], NULL);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->wake);
    sx_free(pool->handles);
    sx_free(pool->workers);
    sx_free(pool);
}

int sx_pool_threads(const sx_pool *pool) {
    return pool ? pool->threads : 1;
}

static void wake_sleepers(sx_pool *pool) {
    if (atomic_load(&pool->sleepers) == 0) return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

void sx_pool_run(sx_pool *pool, int pieces, sx_piece_function function, void *context) {
    if (!pool || pool->threads == 1 || pieces <= 1) {
        for (int i = 0; i < pieces; i++) function(context, i, 0);
        return;
    }
    pool->function = function;
    pool->context = context;
    atomic_store(&pool->done, 0);
    pool->region++;
    atomic_store(&pool->ticket, pool->region << (2 * PIECE_BITS) | ((uint64_t)pieces & PIECE_MASK)
                                                                       << PIECE_BITS);
    wake_sleepers(pool);
    work(pool, 0);
    for (int i = 0; atomic_load(&pool->done) < pieces; i++) {
        if (i < SPIN_ROUNDS)
            cpu_relax();
        else
            sched_yield();
    }
}

static atomic_bool shares_all;

void sx_pool_share_all(bool all) {
    atomic_store(&shares_all, all);
}

sx_pool *sx_pool_for(sx_pool *pool, double work) {
    return work < SMALL_WORK && !atomic_load(&shares_all) ? NULL : pool;
}

/* cgroup v2 writes "QUOTA PERIOD" or "max PERIOD"; v1 has one number a file, -1 for no limit. */
static double cgroup_quota(void) {
    double quota = 0, period = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
    if (file) {
        int fields = fscanf(file, "%lf %lf", &quota, &period);
        fclose(file);
        return fields == 2 && period > 0 ? quota / period : 0;
    }
    FILE *q = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r");
    FILE *p = fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "r");
    bool both = q && p && fscanf(q, "%lf", &quota) == 1 && fscanf(p, "%lf", &period) == 1;
    if (q) fclose(q);
    if (p) fclose(p);
    return both && quota > 0 && period > 0 ? quota / period : 0;
}

int sx_default_threads(void) {
    cpu_set_t allowed;
    int count = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    double quota = cgroup_quota();
    if (quota > 0 && quota < count) count = (int)quota;
    return count < 1 ? 1 : count;
}
