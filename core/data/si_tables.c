/* The CSV files beside the pictures, as the released sets have them; and what was left out, counted
 * by class and factor value, since that is what bends curves (robustness-and-vit.md, A.3). */
#include "core/data/si_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sx_status write_table(const sx_si_plan *plan, const char *name, sx_text *text,
                             sx_error *err) {
    char path[SX_PATH_SIZE];
    sx_status status = text->failed ? sx_fail(err, SX_NO_MEMORY, "not enough memory for %s", name)
                                    : sx_path_join(path, plan->options->out, name, err);
    if (!status) status = sx_file_write(path, text->data, text->size, err);
    sx_text_done(text);
    return status;
}

static void add_number(sx_text *out, double value) {
    char number[32];
    sx_si_python_number(value, number);
    sx_text_add(out, ",%s", number);
}

/* As Python's round(value, 4). */
static double to_four_places(double value) {
    char text[40];
    snprintf(text, sizeof text, "%.4f", value);
    return strtod(text, NULL);
}

static void add_row(const sx_si_plan *plan, size_t place, size_t pair, sx_text *out) {
    const sx_si_grid *grid = plan->options->grid;
    size_t each = (size_t)grid->backgrounds;
    const sx_si_object *o = &plan->objects[pair / each];
    if (o->refused) return;
    sx_pose pose = sx_si_grid_pose(grid, place);
    sx_si_box box = sx_si_place(o->width, o->height, pose, grid->resolution);
    if (!sx_si_is_kept(plan, &box)) return;
    sx_text_add(out, "%llu",
                (unsigned long long)sx_si_image_id(place, pair, sx_si_plan_pairs(plan)));
    add_number(out, pose.x);
    add_number(out, pose.y);
    add_number(out, pose.area);
    add_number(out, pose.rotation);
    sx_text_add(out, ",%d", o->class);
    sx_csv_text(out, false, o->name);
    sx_text_add(out, ",%u,%d,%d", o->background[pair % each], grid->resolution, grid->resolution);
    add_number(out, to_four_places(box.inside));
    sx_text_add(out, "\n");
}

static sx_status write_metadata(const sx_si_plan *plan, sx_error *err) {
    sx_text text = {0};
    size_t pairs = sx_si_plan_pairs(plan), places = sx_si_grid_places(plan->options->grid);
    sx_text_add(&text, "image_id,x_coord,y_coord,area,rotation,foreground_class,"
                       "foreground_instance,background,bg_resolution_width,bg_resolution_height,"
                       "pct_inside_image\n");
    for (size_t place = 0; place < places && !text.failed; place++)
        for (size_t pair = 0; pair < pairs; pair++) add_row(plan, place, pair, &text);
    return write_table(plan, "metadata.csv", &text, err);
}

/* A file "int,label"; the ints are ImageNet's, where all classes have one, or count from 0. */
static sx_status write_labels(const sx_si_plan *plan, const char *file, const char *const *names,
                              size_t count, bool imagenet, sx_error *err) {
    sx_text text = {0};
    sx_text_add(&text, "int,label\n");
    for (size_t i = 0; i < count; i++) {
        sx_text_add(&text, "%d", imagenet ? sx_si_imagenet_index(names[i]) : (int)i);
        sx_csv_text(&text, false, names[i]);
        sx_csv_row_end(&text);
    }
    return write_table(plan, file, &text, err);
}

static bool all_in_imagenet(const sx_si_plan *plan) {
    for (int i = 0; i < plan->class_count; i++)
        if (sx_si_imagenet_index(plan->classes[i]) < 0) return false;
    return true;
}

/* ---- what was left out -------------------------------------------------------------------------
 */

enum { FACTOR_X, FACTOR_Y, FACTOR_AREA, FACTOR_ROTATION, FACTORS };
static const char *const factor_names[FACTORS] = {"x_coord", "y_coord", "area", "rotation"};

/* Pairs of a class at all places with a value. */
typedef struct {
    size_t all, dropped;
} tally;

typedef struct {
    const sx_si_axis *axes[FACTORS];
    tally *tallies[FACTORS]; /* [values, classes] */
} census;

/* Which value of each axis a place has; as sx_si_grid_places counts, x outermost. */
static void split_place(const census *c, size_t place, size_t out[FACTORS]) {
    for (int f = FACTORS - 1; f >= 0; f--) {
        size_t count = (size_t)c->axes[f]->count;
        out[f] = place % count;
        place /= count;
    }
}

/* All objects at a place. */
static void count_place(const sx_si_plan *plan, const census *c, size_t place) {
    const sx_si_grid *grid = plan->options->grid;
    sx_pose pose = sx_si_grid_pose(grid, place);
    size_t values[FACTORS], each = (size_t)grid->backgrounds, classes = (size_t)plan->class_count;
    split_place(c, place, values);
    for (size_t i = 0; i < plan->object_count; i++) {
        const sx_si_object *o = &plan->objects[i];
        if (o->refused) continue;
        sx_si_box box = sx_si_place(o->width, o->height, pose, grid->resolution);
        size_t dropped = sx_si_is_kept(plan, &box) ? 0 : each;
        for (int f = 0; f < FACTORS; f++) {
            tally *t = &c->tallies[f][values[f] * classes + (size_t)o->class];
            t->all += each;
            t->dropped += dropped;
        }
    }
}

static void add_tallies(const sx_si_plan *plan, const census *c, int factor, sx_text *text) {
    const tally *t = c->tallies[factor];
    const sx_si_axis *axis = c->axes[factor];
    for (int v = 0; v < axis->count; v++)
        for (int class = 0; class < plan->class_count; class ++, t++) {
            sx_csv_text(text, true, plan->classes[class]);
            sx_text_add(text, ",%s", factor_names[factor]);
            add_number(text, axis->values[v]);
            sx_text_add(text, ",%zu,%zu\n", t->all, t->dropped);
        }
}

static sx_status write_dropped(const sx_si_plan *plan, sx_error *err) {
    const sx_si_grid *grid = plan->options->grid;
    census c = {.axes = {&grid->x, &grid->y, &grid->area, &grid->rotation}};
    sx_arena arena = {0};
    sx_text text = {0};
    bool memory = true;
    for (int f = 0; f < FACTORS; f++)
        memory = (c.tallies[f] =
                      sx_arena_alloc(&arena, (size_t)c.axes[f]->count * (size_t)plan->class_count,
                                     sizeof *c.tallies[f])) &&
                 memory;
    for (size_t place = 0; memory && place < sx_si_grid_places(grid); place++)
        count_place(plan, &c, place);
    sx_text_add(&text, "class,factor,value,pairs,dropped\n");
    for (int f = 0; memory && f < FACTORS; f++)
        if (c.axes[f]->count > 1) add_tallies(plan, &c, f, &text);
    text.failed = text.failed || !memory;
    sx_arena_done(&arena);
    return write_table(plan, "dropped.csv", &text, err);
}

sx_status sx_si_write_tables(const sx_si_plan *plan, sx_error *err) {
    size_t classes = (size_t)plan->class_count;
    sx_status status = write_labels(plan, "foreground_classes_metadata_indices.csv", plan->classes,
                                    classes, false, err);
    if (!status && all_in_imagenet(plan))
        status = write_labels(plan, "foreground_classes.csv", plan->classes, classes, true, err);
    if (!status)
        status = write_labels(plan, "backgrounds.csv", plan->backgrounds, plan->background_count,
                              false, err);
    if (!status) status = write_dropped(plan, err);
    return status ? status : write_metadata(plan, err);
}
