/* What a set after SI-Score is made from: objects class by class, from folders or cut from a data
 * set, backgrounds, and which object goes on which. The order is that of sorted names, so the same
 * files and seed give the same pairs everywhere. */
#include "core/data/si_plan.h"

#include <stdio.h>
#include <string.h>

#define RENDERED_BACKGROUNDS 60
#define SHAPE_PIXELS 256
#define DEFAULT_INSTANCES 10
#define CLASS_LIMIT 1000
#define OBJECT_LIMIT ((size_t)1 << 20)
#define CUT_THRESHOLD 10
#define KEPT_BYTES ((size_t)256 << 20) /* of backgrounds: 341 of 512 x 512 pixels */

static sx_status no_memory(sx_error *err) {
    return sx_fail(err, SX_NO_MEMORY, "not enough memory to plan the set");
}

/* ---- objects -----------------------------------------------------------------------------------
 */

typedef struct {
    sx_si_plan *plan;
    size_t class_capacity, object_capacity;
} collection;

static sx_status add_class(collection *c, const char *name, sx_error *err) {
    sx_si_plan *p = c->plan;
    if (p->class_count == CLASS_LIMIT)
        return sx_fail(err, SX_BAD_INPUT, "there are more than %d classes", CLASS_LIMIT);
    if (!sx_grow((void **)&p->classes, &c->class_capacity, (size_t)p->class_count + 1,
                 sizeof *p->classes) ||
        !(p->classes[p->class_count] = sx_arena_text(&p->arena, name)))
        return no_memory(err);
    p->class_count++;
    return SX_OK;
}

static sx_status add_object(collection *c, const sx_si_object *object, sx_error *err) {
    sx_si_plan *p = c->plan;
    if (p->object_count == OBJECT_LIMIT)
        return sx_fail(err, SX_BAD_INPUT, "there are more than %zu objects", OBJECT_LIMIT);
    if (!sx_grow((void **)&p->objects, &c->object_capacity, p->object_count + 1,
                 sizeof *p->objects))
        return no_memory(err);
    sx_si_object *o = &p->objects[p->object_count++];
    *o = *object;
    o->class = p->class_count - 1;
    o->name = sx_arena_text(&p->arena, object->name);
    if (object->path) o->path = sx_arena_text(&p->arena, object->path);
    return o->name && (o->path || !object->path) ? SX_OK : no_memory(err);
}

static sx_status add_file(collection *c, const char *folder, const char *name, sx_error *err) {
    char path[SX_PATH_SIZE], stem[256];
    sx_status status = sx_path_join(path, folder, name, err);
    if (status) return status;
    sx_text_set(stem, sizeof stem, name);
    *strrchr(stem, '.') = 0;
    return add_object(c, &(sx_si_object){.name = stem, .path = path}, err);
}

/* A sub-folder is a class if it has pictures. */
static sx_status add_folder(collection *c, const char *root, const char *name, sx_error *err) {
    char folder[SX_PATH_SIZE];
    sx_listing listing;
    int added = 0, most = c->plan->options->instances;
    sx_status status = sx_path_join(folder, root, name, err);
    if (status || !sx_is_directory(folder)) return status;
    status = sx_directory_list(folder, &listing, err);
    if (status) return status;
    for (size_t i = 0; !status && i < listing.count && (most == 0 || added < most); i++) {
        if (!sx_image_has_name(listing.names[i])) continue;
        if (added++ == 0) status = add_class(c, name, err);
        if (!status) status = add_file(c, folder, listing.names[i], err);
    }
    sx_listing_done(&listing);
    return status;
}

static sx_status list_folders(collection *c, const char *root, sx_error *err) {
    sx_listing listing;
    sx_status status = sx_directory_list(root, &listing, err);
    if (status) return status;
    for (size_t i = 0; !status && i < listing.count; i++)
        status = add_folder(c, root, listing.names[i], err);
    sx_listing_done(&listing);
    if (!status && c->plan->object_count == 0)
        return sx_fail(err, SX_BAD_INPUT,
                       "'%.200s' has no objects: PNG files with alpha are expected in one folder a "
                       "class, class/name.png",
                       root);
    return status;
}

static void note_refused(sx_si_plan *p, const sx_package_files *files) {
    if (p->refused == 0) sx_text_set(p->first_refused, sizeof p->first_refused, files->first);
    p->refused += files->refused;
}

static sx_status list_package(collection *c, const sx_package *package, sx_error *err) {
    char stem[SX_PATH_SIZE];
    sx_package_files files = {0};
    int added = 0, most = c->plan->options->instances;
    sx_status status = sx_package_list(package, &files, err);
    for (size_t i = 0; !status && i < files.count; i++) {
        const sx_package_file *f = &files.files[i];
        bool begins = i == 0 || strcmp(f->class_name, f[-1].class_name) != 0;
        if (begins) status = add_class(c, f->class_name, err);
        added = begins ? 0 : added;
        if (status || (most > 0 && added++ >= most)) continue;
        sx_text_set(stem, sizeof stem, f->name);
        *strrchr(stem, '.') = 0;
        status = add_object(c, &(sx_si_object){.name = stem, .path = f->path}, err);
    }
    note_refused(c->plan, &files);
    sx_package_files_done(&files);
    return status;
}

/* The class of the source whose name comes next after `before` by bytes; -1 past the last. */
static int next_class(const sx_source_facts *facts, const char *before) {
    int next = -1;
    for (int c = 0; c < facts->classes; c++) {
        const char *name = facts->class_names[c];
        if (strcmp(name, before) <= 0) continue;
        if (next < 0 || strcmp(name, facts->class_names[next]) < 0) next = c;
    }
    return next;
}

/* The first test items of a class, which no network here was trained on. */
static sx_status add_items(collection *c, int class, sx_error *err) {
    sx_si_plan *p = c->plan;
    const sx_source_facts *facts = sx_source_describe(p->source);
    int added = 0, most = p->options->instances ? p->options->instances : DEFAULT_INSTANCES;
    sx_status status = add_class(c, facts->class_names[class], err);
    for (size_t i = 0; !status && i < facts->counts[SX_SPLIT_TEST] && added < most; i++) {
        char number[32];
        if (sx_source_label(p->source, SX_SPLIT_TEST, i) != class) continue;
        snprintf(number, sizeof number, "%zu", i);
        status = add_object(c, &(sx_si_object){.name = number, .item = i}, err);
        added++;
    }
    return status;
}

static sx_status list_items(collection *c, const char *name, sx_error *err) {
    sx_si_plan *p = c->plan;
    sx_status status = SX_OK;
    p->source = sx_source_open(name, 0, NULL, err);
    if (!p->source) return err->status;
    const sx_source_facts *facts = sx_source_describe(p->source);
    if (facts->note[0]) return sx_fail(err, SX_BAD_INPUT, "%s", facts->note);
    const char *before = "";
    for (int class; !status && (class = next_class(facts, before)) >= 0;) {
        before = facts->class_names[class];
        status = add_items(c, class, err);
    }
    return status;
}

static sx_status list_objects(sx_si_plan *plan, sx_error *err) {
    const char *name = plan->options->foregrounds;
    collection c = {.plan = plan};
    const sx_package *package = sx_package_find(name, SX_PACKAGE_OBJECTS);
    if (package && !sx_is_directory(name)) return list_package(&c, package, err);
    bool folders =
        sx_is_directory(name) && (sx_folder_recognises(name) || !sx_source_recognises(name));
    return folders ? list_folders(&c, name, err) : list_items(&c, name, err);
}

/* ---- backgrounds and pairs ---------------------------------------------------------------------
 */

static sx_status render_backgrounds(sx_si_plan *p, sx_error *err) {
    p->rendered =
        sx_backgrounds_open(NULL, p->options->grid->resolution, p->options->seed, true, NULL, err);
    p->backgrounds = sx_alloc(RENDERED_BACKGROUNDS, sizeof *p->backgrounds);
    if (!p->rendered) return err->status;
    for (int i = 0; p->backgrounds && i < RENDERED_BACKGROUNDS; i++) {
        char name[32];
        snprintf(name, sizeof name, "rendered-%d", i);
        if (!(p->backgrounds[i] = sx_arena_text(&p->arena, name))) return no_memory(err);
    }
    p->background_count = RENDERED_BACKGROUNDS;
    return p->backgrounds ? SX_OK : no_memory(err);
}

static sx_status list_backgrounds(sx_si_plan *p, sx_error *err) {
    const char *name = p->options->backgrounds;
    if (!name || !*name) return render_backgrounds(p, err);
    sx_status status = sx_photographs_list(name, &p->photographs, err);
    if (status) return status;
    note_refused(p, &p->photographs);
    p->background_count = p->photographs.count;
    if (p->background_count < (size_t)p->options->grid->backgrounds)
        return sx_fail(err, SX_BAD_INPUT,
                       "'%.200s' has %zu pictures; every object goes on %d of them, so as many PNG "
                       "or JPEG files are needed at least",
                       name, p->background_count, p->options->grid->backgrounds);
    p->backgrounds = sx_alloc(p->background_count, sizeof *p->backgrounds);
    p->resized = sx_alloc(p->background_count, sizeof *p->resized);
    if (!p->backgrounds || !p->resized) return no_memory(err);
    for (size_t i = 0; i < p->background_count; i++)
        p->backgrounds[i] = p->photographs.files[i].name;
    return SX_OK;
}

static sx_status draw_pairs(sx_si_plan *p, sx_error *err) {
    uint32_t count = (uint32_t)p->background_count;
    size_t each = (size_t)p->options->grid->backgrounds;
    uint32_t *order = sx_arena_alloc(&p->arena, count, sizeof *order);
    uint32_t *pairs = sx_arena_alloc(&p->arena, p->object_count * each, sizeof *pairs);
    sx_si_random *random = sx_arena_alloc(&p->arena, 1, sizeof *random);
    if (!order || !pairs || !random) return no_memory(err);
    sx_si_random_seed(random, p->options->seed);
    for (size_t i = 0; i < p->object_count; i++) {
        sx_si_random_choice(random, count, order);
        memcpy(pairs + i * each, order, each * sizeof *order);
        p->objects[i].background = pairs + i * each;
    }
    return SX_OK;
}

sx_status sx_si_plan_make(const sx_si_options *options, sx_si_plan *out, sx_error *err) {
    *out = (sx_si_plan){.options = options};
    sx_status status = list_objects(out, err);
    if (!status) status = list_backgrounds(out, err);
    if (!status) status = draw_pairs(out, err);
    if (status) sx_si_plan_done(out);
    return status;
}

void sx_si_plan_done(sx_si_plan *plan) {
    for (size_t i = 0; plan->resized && i < plan->background_count; i++)
        sx_image_done(&plan->resized[i]);
    sx_free(plan->resized);
    sx_package_files_done(&plan->photographs);
    sx_free(plan->classes);
    sx_free(plan->objects);
    sx_free(plan->backgrounds);
    sx_source_free(plan->source);
    sx_backgrounds_free(plan->rendered);
    sx_arena_done(&plan->arena);
    *plan = (sx_si_plan){0};
}

size_t sx_si_plan_pairs(const sx_si_plan *plan) {
    return plan->object_count * (size_t)plan->options->grid->backgrounds;
}

bool sx_si_is_kept(const sx_si_plan *plan, const sx_si_box *box) {
    return box->inside >= plan->options->grid->threshold;
}

/* ---- pictures ----------------------------------------------------------------------------------
 */

/* Takes `image` and gives the same with `channels`: 3 or 4 of 1, 3 or 4. */
static sx_status with_channels(sx_image *image, int channels, sx_error *err) {
    sx_image out;
    size_t count = (size_t)image->width * (size_t)image->height;
    if (image->channels == channels) return SX_OK;
    sx_status status = sx_image_new(&out, image->height, image->width, channels, err);
    for (size_t i = 0; !status && i < count; i++) {
        const uint8_t *from = image->pixels + i * (size_t)image->channels;
        uint8_t *to = out.pixels + i * (size_t)channels;
        for (int c = 0; c < 3; c++) to[c] = from[image->channels == 1 ? 0 : c];
        if (channels == 4) to[3] = 255;
    }
    sx_image_done(image);
    *image = out;
    return status;
}

static sx_status cut_item(const sx_si_plan *p, const sx_si_object *o, sx_image *out,
                          sx_error *err) {
    sx_image whole = {0};
    bool shapes = strcmp(sx_source_describe(p->source)->name, "shapes") == 0;
    int label = sx_source_label(p->source, SX_SPLIT_TEST, o->item);
    sx_status status = shapes
                           ? sx_shapes_object(label, (uint32_t)o->item, SHAPE_PIXELS, &whole, err)
                           : sx_source_image(p->source, SX_SPLIT_TEST, o->item, &whole, err);
    if (!status) status = sx_object_cut(&whole, CUT_THRESHOLD, out, err);
    sx_image_done(&whole);
    return status;
}

sx_status sx_si_plan_object(sx_si_plan *plan, size_t object, sx_image *out, sx_error *err) {
    sx_si_object *o = &plan->objects[object];
    *out = (sx_image){0};
    sx_status status = o->path ? sx_image_read(o->path, out, err) : cut_item(plan, o, out, err);
    if (!status) status = with_channels(out, 4, err);
    o->height = out->height;
    o->width = out->width;
    return status;
}

/* The largest square from the top left corner, resized. */
static sx_status read_photograph(const char *path, sx_image *out, sx_error *err) {
    sx_image whole = {0}, square = {0};
    sx_resize_scratch scratch = {0};
    sx_status status = sx_image_read(path, &whole, err);
    if (!status) status = with_channels(&whole, 3, err);
    int side = whole.width < whole.height ? whole.width : whole.height;
    if (!status) status = sx_image_new(&square, side, side, 3, err);
    for (int y = 0; !status && y < side; y++)
        memcpy(square.pixels + 3 * (size_t)y * (size_t)side,
               whole.pixels + 3 * (size_t)y * (size_t)whole.width, 3 * (size_t)side);
    if (!status)
        status = sx_resize(&square, (sx_resize_rule){SX_RESIZE_BILINEAR, true}, out, &scratch, err);
    sx_resize_scratch_done(&scratch);
    sx_image_done(&whole);
    sx_image_done(&square);
    return status;
}

/* Every object has other backgrounds, so one is asked for many times; as many are kept as there is
 * room for. */
static void keep_photograph(sx_si_plan *plan, uint32_t background, const sx_image *image) {
    size_t size = 3 * (size_t)image->width * (size_t)image->height;
    sx_image *kept = &plan->resized[background];
    if (plan->kept_bytes + size > KEPT_BYTES ||
        sx_image_new(kept, image->height, image->width, 3, NULL))
        return;
    memcpy(kept->pixels, image->pixels, size);
    plan->kept_bytes += size;
}

sx_status sx_si_plan_background(sx_si_plan *plan, uint32_t background, sx_image *out,
                                sx_error *err) {
    int side = plan->options->grid->resolution;
    sx_status status = sx_image_new(out, side, side, 3, err);
    if (status) return status;
    if (plan->rendered) {
        sx_backgrounds_draw(plan->rendered, background, out->pixels);
        return SX_OK;
    }
    if (plan->resized[background].pixels) {
        memcpy(out->pixels, plan->resized[background].pixels, 3 * (size_t)side * (size_t)side);
        return SX_OK;
    }
    status = read_photograph(plan->photographs.files[background].path, out, err);
    if (!status)
        keep_photograph(plan, background, out);
    else
        sx_image_done(out);
    return status;
}

/* ---- names -------------------------------------------------------------------------------------
 */

sx_status sx_si_plan_path(const sx_si_plan *plan, int class, uint64_t id, char *path,
                          sx_error *err) {
    char folder[SX_PATH_SIZE], name[40];
    snprintf(name, sizeof name, "%llu.%s", (unsigned long long)id,
             plan->options->png ? "png" : "jpg");
    sx_status status = sx_path_join(folder, plan->options->out, plan->classes[class], err);
    return status ? status : sx_path_join(path, folder, name, err);
}

static uint64_t mix(uint64_t hash, const char *text) {
    return hash * 0x9E3779B97F4A7C15u + sx_hash_bytes(text, strlen(text));
}

static void describe_axis(const char *name, const sx_si_axis *axis, sx_text *out) {
    char number[32];
    sx_text_add(out, "%s =", name);
    for (int i = 0; i < axis->count; i++) {
        sx_si_python_number(axis->values[i], number);
        sx_text_add(out, " %s", number);
    }
    sx_text_add(out, "\n");
}

void sx_si_plan_describe(const sx_si_plan *plan, sx_text *out) {
    const sx_si_options *o = plan->options;
    uint64_t objects = 0, backgrounds = 0;
    for (size_t i = 0; i < plan->object_count; i++)
        objects = mix(mix(objects, plan->classes[plan->objects[i].class]), plan->objects[i].name);
    for (size_t i = 0; i < plan->background_count; i++)
        backgrounds = mix(backgrounds, plan->backgrounds[i]);
    sx_text_add(out,
                "; What this folder is built from; the same command goes on with it.\n"
                "[recipe]\nformat = 1\nset = %s\npictures = %s\nseed = %u\n"
                "foregrounds = %s\nobjects = %zu\nobject_names = %016llx\n"
                "backgrounds = %s\nphotographs = %zu\nphotograph_names = %016llx\n[grid]\n",
                o->grid->name, o->png ? "png" : "jpg", o->seed, o->foregrounds, plan->object_count,
                (unsigned long long)objects, plan->rendered ? "rendered" : o->backgrounds,
                plan->background_count, (unsigned long long)backgrounds);
    char threshold[32];
    sx_si_python_number(o->grid->threshold, threshold);
    sx_text_add(out, "resolution = %d\nbackgrounds = %d\nthreshold = %s\n", o->grid->resolution,
                o->grid->backgrounds, threshold);
    describe_axis("x", &o->grid->x, out);
    describe_axis("y", &o->grid->y, out);
    describe_axis("area", &o->grid->area, out);
    describe_axis("rotation", &o->grid->rotation, out);
}
