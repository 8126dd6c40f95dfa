/* Resizing bytes as Pillow does, bit by bit (src/libImaging/Resample.c): weights are multiples of
 * 2^-22, so that a sum of bytes by them fits in 32 bits; across first, rounded to bytes, then down.
 *
 * An output row needs a few rows that were resized across, and the next one mostly the same: they
 * are kept in a ring, so what is worked on stays in the cache; where that would be many, as in long
 * strips, rows are added up as they come, and are resized again for the next output row. A pixel is
 * four lanes of a register, a row is plain loops that the compiler makes vectors of; both are
 * compiled a second time for AVX2, which is asked for when the program runs. Whole numbers: the
 * bits are the same. */
#include "core/data/resize.h"

#include "core/data/source.h"

#include <math.h>
#include <string.h>

#define FIXED_BITS 22
#define HALF (1 << (FIXED_BITS - 1))
#define BLOCK 64 /* bytes of a row that are summed at a time */
#define RING_BYTES ((size_t)4 << 20)
#define PAD 16 /* bytes after a row that may be read and written */

#define BOTH static inline __attribute__((always_inline))

typedef int32_t four __attribute__((vector_size(16)));
typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint16_t halves16 __attribute__((vector_size(32)));

typedef struct {
    const sx_resize_bytes *form;
    size_t channels;
    int slots;              /* of the ring; 1: there is none */
    int32_t *across, *down; /* [out, most] weights times 2^22 */
    uint8_t *row;           /* [in width, channels] */
    uint8_t *ring;          /* [slots, stride] rows of [out width, channels] */
    size_t stride;
    int32_t *sums; /* [out width, channels], where there is no ring */
} resizing;

/* ---- across ----------------------------------------------------------------------------------
 */

/* Colours times alpha; alpha itself times one. */
BOTH void multiply_alpha(uint8_t *row, size_t count) {
    const bytes16 ones = ~(bytes16){0};
    for (size_t i = 0; i < count; i += sizeof(bytes16)) {
        bytes16 v;
        memcpy(&v, row + i, sizeof v);
        bytes16 alpha = __builtin_shufflevector(v, ones, 3, 3, 3, 16, 7, 7, 7, 16, 11, 11, 11, 16,
                                                15, 15, 15, 16);
        halves16 product =
            __builtin_convertvector(v, halves16) * __builtin_convertvector(alpha, halves16) + 128;
        product = (product + (product >> 8)) >> 8; /* sx_over_255 */
        v = __builtin_convertvector(product, bytes16);
        memcpy(row + i, &v, sizeof v);
    }
}

BOTH uint8_t of_fixed(int32_t sum) {
    int32_t value = sum >> FIXED_BITS; /* rounds down, as Pillow's does */
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Pixels of 3 or 4 bytes, in steps of as many; the fourth lane of three is overwritten by the next
 * pixel. */
BOTH void pixels_across(const sx_resize_axis *a, const int32_t *weights, const uint8_t *row,
                        uint8_t *out, size_t channels) {
    for (int x = 0; x < a->out; x++, out += channels) {
        const int32_t *w = weights + (size_t)x * (size_t)a->most;
        const uint8_t *from = row + (size_t)a->first[x] * channels;
        four sum = {HALF, HALF, HALF, HALF};
        for (int k = 0; k < a->count[x]; k++, from += channels) {
            bytes4 pixel;
            memcpy(&pixel, from, sizeof pixel);
            sum += w[k] * __builtin_convertvector(pixel, four);
        }
        sum >>= FIXED_BITS;
        sum &= sum > 0;
        four above = sum > 255;
        bytes4 levels = __builtin_convertvector((sum & ~above) | (above & 255), bytes4);
        memcpy(out, &levels, sizeof levels);
    }
}

BOTH void greys_across(const sx_resize_axis *a, const int32_t *weights, const uint8_t *row,
                       uint8_t *out) {
    for (int x = 0; x < a->out; x++) {
        const int32_t *w = weights + (size_t)x * (size_t)a->most;
        int32_t sum = HALF;
        for (int k = 0; k < a->count[x]; k++) sum += w[k] * row[a->first[x] + k];
        out[x] = of_fixed(sum);
    }
}

/* Row `y` of the input into its slot of the ring. */
BOTH void row_across(const resizing *r, int y) {
    const sx_resize_bytes *form = r->form;
    size_t count = (size_t)form->in->width * r->channels;
    uint8_t *out = r->ring + (size_t)(y % r->slots) * r->stride;
    memcpy(r->row, form->in->pixels + (size_t)y * count, count);
    if (form->premultiply) multiply_alpha(r->row, count);
    if (r->channels == 1) greys_across(form->across, r->across, r->row, out);
    if (r->channels == 3) pixels_across(form->across, r->across, r->row, out, 3);
    if (r->channels == 4) pixels_across(form->across, r->across, r->row, out, 4);
}

/* ---- down ------------------------------------------------------------------------------------
 */

/* `size` bytes of output row `v` from byte `at` on. */
BOTH void sum_bytes(const resizing *r, int v, size_t at, size_t size, uint8_t *out) {
    const sx_resize_axis *a = r->form->down;
    const int32_t *w = r->down + (size_t)v * (size_t)a->most;
    int32_t sums[BLOCK];
    for (size_t i = 0; i < size; i++) sums[i] = HALF;
    for (int k = 0; k < a->count[v]; k++) {
        const uint8_t *row = r->ring + (size_t)((a->first[v] + k) % r->slots) * r->stride + at;
        for (size_t i = 0; i < size; i++) sums[i] += w[k] * row[i];
    }
    for (size_t i = 0; i < size; i++) out[i] = of_fixed(sums[i]);
}

/* The same without a ring. */
BOTH void sum_again(const resizing *r, int v, size_t count, uint8_t *out) {
    const sx_resize_axis *a = r->form->down;
    const int32_t *w = r->down + (size_t)v * (size_t)a->most;
    for (size_t i = 0; i < count; i++) r->sums[i] = HALF;
    for (int k = 0; k < a->count[v]; k++) {
        row_across(r, a->first[v] + k);
        for (size_t i = 0; i < count; i++) r->sums[i] += w[k] * r->ring[i];
    }
    for (size_t i = 0; i < count; i++) out[i] = of_fixed(r->sums[i]);
}

BOTH void sum_ring(const resizing *r, int v, size_t count, uint8_t *out) {
    size_t at = 0;
    for (; at + BLOCK <= count; at += BLOCK) sum_bytes(r, v, at, BLOCK, out + at);
    sum_bytes(r, v, at, count - at, out + at);
}

/* To straight alpha as Pillow does: the fraction is cut off, and the colours of what is invisible
 * are left as they are. */
static void divide_alpha(uint8_t *row, size_t count) {
    for (size_t i = 0; i < count; i += 4) {
        unsigned alpha = row[i + 3];
        if (alpha == 0 || alpha == 255) continue;
        for (size_t c = i; c < i + 3; c++) {
            unsigned colour = 255u * row[c] / alpha;
            row[c] = (uint8_t)(colour > 255 ? 255 : colour);
        }
    }
}

BOTH void all_rows(const resizing *r) {
    const sx_resize_axis *a = r->form->down;
    size_t count = (size_t)r->form->out->width * r->channels;
    for (int v = 0, y = 0; v < a->out; v++) {
        uint8_t *out = r->form->out->pixels + (size_t)v * count;
        if (y < a->first[v]) y = a->first[v];
        for (; r->slots > 1 && y < a->first[v] + a->count[v]; y++) row_across(r, y);
        if (r->slots > 1)
            sum_ring(r, v, count, out);
        else
            sum_again(r, v, count, out);
        if (r->form->premultiply) divide_alpha(out, count);
    }
}

static void all_rows_usual(const resizing *r) {
    all_rows(r);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void all_rows_avx2(const resizing *r) {
    all_rows(r);
}
#endif

/* ---- the whole -------------------------------------------------------------------------------
 */

static size_t padded(size_t bytes) {
    return (bytes + PAD) / sizeof(double) * sizeof(double) + sizeof(double);
}

static resizing begin(const sx_resize_bytes *form) {
    resizing r = {.form = form,
                  .channels = (size_t)form->in->channels,
                  .slots = form->down->most < form->down->in ? form->down->most : form->down->in};
    r.stride = padded((size_t)form->out->width * r.channels);
    if ((size_t)r.slots > RING_BYTES / r.stride) r.slots = 1;
    return r;
}

static size_t weight_count(const sx_resize_axis *a) {
    return (size_t)a->out * (size_t)a->most;
}

size_t sx_resize_bytes_room(const sx_resize_bytes *form) {
    resizing r = begin(form);
    return (weight_count(form->across) + weight_count(form->down)) * sizeof(int32_t) +
           padded((size_t)form->in->width * r.channels) + (size_t)r.slots * r.stride +
           (size_t)form->out->width * r.channels * sizeof(int32_t);
}

static void fix_weights(const sx_resize_axis *a, int32_t *fixed) {
    for (int i = 0; i < a->out; i++) {
        size_t first = (size_t)i * (size_t)a->most;
        for (size_t k = first; k < first + (size_t)a->count[i]; k++)
            fixed[k] = (int32_t)lround(a->weights[k] * (1 << FIXED_BITS));
    }
}

void sx_resize_in_bytes(const sx_resize_bytes *form, void *room) {
    resizing r = begin(form);
    r.across = room;
    r.down = r.across + weight_count(form->across);
    r.sums = r.down + weight_count(form->down);
    r.row = (uint8_t *)(r.sums + (size_t)form->out->width * r.channels);
    r.ring = r.row + padded((size_t)form->in->width * r.channels);
    fix_weights(form->across, r.across);
    fix_weights(form->down, r.down);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        all_rows_avx2(&r);
        return;
    }
#endif
    all_rows_usual(&r);
}
