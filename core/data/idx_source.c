/* MNIST-like data sets: IDX files of images and labels, gzipped or not, in a folder or named one by
 * one. Fashion-MNIST is one whose contents and class names are known. All pictures stay in memory
 * as they are. */
#include "core/data/source.h"

#include <stdio.h>
#include <string.h>

#define FILE_LIMIT ((size_t)1 << 30)

/* One file of images and the one of its labels; the values point into the bytes. */
#define FASHION_CLASSES 10

typedef struct {
    sx_bytes image_bytes, label_bytes;
    sx_idx images, labels;
} part;

typedef struct {
    part parts[2]; /* trained, test; the second may be empty */
    size_t first_count, pixels;
} state;

static const struct {
    const char *images, *labels;
} file_names[2] = {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
                   {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}};

/* `name` or `name`.gz in `directory`, into out [SX_PATH_SIZE]. */
static bool find_file(char *out, const char *directory, const char *name) {
    char zipped[SX_PATH_SIZE];
    if (sx_path_join(out, directory, name, NULL)) return false;
    if (sx_is_file(out)) return true;
    int length = snprintf(zipped, sizeof zipped, "%s.gz", out);
    if (length >= SX_PATH_SIZE || !sx_is_file(zipped)) return false;
    strcpy(out, zipped);
    return true;
}

static void part_done(part *p) {
    sx_bytes_done(&p->image_bytes);
    sx_bytes_done(&p->label_bytes);
}

static sx_status read_idx(const char *path, int least_rank, sx_bytes *bytes, sx_idx *out,
                          sx_error *err) {
    sx_status status = sx_file_read_inflated(path, FILE_LIMIT, bytes, err);
    if (status) return status;
    status = sx_idx_decode(bytes->data, bytes->size, out, err);
    if (!status && (least_rank == 1 ? out->rank != 1 : out->rank < least_rank))
        status = sx_fail(err, SX_BAD_INPUT, "IDX: %d dimensions are not those of %s", out->rank,
                         least_rank == 1 ? "labels" : "pictures");
    return status ? sx_fail_within(err, "'%.200s'", path) : SX_OK;
}

/* The labels of pictures that are read. */
static sx_status read_labels(const char *images, const char *labels, part *out, sx_error *err) {
    sx_status status = read_idx(labels, 1, &out->label_bytes, &out->labels, err);
    if (!status && out->images.sizes[0] != out->labels.sizes[0])
        status =
            sx_fail(err, SX_BAD_INPUT, "'%.160s' has %zu pictures, but '%.160s' has %zu labels",
                    images, out->images.sizes[0], labels, out->labels.sizes[0]);
    return status;
}

static sx_status idx_image(const sx_source *source, uint32_t item, sx_image *out, sx_error *err) {
    const state *s = source->state;
    const sx_source_facts *facts = &source->facts;
    sx_status status = sx_image_new(out, facts->height, facts->width, facts->channels, err);
    if (status) return status;
    bool second = item >= s->first_count;
    size_t row = second ? item - s->first_count : item;
    memcpy(out->pixels, s->parts[second].images.values + row * s->pixels, s->pixels);
    return SX_OK;
}

static void idx_close(sx_source *source) {
    state *s = source->state;
    if (!s) return;
    part_done(&s->parts[0]);
    part_done(&s->parts[1]);
    sx_free(s);
}

static const sx_source_kind idx_kind = {idx_image, NULL, NULL, idx_close};

static sx_source *make(const char *name, const char *origin, sx_error *err) {
    sx_source *source = sx_source_make(&idx_kind, name, err);
    if (!source) return NULL;
    sx_text_printable(source->facts.origin, sizeof source->facts.origin, origin);
    source->state = sx_alloc(1, sizeof(state));
    if (source->state) return source;
    sx_fail(err, SX_NO_MEMORY, "not enough memory for the data set '%.60s'", name);
    sx_source_free(source);
    return NULL;
}

/* Sizes from the files: [count, height, width] or [count, height, width, 3]. */
static sx_status take_sizes(sx_source *source, sx_error *err) {
    state *s = source->state;
    const sx_idx *first = &s->parts[0].images, *second = &s->parts[1].images;
    size_t channels = first->rank == 4 ? first->sizes[3] : 1;
    if (first->sizes[1] > 4096 || first->sizes[2] > 4096 || (channels != 1 && channels != 3))
        return sx_fail(err, SX_BAD_INPUT, "pictures of %zu x %zu x %zu values are not read",
                       first->sizes[1], first->sizes[2], channels);
    for (int i = 1; second->rank && i < first->rank; i++)
        if (second->rank != first->rank || second->sizes[i] != first->sizes[i])
            return sx_fail(err, SX_BAD_INPUT,
                           "the test pictures are of another size than the "
                           "training pictures");
    source->facts.height = (int)first->sizes[1];
    source->facts.width = (int)first->sizes[2];
    source->facts.channels = (int)channels;
    s->pixels = first->sizes[1] * first->sizes[2] * channels;
    s->first_count = first->sizes[0];
    source->trained = first->sizes[0];
    return sx_source_labels(source, first->sizes[0] + (second->rank ? second->sizes[0] : 0), err);
}

/* Labels, and as many classes as the largest one needs; named by number unless `names` is given. */
static sx_status take_labels(sx_source *source, const char *const *names, sx_error *err) {
    state *s = source->state;
    int classes = 0;
    for (size_t i = 0; i < source->items; i++) {
        bool second = i >= s->first_count;
        source->labels[i] = s->parts[second].labels.values[second ? i - s->first_count : i];
        if (source->labels[i] >= classes) classes = source->labels[i] + 1;
    }
    return sx_source_number_classes(source, classes, names, names ? FASHION_CLASSES : 0, err);
}

static sx_source *finish(sx_source *source, sx_status status, const char *const *names,
                         uint64_t seed, sx_error *err) {
    if (!status) status = take_sizes(source, err);
    if (!status) status = take_labels(source, names, err);
    if (!status) status = sx_source_split(source, 7, seed, err);
    if (!status) return source;
    sx_source_free(source);
    return NULL;
}

bool sx_idx_source_recognises(const char *directory) {
    char path[SX_PATH_SIZE];
    return find_file(path, directory, file_names[0].images);
}

static sx_status read_directory(sx_source *source, const char *directory, const sx_loading *loading,
                                sx_error *err) {
    state *s = source->state;
    char images[SX_PATH_SIZE], labels[SX_PATH_SIZE];
    for (size_t i = 0; i < 2; i++) {
        if (!find_file(images, directory, file_names[i].images)) continue;
        if (!find_file(labels, directory, file_names[i].labels))
            return sx_fail(err, SX_BAD_INPUT, "'%.200s' has %s but not its labels, %s", directory,
                           file_names[i].images, file_names[i].labels);
        sx_status status = sx_source_progress(loading, source->facts.name, i, 2, err);
        if (!status)
            status = read_idx(images, 3, &s->parts[i].image_bytes, &s->parts[i].images, err);
        if (!status) status = read_labels(images, labels, &s->parts[i], err);
        if (status) return status;
    }
    return sx_source_progress(loading, source->facts.name, 2, 2, err);
}

sx_source *sx_idx_source_open(const char *directory, const char *name, uint64_t seed,
                              const sx_loading *loading, sx_error *err) {
    sx_source *source = make(name, directory, err);
    if (!source) return NULL;
    return finish(source, read_directory(source, directory, loading, err), NULL, seed, err);
}

/* The path of the labels that belong to a file of images, by its name; false if it has none. */
static bool labels_path(char *out, const char *images) {
    static const char *const pairs[][2] = {{"images-idx3", "labels-idx1"},
                                           {"images.idx3", "labels.idx1"},
                                           {"images-idx4", "labels-idx1"},
                                           {"images", "labels"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *name = sx_path_name(images), *at = strstr(name, pairs[i][0]);
        if (!at) continue;
        int length = snprintf(out, SX_PATH_SIZE, "%.*s%s%s", (int)(at - images), images,
                              pairs[i][1], at + strlen(pairs[i][0]));
        if (length < SX_PATH_SIZE && sx_is_file(out)) return true;
    }
    return false;
}

bool sx_idx_file_recognises(const char *path) {
    char labels[SX_PATH_SIZE];
    return labels_path(labels, path);
}

sx_source *sx_idx_file_open(const char *path, uint64_t seed, const sx_loading *loading,
                            sx_error *err) {
    char labels[SX_PATH_SIZE];
    sx_source *source = make(sx_path_name(path), path, err);
    if (!source) return NULL;
    state *s = source->state;
    sx_status status = sx_source_progress(loading, source->facts.name, 0, 1, err);
    if (!status) status = read_idx(path, 3, &s->parts[0].image_bytes, &s->parts[0].images, err);
    if (!status && !labels_path(labels, path))
        status = sx_fail(err, SX_BAD_INPUT,
                         "'%.200s' has pictures, but no file of labels lies beside it (its name "
                         "with 'labels-idx1' for 'images-idx3')",
                         path);
    if (!status) status = read_labels(path, labels, &s->parts[0], err);
    return finish(source, status, NULL, seed, err);
}

/* ---- Fashion-MNIST --------------------------------------------------------------------------- */

static const char *const fashion_classes[FASHION_CLASSES] = {
    "T-shirt/top", "trouser", "pullover", "dress", "coat",
    "sandal",      "shirt",   "sneaker",  "bag",   "ankle boot"};
static const char *const fashion_digests[2][2] = {
    {"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
     "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
    {"5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
     "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"}};

/* Debian compresses the files anew, so what is checked is what they inflate to. */
static sx_status check_digests(const sx_source *source, const sx_loading *loading, sx_error *err) {
    const state *s = source->state;
    for (size_t i = 0; i < 2; i++) {
        const sx_bytes *files[2] = {&s->parts[i].image_bytes, &s->parts[i].label_bytes};
        sx_status status = sx_source_progress(loading, "checking fashion-mnist", i, 2, err);
        for (int k = 0; !status && k < 2; k++) {
            char digest[65];
            sx_sha256(files[k]->data, files[k]->size, digest);
            if (strcmp(digest, fashion_digests[i][k]) != 0)
                status =
                    sx_fail(err, SX_BAD_INPUT,
                            "'%.200s/%s' does not hold what Fashion-MNIST holds: install "
                            "dataset-fashion-mnist again",
                            source->facts.origin, k ? file_names[i].labels : file_names[i].images);
        }
        if (status) return status;
    }
    return SX_OK;
}

sx_source *sx_fashion_open(const char *directory, uint64_t seed, const sx_loading *loading,
                           sx_error *err) {
    sx_source *source = make("fashion-mnist", directory, err);
    if (!source) return NULL;
    sx_status status = read_directory(source, directory, loading, err);
    if (!status) status = check_digests(source, loading, err);
    return finish(source, status, fashion_classes, seed, err);
}
