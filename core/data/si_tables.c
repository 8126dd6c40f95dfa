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

static double factor_value(sx_pose pose, int factor) {
    const double values[FACTORS] = {pose.x, pose.y, pose.area, pose.rotation};
    return values[factor];
}

/* Pairs of one class at all places with that value: how many, and how many are left out. */
static void count_dropped(const sx_si_plan *plan, int class, int factor, double value,
                          size_t counts[2]) {
    const sx_si_grid *grid = plan->options->grid;
    counts[0] = counts[1] = 0;
    for (size_t place = 0; place < sx_si_grid_places(grid); place++) {
        sx_pose pose = sx_si_grid_pose(grid, place);
        if (factor_value(pose, factor) != value) continue;
        for (size_t i = 0; i < plan->object_count; i++) {
            const sx_si_object *o = &plan->objects[i];
            if (o->class != class) continue;
            sx_si_box box = sx_si_place(o->width, o->height, pose, grid->resolution);
            counts[0] += (size_t)grid->backgrounds;
            if (!sx_si_is_kept(plan, &box)) counts[1] += (size_t)grid->backgrounds;
        }
    }
}

static sx_status write_dropped(const sx_si_plan *plan, sx_error *err) {
    const sx_si_grid *grid = plan->options->grid;
    const sx_si_axis *axes[FACTORS] = {&grid->x, &grid->y, &grid->area, &grid->rotation};
    sx_text text = {0};
    sx_text_add(&text, "class,factor,value,pairs,dropped\n");
    for (int factor = 0; factor < FACTORS; factor++)
        for (int v = 0; v < axes[factor]->count && (v == 0 || !text.failed); v++)
            for (int class = 0; axes[factor]->count > 1 && class < plan->class_count; class ++) {
                size_t counts[2];
                count_dropped(plan, class, factor, axes[factor]->values[v], counts);
                sx_csv_text(&text, true, plan->classes[class]);
                sx_text_add(&text, ",%s", factor_names[factor]);
                add_number(&text, axes[factor]->values[v]);
                sx_text_add(&text, ",%zu,%zu\n", counts[0], counts[1]);
            }
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
