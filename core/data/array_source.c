/* Data sets of NumPy arrays: an .npz archive, or a folder with images.npy and labels.npy (and
 * perhaps test_images.npy and test_labels.npy; several usual names are known). Pictures of .npy
 * files stay there and are read one by one, so such a set may be larger than memory; those of an
 * archive are inflated into memory. */
#include "core/data/source.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARCHIVE_LIMIT ((size_t)1 << 30)
#define LABELS_LIMIT ((size_t)1 << 28)
#define SIDE_LIMIT 4096
#define CLASS_LIMIT 1000

enum { IMAGES, LABELS, TEST_IMAGES, TEST_LABELS, ARRAYS };
#define NAMES 4
static const char *const names[ARRAYS][NAMES] = {
    {"images", "train_images", "x_train", "x"},
    {"labels", "train_labels", "y_train", "y"},
    {"test_images", "images_test", "x_test", "X_test"},
    {"test_labels", "labels_test", "y_test", "Y_test"},
};

/* An array in memory, or in a file that stays open. */
typedef struct {
    sx_npy npy;
    sx_bytes bytes;
    int fd; /* -1: in memory */
    char path[256];
} array;

typedef struct {
    array arrays[ARRAYS];
    bool planes; /* channels come before height and width */
} state;

/* ---- arrays
 * -------------------------------------------------------------------------------------- */

static sx_status read_file(array *a, void *to, size_t size, size_t at, sx_error *err) {
    return sx_file_read_at(a->fd, to, size, at, a->path, err);
}

static sx_status check_order(const array *a, sx_error *err) {
    if (!a->npy.fortran) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT,
                   "npy: values in Fortran's order are not read; save the array with order='C'");
}

static sx_status read_header(array *a, sx_error *err) {
    struct stat facts;
    uint8_t *head = sx_alloc(SX_NPY_HEADER_LIMIT, 1);
    if (!head) return sx_fail(err, SX_NO_MEMORY, "not enough memory for an npy header");
    if (fstat(a->fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        sx_free(head);
        return sx_fail(err, SX_BAD_INPUT, "'%.200s' is not a regular file", a->path);
    }
    size_t size = (size_t)facts.st_size;
    size_t first = size < SX_NPY_HEADER_LIMIT ? size : SX_NPY_HEADER_LIMIT;
    sx_status status = read_file(a, head, first, 0, err);
    if (!status) status = sx_npy_header(head, first, size, &a->npy, err);
    if (!status) status = check_order(a, err);
    sx_free(head);
    return status ? sx_fail_within(err, "'%.200s'", a->path) : SX_OK;
}

static bool find_file(const char *directory, int which, char *path) {
    for (int i = 0; i < NAMES; i++) {
        char file[64];
        snprintf(file, sizeof file, "%s.npy", names[which][i]);
        if (!sx_path_join(path, directory, file, NULL) && sx_is_file(path)) return true;
    }
    return false;
}

static sx_status open_file(array *a, const char *directory, int which, sx_error *err) {
    char path[SX_PATH_SIZE];
    if (!find_file(directory, which, path)) return SX_OK;
    sx_text_printable(a->path, sizeof a->path, path);
    a->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (a->fd < 0) return sx_fail(err, SX_IO, "cannot read '%.200s': %s", path, strerror(errno));
    return read_header(a, err);
}

static sx_status open_member(array *a, const char *path, int which, sx_error *err) {
    size_t limit = which == LABELS || which == TEST_LABELS ? LABELS_LIMIT : ARCHIVE_LIMIT;
    sx_status status = sx_npz_read(path, names[which], NAMES, limit, &a->bytes, err);
    sx_text_printable(a->path, sizeof a->path, path);
    if (status || !a->bytes.data) return status;
    status = sx_npy_header(a->bytes.data, a->bytes.size, a->bytes.size, &a->npy, err);
    if (!status) status = check_order(a, err);
    return status ? sx_fail_within(err, "'%.200s': %s", a->path, names[which][0]) : SX_OK;
}

static bool is_there(const array *a) {
    return a->fd >= 0 || a->bytes.data;
}

/* ---- pictures
 * ------------------------------------------------------------------------------------ */

/* A value as a grey level; false if it is none. */
static bool level_of(const sx_npy *npy, double value, uint8_t *out) {
    if (npy->kind == 'f') value *= 255;
    if (npy->kind == 'b') value *= 255;
    if (!(value >= -0.5 && value < 255.5)) return false;
    *out = (uint8_t)lround(fmax(value, 0));
    return true;
}

static sx_status take_pixels(const state *s, const array *a, const uint8_t *values, sx_image *out,
                             size_t item, sx_error *err) {
    size_t channels = (size_t)out->channels, count = (size_t)out->height * (size_t)out->width;
    for (size_t i = 0; i < count * channels; i++) {
        size_t to = s->planes ? i % count * channels + i / count : i;
        double value = sx_npy_value(&a->npy, values, i);
        if (!level_of(&a->npy, value, &out->pixels[to]))
            return sx_fail(
                err, SX_BAD_INPUT,
                "'%.200s': picture %zu holds the value %g; bytes, or numbers from 0 to 1, "
                "are read",
                a->path, item, value);
    }
    return SX_OK;
}

static sx_status array_image(const sx_source *source, uint32_t item, sx_image *out, sx_error *err) {
    state *s = source->state;
    const sx_source_facts *facts = &source->facts;
    bool second = item >= s->arrays[IMAGES].npy.sizes[0];
    array *a = &s->arrays[second ? TEST_IMAGES : IMAGES];
    size_t row = second ? item - s->arrays[IMAGES].npy.sizes[0] : item;
    size_t size = (size_t)facts->height * (size_t)facts->width * (size_t)facts->channels *
                  (size_t)a->npy.width;
    uint8_t *buffer = a->fd >= 0 ? sx_alloc(size, 1) : NULL;
    if (a->fd >= 0 && !buffer) return sx_fail(err, SX_NO_MEMORY, "not enough memory for a picture");
    const uint8_t *values = buffer ? buffer : a->bytes.data + a->npy.offset + row * size;
    sx_status status = buffer ? read_file(a, buffer, size, a->npy.offset + row * size, err) : SX_OK;
    if (!status) status = sx_image_new(out, facts->height, facts->width, facts->channels, err);
    if (!status) {
        status = take_pixels(s, a, values, out, row, err);
        if (status) sx_image_done(out);
    }
    sx_free(buffer);
    return status;
}

static void array_close(sx_source *source) {
    state *s = source->state;
    for (int i = 0; s && i < ARRAYS; i++) {
        if (s->arrays[i].fd >= 0) close(s->arrays[i].fd);
        sx_bytes_done(&s->arrays[i].bytes);
    }
    sx_free(s);
}

static const sx_source_kind array_kind = {array_image, NULL, NULL, array_close};

/* ---- shapes and labels
 * --------------------------------------------------------------------------- */

static bool is_channels(size_t size) {
    return size == 1 || size == 3 || size == 4;
}

/* [n, h, w], or with channels last, which wins, or first. */
static sx_status take_shape(sx_source *source, sx_error *err) {
    state *s = source->state;
    const array *a = &s->arrays[IMAGES];
    const size_t *sizes = a->npy.sizes;
    bool last = a->npy.rank == 4 && is_channels(sizes[3]);
    s->planes = a->npy.rank == 4 && !last;
    size_t channels = a->npy.rank == 3 ? 1 : last ? sizes[3] : sizes[1];
    size_t height = s->planes ? sizes[2] : sizes[1], width = s->planes ? sizes[3] : sizes[2];
    if (a->npy.rank < 3 || a->npy.rank > 4 || !is_channels(channels) || height > SIDE_LIMIT ||
        width > SIDE_LIMIT)
        return sx_fail(
            err, SX_BAD_INPUT,
            "'%.200s': pictures are read from arrays [count, height, width], or with 1, 3 "
            "or 4 channels last or second, of sides up to %d",
            a->path, SIDE_LIMIT);
    source->facts.height = (int)height;
    source->facts.width = (int)width;
    source->facts.channels = (int)channels;
    const sx_npy *test = &s->arrays[TEST_IMAGES].npy;
    bool same = test->rank == 0 || test->rank == a->npy.rank;
    for (int i = 1; same && i < test->rank; i++) same = test->sizes[i] == sizes[i];
    if (same) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "'%.200s': the test pictures have another shape", a->path);
}

static sx_status check_labels(const array *images, const array *labels, sx_error *err) {
    const sx_npy *npy = &labels->npy;
    if (npy->kind == 'f' || npy->rank < 1 || npy->count != npy->sizes[0] ||
        npy->count > LABELS_LIMIT / 8)
        return sx_fail(err, SX_BAD_INPUT, "'%.200s': labels are one whole number for each picture",
                       labels->path);
    if (npy->sizes[0] == images->npy.sizes[0]) return SX_OK;
    return sx_fail(err, SX_BAD_INPUT, "'%.200s': %zu labels for %zu pictures", labels->path,
                   npy->sizes[0], images->npy.sizes[0]);
}

static sx_status take_labels(array *labels, int32_t *out, int *classes, sx_error *err) {
    size_t size = labels->npy.count * (size_t)labels->npy.width;
    uint8_t *buffer = labels->fd >= 0 ? sx_alloc(size, 1) : NULL;
    if (labels->fd >= 0 && !buffer)
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for labels");
    const uint8_t *values = buffer ? buffer : labels->bytes.data + labels->npy.offset;
    sx_status status = buffer ? read_file(labels, buffer, size, labels->npy.offset, err) : SX_OK;
    for (size_t i = 0; i < labels->npy.count && !status; i++) {
        double label = sx_npy_value(&labels->npy, values, i);
        if (!(label >= 0 && label < CLASS_LIMIT))
            status = sx_fail(err, SX_BAD_INPUT,
                             "'%.200s': label %zu is %g; classes are numbered from 0, %d at most",
                             labels->path, i, label, CLASS_LIMIT);
        else
            out[i] = (int32_t)label;
        if (!status && out[i] >= *classes) *classes = out[i] + 1;
    }
    sx_free(buffer);
    return status;
}

static sx_status take_all(sx_source *source, sx_error *err) {
    state *s = source->state;
    array *a = s->arrays;
    int classes = 0;
    bool test = is_there(&a[TEST_IMAGES]) && is_there(&a[TEST_LABELS]);
    if (!is_there(&a[IMAGES]) || !is_there(&a[LABELS]))
        return sx_fail(err, SX_BAD_INPUT,
                       "'%.200s' needs the arrays images and labels (or x_train and y_train)",
                       source->facts.origin);
    sx_status status = take_shape(source, err);
    if (!status) status = check_labels(&a[IMAGES], &a[LABELS], err);
    if (!status && test) status = check_labels(&a[TEST_IMAGES], &a[TEST_LABELS], err);
    if (status) return status;
    source->trained = a[IMAGES].npy.sizes[0];
    status =
        sx_source_labels(source, source->trained + (test ? a[TEST_IMAGES].npy.sizes[0] : 0), err);
    if (!status) status = take_labels(&a[LABELS], source->labels, &classes, err);
    if (!status && test)
        status = take_labels(&a[TEST_LABELS], source->labels + source->trained, &classes, err);
    return status ? status : sx_source_number_classes(source, classes, NULL, 0, err);
}

/* ---- opening
 * ------------------------------------------------------------------------------------- */

static bool is_archive(const char *path) {
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".npz") == 0;
}

bool sx_array_recognises(const char *path) {
    char found[SX_PATH_SIZE];
    if (sx_is_file(path)) return is_archive(path);
    return find_file(path, IMAGES, found) && find_file(path, LABELS, found);
}

sx_source *sx_array_open(const char *path, uint64_t seed, const sx_loading *loading,
                         sx_error *err) {
    sx_source *source = sx_source_make(&array_kind, sx_path_name(path), err);
    state *s = source ? sx_alloc(1, sizeof *s) : NULL;
    if (!s) {
        if (source) sx_fail(err, SX_NO_MEMORY, "not enough memory for the data set");
        sx_source_free(source);
        return NULL;
    }
    source->state = s;
    sx_text_printable(source->facts.origin, sizeof source->facts.origin, path);
    for (int i = 0; i < ARRAYS; i++) s->arrays[i].fd = -1;
    sx_status status = SX_OK;
    for (int i = 0; i < ARRAYS && !status; i++) {
        status = sx_source_progress(loading, source->facts.name, (size_t)i, ARRAYS, err);
        if (!status)
            status = is_archive(path) ? open_member(&s->arrays[i], path, i, err)
                                      : open_file(&s->arrays[i], path, i, err);
    }
    if (!status) status = take_all(source, err);
    if (!status) status = sx_source_split(source, 7, seed, err);
    if (!status) return source;
    sx_source_free(source);
    return NULL;
}
