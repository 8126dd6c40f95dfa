/* The pictures of a set: which values of which factors each has, which pair of object and
 * background it shows, and in which order they are looked at. Values are keyed by their rounded
 * number, as a set's file may hold 0.15000000000000002. */
#include "core/study/set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_PAIRS 83
#define COARSE 4  /* every so many places each way come first */
#define SPARSE 16 /* cells of pair and value for each picture, beyond which pairs say nothing */

static const struct {
    const char *name;
    double steps; /* of one unit: to how much values are rounded */
} factors[SX_SET_FACTORS] = {{"x", 100}, {"y", 100}, {"size", 10000}, {"rotation", 100}};

static const struct {
    const char *name;
    sx_set_factor column, row;
} groupings[SX_GROUPINGS] = {{"size", SX_SET_SIZE, SX_SET_SIZE},
                             {"rotation", SX_SET_ROTATION, SX_SET_ROTATION},
                             {"location", SX_SET_X, SX_SET_Y},
                             {"rotation-size", SX_SET_ROTATION, SX_SET_SIZE}};

const char *sx_grouping_name(sx_grouping grouping) {
    return groupings[grouping].name;
}

/* ---- items ------------------------------------------------------------------------------------
 */

/* The set's own test split, or everything. */
static bool is_taken(const sx_source_facts *facts, int split) {
    return !facts->own_test || split == SX_SPLIT_TEST;
}

size_t sx_set_items(const sx_source *source) {
    const sx_source_facts *facts = sx_source_describe(source);
    size_t count = 0;
    for (int split = 0; split < SX_SPLITS; split++)
        if (is_taken(facts, split)) count += facts->counts[split];
    return count;
}

/* The split of an item, which becomes the index in it. */
static sx_split split_of(const sx_source_facts *facts, size_t *item) {
    for (int split = 0; split < SX_SPLITS; split++) {
        if (!is_taken(facts, split)) continue;
        if (*item < facts->counts[split]) return (sx_split)split;
        *item -= facts->counts[split];
    }
    return SX_SPLIT_TEST;
}

sx_status sx_set_picture(const sx_set_plan *plan, size_t item, sx_image *out, sx_error *err) {
    sx_split split = split_of(sx_source_describe(plan->source), &item);
    return sx_source_image(plan->source, split, item, out, err);
}

void sx_set_picture_name(const sx_set_plan *plan, size_t item, char *out, size_t size) {
    sx_split split = split_of(sx_source_describe(plan->source), &item);
    sx_source_item_name(plan->source, split, item, out, size);
}

/* ---- values -----------------------------------------------------------------------------------
 */

static int by_number(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double rounded(double value, sx_set_factor factor) {
    double steps = factors[factor].steps;
    return round(value * steps) / steps;
}

/* Distinct values of `sorted` [count] into its beginning; how many. */
static size_t distinct(double *sorted, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || sorted[i] != sorted[i - 1]) sorted[kept++] = sorted[i];
    return kept;
}

static uint16_t place_of(const sx_set_axis *axis, double value) {
    int low = 0, high = axis->count - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (axis->values[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint16_t)low;
}

/* The axis of a factor's values [items]; none where they are too many. */
static sx_status make_axis(const double *values, size_t items, sx_set_axis *axis, sx_error *err) {
    double *sorted = sx_alloc(items, sizeof *sorted);
    if (!sorted) return sx_set_no_memory(err);
    memcpy(sorted, values, items * sizeof *sorted);
    qsort(sorted, items, sizeof *sorted, by_number);
    size_t count = distinct(sorted, items);
    if (count > SX_SET_VALUES) {
        sx_free(sorted);
        return SX_OK;
    }
    axis->count = (int)count;
    axis->values = sorted;
    axis->at = sx_alloc(items, sizeof *axis->at);
    if (!axis->at) return sx_set_no_memory(err);
    for (size_t i = 0; i < items; i++) axis->at[i] = place_of(axis, values[i]);
    return SX_OK;
}

/* The column of a factor in the source's, -1: it has none. */
static int column_of(const sx_source_facts *facts, const char *name) {
    for (int f = 0; f < facts->factor_count; f++)
        if (strcmp(facts->factors[f].name, name) == 0) return f;
    return -1;
}

static sx_status make_axes(sx_set_plan *plan, sx_error *err) {
    const sx_source_facts *facts = sx_source_describe(plan->source);
    double *values = sx_alloc(plan->items, sizeof *values);
    double *row = sx_alloc((size_t)facts->factor_count, sizeof *row);
    sx_status status = values && row ? SX_OK : sx_set_no_memory(err);
    for (int f = 0; !status && f < SX_SET_FACTORS; f++) {
        int column = column_of(facts, factors[f].name);
        if (column < 0) continue;
        for (size_t i = 0; i < plan->items; i++) {
            size_t index = i;
            sx_split split = split_of(facts, &index);
            sx_source_factors(plan->source, split, index, row);
            values[i] = rounded(row[column], (sx_set_factor)f);
        }
        status = make_axis(values, plan->items, &plan->axes[f], err);
    }
    sx_free(values);
    sx_free(row);
    return status;
}

/* ---- groups -----------------------------------------------------------------------------------
 */

static size_t count_of(const sx_set_axis *axis) {
    return axis->count > 0 ? (size_t)axis->count : 1;
}

static size_t at(const sx_set_axis *axis, size_t item) {
    return axis->count > 0 ? axis->at[item] : 0;
}

const sx_set_axis *sx_set_columns(const sx_set_plan *plan, sx_grouping grouping) {
    return &plan->axes[groupings[grouping].column];
}

const sx_set_axis *sx_set_rows(const sx_set_plan *plan, sx_grouping grouping) {
    return &plan->axes[groupings[grouping].row];
}

size_t sx_set_groups(const sx_set_plan *plan, sx_grouping grouping) {
    const sx_set_axis *columns = sx_set_columns(plan, grouping),
                      *rows = sx_set_rows(plan, grouping);
    if (columns == rows) return columns->count > 1 ? (size_t)columns->count : 0;
    bool one = columns->count < 2 || rows->count < 2;
    if (grouping == SX_BY_LOCATION) one = columns->count < 2 && rows->count < 2;
    size_t cells = count_of(columns) * count_of(rows);
    return one || !columns->count || !rows->count || cells > SX_SET_PLACES ? 0 : cells;
}

size_t sx_set_group(const sx_set_plan *plan, sx_grouping grouping, size_t item) {
    const sx_set_axis *columns = sx_set_columns(plan, grouping),
                      *rows = sx_set_rows(plan, grouping);
    size_t column = at(columns, item);
    return columns == rows ? column : at(rows, item) * count_of(columns) + column;
}

/* ---- the same pairs -----------------------------------------------------------------------------
 */

/* A pair with the values of all factors that are not grouped by. */
static size_t unit_of(const sx_set_plan *plan, sx_grouping grouping, size_t item) {
    size_t unit = plan->pairs[item];
    for (int f = 0; f < SX_SET_FACTORS; f++) {
        const sx_set_axis *axis = &plan->axes[f];
        if (axis == sx_set_columns(plan, grouping) || axis == sx_set_rows(plan, grouping)) continue;
        unit = unit * count_of(axis) + at(axis, item);
    }
    return unit;
}

/* Units for which there are cells [units, groups]; 0: too many for the pictures. */
static size_t count_units(const sx_set_plan *plan, size_t groups) {
    double cells = (double)plan->pair_count;
    for (int f = 0; f < SX_SET_FACTORS; f++) cells *= (double)count_of(&plan->axes[f]);
    bool sparse = cells > (double)SPARSE * (double)plan->items;
    return sparse ? 0 : (size_t)(cells / (double)groups);
}

/* Which groups hold any picture, and in how many of them each unit is. */
static void count_cells(const sx_set_plan *plan, sx_grouping grouping, const uint8_t *skipped,
                        uint8_t *cells, uint32_t *counts) {
    size_t groups = sx_set_groups(plan, grouping);
    for (size_t i = 0; i < plan->items; i++) {
        size_t unit = unit_of(plan, grouping, i);
        uint8_t *cell = &cells[unit * groups + sx_set_group(plan, grouping, i)];
        if (!skipped[i] && !*cell) counts[unit]++;
        if (!skipped[i]) *cell = 1;
    }
}

bool sx_set_same_pairs(const sx_set_plan *plan, sx_grouping grouping, const uint8_t *skipped,
                       uint8_t *kept) {
    size_t groups = sx_set_groups(plan, grouping), filled = 0;
    size_t units = plan->paired && groups ? count_units(plan, groups) : 0;
    if (!units) return false;
    uint8_t *cells = sx_alloc(units, groups), *any = sx_alloc(groups, 1);
    uint32_t *counts = sx_alloc(units, sizeof *counts);
    bool memory = cells && any && counts;
    if (memory) {
        count_cells(plan, grouping, skipped, cells, counts);
        for (size_t i = 0; i < plan->items; i++)
            if (!skipped[i]) any[sx_set_group(plan, grouping, i)] = 1;
        for (size_t g = 0; g < groups; g++) filled += any[g];
        for (size_t i = 0; i < plan->items; i++)
            kept[i] = counts[unit_of(plan, grouping, i)] == filled;
    }
    sx_free(cells);
    sx_free(any);
    sx_free(counts);
    return memory;
}

/* ---- order --------------------------------------------------------------------------------------
 */

typedef struct {
    uint32_t item, rank;
    int level;
} ordered;

static int by_level(const void *a, const void *b) {
    const ordered *x = a, *y = b;
    if (x->level != y->level) return x->level - y->level;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* The level of a pair: a sixteenth of them, then an eighth ... */
static int level_of_rank(size_t rank, size_t pairs) {
    int level = 1;
    while (level < SX_SET_LEVELS - 1) {
        size_t most = pairs >> (SX_SET_LEVELS - 1 - level);
        if (rank < (most ? most : 1)) break;
        level++;
    }
    return level;
}

/* On a coarse map of places, where there is a fine one. */
static bool is_coarse(const sx_set_plan *plan, size_t item) {
    const sx_set_axis *x = &plan->axes[SX_SET_X], *y = &plan->axes[SX_SET_Y];
    bool fine = x->count > 2 * COARSE || y->count > 2 * COARSE;
    return fine && at(x, item) % COARSE == 0 && at(y, item) % COARSE == 0;
}

static void order_items(sx_set_plan *plan, const uint32_t *ranks, ordered *sorted) {
    for (size_t i = 0; i < plan->items; i++) {
        uint32_t rank = ranks[plan->pairs[i]];
        int level = level_of_rank(rank, plan->pair_count);
        if (level == 1 && is_coarse(plan, i)) level = 0;
        sorted[i] = (ordered){(uint32_t)i, rank, level};
    }
    qsort(sorted, plan->items, sizeof *sorted, by_level);
    for (size_t i = 0; i < plan->items; i++) {
        plan->order[i] = sorted[i].item;
        for (int level = sorted[i].level; level < SX_SET_LEVELS; level++) plan->ends[level] = i + 1;
    }
}

static sx_status make_order(sx_set_plan *plan, uint64_t seed, sx_error *err) {
    uint32_t *drawn = sx_alloc(plan->pair_count, sizeof *drawn);
    uint32_t *ranks = sx_alloc(plan->pair_count, sizeof *ranks);
    ordered *sorted = sx_alloc(plan->items, sizeof *sorted);
    plan->order = sx_alloc(plan->items, sizeof *plan->order);
    bool memory = drawn && ranks && sorted && plan->order;
    if (memory) {
        sx_random random = sx_random_from(seed, STREAM_PAIRS, 0);
        sx_random_permutation(&random, drawn, plan->pair_count);
        for (size_t i = 0; i < plan->pair_count; i++) ranks[drawn[i]] = (uint32_t)i;
        order_items(plan, ranks, sorted);
    }
    sx_free(drawn);
    sx_free(ranks);
    sx_free(sorted);
    return memory ? SX_OK : sx_set_no_memory(err);
}

int sx_set_level(const sx_set_plan *plan, size_t place) {
    int level = 0;
    while (level < SX_SET_LEVELS - 1 && place >= plan->ends[level]) level++;
    return level;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static sx_status take_items(sx_set_plan *plan, sx_error *err) {
    const sx_source_facts *facts = sx_source_describe(plan->source);
    plan->labels = sx_alloc(plan->items, sizeof *plan->labels);
    plan->pairs = sx_alloc(plan->items, sizeof *plan->pairs);
    if (!plan->labels || !plan->pairs) return sx_set_no_memory(err);
    for (size_t i = 0; i < plan->items; i++) {
        size_t index = i;
        sx_split split = split_of(facts, &index);
        plan->labels[i] = sx_source_label(plan->source, split, index);
        plan->pairs[i] = plan->paired ? sx_source_pair(plan->source, split, index) : (uint32_t)i;
    }
    return SX_OK;
}

sx_status sx_set_plan_make(const sx_source *source, uint64_t seed, sx_set_plan *out,
                           sx_error *err) {
    const sx_source_facts *facts = sx_source_describe(source);
    *out = (sx_set_plan){.source = source,
                         .items = sx_set_items(source),
                         .classes = facts->classes,
                         .paired = facts->pairs > 0};
    out->pair_count = out->paired ? facts->pairs : out->items;
    sx_status status = take_items(out, err);
    if (!status) status = make_axes(out, err);
    return status ? status : make_order(out, seed, err);
}

void sx_set_plan_done(sx_set_plan *plan) {
    for (int f = 0; f < SX_SET_FACTORS; f++) {
        sx_free(plan->axes[f].values);
        sx_free(plan->axes[f].at);
    }
    sx_free(plan->labels);
    sx_free(plan->pairs);
    sx_free(plan->order);
    *plan = (sx_set_plan){0};
}
