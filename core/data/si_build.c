/* The pictures of a set after SI-Score. Object by object, so that an object is read once and its
 * backgrounds are resized once; within an object, pieces of one size and angle go to the workers,
 * which resize and turn it once for all its places. A picture appears under its name when it is
 * whole, so what is there after an interruption is kept as it is. */
#include "core/data/si_plan.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 32 /* places of a piece */
#define QUALITY 75

/* Of one worker. */
typedef struct {
    sx_image canvas, resized, turned;
    size_t capacity;        /* bytes of `resized`, which is used again for the next size */
    const sx_image *object; /* resized or turned: what is pasted */
    sx_resize_scratch resize;
} bench;

typedef struct {
    sx_si_plan *plan;
    bench *benches; /* [threads] */
    /* the object at hand */
    size_t object;
    sx_image picture;
    sx_image *grounds;       /* [backgrounds] */
    size_t places, turnings; /* of x and y; of area and rotation */
    size_t pieces_each;      /* of a turning */
    /* what is shared */
    atomic_size_t made, kept, dropped;
    atomic_bool failed;
    pthread_mutex_t mutex;
    sx_status status;
    sx_error problem;
} building;

static void give_up(building *b, sx_status status, const sx_error *err) {
    pthread_mutex_lock(&b->mutex);
    if (!atomic_load(&b->failed)) {
        b->status = status;
        b->problem = *err;
        atomic_store(&b->failed, true);
    }
    pthread_mutex_unlock(&b->mutex);
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* Whether the file ends as a whole picture does; after a power cut there may be others. */
static bool is_whole(const char *path, bool png) {
    static const uint8_t jpeg_end[] = {0xFF, 0xD9};
    static const uint8_t png_end[] = {'I', 'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};
    const uint8_t *end = png ? png_end : jpeg_end;
    size_t size = png ? sizeof png_end : sizeof jpeg_end;
    uint8_t last[8];
    struct stat facts;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool whole = fstat(fd, &facts) == 0 && facts.st_size > (off_t)size &&
                 pread(fd, last, size, facts.st_size - (off_t)size) == (ssize_t)size &&
                 memcmp(last, end, size) == 0;
    close(fd);
    return whole;
}

/* Without fsync: half a million of them would take hours, and is_whole looks again. */
static sx_status put_file(const char *path, const sx_bytes *bytes, sx_error *err) {
    char part[SX_PATH_SIZE];
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
        return sx_fail(err, SX_BAD_INPUT, "the path '%.200s...' is too long", path);
    FILE *file = fopen(part, "wbe");
    bool good = file && fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
    if (file && fclose(file) != 0) good = false;
    if (good && rename(part, path) == 0) return SX_OK;
    sx_fail(err, SX_IO, "cannot write '%.300s': %m", path);
    unlink(part);
    return SX_IO;
}

static sx_status write_picture(const building *b, const sx_image *canvas, const char *path,
                               sx_error *err) {
    sx_bytes bytes;
    sx_status status = b->plan->options->png ? sx_png_encode(canvas, &bytes, err)
                                             : sx_jpeg_encode(canvas, QUALITY, &bytes, err);
    if (!status) status = put_file(path, &bytes, err);
    sx_bytes_done(&bytes);
    return status;
}

/* ---- pictures ----------------------------------------------------------------------------------
 */

static sx_status resize_object(const building *b, bench *w, const sx_si_box *box, sx_error *err) {
    static const sx_resize_rule rule = {SX_RESIZE_BILINEAR, true};
    size_t pixels;
    if (!sx_size_multiply((size_t)box->height, (size_t)box->width, &pixels) ||
        pixels > SX_IMAGE_MAX_PIXELS)
        return sx_fail(err, SX_BAD_INPUT, "an object would have %d x %d pixels; at most %zu fit",
                       box->width, box->height, SX_IMAGE_MAX_PIXELS);
    if (!sx_grow((void **)&w->resized.pixels, &w->capacity, 4 * pixels, 1))
        return sx_fail(err, SX_NO_MEMORY, "not enough memory for an object of %d x %d pixels",
                       box->width, box->height);
    w->resized.height = box->height;
    w->resized.width = box->width;
    w->resized.channels = 4;
    return sx_resize(&b->picture, rule, &w->resized, &w->resize, err);
}

/* The object at its size and angle, as the worker's `object`. */
static sx_status turn_object(const building *b, bench *w, const sx_si_box *box, double degrees,
                             sx_error *err) {
    sx_status status = resize_object(b, w, box, err);
    w->object = &w->resized;
    if (status || degrees == 0) return status;
    sx_image_done(&w->turned);
    w->object = &w->turned;
    return sx_turn_image(&w->resized, degrees, &w->turned, err);
}

static sx_status make_picture(building *b, bench *w, const sx_si_box *box, int ground,
                              const char *path, sx_error *err) {
    int side = b->plan->options->grid->resolution;
    size_t size = 3 * (size_t)side * (size_t)side;
    if (!w->canvas.pixels && sx_image_new(&w->canvas, side, side, 3, err)) return err->status;
    memcpy(w->canvas.pixels, b->grounds[ground].pixels, size);
    sx_paste(w->object, box->left, box->top, &w->canvas);
    return write_picture(b, &w->canvas, path, err);
}

/* All backgrounds of one place; `turned`: whether the worker's object is that of this piece. */
static sx_status make_place(building *b, bench *w, size_t place, bool *turned, sx_error *err) {
    const sx_si_options *o = b->plan->options;
    const sx_si_object *object = &b->plan->objects[b->object];
    sx_pose pose = sx_si_grid_pose(o->grid, place);
    sx_si_box box = sx_si_place(object->width, object->height, pose, o->grid->resolution);
    int each = o->grid->backgrounds;
    char path[SX_PATH_SIZE];
    if (!sx_si_is_kept(b->plan, &box)) {
        atomic_fetch_add(&b->dropped, (size_t)each);
        return SX_OK;
    }
    for (int k = 0; k < each; k++) {
        size_t pair = b->object * (size_t)each + (size_t)k;
        uint64_t id = sx_si_image_id(place, pair, sx_si_plan_pairs(b->plan));
        sx_status status = sx_si_plan_path(b->plan, object->class, id, path, err);
        if (status) return status;
        if (is_whole(path, o->png)) {
            atomic_fetch_add(&b->kept, 1);
            continue;
        }
        if (!*turned) status = turn_object(b, w, &box, pose.rotation, err);
        *turned = true;
        if (!status) status = make_picture(b, w, &box, k, path, err);
        if (status) return status;
        atomic_fetch_add(&b->made, 1);
    }
    return SX_OK;
}

/* The caller's thread is worker 0. */
static void tell(building *b, int worker) {
    const sx_loading *loading = b->plan->options->loading;
    size_t all = sx_si_grid_places(b->plan->options->grid) * sx_si_plan_pairs(b->plan);
    sx_error err = {0};
    if (worker > 0) return;
    size_t done = atomic_load(&b->made) + atomic_load(&b->kept) + atomic_load(&b->dropped);
    if (sx_source_progress(loading, "pictures", done, all, &err)) give_up(b, err.status, &err);
}

static void make_piece(void *context, int piece, int worker) {
    building *b = context;
    bool turned = false;
    size_t turning = (size_t)piece / b->pieces_each, first = (size_t)piece % b->pieces_each * PIECE;
    for (size_t i = first; i < first + PIECE && i < b->places; i++) {
        sx_error err = {0};
        if (atomic_load(&b->failed)) return;
        sx_status status =
            make_place(b, &b->benches[worker], i * b->turnings + turning, &turned, &err);
        if (status) give_up(b, status, &err);
        tell(b, worker);
    }
}

/* ---- objects -----------------------------------------------------------------------------------
 */

static void done_object(building *b) {
    sx_image_done(&b->picture);
    for (int k = 0; k < b->plan->options->grid->backgrounds; k++) sx_image_done(&b->grounds[k]);
}

/* One broken file among thousands is no reason to build nothing. */
static bool refuse(sx_si_plan *plan, sx_si_object *object, sx_status status, const sx_error *err) {
    if (!object->path || (status != SX_BAD_INPUT && status != SX_IO)) return false;
    object->refused = true;
    if (plan->refused++ == 0)
        sx_text_set(plan->first_refused, sizeof plan->first_refused, err->message);
    return true;
}

static sx_status make_object(building *b, size_t object, sx_error *err) {
    const sx_si_options *o = b->plan->options;
    sx_error problem = {0};
    b->object = object;
    sx_status status = sx_si_plan_object(b->plan, object, &b->picture, &problem);
    if (status && refuse(b->plan, &b->plan->objects[object], status, &problem)) return SX_OK;
    if (status && err) *err = problem;
    for (int k = 0; !status && k < o->grid->backgrounds; k++)
        status = sx_si_plan_background(b->plan, b->plan->objects[object].background[k],
                                       &b->grounds[k], err);
    if (!status) {
        sx_pool_run(o->pool, (int)(b->turnings * b->pieces_each), make_piece, b);
        if (atomic_load(&b->failed)) {
            status = b->status;
            if (err) *err = b->problem;
        }
    }
    done_object(b);
    return status;
}

static sx_status make_folders(const sx_si_plan *plan, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_status status = SX_OK;
    for (int i = 0; !status && i < plan->class_count; i++) {
        status = sx_path_join(path, plan->options->out, plan->classes[i], err);
        if (!status) status = sx_directory_make(path, err);
    }
    return status;
}

/* Another recipe in the folder is refused, so that one set is one recipe. */
static sx_status keep_recipe(const sx_si_plan *plan, sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_text recipe = {0};
    sx_bytes before = {0};
    sx_status status = sx_path_join(path, plan->options->out, "recipe.ini", err);
    if (status) return status;
    sx_si_plan_describe(plan, &recipe);
    if (recipe.failed)
        status = sx_fail(err, SX_NO_MEMORY, "not enough memory for the recipe");
    else if (!sx_is_file(path))
        status = sx_file_write(path, recipe.data, recipe.size, err);
    else if (!(status = sx_file_read(path, 1 << 24, &before, err)) &&
             (before.size != recipe.size || memcmp(before.data, recipe.data, recipe.size) != 0))
        status = sx_fail(err, SX_BAD_INPUT,
                         "'%.200s' was begun with another recipe (see recipe.ini there); build "
                         "into another folder, or remove it",
                         plan->options->out);
    sx_bytes_done(&before);
    sx_text_done(&recipe);
    return status;
}

/* All pictures on the disk before the tables say that they are. */
static void flush_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    syncfs(fd);
    close(fd);
}

static sx_status make_pictures(building *b, sx_error *err) {
    const sx_si_grid *grid = b->plan->options->grid;
    sx_status status = SX_OK;
    b->turnings = (size_t)grid->area.count * (size_t)grid->rotation.count;
    b->places = (size_t)grid->x.count * (size_t)grid->y.count;
    b->pieces_each = (b->places + PIECE - 1) / PIECE;
    if (b->turnings * b->pieces_each >= 1 << 20)
        return sx_fail(err, SX_BAD_INPUT, "the grid has too many places");
    for (size_t i = 0; !status && i < b->plan->object_count; i++) status = make_object(b, i, err);
    if (!status && atomic_load(&b->made) + atomic_load(&b->kept) + atomic_load(&b->dropped) == 0)
        return sx_fail(err, SX_BAD_INPUT, "no object could be read: %.400s",
                       b->plan->first_refused);
    return status;
}

static sx_status build(sx_si_plan *plan, sx_si_report *out, sx_error *err) {
    int threads = sx_pool_threads(plan->options->pool);
    building b = {.plan = plan};
    pthread_mutex_init(&b.mutex, NULL);
    b.benches = sx_alloc((size_t)threads, sizeof *b.benches);
    b.grounds = sx_alloc((size_t)plan->options->grid->backgrounds, sizeof *b.grounds);
    sx_status status = b.benches && b.grounds
                           ? make_pictures(&b, err)
                           : sx_fail(err, SX_NO_MEMORY, "not enough memory to build the set");
    if (!status) flush_folder(plan->options->out);
    if (!status) status = sx_si_write_tables(plan, err);
    *out = (sx_si_report){.classes = (size_t)plan->class_count,
                          .objects = plan->object_count,
                          .pairs = sx_si_plan_pairs(plan),
                          .made = atomic_load(&b.made),
                          .kept = atomic_load(&b.kept),
                          .dropped = atomic_load(&b.dropped),
                          .refused = plan->refused};
    sx_text_set(out->first_refused, sizeof out->first_refused, plan->first_refused);
    for (int i = 0; b.benches && i < threads; i++) {
        sx_image_done(&b.benches[i].canvas);
        sx_image_done(&b.benches[i].resized);
        sx_image_done(&b.benches[i].turned);
        sx_resize_scratch_done(&b.benches[i].resize);
    }
    sx_free(b.benches);
    sx_free(b.grounds);
    pthread_mutex_destroy(&b.mutex);
    return status;
}

sx_status sx_si_build(const sx_si_options *options, sx_si_report *out, sx_error *err) {
    sx_si_plan plan;
    *out = (sx_si_report){0};
    sx_status status = sx_si_plan_make(options, &plan, err);
    if (status) return status;
    status = sx_directory_make(options->out, err);
    if (!status) status = keep_recipe(&plan, err);
    if (!status) status = make_folders(&plan, err);
    if (!status) status = build(&plan, out, err);
    sx_si_plan_done(&plan);
    return status;
}
