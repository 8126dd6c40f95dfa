/* Checked memory: every size product is checked, every block is zeroed, and an arena ends many
 * blocks at once. Nothing here ends the process; a failed allocation is NULL. */
#ifndef SX_BASE_MEMORY_H
#define SX_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Alignment of all numeric buffers: one cache line, one 512-bit register. */
#define SX_ALIGN 64

/* Stores a * b in `out`; false if the product does not fit. */
bool sx_size_multiply(size_t a, size_t b, size_t *out);

/* Returns owned, zeroed memory for `count` elements of `size` bytes, aligned to SX_ALIGN;
 * NULL if the product overflows or memory is out. A count of 0 gives a valid pointer. */
void *sx_alloc(size_t count, size_t size);

/* Grows (never shrinks) a plain array from `*capacity` to at least `needed` elements, doubling.
 * Returns false and leaves the array as it was if memory is out. `*array` is owned by the caller
 * and ended with sx_free. New elements are zero. */
bool sx_grow(void **array, size_t *capacity, size_t needed, size_t size);

/* Ends memory from sx_alloc, sx_grow or sx_text_copy; NULL is fine. */
void sx_free(void *memory);

/* Returns an owned copy of `text`, NULL if memory is out. */
char *sx_text_copy(const char *text);

/* For tests: the allocation `after` calls from now fails (0: the next one; negative: never). */
void sx_alloc_fail_after(long after);

/* How many allocations were made by this process so far. */
unsigned long sx_alloc_count(void);

/* Many blocks with one end. Blocks never move. */
typedef struct sx_arena_block sx_arena_block;
typedef struct {
    sx_arena_block *newest;
} sx_arena;

/* Returns zeroed memory that lives until sx_arena_done; NULL if memory is out. */
void *sx_arena_alloc(sx_arena *arena, size_t count, size_t size);

/* Returns a copy of `text` that lives in the arena. */
char *sx_arena_text(sx_arena *arena, const char *text);

/* Ends all blocks; the arena is empty and may be used again. */
void sx_arena_done(sx_arena *arena);

#endif
