/* Data sets by name or path, and what is the same for all of them: splits, facts, access. */
#include "core/data/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_SPLIT = 11 };
#define PACKAGES "/usr/share/datasets"

const char *sx_split_name(sx_split split) {
    static const char *const names[SX_SPLITS] = {"train", "validation", "test"};
    return names[split];
}

/* ---- building -------------------------------------------------------------------------------- */

sx_source *sx_source_make(const sx_source_kind *kind, const char *name, sx_error *err) {
    sx_source *source = sx_alloc(1, sizeof *source);
    if (!source) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for the data set '%.60s'", name);
        return NULL;
    }
    source->kind = kind;
    sx_text_printable(source->facts.name, sizeof source->facts.name, name);
    return source;
}

void sx_source_free(sx_source *source) {
    if (!source) return;
    source->kind->close(source);
    for (int split = 0; split < SX_SPLITS; split++) sx_free(source->order[split]);
    sx_free(source->labels);
    sx_free(source->pairs);
    sx_arena_done(&source->arena);
    sx_free(source);
}

sx_status sx_source_labels(sx_source *source, size_t items, sx_error *err) {
    if (items > UINT32_MAX / 2)
        return sx_fail(err, SX_BAD_INPUT, "%zu pictures are more than can be read", items);
    source->labels = sx_alloc(items, sizeof *source->labels);
    source->items = items;
    return source->labels ? SX_OK
                          : sx_fail(err, SX_NO_MEMORY, "not enough memory for %zu labels", items);
}

bool sx_source_add_class(sx_source *source, const char *name) {
    char shown[64];
    int count = source->facts.classes;
    sx_text_printable(shown, sizeof shown, name);
    const char **names = sx_arena_alloc(&source->arena, (size_t)count + 1, sizeof *names);
    if (!names) return false;
    for (int i = 0; i < count; i++) names[i] = source->facts.class_names[i];
    names[count] = sx_arena_text(&source->arena, shown);
    source->facts.class_names = names;
    source->facts.classes += names[count] != NULL;
    return names[count] != NULL;
}

sx_status sx_source_number_classes(sx_source *source, int classes, const char *const *names,
                                   int named, sx_error *err) {
    if (classes < 2) return sx_fail(err, SX_BAD_INPUT, "all labels are 0: there is one class only");
    for (int c = 0; c < classes; c++) {
        char number[16];
        snprintf(number, sizeof number, "%d", c);
        if (!sx_source_add_class(source, c < named ? names[c] : number))
            return sx_fail(err, SX_NO_MEMORY, "not enough memory for the class names");
    }
    return SX_OK;
}

/* Moves every `every`-th item of each class, in an order that `seed` draws, from `from` to the end
 * of `to`; both keep the order of the items. */
static bool take_share(const sx_source *source, int every, uint64_t seed, sx_split from,
                       sx_split to, size_t *counts) {
    size_t n = counts[from], kept = 0;
    uint32_t *order = sx_alloc(n, sizeof *order);
    int *seen = sx_alloc((size_t)source->facts.classes, sizeof *seen);
    bool *taken = sx_alloc(n, sizeof *taken);
    bool memory = order && seen && taken;
    if (memory) {
        sx_random random = sx_random_from(seed, STREAM_SPLIT, (uint64_t)to);
        sx_random_permutation(&random, order, n);
        for (size_t i = 0; i < n; i++) {
            int label = source->labels[source->order[from][order[i]]];
            taken[order[i]] = ++seen[label] % every == 0;
        }
        for (size_t i = 0; i < n; i++) {
            uint32_t item = source->order[from][i];
            if (taken[i])
                source->order[to][counts[to]++] = item;
            else
                source->order[from][kept++] = item;
        }
        counts[from] = kept;
    }
    sx_free(order);
    sx_free(seen);
    sx_free(taken);
    return memory;
}

sx_status sx_source_split(sx_source *source, int test_every, uint64_t seed, sx_error *err) {
    size_t *counts = source->facts.counts;
    bool memory = true;
    for (int split = 0; split < SX_SPLITS; split++)
        memory = (source->order[split] = sx_alloc(source->items, sizeof(uint32_t))) && memory;
    source->facts.own_test = source->trained < source->items;
    if (memory) {
        for (size_t i = 0; i < source->trained; i++)
            source->order[SX_SPLIT_TRAIN][counts[SX_SPLIT_TRAIN]++] = (uint32_t)i;
        for (size_t i = source->trained; i < source->items; i++)
            source->order[SX_SPLIT_TEST][counts[SX_SPLIT_TEST]++] = (uint32_t)i;
        if (!counts[SX_SPLIT_TEST] && !source->facts.test_only)
            memory = take_share(source, test_every, seed, SX_SPLIT_TRAIN, SX_SPLIT_TEST, counts);
    }
    if (memory) memory = take_share(source, 10, seed, SX_SPLIT_TRAIN, SX_SPLIT_VALIDATION, counts);
    if (!memory) return sx_fail(err, SX_NO_MEMORY, "not enough memory to split the data set");
    for (int split = 0; split < SX_SPLITS && !source->facts.test_only; split++)
        if (!counts[split])
            return sx_fail(err, SX_BAD_INPUT,
                           "%zu pictures are too few: the %s split would be empty; give each class "
                           "at least 20",
                           source->items, sx_split_name((sx_split)split));
    return SX_OK;
}

sx_status sx_source_progress(const sx_loading *loading, const char *what, size_t done, size_t total,
                             sx_error *err) {
    if (!loading || loading->step(loading->user, what, done, total)) return SX_OK;
    return sx_fail(err, SX_CANCELLED, "loading was stopped");
}

/* ---- opening by name ------------------------------------------------------------------------- */

/* The folder of Fashion-MNIST into out [SX_PATH_SIZE]; false if it is not here. */
static bool find_fashion(char *out) {
    const char *own = getenv("SEXTANT_DATA"), *packages = getenv("SEXTANT_DATASETS");
    const char *roots[] = {own, packages ? packages : PACKAGES};
    for (int i = 0; i < 2; i++)
        if (roots[i] && *roots[i] && !sx_path_join(out, roots[i], "fashion-mnist", NULL) &&
            sx_idx_source_recognises(out))
            return true;
    return false;
}

static sx_source *open_fashion(const char *name, uint64_t seed, const sx_loading *loading,
                               sx_error *err) {
    char path[SX_PATH_SIZE];
    if (find_fashion(path)) return sx_fashion_open(path, seed, loading, err);
    sx_source *source = sx_shapes_open(seed, err);
    if (source)
        snprintf(source->facts.note, sizeof source->facts.note,
                 "Fashion-MNIST is not installed%s: using the rendered shapes instead "
                 "(apt install dataset-fashion-mnist)",
                 *name ? "" : " and no data set was named");
    return source;
}

/* "a/b//" is called "b", like "a/b". */
static const char *without_slashes(char *clean, const char *name) {
    sx_text_set(clean, SX_PATH_SIZE, name);
    for (size_t length = strlen(clean); length > 1 && clean[length - 1] == '/'; length--)
        clean[length - 1] = 0;
    return clean;
}

sx_source *sx_source_open(const char *name, uint64_t seed, const sx_loading *loading,
                          sx_error *err) {
    char own[SX_PATH_SIZE], clean[SX_PATH_SIZE];
    const char *data = getenv("SEXTANT_DATA");
    name = without_slashes(clean, name);
    if (!*name || strcmp(name, "fashion-mnist") == 0) return open_fashion(name, seed, loading, err);
    if (strcmp(name, "shapes") == 0) return sx_shapes_open(seed, err);
    if (!strchr(name, '/') && !sx_is_directory(name) && !sx_is_file(name) && data &&
        !sx_path_join(own, data, name, NULL) && sx_is_directory(own))
        name = own;
    if (strcmp(name, "digits") == 0) return sx_digits_open(seed, err);
    if (sx_array_recognises(name)) return sx_array_open(name, seed, loading, err);
    if (sx_is_file(name)) return sx_idx_file_open(name, seed, loading, err);
    if (sx_si_source_recognises(name)) return sx_si_source_open(name, seed, loading, err);
    if (sx_cifar_recognises(name)) return sx_cifar_open(name, seed, loading, err);
    if (sx_is_directory(name))
        return sx_idx_source_recognises(name)
                   ? sx_idx_source_open(name, sx_path_name(name), seed, loading, err)
                   : sx_folder_open(name, seed, loading, err);
    char shown[200];
    sx_text_printable(shown, sizeof shown, name);
    sx_fail(err, SX_BAD_INPUT,
            "there is no data set '%s': give a folder, an IDX or npz file, fashion-mnist, digits "
            "or shapes (sextant data lists what is here)",
            shown);
    return NULL;
}

bool sx_source_recognises(const char *path) {
    if (sx_array_recognises(path)) return true;
    if (sx_is_file(path)) return sx_idx_file_recognises(path);
    return sx_is_directory(path) && (sx_idx_source_recognises(path) || sx_cifar_recognises(path) ||
                                     sx_si_source_recognises(path) || sx_folder_recognises(path));
}

static void list_own(sx_text *out) {
    char path[SX_PATH_SIZE], shown[200];
    const char *own = getenv("SEXTANT_DATA");
    sx_listing listing;
    if (!own || sx_directory_list(own, &listing, NULL)) return;
    for (size_t i = 0; i < listing.count; i++) {
        if (strcmp(listing.names[i], "fashion-mnist") == 0 ||
            sx_path_join(path, own, listing.names[i], NULL) || !sx_source_recognises(path))
            continue;
        sx_text_printable(shown, sizeof shown, path);
        sx_text_add(out, "%-15s %s\n", sx_path_name(shown), shown);
    }
    sx_listing_done(&listing);
}

void sx_source_list(sx_text *out) {
    char path[SX_PATH_SIZE], shown[200];
    sx_text_add(out, "shapes          rendered, 10 classes, needs no file\n");
    if (find_fashion(path)) {
        sx_text_printable(shown, sizeof shown, path);
        sx_text_add(out, "fashion-mnist   %s\n", shown);
    } else {
        sx_text_add(out, "fashion-mnist   not installed (apt install dataset-fashion-mnist)\n");
    }
    if (sx_digits_find(path)) {
        sx_text_printable(shown, sizeof shown, path);
        sx_text_add(out, "digits          %s\n", shown);
    } else {
        sx_text_add(out, "digits          not installed (apt install python3-sklearn)\n");
    }
    list_own(out);
    sx_package_list_all(out);
}

/* ---- access ---------------------------------------------------------------------------------- */

const sx_source_facts *sx_source_describe(const sx_source *source) {
    return &source->facts;
}

int sx_source_label(const sx_source *source, sx_split split, size_t index) {
    return source->labels[source->order[split][index]];
}

uint32_t sx_source_pair(const sx_source *source, sx_split split, size_t index) {
    return source->pairs[source->order[split][index]];
}

sx_status sx_source_image(const sx_source *source, sx_split split, size_t index, sx_image *out,
                          sx_error *err) {
    return source->kind->image(source, source->order[split][index], out, err);
}

void sx_source_item_name(const sx_source *source, sx_split split, size_t index, char *out,
                         size_t size) {
    uint32_t item = source->order[split][index];
    if (source->kind->name)
        sx_text_printable(out, size, source->kind->name(source, item));
    else
        snprintf(out, size, "%u", item);
}

void sx_source_factors(const sx_source *source, sx_split split, size_t index, double *out) {
    if (source->kind->factors) source->kind->factors(source, source->order[split][index], out);
}
