/* A line a picture for each model, in the columns that SI-Score's notebook reads: number of the
 * picture, whether it is right and among the first, the model's class and the true one as numbers
 * of the model's classes. Files of their own in the run's folder, since a result of half a million
 * rows would be held by every snapshot. */
#include "core/study/set.h"

#include <stdio.h>
#include <string.h>

#define PART 20000 /* pictures of a slice */

/* "17" of "zebra/17.jpg" where pictures have numbers; else the name. */
static void add_name(const sx_set *set, size_t item, sx_text *out) {
    char name[512];
    sx_set_picture_name(&set->plan, item, name, sizeof name);
    const char *last = sx_path_name(name);
    size_t digits = strspn(last, "0123456789");
    bool numbered = set->plan.paired && digits && (last[digits] == '.' || !last[digits]);
    if (numbered)
        sx_text_add_bytes(out, last, digits);
    else
        sx_csv_text(out, true, name);
}

static void add_row(const sx_set *set, const sx_set_model *m, size_t item, sx_text *out) {
    int label = m->mapped[set->plan.labels[item]];
    add_name(set, item, out);
    sx_text_add(out, ",%d,%d,%d,%d\n", m->prediction[item] == label, m->top[item],
                m->prediction[item], label);
}

static sx_status write_file(sx_set *set, sx_error *err) {
    char path[SX_PATH_SIZE], name[SX_SET_FILE];
    if (set->rows.failed) return sx_set_no_memory(err);
    snprintf(name, sizeof name, "rows-%s.csv", set->models[set->rows_model].name);
    sx_text_set(set->rows_names[set->rows_model], SX_SET_FILE, name);
    sx_status status = sx_path_join(path, set->context.folder, name, err);
    if (!status) status = sx_file_write(path, set->rows.data, set->rows.size, err);
    sx_text_done(&set->rows);
    return status;
}

sx_status sx_set_write_rows(sx_set *set, bool *ended, sx_error *err) {
    *ended = !set->context.folder || set->rows_model == set->model_count;
    if (*ended) return SX_OK;
    const sx_set_model *m = &set->models[set->rows_model];
    size_t to = set->rows_item + PART;
    if (set->rows_item == 0)
        sx_text_add(&set->rows, "image_id,top1,top%d,prediction,label\n", set->top);
    if (to > set->plan.items) to = set->plan.items;
    for (; set->rows_item < to; set->rows_item++)
        if (set->seen[set->rows_item] == SX_SEEN) add_row(set, m, set->rows_item, &set->rows);
    if (to < set->plan.items) return SX_OK;
    set->rows_item = 0;
    sx_status status = write_file(set, err);
    set->rows_model++;
    return status;
}
