/* Training batches, made ahead by one worker. Batch k is a function of (seed, k): position p of the
 * endless sequence of images is item p mod n of the permutation of epoch p / n, so a run that
 * resumes at step k sees what it would have seen. */
#include "core/data/augment.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define SLOTS 3
#define KEPT_BYTES ((size_t)64 << 20)
enum {
    STREAM_EPOCH = 21,
    STREAM_AUGMENT = 22,
    STREAM_STEPS = 25,
    STREAM_MIX = 26,
    STREAM_CAPTION = 27,
    STREAM_CUT = 31
};

typedef struct {
    float *images;
    int32_t *labels;
    float *targets; /* [batch, target_length], where there are any */
} slot;

struct sx_batches {
    const sx_view *view;
    sx_batch_options options;
    size_t count;                /* items of the training split */
    int size;                    /* pixels a side of an image */
    size_t pixels, drawn_pixels; /* bytes of an image; of a picture as the view draws it */
    slot slots[SLOTS];
    uint32_t *order;          /* of `epoch` */
    int64_t epoch;            /* -1: none yet */
    uint8_t *image, *shifted; /* as large as a drawn picture */
    sx_augment augment;
    int classes, target_length;
    float *copy, *targets; /* of the batch, where images are mixed; of the one taken last */
    uint32_t *partners;
    int64_t waited, calls;
    size_t kept_count; /* the first items' images are kept once drawn */
    uint8_t *kept;     /* [kept_count, drawn_pixels] */
    bool *drawn;       /* [kept_count] */
    pthread_t worker;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int64_t made, taken; /* steps; made - taken slots are full */
    atomic_bool quit;    /* also looked at within a batch: pictures may be slow to read */
    sx_error err;        /* the worker's, if its status is not SX_OK */
};

/* Mirrors and moves the image by what (seed, position) draws; returns where it is. */
static uint8_t *flip_and_shift(sx_batches *b, int64_t position) {
    const sx_augmentation *a = &b->options.augmentation;
    int size = b->size;
    sx_random random = sx_random_from(b->options.seed, STREAM_AUGMENT, (uint64_t)position);
    if (a->flip && sx_random_below(&random, 2)) sx_mirror_image(b->image, size);
    if (a->shift <= 0) return b->image;
    uint32_t range = 2 * (uint32_t)a->shift + 1;
    int dx = (int)sx_random_below(&random, range) - a->shift;
    int dy = (int)sx_random_below(&random, range) - a->shift;
    sx_shift_image(b->image, b->shifted, size, dx, dy);
    return b->shifted;
}

/* Where the view draws larger pictures: a part of the image's size, at a place that (seed,
 * position) draws. Rows move towards the beginning, so it is done in place. */
static void cut_part(sx_batches *b, int64_t position) {
    int drawn = sx_view_size(b->view);
    if (drawn == b->size) return;
    sx_random random = sx_random_from(b->options.seed, STREAM_CUT, (uint64_t)position);
    uint32_t places = (uint32_t)(drawn - b->size) + 1;
    size_t left = sx_random_below(&random, places), top = sx_random_below(&random, places);
    size_t row = 3 * (size_t)b->size;
    for (size_t y = 0; y < (size_t)b->size; y++)
        memmove(b->image + y * row, b->image + 3 * ((top + y) * (size_t)drawn + left), row);
}

/* All changes of one image; returns where it is. */
static const uint8_t *augment(sx_batches *b, int64_t position) {
    cut_part(b, position);
    uint8_t *image = flip_and_shift(b, position);
    sx_random random = sx_random_from(b->options.seed, STREAM_STEPS, (uint64_t)position);
    sx_augment_image(&b->augment, &random, image, image == b->image ? b->shifted : b->image,
                     b->size);
    return image;
}

/* Targets of the labels; then images and targets are mixed by what (seed, step) draws. */
static void mix(sx_batches *b, int64_t step, slot *out) {
    size_t batch = (size_t)b->options.batch, classes = (size_t)b->classes;
    memset(out->targets, 0, batch * classes * sizeof *out->targets);
    for (size_t i = 0; i < batch; i++) out->targets[i * classes + (size_t)out->labels[i]] = 1;
    sx_random random = sx_random_from(b->options.seed, STREAM_MIX, (uint64_t)step);
    sx_mixed_batch mixed = {b->options.batch, b->size,      b->classes, out->images,
                            b->copy,          out->targets, b->partners};
    sx_augment_batch(&b->augment, &random, &mixed);
}

/* Whose wording and details (seed, position) draw. */
static void caption(sx_batches *b, int64_t position, size_t item, float *ids) {
    char text[SX_CAPTION];
    sx_random random = sx_random_from(b->options.seed, STREAM_CAPTION, (uint64_t)position);
    sx_caption_item(b->options.captions, SX_SPLIT_TRAIN, item, &random, text);
    sx_caption_ids(b->options.captions, text, b->options.context, ids);
}

static size_t item_at(sx_batches *b, int64_t position) {
    int64_t epoch = position / (int64_t)b->count;
    if (epoch != b->epoch) {
        sx_random random = sx_random_from(b->options.seed, STREAM_EPOCH, (uint64_t)epoch);
        sx_random_permutation(&random, b->order, b->count);
        b->epoch = epoch;
    }
    return b->order[position % (int64_t)b->count];
}

/* The item's image, into b->image. Drawing an item again would give the same bytes, so what fits
 * is kept: from the second epoch on a folder of photographs costs no more than the shapes. */
static sx_status draw_item(sx_batches *b, size_t item, sx_error *err) {
    bool keep = item < b->kept_count;
    uint8_t *kept = keep ? b->kept + item * b->drawn_pixels : b->image;
    if (!keep || !b->drawn[item]) {
        sx_status status = sx_view_image(b->view, SX_SPLIT_TRAIN, item, kept, err);
        if (status || !keep) return status;
        b->drawn[item] = true;
    }
    memcpy(b->image, kept, b->drawn_pixels);
    return SX_OK;
}

static sx_status make_batch(sx_batches *b, int64_t step, slot *out, sx_error *err) {
    for (int i = 0; i < b->options.batch; i++) {
        if (b->quit) return sx_fail(err, SX_CANCELLED, "the batches were stopped");
        int64_t position =
            b->options.origin_position + (step - b->options.origin_step) * b->options.batch + i;
        size_t item = item_at(b, position);
        sx_status status = draw_item(b, item, err);
        if (status) return status;
        sx_normalise(b->options.normalisation, augment(b, position), b->pixels,
                     out->images + (size_t)i * b->pixels);
        out->labels[i] = sx_source_label(sx_view_source(b->view), SX_SPLIT_TRAIN, item);
        if (b->options.captions)
            caption(b, position, item, out->targets + (ptrdiff_t)i * b->target_length);
    }
    if (sx_augment_mixes(&b->augment)) mix(b, step, out);
    return SX_OK;
}

static void *work(void *argument) {
    sx_batches *b = argument;
    pthread_mutex_lock(&b->mutex);
    while (!b->quit && !b->err.status) {
        if (b->made - b->taken == SLOTS) {
            pthread_cond_wait(&b->changed, &b->mutex);
            continue;
        }
        int64_t step = b->made;
        pthread_mutex_unlock(&b->mutex);
        sx_error err = {0};
        sx_status status = make_batch(b, step, &b->slots[step % SLOTS], &err);
        pthread_mutex_lock(&b->mutex);
        if (status)
            b->err = err;
        else
            b->made++;
        pthread_cond_broadcast(&b->changed);
    }
    pthread_mutex_unlock(&b->mutex);
    return NULL;
}

static bool allocate(sx_batches *b) {
    size_t batch = (size_t)b->options.batch;
    bool memory = (b->order = sx_alloc(b->count, sizeof *b->order)) != NULL;
    memory = (b->image = sx_alloc(b->drawn_pixels, 1)) && memory;
    memory = (b->shifted = sx_alloc(b->drawn_pixels, 1)) && memory;
    memory = (b->kept = sx_alloc(b->kept_count, b->drawn_pixels)) && memory;
    memory = (b->drawn = sx_alloc(b->kept_count, sizeof *b->drawn)) && memory;
    size_t targets = batch * (size_t)b->target_length;
    size_t copy = batch * b->pixels > targets ? batch * b->pixels : targets;
    bool mixes = sx_augment_mixes(&b->augment);
    if (targets) memory = (b->targets = sx_alloc(targets, sizeof(float))) && memory;
    if (mixes) {
        memory = (b->copy = sx_alloc(copy, sizeof(float))) && memory;
        memory = (b->partners = sx_alloc(batch, sizeof(uint32_t))) && memory;
    }
    for (int i = 0; i < SLOTS; i++) {
        if (targets) memory = (b->slots[i].targets = sx_alloc(targets, sizeof(float))) && memory;
        memory = (b->slots[i].images = sx_alloc(batch * b->pixels, sizeof(float))) && memory;
        memory = (b->slots[i].labels = sx_alloc(batch, sizeof(int32_t))) && memory;
    }
    return memory;
}

sx_batches *sx_batches_new(const sx_view *view, const sx_batch_options *options, int64_t first_step,
                           sx_error *err) {
    sx_batches *b = sx_alloc(1, sizeof *b);
    if (!b) {
        sx_fail(err, SX_NO_MEMORY, "not enough memory for batches");
        return NULL;
    }
    size_t drawn = (size_t)sx_view_size(view);
    const char *spec = options->augmentation.spec;
    if (sx_augment_parse(spec ? spec : "", &b->augment, err)) {
        sx_free(b);
        return NULL;
    }
    if (options->captions && sx_augment_mixes(&b->augment)) {
        sx_fail(err, SX_BAD_INPUT,
                "a caption belongs to one picture: leave mixup and cutmix out of train.augment");
        sx_free(b);
        return NULL;
    }
    b->view = view;
    b->options = *options;
    if (!b->options.normalisation) b->options.normalisation = &sx_normalisation_usual;
    b->size = options->size > 0 && options->size < (int)drawn ? options->size : (int)drawn;
    b->classes = sx_source_describe(sx_view_source(view))->classes;
    if (sx_augment_mixes(&b->augment)) b->target_length = b->classes;
    if (options->captions) b->target_length = options->context;
    b->count = sx_source_describe(sx_view_source(view))->counts[SX_SPLIT_TRAIN];
    b->pixels = (size_t)b->size * (size_t)b->size * 3;
    b->drawn_pixels = drawn * drawn * 3;
    b->kept_count = KEPT_BYTES / b->drawn_pixels;
    if (b->kept_count > b->count) b->kept_count = b->count;
    b->epoch = -1;
    b->made = b->taken = first_step;
    pthread_mutex_init(&b->mutex, NULL);
    pthread_cond_init(&b->changed, NULL);
    b->started = allocate(b) && pthread_create(&b->worker, NULL, work, b) == 0;
    if (b->started) return b;
    sx_fail(err, SX_NO_MEMORY, "not enough memory for batches of %d images", options->batch);
    sx_batches_free(b);
    return NULL;
}

void sx_batches_free(sx_batches *b) {
    if (!b) return;
    pthread_mutex_lock(&b->mutex);
    b->quit = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->mutex);
    if (b->started) pthread_join(b->worker, NULL);
    pthread_mutex_destroy(&b->mutex);
    pthread_cond_destroy(&b->changed);
    for (int i = 0; i < SLOTS; i++) {
        sx_free(b->slots[i].images);
        sx_free(b->slots[i].labels);
        sx_free(b->slots[i].targets);
    }
    sx_free(b->copy);
    sx_free(b->targets);
    sx_free(b->partners);
    sx_free(b->order);
    sx_free(b->image);
    sx_free(b->shifted);
    sx_free(b->kept);
    sx_free(b->drawn);
    sx_free(b);
}

sx_status sx_batches_next(sx_batches *b, float *images, int32_t *labels, sx_error *err) {
    pthread_mutex_lock(&b->mutex);
    b->calls++;
    b->waited += b->made == b->taken;
    while (b->made == b->taken && !b->err.status) pthread_cond_wait(&b->changed, &b->mutex);
    bool ready = b->made > b->taken;
    pthread_mutex_unlock(&b->mutex);
    if (!ready) return sx_fail(err, b->err.status, "%s", b->err.message);
    const slot *s = &b->slots[b->taken % SLOTS];
    size_t batch = (size_t)b->options.batch;
    memcpy(images, s->images, batch * b->pixels * sizeof *images);
    memcpy(labels, s->labels, batch * sizeof *labels);
    if (b->targets)
        memcpy(b->targets, s->targets, batch * (size_t)b->target_length * sizeof *b->targets);
    pthread_mutex_lock(&b->mutex);
    b->taken++;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->mutex);
    return SX_OK;
}

int sx_batches_target_length(const sx_batches *batches) {
    return batches->target_length;
}

const float *sx_batches_targets(const sx_batches *batches) {
    return batches->targets;
}

void sx_batches_waits(const sx_batches *batches, int64_t *waited, int64_t *calls) {
    *waited = batches->waited;
    *calls = batches->calls;
}
