/* What the kinds of data sets share; private to core/data. A kind fills labels and says how to make
 * the picture of an item; splits, facts and access by split are the same for all. */
#ifndef SX_DATA_SOURCE_H
#define SX_DATA_SOURCE_H

#include "core/data/data.h"

typedef struct {
    sx_status (*image)(const sx_source *source, uint32_t item, sx_image *out, sx_error *err);
    void (*factors)(const sx_source *source, uint32_t item, double *out); /* NULL: none */
    const char *(*name)(const sx_source *source, uint32_t item); /* NULL: items have none */
    void (*close)(sx_source *source);                            /* frees `state` */
} sx_source_kind;

struct sx_source {
    const sx_source_kind *kind;
    sx_source_facts facts;
    sx_arena arena;  /* class names and whatever a kind likes */
    int32_t *labels; /* [items] */
    size_t items,
        trained; /* the first `trained` items are training and validation, the rest test */
    uint32_t *order[SX_SPLITS]; /* item of an index of a split */
    uint32_t *pairs;            /* [items]; NULL: which pair an item shows is not known */
    void *state;
};

/* An empty source of a kind; NULL with `err` if memory is out. */
sx_source *sx_source_make(const sx_source_kind *kind, const char *name, sx_error *err);

/* Allocates labels for `items`. */
sx_status sx_source_labels(sx_source *source, size_t items, sx_error *err);

/* Adds a class; its name is made printable. Returns false if memory is out. */
bool sx_source_add_class(sx_source *source, const char *name);

/* Adds `classes` of them, at least 2, called by `names` [named] and from there on by number. */
sx_status sx_source_number_classes(sx_source *source, int classes, const char *const *names,
                                   int named, sx_error *err);

/* Numbers pairs by their keys [items], equal ones alike, in the order in which they come first. */
sx_status sx_source_number_pairs(sx_source *source, const uint64_t *keys, sx_error *err);

/* Makes the splits: of a set that is for measuring only, all items are the test split; else the
 * items from `trained` on are the test split; where there are none, a share
 * of 1 / test_every of each class, chosen by `seed`, is. Of the rest, a tenth of each class is the
 * validation split. */
sx_status sx_source_split(sx_source *source, int test_every, uint64_t seed, sx_error *err);

/* Says how far loading is; SX_CANCELLED if it is to stop. */
sx_status sx_source_progress(const sx_loading *loading, const char *what, size_t done, size_t total,
                             sx_error *err);

/* value / 255 for products of two bytes and sums of them, rounded as Pillow rounds it. */
static inline unsigned sx_over_255(unsigned value) {
    value += 128;
    return ((value >> 8) + value) >> 8;
}

/* The kinds. */
sx_source *sx_shapes_open(uint64_t seed, sx_error *err);
/* A picture of that source with more pixels than it has there: size x size. */
sx_status sx_shapes_object(int shape, uint32_t item, int size, sx_image *out, sx_error *err);
sx_source *sx_digits_open(uint64_t seed, sx_error *err);
/* Their file into out; false if it is not here. */
bool sx_digits_find(char out[SX_PATH_SIZE]);
sx_source *sx_idx_source_open(const char *directory, const char *name, uint64_t seed,
                              const sx_loading *loading, sx_error *err);
sx_source *sx_idx_file_open(const char *path, uint64_t seed, const sx_loading *loading,
                            sx_error *err);
bool sx_idx_source_recognises(const char *directory);
bool sx_idx_file_recognises(const char *path);
sx_source *sx_fashion_open(const char *directory, uint64_t seed, const sx_loading *loading,
                           sx_error *err);
sx_source *sx_folder_open(const char *path, uint64_t seed, const sx_loading *loading,
                          sx_error *err);
bool sx_folder_recognises(const char *path);
sx_source *sx_cifar_open(const char *directory, uint64_t seed, const sx_loading *loading,
                         sx_error *err);
bool sx_cifar_recognises(const char *directory);
sx_source *sx_array_open(const char *path, uint64_t seed, const sx_loading *loading, sx_error *err);
bool sx_array_recognises(const char *path);
sx_source *sx_si_source_open(const char *path, uint64_t seed, const sx_loading *loading,
                             sx_error *err);
bool sx_si_source_recognises(const char *path);

#endif
