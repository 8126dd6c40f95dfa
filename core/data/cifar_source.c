/* CIFAR-10 and CIFAR-100 in their binary form: records of one or two labels and 32 x 32 pictures,
 * plane by plane. Labels are read when the set is opened; pictures stay in the files and are read
 * one by one, so a set of this form may be larger than memory. */
#include "core/data/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIDE 32
#define PLANE (SIDE * SIDE)
#define FILES 6
#define BLOCK_RECORDS 256
#define CLASSES_LIMIT 100

typedef struct {
    const char *files[FILES]; /* the last is the test split */
    const char *class_names;  /* a file, one name a line */
    int labels, classes;      /* labels: of a record; the last one counts */
} form;

static const form forms[] = {
    {{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
      "data_batch_5.bin", "test_batch.bin"},
     "batches.meta.txt",
     1,
     10},
    {{"train.bin", NULL, NULL, NULL, NULL, "test.bin"}, "fine_label_names.txt", 2, 100},
};

typedef struct {
    int fds[FILES];
    size_t counts[FILES]; /* records */
    const form *form;
} state;

static size_t record_size(const form *f) {
    return (size_t)f->labels + 3 * PLANE;
}

static const form *form_of(const char *directory) {
    char path[SX_PATH_SIZE];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (!sx_path_join(path, directory, forms[i].files[0], NULL) && sx_is_file(path))
            return &forms[i];
    return NULL;
}

bool sx_cifar_recognises(const char *directory) {
    return form_of(directory) != NULL;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static sx_status cifar_image(const sx_source *source, uint32_t item, sx_image *out, sx_error *err) {
    const state *s = source->state;
    uint8_t planes[3 * PLANE];
    size_t at = item;
    int file = 0;
    while (at >= s->counts[file]) at -= s->counts[file++];
    sx_status status = sx_image_new(out, SIDE, SIDE, 3, err);
    if (status) return status;
    status = sx_file_read_at(s->fds[file], planes, sizeof planes,
                             at * record_size(s->form) + (size_t)s->form->labels,
                             s->form->files[file], err);
    for (int i = 0; i < PLANE && !status; i++)
        for (int c = 0; c < 3; c++) out->pixels[3 * i + c] = planes[c * PLANE + i];
    if (status) sx_image_done(out);
    return status;
}

static void cifar_close(sx_source *source) {
    state *s = source->state;
    for (int i = 0; s && i < FILES; i++)
        if (s->fds[i] >= 0) close(s->fds[i]);
    sx_free(s);
}

static const sx_source_kind cifar_kind = {cifar_image, NULL, NULL, cifar_close};

/* ---- opening ------------------------------------------------------------------------------------
 */

static sx_status open_file(state *s, const char *directory, int file, sx_error *err) {
    char path[SX_PATH_SIZE];
    struct stat facts;
    if (!s->form->files[file]) return SX_OK;
    sx_status status = sx_path_join(path, directory, s->form->files[file], err);
    if (status) return status;
    if (file > 0 && !sx_is_file(path)) return SX_OK; /* fewer batches are fine */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    s->fds[file] = fd;
    if (fd < 0 || fstat(fd, &facts) != 0)
        return sx_fail(err, SX_IO, "cannot read '%.300s': %s", path, strerror(errno));
    size_t size = (size_t)facts.st_size, record = record_size(s->form);
    if (!S_ISREG(facts.st_mode) || size == 0 || size % record != 0)
        return sx_fail(err, SX_BAD_INPUT,
                       "'%.300s': %zu bytes are not a whole number of records of %zu bytes", path,
                       size, record);
    s->counts[file] = size / record;
    return SX_OK;
}

/* The labels of one file, into `out`. */
static sx_status read_labels(const state *s, int file, int32_t *out, sx_error *err) {
    size_t record = record_size(s->form);
    uint8_t *block = sx_alloc(BLOCK_RECORDS, record);
    if (!block) return sx_fail(err, SX_NO_MEMORY, "not enough memory to read the labels");
    sx_status status = SX_OK;
    for (size_t first = 0; first < s->counts[file] && !status; first += BLOCK_RECORDS) {
        size_t left = s->counts[file] - first, count = left < BLOCK_RECORDS ? left : BLOCK_RECORDS;
        status = sx_file_read_at(s->fds[file], block, count * record, first * record,
                                 s->form->files[file], err);
        for (size_t i = 0; i < count && !status; i++) {
            int label = block[i * record + (size_t)s->form->labels - 1];
            out[first + i] = label;
            if (label >= s->form->classes)
                status = sx_fail(
                    err, SX_BAD_INPUT, "'%.100s': offset %zu: label %d; there are %d classes",
                    s->form->files[file], (first + i) * record + (size_t)s->form->labels - 1, label,
                    s->form->classes);
        }
    }
    sx_free(block);
    return status;
}

/* The file of names has one a line; whatever it does not name has its number. */
static sx_status add_classes(sx_source *source, const form *f, const char *directory,
                             sx_error *err) {
    char path[SX_PATH_SIZE], names[CLASSES_LIMIT][64];
    const char *lines[CLASSES_LIMIT];
    sx_bytes bytes = {0};
    if (!sx_path_join(path, directory, f->class_names, NULL) && sx_is_file(path))
        sx_file_read(path, 1 << 16, &bytes, NULL);
    const char *line = bytes.data ? (const char *)bytes.data : "";
    int count = 0;
    line += strspn(line, "\r\n");
    for (; *line && count < f->classes; count++) {
        int length = (int)strcspn(line, "\r\n");
        snprintf(names[count], sizeof names[count], "%.*s", length < 60 ? length : 60, line);
        lines[count] = names[count];
        line += length + (int)strspn(line + length, "\r\n");
    }
    sx_bytes_done(&bytes);
    return sx_source_number_classes(source, f->classes, lines, count, err);
}

static sx_status read_set(sx_source *source, const char *directory, const sx_loading *loading,
                          sx_error *err) {
    state *s = source->state;
    size_t items = 0;
    sx_status status = SX_OK;
    for (int file = 0; file < FILES && !status; file++) {
        status = open_file(s, directory, file, err);
        if (file == FILES - 1) source->trained = items;
        items += s->counts[file];
    }
    if (!status) status = sx_source_labels(source, items, err);
    for (size_t file = 0, at = 0; file < FILES && !status; at += s->counts[file++]) {
        status = sx_source_progress(loading, source->facts.name, file, FILES, err);
        if (!status) status = read_labels(s, (int)file, source->labels + at, err);
    }
    return status ? status : add_classes(source, s->form, directory, err);
}

sx_source *sx_cifar_open(const char *directory, uint64_t seed, const sx_loading *loading,
                         sx_error *err) {
    sx_source *source = sx_source_make(&cifar_kind, sx_path_name(directory), err);
    state *s = source ? sx_alloc(1, sizeof *s) : NULL;
    if (!s) {
        if (source) sx_fail(err, SX_NO_MEMORY, "not enough memory for the data set");
        sx_source_free(source);
        return NULL;
    }
    source->state = s;
    s->form = form_of(directory);
    for (int i = 0; i < FILES; i++) s->fds[i] = -1;
    source->facts.height = source->facts.width = SIDE;
    source->facts.channels = 3;
    sx_text_printable(source->facts.origin, sizeof source->facts.origin, directory);
    sx_status status = s->form ? read_set(source, directory, loading, err)
                               : sx_fail(err, SX_BAD_INPUT, "'%.200s' is no CIFAR set", directory);
    if (!status) status = sx_source_split(source, 7, seed, err);
    if (!status) return source;
    sx_source_free(source);
    return NULL;
}
