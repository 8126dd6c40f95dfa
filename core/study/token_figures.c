/* What can be read off the parameters of a network with tokens, without a picture: how alike the
 * positions of patches are over their distance (arXiv 2010.11929, figure 7, centre), and how much
 * of the patches' embedding a few components explain, and how smooth these are (figure 7, left).
 * Nothing is sampled, so these figures have no interval. */
#include "core/study/inspector.h"

#include <math.h>
#include <string.h>

#define MOST_QUERIES 256 /* patches whose likeness with all others is looked at */
#define MOST_PATCH 64    /* pixels a side: the families' limit */
#define PI 3.14159265358979323846

/* ---- positions --------------------------------------------------------------------------------
 */

/* Pairs of patches: cosine and distance of each, and sums by distance. */
typedef struct {
    double *cosines, *distances;
    size_t pairs;
    double sums[SX_MOST_PATCH_DISTANCE], counts[SX_MOST_PATCH_DISTANCE];
} likeness;

static void add_pair(likeness *l, double cosine, double distance) {
    l->cosines[l->pairs] = cosine;
    l->distances[l->pairs++] = distance;
    long bin = lround(distance) - 1;
    if (bin >= SX_MOST_PATCH_DISTANCE) return;
    l->sums[bin] += cosine;
    l->counts[bin]++;
}

/* Of many patches every few are looked at. */
static void compare(const float *positions, int grid, int channels, int every, likeness *l) {
    int patches = grid * grid;
    for (int a = 0; a < patches; a += every)
        for (int b = 0; b < patches; b++) {
            int y = a / grid - b / grid, x = a % grid - b % grid;
            if (a == b) continue;
            add_pair(l,
                     sx_positions_cosine(positions + (ptrdiff_t)a * channels,
                                         positions + (ptrdiff_t)b * channels, channels),
                     hypot(y, x));
        }
}

static void summarise(likeness *l, sx_token_figures *out) {
    double sum = 0;
    for (size_t i = 0; i < l->pairs; i++) sum += fabs(l->cosines[i]);
    if (l->pairs) out->cosine = sum / (double)l->pairs;
    for (int i = 0; i < SX_MOST_PATCH_DISTANCE; i++)
        if (l->counts[i] > 0) out->by_distance[i] = l->sums[i] / l->counts[i];
    /* positions that are not finite have no ranks */
    if (isfinite(sum)) sx_spearman(l->cosines, l->distances, l->pairs, &out->correlation, NULL);
}

static sx_status take_positions(const sx_model *model, int grid, sx_token_figures *out,
                                sx_error *err) {
    int channels = sx_positions_channels(model), patches = grid * grid;
    int every = (patches + MOST_QUERIES - 1) / MOST_QUERIES;
    if (!channels) return SX_OK;
    size_t most = (size_t)((patches + every - 1) / every) * (size_t)patches;
    sx_arena arena = {0};
    likeness *l = sx_arena_alloc(&arena, 1, sizeof *l);
    float *positions =
        sx_arena_alloc(&arena, (size_t)patches * (size_t)channels, sizeof *positions);
    if (l) l->cosines = sx_arena_alloc(&arena, most, sizeof *l->cosines);
    if (l) l->distances = sx_arena_alloc(&arena, most, sizeof *l->distances);
    bool memory = l && positions && l->cosines && l->distances;
    if (memory) {
        sx_positions_take(model, grid, positions);
        compare(positions, grid, channels, every, l);
        summarise(l, out);
    }
    sx_arena_done(&arena);
    return memory ? SX_OK : sx_inspector_no_memory(err);
}

/* ---- components of the patches' embedding ------------------------------------------------------
 */

/* The lower half of the discrete cosine transform (orthonormal, type II) of a row of pixels. */
typedef struct {
    int side, low; /* low: frequencies that count */
    double row[MOST_PATCH / 2][MOST_PATCH];
} transform;

static void make_transform(int side, transform *out) {
    out->side = side;
    out->low = side / 2;
    for (int u = 0; u < out->low; u++)
        for (int x = 0; x < side; x++)
            out->row[u][x] = sqrt((u ? 2.0 : 1.0) / side) * cos(PI * (x + 0.5) * u / side);
}

/* One value of it of a square picture, `stride` values from one pixel to the next. */
static double coefficient(const transform *t, const double *picture, int stride, int u, int v) {
    double sum = 0;
    for (int y = 0; y < t->side; y++)
        for (int x = 0; x < t->side; x++)
            sum += picture[(y * t->side + x) * stride] * t->row[u][y] * t->row[v][x];
    return sum;
}

/* Share of a component's energy in the lower half of frequencies each way; its length is 1. Noise
 * has a quarter there. */
static double low_share(const transform *t, const double *component, int channels) {
    double sum = 0;
    for (int c = 0; c < channels; c++)
        for (int u = 0; u < t->low; u++)
            for (int v = 0; v < t->low; v++)
                sum += pow(coefficient(t, component + c, channels, u, v), 2);
    return sum;
}

static void summarise_components(const sx_slice *slice, int count, const double *vectors,
                                 sx_token_figures *out) {
    int side = slice->sizes[0], channels = slice->sizes[2], size = side * side * channels;
    double low = 0;
    transform t;
    make_transform(side, &t);
    out->explained = 0;
    for (int i = 0; i < count; i++) {
        low += out->shares[i] * low_share(&t, vectors + (ptrdiff_t)i * size, channels);
        out->explained += out->shares[i];
    }
    if (out->explained > 0 && side > 1) out->low_frequency = low / out->explained;
}

static bool are_finite(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

static sx_status take_components(const sx_model *model, sx_token_figures *out, sx_error *err) {
    const sx_slice *slice = sx_parameters_find(&model->parameters, "patches.weight");
    if (!are_finite(model->parameters.values + slice->offset, slice->count)) return SX_OK;
    int count = sx_filter_component_count(slice);
    int size = slice->sizes[0] * slice->sizes[1] * slice->sizes[2];
    double *vectors = sx_alloc((size_t)count * (size_t)size, sizeof *vectors);
    if (!vectors) return sx_inspector_no_memory(err);
    sx_status status =
        sx_filter_components(&model->parameters, slice, count, vectors, out->shares, err);
    if (!status) summarise_components(slice, count, vectors, out);
    sx_free(vectors);
    return status;
}

sx_status sx_token_figures_take(const sx_model *model, int grid, sx_token_figures *out,
                                sx_error *err) {
    double *row = (double *)out;
    for (size_t i = 0; i < SX_TOKEN_NUMBERS; i++) row[i] = NAN;
    sx_status status = take_positions(model, grid, out, err);
    return status ? status : take_components(model, out, err);
}
