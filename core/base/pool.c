/* The worker pool.
 *
 * A region's pieces are cut into one contiguous share a thread, so that the same thread has the
 * same images or weights from region to region and finds them in its own cache. Who has done its
 * share takes pieces from the end of another's. A share is one 64-bit ticket: number of the region,
 * end, next piece. A piece is taken by a compare-and-swap on the whole ticket, so a worker that
 * wakes too late can never take a piece of the wrong region, and the caller never waits for a
 * sleeping worker: it only waits for pieces that were really taken.
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
#define REGION_SHIFT (2 * PIECE_BITS)
#define SPIN_ROUNDS 20000 /* about 0.5 ms of pause instructions */

typedef struct {
    sx_pool *pool;
    int index;
} worker;

typedef struct {
    _Alignas(SX_ALIGN) _Atomic uint64_t ticket; /* region << 40 | end << 20 | next */
} share;

struct sx_pool {
    _Atomic uint64_t region; /* that may be worked on; of its number, what a ticket has room for */
    _Alignas(SX_ALIGN) atomic_int done;
    _Alignas(SX_ALIGN) atomic_int sleepers;
    atomic_bool quit;
    sx_piece_function function;
    void *context;
    share *shares; /* [threads] */
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

/* The next piece of a share; for its owner the first, else the last. */
static bool take_from(share *from, uint64_t region, bool owner, int *piece) {
    uint64_t ticket = atomic_load(&from->ticket);
    for (;;) {
        uint64_t next = ticket & PIECE_MASK, end = ticket >> PIECE_BITS & PIECE_MASK;
        if (ticket >> REGION_SHIFT != region || next >= end) return false;
        uint64_t left = owner ? ticket + 1 : ticket - (UINT64_C(1) << PIECE_BITS);
        if (atomic_compare_exchange_weak(&from->ticket, &ticket, left)) {
            *piece = (int)(owner ? next : end - 1);
            return true;
        }
    }
}

static bool take_piece(sx_pool *pool, int index, int *piece) {
    uint64_t region = atomic_load(&pool->region);
    for (int k = 0; k < pool->threads; k++) {
        share *from = &pool->shares[(index + k) % pool->threads];
        if (take_from(from, region, k == 0, piece)) return true;
    }
    return false;
}

/* What is done is told once, at the end: told after every piece, the counter would travel between
 * the processors thousands of times a step. */
static void work(sx_pool *pool, int index) {
    int piece, done = 0;
    for (; take_piece(pool, index, &piece); done++) pool->function(pool->context, piece, index);
    if (done) atomic_fetch_add(&pool->done, done);
}

static bool has_work(sx_pool *pool) {
    uint64_t region = atomic_load(&pool->region);
    for (int i = 0; i < pool->threads; i++) {
        uint64_t ticket = atomic_load(&pool->shares[i].ticket);
        uint64_t next = ticket & PIECE_MASK, end = ticket >> PIECE_BITS & PIECE_MASK;
        if (ticket >> REGION_SHIFT == region && next < end) return true;
    }
    return false;
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
    pool->shares = sx_alloc((size_t)threads, sizeof *pool->shares);
    pool->handles = sx_alloc((size_t)threads, sizeof *pool->handles);
    pool->workers = sx_alloc((size_t)threads, sizeof *pool->workers);
    if (!pool->shares || !pool->handles || !pool->workers) goto no_memory;
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
    sx_free(pool->shares);
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

/* The tickets come before the number of the region that makes them good. */
static void publish(sx_pool *pool, int pieces) {
    uint64_t region = (atomic_load(&pool->region) + 1) & (UINT64_MAX >> REGION_SHIFT);
    int64_t threads = pool->threads;
    for (int64_t i = 0; i < threads; i++) {
        uint64_t first = (uint64_t)(pieces * i / threads);
        uint64_t end = (uint64_t)(pieces * (i + 1) / threads);
        atomic_store(&pool->shares[i].ticket, region << REGION_SHIFT | end << PIECE_BITS | first);
    }
    atomic_store(&pool->region, region);
}

void sx_pool_run(sx_pool *pool, int pieces, sx_piece_function function, void *context) {
    if (!pool || pool->threads == 1 || pieces <= 1) {
        for (int i = 0; i < pieces; i++) function(context, i, 0);
        return;
    }
    pool->function = function;
    pool->context = context;
    atomic_store(&pool->done, 0);
    publish(pool, pieces);
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
