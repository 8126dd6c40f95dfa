/* Checked memory. One function allocates, so that tests can make any allocation fail and can
 * count them; both counters are atomic because workers allocate while the screen does. */
#include "core/base/memory.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A weight matrix is touched page by page when it is loaded; on some virtual machines a fault costs
 * more than zeroing the page, so large blocks ask for large pages. */
#define HUGE_PAGE ((size_t)2 << 20)
#define LARGE_BYTES (2 * HUGE_PAGE)
#define ARENA_BLOCK_BYTES ((size_t)64 * 1024)

static atomic_long fail_countdown = -1;
static atomic_ulong allocations;

bool sx_size_multiply(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}

static bool must_fail(void) {
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) < 0) return false;
    return atomic_fetch_sub(&fail_countdown, 1) == 0;
}

void *sx_alloc(size_t count, size_t size) {
    size_t bytes;
    if (!sx_size_multiply(count, size, &bytes) || bytes > SIZE_MAX - HUGE_PAGE) return NULL;
    if (must_fail()) return NULL;
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    size_t align = bytes >= LARGE_BYTES ? HUGE_PAGE : SX_ALIGN;
    bytes = bytes ? (bytes + SX_ALIGN - 1) / SX_ALIGN * SX_ALIGN : SX_ALIGN;
    void *memory = aligned_alloc(align, (bytes + align - 1) / align * align);
    if (memory && align == HUGE_PAGE) madvise(memory, bytes, MADV_HUGEPAGE);
    if (memory) memset(memory, 0, bytes);
    return memory;
}

bool sx_grow(void **array, size_t *capacity, size_t needed, size_t size) {
    if (needed <= *capacity) return true;
    size_t larger = *capacity > SIZE_MAX / 2 ? needed : *capacity * 2;
    if (larger < needed) larger = needed;
    if (larger < 8) larger = 8;
    void *fresh = sx_alloc(larger, size);
    if (!fresh) return false;
    if (*array) memcpy(fresh, *array, *capacity * size);
    sx_free(*array);
    *array = fresh;
    *capacity = larger;
    return true;
}

void sx_free(void *memory) {
    free(memory);
}

char *sx_text_copy(const char *text) {
    size_t length = strlen(text) + 1;
    char *copy = sx_alloc(length, 1);
    return copy ? memcpy(copy, text, length) : NULL;
}

void sx_alloc_fail_after(long after) {
    atomic_store(&fail_countdown, after);
}

unsigned long sx_alloc_count(void) {
    return atomic_load(&allocations);
}

struct sx_arena_block {
    sx_arena_block *older;
    size_t used, size;
    _Alignas(SX_ALIGN) unsigned char bytes[];
};

static sx_arena_block *arena_add_block(sx_arena *arena, size_t bytes) {
    size_t size = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
    if (size > SIZE_MAX - sizeof(sx_arena_block)) return NULL;
    sx_arena_block *block = sx_alloc(sizeof *block + size, 1);
    if (!block) return NULL;
    block->size = size;
    block->older = arena->newest;
    arena->newest = block;
    return block;
}

void *sx_arena_alloc(sx_arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (!sx_size_multiply(count, size, &bytes) || bytes > SIZE_MAX - SX_ALIGN) return NULL;
    bytes = (bytes + SX_ALIGN - 1) / SX_ALIGN * SX_ALIGN;
    sx_arena_block *block = arena->newest;
    if (!block || block->size - block->used < bytes) block = arena_add_block(arena, bytes);
    if (!block) return NULL;
    void *memory = block->bytes + block->used;
    block->used += bytes;
    return memory;
}

char *sx_arena_text(sx_arena *arena, const char *text) {
    size_t length = strlen(text) + 1;
    char *copy = sx_arena_alloc(arena, length, 1);
    return copy ? memcpy(copy, text, length) : NULL;
}

void sx_arena_done(sx_arena *arena) {
    while (arena->newest) {
        sx_arena_block *older = arena->newest->older;
        sx_free(arena->newest);
        arena->newest = older;
    }
}
